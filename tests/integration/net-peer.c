/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the tests of the network share; see net-peer.h. */
#define _GNU_SOURCE
#include "net-peer.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <string.h>
#include <unistd.h>

#include "pf-test.h"

/* ---- A plain socket ----------------------------------------------------- */

gboolean
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

const gchar *
loopback (int family)
{
  return family == AF_INET6 ? "::1" : "127.0.0.1";
}

Peer
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

Peer
peer_new (int family)
{
  return peer_at (family, 0);
}

/* A datagram; 0 if none came in time. */
gsize
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

gboolean
peer_is_quiet (Peer *p)
{
  guint8 byte;

  return recv (p->fd, &byte, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

void
peer_send (Peer *p, int family, guint port, const void *bytes, gsize size)
{
  PfAddress a;

  PF_REQUIRE (pf_address_resolve (&a, loopback (family), port, family, NULL));
  PF_CHECK_INT (
      sendto (p->fd, bytes, size, 0, (struct sockaddr *) &a.at, a.size), ==,
      size);
}

/* ---- Elements ----------------------------------------------------------- */

GstHarness *
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
GstHarness *
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

guint64
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

/* Of one size, or of sizes as no one would choose them. */
Packets *
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

void
packets_free (Packets *p)
{
  for (guint i = 0; i < p->n; i++)
    g_free (p->bytes[i]);
  g_free (p);
}

GstBuffer *
packet_buffer (const Packets *p, guint i)
{
  return gst_buffer_new_memdup (p->bytes[i], p->size[i]);
}

GstBufferList *
packet_list (const Packets *p)
{
  GstBufferList *list = gst_buffer_list_new ();

  for (guint i = 0; i < p->n; i++)
    gst_buffer_list_add (list, packet_buffer (p, i));
  return list;
}

/* All of one size. */
GstBuffer *
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

void
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
