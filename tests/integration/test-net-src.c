/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* pfudpsrc over loopback: what a plain socket or pfudpsink sends arrives. */
#include <string.h>
#include <unistd.h>

#include "net-peer.h"
#include "pf-test.h"

/* Takes n packets out of what the source pushes, and compares. */
static void
expect_pushed (GstHarness *h, const Packets *p, gboolean blocks)
{
  for (guint got = 0; got < p->n;) {
    GstBuffer *b = gst_harness_pull (h);
    PfBlockMeta *m;
    GstMapInfo map;

    PF_REQUIRE (b != NULL);
    m = pf_buffer_get_block_meta (b);
    PF_CHECK (blocks == (m != NULL));
    PF_CHECK (GST_BUFFER_PTS_IS_VALID (b));
    PF_CHECK_INT (gst_buffer_n_memory (b), ==, 1);
    PF_CHECK (pf_is_slab_memory (gst_buffer_peek_memory (b, 0)));
    if (blocks) /* of a list that is taken apart, others may hold them yet */
      PF_CHECK (gst_memory_is_writable (gst_buffer_peek_memory (b, 0)));
    PF_REQUIRE (gst_buffer_map (b, &map, GST_MAP_READ));
    for (guint i = 0; i < (m ? m->n : 1); i++, got++) {
      const gsize size = m ? m->size : map.size;

      PF_REQUIRE_INT (got, <, p->n);
      PF_CHECK_INT (size, ==, p->size[got]);
      if (size == p->size[got])
        PF_CHECK_MEM (map.data + (m ? i * m->stride + m->offset : 0),
            p->bytes[got], size);
    }
    gst_buffer_unmap (b, &map);
    gst_buffer_unref (b);
  }
}

static void
check_roundtrip (int family, gboolean blocks, gboolean gso, gboolean gro)
{
  gchar *to = g_strdup_printf (
      "host=%s gso=%s", loopback (family), gso ? "true" : "false");
  gchar *from = g_strdup_printf (
      "address=%s gro=%s", loopback (family), gro ? "true" : "false");
  PfSlabPool *pool = pf_slab_pool_new ();
  GstHarness *src, *sink;
  guint64 allocations = 0;
  guint port;

  src = src_new (from, blocks, &port);
  sink = sink_new (port, to, BLOCKS);
  for (guint i = 0; i < 60; i++) {
    Packets *p = packets_new (i % 3 ? ROWS : 1 + i, FALSE);

    PF_CHECK_INT (
        gst_harness_push (sink, packet_block (pool, p)), ==, GST_FLOW_OK);
    expect_pushed (src, p, blocks);
    packets_free (p);
    p = packets_new (30, TRUE);
    PF_CHECK_INT (
        gst_pad_push_list (sink->srcpad, packet_list (p)), ==, GST_FLOW_OK);
    expect_pushed (src, p, blocks);
    packets_free (p);
    if (i == 30)
      allocations = stat_of (src, "allocations");
  }
  PF_CHECK_INT (stat_of (src, "lost"), ==, 0);
  if (gso && gro)
    PF_CHECK_INT (stat_of (src, "gro-packets"), >, 0);
  if (!gro)
    PF_CHECK_INT (stat_of (src, "gro-packets"), ==, 0);
  /* slabs are used again: a few more if the threads ran otherwise */
  PF_CHECK_INT (stat_of (src, "allocations"), <=, allocations + 2);
  gst_harness_teardown (sink);
  gst_harness_teardown (src);
  pf_slab_pool_free (pool);
  g_free (to);
  g_free (from);
}

static void
test_roundtrip_blocks (void)
{
  check_roundtrip (AF_INET, TRUE, TRUE, TRUE);
}

static void
test_roundtrip_lists (void)
{
  check_roundtrip (AF_INET, FALSE, TRUE, TRUE);
}

static void
test_roundtrip_plain (void)
{
  check_roundtrip (AF_INET, TRUE, FALSE, FALSE);
  check_roundtrip (AF_INET, FALSE, FALSE, FALSE);
  check_roundtrip (AF_INET, TRUE, TRUE, FALSE);
}

static void
test_roundtrip_ipv6 (void)
{
  if (!have_ipv6 ())
    pf_test_skip ("no IPv6 on this machine");
  check_roundtrip (AF_INET6, TRUE, TRUE, TRUE);
  check_roundtrip (AF_INET6, FALSE, TRUE, TRUE);
}

/* Packets of one source only; those of others are counted. */
static void
test_source_filter (void)
{
  Peer friend = peer_new (AF_INET), other = peer_new (AF_INET);
  gchar *settings = g_strdup_printf ("source=127.0.0.1:%u", friend.port);
  Packets *p = packets_new (4, FALSE);
  GstHarness *h;
  guint port;

  h = src_new (settings, TRUE, &port);
  for (guint i = 0; i < 4; i++) {
    peer_send (&other, AF_INET, port, "other", 5);
    peer_send (&friend, AF_INET, port, p->bytes[i], p->size[i]);
  }
  expect_pushed (h, p, TRUE);
  peer_send (&other, AF_INET, port, "other", 5);
  peer_send (&friend, AF_INET, port, p->bytes[0], p->size[0]);
  p->n = 1;
  expect_pushed (h, p, TRUE);
  PF_CHECK_INT (stat_of (h, "filtered"), ==, 5);
  PF_CHECK_INT (stat_of (h, "packets"), ==, 5);
  p->n = 4;
  gst_harness_teardown (h);
  g_free (settings);
  close (friend.fd);
  close (other.fd);
  packets_free (p);
}

/* Punches come from the port that receives, and go on. */
static void
test_punch (void)
{
  guint8 *bytes = g_malloc (65536);
  Peer peer = peer_new (AF_INET);
  gchar *settings = g_strdup_printf ("punch=127.0.0.1:%u", peer.port);
  Packets *p = packets_new (1, FALSE);
  GstHarness *h;
  guint port;

  h = src_new (settings, TRUE, &port);
  for (guint i = 0; i < 3; i++) {
    PF_CHECK_INT (peer_receive (&peer, bytes), ==, 8);
    PF_CHECK_MEM (bytes, "PFpunch1", 8);
  }
  PF_CHECK_INT (stat_of (h, "punches"), >=, 3);
  peer_send (&peer, AF_INET, port, p->bytes[0], p->size[0]);
  expect_pushed (h, p, TRUE);
  gst_harness_teardown (h);
  close (peer.fd);
  g_free (settings);
  g_free (bytes);
  packets_free (p);
}

/* Nobody at the other end of the punch: errors, but packets still come. */
static void
test_punch_closed (void)
{
  Peer peer = peer_new (AF_INET);
  gchar *settings =
      g_strdup_printf ("address=127.0.0.1 punch=127.0.0.1:%u", peer.port);
  Packets *p = packets_new (1, FALSE);
  GstHarness *h;
  guint port;

  close (peer.fd);
  h = src_new (settings, FALSE, &port);
  peer = peer_new (AF_INET);
  for (guint i = 0; i < 5; i++) {
    peer_send (&peer, AF_INET, port, p->bytes[0], p->size[0]);
    expect_pushed (h, p, FALSE);
  }
  gst_harness_teardown (h);
  close (peer.fd);
  g_free (settings);
  packets_free (p);
}

/* An empty datagram is one all the same. */
static void
test_empty (void)
{
  Peer peer = peer_new (AF_INET);
  Packets *p = packets_new (1, FALSE);
  GstHarness *h;
  guint port;

  h = src_new ("", TRUE, &port);
  peer_send (&peer, AF_INET, port, "", 0);
  peer_send (&peer, AF_INET, port, p->bytes[0], p->size[0]);
  expect_pushed (h, p, TRUE);
  PF_CHECK_INT (stat_of (h, "empty"), ==, 1);
  gst_harness_teardown (h);
  close (peer.fd);
  packets_free (p);
}

static void
expect_buffer (GstHarness *h)
{
  GstBuffer *buffer = gst_harness_pull (h);

  PF_REQUIRE (buffer != NULL);
  gst_buffer_unref (buffer);
}

/* The first buffer of the stream is marked DISCONT, and the first one after
 * the element stopped; no other. */
static void
test_discont (void)
{
  Peer peer = peer_new (AF_INET);

  for (guint blocks = 0; blocks < 2; blocks++) {
    guint port;
    GstHarness *h = src_new ("", blocks, &port);

    for (guint i = 0; i < 6; i++) {
      GstBuffer *buffer;

      if (i == 3) {
        gst_element_set_state (h->element, GST_STATE_READY);
        gst_element_set_state (h->element, GST_STATE_PLAYING);
        g_object_get (h->element, "port", &port, NULL);
      }
      peer_send (&peer, AF_INET, port, "some", 4);
      buffer = gst_harness_pull (h);
      PF_REQUIRE (buffer != NULL);
      PF_CHECK_INT (GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DISCONT),
          ==, i % 3 == 0);
      gst_buffer_unref (buffer);
    }
    gst_harness_teardown (h);
  }
  close (peer.fd);
}

/* Paused and played again before its task can have seen the pause: it goes on
 * receiving all the same. */
static void
test_pause (void)
{
  Peer peer = peer_new (AF_INET);
  guint port;
  GstHarness *h = src_new ("", TRUE, &port);

  for (guint i = 0; i < 300; i++) {
    gst_element_set_state (h->element, GST_STATE_PAUSED);
    if (i % 3 == 0)
      g_usleep (i);
    gst_element_set_state (h->element, GST_STATE_PLAYING);
    peer_send (&peer, AF_INET, port, "some", 4);
    expect_buffer (h);
  }
  gst_harness_teardown (h);
  close (peer.fd);
}

/* The source waits for packets that never come, and can be stopped at once;
 * and again while they come. */
static void
test_unlock (void)
{
  Peer peer = peer_new (AF_INET);

  for (guint i = 0; i < 20; i++) {
    guint port;
    GstHarness *h = src_new ("", TRUE, &port);
    gint64 before;

    if (i % 2) {
      peer_send (&peer, AF_INET, port, "some", 4);
      expect_buffer (h);
      gst_element_set_state (h->element, GST_STATE_PAUSED);
      gst_element_set_state (h->element, GST_STATE_PLAYING);
      peer_send (&peer, AF_INET, port, "more", 4);
      expect_buffer (h);
    }
    before = g_get_monotonic_time ();
    gst_harness_teardown (h);
    PF_CHECK_INT (g_get_monotonic_time () - before, <, 2 * G_USEC_PER_SEC);
  }
  close (peer.fd);
}

/* EOS that is sent to it ends it, at whatever moment it waits for packets. */
static void
test_eos (void)
{
  for (guint i = 0; i < 40; i++) {
    guint port;
    GstHarness *h = src_new ("", TRUE, &port);
    const gint64 end = g_get_monotonic_time () + 5 * G_USEC_PER_SEC;
    gboolean ended = FALSE;

    g_usleep (i * 100); /* the moments differ; none has to be hit */
    PF_CHECK (gst_element_send_event (h->element, gst_event_new_eos ()));
    while (!ended && g_get_monotonic_time () < end) {
      GstEvent *event = gst_harness_try_pull_event (h);

      if (!event) {
        g_thread_yield ();
        continue;
      }
      ended = GST_EVENT_TYPE (event) == GST_EVENT_EOS;
      gst_event_unref (event);
    }
    PF_REQUIRE (ended);
    gst_harness_teardown (h);
  }
}

static void
test_timeout (void)
{
  GstBus *bus = gst_bus_new ();
  GstMessage *message;
  GstHarness *h;
  guint port;

  h = src_new ("timeout-ms=30", TRUE, &port);
  gst_element_set_bus (h->element, bus);
  for (guint i = 0; i < 2; i++) {
    message = gst_bus_timed_pop_filtered (
        bus, WAIT_MS * GST_MSECOND, GST_MESSAGE_ELEMENT);
    PF_REQUIRE (message != NULL);
    PF_CHECK (gst_message_has_name (message, "PfUdpSrcTimeout"));
    gst_message_unref (message);
  }
  gst_element_set_bus (h->element, NULL);
  gst_object_unref (bus);
  gst_harness_teardown (h);
}

int
main (int argc, char **argv)
{
  gst_init (NULL, NULL);
  PF_TEST_ADD ("/net/roundtrip/blocks", test_roundtrip_blocks);
  PF_TEST_ADD ("/net/roundtrip/lists", test_roundtrip_lists);
  PF_TEST_ADD ("/net/roundtrip/plain", test_roundtrip_plain);
  PF_TEST_ADD ("/net/roundtrip/ipv6", test_roundtrip_ipv6);
  PF_TEST_ADD ("/net/src/source-filter", test_source_filter);
  PF_TEST_ADD ("/net/src/punch", test_punch);
  PF_TEST_ADD ("/net/src/punch-closed", test_punch_closed);
  PF_TEST_ADD ("/net/src/empty", test_empty);
  PF_TEST_ADD ("/net/src/discont", test_discont);
  PF_TEST_ADD ("/net/src/timeout", test_timeout);
  PF_TEST_ADD ("/net/src/unlock", test_unlock);
  PF_TEST_ADD ("/net/src/eos", test_eos);
  PF_TEST_ADD ("/net/src/pause", test_pause);
  return pf_test_run (argc, argv);
}
