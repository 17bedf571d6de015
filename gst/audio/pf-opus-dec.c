/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/**
 * SECTION:element-pfopusdec
 * @title: pfopusdec
 *
 * Decodes Opus packets with few channels or many, and makes up for lost ones.
 *
 * In: a packet a buffer, with caps as pfopusenc and the stock elements have
 * them. Out: raw audio. A loss shows by GAP events, by a gap between the
 * numbers of packets (buffer offset, where offset-end is the next number), or
 * between timestamps. Lost frames are concealed, the last one from the packet
 * behind it if that has it too (speech modes only).
 *
 * One thread, upstream's. Latency: none; what comes is decoded at once.
 *
 * |[
 * gst-launch-1.0 audiotestsrc is-live=true samplesperbuffer=240 ! audio/x-raw,rate=48000,channels=2 ! pfopusenc ! identity drop-probability=0.05 ! pfopusdec ! audioconvert ! autoaudiosink
 * ]|
 *
 * Since: 0.1
 */
#include "pf-opus-dec.h"

#include <gst/audio/audio.h>
#include <opus_multistream.h>
#include <string.h>

#include "pf-opus-layout.h"

GST_DEBUG_CATEGORY_STATIC (pf_opus_dec_debug);
#define GST_CAT_DEFAULT pf_opus_dec_debug

#define DEFAULT_MAX_CONCEAL_MS 100

#define MAX_SAMPLES 5760 /* of a packet: 120 ms */
#define GRAIN 120        /* samples: libopus conceals multiples of 2.5 ms */
#define FAR 1000         /* packets: another stream rather than a loss */
#define NO_NUMBER GST_BUFFER_OFFSET_NONE

enum {
  PROP_0,
  PROP_MAX_CONCEAL,
  PROP_STATS,
  PROP_PACKETS,
  PROP_CONCEALED,
  N_PROPS
};

static GParamSpec *props[N_PROPS];

/* See the stats property. */
typedef struct {
  guint64 packets, bytes;
  guint64 concealed, recovered; /* frames */
  guint64 late, damaged, resyncs;
} Counters;

struct _PfOpusDec {
  GstAudioDecoder parent;

  /* object lock */
  guint max_conceal_ms;
  Counters shown;

  /* set in init, then constant */
  GstPadChainFunction base_chain;

  /* streaming thread */
  PfOpusLayout layout;
  OpusMSDecoder *decoder;
  guint frame;           /* samples of the last packet; 0: none yet */
  guint64 next_number;   /* NO_NUMBER: unknown */
  GstClockTime next_pts; /* or NONE */
  gboolean in_loss;      /* concealing what chain() found missing, */
  GstBuffer *behind;     /* just before this packet */
  Counters counters;
};

static GstStaticPadTemplate sink_template =
    GST_STATIC_PAD_TEMPLATE ("sink", GST_PAD_SINK, GST_PAD_ALWAYS,
        GST_STATIC_CAPS ("audio/x-opus, channel-mapping-family=(int)0; "
                         "audio/x-opus, channel-mapping-family=(int)1, "
                         "channels=(int){ 1, 2, 6, 8 }"));

#define RAW                                                                    \
  "audio/x-raw, format=(string)" GST_AUDIO_NE (                                \
      F32) ", layout=(string)interleaved, rate=(int)48000, "

static GstStaticPadTemplate src_template =
    GST_STATIC_PAD_TEMPLATE ("src", GST_PAD_SRC, GST_PAD_ALWAYS,
        GST_STATIC_CAPS (RAW "channels=(int)1; " RAW
                             "channels=(int)2, channel-mask=(bitmask)0x3; " RAW
                             "channels=(int)6, channel-mask=(bitmask)0x3f; " RAW
                             "channels=(int)8, channel-mask=(bitmask)0xc3f"));

G_DEFINE_FINAL_TYPE (PfOpusDec, pf_opus_dec, GST_TYPE_AUDIO_DECODER)
GST_ELEMENT_REGISTER_DEFINE (
    pfopusdec, "pfopusdec", GST_RANK_NONE, PF_TYPE_OPUS_DEC)

static GstClockTime
samples_to_time (guint64 samples)
{
  return gst_util_uint64_scale (samples, GST_SECOND, PF_OPUS_RATE);
}

static void
show_counters (PfOpusDec *self)
{
  GST_OBJECT_LOCK (self);
  self->shown = self->counters;
  GST_OBJECT_UNLOCK (self);
}

/* ---- Format ------------------------------------------------------------- */

static void
forget_stream (PfOpusDec *self)
{
  if (self->decoder)
    opus_multistream_decoder_ctl (self->decoder, OPUS_RESET_STATE);
  self->frame = 0;
  self->next_number = NO_NUMBER;
  self->next_pts = GST_CLOCK_TIME_NONE;
}

static gboolean
make_decoder (PfOpusDec *self)
{
  int error;

  g_clear_pointer (&self->decoder, opus_multistream_decoder_destroy);
  self->decoder = opus_multistream_decoder_create (PF_OPUS_RATE,
      (int) self->layout.channels, (int) self->layout.streams,
      (int) self->layout.coupled, self->layout.mapping, &error);
  if (!self->decoder) {
    GST_ELEMENT_ERROR (self, LIBRARY, INIT,
        ("libopus makes no decoder: %s.", opus_strerror (error)),
        ("%u channels, %u streams, %u pairs", self->layout.channels,
            self->layout.streams, self->layout.coupled));
    return FALSE;
  }
  forget_stream (self);
  return TRUE;
}

static gboolean
pf_opus_dec_set_format (GstAudioDecoder *decoder, GstCaps *caps)
{
  PfOpusDec *self = PF_OPUS_DEC (decoder);
  GstAudioChannelPosition positions[PF_OPUS_MAX_CHANNELS];
  GstAudioInfo info;

  if (!pf_opus_layout_from_caps (&self->layout, caps)) {
    GST_ELEMENT_ERROR (self, STREAM, FORMAT,
        ("The channels of this Opus stream are laid out in a way that is not "
         "known here."),
        ("%" GST_PTR_FORMAT, (gpointer) caps));
    return FALSE;
  }
  if (!make_decoder (self))
    return FALSE;
  if (self->layout.channels == 1)
    positions[0] = GST_AUDIO_CHANNEL_POSITION_MONO;
  else
    gst_audio_channel_positions_from_mask ((gint) self->layout.channels,
        pf_opus_layout_channel_mask (&self->layout), positions);
  gst_audio_info_set_format (&info, GST_AUDIO_FORMAT_F32, PF_OPUS_RATE,
      (gint) self->layout.channels, positions);
  return gst_audio_decoder_set_output_format (decoder, &info);
}

/* ---- Decoding ----------------------------------------------------------- */

/* Decodes or, without bytes, conceals; with fec it takes what the packet
 * knows of the one before it. Samples, or an error of libopus. */
static int
decode (PfOpusDec *self, GstBuffer *packet, GstBuffer *out, guint samples,
    gboolean fec)
{
  GstMapInfo from = GST_MAP_INFO_INIT, to;
  int n = OPUS_INTERNAL_ERROR;

  if (packet && !gst_buffer_map (packet, &from, GST_MAP_READ))
    return OPUS_INTERNAL_ERROR;
  if (gst_buffer_map (out, &to, GST_MAP_WRITE)) {
    n = opus_multistream_decode_float (self->decoder, packet ? from.data : NULL,
        packet ? (opus_int32) from.size : 0, (float *) to.data, (int) samples,
        fec);
    gst_buffer_unmap (out, &to);
  }
  if (packet)
    gst_buffer_unmap (packet, &from);
  return n;
}

static GstBuffer *
room_for (PfOpusDec *self, guint samples)
{
  return gst_audio_decoder_allocate_output_buffer (GST_AUDIO_DECODER (self),
      samples * self->layout.channels * sizeof (gfloat));
}

/* What was lost and has to sound like something. */
static GstFlowReturn
conceal (PfOpusDec *self, guint samples, GstBuffer *behind)
{
  GstBuffer *out = room_for (self, samples);
  int n = decode (self, behind, out, samples, behind != NULL);

  if (n < 0 && behind)
    n = decode (self, NULL, out, samples, FALSE);
  else if (behind)
    self->counters.recovered++;
  if (n != (int) samples) /* nothing to go by: silence */
    gst_buffer_memset (out, 0, 0, gst_buffer_get_size (out));
  self->counters.concealed++;
  show_counters (self);
  return gst_audio_decoder_finish_frame (GST_AUDIO_DECODER (self), out, 1);
}

/* Of a GAP event, the base class's or our own. */
static GstFlowReturn
conceal_gap (PfOpusDec *self, GstBuffer *gap)
{
  /* the base class lets go of the gap with what is made up for it */
  const GstClockTime duration = GST_BUFFER_DURATION (gap);
  const GstClockTime pts = GST_BUFFER_PTS (gap);
  guint64 samples, most;
  GstFlowReturn ret;

  GST_OBJECT_LOCK (self);
  most = (guint64) self->max_conceal_ms * PF_OPUS_RATE / 1000;
  GST_OBJECT_UNLOCK (self);
  samples =
      GST_CLOCK_TIME_IS_VALID (duration)
          ? gst_util_uint64_scale_round (duration, PF_OPUS_RATE, GST_SECOND)
          : self->frame;
  samples = MIN (MIN (samples, most), MAX_SAMPLES) / GRAIN * GRAIN;
  if (samples == 0 || !self->decoder)
    return gst_audio_decoder_finish_frame (GST_AUDIO_DECODER (self), NULL, 1);
  ret = conceal (self, (guint) samples, self->behind);
  if (self->in_loss)
    return ret;
  /* Upstream knew; it is not to be made up for again. */
  if (GST_CLOCK_TIME_IS_VALID (pts))
    self->next_pts = pts + samples_to_time (samples);
  if (self->next_number != NO_NUMBER && self->frame > 0)
    self->next_number += (samples + self->frame / 2) / self->frame;
  return ret;
}

/* Leaves out what the encoder says is none of its input. */
static void
clip (PfOpusDec *self, GstBuffer *packet, GstBuffer *out)
{
  const GstAudioClippingMeta *meta =
      gst_buffer_get_audio_clipping_meta (packet);
  const gsize frame_size = self->layout.channels * sizeof (gfloat);
  const gsize size = gst_buffer_get_size (out);
  gsize start, end;

  if (!meta || meta->format != GST_FORMAT_DEFAULT)
    return;
  start = MIN (meta->start * frame_size, size);
  end = MIN (meta->end * frame_size, size - start);
  gst_buffer_resize (out, (gssize) start, (gssize) (size - start - end));
}

/* Samples that a packet says it has; 0 or less if it cannot be one. */
static int
count_samples (GstBuffer *packet)
{
  GstMapInfo map;
  int n;

  if (!gst_buffer_map (packet, &map, GST_MAP_READ))
    return 0;
  n = opus_packet_get_nb_samples (
      map.data, (opus_int32) map.size, PF_OPUS_RATE);
  gst_buffer_unmap (packet, &map);
  return MIN (n, MAX_SAMPLES);
}

static GstFlowReturn
give_up_packet (PfOpusDec *self, const char *why)
{
  GST_DEBUG_OBJECT (self, "a damaged packet: %s", why);
  self->counters.damaged++;
  if (self->frame > 0)
    return conceal (self, self->frame, NULL);
  show_counters (self);
  return gst_audio_decoder_finish_frame (GST_AUDIO_DECODER (self), NULL, 1);
}

static void
note_time (PfOpusDec *self, GstBuffer *packet)
{
  if (!GST_BUFFER_PTS_IS_VALID (packet))
    return;
  self->next_pts = GST_BUFFER_PTS (packet);
  self->next_pts += GST_BUFFER_DURATION_IS_VALID (packet)
                        ? GST_BUFFER_DURATION (packet)
                        : samples_to_time (self->frame);
}

static GstFlowReturn
decode_packet (PfOpusDec *self, GstBuffer *packet)
{
  const int samples = count_samples (packet);
  GstBuffer *out;
  int n;

  self->counters.packets++;
  self->counters.bytes += gst_buffer_get_size (packet);
  if (samples <= 0)
    return give_up_packet (self, "no frames");
  out = room_for (self, (guint) samples);
  n = decode (self, packet, out, (guint) samples, FALSE);
  if (n != samples) {
    gst_buffer_unref (out);
    return give_up_packet (self, n < 0 ? opus_strerror (n) : "short");
  }
  self->frame = (guint) samples;
  note_time (self, packet);
  clip (self, packet, out);
  show_counters (self);
  if (gst_buffer_get_size (out) == 0)
    gst_clear_buffer (&out);
  return gst_audio_decoder_finish_frame (GST_AUDIO_DECODER (self), out, 1);
}

static GstFlowReturn
pf_opus_dec_handle_frame (GstAudioDecoder *decoder, GstBuffer *buffer)
{
  PfOpusDec *self = PF_OPUS_DEC (decoder);

  if (!buffer)
    return GST_FLOW_OK; /* nothing is kept back */
  if (gst_buffer_get_size (buffer) == 0)
    return conceal_gap (self, buffer);
  return decode_packet (self, buffer);
}

static void
pf_opus_dec_flush (GstAudioDecoder *decoder, gboolean hard)
{
  (void) hard;
  forget_stream (PF_OPUS_DEC (decoder));
}

/* ---- Losses ------------------------------------------------------------- */

/* A number only if it says so: others have bytes in the offset. */
static guint64
number_of (GstBuffer *packet)
{
  if (!GST_BUFFER_OFFSET_IS_VALID (packet) ||
      !GST_BUFFER_OFFSET_END_IS_VALID (packet) ||
      GST_BUFFER_OFFSET_END (packet) != GST_BUFFER_OFFSET (packet) + 1)
    return NO_NUMBER;
  return GST_BUFFER_OFFSET (packet);
}

/* Packets between the last one and this: below zero for one that comes too
 * late, beyond FAR for another stream. Numbers may wrap at 32 bits. */
static gint64
missing_before (PfOpusDec *self, GstBuffer *packet)
{
  const guint64 number = number_of (packet);
  const gint64 frame = (gint64) samples_to_time (self->frame);
  gint64 ahead;

  if (self->frame == 0)
    return 0;
  if (number != NO_NUMBER && self->next_number != NO_NUMBER)
    return (gint32) (guint32) (number - self->next_number);
  if (!GST_BUFFER_PTS_IS_VALID (packet) ||
      !GST_CLOCK_TIME_IS_VALID (self->next_pts))
    return 0;
  ahead = GST_CLOCK_DIFF (self->next_pts, GST_BUFFER_PTS (packet));
  if (ahead < 0) /* without numbers it may be anything */
    return -ahead > FAR * frame ? FAR : 0;
  return MIN ((ahead + frame / 4) / frame, FAR);
}

/* Through the base class, which keeps track of time. */
static void
conceal_missing (PfOpusDec *self, GstPad *pad, GstBuffer *packet, guint n)
{
  const GstClockTime frame = samples_to_time (self->frame);
  const GstPadEventFunction handle = GST_PAD_EVENTFUNC (pad);
  GstClockTime at = self->next_pts;

  if (GST_BUFFER_PTS_IS_VALID (packet) && GST_BUFFER_PTS (packet) >= n * frame)
    at = GST_BUFFER_PTS (packet) - n * frame;
  if (!GST_CLOCK_TIME_IS_VALID (at))
    return;
  self->in_loss = TRUE;
  for (guint i = 0; i < n; i++) {
    self->behind = i == n - 1 ? packet : NULL;
    handle (pad, GST_OBJECT (self), gst_event_new_gap (at + i * frame, frame));
  }
  self->behind = NULL;
  self->in_loss = FALSE;
}

static GstFlowReturn
pf_opus_dec_chain (GstPad *pad, GstObject *parent, GstBuffer *packet)
{
  PfOpusDec *self = PF_OPUS_DEC (parent);
  const gint64 missing = missing_before (self, packet);
  guint64 most;

  GST_OBJECT_LOCK (self);
  most = (guint64) self->max_conceal_ms * PF_OPUS_RATE / 1000;
  GST_OBJECT_UNLOCK (self);
  if (missing < 0 && missing > -FAR) {
    GST_DEBUG_OBJECT (self, "%" G_GINT64_FORMAT " packets late", -missing);
    self->counters.late++;
    show_counters (self);
    gst_buffer_unref (packet);
    return GST_FLOW_OK;
  }
  if (missing < 0 || missing >= FAR || (guint64) missing * self->frame > most) {
    GST_DEBUG_OBJECT (self, "goes on after a gap");
    self->counters.resyncs++;
    packet = gst_buffer_make_writable (packet);
    GST_BUFFER_FLAG_SET (packet, GST_BUFFER_FLAG_DISCONT);
    forget_stream (self);
  } else if (missing > 0) {
    conceal_missing (self, pad, packet, (guint) missing);
  }
  self->next_number = number_of (packet);
  if (self->next_number != NO_NUMBER)
    self->next_number++;
  return self->base_chain (pad, parent, packet);
}

/* ---- States ------------------------------------------------------------- */

static gboolean
pf_opus_dec_start (GstAudioDecoder *decoder)
{
  PfOpusDec *self = PF_OPUS_DEC (decoder);

  memset (&self->counters, 0, sizeof self->counters);
  show_counters (self);
  gst_audio_decoder_set_plc_aware (decoder, TRUE);
  return TRUE;
}

static gboolean
pf_opus_dec_stop (GstAudioDecoder *decoder)
{
  PfOpusDec *self = PF_OPUS_DEC (decoder);

  g_clear_pointer (&self->decoder, opus_multistream_decoder_destroy);
  forget_stream (self);
  return TRUE;
}

/* ---- Properties --------------------------------------------------------- */

/* Call with the object lock. */
static GstStructure *
make_stats (PfOpusDec *self)
{
  const Counters *c = &self->shown;

  return gst_structure_new ("application/x-pf-opusdec-stats", "packets",
      G_TYPE_UINT64, c->packets, "bytes", G_TYPE_UINT64, c->bytes, "concealed",
      G_TYPE_UINT64, c->concealed, "recovered", G_TYPE_UINT64, c->recovered,
      "late", G_TYPE_UINT64, c->late, "damaged", G_TYPE_UINT64, c->damaged,
      "resyncs", G_TYPE_UINT64, c->resyncs, NULL);
}

static void
pf_opus_dec_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  PfOpusDec *self = PF_OPUS_DEC (object);

  if (id != PROP_MAX_CONCEAL) {
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    return;
  }
  GST_OBJECT_LOCK (self);
  self->max_conceal_ms = g_value_get_uint (value);
  GST_OBJECT_UNLOCK (self);
}

static void
pf_opus_dec_get_property (
    GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  PfOpusDec *self = PF_OPUS_DEC (object);

  GST_OBJECT_LOCK (self);
  switch (id) {
  case PROP_MAX_CONCEAL:
    g_value_set_uint (value, self->max_conceal_ms);
    break;
  case PROP_STATS:
    g_value_take_boxed (value, make_stats (self));
    break;
  case PROP_PACKETS:
    g_value_set_uint64 (value, self->shown.packets);
    break;
  case PROP_CONCEALED:
    g_value_set_uint64 (value, self->shown.concealed);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    break;
  }
  GST_OBJECT_UNLOCK (self);
}

static void
pf_opus_dec_finalize (GObject *object)
{
  PfOpusDec *self = PF_OPUS_DEC (object);

  g_clear_pointer (&self->decoder, opus_multistream_decoder_destroy);
  G_OBJECT_CLASS (pf_opus_dec_parent_class)->finalize (object);
}

static void
pf_opus_dec_class_init (PfOpusDecClass *klass)
{
  const GParamFlags ro = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstAudioDecoderClass *decoder_class = GST_AUDIO_DECODER_CLASS (klass);

  GST_DEBUG_CATEGORY_INIT (
      pf_opus_dec_debug, "pfopusdec", 0, "sound from Opus");
  object_class->set_property = pf_opus_dec_set_property;
  object_class->get_property = pf_opus_dec_get_property;
  object_class->finalize = pf_opus_dec_finalize;
  decoder_class->start = GST_DEBUG_FUNCPTR (pf_opus_dec_start);
  decoder_class->stop = GST_DEBUG_FUNCPTR (pf_opus_dec_stop);
  decoder_class->set_format = GST_DEBUG_FUNCPTR (pf_opus_dec_set_format);
  decoder_class->handle_frame = GST_DEBUG_FUNCPTR (pf_opus_dec_handle_frame);
  decoder_class->flush = GST_DEBUG_FUNCPTR (pf_opus_dec_flush);

  props[PROP_MAX_CONCEAL] = g_param_spec_uint ("max-conceal-ms", "Max conceal",
      "Longest loss in milliseconds that is concealed; after a longer one the "
      "sound goes on where it is, with a gap",
      0, 120, DEFAULT_MAX_CONCEAL_MS,
      G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING);
  /**
   * PfOpusDec:stats:
   *
   * A structure application/x-pf-opusdec-stats, counted since READY: packets
   * and bytes that came in time, concealed (frames made up), recovered (of
   * those, with the help of the packet behind), late (packets after their turn
   * or twice), damaged (packets that cannot be decoded), resyncs (losses too
   * long to conceal): uint64.
   */
  props[PROP_STATS] = g_param_spec_boxed ("stats", "Statistics",
      "Counters since READY; see the documentation", GST_TYPE_STRUCTURE, ro);
  props[PROP_PACKETS] = g_param_spec_uint64 ("packets", "Packets",
      "Packets that came in time, since READY", 0, G_MAXUINT64, 0, ro);
  props[PROP_CONCEALED] = g_param_spec_uint64 ("concealed", "Concealed",
      "Frames made up for lost ones, since READY", 0, G_MAXUINT64, 0, ro);
  g_object_class_install_properties (object_class, N_PROPS, props);

  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_set_static_metadata (element_class,
      "Low-delay Opus decoder", "Codec/Decoder/Audio",
      "Decodes Opus and makes up for lost packets",
      "The gst-punktfunk developers");
}

static void
pf_opus_dec_init (PfOpusDec *self)
{
  GstAudioDecoder *decoder = GST_AUDIO_DECODER (self);
  GstPad *sink = GST_AUDIO_DECODER_SINK_PAD (decoder);

  self->max_conceal_ms = DEFAULT_MAX_CONCEAL_MS;
  forget_stream (self);
  gst_audio_decoder_set_needs_format (decoder, TRUE);
  gst_audio_decoder_set_plc (decoder, TRUE);
  GST_PAD_SET_ACCEPT_TEMPLATE (sink);
  /* Losses are found before the base class sees the packet behind them. */
  self->base_chain = GST_PAD_CHAINFUNC (sink);
  gst_pad_set_chain_function (sink, GST_DEBUG_FUNCPTR (pf_opus_dec_chain));
}
