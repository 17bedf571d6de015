/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The bad line of pf-forward without sockets and in a time of its own. */
#include <stdlib.h>
#include <string.h>

#include "forward-channel.h"
#include "pf-test.h"

#define MS UINT64_C (1000000)
#define MAX_PACKETS 200000

typedef struct {
  ForwardChannel channel;
  ForwardFlow flow;
  uint32_t *out; /* numbers of packets that came out, in order */
  uint64_t *at;  /* and when */
  size_t n_out;
} Line;

static void
line_init (Line *line, const char *text, uint64_t seed)
{
  ForwardSpec spec;
  char error[100] = "";

  PF_REQUIRE_INT (forward_spec_parse (&spec, text, error, sizeof error), ==, 0);
  memset (line, 0, sizeof *line);
  forward_channel_init (&line->channel, &spec);
  forward_flow_init (&line->flow, seed, 0);
  line->out = calloc (2 * MAX_PACKETS, sizeof *line->out);
  line->at = calloc (2 * MAX_PACKETS, sizeof *line->at);
  PF_REQUIRE (line->out != NULL && line->at != NULL);
}

static void
line_clear (Line *line)
{
  forward_flow_clear (&line->flow, &line->channel);
  PF_CHECK_UINT (line->flow.n_held, ==, 0);
  forward_channel_clear (&line->channel);
  PF_CHECK_UINT (line->channel.bytes, ==, 0);
  free (line->out);
  free (line->at);
}

static void
line_take (Line *line, uint64_t now)
{
  ForwardPacket *packet;

  while ((packet = forward_channel_take (&line->channel, now)) != NULL) {
    PF_REQUIRE (line->n_out < 2 * MAX_PACKETS);
    PF_REQUIRE (packet->owner == line && packet->size >= 4);
    memcpy (&line->out[line->n_out], packet->bytes, 4);
    line->at[line->n_out++] = packet->due;
    free (packet);
  }
}

/* What the tool does between two arrivals. */
static void
line_run (Line *line, uint64_t now)
{
  for (;;) {
    uint64_t next = forward_channel_next (&line->channel);
    const uint64_t held = forward_flow_next (&line->flow);

    if (held < next)
      next = held;
    if (next > now)
      return;
    forward_channel_release (&line->channel, &line->flow, next);
    line_take (line, next);
  }
}

static void
line_put (Line *line, uint64_t now, uint32_t number, size_t size)
{
  uint8_t bytes[2000] = { 0 };

  memcpy (bytes, &number, 4);
  line_run (line, now);
  PF_REQUIRE (forward_channel_put (
      &line->channel, &line->flow, line, now, bytes, size));
}

/* n packets of 1000 bytes, a millisecond apart. */
static void
line_send (Line *line, uint32_t n)
{
  for (uint32_t i = 0; i < n; i++)
    line_put (line, (1 + i) * MS, i, 1000);
  line_run (line, (uint64_t) n * 2 * MS + 100000 * MS);
}

static void
test_nothing (void)
{
  Line line;

  line_init (&line, "none", 1);
  line_send (&line, 1000);
  PF_CHECK_UINT (line.n_out, ==, 1000);
  for (uint32_t i = 0; i < 1000; i++) {
    PF_CHECK_UINT (line.out[i], ==, i);
    PF_CHECK_UINT (line.at[i], ==, (1 + i) * MS);
  }
  PF_CHECK_UINT (line.channel.n.received_bytes, ==, 1000000);
  PF_CHECK_UINT (line.channel.n.passed_bytes, ==, 1000000);
  line_clear (&line);
}

/* 3 % of 200,000: the share lies within six deviations. */
static void
test_loss (void)
{
  Line line;

  line_init (&line, "drop=30000", pf_test_random ());
  line_send (&line, MAX_PACKETS);
  PF_CHECK_UINT (line.channel.n.lost, >, 6000 - 6 * 77);
  PF_CHECK_UINT (line.channel.n.lost, <, 6000 + 6 * 77);
  PF_CHECK_UINT (line.channel.n.lost + line.n_out, ==, MAX_PACKETS);
  line_clear (&line);
}

static size_t
count_spells (const Line *line, uint32_t n)
{
  size_t spells = 0, at = 0;
  bool was_lost = false;

  for (uint32_t i = 0; i < n; i++) {
    const bool lost = at == line->n_out || line->out[at] != i;

    spells += lost && !was_lost;
    at += !lost;
    was_lost = lost;
  }
  return spells;
}

/* The same share, in spells of eight: about 750 of them. */
static void
test_bursts (void)
{
  Line line;
  double mean;

  line_init (&line, "drop=30000,burst=8", pf_test_random ());
  line_send (&line, MAX_PACKETS);
  PF_CHECK_UINT (line.channel.n.lost, >, 6000 - 6 * 300);
  PF_CHECK_UINT (line.channel.n.lost, <, 6000 + 6 * 300);
  mean =
      (double) line.channel.n.lost / (double) count_spells (&line, MAX_PACKETS);
  pf_test_note ("%.2f packets a spell", mean);
  PF_CHECK (mean > 6 && mean < 10);
  line_clear (&line);
}

static void
test_all_lost (void)
{
  Line line;

  line_init (&line, "drop=1000000,burst=4", 1);
  line_send (&line, 100);
  PF_CHECK_UINT (line.n_out, ==, 0);
  PF_CHECK_UINT (line.channel.n.lost, ==, 100);
  line_clear (&line);
}

/* The same seed loses the same, whatever else the line does. */
static void
test_seed (void)
{
  Line a, b, c;
  bool *lost = calloc (10000, 1);

  PF_REQUIRE (lost != NULL);
  line_init (&a, "drop=50000", 7);
  line_init (&b,
      "drop=50000,delay-us=20000,jitter-us=9000,duplicate=100000,"
      "reorder=100000",
      7);
  line_init (&c, "drop=50000", 8);
  line_send (&a, 10000);
  line_send (&b, 10000);
  line_send (&c, 10000);
  memset (lost, 1, 10000);
  for (size_t i = 0; i < a.n_out; i++)
    lost[a.out[i]] = false;
  for (size_t i = 0; i < b.n_out; i++)
    PF_CHECK (!lost[b.out[i]]);
  PF_CHECK_UINT (a.channel.n.lost, ==, b.channel.n.lost);
  PF_CHECK (a.n_out != c.n_out ||
            memcmp (a.out, c.out, a.n_out * sizeof *a.out) != 0);
  line_clear (&a);
  line_clear (&b);
  line_clear (&c);
  free (lost);
}

static void
test_duplicates (void)
{
  Line line;
  size_t twice = 0;

  line_init (&line, "duplicate=100000", 3);
  line_send (&line, 10000);
  for (size_t i = 1; i < line.n_out; i++)
    twice += line.out[i] == line.out[i - 1];
  PF_CHECK_UINT (line.n_out, ==, 10000 + line.channel.n.duplicated);
  PF_CHECK_UINT (twice, ==, line.channel.n.duplicated);
  PF_CHECK_UINT (twice, >, 1000 - 180);
  PF_CHECK_UINT (twice, <, 1000 + 180);
  line_clear (&line);
}

/* Packets come after later ones, at most three of them, and none is lost. */
static void
test_reorder (void)
{
  Line line;
  uint32_t highest = 0;
  size_t late = 0, most = 0;
  uint8_t *seen = calloc (10000, 1);

  PF_REQUIRE (seen != NULL);
  line_init (&line, "reorder=50000", 3);
  line_send (&line, 10000);
  PF_CHECK_UINT (line.n_out, ==, 10000);
  for (size_t i = 0; i < line.n_out; i++) {
    size_t passed = 0;

    PF_CHECK (!seen[line.out[i]]);
    seen[line.out[i]] = 1;
    if (line.out[i] > highest)
      highest = line.out[i];
    late += line.out[i] < highest;
    /* others that wait are no later ones that went first */
    for (size_t j = 0; j < i; j++)
      passed += i - j < 50 && line.out[j] > line.out[i];
    PF_CHECK_UINT (passed, <=, 3 + 2);
    most = passed > most ? passed : most;
  }
  PF_CHECK_UINT (most, >=, 3);
  PF_CHECK_UINT (late, >, 300);
  PF_CHECK_UINT (line.channel.n.reordered, ==, late);
  line_clear (&line);
  free (seen);
}

/* The last packet has none to wait for. */
static void
test_reorder_alone (void)
{
  Line line;

  line_init (&line, "reorder=1000000,reorder-us=7000", 3);
  line_put (&line, MS, 0, 100);
  PF_CHECK_UINT (forward_channel_next (&line.channel), ==, FORWARD_NEVER);
  PF_CHECK_UINT (forward_flow_next (&line.flow), ==, 8 * MS);
  line_run (&line, 20 * MS);
  PF_CHECK_UINT (line.n_out, ==, 1);
  PF_CHECK_UINT (line.at[0], ==, 8 * MS);
  PF_CHECK_UINT (line.channel.n.reordered, ==, 0);
  line_clear (&line);
}

static void
test_nth (void)
{
  static const uint32_t swapped[] = { 1, 0, 2, 3 };
  Line line;

  line_init (&line, "drop-nth=1", 1);
  line_send (&line, 3);
  PF_CHECK_UINT (line.n_out, ==, 2);
  PF_CHECK_UINT (line.out[0], ==, 1);
  line_clear (&line);

  line_init (&line, "swap-nth=1,delay-us=10000", 1);
  line_send (&line, 4);
  PF_REQUIRE_UINT (line.n_out, ==, 4);
  PF_CHECK_MEM (line.out, swapped, sizeof swapped);
  PF_CHECK_UINT (line.at[0], ==, 12 * MS);
  PF_CHECK_UINT (line.at[1], ==, 12 * MS);
  line_clear (&line);
}

/* Delay is exact, jitter has a range and keeps the order. */
static void
test_delay (void)
{
  Line line;
  uint64_t least = UINT64_MAX, most = 0;

  line_init (&line, "delay-us=5000,jitter-us=500", 2);
  line_send (&line, 1000);
  PF_REQUIRE_UINT (line.n_out, ==, 1000);
  for (uint32_t i = 0; i < 1000; i++) {
    const uint64_t delay = line.at[i] - (1 + i) * MS;

    PF_CHECK_UINT (line.out[i], ==, i);
    least = delay < least ? delay : least;
    most = delay > most ? delay : most;
  }
  PF_CHECK_UINT (least, >=, 5 * MS);
  PF_CHECK_UINT (least, <, 5 * MS + 50000);
  PF_CHECK_UINT (most, <=, 5 * MS + 500000);
  PF_CHECK_UINT (most, >, 5 * MS + 450000);
  line_clear (&line);

  line_init (&line, "jitter-us=20000", 2);
  line_send (&line, 1000);
  for (uint32_t i = 0; i < 1000; i++)
    PF_CHECK_UINT (line.out[i], ==, i);
  line_clear (&line);
}

/* 8 Mbit/s are 1000 bytes a millisecond: ten at once as the bucket holds them,
 * then one a millisecond; twenty may wait, the others are lost. */
static void
test_rate (void)
{
  Line line;
  uint32_t i;

  line_init (&line, "rate-kbps=8000,bucket=10000,queue=20000", 1);
  for (i = 0; i < 40; i++)
    line_put (&line, 1000 * MS, i, 1000);
  line_run (&line, 2000 * MS);
  PF_REQUIRE_UINT (line.n_out, ==, 30);
  for (i = 0; i < 30; i++) {
    PF_CHECK_UINT (line.out[i], ==, i);
    PF_CHECK_UINT (line.at[i], ==, (i < 10 ? 1000 : 1000 + i - 9) * MS);
  }
  PF_CHECK_UINT (line.channel.n.lost_queue, ==, 10);
  PF_CHECK_UINT (line.channel.n.queue_peak, ==, 20000);

  /* After 5 ms the bucket holds five. */
  for (i = 0; i < 6; i++)
    line_put (&line, 1025 * MS, 100 + i, 1000);
  line_run (&line, 3000 * MS);
  PF_REQUIRE_UINT (line.n_out, ==, 36);
  PF_CHECK_UINT (line.at[34], ==, 1025 * MS);
  PF_CHECK_UINT (line.at[35], ==, 1026 * MS);
  line_clear (&line);
}

/* A second at twice the rate gets one second's worth, bucket and queue. */
static void
test_overload (void)
{
  Line line;
  uint64_t in_time = 0;

  line_init (&line, "rate-kbps=20000,bucket=5000,queue=30000", 1);
  for (uint32_t i = 0; i < 5000; i++)
    line_put (&line, 1000 * MS + i * MS / 5, i, 1000);
  line_run (&line, 5000 * MS);
  for (size_t i = 0; i < line.n_out; i++)
    in_time += line.at[i] <= 2000 * MS;
  PF_CHECK_UINT (in_time, >=, 2500 + 5 - 2);
  PF_CHECK_UINT (in_time, <=, 2500 + 5 + 1);
  PF_CHECK_UINT (line.n_out, <=, 2500 + 5 + 30 + 1);
  PF_CHECK_UINT (line.channel.n.lost_queue, ==, 5000 - line.n_out);
  line_clear (&line);
}

/* What waits has a limit. */
static void
test_room (void)
{
  Line line;
  const uint32_t n = FORWARD_MAX_BYTES / 2000 + 100;

  line_init (&line, "delay-us=1000000", 1);
  for (uint32_t i = 0; i < n; i++)
    line_put (&line, MS, i, 2000);
  PF_CHECK_UINT (line.channel.n.lost_room, ==, n - FORWARD_MAX_BYTES / 2000);
  line_clear (&line);
}

static void
test_spec (void)
{
  static const char *const bad[] = { "drop", "drop=", "drop=-1", "drop=1000001",
    "drop=1x", "loss=1", "drop=1,,burst=2", "reorder-gap=0", "=3",
    "drop=99999999999999999999",
    "a-name-that-is-longer-than-all-that-could-be-right-in-this-place=1" };
  ForwardSpec spec;
  char error[100];

  PF_CHECK_INT (
      forward_spec_parse (
          &spec, "drop=5,burst=2,rate-kbps=100,queue=7", error, sizeof error),
      ==, 0);
  PF_CHECK_UINT (spec.drop_ppm, ==, 5);
  PF_CHECK_UINT (spec.burst, ==, 2);
  PF_CHECK_UINT (spec.rate_kbps, ==, 100);
  PF_CHECK_UINT (spec.queue, ==, 7);
  PF_CHECK_UINT (spec.bucket, ==, 15000);
  PF_CHECK_INT (forward_spec_parse (&spec, "", error, sizeof error), ==, 0);
  PF_CHECK_UINT (spec.drop_ppm, ==, 0);
  spec.drop_ppm = 77;
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    error[0] = '\0';
    if (forward_spec_parse (&spec, bad[i], error, sizeof error) == 0)
      pf_test_fail (__FILE__, __LINE__, "%s was taken", bad[i]);
    PF_CHECK (error[0] != '\0');
  }
  PF_CHECK_UINT (spec.drop_ppm, ==, 77);
}

int
main (int argc, char **argv)
{
  PF_TEST_ADD ("/forward/nothing", test_nothing);
  PF_TEST_ADD ("/forward/loss", test_loss);
  PF_TEST_ADD ("/forward/bursts", test_bursts);
  PF_TEST_ADD ("/forward/all-lost", test_all_lost);
  PF_TEST_ADD ("/forward/seed", test_seed);
  PF_TEST_ADD ("/forward/duplicates", test_duplicates);
  PF_TEST_ADD ("/forward/reorder", test_reorder);
  PF_TEST_ADD ("/forward/reorder-alone", test_reorder_alone);
  PF_TEST_ADD ("/forward/nth", test_nth);
  PF_TEST_ADD ("/forward/delay", test_delay);
  PF_TEST_ADD ("/forward/rate", test_rate);
  PF_TEST_ADD ("/forward/overload", test_overload);
  PF_TEST_ADD ("/forward/room", test_room);
  PF_TEST_ADD ("/forward/spec", test_spec);
  return pf_test_run (argc, argv);
}
