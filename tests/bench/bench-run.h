/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Runs one case with all codecs: compares their bytes, takes their times. */
#ifndef BENCH_RUN_H
#define BENCH_RUN_H

#include <stdbool.h>

#include "bench-cases.h"
#include "bench-child.h"
#include "bench-codec.h"
#include "bench-common.h"

enum { BENCH_MAX_CODECS = 8 };

typedef struct {
  BenchCodec codecs[BENCH_MAX_CODECS]; /* libpf is the first */
  int n_codecs;
  int runs;         /* alternations */
  double min_ns;    /* for each codec in each alternation */
  bool verify_only; /* bytes, no times */
  size_t offset;    /* of rows from 64-byte alignment */
  char *child_argv[2 * BENCH_MAX_CODECS + 12]; /* fresh process; see run.c */
  int n_child_argv;
} BenchSetup;

typedef enum {
  BENCH_RESULT_NONE, /* the codec does not have this case */
  BENCH_RESULT_OK,
  BENCH_RESULT_FAILED,  /* a function returned an error */
  BENCH_RESULT_DIFFERS, /* other bytes than libpf, or than were lost */
} BenchStatus;

typedef struct {
  BenchStatus status;
  double ns[BENCH_MAX_RUNS]; /* one block, best of each alternation */
  BenchFirst first;          /* BENCH_COLD (of the last run), BENCH_MEMORY */
} BenchResult;

/* results[n_codecs]. Returns 0, or -1 when the rows find no memory. */
int bench_run (
    const BenchSetup *setup, const BenchCase *c, BenchResult *results);

#endif /* BENCH_RUN_H */
