/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The reassembler: loss, reordering, duplicates, truncation, forged headers,
 * deadlines, jumps; and what it really allocates, measured, against its
 * budget.
 */
#include "pf-bytes.h"
#include "pf-reassembler.h"
#include "pf-test.h"
#include "wire-packets.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MS 1000000ull
#define HEADER 40u

/* ---- All allocations of the program pass here --------------------------- */

void *__real_malloc (size_t size);
void *__real_calloc (size_t n, size_t size);
void __real_free (void *p);
void *__wrap_malloc (size_t size);
void *__wrap_calloc (size_t n, size_t size);
void __wrap_free (void *p);

static bool watching;
static size_t in_use, in_use_peak, n_allocations;

static void *
allocated (void *p)
{
  if (watching && p) {
    in_use += malloc_usable_size (p) + 8;
    n_allocations++;
    if (in_use > in_use_peak)
      in_use_peak = in_use;
  }
  return p;
}

void *
__wrap_malloc (size_t size)
{
  return allocated (__real_malloc (size));
}

void *
__wrap_calloc (size_t n, size_t size)
{
  return allocated (__real_calloc (n, size));
}

void
__wrap_free (void *p)
{
  if (watching && p)
    in_use -= malloc_usable_size (p) + 8;
  __real_free (p);
}

static void
watch (void)
{
  watching = true;
  in_use = in_use_peak = n_allocations = 0;
}

/* ---- A stream and its packets ------------------------------------------- */

typedef struct {
  PfReassemblerConfig config;
  PfWireSender sender;
  PfReassembler *r;
  uint64_t now;
  /* of what next() said */
  uint32_t n_frames, n_lost, n_events;
  uint32_t due; /* number of the next frame */
  PfEvent last;
} Stream;

/* A frame on its way. */
typedef struct {
  uint32_t number;
  uint8_t *unit;
  size_t size;
  WirePackets packets;
} Unit;

static void
stream_init (Stream *s, const PfReassemblerConfig *config)
{
  *s = (Stream){ .config = *config };
  s->config.wire = &pf_wire_punktfunk1;
  PF_REQUIRE_INT (
      pf_wire_sender_init (&s->sender, s->config.wire, &s->config.packets), ==,
      0);
  PF_REQUIRE_INT (pf_reassembler_new (&s->config, &s->r), ==, 0);
}

static void
unit_make (Stream *s, Unit *u, size_t size, uint32_t percent, uint32_t flags)
{
  PfWireFrame frame = { .size = size, .percent = percent, .flags = flags };

  u->size = size;
  u->unit = malloc (size + 1);
  PF_REQUIRE (u->unit != NULL);
  pf_test_random_bytes (u->unit, size);
  PF_REQUIRE_INT (
      wire_packets_make (&s->sender, &frame, u->unit, &u->packets), ==, 0);
  u->number = u->packets.plan.number;
}

static void
unit_clear (Unit *u)
{
  wire_packets_clear (&u->packets);
  free (u->unit);
  u->unit = NULL;
}

static void
check_stats (const Stream *s)
{
  const PfReassemblerStats *t = pf_reassembler_stats (s->r);
  uint64_t sum = 0;

  for (int i = 0; i < PF_N_FATES; i++)
    sum += t->fates[i];
  PF_CHECK_UINT (sum, ==, t->packets);
  PF_CHECK_UINT (t->memory, <=, t->memory_peak);
  if (s->config.budget)
    PF_CHECK_UINT (t->memory_peak, <=, s->config.budget);
}

static void
stream_clear (Stream *s)
{
  check_stats (s);
  pf_reassembler_free (s->r);
}

/* All there is to know now; frames are compared with units[] by number. */
static void
drain (Stream *s, const Unit *units, uint32_t n_units)
{
  PfEvent e;

  while (pf_reassembler_next (s->r, s->now, &e) > 0) {
    s->n_events++;
    s->last = e;
    if (e.type == PF_EVENT_JUMP) {
      s->due = e.last;
      continue;
    }
    PF_CHECK_UINT (e.first, ==, s->due); /* in order, nothing left out */
    s->due = e.last + 1;
    if (e.type == PF_EVENT_LOST) {
      s->n_lost += e.last - e.first + 1;
      continue;
    }
    s->n_frames++;
    for (uint32_t i = 0; i < n_units; i++)
      if (units[i].number == e.first) {
        PF_CHECK_UINT (e.unit_size, ==, units[i].size);
        if (e.unit_size == units[i].size)
          PF_CHECK_MEM (e.unit, units[i].unit, e.unit_size);
      }
    free (e.memory);
  }
}

static PfPacketFate
push (Stream *s, const uint8_t *packet, size_t size)
{
  return pf_reassembler_push (s->r, packet, size, s->now);
}

static void
push_unit (Stream *s, const Unit *u)
{
  for (uint32_t i = 0; i < u->packets.n; i++) {
    const PfPacketFate fate =
        push (s, wire_packet (&u->packets, i), u->packets.size);

    PF_CHECK (fate == PF_TAKEN || fate == PF_DROP_NOT_NEEDED);
    drain (s, u, 1);
  }
}

static uint64_t
fate_count (const Stream *s, PfPacketFate fate)
{
  return pf_reassembler_stats (s->r)->fates[fate];
}

static const PfReassemblerConfig small_config = {
  .packets = { .shard_payload = 64, .max_block = 8, .percent = 90 },
  .budget = 1 << 20,
};

/* ---- Channels ----------------------------------------------------------- */

typedef struct {
  const char *what;
  PfReassemblerConfig config;
  uint32_t percent;
  uint32_t max_size; /* of access units */
  uint32_t loss_percent, duplicate_percent;
  uint32_t reorder; /* a packet moves by up to so many */
  uint32_t cut_percent;
} Channel;

typedef struct {
  uint64_t key;
  const uint8_t *packet;
  uint32_t unit, index;
} Sent;

static int
by_key (const void *a, const void *b)
{
  const Sent *x = a, *y = b;

  return x->key < y->key ? -1 : x->key > y->key;
}

/* Does each block of the unit still have k packets? */
static bool
recoverable (const Unit *u, const uint8_t *arrived)
{
  const PfWirePlan *plan = &u->packets.plan;

  for (uint32_t b = 0; b < plan->n_blocks; b++) {
    const PfWireBlock block = pf_wire_block (plan, b);
    uint32_t n = 0;

    for (uint32_t i = 0; i < block.data + block.parity; i++)
      n += arrived[pf_wire_position (plan, &block, i)];
    if (n < block.data)
      return false;
  }
  return true;
}

/* Frames through a bad channel: those are lost that FEC cannot restore, all
 * others come, right and in order. */
static void
test_channel (const void *data)
{
  const Channel *c = data;
  enum { N = 40 };
  Unit units[N];
  uint32_t n = 0, n_good = 0, at = 0;
  Sent *sent;
  uint8_t *arrived;
  Stream s;

  stream_init (&s, &c->config);
  for (uint32_t f = 0; f < N; f++) {
    const size_t size = pf_test_random_below (c->max_size + 1);

    unit_make (&s, &units[f], size, c->percent, 0);
    n += units[f].packets.n;
  }
  sent = calloc (2 * n, sizeof *sent);
  arrived = calloc (n, 1);
  PF_REQUIRE (sent && arrived);
  n = 0;
  for (uint32_t f = 0; f < N; f++) {
    const Unit *u = &units[f];

    for (uint32_t i = 0; i < u->packets.n; i++) {
      uint32_t copies = pf_test_random_below (100) >= c->loss_percent;

      if (copies)
        copies += pf_test_random_below (100) < c->duplicate_percent;
      arrived[at + i] = copies > 0;
      for (; copies > 0; copies--) {
        const uint64_t off = c->reorder ? pf_test_random_below (c->reorder) : 0;

        sent[n] = (Sent){ (at + i + off) * 65536 + n,
          wire_packet (&u->packets, i), f, at + i };
        n++;
      }
    }
    n_good += recoverable (u, arrived + at);
    at += u->packets.n;
  }
  qsort (sent, n, sizeof *sent, by_key);
  s.now = 1000 * MS;
  for (uint32_t i = 0; i < n; i++) {
    const size_t size = units[sent[i].unit].packets.size;

    if (pf_test_random_below (100) < c->cut_percent) {
      const size_t cut = pf_test_random_below (size);
      uint8_t *exact = malloc (cut + !cut);

      PF_REQUIRE (exact != NULL);
      memcpy (exact, sent[i].packet, cut);
      PF_CHECK_INT (push (&s, exact, cut), ==, PF_DROP_INVALID);
      free (exact);
    }
    push (&s, sent[i].packet, size);
    drain (&s, units, N);
  }
  s.now = UINT64_MAX;
  drain (&s, units, N);
  PF_CHECK_UINT (s.n_frames, ==, n_good);
  /* what was lost behind the last one that arrived is not known of */
  PF_CHECK_UINT (s.n_frames + s.n_lost, ==, s.due);
  PF_CHECK_UINT (s.due, <=, N);
  PF_CHECK_UINT (pf_reassembler_stats (s.r)->frames, ==, s.n_frames);
  PF_CHECK_UINT (pf_reassembler_stats (s.r)->frames_lost, ==, s.n_lost);
  PF_CHECK_UINT (fate_count (&s, PF_DROP_CONFLICT), ==, 0);
  PF_CHECK_UINT (fate_count (&s, PF_DROP_BUDGET), ==, 0);
  if (c->loss_percent == 0)
    PF_CHECK_UINT (s.n_frames, ==, N);
  else
    pf_test_note ("%u of %u frames, %llu shards restored, %llu late",
        s.n_frames, N,
        (unsigned long long) pf_reassembler_stats (s.r)->shards_restored,
        (unsigned long long) pf_reassembler_stats (s.r)->shards_late);
  for (uint32_t f = 0; f < N; f++)
    unit_clear (&units[f]);
  free (sent);
  free (arrived);
  stream_clear (&s);
}

#define GF16(k)                                                                \
  {                                                                            \
    .shard_payload = 64, .max_block = (k), .percent = 50                       \
  }
#define GF8(k)                                                                 \
  {                                                                            \
    .shard_payload = 62, .scheme = PF_FEC_GF8, .max_block = (k), .percent = 50 \
  }

static const Channel channels[] = {
  { "clean", { .packets = GF16 (8) }, 20, 4000, 0, 0, 0, 0 },
  { "clean-gf8", { .packets = GF8 (20) }, 20, 4000, 0, 0, 0, 0 },
  { "loss", { .packets = GF16 (8) }, 25, 4000, 10, 0, 0, 0 },
  { "loss-gf8", { .packets = GF8 (20) }, 25, 4000, 10, 0, 0, 0 },
  { "loss-one-block", { .packets = GF16 (4096) }, 20, 30000, 12, 0, 0, 0 },
  { "reorder", { .packets = GF16 (8) }, 20, 4000, 0, 0, 300, 0 },
  { "all", { .packets = GF16 (8) }, 40, 4000, 15, 20, 100, 10 },
  { "all-gf8", { .packets = GF8 (200) }, 40, 4000, 25, 20, 100, 10 },
  { "no-parity", { .packets = GF16 (8) }, 0, 400, 5, 5, 10, 5 },
  { "heavy", { .packets = GF16 (100) }, 50, 9000, 33, 0, 50, 0 },
};

/* ---- Time --------------------------------------------------------------- */

static void
test_deadline (void)
{
  PfReassemblerConfig config = small_config;
  Unit u[4];
  Stream s;

  config.deadline_ns = 50 * MS;
  stream_init (&s, &config);
  for (int i = 0; i < 4; i++)
    unit_make (&s, &u[i], 100, 0, 0); /* 2 packets each, no parity */
  PF_CHECK_UINT (pf_reassembler_wake (s.r), ==, UINT64_MAX);
  s.now = 100 * MS;
  push_unit (&s, &u[0]);
  PF_CHECK_UINT (s.n_frames, ==, 1);
  PF_CHECK_UINT (pf_reassembler_wake (s.r), ==, UINT64_MAX);
  /* half of frame 1, then all of 3; 2 never comes */
  s.now = 110 * MS;
  push (&s, wire_packet (&u[1].packets, 0), u[1].packets.size);
  PF_CHECK_UINT (pf_reassembler_wake (s.r), ==, 160 * MS);
  s.now = 130 * MS;
  push_unit (&s, &u[3]);
  PF_CHECK_UINT (s.n_frames, ==, 1); /* waits for its turn */
  PF_CHECK_UINT (pf_reassembler_wake (s.r), ==, 160 * MS);
  s.now = 160 * MS - 1;
  drain (&s, u, 4);
  PF_CHECK_UINT (s.n_events, ==, 1);
  s.now = 160 * MS;
  drain (&s, u, 4);
  PF_CHECK_UINT (s.n_lost, ==, 1);
  PF_CHECK_UINT (pf_reassembler_wake (s.r), ==, 180 * MS);
  PF_CHECK_INT (push (&s, wire_packet (&u[1].packets, 1), u[1].packets.size),
      ==, PF_DROP_LATE);
  s.now = 180 * MS;
  drain (&s, u, 4);
  PF_CHECK_UINT (s.n_lost, ==, 2);
  PF_CHECK_UINT (s.n_frames, ==, 2);
  PF_CHECK_UINT (pf_reassembler_wake (s.r), ==, UINT64_MAX);
  PF_CHECK_INT (push (&s, wire_packet (&u[3].packets, 0), u[3].packets.size),
      ==, PF_DROP_NOT_NEEDED);
  /* a packet that is late comes to nothing and starts nothing */
  PF_CHECK_INT (push (&s, wire_packet (&u[2].packets, 0), u[2].packets.size),
      ==, PF_DROP_LATE);
  drain (&s, u, 4);
  PF_CHECK_UINT (s.n_frames + s.n_lost, ==, 4);
  for (int i = 0; i < 4; i++)
    unit_clear (&u[i]);
  stream_clear (&s);
}

/* Several frames that are due together are one event. */
static void
test_lost_range (void)
{
  Unit u[6];
  Stream s;

  stream_init (&s, &small_config);
  for (int i = 0; i < 6; i++)
    unit_make (&s, &u[i], 100, 0, 0);
  push (&s, wire_packet (&u[2].packets, 0), u[2].packets.size);
  push_unit (&s, &u[5]);
  s.now = 120 * MS; /* as by default */
  drain (&s, u, 6);
  PF_CHECK_UINT (s.n_events, ==, 2);
  PF_CHECK_UINT (s.n_lost, ==, 5);
  PF_CHECK_UINT (s.n_frames, ==, 1);
  for (int i = 0; i < 6; i++)
    unit_clear (&u[i]);
  stream_clear (&s);
}

/* Restored and then arrived after all: both are counted. */
static void
test_late_shards (void)
{
  Stream s;
  Unit u;

  stream_init (&s, &small_config);
  unit_make (&s, &u, 8 * 64, 50, 0);
  PF_REQUIRE_UINT (u.packets.n, ==, 12);
  for (uint32_t i = 2; i < 12; i++)
    push (&s, wire_packet (&u.packets, i), u.packets.size);
  PF_CHECK_UINT (fate_count (&s, PF_TAKEN), ==, 8);
  PF_CHECK_UINT (fate_count (&s, PF_DROP_NOT_NEEDED), ==, 2);
  PF_CHECK_UINT (pf_reassembler_stats (s.r)->shards_restored, ==, 2);
  push (&s, wire_packet (&u.packets, 0), u.packets.size); /* still here */
  drain (&s, &u, 1);
  PF_CHECK_UINT (s.n_frames, ==, 1);
  PF_CHECK_UINT (s.last.n_restored, ==, 2);
  push (&s, wire_packet (&u.packets, 1), u.packets.size); /* handed out */
  push (&s, wire_packet (&u.packets, 1), u.packets.size); /* twice */
  push (&s, wire_packet (&u.packets, 11), u.packets.size);
  PF_CHECK_UINT (pf_reassembler_stats (s.r)->shards_late, ==, 2);
  PF_CHECK_UINT (pf_reassembler_stats (s.r)->frames_restored, ==, 1);
  unit_clear (&u);
  stream_clear (&s);
}

/* ---- Numbers ------------------------------------------------------------ */

static void
test_wrap (void)
{
  Stream s;

  stream_init (&s, &small_config);
  s.sender.frame = UINT32_MAX - 5;
  s.sender.packet = UINT32_MAX - 20;
  s.due = UINT32_MAX - 5;
  for (int i = 0; i < 200; i++) {
    Unit u;

    unit_make (&s, &u, 300, 20, 0);
    push_unit (&s, &u);
    unit_clear (&u);
  }
  PF_CHECK_UINT (s.n_frames, ==, 200);
  PF_CHECK_UINT (s.n_lost, ==, 0);
  stream_clear (&s);
}

/* Where a stream begins: near its first number what is missing was lost, far
 * from it there was nothing before. */
static void
test_begin (void)
{
  for (uint32_t first = 0; first <= 64; first += 32) {
    Stream s;
    Unit u;

    stream_init (&s, &small_config);
    s.sender.frame = first;
    s.due = first < 64 ? 0 : first;
    unit_make (&s, &u, 300, 20, 0);
    push_unit (&s, &u);
    s.now = 120 * MS;
    drain (&s, &u, 1);
    PF_CHECK_UINT (s.n_frames, ==, 1);
    PF_CHECK_UINT (s.n_lost, ==, first < 64 ? first : 0);
    unit_clear (&u);
    stream_clear (&s);
  }
}

static void
push_number (Stream *s, uint32_t number, PfPacketFate expected)
{
  Unit u;

  s->sender.frame = number;
  unit_make (s, &u, 60, 0, 0); /* one packet */
  PF_CHECK_INT (
      push (s, wire_packet (&u.packets, 0), u.packets.size), ==, expected);
  unit_clear (&u);
  drain (s, NULL, 0);
}

static void
test_far (void)
{
  Stream s;

  stream_init (&s, &small_config);
  push_number (&s, 0, PF_TAKEN);
  /* single numbers far away change nothing */
  for (uint32_t i = 0; i < 20; i++) {
    push_number (&s, 1000 + 100000 * i, PF_DROP_FAR);
    s.now += MS;
  }
  for (uint32_t i = 0; i < 7; i++)
    push_number (&s, 70 + i, PF_DROP_FAR);
  push_number (&s, 1, PF_TAKEN);
  for (uint32_t i = 0; i < 7; i++)
    push_number (&s, 70 + i, PF_DROP_FAR);
  PF_CHECK_UINT (s.n_frames, ==, 2);
  /* the eighth in a row is believed: 75 frames were lost */
  push_number (&s, 77, PF_TAKEN);
  PF_CHECK_UINT (s.n_lost, ==, 75);
  PF_CHECK_UINT (s.n_frames, ==, 3);
  push_number (&s, 78, PF_TAKEN);
  /* a silence is reason enough; very far is a jump, not a loss */
  s.now += 100 * MS - 1;
  push_number (&s, 1000000, PF_DROP_FAR);
  s.now += 1;
  push_number (&s, 1000000, PF_TAKEN);
  PF_CHECK_UINT (s.n_lost, ==, 75);
  PF_CHECK_UINT (pf_reassembler_stats (s.r)->jumps, ==, 1);
  PF_CHECK_UINT (s.due, ==, 1000001);
  /* back, as a sender does that begins anew */
  for (uint32_t i = 0; i < 8; i++)
    push_number (&s, i, i < 7 ? PF_DROP_FAR : PF_TAKEN);
  PF_CHECK_UINT (pf_reassembler_stats (s.r)->jumps, ==, 2);
  push_number (&s, 8, PF_TAKEN);
  PF_CHECK_UINT (s.n_frames, ==, 7);
  stream_clear (&s);
}

static void
test_filler (void)
{
  PfReassemblerConfig config = small_config;

  for (int shared = 0; shared < 2; shared++) {
    Stream s;

    config.packets.filler_shared = shared;
    stream_init (&s, &config);
    for (int i = 0; i < 10; i++) {
      Unit u;

      unit_make (&s, &u, 60, 0, i % 2 ? PF_WIRE_FILLER : 0);
      PF_CHECK_INT (push (&s, wire_packet (&u.packets, 0), u.packets.size), ==,
          i % 2 && !shared ? PF_TAKEN_FILLER : PF_TAKEN);
      drain (&s, &u, shared || i % 2 == 0);
      unit_clear (&u);
    }
    PF_CHECK_UINT (s.n_frames, ==, shared ? 10 : 5);
    PF_CHECK_UINT (s.n_lost, ==, 0);
    PF_CHECK_UINT (pf_reassembler_stats (s.r)->filler_bytes, ==,
        shared ? 0 : 5 * (HEADER + 64));
    stream_clear (&s);
  }
}

static void
test_reset (void)
{
  Stream s;
  Unit u;

  stream_init (&s, &small_config);
  unit_make (&s, &u, 600, 20, 0);
  push (&s, wire_packet (&u.packets, 0), u.packets.size);
  unit_clear (&u);
  pf_reassembler_reset (s.r);
  PF_CHECK_UINT (pf_reassembler_wake (s.r), ==, UINT64_MAX);
  s.sender.frame = s.due = 5000;
  for (int i = 0; i < 3; i++) {
    unit_make (&s, &u, 600, 20, 0);
    push_unit (&s, &u);
    unit_clear (&u);
  }
  PF_CHECK_UINT (s.n_frames, ==, 3);
  PF_CHECK_UINT (s.n_lost, ==, 0);
  /* near the first frame of a stream, too */
  pf_reassembler_reset (s.r);
  s.sender.frame = s.due = 5;
  unit_make (&s, &u, 600, 20, 0);
  push_unit (&s, &u);
  PF_CHECK_UINT (s.n_frames, ==, 4);
  PF_CHECK_UINT (s.n_lost, ==, 0);
  unit_clear (&u);
  stream_clear (&s);
}

/* ---- Forged ------------------------------------------------------------- */

/* Each contradiction is dropped, and the frame comes all the same. */
static void
test_conflicts (void)
{
  static const struct {
    size_t at;
    uint16_t value;
  } lies[] = {
    { 16, 17 * 64 - 1 }, /* size of the frame */
    { 16, 1000 },        /* other blocks */
    { 26, 4 },           /* number of blocks */
    { 28, 7 },           /* k */
    { 30, 3 },           /* m */
    { 34, 62 },          /* size of the shard */
    { 38, 0x0100 },      /* scheme */
    { 36, 0x01ca },      /* magic */
  };
  Stream s;

  stream_init (&s, &small_config);
  for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
    uint64_t before = pf_reassembler_stats (s.r)->fates[PF_TAKEN];
    uint8_t forged[HEADER + 64];
    Unit u;

    unit_make (&s, &u, 17 * 64, 25, 0);
    push (&s, wire_packet (&u.packets, 0), u.packets.size);
    memcpy (forged, wire_packet (&u.packets, 1), sizeof forged);
    pf_put_le16 (forged + lies[i].at, lies[i].value);
    memset (forged + HEADER, 0xff, 64);
    push (&s, forged, sizeof forged);
    PF_CHECK_UINT (pf_reassembler_stats (s.r)->fates[PF_TAKEN], ==, before + 1);
    for (uint32_t p = 1; p < u.packets.n; p++)
      push (&s, wire_packet (&u.packets, p), u.packets.size);
    drain (&s, &u, 1);
    PF_CHECK_UINT (s.n_frames, ==, i + 1);
    unit_clear (&u);
  }
  PF_CHECK_UINT (fate_count (&s, PF_DROP_DUPLICATE), ==, 0);
  PF_CHECK_UINT (fate_count (&s, PF_DROP_CONFLICT), >=, 2);
  stream_clear (&s);
}

/* A good stream through headers with random damage: nothing breaks. */
static void
test_damage (void)
{
  PfReassemblerConfig config = small_config;
  Stream s;

  config.budget = 256 << 10;
  stream_init (&s, &config);
  for (int f = 0; f < 3000; f++) {
    Unit u;

    unit_make (&s, &u, pf_test_random_below (1500), 30, 0);
    for (uint32_t i = 0; i < u.packets.n; i++) {
      uint8_t *p = wire_packet (&u.packets, i);

      if (pf_test_random_below (4) == 0)
        for (uint64_t n = pf_test_random_below (4) + 1; n > 0; n--)
          p[pf_test_random_below (HEADER)] ^=
              (uint8_t) (1 << pf_test_random_below (8));
      push (&s, p, u.packets.size);
      drain (&s, NULL, 0);
    }
    s.now += 16 * MS;
    drain (&s, NULL, 0);
    unit_clear (&u);
  }
  pf_test_note ("%u frames, %u lost", s.n_frames, s.n_lost);
  PF_CHECK_UINT (s.n_frames, >, 1000);
  stream_clear (&s);
}

/* A code word that the field cannot have: counted, and the next frame is
 * as good as ever. */
static void
test_undecodable (void)
{
  enum { K = 40000, M = 24000 };
  PfReassemblerConfig config = {
    .packets = { .shard_payload = 2, .max_block = K, .percent = 90 },
  };
  uint8_t packet[HEADER + 2] = { 0 };
  Stream s;
  Unit u;

  stream_init (&s, &config);
  pf_put_le32 (packet + 16, K * 2);
  packet[20] = 1;
  pf_put_le16 (packet + 26, 1);
  pf_put_le16 (packet + 28, K);
  pf_put_le16 (packet + 30, M);
  pf_put_le16 (packet + 34, 2);
  packet[36] = 0xc9;
  packet[37] = packet[38] = 1;
  for (uint32_t i = 1; i <= K; i++) {
    pf_put_le16 (packet + 32, (uint16_t) i);
    PF_REQUIRE_INT (push (&s, packet, sizeof packet), ==, PF_TAKEN);
  }
  drain (&s, NULL, 0);
  PF_CHECK_UINT (s.n_lost, ==, 1);
  PF_CHECK_UINT (pf_reassembler_stats (s.r)->frames_broken, ==, 1);
  s.sender.frame = 1;
  unit_make (&s, &u, 20, 10, 0);
  push_unit (&s, &u);
  PF_CHECK_UINT (s.n_frames, ==, 1);
  unit_clear (&u);
  stream_clear (&s);
}

/* ---- Memory ------------------------------------------------------------- */

typedef enum { FRAMES, BLOCKS, SLICES, HUGE_FRAMES, PARITY, N_FLOODS } Flood;

/* One packet of a flood, each with new numbers. */
static void
flood_packet (Flood kind, uint32_t i, uint8_t *p)
{
  uint32_t frame = i % 64, bytes = 0, user = 1, block = 0, n_blocks = 0;
  uint32_t k = 8, m = 2, index = i % 8;

  switch (kind) {
  case FRAMES: /* a packet for each of many frames */
    bytes = 8 * 64;
    n_blocks = 1;
    frame = i;
    break;
  case BLOCKS: /* frames whose end is not known, another block each time */
    block = i / 64 % 1000;
    break;
  case SLICES:
    user = 0x81;
    k = 8;
    block = i % 65535;
    bytes = (uint32_t) (pf_test_random_below (1000) * 64);
    break;
  case HUGE_FRAMES: /* each claims the most there may be */
    bytes = 1 << 20;
    n_blocks = 2048;
    block = i / 64 % 2048;
    break;
  default: /* only parity, so that it has to be kept */
    bytes = 1 << 20;
    n_blocks = 2048;
    block = i / 64 % 2048;
    index = 8 + i % 2;
    break;
  }
  memset (p, 0, HEADER);
  pf_put_le32 (p + 8, frame);
  pf_put_le32 (p + 16, bytes);
  pf_put_le32 (p + 20, user);
  pf_put_le16 (p + 24, (uint16_t) block);
  pf_put_le16 (p + 26, (uint16_t) n_blocks);
  pf_put_le16 (p + 28, (uint16_t) k);
  pf_put_le16 (p + 30, (uint16_t) m);
  pf_put_le16 (p + 32, (uint16_t) index);
  pf_put_le16 (p + 34, 64);
  p[36] = 0xc9;
  p[37] = p[38] = 1;
}

static void
test_budget (const void *data)
{
  const Flood kind = (Flood) (uintptr_t) data;
  PfReassemblerConfig config = small_config;
  uint8_t packet[HEADER + 64] = { 0 };
  Stream s;
  Unit u;

  config.packets.max_frame = 1 << 20;
  config.budget = kind == HUGE_FRAMES ? 3 << 20 : 1 << 20;
  if (kind == PARITY)
    config.budget = 2 << 20;
  if (kind == SLICES)
    config.packets.max_block = 16;
  watch ();
  stream_init (&s, &config);
  for (uint32_t i = 0; i < 60000; i++) {
    flood_packet (kind, i, packet);
    if (kind == SLICES) {
      pf_put_le16 (packet + 28, 16);
      pf_put_le16 (packet + 32, (uint16_t) (i % 16));
    }
    push (&s, packet, sizeof packet);
    if (i % 64 == 63)
      drain (&s, NULL, 0);
  }
  pf_test_note ("%zu bytes really in use at most, %zu counted, %zu allowed; "
                "%llu taken, %llu without memory",
      in_use_peak, pf_reassembler_stats (s.r)->memory_peak, config.budget,
      (unsigned long long) fate_count (&s, PF_TAKEN),
      (unsigned long long) fate_count (&s, PF_DROP_BUDGET));
  PF_CHECK_UINT (in_use_peak, <=, config.budget);
  PF_CHECK_UINT (in_use_peak, >, config.budget / 16); /* it was a flood */
  if (kind != FRAMES)
    PF_CHECK_UINT (fate_count (&s, PF_DROP_BUDGET) +
                       pf_reassembler_stats (s.r)->frames_evicted,
        >, 0);
  /* and the stream goes on as soon as the deadline has passed */
  s.now = 1000 * MS;
  drain (&s, NULL, 0);
  s.sender.frame = s.due;
  for (int i = 0; i < 10; i++) {
    const uint32_t before = s.n_frames;

    unit_make (&s, &u, 3000, 20, 0);
    push_unit (&s, &u);
    PF_CHECK_UINT (s.n_frames, ==, before + 1);
    unit_clear (&u);
  }
  stream_clear (&s);
  watching = false;
  PF_CHECK_UINT (in_use, ==, 0); /* nothing is left behind */
}

/* Contexts for decoding count too: every frame another code. */
static void
test_budget_fec (void)
{
  for (int scheme = PF_FEC_GF8; scheme <= PF_FEC_GF16; scheme += 2) {
    PfReassemblerConfig config = {
      .packets = { .shard_payload = 64,
          .scheme = (uint32_t) scheme,
          .max_block = scheme == PF_FEC_GF8 ? 134 : 3000,
          .percent = 90 },
      .budget = scheme == PF_FEC_GF8 ? 400 << 10 : 6 << 20,
    };
    uint32_t n_good = 0;
    Stream s;

    stream_init (&s, &config);
    pf_reassembler_free (s.r);
    watch ();
    PF_REQUIRE_INT (pf_reassembler_new (&s.config, &s.r), ==, 0);
    for (int f = 0; f < 60; f++) {
      const uint32_t k =
          (uint32_t) pf_test_random_below (config.packets.max_block) + 1;
      const uint32_t percent = (uint32_t) pf_test_random_below (90) + 1;
      Unit u;

      watching = false; /* only the reassembler is measured */
      unit_make (&s, &u, k * 64, percent, 0);
      watching = true;
      for (uint32_t i = 0; i < u.packets.n; i++)
        if (i > 0) {
          push (&s, wire_packet (&u.packets, i), u.packets.size);
          drain (&s, NULL, 0);
        }
      n_good++;
      watching = false;
      unit_clear (&u);
      watching = true;
    }
    watching = false;
    pf_test_note ("%zu bytes really in use at most, %zu counted, %zu allowed",
        in_use_peak, pf_reassembler_stats (s.r)->memory_peak, config.budget);
    PF_CHECK_UINT (in_use_peak, <=, config.budget);
    PF_CHECK_UINT (s.n_frames, ==, n_good);
    stream_clear (&s);
  }
}

/* Steady stream: allocations are per frame, not per packet. */
static void
test_allocations (void)
{
  PfReassemblerConfig config = {
    .packets = { .shard_payload = 1408, .percent = 20 },
  };
  enum { N = 20 };
  Stream s;

  stream_init (&s, &config);
  for (int f = 0; f < N; f++) {
    Unit u;

    unit_make (&s, &u, 400000, 20, 0);
    watch ();
    for (uint32_t i = 0; i < u.packets.n; i++) {
      if (f % 2 == 0 || i % 10 != 3) /* every other frame loses some */
        push (&s, wire_packet (&u.packets, i), u.packets.size);
      drain (&s, &u, 1);
    }
    watching = false;
    if (f > 1)
      PF_CHECK_UINT (n_allocations, <=, 3);
    unit_clear (&u);
  }
  PF_CHECK_UINT (s.n_frames, ==, N);
  PF_CHECK_UINT (pf_reassembler_stats (s.r)->gathered, ==, 0);
  stream_clear (&s);
}

static void
test_new (void)
{
  PfReassemblerConfig config = small_config;
  PfReassembler *r;

  PF_CHECK_INT (pf_reassembler_new (NULL, &r), ==, PF_ERR_INVALID);
  PF_CHECK_INT (pf_reassembler_new (&config, &r), ==, PF_ERR_INVALID);
  config.wire = &pf_wire_punktfunk1;
  PF_CHECK_INT (pf_reassembler_new (&config, NULL), ==, PF_ERR_INVALID);
  config.window = 1;
  PF_CHECK_INT (pf_reassembler_new (&config, &r), ==, PF_ERR_RANGE);
  config.window = 1025;
  PF_CHECK_INT (pf_reassembler_new (&config, &r), ==, PF_ERR_RANGE);
  config.window = 1024;
  config.budget = 1000;
  PF_CHECK_INT (pf_reassembler_new (&config, &r), ==, PF_ERR_RANGE);
  config.budget = 0;
  config.packets.shard_payload = 63;
  PF_CHECK_INT (pf_reassembler_new (&config, &r), ==, PF_ERR_RANGE);
  config.packets.shard_payload = 64;
  PF_REQUIRE_INT (pf_reassembler_new (&config, &r), ==, 0);
  PF_CHECK_UINT (pf_reassembler_stats (r)->memory, >, 0);
  pf_reassembler_free (r);
  pf_reassembler_free (NULL);
}

int
main (int argc, char **argv)
{
  static const char *const floods[N_FLOODS] = { "frames", "blocks", "slices",
    "huge", "parity" };
  static char paths[64][64];
  unsigned n = 0;

  PF_TEST_ADD ("/reassembler/new", test_new);
  for (size_t i = 0; i < sizeof channels / sizeof *channels; i++, n++) {
    snprintf (
        paths[n], sizeof *paths, "/reassembler/channel/%s", channels[i].what);
    pf_test_add_data (paths[n], test_channel, &channels[i]);
  }
  PF_TEST_ADD ("/reassembler/deadline", test_deadline);
  PF_TEST_ADD ("/reassembler/lost-range", test_lost_range);
  PF_TEST_ADD ("/reassembler/late-shards", test_late_shards);
  PF_TEST_ADD ("/reassembler/wrap", test_wrap);
  PF_TEST_ADD ("/reassembler/begin", test_begin);
  PF_TEST_ADD ("/reassembler/far", test_far);
  PF_TEST_ADD ("/reassembler/filler", test_filler);
  PF_TEST_ADD ("/reassembler/reset", test_reset);
  PF_TEST_ADD ("/reassembler/conflicts", test_conflicts);
  PF_TEST_ADD ("/reassembler/damage", test_damage);
  PF_TEST_ADD ("/reassembler/undecodable", test_undecodable);
  for (uintptr_t i = 0; i < N_FLOODS; i++, n++) {
    snprintf (paths[n], sizeof *paths, "/reassembler/budget/%s", floods[i]);
    pf_test_add_data (paths[n], test_budget, (const void *) i);
  }
  PF_TEST_ADD ("/reassembler/budget/fec", test_budget_fec);
  PF_TEST_ADD ("/reassembler/allocations", test_allocations);
  return pf_test_run (argc, argv);
}
