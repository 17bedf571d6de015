/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * When the packets of a frame leave: a burst that every path can swallow goes
 * at once, only what is over it is spread over the time until the next frame.
 * Pure functions over times passed in (any clock, ns).
 *
 *   pf_pace_frame (&config, n, size, now, next_frame, &pace);
 *   for (sent = 0; pf_pace_next (&pace, sent, &n, &when); sent += n)
 *     wait until pf_pace_wait (&pace, when, now), send n packets
 */
#ifndef PF_PACE_H
#define PF_PACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
  uint32_t burst;          /* bytes at once */
  uint32_t burst_percent;  /* but at least so much of a frame */
  uint32_t spread_percent; /* of the time left, for what is over it */
  uint64_t rate_bps;       /* of the stream; 0: only the time left counts */
  uint32_t rate_factor;    /* what is over it goes so much faster than that */
  uint64_t max_spread_ns;  /* and never takes longer than this */
  uint64_t min_wait_ns;    /* shorter waits are left out */
  uint32_t chunk_min, chunk_max; /* packets between two waits */
} PfPaceConfig;

/* 128 KiB or a quarter of the frame; 90 % of the time left, three times the
 * rate, 100 ms; 16 to 64 packets, 500 us. */
void pf_pace_config_init (PfPaceConfig *config);

/* Thread-safety: constant once made. */
typedef struct {
  uint64_t start;
  uint64_t spread;
  uint64_t min_wait;
  uint32_t n;     /* packets in all */
  uint32_t burst; /* packets at once */
  uint32_t chunk;
} PfPace;

/* The schedule of a frame of n packets that is ready now; the next one is due
 * at due (in the past: there is no time left). */
void pf_pace_frame (const PfPaceConfig *config, uint32_t n, size_t packet_size,
    uint64_t now, uint64_t due, PfPace *pace);

/* After so many packets: how many follow, and when. False at the end. */
bool pf_pace_next (
    const PfPace *pace, uint32_t sent, uint32_t *n, uint64_t *when);

/* Until when to wait before what is scheduled for when: now, if the wait is
 * too short to be worth it. */
uint64_t pf_pace_wait (const PfPace *pace, uint64_t when, uint64_t now);

#endif /* PF_PACE_H */
