/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Vector files for the tests of sealing: loading, and bytes out of them that
 * need not be freed one by one.
 */
#ifndef CRYPTO_VECTORS_H
#define CRYPTO_VECTORS_H

#include "pf-json.h"

typedef struct {
  uint8_t *data;
  size_t size;
} Bytes;

/* A file below PF_TEST_VECTORS; leaves the test as failed without it. All of
 * them are freed by crypto_vectors_clear(). */
const PfJson *crypto_vectors_load (const char *name);

/* The bytes of a hexadecimal string, in an allocation of exactly that size;
 * leaves the test as failed if it is none. */
Bytes crypto_vectors_hex (const PfJson *value);

/* A whole number; leaves the test as failed if it is none. */
int64_t crypto_vectors_int (const PfJson *value);

void crypto_vectors_clear (void);

#endif /* CRYPTO_VECTORS_H */
