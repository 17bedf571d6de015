/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Fuzz target for the GF(2^16) code of punktfunk/1.
 */
#include "fuzz-fec.h"

#include "pf.h"

int
LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t n_bytes)
{
  static const FuzzFecLimits limits = {
    .schemes = { PF_FEC_GF16, PF_FEC_GF16 },
    .max_rows = 2048,
    .max_bytes = 32768,
    .max_size = 5000,
  };

  fuzz_fec_run (&limits, bytes, n_bytes);
  return 0;
}
