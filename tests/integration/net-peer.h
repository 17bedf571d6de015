/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What the tests of pfudpsink and pfudpsrc share: plain sockets at the other
 * end, elements in a harness, packets.
 */
#ifndef NET_PEER_H
#define NET_PEER_H

#include <gst/check/gstharness.h>

#include "pf-block.h"
#include "pf-slab.h"
#include "pf-socket.h"

#define FIELDS "wire=punktfunk1,fec=gf16,sealed=true"
#define PACKETS "application/x-pf-packet," FIELDS
#define BLOCKS "application/x-pf-block," FIELDS

enum { WAIT_MS = 5000, ROWS = 150, SIZE = 1448, HEAD = 24 };

/* ---- A plain socket ----------------------------------------------------- */

typedef struct {
  int fd;
  guint port;
  int tos; /* of the last datagram; -1: none was told */
} Peer;

gboolean have_ipv6 (void);
const gchar *loopback (int family);

/* At loopback; on a free port, or on this one. */
Peer peer_new (int family);
Peer peer_at (int family, guint port);

/* A datagram; 0 if none came in time. */
gsize peer_receive (Peer *p, guint8 bytes[65536]);
gboolean peer_is_quiet (Peer *p);
void peer_send (Peer *p, int family, guint port, const void *bytes, gsize size);

/* ---- Elements ----------------------------------------------------------- */

/* A sender to that port that plays. */
GstHarness *sink_new (guint port, const gchar *settings, const gchar *caps);

/* A receiver on a free port that plays. */
GstHarness *src_new (const gchar *settings, gboolean blocks, guint *port);

/* A field of stats. */
guint64 stat_of (GstHarness *h, const gchar *name);

/* ---- Packets ------------------------------------------------------------ */

typedef struct {
  guint n;
  gsize size[ROWS];
  guint8 *bytes[ROWS];
} Packets;

/* Of one size, or of sizes as no one would choose them. */
Packets *packets_new (guint n, gboolean odd);
void packets_free (Packets *p);

GstBuffer *packet_buffer (const Packets *p, guint i);
GstBufferList *packet_list (const Packets *p);

/* All of one size. */
GstBuffer *packet_block (PfSlabPool *pool, const Packets *p);

/* They arrive, in order, and nothing else. */
void expect_packets (Peer *peer, const Packets *p);

#endif /* NET_PEER_H */
