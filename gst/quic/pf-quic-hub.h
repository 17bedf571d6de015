/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A host of punktfunk/1 without an element: a port, and the sessions on it.
 * Elements find it by name.
 *
 * Thread-safety: any thread.
 */
#ifndef PF_QUIC_HUB_H
#define PF_QUIC_HUB_H

#include "pf-quic-port.h"
#include "pf-quic-session.h"

G_BEGIN_DECLS

typedef struct {
  gchar *address; /* NULL or empty: any */
  guint port;
  PfQuicIdentity *identity;
  guint idle_ms, keep_alive_ms;
  guint max_sessions;
  guint approval_ms; /* that a knock may wait; 0: as the protocol has it */
  gchar *key_log, *qlog;
} PfQuicHubConfig;

/* In the thread of the session's connection, with no lock held. */
typedef struct {
  /* A client said Hello: allow, park or close, now or later. */
  void (*offer) (gpointer user, PfQuicSession *session);
  /* A message of a PIN ceremony; NULL: there are none. */
  void (*pair) (
      gpointer user, PfQuicSession *session, const PfMsgControl *message);
  /* Its media may go. */
  void (*started) (gpointer user, PfQuicSession *session);
  void (*ended) (gpointer user, PfQuicSession *session, const PfQuicEnd *end);
} PfQuicHubFuncs;

typedef struct _PfQuicHub PfQuicHub;

PfQuicHub *pf_quic_hub_new (const PfQuicHubConfig *config,
    const PfQuicHubFuncs *funcs, gpointer user, GError **error);
PfQuicHub *pf_quic_hub_ref (PfQuicHub *hub);
void pf_quic_hub_unref (PfQuicHub *hub);

/* A barrier: closes all sessions; nothing is told after it. Then only
 * references are left. */
void pf_quic_hub_stop (PfQuicHub *hub);

guint pf_quic_hub_port (PfQuicHub *hub);
const PfQuicIdentity *pf_quic_hub_identity (PfQuicHub *hub);
void pf_quic_hub_get_counters (PfQuicHub *hub, PfQuicPortCounters *counters);
guint pf_quic_hub_n_sessions (PfQuicHub *hub);

/* A reference, or NULL. */
PfQuicSession *pf_quic_hub_find (PfQuicHub *hub, guint id);

/* What the owner decided about an offer. */
void pf_quic_session_allow (PfQuicSession *session);
void pf_quic_session_park (PfQuicSession *session);

/* ---- Names -------------------------------------------------------------- */

/* FALSE if the name is taken. */
gboolean pf_quic_hub_register (PfQuicHub *hub, const gchar *name);
void pf_quic_hub_unregister (PfQuicHub *hub);

/* A reference, or NULL. */
PfQuicHub *pf_quic_hub_lookup (const gchar *name);

/* ---- For sessions ------------------------------------------------------- */

/* Of a link whose user is a session. */
extern const PfQuicLinkFuncs pf_quic_session_funcs;

PfQuicSession *pf_quic_session_new (
    PfQuicHub *hub, PfQuicLink *link, guint id, guint approval_ms);
void pf_quic_hub_offer (PfQuicHub *hub, PfQuicSession *session);
void pf_quic_hub_pair (
    PfQuicHub *hub, PfQuicSession *session, const PfMsgControl *message);
void pf_quic_hub_started (PfQuicHub *hub, PfQuicSession *session);
void pf_quic_hub_ended (
    PfQuicHub *hub, PfQuicSession *session, const PfQuicEnd *end);

G_END_DECLS

#endif /* PF_QUIC_HUB_H */
