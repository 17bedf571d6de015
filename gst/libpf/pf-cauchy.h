/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Closed-form inverse of a Cauchy system, in either field.
 *
 * The codes are Cauchy matrices: coefficient (j, i) = 1 / (x_i + y_j), up to
 * factors per row and column. Any square part of one has an inverse that is a
 * quotient of products of differences, so nothing is eliminated: everything
 * is sums of logarithms.
 */
#ifndef PF_CAUCHY_H
#define PF_CAUCHY_H

#include <stdint.h>

typedef struct {
  const uint16_t *log; /* log[0] is 0 */
  const uint16_t *exp; /* exp[order] == exp[0] */
  uint32_t order;      /* 255 or 65535; n * order fits 31 bits */
} PfLogs;

/*
 * Logarithms of the factors of the inverse for n unknowns at points x and n
 * equations at points y: entry (a, b) of the inverse is
 * u[a] * v[b] / (x[a] + y[b]).
 */
static inline void
pf_cauchy_factors (const PfLogs *f, unsigned n, const uint32_t *x,
    const uint32_t *y, uint32_t *log_u, uint32_t *log_v)
{
  const uint16_t *log = f->log;

  for (unsigned a = 0; a < n; a++) {
    uint32_t u = n * f->order, v = u;

    /* the pair (a, a) of equal points adds nothing, since log[0] is 0 */
    for (unsigned b = 0; b < n; b++) {
      u += log[x[a] ^ y[b]];
      u -= log[x[a] ^ x[b]];
      v += log[x[b] ^ y[a]];
      v -= log[y[a] ^ y[b]];
    }
    log_u[a] = u % f->order;
    log_v[a] = v % f->order;
  }
}

/*
 * Logarithm of w, the factor of a known value at point p: its coefficient in
 * the solution for unknown a is u[a] * w / (x[a] + p).
 */
static inline uint32_t
pf_cauchy_known (const PfLogs *f, unsigned n, const uint32_t *x,
    const uint32_t *y, uint32_t p)
{
  uint32_t s = n * f->order;

  for (unsigned b = 0; b < n; b++) {
    s += f->log[p ^ x[b]];
    s -= f->log[p ^ y[b]];
  }
  return s % f->order;
}

/* exp (a + b - c) for logarithms below the order. */
static inline uint16_t
pf_cauchy_exp (const PfLogs *f, uint32_t a, uint32_t b, uint32_t c)
{
  return f->exp[(a + b + f->order - c) % f->order];
}

#endif /* PF_CAUCHY_H */
