/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* UDP sockets for plugins; see pf-socket.h. */
#define _GNU_SOURCE /* ppoll, sendmmsg, in6_pktinfo */
#include "pf-socket.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif

/* So often segments may turn out too large before they are given up. */
#define MAX_GSO_FAILURES 3

struct _PfSocket {
  int fd;
  int wake; /* eventfd */
  int family;
  PfSocketPath path;
  gsize too_large; /* segments of so many bytes and more; 0: none known */
  guint gso_failures;
  guint32 overflows;       /* as the kernel counts */
  guint16 port;            /* ours, in network order */
  const PfAddress *source; /* while a call sends from it; or NULL */
  PfSocketCounters n;
};

/* ---- Addresses ---------------------------------------------------------- */

/* This machine by definition (RFC 6761): that asks no server, and holds where
 * there is no /etc/hosts. */
static gboolean
is_localhost (const gchar *host)
{
  g_autofree gchar *name = g_ascii_strdown (host, -1);

  if (g_str_has_suffix (name, "."))
    name[strlen (name) - 1] = '\0';
  return g_str_equal (name, "localhost") ||
         g_str_has_suffix (name, ".localhost");
}

gboolean
pf_address_resolve (PfAddress *address, const gchar *host, guint port,
    int family, GError **error)
{
  struct addrinfo hints = { 0 }, *found = NULL;
  gchar *service = g_strdup_printf ("%u", port);
  int ret;

  hints.ai_family = family;
  hints.ai_socktype = SOCK_DGRAM;
  hints.ai_flags = AI_NUMERICSERV;
  if (!host || !*host) {
    host = NULL;
    hints.ai_flags |= AI_PASSIVE;
  } else if (is_localhost (host)) {
    host = family == AF_INET6 ? "::1" : "127.0.0.1";
  } else if (family == AF_INET6) {
    hints.ai_flags |= AI_V4MAPPED;
  }
  ret = getaddrinfo (host, service, &hints, &found);
  g_free (service);
  if (ret != 0) {
    g_set_error (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_FOUND,
        "%s: %s", host ? host : "any address", gai_strerror (ret));
    return FALSE;
  }
  memset (address, 0, sizeof *address);
  memcpy (&address->at, found->ai_addr, found->ai_addrlen);
  address->size = found->ai_addrlen;
  freeaddrinfo (found);
  return TRUE;
}

/* Where the port of "host:port" begins; NULL if there is none. A host with
 * several colons is an IPv6 address without a port. */
static const gchar *
find_port (const gchar *text)
{
  const gchar *colon = strrchr (text, ':');

  if (*text == '[') {
    const gchar *end = strchr (text, ']');

    return end && end[1] == ':' ? end + 2 : NULL;
  }
  return colon && strchr (text, ':') == colon ? colon + 1 : NULL;
}

gboolean
pf_address_parse (PfAddress *address, const gchar *text, guint port, int family,
    GError **error)
{
  const gchar *port_text = find_port (text);
  gsize n = port_text ? (gsize) (port_text - text) - 1 : strlen (text);
  guint64 number = port;
  gboolean ok;
  gchar *host;

  if (port_text &&
      !g_ascii_string_to_unsigned (port_text, 10, 1, 65535, &number, NULL)) {
    g_set_error (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS,
        "\"%s\" has no port from 1 to 65535", text);
    return FALSE;
  }
  if (n >= 2 && text[0] == '[' && text[n - 1] == ']')
    host = g_strndup (text + 1, n - 2);
  else
    host = g_strndup (text, n);
  if (*host) {
    ok = pf_address_resolve (address, host, (guint) number, family, error);
  } else {
    g_set_error (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS,
        "\"%s\" names no host", text);
    ok = FALSE;
  }
  g_free (host);
  return ok;
}

/* An address as IPv6 and its port; IPv4 is mapped. */
static void
normalize (const PfAddress *address, guint8 host[16], guint16 *port)
{
  if (address->at.ss_family == AF_INET6) {
    struct sockaddr_in6 a;

    memcpy (&a, &address->at, sizeof a);
    memcpy (host, &a.sin6_addr, 16);
    *port = g_ntohs (a.sin6_port);
  } else {
    struct sockaddr_in a;

    memcpy (&a, &address->at, sizeof a);
    memset (host, 0, 10);
    memset (host + 10, 0xff, 2);
    memcpy (host + 12, &a.sin_addr, 4);
    *port = g_ntohs (a.sin_port);
  }
}

void
pf_address_map (PfAddress *address)
{
  struct sockaddr_in6 a = { 0 };
  guint8 host[16];
  guint16 port;

  if (address->at.ss_family != AF_INET)
    return;
  normalize (address, host, &port);
  a.sin6_family = AF_INET6;
  a.sin6_port = g_htons (port);
  memcpy (&a.sin6_addr, host, sizeof host);
  memcpy (&address->at, &a, sizeof a);
  address->size = sizeof a;
}

gboolean
pf_address_matches (const PfAddress *address, const PfAddress *pattern)
{
  guint8 a[16], b[16];
  guint16 a_port, b_port;

  normalize (address, a, &a_port);
  normalize (pattern, b, &b_port);
  return memcmp (a, b, 16) == 0 && (b_port == 0 || a_port == b_port);
}

guint
pf_address_port (const PfAddress *address)
{
  guint8 host[16];
  guint16 port;

  normalize (address, host, &port);
  return port;
}

gchar *
pf_address_to_string (const PfAddress *address)
{
  const gboolean six = address->at.ss_family == AF_INET6;
  gchar host[NI_MAXHOST];

  if (getnameinfo ((const struct sockaddr *) &address->at, address->size, host,
          sizeof host, NULL, 0, NI_NUMERICHOST) != 0)
    return g_strdup ("(unknown)");
  return g_strdup_printf (
      six ? "[%s]:%u" : "%s:%u", host, pf_address_port (address));
}

/* ---- Sockets ------------------------------------------------------------ */

static void
set_errno (GError **error, const gchar *what, const PfAddress *address)
{
  const int e = errno;
  gchar *text = pf_address_to_string (address);

  g_set_error (error, GST_RESOURCE_ERROR,
      e == EADDRINUSE ? GST_RESOURCE_ERROR_BUSY
                      : GST_RESOURCE_ERROR_OPEN_READ_WRITE,
      "%s %s: %s", what, text, g_strerror (e));
  g_free (text);
}

static void
learn_port (PfSocket *s)
{
  PfAddress local;

  pf_socket_local (s, &local);
  if (local.size)
    s->port = g_htons ((guint16) pf_address_port (&local));
}

PfSocket *
pf_socket_new (const PfAddress *address, GError **error)
{
  PfSocket *s = g_new0 (PfSocket, 1);
  const int on = 1, off = 0;

  s->path = PF_SOCKET_SEGMENTS;
  s->family = address->at.ss_family;
  s->wake = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
  s->fd = socket (s->family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (s->wake < 0 || s->fd < 0) {
    set_errno (error, "no socket for", address);
    pf_socket_free (s);
    return NULL;
  }
  if (s->family == AF_INET6)
    setsockopt (s->fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  setsockopt (s->fd, SOL_SOCKET, SO_RXQ_OVFL, &on, sizeof on);
  if (bind (s->fd, (const struct sockaddr *) &address->at, address->size) < 0) {
    set_errno (error, "cannot bind to", address);
    pf_socket_free (s);
    return NULL;
  }
  learn_port (s);
  return s;
}

PfSocket *
pf_socket_dup (const PfSocket *other)
{
  PfSocket *s = g_new0 (PfSocket, 1);

  s->path = other->path;
  s->family = other->family;
  s->port = other->port;
  s->wake = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
  s->fd = fcntl (other->fd, F_DUPFD_CLOEXEC, 0);
  if (s->wake < 0 || s->fd < 0) {
    pf_socket_free (s);
    return NULL;
  }
  return s;
}

void
pf_socket_free (PfSocket *s)
{
  if (!s)
    return;
  if (s->fd >= 0)
    close (s->fd);
  if (s->wake >= 0)
    close (s->wake);
  g_free (s);
}

gboolean
pf_socket_connect (PfSocket *s, const PfAddress *address, GError **error)
{
  if (connect (s->fd, (const struct sockaddr *) &address->at, address->size) ==
      0)
    return TRUE;
  set_errno (error, "cannot connect to", address);
  return FALSE;
}

int
pf_socket_fd (const PfSocket *s)
{
  return s->fd;
}

void
pf_socket_local (const PfSocket *s, PfAddress *address)
{
  memset (address, 0, sizeof *address);
  address->size = sizeof address->at;
  if (getsockname (s->fd, (struct sockaddr *) &address->at, &address->size) < 0)
    address->size = 0;
}

const PfSocketCounters *
pf_socket_counters (const PfSocket *s)
{
  return &s->n;
}

/* The kernel takes twice of what is asked for, and tells so. */
static guint
set_buffer (PfSocket *s, int option, guint bytes)
{
  int value = (int) MIN (bytes, (guint) G_MAXINT / 2);
  socklen_t size = sizeof value;

  setsockopt (s->fd, SOL_SOCKET, option, &value, sizeof value);
  if (getsockopt (s->fd, SOL_SOCKET, option, &value, &size) < 0)
    return 0;
  return (guint) value / 2;
}

guint
pf_socket_set_send_buffer (PfSocket *s, guint bytes)
{
  return set_buffer (s, SO_SNDBUF, bytes);
}

guint
pf_socket_set_receive_buffer (PfSocket *s, guint bytes)
{
  return set_buffer (s, SO_RCVBUF, bytes);
}

guint
pf_socket_queued (const PfSocket *s)
{
  int bytes = 0;

  return ioctl (s->fd, SIOCOUTQ, &bytes) == 0 ? (guint) MAX (bytes, 0)
                                              : G_MAXUINT;
}

gboolean
pf_socket_set_dscp (PfSocket *s, guint dscp)
{
  const int tos = (int) (dscp << 2);

  /* an IPv6 socket may send IPv4 as well */
  if (setsockopt (s->fd, IPPROTO_IP, IP_TOS, &tos, sizeof tos) < 0 &&
      s->family == AF_INET)
    return FALSE;
  return s->family == AF_INET ||
         setsockopt (s->fd, IPPROTO_IPV6, IPV6_TCLASS, &tos, sizeof tos) == 0;
}

gboolean
pf_socket_set_dont_fragment (PfSocket *s, gboolean on)
{
  const int four = on ? IP_PMTUDISC_PROBE : IP_PMTUDISC_WANT;
  const int six = on ? IPV6_PMTUDISC_PROBE : IPV6_PMTUDISC_WANT;

  /* an IPv6 socket may send IPv4 as well */
  if (setsockopt (s->fd, IPPROTO_IP, IP_MTU_DISCOVER, &four, sizeof four) < 0 &&
      s->family == AF_INET)
    return FALSE;
  return s->family == AF_INET || setsockopt (s->fd, IPPROTO_IPV6,
                                     IPV6_MTU_DISCOVER, &six, sizeof six) == 0;
}

gboolean
pf_socket_set_tell_local (PfSocket *s, gboolean on)
{
  const int value = on;

  if (s->family == AF_INET6) /* IPv4 is told as a mapped address */
    return setsockopt (s->fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &value,
               sizeof value) == 0;
  return setsockopt (s->fd, IPPROTO_IP, IP_PKTINFO, &value, sizeof value) == 0;
}

void
pf_socket_set_path (PfSocket *s, PfSocketPath path)
{
  s->path = path;
}

PfSocketPath
pf_socket_get_path (const PfSocket *s)
{
  return s->path;
}

gboolean
pf_socket_set_gro (PfSocket *s, gboolean on)
{
  const int value = on;

  return setsockopt (s->fd, IPPROTO_UDP, UDP_GRO, &value, sizeof value) == 0;
}

void
pf_socket_wake (PfSocket *s)
{
  const guint64 one = 1;

  if (write (s->wake, &one, sizeof one) < 0)
    g_assert (errno == EAGAIN); /* full, so awake already */
}

void
pf_socket_clear_wake (PfSocket *s)
{
  guint64 n;

  if (read (s->wake, &n, sizeof n) < 0)
    g_assert (errno == EAGAIN); /* was not awake */
}

static PfSocketEvent
wait_for (PfSocket *s, short events, gint64 timeout_us)
{
  struct pollfd fds[2] = { { s->fd, events, 0 }, { s->wake, POLLIN, 0 } };
  struct timespec t = { timeout_us / G_USEC_PER_SEC,
    timeout_us % G_USEC_PER_SEC * 1000 };
  const int n = ppoll (fds, 2, timeout_us < 0 ? NULL : &t, NULL);

  if (n < 0) /* interrupted: as good as nothing */
    return PF_SOCKET_TIMEOUT;
  if (fds[1].revents)
    return PF_SOCKET_WOKEN;
  return n == 0 ? PF_SOCKET_TIMEOUT : PF_SOCKET_READY;
}

PfSocketEvent
pf_socket_wait (PfSocket *s, gint64 timeout_us)
{
  return wait_for (s, POLLIN, timeout_us);
}

/* ---- Sending ------------------------------------------------------------ */

/* What to do after a call failed with this error. */
typedef enum { ONCE_MORE, GIVE_UP } Then;

/* An ICMP error tells of a packet before; the call it comes with sent
 * nothing, and deserves another try. */
static gboolean
is_of_the_past (int error)
{
  return error == ECONNREFUSED || error == EHOSTUNREACH ||
         error == ENETUNREACH || error == EHOSTDOWN;
}

static Then
after_error (PfSocket *s, int error, gboolean *retried)
{
  if (error == EINTR)
    return ONCE_MORE;
  if (error == EAGAIN) {
    if (wait_for (s, POLLOUT, PF_SOCKET_SEND_WAIT_MS * 1000) == PF_SOCKET_READY)
      return ONCE_MORE;
  } else if (is_of_the_past (error) && !*retried) {
    s->n.errors++;
    *retried = TRUE;
    return ONCE_MORE;
  }
  s->n.errors++;
  return GIVE_UP;
}

static void
count_sent (PfSocket *s, const struct iovec *packets, guint n, gboolean gso)
{
  for (guint i = 0; i < n; i++)
    s->n.bytes += packets[i].iov_len;
  s->n.packets += n;
  if (gso)
    s->n.gso_packets += n;
}

/* How many of the packets can go as segments of one call: all of one size,
 * but the last may be shorter. */
static guint
segments_of (const struct iovec *packets, guint n)
{
  const gsize size = packets[0].iov_len;
  guint most = PF_SOCKET_MAX_SEGMENTS, i;

  if (size == 0)
    return 1;
  if (most > PF_SOCKET_MAX_DATAGRAM / size)
    most = (guint) (PF_SOCKET_MAX_DATAGRAM / size);
  if (most > n)
    most = n;
  for (i = 1; i < most; i++)
    if (packets[i].iov_len != size)
      return packets[i].iov_len < size && packets[i].iov_len > 0 ? i + 1 : i;
  return MAX (most, 1);
}

/* Packets next to one another become one piece; how many are left. */
static guint
join (const struct iovec *packets, guint n, struct iovec *pieces)
{
  guint at = 0;

  pieces[0] = packets[0];
  for (guint i = 1; i < n; i++) {
    struct iovec *last = &pieces[at];

    if ((guint8 *) last->iov_base + last->iov_len == packets[i].iov_base)
      last->iov_len += packets[i].iov_len;
    else
      pieces[++at] = packets[i];
  }
  return at + 1;
}

/* What the error of a call with segments says about segments: nothing, that
 * these are too large for the path, or that there are none. */
static gboolean
learn (PfSocket *s, int error, gsize segment)
{
  switch (error) {
  case EINVAL:
  case EMSGSIZE:
    s->too_large = segment;
    if (++s->gso_failures >= MAX_GSO_FAILURES)
      s->path = PF_SOCKET_BATCH;
    return TRUE;
  case EIO:
  case ENOPROTOOPT:
  case EOPNOTSUPP:
    s->path = PF_SOCKET_BATCH;
    return TRUE;
  default:
    return FALSE;
  }
}

/* What goes with a message: of what size segments are, and which of our
 * addresses it comes from. */
typedef union {
  struct cmsghdr header;
  guint8 bytes[CMSG_SPACE (sizeof (guint16)) +
               CMSG_SPACE (sizeof (struct in6_pktinfo))];
} Control;

static void
add_control (struct msghdr *m, Control *c, int level, int type,
    gconstpointer of, gsize n)
{
  struct cmsghdr header = { 0 };
  guint8 *at = c->bytes + m->msg_controllen;

  header.cmsg_level = level;
  header.cmsg_type = type;
  header.cmsg_len = CMSG_LEN (n);
  memcpy (at, &header, sizeof header);
  memcpy (at + CMSG_LEN (0), of, n);
  m->msg_control = c;
  m->msg_controllen += CMSG_SPACE (n);
}

static void
add_source (const PfSocket *s, struct msghdr *m, Control *c)
{
  if (!s->source)
    return;
  if (s->source->at.ss_family == AF_INET6) {
    struct in6_pktinfo info = { 0 };
    struct sockaddr_in6 a;

    memcpy (&a, &s->source->at, sizeof a);
    info.ipi6_addr = a.sin6_addr;
    info.ipi6_ifindex = a.sin6_scope_id;
    add_control (m, c, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof info);
  } else {
    struct in_pktinfo info = { 0 };
    struct sockaddr_in a;

    memcpy (&a, &s->source->at, sizeof a);
    info.ipi_spec_dst = a.sin_addr;
    add_control (m, c, IPPROTO_IP, IP_PKTINFO, &info, sizeof info);
  }
}

/* 0 or an errno. */
static int
send_segments (
    PfSocket *s, const PfAddress *to, const struct iovec *packets, guint n)
{
  struct iovec pieces[PF_SOCKET_MAX_SEGMENTS];
  Control control = { 0 };
  const guint16 size = (guint16) packets[0].iov_len;
  struct msghdr m = { 0 };
  gboolean retried = FALSE;

  if (to) {
    m.msg_name = (gpointer) &to->at;
    m.msg_namelen = to->size;
  }
  m.msg_iov = pieces;
  m.msg_iovlen = join (packets, n, pieces);
  if (n > 1)
    add_control (&m, &control, IPPROTO_UDP, UDP_SEGMENT, &size, sizeof size);
  add_source (s, &m, &control);
  for (;;) {
    int error;

    s->n.syscalls++;
    if (sendmsg (s->fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) {
      count_sent (s, packets, n, n > 1);
      return 0;
    }
    error = errno;
    if (n > 1 && learn (s, error, size)) {
      s->n.errors++;
      return error;
    }
    if (after_error (s, error, &retried) == GIVE_UP)
      return error;
  }
}

/* Sends up to so many packets one a message; how many were dealt with. */
static guint
send_batch (PfSocket *s, const PfAddress *to, const struct iovec *packets,
    guint n, int *error)
{
  struct mmsghdr m[PF_SOCKET_MAX_SEGMENTS];
  struct iovec pieces[PF_SOCKET_MAX_SEGMENTS];
  Control control = { 0 };
  gboolean retried = FALSE;
  int sent;

  n = MIN (n, PF_SOCKET_MAX_SEGMENTS);
  memset (m, 0, n * sizeof *m);
  for (guint i = 0; i < n; i++) {
    pieces[i] = packets[i];
    m[i].msg_hdr.msg_iov = &pieces[i];
    m[i].msg_hdr.msg_iovlen = 1;
    if (to) {
      m[i].msg_hdr.msg_name = (gpointer) &to->at;
      m[i].msg_hdr.msg_namelen = to->size;
    }
    add_source (s, &m[i].msg_hdr, &control); /* the same for all */
  }
  do {
    s->n.syscalls++;
    sent = sendmmsg (s->fd, m, n, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent > 0) {
      count_sent (s, packets, (guint) sent, FALSE);
      return (guint) sent;
    }
    if (sent < 0 && errno == ENOSYS) {
      s->path = PF_SOCKET_SINGLE;
      return 0;
    }
    *error = errno;
  } while (after_error (s, *error, &retried) == ONCE_MORE);
  /* the first is the one that failed; if there is no room, all did */
  n = *error == EAGAIN ? n : 1;
  s->n.dropped += n;
  return n;
}

/* How many packets do not go as segments, from the first on. */
static guint
plain_run (const PfSocket *s, const struct iovec *packets, guint n)
{
  guint i = 1;

  if (s->path == PF_SOCKET_SINGLE)
    return 1;
  if (s->path == PF_SOCKET_BATCH)
    return n;
  while (i < n && s->too_large && packets[i].iov_len >= s->too_large)
    i++;
  return i;
}

/* How many of the packets go in the next call. */
static guint
next_run (const PfSocket *s, const struct iovec *packets, guint n)
{
  const gsize size = packets[0].iov_len;
  guint run = 1;

  if (s->path == PF_SOCKET_SEGMENTS && (!s->too_large || size < s->too_large))
    run = segments_of (packets, n);
  return run;
}

guint
pf_socket_send (PfSocket *s, const PfAddress *to, const struct iovec *packets,
    guint n, int *error)
{
  const guint64 before = s->n.packets;
  guint at = 0;
  int last = 0;

  while (at < n && last != EAGAIN) {
    guint run = next_run (s, packets + at, n - at);
    int e;

    if (run == 1)
      run = plain_run (s, packets + at, n - at);
    else if ((e = send_segments (s, to, packets + at, run)) == 0) {
      at += run;
      continue;
    } else {
      last = e;
      if (next_run (s, packets + at, n - at) != run)
        continue; /* another way */
      s->n.dropped += run;
      at += run;
      continue;
    }
    if (run > 1) {
      at += send_batch (s, to, packets + at, run, &last);
      continue;
    }
    e = send_segments (s, to, packets + at, 1);
    if (e) {
      last = e;
      s->n.dropped++;
    }
    at++;
  }
  s->n.dropped += n - at; /* there is no room, and waiting was of no use */
  if (error)
    *error = last;
  return (guint) (s->n.packets - before);
}

guint
pf_socket_send_from (PfSocket *s, const PfAddress *to, const PfAddress *from,
    const struct iovec *packets, guint n, int *error)
{
  guint sent;

  s->source = from && from->size ? from : NULL;
  sent = pf_socket_send (s, to, packets, n, error);
  s->source = NULL;
  return sent;
}

/* ---- Receiving ---------------------------------------------------------- */

static void
read_local_6 (const PfSocket *s, const struct cmsghdr *c, PfAddress *to)
{
  struct sockaddr_in6 a = { 0 };
  struct in6_pktinfo info;

  memcpy (&info, CMSG_DATA (c), sizeof info);
  a.sin6_family = AF_INET6;
  a.sin6_port = s->port;
  a.sin6_addr = info.ipi6_addr;
  if (IN6_IS_ADDR_LINKLOCAL (&a.sin6_addr))
    a.sin6_scope_id = info.ipi6_ifindex;
  memcpy (&to->at, &a, sizeof a);
  to->size = sizeof a;
}

static void
read_local_4 (const PfSocket *s, const struct cmsghdr *c, PfAddress *to)
{
  struct sockaddr_in a = { 0 };
  struct in_pktinfo info;

  memcpy (&info, CMSG_DATA (c), sizeof info);
  a.sin_family = AF_INET;
  a.sin_port = s->port;
  a.sin_addr = info.ipi_addr;
  memcpy (&to->at, &a, sizeof a);
  to->size = sizeof a;
}

static void
read_control (PfSocket *s, struct msghdr *m, PfReceived *received)
{
  for (struct cmsghdr *c = CMSG_FIRSTHDR (m); c; c = CMSG_NXTHDR (m, c)) {
    if (c->cmsg_level == IPPROTO_UDP && c->cmsg_type == UDP_GRO &&
        c->cmsg_len >= CMSG_LEN (sizeof (int))) {
      int size;

      memcpy (&size, CMSG_DATA (c), sizeof size);
      if (size > 0 && (gsize) size < received->size)
        received->segment = (gsize) size;
    } else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_RXQ_OVFL &&
               c->cmsg_len >= CMSG_LEN (sizeof (guint32))) {
      guint32 n;

      memcpy (&n, CMSG_DATA (c), sizeof n);
      s->n.overflows += n - s->overflows; /* also when it wraps */
      s->overflows = n;
    } else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO &&
               c->cmsg_len >= CMSG_LEN (sizeof (struct in6_pktinfo))) {
      read_local_6 (s, c, &received->to);
    } else if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO &&
               c->cmsg_len >= CMSG_LEN (sizeof (struct in_pktinfo))) {
      read_local_4 (s, c, &received->to);
    }
  }
}

int
pf_socket_receive (PfSocket *s, gpointer to, gsize room, PfReceived *received)
{
  struct iovec piece = { to, room };
  union {
    struct cmsghdr header;
    guint8 bytes[CMSG_SPACE (sizeof (int)) + CMSG_SPACE (sizeof (guint32)) +
                 CMSG_SPACE (sizeof (struct in6_pktinfo))];
  } control;
  struct msghdr m = { 0 };
  ssize_t n;
  guint packets;

  m.msg_name = &received->from.at;
  m.msg_namelen = sizeof received->from.at;
  m.msg_iov = &piece;
  m.msg_iovlen = 1;
  m.msg_control = &control;
  m.msg_controllen = sizeof control;
  s->n.syscalls++;
  n = recvmsg (s->fd, &m, MSG_DONTWAIT);
  if (n < 0) {
    if (errno == EAGAIN || errno == EINTR)
      return 0;
    s->n.errors++;
    return -errno;
  }
  received->from.size = m.msg_namelen;
  received->to.size = 0;
  received->size = received->segment = (gsize) n;
  read_control (s, &m, received);
  packets = n == 0 ? 1
                   : (guint) ((received->size + received->segment - 1) /
                              received->segment);
  s->n.received += packets;
  s->n.received_bytes += received->size;
  if (packets > 1)
    s->n.gro_packets += packets;
  return 1;
}
