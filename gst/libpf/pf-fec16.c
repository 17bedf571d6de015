/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Reed-Solomon over GF(2^16), Leopard FF16: plans the work, the kernels do it
 * column by column. docs/fec.md explains the mathematics.
 *
 * High rate (many data, few parity): parity at positions 0..m-1, data from M
 * on, M = 2^ceil(log2 m). Low rate: data at positions 0..k-1, parity from C
 * on, C = 2^ceil(log2 k). Either way parity j is the sum over data i of
 * f_i * g_j / (x_i + y_j) with x and y the positions: a Cauchy code.
 *
 * Columns that do not lie whole in one memory, and the last one of a size
 * that is no multiple of the column, go through a staging area.
 */
#include "pf-fec16.h"

#include "pf-alloc.h"
#include "pf-cauchy.h"
#include "pf-gf.h"

#include <string.h>

enum {
  COLUMN = PF_GF_COLUMN,
  BLOCK = 64,     /* low bytes of 32 elements, then their high bytes */
  DIRECT_MAX = 2, /* up to so many losses: one matrix over all sources */
  SOLVE_MAX = 48, /* up to so many: syndromes and a small system */
};

struct PfFec16 {
  const PfGfKernel *kernel;
  unsigned k, m;
  bool low;        /* low rate */
  unsigned lg;     /* log2 of M or C */
  unsigned lg_all; /* log2 of all positions */
  size_t size;
  size_t memory;

  uint8_t *work, *acc; /* 2^lg columns; low rate with many data: all */
  uint8_t *extra;      /* syndromes, or scaled rows: as many columns */
  uint8_t *stage;      /* k + m columns */

  const uint8_t **in; /* k rows, or k packed for a matrix */
  const uint8_t **parity_in;
  uint8_t **parity_out;
  uint8_t **lost_out;     /* by data row */
  uint8_t **lost_packed;  /* by loss */
  uint8_t **syndrome_out; /* by parity row */
  const uint8_t **packed; /* syndromes by loss; scaled rows by position */
  uint8_t **stage_data, **stage_parity;

  uint8_t *need;      /* groups of four data rows with a loss */
  uint16_t *coef;     /* of a matrix */
  uint32_t *log_lost; /* logarithm of the locator at every position */
  uint32_t *walsh_log;
  uint8_t *ones; /* k, for a code of one parity row */
  bool walsh_ready;
};

typedef enum {
  PLAN_COPY,    /* one data row: any parity row is it */
  PLAN_SUM,     /* one parity row: the sum of all */
  PLAN_DIRECT,  /* one matrix product */
  PLAN_SOLVE,   /* syndromes, then a small system */
  PLAN_LOCATOR, /* syndromes, then transforms (high rate) */
  PLAN_CLASSIC, /* transforms over all positions (low rate) */
} PlanKind;

typedef struct {
  PlanKind kind;
  const uint8_t *present;
  unsigned n;   /* lost data rows */
  unsigned top; /* parity rows from here on are not used */
  uint32_t lost[SOLVE_MAX], used[SOLVE_MAX]; /* of the first three kinds */
} Plan;

static unsigned
log2_ceil (uint32_t n)
{
  unsigned lg = 0;

  while (1u << lg < n)
    lg++;
  return lg;
}

/* The code is low rate when its data need fewer positions than its parity. */
static bool
is_low_rate (uint32_t k, uint32_t m)
{
  const unsigned pk = log2_ceil (k), pm = log2_ceil (m);

  return pk < pm || (pk == pm && k > m);
}

bool
pf_fec16_fits (uint32_t k, uint32_t m)
{
  uint32_t small, large;

  if (k == 0 || m == 0 || k > 65535 || m > 65535 || k + m > 65535)
    return false;
  small = 1u << (log2_ceil (k) < log2_ceil (m) ? log2_ceil (k) : log2_ceil (m));
  large = k > m ? k : m;
  return small + large <= 65536;
}

static PfLogs
logs16 (void)
{
  const PfGf16Logs *l = pf_gf16_logs ();

  return (PfLogs){ l->log, l->exp, 65535 };
}

static unsigned
x_of (const PfFec16 *c, unsigned i)
{
  return c->low ? i : (1u << c->lg) + i;
}

static unsigned
y_of (const PfFec16 *c, unsigned j)
{
  return c->low ? (1u << c->lg) + j : j;
}

/* Logarithm of f_i: the subspace polynomial at x, which in this basis is x
 * without its low bits. */
static uint32_t
log_f (const PfFec16 *c, const PfLogs *f, unsigned i)
{
  return c->low ? 0 : f->log[x_of (c, i) >> c->lg];
}

static uint32_t
log_g (const PfFec16 *c, const PfLogs *f, unsigned j)
{
  return c->low ? f->log[y_of (c, j) >> c->lg] : 0;
}

/* ---- Context ------------------------------------------------------------ */

/* Takes the parts of the context from the allocation; see pf-alloc.h. */
static void
take_parts (PfFec16 *c, PfAlloc *a)
{
  const size_t k = c->k, m = c->m, n = (size_t) 1 << c->lg;
  const size_t all = (size_t) 1 << c->lg_all;
  const bool classic = c->low && k > SOLVE_MAX;
  const size_t columns = classic ? all : n > SOLVE_MAX ? n : SOLVE_MAX;
  /* transforms look at rows in groups of eight and in whole chunks */
  const size_t kp = k + n + 8 + PREFETCH_ROWS, mp = m + n + 8;

  c->work = pf_alloc_take (a, columns * COLUMN);
  c->acc = pf_alloc_take (a, columns * COLUMN);
  c->extra = pf_alloc_take (a, columns * COLUMN);
  c->stage = pf_alloc_take (a, (k + m) * COLUMN);
  c->in = pf_alloc_take (a, kp * sizeof *c->in);
  c->parity_in = pf_alloc_take (a, mp * sizeof *c->parity_in);
  c->parity_out = pf_alloc_take (a, mp * sizeof *c->parity_out);
  c->lost_out = pf_alloc_take (a, kp * sizeof *c->lost_out);
  c->lost_packed = pf_alloc_take (a, SOLVE_MAX * sizeof *c->lost_packed);
  c->syndrome_out = pf_alloc_take (a, mp * sizeof *c->syndrome_out);
  c->packed =
      pf_alloc_take (a, (columns + 8 + PREFETCH_ROWS) * sizeof *c->packed);
  c->stage_data = pf_alloc_take (a, k * sizeof *c->stage_data);
  c->stage_parity = pf_alloc_take (a, m * sizeof *c->stage_parity);
  c->need = pf_alloc_take (a, (kp > all ? kp : all) / 4 + 1);
  c->coef = pf_alloc_take (
      a, (DIRECT_MAX * k + SOLVE_MAX * SOLVE_MAX) * sizeof *c->coef);
  c->log_lost = pf_alloc_take (a, all * sizeof *c->log_lost);
  c->walsh_log = pf_alloc_take (a, all * sizeof *c->walsh_log);
  c->ones = pf_alloc_take (a, m == 1 ? k : 1);
}

PfFec16 *
pf_fec16_new (const PfFecConfig *config)
{
  const unsigned k = config->data_shards, m = config->parity_shards;
  PfFec16 h = { .k = k, .m = m, .size = config->shard_size };
  PfAlloc a = PF_ALLOC_INIT;
  PfFec16 *c;

  h.kernel = pf_gf_init ();
  h.low = is_low_rate (k, m);
  h.lg = log2_ceil (h.low ? k : m);
  h.lg_all = log2_ceil ((1u << h.lg) + (h.low ? m : k));

  pf_alloc_take (&a, sizeof *c);
  take_parts (&h, &a);
  if (!pf_alloc_make (&a))
    return NULL;
  c = pf_alloc_take (&a, sizeof *c);
  h.memory = a.size;
  take_parts (&h, &a);
  *c = h;
  memset (c->ones, 1, m == 1 ? k : 1);
  for (unsigned i = 0; i < k; i++)
    c->stage_data[i] = c->stage + (size_t) i * COLUMN;
  for (unsigned j = 0; j < m; j++)
    c->stage_parity[j] = c->stage + (size_t) (k + j) * COLUMN;
  return c;
}

void
pf_fec16_free (PfFec16 *c)
{
  pf_alloc_free (c);
}

size_t
pf_fec16_memory (const PfFec16 *c)
{
  return c->memory;
}

/* ---- Staged columns ----------------------------------------------------- */

/* Bytes of a row that lie together in memory and in the stage. */
typedef struct {
  const PfFecSpan *span;
  size_t in_row;   /* from the beginning of the span's row */
  size_t in_stage; /* from the beginning of the column */
  size_t size;
} Piece;

typedef struct {
  unsigned n;
  Piece pieces[COLUMN]; /* none is empty */
} Pieces;

/*
 * Where the column at pos lies in the spans. The last, incomplete block of a
 * row has t bytes, the first half of which are low bytes and the rest high
 * bytes: the halves go where a whole block has its low and high bytes.
 */
static void
find_pieces (const PfFec16 *c, const PfFecSpan *spans, size_t pos, Pieces *p)
{
  const size_t tail = c->size % BLOCK, high = c->size - tail / 2;
  const size_t end = pos + COLUMN < c->size ? pos + COLUMN : c->size;
  const size_t gap = (BLOCK - tail) / 2; /* before the high bytes */
  size_t start = 0;                      /* of the span */

  p->n = 0;
  for (const PfFecSpan *span = spans; pos < end; start += span++->size) {
    const size_t stop = start + span->size;

    while (pos < end && pos < stop) {
      size_t to = stop < end ? stop : end;
      Piece *piece = &p->pieces[p->n++];

      if (tail && pos < high && to > high)
        to = high;
      piece->span = span;
      piece->in_row = pos - start;
      piece->in_stage = pos % COLUMN + (tail && pos >= high ? gap : 0);
      piece->size = to - pos;
      pos = to;
    }
  }
}

static void
stage_in (uint8_t *stage, const Pieces *p, bool parity, unsigned row)
{
  memset (stage, 0, COLUMN);
  for (unsigned i = 0; i < p->n; i++) {
    const Piece *piece = &p->pieces[i];
    uint8_t *const *rows = parity ? piece->span->parity : piece->span->data;

    memcpy (stage + piece->in_stage, rows[row] + piece->in_row, piece->size);
  }
}

static void
stage_out (const uint8_t *stage, const Pieces *p, bool parity, unsigned row)
{
  for (unsigned i = 0; i < p->n; i++) {
    const Piece *piece = &p->pieces[i];
    uint8_t *const *rows = parity ? piece->span->parity : piece->span->data;

    memcpy (rows[row] + piece->in_row, stage + piece->in_stage, piece->size);
  }
}

/* ---- Encoding ----------------------------------------------------------- */

/* The transform of the data (c->in, NULL is zero) at col, to c->acc: a
 * polynomial whose values on the parity's positions are the parity. */
static void
interpolate (PfFec16 *c, size_t col)
{
  const unsigned n = 1u << c->lg;

  if (c->low) {
    c->kernel->inverse16 (c->in, col, c->k, c->lg, 0, c->work, c->acc, true);
    return;
  }
  for (unsigned i = 0; i < c->k; i += n)
    c->kernel->inverse16 (c->in + i, col, c->k - i < n ? c->k - i : n, c->lg,
        n + i, c->work, c->acc, i == 0);
}

/* The parity rows below top that rows names. Uses up c->acc. */
static void
evaluate (PfFec16 *c, uint8_t *const *rows, unsigned top, size_t col)
{
  const unsigned n = 1u << c->lg;

  if (!c->low) {
    c->kernel->forward16 (c->acc, c->acc, c->lg, 0, rows, col, top, NULL);
    return;
  }
  for (unsigned j = 0; j < top; j += n)
    c->kernel->forward16 (c->acc, c->work, c->lg, n + j, rows + j, col,
        top - j < n ? top - j : n, NULL);
}

static void
bind_encode (PfFec16 *c, uint8_t *const *data, uint8_t *const *parity)
{
  for (unsigned i = 0; i < c->k; i++)
    c->in[i] = data[i];
  for (unsigned j = 0; j < c->m; j++)
    c->parity_out[j] = parity[j];
}

static void
encode_column (PfFec16 *c, size_t col)
{
  interpolate (c, col);
  evaluate (c, c->parity_out, c->m, col);
}

static void
encode_staged (PfFec16 *c, const PfFecSpan *spans, size_t pos)
{
  Pieces p;

  find_pieces (c, spans, pos, &p);
  for (unsigned i = 0; i < c->k; i++)
    stage_in (c->stage_data[i], &p, false, i);
  bind_encode (c, c->stage_data, c->stage_parity);
  encode_column (c, 0);
  for (unsigned j = 0; j < c->m; j++)
    stage_out (c->stage_parity[j], &p, true, j);
}

/* out = sum of the k rows in c->in: bytes stand alone, in any layout. */
static void
sum_rows (PfFec16 *c, uint8_t *out, size_t size)
{
  c->kernel->matrix8 (c->ones, 1, c->k, c->in, &out, size, false);
}

void
pf_fec16_encode (PfFec16 *c, const PfFecSpan *spans, size_t n_spans)
{
  size_t pos = 0, start = 0;

  if (c->m == 1 || c->k == 1) {
    for (size_t s = 0; s < n_spans; s++) {
      if (spans[s].size == 0)
        continue;
      bind_encode (c, spans[s].data, spans[s].parity);
      for (unsigned j = 0; j < c->m; j++)
        if (c->k == 1)
          memcpy (c->parity_out[j], c->in[0], spans[s].size);
        else
          sum_rows (c, c->parity_out[j], spans[s].size);
    }
    return;
  }
  for (size_t s = 0; s < n_spans; s++) {
    const size_t stop = start + spans[s].size;

    if (pos + COLUMN <= stop) {
      bind_encode (c, spans[s].data, spans[s].parity);
      for (; pos + COLUMN <= stop; pos += COLUMN)
        encode_column (c, pos - start);
    }
    if (pos < stop) {
      encode_staged (c, spans, pos);
      pos += COLUMN;
    }
    start = stop;
  }
}

/* ---- Planning a decode -------------------------------------------------- */

/* Coefficients of the lost rows over the received data, then the used
 * parity. */
static void
direct_coefficients (PfFec16 *c, const Plan *p, const uint32_t *x,
    const uint32_t *y, const uint32_t *u, const uint32_t *v)
{
  const PfLogs f = logs16 ();

  for (unsigned a = 0; a < p->n; a++) {
    uint16_t *out = c->coef + (size_t) a * c->k;
    const uint32_t ua =
        f.log[pf_cauchy_exp (&f, u[a], 0, log_f (c, &f, p->lost[a]))];

    for (unsigned i = 0; i < c->k; i++) {
      uint32_t w;

      if (!p->present[i])
        continue;
      w = pf_cauchy_known (&f, p->n, x, y, x_of (c, i));
      w = f.log[pf_cauchy_exp (&f, w, log_f (c, &f, i), 0)];
      *out++ = pf_cauchy_exp (&f, ua, w, f.log[x[a] ^ x_of (c, i)]);
    }
    for (unsigned b = 0; b < p->n; b++) {
      const uint32_t vb =
          f.log[pf_cauchy_exp (&f, v[b], 0, log_g (c, &f, p->used[b]))];

      *out++ = pf_cauchy_exp (&f, ua, vb, f.log[x[a] ^ y[b]]);
    }
  }
}

/* The inverse of the system of the syndromes. */
static void
solve_coefficients (PfFec16 *c, const Plan *p, const uint32_t *x,
    const uint32_t *y, const uint32_t *u, const uint32_t *v)
{
  const PfLogs f = logs16 ();

  for (unsigned a = 0; a < p->n; a++) {
    const uint32_t ua =
        f.log[pf_cauchy_exp (&f, u[a], 0, log_f (c, &f, p->lost[a]))];

    for (unsigned b = 0; b < p->n; b++) {
      const uint32_t vb =
          f.log[pf_cauchy_exp (&f, v[b], 0, log_g (c, &f, p->used[b]))];

      c->coef[a * p->n + b] = pf_cauchy_exp (&f, ua, vb, f.log[x[a] ^ y[b]]);
    }
  }
}

/*
 * Logarithms of the product over all erased positions z of (p + z), z not p,
 * for every position p below 2^lg: a convolution over exclusive or, done by
 * Walsh-Hadamard transforms modulo 65535. On entry c->log_lost is 1 at erased
 * positions, else 0.
 */
static void
locate (PfFec16 *c, unsigned lg)
{
  const unsigned n = 1u << lg;
  const PfLogs f = logs16 ();

  if (!c->walsh_ready) {
    for (unsigned i = 0; i < n; i++)
      c->walsh_log[i] = f.log[i];
    c->kernel->walsh (c->walsh_log, n);
    c->walsh_ready = true;
  }
  c->kernel->walsh (c->log_lost, n);
  for (unsigned i = 0; i < n; i++) {
    uint32_t q = c->log_lost[i] * c->walsh_log[i]; /* both at most 65535 */

    q = (q & 65535) + (q >> 16);
    c->log_lost[i] = (q & 65535) + (q >> 16);
  }
  c->kernel->walsh (c->log_lost, n);
  /* undo the factor n: 2^16 is 1 modulo 65535 */
  for (unsigned i = 0; i < n; i++) {
    uint32_t q = c->log_lost[i] << ((16 - lg) & 15);

    q = (q & 65535) + (q >> 16);
    c->log_lost[i] = q < 65535 ? q : q - 65535;
  }
}

/* High rate: erased are the lost rows, the parity that is not used, and the
 * positions without a row. */
static void
locate_high (PfFec16 *c, const Plan *p)
{
  const unsigned n = 1u << c->lg;

  memset (c->log_lost, 0, (sizeof *c->log_lost) << c->lg_all);
  for (unsigned j = 0; j < n; j++)
    c->log_lost[j] = j >= p->top || !p->present[c->k + j];
  for (unsigned i = 0; i < c->k; i++)
    c->log_lost[n + i] = !p->present[i];
  locate (c, c->lg_all);
}

/* Low rate: erased are the lost data and all positions behind the data whose
 * parity is lost or not used. */
static void
locate_low (PfFec16 *c, const Plan *p)
{
  const unsigned n = 1u << c->lg, all = 1u << c->lg_all;

  for (unsigned i = 0; i < n; i++)
    c->log_lost[i] = i < c->k && !p->present[i];
  for (unsigned j = 0; n + j < all; j++)
    c->log_lost[n + j] = j >= p->top || !p->present[c->k + j];
  locate (c, c->lg_all);
}

static PlanKind
choose_kind (const PfFec16 *c, unsigned n)
{
  if (c->k == 1)
    return PLAN_COPY;
  if (c->m == 1)
    return PLAN_SUM;
  if (n <= DIRECT_MAX)
    return PLAN_DIRECT;
  if (n <= SOLVE_MAX)
    return PLAN_SOLVE;
  return c->low ? PLAN_CLASSIC : PLAN_LOCATOR;
}

static int
make_plan (PfFec16 *c, const uint8_t *present, Plan *p)
{
  unsigned n_used = 0;

  p->present = present;
  p->n = 0;
  p->top = 0;
  for (unsigned i = 0; i < c->k; i++)
    if (!present[i]) {
      if (p->n < SOLVE_MAX)
        p->lost[p->n] = i;
      p->n++;
    }
  for (unsigned j = 0; j < c->m && n_used < p->n; j++)
    if (present[c->k + j]) {
      if (n_used < SOLVE_MAX)
        p->used[n_used] = j;
      n_used++;
      p->top = j + 1;
    }
  if (n_used < p->n)
    return PF_ERR_NEED_MORE;
  if (p->n == 0)
    return 0;
  p->kind = choose_kind (c, p->n);
  if (p->kind == PLAN_DIRECT || p->kind == PLAN_SOLVE) {
    const PfLogs f = logs16 ();
    uint32_t x[SOLVE_MAX], y[SOLVE_MAX], u[SOLVE_MAX], v[SOLVE_MAX];

    for (unsigned a = 0; a < p->n; a++) {
      x[a] = x_of (c, p->lost[a]);
      y[a] = y_of (c, p->used[a]);
    }
    pf_cauchy_factors (&f, p->n, x, y, u, v);
    if (p->kind == PLAN_DIRECT)
      direct_coefficients (c, p, x, y, u, v);
    else
      solve_coefficients (c, p, x, y, u, v);
  } else if (p->kind == PLAN_LOCATOR)
    locate_high (c, p);
  else if (p->kind == PLAN_CLASSIC)
    locate_low (c, p);
  return 0;
}

/* ---- Decoding ----------------------------------------------------------- */

/* Arranges the row pointers as the plan's column function wants them. */
static void
bind_decode (
    PfFec16 *c, const Plan *p, uint8_t *const *data, uint8_t *const *parity)
{
  const bool few = p->kind <= PLAN_SOLVE;
  unsigned n = 0;

  if (p->kind == PLAN_DIRECT || p->kind == PLAN_SUM) {
    for (unsigned i = 0; i < c->k; i++)
      if (p->present[i])
        c->in[n++] = data[i];
    for (unsigned a = 0; a < p->n; a++)
      c->in[n++] = parity[p->used[a]];
  } else {
    memset (c->need, 0, c->k / 4 + 1);
    for (unsigned i = 0; i < c->k; i++) {
      c->in[i] = p->present[i] ? data[i] : NULL;
      c->lost_out[i] = p->present[i] ? NULL : data[i];
      c->need[i / 4] |= !p->present[i];
    }
    for (unsigned j = 0; j < p->top; j++) {
      const bool here = p->present[c->k + j];

      c->parity_in[j] = here ? parity[j] : NULL;
      c->syndrome_out[j] =
          here ? c->extra + (size_t) (few ? n : j) * COLUMN : NULL;
      if (few && here)
        c->packed[n] = c->syndrome_out[j];
      n += here;
    }
    /* a transform looks at rows in eights */
    for (unsigned j = p->top; j < p->top + 7; j++)
      c->syndrome_out[j] = NULL;
  }
  for (unsigned a = 0; few && a < p->n; a++)
    c->lost_packed[a] = data[p->lost[a]];
}

static void
solve_column (PfFec16 *c, const Plan *p, size_t col)
{
  interpolate (c, col);
  evaluate (c, c->syndrome_out, p->top, 0);
  for (unsigned a = 0; a < p->n; a++)
    c->kernel->add (
        c->syndrome_out[p->used[a]], c->parity_in[p->used[a]] + col, COLUMN);
  c->kernel->matrix16 (c->coef, p->n, p->n, c->packed, 0, c->lost_packed, col);
}

/* Syndromes times the locator are the values of a polynomial on the parity's
 * positions; its values on the lost positions are the lost rows, times known
 * factors. */
static void
locator_column (PfFec16 *c, const Plan *p, size_t col)
{
  const unsigned n = 1u << c->lg;
  const PfLogs f = logs16 ();

  interpolate (c, col);
  evaluate (c, c->syndrome_out, p->top, 0);
  for (unsigned j = 0; j < p->top; j++) {
    c->packed[j] = c->syndrome_out[j];
    if (c->syndrome_out[j])
      c->kernel->scale16 (c->syndrome_out[j], c->syndrome_out[j],
          c->parity_in[j] + col, f.exp[c->log_lost[j]]);
  }
  for (unsigned j = p->top; j < p->top + 7 && j < n; j++)
    c->packed[j] = NULL;
  c->kernel->inverse16 (c->packed, 0, p->top, c->lg, 0, c->work, c->acc, true);
  for (unsigned b = 0; b < c->k; b += n) {
    const unsigned count = c->k - b < n ? c->k - b : n;

    if (!memchr (c->need + b / 4, 1, (count + 3) / 4))
      continue;
    c->kernel->forward16 (c->acc, c->work, c->lg, n + b, c->lost_out + b, col,
        count, c->need + b / 4);
    for (unsigned i = b; i < b + count; i++)
      if (c->lost_out[i])
        c->kernel->scale16 (c->lost_out[i] + col, c->lost_out[i] + col, NULL,
            pf_cauchy_exp (&f, 0, 0,
                f.log[pf_cauchy_exp (
                    &f, log_f (c, &f, i), c->log_lost[n + i], 0)]));
  }
}

/* The textbook way: all rows times the locator, inverse transform, formal
 * derivative, forward transform. */
static void
classic_column (PfFec16 *c, const Plan *p, size_t col)
{
  const unsigned n = 1u << c->lg, all = 1u << c->lg_all;
  const PfLogs f = logs16 ();

  for (unsigned i = 0; i < all; i++) {
    const uint8_t *row = NULL;

    if (i < c->k)
      row = c->in[i];
    else if (i >= n && i - n < p->top)
      row = c->parity_in[i - n];
    c->packed[i] = row ? c->extra + (size_t) i * COLUMN : NULL;
    if (row)
      c->kernel->scale16 (c->extra + (size_t) i * COLUMN, row + col, NULL,
          f.exp[c->log_lost[i]]);
  }
  c->kernel->inverse16 (
      c->packed, 0, n + p->top, c->lg_all, 0, c->work, c->acc, true);
  for (unsigned i = 1; i < all; i++) {
    const unsigned width = i & -i;

    c->kernel->add (c->acc + (size_t) (i - width) * COLUMN,
        c->acc + (size_t) i * COLUMN, (size_t) width * COLUMN);
  }
  c->kernel->forward16 (
      c->acc, c->work, c->lg_all, 0, c->lost_out, col, c->k, c->need);
  for (unsigned i = 0; i < c->k; i++)
    if (c->lost_out[i])
      c->kernel->scale16 (c->lost_out[i] + col, c->lost_out[i] + col, NULL,
          pf_cauchy_exp (&f, 0, 0, c->log_lost[i]));
}

static void
decode_column (PfFec16 *c, const Plan *p, size_t col)
{
  switch (p->kind) {
  case PLAN_DIRECT:
    c->kernel->matrix16 (c->coef, p->n, c->k, c->in, col, c->lost_packed, col);
    break;
  case PLAN_SOLVE:
    solve_column (c, p, col);
    break;
  case PLAN_LOCATOR:
    locator_column (c, p, col);
    break;
  default:
    classic_column (c, p, col);
    break;
  }
}

static void
decode_staged (PfFec16 *c, const Plan *p, const PfFecSpan *spans, size_t pos)
{
  Pieces pieces;

  find_pieces (c, spans, pos, &pieces);
  for (unsigned i = 0; i < c->k; i++)
    if (p->present[i])
      stage_in (c->stage_data[i], &pieces, false, i);
  for (unsigned j = 0; j < p->top; j++)
    if (p->present[c->k + j])
      stage_in (c->stage_parity[j], &pieces, true, j);
  bind_decode (c, p, c->stage_data, c->stage_parity);
  decode_column (c, p, 0);
  for (unsigned i = 0; i < c->k; i++)
    if (!p->present[i])
      stage_out (c->stage_data[i], &pieces, false, i);
}

/* Codes in which every byte stands alone: a copy or a plain sum. */
static void
decode_bytes (PfFec16 *c, const Plan *p, const PfFecSpan *span)
{
  uint8_t *out = span->size ? span->data[p->lost[0]] : NULL;

  if (!out)
    return;
  if (p->kind == PLAN_COPY) {
    memcpy (out, span->parity[p->used[0]], span->size);
    return;
  }
  bind_decode (c, p, span->data, span->parity);
  sum_rows (c, out, span->size);
}

int
pf_fec16_decode (
    PfFec16 *c, const PfFecSpan *spans, size_t n_spans, const uint8_t *present)
{
  size_t pos = 0, start = 0;
  Plan p;
  int ret = make_plan (c, present, &p);

  if (ret < 0 || p.n == 0)
    return ret;
  if (p.kind == PLAN_COPY || p.kind == PLAN_SUM) {
    for (size_t s = 0; s < n_spans; s++)
      decode_bytes (c, &p, &spans[s]);
    return 0;
  }
  for (size_t s = 0; s < n_spans; s++) {
    const size_t stop = start + spans[s].size;

    if (pos + COLUMN <= stop) {
      bind_decode (c, &p, spans[s].data, spans[s].parity);
      for (; pos + COLUMN <= stop; pos += COLUMN)
        decode_column (c, &p, pos - start);
    }
    if (pos < stop) {
      decode_staged (c, &p, spans, pos);
      pos += COLUMN;
    }
    start = stop;
  }
  return 0;
}
