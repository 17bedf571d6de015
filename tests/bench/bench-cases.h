/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What bench-fec measures, and the ratios that libpf is meant to reach. */
#ifndef BENCH_CASES_H
#define BENCH_CASES_H

#include <stddef.h>
#include <stdint.h>

typedef enum {
  BENCH_ENCODE,
  BENCH_DECODE_MAX, /* m data rows lost, all parity there */
  BENCH_DECODE_1PC, /* 1 % of the data and 1 % of the parity rows lost */
  BENCH_DECODE_TWO,
  BENCH_DECODE_ONE,
  BENCH_COLD,   /* fresh process: tables, context, first encoded block */
  BENCH_MEMORY, /* fresh process: what tables and context take */
} BenchOp;

typedef struct {
  int field;
  BenchOp op;
  unsigned k, m;
  size_t size;
  const char *against; /* start of the name of the anchor the target means */
  double target;       /* speed of libpf over the anchor's; 0: none */
  double target_avx2;  /* the same where the kernel in use is "avx2" */
  double target_kib;   /* BENCH_MEMORY: upper limit; 0: none */
} BenchCase;

extern const BenchCase bench_cases[];
extern const size_t bench_n_cases;

enum { BENCH_NAME_SIZE = 64 };

/* For instance "gf16-decode-max-1000-200-1408". */
void bench_case_name (const BenchCase *c, char name[BENCH_NAME_SIZE]);

/* The reverse, with the targets of a known case of that name. Returns 0, or
 * -1 for a text that is no case. */
int bench_case_parse (const char *name, BenchCase *c);

/* The target of a case for a kernel set, or 0. */
double bench_case_target (const BenchCase *c, const char *kernel);

/* Fills present[k + m]; returns the number of lost data rows. */
unsigned bench_case_losses (const BenchCase *c, uint8_t *present);

#endif /* BENCH_CASES_H */
