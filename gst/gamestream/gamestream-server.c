/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/**
 * SECTION:element-gamestreamserver
 * @title: gamestreamserver
 *
 * Owns the ports of a GameStream host: RTSP, ENet, video and audio, for all of
 * its sessions. It has no pads and lives in no pipeline; its messages come from
 * a bus of its own. READY opens the ports.
 *
 * Who may come is launched by whoever speaks HTTP with clients: with the action
 * signal launch, that is handed the client's address and key. When the client
 * has announced what it wants, PfSessionOffer is posted; the answer is the
 * action signal accept, and a pipeline with a gamestreamrtsp server=NAME
 * session=ID, NAME being this element's, or refuse. PfSessionEnded comes last,
 * for every session that was launched.
 *
 * One thread has all ports, and each client has one that tells what happens.
 *
 * Since: 0.1
 */
#include "gamestream-server.h"

#include "pf-gs-hub.h"
#include "pf-stats.h"

GST_DEBUG_CATEGORY_STATIC (gamestream_server_debug);
#define GST_CAT_DEFAULT gamestream_server_debug

#define DEFAULT_PORT 48010
#define DEFAULT_VIDEO_PORT 47998
#define DEFAULT_CONTROL_PORT 47999
#define DEFAULT_AUDIO_PORT 48000
#define DEFAULT_MAX_SESSIONS 16
#define PARITY_PERCENT 20 /* that bitrates leave room for */

enum {
  PROP_0,
  PROP_ADDRESS,
  PROP_PORT,
  PROP_VIDEO_PORT,
  PROP_CONTROL_PORT,
  PROP_AUDIO_PORT,
  PROP_MAX_SESSIONS,
  PROP_STATS,
  N_PROPS
};

static GParamSpec *props[N_PROPS];

struct _GamestreamServer {
  GstElement parent;

  /* object lock; settings are read at NULL->READY */
  PfGsHubConfig config;
  guint64 launched, offers, started, ended;
  PfGsHub *hub; /* from READY on */
};

static const gsize members[N_PROPS] = {
#define MEMBER(name) G_STRUCT_OFFSET (GamestreamServer, config.name)
  [PROP_ADDRESS] = MEMBER (address),
  [PROP_PORT] = MEMBER (rtsp_port),
  [PROP_VIDEO_PORT] = MEMBER (video_port),
  [PROP_CONTROL_PORT] = MEMBER (control_port),
  [PROP_AUDIO_PORT] = MEMBER (audio_port),
  [PROP_MAX_SESSIONS] = MEMBER (max_clients),
#undef MEMBER
};

G_DEFINE_FINAL_TYPE (GamestreamServer, gamestream_server, GST_TYPE_ELEMENT)
GST_ELEMENT_REGISTER_DEFINE (
    gamestreamserver, "gamestreamserver", GST_RANK_NONE, GAMESTREAM_TYPE_SERVER)

/* ---- Messages ----------------------------------------------------------- */

static void
post (GamestreamServer *self, GstStructure *structure)
{
  gst_element_post_message (GST_ELEMENT (self),
      gst_message_new_element (GST_OBJECT (self), structure));
}

static void
count (GamestreamServer *self, guint64 *counter)
{
  GST_OBJECT_LOCK (self);
  (*counter)++;
  GST_OBJECT_UNLOCK (self);
}

/* Of the display, where that is what the client means: some tell its own. */
static guint
rate_x100 (const PfGsAnnounce *a)
{
  const guint asked = a->fps * 100;

  return a->refresh_x100 * 100 >= asked * 99 &&
                 a->refresh_x100 * 100 <= asked * 101
             ? a->refresh_x100
             : asked;
}

static GstStructure *
describe (PfGsClient *client)
{
  static const gchar *const codecs[] = { "h264", "h265", "av1" };
  g_autofree gchar *peer = pf_gs_client_peer (client);
  gboolean high;
  const PfGsAnnounce *a = pf_gs_client_announce (client, &high);

  return gst_structure_new ("PfSessionOffer", "id", G_TYPE_UINT64,
      (guint64) pf_gs_client_id (client), "peer", G_TYPE_STRING, peer, "width",
      G_TYPE_UINT, a->width, "height", G_TYPE_UINT, a->height, "fps",
      G_TYPE_UINT, a->fps, "fps-x100", G_TYPE_UINT, rate_x100 (a), "codecs",
      G_TYPE_STRING, codecs[a->format], "bitrate-kbps", G_TYPE_UINT,
      pf_gs_announce_kbps (a, PARITY_PERCENT, high), "configured-kbps",
      G_TYPE_UINT, a->configured_kbps, "depth", G_TYPE_UINT,
      a->ten_bit ? 10 : 8, "chroma", G_TYPE_UINT, a->chroma_444 ? 444 : 420,
      "hdr", G_TYPE_BOOLEAN, a->ten_bit != 0, "channels", G_TYPE_UINT,
      a->channels, "high-quality", G_TYPE_BOOLEAN, high, "audio-ms",
      G_TYPE_UINT, a->audio_ms, "slices", G_TYPE_UINT, a->slices, "ref-frames",
      G_TYPE_UINT, a->ref_frames, "csc", G_TYPE_UINT, a->csc, "packet-size",
      G_TYPE_UINT, a->packet_size, "min-parity", G_TYPE_UINT,
      a->min_fec_packets, "encryption", G_TYPE_UINT,
      pf_gs_announce_encryption (a), NULL);
}

/* These are called in the client's thread, with no lock held. */
static void
on_offer (gpointer user, PfGsClient *client)
{
  GamestreamServer *self = user;

  count (self, &self->offers);
  post (self, describe (client));
}

static void
on_started (gpointer user, PfGsClient *client)
{
  GamestreamServer *self = user;

  count (self, &self->started);
  post (self, gst_structure_new ("PfSessionStarted", "id", G_TYPE_UINT64,
                  (guint64) pf_gs_client_id (client), NULL));
}

static void
on_ended (gpointer user, PfGsClient *client, PfGsCloseReason reason)
{
  GamestreamServer *self = user;

  GST_INFO_OBJECT (self, "session %u: %s", pf_gs_client_id (client),
      pf_gs_close_text (reason));
  count (self, &self->ended);
  post (self,
      gst_structure_new ("PfSessionEnded", "id", G_TYPE_UINT64,
          (guint64) pf_gs_client_id (client), "by-peer", G_TYPE_BOOLEAN,
          reason == PF_GS_CLOSE_BY_CLIENT, "code", G_TYPE_UINT, (guint) reason,
          "reason", G_TYPE_STRING, pf_gs_close_text (reason), "lost",
          G_TYPE_BOOLEAN, reason == PF_GS_CLOSE_VANISHED, NULL));
}

static const PfGsHubFuncs hub_funcs = {
  .offer = on_offer,
  .started = on_started,
  .ended = on_ended,
};

/* ---- Launching ---------------------------------------------------------- */

static PfGsHub *
get_hub (GamestreamServer *self)
{
  PfGsHub *hub;

  GST_OBJECT_LOCK (self);
  hub = self->hub ? pf_gs_hub_ref (self->hub) : NULL;
  GST_OBJECT_UNLOCK (self);
  return hub;
}

static guint
number (const GstStructure *s, const gchar *name, guint usual)
{
  guint value = usual;

  gst_structure_get_uint (s, name, &value);
  return value;
}

static gboolean
flag (const GstStructure *s, const gchar *name, gboolean usual)
{
  gboolean value = usual;

  gst_structure_get_boolean (s, name, &value);
  return value;
}

/* FALSE: an address is missing, or a text means nothing. */
static gboolean
read_launch (const GstStructure *s, PfSecret *key, PfGsHubLaunch *l)
{
  const guint32 hevc = PF_GS_CODEC_HEVC | PF_GS_CODEC_HEVC_10 |
                       PF_GS_CODEC_HEVC_444 | PF_GS_CODEC_HEVC_444_10;
  const guint32 av1 = PF_GS_CODEC_AV1 | PF_GS_CODEC_AV1_10 |
                      PF_GS_CODEC_AV1_444 | PF_GS_CODEC_AV1_444_10;
  const gchar *peer = gst_structure_get_string (s, "peer");
  const gchar *surround = gst_structure_get_string (s, "surround");
  PfGsHostOffer *o = &l->offer;
  PfAddress address;

  if (!key || pf_secret_key (key)->cipher != PF_AEAD_AES_128_GCM || !peer ||
      !pf_address_resolve (&address, peer, 0, AF_UNSPEC, NULL))
    return FALSE;
  pf_peer_from_socket (&address.at, &l->peer);
  l->key = key;
  l->key_id = number (s, "key-id", 0);
  l->sealed_rtsp = flag (s, "sealed-rtsp", TRUE);
  o->codecs = number (s, "codecs", PF_GS_CODEC_H264);
  o->encryption_required = number (s, "encryption-required", PF_GS_ENC_ALL);
  o->describe.features =
      number (s, "features", PF_GS_FEATURE_PEN_TOUCH | PF_GS_FEATURE_PAD_TOUCH);
  o->describe.encryption_supported =
      number (s, "encryption-supported", PF_GS_ENC_ALL);
  o->describe.encryption_requested =
      number (s, "encryption-requested", PF_GS_ENC_ALL);
  o->describe.rfi = flag (s, "rfi", FALSE);
  o->describe.hevc = (o->codecs & hevc) != 0;
  o->describe.av1 = (o->codecs & av1) != 0;
  return !surround ||
         pf_gs_opus_layout_parse (
             (PfGsText){ surround, strlen (surround) }, &o->describe.own) == 0;
}

static guint64
gamestream_server_launch (
    GamestreamServer *self, const GstStructure *launch, PfSecret *key)
{
  PfGsHub *hub = get_hub (self);
  PfGsHubLaunch l = { 0 };
  PfGsClient *client = NULL;
  guint64 id = 0;

  if (hub && launch && read_launch (launch, key, &l))
    client = pf_gs_hub_launch (hub, &l, NULL);
  if (client) {
    id = pf_gs_client_id (client);
    count (self, &self->launched);
  }
  pf_gs_client_unref (client);
  pf_gs_hub_unref (hub);
  return id;
}

static PfGsClient *
find_client (GamestreamServer *self, guint64 id, PfGsHub **hub)
{
  PfGsClient *client = NULL;

  *hub = get_hub (self);
  if (*hub && id <= G_MAXUINT)
    client = pf_gs_hub_find (*hub, (guint) id);
  return client;
}

static gboolean
gamestream_server_accept (
    GamestreamServer *self, guint64 id, const GstStructure *grants)
{
  PfGsHub *hub;
  PfGsClient *client = find_client (self, id, &hub);
  guint access;
  gboolean ok;

  if (client && grants && gst_structure_get_uint (grants, "access", &access))
    pf_gs_client_grant (client, access);
  ok = client && pf_gs_client_allow (client);
  pf_gs_client_unref (client);
  pf_gs_hub_unref (hub);
  return ok;
}

static gboolean
gamestream_server_refuse (
    GamestreamServer *self, guint64 id, guint status, const gchar *reason)
{
  PfGsHub *hub;
  PfGsClient *client = find_client (self, id, &hub);
  const gboolean ok =
      client && pf_gs_client_refuse (client, CLAMP (status, 300, 599));

  GST_INFO_OBJECT (self, "session %" G_GUINT64_FORMAT " is refused: %s", id,
      reason ? reason : "no reason");
  pf_gs_client_unref (client);
  pf_gs_hub_unref (hub);
  return ok;
}

static gboolean
gamestream_server_set_access (
    GamestreamServer *self, guint64 id, guint access, guint remaining_s)
{
  PfGsHub *hub;
  PfGsClient *client = find_client (self, id, &hub);
  const gboolean ok = client != NULL;

  (void) remaining_s; /* the protocol has no word for it */
  if (client)
    pf_gs_client_grant (client, access);
  pf_gs_client_unref (client);
  pf_gs_hub_unref (hub);
  return ok;
}

static gboolean
gamestream_server_close (GamestreamServer *self, guint64 id, guint code)
{
  PfGsHub *hub;
  PfGsClient *client = find_client (self, id, &hub);
  const gboolean ok = client != NULL;

  if (client)
    pf_gs_client_close (client, code);
  pf_gs_client_unref (client);
  pf_gs_hub_unref (hub);
  return ok;
}

/* ---- States ------------------------------------------------------------- */

static void
post_start_error (GamestreamServer *self, const GError *error)
{
  if (g_error_matches (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_BUSY))
    GST_ELEMENT_ERROR (self, RESOURCE, BUSY,
        ("Cannot serve: %s; choose other ports.", error->message), (NULL));
  else
    GST_ELEMENT_ERROR (self, RESOURCE, OPEN_READ_WRITE,
        ("Cannot serve: %s; look at address and ports.", error->message),
        (NULL));
}

/* Call with the object lock. */
static void
learn_ports (GamestreamServer *self)
{
  self->config.rtsp_port = pf_gs_hub_port (self->hub, PF_GS_PORT_RTSP);
  self->config.video_port = pf_gs_hub_port (self->hub, PF_GS_PORT_VIDEO);
  self->config.control_port = pf_gs_hub_port (self->hub, PF_GS_PORT_CONTROL);
  self->config.audio_port = pf_gs_hub_port (self->hub, PF_GS_PORT_AUDIO);
}

static gboolean
start (GamestreamServer *self)
{
  g_autofree gchar *name = gst_object_get_name (GST_OBJECT (self));
  PfGsHubConfig config;
  GError *error = NULL;
  PfGsHub *hub;

  GST_OBJECT_LOCK (self);
  config = self->config;
  config.address = g_strdup (config.address);
  self->launched = self->offers = self->started = self->ended = 0;
  GST_OBJECT_UNLOCK (self);
  hub = pf_gs_hub_new (&config, &hub_funcs, self, &error);
  if (hub && !pf_gs_hub_register (hub, name)) {
    g_set_error (&error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_FAILED,
        "another server of this process is called \"%s\"", name);
    g_clear_pointer (&hub, pf_gs_hub_unref);
  }
  if (!hub)
    post_start_error (self, error);
  GST_OBJECT_LOCK (self);
  self->hub = hub;
  if (hub)
    learn_ports (self);
  GST_OBJECT_UNLOCK (self);
  g_clear_error (&error);
  g_free (config.address);
  return hub != NULL;
}

static void
stop (GamestreamServer *self)
{
  PfGsHub *hub = get_hub (self);

  if (!hub)
    return;
  pf_gs_hub_stop (hub);
  GST_OBJECT_LOCK (self);
  self->hub = NULL;
  GST_OBJECT_UNLOCK (self);
  pf_gs_hub_unref (hub); /* ours */
  pf_gs_hub_unref (hub);
}

static GstStateChangeReturn
gamestream_server_change_state (GstElement *element, GstStateChange transition)
{
  GamestreamServer *self = GAMESTREAM_SERVER (element);
  GstStateChangeReturn ret;

  if (transition == GST_STATE_CHANGE_NULL_TO_READY && !start (self))
    return GST_STATE_CHANGE_FAILURE;
  ret = GST_ELEMENT_CLASS (gamestream_server_parent_class)
            ->change_state (element, transition);
  if (transition == GST_STATE_CHANGE_READY_TO_NULL)
    stop (self);
  return ret;
}

/* ---- Properties --------------------------------------------------------- */

static GstStructure *
make_stats (GamestreamServer *self)
{
  PfGsHub *hub = get_hub (self);
  guint64 launched, offers, started, ended;
  PfGsHubCounters n = { 0 };
  guint sessions = 0;

  if (hub) {
    pf_gs_hub_get_counters (hub, &n);
    sessions = pf_gs_hub_n_clients (hub);
  }
  pf_gs_hub_unref (hub);
  GST_OBJECT_LOCK (self);
  launched = self->launched;
  offers = self->offers;
  started = self->started;
  ended = self->ended;
  GST_OBJECT_UNLOCK (self);
  return gst_structure_new ("application/x-pf-gamestreamserver-stats",
      "sessions", G_TYPE_UINT, sessions, "launched", G_TYPE_UINT64, launched,
      "offers", G_TYPE_UINT64, offers, "started", G_TYPE_UINT64, started,
      "ended", G_TYPE_UINT64, ended, "rtsp-connections", G_TYPE_UINT64,
      n.rtsp.accepted, "rtsp-strangers", G_TYPE_UINT64, n.rtsp.strangers,
      "rtsp-crowded", G_TYPE_UINT64, n.rtsp.crowded, "rtsp-late", G_TYPE_UINT64,
      n.rtsp.late, "rtsp-malformed", G_TYPE_UINT64, n.rtsp.malformed,
      "control-datagrams", G_TYPE_UINT64, n.control.received,
      "control-strangers", G_TYPE_UINT64, n.control_strangers,
      "control-refused", G_TYPE_UINT64, n.enet.strangers + n.enet.misplaced,
      "control-malformed", G_TYPE_UINT64, n.enet.malformed, "strange-pings",
      G_TYPE_UINT64, n.strange_pings, NULL);
}

static void
gamestream_server_set_property (
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
gamestream_server_get_property (
    GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  gboolean known;

  if (id == PROP_STATS) {
    g_value_take_boxed (value, make_stats (GAMESTREAM_SERVER (object)));
    return;
  }
  GST_OBJECT_LOCK (object);
  known = pf_member_get (object, members[id], value);
  GST_OBJECT_UNLOCK (object);
  if (!known)
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
gamestream_server_finalize (GObject *object)
{
  g_free (GAMESTREAM_SERVER (object)->config.address);
  G_OBJECT_CLASS (gamestream_server_parent_class)->finalize (object);
}

static GParamSpec *
port_spec (const gchar *name, const gchar *nick, const gchar *what, guint usual)
{
  g_autofree gchar *blurb =
      g_strdup_printf ("%s; 0: a free one, which is then shown here", what);

  return g_param_spec_uint (name, nick, blurb, 0, 65535, usual,
      G_PARAM_READWRITE | G_PARAM_STATIC_NAME | G_PARAM_STATIC_NICK |
          GST_PARAM_MUTABLE_READY);
}

static void
install_properties (GObjectClass *object_class)
{
  const GParamFlags ready =
      G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY;

  props[PROP_ADDRESS] = g_param_spec_string ("address", "Address",
      "Own address; unset: any, of both families", NULL, ready);
  props[PROP_PORT] =
      port_spec ("port", "Port", "TCP port of RTSP", DEFAULT_PORT);
  props[PROP_VIDEO_PORT] = port_spec (
      "video-port", "Video port", "UDP port of video", DEFAULT_VIDEO_PORT);
  props[PROP_CONTROL_PORT] = port_spec ("control-port", "Control port",
      "UDP port of control messages", DEFAULT_CONTROL_PORT);
  props[PROP_AUDIO_PORT] = port_spec (
      "audio-port", "Audio port", "UDP port of audio", DEFAULT_AUDIO_PORT);
  props[PROP_MAX_SESSIONS] =
      g_param_spec_uint ("max-sessions", "Maximum of sessions",
          "Sessions at once, those that were only launched among them", 1,
          PF_ENET_PEERS_MAX, DEFAULT_MAX_SESSIONS, ready);
  /**
   * GamestreamServer:stats:
   *
   * A structure application/x-pf-gamestreamserver-stats, counted since NULL:
   * sessions (there are now): uint; launched, offers, started, ended;
   * rtsp-connections, rtsp-strangers (closed at once: nobody from there was
   * launched), rtsp-crowded (closed to make room), rtsp-late (closed for want
   * of a request), rtsp-malformed; control-datagrams, control-strangers (from
   * where nobody was launched), control-refused (of no peer), control-malformed;
   * strange-pings (that send no media anywhere): uint64.
   */
  props[PROP_STATS] = pf_stats_spec ();
  g_object_class_install_properties (object_class, N_PROPS, props);
}

static void
install_signals (GObjectClass *object_class)
{
  const GType type = G_TYPE_FROM_CLASS (object_class);

  /**
   * GamestreamServer::launch:
   * @launch: a structure: peer (string, the client's address); key-id (uint),
   *   sealed-rtsp (boolean, TRUE), codecs (uint, bits of /serverinfo: H.264),
   *   features (uint, 3), encryption-supported, encryption-requested,
   *   encryption-required (uint, 7), rfi (boolean, FALSE), surround (string);
   *   all but peer may miss
   * @key: a PfSecret: the key that the client made
   *
   * To be called before the client is told that it may come.
   *
   * Returns: the number of the session; 0: there are too many, or the launch
   * cannot be read
   */
  g_signal_new_class_handler ("launch", type,
      G_SIGNAL_RUN_LAST | G_SIGNAL_ACTION,
      G_CALLBACK (gamestream_server_launch), NULL, NULL, NULL, G_TYPE_UINT64, 2,
      GST_TYPE_STRUCTURE, PF_TYPE_SECRET);
  /**
   * GamestreamServer::accept:
   * @id: of a session that was offered
   * @grants: a structure with access (uint, what the device may do, as in
   *   #PfQuicServer::accept), or NULL: all
   *
   * Returns: whether the client was told so
   */
  g_signal_new_class_handler ("accept", type,
      G_SIGNAL_RUN_LAST | G_SIGNAL_ACTION,
      G_CALLBACK (gamestream_server_accept), NULL, NULL, NULL, G_TYPE_BOOLEAN,
      2, G_TYPE_UINT64, GST_TYPE_STRUCTURE);
  /**
   * GamestreamServer::refuse:
   * @id: of a session that was offered
   * @status: of RTSP, which the client shows
   * @reason: for the log
   *
   * Returns: whether there is such a session
   */
  g_signal_new_class_handler ("refuse", type,
      G_SIGNAL_RUN_LAST | G_SIGNAL_ACTION,
      G_CALLBACK (gamestream_server_refuse), NULL, NULL, NULL, G_TYPE_BOOLEAN,
      3, G_TYPE_UINT64, G_TYPE_UINT, G_TYPE_STRING);
  /**
   * GamestreamServer::set-access:
   * @id: of a session
   * @access: what it may do from now on
   * @remaining: ignored: clients cannot be told
   *
   * Other input than that goes nowhere, and what is held is let go.
   *
   * Returns: whether there is such a session
   */
  g_signal_new_class_handler ("set-access", type,
      G_SIGNAL_RUN_LAST | G_SIGNAL_ACTION,
      G_CALLBACK (gamestream_server_set_access), NULL, NULL, NULL,
      G_TYPE_BOOLEAN, 3, G_TYPE_UINT64, G_TYPE_UINT, G_TYPE_UINT);
  /**
   * GamestreamServer::close:
   * @id: of a session, at any time
   * @code: that the client is told; 0: none
   *
   * Returns: whether there is such a session
   */
  g_signal_new_class_handler ("close", type,
      G_SIGNAL_RUN_LAST | G_SIGNAL_ACTION, G_CALLBACK (gamestream_server_close),
      NULL, NULL, NULL, G_TYPE_BOOLEAN, 2, G_TYPE_UINT64, G_TYPE_UINT);
}

static void
gamestream_server_class_init (GamestreamServerClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);

  GST_DEBUG_CATEGORY_INIT (
      gamestream_server_debug, "gamestreamserver", 0, "sessions of GameStream");
  object_class->set_property = gamestream_server_set_property;
  object_class->get_property = gamestream_server_get_property;
  object_class->finalize = gamestream_server_finalize;
  element_class->change_state =
      GST_DEBUG_FUNCPTR (gamestream_server_change_state);
  install_properties (object_class);
  install_signals (object_class);
  gst_element_class_set_static_metadata (element_class,
      "GameStream session server", "Network/Server",
      "Owns the ports of a GameStream host and its sessions",
      "The gst-punktfunk developers");
}

static void
gamestream_server_init (GamestreamServer *self)
{
  self->config.rtsp_port = DEFAULT_PORT;
  self->config.video_port = DEFAULT_VIDEO_PORT;
  self->config.control_port = DEFAULT_CONTROL_PORT;
  self->config.audio_port = DEFAULT_AUDIO_PORT;
  self->config.max_clients = DEFAULT_MAX_SESSIONS;
}
