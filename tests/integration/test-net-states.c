/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* pfudpsink and pfudpsrc: settings, what they say, states. */
#include <string.h>
#include <unistd.h>

#include "net-peer.h"
#include "pf-test.h"

/* What the element says on its bus of this type, at READY to PLAYING. */
static gchar *
said (const gchar *line, GstMessageType type, GstStateChangeReturn expected)
{
  GstElement *e = gst_parse_launch (line, NULL);
  GstBus *bus = gst_bus_new ();
  GstMessage *message;
  GError *error = NULL;
  gchar *text = NULL;

  PF_REQUIRE (e != NULL);
  gst_element_set_bus (e, bus);
  PF_CHECK_INT (gst_element_set_state (e, GST_STATE_PAUSED), ==, expected);
  message = gst_bus_timed_pop_filtered (bus, 0, type);
  if (message) {
    if (type == GST_MESSAGE_ERROR)
      gst_message_parse_error (message, &error, NULL);
    else
      gst_message_parse_warning (message, &error, NULL);
    text = g_strdup (error->message);
    g_clear_error (&error);
    gst_message_unref (message);
  }
  gst_element_set_state (e, GST_STATE_NULL);
  gst_element_set_bus (e, NULL);
  gst_object_unref (bus);
  gst_object_unref (e);
  return text;
}

static void
expect_said (const gchar *line, GstMessageType type,
    GstStateChangeReturn expected, const gchar *word)
{
  gchar *text = said (line, type, expected);

  if (!word)
    PF_CHECK_STR (text, NULL);
  else if (!text || !strstr (text, word))
    pf_test_fail (__FILE__, __LINE__, "%s: said \"%s\", not \"%s\"", line,
        text ? text : "nothing", word);
  g_free (text);
}

static void
test_buffer_warning (void)
{
  expect_said ("pfudpsink buffer-size=1073741823", GST_MESSAGE_WARNING,
      GST_STATE_CHANGE_ASYNC, "net.core.wmem_max");
  expect_said ("pfudpsrc port=0 buffer-size=1073741823", GST_MESSAGE_WARNING,
      GST_STATE_CHANGE_NO_PREROLL, "net.core.rmem_max");
  expect_said ("pfudpsink buffer-size=65536", GST_MESSAGE_WARNING,
      GST_STATE_CHANGE_ASYNC, NULL);
  expect_said ("pfudpsrc port=0 buffer-size=65536", GST_MESSAGE_WARNING,
      GST_STATE_CHANGE_NO_PREROLL, NULL);
}

static void
test_settings (void)
{
  Peer peer = peer_new (AF_INET);
  gchar *line =
      g_strdup_printf ("pfudpsrc address=127.0.0.1 port=%u", peer.port);

  expect_said ("pfudpsink clients=127.0.0.1:0", GST_MESSAGE_ERROR,
      GST_STATE_CHANGE_FAILURE, "clients");
  expect_said ("pfudpsink host=\"\" clients=\"127.0.0.1:5,\"",
      GST_MESSAGE_ERROR, GST_STATE_CHANGE_FAILURE, "names no host");
  expect_said ("pfudpsink bind-address=192.0.2.1", GST_MESSAGE_ERROR,
      GST_STATE_CHANGE_FAILURE, "bind-address");
  expect_said ("pfudpsrc port=0 source=127.0.0.1:x", GST_MESSAGE_ERROR,
      GST_STATE_CHANGE_FAILURE, "source");
  expect_said (
      line, GST_MESSAGE_ERROR, GST_STATE_CHANGE_FAILURE, "another program");
  close (peer.fd);
  g_free (line);
}

static void
test_states (void)
{
  static const gchar *lines[] = { "pfudpsink", "pfudpsrc port=0",
    "pfudpsrc port=0 punch=127.0.0.1:9", "pfudpsink pacing=schedule" };

  for (guint i = 0; i < G_N_ELEMENTS (lines); i++) {
    GstElement *e = gst_parse_launch (lines[i], NULL);

    for (guint j = 0; j < 20; j++) {
      PF_CHECK_INT (gst_element_set_state (e, GST_STATE_PLAYING), !=,
          GST_STATE_CHANGE_FAILURE);
      PF_CHECK_INT (
          gst_element_set_state (e, j % 2 ? GST_STATE_NULL : GST_STATE_READY),
          ==, GST_STATE_CHANGE_SUCCESS);
    }
    gst_element_set_state (e, GST_STATE_NULL);
    gst_object_unref (e);
  }
}

int
main (int argc, char **argv)
{
  gst_init (NULL, NULL);
  PF_TEST_ADD ("/net/buffer-warning", test_buffer_warning);
  PF_TEST_ADD ("/net/settings", test_settings);
  PF_TEST_ADD ("/net/states", test_states);
  return pf_test_run (argc, argv);
}
