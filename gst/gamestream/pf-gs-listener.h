/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The TCP port of GameStream's RTSP: connections with one request each, that
 * are answered and closed. It reads no request itself: who has it says whether
 * the bytes so far are one.
 *
 * Strangers are closed at once. Of those who are waited for each address has
 * few connections, and each of them little time.
 *
 * Thread-safety: one thread, or a lock of the caller's.
 */
#ifndef PF_GS_LISTENER_H
#define PF_GS_LISTENER_H

#include <poll.h>

#include "pf-peer.h"
#include "pf-socket.h"

G_BEGIN_DECLS

#define PF_GS_LISTENER_CONNS 64
#define PF_GS_LISTENER_PER_ADDRESS 8
#define PF_GS_LISTENER_POLLS (PF_GS_LISTENER_CONNS + 1)
#define PF_GS_LISTENER_READ_NS (10000 * PF_MS)   /* for a whole request */
#define PF_GS_LISTENER_ANSWER_NS (12000 * PF_MS) /* until it is answered */

typedef struct _PfGsListener PfGsListener;
typedef struct _PfGsConn PfGsConn;

typedef struct {
  /* Whether anybody is waited for who may come from there. */
  gboolean (*expected) (gpointer user, const PfPeerAddress *from);
  /* 1: a request, which is answered now or later; 0: more is needed; negative:
   * it is none. */
  int (*request) (gpointer user, PfGsConn *conn, const PfPeerAddress *from,
      const guint8 *bytes, gsize size);
  /* A connection whose request waits for its answer is gone. */
  void (*gone) (gpointer user, PfGsConn *conn);
} PfGsListenerFuncs;

typedef struct {
  guint64 accepted, strangers; /* connections */
  guint64 crowded;             /* closed to make room */
  guint64 late;                /* not read or answered in time */
  guint64 malformed;           /* bytes that are no request for anybody */
} PfGsListenerCounters;

PfGsListener *pf_gs_listener_new (const PfAddress *address,
    const PfGsListenerFuncs *funcs, gpointer user, GError **error);

/* Closes all; gone is not told. */
void pf_gs_listener_free (PfGsListener *listener);

guint pf_gs_listener_port (const PfGsListener *listener);

/* What to poll for, at most PF_GS_LISTENER_POLLS; how many. */
guint pf_gs_listener_polls (
    PfGsListener *listener, struct pollfd *polls, guint64 now);

/* After a poll of exactly those, and when time has passed. */
void pf_gs_listener_serve (
    PfGsListener *listener, const struct pollfd *polls, guint n, guint64 now);

guint64 pf_gs_listener_wake (const PfGsListener *listener);

/* Sends it and closes. */
void pf_gs_conn_answer (
    PfGsConn *conn, const guint8 *bytes, gsize size, guint64 now);

void pf_gs_listener_get_counters (
    const PfGsListener *listener, PfGsListenerCounters *counters);

G_END_DECLS

#endif /* PF_GS_LISTENER_H */
