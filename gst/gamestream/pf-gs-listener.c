/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The TCP port of GameStream's RTSP; see pf-gs-listener.h. */
#define _GNU_SOURCE /* accept4 */
#include "pf-gs-listener.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <unistd.h>

#include "pf-gs-rtsp-seal.h"

#define ROOM (PF_GS_RTSP_SIZE_MAX + PF_GS_RTSP_SEAL_HEADER)
#define BACKLOG 32
#define MAX_ACCEPTS 16               /* in a row */
#define PAUSE_NS (100 * PF_MS)       /* without a descriptor to be had */
#define LINGER_NS (1000 * PF_MS)     /* for the peer to close first */
#define MAX_LINGER_BYTES (64 * 1024) /* that it may still send */

typedef enum { FREE, READING, WAITING, WRITING, LINGERING } State;

struct _PfGsConn {
  PfGsListener *listener;
  State state;
  int fd;
  PfPeerAddress from;
  guint64 began, deadline;
  guint8 *in; /* ROOM */
  gsize n_in;
  guint8 *out;
  gsize n_out, sent;
};

struct _PfGsListener {
  PfGsListenerFuncs funcs;
  gpointer user;
  int fd;
  guint port;
  guint64 paused_until;
  PfGsConn conns[PF_GS_LISTENER_CONNS];
  PfGsListenerCounters n;
};

/* ---- Making ------------------------------------------------------------- */

static int
open_socket (const PfAddress *address)
{
  const int on = 1, off = 0;
  const int family = address->at.ss_family;
  int fd = socket (family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

  if (fd < 0)
    return -1;
  setsockopt (fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (family == AF_INET6)
    setsockopt (fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  if (bind (fd, (const struct sockaddr *) &address->at, address->size) < 0 ||
      listen (fd, BACKLOG) < 0) {
    const int error = errno;

    close (fd);
    errno = error;
    return -1;
  }
  return fd;
}

PfGsListener *
pf_gs_listener_new (const PfAddress *address, const PfGsListenerFuncs *funcs,
    gpointer user, GError **error)
{
  PfGsListener *l = g_new0 (PfGsListener, 1);
  PfAddress local = { .size = sizeof local.at };

  l->funcs = *funcs;
  l->user = user;
  l->fd = open_socket (address);
  if (l->fd < 0) {
    const int e = errno;
    g_autofree gchar *text = pf_address_to_string (address);

    g_set_error (error, GST_RESOURCE_ERROR,
        e == EADDRINUSE ? GST_RESOURCE_ERROR_BUSY
                        : GST_RESOURCE_ERROR_OPEN_READ_WRITE,
        "cannot listen at %s: %s", text, g_strerror (e));
    pf_gs_listener_free (l);
    return NULL;
  }
  if (getsockname (l->fd, (struct sockaddr *) &local.at, &local.size) == 0)
    l->port = pf_address_port (&local);
  return l;
}

static void
conn_free (PfGsConn *c)
{
  if (c->state == FREE)
    return;
  close (c->fd);
  if (c->in)
    pf_wipe (c->in, c->n_in);
  g_free (c->in);
  g_free (c->out);
  memset (c, 0, sizeof *c);
}

void
pf_gs_listener_free (PfGsListener *l)
{
  if (!l)
    return;
  for (guint i = 0; i < PF_GS_LISTENER_CONNS; i++)
    conn_free (&l->conns[i]);
  if (l->fd >= 0)
    close (l->fd);
  g_free (l);
}

/* The end of a connection, whoever wants it. */
static void
drop (PfGsConn *c)
{
  if (c->state == WAITING)
    c->listener->funcs.gone (c->listener->user, c);
  conn_free (c);
}

/* ---- Coming in ---------------------------------------------------------- */

/* A free place. With too many of one address, or of all, the oldest that has
 * not said what it wants makes room. */
static PfGsConn *
find_place (PfGsListener *l, const PfPeerAddress *from)
{
  PfGsConn *place = NULL, *oldest = NULL, *oldest_same = NULL;
  guint same = 0;

  for (guint i = 0; i < PF_GS_LISTENER_CONNS; i++) {
    PfGsConn *c = &l->conns[i];
    const gboolean is_same =
        c->state != FREE && pf_peer_address_same_ip (&c->from, from);

    same += is_same;
    if (c->state == FREE)
      place = c;
    if (c->state == READING && (!oldest || c->began < oldest->began))
      oldest = c;
    if (c->state == READING && is_same &&
        (!oldest_same || c->began < oldest_same->began))
      oldest_same = c;
  }
  if (same < PF_GS_LISTENER_PER_ADDRESS && place)
    return place;
  l->n.crowded++;
  place = same < PF_GS_LISTENER_PER_ADDRESS ? oldest : oldest_same;
  if (place)
    conn_free (place);
  return place;
}

static void
take (PfGsListener *l, int fd, const PfAddress *address, guint64 now)
{
  const int on = 1;
  PfPeerAddress from;
  PfGsConn *c;

  pf_peer_from_socket (&address->at, &from);
  if (!l->funcs.expected (l->user, &from)) {
    l->n.strangers++;
    close (fd);
    return;
  }
  c = find_place (l, &from);
  if (!c) {
    close (fd);
    return;
  }
  setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  *c = (PfGsConn){ .listener = l,
    .state = READING,
    .fd = fd,
    .from = from,
    .began = now,
    .deadline = now + PF_GS_LISTENER_READ_NS,
    .in = g_malloc (ROOM) };
  l->n.accepted++;
}

static void
accept_some (PfGsListener *l, guint64 now)
{
  for (guint i = 0; i < MAX_ACCEPTS; i++) {
    PfAddress from = { .size = sizeof from.at };
    const int fd = accept4 (l->fd, (struct sockaddr *) &from.at, &from.size,
        SOCK_CLOEXEC | SOCK_NONBLOCK);

    if (fd >= 0) {
      take (l, fd, &from, now);
    } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
               errno == ENOMEM) {
      l->paused_until = now + PAUSE_NS; /* it would be ready all the time */
      return;
    } else if (errno == EAGAIN) {
      return;
    }
  }
}

/* ---- A connection ------------------------------------------------------- */

static void
read_request (PfGsConn *c, guint64 now)
{
  PfGsListener *l = c->listener;
  const gssize n = recv (c->fd, c->in + c->n_in, ROOM - c->n_in, 0);
  int ret;

  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return;
  if (n <= 0) {
    drop (c);
    return;
  }
  c->n_in += (gsize) n;
  c->state = WAITING; /* it may be answered at once */
  c->deadline = now + PF_GS_LISTENER_ANSWER_NS;
  ret = l->funcs.request (l->user, c, &c->from, c->in, c->n_in);
  if (ret > 0)
    return;
  c->state = READING;
  c->deadline = c->began + PF_GS_LISTENER_READ_NS;
  if (ret < 0 || c->n_in == ROOM) {
    l->n.malformed++;
    drop (c);
  }
}

/* The peer closes when it has read all: closing first could take the answer
 * away from it, if something came that nobody read. */
static void
write_answer (PfGsConn *c, guint64 now)
{
  const gssize n = send (
      c->fd, c->out + c->sent, c->n_out - c->sent, MSG_NOSIGNAL | MSG_DONTWAIT);

  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return;
  if (n < 0) {
    drop (c);
    return;
  }
  c->sent += (gsize) n;
  if (c->sent < c->n_out)
    return;
  shutdown (c->fd, SHUT_WR);
  c->state = LINGERING;
  c->deadline = now + LINGER_NS;
  c->n_in = 0;
}

static void
linger (PfGsConn *c)
{
  const gssize n = recv (c->fd, c->in, ROOM, 0);

  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return;
  if (n > 0)
    c->sent += (gsize) n;
  if (n <= 0 || c->sent > c->n_out + MAX_LINGER_BYTES)
    drop (c);
}

void
pf_gs_conn_answer (PfGsConn *c, const guint8 *bytes, gsize size, guint64 now)
{
  c->state = WRITING;
  c->out = g_memdup2 (bytes, size);
  c->n_out = size;
  c->sent = 0;
  write_answer (c, now);
}

/* ---- Polling ------------------------------------------------------------ */

guint
pf_gs_listener_polls (PfGsListener *l, struct pollfd *polls, guint64 now)
{
  guint n = 0;

  if (now >= l->paused_until)
    l->paused_until = 0;
  polls[n++] =
      (struct pollfd){ .fd = l->paused_until ? -1 : l->fd, .events = POLLIN };
  for (guint i = 0; i < PF_GS_LISTENER_CONNS; i++) {
    const PfGsConn *c = &l->conns[i];

    if (c->state != FREE)
      polls[n++] = (struct pollfd){ .fd = c->fd,
        .events = c->state == WRITING   ? POLLOUT
                  : c->state == WAITING ? 0
                                        : POLLIN };
  }
  return n;
}

static void
serve_conn (PfGsConn *c, guint64 now)
{
  switch (c->state) {
  case READING:
    read_request (c, now);
    break;
  case WAITING: /* only errors are polled for */
    drop (c);
    break;
  case WRITING:
    write_answer (c, now);
    break;
  case LINGERING:
    linger (c);
    break;
  default:
    break;
  }
}

void
pf_gs_listener_serve (
    PfGsListener *l, const struct pollfd *polls, guint n, guint64 now)
{
  for (guint i = 0; i < PF_GS_LISTENER_CONNS; i++) {
    PfGsConn *c = &l->conns[i];

    /* descriptors are not used anew before this is over */
    for (guint j = 1; j < n && c->state != FREE; j++)
      if (polls[j].fd == c->fd) {
        if (polls[j].revents)
          serve_conn (c, now);
        break;
      }
    if (c->state != FREE && now >= c->deadline) {
      l->n.late += c->state != LINGERING;
      drop (c);
    }
  }
  if (n > 0 && polls[0].revents)
    accept_some (l, now);
}

guint64
pf_gs_listener_wake (const PfGsListener *l)
{
  guint64 at = l->paused_until ? l->paused_until : PF_NEVER;

  for (guint i = 0; i < PF_GS_LISTENER_CONNS; i++)
    if (l->conns[i].state != FREE)
      at = pf_earlier (at, l->conns[i].deadline);
  return at;
}

guint
pf_gs_listener_port (const PfGsListener *l)
{
  return l->port;
}

void
pf_gs_listener_get_counters (
    const PfGsListener *l, PfGsListenerCounters *counters)
{
  *counters = l->n;
}
