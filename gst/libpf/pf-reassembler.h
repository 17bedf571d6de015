/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * From packets back to access units: collects the shards of frames, restores
 * a block as soon as enough of it arrived, hands out frames in order and says
 * which were lost. Works on plain packets of any PfWire format.
 *
 *   pf_reassembler_push (r, packet, size, now);
 *   while (pf_reassembler_next (r, now, &event) > 0)
 *     ...
 *
 * next() is to be called until it returns 0 after each push, and when the
 * time of pf_reassembler_wake() has come. Time is any clock that never goes
 * back, in ns.
 *
 * Memory: all of it, tables and bookkeeping with it, stays within one budget
 * given at the start; whoever sends can only make frames be lost. A frame
 * that was handed out is the caller's and does not count.
 *
 * Thread-safety: one thread per PfReassembler. The memory of an event may be
 * freed in any thread.
 */
#ifndef PF_REASSEMBLER_H
#define PF_REASSEMBLER_H

#include "pf-wire.h"

typedef struct PfReassembler PfReassembler;

typedef struct {
  const PfWire *wire;
  PfWireConfig packets;
  uint64_t deadline_ns; /* how long a frame may stay incomplete; 0: 120 ms */
  uint64_t overtake_ns; /* and how long with a later one whole; 0: as long */
  uint32_t window;      /* frames in flight, 2 .. 4096; 0: see below */
  size_t budget;        /* bytes; 0: 4 times max_frame */
} PfReassemblerConfig;

/*
 * A frame that begins more than a window behind another one has that one go:
 * handed out if it is whole, else lost, however long its deadline. A number out
 * of the window and a quarter more than the newest has to come eight times in a
 * row; two windows off it is a jump, and frames in flight are lost. By default
 * a window is what 240 frames a second make of the deadline, from 64 on, unless
 * its table took more than an eighth of the budget.
 */

/* What became of a packet. */
typedef enum {
  PF_TAKEN,         /* a new shard */
  PF_TAKEN_FILLER,  /* speed test: counted */
  PF_DROP_INVALID,  /* no such packet */
  PF_DROP_RANGE,    /* outside what was agreed on */
  PF_DROP_CONFLICT, /* contradicts the packets before it */
  PF_DROP_DUPLICATE,
  PF_DROP_NOT_NEEDED, /* its block is whole, or its frame was handed out */
  PF_DROP_LATE,       /* its frame was given up */
  PF_DROP_FAR,        /* a frame number far off; taken if it goes on so */
  PF_DROP_BUDGET,     /* no memory left for it */
  PF_N_FATES,
} PfPacketFate;

typedef enum {
  PF_EVENT_FRAME, /* an access unit */
  PF_EVENT_LOST,  /* frames first .. last will not come */
  PF_EVENT_JUMP,  /* the numbers go on elsewhere: first was due, last comes */
} PfEventType;

typedef struct {
  PfEventType type;
  uint32_t first, last; /* frame numbers; equal for a frame */
  /* of a frame */
  uint8_t *memory; /* the caller's now, to be given to free() */
  size_t memory_size;
  const uint8_t *unit; /* the access unit, inside */
  size_t unit_size;
  uint64_t pts_ns;
  uint32_t rtp_time;
  uint32_t flags; /* PfWireFlags */
  uint32_t user_flags;
  uint32_t epoch;
  uint32_t latency_us;
  uint32_t n_restored;        /* shards that FEC brought back */
  uint64_t first_ns, last_ns; /* its first packet came, and the last needed */
} PfEvent;

typedef struct {
  uint64_t packets; /* pushed; the fates add up to it */
  uint64_t fates[PF_N_FATES];
  uint64_t filler_packets; /* of speed tests, whatever their fate */
  uint64_t filler_bytes;
  uint64_t filler_ns;       /* of the last: from its first packet to its last */
  uint64_t frames;          /* handed out */
  uint64_t frames_restored; /* of these, with help of FEC */
  uint64_t frames_lost;
  uint64_t frames_evicted; /* of these, to stay within the budget */
  uint64_t frames_broken;  /* of these, contradictory or not decodable */
  uint64_t jumps;
  uint64_t shards_restored;
  uint64_t shards_late; /* of these, arrived afterwards */
  uint64_t gathered;    /* bytes copied once more to join blocks */
  size_t memory, memory_peak;
  uint32_t window; /* as it is */
} PfReassemblerStats;

/*
 * Errors: PF_ERR_INVALID, PF_ERR_RANGE (also: the budget is less than the
 * tables need), PF_ERR_NO_MEMORY.
 */
int pf_reassembler_new (const PfReassemblerConfig *config, PfReassembler **r);

void pf_reassembler_free (PfReassembler *r);

/* Goes on with the numbers of another one of the same format, whose terms do
 * not hold any more. */
void pf_reassembler_follow (PfReassembler *r, const PfReassembler *before);

/* Looks at one plain packet and copies what it needs. */
PfPacketFate pf_reassembler_push (
    PfReassembler *r, const uint8_t *packet, size_t size, uint64_t now_ns);

/*
 * The next thing to know: 1 and *event, or 0 if there is nothing yet. With
 * UINT64_MAX as the time all that is incomplete counts as lost.
 */
int pf_reassembler_next (PfReassembler *r, uint64_t now_ns, PfEvent *event);

/* When next() will have something even if nothing arrives; UINT64_MAX: never.
 */
uint64_t pf_reassembler_wake (const PfReassembler *r);

/* Forgets the stream: frames, numbers, what next() had to say. It goes on with
 * whatever comes next. Counters and tables stay. */
void pf_reassembler_reset (PfReassembler *r);

const PfReassemblerStats *pf_reassembler_stats (const PfReassembler *r);

#endif /* PF_REASSEMBLER_H */
