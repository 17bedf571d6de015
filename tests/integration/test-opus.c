/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * pfopusenc and pfopusdec: each channel's tone comes out of its speaker, time
 * stays, packets have one size. Losses are in test-opus-loss.c.
 */
#include <gst/audio/audio.h>
#include <string.h>

#include "opus-trip.h"
#include "pf-opus-layout.h"
#include "pf-test.h"

/* ---- Tones -------------------------------------------------------------- */

static const struct {
  guint channels;
  const gchar *settings;
} layouts[] = {
  { 1, "" },
  { 2, "" },
  { 2, "layout=high frame-us=2500" },
  { 6, "" },
  { 6, "layout=high frame-us=10000" },
  { 6, "layout=642012453" },
  { 8, "" },
  { 8, "layout=high" },
  { 8, "layout=85301245673 frame-us=20000 application=audio" },
};

static void
test_tones (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (layouts); i++) {
    Trip trip = { .channels = layouts[i].channels,
      .settings = layouts[i].settings };

    trip_tones (&trip, RATE / 2);
    trip_encode (&trip);
    trip_decode (&trip, "pfopusdec");
    PF_CHECK_UINT (trip.n_out, ==, trip.n_in);
    trip_check_speakers (&trip, 25);
    PF_CHECK (trip_signal_to_noise (&trip, 2400, trip.n_in - 480) > 8);
    trip_clear (&trip);
  }
}

static GstBuffer *
all_in_16_bits (const Trip *trip)
{
  const gsize n = trip->n_in * trip->channels;
  gint16 *samples = g_new (gint16, n);
  GstBuffer *b;

  for (gsize i = 0; i < n; i++)
    samples[i] = (gint16) (trip->in[i] * 32767);
  b = gst_buffer_new_wrapped (samples, n * sizeof *samples);
  GST_BUFFER_PTS (b) = 0;
  return b;
}

/* Stock elements understand the caps and the packets, both ways. (opusenc's
 * 7.1 is left out: opusdec has its speakers in the wrong places too.) */
static void
test_stock (void)
{
  static const guint channels[] = { 2, 6, 8 };

  for (guint i = 0; i < G_N_ELEMENTS (channels); i++) {
    Trip trip = { .channels = channels[i], .settings = "" };

    trip_tones (&trip, RATE / 2);
    trip_encode (&trip);
    trip.stock = TRUE;
    trip_decode (&trip, "opusdec phase-inversion=true");
    trip_check_speakers (&trip, 25);
    trip_clear (&trip);
  }
  for (guint i = 0; i < G_N_ELEMENTS (channels) - 1; i++) {
    Trip trip = { .channels = channels[i], .settings = "" };
    GstHarness *h = trip_harness ("opusenc bitrate=400000 frame-size=20 "
                                  "audio-type=restricted-lowdelay");

    trip_tones (&trip, RATE / 2);
    gst_harness_set_src_caps (
        h, trip_raw_caps (trip.channels, GST_AUDIO_NE (S16)));
    PF_CHECK_INT (
        gst_harness_push (h, all_in_16_bits (&trip)), ==, GST_FLOW_OK);
    trip_take_packets (&trip, h);
    gst_harness_teardown (h);
    trip_decode (&trip, "pfopusdec");
    trip_check_speakers (&trip, 25);
    trip_clear (&trip);
  }
}

/* ---- Packets ------------------------------------------------------------ */

/* Hard CBR: bytes as the bitrate says, all the same. */
static void
test_sizes (void)
{
  static const struct {
    guint channels, kbps, us, bytes;
    const gchar *layout;
  } rows[] = {
    { 2, 0, 5000, 80, "normal" },
    { 2, 0, 10000, 160, "normal" },
    { 2, 0, 2500, 40, "normal" },
    { 2, 0, 5000, 320, "high" },
    { 2, 96, 5000, 60, "normal" },
    { 6, 0, 5000, 160, "normal" },
    { 6, 0, 5000, 960, "high" },
    { 8, 0, 5000, 281, "normal" },
    { 8, 0, 10000, 2560, "high" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    gchar *settings = g_strdup_printf ("bitrate-kbps=%u frame-us=%u layout=%s",
        rows[i].kbps, rows[i].us, rows[i].layout);
    Trip trip = { .channels = rows[i].channels, .settings = settings };

    trip_tones (&trip, RATE / 2);
    for (gsize at = 0; at < trip.n_in * trip.channels / 2; at++)
      trip.in[at] = (gfloat) pf_test_random_below (1000) / 1000 - 0.5f;
    trip_encode (&trip);
    PF_CHECK_UINT (trip.n_packets, >, 20);
    for (guint p = 0; p < trip.n_packets; p++)
      PF_CHECK_UINT (gst_buffer_get_size (trip.packets[p]), ==, rows[i].bytes);
    trip_clear (&trip);
    g_free (settings);
  }
}

/* Packets are numbered, and their times are those of the decoded sound. */
static void
test_times (void)
{
  const GstClockTime frame = 5 * GST_MSECOND, ahead = 2500 * GST_USECOND;
  Trip trip = { .channels = 2, .settings = "" };
  GstAudioClippingMeta *clip;
  GstBuffer *last;

  trip_tones (&trip, 100 * FRAME + 77);
  trip_encode (&trip);
  PF_REQUIRE_UINT (trip.n_packets, ==, 101);
  PF_CHECK_UINT (GST_BUFFER_PTS (trip.packets[0]), ==, 0);
  PF_CHECK_UINT (GST_BUFFER_DURATION (trip.packets[0]), ==, frame - ahead);
  clip = gst_buffer_get_audio_clipping_meta (trip.packets[0]);
  PF_REQUIRE (clip != NULL);
  PF_CHECK_UINT (clip->start, ==, 120);
  for (guint i = 0; i < trip.n_packets; i++) {
    PF_CHECK_UINT (GST_BUFFER_OFFSET (trip.packets[i]), ==, i);
    PF_CHECK_UINT (GST_BUFFER_OFFSET_END (trip.packets[i]), ==, i + 1);
    if (i > 0)
      PF_CHECK_UINT (GST_BUFFER_PTS (trip.packets[i]), ==, i * frame - ahead);
    PF_CHECK (i == 0 || i == 100 ||
              !gst_buffer_get_audio_clipping_meta (trip.packets[i]));
  }
  last = trip.packets[100];
  clip = gst_buffer_get_audio_clipping_meta (last);
  PF_REQUIRE (clip != NULL);
  PF_CHECK_UINT (clip->end, ==, 240 - 77 - 120);
  trip_decode (&trip, "pfopusdec");
  PF_CHECK_UINT (trip.n_out, ==, trip.n_in);
  PF_CHECK (trip_signal_to_noise (&trip, 960, trip.n_in - 480) > 12);
  trip_clear (&trip);
}

/* The end of the input comes out though the encoder holds it back. */
static void
test_end (void)
{
  Trip trip = { .channels = 2, .settings = "" };

  trip_tones (&trip, 20 * FRAME);
  trip_encode (&trip);
  PF_CHECK_UINT (trip.n_packets, ==, 21);
  trip_decode (&trip, "pfopusdec");
  PF_CHECK_UINT (trip.n_out, ==, trip.n_in);
  PF_CHECK (trip_signal_to_noise (&trip, trip.n_in - 120, trip.n_in - 24) > 6);
  trip_clear (&trip);
}

/* Timestamps from upstream are kept where it left something out. */
static void
test_hole (void)
{
  Trip trip = { .channels = 2, .settings = "" };
  GstHarness *h;

  trip_tones (&trip, 40 * FRAME);
  h = trip_encoder (&trip);
  for (guint i = 0; i < 40; i++)
    if (i < 10 || i >= 20)
      PF_CHECK_INT (gst_harness_push (h, trip_chunk (&trip, i * FRAME, FRAME)),
          ==, GST_FLOW_OK);
  trip_take_packets (&trip, h);
  PF_REQUIRE_UINT (trip.n_packets, ==, 30);
  PF_CHECK_UINT (GST_BUFFER_PTS (trip.packets[9]), ==, 42500 * GST_USECOND);
  PF_CHECK_UINT (GST_BUFFER_PTS (trip.packets[10]), ==, 97500 * GST_USECOND);
  PF_CHECK (GST_BUFFER_FLAG_IS_SET (trip.packets[10], GST_BUFFER_FLAG_DISCONT));
  PF_CHECK_UINT (GST_BUFFER_OFFSET (trip.packets[10]), ==, 10);
  gst_harness_teardown (h);
  trip_clear (&trip);
}

static void
test_latency (void)
{
  static const struct {
    const gchar *settings;
    GstClockTime added;
  } rows[] = {
    { "", 7500 * GST_USECOND },
    { "frame-us=2500", 5000 * GST_USECOND },
    { "frame-us=11000", 12500 * GST_USECOND },
    { "application=audio frame-us=20000", 26500 * GST_USECOND },
  };
  Trip trip = { .channels = 2, .settings = "" };
  GstHarness *h;

  trip_tones (&trip, 40 * FRAME);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    trip.settings = rows[i].settings;
    h = trip_encoder (&trip);
    gst_harness_set_upstream_latency (h, 3 * GST_MSECOND);
    PF_CHECK_INT (
        gst_harness_push (h, trip_chunk (&trip, 0, 480)), ==, GST_FLOW_OK);
    PF_CHECK_UINT (
        gst_harness_query_latency (h), ==, rows[i].added + 3 * GST_MSECOND);
    gst_harness_teardown (h);
  }
  trip.settings = "";
  trip_encode (&trip);
  h = trip_decoder (&trip, "pfopusdec");
  gst_harness_set_upstream_latency (h, 3 * GST_MSECOND);
  PF_CHECK_INT (
      gst_harness_push (h, gst_buffer_ref (trip.packets[0])), ==, GST_FLOW_OK);
  PF_CHECK_UINT (gst_harness_query_latency (h), ==, 3 * GST_MSECOND);
  gst_harness_teardown (h);
  trip_clear (&trip);
}

static void
test_new_bitrate (void)
{
  Trip trip = { .channels = 2, .settings = "bitrate-kbps=128" };
  GstStructure *stats;
  GstHarness *h;
  guint kbps;

  trip_tones (&trip, 20 * FRAME);
  h = trip_encoder (&trip);
  for (guint i = 0; i < 20; i++) {
    if (i == 10)
      g_object_set (h->element, "bitrate-kbps", 64, NULL);
    PF_CHECK_INT (gst_harness_push (h, trip_chunk (&trip, i * FRAME, FRAME)),
        ==, GST_FLOW_OK);
  }
  trip_take_packets (&trip, h);
  PF_REQUIRE_UINT (trip.n_packets, ==, 20);
  for (guint i = 0; i < 20; i++)
    PF_CHECK_UINT (gst_buffer_get_size (trip.packets[i]), ==, i < 10 ? 80 : 40);
  g_object_get (h->element, "stats", &stats, NULL);
  PF_CHECK (gst_structure_get_uint (stats, "bitrate-kbps", &kbps));
  PF_CHECK_UINT (kbps, ==, 64);
  gst_structure_free (stats);
  gst_harness_teardown (h);
  trip_clear (&trip);
}

static void
test_wrong_layout (void)
{
  static const gchar *const wrong[] = { "layout=surround", "layout=21101",
    "layout=642012344", "layout=85301234567" };

  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++) {
    Trip trip = { .channels = 6, .settings = wrong[i] };
    GstHarness *h;

    trip_tones (&trip, FRAME);
    h = trip_encoder (&trip);
    PF_CHECK_INT (
        gst_harness_push (h, trip_chunk (&trip, 0, FRAME)), !=, GST_FLOW_OK);
    gst_harness_teardown (h);
    trip_clear (&trip);
  }
}

/* ---- States --------------------------------------------------------------- */

/* Up and down with sound in it, in any order. */
static void
test_states (void)
{
  Trip trip = { .channels = 6, .settings = "" };
  GstHarness *enc;

  trip_tones (&trip, 10 * FRAME);
  enc = trip_encoder (&trip);
  for (guint i = 0; i < 3; i++) {
    guint64 packets;

    gst_element_set_state (enc->element, GST_STATE_NULL);
    gst_element_set_state (enc->element, GST_STATE_READY);
    g_object_set (enc->element, "frame-us", 2500 << i, NULL);
    gst_harness_play (enc);
    gst_harness_set_src_caps (enc, trip_raw_caps (6, GST_AUDIO_NE (F32)));
    PF_CHECK_INT (
        gst_harness_push (enc, trip_chunk (&trip, 0, 1000)), ==, GST_FLOW_OK);
    g_object_get (enc->element, "packets", &packets, NULL);
    PF_CHECK_UINT (packets, ==, 1000u / (120u << i));
  }
  gst_harness_teardown (enc);
  trip_clear (&trip);
}

/* ---- Layouts ------------------------------------------------------------ */

static void
test_layouts (void)
{
  static const gchar *const good[] = { "1100", "21101", "642012345",
    "642012453", "660012345", "85301245673", "88001234567", "85376543210" };
  static const gchar *const bad[] = { "", "2", "211", "2110", "211012", "21100",
    "221012", "3210012", "643012345", "652012345", "64201234x", "642112345",
    "642012346", "853012345677", "990123456780" };
  PfOpusLayout layout, back;
  GstCaps *caps, *expected;

  for (guint i = 0; i < G_N_ELEMENTS (good); i++) {
    if (!pf_opus_layout_parse (&layout, good[i])) {
      pf_test_fail (__FILE__, __LINE__, "%s was refused", good[i]);
      continue;
    }
    caps = pf_opus_layout_to_caps (&layout);
    memset (&back, 0xff, sizeof back);
    PF_CHECK (pf_opus_layout_from_caps (&back, caps));
    PF_CHECK_MEM (&layout, &back, sizeof layout);
    gst_caps_unref (caps);
  }
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    if (pf_opus_layout_parse (&layout, bad[i]))
      pf_test_fail (__FILE__, __LINE__, "%s was taken", bad[i]);
  PF_CHECK (!pf_opus_layout_init (&layout, 4, FALSE));

  PF_CHECK (pf_opus_layout_init (&layout, 6, FALSE));
  caps = pf_opus_layout_to_caps (&layout);
  expected = gst_caps_from_string (
      "audio/x-opus,rate=48000,channels=6,channel-mapping-family=1,"
      "stream-count=4,coupled-count=2,"
      "channel-mapping=(int)<0,2,1,4,5,3>");
  PF_CHECK (gst_caps_is_equal (caps, expected));
  gst_caps_unref (caps);
  gst_caps_unref (expected);
}

static void
test_wrong_caps (void)
{
  static const gchar *const wrong[] = {
    "audio/x-opus,channels=6,channel-mapping-family=1",
    "audio/x-opus,channels=6,channel-mapping-family=1,stream-count=4,"
    "coupled-count=2,channel-mapping=(int)<0,1,2,3,4>",
    "audio/x-opus,channels=6,channel-mapping-family=1,stream-count=4,"
    "coupled-count=2,channel-mapping=(int)<0,1,2,3,4,255>",
    "audio/x-opus,channels=6,channel-mapping-family=1,stream-count=4,"
    "coupled-count=3,channel-mapping=(int)<0,1,2,3,4,5>",
    "audio/x-opus,channels=6,channel-mapping-family=0",
    "audio/x-opus,channels=4,channel-mapping-family=1,stream-count=2,"
    "coupled-count=2,channel-mapping=(int)<0,1,2,3>",
    "audio/x-opus,channels=-2,channel-mapping-family=0",
    "audio/x-vorbis,channels=2",
  };
  PfOpusLayout layout;

  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++) {
    GstCaps *caps = gst_caps_from_string (wrong[i]);

    PF_REQUIRE (caps != NULL);
    if (pf_opus_layout_from_caps (&layout, caps))
      pf_test_fail (__FILE__, __LINE__, "%s was taken", wrong[i]);
    gst_caps_unref (caps);
  }
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  PF_TEST_ADD ("/opus/layouts", test_layouts);
  PF_TEST_ADD ("/opus/wrong-caps", test_wrong_caps);
  PF_TEST_ADD ("/opus/tones", test_tones);
  PF_TEST_ADD ("/opus/stock", test_stock);
  PF_TEST_ADD ("/opus/sizes", test_sizes);
  PF_TEST_ADD ("/opus/times", test_times);
  PF_TEST_ADD ("/opus/end", test_end);
  PF_TEST_ADD ("/opus/hole", test_hole);
  PF_TEST_ADD ("/opus/latency", test_latency);
  PF_TEST_ADD ("/opus/new-bitrate", test_new_bitrate);
  PF_TEST_ADD ("/opus/wrong-layout", test_wrong_layout);
  PF_TEST_ADD ("/opus/states", test_states);
  return pf_test_run (argc, argv);
}
