/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * AES-128-CBC over OpenSSL's EVP; the padding is made here, so that a packet
 * is two plain calls into buffers whose size is known beforehand.
 */
#include "pf-cbc.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

struct PfCbc {
  EVP_CIPHER *cipher;
  EVP_CIPHER_CTX *ctx;
  PfCbcDirection direction;
};

int
pf_cbc_new (
    PfCbcDirection direction, const uint8_t key[PF_CBC_KEY_SIZE], PfCbc **cbc)
{
  static const uint8_t zero[PF_CBC_KEY_SIZE];
  PfCbc *c;
  int ret = PF_ERR_UNSUPPORTED;

  if ((direction != PF_CBC_ENCRYPT && direction != PF_CBC_DECRYPT) || !key ||
      !cbc || memcmp (key, zero, sizeof zero) == 0)
    return PF_ERR_INVALID;
  c = calloc (1, sizeof *c);
  if (!c)
    return PF_ERR_NO_MEMORY;
  c->direction = direction;
  c->ctx = EVP_CIPHER_CTX_new ();
  if (!c->ctx) {
    ret = PF_ERR_NO_MEMORY;
    goto fail;
  }
  c->cipher = EVP_CIPHER_fetch (NULL, "AES-128-CBC", NULL);
  if (!c->cipher ||
      !EVP_CipherInit_ex (
          c->ctx, c->cipher, NULL, key, NULL, direction == PF_CBC_ENCRYPT) ||
      !EVP_CIPHER_CTX_set_padding (c->ctx, 0))
    goto fail;
  *cbc = c;
  return 0;

fail:
  pf_cbc_free (c);
  return ret;
}

void
pf_cbc_free (PfCbc *cbc)
{
  if (!cbc)
    return;
  EVP_CIPHER_CTX_free (cbc->ctx); /* clears the expanded key */
  EVP_CIPHER_free (cbc->cipher);
  free (cbc);
}

void
pf_cbc_audio_iv (uint32_t key_id, uint16_t sequence, uint8_t iv[PF_CBC_BLOCK])
{
  const uint32_t id = key_id + sequence;

  memset (iv, 0, PF_CBC_BLOCK);
  for (unsigned i = 0; i < 4; i++)
    iv[i] = (uint8_t) (id >> (24 - 8 * i));
}

/* Whole blocks. */
static bool
update (PfCbc *cbc, const uint8_t *in, size_t size, uint8_t *out)
{
  int n;

  return size == 0 || (EVP_CipherUpdate (cbc->ctx, out, &n, in, (int) size) &&
                          (size_t) n == size);
}

int
pf_cbc_encrypt (PfCbc *cbc, const uint8_t iv[PF_CBC_BLOCK], const uint8_t *in,
    size_t size, uint8_t *out)
{
  const size_t tail = size % PF_CBC_BLOCK, whole = size - tail;
  uint8_t last[PF_CBC_BLOCK];
  bool done;

  if (!cbc || cbc->direction != PF_CBC_ENCRYPT || !iv || (!in && size) || !out)
    return PF_ERR_INVALID;
  if (size > PF_CBC_SIZE_MAX)
    return PF_ERR_RANGE;
  memset (last, (int) (PF_CBC_BLOCK - tail), sizeof last);
  if (tail)
    memcpy (last, in + whole, tail);
  done = EVP_CipherInit_ex (cbc->ctx, NULL, NULL, NULL, iv, -1) &&
         update (cbc, in, whole, out) &&
         update (cbc, last, sizeof last, out + whole);
  OPENSSL_cleanse (last, sizeof last);
  if (done)
    return 0;
  OPENSSL_cleanse (out, PF_CBC_SIZE (size));
  return PF_ERR_UNSUPPORTED;
}

int
pf_cbc_decrypt (PfCbc *cbc, const uint8_t iv[PF_CBC_BLOCK], const uint8_t *in,
    size_t size, uint8_t *out, size_t *out_size)
{
  int ret = PF_ERR_UNSUPPORTED;
  uint8_t pad;

  if (!cbc || cbc->direction != PF_CBC_DECRYPT || !iv || !in || !out ||
      !out_size)
    return PF_ERR_INVALID;
  if (size == 0 || size % PF_CBC_BLOCK || size > PF_CBC_SIZE_MAX)
    return PF_ERR_RANGE;
  if (!EVP_CipherInit_ex (cbc->ctx, NULL, NULL, NULL, iv, -1) ||
      !update (cbc, in, size, out))
    goto fail;
  ret = PF_ERR_AUTH;
  pad = out[size - 1];
  if (pad == 0 || pad > PF_CBC_BLOCK)
    goto fail;
  for (size_t i = size - pad; i < size; i++)
    if (out[i] != pad)
      goto fail;
  memset (out + size - pad, 0, pad);
  *out_size = size - pad;
  return 0;

fail:
  OPENSSL_cleanse (out, size);
  return ret;
}
