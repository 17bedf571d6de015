/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * C4 to C6 in the elements: a sender that may send anything can make frames
 * be lost. It gets no more memory than was given (C4), holds no thread up
 * (C5), and ends nothing (C6).
 */
#include <gst/check/gstharness.h>
#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../unit/wire-packets.h"
#include "pf-block.h"
#include "pf-bytes.h"
#include "pf-slab.h"
#include "pf-test.h"

#define H264 "video/x-h264,stream-format=byte-stream,alignment=au"
#define HEADER 40
#define SECONDS 60 /* the alarm ends the program */

static GstHarness *
harness (const gchar *line, const gchar *media, gboolean sealed)
{
  GstHarness *h = gst_harness_new_parse (line);
  gchar *caps = g_strdup_printf ("application/x-pf-%s,wire=(string)punktfunk1,"
                                 "fec=(string)gf16,sealed=(boolean)%s",
      media, sealed ? "true" : "false");

  gst_harness_set_src_caps_str (h, caps);
  g_free (caps);
  return h;
}

static GstBus *
own_bus (GstHarness *h)
{
  GstBus *bus = gst_bus_new ();

  gst_element_set_bus (h->element, bus);
  return bus;
}

static void
check_no_error (GstHarness *h, GstBus *bus)
{
  GstMessage *m = gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR);

  if (m) {
    GError *error;

    gst_message_parse_error (m, &error, NULL);
    pf_test_fail (__FILE__, __LINE__, "an error: %s", error->message);
    g_error_free (error);
    gst_message_unref (m);
  }
  gst_element_set_bus (h->element, NULL);
  gst_object_unref (bus);
}

static guint64
counter (GstHarness *h, const gchar *factory, const gchar *name)
{
  GstElement *e = gst_harness_find_element (h, factory);
  guint64 n;

  g_object_get (e, name, &n, NULL);
  gst_object_unref (e);
  return n;
}

static guint64
stat_of (GstHarness *h, const gchar *factory, const gchar *name)
{
  GstElement *e = gst_harness_find_element (h, factory);
  GstStructure *s;
  guint64 n = 0;

  g_object_get (e, "stats", &s, NULL);
  PF_CHECK (gst_structure_get_uint64 (s, name, &n));
  gst_structure_free (s);
  gst_object_unref (e);
  return n;
}

/* The packets of a frame of random bytes. */
static void
frame_make (PfWireSender *s, gsize size, WirePackets *out)
{
  PfWireFrame f = { .size = size, .percent = s->config.percent };
  guint8 *unit = g_malloc (size + 1);

  pf_test_random_bytes (unit, size);
  PF_REQUIRE_INT (wire_packets_make (s, &f, unit, out), ==, 0);
  g_free (unit);
}

static void
sender_init (PfWireSender *s, guint payload, guint max_block)
{
  const PfWireConfig config = {
    .shard_payload = payload, .max_block = max_block, .percent = 20
  };

  PF_REQUIRE_INT (pf_wire_sender_init (s, &pf_wire_punktfunk1, &config), ==, 0);
}

static GstBuffer *
buffer_new (const guint8 *bytes, gsize size)
{
  GstBuffer *b = gst_buffer_new_allocate (NULL, size, NULL);

  gst_buffer_fill (b, 0, bytes, size);
  return b;
}

static void
push (GstHarness *h, const guint8 *packet, gsize size)
{
  PF_REQUIRE_INT (
      gst_harness_push (h, buffer_new (packet, size)), ==, GST_FLOW_OK);
}

/* Whole frames come through, one by one. */
static void
check_good (GstHarness *h, PfWireSender *s, guint n)
{
  for (guint i = 0; i < n; i++) {
    WirePackets made;
    GstBuffer *b;
    gboolean came = FALSE;

    frame_make (s, 1000, &made);
    for (guint p = 0; p < made.n; p++)
      push (h, wire_packet (&made, p), made.size);
    while ((b = gst_harness_try_pull (h))) {
      came |= gst_buffer_get_size (b) == 1000;
      gst_buffer_unref (b);
    }
    PF_CHECK (came);
    wire_packets_clear (&made);
  }
}

/* ---- C4 ----------------------------------------------------------------- */

/* Frames of thousands of blocks, one packet of each block. */
static void
test_blocks (void)
{
  enum { BUDGET = 1 << 20, BLOCKS = 20000, FRAMES = 8 };
  GstHarness *h = harness ("pffecdec shard-payload=16 max-block=2 "
                           "deadline-us=100000 max-frame=1048576 "
                           "memory-budget=1048576 caps=" H264,
      "packet", FALSE);
  GstBus *bus = own_bus (h);
  PfWireSender s;
  guint64 peak;

  sender_init (&s, 16, 2);
  for (guint i = 0; i < FRAMES; i++) {
    WirePackets made;

    frame_make (&s, BLOCKS * 2 * 16, &made);
    PF_REQUIRE_UINT (made.plan.n_blocks, ==, BLOCKS);
    for (guint b = 0; b < BLOCKS; b++) {
      const PfWireBlock block = pf_wire_block (&made.plan, b);
      const guint at = pf_wire_position (&made.plan, &block, 0);

      push (h, wire_packet (&made, at), made.size);
    }
    wire_packets_clear (&made);
  }
  peak = stat_of (h, "pffecdec", "memory-peak");
  pf_test_note ("%d blocks: %" G_GUINT64_FORMAT " of %d bytes at most",
      BLOCKS * FRAMES, peak, BUDGET);
  PF_CHECK_UINT (peak, <=, BUDGET);
  PF_CHECK_UINT (peak, >, BUDGET / 2);
  check_no_error (h, bus);
  gst_harness_teardown (h);
}

/* ---- C5 ----------------------------------------------------------------- */

/* What holds nothing: no memory, memory of no bytes, short ones, alone and in
 * lists, and rows of a block that are too short. */
static void
push_empty (GstHarness *h)
{
  GstBufferList *list = gst_buffer_list_new ();
  guint8 zeros[HEADER + 8] = { 0 };

  PF_CHECK_INT (gst_harness_push (h, gst_buffer_new ()), ==, GST_FLOW_OK);
  for (guint size = 0; size <= sizeof zeros; size++) {
    push (h, zeros, size);
    gst_buffer_list_add (list, buffer_new (zeros, size));
    gst_buffer_list_add (list, gst_buffer_new ());
  }
  PF_CHECK_INT (gst_pad_push_list (h->srcpad, list), ==, GST_FLOW_OK);
  list = gst_buffer_list_new ();
  PF_CHECK_INT (gst_pad_push_list (h->srcpad, list), ==, GST_FLOW_OK);
}

static void
push_short_rows (GstHarness *h)
{
  PfSlabPool *pool = pf_slab_pool_new ();

  for (guint size = 0; size <= HEADER; size++) {
    GstMemory *m = pf_slab_pool_alloc (pool, 64 * 64);
    GstMapInfo map;

    PF_REQUIRE (gst_memory_map (m, &map, GST_MAP_WRITE));
    memset (map.data, 0, map.size);
    gst_memory_unmap (m, &map);
    PF_CHECK_INT (gst_harness_push (h, pf_block_new (m, 64, 64, 8, size)), ==,
        GST_FLOW_OK);
  }
  pf_slab_pool_free (pool);
}

static void
test_empty (const void *data)
{
  static const gchar *const media[] = { "packet", "block" };

  for (guint i = 0; i < G_N_ELEMENTS (media); i++) {
    gchar *line = g_strconcat (data, " caps=" H264, NULL);
    GstHarness *h = harness (line, media[i], FALSE);
    GstBus *bus = own_bus (h);
    PfWireSender s;

    alarm (SECONDS);
    for (guint n = 0; n < 50; n++) {
      push_empty (h);
      push_short_rows (h);
    }
    PF_CHECK_UINT (gst_harness_buffers_received (h), ==, 0);
    PF_CHECK_UINT (counter (h, "pffecdec", "dropped"), >, 1000);
    sender_init (&s, 256, 0);
    check_good (h, &s, 3);
    check_no_error (h, bus);
    gst_harness_teardown (h);
    g_free (line);
    alarm (0);
  }
}

#ifdef HAVE_CRYPTO
/* An opener that has a key, so that it looks at what comes. */
static void
test_empty_sealed (void)
{
  static const gchar key[] =
      "pf-media-key 1 aes-128-gcm 00112233445566778899aabbccddee05 01020304\n";
  gint fds[2];
  gchar *line;
  GstHarness *h;
  GstBus *bus;

  PF_REQUIRE_INT (pipe (fds), ==, 0);
  PF_REQUIRE_INT (write (fds[1], key, strlen (key)), ==, (gssize) strlen (key));
  close (fds[1]);
  line = g_strdup_printf ("pfaesgcm mode=open key-fd=%d", fds[0]);
  h = harness (line, "packet", TRUE);
  bus = own_bus (h);
  alarm (SECONDS);
  for (guint n = 0; n < 50; n++) {
    push_empty (h);
    push_short_rows (h);
  }
  alarm (0);
  PF_CHECK_UINT (gst_harness_buffers_received (h), ==, 0);
  PF_CHECK_UINT (counter (h, "pfaesgcm", "rejected"), >, 1000);
  check_no_error (h, bus);
  gst_harness_teardown (h);
  g_free (line);
}
#endif

/* Datagrams without a byte arrive, and one that has some gets through. */
static void
test_empty_datagrams (void)
{
  GstHarness *h = gst_harness_new_parse (
      "pfudpsrc address=127.0.0.1 port=0 caps=application/x-pf-packet,"
      "wire=punktfunk1,fec=gf16,sealed=false");
  struct sockaddr_in to = { .sin_family = AF_INET };
  const gint fd = socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  GstElement *e = gst_harness_find_element (h, "pfudpsrc");
  guint port;
  GstBuffer *b;

  alarm (SECONDS);
  gst_harness_play (h);
  g_object_get (e, "port", &port, NULL);
  gst_object_unref (e);
  to.sin_port = htons ((guint16) port);
  to.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
  for (guint i = 0; i < 200; i++)
    PF_CHECK_INT (
        sendto (fd, "", 0, 0, (struct sockaddr *) &to, sizeof to), ==, 0);
  PF_CHECK_INT (
      sendto (fd, "x", 1, 0, (struct sockaddr *) &to, sizeof to), ==, 1);
  b = gst_harness_pull (h);
  PF_REQUIRE (b != NULL);
  PF_CHECK_UINT (gst_buffer_get_size (b), ==, 1);
  gst_buffer_unref (b);
  alarm (0);
  gst_harness_teardown (h);
  close (fd);
}

/* ---- C6 ----------------------------------------------------------------- */

/* All shards of a block of a code that does not exist: the block cannot be
 * decoded. It costs its own frame, is counted, and the stream goes on. */
static void
test_undecodable (void)
{
  enum { K = 40000, M = 24000, PAYLOAD = 16 };
  GstHarness *h = harness ("pffecdec shard-payload=16 max-block=40000 "
                           "deadline-us=100000 caps=" H264,
      "packet", FALSE);
  GstBus *bus = own_bus (h);
  guint8 packet[HEADER + PAYLOAD] = { 0 };
  PfWireSender s;

  sender_init (&s, PAYLOAD, K);
  check_good (h, &s, 2);
  pf_put_le32 (packet + 8, s.frame);
  pf_put_le32 (packet + 16, K * PAYLOAD);
  packet[20] = 1;
  pf_put_le16 (packet + 26, 1);
  pf_put_le16 (packet + 28, K);
  pf_put_le16 (packet + 30, M);
  pf_put_le16 (packet + 34, PAYLOAD);
  packet[36] = 0xc9;
  packet[37] = packet[38] = 1;
  for (guint i = 1; i <= K; i++) {
    pf_put_le16 (packet + 32, (guint16) i);
    push (h, packet, sizeof packet);
  }
  PF_CHECK (gst_harness_try_pull (h) == NULL);
  PF_CHECK_UINT (counter (h, "pffecdec", "frames-lost"), ==, 1);
  PF_CHECK_UINT (stat_of (h, "pffecdec", "frames-broken"), ==, 1);
  s.frame++;
  check_good (h, &s, 5);
  PF_CHECK_UINT (counter (h, "pffecdec", "frames-lost"), ==, 1);
  PF_CHECK_UINT (counter (h, "pffecdec", "frames"), ==, 7);
  check_no_error (h, bus);
  gst_harness_teardown (h);
}

/* A block whose parity was forged decodes to something else: a frame, maybe
 * a useless one, and nothing more. */
static void
test_forged_parity (void)
{
  GstHarness *h = harness ("pffecdec shard-payload=64 deadline-us=100000 "
                           "caps=" H264,
      "packet", FALSE);
  GstBus *bus = own_bus (h);
  PfWireSender s;

  sender_init (&s, 64, 0);
  check_good (h, &s, 2);
  for (guint i = 0; i < 200; i++) {
    WirePackets made;
    GstBuffer *b;

    frame_make (&s, 1000, &made);
    for (guint p = 1; p < made.n; p++) {
      guint8 *packet = wire_packet (&made, p);

      if (p >= made.plan.n_data)
        pf_test_random_bytes (packet + HEADER, 64);
      push (h, packet, made.size);
    }
    while ((b = gst_harness_try_pull (h)))
      gst_buffer_unref (b);
    wire_packets_clear (&made);
  }
  check_good (h, &s, 2);
  PF_CHECK_UINT (counter (h, "pffecdec", "frames"), ==, 204);
  check_no_error (h, bus);
  gst_harness_teardown (h);
}

int
main (int argc, char **argv)
{
  gst_init (NULL, NULL);
  PF_TEST_ADD ("/C4/blocks", test_blocks);
  pf_test_add_data (
      "/C5/empty/pffecdec", test_empty, "pffecdec shard-payload=256");
#ifdef HAVE_CRYPTO
  PF_TEST_ADD ("/C5/empty/pfaesgcm", test_empty_sealed);
#endif
  PF_TEST_ADD ("/C5/empty/pfudpsrc", test_empty_datagrams);
  PF_TEST_ADD ("/C6/undecodable", test_undecodable);
  PF_TEST_ADD ("/C6/forged-parity", test_forged_parity);
  return pf_test_run (argc, argv);
}
