/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The slow and independent form of every code: see fec-oracle.h.
 *
 * GF(2^8): polynomial 0x11d. Video: coefficient (j, i) = 1 / ((m + i) ^ j).
 * Audio: two fixed rows.
 *
 * GF(2^16): polynomial 0x1002d. A 16-bit element is stored as coordinates in
 * a Cantor basis: bit b stands for basis[b]. Sums are xor in any basis;
 * products go through the polynomial basis. P (n) = next power of two.
 *  - High rate, P (k) > P (m) or equal and k <= m: data i sits at point
 *    a = P (m) + i, parity j at point j:
 *    coefficient = (a >> log2 P (m)) / (a ^ j).
 *  - Low rate, otherwise: data i sits at point i, parity j at point
 *    b = P (k) + j: coefficient = (b >> log2 P (k)) / (b ^ i). This is
 *    Lagrange's formula on the subspace 0 .. P (k) - 1, whose vanishing
 *    polynomial is b >> log2 P (k) in these coordinates and has derivative 1.
 */
#include "fec-oracle.h"

#include <stdlib.h>
#include <string.h>

static const uint16_t cantor_basis[16] = { 0x0001, 0xacca, 0x3c0e, 0x163e,
  0xc582, 0xed2e, 0x914c, 0x4012, 0x6c98, 0x10d8, 0x6a72, 0xb900, 0xfdb8,
  0xfb34, 0xff38, 0x991e };

static const uint8_t audio_rows[2][4] = {
  { 0x77, 0x40, 0x38, 0x0e },
  { 0xc7, 0xa7, 0x0d, 0x6c },
};

/* Both fields: powers and logarithms of the element x, which generates the
 * multiplicative group of either. In the polynomial basis. */
static uint8_t exp8[2 * 255], log8[256];
static uint16_t exp16[2 * 65535], log16[65536];

/* Coordinates to polynomial basis and back. */
static uint16_t to_poly[65536], from_poly[65536];

/* Powers and logarithms once more, of elements given as coordinates. */
static uint16_t exp_c[2 * 65535], log_c[65536];

/* Leopard's own tables, from the words of the specification. */
static uint16_t leo_log[65536], leo_exp[65536], leo_skew[65535];

static uint16_t
leo_add (uint16_t a, uint16_t b)
{
  uint32_t s = (uint32_t) a + b;

  return (uint16_t) (s + (s >> 16));
}

static uint16_t
leo_mul (uint16_t x, uint16_t l)
{
  return x == 0 ? 0 : leo_exp[leo_add (leo_log[x], l)];
}

static void
leo_init (void)
{
  static uint16_t lf[65536], conv[65536];
  uint16_t temp[16];
  uint32_t state = 1;

  for (uint32_t i = 0; i < 65535; i++) {
    lf[state] = (uint16_t) i;
    state <<= 1;
    if (state & 0x10000)
      state ^= 0x1002d;
  }
  lf[0] = 65535;

  conv[0] = 0;
  for (unsigned b = 0; b < 16; b++)
    for (uint32_t j = 0; j < 1u << b; j++)
      conv[j + (1u << b)] = conv[j] ^ cantor_basis[b];

  for (uint32_t i = 0; i < 65536; i++)
    leo_log[i] = lf[conv[i]];
  for (uint32_t i = 0; i < 65536; i++)
    leo_exp[leo_log[i]] = (uint16_t) i;
  leo_exp[65535] = leo_exp[0];

  for (unsigned i = 1; i < 16; i++)
    temp[i - 1] = (uint16_t) (1u << i);
  for (unsigned m = 0; m < 15; m++) {
    uint32_t step = 1u << (m + 1);

    leo_skew[(1u << m) - 1] = 0;
    for (unsigned i = m; i < 15; i++) {
      uint32_t s = 1u << (i + 1);

      for (uint32_t j = (1u << m) - 1; j < s; j += step)
        leo_skew[j + s] = leo_skew[j] ^ temp[i];
    }
    temp[m] =
        (uint16_t) (65535 - leo_log[leo_mul (temp[m], leo_log[temp[m] ^ 1])]);
    for (unsigned i = m + 1; i < 15; i++)
      temp[i] = leo_mul (temp[i], leo_add (leo_log[temp[i] ^ 1], temp[m]));
  }
  for (uint32_t i = 0; i < 65535; i++)
    leo_skew[i] = leo_log[leo_skew[i]];
}

void
fec_oracle_init (void)
{
  uint32_t x = 1;

  for (unsigned i = 0; i < 255; i++) {
    exp8[i] = exp8[i + 255] = (uint8_t) x;
    log8[x] = (uint8_t) i;
    x <<= 1;
    if (x & 0x100)
      x ^= 0x11d;
  }

  x = 1;
  for (uint32_t i = 0; i < 65535; i++) {
    exp16[i] = exp16[i + 65535] = (uint16_t) x;
    log16[x] = (uint16_t) i;
    x <<= 1;
    if (x & 0x10000)
      x ^= 0x1002d;
  }

  for (uint32_t i = 0; i < 65536; i++) {
    uint16_t p = 0;

    for (unsigned b = 0; b < 16; b++)
      if (i >> b & 1)
        p ^= cantor_basis[b];
    to_poly[i] = p;
    from_poly[p] = (uint16_t) i;
  }
  for (uint32_t i = 0; i < 65536; i++)
    log_c[i] = log16[to_poly[i]];
  for (uint32_t i = 0; i < 2 * 65535; i++)
    exp_c[i] = from_poly[exp16[i]];

  leo_init ();
}

static uint32_t
next_pow2 (uint32_t n)
{
  uint32_t p = 1;

  while (p < n)
    p *= 2;
  return p;
}

static unsigned
log2_of (uint32_t p)
{
  unsigned l = 0;

  while (p > 1u << l)
    l++;
  return l;
}

static bool
high_rate (uint32_t k, uint32_t m)
{
  uint32_t pk = next_pow2 (k), pm = next_pow2 (m);

  return pk > pm || (pk == pm && k <= m);
}

bool
fec_oracle_supported (uint32_t scheme, uint32_t k, uint32_t m, size_t size)
{
  uint64_t sum = (uint64_t) k + m;

  if (k == 0 || m == 0 || size == 0)
    return false;
  switch (scheme) {
  case PF_FEC_GF8:
    return sum <= 255;
  case PF_FEC_AUDIO:
    return k == 4 && m == 2;
  case PF_FEC_GF16:
    if (size % 2 != 0 || sum > 65535)
      return false;
    {
      uint32_t pk = next_pow2 (k), pm = next_pow2 (m);

      return (pk < pm ? pk : pm) + (k > m ? k : m) <= 65536;
    }
  default:
    return false;
  }
}

uint16_t
fec_oracle_mul (uint32_t scheme, uint16_t a, uint16_t b)
{
  if (a == 0 || b == 0)
    return 0;
  if (scheme != PF_FEC_GF16)
    return exp8[log8[a] + log8[b]];
  return exp_c[(uint32_t) log_c[a] + log_c[b]];
}

uint16_t
fec_oracle_inv (uint32_t scheme, uint16_t a)
{
  if (a == 0)
    abort ();
  if (scheme != PF_FEC_GF16)
    return exp8[255 - log8[a]];
  return exp_c[65535 - log_c[a]];
}

uint16_t
fec_oracle_coefficient (
    uint32_t scheme, uint32_t k, uint32_t m, uint32_t j, uint32_t i)
{
  uint32_t point, other;
  unsigned shift;

  switch (scheme) {
  case PF_FEC_GF8:
    return fec_oracle_inv (scheme, (uint16_t) ((m + i) ^ j));
  case PF_FEC_AUDIO:
    return audio_rows[j][i];
  default:
    break;
  }
  if (high_rate (k, m)) {
    shift = log2_of (next_pow2 (m));
    point = (1u << shift) + i;
    other = j;
  } else {
    shift = log2_of (next_pow2 (k));
    point = (1u << shift) + j;
    other = i;
  }
  return fec_oracle_mul (scheme, (uint16_t) (point >> shift),
      fec_oracle_inv (scheme, (uint16_t) (point ^ other)));
}

/* Where the two halves of 16-bit element e of a shard are kept: 64-byte
 * blocks of 32 low bytes and 32 high bytes, a tail of t bytes t/2 and t/2. */
static void
element_at (size_t size, size_t e, size_t *low, size_t *high)
{
  size_t block = e / 32 * 64;
  size_t half = size - block < 64 ? (size - block) / 2 : 32;

  *low = block + e % 32;
  *high = *low + half;
}

static uint16_t
load (const uint8_t *row, size_t size, size_t e)
{
  size_t low, high;

  element_at (size, e, &low, &high);
  return (uint16_t) (row[low] | row[high] << 8);
}

static void
store (uint8_t *row, size_t size, size_t e, uint16_t value)
{
  size_t low, high;

  element_at (size, e, &low, &high);
  row[low] = (uint8_t) value;
  row[high] = (uint8_t) (value >> 8);
}

/* row ^= c * other, element by element. */
static void
add_scaled (uint32_t scheme, uint8_t *row, const uint8_t *other, uint16_t c,
    size_t size)
{
  if (c == 0)
    return;
  if (scheme != PF_FEC_GF16) {
    for (size_t b = 0; b < size; b++)
      row[b] ^= (uint8_t) fec_oracle_mul (scheme, c, other[b]);
    return;
  }
  for (size_t e = 0; e < size / 2; e++) {
    size_t low, high;
    uint16_t product;

    element_at (size, e, &low, &high);
    product =
        fec_oracle_mul (scheme, c, (uint16_t) (other[low] | other[high] << 8));
    row[low] ^= (uint8_t) product;
    row[high] ^= (uint8_t) (product >> 8);
  }
}

void
fec_oracle_parity_row (uint32_t scheme, uint32_t k, uint32_t m, size_t size,
    const uint8_t *const *data, uint32_t j, uint8_t *out)
{
  memset (out, 0, size);
  for (uint32_t i = 0; i < k; i++)
    add_scaled (scheme, out, data[i],
        fec_oracle_coefficient (scheme, k, m, j, i), size);
}

/* The transforms work on rows of n 16-bit elements each. */
static void
leo_ifft (uint16_t *w, size_t n, uint32_t pos, uint32_t size, uint32_t delta)
{
  for (uint32_t d = 1; d <= size / 2; d *= 2)
    for (uint32_t r = 0; r < size; r += 2 * d) {
      uint16_t l = leo_skew[r + d + delta - 1];

      for (uint32_t i = 0; i < d; i++) {
        uint16_t *a = w + (pos + r + i) * n;
        uint16_t *b = w + (pos + r + i + d) * n;

        for (size_t e = 0; e < n; e++) {
          b[e] ^= a[e];
          if (l != 65535)
            a[e] ^= leo_mul (b[e], l);
        }
      }
    }
}

static void
leo_fft (uint16_t *w, size_t n, uint32_t pos, uint32_t size, uint32_t delta)
{
  for (uint32_t d = size / 2; d >= 1; d /= 2)
    for (uint32_t r = 0; r < size; r += 2 * d) {
      uint16_t l = leo_skew[r + d + delta - 1];

      for (uint32_t i = 0; i < d; i++) {
        uint16_t *a = w + (pos + r + i) * n;
        uint16_t *b = w + (pos + r + i + d) * n;

        for (size_t e = 0; e < n; e++) {
          if (l != 65535)
            a[e] ^= leo_mul (b[e], l);
          b[e] ^= a[e];
        }
      }
    }
}

bool
fec_oracle_leopard (uint32_t k, uint32_t m, size_t size,
    const uint8_t *const *data, uint8_t *const *parity)
{
  bool high = high_rate (k, m);
  uint32_t c = next_pow2 (high ? m : k);
  uint32_t chunks = ((high ? k : m) + c - 1) / c;
  size_t n = size / 2, rows = (size_t) chunks * c;
  uint16_t *w = calloc (rows * n, sizeof *w);

  if (w == NULL)
    return false;
  for (uint32_t i = 0; i < k; i++)
    for (size_t e = 0; e < n; e++)
      w[i * n + e] = load (data[i], size, e);

  if (high) {
    for (uint32_t q = 0; q < chunks; q++)
      leo_ifft (w, n, q * c, c, q * c + c);
    for (uint32_t q = 1; q < chunks; q++)
      for (size_t x = 0; x < c * n; x++)
        w[x] ^= w[q * c * n + x];
    leo_fft (w, n, 0, c, 0);
  } else {
    leo_ifft (w, n, 0, c, 0);
    for (uint32_t q = 1; q < chunks; q++)
      memcpy (w + q * c * n, w, c * n * sizeof *w);
    for (uint32_t q = 0; q < chunks; q++)
      leo_fft (w, n, q * c, c, q * c + c);
  }

  for (uint32_t j = 0; j < m; j++)
    for (size_t e = 0; e < n; e++)
      store (parity[j], size, e, w[j * n + e]);
  free (w);
  return true;
}

bool
fec_oracle_decode (uint32_t scheme, uint32_t k, uint32_t m, size_t size,
    const uint8_t *const *data, const uint8_t *const *parity,
    const uint8_t *present, uint8_t *const *out)
{
  uint32_t *lost = calloc (k, sizeof *lost);
  uint32_t *used = calloc (m, sizeof *used);
  uint16_t *a = NULL;
  uint8_t *s = NULL;
  uint32_t n = 0, n_used = 0;
  bool ok = false;

  if (lost == NULL || used == NULL)
    goto out;
  for (uint32_t i = 0; i < k; i++)
    if (!present[i])
      lost[n++] = i;
  for (uint32_t j = 0; j < m && n_used < n; j++)
    if (present[k + j])
      used[n_used++] = j;
  if (n_used < n)
    goto out;
  ok = n == 0;
  if (ok)
    goto out;

  /* Row r of the system: the lost rows' share of parity row used[r]. */
  a = calloc ((size_t) n * n, sizeof *a);
  s = calloc (n, size);
  if (a == NULL || s == NULL)
    goto out;
  for (uint32_t r = 0; r < n; r++) {
    uint8_t *rest = s + r * size;

    memcpy (rest, parity[used[r]], size);
    for (uint32_t i = 0; i < k; i++)
      if (present[i])
        add_scaled (scheme, rest, data[i],
            fec_oracle_coefficient (scheme, k, m, used[r], i), size);
    for (uint32_t x = 0; x < n; x++)
      a[r * n + x] = fec_oracle_coefficient (scheme, k, m, used[r], lost[x]);
  }

  for (uint32_t x = 0; x < n; x++) {
    uint32_t pivot = x;
    uint16_t inverse;

    while (pivot < n && a[pivot * n + x] == 0)
      pivot++;
    if (pivot == n)
      goto out;
    if (pivot != x) {
      for (uint32_t y = 0; y < n; y++) {
        uint16_t t = a[x * n + y];

        a[x * n + y] = a[pivot * n + y];
        a[pivot * n + y] = t;
      }
      for (size_t b = 0; b < size; b++) {
        uint8_t t = s[x * size + b];

        s[x * size + b] = s[pivot * size + b];
        s[pivot * size + b] = t;
      }
    }
    inverse = fec_oracle_inv (scheme, a[x * n + x]);
    for (uint32_t y = 0; y < n; y++)
      a[x * n + y] = fec_oracle_mul (scheme, a[x * n + y], inverse);
    /* Scale the row: row ^= (inverse ^ 1) * row is inverse * row. */
    if (inverse != 1) {
      uint8_t *copy = malloc (size);

      if (copy == NULL)
        goto out;
      memcpy (copy, s + x * size, size);
      add_scaled (scheme, s + x * size, copy, inverse ^ 1, size);
      free (copy);
    }
    for (uint32_t r = 0; r < n; r++) {
      uint16_t c = a[r * n + x];

      if (r == x || c == 0)
        continue;
      for (uint32_t y = 0; y < n; y++)
        a[r * n + y] ^= fec_oracle_mul (scheme, a[x * n + y], c);
      add_scaled (scheme, s + r * size, s + x * size, c, size);
    }
  }
  for (uint32_t x = 0; x < n; x++)
    memcpy (out[lost[x]], s + x * size, size);
  ok = true;

out:
  free (s);
  free (a);
  free (used);
  free (lost);
  return ok;
}
