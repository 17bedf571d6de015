/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * pffecdec in a session: its endpoint says what packets and frames are, also
 * when that changes; what comes before a session is dropped; wishes go up in
 * the form that is documented; filler of a speed test; copies forbidden.
 */
#include "fec-dec-common.h"

#include <string.h>

#include "endpoint.h"
#include "pf-events.h"

#define H265 "video/x-h265,stream-format=byte-stream,alignment=au"

/* A receiver whose settings are wrong and whose endpoint knows better. */
static GstHarness *
session_harness (Endpoint *e)
{
  g_autofree gchar *line = g_strdup_printf ("pffecdec shard-payload=1000");
  GstElement *element = gst_object_ref_sink (gst_parse_launch (line, NULL));
  GstHarness *h = gst_harness_new_with_element (element, "sink", "src");
  GstPad *asks = gst_element_get_static_pad (element, "sink");

  gst_object_unref (element);
  endpoint_init (e, asks);
  gst_object_unref (asks);
  e->params.packets.shard_payload = PAYLOAD;
  e->params.packets.max_block = 30;
  e->params.packets.percent = 50;
  e->params.media = gst_caps_from_string (H265);
  return h;
}

static void
params_changed (GstHarness *h)
{
  gst_harness_push_event (h, pf_event_new_params_changed (FALSE));
}

static const gchar *
media_name (GstHarness *h)
{
  g_autoptr (GstCaps) caps = gst_pad_get_current_caps (h->sinkpad);

  return caps ? gst_structure_get_name (gst_caps_get_structure (caps, 0))
              : NULL;
}

static void
check_frames (GstHarness *h, Sender *s, guint n, gboolean discont)
{
  for (guint i = 0; i < n; i++) {
    Frame f = frame_new (s, 5000);

    push_all (h, &f);
    expect_frame (h, &f, i == 0 && discont);
    frame_clear (&f);
  }
}

static void
test_session_holds (void)
{
  Endpoint e;
  GstHarness *h = session_harness (&e);
  Sender s;

  sender_init (&s, 30, 50);
  endpoint_set_state (&e, PF_SESSION_READY);
  gst_harness_set_src_caps_str (h, PACKETS);
  PF_CHECK_UINT (e.asked, ==, 1);
  PF_CHECK_STR (media_name (h), "video/x-h265");
  check_frames (h, &s, 3, TRUE);
  /* other media, the same packets: the stream goes on */
  gst_caps_replace (&e.params.media, NULL);
  e.params.media = gst_caps_from_string (H264);
  params_changed (h);
  PF_CHECK_UINT (e.asked, ==, 1);
  check_frames (h, &s, 3, FALSE);
  PF_CHECK_UINT (e.asked, ==, 2);
  PF_CHECK_UINT (e.secrets, ==, 0);
  PF_CHECK_STR (media_name (h), "video/x-h264");
  /* swallowed here */
  {
    GstEvent *event;

    while ((event = gst_harness_try_pull_event (h))) {
      PF_CHECK (!pf_event_is_params_changed (event));
      gst_event_unref (event);
    }
  }
  PF_CHECK_UINT (counter (h, "frames-lost"), ==, 0);
  gst_harness_teardown (h);
  endpoint_clear (&e);
}

/* Packets of another size from some frame on. */
static void
test_session_other_size (void)
{
  Endpoint e;
  GstHarness *h = session_harness (&e);
  PfWireConfig config;
  Sender s;

  sender_init (&s, 30, 50);
  endpoint_set_state (&e, PF_SESSION_READY);
  gst_harness_set_src_caps_str (h, PACKETS);
  check_frames (h, &s, 3, TRUE);
  config = s.wire.config;
  config.shard_payload = 512;
  PF_REQUIRE_INT (pf_wire_sender_change (&s.wire, &config), ==, 0);
  e.params.packets.shard_payload = 512;
  params_changed (h);
  check_frames (h, &s, 3, FALSE);
  PF_CHECK_UINT (counter (h, "frames-lost"), ==, 0);
  PF_CHECK_UINT (counter (h, "frames"), ==, 6);
  gst_harness_teardown (h);
  endpoint_clear (&e);
}

static void
test_session_pending (void)
{
  Endpoint e;
  GstHarness *h = session_harness (&e);

  gst_harness_set_src_caps_str (h, PACKETS);
  for (guint session = 0; session < 2; session++) {
    Sender s;
    Frame f;

    /* numbers begin anew with every session */
    sender_init (&s, 30, 50);
    endpoint_set_state (&e, PF_SESSION_PENDING);
    params_changed (h);
    f = frame_new (&s, PAYLOAD);
    push_all (h, &f);
    PF_CHECK_UINT (gst_harness_buffers_in_queue (h), ==, 0);
    PF_CHECK_UINT (counter (h, "pending"), ==, f.made.n * (session + 1));
    PF_CHECK (session == 1 || !gst_pad_has_current_caps (h->sinkpad));
    frame_clear (&f);
    endpoint_set_state (&e, PF_SESSION_READY);
    params_changed (h);
    sender_init (&s, 30, 50);
    check_frames (h, &s, 3, FALSE || session == 0);
  }
  PF_CHECK_UINT (counter (h, "frames"), ==, 6);
  PF_CHECK_UINT (counter (h, "frames-lost"), ==, 0);
  gst_harness_teardown (h);
  endpoint_clear (&e);
}

static void
test_session_refused (void)
{
  for (guint i = 0; i < 4; i++) {
    Endpoint e;
    GstHarness *h = session_harness (&e);
    GstBus *bus = gst_bus_new ();
    GError *error;
    Sender s;
    Frame f;

    sender_init (&s, 30, 50);
    gst_element_set_bus (h->element, bus);
    endpoint_set_state (&e, i == 0 ? PF_SESSION_BAD : PF_SESSION_READY);
    if (i == 1)
      pf_session_params_set_wire (&e.params, "gamestream");
    if (i == 2) {
      gst_caps_unref (e.params.media);
      e.params.media = gst_caps_from_string ("audio/x-opus");
    }
    if (i == 3) {
      /* good at first, then nonsense: the old terms end */
      gst_harness_set_src_caps_str (h, PACKETS);
      check_frames (h, &s, 1, TRUE);
      endpoint_set_state (&e, PF_SESSION_BAD);
      params_changed (h);
    } else {
      gst_harness_set_src_caps_str (h, PACKETS);
    }
    f = frame_new (&s, 5000);
    for (guint n = 0; n < 3; n++)
      PF_CHECK_INT (gst_harness_push (h, packet_new (&f, n)), ==,
          GST_FLOW_NOT_NEGOTIATED);
    frame_clear (&f);
    error = pop_error (bus);
    PF_CHECK (error != NULL);
    g_clear_error (&error);
    error = pop_error (bus);
    PF_CHECK (error == NULL);
    g_clear_error (&error);
    gst_element_set_bus (h->element, NULL);
    gst_object_unref (bus);
    gst_harness_teardown (h);
    endpoint_clear (&e);
  }
}

/* ---- What goes up -------------------------------------------------------------- */

static void
test_wishes (void)
{
  GstHarness *h = harness (SETTINGS, PACKETS);
  gboolean lost_seen = FALSE, report_seen = FALSE;
  PfLossReport report;
  PfFrames lost;
  GstEvent *event;
  Sender s;

  sender_init (&s, 30, 0);
  for (guint i = 0; i < 60; i++) {
    Frame f = frame_new (&s, 5000);

    for (guint n = 0; n < f.made.n; n++)
      if (i != 7 || n != 3)
        push (h, &f, n);
    frame_clear (&f);
    advance_to (h, (i + 1) * 16 * GST_MSECOND);
  }
  while ((event = gst_harness_try_pull_upstream_event (h))) {
    if (pf_event_parse_frame_lost (event, &lost)) {
      lost_seen = TRUE;
      PF_CHECK_UINT (lost.first, ==, 7);
      PF_CHECK_UINT (lost.last, ==, 7);
    }
    if (pf_event_parse_loss_report (event, &report)) {
      report_seen = TRUE;
      PF_CHECK_UINT (report.ppm, ==, 50000);
      PF_CHECK_UINT (report.frames_lost, ==, 1);
    }
    gst_event_unref (event);
  }
  PF_CHECK (lost_seen);
  PF_CHECK (report_seen);
  gst_harness_teardown (h);
}

/* ---- Speed test ------------------------------------------------------------------ */

/* Filler is counted, with its time, and not handed out, whether it counts its
 * frames together with video or apart. */
static void
test_filler (void)
{
  for (guint shared = 0; shared < 2; shared++) {
    Endpoint e;
    GstHarness *h = session_harness (&e);
    PfWireConfig config;
    guint64 packets = 0, bytes = 0;
    Sender s;

    sender_init (&s, 30, 0);
    config = s.wire.config;
    config.filler_shared = shared;
    PF_REQUIRE_INT (pf_wire_sender_change (&s.wire, &config), ==, 0);
    e.params.packets.filler_shared = shared;
    endpoint_set_state (&e, PF_SESSION_READY);
    gst_harness_set_src_caps_str (h, PACKETS);
    check_frames (h, &s, 1, TRUE);
    for (guint i = 0; i < 20; i++) {
      PfWireFrame frame = { .size = 1200, .flags = PF_WIRE_FILLER };
      static const guint8 zeros[1200];
      WirePackets made;

      gst_harness_set_time (h, i * 5 * GST_MSECOND);
      PF_REQUIRE_INT (wire_packets_make (&s.wire, &frame, zeros, &made), ==, 0);
      for (guint n = 0; n < made.n; n++) {
        GstBuffer *b = gst_buffer_new_allocate (NULL, made.size, NULL);

        gst_buffer_fill (b, 0, wire_packet (&made, n), made.size);
        PF_CHECK_INT (gst_harness_push (h, b), ==, GST_FLOW_OK);
        packets++;
        bytes += made.size;
      }
      wire_packets_clear (&made);
      PF_CHECK_UINT (gst_harness_buffers_in_queue (h), ==, 0);
    }
    PF_CHECK_UINT (counter (h, "filler-packets"), ==, packets);
    PF_CHECK_UINT (counter (h, "filler-bytes"), ==, bytes);
    PF_CHECK_UINT (stats_field (h, "filler-packets"), ==, packets);
    PF_CHECK_UINT (stats_field (h, "filler-us"), ==, 19 * 5000);
    check_frames (h, &s, 3, FALSE);
    PF_CHECK_UINT (counter (h, "frames-lost"), ==, 0);
    gst_harness_teardown (h);
    endpoint_clear (&e);
  }
}

/* ---- Copies ---------------------------------------------------------------------- */

static void
test_forbid_copy (void)
{
  for (guint forbid = 0; forbid < 2; forbid++) {
    GstHarness *h =
        harness (forbid ? SETTINGS " forbid-copy=true" : SETTINGS, PACKETS);
    GstBus *bus = gst_bus_new ();
    GError *error;
    GstBuffer *b, *part;
    Sender s;
    Frame f;

    gst_element_set_bus (h->element, bus);
    sender_init (&s, 30, 0);
    check_frames (h, &s, 3, TRUE);
    PF_CHECK_UINT (counter (h, "copies"), ==, 0);
    f = frame_new (&s, 100);
    b = packet_new (&f, 0);
    part = gst_buffer_copy_region (b, GST_BUFFER_COPY_MEMORY, 100, -1);
    gst_buffer_resize (b, 0, 100);
    b = gst_buffer_append (b, part);
    PF_CHECK_UINT (gst_buffer_n_memory (b), ==, 2);
    PF_CHECK_INT (
        gst_harness_push (h, b), ==, forbid ? GST_FLOW_ERROR : GST_FLOW_OK);
    PF_CHECK_UINT (counter (h, "copies"), ==, 1);
    if (!forbid)
      expect_frame (h, &f, FALSE);
    error = pop_error (bus);
    PF_CHECK_INT (error != NULL, ==, forbid);
    PF_CHECK (!forbid || strstr (error->message, "forbid-copy"));
    g_clear_error (&error);
    frame_clear (&f);
    gst_element_set_bus (h->element, NULL);
    gst_object_unref (bus);
    gst_harness_teardown (h);
  }
}

int
main (int argc, char **argv)
{
  gst_init (NULL, NULL);
  PF_TEST_ADD ("/fecdec/session/holds", test_session_holds);
  PF_TEST_ADD ("/fecdec/session/other-size", test_session_other_size);
  PF_TEST_ADD ("/fecdec/session/pending", test_session_pending);
  PF_TEST_ADD ("/fecdec/session/refused", test_session_refused);
  PF_TEST_ADD ("/fecdec/wishes", test_wishes);
  PF_TEST_ADD ("/fecdec/filler", test_filler);
  PF_TEST_ADD ("/fecdec/forbid-copy", test_forbid_copy);
  return pf_test_run (argc, argv);
}
