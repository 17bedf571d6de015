/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Reed-Solomon over GF(2^8): plans the work, the kernels do it.
 *
 * Video: parity j = sum of data i / (x_i + y_j) with x_i = m + i, y_j = j.
 * Few parity rows are a matrix product. For many, y runs over the subspace
 * {0..M-1}, M = 2^ceil(log2 m), and the data that stand in another coset of
 * it add a constant times the polynomial through them: one inverse transform
 * for each coset, one forward transform of the sum (docs/fec.md).
 *
 * Decoding is encoding with zeros for what is lost (the syndromes) and one
 * small system; for one or two losses, one matrix product.
 */
#include "pf-fec8.h"

#include "pf-alloc.h"
#include "pf-cauchy.h"
#include "pf-gf.h"

#include <string.h>

/* A butterfly's multiplication costs so much of one in the matrix kernel. */
#define FFT_WEIGHT_PERCENT 150

/* Up to so many losses go straight through one matrix. */
#define DIRECT_MAX 4

enum {
  ROWS = 256 + 4 + PREFETCH_ROWS,
  LOST_MAX = 127, /* the most that can be lost and restored: k + m <= 255 */
};

struct PfFec8 {
  const PfGfKernel *kernel;
  unsigned k, m;
  bool audio;
  unsigned lg;       /* log2 M */
  unsigned n_direct; /* data rows whose x lies below M */
  size_t memory;
  size_t stride;           /* of syndrome rows */
  uint8_t *coef;           /* m x k: the matrix */
  uint8_t *coef_direct;    /* m x n_direct: its first columns */
  uint8_t *coef_decode;    /* m x k */
  uint8_t *coef_syndromes; /* m x k */
  uint8_t *work, *acc;     /* 2^lg columns */
  uint8_t *syndromes;      /* m rows */
  const uint8_t *data[ROWS];
  uint8_t *out[ROWS];
};

/* What was lost and what makes up for it, and how. */
typedef struct {
  unsigned n;
  unsigned lost[LOST_MAX], used[LOST_MAX]; /* data rows, parity rows */
  bool direct;                             /* one matrix over all sources */
} Plan;

static const uint8_t audio_matrix[8] = { 0x77, 0x40, 0x38, 0x0e, 0xc7, 0xa7,
  0x0d, 0x6c };

static PfLogs
logs8 (void)
{
  return (PfLogs){ pf_gf.log8, pf_gf.exp8, 255 };
}

static void
build_matrix (PfFec8 *c)
{
  if (c->audio) {
    memcpy (c->coef, audio_matrix, sizeof audio_matrix);
    return;
  }
  for (unsigned j = 0; j < c->m; j++)
    for (unsigned i = 0; i < c->k; i++)
      c->coef[j * c->k + i] = pf_gf.inv8[(c->m + i) ^ j];
  for (unsigned j = 0; j < c->m; j++)
    memcpy (c->coef_direct + j * c->n_direct, c->coef + j * c->k, c->n_direct);
}

PfFec8 *
pf_fec8_new (const PfFecConfig *config)
{
  const unsigned k = config->data_shards, m = config->parity_shards;
  unsigned lg = 0;
  PfAlloc a = PF_ALLOC_INIT;
  PfFec8 *c;

  while (1u << lg < m)
    lg++;
  for (int pass = 0; pass < 2; pass++) {
    const unsigned n_direct = (1u << lg) - m < k ? (1u << lg) - m : k;
    const size_t stride = pf_alloc_stride (config->shard_size);
    PfFec8 h = { .k = k, .m = m, .lg = lg, .n_direct = n_direct };

    c = pf_alloc_take (&a, sizeof *c);
    h.audio = config->scheme == PF_FEC_AUDIO;
    h.stride = stride;
    h.coef = pf_alloc_take (&a, (size_t) k * m);
    h.coef_direct = pf_alloc_take (&a, (size_t) n_direct * m + 1);
    h.coef_decode = pf_alloc_take (&a, (size_t) k * m);
    h.coef_syndromes = pf_alloc_take (&a, (size_t) k * m);
    h.work = pf_alloc_take (&a, (size_t) PF_GF_COLUMN << lg);
    h.acc = pf_alloc_take (&a, (size_t) PF_GF_COLUMN << lg);
    h.syndromes = pf_alloc_take (&a, stride * m);
    if (pass == 1) {
      *c = h;
      break;
    }
    if (!pf_alloc_make (&a))
      return NULL;
  }
  c->memory = a.size;
  c->kernel = pf_gf_init ();
  build_matrix (c);
  return c;
}

void
pf_fec8_free (PfFec8 *c)
{
  pf_alloc_free (c);
}

size_t
pf_fec8_memory (const PfFec8 *c)
{
  return c->memory;
}

/* Is the transform cheaper than the matrix for this many output rows? */
static bool
fft_pays (const PfFec8 *c, unsigned n_rows)
{
  const unsigned M = 1u << c->lg;
  const unsigned cosets = (c->k - c->n_direct + M - 1) / M;
  const unsigned fft = (cosets + 1) * (M * c->lg / 2) + cosets * M;

  if (c->audio || c->lg < 2 || cosets == 0)
    return false;
  return fft * FFT_WEIGHT_PERCENT / 100 + c->n_direct * n_rows < c->k * n_rows;
}

/* One column of the transform: data in c->data (NULL is zero), rows in out.
 * The direct rows are left out. */
static void
fft_column (PfFec8 *c, uint8_t *const *out, unsigned n_rows, size_t col)
{
  const unsigned M = 1u << c->lg;
  const uint8_t slope = pf_gf.slope8[c->lg];
  const PfLogs f = logs8 ();
  bool fresh = true;

  for (unsigned i = c->n_direct; i < c->k; i += M, fresh = false) {
    const unsigned x = c->m + i; /* a multiple of M */
    const unsigned s = pf_gf.subspace8[c->lg][x];
    const uint8_t scale =
        (uint8_t) pf_cauchy_exp (&f, f.log[slope], 0, f.log[s]);

    c->kernel->inverse8 (c->data + i, col, c->k - i < M ? c->k - i : M, c->lg,
        x, c->work, c->acc, fresh, scale);
  }
  c->kernel->forward8 (c->acc, c->acc, c->lg, out, col, n_rows);
}

/* size is at least a column; the last column overlaps the one before. */
static void
fft_rows (PfFec8 *c, uint8_t *const *out, unsigned n_rows, size_t size)
{
  size_t col = 0;

  for (; col + PF_GF_COLUMN <= size; col += PF_GF_COLUMN)
    fft_column (c, out, n_rows, col);
  if (col < size)
    fft_column (c, out, n_rows, size - PF_GF_COLUMN);
}

/* Behind the rows there are, so many as a transform may look at; further
 * pointers are only fetched ahead. */
static void
end_rows (PfFec8 *c)
{
  memset (c->data + c->k, 0, 8 * sizeof *c->data);
  memset (c->out + c->m, 0, 8 * sizeof *c->out);
}

void
pf_fec8_encode (PfFec8 *c, const PfFecSpan *spans, size_t n_spans)
{
  const bool fft = fft_pays (c, c->m);

  for (size_t s = 0; s < n_spans; s++) {
    const PfFecSpan *span = &spans[s];
    const uint8_t *const *data = (const uint8_t *const *) span->data;

    if (span->size < PF_GF_COLUMN || !fft) {
      c->kernel->matrix8 (
          c->coef, c->m, c->k, data, span->parity, span->size, false);
      continue;
    }
    memcpy (c->data, data, c->k * sizeof *data);
    memcpy (c->out, span->parity, c->m * sizeof *c->out);
    end_rows (c);
    fft_rows (c, c->out, c->m, span->size);
    c->kernel->matrix8 (
        c->coef_direct, c->m, c->n_direct, data, c->out, span->size, true);
  }
}

/* ---- Decoding ----------------------------------------------------------- */

/* Coefficients of the lost rows over the received data, then the used parity.
 * Two unknowns at most, in a matrix that is not a Cauchy one. */
static void
audio_coefficients (PfFec8 *c, const Plan *p)
{
  const PfLogs f = logs8 ();
  const uint8_t *r0 = c->coef + p->used[0] * c->k;
  uint8_t *out = c->coef_decode;

#define MUL(a, b)                                                              \
  ((uint8_t) ((a) && (b) ? pf_cauchy_exp (&f, f.log[a], f.log[b], 0) : 0))
  if (p->n == 1) {
    const uint8_t inv = pf_gf.inv8[r0[p->lost[0]]];

    for (unsigned i = 0; i < c->k; i++)
      if (i != p->lost[0])
        *out++ = MUL (inv, r0[i]);
    *out = inv;
    return;
  }
  {
    const uint8_t *r1 = c->coef + p->used[1] * c->k;
    const uint8_t m00 = r0[p->lost[0]], m01 = r0[p->lost[1]];
    const uint8_t m10 = r1[p->lost[0]], m11 = r1[p->lost[1]];
    const uint8_t inv = pf_gf.inv8[MUL (m00, m11) ^ MUL (m01, m10)];
    const uint8_t inverse[2][2] = { { MUL (inv, m11), MUL (inv, m01) },
      { MUL (inv, m10), MUL (inv, m00) } };

    for (unsigned a = 0; a < 2; a++) {
      for (unsigned i = 0; i < c->k; i++)
        if (i != p->lost[0] && i != p->lost[1])
          *out++ = MUL (inverse[a][0], r0[i]) ^ MUL (inverse[a][1], r1[i]);
      *out++ = inverse[a][0];
      *out++ = inverse[a][1];
    }
  }
#undef MUL
}

static void
points (const PfFec8 *c, const Plan *p, uint32_t *x, uint32_t *y)
{
  for (unsigned a = 0; a < p->n; a++) {
    x[a] = c->m + p->lost[a];
    y[a] = p->used[a];
  }
}

/* Coefficients of lost row r over the received data, then the used parity;
 * see pf-cauchy.h. Logarithms stay unreduced: 2 * DIRECT_MAX + 3 at most. */
static void
direct_coefficients (PfFec8 *c, const Plan *p)
{
  const PfLogs f = logs8 ();
  const uint16_t *log = pf_gf.log8;
  uint32_t x[DIRECT_MAX], y[DIRECT_MAX], u[DIRECT_MAX], v[DIRECT_MAX];
  uint8_t *out = c->coef_decode;
  uint32_t w[256];

  points (c, p, x, y);
  pf_cauchy_factors (&f, p->n, x, y, u, v);
  for (unsigned i = 0; i < c->k; i++) {
    w[i] = (p->n + 1) * 255;
    for (unsigned b = 0; b < p->n; b++) {
      w[i] += log[(c->m + i) ^ x[b]];
      w[i] -= log[(c->m + i) ^ y[b]];
    }
  }
  for (unsigned r = 0; r < p->n; r++) {
    for (unsigned i = 0, a = 0; a <= p->n; i++, a++) {
      const unsigned end = a < p->n ? p->lost[a] : c->k;

      for (; i < end; i++)
        *out++ = (uint8_t) pf_gf.exp8[u[r] + w[i] - log[(c->m + i) ^ x[r]]];
    }
    for (unsigned b = 0; b < p->n; b++)
      *out++ = (uint8_t) pf_gf.exp8[u[r] + v[b] + 255 - log[x[r] ^ y[b]]];
  }
}

/* The inverse of the system of the syndromes, n x n. */
static void
solve_coefficients (PfFec8 *c, const Plan *p)
{
  const PfLogs f = logs8 ();
  uint32_t x[LOST_MAX], y[LOST_MAX], u[LOST_MAX], v[LOST_MAX];
  uint8_t *out = c->coef_decode;

  points (c, p, x, y);
  pf_cauchy_factors (&f, p->n, x, y, u, v);
  for (unsigned a = 0; a < p->n; a++)
    for (unsigned b = 0; b < p->n; b++)
      *out++ =
          (uint8_t) pf_gf.exp8[u[a] + v[b] + 255 - pf_gf.log8[x[a] ^ y[b]]];
}

static int
make_plan (PfFec8 *c, const uint8_t *present, Plan *p)
{
  const uint8_t *end = present + c->k, *at = present;
  unsigned n_used = 0;

  p->n = 0;
  while ((at = memchr (at, 0, (size_t) (end - at)))) {
    if (p->n == c->m || p->n == LOST_MAX)
      return PF_ERR_NEED_MORE;
    p->lost[p->n++] = (unsigned) (at++ - present);
  }
  for (unsigned j = 0; j < c->m && n_used < p->n; j++)
    if (present[c->k + j])
      p->used[n_used++] = j;
  if (n_used < p->n)
    return PF_ERR_NEED_MORE;
  if (p->n == 0)
    return 0;
  p->direct = c->audio || p->n <= DIRECT_MAX;
  if (c->audio)
    audio_coefficients (c, p);
  else if (p->direct)
    direct_coefficients (c, p);
  else
    solve_coefficients (c, p);
  return 0;
}

/* Sources are the received data, then the used parity. */
static void
decode_direct (PfFec8 *c, const Plan *p, const PfFecSpan *span)
{
  unsigned n = 0;

  for (unsigned i = 0, a = 0; a <= p->n; i++, a++) {
    const unsigned end = a < p->n ? p->lost[a] : c->k;

    for (; i < end; i++)
      c->data[n++] = span->data[i];
  }
  for (unsigned a = 0; a < p->n; a++) {
    c->data[n++] = span->parity[p->used[a]];
    c->out[a] = span->data[p->lost[a]];
  }
  c->kernel->matrix8 (
      c->coef_decode, p->n, n, c->data, c->out, span->size, false);
}

/* The part of the first n data rows in the syndromes, by matrix; sets or adds.
 * Uses up c->data. */
static void
matrix_part (PfFec8 *c, const Plan *p, const PfFecSpan *span,
    const uint8_t *present, unsigned n, bool add)
{
  uint8_t *coef = c->coef_syndromes, *out[LOST_MAX];
  unsigned n_in = 0;

  for (unsigned i = 0; i < n; i++)
    if (present[i])
      c->data[n_in++] = span->data[i];
  for (unsigned a = 0; a < p->n; a++) {
    const uint8_t *row = c->coef + p->used[a] * c->k;

    for (unsigned i = 0; i < n; i++)
      if (present[i])
        *coef++ = row[i];
    out[a] = c->out[p->used[a]];
  }
  c->kernel->matrix8 (
      c->coef_syndromes, p->n, n_in, c->data, out, span->size, add);
}

static void
decode_syndromes (
    PfFec8 *c, const Plan *p, const PfFecSpan *span, const uint8_t *present)
{
  const unsigned top = p->used[p->n - 1] + 1;
  const uint8_t *in[LOST_MAX];
  uint8_t *lost[LOST_MAX];

  memset (c->out, 0, c->m * sizeof *c->out);
  end_rows (c);
  for (unsigned i = 0; i < c->k; i++)
    c->data[i] = present[i] ? span->data[i] : NULL;
  for (unsigned a = 0; a < p->n; a++)
    c->out[p->used[a]] = c->syndromes + p->used[a] * c->stride;
  if (span->size >= PF_GF_COLUMN && fft_pays (c, top)) {
    fft_rows (c, c->out, top, span->size);
    matrix_part (c, p, span, present, c->n_direct, true);
  } else
    matrix_part (c, p, span, present, c->k, false);
  for (unsigned a = 0; a < p->n; a++) {
    uint8_t *s = c->out[p->used[a]];

    c->kernel->add (s, span->parity[p->used[a]], span->size);
    in[a] = s;
    lost[a] = span->data[p->lost[a]];
  }
  c->kernel->matrix8 (c->coef_decode, p->n, p->n, in, lost, span->size, false);
}

int
pf_fec8_decode (
    PfFec8 *c, const PfFecSpan *spans, size_t n_spans, const uint8_t *present)
{
  Plan p;
  int ret = make_plan (c, present, &p);

  if (ret < 0 || p.n == 0)
    return ret;
  for (size_t s = 0; s < n_spans; s++)
    if (p.direct)
      decode_direct (c, &p, &spans[s]);
    else
      decode_syndromes (c, &p, &spans[s], present);
  return 0;
}
