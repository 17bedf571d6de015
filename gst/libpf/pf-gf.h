/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The two fields of the erasure codes, their shared tables, and the table of
 * kernels that do the work. docs/fec.md explains the mathematics.
 *
 * GF(2^8): polynomial 0x11d, the field of GameStream.
 * GF(2^16): Leopard's field in its Cantor basis. The kernels compute in a
 * tower over the subfield GF(2^8) of that basis: u + w*B with B*B = B + G.
 * So in both fields a multiplication is made of linear maps on bytes, and one
 * map per constant of a byte field is all a kernel needs in tables.
 */
#ifndef PF_GF_H
#define PF_GF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of a column: what a transform takes from every row at a time. */
#define PF_GF_COLUMN 128

/* Logarithms of GF(2^8) may be added up to this. */
#define PF_GF_EXP8 (255 * 12)

/* The largest form of a linear map on bytes that a kernel uses. */
#define PF_GF_MAP_MAX 32

typedef struct {
  /* GF(2^8) 0x11d */
  uint16_t exp8[PF_GF_EXP8]; /* period 255: sums need no reduction */
  uint16_t log8[256];        /* log8[0] is 0: a factor that is left out */
  uint8_t inv8[256];
  uint8_t twiddle8[8][256];  /* [layer][position] */
  uint8_t subspace8[9][256]; /* [l][x]: product of x + v over v < 2^l */
  uint8_t slope8[9];         /* derivative of subspace8[l], a constant */

  /* GF(2^16): a Cantor element is lo + 256 * hi, its tower form is
   * u = lo ^ psi[hi], w = phi[hi] */
  uint8_t phi[256];
  uint8_t psi[256];
  uint8_t gphi[256]; /* G * phi[hi] */

  /* linear maps in the form of the kernel in use, [constant] */
  _Alignas(64) uint8_t map8[256 * PF_GF_MAP_MAX];
  _Alignas(64) uint8_t map16[256 * PF_GF_MAP_MAX]; /* the subfield */
  _Alignas(64) uint8_t map_phi[PF_GF_MAP_MAX];
  _Alignas(64) uint8_t map_psi[PF_GF_MAP_MAX];
  _Alignas(64) uint8_t map_phi_inv[PF_GF_MAP_MAX];
} PfGf;

/* Written once by pf_gf_init(), then constant. */
extern PfGf pf_gf;

/* Logarithms of GF(2^16) in Cantor coordinates, for decoding only. */
typedef struct {
  uint16_t log[65536]; /* log[0] is 0: a factor that is left out */
  uint16_t exp[65536]; /* exp[65535] == exp[0] */
} PfGf16Logs;

/* Built on first use. Thread-safety: any. */
const PfGf16Logs *pf_gf16_logs (void);

/* How far ahead of the row at work transforms fetch; arrays of row pointers
 * have so many more entries, which are NULL or any row. */
#define PREFETCH_ROWS 64

/* Rows that do not exist or are lost are NULL and count as zeros. */
typedef struct {
  const char *name;
  size_t map_bytes;

  /* Brings a linear map into the kernel's form: columns[b] is the image of
   * the byte 1 << b. */
  void (*make_map) (uint8_t *map, const uint8_t columns[8]);

  /* out[r] = sum of coef[r * n_in + i] * in[i] over GF(2^8), or += if add.
   * Any size and alignment; outputs must not overlap inputs. */
  void (*matrix8) (const uint8_t *coef, unsigned n_out, unsigned n_in,
      const uint8_t *const *in, uint8_t *const *out, size_t size, bool add);

  /* The same over GF(2^16) for one column of PF_GF_COLUMN bytes, which
   * stands at in_col in the inputs and at out_col in the outputs;
   * coefficients in Cantor coordinates. */
  void (*matrix16) (const uint16_t *coef, unsigned n_out, unsigned n_in,
      const uint8_t *const *in, size_t in_col, uint8_t *const *out,
      size_t out_col);

  /*
   * Inverse transform of 2^lg rows (the first count may be not NULL) that
   * stand at positions offset and up, of one column. The result, times scale
   * in GF(2^8), is added to acc, or replaces it when fresh. work and acc hold
   * 2^lg dense columns each.
   */
  void (*inverse8) (const uint8_t *const *rows, size_t col, unsigned count,
      unsigned lg, unsigned offset, uint8_t *work, uint8_t *acc, bool fresh,
      uint8_t scale);
  void (*inverse16) (const uint8_t *const *rows, size_t col, unsigned count,
      unsigned lg, unsigned offset, uint8_t *work, uint8_t *acc, bool fresh);

  /*
   * Forward transform of dense columns in src at positions offset and up,
   * through work (may be src), into the rows. Rows that are NULL are not
   * wanted; need, when not NULL, says so for groups of four rows; nothing
   * from count on is wanted. rows has room for a multiple of eight.
   */
  void (*forward8) (const uint8_t *src, uint8_t *work, unsigned lg,
      uint8_t *const *rows, size_t col, unsigned count);
  void (*forward16) (const uint8_t *src, uint8_t *work, unsigned lg,
      unsigned offset, uint8_t *const *rows, size_t col, unsigned count,
      const uint8_t *need);

  /* One column: out = (a + b) * c, c in Cantor coordinates; b may be NULL;
   * out may be a or b. */
  void (*scale16) (
      uint8_t *out, const uint8_t *a, const uint8_t *b, uint16_t c);

  /* out += in. Any size and alignment; no overlap. */
  void (*add) (uint8_t *out, const uint8_t *in, size_t size);

  /* Walsh-Hadamard transform of n values modulo 65535, in place. */
  void (*walsh) (uint32_t *values, unsigned n);
} PfGfKernel;

extern const PfGfKernel pf_gf_kernel_c;
extern const PfGfKernel pf_gf_kernel_ssse3;
extern const PfGfKernel pf_gf_kernel_avx2;
extern const PfGfKernel pf_gf_kernel_gfni256;
extern const PfGfKernel pf_gf_kernel_gfni512;
extern const PfGfKernel pf_gf_kernel_neon;

/*
 * Chooses the kernel and builds its tables on first use; NULL when PF_FEC_CPU
 * names one that cannot run here. Thread-safety: any.
 */
const PfGfKernel *pf_gf_init (void);

/* Names of the kernels that can run here, best first, ending in NULL. */
const char *const *pf_gf_kernel_names (void);

#endif /* PF_GF_H */
