/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * An anchor that is as plain as can be: the GameStream matrix over GF(2^8),
 * one byte at a time, losses solved by elimination. It shows what an anchor
 * looks like and lets the tests load one. With PLAIN_WRONG it spoils one bit
 * of parity and of restored data, to show that this is seen.
 */
#include "pf-anchor.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
  unsigned k, m;
  size_t size;
} Plain;

static uint8_t product[256][256], inverse[256];

static uint8_t
multiply (unsigned a, unsigned b)
{
  unsigned p = 0;

  for (; b != 0; b >>= 1) {
    if (b & 1)
      p ^= a;
    a = a << 1 ^ (a & 0x80 ? 0x11d : 0);
  }
  return (uint8_t) p;
}

const char *
pf_anchor_name (void)
{
  return "plain";
}

int
pf_anchor_init (void)
{
  unsigned a, b;

  for (a = 0; a < 256; a++)
    for (b = 0; b < 256; b++) {
      product[a][b] = multiply (a, b);
      if (product[a][b] == 1)
        inverse[a] = (uint8_t) b;
    }
  return 0;
}

void *
pf_anchor_create (int field, unsigned k, unsigned m, size_t size)
{
  Plain *c = field == 8 && k + m <= 255 ? malloc (sizeof *c) : NULL;

  if (c != NULL) {
    c->k = k;
    c->m = m;
    c->size = size;
  }
  return c;
}

void
pf_anchor_destroy (void *ctx)
{
  free (ctx);
}

/* Of parity row j and data row i. */
static uint8_t
coefficient (const Plain *c, unsigned j, unsigned i)
{
  return inverse[(c->m + i) ^ j];
}

/* to += factor * from */
static void
add_row (uint8_t *to, const uint8_t *from, uint8_t factor, size_t size)
{
  const uint8_t *times = product[factor];
  size_t b;

  for (b = 0; b < size; b++)
    to[b] ^= times[from[b]];
}

static void
scale_row (uint8_t *row, uint8_t factor, size_t size)
{
  size_t b;

  for (b = 0; b < size; b++)
    row[b] = product[factor][row[b]];
}

static void
spoil (uint8_t *row, size_t size)
{
#ifdef PLAIN_WRONG
  row[size - 1] ^= 0x10;
#else
  (void) row;
  (void) size;
#endif
}

int
pf_anchor_encode (void *ctx, uint8_t *const *data, uint8_t *const *parity)
{
  const Plain *c = ctx;
  unsigned i, j;

  for (j = 0; j < c->m; j++) {
    memset (parity[j], 0, c->size);
    for (i = 0; i < c->k; i++)
      add_row (parity[j], data[i], coefficient (c, j, i), c->size);
  }
  spoil (parity[c->m - 1], c->size);
  return 0;
}

int
pf_anchor_decode (void *ctx, uint8_t *const *data, uint8_t *const *parity,
    const uint8_t *present)
{
  const Plain *c = ctx;
  uint8_t square[255][255];
  unsigned lost[255], n = 0, i, j, row = 0, col;

  for (i = 0; i < c->k; i++)
    if (!present[i])
      lost[n++] = i;
  /* Into each lost row a parity row, less what arrived of its data. */
  for (j = 0; j < c->m && row < n; j++) {
    if (!present[c->k + j])
      continue;
    memcpy (data[lost[row]], parity[j], c->size);
    for (i = 0; i < c->k; i++)
      if (present[i])
        add_row (data[lost[row]], data[i], coefficient (c, j, i), c->size);
    for (col = 0; col < n; col++)
      square[row][col] = coefficient (c, j, lost[col]);
    row++;
  }
  if (row < n)
    return -1;
  /* No pivot of a Cauchy matrix is ever zero. */
  for (col = 0; col < n; col++) {
    uint8_t factor = inverse[square[col][col]];

    scale_row (square[col], factor, n);
    scale_row (data[lost[col]], factor, c->size);
    for (row = 0; row < n; row++) {
      factor = square[row][col];
      if (row == col || factor == 0)
        continue;
      add_row (square[row], square[col], factor, n);
      add_row (data[lost[row]], data[lost[col]], factor, c->size);
    }
  }
  if (n > 0)
    spoil (data[lost[n - 1]], c->size);
  return 0;
}
