/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Replay window: which sequence numbers of a sealed stream were opened. A
 * number is looked up before the packet is opened, which costs little, and
 * entered once it authenticated: a forged packet moves nothing.
 */
#ifndef PF_REPLAY_H
#define PF_REPLAY_H

#include <stdbool.h>

#include "pf-error.h"

/* Packets that may overtake one another. */
#define PF_REPLAY_PUNKTFUNK1 131072
#define PF_REPLAY_GAMESTREAM_CONTROL 1024
#define PF_REPLAY_MAX (1u << 24)

/* Thread-safety: one thread per PfReplay. */
typedef struct PfReplay PfReplay;

/* WINDOW numbers back from the highest, the highest included. Errors:
 * PF_ERR_INVALID, PF_ERR_RANGE (not a power of two from 64 to PF_REPLAY_MAX),
 * PF_ERR_NO_MEMORY. */
int pf_replay_new (uint32_t window, PfReplay **replay);

void pf_replay_free (PfReplay *replay);

/* Errors: PF_ERR_REPLAY (entered before, or below the window). */
int pf_replay_check (const PfReplay *replay, uint64_t sequence);

/* Checks and enters. Errors: as pf_replay_check(), nothing is entered then. */
int pf_replay_enter (PfReplay *replay, uint64_t sequence);

#endif /* PF_REPLAY_H */
