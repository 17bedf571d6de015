/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * ENet's endpoint: its peers, whose datagram it is, whose turn it is.
 */
#include "pf-enet.h"

#include <stdlib.h>
#include <string.h>

#include "pf-enet-private.h"

int
pf_enet_new (const PfEnetConfig *config, PfEnet **enet)
{
  PfEnetConfig c;
  PfEnet *e;

  if (!config || !enet)
    return PF_ERR_INVALID;
  c = *config;
  if (c.max_channels == 0)
    c.max_channels = PF_ENET_CHANNELS_USUAL;
  if (c.mtu == 0)
    c.mtu = PF_ENET_MTU_USUAL;
  if (c.connect_ns == 0)
    c.connect_ns = PF_ENET_CONNECT_NS;
  if (c.timeout_ns == 0)
    c.timeout_ns = PF_ENET_TIMEOUT_NS;
  if (c.max_peers < 1 || c.max_peers > PF_ENET_PEERS_MAX ||
      c.max_channels > PF_ENET_CHANNELS_MAX || c.mtu < PF_ENET_MTU_MIN ||
      c.mtu > PF_ENET_MTU_MAX)
    return PF_ERR_RANGE;
  e = calloc (1, sizeof *e);
  if (!e)
    return PF_ERR_NO_MEMORY;
  e->config = c;
  memset (e->in_sessions, PF_ENET_NO_SESSION, sizeof e->in_sessions);
  memset (e->out_sessions, PF_ENET_NO_SESSION, sizeof e->out_sessions);
  *enet = e;
  return 0;
}

void
pf_enet_free (PfEnet *enet)
{
  if (!enet)
    return;
  for (unsigned i = 0; i < PF_ENET_PEERS_MAX; i++)
    free (enet->peers[i]);
  free (enet);
}

int
pf_enet_expect (PfEnet *enet, const PfEnetInvite *invite, PfEnetPeer **peer)
{
  int ret;

  if (!invite || !peer || (!invite->check_data && !invite->check_ip))
    return PF_ERR_INVALID;
  ret = pf_enet_peer_new (enet, peer);
  if (ret == 0)
    (*peer)->invite = *invite;
  return ret;
}

int
pf_enet_connect (PfEnet *enet, const PfPeerAddress *to, unsigned n_channels,
    uint32_t data, uint32_t connect_id, uint64_t now_ns, PfEnetPeer **peer)
{
  PfEnetCommand c = { .cmd = PF_ENET_CMD_CONNECT };
  PfEnetPeer *p;
  int ret;

  if (!to || !peer || n_channels < 1 || n_channels > enet->config.max_channels)
    return PF_ERR_INVALID;
  ret = pf_enet_peer_new (enet, &p);
  if (ret < 0)
    return ret;
  p->state = PF_ENET_CONNECTING;
  p->limit_ns = now_ns + enet->config.connect_ns;
  p->heard_ns = now_ns;
  p->address = *to;
  p->n_channels = n_channels;
  p->connect_id = connect_id;
  p->data = data;
  p->throttle[0] = 5000;
  p->throttle[1] = p->throttle[2] = 2;
  c.connect = (PfEnetConnect){
    .peer_id = (uint16_t) p->index,
    .incoming_session = enet->in_sessions[p->index],
    .outgoing_session = enet->out_sessions[p->index],
    .mtu = enet->config.mtu,
    .window = PF_ENET_WINDOW,
    .n_channels = n_channels,
    .throttle = { p->throttle[0], p->throttle[1], p->throttle[2] },
    .connect_id = connect_id,
    .data = data,
  };
  pf_enet_peer_queue_control (p, &c);
  *peer = p;
  return 0;
}

void
pf_enet_forget (PfEnetPeer *peer)
{
  if (!peer)
    return;
  if (peer->state != PF_ENET_EXPECTED) {
    peer->enet->in_sessions[peer->index] = peer->in_session & 3;
    peer->enet->out_sessions[peer->index] = peer->out_session & 3;
  }
  peer->enet->peers[peer->index] = NULL;
  free (peer);
}

/* ---- In ----------------------------------------------------------------- */

static bool
is_invited (const PfEnetInvite *invite, const PfPeerAddress *from,
    const PfEnetConnect *connect)
{
  if (invite->check_data && invite->data != connect->data)
    return false;
  return !invite->check_ip || pf_peer_address_same_ip (&invite->ip, from);
}

/* An open handshake may begin anew: the client's first one may be gone. A
 * CONNECT sent again is the same handshake. */
static void
on_connect (
    PfEnet *e, const PfPeerAddress *from, const PfEnetConnect *c, uint64_t now)
{
  for (unsigned i = 0; i < e->config.max_peers; i++) {
    PfEnetPeer *p = e->peers[i];

    if (!p || (p->state != PF_ENET_EXPECTED && p->state != PF_ENET_VERIFYING) ||
        !(p->invite.check_data || p->invite.check_ip) ||
        !is_invited (&p->invite, from, c))
      continue;
    if (p->state == PF_ENET_VERIFYING && p->connect_id == c->connect_id &&
        pf_peer_address_equal (&p->address, from))
      return;
    pf_enet_peer_answer (p, from, c, now);
    return;
  }
  e->stats.strangers++;
}

void
pf_enet_input (PfEnet *enet, const PfPeerAddress *from, const uint8_t *bytes,
    size_t size, uint64_t now_ns)
{
  PfEnetHeader h;
  PfEnetCommand c;
  PfEnetPeer *p;
  const int n = pf_enet_header_decode (bytes, size, &h);

  enet->stats.datagrams_in++;
  if (n < 0) {
    enet->stats.malformed++;
    return;
  }
  bytes += n;
  size -= (size_t) n;
  if (h.peer_id == PF_ENET_NO_PEER) {
    if (pf_enet_command_decode (bytes, size, &c) < 0 ||
        c.cmd != PF_ENET_CMD_CONNECT || c.channel != PF_ENET_CHANNEL_NONE ||
        c.connect.n_channels < 1 || c.connect.peer_id >= PF_ENET_NO_PEER)
      enet->stats.malformed++;
    else
      on_connect (enet, from, &c.connect, now_ns);
    return;
  }
  p = h.peer_id < enet->config.max_peers ? enet->peers[h.peer_id] : NULL;
  if (!p || p->state == PF_ENET_EXPECTED ||
      !pf_peer_address_equal (&p->address, from) ||
      (p->remote_id != PF_ENET_NO_PEER && h.session != p->in_session)) {
    enet->stats.misplaced++;
    return;
  }
  pf_enet_peer_tick (p, now_ns);
  if (!pf_enet_peer_input (p, &h, bytes, size, now_ns))
    enet->stats.malformed++;
}

/* ---- Out ---------------------------------------------------------------- */

/* All of a message, whose items go back. */
static void
tell_message (PfEnetPeer *peer, PfEnetEvent *event)
{
  PfEnet *e = peer->enet;
  const PfEnetCommand c = peer->ready.first->command;
  size_t size = 0;

  for (unsigned n = pf_enet_message_items (peer->ready.first); n > 0; n--) {
    PfEnetItem *item = peer->ready.first;

    pf_enet_item_read (item, e->message + size);
    size += item->command.message.size;
    pf_enet_list_remove (&peer->ready, item);
    pf_enet_store_give (&peer->in, item);
  }
  e->stats.messages_in++;
  event->type = PF_ENET_MESSAGE;
  event->channel = c.channel;
  event->bytes = e->message;
  event->size = size;
}

static bool
tell (PfEnetPeer *peer, PfEnetEvent *event)
{
  *event = (PfEnetEvent){ .peer = peer, .address = peer->address };
  if (peer->tell_connected) {
    peer->tell_connected = false;
    event->type = PF_ENET_CONNECTED;
    event->data = peer->data;
    event->n_channels = peer->n_channels;
  } else if (peer->ready.first) {
    tell_message (peer, event);
  } else if (peer->tell_closed) {
    peer->tell_closed = false;
    event->type = PF_ENET_CLOSED;
    event->reason = peer->reason;
    event->data = peer->close_data;
  }
  return event->type != 0;
}

bool
pf_enet_event (PfEnet *enet, uint64_t now_ns, PfEnetEvent *event)
{
  PfEnetEvent e;

  for (unsigned i = 0; i < enet->config.max_peers; i++) {
    if (!enet->peers[i])
      continue;
    pf_enet_peer_tick (enet->peers[i], now_ns);
    if (tell (enet->peers[i], &e)) {
      *event = e;
      return true;
    }
  }
  return false;
}

bool
pf_enet_output (PfEnet *enet, uint64_t now_ns, PfEnetDatagram *datagram)
{
  const unsigned n = enet->config.max_peers;

  for (unsigned i = 0; i < n; i++) {
    PfEnetPeer *p = enet->peers[(enet->turn + i) % n];
    size_t size;

    if (!p)
      continue;
    pf_enet_peer_tick (p, now_ns);
    size = pf_enet_peer_output (p, enet->datagram, now_ns);
    if (size == 0)
      continue;
    enet->turn = (p->index + 1) % n;
    enet->stats.datagrams_out++;
    *datagram = (PfEnetDatagram){ p->address, enet->datagram, size };
    return true;
  }
  return false;
}

uint64_t
pf_enet_wake (const PfEnet *enet)
{
  uint64_t wake = PF_NEVER;

  for (unsigned i = 0; i < enet->config.max_peers; i++)
    if (enet->peers[i])
      wake = pf_earlier (wake, pf_enet_peer_wake (enet->peers[i]));
  return wake;
}

/* ---- A peer ------------------------------------------------------------- */

/* A message in pieces of at most MOST bytes; all or nothing. */
static int
queue_fragments (PfEnetPeer *peer, PfEnetCommand *c, const uint8_t *bytes,
    size_t size, size_t most)
{
  PfEnetChannel *ch = &peer->channels[c->channel];
  const uint32_t count = (uint32_t) ((size + most - 1) / most);
  const bool reliable = c->cmd == PF_ENET_CMD_FRAGMENT;
  const size_t blocks = (most + PF_ENET_BLOCK - 1) / PF_ENET_BLOCK * count;

  if (peer->out.n_items < count + PF_ENET_ITEMS / PF_ENET_RESERVE ||
      peer->out.n_blocks < blocks + PF_ENET_BLOCKS / PF_ENET_RESERVE)
    return PF_ERR_EXHAUSTED;
  if (!reliable)
    ch->out_unreliable++;
  c->message.start =
      reliable ? (uint16_t) (ch->out_reliable + 1) : ch->out_unreliable;
  c->message.count = count;
  c->message.total = (uint32_t) size;
  for (uint32_t i = 0; i < count; i++) {
    const size_t at = i * most;

    c->seq = reliable ? ++ch->out_reliable : ch->out_reliable;
    c->message.number = i;
    c->message.offset = (uint32_t) at;
    c->message.bytes = bytes + at;
    c->message.size = (uint16_t) (size - at < most ? size - at : most);
    pf_enet_list_insert (
        &peer->queue, NULL, pf_enet_store_take (&peer->out, c, false));
  }
  if (reliable)
    ch->out_unreliable = 0;
  return 0;
}

static int
queue_message (
    PfEnetPeer *peer, PfEnetCommand *c, const uint8_t *bytes, size_t size)
{
  PfEnetChannel *ch = &peer->channels[c->channel];
  PfEnetItem *item;

  c->message.bytes = bytes;
  c->message.size = (uint16_t) size;
  if (c->cmd == PF_ENET_CMD_RELIABLE) {
    c->seq = (uint16_t) (ch->out_reliable + 1);
  } else if (c->cmd == PF_ENET_CMD_UNRELIABLE) {
    c->seq = ch->out_reliable;
    c->message.seq = (uint16_t) (ch->out_unreliable + 1);
  } else {
    c->message.seq = (uint16_t) (peer->group_out + 1);
  }
  item = pf_enet_store_take (&peer->out, c, false);
  if (!item)
    return PF_ERR_EXHAUSTED;
  if (c->cmd == PF_ENET_CMD_RELIABLE) {
    ch->out_reliable++;
    ch->out_unreliable = 0;
  } else if (c->cmd == PF_ENET_CMD_UNRELIABLE) {
    ch->out_unreliable++;
  } else {
    peer->group_out++;
  }
  pf_enet_list_insert (&peer->queue, NULL, item);
  return 0;
}

int
pf_enet_send (PfEnetPeer *peer, unsigned channel, PfEnetKind kind,
    const uint8_t *bytes, size_t size)
{
  const size_t room = peer->mtu - PF_ENET_HEADER_MAX;
  PfEnetCommand c = { .channel = (uint8_t) channel };
  bool whole;
  int ret;

  if (peer->state != PF_ENET_RUNNING || channel >= peer->n_channels ||
      kind < PF_ENET_RELIABLE || kind > PF_ENET_UNSEQUENCED || (!bytes && size))
    return PF_ERR_INVALID;
  if (size > PF_ENET_MESSAGE_MAX)
    return PF_ERR_RANGE;
  whole = size + pf_enet_command_size (PF_ENET_CMD_UNRELIABLE) <= room;
  if (kind == PF_ENET_UNSEQUENCED && !whole)
    return PF_ERR_RANGE;
  if (kind == PF_ENET_RELIABLE) {
    c.cmd = whole ? PF_ENET_CMD_RELIABLE : PF_ENET_CMD_FRAGMENT;
    c.flags = PF_ENET_ACKNOWLEDGE_FLAG;
  } else if (kind == PF_ENET_UNRELIABLE) {
    c.cmd = whole ? PF_ENET_CMD_UNRELIABLE : PF_ENET_CMD_UNRELIABLE_FRAGMENT;
  } else {
    c.cmd = PF_ENET_CMD_UNSEQUENCED;
    c.flags = PF_ENET_UNSEQUENCED_FLAG;
  }
  if (whole)
    ret = queue_message (peer, &c, bytes, size);
  else
    ret = queue_fragments (peer, &c, bytes, size,
        room - pf_enet_command_size (PF_ENET_CMD_FRAGMENT));
  if (ret == 0)
    peer->enet->stats.messages_out++;
  else
    peer->enet->stats.no_room++;
  return ret;
}

void
pf_enet_disconnect (PfEnetPeer *peer, uint32_t data, uint64_t now_ns)
{
  if (peer->state != PF_ENET_RUNNING) {
    pf_enet_drop (peer, data);
    return;
  }
  peer->state = PF_ENET_CLOSING;
  peer->limit_ns = now_ns + PF_ENET_LINGER_NS;
  peer->goodbye_data = data;
}

void
pf_enet_drop (PfEnetPeer *peer, uint32_t data)
{
  if (peer->state == PF_ENET_CLOSING || peer->state == PF_ENET_RUNNING) {
    peer->goodbye = true;
    peer->goodbye_data = data;
  }
  pf_enet_peer_end (peer, PF_ENET_BY_US, 0);
}

void
pf_enet_set_user (PfEnetPeer *peer, void *user)
{
  peer->user = user;
}

void *
pf_enet_user (const PfEnetPeer *peer)
{
  return peer->user;
}

uint64_t
pf_enet_rtt_ns (const PfEnetPeer *peer)
{
  return peer->measured ? peer->rtt_ns : 0;
}

bool
pf_enet_is_idle (const PfEnetPeer *peer)
{
  return !peer->queue.first && !peer->sent.first;
}

const PfEnetStats *
pf_enet_stats (const PfEnet *enet)
{
  return &enet->stats;
}
