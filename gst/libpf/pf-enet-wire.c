/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * ENet's datagrams. All numbers are big-endian; the connect id is passed back
 * as it came, so its order does not matter.
 */
#include "pf-enet-wire.h"

#include "pf-bytes.h"

enum {
  PEER_MASK = 0xfff,
  SESSION_SHIFT = 12,
  COMPRESSED = 0x4000,
  HAS_TIME = 0x8000,

  CMD_MASK = 0x0f,
  COMMAND_HEADER = 4,
};

/* Command header and body. */
static const uint8_t command_sizes[PF_ENET_N_CMDS] = {
  [PF_ENET_CMD_ACK] = 8,
  [PF_ENET_CMD_CONNECT] = 48,
  [PF_ENET_CMD_VERIFY_CONNECT] = 44,
  [PF_ENET_CMD_DISCONNECT] = 8,
  [PF_ENET_CMD_PING] = 4,
  [PF_ENET_CMD_RELIABLE] = 6,
  [PF_ENET_CMD_UNRELIABLE] = 8,
  [PF_ENET_CMD_FRAGMENT] = 24,
  [PF_ENET_CMD_UNSEQUENCED] = 8,
  [PF_ENET_CMD_BANDWIDTH] = 12,
  [PF_ENET_CMD_THROTTLE] = 16,
  [PF_ENET_CMD_UNRELIABLE_FRAGMENT] = 24,
};

size_t
pf_enet_command_size (unsigned cmd)
{
  return cmd < PF_ENET_N_CMDS ? command_sizes[cmd] : 0;
}

int
pf_enet_header_decode (const uint8_t *bytes, size_t size, PfEnetHeader *header)
{
  uint16_t field;

  if (size < 2)
    return PF_ERR_INVALID;
  field = pf_get_be16 (bytes);
  if ((field & COMPRESSED) || ((field & HAS_TIME) && size < 4))
    return PF_ERR_INVALID;
  *header = (PfEnetHeader){
    .peer_id = field & PEER_MASK,
    .session = field >> SESSION_SHIFT & 3,
    .has_time = field & HAS_TIME,
  };
  if (!header->has_time)
    return 2;
  header->time_ms = pf_get_be16 (bytes + 2);
  return 4;
}

size_t
pf_enet_header_encode (const PfEnetHeader *header, uint8_t *bytes)
{
  pf_put_be16 (bytes,
      (uint16_t) (header->peer_id | (header->session & 3) << SESSION_SHIFT |
                  (header->has_time ? HAS_TIME : 0)));
  if (!header->has_time)
    return 2;
  pf_put_be16 (bytes + 2, header->time_ms);
  return 4;
}

/* ---- Commands ----------------------------------------------------------- */

static void
get_connect (const uint8_t *p, bool has_data, PfEnetConnect *c)
{
  *c = (PfEnetConnect){
    .peer_id = pf_get_be16 (p),
    .incoming_session = p[2],
    .outgoing_session = p[3],
    .mtu = pf_get_be32 (p + 4),
    .window = pf_get_be32 (p + 8),
    .n_channels = pf_get_be32 (p + 12),
    .in_bandwidth = pf_get_be32 (p + 16),
    .out_bandwidth = pf_get_be32 (p + 20),
    .throttle = { pf_get_be32 (p + 24), pf_get_be32 (p + 28),
        pf_get_be32 (p + 32) },
    .connect_id = pf_get_be32 (p + 36),
    .data = has_data ? pf_get_be32 (p + 40) : 0,
  };
}

static void
put_connect (uint8_t *p, bool has_data, const PfEnetConnect *c)
{
  pf_put_be16 (p, c->peer_id);
  p[2] = c->incoming_session;
  p[3] = c->outgoing_session;
  pf_put_be32 (p + 4, c->mtu);
  pf_put_be32 (p + 8, c->window);
  pf_put_be32 (p + 12, c->n_channels);
  pf_put_be32 (p + 16, c->in_bandwidth);
  pf_put_be32 (p + 20, c->out_bandwidth);
  for (int i = 0; i < 3; i++)
    pf_put_be32 (p + 24 + 4 * i, c->throttle[i]);
  pf_put_be32 (p + 36, c->connect_id);
  if (has_data)
    pf_put_be32 (p + 40, c->data);
}

static bool
is_fragment (unsigned cmd)
{
  return cmd == PF_ENET_CMD_FRAGMENT || cmd == PF_ENET_CMD_UNRELIABLE_FRAGMENT;
}

/* Fields before the bytes of a message. */
static void
get_message (const uint8_t *p, PfEnetCommand *c)
{
  c->message.size = pf_get_be16 (p + (c->cmd == PF_ENET_CMD_RELIABLE ? 0 : 2));
  if (is_fragment (c->cmd)) {
    c->message.start = pf_get_be16 (p);
    c->message.count = pf_get_be32 (p + 4);
    c->message.number = pf_get_be32 (p + 8);
    c->message.total = pf_get_be32 (p + 12);
    c->message.offset = pf_get_be32 (p + 16);
  } else if (c->cmd != PF_ENET_CMD_RELIABLE) {
    c->message.seq = pf_get_be16 (p);
  }
}

static void
put_message (uint8_t *p, const PfEnetCommand *c)
{
  if (c->cmd == PF_ENET_CMD_RELIABLE) {
    pf_put_be16 (p, c->message.size);
    return;
  }
  pf_put_be16 (p, is_fragment (c->cmd) ? c->message.start : c->message.seq);
  pf_put_be16 (p + 2, c->message.size);
  if (is_fragment (c->cmd)) {
    pf_put_be32 (p + 4, c->message.count);
    pf_put_be32 (p + 8, c->message.number);
    pf_put_be32 (p + 12, c->message.total);
    pf_put_be32 (p + 16, c->message.offset);
  }
}

int
pf_enet_command_decode (
    const uint8_t *bytes, size_t size, PfEnetCommand *command)
{
  const uint8_t *p = bytes + COMMAND_HEADER;
  PfEnetCommand c = { 0 };
  size_t used;

  if (size < COMMAND_HEADER)
    return PF_ERR_INVALID;
  c.cmd = bytes[0] & CMD_MASK;
  c.flags = bytes[0] & (PF_ENET_ACKNOWLEDGE_FLAG | PF_ENET_UNSEQUENCED_FLAG);
  c.channel = bytes[1];
  c.seq = pf_get_be16 (bytes + 2);
  used = pf_enet_command_size (c.cmd);
  if (used == 0 || size < used)
    return PF_ERR_INVALID;
  switch (c.cmd) {
  case PF_ENET_CMD_ACK:
    c.ack.seq = pf_get_be16 (p);
    c.ack.time_ms = pf_get_be16 (p + 2);
    break;
  case PF_ENET_CMD_CONNECT:
  case PF_ENET_CMD_VERIFY_CONNECT:
    get_connect (p, c.cmd == PF_ENET_CMD_CONNECT, &c.connect);
    break;
  case PF_ENET_CMD_DISCONNECT:
    c.data = pf_get_be32 (p);
    break;
  case PF_ENET_CMD_PING:
  case PF_ENET_CMD_BANDWIDTH:
  case PF_ENET_CMD_THROTTLE:
    break;
  default:
    get_message (p, &c);
    if (size - used < c.message.size)
      return PF_ERR_INVALID;
    c.message.bytes = bytes + used;
    used += c.message.size;
    break;
  }
  *command = c;
  return (int) used;
}

size_t
pf_enet_command_encode (const PfEnetCommand *command, uint8_t *bytes)
{
  const PfEnetCommand *c = command;
  uint8_t *p = bytes + COMMAND_HEADER;

  bytes[0] = c->cmd | c->flags;
  bytes[1] = c->channel;
  pf_put_be16 (bytes + 2, c->seq);
  switch (c->cmd) {
  case PF_ENET_CMD_ACK:
    pf_put_be16 (p, c->ack.seq);
    pf_put_be16 (p + 2, c->ack.time_ms);
    break;
  case PF_ENET_CMD_CONNECT:
  case PF_ENET_CMD_VERIFY_CONNECT:
    put_connect (p, c->cmd == PF_ENET_CMD_CONNECT, &c->connect);
    break;
  case PF_ENET_CMD_DISCONNECT:
    pf_put_be32 (p, c->data);
    break;
  case PF_ENET_CMD_PING:
    break;
  default:
    put_message (p, c);
    break;
  }
  return pf_enet_command_size (c->cmd);
}
