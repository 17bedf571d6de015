/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* One client that is served; see session.h. */
#include "session.h"

#include "encoding.h"
#include "pf-report.h"

/* For a source to come up with frames of another mode. */
#define CHANGE_MS 2000

struct _PfServed {
  guint64 id;
  gchar *peer, *name, *fingerprint;
  guint keeping; /* timer while the client is gone */
  PfOffer offer; /* as it is granted */
  PfGrant *grant;
  GstElement *pipeline;
  PfEncoding *encoding;
  PfGrant *coming;  /* what an exchange of the encoder is for, or NULL */
  gboolean to_mode; /* the client waits for an answer */
  guint changing;   /* its time limit */
  PfSessionWish wish;
  guint watch; /* of its bus */
  gint64 began_us;
  PfSessionEnded ended;
  gpointer user;
};

/* Elements whose stats are of interest, in order of the data. */
static const gchar *const reporters[] = { "source", "encoder", "fec", "crypt",
  "sender" };

static void
end (PfServed *s, const gchar *reason, const gchar *encoder)
{
  const PfSessionEnded ended = s->ended;

  s->ended = NULL;
  if (ended)
    ended (s, reason, encoder, s->user);
}

/* Whether an element is the encoder or inside its fragment's chain: then its
 * self-test is no longer to be believed. */
static gboolean
is_encoder (PfServed *s, GstObject *object)
{
  g_autoptr (GstElement) encoder =
      gst_bin_get_by_name (GST_BIN (s->pipeline), "encoder");

  return encoder &&
         (object == GST_OBJECT (encoder) ||
             gst_object_has_as_ancestor (object, GST_OBJECT (encoder)));
}

/* ---- Another mode, another bitrate ---------------------------------------- */

static void
answer_mode (PfServed *s, gboolean accepted)
{
  g_autoptr (GstElement) sender =
      gst_bin_get_by_name (GST_BIN (s->pipeline), "sender");
  gboolean known;

  if (s->to_mode && sender)
    g_signal_emit_by_name (sender, "answer-mode", accepted, &known);
  s->to_mode = FALSE;
}

static void
take_grant (PfServed *s, PfGrant *grant)
{
  pf_grant_free (s->grant);
  s->grant = grant;
  s->offer.width = grant->width;
  s->offer.height = grant->height;
  s->offer.fps = grant->fps;
  s->offer.bitrate_kbps = grant->bitrate_kbps;
}

/* The encoder was exchanged, or will not be. */
static void
end_change (PfServed *s, gboolean good, const gchar *reason)
{
  if (!s->coming)
    return;
  g_clear_handle_id (&s->changing, g_source_remove);
  if (good)
    take_grant (s, g_steal_pointer (&s->coming));
  else
    g_print (
        "session %" G_GUINT64_FORMAT " stays as it is: %s\n", s->id, reason);
  g_clear_pointer (&s->coming, pf_grant_free);
  answer_mode (s, good);
}

static gboolean
on_change_late (gpointer data)
{
  PfServed *s = data;

  s->changing = 0;
  pf_encoding_cancel (s->encoding);
  end_change (s, FALSE, "the source has no such mode");
  return G_SOURCE_REMOVE;
}

static void
start_change (PfServed *s, GstElement *part, PfGrant *grant)
{
  const gboolean same = grant->width == s->grant->width &&
                        grant->height == s->grant->height &&
                        grant->feed_fps == s->grant->feed_fps;

  if (s->coming) {
    g_clear_pointer (&s->coming, pf_grant_free);
    g_clear_handle_id (&s->changing, g_source_remove);
  }
  s->coming = grant;
  s->changing = g_timeout_add (CHANGE_MS, on_change_late, s);
  pf_encoding_exchange (s->encoding, part, same ? 0 : grant->width,
      same ? 0 : grant->height, same ? 0 : grant->feed_fps);
}

/* What the client was told once holds to the end. */
static gboolean
is_same_kind (const PfGrant *a, const PfGrant *b)
{
  return g_str_equal (a->codec, b->codec) && a->depth == b->depth &&
         a->chroma == b->chroma && a->hdr == b->hdr;
}

void
pf_served_change (PfServed *s, PfGrant *grant)
{
  g_autoptr (GError) error = NULL;
  GstElement *part;

  if (!grant || !is_same_kind (grant, s->grant)) {
    pf_grant_free (grant);
    answer_mode (s, FALSE);
    return;
  }
  part = pf_plan_build_part (grant->plan, "encode", &error);
  if (!part) {
    g_print ("session %" G_GUINT64_FORMAT " stays as it is: %s\n", s->id,
        error->message);
    pf_grant_free (grant);
    answer_mode (s, FALSE);
  } else if (!s->to_mode && !s->coming &&
             pf_encoding_tune (s->encoding, part)) {
    gst_object_unref (gst_object_ref_sink (part));
    take_grant (s, grant);
  } else {
    start_change (s, part, grant);
  }
}

static void
take_mode (PfServed *s, const GstStructure *structure)
{
  PfOffer wish = s->offer; /* borrows its strings */
  guint width, height, fps;

  if (!gst_structure_get_uint (structure, "width", &width) ||
      !gst_structure_get_uint (structure, "height", &height) ||
      !gst_structure_get_uint (structure, "fps", &fps))
    return;
  s->to_mode = TRUE;
  if (s->wish && pf_offer_set_mode (&wish, width, height, fps))
    s->wish (s, &wish, s->user);
  else
    answer_mode (s, FALSE);
}

static void
take_bitrate (PfServed *s, const GstStructure *structure)
{
  PfOffer wish = s->offer;

  if (s->wish &&
      gst_structure_get_uint (structure, "bitrate-kbps", &wish.bitrate_kbps))
    s->wish (s, &wish, s->user);
}

static void
say_silence (PfServed *s, const GstStructure *structure)
{
  gboolean silent = FALSE;

  gst_structure_get_boolean (structure, "silent", &silent);
  g_print ("session %" G_GUINT64_FORMAT ": the client is %s\n", s->id,
      silent ? "not heard, its video rests" : "back");
}

static void
on_element_message (PfServed *s, const GstStructure *structure)
{
  gboolean good = FALSE;

  if (gst_structure_has_name (structure, "PfSessionSilent"))
    say_silence (s, structure);
  else if (gst_structure_has_name (structure, "PfSessionMode"))
    take_mode (s, structure);
  else if (gst_structure_has_name (structure, "PfSessionBitrate"))
    take_bitrate (s, structure);
  else if (gst_structure_has_name (structure, PF_ENCODING_CHANGED) &&
           gst_structure_get_boolean (structure, "good", &good))
    end_change (s, good, gst_structure_get_string (structure, "reason"));
}

/* ---- Messages ------------------------------------------------------------- */

static gboolean
on_message (GstBus *bus, GstMessage *message, gpointer data)
{
  PfServed *s = data;
  g_autoptr (GError) error = NULL;

  (void) bus;
  switch (GST_MESSAGE_TYPE (message)) {
  case GST_MESSAGE_ERROR:
    gst_message_parse_error (message, &error, NULL);
    s->watch = 0;
    end (s, error->message,
        is_encoder (s, GST_MESSAGE_SRC (message)) ? s->grant->encoder : NULL);
    return G_SOURCE_REMOVE;
  case GST_MESSAGE_EOS:
    s->watch = 0;
    end (s, "the source ended", NULL);
    return G_SOURCE_REMOVE;
  case GST_MESSAGE_LATENCY:
    gst_bin_recalculate_latency (GST_BIN (s->pipeline));
    break;
  case GST_MESSAGE_ELEMENT:
    on_element_message (s, gst_message_get_structure (message));
    break;
  default:
    break;
  }
  return G_SOURCE_CONTINUE;
}

/* Names and numbers from outside are properties, never text. */
static gboolean
set_endpoint (PfServed *s, const PfEndpoint *e, GError **error)
{
  g_autoptr (GstElement) sender =
      gst_bin_get_by_name (GST_BIN (s->pipeline), "sender");

  if (!sender) {
    g_set_error (error, PF_LAUNCH_ERROR, PF_LAUNCH_ERROR_PARSE,
        "the pipeline has no element named sender");
    return FALSE;
  }
  g_object_set (sender, "server", e->server, "session", s->id, NULL);
  if (e->last_port)
    g_object_set (sender, "data-port", e->first_port, "data-port-last",
        e->last_port, NULL);
  return TRUE;
}

/* No audio device becomes the clock of the pipeline. */
static void
set_clock (GstElement *pipeline)
{
  g_autoptr (GstClock) clock = gst_system_clock_obtain ();

  gst_pipeline_use_clock (GST_PIPELINE (pipeline), clock);
}

static void
play (GstElement *pipeline, gpointer data)
{
  (void) data;
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
}

static void
stop (GstElement *pipeline, gpointer data)
{
  (void) data;
  gst_element_set_state (pipeline, GST_STATE_NULL);
}

/* What changes of mode and bitrate start from: this codec, these samples. */
static void
keep_offer (PfServed *s, const PfOffer *offer, const PfGrant *grant)
{
  const gchar *const codecs[] = { grant->codec, NULL };

  s->offer.id = offer->id;
  s->offer.codecs = g_strdupv ((gchar **) codecs);
  s->offer.width = grant->width;
  s->offer.height = grant->height;
  s->offer.fps = grant->fps;
  s->offer.bitrate_kbps = grant->bitrate_kbps;
  s->offer.depth = grant->depth;
  s->offer.chroma = grant->chroma;
  s->offer.channels = grant->channels;
  s->offer.audio_us = offer->audio_us;
  s->offer.audio_kbps = offer->audio_kbps;
  s->offer.high_audio = offer->high_audio;
  s->offer.hdr = grant->hdr;
}

PfServed *
pf_served_new (guint64 id, const PfEndpoint *endpoint, const PfOffer *offer,
    PfGrant *grant, PfSessionEnded ended, gpointer user, GError **error)
{
  PfServed *s = g_new0 (PfServed, 1);
  g_autoptr (GstBus) bus = NULL;
  GstElement *part;

  s->id = id;
  s->peer = g_strdup (offer->peer);
  s->name = g_strdup (offer->name);
  s->fingerprint = g_strdup (offer->fingerprint);
  s->grant = grant;
  s->began_us = g_get_monotonic_time ();
  keep_offer (s, offer, grant);
  s->pipeline = pf_plan_build_apart (grant->plan, "encode", &part, error);
  if (!s->pipeline || !set_endpoint (s, endpoint, error)) {
    pf_served_free (s);
    return NULL;
  }
  s->encoding = pf_encoding_new (s->pipeline, part);
  s->ended = ended;
  s->user = user;
  set_clock (s->pipeline);
  bus = gst_element_get_bus (s->pipeline);
  s->watch = gst_bus_add_watch (bus, on_message, s);
  /* A display or an encoder may take its time; other sessions must not. */
  gst_element_call_async (s->pipeline, play, NULL, NULL);
  return s;
}

void
pf_served_free (PfServed *s)
{
  if (!s)
    return;
  g_clear_handle_id (&s->watch, g_source_remove);
  g_clear_handle_id (&s->changing, g_source_remove);
  g_clear_handle_id (&s->keeping, g_source_remove);
  pf_encoding_free (s->encoding);
  if (s->pipeline) {
    gst_element_call_async (s->pipeline, stop, NULL, NULL);
    gst_object_unref (s->pipeline);
  }
  pf_grant_free (s->grant);
  pf_grant_free (s->coming);
  pf_offer_clear (&s->offer);
  g_free (s->peer);
  g_free (s->name);
  g_free (s->fingerprint);
  g_free (s);
}

/* ---- A client that vanished ----------------------------------------------- */

static gboolean
on_kept_long (gpointer data)
{
  PfServed *s = data;

  s->keeping = 0;
  end (s, "the client did not return", NULL);
  return G_SOURCE_REMOVE;
}

gboolean
pf_served_keep (PfServed *s, guint ms)
{
  if (!s->fingerprint)
    return FALSE;
  g_clear_handle_id (&s->keeping, g_source_remove);
  s->keeping = g_timeout_add (ms, on_kept_long, s);
  return TRUE;
}

gboolean
pf_served_is_kept (const PfServed *s)
{
  return s->keeping != 0;
}

gboolean
pf_served_is_of (const PfServed *s, const PfOffer *offer)
{
  const PfGrant *g = s->grant;

  return g_strcmp0 (s->fingerprint, offer->fingerprint) == 0 &&
         g_strv_contains ((const gchar *const *) offer->codecs, g->codec) &&
         offer->width == g->width && offer->height == g->height &&
         offer->fps == g->fps && offer->channels == g->channels &&
         offer->depth >= g->depth && offer->chroma >= g->chroma &&
         (offer->hdr || !g->hdr);
}

const PfGrant *
pf_served_return (PfServed *s, const PfOffer *offer)
{
  g_autoptr (GstElement) sender =
      gst_bin_get_by_name (GST_BIN (s->pipeline), "sender");
  gboolean taken = FALSE;

  if (sender)
    g_signal_emit_by_name (sender, "attach", offer->id, &taken);
  if (!taken)
    return NULL;
  g_clear_handle_id (&s->keeping, g_source_remove);
  s->id = s->offer.id = offer->id;
  g_free (s->peer);
  s->peer = g_strdup (offer->peer);
  return s->grant;
}

void
pf_served_set_wish (PfServed *s, PfSessionWish wish)
{
  s->wish = wish;
}

guint64
pf_served_id (const PfServed *s)
{
  return s->id;
}

const gchar *
pf_served_fingerprint (const PfServed *s)
{
  return s->fingerprint;
}

static void
add_reports (PfServed *s, JsonBuilder *b)
{
  for (guint i = 0; i < G_N_ELEMENTS (reporters); i++) {
    g_autoptr (GstElement) element =
        gst_bin_get_by_name (GST_BIN (s->pipeline), reporters[i]);
    g_autoptr (GstStructure) stats = NULL;

    if (!element ||
        !g_object_class_find_property (G_OBJECT_GET_CLASS (element), "stats"))
      continue;
    g_object_get (element, "stats", &stats, NULL);
    if (stats) {
      json_builder_set_member_name (b, reporters[i]);
      pf_report_add_structure (b, stats);
    }
  }
}

void
pf_served_to_json (PfServed *s, JsonBuilder *b)
{
  const PfGrant *g = s->grant;
  g_autofree gchar *mode =
      g_strdup_printf ("%ux%u@%u", g->width, g->height, g->fps);

  pf_report_add_uint (b, "id", s->id);
  pf_report_add_text (b, "peer", s->peer);
  pf_report_add_text (b, "name", s->name);
  pf_report_add_text (b, "fingerprint", s->fingerprint);
  pf_report_add_text (b, "mode", mode);
  pf_report_add_uint (b, "feed-fps", g->feed_fps);
  pf_report_add_text (b, "codec", g->codec);
  pf_report_add_text (b, "encoder", g->encoder);
  pf_report_add_uint (b, "bitrate-kbps", g->bitrate_kbps);
  pf_report_add_text (b, "note", g->note);
  pf_report_add_uint (b, "seconds",
      (guint64) (g_get_monotonic_time () - s->began_us) / G_USEC_PER_SEC);
  json_builder_set_member_name (b, "stats");
  json_builder_begin_object (b);
  add_reports (s, b);
  json_builder_end_object (b);
}
