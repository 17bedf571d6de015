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
#include "pf-reassembler-private.h"

#include <stdlib.h>
#include <string.h>

#define MS 1000000ull
#define DEADLINE_DEFAULT (120 * MS)
#define WINDOW_LEAST 64 /* by default */
#define WINDOW_MAX 4096
#define FRAMES_PER_S 240
#define BEHIND_MAX 128 /* frames; who is further back begins anew */
#define TABLE_SHARE 8  /* of the budget */

/* A frame number outside the window, and not near the newest one, is believed
 * after so long a silence, or when so many packets in a row agree. */
#define FAR_SILENCE (100 * MS)
#define FAR_PACKETS 8

/* After so long without filler the next is that of another speed test. */
#define FILLER_PAUSE (1000 * MS)

/* Up to so many frames a jump forward is a loss of all in between. */
#define JUMP_LOSS_MAX 4096

/* ---- Frames ------------------------------------------------------------- */

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

/* Joins blocks that have their own memory into the frame's; the number of
 * data shards comes back, 0 if they do not fit together. */
static uint32_t
join (PfReassembler *r, Slot *slot)
{
  const size_t size = pf_ra_row_size (r);
  uint32_t n = 0;

  for (uint32_t i = 0; i < slot->n_blocks; i++) {
    const Block *b = pf_ra_find_block (r, slot->number, i);

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
  slot->memory = pf_ra_take (r, n * size, slot);
  if (!slot->memory)
    return 0;
  slot->memory_size = n * size;
  n = 0;
  for (uint32_t i = 0; i < slot->n_blocks; i++) {
    const Block *b = pf_ra_find_block (r, slot->number, i);

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
          n * pf_ra_row_size (r), &slot->unit) == 0) {
    pf_ra_free_blocks (r, slot);
    slot->state = SLOT_WHOLE;
    r->n_whole++;
  } else {
    pf_ra_empty_slot (r, slot, SLOT_DEAD);
    r->stats.frames_broken++;
  }
}

static void
open_slot (PfReassembler *r, Slot *slot, const PfWireShard *s, uint64_t now)
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
  if (s->frame - r->next >= r->end - r->next)
    r->end = s->frame + 1;
  if (r->oldest == UINT64_MAX)
    r->oldest = now;
}

/* The frame that was due is done with. */
static void
go_on (PfReassembler *r)
{
  r->next++;
  r->oldest = r->whole_since = UINT64_MAX;
  for (uint32_t i = r->next; i != r->end; i++) {
    const Slot *slot = pf_ra_in_flight (r, i);

    if (slot && slot->since < r->oldest)
      r->oldest = slot->since;
    if (slot && slot->state == SLOT_WHOLE && slot->whole_at < r->whole_since)
      r->whole_since = slot->whole_at;
  }
}

/* No frame is in flight; number is due. */
static void
begin_at (PfReassembler *r, uint32_t number)
{
  r->next = r->end = number;
  r->oldest = r->whole_since = UINT64_MAX;
}

/* Gives all frames in flight up. */
static uint32_t
give_up (PfReassembler *r)
{
  uint32_t n = 0;

  for (uint32_t i = r->next; i != r->end; i++) {
    Slot *slot = pf_ra_in_flight (r, i);

    if (slot) {
      pf_ra_empty_slot (r, slot, SLOT_LOST);
      n++;
    }
  }
  return n;
}

/* The numbers go on at NUMBER, two windows off. */
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
  begin_at (r, number);
}

/* Does a frame so far ahead of the next one move the window: the newest one is
 * not much older? */
static bool
follows (const PfReassembler *r, uint32_t ahead)
{
  const uint32_t n = r->end - r->next;

  return ahead < 2 * r->config.window && ahead <= n + r->config.window / 4;
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
  Slot *slot = pf_ra_slot_of (r, s->frame);

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
  const uint32_t behind_max = 2 * window < BEHIND_MAX ? 2 * window : BEHIND_MAX;
  uint32_t ahead;
  Slot *slot;

  if (!r->started) {
    const uint32_t first = r->config.wire->first_frame;

    r->started = true;
    begin_at (r, !r->resumed && s->frame - first < window ? first : s->frame);
  }
  ahead = s->frame - r->next;
  if (ahead >= window && 0u - ahead > behind_max) {
    if (!follows (r, ahead) && !believe (r, s->frame, now)) {
      *fate = PF_DROP_FAR;
      return NULL;
    }
    if (ahead >= 2 * window) {
      jump (r, s->frame);
      ahead = 0;
    }
  }
  r->n_far = 0;
  r->heard = now;
  if (ahead >= 2 * window) {
    *fate = behind (r, s);
    return NULL;
  }
  slot = pf_ra_in_flight (r, s->frame);
  if (!slot) {
    slot = pf_ra_slot_of (r, s->frame);
    open_slot (r, slot, s, now);
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
  const size_t size = pf_ra_row_size (r);
  const uint16_t j = (uint16_t) (s->index - s->data);
  uint8_t *row;

  if (!b->rest) {
    const uint32_t need = b->data - b->n_data;

    b->max_rest = need < b->parity ? need : b->parity;
    b->rest = pf_ra_take (r, pf_ra_rest_size (r, b), slot);
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
  const size_t size = pf_ra_row_size (r);
  PfPacketFate fate;
  Block *b;

  if (!agrees (slot, s))
    return PF_DROP_CONFLICT;
  b = pf_ra_find_block (r, s->frame, s->block);
  if (!b) {
    /* the first packet decides whether the frame has its place */
    if (!slot->blocks && !slot->memory && s->n_data != PF_WIRE_UNKNOWN &&
        s->first_data != PF_WIRE_UNKNOWN) {
      slot->memory = pf_ra_take (r, s->n_data * size, slot);
      if (!slot->memory)
        return PF_DROP_BUDGET;
      slot->memory_size = s->n_data * size;
    }
    b = pf_ra_add_block (r, slot, s, &fate);
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
    if (!pf_ra_decode (r, slot, b)) {
      pf_ra_empty_slot (r, slot, SLOT_DEAD);
      r->stats.frames_broken++;
    } else if (slot->n_whole == slot->n_blocks) {
      finish_frame (r, slot);
    }
  }
  return PF_TAKEN;
}

/* ---- The outside -------------------------------------------------------- */

static size_t
n_slots_for (uint32_t window)
{
  return pf_ra_pow2 (2 * window);
}

/* Frames that come within the deadline, as far as their table is worth it. */
static uint32_t
default_window (const PfReassemblerConfig *c)
{
  uint64_t n = WINDOW_MAX;

  if (c->deadline_ns / (1000 * MS) < WINDOW_MAX / FRAMES_PER_S)
    n = c->deadline_ns * FRAMES_PER_S / (1000 * MS) + 1;
  while (n > WINDOW_LEAST &&
         pf_ra_cost (n_slots_for ((uint32_t) n) * sizeof (Slot)) >
             c->budget / TABLE_SHARE)
    n /= 2;
  return n < WINDOW_LEAST ? WINDOW_LEAST : (uint32_t) n;
}

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
  if (c.budget == 0)
    c.budget = (size_t) 4 * c.packets.max_frame;
  if (c.window == 0)
    c.window = default_window (&c);
  if (c.window < 2 || c.window > WINDOW_MAX)
    return PF_ERR_RANGE;
  n_slots = n_slots_for (c.window);
  fixed = pf_ra_cost (sizeof *r) + pf_ra_cost (n_slots * sizeof *r->slots);
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
  r->stats.window = c.window;
  pf_ra_charge (r, fixed);
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
    pf_ra_drop_fec (r, &r->fecs[i]);
  free (r->rows);
  free (r->slots);
  free (r);
}

void
pf_reassembler_follow (PfReassembler *r, const PfReassembler *before)
{
  r->started = before->started;
  begin_at (r, before->next);
  r->heard = before->heard;
  r->filler_first = before->filler_first;
  r->filler_last = before->filler_last;
}

void
pf_reassembler_reset (PfReassembler *r)
{
  for (uint32_t i = 0; i <= r->slot_mask; i++) {
    pf_ra_empty_slot (r, &r->slots[i], SLOT_EMPTY);
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

/* A speed test: its filler counts before it is sorted out, and is not told
 * apart from what comes twice. */
static void
count_filler (PfReassembler *r, size_t size, uint64_t now_ns)
{
  PfReassemblerStats *s = &r->stats;

  if (r->filler_last == 0 || now_ns - r->filler_last > FILLER_PAUSE)
    r->filler_first = now_ns;
  r->filler_last = now_ns;
  s->filler_packets++;
  s->filler_bytes += size;
  s->filler_ns = now_ns - r->filler_first;
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
  if (ret == 0 && s.flags & PF_WIRE_FILLER)
    count_filler (r, size, now_ns);
  if (ret < 0) {
    fate = ret == PF_ERR_RANGE ? PF_DROP_RANGE : PF_DROP_INVALID;
  } else if (s.flags & PF_WIRE_FILLER && !r->config.packets.filler_shared) {
    fate = PF_TAKEN_FILLER;
  } else {
    slot = find_slot (r, &s, now_ns, &fate);
    if (slot)
      fate = take_shard (r, slot, &s, packet + s.payload);
    if (slot && fate == PF_TAKEN && slot->state == SLOT_WHOLE) {
      slot->whole_at = now_ns;
      if (now_ns < r->whole_since)
        r->whole_since = now_ns;
    }
  }
  r->stats.packets++;
  r->stats.fates[fate]++;
  return fate;
}

static uint64_t
later (uint64_t time, uint64_t by)
{
  return time > UINT64_MAX - by ? UINT64_MAX : time + by;
}

/* When the wait for the next frame ends; UINT64_MAX: nothing to wait for. */
static uint64_t
next_due (const PfReassembler *r)
{
  const Slot *slot = pf_ra_in_flight (r, r->next);
  /* nothing of it arrived: since newer ones did */
  const uint64_t since = slot ? slot->since : r->oldest;
  uint64_t due;

  if ((slot && slot->state != SLOT_OPEN) || (r->hurry && r->n_whole > 0) ||
      r->end - r->next > r->config.window)
    return 0;
  due = later (since, r->config.deadline_ns);
  if (r->config.overtake_ns &&
      later (r->whole_since, r->config.overtake_ns) < due)
    due = later (r->whole_since, r->config.overtake_ns);
  return due;
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
    .first_ns = slot->since,
    .last_ns = slot->whole_at,
  };
  r->stats.memory -= pf_ra_cost (slot->memory_size);
  r->stats.frames++;
  r->stats.frames_restored += slot->n_restored > 0;
  slot->memory = NULL;
  slot->state = SLOT_DONE;
  r->n_whole--;
  go_on (r);
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
    Slot *slot = pf_ra_in_flight (r, r->next);
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
      pf_ra_empty_slot (r, slot, SLOT_LOST);
    } else {
      slot = pf_ra_slot_of (r, r->next);
      *slot = (Slot){ .state = SLOT_LOST, .number = r->next };
    }
    go_on (r);
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
