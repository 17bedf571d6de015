/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Results of bench-fec as a table or as JSON. */
#ifndef BENCH_PRINT_H
#define BENCH_PRINT_H

#include <stdbool.h>

#include "bench-run.h"

typedef struct {
  bool json;
  bool verify_only;
  int cpu; /* -1: not pinned */
  int runs;
  int n_cases; /* printed so far */
  int n_below; /* ratios under their target */
  int n_wrong; /* codecs that failed or made other bytes */
} BenchPrinter;

void bench_print_begin (const BenchPrinter *p, const BenchSetup *setup);
void bench_print_case (BenchPrinter *p, const BenchSetup *setup,
    const BenchCase *c, const BenchResult *results);
void bench_print_end (const BenchPrinter *p);

#endif /* BENCH_PRINT_H */
