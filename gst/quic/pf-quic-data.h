/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The UDP socket of a session's video on the host: sends packets, and hears
 * punches in a thread of its own.
 *
 * Thread-safety: one thread sends; any may do the rest.
 */
#ifndef PF_QUIC_DATA_H
#define PF_QUIC_DATA_H

#include "pf-quic-session.h"
#include "pf-send.h"

G_BEGIN_DECLS

typedef struct _PfQuicData PfQuicData;

/* At the address that the client reaches the host by, at the first port from
 * FIRST to LAST that is free; FIRST 0: at any. */
PfQuicData *pf_quic_data_new (
    PfQuicSession *session, guint first, guint last, GError **error);

/* Hears no more. */
void pf_quic_data_stop (PfQuicData *data);
PfQuicData *pf_quic_data_ref (PfQuicData *data);
void pf_quic_data_unref (PfQuicData *data);

guint pf_quic_data_port (const PfQuicData *data);
gboolean pf_quic_data_is_ipv4 (const PfQuicData *data);

/* Whether a burst can be sent without waiting for room. */
gboolean pf_quic_data_has_room (const PfQuicData *data);

/* Packets of a buffer or list; see pf-send.h. */
void pf_quic_data_send (PfQuicData *data, const PfAddress *to,
    GstMiniObject *object, guint first, guint n, PfSend *out);

G_END_DECLS

#endif /* PF_QUIC_DATA_H */
