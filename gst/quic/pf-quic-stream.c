/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The sending half of a QUIC stream; see pf-quic-stream.h. */
#include "pf-quic-stream.h"

PfQuicStream *
pf_quic_stream_new (gint64 id)
{
  PfQuicStream *s = g_new0 (PfQuicStream, 1);

  s->id = id;
  g_queue_init (&s->pieces);
  return s;
}

void
pf_quic_stream_free (PfQuicStream *s)
{
  if (!s)
    return;
  g_queue_clear_full (&s->pieces, (GDestroyNotify) g_bytes_unref);
  g_free (s);
}

void
pf_quic_stream_add (PfQuicStream *s, GBytes *bytes, gboolean fin)
{
  const gsize n = bytes ? g_bytes_get_size (bytes) : 0;

  s->fin |= fin;
  if (n == 0)
    return;
  g_queue_push_tail (&s->pieces, g_bytes_ref (bytes));
  s->queued += n;
  s->unsent += n;
  if (!s->next) {
    s->next = g_queue_peek_tail_link (&s->pieces);
    s->next_at = 0;
  }
}

gboolean
pf_quic_stream_wants (const PfQuicStream *s)
{
  return !s->blocked && (s->unsent > 0 || (s->fin && !s->fin_sent));
}

guint
pf_quic_stream_peek (
    const PfQuicStream *s, ngtcp2_vec to[PF_QUIC_STREAM_PIECES])
{
  gsize at = s->next_at;
  guint n = 0;

  for (GList *l = s->next; l && n < PF_QUIC_STREAM_PIECES; l = l->next) {
    gsize size;
    const guint8 *bytes = g_bytes_get_data (l->data, &size);

    to[n].base = (guint8 *) bytes + at;
    to[n++].len = size - at;
    at = 0;
  }
  return n;
}

void
pf_quic_stream_sent (PfQuicStream *s, gsize n)
{
  g_assert (n <= s->unsent);
  s->unsent -= n;
  while (n > 0) {
    const gsize left = g_bytes_get_size (s->next->data) - s->next_at;

    if (n < left) {
      s->next_at += n;
      return;
    }
    n -= left;
    s->next = s->next->next;
    s->next_at = 0;
  }
}

gsize
pf_quic_stream_arrived (PfQuicStream *s, guint64 offset)
{
  gsize freed = 0;

  s->arrived = MAX (s->arrived, offset);
  for (;;) {
    GList *first = g_queue_peek_head_link (&s->pieces);
    gsize size;

    if (!first || first == s->next)
      break;
    size = g_bytes_get_size (first->data);
    if (s->base + size > s->arrived)
      break;
    s->base += size;
    freed += size;
    g_bytes_unref (g_queue_pop_head (&s->pieces));
  }
  s->queued -= freed;
  return freed;
}
