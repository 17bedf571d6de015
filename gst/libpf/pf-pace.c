/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Pacing: a burst at once, the rest in equal steps.
 */
#include "pf-pace.h"

#define NS_PER_S 1000000000ull

void
pf_pace_config_init (PfPaceConfig *config)
{
  *config = (PfPaceConfig){
    .burst = 128 << 10,
    .burst_percent = 25,
    .spread_percent = 90,
    .rate_factor = 3,
    .max_spread_ns = NS_PER_S / 10,
    .min_wait_ns = 500000,
    .chunk_min = 16,
    .chunk_max = 64,
  };
}

static uint64_t
min64 (uint64_t a, uint64_t b)
{
  return a < b ? a : b;
}

/* How long the packets over the burst may take. */
static uint64_t
spread_of (const PfPaceConfig *c, uint64_t over_bytes, uint64_t left)
{
  uint64_t spread = left / 100 * c->spread_percent;

  if (c->rate_bps > 0 && c->rate_factor > 0) {
    /* a frame's bits over a rate: in microseconds nothing overflows */
    const uint64_t at_rate = over_bytes * 8 * 1000000 / c->rate_bps;

    spread = min64 (spread, at_rate * 1000 / c->rate_factor);
  }
  return min64 (spread, c->max_spread_ns);
}

void
pf_pace_frame (const PfPaceConfig *config, uint32_t n, size_t packet_size,
    uint64_t now, uint64_t due, PfPace *pace)
{
  const uint64_t size = packet_size ? packet_size : 1;
  const uint64_t left = due > now ? due - now : 0;
  uint64_t burst = config->burst / size, chunk;
  const uint64_t share = (uint64_t) n * config->burst_percent / 100;
  PfPace p = { .start = now, .min_wait = config->min_wait_ns, .n = n };

  if (burst < share)
    burst = share;
  if (burst == 0)
    burst = 1;
  if (burst < n)
    p.spread = spread_of (config, (n - burst) * size, left);
  p.burst = p.spread > 0 ? (uint32_t) burst : n;
  /* so many that a step is worth a wait, within the bounds */
  chunk = config->chunk_min;
  if (p.spread > 0) {
    const uint64_t over = n - p.burst;
    const uint64_t steps = p.spread / (p.min_wait ? p.min_wait : 1);
    const uint64_t least = steps ? (over + steps - 1) / steps : over;

    if (chunk < least)
      chunk = least;
  }
  if (chunk > config->chunk_max)
    chunk = config->chunk_max;
  p.chunk = chunk ? (uint32_t) chunk : 1;
  *pace = p;
}

bool
pf_pace_next (const PfPace *pace, uint32_t sent, uint32_t *n, uint64_t *when)
{
  uint32_t over, step;

  if (sent >= pace->n)
    return false;
  if (sent < pace->burst) {
    *n = pace->burst - sent;
    *when = pace->start;
    return true;
  }
  /* The chunk that sent lies in ends after so many packets over the burst,
   * and leaves when that share of the time has passed. */
  over = pace->n - pace->burst;
  step = (sent - pace->burst) / pace->chunk * pace->chunk + pace->chunk;
  if (step > over)
    step = over;
  *n = pace->burst + step - sent;
  *when = pace->start + pace->spread / over * step +
          pace->spread % over * step / over;
  return true;
}

uint64_t
pf_pace_wait (const PfPace *pace, uint64_t when, uint64_t now)
{
  return when > now && when - now >= pace->min_wait ? when : now;
}
