/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A stream of punktfunk/1 into a reassembler, for its tests. */
#ifndef REASSEMBLER_STREAM_H
#define REASSEMBLER_STREAM_H

#include "pf-reassembler.h"
#include "wire-packets.h"

#define MS 1000000ull
#define HEADER 40u

typedef struct {
  PfReassemblerConfig config;
  PfWireSender sender;
  PfReassembler *r;
  uint64_t now;
  /* of what next() said */
  uint32_t n_frames, n_lost, n_events;
  uint32_t due; /* number of the next frame */
  PfEvent last;
} Stream;

/* A frame on its way. */
typedef struct {
  uint32_t number;
  uint8_t *unit;
  size_t size;
  WirePackets packets;
} Unit;

void stream_init (Stream *s, const PfReassemblerConfig *config);

void unit_make (
    Stream *s, Unit *u, size_t size, uint32_t percent, uint32_t flags);

void unit_clear (Unit *u);

void stream_clear (Stream *s);

/* All there is to know now; frames are compared with units[] by number. */
void drain (Stream *s, const Unit *units, uint32_t n_units);

PfPacketFate push (Stream *s, const uint8_t *packet, size_t size);

void push_unit (Stream *s, const Unit *u);

uint64_t fate_count (const Stream *s, PfPacketFate fate);

extern const PfReassemblerConfig small_config;

#endif /* REASSEMBLER_STREAM_H */
