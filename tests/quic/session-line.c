/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Sessions in tests; see session-line.h. */
#include "session-line.h"

#include <glib/gstdio.h>
#include <string.h>

#include "pf-test.h"

gchar *line_dir;

static void
remove_tree (const gchar *path)
{
  GDir *list = g_dir_open (path, 0, NULL);
  const gchar *name;

  while (list && (name = g_dir_read_name (list))) {
    gchar *file = g_build_filename (path, name, NULL);

    remove_tree (file);
    g_free (file);
  }
  g_clear_pointer (&list, g_dir_close);
  g_remove (path);
}

int
line_run (int argc, char **argv)
{
  int status;

  line_dir = g_dir_make_tmp ("pf-line-XXXXXX", NULL);
  status = pf_test_run (argc, argv);
  remove_tree (line_dir);
  g_free (line_dir);
  return status;
}

GstBusSyncReply
line_on_message (GstBus *bus, GstMessage *message, gpointer user)
{
  Line *l = user;
  GError *error = NULL;

  (void) bus;
  g_mutex_lock (&l->lock);
  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ELEMENT) {
    g_ptr_array_add (
        l->messages, gst_structure_copy (gst_message_get_structure (message)));
  } else if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR && !l->error) {
    gst_message_parse_error (message, &error, NULL);
    l->error = g_strdup (error->message);
    g_error_free (error);
  }
  g_cond_broadcast (&l->cond);
  g_mutex_unlock (&l->lock);
  gst_message_unref (message);
  return GST_BUS_DROP;
}

/* Since the host made packets of it, microseconds. */
static gint64
age_us (GstBuffer *buffer)
{
  static GstStaticCaps unix_caps = GST_STATIC_CAPS ("timestamp/x-unix");
  GstCaps *caps = gst_static_caps_get (&unix_caps);
  GstReferenceTimestampMeta *meta =
      gst_buffer_get_reference_timestamp_meta (buffer, caps);

  gst_caps_unref (caps);
  return meta ? g_get_real_time () - (gint64) (meta->timestamp / 1000)
              : G_MAXINT64;
}

static void
on_handoff (GstElement *sink, GstBuffer *buffer, GstPad *pad, gpointer user)
{
  Line *l = user;

  (void) sink;
  (void) pad;
  g_mutex_lock (&l->lock);
  l->frames++;
  l->least_us = MIN (l->least_us, age_us (buffer));
  l->wrong += gst_buffer_get_size (buffer) != FRAME_SIZE;
  g_cond_broadcast (&l->cond);
  g_mutex_unlock (&l->lock);
}

static GstPadProbeReturn
on_upstream (GstPad *pad, GstPadProbeInfo *info, gpointer user)
{
  GstEvent *event = GST_PAD_PROBE_INFO_EVENT (info);
  PfLossReport report;
  PfInput input;
  Line *l = user;

  (void) pad;
  g_mutex_lock (&l->lock);
  l->inputs +=
      pf_event_parse_input (event, &input) && input.kind == PF_INPUT_KEY;
  l->losses += pf_event_parse_loss_report (event, &report);
  l->key_units += gst_event_has_name (event, "GstForceKeyUnit");
  g_cond_broadcast (&l->cond);
  g_mutex_unlock (&l->lock);
  return GST_PAD_PROBE_OK;
}

void
line_init (Line *l, const gchar *text)
{
  GstElement *sink, *encoder;
  GError *error = NULL;
  GstBus *bus;

  memset (l, 0, sizeof *l);
  l->least_us = G_MAXINT64;
  g_mutex_init (&l->lock);
  g_cond_init (&l->cond);
  l->messages =
      g_ptr_array_new_with_free_func ((GDestroyNotify) gst_structure_free);
  l->pipeline = gst_parse_launch (text, &error);
  if (error)
    pf_test_note ("%s", error->message);
  PF_REQUIRE (l->pipeline && !error);
  l->end = gst_bin_get_by_name (GST_BIN (l->pipeline), "end");
  bus = gst_element_get_bus (l->pipeline);
  gst_bus_set_sync_handler (bus, line_on_message, l, NULL);
  gst_object_unref (bus);
  sink = gst_bin_get_by_name (GST_BIN (l->pipeline), "sink");
  if (sink)
    g_signal_connect (sink, "handoff", G_CALLBACK (on_handoff), l);
  gst_clear_object (&sink);
  encoder = gst_bin_get_by_name (GST_BIN (l->pipeline), "encoder");
  if (encoder) {
    GstPad *pad = gst_element_get_static_pad (encoder, "src");

    gst_pad_add_probe (
        pad, GST_PAD_PROBE_TYPE_EVENT_UPSTREAM, on_upstream, l, NULL);
    gst_object_unref (pad);
  }
  gst_clear_object (&encoder);
}

void
line_play (Line *l)
{
  PF_REQUIRE_INT (gst_element_set_state (l->pipeline, GST_STATE_PLAYING), !=,
      GST_STATE_CHANGE_FAILURE);
}

void
line_clear (Line *l)
{
  gst_element_set_state (l->pipeline, GST_STATE_NULL);
  gst_object_unref (l->end);
  gst_object_unref (l->pipeline);
  g_ptr_array_unref (l->messages);
  g_free (l->error);
  g_mutex_clear (&l->lock);
  g_cond_clear (&l->cond);
}

gboolean
line_wait (Line *l, const guint *counter, guint least)
{
  const gint64 until = g_get_monotonic_time () + QUIC_WAIT_MS * 1000;
  gboolean ok;

  g_mutex_lock (&l->lock);
  while (*counter < least && g_cond_wait_until (&l->cond, &l->lock, until))
    ;
  ok = *counter >= least;
  g_mutex_unlock (&l->lock);
  return ok;
}

/* A copy of the nth message of this name; NULL if it does not come. */
GstStructure *
line_message (Line *l, const gchar *name, guint nth)
{
  const gint64 until = g_get_monotonic_time () + QUIC_WAIT_MS * 1000;
  GstStructure *found = NULL;

  g_mutex_lock (&l->lock);
  for (;;) {
    guint n = 0;

    for (guint i = 0; i < l->messages->len && !found; i++)
      if (gst_structure_has_name (l->messages->pdata[i], name) && n++ == nth)
        found = gst_structure_copy (l->messages->pdata[i]);
    if (found || !g_cond_wait_until (&l->cond, &l->lock, until))
      break;
  }
  g_mutex_unlock (&l->lock);
  return found;
}

gboolean
line_failed (Line *l)
{
  const gint64 until = g_get_monotonic_time () + QUIC_WAIT_MS * 1000;
  gboolean ok;

  g_mutex_lock (&l->lock);
  while (!l->error && g_cond_wait_until (&l->cond, &l->lock, until))
    ;
  ok = l->error != NULL;
  g_mutex_unlock (&l->lock);
  return ok;
}

guint
line_number (const GstStructure *s, const gchar *field)
{
  guint value = G_MAXUINT;

  gst_structure_get_uint (s, field, &value);
  return value;
}

void
line_init_host (Line *l, const gchar *settings)
{
  gchar *more = g_strdup_printf (
      "address=127.0.0.1 port=0 identity-dir=%s/host %s", line_dir, settings);
  gchar *text = g_strdup_printf (HOST, more);

  line_init (l, text);
  g_free (text);
  g_free (more);
}

guint
line_play_host (Line *l, const gchar *settings)
{
  gint port;

  line_init_host (l, settings);
  line_play (l);
  g_object_get (l->end, "port", &port, NULL);
  return (guint) port;
}

void
line_play_client (Line *l, guint port, const gchar *settings)
{
  gchar *text = g_strdup_printf (CLIENT, port, settings);

  line_init (l, text);
  line_play (l);
  g_free (text);
}

guint
line_count (Line *l, const guint *counter)
{
  guint n;

  g_mutex_lock (&l->lock);
  n = *counter;
  g_mutex_unlock (&l->lock);
  return n;
}

void
line_check_frames (Line *client)
{
  PF_CHECK (line_wait (client, &client->frames, 30));
  PF_CHECK_UINT (line_count (client, &client->wrong), ==, 0);
}

/* ---- A server ----------------------------------------------------------- */

static gint
on_authorize (GstElement *server, const GstStructure *peer, gpointer user)
{
  LineServer *s = user;

  (void) server;
  PF_CHECK (gst_structure_has_field_typed (peer, "id", G_TYPE_UINT64));
  PF_CHECK (gst_structure_has_field_typed (peer, "peer", G_TYPE_STRING));
  return s->decision;
}

void
line_server_init (LineServer *s, gint decision)
{
  gchar *identity = g_build_filename (line_dir, "host", NULL);
  GstBus *bus = gst_bus_new ();

  memset (s, 0, sizeof *s);
  g_mutex_init (&s->line.lock);
  g_cond_init (&s->line.cond);
  s->line.messages =
      g_ptr_array_new_with_free_func ((GDestroyNotify) gst_structure_free);
  s->decision = decision;
  s->server = gst_element_factory_make ("pfquicserver", "server");
  PF_REQUIRE (s->server != NULL);
  gst_object_ref_sink (s->server);
  gst_bus_set_sync_handler (bus, line_on_message, &s->line, NULL);
  gst_element_set_bus (s->server, bus);
  gst_object_unref (bus);
  g_object_set (s->server, "address", "127.0.0.1", "port", 0, "identity-dir",
      identity, NULL);
  g_free (identity);
  g_signal_connect (s->server, "authorize", G_CALLBACK (on_authorize), s);
  PF_REQUIRE_INT (gst_element_set_state (s->server, GST_STATE_READY), ==,
      GST_STATE_CHANGE_SUCCESS);
  g_object_get (s->server, "port", &s->port, NULL);
}

void
line_server_clear (LineServer *s)
{
  gst_element_set_state (s->server, GST_STATE_NULL);
  gst_element_set_bus (s->server, NULL);
  gst_object_unref (s->server);
  g_ptr_array_unref (s->line.messages);
  g_free (s->line.error);
  g_mutex_clear (&s->line.lock);
  g_cond_clear (&s->line.cond);
}

guint64
line_id (const GstStructure *s)
{
  guint64 id = 0;

  PF_CHECK (gst_structure_get_uint64 (s, "id", &id));
  return id;
}

void
line_play_endpoint (Line *l, guint64 id)
{
  gchar *settings =
      g_strdup_printf ("server=server session=%" G_GUINT64_FORMAT, id);
  gchar *text = g_strdup_printf (HOST, settings);

  line_init (l, text);
  line_play (l);
  g_free (text);
  g_free (settings);
}

void
line_accept (LineServer *s, guint64 id)
{
  GstStructure *grant = gst_structure_new ("PfSessionGrant", "codec",
      G_TYPE_STRING, "h264", "width", G_TYPE_UINT, 800, "height", G_TYPE_UINT,
      600, "fps", G_TYPE_UINT, 50, "bitrate-kbps", G_TYPE_UINT, 7000, NULL);
  gboolean ok;

  g_signal_emit_by_name (s->server, "accept", id, grant, &ok);
  PF_CHECK (ok);
  gst_structure_free (grant);
}
