/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Exact tails of the binomial distribution and of a two-state channel. */
#include "probe-stats.h"

#include <math.h>
#include <stdlib.h>

void
probe_channel_init_random (ProbeChannel *channel, double loss)
{
  /* The next state does not depend on this one. */
  channel->bad = loss;
  channel->good_bad = loss;
  channel->bad_good = 1 - loss;
  channel->bad_loss = 1;
  channel->memoryless = 1;
}

int
probe_channel_init_bursty (
    ProbeChannel *channel, double loss, double bad_length, double bad_loss)
{
  ProbeChannel c;

  if (bad_loss <= 0 || bad_loss > 1 || bad_length < 1 || loss < 0 ||
      loss > bad_loss)
    return -1;
  c.memoryless = 0;
  c.bad = loss / bad_loss;
  c.bad_loss = bad_loss;
  c.bad_good = 1 / bad_length;
  if (c.bad >= 1) {
    c.bad = 1;
    c.bad_good = 0;
    c.good_bad = 1;
  } else {
    /* As many shards turn bad as recover. */
    c.good_bad = c.bad_good * c.bad / (1 - c.bad);
    if (c.good_bad > 1)
      return -1;
  }
  *channel = c;
  return 0;
}

/* P (exactly i of n). */
static double
binomial (unsigned n, unsigned i, double p)
{
  if (p <= 0)
    return i == 0;
  if (p >= 1)
    return i == n;
  return exp (lgamma (n + 1.0) - lgamma (i + 1.0) - lgamma (n - i + 1.0) +
              i * log (p) + (n - i) * log1p (-p));
}

double
probe_binomial_tail (unsigned n, unsigned m, double loss)
{
  double sum = 0;
  unsigned i;

  if (m >= n)
    return 0;
  /* Sum up the smaller side, smallest terms first. */
  if (m + 1.0 > n * loss) {
    for (i = n; i > m; i--)
      sum += binomial (n, i, loss);
    return sum < 1 ? sum : 1;
  }
  for (i = 0; i <= m; i++)
    sum += binomial (n, i, loss);
  return sum < 1 ? 1 - sum : 0;
}

double
probe_channel_tail (const ProbeChannel *channel, unsigned n, unsigned m)
{
  /* good[l], bad[l]: l shards lost so far and the channel in that state. What
   * passes m never comes back, so it is only added up. */
  double *good, *bad, tail = 0;
  unsigned i, l;

  if (m >= n)
    return 0;
  good = calloc ((size_t) m + 1, sizeof *good);
  bad = calloc ((size_t) m + 1, sizeof *bad);
  if (good == NULL || bad == NULL) {
    free (good);
    free (bad);
    return NAN;
  }
  good[0] = 1 - channel->bad;
  bad[0] = channel->bad;
  for (i = 0; i < n; i++) {
    unsigned top = i < m ? i : m;
    double carry = 0;

    for (l = 0; l <= top; l++) {
      double lost = bad[l] * channel->bad_loss;

      bad[l] = bad[l] - lost + carry;
      carry = lost;
    }
    if (top < m)
      bad[top + 1] += carry;
    else
      tail += carry;
    for (l = 0; l <= top + (top < m); l++) {
      double g = good[l], b = bad[l];

      good[l] = g * (1 - channel->good_bad) + b * channel->bad_good;
      bad[l] = g * channel->good_bad + b * (1 - channel->bad_good);
    }
  }
  free (good);
  free (bad);
  return tail < 1 ? tail : 1;
}

void
probe_band (
    unsigned trials, double p, double level, unsigned *low, unsigned *high)
{
  double side = (1 - level) / 2, sum = 0;
  unsigned i;

  for (i = 0; i < trials; i++) {
    sum += binomial (trials, i, p);
    if (sum > side)
      break;
  }
  *low = i;
  sum = 0;
  for (i = trials; i > *low; i--) {
    sum += binomial (trials, i, p);
    if (sum > side)
      break;
  }
  *high = i;
}
