/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Additive FFT over one column of many rows, for either field; included by
 * pf-kernel.h once per field with these defined:
 *
 *   FFT(name)              the function's full name
 *   E, E_BYTES             some elements side by side, and their payload bytes
 *   T                      a twiddle factor in registers
 *   e_load, e_store        from and to a dense column
 *   e_load_row, e_store_row(row, i)   element i of a column of a row
 *   e_zero, e_xor
 *   e_muladd(x, y, t, kind)           x + y * t
 *   e_join(p, x, sink)     a finished element with what is at p, see Sink
 *   t_get(layer, position), t_kinds(layer, position)
 *
 * Layers are taken two at a time (radix 4): four loads and four stores serve
 * four butterflies. Large transforms go depth first, so that a sub-tree is
 * finished while it is in the first-level cache.
 *
 * The kinds of a group's three factors are compile-time constants in the
 * innermost loops: many factors are zero or lie in a subfield, and cost less.
 */

enum { FFT (ELEMENTS) = PF_GF_COLUMN / E_BYTES };

typedef struct {
  T a; /* lower layer, rows 0 and 1 */
  T b; /* lower layer, rows 2 and 3 */
  T c; /* upper layer */
} FFT (Twiddles);

static INLINE
FFT (Twiddles) FFT (twiddles) (unsigned l, unsigned pos)
{
  FFT (Twiddles)
  t = { t_get (l, pos), t_get (l, pos + (2u << l)), t_get (l + 1, pos) };

  return t;
}

static INLINE void
FFT (inverse_step) (E x[4], const FFT (Twiddles) * t, Kinds k)
{
  x[1] = e_xor (x[1], x[0]);
  x[0] = e_muladd (x[0], x[1], &t->a, k.a);
  x[3] = e_xor (x[3], x[2]);
  x[2] = e_muladd (x[2], x[3], &t->b, k.b);
  x[2] = e_xor (x[2], x[0]);
  x[0] = e_muladd (x[0], x[2], &t->c, k.c);
  x[3] = e_xor (x[3], x[1]);
  x[1] = e_muladd (x[1], x[3], &t->c, k.c);
}

static INLINE void
FFT (forward_step) (E x[4], const FFT (Twiddles) * t, Kinds k)
{
  x[0] = e_muladd (x[0], x[2], &t->c, k.c);
  x[2] = e_xor (x[2], x[0]);
  x[1] = e_muladd (x[1], x[3], &t->c, k.c);
  x[3] = e_xor (x[3], x[1]);
  x[0] = e_muladd (x[0], x[1], &t->a, k.a);
  x[1] = e_xor (x[1], x[0]);
  x[2] = e_muladd (x[2], x[3], &t->b, k.b);
  x[3] = e_xor (x[3], x[2]);
}

/* Factors of eight rows: two groups of four, then the layer above. */
typedef struct {
  FFT (Twiddles) low, high;
  T d;
} FFT (Twiddles8);

/* n is 4 or 8; of four rows there is only the low group. */
static INLINE void
FFT (twiddles8) (FFT (Twiddles8) * t, unsigned pos, int n)
{
  t->low = FFT (twiddles) (0, pos);
  if (n == 4)
    return;
  t->high = FFT (twiddles) (0, pos + 4);
  t->d = t_get (2, pos);
}

static INLINE void
FFT (inverse_step8) (E x[8], const FFT (Twiddles8) * t, Kinds k)
{
  FFT (inverse_step) (x, &t->low, k);
  FFT (inverse_step) (x + 4, &t->high, kinds_after (k));
  for (int r = 0; r < 4; r++) {
    x[r + 4] = e_xor (x[r + 4], x[r]);
    x[r] = e_muladd (x[r], x[r + 4], &t->d, k.c);
  }
}

static INLINE void
FFT (forward_step8) (E x[8], const FFT (Twiddles8) * t, Kinds k)
{
  for (int r = 0; r < 4; r++) {
    x[r] = e_muladd (x[r], x[r + 4], &t->d, k.c);
    x[r + 4] = e_xor (x[r + 4], x[r]);
  }
  FFT (forward_step) (x, &t->low, k);
  FFT (forward_step) (x + 4, &t->high, kinds_after (k));
}

/* Runs STATEMENT with k a compile-time constant. */
#define FFT_BY_KINDS(l, pos, STATEMENT)                                        \
  do {                                                                         \
    switch (t_kinds (l, pos)) {                                                \
    case KINDS_FIRST: {                                                        \
      const Kinds k = { ZERO, PART, ZERO };                                    \
      STATEMENT;                                                               \
      break;                                                                   \
    }                                                                          \
    case KINDS_PART: {                                                         \
      const Kinds k = { PART, PART, PART };                                    \
      STATEMENT;                                                               \
      break;                                                                   \
    }                                                                          \
    case KINDS_MIXED: {                                                        \
      const Kinds k = { FULL, FULL, PART };                                    \
      STATEMENT;                                                               \
      break;                                                                   \
    }                                                                          \
    default: {                                                                 \
      const Kinds k = { FULL, FULL, FULL };                                    \
      STATEMENT;                                                               \
      break;                                                                   \
    }                                                                          \
    }                                                                          \
  } while (0)

/* ---- Inverse ------------------------------------------------------------ */

/* All loads come before the first store: rows are often a multiple of 4096
 * bytes apart, and a load behind such a store waits for it. */
static INLINE void
FFT (store) (uint8_t *p, size_t distance, E *x, int n, const Sink *sink)
{
  if (sink)
    for (int r = 0; r < n; r++)
      x[r] = e_join (p + r * distance, x[r], sink);
  for (int r = 0; r < n; r++)
    e_store (p + r * distance, x[r]);
}

/* The lowest layers of n rows, 4 or 8, from the rows themselves. */
static INLINE void
FFT (inverse_rows) (const uint8_t *const *rows, size_t col, int n, uint8_t *out,
    unsigned pos, Kinds k, const Sink *sink)
{
  FFT (Twiddles8) t;

  FFT (twiddles8) (&t, pos, n);
  for (int i = 0; i < FFT (ELEMENTS); i++) {
    E x[8];

    for (int r = 0; r < n; r++)
      x[r] = rows[r] ? e_load_row (rows[r] + col, i) : e_zero ();
    if (n == 8)
      FFT (inverse_step8) (x, &t, k);
    else
      FFT (inverse_step) (x, &t.low, k);
    FFT (store) (out + i * (int) sizeof (E), PF_GF_COLUMN, x, n, sink);
  }
}

static INLINE void
FFT (inverse_rows4) (const uint8_t *const *rows, size_t col, uint8_t *out,
    unsigned pos, const Sink *sink)
{
  FFT_BY_KINDS (0, pos, FFT (inverse_rows) (rows, col, 4, out, pos, k, sink));
}

static INLINE void
FFT (inverse_rows8) (const uint8_t *const *rows, size_t col, uint8_t *out,
    unsigned pos, const Sink *sink)
{
  FFT_BY_KINDS (0, pos ? pos + 4 : 0,
      FFT (inverse_rows) (rows, col, 8, out, pos, k, sink));
}

/* Layers l and l + 1 of the 4 << l rows at w; the last pass of a transform
 * goes to out, the others stay in place. */
static INLINE void
FFT (inverse_body) (uint8_t *w, uint8_t *out, unsigned l, unsigned pos, Kinds k,
    const Sink *sink)
{
  const FFT (Twiddles) t = FFT (twiddles) (l, pos);
  const size_t d = (size_t) PF_GF_COLUMN << l;

  for (size_t i = 0; i < d; i += sizeof (E)) {
    E x[4];

    for (int r = 0; r < 4; r++)
      x[r] = e_load (w + i + r * d);
    FFT (inverse_step) (x, &t, k);
    FFT (store) ((sink ? out : w) + i, d, x, 4, sink);
  }
}

static NOINLINE void
FFT (inverse_pass) (uint8_t *w, unsigned l, unsigned pos)
{
  FFT_BY_KINDS (l, pos, FFT (inverse_body) (w, NULL, l, pos, k, NULL));
}

static NOINLINE void
FFT (inverse_last) (
    uint8_t *w, uint8_t *out, unsigned l, unsigned pos, const Sink *sink)
{
  FFT_BY_KINDS (l, pos, FFT (inverse_body) (w, out, l, pos, k, sink));
}

/* The whole of transforms of one and of two rows. */
static INLINE void
FFT (inverse_tiny) (const uint8_t *const *rows, size_t col, unsigned lg,
    unsigned offset, uint8_t *out, const Sink *sink)
{
  const T t = t_get (0, offset);

  for (int i = 0; i < FFT (ELEMENTS); i++) {
    uint8_t *p = out + i * (int) sizeof (E);
    E x0 = rows[0] ? e_load_row (rows[0] + col, i) : e_zero ();

    if (lg == 1) {
      E x1 = rows[1] ? e_load_row (rows[1] + col, i) : e_zero ();

      x1 = e_xor (x1, x0);
      x0 = e_muladd (x0, x1, &t, FULL);
      e_store (p + PF_GF_COLUMN, e_join (p + PF_GF_COLUMN, x1, sink));
    }
    e_store (p, e_join (p, x0, sink));
  }
}

/* The lowest layers of n rows: three if there is an odd number of them. */
static INLINE void
FFT (inverse_leaf) (const uint8_t *const *rows, size_t col, unsigned n,
    unsigned count, unsigned lg, unsigned pos, uint8_t *w)
{
  const unsigned step = lg % 2 ? 8 : 4;

  for (unsigned g = 0; g < n; g += step, w += step * PF_GF_COLUMN) {
    if (g >= count) {
      memset (w, 0, (size_t) (n - g) * PF_GF_COLUMN);
      return;
    }
    prefetch_rows (rows + g + PREFETCH_ROWS, col, step);
    if (step == 8)
      FFT (inverse_rows8) (rows + g, col, w, pos + g, NULL);
    else
      FFT (inverse_rows4) (rows + g, col, w, pos + g, NULL);
  }
}

/* All layers of 2^lg rows, lg >= 4; the last pass goes to out unless NULL. */
static void
FFT (inverse_tree) (const uint8_t *const *rows, size_t col, unsigned count,
    unsigned lg, unsigned pos, uint8_t *w, uint8_t *out, const Sink *sink)
{
  const unsigned n = 1u << lg, q = n / 4;

  if (lg > LEAF_LG) {
    for (unsigned i = 0; i < 4; i++) {
      uint8_t *sub = w + (size_t) i * q * PF_GF_COLUMN;

      if (i * q < count)
        FFT (inverse_tree)
      (rows + i * q, col, count - i * q, lg - 2, pos + i * q, sub, NULL, NULL);
      else memset (sub, 0, (size_t) q * PF_GF_COLUMN);
    }
  } else {
    FFT (inverse_leaf) (rows, col, n, count, lg, pos, w);
    for (unsigned l = lg % 2 ? 3 : 2; l + 2 < lg; l += 2)
      for (unsigned g = 0; g < n && g < count; g += 4u << l)
        FFT (inverse_pass) (w + (size_t) g * PF_GF_COLUMN, l, pos + g);
  }
  if (out)
    FFT (inverse_last) (w, out, lg - 2, pos, sink);
  else
    FFT (inverse_pass) (w, lg - 2, pos);
}

static INLINE void
FFT (inverse) (const uint8_t *const *rows, size_t col, unsigned count,
    unsigned lg, unsigned offset, uint8_t *work, uint8_t *acc, const Sink *sink)
{
  if (lg < 2)
    FFT (inverse_tiny) (rows, col, lg, offset, acc, sink);
  else if (lg == 2)
    FFT (inverse_rows4) (rows, col, acc, offset, sink);
  else if (lg == 3)
    FFT (inverse_rows8) (rows, col, acc, offset, sink);
  else
    /* in place where nothing is added: half the memory to walk over */
    FFT (inverse_tree)
  (rows, col, count, lg, offset, sink->fresh ? acc : work, acc, sink);
}

/* ---- Forward ------------------------------------------------------------ */

static INLINE void
FFT (forward_body) (
    const uint8_t *src, uint8_t *w, unsigned l, unsigned pos, Kinds k)
{
  const FFT (Twiddles) t = FFT (twiddles) (l, pos);
  const size_t d = (size_t) PF_GF_COLUMN << l;

  for (size_t i = 0; i < d; i += sizeof (E)) {
    E x[4];

    for (int r = 0; r < 4; r++)
      x[r] = e_load (src + i + r * d);
    FFT (forward_step) (x, &t, k);
    for (int r = 0; r < 4; r++)
      e_store (w + i + r * d, x[r]);
  }
}

static NOINLINE void
FFT (forward_pass) (const uint8_t *src, uint8_t *w, unsigned l, unsigned pos)
{
  FFT_BY_KINDS (l, pos, FFT (forward_body) (src, w, l, pos, k));
}

/* The lowest layers of the n rows at g, 4 or 8, to the rows themselves. */
static INLINE void
FFT (forward_rows) (const uint8_t *w, uint8_t *const *rows, size_t col, int n,
    unsigned pos, Kinds k)
{
  FFT (Twiddles8) t;

  FFT (twiddles8) (&t, pos, n);
  for (int i = 0; i < FFT (ELEMENTS); i++) {
    E x[8];

    for (int r = 0; r < n; r++)
      x[r] = e_load (w + r * PF_GF_COLUMN + i * (int) sizeof (E));
    if (n == 8)
      FFT (forward_step8) (x, &t, k);
    else
      FFT (forward_step) (x, &t.low, k);
    for (int r = 0; r < n; r++)
      if (rows[r])
        e_store_row (rows[r] + col, i, x[r]);
  }
}

static INLINE void
FFT (forward_rows4) (
    const uint8_t *w, uint8_t *const *rows, size_t col, unsigned pos)
{
  FFT_BY_KINDS (0, pos, FFT (forward_rows) (w, rows, col, 4, pos, k));
}

static INLINE void
FFT (forward_rows8) (
    const uint8_t *w, uint8_t *const *rows, size_t col, unsigned pos)
{
  FFT_BY_KINDS (
      0, pos ? pos + 4 : 0, FFT (forward_rows) (w, rows, col, 8, pos, k));
}

static INLINE void
FFT (forward_tiny) (const uint8_t *w, unsigned lg, uint8_t *const *rows,
    size_t col, unsigned pos)
{
  const T t = t_get (0, pos);

  for (int i = 0; i < FFT (ELEMENTS); i++) {
    const uint8_t *p = w + i * (int) sizeof (E);
    E x0 = e_load (p);

    if (lg == 1) {
      E x1 = e_load (p + PF_GF_COLUMN);

      x0 = e_muladd (x0, x1, &t, FULL);
      x1 = e_xor (x1, x0);
      if (rows[1])
        e_store_row (rows[1] + col, i, x1);
    }
    if (rows[0])
      e_store_row (rows[0] + col, i, x0);
  }
}

/* Is anything of the n rows at g wanted? */
static INLINE bool
FFT (wanted) (const Wanted *want, unsigned g, unsigned n)
{
  if (g >= want->count)
    return false;
  if (!want->need)
    return true;
  for (unsigned i = g / 4; i < (g + n) / 4; i++)
    if (want->need[i])
      return true;
  return false;
}

/* All layers of the 2^lg rows from row g on, lg >= 2. */
static void
FFT (forward_tree) (const uint8_t *src, uint8_t *w, unsigned lg, unsigned g,
    unsigned offset, uint8_t *const *rows, size_t col, const Wanted *want)
{
  const unsigned q = 1u << (lg - 2);

  if (lg == 2) {
    FFT (forward_rows4) (src, rows + g, col, offset + g);
    return;
  }
  if (lg == 3) {
    FFT (forward_rows8) (src, rows + g, col, offset + g);
    return;
  }
  if (lg <= 5)
    prefetch_rows ((const uint8_t *const *) rows + g, col, 1 << lg);
  FFT (forward_pass) (src, w, lg - 2, offset + g);
  for (unsigned i = 0; i < 4; i++) {
    uint8_t *sub = w + (size_t) i * q * PF_GF_COLUMN;

    if (FFT (wanted) (want, g + i * q, q))
      FFT (forward_tree) (sub, sub, lg - 2, g + i * q, offset, rows, col, want);
  }
}

static INLINE void
FFT (forward) (const uint8_t *src, uint8_t *work, unsigned lg, unsigned offset,
    uint8_t *const *rows, size_t col, const Wanted *want)
{
  if (lg < 2)
    FFT (forward_tiny) (src, lg, rows, col, offset);
  else
    FFT (forward_tree) (src, work, lg, 0, offset, rows, col, want);
}

#undef FFT_BY_KINDS
