/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Sockets of pf-forward; see forward-net.h. */
#define _GNU_SOURCE /* recvmmsg, sendmmsg */
#include "forward-net.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define BATCH 64
#define MESSAGE_ROOM 65536
#define SOCKET_BUFFER (16 << 20)
#define SEND_WAIT_MS 20
#define NO_TIMER UINT64_MAX

typedef struct Flow Flow;

typedef struct {
  Flow *flow; /* NULL: a listening socket */
  size_t map;
} Watch;

typedef struct {
  int fd;
  ForwardAddress target;
  Watch watch;
  uint32_t overflows;
} Map;

struct Flow {
  int fd;
  size_t map;
  ForwardAddress client;
  ForwardFlow state[2];
  Watch watch;
  uint32_t overflows;
};

/* Packets that leave by one socket. */
typedef struct {
  int fd;
  unsigned n;
  struct mmsghdr messages[BATCH];
  struct iovec parts[BATCH];
  ForwardPacket *packets[BATCH];
} Batch;

struct ForwardNet {
  int epoll, timer;
  uint64_t seed, timer_at;
  ForwardChannel channel[2];
  ForwardAddress from[2]; /* IPv4, IPv6; size 0: any */
  Map maps[FORWARD_MAX_MAPS];
  size_t n_maps;
  Flow *flows[FORWARD_MAX_FLOWS];
  size_t n_flows, last_flow;
  ForwardNetCounters n;
  Watch timer_watch;
  Batch out;
  struct mmsghdr in[BATCH];
  struct iovec in_parts[BATCH];
  struct sockaddr_storage in_from[BATCH];
  union {
    struct cmsghdr align;
    char bytes[CMSG_SPACE (sizeof (uint32_t))];
  } in_control[BATCH];
  uint8_t in_bytes[BATCH][MESSAGE_ROOM];
};

uint64_t
forward_now (void)
{
  struct timespec t;

  clock_gettime (CLOCK_MONOTONIC, &t);
  return (uint64_t) t.tv_sec * 1000000000u + (uint64_t) t.tv_nsec;
}

/* ---- Addresses ---------------------------------------------------------- */

void
forward_address_set_port (ForwardAddress *address, unsigned port)
{
  if (address->at.ss_family == AF_INET6)
    ((struct sockaddr_in6 *) &address->at)->sin6_port = htons ((uint16_t) port);
  else
    ((struct sockaddr_in *) &address->at)->sin_port = htons ((uint16_t) port);
}

unsigned
forward_address_port (const ForwardAddress *address)
{
  return ntohs (address->at.ss_family == AF_INET6
                    ? ((const struct sockaddr_in6 *) &address->at)->sin6_port
                    : ((const struct sockaddr_in *) &address->at)->sin_port);
}

void
forward_address_format (const ForwardAddress *address, char *text, size_t size)
{
  char host[NI_MAXHOST];

  if (getnameinfo ((const struct sockaddr *) &address->at, address->size, host,
          sizeof host, NULL, 0, NI_NUMERICHOST) != 0)
    snprintf (host, sizeof host, "?");
  snprintf (text, size, address->at.ss_family == AF_INET6 ? "[%s]:%u" : "%s:%u",
      host, forward_address_port (address));
}

/* "N" or "N-M". */
static int
parse_ports (const char *text, unsigned *first, unsigned *n)
{
  unsigned long low, high;
  char *end;

  if (*text < '0' || *text > '9')
    return -1;
  low = high = strtoul (text, &end, 10);
  if (*end == '-' && end[1] >= '0' && end[1] <= '9')
    high = strtoul (end + 1, &end, 10);
  if (*end != '\0' || low > 65535 || high > 65535 || high < low ||
      (low == 0 && high > 0))
    return -1;
  *first = (unsigned) low;
  *n = (unsigned) (high - low + 1);
  return 0;
}

int
forward_address_parse (
    ForwardAddress *address, unsigned *ports, const char *text)
{
  struct addrinfo hints = { 0 }, *found = NULL;
  const char *port = NULL;
  char host[64];
  unsigned first = 0, n = 1;
  size_t length = strlen (text);

  if (ports != NULL) {
    port = strrchr (text, ':');
    if (port == NULL || parse_ports (port + 1, &first, &n) != 0)
      return -1;
    length = (size_t) (port - text);
  }
  if (length >= 2 && text[0] == '[' && text[length - 1] == ']') {
    text++;
    length -= 2;
  }
  if (length == 0 || length >= sizeof host)
    return -1;
  memcpy (host, text, length);
  host[length] = '\0';
  hints.ai_flags = AI_NUMERICHOST;
  hints.ai_socktype = SOCK_DGRAM;
  if (getaddrinfo (host, NULL, &hints, &found) != 0)
    return -1;
  memset (address, 0, sizeof *address);
  memcpy (&address->at, found->ai_addr, found->ai_addrlen);
  address->size = found->ai_addrlen;
  freeaddrinfo (found);
  forward_address_set_port (address, first);
  if (ports != NULL)
    *ports = n;
  return 0;
}

static bool
same_address (const ForwardAddress *a, const void *b, socklen_t size)
{
  return a->size == size && memcmp (&a->at, b, size) == 0;
}

/* ---- Making ------------------------------------------------------------- */

static int
watch (ForwardNet *net, int fd, Watch *what)
{
  struct epoll_event event = { .events = EPOLLIN, .data.ptr = what };

  return epoll_ctl (net->epoll, EPOLL_CTL_ADD, fd, &event);
}

/* A socket; -1 and errno. */
static int
open_socket (const ForwardAddress *bound)
{
  const int on = 1, size = SOCKET_BUFFER;
  int fd = socket (
      bound->at.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

  if (fd < 0)
    return -1;
  /* Only root gets past the kernel's limit; the rest takes what there is. */
  if (setsockopt (fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) != 0)
    (void) setsockopt (fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
  (void) setsockopt (fd, SOL_SOCKET, SO_RXQ_OVFL, &on, sizeof on);
  if (bound->at.ss_family == AF_INET6)
    (void) setsockopt (fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  if (bind (fd, (const struct sockaddr *) &bound->at, bound->size) != 0) {
    const int error = errno;

    close (fd);
    errno = error;
    return -1;
  }
  return fd;
}

ForwardNet *
forward_net_new (uint64_t seed)
{
  ForwardNet *net = calloc (1, sizeof *net);

  if (net == NULL)
    return NULL;
  net->seed = seed;
  net->timer_at = NO_TIMER;
  net->epoll = epoll_create1 (EPOLL_CLOEXEC);
  net->timer = timerfd_create (CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  forward_channel_init (&net->channel[FORWARD_UP], NULL);
  forward_channel_init (&net->channel[FORWARD_DOWN], NULL);
  if (net->epoll < 0 || net->timer < 0 ||
      watch (net, net->timer, &net->timer_watch) != 0) {
    forward_net_free (net);
    return NULL;
  }
  for (int i = 0; i < BATCH; i++) {
    net->in_parts[i].iov_base = net->in_bytes[i];
    net->in_parts[i].iov_len = MESSAGE_ROOM;
    net->in[i].msg_hdr.msg_iov = &net->in_parts[i];
    net->in[i].msg_hdr.msg_iovlen = 1;
    net->in[i].msg_hdr.msg_name = &net->in_from[i];
    net->in[i].msg_hdr.msg_control = net->in_control[i].bytes;
  }
  return net;
}

void
forward_net_free (ForwardNet *net)
{
  if (net == NULL)
    return;
  for (size_t i = 0; i < net->n_flows; i++) {
    forward_flow_clear (&net->flows[i]->state[0], &net->channel[0]);
    forward_flow_clear (&net->flows[i]->state[1], &net->channel[1]);
    close (net->flows[i]->fd);
    free (net->flows[i]);
  }
  for (size_t i = 0; i < net->n_maps; i++)
    close (net->maps[i].fd);
  forward_channel_clear (&net->channel[0]);
  forward_channel_clear (&net->channel[1]);
  if (net->timer >= 0)
    close (net->timer);
  if (net->epoll >= 0)
    close (net->epoll);
  free (net);
}

void
forward_net_set_from (ForwardNet *net, const ForwardAddress *from)
{
  net->from[from->at.ss_family == AF_INET6] = *from;
}

int
forward_net_add_map (
    ForwardNet *net, ForwardAddress *listen, const ForwardAddress *target)
{
  Map *map = &net->maps[net->n_maps];

  if (net->n_maps == FORWARD_MAX_MAPS) {
    errno = EMFILE;
    return -1;
  }
  map->fd = open_socket (listen);
  if (map->fd < 0)
    return -1;
  map->target = *target;
  map->watch.map = net->n_maps++;
  if (watch (net, map->fd, &map->watch) != 0)
    return -1;
  return getsockname (map->fd, (struct sockaddr *) &listen->at, &listen->size);
}

/* A socket toward the flow's target. */
static int
connect_flow (ForwardNet *net, Flow *flow)
{
  const ForwardAddress *target = &net->maps[flow->map].target;
  ForwardAddress from = net->from[target->at.ss_family == AF_INET6];
  int fd;

  if (from.size == 0) {
    from.at.ss_family = target->at.ss_family;
    from.size = target->size;
  }
  fd = open_socket (&from);
  if (fd < 0)
    return -1;
  if (connect (fd, (const struct sockaddr *) &target->at, target->size) != 0 ||
      watch (net, fd, &flow->watch) != 0) {
    close (fd);
    return -1;
  }
  if (flow->fd >= 0)
    close (flow->fd);
  flow->fd = fd;
  flow->overflows = 0;
  return 0;
}

static Flow *
new_flow (ForwardNet *net, size_t map, const void *client, socklen_t size)
{
  Flow *flow;

  if (net->n_flows == FORWARD_MAX_FLOWS)
    return NULL;
  flow = calloc (1, sizeof *flow);
  if (flow == NULL)
    return NULL;
  flow->fd = -1;
  flow->map = map;
  memcpy (&flow->client.at, client, size);
  flow->client.size = size;
  flow->watch.flow = flow;
  flow->watch.map = map;
  forward_flow_init (&flow->state[FORWARD_UP], net->seed, 2 * net->n_flows);
  forward_flow_init (
      &flow->state[FORWARD_DOWN], net->seed, 2 * net->n_flows + 1);
  if (connect_flow (net, flow) != 0) {
    free (flow);
    return NULL;
  }
  net->flows[net->n_flows++] = flow;
  net->n.flows++;
  return flow;
}

static Flow *
find_flow (ForwardNet *net, size_t map, const void *client, socklen_t size)
{
  for (size_t i = 0; i < net->n_flows; i++) {
    const size_t at = (net->last_flow + i) % net->n_flows;
    Flow *flow = net->flows[at];

    if (flow->map == map && same_address (&flow->client, client, size)) {
      net->last_flow = at;
      return flow;
    }
  }
  return new_flow (net, map, client, size);
}

void
forward_net_rebind (ForwardNet *net)
{
  for (size_t i = 0; i < net->n_flows; i++)
    if (connect_flow (net, net->flows[i]) != 0)
      net->n.send_errors++;
  net->n.rebinds++;
}

void
forward_net_set_spec (
    ForwardNet *net, ForwardDirection direction, const ForwardSpec *spec)
{
  net->channel[direction].spec = *spec;
}

/* ---- Sending ------------------------------------------------------------ */

/* One that does not get out is lost; an ICMP error takes one try. */
static void
flush_batch (ForwardNet *net)
{
  Batch *out = &net->out;
  unsigned done = 0, refused = 0;

  while (done < out->n) {
    const int ret = sendmmsg (out->fd, &out->messages[done], out->n - done, 0);

    if (ret > 0) {
      done += (unsigned) ret;
      refused = 0;
    } else if (errno == EAGAIN || errno == ENOBUFS) {
      struct pollfd wait = { .fd = out->fd, .events = POLLOUT };

      if (poll (&wait, 1, SEND_WAIT_MS) <= 0 || errno == ENOBUFS) {
        net->n.send_errors++;
        done++;
      }
    } else if (errno != EINTR) {
      net->n.send_errors++;
      done += refused++ > 0;
    }
  }
  for (unsigned i = 0; i < out->n; i++)
    free (out->packets[i]);
  out->n = 0;
}

static void
add_to_batch (
    ForwardNet *net, ForwardDirection direction, ForwardPacket *packet)
{
  Flow *flow = packet->owner;
  const int fd = direction == FORWARD_UP ? flow->fd : net->maps[flow->map].fd;
  Batch *out = &net->out;
  struct msghdr *header;

  if (out->n == BATCH || (out->n > 0 && out->fd != fd))
    flush_batch (net);
  out->fd = fd;
  out->packets[out->n] = packet;
  out->parts[out->n].iov_base = packet->bytes;
  out->parts[out->n].iov_len = packet->size;
  header = &out->messages[out->n].msg_hdr;
  memset (header, 0, sizeof *header);
  header->msg_iov = &out->parts[out->n++];
  header->msg_iovlen = 1;
  if (direction == FORWARD_DOWN) {
    header->msg_name = &flow->client.at;
    header->msg_namelen = flow->client.size;
  }
}

static void
send_due (ForwardNet *net)
{
  const uint64_t now = forward_now ();
  ForwardPacket *packet;

  for (int i = 0; i < 2; i++) {
    while ((packet = forward_channel_take (&net->channel[i], now)) != NULL)
      add_to_batch (net, (ForwardDirection) i, packet);
    flush_batch (net);
  }
}

/* ---- Receiving ---------------------------------------------------------- */

/* The kernel's count of what it dropped comes with a packet. */
static void
count_overflows (ForwardNet *net, const struct msghdr *header, uint32_t *known)
{
  const struct cmsghdr *c = CMSG_FIRSTHDR (header);
  uint32_t n;

  if (c == NULL || c->cmsg_level != SOL_SOCKET || c->cmsg_type != SO_RXQ_OVFL)
    return;
  memcpy (&n, CMSG_DATA (c), sizeof n);
  net->n.overflows += n - *known;
  *known = n;
}

static int
receive (ForwardNet *net, int fd)
{
  int n;

  for (int i = 0; i < BATCH; i++) {
    net->in[i].msg_hdr.msg_namelen = sizeof net->in_from[i];
    net->in[i].msg_hdr.msg_controllen = sizeof net->in_control[i].bytes;
  }
  n = recvmmsg (fd, net->in, BATCH, MSG_DONTWAIT, NULL);
  if (n < 0 && errno != EAGAIN && errno != EINTR)
    net->n.receive_errors++; /* an ICMP error, told once */
  return n;
}

static int
take (ForwardNet *net, Watch *from)
{
  Map *map = &net->maps[from->map];
  Flow *flow = from->flow;
  const ForwardDirection direction = flow ? FORWARD_DOWN : FORWARD_UP;
  const int n = receive (net, flow ? flow->fd : map->fd);
  const uint64_t now = forward_now ();

  for (int i = 0; i < n; i++) {
    const struct msghdr *header = &net->in[i].msg_hdr;

    count_overflows (
        net, header, from->flow ? &from->flow->overflows : &map->overflows);
    if (direction == FORWARD_UP)
      flow = find_flow (net, from->map, &net->in_from[i], header->msg_namelen);
    if (flow == NULL) {
      net->n.refused++;
      continue;
    }
    if (!forward_channel_put (&net->channel[direction], &flow->state[direction],
            flow, now, net->in_bytes[i], net->in[i].msg_len)) {
      errno = ENOMEM;
      return -1;
    }
  }
  return 0;
}

/* ---- Time --------------------------------------------------------------- */

/* What was kept for later packets that did not come; when the next is. */
static uint64_t
release_held (ForwardNet *net)
{
  const uint64_t now = forward_now ();
  uint64_t next = FORWARD_NEVER, at;

  for (size_t i = 0; i < net->n_flows; i++)
    for (int d = 0; d < 2; d++) {
      ForwardFlow *state = &net->flows[i]->state[d];

      if (state->n_held == 0)
        continue;
      forward_channel_release (&net->channel[d], state, now);
      at = forward_flow_next (state);
      next = at < next ? at : next;
    }
  return next;
}

static int
set_timer (ForwardNet *net, uint64_t at)
{
  struct itimerspec when = { 0 };

  if (at == net->timer_at)
    return 0;
  net->timer_at = at;
  if (at != FORWARD_NEVER) {
    when.it_value.tv_sec = (time_t) (at / 1000000000u);
    when.it_value.tv_nsec = (long) (at % 1000000000u) + (at == 0);
  }
  return timerfd_settime (net->timer, TFD_TIMER_ABSTIME, &when, NULL);
}

/* ---- Work --------------------------------------------------------------- */

int
forward_net_fd (const ForwardNet *net)
{
  return net->epoll;
}

int
forward_net_work (ForwardNet *net)
{
  struct epoll_event events[32];
  const int n = epoll_wait (net->epoll, events, 32, 0);
  uint64_t next;

  if (n < 0)
    return errno == EINTR ? 0 : -1;
  for (int i = 0; i < n; i++) {
    Watch *from = events[i].data.ptr;

    if (from == &net->timer_watch) {
      uint64_t expired;

      if (read (net->timer, &expired, sizeof expired) > 0)
        net->timer_at = NO_TIMER;
    } else if (take (net, from) != 0) {
      return -1;
    }
    send_due (net);
  }
  next = release_held (net);
  send_due (net);
  for (int i = 0; i < 2; i++) {
    const uint64_t at = forward_channel_next (&net->channel[i]);

    next = at < next ? at : next;
  }
  return set_timer (net, next);
}

const ForwardCounters *
forward_net_counters (const ForwardNet *net, ForwardDirection direction)
{
  return &net->channel[direction].n;
}

const ForwardNetCounters *
forward_net_own_counters (const ForwardNet *net)
{
  return &net->n;
}
