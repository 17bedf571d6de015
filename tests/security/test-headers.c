/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * C3 to C6 in the library: headers from a stranger. What parse() lets through
 * keeps every promise of PfWireShard (C3), no number of blocks takes more than
 * the budget, measured at malloc (C4), nothing empty or short holds a parser
 * up (C5), and what cannot be decoded costs its own frame (C6).
 */
#include "../unit/wire-packets.h"
#include "pf-bytes.h"
#include "pf-reassembler.h"
#include "pf-test.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MS 1000000ull
#define SECONDS 60 /* no test takes near as long, also under valgrind */

/* ---- All allocations of the program pass here --------------------------- */

void *__real_malloc (size_t size);
void *__real_calloc (size_t n, size_t size);
void __real_free (void *p);
void *__wrap_malloc (size_t size);
void *__wrap_calloc (size_t n, size_t size);
void __wrap_free (void *p);

static bool watching;
static size_t in_use, in_use_peak;

static void *
allocated (void *p)
{
  if (watching && p) {
    in_use += malloc_usable_size (p) + 8;
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

/* ---- Formats ------------------------------------------------------------ */

typedef struct {
  const char *path, *wire;
  PfWireConfig config;
} Form;

/* Small blocks, so that random numbers hit their edges. */
static const Form forms[] = {
  { "gf16", "punktfunk1",
      { .shard_payload = 64,
          .max_block = 6,
          .percent = 90,
          .max_frame = 4096 } },
  { "gf8", "punktfunk1",
      { .shard_payload = 32,
          .scheme = PF_FEC_GF8,
          .max_block = 134,
          .percent = 90,
          .max_frame = 65536 } },
  { "gamestream", "gamestream",
      { .shard_payload = 32, .max_block = 200, .max_frame = 16384 } },
};

enum { N_FORMS = sizeof forms / sizeof *forms };

/* Packets of one frame of a random size. */
static void
frame_make (PfWireSender *s, WirePackets *out)
{
  const size_t size = (size_t) pf_test_random_below (s->config.max_frame + 1);
  PfWireFrame f = { .size = size, .percent = 40, .min_parity = 1 };
  uint8_t *unit = malloc (size + 1);

  PF_REQUIRE (unit != NULL);
  pf_test_random_bytes (unit, size);
  PF_REQUIRE_INT (wire_packets_make (s, &f, unit, out), ==, 0);
  free (unit);
}

/* Some bits, one number at its edge, or all of the header at random. */
static void
damage (const PfWire *wire, uint8_t *p)
{
  static const uint32_t edges[] = { 0, 1, 2, 0x7f, 0x80, 0xff, 0x3ff, 0x7fff,
    0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff };
  const uint32_t edge = edges[pf_test_random_below (sizeof edges / 4)];
  const size_t at = (size_t) pf_test_random_below (wire->header_size - 3);
  uint8_t all[64];

  switch (pf_test_random_below (8)) {
  case 0:
    for (int n = 0; n < 3; n++)
      p[pf_test_random_below (wire->header_size)] ^=
          (uint8_t) (1 << pf_test_random_below (8));
    break;
  case 1:
    pf_put_le16 (p + at, (uint16_t) edge);
    break;
  case 2:
    pf_put_le32 (p + at, edge);
    break;
  case 3: /* all but what says that it is such a packet */
    pf_test_random_bytes (all, sizeof all);
    if (wire == &pf_wire_punktfunk1)
      memcpy (p, all, 34);
    else
      memcpy (p + 1, all, wire->header_size - 1u);
    break;
  case 4: /* counts, in a frame that is sent slice by slice */
    if (wire == &pf_wire_punktfunk1)
      p[20] |= 0x80;
    pf_put_le16 (p + 24 + 2 * pf_test_random_below (4), (uint16_t) edge);
    break;
  default:
    p[pf_test_random_below (wire->header_size)] ^=
        (uint8_t) (1 << pf_test_random_below (8));
    break;
  }
}

/* All that PfWireShard promises; the counts are what a code word can have. */
static void
check_shard (const PfWireConfig *c, const PfWireShard *s, size_t size)
{
  const uint32_t most = c->scheme == PF_FEC_GF8 ? 255 : 65535;
  const bool sized = s->frame_size != PF_WIRE_UNKNOWN;

  PF_CHECK_UINT (s->data, >=, 1);
  PF_CHECK_UINT (s->data, <=, c->max_block);
  PF_CHECK_UINT (s->index, <, (uint64_t) s->data + s->parity);
  if (s->parity > 0)
    PF_CHECK_UINT ((uint64_t) s->data + s->parity, <=, most);
  if (s->n_blocks > 0)
    PF_CHECK_UINT (s->block, <, s->n_blocks);
  PF_CHECK_UINT (s->payload_size, >=, 1);
  PF_CHECK_UINT (s->payload_size, <=, c->shard_payload);
  PF_CHECK_UINT (s->payload + s->payload_size, <=, size);
  if (sized)
    PF_CHECK_UINT (s->frame_size, <=, c->max_frame);
  if (s->first_data != PF_WIRE_UNKNOWN) {
    PF_CHECK_UINT ((uint64_t) s->first_data + s->data, <=,
        s->n_data != PF_WIRE_UNKNOWN
            ? s->n_data
            : (uint64_t) c->max_frame / c->shard_payload + 1);
  }
  if (sized && s->n_data != PF_WIRE_UNKNOWN)
    PF_CHECK_UINT ((uint64_t) s->n_data * c->shard_payload, >=, s->frame_size);
}

/* ---- C3 ----------------------------------------------------------------- */

static void
test_counts (const void *data)
{
  const Form *form = data;
  const PfWire *wire = pf_wire_find (form->wire);
  uint32_t good = 0, refused = 0;
  PfWireSender s;

  PF_REQUIRE_INT (pf_wire_sender_init (&s, wire, &form->config), ==, 0);
  while (good + refused < 60000 && !pf_test_failed ()) {
    WirePackets made;

    frame_make (&s, &made);
    for (uint32_t i = 0; i < made.n && !pf_test_failed (); i++) {
      uint8_t *p = wire_packet (&made, i);
      /* whole, or cut somewhere */
      const size_t size = pf_test_random_below (4)
                              ? made.size
                              : (size_t) pf_test_random_below (made.size + 1);
      PfWireShard shard;

      damage (wire, p);
      if (wire->parse (&s.config, p, size, &shard) < 0) {
        refused++;
        continue;
      }
      good++;
      check_shard (&s.config, &shard, size);
    }
    wire_packets_clear (&made);
  }
  pf_test_note ("%u headers taken, %u refused", good, refused);
  PF_CHECK_UINT (good, >, 1000);
  PF_CHECK_UINT (refused, >, 1000);
}

/* The same headers into a reassembler: each packet has one fate, and the
 * codes that it makes of them are those that exist. */
static void
test_reassembly (const void *data)
{
  const Form *form = data;
  PfReassemblerConfig config = { .wire = pf_wire_find (form->wire),
    .packets = form->config };
  const PfReassemblerStats *stats;
  PfReassembler *r;
  uint64_t pushed = 0, fates = 0, now = 0;
  PfWireSender s;
  PfEvent e;

  config.budget = 8 * config.packets.max_frame + (256 << 10);
  PF_REQUIRE_INT (pf_wire_sender_init (&s, config.wire, &form->config), ==, 0);
  PF_REQUIRE_INT (pf_reassembler_new (&config, &r), ==, 0);
  while (pushed < 60000) {
    WirePackets made;

    frame_make (&s, &made);
    for (uint32_t i = 0; i < made.n; i++) {
      uint8_t *p = wire_packet (&made, i);

      if (pf_test_random_below (16) == 0)
        damage (config.wire, p);
      pf_reassembler_push (r, p, made.size, now);
      pushed++;
      while (pf_reassembler_next (r, now, &e) > 0)
        free (e.memory);
    }
    now += 8 * MS;
    wire_packets_clear (&made);
  }
  while (pf_reassembler_next (r, UINT64_MAX, &e) > 0)
    free (e.memory);
  stats = pf_reassembler_stats (r);
  for (int i = 0; i < PF_N_FATES; i++)
    fates += stats->fates[i];
  pf_test_note ("%llu frames, %llu lost", (unsigned long long) stats->frames,
      (unsigned long long) stats->frames_lost);
  PF_CHECK_UINT (stats->packets, ==, pushed);
  PF_CHECK_UINT (fates, ==, pushed);
  PF_CHECK_UINT (stats->memory_peak, <=, config.budget);
  PF_CHECK_UINT (stats->frames, >, 10);
  pf_reassembler_free (r);
}

/* ---- C4 ----------------------------------------------------------------- */

/* One packet of each of thousands of blocks whose shards are tiny: all that
 * they take is bookkeeping. */
static void
test_bookkeeping (void)
{
  enum { SHARD = 2, HEADER = 40, K = 1, N = 400000 };
  PfReassemblerConfig config = { .wire = &pf_wire_punktfunk1,
    .packets = { .shard_payload = SHARD, .max_block = 8, .percent = 90 },
    .budget = 1 << 20 };
  uint8_t p[HEADER + SHARD] = { 0 };
  const PfReassemblerStats *stats;
  PfReassembler *r;
  PfEvent e;

  p[36] = 0xc9;
  p[37] = p[38] = 1;
  pf_put_le16 (p + 34, SHARD);
  watching = true;
  in_use = in_use_peak = 0;
  PF_REQUIRE_INT (pf_reassembler_new (&config, &r), ==, 0);
  for (uint32_t i = 0; i < N; i++) {
    pf_put_le32 (p + 8, i / 40000); /* frame */
    p[20] = 1;
    pf_put_le16 (p + 24, (uint16_t) (i % 40000)); /* block */
    pf_put_le16 (p + 28, 8);
    pf_put_le16 (p + 32, (uint16_t) (i % 8));
    pf_reassembler_push (r, p, sizeof p, i * 1000ull);
    if (i % 64 == 0)
      while (pf_reassembler_next (r, i * 1000ull, &e) > 0)
        free (e.memory);
  }
  stats = pf_reassembler_stats (r);
  pf_test_note ("%zu bytes in use at most, %zu counted, %zu allowed; %llu "
                "packets taken, %llu without memory",
      in_use_peak, stats->memory_peak, config.budget,
      (unsigned long long) stats->fates[PF_TAKEN],
      (unsigned long long) stats->fates[PF_DROP_BUDGET]);
  PF_CHECK_UINT (in_use_peak, <=, config.budget);
  PF_CHECK_UINT (in_use_peak, >, config.budget / 2);
  /* far more bookkeeping than payload */
  PF_CHECK_UINT (stats->fates[PF_TAKEN], >, 3000);
  PF_CHECK_UINT (stats->fates[PF_DROP_BUDGET] + stats->frames_evicted, >, 0);
  pf_reassembler_free (r);
  watching = false;
  PF_CHECK_UINT (in_use, ==, 0);
}

/* ---- C5 ----------------------------------------------------------------- */

/* Every size from nothing to more than a header, of zeros and of a header
 * that was good: parsers end, and quickly. The alarm ends the program. */
static void
test_short (const void *data)
{
  const Form *form = data;
  const PfWire *wire = pf_wire_find (form->wire);
  PfReassemblerConfig config = {
    .wire = wire, .packets = form->config, .budget = 1 << 20
  };
  const PfNonceSource source = { .scheme = wire == &pf_wire_gamestream
                                               ? PF_NONCE_GAMESTREAM_VIDEO
                                               : PF_NONCE_PUNKTFUNK1_HOST };
  uint8_t zeros[256] = { 0 };
  PfWireSender s;
  WirePackets made;
  PfReassembler *r;
  PfEvent e;

  alarm (SECONDS);
  PF_REQUIRE_INT (pf_wire_sender_init (&s, wire, &form->config), ==, 0);
  PF_REQUIRE_INT (pf_reassembler_new (&config, &r), ==, 0);
  frame_make (&s, &made);
  for (int round = 0; round < 1000; round++)
    for (size_t size = 0; size <= wire->header_size; size++) {
      const uint8_t *p = round % 2 ? wire_packet (&made, 0) : zeros;
      PfWireSealed sealed;
      PfWireShard shard;

      PF_CHECK_INT (wire->open (&source, 0, p, size, &sealed), <, 0);
      PF_CHECK_INT (wire->parse (&s.config, p, size, &shard), <, 0);
      PF_CHECK_INT (pf_reassembler_push (r, p, size, (uint64_t) round * MS), ==,
          PF_DROP_INVALID);
      PF_CHECK_INT (pf_reassembler_next (r, (uint64_t) round * MS, &e), ==, 0);
    }
  PF_CHECK_UINT (pf_reassembler_wake (r), ==, UINT64_MAX);
  wire_packets_clear (&made);
  pf_reassembler_free (r);
  alarm (0);
}

int
main (int argc, char **argv)
{
  static const struct {
    const char *prefix;
    PfTestDataFunc func;
  } kinds[] = {
    { "/C3/counts/", test_counts },
    { "/C3/reassembly/", test_reassembly },
    { "/C5/short/", test_short },
  };
  static char paths[sizeof kinds / sizeof *kinds][N_FORMS][64];

  for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
    for (size_t i = 0; i < N_FORMS; i++) {
      char *path = paths[k][i];

      memcpy (path, kinds[k].prefix, strlen (kinds[k].prefix));
      memcpy (path + strlen (kinds[k].prefix), forms[i].path,
          strlen (forms[i].path) + 1);
      pf_test_add_data (path, kinds[k].func, &forms[i]);
    }
  PF_TEST_ADD ("/C4/bookkeeping", test_bookkeeping);
  return pf_test_run (argc, argv);
}
