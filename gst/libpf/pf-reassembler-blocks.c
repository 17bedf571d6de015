/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The reassembler's blocks and its budget of memory: what is taken, what is
 * given up for it, and how a block gets back what it lacks. */
#include "pf-reassembler-private.h"

#include <stdlib.h>
#include <string.h>

/* ---- Memory ------------------------------------------------------------- */

void
pf_ra_charge (PfReassembler *r, size_t bytes)
{
  r->stats.memory += bytes;
  if (r->stats.memory > r->stats.memory_peak)
    r->stats.memory_peak = r->stats.memory;
}

void
pf_ra_release (PfReassembler *r, void *memory, size_t size)
{
  if (!memory)
    return;
  free (memory);
  r->stats.memory -= pf_ra_cost (size);
}

/* What a context will take, and not less. */
static size_t
fec_bound (const PfFecConfig *c)
{
  const size_t k = c->data_shards, m = c->parity_shards;
  const size_t pk = pf_ra_pow2 (c->data_shards);
  const size_t pm = pf_ra_pow2 (c->parity_shards);
  const bool low = pk < pm || (pk == pm && k > m);
  const size_t n = low ? pk : pm;
  const size_t all = pf_ra_pow2 ((uint32_t) (n + (low ? m : k)));
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
  return pf_ra_cost (pf_fec_memory (fec) + 256);
}

void
pf_ra_drop_fec (PfReassembler *r, Fec *f)
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

static Block **
bucket_of (PfReassembler *r, uint32_t frame, uint32_t index)
{
  return &r->buckets[(frame * 2654435761u + index * 40503u) % N_BUCKETS];
}

Block *
pf_ra_find_block (PfReassembler *r, uint32_t frame, uint32_t index)
{
  Block *b = *bucket_of (r, frame, index);

  while (b && (b->frame != frame || b->index != index))
    b = b->chain;
  return b;
}

size_t
pf_ra_rest_size (const PfReassembler *r, const Block *b)
{
  return b->max_rest * (pf_ra_row_size (r) + sizeof (uint16_t));
}

static void
free_rest (PfReassembler *r, Block *b)
{
  pf_ra_release (r, b->rest, pf_ra_rest_size (r, b));
  b->rest = NULL;
}

void
pf_ra_free_blocks (PfReassembler *r, Slot *slot)
{
  while (slot->blocks) {
    Block *b = slot->blocks, **at = bucket_of (r, b->frame, b->index);

    while (*at != b)
      at = &(*at)->chain;
    *at = b->chain;
    slot->blocks = b->next;
    free_rest (r, b);
    if (b->own)
      pf_ra_release (r, b->rows, b->data * pf_ra_row_size (r));
    pf_ra_release (r, b, b->charged);
  }
}

void
pf_ra_empty_slot (PfReassembler *r, Slot *slot, SlotState state)
{
  pf_ra_free_blocks (r, slot);
  pf_ra_release (r, slot->memory, slot->memory_size);
  slot->memory = NULL;
  r->n_whole -= slot->state == SLOT_WHOLE;
  slot->state = state;
}

/* Makes room: idle contexts first, then the oldest frame that is not whole.
 * Never a frame behind KEEP, for which the room is. */
static bool
evict (PfReassembler *r, const Slot *keep)
{
  Fec *fec = oldest_fec (r, false);

  if (fec) {
    pf_ra_drop_fec (r, fec);
    return true;
  }
  for (uint32_t i = r->next; i != r->end; i++) {
    Slot *slot = pf_ra_in_flight (r, i);

    if (slot && slot == keep)
      break;
    if (slot && slot->state == SLOT_OPEN) {
      pf_ra_empty_slot (r, slot, SLOT_DEAD);
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

void *
pf_ra_take (PfReassembler *r, size_t size, const Slot *keep)
{
  void *p;

  if (!make_room (r, pf_ra_cost (size), keep))
    return NULL;
  p = malloc (size);
  if (p)
    pf_ra_charge (r, pf_ra_cost (size));
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
  pf_ra_drop_fec (r, f);
  if (!make_room (r, pf_ra_cost (fec_bound (config)), keep))
    return NULL;
  if (pf_fec_new (config, &fec) < 0)
    return NULL;
  *f = (Fec){ *config, fec, ++r->n_decoded };
  pf_ra_charge (r, fec_cost (fec));
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
  rows = pf_ra_take (r, n * sizeof *rows, keep);
  if (!rows)
    return false;
  pf_ra_release (r, r->rows, r->n_rows * sizeof *rows);
  r->rows = rows;
  r->n_rows = n;
  return true;
}

bool
pf_ra_decode (PfReassembler *r, Slot *slot, Block *b)
{
  const size_t size = pf_ra_row_size (r);
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

/* Where in a frame that has one memory the block begins; PF_WIRE_UNKNOWN: it
 * fits nowhere. */
static uint32_t
place_of (const PfReassembler *r, const Slot *slot, const PfWireShard *s)
{
  const uint32_t n = (uint32_t) (slot->memory_size / pf_ra_row_size (r));
  uint32_t first = s->first_data;

  /* blocks but the last are alike, and n is the bound for that */
  if (first == PF_WIRE_UNKNOWN && slot->n_blocks)
    first = n / slot->n_blocks * s->block;
  return first <= n && s->data <= n - first ? first : PF_WIRE_UNKNOWN;
}

Block *
pf_ra_add_block (
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
  b = pf_ra_take (r, size, slot);
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
    b->rows = slot->memory + first * pf_ra_row_size (r);
  } else {
    b->own = true;
    b->rows = pf_ra_take (r, b->data * pf_ra_row_size (r), slot);
    if (!b->rows) {
      pf_ra_release (r, b, size);
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
