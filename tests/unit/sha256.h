/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * SHA-256 (FIPS 180-4) for test programs that link no crypto library: vector
 * files name their data and their results by hash.
 */
#ifndef SHA256_H
#define SHA256_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
  uint32_t h[8];
  uint64_t length;   /* bytes so far */
  uint8_t block[64]; /* the last length % 64 of them */
} Sha256;

void sha256_init (Sha256 *sha);
void sha256_update (Sha256 *sha, const void *bytes, size_t size);
void sha256_final (Sha256 *sha, uint8_t digest[32]);

/* The digest as 64 lower-case hex digits and a 0. */
void sha256_hex (const uint8_t digest[32], char hex[65]);

#endif /* SHA256_H */
