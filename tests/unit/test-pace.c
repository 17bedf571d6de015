/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Pacing schedules: a burst at once, only what is over it spread; checked
 * against a path that swallows a burst and then a rate.
 */
#include "pf-pace.h"
#include "pf-test.h"

#define MS 1000000ull
#define SIZE 1472u

/* Walks a schedule: sums, order, the end. Returns the last time. */
static uint64_t
walk (const PfPace *pace, uint64_t start, uint64_t latest)
{
  uint64_t when = start, before = start;
  uint32_t n, sent = 0;

  for (; pf_pace_next (pace, sent, &n, &when); sent += n) {
    PF_REQUIRE_UINT (n, >, 0);
    PF_REQUIRE_UINT (n, <=, pace->n - sent);
    PF_CHECK_UINT (when, >=, before);
    PF_CHECK_UINT (when, <=, latest);
    before = when;
  }
  PF_CHECK_UINT (sent, ==, pace->n);
  return before;
}

static void
test_small (void)
{
  const uint64_t now = 1000 * MS;
  PfPaceConfig c;
  PfPace pace;
  uint64_t when;
  uint32_t n;

  pf_pace_config_init (&c);
  /* frames within the burst gain no delay: 89 packets are 128 KiB */
  for (uint32_t i = 1; i <= 89; i++) {
    pf_pace_frame (&c, i, SIZE, now, now + 16 * MS, &pace);
    PF_REQUIRE (pf_pace_next (&pace, 0, &n, &when));
    PF_CHECK_UINT (n, ==, i);
    PF_CHECK_UINT (when, ==, now);
    PF_CHECK (!pf_pace_next (&pace, i, &n, &when));
  }
  pf_pace_frame (&c, 90, SIZE, now, now + 16 * MS, &pace);
  PF_REQUIRE (pf_pace_next (&pace, 0, &n, &when));
  PF_CHECK_UINT (n, ==, 89);
  PF_REQUIRE (pf_pace_next (&pace, 89, &n, &when));
  PF_CHECK_UINT (n, ==, 1);
  PF_CHECK_UINT (when, >, now);
  /* nothing to send */
  pf_pace_frame (&c, 0, SIZE, now, now + 16 * MS, &pace);
  PF_CHECK (!pf_pace_next (&pace, 0, &n, &when));
  /* a packet larger than the burst still leaves */
  c.burst = 100;
  c.burst_percent = 0;
  pf_pace_frame (&c, 2, SIZE, now, now + 16 * MS, &pace);
  PF_REQUIRE (pf_pace_next (&pace, 0, &n, &when));
  PF_CHECK_UINT (n, ==, 1);
  PF_CHECK_UINT (when, ==, now);
}

static void
test_spread (void)
{
  const uint64_t now = 7 * MS;
  PfPaceConfig c;
  PfPace pace;
  uint64_t when, last;
  uint32_t n;

  pf_pace_config_init (&c);
  c.burst_percent = 0;
  /* 389 packets: 89 at once, 300 over 9 of 10 ms, by 17 for steps >= 0.5 ms */
  pf_pace_frame (&c, 389, SIZE, now, now + 10 * MS, &pace);
  PF_CHECK_UINT (pace.burst, ==, 89);
  PF_CHECK_UINT (pace.chunk, ==, 17);
  PF_REQUIRE (pf_pace_next (&pace, 89, &n, &when));
  PF_CHECK_UINT (n, ==, 17);
  PF_CHECK_UINT (when, ==, now + 510000); /* 17/300 of 9 ms */
  /* in the middle of a chunk its rest follows at the chunk's time */
  PF_REQUIRE (pf_pace_next (&pace, 99, &n, &when));
  PF_CHECK_UINT (n, ==, 7);
  PF_CHECK_UINT (when, ==, now + 510000);
  last = walk (&pace, now, now + 9 * MS);
  PF_CHECK_UINT (last, ==, now + 9 * MS);
  /* no time left: all at once */
  pf_pace_frame (&c, 389, SIZE, now, now, &pace);
  PF_CHECK_UINT (pace.burst, ==, 389);
  pf_pace_frame (&c, 389, SIZE, now, now - 1, &pace);
  PF_CHECK_UINT (walk (&pace, now, now), ==, now);
  /* a quarter of a large frame is the burst */
  c.burst_percent = 25;
  pf_pace_frame (&c, 800, SIZE, now, now + 10 * MS, &pace);
  PF_CHECK_UINT (pace.burst, ==, 200);
  /* three times the rate is faster than the frame's time: 300 * 1472 * 8 bit
   * at 60 Mbit/s are 58.88 ms */
  c.burst_percent = 0;
  c.rate_bps = 60000000;
  pf_pace_frame (&c, 389, SIZE, now, now + 1000 * MS, &pace);
  PF_CHECK_UINT (walk (&pace, now, now + 20 * MS), ==, now + 19626666);
  /* and 100 ms is the most */
  c.rate_bps = 0;
  pf_pace_frame (&c, 389, SIZE, now, now + 1000 * MS, &pace);
  PF_CHECK_UINT (walk (&pace, now, now + 100 * MS), ==, now + 100 * MS);
}

static void
test_wait (void)
{
  PfPaceConfig c;
  PfPace pace;

  pf_pace_config_init (&c);
  pf_pace_frame (&c, 1, SIZE, 0, 0, &pace);
  PF_CHECK_UINT (pf_pace_wait (&pace, 500000, 0), ==, 500000);
  PF_CHECK_UINT (pf_pace_wait (&pace, 500000, 1), ==, 1);
  PF_CHECK_UINT (pf_pace_wait (&pace, 500000, 500000), ==, 500000);
  PF_CHECK_UINT (pf_pace_wait (&pace, 500000, 900000), ==, 900000);
}

/* A path with a bucket of so many bytes that drains at a rate: how many
 * packets of 60 frames a second overflow it. */
static unsigned
overflow (const PfPaceConfig *c, uint64_t path_bps, uint64_t bucket,
    uint32_t n_packets, bool paced)
{
  const uint64_t interval = 16666667;
  uint64_t level = 0, at = 0;
  unsigned dropped = 0;

  for (unsigned f = 0; f < 60; f++) {
    const uint64_t now = f * interval;
    uint64_t clock = now;
    uint32_t sent = 0, n;
    PfPace pace;
    uint64_t when;

    pf_pace_frame (c, n_packets, SIZE, now, now + interval, &pace);
    while (pf_pace_next (&pace, sent, &n, &when)) {
      uint64_t drained;

      if (!paced)
        when = now;
      clock = pf_pace_wait (&pace, when, clock);
      drained = (clock - at) * (path_bps / 1000) / 8 / 1000000;
      level -= drained < level ? drained : level;
      at = clock;
      for (uint32_t i = 0; i < n; i++) {
        if (level + SIZE > bucket)
          dropped++;
        else
          level += SIZE;
      }
      sent += n;
    }
  }
  return dropped;
}

static void
test_path (void)
{
  PfPaceConfig c;

  pf_pace_config_init (&c);
  /* 400 Mbit/s at 60 Hz are 566 packets a frame: a path of 600 Mbit/s with a
   * queue of 256 KiB. 60 Mbit/s are 85 packets, but a frame of a new scene is
   * twice that: a path of 150 Mbit/s with 160 KiB. */
  PF_CHECK_UINT (overflow (&c, 600000000, 256 << 10, 566, false), >, 1000);
  PF_CHECK_UINT (overflow (&c, 600000000, 256 << 10, 566, true), ==, 0);
  PF_CHECK_UINT (overflow (&c, 150000000, 160 << 10, 170, false), >, 1000);
  PF_CHECK_UINT (overflow (&c, 150000000, 160 << 10, 170, true), ==, 0);
}

static void
test_random (void)
{
  for (int i = 0; i < 20000; i++) {
    const uint64_t now = pf_test_random_below (1000 * MS);
    const uint64_t left = pf_test_random_below (200 * MS);
    const uint32_t n = (uint32_t) pf_test_random_below (6000) + 1;
    PfPaceConfig c;
    PfPace pace;

    pf_pace_config_init (&c);
    c.rate_bps = pf_test_random_below (3) * pf_test_random_below (400000000);
    c.burst_percent = (uint32_t) pf_test_random_below (101);
    pf_pace_frame (&c, n, pf_test_random_below (9200), now, now + left, &pace);
    walk (&pace, now, now + left * 9 / 10);
  }
}

int
main (int argc, char **argv)
{
  PF_TEST_ADD ("/pace/small", test_small);
  PF_TEST_ADD ("/pace/spread", test_spread);
  PF_TEST_ADD ("/pace/wait", test_wait);
  PF_TEST_ADD ("/pace/path", test_path);
  PF_TEST_ADD ("/pace/random", test_random);
  return pf_test_run (argc, argv);
}
