/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What sealed packets were sealed with: every key and nonce once. */
#ifndef NONCES_H
#define NONCES_H

#include <gst/check/gstharness.h>

#include "pf-aead.h"

typedef struct {
  PfAeadCipher cipher;
  guint8 key[PF_AEAD_KEY_MAX], salt[PF_NONCE_SALT_SIZE];
} NonceKey;

typedef struct {
  GHashTable *seen; /* key and nonce, as GBytes */
  guint n;
} Nonces;

Nonces nonces_new (void);

/* Opens what the harness has with this key; key and nonce must be new. */
void nonces_note (
    GstHarness *h, const gchar *wire, const NonceKey *key, Nonces *nonces);

/* So many were noted, all different. The table is gone then. */
void nonces_check (Nonces *nonces, guint n);

#endif /* NONCES_H */
