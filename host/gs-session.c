/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Sessions of GameStream's clients; see gs-session.h. */
#include "gs-session.h"

#include "gamestream.h"
#include "pf-conf.h"
#include "pf-report.h"
#include "pf-secret.h"
#include "runner.h"
#include "session.h"

#include <string.h>

#define SERVER "gamestream"
#define CODE_GRACEFUL 0x80030023u
#define RTSP_FAILED 500
#define RTSP_NO_ROOM 503
#define AUDIO_BYTES_MAX 1300

/* A device that has started something. */
typedef struct {
  gchar *fingerprint, *name;
  const PfApp *app;
  guint32 grants;
  gint64 expires;
  guint expiry; /* the source that ends it then */
  PfGsSessions *sessions;
  guint64 session; /* of the element; 0: the client is away */
  PfServed *served;
  PfRunner *runner;
} Client;

/* A title that is being undone, for a client that may start it anew then. */
typedef struct {
  PfGsSessions *sessions;
  gchar *fingerprint, *title;
  PfRunner *runner;
  PfGsCancelled done; /* may be NULL */
  gpointer user;
} Ending;

/* Keys of that many launches are known again, by their digests. */
#define USED_MAX 256

struct _PfGsSessions {
  GstElement *server; /* NULL: there is none */
  guint watch;
  PfSelect select; /* borrows everything */
  PfGsSessionsConfig config;
  guint32 codecs;
  GList *clients; /* Client */
  GList *endings; /* Ending */
  PfJournal *journal;
  gchar *used[USED_MAX];
  guint n_used;
  gchar *message;
};

/* ---- Clients ------------------------------------------------------------ */

static Client *
find_client (const PfGsSessions *s, const gchar *fingerprint)
{
  for (GList *at = s->clients; at; at = at->next) {
    Client *c = at->data;

    if (g_strcmp0 (c->fingerprint, fingerprint) == 0)
      return c;
  }
  return NULL;
}

static Client *
find_session (const PfGsSessions *s, guint64 id)
{
  for (GList *at = s->clients; at; at = at->next) {
    Client *c = at->data;

    if (c->session == id)
      return c;
  }
  return NULL;
}

static Client *
find_served (const PfGsSessions *s, const PfServed *served)
{
  for (GList *at = s->clients; at; at = at->next) {
    Client *c = at->data;

    if (c->served == served)
      return c;
  }
  return NULL;
}

static void
close_session (PfGsSessions *s, guint64 id, guint code)
{
  gboolean known = FALSE;

  g_signal_emit_by_name (s->server, "close", id, code, &known);
}

/* The client is away; what it started goes on. */
static void
leave (Client *c)
{
  c->session = 0;
  g_clear_pointer (&c->served, pf_served_free);
}

/* Its session is over, and it has started nothing. */
static void
drop_client (PfGsSessions *s, Client *c)
{
  const guint64 id = c->session;

  g_clear_handle_id (&c->expiry, g_source_remove);
  s->clients = g_list_remove (s->clients, c);
  leave (c);
  if (id)
    close_session (s, id, CODE_GRACEFUL);
  pf_runner_free (c->runner);
  g_free (c->fingerprint);
  g_free (c->name);
  g_free (c);
}

/* ---- Titles ------------------------------------------------------------- */

static Ending *
find_ending (const PfGsSessions *s, const gchar *fingerprint)
{
  for (GList *at = s->endings; at; at = at->next) {
    Ending *e = at->data;

    if (g_strcmp0 (e->fingerprint, fingerprint) == 0)
      return e;
  }
  return NULL;
}

static void
end_ending (Ending *e)
{
  e->sessions->endings = g_list_remove (e->sessions->endings, e);
  pf_runner_free (e->runner);
  if (e->done)
    e->done (e->user);
  g_free (e->fingerprint);
  g_free (e->title);
  g_free (e);
}

/* All is undone: what a client quit, or what ended by itself. */
static void
on_runner_ended (PfRunner *runner, const gchar *reason, gpointer data)
{
  PfGsSessions *s = data;

  for (GList *at = s->endings; at; at = at->next) {
    Ending *e = at->data;

    if (e->runner == runner) {
      end_ending (e);
      return;
    }
  }
  for (GList *at = s->clients; at; at = at->next) {
    Client *c = at->data;

    if (c->runner == runner) {
      g_print ("GameStream: %s of %s is over: %s\n", c->app->title, c->name,
          reason ? reason : "it ended");
      drop_client (s, c);
      return;
    }
  }
}

static guint
count_sessions (const PfGsSessions *s)
{
  guint n = 0;

  for (GList *at = s->clients; at; at = at->next)
    n += ((Client *) at->data)->session != 0;
  return n;
}

/* ---- Offers ------------------------------------------------------------- */

static void
refuse (PfGsSessions *s, Client *c, guint status, const gchar *reason)
{
  gboolean known = FALSE;

  g_print ("GameStream: %s refused: %s\n", c->name, reason);
  g_signal_emit_by_name (
      s->server, "refuse", c->session, status, reason, &known);
}

static void
on_served_ended (
    PfServed *served, const gchar *reason, const gchar *encoder, gpointer data)
{
  PfGsSessions *s = data;
  Client *c = find_served (s, served);

  if (!c)
    return;
  g_print ("GameStream: the session of %s ended: %s\n", c->name, reason);
  if (encoder)
    pf_speeds_forget (s->select.speeds, encoder);
  close_session (s, c->session, CODE_GRACEFUL);
  leave (c);
}

/* What is left of the rights' time; 0: they do not end. */
static guint
seconds_left (const Client *c)
{
  const gint64 now = g_get_real_time () / G_USEC_PER_SEC;

  return c->expires ? (guint) CLAMP (c->expires - now, 1, G_MAXINT32) : 0;
}

static void take_rights (Client *c, guint32 grants, gint64 expires);

static gboolean
on_expiry (gpointer data)
{
  Client *c = data;
  g_autofree gchar *fingerprint = g_strdup (c->fingerprint);

  c->expiry = 0;
  if (g_get_real_time () / G_USEC_PER_SEC < c->expires) {
    take_rights (c, c->grants, c->expires); /* the clock was set */
    return G_SOURCE_REMOVE;
  }
  g_print ("GameStream: the rights of %s end\n", c->name);
  pf_gs_sessions_cancel (c->sessions, fingerprint, NULL, NULL);
  return G_SOURCE_REMOVE;
}

static void
take_rights (Client *c, guint32 grants, gint64 expires)
{
  c->grants = grants;
  c->expires = expires;
  g_clear_handle_id (&c->expiry, g_source_remove);
  if (expires)
    c->expiry = g_timeout_add_seconds (seconds_left (c), on_expiry, c);
}

static GstStructure *
grants_of (const Client *c)
{
  return gst_structure_new ("PfSessionGrant", "access", G_TYPE_UINT, c->grants,
      "expires-s", G_TYPE_UINT, seconds_left (c), NULL);
}

static void
start_served (PfGsSessions *s, Client *c, const PfOffer *offer, PfGrant *grant)
{
  g_autofree gchar *name = gst_object_get_name (GST_OBJECT (s->server));
  const PfEndpoint endpoint = { name, 0, 0 };
  g_autoptr (GstStructure) grants = grants_of (c);
  g_autofree gchar *title = g_strdup_printf ("%ux%u at %u in %s by %s%s%s",
      grant->width, grant->height, grant->fps, grant->codec, grant->encoder,
      grant->note ? "; " : "", grant->note ? grant->note : "");
  g_autoptr (GError) error = NULL;
  gboolean known = FALSE;

  c->served = pf_served_new (
      c->session, &endpoint, offer, grant, on_served_ended, s, &error);
  if (!c->served) {
    refuse (s, c, RTSP_FAILED, error->message);
    return;
  }
  g_print ("GameStream: session of %s: %s\n", c->name, title);
  g_signal_emit_by_name (s->server, "accept", c->session, grants, &known);
}

/* What clients can decode is no wish: the owner says how far to go. */
static void
bend (PfOffer *offer, const PfGsSessionsConfig *config)
{
  offer->depth = MIN (offer->depth, config->max_depth);
  offer->chroma = MIN (offer->chroma, config->max_chroma);
  offer->hdr = offer->hdr && config->hdr;
}

/* Sound as this protocol has it. Packets are all of one size, and go into one
 * datagram with room for a header and for what encrypting adds. */
static void
take_audio (PfOffer *offer, const GstStructure *structure)
{
  static const guint kbps[][2] = { { 96, 512 }, { 256, 1536 }, { 450, 2000 } };
  const guint row = offer->channels == 8 ? 2 : offer->channels == 6;
  guint ms = 5;

  gst_structure_get_boolean (structure, "high-quality", &offer->high_audio);
  gst_structure_get_uint (structure, "audio-ms", &ms);
  offer->audio_us = ms == 10 ? 10000 : 5000;
  offer->audio_kbps = MIN (kbps[row][offer->high_audio ? 1 : 0],
      AUDIO_BYTES_MAX * 8000 / offer->audio_us);
  /* stereo has one layout */
  offer->high_audio = offer->high_audio && offer->channels > 2;
}

static void
on_offer (PfGsSessions *s, const GstStructure *structure)
{
  g_autoptr (GError) error = NULL;
  PfOffer offer = { 0 };
  PfGrant *grant;
  Client *c;

  if (!pf_offer_read (structure, &offer))
    return;
  c = find_session (s, offer.id);
  if (c && !c->served) {
    bend (&offer, &s->config);
    take_audio (&offer, structure);
    g_free (offer.name);
    offer.name = g_strdup (c->name);
    g_free (offer.fingerprint);
    offer.fingerprint = g_strdup (c->fingerprint);
    grant = pf_select (&s->select, &offer, NULL, &error);
    if (grant)
      start_served (s, c, &offer, grant);
    else
      refuse (s, c, RTSP_NO_ROOM, error->message);
  }
  pf_offer_clear (&offer);
}

static void
on_ended (PfGsSessions *s, const GstStructure *structure)
{
  const gchar *reason = gst_structure_get_string (structure, "reason");
  guint64 id = 0;
  Client *c;

  gst_structure_get_uint64 (structure, "id", &id);
  c = id ? find_session (s, id) : NULL;
  if (!c)
    return;
  g_print ("GameStream: %s is away: %s\n", c->name,
      reason && *reason ? reason : "it left");
  leave (c);
}

static gboolean
on_message (GstBus *bus, GstMessage *message, gpointer data)
{
  const GstStructure *structure = gst_message_get_structure (message);
  g_autoptr (GError) error = NULL;
  PfGsSessions *s = data;

  (void) bus;
  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR) {
    gst_message_parse_error (message, &error, NULL);
    g_printerr ("pf-host: GameStream: %s\n", error->message);
  } else if (gst_message_has_name (message, "PfSessionOffer")) {
    on_offer (s, structure);
  } else if (gst_message_has_name (message, "PfSessionEnded")) {
    on_ended (s, structure);
  }
  return G_SOURCE_CONTINUE;
}

/* ---- Launches ----------------------------------------------------------- */

static guint
say (PfGsSessions *s, guint status, const gchar **message, gchar *text)
{
  g_free (s->message);
  s->message = text;
  *message = text;
  return status;
}

static PfSecret *
secret_of (const PfGsLaunch *launch)
{
  PfKey key = { .cipher = PF_AEAD_AES_128_GCM };
  PfSecret *secret;

  memcpy (key.key, launch->key, sizeof launch->key);
  secret = pf_secret_new (&key);
  explicit_bzero (&key, sizeof key);
  return secret;
}

/* NULL: none was asked for. */
static gchar *
digits_of (const PfGsOpusLayout *layout)
{
  GString *text;

  if (layout->channels == 0)
    return NULL;
  text = g_string_new (NULL);
  g_string_append_printf (
      text, "%u%u%u", layout->channels, layout->streams, layout->coupled);
  for (guint i = 0; i < layout->channels; i++)
    g_string_append_printf (text, "%u", layout->mapping[i]);
  return g_string_free (text, FALSE);
}

/* A key seals once: nonces begin anew with each session. */
static gboolean
is_used (PfGsSessions *s, const PfGsLaunch *launch)
{
  gchar *digest = g_compute_checksum_for_data (
      G_CHECKSUM_SHA256, launch->key, sizeof launch->key);
  const guint slot = s->n_used % USED_MAX;

  for (guint i = 0; i < USED_MAX; i++)
    if (g_strcmp0 (s->used[i], digest) == 0) {
      g_free (digest);
      return TRUE;
    }
  g_free (s->used[slot]);
  s->used[slot] = digest;
  s->n_used++;
  return FALSE;
}

/* Tells the element whom to expect; 0: it has no room. */
static guint64
expect (PfGsSessions *s, const gchar *peer, const PfGsLaunch *launch,
    guint32 codecs)
{
  const guint plain = PF_GS_ENC_CONTROL_V2;
  g_autofree gchar *surround = digits_of (&launch->layout);
  g_autoptr (GstStructure) structure = gst_structure_new ("PfLaunch", "peer",
      G_TYPE_STRING, peer, "key-id", G_TYPE_UINT, launch->key_id, "sealed-rtsp",
      G_TYPE_BOOLEAN, launch->core_version > 0, "codecs", G_TYPE_UINT, codecs,
      "encryption-supported", G_TYPE_UINT, (guint) PF_GS_ENC_ALL,
      "encryption-requested", G_TYPE_UINT,
      s->config.allow_plain ? plain : (guint) PF_GS_ENC_ALL,
      "encryption-required", G_TYPE_UINT,
      s->config.allow_plain ? 0u : (guint) PF_GS_ENC_ALL, "surround",
      G_TYPE_STRING, surround, NULL);
  g_autoptr (PfSecret) secret = secret_of (launch);
  guint64 id = 0;

  g_signal_emit_by_name (s->server, "launch", structure, secret, &id);
  return id;
}

static PfOffer
offer_of (const PfGsLaunch *launch, gchar **codecs)
{
  return (PfOffer){ .codecs = codecs,
    .width = CLAMP (launch->width, 64, 16384) & ~1u,
    .height = CLAMP (launch->height, 64, 16384) & ~1u,
    .fps = CLAMP ((launch->fps_x1000 + 500) / 1000, 1, 1000),
    .depth = 8,
    .chroma = 420,
    .channels = launch->channels };
}

/* Of which codecs a session of this mode gets the most frames. Clients choose
 * among those that they are told of, and the newest, not the fastest. */
static guint32
codecs_for (PfGsSessions *s, const PfGsLaunch *launch, GError **error)
{
  static const struct {
    const gchar *name;
    guint32 bits;
  } codecs[] = { { "h264", PF_GS_CODEC_H264 | PF_GS_CODEC_H264_444 },
    { "h265", PF_GS_CODEC_HEVC | PF_GS_CODEC_HEVC_10 | PF_GS_CODEC_HEVC_444 |
                  PF_GS_CODEC_HEVC_444_10 },
    { "av1", PF_GS_CODEC_AV1 | PF_GS_CODEC_AV1_10 | PF_GS_CODEC_AV1_444 |
                 PF_GS_CODEC_AV1_444_10 } };
  static const gchar *const all[] = { "h264", "h265", "av1", NULL };
  guint32 bits = 0;
  guint best = 0;

  if (!launch->has_mode)
    return s->codecs;
  for (guint i = 0; i < G_N_ELEMENTS (codecs); i++) {
    const gchar *list[] = { codecs[i].name, NULL };
    const PfOffer offer = offer_of (launch, (gchar **) list);
    g_autoptr (PfGrant) grant = NULL;

    g_clear_error (error);
    if (!(s->codecs & codecs[i].bits) ||
        !(grant = pf_select (&s->select, &offer, NULL, error)) ||
        grant->feed_fps < best)
      continue;
    bits = grant->feed_fps > best ? codecs[i].bits : bits | codecs[i].bits;
    best = grant->feed_fps;
  }
  if (bits == 0) {
    const PfOffer offer = offer_of (launch, (gchar **) all);

    g_clear_error (error);
    pf_grant_free (pf_select (&s->select, &offer, NULL, error));
  }
  return bits & s->codecs;
}

static Client *
add_client (PfGsSessions *s, const PfGsWho *who, const PfApp *app,
    const PfGsLaunch *launch)
{
  const PfRunnerFacts facts = { .client = who->name,
    .width = launch->width,
    .height = launch->height,
    .fps = (launch->fps_x1000 + 500) / 1000,
    .hdr = launch->hdr };
  Client *c = g_new0 (Client, 1);

  c->fingerprint = g_strdup (who->fingerprint);
  c->name = g_strdup (who->name);
  c->sessions = s;
  c->app = app;
  s->clients = g_list_prepend (s->clients, c);
  if (app->run || app->n_steps > 0)
    c->runner = pf_runner_new (app, &facts, s->journal, on_runner_ended, s);
  return c;
}

guint
pf_gs_sessions_launch (PfGsSessions *s, const PfGsWho *who, const PfApp *app,
    const PfGsLaunch *launch, const gchar **message)
{
  Client *c = find_client (s, who->fingerprint);
  g_autoptr (GError) error = NULL;
  guint32 codecs;
  guint64 id;

  if (!c && !app)
    return say (s, 503, message, g_strdup ("Nothing runs that could go on."));
  if (app && find_ending (s, who->fingerprint))
    return say (s, 503, message, g_strdup ("What ran before is still ending."));
  if (c && app)
    return say (s, 400, message,
        g_strdup_printf ("%s still runs: quit it first.", c->app->title));
  if (!s->server || s->codecs == 0)
    return say (s, 503, message, g_strdup ("This host cannot encode video."));
  codecs = codecs_for (s, launch, &error);
  if (codecs == 0)
    return say (s, 503, message,
        g_strdup (error ? error->message : "This host cannot encode that."));
  if (is_used (s, launch))
    return say (s, 400, message, g_strdup ("The client's key is an old one."));
  if (c && c->session)
    close_session (s, c->session, 0);
  if (c)
    leave (c);
  id = count_sessions (s) < s->config.max_sessions
           ? expect (s, who->peer, launch, codecs)
           : 0;
  if (id == 0)
    return say (s, 503, message,
        g_strdup ("This host serves as many clients "
                  "as it may."));
  if (!c)
    c = add_client (s, who, app, launch);
  take_rights (c, who->grants, who->expires);
  c->session = id;
  g_print ("GameStream: %s %s %s\n", c->name, app ? "starts" : "returns to",
      c->app->title);
  return say (s, 200, message, g_strdup ("OK"));
}

gboolean
pf_gs_sessions_cancel (PfGsSessions *s, const gchar *fingerprint,
    PfGsCancelled done, gpointer user)
{
  Client *c = find_client (s, fingerprint);
  Ending *e;

  if (!c)
    return TRUE;
  g_print ("GameStream: %s quits %s\n", c->name, c->app->title);
  if (!c->runner) {
    drop_client (s, c);
    return TRUE;
  }
  e = g_new0 (Ending, 1);
  e->sessions = s;
  e->fingerprint = g_strdup (fingerprint);
  e->title = g_strdup (c->app->title);
  e->runner = g_steal_pointer (&c->runner);
  e->done = done;
  e->user = user;
  s->endings = g_list_prepend (s->endings, e);
  drop_client (s, c);
  pf_runner_stop (e->runner);
  return FALSE;
}

void
pf_gs_sessions_forget (PfGsSessions *s, gpointer user)
{
  for (GList *at = s->endings; at; at = at->next) {
    Ending *e = at->data;

    if (e->user == user)
      e->done = NULL;
  }
}

guint32
pf_gs_sessions_running (const PfGsSessions *s, const gchar *fingerprint)
{
  const Client *c = find_client (s, fingerprint);

  return c ? c->app->id : 0;
}

/* ---- What can be had ---------------------------------------------------- */

static const struct {
  const gchar *codec;
  guint depth, chroma;
  guint32 bit;
} kinds[] = {
  { "h264", 8, 420, PF_GS_CODEC_H264 },
  { "h264", 8, 444, PF_GS_CODEC_H264_444 },
  { "h265", 8, 420, PF_GS_CODEC_HEVC },
  { "h265", 10, 420, PF_GS_CODEC_HEVC_10 },
  { "h265", 8, 444, PF_GS_CODEC_HEVC_444 },
  { "h265", 10, 444, PF_GS_CODEC_HEVC_444_10 },
  { "av1", 8, 420, PF_GS_CODEC_AV1 },
  { "av1", 10, 420, PF_GS_CODEC_AV1_10 },
  { "av1", 8, 444, PF_GS_CODEC_AV1_444 },
  { "av1", 10, 444, PF_GS_CODEC_AV1_444_10 },
};

void
pf_gs_sessions_start (PfGsSessions *s, const PfSelect *select)
{
  const guint undone = pf_journal_replay (s->journal);

  if (undone)
    g_print (
        "undid %u steps that another life of this host left behind\n", undone);
  s->select = *select;
  s->select.wire = "gamestream";
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (kinds[i].depth <= s->config.max_depth &&
        kinds[i].chroma <= s->config.max_chroma &&
        pf_select_has (
            &s->select, kinds[i].codec, kinds[i].depth, kinds[i].chroma))
      s->codecs |= kinds[i].bit;
}

guint32
pf_gs_sessions_codecs (const PfGsSessions *s)
{
  return s->codecs;
}

guint
pf_gs_sessions_rtsp_port (const PfGsSessions *s)
{
  return s->config.port + PF_GS_RTSP_ABOVE;
}

void
pf_gs_sessions_grant (
    PfGsSessions *s, const gchar *fingerprint, guint32 grants, gint64 expires)
{
  Client *c = find_client (s, fingerprint);
  gboolean known = FALSE;

  if (!c)
    return;
  take_rights (c, grants, expires);
  if (c->session)
    g_signal_emit_by_name (s->server, "set-access", c->session, (guint) grants,
        seconds_left (c), &known);
}

guint
pf_gs_sessions_n (const PfGsSessions *s)
{
  return count_sessions (s);
}

void
pf_gs_sessions_to_json (const PfGsSessions *s, JsonBuilder *b)
{
  for (GList *at = s->clients; at; at = at->next) {
    Client *c = at->data;

    json_builder_begin_object (b);
    if (c->served) {
      pf_served_to_json (c->served, b);
    } else {
      pf_report_add_uint (b, "id", c->session);
      pf_report_add_text (b, "name", c->name);
    }
    pf_report_add_text (b, "protocol", "gamestream");
    pf_report_add_text (b, "title", c->app->title);
    pf_report_add_bool (b, "away", c->session == 0);
    json_builder_end_object (b);
  }
}

/* ---- Begin and end ------------------------------------------------------ */

static gboolean
open_server (PfGsSessions *s, GError **error)
{
  const guint base = s->config.port;
  g_autoptr (GstBus) bus = gst_bus_new ();
  g_autoptr (GstMessage) message = NULL;

  gst_element_set_bus (s->server, bus);
  g_object_set (s->server, "address", s->config.address, "port",
      base + PF_GS_RTSP_ABOVE, "video-port", base + PF_GS_VIDEO_ABOVE,
      "control-port", base + PF_GS_CONTROL_ABOVE, "audio-port",
      base + PF_GS_AUDIO_ABOVE, "max-sessions",
      MIN (s->config.max_sessions, 64), NULL);
  if (gst_element_set_state (s->server, GST_STATE_READY) !=
      GST_STATE_CHANGE_FAILURE) {
    s->watch = gst_bus_add_watch (bus, on_message, s);
    return TRUE;
  }
  message = gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR);
  if (message)
    gst_message_parse_error (message, error, NULL);
  else
    g_set_error (error, PF_LAUNCH_ERROR, PF_LAUNCH_ERROR_NONE,
        "GameStream's ports cannot be opened");
  return FALSE;
}

gboolean
pf_gs_sessions_can_stream (const PfGsSessions *s)
{
  return s->server != NULL;
}

PfGsSessions *
pf_gs_sessions_new (const PfGsSessionsConfig *config, GError **error)
{
  PfGsSessions *s = g_new0 (PfGsSessions, 1);

  s->config = *config;
  s->journal = pf_journal_open (config->journal, error);
  if (!s->journal) {
    pf_gs_sessions_free (s);
    return NULL;
  }
  s->server = gst_element_factory_make ("gamestreamserver", SERVER);
  if (!s->server)
    return s;
  gst_object_ref_sink (s->server);
  if (open_server (s, error))
    return s;
  pf_gs_sessions_free (s);
  return NULL;
}

void
pf_gs_sessions_free (PfGsSessions *s)
{
  if (!s)
    return;
  while (s->clients)
    drop_client (s, s->clients->data);
  while (s->endings)
    end_ending (s->endings->data);
  if (s->server) {
    g_clear_handle_id (&s->watch, g_source_remove);
    gst_element_set_state (s->server, GST_STATE_NULL);
    gst_element_set_bus (s->server, NULL);
    gst_object_unref (s->server);
  }
  pf_journal_free (s->journal);
  for (guint i = 0; i < USED_MAX; i++)
    g_free (s->used[i]);
  g_free (s->message);
  g_free (s);
}
