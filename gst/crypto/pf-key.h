/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Where pfaesgcm gets its keys from: made at random, a key file, or a file
 * descriptor. A key travels as one line of text:
 *
 *   pf-media-key 1 CIPHER KEY SALT
 *
 * CIPHER is aes-128-gcm or chacha20-poly1305, KEY and SALT are hexadecimal.
 * Nothing here logs; error texts name paths and rules, never a byte of a key.
 */
#ifndef PF_KEY_H
#define PF_KEY_H

#include <gst/gst.h>

#include "pf-secret.h"

G_BEGIN_DECLS

/* Tells one state of a key file from another. */
typedef struct {
  guint64 device, inode;
  gint64 modified_ns, changed_ns;
} PfKeyStamp;

/* A fresh random key. Errors: RESOURCE/FAILED. */
gboolean pf_key_generate (PfKey *key, PfAeadCipher cipher, GError **error);

/* Wipes it. */
void pf_key_clear (PfKey *key);

gboolean pf_key_equal (const PfKey *a, const PfKey *b);

/*
 * Puts a key file in the place of path, readable by its owner only: a reader
 * sees the old file or the whole new one. A path that is not a plain file, a
 * symbolic link above all, is refused.
 * Errors: RESOURCE/OPEN_WRITE, RESOURCE/WRITE.
 */
gboolean pf_key_file_write (
    const gchar *path, const PfKey *key, GError **error);

/*
 * Reads a key file that belongs to us and is closed to all others. stamp is
 * set whenever there is a file.
 * Errors: RESOURCE/NOT_FOUND (no file yet), RESOURCE/OPEN_READ,
 * LIBRARY/SETTINGS (a file that must not be used).
 */
gboolean pf_key_file_read (
    const gchar *path, PfKey *key, PfKeyStamp *stamp, GError **error);

/* Whether there is a file and it is another one than that of the stamp. */
gboolean pf_key_file_changed (const gchar *path, const PfKeyStamp *stamp);

/*
 * Reads a key from a descriptor; waits for it for one second at most. A key
 * to seal with must not come from a file, which could be read again.
 * Errors: LIBRARY/SETTINGS, RESOURCE/READ.
 */
gboolean pf_key_fd_read (gint fd, gboolean sealing, PfKey *key, GError **error);

/*
 * Takes the nonces of a key for one sealer; FALSE if this process sealed with
 * them before. Needed for keys from outside only. Thread-safety: any.
 */
gboolean pf_key_claim (const PfKey *key, PfNonceScheme scheme);

G_END_DECLS

#endif /* PF_KEY_H */
