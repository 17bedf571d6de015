/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Rows of a block laid out so that every byte written or read outside a row
 * shows: between canaries, or alone on pages with an unreadable one before
 * or behind. Rows may be cut into ranges that live apart.
 */
#ifndef FEC_ROWS_H
#define FEC_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pf.h"

#define FEC_ROWS_MAX_SPANS 8

typedef enum {
  FEC_ROWS_CANARIES,  /* one arena, canaries around each range */
  FEC_ROWS_PAGE_END,  /* each range ends where an unreadable page begins */
  FEC_ROWS_PAGE_START /* each range begins where an unreadable page ends */
} FecRowsPlace;

typedef struct {
  uint32_t k, m, n_spans;
  size_t size;
  size_t cut[FEC_ROWS_MAX_SPANS + 1]; /* 0, cuts ascending, size */
  FecRowsPlace place;
  PfFecSpan spans[FEC_ROWS_MAX_SPANS];
  uint8_t **rows; /* range s of row r at [s * (k + m) + r] */
  /* the rest is fec-rows.c's */
  uint8_t **kept;
  uint8_t *arena;
  size_t arena_size, range_room;
} FecRows;

/* align is the address of every range modulo 64 (pages: wherever the edge
 * puts it); cuts ascend and lie in 0 .. size. False without memory. */
bool fec_rows_init (FecRows *rows, uint32_t k, uint32_t m, size_t size,
    FecRowsPlace place, unsigned align, const size_t *cuts, uint32_t n_cuts);
void fec_rows_clear (FecRows *rows);

void fec_rows_put (FecRows *rows, uint32_t row, const uint8_t *bytes);
void fec_rows_get (const FecRows *rows, uint32_t row, uint8_t *bytes);
bool fec_rows_equal (const FecRows *rows, uint32_t row, const uint8_t *bytes);

/* Whether no byte around the ranges has changed (always, for pages). */
bool fec_rows_intact (const FecRows *rows);

/* Pages only: lets row be read only, or written again. */
void fec_rows_protect (FecRows *rows, uint32_t row, bool read_only);

/* Calls of the library with these rows; the _spans form when there is more
 * than one range or spans is set. Decoding hides the pointers of parity that
 * did not arrive. */
int fec_rows_encode (FecRows *rows, PfFec *fec, bool spans);
int fec_rows_decode (
    FecRows *rows, PfFec *fec, bool spans, const uint8_t *present);

#endif /* FEC_ROWS_H */
