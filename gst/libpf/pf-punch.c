/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Hole punching and the rule of the observed address.
 */
#include "pf-punch.h"

#include <string.h>

const uint8_t pf_punch_bytes[PF_PUNCH_SIZE] = { 'P', 'F', 'p', 'u', 'n', 'c',
  'h', '1' };

static const uint8_t v4_prefix[12] = { [10] = 0xff, [11] = 0xff };

PfPeerAddress
pf_peer_address_v4 (const uint8_t ip[4], uint16_t port)
{
  PfPeerAddress a = { .port = port };

  memcpy (a.ip, v4_prefix, sizeof v4_prefix);
  memcpy (a.ip + sizeof v4_prefix, ip, 4);
  return a;
}

PfPeerAddress
pf_peer_address_v6 (const uint8_t ip[16], uint16_t port, uint32_t scope)
{
  PfPeerAddress a = { .port = port, .scope = scope };

  memcpy (a.ip, ip, sizeof a.ip);
  return a;
}

bool
pf_peer_address_is_v4 (const PfPeerAddress *address)
{
  return memcmp (address->ip, v4_prefix, sizeof v4_prefix) == 0;
}

bool
pf_peer_address_same_ip (const PfPeerAddress *a, const PfPeerAddress *b)
{
  return memcmp (a->ip, b->ip, sizeof a->ip) == 0 && a->scope == b->scope;
}

bool
pf_peer_address_equal (const PfPeerAddress *a, const PfPeerAddress *b)
{
  return pf_peer_address_same_ip (a, b) && a->port == b->port;
}

bool
pf_punch_is (const uint8_t *bytes, size_t size)
{
  return size == PF_PUNCH_SIZE && memcmp (bytes, pf_punch_bytes, size) == 0;
}

bool
pf_punch_destination (const PfPeerAddress *peer, const PfPeerAddress *observed,
    uint16_t start_port, bool waited, PfPeerAddress *destination)
{
  if (observed && observed->port != 0 &&
      pf_peer_address_same_ip (peer, observed)) {
    *destination = *observed;
    return true;
  }
  if (!waited || start_port == 0)
    return false;
  *destination = *peer;
  destination->port = start_port;
  return true;
}

void
pf_punch_init (PfPunch *punch, const PfPeerAddress *peer)
{
  *punch = (PfPunch){ .peer = *peer, .due_ns = PF_NEVER };
}

/* Looks again where to send. */
static void
choose (PfPunch *p, bool waited)
{
  PfPeerAddress to;

  if (!pf_punch_destination (
          &p->peer, p->any ? &p->seen : NULL, p->start_port, waited, &to))
    return;
  p->observed = p->any && pf_peer_address_equal (&to, &p->seen);
  p->due_ns = PF_NEVER;
  if (p->valid && pf_peer_address_equal (&to, &p->destination))
    return;
  p->destination = to;
  p->valid = p->changed = true;
}

void
pf_punch_start (PfPunch *punch, uint16_t start_port, uint64_t now_ns)
{
  punch->started = true;
  punch->start_port = start_port;
  punch->due_ns = now_ns + PF_PUNCH_WAIT_NS;
  choose (punch, false);
}

void
pf_punch_seen (PfPunch *punch, const PfPeerAddress *from, const uint8_t *bytes,
    size_t size, uint64_t now_ns)
{
  PfPunch *p = punch;
  const bool in_use = p->valid && p->observed;

  if (!pf_punch_is (bytes, size) || from->port == 0 ||
      !pf_peer_address_same_ip (&p->peer, from))
    return;
  if (in_use && pf_peer_address_same_ip (&p->destination, from) &&
      !pf_peer_address_equal (&p->destination, from) &&
      now_ns - p->seen_ns < PF_PUNCH_QUIET_NS)
    return;
  p->seen = *from;
  p->any = true;
  p->seen_ns = now_ns;
  if (p->started)
    choose (p, false);
}

void
pf_punch_peer_moved (PfPunch *punch, const PfPeerAddress *peer, uint64_t now_ns)
{
  const bool same = pf_peer_address_same_ip (&punch->peer, peer);

  punch->peer = *peer;
  if (same)
    return;
  /* what was seen is of the old address; until something comes from the new
   * one the old one is the best there is */
  punch->any = punch->observed = false;
  if (punch->started)
    punch->due_ns = now_ns + PF_PUNCH_WAIT_NS;
}

void
pf_punch_tick (PfPunch *punch, uint64_t now_ns)
{
  if (now_ns < punch->due_ns)
    return;
  punch->due_ns = PF_NEVER;
  choose (punch, true);
}
