/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * pf-client and hosts that let it in and show nothing: it ends by itself with
 * one line that says what came instead.
 */
#include <gio/gio.h>
#include <gst/gst.h>
#include <string.h>

#include "pf-test.h"

/* What pf-client waits, and a busy machine. */
#define LEAST_MS 10000
#define MOST_MS 40000
#define HOST                                                                   \
  "fakesrc is-live=true sync=true format=time datarate=90000 sizetype=fixed "  \
  "sizemax=3000 filltype=pattern ! capsfilter caps=\"video/x-h264,"            \
  "stream-format=byte-stream,alignment=au,width=640,height=360,"               \
  "framerate=30/1,profile=main\" ! identity drop-probability=%d ! pffecenc ! " \
  "pfaesgcm ! pfquicsink name=end address=127.0.0.1 port=0 open=true"

typedef struct {
  gchar *dir;
  GstElement *pipeline;
  guint port;
} Host;

static void
start_host (Host *h, gboolean mute)
{
  g_autofree gchar *text = g_strdup_printf (HOST, mute);
  g_autofree gchar *identity = NULL;
  g_autoptr (GstElement) end = NULL;
  g_autoptr (GError) error = NULL;

  h->dir = g_dir_make_tmp ("pf-no-picture-XXXXXX", NULL);
  PF_REQUIRE (h->dir);
  identity = g_build_filename (h->dir, "host", NULL);
  h->pipeline = gst_parse_launch (text, &error);
  if (error)
    pf_test_note ("%s", error->message);
  PF_REQUIRE (h->pipeline && !error);
  end = gst_bin_get_by_name (GST_BIN (h->pipeline), "end");
  g_object_set (end, "identity-dir", identity, NULL);
  PF_REQUIRE_INT (gst_element_set_state (h->pipeline, GST_STATE_PLAYING), !=,
      GST_STATE_CHANGE_FAILURE);
  g_object_get (end, "port", &h->port, NULL);
  PF_REQUIRE (h->port);
}

static void
stop_host (Host *h)
{
  const gchar *argv[] = { "/bin/rm", "-rf", h->dir, NULL };
  g_autoptr (GSubprocess) rm = NULL;

  gst_element_set_state (h->pipeline, GST_STATE_NULL);
  gst_object_unref (h->pipeline);
  rm = g_subprocess_newv (argv, G_SUBPROCESS_FLAGS_NONE, NULL);
  g_subprocess_wait (rm, NULL, NULL);
  g_free (h->dir);
}

static GSubprocess *
start_client (const Host *h)
{
  g_autofree gchar *address = g_strdup_printf ("127.0.0.1:%u", h->port);
  g_autofree gchar *identity = g_build_filename (h->dir, "client", NULL);
  const gchar *argv[] = { g_getenv ("PF_CLIENT"), "connect", address,
    "--headless", "--codec", "h264", "--tofu", "--identity", identity, NULL };
  GSubprocess *client;

  PF_REQUIRE (argv[0]);
  client = g_subprocess_newv (argv,
      G_SUBPROCESS_FLAGS_STDOUT_SILENCE | G_SUBPROCESS_FLAGS_STDERR_PIPE, NULL);
  PF_REQUIRE (client);
  return client;
}

static guint
count_lines (const gchar *text)
{
  guint n = 0;

  for (; *text; text++)
    n += *text == '\n';
  return n;
}

static void
test_ends (const gboolean mute, const gchar *words)
{
  g_autoptr (GSubprocess) client = NULL;
  g_autofree gchar *said = NULL;
  gint64 begin, ms;
  Host h;

  start_host (&h, mute);
  begin = g_get_monotonic_time ();
  client = start_client (&h);
  g_subprocess_communicate_utf8 (client, NULL, NULL, NULL, &said, NULL);
  ms = (g_get_monotonic_time () - begin) / 1000;
  pf_test_note ("after %lld ms: %s", (long long) ms, said);
  PF_CHECK (g_subprocess_get_if_exited (client));
  PF_CHECK_INT (g_subprocess_get_exit_status (client), ==, 1);
  PF_CHECK_INT (ms, >=, LEAST_MS);
  PF_CHECK_INT (ms, <, MOST_MS);
  PF_CHECK_UINT (count_lines (said), ==, 1);
  PF_CHECK (strstr (said, "pf-client: no picture for 10 s: ") == said);
  PF_CHECK (strstr (said, words) != NULL);
  stop_host (&h);
}

static void
test_nothing (void)
{
  test_ends (TRUE, "the host sends none, or a firewall");
}

static void
test_rubbish (void)
{
  test_ends (FALSE, " frames came, and none could be decoded");
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  PF_TEST_ADD ("/no-picture/nothing", test_nothing);
  PF_TEST_ADD ("/no-picture/rubbish", test_rubbish);
  return pf_test_run (argc, argv);
}
