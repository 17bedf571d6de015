/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * AES-128-CBC as GameStream's audio has it: the payloads of the audio vectors
 * both ways, all lengths, in place, and what is refused.
 */
#include <stdlib.h>
#include <string.h>

#include "crypto-vectors.h"
#include "pf-cbc.h"
#include "pf-test.h"

static const uint8_t key_a[PF_CBC_KEY_SIZE] = { 0x5e, 0x9a, 0x33, 0xd1, 0x07,
  0x42, 0xbb, 0x6c, 0xf0, 0x18, 0x95, 0x2d, 0xe4, 0x71, 0xa8, 0x0f };

static PfCbc *
cbc_new (PfCbcDirection direction, const uint8_t *key)
{
  PfCbc *cbc = NULL;

  PF_REQUIRE_INT (pf_cbc_new (direction, key, &cbc), ==, 0);
  return cbc;
}

static void
test_vectors (void)
{
  const PfJson *vectors = pf_json_member (
      crypto_vectors_load ("gamestream/audio_packets.json"), "vectors");
  unsigned n = 0;

  for (const PfJson *v = pf_json_first (vectors); v; v = pf_json_next (v)) {
    const Bytes key = crypto_vectors_hex (pf_json_member (v, "key"));
    const uint32_t key_id =
        (uint32_t) crypto_vectors_int (pf_json_member (v, "rikeyid"));
    const uint16_t first =
        (uint16_t) crypto_vectors_int (pf_json_member (v, "base_sequence"));
    PfCbc *encrypt, *decrypt;
    bool encrypted = false;

    PF_REQUIRE (pf_json_bool (pf_json_member (v, "encrypted"), &encrypted));
    if (!encrypted)
      continue;
    PF_REQUIRE_UINT (key.size, ==, PF_CBC_KEY_SIZE);
    encrypt = cbc_new (PF_CBC_ENCRYPT, key.data);
    decrypt = cbc_new (PF_CBC_DECRYPT, key.data);
    for (unsigned i = 0; i < 4; i++) {
      const Bytes plain =
          crypto_vectors_hex (pf_json_at (pf_json_member (v, "opus_plain"), i));
      const Bytes packet = crypto_vectors_hex (
          pf_json_at (pf_json_member (v, "data_packets"), i));
      const size_t size = packet.size - 12;
      uint8_t iv[PF_CBC_BLOCK], *out = malloc (size);
      size_t out_size = 0;

      PF_REQUIRE (out != NULL);
      PF_REQUIRE_UINT (size, ==, PF_CBC_SIZE (plain.size));
      pf_cbc_audio_iv (key_id, (uint16_t) (first + i), iv);
      PF_CHECK_INT (
          pf_cbc_encrypt (encrypt, iv, plain.data, plain.size, out), ==, 0);
      PF_CHECK_MEM (out, packet.data + 12, size);
      PF_CHECK_INT (
          pf_cbc_decrypt (decrypt, iv, out, size, out, &out_size), ==, 0);
      PF_CHECK_UINT (out_size, ==, plain.size);
      PF_CHECK_MEM (out, plain.data, plain.size);
      free (out);
      n++;
    }
    pf_cbc_free (encrypt);
    pf_cbc_free (decrypt);
  }
  PF_CHECK_UINT (n, ==, 12);
  crypto_vectors_clear ();
}

/* The sum of key id and sequence wraps at 32 bits. */
static void
test_iv (void)
{
  static const struct {
    int32_t id;
    uint16_t sequence;
    uint8_t head[4];
  } cases[] = {
    { 0, 0, { 0, 0, 0, 0 } },
    { 0x01020304, 1, { 1, 2, 3, 5 } },
    { -1, 1, { 0, 0, 0, 0 } },
    { -2, 65535, { 0, 0, 0xff, 0xfd } },
    { 0x7fffffff, 0xffff, { 0x80, 0, 0xff, 0xfe } },
  };

  for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    uint8_t iv[PF_CBC_BLOCK], expected[PF_CBC_BLOCK] = { 0 };

    memset (iv, 0xee, sizeof iv);
    memcpy (expected, cases[i].head, 4);
    pf_cbc_audio_iv ((uint32_t) cases[i].id, cases[i].sequence, iv);
    PF_CHECK_MEM (iv, expected, sizeof iv);
  }
}

static void
test_lengths (void)
{
  PfCbc *encrypt = cbc_new (PF_CBC_ENCRYPT, key_a);
  PfCbc *decrypt = cbc_new (PF_CBC_DECRYPT, key_a);

  for (size_t size = 0; size < 200; size++) {
    const size_t sealed = PF_CBC_SIZE (size);
    uint8_t iv[PF_CBC_BLOCK], plain[200], first = 0;
    uint8_t *apart = malloc (sealed), *in_place = malloc (sealed);
    size_t got = 999;

    PF_REQUIRE (apart && in_place);
    PF_CHECK_UINT (sealed % 16, ==, 0);
    PF_CHECK (sealed > size && sealed <= size + 16);
    pf_test_random_bytes (plain, sizeof plain);
    pf_test_random_bytes (iv, sizeof iv);
    memcpy (in_place, plain, size);
    PF_CHECK_INT (
        pf_cbc_encrypt (encrypt, iv, size ? plain : NULL, size, apart), ==, 0);
    PF_CHECK_INT (
        pf_cbc_encrypt (encrypt, iv, in_place, size, in_place), ==, 0);
    PF_CHECK_MEM (apart, in_place, sealed);
    if (size >= 16)
      PF_CHECK (memcmp (apart, plain, 16) != 0);
    first = apart[0];
    PF_CHECK_INT (
        pf_cbc_decrypt (decrypt, iv, apart, sealed, in_place, &got), ==, 0);
    PF_CHECK_UINT (got, ==, size);
    PF_CHECK_MEM (in_place, plain, size);
    PF_CHECK_INT (apart[0], ==, first); /* only read */
    free (apart);
    free (in_place);
  }
  pf_cbc_free (encrypt);
  pf_cbc_free (decrypt);
}

/* Raw blocks whose last bytes are no padding: by CBC's own arithmetic a change
 * of the block before changes the last plain block alike. */
static void
test_padding (void)
{
  PfCbc *encrypt = cbc_new (PF_CBC_ENCRYPT, key_a);
  PfCbc *decrypt = cbc_new (PF_CBC_DECRYPT, key_a);
  unsigned n_right = 0;

  for (unsigned last = 0; last < 256; last++) {
    uint8_t iv[PF_CBC_BLOCK] = { 0 }, plain[20], work[32];
    size_t size = 999;

    memset (plain, 0x5a, sizeof plain);
    PF_REQUIRE_INT (pf_cbc_encrypt (encrypt, iv, plain, 20, work), ==, 0);
    /* 12 bytes of padding, the last of which becomes LAST. */
    work[15] ^= (uint8_t) (12 ^ last);
    if (pf_cbc_decrypt (decrypt, iv, work, 32, work, &size) == 0) {
      n_right++;
      PF_CHECK (last == 12 || last == 1);
      PF_CHECK_UINT (size, ==, 32 - last);
    } else {
      for (unsigned i = 0; i < sizeof work; i++)
        PF_CHECK_INT (work[i], ==, 0);
      PF_CHECK_UINT (size, ==, 999);
    }
  }
  PF_CHECK_UINT (n_right, ==, 2);
  pf_cbc_free (encrypt);
  pf_cbc_free (decrypt);
}

static void
test_arguments (void)
{
  static const uint8_t zero[PF_CBC_KEY_SIZE];
  PfCbc *cbc = NULL, *encrypt, *decrypt;
  uint8_t iv[PF_CBC_BLOCK] = { 0 }, work[64] = { 1 };
  size_t size = 5;

  PF_CHECK_INT (
      pf_cbc_new ((PfCbcDirection) 0, key_a, &cbc), ==, PF_ERR_INVALID);
  PF_CHECK_INT (
      pf_cbc_new ((PfCbcDirection) 3, key_a, &cbc), ==, PF_ERR_INVALID);
  PF_CHECK_INT (pf_cbc_new (PF_CBC_ENCRYPT, NULL, &cbc), ==, PF_ERR_INVALID);
  PF_CHECK_INT (pf_cbc_new (PF_CBC_ENCRYPT, zero, &cbc), ==, PF_ERR_INVALID);
  PF_CHECK_INT (pf_cbc_new (PF_CBC_ENCRYPT, key_a, NULL), ==, PF_ERR_INVALID);
  PF_CHECK (cbc == NULL);
  encrypt = cbc_new (PF_CBC_ENCRYPT, key_a);
  decrypt = cbc_new (PF_CBC_DECRYPT, key_a);
  PF_CHECK_INT (
      pf_cbc_encrypt (decrypt, iv, work, 3, work), ==, PF_ERR_INVALID);
  PF_CHECK_INT (
      pf_cbc_decrypt (encrypt, iv, work, 16, work, &size), ==, PF_ERR_INVALID);
  PF_CHECK_INT (
      pf_cbc_encrypt (encrypt, NULL, work, 3, work), ==, PF_ERR_INVALID);
  PF_CHECK_INT (
      pf_cbc_encrypt (encrypt, iv, NULL, 3, work), ==, PF_ERR_INVALID);
  PF_CHECK_INT (
      pf_cbc_encrypt (encrypt, iv, work, 3, NULL), ==, PF_ERR_INVALID);
  PF_CHECK_INT (
      pf_cbc_decrypt (decrypt, iv, work, 16, work, NULL), ==, PF_ERR_INVALID);
  PF_CHECK_INT (pf_cbc_encrypt (encrypt, iv, work, PF_CBC_SIZE_MAX + 1, work),
      ==, PF_ERR_RANGE);
  for (size_t n = 0; n < 64; n++)
    if (n == 0 || n % 16)
      PF_CHECK_INT (
          pf_cbc_decrypt (decrypt, iv, work, n, work, &size), ==, PF_ERR_RANGE);
  PF_CHECK_INT (work[0], ==, 1);
  PF_CHECK_UINT (size, ==, 5);
  pf_cbc_free (encrypt);
  pf_cbc_free (decrypt);
  pf_cbc_free (NULL);
}

int
main (int argc, char **argv)
{
  PF_TEST_ADD ("/cbc/vectors", test_vectors);
  PF_TEST_ADD ("/cbc/iv", test_iv);
  PF_TEST_ADD ("/cbc/lengths", test_lengths);
  PF_TEST_ADD ("/cbc/padding", test_padding);
  PF_TEST_ADD ("/cbc/arguments", test_arguments);
  return pf_test_run (argc, argv);
}
