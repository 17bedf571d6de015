/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* First use of a codec, measured in a process that has just begun. */
#ifndef BENCH_CHILD_H
#define BENCH_CHILD_H

#include <stdint.h>

#include "bench-cases.h"
#include "bench-codec.h"

typedef struct {
  double init_ns, create_ns, first_ns;
  uint64_t parity_hash;
  size_t context_bytes; /* what the codec says its context takes, or 0 */
  size_t malloc_bytes;  /* taken from malloc and not given back */
  size_t touched_bytes; /* private pages written to; includes .bss, stack */
} BenchFirst;

/* In the fresh process: runs the case with the codec and writes one line to
 * stdout. Returns the exit status. */
int bench_child_main (const BenchCase *c, const BenchCodec *codec);

/* In the parent: starts argv (argv[0] is the program's own file) and reads
 * that line. Returns 0 or -1. */
int bench_child_run (char *const argv[], BenchFirst *first);

#endif /* BENCH_CHILD_H */
