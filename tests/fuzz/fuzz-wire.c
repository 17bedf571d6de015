/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Packets of any format into the reassembler.
 *
 * The first bytes are flags and the agreement. What follows are steps, each a
 * byte and what it needs: time passes, a packet of any bytes, a packet with a
 * plausible header, a frame as a sender makes it with some packets missing, a
 * reset. Checked is what pf-reassembler.h promises: order, the budget, counts
 * that add up, units inside their memory; and that frames of a real sender
 * come back right when only loss happens to them.
 */
#include "fuzz-wire.h"

#include "wire-packets.h"

#include <string.h>

#define MS 1000000ull

enum { MAX_STEPS = 200 };

uint32_t
fuzz_take8 (FuzzInput *in)
{
  if (in->n == 0)
    return 0;
  in->n--;
  return *in->bytes++;
}

uint32_t
fuzz_take16 (FuzzInput *in)
{
  const uint32_t low = fuzz_take8 (in);

  return low | fuzz_take8 (in) << 8;
}

typedef struct {
  PfReassembler *r;
  bool jumped; /* numbers need not follow each other */
  bool any;
  uint32_t due;
  uint64_t n_lost, n_frames;
} Receiver;

static volatile uint8_t touched;

/* unit: what a frame with this number has to be, or NULL. */
static void
drain (Receiver *v, uint64_t now, const uint8_t *unit, size_t size)
{
  PfEvent e;

  while (pf_reassembler_next (v->r, now, &e) > 0) {
    FUZZ_CHECK (!v->any || v->jumped || e.first == v->due);
    v->any = true;
    v->jumped = e.type == PF_EVENT_JUMP;
    v->due = e.last + 1;
    if (e.type == PF_EVENT_LOST)
      v->n_lost += e.last - e.first + 1;
    if (e.type != PF_EVENT_FRAME)
      continue;
    v->n_frames++;
    FUZZ_CHECK (e.first == e.last);
    FUZZ_CHECK (e.memory && e.unit >= e.memory);
    FUZZ_CHECK (e.unit_size <= e.memory_size - (size_t) (e.unit - e.memory));
    if (unit)
      FUZZ_CHECK (e.unit_size == size && memcmp (e.unit, unit, size) == 0);
    else if (e.unit_size > 0)
      touched = (uint8_t) (e.unit[0] ^ e.unit[e.unit_size - 1]);
    free (e.memory);
  }
}

static void
check_stats (const PfReassembler *r, size_t budget)
{
  const PfReassemblerStats *s = pf_reassembler_stats (r);
  uint64_t sum = 0;

  for (int i = 0; i < PF_N_FATES; i++)
    sum += s->fates[i];
  FUZZ_CHECK (sum == s->packets);
  FUZZ_CHECK (s->memory_peak <= budget);
  FUZZ_CHECK (s->shards_late <= s->shards_restored);
}

static void
push_raw (Receiver *v, FuzzInput *in, uint64_t now)
{
  const size_t n = fuzz_take8 (in);
  uint8_t *packet = calloc (1, n + !n);

  FUZZ_CHECK (packet != NULL);
  for (size_t i = 0; i < n; i++)
    packet[i] = (uint8_t) fuzz_take8 (in);
  pf_reassembler_push (v->r, packet, n, now);
  free (packet);
}

/* Does each block have k packets in the mask? */
static bool
recoverable (const PfWirePlan *plan, uint64_t lost)
{
  for (uint32_t b = 0; b < plan->n_blocks; b++) {
    const PfWireBlock block = pf_wire_block (plan, b);
    uint32_t n = 0;

    for (uint32_t i = 0; i < block.data + block.parity; i++)
      n += !(lost >> pf_wire_position (plan, &block, i) % 64 & 1);
    if (n < block.data)
      return false;
  }
  return true;
}

/* A frame of a sender to both receivers: clean sees only such frames. */
static void
push_sent (Receiver *v, Receiver *clean, PfWireSender *sender, FuzzInput *in,
    uint64_t now)
{
  uint8_t unit[2048];
  PfWireFrame frame = { .size = fuzz_take16 (in) % sizeof unit };
  const uint64_t frames = clean->n_frames;
  uint64_t lost;
  WirePackets made;
  bool comes;

  frame.percent = fuzz_take8 (in) % 120;
  frame.min_parity = fuzz_take8 (in) % 4;
  lost = fuzz_take16 (in);
  lost |= lost << 37;
  memset (unit, (int) fuzz_take8 (in), sizeof unit);
  for (size_t i = 0; i < frame.size; i += 7)
    unit[i] = (uint8_t) i;
  if (wire_packets_make (sender, &frame, unit, &made) < 0)
    return;
  for (uint32_t i = 0; i < made.n; i++) {
    pf_reassembler_push (v->r, wire_packet (&made, i), made.size, now);
    if (lost >> i % 64 & 1)
      continue;
    pf_reassembler_push (clean->r, wire_packet (&made, i), made.size, now);
    drain (clean, now, unit, frame.size);
  }
  comes = recoverable (&made.plan, lost);
  /* no more is coming: it was handed out, or is lost now */
  drain (clean, UINT64_MAX, unit, frame.size);
  FUZZ_CHECK (clean->n_frames == frames + comes);
  wire_packets_clear (&made);
}

void
fuzz_wire_run (const FuzzWire *format, const uint8_t *bytes, size_t n_bytes)
{
  FuzzInput in = { bytes, n_bytes };
  const uint32_t flags = fuzz_take8 (&in);
  PfReassemblerConfig config = { .wire = format->wire };
  uint8_t packet[FUZZ_WIRE_PACKET_MAX];
  Receiver v = { 0 }, clean = { 0 };
  PfWireSender sender;
  uint64_t now = 0;

  format->agree (&in, flags, &config.packets);
  config.window = flags & 8 ? 4 : 64;
  config.budget = flags & 16 ? 200 << 10 : 2 << 20;
  config.overtake_ns = flags & 32 ? 10 * MS : 0;
  FUZZ_CHECK (pf_wire_sender_init (&sender, config.wire, &config.packets) == 0);
  FUZZ_CHECK (pf_reassembler_new (&config, &v.r) == 0);
  config.window = 256; /* more than there are steps */
  config.budget = 4 << 20;
  FUZZ_CHECK (pf_reassembler_new (&config, &clean.r) == 0);
  config.budget = flags & 16 ? 200 << 10 : 2 << 20;
  for (int step = 0; step < MAX_STEPS && in.n > 0; step++) {
    const uint32_t what = fuzz_take8 (&in);

    switch (what % 8) {
    case 0:
      now += fuzz_take8 (&in) * 4 * MS;
      break;
    case 1:
      push_raw (&v, &in, now);
      break;
    case 2:
      pf_reassembler_reset (v.r);
      v.any = false;
      break;
    case 3:
      push_sent (&v, &clean, &sender, &in, now);
      break;
    default:
      memset (packet, 0, sizeof packet);
      pf_reassembler_push (v.r, packet,
          format->plausible (
              &in, &config.packets, v.due + fuzz_take8 (&in) - 8, packet),
          now);
      break;
    }
    if (what & 8)
      drain (&v, now, NULL, 0);
  }
  drain (&v, UINT64_MAX, NULL, 0);
  check_stats (v.r, config.budget);
  check_stats (clean.r, 4 << 20);
  FUZZ_CHECK (pf_reassembler_stats (clean.r)->fates[PF_DROP_CONFLICT] == 0);
  pf_reassembler_free (v.r);
  pf_reassembler_free (clean.r);
}
