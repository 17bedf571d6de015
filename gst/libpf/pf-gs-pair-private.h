/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What both ends of a pairing compute.
 */
#ifndef PF_GS_PAIR_PRIVATE_H
#define PF_GS_PAIR_PRIVATE_H

#include "pf-gs-pair.h"

enum {
  PF_GS_PAIR_BLOCK = 16,
  PF_GS_PAIR_HASH = 32,
  PF_GS_PAIR_SALT = 16,
};

/* Exactly N bytes from hexadecimal digits. Errors: PF_ERR_INVALID. */
int pf_gs_pair_unhex (PfGsText text, uint8_t *bytes, size_t n);
void pf_gs_pair_hex (const uint8_t *bytes, size_t n, char *out);

/* A certificate from the digits of its text. */
int pf_gs_pair_unhex_cert (PfGsText text, PfGsCert **cert);
void pf_gs_pair_hex_cert (const PfGsCert *cert, char *out);

/* SHA-256 of salt and PIN, of which the first half counts. */
int pf_gs_pair_key (const uint8_t salt[PF_GS_PAIR_SALT],
    const char pin[PF_GS_PAIR_PIN], uint8_t key[PF_GS_PAIR_BLOCK]);

/* AES-128 block by block, in place. Errors: PF_ERR_UNSUPPORTED. */
int pf_gs_pair_crypt (bool encrypt, const uint8_t key[PF_GS_PAIR_BLOCK],
    uint8_t *bytes, size_t n);

/* SHA-256 of a challenge, the signature of a certificate, a secret. */
int pf_gs_pair_proof (const uint8_t challenge[PF_GS_PAIR_BLOCK],
    const PfGsCert *cert, const uint8_t secret[PF_GS_PAIR_BLOCK],
    uint8_t hash[PF_GS_PAIR_HASH]);

/* A secret and the signature of it; how many bytes. */
int pf_gs_pair_sign_secret (
    const PfGsCert *cert, const uint8_t secret[PF_GS_PAIR_BLOCK], char *out);
/* The other way around: takes both apart. Errors: PF_ERR_INVALID,
 * PF_ERR_AUTH (signed with another key). */
int pf_gs_pair_verify_secret (
    const PfGsCert *cert, PfGsText text, uint8_t secret[PF_GS_PAIR_BLOCK]);

#endif /* PF_GS_PAIR_PRIVATE_H */
