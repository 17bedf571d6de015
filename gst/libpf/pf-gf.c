/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Tables of the two fields and the choice of the kernel.
 *
 * What encoding needs is a few KiB and is made in some microseconds; the
 * logarithms of GF(2^16), which only decoding needs, wait for their first use.
 */
#include "pf-gf.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define POLY8 0x11du
#define POLY16 0x1002du

PfGf pf_gf;

static PfGf16Logs logs16;

/* Leopard's Cantor basis: each element squared plus itself is the one before
 * it. */
static const uint16_t cantor[16] = { 0x0001, 0xacca, 0x3c0e, 0x163e, 0xc582,
  0xed2e, 0x914c, 0x4012, 0x6c98, 0x10d8, 0x6a72, 0xb900, 0xfdb8, 0xfb34,
  0xff38, 0x991e };

/* ---- GF(2^8) ------------------------------------------------------------ */

static void
build_field8 (void)
{
  unsigned x = 1;

  for (unsigned i = 0; i < 255; i++) {
    pf_gf.exp8[i] = (uint16_t) x;
    pf_gf.log8[x] = (uint16_t) i;
    x <<= 1;
    if (x & 256)
      x ^= POLY8;
  }
  for (unsigned i = 255; i < PF_GF_EXP8; i++)
    pf_gf.exp8[i] = pf_gf.exp8[i - 255];
  for (unsigned i = 1; i < 256; i++)
    pf_gf.inv8[i] = (uint8_t) pf_gf.exp8[255 - pf_gf.log8[i]];
}

static uint8_t
mul8 (uint8_t a, uint8_t b)
{
  unsigned s = pf_gf.log8[a] + pf_gf.log8[b];

  return a && b ? (uint8_t) pf_gf.exp8[s < 255 ? s : s - 255] : 0;
}

/* s_0(x) = x, s_{l+1}(x) = s_l(x) * (s_l(x) + s_l(2^l)); the twiddle of layer
 * l at position g is s_l(g) / s_l(2^l). */
static void
build_twiddles8 (void)
{
  for (unsigned x = 0; x < 256; x++)
    pf_gf.subspace8[0][x] = (uint8_t) x;
  pf_gf.slope8[0] = 1;
  for (unsigned l = 0; l < 8; l++) {
    const uint8_t *s = pf_gf.subspace8[l];
    uint8_t b = s[1u << l];

    for (unsigned x = 0; x < 256; x++) {
      pf_gf.twiddle8[l][x] = mul8 (s[x], pf_gf.inv8[b]);
      pf_gf.subspace8[l + 1][x] = mul8 (s[x], s[x] ^ b);
    }
    pf_gf.slope8[l + 1] = mul8 (pf_gf.slope8[l], b);
  }
}

/* ---- GF(2^16) ----------------------------------------------------------- */

/* Product of polynomials modulo POLY16. */
static uint16_t
poly_mul (uint16_t a, uint16_t b)
{
  uint32_t r = 0;

  for (unsigned i = 0; i < 16; i++)
    if (b >> i & 1)
      r ^= (uint32_t) a << i;
  for (unsigned i = 30; i >= 16; i--)
    if (r >> i & 1)
      r ^= POLY16 << (i - 16);
  return (uint16_t) r;
}

/* A basis in reduced form: pivot[i] is the vector whose highest bit is i,
 * source[i] says which elements of the basis it is the sum of. */
typedef struct {
  uint16_t pivot[16];
  uint16_t source[16];
} Basis;

static uint16_t
basis_coordinates (const Basis *b, uint16_t x)
{
  uint16_t out = 0;

  for (int i = 15; i >= 0; i--)
    if (x >> i & 1) {
      x ^= b->pivot[i];
      out ^= b->source[i];
    }
  return out;
}

/* Call with independent vectors only. */
static void
basis_add (Basis *b, uint16_t x, unsigned index)
{
  uint16_t source = (uint16_t) (1u << index);

  for (int i = 15; i >= 0; i--) {
    if (!(x >> i & 1))
      continue;
    if (!b->pivot[i]) {
      b->pivot[i] = x;
      b->source[i] = source;
      return;
    }
    x ^= b->pivot[i];
    source ^= b->source[i];
  }
}

/* The image of every byte under the linear map with these columns. */
static void
expand (uint8_t out[256], const uint8_t columns[8])
{
  out[0] = 0;
  for (unsigned b = 0; b < 8; b++)
    for (unsigned i = 0; i < 1u << b; i++)
      out[i + (1u << b)] = out[i] ^ columns[b];
}

/* The tower basis is c0..c7, c0*c8..c7*c8 for the Cantor basis c. */
static void
build_field16 (const PfGfKernel *k)
{
  Basis tower = { { 0 }, { 0 } };
  uint8_t products[8][8]; /* coordinates of c_a * c_b, in the subfield */
  uint8_t phi[8], psi[8], phi_inv[8], gphi[8];

  for (unsigned i = 0; i < 8; i++)
    basis_add (&tower, cantor[i], i);
  for (unsigned i = 0; i < 8; i++)
    basis_add (&tower, poly_mul (cantor[i], cantor[8]), 8 + i);

  for (unsigned a = 0; a < 8; a++)
    for (unsigned b = 0; b < 8; b++)
      products[a][b] =
          (uint8_t) basis_coordinates (&tower, poly_mul (cantor[a], cantor[b]));

  for (unsigned c = 0; c < 256; c++) {
    uint8_t columns[8];

    for (unsigned b = 0; b < 8; b++) {
      columns[b] = 0;
      for (unsigned a = 0; a < 8; a++)
        if (c >> a & 1)
          columns[b] ^= products[a][b];
    }
    k->make_map (pf_gf.map16 + c * k->map_bytes, columns);
  }

  for (unsigned i = 0; i < 8; i++) {
    uint16_t t = basis_coordinates (&tower, cantor[8 + i]);

    psi[i] = (uint8_t) (t & 255);
    phi[i] = (uint8_t) (t >> 8);
    gphi[i] = 0;
    for (unsigned b = 0; b < 8; b++)
      if (phi[i] >> b & 1)
        gphi[i] ^= products[7][b]; /* G is c7, since c8 * c8 + c8 = c7 */
  }
  expand (pf_gf.phi, phi);
  expand (pf_gf.psi, psi);
  expand (pf_gf.gphi, gphi);
  for (unsigned x = 0; x < 256; x++)
    for (unsigned b = 0; b < 8; b++)
      if (pf_gf.phi[x] == 1u << b)
        phi_inv[b] = (uint8_t) x;
  k->make_map (pf_gf.map_phi, phi);
  k->make_map (pf_gf.map_psi, psi);
  k->make_map (pf_gf.map_phi_inv, phi_inv);
}

static void
build_logs16 (void)
{
  static uint16_t log_of_poly[65536];
  uint16_t poly[256][2]; /* polynomial of a low and of a high Cantor byte */
  uint32_t state = 1;

  for (unsigned i = 0; i < 65535; i++) {
    log_of_poly[state] = (uint16_t) i;
    state <<= 1;
    if (state >> 16)
      state ^= POLY16;
  }
  for (unsigned half = 0; half < 2; half++) {
    poly[0][half] = 0;
    for (unsigned b = 0; b < 8; b++)
      for (unsigned i = 0; i < 1u << b; i++)
        poly[i + (1u << b)][half] = poly[i][half] ^ cantor[8 * half + b];
  }
  for (unsigned i = 1; i < 65536; i++) {
    uint16_t l = log_of_poly[poly[i & 255][0] ^ poly[i >> 8][1]];

    logs16.log[i] = l;
    logs16.exp[l] = (uint16_t) i;
  }
  logs16.exp[65535] = logs16.exp[0];
}

const PfGf16Logs *
pf_gf16_logs (void)
{
  static pthread_once_t once = PTHREAD_ONCE_INIT;

  pthread_once (&once, build_logs16);
  return &logs16;
}

/* ---- The kernel --------------------------------------------------------- */

static bool
cpu_has (const PfGfKernel *k)
{
#if defined(PF_KERNELS_X86)
  __builtin_cpu_init ();
  if (k == &pf_gf_kernel_ssse3)
    return __builtin_cpu_supports ("ssse3");
  if (k == &pf_gf_kernel_avx2)
    return __builtin_cpu_supports ("avx2");
  if (k == &pf_gf_kernel_gfni256)
    return __builtin_cpu_supports ("avx2") && __builtin_cpu_supports ("gfni");
  if (k == &pf_gf_kernel_gfni512)
    return __builtin_cpu_supports ("avx512f") &&
           __builtin_cpu_supports ("avx512bw") &&
           __builtin_cpu_supports ("avx512vl") &&
           __builtin_cpu_supports ("gfni");
#endif
  (void) k;
  return true;
}

/* Best first; the plain C kernel is last and runs everywhere. */
static const PfGfKernel *const kernels[] = {
#if defined(PF_KERNELS_X86)
  &pf_gf_kernel_gfni512,
  &pf_gf_kernel_gfni256,
  &pf_gf_kernel_avx2,
  &pf_gf_kernel_ssse3,
#endif
#if defined(PF_KERNELS_NEON)
  &pf_gf_kernel_neon,
#endif
  &pf_gf_kernel_c,
};

#define N_KERNELS (sizeof kernels / sizeof kernels[0])

static const char *runnable[N_KERNELS + 1];
static const PfGfKernel *chosen;

static void
choose (void)
{
  const char *forced = getenv ("PF_FEC_CPU");
  unsigned n = 0;

  for (unsigned i = 0; i < N_KERNELS; i++) {
    if (!cpu_has (kernels[i]))
      continue;
    runnable[n++] = kernels[i]->name;
    if (chosen)
      continue;
    if (!forced || !*forced || !strcmp (forced, kernels[i]->name))
      chosen = kernels[i];
  }
  if (!chosen)
    return;

  build_field8 ();
  build_twiddles8 ();
  for (unsigned c = 0; c < 256; c++) {
    uint8_t columns[8];

    for (unsigned b = 0; b < 8; b++)
      columns[b] = mul8 ((uint8_t) c, (uint8_t) (1u << b));
    chosen->make_map (pf_gf.map8 + c * chosen->map_bytes, columns);
  }
  build_field16 (chosen);
}

static pthread_once_t choose_once = PTHREAD_ONCE_INIT;

const PfGfKernel *
pf_gf_init (void)
{
  pthread_once (&choose_once, choose);
  return chosen;
}

const char *const *
pf_gf_kernel_names (void)
{
  pthread_once (&choose_once, choose);
  return runnable;
}
