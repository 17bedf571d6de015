/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * S47: no key seals two packets with one nonce, whatever is done to the
 * sealer. Each packet that leaves is opened with the key that the key file
 * holds, so that key and nonce are the ones it was really sealed with.
 */
#include <gst/check/gstharness.h>
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../integration/endpoint.h"
#include "nonces.h"
#include "pf-events.h"
#include "pf-test.h"

#define ROW 200

typedef struct {
  const gchar *path, *wire, *cipher;
} Form;

static const Form forms[] = {
  { "/S47/storm/punktfunk1/aes-128-gcm", "punktfunk1", "aes-128-gcm" },
  { "/S47/storm/punktfunk1/chacha20-poly1305", "punktfunk1",
      "chacha20-poly1305" },
  { "/S47/storm/gamestream/aes-128-gcm", "gamestream", "aes-128-gcm" },
};

static gchar *dir; /* of this run's files */

static gchar *
path_of (const gchar *name)
{
  return g_build_filename (dir, name, NULL);
}

/* ---- Keys --------------------------------------------------------------- */

static void
from_hex (const gchar *hex, guint8 *bytes, gsize n)
{
  PF_REQUIRE_UINT (strlen (hex), ==, 2 * n);
  for (gsize i = 0; i < n; i++)
    bytes[i] = (guint8) (g_ascii_xdigit_value (hex[2 * i]) << 4 |
                         g_ascii_xdigit_value (hex[2 * i + 1]));
}

static NonceKey
read_key (const gchar *file)
{
  gchar *text = NULL;
  gchar **words;
  NonceKey k = { 0 };

  PF_REQUIRE (g_file_get_contents (file, &text, NULL, NULL));
  words = g_strsplit (g_strchomp (text), " ", -1);
  PF_REQUIRE_UINT (g_strv_length (words), ==, 5);
  k.cipher = strcmp (words[2], "aes-128-gcm") == 0 ? PF_AEAD_AES_128_GCM
                                                   : PF_AEAD_CHACHA20_POLY1305;
  from_hex (words[3], k.key, pf_aead_key_size (k.cipher));
  from_hex (words[4], k.salt, sizeof k.salt);
  g_strfreev (words);
  g_free (text);
  return k;
}

/* A pipe that a key can be read from once. */
static gint
pipe_with_key (const gchar *key)
{
  gchar *line =
      g_strdup_printf ("pf-media-key 1 aes-128-gcm %s 01020304\n", key);
  gint fds[2];

  PF_REQUIRE_INT (pipe (fds), ==, 0);
  PF_REQUIRE_INT (
      write (fds[1], line, strlen (line)), ==, (gssize) strlen (line));
  close (fds[1]);
  g_free (line);
  return fds[0];
}

/* ---- A sealer ----------------------------------------------------------- */

static GstCaps *
caps_new (const gchar *media, const gchar *wire, const gchar *fec)
{
  gchar *text = g_strdup_printf ("application/x-pf-%s,wire=(string)%s,"
                                 "fec=(string)%s,sealed=(boolean)false",
      media, wire, fec);
  GstCaps *caps = gst_caps_from_string (text);

  g_free (text);
  return caps;
}

static GstHarness *
sealer (const gchar *settings, const gchar *wire)
{
  gchar *line = g_strconcat ("pfaesgcm ", settings, NULL);
  GstHarness *h = gst_harness_new_parse (line);

  gst_harness_set_src_caps (h, caps_new ("packet", wire, "gf8"));
  g_free (line);
  return h;
}

static GstHarness *
file_sealer (const gchar *file, const gchar *wire, const gchar *cipher)
{
  gchar *settings = g_strdup_printf ("key-file=%s cipher=%s", file, cipher);
  GstHarness *h = sealer (settings, wire);

  g_free (settings);
  return h;
}

static GstBuffer *
packet_new (void)
{
  GstBuffer *b = gst_buffer_new_allocate (NULL, ROW, NULL);
  GstMapInfo map;

  PF_REQUIRE (gst_buffer_map (b, &map, GST_MAP_WRITE));
  pf_test_random_bytes (map.data, map.size);
  gst_buffer_unmap (b, &map);
  return b;
}

/* N packets, as a list or one by one. */
static void
push (GstHarness *h, guint n, gboolean as_list)
{
  GstBufferList *list = gst_buffer_list_new ();

  for (guint i = 0; i < n; i++)
    gst_buffer_list_add (list, packet_new ());
  if (as_list) {
    PF_REQUIRE_INT (gst_pad_push_list (h->srcpad, list), ==, GST_FLOW_OK);
    return;
  }
  for (guint i = 0; i < n; i++)
    PF_REQUIRE_INT (
        gst_harness_push (h, gst_buffer_ref (gst_buffer_list_get (list, i))),
        ==, GST_FLOW_OK);
  gst_buffer_list_unref (list);
}

/* ---- Storm -------------------------------------------------------------- */

static void
send_caps (GstHarness *h, const gchar *media, const Form *f, const gchar *fec)
{
  GstCaps *caps = caps_new (media, f->wire, fec);

  PF_CHECK (gst_harness_push_event (h, gst_event_new_caps (caps)));
  gst_caps_unref (caps);
}

static void
send_segment (GstHarness *h)
{
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_harness_push_event (h, gst_event_new_segment (&segment));
}

static void
begin_stream (GstHarness *h, const Form *f)
{
  gst_harness_push_event (h, gst_event_new_stream_start ("storm"));
  send_caps (h, "packet", f, "gf8");
  send_segment (h);
}

static void
restart (GstHarness *h, const Form *f, GstState by)
{
  PF_CHECK_INT (
      gst_element_set_state (h->element, by), ==, GST_STATE_CHANGE_SUCCESS);
  PF_CHECK_INT (gst_element_set_state (h->element, GST_STATE_PLAYING), ==,
      GST_STATE_CHANGE_SUCCESS);
  begin_stream (h, f);
}

/* All settings, none of which may be taken now. */
static void
set_all (GstHarness *h, const gchar *file)
{
  GstElement *e = gst_harness_find_element (h, "pfaesgcm");
  gchar *other = g_strconcat (file, "-another", NULL);
  const gint fd = pipe_with_key ("00112233445566778899aabbccddeeff");
  gchar *still;
  gint mode;

  g_object_set (e, "key-file", other, "key-fd", fd, "cipher", 2, "mode", 1,
      "to-host", TRUE, "key-timeout-ms", 1, "forbid-copy", TRUE, NULL);
  g_object_get (e, "key-file", &still, "mode", &mode, NULL);
  PF_CHECK_STR (still, file);
  PF_CHECK_INT (mode, ==, 0);
  PF_CHECK_INT (fcntl (fd, F_GETFD), !=, -1);
  PF_CHECK (!g_file_test (other, G_FILE_TEST_EXISTS));
  close (fd);
  g_free (still);
  g_free (other);
  gst_object_unref (e);
}

static void
disturb (GstHarness *h, const Form *f, const gchar *file)
{
  switch (pf_test_random_below (13)) {
  case 0:
    restart (h, f, GST_STATE_READY);
    break;
  case 1:
    restart (h, f, GST_STATE_NULL);
    break;
  case 2:
    gst_element_set_state (h->element, GST_STATE_PAUSED);
    gst_element_set_state (h->element, GST_STATE_PLAYING);
    break;
  case 3:
  case 4:
    gst_harness_push_event (h, gst_event_new_flush_start ());
    gst_harness_push_event (
        h, gst_event_new_flush_stop (pf_test_random_below (2)));
    send_segment (h);
    break;
  case 5:
    send_caps (
        h, "packet", f, strcmp (f->wire, "gamestream") == 0 ? "none" : "gf16");
    break;
  case 6:
    send_caps (h, "packet", f, "gf8");
    break;
  case 7:
    set_all (h, file);
    break;
  case 8:
    gst_element_set_base_time (
        h->element, pf_test_random_below (1000) * GST_SECOND);
    gst_harness_push_upstream_event (h, gst_event_new_reconfigure ());
    break;
  case 9: {
    GstClock *clock = gst_system_clock_obtain ();

    gst_element_set_clock (h->element, clock);
    gst_object_unref (clock);
    break;
  }
  case 10:
    begin_stream (h, f);
    break;
  case 11: /* upstream of an encoder */
    gst_harness_push_upstream_event (
        h, gst_event_new_custom (GST_EVENT_CUSTOM_UPSTREAM,
               gst_structure_new ("GstForceKeyUnit", "all-headers",
                   G_TYPE_BOOLEAN, TRUE, NULL)));
    break;
  default:
    break;
  }
}

static void
test_storm (const void *data)
{
  const Form *f = data;
  gchar *file = path_of ("storm");
  GstHarness *h = file_sealer (file, f->wire, f->cipher);
  Nonces nonces = nonces_new ();
  guint n = 0;

  for (guint i = 0; i < 600 && !pf_test_failed (); i++) {
    const guint rows = 1 + (guint) pf_test_random_below (5);
    NonceKey key;

    disturb (h, f, file);
    push (h, rows, pf_test_random_below (2));
    n += rows;
    key = read_key (file);
    nonces_note (h, f->wire, &key, &nonces);
  }
  pf_test_note ("%u packets", n);
  nonces_check (&nonces, n);
  gst_harness_teardown (h);
  g_unlink (file);
  g_free (file);
}

/* ---- Runs and sealers --------------------------------------------------- */

/* One key file, one run after the other, of one element and of others. */
static void
test_two_runs (void)
{
  gchar *file = path_of ("runs");
  Nonces nonces = nonces_new ();
  NonceKey last = { 0 };

  for (guint run = 0; run < 6; run++) {
    GstHarness *h = file_sealer (file, "punktfunk1", "aes-128-gcm");
    NonceKey key;

    for (guint again = 0; again < 2; again++) {
      if (again)
        restart (h, &forms[0], GST_STATE_READY);
      key = read_key (file);
      PF_CHECK (memcmp (key.key, last.key, sizeof key.key) != 0);
      push (h, 10, FALSE);
      nonces_note (h, "punktfunk1", &key, &nonces);
      last = key;
    }
    gst_harness_teardown (h);
  }
  nonces_check (&nonces, 120);
  g_unlink (file);
  g_free (file);
}

/* Two sealers at once that were given one file. */
static void
test_two_on_one_file (void)
{
  gchar *file = path_of ("both");
  Nonces nonces = nonces_new ();
  GstHarness *a = file_sealer (file, "punktfunk1", "aes-128-gcm"), *b;
  NonceKey key_a = read_key (file), key_b;

  push (a, 5, TRUE);
  b = file_sealer (file, "punktfunk1", "aes-128-gcm");
  key_b = read_key (file);
  for (guint i = 0; i < 20; i++) {
    push (b, 2, TRUE);
    push (a, 2, TRUE);
  }
  nonces_note (a, "punktfunk1", &key_a, &nonces);
  nonces_note (b, "punktfunk1", &key_b, &nonces);
  nonces_check (&nonces, 5 + 80);
  gst_harness_teardown (a);
  gst_harness_teardown (b);
  g_unlink (file);
  g_free (file);
}

enum { CLAIMERS = 8 };

typedef struct {
  GstElement *e;
  gint *go;
  gboolean taken;
} Claimer;

static gpointer
claim (gpointer data)
{
  Claimer *c = data;
  GstPad *sink = gst_element_get_static_pad (c->e, "sink");
  GstCaps *caps = caps_new ("packet", "punktfunk1", "gf8");

  while (!g_atomic_int_get (c->go))
    g_thread_yield ();
  gst_pad_send_event (sink, gst_event_new_stream_start ("claim"));
  c->taken = gst_pad_send_event (sink, gst_event_new_caps (caps));
  gst_caps_unref (caps);
  gst_object_unref (sink);
  return NULL;
}

/* One key handed to several sealers at the same moment: one counter would be
 * begun several times. One seals, the others say why not. */
static void
test_two_on_one_key (void)
{
  for (guint round = 0; round < 10; round++) {
    GThread *threads[CLAIMERS];
    Claimer c[CLAIMERS];
    GstBus *bus = gst_bus_new ();
    guint taken = 0, refused = 0;
    GstMessage *m;
    gchar hex[33];
    gint go = 0;

    for (guint i = 0; i < 4; i++)
      g_snprintf (hex + 8 * i, 9, "%08x", (guint) pf_test_random ());
    for (guint i = 0; i < CLAIMERS; i++) {
      c[i] = (Claimer){ gst_element_factory_make ("pfaesgcm", NULL), &go, 0 };
      gst_object_ref_sink (c[i].e);
      gst_element_set_bus (c[i].e, bus);
      g_object_set (c[i].e, "key-fd", pipe_with_key (hex), NULL);
      PF_REQUIRE_INT (gst_element_set_state (c[i].e, GST_STATE_PLAYING), ==,
          GST_STATE_CHANGE_SUCCESS);
      threads[i] = g_thread_new ("claim", claim, &c[i]);
    }
    g_atomic_int_set (&go, 1);
    for (guint i = 0; i < CLAIMERS; i++) {
      g_thread_join (threads[i]);
      taken += c[i].taken;
    }
    PF_CHECK_UINT (taken, ==, 1);
    while ((m = gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR))) {
      GError *error;

      gst_message_parse_error (m, &error, NULL);
      PF_CHECK (strstr (error->message, "sealed before") != NULL);
      g_error_free (error);
      gst_message_unref (m);
      refused++;
    }
    PF_CHECK_UINT (refused, ==, CLAIMERS - 1);
    for (guint i = 0; i < CLAIMERS; i++) {
      gst_element_set_state (c[i].e, GST_STATE_NULL);
      gst_element_set_bus (c[i].e, NULL);
      gst_object_unref (c[i].e);
    }
    gst_object_unref (bus);
  }
}

/* A key from outside serves one run: the same element has none for a second,
 * also when one was set while it was playing. */
static void
test_key_after_ready (void)
{
  gint fd = pipe_with_key ("5ec2e7fade0ff1ce5ec2e7fade0ff1cf"), late;
  gchar *settings = g_strdup_printf ("key-fd=%d", fd);
  GstHarness *h = sealer (settings, "punktfunk1");
  GstElement *e = gst_harness_find_element (h, "pfaesgcm");

  push (h, 3, FALSE);
  late = pipe_with_key ("5ec2e7fade0ff1ce5ec2e7fade0ff1cf");
  g_object_set (e, "key-fd", late, NULL);
  push (h, 3, FALSE);
  for (guint64 due = 0; due < 6; due++) {
    GstBuffer *b = gst_harness_try_pull (h);
    guint8 number[8];

    PF_REQUIRE (b != NULL);
    gst_buffer_extract (b, 0, number, sizeof number);
    PF_CHECK_UINT (GST_READ_UINT64_BE (number), ==, due);
    gst_buffer_unref (b);
  }
  gst_element_set_state (h->element, GST_STATE_READY);
  PF_CHECK_INT (gst_element_set_state (h->element, GST_STATE_PAUSED), ==,
      GST_STATE_CHANGE_FAILURE);
  close (late);
  gst_object_unref (e);
  gst_harness_teardown (h);
  g_free (settings);
}

/* ---- Sessions ----------------------------------------------------------- */

static GstStaticPadTemplate any_src = GST_STATIC_PAD_TEMPLATE (
    "src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);
static GstStaticPadTemplate any_sink = GST_STATIC_PAD_TEMPLATE (
    "sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);

/* A key as endpoint_set_key() makes it. */
static void
agree_on (GstHarness *h, Endpoint *e, guint8 fill, NonceKey *key)
{
  key->cipher = fill % 2 ? PF_AEAD_AES_128_GCM : PF_AEAD_CHACHA20_POLY1305;
  memset (key->key, 0, sizeof key->key);
  memset (key->key, fill, pf_aead_key_size (key->cipher));
  memset (key->salt, fill, sizeof key->salt);
  endpoint_set_key (e, key->cipher, fill);
  gst_harness_push_upstream_event (h, pf_event_new_params_changed (TRUE));
}

/* The run that a refused key ended begins anew. */
static void
begin_anew (GstHarness *h)
{
  gst_element_set_state (h->element, GST_STATE_READY);
  gst_element_set_state (h->element, GST_STATE_PLAYING);
  begin_stream (h, &forms[0]);
}

static GstFlowReturn
try_push (GstHarness *h)
{
  return gst_harness_push (h, packet_new ());
}

/* An endpoint that says the same key again, a new one, one of before, across
 * runs, flushes and pauses: what sealed before is refused. */
static void
test_session_storm (void)
{
  GstElement *e =
      gst_object_ref_sink (gst_element_factory_make ("pfaesgcm", NULL));
  GstHarness *h = gst_harness_new_empty ();
  GstPad *src = gst_element_get_static_pad (e, "src");
  GstBus *bus = gst_bus_new ();
  Nonces nonces = nonces_new ();
  guint8 fill = 1;
  guint n = 0, refused = 0;
  NonceKey key;
  Endpoint end;

  gst_element_set_bus (e, bus);
  endpoint_init (&end, src);
  endpoint_set_state (&end, PF_SESSION_READY);
  gst_harness_add_element_full (h, e, &any_src, "sink", &any_sink, "src");
  gst_harness_set_sink_caps_str (h, "application/x-pf-packet");
  agree_on (h, &end, fill, &key);
  gst_harness_play (h);
  gst_harness_set_src_caps (h, caps_new ("packet", "punktfunk1", "gf16"));
  for (guint i = 0; i < 300 && fill < 250 && !pf_test_failed (); i++) {
    gboolean old = FALSE;
    GstFlowReturn ret;

    switch (pf_test_random_below (8)) {
    case 0: /* the same again */
      gst_harness_push_upstream_event (h, pf_event_new_params_changed (TRUE));
      break;
    case 1:
      agree_on (h, &end, ++fill, &key);
      break;
    case 2: /* one of before */
      old = fill > 1;
      if (old)
        agree_on (
            h, &end, (guint8) (1 + pf_test_random_below (fill - 1)), &key);
      break;
    case 3: /* a new run, the old key */
      begin_anew (h);
      old = TRUE;
      break;
    case 4:
      endpoint_set_state (&end, PF_SESSION_PENDING);
      gst_harness_push_upstream_event (h, pf_event_new_params_changed (TRUE));
      try_push (h);
      endpoint_set_state (&end, PF_SESSION_READY);
      agree_on (h, &end, ++fill, &key);
      break;
    case 5:
      gst_harness_push_event (h, gst_event_new_flush_start ());
      gst_harness_push_event (h, gst_event_new_flush_stop (TRUE));
      send_segment (h);
      break;
    case 6:
      send_caps (h, "packet", &forms[0], i % 2 ? "gf8" : "gf16");
      break;
    default:
      break;
    }
    ret = try_push (h);
    if (old) {
      PF_CHECK_INT (ret, !=, GST_FLOW_OK);
      PF_CHECK_UINT (gst_harness_buffers_in_queue (h), ==, 0);
      refused++;
      agree_on (h, &end, ++fill, &key);
      begin_anew (h);
      ret = try_push (h);
    }
    PF_REQUIRE_INT (ret, ==, GST_FLOW_OK);
    push (h, 2, TRUE);
    n += 3;
    nonces_note (h, "punktfunk1", &key, &nonces);
  }
  pf_test_note ("%u packets, %u keys, %u refused", n, fill, refused);
  PF_CHECK_UINT (refused, >, 10);
  nonces_check (&nonces, n);
  gst_element_set_bus (e, NULL);
  gst_object_unref (bus);
  gst_object_unref (src);
  gst_object_unref (e);
  gst_harness_teardown (h);
  endpoint_clear (&end);
}

int
main (int argc, char **argv)
{
  int ret;

  dir = g_dir_make_tmp ("pf-nonces-XXXXXX", NULL);
  gst_init (NULL, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (forms); i++)
    pf_test_add_data (forms[i].path, test_storm, &forms[i]);
  PF_TEST_ADD ("/S47/two-runs", test_two_runs);
  PF_TEST_ADD ("/S47/two-on-one-file", test_two_on_one_file);
  PF_TEST_ADD ("/S47/two-on-one-key", test_two_on_one_key);
  PF_TEST_ADD ("/S47/key-after-ready", test_key_after_ready);
  PF_TEST_ADD ("/S47/session-storm", test_session_storm);
  ret = pf_test_run (argc, argv);
  g_rmdir (dir);
  g_free (dir);
  return ret;
}
