/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Reed-Solomon over GF(2^16): Leopard FF16 as punktfunk/1 speaks it. */
#ifndef PF_FEC16_H
#define PF_FEC16_H

#include "pf.h"

#include <stdbool.h>

/* Thread-safety: one thread per context. */
typedef struct PfFec16 PfFec16;

/* Does the code exist for k data and m parity shards? */
bool pf_fec16_fits (uint32_t k, uint32_t m);

/* config was checked. Returns NULL without memory. */
PfFec16 *pf_fec16_new (const PfFecConfig *config);

void pf_fec16_free (PfFec16 *c);

size_t pf_fec16_memory (const PfFec16 *c);

void pf_fec16_encode (PfFec16 *c, const PfFecSpan *spans, size_t n_spans);

/* Errors: PF_ERR_NEED_MORE. */
int pf_fec16_decode (
    PfFec16 *c, const PfFecSpan *spans, size_t n_spans, const uint8_t *present);

#endif /* PF_FEC16_H */
