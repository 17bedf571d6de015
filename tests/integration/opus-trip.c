/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Sound into packets and back, in tests; see opus-trip.h. */
#include "opus-trip.h"

#include <gst/audio/audio.h>
#include <math.h>

#include "pf-test.h"
#include "pf-tones.h"

static const gchar *
mask_of (guint channels)
{
  return channels == 8   ? ",channel-mask=(bitmask)0xc3f"
         : channels == 6 ? ",channel-mask=(bitmask)0x3f"
         : channels == 2 ? ",channel-mask=(bitmask)0x3"
                         : "";
}

GstCaps *
trip_raw_caps (guint channels, const gchar *format)
{
  gchar *text = g_strdup_printf (
      "audio/x-raw,format=%s,layout=interleaved,rate=48000,channels=%u%s",
      format, channels, mask_of (channels));
  GstCaps *caps = gst_caps_from_string (text);

  g_free (text);
  return caps;
}

GstHarness *
trip_harness (const gchar *line)
{
  GstElement *element = gst_object_ref_sink (gst_parse_launch (line, NULL));
  GstHarness *h = gst_harness_new_with_element (element, "sink", "src");

  gst_object_unref (element);
  return h;
}

GstHarness *
trip_encoder (const Trip *trip)
{
  gchar *line = g_strdup_printf ("pfopusenc %s", trip->settings);
  GstHarness *h = trip_harness (line);

  g_free (line);
  gst_harness_set_src_caps (
      h, trip_raw_caps (trip->channels, GST_AUDIO_NE (F32)));
  return h;
}

void
trip_tones (Trip *trip, gsize samples)
{
  trip->n_in = samples;
  trip->in = g_new (gfloat, samples * trip->channels);
  pf_tones_make (trip->in, 0, samples, trip->channels);
}

GstBuffer *
trip_chunk (const Trip *trip, gsize from, gsize n)
{
  const gsize size = sizeof (gfloat) * trip->channels;
  GstBuffer *b = gst_buffer_new_allocate (NULL, n * size, NULL);

  gst_buffer_fill (b, 0, trip->in + from * trip->channels, n * size);
  GST_BUFFER_PTS (b) = gst_util_uint64_scale (from, GST_SECOND, RATE);
  GST_BUFFER_DURATION (b) = gst_util_uint64_scale (n, GST_SECOND, RATE);
  return b;
}

void
trip_take_packets (Trip *trip, GstHarness *h)
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
void
trip_encode (Trip *trip)
{
  GstHarness *h = trip_encoder (trip);

  for (gsize at = 0, n; at < trip->n_in; at += n) {
    n = 1 + pf_test_random_below (1000);
    n = MIN (n, trip->n_in - at);
    PF_REQUIRE_INT (
        gst_harness_push (h, trip_chunk (trip, at, n)), ==, GST_FLOW_OK);
  }
  PF_CHECK (gst_harness_push_event (h, gst_event_new_eos ()));
  trip_take_packets (trip, h);
  PF_CHECK (trip->caps != NULL);
  gst_harness_teardown (h);
}

void
trip_read_stats (Trip *trip, GstElement *decoder)
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
void
trip_take_sound (Trip *trip, GstHarness *h)
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

GstHarness *
trip_decoder (Trip *trip, const gchar *line)
{
  GstHarness *h = trip_harness (line);

  trip->out = g_new0 (gfloat, (trip->n_in + 8000) * trip->channels);
  gst_harness_set_sink_caps (
      h, trip_raw_caps (trip->channels, decoded_format (trip)));
  gst_harness_set_src_caps (h, gst_caps_ref (trip->caps));
  return h;
}

void
trip_decode (Trip *trip, const gchar *line)
{
  GstHarness *h = trip_decoder (trip, line);
  GstCaps *caps,
      *expected = trip_raw_caps (trip->channels, decoded_format (trip));

  for (guint i = 0; i < trip->n_packets; i++)
    if (trip->packets[i])
      PF_CHECK_INT (gst_harness_push (h, gst_buffer_ref (trip->packets[i])), ==,
          GST_FLOW_OK);
  trip_take_sound (trip, h);
  caps = gst_pad_get_current_caps (h->sinkpad);
  PF_REQUIRE (caps != NULL);
  PF_CHECK (gst_caps_can_intersect (caps, expected));
  gst_caps_unref (caps);
  gst_caps_unref (expected);
  if (g_str_has_prefix (line, "pfopusdec"))
    trip_read_stats (trip, h->element);
  gst_harness_teardown (h);
}

void
trip_clear (Trip *trip)
{
  for (guint i = 0; i < trip->n_packets; i++)
    gst_clear_buffer (&trip->packets[i]);
  gst_clear_caps (&trip->caps);
  g_free (trip->in);
  g_free (trip->out);
}

void
trip_check_speakers (const Trip *trip, double least_db)
{
  /* whole periods, without both ends */
  const gsize n = (trip->n_in - 7200) / 480 * 480;
  const double db = pf_tones_check (
      trip->out + 4800 * trip->channels, n, trip->channels, least_db);

  if (trip->channels > 1)
    pf_test_note ("%u channels: %.1f dB apart", trip->channels, db);
}

static double
decibel (double ratio)
{
  return 10 * log10 (ratio);
}

/* By how much the sound that went in exceeds what differs in what came out. */
double
trip_signal_to_noise (const Trip *trip, gsize from, gsize to)
{
  double signal = 0, noise = 1e-12;

  for (gsize i = from * trip->channels; i < to * trip->channels; i++) {
    const double difference = (double) trip->out[i] - (double) trip->in[i];

    signal += (double) trip->in[i] * (double) trip->in[i];
    noise += difference * difference;
  }
  return decibel (signal / noise);
}
