/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The built-in anchor for GF(2^8): ISA-L with the coefficients of the
 * GameStream matrix, inverse of (m + i) XOR j over 0x11d, so that its parity
 * equals libpf's. ISA-L keeps the 32-byte tables of all coefficients, hence
 * create makes them; decode needs new coefficients for every loss, hence it
 * makes them each time, by the cheapest way ISA-L's own functions allow: the
 * e x e matrix of the lost rows is inverted, not the k x k one.
 */
#include "bench-codec.h"

#ifndef BENCH_ISAL_VERSION

int
bench_codec_isal (BenchCodec *codec)
{
  (void) codec;
  return -1;
}

#else

#include <isa-l/erasure_code.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  unsigned k, m;
  size_t size;
  uint8_t *matrix;      /* m x k */
  uint8_t *tables;      /* of the matrix, 32 bytes a coefficient */
  uint8_t *square;      /* e x e */
  uint8_t *inverse;     /* e x e */
  uint8_t *gathered;    /* e x k: columns of rows that arrived */
  uint8_t *product;     /* e x k: inverse times gathered */
  uint8_t *full;        /* e x k: product, then inverse */
  uint8_t *full_tables; /* of inverse, then of full */
} Isal;

static int
isal_init (void)
{
  return 0;
}

static void
isal_destroy (void *ctx)
{
  Isal *c = ctx;

  if (c == NULL)
    return;
  free (c->matrix);
  free (c->tables);
  free (c->square);
  free (c->inverse);
  free (c->gathered);
  free (c->product);
  free (c->full);
  free (c->full_tables);
  free (c);
}

static void *
isal_create (int field, unsigned k, unsigned m, size_t size)
{
  Isal *c;
  unsigned i, j;

  if (field != BENCH_GF8 || k < 1 || m < 1 || k + m > 255 || size > INT32_MAX)
    return NULL;
  c = calloc (1, sizeof *c);
  if (c == NULL)
    return NULL;
  c->k = k;
  c->m = m;
  c->size = size;
  c->matrix = malloc ((size_t) k * m);
  c->tables = malloc ((size_t) 32 * k * m);
  c->square = malloc ((size_t) m * m);
  c->inverse = malloc ((size_t) m * m);
  c->gathered = malloc ((size_t) k * m);
  c->product = malloc ((size_t) k * m);
  c->full = malloc ((size_t) k * m);
  c->full_tables = malloc ((size_t) 32 * (k > m ? k : m) * m);
  if (c->matrix == NULL || c->tables == NULL || c->square == NULL ||
      c->inverse == NULL || c->gathered == NULL || c->product == NULL ||
      c->full == NULL || c->full_tables == NULL) {
    isal_destroy (c);
    return NULL;
  }
  for (j = 0; j < m; j++)
    for (i = 0; i < k; i++)
      c->matrix[j * k + i] = gf_inv ((unsigned char) ((m + i) ^ j));
  ec_init_tables ((int) k, (int) m, c->matrix, c->tables);
  return c;
}

static int
isal_encode (void *ctx, uint8_t *const *data, uint8_t *const *parity)
{
  Isal *c = ctx;

  ec_encode_data ((int) c->size, (int) c->k, (int) c->m, c->tables,
      (unsigned char **) data, (unsigned char **) parity);
  return 0;
}

static int
isal_decode (void *ctx, uint8_t *const *data, uint8_t *const *parity,
    const uint8_t *present)
{
  Isal *c = ctx;
  unsigned lost[255], rows[255];
  uint8_t *sources[255], *outputs[255], *in[255], *out[255];
  unsigned k = c->k, e = 0, n = 0, i, a, b;

  for (i = 0; i < k; i++)
    if (!present[i]) {
      outputs[e] = data[i];
      lost[e++] = i;
    } else
      sources[n++] = data[i];
  if (e == 0)
    return 0;
  for (i = 0, a = 0; i < c->m && a < e; i++)
    if (present[k + i]) {
      sources[n++] = parity[i];
      rows[a++] = i;
    }
  if (a < e)
    return -1;

  for (a = 0; a < e; a++) {
    const uint8_t *row = c->matrix + rows[a] * k;

    for (b = 0; b < e; b++)
      c->square[a * e + b] = row[lost[b]];
    for (i = 0, b = 0; i < k; i++)
      if (present[i])
        c->gathered[a * (k - e) + b++] = row[i];
  }
  if (gf_invert_matrix (c->square, c->inverse, (int) e) != 0)
    return -1;
  if (k > e) {
    for (a = 0; a < e; a++) {
      in[a] = c->gathered + a * (k - e);
      out[a] = c->product + a * (k - e);
    }
    ec_init_tables ((int) e, (int) e, c->inverse, c->full_tables);
    ec_encode_data ((int) (k - e), (int) e, (int) e, c->full_tables, in, out);
  }
  for (a = 0; a < e; a++) {
    if (k > e)
      memcpy (c->full + a * k, c->product + a * (k - e), k - e);
    memcpy (c->full + a * k + k - e, c->inverse + a * e, e);
  }
  ec_init_tables ((int) k, (int) e, c->full, c->full_tables);
  ec_encode_data (
      (int) c->size, (int) k, (int) e, c->full_tables, sources, outputs);
  return 0;
}

int
bench_codec_isal (BenchCodec *codec)
{
  memset (codec, 0, sizeof *codec);
  snprintf (codec->name, sizeof codec->name, "isa-l-%s", BENCH_ISAL_VERSION);
  codec->init = isal_init;
  codec->create = isal_create;
  codec->encode = isal_encode;
  codec->decode = isal_decode;
  codec->destroy = isal_destroy;
  return 0;
}

#endif
