/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Video packets of GameStream: 16 bytes of RTP (big-endian), 16 bytes of
 * NVIDIA's header (little-endian), then a shard. A frame is an 8-byte frame
 * header and the access unit, in at most four blocks, sent one after the
 * other. Parity covers whole packets, headers too, with RTP header and FEC
 * info zero. Encrypted packets have nonce, frame number and tag in front.
 *
 * A receiver knows of the parity only a percentage of the data: what is
 * announced always gives the number of parity shards that were sent.
 */
#include "pf-wire.h"

#include "pf-bytes.h"

#include <string.h>

enum {
  HEADER = 32,
  RTP_TYPE = 0x90, /* version 2 with the extension bit */
  /* offsets */
  SEQUENCE = 2,
  TIMESTAMP = 4,
  PACKET_INDEX = 16,
  FRAME_INDEX = 20,
  FLAGS = 24,
  MULTI_FEC_FLAGS = 26,
  MULTI_FEC_BLOCKS = 27,
  FEC_INFO = 28,
  /* FLAGS */
  PICTURE = 1,
  LAST = 2,  /* data of a block */
  FIRST = 4, /* data of a block */

  PREAMBLE = 8,
  PREAMBLE_SHORT = 0x01,
  FRAME_NORMAL = 1,
  FRAME_KEY = 2,
  FRAME_REFRESHED = 4,
  FRAME_ANCHOR = 5,

  BLOCKS_MAX = 4,
  DATA_MAX = 1023,   /* of a block; 10 bits */
  SHARDS_MAX = 255,  /* of a block with parity */
  PERCENT_MAX = 255, /* 8 bits */
  PERCENT_DEFAULT = 20,
  PAYLOAD_MIN = 16,
  PAYLOAD_MAX = 9152,

  PREFIX = 32, /* nonce, frame number, tag */
  PREFIX_FRAME = 12,
  PREFIX_TAG = 16,
};

/* What a receiver concludes. */
static uint32_t
parity_of (uint32_t data, uint32_t percent)
{
  return (data * percent + 99) / 100;
}

static int
check (PfWireConfig *config)
{
  PfWireConfig c;
  uint64_t most;

  if (!config)
    return PF_ERR_INVALID;
  c = *config;
  if (c.scheme == 0)
    c.scheme = PF_FEC_GF8;
  if (c.max_block == 0)
    c.max_block = DATA_MAX;
  if (c.percent == 0)
    c.percent = PERCENT_DEFAULT;
  if (c.order == PF_WIRE_ORDER_DEFAULT)
    c.order = PF_WIRE_ORDER_BLOCK;
  /* Receivers drop a frame whose blocks are interleaved. */
  if (c.scheme != PF_FEC_GF8 || c.order != PF_WIRE_ORDER_BLOCK)
    return PF_ERR_INVALID;
  if (c.shard_payload < PAYLOAD_MIN || c.shard_payload > PAYLOAD_MAX ||
      c.max_block > DATA_MAX || c.percent > PERCENT_MAX)
    return PF_ERR_RANGE;
  most = (uint64_t) BLOCKS_MAX * c.max_block * c.shard_payload - PREAMBLE;
  if (c.max_frame == 0 || c.max_frame > most)
    c.max_frame = (uint32_t) most;
  *config = c;
  return 0;
}

/* ---- Sending ------------------------------------------------------------ */

/*
 * Parity of a block of D shards, at least MIN, and the percentage that says
 * so. Where none says exactly that, the next one above it, or below it at the
 * end of what can be said.
 */
static uint32_t
choose_parity (uint32_t d, uint32_t percent, uint32_t min, uint32_t *announced)
{
  uint32_t r = parity_of (d, percent), p = percent;

  if (percent == 0 || d >= SHARDS_MAX) {
    *announced = 0;
    return 0;
  }
  if (r < min) {
    r = min < SHARDS_MAX - d ? min : SHARDS_MAX - d;
    p = 100 * r / d;
    if (p > PERCENT_MAX)
      p = PERCENT_MAX;
    if (parity_of (d, p) < r && p < PERCENT_MAX &&
        d + parity_of (d, p + 1) <= SHARDS_MAX)
      p++;
    r = parity_of (d, p);
  }
  *announced = p;
  return r;
}

/* How N shards are cut into blocks. Where four blocks with the percentage
 * asked for would not hold them, as much parity as fits. */
static int
cut (const PfWireConfig *c, uint32_t n, uint32_t min_parity, uint32_t percent,
    PfWirePlan *p)
{
  uint32_t most = 100 * SHARDS_MAX / (100 + percent);

  if (most > c->max_block)
    most = c->max_block;
  p->n_blocks = (n + most - 1) / most;
  if (p->n_blocks > BLOCKS_MAX)
    p->n_blocks = BLOCKS_MAX;
  p->block_data = (n + p->n_blocks - 1) / p->n_blocks;
  p->last_data = n - (p->n_blocks - 1) * p->block_data;
  if (p->block_data > c->max_block)
    return PF_ERR_RANGE;
  if (p->block_data > most)
    percent =
        p->block_data < SHARDS_MAX ? 100 * SHARDS_MAX / p->block_data - 100 : 0;
  p->block_parity =
      choose_parity (p->block_data, percent, min_parity, &p->block_percent);
  p->last_parity =
      choose_parity (p->last_data, percent, min_parity, &p->last_percent);
  return 0;
}

static void
make_preamble (PfWirePlan *p)
{
  const uint32_t tenth_ms = p->frame.latency_us / 100;
  const uint32_t used = (uint32_t) (PREAMBLE + p->frame.size) -
                        (p->n_data - 1) * p->shard_payload;
  uint8_t *b = p->preamble;

  p->preamble_size = PREAMBLE;
  b[0] = PREAMBLE_SHORT;
  pf_put_le16 (b + 1, (uint16_t) (tenth_ms < 0xffff ? tenth_ms : 0xffff));
  b[3] = FRAME_NORMAL;
  if (p->frame.flags & PF_WIRE_KEY)
    b[3] = FRAME_KEY;
  else if (p->frame.flags & PF_WIRE_ANCHOR)
    b[3] = FRAME_ANCHOR;
  else if (p->frame.flags & PF_WIRE_RECOVERED)
    b[3] = FRAME_REFRESHED;
  pf_put_le16 (b + 4, (uint16_t) used);
  pf_put_le16 (b + 6, 0);
}

static int
plan (PfWireSender *sender, const PfWireFrame *frame, PfWirePlan *out)
{
  const PfWireConfig *c;
  PfWirePlan p;
  int ret;

  if (!sender || !frame || !out || frame->flags & PF_WIRE_FILLER)
    return PF_ERR_INVALID;
  c = &sender->config;
  if (frame->size > c->max_frame || frame->percent > PERCENT_MAX)
    return PF_ERR_RANGE;
  p = (PfWirePlan){
    .wire = &pf_wire_gamestream,
    .frame = *frame,
    .number = sender->frame,
    .first_packet = sender->packet,
    .shard_payload = c->shard_payload,
    .scheme = c->scheme,
    .order = c->order,
    .n_data = (uint32_t) ((PREAMBLE + frame->size + c->shard_payload - 1) /
                          c->shard_payload),
  };
  ret = cut (c, p.n_data, frame->min_parity, frame->percent, &p);
  if (ret < 0)
    return ret;
  p.n_parity = (p.n_blocks - 1) * p.block_parity + p.last_parity;
  make_preamble (&p);
  sender->frame++;
  sender->packet += pf_wire_n_packets (&p);
  *out = p;
  return 0;
}

static uint8_t
multi_fec_blocks (const PfWirePlan *p, const PfWireBlock *block)
{
  return (uint8_t) (block->index << 4 | (p->n_blocks - 1) << 6);
}

/* What is the packet's own in a data shard, beside RTP and FEC info. */
static void
put_covered (
    const PfWirePlan *p, const PfWireBlock *block, uint32_t i, uint8_t *row)
{
  const uint32_t packet = p->first_packet + pf_wire_position (p, block, i);
  uint8_t flags = PICTURE;

  if (i == 0)
    flags |= FIRST;
  if (i + 1 == block->data)
    flags |= LAST;
  memset (row, 0, HEADER);
  pf_put_le32 (row + PACKET_INDEX, packet << 8); /* 24 bits of it */
  pf_put_le32 (row + FRAME_INDEX, p->number);
  row[FLAGS] = flags;
  row[MULTI_FEC_FLAGS] = 0x10;
  row[MULTI_FEC_BLOCKS] = multi_fec_blocks (p, block);
}

static void
parity_headers (const PfWirePlan *p, const PfWireBlock *block, uint32_t first,
    uint32_t n, uint8_t *rows, size_t stride)
{
  for (uint32_t i = first; i < first + n; i++, rows += stride)
    put_covered (p, block, i, rows);
}

static void
headers (const PfWirePlan *p, const PfWireBlock *block, uint32_t first,
    uint32_t n, uint8_t *rows, size_t stride)
{
  for (uint32_t i = first; i < first + n; i++, rows += stride) {
    const uint32_t packet = p->first_packet + pf_wire_position (p, block, i);

    if (i < block->data)
      put_covered (p, block, i, rows);
    rows[0] = RTP_TYPE;
    pf_put_be16 (rows + SEQUENCE, (uint16_t) packet);
    pf_put_be32 (rows + TIMESTAMP, p->frame.rtp_time);
    pf_put_le32 (rows + FRAME_INDEX, p->number);
    rows[MULTI_FEC_BLOCKS] = multi_fec_blocks (p, block);
    pf_put_le32 (
        rows + FEC_INFO, block->data << 22 | i << 12 | block->percent << 4);
  }
}

/* ---- Encryption --------------------------------------------------------- */

static void
seal (uint64_t number, const uint8_t *nonce, const uint8_t *header,
    uint8_t *prefix)
{
  (void) number; /* in the nonce */
  memcpy (prefix, nonce, PF_NONCE_SIZE);
  memcpy (prefix + PREFIX_FRAME, header + FRAME_INDEX, 4);
}

/* Any nonce could stand in the packet; one that is not of the form in which
 * video is sealed could come twice under one number, or from another stream
 * under the same key. */
static int
open_datagram (const PfNonceSource *source, uint64_t reference,
    const uint8_t *datagram, size_t size, PfWireSealed *sealed)
{
  PfWireSealed s = { .body = PREFIX, .tag = PREFIX_TAG };
  int ret;

  (void) reference;
  if (!source || !datagram || !sealed || size < PREFIX + HEADER + 1)
    return PF_ERR_INVALID;
  s.number = pf_get_le64 (datagram);
  ret = pf_nonce_make (source, s.number, s.nonce);
  if (ret < 0 || memcmp (s.nonce, datagram, PF_NONCE_SIZE) != 0 ||
      pf_get_le32 (datagram + PREFIX_FRAME) == 0)
    return PF_ERR_INVALID;
  s.body_size = size - PREFIX;
  *sealed = s;
  return 0;
}

/* ---- Receiving ---------------------------------------------------------- */

/* The flags of a data shard say again where it stands in its block. */
static bool
flags_agree (const PfWireShard *s, uint8_t flags)
{
  return flags & PICTURE && !(flags & FIRST) == (s->index != 0) &&
         !(flags & LAST) == (s->index + 1 != s->data);
}

/* All blocks but the last are alike and the last is not larger: where the
 * block begins, and whether the smallest such frame is still taken. */
static int
place (const PfWireConfig *c, PfWireShard *s)
{
  const uint64_t bytes = (uint64_t) c->max_frame + PREAMBLE;
  uint64_t least; /* data shards */

  s->first_data = s->n_data = PF_WIRE_UNKNOWN;
  if (s->block + 1 < s->n_blocks) {
    s->first_data = s->block * s->data;
    s->n_data = s->n_blocks * s->data;
    least = (uint64_t) (s->n_blocks - 1) * s->data + 1;
  } else {
    least = (uint64_t) s->n_blocks * s->data;
    if (s->n_blocks == 1) {
      s->first_data = 0;
      s->n_data = s->data;
    }
  }
  return (least - 1) * c->shard_payload >= bytes ? PF_ERR_RANGE : 0;
}

static int
parse (const PfWireConfig *c, const uint8_t *packet, size_t size,
    PfWireShard *shard)
{
  PfWireShard s = { .payload = HEADER, .frame_size = PF_WIRE_UNKNOWN };
  uint32_t info;
  int ret;

  if (!c || !packet || !shard || size <= HEADER || packet[0] != RTP_TYPE)
    return PF_ERR_INVALID;
  if (size > HEADER + (size_t) c->shard_payload)
    return PF_ERR_RANGE;
  s.payload_size = size - HEADER;
  s.packet = pf_get_be16 (packet + SEQUENCE);
  s.rtp_time = pf_get_be32 (packet + TIMESTAMP);
  s.frame = pf_get_le32 (packet + FRAME_INDEX);
  s.block = packet[MULTI_FEC_BLOCKS] >> 4 & 3;
  s.n_blocks = (packet[MULTI_FEC_BLOCKS] >> 6) + 1u;
  info = pf_get_le32 (packet + FEC_INFO);
  s.data = info >> 22;
  s.index = info >> 12 & 0x3ff;
  s.parity = parity_of (s.data, info >> 4 & 0xff);
  if (s.frame == 0 || s.data == 0 || s.block >= s.n_blocks ||
      s.index >= s.data + s.parity ||
      (s.parity > 0 && s.data + s.parity > SHARDS_MAX))
    return PF_ERR_INVALID;
  if (s.data > c->max_block)
    return PF_ERR_RANGE;
  if (s.index < s.data && !flags_agree (&s, packet[FLAGS]))
    return PF_ERR_INVALID;
  /* Only what ends the frame may be shorter than all others. */
  if (s.payload_size < c->shard_payload &&
      (s.block + 1 != s.n_blocks || s.index + 1 != s.data))
    return PF_ERR_INVALID;
  ret = place (c, &s);
  if (ret < 0)
    return ret;
  *shard = s;
  return 0;
}

static int
unwrap (const PfWireConfig *config, const PfWireShard *shard,
    const uint8_t *payload, size_t size, PfWireUnit *unit)
{
  PfWireUnit u = { .offset = PREAMBLE };
  size_t row, used;

  if (!config || !shard || !payload || !unit || size < PREAMBLE ||
      payload[0] != PREAMBLE_SHORT)
    return PF_ERR_INVALID;
  row = config->shard_payload;
  used = pf_get_le16 (payload + 4);
  if (used == 0 || used > row || size < row || size - row + used < PREAMBLE)
    return PF_ERR_INVALID;
  u.size = size - row + used - PREAMBLE;
  if (u.size > config->max_frame)
    return PF_ERR_INVALID;
  u.latency_us = pf_get_le16 (payload + 1) * 100u;
  switch (payload[3]) {
  case FRAME_KEY:
    u.flags = PF_WIRE_KEY;
    break;
  case FRAME_REFRESHED:
    u.flags = PF_WIRE_RECOVERED;
    break;
  case FRAME_ANCHOR:
    u.flags = PF_WIRE_ANCHOR;
    break;
  default:
    break;
  }
  *unit = u;
  return 0;
}

const PfWire pf_wire_gamestream = {
  .name = "gamestream",
  .header_size = HEADER,
  .parity_header = HEADER,
  .preamble_size = PREAMBLE,
  .seal_prefix = PREFIX,
  .seal_tag = PREFIX_TAG,
  .key_shift = 63,
  .packet_bits = 16,
  .first_frame = 1,
  .check = check,
  .plan = plan,
  .headers = headers,
  .parity_headers = parity_headers,
  .seal = seal,
  .open = open_datagram,
  .parse = parse,
  .unwrap = unwrap,
};
