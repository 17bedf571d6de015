/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A QUIC connection with its thread; see pf-quic-link.h. */
#include "pf-quic-link.h"

#include <string.h>
#include <time.h>

#include "pf-quic-private.h"

/* A mailbox takes what a burst may bring while the thread is busy; strangers
 * get less. */
#define MAX_MAIL (8 * 1024 * 1024)
#define MAX_EARLY_MAIL (128 * 1024)

#define MAX_BATCHES 4         /* written before mail is looked at again */
#define MAX_PIECE (64 * 1024) /* of a stream, told at once */
#define MAX_DATAGRAMS 1024    /* not told yet; then they are dropped */
#define RETRY_LINGER (200 * NGTCP2_MILLISECONDS)

typedef enum { STREAM, STREAM_RESET, DATAGRAM, MOVED } EventKind;

typedef struct {
  EventKind kind;
  gint64 id;
  GByteArray *bytes; /* or NULL */
  gboolean fin;
  guint64 code;
} Event;

struct _PfQuicLink {
  gint refs; /* atomic */

  /* set before the thread starts, then constant */
  PfQuicPort *port; /* lives until the thread ends */
  gboolean server;
  PfQuicConfig config;
  PfQuicPath first_path;
  PfQuicInitial initial;
  GThread *thread; /* atomic; not owned */

  /* the link's thread */
  PfSocket *socket;
  PfQuicBatch *batch;
  gboolean was_ready, was_closed, half_open;
  guint64 linger_until;
  PfQuicLinkFuncs funcs; /* ready may replace these two */
  gpointer user;

  GMutex mail_lock;
  GCond mail_cond;
  /* mail_lock */
  GQueue mail; /* PfQuicMail */
  gsize mail_bytes;
  gboolean kick, hurry, known;
  guint64 timer_at;

  GMutex lock;
  GCond room_cond; /* with lock */
  /* lock */
  PfQuicConn *conn;
  GQueue events; /* Event */
  guint n_datagrams;
  gboolean ready;
  gboolean interrupted;
  gboolean told; /* closed was called, or nothing ever will be */
  PfQuicEnd end; /* as soon as it is known */
};

guint64
pf_quic_now (void)
{
  struct timespec t;

  clock_gettime (CLOCK_MONOTONIC, &t);
  return (guint64) t.tv_sec * NGTCP2_SECONDS + (guint64) t.tv_nsec;
}

static void
kick (PfQuicLink *l)
{
  g_mutex_lock (&l->mail_lock);
  l->kick = TRUE;
  g_cond_signal (&l->mail_cond);
  g_mutex_unlock (&l->mail_lock);
}

/* ---- Events of the connection; all with lock ---------------------------- */

static void
event_free (Event *e)
{
  if (e->bytes)
    g_byte_array_unref (e->bytes);
  g_free (e);
}

static Event *
add_event (PfQuicLink *l, EventKind kind, gint64 id)
{
  Event *e = g_new0 (Event, 1);

  e->kind = kind;
  e->id = id;
  g_queue_push_tail (&l->events, e);
  return e;
}

static void
on_ready (gpointer user)
{
  PfQuicLink *l = user;

  l->ready = TRUE;
}

static void
on_stream (gpointer user, gint64 id, const guint8 *bytes, gsize n, gboolean fin)
{
  PfQuicLink *l = user;
  Event *e = g_queue_peek_tail (&l->events);

  if (!e || e->kind != STREAM || e->id != id || e->fin ||
      (e->bytes && e->bytes->len + n > MAX_PIECE))
    e = add_event (l, STREAM, id);
  if (n > 0 && !e->bytes)
    e->bytes = g_byte_array_sized_new (n > 512 ? MAX_PIECE : (guint) n);
  if (n > 0)
    g_byte_array_append (e->bytes, bytes, (guint) n);
  e->fin |= fin;
}

static void
on_stream_reset (gpointer user, gint64 id, guint64 code)
{
  add_event (user, STREAM_RESET, id)->code = code;
}

static void
on_datagram (gpointer user, const guint8 *bytes, gsize n)
{
  PfQuicLink *l = user;
  Event *e;

  if (l->n_datagrams == MAX_DATAGRAMS)
    return;
  l->n_datagrams++;
  e = add_event (l, DATAGRAM, -1);
  e->bytes = g_byte_array_sized_new ((guint) n);
  g_byte_array_append (e->bytes, bytes, (guint) n);
}

static void
on_room (gpointer user)
{
  PfQuicLink *l = user;

  g_cond_broadcast (&l->room_cond);
}

static void
on_moved (gpointer user)
{
  add_event (user, MOVED, -1);
}

static gboolean
on_new_cid (gpointer user, const guint8 *cid, gsize n)
{
  PfQuicLink *l = user;

  return pf_quic_port_add_cid (l->port, l, cid, n);
}

static void
on_old_cid (gpointer user, const guint8 *cid, gsize n)
{
  PfQuicLink *l = user;

  pf_quic_port_remove_cid (l->port, l, cid, n);
}

static const PfQuicConnFuncs conn_funcs = {
  .ready = on_ready,
  .stream = on_stream,
  .stream_reset = on_stream_reset,
  .stream_stop = on_stream_reset,
  .datagram = on_datagram,
  .room = on_room,
  .moved = on_moved,
  .new_cid = on_new_cid,
  .old_cid = on_old_cid,
};

/* ---- Making ------------------------------------------------------------- */

PfQuicLink *
pf_quic_link_new (PfQuicPort *port, PfSocket *socket,
    const PfQuicConfig *config, const PfQuicPath *path,
    const PfQuicInitial *initial, const PfQuicLinkFuncs *funcs, gpointer user)
{
  PfQuicLink *l = g_new0 (PfQuicLink, 1);

  l->refs = 1;
  l->port = port;
  l->socket = socket;
  l->batch = g_new (PfQuicBatch, 1);
  l->first_path = *path;
  l->server = initial != NULL;
  l->half_open = l->server;
  if (initial)
    l->initial = *initial;
  if (funcs)
    l->funcs = *funcs;
  l->user = user;
  pf_quic_config_copy (&l->config, config);
  g_mutex_init (&l->mail_lock);
  g_cond_init (&l->mail_cond);
  g_mutex_init (&l->lock);
  g_cond_init (&l->room_cond);
  return l;
}

PfQuicLink *
pf_quic_link_ref (PfQuicLink *l)
{
  g_atomic_int_inc (&l->refs);
  return l;
}

void
pf_quic_link_unref (PfQuicLink *l)
{
  if (!l || !g_atomic_int_dec_and_test (&l->refs))
    return;
  pf_quic_conn_free (l->conn);
  g_queue_clear_full (&l->mail, g_free);
  g_queue_clear_full (&l->events, (GDestroyNotify) event_free);
  pf_socket_free (l->socket);
  g_free (l->batch);
  pf_quic_config_clear (&l->config);
  g_mutex_clear (&l->mail_lock);
  g_cond_clear (&l->mail_cond);
  g_mutex_clear (&l->lock);
  g_cond_clear (&l->room_cond);
  g_free (l);
}

gboolean
pf_quic_link_post (PfQuicLink *l, PfQuicMail *mail)
{
  gboolean room;

  g_mutex_lock (&l->mail_lock);
  room = l->mail_bytes + mail->size <= (l->known ? MAX_MAIL : MAX_EARLY_MAIL);
  if (room) {
    l->mail_bytes += mail->size;
    g_queue_push_tail (&l->mail, mail);
    g_cond_signal (&l->mail_cond);
  }
  g_mutex_unlock (&l->mail_lock);
  if (!room)
    g_free (mail);
  return room;
}

gboolean
pf_quic_link_is_to (const PfQuicLink *l, const PfQuicPath *path)
{
  return l->first_path.remote_size == path->remote_size &&
         memcmp (&l->first_path.remote, &path->remote, path->remote_size) == 0;
}

/* ---- The thread: packets ------------------------------------------------ */

static void
set_end (PfQuicLink *l, const PfQuicEnd *end)
{
  if (l->end.kind != PF_QUIC_OPEN || end->kind == PF_QUIC_OPEN)
    return;
  l->end = *end;
  g_cond_broadcast (&l->room_cond);
}

static gboolean
make_conn (PfQuicLink *l)
{
  const guint64 now = pf_quic_now ();
  PfQuicConn *conn;
  GError *error = NULL;

  if (l->server)
    conn = pf_quic_conn_accept (
        &l->config, &l->first_path, &l->initial, &conn_funcs, l, now, &error);
  else
    conn = pf_quic_conn_connect (
        &l->config, &l->first_path, &conn_funcs, l, now, &error);
  g_mutex_lock (&l->lock);
  l->conn = conn;
  if (!conn) {
    PfQuicEnd end = { PF_QUIC_ERROR, 1, "" };

    g_strlcpy (end.reason, error->message, sizeof end.reason);
    set_end (l, &end);
    g_clear_error (&error);
  }
  g_cond_broadcast (&l->room_cond); /* who stops it may have been early */
  g_mutex_unlock (&l->lock);
  return conn != NULL;
}

static void
send_batch (PfQuicLink *l)
{
  PfAddress local, remote;

  pf_quic_path_to_addresses (&l->batch->path, &local, &remote);
  pf_socket_send_from (l->socket, &remote, l->server ? &local : NULL,
      l->batch->packets, l->batch->n, NULL);
}

/* With lock. */
static void
read_mail (PfQuicLink *l, const PfQuicMail *m)
{
  const guint64 now = pf_quic_now ();

  for (gsize at = 0; at < m->size; at += m->segment) {
    const gsize size = MIN (m->segment, m->size - at);

    pf_quic_conn_read (l->conn, &m->path, m->bytes + at, size, now);
    if (pf_quic_conn_end (l->conn)->kind == PF_QUIC_RETRY_NEEDED &&
        !l->linger_until) {
      /* what else comes of this first flight has nobody to go to */
      l->linger_until = now + RETRY_LINGER;
      pf_quic_port_send_retry (
          l->port, l->socket, m->bytes + at, size, &m->path);
    }
  }
}

static void
take_mail (PfQuicLink *l)
{
  GQueue mail;
  PfQuicMail *m;

  g_mutex_lock (&l->mail_lock);
  mail = l->mail;
  g_queue_init (&l->mail);
  l->mail_bytes = 0;
  l->kick = FALSE;
  g_mutex_unlock (&l->mail_lock);

  g_mutex_lock (&l->lock);
  while ((m = g_queue_pop_head (&mail))) {
    read_mail (l, m);
    g_free (m);
  }
  pf_quic_conn_expire (l->conn, pf_quic_now ());
  set_end (l, pf_quic_conn_end (l->conn));
  g_mutex_unlock (&l->lock);
}

/* Whether there may be more. */
static gboolean
write_packets (PfQuicLink *l)
{
  for (guint i = 0; i < MAX_BATCHES; i++) {
    gboolean some;

    g_mutex_lock (&l->lock);
    some = pf_quic_conn_write (l->conn, l->batch, pf_quic_now ());
    set_end (l, pf_quic_conn_end (l->conn));
    g_mutex_unlock (&l->lock);
    if (!some)
      return FALSE;
    send_batch (l);
  }
  return TRUE;
}

/* ---- The thread: telling ------------------------------------------------ */

static void
not_half_open (PfQuicLink *l)
{
  if (l->half_open)
    pf_quic_port_not_half_open (l->port);
  l->half_open = FALSE;
}

static void
tell_event (PfQuicLink *l, Event *e)
{
  GBytes *bytes = e->bytes ? g_byte_array_free_to_bytes (e->bytes) : NULL;

  e->bytes = NULL;
  switch (e->kind) {
  case STREAM:
    if (l->funcs.stream)
      l->funcs.stream (l, e->id, bytes, e->fin, l->user);
    break;
  case STREAM_RESET:
    if (l->funcs.stream_reset)
      l->funcs.stream_reset (l, e->id, e->code, l->user);
    break;
  case DATAGRAM:
    if (l->funcs.datagram)
      l->funcs.datagram (l, bytes, l->user);
    break;
  case MOVED:
    if (l->funcs.moved)
      l->funcs.moved (l, l->user);
    break;
  }
  g_clear_pointer (&bytes, g_bytes_unref);
}

static void
tell_events (PfQuicLink *l)
{
  GQueue events;
  gboolean ready;
  Event *e;

  g_mutex_lock (&l->lock);
  events = l->events;
  g_queue_init (&l->events);
  l->n_datagrams = 0;
  ready = l->ready;
  g_mutex_unlock (&l->lock);

  if (ready && !l->was_ready) {
    l->was_ready = TRUE;
    not_half_open (l);
    g_mutex_lock (&l->mail_lock);
    l->known = TRUE;
    g_mutex_unlock (&l->mail_lock);
    if (l->funcs.ready)
      l->funcs.ready (l, l->user);
  }
  while ((e = g_queue_pop_head (&events))) {
    if (!l->was_closed)
      tell_event (l, e);
    event_free (e);
  }
}

static void
tell_timer (PfQuicLink *l)
{
  const guint64 now = pf_quic_now ();
  gboolean due;

  g_mutex_lock (&l->mail_lock);
  due = l->timer_at && now >= l->timer_at;
  if (due)
    l->timer_at = 0;
  g_mutex_unlock (&l->mail_lock);
  if (due && l->was_ready && !l->was_closed && l->funcs.timer)
    l->funcs.timer (l, l->user);
}

/* Once it is over: tells so, and lets go who waits in stop. */
static void
tell_closed (PfQuicLink *l)
{
  PfQuicEnd end;
  gboolean told;

  g_mutex_lock (&l->lock);
  end = l->end;
  told = l->told || (l->conn && !pf_quic_conn_is_closed (l->conn));
  g_mutex_unlock (&l->lock);
  if (end.kind == PF_QUIC_OPEN || told)
    return;
  not_half_open (l);
  l->was_closed = TRUE;
  if (l->funcs.closed && (l->was_ready || !l->server))
    l->funcs.closed (l, &end, l->user);
  g_mutex_lock (&l->lock);
  l->told = TRUE;
  g_cond_broadcast (&l->room_cond);
  g_mutex_unlock (&l->lock);
}

/* ---- The thread --------------------------------------------------------- */

static guint64
next_deadline (PfQuicLink *l)
{
  guint64 at;

  g_mutex_lock (&l->lock);
  at = pf_quic_conn_expiry (l->conn);
  g_mutex_unlock (&l->lock);
  return l->linger_until ? l->linger_until : at;
}

static void
wait_for_work (PfQuicLink *l)
{
  const guint64 deadline = next_deadline (l);

  g_mutex_lock (&l->mail_lock);
  while (!l->kick && !l->hurry && l->mail.length == 0) {
    const guint64 at = MIN (deadline, l->timer_at ? l->timer_at : G_MAXUINT64);

    if (at == G_MAXUINT64)
      g_cond_wait (&l->mail_cond, &l->mail_lock);
    else if (!g_cond_wait_until (
                 &l->mail_cond, &l->mail_lock, (gint64) (at / 1000) + 1))
      break;
  }
  g_mutex_unlock (&l->mail_lock);
}

static gboolean
is_done (PfQuicLink *l)
{
  gboolean over, told, hurry;

  g_mutex_lock (&l->lock);
  over = pf_quic_conn_is_over (l->conn);
  told = l->told;
  g_mutex_unlock (&l->lock);
  g_mutex_lock (&l->mail_lock);
  hurry = l->hurry;
  g_mutex_unlock (&l->mail_lock);
  if (over && l->linger_until)
    over = pf_quic_now () >= l->linger_until;
  return told && (over || hurry);
}

static void
run (PfQuicLink *l)
{
  for (;;) {
    gboolean more;

    take_mail (l);
    more = write_packets (l);
    tell_events (l);
    tell_timer (l);
    tell_closed (l);
    if (is_done (l))
      break;
    if (!more)
      wait_for_work (l);
  }
}

static gpointer
link_thread (gpointer data)
{
  PfQuicLink *l = data;
  PfQuicPort *port = l->port;

  g_atomic_pointer_set (&l->thread, g_thread_self ());
  if (make_conn (l))
    run (l);
  else
    tell_closed (l);
  g_atomic_pointer_set (&l->thread, NULL);
  /* the address is free when the port is, whoever still knows the link */
  g_clear_pointer (&l->socket, pf_socket_free);
  pf_quic_port_remove (port, l);
  pf_quic_link_unref (l);
  pf_quic_port_thread_ended (port); /* the port may be gone after this */
  return NULL;
}

gboolean
pf_quic_link_start (PfQuicLink *l, GError **error)
{
  GThread *thread;

  pf_quic_port_thread_begins (l->port);
  thread =
      g_thread_try_new ("pf-quic", link_thread, pf_quic_link_ref (l), error);
  if (!thread) {
    pf_quic_port_thread_ended (l->port);
    pf_quic_link_unref (l);
    return FALSE;
  }
  g_thread_unref (thread);
  return TRUE;
}

/* ---- For any thread ----------------------------------------------------- */

void
pf_quic_link_set_funcs (
    PfQuicLink *l, const PfQuicLinkFuncs *funcs, gpointer user)
{
  l->funcs = *funcs;
  l->user = user;
}

void
pf_quic_link_set_timer (PfQuicLink *l, guint64 at)
{
  g_mutex_lock (&l->mail_lock);
  l->timer_at = at;
  g_cond_signal (&l->mail_cond);
  g_mutex_unlock (&l->mail_lock);
}

void
pf_quic_link_close (PfQuicLink *l, guint64 code, const gchar *reason)
{
  g_mutex_lock (&l->lock);
  if (l->conn) {
    pf_quic_conn_close (l->conn, code, reason);
    set_end (l, pf_quic_conn_end (l->conn));
  }
  g_mutex_unlock (&l->lock);
  kick (l);
}

void
pf_quic_link_hurry (PfQuicLink *l)
{
  g_mutex_lock (&l->mail_lock);
  l->hurry = TRUE;
  g_cond_signal (&l->mail_cond);
  g_mutex_unlock (&l->mail_lock);
}

void
pf_quic_link_stop (PfQuicLink *l, guint64 code, const gchar *reason)
{
  pf_quic_link_close (l, code, reason);
  if (g_atomic_pointer_get (&l->thread) == g_thread_self ())
    return;
  g_mutex_lock (&l->lock);
  while (!l->told) {
    if (l->conn && pf_quic_conn_end (l->conn)->kind == PF_QUIC_OPEN) {
      /* it was not there before */
      pf_quic_conn_close (l->conn, code, reason);
      kick (l);
    }
    g_cond_wait (&l->room_cond, &l->lock);
  }
  g_mutex_unlock (&l->lock);
}

gint64
pf_quic_link_open (PfQuicLink *l, gboolean both_ways)
{
  gint64 id;

  g_mutex_lock (&l->lock);
  id = l->conn ? pf_quic_conn_open (l->conn, both_ways) : -1;
  g_mutex_unlock (&l->lock);
  return id;
}

gboolean
pf_quic_link_send (PfQuicLink *l, gint64 id, GBytes *bytes, gboolean fin)
{
  gboolean ok;

  g_mutex_lock (&l->lock);
  ok = l->conn && pf_quic_conn_send (l->conn, id, bytes, fin);
  g_mutex_unlock (&l->lock);
  if (ok)
    kick (l);
  return ok;
}

static gboolean
wait_until (PfQuicLink *l, gsize (*waiting) (const PfQuicConn *), gsize most,
    guint64 until)
{
  gboolean ok;

  g_mutex_lock (&l->lock);
  for (;;) {
    ok = l->conn && l->end.kind == PF_QUIC_OPEN && waiting (l->conn) <= most;
    if (ok || l->end.kind != PF_QUIC_OPEN || l->interrupted)
      break;
    if (!until)
      g_cond_wait (&l->room_cond, &l->lock);
    else if (!g_cond_wait_until (
                 &l->room_cond, &l->lock, (gint64) (until / 1000) + 1))
      break;
  }
  g_mutex_unlock (&l->lock);
  return ok;
}

gboolean
pf_quic_link_wait_room (PfQuicLink *l, gsize most, guint64 until)
{
  return wait_until (l, pf_quic_conn_all_queued, most, until);
}

gboolean
pf_quic_link_wait_datagrams (PfQuicLink *l, gsize most, guint64 until)
{
  return wait_until (l, pf_quic_conn_datagrams_queued, most, until);
}

void
pf_quic_link_set_interrupted (PfQuicLink *l, gboolean interrupted)
{
  g_mutex_lock (&l->lock);
  l->interrupted = interrupted;
  g_cond_broadcast (&l->room_cond);
  g_mutex_unlock (&l->lock);
}

void
pf_quic_link_consume (PfQuicLink *l, gint64 id, gsize n)
{
  g_mutex_lock (&l->lock);
  if (l->conn)
    pf_quic_conn_consume (l->conn, id, n);
  g_mutex_unlock (&l->lock);
  kick (l);
}

void
pf_quic_link_reset (PfQuicLink *l, gint64 id, guint64 code)
{
  g_mutex_lock (&l->lock);
  if (l->conn)
    pf_quic_conn_reset (l->conn, id, code);
  g_mutex_unlock (&l->lock);
  kick (l);
}

gboolean
pf_quic_link_send_datagram (PfQuicLink *l, const guint8 *bytes, gsize n)
{
  gboolean ok;

  g_mutex_lock (&l->lock);
  ok = l->conn && pf_quic_conn_send_datagram (l->conn, bytes, n);
  g_mutex_unlock (&l->lock);
  if (ok)
    kick (l);
  return ok;
}

gsize
pf_quic_link_max_datagram (PfQuicLink *l)
{
  gsize n;

  g_mutex_lock (&l->lock);
  n = l->conn ? pf_quic_conn_max_datagram (l->conn) : 0;
  g_mutex_unlock (&l->lock);
  return n;
}

gboolean
pf_quic_link_get_peer (PfQuicLink *l, PfQuicPeer *peer)
{
  gboolean ready;

  g_mutex_lock (&l->lock);
  ready = l->ready;
  if (ready) {
    *peer = *pf_quic_conn_peer (l->conn);
    if (peer->certificate)
      g_bytes_ref (peer->certificate);
  }
  g_mutex_unlock (&l->lock);
  return ready;
}

void
pf_quic_link_get_path (PfQuicLink *l, PfQuicPath *path)
{
  g_mutex_lock (&l->lock);
  if (l->conn)
    pf_quic_conn_path (l->conn, path);
  else
    *path = l->first_path;
  g_mutex_unlock (&l->lock);
}

void
pf_quic_link_get_info (PfQuicLink *l, PfQuicInfo *info)
{
  memset (info, 0, sizeof *info);
  g_mutex_lock (&l->lock);
  if (l->conn)
    pf_quic_conn_info (l->conn, info);
  g_mutex_unlock (&l->lock);
}

void
pf_quic_link_get_alpn (PfQuicLink *l, gchar to[PF_QUIC_MAX_ALPN + 1])
{
  to[0] = '\0';
  g_mutex_lock (&l->lock);
  if (l->conn)
    pf_quic_tls_alpn (pf_quic_conn_tls (l->conn), to);
  g_mutex_unlock (&l->lock);
}

void
pf_quic_link_get_end (PfQuicLink *l, PfQuicEnd *end)
{
  g_mutex_lock (&l->lock);
  *end = l->end;
  g_mutex_unlock (&l->lock);
}
