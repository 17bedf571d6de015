/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Who this host is for GameStream's clients; see gs-identity.h. */
#include "gs-identity.h"

#include <ifaddrs.h>
#include <netdb.h>
#include <string.h>

#define CERT_END "-----END CERTIFICATE-----"

/* Clients refuse a chain: the first certificate alone. */
static gchar *
first_certificate (const gchar *pem)
{
  const gchar *end = strstr (pem, CERT_END);

  return end ? g_strdup_printf ("%.*s\n",
                   (int) (end - pem + (gssize) strlen (CERT_END)), pem)
             : NULL;
}

/* A name-based one (version 8: of its own kind) from a digest. */
static gchar *
uuid_of (const PfGsCert *cert)
{
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);
  guint8 d[32];
  gsize n = sizeof d;
  size_t size;
  const uint8_t *der = pf_gs_cert_der (cert, &size);

  g_checksum_update (sum, (const guchar *) "gamestream", 10);
  g_checksum_update (sum, der, (gssize) size);
  g_checksum_get_digest (sum, d, &n);
  d[6] = (d[6] & 0x0f) | 0x80;
  d[8] = (d[8] & 0x3f) | 0x80;
  return g_strdup_printf ("%02X%02X%02X%02X-%02X%02X-%02X%02X-%02X%02X-"
                          "%02X%02X%02X%02X%02X%02X",
      d[0], d[1], d[2], d[3], d[4], d[5], d[6], d[7], d[8], d[9], d[10], d[11],
      d[12], d[13], d[14], d[15]);
}

static gboolean
take (PfGsIdentity *id, const gchar *cert, const gchar *key, gsize key_size,
    GError **error)
{
  g_autofree gchar *both = g_strconcat (cert, key, NULL);

  id->tls = g_tls_certificate_new_from_pem (both, -1, error);
  explicit_bzero (both, strlen (both));
  if (!id->tls)
    return FALSE;
  if (pf_gs_cert_new (cert, strlen (cert), key, key_size, &id->cert) < 0) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
        "GameStream needs a certificate with a key of RSA, 2048 to 4096 bits");
    return FALSE;
  }
  id->uuid = uuid_of (id->cert);
  return TRUE;
}

gboolean
pf_gs_identity_load (
    PfGsIdentity *identity, const gchar *directory, GError **error)
{
  g_autofree gchar *cert_file = g_build_filename (directory, "cert.pem", NULL);
  g_autofree gchar *key_file = g_build_filename (directory, "key.pem", NULL);
  g_autofree gchar *chain = NULL, *cert = NULL, *key = NULL;
  gsize key_size;
  gboolean good;

  memset (identity, 0, sizeof *identity);
  if (!g_file_get_contents (cert_file, &chain, NULL, error) ||
      !g_file_get_contents (key_file, &key, &key_size, error))
    return FALSE;
  cert = first_certificate (chain);
  if (!cert)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
        "%s: no certificate", cert_file);
  good = cert && take (identity, cert, key, key_size, error);
  explicit_bzero (key, key_size);
  if (!good)
    pf_gs_identity_clear (identity);
  return good;
}

void
pf_gs_identity_clear (PfGsIdentity *identity)
{
  g_clear_object (&identity->tls);
  pf_gs_cert_free (identity->cert);
  g_free (identity->uuid);
  memset (identity, 0, sizeof *identity);
}

/* ---- Interfaces --------------------------------------------------------- */

static gboolean
is_address (const struct ifaddrs *i, const gchar *address)
{
  gchar text[NI_MAXHOST];
  socklen_t size;

  if (!i->ifa_addr)
    return FALSE;
  if (i->ifa_addr->sa_family == AF_INET)
    size = sizeof (struct sockaddr_in);
  else if (i->ifa_addr->sa_family == AF_INET6)
    size = sizeof (struct sockaddr_in6);
  else
    return FALSE;
  if (getnameinfo (
          i->ifa_addr, size, text, sizeof text, NULL, 0, NI_NUMERICHOST) != 0)
    return FALSE;
  text[strcspn (text, "%")] = '\0';
  return g_str_equal (text, address);
}

gchar *
pf_gs_hardware_address (const gchar *address)
{
  struct ifaddrs *all = NULL;
  gchar *found = NULL;

  if (getifaddrs (&all) < 0)
    return NULL;
  for (const struct ifaddrs *i = all; i && !found; i = i->ifa_next) {
    g_autofree gchar *file = NULL;

    if (!is_address (i, address))
      continue;
    file = g_build_filename ("/sys/class/net", i->ifa_name, "address", NULL);
    if (g_file_get_contents (file, &found, NULL, NULL))
      g_strstrip (found);
  }
  freeifaddrs (all);
  return found;
}
