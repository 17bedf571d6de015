/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* See nonces.h. */
#include "nonces.h"

#include <string.h>

#include "pf-test.h"

Nonces
nonces_new (void)
{
  return (Nonces){ g_hash_table_new_full (g_bytes_hash, g_bytes_equal,
                       (GDestroyNotify) g_bytes_unref, NULL),
    0 };
}

void
nonces_note (
    GstHarness *h, const gchar *wire_name, const NonceKey *key, Nonces *nonces)
{
  const PfWire *wire = pf_wire_find (wire_name);
  PfNonceSource source = { .scheme = wire == &pf_wire_gamestream
                                         ? PF_NONCE_GAMESTREAM_VIDEO
                                         : PF_NONCE_PUNKTFUNK1_HOST };
  GstBuffer *b;
  PfAead *aead;

  memcpy (source.salt, key->salt, sizeof source.salt);
  PF_REQUIRE_INT (pf_aead_new (key->cipher, PF_AEAD_OPEN, key->key,
                      pf_aead_key_size (key->cipher), &aead),
      ==, 0);
  while ((b = gst_harness_try_pull (h))) {
    guint8 both[1 + PF_AEAD_KEY_MAX + PF_NONCE_SIZE] = { 0 };
    PfWireSealed s;
    PfAeadSpan span;
    gpointer bytes;
    gsize size;

    gst_buffer_extract_dup (b, 0, gst_buffer_get_size (b), &bytes, &size);
    PF_REQUIRE_INT (wire->open (&source, 0, bytes, size, &s), ==, 0);
    span = (PfAeadSpan){ (guint8 *) bytes + s.body, s.body_size };
    PF_CHECK_INT (
        pf_aead_open (aead, s.nonce, (guint8 *) bytes + s.aad, s.aad_size,
            &span, 1, (guint8 *) bytes + s.tag, PF_AEAD_TAG_SIZE),
        ==, 0);
    both[0] = (guint8) key->cipher;
    memcpy (both + 1, key->key, PF_AEAD_KEY_MAX);
    memcpy (both + 1 + PF_AEAD_KEY_MAX, s.nonce, PF_NONCE_SIZE);
    nonces->n++;
    if (!g_hash_table_add (nonces->seen, g_bytes_new (both, sizeof both)))
      pf_test_fail (__FILE__, __LINE__,
          "number %" G_GUINT64_FORMAT " came twice under a key", s.number);
    g_free (bytes);
    gst_buffer_unref (b);
  }
  pf_aead_free (aead);
}

void
nonces_check (Nonces *nonces, guint n)
{
  PF_CHECK_UINT (nonces->n, ==, n);
  PF_CHECK_UINT (g_hash_table_size (nonces->seen), ==, n);
  g_hash_table_unref (nonces->seen);
}
