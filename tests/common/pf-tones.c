/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A tone for each channel; see pf-tones.h. */
#include "pf-tones.h"

#include <math.h>

#include "pf-test.h"

#define TURN 6.283185307179586

double
pf_tones_hertz (unsigned channel)
{
  return 400.0 + 300.0 * channel;
}

void
pf_tones_make (float *samples, size_t from, size_t n, unsigned channels)
{
  for (size_t i = 0; i < n; i++)
    for (unsigned c = 0; c < channels; c++)
      samples[i * channels + c] =
          (float) (0.3 * sin (TURN * pf_tones_hertz (c) * (double) (from + i) /
                              PF_TONES_RATE));
}

/* Power of a frequency in a channel, by Goertzel's way. */
static double
power_at (const float *samples, size_t n, unsigned channels, unsigned channel,
    double hertz)
{
  const double w = 2 * cos (TURN * hertz / PF_TONES_RATE);
  double a = 0, b = 0;

  for (size_t i = 0; i < n; i++) {
    const double c = samples[i * channels + channel] + w * a - b;

    b = a;
    a = c;
  }
  return a * a + b * b - w * a * b;
}

double
pf_tones_apart (const float *samples, size_t n, unsigned channels,
    unsigned channel, unsigned other)
{
  return 10 * log10 (power_at (samples, n, channels, channel,
                         pf_tones_hertz (channel)) /
                     power_at (samples, n, channels, channel,
                         pf_tones_hertz (other)));
}

double
pf_tones_check (
    const float *samples, size_t n, unsigned channels, double least_db)
{
  double worst = 1000;

  for (unsigned c = 0; c < channels; c++)
    for (unsigned other = 0; other < channels; other++) {
      double db;

      if (c == other)
        continue;
      db = pf_tones_apart (samples, n, channels, c, other);
      if (!(db >= least_db)) /* NaN: there is nothing at all */
        pf_test_fail (__FILE__, __LINE__,
            "speaker %u: its tone is %.1f dB above that of %u", c, db, other);
      worst = fmin (worst, db);
    }
  return worst;
}
