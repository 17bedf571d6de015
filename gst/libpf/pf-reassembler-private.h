/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the parts of the reassembler share: frames in flight, their blocks, and
 * one budget of memory for all. */
#ifndef PF_REASSEMBLER_PRIVATE_H
#define PF_REASSEMBLER_PRIVATE_H

#include "pf-reassembler.h"

#define N_BUCKETS 4096
#define N_FECS 4

typedef struct Block Block;

struct Block {
  Block *chain; /* of its bucket */
  Block *next;  /* of its frame */
  uint32_t frame, index;
  uint32_t first_data;     /* or PF_WIRE_UNKNOWN */
  uint32_t data, parity;   /* k, m */
  uint32_t n_data, n_rest; /* arrived; of parity only what is needed */
  uint32_t max_rest;       /* rows in rest */
  bool whole;
  bool own; /* rows are its own memory, not a place in the frame's */
  uint8_t *rows;
  uint8_t *rest;  /* parity rows, and behind them their indices */
  size_t charged; /* of the block itself */
  uint8_t present[];
};

typedef enum {
  SLOT_EMPTY,
  SLOT_OPEN,  /* waits for packets */
  SLOT_DEAD,  /* lost, not yet said so */
  SLOT_WHOLE, /* waits for its turn */
  SLOT_DONE,  /* handed out; n_missing of its data never arrived */
  SLOT_LOST,
} SlotState;

typedef struct {
  SlotState state;
  uint32_t number;
  uint64_t since;    /* when its first packet arrived */
  uint64_t whole_at; /* and the one that made it whole */
  PfWireShard head;
  uint32_t n_blocks;  /* 0: not known yet */
  uint32_t n_known;   /* has so many at least */
  uint32_t n_data;    /* or PF_WIRE_UNKNOWN */
  uint32_t n_whole;   /* blocks */
  uint32_t n_missing; /* data shards that FEC restored and that are not here */
  uint32_t n_restored;
  Block *blocks;
  uint8_t *memory; /* of the frame, or NULL while blocks have their own */
  size_t memory_size;
  PfWireUnit unit; /* of a whole frame */
} Slot;

typedef struct {
  PfFecConfig config;
  PfFec *fec;
  uint64_t used;
} Fec;

struct PfReassembler {
  PfReassemblerConfig config;
  PfReassemblerStats stats;
  uint32_t slot_mask;
  bool started;
  bool resumed;  /* within a stream: what came before will not come */
  uint32_t next; /* number of the next frame to hand out */
  uint32_t end;  /* behind the newest frame in flight; next if there is none */
  uint64_t oldest;  /* when the first frame in flight began; UINT64_MAX: none */
  uint32_t n_whole; /* frames that wait for their turn */
  uint64_t whole_since; /* when the first of them was whole; UINT64_MAX: none */
  uint64_t heard;       /* when a packet was last accepted */
  uint32_t far;         /* a frame outside the window */
  uint32_t n_far;       /* packets in a row around it */
  uint64_t filler_first, filler_last; /* when filler came */
  bool hurry; /* memory ran out: do not wait before whole frames */
  bool has_pending;
  PfEvent pending; /* of a jump */
  uint64_t n_decoded;
  Fec fecs[N_FECS];
  uint8_t **rows; /* scratch: pointers of a block */
  size_t n_rows;
  Slot *slots;
  Block *buckets[N_BUCKETS];
};

/* ---- Sizes and slots ---------------------------------------------------- */

/* What an allocation takes from the system, roughly and not less. */
static inline size_t
pf_ra_cost (size_t size)
{
  if (size < 65536)
    return (size + 16 + 15) / 16 * 16;
  return (size + 16 + 4095) / 4096 * 4096;
}

static inline uint32_t
pf_ra_pow2 (uint32_t n)
{
  uint32_t p = 1;

  while (p < n)
    p *= 2;
  return p;
}

static inline size_t
pf_ra_row_size (const PfReassembler *r)
{
  return r->config.packets.shard_payload;
}

static inline Slot *
pf_ra_slot_of (const PfReassembler *r, uint32_t number)
{
  return &r->slots[number & r->slot_mask];
}

/* The frame's slot if it is in flight. */
static inline Slot *
pf_ra_in_flight (const PfReassembler *r, uint32_t number)
{
  Slot *slot = pf_ra_slot_of (r, number);

  if (slot->number != number)
    return NULL;
  return slot->state == SLOT_OPEN || slot->state == SLOT_DEAD ||
                 slot->state == SLOT_WHOLE
             ? slot
             : NULL;
}

/* ---- pf-reassembler-blocks.c -------------------------------------------- */

/* Counts memory that was taken, and lets go of some. */
void pf_ra_charge (PfReassembler *r, size_t bytes);
void pf_ra_release (PfReassembler *r, void *memory, size_t size);

/* Within the budget, for a frame that is not given up for it; or NULL. */
void *pf_ra_take (PfReassembler *r, size_t size, const Slot *keep);

void pf_ra_drop_fec (PfReassembler *r, Fec *f);

Block *pf_ra_find_block (PfReassembler *r, uint32_t frame, uint32_t index);

/* The block of the packet; NULL and what becomes of that, if it cannot be. */
Block *pf_ra_add_block (
    PfReassembler *r, Slot *slot, const PfWireShard *s, PfPacketFate *fate);

/* Bytes of the parity of a block, and behind it their indices. */
size_t pf_ra_rest_size (const PfReassembler *r, const Block *b);

/* Restores the data of a block of which k shards are there. */
bool pf_ra_decode (PfReassembler *r, Slot *slot, Block *b);

void pf_ra_free_blocks (PfReassembler *r, Slot *slot);

/* Lets go of all the frame holds. */
void pf_ra_empty_slot (PfReassembler *r, Slot *slot, SlotState state);

#endif /* PF_REASSEMBLER_PRIVATE_H */
