/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What the fuzz targets of packet formats share: one input is an agreement
 * and steps of a receiver's life. fuzz-wire.c says how the bytes are read.
 */
#ifndef FUZZ_WIRE_H
#define FUZZ_WIRE_H

#include <stdlib.h>

#include "pf-reassembler.h"

#define FUZZ_CHECK(cond)                                                       \
  do {                                                                         \
    if (!(cond))                                                               \
      abort ();                                                                \
  } while (0)

/* Largest header and payload of fuzz_wire's packets. */
enum { FUZZ_WIRE_PACKET_MAX = 128 };

typedef struct {
  const uint8_t *bytes;
  size_t n;
} FuzzInput;

/* Bytes behind the end are 0; two are little-endian. */
uint32_t fuzz_take8 (FuzzInput *in);
uint32_t fuzz_take16 (FuzzInput *in);

typedef struct {
  const PfWire *wire;
  /* Makes the agreement; flags is the input's first byte. */
  void (*agree) (FuzzInput *in, uint32_t flags, PfWireConfig *config);
  /* A packet of frame NUMBER whose header may pass all checks; its size. */
  size_t (*plausible) (FuzzInput *in, const PfWireConfig *config,
      uint32_t number, uint8_t *packet);
} FuzzWire;

/* Aborts on the first broken promise of pf-reassembler.h. */
void fuzz_wire_run (const FuzzWire *format, const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t n_bytes);

#endif /* FUZZ_WIRE_H */
