/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * gamestreamserver with several sessions: offers, refusals, ends of all kinds,
 * two clients at once, input of every kind upstream, feedback of every kind to
 * the client, key frames and lost frames.
 */
#include <gst/video/video.h>
#include <linux/input-event-codes.h>
#include <math.h>
#include <string.h>

#include "gs-stage.h"
#include "gs-viewer.h"
#include "pf-events.h"
#include "pf-pads.h"
#include "pf-test.h"

#define H264 "video/x-h264,stream-format=byte-stream,alignment=au"
#define HOME "127.0.0.1"

/* ---- Offers -------------------------------------------------------------- */

static void
check_number (const GstStructure *s, const gchar *name, guint expected)
{
  guint n = 0;

  if (!gst_structure_get_uint (s, name, &n) || n != expected)
    pf_test_fail (__FILE__, __LINE__, "%s: %u, not %u", name, n, expected);
}

static gpointer
shake (gpointer client)
{
  return GUINT_TO_POINTER (gs_client_shake (client, PF_GS_STEP_DONE));
}

static void
test_offer (void)
{
  GsClientConfig config;
  GstStructure *offer;
  gboolean high = FALSE, hdr = TRUE, ok = FALSE;
  GThread *thread;
  GsClient *c;
  GsStage s;
  guint64 id;

  gs_stage_start (&s, HOME, NULL);
  id = gs_stage_launch (&s, HOME,
      gst_structure_new ("PfLaunch", "codecs", G_TYPE_UINT,
          PF_GS_CODEC_H264 | PF_GS_CODEC_HEVC, NULL),
      &config);
  PF_REQUIRE_UINT (id, !=, 0);
  config.announce.width = 1919;
  config.announce.height = 1080;
  config.announce.fps = 60;
  config.announce.refresh_x100 = 5994;
  config.announce.format = PF_GS_FORMAT_HEVC;
  config.announce.channels = 6;
  config.announce.channel_mask = 0x3f;
  config.announce.high_quality = 1;
  config.announce.audio_ms = 10;
  config.announce.slices = 4;
  config.announce.csc = 2;
  c = gs_client_new (&config);
  thread = g_thread_new ("shake", shake, c);
  offer = gs_stage_wait (&s, "PfSessionOffer", id, GS_WAIT_MS);
  PF_REQUIRE (offer != NULL);
  check_number (offer, "width", 1919);
  check_number (offer, "height", 1080);
  check_number (offer, "fps", 60);
  check_number (offer, "fps-x100", 5994);
  check_number (offer, "depth", 8);
  check_number (offer, "chroma", 420);
  check_number (offer, "channels", 6);
  check_number (offer, "audio-ms", 10);
  check_number (offer, "slices", 4);
  check_number (offer, "csc", 2);
  check_number (offer, "packet-size", 1360);
  check_number (offer, "min-parity", 2);
  check_number (offer, "encryption", PF_GS_ENC_ALL);
  check_number (offer, "configured-kbps", 10000);
  check_number (
      offer, "bitrate-kbps", pf_gs_announce_kbps (&config.announce, 20, true));
  PF_CHECK_STR (gst_structure_get_string (offer, "codecs"), "h265");
  PF_CHECK_STR (gst_structure_get_string (offer, "peer"), HOME);
  PF_CHECK (gst_structure_get_boolean (offer, "high-quality", &high) && high);
  PF_CHECK (gst_structure_get_boolean (offer, "hdr", &hdr) && !hdr);
  gst_structure_free (offer);
  g_signal_emit_by_name (s.server, "refuse", id, 503, "no display", &ok);
  PF_CHECK (ok);
  PF_CHECK_UINT (GPOINTER_TO_UINT (g_thread_join (thread)), ==, 503);
  PF_CHECK_INT (
      gs_stage_wait_ended (&s, id, GS_WAIT_MS), ==, PF_GS_CLOSE_BY_HOST);
  g_signal_emit_by_name (s.server, "refuse", id, 503, "no display", &ok);
  PF_CHECK (!ok);
  gs_client_free (c);
  gs_stage_stop (&s);
}

/* What no launch may be. */
static void
test_launch (void)
{
  PfKey key = { .cipher = PF_AEAD_CHACHA20_POLY1305, .key = { 1 } };
  PfSecret *secret = pf_secret_new (&key);
  GstStructure *launch =
      gst_structure_new ("PfLaunch", "peer", G_TYPE_STRING, HOME, NULL);
  GsClientConfig config;
  guint64 id = 1;
  GsStage s;

  gs_stage_start (&s, HOME, "max-sessions=2");
  g_signal_emit_by_name (s.server, "launch", launch, NULL, &id);
  PF_CHECK_UINT (id, ==, 0);
  g_signal_emit_by_name (s.server, "launch", launch, secret, &id);
  PF_CHECK_UINT (id, ==, 0);
  gst_structure_free (launch);
  pf_secret_unref (secret);
  PF_CHECK_UINT (gs_stage_launch (&s, "nowhere.invalid", NULL, &config), ==, 0);
  PF_CHECK_UINT (gs_stage_launch (&s, HOME,
                     gst_structure_new (
                         "PfLaunch", "surround", G_TYPE_STRING, "banana", NULL),
                     &config),
      ==, 0);
  PF_CHECK_UINT (gs_stage_launch (&s, HOME, NULL, &config), ==, 1);
  PF_CHECK_UINT (gs_stage_launch (&s, HOME, NULL, &config), ==, 2);
  PF_CHECK_UINT (gs_stage_launch (&s, HOME, NULL, &config), ==, 0);
  gs_stage_stop (&s);
}

/* ---- Sessions ------------------------------------------------------------ */

static void
on_video (GsClient *client, const PfEvent *e, void *viewer)
{
  (void) client;
  if (e->type == PF_EVENT_FRAME)
    gs_viewer_video (viewer, e->unit, e->unit_size);
}

typedef struct {
  GMutex lock;
  GCond cond;
  GArray *messages; /* PfGsMsg */
} Heard;

static void
heard_init (Heard *h)
{
  g_mutex_init (&h->lock);
  g_cond_init (&h->cond);
  h->messages = g_array_new (FALSE, TRUE, sizeof (PfGsMsg));
}

static void
heard_clear (Heard *h)
{
  g_array_unref (h->messages);
  g_mutex_clear (&h->lock);
  g_cond_clear (&h->cond);
}

static void
on_message (GsClient *client, const PfGsMsg *m, void *user)
{
  Heard *h = user;

  (void) client;
  g_mutex_lock (&h->lock);
  g_array_append_val (h->messages, *m);
  g_cond_broadcast (&h->cond);
  g_mutex_unlock (&h->lock);
}

static gboolean
heard_wait (Heard *h, guint n)
{
  const gint64 end = g_get_monotonic_time () + GS_WAIT_MS * 1000;
  gboolean ok;

  g_mutex_lock (&h->lock);
  while (h->messages->len < n && g_cond_wait_until (&h->cond, &h->lock, end))
    ;
  ok = h->messages->len >= n;
  g_mutex_unlock (&h->lock);
  return ok;
}

/* Two at once, of one address: each sees its own display. One leaves, one is
 * sent away. */
static void
test_two (void)
{
  GsClientConfig configs[2];
  GstElement *pipelines[2];
  GsViewer *viewers[2];
  GsClient *clients[2];
  GstStructure *started;
  GsViewed viewed;
  gboolean ok;
  guint64 ids[2];
  GsStage s;

  gs_stage_start (&s, HOME, NULL);
  for (guint i = 0; i < 2; i++) {
    viewers[i] = gs_viewer_new (H264, NULL, FALSE);
    ids[i] = gs_stage_launch (&s, HOME, NULL, &configs[i]);
    PF_REQUIRE_UINT (ids[i], !=, 0);
    configs[i].announce.width = i ? 640 : 320;
    configs[i].announce.height = i ? 360 : 180;
    configs[i].video = on_video;
    configs[i].user = viewers[i];
  }
  for (guint i = 0; i < 2; i++) {
    clients[i] =
        gs_stage_connect (&s, &configs[i], ids[i], &pipelines[i], NULL);
    PF_REQUIRE (clients[i] != NULL);
    started = gs_stage_wait (&s, "PfSessionStarted", ids[i], GS_WAIT_MS);
    PF_CHECK (started != NULL);
    g_clear_pointer (&started, gst_structure_free);
  }
  for (guint i = 0; i < 2; i++) {
    PF_CHECK (gs_viewer_wait (viewers[i], 20, GS_WAIT_MS));
    PF_CHECK (gs_client_wait_audio (clients[i], 20, GS_WAIT_MS));
    gs_viewer_get (viewers[i], &viewed);
    PF_CHECK_UINT (viewed.width, ==, configs[i].announce.width);
    PF_CHECK_UINT (viewed.wrong, ==, 0);
  }
  gs_client_stop (clients[0]);
  PF_CHECK_INT (
      gs_stage_wait_ended (&s, ids[0], GS_WAIT_MS), ==, PF_GS_CLOSE_BY_CLIENT);
  gs_viewer_get (viewers[1], &viewed);
  PF_CHECK (gs_viewer_wait (viewers[1], viewed.frames + 10, GS_WAIT_MS));
  g_signal_emit_by_name (s.server, "close", ids[1], 0, &ok);
  PF_CHECK (ok);
  PF_CHECK (gs_client_wait_closed (clients[1], GS_WAIT_MS));
  PF_CHECK_INT (
      gs_stage_wait_ended (&s, ids[1], GS_WAIT_MS), ==, PF_GS_CLOSE_BY_HOST);
  for (guint i = 0; i < 2; i++) {
    gs_stage_drop (pipelines[i]);
    gs_client_free (clients[i]);
    gs_viewer_get (viewers[i], &viewed);
    PF_CHECK_UINT (viewed.wrong, ==, 0);
    gs_viewer_free (viewers[i]);
  }
  gs_stage_stop (&s);
}

/* What never comes, and what goes without a word. All have their 10 s at the
 * same time. */
static void
test_ends (void)
{
  enum { EXPIRED, UNANSWERED, INCOMPLETE, VANISHED, N };
  static const gint codes[N] = { PF_GS_CLOSE_EXPIRED, PF_GS_CLOSE_BY_HOST,
    PF_GS_CLOSE_INCOMPLETE, PF_GS_CLOSE_VANISHED };
  GstElement *pipeline = NULL, *idle;
  GsClientConfig configs[N];
  GsClient *clients[N] = { NULL };
  GThread *thread;
  guint64 ids[N];
  GsStage s;

  gs_stage_start (&s, HOME, NULL);
  for (guint i = 0; i < N; i++)
    ids[i] = gs_stage_launch (&s, HOME, NULL, &configs[i]);
  clients[VANISHED] =
      gs_stage_connect (&s, &configs[VANISHED], ids[VANISHED], &pipeline, NULL);
  PF_REQUIRE (clients[VANISHED] != NULL);
  PF_CHECK (gs_client_wait_frames (clients[VANISHED], 5, GS_WAIT_MS));
  gs_client_mute (clients[VANISHED]);
  clients[INCOMPLETE] = gs_client_new (&configs[INCOMPLETE]);
  thread = g_thread_new ("shake", shake, clients[INCOMPLETE]);
  gst_structure_free (
      gs_stage_wait (&s, "PfSessionOffer", ids[INCOMPLETE], GS_WAIT_MS));
  PF_CHECK (gs_stage_accept (&s, ids[INCOMPLETE]));
  PF_CHECK_UINT (GPOINTER_TO_UINT (g_thread_join (thread)), ==, 200);
  idle = gs_stage_serve (&s, ids[INCOMPLETE], 320, 180, FALSE, NULL);
  gs_client_start (clients[INCOMPLETE], GS_CONTROL | GS_AUDIO);
  clients[UNANSWERED] = gs_client_new (&configs[UNANSWERED]);
  PF_CHECK_UINT (
      gs_client_shake (clients[UNANSWERED], PF_GS_STEP_DONE), ==, 500);
  for (guint i = 0; i < N; i++)
    PF_CHECK_INT (gs_stage_wait_ended (&s, ids[i], GS_WAIT_MS), ==, codes[i]);
  PF_CHECK_UINT (gs_stage_counter (s.server, "ended"), ==, N);
  gs_stage_drop (pipeline);
  gs_stage_drop (idle);
  for (guint i = 0; i < N; i++)
    gs_client_free (clients[i]);
  gs_stage_stop (&s);
}

/* The host goes: all clients are told so. */
static void
test_shutdown (void)
{
  GsClientConfig config;
  GstElement *pipeline;
  GsClient *c;
  guint64 id;
  Heard heard;
  GsStage s;

  heard_init (&heard);
  gs_stage_start (&s, HOME, NULL);
  id = gs_stage_launch (&s, HOME, NULL, &config);
  config.message = on_message;
  config.user = &heard;
  c = gs_stage_connect (&s, &config, id, &pipeline, NULL);
  PF_REQUIRE (c != NULL);
  PF_CHECK (gs_client_wait_frames (c, 5, GS_WAIT_MS));
  gst_element_set_state (s.server, GST_STATE_NULL);
  PF_CHECK (heard_wait (&heard, 1));
  PF_CHECK (gs_client_wait_closed (c, GS_WAIT_MS));
  PF_REQUIRE_UINT (heard.messages->len, ==, 1);
  PF_CHECK_INT (g_array_index (heard.messages, PfGsMsg, 0).kind, ==,
      PF_GS_MSG_TERMINATION);
  PF_CHECK_HEX (
      g_array_index (heard.messages, PfGsMsg, 0).code, ==, PF_GS_END_GRACEFUL);
  PF_CHECK_INT (
      gs_stage_wait_ended (&s, id, GS_WAIT_MS), ==, PF_GS_CLOSE_BY_HOST);
  gs_stage_drop (pipeline);
  gs_client_free (c);
  heard_clear (&heard);
  gs_stage_stop (&s);
}

/* ---- Upstream ------------------------------------------------------------ */

/* What arrives in front of the encoder. */
typedef struct {
  GMutex lock;
  GCond cond;
  GArray *inputs; /* PfInput */
  GArray *frames; /* PfFrames */
  guint n_key_units;
} Seen;

static GstPadProbeReturn
on_upstream (GstPad *pad, GstPadProbeInfo *info, gpointer user)
{
  GstEvent *event = GST_PAD_PROBE_INFO_EVENT (info);
  Seen *seen = user;
  PfFrames frames;
  PfInput input;

  (void) pad;
  g_mutex_lock (&seen->lock);
  if (pf_event_parse_input (event, &input))
    g_array_append_val (seen->inputs, input);
  else if (pf_event_parse_invalidate_frames (event, &frames))
    g_array_append_val (seen->frames, frames);
  else if (gst_video_event_is_force_key_unit (event))
    seen->n_key_units++;
  g_cond_broadcast (&seen->cond);
  g_mutex_unlock (&seen->lock);
  return GST_PAD_PROBE_OK;
}

static void
seen_init (Seen *seen, GstElement *pipeline)
{
  GstElement *encoder = gst_bin_get_by_name (GST_BIN (pipeline), "encoder");
  GstPad *pad = gst_element_get_static_pad (encoder, "src");

  g_mutex_init (&seen->lock);
  g_cond_init (&seen->cond);
  seen->inputs = g_array_new (FALSE, TRUE, sizeof (PfInput));
  seen->frames = g_array_new (FALSE, TRUE, sizeof (PfFrames));
  seen->n_key_units = 0;
  gst_pad_add_probe (
      pad, GST_PAD_PROBE_TYPE_EVENT_UPSTREAM, on_upstream, seen, NULL);
  gst_object_unref (pad);
  gst_object_unref (encoder);
}

static void
seen_clear (Seen *seen)
{
  g_array_unref (seen->inputs);
  g_array_unref (seen->frames);
  g_mutex_clear (&seen->lock);
  g_cond_clear (&seen->cond);
}

static gboolean
seen_wait (Seen *seen, GArray *array, guint n)
{
  const gint64 end = g_get_monotonic_time () + GS_WAIT_MS * 1000;
  gboolean ok;

  g_mutex_lock (&seen->lock);
  while (array->len < n && g_cond_wait_until (&seen->cond, &seen->lock, end))
    ;
  ok = array->len >= n;
  g_mutex_unlock (&seen->lock);
  return ok;
}

static const struct {
  PfGsInput in;
  PfInput out;
} inputs[] = {
  { { .kind = PF_GS_INPUT_KEY_DOWN, .key = { .key = 0x8041 } },
      { .kind = PF_INPUT_KEY, .code = KEY_A, .state = PF_INPUT_DOWN } },
  { { .kind = PF_GS_INPUT_KEY_UP, .key = { .key = 0x8041 } },
      { .kind = PF_INPUT_KEY, .code = KEY_A, .state = PF_INPUT_UP } },
  { { .kind = PF_GS_INPUT_MOUSE_RELATIVE, .mouse = { .x = 3, .y = -4 } },
      { .kind = PF_INPUT_POINTER_REL, .x = 3, .y = -4 } },
  { { .kind = PF_GS_INPUT_MOUSE_ABSOLUTE,
        .mouse = { .x = 640, .y = 360, .last_x = 1280, .last_y = 720 } },
      { .kind = PF_INPUT_POINTER_ABS, .x = .5, .y = .5 } },
  { { .kind = PF_GS_INPUT_BUTTON_DOWN, .button = 3 },
      { .kind = PF_INPUT_BUTTON, .code = BTN_RIGHT, .state = PF_INPUT_DOWN } },
  { { .kind = PF_GS_INPUT_BUTTON_UP, .button = 3 },
      { .kind = PF_INPUT_BUTTON, .code = BTN_RIGHT, .state = PF_INPUT_UP } },
  { { .kind = PF_GS_INPUT_SCROLL, .amount = 120 },
      { .kind = PF_INPUT_SCROLL, .y = -120 } },
  { { .kind = PF_GS_INPUT_HSCROLL, .amount = 60 },
      { .kind = PF_INPUT_SCROLL, .x = 60 } },
  { { .kind = PF_GS_INPUT_TEXT, .text = { 2, { 0xc3, 0xa9 } } },
      { .kind = PF_INPUT_TEXT, .code = 0xe9 } },
  { { .kind = PF_GS_INPUT_TOUCH,
        .touch = { .event = PF_GS_TOUCH_DOWN,
            .id = 7,
            .x = .25f,
            .y = .75f,
            .rotation = PF_GS_ANGLE_UNKNOWN } },
      { .kind = PF_INPUT_TOUCH, .state = PF_INPUT_DOWN, .x = .25, .y = .75 } },
  { { .kind = PF_GS_INPUT_TOUCH,
        .touch = { .event = PF_GS_TOUCH_MOVE,
            .id = 7,
            .x = .5f,
            .y = .5f,
            .rotation = PF_GS_ANGLE_UNKNOWN } },
      { .kind = PF_INPUT_TOUCH, .state = PF_INPUT_MOVE, .x = .5, .y = .5 } },
  { { .kind = PF_GS_INPUT_TOUCH,
        .touch = { .event = PF_GS_TOUCH_UP,
            .id = 7,
            .rotation = PF_GS_ANGLE_UNKNOWN } },
      { .kind = PF_INPUT_TOUCH, .state = PF_INPUT_UP } },
  { { .kind = PF_GS_INPUT_PEN,
        .pen = { .event = PF_GS_TOUCH_DOWN,
            .tool = 2,
            .x = .25f,
            .y = .75f,
            .pressure = 1,
            .rotation = PF_GS_ANGLE_UNKNOWN,
            .tilt = PF_GS_TILT_UNKNOWN } },
      { .kind = PF_INPUT_PEN,
          .code = PF_PEN_ERASER,
          .state = PF_INPUT_DOWN,
          .x = .25,
          .y = .75,
          .pressure = 1 } },
  { { .kind = PF_GS_INPUT_PEN,
        .pen = { .event = PF_GS_TOUCH_LEAVE,
            .tool = 2,
            .rotation = PF_GS_ANGLE_UNKNOWN,
            .tilt = PF_GS_TILT_UNKNOWN } },
      { .kind = PF_INPUT_PEN,
          .code = PF_PEN_ERASER,
          .state = PF_INPUT_CANCEL } },
};

static const struct {
  PfGsInput in;
  const gchar *kind; /* of PfGamepad */
  const gchar *field;
  gint value;
} pads[] = {
  { { .kind = PF_GS_INPUT_ARRIVAL,
        .arrival = { .number = 1, .type = 2, .capabilities = 0xff } },
      "arrival", "abilities", 0xff },
  { { .kind = PF_GS_INPUT_PAD,
        .pad = { .number = 1,
            .active = 2,
            .buttons = 0x1000,
            .left_trigger = 7,
            .right_y = -300 } },
      "state", "right-y", -300 },
  { { .kind = PF_GS_INPUT_TOUCHPAD,
        .touchpad = { .number = 1,
            .event = PF_GS_TOUCH_DOWN,
            .id = 3,
            .x = 1,
            .y = .5f } },
      "touchpad", "x", 65535 },
  { { .kind = PF_GS_INPUT_TOUCHPAD,
        .touchpad = { .number = 1,
            .event = PF_GS_TOUCH_DOWN,
            .index = 1,
            .id = 3,
            .x = 1,
            .y = .5f } },
      "surface", "x", 32767 },
  { { .kind = PF_GS_INPUT_MOTION,
        .motion = { .number = 1, .sensor = 2, .v = { 10, 20, 30 } } },
      "motion", "roll", 600 },
  { { .kind = PF_GS_INPUT_PAD, .pad = { .number = 1, .active = 0 } }, "removed",
      "pad", 1 },
};

static gboolean
near (gdouble a, gdouble b)
{
  return fabs (a - b) < 1. / 1000;
}

static void
check_input (const PfInput *is, const PfInput *wanted, guint i)
{
  if (is->kind != wanted->kind || is->code != wanted->code ||
      is->state != wanted->state || !near (is->x, wanted->x) ||
      !near (is->y, wanted->y) || !near (is->pressure, wanted->pressure))
    pf_test_fail (__FILE__, __LINE__,
        "input %u: kind %u code %u state %u at %f, %f pressure %f", i, is->kind,
        is->code, is->state, is->x, is->y, is->pressure);
}

static void
check_pad (GstElement *pipeline, guint i, guint64 id)
{
  GstBus *bus = gst_element_get_bus (pipeline);
  const GstStructure *s = NULL;
  GstMessage *m = NULL;
  guint64 its = 0;
  gint value = 0;

  do {
    gst_clear_message (&m);
    m = gst_bus_timed_pop_filtered (
        bus, GS_WAIT_MS * GST_MSECOND, GST_MESSAGE_ELEMENT);
    s = m ? gst_message_get_structure (m) : NULL;
  } while (m && !gst_structure_has_name (s, PF_GAMEPAD));
  if (!m) {
    pf_test_fail (__FILE__, __LINE__, "no message for %s", pads[i].kind);
  } else {
    PF_CHECK_STR (gst_structure_get_string (s, "kind"), pads[i].kind);
    PF_CHECK (gst_structure_get_uint64 (s, "id", &its));
    PF_CHECK_UINT (its, ==, id);
    PF_CHECK (gst_structure_get_int (s, pads[i].field, &value) ||
              gst_structure_get_uint (s, pads[i].field, (guint *) &value));
    PF_CHECK_INT (value, ==, pads[i].value);
  }
  gst_clear_message (&m);
  gst_object_unref (bus);
}

/* Each kind, one by one; then what is still held when the client goes. */
static void
test_input (void)
{
  const PfGsInput held = { .kind = PF_GS_INPUT_KEY_DOWN,
    .key = { .key = 0x8010 } };
  const guint n = G_N_ELEMENTS (inputs);
  GsClientConfig config;
  GstElement *pipeline;
  GsClient *c;
  guint64 id;
  GsStage s;
  Seen seen;

  gs_stage_start (&s, HOME, NULL);
  id = gs_stage_launch (&s, HOME, NULL, &config);
  c = gs_stage_connect (&s, &config, id, &pipeline, NULL);
  PF_REQUIRE (c != NULL);
  seen_init (&seen, pipeline);
  PF_CHECK (gs_client_wait_frames (c, 2, GS_WAIT_MS));
  for (guint i = 0; i < n; i++) {
    PF_CHECK (gs_client_send_input (c, &inputs[i].in));
    /* one channel may overtake another */
    PF_REQUIRE (seen_wait (&seen, seen.inputs, i + 1));
    check_input (&g_array_index (seen.inputs, PfInput, i), &inputs[i].out, i);
  }
  for (guint i = 0; i < G_N_ELEMENTS (pads); i++) {
    PF_CHECK (gs_client_send_input (c, &pads[i].in));
    check_pad (pipeline, i, id);
  }
  PF_CHECK (gs_client_send_input (c, &held));
  PF_CHECK (seen_wait (&seen, seen.inputs, n + 1));
  gs_client_stop (c);
  PF_REQUIRE (seen_wait (&seen, seen.inputs, n + 3));
  check_input (&g_array_index (seen.inputs, PfInput, n + 1),
      &(PfInput){
          .kind = PF_INPUT_KEY, .code = KEY_LEFTSHIFT, .state = PF_INPUT_UP },
      n + 1);
  check_input (&g_array_index (seen.inputs, PfInput, n + 2),
      &(PfInput){ .kind = PF_INPUT_RELEASE }, n + 2);
  PF_CHECK_INT (
      gs_stage_wait_ended (&s, id, GS_WAIT_MS), ==, PF_GS_CLOSE_BY_CLIENT);
  gs_stage_drop (pipeline);
  gs_client_free (c);
  seen_clear (&seen);
  gs_stage_stop (&s);
}

/* An endpoint may be there before its client is accepted, as one of pf-host is
 * now and then. */
static void
test_early (void)
{
  GsClientConfig config;
  GstElement *pipeline;
  GsClient *c;
  guint64 id;
  GsStage s;

  gs_stage_start (&s, HOME, NULL);
  s.early = TRUE;
  id = gs_stage_launch (&s, HOME, NULL, &config);
  c = gs_stage_connect (&s, &config, id, &pipeline, NULL);
  PF_REQUIRE (c != NULL);
  PF_CHECK (gs_client_wait_frames (c, 5, GS_WAIT_MS));
  gs_client_stop (c);
  gs_stage_drop (pipeline);
  gs_client_free (c);
  gs_stage_stop (&s);
}

static void
set_access (GsStage *s, guint64 id, guint access, gboolean known)
{
  gboolean ok = FALSE;

  g_signal_emit_by_name (s->server, "set-access", id, access, 0, &ok);
  PF_CHECK_INT (ok, ==, known);
}

/* Until the endpoint has had so many from the client, denied ones too. */
static void
wait_inputs (GstElement *pipeline, guint64 n)
{
  const gint64 end = g_get_monotonic_time () + GS_WAIT_MS * 1000;
  GstElement *endpoint = gst_bin_get_by_name (GST_BIN (pipeline), "sender");

  PF_REQUIRE (endpoint != NULL);
  while (gs_stage_counter (endpoint, "inputs") < n) {
    PF_REQUIRE (g_get_monotonic_time () < end);
    g_usleep (2000);
  }
  gst_object_unref (endpoint);
}

/* Who may only point does not type; who may only type, from one moment to the
 * next, lets go of the button. What is denied never goes down; it goes up with
 * the rest. */
static void
test_rights (void)
{
  const PfGsInput key = { .kind = PF_GS_INPUT_KEY_DOWN,
    .key = { .key = 0x8041 } };
  const PfGsInput button = { .kind = PF_GS_INPUT_BUTTON_DOWN, .button = 3 };
  const PfInput wanted[] = {
    { .kind = PF_INPUT_BUTTON, .code = BTN_RIGHT, .state = PF_INPUT_DOWN },
    { .kind = PF_INPUT_KEY, .code = KEY_A, .state = PF_INPUT_UP },
    { .kind = PF_INPUT_BUTTON, .code = BTN_RIGHT, .state = PF_INPUT_UP },
    { .kind = PF_INPUT_RELEASE },
    { .kind = PF_INPUT_KEY, .code = KEY_A, .state = PF_INPUT_DOWN },
  };
  GsClientConfig config;
  GstElement *pipeline;
  GsClient *c;
  guint64 id;
  GsStage s;
  Seen seen;

  gs_stage_start (&s, HOME, NULL);
  s.grants = gst_structure_new (
      "PfSessionGrant", "access", G_TYPE_UINT, PF_GRANT_POINTER, NULL);
  id = gs_stage_launch (&s, HOME, NULL, &config);
  c = gs_stage_connect (&s, &config, id, &pipeline, NULL);
  PF_REQUIRE (c != NULL);
  seen_init (&seen, pipeline);
  PF_CHECK (gs_client_wait_frames (c, 2, GS_WAIT_MS));
  PF_CHECK (gs_client_send_input (c, &key));
  PF_CHECK (gs_client_send_input (c, &button));
  PF_REQUIRE (seen_wait (&seen, seen.inputs, 1));
  wait_inputs (pipeline, 2);
  set_access (&s, id, PF_GRANT_KEYBOARD, TRUE);
  PF_REQUIRE (seen_wait (&seen, seen.inputs, 4));
  PF_CHECK (gs_client_send_input (c, &button));
  PF_CHECK (gs_client_send_input (c, &key));
  wait_inputs (pipeline, 4);
  PF_REQUIRE (seen_wait (&seen, seen.inputs, 5));
  for (guint i = 0; i < G_N_ELEMENTS (wanted); i++)
    check_input (&g_array_index (seen.inputs, PfInput, i), &wanted[i], i);
  PF_CHECK_UINT (seen.inputs->len, ==, G_N_ELEMENTS (wanted));
  set_access (&s, id + 1, PF_GRANT_ALL, FALSE);
  gs_client_stop (c);
  PF_CHECK_INT (
      gs_stage_wait_ended (&s, id, GS_WAIT_MS), ==, PF_GS_CLOSE_BY_CLIENT);
  gs_stage_drop (pipeline);
  gs_client_free (c);
  seen_clear (&seen);
  gst_clear_structure (&s.grants);
  gs_stage_stop (&s);
}

/* A key frame for who asks, one for many that ask at once; and lost frames by
 * their numbers, if that was agreed on. */
static void
test_wishes (void)
{
  const PfGsMsg idr = { .kind = PF_GS_MSG_IDR };
  const PfGsMsg rfi = { .kind = PF_GS_MSG_RFI, .rfi = { 3, 5 } };
  GsClientConfig config;
  GstElement *pipeline, *sender;
  guint64 keys, id;
  guint before;
  GsClient *c;
  GsStage s;
  Seen seen;

  gs_stage_start (&s, HOME, NULL);
  id = gs_stage_launch (&s, HOME,
      gst_structure_new ("PfLaunch", "rfi", G_TYPE_BOOLEAN, TRUE, NULL),
      &config);
  c = gs_stage_connect (&s, &config, id, &pipeline, NULL);
  PF_REQUIRE (c != NULL);
  sender = gst_bin_get_by_name (GST_BIN (pipeline), "sender");
  seen_init (&seen, pipeline);
  PF_CHECK (gs_client_wait_frames (c, 10, GS_WAIT_MS));
  keys = gs_stage_counter (sender, "key-frames");
  PF_CHECK_UINT (keys, >=, 1);
  /* the first message of a client asks too, but needs none */
  PF_CHECK_UINT (keys, <=, 2);
  PF_CHECK (gs_client_send (c, &rfi));
  PF_REQUIRE (seen_wait (&seen, seen.frames, 1));
  PF_CHECK_UINT (g_array_index (seen.frames, PfFrames, 0).first, ==, 3);
  PF_CHECK_UINT (g_array_index (seen.frames, PfFrames, 0).last, ==, 5);
  g_mutex_lock (&seen.lock);
  before = seen.n_key_units;
  g_mutex_unlock (&seen.lock);
  for (guint i = 0; i < 5; i++)
    PF_CHECK (gs_client_send (c, &idr));
  {
    GsClientStats stats;

    gs_client_stats (c, &stats);
    PF_CHECK (gs_client_wait_frames (c, stats.frames + 20, GS_WAIT_MS));
  }
  g_mutex_lock (&seen.lock);
  /* a second one where the first took longer than their distance */
  PF_CHECK_UINT (seen.n_key_units, >=, before + 1);
  PF_CHECK_UINT (seen.n_key_units, <=, before + 2);
  g_mutex_unlock (&seen.lock);
  PF_CHECK_UINT (gs_stage_counter (sender, "key-frames"), >=, keys + 1);
  PF_CHECK_UINT (gs_stage_counter (sender, "keyframe-requests"), <=, 2);
  PF_CHECK_UINT (gs_stage_counter (sender, "invalidations"), ==, 1);
  gst_object_unref (sender);
  gs_stage_drop (pipeline);
  gs_client_free (c);
  seen_clear (&seen);
  gs_stage_stop (&s);
}

/* ---- Feedback ------------------------------------------------------------ */

static GstStructure *feedback (
    const gchar *kind, const gchar *first, ...) G_GNUC_NULL_TERMINATED;

static GstStructure *
feedback (const gchar *kind, const gchar *first, ...)
{
  GstStructure *s = gst_structure_new (PF_GAMEPAD_FEEDBACK, "kind",
      G_TYPE_STRING, kind, "pad", G_TYPE_UINT, 1, NULL);
  va_list list;

  va_start (list, first);
  gst_structure_set_valist (s, first, list);
  va_end (list);
  return s;
}

static gboolean
give (GstElement *sender, GstStructure *s)
{
  gboolean ok = FALSE;

  g_signal_emit_by_name (sender, "feedback", s, &ok);
  gst_structure_free (s);
  return ok;
}

static void
test_feedback (void)
{
  static const guint8 effect[] = { 0x21, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 };
  GBytes *bytes = g_bytes_new_static (effect, sizeof effect);
  GsClientConfig config;
  GstElement *pipeline, *sender;
  const PfGsMsg *m;
  GsClient *c;
  Heard heard;
  guint64 id;
  GsStage s;

  heard_init (&heard);
  gs_stage_start (&s, HOME, NULL);
  id = gs_stage_launch (&s, HOME,
      gst_structure_new (
          "PfLaunch", "codecs", G_TYPE_UINT, PF_GS_CODEC_HEVC_10, NULL),
      &config);
  config.announce.format = PF_GS_FORMAT_HEVC;
  config.announce.ten_bit = 1;
  config.message = on_message;
  config.user = &heard;
  c = gs_stage_connect (&s, &config, id, &pipeline, NULL);
  PF_REQUIRE (c != NULL);
  sender = gst_bin_get_by_name (GST_BIN (pipeline), "sender");
  PF_REQUIRE (heard_wait (&heard, 1));
  PF_CHECK (give (sender, feedback ("rumble", "low", G_TYPE_UINT, 1000, "high",
                              G_TYPE_UINT, 2000, NULL)));
  PF_CHECK (give (
      sender, feedback ("rumble", "left-trigger", G_TYPE_UINT, 70000, NULL)));
  PF_CHECK (give (sender, feedback ("led", "red", G_TYPE_UINT, 1, "green",
                              G_TYPE_UINT, 2, "blue", G_TYPE_UINT, 3, NULL)));
  PF_CHECK (give (sender, feedback ("trigger", "which", G_TYPE_UINT, 1,
                              "effect", G_TYPE_BYTES, bytes, NULL)));
  PF_CHECK (give (sender, feedback ("motion-rate", "sensor", G_TYPE_UINT, 1,
                              "hz", G_TYPE_UINT, 250, NULL)));
  PF_CHECK (!give (sender, feedback ("haptic", "side", G_TYPE_UINT, 1, NULL)));
  PF_REQUIRE (heard_wait (&heard, 7));
  m = (const PfGsMsg *) heard.messages->data;
  PF_CHECK_INT (m[0].kind, ==, PF_GS_MSG_HDR);
  PF_CHECK_INT (m[0].hdr.enabled, ==, 0); /* the picture is not */
  PF_CHECK_INT (m[1].kind, ==, PF_GS_MSG_RUMBLE);
  PF_CHECK_UINT (m[1].rumble.pad, ==, 1);
  PF_CHECK_UINT (m[1].rumble.low, ==, 1000);
  PF_CHECK_UINT (m[1].rumble.high, ==, 2000);
  PF_CHECK_INT (m[2].kind, ==, PF_GS_MSG_RUMBLE);
  PF_CHECK_INT (m[3].kind, ==, PF_GS_MSG_TRIGGER_RUMBLE);
  PF_CHECK_UINT (m[3].trigger_rumble.left, ==, 65535);
  PF_CHECK_INT (m[4].kind, ==, PF_GS_MSG_LED);
  PF_CHECK_UINT (m[4].led.blue, ==, 3);
  PF_CHECK_INT (m[5].kind, ==, PF_GS_MSG_TRIGGERS);
  PF_CHECK_UINT (m[5].triggers.flags, ==, 4);
  PF_CHECK_UINT (m[5].triggers.right_type, ==, 0x21);
  PF_CHECK_MEM (m[5].triggers.right, effect + 1, 10);
  PF_CHECK_INT (m[6].kind, ==, PF_GS_MSG_MOTION_RATE);
  PF_CHECK_UINT (m[6].motion_rate.sensor, ==, 2);
  PF_CHECK_UINT (m[6].motion_rate.hz, ==, 250);
  gst_object_unref (sender);
  gs_stage_drop (pipeline);
  gs_client_free (c);
  g_bytes_unref (bytes);
  heard_clear (&heard);
  gs_stage_stop (&s);
}

/* ---- Ports --------------------------------------------------------------- */

static const gchar *const ports[] = { "port", "video-port", "control-port",
  "audio-port" };

/* Each port taken once: the second server says so, and keeps none. */
static void
test_busy (void)
{
  GsStage s;

  gs_stage_start (&s, HOME, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (ports); i++) {
    GstElement *second = gst_element_factory_make ("gamestreamserver", NULL);
    GstBus *bus = gst_bus_new ();
    GError *error = NULL;
    GstMessage *m;
    guint port;

    gst_object_ref_sink (second);
    gst_element_set_bus (second, bus);
    g_object_get (s.server, ports[i], &port, NULL);
    g_object_set (second, "address", HOME, "port", 0, "video-port", 0,
        "control-port", 0, "audio-port", 0, NULL);
    g_object_set (second, ports[i], port, NULL);
    PF_CHECK_INT (gst_element_set_state (second, GST_STATE_READY), ==,
        GST_STATE_CHANGE_FAILURE);
    m = gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR);
    PF_REQUIRE (m != NULL);
    gst_message_parse_error (m, &error, NULL);
    PF_CHECK (
        g_error_matches (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_BUSY));
    g_clear_error (&error);
    gst_message_unref (m);
    gst_element_set_state (second, GST_STATE_NULL);
    g_object_set (second, ports[i], 0, NULL);
    PF_CHECK_INT (gst_element_set_state (second, GST_STATE_READY), ==,
        GST_STATE_CHANGE_SUCCESS);
    gst_element_set_state (second, GST_STATE_NULL);
    gst_element_set_bus (second, NULL);
    gst_object_unref (second);
    gst_object_unref (bus);
  }
  gs_stage_stop (&s);
}

/* Media follow a client whose way changed, and over IPv6 too. */
static void
test_moved (void)
{
  GsClientConfig config;
  GstElement *pipeline;
  GsClientStats stats;
  GsClient *c;
  guint64 id;
  GsStage s;

  gs_stage_start (&s, "::1", NULL);
  id = gs_stage_launch (&s, "::1", NULL, &config);
  c = gs_stage_connect (&s, &config, id, &pipeline, NULL);
  PF_REQUIRE (c != NULL);
  PF_CHECK (gs_client_wait_frames (c, 10, GS_WAIT_MS));
  PF_REQUIRE (gs_client_move (c));
  gs_client_stats (c, &stats);
  PF_CHECK (gs_client_wait_frames (c, stats.frames + 20, GS_WAIT_MS));
  PF_CHECK (gs_client_wait_audio (c, stats.audio + 20, GS_WAIT_MS));
  gs_stage_drop (pipeline);
  gs_client_free (c);
  gs_stage_stop (&s);
}

/* An endpoint of nothing says so. */
static void
test_no_session (void)
{
  static const gchar *const lines[] = {
    "gamestreamrtsp server=nobody session=1",
    "gamestreamrtsp server=gs session=77",
    ("gamestreamrtsp port=0 video-port=0 control-port=0 audio-port=0 "
     "client=nowhere.invalid"),
  };
  GsStage s;

  gs_stage_start (&s, HOME, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (lines); i++) {
    GstElement *e = gst_parse_launch (lines[i], NULL);

    PF_REQUIRE (e != NULL);
    PF_CHECK_INT (gst_element_set_state (e, GST_STATE_PAUSED), ==,
        GST_STATE_CHANGE_FAILURE);
    gst_element_set_state (e, GST_STATE_NULL);
    gst_object_unref (e);
  }
  gs_stage_stop (&s);
}

int
main (int argc, char **argv)
{
  gst_init (NULL, NULL);
  PF_TEST_ADD ("/server/offer", test_offer);
  PF_TEST_ADD ("/server/launch", test_launch);
  PF_TEST_ADD ("/server/two", test_two);
  PF_TEST_ADD ("/server/ends", test_ends);
  PF_TEST_ADD ("/server/shutdown", test_shutdown);
  PF_TEST_ADD ("/server/input", test_input);
  PF_TEST_ADD ("/server/S38/rights", test_rights);
  PF_TEST_ADD ("/server/early", test_early);
  PF_TEST_ADD ("/server/wishes", test_wishes);
  PF_TEST_ADD ("/server/feedback", test_feedback);
  PF_TEST_ADD ("/server/busy", test_busy);
  PF_TEST_ADD ("/server/moved", test_moved);
  PF_TEST_ADD ("/server/no-session", test_no_session);
  return pf_test_run (argc, argv);
}
