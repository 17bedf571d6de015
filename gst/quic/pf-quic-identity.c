/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Certificates and keys of QUIC ends; see pf-quic-identity.h. */
#define _GNU_SOURCE /* explicit_bzero */
#include "pf-quic-identity.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <gnutls/crypto.h>
#include <gnutls/x509.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_FILE (256 * 1024)
#define VALID_FROM 1577836800  /* 2020-01-01 */
#define VALID_UNTIL 2208988800 /* 2040-01-01 */

struct _PfQuicIdentity {
  gint refs; /* atomic */
  gnutls_certificate_credentials_t credentials;
  guint8 fingerprint[PF_QUIC_FINGERPRINT];
  guint8 secret[32]; /* of the key; what is derived comes from it */
};

static void
set_gnutls (GError **error, const gchar *what, int code)
{
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "%s: %s", what,
      gnutls_strerror (code));
}

static void
set_errno (GError **error, const gchar *what, const gchar *file)
{
  const int e = errno;

  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (e), "%s %s: %s", what,
      file, g_strerror (e));
}

/* ---- Files -------------------------------------------------------------- */

static void
wipe_free (gchar *bytes, gsize n)
{
  if (bytes)
    explicit_bzero (bytes, n);
  g_free (bytes);
}

static gboolean
read_all (int fd, const gchar *file, gsize size, gchar **bytes, GError **error)
{
  gchar *to = g_malloc (size + 1);
  gsize at = 0;

  while (at < size) {
    const ssize_t n = read (fd, to + at, size - at);

    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0) {
      if (n == 0)
        errno = EIO;
      set_errno (error, "cannot read", file);
      wipe_free (to, size);
      return FALSE;
    }
    at += (gsize) n;
  }
  to[size] = '\0';
  *bytes = to;
  return TRUE;
}

static gboolean
read_file (const gchar *file, gboolean private, gchar **bytes, gsize *n,
    GError **error)
{
  const int fd = open (file, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  gboolean ok = FALSE;
  struct stat st;

  if (fd < 0 || fstat (fd, &st) < 0) {
    set_errno (error, "cannot open", file);
  } else if (!S_ISREG (st.st_mode) || st.st_size > MAX_FILE) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_REGULAR_FILE,
        "%s is no file of at most %d bytes", file, MAX_FILE);
  } else if (private && (st.st_mode & (S_IRWXG | S_IRWXO))) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED,
        "others have access to %s; chmod 600 it", file);
  } else {
    *n = (gsize) st.st_size;
    ok = read_all (fd, file, *n, bytes, error);
  }
  if (fd >= 0)
    close (fd);
  return ok;
}

gboolean
pf_quic_read_private (
    const gchar *file, gchar **bytes, gsize *n, GError **error)
{
  return read_file (file, TRUE, bytes, n, error);
}

static gboolean
write_all (int fd, const guint8 *bytes, gsize n)
{
  while (n > 0) {
    const ssize_t written = write (fd, bytes, n);

    if (written < 0 && errno == EINTR)
      continue;
    if (written <= 0)
      return FALSE;
    bytes += written;
    n -= (gsize) written;
  }
  return TRUE;
}

/* Whole or not at all, 0600; the name must be free. */
static gboolean
write_new (const gchar *file, const gnutls_datum_t *bytes, GError **error)
{
  gchar *temporary = g_strdup_printf ("%s.XXXXXX", file);
  const int fd = g_mkstemp_full (temporary, O_WRONLY | O_CLOEXEC, 0600);
  gboolean ok = FALSE;

  if (fd < 0) {
    set_errno (error, "cannot make", temporary);
  } else {
    ok = fchmod (fd, 0600) == 0 && write_all (fd, bytes->data, bytes->size) &&
         fsync (fd) == 0 && link (temporary, file) == 0;
    if (!ok)
      set_errno (error, "cannot write", file);
    close (fd);
    unlink (temporary);
  }
  g_free (temporary);
  return ok;
}

/* ---- Making ------------------------------------------------------------- */

typedef struct {
  gnutls_x509_privkey_t key;
  gnutls_x509_crt_t crt;
} Pair;

static void
pair_clear (Pair *p)
{
  if (p->crt)
    gnutls_x509_crt_deinit (p->crt);
  if (p->key)
    gnutls_x509_privkey_deinit (p->key);
}

static int
generate_key (Pair *p, PfQuicKeyType type)
{
  if (type == PF_QUIC_KEY_RSA)
    return gnutls_x509_privkey_generate (p->key, GNUTLS_PK_RSA, 2048, 0);
  return gnutls_x509_privkey_generate (p->key, GNUTLS_PK_ECDSA,
      GNUTLS_CURVE_TO_BITS (GNUTLS_ECC_CURVE_SECP256R1), 0);
}

static int
name_certificate (gnutls_x509_crt_t crt, PfQuicKeyType type)
{
  static const gchar host[] = "punktfunk", client[] = "punktfunk-client";
  int ret = gnutls_x509_crt_set_dn_by_oid (
      crt, GNUTLS_OID_X520_COMMON_NAME, 0, host, sizeof host - 1);

  if (ret == 0 && type == PF_QUIC_KEY_ECDSA)
    ret = gnutls_x509_crt_set_subject_alt_name (
        crt, GNUTLS_SAN_DNSNAME, client, sizeof client - 1, GNUTLS_FSAN_SET);
  return ret;
}

static int
generate (Pair *p, PfQuicKeyType type)
{
  guint8 serial[16];
  int ret;

  memset (p, 0, sizeof *p);
  if ((ret = gnutls_rnd (GNUTLS_RND_NONCE, serial, sizeof serial)) < 0 ||
      (ret = gnutls_x509_privkey_init (&p->key)) < 0 ||
      (ret = gnutls_x509_crt_init (&p->crt)) < 0 ||
      (ret = generate_key (p, type)) < 0)
    return ret;
  serial[0] = (serial[0] & 0x7f) | 0x40; /* positive, and of full length */
  if ((ret = gnutls_x509_crt_set_version (p->crt, 3)) < 0 ||
      (ret = gnutls_x509_crt_set_key (p->crt, p->key)) < 0 ||
      (ret = gnutls_x509_crt_set_serial (p->crt, serial, sizeof serial)) < 0 ||
      (ret = gnutls_x509_crt_set_activation_time (p->crt, VALID_FROM)) < 0 ||
      (ret = gnutls_x509_crt_set_expiration_time (p->crt, VALID_UNTIL)) < 0 ||
      (ret = name_certificate (p->crt, type)) < 0)
    return ret;
  return gnutls_x509_crt_sign2 (p->crt, p->crt, p->key, GNUTLS_DIG_SHA256, 0);
}

/* ---- Identities --------------------------------------------------------- */

/* Of all that the key is, so that it is the same whichever way the key came. */
static int
take_secret (PfQuicIdentity *id)
{
  gnutls_x509_privkey_t key = NULL;
  gnutls_datum_t der = { NULL, 0 };
  int ret = gnutls_certificate_get_x509_key (id->credentials, 0, &key);

  if (ret == 0)
    ret = gnutls_x509_privkey_export2 (key, GNUTLS_X509_FMT_DER, &der);
  if (ret == 0)
    ret = gnutls_hmac_fast (
        GNUTLS_MAC_SHA256, "punktfunk key", 13, der.data, der.size, id->secret);
  if (der.data)
    explicit_bzero (der.data, der.size);
  gnutls_free (der.data);
  if (key)
    gnutls_x509_privkey_deinit (key);
  return ret;
}

static int
take_fingerprint (PfQuicIdentity *id)
{
  gnutls_datum_t der;
  int ret = gnutls_certificate_get_crt_raw (id->credentials, 0, 0, &der);

  if (ret == 0)
    ret = gnutls_hash_fast (
        GNUTLS_DIG_SHA256, der.data, der.size, id->fingerprint);
  return ret;
}

/* With credentials that hold a certificate and its key; takes them over. */
static PfQuicIdentity *
identity_from (gnutls_certificate_credentials_t credentials, GError **error)
{
  PfQuicIdentity *id = g_new0 (PfQuicIdentity, 1);
  int ret;

  id->refs = 1;
  id->credentials = credentials;
  if ((ret = take_fingerprint (id)) < 0 || (ret = take_secret (id)) < 0) {
    set_gnutls (error, "certificate", ret);
    pf_quic_identity_unref (id);
    return NULL;
  }
  return id;
}

PfQuicIdentity *
pf_quic_identity_new (PfQuicKeyType type, GError **error)
{
  gnutls_certificate_credentials_t credentials = NULL;
  Pair p;
  int ret = generate (&p, type);

  if (ret == 0)
    ret = gnutls_certificate_allocate_credentials (&credentials);
  if (ret == 0)
    ret = gnutls_certificate_set_x509_key (credentials, &p.crt, 1, p.key);
  pair_clear (&p);
  if (ret < 0) {
    set_gnutls (error, "cannot make a certificate", ret);
    if (credentials)
      gnutls_certificate_free_credentials (credentials);
    return NULL;
  }
  return identity_from (credentials, error);
}

PfQuicIdentity *
pf_quic_identity_load (
    const gchar *certificate_file, const gchar *key_file, GError **error)
{
  gnutls_certificate_credentials_t credentials = NULL;
  gchar *certificate = NULL, *key = NULL;
  gsize certificate_n = 0, key_n = 0;
  PfQuicIdentity *id = NULL;

  if (read_file (
          certificate_file, FALSE, &certificate, &certificate_n, error) &&
      read_file (key_file, TRUE, &key, &key_n, error)) {
    const gnutls_datum_t c = { (guint8 *) certificate, (guint) certificate_n };
    const gnutls_datum_t k = { (guint8 *) key, (guint) key_n };
    int ret = gnutls_certificate_allocate_credentials (&credentials);

    if (ret == 0)
      ret = gnutls_certificate_set_x509_key_mem (
          credentials, &c, &k, GNUTLS_X509_FMT_PEM);
    if (ret < 0) {
      gchar *what =
          g_strdup_printf ("%s and %s are no pair", certificate_file, key_file);

      set_gnutls (error, what, ret);
      g_free (what);
      if (credentials)
        gnutls_certificate_free_credentials (credentials);
    } else {
      id = identity_from (credentials, error);
    }
  }
  g_free (certificate);
  wipe_free (key, key_n);
  return id;
}

/* The key first: a certificate without its key would be of no use. */
static gboolean
write_pair (
    const Pair *p, const gchar *certificate, const gchar *key, GError **error)
{
  gnutls_datum_t c = { NULL, 0 }, k = { NULL, 0 };
  gboolean ok = FALSE;
  int ret = gnutls_x509_crt_export2 (p->crt, GNUTLS_X509_FMT_PEM, &c);

  if (ret == 0)
    ret = gnutls_x509_privkey_export2_pkcs8 (
        p->key, GNUTLS_X509_FMT_PEM, NULL, GNUTLS_PKCS_PLAIN, &k);
  if (ret < 0)
    set_gnutls (error, "cannot write a certificate", ret);
  else
    ok = write_new (key, &k, error) && write_new (certificate, &c, error);
  if (k.data)
    explicit_bzero (k.data, k.size);
  gnutls_free (c.data);
  gnutls_free (k.data);
  return ok;
}

static gboolean
make_files (const gchar *directory, const gchar *certificate, const gchar *key,
    PfQuicKeyType type, GError **error)
{
  gboolean ok = FALSE;
  Pair p;
  int ret;

  if (g_mkdir_with_parents (directory, 0700) < 0) {
    set_errno (error, "cannot make", directory);
    return FALSE;
  }
  ret = generate (&p, type);
  if (ret < 0)
    set_gnutls (error, "cannot make a certificate", ret);
  else
    ok = write_pair (&p, certificate, key, error);
  pair_clear (&p);
  return ok;
}

PfQuicIdentity *
pf_quic_identity_open (
    const gchar *directory, PfQuicKeyType type, GError **error)
{
  gchar *certificate = g_build_filename (directory, "cert.pem", NULL);
  gchar *key = g_build_filename (directory, "key.pem", NULL);
  PfQuicIdentity *id = NULL;

  if (g_access (certificate, F_OK) == 0 || g_access (key, F_OK) == 0 ||
      make_files (directory, certificate, key, type, error))
    id = pf_quic_identity_load (certificate, key, error);
  g_free (certificate);
  g_free (key);
  return id;
}

PfQuicIdentity *
pf_quic_identity_ref (PfQuicIdentity *id)
{
  g_atomic_int_inc (&id->refs);
  return id;
}

void
pf_quic_identity_unref (PfQuicIdentity *id)
{
  if (!id || !g_atomic_int_dec_and_test (&id->refs))
    return;
  gnutls_certificate_free_credentials (id->credentials);
  explicit_bzero (id->secret, sizeof id->secret);
  g_free (id);
}

const guint8 *
pf_quic_identity_fingerprint (const PfQuicIdentity *id)
{
  return id->fingerprint;
}

void
pf_quic_identity_derive (
    const PfQuicIdentity *id, const gchar *label, guint8 out[32])
{
  const int ret = gnutls_hmac_fast (GNUTLS_MAC_SHA256, id->secret,
      sizeof id->secret, label, strlen (label), out);

  g_assert (ret == 0);
}

gpointer
pf_quic_identity_credentials (const PfQuicIdentity *id)
{
  return id->credentials;
}

/* ---- Fingerprints ------------------------------------------------------- */

gboolean
pf_quic_fingerprint_parse (const gchar *text, guint8 out[PF_QUIC_FINGERPRINT])
{
  guint8 bytes[PF_QUIC_FINGERPRINT] = { 0 };
  guint n = 0;

  for (; *text; text++) {
    const gint digit = g_ascii_xdigit_value (*text);

    if (*text == ':' && n > 0 && n % 2 == 0)
      continue;
    if (digit < 0 || n == 2 * PF_QUIC_FINGERPRINT)
      return FALSE;
    bytes[n / 2] = (guint8) (bytes[n / 2] << 4 | digit);
    n++;
  }
  if (n != 2 * PF_QUIC_FINGERPRINT)
    return FALSE;
  memcpy (out, bytes, sizeof bytes);
  return TRUE;
}

gchar *
pf_quic_fingerprint_to_string (const guint8 *fingerprint)
{
  GString *text = g_string_sized_new (2 * PF_QUIC_FINGERPRINT + 1);

  for (guint i = 0; i < PF_QUIC_FINGERPRINT; i++)
    g_string_append_printf (text, "%02x", fingerprint[i]);
  return g_string_free (text, FALSE);
}
