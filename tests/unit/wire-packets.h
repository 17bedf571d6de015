/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * All packets of an access unit, made as an element makes them: through the
 * PfWire table alone, data rows finished and given away before parity exists.
 */
#ifndef WIRE_PACKETS_H
#define WIRE_PACKETS_H

#include "pf-wire.h"

typedef struct {
  PfWirePlan plan;
  uint32_t n;
  size_t size;      /* of each */
  uint8_t *packets; /* in the order of sending */
} WirePackets;

/* 0 or a negative PfError; clear() what was made. */
int wire_packets_make (PfWireSender *sender, const PfWireFrame *frame,
    const uint8_t *unit, WirePackets *out);

void wire_packets_clear (WirePackets *packets);

static inline uint8_t *
wire_packet (const WirePackets *packets, uint32_t i)
{
  return packets->packets + i * packets->size;
}

#endif /* WIRE_PACKETS_H */
