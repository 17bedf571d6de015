/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Packets of a socket as buffers: what the kernel put together lies in one slab
 * memory, and leaves as blocks (pf-block.h) or in a list of one packet a buffer,
 * without a copy.
 *
 * Thread-safety: one thread.
 */
#ifndef PF_RECEIVER_H
#define PF_RECEIVER_H

#include <gst/gst.h>

#include "pf-socket.h"

G_BEGIN_DECLS

typedef struct _PfReceiver PfReceiver;

/* The socket stays the caller's. source, unless NULL: packets of others are
 * dropped. */
PfReceiver *pf_receiver_new (PfSocket *socket, const PfAddress *source);
void pf_receiver_free (PfReceiver *receiver);

/* Takes what there is, as long as it is not too much at once; FALSE if there is
 * nothing to fetch, and the socket is to be waited for. Not while something is
 * left to be fetched. */
gboolean pf_receiver_take (PfReceiver *receiver);

/* Whether something is left to be fetched. */
gboolean pf_receiver_has (const PfReceiver *receiver);

/* Whether the last look at the socket found no more. */
gboolean pf_receiver_drained (const PfReceiver *receiver);

/* A block, or with blocks FALSE a list of all, stamped with pts; NULL if
 * nothing is left. */
GstMiniObject *pf_receiver_next (
    PfReceiver *receiver, gboolean blocks, GstClockTime pts);

typedef struct {
  guint64 packets, bytes; /* fetched */
  guint64 filtered;       /* of another source */
  guint64 empty;          /* datagrams without bytes */
  guint64 allocations;
} PfReceiverCounters;

void pf_receiver_get_counters (
    const PfReceiver *receiver, PfReceiverCounters *counters);

G_END_DECLS

#endif /* PF_RECEIVER_H */
