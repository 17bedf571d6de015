/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * pfaesgcm: keys come from where they may, serve one run and show nowhere.
 */
#include "aes-gcm-common.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- Keys --------------------------------------------------------------- */

static GstStateChangeReturn
try_start (const gchar *settings, GstBus **bus)
{
  gchar *line = g_strdup_printf ("pfaesgcm %s", settings);
  GstElement *e = gst_parse_launch (line, NULL);
  GstStateChangeReturn ret;

  *bus = own_bus (e);
  ret = gst_element_set_state (e, GST_STATE_PAUSED);
  gst_element_set_state (e, GST_STATE_NULL);
  gst_element_set_bus (e, NULL);
  gst_object_unref (e);
  g_free (line);
  return ret;
}

static void
check_refused (
    const gchar *settings, GQuark domain, gint code, const gchar *text)
{
  GstBus *bus;

  PF_CHECK_INT (try_start (settings, &bus), ==, GST_STATE_CHANGE_FAILURE);
  expect_error (bus, domain, code, text);
  gst_object_unref (bus);
}

static void
test_no_key (void)
{
  const gint null = g_open ("/dev/null", O_RDONLY | O_CLOEXEC, 0);
  gchar *two = g_strdup_printf ("key-file=%s key-fd=%d", file, null);

  check_refused (
      two, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_SETTINGS, "only one");
  check_refused ("mode=seal", GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_SETTINGS,
      "set key-file=PATH");
  check_refused ("mode=open key-fd=987654", GST_LIBRARY_ERROR,
      GST_LIBRARY_ERROR_SETTINGS, "key-fd 987654");
  g_free (two);
}

/* What is not linked yet may be a session's; with the first packets it shows
 * that it is not. */
static void
test_no_key_yet (void)
{
  GstElement *e;
  GstHarness *h;
  GstPad *sink;
  GstBus *bus;

  PF_CHECK_INT (try_start ("mode=open", &bus), !=, GST_STATE_CHANGE_FAILURE);
  gst_object_unref (bus);
  e = gst_element_factory_make ("pfaesgcm", NULL);
  gst_util_set_object_arg (G_OBJECT (e), "mode", "open");
  bus = gst_bus_new ();
  gst_element_set_bus (e, bus);
  h = gst_harness_new_with_element (e, NULL, "src");
  sink = gst_element_get_static_pad (e, "sink");
  gst_harness_add_element_sink_pad (h, sink);
  gst_object_unref (sink);
  gst_harness_play (h);
  gst_harness_set_src_caps_str (
      h, "application/x-pf-packet,wire=punktfunk1,fec=gf16,sealed=true");
  gst_harness_push (h, gst_buffer_new_allocate (NULL, 100, NULL));
  expect_error (
      bus, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_SETTINGS, "no endpoint");
  gst_element_set_bus (e, NULL);
  gst_object_unref (bus);
  gst_object_unref (e);
  gst_harness_teardown (h);
}

static void
test_key_file (void)
{
  gchar *victim = g_build_filename (dir, "victim", NULL);
  gchar *link = g_build_filename (dir, "link", NULL);
  gchar *nowhere = g_build_filename (dir, "no", "such", "place", NULL);
  gchar *s, *text, *first;
  const mode_t mask = umask (0);
  struct stat st;
  GstBus *bus;
  GDir *listing;
  guint n = 0;

  s = setting ("seal", file);
  g_unlink (file);
  PF_CHECK_INT (try_start (s, &bus), ==, GST_STATE_CHANGE_SUCCESS);
  gst_object_unref (bus);
  PF_REQUIRE_INT (stat (file, &st), ==, 0);
  PF_CHECK_INT (st.st_mode & 07777, ==, 0600);
  PF_REQUIRE (g_file_get_contents (file, &first, NULL, NULL));

  /* one that was open to all is replaced, not filled; with another key */
  PF_REQUIRE_INT (chmod (file, 0666), ==, 0);
  PF_CHECK_INT (try_start (s, &bus), ==, GST_STATE_CHANGE_SUCCESS);
  gst_object_unref (bus);
  PF_REQUIRE_INT (stat (file, &st), ==, 0);
  PF_CHECK_INT (st.st_mode & 07777, ==, 0600);
  PF_REQUIRE (g_file_get_contents (file, &text, NULL, NULL));
  PF_CHECK_UINT (strlen (text), ==, strlen (first));
  PF_CHECK (strcmp (text, first) != 0);
  g_free (first);
  g_free (s);

  /* a link, whose target must stay as it is */
  PF_REQUIRE (g_file_set_contents (victim, "precious", -1, NULL));
  PF_REQUIRE_INT (symlink (victim, link), ==, 0);
  s = setting ("seal", link);
  check_refused (
      s, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_OPEN_WRITE, "no plain file");
  g_free (s);
  g_free (text);
  PF_REQUIRE (g_file_get_contents (victim, &text, NULL, NULL));
  PF_CHECK_STR (text, "precious");
  PF_CHECK (g_file_test (link, G_FILE_TEST_IS_SYMLINK));
  s = setting ("open", link);
  check_refused (
      s, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_SETTINGS, "symbolic link");
  g_free (s);

  s = setting ("seal", nowhere);
  check_refused (
      s, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_OPEN_WRITE, "directory");
  g_free (s);
  s = setting ("seal", dir);
  check_refused (
      s, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_OPEN_WRITE, "no plain file");
  g_free (s);

  /* what an opener does not take */
  s = setting ("open", victim);
  PF_REQUIRE_INT (chmod (victim, 0600), ==, 0);
  check_refused (
      s, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_SETTINGS, "holds no key");
  g_free (s);
  s = setting ("open", file);
  PF_REQUIRE_INT (chmod (file, 0640), ==, 0);
  check_refused (s, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_SETTINGS, "chmod 600");
  g_free (s);

  /* nothing half-written stays behind */
  listing = g_dir_open (dir, 0, NULL);
  while (g_dir_read_name (listing))
    n++;
  g_dir_close (listing);
  PF_CHECK_UINT (n, ==, 3);
  g_unlink (link);
  g_unlink (victim);
  umask (mask);
  g_free (text);
  g_free (victim);
  g_free (link);
  g_free (nowhere);
}

/* Lines that are nearly a key. */
static void
test_bad_keys (void)
{
  static const gchar *const lines[] = {
    "",
    "pf-media-key 1 aes-128-gcm\n",
    "pf-media-key 2 aes-128-gcm 00112233445566778899aabbccddeeff 01020304\n",
    "pf-media-key 1 aes-128-gcm 00112233445566778899aabbccddeef 01020304\n",
    "pf-media-key 1 aes-128-gcm 00112233445566778899aabbccddeegg 01020304\n",
    "pf-media-key 1 aes-128-gcm 00112233445566778899aabbccddeeff 010203\n",
    "pf-media-key 1 aes-128-gcm 00112233445566778899aabbccddeeff 0102030405\n",
    "pf-media-key 1 aes-128-gcm 00112233445566778899aabbccddeeff 01020304\n ",
    ("pf-media-key 1 chacha20-poly1305 00112233445566778899aabbccddeeff "
     "01020304\n"),
    "pf-media-key 1 aes-256-gcm 00112233445566778899aabbccddeeff 01020304\n",
    "pf-media-key 1 aes-128-gcm 00000000000000000000000000000000 01020304\n",
  };
  gchar *s = setting ("open", file);

  for (guint i = 0; i < G_N_ELEMENTS (lines); i++) {
    GstBus *bus;

    g_unlink (file);
    PF_REQUIRE (g_file_set_contents (file, lines[i], -1, NULL));
    PF_REQUIRE_INT (chmod (file, 0600), ==, 0);
    if (try_start (s, &bus) != GST_STATE_CHANGE_FAILURE)
      pf_test_fail (__FILE__, __LINE__, "line %u was taken", i);
    else
      expect_error (bus, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_SETTINGS, "key");
    gst_object_unref (bus);
  }
  g_unlink (file);
  g_free (s);
}

#define SECRET "5ec2e7fade0ff1ce5ec2e7fade0ff1ce"

/* A pipe with a key in it. */
static gint
pipe_with_key (const gchar *key)
{
  gchar *line = g_strdup_printf ("pf-media-key 1 aes-128-gcm %s 01020304", key);
  gint fds[2];

  PF_REQUIRE_INT (pipe (fds), ==, 0);
  PF_REQUIRE_INT (
      write (fds[1], line, strlen (line)), ==, (gssize) strlen (line));
  close (fds[1]);
  g_free (line);
  return fds[0];
}

static GstHarness *
fd_harness (const gchar *mode, gint fd)
{
  gchar *line = g_strdup_printf ("pfaesgcm mode=%s key-fd=%d", mode, fd);
  const gboolean seal = strcmp (mode, "seal") == 0;
  GstHarness *h = harness (line, "packet", "punktfunk1",
      seal ? "false" : "true", seal ? "true" : "false");

  g_free (line);
  return h;
}

/* A key from outside: both ends open what they seal; it serves one run, one
 * sealer, and comes from no file. */
static void
test_key_fd (void)
{
  static const gchar key[] = "00112233445566778899aabbccddeeff";
  const PfWire *wire = pf_wire_find ("punktfunk1");
  PfSlabPool *pool = pf_slab_pool_new ();
  GstBuffer *b = block_new (pool, wire, 4, 8, 16);
  GPtrArray *plain = packets_of (b), *sealed;
  gint fd = pipe_with_key (key);
  GstHarness *h = fd_harness ("seal", fd), *o;
  GstElement *e;
  GstPad *sink;
  GstCaps *caps;
  GstBus *bus;
  gchar *s;

  PF_CHECK_INT (fcntl (fd, F_GETFD), ==, -1); /* used up */
  PF_CHECK_INT (push_list (h, pf_block_split (b)), ==, GST_FLOW_OK);
  sealed = collect (h);
  o = fd_harness ("open", pipe_with_key (key));
  PF_CHECK_INT (push_list (o, list_of (sealed)), ==, GST_FLOW_OK);
  check_packets (plain, collect (o));
  gst_harness_teardown (o);

  /* the same element a second time */
  e = gst_harness_find_element (h, "pfaesgcm");
  bus = own_bus (h->element);
  gst_element_set_state (h->element, GST_STATE_READY);
  PF_CHECK_INT (gst_element_set_state (h->element, GST_STATE_PAUSED), ==,
      GST_STATE_CHANGE_FAILURE);
  expect_error (bus, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_SETTINGS, "one run");
  gst_element_set_bus (h->element, NULL);
  gst_object_unref (bus);
  gst_object_unref (e);
  gst_harness_teardown (h);

  /* the same key through another pipe */
  e = gst_element_factory_make ("pfaesgcm", NULL);
  bus = own_bus (e);
  g_object_set (e, "key-fd", pipe_with_key (key), NULL);
  PF_CHECK_INT (gst_element_set_state (e, GST_STATE_PAUSED), ==,
      GST_STATE_CHANGE_SUCCESS);
  sink = gst_element_get_static_pad (e, "sink");
  gst_pad_send_event (sink, gst_event_new_stream_start ("again"));
  caps = gst_caps_from_string ("application/x-pf-packet,wire=punktfunk1,"
                               "fec=gf8,sealed=(boolean)false");
  PF_CHECK (!gst_pad_send_event (sink, gst_event_new_caps (caps)));
  gst_caps_unref (caps);
  expect_error (
      bus, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_SETTINGS, "sealed before");
  gst_element_set_state (e, GST_STATE_NULL);
  gst_element_set_bus (e, NULL);
  gst_object_unref (bus);
  gst_object_unref (sink);
  gst_object_unref (e);

  /* a file could seal twice */
  fd = g_open (file, O_RDWR | O_CREAT | O_TRUNC, 0600);
  s = g_strdup_printf ("key-fd=%d", fd);
  check_refused (s, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_SETTINGS, "is a file");
  g_free (s);
  g_ptr_array_unref (plain);
  g_ptr_array_unref (sealed);
  pf_slab_pool_free (pool);
}

/* The opener may be first, and follows the sealer into its next run without
 * losing a packet. */
static void
test_late_key (void)
{
  GPtrArray *plain, *sealed;
  GstHarness *h;

  g_unlink (file);
  h = opener ("packet", "punktfunk1");
  sealed = sealed_packets ("punktfunk1", 5, &plain);
  g_unlink (file);
  PF_CHECK_INT (push_list (h, list_of (sealed)), ==, GST_FLOW_OK);
  PF_CHECK_UINT (counter_of (h, NULL, "rejected"), ==, 5);
  g_ptr_array_unref (plain);
  g_ptr_array_unref (sealed);

  for (guint run = 1; run <= 4; run++) {
    sealed = sealed_packets ("punktfunk1", 5, &plain);
    if (run > 1)
      g_usleep (12000); /* one look in 10 ms, once a key is good */
    PF_CHECK_INT (push_list (h, list_of (sealed)), ==, GST_FLOW_OK);
    check_packets (plain, collect (h));
    PF_CHECK_UINT (counter_of (h, NULL, "packets"), ==, 5 * run);
    g_ptr_array_unref (plain);
    g_ptr_array_unref (sealed);
  }
  PF_CHECK_UINT (counter_of (h, NULL, "rejected"), ==, 5);
  PF_CHECK_UINT (counter_of (h, NULL, "replayed"), ==, 0);
  gst_harness_teardown (h);
}

/* An opener does not wait for its key for ever, if packets come. */
static void
test_key_timeout (void)
{
  gchar *line = g_strdup_printf (
      "pfaesgcm mode=open key-timeout-ms=20 key-file=%s", file);
  GPtrArray *plain, *sealed = sealed_packets ("punktfunk1", 1, &plain);
  GstFlowReturn ret = GST_FLOW_OK;
  GstHarness *h;
  GstBus *bus;
  guint n = 0;

  g_unlink (file);
  h = harness (line, "packet", "punktfunk1", "true", "false");
  bus = own_bus (h->element);
  for (; n < 1000 && ret == GST_FLOW_OK; n++) {
    ret = gst_harness_push (h, buffer_of (sealed->pdata[0]));
    g_usleep (1000);
  }
  PF_CHECK_INT (ret, ==, GST_FLOW_ERROR);
  PF_CHECK_UINT (n, >, 1);
  expect_error (
      bus, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_FOUND, "No key came");
  gst_element_set_bus (h->element, NULL);
  gst_object_unref (bus);
  gst_harness_teardown (h);
  g_ptr_array_unref (plain);
  g_ptr_array_unref (sealed);
  g_free (line);
}

/* ---- Secrets ------------------------------------------------------------ */

static void
check_secret (const gchar *where, const gchar *text)
{
  gchar *lower = g_ascii_strdown (text, -1);

  if (strstr (lower, "5ec2e7fa") || strstr (lower, "5e c2 e7 fa") ||
      strstr (text, "\x5e\xc2\xe7\xfa"))
    pf_test_fail (__FILE__, __LINE__, "a key shows in %s", where);
  g_free (lower);
}

/* A key that came in is not in logs of any level, in dot files, properties,
 * stats or errors. */
static void
test_secrets (void)
{
  const PfWire *wire = pf_wire_find ("punktfunk1");
  PfSlabPool *pool = pf_slab_pool_new ();
  GParamSpec **specs;
  GstElement *e;
  GstHarness *h, *o;
  GPtrArray *sealed;
  gchar *dot, *said = NULL;
  guint n;

  gst_debug_set_active (TRUE);
  gst_debug_set_default_threshold (GST_LEVEL_MEMDUMP);
  h = fd_harness ("seal", pipe_with_key (SECRET));
  PF_CHECK_INT (
      push_list (h, pf_block_split (block_new (pool, wire, 3, 8, 16))), ==,
      GST_FLOW_OK);
  sealed = collect (h);
  o = fd_harness ("open", pipe_with_key (SECRET));
  PF_CHECK_INT (push_list (o, list_of (sealed)), ==, GST_FLOW_OK);
  PF_CHECK_UINT (gst_harness_buffers_received (o), ==, 3);
  g_ptr_array_unref (sealed);
  dot = gst_debug_bin_to_dot_data (
      GST_BIN (o->element), GST_DEBUG_GRAPH_SHOW_VERBOSE);
  check_secret ("a dot file", dot);
  g_free (dot);
  e = gst_harness_find_element (o, "pfaesgcm");
  specs = g_object_class_list_properties (G_OBJECT_GET_CLASS (e), &n);
  for (guint i = 0; i < n; i++) {
    GValue value = G_VALUE_INIT;
    gchar *text;

    if (!(specs[i]->flags & G_PARAM_READABLE))
      continue;
    g_value_init (&value, specs[i]->value_type);
    g_object_get_property (G_OBJECT (e), specs[i]->name, &value);
    text = g_strdup_value_contents (&value);
    check_secret (specs[i]->name, text);
    g_free (text);
    g_value_unset (&value);
  }
  g_free (specs);
  gst_object_unref (e);
  gst_harness_teardown (o);
  gst_harness_teardown (h);
  gst_debug_set_default_threshold (GST_LEVEL_NONE);
  gst_debug_set_active (FALSE);
  PF_REQUIRE (g_file_get_contents (log_file, &said, NULL, NULL));
  PF_CHECK (strstr (said, "opening with a new key") != NULL);
  check_secret ("the log", said);
  g_free (said);
  pf_slab_pool_free (pool);
}

int
main (int argc, char **argv)
{
  int ret;

  common_init ();
  PF_TEST_ADD ("/aesgcm/no-key", test_no_key);
  PF_TEST_ADD ("/aesgcm/no-key-yet", test_no_key_yet);
  PF_TEST_ADD ("/aesgcm/key-file", test_key_file);
  PF_TEST_ADD ("/aesgcm/bad-keys", test_bad_keys);
  PF_TEST_ADD ("/aesgcm/key-fd", test_key_fd);
  PF_TEST_ADD ("/aesgcm/late-key", test_late_key);
  PF_TEST_ADD ("/aesgcm/key-timeout", test_key_timeout);
  PF_TEST_ADD ("/aesgcm/secrets", test_secrets);
  ret = pf_test_run (argc, argv);
  common_end ();
  return ret;
}
