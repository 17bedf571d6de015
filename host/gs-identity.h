/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Who this host is for GameStream's clients: the certificate of punktfunk/1,
 * for TLS and for pairing, and what is made of it.
 */
#ifndef PF_HOST_GS_IDENTITY_H
#define PF_HOST_GS_IDENTITY_H

#include <gio/gio.h>

#include "pf-gs-cert.h"

typedef struct {
  GTlsCertificate *tls; /* one certificate, and its key */
  PfGsCert *cert;       /* the same */
  gchar *uuid;          /* the same as long as the certificate is */
} PfGsIdentity;

/* cert.pem and key.pem of the directory. */
gboolean pf_gs_identity_load (
    PfGsIdentity *identity, const gchar *directory, GError **error);
void pf_gs_identity_clear (PfGsIdentity *identity);

/* The hardware address of the interface that has this one, or NULL. */
gchar *pf_gs_hardware_address (const gchar *address);

#endif /* PF_HOST_GS_IDENTITY_H */
