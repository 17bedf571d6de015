/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * One QUIC connection: packets in, packets out, time as an argument. No
 * sockets, threads or clock; what happens is told through PfQuicConnFuncs.
 *
 * Thread-safety: one thread at a time.
 */
#ifndef PF_QUIC_CONN_H
#define PF_QUIC_CONN_H

#include <ngtcp2/ngtcp2.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "pf-quic-demux.h"
#include "pf-quic-tls.h"

G_BEGIN_DECLS

#define PF_QUIC_CID PF_QUIC_OWN_CID
#define PF_QUIC_MAX_PACKETS 64
#define PF_QUIC_MAX_REASON 256

/* What a ClientHello may take, in CRYPTO frames of Initial packets, and all
 * packets with a long header before the handshake is done. */
#define PF_QUIC_MAX_INITIAL_CRYPTO (16 * 1024)
#define PF_QUIC_MAX_EARLY_BYTES (64 * 1024)

typedef enum {
  PF_QUIC_CUBIC,
  PF_QUIC_RENO,
  PF_QUIC_BBR,
} PfQuicCongestion;

typedef struct {
  PfQuicTlsConfig tls;
  guint idle_ms;       /* silence that ends a connection; 0: none does */
  guint keep_alive_ms; /* silence that is broken by a PING; 0: none is */
  guint handshake_ms;  /* that the handshake may take */
  PfQuicCongestion congestion;
  guint64 window, stream_window;   /* bytes the peer may be ahead of reading */
  guint streams_bidi, streams_uni; /* that the peer may have open */
  gboolean datagrams;
  gsize datagram_queue; /* bytes that may wait; then the oldest goes */
  guint max_payload;    /* of UDP, to look for on the path */
  gchar *qlog;          /* file of events, appended to; NULL: none */
} PfQuicConfig;

/* For a control connection: small windows, keep-alive 4 s, idle 8 s. */
void pf_quic_config_init (PfQuicConfig *config);
void pf_quic_config_copy (PfQuicConfig *to, const PfQuicConfig *from);
void pf_quic_config_clear (PfQuicConfig *config);

/* Where a packet came from and where it came to, or the way back. */
typedef struct {
  struct sockaddr_storage local, remote;
  socklen_t local_size, remote_size;
} PfQuicPath;

/* How a connection ended. */
typedef enum {
  PF_QUIC_OPEN,         /* it has not */
  PF_QUIC_CLOSED,       /* closed by us, with this code */
  PF_QUIC_PEER_CLOSED,  /* by the application of the peer, with this code */
  PF_QUIC_PEER_ERROR,   /* by its QUIC or TLS: a transport error */
  PF_QUIC_ERROR,        /* by ours: a transport error */
  PF_QUIC_IDLE,         /* nothing was heard for too long */
  PF_QUIC_TIMEOUT,      /* the handshake took too long */
  PF_QUIC_RESET,        /* the peer does not know the connection */
  PF_QUIC_RETRY_NEEDED, /* servers: answer the packet with a Retry */
  PF_QUIC_DROPPED,      /* without a word */
} PfQuicEndKind;

typedef struct {
  PfQuicEndKind kind;
  guint64 code;
  gchar reason[PF_QUIC_MAX_REASON + 1]; /* printable UTF-8 */
} PfQuicEnd;

/* "closed by the peer: 0x42 busy" */
gchar *pf_quic_end_to_string (const PfQuicEnd *end);

/* Called from inside the functions below; of those only pf_quic_conn_consume()
 * may be called from there. */
typedef struct {
  /* The peer is known, and knows us: clients hear of it when the host has
   * judged their certificate. */
  void (*ready) (gpointer user);
  void (*stream) (
      gpointer user, gint64 id, const guint8 *bytes, gsize n, gboolean fin);
  /* The peer sends no more (reset), or reads no more (stop). */
  void (*stream_reset) (gpointer user, gint64 id, guint64 code);
  void (*stream_stop) (gpointer user, gint64 id, guint64 code);
  void (*datagram) (gpointer user, const guint8 *bytes, gsize n);
  /* What was queued to be sent arrived, or has no more use. */
  void (*room) (gpointer user);
  /* The peer is at another address, and that was validated. */
  void (*moved) (gpointer user);
  /* Ids that packets come with. */
  gboolean (*new_cid) (gpointer user, const guint8 *cid, gsize n);
  void (*old_cid) (gpointer user, const guint8 *cid, gsize n);
} PfQuicConnFuncs;

/* The first packet of a client, and what the server decided about it. */
typedef struct {
  ngtcp2_cid dcid, scid; /* as in the packet */
  ngtcp2_cid original;   /* what dcid was before a Retry; datalen 0: none was */
  ngtcp2_cid own;        /* ours from now on */
  guint32 version;
  guint8 token[256]; /* that came with it, and is right */
  gsize token_size;
  guint8 reset_secret[32];
} PfQuicInitial;

typedef struct _PfQuicConn PfQuicConn;

PfQuicConn *pf_quic_conn_connect (const PfQuicConfig *config,
    const PfQuicPath *path, const PfQuicConnFuncs *funcs, gpointer user,
    guint64 now, GError **error);

/* For the packet that is read next. */
PfQuicConn *pf_quic_conn_accept (const PfQuicConfig *config,
    const PfQuicPath *path, const PfQuicInitial *initial,
    const PfQuicConnFuncs *funcs, gpointer user, guint64 now, GError **error);

void pf_quic_conn_free (PfQuicConn *conn);

void pf_quic_conn_read (PfQuicConn *conn, const PfQuicPath *path,
    const guint8 *packet, gsize size, guint64 now);

/* Packets to send along one path. */
typedef struct {
  guint8 bytes[65536];
  struct iovec packets[PF_QUIC_MAX_PACKETS];
  guint n;
  PfQuicPath path;
} PfQuicBatch;

/* What is to be sent now; FALSE if it is nothing. */
gboolean pf_quic_conn_write (PfQuicConn *conn, PfQuicBatch *batch, guint64 now);

/* When pf_quic_conn_expire() has something to do; G_MAXUINT64: never. */
guint64 pf_quic_conn_expiry (PfQuicConn *conn);
void pf_quic_conn_expire (PfQuicConn *conn, guint64 now);

gboolean pf_quic_conn_is_ready (const PfQuicConn *conn);

/* How it ended; kind PF_QUIC_OPEN while it has not. */
const PfQuicEnd *pf_quic_conn_end (const PfQuicConn *conn);

/* It ended, and the peer was told if there was something to tell. */
gboolean pf_quic_conn_is_closed (const PfQuicConn *conn);

/* Nothing more is to be read or written. */
gboolean pf_quic_conn_is_over (const PfQuicConn *conn);

/* Tells the peer at the next write. */
void pf_quic_conn_close (PfQuicConn *conn, guint64 code, const gchar *reason);

/* ---- Streams ------------------------------------------------------------ */

/* -1 if the peer allows no more of them yet. */
gint64 pf_quic_conn_open (PfQuicConn *conn, gboolean both_ways);

/* Sends bytes in order, kept until they arrived; FALSE if there is no such
 * stream (any more). */
gboolean pf_quic_conn_send (
    PfQuicConn *conn, gint64 id, GBytes *bytes, gboolean fin);

/* Bytes that did not arrive yet, of this stream and of all. */
gsize pf_quic_conn_queued (const PfQuicConn *conn, gint64 id);
gsize pf_quic_conn_all_queued (const PfQuicConn *conn);

/* Lets the peer send as many more bytes. */
void pf_quic_conn_consume (PfQuicConn *conn, gint64 id, gsize n);

/* Gives up a stream in both directions. */
void pf_quic_conn_reset (PfQuicConn *conn, gint64 id, guint64 code);

/* ---- Datagrams ---------------------------------------------------------- */

/* What fits now; 0 if the peer takes none. */
gsize pf_quic_conn_max_datagram (PfQuicConn *conn);

/* Bytes that wait to be sent. */
gsize pf_quic_conn_datagrams_queued (const PfQuicConn *conn);

/* FALSE if it does not fit. With more waiting than the configuration allows,
 * the oldest are dropped. */
gboolean pf_quic_conn_send_datagram (
    PfQuicConn *conn, const guint8 *bytes, gsize n);

/* ---- What is known ------------------------------------------------------ */

typedef struct {
  guint64 rtt, min_rtt; /* ns; 0: not known */
  guint64 window, in_flight;
  guint64 packets_sent, bytes_sent, packets_received, bytes_received;
  guint64 datagrams_sent, datagrams_received;
  guint64 datagrams_dropped; /* did not fit or waited too long */
  guint64 datagrams_lost;    /* as far as acknowledgements tell */
  guint max_payload;         /* of UDP on the path */
} PfQuicInfo;

void pf_quic_conn_info (PfQuicConn *conn, PfQuicInfo *info);
void pf_quic_conn_path (PfQuicConn *conn, PfQuicPath *path);
const PfQuicPeer *pf_quic_conn_peer (const PfQuicConn *conn);
PfQuicTls *pf_quic_conn_tls (PfQuicConn *conn);

G_END_DECLS

#endif /* PF_QUIC_CONN_H */
