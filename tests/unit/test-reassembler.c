/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The reassembler: loss, reordering, duplicates, deadlines, jumps, filler. */
#include "pf-test.h"
#include "reassembler-stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* A later frame that is whole shortens the wait; what is only late is not lost,
 * and frames before the one that is whole are judged together. */
static void
test_overtaken (void)
{
  PfReassemblerConfig config = small_config;
  Unit u[6];
  Stream s;

  config.deadline_ns = 50 * MS;
  config.overtake_ns = 7 * MS;
  stream_init (&s, &config);
  for (int i = 0; i < 6; i++)
    unit_make (&s, &u[i], 100, 0, 0); /* 2 packets each, no parity */
  s.now = 100 * MS;
  push_unit (&s, &u[0]);
  push (&s, wire_packet (&u[1].packets, 0), u[1].packets.size);
  PF_CHECK_UINT (pf_reassembler_wake (s.r), ==, 150 * MS);
  s.now = 110 * MS;
  push_unit (&s, &u[2]);
  PF_CHECK_UINT (pf_reassembler_wake (s.r), ==, 117 * MS);
  s.now = 117 * MS - 1;
  drain (&s, u, 6);
  push (&s, wire_packet (&u[1].packets, 1), u[1].packets.size);
  drain (&s, u, 6);
  PF_CHECK_UINT (s.n_frames, ==, 3);
  PF_CHECK_UINT (s.n_lost, ==, 0);
  PF_CHECK_UINT (pf_reassembler_wake (s.r), ==, UINT64_MAX);
  /* of 3 one packet, of 4 none */
  s.now = 130 * MS;
  push (&s, wire_packet (&u[3].packets, 1), u[3].packets.size);
  s.now = 145 * MS;
  push_unit (&s, &u[5]);
  PF_CHECK_UINT (pf_reassembler_wake (s.r), ==, 152 * MS);
  s.now = 152 * MS;
  drain (&s, u, 6);
  PF_CHECK_UINT (s.n_lost, ==, 2);
  PF_CHECK_UINT (s.n_frames, ==, 4);
  PF_CHECK_UINT (s.n_events, ==, 5);
  PF_CHECK_UINT (pf_reassembler_wake (s.r), ==, UINT64_MAX);
  for (int i = 0; i < 6; i++)
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

/* When a frame's packets came goes with it, though it had to wait for its turn
 * and others of it came later. */
static void
test_arrival (void)
{
  Unit u[2];
  Stream s;

  stream_init (&s, &small_config);
  unit_make (&s, &u[0], 100, 0, 0); /* 2 packets */
  unit_make (&s, &u[1], 100, 50, 0);
  PF_REQUIRE_UINT (u[1].packets.n, ==, 3);
  s.now = 10 * MS;
  push (&s, wire_packet (&u[0].packets, 0), u[0].packets.size);
  for (uint32_t i = 0; i < 3; i++) {
    s.now = (12 + i) * MS;
    push (&s, wire_packet (&u[1].packets, i), u[1].packets.size);
  }
  s.now = 20 * MS;
  push (&s, wire_packet (&u[0].packets, 1), u[0].packets.size);
  drain (&s, u, 1);
  PF_CHECK_UINT (s.n_frames, ==, 2);
  PF_CHECK_UINT (s.last.first, ==, u[1].number);
  PF_CHECK_UINT (s.last.first_ns, ==, 12 * MS);
  PF_CHECK_UINT (s.last.last_ns, ==, 13 * MS);
  for (int i = 0; i < 2; i++)
    unit_clear (&u[i]);
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

/* Half of frame 0, then many whole ones, all at once as after a stall: those
 * wait for it as long as the window goes, and are all handed out. */
static void
test_slide (void)
{
  enum { WINDOW = 64, MORE = 100 };
  const PfReassemblerStats *t;
  Unit first, u;
  Stream s;

  stream_init (&s, &small_config);
  t = pf_reassembler_stats (s.r);
  PF_CHECK_UINT (t->window, ==, WINDOW);
  unit_make (&s, &first, 100, 0, 0); /* two packets */
  push (&s, wire_packet (&first.packets, 0), first.packets.size);
  for (int i = 1; i < WINDOW; i++) {
    unit_make (&s, &u, 100, 0, 0);
    push_unit (&s, &u);
    unit_clear (&u);
  }
  PF_CHECK_UINT (s.n_events, ==, 0);
  PF_CHECK_UINT (pf_reassembler_wake (s.r), ==, 120 * MS);
  /* the first one that is too far: 0 has to go, and no other */
  unit_make (&s, &u, 100, 0, 0);
  push_unit (&s, &u);
  unit_clear (&u);
  PF_CHECK_UINT (s.n_lost, ==, 1);
  PF_CHECK_UINT (s.n_frames, ==, WINDOW);
  PF_CHECK_INT (push (&s, wire_packet (&first.packets, 1), first.packets.size),
      ==, PF_DROP_LATE);
  unit_clear (&first);
  /* a gap of nearly two windows: the frame in front of it can still be made */
  unit_make (&s, &first, 100, 0, 0);
  push (&s, wire_packet (&first.packets, 0), first.packets.size);
  s.sender.frame = WINDOW + 1 + WINDOW - 1;
  unit_make (&s, &u, 100, 0, 0);
  push_unit (&s, &u);
  PF_CHECK_UINT (s.n_events, ==, WINDOW + 1);
  push (&s, wire_packet (&first.packets, 1), first.packets.size);
  drain (&s, &first, 1);
  PF_CHECK_UINT (s.n_frames, ==, WINDOW + 1);
  unit_clear (&first);
  unit_clear (&u);
  /* a stray out of the window moves nothing, several in a row do, and the gap
   * is given up no further than they need */
  for (int i = 0; i < 8; i++) {
    s.sender.frame = WINDOW + 2 + 2 * WINDOW - 1;
    unit_make (&s, &u, 450, 0, 0);
    PF_REQUIRE_UINT (u.packets.n, ==, 8);
    PF_CHECK_INT (push (&s, wire_packet (&u.packets, i), u.packets.size), ==,
        i < 7 ? PF_DROP_FAR : PF_TAKEN);
    drain (&s, NULL, 0);
    PF_CHECK_UINT (s.due, ==, WINDOW + 2 + (i == 7 ? WINDOW : 0));
    unit_clear (&u);
  }
  PF_CHECK_UINT (s.n_frames, ==, WINDOW + 2);
  PF_CHECK_UINT (s.n_lost, ==, WINDOW);
  PF_CHECK_UINT (t->jumps, ==, 0);
  stream_clear (&s);
}

/* As many frames wait as come within the deadline, unless the budget is small;
 * a long deadline alone costs no memory. */
static void
test_window (void)
{
  static const struct {
    uint64_t deadline_ns;
    size_t budget;
    uint32_t window;
  } cases[] = {
    { 0, 1 << 20, 64 },
    { 250 * MS, 16 << 20, 64 },
    { 1000 * MS, 16 << 20, 241 },
    { 2000 * MS, 64 << 20, 481 },
    { 10000 * MS, 64 << 20, 2401 },
    { 60000 * MS, 64 << 20, 4096 },
    { UINT64_MAX, 64 << 20, 4096 },
    { 10000 * MS, 256 << 10, 64 },
  };
  enum { FRAMES = 300 };
  PfReassemblerConfig config = small_config;
  Unit first, u;
  Stream s;

  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    config.deadline_ns = cases[i].deadline_ns;
    config.budget = cases[i].budget;
    stream_init (&s, &config);
    PF_CHECK_UINT (pf_reassembler_stats (s.r)->window, ==, cases[i].window);
    PF_CHECK_UINT (pf_reassembler_stats (s.r)->memory, <, config.budget / 2);
    stream_clear (&s);
  }
  /* what comes after more than 64 frames, but in time, is waited for */
  config.deadline_ns = 5000 * MS;
  config.budget = 16 << 20;
  stream_init (&s, &config);
  unit_make (&s, &first, 100, 0, 0);
  push (&s, wire_packet (&first.packets, 0), first.packets.size);
  for (int i = 1; i < FRAMES; i++) {
    s.now += 16 * MS;
    unit_make (&s, &u, 100, 0, 0);
    push_unit (&s, &u);
    unit_clear (&u);
  }
  PF_CHECK_UINT (s.n_events, ==, 0);
  push (&s, wire_packet (&first.packets, 1), first.packets.size);
  drain (&s, &first, 1);
  PF_CHECK_UINT (s.n_frames, ==, FRAMES);
  PF_CHECK_UINT (s.n_lost, ==, 0);
  unit_clear (&first);
  stream_clear (&s);
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
    push_number (&s, 130 + i, PF_DROP_FAR);
  push_number (&s, 1, PF_TAKEN);
  for (uint32_t i = 0; i < 7; i++)
    push_number (&s, 130 + i, PF_DROP_FAR);
  PF_CHECK_UINT (s.n_frames, ==, 2);
  /* the eighth in a row is believed: 135 frames were lost */
  push_number (&s, 137, PF_TAKEN);
  PF_CHECK_UINT (s.n_lost, ==, 135);
  PF_CHECK_UINT (s.n_frames, ==, 3);
  push_number (&s, 138, PF_TAKEN);
  /* a silence is reason enough; very far is a jump, not a loss */
  s.now += 100 * MS - 1;
  push_number (&s, 1000000, PF_DROP_FAR);
  s.now += 1;
  push_number (&s, 1000000, PF_TAKEN);
  PF_CHECK_UINT (s.n_lost, ==, 135);
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
    const PfReassemblerStats *t;
    Stream s;

    config.packets.filler_shared = shared;
    stream_init (&s, &config);
    for (int i = 0; i < 10; i++) {
      Unit u;

      s.now += 3 * MS;
      unit_make (&s, &u, 60, 0, i % 2 ? PF_WIRE_FILLER : 0);
      PF_CHECK_INT (push (&s, wire_packet (&u.packets, 0), u.packets.size), ==,
          i % 2 && !shared ? PF_TAKEN_FILLER : PF_TAKEN);
      drain (&s, &u, shared || i % 2 == 0);
      unit_clear (&u);
    }
    PF_CHECK_UINT (s.n_frames, ==, shared ? 10 : 5);
    PF_CHECK_UINT (s.n_lost, ==, 0);
    t = pf_reassembler_stats (s.r);
    PF_CHECK_UINT (t->filler_packets, ==, 5);
    PF_CHECK_UINT (t->filler_bytes, ==, 5 * (HEADER + 64));
    PF_CHECK_UINT (t->filler_ns, ==, 4 * 6 * MS);
    /* the next speed test has a time of its own */
    for (int i = 0; i < 2; i++) {
      Unit u;

      s.now += i ? 2 * MS : 1001 * MS;
      unit_make (&s, &u, 60, 0, PF_WIRE_FILLER);
      push (&s, wire_packet (&u.packets, 0), u.packets.size);
      drain (&s, &u, shared);
      unit_clear (&u);
      PF_CHECK_UINT (t->filler_packets, ==, 6 + i);
      PF_CHECK_UINT (t->filler_ns, ==, i ? 2 * MS : 0);
    }
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
  /* also soon after the begin nothing before is waited for */
  for (uint32_t first = 5000; first > 0; first = first > 100 ? 20 : 0) {
    s.sender.frame = s.due = first;
    for (int i = 0; i < 3; i++) {
      unit_make (&s, &u, 600, 20, 0);
      push_unit (&s, &u);
      unit_clear (&u);
    }
    pf_reassembler_reset (s.r);
  }
  PF_CHECK_UINT (s.n_frames, ==, 6);
  PF_CHECK_UINT (s.n_lost, ==, 0);
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
  config.window = 4097;
  PF_CHECK_INT (pf_reassembler_new (&config, &r), ==, PF_ERR_RANGE);
  config.window = 4096;
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
  static char paths[64][64];
  unsigned n = 0;

  PF_TEST_ADD ("/reassembler/new", test_new);
  for (size_t i = 0; i < sizeof channels / sizeof *channels; i++, n++) {
    snprintf (
        paths[n], sizeof *paths, "/reassembler/channel/%s", channels[i].what);
    pf_test_add_data (paths[n], test_channel, &channels[i]);
  }
  PF_TEST_ADD ("/reassembler/deadline", test_deadline);
  PF_TEST_ADD ("/reassembler/overtaken", test_overtaken);
  PF_TEST_ADD ("/reassembler/lost-range", test_lost_range);
  PF_TEST_ADD ("/reassembler/late-shards", test_late_shards);
  PF_TEST_ADD ("/reassembler/arrival", test_arrival);
  PF_TEST_ADD ("/reassembler/wrap", test_wrap);
  PF_TEST_ADD ("/reassembler/begin", test_begin);
  PF_TEST_ADD ("/reassembler/slide", test_slide);
  PF_TEST_ADD ("/reassembler/window", test_window);
  PF_TEST_ADD ("/reassembler/far", test_far);
  PF_TEST_ADD ("/reassembler/filler", test_filler);
  PF_TEST_ADD ("/reassembler/reset", test_reset);
  return pf_test_run (argc, argv);
}
