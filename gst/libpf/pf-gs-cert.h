/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Certificates as GameStream's pairing uses them: the text of one, its own
 * signature, and proofs of its key. No chain and no date is looked at.
 *
 * Thread-safety: one thread per PfGsCert.
 */
#ifndef PF_GS_CERT_H
#define PF_GS_CERT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pf-error.h"

#define PF_GS_PEM_MAX 8192
#define PF_GS_SIGNATURE_MAX 512

typedef struct PfGsCert PfGsCert;

/* The text of one certificate, and of its private key (NULL: somebody else's
 * certificate). The key is only read. Errors: PF_ERR_INVALID (no certificate,
 * or none whose key is RSA of 2048 to 4096 bits or EC; the key is another's),
 * PF_ERR_RANGE (too long), PF_ERR_NO_MEMORY. */
int pf_gs_cert_new (const char *pem, size_t pem_size, const char *key_pem,
    size_t key_size, PfGsCert **cert);

/* Wipes the key. */
void pf_gs_cert_free (PfGsCert *cert);

/* As it was given. */
const char *pf_gs_cert_pem (const PfGsCert *cert, size_t *size);
/* Its signature bits. */
const uint8_t *pf_gs_cert_signature (const PfGsCert *cert, size_t *size);
/* Is it exactly this one? */
bool pf_gs_cert_is (const PfGsCert *cert, const uint8_t *der, size_t size);
/* In DER; valid as long as the certificate. */
const uint8_t *pf_gs_cert_der (const PfGsCert *cert, size_t *size);

/* SHA-256, RSA with PKCS#1 v1.5. OUT has room for PF_GS_SIGNATURE_MAX.
 * Errors: PF_ERR_INVALID (there is no key), PF_ERR_UNSUPPORTED. */
int pf_gs_cert_sign (const PfGsCert *cert, const uint8_t *bytes, size_t size,
    uint8_t *out, size_t *out_size);

/* Errors: PF_ERR_AUTH. */
int pf_gs_cert_verify (const PfGsCert *cert, const uint8_t *bytes, size_t size,
    const uint8_t *signature, size_t signature_size);

#endif /* PF_GS_CERT_H */
