/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * pfopusenc and pfopusdec: each channel's tone comes out of its speaker, time
 * stays, packets have one size, losses are concealed, whatever comes.
 */
#include <gst/audio/audio.h>
#include <gst/check/gstharness.h>
#include <math.h>
#include <string.h>

#include "pf-opus-layout.h"
#include "pf-test.h"

enum { RATE = 48000, FRAME = 240, MAX_PACKETS = 400 };

typedef struct {
  guint channels;
  const gchar *settings; /* of the encoder */
  GstBuffer *packets[MAX_PACKETS];
  guint n_packets;
  GstCaps *caps; /* of the packets */
  gfloat *in, *out;
  gsize n_in, n_out; /* samples of one channel */
  gboolean stock;    /* the decoder, which gives 16 bits */
  guint64 concealed, recovered, late, damaged, resyncs;
} Trip;

static const gchar *
mask_of (guint channels)
{
  return channels == 8   ? ",channel-mask=(bitmask)0xc3f"
         : channels == 6 ? ",channel-mask=(bitmask)0x3f"
         : channels == 2 ? ",channel-mask=(bitmask)0x3"
                         : "";
}

static GstCaps *
raw_caps (guint channels, const gchar *format)
{
  gchar *text = g_strdup_printf (
      "audio/x-raw,format=%s,layout=interleaved,rate=48000,channels=%u%s",
      format, channels, mask_of (channels));
  GstCaps *caps = gst_caps_from_string (text);

  g_free (text);
  return caps;
}

static GstHarness *
harness (const gchar *line)
{
  GstElement *element = gst_object_ref_sink (gst_parse_launch (line, NULL));
  GstHarness *h = gst_harness_new_with_element (element, "sink", "src");

  gst_object_unref (element);
  return h;
}

static GstHarness *
encoder_harness (const Trip *trip)
{
  gchar *line = g_strdup_printf ("pfopusenc %s", trip->settings);
  GstHarness *h = harness (line);

  g_free (line);
  gst_harness_set_src_caps (h, raw_caps (trip->channels, GST_AUDIO_NE (F32)));
  return h;
}

/* Far enough from one another, and whole numbers of them in a second. */
static double
tone_of (guint channel)
{
  return 400.0 + 300.0 * channel;
}

static void
make_tones (Trip *trip, gsize samples)
{
  trip->n_in = samples;
  trip->in = g_new (gfloat, samples * trip->channels);
  for (gsize i = 0; i < samples; i++)
    for (guint c = 0; c < trip->channels; c++)
      trip->in[i * trip->channels + c] =
          (gfloat) (0.3 * sin (2 * G_PI * tone_of (c) * (double) i / RATE));
}

static GstBuffer *
chunk (const Trip *trip, gsize from, gsize n)
{
  const gsize size = sizeof (gfloat) * trip->channels;
  GstBuffer *b = gst_buffer_new_allocate (NULL, n * size, NULL);

  gst_buffer_fill (b, 0, trip->in + from * trip->channels, n * size);
  GST_BUFFER_PTS (b) = gst_util_uint64_scale (from, GST_SECOND, RATE);
  GST_BUFFER_DURATION (b) = gst_util_uint64_scale (n, GST_SECOND, RATE);
  return b;
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

static void
take_packets (Trip *trip, GstHarness *h)
{
  GstBuffer *b;

  while ((b = gst_harness_try_pull (h))) {
    PF_REQUIRE_UINT (trip->n_packets, <, MAX_PACKETS);
    trip->packets[trip->n_packets++] = b;
  }
  if (!trip->caps)
    trip->caps = gst_pad_get_current_caps (h->sinkpad);
}

/* In chunks of any size. */
static void
encode (Trip *trip)
{
  GstHarness *h = encoder_harness (trip);

  for (gsize at = 0, n; at < trip->n_in; at += n) {
    n = 1 + pf_test_random_below (1000);
    n = MIN (n, trip->n_in - at);
    PF_REQUIRE_INT (gst_harness_push (h, chunk (trip, at, n)), ==, GST_FLOW_OK);
  }
  PF_CHECK (gst_harness_push_event (h, gst_event_new_eos ()));
  take_packets (trip, h);
  PF_CHECK (trip->caps != NULL);
  gst_harness_teardown (h);
}

static void
read_stats (Trip *trip, GstElement *decoder)
{
  GstStructure *s;

  g_object_get (decoder, "stats", &s, NULL);
  PF_CHECK (gst_structure_get (s, "concealed", G_TYPE_UINT64, &trip->concealed,
      "recovered", G_TYPE_UINT64, &trip->recovered, "late", G_TYPE_UINT64,
      &trip->late, "damaged", G_TYPE_UINT64, &trip->damaged, "resyncs",
      G_TYPE_UINT64, &trip->resyncs, NULL));
  gst_structure_free (s);
}

static const gchar *
decoded_format (const Trip *trip)
{
  return trip->stock ? GST_AUDIO_NE (S16) : GST_AUDIO_NE (F32);
}

static void
to_floats (const Trip *trip, GstBuffer *b, gfloat *to, gsize n)
{
  GstMapInfo map;

  PF_REQUIRE (gst_buffer_map (b, &map, GST_MAP_READ));
  for (gsize i = 0; i < n; i++)
    if (trip->stock)
      to[i] = (gfloat) ((const gint16 *) map.data)[i] / 32768;
    else
      to[i] = ((const gfloat *) map.data)[i];
  gst_buffer_unmap (b, &map);
}

/* Puts decoded sound where its timestamp says. */
static void
take_sound (Trip *trip, GstHarness *h)
{
  const gsize sample = trip->stock ? sizeof (gint16) : sizeof (gfloat);
  GstBuffer *b;

  while ((b = gst_harness_try_pull (h))) {
    const gsize n = gst_buffer_get_size (b) / sample / trip->channels;
    const guint64 at =
        gst_util_uint64_scale_round (GST_BUFFER_PTS (b), RATE, GST_SECOND);

    PF_REQUIRE (GST_BUFFER_PTS_IS_VALID (b));
    PF_REQUIRE_UINT (at + n, <=, trip->n_in + 8000);
    to_floats (trip, b, trip->out + at * trip->channels, n * trip->channels);
    trip->n_out += n;
    gst_buffer_unref (b);
  }
}

static GstHarness *
decoder_harness (Trip *trip, const gchar *line)
{
  GstHarness *h = harness (line);

  trip->out = g_new0 (gfloat, (trip->n_in + 8000) * trip->channels);
  gst_harness_set_sink_caps (
      h, raw_caps (trip->channels, decoded_format (trip)));
  gst_harness_set_src_caps (h, gst_caps_ref (trip->caps));
  return h;
}

static void
decode (Trip *trip, const gchar *line)
{
  GstHarness *h = decoder_harness (trip, line);
  GstCaps *caps, *expected = raw_caps (trip->channels, decoded_format (trip));

  for (guint i = 0; i < trip->n_packets; i++)
    if (trip->packets[i])
      PF_CHECK_INT (gst_harness_push (h, gst_buffer_ref (trip->packets[i])), ==,
          GST_FLOW_OK);
  take_sound (trip, h);
  caps = gst_pad_get_current_caps (h->sinkpad);
  PF_REQUIRE (caps != NULL);
  PF_CHECK (gst_caps_can_intersect (caps, expected));
  gst_caps_unref (caps);
  gst_caps_unref (expected);
  if (g_str_has_prefix (line, "pfopusdec"))
    read_stats (trip, h->element);
  gst_harness_teardown (h);
}

static void
trip_clear (Trip *trip)
{
  for (guint i = 0; i < trip->n_packets; i++)
    gst_clear_buffer (&trip->packets[i]);
  gst_clear_caps (&trip->caps);
  g_free (trip->in);
  g_free (trip->out);
}

/* ---- Tones -------------------------------------------------------------- */

/* Power of a frequency in a channel, by Goertzel's way. */
static double
power_at (const Trip *trip, guint channel, double hertz)
{
  const double w = 2 * cos (2 * G_PI * hertz / RATE);
  double a = 0, b = 0;

  for (gsize i = 4800; i < trip->n_in - 2400; i++) {
    const double c = trip->out[i * trip->channels + channel] + w * a - b;

    b = a;
    a = c;
  }
  return a * a + b * b - w * a * b;
}

static double
decibel (double ratio)
{
  return 10 * log10 (ratio);
}

/* Every speaker has its tone, and others at least so much below. */
static void
check_speakers (const Trip *trip, double least_db)
{
  double worst = 1000;

  for (guint c = 0; c < trip->channels; c++)
    for (guint other = 0; other < trip->channels; other++) {
      const double db = decibel (power_at (trip, c, tone_of (c)) /
                                 power_at (trip, c, tone_of (other)));

      if (other != c && db < least_db)
        pf_test_fail (__FILE__, __LINE__,
            "speaker %u: its tone is %.1f dB above that of %u", c, db, other);
      if (other != c)
        worst = MIN (worst, db);
    }
  if (trip->channels > 1)
    pf_test_note ("%u channels: %.1f dB apart", trip->channels, worst);
}

/* By how much the sound that went in exceeds what differs in what came out. */
static double
signal_to_noise (const Trip *trip, gsize from, gsize to)
{
  double signal = 0, noise = 1e-12;

  for (gsize i = from * trip->channels; i < to * trip->channels; i++) {
    const double difference = (double) trip->out[i] - (double) trip->in[i];

    signal += (double) trip->in[i] * (double) trip->in[i];
    noise += difference * difference;
  }
  return decibel (signal / noise);
}

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

    make_tones (&trip, RATE / 2);
    encode (&trip);
    decode (&trip, "pfopusdec");
    PF_CHECK_UINT (trip.n_out, ==, trip.n_in);
    check_speakers (&trip, 25);
    PF_CHECK (signal_to_noise (&trip, 2400, trip.n_in - 480) > 8);
    trip_clear (&trip);
  }
}

/* Stock elements understand the caps and the packets, both ways. (opusenc's
 * 7.1 is left out: opusdec has its speakers in the wrong places too.) */
static void
test_stock (void)
{
  static const guint channels[] = { 2, 6, 8 };

  for (guint i = 0; i < G_N_ELEMENTS (channels); i++) {
    Trip trip = { .channels = channels[i], .settings = "" };

    make_tones (&trip, RATE / 2);
    encode (&trip);
    trip.stock = TRUE;
    decode (&trip, "opusdec phase-inversion=true");
    check_speakers (&trip, 25);
    trip_clear (&trip);
  }
  for (guint i = 0; i < G_N_ELEMENTS (channels) - 1; i++) {
    Trip trip = { .channels = channels[i], .settings = "" };
    GstHarness *h = harness ("opusenc bitrate=400000 frame-size=20 "
                             "audio-type=restricted-lowdelay");

    make_tones (&trip, RATE / 2);
    gst_harness_set_src_caps (h, raw_caps (trip.channels, GST_AUDIO_NE (S16)));
    PF_CHECK_INT (
        gst_harness_push (h, all_in_16_bits (&trip)), ==, GST_FLOW_OK);
    take_packets (&trip, h);
    gst_harness_teardown (h);
    decode (&trip, "pfopusdec");
    check_speakers (&trip, 25);
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

    make_tones (&trip, RATE / 2);
    for (gsize at = 0; at < trip.n_in * trip.channels / 2; at++)
      trip.in[at] = (gfloat) pf_test_random_below (1000) / 1000 - 0.5f;
    encode (&trip);
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

  make_tones (&trip, 100 * FRAME + 77);
  encode (&trip);
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
  decode (&trip, "pfopusdec");
  PF_CHECK_UINT (trip.n_out, ==, trip.n_in);
  PF_CHECK (signal_to_noise (&trip, 960, trip.n_in - 480) > 12);
  trip_clear (&trip);
}

/* The end of the input comes out though the encoder holds it back. */
static void
test_end (void)
{
  Trip trip = { .channels = 2, .settings = "" };

  make_tones (&trip, 20 * FRAME);
  encode (&trip);
  PF_CHECK_UINT (trip.n_packets, ==, 21);
  decode (&trip, "pfopusdec");
  PF_CHECK_UINT (trip.n_out, ==, trip.n_in);
  PF_CHECK (signal_to_noise (&trip, trip.n_in - 120, trip.n_in - 24) > 6);
  trip_clear (&trip);
}

/* Timestamps from upstream are kept where it left something out. */
static void
test_hole (void)
{
  Trip trip = { .channels = 2, .settings = "" };
  GstHarness *h;

  make_tones (&trip, 40 * FRAME);
  h = encoder_harness (&trip);
  for (guint i = 0; i < 40; i++)
    if (i < 10 || i >= 20)
      PF_CHECK_INT (gst_harness_push (h, chunk (&trip, i * FRAME, FRAME)), ==,
          GST_FLOW_OK);
  take_packets (&trip, h);
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

  make_tones (&trip, 40 * FRAME);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    trip.settings = rows[i].settings;
    h = encoder_harness (&trip);
    gst_harness_set_upstream_latency (h, 3 * GST_MSECOND);
    PF_CHECK_INT (gst_harness_push (h, chunk (&trip, 0, 480)), ==, GST_FLOW_OK);
    PF_CHECK_UINT (
        gst_harness_query_latency (h), ==, rows[i].added + 3 * GST_MSECOND);
    gst_harness_teardown (h);
  }
  trip.settings = "";
  encode (&trip);
  h = decoder_harness (&trip, "pfopusdec");
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

  make_tones (&trip, 20 * FRAME);
  h = encoder_harness (&trip);
  for (guint i = 0; i < 20; i++) {
    if (i == 10)
      g_object_set (h->element, "bitrate-kbps", 64, NULL);
    PF_CHECK_INT (
        gst_harness_push (h, chunk (&trip, i * FRAME, FRAME)), ==, GST_FLOW_OK);
  }
  take_packets (&trip, h);
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

    make_tones (&trip, FRAME);
    h = encoder_harness (&trip);
    PF_CHECK_INT (
        gst_harness_push (h, chunk (&trip, 0, FRAME)), !=, GST_FLOW_OK);
    gst_harness_teardown (h);
    trip_clear (&trip);
  }
}

/* ---- Losses ------------------------------------------------------------- */

/* How a receiver finds out. */
typedef enum { BY_NUMBER, BY_TIME, BY_GAP } Sign;

/* One packet in ten, singly and in twos, in the order of a tone's sound. */
static guint
lose (Trip *trip, Sign sign)
{
  guint lost = 0;

  for (guint i = 10; i < trip->n_packets - 10; i++) {
    if (i % 20 == 3 || i % 40 == 4) {
      gst_clear_buffer (&trip->packets[i]);
      lost++;
    } else if (sign != BY_NUMBER) {
      trip->packets[i] = gst_buffer_make_writable (trip->packets[i]);
      GST_BUFFER_OFFSET (trip->packets[i]) = GST_BUFFER_OFFSET_NONE;
    }
  }
  return lost;
}

static void
run_loss (const void *data)
{
  const Sign sign = *(const Sign *) data;
  Trip trip = { .channels = 6, .settings = "" };
  GstHarness *h;
  guint lost;

  make_tones (&trip, 100 * FRAME);
  encode (&trip);
  lost = lose (&trip, sign);
  PF_CHECK_UINT (lost, >, 4);
  h = decoder_harness (&trip, "pfopusdec");
  for (guint i = 0; i < trip.n_packets; i++)
    if (trip.packets[i])
      PF_CHECK_INT (gst_harness_push (h, gst_buffer_ref (trip.packets[i])), ==,
          GST_FLOW_OK);
    else if (sign == BY_GAP)
      PF_CHECK (gst_harness_push_event (
          h, gst_event_new_gap (
                 i * 5 * GST_MSECOND - 2500 * GST_USECOND, 5 * GST_MSECOND)));
  take_sound (&trip, h);
  read_stats (&trip, h->element);
  gst_harness_teardown (h);
  PF_CHECK_UINT (trip.concealed, ==, lost);
  PF_CHECK_UINT (trip.late, ==, 0);
  PF_CHECK_UINT (trip.resyncs, ==, 0);
  /* not a hole, and still the right sound at the right time */
  PF_CHECK_UINT (trip.n_out, ==, trip.n_in);
  pf_test_note ("%.1f dB", signal_to_noise (&trip, 960, trip.n_in - 480));
  PF_CHECK (signal_to_noise (&trip, 960, trip.n_in - 480) > 6);
  check_speakers (&trip, 15);
  trip_clear (&trip);
}

/* Speech packets that hold the one before them give it back. */
static void
test_recovery (void)
{
  Trip trip = { .channels = 2,
    .settings = "application=voip frame-us=20000 bitrate-kbps=48 "
                "loss-percent=20" };

  make_tones (&trip, RATE);
  encode (&trip);
  for (guint i = 10; i < trip.n_packets - 5; i += 5)
    gst_clear_buffer (&trip.packets[i]);
  decode (&trip, "pfopusdec");
  PF_CHECK_UINT (trip.concealed, >, 4);
  PF_CHECK_UINT (trip.recovered, ==, trip.concealed);
  trip_clear (&trip);
}

/* A long loss is not made up, and time goes on where it should. */
static void
test_long_loss (void)
{
  Trip trip = { .channels = 2, .settings = "" };
  gdouble sum = 0;

  make_tones (&trip, 200 * FRAME);
  encode (&trip);
  for (guint i = 50; i < 90; i++)
    gst_clear_buffer (&trip.packets[i]);
  decode (&trip, "pfopusdec max-conceal-ms=50");
  PF_CHECK_UINT (trip.concealed, ==, 0);
  PF_CHECK_UINT (trip.resyncs, ==, 1);
  PF_CHECK_UINT (trip.n_out, ==, trip.n_in - 40 * FRAME);
  for (gsize i = 52 * FRAME; i < 2 * 89 * FRAME; i++)
    sum += i / 2 > 52 * FRAME ? fabs (trip.out[i]) : 0;
  PF_CHECK (sum < 1e-3);
  PF_CHECK (signal_to_noise (&trip, 100 * FRAME, 190 * FRAME) > 10);
  trip_clear (&trip);
}

/* Twice, and after their turn. */
static void
test_late (void)
{
  Trip trip = { .channels = 2, .settings = "" };
  GstBuffer *swap;

  make_tones (&trip, 60 * FRAME);
  encode (&trip);
  trip.packets[trip.n_packets] = gst_buffer_ref (trip.packets[30]);
  trip.n_packets++;
  swap = trip.packets[20];
  trip.packets[20] = trip.packets[21];
  trip.packets[21] = swap;
  decode (&trip, "pfopusdec");
  PF_CHECK_UINT (trip.late, ==, 2);
  PF_CHECK_UINT (trip.concealed, ==, 1);
  PF_CHECK_UINT (trip.n_out, ==, trip.n_in);
  trip_clear (&trip);
}

/* Numbers of 32 bits begin again. */
static void
test_wrap (void)
{
  Trip trip = { .channels = 2, .settings = "" };

  make_tones (&trip, 40 * FRAME);
  encode (&trip);
  for (guint i = 0; i < trip.n_packets; i++) {
    trip.packets[i] = gst_buffer_make_writable (trip.packets[i]);
    GST_BUFFER_OFFSET (trip.packets[i]) = (guint32) (i - 20);
    GST_BUFFER_OFFSET_END (trip.packets[i]) =
        GST_BUFFER_OFFSET (trip.packets[i]) + 1;
  }
  gst_clear_buffer (&trip.packets[20]);
  decode (&trip, "pfopusdec");
  PF_CHECK_UINT (trip.concealed, ==, 1);
  PF_CHECK_UINT (trip.late + trip.resyncs, ==, 0);
  PF_CHECK_UINT (trip.n_out, ==, trip.n_in);
  trip_clear (&trip);
}

/* Anything may come from outside. */
static void
test_damage (void)
{
  Trip trip = { .channels = 8, .settings = "" };
  guint64 n = 0;

  make_tones (&trip, 100 * FRAME);
  encode (&trip);
  for (guint i = 5; i < trip.n_packets - 5; i += 2) {
    const gsize size = 1 + pf_test_random_below (400);
    guint8 *bytes = g_malloc (size);

    pf_test_random_bytes (bytes, size);
    if (i % 4 == 1)
      bytes[0] |= 3; /* any number of frames */
    trip.packets[i] = gst_buffer_make_writable (trip.packets[i]);
    gst_buffer_replace_all_memory (trip.packets[i],
        gst_memory_new_wrapped (0, bytes, size, 0, size, bytes, g_free));
    n++;
  }
  decode (&trip, "pfopusdec");
  PF_CHECK_UINT (trip.damaged, >, n / 2);
  PF_CHECK_UINT (trip.damaged, <=, n);
  PF_CHECK_UINT (trip.concealed, ==, trip.damaged);
  trip_clear (&trip);
}

/* ---- Flushing and states ------------------------------------------------ */

static void
flush (GstHarness *h)
{
  GstSegment segment;

  PF_CHECK (gst_harness_push_event (h, gst_event_new_flush_start ()));
  PF_CHECK (gst_harness_push_event (h, gst_event_new_flush_stop (TRUE)));
  gst_segment_init (&segment, GST_FORMAT_TIME);
  PF_CHECK (gst_harness_push_event (h, gst_event_new_segment (&segment)));
}

/* What was before a flush is not heard after it. */
static void
test_flush (void)
{
  Trip trip = { .channels = 2, .settings = "" },
       after = { .channels = 2, .settings = "" };
  GstHarness *h;

  make_tones (&trip, 20 * FRAME);
  make_tones (&after, 20 * FRAME);
  memset (after.in, 0, after.n_in * 2 * sizeof (gfloat));
  h = encoder_harness (&trip);
  PF_CHECK_INT (gst_harness_push (h, chunk (&trip, 0, 10 * FRAME + 100)), ==,
      GST_FLOW_OK);
  take_packets (&trip, h);
  PF_CHECK_UINT (trip.n_packets, ==, 10);
  flush (h);
  PF_CHECK_INT (
      gst_harness_push (h, chunk (&after, 0, 20 * FRAME)), ==, GST_FLOW_OK);
  take_packets (&after, h);
  PF_CHECK_UINT (after.n_packets, ==, 20);
  PF_CHECK_UINT (GST_BUFFER_PTS (after.packets[0]), ==, 0);
  PF_CHECK_UINT (GST_BUFFER_OFFSET (after.packets[0]), ==, 10);
  gst_harness_teardown (h);

  h = decoder_harness (&trip, "pfopusdec");
  for (guint i = 0; i < 10; i++)
    PF_CHECK_INT (gst_harness_push (h, gst_buffer_ref (trip.packets[i])), ==,
        GST_FLOW_OK);
  take_sound (&trip, h);
  flush (h);
  after.out = g_new0 (gfloat, (after.n_in + 8000) * 2);
  for (guint i = 0; i < 20; i++)
    PF_CHECK_INT (gst_harness_push (h, gst_buffer_ref (after.packets[i])), ==,
        GST_FLOW_OK);
  take_sound (&after, h);
  read_stats (&after, h->element);
  PF_CHECK_UINT (after.concealed + after.late + after.resyncs, ==, 0);
  for (gsize i = 0; i < 2 * 20 * FRAME; i++)
    PF_CHECK (fabs (after.out[i]) < 1e-3);
  gst_harness_teardown (h);
  trip_clear (&trip);
  trip_clear (&after);
}

/* Up and down with sound in it, in any order. */
static void
test_states (void)
{
  Trip trip = { .channels = 6, .settings = "" };
  GstHarness *enc;

  make_tones (&trip, 10 * FRAME);
  enc = encoder_harness (&trip);
  for (guint i = 0; i < 3; i++) {
    guint64 packets;

    gst_element_set_state (enc->element, GST_STATE_NULL);
    gst_element_set_state (enc->element, GST_STATE_READY);
    g_object_set (enc->element, "frame-us", 2500 << i, NULL);
    gst_harness_play (enc);
    gst_harness_set_src_caps (enc, raw_caps (6, GST_AUDIO_NE (F32)));
    PF_CHECK_INT (
        gst_harness_push (enc, chunk (&trip, 0, 1000)), ==, GST_FLOW_OK);
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
  static const Sign by_number = BY_NUMBER, by_time = BY_TIME, by_gap = BY_GAP;

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
  pf_test_add_data ("/opus/loss/number", run_loss, &by_number);
  pf_test_add_data ("/opus/loss/time", run_loss, &by_time);
  pf_test_add_data ("/opus/loss/gap", run_loss, &by_gap);
  PF_TEST_ADD ("/opus/recovery", test_recovery);
  PF_TEST_ADD ("/opus/long-loss", test_long_loss);
  PF_TEST_ADD ("/opus/late", test_late);
  PF_TEST_ADD ("/opus/wrap", test_wrap);
  PF_TEST_ADD ("/opus/damage", test_damage);
  PF_TEST_ADD ("/opus/flush", test_flush);
  PF_TEST_ADD ("/opus/states", test_states);
  return pf_test_run (argc, argv);
}
