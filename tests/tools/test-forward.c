/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* pf-forward as tests run it, over loopback: PF_FORWARD names the program. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "pf-forwarder.h"
#include "pf-test.h"

#define WAIT_MS 10000
#define MAX_ARGS 16

typedef struct {
  int family;
  int client, target;
  struct sockaddr_storage client_seen; /* as the target sees it */
  socklen_t client_size;
  PfForwarder line;
} Setup;

static uint64_t
now_us (void)
{
  struct timespec t;

  clock_gettime (CLOCK_MONOTONIC, &t);
  return (uint64_t) t.tv_sec * 1000000 + (uint64_t) t.tv_nsec / 1000;
}

/* Of the family's loopback address. */
static socklen_t
loopback (struct sockaddr_storage *at, int family, unsigned port)
{
  struct sockaddr_in *v4 = (struct sockaddr_in *) at;
  struct sockaddr_in6 *v6 = (struct sockaddr_in6 *) at;

  memset (at, 0, sizeof *at);
  at->ss_family = (sa_family_t) family;
  if (family == AF_INET6) {
    v6->sin6_addr = in6addr_loopback;
    v6->sin6_port = htons ((uint16_t) port);
    return sizeof *v6;
  }
  v4->sin_addr.s_addr = htonl (INADDR_LOOPBACK);
  v4->sin_port = htons ((uint16_t) port);
  return sizeof *v4;
}

static int
open_socket (int family)
{
  const int size = 4 << 20;
  struct sockaddr_storage at;
  const socklen_t length = loopback (&at, family, 0);
  const int fd = socket (family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

  PF_REQUIRE_INT (fd, >=, 0);
  PF_REQUIRE (bind (fd, (struct sockaddr *) &at, length) == 0);
  setsockopt (fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
  return fd;
}

static unsigned
port_of (const struct sockaddr_storage *at)
{
  return ntohs (at->ss_family == AF_INET6
                    ? ((const struct sockaddr_in6 *) at)->sin6_port
                    : ((const struct sockaddr_in *) at)->sin_port);
}

static unsigned
local_port (int fd)
{
  struct sockaddr_storage at;
  socklen_t size = sizeof at;

  PF_REQUIRE (getsockname (fd, (struct sockaddr *) &at, &size) == 0);
  return port_of (&at);
}

static void
connect_to (int fd, int family, unsigned port)
{
  struct sockaddr_storage at;
  const socklen_t size = loopback (&at, family, port);

  PF_REQUIRE (connect (fd, (struct sockaddr *) &at, size) == 0);
}

/* A client, a forwarder with these options, and a target. */
static void
setup (Setup *s, int family, const char *const *options)
{
  const char *args[MAX_ARGS + 3], *host;
  char map[100];
  size_t n = 0;

  memset (s, 0, sizeof *s);
  s->family = family;
  s->client = open_socket (family);
  s->target = open_socket (family);
  host = family == AF_INET6 ? "[::1]" : "127.0.0.1";
  snprintf (map, sizeof map, "%s:0=%s:%u", host, host, local_port (s->target));
  args[n++] = "--map";
  args[n++] = map;
  while (*options != NULL && n < MAX_ARGS)
    args[n++] = *options++;
  args[n] = NULL;
  PF_REQUIRE (pf_forwarder_start (&s->line, getenv ("PF_FORWARD"), args));
  connect_to (s->client, family, pf_forwarder_port (&s->line, 0));
}

/* The counts; checks that nothing went astray. */
static PfJsonDoc *
teardown (Setup *s)
{
  static const char *const none[] = { "refused", "send_errors",
    "receive_errors" };
  PfJsonDoc *stats = pf_forwarder_stop (&s->line);

  PF_CHECK (stats != NULL);
  for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
    PF_CHECK_UINT (pf_forwarder_count (stats, NULL, none[i]), ==, 0);
  close (s->client);
  close (s->target);
  return stats;
}

static bool
wait_readable (int fd, int ms)
{
  struct pollfd wait = { .fd = fd, .events = POLLIN };

  return poll (&wait, 1, ms) > 0;
}

/* At the target, which learns where answers go; -1 if nothing comes. */
static ssize_t
target_receive (Setup *s, void *bytes, size_t size)
{
  if (!wait_readable (s->target, WAIT_MS))
    return -1;
  s->client_size = sizeof s->client_seen;
  return recvfrom (s->target, bytes, size, 0,
      (struct sockaddr *) &s->client_seen, &s->client_size);
}

static void
target_send (Setup *s, const void *bytes, size_t size)
{
  PF_CHECK_INT (sendto (s->target, bytes, size, 0,
                    (struct sockaddr *) &s->client_seen, s->client_size),
      ==, (ssize_t) size);
}

/* One packet there and one back, of several sizes. */
static void
check_round_trips (Setup *s)
{
  static const size_t sizes[] = { 1, 1200, 1472, 9000, 60000, 0 };
  uint8_t *sent = malloc (65536), *got = malloc (65536);

  PF_REQUIRE (sent != NULL && got != NULL);
  for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
    const ssize_t size = (ssize_t) sizes[i];

    pf_test_random_bytes (sent, sizes[i]);
    PF_CHECK_INT (send (s->client, sent, sizes[i], 0), ==, size);
    PF_REQUIRE_INT (target_receive (s, got, 65536), ==, size);
    PF_CHECK_MEM (sent, got, sizes[i]);
    sent[0] ^= 0xff;
    target_send (s, sent, sizes[i]);
    PF_REQUIRE (wait_readable (s->client, WAIT_MS));
    PF_REQUIRE_INT (recv (s->client, got, 65536, 0), ==, size);
    PF_CHECK_MEM (sent, got, sizes[i]);
  }
  free (sent);
  free (got);
}

static void
test_both_ways (const void *data)
{
  static const char *const options[] = { NULL };
  const int family = *(const int *) data;
  PfJsonDoc *stats;
  Setup s;

  setup (&s, family, options);
  check_round_trips (&s);
  stats = teardown (&s);
  PF_CHECK_UINT (pf_forwarder_count (stats, NULL, "flows"), ==, 1);
  PF_CHECK_UINT (pf_forwarder_count (stats, "up", "received"), ==, 6);
  PF_CHECK_UINT (pf_forwarder_count (stats, "down", "passed"), ==, 6);
  PF_CHECK_UINT (pf_forwarder_count (stats, "down", "passed_bytes"), ==,
      1 + 1200 + 1472 + 9000 + 60000);
  pf_json_free (stats);
}

/* Sends numbered packets and notes which arrive. */
static size_t
send_numbered (Setup *s, bool *arrived, uint32_t n)
{
  size_t got = 0;

  memset (arrived, 0, n);
  for (uint32_t i = 0; i < n; i++) {
    uint32_t number;

    PF_CHECK_INT (send (s->client, &i, sizeof i, 0), ==, sizeof i);
    /* In step, so that no socket overflows; the last is always awaited. */
    while (wait_readable (s->target, 0) &&
           target_receive (s, &number, sizeof number) == sizeof number) {
      PF_REQUIRE_UINT (number, <, n);
      got += !arrived[number];
      arrived[number] = true;
    }
  }
  return got;
}

/* As sent by the forwarder, after its counts said so. */
static void
collect (Setup *s, bool *arrived, uint32_t n, uint64_t passed, size_t got)
{
  while (got < passed) {
    uint32_t number;

    PF_REQUIRE_INT (
        target_receive (s, &number, sizeof number), ==, sizeof number);
    PF_REQUIRE_UINT (number, <, n);
    PF_CHECK (!arrived[number]);
    arrived[number] = true;
    got++;
  }
}

/* Waits until all that was sent has been received and handled. */
static PfJsonDoc *
settled_stats (Setup *s, uint64_t n)
{
  const uint64_t end = now_us () + WAIT_MS * 1000;

  for (;;) {
    PfJsonDoc *stats = pf_forwarder_stats (&s->line);

    PF_REQUIRE (stats != NULL);
    if (pf_forwarder_count (stats, "up", "passed") +
            pf_forwarder_count (stats, "up", "lost") ==
        n)
      return stats;
    pf_json_free (stats);
    PF_REQUIRE (now_us () < end);
    poll (NULL, 0, 2);
  }
}

static void
run_loss (const char *seed, bool *arrived, uint32_t n)
{
  const char *const options[] = { "--seed", seed, "--up", "drop=50000,burst=3",
    NULL };
  PfJsonDoc *stats;
  uint64_t passed;
  size_t got;
  Setup s;

  setup (&s, AF_INET, options);
  got = send_numbered (&s, arrived, n);
  stats = settled_stats (&s, n);
  passed = pf_forwarder_count (stats, "up", "passed");
  PF_CHECK_UINT (passed, <, n);
  PF_CHECK_UINT (passed, >, n * 8 / 10);
  pf_json_free (stats);
  collect (&s, arrived, n, passed, got);
  pf_json_free (teardown (&s));
}

/* One seed, one fate. */
static void
test_seed (void)
{
  static bool a[4000], b[4000], c[4000];

  run_loss ("11", a, 4000);
  run_loss ("11", b, 4000);
  run_loss ("12", c, 4000);
  PF_CHECK_MEM (a, b, sizeof a);
  PF_CHECK (memcmp (a, c, sizeof a) != 0);
}

/* Two clients and two maps: everyone gets what is theirs. */
static void
test_flows (void)
{
  const int targets[] = { open_socket (AF_INET), open_socket (AF_INET) };
  const int clients[] = { open_socket (AF_INET), open_socket (AF_INET) };
  char maps[2][64];
  const char *const args[] = { "--map", maps[0], "--map", maps[1], "--from",
    "127.0.0.3", NULL };
  struct sockaddr_storage from;
  PfForwarder line;
  PfJsonDoc *stats;
  char got[8];

  for (int i = 0; i < 2; i++)
    snprintf (maps[i], sizeof maps[i], "127.0.0.1:0=127.0.0.1:%u",
        local_port (targets[i]));
  PF_REQUIRE (pf_forwarder_start (&line, getenv ("PF_FORWARD"), args));
  for (int c = 0; c < 2; c++)
    for (int t = 0; t < 2; t++) {
      const char text[2] = { (char) ('a' + c), (char) ('a' + t) };
      socklen_t size = sizeof from;

      connect_to (clients[c], AF_INET, pf_forwarder_port (&line, (size_t) t));
      PF_CHECK_INT (send (clients[c], text, 2, 0), ==, 2);
      PF_REQUIRE (wait_readable (targets[t], WAIT_MS));
      PF_REQUIRE_INT (recvfrom (targets[t], got, sizeof got, 0,
                          (struct sockaddr *) &from, &size),
          ==, 2);
      PF_CHECK_MEM (got, text, 2);
      PF_CHECK_HEX (ntohl (((struct sockaddr_in *) &from)->sin_addr.s_addr), ==,
          0x7f000003);
      PF_CHECK_INT (
          sendto (targets[t], text, 2, 0, (struct sockaddr *) &from, size), ==,
          2);
      PF_REQUIRE (wait_readable (clients[c], WAIT_MS));
      PF_REQUIRE_INT (recv (clients[c], got, sizeof got, 0), ==, 2);
      PF_CHECK_MEM (got, text, 2);
    }
  stats = pf_forwarder_stop (&line);
  PF_CHECK_UINT (pf_forwarder_count (stats, NULL, "flows"), ==, 4);
  pf_json_free (stats);
  for (int i = 0; i < 2; i++) {
    close (targets[i]);
    close (clients[i]);
  }
}

/* A NAT gives the client another port; it goes on. */
static void
test_rebind (void)
{
  static const char *const options[] = { NULL };
  PfJsonDoc *stats;
  unsigned before;
  Setup s;

  setup (&s, AF_INET, options);
  check_round_trips (&s);
  before = port_of (&s.client_seen);
  PF_CHECK (pf_forwarder_command (&s.line, "rebind"));
  stats = pf_forwarder_stats (&s.line);
  PF_CHECK_UINT (pf_forwarder_count (stats, NULL, "rebinds"), ==, 1);
  pf_json_free (stats);
  check_round_trips (&s);
  PF_CHECK_UINT (port_of (&s.client_seen), !=, before);
  pf_json_free (teardown (&s));
}

/* A line that changes while it is in use. */
static void
test_commands (void)
{
  static const char *const options[] = { "--both", "drop=1000000", NULL };
  PfJsonDoc *stats;
  Setup s;

  setup (&s, AF_INET, options);
  PF_CHECK_INT (send (s.client, "x", 1, 0), ==, 1);
  pf_json_free (settled_stats (&s, 1));
  PF_CHECK (!wait_readable (s.target, 0));
  PF_CHECK (pf_forwarder_command (&s.line, "nonsense"));
  PF_CHECK (pf_forwarder_command (&s.line, "both drop=nonsense"));
  PF_CHECK (pf_forwarder_command (&s.line, "both none"));
  stats = pf_forwarder_stats (&s.line);
  PF_CHECK_UINT (pf_forwarder_count (stats, "up", "lost"), ==, 1);
  pf_json_free (stats);
  check_round_trips (&s);
  pf_json_free (teardown (&s));
}

/* A delay of 30 ms each way takes 60 there and back, and no less. */
static void
test_delay (void)
{
  static const char *const options[] = { "--both", "delay-us=30000", NULL };
  uint64_t start, best = UINT64_MAX;
  char got[8];
  Setup s;

  setup (&s, AF_INET, options);
  for (int i = 0; i < 5; i++) {
    start = now_us ();
    PF_CHECK_INT (send (s.client, "ping", 4, 0), ==, 4);
    PF_REQUIRE_INT (target_receive (&s, got, sizeof got), ==, 4);
    target_send (&s, "pong", 4);
    PF_REQUIRE (wait_readable (s.client, WAIT_MS));
    PF_REQUIRE_INT (recv (s.client, got, sizeof got, 0), ==, 4);
    start = now_us () - start;
    PF_CHECK_UINT (start, >=, 60000);
    best = start < best ? start : best;
  }
  pf_test_note ("round trip %.3f ms", (double) best / 1e3);
  PF_CHECK_UINT (best, <, 80000);
  pf_json_free (teardown (&s));
}

/* 100 kB at 8 Mbit/s take 100 ms, and a queue of 20 kB loses what is too much
 * at once. */
static void
test_rate (void)
{
  static const char *const options[] = { "--up",
    "rate-kbps=8000,bucket=2000,queue=150000", NULL };
  uint8_t packet[1000] = { 0 };
  PfJsonDoc *stats;
  uint64_t start;
  Setup s;

  setup (&s, AF_INET, options);
  start = now_us ();
  for (int i = 0; i < 100; i++)
    PF_CHECK_INT (send (s.client, packet, sizeof packet, 0), ==, sizeof packet);
  for (int i = 0; i < 100; i++)
    PF_REQUIRE_INT (
        target_receive (&s, packet, sizeof packet), ==, sizeof packet);
  start = now_us () - start;
  pf_test_note ("100 kB took %.1f ms", (double) start / 1e3);
  PF_CHECK_UINT (start, >=, 98000); /* the bucket */

  PF_CHECK (pf_forwarder_command (
      &s.line, "up rate-kbps=1000,bucket=2000,queue=20000"));
  pf_json_free (pf_forwarder_stats (&s.line));
  for (int i = 0; i < 100; i++)
    PF_CHECK_INT (send (s.client, packet, sizeof packet, 0), ==, sizeof packet);
  stats = pf_forwarder_stats (&s.line);
  pf_json_free (stats);
  stats = teardown (&s);
  PF_CHECK_UINT (pf_forwarder_count (stats, "up", "lost_queue"), >, 50);
  PF_CHECK_UINT (
      pf_forwarder_count (stats, "up", "queue_peak_bytes"), <=, 150000);
  pf_json_free (stats);
}

/* A window keeps the kernel's buffers from overflowing. */
#define BULK_PACKETS 60000u
#define BULK_WINDOW 32u
#define BULK_SIZE 1400u

/* The rate that the forwarder reaches with a processor of its own, by the time
 * that it was running: others that run on the machine do not change it. */
static void
test_throughput (void)
{
  static const char *const options[] = { "--both", "drop=10000", NULL };
  uint8_t packet[BULK_SIZE] = { 0 };
  uint64_t passed, lost, sent = 0, got = 0;
  struct rusage before, after;
  double seconds, mbit;
  PfJsonDoc *stats;
  Setup s;

  getrusage (RUSAGE_CHILDREN, &before);
  setup (&s, AF_INET, options);
  /* A lost packet is missing from the window; the counts come at its end. */
  while (sent < BULK_PACKETS) {
    for (unsigned i = 0; i < BULK_WINDOW; i++, sent++)
      PF_CHECK_INT (send (s.client, packet, sizeof packet, 0), ==,
          (ssize_t) sizeof packet);
    while (got + 2 * BULK_WINDOW < sent * 99 / 100 &&
           target_receive (&s, packet, sizeof packet) > 0)
      got++;
    while (wait_readable (s.target, 0)) {
      target_receive (&s, packet, sizeof packet);
      got++;
    }
  }
  stats = settled_stats (&s, sent);
  passed = pf_forwarder_count (stats, "up", "passed");
  lost = pf_forwarder_count (stats, "up", "lost");
  pf_json_free (stats);
  while (got < passed && target_receive (&s, packet, sizeof packet) > 0)
    got++;
  PF_CHECK_UINT (got, ==, passed);
  PF_CHECK_UINT (lost, >, sent / 100 * 8 / 10);
  PF_CHECK_UINT (lost, <, sent / 100 * 12 / 10);
  stats = teardown (&s);
  PF_CHECK_UINT (pf_forwarder_count (stats, NULL, "overflows"), ==, 0);
  pf_json_free (stats);
  getrusage (RUSAGE_CHILDREN, &after);
  seconds = (double) (after.ru_utime.tv_sec + after.ru_stime.tv_sec -
                      before.ru_utime.tv_sec - before.ru_stime.tv_sec) +
            1e-6 * (double) (after.ru_utime.tv_usec + after.ru_stime.tv_usec -
                             before.ru_utime.tv_usec - before.ru_stime.tv_usec);
  mbit = (double) sent * BULK_SIZE * 8e-6 / seconds;
  pf_test_note ("%.0f Mbit/s for each second that it ran", mbit);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  PF_CHECK (mbit >= 400);
#endif
}

/* Its exit status, for a command line without --control. */
static int
exit_status (const char *args)
{
  char command[512];
  int status;

  snprintf (command, sizeof command, "'%s' %s >/dev/null 2>&1 </dev/null",
      getenv ("PF_FORWARD"), args);
  status = system (command);
  return WIFEXITED (status) ? WEXITSTATUS (status) : -1;
}

static void
test_command_line (void)
{
  static const char *const wrong[] = { "", "--map", "--map 127.0.0.1:0",
    "--map 127.0.0.1:0=127.0.0.1:0", "--map localhost:0=127.0.0.1:9",
    "--map 127.0.0.1:1-2=127.0.0.1:1-3", "--map 127.0.0.1:0=127.0.0.1:70000",
    "--map 127.0.0.1:0=127.0.0.1:9 --up drop=x",
    "--map 127.0.0.1:0=127.0.0.1:9 --seed x",
    "--map 127.0.0.1:0=127.0.0.1:9 --seconds 0",
    "--map 127.0.0.1:0=127.0.0.1:9 --sideways none" };
  const int taken = open_socket (AF_INET);
  char args[100];

  PF_REQUIRE (getenv ("PF_FORWARD") != NULL);
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
    if (exit_status (wrong[i]) != 2)
      pf_test_fail (__FILE__, __LINE__, "not refused: %s", wrong[i]);
  PF_CHECK_INT (exit_status ("--help"), ==, 0);
  snprintf (
      args, sizeof args, "--map 127.0.0.1:%u=127.0.0.1:9", local_port (taken));
  PF_CHECK_INT (exit_status (args), ==, 1);
  close (taken);
  /* ends by itself, and when its input does */
  PF_CHECK_INT (
      exit_status ("--map 127.0.0.1:0=127.0.0.1:9 --seconds 1"), ==, 0);
  PF_CHECK_INT (exit_status ("--map '[::1]:0=127.0.0.1:9' --control"), ==, 0);
}

int
main (int argc, char **argv)
{
  static const int v4 = AF_INET, v6 = AF_INET6;

  pf_test_add_data ("/forward/both-ways/ipv4", test_both_ways, &v4);
  pf_test_add_data ("/forward/both-ways/ipv6", test_both_ways, &v6);
  PF_TEST_ADD ("/forward/seed", test_seed);
  PF_TEST_ADD ("/forward/flows", test_flows);
  PF_TEST_ADD ("/forward/rebind", test_rebind);
  PF_TEST_ADD ("/forward/commands", test_commands);
  PF_TEST_ADD ("/forward/delay", test_delay);
  PF_TEST_ADD ("/forward/rate", test_rate);
  PF_TEST_ADD ("/forward/throughput", test_throughput);
  PF_TEST_ADD ("/forward/command-line", test_command_line);
  return pf_test_run (argc, argv);
}
