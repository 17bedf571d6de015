/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Packets to access units. Frames in flight stand in a ring of slots by their
 * number, blocks in a hash table; a slot outlives its frame for a while, so
 * that what arrives too late can be told apart.
 *
 * Where a frame's size is known from its first packet, its shards go straight
 * to their place in one memory, which is handed out as it is. Otherwise each
 * block has its own, and they are joined at the end.
 */
#include "pf-reassembler.h"

#include <stdlib.h>
#include <string.h>

#define MS 1000000ull
#define DEADLINE_DEFAULT (120 * MS)
#define WINDOW_DEFAULT 64
#define WINDOW_MAX 1024

/* A frame number outside the window is believed after so long a silence, or
 * when so many packets in a row agree. */
#define FAR_SILENCE (100 * MS)
#define FAR_PACKETS 8

/* Up to so many frames a jump forward is a loss of all in between. */
#define JUMP_LOSS_MAX 4096

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
  uint64_t since; /* when its first packet arrived */
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
  bool resumed;   /* the next frame need not be near the first of a stream */
  uint32_t next;  /* number of the next frame to hand out */
  uint64_t heard; /* when a packet was last accepted */
  uint32_t far;   /* a frame outside the window */
  uint32_t n_far; /* packets in a row around it */
  bool hurry;     /* memory ran out: do not wait before whole frames */
  bool has_pending;
  PfEvent pending; /* of a jump */
  uint64_t n_decoded;
  Fec fecs[N_FECS];
  uint8_t **rows; /* scratch: pointers of a block */
  size_t n_rows;
  Slot *slots;
  Block *buckets[N_BUCKETS];
};

/* ---- Memory ------------------------------------------------------------- */

/* What an allocation takes from the system, roughly and not less. */
static size_t
cost (size_t size)
{
  if (size < 65536)
    return (size + 16 + 15) / 16 * 16;
  return (size + 16 + 4095) / 4096 * 4096;
}

static void
charge (PfReassembler *r, size_t bytes)
{
  r->stats.memory += bytes;
  if (r->stats.memory > r->stats.memory_peak)
    r->stats.memory_peak = r->stats.memory;
}

static void
release (PfReassembler *r, void *memory, size_t size)
{
  if (!memory)
    return;
  free (memory);
  r->stats.memory -= cost (size);
}

static uint32_t
pow2_ceil (uint32_t n)
{
  uint32_t p = 1;

  while (p < n)
    p *= 2;
  return p;
}

/* What a context will take, and not less. */
static size_t
fec_bound (const PfFecConfig *c)
{
  const size_t k = c->data_shards, m = c->parity_shards;
  const size_t pk = pow2_ceil (c->data_shards);
  const size_t pm = pow2_ceil (c->parity_shards);
  const bool low = pk < pm || (pk == pm && k > m);
  const size_t n = low ? pk : pm;
  const size_t all = pow2_ceil ((uint32_t) (n + (low ? m : k)));
  const size_t columns = low ? all : n;

  if (c->scheme != PF_FEC_GF16)
    return 4 * k * m + m * (c->shard_size + 128) + ((size_t) 96 << 10);
  return (columns + 64) * (3 * 128 + 8) + (k + m) * (128 + 6 * 8) + n * 5 * 8 +
         all * 5 + k * 64 + ((size_t) 64 << 10);
}

/* What one takes, its alignment with it. */
static size_t
fec_cost (const PfFec *fec)
{
  return cost (pf_fec_memory (fec) + 256);
}

static void
drop_fec (PfReassembler *r, Fec *f)
{
  if (!f->fec)
    return;
  r->stats.memory -= fec_cost (f->fec);
  pf_fec_free (f->fec);
  f->fec = NULL;
}

static Fec *
oldest_fec (PfReassembler *r, bool may_be_empty)
{
  Fec *oldest = NULL;

  for (int i = 0; i < N_FECS; i++) {
    Fec *f = &r->fecs[i];

    if (!f->fec) {
      if (may_be_empty)
        return f;
    } else if (!oldest || f->used < oldest->used) {
      oldest = f;
    }
  }
  return oldest;
}

/* ---- Blocks ------------------------------------------------------------- */

static size_t
row_size (const PfReassembler *r)
{
  return r->config.packets.shard_payload;
}

static Block **
bucket_of (PfReassembler *r, uint32_t frame, uint32_t index)
{
  return &r->buckets[(frame * 2654435761u + index * 40503u) % N_BUCKETS];
}

static Block *
find_block (PfReassembler *r, uint32_t frame, uint32_t index)
{
  Block *b = *bucket_of (r, frame, index);

  while (b && (b->frame != frame || b->index != index))
    b = b->chain;
  return b;
}

static size_t
rest_size (const PfReassembler *r, const Block *b)
{
  return b->max_rest * (row_size (r) + sizeof (uint16_t));
}

static void
free_rest (PfReassembler *r, Block *b)
{
  release (r, b->rest, rest_size (r, b));
  b->rest = NULL;
}

static void
free_blocks (PfReassembler *r, Slot *slot)
{
  while (slot->blocks) {
    Block *b = slot->blocks, **at = bucket_of (r, b->frame, b->index);

    while (*at != b)
      at = &(*at)->chain;
    *at = b->chain;
    slot->blocks = b->next;
    free_rest (r, b);
    if (b->own)
      release (r, b->rows, b->data * row_size (r));
    release (r, b, b->charged);
  }
}

/* Lets go of all the frame holds. */
static void
empty_slot (PfReassembler *r, Slot *slot, SlotState state)
{
  free_blocks (r, slot);
  release (r, slot->memory, slot->memory_size);
  slot->memory = NULL;
  slot->state = state;
}

static Slot *
slot_of (const PfReassembler *r, uint32_t number)
{
  return &r->slots[number & r->slot_mask];
}

/* The frame's slot if it is in flight. */
static Slot *
in_flight (const PfReassembler *r, uint32_t number)
{
  Slot *slot = slot_of (r, number);

  if (slot->number != number)
    return NULL;
  return slot->state == SLOT_OPEN || slot->state == SLOT_DEAD ||
                 slot->state == SLOT_WHOLE
             ? slot
             : NULL;
}

/* Makes room: idle contexts first, then the oldest frame that is not whole.
 * Never a frame behind KEEP, for which the room is. */
static bool
evict (PfReassembler *r, const Slot *keep)
{
  Fec *fec = oldest_fec (r, false);

  if (fec) {
    drop_fec (r, fec);
    return true;
  }
  for (uint32_t i = 0; i < r->config.window; i++) {
    Slot *slot = in_flight (r, r->next + i);

    if (slot && slot == keep)
      break;
    if (slot && slot->state == SLOT_OPEN) {
      empty_slot (r, slot, SLOT_DEAD);
      r->stats.frames_evicted++;
      return true;
    }
  }
  r->hurry = true;
  return false;
}

static bool
make_room (PfReassembler *r, size_t bytes, const Slot *keep)
{
  if (bytes > r->config.budget)
    return false;
  while (r->stats.memory > r->config.budget - bytes)
    if (!evict (r, keep))
      return false;
  return true;
}

static void *
take (PfReassembler *r, size_t size, const Slot *keep)
{
  void *p;

  if (!make_room (r, cost (size), keep))
    return NULL;
  p = malloc (size);
  if (p)
    charge (r, cost (size));
  return p;
}

/* The context to decode a block with, or NULL. */
static PfFec *
get_fec (PfReassembler *r, const PfFecConfig *config, const Slot *keep)
{
  PfFec *fec;
  Fec *f;

  for (int i = 0; i < N_FECS; i++) {
    f = &r->fecs[i];
    if (f->fec && f->config.data_shards == config->data_shards &&
        f->config.parity_shards == config->parity_shards) {
      f->used = ++r->n_decoded;
      return f->fec;
    }
  }
  if (pf_fec_check (config) < 0)
    return NULL;
  f = oldest_fec (r, true);
  drop_fec (r, f);
  if (!make_room (r, cost (fec_bound (config)), keep))
    return NULL;
  if (pf_fec_new (config, &fec) < 0)
    return NULL;
  *f = (Fec){ *config, fec, ++r->n_decoded };
  charge (r, fec_cost (fec));
  return fec;
}

/* Pointers for n rows. */
static bool
grow_rows (PfReassembler *r, size_t n, const Slot *keep)
{
  uint8_t **rows;

  if (n <= r->n_rows)
    return true;
  n = n < 512 ? 512 : n;
  rows = take (r, n * sizeof *rows, keep);
  if (!rows)
    return false;
  release (r, r->rows, r->n_rows * sizeof *rows);
  r->rows = rows;
  r->n_rows = n;
  return true;
}

/* Restores the data of a block of which k shards are there. */
static bool
decode (PfReassembler *r, Slot *slot, Block *b)
{
  const size_t size = row_size (r);
  PfFecConfig config = PF_FEC_CONFIG_INIT;
  const uint8_t *indices;
  uint32_t lost = b->data - b->n_data;
  PfFec *fec;

  if (lost > 0) {
    config.scheme = r->config.packets.scheme;
    config.data_shards = b->data;
    config.parity_shards = b->parity;
    config.shard_size = size;
    if (!grow_rows (r, (size_t) b->data + b->parity, slot))
      return false;
    fec = get_fec (r, &config, slot);
    if (!fec)
      return false;
    for (uint32_t i = 0; i < b->data; i++)
      r->rows[i] = b->rows + i * size;
    memset (r->rows + b->data, 0, b->parity * sizeof *r->rows);
    indices = b->rest + b->max_rest * size;
    for (uint32_t i = 0; i < b->n_rest; i++) {
      uint16_t j;

      memcpy (&j, indices + i * sizeof j, sizeof j);
      r->rows[b->data + j] = b->rest + i * size;
    }
    if (pf_fec_decode (fec, r->rows,
            (const uint8_t *const *) (void *) (r->rows + b->data),
            b->present) < 0)
      return false;
    slot->n_restored += lost;
    slot->n_missing += lost;
    r->stats.shards_restored += lost;
  }
  free_rest (r, b);
  b->whole = true;
  slot->n_whole++;
  return true;
}

/* Does what packets say of the frame agree? Notes what is new in it. */
static bool
agrees (Slot *slot, const PfWireShard *s)
{
  const bool sized = s->frame_size != PF_WIRE_UNKNOWN;

  if (s->n_blocks) {
    if (slot->n_blocks ? slot->n_blocks != s->n_blocks
                       : slot->n_known > s->n_blocks)
      return false;
  } else if (slot->n_blocks && s->block >= slot->n_blocks) {
    return false;
  }
  if (s->n_data != PF_WIRE_UNKNOWN && slot->n_data != PF_WIRE_UNKNOWN &&
      s->n_data != slot->n_data)
    return false;
  if (sized && slot->head.frame_size != PF_WIRE_UNKNOWN &&
      s->frame_size != slot->head.frame_size)
    return false;
  if (s->n_blocks)
    slot->n_blocks = s->n_blocks;
  if (s->block >= slot->n_known)
    slot->n_known = s->block + 1;
  if (s->n_data != PF_WIRE_UNKNOWN)
    slot->n_data = s->n_data;
  if (sized && slot->head.frame_size == PF_WIRE_UNKNOWN)
    slot->head = *s;
  return true;
}

/* Where in a frame that has one memory the block begins; PF_WIRE_UNKNOWN: it
 * fits nowhere. */
static uint32_t
place_of (const PfReassembler *r, const Slot *slot, const PfWireShard *s)
{
  const uint32_t n = (uint32_t) (slot->memory_size / row_size (r));
  uint32_t first = s->first_data;

  /* blocks but the last are alike, and n is the bound for that */
  if (first == PF_WIRE_UNKNOWN && slot->n_blocks)
    first = n / slot->n_blocks * s->block;
  return first <= n && s->data <= n - first ? first : PF_WIRE_UNKNOWN;
}

static Block *
add_block (
    PfReassembler *r, Slot *slot, const PfWireShard *s, PfPacketFate *fate)
{
  const size_t size = sizeof (Block) + s->data + s->parity;
  uint32_t first = s->first_data;
  Block *b, **bucket;

  if (slot->memory) {
    first = place_of (r, slot, s);
    if (first == PF_WIRE_UNKNOWN) {
      *fate = PF_DROP_CONFLICT;
      return NULL;
    }
  }
  *fate = PF_DROP_BUDGET;
  b = take (r, size, slot);
  if (!b)
    return NULL;
  memset (b, 0, size);
  b->charged = size;
  b->frame = slot->number;
  b->index = s->block;
  b->first_data = first;
  b->data = s->data;
  b->parity = s->parity;
  if (slot->memory) {
    b->rows = slot->memory + first * row_size (r);
  } else {
    b->own = true;
    b->rows = take (r, b->data * row_size (r), slot);
    if (!b->rows) {
      release (r, b, size);
      return NULL;
    }
  }
  bucket = bucket_of (r, b->frame, b->index);
  b->chain = *bucket;
  *bucket = b;
  b->next = slot->blocks;
  slot->blocks = b;
  return b;
}

/* ---- Frames ------------------------------------------------------------- */

/* Joins blocks that have their own memory into the frame's; the number of
 * data shards comes back, 0 if they do not fit together. */
static uint32_t
join (PfReassembler *r, Slot *slot)
{
  const size_t size = row_size (r);
  uint32_t n = 0;

  for (uint32_t i = 0; i < slot->n_blocks; i++) {
    const Block *b = find_block (r, slot->number, i);

    if (b->first_data != PF_WIRE_UNKNOWN && b->first_data != n)
      return 0;
    n += b->data;
  }
  if (slot->memory)
    return n;
  if (slot->n_blocks == 1) {
    slot->memory = slot->blocks->rows;
    slot->memory_size = n * size;
    slot->blocks->own = false;
    return n;
  }
  slot->memory = take (r, n * size, slot);
  if (!slot->memory)
    return 0;
  slot->memory_size = n * size;
  n = 0;
  for (uint32_t i = 0; i < slot->n_blocks; i++) {
    const Block *b = find_block (r, slot->number, i);

    memcpy (slot->memory + n * size, b->rows, b->data * size);
    n += b->data;
  }
  r->stats.gathered += n * size;
  return n;
}

static void
finish_frame (PfReassembler *r, Slot *slot)
{
  const uint32_t n = join (r, slot);

  if (n > 0 && (slot->n_data == PF_WIRE_UNKNOWN || n <= slot->n_data) &&
      r->config.wire->unwrap (&r->config.packets, &slot->head, slot->memory,
          n * row_size (r), &slot->unit) == 0) {
    free_blocks (r, slot);
    slot->state = SLOT_WHOLE;
  } else {
    empty_slot (r, slot, SLOT_DEAD);
    r->stats.frames_broken++;
  }
}

static void
open_slot (Slot *slot, const PfWireShard *s, uint64_t now)
{
  *slot = (Slot){
    .state = SLOT_OPEN,
    .number = s->frame,
    .since = now,
    .head = *s,
    .n_blocks = s->n_blocks,
    .n_known = s->block + 1,
    .n_data = s->n_data,
  };
}

/* Gives all frames in flight up. */
static uint32_t
give_up (PfReassembler *r)
{
  uint32_t n = 0;

  for (uint32_t i = 0; i < r->config.window; i++) {
    Slot *slot = in_flight (r, r->next + i);

    if (slot) {
      empty_slot (r, slot, SLOT_LOST);
      n++;
    }
  }
  return n;
}

/* The numbers go on at NUMBER, outside the window. */
static void
jump (PfReassembler *r, uint32_t number)
{
  const uint32_t ahead = number - r->next;
  const uint32_t n = give_up (r);
  PfEvent event = { .first = r->next };

  if (ahead <= JUMP_LOSS_MAX) {
    event.type = PF_EVENT_LOST;
    event.last = number - 1;
    r->stats.frames_lost += ahead;
  } else {
    event.type = PF_EVENT_JUMP;
    event.last = number;
    r->stats.frames_lost += n;
    r->stats.jumps++;
  }
  /* what was pending is told with it */
  if (r->has_pending) {
    event.first = r->pending.first;
    if (r->pending.type == PF_EVENT_JUMP) {
      event.type = PF_EVENT_JUMP;
      event.last = number;
    }
  }
  r->pending = event;
  r->has_pending = true;
  r->next = number;
}

/* Is a frame number outside the window to be believed? */
static bool
believe (PfReassembler *r, uint32_t number, uint64_t now)
{
  const uint32_t off = number - r->far;

  if (now > r->heard && now - r->heard >= FAR_SILENCE)
    return true;
  if (r->n_far > 0 && (off < r->config.window || 0u - off < r->config.window)) {
    r->n_far++;
  } else {
    r->n_far = 1;
  }
  r->far = number;
  return r->n_far >= FAR_PACKETS;
}

/* A packet of a frame before the next one. */
static PfPacketFate
behind (PfReassembler *r, const PfWireShard *s)
{
  Slot *slot = slot_of (r, s->frame);

  if (slot->number != s->frame || slot->state != SLOT_DONE)
    return PF_DROP_LATE;
  if (s->index < s->data && slot->n_missing > 0) {
    slot->n_missing--;
    r->stats.shards_late++;
  }
  return PF_DROP_NOT_NEEDED;
}

/* The slot of the packet's frame, or NULL and what became of the packet. */
static Slot *
find_slot (
    PfReassembler *r, const PfWireShard *s, uint64_t now, PfPacketFate *fate)
{
  const uint32_t window = r->config.window;
  uint32_t ahead;
  Slot *slot;

  if (!r->started) {
    r->started = true;
    r->next = !r->resumed && s->frame - r->config.wire->first_frame < window
                  ? r->config.wire->first_frame
                  : s->frame;
  }
  ahead = s->frame - r->next;
  if (ahead >= window && 0u - ahead > window) {
    if (!believe (r, s->frame, now)) {
      *fate = PF_DROP_FAR;
      return NULL;
    }
    jump (r, s->frame);
    ahead = 0;
  }
  r->n_far = 0;
  r->heard = now;
  if (ahead >= window) {
    *fate = behind (r, s);
    return NULL;
  }
  slot = in_flight (r, s->frame);
  if (!slot) {
    slot = slot_of (r, s->frame);
    open_slot (slot, s, now);
  } else if (slot->state == SLOT_DEAD) {
    *fate = PF_DROP_LATE;
    return NULL;
  } else if (slot->state == SLOT_WHOLE) {
    if (s->index < s->data && slot->n_missing > 0) {
      slot->n_missing--;
      r->stats.shards_late++;
    }
    *fate = PF_DROP_NOT_NEEDED;
    return NULL;
  }
  return slot;
}

/* Parity counts as needed while data and parity do not make k. */
static bool
keep_parity (PfReassembler *r, Slot *slot, Block *b, const PfWireShard *s,
    const uint8_t *payload)
{
  const size_t size = row_size (r);
  const uint16_t j = (uint16_t) (s->index - s->data);
  uint8_t *row;

  if (!b->rest) {
    const uint32_t need = b->data - b->n_data;

    b->max_rest = need < b->parity ? need : b->parity;
    b->rest = take (r, rest_size (r, b), slot);
    if (!b->rest)
      return false;
  }
  row = b->rest + b->n_rest * size;
  memcpy (row, payload, s->payload_size);
  memset (row + s->payload_size, 0, size - s->payload_size);
  memcpy (b->rest + b->max_rest * size + b->n_rest * sizeof j, &j, sizeof j);
  b->n_rest++;
  return true;
}

static PfPacketFate
take_shard (
    PfReassembler *r, Slot *slot, const PfWireShard *s, const uint8_t *payload)
{
  const size_t size = row_size (r);
  PfPacketFate fate;
  Block *b;

  if (!agrees (slot, s))
    return PF_DROP_CONFLICT;
  b = find_block (r, s->frame, s->block);
  if (!b) {
    /* the first packet decides whether the frame has its place */
    if (!slot->blocks && !slot->memory && s->n_data != PF_WIRE_UNKNOWN &&
        s->first_data != PF_WIRE_UNKNOWN) {
      slot->memory = take (r, s->n_data * size, slot);
      if (!slot->memory)
        return PF_DROP_BUDGET;
      slot->memory_size = s->n_data * size;
    }
    b = add_block (r, slot, s, &fate);
    if (!b)
      return fate;
  } else if (b->data != s->data || b->parity != s->parity ||
             (s->first_data != PF_WIRE_UNKNOWN &&
                 b->first_data != s->first_data)) {
    return PF_DROP_CONFLICT;
  }
  if (b->present[s->index])
    return PF_DROP_DUPLICATE;
  if (b->whole) {
    if (s->index < b->data && slot->n_missing > 0) {
      slot->n_missing--;
      r->stats.shards_late++;
      b->present[s->index] = 1;
    }
    return PF_DROP_NOT_NEEDED;
  }
  if (s->index < b->data) {
    uint8_t *row = b->rows + s->index * size;

    memcpy (row, payload, s->payload_size);
    memset (row + s->payload_size, 0, size - s->payload_size);
    b->n_data++;
  } else if (!keep_parity (r, slot, b, s, payload)) {
    return PF_DROP_BUDGET;
  }
  b->present[s->index] = 1;
  if (b->n_data + b->n_rest == b->data) {
    if (!decode (r, slot, b)) {
      empty_slot (r, slot, SLOT_DEAD);
      r->stats.frames_broken++;
    } else if (slot->n_whole == slot->n_blocks) {
      finish_frame (r, slot);
    }
  }
  return PF_TAKEN;
}

/* ---- The outside -------------------------------------------------------- */

int
pf_reassembler_new (const PfReassemblerConfig *config, PfReassembler **out)
{
  PfReassemblerConfig c;
  PfReassembler *r;
  size_t n_slots, fixed;
  int ret;

  if (!config || !out || !config->wire)
    return PF_ERR_INVALID;
  c = *config;
  ret = c.wire->check (&c.packets);
  if (ret < 0)
    return ret;
  if (c.deadline_ns == 0)
    c.deadline_ns = DEADLINE_DEFAULT;
  if (c.window == 0)
    c.window = WINDOW_DEFAULT;
  if (c.budget == 0)
    c.budget = (size_t) 4 * c.packets.max_frame;
  if (c.window < 2 || c.window > WINDOW_MAX)
    return PF_ERR_RANGE;
  n_slots = pow2_ceil (2 * c.window);
  fixed = cost (sizeof *r) + cost (n_slots * sizeof *r->slots);
  if (c.budget < fixed)
    return PF_ERR_RANGE;
  r = calloc (1, sizeof *r);
  if (!r)
    return PF_ERR_NO_MEMORY;
  r->slots = calloc (n_slots, sizeof *r->slots);
  if (!r->slots) {
    free (r);
    return PF_ERR_NO_MEMORY;
  }
  r->config = c;
  r->slot_mask = (uint32_t) n_slots - 1;
  charge (r, fixed);
  *out = r;
  return 0;
}

void
pf_reassembler_free (PfReassembler *r)
{
  if (!r)
    return;
  pf_reassembler_reset (r);
  for (int i = 0; i < N_FECS; i++)
    drop_fec (r, &r->fecs[i]);
  free (r->rows);
  free (r->slots);
  free (r);
}

void
pf_reassembler_reset (PfReassembler *r)
{
  for (uint32_t i = 0; i <= r->slot_mask; i++) {
    empty_slot (r, &r->slots[i], SLOT_EMPTY);
    r->slots[i].n_missing = 0;
  }
  r->started = r->hurry = r->has_pending = false;
  r->resumed = true;
  r->n_far = 0;
}

const PfReassemblerStats *
pf_reassembler_stats (const PfReassembler *r)
{
  return &r->stats;
}

PfPacketFate
pf_reassembler_push (
    PfReassembler *r, const uint8_t *packet, size_t size, uint64_t now_ns)
{
  PfPacketFate fate;
  PfWireShard s;
  Slot *slot;
  int ret;

  ret = r->config.wire->parse (&r->config.packets, packet, size, &s);
  if (ret < 0) {
    fate = ret == PF_ERR_RANGE ? PF_DROP_RANGE : PF_DROP_INVALID;
  } else if (s.flags & PF_WIRE_FILLER && !r->config.packets.filler_shared) {
    fate = PF_TAKEN_FILLER;
    r->stats.filler_bytes += size;
  } else {
    slot = find_slot (r, &s, now_ns, &fate);
    if (slot)
      fate = take_shard (r, slot, &s, packet + s.payload);
  }
  r->stats.packets++;
  r->stats.fates[fate]++;
  return fate;
}

/* When the wait for the next frame ends; UINT64_MAX: nothing to wait for. */
static uint64_t
next_due (const PfReassembler *r)
{
  const Slot *slot = in_flight (r, r->next);
  uint64_t since = UINT64_MAX;

  if (slot && slot->state != SLOT_OPEN)
    return 0;
  if (slot) {
    since = slot->since;
  } else {
    /* nothing of it arrived: since newer ones did */
    for (uint32_t i = 1; i < r->config.window; i++) {
      slot = in_flight (r, r->next + i);
      if (slot && slot->since < since)
        since = slot->since;
    }
  }
  if (r->hurry)
    for (uint32_t i = 1; i < r->config.window; i++) {
      slot = in_flight (r, r->next + i);
      if (slot && slot->state == SLOT_WHOLE)
        return 0;
    }
  if (since > UINT64_MAX - r->config.deadline_ns)
    return UINT64_MAX;
  return since + r->config.deadline_ns;
}

uint64_t
pf_reassembler_wake (const PfReassembler *r)
{
  if (r->has_pending)
    return 0;
  return r->started ? next_due (r) : UINT64_MAX;
}

static void
hand_out (PfReassembler *r, Slot *slot, PfEvent *event)
{
  *event = (PfEvent){
    .type = PF_EVENT_FRAME,
    .first = slot->number,
    .last = slot->number,
    .memory = slot->memory,
    .memory_size = slot->memory_size,
    .unit = slot->memory + slot->unit.offset,
    .unit_size = slot->unit.size,
    .pts_ns = slot->head.pts_ns,
    .rtp_time = slot->head.rtp_time,
    .flags = slot->head.flags | slot->unit.flags,
    .user_flags = slot->head.user_flags,
    .epoch = slot->head.epoch,
    .latency_us = slot->unit.latency_us,
    .n_restored = slot->n_restored,
  };
  r->stats.memory -= cost (slot->memory_size);
  r->stats.frames++;
  r->stats.frames_restored += slot->n_restored > 0;
  slot->memory = NULL;
  slot->state = SLOT_DONE;
  r->next++;
}

int
pf_reassembler_next (PfReassembler *r, uint64_t now_ns, PfEvent *event)
{
  const uint32_t first = r->next;

  if (r->has_pending) {
    *event = r->pending;
    r->has_pending = false;
    return 1;
  }
  if (!r->started)
    return 0;
  for (;;) {
    Slot *slot = in_flight (r, r->next);
    const uint64_t due = next_due (r);

    if (slot && slot->state == SLOT_WHOLE) {
      if (r->next != first)
        break;
      hand_out (r, slot, event);
      return 1;
    }
    if (due == UINT64_MAX || due > now_ns)
      break;
    if (slot) {
      empty_slot (r, slot, SLOT_LOST);
    } else {
      slot = slot_of (r, r->next);
      *slot = (Slot){ .state = SLOT_LOST, .number = r->next };
    }
    r->next++;
  }
  if (r->next == first) {
    r->hurry = false;
    return 0;
  }
  r->stats.frames_lost += r->next - first;
  *event = (PfEvent){
    .type = PF_EVENT_LOST,
    .first = first,
    .last = r->next - 1,
  };
  return 1;
}
