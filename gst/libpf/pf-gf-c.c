/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Kernel in portable C: the compiler's own 16-byte vectors, which become SSE2,
 * NEON or plain words. A map is its eight columns; the product is the sum of
 * the columns whose bit is set. The reference for all other kernels.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define PF_KERNEL pf_gf_kernel_c
#define PF_KERNEL_NAME "c"

typedef uint8_t V __attribute__ ((vector_size (16)));
#define V_BYTES 16
typedef const uint8_t *Map;
#define MAP_BYTES 8
#define MATRIX_VECTORS 1

static inline V
v_load (const uint8_t *p)
{
  V x;

  memcpy (&x, p, sizeof x);
  return x;
}

static inline void
v_store (uint8_t *p, V x)
{
  memcpy (p, &x, sizeof x);
}

static inline V
v_zero (void)
{
  return (V){ 0 };
}

static inline V
v_load_part (const uint8_t *p, size_t n)
{
  V x = { 0 };

  memcpy (&x, p, n);
  return x;
}

static inline void
v_store_part (uint8_t *p, V x, size_t n)
{
  memcpy (p, &x, n);
}

static inline V
v_xor (V x, V y)
{
  return x ^ y;
}

static inline V
v_xor3 (V x, V y, V z)
{
  return x ^ y ^ z;
}

static inline Map
map_get (const uint8_t *p)
{
  return p;
}

/* Inlined at hundreds of places, which sanitizers make a matter of minutes. */
#ifdef PF_SMALL_KERNELS
static __attribute__ ((noinline)) V
#else
static inline V
#endif
v_map (V x, Map m)
{
  V sum = { 0 };

  for (unsigned b = 0; b < 8; b++) {
    const V bit = (V){ 0 } + (uint8_t) (1u << b);
    const V column = (V){ 0 } + m[b];

    sum ^= (V) ((x & bit) == bit) & column;
  }
  return sum;
}

static inline void
v_load_split (V *lo, V *hi, const uint8_t *column, int i)
{
  column += 64 * (i / 2) + 16 * (i % 2);
  *lo = v_load (column);
  *hi = v_load (column + 32);
}

static inline void
v_store_split (uint8_t *column, int i, V lo, V hi)
{
  column += 64 * (i / 2) + 16 * (i % 2);
  v_store (column, lo);
  v_store (column + 32, hi);
}

static void
make_map (uint8_t *map, const uint8_t columns[8])
{
  memcpy (map, columns, 8);
}

#include "pf-kernel.h"
