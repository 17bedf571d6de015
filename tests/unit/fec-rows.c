/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Guarded rows: see fec-rows.h.
 */
#define _GNU_SOURCE
#include "fec-rows.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define CANARY 64 /* bytes before and behind a range */

/* What canaries look like: repeats only after a prime number of bytes, so
 * that a canary copied from elsewhere is seen, too. */
#define PERIOD 4093

static const uint8_t *
pattern (void)
{
  static uint8_t bytes[PERIOD];
  static bool ready;

  if (!ready) {
    for (size_t at = 0; at < PERIOD; at++)
      bytes[at] = (uint8_t) (at * 167 + (at >> 8) * 59 + 13);
    ready = true;
  }
  return bytes;
}

static void
canaries_fill (uint8_t *arena, size_t size)
{
  for (size_t at = 0; at < size; at += PERIOD)
    memcpy (arena + at, pattern (), size - at < PERIOD ? size - at : PERIOD);
}

static bool
canaries_intact (const uint8_t *arena, size_t from, size_t to)
{
  while (from < to) {
    size_t phase = from % PERIOD, n = to - from;

    if (n > PERIOD - phase)
      n = PERIOD - phase;
    if (memcmp (arena + from, pattern () + phase, n) != 0)
      return false;
    from += n;
  }
  return true;
}

static uint32_t
n_ranges (const FecRows *rows)
{
  return rows->n_spans * (rows->k + rows->m);
}

static size_t
range_size (const FecRows *rows, uint32_t range)
{
  uint32_t s = range / (rows->k + rows->m);

  return rows->cut[s + 1] - rows->cut[s];
}

static size_t
page_size (void)
{
  return (size_t) sysconf (_SC_PAGESIZE);
}

static bool
place_canaries (FecRows *rows, unsigned align)
{
  size_t largest = 0;

  for (uint32_t s = 0; s < rows->n_spans; s++)
    if (rows->cut[s + 1] - rows->cut[s] > largest)
      largest = rows->cut[s + 1] - rows->cut[s];
  /* A multiple of 64 plus the two canaries; the misalignment is the same
   * for all ranges and taken from the first canary. */
  rows->range_room = (largest + 63) / 64 * 64 + 2 * CANARY;
  rows->arena_size = n_ranges (rows) * rows->range_room + 64 + CANARY;
  if (posix_memalign ((void **) &rows->arena, 64, rows->arena_size) != 0) {
    rows->arena = NULL;
    return false;
  }
  canaries_fill (rows->arena, rows->arena_size);
  for (uint32_t r = 0; r < n_ranges (rows); r++)
    rows->rows[r] = rows->arena + r * rows->range_room + CANARY + align % 64;
  return true;
}

static bool
place_pages (FecRows *rows)
{
  size_t page = page_size (), largest = rows->size > 0 ? rows->size : 1;
  size_t room = (largest + page - 1) / page * page;

  /* Unreadable, range, unreadable, range, ..., unreadable. */
  rows->range_room = room + page;
  rows->arena_size = n_ranges (rows) * rows->range_room + page;
  rows->arena = mmap (
      NULL, rows->arena_size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (rows->arena == MAP_FAILED) {
    rows->arena = NULL;
    return false;
  }
  for (uint32_t r = 0; r < n_ranges (rows); r++) {
    uint8_t *start = rows->arena + r * rows->range_room + page;

    if (mprotect (start, room, PROT_READ | PROT_WRITE) != 0)
      return false;
    rows->rows[r] = start;
    if (rows->place == FEC_ROWS_PAGE_END)
      rows->rows[r] += room - range_size (rows, r);
  }
  return true;
}

bool
fec_rows_init (FecRows *rows, uint32_t k, uint32_t m, size_t size,
    FecRowsPlace place, unsigned align, const size_t *cuts, uint32_t n_cuts)
{
  bool ok;

  memset (rows, 0, sizeof *rows);
  rows->k = k;
  rows->m = m;
  rows->size = size;
  rows->place = place;
  rows->n_spans = n_cuts + 1;
  for (uint32_t c = 0; c < n_cuts; c++)
    rows->cut[c + 1] = cuts[c];
  rows->cut[n_cuts + 1] = size;

  rows->rows = calloc (n_ranges (rows), sizeof *rows->rows);
  rows->kept = calloc (n_ranges (rows), sizeof *rows->kept);
  ok = rows->rows != NULL && rows->kept != NULL &&
       (place == FEC_ROWS_CANARIES ? place_canaries (rows, align)
                                   : place_pages (rows));
  if (!ok) {
    fec_rows_clear (rows);
    return false;
  }
  for (uint32_t s = 0; s < rows->n_spans; s++) {
    PfFecSpan *span = &rows->spans[s];

    span->struct_size = sizeof *span;
    span->size = rows->cut[s + 1] - rows->cut[s];
    span->data = rows->rows + (size_t) s * (k + m);
    span->parity = span->data + k;
  }
  return true;
}

void
fec_rows_clear (FecRows *rows)
{
  if (rows->arena != NULL) {
    if (rows->place == FEC_ROWS_CANARIES)
      free (rows->arena);
    else
      munmap (rows->arena, rows->arena_size);
  }
  free (rows->rows);
  free (rows->kept);
  memset (rows, 0, sizeof *rows);
}

void
fec_rows_put (FecRows *rows, uint32_t row, const uint8_t *bytes)
{
  for (uint32_t s = 0; s < rows->n_spans; s++)
    memcpy (rows->rows[(size_t) s * (rows->k + rows->m) + row],
        bytes + rows->cut[s], rows->spans[s].size);
}

void
fec_rows_get (const FecRows *rows, uint32_t row, uint8_t *bytes)
{
  for (uint32_t s = 0; s < rows->n_spans; s++)
    memcpy (bytes + rows->cut[s],
        rows->rows[(size_t) s * (rows->k + rows->m) + row],
        rows->spans[s].size);
}

bool
fec_rows_equal (const FecRows *rows, uint32_t row, const uint8_t *bytes)
{
  for (uint32_t s = 0; s < rows->n_spans; s++)
    if (memcmp (rows->rows[(size_t) s * (rows->k + rows->m) + row],
            bytes + rows->cut[s], rows->spans[s].size) != 0)
      return false;
  return true;
}

bool
fec_rows_intact (const FecRows *rows)
{
  size_t at = 0;

  if (rows->place != FEC_ROWS_CANARIES)
    return true;
  for (uint32_t r = 0; r < n_ranges (rows); r++) {
    size_t begin = (size_t) (rows->rows[r] - rows->arena);

    if (!canaries_intact (rows->arena, at, begin))
      return false;
    at = begin + range_size (rows, r);
  }
  return canaries_intact (rows->arena, at, rows->arena_size);
}

void
fec_rows_protect (FecRows *rows, uint32_t row, bool read_only)
{
  if (rows->place == FEC_ROWS_CANARIES)
    return;
  for (uint32_t s = 0; s < rows->n_spans; s++) {
    size_t r = (size_t) s * (rows->k + rows->m) + row, page = page_size ();

    if (mprotect (rows->arena + r * rows->range_room + page,
            rows->range_room - page,
            read_only ? PROT_READ : PROT_READ | PROT_WRITE) != 0)
      abort ();
  }
}

int
fec_rows_encode (FecRows *rows, PfFec *fec, bool spans)
{
  if (spans || rows->n_spans > 1)
    return pf_fec_encode_spans (fec, rows->spans, rows->n_spans);
  return pf_fec_encode (
      fec, (const uint8_t *const *) rows->rows, rows->rows + rows->k);
}

int
fec_rows_decode (FecRows *rows, PfFec *fec, bool spans, const uint8_t *present)
{
  uint32_t n = rows->k + rows->m;
  int result;

  memcpy (rows->kept, rows->rows, n_ranges (rows) * sizeof *rows->rows);
  for (uint32_t s = 0; s < rows->n_spans; s++)
    for (uint32_t r = rows->k; r < n; r++)
      if (!present[r])
        rows->rows[(size_t) s * n + r] = NULL;
  if (spans || rows->n_spans > 1)
    result = pf_fec_decode_spans (fec, rows->spans, rows->n_spans, present);
  else
    result = pf_fec_decode (fec, rows->rows,
        (const uint8_t *const *) rows->rows + rows->k, present);
  memcpy (rows->rows, rows->kept, n_ranges (rows) * sizeof *rows->rows);
  return result;
}
