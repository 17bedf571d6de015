/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/**
 * SECTION:element-gamestreamrtsp
 * @title: gamestreamrtsp
 *
 * Sends to one client of GameStream: the endpoint of its session. Packets of
 * video (pads video_%u) leave from the host's port of video, sealed or not as
 * was agreed; Opus (pad audio) is encrypted here, and gets its parity. The
 * element tells pffecenc and pfaesgcm what was agreed on (PfSessionParams), and
 * sends upstream what the client wishes: key units, frames that are lost, how
 * much is lost, input (docs/events.md). Media go only to where the client that
 * was launched is, and proves to be by what only it was told.
 *
 * With server it serves a session of a gamestreamserver. Without, it has a
 * server of its own, for clients that are told by hand: session-file gets what
 * they must know, the key among it, anew for each session. Video that nobody
 * gets is dropped.
 *
 * Each client has a thread of its own, and so have video's packets on their way
 * out, which leave in a schedule. No latency is added.
 *
 * |[
 * gst-launch-1.0 videotestsrc is-live=true ! video/x-raw,format=I420 ! x264enc tune=zerolatency ! h264parse ! pffecenc ! pfaesgcm ! gamestreamrtsp name=g port=48010 session-file=session.gs audiotestsrc is-live=true ! audio/x-raw,channels=2 ! audioconvert ! pfopusenc ! g.audio
 * ]|
 *
 * Since: 0.1
 */
#include "gamestream-rtsp.h"

#include "pf-block.h"
#include "pf-caps.h"
#include "pf-gs-host.h"
#include "pf-send.h"
#include "pf-session.h"
#include "pf-stats.h"

GST_DEBUG_CATEGORY (gamestream_rtsp_debug);
#define GST_CAT_DEFAULT gamestream_rtsp_debug

#define DEFAULT_PORT 48010
#define DEFAULT_VIDEO_PORT 47998
#define DEFAULT_CONTROL_PORT 47999
#define DEFAULT_AUDIO_PORT 48000
#define DEFAULT_CLIENT "127.0.0.1"
#define DEFAULT_ENCRYPTION PF_GS_ENCRYPT_ALL
#define DEFAULT_PERCENTAGE 20
#define DEFAULT_ADAPTIVE FALSE
#define DEFAULT_INVALIDATES FALSE

enum {
  PROP_0,
  PROP_SERVER,
  PROP_SESSION,
  PROP_ADDRESS,
  PROP_PORT,
  PROP_VIDEO_PORT,
  PROP_CONTROL_PORT,
  PROP_AUDIO_PORT,
  PROP_CLIENT,
  PROP_SESSION_FILE,
  PROP_ENCRYPTION,
  PROP_PERCENTAGE,
  PROP_ADAPTIVE,
  PROP_INVALIDATES,
  PROP_STATS,
  N_PROPS
};

static GParamSpec *props[N_PROPS];

struct _GamestreamRtsp {
  GstElement parent;

  /* object lock; settings are read at READY->PAUSED */
  PfGsHostSettings settings;
  guint pads_eos;            /* pads that had EOS */
  PfGsHostCounters counters; /* of the last run */

  /* set before PAUSED, then constant; object lock to use it elsewhere */
  PfGsHost *host;
};

static const gsize members[N_PROPS] = {
#define MEMBER(name) G_STRUCT_OFFSET (GamestreamRtsp, settings.name)
  [PROP_SERVER] = MEMBER (server),
  [PROP_SESSION] = MEMBER (session),
  [PROP_ADDRESS] = MEMBER (address),
  [PROP_PORT] = MEMBER (port),
  [PROP_VIDEO_PORT] = MEMBER (video_port),
  [PROP_CONTROL_PORT] = MEMBER (control_port),
  [PROP_AUDIO_PORT] = MEMBER (audio_port),
  [PROP_CLIENT] = MEMBER (client),
  [PROP_SESSION_FILE] = MEMBER (session_file),
  [PROP_ENCRYPTION] = MEMBER (encrypt),
  [PROP_PERCENTAGE] = MEMBER (percent),
  [PROP_ADAPTIVE] = MEMBER (adaptive),
  [PROP_INVALIDATES] = MEMBER (invalidates),
#undef MEMBER
};

static GstStaticPadTemplate video_template =
    GST_STATIC_PAD_TEMPLATE ("video_%u", GST_PAD_SINK, GST_PAD_REQUEST,
        GST_STATIC_CAPS (PF_CAPS_PACKETS ("{ true, false }")));
static GstStaticPadTemplate audio_template = GST_STATIC_PAD_TEMPLATE (
    "audio", GST_PAD_SINK, GST_PAD_REQUEST, GST_STATIC_CAPS ("audio/x-opus"));

G_DEFINE_FINAL_TYPE (GamestreamRtsp, gamestream_rtsp, GST_TYPE_ELEMENT)
GST_ELEMENT_REGISTER_DEFINE (
    gamestreamrtsp, "gamestreamrtsp", GST_RANK_NONE, GAMESTREAM_TYPE_RTSP)

#define GAMESTREAM_TYPE_ENCRYPTION (encryption_get_type ())

static GType
encryption_get_type (void)
{
  static gsize type;

  if (g_once_init_enter (&type)) {
    static const GEnumValue values[] = {
      { PF_GS_ENCRYPT_ALL, "Control, video and audio, or no session",
          "required" },
      { PF_GS_ENCRYPT_CONTROL, "Control; video and audio as the client wishes",
          "optional" },
      { PF_GS_ENCRYPT_LEGACY, "The old, weak encryption of control is enough",
          "legacy" },
      { 0, NULL, NULL },
    };

    g_once_init_leave (
        &type, g_enum_register_static ("GamestreamEncryption", values));
  }
  return (GType) type;
}

/* ---- Media -------------------------------------------------------------- */

static GstFlowReturn
video_chain (GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
  GamestreamRtsp *self = GAMESTREAM_RTSP (parent);

  pf_gs_host_video (self->host, pad, GST_MINI_OBJECT_CAST (buffer), buffer,
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
  GamestreamRtsp *self = GAMESTREAM_RTSP (parent);
  const guint n = gst_buffer_list_length (list);
  gboolean blocks = FALSE;

  gst_buffer_list_foreach (list, has_block, &blocks);
  if (blocks)
    for (guint i = 0; i < n; i++)
      video_chain (pad, parent, gst_buffer_ref (gst_buffer_list_get (list, i)));
  else if (n > 0)
    pf_gs_host_video (self->host, pad, GST_MINI_OBJECT_CAST (list),
        gst_buffer_list_get (list, 0), n);
  gst_buffer_list_unref (list);
  return GST_FLOW_OK;
}

static GstFlowReturn
audio_chain (GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
  (void) pad;
  pf_gs_host_audio (GAMESTREAM_RTSP (parent)->host, buffer);
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

/* A reference, or NULL: for where no lock of a pad's stream holds off stop(). */
static PfGsHost *
get_host (GamestreamRtsp *self)
{
  PfGsHost *host;

  GST_OBJECT_LOCK (self);
  host = self->host ? pf_gs_host_ref (self->host) : NULL;
  GST_OBJECT_UNLOCK (self);
  return host;
}

static gboolean
video_query (GstPad *pad, GstObject *parent, GstQuery *query)
{
  GamestreamRtsp *self = GAMESTREAM_RTSP (parent);
  PfGsHost *host;

  switch (GST_QUERY_TYPE (query)) {
  case GST_QUERY_ALLOCATION:
    answer_allocation (query);
    return TRUE;
  case GST_QUERY_CUSTOM:
    if (!pf_session_query_is (query))
      break;
    host = get_host (self);
    if (host)
      pf_gs_host_answer (host, pad, query);
    else
      pf_session_answer_pending (query);
    pf_gs_host_unref (host);
    return TRUE;
  default:
    break;
  }
  return gst_pad_query_default (pad, parent, query);
}

/* ---- Events ------------------------------------------------------------- */

/* The sink is through when all of its pads are. */
static void
take_eos (GamestreamRtsp *self, GstEvent *event)
{
  GstMessage *message;
  gboolean last;

  pf_gs_host_drain (self->host);
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
take_flush (GamestreamRtsp *self, gboolean start)
{
  PfGsHost *host = start ? get_host (self) : NULL;

  if (host)
    pf_gs_host_flush (host);
  pf_gs_host_unref (host);
  if (start)
    return;
  GST_OBJECT_LOCK (self);
  self->pads_eos = 0;
  GST_OBJECT_UNLOCK (self);
}

static gboolean
gamestream_rtsp_event (GstPad *pad, GstObject *parent, GstEvent *event)
{
  GamestreamRtsp *self = GAMESTREAM_RTSP (parent);

  GST_DEBUG_OBJECT (pad, "%" GST_PTR_FORMAT, event);
  switch (GST_EVENT_TYPE (event)) {
  case GST_EVENT_EOS:
    take_eos (self, event);
    break;
  case GST_EVENT_FLUSH_START:
    take_flush (self, TRUE);
    break;
  case GST_EVENT_FLUSH_STOP:
    take_flush (self, FALSE);
    break;
  default:
    break;
  }
  gst_event_unref (event);
  return TRUE;
}

/* ---- Pads --------------------------------------------------------------- */

static GstPad *
gamestream_rtsp_request_new_pad (GstElement *element, GstPadTemplate *template,
    const gchar *name, const GstCaps *caps)
{
  const gchar *kind = GST_PAD_TEMPLATE_NAME_TEMPLATE (template);
  const gboolean video = g_str_equal (kind, "video_%u");
  GstPad *pad;

  (void) caps;
  /* one display so far */
  name = video ? "video_0" : kind;
  pad = gst_element_get_static_pad (element, name);
  if (pad) {
    gst_object_unref (pad);
    return NULL;
  }
  pad = gst_pad_new_from_template (template, name);
  gst_pad_set_event_function (pad, GST_DEBUG_FUNCPTR (gamestream_rtsp_event));
  if (video) {
    gst_pad_set_chain_function (pad, GST_DEBUG_FUNCPTR (video_chain));
    gst_pad_set_chain_list_function (pad, GST_DEBUG_FUNCPTR (video_chain_list));
    gst_pad_set_query_function (pad, GST_DEBUG_FUNCPTR (video_query));
  } else {
    gst_pad_set_chain_function (pad, GST_DEBUG_FUNCPTR (audio_chain));
  }
  if (GST_STATE (element) >= GST_STATE_PAUSED)
    gst_pad_set_active (pad, TRUE);
  gst_element_add_pad (element, pad);
  return pad;
}

static void
gamestream_rtsp_release_pad (GstElement *element, GstPad *pad)
{
  gst_pad_set_active (pad, FALSE);
  gst_element_remove_pad (element, pad);
}

/* Asks the peers of all pads; the element itself adds nothing. */
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
gamestream_rtsp_query (GstElement *element, GstQuery *query)
{
  if (GST_QUERY_TYPE (query) == GST_QUERY_LATENCY) {
    gst_query_set_latency (query, FALSE, 0, GST_CLOCK_TIME_NONE);
    gst_element_foreach_sink_pad (element, add_latency, query);
    return TRUE;
  }
  return GST_ELEMENT_CLASS (gamestream_rtsp_parent_class)
      ->query (element, query);
}

/* ---- States ------------------------------------------------------------- */

/* The ports that it got. Call with the object lock. */
static void
learn_ports (GamestreamRtsp *self, PfGsHost *host)
{
  PfGsHostSettings *s = &self->settings;

  if (pf_gs_host_port (host, PF_GS_PORT_RTSP) == 0)
    return;
  s->port = pf_gs_host_port (host, PF_GS_PORT_RTSP);
  s->video_port = pf_gs_host_port (host, PF_GS_PORT_VIDEO);
  s->control_port = pf_gs_host_port (host, PF_GS_PORT_CONTROL);
  s->audio_port = pf_gs_host_port (host, PF_GS_PORT_AUDIO);
}

static void
post_start_error (GamestreamRtsp *self, const GError *error)
{
  if (g_error_matches (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_BUSY))
    GST_ELEMENT_ERROR (self, RESOURCE, BUSY,
        ("Cannot begin: %s; choose other ports.", error->message), (NULL));
  else
    GST_ELEMENT_ERROR (self, RESOURCE, OPEN_WRITE,
        ("Cannot begin: %s; look at address, client, server and session.",
            error->message),
        (NULL));
}

static gboolean
start (GamestreamRtsp *self)
{
  PfGsHostSettings settings;
  GError *error = NULL;
  PfGsHost *host;

  GST_OBJECT_LOCK (self);
  settings = self->settings;
  settings.server = g_strdup (settings.server);
  settings.address = g_strdup (settings.address);
  settings.client = g_strdup (settings.client);
  settings.session_file = g_strdup (settings.session_file);
  self->pads_eos = 0;
  memset (&self->counters, 0, sizeof self->counters);
  GST_OBJECT_UNLOCK (self);
  host = pf_gs_host_start (GST_ELEMENT (self), &settings, &error);
  if (!host)
    post_start_error (self, error);
  g_clear_error (&error);
  GST_OBJECT_LOCK (self);
  self->host = host;
  if (host)
    learn_ports (self, host);
  GST_OBJECT_UNLOCK (self);
  g_free (settings.server);
  g_free (settings.address);
  g_free (settings.client);
  g_free (settings.session_file);
  return host != NULL;
}

static void
stop (GamestreamRtsp *self)
{
  PfGsHost *host;

  GST_OBJECT_LOCK (self);
  host = self->host;
  self->host = NULL;
  if (host)
    pf_gs_host_get_counters (host, &self->counters);
  GST_OBJECT_UNLOCK (self);
  pf_gs_host_stop (host);
}

static GstStateChangeReturn
gamestream_rtsp_change_state (GstElement *element, GstStateChange transition)
{
  GamestreamRtsp *self = GAMESTREAM_RTSP (element);
  GstStateChangeReturn ret;

  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED && !start (self))
    return GST_STATE_CHANGE_FAILURE;
  ret = GST_ELEMENT_CLASS (gamestream_rtsp_parent_class)
            ->change_state (element, transition);
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY ||
      (transition == GST_STATE_CHANGE_READY_TO_PAUSED &&
          ret == GST_STATE_CHANGE_FAILURE))
    stop (self);
  return ret;
}

/* ---- Properties --------------------------------------------------------- */

static void
add_session_stats (GstStructure *stats, PfGsClient *client)
{
  const guint32 encryption =
      pf_gs_announce_encryption (pf_gs_client_announce (client, NULL));
  PfGsSessionStats s;

  pf_gs_client_get_stats (client, &s);
  gst_structure_set (stats, "encrypted-control", G_TYPE_BOOLEAN,
      (encryption & PF_GS_ENC_CONTROL_V2) != 0, "encrypted-video",
      G_TYPE_BOOLEAN, (encryption & PF_GS_ENC_VIDEO) != 0, "encrypted-audio",
      G_TYPE_BOOLEAN, (encryption & PF_GS_ENC_AUDIO) != 0, "messages",
      G_TYPE_UINT64, s.messages, "messages-dropped", G_TYPE_UINT64, s.dropped,
      "pings", G_TYPE_UINT64, s.pings, "rtt", G_TYPE_UINT64,
      pf_gs_client_rtt (client), NULL);
}

static GstStructure *
make_stats (GamestreamRtsp *self)
{
  PfGsClient *client = NULL;
  PfGsHostCounters n;
  GstStructure *stats;

  GST_OBJECT_LOCK (self);
  n = self->counters;
  if (self->host) {
    pf_gs_host_get_counters (self->host, &n);
    client = pf_gs_host_get_client (self->host);
  }
  GST_OBJECT_UNLOCK (self);
  stats = gst_structure_new ("application/x-pf-gamestreamrtsp-stats",
      "connected", G_TYPE_BOOLEAN, client != NULL, "sessions", G_TYPE_UINT64,
      n.sessions, "packets", G_TYPE_UINT64, n.packets, "bytes", G_TYPE_UINT64,
      n.bytes, "unsent", G_TYPE_UINT64, n.unsent, "dropped", G_TYPE_UINT64,
      n.send_dropped, "audio", G_TYPE_UINT64, n.audio, "audio-parity",
      G_TYPE_UINT64, n.audio_parity, "audio-dropped", G_TYPE_UINT64,
      n.audio_dropped, "keyframe-requests", G_TYPE_UINT64, n.keyframe_requests,
      "invalidations", G_TYPE_UINT64, n.invalidations, "inputs", G_TYPE_UINT64,
      n.inputs, "key-frames", G_TYPE_UINT64, n.key_frames, "fec-reports",
      G_TYPE_UINT64, n.fec_reports, "blocks-lost", G_TYPE_UINT64, n.blocks_lost,
      "missing", G_TYPE_UINT64, n.missing, NULL);
  if (client)
    add_session_stats (stats, client);
  pf_gs_client_unref (client);
  return stats;
}

static void
gamestream_rtsp_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  gboolean known;

  GST_OBJECT_LOCK (object);
  known = pf_member_set (object, members[id], value);
  GST_OBJECT_UNLOCK (object);
  if (!known)
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
gamestream_rtsp_get_property (
    GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  gboolean known;

  if (id == PROP_STATS) {
    g_value_take_boxed (value, make_stats (GAMESTREAM_RTSP (object)));
    return;
  }
  GST_OBJECT_LOCK (object);
  known = pf_member_get (object, members[id], value);
  GST_OBJECT_UNLOCK (object);
  if (!known)
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
gamestream_rtsp_finalize (GObject *object)
{
  PfGsHostSettings *s = &GAMESTREAM_RTSP (object)->settings;

  g_free (s->server);
  g_free (s->address);
  g_free (s->client);
  g_free (s->session_file);
  G_OBJECT_CLASS (gamestream_rtsp_parent_class)->finalize (object);
}

static GParamSpec *
port_spec (const gchar *name, const gchar *nick, const gchar *what, guint usual)
{
  g_autofree gchar *blurb = g_strdup_printf (
      "%s, without server; 0: a free one, which is then shown here", what);

  return g_param_spec_uint (name, nick, blurb, 0, 65535, usual,
      G_PARAM_READWRITE | G_PARAM_STATIC_NAME | G_PARAM_STATIC_NICK |
          GST_PARAM_MUTABLE_READY);
}

static void
install_properties (GObjectClass *object_class)
{
  const GParamFlags ready =
      G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY;

  props[PROP_SERVER] = g_param_spec_string ("server", "Server",
      "Name of the gamestreamserver whose session this is the endpoint of; "
      "unset: a server of its own",
      NULL, ready);
  props[PROP_SESSION] = g_param_spec_uint64 ("session", "Session",
      "Number of that session, as PfSessionOffer told it", 0, G_MAXUINT64, 0,
      ready);
  props[PROP_ADDRESS] = g_param_spec_string ("address", "Address",
      "Own address, without server; unset: any, of both families", NULL, ready);
  props[PROP_PORT] =
      port_spec ("port", "Port", "TCP port of RTSP", DEFAULT_PORT);
  props[PROP_VIDEO_PORT] = port_spec (
      "video-port", "Video port", "UDP port of video", DEFAULT_VIDEO_PORT);
  props[PROP_CONTROL_PORT] = port_spec ("control-port", "Control port",
      "UDP port of control messages", DEFAULT_CONTROL_PORT);
  props[PROP_AUDIO_PORT] = port_spec (
      "audio-port", "Audio port", "UDP port of audio", DEFAULT_AUDIO_PORT);
  props[PROP_CLIENT] = g_param_spec_string ("client", "Client",
      "Address that the client comes from, without server", DEFAULT_CLIENT,
      ready);
  props[PROP_SESSION_FILE] =
      g_param_spec_string ("session-file", "Session file",
          "File of 0600 that gets what a client must know, its key among it, "
          "without server; made anew for each session",
          NULL, ready);
  props[PROP_ENCRYPTION] = g_param_spec_enum ("encryption", "Encryption",
      "What must be encrypted, without server", GAMESTREAM_TYPE_ENCRYPTION,
      DEFAULT_ENCRYPTION, ready);
  props[PROP_PERCENTAGE] = g_param_spec_uint ("percentage", "Percentage",
      "Parity packets at the start, in percent of data packets", 1, 255,
      DEFAULT_PERCENTAGE, ready);
  props[PROP_ADAPTIVE] = g_param_spec_boolean ("adaptive", "Adaptive",
      "Let parity follow what the client reports as lost", DEFAULT_ADAPTIVE,
      ready);
  props[PROP_INVALIDATES] = g_param_spec_boolean ("invalidates", "Invalidates",
      "The encoder takes PfInvalidateFrames; else what a client lost is made "
      "good by key units (without server)",
      DEFAULT_INVALIDATES, ready);
  /**
   * GamestreamRtsp:stats:
   *
   * A structure application/x-pf-gamestreamrtsp-stats, counted since READY:
   * connected: boolean; sessions (that were taken), packets, bytes (of video,
   * sent), unsent (packets nobody was there for), dropped (packets that the
   * network did not take), audio, audio-parity, audio-dropped (packets),
   * keyframe-requests, invalidations, inputs, key-frames, fec-reports (of the
   * client, one for a block that lost something), blocks-lost (of those, that
   * parity could not restore), missing (data packets): uint64; while there is a
   * client encrypted-control, encrypted-video, encrypted-audio: boolean;
   * messages, messages-dropped (of control), pings, rtt (ns): uint64.
   */
  props[PROP_STATS] = pf_stats_spec ();
  g_object_class_install_properties (object_class, N_PROPS, props);
  gst_type_mark_as_plugin_api (GAMESTREAM_TYPE_ENCRYPTION, 0);
}

static gboolean
gamestream_rtsp_feedback (GamestreamRtsp *self, const GstStructure *feedback)
{
  gboolean ok = FALSE;

  GST_STATE_LOCK (self); /* the host stays */
  if (self->host)
    ok = pf_gs_host_feedback (self->host, feedback);
  GST_STATE_UNLOCK (self);
  return ok;
}

static gboolean
gamestream_rtsp_disconnect (
    GamestreamRtsp *self, guint code, const gchar *reason)
{
  gboolean ok = FALSE;

  (void) reason;
  GST_STATE_LOCK (self); /* the host stays */
  if (self->host)
    ok = pf_gs_host_disconnect (self->host, code);
  GST_STATE_UNLOCK (self);
  return ok;
}

static void
install_signals (GObjectClass *object_class)
{
  /**
   * GamestreamRtsp::feedback:
   * @feedback: PfGamepadFeedback; see docs/events.md
   *
   * Returns: whether it was sent to the client
   */
  g_signal_new_class_handler ("feedback", G_TYPE_FROM_CLASS (object_class),
      G_SIGNAL_RUN_LAST | G_SIGNAL_ACTION,
      G_CALLBACK (gamestream_rtsp_feedback), NULL, NULL, NULL, G_TYPE_BOOLEAN,
      1, GST_TYPE_STRUCTURE);
  /**
   * GamestreamRtsp::disconnect:
   * @code: that the client is told, or 0 for none
   * @reason: not told
   *
   * Returns: whether there was a session
   */
  g_signal_new_class_handler ("disconnect", G_TYPE_FROM_CLASS (object_class),
      G_SIGNAL_RUN_LAST | G_SIGNAL_ACTION,
      G_CALLBACK (gamestream_rtsp_disconnect), NULL, NULL, NULL, G_TYPE_BOOLEAN,
      2, G_TYPE_UINT, G_TYPE_STRING);
}

static void
gamestream_rtsp_class_init (GamestreamRtspClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);

  GST_DEBUG_CATEGORY_INIT (
      gamestream_rtsp_debug, "gamestreamrtsp", 0, "sends to GameStream");
  object_class->set_property = gamestream_rtsp_set_property;
  object_class->get_property = gamestream_rtsp_get_property;
  object_class->finalize = gamestream_rtsp_finalize;
  element_class->change_state =
      GST_DEBUG_FUNCPTR (gamestream_rtsp_change_state);
  element_class->query = GST_DEBUG_FUNCPTR (gamestream_rtsp_query);
  element_class->request_new_pad =
      GST_DEBUG_FUNCPTR (gamestream_rtsp_request_new_pad);
  element_class->release_pad = GST_DEBUG_FUNCPTR (gamestream_rtsp_release_pad);
  install_properties (object_class);
  install_signals (object_class);
  gst_element_class_add_static_pad_template (element_class, &video_template);
  gst_element_class_add_static_pad_template (element_class, &audio_template);
  gst_element_class_set_static_metadata (element_class, "GameStream sender",
      "Sink/Network", "Sends to one client of GameStream",
      "The gst-punktfunk developers");
}

static void
gamestream_rtsp_init (GamestreamRtsp *self)
{
  self->settings.port = DEFAULT_PORT;
  self->settings.video_port = DEFAULT_VIDEO_PORT;
  self->settings.control_port = DEFAULT_CONTROL_PORT;
  self->settings.audio_port = DEFAULT_AUDIO_PORT;
  self->settings.client = g_strdup (DEFAULT_CLIENT);
  self->settings.encrypt = DEFAULT_ENCRYPTION;
  self->settings.percent = DEFAULT_PERCENTAGE;
  self->settings.adaptive = DEFAULT_ADAPTIVE;
  self->settings.invalidates = DEFAULT_INVALIDATES;
  GST_OBJECT_FLAG_SET (self, GST_ELEMENT_FLAG_SINK);
}
