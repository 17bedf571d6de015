/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Two ends of QUIC in one process, that remember what they were told.
 */
#ifndef QUIC_PAIR_H
#define QUIC_PAIR_H

#include "pf-quic-port.h"

#define QUIC_WAIT_MS 5000

/* What an end was told. */
typedef struct {
  GMutex lock;
  GCond cond;
  /* lock */
  PfQuicLink *link; /* of the last that became ready, or the one connected */
  guint n_ready, n_closed, n_timers, n_moved;
  PfQuicEnd end;        /* of the last that closed */
  GByteArray *received; /* of all streams */
  gint64 stream;        /* that bytes came on last */
  guint n_fins;
  GPtrArray *datagrams; /* GBytes */
  gboolean echo;        /* streams and datagrams go back */
  gboolean consume;     /* what comes is taken at once */
} QuicEnd;

void quic_end_init (QuicEnd *end);
void quic_end_clear (QuicEnd *end);
extern const PfQuicLinkFuncs quic_end_funcs; /* user: QuicEnd */

/* What there is now. */
guint quic_end_count (QuicEnd *end, const guint *counter);
guint quic_end_received (QuicEnd *end);

/* Until the counter is at least so much; FALSE if that takes too long. */
gboolean quic_end_wait (QuicEnd *end, const guint *counter, guint least);
gboolean quic_end_wait_ms (
    QuicEnd *end, const guint *counter, guint least, guint ms);
gboolean quic_end_wait_bytes (QuicEnd *end, guint least);
gboolean quic_end_wait_datagrams (QuicEnd *end, guint least);

/* A host with a port of its own. */
typedef struct {
  PfQuicIdentity *identity;
  PfQuicConfig config;
  PfQuicLimits limits;
  PfQuicPort *port;
  guint number; /* of its port */
  QuicEnd end;
} QuicHost;

void quic_host_init (QuicHost *host); /* then change config, limits */
void quic_host_start (QuicHost *host, const gchar *address, guint port);
void quic_host_stop (QuicHost *host);
void quic_host_clear (QuicHost *host);

typedef struct {
  PfQuicIdentity *identity; /* NULL: anonymous */
  PfQuicConfig config;
  PfQuicPort *port;
  PfQuicLink *link;
  QuicEnd end;
} QuicClient;

void quic_client_init (QuicClient *client, gboolean anonymous);
void quic_client_connect (QuicClient *client, const gchar *address, guint port);
void quic_client_clear (QuicClient *client);

/* Makes the ClientHello of clients that connect from now on so much longer:
 * with 1000 bytes it needs two packets. */
void quic_pad (guint n);

#endif /* QUIC_PAIR_H */
