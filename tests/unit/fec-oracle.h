/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The parity of every scheme worked out the slow way, from the definitions
 * and not from the library: what the tests compare libpf with.
 *
 * Three ways that share nothing but the field:
 *  - the coefficients in closed form (all schemes),
 *  - Leopard's transforms as the wire specification words them (GF16),
 *  - Gaussian elimination over those coefficients for decoding.
 *
 * Thread-safety: call fec_oracle_init() once before anything else; after
 * that all functions only read.
 */
#ifndef FEC_ORACLE_H
#define FEC_ORACLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pf.h"

void fec_oracle_init (void);

/* True when the numbers are ones the code exists for. */
bool fec_oracle_supported (
    uint32_t scheme, uint32_t k, uint32_t m, size_t size);

/* Product and inverse in the scheme's field, in the coordinates that shards
 * are stored in. */
uint16_t fec_oracle_mul (uint32_t scheme, uint16_t a, uint16_t b);
uint16_t fec_oracle_inv (uint32_t scheme, uint16_t a);

/* What data row i is multiplied with on its way into parity row j. */
uint16_t fec_oracle_coefficient (
    uint32_t scheme, uint32_t k, uint32_t m, uint32_t j, uint32_t i);

/* Writes parity row j, the sum of all data rows times their coefficients. */
void fec_oracle_parity_row (uint32_t scheme, uint32_t k, uint32_t m,
    size_t size, const uint8_t *const *data, uint32_t j, uint8_t *out);

/* Writes all parity rows of the GF16 code by Leopard's transforms. Returns
 * false without memory. */
bool fec_oracle_leopard (uint32_t k, uint32_t m, size_t size,
    const uint8_t *const *data, uint8_t *const *parity);

/* Solves for the lost data rows by elimination; out[i] is written where
 * present[i] is 0. Returns false when no solution exists or without memory.
 * The work grows with the cube of the losses. */
bool fec_oracle_decode (uint32_t scheme, uint32_t k, uint32_t m, size_t size,
    const uint8_t *const *data, const uint8_t *const *parity,
    const uint8_t *present, uint8_t *const *out);

#endif /* FEC_ORACLE_H */
