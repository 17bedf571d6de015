/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A line between two ENet endpoints.
 */
#include "enet-line.h"

#include <stdlib.h>
#include <string.h>

#include "pf-test.h"

static const PfEnetConfig usual = { .max_peers = 4 };

static PfPeerAddress
address (uint8_t last, uint16_t port)
{
  const uint8_t ip[4] = { 192, 0, 2, last };

  return pf_peer_address_v4 (ip, port);
}

void
line_init (Line *line, const PfEnetConfig *host, const PfEnetConfig *client)
{
  memset (line, 0, sizeof *line);
  line->now = 7 * PF_MS;
  line->delay_ns = 5 * PF_MS;
  line->ends[LINE_HOST].address = address (1, 47999);
  line->ends[LINE_CLIENT].address = address (2, 50000);
  PF_REQUIRE_INT (
      pf_enet_new (host ? host : &usual, &line->ends[LINE_HOST].enet), ==, 0);
  PF_REQUIRE_INT (
      pf_enet_new (client ? client : &usual, &line->ends[LINE_CLIENT].enet), ==,
      0);
}

void
line_connect (Line *line, unsigned n_channels)
{
  LineEnd *host = &line->ends[LINE_HOST], *client = &line->ends[LINE_CLIENT];
  const PfEnetInvite invite = { .check_data = true,
    .data = LINE_DATA,
    .check_ip = true,
    .ip = client->address };

  PF_REQUIRE_INT (pf_enet_expect (host->enet, &invite, &host->peer), ==, 0);
  PF_REQUIRE_INT (
      pf_enet_connect (client->enet, &host->address, n_channels, LINE_DATA,
          (uint32_t) pf_test_random (), line->now, &client->peer),
      ==, 0);
}

void
line_forget (LineEnd *end)
{
  for (size_t i = 0; i < end->n_events; i++)
    free (end->events[i].bytes);
  end->n_events = 0;
}

void
line_clear (Line *line)
{
  for (int i = 0; i < 2; i++) {
    line_forget (&line->ends[i]);
    pf_enet_free (line->ends[i].enet);
  }
  for (unsigned i = 0; i < LINE_FLYING_MAX; i++)
    free (line->flying[i].bytes);
}

static uint8_t *
copy (const uint8_t *bytes, size_t size)
{
  uint8_t *c = malloc (size > 0 ? size : 1);

  PF_REQUIRE (c != NULL);
  if (size > 0)
    memcpy (c, bytes, size);
  return c;
}

static void
launch (Line *line, unsigned to, const PfEnetDatagram *d)
{
  const uint64_t late =
      line->jitter_ns ? pf_test_random_below (line->jitter_ns) : 0;
  unsigned i = 0;

  while (i < LINE_FLYING_MAX && line->flying[i].used)
    i++;
  PF_REQUIRE (i < LINE_FLYING_MAX);
  line->flying[i] = (LineFlight){ true, to, line->now + line->delay_ns + late,
    line->order++, d->size, copy (d->bytes, d->size) };
}

static void
send (Line *line, unsigned from, const PfEnetDatagram *d)
{
  const unsigned to = 1 - from;

  PF_CHECK (pf_peer_address_equal (&d->to, &line->ends[to].address));
  line->n_datagrams++;
  if (line->cut || pf_test_random_below (100) < line->loss_percent)
    return;
  launch (line, to, d);
  if (pf_test_random_below (100) < line->double_percent)
    launch (line, to, d);
}

static void
record (LineEnd *end, const PfEnetEvent *e, uint64_t now)
{
  PF_REQUIRE (end->n_events < LINE_EVENTS_MAX);
  PF_CHECK (e->peer == end->peer);
  end->events[end->n_events++] =
      (LineEvent){ e->type, now, e->data, e->reason, e->n_channels, e->channel,
        e->size, e->bytes ? copy (e->bytes, e->size) : NULL };
}

static void
drain (Line *line, unsigned i)
{
  LineEnd *end = &line->ends[i];
  PfEnetDatagram d;
  PfEnetEvent e;

  while (pf_enet_event (end->enet, line->now, &e))
    record (end, &e, line->now);
  while (pf_enet_output (end->enet, line->now, &d))
    send (line, i, &d);
  PF_CHECK_UINT (pf_enet_wake (end->enet), >, line->now);
}

/* The next datagram that arrives until then; NULL: none. */
static LineFlight *
next_flight (Line *line, uint64_t until)
{
  LineFlight *best = NULL;

  for (unsigned i = 0; i < LINE_FLYING_MAX; i++) {
    LineFlight *f = &line->flying[i];

    if (f->used && f->when <= until &&
        (!best || f->when < best->when ||
            (f->when == best->when && f->order < best->order)))
      best = f;
  }
  return best;
}

void
line_run (Line *line, uint64_t ns)
{
  const uint64_t end = line->now + ns;

  for (;;) {
    LineFlight *f;
    uint64_t wake = end;

    drain (line, 0);
    drain (line, 1);
    for (int i = 0; i < 2; i++)
      wake = pf_earlier (wake, pf_enet_wake (line->ends[i].enet));
    f = next_flight (line, wake);
    if (f) {
      line->now = f->when;
      f->used = false;
      pf_enet_input (line->ends[f->to].enet, &line->ends[1 - f->to].address,
          f->bytes, f->size, line->now);
      free (f->bytes);
      f->bytes = NULL;
    } else if (wake < end) {
      line->now = wake;
    } else {
      break;
    }
  }
  line->now = end;
}

size_t
line_count (const LineEnd *end, PfEnetEventType type)
{
  size_t n = 0;

  for (size_t i = 0; i < end->n_events; i++)
    n += end->events[i].type == type;
  return n;
}

const LineEvent *
line_last (const LineEnd *end, PfEnetEventType type)
{
  for (size_t i = end->n_events; i > 0; i--)
    if (end->events[i - 1].type == type)
      return &end->events[i - 1];
  return NULL;
}
