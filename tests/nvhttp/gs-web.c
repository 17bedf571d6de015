/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* GameStream's HTTP from a client's side; see gs-web.h. */
#include "gs-web.h"

#include "pf-test.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>

#define SECONDS 20
#define ANSWER_MAX (1024 * 1024)
#define SUBJECT "NVIDIA GameStream Client"

/* ---- Identities --------------------------------------------------------- */

static void
set_times (X509 *x, GsCertKind kind)
{
  const long year = 365 * 24 * 3600L;
  const long from = kind == GS_CERT_EXPIRED  ? -2 * year
                    : kind == GS_CERT_FUTURE ? year
                                             : -3600;

  X509_gmtime_adj (X509_getm_notBefore (x), from);
  X509_gmtime_adj (X509_getm_notAfter (x),
      kind == GS_CERT_EXPIRED ? -year : from + 20 * year);
}

static void
set_usage (X509 *x)
{
  X509_EXTENSION *e =
      X509V3_EXT_conf_nid (NULL, NULL, NID_key_usage, "critical,cRLSign");

  PF_REQUIRE (e && X509_add_ext (x, e, -1));
  X509_EXTENSION_free (e);
}

static X509 *
make_certificate (EVP_PKEY *key, GsCertKind kind, const gchar *subject)
{
  X509 *x = X509_new ();
  X509_NAME *name = X509_get_subject_name (x);

  X509_set_version (x, kind == GS_CERT_V2 ? 1 : 2);
  ASN1_INTEGER_set (X509_get_serialNumber (x), 0);
  set_times (x, kind);
  X509_NAME_add_entry_by_txt (name, "CN", MBSTRING_ASC,
      (const guchar *) (subject ? subject : SUBJECT), -1, -1, 0);
  X509_set_issuer_name (x, name);
  X509_set_pubkey (x, key);
  if (kind == GS_CERT_NO_SIGNING)
    set_usage (x);
  PF_REQUIRE (X509_sign (x, key, EVP_sha256 ()));
  return x;
}

static gchar *
text_of (BIO *bio)
{
  char *bytes;
  const long size = BIO_get_mem_data (bio, &bytes);
  gchar *text = g_strndup (bytes, (gsize) size);

  BIO_free (bio);
  return text;
}

gchar *
gs_make_identity (
    GsCertKind kind, const gchar *subject, gchar **cert, gchar **key)
{
  EVP_PKEY *pkey = EVP_RSA_gen (2048);
  X509 *x = make_certificate (pkey, kind, subject);
  BIO *c = BIO_new (BIO_s_mem ()), *k = BIO_new (BIO_s_mem ());

  PF_REQUIRE (PEM_write_bio_X509 (c, x));
  PF_REQUIRE (
      PEM_write_bio_PKCS8PrivateKey (k, pkey, NULL, NULL, 0, NULL, NULL));
  *cert = text_of (c);
  *key = text_of (k);
  X509_free (x);
  EVP_PKEY_free (pkey);
  return g_strconcat (*cert, *key, NULL);
}

void
gs_web_init (GsWeb *web, const gchar *address, guint port)
{
  memset (web, 0, sizeof *web);
  web->address = address;
  web->port = port;
  web->name = "0123456789ABCDEF";
}

void
gs_web_identify (GsWeb *web, GsCertKind kind, const gchar *subject)
{
  g_autofree gchar *cert = NULL, *key = NULL, *both = NULL;
  g_autoptr (GError) error = NULL;
  const uint8_t *der;
  size_t size;

  both = gs_make_identity (kind, subject, &cert, &key);
  web->tls = g_tls_certificate_new_from_pem (both, -1, &error);
  PF_REQUIRE (web->tls);
  PF_REQUIRE_INT (
      pf_gs_cert_new (cert, strlen (cert), key, strlen (key), &web->cert), ==,
      0);
  der = pf_gs_cert_der (web->cert, &size);
  web->fingerprint = g_compute_checksum_for_data (G_CHECKSUM_SHA256, der, size);
}

void
gs_web_clear (GsWeb *web)
{
  pf_gs_pair_client_free (web->pairing);
  pf_gs_cert_free (web->cert);
  g_clear_object (&web->tls);
  g_free (web->fingerprint);
  memset (web, 0, sizeof *web);
}

/* ---- Requests ----------------------------------------------------------- */

static gboolean
accept_any (GTlsConnection *tls, GTlsCertificate *certificate,
    GTlsCertificateFlags errors, gpointer user)
{
  (void) tls;
  (void) certificate;
  (void) errors;
  (void) user;
  return TRUE;
}

GIOStream *
gs_secure (GIOStream *transport, GTlsCertificate *own)
{
  GIOStream *stream = g_tls_client_connection_new (transport, NULL, NULL);

  PF_REQUIRE (stream);
  if (own)
    g_tls_connection_set_certificate (G_TLS_CONNECTION (stream), own);
  g_object_set (stream, "require-close-notify", FALSE, NULL);
  g_signal_connect (
      stream, "accept-certificate", G_CALLBACK (accept_any), NULL);
  if (!g_tls_connection_handshake (G_TLS_CONNECTION (stream), NULL, NULL))
    g_clear_object (&stream);
  return stream;
}

GIOStream *
gs_web_connect (const GsWeb *web, gboolean tls)
{
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GSocketConnection) connection = NULL;

  g_socket_client_set_timeout (client, SECONDS);
  connection = g_socket_client_connect_to_host (client, web->address,
      (guint16) (tls ? web->port - 5 : web->port), NULL, NULL);
  if (!connection || !tls)
    return (GIOStream *) g_steal_pointer (&connection);
  return gs_secure (G_IO_STREAM (connection), web->tls);
}

/* The length that the head names; -1: none. */
static gssize
length_of (const gchar *head)
{
  const gchar *at = strcasestr (head, "\r\ncontent-length:");

  return at ? (gssize) g_ascii_strtoull (
                  at + strlen ("\r\ncontent-length:"), NULL, 10)
            : -1;
}

static gboolean
is_whole (const GString *bytes)
{
  const gchar *end = strstr (bytes->str, "\r\n\r\n");
  gssize length;

  if (!end)
    return FALSE;
  length = length_of (bytes->str);
  return length >= 0 && bytes->len >= (gsize) (end + 4 - bytes->str + length);
}

static GsAnswer
read_answer (GIOStream *stream)
{
  GInputStream *in = g_io_stream_get_input_stream (stream);
  g_autoptr (GString) bytes = g_string_new (NULL);
  GsAnswer a = { 0 };
  gchar piece[4096];
  const gchar *end;
  gssize n;

  while (!is_whole (bytes) && bytes->len < ANSWER_MAX &&
         (n = g_input_stream_read (in, piece, sizeof piece, NULL, NULL)) > 0)
    g_string_append_len (bytes, piece, n);
  end = strstr (bytes->str, "\r\n\r\n");
  if (!end || !is_whole (bytes) ||
      sscanf (bytes->str, "HTTP/1.%*c %u", &a.code) != 1)
    return a;
  a.head = g_strndup (bytes->str, (gsize) (end - bytes->str));
  a.size = bytes->len - (gsize) (end + 4 - bytes->str);
  a.body = g_malloc0 (a.size + 1);
  memcpy (a.body, end + 4, a.size);
  return a;
}

GsAnswer
gs_web_get_on (
    const GsWeb *web, GIOStream *stream, const gchar *path, gboolean last)
{
  g_autofree gchar *uuid = g_uuid_string_random ();
  g_autofree gchar *request = g_strdup_printf (
      "GET %s%suniqueid=%s&uuid=%s HTTP/1.1\r\nHost: host\r\n%s\r\n", path,
      strchr (path, '?') ? "&" : "?", web->name, uuid,
      last ? "Connection: close\r\n" : "");
  GsAnswer none = { 0 };

  return g_output_stream_write_all (g_io_stream_get_output_stream (stream),
             request, strlen (request), NULL, NULL, NULL)
             ? read_answer (stream)
             : none;
}

GsAnswer
gs_web_get (const GsWeb *web, gboolean tls, const gchar *path)
{
  g_autoptr (GIOStream) stream = gs_web_connect (web, tls);
  GsAnswer a = { 0 };

  if (stream) {
    a = gs_web_get_on (web, stream, path, TRUE);
    g_io_stream_close (stream, NULL, NULL);
  }
  return a;
}

void
gs_answer_clear (GsAnswer *answer)
{
  g_free (answer->head);
  g_free (answer->body);
  memset (answer, 0, sizeof *answer);
}

guint
gs_answer_status (const GsAnswer *answer)
{
  const gchar *at =
      answer->body ? strstr (answer->body, "<root status_code=\"") : NULL;
  guint status = 0;

  if (at)
    sscanf (at, "<root status_code=\"%u\"", &status);
  return status;
}

gchar *
gs_answer_element (const GsAnswer *answer, const gchar *name)
{
  g_autofree gchar *open = g_strdup_printf ("<%s>", name);
  g_autofree gchar *close = g_strdup_printf ("</%s>", name);
  const gchar *begin = answer->body ? strstr (answer->body, open) : NULL;
  const gchar *end = begin ? strstr (begin, close) : NULL;

  if (!end)
    return NULL;
  begin += strlen (open);
  return g_strndup (begin, (gsize) (end - begin));
}

gboolean
gs_answer_is (const GsAnswer *answer, const gchar *name, const gchar *text)
{
  g_autofree gchar *found = gs_answer_element (answer, name);

  return g_strcmp0 (found, text) == 0;
}

/* ---- Pairing ------------------------------------------------------------ */

static PfGsText
piece_of (const gchar *string)
{
  return (PfGsText){ string, string ? strlen (string) : 0 };
}

/* A phase: whether the host agreed; VALUE (may be NULL) is what it gave. */
static gboolean
ask (GsWeb *web, gboolean tls, const gchar *query, const gchar *element,
    gchar **value)
{
  g_autofree gchar *path =
      g_strdup_printf ("/pair?devicename=roth&updateState=1&%s", query);
  GsAnswer a = gs_web_get (web, tls, path);
  const gboolean good =
      gs_answer_status (&a) == 200 && gs_answer_is (&a, "paired", "1");

  if (value)
    *value = gs_answer_element (&a, element);
  gs_answer_clear (&a);
  return good && (!value || *value);
}

/* As clients do that do not compare what they could: the last piece of the
 * random numbers, signed. */
static void
write_secret (const GsWeb *web, gchar *out)
{
  uint8_t bytes[GS_WEB_SECRET + PF_GS_SIGNATURE_MAX];
  size_t size;

  memcpy (bytes, web->secret, GS_WEB_SECRET);
  PF_REQUIRE_INT (pf_gs_cert_sign (web->cert, bytes, GS_WEB_SECRET,
                      bytes + GS_WEB_SECRET, &size),
      ==, 0);
  for (size_t i = 0; i < GS_WEB_SECRET + size; i++)
    g_snprintf (out + 2 * i, 3, "%02x", bytes[i]);
}

static gboolean
begin (GsWeb *web, const gchar *pin, gchar **plain)
{
  g_autofree gchar *salt = g_malloc0 (PF_GS_PAIR_TEXT + 1);
  g_autofree gchar *cert = g_malloc0 (PF_GS_PAIR_TEXT + 1);
  g_autofree gchar *query = NULL;
  uint8_t random[PF_GS_PAIR_CLIENT_RANDOM];

  pf_test_random_bytes (random, sizeof random);
  memcpy (web->secret, random + sizeof random - GS_WEB_SECRET, GS_WEB_SECRET);
  pf_gs_pair_client_free (web->pairing);
  web->pairing = NULL;
  PF_REQUIRE_INT (
      pf_gs_pair_client_new (web->cert, pin, random, &web->pairing), ==, 0);
  pf_gs_pair_client_salt (web->pairing, salt);
  pf_gs_pair_client_cert (web->pairing, cert);
  query = g_strdup_printf (
      "phrase=getservercert&salt=%s&clientcert=%s", salt, cert);
  return ask (web, FALSE, query, "plaincert", plain);
}

gboolean
gs_web_pair (GsWeb *web, const gchar *pin, GsPhase last, gboolean ignore)
{
  static const gchar *const names[] = { "clientchallenge",
    "serverchallengeresp", "clientpairingsecret" };
  static const gchar *const answers[] = { "challengeresponse", "pairingsecret",
    NULL };
  static int (*const steps[]) (
      PfGsPairClient *, PfGsText, char *) = { pf_gs_pair_client_challenge,
    pf_gs_pair_client_response, pf_gs_pair_client_secret };
  g_autofree gchar *value = NULL, *out = g_malloc0 (PF_GS_PAIR_TEXT + 1);

  if (!begin (web, pin, &value))
    return FALSE;
  for (guint i = 0; i < 3 && last >= GS_PHASE_CHALLENGE + i; i++) {
    const int ret = steps[i](web->pairing, piece_of (value), out);
    g_autofree gchar *query = NULL;

    if (ret < 0 && !(ret == PF_ERR_AUTH && ignore))
      return FALSE;
    if (ret < 0)
      write_secret (web, out);
    query = g_strdup_printf ("%s=%s", names[i], out);
    g_clear_pointer (&value, g_free);
    if (!ask (web, FALSE, query, answers[i], answers[i] ? &value : NULL))
      return FALSE;
  }
  return last < GS_PHASE_CONFIRM ||
         ask (web, TRUE, "phrase=pairchallenge", NULL, NULL);
}
