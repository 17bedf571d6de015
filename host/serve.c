/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* pf-host serve: the server element, its offers, and the sessions they become. */
#include "admin.h"
#include "ask.h"
#include "discovery.h"
#include "gamestream.h"
#include "options.h"
#include "ports.h"
#include "requests.h"
#include "session.h"

#include "pf-report.h"

#include <glib-unix.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

typedef struct {
  const PfOptions *options;
  PfSelect select;
  GMainLoop *loop;
  GstElement *server;
  guint watch;
  gchar **codecs;
  GPtrArray *sessions; /* PfServed */
  PfTrust *trust;
  PfAsk *ask;
  guint expiry; /* source */
  PfAdmin *admin;
  PfDiscovery *discovery;
  PfGsHost *gamestream; /* NULL: off */
  gchar *identity;      /* directory */
  gchar *fingerprint;
  guint port;
  PfPorts data_ports;
  gint64 began_us;
  guint served, refused;
  int status;
} Serve;

/* ---- Who comes in -------------------------------------------------------- */

/* In a thread of the server. 1: yes, 0: no, 2: later. */
static gint
on_authorize (GstElement *server, const GstStructure *peer, gpointer data)
{
  (void) server;
  return pf_trust_authorize (data, peer);
}

/* ---- Sessions ------------------------------------------------------------ */

static void watch_expiry (Serve *s);

/* Seconds that are left of what ends then; 0: it does not. */
static guint
seconds_to (gint64 expires)
{
  const gint64 now = g_get_real_time () / G_USEC_PER_SEC;

  return expires ? (guint) CLAMP (expires - now, 1, G_MAXINT32) : 0;
}

/* The session may be gone already: then this does nothing. */
static void
close_session (Serve *s, guint64 id, guint code, const gchar *reason)
{
  gboolean known = FALSE;

  g_signal_emit_by_name (s->server, "refuse", id, code, reason, &known);
}

/* ---- Rights that change ---------------------------------------------------- */

static void
on_access (gpointer data, const gchar *fingerprint, guint32 grants,
    gint64 expires, guint code)
{
  Serve *s = data;
  gboolean known = FALSE;

  for (guint i = s->sessions->len; i > 0; i--) {
    PfServed *session = g_ptr_array_index (s->sessions, i - 1);
    const guint64 id = pf_served_id (session);

    if (g_strcmp0 (pf_served_fingerprint (session), fingerprint) != 0)
      continue;
    if (code && pf_served_is_kept (session))
      g_ptr_array_remove_index (s->sessions, i - 1); /* nobody may return */
    else if (code)
      close_session (s, id, code, NULL); /* PfSessionEnded follows */
    else
      g_signal_emit_by_name (s->server, "set-access", id, (guint) grants,
          seconds_to (expires), &known);
  }
  if (s->gamestream)
    pf_gs_host_access (s->gamestream, fingerprint, grants, expires, code);
  watch_expiry (s);
}

static gboolean
on_expiry (gpointer data)
{
  Serve *s = data;
  guint32 grants;
  gint64 expires;

  s->expiry = 0;
  for (guint i = s->sessions->len; i > 0; i--) {
    PfServed *session = g_ptr_array_index (s->sessions, i - 1);
    const guint code = pf_trust_access (
        s->trust, pf_served_fingerprint (session), FALSE, &grants, &expires);

    if (code)
      close_session (s, pf_served_id (session), code, NULL);
  }
  watch_expiry (s);
  return G_SOURCE_REMOVE;
}

/* Looks again when the first of the sessions' rights ends. */
static void
watch_expiry (Serve *s)
{
  gint64 first = 0;

  for (guint i = 0; i < s->sessions->len; i++) {
    guint32 grants;
    gint64 expires;

    if (pf_trust_access (s->trust,
            pf_served_fingerprint (g_ptr_array_index (s->sessions, i)), FALSE,
            &grants, &expires) == 0 &&
        expires && (!first || expires < first))
      first = expires;
  }
  g_clear_handle_id (&s->expiry, g_source_remove);
  if (first)
    s->expiry = g_timeout_add_seconds (seconds_to (first), on_expiry, s);
}

/* ---- Offers ---------------------------------------------------------------- */

static void
on_session_ended (
    PfServed *session, const gchar *reason, const gchar *encoder, gpointer data)
{
  Serve *s = data;
  const guint64 id = pf_served_id (session);

  g_print ("session %" G_GUINT64_FORMAT " ended: %s\n", id, reason);
  if (encoder)
    pf_speeds_forget (s->select.speeds, encoder);
  close_session (s, id, PF_CODE_SETUP, reason);
  g_ptr_array_remove (s->sessions, session);
}

static void
on_session_wish (PfServed *session, const PfOffer *wish, gpointer data)
{
  const guint64 id = pf_served_id (session);
  g_autoptr (GError) error = NULL;
  Serve *s = data;
  PfGrant *grant = pf_select (&s->select, wish, NULL, &error);

  if (grant)
    g_print ("session %" G_GUINT64_FORMAT ": %ux%u at %u, %u kbit/s by %s\n",
        id, grant->width, grant->height, grant->fps, grant->bitrate_kbps,
        grant->encoder);
  else
    g_print ("session %" G_GUINT64_FORMAT " stays as it is: %s\n", id,
        error->message);
  pf_served_change (session, grant);
}

static void
refuse (Serve *s, const PfOffer *offer, guint code, const gchar *reason)
{
  s->refused++;
  g_print ("session %" G_GUINT64_FORMAT " of %s refused: %s\n", offer->id,
      offer->peer ? offer->peer : "somebody", reason);
  close_session (s, offer->id, code, reason);
}

static PfServed *
find_kept (Serve *s, const PfOffer *offer)
{
  for (guint i = 0; i < s->sessions->len; i++) {
    PfServed *session = g_ptr_array_index (s->sessions, i);

    if (pf_served_is_kept (session) &&
        (!offer || pf_served_is_of (session, offer)))
      return session;
  }
  return NULL;
}

static GstStructure *
grant_structure (const PfGrant *g, guint32 access, gint64 expires)
{
  return gst_structure_new ("PfSessionGrant", "access", G_TYPE_UINT, access,
      "expires-s", G_TYPE_UINT, seconds_to (expires), "codec", G_TYPE_STRING,
      g->codec, "width", G_TYPE_UINT, g->width, "height", G_TYPE_UINT,
      g->height, "fps", G_TYPE_UINT, g->fps, "bitrate-kbps", G_TYPE_UINT,
      g->bitrate_kbps, "max-bitrate-kbps", G_TYPE_UINT, g->max_bitrate_kbps,
      "depth", G_TYPE_UINT, g->depth, "chroma", G_TYPE_UINT, g->chroma, "hdr",
      G_TYPE_BOOLEAN, g->hdr, "channels", G_TYPE_UINT, g->channels, NULL);
}

/* A client that vanished is back, and finds all as it was. */
static gboolean
take_back (Serve *s, const PfOffer *offer, guint32 access, gint64 expires)
{
  PfServed *session = find_kept (s, offer);
  const guint64 before = session ? pf_served_id (session) : 0;
  const PfGrant *grant = session ? pf_served_return (session, offer) : NULL;
  g_autoptr (GstStructure) answer = NULL;
  gboolean known = FALSE;

  if (!grant)
    return FALSE;
  answer = grant_structure (grant, access, expires);
  g_print ("session %" G_GUINT64_FORMAT
           " of %s: goes on with session %" G_GUINT64_FORMAT "\n",
      offer->id, offer->peer ? offer->peer : "somebody", before);
  g_signal_emit_by_name (s->server, "accept", offer->id, answer, &known);
  return TRUE;
}

static void
start_session (Serve *s, const PfOffer *offer, PfGrant *grant, guint32 access,
    gint64 expires)
{
  g_autoptr (GstStructure) answer = grant_structure (grant, access, expires);
  g_autofree gchar *name = gst_object_get_name (GST_OBJECT (s->server));
  const PfEndpoint endpoint = { name, s->data_ports.first, s->data_ports.last };
  g_autofree gchar *title = g_strdup_printf ("%ux%u at %u in %s by %s%s%s",
      grant->width, grant->height, grant->fps, grant->codec, grant->encoder,
      grant->note ? "; " : "", grant->note ? grant->note : "");
  g_autoptr (GError) error = NULL;
  gboolean known = FALSE;
  PfServed *session;

  session = pf_served_new (
      offer->id, &endpoint, offer, grant, on_session_ended, s, &error);
  if (!session) {
    refuse (s, offer, PF_CODE_SETUP, error->message);
    return;
  }
  s->served++;
  pf_served_set_wish (session, on_session_wish);
  g_ptr_array_add (s->sessions, session);
  g_print ("session %" G_GUINT64_FORMAT " of %s: %s\n", offer->id,
      offer->peer ? offer->peer : "somebody", title);
  g_signal_emit_by_name (s->server, "accept", offer->id, answer, &known);
  watch_expiry (s);
}

/* What a client can decode is no wish: the host's owner says how far to go. */
static void
bend_to_options (PfOffer *offer, const PfOptions *o)
{
  offer->depth = MIN (offer->depth, (guint) o->depth);
  offer->chroma = MIN (offer->chroma, (guint) o->chroma);
  offer->hdr = offer->hdr && o->hdr;
}

static void
on_offer (Serve *s, const GstStructure *structure)
{
  g_autoptr (GError) error = NULL;
  PfOffer offer = { 0 };
  guint32 access;
  gint64 expires;
  PfGrant *grant;
  guint code;

  if (!pf_offer_read (structure, &offer))
    return;
  bend_to_options (&offer, s->options);
  code = pf_trust_access (
      s->trust, offer.fingerprint, offer.launches, &access, &expires);
  if (code) {
    refuse (s, &offer, code,
        code == PF_CODE_LAUNCH ? "this device may not launch that title"
                               : "this device's access has ended");
    pf_offer_clear (&offer);
    return;
  }
  if (take_back (s, &offer, access, expires)) {
    pf_offer_clear (&offer);
    return;
  }
  /* who is here goes before who may return */
  if (s->sessions->len >= (guint) s->options->max_sessions)
    g_ptr_array_remove (s->sessions, find_kept (s, NULL));
  if (s->sessions->len >= (guint) s->options->max_sessions) {
    refuse (s, &offer, PF_CODE_BUSY, "this host serves as many as it may");
  } else {
    grant = pf_select (&s->select, &offer, NULL, &error);
    if (grant)
      start_session (s, &offer, grant, access, expires);
    else
      refuse (s, &offer, PF_CODE_SETUP, error->message);
  }
  pf_offer_clear (&offer);
}

static void
on_ended (Serve *s, const GstStructure *structure)
{
  const gchar *reason = gst_structure_get_string (structure, "reason");
  gboolean lost = FALSE;
  guint64 id;

  gst_structure_get_boolean (structure, "lost", &lost);
  if (!gst_structure_get_uint64 (structure, "id", &id))
    return;
  for (guint i = 0; i < s->sessions->len; i++)
    if (pf_served_id (g_ptr_array_index (s->sessions, i)) == id) {
      const guint keep_ms = (guint) s->options->keep_s * 1000;
      const gboolean kept =
          lost && keep_ms > 0 &&
          pf_served_keep (g_ptr_array_index (s->sessions, i), keep_ms);

      g_print ("session %" G_GUINT64_FORMAT " ended: %s%s\n", id,
          reason && *reason ? reason : "the client left",
          kept ? "; its display waits for its return" : "");
      if (kept)
        return;
      g_ptr_array_remove_index (s->sessions, i);
      return;
    }
}

static gboolean
on_message (GstBus *bus, GstMessage *message, gpointer data)
{
  Serve *s = data;
  const GstStructure *structure = gst_message_get_structure (message);
  g_autoptr (GError) error = NULL;

  (void) bus;
  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR) {
    gst_message_parse_error (message, &error, NULL);
    s->status = pf_fail ("%s", error->message);
    g_main_loop_quit (s->loop);
  } else if (!structure || pf_trust_message (s->trust, structure)) {
    return G_SOURCE_CONTINUE;
  } else if (gst_message_has_name (message, "PfSessionOffer")) {
    on_offer (s, structure);
  } else if (gst_message_has_name (message, "PfSessionEnded")) {
    on_ended (s, structure);
  }
  return G_SOURCE_CONTINUE;
}

/* ---- Status -------------------------------------------------------------- */

static void
add_list (JsonBuilder *b, const gchar *name, gchar **words)
{
  json_builder_set_member_name (b, name);
  json_builder_begin_array (b);
  for (guint i = 0; words && words[i]; i++)
    json_builder_add_string_value (b, words[i]);
  json_builder_end_array (b);
}

static void
add_host (Serve *s, JsonBuilder *b)
{
  pf_report_add_text (b, "version", PF_VERSION);
  pf_report_add_uint (b, "process", (guint64) getpid ());
  pf_report_add_uint (b, "user", geteuid ());
  pf_report_add_text (
      b, "address", s->options->listen ? s->options->listen : "*");
  pf_report_add_uint (b, "port", s->port);
  pf_report_add_text (b, "fingerprint", s->fingerprint);
  pf_report_add_bool (b, "open", s->options->open);
  pf_report_add_uint (b, "paired", pf_devices_n (pf_trust_devices (s->trust)));
  pf_report_add_uint (b, "waiting", pf_trust_n_pending (s->trust));
  pf_report_add_bool (b, "gamestream", s->gamestream != NULL);
  pf_report_add_text (
      b, "discovery", s->discovery ? pf_discovery_state (s->discovery) : "off");
  pf_report_add_text (b, "socket", s->admin ? pf_admin_path (s->admin) : NULL);
  pf_report_add_uint (b, "seconds",
      (guint64) (g_get_monotonic_time () - s->began_us) / G_USEC_PER_SEC);
  pf_report_add_uint (b, "served", s->served);
  pf_report_add_uint (b, "refused", s->refused);
  add_list (b, "codecs", s->codecs);
}

static gchar *
answer_status (Serve *s)
{
  g_autoptr (JsonBuilder) b = json_builder_new ();

  json_builder_begin_object (b);
  add_host (s, b);
  json_builder_set_member_name (b, "sessions");
  json_builder_begin_array (b);
  for (guint i = 0; i < s->sessions->len; i++) {
    json_builder_begin_object (b);
    pf_served_to_json (g_ptr_array_index (s->sessions, i), b);
    json_builder_end_object (b);
  }
  if (s->gamestream)
    pf_gs_host_sessions_to_json (s->gamestream, b);
  json_builder_end_array (b);
  if (s->gamestream) {
    json_builder_set_member_name (b, "moonlight");
    json_builder_begin_object (b);
    pf_gs_host_to_json (s->gamestream, b);
    json_builder_end_object (b);
  }
  json_builder_end_object (b);
  return pf_report_line (b);
}

static void
on_request (PfAdminCall *call, const gchar *request, gpointer data)
{
  g_autoptr (JsonBuilder) b = NULL;
  Serve *s = data;

  if (g_str_equal (request, "status")) {
    pf_admin_reply (call, answer_status (s));
    return;
  }
  if (pf_requests_answer (s->trust, call, request))
    return;
  b = json_builder_new ();
  json_builder_begin_object (b);
  pf_report_add_text (b, "error", "unknown request");
  json_builder_end_object (b);
  pf_admin_reply (call, pf_report_line (b));
}

/* ---- Begin and end ------------------------------------------------------- */

static void
on_pending (gpointer data, const PfPending *p)
{
  Serve *s = data;

  if (s->ask)
    pf_ask_pending (s->ask, p);
  else if (p)
    g_print ("%s (%.8s, %s) wants to %s: pf-host pair %s %u\n", p->name,
        p->fingerprint, p->peer, p->ceremony ? "pair" : "connect",
        p->ceremony ? "pin" : "approve", p->number);
}

static gboolean
make_trust (Serve *s, GError **error)
{
  static const PfTrustFuncs funcs = { on_pending, on_access };
  const PfOptions *o = s->options;
  g_autofree gchar *store =
      g_build_filename (s->identity, "punktfunk1-paired.json", NULL);
  const PfTrustConfig config = { .store = store,
    .open = o->open,
    .allow = o->allow,
    .ask = o->ask || pf_ask_is_possible () };

  s->trust = pf_trust_new (&config, &funcs, s, error);
  if (!s->trust)
    return FALSE;
  pf_trust_set_server (s->trust, s->server);
  if (pf_ask_is_possible ())
    s->ask = pf_ask_new (s->trust, STDIN_FILENO);
  return TRUE;
}

static gboolean
make_server (Serve *s, GError **error)
{
  const PfOptions *o = s->options;
  g_autoptr (GstBus) bus = gst_bus_new ();

  s->server = gst_element_factory_make ("pfquicserver", "host");
  if (!s->server) {
    g_set_error (error, PF_LAUNCH_ERROR, PF_LAUNCH_ERROR_NONE,
        "the element pfquicserver is not here: was gst-punktfunk built with "
        "ngtcp2, and is GST_PLUGIN_PATH set?");
    return FALSE;
  }
  gst_object_ref_sink (s->server);
  gst_element_set_bus (s->server, bus);
  s->watch = gst_bus_add_watch (bus, on_message, s);
  s->identity = o->identity_dir ? g_strdup (o->identity_dir)
                                : g_build_filename (g_get_user_config_dir (),
                                      "gst-punktfunk", "host", NULL);
  if (!make_trust (s, error))
    return FALSE;
  g_object_set (s->server, "address", o->listen, "port", (guint) o->port,
      "identity-dir", s->identity, "pairing", TRUE, "approval-timeout",
      (guint) o->approval, "max-sessions",
      2 * PF_TRUST_PENDING + (guint) MIN (o->max_sessions, 512), NULL);
  g_signal_connect (
      s->server, "authorize", G_CALLBACK (on_authorize), s->trust);
  return TRUE;
}

static gboolean
make_gamestream (Serve *s, GError **error)
{
  const PfOptions *o = s->options;
  g_autofree gchar *apps = g_build_filename (s->identity, "apps.conf", NULL);
  const PfGsConfig config = { .address = o->listen,
    .port = (guint) o->gamestream_port,
    .identity = s->identity,
    .apps = apps,
    .allow_plain = o->allow_plain,
    .max_sessions = (guint) o->max_sessions,
    .max_depth = (guint) o->depth,
    .max_chroma = (guint) o->chroma,
    .hdr = o->hdr };

  if (o->gamestream)
    s->gamestream = pf_gs_host_new (&config, s->trust, error);
  return s->gamestream || !o->gamestream;
}

/* The server's own words, unless it is the port. */
static int
fail_to_listen (Serve *s)
{
  g_autoptr (GstBus) bus = gst_element_get_bus (s->server);
  g_autoptr (GstMessage) message = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree gchar *owner = NULL;

  if (pf_port_is_taken (s->options->listen, (guint) s->options->port)) {
    owner = pf_port_owner ((guint) s->options->port);
    return pf_fail ("UDP port %d is taken by %s; choose another with --port N",
        s->options->port, owner ? owner : "another program");
  }
  message = gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR);
  if (!message)
    return pf_fail ("the server cannot be opened");
  gst_message_parse_error (message, &error, NULL);
  return pf_fail ("%s", error->message);
}

static void
say_gamestream (Serve *s)
{
  const guint base = (guint) s->options->gamestream_port;

  if (!s->gamestream) {
    g_print ("Moonlight (GameStream): off\n");
    return;
  }
  g_print ("Moonlight (GameStream): on, %u devices paired; a firewall must "
           "admit TCP to ports %u, %u and %u, UDP to %u to %u\n",
      pf_gs_host_n_paired (s->gamestream), base - PF_GS_TLS_BELOW, base,
      base + PF_GS_RTSP_ABOVE, base + PF_GS_VIDEO_ABOVE,
      base + PF_GS_AUDIO_ABOVE);
  if (!pf_gs_host_can_stream (s->gamestream))
    g_print ("Moonlight: this build can pair, and cannot stream: the element "
             "gamestreamserver is not here\n");
  g_printerr ("pf-host: warning: whoever listens on the way while a Moonlight "
              "device is paired can find out its PIN afterwards: pair in a "
              "network that you trust\n");
  if (s->options->allow_plain)
    g_printerr ("pf-host: warning: --allow-plain: Moonlight devices may do "
                "without encryption\n");
}

static void
say_hello (Serve *s)
{
  const PfOptions *o = s->options;
  const struct passwd *user = getpwuid (geteuid ());
  g_autofree gchar *codecs = g_strjoinv (", ", s->codecs);

  g_print ("listens on UDP port %u of %s, as %s\n", s->port,
      o->listen ? o->listen : "all addresses", user ? user->pw_name : "a user");
  g_print ("fingerprint %s\n", s->fingerprint);
  g_print ("encodes %s\n", *codecs ? codecs : "nothing");
  if (o->open)
    g_print ("open: whoever reaches the port may watch and control\n");
  else
    g_print ("lets %u paired devices in%s; others wait for you: pf-host pair\n",
        pf_devices_n (pf_trust_devices (s->trust)),
        o->allow ? ", and those of --allow-fingerprint" : "");
  g_print ("a device that may use pointer or keyboard can do all that this "
           "user can\n");
  if (s->data_ports.first)
    g_print ("a firewall must admit UDP to ports %u and, for media, %u to %u\n",
        s->port, s->data_ports.first, s->data_ports.last);
  else
    g_print ("a firewall must admit UDP to port %u and, for media, to any: "
             "--data-ports says which\n",
        s->port);
  say_gamestream (s);
  g_print ("ready\n");
}

static gboolean
on_signal (gpointer data)
{
  g_main_loop_quit (((Serve *) data)->loop);
  return G_SOURCE_CONTINUE;
}

static gboolean
open_admin (Serve *s, GError **error)
{
  g_autofree gchar *name = g_strdup_printf ("%u", s->port);

  s->admin = pf_admin_new (name, on_request, s, error);
  return s->admin != NULL;
}

static int
run (Serve *s)
{
  const PfOptions *o = s->options;
  PfAnnouncement announcement = { .open = o->open };
  g_autoptr (GError) error = NULL;

  /* The port first: that it is taken is said at once. */
  if (!make_server (s, &error))
    return pf_fail ("%s", error->message);
  if (gst_element_set_state (s->server, GST_STATE_READY) ==
      GST_STATE_CHANGE_FAILURE)
    return fail_to_listen (s);
  g_object_get (
      s->server, "port", &s->port, "fingerprint", &s->fingerprint, NULL);
  if (!open_admin (s, &error) || !make_gamestream (s, &error))
    return pf_fail ("%s", error->message);
  if (!pf_select_open (&s->select, o, TRUE, &error))
    return pf_fail ("%s", error->message);
  s->codecs = pf_select_codecs (&s->select);
  if (s->gamestream)
    pf_gs_host_start (s->gamestream, &s->select);
  if (!o->no_mdns) {
    announcement.fingerprint = s->fingerprint;
    announcement.port = s->port;
    announcement.gamestream = s->gamestream ? (guint) o->gamestream_port : 0;
    s->discovery = pf_discovery_new (&announcement);
  }
  g_unix_signal_add (SIGINT, on_signal, s);
  g_unix_signal_add (SIGTERM, on_signal, s);
  say_hello (s);
  g_main_loop_run (s->loop);
  return s->status;
}

static void
clear (Serve *s)
{
  g_clear_handle_id (&s->expiry, g_source_remove);
  g_clear_pointer (&s->sessions, g_ptr_array_unref);
  if (s->server) {
    g_clear_handle_id (&s->watch, g_source_remove);
    gst_element_set_state (s->server, GST_STATE_NULL);
    gst_object_unref (s->server);
  }
  pf_gs_host_free (s->gamestream);
  pf_discovery_free (s->discovery);
  pf_admin_free (s->admin);
  pf_ask_free (s->ask);
  pf_trust_free (s->trust);
  pf_select_close (&s->select);
  g_strfreev (s->codecs);
  g_free (s->fingerprint);
  g_free (s->identity);
  g_main_loop_unref (s->loop);
}

/* As asked for; else the usual ones, or any where the port is any, too. */
static gboolean
choose_data_ports (Serve *s)
{
  const PfOptions *o = s->options;
  const gchar *usual = o->port ? PF_HOST_DATA_PORTS : "any";

  if (!pf_ports_parse (o->data_ports ? o->data_ports : usual, &s->data_ports))
    return FALSE;
  return s->data_ports.first == 0 ||
         s->data_ports.last - s->data_ports.first + 1 >=
             (guint) o->max_sessions;
}

int
pf_command_serve (const PfOptions *options, gchar **words)
{
  Serve s = { .options = options };
  int status;

  if (words[0]) {
    pf_fail ("serve takes no %s", words[0]);
    return 2;
  }
  if (options->approval < 1 || options->approval > 3600)
    return pf_fail ("--approval-timeout is 1 to 3600 seconds");
  if (options->port < 0 || options->port > 65535 || options->max_sessions < 1 ||
      options->keep_s < 0 || options->keep_s > 3600)
    return pf_fail ("--port is 0 to 65535, --max-sessions at least 1, --keep 0 "
                    "to 3600");
  if (options->gamestream_port < 1 + PF_GS_TLS_BELOW ||
      options->gamestream_port > 65535 - PF_GS_RTSP_ABOVE)
    return pf_fail ("--gamestream-port is %d to %d", 1 + PF_GS_TLS_BELOW,
        65535 - PF_GS_RTSP_ABOVE);
  if (options->allow_plain && !options->gamestream)
    return pf_fail ("--allow-plain is for --gamestream");
  if (!choose_data_ports (&s))
    return pf_fail ("--data-ports is FROM-TO, as many as --max-sessions at "
                    "least, or any");
  s.loop = g_main_loop_new (NULL, FALSE);
  s.sessions = g_ptr_array_new_with_free_func ((GDestroyNotify) pf_served_free);
  s.began_us = g_get_monotonic_time ();
  status = run (&s);
  clear (&s);
  return status;
}
