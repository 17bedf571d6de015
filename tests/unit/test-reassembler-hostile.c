/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The reassembler against forged headers, damage and floods; what it really
 * allocates, measured, against its budget.
 */
#include "pf-bytes.h"
#include "pf-test.h"
#include "reassembler-stream.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

int
main (int argc, char **argv)
{
  static const char *const floods[N_FLOODS] = { "frames", "blocks", "slices",
    "huge", "parity" };
  static char paths[N_FLOODS][64];

  PF_TEST_ADD ("/reassembler/conflicts", test_conflicts);
  PF_TEST_ADD ("/reassembler/damage", test_damage);
  PF_TEST_ADD ("/reassembler/undecodable", test_undecodable);
  for (uintptr_t i = 0; i < N_FLOODS; i++) {
    snprintf (paths[i], sizeof *paths, "/reassembler/budget/%s", floods[i]);
    pf_test_add_data (paths[i], test_budget, (const void *) i);
  }
  PF_TEST_ADD ("/reassembler/budget/fec", test_budget_fec);
  PF_TEST_ADD ("/reassembler/allocations", test_allocations);
  return pf_test_run (argc, argv);
}
