/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * PfSecret: the key of a media stream on its way between elements.
 *
 * A boxed type that nothing can print: a structure, query or event that holds
 * one shows its type name and no more. Its memory is left out of core files
 * and of children, and wiped when the last reference goes.
 *
 * Thread-safety: any; the key itself never changes.
 */
#ifndef PF_SECRET_H
#define PF_SECRET_H

#include <gst/gst.h>

#include "pf-aead.h"

G_BEGIN_DECLS

typedef struct {
  PfAeadCipher cipher;
  guint8 key[PF_AEAD_KEY_MAX];
  guint8 salt[PF_NONCE_SALT_SIZE];
} PfKey;

typedef struct _PfSecret PfSecret;

GType pf_secret_get_type (void);
#define PF_TYPE_SECRET (pf_secret_get_type ())

/* Copies the key; the caller wipes his own. NULL: no memory. */
PfSecret *pf_secret_new (const PfKey *key);

PfSecret *pf_secret_ref (PfSecret *secret);
void pf_secret_unref (PfSecret *secret);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PfSecret, pf_secret_unref)

/* Belongs to the secret. */
const PfKey *pf_secret_key (const PfSecret *secret);

/* In a time that tells nothing about where they differ. NULL equals NULL. */
gboolean pf_secret_equal (const PfSecret *a, const PfSecret *b);

G_END_DECLS

#endif /* PF_SECRET_H */
