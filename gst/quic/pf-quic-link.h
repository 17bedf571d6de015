/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A QUIC connection with a thread of its own: packets come by a mailbox from
 * the port's thread, timers are absolute deadlines, and what happens is told in
 * that thread with no lock held.
 *
 * Thread-safety: any thread may call; the functions of PfQuicLinkFuncs too.
 */
#ifndef PF_QUIC_LINK_H
#define PF_QUIC_LINK_H

#include "pf-quic-conn.h"

G_BEGIN_DECLS

typedef struct _PfQuicLink PfQuicLink;

/* closed comes last, once, and always after ready; of a link that connects
 * also without it. Bytes of a stream come in order. */
typedef struct {
  void (*ready) (PfQuicLink *link, gpointer user);
  /* pf_quic_link_consume() must be called for these. bytes NULL: only fin. */
  void (*stream) (
      PfQuicLink *link, gint64 id, GBytes *bytes, gboolean fin, gpointer user);
  void (*stream_reset) (
      PfQuicLink *link, gint64 id, guint64 code, gpointer user);
  void (*datagram) (PfQuicLink *link, GBytes *bytes, gpointer user);
  void (*timer) (PfQuicLink *link, gpointer user);
  /* The peer may be at another address. */
  void (*moved) (PfQuicLink *link, gpointer user);
  void (*closed) (PfQuicLink *link, const PfQuicEnd *end, gpointer user);
} PfQuicLinkFuncs;

PfQuicLink *pf_quic_link_ref (PfQuicLink *link);
void pf_quic_link_unref (PfQuicLink *link);

/* Who is told from now on; to be called from ready. */
void pf_quic_link_set_funcs (
    PfQuicLink *link, const PfQuicLinkFuncs *funcs, gpointer user);

/* Nanoseconds of the clock that timers go by. */
guint64 pf_quic_now (void);

/* When timer is called, once; 0: never. Replaces what was set before. */
void pf_quic_link_set_timer (PfQuicLink *link, guint64 at);

/* Tells the peer; closed follows. */
void pf_quic_link_close (PfQuicLink *link, guint64 code, const gchar *reason);

/* Closes, and returns when no function is running, nor will be called any
 * more. Not from one of them: there it only closes. */
void pf_quic_link_stop (PfQuicLink *link, guint64 code, const gchar *reason);

/* -1 if the peer allows none now, or the link is not ready or closed. */
gint64 pf_quic_link_open (PfQuicLink *link, gboolean both_ways);

/* Takes no reference over. FALSE if the stream is gone. */
gboolean pf_quic_link_send (
    PfQuicLink *link, gint64 id, GBytes *bytes, gboolean fin);

/* Until no more than this many bytes of streams wait to arrive; until is of
 * pf_quic_now(), 0 is for ever. FALSE if they do and the time is over, the link
 * is, or is interrupted. */
gboolean pf_quic_link_wait_room (PfQuicLink *link, gsize most, guint64 until);

/* The same for datagrams that wait to leave. */
gboolean pf_quic_link_wait_datagrams (
    PfQuicLink *link, gsize most, guint64 until);

/* While interrupted, nothing waits. */
void pf_quic_link_set_interrupted (PfQuicLink *link, gboolean interrupted);

void pf_quic_link_consume (PfQuicLink *link, gint64 id, gsize n);
void pf_quic_link_reset (PfQuicLink *link, gint64 id, guint64 code);

gboolean pf_quic_link_send_datagram (
    PfQuicLink *link, const guint8 *bytes, gsize n);
gsize pf_quic_link_max_datagram (PfQuicLink *link);

/* FALSE before the link is ready. */
gboolean pf_quic_link_get_peer (PfQuicLink *link, PfQuicPeer *peer);
void pf_quic_link_get_path (PfQuicLink *link, PfQuicPath *path);
void pf_quic_link_get_info (PfQuicLink *link, PfQuicInfo *info);
void pf_quic_link_get_alpn (PfQuicLink *link, gchar to[PF_QUIC_MAX_ALPN + 1]);

/* Kind PF_QUIC_OPEN while it is. */
void pf_quic_link_get_end (PfQuicLink *link, PfQuicEnd *end);

G_END_DECLS

#endif /* PF_QUIC_LINK_H */
