/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* One client that is served; see session.h. */
#include "session.h"

#include "pf-report.h"

struct _PfServed {
  guint64 id;
  gchar *peer, *name;
  PfGrant *grant;
  GstElement *pipeline;
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
  default:
    break;
  }
  return G_SOURCE_CONTINUE;
}

/* Names and numbers from outside are properties, never text. */
static gboolean
set_endpoint (PfServed *s, const gchar *server, GError **error)
{
  g_autoptr (GstElement) sender =
      gst_bin_get_by_name (GST_BIN (s->pipeline), "sender");

  if (!sender) {
    g_set_error (error, PF_LAUNCH_ERROR, PF_LAUNCH_ERROR_PARSE,
        "the pipeline has no element named sender");
    return FALSE;
  }
  g_object_set (sender, "server", server, "session", s->id, NULL);
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

PfServed *
pf_served_new (guint64 id, const gchar *server, const PfOffer *offer,
    PfGrant *grant, PfSessionEnded ended, gpointer user, GError **error)
{
  PfServed *s = g_new0 (PfServed, 1);
  g_autoptr (GstBus) bus = NULL;

  s->id = id;
  s->peer = g_strdup (offer->peer);
  s->name = g_strdup (offer->name);
  s->grant = grant;
  s->began_us = g_get_monotonic_time ();
  s->pipeline = pf_plan_build (grant->plan, error);
  if (!s->pipeline || !set_endpoint (s, server, error)) {
    pf_served_free (s);
    return NULL;
  }
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
  if (s->pipeline) {
    gst_element_call_async (s->pipeline, stop, NULL, NULL);
    gst_object_unref (s->pipeline);
  }
  pf_grant_free (s->grant);
  g_free (s->peer);
  g_free (s->name);
  g_free (s);
}

guint64
pf_served_id (const PfServed *s)
{
  return s->id;
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
