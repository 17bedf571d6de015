/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * GameStream's pairing: what both ends compute.
 */
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>

#include "pf-gs-pair-private.h"
#include "pf-wipe.h"

/* ---- Text --------------------------------------------------------------- */

static int
digit_of (char c)
{
  if (c >= '0' && c <= '9')
    return c - '0';
  if (c >= 'a' && c <= 'f')
    return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

int
pf_gs_pair_unhex (PfGsText text, uint8_t *bytes, size_t n)
{
  if (text.size != 2 * n)
    return PF_ERR_INVALID;
  for (size_t i = 0; i < n; i++) {
    const int high = digit_of (text.data[2 * i]);
    const int low = digit_of (text.data[2 * i + 1]);

    if (high < 0 || low < 0)
      return PF_ERR_INVALID;
    bytes[i] = (uint8_t) (high << 4 | low);
  }
  return 0;
}

void
pf_gs_pair_hex (const uint8_t *bytes, size_t n, char *out)
{
  static const char digits[] = "0123456789abcdef";

  for (size_t i = 0; i < n; i++) {
    out[2 * i] = digits[bytes[i] >> 4];
    out[2 * i + 1] = digits[bytes[i] & 15];
  }
  out[2 * n] = '\0';
}

int
pf_gs_pair_unhex_cert (PfGsText text, PfGsCert **cert)
{
  uint8_t pem[PF_GS_PEM_MAX];
  int ret;

  if (text.size > 2 * sizeof pem)
    return PF_ERR_RANGE;
  ret = pf_gs_pair_unhex (text, pem, text.size / 2);
  if (ret < 0)
    return ret;
  return pf_gs_cert_new ((const char *) pem, text.size / 2, NULL, 0, cert);
}

void
pf_gs_pair_hex_cert (const PfGsCert *cert, char *out)
{
  size_t size;
  const char *pem = pf_gs_cert_pem (cert, &size);

  pf_gs_pair_hex ((const uint8_t *) pem, size, out);
}

/* ---- Arithmetic --------------------------------------------------------- */

int
pf_gs_pair_key (const uint8_t salt[PF_GS_PAIR_SALT],
    const char pin[PF_GS_PAIR_PIN], uint8_t key[PF_GS_PAIR_BLOCK])
{
  uint8_t bytes[PF_GS_PAIR_SALT + PF_GS_PAIR_PIN], hash[PF_GS_PAIR_HASH];
  bool good;

  memcpy (bytes, salt, PF_GS_PAIR_SALT);
  memcpy (bytes + PF_GS_PAIR_SALT, pin, PF_GS_PAIR_PIN);
  good =
      EVP_Q_digest (NULL, "SHA256", NULL, bytes, sizeof bytes, hash, NULL) == 1;
  memcpy (key, hash, PF_GS_PAIR_BLOCK);
  pf_wipe (bytes, sizeof bytes);
  pf_wipe (hash, sizeof hash);
  return good ? 0 : PF_ERR_UNSUPPORTED;
}

int
pf_gs_pair_crypt (
    bool encrypt, const uint8_t key[PF_GS_PAIR_BLOCK], uint8_t *bytes, size_t n)
{
  EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new ();
  int used = 0;
  const bool good = ctx &&
                    EVP_CipherInit_ex (ctx, EVP_aes_128_ecb (), NULL, key, NULL,
                        encrypt) == 1 &&
                    EVP_CIPHER_CTX_set_padding (ctx, 0) == 1 &&
                    EVP_CipherUpdate (ctx, bytes, &used, bytes, (int) n) == 1 &&
                    used == (int) n;

  EVP_CIPHER_CTX_free (ctx);
  ERR_clear_error ();
  return good ? 0 : PF_ERR_UNSUPPORTED;
}

int
pf_gs_pair_proof (const uint8_t challenge[PF_GS_PAIR_BLOCK],
    const PfGsCert *cert, const uint8_t secret[PF_GS_PAIR_BLOCK],
    uint8_t hash[PF_GS_PAIR_HASH])
{
  EVP_MD_CTX *ctx = EVP_MD_CTX_new ();
  size_t size;
  const uint8_t *signature = pf_gs_cert_signature (cert, &size);
  const bool good = ctx && EVP_DigestInit_ex (ctx, EVP_sha256 (), NULL) == 1 &&
                    EVP_DigestUpdate (ctx, challenge, PF_GS_PAIR_BLOCK) == 1 &&
                    EVP_DigestUpdate (ctx, signature, size) == 1 &&
                    EVP_DigestUpdate (ctx, secret, PF_GS_PAIR_BLOCK) == 1 &&
                    EVP_DigestFinal_ex (ctx, hash, NULL) == 1;

  EVP_MD_CTX_free (ctx);
  ERR_clear_error ();
  return good ? 0 : PF_ERR_UNSUPPORTED;
}

int
pf_gs_pair_sign_secret (
    const PfGsCert *cert, const uint8_t secret[PF_GS_PAIR_BLOCK], char *out)
{
  uint8_t bytes[PF_GS_PAIR_BLOCK + PF_GS_SIGNATURE_MAX];
  size_t n;
  int ret;

  memcpy (bytes, secret, PF_GS_PAIR_BLOCK);
  ret = pf_gs_cert_sign (
      cert, secret, PF_GS_PAIR_BLOCK, bytes + PF_GS_PAIR_BLOCK, &n);
  if (ret == 0)
    pf_gs_pair_hex (bytes, PF_GS_PAIR_BLOCK + n, out);
  pf_wipe (bytes, sizeof bytes);
  return ret;
}

int
pf_gs_pair_verify_secret (
    const PfGsCert *cert, PfGsText text, uint8_t secret[PF_GS_PAIR_BLOCK])
{
  uint8_t bytes[PF_GS_PAIR_BLOCK + PF_GS_SIGNATURE_MAX];
  const size_t n = text.size / 2;
  int ret;

  if (n <= PF_GS_PAIR_BLOCK || n > sizeof bytes)
    return PF_ERR_INVALID;
  ret = pf_gs_pair_unhex (text, bytes, n);
  if (ret == 0)
    ret = pf_gs_cert_verify (cert, bytes, PF_GS_PAIR_BLOCK,
        bytes + PF_GS_PAIR_BLOCK, n - PF_GS_PAIR_BLOCK);
  if (ret == 0)
    memcpy (secret, bytes, PF_GS_PAIR_BLOCK);
  pf_wipe (bytes, sizeof bytes);
  return ret;
}
