/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * pfudpsink over loopback: what leaves is what a plain socket sees, whichever
 * way the kernel is asked.
 */
#include <netinet/ip.h>
#include <unistd.h>

#include "net-peer.h"
#include "pf-test.h"

static void
check_sink (int family, const gchar *settings, gboolean gso)
{
  PfSlabPool *pool = pf_slab_pool_new ();
  Packets *even = packets_new (ROWS, FALSE), *odd = packets_new (ROWS, TRUE);
  Peer peer = peer_new (family);
  gchar *all = g_strdup_printf (
      "host=%s gso=%s %s", loopback (family), gso ? "true" : "false", settings);
  GstHarness *h = sink_new (peer.port, all, BLOCKS);

  PF_CHECK_INT (
      gst_harness_push (h, packet_block (pool, even)), ==, GST_FLOW_OK);
  expect_packets (&peer, even);
  PF_CHECK_INT (stat_of (h, "gso-packets"), ==, gso ? ROWS : 0);
  gst_harness_set_src_caps_str (h, PACKETS);
  PF_CHECK_INT (
      gst_pad_push_list (h->srcpad, packet_list (odd)), ==, GST_FLOW_OK);
  expect_packets (&peer, odd);
  PF_CHECK_INT (gst_harness_push (h, packet_buffer (odd, 0)), ==, GST_FLOW_OK);
  odd->n = 1;
  expect_packets (&peer, odd);
  PF_CHECK_INT (stat_of (h, "packets"), ==, 2 * ROWS + 1);
  PF_CHECK_INT (stat_of (h, "errors"), ==, 0);
  PF_CHECK_INT (stat_of (h, "dropped"), ==, 0);
  PF_CHECK_INT (stat_of (h, "copies"), ==, 0);
  odd->n = ROWS;
  gst_harness_teardown (h);
  g_free (all);
  close (peer.fd);
  packets_free (even);
  packets_free (odd);
  pf_slab_pool_free (pool);
}

static void
test_sink_gso (void)
{
  check_sink (AF_INET, "", TRUE);
}

static void
test_sink_plain (void)
{
  check_sink (AF_INET, "", FALSE);
}

static void
test_sink_ipv6 (void)
{
  if (!have_ipv6 ())
    pf_test_skip ("no IPv6 on this machine");
  check_sink (AF_INET6, "", TRUE);
  check_sink (AF_INET6, "", FALSE);
}

/* A block of 150 packets of 1448 bytes: 45 go into a call. */
static void
test_sink_calls (void)
{
  PfSlabPool *pool = pf_slab_pool_new ();
  Packets *p = packets_new (ROWS, FALSE);
  Peer peer = peer_new (AF_INET);
  GstHarness *h = sink_new (peer.port, "", BLOCKS);

  PF_CHECK_INT (gst_harness_push (h, packet_block (pool, p)), ==, GST_FLOW_OK);
  PF_CHECK_INT (stat_of (h, "syscalls"), ==, 4);
  expect_packets (&peer, p);
  gst_harness_set_src_caps_str (h, PACKETS);
  PF_CHECK_INT (
      gst_pad_push_list (h->srcpad, packet_list (p)), ==, GST_FLOW_OK);
  PF_CHECK_INT (stat_of (h, "syscalls"), ==, 2 * 4);
  expect_packets (&peer, p);
  gst_harness_teardown (h);
  close (peer.fd);
  packets_free (p);
  pf_slab_pool_free (pool);
}

/* Rows that would lie outside of their memory are not sent. */
static void
test_sink_bad_rows (void)
{
  PfSlabPool *pool = pf_slab_pool_new ();
  Packets *p = packets_new (3, FALSE);
  Peer peer = peer_new (AF_INET);
  GstHarness *h = sink_new (peer.port, "", BLOCKS);
  GstBuffer *block = packet_block (pool, p);

  pf_buffer_get_block_meta (block)->n = 4;
  PF_CHECK_INT (gst_harness_push (h, block), ==, GST_FLOW_OK);
  block = packet_block (pool, p);
  pf_buffer_get_block_meta (block)->stride = G_MAXSIZE / 2;
  PF_CHECK_INT (gst_harness_push (h, block), ==, GST_FLOW_OK);
  PF_CHECK_INT (stat_of (h, "unreadable"), ==, 2);
  PF_CHECK_INT (stat_of (h, "packets"), ==, 0);
  PF_CHECK (peer_is_quiet (&peer));
  gst_harness_teardown (h);
  close (peer.fd);
  packets_free (p);
  pf_slab_pool_free (pool);
}

static void
test_clients (void)
{
  const gboolean six = have_ipv6 ();
  Packets *p = packets_new (100, FALSE);
  Peer peers[3] = { peer_new (AF_INET), peer_new (AF_INET),
    peer_new (six ? AF_INET6 : AF_INET) };
  gchar *settings = g_strdup_printf (
      "clients=\"127.0.0.1:%u, 127.0.0.1:%u,%s:%u\"", peers[0].port,
      peers[1].port, six ? "[::1]" : "127.0.0.1", peers[2].port);
  GstHarness *h = sink_new (9, settings, PACKETS);

  PF_CHECK_INT (
      gst_pad_push_list (h->srcpad, packet_list (p)), ==, GST_FLOW_OK);
  for (guint i = 0; i < 3; i++) {
    expect_packets (&peers[i], p);
    close (peers[i].fd);
  }
  PF_CHECK_INT (stat_of (h, "packets"), ==, 300);
  gst_harness_teardown (h);
  g_free (settings);
  packets_free (p);
}

static void
check_dscp (int family)
{
  gchar *settings = g_strdup_printf ("host=%s dscp=46", loopback (family));
  Packets *p = packets_new (3, FALSE);
  Peer peer = peer_new (family);
  GstHarness *h = sink_new (peer.port, settings, PACKETS);
  guint8 *bytes = g_malloc (65536);

  PF_CHECK_INT (
      gst_pad_push_list (h->srcpad, packet_list (p)), ==, GST_FLOW_OK);
  for (guint i = 0; i < 3; i++) {
    PF_CHECK_INT (peer_receive (&peer, bytes), ==, SIZE);
    PF_CHECK_INT (peer.tos, ==, 46 << 2);
  }
  g_free (bytes);
  gst_harness_teardown (h);
  close (peer.fd);
  packets_free (p);
  g_free (settings);
}

static void
test_dscp (void)
{
  check_dscp (AF_INET);
  if (have_ipv6 ())
    check_dscp (AF_INET6);
}

/* Nobody there: counted, and when somebody comes the packets do too. */
static void
test_closed_port (void)
{
  Packets *p = packets_new (2, FALSE);
  Peer peer = peer_new (AF_INET);
  const guint port = peer.port;
  GstHarness *h = sink_new (port, "", PACKETS);

  close (peer.fd);
  for (guint i = 0; i < 20; i++)
    PF_CHECK_INT (
        gst_pad_push_list (h->srcpad, packet_list (p)), ==, GST_FLOW_OK);
  PF_CHECK_INT (stat_of (h, "errors"), >, 0);
  peer = peer_at (AF_INET, port);
  PF_CHECK_INT (
      gst_pad_push_list (h->srcpad, packet_list (p)), ==, GST_FLOW_OK);
  expect_packets (&peer, p);
  PF_CHECK_INT (stat_of (h, "dropped"), ==, 0);
  gst_harness_teardown (h);
  close (peer.fd);
  packets_free (p);
}

int
main (int argc, char **argv)
{
  gst_init (NULL, NULL);
  PF_TEST_ADD ("/net/sink/gso", test_sink_gso);
  PF_TEST_ADD ("/net/sink/plain", test_sink_plain);
  PF_TEST_ADD ("/net/sink/ipv6", test_sink_ipv6);
  PF_TEST_ADD ("/net/sink/calls", test_sink_calls);
  PF_TEST_ADD ("/net/sink/bad-rows", test_sink_bad_rows);
  PF_TEST_ADD ("/net/sink/clients", test_clients);
  PF_TEST_ADD ("/net/sink/dscp", test_dscp);
  PF_TEST_ADD ("/net/sink/closed-port", test_closed_port);
  return pf_test_run (argc, argv);
}
