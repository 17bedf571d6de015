/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * An HDR picture, from an encoder that is told how bright its display was, to
 * the caps behind a client's parser: in the stream, and beside it in a datagram
 * with each key frame.
 */
#include <glib/gstdio.h>
#include <gst/gst.h>

#include "pf-test.h"

#define WAIT_US (30 * G_USEC_PER_SEC)
#define DISPLAY "34000:16000:13250:34500:7500:3000:15635:16450:10000000:50"
#define LIGHT "1000:400"
#define HOST                                                                   \
  "videotestsrc is-live=true ! capsfilter caps=\"video/x-raw,format="          \
  "I420_10LE,width=320,height=180,framerate=10/1,colorimetry=bt2100-pq,"       \
  "mastering-display-info=(string)\\\"" DISPLAY "\\\",content-light-level="    \
  "(string)\\\"" LIGHT "\\\"\" ! x265enc tune=zerolatency "                    \
  "speed-preset=ultrafast bitrate=1000 key-int-max=30 ! h265parse "            \
  "config-interval=-1 ! capsfilter caps=\"video/x-h265,stream-format="         \
  "byte-stream,alignment=au\" ! pffecenc ! pfaesgcm ! pfquicsink name=end "    \
  "address=127.0.0.1 port=0 open=true identity-dir=%s/host"
#define CLIENT                                                                 \
  "pfquicsrc name=end address=127.0.0.1 port=%d codecs=h265 depth=10 ! "       \
  "pfaesgcm mode=open ! pffecdec ! h265parse name=parser ! fakesink "          \
  "sync=false async=false"

typedef struct {
  GMutex lock;
  GCond cond;
  /* lock */
  GstStructure *told; /* PfHdrMetadata */
  guint n_told;
  GstCaps *caps; /* behind the parser */
  guint frames;
} Client;

static GstElement *
play (const gchar *text)
{
  g_autoptr (GError) error = NULL;
  GstElement *pipeline =
      gst_parse_launch_full (text, NULL, GST_PARSE_FLAG_FATAL_ERRORS, &error);

  if (error)
    pf_test_note ("%s", error->message);
  PF_REQUIRE (pipeline && !error);
  return pipeline;
}

static GstBusSyncReply
on_message (GstBus *bus, GstMessage *message, gpointer user)
{
  const GstStructure *s = GST_MESSAGE_TYPE (message) == GST_MESSAGE_ELEMENT
                              ? gst_message_get_structure (message)
                              : NULL;
  Client *c = user;

  (void) bus;
  if (s && gst_structure_has_name (s, "PfHdrMetadata")) {
    g_mutex_lock (&c->lock);
    g_clear_pointer (&c->told, gst_structure_free);
    c->told = gst_structure_copy (s);
    c->n_told++;
    g_cond_broadcast (&c->cond);
    g_mutex_unlock (&c->lock);
  }
  gst_message_unref (message);
  return GST_BUS_DROP;
}

static GstPadProbeReturn
on_frame (GstPad *pad, GstPadProbeInfo *info, gpointer user)
{
  Client *c = user;

  (void) info;
  g_mutex_lock (&c->lock);
  c->frames++;
  gst_clear_caps (&c->caps);
  c->caps = gst_pad_get_current_caps (pad);
  g_cond_broadcast (&c->cond);
  g_mutex_unlock (&c->lock);
  return GST_PAD_PROBE_OK;
}

static void
check_text (const GstStructure *s, const gchar *name, const gchar *text)
{
  PF_CHECK_STR (gst_structure_get_string (s, name), text);
}

static void
test_metadata (void)
{
  const gint64 until = g_get_monotonic_time () + WAIT_US;
  g_autofree gchar *dir = g_dir_make_tmp ("pf-hdr-XXXXXX", NULL);
  g_autofree gchar *host_text = g_strdup_printf (HOST, dir);
  g_autofree gchar *client_text = NULL;
  GstElement *host = play (host_text), *client, *end, *parser;
  const gchar *const remove[] = { "/bin/rm", "-rf", dir, NULL };
  Client c = { 0 };
  GstPad *pad;
  GstBus *bus;
  gint port = 0;

  g_mutex_init (&c.lock);
  g_cond_init (&c.cond);
  end = gst_bin_get_by_name (GST_BIN (host), "end");
  PF_REQUIRE_INT (gst_element_set_state (host, GST_STATE_PLAYING), !=,
      GST_STATE_CHANGE_FAILURE);
  g_object_get (end, "port", &port, NULL);
  gst_object_unref (end);
  client_text = g_strdup_printf (CLIENT, port);
  client = play (client_text);
  bus = gst_element_get_bus (client);
  gst_bus_set_sync_handler (bus, on_message, &c, NULL);
  gst_object_unref (bus);
  parser = gst_bin_get_by_name (GST_BIN (client), "parser");
  pad = gst_element_get_static_pad (parser, "src");
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, on_frame, &c, NULL);
  gst_object_unref (pad);
  gst_object_unref (parser);
  gst_element_set_state (client, GST_STATE_PLAYING);
  g_mutex_lock (&c.lock);
  /* some key frames go by */
  while (
      (!c.told || c.frames < 70) && g_cond_wait_until (&c.cond, &c.lock, until))
    ;
  g_mutex_unlock (&c.lock);
  gst_element_set_state (client, GST_STATE_NULL);
  gst_element_set_state (host, GST_STATE_NULL);
  gst_object_unref (client);
  gst_object_unref (host);
  PF_CHECK_UINT (c.frames, >=, 70);
  PF_REQUIRE (c.told && c.caps);
  check_text (c.told, "mastering-display-info", DISPLAY);
  check_text (c.told, "content-light-level", LIGHT);
  PF_CHECK_UINT (c.n_told, ==, 1); /* it did not change */
  {
    const GstStructure *s = gst_caps_get_structure (c.caps, 0);

    check_text (s, "mastering-display-info", DISPLAY);
    check_text (s, "content-light-level", LIGHT);
    check_text (s, "colorimetry", "bt2100-pq");
    check_text (s, "profile", "main-10");
  }
  gst_structure_free (c.told);
  gst_clear_caps (&c.caps);
  g_mutex_clear (&c.lock);
  g_cond_clear (&c.cond);
  g_spawn_sync (NULL, (gchar **) remove, NULL, G_SPAWN_DEFAULT, NULL, NULL,
      NULL, NULL, NULL, NULL);
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  PF_TEST_ADD ("/hdr/metadata", test_metadata);
  return pf_test_run (argc, argv);
}
