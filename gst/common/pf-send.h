/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Packets of buffers through a socket: of blocks, of lists with one a buffer,
 * or a single one, straight from their memory.
 */
#ifndef PF_SEND_H
#define PF_SEND_H

#include <gst/gst.h>

#include "pf-socket.h"

G_BEGIN_DECLS

/* Where packets go, and what came of it.
 * Thread-safety: one thread sends. */
typedef struct {
  PfSocket *socket;
  const PfAddress *to; /* NULL: where the socket is connected */
  guint n_to;
  const PfAddress *from; /* of ours; NULL: the kernel chooses */

  int error;          /* of the last call that failed, or 0 */
  guint error_to;     /* index of the address it was sent to */
  guint64 unreadable; /* buffers that hold no packets */
  guint64 copies;     /* of packets in several memories */
} PfSend;

/* Sends n packets of a buffer or a list, from first on. Buffers in a list have
 * no PfBlockMeta. */
void pf_send_object (PfSend *out, GstMiniObject *object, guint first, guint n);

/* How many packets a buffer holds, by its own account. */
guint pf_send_n_packets (GstBuffer *buffer);

G_END_DECLS

#endif /* PF_SEND_H */
