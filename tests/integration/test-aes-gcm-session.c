/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * pfaesgcm in a session: its endpoint tells the key, another one, the same
 * once more, none, or that packets travel plain. The filler of a speed test
 * is sealed like all else.
 */
#include "aes-gcm-common.h"

#include <string.h>

#include "endpoint.h"
#include "pf-events.h"
#include "pf-reassembler.h"

#define EITHER                                                                 \
  "application/x-pf-block,sealed=(boolean){true,false};"                       \
  "application/x-pf-packet,sealed=(boolean){true,false}"

static GstStaticPadTemplate any_src = GST_STATIC_PAD_TEMPLATE (
    "src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);
static GstStaticPadTemplate any_sink = GST_STATIC_PAD_TEMPLATE (
    "sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);

static guint8 next_fill = 1; /* every test its own keys */

/* An element before a pad that answers; it runs when it is asked to. */
static GstHarness *
session_harness (const gchar *mode, Endpoint *e)
{
  g_autofree gchar *line = g_strdup_printf ("pfaesgcm mode=%s", mode);
  GstElement *element = gst_object_ref_sink (gst_parse_launch (line, NULL));
  GstHarness *h = gst_harness_new_empty ();
  GstBus *bus = gst_bus_new ();
  GstPad *asks;

  gst_element_set_bus (element, bus);
  gst_object_unref (bus);
  /* asked already on the way to PAUSED: answer before the harness starts it */
  asks = gst_element_get_static_pad (
      element, strcmp (mode, "seal") == 0 ? "src" : "sink");
  endpoint_init (e, asks);
  gst_object_unref (asks);
  gst_harness_add_element_full (h, element, &any_src, "sink", &any_sink, "src");
  gst_object_unref (element);
  gst_harness_set_sink_caps_str (h, EITHER);
  return h;
}

static void
begin (GstHarness *h, const gchar *wire, gboolean sealed)
{
  g_autofree gchar *caps = caps_for ("packet", wire, sealed ? "true" : "false");

  gst_harness_play (h);
  gst_harness_set_src_caps_str (h, caps);
}

static void
end (GstHarness *h, Endpoint *e)
{
  gst_element_set_bus (h->element, NULL);
  gst_harness_teardown (h);
  endpoint_clear (e);
}

static GPtrArray *
plain_packets (guint n)
{
  GPtrArray *packets = packets_new ();

  for (guint i = 0; i < n; i++) {
    guint8 bytes[200];

    pf_test_random_bytes (bytes, sizeof bytes);
    g_ptr_array_add (packets, g_bytes_new (bytes, sizeof bytes));
  }
  return packets;
}

/* The number that a datagram of punktfunk/1 was sealed with. */
static guint64
number_of (const GPtrArray *sealed, guint i)
{
  return GST_READ_UINT64_BE (g_bytes_get_data (sealed->pdata[i], NULL));
}

/* What comes out of the sealer for these. */
static GPtrArray *
seal (GstHarness *h, const GPtrArray *plain)
{
  PF_REQUIRE_INT (push_list (h, list_of (plain)), ==, GST_FLOW_OK);
  return collect (h);
}

static void
params_changed (GstHarness *h)
{
  gst_harness_push_upstream_event (h, pf_event_new_params_changed (TRUE));
}

static void
params_changed_down (GstHarness *h)
{
  gst_harness_push_event (h, pf_event_new_params_changed (FALSE));
}

static gboolean
sealed_in_caps (GstHarness *h)
{
  g_autoptr (GstCaps) caps = gst_pad_get_current_caps (h->sinkpad);
  gboolean sealed = FALSE;

  PF_REQUIRE (caps != NULL);
  PF_CHECK (gst_structure_get_boolean (
      gst_caps_get_structure (caps, 0), "sealed", &sealed));
  return sealed;
}

/* ---- Both ends --------------------------------------------------------------- */

/* The same key goes on with its numbers, another one begins at 0, and both
 * ends follow. */
static void
test_session_keys (void)
{
  static const PfAeadCipher ciphers[] = { PF_AEAD_AES_128_GCM,
    PF_AEAD_CHACHA20_POLY1305, PF_AEAD_AES_128_GCM };
  Endpoint host, client;
  GstHarness *s = session_harness ("seal", &host);
  GstHarness *o = session_harness ("open", &client);

  host.params.to_host = client.params.to_host = TRUE;
  endpoint_set_state (&host, PF_SESSION_READY);
  endpoint_set_state (&client, PF_SESSION_READY);
  for (guint key = 0; key < G_N_ELEMENTS (ciphers); key++) {
    endpoint_set_key (&host, ciphers[key], next_fill);
    endpoint_set_key (&client, ciphers[key], next_fill++);
    if (key == 0) {
      begin (s, "punktfunk1", FALSE);
      begin (o, "punktfunk1", TRUE);
    }
    for (guint again = 0; again < 3; again++) {
      GPtrArray *plain = plain_packets (10), *sealed;

      params_changed (s);
      params_changed_down (o);
      sealed = seal (s, plain);
      PF_REQUIRE_UINT (sealed->len, ==, 10);
      for (guint i = 0; i < 10; i++)
        PF_CHECK_UINT (number_of (sealed, i), ==, 10 * again + i);
      PF_REQUIRE_INT (push_list (o, list_of (sealed)), ==, GST_FLOW_OK);
      check_packets (plain, collect (o));
      /* once is enough, also after a look at the same key */
      params_changed_down (o);
      PF_REQUIRE_INT (push_list (o, list_of (sealed)), ==, GST_FLOW_OK);
      PF_CHECK_UINT (gst_harness_buffers_in_queue (o), ==, 0);
      g_ptr_array_unref (plain);
      g_ptr_array_unref (sealed);
    }
  }
  PF_CHECK (sealed_in_caps (s));
  PF_CHECK (!sealed_in_caps (o));
  PF_CHECK_UINT (counter_of (s, NULL, "packets"), ==, 90);
  PF_CHECK_UINT (counter_of (o, NULL, "packets"), ==, 90);
  PF_CHECK_UINT (counter_of (o, NULL, "replayed"), ==, 90);
  /* the direction is part of what was agreed on */
  host.params.to_host = FALSE;
  endpoint_set_key (&host, PF_AEAD_AES_128_GCM, next_fill);
  endpoint_set_key (&client, PF_AEAD_AES_128_GCM, next_fill++);
  params_changed (s);
  params_changed_down (o);
  {
    GPtrArray *plain = plain_packets (10), *sealed = seal (s, plain);

    PF_REQUIRE_INT (push_list (o, list_of (sealed)), ==, GST_FLOW_OK);
    PF_CHECK_UINT (gst_harness_buffers_in_queue (o), ==, 0);
    PF_CHECK_UINT (counter_of (o, NULL, "rejected"), ==, 10);
    g_ptr_array_unref (plain);
    g_ptr_array_unref (sealed);
  }
  end (s, &host);
  end (o, &client);
}

/* A key serves one run. */
static void
test_session_single_use (void)
{
  Endpoint e;
  GstHarness *h = session_harness ("seal", &e);
  GPtrArray *plain = plain_packets (3);
  GstBus *bus = gst_element_get_bus (h->element);

  endpoint_set_key (&e, PF_AEAD_AES_128_GCM, next_fill++);
  endpoint_set_state (&e, PF_SESSION_READY);
  begin (h, "punktfunk1", FALSE);
  g_ptr_array_unref (seal (h, plain));
  for (guint round = 0; round < 2; round++) {
    g_autofree gchar *text = caps_for ("packet", "punktfunk1", "false");
    g_autoptr (GstCaps) caps = gst_caps_from_string (text);
    GstSegment segment;

    gst_segment_init (&segment, GST_FORMAT_TIME);
    gst_element_set_state (h->element, GST_STATE_READY);
    if (round == 1)
      endpoint_set_key (&e, PF_AEAD_AES_128_GCM, next_fill++);
    gst_element_set_state (h->element, GST_STATE_PLAYING);
    gst_harness_push_event (h, gst_event_new_stream_start ("again"));
    gst_harness_push_event (h, gst_event_new_caps (caps));
    gst_harness_push_event (h, gst_event_new_segment (&segment));
    PF_CHECK_INT (push_list (h, list_of (plain)), ==,
        round == 0 ? GST_FLOW_NOT_NEGOTIATED : GST_FLOW_OK);
    if (round == 0)
      expect_error (bus, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_SETTINGS,
          "has sealed before");
  }
  g_ptr_array_unref (plain);
  gst_object_unref (bus);
  end (h, &e);
}

/* Without a session packets are dropped, and so is the key when one ends. */
static void
test_session_pending (void)
{
  for (guint opening = 0; opening < 2; opening++) {
    Endpoint e;
    GstHarness *h = session_harness (opening ? "open" : "seal", &e);
    GPtrArray *plain = plain_packets (5);
    void (*changed) (GstHarness *) =
        opening ? params_changed_down : params_changed;

    begin (h, "punktfunk1", opening);
    PF_CHECK_INT (push_list (h, list_of (plain)), ==, GST_FLOW_OK);
    PF_CHECK_UINT (gst_harness_buffers_in_queue (h), ==, 0);
    PF_CHECK_UINT (counter_of (h, NULL, "pending"), ==, 5);
    PF_CHECK (!gst_pad_has_current_caps (h->sinkpad));
    endpoint_set_key (&e, PF_AEAD_AES_128_GCM, next_fill++);
    endpoint_set_state (&e, PF_SESSION_READY);
    changed (h);
    PF_CHECK_INT (push_list (h, list_of (plain)), ==, GST_FLOW_OK);
    PF_CHECK_UINT (
        counter_of (h, NULL, opening ? "rejected" : "packets"), ==, 5);
    endpoint_set_state (&e, PF_SESSION_NONE);
    changed (h);
    PF_CHECK_INT (push_list (h, list_of (plain)), ==, GST_FLOW_OK);
    PF_CHECK_UINT (counter_of (h, NULL, "pending"), ==, 10);
    g_ptr_array_unref (collect (h));
    g_ptr_array_unref (plain);
    end (h, &e);
  }
}

/* Only the session can say that packets travel plain; then they do. */
static void
test_session_plain (void)
{
  for (guint opening = 0; opening < 2; opening++) {
    Endpoint e;
    GstHarness *h = session_harness (opening ? "open" : "seal", &e);
    GPtrArray *plain = plain_packets (5);

    endpoint_set_state (&e, PF_SESSION_READY);
    begin (h, "punktfunk1", FALSE);
    PF_REQUIRE_INT (push_list (h, list_of (plain)), ==, GST_FLOW_OK);
    check_packets (plain, collect (h));
    PF_CHECK (!sealed_in_caps (h));
    g_ptr_array_unref (plain);
    end (h, &e);
  }
}

/* ... and when it says sealed, plain ones are no use. */
static void
test_session_no_downgrade (void)
{
  Endpoint e;
  GstHarness *h = session_harness ("open", &e);
  GstBus *bus = gst_element_get_bus (h->element);
  GPtrArray *plain = plain_packets (5);

  endpoint_set_key (&e, PF_AEAD_AES_128_GCM, next_fill++);
  endpoint_set_state (&e, PF_SESSION_READY);
  begin (h, "punktfunk1", FALSE);
  PF_CHECK_INT (push_list (h, list_of (plain)), ==, GST_FLOW_NOT_NEGOTIATED);
  PF_CHECK_UINT (gst_harness_buffers_in_queue (h), ==, 0);
  expect_error (bus, GST_STREAM_ERROR, GST_STREAM_ERROR_FORMAT, "come plain");
  gst_object_unref (bus);
  g_ptr_array_unref (plain);
  end (h, &e);
}

static void
test_session_bad (void)
{
  for (guint i = 0; i < 2; i++) {
    Endpoint e;
    GstHarness *h = session_harness ("seal", &e);
    GstBus *bus = gst_element_get_bus (h->element);
    GPtrArray *plain = plain_packets (5);

    /* without a field; or sealed, and no key */
    e.params.sealed = i == 1;
    endpoint_set_state (&e, i == 0 ? PF_SESSION_BAD : PF_SESSION_READY);
    begin (h, "punktfunk1", FALSE);
    PF_CHECK_INT (push_list (h, list_of (plain)), ==, GST_FLOW_NOT_NEGOTIATED);
    PF_CHECK_INT (push_list (h, list_of (plain)), ==, GST_FLOW_NOT_NEGOTIATED);
    PF_CHECK_UINT (gst_harness_buffers_in_queue (h), ==, 0);
    expect_error (
        bus, GST_STREAM_ERROR, GST_STREAM_ERROR_FORMAT, "PfSessionParams");
    gst_object_unref (bus);
    g_ptr_array_unref (plain);
    end (h, &e);
  }
}

/* A key that is set and one of a session: which of them is not guessed. */
static void
test_session_two_sources (void)
{
  Endpoint e;
  GstHarness *h = session_harness ("seal", &e);
  GstBus *bus = gst_element_get_bus (h->element);

  g_object_set (h->element, "key-file", file, NULL);
  gst_element_set_state (h->element, GST_STATE_READY);
  g_object_set (h->element, "key-file", file, NULL);
  PF_CHECK_INT (gst_element_set_state (h->element, GST_STATE_PAUSED), ==,
      GST_STATE_CHANGE_FAILURE);
  expect_error (bus, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_SETTINGS, "only one");
  gst_object_unref (bus);
  end (h, &e);
}

/* A new key comes between two frames, not within one. */
static void
test_session_within_frame (void)
{
  const PfWire *wire = pf_wire_find ("punktfunk1");
  PfSlabPool *pool = pf_slab_pool_new ();
  Endpoint e;
  GstHarness *h = session_harness ("seal", &e);
  static const guint positions[] = { 0, 3, 6, 0 };
  static const guint numbers[] = { 0, 3, 6, 0 };

  endpoint_set_key (&e, PF_AEAD_AES_128_GCM, next_fill++);
  endpoint_set_state (&e, PF_SESSION_READY);
  begin (h, "punktfunk1", FALSE);
  for (guint i = 0; i < G_N_ELEMENTS (positions); i++) {
    GstBuffer *b =
        block_new (pool, wire, 3, wire->seal_prefix, wire->seal_suffix);
    GPtrArray *sealed;

    pf_buffer_get_block_meta (b)->position = positions[i];
    PF_REQUIRE_INT (gst_harness_push (h, b), ==, GST_FLOW_OK);
    sealed = collect (h);
    PF_REQUIRE_UINT (sealed->len, >=, 3);
    PF_CHECK_UINT (number_of (sealed, 0), ==, numbers[i]);
    g_ptr_array_unref (sealed);
    if (i == 0) {
      endpoint_set_key (&e, PF_AEAD_AES_128_GCM, next_fill++);
      params_changed (h);
    }
  }
  end (h, &e);
  pf_slab_pool_free (pool);
}

/* ---- A chain ------------------------------------------------------------------ */

/* The whole sending side asks one endpoint, each element for what it needs;
 * the filler of a speed test arrives sealed, opens, and is counted. */
static void
test_session_filler (void)
{
  GstBuffer *unit;
  GstElement *bin = gst_object_ref_sink (
      gst_parse_bin_from_description ("pffecenc name=enc ! queue ! pfaesgcm "
                                      "name=seal",
          TRUE, NULL));
  GstHarness *h = gst_harness_new_empty ();
  const PfReassemblerConfig config = {
    .wire = pf_wire_find ("punktfunk1"),
    .packets = { .shard_payload = 1408, .percent = 100 },
  };
  Endpoint host, client;
  GstHarness *o = session_harness ("open", &client);
  GstPad *src = gst_element_get_static_pad (bin, "src");
  GstPad *inner = gst_ghost_pad_get_target (GST_GHOST_PAD (src));
  const PfProbe probe = { 9600, 51 };
  const PfReassemblerStats *stats;
  PfProbeDone done = { 0 };
  gboolean found = FALSE;
  PfReassembler *r;
  GPtrArray *packets;
  gint64 end_time = g_get_monotonic_time () + 10 * G_USEC_PER_SEC;

  endpoint_init (&host, inner);
  gst_object_unref (inner);
  gst_object_unref (src);
  for (guint i = 0; i < 2; i++) {
    endpoint_set_key (i ? &client : &host, PF_AEAD_AES_128_GCM, next_fill);
    endpoint_set_state (i ? &client : &host, PF_SESSION_READY);
  }
  next_fill++;
  gst_harness_add_element_full (h, bin, &any_src, "sink", &any_sink, "src");
  gst_harness_set_sink_caps_str (h, EITHER);
  gst_harness_use_systemclock (h);
  gst_harness_play (h);
  gst_harness_set_src_caps_str (
      h, "video/x-h264,stream-format=byte-stream,alignment=au");
  unit = gst_buffer_new_allocate (NULL, 99, NULL);
  gst_buffer_memset (unit, 0, 7, 99);
  PF_REQUIRE_INT (gst_harness_push (h, unit), ==, GST_FLOW_OK);
  gst_harness_push_upstream_event (h, pf_event_new_probe (&probe));
  while (!found && g_get_monotonic_time () < end_time) {
    GstEvent *event;

    g_usleep (500);
    while (!found && (event = gst_harness_try_pull_event (h))) {
      found = pf_event_parse_probe_done (event, &done);
      gst_event_unref (event);
    }
  }
  PF_REQUIRE (found);
  PF_CHECK_UINT (done.units, >, 0);
  packets = collect (h);
  /* the frame, and all of the filler, numbered in one row */
  PF_REQUIRE_UINT (packets->len, ==, 2 + done.packets);
  for (guint i = 0; i < packets->len; i++)
    PF_CHECK_UINT (number_of (packets, i), ==, i);
  begin (o, "punktfunk1", TRUE);
  PF_REQUIRE_INT (push_list (o, list_of (packets)), ==, GST_FLOW_OK);
  g_ptr_array_unref (packets);
  packets = collect (o);
  PF_REQUIRE_UINT (packets->len, ==, 2 + done.packets);
  PF_REQUIRE_INT (pf_reassembler_new (&config, &r), ==, 0);
  for (guint i = 0; i < packets->len; i++) {
    gsize size;
    const guint8 *bytes = g_bytes_get_data (packets->pdata[i], &size);

    pf_reassembler_push (r, bytes, size, 0);
  }
  stats = pf_reassembler_stats (r);
  PF_CHECK_UINT (stats->fates[PF_TAKEN_FILLER], ==, done.packets);
  PF_CHECK_UINT (counter_of (o, NULL, "rejected"), ==, 0);
  pf_reassembler_free (r);
  g_ptr_array_unref (packets);
  /* pffecenc asked without a secret, pfaesgcm once for it */
  PF_CHECK_UINT (host.secrets, ==, 1);
  gst_object_unref (bin);
  gst_harness_teardown (h);
  endpoint_clear (&host);
  end (o, &client);
}

int
main (int argc, char **argv)
{
  int ret;

  common_init ();
  PF_TEST_ADD ("/aesgcm/session/keys", test_session_keys);
  PF_TEST_ADD ("/aesgcm/session/single-use", test_session_single_use);
  PF_TEST_ADD ("/aesgcm/session/pending", test_session_pending);
  PF_TEST_ADD ("/aesgcm/session/plain", test_session_plain);
  PF_TEST_ADD ("/aesgcm/session/no-downgrade", test_session_no_downgrade);
  PF_TEST_ADD ("/aesgcm/session/bad", test_session_bad);
  PF_TEST_ADD ("/aesgcm/session/two-sources", test_session_two_sources);
  PF_TEST_ADD ("/aesgcm/session/within-frame", test_session_within_frame);
  PF_TEST_ADD ("/aesgcm/session/filler", test_session_filler);
  ret = pf_test_run (argc, argv);
  common_end ();
  return ret;
}
