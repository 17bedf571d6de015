/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The rows that codecs work on, a clock, and a reproducible noise. */
#ifndef BENCH_ROWS_H
#define BENCH_ROWS_H

#include <stddef.h>
#include <stdint.h>

/*
 * k data and m parity rows, one after another in one arena: 64-byte aligned
 * (plus offset), their distance a multiple of 64 and none of 4096, so that
 * walking down a column does not hit one cache set.
 */
typedef struct {
  unsigned k, m;
  size_t size, stride;
  uint8_t *arena;
  uint8_t **data, **parity;
} BenchRows;

/* Every page is written to once, the data rows with noise. Returns 0 or -1. */
int bench_rows_init (
    BenchRows *rows, unsigned k, unsigned m, size_t size, size_t offset);

void bench_rows_clear (BenchRows *rows);

/* FNV-1a over n rows. */
uint64_t bench_rows_hash (uint8_t *const *rows, unsigned n, size_t size);

/* Nanoseconds of a clock that only runs forward. */
double bench_now (void);

#endif /* BENCH_ROWS_H */
