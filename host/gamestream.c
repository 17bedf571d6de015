/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The host for GameStream's clients; see gamestream.h. */
#include "gamestream.h"

#include "gs-identity.h"
#include "gs-pair.h"
#include "gs-session.h"
#include "pf-conf.h"
#include "pf-report.h"
#include "ports.h"

#include "pf-gs-xml.h"

#include <string.h>

#define ANSWER 4096
#define CANCEL_S 28     /* clients wait for 30 */
#define APP_ANSWER 1024 /* of one title, when all its characters are escaped */

struct _PfGsHost {
  PfGsConfig config; /* without its strings */
  PfGsIdentity identity;
  PfApps *apps;
  PfDevices *devices;
  PfGsPairing *pairing;
  PfGsSessions *sessions;
  PfGsHttp *http;
};

/* ---- Answers ------------------------------------------------------------ */

static void
answer (PfGsCall *call, const PfGsWriter *w)
{
  pf_gs_call_reply_xml (call, w->bytes, w->size);
}

/* ELEMENT, if not NULL, is there and 0: some clients look only at that. */
static void
refuse (
    PfGsCall *call, guint status, const gchar *message, const gchar *element)
{
  gchar bytes[ANSWER];
  PfGsWriter w = { bytes, sizeof bytes, 0, false };

  pf_gs_xml_begin (&w, status, message);
  if (element)
    pf_gs_xml_uint (&w, element, 0);
  pf_gs_xml_end (&w);
  answer (call, &w);
}

/* ---- Who asks ----------------------------------------------------------- */

/* Exactly a certificate that is on the list, and not over; NULL: a stranger. */
static PfDevice *
device_of (PfGsHost *h, const PfGsCall *call)
{
  const gchar *fingerprint = pf_gs_call_fingerprint (call);
  PfDevice *d;

  if (!pf_gs_call_is_tls (call) || !fingerprint)
    return NULL;
  d = pf_devices_find (h->devices, fingerprint);
  if (d && pf_device_is_expired (d))
    g_clear_pointer (&d, pf_device_free);
  return d;
}

/* ---- /serverinfo, /applist, /appasset ------------------------------------ */

static void
server_info (PfGsHost *h, PfGsCall *call, const PfDevice *d)
{
  const guint32 codecs = pf_gs_sessions_codecs (h->sessions);
  const gchar *local = pf_gs_call_local_text (call);
  g_autofree gchar *mac = d ? pf_gs_hardware_address (local) : NULL;
  gchar bytes[ANSWER];
  PfGsWriter w = { bytes, sizeof bytes, 0, false };
  const PfGsServerInfo info = { .hostname = g_get_host_name (),
    .unique_id = h->identity.uuid,
    .mac = mac,
    .local_ip = pf_gs_call_is_v4 (call) ? local : NULL,
    .https_port = (guint16) (h->config.port - PF_GS_TLS_BELOW),
    .http_port = (guint16) h->config.port,
    /* 0 would be a host that is too old for its clients */
    .codecs = codecs ? codecs : PF_GS_CODEC_H264,
    .paired = d != NULL,
    .app = d ? pf_gs_sessions_running (h->sessions, d->fingerprint) : 0 };

  pf_gs_xml_server_info (&w, &info);
  answer (call, &w);
}

static void
app_list (PfGsHost *h, PfGsCall *call, const PfDevice *d)
{
  const gsize room = ANSWER + pf_apps_n (h->apps) * APP_ANSWER;
  g_autofree gchar *bytes = g_malloc (room);
  PfGsWriter w = { bytes, room, 0, false };

  (void) d;
  pf_gs_xml_begin (&w, 200, NULL);
  for (guint i = 0; i < pf_apps_n (h->apps); i++) {
    const PfApp *a = pf_apps_at (h->apps, i);

    pf_gs_xml_app (&w, a->id, a->title, a->hdr);
  }
  pf_gs_xml_end (&w);
  answer (call, &w);
}

/* The title that is named by number. */
static const PfApp *
app_of (PfGsHost *h, const PfGsCall *call)
{
  const gchar *text = pf_gs_call_get (call, "appid");
  guint64 id;

  return text && g_ascii_string_to_unsigned (text, 10, 1, G_MAXINT32, &id, NULL)
             ? pf_apps_find (h->apps, (guint32) id)
             : NULL;
}

static void
app_asset (PfGsHost *h, PfGsCall *call, const PfDevice *d)
{
  const PfApp *app = app_of (h, call);
  g_autoptr (GBytes) png = app ? pf_app_image (app) : NULL;

  (void) d;
  if (png)
    pf_gs_call_reply_png (call, png);
  else
    refuse (call, 404, "There is no such picture.", NULL);
}

/* ---- /launch, /resume, /cancel ------------------------------------------- */

typedef struct {
  PfGsLaunch launch;
  const gchar *bad; /* name of a parameter that cannot be */
} Wish;

static void
take_parameter (const gchar *name, const gchar *value, gpointer user)
{
  Wish *w = user;
  const PfGsText n = { name, strlen (name) }, v = { value, strlen (value) };

  if (pf_gs_launch_set (&w->launch, n, v) < 0)
    w->bad = name;
}

/* Desktop is only looked at. */
static gboolean
may_start (const PfDevice *d, const PfApp *app)
{
  return d->grants & PF_MAY_LAUNCH || (!app->run && app->n_steps == 0);
}

static guint
start (PfGsHost *h, PfGsCall *call, const PfDevice *d, const PfApp *app,
    const PfGsLaunch *launch, const gchar **message)
{
  const PfGsWho who = { d->fingerprint, d->name, pf_gs_call_peer_text (call),
    d->grants, d->expires };
  const guint32 required = h->config.allow_plain ? 0 : PF_GS_ENC_ALL;
  const guint status = pf_gs_launch_check (launch, !app, required, message);

  return status == 200
             ? pf_gs_sessions_launch (h->sessions, &who, app, launch, message)
             : status;
}

static void
begin (PfGsHost *h, PfGsCall *call, const PfDevice *d, gboolean resume)
{
  const gchar *element = resume ? "resume" : "gamesession";
  const PfApp *app = resume ? NULL : app_of (h, call);
  const gchar *message = "OK";
  gchar bytes[ANSWER];
  PfGsWriter w = { bytes, sizeof bytes, 0, false };
  Wish wish = { .bad = NULL };
  guint status = 400;

  pf_gs_launch_init (&wish.launch);
  pf_gs_call_foreach (call, take_parameter, &wish);
  if (wish.bad) {
    g_snprintf (bytes, sizeof bytes, "%s cannot be that.", wish.bad);
    refuse (call, status, bytes, element);
  } else if (!resume && !app) {
    refuse (call, 404, "There is no such title.", element);
  } else if (app && !may_start (d, app)) {
    refuse (call, 403, "This device may not start titles.", element);
  } else if ((status = start (h, call, d, app, &wish.launch, &message)) !=
             200) {
    g_print ("GameStream: %s is told: %s\n", d->name, message);
    refuse (call, status, message, element);
  } else {
    pf_gs_xml_session (&w, resume, wish.launch.core_version > 0,
        pf_gs_call_local_text (call),
        (guint16) pf_gs_sessions_rtsp_port (h->sessions));
    answer (call, &w);
  }
  explicit_bzero (&wish, sizeof wish);
}

static void
launch (PfGsHost *h, PfGsCall *call, const PfDevice *d)
{
  begin (h, call, d, FALSE);
}

static void
resume (PfGsHost *h, PfGsCall *call, const PfDevice *d)
{
  begin (h, call, d, TRUE);
}

static void
on_cancelled (gpointer user)
{
  PfGsCall *call = user;
  gchar bytes[256];
  PfGsWriter w = { bytes, sizeof bytes, 0, false };

  pf_gs_xml_begin (&w, 200, NULL);
  pf_gs_xml_uint (&w, "cancel", 1);
  pf_gs_xml_end (&w);
  answer (call, &w);
}

static void
on_cancel_gone (PfGsCall *call, gpointer user)
{
  PfGsHost *h = user;

  pf_gs_sessions_forget (h->sessions, call);
}

/* Answered when all is undone: the client asks then what runs. */
static void
cancel (PfGsHost *h, PfGsCall *call, const PfDevice *d)
{
  if (pf_gs_sessions_cancel (h->sessions, d->fingerprint, on_cancelled, call))
    on_cancelled (call);
  else
    pf_gs_call_park (call, CANCEL_S, on_cancel_gone, h);
}

/* ---- Paths -------------------------------------------------------------- */

static void
pair (PfGsHost *h, PfGsCall *call, const PfDevice *d)
{
  (void) d;
  pf_gs_pairing_request (h->pairing, call);
}

static void
unpair (PfGsHost *h, PfGsCall *call, const PfDevice *d)
{
  (void) d;
  pf_gs_pairing_unpair (h->pairing, call);
}

/* All there are. What needs a paired device is only there with TLS. */
static const struct {
  const gchar *path;
  gboolean paired;
  void (*run) (PfGsHost *h, PfGsCall *call, const PfDevice *d);
} paths[] = {
  { "/appasset", TRUE, app_asset },
  { "/applist", TRUE, app_list },
  { "/cancel", TRUE, cancel },
  { "/launch", TRUE, launch },
  { "/pair", FALSE, pair },
  { "/resume", TRUE, resume },
  { "/serverinfo", FALSE, server_info },
  { "/unpair", FALSE, unpair },
};

/* A stranger's only request over TLS is the last one of its pairing. */
static gboolean
is_last_of_pairing (PfGsHost *h, const PfGsCall *call)
{
  gsize size;
  const guint8 *der = pf_gs_call_der (call, &size);

  return g_str_equal (pf_gs_call_path (call), "/pair") &&
         pf_gs_pairing_may_confirm (h->pairing, der, size);
}

static void
on_call (PfGsCall *call, gpointer user)
{
  PfGsHost *h = user;
  g_autoptr (PfDevice) d = device_of (h, call);

  if (pf_gs_call_is_tls (call) && !d && !is_last_of_pairing (h, call)) {
    refuse (call, 401,
        "The client is not authorized. Certificate verification failed.", NULL);
    return;
  }
  for (guint i = 0; i < G_N_ELEMENTS (paths); i++)
    if (g_str_equal (pf_gs_call_path (call), paths[i].path) &&
        (d || !paths[i].paired)) {
      paths[i].run (h, call, d);
      return;
    }
  refuse (call, 404, "There is nothing.", NULL);
}

/* ---- Begin and end ------------------------------------------------------ */

static gboolean
set_taken (guint port, const GError *problem, GError **error)
{
  g_autofree gchar *owner = port ? pf_port_owner (port) : NULL;

  if (g_error_matches (problem, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE))
    g_set_error (error, PF_LAUNCH_ERROR, PF_LAUNCH_ERROR_VALUE,
        "TCP port %u is taken by %s; choose others with --gamestream-port N",
        port, owner ? owner : "another program");
  else
    g_set_error (error, PF_LAUNCH_ERROR, PF_LAUNCH_ERROR_VALUE,
        "GameStream, port %u: %s", port, problem->message);
  return FALSE;
}

static gboolean
open_http (PfGsHost *h, const gchar *address, GError **error)
{
  const PfGsHttpConfig config = { .address = address,
    .port = h->config.port,
    .tls_port = h->config.port - PF_GS_TLS_BELOW,
    .certificate = h->identity.tls };
  g_autoptr (GError) problem = NULL;
  guint port;

  h->http = pf_gs_http_new (&config, on_call, h, &port, &problem);
  return h->http || set_taken (port, problem, error);
}

static gboolean
open_all (PfGsHost *h, const PfGsConfig *config, PfTrust *trust, GError **error)
{
  g_autofree gchar *store =
      g_build_filename (config->identity, "gamestream-paired.json", NULL);
  g_autofree gchar *journal =
      g_build_filename (config->identity, "undo.json", NULL);
  const PfGsSessionsConfig sessions = { .address = config->address,
    .journal = journal,
    .port = config->port,
    .allow_plain = config->allow_plain,
    .max_sessions = config->max_sessions,
    .max_depth = config->max_depth,
    .max_chroma = config->max_chroma,
    .hdr = config->hdr };

  if (!pf_gs_identity_load (&h->identity, config->identity, error) ||
      !open_http (h, config->address, error) ||
      !(h->sessions = pf_gs_sessions_new (&sessions, error)) ||
      !(h->apps = pf_apps_load (config->apps, error)) ||
      !(h->devices = pf_devices_open (store, error)))
    return FALSE;
  h->pairing = pf_gs_pairing_new (h->identity.cert, trust, h->devices);
  return TRUE;
}

PfGsHost *
pf_gs_host_new (const PfGsConfig *config, PfTrust *trust, GError **error)
{
  PfGsHost *h = g_new0 (PfGsHost, 1);

  h->config = *config;
  h->config.address = h->config.identity = h->config.apps = NULL;
  if (open_all (h, config, trust, error))
    return h;
  pf_gs_host_free (h);
  return NULL;
}

void
pf_gs_host_start (PfGsHost *h, const PfSelect *select)
{
  pf_gs_sessions_start (h->sessions, select);
}

void
pf_gs_host_free (PfGsHost *h)
{
  if (!h)
    return;
  pf_gs_http_free (h->http);
  pf_gs_pairing_free (h->pairing);
  pf_gs_sessions_free (h->sessions);
  pf_devices_free (h->devices);
  pf_apps_free (h->apps);
  pf_gs_identity_clear (&h->identity);
  g_free (h);
}

gboolean
pf_gs_host_can_stream (const PfGsHost *h)
{
  return pf_gs_sessions_can_stream (h->sessions);
}

guint
pf_gs_host_n_paired (const PfGsHost *h)
{
  return pf_devices_n (h->devices);
}

void
pf_gs_host_access (PfGsHost *h, const gchar *fingerprint, guint32 grants,
    gint64 expires, guint code)
{
  if (code)
    pf_gs_sessions_cancel (h->sessions, fingerprint, NULL, NULL);
  else
    pf_gs_sessions_grant (h->sessions, fingerprint, grants, expires);
}

void
pf_gs_host_to_json (const PfGsHost *h, JsonBuilder *b)
{
  PfGsHttpStats stats;

  pf_gs_http_get_stats (h->http, &stats);
  pf_report_add_uint (b, "port", h->config.port);
  pf_report_add_bool (b, "allow-plain", h->config.allow_plain);
  pf_report_add_uint (b, "codecs", pf_gs_sessions_codecs (h->sessions));
  pf_report_add_uint (b, "paired", pf_devices_n (h->devices));
  pf_report_add_uint (b, "connections", stats.connections);
  pf_report_add_uint (b, "accepted", stats.accepted);
  pf_report_add_uint (b, "refused", stats.refused);
  pf_report_add_uint (b, "late", stats.late);
  pf_report_add_uint (b, "requests", stats.requests);
}

void
pf_gs_host_sessions_to_json (const PfGsHost *h, JsonBuilder *b)
{
  pf_gs_sessions_to_json (h->sessions, b);
}
