/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Who an end of a QUIC connection is: a self-signed certificate and its key.
 * The other side knows it by its fingerprint, SHA-256 of the certificate.
 *
 * Files are PEM. A key that others may read is refused; what is made here is
 * 0600 in a directory of 0700.
 */
#ifndef PF_QUIC_IDENTITY_H
#define PF_QUIC_IDENTITY_H

#include <gio/gio.h>

G_BEGIN_DECLS

#define PF_QUIC_FINGERPRINT 32

typedef enum {
  PF_QUIC_KEY_RSA,   /* hosts: RSA-2048, which every client takes */
  PF_QUIC_KEY_ECDSA, /* clients: P-256 */
} PfQuicKeyType;

/* Thread-safety: never changes. */
typedef struct _PfQuicIdentity PfQuicIdentity;

/* A new one, in no file. */
PfQuicIdentity *pf_quic_identity_new (PfQuicKeyType type, GError **error);

/* From a certificate chain and the key of its first certificate. */
PfQuicIdentity *pf_quic_identity_load (
    const gchar *certificate_file, const gchar *key_file, GError **error);

/* cert.pem and key.pem of the directory; what is absent is made. */
PfQuicIdentity *pf_quic_identity_open (
    const gchar *directory, PfQuicKeyType type, GError **error);

PfQuicIdentity *pf_quic_identity_ref (PfQuicIdentity *identity);
void pf_quic_identity_unref (PfQuicIdentity *identity);

/* PF_QUIC_FINGERPRINT bytes. */
const guint8 *pf_quic_identity_fingerprint (const PfQuicIdentity *identity);

/* 32 bytes that follow from the key and the label, and tell neither. */
void pf_quic_identity_derive (
    const PfQuicIdentity *identity, const gchar *label, guint8 out[32]);

/* What GnuTLS takes as gnutls_certificate_credentials_t. */
gpointer pf_quic_identity_credentials (const PfQuicIdentity *identity);

/* 64 hexadecimal digits, of either case, with or without colons. */
gboolean pf_quic_fingerprint_parse (
    const gchar *text, guint8 out[PF_QUIC_FINGERPRINT]);
gchar *pf_quic_fingerprint_to_string (const guint8 *fingerprint);

/* Reads a file that must be the reader's own affair: regular, and closed to
 * group and others. */
gboolean pf_quic_read_private (
    const gchar *file, gchar **bytes, gsize *n, GError **error);

G_END_DECLS

#endif /* PF_QUIC_IDENTITY_H */
