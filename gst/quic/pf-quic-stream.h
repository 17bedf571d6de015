/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What a QUIC stream has yet to send, or sent and has not been told that it
 * arrived: pieces of bytes in order, none of them copied.
 */
#ifndef PF_QUIC_STREAM_H
#define PF_QUIC_STREAM_H

#include <glib.h>
#include <ngtcp2/ngtcp2.h>

G_BEGIN_DECLS

#define PF_QUIC_STREAM_PIECES 16 /* handed over at once */

/* Thread-safety: one thread at a time. */
typedef struct {
  gint64 id;
  GQueue pieces;   /* GBytes */
  guint64 base;    /* offset of the first piece */
  GList *next;     /* piece that is sent next, from next_at on */
  gsize next_at;   /* in that piece */
  gsize unsent;    /* bytes */
  gsize queued;    /* bytes of all pieces */
  guint64 arrived; /* offset up to which all arrived */
  gboolean fin, fin_sent;
  gboolean blocked; /* by flow control, in this round */
} PfQuicStream;

PfQuicStream *pf_quic_stream_new (gint64 id);
void pf_quic_stream_free (PfQuicStream *stream);

void pf_quic_stream_add (PfQuicStream *stream, GBytes *bytes, gboolean fin);

/* Is there something to send, be it only that there is no more? */
gboolean pf_quic_stream_wants (const PfQuicStream *stream);

/* The pieces to send next; how many. */
guint pf_quic_stream_peek (
    const PfQuicStream *stream, ngtcp2_vec to[PF_QUIC_STREAM_PIECES]);

/* So many of them were sent. */
void pf_quic_stream_sent (PfQuicStream *stream, gsize n);

/* All up to this offset arrived; how many bytes that frees. */
gsize pf_quic_stream_arrived (PfQuicStream *stream, guint64 offset);

G_END_DECLS

#endif /* PF_QUIC_STREAM_H */
