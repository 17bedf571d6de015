/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The host's side of a PIN ceremony on a session's connection. What it needs
 * of people comes from outside: the PIN, and whether the device was stored.
 *
 * Thread-safety: any thread.
 */
#ifndef PF_QUIC_CEREMONY_H
#define PF_QUIC_CEREMONY_H

#include "pf-quic-session.h"

G_BEGIN_DECLS

typedef enum {
  PF_QUIC_CEREMONY_REQUESTED, /* pair() or close is the answer */
  PF_QUIC_CEREMONY_PROVED,    /* store the device, then result() */
  PF_QUIC_CEREMONY_FAILED,    /* a wrong PIN; the client has been told */
  PF_QUIC_CEREMONY_BROKEN,    /* malformed or out of turn: it is closed */
} PfQuicCeremonyStep;

/* Whether this build can. */
gboolean pf_quic_ceremony_is_possible (void);

PfQuicCeremony *pf_quic_ceremony_new (
    PfQuicSession *session, const guint8 *host);
void pf_quic_ceremony_free (PfQuicCeremony *ceremony);

/* A message of the client came. */
PfQuicCeremonyStep pf_quic_ceremony_message (
    PfQuicCeremony *ceremony, const PfMsgControl *message);

/* Valid after the request, as long as the ceremony. */
const gchar *pf_quic_ceremony_name (const PfQuicCeremony *ceremony);

/* The PIN, which is used up by this; FALSE: not now. */
gboolean pf_quic_ceremony_pair (PfQuicCeremony *ceremony, const gchar *pin);

/* Tells the client that it is paired, or is not. FALSE: not now. */
gboolean pf_quic_ceremony_result (PfQuicCeremony *ceremony, gboolean ok);

G_END_DECLS

#endif /* PF_QUIC_CEREMONY_H */
