/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * SPAKE2 with libsodium's arithmetic. libsodium refuses points outside the
 * prime order subgroup, which no honest peer sends.
 */
#include "pf-spake2.h"

#include <sodium.h>
#include <string.h>

#include "pf-wipe.h"

enum { POINT = crypto_core_ed25519_BYTES, WIDE = 48 };

static const char letters[] = { 'A', 'B' };

/* Two points whose logarithms nobody knows, for A and for B. */
static const uint8_t blinds[2][POINT] = {
  { 0x15, 0xcf, 0xd1, 0x8e, 0x38, 0x59, 0x52, 0x98, 0x2b, 0x6a, 0x8f, 0x8c,
      0x78, 0x54, 0x96, 0x3b, 0x58, 0xe3, 0x43, 0x88, 0xc8, 0xe6, 0xda, 0xe8,
      0x91, 0xdb, 0x75, 0x64, 0x81, 0xa0, 0x23, 0x12 },
  { 0xf0, 0x4f, 0x2e, 0x7e, 0xb7, 0x34, 0xb2, 0xa8, 0xf8, 0xb4, 0x72, 0xea,
      0xf9, 0xc3, 0xc6, 0x32, 0x57, 0x6a, 0xc6, 0x4a, 0xea, 0x65, 0x0b, 0x49,
      0x6a, 0x8a, 0x20, 0xff, 0x00, 0xe5, 0x83, 0xc3 },
};

static void
hmac (const uint8_t *key, size_t key_size, const uint8_t *bytes, size_t size,
    uint8_t out[32])
{
  crypto_auth_hmacsha256_state state;

  crypto_auth_hmacsha256_init (&state, key, key_size);
  crypto_auth_hmacsha256_update (&state, bytes, size);
  crypto_auth_hmacsha256_final (&state, out);
  pf_wipe (&state, sizeof state);
}

/* HKDF-SHA256 without salt, 48 bytes, as a big number modulo the order. */
static void
password_scalar (const uint8_t *pin, size_t size, uint8_t scalar[32])
{
  static const uint8_t salt[32];
  static const char info[] = "SPAKE2 pw";
  uint8_t prk[32], block[32 + sizeof info], out[64];
  uint8_t wide[crypto_core_ed25519_NONREDUCEDSCALARBYTES] = { 0 };
  const size_t n = sizeof info - 1;

  hmac (salt, sizeof salt, pin, size, prk);
  memcpy (block, info, n);
  block[n] = 1;
  hmac (prk, sizeof prk, block, n + 1, out);
  memcpy (block, out, 32);
  memcpy (block + 32, info, n);
  block[32 + n] = 2;
  hmac (prk, sizeof prk, block, 32 + n + 1, out + 32);
  for (size_t i = 0; i < WIDE; i++)
    wide[i] = out[WIDE - 1 - i];
  crypto_core_ed25519_scalar_reduce (scalar, wide);
  pf_wipe (prk, sizeof prk);
  pf_wipe (block, sizeof block);
  pf_wipe (out, sizeof out);
  pf_wipe (wide, sizeof wide);
}

int
pf_spake2_start (PfSpake2 *spake, PfSpake2Side side, const uint8_t *pin,
    size_t pin_size, const uint8_t random[PF_SPAKE2_RANDOM])
{
  uint8_t own[POINT], blind[POINT];
  PfSpake2 s = { .side = side };
  int ret = PF_ERR_INVALID;

  if (sodium_init () < 0)
    return PF_ERR_UNSUPPORTED;
  password_scalar (pin, pin_size, s.password);
  crypto_hash_sha256 (s.hash, pin, pin_size);
  crypto_core_ed25519_scalar_reduce (s.scalar, random);
  s.message[0] = (uint8_t) letters[side];
  if (crypto_scalarmult_ed25519_base_noclamp (own, s.scalar) == 0 &&
      crypto_scalarmult_ed25519_noclamp (blind, s.password, blinds[side]) ==
          0 &&
      crypto_core_ed25519_add (s.message + 1, own, blind) == 0) {
    *spake = s;
    ret = 0;
  }
  pf_wipe (&s, sizeof s);
  pf_wipe (own, sizeof own);
  pf_wipe (blind, sizeof blind);
  return ret;
}

int
pf_spake2_check (PfSpake2Side side, const uint8_t message[PF_SPAKE2_MESSAGE])
{
  if (sodium_init () < 0)
    return PF_ERR_UNSUPPORTED;
  return message[0] == (uint8_t) letters[side] &&
                 crypto_core_ed25519_is_valid_point (message + 1) == 1
             ? 0
             : PF_ERR_INVALID;
}

/* What both ends get from the other's message: K. */
static int
shared_point (const PfSpake2 *s, PfSpake2Side other, const uint8_t *theirs,
    uint8_t *point)
{
  uint8_t blind[POINT], bare[POINT];
  int ret = PF_ERR_INVALID;

  if (crypto_scalarmult_ed25519_noclamp (blind, s->password, blinds[other]) ==
          0 &&
      crypto_core_ed25519_sub (bare, theirs, blind) == 0 &&
      crypto_scalarmult_ed25519_noclamp (point, s->scalar, bare) == 0)
    ret = 0;
  pf_wipe (blind, sizeof blind);
  pf_wipe (bare, sizeof bare);
  return ret;
}

int
pf_spake2_finish (const PfSpake2 *spake,
    const uint8_t message[PF_SPAKE2_MESSAGE],
    const uint8_t client[PF_SPAKE2_FINGERPRINT],
    const uint8_t host[PF_SPAKE2_FINGERPRINT], uint8_t key[PF_SPAKE2_KEY])
{
  const PfSpake2Side other =
      spake->side == PF_SPAKE2_CLIENT ? PF_SPAKE2_HOST : PF_SPAKE2_CLIENT;
  const uint8_t *a = other == PF_SPAKE2_HOST ? spake->message : message;
  const uint8_t *b = other == PF_SPAKE2_HOST ? message : spake->message;
  uint8_t all[6 * 32];
  int ret = pf_spake2_check (other, message);

  if (ret == 0)
    ret = shared_point (spake, other, message + 1, all + 160);
  if (ret == 0) {
    memcpy (all, spake->hash, 32);
    crypto_hash_sha256 (all + 32, client, PF_SPAKE2_FINGERPRINT);
    crypto_hash_sha256 (all + 64, host, PF_SPAKE2_FINGERPRINT);
    memcpy (all + 96, a + 1, 32);
    memcpy (all + 128, b + 1, 32);
    crypto_hash_sha256 (key, all, sizeof all);
  }
  pf_wipe (all, sizeof all);
  return ret;
}

void
pf_spake2_wipe (PfSpake2 *spake)
{
  pf_wipe (spake, sizeof *spake);
}
