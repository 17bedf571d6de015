/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * One connection: handshake, what is sent and sent again, what comes in.
 */
#include <stdlib.h>
#include <string.h>

#include "pf-enet-private.h"

/* What is done with a command that came. */
typedef enum {
  DONE,   /* acknowledged if it asks for that */
  IGNORE, /* not acknowledged */
  BAD,    /* and so is the rest of the datagram */
} Verdict;

int
pf_enet_peer_new (PfEnet *enet, PfEnetPeer **peer)
{
  const unsigned n = enet->config.max_channels;
  PfEnetPeer *p;
  unsigned index = 0;

  while (index < enet->config.max_peers && enet->peers[index])
    index++;
  if (index == enet->config.max_peers)
    return PF_ERR_EXHAUSTED;
  p = calloc (1, sizeof *p + n * sizeof *p->channels);
  if (!p)
    return PF_ERR_NO_MEMORY;
  p->enet = enet;
  p->index = index;
  pf_enet_store_init (&p->in);
  pf_enet_store_init (&p->out);
  pf_enet_peer_reset (p);
  enet->peers[index] = p;
  *peer = p;
  return 0;
}

static void
empty (PfEnetList *list, PfEnetStore *store)
{
  PfEnetItem *item;

  while ((item = list->first) != NULL) {
    pf_enet_list_remove (list, item);
    pf_enet_store_give (store, item);
  }
}

void
pf_enet_peer_reset (PfEnetPeer *peer)
{
  empty (&peer->queue, &peer->out);
  empty (&peer->sent, &peer->out);
  peer->state = PF_ENET_EXPECTED;
  peer->limit_ns = PF_NEVER;
  peer->remote_id = PF_ENET_NO_PEER;
  peer->mtu = PF_ENET_MTU_MIN;
  peer->window = PF_ENET_WINDOW;
  peer->rtt_ns = PF_ENET_RTT_FIRST;
  peer->rtt_var_ns = 0;
  peer->measured = false;
  peer->control_seq = 0;
  peer->in_transit = 0;
  peer->n_acks = 0;
}

void
pf_enet_peer_end (PfEnetPeer *peer, PfEnetReason reason, uint32_t data)
{
  if (peer->state == PF_ENET_ENDED)
    return;
  peer->state = PF_ENET_ENDED;
  peer->limit_ns = PF_NEVER;
  peer->tell_closed = true;
  peer->reason = reason;
  peer->close_data = data;
  peer->in_transit = 0;
  empty (&peer->queue, &peer->out);
  empty (&peer->sent, &peer->out);
}

/* ---- Handshake ---------------------------------------------------------- */

void
pf_enet_peer_queue_control (PfEnetPeer *peer, PfEnetCommand *command)
{
  PfEnetItem *item;

  command->flags = PF_ENET_ACKNOWLEDGE_FLAG;
  command->channel = PF_ENET_CHANNEL_NONE;
  command->seq = (uint16_t) (peer->control_seq + 1);
  item = pf_enet_store_take (&peer->out, command, true);
  if (!item)
    return;
  peer->control_seq++;
  pf_enet_list_insert (&peer->queue, NULL, item);
}

/* The next of a slot's session numbers: another one than the last. */
static uint8_t
next_session (uint8_t given, uint8_t last)
{
  uint8_t s = (given == PF_ENET_NO_SESSION ? last : given) + 1;

  s &= 3;
  return s == last ? (s + 1) & 3 : s;
}

static unsigned
clamp (uint32_t v, unsigned least, unsigned most)
{
  return v < least ? least : v > most ? most : v;
}

void
pf_enet_peer_answer (PfEnetPeer *peer, const PfPeerAddress *from,
    const PfEnetConnect *connect, uint64_t now)
{
  PfEnet *e = peer->enet;
  uint8_t *in = &e->in_sessions[peer->index];
  uint8_t *out = &e->out_sessions[peer->index];
  PfEnetCommand c = { .cmd = PF_ENET_CMD_VERIFY_CONNECT };

  pf_enet_peer_reset (peer);
  *out = next_session (connect->incoming_session, *out);
  *in = next_session (connect->outgoing_session, *in);
  peer->out_session = *out;
  peer->in_session = *in;
  peer->address = *from;
  peer->remote_id = connect->peer_id;
  peer->connect_id = connect->connect_id;
  peer->data = connect->data;
  peer->mtu = clamp (connect->mtu, PF_ENET_MTU_MIN, e->config.mtu);
  peer->window = clamp (connect->window, PF_ENET_WINDOW_MIN, PF_ENET_WINDOW);
  peer->n_channels = clamp (connect->n_channels, 1, e->config.max_channels);
  peer->state = PF_ENET_VERIFYING;
  peer->limit_ns = now + e->config.connect_ns;
  peer->heard_ns = now;
  c.connect = *connect;
  c.connect.peer_id = (uint16_t) peer->index;
  c.connect.incoming_session = *out;
  c.connect.outgoing_session = *in;
  c.connect.mtu = peer->mtu;
  c.connect.window = peer->window;
  c.connect.n_channels = peer->n_channels;
  c.connect.in_bandwidth = c.connect.out_bandwidth = 0;
  pf_enet_peer_queue_control (peer, &c);
}

static void
run (PfEnetPeer *peer)
{
  peer->state = PF_ENET_RUNNING;
  peer->limit_ns = PF_NEVER;
  peer->tell_connected = true;
}

/* The item with this number among those not acknowledged. */
static PfEnetItem *
find_sent (const PfEnetPeer *peer, uint8_t channel, uint16_t seq)
{
  PfEnetItem *item = peer->sent.first;

  while (item && (item->command.channel != channel || item->command.seq != seq))
    item = item->next;
  return item;
}

static bool
is_message (const PfEnetCommand *c)
{
  return c->cmd == PF_ENET_CMD_RELIABLE || c->cmd == PF_ENET_CMD_FRAGMENT;
}

static void
arrived (PfEnetPeer *peer, PfEnetItem *item)
{
  if (is_message (&item->command))
    peer->in_transit -= item->command.message.size;
  pf_enet_list_remove (&peer->sent, item);
  pf_enet_store_give (&peer->out, item);
}

/* The host's answer to our CONNECT. */
static Verdict
on_verify (PfEnetPeer *peer, const PfEnetConnect *c)
{
  PfEnetItem *connect =
      find_sent (peer, PF_ENET_CHANNEL_NONE, peer->control_seq);

  if (peer->state != PF_ENET_CONNECTING)
    return peer->connect_id == c->connect_id ? DONE : IGNORE;
  if (!connect || c->connect_id != peer->connect_id)
    return IGNORE; /* to an earlier connection */
  if (c->n_channels < 1 || c->n_channels > peer->n_channels ||
      c->peer_id >= PF_ENET_NO_PEER ||
      memcmp (c->throttle, peer->throttle, sizeof c->throttle) != 0) {
    pf_enet_peer_end (peer, PF_ENET_REFUSED, 0);
    return IGNORE;
  }
  arrived (peer, connect);
  peer->remote_id = c->peer_id;
  peer->in_session = c->incoming_session & 3;
  peer->out_session = c->outgoing_session & 3;
  peer->n_channels = c->n_channels;
  peer->mtu = clamp (c->mtu, PF_ENET_MTU_MIN, peer->enet->config.mtu);
  peer->window = clamp (c->window, PF_ENET_WINDOW_MIN, PF_ENET_WINDOW);
  run (peer);
  return DONE;
}

/* ---- What comes in ------------------------------------------------------ */

static void
measure (PfEnetPeer *peer, uint16_t sent_ms, uint64_t now)
{
  const uint16_t ms = (uint16_t) (now / PF_MS - sent_ms);
  const uint64_t rtt = ms * PF_MS;
  uint64_t off;

  if (ms >= 0x8000)
    return;
  if (!peer->measured) {
    peer->measured = true;
    peer->rtt_ns = rtt;
    peer->rtt_var_ns = rtt / 2;
    return;
  }
  off = rtt > peer->rtt_ns ? rtt - peer->rtt_ns : peer->rtt_ns - rtt;
  peer->rtt_var_ns += off / 4 - peer->rtt_var_ns / 4;
  peer->rtt_ns += rtt / 8 - peer->rtt_ns / 8;
}

static Verdict
on_ack (PfEnetPeer *peer, const PfEnetCommand *c, uint64_t now)
{
  PfEnetItem *item = find_sent (peer, c->channel, c->ack.seq);
  unsigned cmd;

  if (!item)
    return DONE;
  cmd = item->command.cmd;
  if (cmd == PF_ENET_CMD_CONNECT)
    return IGNORE; /* only VERIFY_CONNECT answers it */
  measure (peer, c->ack.time_ms, now);
  arrived (peer, item);
  if (cmd == PF_ENET_CMD_VERIFY_CONNECT && peer->state == PF_ENET_VERIFYING)
    run (peer);
  if (cmd == PF_ENET_CMD_DISCONNECT)
    pf_enet_peer_end (peer, PF_ENET_BY_US, 0);
  return DONE;
}

/* False for an unsequenced message that was there or is too old. */
static bool
enter_group (PfEnetPeer *peer, uint16_t group)
{
  const int16_t d = (int16_t) (group - peer->group_in);
  unsigned at;

  if (d <= -PF_ENET_GROUPS)
    return false;
  for (int16_t i = 1; i <= d && i <= PF_ENET_GROUPS; i++) {
    at = (unsigned) (peer->group_in + i) % PF_ENET_GROUPS;
    peer->groups[at / 8] &= (uint8_t) ~(1u << at % 8);
  }
  if (d > 0)
    peer->group_in = group;
  at = group % PF_ENET_GROUPS;
  if (peer->groups[at / 8] & 1u << at % 8)
    return false;
  peer->groups[at / 8] |= (uint8_t) (1u << at % 8);
  return true;
}

static bool
fragment_is_sane (const PfEnetCommand *c)
{
  if (c->message.count < 1 || c->message.count > PF_ENET_FRAGMENTS ||
      c->message.number >= c->message.count || c->message.size == 0 ||
      c->message.total > PF_ENET_MESSAGE_MAX ||
      c->message.offset >= c->message.total ||
      c->message.size > c->message.total - c->message.offset)
    return false;
  return c->cmd != PF_ENET_CMD_FRAGMENT ||
         c->seq == (uint16_t) (c->message.start + c->message.number);
}

static Verdict
on_unsequenced (PfEnetPeer *peer, const PfEnetCommand *c)
{
  PfEnetStats *stats = &peer->enet->stats;
  PfEnetItem *item;

  if (!enter_group (peer, c->message.seq)) {
    stats->duplicates++;
    return DONE;
  }
  item = pf_enet_store_take (&peer->in, c, false);
  if (!item) {
    stats->no_room++;
    return IGNORE;
  }
  pf_enet_list_insert (&peer->ready, NULL, item);
  return DONE;
}

static Verdict
on_message (PfEnetPeer *peer, const PfEnetCommand *c)
{
  PfEnetStats *stats = &peer->enet->stats;

  /* before the handshake is over it will be sent again */
  if (peer->state != PF_ENET_RUNNING && peer->state != PF_ENET_CLOSING)
    return peer->state == PF_ENET_VERIFYING ? IGNORE : DONE;
  if (c->channel >= peer->n_channels || c->message.size > PF_ENET_MESSAGE_MAX)
    return BAD;
  if (c->cmd == PF_ENET_CMD_UNSEQUENCED)
    return on_unsequenced (peer, c);
  if ((c->cmd == PF_ENET_CMD_FRAGMENT ||
          c->cmd == PF_ENET_CMD_UNRELIABLE_FRAGMENT) &&
      !fragment_is_sane (c))
    return BAD;
  switch (pf_enet_channel_take (
      &peer->channels[c->channel], &peer->in, c, &peer->ready)) {
  case PF_ENET_OLD:
    stats->duplicates++;
    return DONE;
  case PF_ENET_NO_ROOM:
    stats->no_room++;
    return IGNORE;
  default:
    return DONE;
  }
}

static Verdict
on_disconnect (PfEnetPeer *peer, const PfEnetCommand *c)
{
  if (peer->state == PF_ENET_CLOSING)
    pf_enet_peer_end (peer, PF_ENET_BY_US, 0);
  else if (peer->state != PF_ENET_ENDED)
    pf_enet_peer_end (peer, PF_ENET_BY_PEER, c->data);
  return DONE;
}

static Verdict
on_command (PfEnetPeer *peer, const PfEnetCommand *c, uint64_t now)
{
  if (peer->state == PF_ENET_CONNECTING &&
      c->cmd != PF_ENET_CMD_VERIFY_CONNECT && c->cmd != PF_ENET_CMD_DISCONNECT)
    return IGNORE;
  switch (c->cmd) {
  case PF_ENET_CMD_ACK:
    return on_ack (peer, c, now);
  case PF_ENET_CMD_CONNECT:
    return BAD; /* has no peer yet */
  case PF_ENET_CMD_VERIFY_CONNECT:
    return on_verify (peer, &c->connect);
  case PF_ENET_CMD_DISCONNECT:
    return on_disconnect (peer, c);
  case PF_ENET_CMD_PING:
  case PF_ENET_CMD_BANDWIDTH:
  case PF_ENET_CMD_THROTTLE:
    return DONE;
  default:
    return on_message (peer, c);
  }
}

static void
acknowledge (PfEnetPeer *peer, const PfEnetCommand *c, uint16_t time_ms)
{
  if (peer->n_acks == PF_ENET_ACKS) {
    peer->enet->stats.no_room++; /* it comes again */
    return;
  }
  peer->acks[peer->n_acks++] =
      (PfEnetAck){ .channel = c->channel, .seq = c->seq, .time_ms = time_ms };
}

bool
pf_enet_peer_input (PfEnetPeer *peer, const PfEnetHeader *header,
    const uint8_t *bytes, size_t size, uint64_t now)
{
  PfEnetCommand c;
  size_t at = 0;

  peer->heard_ns = now;
  while (at < size) {
    const int used = pf_enet_command_decode (bytes + at, size - at, &c);
    Verdict verdict;

    if (used < 0)
      return false;
    at += (size_t) used;
    if ((c.flags & PF_ENET_ACKNOWLEDGE_FLAG) && !header->has_time)
      return false;
    verdict = on_command (peer, &c, now);
    if (verdict == BAD)
      return false;
    if (verdict == DONE && (c.flags & PF_ENET_ACKNOWLEDGE_FLAG))
      acknowledge (peer, &c, header->time_ms);
  }
  return true;
}

/* ---- Time --------------------------------------------------------------- */

static bool
is_quiet (const PfEnetPeer *peer)
{
  return !peer->queue.first && !peer->sent.first;
}

static uint64_t
earliest_sent (const PfEnetPeer *peer)
{
  uint64_t first = PF_NEVER;

  for (const PfEnetItem *i = peer->sent.first; i; i = i->next)
    first = pf_earlier (first, i->first_ns);
  return first;
}

/* A wish to close that waits for all to have arrived. */
static void
take_leave (PfEnetPeer *peer)
{
  PfEnetCommand c = { .cmd = PF_ENET_CMD_DISCONNECT };

  if (peer->state != PF_ENET_CLOSING || peer->leave_taken || !is_quiet (peer))
    return;
  c.data = peer->goodbye_data;
  peer->leave_taken = true;
  pf_enet_peer_queue_control (peer, &c);
}

void
pf_enet_peer_tick (PfEnetPeer *peer, uint64_t now)
{
  const uint64_t timeout = peer->enet->config.timeout_ns;
  PfEnetCommand ping = { .cmd = PF_ENET_CMD_PING };
  uint64_t first;

  if (now >= peer->limit_ns) {
    if (peer->state == PF_ENET_VERIFYING) {
      pf_enet_peer_reset (peer);
    } else if (peer->state == PF_ENET_CLOSING) {
      peer->goodbye = true;
      pf_enet_peer_end (peer, PF_ENET_BY_US, 0);
    } else {
      pf_enet_peer_end (peer, PF_ENET_TIMEOUT, 0);
    }
  }
  if (peer->state != PF_ENET_RUNNING && peer->state != PF_ENET_CLOSING)
    return;
  first = earliest_sent (peer);
  if (first != PF_NEVER && now >= first + timeout)
    pf_enet_peer_end (peer, PF_ENET_TIMEOUT, 0);
  else if (peer->state == PF_ENET_RUNNING && is_quiet (peer) &&
           now >= peer->heard_ns + PF_ENET_PING_NS)
    pf_enet_peer_queue_control (peer, &ping);
  take_leave (peer);
}

uint64_t
pf_enet_peer_wake (const PfEnetPeer *peer)
{
  uint64_t wake = peer->limit_ns;

  for (const PfEnetItem *i = peer->sent.first; i; i = i->next) {
    wake = pf_earlier (wake, i->sent_ns + i->rto_ns);
    if (peer->state == PF_ENET_RUNNING || peer->state == PF_ENET_CLOSING)
      wake = pf_earlier (wake, i->first_ns + peer->enet->config.timeout_ns);
  }
  if (peer->state == PF_ENET_RUNNING && is_quiet (peer))
    wake = pf_earlier (wake, peer->heard_ns + PF_ENET_PING_NS);
  return wake;
}

/* ---- What goes out ------------------------------------------------------ */

/* A datagram in the making. */
typedef struct {
  PfEnetPeer *peer;
  uint8_t *bytes;
  size_t size;
  bool has_time;
  uint64_t now;
} Letter;

static size_t
item_size (const PfEnetItem *item)
{
  const size_t n = pf_enet_command_size (item->command.cmd);

  return item->n_blocks > 0 ? n + item->command.message.size : n;
}

static bool
fits (const Letter *l, size_t size)
{
  return l->size + size <= l->peer->mtu;
}

static void
write_item (Letter *l, const PfEnetItem *item)
{
  l->size += pf_enet_command_encode (&item->command, l->bytes + l->size);
  if (item->n_blocks > 0) {
    pf_enet_item_read (item, l->bytes + l->size);
    l->size += item->command.message.size;
  }
  if (item->command.flags & PF_ENET_ACKNOWLEDGE_FLAG)
    l->has_time = true;
}

static void
write_acks (Letter *l)
{
  PfEnetPeer *peer = l->peer;
  unsigned n = 0;

  for (; n < peer->n_acks && fits (l, 8); n++) {
    const PfEnetAck *a = &peer->acks[n];
    const PfEnetCommand c = { .cmd = PF_ENET_CMD_ACK,
      .channel = a->channel,
      .seq = a->seq,
      .ack = { a->seq, a->time_ms } };

    l->size += pf_enet_command_encode (&c, l->bytes + l->size);
  }
  peer->n_acks -= n;
  memmove (peer->acks, peer->acks + n, peer->n_acks * sizeof *peer->acks);
}

static uint64_t
timeout_of (const PfEnetPeer *peer)
{
  const uint64_t rto = peer->rtt_ns + 4 * peer->rtt_var_ns;

  return rto < PF_ENET_RTO_MIN ? PF_ENET_RTO_MIN
                               : pf_earlier (rto, PF_ENET_RTO_MAX);
}

/* What little is sent here is waited for by a player: intervals grow less than
 * those of a transfer would. */
static void
write_again (Letter *l)
{
  const uint64_t usual = timeout_of (l->peer);
  const uint64_t longest =
      usual * 2 > PF_ENET_BACKOFF_MAX ? usual * 2 : PF_ENET_BACKOFF_MAX;

  for (PfEnetItem *i = l->peer->sent.first; i; i = i->next) {
    if (l->now < i->sent_ns + i->rto_ns || !fits (l, item_size (i)))
      continue;
    write_item (l, i);
    i->sent_ns = l->now;
    i->rto_ns = pf_earlier (i->rto_ns * 2, longest);
    l->peer->enet->stats.resent++;
  }
}

static void
write_queue (Letter *l)
{
  PfEnetPeer *peer = l->peer;
  PfEnetItem *next;
  bool blocked = false; /* no more messages that need the window */

  for (PfEnetItem *i = peer->queue.first; i; i = next) {
    const PfEnetCommand *c = &i->command;
    const size_t bytes = is_message (c) ? c->message.size : 0;

    next = i->next;
    if (bytes > 0 && peer->in_transit > 0 &&
        peer->in_transit + bytes > peer->window)
      blocked = true;
    if (is_message (c) && blocked)
      continue;
    if (!fits (l, item_size (i)))
      break;
    write_item (l, i);
    pf_enet_list_remove (&peer->queue, i);
    if (c->flags & PF_ENET_ACKNOWLEDGE_FLAG) {
      i->first_ns = i->sent_ns = l->now;
      i->rto_ns = timeout_of (peer);
      peer->in_transit += bytes;
      pf_enet_list_insert (&peer->sent, NULL, i);
    } else {
      pf_enet_store_give (&peer->out, i);
    }
  }
}

static void
write_goodbye (Letter *l)
{
  PfEnetCommand c = { .cmd = PF_ENET_CMD_DISCONNECT,
    .flags = PF_ENET_UNSEQUENCED_FLAG,
    .channel = PF_ENET_CHANNEL_NONE };

  if (!l->peer->goodbye || !fits (l, 8))
    return;
  l->peer->goodbye = false;
  c.data = l->peer->goodbye_data;
  l->size += pf_enet_command_encode (&c, l->bytes + l->size);
}

/* Room for the longer header is kept in front; the shorter one is moved up. */
static size_t
finish (Letter *l)
{
  const PfEnetHeader h = {
    .peer_id = l->peer->remote_id,
    .session = l->peer->remote_id == PF_ENET_NO_PEER ? 0 : l->peer->out_session,
    .has_time = l->has_time,
    .time_ms = (uint16_t) (l->now / PF_MS),
  };
  uint8_t header[PF_ENET_HEADER_MAX];
  const size_t n = pf_enet_header_encode (&h, header);

  if (l->size == PF_ENET_HEADER_MAX)
    return 0;
  memcpy (l->bytes, header, n);
  if (n < PF_ENET_HEADER_MAX)
    memmove (l->bytes + n, l->bytes + PF_ENET_HEADER_MAX,
        l->size - PF_ENET_HEADER_MAX);
  return l->size - PF_ENET_HEADER_MAX + n;
}

size_t
pf_enet_peer_output (PfEnetPeer *peer, uint8_t *out, uint64_t now)
{
  Letter l = {
    .peer = peer, .bytes = out, .size = PF_ENET_HEADER_MAX, .now = now
  };

  if (peer->state == PF_ENET_EXPECTED)
    return 0;
  write_acks (&l);
  write_again (&l);
  write_queue (&l);
  write_goodbye (&l);
  return finish (&l);
}
