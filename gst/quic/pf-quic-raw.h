/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Any bytes over one QUIC connection: on a stream, or in datagrams. What
 * pfquicsink and pfquicsrc do with protocol=raw.
 *
 * Thread-safety: any thread; stop comes last.
 */
#ifndef PF_QUIC_RAW_H
#define PF_QUIC_RAW_H

#include "pf-quic-settings.h"

G_BEGIN_DECLS

typedef struct _PfQuicRaw PfQuicRaw;

/* Opens the port, and connects or waits for a client. */
PfQuicRaw *pf_quic_raw_start (
    const PfQuicSettings *settings, gboolean sends, GError **error);

/* Says good-bye, and lets go of everything. */
void pf_quic_raw_stop (PfQuicRaw *raw);

/* The port that a server has. */
guint pf_quic_raw_port (PfQuicRaw *raw);

/* While interrupted nothing waits, and FLUSHING is returned. */
void pf_quic_raw_set_interrupted (PfQuicRaw *raw, gboolean interrupted);

/* Waits for the connection, and for room. OK, FLUSHING, EOS if the peer wants
 * no more, or ERROR with a reason. */
GstFlowReturn pf_quic_raw_send (
    PfQuicRaw *raw, GstBuffer *buffer, GError **error);

/* Nothing more comes; until all arrived. */
GstFlowReturn pf_quic_raw_finish (PfQuicRaw *raw, GError **error);

/* The next bytes. OK, FLUSHING, EOS or ERROR with a reason. */
GstFlowReturn pf_quic_raw_receive (
    PfQuicRaw *raw, GstBuffer **buffer, GError **error);

typedef struct {
  guint64 bytes, buffers;
  guint64 too_large; /* buffers that fit in no datagram */
} PfQuicRawCounters;

void pf_quic_raw_get_counters (PfQuicRaw *raw, PfQuicRawCounters *counters);

/* A reference, or NULL if there is no connection yet. */
PfQuicLink *pf_quic_raw_get_link (PfQuicRaw *raw);

G_END_DECLS

#endif /* PF_QUIC_RAW_H */
