/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* For a build without what GameStream needs. */
#include "gamestream.h"

#include "pf-conf.h"

PfGsHost *
pf_gs_host_new (const PfGsConfig *config, PfTrust *trust, GError **error)
{
  (void) config;
  (void) trust;
  g_set_error (error, PF_LAUNCH_ERROR, PF_LAUNCH_ERROR_NONE,
      "this build has no GameStream: it needs libsoup 3 and OpenSSL");
  return NULL;
}

void
pf_gs_host_free (PfGsHost *host)
{
  (void) host;
}

void
pf_gs_host_start (PfGsHost *host, const PfSelect *select)
{
  (void) host;
  (void) select;
}

gboolean
pf_gs_host_can_stream (const PfGsHost *host)
{
  (void) host;
  return FALSE;
}

guint
pf_gs_host_n_paired (const PfGsHost *host)
{
  (void) host;
  return 0;
}

void
pf_gs_host_access (PfGsHost *host, const gchar *fingerprint, guint32 grants,
    gint64 expires, guint code)
{
  (void) host;
  (void) fingerprint;
  (void) grants;
  (void) expires;
  (void) code;
}

void
pf_gs_host_to_json (const PfGsHost *host, JsonBuilder *builder)
{
  (void) host;
  (void) builder;
}

void
pf_gs_host_sessions_to_json (const PfGsHost *host, JsonBuilder *builder)
{
  (void) host;
  (void) builder;
}
