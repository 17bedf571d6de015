/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What ngtcp2 calls; see pf-quic-conn.h. */
#include "pf-quic-conn-private.h"

#include <gnutls/crypto.h>

#define CRYPTO_BUFFER_EXCEEDED 0x0d

/* ---- Callbacks: streams ------------------------------------------------- */

static int
on_stream_open (ngtcp2_conn *conn, int64_t id, void *user)
{
  PfQuicConn *c = user;
  PfQuicStream *s;

  (void) conn;
  if (ngtcp2_is_bidi_stream (id)) {
    s = pf_quic_stream_new (id);
    g_hash_table_insert (c->streams, &s->id, s);
  }
  return 0;
}

static int
on_stream_data (ngtcp2_conn *conn, uint32_t flags, int64_t id, uint64_t offset,
    const uint8_t *bytes, size_t n, void *user, void *stream_user)
{
  PfQuicConn *c = user;

  (void) conn;
  (void) offset;
  (void) stream_user;
  c->funcs.stream (
      c->user, id, bytes, n, !!(flags & NGTCP2_STREAM_DATA_FLAG_FIN));
  return 0;
}

static int
on_arrived (ngtcp2_conn *conn, int64_t id, uint64_t offset, uint64_t n,
    void *user, void *stream_user)
{
  PfQuicConn *c = user;
  PfQuicStream *s = pf_quic_conn_stream (c, id);

  (void) conn;
  (void) stream_user;
  if (s) {
    c->queued -= pf_quic_stream_arrived (s, offset + n);
    if (c->funcs.room)
      c->funcs.room (c->user);
  }
  return 0;
}

static int
on_stream_close (ngtcp2_conn *conn, uint32_t flags, int64_t id, uint64_t code,
    void *user, void *stream_user)
{
  PfQuicConn *c = user;

  (void) flags;
  (void) code;
  (void) stream_user;
  pf_quic_conn_forget_stream (c, id);
  if (!ngtcp2_conn_is_local_stream (conn, id)) {
    if (ngtcp2_is_bidi_stream (id))
      ngtcp2_conn_extend_max_streams_bidi (conn, 1);
    else
      ngtcp2_conn_extend_max_streams_uni (conn, 1);
  }
  if (c->funcs.room)
    c->funcs.room (c->user);
  return 0;
}

static int
on_stream_reset (ngtcp2_conn *conn, int64_t id, uint64_t size, uint64_t code,
    void *user, void *stream_user)
{
  PfQuicConn *c = user;

  (void) conn;
  (void) size;
  (void) stream_user;
  if (c->funcs.stream_reset)
    c->funcs.stream_reset (c->user, id, code);
  return 0;
}

static int
on_stream_stop (
    ngtcp2_conn *conn, int64_t id, uint64_t code, void *user, void *stream_user)
{
  PfQuicConn *c = user;

  (void) conn;
  (void) stream_user;
  pf_quic_conn_forget_stream (c, id);
  if (c->funcs.stream_stop)
    c->funcs.stream_stop (c->user, id, code);
  if (c->funcs.room)
    c->funcs.room (c->user);
  return 0;
}

/* ---- Callbacks: the rest ------------------------------------------------ */

static int
on_crypto (ngtcp2_conn *conn, ngtcp2_encryption_level level, uint64_t offset,
    const uint8_t *bytes, size_t n, void *user)
{
  PfQuicConn *c = user;

  if (level == NGTCP2_ENCRYPTION_LEVEL_INITIAL &&
      offset + n > PF_QUIC_MAX_INITIAL_CRYPTO) {
    c->transport_error = CRYPTO_BUFFER_EXCEEDED;
    return NGTCP2_ERR_CALLBACK_FAILURE;
  }
  return ngtcp2_crypto_recv_crypto_data_cb (
      conn, level, offset, bytes, n, user);
}

static void
become_ready (PfQuicConn *c)
{
  if (c->state != PF_QUIC_STATE_HANDSHAKE)
    return;
  c->state = PF_QUIC_STATE_READY;
  c->funcs.ready (c->user);
}

/* A client only knows by the confirmation that its certificate was judged. */
static int
on_completed (ngtcp2_conn *conn, void *user)
{
  PfQuicConn *c = user;

  (void) conn;
  if (c->server)
    become_ready (c);
  return 0;
}

static int
on_confirmed (ngtcp2_conn *conn, void *user)
{
  (void) conn;
  become_ready (user);
  return 0;
}

static int
on_datagram (ngtcp2_conn *conn, uint32_t flags, const uint8_t *bytes, size_t n,
    void *user)
{
  PfQuicConn *c = user;

  (void) conn;
  (void) flags;
  c->info.datagrams_received++;
  if (c->funcs.datagram)
    c->funcs.datagram (c->user, bytes, n);
  return 0;
}

static int
on_datagram_lost (ngtcp2_conn *conn, uint64_t id, void *user)
{
  PfQuicConn *c = user;

  (void) conn;
  (void) id;
  c->info.datagrams_lost++;
  return 0;
}

static int
on_stateless_reset (
    ngtcp2_conn *conn, const ngtcp2_pkt_stateless_reset *reset, void *user)
{
  PfQuicConn *c = user;

  (void) conn;
  (void) reset;
  c->was_reset = TRUE;
  return 0;
}

static int
on_path (ngtcp2_conn *conn, uint32_t flags, const ngtcp2_path *path,
    const ngtcp2_path *old, ngtcp2_path_validation_result result, void *user)
{
  PfQuicConn *c = user;

  (void) conn;
  (void) flags;
  (void) path;
  (void) old;
  if (result == NGTCP2_PATH_VALIDATION_RESULT_SUCCESS && c->funcs.moved)
    c->funcs.moved (c->user);
  return 0;
}

static int
on_new_cid (
    ngtcp2_conn *conn, ngtcp2_cid *cid, uint8_t *token, size_t n, void *user)
{
  PfQuicConn *c = user;

  (void) conn;
  if (gnutls_rnd (GNUTLS_RND_RANDOM, cid->data, n) < 0)
    return NGTCP2_ERR_CALLBACK_FAILURE;
  cid->datalen = n;
  if (ngtcp2_crypto_generate_stateless_reset_token (
          token, c->reset_secret, sizeof c->reset_secret, cid) != 0)
    return NGTCP2_ERR_CALLBACK_FAILURE;
  if (c->funcs.new_cid && !c->funcs.new_cid (c->user, cid->data, n))
    return NGTCP2_ERR_CALLBACK_FAILURE;
  return 0;
}

static int
on_old_cid (ngtcp2_conn *conn, const ngtcp2_cid *cid, void *user)
{
  PfQuicConn *c = user;

  (void) conn;
  if (c->funcs.old_cid)
    c->funcs.old_cid (c->user, cid->data, cid->datalen);
  return 0;
}

static void
on_rand (uint8_t *to, size_t n, const ngtcp2_rand_ctx *context)
{
  (void) context;
  if (gnutls_rnd (GNUTLS_RND_NONCE, to, n) < 0)
    g_error ("no random numbers");
}

void
pf_quic_conn_set_callbacks (ngtcp2_callbacks *f, gboolean server)
{
  memset (f, 0, sizeof *f);
  if (server) {
    f->recv_client_initial = ngtcp2_crypto_recv_client_initial_cb;
  } else {
    f->client_initial = ngtcp2_crypto_client_initial_cb;
    f->recv_retry = ngtcp2_crypto_recv_retry_cb;
  }
  f->recv_crypto_data = on_crypto;
  f->encrypt = ngtcp2_crypto_encrypt_cb;
  f->decrypt = ngtcp2_crypto_decrypt_cb;
  f->hp_mask = ngtcp2_crypto_hp_mask_cb;
  f->update_key = ngtcp2_crypto_update_key_cb;
  f->delete_crypto_aead_ctx = ngtcp2_crypto_delete_crypto_aead_ctx_cb;
  f->delete_crypto_cipher_ctx = ngtcp2_crypto_delete_crypto_cipher_ctx_cb;
  f->get_path_challenge_data = ngtcp2_crypto_get_path_challenge_data_cb;
  f->version_negotiation = ngtcp2_crypto_version_negotiation_cb;
  f->rand = on_rand;
  f->get_new_connection_id = on_new_cid;
  f->remove_connection_id = on_old_cid;
  f->path_validation = on_path;
  f->handshake_completed = on_completed;
  f->handshake_confirmed = on_confirmed;
  f->stream_open = on_stream_open;
  f->recv_stream_data = on_stream_data;
  f->acked_stream_data_offset = on_arrived;
  f->stream_close = on_stream_close;
  f->stream_reset = on_stream_reset;
  f->stream_stop_sending = on_stream_stop;
  f->recv_datagram = on_datagram;
  f->lost_datagram = on_datagram_lost;
  f->recv_stateless_reset = on_stateless_reset;
}
