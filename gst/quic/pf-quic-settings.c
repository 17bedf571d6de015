/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Properties of QUIC elements; see pf-quic-settings.h. */
#include "pf-quic-settings.h"

#include <string.h>

#include "pf-msg-types.h"
#include "pf-quic-fields.h"
#include "pf.h"

#define RAW_PORT 5000

#define DEFAULT_ADDRESS NULL
#define DEFAULT_PORT -1
#define DEFAULT_BIND_ADDRESS NULL
#define DEFAULT_BIND_PORT 0
#define DEFAULT_SERVER_NAME "localhost"
#define DEFAULT_ALPN "gst-quinn"
#define DEFAULT_ROLE PF_QUIC_ROLE_CLIENT
#define DEFAULT_TIMEOUT 15
#define DEFAULT_KEEP_ALIVE 4000
#define DEFAULT_IDLE 8000
#define DEFAULT_SECURE TRUE
#define DEFAULT_DATAGRAM FALSE
#define DEFAULT_DROP_DATAGRAM FALSE
#define DEFAULT_PAYLOAD 1452
#define DEFAULT_SEND_WINDOW (16u << 20)
#define DEFAULT_RECEIVE_WINDOW (32u << 20)
#define DEFAULT_DATAGRAM_BUFFER (1u << 20)
#define DEFAULT_CONGESTION PF_QUIC_CUBIC

enum {
  ADDRESS,
  PORT,
  BIND_ADDRESS,
  BIND_PORT,
  SERVER_NAME,
  ALPN,
  ROLE,
  TIMEOUT,
  KEEP_ALIVE,
  IDLE,
  SECURE,
  CERTIFICATE_FILE,
  KEY_FILE,
  AUTHORITIES,
  FINGERPRINT,
  DATAGRAM,
  DROP_DATAGRAM,
  PAYLOAD,
  SEND_WINDOW,
  RECEIVE_WINDOW,
  DATAGRAM_BUFFER,
  CONGESTION,
  KEY_LOG,
  QLOG,
  N_SETTINGS
};

/* All but ALPN. */
static const PfQuicField fields[] = {
#define FIELD(id, type, name)                                                  \
  {                                                                            \
    id, G_TYPE_##type, G_STRUCT_OFFSET (PfQuicSettings, name)                  \
  }
  FIELD (ADDRESS, STRING, address),
  FIELD (PORT, INT, port),
  FIELD (BIND_ADDRESS, STRING, bind_address),
  FIELD (BIND_PORT, UINT, bind_port),
  FIELD (SERVER_NAME, STRING, server_name),
  FIELD (ROLE, ENUM, role),
  FIELD (TIMEOUT, UINT, timeout_s),
  FIELD (KEEP_ALIVE, UINT64, keep_alive_ms),
  FIELD (IDLE, UINT, idle_ms),
  FIELD (SECURE, BOOLEAN, secure),
  FIELD (CERTIFICATE_FILE, STRING, certificate_file),
  FIELD (KEY_FILE, STRING, key_file),
  FIELD (AUTHORITIES, STRING, authorities),
  FIELD (FINGERPRINT, STRING, fingerprint),
  FIELD (DATAGRAM, BOOLEAN, datagram),
  FIELD (DROP_DATAGRAM, BOOLEAN, drop_datagram),
  FIELD (PAYLOAD, UINT, largest_payload),
  FIELD (SEND_WINDOW, UINT64, send_window),
  FIELD (RECEIVE_WINDOW, UINT64, receive_window),
  FIELD (DATAGRAM_BUFFER, UINT64, datagram_buffer),
  FIELD (CONGESTION, ENUM, congestion),
  FIELD (KEY_LOG, STRING, key_log),
  FIELD (QLOG, STRING, qlog),
#undef FIELD
};

static const PfQuicFields all = PF_QUIC_FIELDS (fields);

/* ---- Types -------------------------------------------------------------- */

GType
pf_quic_protocol_get_type (void)
{
  static gsize type;

  if (g_once_init_enter (&type)) {
    static const GEnumValue values[] = {
      { PF_QUIC_PUNKTFUNK1, "A session of punktfunk/1", "punktfunk1" },
      { PF_QUIC_RAW, "Any bytes, on a stream or in datagrams", "raw" },
      { 0, NULL, NULL },
    };

    g_once_init_leave (
        &type, g_enum_register_static ("PfQuicProtocol", values));
  }
  return type;
}

GType
pf_quic_role_get_type (void)
{
  static gsize type;

  if (g_once_init_enter (&type)) {
    static const GEnumValue values[] = {
      { PF_QUIC_ROLE_SERVER, "Waits for a connection", "server" },
      { PF_QUIC_ROLE_CLIENT, "Connects", "client" },
      { 0, NULL, NULL },
    };

    g_once_init_leave (&type, g_enum_register_static ("PfQuicRole", values));
  }
  return type;
}

GType
pf_quic_congestion_get_type (void)
{
  static gsize type;

  if (g_once_init_enter (&type)) {
    static const GEnumValue values[] = {
      { PF_QUIC_CUBIC, "CUBIC (RFC 9438)", "cubic" },
      { PF_QUIC_RENO, "NewReno (RFC 9002)", "reno" },
      { PF_QUIC_BBR, "BBR version 2", "bbr" },
      { 0, NULL, NULL },
    };

    g_once_init_leave (
        &type, g_enum_register_static ("PfQuicCongestion", values));
  }
  return type;
}

GType
pf_quic_fec_get_type (void)
{
  static gsize type;

  if (g_once_init_enter (&type)) {
    static const GEnumValue values[] = {
      { PF_FEC_GF8, "Reed-Solomon over GF(2^8)", "gf8" },
      { PF_FEC_GF16, "Reed-Solomon over GF(2^16)", "gf16" },
      { 0, NULL, NULL },
    };

    g_once_init_leave (&type, g_enum_register_static ("PfQuicFec", values));
  }
  return type;
}

/* ---- Properties --------------------------------------------------------- */

#define RW                                                                     \
  (G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY)

static GParamSpec *
text_spec (const gchar *name, const gchar *nick, const gchar *blurb,
    const gchar *value)
{
  return g_param_spec_string (name, nick, blurb, value, RW);
}

static GParamSpec *
flag_spec (
    const gchar *name, const gchar *nick, const gchar *blurb, gboolean value)
{
  return g_param_spec_boolean (name, nick, blurb, value, RW);
}

static void
install_ends (GObjectClass *c, guint first)
{
  g_object_class_install_property (c, first + ADDRESS,
      text_spec ("address", "Address",
          "Name or address of the server, or a server's own; unset: 127.0.0.1, "
          "and for the host of sessions any",
          DEFAULT_ADDRESS));
  g_object_class_install_property (c, first + PORT,
      g_param_spec_int ("port", "Port",
          "UDP port of the server, which for itself may say 0: a free one; -1: "
          "5000 for raw bytes, 9777 for sessions",
          -1, 65535, DEFAULT_PORT, RW));
  g_object_class_install_property (c, first + BIND_ADDRESS,
      text_spec ("bind-address", "Bind address",
          "Own address of a client; unset: any", DEFAULT_BIND_ADDRESS));
  g_object_class_install_property (c, first + BIND_PORT,
      g_param_spec_uint ("bind-port", "Bind port",
          "Own UDP port of a client; 0: any", 0, 65535, DEFAULT_BIND_PORT, RW));
  g_object_class_install_property (c, first + ROLE,
      g_param_spec_enum ("role", "Role", "Which end of the connection this is",
          PF_TYPE_QUIC_ROLE, DEFAULT_ROLE, RW));
  g_object_class_install_property (c, first + SERVER_NAME,
      text_spec ("server-name", "Server name",
          "Name that the server's certificate must be for, unless it is known "
          "by its fingerprint",
          DEFAULT_SERVER_NAME));
  g_object_class_install_property (c, first + ALPN,
      gst_param_spec_array ("alpn-protocols", "ALPN protocols",
          "Names of what is spoken, best first (raw mode)",
          g_param_spec_string (
              "alpn-protocol", "ALPN protocol", "One of them", NULL, RW),
          RW));
}

static void
install_trust (GObjectClass *c, guint first)
{
  g_object_class_install_property (c, first + SECURE,
      flag_spec ("secure-connection", "Secure connection",
          "Whether a client checks who the server is: by fingerprint, else by "
          "authorities; data are always encrypted (raw mode)",
          DEFAULT_SECURE));
  g_object_class_install_property (c, first + CERTIFICATE_FILE,
      text_spec ("certificate-file", "Certificate file",
          "PEM file of the own certificate chain", NULL));
  g_object_class_install_property (c, first + KEY_FILE,
      text_spec ("private-key-file", "Private key file",
          "PEM file of its key, which nobody else may read", NULL));
  g_object_class_install_property (c, first + AUTHORITIES,
      text_spec ("certificate-database-file", "Certificate database file",
          "PEM file of the authorities that a server's certificate may come "
          "from; unset: those of the system",
          NULL));
  g_object_class_install_property (c, first + FINGERPRINT,
      text_spec ("pin", "Pin",
          "SHA-256 of the certificate that the server must have, 64 "
          "hexadecimal digits",
          NULL));
  g_object_class_install_property (c, first + KEY_LOG,
      text_spec ("key-log-file", "Key log file",
          "For debugging: a file of 0600 that gets the secrets of the "
          "connection; whoever has it can read all",
          NULL));
  g_object_class_install_property (c, first + QLOG,
      text_spec ("qlog-file", "qlog file",
          "For debugging: a file of 0600 that gets what the connection did",
          NULL));
}

static void
install_time (GObjectClass *c, guint first)
{
  g_object_class_install_property (c, first + TIMEOUT,
      g_param_spec_uint ("timeout", "Timeout",
          "Seconds that connecting may take; 0: for ever", 0, 3600,
          DEFAULT_TIMEOUT, RW));
  g_object_class_install_property (c, first + KEEP_ALIVE,
      g_param_spec_uint64 ("keep-alive-interval", "Keep-alive interval",
          "Milliseconds of silence that are broken by a PING; 0: none are", 0,
          G_MAXUINT, DEFAULT_KEEP_ALIVE, RW));
  g_object_class_install_property (c, first + IDLE,
      g_param_spec_uint ("idle-timeout", "Idle timeout",
          "Milliseconds of silence that end the connection; 0: none do", 0,
          G_MAXUINT, DEFAULT_IDLE, RW));
}

static void
install_sending (GObjectClass *c, guint first)
{
  g_object_class_install_property (c, first + DATAGRAM,
      flag_spec ("use-datagram", "Use datagrams",
          "Send each buffer as a datagram, which may get lost, instead of "
          "bytes of a stream (raw mode)",
          DEFAULT_DATAGRAM));
  g_object_class_install_property (c, first + DROP_DATAGRAM,
      flag_spec ("drop-buffer-for-datagram", "Drop buffer for datagram",
          "Drop buffers that fit in no datagram, instead of failing",
          DEFAULT_DROP_DATAGRAM));
  g_object_class_install_property (c, first + PAYLOAD,
      g_param_spec_uint ("upper-bound-mtu", "Upper bound of the MTU",
          "Largest UDP payload to look for on the path", 1200, 1472,
          DEFAULT_PAYLOAD, RW));
  g_object_class_install_property (c, first + SEND_WINDOW,
      g_param_spec_uint64 ("send-window", "Send window",
          "Bytes of a stream that may be on their way; then pushing waits",
          65536, G_MAXUINT32, DEFAULT_SEND_WINDOW, RW));
  g_object_class_install_property (c, first + RECEIVE_WINDOW,
      g_param_spec_uint64 ("receive-window", "Receive window",
          "Bytes of a stream that the peer may send ahead of what was pushed",
          65536, G_MAXUINT32, DEFAULT_RECEIVE_WINDOW, RW));
  g_object_class_install_property (c, first + DATAGRAM_BUFFER,
      g_param_spec_uint64 ("datagram-send-buffer-size",
          "Datagram send buffer size",
          "Bytes of datagrams that may wait to be sent; then pushing waits",
          2048, G_MAXUINT32, DEFAULT_DATAGRAM_BUFFER, RW));
  g_object_class_install_property (c, first + CONGESTION,
      g_param_spec_enum ("congestion-control", "Congestion control",
          "How the rate follows what the path carries", PF_TYPE_QUIC_CONGESTION,
          DEFAULT_CONGESTION, RW));
}

guint
pf_quic_settings_install (GObjectClass *c, guint first)
{
  install_ends (c, first);
  install_trust (c, first);
  install_time (c, first);
  install_sending (c, first);
  gst_type_mark_as_plugin_api (PF_TYPE_QUIC_ROLE, 0);
  gst_type_mark_as_plugin_api (PF_TYPE_QUIC_CONGESTION, 0);
  return N_SETTINGS;
}

void
pf_quic_settings_init (PfQuicSettings *s)
{
  memset (s, 0, sizeof *s);
  s->address = g_strdup (DEFAULT_ADDRESS);
  s->port = DEFAULT_PORT;
  s->bind_address = g_strdup (DEFAULT_BIND_ADDRESS);
  s->bind_port = DEFAULT_BIND_PORT;
  s->server_name = g_strdup (DEFAULT_SERVER_NAME);
  s->alpn = g_new0 (gchar *, 2);
  s->alpn[0] = g_strdup (DEFAULT_ALPN);
  s->role = DEFAULT_ROLE;
  s->timeout_s = DEFAULT_TIMEOUT;
  s->keep_alive_ms = DEFAULT_KEEP_ALIVE;
  s->idle_ms = DEFAULT_IDLE;
  s->secure = DEFAULT_SECURE;
  s->datagram = DEFAULT_DATAGRAM;
  s->drop_datagram = DEFAULT_DROP_DATAGRAM;
  s->largest_payload = DEFAULT_PAYLOAD;
  s->send_window = DEFAULT_SEND_WINDOW;
  s->receive_window = DEFAULT_RECEIVE_WINDOW;
  s->datagram_buffer = DEFAULT_DATAGRAM_BUFFER;
  s->congestion = DEFAULT_CONGESTION;
}

void
pf_quic_settings_clear (PfQuicSettings *s)
{
  pf_quic_fields_clear (&all, s);
  g_strfreev (s->alpn);
  memset (s, 0, sizeof *s);
}

void
pf_quic_settings_copy (PfQuicSettings *to, const PfQuicSettings *from)
{
  *to = *from;
  pf_quic_fields_own (&all, to);
  to->alpn = g_strdupv (from->alpn);
}

/* ---- Values ------------------------------------------------------------- */

static void
set_names (PfQuicSettings *s, const GValue *value)
{
  const guint n = gst_value_array_get_size (value);

  g_strfreev (s->alpn);
  s->alpn = g_new0 (gchar *, n + 1);
  for (guint i = 0, at = 0; i < n; i++) {
    const gchar *name =
        g_value_get_string (gst_value_array_get_value (value, i));

    if (name && *name && strlen (name) <= PF_QUIC_MAX_ALPN)
      s->alpn[at++] = g_strdup (name);
  }
}

static void
get_names (const PfQuicSettings *s, GValue *value)
{
  for (guint i = 0; s->alpn[i]; i++) {
    GValue name = G_VALUE_INIT;

    g_value_init (&name, G_TYPE_STRING);
    g_value_set_string (&name, s->alpn[i]);
    gst_value_array_append_and_take_value (value, &name);
  }
}

gboolean
pf_quic_settings_set (
    PfQuicSettings *s, guint id, guint first, const GValue *value)
{
  if (id < first)
    return FALSE;
  if (id - first != ALPN)
    return pf_quic_fields_set (&all, s, id - first, value);
  set_names (s, value);
  return TRUE;
}

gboolean
pf_quic_settings_get (
    const PfQuicSettings *s, guint id, guint first, GValue *value)
{
  if (id < first)
    return FALSE;
  if (id - first != ALPN)
    return pf_quic_fields_get (&all, s, id - first, value);
  get_names (s, value);
  return TRUE;
}

/* ---- Configurations ----------------------------------------------------- */

static gboolean
set_identity (const PfQuicSettings *s, PfQuicConfig *c, GError **error)
{
  if (s->certificate_file || s->key_file) {
    if (!s->certificate_file || !s->key_file) {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
          "certificate-file and private-key-file go together");
      return FALSE;
    }
    c->tls.identity =
        pf_quic_identity_load (s->certificate_file, s->key_file, error);
    return c->tls.identity != NULL;
  }
  if (s->role == PF_QUIC_ROLE_CLIENT)
    return TRUE;
  c->tls.identity = pf_quic_identity_new (PF_QUIC_KEY_ECDSA, error);
  return c->tls.identity != NULL;
}

static gboolean
set_trust (const PfQuicSettings *s, PfQuicConfig *c, GError **error)
{
  c->tls.trust = PF_QUIC_TRUST_ANY;
  if (s->fingerprint && *s->fingerprint) {
    c->tls.trust = PF_QUIC_TRUST_PIN;
    if (!pf_quic_fingerprint_parse (s->fingerprint, c->tls.pin)) {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
          "pin must be a fingerprint, 64 hexadecimal digits");
      return FALSE;
    }
  } else if (s->role == PF_QUIC_ROLE_CLIENT && s->secure) {
    c->tls.trust = PF_QUIC_TRUST_CHAIN;
  }
  c->tls.authorities = g_strdup (s->authorities);
  return TRUE;
}

gboolean
pf_quic_settings_make_raw (
    const PfQuicSettings *s, PfQuicConfig *c, GError **error)
{
  pf_quic_config_init (c);
  if (!s->alpn[0]) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
        "alpn-protocols names no protocol");
    return FALSE;
  }
  if (!set_identity (s, c, error) || !set_trust (s, c, error)) {
    pf_quic_config_clear (c);
    return FALSE;
  }
  c->tls.alpn = g_strdupv (s->alpn);
  c->tls.server_name = g_strdup (s->server_name);
  c->tls.key_log = g_strdup (s->key_log);
  c->qlog = g_strdup (s->qlog);
  c->idle_ms = s->idle_ms;
  c->keep_alive_ms = (guint) MIN (s->keep_alive_ms, G_MAXUINT);
  c->handshake_ms = s->timeout_s * 1000;
  c->congestion = s->congestion;
  c->window = c->stream_window = s->receive_window;
  c->streams_bidi = c->streams_uni = 4;
  c->datagram_queue = s->datagram_buffer * 2; /* pushing waits before that */
  c->max_payload = s->largest_payload;
  return TRUE;
}

void
pf_quic_settings_resolve (
    PfQuicSettings *s, PfQuicProtocol protocol, gboolean host)
{
  if (s->port < 0)
    s->port = protocol == PF_QUIC_RAW ? RAW_PORT : PF_MSG_PORT;
  if (!s->address && !host)
    s->address = g_strdup ("127.0.0.1");
}

/* ---- Statistics --------------------------------------------------------- */

void
pf_quic_add_stats (GstStructure *stats, PfQuicLink *link)
{
  PfQuicInfo info = { 0 };
  PfQuicPeer peer;

  if (link)
    pf_quic_link_get_info (link, &info);
  gst_structure_set (stats, "rtt", G_TYPE_UINT64, info.rtt, "min-rtt",
      G_TYPE_UINT64, info.min_rtt, "window", G_TYPE_UINT64, info.window,
      "in-flight", G_TYPE_UINT64, info.in_flight, "quic-packets-sent",
      G_TYPE_UINT64, info.packets_sent, "quic-bytes-sent", G_TYPE_UINT64,
      info.bytes_sent, "quic-packets-received", G_TYPE_UINT64,
      info.packets_received, "quic-bytes-received", G_TYPE_UINT64,
      info.bytes_received, "datagrams-sent", G_TYPE_UINT64, info.datagrams_sent,
      "datagrams-received", G_TYPE_UINT64, info.datagrams_received,
      "datagrams-dropped", G_TYPE_UINT64, info.datagrams_dropped,
      "datagrams-lost", G_TYPE_UINT64, info.datagrams_lost, "payload",
      G_TYPE_UINT, info.max_payload, NULL);
  if (link && pf_quic_link_get_peer (link, &peer)) {
    if (!peer.anonymous) {
      gchar *text = pf_quic_fingerprint_to_string (peer.fingerprint);

      gst_structure_set (stats, "peer-fingerprint", G_TYPE_STRING, text, NULL);
      g_free (text);
    }
    g_clear_pointer (&peer.certificate, g_bytes_unref);
  }
}
