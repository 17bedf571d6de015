/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/**
 * SECTION:element-pffecenc
 * @title: pffecenc
 *
 * Cuts each access unit into packets and adds Reed-Solomon parity.
 *
 * In: whole access units. Out: plain packets with headers, as blocks
 * (application/x-pf-block) toward elements that take them, else one a buffer
 * in lists (application/x-pf-packet). A frame's data is pushed before its
 * parity is computed, and parity is computed from the encoder's buffer, never
 * from what was pushed. The payload is copied once.
 *
 * In a session its endpoint says what holds, before properties do
 * (PfSessionParams). Loss reports move the percentage, if adaptive is set;
 * PfProbe has filler sent for a speed test (docs/events.md).
 *
 * All work is done in the thread that pushes, and no latency is added; filler
 * comes from one more thread, the task of the source pad, in turn with it.
 *
 * |[
 * gst-launch-1.0 videotestsrc is-live=true ! x264enc tune=zerolatency ! h264parse ! pffecenc percentage=20 ! pfaesgcm key-file=session.key ! udpsink host=127.0.0.1 port=5000
 * ]|
 *
 * Since: 0.1
 */
#include "pf-fec-enc.h"

#include "pf-caps.h"
#include "pf-fec-enc-private.h"
#include "pf-stats.h"

GST_DEBUG_CATEGORY (pf_fec_enc_debug);
#define GST_CAT_DEFAULT pf_fec_enc_debug

#define DEFAULT_WIRE "punktfunk1"
#define DEFAULT_FEC PF_FEC_GF16
#define DEFAULT_PERCENTAGE 20
#define DEFAULT_MINIMUM_PARITY 0
#define DEFAULT_MAX_BLOCK 0
#define DEFAULT_SHARD_PAYLOAD 1408
#define DEFAULT_ADAPTIVE FALSE
#define DEFAULT_FORBID_COPY FALSE

#define CONTEXTS 64 /* of different frame sizes that are kept */

enum {
  PROP_0,
  PROP_WIRE,
  PROP_FEC,
  PROP_PERCENTAGE,
  PROP_MINIMUM_PARITY,
  PROP_MAX_BLOCK,
  PROP_SHARD_PAYLOAD,
  PROP_ADAPTIVE,
  PROP_FORBID_COPY,
  PROP_STATS,
  PROP_CURRENT_PERCENTAGE,
  PROP_FRAMES,
  PROP_FRAMES_PENDING,
  PROP_FILLER_UNITS,
  PROP_FILLER_PACKETS,
  PROP_COPIES,
  N_PROPS
};

static GParamSpec *props[N_PROPS];

#define AT(member) G_STRUCT_OFFSET (PfFecEnc, member)
static const gsize members[N_PROPS] = {
  [PROP_WIRE] = AT (wire_name),
  [PROP_FEC] = AT (scheme),
  [PROP_PERCENTAGE] = AT (percentage),
  [PROP_MINIMUM_PARITY] = AT (minimum_parity),
  [PROP_MAX_BLOCK] = AT (max_block),
  [PROP_SHARD_PAYLOAD] = AT (shard_payload),
  [PROP_ADAPTIVE] = AT (adaptive),
  [PROP_FORBID_COPY] = AT (forbid_copy),
  [PROP_CURRENT_PERCENTAGE] = AT (adapt.percent),
  [PROP_FRAMES] = AT (counters.frames),
  [PROP_FRAMES_PENDING] = AT (counters.frames_pending),
  [PROP_FILLER_UNITS] = AT (counters.filler_units),
  [PROP_FILLER_PACKETS] = AT (counters.filler_packets),
  [PROP_COPIES] = AT (counters.copies),
};
#undef AT

#define COUNTER(member, name) PF_COUNTER (PfFecEnc, counters.member, name)
static const PfField stats_fields[] = {
  COUNTER (frames, "frames"),
  COUNTER (packets, "packets"),
  COUNTER (parity_packets, "parity-packets"),
  COUNTER (bytes, "bytes"),
  COUNTER (copies, "copies"),
  COUNTER (frames_pending, "frames-pending"),
  COUNTER (reports, "reports"),
  COUNTER (filler_units, "filler-units"),
  COUNTER (filler_packets, "filler-packets"),
  COUNTER (filler_bytes, "filler-bytes"),
  PF_FIELD (PfFecEnc, UINT, adapt.percent, "percentage", 0, 255),
};
#undef COUNTER

static GstStaticPadTemplate sink_template =
    GST_STATIC_PAD_TEMPLATE ("sink", GST_PAD_SINK, GST_PAD_ALWAYS,
        GST_STATIC_CAPS ("video/x-h264, stream-format=(string)byte-stream, "
                         "alignment=(string)au; "
                         "video/x-h265, stream-format=(string)byte-stream, "
                         "alignment=(string)au; "
                         "video/x-av1, stream-format=(string)obu-stream, "
                         "alignment=(string)tu"));

static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE ("src",
    GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS (PF_CAPS_PACKETS ("false")));

#define PF_TYPE_FEC_SCHEME (pf_fec_scheme_get_type ())
static GType
pf_fec_scheme_get_type (void)
{
  static gsize type;

  if (g_once_init_enter (&type)) {
    static const GEnumValue values[] = {
      { 0, "No parity", "none" },
      { PF_FEC_GF8, "Reed-Solomon over GF(2^8), Cauchy matrix", "gf8" },
      { PF_FEC_GF16, "Reed-Solomon over GF(2^16), Leopard", "gf16" },
      { 0, NULL, NULL },
    };

    g_once_init_leave (&type, g_enum_register_static ("PfFecScheme", values));
  }
  return (GType) type;
}

G_DEFINE_FINAL_TYPE (PfFecEnc, pf_fec_enc, GST_TYPE_ELEMENT)
GST_ELEMENT_REGISTER_DEFINE (
    pffecenc, "pffecenc", GST_RANK_NONE, PF_TYPE_FEC_ENC)

/* ---- Frames -------------------------------------------------------------- */

/* Capture time in ns since 1970: as the source stamped it, else now; and how
 * long ago that is, 0 where it is not known. */
static guint64
capture_time (GstBuffer *buffer, guint32 *latency_us)
{
  static GstStaticCaps unix_caps = GST_STATIC_CAPS ("timestamp/x-unix");
  const guint64 now = (guint64) g_get_real_time () * 1000;
  GstCaps *caps = gst_static_caps_get (&unix_caps);
  GstReferenceTimestampMeta *meta =
      gst_buffer_get_reference_timestamp_meta (buffer, caps);

  gst_caps_unref (caps);
  *latency_us = 0;
  if (!meta)
    return now;
  if (meta->timestamp < now)
    *latency_us = (guint32) MIN ((now - meta->timestamp) / 1000, G_MAXUINT32);
  return meta->timestamp;
}

static void
count_frame (PfFecEnc *self, const PfWirePlan *plan, gboolean copied)
{
  GST_OBJECT_LOCK (self);
  self->counters.frames++;
  self->counters.packets += pf_wire_n_packets (plan);
  self->counters.parity_packets += plan->n_parity;
  self->counters.bytes += plan->frame.size;
  self->counters.copies += copied;
  GST_OBJECT_UNLOCK (self);
}

static gboolean
plan_frame (PfFecEnc *self, GstBuffer *buffer, gsize size, PfWirePlan *plan)
{
  PfWireFrame frame = { .size = size };
  int ret;

  frame.pts_ns = capture_time (buffer, &frame.latency_us);
  if (!GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT))
    frame.flags |= PF_WIRE_KEY;
  else if (pf_buffer_is_anchor (buffer))
    frame.flags |= PF_WIRE_ANCHOR;
  if (GST_BUFFER_PTS_IS_VALID (buffer))
    frame.rtp_time = (guint32) gst_util_uint64_scale (
        GST_BUFFER_PTS (buffer), 90000, GST_SECOND);
  ret = pf_fec_enc_plan (self, &frame, plan);
  if (ret < 0) {
    GST_ELEMENT_ERROR (self, STREAM, FORMAT,
        ("An access unit of %" G_GSIZE_FORMAT " bytes does not fit the packet "
         "format; lower the encoder's bitrate or raise shard-payload.",
            size),
        ("%s: %s", self->wire->name, pf_strerror (ret)));
    return FALSE;
  }
  return TRUE;
}

static GstFlowReturn
send_frame (PfFecEnc *self, GstBuffer *buffer)
{
  const gboolean copied = gst_buffer_n_memory (buffer) > 1;
  GstFlowReturn ret = GST_FLOW_ERROR;
  gboolean forbid_copy;
  GstMapInfo unit;
  PfWirePlan plan;

  GST_OBJECT_LOCK (self);
  forbid_copy = self->forbid_copy;
  GST_OBJECT_UNLOCK (self);
  if (copied && forbid_copy) {
    GST_ELEMENT_ERROR (self, STREAM, FORMAT,
        ("An access unit lies in several memories and would have to be "
         "copied, but forbid-copy is set."),
        (NULL));
    return GST_FLOW_ERROR;
  }
  /* several memories are merged: a copy */
  if (!gst_buffer_map (buffer, &unit, GST_MAP_READ)) {
    GST_ELEMENT_ERROR (
        self, RESOURCE, READ, ("Cannot read an access unit."), (NULL));
    return GST_FLOW_ERROR;
  }
  if (plan_frame (self, buffer, unit.size, &plan)) {
    count_frame (self, &plan, copied);
    ret = pf_fec_enc_push (self, &plan, &unit, buffer);
  }
  gst_buffer_unmap (buffer, &unit);
  return ret;
}

static GstFlowReturn
pf_fec_enc_chain (GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
  PfFecEnc *self = PF_FEC_ENC (parent);
  GstFlowReturn ret = pf_fec_enc_prepare (self);

  (void) pad;
  if (ret == GST_FLOW_OK && self->pending) {
    GST_OBJECT_LOCK (self);
    self->counters.frames_pending++;
    GST_OBJECT_UNLOCK (self);
    self->breaks |= GST_BUFFER_FLAG_DISCONT;
  } else if (ret == GST_FLOW_OK) {
    self->breaks |= GST_BUFFER_FLAGS (buffer) & PF_BLOCK_BREAKS;
    ret = send_frame (self, buffer);
  }
  gst_buffer_unref (buffer);
  return ret;
}

/* ---- Events and queries ------------------------------------------------- */

static gboolean
pf_fec_enc_sink_event (GstPad *pad, GstObject *parent, GstEvent *event)
{
  PfFecEnc *self = PF_FEC_ENC (parent);

  switch (GST_EVENT_TYPE (event)) {
  case GST_EVENT_CAPS:
    gst_event_unref (event);
    return pf_fec_enc_negotiate (self);
  case GST_EVENT_SEGMENT:
  case GST_EVENT_FLUSH_STOP:
    self->breaks |= GST_BUFFER_FLAG_DISCONT;
    break;
  default:
    break;
  }
  if (pf_fec_enc_holds_back (self, event)) {
    gst_event_unref (event);
    return TRUE;
  }
  return gst_pad_event_default (pad, parent, event);
}

/* What is for us goes no further. */
static gboolean
pf_fec_enc_src_event (GstPad *pad, GstObject *parent, GstEvent *event)
{
  PfFecEnc *self = PF_FEC_ENC (parent);
  PfLossReport report;
  PfProbe probe;

  if (pf_event_is_params_changed (event))
    g_atomic_int_set (&self->ask, TRUE);
  else if (pf_event_parse_loss_report (event, &report))
    pf_fec_enc_take_report (self, &report);
  else if (pf_event_parse_probe (event, &probe))
    pf_fec_enc_probe (self, &probe);
  else
    return gst_pad_event_default (pad, parent, event);
  gst_event_unref (event);
  return TRUE;
}

static gboolean
pf_fec_enc_src_activate_mode (
    GstPad *pad, GstObject *parent, GstPadMode mode, gboolean active)
{
  PfFecEnc *self = PF_FEC_ENC (parent);

  (void) pad;
  if (mode != GST_PAD_MODE_PUSH)
    return FALSE;
  return active ? pf_fec_enc_probe_allow (self) : pf_fec_enc_probe_end (self);
}

static gboolean
pf_fec_enc_sink_query (GstPad *pad, GstObject *parent, GstQuery *query)
{
  switch (GST_QUERY_TYPE (query)) {
  case GST_QUERY_ALLOCATION:
    /* what lies behind us is about packets, not about access units */
    return FALSE;
  default:
    return gst_pad_query_default (pad, parent, query);
  }
}

/* ---- Properties --------------------------------------------------------- */

/* Call with the object lock. */
static GstStructure *
make_stats_unlocked (PfFecEnc *self)
{
  GstStructure *s =
      gst_structure_new ("application/x-pf-fecenc-stats", "allocations",
          G_TYPE_UINT64, self->pool ? pf_slab_pool_allocations (self->pool) : 0,
          "kernel", G_TYPE_STRING, pf_fec_kernel (), NULL);

  pf_fields_put (s, stats_fields, G_N_ELEMENTS (stats_fields), self);
  return s;
}

static void
pf_fec_enc_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  PfFecEnc *self = PF_FEC_ENC (object);

  GST_OBJECT_LOCK (self);
  if (!pf_member_set (self, members[id], value))
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  pf_fec_enc_follow_setting_unlocked (
      self, id == PROP_PERCENTAGE || id == PROP_ADAPTIVE);
  GST_OBJECT_UNLOCK (self);
}

static void
pf_fec_enc_get_property (
    GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  PfFecEnc *self = PF_FEC_ENC (object);

  GST_OBJECT_LOCK (self);
  if (id == PROP_STATS)
    g_value_take_boxed (value, make_stats_unlocked (self));
  else if (!pf_member_get (self, members[id], value))
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  GST_OBJECT_UNLOCK (self);
}

/* ---- States ------------------------------------------------------------- */

static gboolean
start (PfFecEnc *self)
{
  if (!pf_fec_enc_take_settings (self) ||
      pf_fec_cache_new (CONTEXTS, &self->cache) < 0)
    return FALSE;
  self->negotiated = self->refused = self->pending = self->begun = FALSE;
  self->breaks = GST_BUFFER_FLAG_DISCONT;
  g_atomic_int_set (&self->ask, TRUE);
  GST_OBJECT_LOCK (self);
  self->pool = pf_slab_pool_new ();
  memset (&self->counters, 0, sizeof self->counters);
  memset (&self->wanted, 0, sizeof self->wanted);
  GST_OBJECT_UNLOCK (self);
  return TRUE;
}

static void
stop (PfFecEnc *self)
{
  PfSlabPool *pool;

  pf_fec_cache_free (self->cache);
  self->cache = NULL;
  GST_OBJECT_LOCK (self);
  pool = self->pool;
  self->pool = NULL;
  GST_OBJECT_UNLOCK (self);
  pf_slab_pool_free (pool);
}

static GstStateChangeReturn
pf_fec_enc_change_state (GstElement *element, GstStateChange transition)
{
  PfFecEnc *self = PF_FEC_ENC (element);
  GstStateChangeReturn ret;

  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED && !start (self)) {
    stop (self);
    return GST_STATE_CHANGE_FAILURE;
  }
  ret = GST_ELEMENT_CLASS (pf_fec_enc_parent_class)
            ->change_state (element, transition);
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY)
    stop (self);
  return ret;
}

static gboolean
pf_fec_enc_set_clock (GstElement *element, GstClock *clock)
{
  pf_timer_set_clock (&PF_FEC_ENC (element)->when, clock);
  return GST_ELEMENT_CLASS (pf_fec_enc_parent_class)
      ->set_clock (element, clock);
}

static void
pf_fec_enc_finalize (GObject *object)
{
  PfFecEnc *self = PF_FEC_ENC (object);

  stop (self);
  pf_timer_clear (&self->when);
  g_free (self->wire_name);
  g_ptr_array_unref (self->rows);
  g_ptr_array_unref (self->parity_rows);
  g_byte_array_unref (self->scratch);
  g_byte_array_unref (self->headers);
  G_OBJECT_CLASS (pf_fec_enc_parent_class)->finalize (object);
}

static void
install_counters (void)
{
  /**
   * PfFecEnc:stats:
   *
   * A structure application/x-pf-fecenc-stats, counted since READY:
   * frames, packets (with parity), parity-packets, bytes (of access units),
   * copies (beyond the one into packets), frames-pending (dropped, there was
   * no session yet), reports (of loss), filler-units, filler-packets and
   * filler-bytes (of speed tests; not among the ones above), allocations (of
   * slabs): uint64; percentage (of the next frame): uint; kernel (of the
   * erasure code): string.
   */
  props[PROP_STATS] = pf_stats_spec ();
  props[PROP_CURRENT_PERCENTAGE] = g_param_spec_uint ("current-percentage",
      "Current percentage", "Parity packets per hundred of the next frame", 0,
      255, DEFAULT_PERCENTAGE, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  props[PROP_FRAMES] =
      pf_counter_spec ("frames", "Frames", "Access units sent since READY");
  props[PROP_FRAMES_PENDING] = pf_counter_spec ("frames-pending",
      "Frames pending", "Access units dropped for want of a session");
  props[PROP_FILLER_UNITS] = pf_counter_spec (
      "filler-units", "Filler units", "Access units of filler since READY");
  props[PROP_FILLER_PACKETS] = pf_counter_spec ("filler-packets",
      "Filler packets", "Packets of filler, parity too, since READY");
  props[PROP_COPIES] = pf_counter_spec (
      "copies", "Copies", "Frames that were copied more than once since READY");
}

static void
install_properties (GObjectClass *object_class)
{
  const GParamFlags rw = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS;
  const GParamFlags ready = rw | GST_PARAM_MUTABLE_READY;
  const GParamFlags playing = rw | GST_PARAM_MUTABLE_PLAYING;

  props[PROP_WIRE] = g_param_spec_string (
      "wire", "Wire", "Packet format: punktfunk1", DEFAULT_WIRE, ready);
  props[PROP_FEC] = g_param_spec_enum ("fec", "FEC",
      "Erasure code of the parity", PF_TYPE_FEC_SCHEME, DEFAULT_FEC, ready);
  props[PROP_PERCENTAGE] = g_param_spec_uint ("percentage", "Percentage",
      "Parity packets per hundred data packets; 0 sends none", 0, 255,
      DEFAULT_PERCENTAGE, playing);
  props[PROP_MINIMUM_PARITY] =
      g_param_spec_uint ("minimum-parity", "Minimum parity",
          "Parity packets every block has at least, unless percentage is 0", 0,
          255, DEFAULT_MINIMUM_PARITY, playing);
  props[PROP_MAX_BLOCK] = g_param_spec_uint ("max-block", "Max block",
      "Data packets a block has at most; 0 is the format's own limit", 0, 65535,
      DEFAULT_MAX_BLOCK, ready);
  props[PROP_SHARD_PAYLOAD] =
      g_param_spec_uint ("shard-payload", "Shard payload",
          "Bytes of payload in every packet, an even number (1408 fits IPv4 "
          "over Ethernet, 1388 IPv6)",
          16, 9152, DEFAULT_SHARD_PAYLOAD, ready);
  props[PROP_FORBID_COPY] = g_param_spec_boolean ("forbid-copy", "Forbid copy",
      "Fail where a frame would have to be copied more than once",
      DEFAULT_FORBID_COPY, playing);
  /**
   * PfFecEnc:adaptive:
   *
   * Whether PfLossReport moves the percentage, from the one set on: up at
   * once, down one point a report, within 1 and 50.
   */
  props[PROP_ADAPTIVE] = g_param_spec_boolean ("adaptive", "Adaptive",
      "Let loss reports move the percentage, which is where it starts",
      DEFAULT_ADAPTIVE, playing);
  install_counters ();
  g_object_class_install_properties (object_class, N_PROPS, props);
}

static void
pf_fec_enc_class_init (PfFecEncClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);

  GST_DEBUG_CATEGORY_INIT (
      pf_fec_enc_debug, "pffecenc", 0, "packets and parity");
  object_class->set_property = pf_fec_enc_set_property;
  object_class->get_property = pf_fec_enc_get_property;
  object_class->finalize = pf_fec_enc_finalize;
  element_class->change_state = GST_DEBUG_FUNCPTR (pf_fec_enc_change_state);
  element_class->set_clock = GST_DEBUG_FUNCPTR (pf_fec_enc_set_clock);
  install_properties (object_class);
  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_set_static_metadata (element_class,
      "Packetizer with forward error correction", "Codec/Payloader/Network",
      "Cuts access units into packets and adds Reed-Solomon parity",
      "The gst-punktfunk developers");
  gst_type_mark_as_plugin_api (PF_TYPE_FEC_SCHEME, 0);
}

static void
pf_fec_enc_init (PfFecEnc *self)
{
  self->sinkpad = gst_pad_new_from_static_template (&sink_template, "sink");
  gst_pad_set_chain_function (
      self->sinkpad, GST_DEBUG_FUNCPTR (pf_fec_enc_chain));
  gst_pad_set_event_function (
      self->sinkpad, GST_DEBUG_FUNCPTR (pf_fec_enc_sink_event));
  gst_pad_set_query_function (
      self->sinkpad, GST_DEBUG_FUNCPTR (pf_fec_enc_sink_query));
  gst_element_add_pad (GST_ELEMENT (self), self->sinkpad);
  self->srcpad = gst_pad_new_from_static_template (&src_template, "src");
  gst_pad_set_event_function (
      self->srcpad, GST_DEBUG_FUNCPTR (pf_fec_enc_src_event));
  gst_pad_set_activatemode_function (
      self->srcpad, GST_DEBUG_FUNCPTR (pf_fec_enc_src_activate_mode));
  gst_element_add_pad (GST_ELEMENT (self), self->srcpad);

  self->wire_name = g_strdup (DEFAULT_WIRE);
  self->scheme = DEFAULT_FEC;
  self->percentage = DEFAULT_PERCENTAGE;
  self->minimum_parity = DEFAULT_MINIMUM_PARITY;
  self->max_block = DEFAULT_MAX_BLOCK;
  self->shard_payload = DEFAULT_SHARD_PAYLOAD;
  self->adaptive = DEFAULT_ADAPTIVE;
  self->forbid_copy = DEFAULT_FORBID_COPY;
  self->adapt.percent = DEFAULT_PERCENTAGE;
  pf_timer_init (&self->when);
  self->rows = g_ptr_array_new ();
  self->parity_rows = g_ptr_array_new ();
  self->scratch = g_byte_array_new ();
  self->headers = g_byte_array_new ();
}
