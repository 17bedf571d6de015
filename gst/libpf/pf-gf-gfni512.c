/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Kernel for AVX-512 with GFNI: 64 bytes, a map is an 8x8 bit matrix that one
 * instruction applies.
 */
#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

#define PF_KERNEL pf_gf_kernel_gfni512
#define PF_KERNEL_NAME "avx512-gfni"

typedef __m512i V;
#define V_BYTES 64
typedef __m512i Map;
#define MAP_BYTES 8
#define MATRIX_VECTORS 4

#define v_zero _mm512_setzero_si512
#define v_xor _mm512_xor_si512

/* Loaded once: gcc prefers to read memory again to keeping a register, but a
 * load of 64 bytes costs as much as a map. */
static inline V
v_load (const uint8_t *p)
{
  V x = _mm512_loadu_si512 (p);

  __asm__("" : "+v"(x));
  return x;
}

static inline void
v_store (uint8_t *p, V x)
{
  _mm512_storeu_si512 (p, x);
}

static inline V
v_load_part (const uint8_t *p, size_t n)
{
  return _mm512_maskz_loadu_epi8 (((__mmask64) 1 << n) - 1, p);
}

static inline void
v_store_part (uint8_t *p, V x, size_t n)
{
  _mm512_mask_storeu_epi8 (p, ((__mmask64) 1 << n) - 1, x);
}

static inline V
v_xor3 (V x, V y, V z)
{
  return _mm512_ternarylogic_epi64 (x, y, z, 0x96);
}

static inline Map
map_get (const uint8_t *p)
{
  return _mm512_set1_epi64 (*(const long long *) (const void *) p);
}

static inline V
v_map (V x, Map m)
{
  return _mm512_gf2p8affine_epi64_epi8 (x, m, 0);
}

/* One V holds the low bytes of two blocks, one the high bytes. */
static inline void
v_load_split (V *lo, V *hi, const uint8_t *column, int i)
{
  const __m256i *p = (const void *) column;

  (void) i;
  *lo = _mm512_inserti64x4 (_mm512_castsi256_si512 (_mm256_loadu_si256 (p)),
      _mm256_loadu_si256 (p + 2), 1);
  *hi = _mm512_inserti64x4 (_mm512_castsi256_si512 (_mm256_loadu_si256 (p + 1)),
      _mm256_loadu_si256 (p + 3), 1);
}

static inline void
v_store_split (uint8_t *column, int i, V lo, V hi)
{
  __m256i *p = (void *) column;

  (void) i;
  _mm256_storeu_si256 (p, _mm512_castsi512_si256 (lo));
  _mm256_storeu_si256 (p + 1, _mm512_castsi512_si256 (hi));
  _mm256_storeu_si256 (p + 2, _mm512_extracti64x4_epi64 (lo, 1));
  _mm256_storeu_si256 (p + 3, _mm512_extracti64x4_epi64 (hi, 1));
}

#include "pf-map-gfni.h"

#include "pf-kernel.h"
