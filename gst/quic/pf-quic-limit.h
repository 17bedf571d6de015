/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * How often what strangers ask for is done: buckets that fill with time, some
 * for all and one for each address.
 *
 * Thread-safety: one thread, but rates are set by any before it takes.
 */
#ifndef PF_QUIC_LIMIT_H
#define PF_QUIC_LIMIT_H

#include "pf-quic-port.h"

G_BEGIN_DECLS

typedef enum {
  PF_QUIC_LIMIT_UNPROVEN,
  PF_QUIC_LIMIT_ALL,
  PF_QUIC_LIMIT_RETRY,
  PF_QUIC_LIMIT_RESET,
  PF_QUIC_N_LIMITS,
} PfQuicLimitKind;

/* Slots that addresses share. */
#define PF_QUIC_LIMIT_ADDRESSES 1024

typedef struct _PfQuicLimit PfQuicLimit;

PfQuicLimit *pf_quic_limit_new (void);
void pf_quic_limit_free (PfQuicLimit *limit);
void pf_quic_limit_set_rates (PfQuicLimit *limit, const PfQuicLimits *limits);

/* Whether it may be done now; then it counts. */
gboolean pf_quic_limit_take (PfQuicLimit *limit, PfQuicLimitKind kind);
gboolean pf_quic_limit_take_address (
    PfQuicLimit *limit, const struct sockaddr_storage *address);

G_END_DECLS

#endif /* PF_QUIC_LIMIT_H */
