/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/**
 * SECTION:element-pfquicsink
 * @title: pfquicsink
 *
 * Sends over QUIC.
 *
 * With protocol=raw whatever is pushed to the pad raw goes out on a stream, in
 * order and without loss, or with use-datagram each buffer as a datagram.
 * Pushing waits while the connection is not there yet, and while as much as
 * send-window is on its way. Buffers are not copied, but for small ones: they
 * are kept until they arrived. EOS waits for that too.
 *
 * Each connection has a thread of its own. No latency is added.
 *
 * |[
 * gst-launch-1.0 pfquicsrc protocol=raw role=server port=5000 ! filesink location=copy
 * gst-launch-1.0 filesrc location=file ! pfquicsink protocol=raw secure-connection=false address=127.0.0.1 port=5000
 * ]|
 *
 * Since: 0.1
 */
#include "pf-quic-sink.h"

#include "pf-caps.h"
#include "pf-quic-raw.h"
#include "pf-quic-settings.h"

GST_DEBUG_CATEGORY_STATIC (pf_quic_sink_debug);
#define GST_CAT_DEFAULT pf_quic_sink_debug

#define DEFAULT_PROTOCOL PF_QUIC_PUNKTFUNK1

enum {
  PROP_0,
  PROP_PROTOCOL,
  PROP_STATS,
  PROP_BYTES,
  PROP_SETTINGS /* and on: those of pf-quic-settings.h */
};

struct _PfQuicSink {
  GstElement parent;

  /* object lock; settings are read at READY->PAUSED */
  PfQuicProtocol protocol;
  PfQuicSettings settings;
  guint pads_eos;             /* pads that had EOS */
  PfQuicRawCounters counters; /* of the last run */

  /* set before PAUSED, then constant; object lock to use it elsewhere */
  PfQuicRaw *raw;
};

static GstStaticPadTemplate raw_template = GST_STATIC_PAD_TEMPLATE (
    "raw", GST_PAD_SINK, GST_PAD_REQUEST, GST_STATIC_CAPS_ANY);

G_DEFINE_FINAL_TYPE (PfQuicSink, pf_quic_sink, GST_TYPE_ELEMENT)
GST_ELEMENT_REGISTER_DEFINE (
    pfquicsink, "pfquicsink", GST_RANK_NONE, PF_TYPE_QUIC_SINK)

/* ---- Streaming ---------------------------------------------------------- */

/* Tells what came of sending, once. */
static GstFlowReturn
after_sending (PfQuicSink *self, GstFlowReturn ret, GError *error)
{
  if (ret == GST_FLOW_ERROR)
    GST_ELEMENT_ERROR (self, RESOURCE, WRITE,
        ("Nothing more can be sent: %s.",
            error ? error->message : "unknown reason"),
        (NULL));
  g_clear_error (&error);
  return ret;
}

static GstFlowReturn
pf_quic_sink_chain (GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
  PfQuicSink *self = PF_QUIC_SINK (parent);
  GError *error = NULL;
  GstFlowReturn ret = pf_quic_raw_send (self->raw, buffer, &error);

  (void) pad;
  gst_buffer_unref (buffer);
  return after_sending (self, ret, error);
}

static GstFlowReturn
pf_quic_sink_chain_list (GstPad *pad, GstObject *parent, GstBufferList *list)
{
  PfQuicSink *self = PF_QUIC_SINK (parent);
  const guint n = gst_buffer_list_length (list);
  GstFlowReturn ret = GST_FLOW_OK;
  GError *error = NULL;

  (void) pad;
  for (guint i = 0; i < n && ret == GST_FLOW_OK; i++)
    ret = pf_quic_raw_send (self->raw, gst_buffer_list_get (list, i), &error);
  gst_buffer_list_unref (list);
  return after_sending (self, ret, error);
}

/* The sink is through when all of its pads are. */
static void
take_eos (PfQuicSink *self, GstEvent *event)
{
  GstMessage *message;
  gboolean last;

  GST_OBJECT_LOCK (self);
  last = ++self->pads_eos == GST_ELEMENT (self)->numsinkpads;
  GST_OBJECT_UNLOCK (self);
  if (!last)
    return;
  message = gst_message_new_eos (GST_OBJECT (self));
  gst_message_set_seqnum (message, gst_event_get_seqnum (event));
  gst_element_post_message (GST_ELEMENT (self), message);
}

static void
finish_raw (PfQuicSink *self, GstEvent *event)
{
  GError *error = NULL;
  GstFlowReturn ret = pf_quic_raw_finish (self->raw, &error);

  if (after_sending (self, ret, error) != GST_FLOW_FLUSHING)
    take_eos (self, event);
}

static gboolean
pf_quic_sink_event (GstPad *pad, GstObject *parent, GstEvent *event)
{
  PfQuicSink *self = PF_QUIC_SINK (parent);

  GST_DEBUG_OBJECT (pad, "%" GST_PTR_FORMAT, event);
  switch (GST_EVENT_TYPE (event)) {
  case GST_EVENT_EOS:
    finish_raw (self, event);
    break;
  case GST_EVENT_FLUSH_START:
    pf_quic_raw_set_interrupted (self->raw, TRUE);
    break;
  case GST_EVENT_FLUSH_STOP:
    pf_quic_raw_set_interrupted (self->raw, FALSE);
    GST_OBJECT_LOCK (self);
    self->pads_eos = 0;
    GST_OBJECT_UNLOCK (self);
    break;
  default:
    break;
  }
  gst_event_unref (event);
  return TRUE;
}

/* ---- Pads --------------------------------------------------------------- */

static GstPad *
pf_quic_sink_request_new_pad (GstElement *element, GstPadTemplate *template,
    const gchar *name, const GstCaps *caps)
{
  PfQuicSink *self = PF_QUIC_SINK (element);
  PfQuicProtocol protocol;
  GstPad *pad;

  (void) name;
  (void) caps;
  GST_OBJECT_LOCK (self);
  protocol = self->protocol;
  GST_OBJECT_UNLOCK (self);
  if (protocol != PF_QUIC_RAW) {
    GST_WARNING_OBJECT (self, "the pad raw is for protocol=raw");
    return NULL;
  }
  pad = gst_element_get_static_pad (element, "raw");
  if (pad) {
    gst_object_unref (pad);
    return NULL;
  }
  pad = gst_pad_new_from_template (template, "raw");
  gst_pad_set_chain_function (pad, GST_DEBUG_FUNCPTR (pf_quic_sink_chain));
  gst_pad_set_chain_list_function (
      pad, GST_DEBUG_FUNCPTR (pf_quic_sink_chain_list));
  gst_pad_set_event_function (pad, GST_DEBUG_FUNCPTR (pf_quic_sink_event));
  gst_element_add_pad (element, pad);
  return pad;
}

static void
pf_quic_sink_release_pad (GstElement *element, GstPad *pad)
{
  gst_pad_set_active (pad, FALSE);
  gst_element_remove_pad (element, pad);
}

/* Asks the peers of all pads; the sink itself adds nothing. */
static gboolean
add_latency (GstElement *element, GstPad *pad, gpointer user)
{
  GstQuery *query = user, *asked = gst_query_new_latency ();
  GstClockTime min, max, other_min, other_max;
  gboolean live, other_live;

  (void) element;
  if (gst_pad_peer_query (pad, asked)) {
    gst_query_parse_latency (query, &live, &min, &max);
    gst_query_parse_latency (asked, &other_live, &other_min, &other_max);
    gst_query_set_latency (
        query, live || other_live, MAX (min, other_min), MIN (max, other_max));
  }
  gst_query_unref (asked);
  return TRUE;
}

static gboolean
pf_quic_sink_query (GstElement *element, GstQuery *query)
{
  if (GST_QUERY_TYPE (query) == GST_QUERY_LATENCY) {
    gst_query_set_latency (query, FALSE, 0, GST_CLOCK_TIME_NONE);
    gst_element_foreach_sink_pad (element, add_latency, query);
    return TRUE;
  }
  return GST_ELEMENT_CLASS (pf_quic_sink_parent_class)->query (element, query);
}

/* ---- States ------------------------------------------------------------- */

static gboolean
start (PfQuicSink *self)
{
  PfQuicSettings settings;
  GError *error = NULL;
  PfQuicRaw *raw;

  GST_OBJECT_LOCK (self);
  pf_quic_settings_copy (&settings, &self->settings);
  self->pads_eos = 0;
  memset (&self->counters, 0, sizeof self->counters);
  GST_OBJECT_UNLOCK (self);
  raw = pf_quic_raw_start (&settings, TRUE, &error);
  pf_quic_settings_clear (&settings);
  if (!raw) {
    GST_ELEMENT_ERROR (self, RESOURCE, OPEN_WRITE,
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
  return TRUE;
}

static void
stop (PfQuicSink *self)
{
  PfQuicRaw *raw;

  GST_OBJECT_LOCK (self);
  raw = self->raw;
  self->raw = NULL;
  if (raw)
    pf_quic_raw_get_counters (raw, &self->counters);
  GST_OBJECT_UNLOCK (self);
  pf_quic_raw_stop (raw);
}

static GstStateChangeReturn
pf_quic_sink_change_state (GstElement *element, GstStateChange transition)
{
  PfQuicSink *self = PF_QUIC_SINK (element);
  GstStateChangeReturn ret;

  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED && !start (self))
    return GST_STATE_CHANGE_FAILURE;
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY)
    pf_quic_raw_set_interrupted (self->raw, TRUE);
  ret = GST_ELEMENT_CLASS (pf_quic_sink_parent_class)
            ->change_state (element, transition);
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY ||
      (transition == GST_STATE_CHANGE_READY_TO_PAUSED &&
          ret == GST_STATE_CHANGE_FAILURE))
    stop (self);
  return ret;
}

/* ---- Properties --------------------------------------------------------- */

static PfQuicRawCounters
count (PfQuicSink *self)
{
  PfQuicRawCounters counters = self->counters;

  if (self->raw)
    pf_quic_raw_get_counters (self->raw, &counters);
  return counters;
}

/* Call with the object lock. */
static GstStructure *
make_stats (PfQuicSink *self)
{
  const PfQuicRawCounters n = count (self);
  PfQuicLink *link = self->raw ? pf_quic_raw_get_link (self->raw) : NULL;
  GstStructure *stats = gst_structure_new ("application/x-pf-quicsink-stats",
      "connected", G_TYPE_BOOLEAN, link != NULL, "bytes", G_TYPE_UINT64,
      n.bytes, "buffers", G_TYPE_UINT64, n.buffers, "too-large", G_TYPE_UINT64,
      n.too_large, NULL);

  pf_quic_add_stats (stats, link);
  pf_quic_link_unref (link);
  return stats;
}

static void
pf_quic_sink_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  PfQuicSink *self = PF_QUIC_SINK (object);
  gboolean known = TRUE;

  GST_OBJECT_LOCK (self);
  if (id == PROP_PROTOCOL)
    self->protocol = (PfQuicProtocol) g_value_get_enum (value);
  else
    known = pf_quic_settings_set (&self->settings, id, PROP_SETTINGS, value);
  GST_OBJECT_UNLOCK (self);
  if (!known)
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
pf_quic_sink_get_property (
    GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  PfQuicSink *self = PF_QUIC_SINK (object);
  gboolean known = TRUE;

  GST_OBJECT_LOCK (self);
  switch (id) {
  case PROP_PROTOCOL:
    g_value_set_enum (value, self->protocol);
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
pf_quic_sink_finalize (GObject *object)
{
  pf_quic_settings_clear (&PF_QUIC_SINK (object)->settings);
  G_OBJECT_CLASS (pf_quic_sink_parent_class)->finalize (object);
}

static void
install_properties (GObjectClass *object_class)
{
  const GParamFlags ro = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  g_object_class_install_property (object_class, PROP_PROTOCOL,
      g_param_spec_enum ("protocol", "Protocol", "What is sent",
          PF_TYPE_QUIC_PROTOCOL, DEFAULT_PROTOCOL,
          G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS |
              GST_PARAM_MUTABLE_READY));
  /**
   * PfQuicSink:stats:
   *
   * A structure application/x-pf-quicsink-stats, counted since READY:
   * connected: boolean; bytes and buffers taken, too-large (buffers that fit
   * in no datagram): uint64; of the connection rtt, min-rtt (ns), window,
   * in-flight (bytes), quic-packets-sent, quic-bytes-sent,
   * quic-packets-received, quic-bytes-received, datagrams-sent,
   * datagrams-received, datagrams-dropped, datagrams-lost: uint64; payload
   * (bytes of UDP the path carries): uint; peer-fingerprint: string, if the
   * peer showed a certificate.
   */
  g_object_class_install_property (object_class, PROP_STATS,
      g_param_spec_boxed ("stats", "Statistics",
          "Counters since READY; see the documentation", GST_TYPE_STRUCTURE,
          ro));
  g_object_class_install_property (object_class, PROP_BYTES,
      g_param_spec_uint64 (
          "bytes", "Bytes", "Bytes taken since READY", 0, G_MAXUINT64, 0, ro));
  pf_quic_settings_install (object_class, PROP_SETTINGS);
  gst_type_mark_as_plugin_api (PF_TYPE_QUIC_PROTOCOL, 0);
}

static void
pf_quic_sink_class_init (PfQuicSinkClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);

  GST_DEBUG_CATEGORY_INIT (
      pf_quic_sink_debug, "pfquicsink", 0, "sends by QUIC");
  object_class->set_property = pf_quic_sink_set_property;
  object_class->get_property = pf_quic_sink_get_property;
  object_class->finalize = pf_quic_sink_finalize;
  element_class->change_state = GST_DEBUG_FUNCPTR (pf_quic_sink_change_state);
  element_class->query = GST_DEBUG_FUNCPTR (pf_quic_sink_query);
  element_class->request_new_pad =
      GST_DEBUG_FUNCPTR (pf_quic_sink_request_new_pad);
  element_class->release_pad = GST_DEBUG_FUNCPTR (pf_quic_sink_release_pad);
  install_properties (object_class);
  gst_element_class_add_static_pad_template (element_class, &raw_template);
  gst_element_class_set_static_metadata (element_class, "QUIC sender",
      "Sink/Network", "Sends over QUIC", "The gst-punktfunk developers");
}

static void
pf_quic_sink_init (PfQuicSink *self)
{
  self->protocol = DEFAULT_PROTOCOL;
  pf_quic_settings_init (&self->settings);
  GST_OBJECT_FLAG_SET (self, GST_ELEMENT_FLAG_SINK);
}
