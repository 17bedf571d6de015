/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * TLS of one QUIC connection: GnuTLS, TLS 1.3 alone, without tickets or early
 * data. Who the other side is, is told by its fingerprint; that it holds the
 * key is always checked.
 */
#ifndef PF_QUIC_TLS_H
#define PF_QUIC_TLS_H

#include <gnutls/gnutls.h>
#include <ngtcp2/ngtcp2.h>
#include <ngtcp2/ngtcp2_crypto.h>

#include "pf-quic-identity.h"

G_BEGIN_DECLS

#define PF_QUIC_MAX_ALPN 255

/* How an end judges the certificate of the other. */
typedef enum {
  PF_QUIC_TRUST_ANY,   /* takes any, and none; the owner judges later */
  PF_QUIC_TRUST_PIN,   /* only the one with this fingerprint */
  PF_QUIC_TRUST_CHAIN, /* a chain to a known authority, and the right name */
} PfQuicTrust;

typedef struct {
  PfQuicIdentity *identity; /* NULL: none, which only clients may */
  gchar **alpn;             /* what is spoken, best first; NULL-terminated */
  gchar *server_name;       /* clients: what is asked for; NULL: nothing */
  PfQuicTrust trust;
  guint8 pin[PF_QUIC_FINGERPRINT];
  gchar
      *authorities; /* file of certificates, for a chain; NULL: the system's */
  gchar *key_log;   /* file that gets the secrets; NULL: none does */
} PfQuicTlsConfig;

void pf_quic_tls_config_copy (PfQuicTlsConfig *to, const PfQuicTlsConfig *from);
void pf_quic_tls_config_clear (PfQuicTlsConfig *config);

/* Who the other side turned out to be. */
typedef struct {
  gboolean anonymous; /* it showed no certificate */
  guint8 fingerprint[PF_QUIC_FINGERPRINT];
  GBytes *certificate; /* DER; NULL: none */
} PfQuicPeer;

/* One end. The session's pointer leads here, so it stays where it is.
 * Thread-safety: one thread at a time. */
typedef struct {
  ngtcp2_crypto_conn_ref ref; /* first; the caller fills it after init */
  gnutls_session_t session;
  gboolean server;
  PfQuicTlsConfig config;
  PfQuicPeer peer;
  guint8 alert; /* that tells why the other side was refused; 0: none */
  gnutls_certificate_credentials_t own; /* without an identity */
  int key_log;                          /* fd or -1 */
} PfQuicTls;

/* After a failure too there is something to clear. */
gboolean pf_quic_tls_init (PfQuicTls *tls, gboolean server,
    const PfQuicTlsConfig *config, GError **error);
void pf_quic_tls_clear (PfQuicTls *tls);

/* For tests that make a peer say more: called with each session before it is
 * used. Set before there are any. */
extern void (*pf_quic_tls_made) (PfQuicTls *tls);

/* What was agreed on; "" before. */
void pf_quic_tls_alpn (PfQuicTls *tls, gchar to[PF_QUIC_MAX_ALPN + 1]);

/* "TLS1.3 X25519 AES-256-GCM" */
gchar *pf_quic_tls_describe (PfQuicTls *tls);

G_END_DECLS

#endif /* PF_QUIC_TLS_H */
