/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Fuzz target for ENet: a host and a client with somebody between them. The
 * input is steps, each a byte and what it needs: time passes, datagrams under
 * way arrive, are lost, doubled or changed, forged ones come, either side
 * sends or leaves. What pf-enet.h promises must hold: the order of events,
 * datagrams that can be read and are no longer than agreed, times to wake at
 * that lie ahead; and while nothing is forged, every reliable message once
 * and in order.
 */
#include "fuzz-wire.h"

#include <string.h>

#include "pf-bytes.h"
#include "pf-enet-wire.h"
#include "pf-enet.h"

enum { MAX_STEPS = 300, FLYING = 16, CHANNELS = 3, DATA = 0x1234 };

typedef struct {
  PfEnet *enet;
  PfEnetPeer *peer;
  PfPeerAddress address;
  bool connected, closed;
  uint8_t session; /* of datagrams to it */
  uint32_t sent[CHANNELS], got[CHANNELS];
} End;

typedef struct {
  unsigned to;
  size_t size;
  uint8_t bytes[PF_ENET_MTU_MAX];
} Flight;

static End ends[2];
static Flight flying[FLYING];
static unsigned n_flying;
static bool forged;
static uint64_t now;

/* ---- What comes out ----------------------------------------------------- */

static void
check_event (End *end, const PfEnetEvent *e)
{
  FUZZ_CHECK (e->peer == end->peer && !end->closed);
  if (e->type == PF_ENET_CONNECTED) {
    FUZZ_CHECK (!end->connected);
    FUZZ_CHECK (e->n_channels >= 1 && e->n_channels <= CHANNELS);
    end->connected = true;
  } else if (e->type == PF_ENET_MESSAGE) {
    FUZZ_CHECK (end->connected && e->channel < CHANNELS);
    FUZZ_CHECK (e->size <= PF_ENET_MESSAGE_MAX);
    if (!forged && e->size >= 5 && e->bytes[4] == PF_ENET_RELIABLE) {
      FUZZ_CHECK (pf_get_le32 (e->bytes) == end->got[e->channel]);
      end->got[e->channel]++;
    }
  } else {
    end->closed = true;
  }
}

static void
check_datagram (const PfEnetDatagram *d, unsigned to)
{
  PfEnetHeader h;
  PfEnetCommand c;
  int at = pf_enet_header_decode (d->bytes, d->size, &h), used;

  FUZZ_CHECK (at > 0 && d->size <= 1200);
  FUZZ_CHECK (pf_peer_address_equal (&d->to, &ends[to].address));
  if (h.peer_id != PF_ENET_NO_PEER)
    ends[to].session = h.session;
  for (; (size_t) at < d->size; at += used) {
    used = pf_enet_command_decode (d->bytes + at, d->size - (size_t) at, &c);
    FUZZ_CHECK (used > 0);
    FUZZ_CHECK (h.has_time || !(c.flags & PF_ENET_ACKNOWLEDGE_FLAG));
  }
}

static void
drain (unsigned i)
{
  PfEnetDatagram d;
  PfEnetEvent e;

  while (pf_enet_event (ends[i].enet, now, &e))
    check_event (&ends[i], &e);
  while (pf_enet_output (ends[i].enet, now, &d)) {
    check_datagram (&d, 1 - i);
    if (n_flying == FLYING)
      continue; /* lost */
    flying[n_flying].to = 1 - i;
    flying[n_flying].size = d.size;
    memcpy (flying[n_flying++].bytes, d.bytes, d.size);
  }
  FUZZ_CHECK (pf_enet_wake (ends[i].enet) > now);
}

/* ---- Steps -------------------------------------------------------------- */

static void
arrive (unsigned to, const uint8_t *bytes, size_t size)
{
  /* as large as it is, so that a read past it shows */
  uint8_t *exact = malloc (size + !size);

  FUZZ_CHECK (exact != NULL);
  if (size > 0)
    memcpy (exact, bytes, size);
  pf_enet_input (ends[to].enet, &ends[1 - to].address, exact, size, now);
  free (exact);
  drain (to);
}

/* One that is under way: 0 arrives, 1 is lost, 2 arrives but stays, 3 is
 * changed. */
static void
step_flight (FuzzInput *in, uint32_t how)
{
  unsigned i = fuzz_take8 (in) % FLYING;
  Flight f;

  if (n_flying == 0)
    return;
  i %= n_flying;
  f = flying[i];
  if (how != 2)
    flying[i] = flying[--n_flying];
  if (how == 1)
    return;
  if (how == 3) {
    forged = true;
    f.bytes[fuzz_take16 (in) % f.size] ^= (uint8_t) fuzz_take8 (in);
  }
  arrive (f.to, f.bytes, f.size);
}

static void
step_raw (FuzzInput *in, unsigned to)
{
  size_t size = fuzz_take8 (in);

  forged = true;
  if (size > in->n)
    size = in->n;
  arrive (to, in->bytes, size);
  in->bytes += size;
  in->n -= size;
}

/* A datagram that will be looked at, of commands with any numbers. */
static void
step_commands (FuzzInput *in, unsigned to)
{
  const PfEnetHeader h = { .session = ends[to].session, .has_time = true };
  static const uint8_t bytes[256];
  uint8_t out[PF_ENET_MTU_MAX];
  size_t size = pf_enet_header_encode (&h, out);

  forged = true;
  for (uint32_t n = fuzz_take8 (in) % 4; n > 0; n--) {
    const uint32_t what = fuzz_take8 (in);
    PfEnetCommand c = { .cmd = (uint8_t) ((what & 15) % PF_ENET_N_CMDS),
      .flags = what & 0x80,
      .channel = (uint8_t) fuzz_take8 (in),
      .seq = (uint16_t) fuzz_take16 (in) };

    if (c.cmd == PF_ENET_CMD_ACK) {
      c.ack.seq = (uint16_t) fuzz_take16 (in);
    } else if (c.cmd >= PF_ENET_CMD_RELIABLE) {
      c.message.seq = (uint16_t) fuzz_take16 (in);
      c.message.start = (uint16_t) (c.seq - (c.message.seq & 7));
      c.message.size = (uint16_t) fuzz_take8 (in);
      c.message.count = fuzz_take8 (in);
      c.message.number = c.message.seq & 7;
      c.message.total = fuzz_take16 (in);
      c.message.offset = fuzz_take16 (in);
    }
    size += pf_enet_command_encode (&c, out + size);
    if (c.cmd >= PF_ENET_CMD_RELIABLE) {
      memcpy (out + size, bytes, c.message.size);
      size += c.message.size;
    }
  }
  arrive (to, out, size);
}

static void
step_send (FuzzInput *in, End *end)
{
  static uint8_t bytes[PF_ENET_MESSAGE_MAX];
  const unsigned channel = fuzz_take8 (in) % CHANNELS;
  const PfEnetKind kind = 1 + fuzz_take8 (in) % 3;
  const size_t size = fuzz_take16 (in) % (PF_ENET_MESSAGE_MAX + 1);

  pf_put_le32 (bytes, end->sent[channel]);
  bytes[4] = (uint8_t) kind;
  if (pf_enet_send (end->peer, channel, kind, bytes, size) == 0 && size >= 5 &&
      kind == PF_ENET_RELIABLE)
    end->sent[channel]++;
}

static void
step_leave (FuzzInput *in, End *end)
{
  if (fuzz_take8 (in) % 2)
    pf_enet_disconnect (end->peer, 3, now);
  else
    pf_enet_drop (end->peer, 4);
}

static void
step (FuzzInput *in)
{
  const uint32_t what = fuzz_take8 (in);
  const unsigned which = what >> 7;

  switch (what % 8) {
  case 0:
    now += (uint64_t) fuzz_take8 (in) * (what & 64 ? 100 : 1) * PF_MS;
    break;
  case 1:
    step_raw (in, which);
    break;
  case 2:
    step_commands (in, which);
    break;
  case 3:
  case 4:
    step_flight (in, what >> 5 & 1);
    break;
  case 5:
    step_flight (in, 2 + (what >> 5 & 1));
    break;
  case 6:
    step_send (in, &ends[which]);
    break;
  default:
    if ((what & 96) == 96)
      step_leave (in, &ends[which]);
    else
      step_flight (in, 0);
    break;
  }
  drain (0);
  drain (1);
}

int
LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t n_bytes)
{
  const PfEnetConfig config = { .max_peers = 1, .max_channels = CHANNELS };
  FuzzInput in = { bytes, n_bytes };
  PfEnetInvite invite = { .check_data = true, .data = DATA, .check_ip = true };

  memset (ends, 0, sizeof ends);
  n_flying = 0;
  forged = false;
  now = 5 * PF_MS;
  for (unsigned i = 0; i < 2; i++) {
    const uint8_t ip[4] = { 10, 0, 0, (uint8_t) i };

    ends[i].address = pf_peer_address_v4 (ip, 40000);
    FUZZ_CHECK (pf_enet_new (&config, &ends[i].enet) == 0);
  }
  invite.ip = ends[1].address;
  FUZZ_CHECK (pf_enet_expect (ends[0].enet, &invite, &ends[0].peer) == 0);
  FUZZ_CHECK (pf_enet_connect (ends[1].enet, &ends[0].address, CHANNELS, DATA,
                  7, now, &ends[1].peer) == 0);
  drain (1);
  for (int i = 0; i < MAX_STEPS && in.n > 0; i++)
    step (&in);
  pf_enet_free (ends[0].enet);
  pf_enet_free (ends[1].enet);
  return 0;
}
