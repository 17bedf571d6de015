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
  const uint16_t *log;
  const uint16_t *exp; /* exp[order] == exp[0] */
  uint32_t order;      /* 255 or 65535 */
} PfLogs;

/*
 * Logarithms of the factors of the inverse for n unknowns at points x and n
 * equations at points y: entry (a, b) of the inverse is
 * u[a] * v[b] / (x[a] + y[b]).
 */
void pf_cauchy_factors (const PfLogs *f, unsigned n, const uint32_t *x,
    const uint32_t *y, uint32_t *log_u, uint32_t *log_v);

/*
 * Logarithm of w, the factor of a known value at point p: its coefficient in
 * the solution for unknown a is u[a] * w / (x[a] + p).
 */
uint32_t pf_cauchy_known (const PfLogs *f, unsigned n, const uint32_t *x,
    const uint32_t *y, uint32_t p);

/* exp (a + b - c) for logarithms below the order. */
static inline uint16_t
pf_cauchy_exp (const PfLogs *f, uint32_t a, uint32_t b, uint32_t c)
{
  uint32_t s = a + b + f->order - c;

  if (s >= 2 * f->order)
    s -= 2 * f->order;
  else if (s >= f->order)
    s -= f->order;
  return f->exp[s];
}

#endif /* PF_CAUCHY_H */
