/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/**
 * SECTION:element-pfquicserver
 * @title: pfquicserver
 *
 * Owns the QUIC port of a punktfunk/1 host and its sessions. It has no pads and
 * lives in no pipeline; its messages come from a bus of its own. READY opens
 * the port.
 *
 * A client that says Hello is judged: by the signal authorize, now or later,
 * and where nobody is connected to it by open and allow-fingerprint, which let
 * nobody in by default. Of one that is let in it posts PfSessionOffer; the
 * answer is the action signal accept with what is granted, and a pipeline with
 * a pfquicsink server=NAME session=ID, NAME being this element's, within ten
 * seconds. Clients that wait cost no pipeline.
 *
 * With pairing set it also takes part in PIN ceremonies: of a client that asks
 * for one it posts PfPairRequest, which the action signal pair answers with the
 * PIN, park if somebody is to be asked for it, or refuse. A client that proved
 * that it knows the PIN is told of by PfPairProved: pair-result says that the
 * device was stored. PfSessionEnded comes last here too.
 *
 * Each connection has a thread of its own; authorize is emitted in it.
 *
 * Since: 0.1
 */
#include "pf-quic-server.h"

#include "pf-choice.h"
#include "pf-quic-ceremony.h"
#include "pf-quic-host.h"
#include "pf-quic-hub.h"
#include "pf-quic-media.h"

GST_DEBUG_CATEGORY_STATIC (pf_quic_server_debug);
#define GST_CAT_DEFAULT pf_quic_server_debug

#define DEFAULT_PORT PF_MSG_PORT
#define DEFAULT_OPEN FALSE
#define DEFAULT_PAIRING FALSE
#define DEFAULT_MAX_SESSIONS 36
#define DEFAULT_APPROVAL_S 180
#define DEFAULT_KEEP_ALIVE 4000
#define DEFAULT_IDLE 8000

enum {
  PROP_0,
  PROP_ADDRESS,
  PROP_PORT,
  PROP_IDENTITY,
  PROP_OPEN,
  PROP_ALLOW,
  PROP_PAIRING,
  PROP_MAX_SESSIONS,
  PROP_APPROVAL,
  PROP_KEEP_ALIVE,
  PROP_IDLE,
  PROP_KEY_LOG,
  PROP_QLOG,
  PROP_FINGERPRINT,
  PROP_STATS,
  N_PROPS
};

enum {
  SIGNAL_AUTHORIZE,
  SIGNAL_ANSWER,
  SIGNAL_ACCEPT,
  SIGNAL_REFUSE,
  SIGNAL_PARK,
  SIGNAL_PAIR,
  SIGNAL_PAIR_RESULT,
  SIGNAL_SET_ACCESS,
  N_SIGNALS
};

/* What the handler of authorize returns. */
enum { DENY, ALLOW, LATER };

#define CODECS (PF_CODEC_H264 | PF_CODEC_HEVC | PF_CODEC_AV1)

static GParamSpec *props[N_PROPS];
static guint signals[N_SIGNALS];

struct _PfQuicServer {
  GstElement parent;

  /* object lock; settings are read at NULL->READY */
  gchar *address, *identity, *allowed, *key_log, *qlog;
  gboolean open, pairing;
  guint port, max_sessions, approval_s, keep_alive_ms, idle_ms;
  guint64 offers, allowed_n, refused;
  PfQuicHub *hub; /* from READY on */
};

G_DEFINE_FINAL_TYPE (PfQuicServer, pf_quic_server, GST_TYPE_ELEMENT)
GST_ELEMENT_REGISTER_DEFINE (
    pfquicserver, "pfquicserver", GST_RANK_NONE, PF_TYPE_QUIC_SERVER)

/* ---- Offers ------------------------------------------------------------- */

/* What is known of a client. Texts of it are its own: show them with care. */
static GstStructure *
describe_peer (PfQuicSession *session, const gchar *name)
{
  gchar *peer = pf_quic_session_peer (session);
  GstStructure *s = gst_structure_new (name, "id", G_TYPE_UINT64,
      (guint64) pf_quic_session_id (session), "peer", G_TYPE_STRING, peer,
      NULL);

  if (!pf_quic_session_is_anonymous (session)) {
    gchar *text =
        pf_quic_fingerprint_to_string (pf_quic_session_fingerprint (session));

    gst_structure_set (s, "fingerprint", G_TYPE_STRING, text, NULL);
    g_free (text);
  }
  g_free (peer);
  return s;
}

static GstStructure *
describe (PfQuicSession *session, const gchar *name)
{
  const PfMsgHello *h = pf_quic_session_hello (session);
  GstStructure *s = describe_peer (session, name);

  gst_structure_set (s, "name", G_TYPE_STRING, h->name, "launch", G_TYPE_STRING,
      h->launch, NULL);
  return s;
}

/* And what it wishes. */
static GstStructure *
describe_offer (PfQuicSession *session)
{
  const PfMsgHello *h = pf_quic_session_hello (session);
  const guint8 wanted = h->video_codecs ? h->video_codecs : PF_CODEC_HEVC;
  const gchar *preferred = pf_quic_media_codec_name (h->preferred_codec);
  gchar *codecs = pf_quic_media_codec_names (wanted & CODECS);
  GstStructure *s = describe (session, "PfSessionOffer");

  gst_structure_set (s, "width", G_TYPE_UINT, h->mode.width, "height",
      G_TYPE_UINT, h->mode.height, "fps", G_TYPE_UINT, h->mode.refresh_hz,
      "codecs", G_TYPE_STRING, codecs, "bitrate-kbps", G_TYPE_UINT,
      h->bitrate_kbps ? pf_choose_bitrate (h->bitrate_kbps, 0, 0) : 0, "depth",
      G_TYPE_UINT, h->video_caps & PF_VIDEO_10_BIT ? 10 : 8, "chroma",
      G_TYPE_UINT, h->video_caps & PF_VIDEO_444 ? 444 : 420, "hdr",
      G_TYPE_BOOLEAN, (h->video_caps & PF_VIDEO_HDR10) != 0, "channels",
      G_TYPE_UINT, h->audio_channels, NULL);
  if (preferred)
    gst_structure_set (s, "preferred", G_TYPE_STRING, preferred, NULL);
  g_free (codecs);
  return s;
}

static void
post (PfQuicServer *self, GstStructure *structure)
{
  gst_element_post_message (GST_ELEMENT (self),
      gst_message_new_element (GST_OBJECT (self), structure));
}

static void
send_away (PfQuicServer *self, PfQuicSession *session, PfCloseCode code,
    const gchar *text)
{
  GST_OBJECT_LOCK (self);
  self->refused++;
  GST_OBJECT_UNLOCK (self);
  pf_quic_session_close (session, code, text);
}

/* Launchers see only modes that some host may have. */
static void
let_in (PfQuicServer *self, PfQuicSession *session)
{
  static const PfHostAbilities any;

  if (!pf_mode_check (&any, &pf_quic_session_hello (session)->mode)) {
    send_away (self, session, PF_CLOSE_SETUP_FAILED,
        "no host has the mode that was asked for");
    return;
  }
  GST_OBJECT_LOCK (self);
  self->allowed_n++;
  GST_OBJECT_UNLOCK (self);
  pf_quic_session_allow (session);
  post (self, describe_offer (session));
}

/* By properties, where nobody is connected to authorize. */
static gint
decide (PfQuicServer *self, PfQuicSession *session)
{
  gint decision = DENY;

  GST_OBJECT_LOCK (self);
  if (self->open || (!pf_quic_session_is_anonymous (session) &&
                        pf_quic_is_allowed (self->allowed,
                            pf_quic_session_fingerprint (session))))
    decision = ALLOW;
  GST_OBJECT_UNLOCK (self);
  return decision;
}

static gint
ask (PfQuicServer *self, PfQuicSession *session)
{
  GstStructure *peer;
  gint decision = DENY;

  if (!g_signal_has_handler_pending (self, signals[SIGNAL_AUTHORIZE], 0, FALSE))
    return decide (self, session);
  peer = describe (session, "PfSessionPeer");
  g_signal_emit (self, signals[SIGNAL_AUTHORIZE], 0, peer, &decision);
  gst_structure_free (peer);
  return decision;
}

static void
deny (PfQuicServer *self, PfQuicSession *session)
{
  send_away (self, session,
      pf_quic_session_is_anonymous (session) ? PF_CLOSE_NO_IDENTITY
                                             : PF_CLOSE_DENIED,
      NULL);
}

/* In the thread of the connection, with no lock held. */
static void
on_offer (gpointer user, PfQuicSession *session)
{
  PfQuicServer *self = user;

  GST_OBJECT_LOCK (self);
  self->offers++;
  GST_OBJECT_UNLOCK (self);
  switch (ask (self, session)) {
  case ALLOW:
    let_in (self, session);
    break;
  case LATER:
    pf_quic_session_park (session);
    post (self, describe (session, "PfSessionKnock"));
    break;
  default:
    deny (self, session);
    break;
  }
}

/* ---- Pairing ------------------------------------------------------------- */

static gboolean
is_pairing (PfQuicServer *self)
{
  gboolean pairing;

  GST_OBJECT_LOCK (self);
  pairing = self->pairing && pf_quic_ceremony_is_possible ();
  GST_OBJECT_UNLOCK (self);
  return pairing;
}

/* In the thread of the connection, with no lock held. */
static void
on_pair (gpointer user, PfQuicSession *session, const PfMsgControl *message)
{
  PfQuicServer *self = user;
  PfQuicCeremony *ceremony;
  GstStructure *s = NULL;

  if (pf_quic_session_is_anonymous (session) || !is_pairing (self)) {
    send_away (self, session,
        pf_quic_session_is_anonymous (session) ? PF_CLOSE_NO_IDENTITY
                                               : PF_CLOSE_NOT_ARMED,
        NULL);
    return;
  }
  ceremony = pf_quic_session_ceremony (session);
  switch (pf_quic_ceremony_message (ceremony, message)) {
  case PF_QUIC_CEREMONY_REQUESTED:
    s = describe_peer (session, "PfPairRequest");
    break;
  case PF_QUIC_CEREMONY_PROVED:
    s = describe_peer (session, "PfPairProved");
    break;
  default:
    GST_INFO_OBJECT (
        self, "session %u: the pairing failed", pf_quic_session_id (session));
    return;
  }
  gst_structure_set (
      s, "name", G_TYPE_STRING, pf_quic_ceremony_name (ceremony), NULL);
  post (self, s);
}

static void
on_started (gpointer user, PfQuicSession *session)
{
  post (user, gst_structure_new ("PfSessionStarted", "id", G_TYPE_UINT64,
                  (guint64) pf_quic_session_id (session), NULL));
}

static void
on_ended (gpointer user, PfQuicSession *session, const PfQuicEnd *end)
{
  PfQuicServer *self = user;
  gchar *text = pf_quic_end_to_string (end);

  GST_INFO_OBJECT (self, "session %u: %s", pf_quic_session_id (session), text);
  post (self, gst_structure_new ("PfSessionEnded", "id", G_TYPE_UINT64,
                  (guint64) pf_quic_session_id (session), "by-peer",
                  G_TYPE_BOOLEAN, end->kind == PF_QUIC_PEER_CLOSED, "code",
                  G_TYPE_UINT, (guint) end->code, "reason", G_TYPE_STRING, text,
                  "lost", G_TYPE_BOOLEAN, end->kind == PF_QUIC_IDLE, NULL));
  g_free (text);
}

static const PfQuicHubFuncs hub_funcs = {
  .offer = on_offer,
  .pair = on_pair,
  .started = on_started,
  .ended = on_ended,
};

/* ---- Answers later ------------------------------------------------------ */

static PfQuicHub *
get_hub (PfQuicServer *self)
{
  PfQuicHub *hub;

  GST_OBJECT_LOCK (self);
  hub = self->hub ? pf_quic_hub_ref (self->hub) : NULL;
  GST_OBJECT_UNLOCK (self);
  return hub;
}

static PfQuicSession *
find_session (PfQuicServer *self, guint64 id)
{
  PfQuicHub *hub = get_hub (self);
  PfQuicSession *session = NULL;

  if (hub && id <= G_MAXUINT)
    session = pf_quic_hub_find (hub, (guint) id);
  pf_quic_hub_unref (hub);
  return session;
}

static gboolean
pf_quic_server_answer (PfQuicServer *self, guint64 id, gboolean yes)
{
  PfQuicSession *session = find_session (self, id);

  if (!session)
    return FALSE;
  if (yes)
    let_in (self, session);
  else
    deny (self, session);
  pf_quic_session_unref (session);
  return TRUE;
}

static guint
granted (const GstStructure *s, const gchar *name)
{
  guint value = 0;

  gst_structure_get_uint (s, name, &value);
  return value;
}

static gboolean
pf_quic_server_accept (
    PfQuicServer *self, guint64 id, const GstStructure *grants)
{
  PfQuicSession *session = find_session (self, id);
  PfQuicGrants g = { 0 };

  if (!session)
    return FALSE;
  if (grants) {
    g.codec =
        pf_quic_media_parse_codecs (gst_structure_get_string (grants, "codec"));
    g.width = granted (grants, "width");
    g.height = granted (grants, "height");
    g.fps = granted (grants, "fps");
    g.bitrate_kbps = granted (grants, "bitrate-kbps");
    g.max_bitrate_kbps = granted (grants, "max-bitrate-kbps");
    g.depth = granted (grants, "depth");
    g.chroma = granted (grants, "chroma");
    g.channels = granted (grants, "channels");
    gst_structure_get_boolean (grants, "hdr", &g.hdr);
    g.limited = gst_structure_get_uint (grants, "access", &g.access);
    g.expires_s = granted (grants, "expires-s");
  }
  pf_quic_session_grant (session, &g);
  pf_quic_session_unref (session);
  return TRUE;
}

static gboolean
pf_quic_server_refuse (
    PfQuicServer *self, guint64 id, guint code, const gchar *reason)
{
  PfQuicSession *session = find_session (self, id);

  if (!session)
    return FALSE;
  send_away (
      self, session, (PfCloseCode) code, reason && *reason ? reason : NULL);
  pf_quic_session_unref (session);
  return TRUE;
}

static gboolean
pf_quic_server_park (PfQuicServer *self, guint64 id)
{
  PfQuicSession *session = find_session (self, id);

  if (!session)
    return FALSE;
  pf_quic_session_park (session);
  pf_quic_session_unref (session);
  return TRUE;
}

static gboolean
pf_quic_server_pair (PfQuicServer *self, guint64 id, const gchar *pin)
{
  PfQuicSession *session = find_session (self, id);
  gboolean ok = session && pin && pf_quic_ceremony_is_possible ();

  if (ok)
    ok = pf_quic_ceremony_pair (pf_quic_session_ceremony (session), pin);
  pf_quic_session_unref (session);
  return ok;
}

static gboolean
pf_quic_server_pair_result (PfQuicServer *self, guint64 id, gboolean paired)
{
  PfQuicSession *session = find_session (self, id);
  gboolean ok = session && pf_quic_ceremony_is_possible ();

  if (ok)
    ok = pf_quic_ceremony_result (pf_quic_session_ceremony (session), paired);
  pf_quic_session_unref (session);
  return ok;
}

static gboolean
pf_quic_server_set_access (
    PfQuicServer *self, guint64 id, guint access, guint remaining_s)
{
  PfQuicSession *session = find_session (self, id);

  if (!session)
    return FALSE;
  pf_quic_session_set_access (session, access, remaining_s);
  pf_quic_session_unref (session);
  return TRUE;
}

/* ---- States ------------------------------------------------------------- */

static gboolean
start (PfQuicServer *self)
{
  PfQuicHubConfig config = { 0 };
  gchar *directory, *name;
  GError *error = NULL;
  PfQuicHub *hub = NULL;

  GST_OBJECT_LOCK (self);
  config.address = g_strdup (self->address);
  config.port = self->port;
  config.idle_ms = self->idle_ms;
  config.keep_alive_ms = self->keep_alive_ms;
  config.max_sessions = self->max_sessions;
  config.approval_ms = self->approval_s * 1000;
  config.key_log = g_strdup (self->key_log);
  config.qlog = g_strdup (self->qlog);
  directory = self->identity && *self->identity ? g_strdup (self->identity)
                                                : pf_quic_default_directory ();
  self->offers = self->allowed_n = self->refused = 0;
  GST_OBJECT_UNLOCK (self);
  config.identity = pf_quic_identity_open (directory, PF_QUIC_KEY_RSA, &error);
  if (config.identity)
    hub = pf_quic_hub_new (&config, &hub_funcs, self, &error);
  name = gst_object_get_name (GST_OBJECT (self));
  if (hub && !pf_quic_hub_register (hub, name)) {
    g_set_error (&error, G_IO_ERROR, G_IO_ERROR_EXISTS,
        "another server of this process is called \"%s\"", name);
    pf_quic_hub_stop (hub);
    g_clear_pointer (&hub, pf_quic_hub_unref);
  }
  if (!hub &&
      g_error_matches (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_BUSY))
    GST_ELEMENT_ERROR (self, RESOURCE, BUSY,
        ("Cannot serve: %s; choose another port.", error->message), (NULL));
  else if (!hub)
    GST_ELEMENT_ERROR (self, RESOURCE, OPEN_READ_WRITE,
        ("Cannot serve: %s; look at address, port and identity-dir.",
            error->message),
        (NULL));
  GST_OBJECT_LOCK (self);
  self->hub = hub;
  if (hub)
    self->port = pf_quic_hub_port (hub);
  GST_OBJECT_UNLOCK (self);
  g_clear_error (&error);
  pf_quic_identity_unref (config.identity);
  g_free (config.address);
  g_free (config.key_log);
  g_free (config.qlog);
  g_free (directory);
  g_free (name);
  return hub != NULL;
}

static void
stop (PfQuicServer *self)
{
  PfQuicHub *hub = get_hub (self);

  if (!hub)
    return;
  pf_quic_hub_stop (hub);
  GST_OBJECT_LOCK (self);
  self->hub = NULL;
  GST_OBJECT_UNLOCK (self);
  pf_quic_hub_unref (hub); /* ours */
  pf_quic_hub_unref (hub);
}

static GstStateChangeReturn
pf_quic_server_change_state (GstElement *element, GstStateChange transition)
{
  PfQuicServer *self = PF_QUIC_SERVER (element);
  GstStateChangeReturn ret;

  if (transition == GST_STATE_CHANGE_NULL_TO_READY && !start (self))
    return GST_STATE_CHANGE_FAILURE;
  ret = GST_ELEMENT_CLASS (pf_quic_server_parent_class)
            ->change_state (element, transition);
  if (transition == GST_STATE_CHANGE_READY_TO_NULL)
    stop (self);
  return ret;
}

/* ---- Properties --------------------------------------------------------- */

static GstStructure *
make_stats (PfQuicServer *self)
{
  PfQuicHub *hub = get_hub (self);
  PfQuicPortCounters n = { 0 };
  guint64 offers, allowed, refused;
  guint sessions = 0;

  if (hub) {
    pf_quic_hub_get_counters (hub, &n);
    sessions = pf_quic_hub_n_sessions (hub);
  }
  pf_quic_hub_unref (hub);
  GST_OBJECT_LOCK (self);
  offers = self->offers;
  allowed = self->allowed_n;
  refused = self->refused;
  GST_OBJECT_UNLOCK (self);
  return gst_structure_new ("application/x-pf-quicserver-stats", "sessions",
      G_TYPE_UINT, sessions, "offers", G_TYPE_UINT64, offers, "allowed",
      G_TYPE_UINT64, allowed, "refused", G_TYPE_UINT64, refused, "handshakes",
      G_TYPE_UINT64, n.accepted, "handshakes-refused", G_TYPE_UINT64, n.refused,
      "retries", G_TYPE_UINT64, n.retries, "resets", G_TYPE_UINT64, n.resets,
      "packets", G_TYPE_UINT64, n.packets, "bytes", G_TYPE_UINT64, n.bytes,
      "media", G_TYPE_UINT64, n.media, "junk", G_TYPE_UINT64, n.junk, "unknown",
      G_TYPE_UINT64, n.unknown, "mailbox-dropped", G_TYPE_UINT64,
      n.mailbox_dropped, "lost", G_TYPE_UINT64, n.overflows, NULL);
}

static gchar *
make_fingerprint (PfQuicServer *self)
{
  PfQuicHub *hub = get_hub (self);
  gchar *text = NULL;

  if (hub)
    text = pf_quic_fingerprint_to_string (
        pf_quic_identity_fingerprint (pf_quic_hub_identity (hub)));
  pf_quic_hub_unref (hub);
  return text;
}

/* Where a text property lives. */
static gchar **
text_of (PfQuicServer *self, guint id)
{
  switch (id) {
  case PROP_ADDRESS:
    return &self->address;
  case PROP_IDENTITY:
    return &self->identity;
  case PROP_ALLOW:
    return &self->allowed;
  case PROP_KEY_LOG:
    return &self->key_log;
  case PROP_QLOG:
    return &self->qlog;
  default:
    return NULL;
  }
}

static guint *
number_of (PfQuicServer *self, guint id)
{
  switch (id) {
  case PROP_PORT:
    return &self->port;
  case PROP_MAX_SESSIONS:
    return &self->max_sessions;
  case PROP_APPROVAL:
    return &self->approval_s;
  case PROP_KEEP_ALIVE:
    return &self->keep_alive_ms;
  case PROP_IDLE:
    return &self->idle_ms;
  default:
    return NULL;
  }
}

static void
pf_quic_server_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  PfQuicServer *self = PF_QUIC_SERVER (object);
  gchar **text = text_of (self, id);
  guint *number = number_of (self, id);

  GST_OBJECT_LOCK (self);
  if (text) {
    g_free (*text);
    *text = g_value_dup_string (value);
  } else if (number) {
    *number = g_value_get_uint (value);
  } else if (id == PROP_OPEN) {
    self->open = g_value_get_boolean (value);
  } else if (id == PROP_PAIRING) {
    self->pairing = g_value_get_boolean (value);
  } else {
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
  GST_OBJECT_UNLOCK (self);
}

static void
pf_quic_server_get_property (
    GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  PfQuicServer *self = PF_QUIC_SERVER (object);
  gchar **text = text_of (self, id);
  guint *number = number_of (self, id);

  if (id == PROP_STATS) {
    g_value_take_boxed (value, make_stats (self));
    return;
  }
  if (id == PROP_FINGERPRINT) {
    g_value_take_string (value, make_fingerprint (self));
    return;
  }
  GST_OBJECT_LOCK (self);
  if (text)
    g_value_set_string (value, *text);
  else if (number)
    g_value_set_uint (value, *number);
  else if (id == PROP_OPEN)
    g_value_set_boolean (value, self->open);
  else if (id == PROP_PAIRING)
    g_value_set_boolean (value, self->pairing);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  GST_OBJECT_UNLOCK (self);
}

static void
pf_quic_server_finalize (GObject *object)
{
  PfQuicServer *self = PF_QUIC_SERVER (object);

  g_free (self->address);
  g_free (self->identity);
  g_free (self->allowed);
  g_free (self->key_log);
  g_free (self->qlog);
  G_OBJECT_CLASS (pf_quic_server_parent_class)->finalize (object);
}

static void
install_properties (GObjectClass *object_class)
{
  const GParamFlags rw = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS;
  const GParamFlags ready = rw | GST_PARAM_MUTABLE_READY;
  const GParamFlags playing = rw | GST_PARAM_MUTABLE_PLAYING;
  const GParamFlags ro = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  props[PROP_ADDRESS] = g_param_spec_string ("address", "Address",
      "Own address; unset: any, of both families", NULL, ready);
  props[PROP_PORT] = g_param_spec_uint ("port", "Port",
      "Own UDP port; 0: a free one, which is then shown here", 0, 65535,
      DEFAULT_PORT, ready);
  props[PROP_IDENTITY] =
      g_param_spec_string ("identity-dir", "Identity directory",
          "Directory of cert.pem and key.pem, made if they are absent; unset: "
          "punktfunk in the user's configuration",
          NULL, ready);
  props[PROP_OPEN] = g_param_spec_boolean ("open", "Open",
      "Let anybody in, where nobody is connected to authorize", DEFAULT_OPEN,
      playing);
  props[PROP_ALLOW] =
      g_param_spec_string ("allow-fingerprint", "Allow fingerprint",
          "Fingerprints of clients that are let in, with commas between, where "
          "nobody is connected to authorize",
          NULL, playing);
  props[PROP_PAIRING] = g_param_spec_boolean ("pairing", "Pairing",
      "Take part in PIN ceremonies: post PfPairRequest", DEFAULT_PAIRING,
      playing);
  props[PROP_MAX_SESSIONS] = g_param_spec_uint ("max-sessions",
      "Maximum of sessions", "Connections at once, those that wait among them",
      1, 1024, DEFAULT_MAX_SESSIONS, ready);
  props[PROP_APPROVAL] = g_param_spec_uint ("approval-timeout",
      "Approval timeout", "Seconds that a client waits for an answer", 1, 3600,
      DEFAULT_APPROVAL_S, ready);
  props[PROP_KEEP_ALIVE] =
      g_param_spec_uint ("keep-alive-interval", "Keep-alive interval",
          "Milliseconds of silence that are broken by a PING; 0: none are", 0,
          G_MAXUINT, DEFAULT_KEEP_ALIVE, ready);
  props[PROP_IDLE] = g_param_spec_uint ("idle-timeout", "Idle timeout",
      "Milliseconds of silence that end a connection; 0: none do", 0, G_MAXUINT,
      DEFAULT_IDLE, ready);
  props[PROP_KEY_LOG] = g_param_spec_string ("key-log-file", "Key log file",
      "For debugging: a file of 0600 that gets the secrets of connections; "
      "whoever has it can read all",
      NULL, ready);
  props[PROP_QLOG] = g_param_spec_string ("qlog-file", "qlog file",
      "For debugging: a file of 0600 that gets what connections did", NULL,
      ready);
  props[PROP_FINGERPRINT] = g_param_spec_string ("fingerprint", "Fingerprint",
      "SHA-256 of the own certificate, from READY on", NULL, ro);
  /**
   * PfQuicServer:stats:
   *
   * A structure application/x-pf-quicserver-stats, counted since NULL:
   * sessions (there are now): uint; offers, allowed, refused; handshakes
   * (begun), handshakes-refused, retries, resets (sent); packets, bytes
   * (received), media (datagrams that are not QUIC), junk, unknown (for no
   * connection), mailbox-dropped, lost (packets there was no room for):
   * uint64.
   */
  props[PROP_STATS] = g_param_spec_boxed ("stats", "Statistics",
      "Counters since NULL; see the documentation", GST_TYPE_STRUCTURE, ro);
  g_object_class_install_properties (object_class, N_PROPS, props);
}

static void
install_signals (GObjectClass *object_class)
{
  const GType type = G_TYPE_FROM_CLASS (object_class);

  /**
   * PfQuicServer::authorize:
   * @peer: a structure: id (uint64), peer, fingerprint (not of a client without
   *   a certificate), name, launch: string
   *
   * Emitted in the thread of the client's connection, which may wait.
   *
   * Returns: 1: yes, 0: no, 2: later, by answer
   */
  signals[SIGNAL_AUTHORIZE] =
      g_signal_new ("authorize", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
          G_TYPE_INT, 1, GST_TYPE_STRUCTURE);
  /**
   * PfQuicServer::answer:
   * @id: of a session that waits
   * @yes: whether it is let in
   *
   * Returns: whether there is such a session; PfSessionOffer is posted of it
   */
  signals[SIGNAL_ANSWER] = g_signal_new_class_handler ("answer", type,
      G_SIGNAL_RUN_LAST | G_SIGNAL_ACTION, G_CALLBACK (pf_quic_server_answer),
      NULL, NULL, NULL, G_TYPE_BOOLEAN, 2, G_TYPE_UINT64, G_TYPE_BOOLEAN);
  /**
   * PfQuicServer::accept:
   * @id: of a session that was offered
   * @grants: codec (string), width, height, fps, bitrate-kbps,
   *   max-bitrate-kbps, depth, chroma,
   *   channels (uint), hdr (boolean): what misses is found in the video;
   *   access (uint, what the device may do), expires-s (uint, 0: never):
   *   without access it may do all
   *
   * Returns: whether there is such a session
   */
  signals[SIGNAL_ACCEPT] = g_signal_new_class_handler ("accept", type,
      G_SIGNAL_RUN_LAST | G_SIGNAL_ACTION, G_CALLBACK (pf_quic_server_accept),
      NULL, NULL, NULL, G_TYPE_BOOLEAN, 2, G_TYPE_UINT64, GST_TYPE_STRUCTURE);
  /**
   * PfQuicServer::refuse:
   * @id: of a session, at any time
   * @code: that it is closed with
   * @reason: that the client is told, or NULL for the code's own
   *
   * Returns: whether there is such a session
   */
  signals[SIGNAL_REFUSE] = g_signal_new_class_handler ("refuse", type,
      G_SIGNAL_RUN_LAST | G_SIGNAL_ACTION, G_CALLBACK (pf_quic_server_refuse),
      NULL, NULL, NULL, G_TYPE_BOOLEAN, 3, G_TYPE_UINT64, G_TYPE_UINT,
      G_TYPE_STRING);
  /**
   * PfQuicServer::park:
   * @id: of a session that asks to be paired, or to come in
   *
   * It waits as long as approval-timeout says.
   *
   * Returns: whether there is such a session
   */
  signals[SIGNAL_PARK] = g_signal_new_class_handler ("park", type,
      G_SIGNAL_RUN_LAST | G_SIGNAL_ACTION, G_CALLBACK (pf_quic_server_park),
      NULL, NULL, NULL, G_TYPE_BOOLEAN, 1, G_TYPE_UINT64);
  /**
   * PfQuicServer::pair:
   * @id: of a session of which PfPairRequest was posted
   * @pin: which is used up by this
   *
   * Returns: whether the client has been asked to prove that it knows the PIN
   */
  signals[SIGNAL_PAIR] = g_signal_new_class_handler ("pair", type,
      G_SIGNAL_RUN_LAST | G_SIGNAL_ACTION, G_CALLBACK (pf_quic_server_pair),
      NULL, NULL, NULL, G_TYPE_BOOLEAN, 2, G_TYPE_UINT64, G_TYPE_STRING);
  /**
   * PfQuicServer::pair-result:
   * @id: of a session of which PfPairProved was posted
   * @paired: whether the device was stored
   *
   * Returns: whether the client has been told
   */
  signals[SIGNAL_PAIR_RESULT] = g_signal_new_class_handler ("pair-result", type,
      G_SIGNAL_RUN_LAST | G_SIGNAL_ACTION,
      G_CALLBACK (pf_quic_server_pair_result), NULL, NULL, NULL, G_TYPE_BOOLEAN,
      2, G_TYPE_UINT64, G_TYPE_BOOLEAN);
  /**
   * PfQuicServer::set-access:
   * @id: of a session
   * @access: what it may do from now on
   * @remaining: seconds, or 0
   *
   * Returns: whether there is such a session
   */
  signals[SIGNAL_SET_ACCESS] = g_signal_new_class_handler ("set-access", type,
      G_SIGNAL_RUN_LAST | G_SIGNAL_ACTION,
      G_CALLBACK (pf_quic_server_set_access), NULL, NULL, NULL, G_TYPE_BOOLEAN,
      3, G_TYPE_UINT64, G_TYPE_UINT, G_TYPE_UINT);
}

static void
pf_quic_server_class_init (PfQuicServerClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);

  GST_DEBUG_CATEGORY_INIT (
      pf_quic_server_debug, "pfquicserver", 0, "sessions by QUIC");
  object_class->set_property = pf_quic_server_set_property;
  object_class->get_property = pf_quic_server_get_property;
  object_class->finalize = pf_quic_server_finalize;
  element_class->change_state = GST_DEBUG_FUNCPTR (pf_quic_server_change_state);
  install_properties (object_class);
  install_signals (object_class);
  gst_element_class_set_static_metadata (element_class, "QUIC session server",
      "Network/Server", "Owns the QUIC port of a host and its sessions",
      "The gst-punktfunk developers");
}

static void
pf_quic_server_init (PfQuicServer *self)
{
  self->port = DEFAULT_PORT;
  self->open = DEFAULT_OPEN;
  self->max_sessions = DEFAULT_MAX_SESSIONS;
  self->approval_s = DEFAULT_APPROVAL_S;
  self->keep_alive_ms = DEFAULT_KEEP_ALIVE;
  self->idle_ms = DEFAULT_IDLE;
}
