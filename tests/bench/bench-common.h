/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What all benchmarks say about the machine, and how they sum runs up. */
#ifndef BENCH_COMMON_H
#define BENCH_COMMON_H

#include <stdbool.h>
#include <stddef.h>

enum { BENCH_MAX_RUNS = 99 };

#ifdef __clang__
#define BENCH_COMPILER "clang " __clang_version__
#else
#define BENCH_COMPILER "gcc " __VERSION__
#endif

/* Whether times mean something. */
bool bench_optimized (void);

/* Of the processor, else of its architecture. */
void bench_cpu_name (char *name, size_t size);

/* Of the last minute; -1 where the system does not tell. */
double bench_load (void);

void bench_json_string (const char *text);

double bench_median (const double *values, int n);

/* Sorts the values; the one that so many of a hundred are not above. */
double bench_percentile (double *values, size_t n, double percent);

/* Returns 0, or -1 unless all of text is a number from low to high. */
int bench_parse_int (const char *text, int low, int high, int *value);

#endif /* BENCH_COMMON_H */
