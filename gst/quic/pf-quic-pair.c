/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/**
 * SECTION:element-pfquicpair
 * @title: pfquicpair
 *
 * Pairs this device with a host of punktfunk/1 by a PIN. It has no pads and
 * lives in no pipeline; its messages come from a bus of its own.
 *
 * In READY the action signal pair begins: the PIN is one that the host shows,
 * or one that this device shows and that somebody types at the host. The
 * element message PfPairResult tells the end, once for each: whether the two
 * are paired, and the fingerprint by which the host is known from then on. A
 * host that did not prove to know the PIN is told nothing by which it could
 * find it.
 *
 * What it tells comes from the thread of the connection.
 *
 * Since: 0.1
 */
#define _GNU_SOURCE /* explicit_bzero */
#include "pf-quic-pair.h"

#include <gnutls/crypto.h>
#include <string.h>

#include "pf-msg-frame.h"
#include "pf-pairing.h"
#include "pf-quic-host.h"
#include "pf-quic-port.h"
#include "pf-session-io.h"
#include "pf-socket.h"

GST_DEBUG_CATEGORY_STATIC (pf_quic_pair_debug);
#define GST_CAT_DEFAULT pf_quic_pair_debug

#define DEFAULT_PORT PF_MSG_PORT
#define DEFAULT_TIMEOUT 15
#define NO_STREAM (-1)
#define ANSWER_NS (185 * NGTCP2_SECONDS) /* somebody may have to type it */
/* Transport error of a host that is not the pinned one. */
#define REFUSED_HOST 0x131
#define RESULT_NS (30 * NGTCP2_SECONDS)

enum {
  PROP_0,
  PROP_ADDRESS,
  PROP_PORT,
  PROP_IDENTITY,
  PROP_PIN,
  PROP_NAME,
  PROP_TIMEOUT,
  PROP_FINGERPRINT,
  N_PROPS
};

enum { SIGNAL_PAIR, N_SIGNALS };

static GParamSpec *props[N_PROPS];
static guint signals[N_SIGNALS];

/* One ceremony; its functions run in the connection's thread. */
typedef struct {
  PfQuicPair *element; /* outlives it */
  PfQuicLink *owned;   /* of who made it */
  PfQuicLink *link;    /* the same, from ready on */
  PfPairing pairing;
  gchar *pin; /* wiped when it was used */
  gchar name[PF_MSG_NAME_MAX + 1];
  guint8 own[PF_QUIC_FINGERPRINT];
  gint64 control;
  PfMsgReader reader;
  PfMsgQueue output;
  guint8 in[1024], out[512];
} Attempt;

struct _PfQuicPair {
  GstElement parent;

  /* object lock; settings are read at NULL->READY, but for the name */
  gchar *address, *identity_dir, *name, *pin;
  guint port, timeout_s;
  gchar *fingerprint; /* of the host that was seen last */
  gboolean busy;

  /* from READY on */
  PfQuicIdentity *identity;
  PfQuicPort *socket;
  PfAddress to;
  Attempt *attempt; /* object lock for the pointer */
};

G_DEFINE_FINAL_TYPE (PfQuicPair, pf_quic_pair, GST_TYPE_ELEMENT)
GST_ELEMENT_REGISTER_DEFINE (
    pfquicpair, "pfquicpair", GST_RANK_NONE, PF_TYPE_QUIC_PAIR)

/* ---- In the connection's thread ------------------------------------------ */

static void
send_message (Attempt *a, const PfMsgControl *message)
{
  uint8_t *frame;
  size_t size;

  pf_msg_queue_put (&a->output, message);
  while (pf_msg_queue_take (&a->output, &frame, &size)) {
    GBytes *bytes = g_bytes_new (frame, size);

    pf_quic_link_send (a->link, a->control, bytes, FALSE);
    g_bytes_unref (bytes);
  }
}

static void
set_limit (Attempt *a, guint64 ns)
{
  pf_quic_link_set_timer (a->link, pf_quic_now () + ns);
}

static void
give_up (Attempt *a, const gchar *why)
{
  GST_INFO_OBJECT (a->element, "the pairing failed: %s", why);
  /* as released clients name it */
  pf_quic_link_close (a->link, PF_CLOSE_ERROR, "pair done");
}

static void
wipe_pin (Attempt *a)
{
  if (a->pin)
    explicit_bzero (a->pin, strlen (a->pin));
  g_clear_pointer (&a->pin, g_free);
}

static void
keep_fingerprint (Attempt *a, const guint8 *fingerprint)
{
  gchar *text = pf_quic_fingerprint_to_string (fingerprint);

  GST_OBJECT_LOCK (a->element);
  g_free (a->element->fingerprint);
  a->element->fingerprint = text;
  GST_OBJECT_UNLOCK (a->element);
}

static void
on_ready (PfQuicLink *link, gpointer user)
{
  guint8 random[PF_SPAKE2_RANDOM];
  PfQuicPeer peer = { 0 };
  PfMsgControl request;
  Attempt *a = user;
  int ret;

  a->link = link;
  a->control = pf_quic_link_open (link, TRUE);
  pf_quic_link_get_peer (link, &peer);
  if (a->control == NO_STREAM || peer.anonymous ||
      gnutls_rnd (GNUTLS_RND_KEY, random, sizeof random) < 0) {
    give_up (a, "no stream, or a host without a certificate");
    return;
  }
  keep_fingerprint (a, peer.fingerprint);
  pf_pairing_init (&a->pairing, a->own, peer.fingerprint);
  g_clear_pointer (&peer.certificate, g_bytes_unref);
  ret =
      pf_pairing_client_start (&a->pairing, a->pin, a->name, random, &request);
  explicit_bzero (random, sizeof random);
  wipe_pin (a);
  if (ret < 0) {
    give_up (a, pf_strerror (ret));
    return;
  }
  send_message (a, &request);
  set_limit (a, ANSWER_NS);
}

static void
on_challenge (Attempt *a, const PfMsgPairChallenge *challenge)
{
  PfMsgControl proof;
  const int ret = pf_pairing_client_challenge (&a->pairing, challenge, &proof);

  if (ret < 0) {
    give_up (a, ret == PF_ERR_AUTH ? "another PIN" : pf_strerror (ret));
    return;
  }
  send_message (a, &proof);
  set_limit (a, RESULT_NS);
}

static void
on_message (Attempt *a, const PfMsgSpan *bytes)
{
  PfMsgControl m;
  const int ret = pf_msg_control_decode (bytes->data, bytes->size, &m);

  if (ret == 0 && m.type == PF_MSG_PAIR_CHALLENGE) {
    on_challenge (a, &m.pair_challenge);
  } else if (ret == 0 && m.type == PF_MSG_PAIR_RESULT) {
    if (pf_pairing_client_result (&a->pairing, &m.pair_result) == 0)
      pf_quic_link_close (a->link, PF_CLOSE_DONE, "pair done");
    else
      give_up (a, "the host says no");
  } else if (ret != PF_ERR_UNSUPPORTED) {
    give_up (a, "a message that does not belong there");
  }
}

static void
on_stream (
    PfQuicLink *link, gint64 id, GBytes *bytes, gboolean fin, gpointer user)
{
  Attempt *a = user;
  const guint8 *data = NULL;
  gsize n = 0;

  (void) fin;
  if (bytes)
    data = g_bytes_get_data (bytes, &n);
  for (gsize at = 0; id == a->control && at < n;) {
    PfMsgSpan m;
    size_t used;
    const int ret =
        pf_msg_reader_take (&a->reader, data + at, n - at, &used, &m);

    at += used;
    if (ret == 1)
      on_message (a, &m);
    if (ret < 0)
      give_up (a, "a message is too long");
    if (ret < 0 || (ret == 0 && used == 0))
      break;
  }
  if (n > 0)
    pf_quic_link_consume (link, id, n);
}

static void
on_timer (PfQuicLink *link, gpointer user)
{
  (void) link;
  give_up (user, "no answer in time");
}

static const gchar *
reason_of (const Attempt *a, const PfQuicEnd *end)
{
  if (end->kind == PF_QUIC_ERROR && end->code == REFUSED_HOST)
    return "the host is not the one with this fingerprint";
  if (a->pairing.state == PF_PAIRING_PAIRED)
    return NULL;
  if (end->kind == PF_QUIC_CLOSED)
    return "the host has another PIN, or did not answer in time";
  if (end->kind == PF_QUIC_PEER_CLOSED)
    return *end->reason ? end->reason : pf_close_text (end->code);
  return NULL;
}

static void
on_closed (PfQuicLink *link, const PfQuicEnd *end, gpointer user)
{
  Attempt *a = user;
  PfQuicPair *self = a->element;
  const gboolean paired = a->pairing.state == PF_PAIRING_PAIRED;
  const gchar *reason = reason_of (a, end);
  gchar *text = reason ? g_strdup (reason) : pf_quic_end_to_string (end);
  gchar *fingerprint;

  (void) link;
  wipe_pin (a);
  pf_pairing_clear (&a->pairing);
  GST_OBJECT_LOCK (self);
  fingerprint = g_strdup (self->fingerprint);
  self->busy = FALSE;
  GST_OBJECT_UNLOCK (self);
  gst_element_post_message (GST_ELEMENT (self),
      gst_message_new_element (GST_OBJECT (self),
          gst_structure_new ("PfPairResult", "paired", G_TYPE_BOOLEAN, paired,
              "host-fingerprint", G_TYPE_STRING, fingerprint, "by-peer",
              G_TYPE_BOOLEAN, end->kind == PF_QUIC_PEER_CLOSED, "code",
              G_TYPE_UINT64, (guint64) end->code, "reason", G_TYPE_STRING,
              paired ? "paired" : text, NULL)));
  g_free (fingerprint);
  g_free (text);
}

static const PfQuicLinkFuncs link_funcs = {
  .ready = on_ready,
  .stream = on_stream,
  .timer = on_timer,
  .closed = on_closed,
};

/* ---- Attempts ------------------------------------------------------------ */

/* Its connection tells nothing any more. */
static void
attempt_free (Attempt *a)
{
  if (!a)
    return;
  if (a->owned)
    pf_quic_link_stop (a->owned, PF_CLOSE_ERROR, "pair done");
  pf_quic_link_unref (a->owned);
  wipe_pin (a);
  pf_pairing_clear (&a->pairing);
  explicit_bzero (a, sizeof *a);
  g_free (a);
}

/* FALSE: pin is no fingerprint. */
static gboolean
make_config (PfQuicPair *self, PfQuicConfig *config)
{
  static gchar *alpn[] = { (gchar *) PF_MSG_ALPN, NULL };
  gboolean ok = TRUE;

  pf_quic_config_init (config);
  config->tls.alpn = g_strdupv (alpn);
  config->tls.server_name = g_strdup ("punktfunk");
  config->tls.identity = pf_quic_identity_ref (self->identity);
  GST_OBJECT_LOCK (self);
  config->handshake_ms = self->timeout_s * 1000;
  if (self->pin && *self->pin) {
    config->tls.trust = PF_QUIC_TRUST_PIN;
    ok = pf_quic_fingerprint_parse (self->pin, config->tls.pin);
  }
  GST_OBJECT_UNLOCK (self);
  return ok;
}

static Attempt *
attempt_new (PfQuicPair *self, const gchar *pin)
{
  Attempt *a = g_new0 (Attempt, 1);
  const gchar *end;

  a->element = self;
  a->pin = g_strdup (pin);
  a->control = NO_STREAM;
  memcpy (a->own, pf_quic_identity_fingerprint (self->identity), sizeof a->own);
  GST_OBJECT_LOCK (self);
  g_strlcpy (a->name, self->name ? self->name : "", sizeof a->name);
  GST_OBJECT_UNLOCK (self);
  if (!g_utf8_validate (a->name, -1, &end))
    a->name[end - a->name] = '\0'; /* cut in a character */
  pf_msg_reader_init (&a->reader, a->in, sizeof a->in);
  pf_msg_queue_init (&a->output, a->out, sizeof a->out);
  return a;
}

static gboolean
pf_quic_pair_pair (PfQuicPair *self, const gchar *pin)
{
  PfQuicConfig config;
  gboolean ok;
  Attempt *a;

  GST_OBJECT_LOCK (self);
  if (!self->socket || self->busy || !pin || !*pin) {
    GST_OBJECT_UNLOCK (self);
    return FALSE;
  }
  self->busy = TRUE;
  g_clear_pointer (&self->fingerprint, g_free);
  GST_OBJECT_UNLOCK (self);
  g_clear_pointer (&self->attempt, attempt_free);
  a = self->attempt = attempt_new (self, pin);
  ok = make_config (self, &config);
  if (ok)
    a->owned = pf_quic_port_connect (
        self->socket, &config, &self->to, &link_funcs, a, NULL);
  pf_quic_config_clear (&config);
  ok = a->owned != NULL;
  if (!ok) {
    GST_OBJECT_LOCK (self);
    self->busy = FALSE;
    GST_OBJECT_UNLOCK (self);
  }
  return ok;
}

/* ---- States -------------------------------------------------------------- */

static gboolean
start (PfQuicPair *self)
{
  gchar *address, *directory;
  GError *error = NULL;
  gboolean ok;
  guint port;

  GST_OBJECT_LOCK (self);
  address = g_strdup (self->address);
  port = self->port;
  directory = self->identity_dir && *self->identity_dir
                  ? g_strdup (self->identity_dir)
                  : pf_quic_default_directory ();
  GST_OBJECT_UNLOCK (self);
  self->identity = pf_quic_identity_open (directory, PF_QUIC_KEY_ECDSA, &error);
  ok = self->identity &&
       pf_address_resolve (&self->to, address, port, AF_UNSPEC, &error);
  if (ok)
    self->socket = pf_quic_port_new (
        self->to.at.ss_family == AF_INET6 ? "::" : "0.0.0.0", 0, &error);
  ok = ok && self->socket;
  if (!ok)
    GST_ELEMENT_ERROR (self, RESOURCE, OPEN_READ_WRITE,
        ("Cannot pair: %s; look at address, port and identity-dir.",
            error->message),
        (NULL));
  g_clear_error (&error);
  g_free (address);
  g_free (directory);
  return ok;
}

static void
stop (PfQuicPair *self)
{
  g_clear_pointer (&self->attempt, attempt_free);
  if (self->socket) {
    pf_quic_port_stop (self->socket, PF_CLOSE_ERROR, "pair done");
    pf_quic_port_free (self->socket);
  }
  pf_quic_identity_unref (self->identity);
  GST_OBJECT_LOCK (self);
  self->socket = NULL;
  self->identity = NULL;
  self->busy = FALSE;
  GST_OBJECT_UNLOCK (self);
}

static GstStateChangeReturn
pf_quic_pair_change_state (GstElement *element, GstStateChange transition)
{
  PfQuicPair *self = PF_QUIC_PAIR (element);
  GstStateChangeReturn ret;

  if (transition == GST_STATE_CHANGE_NULL_TO_READY && !start (self)) {
    stop (self);
    return GST_STATE_CHANGE_FAILURE;
  }
  ret = GST_ELEMENT_CLASS (pf_quic_pair_parent_class)
            ->change_state (element, transition);
  if (transition == GST_STATE_CHANGE_READY_TO_NULL)
    stop (self);
  return ret;
}

/* ---- Properties ---------------------------------------------------------- */

static gchar **
text_of (PfQuicPair *self, guint id)
{
  switch (id) {
  case PROP_ADDRESS:
    return &self->address;
  case PROP_IDENTITY:
    return &self->identity_dir;
  case PROP_PIN:
    return &self->pin;
  case PROP_NAME:
    return &self->name;
  case PROP_FINGERPRINT:
    return &self->fingerprint;
  default:
    return NULL;
  }
}

static void
pf_quic_pair_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  PfQuicPair *self = PF_QUIC_PAIR (object);
  gchar **text = text_of (self, id);

  GST_OBJECT_LOCK (self);
  if (text) {
    g_free (*text);
    *text = g_value_dup_string (value);
  } else if (id == PROP_PORT) {
    self->port = g_value_get_uint (value);
  } else if (id == PROP_TIMEOUT) {
    self->timeout_s = g_value_get_uint (value);
  } else {
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
  GST_OBJECT_UNLOCK (self);
}

static void
pf_quic_pair_get_property (
    GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  PfQuicPair *self = PF_QUIC_PAIR (object);
  gchar **text = text_of (self, id);

  GST_OBJECT_LOCK (self);
  if (text)
    g_value_set_string (value, *text);
  else if (id == PROP_PORT)
    g_value_set_uint (value, self->port);
  else if (id == PROP_TIMEOUT)
    g_value_set_uint (value, self->timeout_s);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  GST_OBJECT_UNLOCK (self);
}

static void
pf_quic_pair_finalize (GObject *object)
{
  PfQuicPair *self = PF_QUIC_PAIR (object);

  g_free (self->address);
  g_free (self->identity_dir);
  g_free (self->name);
  g_free (self->pin);
  g_free (self->fingerprint);
  G_OBJECT_CLASS (pf_quic_pair_parent_class)->finalize (object);
}

static void
install_properties (GObjectClass *object_class)
{
  const GParamFlags ready =
      G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY;

  props[PROP_ADDRESS] = g_param_spec_string (
      "address", "Address", "The host's address or name", NULL, ready);
  props[PROP_PORT] = g_param_spec_uint (
      "port", "Port", "The host's UDP port", 1, 65535, DEFAULT_PORT, ready);
  props[PROP_IDENTITY] =
      g_param_spec_string ("identity-dir", "Identity directory",
          "Directory of cert.pem and key.pem, made if they are absent; unset: "
          "punktfunk in the user's configuration",
          NULL, ready);
  props[PROP_PIN] = g_param_spec_string ("pin", "Pinned fingerprint",
      "Only the host with this fingerprint, by which it was known before", NULL,
      ready);
  props[PROP_NAME] = g_param_spec_string ("client-name", "Client name",
      "Of this device, for people at the host", NULL, ready);
  props[PROP_TIMEOUT] = g_param_spec_uint ("timeout", "Timeout",
      "Seconds to reach the host", 1, 3600, DEFAULT_TIMEOUT, ready);
  props[PROP_FINGERPRINT] = g_param_spec_string ("host-fingerprint",
      "Host fingerprint", "SHA-256 of the certificate that was seen last", NULL,
      G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, props);
}

static void
pf_quic_pair_class_init (PfQuicPairClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);

  GST_DEBUG_CATEGORY_INIT (
      pf_quic_pair_debug, "pfquicpair", 0, "pairing by QUIC");
  object_class->set_property = pf_quic_pair_set_property;
  object_class->get_property = pf_quic_pair_get_property;
  object_class->finalize = pf_quic_pair_finalize;
  element_class->change_state = GST_DEBUG_FUNCPTR (pf_quic_pair_change_state);
  install_properties (object_class);
  /**
   * PfQuicPair::pair:
   * @pin: that both ends are to know
   *
   * Returns: whether it has begun; PfPairResult tells the end
   */
  signals[SIGNAL_PAIR] =
      g_signal_new_class_handler ("pair", G_TYPE_FROM_CLASS (object_class),
          G_SIGNAL_RUN_LAST | G_SIGNAL_ACTION, G_CALLBACK (pf_quic_pair_pair),
          NULL, NULL, NULL, G_TYPE_BOOLEAN, 1, G_TYPE_STRING);
  gst_element_class_set_static_metadata (element_class, "QUIC pairing",
      "Network/Client", "Pairs this device with a host by a PIN",
      "The gst-punktfunk developers");
}

static void
pf_quic_pair_init (PfQuicPair *self)
{
  self->port = DEFAULT_PORT;
  self->timeout_s = DEFAULT_TIMEOUT;
}
