/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/**
 * SECTION:element-pfquicsink
 * @title: pfquicsink
 *
 * Sends over QUIC: the endpoint of a session of punktfunk/1 on the host, or
 * any bytes.
 *
 * In a session sealed packets of video (pads video_%u) leave from a UDP socket
 * of their own, and Opus (pad audio) in QUIC datagrams. The sink tells pffecenc
 * and pfaesgcm what was agreed on (PfSessionParams), and sends upstream what
 * the client wishes: key units, frames that are lost, how much is lost, input
 * (docs/events.md). Without server it has a server of its own and serves who
 * comes, one after the other: anybody with open, else those whose fingerprints
 * allow-fingerprint lists. Video that nobody gets is dropped.
 *
 * With protocol=raw whatever is pushed to the pad raw goes out on a stream, in
 * order and without loss, or with use-datagram each buffer as a datagram.
 * Pushing waits while the connection is not there yet, and while as much as
 * send-window is on its way. Buffers are not copied, but for small ones: they
 * are kept until they arrived. EOS waits for that too.
 *
 * Each connection has a thread of its own, and so have video's packets on
 * their way out, which leave in a schedule. No latency is added.
 *
 * |[
 * gst-launch-1.0 videotestsrc is-live=true ! x264enc tune=zerolatency ! h264parse ! pffecenc ! pfaesgcm ! pfquicsink open=true port=9777
 * gst-launch-1.0 pfquicsrc address=192.0.2.1 port=9777 ! pfaesgcm mode=open ! pffecdec ! h264parse ! avdec_h264 ! autovideosink sync=false
 * ]|
 *
 * |[
 * gst-launch-1.0 pfquicsrc protocol=raw role=server port=5000 caps=video/x-h264,stream-format=byte-stream ! h264parse ! avdec_h264 ! autovideosink sync=false
 * gst-launch-1.0 videotestsrc is-live=true ! x264enc tune=zerolatency ! video/x-h264,stream-format=byte-stream ! pfquicsink protocol=raw secure-connection=false address=192.0.2.1 port=5000
 * ]|
 *
 * Since: 0.1
 */
#include "pf-quic-sink.h"

#include "pf-block.h"
#include "pf-caps.h"
#include "pf-quic-host.h"
#include "pf-quic-raw.h"
#include "pf-quic-settings.h"
#include "pf-send.h"
#include "pf-session.h"

GST_DEBUG_CATEGORY (pf_quic_sink_debug);
#define GST_CAT_DEFAULT pf_quic_sink_debug

#define DEFAULT_PROTOCOL PF_QUIC_PUNKTFUNK1

enum {
  PROP_0,
  PROP_PROTOCOL,
  PROP_STATS,
  PROP_BYTES,
  PROP_SESSIONS,
  PROP_SETTINGS,                 /* and on: those of pf-quic-settings.h */
  PROP_HOST = PROP_SETTINGS + 32 /* of pf-quic-host-settings.h */
};

struct _PfQuicSink {
  GstElement parent;

  /* object lock; settings are read at READY->PAUSED */
  PfQuicProtocol protocol;
  PfQuicSettings settings;
  PfQuicHostSettings host_settings; /* but for what settings has */
  guint pads_eos;                   /* pads that had EOS */
  PfQuicRawCounters counters;       /* of the last run */
  PfQuicHostCounters host_counters;

  /* set before PAUSED, then constant; object lock to use it elsewhere */
  PfQuicRaw *raw; /* one of these two */
  PfQuicHost *host;
};

static GstStaticPadTemplate video_template =
    GST_STATIC_PAD_TEMPLATE ("video_%u", GST_PAD_SINK, GST_PAD_REQUEST,
        GST_STATIC_CAPS (PF_CAPS_PACKETS ("true")));
static GstStaticPadTemplate audio_template = GST_STATIC_PAD_TEMPLATE (
    "audio", GST_PAD_SINK, GST_PAD_REQUEST, GST_STATIC_CAPS ("audio/x-opus"));
static GstStaticPadTemplate raw_template = GST_STATIC_PAD_TEMPLATE (
    "raw", GST_PAD_SINK, GST_PAD_REQUEST, GST_STATIC_CAPS_ANY);

G_DEFINE_FINAL_TYPE (PfQuicSink, pf_quic_sink, GST_TYPE_ELEMENT)
GST_ELEMENT_REGISTER_DEFINE (
    pfquicsink, "pfquicsink", GST_RANK_NONE, PF_TYPE_QUIC_SINK)

/* ---- Any bytes ---------------------------------------------------------- */

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
raw_chain (GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
  PfQuicSink *self = PF_QUIC_SINK (parent);
  GError *error = NULL;
  GstFlowReturn ret = pf_quic_raw_send (self->raw, buffer, &error);

  (void) pad;
  gst_buffer_unref (buffer);
  return after_sending (self, ret, error);
}

static GstFlowReturn
raw_chain_list (GstPad *pad, GstObject *parent, GstBufferList *list)
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

/* ---- A session ---------------------------------------------------------- */

static GstFlowReturn
video_chain (GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
  PfQuicSink *self = PF_QUIC_SINK (parent);

  pf_quic_host_video (self->host, pad, GST_MINI_OBJECT_CAST (buffer), buffer,
      pf_send_n_packets (buffer));
  gst_buffer_unref (buffer);
  return GST_FLOW_OK;
}

static gboolean
has_block (GstBuffer **buffer, guint i, gpointer found)
{
  (void) i;
  *(gboolean *) found = pf_buffer_get_block_meta (*buffer) != NULL;
  return !*(gboolean *) found;
}

static GstFlowReturn
video_chain_list (GstPad *pad, GstObject *parent, GstBufferList *list)
{
  PfQuicSink *self = PF_QUIC_SINK (parent);
  const guint n = gst_buffer_list_length (list);
  gboolean blocks = FALSE;

  gst_buffer_list_foreach (list, has_block, &blocks);
  if (blocks)
    for (guint i = 0; i < n; i++)
      video_chain (pad, parent, gst_buffer_ref (gst_buffer_list_get (list, i)));
  else if (n > 0)
    pf_quic_host_video (self->host, pad, GST_MINI_OBJECT_CAST (list),
        gst_buffer_list_get (list, 0), n);
  gst_buffer_list_unref (list);
  return GST_FLOW_OK;
}

static GstFlowReturn
audio_chain (GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
  (void) pad;
  pf_quic_host_audio (PF_QUIC_SINK (parent)->host, buffer);
  gst_buffer_unref (buffer);
  return GST_FLOW_OK;
}

/* Which form of packets is wanted: blocks. */
static void
answer_allocation (GstQuery *query)
{
  PfBlockWish wish = { FALSE, 0, 0 };
  GstCaps *caps;

  gst_query_parse_allocation (query, &caps, NULL);
  wish.blocks = caps && gst_structure_has_name (
                            gst_caps_get_structure (caps, 0), PF_CAPS_BLOCK);
  pf_block_answer (query, &wish);
}

static gboolean
video_query (GstPad *pad, GstObject *parent, GstQuery *query)
{
  PfQuicSink *self = PF_QUIC_SINK (parent);

  switch (GST_QUERY_TYPE (query)) {
  case GST_QUERY_ALLOCATION:
    answer_allocation (query);
    return TRUE;
  case GST_QUERY_CUSTOM:
    if (!pf_session_query_is (query))
      break;
    GST_OBJECT_LOCK (self); /* the host stays */
    if (self->host)
      pf_quic_host_answer (self->host, query);
    else
      pf_session_answer_pending (query);
    GST_OBJECT_UNLOCK (self);
    return TRUE;
  default:
    break;
  }
  return gst_pad_query_default (pad, parent, query);
}

/* ---- Events ------------------------------------------------------------- */

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

/* Waits until what was pushed has left, or for raw bytes has arrived. */
static void
finish (PfQuicSink *self, GstEvent *event)
{
  GstFlowReturn ret = GST_FLOW_OK;
  GError *error = NULL;

  if (self->raw)
    ret = pf_quic_raw_finish (self->raw, &error);
  else
    pf_quic_host_drain (self->host);
  if (after_sending (self, ret, error) != GST_FLOW_FLUSHING)
    take_eos (self, event);
}

static void
take_flush (PfQuicSink *self, gboolean start)
{
  GST_OBJECT_LOCK (self); /* both stay */
  if (self->raw)
    pf_quic_raw_set_interrupted (self->raw, start);
  else if (self->host && start)
    pf_quic_host_flush (self->host);
  if (!start)
    self->pads_eos = 0;
  GST_OBJECT_UNLOCK (self);
}

static gboolean
pf_quic_sink_event (GstPad *pad, GstObject *parent, GstEvent *event)
{
  PfQuicSink *self = PF_QUIC_SINK (parent);

  GST_DEBUG_OBJECT (pad, "%" GST_PTR_FORMAT, event);
  switch (GST_EVENT_TYPE (event)) {
  case GST_EVENT_EOS:
    finish (self, event);
    break;
  case GST_EVENT_FLUSH_START:
    take_flush (self, TRUE);
    break;
  case GST_EVENT_FLUSH_STOP:
    take_flush (self, FALSE);
    break;
  case GST_EVENT_CUSTOM_DOWNSTREAM:
    if (self->host)
      pf_quic_host_probe_done (self->host, event);
    break;
  default:
    break;
  }
  gst_event_unref (event);
  return TRUE;
}

/* ---- Pads --------------------------------------------------------------- */

static void
set_functions (GstPad *pad, const gchar *kind)
{
  gst_pad_set_event_function (pad, GST_DEBUG_FUNCPTR (pf_quic_sink_event));
  if (g_str_equal (kind, "raw")) {
    gst_pad_set_chain_function (pad, GST_DEBUG_FUNCPTR (raw_chain));
    gst_pad_set_chain_list_function (pad, GST_DEBUG_FUNCPTR (raw_chain_list));
  } else if (g_str_equal (kind, "audio")) {
    gst_pad_set_chain_function (pad, GST_DEBUG_FUNCPTR (audio_chain));
  } else {
    gst_pad_set_chain_function (pad, GST_DEBUG_FUNCPTR (video_chain));
    gst_pad_set_chain_list_function (pad, GST_DEBUG_FUNCPTR (video_chain_list));
    gst_pad_set_query_function (pad, GST_DEBUG_FUNCPTR (video_query));
  }
}

static GstPad *
pf_quic_sink_request_new_pad (GstElement *element, GstPadTemplate *template,
    const gchar *name, const GstCaps *caps)
{
  PfQuicSink *self = PF_QUIC_SINK (element);
  const gchar *kind;
  gboolean raw;
  GstPad *pad;

  (void) caps;
  GST_OBJECT_LOCK (self);
  raw = self->protocol == PF_QUIC_RAW;
  GST_OBJECT_UNLOCK (self);
  /* who links by caps alone takes the first template that fits, and for raw
   * bytes all of them may */
  if (raw)
    template = gst_element_get_pad_template (element, "raw");
  kind = GST_PAD_TEMPLATE_NAME_TEMPLATE (template);
  if (!raw && g_str_equal (kind, "raw")) {
    GST_WARNING_OBJECT (self, "the pad raw is for protocol=raw");
    return NULL;
  }
  /* one display so far */
  name = g_str_equal (kind, "video_%u") ? "video_0" : kind;
  pad = gst_element_get_static_pad (element, name);
  if (pad) {
    gst_object_unref (pad);
    return NULL;
  }
  pad = gst_pad_new_from_template (template, name);
  set_functions (pad, kind);
  if (GST_STATE (element) >= GST_STATE_PAUSED)
    gst_pad_set_active (pad, TRUE);
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

/* What both protocols call alike. Call with the object lock. */
static PfQuicHostSettings
host_settings (PfQuicSink *self, const PfQuicSettings *s)
{
  PfQuicHostSettings h;

  pf_quic_host_settings_copy (&h, &self->host_settings);
  h.address = s->address;
  h.port = (guint) s->port;
  h.idle_ms = s->idle_ms;
  h.keep_alive_ms = (guint) MIN (s->keep_alive_ms, G_MAXUINT);
  h.key_log = s->key_log;
  h.qlog = s->qlog;
  return h;
}

static gboolean
start (PfQuicSink *self)
{
  PfQuicHostSettings host_set;
  PfQuicSettings settings;
  PfQuicHost *host = NULL;
  PfQuicRaw *raw = NULL;
  GError *error = NULL;
  gboolean is_raw;

  GST_OBJECT_LOCK (self);
  is_raw = self->protocol == PF_QUIC_RAW;
  pf_quic_settings_copy (&settings, &self->settings);
  pf_quic_settings_resolve (&settings, self->protocol, !is_raw);
  host_set = host_settings (self, &settings);
  self->pads_eos = 0;
  memset (&self->counters, 0, sizeof self->counters);
  memset (&self->host_counters, 0, sizeof self->host_counters);
  GST_OBJECT_UNLOCK (self);
  if (is_raw)
    raw = pf_quic_raw_start (&settings, TRUE, &error);
  else
    host = pf_quic_host_start (GST_ELEMENT (self), &host_set, &error);
  if (error)
    GST_ELEMENT_ERROR (self, RESOURCE, OPEN_WRITE,
        ("Cannot begin: %s; look at address, port, server and the "
         "certificate's files.",
            error->message),
        (NULL));
  GST_OBJECT_LOCK (self);
  self->raw = raw;
  self->host = host;
  if (raw && settings.role == PF_QUIC_ROLE_SERVER)
    self->settings.port = (gint) pf_quic_raw_port (raw);
  else if (host && pf_quic_host_port (host))
    self->settings.port = (gint) pf_quic_host_port (host);
  GST_OBJECT_UNLOCK (self);
  pf_quic_settings_clear (&settings);
  pf_quic_host_settings_clear (&host_set);
  g_clear_error (&error);
  return raw || host;
}

static void
stop (PfQuicSink *self)
{
  PfQuicHost *host;
  PfQuicRaw *raw;

  GST_OBJECT_LOCK (self);
  raw = self->raw;
  host = self->host;
  self->raw = NULL;
  self->host = NULL;
  if (raw)
    pf_quic_raw_get_counters (raw, &self->counters);
  if (host)
    pf_quic_host_get_counters (host, &self->host_counters);
  GST_OBJECT_UNLOCK (self);
  pf_quic_raw_stop (raw);
  pf_quic_host_stop (host);
}

static GstStateChangeReturn
pf_quic_sink_change_state (GstElement *element, GstStateChange transition)
{
  PfQuicSink *self = PF_QUIC_SINK (element);
  GstStateChangeReturn ret;

  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED && !start (self))
    return GST_STATE_CHANGE_FAILURE;
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY && self->raw)
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

static PfQuicHostCounters
count_session (PfQuicSink *self)
{
  PfQuicHostCounters counters = self->host_counters;

  if (self->host)
    pf_quic_host_get_counters (self->host, &counters);
  return counters;
}

static PfQuicLink *
get_link (PfQuicSink *self)
{
  if (self->raw)
    return pf_quic_raw_get_link (self->raw);
  return self->host ? pf_quic_host_get_link (self->host) : NULL;
}

/* Call with the object lock. */
static GstStructure *
make_stats (PfQuicSink *self)
{
  const PfQuicRawCounters n = count (self);
  const PfQuicHostCounters s = count_session (self);
  PfQuicLink *link = get_link (self);
  GstStructure *stats = gst_structure_new ("application/x-pf-quicsink-stats",
      "connected", G_TYPE_BOOLEAN, link != NULL, "bytes", G_TYPE_UINT64,
      n.bytes, "buffers", G_TYPE_UINT64, n.buffers, "too-large", G_TYPE_UINT64,
      n.too_large, "sessions", G_TYPE_UINT64, s.sessions, "refused",
      G_TYPE_UINT64, s.refused, "packets", G_TYPE_UINT64, s.packets, "unsent",
      G_TYPE_UINT64, s.unsent, "dropped", G_TYPE_UINT64, s.send_dropped,
      "audio", G_TYPE_UINT64, s.audio, "audio-dropped", G_TYPE_UINT64,
      s.audio_dropped, "keyframe-requests", G_TYPE_UINT64, s.keyframe_requests,
      "invalidations", G_TYPE_UINT64, s.invalidations, "loss-reports",
      G_TYPE_UINT64, s.loss_reports, "inputs", G_TYPE_UINT64, s.inputs,
      "key-frames", G_TYPE_UINT64, s.key_frames, "silences", G_TYPE_UINT64,
      s.silences, "loss-ppm", G_TYPE_UINT, s.loss_ppm, "bitrate-kbps",
      G_TYPE_UINT, s.bitrate_kbps, NULL);

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
    known = pf_quic_host_settings_set (
                &self->host_settings, id, PROP_HOST, value) ||
            pf_quic_settings_set (&self->settings, id, PROP_SETTINGS, value);
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
  case PROP_SESSIONS:
    g_value_set_uint64 (value, count_session (self).sessions);
    break;
  default:
    known = pf_quic_host_settings_get (
                &self->host_settings, id, PROP_HOST, value) ||
            pf_quic_settings_get (&self->settings, id, PROP_SETTINGS, value);
    break;
  }
  GST_OBJECT_UNLOCK (self);
  if (!known)
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
pf_quic_sink_finalize (GObject *object)
{
  PfQuicSink *self = PF_QUIC_SINK (object);

  pf_quic_settings_clear (&self->settings);
  pf_quic_host_settings_clear (&self->host_settings);
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
   * connected: boolean; of raw bytes bytes and buffers taken, too-large
   * (buffers that fit in no datagram); sessions (that were welcomed), refused,
   * packets (of video, sent), unsent (packets nobody was there for), dropped
   * (packets that the network did not take), audio, audio-dropped (packets),
   * keyframe-requests, invalidations, loss-reports, inputs, key-frames,
   * silences (times that the client was not heard): uint64; loss-ppm
   * (as reported last), bitrate-kbps: uint; of the connection rtt, min-rtt (ns), window,
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
  g_object_class_install_property (object_class, PROP_SESSIONS,
      g_param_spec_uint64 ("sessions", "Sessions",
          "Sessions that were welcomed since READY", 0, G_MAXUINT64, 0, ro));
  pf_quic_host_settings_install (object_class, PROP_HOST);
  pf_quic_settings_install (object_class, PROP_SETTINGS);
  gst_type_mark_as_plugin_api (PF_TYPE_QUIC_PROTOCOL, 0);
}

static gboolean
pf_quic_sink_disconnect (PfQuicSink *self, guint code, const gchar *reason)
{
  gboolean ok = FALSE;

  GST_STATE_LOCK (self); /* the host stays */
  if (self->host)
    ok = pf_quic_host_disconnect (
        self->host, code, reason && *reason ? reason : NULL);
  GST_STATE_UNLOCK (self);
  return ok;
}

static gboolean
pf_quic_sink_answer_mode (PfQuicSink *self, gboolean accepted)
{
  gboolean ok = FALSE;

  GST_STATE_LOCK (self); /* the host stays */
  if (self->host)
    ok = pf_quic_host_answer_mode (self->host, accepted);
  GST_STATE_UNLOCK (self);
  return ok;
}

static gboolean
pf_quic_sink_attach (PfQuicSink *self, guint64 id)
{
  gboolean ok = FALSE;

  GST_STATE_LOCK (self); /* the host stays */
  if (self->host)
    ok = pf_quic_host_attach (self->host, id);
  GST_STATE_UNLOCK (self);
  return ok;
}

static gboolean
pf_quic_sink_feedback (PfQuicSink *self, const GstStructure *feedback)
{
  gboolean ok = FALSE;

  GST_STATE_LOCK (self); /* the host stays */
  if (self->host)
    ok = pf_quic_host_feedback (self->host, feedback);
  GST_STATE_UNLOCK (self);
  return ok;
}

static void
install_signals (GObjectClass *object_class)
{
  /**
   * PfQuicSink::feedback:
   * @feedback: PfGamepadFeedback; see docs/events.md
   *
   * Returns: whether it was sent to the client
   */
  g_signal_new_class_handler ("feedback", G_TYPE_FROM_CLASS (object_class),
      G_SIGNAL_RUN_LAST | G_SIGNAL_ACTION, G_CALLBACK (pf_quic_sink_feedback),
      NULL, NULL, NULL, G_TYPE_BOOLEAN, 1, GST_TYPE_STRUCTURE);
  /**
   * PfQuicSink::attach:
   * @session: of its server, that waits for an endpoint
   *
   * Goes on with another session after the one before ended.
   *
   * Returns: whether it took it
   */
  g_signal_new_class_handler ("attach", G_TYPE_FROM_CLASS (object_class),
      G_SIGNAL_RUN_LAST | G_SIGNAL_ACTION, G_CALLBACK (pf_quic_sink_attach),
      NULL, NULL, NULL, G_TYPE_BOOLEAN, 1, G_TYPE_UINT64);
  /**
   * PfQuicSink::answer-mode:
   * @accepted: whether video is in the mode of PfSessionMode now
   *
   * Returns: whether the client waited for an answer
   */
  g_signal_new_class_handler ("answer-mode", G_TYPE_FROM_CLASS (object_class),
      G_SIGNAL_RUN_LAST | G_SIGNAL_ACTION,
      G_CALLBACK (pf_quic_sink_answer_mode), NULL, NULL, NULL, G_TYPE_BOOLEAN,
      1, G_TYPE_BOOLEAN);
  /**
   * PfQuicSink::disconnect:
   * @code: that the session is closed with
   * @reason: that the client is told, or NULL for the code's own
   *
   * Returns: whether there was a session
   */
  g_signal_new_class_handler ("disconnect", G_TYPE_FROM_CLASS (object_class),
      G_SIGNAL_RUN_LAST | G_SIGNAL_ACTION, G_CALLBACK (pf_quic_sink_disconnect),
      NULL, NULL, NULL, G_TYPE_BOOLEAN, 2, G_TYPE_UINT, G_TYPE_STRING);
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
  install_signals (object_class);
  gst_element_class_add_static_pad_template (element_class, &video_template);
  gst_element_class_add_static_pad_template (element_class, &audio_template);
  gst_element_class_add_static_pad_template (element_class, &raw_template);
  gst_element_class_set_static_metadata (element_class, "QUIC sender",
      "Sink/Network", "Sends over QUIC", "The gst-punktfunk developers");
}

static void
pf_quic_sink_init (PfQuicSink *self)
{
  self->protocol = DEFAULT_PROTOCOL;
  pf_quic_settings_init (&self->settings);
  pf_quic_host_settings_init (&self->host_settings);
  GST_OBJECT_FLAG_SET (self, GST_ELEMENT_FLAG_SINK);
}
