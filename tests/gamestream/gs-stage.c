/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A server of GameStream and its launcher; see gs-stage.h. */
#include "gs-stage.h"

#include <string.h>

#include "pf-test.h"

static void
set_all (GstElement *e, const gchar *settings)
{
  g_auto (GStrv) all = g_strsplit (settings ? settings : "", " ", -1);

  for (guint i = 0; all[i]; i++) {
    g_auto (GStrv) pair = g_strsplit (all[i], "=", 2);

    if (pair[0] && pair[1])
      gst_util_set_object_arg (G_OBJECT (e), pair[0], pair[1]);
  }
}

void
gs_stage_start (GsStage *s, const gchar *address, const gchar *settings)
{
  memset (s, 0, sizeof *s);
  s->address = address;
  s->bus = gst_bus_new ();
  s->server = gst_element_factory_make ("gamestreamserver", "gs");
  PF_REQUIRE (s->server != NULL);
  gst_object_ref_sink (s->server);
  gst_element_set_bus (s->server, s->bus);
  g_object_set (s->server, "address", address, "port", 0, "video-port", 0,
      "control-port", 0, "audio-port", 0, NULL);
  set_all (s->server, settings);
  PF_REQUIRE_INT (gst_element_set_state (s->server, GST_STATE_READY), ==,
      GST_STATE_CHANGE_SUCCESS);
}

void
gs_stage_stop (GsStage *s)
{
  gst_element_set_state (s->server, GST_STATE_NULL);
  gst_element_set_bus (s->server, NULL);
  gst_object_unref (s->server);
  gst_object_unref (s->bus);
  g_queue_clear_full (&s->messages, (GDestroyNotify) gst_structure_free);
}

guint64
gs_stage_launch (
    GsStage *s, const gchar *peer, GstStructure *more, GsClientConfig *config)
{
  PfKey key = { .cipher = PF_AEAD_AES_128_GCM };
  GstStructure *launch = more ? more : gst_structure_new_empty ("PfLaunch");
  PfSecret *secret;
  guint port;
  guint64 id = 0;

  pf_test_random_bytes (key.key, PF_GS_KEY_SIZE);
  secret = pf_secret_new (&key);
  g_object_get (s->server, "port", &port, NULL);
  *config = (GsClientConfig){ .host = s->address,
    .rtsp_port = port,
    .sealed_rtsp = true,
    .key_id = (uint32_t) pf_test_random () };
  memcpy (config->key, key.key, PF_GS_KEY_SIZE);
  gs_client_announce_usual (&config->announce);
  config->announce.width = 320;
  config->announce.height = 180;
  config->announce.fps = 30;
  gst_structure_set (launch, "peer", G_TYPE_STRING, peer, "key-id", G_TYPE_UINT,
      config->key_id, NULL);
  g_signal_emit_by_name (s->server, "launch", launch, secret, &id);
  pf_secret_unref (secret);
  gst_structure_free (launch);
  return id;
}

/* ---- Messages ------------------------------------------------------------ */

static gboolean
is_it (const GstStructure *s, const gchar *name, guint64 id)
{
  guint64 its = 0;

  gst_structure_get_uint64 (s, "id", &its);
  return gst_structure_has_name (s, name) && (id == 0 || id == its);
}

static GstStructure *
take (GsStage *s, const gchar *name, guint64 id)
{
  for (GList *l = s->messages.head; l; l = l->next)
    if (is_it (l->data, name, id)) {
      GstStructure *found = l->data;

      g_queue_delete_link (&s->messages, l);
      return found;
    }
  return NULL;
}

static void
collect (GsStage *s, GstClockTime timeout)
{
  GstMessage *m = gst_bus_timed_pop (s->bus, timeout);

  while (m) {
    if (GST_MESSAGE_TYPE (m) == GST_MESSAGE_ELEMENT)
      g_queue_push_tail (
          &s->messages, gst_structure_copy (gst_message_get_structure (m)));
    gst_message_unref (m);
    m = gst_bus_pop (s->bus);
  }
}

GstStructure *
gs_stage_wait (GsStage *s, const gchar *name, guint64 id, guint ms)
{
  const gint64 end = g_get_monotonic_time () + (gint64) ms * 1000;
  GstStructure *found;

  while (!(found = take (s, name, id))) {
    const gint64 left = end - g_get_monotonic_time ();

    if (left <= 0)
      return NULL;
    collect (s, (GstClockTime) left * 1000);
  }
  return found;
}

gboolean
gs_stage_has (GsStage *s, const gchar *name, guint64 id)
{
  collect (s, 0);
  for (GList *l = s->messages.head; l; l = l->next)
    if (is_it (l->data, name, id))
      return TRUE;
  return FALSE;
}

gint
gs_stage_wait_ended (GsStage *s, guint64 id, guint ms)
{
  GstStructure *ended = gs_stage_wait (s, "PfSessionEnded", id, ms);
  guint code = 0;

  if (!ended)
    return -1;
  gst_structure_get_uint (ended, "code", &code);
  gst_structure_free (ended);
  return (gint) code;
}

/* ---- Serving ------------------------------------------------------------- */

GstElement *
gs_stage_serve (GsStage *s, guint64 id, guint width, guint height,
    gboolean sound, const gchar *endpoint)
{
  g_autofree gchar *text = g_strdup_printf (
      "pfvdisplaysrc name=display backend=test ! "
      "video/x-raw,format=I420,width=%u,height=%u,framerate=30/1 ! "
      "x264enc name=encoder tune=zerolatency speed-preset=ultrafast threads=1 "
      "bitrate=1000 key-int-max=1000 ! "
      "video/x-h264,profile=constrained-baseline ! h264parse ! pffecenc ! "
      "pfaesgcm ! gamestreamrtsp name=sender server=%s "
      "session=%" G_GUINT64_FORMAT " %s %s",
      width, height, GST_OBJECT_NAME (s->server), id, endpoint ? endpoint : "",
      sound ? "audiotestsrc is-live=true freq=440 ! audio/x-raw,channels=2 ! "
              "audioconvert ! pfopusenc ! sender.audio"
            : "");
  GError *error = NULL;
  GstElement *pipeline = gst_parse_launch (text, &error);

  if (error)
    pf_test_note ("%s", error->message);
  PF_REQUIRE (pipeline && !error);
  PF_REQUIRE_INT (gst_element_set_state (pipeline, GST_STATE_PLAYING), !=,
      GST_STATE_CHANGE_FAILURE);
  return pipeline;
}

void
gs_stage_drop (GstElement *pipeline)
{
  if (!pipeline)
    return;
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (pipeline);
}

gboolean
gs_stage_accept (GsStage *s, guint64 id)
{
  gboolean ok = FALSE;

  g_signal_emit_by_name (s->server, "accept", id, s->grants, &ok);
  return ok;
}

static gpointer
shake (gpointer client)
{
  return GUINT_TO_POINTER (gs_client_shake (client, PF_GS_STEP_DONE));
}

static GstElement *
serve (
    GsStage *s, const GsClientConfig *config, guint64 id, const gchar *endpoint)
{
  return gs_stage_serve (
      s, id, config->announce.width, config->announce.height, TRUE, endpoint);
}

GsClient *
gs_stage_connect (GsStage *s, const GsClientConfig *config, guint64 id,
    GstElement **pipeline, const gchar *endpoint)
{
  GsClient *c = gs_client_new (config);
  GThread *thread = g_thread_new ("shake", shake, c);
  GstStructure *offer = gs_stage_wait (s, "PfSessionOffer", id, GS_WAIT_MS);
  gboolean accepted = FALSE;
  guint status;

  if (offer) {
    if (s->early)
      *pipeline = serve (s, config, id, endpoint);
    accepted = gs_stage_accept (s, id);
    gst_structure_free (offer);
  }
  status = GPOINTER_TO_UINT (g_thread_join (thread));
  PF_CHECK (accepted);
  PF_CHECK_UINT (status, ==, 200);
  if (!accepted || status != 200) {
    gs_client_free (c);
    return NULL;
  }
  if (!s->early)
    *pipeline = serve (s, config, id, endpoint);
  gs_client_start (c, GS_ALL);
  PF_CHECK (gs_client_wait_connected (c, GS_WAIT_MS));
  return c;
}

guint64
gs_stage_counter (gpointer element, const gchar *name)
{
  GstStructure *stats;
  guint64 n = 0;

  g_object_get (element, "stats", &stats, NULL);
  if (!gst_structure_get_uint64 (stats, name, &n))
    pf_test_fail (__FILE__, __LINE__, "no counter %s", name);
  gst_structure_free (stats);
  return n;
}
