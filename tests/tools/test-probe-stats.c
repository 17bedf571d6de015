/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The expectations of pf-probe against brute force and against each other. */
#include <math.h>
#include <stdbool.h>

#include "pf-test.h"
#include "probe-stats.h"

static bool
close_to (double a, double b)
{
  return fabs (a - b) <= 1e-12 + 1e-9 * fabs (b);
}

#define CHECK_CLOSE(a, b)                                                      \
  do {                                                                         \
    double a_ = (a), b_ = (b);                                                 \
    if (!close_to (a_, b_))                                                    \
      pf_test_fail (                                                           \
          __FILE__, __LINE__, "%s == %s: %.15g, %.15g", #a, #b, a_, b_);       \
  } while (0)

static void
test_binomial (void)
{
  CHECK_CLOSE (probe_binomial_tail (3, 1, 0.5), 0.5);
  CHECK_CLOSE (probe_binomial_tail (10, 2, 0.1), 0.0701908264);
  CHECK_CLOSE (probe_binomial_tail (10, 9, 0.5), 1.0 / 1024);
  CHECK_CLOSE (probe_binomial_tail (10, 0, 0.5), 1023.0 / 1024);
  CHECK_CLOSE (probe_binomial_tail (120, 20, 0), 0);
  CHECK_CLOSE (probe_binomial_tail (120, 20, 1), 1);
  CHECK_CLOSE (probe_binomial_tail (4, 4, 1), 0);
  CHECK_CLOSE (probe_binomial_tail (4, 9, 0.5), 0);
}

/* With a channel that forgets its state at once, two computations that share
 * nothing. */
static void
test_memoryless (void)
{
  static const unsigned sizes[][2] = { { 1, 0 }, { 2, 1 }, { 12, 2 },
    { 120, 20 }, { 150, 50 }, { 255, 100 }, { 600, 100 } };
  size_t i;
  int percent;

  for (i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
    for (percent = 0; percent <= 100; percent += 5) {
      ProbeChannel c;
      double p = percent / 100.0;

      probe_channel_init_random (&c, p);
      CHECK_CLOSE (probe_channel_tail (&c, sizes[i][0], sizes[i][1]),
          probe_binomial_tail (sizes[i][0], sizes[i][1], p));
    }
}

/* All ways a channel can go, one by one. */
static double
brute (
    const ProbeChannel *c, bool bad, unsigned left, unsigned lost, unsigned m)
{
  double good_next, bad_next, p_lost = bad ? c->bad_loss : 0;
  double to_bad = bad ? 1 - c->bad_good : c->good_bad;

  if (left == 0)
    return lost > m;
  good_next = brute (c, false, left - 1, lost, m) * (1 - p_lost);
  bad_next = brute (c, true, left - 1, lost, m) * (1 - p_lost);
  if (p_lost > 0) {
    good_next += brute (c, false, left - 1, lost + 1, m) * p_lost;
    bad_next += brute (c, true, left - 1, lost + 1, m) * p_lost;
  }
  return (1 - to_bad) * good_next + to_bad * bad_next;
}

static void
test_bursty (void)
{
  static const double channels[][3] = { { 0.1, 4, 1 }, { 0.3, 1.5, 1 },
    { 0.2, 10, 0.5 }, { 0.4, 1, 0.9 }, { 1, 3, 1 }, { 0, 3, 1 } };
  size_t i;
  unsigned n, m;

  for (i = 0; i < sizeof channels / sizeof channels[0]; i++) {
    const double *a = channels[i];
    ProbeChannel c;

    PF_REQUIRE_INT (probe_channel_init_bursty (&c, a[0], a[1], a[2]), ==, 0);
    for (n = 1; n <= 7; n++) {
      double mean = 0;

      for (m = 0; m <= n; m++) {
        double tail = probe_channel_tail (&c, n, m);

        CHECK_CLOSE (tail, c.bad * brute (&c, true, n, 0, m) +
                               (1 - c.bad) * brute (&c, false, n, 0, m));
        mean += tail;
      }
      /* The channel is in its long-term state at every shard. */
      CHECK_CLOSE (mean, n * a[0]);
    }
  }
}

static void
test_impossible (void)
{
  ProbeChannel c;

  PF_CHECK_INT (probe_channel_init_bursty (&c, 0.5, 4, 0.4), <, 0);
  PF_CHECK_INT (probe_channel_init_bursty (&c, 0.6, 1, 1), <, 0);
  PF_CHECK_INT (probe_channel_init_bursty (&c, 0.5, 1, 1), ==, 0);
  PF_CHECK_INT (probe_channel_init_bursty (&c, 0.1, 0.5, 1), <, 0);
  PF_CHECK_INT (probe_channel_init_bursty (&c, 0.1, 2, 0), <, 0);
  PF_CHECK_INT (probe_channel_init_bursty (&c, -0.1, 2, 1), <, 0);
}

/* P (a <= X <= b) */
static double
between (unsigned n, double p, int a, int b)
{
  return (a > 0 ? probe_binomial_tail (n, (unsigned) a - 1, p) : 1) -
         probe_binomial_tail (n, (unsigned) b, p);
}

static void
test_band (void)
{
  static const double levels[] = { 0.5, 0.95, 0.999, 0.99999 };
  static const double shares[] = { 0, 1e-6, 0.01, 0.3, 0.5, 0.9, 1 };
  static const unsigned trials[] = { 1, 2, 10, 1000 };
  size_t l, s, t;

  for (l = 0; l < sizeof levels / sizeof levels[0]; l++)
    for (s = 0; s < sizeof shares / sizeof shares[0]; s++)
      for (t = 0; t < sizeof trials / sizeof trials[0]; t++) {
        double p = shares[s], side = (1 - levels[l]) / 2;
        unsigned n = trials[t], low, high;

        probe_band (n, p, levels[l], &low, &high);
        PF_CHECK_UINT (low, <=, high);
        PF_CHECK_UINT (high, <=, n);
        /* Wide enough on either side, and not wider. */
        if (low > 0)
          PF_CHECK (between (n, p, 0, (int) low - 1) <= side + 1e-9);
        PF_CHECK (between (n, p, (int) high + 1, (int) n) <= side + 1e-9);
        PF_CHECK (between (n, p, 0, (int) low) > side - 1e-9);
        if (high > low)
          PF_CHECK (between (n, p, (int) high, (int) n) > side - 1e-9);
      }
}

int
main (int argc, char **argv)
{
  PF_TEST_ADD ("/probe-stats/binomial", test_binomial);
  PF_TEST_ADD ("/probe-stats/memoryless", test_memoryless);
  PF_TEST_ADD ("/probe-stats/bursty", test_bursty);
  PF_TEST_ADD ("/probe-stats/impossible", test_impossible);
  PF_TEST_ADD ("/probe-stats/band", test_band);
  return pf_test_run (argc, argv);
}
