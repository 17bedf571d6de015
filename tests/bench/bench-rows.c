/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Rows, clock and noise for bench-fec. */
#include "bench-rows.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

int
bench_rows_init (
    BenchRows *rows, unsigned k, unsigned m, size_t size, size_t offset)
{
  size_t n = (size_t) k + m, i, b;
  uint64_t state = 0x243f6a8885a308d3u;
  void *arena;

  memset (rows, 0, sizeof *rows);
  rows->k = k;
  rows->m = m;
  rows->size = size;
  rows->stride = (size + 63) / 64 * 64;
  if (rows->stride % 4096 == 0)
    rows->stride += 64;
  if (posix_memalign (&arena, 64, rows->stride * n + 64) != 0)
    return -1;
  rows->arena = arena;
  rows->data = malloc (n * sizeof *rows->data);
  if (rows->data == NULL) {
    free (rows->arena);
    return -1;
  }
  rows->parity = rows->data + k;
  memset (rows->arena, 0, rows->stride * n + 64);
  for (i = 0; i < n; i++)
    rows->data[i] = rows->arena + offset % 64 + i * rows->stride;
  for (i = 0; i < k; i++)
    for (b = 0; b < size; b++) {
      if (b % 8 == 0) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
      }
      rows->data[i][b] = (uint8_t) (state >> b % 8 * 8);
    }
  return 0;
}

void
bench_rows_clear (BenchRows *rows)
{
  free (rows->arena);
  free (rows->data);
  memset (rows, 0, sizeof *rows);
}

uint64_t
bench_rows_hash (uint8_t *const *rows, unsigned n, size_t size)
{
  uint64_t hash = 0xcbf29ce484222325u;
  unsigned i;
  size_t b;

  for (i = 0; i < n; i++)
    for (b = 0; b < size; b++)
      hash = (hash ^ rows[i][b]) * 0x100000001b3u;
  return hash;
}

double
bench_now (void)
{
  struct timespec t;

  clock_gettime (CLOCK_MONOTONIC, &t);
  return (double) t.tv_sec * 1e9 + (double) t.tv_nsec;
}
