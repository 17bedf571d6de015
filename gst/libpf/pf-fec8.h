/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Reed-Solomon over GF(2^8) as GameStream speaks it: the Cauchy code of video
 * and the fixed RS(4,2) of audio. */
#ifndef PF_FEC8_H
#define PF_FEC8_H

#include "pf.h"

/* Thread-safety: one thread per context. */
typedef struct PfFec8 PfFec8;

/* config was checked. Returns NULL without memory. */
PfFec8 *pf_fec8_new (const PfFecConfig *config);

void pf_fec8_free (PfFec8 *c);

size_t pf_fec8_memory (const PfFec8 *c);

void pf_fec8_encode (PfFec8 *c, const PfFecSpan *spans, size_t n_spans);

/* Errors: PF_ERR_NEED_MORE. */
int pf_fec8_decode (
    PfFec8 *c, const PfFecSpan *spans, size_t n_spans, const uint8_t *present);

#endif /* PF_FEC8_H */
