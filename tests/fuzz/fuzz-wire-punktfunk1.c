/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Fuzz target for the video packets of punktfunk/1 and the reassembler.
 *
 * The first three bytes are the agreement: flags, shard size, blocks. What
 * follows are steps, each a byte and what it needs: time passes, a packet of
 * any bytes, a packet with a plausible header, a frame as a sender makes it
 * with some packets missing, a reset. Checked is what pf-reassembler.h
 * promises: order, the budget, counts that add up, units inside their
 * memory; and that frames of a real sender come back right when only loss
 * happens to them.
 */
#include "pf-bytes.h"
#include "pf-reassembler.h"
#include "wire-packets.h"

#include <stdlib.h>
#include <string.h>

#define MS 1000000ull

enum { HEADER = 40, MAX_STEPS = 400 };

#define CHECK(cond)                                                            \
  do {                                                                         \
    if (!(cond))                                                               \
      abort ();                                                                \
  } while (0)

typedef struct {
  const uint8_t *bytes;
  size_t n;
} Input;

/* Bytes behind the end are 0. */
static uint32_t
take8 (Input *in)
{
  if (in->n == 0)
    return 0;
  in->n--;
  return *in->bytes++;
}

static uint32_t
take16 (Input *in)
{
  const uint32_t low = take8 (in);

  return low | take8 (in) << 8;
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
    CHECK (!v->any || v->jumped || e.first == v->due);
    v->any = true;
    v->jumped = e.type == PF_EVENT_JUMP;
    v->due = e.last + 1;
    if (e.type == PF_EVENT_LOST)
      v->n_lost += e.last - e.first + 1;
    if (e.type != PF_EVENT_FRAME)
      continue;
    v->n_frames++;
    CHECK (e.first == e.last);
    CHECK (e.memory && e.unit >= e.memory);
    CHECK (e.unit_size <= e.memory_size - (size_t) (e.unit - e.memory));
    if (unit)
      CHECK (e.unit_size == size && memcmp (e.unit, unit, size) == 0);
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
  CHECK (sum == s->packets);
  CHECK (s->memory_peak <= budget);
  CHECK (s->shards_late <= s->shards_restored);
}

static void
push_raw (Receiver *v, Input *in, uint64_t now)
{
  const size_t n = take8 (in);
  uint8_t *packet = calloc (1, n + !n);

  CHECK (packet != NULL);
  for (size_t i = 0; i < n; i++)
    packet[i] = (uint8_t) take8 (in);
  pf_reassembler_push (v->r, packet, n, now);
  free (packet);
}

static void
push_plausible (
    Receiver *v, Input *in, const PfWireConfig *config, uint64_t now)
{
  uint8_t packet[HEADER + 64] = { 0 };

  pf_put_le32 (packet + 8, v->due + take8 (in) - 8);
  pf_put_le32 (packet + 16, take16 (in));
  pf_put_le32 (packet + 20, take16 (in));
  pf_put_le16 (packet + 24, (uint16_t) take8 (in));
  pf_put_le16 (packet + 26, (uint16_t) take8 (in));
  pf_put_le16 (packet + 28, (uint16_t) take8 (in));
  pf_put_le16 (packet + 30, (uint16_t) take8 (in));
  pf_put_le16 (packet + 32, (uint16_t) take8 (in));
  pf_put_le16 (packet + 34, (uint16_t) config->shard_payload);
  packet[36] = 0xc9;
  packet[37] = 1;
  packet[38] = config->scheme == PF_FEC_GF16;
  memset (packet + HEADER, (int) take8 (in), config->shard_payload);
  pf_reassembler_push (v->r, packet, HEADER + config->shard_payload, now);
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
push_sent (
    Receiver *v, Receiver *clean, PfWireSender *sender, Input *in, uint64_t now)
{
  uint8_t unit[2048];
  PfWireFrame frame = { .size = take16 (in) % sizeof unit };
  const uint64_t frames = clean->n_frames;
  uint64_t lost;
  WirePackets made;
  bool comes;

  frame.percent = take8 (in) % 120;
  frame.min_parity = take8 (in) % 4;
  lost = take16 (in);
  lost |= lost << 37;
  memset (unit, (int) take8 (in), sizeof unit);
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
  CHECK (clean->n_frames == frames + comes);
  wire_packets_clear (&made);
}

int LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t n_bytes);

int
LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t n_bytes)
{
  Input in = { bytes, n_bytes };
  const uint32_t flags = take8 (&in);
  PfReassemblerConfig config = { .wire = &pf_wire_punktfunk1 };
  Receiver v = { 0 }, clean = { 0 };
  PfWireSender sender;
  uint64_t now = 0;

  config.packets = (PfWireConfig){
    .shard_payload = take8 (&in) % 32 * 2 + 2,
    .scheme = flags & 1 ? PF_FEC_GF8 : PF_FEC_GF16,
    .max_block = take8 (&in) % 100 + 1,
    .percent = 90,
    .order = flags & 2 ? PF_WIRE_ORDER_BLOCK : PF_WIRE_ORDER_DATA,
    .max_frame = 1 << 16,
    .filler_shared = flags & 4,
  };
  config.window = flags & 8 ? 4 : 64;
  config.budget = flags & 16 ? 200 << 10 : 2 << 20;
  CHECK (pf_wire_sender_init (&sender, config.wire, &config.packets) == 0);
  CHECK (pf_reassembler_new (&config, &v.r) == 0);
  config.window = 1024; /* more than there are steps */
  config.budget = 4 << 20;
  CHECK (pf_reassembler_new (&config, &clean.r) == 0);
  config.budget = flags & 16 ? 200 << 10 : 2 << 20;
  for (int step = 0; step < MAX_STEPS && in.n > 0; step++) {
    const uint32_t what = take8 (&in);

    switch (what % 8) {
    case 0:
      now += take8 (&in) * 4 * MS;
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
      push_plausible (&v, &in, &config.packets, now);
      break;
    }
    if (what & 8)
      drain (&v, now, NULL, 0);
  }
  drain (&v, UINT64_MAX, NULL, 0);
  check_stats (v.r, config.budget);
  check_stats (clean.r, 4 << 20);
  CHECK (pf_reassembler_stats (clean.r)->fates[PF_DROP_CONFLICT] == 0);
  pf_reassembler_free (v.r);
  pf_reassembler_free (clean.r);
  return 0;
}
