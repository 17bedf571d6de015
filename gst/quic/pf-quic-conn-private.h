/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the parts of a QUIC connection share; see pf-quic-conn.h. */
#ifndef PF_QUIC_CONN_PRIVATE_H
#define PF_QUIC_CONN_PRIVATE_H

#include "pf-quic-conn.h"
#include "pf-quic-stream.h"

G_BEGIN_DECLS

#define PF_QUIC_MIN_PAYLOAD 1200

typedef enum {
  PF_QUIC_STATE_HANDSHAKE,
  PF_QUIC_STATE_READY,
  PF_QUIC_STATE_TO_CLOSE, /* the close is yet to be written */
  PF_QUIC_STATE_CLOSING,  /* it was, and is repeated when packets come */
  PF_QUIC_STATE_OVER,
} PfQuicState;

/* A packet for another path than that of the batch it was made for. */
typedef struct {
  guint8 bytes[1500];
  gsize size; /* 0: none */
  PfQuicPath path;
} PfQuicHeld;

struct _PfQuicConn {
  PfQuicTls tls;
  ngtcp2_conn *conn;
  gboolean server;
  PfQuicState state;
  PfQuicConnFuncs funcs;
  gpointer user;
  PfQuicConfig config;
  guint8 reset_secret[32];
  int qlog; /* fd or -1 */

  GHashTable *streams; /* gint64 to PfQuicStream */
  GQueue active;       /* PfQuicStream with something to send */
  gsize queued;        /* in all streams */

  GQueue datagrams; /* GBytes */
  gsize datagrams_queued;

  PfQuicEnd end;
  ngtcp2_ccerr close;
  guint8 transport_error; /* that a callback failed with; 0: none */
  gboolean was_reset;
  guint8 close_packet[1500];
  gsize close_size;
  PfQuicPath close_path;
  gboolean repeat_close;
  guint closing_packets; /* that came since */
  guint64 closing_until;
  gsize early_bytes;
  PfQuicHeld held;
  PfQuicInfo info;
};

PfQuicStream *pf_quic_conn_stream (const PfQuicConn *conn, gint64 id);
void pf_quic_conn_forget_stream (PfQuicConn *conn, gint64 id);

/* A failure of ours, as ngtcp2 tells it: the peer hears of it. */
void pf_quic_conn_fail (PfQuicConn *conn, int code);

void pf_quic_conn_drop_datagram (PfQuicConn *conn);

void pf_quic_conn_set_callbacks (ngtcp2_callbacks *callbacks, gboolean server);

void pf_quic_path_from_ngtcp2 (PfQuicPath *to, const ngtcp2_path *path);

G_END_DECLS

#endif /* PF_QUIC_CONN_PRIVATE_H */
