/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Kernel for SSSE3: 16 bytes, a map is two shuffles of 16-byte tables.
 */
#include <tmmintrin.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define PF_KERNEL pf_gf_kernel_ssse3
#define PF_KERNEL_NAME "ssse3"

typedef __m128i V;
#define V_BYTES 16
typedef const uint8_t *Map;
#define MAP_BYTES 32
#define MATRIX_VECTORS 2

#define v_zero _mm_setzero_si128
#define v_xor _mm_xor_si128

static inline V
v_load (const uint8_t *p)
{
  return _mm_loadu_si128 ((const V *) (const void *) p);
}

static inline void
v_store (uint8_t *p, V x)
{
  _mm_storeu_si128 ((V *) (void *) p, x);
}

static inline V
v_load_part (const uint8_t *p, size_t n)
{
  uint8_t b[V_BYTES] = { 0 };

  memcpy (b, p, n);
  return v_load (b);
}

static inline void
v_store_part (uint8_t *p, V x, size_t n)
{
  uint8_t b[V_BYTES];

  v_store (b, x);
  memcpy (p, b, n);
}

static inline V
v_xor3 (V x, V y, V z)
{
  return v_xor (x, v_xor (y, z));
}

static inline Map
map_get (const uint8_t *p)
{
  return p;
}

static inline V
v_map (V x, Map m)
{
  const V low = _mm_set1_epi8 (15);
  const V *t = (const void *) m;

  return _mm_xor_si128 (
      _mm_shuffle_epi8 (_mm_load_si128 (t), _mm_and_si128 (x, low)),
      _mm_shuffle_epi8 (
          _mm_load_si128 (t + 1), _mm_and_si128 (_mm_srli_epi64 (x, 4), low)));
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

#include "pf-map-nibbles.h"

#include "pf-kernel.h"
