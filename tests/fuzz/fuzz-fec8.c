/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Fuzz target for the GF(2^8) codes of GameStream: video and audio.
 */
#include "fuzz-fec.h"

#include "pf.h"

int
LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t n_bytes)
{
  static const FuzzFecLimits limits = {
    .schemes = { PF_FEC_GF8, PF_FEC_AUDIO },
    .max_rows = 255,
    .max_bytes = 32768,
    .max_size = 5000,
  };

  fuzz_fec_run (&limits, bytes, n_bytes);
  return 0;
}
