/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A UDP port with QUIC connections, and room for media beside them. One thread
 * receives and only tells which connection packets belong to; each has its own
 * (pf-quic-link.h), so that the work of a handshake never delays another.
 *
 * Strangers cost little: how many may begin a handshake is limited, by address
 * and in all, and past a small number they must first show that they receive
 * at their address (Retry).
 */
#ifndef PF_QUIC_PORT_H
#define PF_QUIC_PORT_H

#include "pf-quic-link.h"
#include "pf-socket.h"

G_BEGIN_DECLS

/* Of a port that listens. Rates are a second, and may burst by as much. */
typedef struct {
  guint links;         /* at once */
  guint half_open;     /* of them in their handshake */
  guint unproven;      /* half open without a Retry: then one is sent */
  guint rate_unproven; /* handshakes that begin without one */
  guint rate;          /* handshakes in all: what signatures may cost */
  guint rate_address;  /* of these from one address (IPv6: from one /64) */
} PfQuicLimits;

void pf_quic_limits_init (PfQuicLimits *limits);

typedef struct {
  guint64 packets, bytes;  /* received */
  guint64 media;           /* datagrams that are not QUIC */
  guint64 junk;            /* and those that are nothing */
  guint64 unknown;         /* for no connection that there is */
  guint64 accepted;        /* handshakes begun */
  guint64 retries;         /* sent */
  guint64 refused;         /* first packets that were dropped */
  guint64 resets;          /* stateless ones, sent */
  guint64 mailbox_dropped; /* packets that a connection had no room for */
  guint64 overflows;       /* packets the kernel had no room for */
} PfQuicPortCounters;

typedef struct _PfQuicPort PfQuicPort;

/* With NULL for an address: any, of both families where there are both. */
PfQuicPort *pf_quic_port_new (const gchar *address, guint port, GError **error);

/* A barrier: closes all connections with this code, and when it returns no
 * function is called any more. Not from one of them. */
void pf_quic_port_stop (PfQuicPort *port, guint64 code, const gchar *reason);
void pf_quic_port_free (PfQuicPort *port);

void pf_quic_port_local (PfQuicPort *port, PfAddress *address);

/* Lets clients in; funcs are told of each until another is set for it. */
void pf_quic_port_listen (PfQuicPort *port, const PfQuicConfig *config,
    const PfQuicLimits *limits, const PfQuicLinkFuncs *funcs, gpointer user);

/* A reference to a link that is being set up. */
PfQuicLink *pf_quic_port_connect (PfQuicPort *port, const PfQuicConfig *config,
    const PfAddress *to, const PfQuicLinkFuncs *funcs, gpointer user,
    GError **error);

/* Called in the port's thread with what is not QUIC: must not wait. */
typedef void (*PfQuicMediaFunc) (
    const guint8 *bytes, gsize n, const PfAddress *from, gpointer user);
void pf_quic_port_set_media (
    PfQuicPort *port, PfQuicMediaFunc func, gpointer user);

void pf_quic_port_get_counters (PfQuicPort *port, PfQuicPortCounters *counters);
guint pf_quic_port_n_links (PfQuicPort *port);

G_END_DECLS

#endif /* PF_QUIC_PORT_H */
