/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/**
 * SECTION:element-pfopusenc
 * @title: pfopusenc
 *
 * Encodes sound as Opus with little delay: raw audio in, one packet a buffer
 * out.
 *
 * Unlike opusenc it makes the layouts of both protocols (4/2, 6/0, 5/3, 8/0
 * streams and pairs, any mapping) at any bitrate, in frames of 2.5 to 20 ms,
 * and every packet has the same size, as GameStream's parity demands.
 *
 * A packet's timestamp is that of the first sample a decoder makes of it: it
 * lies the encoder's lookahead (2.5 ms with restricted-lowdelay) before that of
 * the first sample that went in. Packets are numbered in the buffer offset,
 * offset-end is the next number.
 *
 * One thread, upstream's. Latency: a frame and the lookahead.
 *
 * |[
 * gst-launch-1.0 audiotestsrc is-live=true samplesperbuffer=240 ! audio/x-raw,rate=48000,channels=2 ! pfopusenc ! pfopusdec ! audioconvert ! autoaudiosink
 * ]|
 * |[
 * gst-launch-1.0 -v audiotestsrc ! "audio/x-raw,rate=48000,channels=8,channel-mask=(bitmask)0xc3f" ! pfopusenc layout=high frame-us=10000 ! fakesink
 * ]|
 *
 * Since: 0.1
 */
#include "pf-opus-enc.h"

#include <gst/audio/audio.h>
#include <opus_multistream.h>
#include <string.h>

#include "pf-opus-layout.h"

GST_DEBUG_CATEGORY_STATIC (pf_opus_enc_debug);
#define GST_CAT_DEFAULT pf_opus_enc_debug

#define DEFAULT_LAYOUT "normal"
#define DEFAULT_BITRATE 0
#define DEFAULT_FRAME_US 5000
#define DEFAULT_APPLICATION APPLICATION_LOWDELAY
#define DEFAULT_COMPLEXITY 9
#define DEFAULT_LOSS 0

#define MAX_FRAME 960 /* samples: 20 ms */
#define MAX_STREAM_BYTES 1275

typedef enum {
  APPLICATION_LOWDELAY,
  APPLICATION_AUDIO,
  APPLICATION_VOIP,
} Application;

enum {
  PROP_0,
  PROP_LAYOUT,
  PROP_BITRATE,
  PROP_FRAME,
  PROP_APPLICATION,
  PROP_COMPLEXITY,
  PROP_LOSS,
  PROP_STATS,
  PROP_PACKETS,
  N_PROPS
};

static GParamSpec *props[N_PROPS];

/* See the stats property. */
typedef struct {
  guint64 packets, bytes, padded;
  guint bitrate_kbps, frame_us, lookahead_us;
} Counters;

struct _PfOpusEnc {
  GstAudioEncoder parent;

  /* object lock */
  gchar *layout_text;
  guint bitrate_kbps, frame_us;
  Application application;
  guint complexity, loss_percent;
  Counters shown;

  /* stream lock of the base class */
  PfOpusLayout layout;
  gboolean high;
  OpusMSEncoder *encoder;
  gboolean floats;
  guint frame, lookahead; /* samples */
  guint used_kbps, used_complexity, used_loss;
  guint64 in, out; /* samples that came, samples a decoder has; since a reset */
  guint behind;    /* samples by which the base class counts too few */
  guint clip_end;  /* of the packet at hand: what a decoder leaves out, */
  guint silence;   /* and what it has beyond its input */
  guint64 number;  /* of the next packet */
  Counters counters;
};

#define CHANNELS                                                               \
  "channels=(int)1; " RAW "channels=(int)2, channel-mask=(bitmask)0x3; " RAW   \
  "channels=(int)6, channel-mask=(bitmask)0x3f; " RAW                          \
  "channels=(int)8, channel-mask=(bitmask)0xc3f"
#define RAW                                                                    \
  "audio/x-raw, format=(string){ " GST_AUDIO_NE (F32) ", " GST_AUDIO_NE (      \
      S16) " }, layout=(string)interleaved, rate=(int)48000, "

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE (
    "sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS (RAW CHANNELS));
static GstStaticPadTemplate src_template =
    GST_STATIC_PAD_TEMPLATE ("src", GST_PAD_SRC, GST_PAD_ALWAYS,
        GST_STATIC_CAPS ("audio/x-opus, rate=(int)48000, channels=(int){ 1, 2, "
                         "6, 8 }, channel-mapping-family=(int)[0, 1]"));

G_DEFINE_FINAL_TYPE (PfOpusEnc, pf_opus_enc, GST_TYPE_AUDIO_ENCODER)
GST_ELEMENT_REGISTER_DEFINE (
    pfopusenc, "pfopusenc", GST_RANK_NONE, PF_TYPE_OPUS_ENC)

static GType
application_type (void)
{
  static const GEnumValue values[] = {
    { APPLICATION_LOWDELAY, "Least delay, no speech modes",
        "restricted-lowdelay" },
    { APPLICATION_AUDIO, "Any sound, longer lookahead", "audio" },
    { APPLICATION_VOIP, "Speech, such as a microphone's", "voip" },
    { 0, NULL, NULL },
  };
  static gsize type = 0;

  if (g_once_init_enter (&type))
    g_once_init_leave (
        &type, g_enum_register_static ("PfOpusEncApplication", values));
  return type;
}

static int
opus_application (Application application)
{
  switch (application) {
  case APPLICATION_AUDIO:
    return OPUS_APPLICATION_AUDIO;
  case APPLICATION_VOIP:
    return OPUS_APPLICATION_VOIP;
  default:
    return OPUS_APPLICATION_RESTRICTED_LOWDELAY;
  }
}

/* ---- The encoder -------------------------------------------------------- */

static void
show_counters (PfOpusEnc *self)
{
  GST_OBJECT_LOCK (self);
  self->shown = self->counters;
  GST_OBJECT_UNLOCK (self);
}

/* As it was before the first sample. */
static void
forget_stream (PfOpusEnc *self)
{
  if (self->encoder)
    opus_multistream_encoder_ctl (self->encoder, OPUS_RESET_STATE);
  self->in = self->out = 0;
  self->behind = self->clip_end = self->silence = 0;
}

/* Settings that may change between two packets. */
static void
apply_settings (PfOpusEnc *self)
{
  guint kbps, complexity, loss;

  GST_OBJECT_LOCK (self);
  kbps = self->bitrate_kbps;
  complexity = self->complexity;
  loss = self->loss_percent;
  GST_OBJECT_UNLOCK (self);
  if (kbps == 0)
    kbps = pf_opus_layout_bitrate (&self->layout, self->high);
  if (kbps != self->used_kbps)
    opus_multistream_encoder_ctl (
        self->encoder, OPUS_SET_BITRATE ((opus_int32) kbps * 1000));
  if (complexity != self->used_complexity)
    opus_multistream_encoder_ctl (
        self->encoder, OPUS_SET_COMPLEXITY ((opus_int32) complexity));
  if (loss != self->used_loss) {
    opus_multistream_encoder_ctl (
        self->encoder, OPUS_SET_INBAND_FEC (loss > 0));
    opus_multistream_encoder_ctl (
        self->encoder, OPUS_SET_PACKET_LOSS_PERC ((opus_int32) loss));
  }
  self->used_kbps = self->counters.bitrate_kbps = kbps;
  self->used_complexity = complexity;
  self->used_loss = loss;
}

static gboolean
find_layout (PfOpusEnc *self, guint channels)
{
  gboolean ok;
  gchar *text;

  GST_OBJECT_LOCK (self);
  text = g_strdup (self->layout_text ? self->layout_text : DEFAULT_LAYOUT);
  GST_OBJECT_UNLOCK (self);
  self->high = g_str_equal (text, "high");
  if (self->high || g_str_equal (text, "normal")) {
    ok = pf_opus_layout_init (&self->layout, channels, self->high);
  } else {
    ok = pf_opus_layout_parse (&self->layout, text) &&
         self->layout.channels == channels;
    self->high = channels > 2 && self->layout.coupled == 0;
  }
  if (!ok)
    GST_ELEMENT_ERROR (self, LIBRARY, SETTINGS,
        ("The layout \"%s\" does not fit %u channels; use normal, high, or "
         "digits for channels, streams, pairs and mapping, such as 642012345.",
            text, channels),
        (NULL));
  g_free (text);
  return ok;
}

static gboolean
make_encoder (PfOpusEnc *self)
{
  Application application;
  opus_int32 lookahead = 0;
  int error;

  GST_OBJECT_LOCK (self);
  application = self->application;
  self->frame = self->frame_us * (PF_OPUS_RATE / 1000) / 1000;
  GST_OBJECT_UNLOCK (self);
  g_clear_pointer (&self->encoder, opus_multistream_encoder_destroy);
  self->encoder = opus_multistream_encoder_create (PF_OPUS_RATE,
      (int) self->layout.channels, (int) self->layout.streams,
      (int) self->layout.coupled, self->layout.mapping,
      opus_application (application), &error);
  if (!self->encoder) {
    GST_ELEMENT_ERROR (self, LIBRARY, INIT,
        ("libopus makes no encoder: %s.", opus_strerror (error)),
        ("%u channels, %u streams, %u pairs", self->layout.channels,
            self->layout.streams, self->layout.coupled));
    return FALSE;
  }
  opus_multistream_encoder_ctl (self->encoder, OPUS_SET_VBR (0));
  opus_multistream_encoder_ctl (self->encoder, OPUS_GET_LOOKAHEAD (&lookahead));
  self->lookahead = (guint) lookahead;
  self->used_kbps = 0;
  self->used_complexity = self->used_loss = G_MAXUINT;
  forget_stream (self);
  apply_settings (self);
  return TRUE;
}

static GstClockTime
samples_to_time (guint64 samples)
{
  return gst_util_uint64_scale (samples, GST_SECOND, PF_OPUS_RATE);
}

static gboolean
pf_opus_enc_set_format (GstAudioEncoder *encoder, GstAudioInfo *info)
{
  PfOpusEnc *self = PF_OPUS_ENC (encoder);
  GstClockTime latency;
  GstCaps *caps;
  gboolean ok;

  self->floats = GST_AUDIO_INFO_FORMAT (info) == GST_AUDIO_FORMAT_F32;
  if (!find_layout (self, (guint) GST_AUDIO_INFO_CHANNELS (info)) ||
      !make_encoder (self))
    return FALSE;
  gst_audio_encoder_set_frame_samples_min (encoder, (gint) self->frame);
  gst_audio_encoder_set_frame_samples_max (encoder, (gint) self->frame);
  gst_audio_encoder_set_frame_max (encoder, 1);
  latency = samples_to_time (self->frame + self->lookahead);
  gst_audio_encoder_set_latency (encoder, latency, latency);
  self->counters.frame_us =
      (guint) GST_TIME_AS_USECONDS (samples_to_time (self->frame));
  self->counters.lookahead_us =
      (guint) GST_TIME_AS_USECONDS (samples_to_time (self->lookahead));
  show_counters (self);
  caps = pf_opus_layout_to_caps (&self->layout);
  ok = gst_audio_encoder_set_output_format (encoder, caps);
  GST_INFO_OBJECT (self, "%u streams, %u pairs, %u kbit/s, frames of %u us",
      self->layout.streams, self->layout.coupled, self->used_kbps,
      self->counters.frame_us);
  gst_caps_unref (caps);
  return ok;
}

/* ---- Packets ------------------------------------------------------------ */

/* Of one whole frame; size or an error of libopus. */
static opus_int32
encode (PfOpusEnc *self, gconstpointer samples, guint8 *to, gsize room)
{
  if (self->floats)
    return opus_multistream_encode_float (
        self->encoder, samples, (int) self->frame, to, (opus_int32) room);
  return opus_multistream_encode (
      self->encoder, samples, (int) self->frame, to, (opus_int32) room);
}

/* A packet of n samples and silence for the rest of its frame. */
static GstBuffer *
make_packet (PfOpusEnc *self, gconstpointer samples, guint n)
{
  const gsize sample_size = self->layout.channels *
                            (self->floats ? sizeof (gfloat) : sizeof (gint16));
  const gsize room = MAX_STREAM_BYTES * self->layout.streams;
  guint8 padded[MAX_FRAME * PF_OPUS_MAX_CHANNELS * sizeof (gfloat)];
  GstBuffer *packet =
      gst_audio_encoder_allocate_output_buffer (GST_AUDIO_ENCODER (self), room);
  opus_int32 size;
  GstMapInfo map;

  if (n < self->frame) {
    memset (padded, 0, self->frame * sample_size);
    if (n > 0)
      memcpy (padded, samples, n * sample_size);
    samples = padded;
    self->silence = self->frame - n;
    self->counters.padded += self->silence;
  }
  if (!gst_buffer_map (packet, &map, GST_MAP_WRITE)) {
    gst_buffer_unref (packet);
    return NULL;
  }
  size = encode (self, samples, map.data, room);
  gst_buffer_unmap (packet, &map);
  if (size <= 0) {
    GST_DEBUG_OBJECT (self, "libopus: %s", opus_strerror (size));
    gst_buffer_unref (packet);
    return NULL;
  }
  gst_buffer_set_size (packet, size);
  self->in += n;
  self->out += self->frame;
  return packet;
}

/* At an end of the stream: what the encoder still holds of the input. */
static GstFlowReturn
drain (PfOpusEnc *self)
{
  GstFlowReturn ret = GST_FLOW_OK;
  GstBuffer *packet;

  if (self->in > 0 && self->out < self->in + self->lookahead) {
    packet = make_packet (self, NULL, 0);
    if (!packet)
      return GST_FLOW_ERROR;
    self->clip_end = (guint) (self->out - self->in - self->lookahead);
    ret = gst_audio_encoder_finish_frame (GST_AUDIO_ENCODER (self), packet, -1);
  }
  forget_stream (self);
  return ret;
}

static GstFlowReturn
pf_opus_enc_handle_frame (GstAudioEncoder *encoder, GstBuffer *buffer)
{
  PfOpusEnc *self = PF_OPUS_ENC (encoder);
  GstBuffer *packet;
  GstMapInfo map;
  guint n;

  if (!self->encoder)
    return GST_FLOW_NOT_NEGOTIATED;
  if (!buffer)
    return drain (self);
  apply_settings (self);
  if (!gst_buffer_map (buffer, &map, GST_MAP_READ))
    return GST_FLOW_ERROR;
  n = (guint) (map.size / (gsize) GST_AUDIO_INFO_BPF (
                              gst_audio_encoder_get_audio_info (encoder)));
  packet = make_packet (self, map.data, n);
  gst_buffer_unmap (buffer, &map);
  if (!packet) {
    GST_ELEMENT_ERROR (self, STREAM, ENCODE, ("libopus refuses to encode."),
        ("%u kbit/s, %u samples", self->used_kbps, self->frame));
    return GST_FLOW_ERROR;
  }
  self->clip_end = self->out > self->in + self->lookahead
                       ? (guint) (self->out - self->in - self->lookahead)
                       : 0;
  return gst_audio_encoder_finish_frame (encoder, packet, (gint) n);
}

/* The time of what a decoder makes of it, and its number. Where that would
 * be before zero, the decoder is told to leave the first samples out. */
static void
stamp (PfOpusEnc *self, GstBuffer *packet)
{
  const GstClockTime ahead = samples_to_time (self->lookahead);
  guint clip_start = 0;

  if (GST_BUFFER_PTS_IS_VALID (packet)) {
    GST_BUFFER_PTS (packet) += samples_to_time (self->behind);
    GST_BUFFER_DURATION (packet) = samples_to_time (self->frame);
    if (GST_BUFFER_PTS (packet) >= ahead) {
      GST_BUFFER_PTS (packet) -= ahead;
    } else {
      clip_start = self->lookahead;
      GST_BUFFER_DURATION (packet) -= ahead;
    }
    if (self->clip_end > 0)
      GST_BUFFER_DURATION (packet) =
          samples_to_time (self->frame - self->clip_end - clip_start);
    GST_BUFFER_DTS (packet) = GST_BUFFER_PTS (packet);
  }
  if (clip_start > 0 || self->clip_end > 0)
    gst_buffer_add_audio_clipping_meta (
        packet, GST_FORMAT_DEFAULT, clip_start, self->clip_end);
  self->behind += self->silence;
  self->clip_end = self->silence = 0;
  GST_BUFFER_OFFSET (packet) = self->number++;
  GST_BUFFER_OFFSET_END (packet) = self->number;
}

static GstFlowReturn
pf_opus_enc_pre_push (GstAudioEncoder *encoder, GstBuffer **buffer)
{
  PfOpusEnc *self = PF_OPUS_ENC (encoder);

  *buffer = gst_buffer_make_writable (*buffer);
  stamp (self, *buffer);
  self->counters.packets++;
  self->counters.bytes += gst_buffer_get_size (*buffer);
  show_counters (self);
  return GST_FLOW_OK;
}

static void
pf_opus_enc_flush (GstAudioEncoder *encoder)
{
  forget_stream (PF_OPUS_ENC (encoder));
}

/* ---- States ------------------------------------------------------------- */

static gboolean
pf_opus_enc_start (GstAudioEncoder *encoder)
{
  PfOpusEnc *self = PF_OPUS_ENC (encoder);

  memset (&self->counters, 0, sizeof self->counters);
  self->number = 0;
  show_counters (self);
  return TRUE;
}

static gboolean
pf_opus_enc_stop (GstAudioEncoder *encoder)
{
  PfOpusEnc *self = PF_OPUS_ENC (encoder);

  g_clear_pointer (&self->encoder, opus_multistream_encoder_destroy);
  forget_stream (self);
  return TRUE;
}

/* ---- Properties --------------------------------------------------------- */

/* Call with the object lock. */
static GstStructure *
make_stats (PfOpusEnc *self)
{
  const Counters *c = &self->shown;

  return gst_structure_new ("application/x-pf-opusenc-stats", "packets",
      G_TYPE_UINT64, c->packets, "bytes", G_TYPE_UINT64, c->bytes, "padded",
      G_TYPE_UINT64, c->padded, "bitrate-kbps", G_TYPE_UINT, c->bitrate_kbps,
      "frame-us", G_TYPE_UINT, c->frame_us, "lookahead-us", G_TYPE_UINT,
      c->lookahead_us, NULL);
}

/* Frames that Opus has without its longer ones: 2.5, 5, 10, 20 ms. */
static guint
nearest_frame (guint us)
{
  guint frame = 2500;

  while (frame < 20000 && us > frame * 3 / 2)
    frame *= 2;
  return frame;
}

static void
pf_opus_enc_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  PfOpusEnc *self = PF_OPUS_ENC (object);

  GST_OBJECT_LOCK (self);
  switch (id) {
  case PROP_LAYOUT:
    g_free (self->layout_text);
    self->layout_text = g_value_dup_string (value);
    break;
  case PROP_BITRATE:
    self->bitrate_kbps = g_value_get_uint (value);
    break;
  case PROP_FRAME:
    self->frame_us = nearest_frame (g_value_get_uint (value));
    break;
  case PROP_APPLICATION:
    self->application = (Application) g_value_get_enum (value);
    break;
  case PROP_COMPLEXITY:
    self->complexity = g_value_get_uint (value);
    break;
  case PROP_LOSS:
    self->loss_percent = g_value_get_uint (value);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    break;
  }
  GST_OBJECT_UNLOCK (self);
}

static void
pf_opus_enc_get_property (
    GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  PfOpusEnc *self = PF_OPUS_ENC (object);

  GST_OBJECT_LOCK (self);
  switch (id) {
  case PROP_LAYOUT:
    g_value_set_string (value, self->layout_text);
    break;
  case PROP_BITRATE:
    g_value_set_uint (value, self->bitrate_kbps);
    break;
  case PROP_FRAME:
    g_value_set_uint (value, self->frame_us);
    break;
  case PROP_APPLICATION:
    g_value_set_enum (value, (gint) self->application);
    break;
  case PROP_COMPLEXITY:
    g_value_set_uint (value, self->complexity);
    break;
  case PROP_LOSS:
    g_value_set_uint (value, self->loss_percent);
    break;
  case PROP_STATS:
    g_value_take_boxed (value, make_stats (self));
    break;
  case PROP_PACKETS:
    g_value_set_uint64 (value, self->shown.packets);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    break;
  }
  GST_OBJECT_UNLOCK (self);
}

static void
pf_opus_enc_finalize (GObject *object)
{
  PfOpusEnc *self = PF_OPUS_ENC (object);

  g_clear_pointer (&self->encoder, opus_multistream_encoder_destroy);
  g_free (self->layout_text);
  G_OBJECT_CLASS (pf_opus_enc_parent_class)->finalize (object);
}

static void
install_properties (GObjectClass *object_class)
{
  const GParamFlags rw = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS;
  const GParamFlags ready = rw | GST_PARAM_MUTABLE_READY;
  const GParamFlags playing = rw | GST_PARAM_MUTABLE_PLAYING;
  const GParamFlags ro = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  props[PROP_LAYOUT] = g_param_spec_string ("layout", "Layout",
      "normal (as many pairs as possible), high (none but in stereo), or "
      "digits as GameStream has them: channels, streams, pairs, and the coded "
      "channel of FL FR FC LFE RL RR SL SR",
      DEFAULT_LAYOUT, ready);
  props[PROP_BITRATE] = g_param_spec_uint ("bitrate-kbps", "Bitrate",
      "kbit/s of all channels; 0: what suits the layout (stereo 128, 5.1 256, "
      "7.1 450; high 512, 1536, 2048; mono 64)",
      0, 4096, DEFAULT_BITRATE, playing);
  props[PROP_FRAME] = g_param_spec_uint ("frame-us", "Frame",
      "Length of a packet in microseconds: 2500, 5000, 10000 or 20000; others "
      "become the nearest",
      2500, 20000, DEFAULT_FRAME_US, ready);
  props[PROP_APPLICATION] = g_param_spec_enum ("application", "Application",
      "What libopus is to optimise for; clients want restricted-lowdelay",
      application_type (), DEFAULT_APPLICATION, ready);
  props[PROP_COMPLEXITY] = g_param_spec_uint ("complexity", "Complexity",
      "Work that goes into quality, 0 to 10", 0, 10, DEFAULT_COMPLEXITY,
      playing);
  props[PROP_LOSS] = g_param_spec_uint ("loss-percent", "Loss",
      "Expected loss: above 0 speech packets also hold the frame before them; "
      "of no use with restricted-lowdelay",
      0, 100, DEFAULT_LOSS, playing);
  /**
   * PfOpusEnc:stats:
   *
   * A structure application/x-pf-opusenc-stats, counted since READY: packets
   * and bytes in them, padded (samples of silence at ends of the stream):
   * uint64; bitrate-kbps in use, frame-us, lookahead-us: uint.
   */
  props[PROP_STATS] = g_param_spec_boxed ("stats", "Statistics",
      "Counters since READY; see the documentation", GST_TYPE_STRUCTURE, ro);
  props[PROP_PACKETS] = g_param_spec_uint64 ("packets", "Packets",
      "Packets pushed since READY", 0, G_MAXUINT64, 0, ro);
  g_object_class_install_properties (object_class, N_PROPS, props);
  gst_type_mark_as_plugin_api (application_type (), 0);
}

static void
pf_opus_enc_class_init (PfOpusEncClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstAudioEncoderClass *encoder_class = GST_AUDIO_ENCODER_CLASS (klass);

  GST_DEBUG_CATEGORY_INIT (pf_opus_enc_debug, "pfopusenc", 0, "sound to Opus");
  object_class->set_property = pf_opus_enc_set_property;
  object_class->get_property = pf_opus_enc_get_property;
  object_class->finalize = pf_opus_enc_finalize;
  encoder_class->start = GST_DEBUG_FUNCPTR (pf_opus_enc_start);
  encoder_class->stop = GST_DEBUG_FUNCPTR (pf_opus_enc_stop);
  encoder_class->set_format = GST_DEBUG_FUNCPTR (pf_opus_enc_set_format);
  encoder_class->handle_frame = GST_DEBUG_FUNCPTR (pf_opus_enc_handle_frame);
  encoder_class->pre_push = GST_DEBUG_FUNCPTR (pf_opus_enc_pre_push);
  encoder_class->flush = GST_DEBUG_FUNCPTR (pf_opus_enc_flush);
  install_properties (object_class);
  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_set_static_metadata (element_class,
      "Low-delay Opus encoder", "Codec/Encoder/Audio",
      "Encodes sound as Opus with little delay",
      "The gst-punktfunk developers");
}

static void
pf_opus_enc_init (PfOpusEnc *self)
{
  self->layout_text = g_strdup (DEFAULT_LAYOUT);
  self->bitrate_kbps = DEFAULT_BITRATE;
  self->frame_us = DEFAULT_FRAME_US;
  self->application = DEFAULT_APPLICATION;
  self->complexity = DEFAULT_COMPLEXITY;
  self->loss_percent = DEFAULT_LOSS;
}
