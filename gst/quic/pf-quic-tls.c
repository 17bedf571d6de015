/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* TLS of a QUIC connection; see pf-quic-tls.h. */
#define _GNU_SOURCE /* O_NOFOLLOW, explicit_bzero */
#include "pf-quic-tls.h"

#include <errno.h>
#include <fcntl.h>
#include <gnutls/crypto.h>
#include <gnutls/x509.h>
#include <ngtcp2/ngtcp2_crypto_gnutls.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* No compatibility mode: QUIC has no middle boxes to please. */
#define PRIORITIES                                                             \
  "NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+AES-128-GCM:+AES-256-GCM:"       \
  "+CHACHA20-POLY1305:-GROUP-ALL:+GROUP-X25519:+GROUP-SECP256R1:"              \
  "+GROUP-SECP384R1:%DISABLE_TLS13_COMPAT_MODE"

#define MAX_PROTOCOLS 8
#define MAX_CHAIN 8

/* ---- Settings ----------------------------------------------------------- */

void
pf_quic_tls_config_copy (PfQuicTlsConfig *to, const PfQuicTlsConfig *from)
{
  *to = *from;
  if (from->identity)
    pf_quic_identity_ref (from->identity);
  to->alpn = g_strdupv (from->alpn);
  to->server_name = g_strdup (from->server_name);
  to->authorities = g_strdup (from->authorities);
  to->key_log = g_strdup (from->key_log);
}

void
pf_quic_tls_config_clear (PfQuicTlsConfig *config)
{
  pf_quic_identity_unref (config->identity);
  g_strfreev (config->alpn);
  g_free (config->server_name);
  g_free (config->authorities);
  g_free (config->key_log);
  memset (config, 0, sizeof *config);
}

/* ---- Judging the other side --------------------------------------------- */

/* The peer's chain, imported; how many. */
static guint
import_chain (PfQuicTls *tls, gnutls_x509_crt_t to[MAX_CHAIN])
{
  guint n = 0, done = 0;
  const gnutls_datum_t *chain = gnutls_certificate_get_peers (tls->session, &n);

  for (; done < MIN (n, MAX_CHAIN); done++) {
    if (gnutls_x509_crt_init (&to[done]) < 0)
      break;
    if (gnutls_x509_crt_import (to[done], &chain[done], GNUTLS_X509_FMT_DER)) {
      gnutls_x509_crt_deinit (to[done]);
      break;
    }
  }
  return done;
}

static int
verify_chain (PfQuicTls *tls, gnutls_x509_trust_list_t trusted, guint *status)
{
  const gchar *name = tls->config.server_name ? tls->config.server_name : "";
  gnutls_typed_vdata_st data[] = {
    { GNUTLS_DT_DNS_HOSTNAME, (guint8 *) name, 0 },
    { GNUTLS_DT_KEY_PURPOSE_OID, (guint8 *) GNUTLS_KP_TLS_WWW_SERVER, 0 },
  };
  gnutls_x509_crt_t chain[MAX_CHAIN];
  const guint n = import_chain (tls, chain);
  int ret = GNUTLS_E_NO_CERTIFICATE_FOUND;

  if (n > 0)
    ret = gnutls_x509_trust_list_verify_crt2 (trusted, chain, n, data,
        tls->server ? 0 : G_N_ELEMENTS (data), 0, status, NULL);
  for (guint i = 0; i < n; i++)
    gnutls_x509_crt_deinit (chain[i]);
  return ret;
}

/* An alert, or 0. */
static guint8
judge_chain (PfQuicTls *tls)
{
  gnutls_x509_trust_list_t trusted = NULL;
  guint status = 0;
  int ret = gnutls_x509_trust_list_init (&trusted, 0);

  if (ret == 0 && tls->config.authorities)
    ret = gnutls_x509_trust_list_add_trust_file (
        trusted, tls->config.authorities, NULL, GNUTLS_X509_FMT_PEM, 0, 0);
  else if (ret == 0)
    ret = gnutls_x509_trust_list_add_system_trust (trusted, 0, 0);
  if (ret >= 0)
    ret = verify_chain (tls, trusted, &status);
  if (trusted)
    gnutls_x509_trust_list_deinit (trusted, 1);
  if (ret >= 0 && status == 0)
    return 0;
  return status & GNUTLS_CERT_SIGNER_NOT_FOUND ? GNUTLS_A_UNKNOWN_CA
                                               : GNUTLS_A_BAD_CERTIFICATE;
}

static guint8
judge (PfQuicTls *tls)
{
  switch (tls->config.trust) {
  case PF_QUIC_TRUST_PIN:
    return !tls->peer.anonymous &&
                   gnutls_memcmp (tls->peer.fingerprint, tls->config.pin,
                       PF_QUIC_FINGERPRINT) == 0
               ? 0
               : GNUTLS_A_ACCESS_DENIED;
  case PF_QUIC_TRUST_CHAIN:
    return tls->peer.anonymous ? GNUTLS_A_CERTIFICATE_REQUIRED
                               : judge_chain (tls);
  case PF_QUIC_TRUST_ANY:
    break;
  }
  return 0;
}

/* Is called once, also for a client that shows no certificate; that the other
 * side holds the key is checked by then. */
static int
verify (PfQuicTls *tls)
{
  guint n = 0;
  const gnutls_datum_t *chain = gnutls_certificate_get_peers (tls->session, &n);

  g_clear_pointer (&tls->peer.certificate, g_bytes_unref);
  tls->peer.anonymous = !chain || n == 0;
  if (!tls->peer.anonymous) {
    if (gnutls_hash_fast (GNUTLS_DIG_SHA256, chain[0].data, chain[0].size,
            tls->peer.fingerprint) < 0)
      return GNUTLS_E_CERTIFICATE_ERROR;
    tls->peer.certificate = g_bytes_new (chain[0].data, chain[0].size);
  }
  tls->alert = judge (tls);
  return tls->alert ? GNUTLS_E_CERTIFICATE_ERROR : 0;
}

/* The pointer leads to the first member. */
static PfQuicTls *
tls_of (gnutls_session_t session)
{
  return gnutls_session_get_ptr (session);
}

static int
on_verify (gnutls_session_t session)
{
  return verify (tls_of (session));
}

/* ---- Key log ------------------------------------------------------------ */

static void
write_hex (GString *line, const gnutls_datum_t *bytes)
{
  for (guint i = 0; i < bytes->size; i++)
    g_string_append_printf (line, "%02x", bytes->data[i]);
}

/* Always set: GnuTLS would otherwise follow SSLKEYLOGFILE unasked. */
static int
on_key_log (
    gnutls_session_t session, const char *label, const gnutls_datum_t *secret)
{
  PfQuicTls *tls = tls_of (session);
  gnutls_datum_t client = { NULL, 0 }, server = { NULL, 0 };
  GString *line;
  gboolean ok;

  if (tls->key_log < 0)
    return 0;
  gnutls_session_get_random (session, &client, &server);
  line = g_string_sized_new (256);
  g_string_append_printf (line, "%s ", label);
  write_hex (line, &client);
  g_string_append_c (line, ' ');
  write_hex (line, secret);
  g_string_append_c (line, '\n');
  ok = write (tls->key_log, line->str, line->len) == (ssize_t) line->len;
  explicit_bzero (line->str, line->len);
  g_string_free (line, TRUE);
  return ok ? 0 : GNUTLS_E_FILE_ERROR;
}

static gboolean
open_key_log (PfQuicTls *tls, GError **error)
{
  const gchar *file = tls->config.key_log;
  struct stat st;

  tls->key_log = -1;
  if (!file)
    return TRUE;
  tls->key_log =
      open (file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (tls->key_log >= 0 && fstat (tls->key_log, &st) == 0 &&
      S_ISREG (st.st_mode) && !(st.st_mode & (S_IRWXG | S_IRWXO)))
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED,
      "the key log %s must be a file that nobody else has access to", file);
  return FALSE;
}

/* ---- Sessions ----------------------------------------------------------- */

static int
set_protocols (PfQuicTls *tls)
{
  gnutls_datum_t names[MAX_PROTOCOLS];
  guint n = 0, flags = GNUTLS_ALPN_MANDATORY;

  for (; tls->config.alpn && tls->config.alpn[n] && n < MAX_PROTOCOLS; n++) {
    names[n].data = (guint8 *) tls->config.alpn[n];
    names[n].size = (guint) strlen (tls->config.alpn[n]);
  }
  if (n == 0)
    return 0;
  if (tls->server)
    flags |= GNUTLS_ALPN_SERVER_PRECEDENCE;
  return gnutls_alpn_set_protocols (tls->session, names, n, flags);
}

static int
set_credentials (PfQuicTls *tls)
{
  gnutls_certificate_credentials_t credentials;
  int ret = 0;

  if (tls->config.identity) {
    credentials = pf_quic_identity_credentials (tls->config.identity);
  } else {
    ret = gnutls_certificate_allocate_credentials (&tls->own);
    credentials = tls->own;
  }
  if (ret == 0)
    ret = gnutls_credentials_set (
        tls->session, GNUTLS_CRD_CERTIFICATE, credentials);
  return ret;
}

/* The hooks through which QUIC carries the handshake. */
static int
set_hooks (PfQuicTls *tls)
{
  const int ret =
      tls->server
          ? ngtcp2_crypto_gnutls_configure_server_session (tls->session)
          : ngtcp2_crypto_gnutls_configure_client_session (tls->session);

  if (tls->server)
    gnutls_certificate_server_set_request (tls->session, GNUTLS_CERT_REQUEST);
  return ret == 0 ? 0 : GNUTLS_E_INTERNAL_ERROR;
}

static int
set_name (PfQuicTls *tls)
{
  const gchar *name = tls->config.server_name;

  if (tls->server || !name || !*name || g_hostname_is_ip_address (name))
    return 0;
  return gnutls_server_name_set (
      tls->session, GNUTLS_NAME_DNS, name, strlen (name));
}

void (*pf_quic_tls_made) (PfQuicTls *tls);

gboolean
pf_quic_tls_init (PfQuicTls *tls, gboolean server,
    const PfQuicTlsConfig *config, GError **error)
{
  const guint flags = (server ? GNUTLS_SERVER : GNUTLS_CLIENT) |
                      GNUTLS_NO_AUTO_SEND_TICKET | GNUTLS_NO_TICKETS;
  int ret;

  memset (tls, 0, sizeof *tls);
  tls->server = server;
  tls->peer.anonymous = TRUE;
  pf_quic_tls_config_copy (&tls->config, config);
  if (!open_key_log (tls, error))
    return FALSE;
  if ((ret = gnutls_init (&tls->session, flags)) < 0 ||
      (ret = gnutls_priority_set_direct (tls->session, PRIORITIES, NULL)) < 0 ||
      (ret = set_credentials (tls)) < 0 || (ret = set_protocols (tls)) < 0 ||
      (ret = set_name (tls)) < 0 || (ret = set_hooks (tls)) < 0) {
    g_set_error (
        error, G_IO_ERROR, G_IO_ERROR_FAILED, "TLS: %s", gnutls_strerror (ret));
    return FALSE;
  }
  gnutls_session_set_ptr (tls->session, tls);
  gnutls_session_set_verify_function (tls->session, on_verify);
  gnutls_session_set_keylog_function (tls->session, on_key_log);
  if (pf_quic_tls_made)
    pf_quic_tls_made (tls);
  return TRUE;
}

void
pf_quic_tls_clear (PfQuicTls *tls)
{
  if (tls->session)
    gnutls_deinit (tls->session);
  if (tls->own)
    gnutls_certificate_free_credentials (tls->own);
  if (tls->key_log >= 0)
    close (tls->key_log);
  g_clear_pointer (&tls->peer.certificate, g_bytes_unref);
  pf_quic_tls_config_clear (&tls->config);
  tls->session = NULL;
  tls->own = NULL;
  tls->key_log = -1;
}

void
pf_quic_tls_alpn (PfQuicTls *tls, gchar to[PF_QUIC_MAX_ALPN + 1])
{
  gnutls_datum_t name = { NULL, 0 };

  to[0] = '\0';
  if (gnutls_alpn_get_selected_protocol (tls->session, &name) == 0 &&
      name.size <= PF_QUIC_MAX_ALPN) {
    memcpy (to, name.data, name.size);
    to[name.size] = '\0';
  }
}

gchar *
pf_quic_tls_describe (PfQuicTls *tls)
{
  const gchar *group = gnutls_group_get_name (gnutls_group_get (tls->session));

  return g_strdup_printf ("TLS1.3 %s %s", group ? group : "-",
      gnutls_cipher_get_name (gnutls_cipher_get (tls->session)));
}
