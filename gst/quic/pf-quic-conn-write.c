/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The packets that a QUIC connection sends; see pf-quic-conn.h. */
#include "pf-quic-conn-private.h"

#include <string.h>

#define MAX_CLOSING (1000 * NGTCP2_MILLISECONDS)

/* ---- Writing ------------------------------------------------------------ */

/* Packets go into one buffer, of this size each at most. */
static gsize
room_for_packet (const PfQuicConn *c)
{
  return MAX (c->config.max_payload, PF_QUIC_MIN_PAYLOAD);
}

/* What a step of making a packet came to. */
typedef enum { GO_ON, PACKET, NOTHING, FAILED } Step;

static Step
write_datagram (PfQuicConn *c, ngtcp2_path *path, guint8 *to, gsize room,
    gsize *size, guint64 now)
{
  GBytes *bytes = g_queue_peek_head (&c->datagrams);
  ngtcp2_pkt_info info = { 0 };
  int accepted = 0;
  ngtcp2_vec v;
  ngtcp2_ssize n;

  v.base = (guint8 *) g_bytes_get_data (bytes, &v.len);
  n = ngtcp2_conn_writev_datagram (c->conn, path, &info, to, room, &accepted,
      NGTCP2_WRITE_DATAGRAM_FLAG_MORE, 0, &v, 1, now);
  if (accepted) {
    c->info.datagrams_sent++;
    pf_quic_conn_drop_datagram (c);
    if (c->funcs.room)
      c->funcs.room (c->user);
  }
  if (n == NGTCP2_ERR_WRITE_MORE)
    return GO_ON;
  if (n == NGTCP2_ERR_INVALID_STATE || n == NGTCP2_ERR_INVALID_ARGUMENT) {
    c->info.datagrams_dropped++;
    pf_quic_conn_drop_datagram (c);
    return GO_ON;
  }
  if (n < 0) {
    pf_quic_conn_fail (c, (int) n);
    return FAILED;
  }
  *size = (gsize) n;
  return n > 0 ? PACKET : NOTHING;
}

static PfQuicStream *
next_stream (PfQuicConn *c)
{
  for (guint left = c->active.length; left > 0; left--) {
    PfQuicStream *s = g_queue_peek_head (&c->active);

    if (pf_quic_stream_wants (s))
      return s;
    g_queue_pop_head (&c->active);
    if (s->blocked)
      g_queue_push_tail (&c->active, s);
  }
  return NULL;
}

static gsize
total (const ngtcp2_vec *v, guint n)
{
  gsize size = 0;

  for (guint i = 0; i < n; i++)
    size += v[i].len;
  return size;
}

/* A packet with what there is of a stream, or with NULL of anything else. */
static Step
write_stream (PfQuicConn *c, PfQuicStream *s, ngtcp2_path *path, guint8 *to,
    gsize room, gsize *size, guint64 now)
{
  ngtcp2_vec v[PF_QUIC_STREAM_PIECES];
  guint flags = s ? NGTCP2_WRITE_STREAM_FLAG_MORE : 0, n_v = 0;
  ngtcp2_pkt_info info = { 0 };
  ngtcp2_ssize taken = -1, n;
  gboolean all = FALSE;

  if (s) {
    n_v = pf_quic_stream_peek (s, v);
    all = s->fin && total (v, n_v) == s->unsent;
    if (all)
      flags |= NGTCP2_WRITE_STREAM_FLAG_FIN;
  }
  n = ngtcp2_conn_writev_stream (c->conn, path, &info, to, room, &taken, flags,
      s ? s->id : -1, v, n_v, now);
  if (s && taken >= 0) {
    pf_quic_stream_sent (s, (gsize) taken);
    s->fin_sent |= all && s->unsent == 0;
  }
  switch (n) {
  case NGTCP2_ERR_WRITE_MORE:
    return GO_ON;
  case NGTCP2_ERR_STREAM_DATA_BLOCKED:
    s->blocked = TRUE;
    return GO_ON;
  case NGTCP2_ERR_STREAM_SHUT_WR:
  case NGTCP2_ERR_STREAM_NOT_FOUND:
    pf_quic_conn_forget_stream (c, s->id);
    return GO_ON;
  default:
    break;
  }
  if (n < 0) {
    pf_quic_conn_fail (c, (int) n);
    return FAILED;
  }
  *size = (gsize) n;
  return n > 0 ? PACKET : NOTHING;
}

static Step
write_packet (PfQuicConn *c, ngtcp2_path *path, guint8 *to, gsize room,
    gsize *size, guint64 now)
{
  Step step = GO_ON;

  while (step == GO_ON) {
    if (c->state == PF_QUIC_STATE_READY && c->datagrams.length > 0)
      step = write_datagram (c, path, to, room, size, now);
    else
      step = write_stream (c, next_stream (c), path, to, room, size, now);
  }
  return step;
}

static gboolean
same_path (const PfQuicPath *a, const PfQuicPath *b)
{
  return a->local_size == b->local_size && a->remote_size == b->remote_size &&
         memcmp (&a->local, &b->local, a->local_size) == 0 &&
         memcmp (&a->remote, &b->remote, a->remote_size) == 0;
}

static void
add_packet (PfQuicBatch *batch, guint8 *at, gsize size)
{
  batch->packets[batch->n].iov_base = at;
  batch->packets[batch->n++].iov_len = size;
}

/* Keeps a packet of another path for the next batch. */
static void
hold (PfQuicConn *c, const guint8 *bytes, gsize size, const PfQuicPath *path)
{
  if (size > sizeof c->held.bytes)
    return; /* lost, as packets may be */
  memcpy (c->held.bytes, bytes, size);
  c->held.size = size;
  c->held.path = *path;
}

static void
release_held (PfQuicConn *c, PfQuicBatch *batch)
{
  memcpy (batch->bytes, c->held.bytes, c->held.size);
  batch->path = c->held.path;
  add_packet (batch, batch->bytes, c->held.size);
  c->held.size = 0;
}

static void
write_packets (PfQuicConn *c, PfQuicBatch *batch, guint64 now)
{
  const gsize room = room_for_packet (c);
  const gsize quantum = MAX (ngtcp2_conn_get_send_quantum (c->conn), room);
  gsize at = 0;

  for (GList *l = c->active.head; l; l = l->next)
    ((PfQuicStream *) l->data)->blocked = FALSE;
  while (batch->n < PF_QUIC_MAX_PACKETS && at < quantum &&
         at + room <= sizeof batch->bytes) {
    ngtcp2_path_storage ps;
    PfQuicPath path;
    gsize size = 0;

    ngtcp2_path_storage_zero (&ps);
    if (write_packet (c, &ps.path, batch->bytes + at, room, &size, now) !=
        PACKET)
      break;
    pf_quic_path_from_ngtcp2 (&path, &ps.path);
    if (batch->n == 0) {
      batch->path = path;
    } else if (!same_path (&path, &batch->path)) {
      hold (c, batch->bytes + at, size, &path);
      break;
    }
    add_packet (batch, batch->bytes + at, size);
    at += size;
    if (c->active.length > 1) /* all have their turn */
      g_queue_push_tail (&c->active, g_queue_pop_head (&c->active));
  }
  ngtcp2_conn_update_pkt_tx_time (c->conn, now);
}

/* Writes the close once; it is repeated from memory. */
static void
write_close (PfQuicConn *c, guint64 now)
{
  const guint64 wait = 3 * ngtcp2_conn_get_pto (c->conn);
  ngtcp2_path_storage ps;
  ngtcp2_pkt_info info = { 0 };
  ngtcp2_ssize n;

  ngtcp2_path_storage_zero (&ps);
  n = ngtcp2_conn_write_connection_close (c->conn, &ps.path, &info,
      c->close_packet, sizeof c->close_packet, &c->close, now);
  if (n <= 0) {
    c->state = PF_QUIC_STATE_OVER;
    return;
  }
  c->close_size = (gsize) n;
  pf_quic_path_from_ngtcp2 (&c->close_path, &ps.path);
  c->state = PF_QUIC_STATE_CLOSING;
  c->closing_until = now + MIN (wait, MAX_CLOSING);
  c->repeat_close = TRUE;
}

static void
release_close (PfQuicConn *c, PfQuicBatch *batch)
{
  memcpy (batch->bytes, c->close_packet, c->close_size);
  batch->path = c->close_path;
  add_packet (batch, batch->bytes, c->close_size);
  c->repeat_close = FALSE;
}

gboolean
pf_quic_conn_write (PfQuicConn *c, PfQuicBatch *batch, guint64 now)
{
  batch->n = 0;
  if (c->state == PF_QUIC_STATE_TO_CLOSE)
    write_close (c, now);
  if (c->state == PF_QUIC_STATE_CLOSING) {
    if (c->repeat_close)
      release_close (c, batch);
  } else if (c->state != PF_QUIC_STATE_OVER) {
    if (c->held.size)
      release_held (c, batch);
    else
      write_packets (c, batch, now);
  }
  for (guint i = 0; i < batch->n; i++)
    c->info.bytes_sent += batch->packets[i].iov_len;
  c->info.packets_sent += batch->n;
  return batch->n > 0;
}
