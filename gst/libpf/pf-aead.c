/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * AEAD over OpenSSL's EVP: one fetched cipher and one keyed context each; a
 * packet sets the IV only (a new context per packet costs 2.4 to 3.5 times,
 * the key anew 1.35 times).
 */
#include "pf-aead.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

struct PfAead {
  EVP_CIPHER *cipher;
  EVP_CIPHER_CTX *ctx;
  PfAeadDirection direction;
};

struct PfSealer {
  PfAead *aead;
  PfNonceCounter counter;
};

static const struct {
  const char *name;
  size_t key_size;
  int nonce_size; /* 0: OpenSSL's default, 12 */
} ciphers[] = {
  [PF_AEAD_AES_128_GCM] = { "AES-128-GCM", 16, 0 },
  [PF_AEAD_CHACHA20_POLY1305] = { "ChaCha20-Poly1305", 32, 0 },
  [PF_AEAD_AES_128_GCM_IV16] = { "AES-128-GCM", 16, PF_NONCE_LEGACY_SIZE },
};

size_t
pf_aead_key_size (PfAeadCipher cipher)
{
  if (cipher < PF_AEAD_AES_128_GCM || cipher > PF_AEAD_AES_128_GCM_IV16)
    return 0;
  return ciphers[cipher].key_size;
}

static bool
all_zero (const uint8_t *bytes, size_t size)
{
  uint8_t any = 0;

  for (size_t i = 0; i < size; i++)
    any |= bytes[i];
  return any == 0;
}

/* The key goes in with the direction; it stays until the context goes. */
static bool
set_key (PfAead *aead, int nonce_size, const uint8_t *key)
{
  const int encrypt = aead->direction == PF_AEAD_SEAL;

  if (!EVP_CipherInit_ex (aead->ctx, aead->cipher, NULL, NULL, NULL, encrypt))
    return false;
  if (nonce_size && EVP_CIPHER_CTX_ctrl (aead->ctx, EVP_CTRL_AEAD_SET_IVLEN,
                        nonce_size, NULL) <= 0)
    return false;
  return EVP_CipherInit_ex (aead->ctx, NULL, NULL, key, NULL, encrypt) > 0;
}

int
pf_aead_new (PfAeadCipher cipher, PfAeadDirection direction, const uint8_t *key,
    size_t key_size, PfAead **aead)
{
  PfAead *a;
  int ret = PF_ERR_UNSUPPORTED;

  if (pf_aead_key_size (cipher) == 0 || !key || !aead ||
      key_size != pf_aead_key_size (cipher) || all_zero (key, key_size) ||
      (direction != PF_AEAD_SEAL && direction != PF_AEAD_OPEN))
    return PF_ERR_INVALID;
  a = calloc (1, sizeof *a);
  if (!a)
    return PF_ERR_NO_MEMORY;
  a->direction = direction;
  a->ctx = EVP_CIPHER_CTX_new ();
  if (!a->ctx) {
    ret = PF_ERR_NO_MEMORY;
    goto fail;
  }
  a->cipher = EVP_CIPHER_fetch (NULL, ciphers[cipher].name, NULL);
  if (!a->cipher || !set_key (a, ciphers[cipher].nonce_size, key))
    goto fail;
  *aead = a;
  return 0;

fail:
  pf_aead_free (a);
  return ret;
}

void
pf_aead_free (PfAead *aead)
{
  if (!aead)
    return;
  EVP_CIPHER_CTX_free (aead->ctx); /* clears the expanded key */
  EVP_CIPHER_free (aead->cipher);
  free (aead);
}

static void
wipe_spans (const PfAeadSpan *spans, size_t n_spans)
{
  for (size_t i = 0; i < n_spans; i++)
    if (spans[i].data)
      OPENSSL_cleanse (spans[i].data, spans[i].size);
}

static int
check (const PfAead *aead, PfAeadDirection direction, const uint8_t *nonce,
    const uint8_t *aad, size_t aad_size, const PfAeadSpan *spans,
    size_t n_spans, const uint8_t *tag)
{
  size_t total = 0;

  if (!aead || aead->direction != direction || !nonce || !tag ||
      (!aad && aad_size))
    return PF_ERR_INVALID;
  if (aad_size > PF_AEAD_SIZE_MAX)
    return PF_ERR_RANGE;
  for (size_t i = 0; i < n_spans; i++) {
    if (!spans[i].data && spans[i].size)
      return PF_ERR_INVALID;
    if (spans[i].size > PF_AEAD_SIZE_MAX - total)
      return PF_ERR_RANGE;
    total += spans[i].size;
  }
  return 0;
}

/* IV, AAD and spans: the part that both directions share. */
static bool
run (EVP_CIPHER_CTX *ctx, const uint8_t *nonce, const uint8_t *aad,
    size_t aad_size, const PfAeadSpan *spans, size_t n_spans)
{
  int n;

  if (!EVP_CipherInit_ex (ctx, NULL, NULL, NULL, nonce, -1))
    return false;
  if (aad_size && !EVP_CipherUpdate (ctx, NULL, &n, aad, (int) aad_size))
    return false;
  for (size_t i = 0; i < n_spans; i++)
    if (spans[i].size && !EVP_CipherUpdate (ctx, spans[i].data, &n,
                             spans[i].data, (int) spans[i].size))
      return false;
  return true;
}

int
pf_aead_seal (PfAead *aead, const uint8_t *nonce, const uint8_t *aad,
    size_t aad_size, const PfAeadSpan *spans, size_t n_spans,
    uint8_t tag[PF_AEAD_TAG_SIZE])
{
  uint8_t rest[EVP_MAX_BLOCK_LENGTH];
  int ret, n;

  if (!spans && n_spans)
    return PF_ERR_INVALID;
  ret = check (aead, PF_AEAD_SEAL, nonce, aad, aad_size, spans, n_spans, tag);
  if (ret < 0)
    goto fail;
  ret = PF_ERR_UNSUPPORTED;
  if (!run (aead->ctx, nonce, aad, aad_size, spans, n_spans) ||
      !EVP_CipherFinal_ex (aead->ctx, rest, &n) ||
      EVP_CIPHER_CTX_ctrl (
          aead->ctx, EVP_CTRL_AEAD_GET_TAG, PF_AEAD_TAG_SIZE, tag) <= 0)
    goto fail;
  return 0;

fail:
  wipe_spans (spans, n_spans);
  return ret;
}

int
pf_aead_open (PfAead *aead, const uint8_t *nonce, const uint8_t *aad,
    size_t aad_size, const PfAeadSpan *spans, size_t n_spans,
    const uint8_t *tag, size_t tag_size)
{
  uint8_t expected[PF_AEAD_TAG_SIZE], rest[EVP_MAX_BLOCK_LENGTH];
  int ret, n;

  if (!spans && n_spans)
    return PF_ERR_INVALID;
  ret = check (aead, PF_AEAD_OPEN, nonce, aad, aad_size, spans, n_spans, tag);
  if (ret < 0)
    goto fail;
  /* OpenSSL would take a shorter tag and compare no more than that. */
  ret = PF_ERR_AUTH;
  if (tag_size != PF_AEAD_TAG_SIZE)
    goto fail;
  memcpy (expected, tag, PF_AEAD_TAG_SIZE);
  if (!run (aead->ctx, nonce, aad, aad_size, spans, n_spans) ||
      EVP_CIPHER_CTX_ctrl (
          aead->ctx, EVP_CTRL_AEAD_SET_TAG, PF_AEAD_TAG_SIZE, expected) <= 0) {
    ret = PF_ERR_UNSUPPORTED;
    goto fail;
  }
  if (EVP_CipherFinal_ex (aead->ctx, rest, &n) <= 0)
    goto fail;
  return 0;

fail:
  wipe_spans (spans, n_spans);
  return ret;
}

/* ---- The one sender of a key --------------------------------------------- */

int
pf_sealer_new (PfAeadCipher cipher, const PfNonceSource *source, uint8_t *key,
    size_t key_size, PfSealer **sealer)
{
  PfNonceCounter counter;
  PfSealer *s;
  int ret;

  if (!sealer || cipher == PF_AEAD_AES_128_GCM_IV16)
    return PF_ERR_INVALID;
  ret = pf_nonce_counter_init (&counter, source);
  if (ret < 0)
    return ret;
  s = calloc (1, sizeof *s);
  if (!s)
    return PF_ERR_NO_MEMORY;
  s->counter = counter;
  ret = pf_aead_new (cipher, PF_AEAD_SEAL, key, key_size, &s->aead);
  if (ret < 0) {
    free (s);
    return ret;
  }
  OPENSSL_cleanse (key, key_size);
  *sealer = s;
  return 0;
}

void
pf_sealer_free (PfSealer *sealer)
{
  if (!sealer)
    return;
  pf_aead_free (sealer->aead);
  OPENSSL_cleanse (sealer, sizeof *sealer);
  free (sealer);
}

int
pf_sealer_seal (PfSealer *sealer, const PfAeadSpan *spans, size_t n_spans,
    PfSealed *sealed, uint8_t tag[PF_AEAD_TAG_SIZE])
{
  PfSealed s;
  size_t aad_size = 0;
  int ret = PF_ERR_INVALID;

  if (!spans && n_spans)
    return PF_ERR_INVALID;
  if (sealer && sealed)
    ret = pf_nonce_counter_take (&sealer->counter, &s.sequence, s.nonce);
  if (ret < 0) {
    wipe_spans (spans, n_spans);
    return ret;
  }
  if (sealer->counter.source.scheme <= PF_NONCE_PUNKTFUNK1_CLIENT)
    aad_size = 8;
  /* The nonce ends in the sequence as it goes over the wire. */
  ret = pf_aead_seal (
      sealer->aead, s.nonce, s.nonce + 4, aad_size, spans, n_spans, tag);
  if (ret < 0)
    return ret;
  *sealed = s;
  return 0;
}

int
pf_sealer_seal_packet (PfSealer *sealer, const PfWire *wire, uint8_t *prefix,
    const PfAeadSpan *spans, size_t n_spans, uint8_t *suffix)
{
  uint8_t nonce[PF_NONCE_SIZE], *tag = suffix;
  uint64_t number;
  int ret = PF_ERR_INVALID;

  if (!spans || n_spans == 0)
    return PF_ERR_INVALID;
  if (wire && prefix && wire->seal_tag >= 0)
    tag = prefix + wire->seal_tag;
  if (sealer && wire && prefix && tag && spans[0].data &&
      spans[0].size >= wire->header_size)
    ret = pf_nonce_counter_take (&sealer->counter, &number, nonce);
  if (ret < 0) {
    wipe_spans (spans, n_spans);
    return ret;
  }
  wire->seal (number, nonce, spans[0].data, prefix);
  return pf_aead_seal (
      sealer->aead, nonce, prefix, wire->seal_aad, spans, n_spans, tag);
}

int
pf_sealer_raise (PfSealer *sealer, uint64_t sequence)
{
  return pf_nonce_counter_raise (&sealer->counter, sequence);
}
