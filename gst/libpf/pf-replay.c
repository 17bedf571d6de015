/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Replay window: a ring of bits, one per number of the window.
 */
#include "pf-replay.h"

#include <stdlib.h>
#include <string.h>

struct PfReplay {
  uint64_t highest; /* entered; means nothing until ANY */
  uint32_t window;
  bool any;
  uint64_t bits[]; /* window / 64 */
};

int
pf_replay_new (uint32_t window, PfReplay **replay)
{
  PfReplay *r;

  if (!replay)
    return PF_ERR_INVALID;
  if (window < 64 || window > PF_REPLAY_MAX || (window & (window - 1)))
    return PF_ERR_RANGE;
  r = calloc (1, sizeof *r + window / 64 * sizeof r->bits[0]);
  if (!r)
    return PF_ERR_NO_MEMORY;
  r->window = window;
  *replay = r;
  return 0;
}

void
pf_replay_free (PfReplay *replay)
{
  free (replay);
}

static uint64_t *
word_of (const PfReplay *r, uint64_t sequence)
{
  return (uint64_t *) &r->bits[(sequence & (r->window - 1)) / 64];
}

int
pf_replay_check (const PfReplay *replay, uint64_t sequence)
{
  if (!replay->any || sequence > replay->highest)
    return 0;
  if (replay->highest - sequence >= replay->window ||
      (*word_of (replay, sequence) >> (sequence % 64) & 1))
    return PF_ERR_REPLAY;
  return 0;
}

/* The numbers after the highest up to this one take over the places of those
 * that fall out of the window. */
static void
advance (PfReplay *r, uint64_t sequence)
{
  uint64_t from = r->highest + 1;

  if (sequence - r->highest >= r->window) {
    memset (r->bits, 0, r->window / 64 * sizeof r->bits[0]);
    return;
  }
  while (from <= sequence) {
    const uint64_t end = from | 63; /* of the word */
    const uint64_t to = end < sequence ? end : sequence;
    const unsigned n = (unsigned) (to - from + 1);
    const uint64_t mask = n == 64 ? UINT64_MAX : (UINT64_C (1) << n) - 1;

    *word_of (r, from) &= ~(mask << (from % 64));
    if (to == sequence)
      break; /* to + 1 could be 0 */
    from = to + 1;
  }
}

int
pf_replay_enter (PfReplay *replay, uint64_t sequence)
{
  int ret = pf_replay_check (replay, sequence);

  if (ret < 0)
    return ret;
  if (!replay->any || sequence > replay->highest) {
    if (replay->any)
      advance (replay, sequence);
    replay->any = true;
    replay->highest = sequence;
  }
  *word_of (replay, sequence) |= UINT64_C (1) << (sequence % 64);
  return 0;
}
