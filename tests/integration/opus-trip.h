/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Sound through pfopusenc and pfopusdec in harnesses: a tone for each channel
 * goes in, packets lie between, and what comes out is put where its time says.
 */
#ifndef OPUS_TRIP_H
#define OPUS_TRIP_H

#include <gst/check/gstharness.h>

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

/* Of so many channels; a reference. */
GstCaps *trip_raw_caps (guint channels, const gchar *format);
GstHarness *trip_harness (const gchar *line);
void trip_clear (Trip *trip);

/* In: so many samples of each channel, or a part of them. */
void trip_tones (Trip *trip, gsize samples);
GstBuffer *trip_chunk (const Trip *trip, gsize from, gsize n);

/* To packets: whole, or piece by piece. */
void trip_encode (Trip *trip);
GstHarness *trip_encoder (const Trip *trip);
void trip_take_packets (Trip *trip, GstHarness *h);

/* And back, with that decoder. */
void trip_decode (Trip *trip, const gchar *line);
GstHarness *trip_decoder (Trip *trip, const gchar *line);
void trip_take_sound (Trip *trip, GstHarness *h);
void trip_read_stats (Trip *trip, GstElement *decoder);

/* Every speaker has its tone, and others at least so much below. */
void trip_check_speakers (const Trip *trip, double least_db);
/* By how many dB the sound that went in exceeds what differs in what came out,
 * from one sample up to another. */
double trip_signal_to_noise (const Trip *trip, gsize from, gsize to);

#endif /* OPUS_TRIP_H */
