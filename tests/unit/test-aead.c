/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Sealing and opening: the vectors of both protocols in both directions, what
 * is refused and that nothing plain stays behind then, keys that are wiped,
 * nonces that never come twice, and no allocation per packet.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "crypto-vectors.h"
#include "pf-aead.h"
#include "pf-test.h"

#define MAX 4096

static const uint8_t key_a[32] = { 0x5e, 0x9a, 0x33, 0xd1, 0x07, 0x42, 0xbb,
  0x6c, 0xf0, 0x18, 0x95, 0x2d, 0xe4, 0x71, 0xa8, 0x0f, 0x11, 0x22, 0x33, 0x44,
  0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff, 0x01 };

static const PfAeadCipher all_ciphers[] = { PF_AEAD_AES_128_GCM,
  PF_AEAD_CHACHA20_POLY1305, PF_AEAD_AES_128_GCM_IV16 };

#define N_CIPHERS (sizeof all_ciphers / sizeof all_ciphers[0])

static PfAead *
aead_new (PfAeadCipher cipher, PfAeadDirection direction, const uint8_t *key)
{
  PfAead *aead = NULL;

  PF_REQUIRE_INT (
      pf_aead_new (cipher, direction, key, pf_aead_key_size (cipher), &aead),
      ==, 0);
  return aead;
}

static bool
is_zero (const uint8_t *bytes, size_t size)
{
  for (size_t i = 0; i < size; i++)
    if (bytes[i])
      return false;
  return true;
}

/* Cuts [0, size) into up to four spans, some of them empty. */
static size_t
cut (uint8_t *bytes, size_t size, PfAeadSpan spans[4])
{
  const size_t n = 1 + (size_t) pf_test_random_below (4);
  size_t at = 0;

  for (size_t i = 0; i < n; i++) {
    const size_t s =
        i + 1 == n ? size - at : (size_t) pf_test_random_below (size - at + 1);

    spans[i] = (PfAeadSpan){ s ? bytes + at : NULL, s };
    at += s;
  }
  return n;
}

/* Seals PLAIN as packet SEQUENCE and opens it again, contexts kept from one
 * packet to the next, whole and in pieces: the bytes must be WIRE's. */
static void
check_packet (PfAead *seal, PfAead *open, const uint8_t *nonce,
    const uint8_t *aad, size_t aad_size, const uint8_t *plain, size_t size,
    const uint8_t *sealed, const uint8_t *tag)
{
  for (unsigned pass = 0; pass < 4; pass++) {
    uint8_t *work = malloc (size + 1), got[PF_AEAD_TAG_SIZE];
    PfAeadSpan spans[4] = { { work, size } };
    size_t n = 1;

    PF_REQUIRE (work != NULL);
    memcpy (work, plain, size);
    if (pass)
      n = cut (work, size, spans);
    PF_CHECK_INT (
        pf_aead_seal (seal, nonce, aad, aad_size, spans, n, got), ==, 0);
    PF_CHECK_MEM (work, sealed, size);
    PF_CHECK_MEM (got, tag, sizeof got);
    if (pass)
      n = cut (work, size, spans);
    PF_CHECK_INT (
        pf_aead_open (open, nonce, aad, aad_size, spans, n, tag, 16), ==, 0);
    PF_CHECK_MEM (work, plain, size);
    free (work);
  }
}

static unsigned
check_punktfunk1 (const PfJson *set, PfAeadCipher cipher)
{
  const PfJson *packets = pf_json_member (set, "packets");
  const Bytes key = crypto_vectors_hex (pf_json_member (set, "key"));
  const Bytes salt = crypto_vectors_hex (pf_json_member (set, "salt"));
  PfAead *seal = aead_new (cipher, PF_AEAD_SEAL, key.data);
  PfAead *open = aead_new (cipher, PF_AEAD_OPEN, key.data);
  unsigned n = 0;

  PF_REQUIRE (key.size == pf_aead_key_size (cipher) && salt.size == 4);
  for (const PfJson *p = pf_json_first (packets); p; p = pf_json_next (p)) {
    const char *sender = pf_json_string (pf_json_member (p, "sender"));
    const Bytes plain = crypto_vectors_hex (pf_json_member (p, "plaintext"));
    const Bytes wire = crypto_vectors_hex (pf_json_member (p, "wire"));
    const bool host = sender && strcmp (sender, "host") == 0;
    PfNonceSource source = {
      host ? PF_NONCE_PUNKTFUNK1_HOST : PF_NONCE_PUNKTFUNK1_CLIENT, { 0 }
    };
    uint8_t nonce[PF_NONCE_SIZE], *key_copy = malloc (key.size);
    uint64_t seq = 0;
    PfSealer *sealer = NULL;
    PfSealed sealed;

    PF_REQUIRE (key_copy != NULL);
    PF_REQUIRE (sender && (host || strcmp (sender, "client") == 0));
    PF_REQUIRE (pf_json_uint64 (pf_json_member (p, "seq"), &seq));
    PF_REQUIRE_UINT (wire.size, ==, plain.size + 24);
    memcpy (source.salt, salt.data, 4);
    PF_REQUIRE_INT (pf_nonce_make (&source, seq, nonce), ==, 0);
    check_packet (seal, open, nonce, wire.data, 8, plain.data, plain.size,
        wire.data + 8, wire.data + 8 + plain.size);

    /* The same through a sealer: nonce, AAD and prefix are its business. */
    memcpy (key_copy, key.data, key.size);
    PF_REQUIRE_INT (
        pf_sealer_new (cipher, &source, key_copy, key.size, &sealer), ==, 0);
    PF_CHECK (is_zero (key_copy, key.size));
    PF_CHECK_INT (pf_sealer_raise (sealer, seq), ==, 0);
    {
      uint8_t got[MAX + 24];
      const PfAeadSpan span = { got + 8, plain.size };

      PF_REQUIRE (plain.size <= MAX);
      memcpy (got + 8, plain.data, plain.size);
      PF_CHECK_INT (
          pf_sealer_seal (sealer, &span, 1, &sealed, got + 8 + plain.size), ==,
          0);
      PF_CHECK_UINT (sealed.sequence, ==, seq);
      memcpy (got, sealed.nonce + 4, 8);
      PF_CHECK_MEM (got, wire.data, wire.size);
    }
    pf_sealer_free (sealer);
    free (key_copy);
    n++;
  }
  pf_aead_free (seal);
  pf_aead_free (open);
  return n;
}

static void
test_vectors_punktfunk1 (void)
{
  const PfJson *v =
      pf_json_member (crypto_vectors_load ("punktfunk1/aead.json"), "v");

  PF_CHECK_UINT (
      check_punktfunk1 (pf_json_member (v, "aes128gcm"), PF_AEAD_AES_128_GCM),
      ==, 12);
  PF_CHECK_UINT (check_punktfunk1 (pf_json_member (v, "chacha20poly1305"),
                     PF_AEAD_CHACHA20_POLY1305),
      ==, 3);
  crypto_vectors_clear ();
}

/* A whole session: what was opened, sealed again in the same order by a fresh
 * sealer, is the same session. */
static void
test_vectors_session (void)
{
  const PfJson *v = pf_json_member (
      crypto_vectors_load ("punktfunk1/sealed_session.json"), "v");
  const Bytes key = crypto_vectors_hex (pf_json_member (v, "key"));
  const Bytes salt = crypto_vectors_hex (pf_json_member (v, "salt"));
  PfAead *open = aead_new (PF_AEAD_AES_128_GCM, PF_AEAD_OPEN, key.data);
  const PfJson *frames = pf_json_member (v, "frames");
  PfNonceSource source = { PF_NONCE_PUNKTFUNK1_HOST, { 0 } };
  uint8_t key_copy[16];
  PfSealer *sealer = NULL;
  uint64_t seq = 0;

  PF_REQUIRE (key.size == 16 && salt.size == 4);
  memcpy (source.salt, salt.data, 4);
  memcpy (key_copy, key.data, 16);
  PF_REQUIRE_INT (
      pf_sealer_new (PF_AEAD_AES_128_GCM, &source, key_copy, 16, &sealer), ==,
      0);
  for (const PfJson *f = pf_json_first (frames); f; f = pf_json_next (f)) {
    const PfJson *datagrams = pf_json_member (f, "datagrams");

    for (const PfJson *d = pf_json_first (datagrams); d; d = pf_json_next (d)) {
      const Bytes wire = crypto_vectors_hex (d);
      uint8_t work[MAX], nonce[PF_NONCE_SIZE];
      uint8_t prefix[8], tag[PF_AEAD_TAG_SIZE];
      /* header and shard, as the packet path has them */
      const PfAeadSpan spans[2] = { { work, 40 },
        { work + 40, wire.size - 24 - 40 } };

      PF_REQUIRE (wire.size > 64 && wire.size <= sizeof work);
      memcpy (work, wire.data + 8, wire.size - 24);
      PF_REQUIRE_INT (pf_nonce_make (&source, seq, nonce), ==, 0);
      PF_CHECK_MEM (nonce + 4, wire.data, 8);
      PF_REQUIRE_INT (pf_aead_open (open, nonce, wire.data, 8, spans, 2,
                          wire.data + wire.size - 16, 16),
          ==, 0);
      PF_CHECK_HEX (work[36], ==, 0xc9);
      PF_CHECK_INT (pf_sealer_seal_packet (
                        sealer, &pf_wire_punktfunk1, prefix, spans, 2, tag),
          ==, 0);
      PF_CHECK_MEM (prefix, wire.data, sizeof prefix);
      PF_CHECK_MEM (work, wire.data + 8, wire.size - 24);
      PF_CHECK_MEM (tag, wire.data + wire.size - 16, 16);
      seq++;
    }
  }
  PF_CHECK_UINT (seq, ==, 7);
  pf_aead_free (open);
  pf_sealer_free (sealer);
  crypto_vectors_clear ();
}

/* Control messages (new and old encryption) and RTSP, both directions. */
static void
test_vectors_gamestream (void)
{
  const PfJson *root = crypto_vectors_load ("gamestream/control_rtsp.json");
  const Bytes key = crypto_vectors_hex (pf_json_member (root, "key"));
  static const char *const lists[] = { "control", "rtsp" };
  unsigned n = 0, n_old = 0;

  PF_REQUIRE_UINT (key.size, ==, 16);
  for (unsigned l = 0; l < 2; l++) {
    const PfJson *list = pf_json_member (root, lists[l]);

    for (const PfJson *m = pf_json_first (list); m; m = pf_json_next (m)) {
      const char *from = pf_json_string (pf_json_member (m, "direction"));
      const char *how = pf_json_string (pf_json_member (m, "encryption"));
      const Bytes message = crypto_vectors_hex (pf_json_member (m, "message"));
      const bool host = from && strcmp (from, "host_to_client") == 0;
      const bool old = how && strcmp (how, "v1") == 0;
      const int64_t seq = crypto_vectors_int (pf_json_member (m, "seq"));
      const PfAeadCipher cipher =
          old ? PF_AEAD_AES_128_GCM_IV16 : PF_AEAD_AES_128_GCM;
      PfAead *open = aead_new (cipher, PF_AEAD_OPEN, key.data);
      PfAead *seal = aead_new (cipher, PF_AEAD_SEAL, key.data);
      uint8_t nonce[PF_NONCE_LEGACY_SIZE], plain[MAX];
      const PfAeadSpan span = { plain, message.size - 24 };
      PfNonceSource source = { 0, { 0 } };

      PF_REQUIRE (from && message.size > 24 && message.size <= MAX);
      if (l == 0)
        source.scheme = host ? PF_NONCE_GAMESTREAM_CONTROL_HOST
                             : PF_NONCE_GAMESTREAM_CONTROL_CLIENT;
      else
        source.scheme = host ? PF_NONCE_GAMESTREAM_RTSP_HOST
                             : PF_NONCE_GAMESTREAM_RTSP_CLIENT;
      if (old)
        pf_nonce_make_legacy ((uint32_t) seq, nonce);
      else
        PF_REQUIRE_INT (pf_nonce_make (&source, (uint64_t) seq, nonce), ==, 0);
      memcpy (plain, message.data + 24, span.size);
      PF_REQUIRE_INT (
          pf_aead_open (open, nonce, NULL, 0, &span, 1, message.data + 8, 16),
          ==, 0);
      {
        const Bytes text = crypto_vectors_hex (
            pf_json_member (m, l == 0 ? "payload" : "plain"));
        const size_t skip = l == 0 ? 4 : 0; /* type and length */

        PF_REQUIRE_UINT (text.size + skip, ==, span.size);
        PF_CHECK_MEM (plain + skip, text.data, text.size);
      }
      check_packet (seal, open, nonce, NULL, 0, plain, span.size,
          message.data + 24, message.data + 8);
      pf_aead_free (open);
      pf_aead_free (seal);
      n++;
      n_old += old;
    }
  }
  PF_CHECK_UINT (n, ==, 22);
  PF_CHECK_UINT (n_old, ==, 9);
  crypto_vectors_clear ();
}

/* Every way to be wrong, and what is left of the plaintext then. */
static void
test_refused (void)
{
  for (unsigned c = 0; c < N_CIPHERS; c++) {
    PfAead *seal = aead_new (all_ciphers[c], PF_AEAD_SEAL, key_a);
    PfAead *open = aead_new (all_ciphers[c], PF_AEAD_OPEN, key_a);
    uint8_t nonce[16], aad[8], plain[100], work[100], sealed[100];
    uint8_t tag[PF_AEAD_TAG_SIZE], bad[PF_AEAD_TAG_SIZE];
    const PfAeadSpan spans[3] = { { work, 40 }, { NULL, 0 },
      { work + 40, 60 } };

    pf_test_random_bytes (nonce, sizeof nonce);
    pf_test_random_bytes (aad, sizeof aad);
    memset (plain, 0xa5, sizeof plain);
    memcpy (work, plain, sizeof work);
    PF_REQUIRE_INT (pf_aead_seal (seal, nonce, aad, 8, spans, 3, tag), ==, 0);
    memcpy (sealed, work, sizeof sealed);

#define OPEN(aad, aad_size, spans, n, tag, tag_size)                           \
  pf_aead_open (open, nonce, aad, aad_size, spans, n, tag, tag_size)
#define REFUSED(expression)                                                    \
  do {                                                                         \
    PF_CHECK_INT (expression, ==, PF_ERR_AUTH);                                \
    PF_CHECK (is_zero (work, sizeof work));                                    \
    memcpy (work, sealed, sizeof work);                                        \
  } while (0)

    for (unsigned bit = 0; bit < 128; bit++) {
      memcpy (bad, tag, 16);
      bad[bit / 8] ^= (uint8_t) (1 << bit % 8);
      REFUSED (OPEN (aad, 8, spans, 3, bad, 16));
    }
    for (size_t size = 0; size < 16; size++)
      REFUSED (OPEN (aad, 8, spans, 3, tag, size));
    REFUSED (OPEN (aad, 8, spans, 3, tag, 17));
    for (unsigned i = 0; i < 64; i++) {
      aad[i / 8] ^= (uint8_t) (1 << i % 8);
      REFUSED (OPEN (aad, 8, spans, 3, tag, 16));
      aad[i / 8] ^= (uint8_t) (1 << i % 8);
    }
    REFUSED (OPEN (aad, 7, spans, 3, tag, 16));
    REFUSED (OPEN (NULL, 0, spans, 3, tag, 16));
    for (unsigned i = 0; i < 800; i++) {
      work[i / 8] ^= (uint8_t) (1 << i % 8);
      REFUSED (OPEN (aad, 8, spans, 3, tag, 16));
    }
    for (unsigned i = 0; i < 96; i++) {
      nonce[i / 8] ^= (uint8_t) (1 << i % 8);
      REFUSED (OPEN (aad, 8, spans, 3, tag, 16));
      nonce[i / 8] ^= (uint8_t) (1 << i % 8);
    }
    {
      const PfAeadSpan shorter = { work, 99 };

      PF_CHECK_INT (OPEN (aad, 8, &shorter, 1, tag, 16), ==, PF_ERR_AUTH);
      PF_CHECK (is_zero (work, 99));
      memcpy (work, sealed, sizeof work);
    }
    /* And the context still opens what is right. */
    PF_CHECK_INT (OPEN (aad, 8, spans, 3, tag, 16), ==, 0);
    PF_CHECK_MEM (work, plain, sizeof work);

    /* A failed seal leaves nothing to send. */
    PF_CHECK_INT (
        pf_aead_seal (open, nonce, aad, 8, spans, 3, tag), ==, PF_ERR_INVALID);
    PF_CHECK (is_zero (work, sizeof work));
    pf_aead_free (seal);
    pf_aead_free (open);
  }
#undef OPEN
#undef REFUSED
}

static void
test_arguments (void)
{
  static const uint8_t zero[32];
  PfAead *aead = (PfAead *) &zero, *const untouched = aead;
  PfSealer *sealer = NULL;
  PfNonceSource source = { PF_NONCE_PUNKTFUNK1_HOST, { 1, 2, 3, 4 } };
  uint8_t nonce[12] = { 0 }, tag[16], byte = 7, key[32];
  PfAeadSpan span = { &byte, 1 };

#define NEW(cipher, direction, key, size)                                      \
  PF_CHECK_INT (                                                               \
      pf_aead_new (cipher, direction, key, size, &aead), ==, PF_ERR_INVALID)
  NEW ((PfAeadCipher) 0, PF_AEAD_SEAL, key_a, 16);
  NEW ((PfAeadCipher) 4, PF_AEAD_SEAL, key_a, 16);
  NEW (PF_AEAD_AES_128_GCM, (PfAeadDirection) 0, key_a, 16);
  NEW (PF_AEAD_AES_128_GCM, (PfAeadDirection) 3, key_a, 16);
  NEW (PF_AEAD_AES_128_GCM, PF_AEAD_SEAL, NULL, 16);
  NEW (PF_AEAD_AES_128_GCM, PF_AEAD_SEAL, key_a, 0);
  NEW (PF_AEAD_AES_128_GCM, PF_AEAD_SEAL, key_a, 15);
  NEW (PF_AEAD_AES_128_GCM, PF_AEAD_SEAL, key_a, 32);
  NEW (PF_AEAD_CHACHA20_POLY1305, PF_AEAD_SEAL, key_a, 16);
  /* There is no default key, and no key that was never set. */
  NEW (PF_AEAD_AES_128_GCM, PF_AEAD_SEAL, zero, 16);
  NEW (PF_AEAD_CHACHA20_POLY1305, PF_AEAD_OPEN, zero, 32);
#undef NEW
  PF_CHECK (aead == untouched);
  PF_CHECK_INT (
      pf_aead_new (PF_AEAD_AES_128_GCM, PF_AEAD_SEAL, key_a, 16, NULL), ==,
      PF_ERR_INVALID);

  memcpy (key, key_a, 32);
  PF_CHECK_INT (pf_sealer_new (PF_AEAD_AES_128_GCM, &source, key, 32, &sealer),
      ==, PF_ERR_INVALID);
  PF_CHECK_MEM (key, key_a, 32); /* kept when nobody took it */
  PF_CHECK_INT (
      pf_sealer_new (PF_AEAD_AES_128_GCM_IV16, &source, key, 16, &sealer), ==,
      PF_ERR_INVALID);
  source.scheme = (PfNonceScheme) 99;
  PF_CHECK_INT (pf_sealer_new (PF_AEAD_AES_128_GCM, &source, key, 16, &sealer),
      ==, PF_ERR_INVALID);
  PF_CHECK (sealer == NULL);

  aead = aead_new (PF_AEAD_AES_128_GCM, PF_AEAD_SEAL, key_a);
  PF_CHECK_INT (
      pf_aead_seal (aead, NULL, NULL, 0, &span, 1, tag), ==, PF_ERR_INVALID);
  PF_CHECK_INT (byte, ==, 0);
  PF_CHECK_INT (
      pf_aead_seal (aead, nonce, NULL, 1, &span, 1, tag), ==, PF_ERR_INVALID);
  PF_CHECK_INT (
      pf_aead_seal (aead, nonce, NULL, 0, NULL, 1, tag), ==, PF_ERR_INVALID);
  PF_CHECK_INT (
      pf_aead_seal (aead, nonce, NULL, 0, &span, 1, NULL), ==, PF_ERR_INVALID);
  PF_CHECK_INT (pf_aead_open (aead, nonce, NULL, 0, &span, 1, tag, 16), ==,
      PF_ERR_INVALID);
  {
    const PfAeadSpan missing = { NULL, 1 };

    PF_CHECK_INT (pf_aead_seal (aead, nonce, NULL, 0, &missing, 1, tag), ==,
        PF_ERR_INVALID);
  }
  {
    const size_t size = PF_AEAD_SIZE_MAX + 1;
    uint8_t *big = malloc (size);
    PfAeadSpan two[2] = { { big, size - 1 }, { big + size - 1, 1 } };

    PF_REQUIRE (big != NULL);
    memset (big, 1, size);
    PF_CHECK_INT (
        pf_aead_seal (aead, nonce, NULL, 0, two, 2, tag), ==, PF_ERR_RANGE);
    PF_CHECK (is_zero (big, size));
    PF_CHECK_INT (pf_aead_seal (aead, nonce, NULL, 0, two, 1, tag), ==, 0);
    free (big);
  }
  pf_aead_free (aead);
  pf_aead_free (NULL);
  pf_sealer_free (NULL);
}

/* ---- Nonces -------------------------------------------------------------- */

static int
compare_nonces (const void *a, const void *b)
{
  return memcmp (a, b, PF_NONCE_SIZE);
}

/* Every stream that may run under one key: thousands of packets of each and
 * no nonce twice, across failed seals and raised counters too. */
static void
test_unique (void)
{
  enum { EACH = 3000, SCHEMES = PF_NONCE_GAMESTREAM_RTSP_CLIENT };
  uint8_t *nonces = malloc ((size_t) EACH * SCHEMES * PF_NONCE_SIZE);
  size_t n = 0;

  PF_REQUIRE (nonces != NULL);
  for (int scheme = PF_NONCE_PUNKTFUNK1_HOST; scheme <= SCHEMES; scheme++) {
    const PfNonceSource source = { (PfNonceScheme) scheme, { 0xff, 0, 0, 0 } };
    uint8_t key[16], tag[16], byte = 1;
    PfAeadSpan span = { &byte, 1 };
    uint64_t before = 0;
    PfSealer *sealer = NULL;

    memcpy (key, key_a, 16);
    PF_REQUIRE_INT (
        pf_sealer_new (PF_AEAD_AES_128_GCM, &source, key, 16, &sealer), ==, 0);
    for (unsigned i = 0; i < EACH; i++) {
      const unsigned what = (unsigned) pf_test_random_below (16);
      PfSealed sealed;

      if (what == 0) { /* fails in the middle; its number is gone */
        const PfAeadSpan missing = { NULL, 1 };

        PF_CHECK_INT (pf_sealer_seal (sealer, &missing, 1, &sealed, tag), ==,
            PF_ERR_INVALID);
      } else if (what == 1)
        PF_CHECK_INT (
            pf_sealer_raise (sealer, before + 2 + pf_test_random_below (1000)),
            ==, 0);
      else if (what == 2 && before)
        PF_CHECK_INT (pf_sealer_raise (sealer, pf_test_random_below (before)),
            ==, PF_ERR_RANGE);
      PF_REQUIRE_INT (pf_sealer_seal (sealer, &span, 1, &sealed, tag), ==, 0);
      if (i > 0) /* a failed one did take a number */
        PF_CHECK_UINT (sealed.sequence, >=, before + (what == 0 ? 2 : 1));
      before = sealed.sequence;
      memcpy (nonces + n++ * PF_NONCE_SIZE, sealed.nonce, PF_NONCE_SIZE);
    }
    pf_sealer_free (sealer);
  }
  qsort (nonces, n, PF_NONCE_SIZE, compare_nonces);
  for (size_t i = 1; i < n; i++)
    if (compare_nonces (
            nonces + (i - 1) * PF_NONCE_SIZE, nonces + i * PF_NONCE_SIZE) == 0)
      pf_test_fail (__FILE__, __LINE__, "a nonce came twice");
  free (nonces);
}

/* The last number is used, and then the sealer is at its end for good. */
static void
test_exhausted (void)
{
  static const struct {
    PfNonceScheme scheme;
    uint64_t last;
  } cases[] = {
    { PF_NONCE_PUNKTFUNK1_HOST, UINT64_MAX },
    { PF_NONCE_PUNKTFUNK1_CLIENT, UINT64_MAX },
    { PF_NONCE_GAMESTREAM_VIDEO, UINT64_MAX },
    { PF_NONCE_GAMESTREAM_CONTROL_HOST, UINT32_MAX },
    { PF_NONCE_GAMESTREAM_CONTROL_CLIENT, UINT32_MAX },
    { PF_NONCE_GAMESTREAM_RTSP_HOST, UINT32_MAX },
    { PF_NONCE_GAMESTREAM_RTSP_CLIENT, UINT32_MAX },
  };

  for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    const PfNonceSource source = { cases[i].scheme, { 9, 8, 7, 6 } };
    uint8_t key[16], tag[16] = { 0 }, bytes[5], nonce[PF_NONCE_SIZE];
    const PfAeadSpan span = { bytes, sizeof bytes };
    PfSealed sealed = { 0, { 0 } };
    PfSealer *sealer = NULL;

    memcpy (key, key_a, 16);
    PF_REQUIRE_INT (
        pf_sealer_new (PF_AEAD_AES_128_GCM, &source, key, 16, &sealer), ==, 0);
    if (cases[i].last < UINT64_MAX) {
      PF_CHECK_INT (
          pf_sealer_raise (sealer, cases[i].last + 1), ==, PF_ERR_RANGE);
      PF_CHECK_INT (
          pf_nonce_make (&source, cases[i].last + 1, nonce), ==, PF_ERR_RANGE);
    }
    PF_CHECK_INT (pf_nonce_make (&source, cases[i].last, nonce), ==, 0);
    PF_CHECK_INT (pf_sealer_raise (sealer, cases[i].last - 1), ==, 0);
    for (unsigned k = 0; k < 2; k++) {
      memset (bytes, 0x77, sizeof bytes);
      PF_CHECK_INT (pf_sealer_seal (sealer, &span, 1, &sealed, tag), ==, 0);
      PF_CHECK_UINT (sealed.sequence, ==, cases[i].last - 1 + k);
    }
    PF_CHECK_MEM (sealed.nonce, nonce, sizeof nonce);
    for (unsigned k = 0; k < 3; k++) {
      memset (bytes, 0x77, sizeof bytes);
      PF_CHECK_INT (pf_sealer_seal (sealer, &span, 1, &sealed, tag), ==,
          PF_ERR_EXHAUSTED);
      PF_CHECK (is_zero (bytes, sizeof bytes));
      PF_CHECK_INT (pf_sealer_raise (sealer, 0), ==, PF_ERR_EXHAUSTED);
      PF_CHECK_INT (
          pf_sealer_raise (sealer, cases[i].last), ==, PF_ERR_EXHAUSTED);
    }
    PF_CHECK_UINT (sealed.sequence, ==, cases[i].last);
    pf_sealer_free (sealer);
  }
}

/* ---- Keys ---------------------------------------------------------------- */

/* OpenSSL's memory as it is given back: is a key still in it? */
static uint8_t wanted[16];
static bool watching;
static unsigned n_allocated, n_freed, n_leaks;

typedef union {
  size_t size;
  long double align;
} Head;

static void *
watch_malloc (size_t size, const char *file, int line)
{
  Head *head = calloc (1, sizeof *head + size); /* all of it is searched */

  (void) file;
  (void) line;
  if (!head)
    return NULL;
  n_allocated++;
  head->size = size;
  return head + 1;
}

static void
watch_free (void *p, const char *file, int line)
{
  Head *head;

  (void) file;
  (void) line;
  if (!p)
    return;
  head = (Head *) p - 1;
  n_freed += watching;
  for (size_t i = 0; watching && i + sizeof wanted <= head->size; i++)
    n_leaks += memcmp ((uint8_t *) p + i, wanted, sizeof wanted) == 0;
  free (head);
}

static void *
watch_realloc (void *p, size_t size, const char *file, int line)
{
  void *to = watch_malloc (size, file, line);

  if (p && to) {
    const size_t old = ((Head *) p - 1)->size;

    memcpy (to, p, old < size ? old : size);
    watch_free (p, file, line);
  }
  return to;
}

static void
test_wiped (void)
{
  for (unsigned c = 0; c < N_CIPHERS; c++) {
    PfAead *aead = aead_new (all_ciphers[c], PF_AEAD_SEAL, key_a);
    uint8_t nonce[16] = { 3 }, tag[16], bytes[64] = { 0 };
    const PfAeadSpan span = { bytes, sizeof bytes };
    void *probe;

    PF_CHECK_INT (pf_aead_seal (aead, nonce, NULL, 0, &span, 1, tag), ==, 0);
    memcpy (wanted, key_a, sizeof wanted);
    n_freed = n_leaks = 0;
    watching = true;
    pf_aead_free (aead);
    PF_CHECK_UINT (n_freed, >, 0);
    PF_CHECK_UINT (n_leaks, ==, 0);
    /* The search does find what is there. */
    probe = OPENSSL_malloc (100);
    PF_REQUIRE (probe != NULL);
    memcpy ((uint8_t *) probe + 50, key_a, sizeof wanted);
    OPENSSL_free (probe);
    watching = false;
    PF_CHECK_UINT (n_leaks, ==, 1);
  }
}

/* OpenSSL allocates when a context is made, and nothing per packet. */
static void
test_allocations (void)
{
  for (unsigned c = 0; c < N_CIPHERS; c++) {
    const unsigned before = n_allocated;
    PfAead *seal = aead_new (all_ciphers[c], PF_AEAD_SEAL, key_a);
    PfAead *open = aead_new (all_ciphers[c], PF_AEAD_OPEN, key_a);
    const unsigned made = n_allocated;
    uint8_t nonce[16] = { 0 }, aad[8] = { 1 }, tag[16], bytes[1448] = { 0 };
    const PfAeadSpan spans[2] = { { bytes, 40 }, { bytes + 40, 1408 } };

    PF_CHECK_UINT (made, >, before); /* the counter counts */
    for (unsigned i = 0; i < 1000; i++) {
      nonce[0] = (uint8_t) i;
      nonce[1] = (uint8_t) (i >> 8);
      PF_CHECK_INT (pf_aead_seal (seal, nonce, aad, 8, spans, 2, tag), ==, 0);
      PF_CHECK_INT (
          pf_aead_open (open, nonce, aad, 8, spans, 2, tag, 16), ==, 0);
    }
    PF_CHECK_UINT (n_allocated, ==, made);
    pf_aead_free (seal);
    pf_aead_free (open);
  }
}

int
main (int argc, char **argv)
{
  /* Before OpenSSL allocates anything. */
  if (!CRYPTO_set_mem_functions (watch_malloc, watch_realloc, watch_free)) {
    fputs ("cannot watch OpenSSL's memory\n", stderr);
    return 1;
  }
  PF_TEST_ADD ("/aead/vectors/punktfunk1", test_vectors_punktfunk1);
  PF_TEST_ADD ("/aead/vectors/session", test_vectors_session);
  PF_TEST_ADD ("/aead/vectors/gamestream", test_vectors_gamestream);
  PF_TEST_ADD ("/aead/refused", test_refused);
  PF_TEST_ADD ("/aead/arguments", test_arguments);
  PF_TEST_ADD ("/aead/nonce/unique", test_unique);
  PF_TEST_ADD ("/aead/nonce/exhausted", test_exhausted);
  PF_TEST_ADD ("/aead/wiped", test_wiped);
  PF_TEST_ADD ("/aead/allocations", test_allocations);
  return pf_test_run (argc, argv);
}
