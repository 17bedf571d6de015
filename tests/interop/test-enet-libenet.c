/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Our ENet against Debian's libenet over loopback, either of them as the host,
 * on a good line and on one that loses. Datagrams are dropped on their way in
 * and out of our socket.
 */
#include <enet/enet.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "pf-enet.h"
#include "pf-test.h"

enum { CHANNELS = 5, N_MESSAGES = 300, DATA = 0x0badcafe, LIMIT_S = 20 };

typedef struct {
  bool connected, closed;
  uint32_t data; /* of the connection, then of its end */
  unsigned n_channels;
  unsigned n_got[4];                  /* by kind */
  uint32_t next[CHANNELS][4];         /* by channel and kind */
  uint8_t seen[CHANNELS][N_MESSAGES]; /* unsequenced ones */
  uint32_t sent[CHANNELS][4];
} Side;

static struct {
  unsigned loss_percent;
  int fd;
  PfPeerAddress other;
  PfEnet *enet;
  PfEnetPeer *peer;
  ENetHost *host; /* libenet's, server or client */
  ENetPeer *their;
  Side ours, theirs;
} t;

static uint64_t
now_ns (void)
{
  struct timespec ts;

  clock_gettime (CLOCK_MONOTONIC, &ts);
  return (uint64_t) ts.tv_sec * 1000 * PF_MS + (uint64_t) ts.tv_nsec;
}

/* ---- Messages ----------------------------------------------------------- */

/* Number, kind, then bytes that follow from both. */
static void
fill (uint8_t *bytes, size_t size, uint32_t number, PfEnetKind kind)
{
  for (size_t i = 0; i < size; i++)
    bytes[i] = (uint8_t) (number * 13 + i * 5 + kind);
  memcpy (bytes, &number, sizeof number);
  bytes[4] = (uint8_t) kind;
}

static void
take (Side *from, Side *to, unsigned channel, const uint8_t *bytes, size_t size)
{
  static uint8_t expected[PF_ENET_MESSAGE_MAX];
  uint32_t number;
  PfEnetKind kind;

  PF_REQUIRE (channel < CHANNELS && size >= 5);
  memcpy (&number, bytes, sizeof number);
  kind = bytes[4];
  PF_REQUIRE (kind >= PF_ENET_RELIABLE && kind <= PF_ENET_UNSEQUENCED);
  PF_REQUIRE_UINT (number, <, from->sent[channel][kind]);
  fill (expected, size, number, kind);
  PF_CHECK_MEM (bytes, expected, size);
  if (kind == PF_ENET_RELIABLE)
    PF_CHECK_UINT (number, ==, to->next[channel][kind]);
  else if (kind == PF_ENET_UNRELIABLE)
    PF_CHECK_UINT (number, >=, to->next[channel][kind]);
  else
    PF_CHECK_UINT (to->seen[channel][number]++, ==, 0);
  to->next[channel][kind] = number + 1;
  to->n_got[kind]++;
}

static void
send_ours (unsigned channel, PfEnetKind kind, size_t size)
{
  static uint8_t bytes[PF_ENET_MESSAGE_MAX];

  fill (bytes, size, t.ours.sent[channel][kind]++, kind);
  PF_REQUIRE_INT (pf_enet_send (t.peer, channel, kind, bytes, size), ==, 0);
}

static void
send_theirs (unsigned channel, PfEnetKind kind, size_t size)
{
  static const uint32_t flags[] = { 0, ENET_PACKET_FLAG_RELIABLE,
    ENET_PACKET_FLAG_UNRELIABLE_FRAGMENT, ENET_PACKET_FLAG_UNSEQUENCED };
  ENetPacket *packet = enet_packet_create (NULL, size, flags[kind]);

  PF_REQUIRE (packet != NULL);
  fill (packet->data, size, t.theirs.sent[channel][kind]++, kind);
  PF_REQUIRE_INT (
      enet_peer_send (t.their, (enet_uint8) channel, packet), ==, 0);
}

/* ---- Both ends ---------------------------------------------------------- */

static bool
is_lost (void)
{
  return pf_test_random_below (100) < t.loss_percent;
}

static struct sockaddr_in
loopback (uint16_t port)
{
  return (struct sockaddr_in){ .sin_family = AF_INET,
    .sin_port = htons (port),
    .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
}

static void
receive (void)
{
  uint8_t bytes[65536];
  struct sockaddr_in from;
  socklen_t len = sizeof from;
  ssize_t n;

  while ((n = recvfrom (t.fd, bytes, sizeof bytes, MSG_DONTWAIT,
              (struct sockaddr *) &from, &len)) >= 0) {
    t.other = pf_peer_address_v4 (
        (const uint8_t *) &from.sin_addr, ntohs (from.sin_port));
    if (!is_lost ())
      pf_enet_input (t.enet, &t.other, bytes, (size_t) n, now_ns ());
  }
}

static void
serve_ours (void)
{
  PfEnetDatagram d;
  PfEnetEvent e;

  receive ();
  while (pf_enet_event (t.enet, now_ns (), &e)) {
    if (e.type == PF_ENET_CONNECTED) {
      t.ours.connected = true;
      t.ours.data = e.data;
      t.ours.n_channels = e.n_channels;
    } else if (e.type == PF_ENET_MESSAGE) {
      take (&t.theirs, &t.ours, e.channel, e.bytes, e.size);
    } else {
      t.ours.closed = true;
      t.ours.data = e.data;
    }
  }
  while (pf_enet_output (t.enet, now_ns (), &d)) {
    const struct sockaddr_in to = loopback (d.to.port);

    if (!is_lost ())
      PF_CHECK_INT (sendto (t.fd, d.bytes, d.size, 0,
                        (const struct sockaddr *) &to, sizeof to),
          ==, (ssize_t) d.size);
  }
}

static void
serve_theirs (void)
{
  ENetEvent e;

  while (enet_host_service (t.host, &e, 0) > 0) {
    if (e.type == ENET_EVENT_TYPE_CONNECT) {
      t.theirs.connected = true;
      t.theirs.data = e.data;
      t.theirs.n_channels = (unsigned) e.peer->channelCount;
      t.their = e.peer;
    } else if (e.type == ENET_EVENT_TYPE_RECEIVE) {
      take (&t.ours, &t.theirs, e.channelID, e.packet->data,
          e.packet->dataLength);
      enet_packet_destroy (e.packet);
    } else {
      t.theirs.closed = true;
      t.theirs.data = e.data;
    }
  }
}

/* Until it holds. */
static void
serve_until (bool (*holds) (void))
{
  const uint64_t end = now_ns () + LIMIT_S * 1000 * PF_MS;

  for (;;) {
    struct pollfd fds[2] = { { .fd = t.fd, .events = POLLIN },
      { .fd = t.host->socket, .events = POLLIN } };
    uint64_t now, wake;

    serve_ours ();
    serve_theirs ();
    if (holds ())
      return;
    now = now_ns ();
    PF_REQUIRE (now < end);
    /* libenet says nothing of its timers: they are asked each 5 ms */
    wake = pf_earlier (pf_enet_wake (t.enet), now + 5 * PF_MS);
    poll (fds, 2, wake > now ? (int) ((wake - now) / PF_MS) + 1 : 0);
  }
}

static bool
both_connected (void)
{
  return t.ours.connected && t.theirs.connected;
}

static bool
both_closed (void)
{
  return t.ours.closed && t.theirs.closed;
}

static bool
ours_closed (void)
{
  return t.ours.closed;
}

static bool
all_arrived (void)
{
  for (unsigned ch = 0; ch < CHANNELS; ch++)
    if (t.ours.next[ch][PF_ENET_RELIABLE] !=
            t.theirs.sent[ch][PF_ENET_RELIABLE] ||
        t.theirs.next[ch][PF_ENET_RELIABLE] !=
            t.ours.sent[ch][PF_ENET_RELIABLE])
      return false;
  return true;
}

/* Nothing that anybody sent and is not acknowledged. */
static bool
all_quiet (void)
{
  return pf_enet_is_idle (t.peer);
}

static uint16_t
open_socket (void)
{
  struct sockaddr_in address = loopback (0);
  socklen_t len = sizeof address;

  t.fd = socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  PF_REQUIRE_INT (t.fd, >=, 0);
  PF_REQUIRE_INT (
      bind (t.fd, (struct sockaddr *) &address, sizeof address), ==, 0);
  PF_REQUIRE_INT (
      getsockname (t.fd, (struct sockaddr *) &address, &len), ==, 0);
  return ntohs (address.sin_port);
}

static void
begin (unsigned loss_percent)
{
  const PfEnetConfig config = { .max_peers = 2 };

  memset (&t, 0, sizeof t);
  t.loss_percent = loss_percent;
  PF_REQUIRE_INT (pf_enet_new (&config, &t.enet), ==, 0);
}

/* libenet connects to us. */
static void
open_as_host (unsigned loss_percent)
{
  const PfEnetInvite invite = { .check_data = true, .data = DATA };
  ENetAddress address = { 0 };

  begin (loss_percent);
  address.host = htonl (INADDR_LOOPBACK);
  address.port = open_socket ();
  PF_REQUIRE_INT (pf_enet_expect (t.enet, &invite, &t.peer), ==, 0);
  t.host = enet_host_create (NULL, 1, CHANNELS, 0, 0);
  PF_REQUIRE (t.host != NULL);
  t.their = enet_host_connect (t.host, &address, CHANNELS, DATA);
  PF_REQUIRE (t.their != NULL);
  serve_until (both_connected);
  PF_CHECK_UINT (t.ours.data, ==, DATA);
}

/* We connect to libenet. */
static void
open_as_client (unsigned loss_percent)
{
  ENetAddress address = { 0 };
  PfPeerAddress to;

  begin (loss_percent);
  open_socket ();
  address.host = htonl (INADDR_LOOPBACK);
  address.port = ENET_PORT_ANY;
  t.host = enet_host_create (&address, 2, CHANNELS, 0, 0);
  PF_REQUIRE (t.host != NULL);
  PF_REQUIRE_INT (enet_socket_get_address (t.host->socket, &address), ==, 0);
  to = pf_peer_address_v4 ((const uint8_t *) &address.host, address.port);
  PF_REQUIRE_INT (pf_enet_connect (t.enet, &to, CHANNELS, DATA,
                      (uint32_t) pf_test_random (), now_ns (), &t.peer),
      ==, 0);
  serve_until (both_connected);
  PF_CHECK_UINT (t.theirs.data, ==, DATA);
}

static void
finish (void)
{
  enet_host_destroy (t.host);
  pf_enet_free (t.enet);
  close (t.fd);
}

/* ---- Tests -------------------------------------------------------------- */

static size_t
random_size (PfEnetKind kind)
{
  const uint64_t sort = pf_test_random_below (10);

  if (sort == 0 && kind != PF_ENET_UNSEQUENCED)
    return 1500 + pf_test_random_below (10000);
  return 5 + pf_test_random_below (sort < 4 ? 900 : 50);
}

static void
exchange (void)
{
  PF_CHECK_UINT (t.ours.n_channels, ==, CHANNELS);
  PF_CHECK_UINT (t.theirs.n_channels, ==, CHANNELS);
  for (unsigned i = 0; i < N_MESSAGES; i++) {
    const unsigned channel = (unsigned) pf_test_random_below (CHANNELS);
    const PfEnetKind kind = 1 + (PfEnetKind) pf_test_random_below (3);

    send_ours (channel, kind, random_size (kind));
    send_theirs (channel, kind, random_size (kind));
    if (i % 4 == 3)
      serve_until (all_quiet);
  }
  serve_until (all_arrived);
  PF_CHECK_UINT (pf_enet_stats (t.enet)->malformed, ==, 0);
  PF_CHECK_UINT (pf_enet_stats (t.enet)->misplaced, ==, 0);
  if (t.loss_percent == 0) {
    /* loopback loses nothing, so neither may we */
    for (PfEnetKind k = PF_ENET_RELIABLE; k <= PF_ENET_UNSEQUENCED; k++) {
      unsigned ours = 0, theirs = 0;

      for (unsigned ch = 0; ch < CHANNELS; ch++) {
        ours += t.ours.sent[ch][k];
        theirs += t.theirs.sent[ch][k];
      }
      PF_CHECK_UINT (t.theirs.n_got[k], ==, ours);
      PF_CHECK_UINT (t.ours.n_got[k], ==, theirs);
    }
  } else {
    PF_CHECK_UINT (pf_enet_stats (t.enet)->resent, >, 0);
  }
}

static void
test_host (const void *data)
{
  open_as_host (*(const unsigned *) data);
  exchange ();
  enet_peer_disconnect (t.their, 31);
  serve_until (both_closed);
  PF_CHECK_UINT (t.ours.data, ==, 31);
  finish ();
}

static void
test_client (const void *data)
{
  open_as_client (*(const unsigned *) data);
  exchange ();
  pf_enet_disconnect (t.peer, 32, now_ns ());
  serve_until (both_closed);
  PF_CHECK_UINT (t.theirs.data, ==, 32);
  finish ();
}

/* Goodbyes that nobody acknowledges. */
static void
test_now (void)
{
  open_as_host (0);
  enet_peer_disconnect_now (t.their, 33);
  serve_until (ours_closed);
  PF_CHECK_UINT (t.ours.data, ==, 33);
  finish ();
  open_as_client (0);
  pf_enet_drop (t.peer, 34);
  serve_until (both_closed);
  PF_CHECK_UINT (t.theirs.data, ==, 34);
  finish ();
}

/* A client with another number gets no answer. */
static void
test_stranger (void)
{
  const uint64_t end = now_ns () + 1500 * PF_MS;
  const PfEnetInvite invite = { .check_data = true, .data = DATA + 1 };
  ENetAddress address = { 0 };

  begin (0);
  address.host = htonl (INADDR_LOOPBACK);
  address.port = open_socket ();
  PF_REQUIRE_INT (pf_enet_expect (t.enet, &invite, &t.peer), ==, 0);
  t.host = enet_host_create (NULL, 1, CHANNELS, 0, 0);
  PF_REQUIRE (t.host != NULL);
  PF_REQUIRE (enet_host_connect (t.host, &address, CHANNELS, DATA) != NULL);
  while (now_ns () < end && pf_enet_stats (t.enet)->strangers < 2) {
    struct pollfd fd = { .fd = t.fd, .events = POLLIN };

    serve_theirs ();
    poll (&fd, 1, 5);
    serve_ours ();
  }
  PF_CHECK_UINT (pf_enet_stats (t.enet)->strangers, ==, 2);
  PF_CHECK_UINT (pf_enet_stats (t.enet)->datagrams_out, ==, 0);
  PF_CHECK (!t.theirs.connected && !t.ours.connected);
  finish ();
}

int
main (int argc, char **argv)
{
  static const unsigned none = 0, some = 10;
  int ret;

  if (enet_initialize () != 0)
    return 1;
  pf_test_add_data ("/enet-libenet/host", test_host, &none);
  pf_test_add_data ("/enet-libenet/client", test_client, &none);
  pf_test_add_data ("/enet-libenet/host-lossy", test_host, &some);
  pf_test_add_data ("/enet-libenet/client-lossy", test_client, &some);
  PF_TEST_ADD ("/enet-libenet/now", test_now);
  PF_TEST_ADD ("/enet-libenet/stranger", test_stranger);
  ret = pf_test_run (argc, argv);
  enet_deinitialize ();
  return ret;
}
