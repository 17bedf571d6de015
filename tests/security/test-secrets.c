/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * S48: a key is to be found in nothing that gst-launch-1.0 writes or that
 * others can read of it: the log at its highest level, dot files, what -v and
 * -m print, its command line and its environment. Keys come from a key file
 * and from descriptors; both ends run in one pipeline.
 */
#define _GNU_SOURCE /* memmem */
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "../integration/endpoint.h"
#include "../integration/pf-launch.h"
#include "pf-events.h"
#include "pf-test.h"
#include "traces.h"

#define WAIT_MS 60000
#define CHAIN "last-message = chain"

#define SOURCE                                                                 \
  "fakesrc is-live=true do-timestamp=true format=time datarate=240000 "        \
  "sizetype=fixed sizemax=4000 filltype=pattern ! "                            \
  "video/x-h264,stream-format=byte-stream,alignment=au ! pffecenc ! "
#define SINK " ! pffecdec caps=video/x-h264 ! fakesink silent=false"

static gchar *dir; /* of this run's files */

/* ---- Where to look ------------------------------------------------------- */

static gsize
search_file (const gchar *path, const GPtrArray *traces)
{
  gchar *bytes = NULL;
  gsize size = 0;

  if (!g_file_get_contents (path, &bytes, &size, NULL))
    pf_test_fail (__FILE__, __LINE__, "cannot read %s", path);
  else
    pf_traces_search (path, bytes, size, traces);
  g_free (bytes);
  return size;
}

/* All files of a directory, which then goes; how many there were. */
static guint
search_directory (const gchar *path, const GPtrArray *traces)
{
  GDir *listing = g_dir_open (path, 0, NULL);
  const gchar *name;
  guint n = 0;

  PF_REQUIRE (listing != NULL);
  while ((name = g_dir_read_name (listing))) {
    gchar *file = g_build_filename (path, name, NULL);

    search_file (file, traces);
    g_unlink (file);
    g_free (file);
    n++;
  }
  g_dir_close (listing);
  g_rmdir (path);
  return n;
}

/* ---- A run -------------------------------------------------------------- */

static void
search_process (GPid pid, const GPtrArray *traces)
{
  static const gchar *const names[] = { "cmdline", "environ" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    gchar *path = g_strdup_printf ("/proc/%d/%s", (gint) pid, names[i]);

    PF_CHECK_UINT (search_file (path, traces), >, 10);
    g_free (path);
  }
}

/* The traces of the key in a key file. */
static GPtrArray *
traces_of_file (const gchar *path)
{
  guint8 key[16];
  gchar *text = NULL;
  gchar **words;

  PF_REQUIRE (g_file_get_contents (path, &text, NULL, NULL));
  words = g_strsplit (text, " ", -1);
  PF_REQUIRE_UINT (g_strv_length (words), ==, 5);
  PF_REQUIRE_UINT (strlen (words[3]), ==, 32);
  for (guint i = 0; i < sizeof key; i++)
    key[i] = (guint8) (g_ascii_xdigit_value (words[3][2 * i]) << 4 |
                       g_ascii_xdigit_value (words[3][2 * i + 1]));
  g_strfreev (words);
  g_free (text);
  return pf_traces_of (key, sizeof key);
}

/* Runs the line until frames arrived; searches everything. TRACES is NULL
 * where the key is one that the sealer makes, in the file "key". */
static void
run_and_search (
    const gchar *line, GPtrArray *traces, const gint *fds, guint n_fds)
{
  gchar *log = g_build_filename (dir, "log", NULL);
  gchar *dots = g_build_filename (dir, "dots", NULL);
  gchar *keylog = g_build_filename (dir, "keylog", NULL);
  gchar *key = g_build_filename (dir, "key", NULL);
  gchar *settings[] = { g_strdup ("GST_DEBUG=*:9"),
    g_strconcat ("GST_DEBUG_FILE=", log, NULL),
    g_strconcat ("GST_DEBUG_DUMP_DOT_DIR=", dots, NULL),
    g_strconcat ("SSLKEYLOGFILE=", keylog, NULL),
    g_strdup ("GNUTLS_DEBUG_LEVEL=9"), NULL };
  const PfLaunchOptions options = { dir, (const gchar *const *) settings, fds,
    n_fds };
  gchar *whole = g_strconcat ("-v -m -e ", line, NULL), *said, *logged = NULL;
  gchar **argv;
  PfLaunch *l;

  PF_REQUIRE_INT (g_mkdir (dots, 0700), ==, 0);
  PF_REQUIRE (g_shell_parse_argv (whole, NULL, &argv, NULL));
  l = pf_launch_start ((const gchar *const *) argv, &options);
  PF_REQUIRE (l != NULL);
  PF_CHECK (pf_launch_wait (l, CHAIN, 5, WAIT_MS));
  if (!traces)
    traces = traces_of_file (key);
  search_process (pf_launch_pid (l), traces);
  pf_launch_interrupt (l);
  PF_CHECK_INT (pf_launch_end (l, WAIT_MS), ==, 0);
  said = pf_launch_output (l);
  pf_traces_search ("the output of -v and -m", said, strlen (said), traces);
  PF_CHECK (strstr (said, "sealed=(boolean)true") != NULL);
  PF_CHECK_UINT (search_file (log, traces), >, 100000);
  PF_REQUIRE (g_file_get_contents (log, &logged, NULL, NULL));
  PF_CHECK (strstr (logged, "opening with a new key") != NULL);
  PF_CHECK (strstr (logged, " TRACE ") != NULL);
  PF_CHECK_UINT (search_directory (dots, traces), >=, 3);
  PF_CHECK (!g_file_test (keylog, G_FILE_TEST_EXISTS));
  if (pf_test_failed ())
    g_printerr ("%s", said);
  pf_launch_free (l);
  g_unlink (log);
  g_unlink (key);
  for (guint i = 0; settings[i]; i++)
    g_free (settings[i]);
  g_ptr_array_unref (traces);
  g_strfreev (argv);
  g_free (whole);
  g_free (said);
  g_free (logged);
  g_free (log);
  g_free (dots);
  g_free (keylog);
  g_free (key);
}

static void
test_key_file (void)
{
  run_and_search (SOURCE "pfaesgcm key-file=key ! pfaesgcm mode=open "
                         "key-file=key" SINK,
      NULL, NULL, 0);
}

static void
test_key_fd (void)
{
  guint8 key[16];
  gchar hex[33];
  gint ends[2][2];

  pf_test_random_bytes (key, sizeof key);
  for (guint i = 0; i < sizeof key; i++)
    g_snprintf (hex + 2 * i, 3, "%02x", key[i]);
  for (guint i = 0; i < 2; i++) {
    gchar *text =
        g_strdup_printf ("pf-media-key 1 aes-128-gcm %s 01020304\n", hex);

    PF_REQUIRE_INT (pipe (ends[i]), ==, 0);
    PF_REQUIRE_INT (
        write (ends[i][1], text, strlen (text)), ==, (gssize) strlen (text));
    close (ends[i][1]);
    g_free (text);
  }
  run_and_search (SOURCE "pfaesgcm key-fd=3 ! pfaesgcm mode=open key-fd=4" SINK,
      pf_traces_of (key, sizeof key), (gint[]){ ends[0][0], ends[1][0] }, 2);
}

/* ---- In a session ------------------------------------------------------- */

static GString *logged; /* by one thread, the test's */

static void
keep_log (GstDebugCategory *category, GstDebugLevel level, const gchar *file,
    const gchar *function, gint line, GObject *object, GstDebugMessage *message,
    gpointer data)
{
  (void) category;
  (void) level;
  (void) file;
  (void) function;
  (void) line;
  (void) object;
  (void) data;
  g_string_append (logged, gst_debug_message_get (message));
  g_string_append_c (logged, '\n');
}

static void
push_packet (GstHarness *h)
{
  GstBuffer *b = gst_buffer_new_allocate (NULL, 200, NULL);

  gst_buffer_memset (b, 0, 7, 200);
  PF_REQUIRE_INT (gst_harness_push (h, b), ==, GST_FLOW_OK);
}

/* The key that an endpoint answers travels in a query, whose text anybody may
 * log. */
static void
test_session (void)
{
  static GstStaticPadTemplate any_src = GST_STATIC_PAD_TEMPLATE (
      "src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);
  static GstStaticPadTemplate any_sink = GST_STATIC_PAD_TEMPLATE (
      "sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);
  static const guint8 fills[] = { 0x5e, 0xc7 };
  GPtrArray *traces[G_N_ELEMENTS (fills)];
  GstElement *e;
  GstHarness *h = (gst_init (NULL, NULL), gst_harness_new_empty ());
  GstPad *src;
  GstQuery *query;
  Endpoint end;

  logged = g_string_new (NULL);
  gst_debug_remove_log_function (gst_debug_log_default);
  gst_debug_add_log_function (keep_log, NULL, NULL);
  gst_debug_set_active (TRUE);
  gst_debug_set_default_threshold (GST_LEVEL_MEMDUMP);

  e = gst_object_ref_sink (gst_element_factory_make ("pfaesgcm", NULL));
  src = gst_element_get_static_pad (e, "src");
  endpoint_init (&end, src);
  endpoint_set_key (&end, PF_AEAD_AES_128_GCM, fills[0]);
  endpoint_set_state (&end, PF_SESSION_READY);
  gst_harness_add_element_full (h, e, &any_src, "sink", &any_sink, "src");
  gst_harness_set_sink_caps_str (h, "application/x-pf-packet");
  gst_harness_play (h);
  gst_harness_set_src_caps_str (h, "application/x-pf-packet,"
                                   "wire=(string)punktfunk1,fec=(string)gf16,"
                                   "sealed=(boolean)false");
  push_packet (h);
  endpoint_set_key (&end, PF_AEAD_CHACHA20_POLY1305, fills[1]);
  gst_harness_push_upstream_event (h, pf_event_new_params_changed (TRUE));
  push_packet (h);
  PF_CHECK_UINT (end.secrets, >=, 2);
  /* as somebody who looks for a mistake would */
  query = pf_session_query_new (TRUE);
  pf_session_answer (query, &end.params);
  GST_INFO ("%" GST_PTR_FORMAT, (gpointer) query);
  gst_query_unref (query);
  gst_debug_set_default_threshold (GST_LEVEL_NONE);
  gst_debug_remove_log_function (keep_log);
  PF_CHECK_UINT (logged->len, >, 10000);
  PF_CHECK (strstr (logged->str, PF_SESSION_PARAMS) != NULL);
  for (guint i = 0; i < G_N_ELEMENTS (fills); i++) {
    guint8 key[32];

    memset (key, fills[i], sizeof key);
    traces[i] = pf_traces_of (key, sizeof key);
    pf_traces_search ("the log", logged->str, logged->len, traces[i]);
    g_ptr_array_unref (traces[i]);
  }
  g_string_free (logged, TRUE);
  gst_object_unref (src);
  gst_object_unref (e);
  gst_harness_teardown (h);
  endpoint_clear (&end);
}

/* The search finds what it has to, in each form. */
static void
test_search (void)
{
  static const guint8 key[16] = { 0x5e, 0xc2, 0xe7, 0xfa, 0xde, 0x0f, 0xf1,
    0xce, 0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef };
  static const gchar *const shown[] = { "5ec2e7fade0ff1ce", "5EC2E7FADE0F",
    "5e c2 e7 fa de 0f f1 ce", "0x5e, 0xc2, 0xe7, 0xfa, 0xde, 0x0f",
    "94, 194, 231, 250, 222, 15, ", "XsLn+t4P8c4B", "f1ce01234567",
    "\x5e\xc2\xe7\xfa\xde\x0f\xf1" };
  GPtrArray *traces = pf_traces_of (key, sizeof key);

  for (guint i = 0; i < G_N_ELEMENTS (shown); i++) {
    gboolean found = FALSE;

    for (guint t = 0; t < traces->len && !found; t++) {
      gsize n;
      const void *trace = g_bytes_get_data (traces->pdata[t], &n);

      found = memmem (shown[i], strlen (shown[i]), trace, n) != NULL;
    }
    if (!found)
      pf_test_fail (__FILE__, __LINE__, "not found in %s", shown[i]);
  }
  g_ptr_array_unref (traces);
}

int
main (int argc, char **argv)
{
  int ret;

  dir = g_dir_make_tmp ("pf-secrets-XXXXXX", NULL);
  PF_TEST_ADD ("/S48/search", test_search);
  PF_TEST_ADD ("/S48/key-file", test_key_file);
  PF_TEST_ADD ("/S48/key-fd", test_key_fd);
  PF_TEST_ADD ("/S48/session", test_session);
  ret = pf_test_run (argc, argv);
  g_rmdir (dir);
  g_free (dir);
  return ret;
}
