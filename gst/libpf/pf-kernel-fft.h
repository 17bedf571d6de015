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

static INLINE void
FFT (load_rows) (E x[4], const uint8_t *const rows[4], size_t col, int i)
{
  for (int r = 0; r < 4; r++)
    x[r] = rows[r] ? e_load_row (rows[r] + col, i) : e_zero ();
}

/* All loads come before the first store: rows are often a multiple of 4096
 * bytes apart, and a load behind such a store waits for it. */
static INLINE void
FFT (store4) (uint8_t *p, size_t distance, E x[4], const Sink *sink)
{
  if (sink)
    for (int r = 0; r < 4; r++)
      x[r] = e_join (p + r * distance, x[r], sink);
  for (int r = 0; r < 4; r++)
    e_store (p + r * distance, x[r]);
}

/* Layers 0 and 1 of the four rows at g, from the rows themselves. */
static INLINE void
FFT (inverse_rows) (const uint8_t *const *rows, size_t col, uint8_t *out,
    unsigned pos, Kinds k, const Sink *sink)
{
  const FFT (Twiddles) t = FFT (twiddles) (0, pos);

  for (int i = 0; i < FFT (ELEMENTS); i++) {
    E x[4];

    FFT (load_rows) (x, rows, col, i);
    FFT (inverse_step) (x, &t, k);
    FFT (store4) (out + i * (int) sizeof (E), PF_GF_COLUMN, x, sink);
  }
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
    FFT (store4) ((sink ? out : w) + i, d, x, sink);
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

/* A single layer l as the last of a transform. */
static NOINLINE void
FFT (inverse_last2) (
    uint8_t *w, uint8_t *out, unsigned l, unsigned pos, const Sink *sink)
{
  const T t = t_get (l, pos);
  const size_t d = (size_t) PF_GF_COLUMN << l;

  for (size_t i = 0; i < d; i += sizeof (E)) {
    E x0 = e_load (w + i), x1 = e_load (w + i + d);

    x1 = e_xor (x1, x0);
    x0 = e_muladd (x0, x1, &t, FULL);
    x0 = e_join (out + i, x0, sink);
    x1 = e_join (out + i + d, x1, sink);
    e_store (out + i, x0);
    e_store (out + i + d, x1);
  }
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

static void
FFT (inverse_leaf_rows) (const uint8_t *const *rows, size_t col, unsigned n,
    unsigned count, unsigned pos, uint8_t *w)
{
  for (unsigned g = 0; g < n; g += 4, w += 4 * PF_GF_COLUMN) {
    if (g >= count) {
      memset (w, 0, (size_t) (n - g) * PF_GF_COLUMN);
      return;
    }
    FFT_BY_KINDS (
        0, pos + g, FFT (inverse_rows) (rows + g, col, w, pos + g, k, NULL));
  }
}

/* All layers of 2^lg rows, lg >= 3; the last pass goes to out unless NULL. */
static void
FFT (inverse_tree) (const uint8_t *const *rows, size_t col, unsigned count,
    unsigned lg, unsigned pos, uint8_t *w, uint8_t *out, const Sink *sink)
{
  const unsigned n = 1u << lg;
  unsigned l = 2;

  if (lg > LEAF_LG) {
    const unsigned q = n / 4;

    for (unsigned i = 0; i < 4; i++) {
      uint8_t *sub = w + (size_t) i * q * PF_GF_COLUMN;

      if (i * q < count)
        FFT (inverse_tree)
        (rows + i * q, col, count - i * q, lg - 2, pos + i * q, sub, NULL,
            NULL);
      else
        memset (sub, 0, (size_t) q * PF_GF_COLUMN);
    }
    l = lg - 2;
  } else {
    FFT (inverse_leaf_rows) (rows, col, n, count, pos, w);
    for (; l + 2 < lg; l += 2)
      for (unsigned g = 0; g < n && g < count; g += 4u << l)
        FFT (inverse_pass) (w + (size_t) g * PF_GF_COLUMN, l, pos + g);
  }
  /* one or two layers are left */
  if (!out) {
    Sink keep = SINK_KEEP;

    if (l + 2 == lg)
      FFT (inverse_pass) (w, l, pos);
    else
      FFT (inverse_last2) (w, w, l, pos, &keep);
  } else if (l + 2 == lg)
    FFT (inverse_last) (w, out, l, pos, sink);
  else
    FFT (inverse_last2) (w, out, l, pos, sink);
}

static INLINE void
FFT (inverse) (const uint8_t *const *rows, size_t col, unsigned count,
    unsigned lg, unsigned offset, uint8_t *work, uint8_t *acc, const Sink *sink)
{
  if (lg < 2)
    FFT (inverse_tiny) (rows, col, lg, offset, acc, sink);
  else if (lg == 2)
    FFT_BY_KINDS (
        0, offset, FFT (inverse_rows) (rows, col, acc, offset, k, sink));
  else
    /* in place where nothing is added: half the memory to walk over */
    FFT (inverse_tree) (rows, col, count, lg, offset, sink->fresh ? acc : work,
        acc, sink);
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

static NOINLINE void
FFT (forward_pass2) (const uint8_t *src, uint8_t *w, unsigned l, unsigned pos)
{
  const T t = t_get (l, pos);
  const size_t d = (size_t) PF_GF_COLUMN << l;

  for (size_t i = 0; i < d; i += sizeof (E)) {
    E x0 = e_load (src + i), x1 = e_load (src + i + d);

    x0 = e_muladd (x0, x1, &t, FULL);
    x1 = e_xor (x1, x0);
    e_store (w + i, x0);
    e_store (w + i + d, x1);
  }
}

/* Layers 1 and 0 of four rows, to the rows themselves. */
static INLINE void
FFT (forward_rows) (const uint8_t *w, uint8_t *const *rows, size_t col,
    unsigned pos, Kinds k, const Direct *direct)
{
  const FFT (Twiddles) t = FFT (twiddles) (0, pos);
  E x[FFT (ELEMENTS)][4];

  for (int i = 0; i < FFT (ELEMENTS); i++) {
    for (int r = 0; r < 4; r++)
      x[i][r] = e_load (w + r * PF_GF_COLUMN + i * (int) sizeof (E));
    FFT (forward_step) (x[i], &t, k);
  }
  e_direct (x, col, direct);
  for (int r = 0; r < 4; r++)
    if (rows[r])
      for (int i = 0; i < FFT (ELEMENTS); i++)
        e_store_row (rows[r] + col, i, x[i][r]);
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

/* All layers of the 2^lg rows from row g on, lg even and >= 2. */
static void
FFT (forward_tree) (const uint8_t *src, uint8_t *w, unsigned lg, unsigned g,
    unsigned offset, uint8_t *const *rows, size_t col, const Wanted *want,
    const Direct *direct)
{
  const unsigned q = 1u << (lg - 2);

  if (lg == 2) {
    Direct here = direct_at (direct, g);

    FFT_BY_KINDS (0, offset + g,
        FFT (forward_rows) (src, rows + g, col, offset + g, k, &here));
    return;
  }
  if (lg == 4)
    for (unsigned i = 0; i < 16; i += 4)
      prefetch_rows ((const uint8_t *const *) rows + g + i, col);
  FFT (forward_pass) (src, w, lg - 2, offset + g);
  for (unsigned i = 0; i < 4; i++) {
    uint8_t *sub = w + (size_t) i * q * PF_GF_COLUMN;

    if (FFT (wanted) (want, g + i * q, q))
      FFT (forward_tree)
      (sub, sub, lg - 2, g + i * q, offset, rows, col, want, direct);
  }
}

static INLINE void
FFT (forward) (const uint8_t *src, uint8_t *work, unsigned lg, unsigned offset,
    uint8_t *const *rows, size_t col, const Wanted *want, const Direct *direct)
{
  if (lg < 2) {
    FFT (forward_tiny) (src, lg, rows, col, offset);
    return;
  }
  if (lg % 2 == 0) {
    FFT (forward_tree) (src, work, lg, 0, offset, rows, col, want, direct);
    return;
  }
  FFT (forward_pass2) (src, work, lg - 1, offset);
  for (unsigned i = 0; i < 2; i++) {
    const unsigned g = i << (lg - 1);
    uint8_t *sub = work + (size_t) g * PF_GF_COLUMN;

    if (FFT (wanted) (want, g, 1u << (lg - 1)))
      FFT (forward_tree) (sub, sub, lg - 1, g, offset, rows, col, want, direct);
  }
}

#undef FFT_BY_KINDS
