/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Kernel for AVX2 with GFNI: 32 bytes, a map is an 8x8 bit matrix that one
 * instruction applies.
 */
#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define PF_KERNEL pf_gf_kernel_gfni256
#define PF_KERNEL_NAME "avx2-gfni"

typedef __m256i V;
#define V_BYTES 32
typedef __m256i Map;
#define MAP_BYTES 8
#define MATRIX_VECTORS 2

#define v_zero _mm256_setzero_si256
#define v_xor _mm256_xor_si256

static inline V
v_load (const uint8_t *p)
{
  return _mm256_loadu_si256 ((const V *) (const void *) p);
}

static inline void
v_store (uint8_t *p, V x)
{
  _mm256_storeu_si256 ((V *) (void *) p, x);
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
  return _mm256_set1_epi64x (*(const long long *) (const void *) p);
}

static inline V
v_map (V x, Map m)
{
  return _mm256_gf2p8affine_epi64_epi8 (x, m, 0);
}

static inline void
v_load_split (V *lo, V *hi, const uint8_t *column, int i)
{
  *lo = v_load (column + 64 * i);
  *hi = v_load (column + 64 * i + 32);
}

static inline void
v_store_split (uint8_t *column, int i, V lo, V hi)
{
  v_store (column + 64 * i, lo);
  v_store (column + 64 * i + 32, hi);
}

#include "pf-map-gfni.h"

#include "pf-kernel.h"
