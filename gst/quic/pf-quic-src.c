/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/**
 * SECTION:element-pfquicsrc
 * @title: pfquicsrc
 *
 * Receives over QUIC.
 *
 * With protocol=raw the pad raw gives the bytes of a stream in order, or each
 * datagram as a buffer; the end of the stream is EOS. The peer may send ahead
 * as much as receive-window; then it waits until downstream took some.
 *
 * Each connection has a thread of its own; the pad's task pushes. The source is
 * live and adds no latency.
 *
 * |[
 * gst-launch-1.0 pfquicsrc protocol=raw role=server port=5000 ! filesink location=copy
 * gst-launch-1.0 filesrc location=file ! pfquicsink protocol=raw secure-connection=false address=127.0.0.1 port=5000
 * ]|
 *
 * Since: 0.1
 */
#include "pf-quic-src.h"

#include "pf-quic-raw.h"
#include "pf-quic-settings.h"

GST_DEBUG_CATEGORY_STATIC (pf_quic_src_debug);
#define GST_CAT_DEFAULT pf_quic_src_debug

#define DEFAULT_PROTOCOL PF_QUIC_PUNKTFUNK1

enum {
  PROP_0,
  PROP_PROTOCOL,
  PROP_CAPS,
  PROP_STATS,
  PROP_BYTES,
  PROP_SETTINGS /* and on: those of pf-quic-settings.h */
};

struct _PfQuicSrc {
  GstElement parent;

  /* object lock; settings are read at READY->PAUSED */
  PfQuicProtocol protocol;
  PfQuicSettings settings;
  GstCaps *caps;
  PfQuicRawCounters counters; /* of the last run */

  /* set before PAUSED, then constant; object lock to use it elsewhere */
  PfQuicRaw *raw;
  GstPad *pad; /* raw */

  /* the pad's task */
  gboolean begun; /* stream-start, caps and segment were pushed */
  guint64 offset;
};

static GstStaticPadTemplate raw_template = GST_STATIC_PAD_TEMPLATE (
    "raw", GST_PAD_SRC, GST_PAD_SOMETIMES, GST_STATIC_CAPS_ANY);

G_DEFINE_FINAL_TYPE (PfQuicSrc, pf_quic_src, GST_TYPE_ELEMENT)
GST_ELEMENT_REGISTER_DEFINE (
    pfquicsrc, "pfquicsrc", GST_RANK_NONE, PF_TYPE_QUIC_SRC)

/* ---- Streaming ---------------------------------------------------------- */

static void
begin (PfQuicSrc *self, GstPad *pad)
{
  gchar *id = gst_pad_create_stream_id (pad, GST_ELEMENT (self), NULL);
  GstEvent *event = gst_event_new_stream_start (id);
  GstSegment segment;
  GstCaps *caps;

  gst_event_set_group_id (event, gst_util_group_id_next ());
  gst_pad_push_event (pad, event);
  g_free (id);
  GST_OBJECT_LOCK (self);
  caps = self->caps ? gst_caps_ref (self->caps) : NULL;
  GST_OBJECT_UNLOCK (self);
  if (caps) {
    gst_pad_push_event (pad, gst_event_new_caps (caps));
    gst_caps_unref (caps);
  }
  gst_segment_init (&segment, GST_FORMAT_BYTES);
  gst_pad_push_event (pad, gst_event_new_segment (&segment));
  self->begun = TRUE;
  self->offset = 0;
}

/* The end of streaming, with what GStreamer wants to hear about it. */
static void
finish (PfQuicSrc *self, GstPad *pad, GstFlowReturn ret, GError *error)
{
  GST_DEBUG_OBJECT (pad, "%s", gst_flow_get_name (ret));
  if (ret == GST_FLOW_ERROR && error)
    GST_ELEMENT_ERROR (self, RESOURCE, READ,
        ("Nothing more is received: %s.", error->message), (NULL));
  else if (ret == GST_FLOW_ERROR || ret == GST_FLOW_NOT_LINKED ||
           ret == GST_FLOW_NOT_NEGOTIATED)
    GST_ELEMENT_FLOW_ERROR (self, ret);
  if (ret == GST_FLOW_EOS || ret == GST_FLOW_ERROR ||
      ret == GST_FLOW_NOT_LINKED || ret == GST_FLOW_NOT_NEGOTIATED)
    gst_pad_push_event (pad, gst_event_new_eos ());
  gst_pad_pause_task (pad);
}

static void
raw_loop (gpointer data)
{
  GstPad *pad = data;
  PfQuicSrc *self = PF_QUIC_SRC (GST_PAD_PARENT (pad));
  GstBuffer *buffer = NULL;
  GError *error = NULL;
  GstFlowReturn ret;

  if (!self->begun)
    begin (self, pad);
  ret = pf_quic_raw_receive (self->raw, &buffer, &error);
  if (ret == GST_FLOW_OK) {
    const gsize size = gst_buffer_get_size (buffer);

    GST_BUFFER_OFFSET (buffer) = self->offset;
    self->offset += size;
    GST_BUFFER_OFFSET_END (buffer) = self->offset;
    ret = gst_pad_push (pad, buffer);
  }
  if (ret != GST_FLOW_OK)
    finish (self, pad, ret, error);
  g_clear_error (&error);
}

/* ---- Pads --------------------------------------------------------------- */

static gboolean
pf_quic_src_pad_query (GstPad *pad, GstObject *parent, GstQuery *query)
{
  switch (GST_QUERY_TYPE (query)) {
  case GST_QUERY_LATENCY:
    /* bytes are pushed when they come */
    gst_query_set_latency (query, TRUE, 0, GST_CLOCK_TIME_NONE);
    return TRUE;
  case GST_QUERY_SCHEDULING:
    gst_query_set_scheduling (query,
        GST_SCHEDULING_FLAG_SEQUENTIAL | GST_SCHEDULING_FLAG_BANDWIDTH_LIMITED,
        1, -1, 0);
    gst_query_add_scheduling_mode (query, GST_PAD_MODE_PUSH);
    return TRUE;
  default:
    return gst_pad_query_default (pad, parent, query);
  }
}

static gboolean
activate_mode (GstPad *pad, GstObject *parent, GstPadMode mode, gboolean active)
{
  PfQuicSrc *self = PF_QUIC_SRC (parent);

  if (mode != GST_PAD_MODE_PUSH)
    return FALSE;
  if (active)
    return TRUE; /* the task begins with PLAYING */
  if (self->raw)
    pf_quic_raw_set_interrupted (self->raw, TRUE);
  return gst_pad_stop_task (pad);
}

static void
add_raw_pad (PfQuicSrc *self)
{
  GstPad *pad = gst_pad_new_from_static_template (&raw_template, "raw");

  gst_pad_set_query_function (pad, GST_DEBUG_FUNCPTR (pf_quic_src_pad_query));
  gst_pad_set_activatemode_function (pad, GST_DEBUG_FUNCPTR (activate_mode));
  gst_pad_use_fixed_caps (pad);
  gst_pad_set_active (pad, TRUE);
  self->pad = gst_object_ref (pad);
  gst_element_add_pad (GST_ELEMENT (self), pad);
  gst_element_no_more_pads (GST_ELEMENT (self));
}

static void
remove_raw_pad (PfQuicSrc *self)
{
  if (!self->pad)
    return;
  gst_pad_set_active (self->pad, FALSE);
  gst_element_remove_pad (GST_ELEMENT (self), self->pad);
  g_clear_object (&self->pad);
}

/* ---- States ------------------------------------------------------------- */

static gboolean
start (PfQuicSrc *self)
{
  PfQuicSettings settings;
  GError *error = NULL;
  PfQuicRaw *raw;

  GST_OBJECT_LOCK (self);
  pf_quic_settings_copy (&settings, &self->settings);
  memset (&self->counters, 0, sizeof self->counters);
  GST_OBJECT_UNLOCK (self);
  self->begun = FALSE;
  raw = pf_quic_raw_start (&settings, FALSE, &error);
  pf_quic_settings_clear (&settings);
  if (!raw) {
    GST_ELEMENT_ERROR (self, RESOURCE, OPEN_READ,
        ("Cannot begin: %s; look at address, port and the certificate's files.",
            error->message),
        (NULL));
    g_clear_error (&error);
    return FALSE;
  }
  GST_OBJECT_LOCK (self);
  self->raw = raw;
  if (self->settings.role == PF_QUIC_ROLE_SERVER)
    self->settings.port = pf_quic_raw_port (raw);
  GST_OBJECT_UNLOCK (self);
  add_raw_pad (self);
  return TRUE;
}

static void
stop (PfQuicSrc *self)
{
  PfQuicRaw *raw;

  remove_raw_pad (self);
  GST_OBJECT_LOCK (self);
  raw = self->raw;
  self->raw = NULL;
  if (raw)
    pf_quic_raw_get_counters (raw, &self->counters);
  GST_OBJECT_UNLOCK (self);
  pf_quic_raw_stop (raw);
}

static void
play (PfQuicSrc *self)
{
  pf_quic_raw_set_interrupted (self->raw, FALSE);
  gst_pad_start_task (self->pad, raw_loop, self->pad, NULL);
}

/* The task waits for the next PLAYING; what came stays. */
static void
pause_task (PfQuicSrc *self)
{
  pf_quic_raw_set_interrupted (self->raw, TRUE);
  gst_pad_pause_task (self->pad);
}

static GstStateChangeReturn
pf_quic_src_change_state (GstElement *element, GstStateChange transition)
{
  PfQuicSrc *self = PF_QUIC_SRC (element);
  GstStateChangeReturn ret;

  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED && !start (self))
    return GST_STATE_CHANGE_FAILURE;
  if (transition == GST_STATE_CHANGE_PLAYING_TO_PAUSED)
    pause_task (self);
  ret = GST_ELEMENT_CLASS (pf_quic_src_parent_class)
            ->change_state (element, transition);
  switch (transition) {
  case GST_STATE_CHANGE_READY_TO_PAUSED:
    if (ret == GST_STATE_CHANGE_FAILURE)
      stop (self);
    else
      ret = GST_STATE_CHANGE_NO_PREROLL;
    break;
  case GST_STATE_CHANGE_PAUSED_TO_PLAYING:
    if (ret != GST_STATE_CHANGE_FAILURE)
      play (self);
    break;
  case GST_STATE_CHANGE_PLAYING_TO_PAUSED:
    if (ret != GST_STATE_CHANGE_FAILURE)
      ret = GST_STATE_CHANGE_NO_PREROLL;
    break;
  case GST_STATE_CHANGE_PAUSED_TO_READY:
    stop (self);
    break;
  default:
    break;
  }
  return ret;
}

/* ---- Properties --------------------------------------------------------- */

static PfQuicRawCounters
count (PfQuicSrc *self)
{
  PfQuicRawCounters counters = self->counters;

  if (self->raw)
    pf_quic_raw_get_counters (self->raw, &counters);
  return counters;
}

/* Call with the object lock. */
static GstStructure *
make_stats (PfQuicSrc *self)
{
  const PfQuicRawCounters n = count (self);
  PfQuicLink *link = self->raw ? pf_quic_raw_get_link (self->raw) : NULL;
  GstStructure *stats = gst_structure_new ("application/x-pf-quicsrc-stats",
      "connected", G_TYPE_BOOLEAN, link != NULL, "bytes", G_TYPE_UINT64,
      n.bytes, "buffers", G_TYPE_UINT64, n.buffers, NULL);

  pf_quic_add_stats (stats, link);
  pf_quic_link_unref (link);
  return stats;
}

static void
pf_quic_src_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  PfQuicSrc *self = PF_QUIC_SRC (object);
  gboolean known = TRUE;

  GST_OBJECT_LOCK (self);
  switch (id) {
  case PROP_PROTOCOL:
    self->protocol = (PfQuicProtocol) g_value_get_enum (value);
    break;
  case PROP_CAPS:
    gst_caps_replace (&self->caps, (GstCaps *) gst_value_get_caps (value));
    break;
  default:
    known = pf_quic_settings_set (&self->settings, id, PROP_SETTINGS, value);
    break;
  }
  GST_OBJECT_UNLOCK (self);
  if (!known)
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
pf_quic_src_get_property (
    GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  PfQuicSrc *self = PF_QUIC_SRC (object);
  gboolean known = TRUE;

  GST_OBJECT_LOCK (self);
  switch (id) {
  case PROP_PROTOCOL:
    g_value_set_enum (value, self->protocol);
    break;
  case PROP_CAPS:
    gst_value_set_caps (value, self->caps);
    break;
  case PROP_STATS:
    g_value_take_boxed (value, make_stats (self));
    break;
  case PROP_BYTES:
    g_value_set_uint64 (value, count (self).bytes);
    break;
  default:
    known = pf_quic_settings_get (&self->settings, id, PROP_SETTINGS, value);
    break;
  }
  GST_OBJECT_UNLOCK (self);
  if (!known)
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
pf_quic_src_finalize (GObject *object)
{
  PfQuicSrc *self = PF_QUIC_SRC (object);

  gst_clear_caps (&self->caps);
  pf_quic_settings_clear (&self->settings);
  G_OBJECT_CLASS (pf_quic_src_parent_class)->finalize (object);
}

static void
install_properties (GObjectClass *object_class)
{
  const GParamFlags ready =
      G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY;
  const GParamFlags ro = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  g_object_class_install_property (object_class, PROP_PROTOCOL,
      g_param_spec_enum ("protocol", "Protocol", "What is received",
          PF_TYPE_QUIC_PROTOCOL, DEFAULT_PROTOCOL, ready));
  g_object_class_install_property (object_class, PROP_CAPS,
      g_param_spec_boxed ("caps", "Caps",
          "What the bytes are, which nothing on the wire tells (raw mode)",
          GST_TYPE_CAPS, ready));
  /**
   * PfQuicSrc:stats:
   *
   * A structure application/x-pf-quicsrc-stats, counted since READY:
   * connected: boolean; bytes and buffers pushed: uint64; and of the
   * connection what PfQuicSink:stats has.
   */
  g_object_class_install_property (object_class, PROP_STATS,
      g_param_spec_boxed ("stats", "Statistics",
          "Counters since READY; see the documentation", GST_TYPE_STRUCTURE,
          ro));
  g_object_class_install_property (object_class, PROP_BYTES,
      g_param_spec_uint64 (
          "bytes", "Bytes", "Bytes pushed since READY", 0, G_MAXUINT64, 0, ro));
  pf_quic_settings_install (object_class, PROP_SETTINGS);
  gst_type_mark_as_plugin_api (PF_TYPE_QUIC_PROTOCOL, 0);
}

static void
pf_quic_src_class_init (PfQuicSrcClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);

  GST_DEBUG_CATEGORY_INIT (
      pf_quic_src_debug, "pfquicsrc", 0, "receives by QUIC");
  object_class->set_property = pf_quic_src_set_property;
  object_class->get_property = pf_quic_src_get_property;
  object_class->finalize = pf_quic_src_finalize;
  element_class->change_state = GST_DEBUG_FUNCPTR (pf_quic_src_change_state);
  install_properties (object_class);
  gst_element_class_add_static_pad_template (element_class, &raw_template);
  gst_element_class_set_static_metadata (element_class, "QUIC receiver",
      "Source/Network", "Receives over QUIC", "The gst-punktfunk developers");
}

static void
pf_quic_src_init (PfQuicSrc *self)
{
  self->protocol = DEFAULT_PROTOCOL;
  pf_quic_settings_init (&self->settings);
  GST_OBJECT_FLAG_SET (self, GST_ELEMENT_FLAG_SOURCE);
}
