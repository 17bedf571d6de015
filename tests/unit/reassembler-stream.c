/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* See reassembler-stream.h. */
#include "reassembler-stream.h"

#include "pf-test.h"

#include <stdlib.h>

const PfReassemblerConfig small_config = {
  .packets = { .shard_payload = 64, .max_block = 8, .percent = 90 },
  .budget = 1 << 20,
};

void
stream_init (Stream *s, const PfReassemblerConfig *config)
{
  *s = (Stream){ .config = *config };
  s->config.wire = &pf_wire_punktfunk1;
  PF_REQUIRE_INT (
      pf_wire_sender_init (&s->sender, s->config.wire, &s->config.packets), ==,
      0);
  PF_REQUIRE_INT (pf_reassembler_new (&s->config, &s->r), ==, 0);
}

void
unit_make (Stream *s, Unit *u, size_t size, uint32_t percent, uint32_t flags)
{
  PfWireFrame frame = { .size = size, .percent = percent, .flags = flags };

  u->size = size;
  u->unit = malloc (size + 1);
  PF_REQUIRE (u->unit != NULL);
  pf_test_random_bytes (u->unit, size);
  PF_REQUIRE_INT (
      wire_packets_make (&s->sender, &frame, u->unit, &u->packets), ==, 0);
  u->number = u->packets.plan.number;
}

void
unit_clear (Unit *u)
{
  wire_packets_clear (&u->packets);
  free (u->unit);
  u->unit = NULL;
}

static void
check_stats (const Stream *s)
{
  const PfReassemblerStats *t = pf_reassembler_stats (s->r);
  uint64_t sum = 0;

  for (int i = 0; i < PF_N_FATES; i++)
    sum += t->fates[i];
  PF_CHECK_UINT (sum, ==, t->packets);
  PF_CHECK_UINT (t->memory, <=, t->memory_peak);
  if (s->config.budget)
    PF_CHECK_UINT (t->memory_peak, <=, s->config.budget);
}

void
stream_clear (Stream *s)
{
  check_stats (s);
  pf_reassembler_free (s->r);
}

void
drain (Stream *s, const Unit *units, uint32_t n_units)
{
  PfEvent e;

  while (pf_reassembler_next (s->r, s->now, &e) > 0) {
    s->n_events++;
    s->last = e;
    if (e.type == PF_EVENT_JUMP) {
      s->due = e.last;
      continue;
    }
    PF_CHECK_UINT (e.first, ==, s->due); /* in order, nothing left out */
    s->due = e.last + 1;
    if (e.type == PF_EVENT_LOST) {
      s->n_lost += e.last - e.first + 1;
      continue;
    }
    s->n_frames++;
    for (uint32_t i = 0; i < n_units; i++)
      if (units[i].number == e.first) {
        PF_CHECK_UINT (e.unit_size, ==, units[i].size);
        if (e.unit_size == units[i].size)
          PF_CHECK_MEM (e.unit, units[i].unit, e.unit_size);
      }
    free (e.memory);
  }
}

PfPacketFate
push (Stream *s, const uint8_t *packet, size_t size)
{
  return pf_reassembler_push (s->r, packet, size, s->now);
}

void
push_unit (Stream *s, const Unit *u)
{
  for (uint32_t i = 0; i < u->packets.n; i++) {
    const PfPacketFate fate =
        push (s, wire_packet (&u->packets, i), u->packets.size);

    PF_CHECK (fate == PF_TAKEN || fate == PF_DROP_NOT_NEEDED);
    drain (s, u, 1);
  }
}

uint64_t
fate_count (const Stream *s, PfPacketFate fate)
{
  return pf_reassembler_stats (s->r)->fates[fate];
}
