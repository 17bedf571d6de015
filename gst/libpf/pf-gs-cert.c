/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Certificates, by OpenSSL.
 */
#include "pf-gs-cert.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

enum { RSA_BITS_MIN = 2048, RSA_BITS_MAX = 4096 };

struct PfGsCert {
  char *pem;
  size_t pem_size;
  X509 *x509;
  EVP_PKEY *public_key;
  EVP_PKEY *private_key; /* NULL: not ours */
  uint8_t *der;
  int der_size;
};

/* A key that a password protects is none: nobody is asked for one. */
static int
no_password (char *buffer, int size, int writing, void *user)
{
  (void) buffer, (void) size, (void) writing, (void) user;
  return -1;
}

static X509 *
read_cert (const char *pem, size_t size)
{
  BIO *bio = BIO_new_mem_buf (pem, (int) size);
  X509 *x = bio ? PEM_read_bio_X509 (bio, NULL, no_password, NULL) : NULL;

  BIO_free (bio);
  return x;
}

static EVP_PKEY *
read_key (const char *pem, size_t size)
{
  BIO *bio = BIO_new_mem_buf (pem, (int) size);
  EVP_PKEY *k =
      bio ? PEM_read_bio_PrivateKey (bio, NULL, no_password, NULL) : NULL;

  BIO_free (bio);
  return k;
}

static bool
is_good_key (const EVP_PKEY *key)
{
  const int bits = EVP_PKEY_get_bits (key);

  if (EVP_PKEY_is_a (key, "EC"))
    return true;
  return EVP_PKEY_is_a (key, "RSA") && bits >= RSA_BITS_MIN &&
         bits <= RSA_BITS_MAX;
}

static int
load (PfGsCert *c, const char *pem, size_t pem_size, const char *key_pem,
    size_t key_size)
{
  c->pem = malloc (pem_size + 1);
  if (!c->pem)
    return PF_ERR_NO_MEMORY;
  memcpy (c->pem, pem, pem_size);
  c->pem[pem_size] = '\0';
  c->pem_size = pem_size;
  c->x509 = read_cert (pem, pem_size);
  if (!c->x509)
    return PF_ERR_INVALID;
  c->public_key = X509_get_pubkey (c->x509);
  if (!c->public_key || !is_good_key (c->public_key))
    return PF_ERR_INVALID;
  c->der_size = i2d_X509 (c->x509, &c->der);
  if (c->der_size <= 0)
    return PF_ERR_INVALID;
  if (!key_pem)
    return 0;
  c->private_key = read_key (key_pem, key_size);
  return c->private_key && EVP_PKEY_eq (c->public_key, c->private_key) == 1
             ? 0
             : PF_ERR_INVALID;
}

int
pf_gs_cert_new (const char *pem, size_t pem_size, const char *key_pem,
    size_t key_size, PfGsCert **cert)
{
  PfGsCert *c;
  int ret;

  if (!pem || !cert || pem_size == 0)
    return PF_ERR_INVALID;
  if (pem_size > PF_GS_PEM_MAX || (key_pem && key_size > PF_GS_PEM_MAX))
    return PF_ERR_RANGE;
  c = calloc (1, sizeof *c);
  if (!c)
    return PF_ERR_NO_MEMORY;
  ret = load (c, pem, pem_size, key_pem, key_size);
  ERR_clear_error ();
  if (ret < 0) {
    pf_gs_cert_free (c);
    return ret;
  }
  *cert = c;
  return 0;
}

void
pf_gs_cert_free (PfGsCert *cert)
{
  if (!cert)
    return;
  free (cert->pem);
  OPENSSL_free (cert->der);
  X509_free (cert->x509);
  EVP_PKEY_free (cert->public_key);
  EVP_PKEY_free (cert->private_key);
  free (cert);
}

const char *
pf_gs_cert_pem (const PfGsCert *cert, size_t *size)
{
  *size = cert->pem_size;
  return cert->pem;
}

const uint8_t *
pf_gs_cert_signature (const PfGsCert *cert, size_t *size)
{
  const ASN1_BIT_STRING *bits;

  X509_get0_signature (&bits, NULL, cert->x509);
  *size = (size_t) ASN1_STRING_length (bits);
  return ASN1_STRING_get0_data (bits);
}

const uint8_t *
pf_gs_cert_der (const PfGsCert *cert, size_t *size)
{
  *size = (size_t) cert->der_size;
  return cert->der;
}

bool
pf_gs_cert_is (const PfGsCert *cert, const uint8_t *der, size_t size)
{
  return size == (size_t) cert->der_size && memcmp (der, cert->der, size) == 0;
}

int
pf_gs_cert_sign (const PfGsCert *cert, const uint8_t *bytes, size_t size,
    uint8_t *out, size_t *out_size)
{
  EVP_MD_CTX *ctx;
  size_t n = PF_GS_SIGNATURE_MAX;
  bool good;

  if (!cert->private_key)
    return PF_ERR_INVALID;
  ctx = EVP_MD_CTX_new ();
  good = ctx &&
         EVP_DigestSignInit_ex (
             ctx, NULL, "SHA256", NULL, NULL, cert->private_key, NULL) == 1 &&
         EVP_DigestSign (ctx, out, &n, bytes, size) == 1;
  EVP_MD_CTX_free (ctx);
  ERR_clear_error ();
  if (!good)
    return PF_ERR_UNSUPPORTED;
  *out_size = n;
  return 0;
}

int
pf_gs_cert_verify (const PfGsCert *cert, const uint8_t *bytes, size_t size,
    const uint8_t *signature, size_t signature_size)
{
  EVP_MD_CTX *ctx = EVP_MD_CTX_new ();
  const bool good =
      ctx &&
      EVP_DigestVerifyInit_ex (
          ctx, NULL, "SHA256", NULL, NULL, cert->public_key, NULL) == 1 &&
      EVP_DigestVerify (ctx, signature, signature_size, bytes, size) == 1;

  EVP_MD_CTX_free (ctx);
  ERR_clear_error ();
  return good ? 0 : PF_ERR_AUTH;
}
