/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Closed-form inverse of a Cauchy system; see pf-cauchy.h. */
#include "pf-cauchy.h"

void
pf_cauchy_factors (const PfLogs *f, unsigned n, const uint32_t *x,
    const uint32_t *y, uint32_t *log_u, uint32_t *log_v)
{
  const uint16_t *log = f->log;

  for (unsigned a = 0; a < n; a++) {
    uint64_t up = 0, down_u = 0, vp = 0, down_v = 0;

    /* log[0] is 0, so the pair (a, a) of equal points adds nothing */
    for (unsigned b = 0; b < n; b++) {
      up += log[x[a] ^ y[b]];
      down_u += log[x[a] ^ x[b]];
      vp += log[x[b] ^ y[a]];
      down_v += log[y[a] ^ y[b]];
    }
    log_u[a] = (uint32_t) ((up + (uint64_t) n * f->order - down_u) % f->order);
    log_v[a] = (uint32_t) ((vp + (uint64_t) n * f->order - down_v) % f->order);
  }
}

uint32_t
pf_cauchy_known (const PfLogs *f, unsigned n, const uint32_t *x,
    const uint32_t *y, uint32_t p)
{
  uint64_t s = (uint64_t) n * f->order;

  for (unsigned b = 0; b < n; b++)
    s += f->log[p ^ x[b]] - (uint64_t) f->log[p ^ y[b]];
  return (uint32_t) (s % f->order);
}
