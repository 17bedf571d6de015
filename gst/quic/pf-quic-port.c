/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A UDP port with QUIC connections; see pf-quic-port.h. */
#include "pf-quic-port.h"

#include <gnutls/crypto.h>
#include <netinet/in.h>
#include <string.h>

#include "pf-quic-limit.h"
#include "pf-quic-private.h"

#define SOCKET_BUFFER (8 * 1024 * 1024)
#define ROOM 65536
#define TOKEN_VALID (10 * NGTCP2_SECONDS)
#define MIN_RESET                                                              \
  (5 + NGTCP2_STATELESS_RESET_TOKENLEN) /* the shortest that peers look at */

struct _PfQuicPort {
  PfSocket *socket; /* the port's thread receives, and sends what has no link */
  GThread *thread;
  gint stop; /* atomic */
  PfAddress local;

  GMutex lock;
  GCond cond; /* links went */
  /* lock */
  GHashTable *by_cid; /* GBytes to PfQuicLink, a reference */
  GHashTable *links;  /* set of PfQuicLink, a reference */
  guint half_open;
  guint threads; /* of links; they may outlive those in links a little */
  gboolean listening;
  PfQuicConfig config;
  PfQuicLimits limits;
  PfQuicLinkFuncs funcs;
  gpointer user;
  PfQuicMediaFunc media;
  gpointer media_user;
  PfQuicPortCounters n;

  /* set by listen, then constant */
  guint8 reset_secret[32];
  guint8 token_secret[32];

  /* the port's thread */
  PfQuicLimit *accepts;
  guint8 *room; /* of ROOM bytes, to receive into */
};

void
pf_quic_limits_init (PfQuicLimits *limits)
{
  limits->links = 64;
  limits->half_open = 64;
  limits->unproven = 16;
  limits->rate_unproven = 20;
  limits->rate = 60;
  limits->rate_address = 20;
}

/* ---- Addresses ---------------------------------------------------------- */

void
pf_quic_path_to_addresses (
    const PfQuicPath *path, PfAddress *local, PfAddress *remote)
{
  local->at = path->local;
  local->size = path->local_size;
  remote->at = path->remote;
  remote->size = path->remote_size;
}

static void
make_path (PfQuicPort *p, PfQuicPath *path, const PfReceived *r)
{
  const PfAddress *local = r->to.size ? &r->to : &p->local;

  memset (path, 0, sizeof *path);
  path->local = local->at;
  path->local_size = local->size;
  path->remote = r->from.at;
  path->remote_size = r->from.size;
}

/* ---- Links -------------------------------------------------------------- */

gboolean
pf_quic_port_add_cid (
    PfQuicPort *p, PfQuicLink *link, const guint8 *cid, gsize n)
{
  GBytes *key = g_bytes_new (cid, n);
  gboolean ok;

  g_mutex_lock (&p->lock);
  ok = !g_hash_table_contains (p->by_cid, key);
  if (ok)
    g_hash_table_insert (p->by_cid, g_bytes_ref (key), pf_quic_link_ref (link));
  g_mutex_unlock (&p->lock);
  g_bytes_unref (key);
  return ok;
}

void
pf_quic_port_remove_cid (
    PfQuicPort *p, PfQuicLink *link, const guint8 *cid, gsize n)
{
  GBytes *key = g_bytes_new (cid, n);

  g_mutex_lock (&p->lock);
  if (g_hash_table_lookup (p->by_cid, key) == link)
    g_hash_table_remove (p->by_cid, key);
  g_mutex_unlock (&p->lock);
  g_bytes_unref (key);
}

static gboolean
is_link (gpointer key, gpointer value, gpointer link)
{
  (void) key;
  return value == link;
}

void
pf_quic_port_not_half_open (PfQuicPort *p)
{
  g_mutex_lock (&p->lock);
  p->half_open--;
  g_mutex_unlock (&p->lock);
}

void
pf_quic_port_thread_begins (PfQuicPort *p)
{
  g_mutex_lock (&p->lock);
  p->threads++;
  g_mutex_unlock (&p->lock);
}

void
pf_quic_port_thread_ended (PfQuicPort *p)
{
  g_mutex_lock (&p->lock);
  p->threads--;
  g_cond_broadcast (&p->cond);
  g_mutex_unlock (&p->lock);
}

void
pf_quic_port_remove (PfQuicPort *p, PfQuicLink *link)
{
  g_mutex_lock (&p->lock);
  g_hash_table_foreach_remove (p->by_cid, is_link, link);
  g_hash_table_remove (p->links, link);
  g_cond_broadcast (&p->cond);
  g_mutex_unlock (&p->lock);
}

/* A reference, or NULL. Call with lock. */
static PfQuicLink *
find_link (PfQuicPort *p, const PfQuicHead *head)
{
  GBytes *key = g_bytes_new_static (head->dcid, head->dcid_size);
  PfQuicLink *link = g_hash_table_lookup (p->by_cid, key);

  g_bytes_unref (key);
  return link ? pf_quic_link_ref (link) : NULL;
}

static PfQuicMail *
make_mail (
    const PfQuicPath *path, const guint8 *bytes, gsize size, gsize segment)
{
  PfQuicMail *m = g_malloc (sizeof *m + size);

  m->path = *path;
  m->size = size;
  m->segment = segment;
  memcpy (m->bytes, bytes, size);
  return m;
}

static void
post (PfQuicPort *p, PfQuicLink *link, PfQuicMail *mail)
{
  if (pf_quic_link_post (link, mail))
    return;
  g_mutex_lock (&p->lock);
  p->n.mailbox_dropped++;
  g_mutex_unlock (&p->lock);
}

/* ---- Answers without a link --------------------------------------------- */

static void
count (PfQuicPort *p, guint64 *counter)
{
  g_mutex_lock (&p->lock);
  (*counter)++;
  g_mutex_unlock (&p->lock);
}

static void
answer (PfSocket *socket, const PfQuicPath *path, guint8 *bytes, ngtcp2_ssize n)
{
  const struct iovec packet = { bytes, n > 0 ? (gsize) n : 0 };
  PfAddress local, remote;

  if (n <= 0)
    return;
  pf_quic_path_to_addresses (path, &local, &remote);
  pf_socket_send_from (socket, &remote, &local, &packet, 1, NULL);
}

void
pf_quic_port_send_retry (PfQuicPort *p, PfSocket *socket, const guint8 *packet,
    gsize size, const PfQuicPath *path)
{
  guint8 token[NGTCP2_CRYPTO_MAX_RETRY_TOKENLEN2], to[512];
  ngtcp2_pkt_hd head;
  ngtcp2_cid cid = { .datalen = PF_QUIC_CID };
  ngtcp2_ssize n;

  if (ngtcp2_accept (&head, packet, size) != 0 ||
      gnutls_rnd (GNUTLS_RND_NONCE, cid.data, cid.datalen) < 0)
    return;
  n = ngtcp2_crypto_generate_retry_token2 (token, p->token_secret,
      sizeof p->token_secret, head.version,
      (const ngtcp2_sockaddr *) &path->remote, path->remote_size, &cid,
      &head.dcid, pf_quic_now ());
  if (n > 0)
    n = ngtcp2_crypto_write_retry (to, sizeof to, head.version, &head.scid,
        &cid, &head.dcid, token, (gsize) n);
  count (p, &p->n.retries);
  answer (socket, path, to, n);
}

/* We know nothing of the connection: so the peer need not wait to find out. */
static void
send_reset (
    PfQuicPort *p, const PfQuicHead *head, gsize size, const PfQuicPath *path)
{
  guint8 token[NGTCP2_STATELESS_RESET_TOKENLEN], noise[32], to[64];
  ngtcp2_cid cid;
  ngtcp2_ssize n;

  /* always shorter than the packet, so that two who know nothing stop */
  if (size <= MIN_RESET ||
      !pf_quic_limit_take (p->accepts, PF_QUIC_LIMIT_RESET))
    return;
  ngtcp2_cid_init (&cid, head->dcid, head->dcid_size);
  if (ngtcp2_crypto_generate_stateless_reset_token (
          token, p->reset_secret, sizeof p->reset_secret, &cid) != 0 ||
      gnutls_rnd (GNUTLS_RND_NONCE, noise, sizeof noise) < 0)
    return;
  n = ngtcp2_pkt_write_stateless_reset (to, MIN (sizeof to, size - 1), token,
      noise, MIN (sizeof noise, size - 1 - NGTCP2_STATELESS_RESET_TOKENLEN));
  count (p, &p->n.resets);
  answer (p->socket, path, to, n);
}

static void
send_versions (
    PfQuicPort *p, const PfQuicHead *head, gsize size, const PfQuicPath *path)
{
  static const guint32 versions[] = { NGTCP2_PROTO_VER_V1 };
  guint8 to[1024], noise = 0;

  if (size < PF_QUIC_MIN_INITIAL ||
      !pf_quic_limit_take (p->accepts, PF_QUIC_LIMIT_RESET) ||
      gnutls_rnd (GNUTLS_RND_NONCE, &noise, 1) < 0)
    return;
  answer (p->socket, path, to,
      ngtcp2_pkt_write_version_negotiation (to, sizeof to, noise, head->scid,
          head->scid_size, head->dcid, head->dcid_size, versions,
          G_N_ELEMENTS (versions)));
}

static void
send_refusal (PfQuicPort *p, const ngtcp2_pkt_hd *head, const PfQuicPath *path)
{
  guint8 to[1200];

  answer (p->socket, path, to,
      ngtcp2_crypto_write_connection_close (to, sizeof to, head->version,
          &head->scid, &head->dcid, NGTCP2_CONNECTION_REFUSED, NULL, 0));
}

/* ---- Strangers ---------------------------------------------------------- */

/* Whether the token of a first packet is of a Retry of ours, to this address.
 * One of another kind counts as none. */
static gboolean
check_token (PfQuicPort *p, const ngtcp2_pkt_hd *head, const PfQuicPath *path,
    PfQuicInitial *initial)
{
  if (head->tokenlen == 0 || head->tokenlen > sizeof initial->token ||
      ngtcp2_crypto_verify_retry_token2 (&initial->original, head->token,
          head->tokenlen, p->token_secret, sizeof p->token_secret,
          head->version, (const ngtcp2_sockaddr *) &path->remote,
          path->remote_size, &head->dcid, TOKEN_VALID, pf_quic_now ()) != 0) {
    initial->original.datalen = 0;
    return FALSE;
  }
  memcpy (initial->token, head->token, head->tokenlen);
  initial->token_size = head->tokenlen;
  return TRUE;
}

typedef enum { ACCEPT, RETRY, REFUSE, IGNORE } Verdict;

static Verdict
judge (PfQuicPort *p, const PfQuicPath *path, gboolean proven)
{
  guint half_open, n_links;
  gboolean listening;
  PfQuicLimits limits;

  g_mutex_lock (&p->lock);
  half_open = p->half_open;
  n_links = g_hash_table_size (p->links);
  listening = p->listening;
  limits = p->limits;
  g_mutex_unlock (&p->lock);

  if (!listening)
    return IGNORE;
  if (!proven && (half_open >= limits.unproven || n_links >= limits.links ||
                     !pf_quic_limit_take (p->accepts, PF_QUIC_LIMIT_UNPROVEN)))
    return RETRY;
  if (n_links >= limits.links)
    return REFUSE;
  if (half_open >= limits.half_open ||
      !pf_quic_limit_take_address (p->accepts, &path->remote) ||
      !pf_quic_limit_take (p->accepts, PF_QUIC_LIMIT_ALL))
    return IGNORE;
  return ACCEPT;
}

static void
accept_link (PfQuicPort *p, PfQuicInitial *initial, const PfQuicPath *path,
    PfQuicMail *mail)
{
  PfSocket *socket = pf_socket_dup (p->socket);
  PfQuicLink *link;

  initial->own.datalen = PF_QUIC_CID;
  if (!socket ||
      gnutls_rnd (GNUTLS_RND_RANDOM, initial->own.data, PF_QUIC_CID) < 0) {
    pf_socket_free (socket);
    g_free (mail);
    return;
  }
  memcpy (initial->reset_secret, p->reset_secret, sizeof p->reset_secret);
  link = pf_quic_link_new (
      p, socket, &p->config, path, initial, &p->funcs, p->user);
  pf_quic_link_post (link, mail);
  pf_quic_port_add_cid (p, link, initial->own.data, initial->own.datalen);
  pf_quic_port_add_cid (p, link, initial->dcid.data, initial->dcid.datalen);
  g_mutex_lock (&p->lock);
  p->half_open++;
  p->n.accepted++;
  g_hash_table_add (p->links, pf_quic_link_ref (link));
  g_mutex_unlock (&p->lock);
  if (!pf_quic_link_start (link, NULL)) {
    pf_quic_port_not_half_open (p);
    pf_quic_port_remove (p, link);
  }
  pf_quic_link_unref (link);
}

static void
meet_stranger (
    PfQuicPort *p, const guint8 *bytes, gsize size, const PfQuicPath *path)
{
  PfQuicInitial initial = { 0 };
  ngtcp2_pkt_hd head;

  if (size < PF_QUIC_MIN_INITIAL || ngtcp2_accept (&head, bytes, size) != 0) {
    count (p, &p->n.unknown);
    return;
  }
  initial.dcid = head.dcid;
  initial.scid = head.scid;
  initial.version = head.version;
  switch (judge (p, path, check_token (p, &head, path, &initial))) {
  case ACCEPT:
    accept_link (p, &initial, path, make_mail (path, bytes, size, size));
    break;
  case RETRY:
    if (pf_quic_limit_take (p->accepts, PF_QUIC_LIMIT_RETRY))
      pf_quic_port_send_retry (p, p->socket, bytes, size, path);
    break;
  case REFUSE:
    send_refusal (p, &head, path);
    count (p, &p->n.refused);
    break;
  case IGNORE:
    count (p, &p->n.refused);
    break;
  }
}

/* ---- Receiving ---------------------------------------------------------- */

static void
tell_media (PfQuicPort *p, const guint8 *bytes, gsize size, const PfReceived *r)
{
  PfQuicMediaFunc func;
  gpointer user;

  g_mutex_lock (&p->lock);
  p->n.media++;
  func = p->media;
  user = p->media_user;
  g_mutex_unlock (&p->lock);
  if (func)
    func (bytes, size, &r->from, user);
}

/* To a client: from a host that does not know it any more, whose reset has no
 * id that anybody could know. */
static void
take_reset (
    PfQuicPort *p, const guint8 *bytes, gsize size, const PfQuicPath *path)
{
  PfQuicLink *link = NULL;
  GHashTableIter iter;
  gpointer other;

  g_mutex_lock (&p->lock);
  g_hash_table_iter_init (&iter, p->links);
  while (!link && g_hash_table_iter_next (&iter, &other, NULL))
    if (pf_quic_link_is_to (other, path))
      link = pf_quic_link_ref (other);
  g_mutex_unlock (&p->lock);
  if (link)
    post (p, link, make_mail (path, bytes, size, size));
  pf_quic_link_unref (link);
}

/* A packet for no link. */
static void
take_odd (PfQuicPort *p, const PfQuicHead *head, const guint8 *bytes,
    gsize size, const PfReceived *r, const PfQuicPath *path)
{
  gboolean listening;

  g_mutex_lock (&p->lock);
  listening = p->listening;
  g_mutex_unlock (&p->lock);
  switch (head->kind) {
  case PF_QUIC_MEDIA:
    tell_media (p, bytes, size, r);
    break;
  case PF_QUIC_INITIAL:
    if (listening)
      meet_stranger (p, bytes, size, path);
    else
      count (p, &p->n.unknown);
    break;
  case PF_QUIC_SHORT:
    count (p, &p->n.unknown);
    if (listening)
      send_reset (p, head, size, path);
    else
      take_reset (p, bytes, size, path);
    break;
  case PF_QUIC_OTHER_VERSION:
    if (listening)
      send_versions (p, head, size, path);
    break;
  case PF_QUIC_LONG:
  case PF_QUIC_NEGOTIATION:
    count (p, &p->n.unknown);
    break;
  case PF_QUIC_JUNK:
    count (p, &p->n.junk);
    break;
  }
}

static PfQuicLink *
link_of (PfQuicPort *p, const PfQuicHead *head)
{
  PfQuicLink *link = NULL;

  if (head->dcid) {
    g_mutex_lock (&p->lock);
    link = find_link (p, head);
    g_mutex_unlock (&p->lock);
  }
  return link;
}

/* Packets next to one another for one link go together. */
static void
sort_message (PfQuicPort *p, const PfReceived *r)
{
  PfQuicLink *link = NULL;
  gsize begin = 0, at;
  PfQuicPath path;

  make_path (p, &path, r);
  for (at = 0; at < r->size; at += r->segment) {
    const gsize size = MIN (r->segment, r->size - at);
    PfQuicLink *other;
    PfQuicHead head;

    pf_quic_classify (&head, p->room + at, size);
    other = link_of (p, &head);
    if (link && link != other) {
      post (
          p, link, make_mail (&path, p->room + begin, at - begin, r->segment));
      g_clear_pointer (&link, pf_quic_link_unref);
    }
    if (!other) {
      take_odd (p, &head, p->room + at, size, r, &path);
    } else if (link) {
      pf_quic_link_unref (other);
    } else {
      link = other;
      begin = at;
    }
  }
  if (link) {
    post (p, link,
        make_mail (&path, p->room + begin, r->size - begin, r->segment));
    pf_quic_link_unref (link);
  }
}

static gpointer
port_thread (gpointer data)
{
  PfQuicPort *p = data;

  while (!g_atomic_int_get (&p->stop)) {
    PfReceived r;
    int ret = pf_socket_receive (p->socket, p->room, ROOM, &r);

    if (ret > 0 && r.size > 0) {
      g_mutex_lock (&p->lock);
      p->n.packets += (r.size + r.segment - 1) / r.segment;
      p->n.bytes += r.size;
      p->n.overflows = pf_socket_counters (p->socket)->overflows;
      g_mutex_unlock (&p->lock);
      sort_message (p, &r);
    } else if (ret == 0) {
      pf_socket_wait (p->socket, -1);
    }
  }
  return NULL;
}

/* ---- Ports -------------------------------------------------------------- */

static guint
hash_bytes (gconstpointer key)
{
  return g_bytes_hash (key);
}

static PfSocket *
open_socket (const gchar *address, guint port, GError **error)
{
  PfAddress at;
  PfSocket *socket;

  if (address && *address) {
    if (!pf_address_resolve (&at, address, port, AF_UNSPEC, error))
      return NULL;
    return pf_socket_new (&at, error);
  }
  if (pf_address_resolve (&at, "::", port, AF_INET6, NULL) &&
      (socket = pf_socket_new (&at, NULL)))
    return socket;
  if (!pf_address_resolve (&at, "0.0.0.0", port, AF_INET, error))
    return NULL;
  return pf_socket_new (&at, error);
}

PfQuicPort *
pf_quic_port_new (const gchar *address, guint port, GError **error)
{
  PfSocket *socket = open_socket (address, port, error);
  PfQuicPort *p;

  if (!socket)
    return NULL;
  p = g_new0 (PfQuicPort, 1);
  p->socket = socket;
  p->room = g_malloc (ROOM);
  p->accepts = pf_quic_limit_new ();
  g_mutex_init (&p->lock);
  g_cond_init (&p->cond);
  p->by_cid = g_hash_table_new_full (hash_bytes, g_bytes_equal,
      (GDestroyNotify) g_bytes_unref, (GDestroyNotify) pf_quic_link_unref);
  p->links = g_hash_table_new_full (
      NULL, NULL, (GDestroyNotify) pf_quic_link_unref, NULL);
  pf_socket_set_receive_buffer (socket, SOCKET_BUFFER);
  pf_socket_set_send_buffer (socket, SOCKET_BUFFER);
  pf_socket_set_dont_fragment (socket, TRUE);
  pf_socket_set_gro (socket, TRUE);
  pf_socket_local (socket, &p->local);
  if (gnutls_rnd (GNUTLS_RND_KEY, p->token_secret, sizeof p->token_secret) == 0)
    p->thread = g_thread_try_new ("pf-quic-port", port_thread, p, error);
  else
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "no random numbers");
  if (!p->thread)
    g_clear_pointer (&p, pf_quic_port_free);
  return p;
}

static void
stop_thread (PfQuicPort *p)
{
  g_atomic_int_set (&p->stop, 1);
  pf_socket_wake (p->socket);
  if (p->thread)
    g_thread_join (p->thread);
  p->thread = NULL;
}

/* Nothing is received any more; links may still say good-bye. */
void
pf_quic_port_stop (PfQuicPort *p, guint64 code, const gchar *reason)
{
  GPtrArray *links =
      g_ptr_array_new_with_free_func ((GDestroyNotify) pf_quic_link_unref);
  GHashTableIter iter;
  gpointer link;

  stop_thread (p);
  g_mutex_lock (&p->lock);
  g_hash_table_iter_init (&iter, p->links);
  while (g_hash_table_iter_next (&iter, &link, NULL))
    g_ptr_array_add (links, pf_quic_link_ref (link));
  g_mutex_unlock (&p->lock);
  for (guint i = 0; i < links->len; i++) {
    pf_quic_link_stop (links->pdata[i], code, reason);
    pf_quic_link_hurry (links->pdata[i]);
  }
  g_ptr_array_unref (links);
  g_mutex_lock (&p->lock);
  while (g_hash_table_size (p->links) > 0 || p->threads > 0)
    g_cond_wait (&p->cond, &p->lock);
  g_mutex_unlock (&p->lock);
}

void
pf_quic_port_free (PfQuicPort *p)
{
  if (!p)
    return;
  pf_quic_port_stop (p, 0, "");
  g_hash_table_unref (p->by_cid);
  g_hash_table_unref (p->links);
  pf_socket_free (p->socket);
  pf_quic_limit_free (p->accepts);
  pf_quic_config_clear (&p->config);
  explicit_bzero (p->reset_secret, sizeof p->reset_secret);
  explicit_bzero (p->token_secret, sizeof p->token_secret);
  g_mutex_clear (&p->lock);
  g_cond_clear (&p->cond);
  g_free (p->room);
  g_free (p);
}

void
pf_quic_port_local (PfQuicPort *p, PfAddress *address)
{
  *address = p->local;
}

void
pf_quic_port_listen (PfQuicPort *p, const PfQuicConfig *config,
    const PfQuicLimits *limits, const PfQuicLinkFuncs *funcs, gpointer user)
{
  g_mutex_lock (&p->lock);
  g_assert (!p->listening);
  pf_quic_config_copy (&p->config, config);
  p->limits = *limits;
  p->funcs = *funcs;
  p->user = user;
  /* from the key, so that it is the same after a restart */
  pf_quic_identity_derive (
      config->tls.identity, "punktfunk stateless reset", p->reset_secret);
  pf_quic_limit_set_rates (p->accepts, limits);
  pf_socket_set_tell_local (p->socket, TRUE);
  p->listening = TRUE;
  g_mutex_unlock (&p->lock);
}

PfQuicLink *
pf_quic_port_connect (PfQuicPort *p, const PfQuicConfig *config,
    const PfAddress *to, const PfQuicLinkFuncs *funcs, gpointer user,
    GError **error)
{
  PfSocket *socket = pf_socket_dup (p->socket);
  PfAddress remote = *to;
  PfQuicPath path;
  PfQuicLink *link;

  if (!socket) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "no more sockets");
    return NULL;
  }
  if (p->local.at.ss_family == AF_INET6)
    pf_address_map (&remote);
  memset (&path, 0, sizeof path);
  path.local = p->local.at;
  path.local_size = p->local.size;
  path.remote = remote.at;
  path.remote_size = remote.size;
  link = pf_quic_link_new (p, socket, config, &path, NULL, funcs, user);
  g_mutex_lock (&p->lock);
  g_hash_table_add (p->links, pf_quic_link_ref (link));
  g_mutex_unlock (&p->lock);
  if (!pf_quic_link_start (link, error)) {
    pf_quic_port_remove (p, link);
    g_clear_pointer (&link, pf_quic_link_unref);
  }
  return link;
}

void
pf_quic_port_set_media (PfQuicPort *p, PfQuicMediaFunc func, gpointer user)
{
  g_mutex_lock (&p->lock);
  p->media = func;
  p->media_user = user;
  g_mutex_unlock (&p->lock);
}

void
pf_quic_port_get_counters (PfQuicPort *p, PfQuicPortCounters *counters)
{
  g_mutex_lock (&p->lock);
  *counters = p->n;
  g_mutex_unlock (&p->lock);
}

guint
pf_quic_port_n_links (PfQuicPort *p)
{
  guint n;

  g_mutex_lock (&p->lock);
  n = g_hash_table_size (p->links);
  g_mutex_unlock (&p->lock);
  return n;
}
