/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Kernel for 64-bit Arm: 16 bytes, a map is two look-ups in 16-byte tables.
 */
#include <arm_neon.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define PF_KERNEL pf_gf_kernel_neon
#define PF_KERNEL_NAME "neon"

typedef uint8x16_t V;
#define V_BYTES 16
typedef const uint8_t *Map;
#define MAP_BYTES 32
#define MATRIX_VECTORS 2

#define v_load vld1q_u8
#define v_store vst1q_u8
#define v_xor veorq_u8

static inline V
v_zero (void)
{
  return vdupq_n_u8 (0);
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
  return veorq_u8 (vqtbl1q_u8 (vld1q_u8 (m), vandq_u8 (x, vdupq_n_u8 (15))),
      vqtbl1q_u8 (vld1q_u8 (m + 16), vshrq_n_u8 (x, 4)));
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
