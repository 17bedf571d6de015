/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The table of cases. A target is a ratio of speeds on one core, libpf's
 * best kernel set against the named anchor built for the same machine; it
 * means something only with AVX-512 and GFNI (target) or with the kernel set
 * forced to "avx2" (target_avx2).
 */
#include "bench-cases.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench-codec.h"

#define NANORS "nanors"
#define LEOPARD "leopard"
#define GF8(op, k, m, size, target)                                            \
  {                                                                            \
    BENCH_GF8, op, k, m, size, NANORS, target, 0, 0                            \
  }
#define GF16(op, k, m, size, target, avx2)                                     \
  {                                                                            \
    BENCH_GF16, op, k, m, size, LEOPARD, target, avx2, 0                       \
  }

const BenchCase bench_cases[] = {
  GF8 (BENCH_ENCODE, 10, 2, 1408, 1.0),
  GF8 (BENCH_ENCODE, 20, 4, 1408, 0),
  GF8 (BENCH_ENCODE, 50, 10, 1408, 2.5),
  GF8 (BENCH_ENCODE, 100, 20, 1408, 3.5),
  GF8 (BENCH_ENCODE, 150, 30, 1408, 6),
  GF8 (BENCH_ENCODE, 212, 43, 1408, 6),
  GF8 (BENCH_ENCODE, 200, 50, 1408, 6),
  GF8 (BENCH_ENCODE, 100, 20, 1392, 6),
  GF8 (BENCH_ENCODE, 100, 20, 1388, 0),
  GF8 (BENCH_DECODE_MAX, 20, 4, 1408, 0),
  GF8 (BENCH_DECODE_MAX, 100, 20, 1408, 3),
  GF8 (BENCH_DECODE_MAX, 200, 50, 1408, 4.5),
  GF8 (BENCH_DECODE_1PC, 100, 20, 1392, 0),
  GF8 (BENCH_DECODE_TWO, 100, 20, 1408, 1.5),
  GF8 (BENCH_DECODE_ONE, 100, 20, 1408, 1.0),
  { BENCH_AUDIO, BENCH_ENCODE, 4, 2, 240, NULL, 0, 0, 0 },
  { BENCH_AUDIO, BENCH_DECODE_MAX, 4, 2, 240, NULL, 0, 0, 0 },
  GF16 (BENCH_ENCODE, 20, 4, 1408, 0, 0),
  GF16 (BENCH_ENCODE, 20, 4, 1388, 0, 0),
  GF16 (BENCH_ENCODE, 100, 20, 1408, 2.3, 0.85),
  GF16 (BENCH_ENCODE, 100, 20, 1388, 0, 0),
  GF16 (BENCH_ENCODE, 500, 100, 1408, 2.6, 0.85),
  GF16 (BENCH_ENCODE, 1000, 200, 1408, 2.9, 0.85),
  GF16 (BENCH_ENCODE, 1000, 200, 1388, 0, 0),
  GF16 (BENCH_ENCODE, 4000, 800, 1408, 3, 0.85),
  GF16 (BENCH_ENCODE, 16000, 3200, 1408, 2.7, 0.85),
  GF16 (BENCH_DECODE_MAX, 100, 20, 1408, 0, 1.6),
  GF16 (BENCH_DECODE_TWO, 100, 20, 1408, 0, 0),
  GF16 (BENCH_DECODE_ONE, 100, 20, 1408, 0, 0),
  GF16 (BENCH_DECODE_ONE, 100, 20, 1388, 0, 0),
  GF16 (BENCH_DECODE_MAX, 1000, 200, 1408, 4.5, 1.6),
  GF16 (BENCH_DECODE_1PC, 1000, 200, 1408, 10, 0),
  GF16 (BENCH_DECODE_MAX, 16000, 3200, 1408, 4, 1.6),
  GF8 (BENCH_COLD, 200, 50, 1408, 0),
  GF16 (BENCH_COLD, 1000, 200, 1408, 20, 0),
  GF8 (BENCH_MEMORY, 200, 50, 1408, 0),
  { BENCH_GF16, BENCH_MEMORY, 1000, 200, 1408, LEOPARD, 0, 0, 2048 },
  { BENCH_GF16, BENCH_MEMORY, 16000, 3200, 1408, LEOPARD, 0, 0, 0 },
};
const size_t bench_n_cases = sizeof bench_cases / sizeof bench_cases[0];

static const struct {
  const char *name;
  int field;
} fields[] = { { "gf8", BENCH_GF8 }, { "gf16", BENCH_GF16 },
  { "audio", BENCH_AUDIO } };

static const char *const ops[] = { "encode", "decode-max", "decode-1pc",
  "decode-two", "decode-one", "cold", "memory" };

void
bench_case_name (const BenchCase *c, char name[BENCH_NAME_SIZE])
{
  size_t i = 0;

  while (fields[i].field != c->field)
    i++;
  snprintf (name, BENCH_NAME_SIZE, "%s-%s-%u-%u-%zu", fields[i].name,
      ops[c->op], c->k, c->m, c->size);
}

static const char *
parse_word (const char *text, const char *word)
{
  size_t n = strlen (word);

  return strncmp (text, word, n) == 0 && text[n] == '-' ? text + n + 1 : NULL;
}

int
bench_case_parse (const char *name, BenchCase *c)
{
  BenchCase parsed = { 0, BENCH_ENCODE, 0, 0, 0, NULL, 0, 0, 0 };
  unsigned long numbers[3];
  const char *rest = NULL;
  char *end;
  size_t i;

  for (i = 0; rest == NULL && i < sizeof fields / sizeof fields[0]; i++) {
    rest = parse_word (name, fields[i].name);
    parsed.field = fields[i].field;
  }
  if (rest == NULL)
    return -1;
  name = rest;
  rest = NULL;
  for (i = 0; rest == NULL && i < sizeof ops / sizeof ops[0]; i++) {
    rest = parse_word (name, ops[i]);
    parsed.op = (BenchOp) i;
  }
  if (rest == NULL)
    return -1;
  for (i = 0; i < 3; i++) {
    if (*rest < '0' || *rest > '9')
      return -1;
    errno = 0;
    numbers[i] = strtoul (rest, &end, 10);
    if (errno != 0 || numbers[i] < 1 || numbers[i] > 1u << 24 ||
        *end != (i < 2 ? '-' : '\0'))
      return -1;
    rest = end + 1;
  }
  if (numbers[0] > 65535 || numbers[1] > 65535)
    return -1;
  parsed.k = (unsigned) numbers[0];
  parsed.m = (unsigned) numbers[1];
  parsed.size = numbers[2];
  for (i = 0; i < bench_n_cases; i++) {
    const BenchCase *b = &bench_cases[i];

    if (b->field == parsed.field && b->op == parsed.op && b->k == parsed.k &&
        b->m == parsed.m && b->size == parsed.size)
      parsed = *b;
  }
  *c = parsed;
  return 0;
}

double
bench_case_target (const BenchCase *c, const char *kernel)
{
  if (strcmp (kernel, "avx512-gfni") == 0)
    return c->target;
  if (strcmp (kernel, "avx2") == 0)
    return c->target_avx2;
  return 0;
}

/* Takes `count` of the rows first .. first + n - 1 away, spread at random but
 * the same way in every run. */
static void
lose (uint8_t *present, unsigned first, unsigned n, unsigned count)
{
  uint64_t state = 0x9e3779b97f4a7c15u;

  while (count > 0) {
    unsigned i;

    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    i = first + (unsigned) ((state >> 33) % n);
    if (present[i]) {
      present[i] = 0;
      count--;
    }
  }
}

unsigned
bench_case_losses (const BenchCase *c, uint8_t *present)
{
  unsigned least = c->k < c->m ? c->k : c->m, data = 0, parity = 0;

  memset (present, 1, (size_t) c->k + c->m);
  switch (c->op) {
  case BENCH_ENCODE:
    break;
  case BENCH_DECODE_MAX:
  case BENCH_COLD:
  case BENCH_MEMORY:
    data = least;
    break;
  case BENCH_DECODE_1PC:
    data = c->k >= 100 ? c->k / 100 : 1;
    parity = c->m / 100;
    break;
  case BENCH_DECODE_TWO:
    data = 2;
    break;
  case BENCH_DECODE_ONE:
    data = 1;
    break;
  }
  if (data > least)
    data = least;
  if (data + parity > c->m)
    parity = c->m - data;
  lose (present, 0, c->k, data);
  lose (present, c->k, c->m, parity);
  return data;
}
