/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Frames sent through a lossy channel: really encoded, really restored. */
#ifndef PROBE_SIM_H
#define PROBE_SIM_H

#include <stddef.h>
#include <stdint.h>

#include "probe-stats.h"

typedef struct {
  uint32_t scheme; /* PfFecScheme */
  unsigned percent;
  unsigned data, parity;
  size_t size;
  double loss; /* fraction */
  ProbeChannel channel;
  unsigned frames;
  uint64_t seed;
} ProbePoint;

typedef struct {
  unsigned intact;        /* no data shard was lost */
  unsigned recovered;     /* data was lost and restored */
  unsigned unrecoverable; /* fewer shards arrived than there is data */
  uint64_t shards_sent, shards_lost;
  double encode_us;                  /* median */
  double decode_us, decode_us_worst; /* of recovered frames; 0: none */
  double binomial;                   /* probabilities of losing a frame: */
  double expected;                   /* shards lost alone; in the channel */
  unsigned band_low, band_high;      /* 95 % of runs, frames */
} ProbeResult;

/*
 * Runs one point. Every byte of every frame is compared: data that was
 * restored, rows that arrived, and rows of frames beyond repair, which must
 * be left alone. Returns NULL, or what went wrong.
 */
const char *probe_run (const ProbePoint *point, ProbeResult *result);

#endif /* PROBE_SIM_H */
