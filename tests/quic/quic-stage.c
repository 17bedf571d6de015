/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Streams whose every picture is looked at; see quic-stage.h. */
#include "quic-stage.h"

#include <glib/gstdio.h>
#include <gst/video/video.h>
#include <string.h>

#include "pf-picture.h"
#include "pf-test.h"

/* ---- Places ------------------------------------------------------------- */

gchar *
stage_place_new (void)
{
  gchar *place = g_dir_make_tmp ("pf-stage-XXXXXX", NULL);

  g_assert (place);
  return place;
}

static void
remove_all (const gchar *path)
{
  GDir *listing = g_dir_open (path, 0, NULL);
  const gchar *name;

  while (listing && (name = g_dir_read_name (listing))) {
    gchar *file = g_build_filename (path, name, NULL);

    remove_all (file);
    g_free (file);
  }
  if (listing)
    g_dir_close (listing);
  g_remove (path);
}

void
stage_place_remove (gchar *place)
{
  remove_all (place);
  g_free (place);
}

/* ---- Hosts -------------------------------------------------------------- */

static const gchar *const endpoint_line =
    "pfvdisplaysrc name=display backend=test ! "
    "video/x-raw,format=I420,width=%u,height=%u,framerate=%u/1 ! "
    "x264enc tune=zerolatency speed-preset=ultrafast threads=1 bitrate=2000 "
    "key-int-max=1000 ! video/x-h264,profile=constrained-baseline ! pffecenc ! "
    "pfaesgcm ! pfquicsink server=%s session=%" G_GUINT64_FORMAT " %s";

static guint
number (const GstStructure *s, const gchar *field)
{
  guint value = 0;

  gst_structure_get_uint (s, field, &value);
  return value;
}

static guint64
id_of (const GstStructure *s)
{
  guint64 id = 0;

  gst_structure_get_uint64 (s, "id", &id);
  return id;
}

static void
play (StageHost *h, const GstStructure *offer)
{
  const guint64 id = id_of (offer);
  gchar *text = g_strdup_printf (endpoint_line, number (offer, "width"),
      number (offer, "height"), number (offer, "fps"),
      GST_OBJECT_NAME (h->server), id, h->endpoint ? h->endpoint : "");
  GstStructure *grant = gst_structure_new (
      "PfSessionGrant", "codec", G_TYPE_STRING, "h264", NULL);
  GError *error = NULL;
  GstElement *pipeline = gst_parse_launch (text, &error);
  gboolean ok;

  if (error)
    pf_test_fail (__FILE__, __LINE__, "%s", error->message);
  g_clear_error (&error);
  g_mutex_lock (&h->lock);
  g_hash_table_insert (h->sessions, g_memdup2 (&id, sizeof id), pipeline);
  g_clear_pointer (&h->offer, gst_structure_free);
  h->offer = gst_structure_copy (offer);
  g_mutex_unlock (&h->lock);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  g_signal_emit_by_name (h->server, "accept", id, grant, &ok);
  gst_structure_free (grant);
  g_free (text);
}

static void
strike (StageHost *h, guint64 id)
{
  gpointer key = NULL, pipeline = NULL;
  GstStructure *stats;
  GstElement *display;
  guint64 skipped = 0;

  g_mutex_lock (&h->lock);
  g_hash_table_steal_extended (h->sessions, &id, &key, &pipeline);
  g_mutex_unlock (&h->lock);
  g_free (key);
  if (pipeline) {
    display = gst_bin_get_by_name (GST_BIN (pipeline), "display");
    g_object_get (display, "stats", &stats, NULL);
    gst_structure_get_uint64 (stats, "skipped", &skipped);
    gst_structure_free (stats);
    gst_object_unref (display);
    gst_element_set_state (pipeline, GST_STATE_NULL);
    gst_object_unref (pipeline);
  }
  g_mutex_lock (&h->lock);
  h->skipped += skipped;
  h->n_ended++;
  g_cond_broadcast (&h->cond);
  g_mutex_unlock (&h->lock);
}

static void
take_message (StageHost *h, const GstStructure *s)
{
  if (gst_structure_has_name (s, "PfSessionOffer")) {
    play (h, s);
  } else if (gst_structure_has_name (s, "PfSessionEnded")) {
    strike (h, id_of (s));
  } else if (gst_structure_has_name (s, "PfSessionStarted")) {
    g_mutex_lock (&h->lock);
    h->n_started++;
    g_cond_broadcast (&h->cond);
    g_mutex_unlock (&h->lock);
  }
}

static gpointer
launcher (gpointer data)
{
  StageHost *h = data;

  while (!g_atomic_int_get (&h->stop)) {
    GstMessage *m = gst_bus_timed_pop (h->bus, 50 * GST_MSECOND);

    if (m && GST_MESSAGE_TYPE (m) == GST_MESSAGE_ELEMENT)
      take_message (h, gst_message_get_structure (m));
    g_clear_pointer (&m, gst_message_unref);
  }
  return NULL;
}

static void
unref_null (gpointer pipeline)
{
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (pipeline);
}

static void
set_all (GstElement *e, const gchar *settings)
{
  gchar **all = g_strsplit (settings ? settings : "", " ", -1);

  for (guint i = 0; all[i]; i++) {
    gchar **pair = g_strsplit (all[i], "=", 2);

    if (pair[0] && pair[1])
      gst_util_set_object_arg (G_OBJECT (e), pair[0], pair[1]);
    g_strfreev (pair);
  }
  g_strfreev (all);
}

void
stage_host_start (StageHost *h, const gchar *name, const gchar *place,
    guint port, const gchar *settings)
{
  memset (h, 0, sizeof *h);
  g_mutex_init (&h->lock);
  g_cond_init (&h->cond);
  h->sessions =
      g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, unref_null);
  h->bus = gst_bus_new ();
  h->server = gst_element_factory_make ("pfquicserver", name);
  PF_REQUIRE (h->server != NULL);
  gst_object_ref_sink (h->server);
  gst_element_set_bus (h->server, h->bus);
  g_object_set (h->server, "address", "127.0.0.1", "port", port, "identity-dir",
      place, "open", TRUE, NULL);
  set_all (h->server, settings);
  PF_REQUIRE_INT (gst_element_set_state (h->server, GST_STATE_READY), ==,
      GST_STATE_CHANGE_SUCCESS);
  g_object_get (h->server, "port", &h->port, NULL);
  h->thread = g_thread_new ("launcher", launcher, h);
}

void
stage_host_stop (StageHost *h)
{
  g_atomic_int_set (&h->stop, 1);
  g_thread_join (h->thread);
  g_hash_table_unref (h->sessions);
  gst_element_set_state (h->server, GST_STATE_NULL);
  gst_element_set_bus (h->server, NULL);
  gst_object_unref (h->server);
  gst_object_unref (h->bus);
  g_clear_pointer (&h->offer, gst_structure_free);
  g_mutex_clear (&h->lock);
  g_cond_clear (&h->cond);
}

guint64
stage_host_counter (StageHost *h, const gchar *name)
{
  GstStructure *stats;
  guint64 n = 0;

  g_object_get (h->server, "stats", &stats, NULL);
  PF_CHECK (gst_structure_get_uint64 (stats, name, &n));
  gst_structure_free (stats);
  return n;
}

guint
stage_host_n_sessions (StageHost *h)
{
  guint n;

  g_mutex_lock (&h->lock);
  n = g_hash_table_size (h->sessions);
  g_mutex_unlock (&h->lock);
  return n;
}

gboolean
stage_host_wait_ended (StageHost *h, guint n, guint ms)
{
  const gint64 until = g_get_monotonic_time () + (gint64) ms * 1000;
  gboolean ok;

  g_mutex_lock (&h->lock);
  while (h->n_ended < n && g_cond_wait_until (&h->cond, &h->lock, until))
    ;
  ok = h->n_ended >= n;
  g_mutex_unlock (&h->lock);
  return ok;
}

/* ---- Clients ------------------------------------------------------------ */

static const gchar *const client_line =
    "pfquicsrc name=source address=127.0.0.1 port=%u codecs=h264 %s ! "
    "pfaesgcm name=opener mode=open ! pffecdec ! h264parse ! openh264dec ! "
    "fakesink name=sink sync=false async=false";

static gboolean
read_number (GstPad *pad, GstBuffer *b, PfPictureStamp *stamp, guint *width)
{
  GstCaps *caps = gst_pad_get_current_caps (pad);
  GstVideoFrame frame;
  GstVideoInfo video;
  gboolean ok = FALSE;

  if (caps && gst_video_info_from_caps (&video, caps) &&
      gst_video_frame_map (&frame, &video, b, GST_MAP_READ)) {
    *width = (guint) GST_VIDEO_INFO_WIDTH (&video);
    ok = pf_picture_read (stamp, GST_VIDEO_FRAME_PLANE_DATA (&frame, 0), 1,
             (gsize) GST_VIDEO_FRAME_PLANE_STRIDE (&frame, 0),
             (guint32) GST_VIDEO_INFO_WIDTH (&video),
             (guint32) GST_VIDEO_INFO_HEIGHT (&video)) == 0;
    gst_video_frame_unmap (&frame);
  }
  gst_clear_caps (&caps);
  return ok;
}

static GstPadProbeReturn
on_picture (GstPad *pad, GstPadProbeInfo *info, gpointer user)
{
  PfPictureStamp stamp = { 0, 0 };
  StageClient *c = user;
  guint width = 0;
  const gboolean ok =
      read_number (pad, GST_PAD_PROBE_INFO_BUFFER (info), &stamp, &width);
  const gint64 now = g_get_monotonic_time ();

  g_mutex_lock (&c->lock);
  if (c->last_at)
    c->longest = MAX (c->longest, now - c->last_at);
  c->wrong += !ok || (c->last >= 0 && stamp.number != c->last + 1);
  c->last = stamp.number;
  c->last_at = now;
  c->width = width;
  c->frames++;
  g_cond_broadcast (&c->cond);
  g_mutex_unlock (&c->lock);
  return GST_PAD_PROBE_OK;
}

/* Call with the lock. */
static void
take_client_message (StageClient *c, GstMessage *message)
{
  const GstStructure *s = gst_message_get_structure (message);
  GError *error = NULL;

  switch (GST_MESSAGE_TYPE (message)) {
  case GST_MESSAGE_ELEMENT:
    c->over |= gst_structure_has_name (s, "PfSessionEnded");
    break;
  case GST_MESSAGE_ERROR:
    gst_message_parse_error (message, &error, NULL);
    if (!c->error)
      c->error = g_strdup (error->message);
    g_error_free (error);
    c->over = TRUE;
    break;
  default:
    break;
  }
  g_cond_broadcast (&c->cond);
}

static GstBusSyncReply
on_message (GstBus *bus, GstMessage *message, gpointer user)
{
  StageClient *c = user;

  (void) bus;
  g_mutex_lock (&c->lock);
  take_client_message (c, message);
  g_mutex_unlock (&c->lock);
  gst_message_unref (message);
  return GST_BUS_DROP;
}

void
stage_client_start (StageClient *c, guint port, const gchar *settings)
{
  gchar *text = g_strdup_printf (client_line, port, settings ? settings : "");
  GError *error = NULL;
  GstElement *sink;
  GstPad *pad;
  GstBus *bus;

  memset (c, 0, sizeof *c);
  g_mutex_init (&c->lock);
  g_cond_init (&c->cond);
  c->last = -1;
  c->pipeline = gst_parse_launch (text, &error);
  if (error)
    pf_test_note ("%s", error->message);
  PF_REQUIRE (c->pipeline && !error);
  c->source = gst_bin_get_by_name (GST_BIN (c->pipeline), "source");
  sink = gst_bin_get_by_name (GST_BIN (c->pipeline), "sink");
  pad = gst_element_get_static_pad (sink, "sink");
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, on_picture, c, NULL);
  gst_object_unref (pad);
  gst_object_unref (sink);
  bus = gst_element_get_bus (c->pipeline);
  gst_bus_set_sync_handler (bus, on_message, c, NULL);
  gst_object_unref (bus);
  PF_REQUIRE_INT (gst_element_set_state (c->pipeline, GST_STATE_PLAYING), !=,
      GST_STATE_CHANGE_FAILURE);
  g_free (text);
}

void
stage_client_stop (StageClient *c)
{
  gst_element_set_state (c->pipeline, GST_STATE_NULL);
  gst_object_unref (c->source);
  gst_object_unref (c->pipeline);
  g_free (c->error);
  g_mutex_clear (&c->lock);
  g_cond_clear (&c->cond);
}

gboolean
stage_client_wait (StageClient *c, guint frames, guint ms)
{
  const gint64 until = g_get_monotonic_time () + (gint64) ms * 1000;
  gboolean ok;

  g_mutex_lock (&c->lock);
  while (c->frames < frames && !c->over &&
         g_cond_wait_until (&c->cond, &c->lock, until))
    ;
  ok = c->frames >= frames;
  if (!ok && c->error)
    pf_test_note ("%s", c->error);
  g_mutex_unlock (&c->lock);
  return ok;
}

gboolean
stage_client_wait_over (StageClient *c, guint ms)
{
  const gint64 until = g_get_monotonic_time () + (gint64) ms * 1000;
  gboolean ok;

  g_mutex_lock (&c->lock);
  while (!c->over && g_cond_wait_until (&c->cond, &c->lock, until))
    ;
  ok = c->over;
  g_mutex_unlock (&c->lock);
  return ok;
}

guint
stage_client_frames (StageClient *c)
{
  guint n;

  g_mutex_lock (&c->lock);
  n = c->frames;
  g_mutex_unlock (&c->lock);
  return n;
}

void
stage_client_check (StageClient *c)
{
  g_mutex_lock (&c->lock);
  PF_CHECK_UINT (c->wrong, ==, 0);
  g_mutex_unlock (&c->lock);
}
