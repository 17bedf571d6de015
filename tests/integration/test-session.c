/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The seam between elements and an endpoint: session parameters, secrets, and
 * events, as they were made, damaged, and on their way through a queue. */
#include <gst/gst.h>

#include <math.h>
#include <string.h>

#include "pf-events.h"
#include "pf-session.h"
#include "pf-test.h"

static const gchar sentinel[] = "NEVER-TO-BE-SEEN";

static PfSecret *
make_secret (void)
{
  PfKey key = { .cipher = PF_AEAD_AES_128_GCM, .salt = "salt" };

  memcpy (key.key, sentinel, 16);
  return pf_secret_new (&key);
}

static void
fill_params (PfSessionParams *p)
{
  pf_session_params_init (p);
  PF_CHECK (pf_session_params_set_wire (p, "punktfunk1"));
  p->packets = (PfWireConfig){
    .shard_payload = 1408,
    .scheme = PF_FEC_GF16,
    .max_block = 4096,
    .percent = 10,
    .order = PF_WIRE_ORDER_DATA,
    .max_frame = 8 << 20,
    .filler_shared = true,
  };
  p->min_parity = 2;
  p->adaptive = TRUE;
  p->at_once = TRUE;
  p->sealed = TRUE;
  p->to_host = TRUE;
  p->media = gst_caps_from_string ("video/x-h264, stream-format=byte-stream");
  p->secret = make_secret ();
}

static void
check_same (const PfSessionParams *a, const PfSessionParams *b)
{
  PF_CHECK_STR (a->wire, b->wire);
  PF_CHECK_UINT (a->packets.shard_payload, ==, b->packets.shard_payload);
  PF_CHECK_UINT (a->packets.scheme, ==, b->packets.scheme);
  PF_CHECK_UINT (a->packets.max_block, ==, b->packets.max_block);
  PF_CHECK_UINT (a->packets.percent, ==, b->packets.percent);
  PF_CHECK_UINT (a->packets.order, ==, b->packets.order);
  PF_CHECK_UINT (a->packets.max_frame, ==, b->packets.max_frame);
  PF_CHECK (a->packets.filler_shared == b->packets.filler_shared);
  PF_CHECK_UINT (a->min_parity, ==, b->min_parity);
  PF_CHECK_INT (a->adaptive, ==, b->adaptive);
  PF_CHECK_INT (a->at_once, ==, b->at_once);
  PF_CHECK_INT (a->sealed, ==, b->sealed);
  PF_CHECK_INT (a->to_host, ==, b->to_host);
  PF_CHECK ((!a->media && !b->media) || gst_caps_is_equal (a->media, b->media));
}

/* ---- Secrets ------------------------------------------------------------- */

/* Neither the key as it is nor in hexadecimal. */
static void
check_hidden (const gchar *text)
{
  PF_REQUIRE (text != NULL);
  {
    g_autofree gchar *small = g_ascii_strdown (text, -1);

    PF_CHECK (!strstr (small, "never"));
    PF_CHECK (!strstr (small, "4e45564552"));
    PF_CHECK (!strstr (small, "4e 45 56"));
    PF_CHECK (!strstr (small, "salt"));
  }
}

static void
test_secret_prints_nothing (void)
{
  g_autoptr (PfSecret) secret = make_secret ();
  g_autofree gchar *text = NULL, *logged = NULL, *value_text = NULL;
  g_autofree gchar *serialized = NULL, *query_text = NULL;
  GstQuery *query = pf_session_query_new (TRUE);
  GValue value = G_VALUE_INIT;
  PfSessionParams p;
  GstStructure *s;

  fill_params (&p);
  pf_session_answer (query, &p);
  s = gst_structure_copy (gst_query_get_structure (query));
  PF_CHECK (gst_structure_has_field_typed (s, "secret", PF_TYPE_SECRET));
  text = gst_structure_to_string (s);
  logged = gst_info_strdup_printf ("%" GST_PTR_FORMAT, s);
  query_text = gst_info_strdup_printf ("%" GST_PTR_FORMAT, query);
  PF_CHECK (strstr (text, "punktfunk1") != NULL);
  PF_CHECK (strstr (query_text, "punktfunk1") != NULL);
  check_hidden (text);
  check_hidden (logged);
  check_hidden (query_text);
  g_value_init (&value, PF_TYPE_SECRET);
  g_value_set_boxed (&value, secret);
  serialized = gst_value_serialize (&value);
  PF_CHECK (serialized == NULL);
  value_text = g_strdup_value_contents (&value);
  check_hidden (value_text);
  PF_CHECK (!g_value_type_transformable (PF_TYPE_SECRET, G_TYPE_STRING));
  g_value_unset (&value);
  gst_structure_free (s);
  pf_session_params_clear (&p);
  gst_query_unref (query);
}

static void
test_secret_equal (void)
{
  g_autoptr (PfSecret) a = make_secret ();
  g_autoptr (PfSecret) b = make_secret ();
  PfKey key = *pf_secret_key (a);

  PF_CHECK (pf_secret_equal (a, b));
  PF_CHECK (pf_secret_equal (NULL, NULL));
  PF_CHECK (!pf_secret_equal (a, NULL));
  PF_CHECK (!pf_secret_equal (NULL, a));
  for (gsize i = 0; i < sizeof key.key + sizeof key.salt; i++) {
    guint8 *at =
        i < sizeof key.key ? &key.key[i] : &key.salt[i - sizeof key.key];
    g_autoptr (PfSecret) other = NULL;

    *at ^= 0x80;
    other = pf_secret_new (&key);
    PF_CHECK (!pf_secret_equal (a, other));
    *at ^= 0x80;
  }
  key.cipher = PF_AEAD_CHACHA20_POLY1305;
  {
    g_autoptr (PfSecret) other = pf_secret_new (&key);

    PF_CHECK (!pf_secret_equal (a, other));
  }
}

/* ---- Session parameters -------------------------------------------------- */

static void
test_params_round (void)
{
  PfSessionParams p, q;

  fill_params (&p);
  for (gint with_secret = 0; with_secret <= 1; with_secret++) {
    GstQuery *query = pf_session_query_new (with_secret);

    PF_CHECK (pf_session_query_is (query));
    pf_session_answer (query, &p);
    PF_REQUIRE_INT (pf_session_query_read (query, &q), ==, PF_SESSION_READY);
    gst_query_unref (query);
    check_same (&p, &q);
    PF_CHECK (
        with_secret ? pf_secret_equal (p.secret, q.secret) : q.secret == NULL);
    pf_session_params_clear (&q);
  }
  /* a plain session has no key, whatever its endpoint holds */
  p.sealed = FALSE;
  gst_clear_caps (&p.media);
  {
    GstQuery *query = pf_session_query_new (TRUE);

    pf_session_answer (query, &p);
    PF_REQUIRE_INT (pf_session_query_read (query, &q), ==, PF_SESSION_READY);
    gst_query_unref (query);
    check_same (&p, &q);
    PF_CHECK (q.secret == NULL && q.media == NULL);
    pf_session_params_clear (&q);
  }
  pf_session_params_clear (&p);
}

static void
test_params_wire_name (void)
{
  PfSessionParams p;

  pf_session_params_init (&p);
  PF_CHECK (!pf_session_params_set_wire (&p, NULL));
  PF_CHECK (!pf_session_params_set_wire (&p, ""));
  PF_CHECK (!pf_session_params_set_wire (&p, "0123456789abcdef"));
  PF_CHECK_STR (p.wire, "");
  PF_CHECK (pf_session_params_set_wire (&p, "0123456789abcde"));
}

static void
test_params_malformed (void)
{
  PfSessionParams p, q, untouched;
  gint n;

  fill_params (&p);
  memset (&untouched, 0x5a, sizeof untouched);
  q = untouched;
  {
    GstQuery *query = pf_session_query_new (TRUE);

    pf_session_answer (query, &p);
    n = gst_structure_n_fields (gst_query_get_structure (query));
    gst_query_unref (query);
  }
  for (gint i = 0; i < n; i++) {
    for (gint wrong = 0; wrong <= 1; wrong++) {
      GstQuery *query = pf_session_query_new (TRUE);
      GstStructure *s = gst_query_writable_structure (query);
      const gchar *name;

      pf_session_answer (query, &p);
      name = gst_structure_nth_field_name (s, (guint) i);
      /* these may miss */
      if (!wrong && (!strcmp (name, "media") || !strcmp (name, "secret") ||
                        !strcmp (name, "with-secret"))) {
        gst_query_unref (query);
        continue;
      }
      if (!strcmp (name, "with-secret")) {
        gst_query_unref (query);
        continue;
      }
      if (wrong)
        gst_structure_set (s, name, G_TYPE_DATE_TIME, NULL, NULL);
      else
        gst_structure_remove_field (s, name);
      PF_CHECK_INT (pf_session_query_read (query, &q), ==, PF_SESSION_BAD);
      PF_CHECK_MEM (&q, &untouched, sizeof q);
      gst_query_unref (query);
    }
  }
  {
    GstQuery *query = pf_session_query_new (TRUE);

    pf_session_answer (query, &p);
    gst_structure_set (gst_query_writable_structure (query), "percent",
        G_TYPE_UINT, 256, NULL);
    PF_CHECK_INT (pf_session_query_read (query, &q), ==, PF_SESSION_BAD);
    gst_query_unref (query);
  }
  pf_session_params_clear (&p);
}

/* ---- On the way ---------------------------------------------------------- */

typedef enum { SILENT, PENDING, READY, READY_NO_KEY } Endpoint;

static Endpoint endpoint;

static gboolean
endpoint_query (GstPad *pad, GstObject *parent, GstQuery *query)
{
  PfSessionParams p;

  if (!pf_session_query_is (query) || endpoint == SILENT)
    return gst_pad_query_default (pad, parent, query);
  if (endpoint == PENDING) {
    pf_session_answer_pending (query);
    return TRUE;
  }
  fill_params (&p);
  if (endpoint == READY_NO_KEY)
    g_clear_pointer (&p.secret, pf_secret_unref);
  pf_session_answer (query, &p);
  pf_session_params_clear (&p);
  return TRUE;
}

/* Asks along the stream, or against it, through a queue. */
static void
check_ask (gboolean downstream)
{
  GstElement *queue =
      gst_object_ref_sink (gst_element_factory_make ("queue", NULL));
  GstPad *asks = gst_pad_new ("asks", downstream ? GST_PAD_SRC : GST_PAD_SINK);
  GstPad *knows =
      gst_pad_new ("knows", downstream ? GST_PAD_SINK : GST_PAD_SRC);
  GstPad *in = gst_element_get_static_pad (queue, "sink");
  GstPad *out = gst_element_get_static_pad (queue, "src");
  PfSessionParams p;

  PF_REQUIRE (queue != NULL);
  gst_pad_set_query_function (knows, endpoint_query);
  PF_CHECK_INT (gst_pad_link (downstream ? asks : knows, in), ==, 0);
  PF_CHECK_INT (gst_pad_link (out, downstream ? knows : asks), ==, 0);
  gst_pad_set_active (knows, TRUE);
  gst_pad_set_active (asks, TRUE);
  gst_element_set_state (queue, GST_STATE_PAUSED);

  endpoint = SILENT;
  PF_CHECK_INT (pf_session_ask (asks, TRUE, &p), ==, PF_SESSION_NONE);
  endpoint = PENDING;
  PF_CHECK_INT (pf_session_ask (asks, TRUE, &p), ==, PF_SESSION_PENDING);
  endpoint = READY_NO_KEY;
  PF_CHECK_INT (pf_session_ask (asks, TRUE, &p), ==, PF_SESSION_BAD);
  endpoint = READY;
  PF_REQUIRE_INT (pf_session_ask (asks, TRUE, &p), ==, PF_SESSION_READY);
  PF_CHECK (p.secret != NULL);
  PF_CHECK_MEM (pf_secret_key (p.secret)->key, sentinel, 16);
  pf_session_params_clear (&p);
  PF_REQUIRE_INT (pf_session_ask (asks, FALSE, &p), ==, PF_SESSION_READY);
  PF_CHECK (p.secret == NULL && p.sealed);
  pf_session_params_clear (&p);

  gst_element_set_state (queue, GST_STATE_NULL);
  gst_pad_set_active (asks, FALSE);
  gst_pad_set_active (knows, FALSE);
  gst_object_unref (in);
  gst_object_unref (out);
  gst_object_unref (queue);
  gst_object_unref (asks);
  gst_object_unref (knows);
}

static void
test_ask_downstream (void)
{
  check_ask (TRUE);
}

static void
test_ask_upstream (void)
{
  check_ask (FALSE);
}

/* ---- Events -------------------------------------------------------------- */

typedef gboolean (*ParseFunc) (GstEvent *event, gpointer to);

/* Every field that is missing or of another type is noticed, unless it may
 * miss; then zero stands for it. Takes over the event. */
static void
check_malformed (GstEvent *event, ParseFunc parse, gsize size, guint may_miss)
{
  const GstStructure *s = gst_event_get_structure (event);
  const gint n = gst_structure_n_fields (s);
  g_autofree guint8 *to = g_malloc (size);
  g_autofree guint8 *untouched = g_malloc (size);
  guint missed = 0;

  memset (to, 0x5a, size);
  memset (untouched, 0x5a, size);
  for (gint i = 0; i < n; i++) {
    const gchar *name = gst_structure_nth_field_name (s, (guint) i);
    GstStructure *without = gst_structure_copy (s);
    GstStructure *wrong = gst_structure_copy (s);
    GstEvent *e;

    gst_structure_set (wrong, name, G_TYPE_STRING, "1", NULL);
    e = gst_event_new_custom (GST_EVENT_TYPE (event), wrong);
    PF_CHECK (!parse (e, to));
    PF_CHECK_MEM (to, untouched, size);
    gst_event_unref (e);
    gst_structure_remove_field (without, name);
    e = gst_event_new_custom (GST_EVENT_TYPE (event), without);
    if (parse (e, to)) {
      missed++;
      memset (to, 0x5a, size);
    }
    PF_CHECK_MEM (to, untouched, size);
    gst_event_unref (e);
  }
  PF_CHECK_UINT (missed, ==, may_miss);
  /* the same fields the other way round, or under another name */
  {
    GstEvent *e = gst_event_new_custom (
        GST_EVENT_TYPE (event) == GST_EVENT_CUSTOM_UPSTREAM
            ? GST_EVENT_CUSTOM_DOWNSTREAM
            : GST_EVENT_CUSTOM_UPSTREAM,
        gst_structure_copy (s));
    GstStructure *other = gst_structure_copy (s);

    PF_CHECK (!parse (e, to));
    gst_event_unref (e);
    gst_structure_set_name (other, "PfOther");
    e = gst_event_new_custom (GST_EVENT_TYPE (event), other);
    PF_CHECK (!parse (e, to));
    gst_event_unref (e);
    e = gst_event_new_eos ();
    PF_CHECK (!parse (e, to));
    gst_event_unref (e);
  }
  PF_CHECK_MEM (to, untouched, size);
  gst_event_unref (event);
}

/* Takes over b. */
static void
check_same_event (GstEvent *a, GstEvent *b)
{
  PF_CHECK (gst_structure_is_equal (
      gst_event_get_structure (a), gst_event_get_structure (b)));
  gst_event_unref (b);
}

/* What goes in comes out, and no damage is taken for it. */
#define CHECK_EVENT(Type, name, may_miss, ...)                                 \
  do {                                                                         \
    const Type from = { __VA_ARGS__ };                                         \
    GstEvent *event = pf_event_new_##name (&from);                             \
    Type to;                                                                   \
                                                                               \
    memset (&to, 0x5a, sizeof to);                                             \
    PF_REQUIRE (pf_event_parse_##name (event, &to));                           \
    check_same_event (event, pf_event_new_##name (&to));                       \
    check_malformed (event, (ParseFunc) (gpointer) pf_event_parse_##name,      \
        sizeof to, may_miss);                                                  \
  } while (0)

#define CHECK_REFUSED(Type, name, ...)                                         \
  do {                                                                         \
    const Type from = { __VA_ARGS__ };                                         \
    GstEvent *event = pf_event_new_##name (&from);                             \
    Type to;                                                                   \
                                                                               \
    PF_CHECK (!pf_event_parse_##name (event, &to));                            \
    gst_event_unref (event);                                                   \
  } while (0)

static void
test_events_frames (void)
{
  CHECK_EVENT (PfFrames, invalidate_frames, 0, 7, 9);
  CHECK_EVENT (PfFrames, invalidate_frames, 0, G_MAXUINT32, 3);
  CHECK_EVENT (PfFrames, frame_lost, 0, 0, 0);
  CHECK_EVENT (PfLossReport, loss_report, 5, .ppm = 50000,
      .packets = 1ull << 40, .restored = 3, .late = 2, .frames = 600,
      .frames_lost = 1);
  CHECK_REFUSED (PfLossReport, loss_report, .ppm = 1000001);
}

static void
test_events_probe (void)
{
  CHECK_EVENT (PfProbe, probe, 0, .kbps = 500000, .ms = 2000);
  CHECK_REFUSED (PfProbe, probe, .kbps = 0, .ms = 2000);
  CHECK_REFUSED (PfProbe, probe, .kbps = 1, .ms = 0);
  CHECK_EVENT (PfProbeDone, probe_done, 0, .bytes = 1ull << 33, .units = 480,
      .ms = 2000, .packets = 6000, .dropped = 1);
}

static void
test_events_watched (void)
{
  CHECK_EVENT (PfWatched, watched, 0, .watched = FALSE);
  CHECK_EVENT (PfWatched, watched, 0, .watched = TRUE);
}

static void
test_events_mode (void)
{
  CHECK_EVENT (
      PfMode, mode, 0, .display = 0, .width = 2560, .height = 1440, .fps = 120);
  CHECK_REFUSED (PfMode, mode, .width = 0, .height = 1440, .fps = 120);
  CHECK_REFUSED (PfMode, mode, .width = 65536, .height = 1440, .fps = 120);
  CHECK_REFUSED (PfMode, mode, .width = 1, .height = 1, .fps = 0);
  CHECK_REFUSED (
      PfMode, mode, .display = 16, .width = 1, .height = 1, .fps = 1);
}

static void
test_events_input (void)
{
  CHECK_EVENT (PfInput, input, 8, .kind = PF_INPUT_KEY, .code = 30, .state = 1);
  CHECK_EVENT (
      PfInput, input, 8, .kind = PF_INPUT_POINTER_REL, .x = -3, .y = 8);
  CHECK_EVENT (
      PfInput, input, 8, .kind = PF_INPUT_POINTER_ABS, .x = 0.5, .y = 1);
  CHECK_EVENT (PfInput, input, 8, .kind = PF_INPUT_SCROLL_FINE, .y = -7.5);
  CHECK_EVENT (PfInput, input, 8, .kind = PF_INPUT_TOUCH, .code = 2,
      .state = PF_INPUT_CANCEL, .x = 0.25, .y = 0.75);
  CHECK_EVENT (PfInput, input, 8, .kind = PF_INPUT_PEN, .code = PF_PEN_ERASER,
      .state = PF_INPUT_MOVE, .x = 0.25, .y = 0.75, .pressure = 0.5,
      .tilt_x = -30, .tilt_y = 45, .buttons = 3);
  CHECK_EVENT (PfInput, input, 8, .kind = PF_INPUT_RELEASE);
  CHECK_REFUSED (PfInput, input, .kind = PF_N_INPUTS);
  CHECK_REFUSED (PfInput, input, .kind = PF_INPUT_KEY, .state = PF_INPUT_MOVE);
  CHECK_REFUSED (PfInput, input, .kind = PF_INPUT_TOUCH, .x = 1.5);
  CHECK_REFUSED (PfInput, input, .kind = PF_INPUT_POINTER_ABS, .y = -0.1);
  CHECK_REFUSED (PfInput, input, .kind = PF_INPUT_POINTER_REL, .x = NAN);
  CHECK_REFUSED (PfInput, input, .kind = PF_INPUT_POINTER_REL, .x = INFINITY);
  CHECK_REFUSED (PfInput, input, .kind = PF_INPUT_TEXT, .code = 0xd800);
  CHECK_REFUSED (PfInput, input, .kind = PF_INPUT_TEXT, .code = 0x110000);
}

static void
test_events_timing (void)
{
  CHECK_EVENT (PfHostTiming, host_timing, 0, .captured = 1ull << 60,
      .stages = TRUE, .host_us = 9000, .queue_us = 100, .encode_us = 8000,
      .pace_us = 20);
}

/* Text does miss its code: zero is no character. */
static void
test_events_text (void)
{
  CHECK_EVENT (PfInput, input, 7, .kind = PF_INPUT_TEXT, .code = 0x1f600);
}

static void
test_events_cursor (void)
{
  GstBuffer *picture = gst_buffer_new_allocate (NULL, 4 * 24 * 32, NULL);
  PfCursor cursor = { .serial = 5,
    .visible = TRUE,
    .x = -3,
    .y = 700,
    .hot_x = 4,
    .hot_y = 2,
    .width = 24,
    .height = 32,
    .picture = picture };
  GstEvent *event;
  PfCursor to;

  CHECK_EVENT (PfCursor, cursor, 0, .serial = 5, .visible = TRUE, .x = -3);
  event = pf_event_new_cursor (&cursor);
  PF_REQUIRE (pf_event_parse_cursor (event, &to));
  check_same_event (event, pf_event_new_cursor (&to));
  PF_CHECK (to.picture == picture);
  PF_CHECK_INT (GST_MINI_OBJECT_REFCOUNT_VALUE (picture), ==, 2);
  check_malformed (
      event, (ParseFunc) (gpointer) pf_event_parse_cursor, sizeof to, 0);
  PF_CHECK_INT (GST_MINI_OBJECT_REFCOUNT_VALUE (picture), ==, 1);
  cursor.width = 25; /* more than there is */
  event = pf_event_new_cursor (&cursor);
  PF_CHECK (!pf_event_parse_cursor (event, &to));
  gst_event_unref (event);
  cursor.width = 24;
  cursor.hot_x = 24;
  event = pf_event_new_cursor (&cursor);
  PF_CHECK (!pf_event_parse_cursor (event, &to));
  gst_event_unref (event);
  gst_buffer_unref (picture);
}

static void
test_events_params_changed (void)
{
  for (gint upstream = 0; upstream <= 1; upstream++) {
    GstEvent *event = pf_event_new_params_changed (upstream);

    PF_CHECK (pf_event_is_params_changed (event));
    PF_CHECK_INT (GST_EVENT_IS_UPSTREAM (event), ==, upstream);
    PF_CHECK_INT (GST_EVENT_IS_SERIALIZED (event), ==, !upstream);
    gst_event_unref (event);
  }
  {
    GstEvent *event = gst_event_new_eos ();

    PF_CHECK (!pf_event_is_params_changed (event));
    gst_event_unref (event);
  }
}

int
main (int argc, char **argv)
{
  gst_init (NULL, NULL);
  PF_TEST_ADD ("/session/secret/prints-nothing", test_secret_prints_nothing);
  PF_TEST_ADD ("/session/secret/equal", test_secret_equal);
  PF_TEST_ADD ("/session/params/round", test_params_round);
  PF_TEST_ADD ("/session/params/wire-name", test_params_wire_name);
  PF_TEST_ADD ("/session/params/malformed", test_params_malformed);
  PF_TEST_ADD ("/session/ask/downstream", test_ask_downstream);
  PF_TEST_ADD ("/session/ask/upstream", test_ask_upstream);
  PF_TEST_ADD ("/session/events/frames", test_events_frames);
  PF_TEST_ADD ("/session/events/probe", test_events_probe);
  PF_TEST_ADD ("/session/events/watched", test_events_watched);
  PF_TEST_ADD ("/session/events/mode", test_events_mode);
  PF_TEST_ADD ("/session/events/input", test_events_input);
  PF_TEST_ADD ("/session/events/text", test_events_text);
  PF_TEST_ADD ("/session/events/cursor", test_events_cursor);
  PF_TEST_ADD ("/session/events/timing", test_events_timing);
  PF_TEST_ADD ("/session/events/params-changed", test_events_params_changed);
  return pf_test_run (argc, argv);
}
