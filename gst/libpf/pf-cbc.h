/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * AES-128-CBC with PKCS#7 padding: GameStream's audio encryption. It hides the
 * payload and authenticates nothing; a damaged packet may decrypt to noise.
 */
#ifndef PF_CBC_H
#define PF_CBC_H

#include "pf-error.h"

#define PF_CBC_KEY_SIZE 16
#define PF_CBC_BLOCK 16

/* Bytes that N bytes become: padding is always added. */
#define PF_CBC_SIZE(n) (((n) / PF_CBC_BLOCK + 1) * PF_CBC_BLOCK)

/* Longest input; GameStream's packets have at most 1400 bytes. */
#define PF_CBC_SIZE_MAX ((size_t) 1 << 16)

typedef enum { PF_CBC_ENCRYPT = 1, PF_CBC_DECRYPT } PfCbcDirection;

/* Thread-safety: one thread per PfCbc. */
typedef struct PfCbc PfCbc;

/* Errors: PF_ERR_INVALID (an argument is missing, the key is all zero),
 * PF_ERR_NO_MEMORY, PF_ERR_UNSUPPORTED (OpenSSL does not offer the cipher). */
int pf_cbc_new (
    PfCbcDirection direction, const uint8_t key[PF_CBC_KEY_SIZE], PfCbc **cbc);

/* Wipes the key. */
void pf_cbc_free (PfCbc *cbc);

/* GameStream's IV of an audio packet. */
void pf_cbc_audio_iv (
    uint32_t key_id, uint16_t sequence, uint8_t iv[PF_CBC_BLOCK]);

/*
 * Writes PF_CBC_SIZE (SIZE) bytes to OUT, which is IN or does not overlap it.
 * Errors: PF_ERR_INVALID, PF_ERR_RANGE, PF_ERR_UNSUPPORTED (OpenSSL failed).
 */
int pf_cbc_encrypt (PfCbc *cbc, const uint8_t iv[PF_CBC_BLOCK],
    const uint8_t *in, size_t size, uint8_t *out);

/*
 * Writes at most SIZE bytes to OUT (as above) and says how many are not
 * padding; of those that are, nothing is left. On failure OUT is wiped.
 * Errors: PF_ERR_INVALID, PF_ERR_RANGE (no positive multiple of the block,
 * OUT untouched), PF_ERR_AUTH (not padded as it must be), PF_ERR_UNSUPPORTED
 * (OpenSSL failed).
 */
int pf_cbc_decrypt (PfCbc *cbc, const uint8_t iv[PF_CBC_BLOCK],
    const uint8_t *in, size_t size, uint8_t *out, size_t *out_size);

#endif /* PF_CBC_H */
