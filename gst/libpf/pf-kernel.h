/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Everything a kernel does, written once over a few primitives. A kernel file
 * defines the primitives for its instruction set and includes this file; it
 * is compiled with the flags of that set, so nothing here may be shared.
 *
 *   PF_KERNEL, PF_KERNEL_NAME      the table to define and its name
 *   V, V_BYTES                     a vector of bytes
 *   v_load v_store v_zero v_xor v_xor3
 *   v_load_part v_store_part       the first n bytes only, n < V_BYTES
 *   Map, MAP_BYTES, map_get(p)     a linear map on bytes
 *   v_map(x, m)
 *   v_load_split, v_store_split    low and high halves of 64-byte blocks:
 *                                  V number i of each from a column
 *   make_map                       see PfGfKernel
 *   MATRIX_VECTORS                 vectors per row that matrix8 holds
 */
#include "pf-gf.h"

#include <string.h>

#define INLINE inline __attribute__ ((always_inline))
#define NOINLINE __attribute__ ((noinline))

/* Sub-trees of up to 2^LEAF_LG rows are transformed breadth first. */
#define LEAF_LG 6

/* What is known of a factor when the loops are compiled. */
enum { ZERO, PART, FULL };

typedef struct {
  int a, b, c;
} Kinds;

enum { KINDS_FIRST, KINDS_PART, KINDS_MIXED, KINDS_FULL };

/* Kinds of the group of rows behind one of kinds k: not at position 0. */
static INLINE Kinds
kinds_after (Kinds k)
{
  return (Kinds){ k.b, k.b, k.c == ZERO ? PART : k.c };
}

typedef struct {
  Map scale; /* GF(2^8) only */
  bool scaled;
  bool fresh; /* replace, do not add */
} Sink;

typedef struct {
  unsigned count;
  const uint8_t *need;
} Wanted;

static INLINE Map
map8 (unsigned c)
{
  return map_get (pf_gf.map8 + c * MAP_BYTES);
}

static INLINE Map
map16 (unsigned c)
{
  return map_get (pf_gf.map16 + c * MAP_BYTES);
}

/* ---- GF(2^8) matrix ----------------------------------------------------- */

/* n_rows rows of outputs, n_vectors vectors at off: both constants after
 * inlining, so that the sums stay in registers. part is 0 or the bytes of the
 * only, incomplete vector. */
static INLINE void
matrix8_block (const uint8_t *coef, int n_rows, unsigned n_in,
    const uint8_t *const *in, uint8_t *const *out, size_t off, int n_vectors,
    size_t part, bool add)
{
  V sum[4][8];
  unsigned i = 0;

  for (int r = 0; r < n_rows; r++)
    for (int v = 0; v < n_vectors; v++)
      if (!add)
        sum[r][v] = v_zero ();
      else if (part)
        sum[r][v] = v_load_part (out[r] + off, part);
      else
        sum[r][v] = v_load (out[r] + off + v * V_BYTES);
  for (; i + 1 < n_in; i += 2) {
    const uint8_t *p = in[i] + off, *q = in[i + 1] + off;

    for (int v = 0; v < n_vectors; v++) {
      V x = part ? v_load_part (p, part) : v_load (p + v * V_BYTES);
      V y = part ? v_load_part (q, part) : v_load (q + v * V_BYTES);

      for (int r = 0; r < n_rows; r++)
        sum[r][v] = v_xor3 (sum[r][v], v_map (x, map8 (coef[r * n_in + i])),
            v_map (y, map8 (coef[r * n_in + i + 1])));
    }
  }
  if (i < n_in)
    for (int v = 0; v < n_vectors; v++) {
      const uint8_t *p = in[i] + off;
      V x = part ? v_load_part (p, part) : v_load (p + v * V_BYTES);

      for (int r = 0; r < n_rows; r++)
        sum[r][v] = v_xor (sum[r][v], v_map (x, map8 (coef[r * n_in + i])));
    }
  for (int r = 0; r < n_rows; r++)
    for (int v = 0; v < n_vectors; v++)
      if (part)
        v_store_part (out[r] + off, sum[r][v], part);
      else
        v_store (out[r] + off + v * V_BYTES, sum[r][v]);
}

/* Whole blocks, wide ones first. What is left is done by a block that ends at
 * the end and overlaps, unless sums would be added twice. */
static INLINE void
matrix8_rows (const uint8_t *coef, int n_rows, unsigned n_in,
    const uint8_t *const *in, uint8_t *const *out, size_t size, int n_vectors,
    bool add)
{
  const size_t wide = (size_t) n_vectors * V_BYTES, half = wide / 2;
  size_t off = 0;

  for (; off + wide <= size; off += wide)
    matrix8_block (coef, n_rows, n_in, in, out, off, n_vectors, 0, add);
  if (n_vectors > 2 && off + half <= size) {
    matrix8_block (coef, n_rows, n_in, in, out, off, n_vectors / 2, 0, add);
    off += half;
  }
  for (; off + V_BYTES <= size; off += V_BYTES)
    matrix8_block (coef, n_rows, n_in, in, out, off, 1, 0, add);
  if (off == size)
    return;
  if (size >= V_BYTES && !add)
    matrix8_block (coef, n_rows, n_in, in, out, size - V_BYTES, 1, 0, false);
  else
    matrix8_block (coef, n_rows, n_in, in, out, off, 1, size - off, add);
}

static void
matrix8 (const uint8_t *coef, unsigned n_out, unsigned n_in,
    const uint8_t *const *in, uint8_t *const *out, size_t size, bool add)
{
  for (; n_out >= 4; n_out -= 4, coef += 4 * n_in, out += 4)
    matrix8_rows (coef, 4, n_in, in, out, size, MATRIX_VECTORS, add);
  switch (n_out) {
  case 3:
    matrix8_rows (coef, 3, n_in, in, out, size, MATRIX_VECTORS, add);
    break;
  case 2:
    matrix8_rows (coef, 2, n_in, in, out, size, MATRIX_VECTORS, add);
    break;
  case 1:
    matrix8_rows (coef, 1, n_in, in, out, size, 2 * MATRIX_VECTORS, add);
    break;
  default:
    break;
  }
}

static void
add (uint8_t *out, const uint8_t *in, size_t size)
{
  size_t i = 0;

  for (; i + V_BYTES <= size; i += V_BYTES)
    v_store (out + i, v_xor (v_load (out + i), v_load (in + i)));
  if (i < size)
    v_store_part (out + i,
        v_xor (v_load_part (out + i, size - i), v_load_part (in + i, size - i)),
        size - i);
}

/* ---- GF(2^16) elements: the tower u + w*B ------------------------------- */

/* Payload in the tower form: u and w bytes of the same elements. */
typedef struct {
  V u, w;
} W;

/* A constant t_u + t_w*B as what Karatsuba's three products need. */
typedef struct {
  Map u;   /* t_u */
  Map gw;  /* G * t_w */
  Map sum; /* t_u + t_w */
} Factor;

static INLINE W
w_zero (void)
{
  return (W){ v_zero (), v_zero () };
}

static INLINE W
w_xor (W x, W y)
{
  return (W){ v_xor (x.u, y.u), v_xor (x.w, y.w) };
}

static INLINE W
w_load (const uint8_t *p)
{
  return (W){ v_load (p), v_load (p + V_BYTES) };
}

static INLINE void
w_store (uint8_t *p, W x)
{
  v_store (p, x.u);
  v_store (p + V_BYTES, x.w);
}

static INLINE W
w_load_row (const uint8_t *column, int i)
{
  V lo, hi;

  v_load_split (&lo, &hi, column, i);
  return (W){ v_xor (lo, v_map (hi, map_get (pf_gf.map_psi))),
    v_map (hi, map_get (pf_gf.map_phi)) };
}

static INLINE void
w_store_row (uint8_t *column, int i, W x)
{
  V hi = v_map (x.w, map_get (pf_gf.map_phi_inv));
  V lo = v_xor (x.u, v_map (hi, map_get (pf_gf.map_psi)));

  v_store_split (column, i, lo, hi);
}

static INLINE Factor
factor (unsigned c)
{
  const unsigned hi = c >> 8, u = (c & 255) ^ pf_gf.psi[hi];

  return (
      Factor){ map16 (u), map16 (pf_gf.gphi[hi]), map16 (u ^ pf_gf.phi[hi]) };
}

static INLINE W
w_muladd (W x, W y, const Factor *t, int kind)
{
  V a;

  if (kind == ZERO)
    return x;
  a = v_map (y.u, t->u);
  if (kind == PART)
    return (W){ v_xor (x.u, a), v_xor (x.w, v_map (y.w, t->u)) };
  return (W){ v_xor3 (x.u, a, v_map (y.w, t->gw)),
    v_xor3 (x.w, a, v_map (v_xor (y.u, y.w), t->sum)) };
}

static INLINE W
w_mul (W y, const Factor *t)
{
  return w_muladd (w_zero (), y, t, FULL);
}

enum { W_PER_COLUMN = PF_GF_COLUMN / (2 * V_BYTES) };

static INLINE void
matrix16_rows (const uint16_t *coef, int n_rows, unsigned n_in,
    const uint8_t *const *in, size_t in_col, uint8_t *const *out,
    size_t out_col)
{
  W sum[4][W_PER_COLUMN];

  for (int r = 0; r < n_rows; r++)
    for (int v = 0; v < W_PER_COLUMN; v++)
      sum[r][v] = w_zero ();
  for (unsigned i = 0; i < n_in; i++) {
    W x[W_PER_COLUMN];

    for (int v = 0; v < W_PER_COLUMN; v++)
      x[v] = w_load_row (in[i] + in_col, v);
    for (int r = 0; r < n_rows; r++) {
      const Factor t = factor (coef[r * n_in + i]);

      for (int v = 0; v < W_PER_COLUMN; v++)
        sum[r][v] = w_muladd (sum[r][v], x[v], &t, FULL);
    }
  }
  for (int r = 0; r < n_rows; r++)
    for (int v = 0; v < W_PER_COLUMN; v++)
      w_store_row (out[r] + out_col, v, sum[r][v]);
}

static void
matrix16 (const uint16_t *coef, unsigned n_out, unsigned n_in,
    const uint8_t *const *in, size_t in_col, uint8_t *const *out,
    size_t out_col)
{
  for (; n_out >= 4; n_out -= 4, coef += 4 * n_in, out += 4)
    matrix16_rows (coef, 4, n_in, in, in_col, out, out_col);
  for (; n_out >= 2; n_out -= 2, coef += 2 * n_in, out += 2)
    matrix16_rows (coef, 2, n_in, in, in_col, out, out_col);
  if (n_out)
    matrix16_rows (coef, 1, n_in, in, in_col, out, out_col);
}

static void
scale16 (uint8_t *out, const uint8_t *a, const uint8_t *b, uint16_t c)
{
  const Factor t = factor (c);

  for (int i = 0; i < W_PER_COLUMN; i++) {
    W x = w_load_row (a, i);

    if (b)
      x = w_xor (x, w_load_row (b, i));
    w_store_row (out, i, w_mul (x, &t));
  }
}

/* ---- Transforms --------------------------------------------------------- */

/*
 * Hardware does not foresee access by columns. Rows are fetched into the second
 * level only: into the first they would wait for its few line buffers, and the
 * work on columns that are there already would wait with them. The row may be
 * NULL: then this fetches nothing of use, which is cheaper than asking.
 */
static INLINE void
prefetch_rows (const uint8_t *const *rows, size_t col, unsigned n)
{
  for (unsigned r = 0; r < n; r++) {
    const uintptr_t p = (uintptr_t) rows[r] + col;

    __builtin_prefetch ((const void *) p, 0, 2);
    __builtin_prefetch ((const void *) (p + 64), 0, 2);
  }
}

static INLINE int
kinds8 (unsigned position)
{
  return position ? KINDS_PART : KINDS_FIRST;
}

static INLINE int
kinds16 (unsigned layer, unsigned position)
{
  const unsigned v = position >> layer;

  if (v == 0)
    return KINDS_FIRST;
  if (v + 2 < 256)
    return KINDS_PART;
  return v / 2 < 256 ? KINDS_MIXED : KINDS_FULL;
}

static INLINE V
join8 (const uint8_t *p, V x, const Sink *sink)
{
  if (sink->scaled)
    x = v_map (x, sink->scale);
  return sink->fresh ? x : v_xor (v_load (p), x);
}

static INLINE W
join16 (const uint8_t *p, W x, const Sink *sink)
{
  return sink->fresh ? x : w_xor (w_load (p), x);
}

/* What a pass that is not the last of a transform hands on to. */
#define SINK_KEEP                                                              \
  {                                                                            \
    .scaled = false, .fresh = true                                             \
  }

#define FFT(name) fft8_##name
#define E V
#define E_BYTES V_BYTES
#define T Map
#define e_load v_load
#define e_store v_store
#define e_load_row(column, i) v_load ((column) + (i) *V_BYTES)
#define e_store_row(column, i, x) v_store ((column) + (i) *V_BYTES, x)
#define e_zero v_zero
#define e_xor v_xor
#define e_muladd(x, y, t, kind)                                                \
  ((kind) == ZERO ? (x) : v_xor (x, v_map (y, *(t))))
#define e_join join8
#define t_get(layer, position) map8 (pf_gf.twiddle8[layer][position])
#define t_kinds(layer, position) kinds8 (position)
#include "pf-kernel-fft.h"
#undef FFT
#undef E
#undef E_BYTES
#undef T
#undef e_load
#undef e_store
#undef e_load_row
#undef e_store_row
#undef e_zero
#undef e_xor
#undef e_muladd
#undef e_join
#undef t_get
#undef t_kinds

#define FFT(name) fft16_##name
#define E W
#define E_BYTES (2 * V_BYTES)
#define T Factor
#define e_load w_load
#define e_store w_store
#define e_load_row w_load_row
#define e_store_row w_store_row
#define e_zero w_zero
#define e_xor w_xor
#define e_muladd w_muladd
#define e_join join16
#define t_get(layer, position) factor ((position) >> (layer))
#define t_kinds kinds16
#include "pf-kernel-fft.h"

static void
inverse8 (const uint8_t *const *rows, size_t col, unsigned count, unsigned lg,
    unsigned offset, uint8_t *work, uint8_t *acc, bool fresh, uint8_t scale)
{
  const Sink sink = { .scale = map8 (scale), .scaled = true, .fresh = fresh };

  fft8_inverse (rows, col, count, lg, offset, work, acc, &sink);
}

static void
inverse16 (const uint8_t *const *rows, size_t col, unsigned count, unsigned lg,
    unsigned offset, uint8_t *work, uint8_t *acc, bool fresh)
{
  const Sink sink = { .fresh = fresh };

  fft16_inverse (rows, col, count, lg, offset, work, acc, &sink);
}

static void
forward8 (const uint8_t *src, uint8_t *work, unsigned lg, uint8_t *const *rows,
    size_t col, unsigned count)
{
  const Wanted want = { count, NULL };

  fft8_forward (src, work, lg, 0, rows, col, &want);
}

static void
forward16 (const uint8_t *src, uint8_t *work, unsigned lg, unsigned offset,
    uint8_t *const *rows, size_t col, unsigned count, const uint8_t *need)
{
  const Wanted want = { count, need };

  fft16_forward (src, work, lg, offset, rows, col, &want);
}

static void
walsh (uint32_t *values, unsigned n)
{
  for (unsigned h = 1; h < n; h *= 2)
    for (unsigned i = 0; i < n; i += 2 * h) {
      uint32_t *a = values + i, *b = values + i + h;

      for (unsigned j = 0; j < h; j++) {
        uint32_t s = a[j] + b[j], d = a[j] + 65535 - b[j];

        a[j] = (s & 65535) + (s >> 16);
        b[j] = (d & 65535) + (d >> 16);
      }
    }
}

const PfGfKernel PF_KERNEL = {
  .name = PF_KERNEL_NAME,
  .map_bytes = MAP_BYTES,
  .make_map = make_map,
  .matrix8 = matrix8,
  .matrix16 = matrix16,
  .inverse8 = inverse8,
  .inverse16 = inverse16,
  .forward8 = forward8,
  .forward16 = forward16,
  .scale16 = scale16,
  .add = add,
  .walsh = walsh,
};
