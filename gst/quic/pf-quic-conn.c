/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* One QUIC connection on ngtcp2; see pf-quic-conn.h. */
#define _GNU_SOURCE /* O_NOFOLLOW */
#include "pf-quic-conn-private.h"

#include <fcntl.h>
#include <gnutls/crypto.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MS NGTCP2_MILLISECONDS

/* Room for the frames and the packet around a datagram: first byte, an id of
 * 20, packet number 4, frame type and length 3, tag 16. */
#define DATAGRAM_OVERHEAD 44

/* ---- Settings ----------------------------------------------------------- */

void
pf_quic_config_init (PfQuicConfig *config)
{
  memset (config, 0, sizeof *config);
  config->idle_ms = 8000;
  config->keep_alive_ms = 4000;
  config->handshake_ms = 10000;
  config->window = 256 * 1024;
  config->stream_window = 64 * 1024;
  config->streams_bidi = 8;
  config->datagrams = TRUE;
  config->datagram_queue = 64 * 1024;
  config->max_payload = 1452;
}

void
pf_quic_config_copy (PfQuicConfig *to, const PfQuicConfig *from)
{
  *to = *from;
  to->qlog = g_strdup (from->qlog);
  pf_quic_tls_config_copy (&to->tls, &from->tls);
}

void
pf_quic_config_clear (PfQuicConfig *config)
{
  pf_quic_tls_config_clear (&config->tls);
  g_free (config->qlog);
  memset (config, 0, sizeof *config);
}

/* ---- Ends --------------------------------------------------------------- */

/* What the peer says may hold anything: only text goes further. */
static void
set_reason (PfQuicEnd *end, const gchar *text, gsize n)
{
  gchar *valid = g_utf8_make_valid (text ? text : "", text ? (gssize) n : 0);
  gsize at = 0;

  for (const gchar *p = valid; *p; p = g_utf8_next_char (p)) {
    const gunichar c = g_utf8_get_char (p);
    const gsize size = (gsize) (g_utf8_next_char (p) - p);

    if (at + size > PF_QUIC_MAX_REASON)
      break;
    if (!g_unichar_isprint (c))
      continue;
    memcpy (end->reason + at, p, size);
    at += size;
  }
  end->reason[at] = '\0';
  g_free (valid);
}

/* The first end counts. */
static void
set_end (
    PfQuicConn *c, PfQuicEndKind kind, guint64 code, const gchar *text, gsize n)
{
  if (c->end.kind != PF_QUIC_OPEN)
    return;
  c->end.kind = kind;
  c->end.code = code;
  set_reason (&c->end, text, n);
}

static void
end_silently (PfQuicConn *c, PfQuicEndKind kind)
{
  set_end (c, kind, 0, NULL, 0);
  c->state = PF_QUIC_STATE_OVER;
}

gchar *
pf_quic_end_to_string (const PfQuicEnd *end)
{
  static const gchar *const words[] = {
    "open",
    "closed",
    "closed by the peer",
    "the peer reports a transport error",
    "transport error",
    "nothing was heard for too long",
    "the handshake took too long",
    "the peer does not know the connection any more",
    "retry needed",
    "dropped",
  };
  const gchar *word = words[end->kind];

  switch (end->kind) {
  case PF_QUIC_CLOSED:
  case PF_QUIC_PEER_CLOSED:
  case PF_QUIC_PEER_ERROR:
  case PF_QUIC_ERROR:
    return g_strdup_printf ("%s: 0x%" G_GINT64_MODIFIER "x%s%s", word,
        end->code, *end->reason ? " " : "", end->reason);
  default:
    return g_strdup (word);
  }
}

static void
peer_closed (PfQuicConn *c)
{
  const ngtcp2_ccerr *e = ngtcp2_conn_get_ccerr (c->conn);

  if (c->was_reset)
    set_end (c, PF_QUIC_RESET, 0, NULL, 0);
  else
    set_end (c,
        e->type == NGTCP2_CCERR_TYPE_APPLICATION ? PF_QUIC_PEER_CLOSED
                                                 : PF_QUIC_PEER_ERROR,
        e->error_code, (const gchar *) e->reason, e->reasonlen);
  c->state = PF_QUIC_STATE_OVER;
}

/* Something went wrong on our side of the wire: say so, and be done. */
void
pf_quic_conn_fail (PfQuicConn *c, int code)
{
  if (c->state >= PF_QUIC_STATE_TO_CLOSE)
    return;
  if (c->transport_error)
    ngtcp2_ccerr_set_transport_error (&c->close, c->transport_error, NULL, 0);
  else if (code == NGTCP2_ERR_CRYPTO)
    ngtcp2_ccerr_set_tls_alert (&c->close,
        c->tls.alert ? c->tls.alert : ngtcp2_conn_get_tls_alert (c->conn), NULL,
        0);
  else
    ngtcp2_ccerr_set_liberr (&c->close, code, NULL, 0);
  set_end (c, PF_QUIC_ERROR, c->close.error_code, ngtcp2_strerror (code),
      strlen (ngtcp2_strerror (code)));
  c->state = PF_QUIC_STATE_TO_CLOSE;
}

static void
after_error (PfQuicConn *c, int code)
{
  switch (code) {
  case NGTCP2_ERR_DRAINING:
    peer_closed (c);
    break;
  case NGTCP2_ERR_CLOSING:
    break;
  case NGTCP2_ERR_RETRY:
    end_silently (c, PF_QUIC_RETRY_NEEDED);
    break;
  case NGTCP2_ERR_DROP_CONN:
    end_silently (c, PF_QUIC_DROPPED);
    break;
  case NGTCP2_ERR_IDLE_CLOSE:
    end_silently (c, PF_QUIC_IDLE);
    break;
  case NGTCP2_ERR_HANDSHAKE_TIMEOUT:
    end_silently (c, PF_QUIC_TIMEOUT);
    break;
  default:
    pf_quic_conn_fail (c, code);
    break;
  }
}

/* ---- Making ------------------------------------------------------------- */

static ngtcp2_conn *
find_conn (ngtcp2_crypto_conn_ref *ref)
{
  return ((PfQuicConn *) ref->user_data)->conn;
}

void
pf_quic_path_from_ngtcp2 (PfQuicPath *to, const ngtcp2_path *path)
{
  to->local_size = path->local.addrlen;
  to->remote_size = path->remote.addrlen;
  memcpy (&to->local, path->local.addr, path->local.addrlen);
  memcpy (&to->remote, path->remote.addr, path->remote.addrlen);
}

static ngtcp2_path
as_path (const PfQuicPath *path)
{
  ngtcp2_path p = { 0 };

  p.local.addr = (ngtcp2_sockaddr *) &path->local;
  p.local.addrlen = path->local_size;
  p.remote.addr = (ngtcp2_sockaddr *) &path->remote;
  p.remote.addrlen = path->remote_size;
  return p;
}

static ngtcp2_cc_algo
algorithm (PfQuicCongestion congestion)
{
  switch (congestion) {
  case PF_QUIC_RENO:
    return NGTCP2_CC_ALGO_RENO;
  case PF_QUIC_BBR:
    return NGTCP2_CC_ALGO_BBR;
  case PF_QUIC_CUBIC:
    break;
  }
  return NGTCP2_CC_ALGO_CUBIC;
}

/* The sizes looked for on the path, largest first; how many. */
static gsize
probe_sizes (guint16 to[4], guint largest)
{
  static const guint16 usual[] = { 1472, 1452, 1404 };
  gsize n = 0;

  if (largest <= PF_QUIC_MIN_PAYLOAD)
    return 0;
  to[n++] = (guint16) largest;
  for (guint i = 0; i < G_N_ELEMENTS (usual) && n < 4; i++)
    if (usual[i] < largest)
      to[n++] = usual[i];
  return n;
}

static void
on_qlog (void *user, uint32_t flags, const void *bytes, size_t n)
{
  PfQuicConn *c = user;

  (void) flags;
  if (c->qlog >= 0 && n > 0 && write (c->qlog, bytes, n) < 0) {
    close (c->qlog);
    c->qlog = -1;
  }
}

static void
set_settings (PfQuicConn *c, ngtcp2_settings *s, guint64 now)
{
  const PfQuicConfig *config = &c->config;

  ngtcp2_settings_default (s);
  s->initial_ts = now;
  s->cc_algo = algorithm (config->congestion);
  s->handshake_timeout =
      config->handshake_ms ? config->handshake_ms * MS : UINT64_MAX;
  s->max_tx_udp_payload_size = MAX (config->max_payload, PF_QUIC_MIN_PAYLOAD);
  if (c->qlog >= 0)
    s->qlog_write = on_qlog;
}

static void
set_params (PfQuicConn *c, ngtcp2_transport_params *p)
{
  const PfQuicConfig *config = &c->config;

  ngtcp2_transport_params_default (p);
  p->initial_max_data = config->window;
  p->initial_max_stream_data_bidi_local = config->stream_window;
  p->initial_max_stream_data_bidi_remote = config->stream_window;
  p->initial_max_stream_data_uni = config->stream_window;
  p->initial_max_streams_bidi = config->streams_bidi;
  p->initial_max_streams_uni = config->streams_uni;
  p->max_idle_timeout = config->idle_ms * MS;
  p->max_datagram_frame_size = config->datagrams ? 65535 : 0;
  p->active_connection_id_limit = 7;
  p->grease_quic_bit = 0; /* media is told from QUIC by the first byte */
}

/* Only for the owner's eyes. */
static gboolean
open_qlog (PfQuicConn *c, GError **error)
{
  const gchar *file = c->config.qlog;
  struct stat st;

  c->qlog = -1;
  if (!file)
    return TRUE;
  c->qlog =
      open (file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (c->qlog >= 0 && fstat (c->qlog, &st) == 0 && S_ISREG (st.st_mode) &&
      !(st.st_mode & (S_IRWXG | S_IRWXO)))
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED,
      "the log %s must be a file that nobody else has access to", file);
  return FALSE;
}

static PfQuicConn *
conn_new (gboolean server, const PfQuicConfig *config,
    const PfQuicConnFuncs *funcs, gpointer user, GError **error)
{
  PfQuicConn *c = g_new0 (PfQuicConn, 1);

  c->server = server;
  c->qlog = c->tls.key_log = -1;
  c->funcs = *funcs;
  c->user = user;
  c->streams = g_hash_table_new_full (
      g_int64_hash, g_int64_equal, NULL, (GDestroyNotify) pf_quic_stream_free);
  pf_quic_config_copy (&c->config, config);
  ngtcp2_ccerr_default (&c->close);
  if (!pf_quic_tls_init (&c->tls, server, &config->tls, error) ||
      !open_qlog (c, error)) {
    pf_quic_conn_free (c);
    return NULL;
  }
  c->tls.ref.get_conn = find_conn;
  c->tls.ref.user_data = c;
  return c;
}

/* The connection is there, or is not with this code. */
static PfQuicConn *
made (PfQuicConn *c, int code, GError **error)
{
  if (code != 0) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "QUIC: %s",
        ngtcp2_strerror (code));
    pf_quic_conn_free (c);
    return NULL;
  }
  ngtcp2_conn_set_tls_native_handle (c->conn, c->tls.session);
  if (c->config.keep_alive_ms)
    ngtcp2_conn_set_keep_alive_timeout (c->conn, c->config.keep_alive_ms * MS);
  return c;
}

static gboolean
random_cid (ngtcp2_cid *cid, gsize n)
{
  cid->datalen = n;
  return gnutls_rnd (GNUTLS_RND_RANDOM, cid->data, n) == 0;
}

PfQuicConn *
pf_quic_conn_connect (const PfQuicConfig *config, const PfQuicPath *path,
    const PfQuicConnFuncs *funcs, gpointer user, guint64 now, GError **error)
{
  PfQuicConn *c = conn_new (FALSE, config, funcs, user, error);
  const ngtcp2_path p = as_path (path);
  ngtcp2_transport_params params;
  ngtcp2_callbacks callbacks;
  ngtcp2_settings settings;
  ngtcp2_cid dcid, scid;
  guint16 probes[4];
  int ret = NGTCP2_ERR_INTERNAL;

  if (!c)
    return NULL;
  pf_quic_conn_set_callbacks (&callbacks, FALSE);
  set_settings (c, &settings, now);
  settings.pmtud_probeslen = probe_sizes (probes, config->max_payload);
  settings.pmtud_probes = probes;
  set_params (c, &params);
  if (random_cid (&dcid, 16) && random_cid (&scid, PF_QUIC_CID) &&
      gnutls_rnd (GNUTLS_RND_RANDOM, c->reset_secret, sizeof c->reset_secret) ==
          0)
    ret = ngtcp2_conn_client_new (&c->conn, &dcid, &scid, &p,
        NGTCP2_PROTO_VER_V1, &callbacks, &settings, &params, NULL, c);
  if (ret == 0 && funcs->new_cid &&
      !funcs->new_cid (user, scid.data, scid.datalen))
    ret = NGTCP2_ERR_CALLBACK_FAILURE;
  return made (c, ret, error);
}

static void
set_initial (PfQuicConn *c, const PfQuicInitial *i, ngtcp2_settings *s,
    ngtcp2_transport_params *p)
{
  p->original_dcid = i->original.datalen ? i->original : i->dcid;
  p->original_dcid_present = 1;
  if (i->original.datalen) {
    p->retry_scid = i->dcid;
    p->retry_scid_present = 1;
    s->token = i->token;
    s->tokenlen = i->token_size;
    s->token_type = NGTCP2_TOKEN_TYPE_RETRY;
  }
  memcpy (c->reset_secret, i->reset_secret, sizeof c->reset_secret);
  p->stateless_reset_token_present =
      ngtcp2_crypto_generate_stateless_reset_token (p->stateless_reset_token,
          c->reset_secret, sizeof c->reset_secret, &i->own) == 0;
}

PfQuicConn *
pf_quic_conn_accept (const PfQuicConfig *config, const PfQuicPath *path,
    const PfQuicInitial *initial, const PfQuicConnFuncs *funcs, gpointer user,
    guint64 now, GError **error)
{
  PfQuicConn *c = conn_new (TRUE, config, funcs, user, error);
  const ngtcp2_path p = as_path (path);
  ngtcp2_transport_params params;
  ngtcp2_callbacks callbacks;
  ngtcp2_settings settings;
  guint16 probes[4];
  int ret;

  if (!c)
    return NULL;
  pf_quic_conn_set_callbacks (&callbacks, TRUE);
  set_settings (c, &settings, now);
  settings.pmtud_probeslen = probe_sizes (probes, config->max_payload);
  settings.pmtud_probes = probes;
  set_params (c, &params);
  set_initial (c, initial, &settings, &params);
  ret = ngtcp2_conn_server_new (&c->conn, &initial->scid, &initial->own, &p,
      initial->version, &callbacks, &settings, &params, NULL, c);
  return made (c, ret, error);
}

void
pf_quic_conn_free (PfQuicConn *c)
{
  if (!c)
    return;
  if (c->conn)
    ngtcp2_conn_del (c->conn);
  pf_quic_tls_clear (&c->tls);
  if (c->qlog >= 0)
    close (c->qlog);
  g_queue_clear (&c->active);
  g_hash_table_unref (c->streams);
  g_queue_clear_full (&c->datagrams, (GDestroyNotify) g_bytes_unref);
  pf_quic_config_clear (&c->config);
  explicit_bzero (c->reset_secret, sizeof c->reset_secret);
  g_free (c);
}

/* ---- Reading ------------------------------------------------------------ */

/* After our close a packet is answered with it again, but ever less often. */
static void
read_while_closing (PfQuicConn *c)
{
  const guint n = ++c->closing_packets;

  c->repeat_close |= (n & (n - 1)) == 0;
}

/* All that a stranger may send before he is known. */
static gboolean
too_much_too_early (PfQuicConn *c, const guint8 *packet, gsize size)
{
  if (!c->server || c->state != PF_QUIC_STATE_HANDSHAKE || !(packet[0] & 0x80))
    return FALSE;
  c->early_bytes += size;
  return c->early_bytes > PF_QUIC_MAX_EARLY_BYTES;
}

void
pf_quic_conn_read (PfQuicConn *c, const PfQuicPath *path, const guint8 *packet,
    gsize size, guint64 now)
{
  const ngtcp2_path p = as_path (path);
  ngtcp2_pkt_info info = { 0 };
  int ret;

  c->info.packets_received++;
  c->info.bytes_received += size;
  if (c->state == PF_QUIC_STATE_CLOSING) {
    read_while_closing (c);
    return;
  }
  if (c->state >= PF_QUIC_STATE_TO_CLOSE || size == 0)
    return;
  if (too_much_too_early (c, packet, size)) {
    end_silently (c, PF_QUIC_DROPPED);
    return;
  }
  ret = ngtcp2_conn_read_pkt (c->conn, &p, &info, packet, size, now);
  if (ret != 0)
    after_error (c, ret);
}

/* ---- Time --------------------------------------------------------------- */

guint64
pf_quic_conn_expiry (PfQuicConn *c)
{
  switch (c->state) {
  case PF_QUIC_STATE_OVER:
    return G_MAXUINT64;
  case PF_QUIC_STATE_TO_CLOSE:
    return 0;
  case PF_QUIC_STATE_CLOSING:
    return c->closing_until;
  default:
    return ngtcp2_conn_get_expiry (c->conn);
  }
}

void
pf_quic_conn_expire (PfQuicConn *c, guint64 now)
{
  int ret;

  if (c->state == PF_QUIC_STATE_CLOSING && now >= c->closing_until)
    c->state = PF_QUIC_STATE_OVER;
  if (c->state >= PF_QUIC_STATE_TO_CLOSE ||
      ngtcp2_conn_get_expiry (c->conn) > now)
    return;
  ret = ngtcp2_conn_handle_expiry (c->conn, now);
  if (ret != 0)
    after_error (c, ret);
}

gboolean
pf_quic_conn_is_ready (const PfQuicConn *c)
{
  return c->state == PF_QUIC_STATE_READY;
}

const PfQuicEnd *
pf_quic_conn_end (const PfQuicConn *c)
{
  return &c->end;
}

gboolean
pf_quic_conn_is_closed (const PfQuicConn *c)
{
  return c->state == PF_QUIC_STATE_CLOSING || c->state == PF_QUIC_STATE_OVER;
}

gboolean
pf_quic_conn_is_over (const PfQuicConn *c)
{
  return c->state == PF_QUIC_STATE_OVER;
}

void
pf_quic_conn_close (PfQuicConn *c, guint64 code, const gchar *reason)
{
  const gsize n = reason ? strlen (reason) : 0;

  if (c->state >= PF_QUIC_STATE_TO_CLOSE)
    return;
  set_end (c, PF_QUIC_CLOSED, code, reason, n);
  ngtcp2_ccerr_set_application_error (
      &c->close, code, (const guint8 *) c->end.reason, strlen (c->end.reason));
  c->state = PF_QUIC_STATE_TO_CLOSE;
}

/* ---- Streams ------------------------------------------------------------ */

PfQuicStream *
pf_quic_conn_stream (const PfQuicConn *c, gint64 id)
{
  return g_hash_table_lookup (c->streams, &id);
}

static void
activate (PfQuicConn *c, PfQuicStream *s)
{
  if (!g_queue_find (&c->active, s))
    g_queue_push_tail (&c->active, s);
}

void
pf_quic_conn_forget_stream (PfQuicConn *c, gint64 id)
{
  PfQuicStream *s = pf_quic_conn_stream (c, id);

  if (!s)
    return;
  g_queue_remove (&c->active, s);
  c->queued -= s->queued;
  g_hash_table_remove (c->streams, &id);
}

gint64
pf_quic_conn_open (PfQuicConn *c, gboolean both_ways)
{
  PfQuicStream *s;
  int64_t id;

  if (c->state != PF_QUIC_STATE_READY ||
      (both_ways ? ngtcp2_conn_open_bidi_stream (c->conn, &id, NULL)
                 : ngtcp2_conn_open_uni_stream (c->conn, &id, NULL)) != 0)
    return -1;
  s = pf_quic_stream_new (id);
  g_hash_table_insert (c->streams, &s->id, s);
  return id;
}

gboolean
pf_quic_conn_send (PfQuicConn *c, gint64 id, GBytes *bytes, gboolean fin)
{
  PfQuicStream *s = pf_quic_conn_stream (c, id);
  const gsize n = bytes ? g_bytes_get_size (bytes) : 0;

  if (!s || s->fin || c->state != PF_QUIC_STATE_READY)
    return FALSE;
  pf_quic_stream_add (s, bytes, fin);
  c->queued += n;
  activate (c, s);
  return TRUE;
}

gsize
pf_quic_conn_queued (const PfQuicConn *c, gint64 id)
{
  const PfQuicStream *s = pf_quic_conn_stream (c, id);

  return s ? s->queued : 0;
}

gsize
pf_quic_conn_all_queued (const PfQuicConn *c)
{
  return c->queued;
}

void
pf_quic_conn_consume (PfQuicConn *c, gint64 id, gsize n)
{
  if (c->state >= PF_QUIC_STATE_TO_CLOSE)
    return;
  ngtcp2_conn_extend_max_stream_offset (c->conn, id, n);
  ngtcp2_conn_extend_max_offset (c->conn, n);
}

void
pf_quic_conn_reset (PfQuicConn *c, gint64 id, guint64 code)
{
  if (c->state >= PF_QUIC_STATE_TO_CLOSE)
    return;
  pf_quic_conn_forget_stream (c, id);
  ngtcp2_conn_shutdown_stream (c->conn, 0, id, code);
}

/* ---- Datagrams ---------------------------------------------------------- */

void
pf_quic_conn_drop_datagram (PfQuicConn *c)
{
  GBytes *bytes = g_queue_pop_head (&c->datagrams);

  c->datagrams_queued -= g_bytes_get_size (bytes);
  g_bytes_unref (bytes);
}

gsize
pf_quic_conn_max_datagram (PfQuicConn *c)
{
  const ngtcp2_transport_params *peer;
  gsize size;

  if (c->state != PF_QUIC_STATE_READY)
    return 0;
  peer = ngtcp2_conn_get_remote_transport_params (c->conn);
  if (!peer || peer->max_datagram_frame_size <= 3)
    return 0;
  size = ngtcp2_conn_get_path_max_tx_udp_payload_size (c->conn);
  size = size > DATAGRAM_OVERHEAD ? size - DATAGRAM_OVERHEAD : 0;
  return (gsize) MIN (size, peer->max_datagram_frame_size - 3);
}

gsize
pf_quic_conn_datagrams_queued (const PfQuicConn *c)
{
  return c->datagrams_queued;
}

gboolean
pf_quic_conn_send_datagram (PfQuicConn *c, const guint8 *bytes, gsize n)
{
  if (n == 0 || n > pf_quic_conn_max_datagram (c)) {
    c->info.datagrams_dropped++;
    return FALSE;
  }
  g_queue_push_tail (&c->datagrams, g_bytes_new (bytes, n));
  c->datagrams_queued += n;
  while (c->datagrams_queued > c->config.datagram_queue &&
         c->datagrams.length > 1) {
    c->info.datagrams_dropped++;
    pf_quic_conn_drop_datagram (c);
  }
  return TRUE;
}

/* ---- What is known ------------------------------------------------------ */

void
pf_quic_conn_info (PfQuicConn *c, PfQuicInfo *info)
{
  ngtcp2_conn_info i;

  ngtcp2_conn_get_conn_info (c->conn, &i);
  *info = c->info;
  info->rtt = i.smoothed_rtt;
  info->min_rtt = i.min_rtt == UINT64_MAX ? 0 : i.min_rtt;
  info->window = i.cwnd;
  info->in_flight = i.bytes_in_flight;
  info->max_payload =
      (guint) ngtcp2_conn_get_path_max_tx_udp_payload_size (c->conn);
}

void
pf_quic_conn_path (PfQuicConn *c, PfQuicPath *path)
{
  memset (path, 0, sizeof *path);
  pf_quic_path_from_ngtcp2 (path, ngtcp2_conn_get_path (c->conn));
}

const PfQuicPeer *
pf_quic_conn_peer (const PfQuicConn *c)
{
  return &c->tls.peer;
}

PfQuicTls *
pf_quic_conn_tls (PfQuicConn *c)
{
  return &c->tls;
}
