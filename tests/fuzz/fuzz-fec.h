/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What the FEC fuzz targets share: one input is one block that is encoded,
 * loses rows and is decoded. fuzz-fec.c says how the bytes are read.
 */
#ifndef FUZZ_FEC_H
#define FUZZ_FEC_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
  uint32_t schemes[2]; /* the input chooses one; equal where there is one */
  uint32_t max_rows;   /* k + m of a block that is really coded */
  uint32_t max_bytes;  /* (k + m) x size of it */
  size_t max_size;     /* shard size of it */
} FuzzFecLimits;

/* Aborts on the first broken promise of pf.h. */
void fuzz_fec_run (
    const FuzzFecLimits *limits, const uint8_t *bytes, size_t n_bytes);

int LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t n_bytes);

#endif /* FUZZ_FEC_H */
