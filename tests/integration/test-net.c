/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * pfudpsink and pfudpsrc over loopback: what leaves is what a plain socket
 * sees, whichever way the kernel is asked; what a plain socket sends arrives.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <gst/check/gstharness.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <string.h>
#include <unistd.h>

#include "pf-block.h"
#include "pf-sender.h"
#include "pf-slab.h"
#include "pf-socket.h"
#include "pf-test.h"

#define FIELDS "wire=punktfunk1,fec=gf16,sealed=true"
#define PACKETS "application/x-pf-packet," FIELDS
#define BLOCKS "application/x-pf-block," FIELDS

enum { WAIT_MS = 5000, ROWS = 150, SIZE = 1448, HEAD = 24 };

/* ---- A plain socket ----------------------------------------------------- */

typedef struct {
  int fd;
  guint port;
  int tos; /* of the last datagram; -1: none was told */
} Peer;

static gboolean
have_ipv6 (void)
{
  PfAddress a;
  PfSocket *s;

  if (!pf_address_resolve (&a, "::1", 0, AF_INET6, NULL))
    return FALSE;
  s = pf_socket_new (&a, NULL);
  pf_socket_free (s);
  return s != NULL;
}

static const gchar *
loopback (int family)
{
  return family == AF_INET6 ? "::1" : "127.0.0.1";
}

static Peer
peer_at (int family, guint port)
{
  const struct timeval wait = { WAIT_MS / 1000, 0 };
  const int on = 1, room = 4 << 20;
  PfAddress a;
  Peer p = { -1, 0, -1 };

  PF_REQUIRE (pf_address_resolve (&a, loopback (family), port, family, NULL));
  p.fd = socket (family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  PF_REQUIRE (p.fd >= 0);
  PF_REQUIRE_INT (bind (p.fd, (struct sockaddr *) &a.at, a.size), ==, 0);
  setsockopt (p.fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
  setsockopt (p.fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
  if (family == AF_INET6)
    setsockopt (p.fd, IPPROTO_IPV6, IPV6_RECVTCLASS, &on, sizeof on);
  else
    setsockopt (p.fd, IPPROTO_IP, IP_RECVTOS, &on, sizeof on);
  a.size = sizeof a.at;
  PF_REQUIRE_INT (
      getsockname (p.fd, (struct sockaddr *) &a.at, &a.size), ==, 0);
  p.port = pf_address_port (&a);
  return p;
}

static Peer
peer_new (int family)
{
  return peer_at (family, 0);
}

/* A datagram; 0 if none came in time. */
static gsize
peer_receive (Peer *p, guint8 bytes[65536])
{
  struct iovec piece = { bytes, 65536 };
  guint8 control[256];
  struct msghdr m = { 0 };
  ssize_t n;

  m.msg_iov = &piece;
  m.msg_iovlen = 1;
  m.msg_control = control;
  m.msg_controllen = sizeof control;
  n = recvmsg (p->fd, &m, 0);
  p->tos = -1;
  if (n <= 0)
    return 0;
  for (struct cmsghdr *c = CMSG_FIRSTHDR (&m); c; c = CMSG_NXTHDR (&m, c)) {
    if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TOS)
      p->tos = *CMSG_DATA (c);
    if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_TCLASS)
      memcpy (&p->tos, CMSG_DATA (c), sizeof p->tos);
  }
  return (gsize) n;
}

static gboolean
peer_is_quiet (Peer *p)
{
  guint8 byte;

  return recv (p->fd, &byte, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

static void
peer_send (Peer *p, int family, guint port, const void *bytes, gsize size)
{
  PfAddress a;

  PF_REQUIRE (pf_address_resolve (&a, loopback (family), port, family, NULL));
  PF_CHECK_INT (
      sendto (p->fd, bytes, size, 0, (struct sockaddr *) &a.at, a.size), ==,
      size);
}

/* ---- Elements ----------------------------------------------------------- */

static GstHarness *
sink_new (guint port, const gchar *settings, const gchar *caps)
{
  gchar *line = g_strdup_printf ("pfudpsink port=%u %s", port, settings);
  GstElement *element = gst_parse_launch (line, NULL);
  GstHarness *h;

  PF_REQUIRE (element != NULL);
  h = gst_harness_new_with_element (element, "sink", NULL);
  gst_object_unref (element);
  gst_harness_set_src_caps_str (h, caps);
  gst_harness_play (h);
  g_free (line);
  return h;
}

/* A receiver on a free port that plays. */
static GstHarness *
src_new (const gchar *settings, gboolean blocks, guint *port)
{
  gchar *line = g_strdup_printf ("pfudpsrc port=0 %s", settings);
  GstElement *element = gst_parse_launch (line, NULL);
  GstCaps *caps = gst_caps_from_string (PACKETS);
  GstHarness *h;

  PF_REQUIRE (element != NULL);
  g_object_set (element, "caps", caps, NULL);
  gst_caps_unref (caps);
  h = gst_harness_new_with_element (element, NULL, "src");
  gst_object_unref (element);
  gst_harness_set_sink_caps_str (h, blocks ? BLOCKS : PACKETS);
  if (blocks)
    gst_harness_add_propose_allocation_meta (h, PF_BLOCK_META_API_TYPE, NULL);
  gst_harness_play (h);
  g_object_get (h->element, "port", port, NULL);
  PF_REQUIRE (*port != 0);
  g_free (line);
  return h;
}

static guint64
stat_of (GstHarness *h, const gchar *name)
{
  GstStructure *stats;
  guint64 n = 0;

  g_object_get (h->element, "stats", &stats, NULL);
  PF_CHECK (gst_structure_get_uint64 (stats, name, &n));
  gst_structure_free (stats);
  return n;
}

/* ---- Packets ------------------------------------------------------------ */

typedef struct {
  guint n;
  gsize size[ROWS];
  guint8 *bytes[ROWS];
} Packets;

/* Of one size, or of sizes as no one would choose them. */
static Packets *
packets_new (guint n, gboolean odd)
{
  Packets *p = g_new0 (Packets, 1);

  p->n = n;
  for (guint i = 0; i < n; i++) {
    p->size[i] = odd ? 1 + pf_test_random_below (i % 7 ? 40 : 2000) : SIZE;
    if (odd && i % 5 == 2)
      p->size[i] = p->size[i - 1];
    p->bytes[i] = g_malloc (p->size[i]);
    pf_test_random_bytes (p->bytes[i], p->size[i]);
  }
  return p;
}

static void
packets_free (Packets *p)
{
  for (guint i = 0; i < p->n; i++)
    g_free (p->bytes[i]);
  g_free (p);
}

static GstBuffer *
packet_buffer (const Packets *p, guint i)
{
  return gst_buffer_new_memdup (p->bytes[i], p->size[i]);
}

static GstBufferList *
packet_list (const Packets *p)
{
  GstBufferList *list = gst_buffer_list_new ();

  for (guint i = 0; i < p->n; i++)
    gst_buffer_list_add (list, packet_buffer (p, i));
  return list;
}

/* All of one size. */
static GstBuffer *
packet_block (PfSlabPool *pool, const Packets *p)
{
  const gsize stride = pf_slab_stride (HEAD + SIZE);
  GstMemory *rows = pf_slab_pool_alloc (pool, p->n * stride);
  GstMapInfo map;

  PF_REQUIRE (gst_memory_map (rows, &map, GST_MAP_WRITE));
  for (guint i = 0; i < p->n; i++)
    memcpy (map.data + i * stride + HEAD, p->bytes[i], SIZE);
  gst_memory_unmap (rows, &map);
  return pf_block_new (rows, p->n, stride, HEAD, SIZE);
}

static void
expect_packets (Peer *peer, const Packets *p)
{
  guint8 *bytes = g_malloc (65536);

  for (guint i = 0; i < p->n; i++) {
    const gsize size = peer_receive (peer, bytes);

    PF_CHECK_INT (size, ==, p->size[i]);
    if (size != p->size[i])
      break;
    PF_CHECK_MEM (bytes, p->bytes[i], size);
  }
  PF_CHECK (peer_is_quiet (peer));
  g_free (bytes);
}

/* ---- The sink ----------------------------------------------------------- */

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

/* ---- Sockets where the kernel does not segment --------------------------- */

static PfSocket *
socket_to (const Peer *peer)
{
  PfAddress a;
  PfSocket *s;

  PF_REQUIRE (pf_address_resolve (&a, "127.0.0.1", 0, AF_INET, NULL));
  s = pf_socket_new (&a, NULL);
  PF_REQUIRE (s != NULL);
  PF_REQUIRE (pf_address_resolve (&a, "127.0.0.1", peer->port, AF_INET, NULL));
  PF_REQUIRE (pf_socket_connect (s, &a, NULL));
  return s;
}

static guint
send_all (PfSocket *s, const Packets *p)
{
  struct iovec packets[ROWS];

  for (guint i = 0; i < p->n; i++)
    packets[i] = (struct iovec){ p->bytes[i], p->size[i] };
  return pf_socket_send (s, NULL, packets, p->n, NULL);
}

/* Without checksums the kernel refuses to segment: that is found out once,
 * and all packets leave all the same. */
static void
test_fallback (void)
{
  Packets *p = packets_new (ROWS, FALSE);
  Peer peer = peer_new (AF_INET);
  PfSocket *s = socket_to (&peer);
  const int on = 1;

  PF_REQUIRE_INT (
      setsockopt (pf_socket_fd (s), SOL_SOCKET, SO_NO_CHECK, &on, sizeof on),
      ==, 0);
  for (guint i = 0; i < 3; i++) {
    PF_CHECK_INT (send_all (s, p), ==, ROWS);
    expect_packets (&peer, p);
    PF_CHECK_INT (pf_socket_counters (s)->errors, ==, 1);
  }
  PF_CHECK_INT (pf_socket_counters (s)->gso_packets, ==, 0);
  PF_CHECK_INT (pf_socket_counters (s)->dropped, ==, 0);
  /* one refused, then three calls each time */
  PF_CHECK_INT (pf_socket_counters (s)->syscalls, ==, 1 + 3 * 3);
  pf_socket_free (s);
  close (peer.fd);
  packets_free (p);
}

static void
test_single (void)
{
  Packets *p = packets_new (ROWS, TRUE);
  Peer peer = peer_new (AF_INET);
  PfSocket *s = socket_to (&peer);

  pf_socket_set_path (s, PF_SOCKET_SINGLE);
  PF_CHECK_INT (send_all (s, p), ==, ROWS);
  expect_packets (&peer, p);
  PF_CHECK_INT (pf_socket_counters (s)->syscalls, ==, ROWS);
  pf_socket_free (s);
  close (peer.fd);
  packets_free (p);
}

/* One that no datagram can hold does not take the others with it. */
static void
test_too_large (void)
{
  guint8 *huge = g_malloc0 (70000);
  Packets *p = packets_new (2, FALSE);
  Peer peer = peer_new (AF_INET);
  PfSocket *s = socket_to (&peer);
  const struct iovec packets[3] = { { p->bytes[0], SIZE }, { huge, 70000 },
    { p->bytes[1], SIZE } };
  int error = 0;

  PF_CHECK_INT (pf_socket_send (s, NULL, packets, 3, &error), ==, 2);
  PF_CHECK_INT (error, ==, EMSGSIZE);
  PF_CHECK_INT (pf_socket_counters (s)->dropped, ==, 1);
  expect_packets (&peer, p);
  pf_socket_free (s);
  close (peer.fd);
  packets_free (p);
  g_free (huge);
}

static void
test_addresses (void)
{
  static const struct {
    const gchar *text, *back;
  } cases[] = {
    { "127.0.0.1:99", "127.0.0.1:99" },
    { "127.0.0.1", "127.0.0.1:7" },
    { "[::1]:99", "[::1]:99" },
    { "[::1]", "[::1]:7" },
    { "::1", "[::1]:7" },
    { "127.0.0.1:", NULL },
    { "127.0.0.1:0", NULL },
    { "127.0.0.1:65536", NULL },
    { "127.0.0.1:9x", NULL },
    { ":9", NULL },
    { "", NULL },
    { "[]:9", NULL },
  };
  PfAddress a, b;

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    GError *error = NULL;
    const gboolean ok =
        pf_address_parse (&a, cases[i].text, 7, AF_UNSPEC, &error);
    gchar *back = ok ? pf_address_to_string (&a) : NULL;

    PF_CHECK_STR (back, cases[i].back);
    PF_CHECK (ok == (error == NULL));
    g_clear_error (&error);
    g_free (back);
  }
  PF_REQUIRE (pf_address_parse (&a, "127.0.0.1:5", 0, AF_INET, NULL));
  b = a;
  pf_address_map (&b);
  PF_CHECK (pf_address_matches (&a, &b));
  PF_REQUIRE (pf_address_parse (&b, "127.0.0.1", 0, AF_INET, NULL));
  PF_CHECK (pf_address_matches (&a, &b)); /* any port */
  PF_REQUIRE (pf_address_parse (&b, "127.0.0.1:6", 0, AF_INET, NULL));
  PF_CHECK (!pf_address_matches (&a, &b));
  PF_REQUIRE (pf_address_parse (&b, "127.0.0.2", 0, AF_INET, NULL));
  PF_CHECK (!pf_address_matches (&a, &b));
}

/* ---- The source --------------------------------------------------------- */

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

/* ---- Pacing ------------------------------------------------------------- */

enum { PACED = 1000 };

/* A block that is a whole frame, of packets with their number in front. */
static GstBuffer *
frame_block (
    PfSlabPool *pool, guint32 frame, guint n, gsize size, GstClockTime duration)
{
  const gsize stride = pf_slab_stride (size);
  GstMemory *rows = pf_slab_pool_alloc (pool, n * stride);
  GstBuffer *block;
  PfBlockMeta *m;
  GstMapInfo map;

  PF_REQUIRE (gst_memory_map (rows, &map, GST_MAP_WRITE));
  for (guint32 i = 0; i < n; i++) {
    memset (map.data + i * stride, 0, size);
    memcpy (map.data + i * stride, &i, sizeof i);
    memcpy (map.data + i * stride + 4, &frame, sizeof frame);
  }
  gst_memory_unmap (rows, &map);
  block = pf_block_new (rows, n, stride, 0, size);
  m = pf_buffer_get_block_meta (block);
  m->frame = frame;
  m->n_packets = n;
  GST_BUFFER_PTS (block) = frame * duration;
  GST_BUFFER_DURATION (block) = duration;
  return block;
}

/* How long the n packets of a frame took from the first to the last, in us;
 * they must be whole and in order. */
static gint64
receive_frame (Peer *peer, guint32 frame, guint n)
{
  guint8 *bytes = g_malloc (65536);
  gint64 first = 0, last = 0;

  for (guint32 i = 0; i < n; i++) {
    guint32 numbers[2] = { 0, 0 };

    PF_REQUIRE_INT (peer_receive (peer, bytes), >=, sizeof numbers);
    memcpy (numbers, bytes, sizeof numbers);
    PF_CHECK_INT (numbers[0], ==, i);
    PF_CHECK_INT (numbers[1], ==, frame);
    last = g_get_monotonic_time ();
    if (i == 0)
      first = last;
  }
  g_free (bytes);
  return last - first;
}

/* What is over the burst takes its time, and who pushes does not wait. */
static void
test_pacing_spread (void)
{
  PfSlabPool *pool = pf_slab_pool_new ();
  Peer peer = peer_new (AF_INET);
  GstHarness *h = sink_new (peer.port, "pacing=schedule", BLOCKS);

  for (guint i = 0; i < 3; i++) {
    GstBuffer *block = frame_block (pool, i, PACED, 1000, 100 * GST_MSECOND);

    PF_CHECK_INT (gst_harness_push (h, block), ==, GST_FLOW_OK);
    /* it is back before all has left */
    PF_CHECK_INT (stat_of (h, "packets"), <, (i + 1) * PACED);
    /* 90 ms, less what a busy machine is late at the first packet */
    PF_CHECK_INT (receive_frame (&peer, i, PACED), >, 40000);
  }
  PF_CHECK_INT (stat_of (h, "paced-frames"), ==, 3);
  PF_CHECK_INT (stat_of (h, "waits"), >, 3 * 3);
  PF_CHECK_INT (stat_of (h, "dropped"), ==, 0);
  gst_harness_teardown (h);
  close (peer.fd);
  pf_slab_pool_free (pool);
}

/* A frame within the burst leaves at once. */
static void
test_pacing_burst (void)
{
  PfSlabPool *pool = pf_slab_pool_new ();
  Peer peer = peer_new (AF_INET);
  GstHarness *h = sink_new (peer.port, "pacing=schedule", BLOCKS);

  for (guint i = 0; i < 5; i++) {
    PF_CHECK_INT (
        gst_harness_push (h, frame_block (pool, i, 100, 1000, GST_SECOND)), ==,
        GST_FLOW_OK);
    receive_frame (&peer, i, 100);
  }
  PF_CHECK_INT (stat_of (h, "waits"), ==, 0);
  gst_harness_teardown (h);
  close (peer.fd);
  pf_slab_pool_free (pool);
}

/* Lists are paced too; the end of the stream waits for the last packet. */
static void
test_pacing_eos (void)
{
  Peer peer = peer_new (AF_INET);
  GstHarness *h =
      sink_new (peer.port, "pacing=schedule burst-size=10000", PACKETS);
  Packets *p = packets_new (ROWS, FALSE);

  for (guint i = 0; i < 2; i++) {
    GstBufferList *list = packet_list (p);

    for (guint j = 0; j < ROWS; j++) {
      GST_BUFFER_PTS (gst_buffer_list_get (list, j)) = i * 50 * GST_MSECOND;
      GST_BUFFER_DURATION (gst_buffer_list_get (list, j)) = 50 * GST_MSECOND;
    }
    PF_CHECK_INT (gst_pad_push_list (h->srcpad, list), ==, GST_FLOW_OK);
  }
  PF_CHECK (gst_harness_push_event (h, gst_event_new_eos ()));
  PF_CHECK_INT (stat_of (h, "packets"), ==, 2 * ROWS);
  PF_CHECK_INT (stat_of (h, "waits"), >, 0);
  gst_harness_teardown (h);
  close (peer.fd);
  packets_free (p);
}

/* A pause is cut short when the element stops or flushes. */
static void
test_pacing_stop (void)
{
  PfSlabPool *pool = pf_slab_pool_new ();
  Peer peer = peer_new (AF_INET);

  for (guint i = 0; i < 10; i++) {
    GstHarness *h =
        sink_new (peer.port, "pacing=schedule burst-size=1", BLOCKS);
    const gint64 before = g_get_monotonic_time ();

    PF_CHECK_INT (gst_harness_push (
                      h, frame_block (pool, 0, PACED, 100, 100 * GST_MSECOND)),
        ==, GST_FLOW_OK);
    if (i % 2) {
      PF_CHECK (gst_harness_push_event (h, gst_event_new_flush_start ()));
      PF_CHECK (gst_harness_push_event (h, gst_event_new_flush_stop (TRUE)));
    }
    gst_element_set_state (h->element, GST_STATE_NULL);
    PF_CHECK_INT (stat_of (h, "packets") + stat_of (h, "dropped"), ==, PACED);
    PF_CHECK_INT (stat_of (h, "dropped"), >, 0);
    PF_CHECK_INT (g_get_monotonic_time () - before, <, 2 * G_USEC_PER_SEC);
    gst_harness_teardown (h);
  }
  close (peer.fd);
  pf_slab_pool_free (pool);
}

typedef struct {
  GMutex lock; /* held: nothing is sent */
  guint sent;  /* atomic; packets */
} Gate;

static void
through_gate (gpointer data, GstMiniObject *object, guint first, guint n)
{
  Gate *gate = data;

  (void) object;
  (void) first;
  g_mutex_lock (&gate->lock);
  g_mutex_unlock (&gate->lock);
  g_atomic_int_add (&gate->sent, (gint) n);
}

/* A ring that cannot be emptied: it says so when the third frame comes, drops
 * the fourth whole, and goes on with the fifth. */
static void
test_pacing_full (void)
{
  static const struct {
    guint64 frame;
    PfSenderResult result;
  } pushes[] = {
    { 1, PF_SENDER_TAKEN },
    { 1, PF_SENDER_TAKEN },
    { 2, PF_SENDER_TAKEN },
    { 3, PF_SENDER_FULL },
    { 3, PF_SENDER_TAKEN },
    { 4, PF_SENDER_DROPPED },
    { 4, PF_SENDER_GONE },
  };
  PfSenderUnit unit = { 0, 10, 20, 1000, 0 };
  PfPaceConfig config;
  PfSenderCounters n;
  PfSender *s;
  Gate gate;

  g_mutex_init (&gate.lock);
  gate.sent = 0;
  pf_pace_config_init (&config);
  g_mutex_lock (&gate.lock);
  s = pf_sender_new (&config, through_gate, &gate);
  PF_REQUIRE (s != NULL);
  for (guint i = 0; i < G_N_ELEMENTS (pushes); i++) {
    unit.frame = pushes[i].frame;
    PF_CHECK_INT (
        pf_sender_push (s, GST_MINI_OBJECT_CAST (gst_buffer_new ()), &unit), ==,
        pushes[i].result);
  }
  PF_CHECK (!pf_sender_drain (s, 1000));
  g_mutex_unlock (&gate.lock);
  PF_CHECK (pf_sender_drain (s, WAIT_MS * 1000));
  PF_CHECK_INT (g_atomic_int_get (&gate.sent), ==, 50);
  /* the rest of the dropped frame does not come back */
  PF_CHECK_INT (
      pf_sender_push (s, GST_MINI_OBJECT_CAST (gst_buffer_new ()), &unit), ==,
      PF_SENDER_GONE);
  unit.frame = 5;
  PF_CHECK_INT (
      pf_sender_push (s, GST_MINI_OBJECT_CAST (gst_buffer_new ()), &unit), ==,
      PF_SENDER_TAKEN);
  PF_CHECK (pf_sender_drain (s, WAIT_MS * 1000));
  pf_sender_get_counters (s, &n);
  PF_CHECK_INT (g_atomic_int_get (&gate.sent), ==, 60);
  PF_CHECK_INT (n.frames, ==, 4);
  PF_CHECK_INT (n.frames_dropped, ==, 1);
  PF_CHECK_INT (n.packets_dropped, ==, 30);
  PF_CHECK_INT (n.full, ==, 1);
  pf_sender_free (s);
  g_mutex_clear (&gate.lock);
}

/* Three frames at once fill the ring: upstream is asked, and who pushed has
 * not waited for the third of a second that they would take. */
static void
test_pacing_asks (void)
{
  PfSlabPool *pool = pf_slab_pool_new ();
  Peer peer = peer_new (AF_INET);
  GstHarness *h = sink_new (peer.port, "pacing=schedule burst-size=1", BLOCKS);
  const gint64 before = g_get_monotonic_time ();
  gboolean asked = FALSE;
  GstEvent *event;

  for (guint i = 0; i < 3; i++)
    PF_CHECK_INT (gst_harness_push (
                      h, frame_block (pool, i, PACED, 100, 100 * GST_MSECOND)),
        ==, GST_FLOW_OK);
  PF_CHECK_INT (g_get_monotonic_time () - before, <, 200000);
  while ((event = gst_harness_try_pull_upstream_event (h))) {
    asked |= gst_event_has_name (event, "PfDropFrame");
    gst_event_unref (event);
  }
  PF_CHECK (asked);
  for (guint i = 0; i < 3; i++)
    receive_frame (&peer, i, PACED);
  PF_CHECK_INT (stat_of (h, "dropped"), ==, 0);
  gst_harness_teardown (h);
  close (peer.fd);
  pf_slab_pool_free (pool);
}

/* ---- Both --------------------------------------------------------------- */

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

static void
expect_buffer (GstHarness *h)
{
  GstBuffer *buffer = gst_harness_pull (h);

  PF_REQUIRE (buffer != NULL);
  gst_buffer_unref (buffer);
}

/* PAUSED, and the task has seen it: a base source that is played again before
 * that pauses its task afterwards, and for good. */
static void
pause_source (GstHarness *h)
{
  GstPad *pad = gst_element_get_static_pad (h->element, "src");

  gst_element_set_state (h->element, GST_STATE_PAUSED);
  for (guint i = 0; i < 200; i++) {
    if (gst_pad_get_task_state (pad) != GST_TASK_STARTED)
      break;
    g_usleep (1000);
  }
  gst_object_unref (pad);
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
      pause_source (h);
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
  PF_TEST_ADD ("/net/addresses", test_addresses);
  PF_TEST_ADD ("/net/socket/fallback", test_fallback);
  PF_TEST_ADD ("/net/socket/single", test_single);
  PF_TEST_ADD ("/net/socket/too-large", test_too_large);
  PF_TEST_ADD ("/net/sink/gso", test_sink_gso);
  PF_TEST_ADD ("/net/sink/plain", test_sink_plain);
  PF_TEST_ADD ("/net/sink/ipv6", test_sink_ipv6);
  PF_TEST_ADD ("/net/sink/calls", test_sink_calls);
  PF_TEST_ADD ("/net/sink/bad-rows", test_sink_bad_rows);
  PF_TEST_ADD ("/net/sink/clients", test_clients);
  PF_TEST_ADD ("/net/sink/dscp", test_dscp);
  PF_TEST_ADD ("/net/sink/closed-port", test_closed_port);
  PF_TEST_ADD ("/net/roundtrip/blocks", test_roundtrip_blocks);
  PF_TEST_ADD ("/net/roundtrip/lists", test_roundtrip_lists);
  PF_TEST_ADD ("/net/roundtrip/plain", test_roundtrip_plain);
  PF_TEST_ADD ("/net/roundtrip/ipv6", test_roundtrip_ipv6);
  PF_TEST_ADD ("/net/src/source-filter", test_source_filter);
  PF_TEST_ADD ("/net/src/punch", test_punch);
  PF_TEST_ADD ("/net/src/punch-closed", test_punch_closed);
  PF_TEST_ADD ("/net/src/empty", test_empty);
  PF_TEST_ADD ("/net/src/timeout", test_timeout);
  PF_TEST_ADD ("/net/src/unlock", test_unlock);
  PF_TEST_ADD ("/net/pacing/spread", test_pacing_spread);
  PF_TEST_ADD ("/net/pacing/burst", test_pacing_burst);
  PF_TEST_ADD ("/net/pacing/eos", test_pacing_eos);
  PF_TEST_ADD ("/net/pacing/stop", test_pacing_stop);
  PF_TEST_ADD ("/net/pacing/full", test_pacing_full);
  PF_TEST_ADD ("/net/pacing/asks", test_pacing_asks);
  PF_TEST_ADD ("/net/buffer-warning", test_buffer_warning);
  PF_TEST_ADD ("/net/settings", test_settings);
  PF_TEST_ADD ("/net/states", test_states);
  return pf_test_run (argc, argv);
}
