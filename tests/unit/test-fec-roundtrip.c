/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Random and extreme blocks: parity against the definition of each code, data
 * back after every loss that can be mended, nothing written that should not
 * be, nothing read or written outside the rows.
 *
 * Environment: PF_TEST_CASES=N random blocks for each scheme (default 1500),
 * PF_TEST_SECONDS=N for how long each of those tests may go on (default 60;
 * a run cut short says so and must have done a tenth).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fec-kernel.h"
#include "fec-oracle.h"
#include "fec-rows.h"
#include "pf-test.h"
#include "pf.h"

/* Products that the definition may cost in one random block. */
#define ORACLE_BUDGET 40000

typedef struct {
  uint32_t scheme, k, m;
  size_t size;
  FecRowsPlace place;
  unsigned align;
  uint32_t n_cuts;
  size_t cuts[FEC_ROWS_MAX_SPANS - 1];
  bool spans; /* the _spans functions even without cuts */
} Block;

static const size_t sizes[] = { 1, 2, 3, 4, 6, 8, 10, 14, 16, 18, 30, 31, 32,
  33, 34, 44, 46, 48, 50, 60, 61, 62, 63, 64, 65, 66, 68, 94, 95, 96, 97, 98,
  100, 120, 126, 127, 128, 129, 130, 190, 191, 192, 193, 194, 254, 255, 256,
  257, 258, 318, 320, 322, 384, 510, 511, 512, 513, 514, 576, 640, 1024, 1388,
  1392, 1408, 1451, 1452, 2048, 4096, 4098 };

#define N_SIZES (sizeof sizes / sizeof sizes[0])

static uint32_t
below (uint32_t limit)
{
  return (uint32_t) pf_test_random_below (limit);
}

static uint32_t
smaller (uint32_t a, uint32_t b)
{
  return a < b ? a : b;
}

static unsigned long
from_environment (const char *name, unsigned long otherwise)
{
  const char *text = getenv (name);
  unsigned long value = text != NULL ? strtoul (text, NULL, 10) : 0;

  return value > 0 ? value : otherwise;
}

static double
now (void)
{
  struct timespec t;

  clock_gettime (CLOCK_MONOTONIC, &t);
  return (double) t.tv_sec + (double) t.tv_nsec / 1e9;
}

static PfFec *
make (const Block *b)
{
  PfFecConfig config = PF_FEC_CONFIG_INIT;
  PfFec *fec = NULL;

  config.scheme = b->scheme;
  config.data_shards = b->k;
  config.parity_shards = b->m;
  config.shard_size = b->size;
  PF_CHECK_INT (pf_fec_check (&config), ==, PF_OK);
  PF_REQUIRE_INT (pf_fec_new (&config, &fec), ==, PF_OK);
  PF_REQUIRE (fec != NULL);
  return fec;
}

/* Says which block it was, once, when something failed. */
static void
explain (const Block *b, const char *what)
{
  char cuts[256] = "";
  size_t at = 0;

  for (uint32_t c = 0; c < b->n_cuts && at < sizeof cuts; c++)
    at += (size_t) snprintf (cuts + at, sizeof cuts - at, " %zu", b->cuts[c]);
  pf_test_note ("scheme %u k %u m %u size %zu place %d align %u cuts%s "
                "spans %d: %s",
      b->scheme, b->k, b->m, b->size, b->place, b->align,
      b->n_cuts > 0 ? cuts : " none", b->spans, what);
}

/*
 * Encodes and compares; fills content with all rows. n_checked parity rows
 * (at most m, the last one among them) are compared with the closed form,
 * all of them with Leopard's transforms when leopard is set.
 */
static void
check_encode (const Block *b, PfFec *fec, FecRows *rows, uint8_t *content,
    uint32_t n_checked, bool leopard)
{
  uint32_t n = b->k + b->m;
  uint8_t *expected = malloc (b->size);
  uint8_t **pointers = malloc (n * sizeof *pointers);
  uint8_t *parity = content + b->k * b->size;

  PF_REQUIRE (expected != NULL && pointers != NULL);
  pf_test_random_bytes (content, n * b->size);
  for (uint32_t r = 0; r < n; r++) {
    fec_rows_put (rows, r, content + r * b->size);
    fec_rows_protect (rows, r, r < b->k);
    pointers[r] = content + r * b->size;
  }
  PF_CHECK_INT (fec_rows_encode (rows, fec, b->spans), ==, PF_OK);
  PF_CHECK (fec_rows_intact (rows));
  for (uint32_t i = 0; i < b->k; i++)
    if (!fec_rows_equal (rows, i, content + i * b->size)) {
      pf_test_fail (__FILE__, __LINE__, "encode changed data row %u", i);
      break;
    }
  for (uint32_t j = 0; j < b->m; j++)
    fec_rows_get (rows, b->k + j, parity + j * b->size);

  n_checked = smaller (n_checked, b->m);
  for (uint32_t c = 0; c < n_checked; c++) {
    uint32_t j = n_checked == b->m ? c : c == 0 ? b->m - 1 : below (b->m);

    fec_oracle_parity_row (b->scheme, b->k, b->m, b->size,
        (const uint8_t *const *) pointers, j, expected);
    if (memcmp (parity + j * b->size, expected, b->size) != 0) {
      pf_test_fail (__FILE__, __LINE__, "parity row %u is wrong", j);
      break;
    }
  }
  if (leopard) {
    uint8_t *all = malloc (b->m * b->size);

    PF_REQUIRE (all != NULL);
    for (uint32_t j = 0; j < b->m; j++)
      pointers[b->k + j] = all + j * b->size;
    PF_REQUIRE (fec_oracle_leopard (b->k, b->m, b->size,
        (const uint8_t *const *) pointers, pointers + b->k));
    PF_CHECK_MEM (parity, all, b->m * b->size);
    free (all);
  }
  free (pointers);
  free (expected);
}

/* Loses what present says, decodes, compares every byte of every row. */
static void
check_decode (const Block *b, PfFec *fec, FecRows *rows, const uint8_t *content,
    const uint8_t *present)
{
  uint32_t n = b->k + b->m, arrived = 0;
  uint8_t *junk = malloc (b->size);
  int expected, result;

  PF_REQUIRE (junk != NULL);
  pf_test_random_bytes (junk, b->size);
  for (uint32_t r = 0; r < n; r++) {
    arrived += present[r] != 0;
    fec_rows_protect (rows, r, false);
    fec_rows_put (rows, r, present[r] ? content + r * b->size : junk);
  }
  expected = arrived >= b->k ? PF_OK : PF_ERR_NEED_MORE;
  for (uint32_t r = 0; r < n; r++)
    fec_rows_protect (rows, r, present[r] || r >= b->k || expected != PF_OK);

  result = fec_rows_decode (rows, fec, b->spans, present);
  PF_CHECK_INT (result, ==, expected);
  PF_CHECK (fec_rows_intact (rows));
  for (uint32_t r = 0; r < n; r++) {
    bool whole = present[r] || (r < b->k && expected == PF_OK);

    if (!fec_rows_equal (rows, r, whole ? content + r * b->size : junk)) {
      pf_test_fail (__FILE__, __LINE__,
          whole ? present[r] ? "row %u arrived and was changed"
                             : "row %u did not come back"
                : "row %u was written though nobody asked",
          r);
      break;
    }
  }
  free (junk);
}

/* Marks n_lost rows among first .. first + among - 1 as lost. */
static void
lose (uint8_t *present, uint32_t first, uint32_t among, uint32_t n_lost)
{
  for (uint32_t r = 0; r < among && n_lost > 0; r++)
    if (below (among - r) < n_lost) {
      present[first + r] = 0;
      n_lost--;
    }
}

/* A loss of a random kind, now and then one too many. */
static void
random_loss (const Block *b, uint8_t *present)
{
  uint32_t n = b->k + b->m, n_lost;

  memset (present, 1, n);
  switch (below (8)) {
  case 0:
  case 1: /* as many as can be mended, anywhere */
    lose (present, 0, n, b->m);
    break;
  case 2: /* the same, data first */
    n_lost = smaller (b->k, b->m);
    lose (present, 0, b->k, n_lost);
    lose (present, b->k, b->m, below (b->m - n_lost + 1));
    break;
  case 3: /* fewer */
    lose (present, 0, n, below (b->m + 1));
    break;
  case 4: /* one or two data rows, with some parity */
    n_lost = smaller (smaller (1 + below (2), b->k), b->m);
    lose (present, 0, b->k, n_lost);
    lose (present, b->k, b->m, below (b->m - n_lost + 1));
    break;
  case 5: /* a burst */
    n_lost = 1 + below (b->m);
    memset (present + below (n - n_lost + 1), 0, n_lost);
    break;
  case 6: /* parity only, or nothing */
    lose (present, b->k, b->m, below (b->m + 1));
    break;
  default: /* too many */
    lose (present, 0, n, b->m + 1 + below (b->k));
    break;
  }
}

static int
compare_sizes (const void *a, const void *b)
{
  size_t x = *(const size_t *) a, y = *(const size_t *) b;

  return (x > y) - (x < y);
}

/* What does not depend on the scheme; k and m are set. */
static void
random_layout (Block *b)
{
  uint32_t n = b->k + b->m;
  size_t unit = b->scheme == PF_FEC_GF16 ? 2 : 1;
  size_t most = 100000 / n;

  b->size = below (3) > 0 ? sizes[below (N_SIZES)] : 1 + below (300);
  if (b->size > most)
    b->size = 1 + below ((uint32_t) most);
  b->size = (b->size + unit - 1) / unit * unit;

  b->place = FEC_ROWS_CANARIES;
  if (n <= 40 && below (4) == 0)
    b->place = below (3) == 0 ? FEC_ROWS_PAGE_START : FEC_ROWS_PAGE_END;
  b->align = below (3) == 0 ? 0 : below (64);
  b->spans = below (2) == 0;
  b->n_cuts = below (3) == 0 ? 1 + below (FEC_ROWS_MAX_SPANS - 1) : 0;
  for (uint32_t c = 0; c < b->n_cuts; c++)
    b->cuts[c] = below ((uint32_t) b->size + 1);
  qsort (b->cuts, b->n_cuts, sizeof b->cuts[0], compare_sizes);
}

static void
random_gf8 (Block *b)
{
  switch (below (6)) {
  case 0: /* as many as there can be */
    b->k = 1 + below (254);
    b->m = 255 - b->k;
    break;
  case 1:
    b->m = 1;
    b->k = 1 + below (254);
    break;
  case 2: /* more parity than data, also k = 1 */
    b->k = 1 + below (20);
    b->m = b->k + below (256 - 2 * b->k);
    break;
  case 3: /* small */
    b->k = 1 + below (16);
    b->m = 1 + below (8);
    break;
  default: /* as video does it */
    b->k = 1 + below (220);
    b->m = 1 + below (smaller (255 - b->k, 1 + b->k / 2));
    break;
  }
}

static void
random_gf16 (Block *b)
{
  static const uint32_t edges[] = { 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32,
    33, 63, 64, 65, 127, 128, 129, 255, 256, 257 };
  const uint32_t n_edges = sizeof edges / sizeof edges[0];

  switch (below (7)) {
  case 0: /* around the powers of two, where the rate changes */
    b->k = edges[below (n_edges)];
    b->m = edges[below (n_edges)];
    break;
  case 1:
    b->m = 1;
    b->k = 1 + below (600);
    break;
  case 2: /* more parity than data, also k = 1 */
    b->k = 1 + below (80);
    b->m = b->k + below (200);
    break;
  case 3: /* small */
    b->k = 1 + below (16);
    b->m = 1 + below (8);
    break;
  case 4: /* large */
    b->k = 200 + below (1000);
    b->m = 1 + below (400);
    break;
  default: /* as video does it */
    b->k = 1 + below (300);
    b->m = 1 + below (1 + b->k / 2);
    break;
  }
}

static void
test_random (const void *data)
{
  const uint32_t scheme = *(const uint32_t *) data;
  unsigned long cases = from_environment ("PF_TEST_CASES", 1500);
  double until = now () + (double) from_environment ("PF_TEST_SECONDS", 60);
  unsigned long done = 0, decodes = 0;

  while (done < cases && now () < until && !pf_test_failed ()) {
    Block b = { .scheme = scheme, .k = 4, .m = 2 };
    size_t products;
    uint8_t *content, *present;
    FecRows rows;
    PfFec *fec;

    if (scheme == PF_FEC_GF8)
      random_gf8 (&b);
    else if (scheme == PF_FEC_GF16)
      random_gf16 (&b);
    random_layout (&b);

    content = malloc ((b.k + b.m) * b.size);
    present = malloc (b.k + b.m);
    PF_REQUIRE (content != NULL && present != NULL);
    PF_REQUIRE (fec_rows_init (
        &rows, b.k, b.m, b.size, b.place, b.align, b.cuts, b.n_cuts));
    fec = make (&b);
    products = b.k * b.size / (scheme == PF_FEC_GF16 ? 2 : 1);
    check_encode (&b, fec, &rows, content,
        1 + (uint32_t) (ORACLE_BUDGET / products), scheme == PF_FEC_GF16);
    for (unsigned round = 0; round < 3; round++, decodes++) {
      random_loss (&b, present);
      check_decode (&b, fec, &rows, content, present);
    }
    if (pf_test_failed ())
      explain (&b, "random");
    pf_fec_free (fec);
    fec_rows_clear (&rows);
    free (present);
    free (content);
    done++;
  }
  pf_test_note ("%lu blocks, %lu losses", done, decodes);
  if (done < cases && !pf_test_failed ()) {
    pf_test_note ("cut short: %lu blocks were asked for", cases);
    PF_CHECK_UINT (done, >=, cases / 10);
  }
}

/* Encodes a given block and loses rows in the given ways. */
static void
one_block (const Block *b, uint32_t n_checked, bool leopard,
    const uint32_t (*losses)[2], unsigned n_losses)
{
  uint32_t n = b->k + b->m;
  uint8_t *content = malloc (n * b->size), *present = malloc (n);
  FecRows rows;
  PfFec *fec;

  PF_REQUIRE (content != NULL && present != NULL);
  PF_REQUIRE (fec_rows_init (
      &rows, b->k, b->m, b->size, b->place, b->align, b->cuts, b->n_cuts));
  fec = make (b);
  check_encode (b, fec, &rows, content, n_checked, leopard);
  for (unsigned l = 0; l < n_losses; l++) {
    /* losses[l]: lost data rows, lost parity rows */
    memset (present, 1, n);
    lose (present, 0, b->k, smaller (losses[l][0], b->k));
    lose (present, b->k, b->m, smaller (losses[l][1], b->m));
    check_decode (b, fec, &rows, content, present);
  }
  if (pf_test_failed ())
    explain (b, "given");
  pf_fec_free (fec);
  fec_rows_clear (&rows);
  free (present);
  free (content);
}

/* The largest and the most lopsided blocks each code allows. */
static void
test_limits_gf8 (void)
{
  static const uint32_t counts[][2] = { { 254, 1 }, { 1, 254 }, { 128, 127 },
    { 127, 128 }, { 200, 55 }, { 250, 5 }, { 191, 64 }, { 190, 65 }, { 2, 253 },
    { 253, 2 }, { 1, 1 } };

  for (unsigned c = 0; c < sizeof counts / sizeof counts[0]; c++) {
    Block b = { .scheme = PF_FEC_GF8, .k = counts[c][0], .m = counts[c][1] };
    uint32_t most = smaller (b.k, b.m);
    const uint32_t losses[][2] = { { most, b.m - most }, { 1, b.m - 1 },
      { most / 2, b.m - most / 2 }, { most, b.m - most + 1 }, { 0, b.m } };

    for (b.size = 1; b.size <= 193 && !pf_test_failed (); b.size += 64)
      one_block (&b, b.m, false, losses, 5);
  }
}

static void
test_limits_gf16 (void)
{
  static const uint32_t counts[][2] = { { 32768, 32767 }, { 32767, 32768 },
    { 64512, 1023 }, { 1023, 64512 }, { 65534, 1 }, { 1, 65534 }, { 65533, 2 },
    { 2, 65533 }, { 40000, 1000 }, { 32768, 16384 }, { 16385, 4096 },
    { 65024, 511 }, { 65280, 255 } };

  for (unsigned c = 0; c < sizeof counts / sizeof counts[0]; c++) {
    Block b = { .scheme = PF_FEC_GF16,
      .k = counts[c][0],
      .m = counts[c][1],
      .size = c % 3 == 1 ? 6 : 2 };
    uint32_t most = smaller (b.k, b.m);
    const uint32_t losses[][2] = { { most, b.m - most }, { 1, b.m - 1 },
      { most / 2, b.m - most / 2 }, { most, b.m - most + 1 },
      { smaller (most, 20), 0 } };

    PF_REQUIRE (fec_oracle_supported (b.scheme, b.k, b.m, b.size));
    one_block (&b, 3, true, losses, 5);
    if (pf_test_failed ())
      return;
  }
}

/* Every small (k, m) there is, both rates, all rows against both oracles. */
static void
test_small (const void *data)
{
  const uint32_t scheme = *(const uint32_t *) data;

  for (uint32_t k = 1; k <= 20; k++)
    for (uint32_t m = 1; m <= 20 && !pf_test_failed (); m++) {
      uint32_t most = smaller (k, m);
      Block b = { .scheme = scheme,
        .k = k,
        .m = m,
        .size = 2 * (1 + (k * 20 + m) % 70),
        .align = k + m };
      const uint32_t losses[][2] = { { most, m - most }, { 1, m - 1 }, { 0, m },
        { 0, 0 }, { most, m - most + 1 }, { 2, 0 } };

      one_block (&b, m, scheme == PF_FEC_GF16, losses, m > 1 ? 6 : 5);
    }
}

/* Every size up to a few vectors, against the edge of readable memory. */
static void
test_sizes (const void *data)
{
  const uint32_t scheme = *(const uint32_t *) data;
  const size_t unit = scheme == PF_FEC_GF16 ? 2 : 1;
  const uint32_t counts[][2] = { { 5, 3 }, { 6, 1 }, { 3, 4 }, { 18, 9 } };

  for (unsigned c = 0; c < (scheme == PF_FEC_AUDIO ? 1 : 4); c++)
    for (size_t size = unit; size <= 330 && !pf_test_failed ();
         size += c == 0 ? unit : 6 * unit)
      for (int place = FEC_ROWS_CANARIES; place <= FEC_ROWS_PAGE_START;
           place++) {
        Block b = { .scheme = scheme,
          .k = scheme == PF_FEC_AUDIO ? 4 : counts[c][0],
          .m = scheme == PF_FEC_AUDIO ? 2 : counts[c][1],
          .size = size,
          .place = (FecRowsPlace) place,
          .align = (unsigned) (size * 7 + 1) };
        uint32_t most = smaller (b.k, b.m);
        const uint32_t losses[][2] = { { 1, 0 }, { smaller (2, most), 0 },
          { most, b.m - most } };

        one_block (&b, b.m, scheme == PF_FEC_GF16, losses, 3);
      }
}

/* Every place where a row can be cut in two. */
static void
test_cuts (const void *data)
{
  const uint32_t scheme = *(const uint32_t *) data;

  for (size_t size = 2; size <= 210 && !pf_test_failed (); size += 26)
    for (size_t cut = 0; cut <= size && !pf_test_failed (); cut++) {
      Block b = { .scheme = scheme,
        .k = scheme == PF_FEC_AUDIO ? 4 : 7,
        .m = scheme == PF_FEC_AUDIO ? 2 : 3,
        .size = size,
        .place = cut % 5 == 0 ? FEC_ROWS_PAGE_END : FEC_ROWS_CANARIES,
        .align = (unsigned) cut,
        .n_cuts = 1,
        .cuts = { cut } };
      const uint32_t losses[][2] = { { 1, 0 }, { 2, 0 }, { b.m, 0 }, { 1, b.m },
        { b.m - 1, 1 } };

      one_block (&b, b.m, scheme == PF_FEC_GF16, losses, 5);
    }
}

/* Every single loss at (100, 20), data and parity, and every neighbour pair. */
static void
test_single (const void *data)
{
  Block b = { .scheme = *(const uint32_t *) data,
    .k = 100,
    .m = 20,
    .size = 1388,
    .align = 5 };
  uint8_t *content = malloc (120 * b.size), present[120];
  FecRows rows;
  PfFec *fec;

  PF_REQUIRE (content != NULL);
  PF_REQUIRE (fec_rows_init (
      &rows, b.k, b.m, b.size, b.place, b.align, b.cuts, b.n_cuts));
  fec = make (&b);
  check_encode (&b, fec, &rows, content, b.m, b.scheme == PF_FEC_GF16);
  for (uint32_t lost = 0; lost < 120 && !pf_test_failed (); lost++) {
    memset (present, 1, 120);
    present[lost] = 0;
    check_decode (&b, fec, &rows, content, present);
    /* with all parity but one gone as well */
    memset (present + 100, 0, 20);
    present[100 + lost % 20] = 1;
    check_decode (&b, fec, &rows, content, present);
    memset (present, 1, 120);
    present[lost] = present[(lost + 1) % 120] = 0;
    check_decode (&b, fec, &rows, content, present);
    if (pf_test_failed ())
      pf_test_note ("row %u lost", lost);
  }
  pf_fec_free (fec);
  fec_rows_clear (&rows);
  free (content);
}

/* All 64 maps of the audio code. */
static void
test_audio_maps (void)
{
  for (size_t size = 1; size < 500 && !pf_test_failed (); size += 37) {
    Block b = { .scheme = PF_FEC_AUDIO, .k = 4, .m = 2, .size = size };
    uint8_t *content = malloc (6 * size), present[6];
    FecRows rows;
    PfFec *fec;

    PF_REQUIRE (content != NULL);
    PF_REQUIRE (
        fec_rows_init (&rows, 4, 2, size, FEC_ROWS_PAGE_END, 0, NULL, 0));
    b.place = FEC_ROWS_PAGE_END;
    fec = make (&b);
    check_encode (&b, fec, &rows, content, 2, false);
    for (unsigned map = 0; map < 64; map++) {
      for (unsigned r = 0; r < 6; r++)
        present[r] = map >> r & 1;
      check_decode (&b, fec, &rows, content, present);
    }
    pf_fec_free (fec);
    fec_rows_clear (&rows);
    free (content);
  }
}

/* One context serves many blocks, and one block does not mark the next. */
static void
test_reuse (const void *data)
{
  Block b = { .scheme = *(const uint32_t *) data,
    .k = 40,
    .m = 12,
    .size = 322,
    .align = 3 };
  uint8_t *content = malloc (52 * b.size), present[52];
  FecRows rows;
  PfFec *fec;

  PF_REQUIRE (content != NULL);
  PF_REQUIRE (
      fec_rows_init (&rows, b.k, b.m, b.size, b.place, b.align, NULL, 0));
  fec = make (&b);
  for (unsigned round = 0; round < 40 && !pf_test_failed (); round++) {
    check_encode (&b, fec, &rows, content, 2, b.scheme == PF_FEC_GF16);
    for (unsigned loss = 0; loss < 4; loss++) {
      random_loss (&b, present);
      check_decode (&b, fec, &rows, content, present);
    }
  }
  pf_fec_free (fec);
  fec_rows_clear (&rows);
  free (content);
}

/* k rows of anything are a whole block: decoding them, then encoding, gives
 * the parity rows that were put in. Any byte but 0 in the map means present. */
static void
test_any_k_rows (const void *data)
{
  const uint32_t scheme = *(const uint32_t *) data;

  for (unsigned round = 0; round < 60 && !pf_test_failed (); round++) {
    Block b = { .scheme = scheme, .k = 4, .m = 2 };
    uint8_t *content, *present;
    uint32_t n;
    FecRows rows;
    PfFec *fec;

    if (scheme == PF_FEC_GF8)
      random_gf8 (&b);
    else if (scheme == PF_FEC_GF16)
      random_gf16 (&b);
    random_layout (&b);
    n = b.k + b.m;
    content = malloc (n * b.size);
    present = malloc (n);
    PF_REQUIRE (content != NULL && present != NULL);
    PF_REQUIRE (fec_rows_init (
        &rows, b.k, b.m, b.size, b.place, b.align, b.cuts, b.n_cuts));
    fec = make (&b);
    memset (present, 1 + below (255), n);
    lose (present, 0, n, b.m);
    pf_test_random_bytes (content, n * b.size);
    for (uint32_t r = 0; r < n; r++)
      fec_rows_put (&rows, r, content + r * b.size);
    PF_CHECK_INT (fec_rows_decode (&rows, fec, b.spans, present), ==, PF_OK);
    PF_CHECK_INT (fec_rows_encode (&rows, fec, b.spans), ==, PF_OK);
    for (uint32_t r = 0; r < n; r++)
      if (present[r])
        PF_CHECK (fec_rows_equal (&rows, r, content + r * b.size));
    if (pf_test_failed ())
      explain (&b, "any k rows");
    pf_fec_free (fec);
    fec_rows_clear (&rows);
    free (present);
    free (content);
  }
}

/* The three ways of the oracle agree with one another. */
static void
test_oracle (void)
{
  for (unsigned round = 0; round < 120 && !pf_test_failed (); round++) {
    Block b = { .scheme = PF_FEC_GF16 };
    uint32_t n, lost;
    uint8_t *content, *other, **rows, **out, *present;

    random_gf16 (&b);
    b.k = smaller (b.k, 100);
    b.m = smaller (b.m, 100);
    b.size = 2 + 2 * below (70);
    n = b.k + b.m;
    content = malloc (n * b.size);
    other = calloc (n, b.size);
    rows = malloc (n * sizeof *rows);
    out = malloc (n * sizeof *out);
    present = malloc (n);
    PF_REQUIRE (content && other && rows && out && present);
    for (uint32_t r = 0; r < n; r++) {
      rows[r] = content + r * b.size;
      out[r] = other + r * b.size;
    }
    pf_test_random_bytes (content, b.k * b.size);
    for (uint32_t j = 0; j < b.m; j++)
      fec_oracle_parity_row (b.scheme, b.k, b.m, b.size,
          (const uint8_t *const *) rows, j, rows[b.k + j]);
    PF_REQUIRE (fec_oracle_leopard (
        b.k, b.m, b.size, (const uint8_t *const *) rows, out + b.k));
    PF_CHECK_MEM (rows[b.k], out[b.k], b.m * b.size);

    memset (present, 1, n);
    lost = smaller (smaller (b.k, b.m), 6);
    lose (present, 0, b.k, lost);
    lose (present, b.k, b.m, b.m - lost);
    PF_CHECK (fec_oracle_decode (b.scheme, b.k, b.m, b.size,
        (const uint8_t *const *) rows, (const uint8_t *const *) rows + b.k,
        present, out));
    for (uint32_t i = 0; i < b.k; i++)
      if (!present[i])
        PF_CHECK_MEM (out[i], rows[i], b.size);
    if (pf_test_failed ())
      explain (&b, "oracle");
    free (present);
    free (out);
    free (rows);
    free (other);
    free (content);
  }
}

/* The canaries see a write just outside any range, and none inside. */
static void
test_rows (void)
{
  const size_t cuts[2] = { 5, 5 };
  uint8_t row[33];
  FecRows rows;

  for (unsigned align = 0; align < 64; align++) {
    PF_REQUIRE (
        fec_rows_init (&rows, 3, 2, 33, FEC_ROWS_CANARIES, align, cuts, 2));
    for (uint32_t r = 0; r < 5; r++) {
      pf_test_random_bytes (row, sizeof row);
      fec_rows_put (&rows, r, row);
      PF_CHECK (fec_rows_equal (&rows, r, row));
    }
    PF_CHECK (fec_rows_intact (&rows));
    for (uint32_t range = 0; range < 15; range++) {
      uint8_t *begin = rows.rows[range];
      uint8_t *end = begin + rows.spans[range / 5].size;

      PF_CHECK_UINT ((uintptr_t) begin % 64, ==, align);
      begin[-1] ^= 1;
      PF_CHECK (!fec_rows_intact (&rows));
      begin[-1] ^= 1;
      *end ^= 0x80;
      PF_CHECK (!fec_rows_intact (&rows));
      *end ^= 0x80;
    }
    PF_CHECK (fec_rows_intact (&rows));
    fec_rows_clear (&rows);
  }
}

int
main (int argc, char **argv)
{
  static const uint32_t gf8 = PF_FEC_GF8, audio = PF_FEC_AUDIO,
                        gf16 = PF_FEC_GF16;

  if (!fec_kernel_add_test ())
    return pf_test_run (argc, argv);

  fec_oracle_init ();
  PF_TEST_ADD ("/fec/rows", test_rows);
  PF_TEST_ADD ("/fec/oracle", test_oracle);
  pf_test_add_data ("/fec/random/gf8", test_random, &gf8);
  pf_test_add_data ("/fec/random/audio", test_random, &audio);
  pf_test_add_data ("/fec/random/gf16", test_random, &gf16);
  PF_TEST_ADD ("/fec/limits/gf8", test_limits_gf8);
  PF_TEST_ADD ("/fec/limits/gf16", test_limits_gf16);
  pf_test_add_data ("/fec/small/gf8", test_small, &gf8);
  pf_test_add_data ("/fec/small/gf16", test_small, &gf16);
  pf_test_add_data ("/fec/sizes/gf8", test_sizes, &gf8);
  pf_test_add_data ("/fec/sizes/audio", test_sizes, &audio);
  pf_test_add_data ("/fec/sizes/gf16", test_sizes, &gf16);
  pf_test_add_data ("/fec/cuts/gf8", test_cuts, &gf8);
  pf_test_add_data ("/fec/cuts/audio", test_cuts, &audio);
  pf_test_add_data ("/fec/cuts/gf16", test_cuts, &gf16);
  pf_test_add_data ("/fec/single/gf8", test_single, &gf8);
  pf_test_add_data ("/fec/single/gf16", test_single, &gf16);
  PF_TEST_ADD ("/fec/audio-maps", test_audio_maps);
  pf_test_add_data ("/fec/reuse/gf8", test_reuse, &gf8);
  pf_test_add_data ("/fec/reuse/gf16", test_reuse, &gf16);
  pf_test_add_data ("/fec/any-k-rows/gf8", test_any_k_rows, &gf8);
  pf_test_add_data ("/fec/any-k-rows/audio", test_any_k_rows, &audio);
  pf_test_add_data ("/fec/any-k-rows/gf16", test_any_k_rows, &gf16);
  return pf_test_run (argc, argv);
}
