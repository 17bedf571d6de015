/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * pffecdec: deadlines and reports under a test clock, settings, flushing,
 * states; and behind pffecenc and the seeded dropper.
 */
#include "fec-dec-common.h"

#include <stdlib.h>
#include <string.h>

#include "pf-bytes.h"

/* ---- Time --------------------------------------------------------------- */

static void
test_deadline (void)
{
  const GstClockTime due = 5 * GST_MSECOND + DEADLINE_MS * GST_MSECOND;
  GstHarness *h = harness (SETTINGS, PACKETS);
  Frame f[3];
  GstEvent *event;
  GstBuffer *b;
  Sender s;

  sender_init (&s, 0, 0);
  s.interval = 15 * GST_MSECOND;
  for (guint i = 0; i < 3; i++)
    f[i] = frame_new (&s, 3 * PAYLOAD);
  gst_harness_set_time (h, 5 * GST_MSECOND);
  push (h, &f[0], 0);
  push (h, &f[0], 2);
  gst_harness_set_time (h, 20 * GST_MSECOND);
  push_all (h, &f[1]);
  PF_CHECK (gst_harness_try_pull (h) == NULL);
  advance_to (h, due - 1);
  PF_CHECK (gst_harness_try_pull (h) == NULL);
  PF_CHECK_UINT (counter (h, "frames-lost"), ==, 0);
  advance_to (h, due);
  b = gst_harness_try_pull (h);
  PF_REQUIRE (b != NULL);
  PF_CHECK_UINT (gst_buffer_get_size (b), ==, 3 * PAYLOAD);
  PF_CHECK (GST_BUFFER_FLAG_IS_SET (b, GST_BUFFER_FLAG_DISCONT));
  /* the last stamp came at 20 ms */
  PF_CHECK_UINT (GST_BUFFER_PTS (b), ==, f[1].pts + due - 20 * GST_MSECOND);
  gst_buffer_unref (b);
  PF_CHECK_UINT (counter (h, "frames-lost"), ==, 1);
  PF_CHECK_UINT (count_gaps (h), ==, 1);
  event = upstream_event (h, "PfFrameLost");
  PF_REQUIRE (event != NULL);
  PF_CHECK_UINT (field (event, "first"), ==, 0);
  PF_CHECK_UINT (field (event, "last"), ==, 0);
  gst_event_unref (event);
  /* what comes now is late, and the stream goes on; its stamps do not go
   * back */
  push (h, &f[0], 1);
  PF_CHECK_UINT (stats_field (h, "dropped-late"), ==, 1);
  push_all (h, &f[2]);
  b = gst_harness_try_pull (h);
  PF_REQUIRE (b != NULL);
  PF_CHECK (!GST_BUFFER_FLAG_IS_SET (b, GST_BUFFER_FLAG_DISCONT));
  PF_CHECK_UINT (GST_BUFFER_PTS (b), ==, f[1].pts + due - 20 * GST_MSECOND);
  gst_buffer_unref (b);
  for (guint i = 0; i < 3; i++)
    frame_clear (&f[i]);
  gst_harness_teardown (h);
}

/* Once a later frame is whole the wait is a short one. */
static void
test_overtaken (void)
{
  GstHarness *h =
      harness ("shard-payload=256 deadline-us=50000 overtake-us=7000", PACKETS);
  Frame f[5];
  Sender s;

  sender_init (&s, 0, 0);
  s.interval = 15 * GST_MSECOND;
  for (guint i = 0; i < 5; i++)
    f[i] = frame_new (&s, 3 * PAYLOAD);
  push_all (h, &f[0]);
  expect_frame (h, &f[0], TRUE);
  gst_harness_set_time (h, 5 * GST_MSECOND);
  push (h, &f[1], 0);
  push (h, &f[1], 2);
  gst_harness_set_time (h, 20 * GST_MSECOND);
  push_all (h, &f[2]);
  advance_to (h, 27 * GST_MSECOND - 1);
  PF_CHECK (gst_harness_try_pull (h) == NULL);
  advance_to (h, 27 * GST_MSECOND);
  PF_CHECK_UINT (counter (h, "frames-lost"), ==, 1);
  expect_frame (h, &f[2], TRUE);
  /* what is only late is waited for, and comes in order */
  gst_harness_set_time (h, 40 * GST_MSECOND);
  push (h, &f[3], 0);
  push (h, &f[3], 1);
  push_all (h, &f[4]);
  advance_to (h, 46 * GST_MSECOND);
  PF_CHECK (gst_harness_try_pull (h) == NULL);
  push (h, &f[3], 2);
  expect_frame (h, &f[3], FALSE);
  expect_frame (h, &f[4], FALSE);
  PF_CHECK_UINT (counter (h, "frames-lost"), ==, 1);
  for (guint i = 0; i < 5; i++)
    frame_clear (&f[i]);
  gst_harness_teardown (h);
}

/* Stamps that run ahead of the clock keep the deadline too. */
static void
test_deadline_by_stamps (void)
{
  GstHarness *h = harness (SETTINGS, PACKETS);
  Frame f[6];
  Sender s;

  sender_init (&s, 0, 0);
  for (guint i = 0; i < 6; i++)
    f[i] = frame_new (&s, 3 * PAYLOAD);
  push (h, &f[0], 0);
  for (guint i = 1; i < 4; i++)
    push_all (h, &f[i]); /* up to 48 ms */
  PF_CHECK (gst_harness_try_pull (h) == NULL);
  push (h, &f[4], 0); /* 64 ms */
  for (guint i = 1; i < 4; i++)
    expect_frame (h, &f[i], i == 1);
  PF_CHECK_UINT (counter (h, "frames-lost"), ==, 1);
  /* and the clock goes on from there: f[4] may take 50 ms */
  push_all (h, &f[5]);
  advance_to (h, 34 * GST_MSECOND - 1);
  PF_CHECK (gst_harness_try_pull (h) == NULL);
  advance_to (h, 34 * GST_MSECOND);
  expect_frame (h, &f[5], TRUE);
  for (guint i = 0; i < 6; i++)
    frame_clear (&f[i]);
  gst_harness_teardown (h);
}

/* A long deadline holds for more frames than usually wait. */
static void
test_deadline_long (void)
{
  enum { N = 200 };
  GstHarness *h =
      harness ("shard-payload=256 deadline-us=4000000 overtake-us=0", PACKETS);
  GstStructure *stats;
  guint window = 0;
  Frame f[N];
  Sender s;

  sender_init (&s, 0, 0);
  s.interval = 16 * GST_MSECOND;
  for (guint i = 0; i < N; i++)
    f[i] = frame_new (&s, 3 * PAYLOAD);
  push (h, &f[0], 0);
  push (h, &f[0], 1);
  for (guint i = 1; i < N; i++)
    push_all (h, &f[i]);
  PF_CHECK (gst_harness_try_pull (h) == NULL);
  g_object_get (h->element, "stats", &stats, NULL);
  PF_CHECK (gst_structure_get_uint (stats, "window", &window));
  PF_CHECK_UINT (window, >=, N);
  gst_structure_free (stats);
  push (h, &f[0], 2);
  PF_CHECK_UINT (counter (h, "frames"), ==, N);
  PF_CHECK_UINT (counter (h, "frames-lost"), ==, 0);
  for (guint i = 0; i < N; i++)
    frame_clear (&f[i]);
  gst_harness_teardown (h);
}

/* An exchanged clock neither gives frames up nor holds them up. */
static void
test_clock_change (void)
{
  GstHarness *h = harness (SETTINGS, PACKETS);
  GstClock *clock = gst_test_clock_new_with_start_time (1000 * GST_SECOND);
  GstClockID id;
  Frame f[2];
  Sender s;

  sender_init (&s, 0, 0);
  s.interval = 0;
  f[0] = frame_new (&s, 3 * PAYLOAD);
  f[1] = frame_new (&s, 3 * PAYLOAD);
  gst_harness_set_time (h, 40 * GST_MSECOND);
  push (h, &f[0], 0);
  push_all (h, &f[1]);
  gst_element_set_clock (h->element, clock);
  push (h, &f[0], 1);
  PF_CHECK (gst_harness_try_pull (h) == NULL);
  PF_CHECK_UINT (counter (h, "frames-lost"), ==, 0);
  gst_test_clock_wait_for_next_pending_id (GST_TEST_CLOCK (clock), &id);
  PF_CHECK_UINT (gst_clock_id_get_time (id), ==,
      1000 * GST_SECOND + DEADLINE_MS * GST_MSECOND);
  gst_clock_id_unref (id);
  PF_CHECK (gst_test_clock_crank (GST_TEST_CLOCK (clock)));
  gst_buffer_unref (gst_harness_pull (h));
  gst_test_clock_wait_for_next_pending_id (GST_TEST_CLOCK (clock), NULL);
  PF_CHECK_UINT (counter (h, "frames"), ==, 1);
  frame_clear (&f[0]);
  frame_clear (&f[1]);
  gst_harness_teardown (h);
  gst_object_unref (clock);
}

static guint
next_ppm (GstHarness *h)
{
  GstEvent *event = upstream_event (h, "PfLossReport");
  guint ppm = G_MAXUINT;

  if (event) {
    ppm = field (event, "ppm");
    gst_event_unref (event);
  }
  return ppm;
}

/* Every 750 ms, also when nothing comes any more. */
static void
test_reports (void)
{
  GstHarness *h = harness (SETTINGS, PACKETS);
  Frame f;
  Sender s;

  sender_init (&s, 0, 100);
  s.interval = 0;
  f = frame_new (&s, PAYLOAD);
  push_all (h, &f);
  frame_clear (&f);
  PF_CHECK_UINT (next_ppm (h), ==, G_MAXUINT);
  /* one of ten lost and restored; the tenth parity came in its place */
  f = frame_new (&s, 10 * PAYLOAD);
  for (guint i = 1; i < 11; i++)
    push (h, &f, i);
  frame_clear (&f);
  advance_to (h, 749 * GST_MSECOND);
  PF_CHECK_UINT (next_ppm (h), ==, G_MAXUINT);
  advance_to (h, 750 * GST_MSECOND);
  /* 1 of 10 + 1 and what the first frame had behind the window's start */
  {
    const guint ppm = next_ppm (h);

    PF_CHECK_UINT (ppm, >=, 80000);
    PF_CHECK_UINT (ppm, <=, 100000);
  }
  advance_to (h, 1500 * GST_MSECOND);
  PF_CHECK_UINT (next_ppm (h), ==, 0);
  /* a frame lost */
  f = frame_new (&s, 10 * PAYLOAD);
  push (h, &f, 0);
  frame_clear (&f);
  advance_to (h, 2250 * GST_MSECOND);
  PF_CHECK_UINT (next_ppm (h), ==, 50000);
  PF_CHECK_UINT (stats_field (h, "reports"), ==, 3);
  gst_harness_teardown (h);
}

/* No time is added to that of the elements before. */
static void
test_latency (void)
{
  GstHarness *h = harness (SETTINGS, PACKETS);

  gst_harness_set_upstream_latency (h, 7 * GST_MSECOND);
  PF_CHECK_UINT (gst_harness_query_latency (h), ==, 7 * GST_MSECOND);
  gst_harness_teardown (h);
}

/* ---- The life of a stream ----------------------------------------------- */

static void
test_eos (void)
{
  GstHarness *h = harness (SETTINGS, PACKETS);
  Frame f[2];
  Sender s;

  sender_init (&s, 0, 0);
  f[0] = frame_new (&s, 3 * PAYLOAD);
  f[1] = frame_new (&s, 3 * PAYLOAD);
  push (h, &f[0], 0);
  push_all (h, &f[1]);
  PF_CHECK (gst_harness_try_pull (h) == NULL);
  PF_CHECK (gst_harness_push_event (h, gst_event_new_eos ()));
  expect_frame (h, &f[1], TRUE);
  PF_CHECK_UINT (counter (h, "frames-lost"), ==, 1);
  frame_clear (&f[0]);
  frame_clear (&f[1]);
  gst_harness_teardown (h);
}

static void
flush (GstHarness *h)
{
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  PF_CHECK (gst_harness_push_event (h, gst_event_new_flush_start ()));
  PF_CHECK (gst_harness_push_event (h, gst_event_new_flush_stop (TRUE)));
  PF_CHECK (gst_harness_push_event (h, gst_event_new_segment (&segment)));
}

static void
test_flush (void)
{
  GstHarness *h = harness (SETTINGS, PACKETS);
  Frame f[3];
  Sender s;

  sender_init (&s, 0, 0);
  for (guint i = 0; i < 3; i++)
    f[i] = frame_new (&s, 3 * PAYLOAD);
  push (h, &f[0], 0);
  push_all (h, &f[1]);
  flush (h);
  PF_CHECK (gst_harness_try_pull (h) == NULL);
  /* from the wait of before, and none of its frames */
  advance_to (h, 200 * GST_MSECOND);
  PF_CHECK (gst_harness_try_pull (h) == NULL);
  PF_CHECK_UINT (counter (h, "frames-lost"), ==, 0);
  push_all (h, &f[0]);
  push_all (h, &f[1]);
  push_all (h, &f[2]);
  for (guint i = 0; i < 3; i++) {
    expect_frame (h, &f[i], i == 0);
    frame_clear (&f[i]);
  }
  gst_harness_teardown (h);
}

/* A segment alone leaves frames as they are; the next one is marked. */
static void
test_segment (void)
{
  GstHarness *h = harness (SETTINGS, PACKETS);
  GstSegment segment;
  Frame f[3];
  Sender s;

  sender_init (&s, 0, 0);
  gst_segment_init (&segment, GST_FORMAT_TIME);
  for (guint i = 0; i < 3; i++) {
    f[i] = frame_new (&s, 3 * PAYLOAD);
    if (i == 2)
      gst_harness_push_event (h, gst_event_new_segment (&segment));
    push_all (h, &f[i]);
    expect_frame (h, &f[i], i != 1);
    frame_clear (&f[i]);
  }
  PF_CHECK_UINT (counter (h, "frames-lost"), ==, 0);
  gst_harness_teardown (h);
}

/* Frames that a flush took, soon after the stream began, or before the caps
 * came, are not lost. */
static void
test_early_flush (void)
{
  for (guint before = 0; before < 2; before++) {
    GstHarness *h = gst_harness_new ("pffecdec");
    GstCaps *caps = gst_caps_from_string (PACKETS);
    GstSegment segment;
    Frame f[4];
    Sender s;

    g_object_set (
        h->element, "shard-payload", PAYLOAD, "deadline-us", 50000, NULL);
    gst_harness_set_sink_caps_str (h, H264);
    gst_harness_play (h);
    sender_init (&s, 0, 0);
    for (guint i = 0; i < 4; i++)
      f[i] = frame_new (&s, 3 * PAYLOAD);
    gst_segment_init (&segment, GST_FORMAT_TIME);
    gst_harness_push_event (h, gst_event_new_stream_start ("test"));
    if (!before) {
      gst_harness_push_event (h, gst_event_new_caps (caps));
      gst_harness_push_event (h, gst_event_new_segment (&segment));
      push_all (h, &f[0]);
      gst_buffer_unref (gst_harness_pull (h));
    }
    flush (h);
    gst_harness_push_event (h, gst_event_new_caps (caps));
    gst_harness_push_event (h, gst_event_new_segment (&segment));
    push_all (h, &f[2]);
    push_all (h, &f[3]);
    expect_frame (h, &f[2], TRUE);
    expect_frame (h, &f[3], FALSE);
    PF_CHECK_UINT (counter (h, "frames-lost"), ==, 0);
    for (guint i = 0; i < 4; i++)
      frame_clear (&f[i]);
    gst_caps_unref (caps);
    gst_harness_teardown (h);
  }
}

static void
push_caps (GstHarness *h, const gchar *text)
{
  GstCaps *caps = gst_caps_from_string (text);

  PF_CHECK (gst_harness_push_event (h, gst_event_new_caps (caps)));
  gst_caps_unref (caps);
}

/* Other packets: what was on its way is given up first. */
static void
test_caps_change (void)
{
  GstHarness *h = harness (SETTINGS, PACKETS);
  Frame f[2];
  Sender s;

  sender_init (&s, 0, 0);
  f[0] = frame_new (&s, 3 * PAYLOAD);
  f[1] = frame_new (&s, 3 * PAYLOAD);
  push (h, &f[0], 0);
  /* the form alone changes nothing */
  push_caps (h, BLOCKS);
  push (h, &f[0], 1);
  push (h, &f[0], 2);
  expect_frame (h, &f[0], TRUE);
  push (h, &f[1], 0);
  push_caps (h, "application/x-pf-packet,wire=punktfunk1,fec=gf8,sealed=false");
  PF_CHECK_UINT (counter (h, "packets"), ==, 4);
  push (h, &f[1], 1);
  PF_CHECK_UINT (counter (h, "frames"), ==, 1);
  PF_CHECK_UINT (counter (h, "frames-lost"), ==, 1);
  /* a packet of the other field */
  PF_CHECK_UINT (stats_field (h, "dropped-range"), ==, 1);
  frame_clear (&f[0]);
  frame_clear (&f[1]);
  gst_harness_teardown (h);
}

/* States change under a stream with gaps in it, from another thread. */
static void
test_states (void)
{
  GstHarness *h = harness (SETTINGS, PACKETS);
  GstElement *e = gst_element_factory_make ("pffecdec", NULL);
  GstHarnessThread *states, *packets;
  GstSegment segment;
  GstBuffer *b;
  GstCaps *caps = gst_caps_from_string (PACKETS);
  Frame f;
  Sender s;

  sender_init (&s, 0, 20);
  f = frame_new (&s, 3 * PAYLOAD);
  b = packet_new (&f, 0);
  gst_segment_init (&segment, GST_FORMAT_TIME);
  states = gst_harness_stress_statechange_start_full (h, 500);
  packets =
      gst_harness_stress_push_buffer_start_full (h, caps, &segment, b, 100);
  g_usleep (400 * 1000);
  gst_harness_stress_thread_stop (packets);
  gst_harness_stress_thread_stop (states);
  gst_buffer_unref (b);
  gst_caps_unref (caps);
  frame_clear (&f);
  gst_harness_teardown (h);
  for (guint i = 0; i < 20; i++) {
    PF_CHECK_INT (gst_element_set_state (e, GST_STATE_PLAYING), ==,
        GST_STATE_CHANGE_SUCCESS);
    PF_CHECK_INT (
        gst_element_set_state (e, i % 2 ? GST_STATE_NULL : GST_STATE_READY), ==,
        GST_STATE_CHANGE_SUCCESS);
  }
  gst_element_set_state (e, GST_STATE_NULL);
  gst_object_unref (e);
}

/* READY forgets the stream and its counters. */
static void
test_restart (void)
{
  GstHarness *h = harness (SETTINGS, PACKETS);
  Sender s;

  for (guint i = 0; i < 4; i++) {
    Frame f;

    sender_init (&s, 0, 0);
    f = frame_new (&s, 3 * PAYLOAD);
    push (h, &f, i % 3);
    PF_CHECK_UINT (counter (h, "packets"), ==, 1);
    gst_element_set_state (h->element, GST_STATE_READY);
    gst_element_set_state (h->element, GST_STATE_PLAYING);
    PF_CHECK_UINT (counter (h, "packets"), ==, 0);
    gst_harness_set_src_caps_str (h, PACKETS);
    frame_clear (&f);
  }
  gst_harness_teardown (h);
}

/* ---- Negotiation -------------------------------------------------------- */

/* With what follows taking sink caps (NULL: anything); the caps that come
 * out, or the error's word. */
static void
negotiate (const gchar *settings, const gchar *sink, const gchar *source,
    const gchar *media, const gchar *word)
{
  gchar *line = g_strdup_printf ("pffecdec %s", settings);
  GstElement *e = gst_parse_launch (line, NULL);
  GstHarness *h = gst_harness_new_with_element (e, "sink", "src");
  GstBus *bus = gst_bus_new ();
  GstSegment segment;
  GError *error;
  GstCaps *caps;
  Frame f;
  Sender s;

  gst_element_set_bus (e, bus);
  if (sink)
    gst_harness_set_sink_caps_str (h, sink);
  sender_init (&s, 0, 0);
  f = frame_new (&s, 10);
  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_harness_play (h);
  gst_pad_push_event (h->srcpad, gst_event_new_stream_start ("test"));
  caps = gst_caps_from_string (source);
  gst_pad_push_event (h->srcpad, gst_event_new_caps (caps));
  gst_caps_unref (caps);
  gst_pad_push_event (h->srcpad, gst_event_new_segment (&segment));
  PF_CHECK_INT (gst_pad_push (h->srcpad, packet_new (&f, 0)), ==,
      word ? GST_FLOW_NOT_NEGOTIATED : GST_FLOW_OK);
  error = pop_error (bus);
  caps = gst_pad_get_current_caps (h->sinkpad);
  if (word) {
    PF_REQUIRE (error != NULL);
    PF_CHECK (
        g_error_matches (error, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_SETTINGS));
    PF_CHECK (strstr (error->message, word) != NULL);
    g_clear_error (&error);
    PF_CHECK (pop_error (bus) == NULL);
    PF_CHECK (caps == NULL);
  } else {
    PF_CHECK (error == NULL);
    PF_REQUIRE (caps != NULL);
    PF_CHECK (gst_structure_has_name (gst_caps_get_structure (caps, 0), media));
    gst_caps_unref (caps);
  }
  gst_element_set_bus (e, NULL);
  gst_object_unref (bus);
  gst_object_unref (e);
  frame_clear (&f);
  gst_harness_teardown (h);
  g_free (line);
}

static void
test_media (void)
{
  negotiate (SETTINGS, H264, PACKETS, "video/x-h264", NULL);
  negotiate (SETTINGS, "video/x-h265", PACKETS, "video/x-h265", NULL);
  negotiate (SETTINGS " caps=video/x-h265", NULL, BLOCKS, "video/x-h265", NULL);
  negotiate (SETTINGS, NULL, PACKETS, NULL, "caps=video/x-h264");
  negotiate (SETTINGS, "video/x-h264; video/x-av1", PACKETS, NULL,
      "caps=video/x-h264");
  negotiate (SETTINGS " caps=audio/x-raw", NULL, PACKETS, NULL, "caps");
  negotiate ("shard-payload=255", H264, PACKETS, NULL, "shard-payload");
  negotiate (
      SETTINGS " memory-budget=5000", H264, PACKETS, NULL, "memory-budget");
}

static void
test_allocation (void)
{
  GstHarness *h = harness (SETTINGS, BLOCKS);
  GstCaps *caps = gst_caps_from_string (BLOCKS);
  const PfBlockWish wish = pf_block_ask (h->srcpad, caps);

  PF_CHECK (wish.blocks);
  PF_CHECK_UINT (wish.prefix, ==, 0);
  PF_CHECK_UINT (wish.padding, ==, 0);
  gst_caps_unref (caps);
  gst_harness_teardown (h);
}

/* Sealed packets cannot come in. */
static void
test_link (void)
{
  GstElement *bin = gst_pipeline_new (NULL);
  GstElement *src = gst_element_factory_make ("capsfilter", NULL);
  GstElement *dec = gst_element_factory_make ("pffecdec", NULL);
  GstCaps *caps = gst_caps_from_string (
      "application/x-pf-packet,wire=punktfunk1,fec=gf16,sealed=true");

  g_object_set (src, "caps", caps, NULL);
  gst_bin_add_many (GST_BIN (bin), src, dec, NULL);
  PF_CHECK (!gst_element_link (src, dec));
  gst_caps_unref (caps);
  caps = gst_caps_from_string (PACKETS);
  g_object_set (src, "caps", caps, NULL);
  PF_CHECK (gst_element_link (src, dec));
  gst_caps_unref (caps);
  gst_object_unref (bin);
}

/* ---- Behind the encoder and a bad network ------------------------------- */

typedef struct {
  const char *name, *enc, *drop, *dec;
  gboolean all;     /* no frame may be lost */
  gboolean at_once; /* the clock stands still */
} Network;

static void
test_network (const void *data)
{
  enum { N = 300 };
  const Network *net = data;
  gchar *line =
      g_strdup_printf ("pffecenc shard-payload=256 max-block=30 %s ! "
                       "pftestdrop name=drop shard-payload=256 max-block=30 "
                       "seed=%u %s ! pffecdec name=dec shard-payload=256 "
                       "max-block=30 deadline-us=50000 "
                       "overtake-us=0 %s",
          net->enc, 1 + (guint) pf_test_random_below (1000000), net->drop,
          net->dec);
  GstElement *bin = gst_parse_bin_from_description (line, TRUE, NULL);
  GstElement *drop, *dec;
  guint64 lost, frames, expected, dropped, seen, bad;
  GstHarness *h;
  guint got = 0;
  GstBuffer *b;

  PF_REQUIRE (bin != NULL);
  h = gst_harness_new_with_element (bin, "sink", "src");
  gst_harness_set_sink_caps_str (h, H264);
  gst_harness_set_src_caps_str (h, H264);
  drop = gst_bin_get_by_name (GST_BIN (bin), "drop");
  dec = gst_bin_get_by_name (GST_BIN (bin), "dec");
  for (guint i = 0; i < N; i++) {
    const gsize size = 4 + pf_test_random_below (20000);
    guint8 *unit = g_malloc (size);

    /* the first and the last frame tell where the stream begins and ends */
    if (i == N - 1)
      g_object_set (
          drop, "loss-ppm", 0, "duplicate-ppm", 0, "reorder-ppm", 0, NULL);
    pf_test_random_bytes (unit, size);
    pf_put_le32 (unit, i);
    b = gst_buffer_new_wrapped (unit, size);
    GST_BUFFER_PTS (b) = i * 16 * GST_MSECOND;
    PF_REQUIRE_INT (gst_harness_push (h, b), ==, GST_FLOW_OK);
    if (i > 0 && !net->at_once)
      advance_to (h, i * 16 * GST_MSECOND);
  }
  PF_CHECK (gst_harness_push_event (h, gst_event_new_eos ()));
  g_object_get (drop, "expected-lost", &expected, "dropped", &dropped, "frames",
      &seen, NULL);
  g_object_get (
      dec, "frames-lost", &lost, "frames", &frames, "dropped", &bad, NULL);
  PF_CHECK_UINT (seen, ==, N);
  PF_CHECK_UINT (lost, ==, expected);
  PF_CHECK_UINT (frames, ==, N - expected);
  PF_CHECK_UINT (bad, ==, 0);
  PF_CHECK (dropped > 100);
  if (net->all)
    PF_CHECK_UINT (lost, ==, 0);
  else
    PF_CHECK (lost > 0 && lost < N);
  for (gint64 last = -1; (b = gst_harness_try_pull (h)); got++) {
    guint8 number[4];

    PF_CHECK_UINT (gst_buffer_extract (b, 0, number, 4), ==, 4);
    PF_CHECK_INT (pf_get_le32 (number), >, last);
    last = pf_get_le32 (number);
    gst_buffer_unref (b);
  }
  PF_CHECK_UINT (got, ==, frames);
  pf_test_note (
      "%u packets lost, %u of %d frames", (guint) dropped, (guint) lost, N);
  gst_object_unref (drop);
  gst_object_unref (dec);
  gst_object_unref (bin);
  gst_harness_teardown (h);
  g_free (line);
}

static const Network networks[] = {
  { "/fecdec/network/random", "percentage=10", "loss-ppm=50000", "", FALSE,
      FALSE },
  { "/fecdec/network/bursts", "percentage=20", "loss-ppm=50000 burst=6", "",
      FALSE, FALSE },
  { "/fecdec/network/all", "percentage=100 minimum-parity=6", "loss-ppm=50000",
      "", TRUE, FALSE },
  { "/fecdec/network/gf8", "fec=gf8 percentage=10", "loss-ppm=50000", "", FALSE,
      FALSE },
  { "/fecdec/network/gamestream", "wire=gamestream fec=gf8 percentage=10",
      "loss-ppm=50000", "", FALSE, FALSE },
  { "/fecdec/network/disorder", "percentage=10",
      "loss-ppm=30000 duplicate-ppm=50000 reorder-ppm=50000", "", FALSE,
      FALSE },
  { "/fecdec/network/at-once", "percentage=10",
      "loss-ppm=50000 reorder-ppm=50000", "", FALSE, TRUE },
  { "/fecdec/network/no-fec", "fec=none", "loss-ppm=20000", "", FALSE, FALSE },
};

int
main (int argc, char **argv)
{
  gst_init (NULL, NULL);
  PF_TEST_ADD ("/fecdec/deadline", test_deadline);
  PF_TEST_ADD ("/fecdec/overtaken", test_overtaken);
  PF_TEST_ADD ("/fecdec/deadline-by-stamps", test_deadline_by_stamps);
  PF_TEST_ADD ("/fecdec/deadline-long", test_deadline_long);
  PF_TEST_ADD ("/fecdec/clock-change", test_clock_change);
  PF_TEST_ADD ("/fecdec/reports", test_reports);
  PF_TEST_ADD ("/fecdec/latency", test_latency);
  PF_TEST_ADD ("/fecdec/eos", test_eos);
  PF_TEST_ADD ("/fecdec/flush", test_flush);
  PF_TEST_ADD ("/fecdec/segment", test_segment);
  PF_TEST_ADD ("/fecdec/early-flush", test_early_flush);
  PF_TEST_ADD ("/fecdec/caps-change", test_caps_change);
  PF_TEST_ADD ("/fecdec/states", test_states);
  PF_TEST_ADD ("/fecdec/restart", test_restart);
  PF_TEST_ADD ("/fecdec/media", test_media);
  PF_TEST_ADD ("/fecdec/allocation", test_allocation);
  PF_TEST_ADD ("/fecdec/link", test_link);
  for (guint i = 0; i < G_N_ELEMENTS (networks); i++)
    pf_test_add_data (networks[i].name, test_network, &networks[i]);
  return pf_test_run (argc, argv);
}
