/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A line that is bad on purpose; see quic-relay.h. */
#define _GNU_SOURCE /* ppoll */
#include "quic-relay.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "pf-test.h"

typedef struct {
  gint64 due;
  gboolean to_host;
  gsize size;
  guint8 bytes[2048];
} Packet;

struct _QuicRelay {
  gint client_side, host_side; /* sockets */
  struct sockaddr_in host, client;
  gboolean known; /* client is set */
  guint port;
  gint64 delay_us;
  RelayFunc fate;
  GThread *thread;
  gint stop, cut, rebind; /* atomic */
  GQueue packets;         /* Packet, by due */
  guint n[2];

  GMutex lock;
  gint64 first; /* lock; when the client's first packet came */
};

static gint
open_socket (void)
{
  struct sockaddr_in a = { .sin_family = AF_INET };
  const gint fd = socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

  a.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
  PF_REQUIRE (fd >= 0);
  PF_REQUIRE_INT (bind (fd, (struct sockaddr *) &a, sizeof a), ==, 0);
  return fd;
}

static gint
by_due (gconstpointer a, gconstpointer b, gpointer user)
{
  const gint64 x = ((const Packet *) a)->due, y = ((const Packet *) b)->due;

  (void) user;
  return x < y ? -1 : x > y;
}

static void
take (QuicRelay *r, gboolean to_host)
{
  const gint fd = to_host ? r->client_side : r->host_side;
  struct sockaddr_in from;
  socklen_t from_size = sizeof from;
  Packet *p = g_new (Packet, 1);
  RelayFate fate = RELAY_PASS;
  const gssize n = recvfrom (fd, p->bytes, sizeof p->bytes, MSG_DONTWAIT,
      (struct sockaddr *) &from, &from_size);

  if (n > 0 && to_host) {
    if (!r->known) {
      g_mutex_lock (&r->lock);
      r->first = g_get_monotonic_time ();
      g_mutex_unlock (&r->lock);
    }
    r->client = from;
    r->known = TRUE;
  }
  if (n > 0 && r->fate)
    fate = r->fate (to_host, r->n[to_host]++);
  if (n <= 0 || fate == RELAY_DROP || g_atomic_int_get (&r->cut)) {
    g_free (p);
    return;
  }
  p->due =
      g_get_monotonic_time () + r->delay_us + (fate == RELAY_LATER ? 2000 : 0);
  p->to_host = to_host;
  p->size = (gsize) n;
  g_queue_insert_sorted (&r->packets, p, by_due, NULL);
}

static void
pass_on (QuicRelay *r)
{
  Packet *p;

  while ((p = g_queue_peek_head (&r->packets)) &&
         p->due <= g_get_monotonic_time ()) {
    g_queue_pop_head (&r->packets);
    if (p->to_host)
      (void) !sendto (r->host_side, p->bytes, p->size, MSG_DONTWAIT,
          (struct sockaddr *) &r->host, sizeof r->host);
    else if (r->known)
      (void) !sendto (r->client_side, p->bytes, p->size, MSG_DONTWAIT,
          (struct sockaddr *) &r->client, sizeof r->client);
    g_free (p);
  }
}

static gpointer
run (gpointer data)
{
  QuicRelay *r = data;

  while (!g_atomic_int_get (&r->stop)) {
    struct pollfd p[2] = { { r->client_side, POLLIN, 0 },
      { r->host_side, POLLIN, 0 } };
    const struct timespec millisecond = { 0, 500000 };

    ppoll (p, 2, &millisecond, NULL);
    if (p[0].revents)
      take (r, TRUE);
    if (p[1].revents)
      take (r, FALSE);
    if (g_atomic_int_compare_and_exchange (&r->rebind, 1, 0)) {
      close (r->host_side);
      r->host_side = open_socket ();
    }
    pass_on (r);
  }
  return NULL;
}

QuicRelay *
quic_relay_new (guint host_port, guint delay_ms, RelayFunc fate)
{
  QuicRelay *r = g_new0 (QuicRelay, 1);
  struct sockaddr_in a;
  socklen_t size = sizeof a;

  g_mutex_init (&r->lock);
  r->client_side = open_socket ();
  r->host_side = open_socket ();
  r->host.sin_family = AF_INET;
  r->host.sin_port = htons ((guint16) host_port);
  r->host.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
  r->delay_us = delay_ms * 1000;
  r->fate = fate;
  getsockname (r->client_side, (struct sockaddr *) &a, &size);
  r->port = ntohs (a.sin_port);
  r->thread = g_thread_new ("relay", run, r);
  return r;
}

void
quic_relay_free (QuicRelay *r)
{
  g_atomic_int_set (&r->stop, 1);
  g_thread_join (r->thread);
  close (r->client_side);
  close (r->host_side);
  g_queue_clear_full (&r->packets, g_free);
  g_mutex_clear (&r->lock);
  g_free (r);
}

guint
quic_relay_port (const QuicRelay *r)
{
  return r->port;
}

gint64
quic_relay_first (QuicRelay *r)
{
  gint64 at;

  g_mutex_lock (&r->lock);
  at = r->first;
  g_mutex_unlock (&r->lock);
  return at;
}

void
quic_relay_rebind (QuicRelay *r)
{
  g_atomic_int_set (&r->rebind, 1);
}

void
quic_relay_cut (QuicRelay *r)
{
  g_atomic_int_set (&r->cut, 1);
}
