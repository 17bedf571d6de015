/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Video packets of punktfunk/1: 40 bytes of header, little-endian, then a
 * shard. Parity covers the shard alone. Sealed datagrams carry their number
 * in front, in clear, and the tag behind.
 *
 * Access units that are sent while they are still being encoded are accepted,
 * in both forms: blocks whose frame has no size yet, either K shards each or
 * (slices) with their place in the frame where the size would be.
 */
#include "pf-wire.h"

#include "pf-bytes.h"

#include <string.h>

enum {
  PREFIX = 8, /* of a sealed datagram */
  HEADER = 40,
  MAGIC = 0xc9,
  VERSION = 1,
  /* flags of a packet */
  PICTURE = 1,
  LAST = 2,
  FIRST = 4,
  /* flags of a frame */
  USER_PICTURE = 0x01,
  USER_KEY = 0x04,
  USER_FILLER = 0x08,
  USER_RECOVERED = 0x10,
  USER_ANCHOR = 0x20,
  USER_CHUNKED = 0x40,
  USER_SLICES = 0x80,
  USER_REPEAT = 0x100,
  USER_CLOSE = 0x200,

  SHARD_MAX = 9152,
  SLICE_MIN = 16, /* shards of a block of slices that is not the last */
  BLOCK_DEFAULT = 4096,
  BLOCK_DEFAULT_GF8 = 200,
  PERCENT_DEFAULT = 10,
  PERCENT_MAX = 255,
  FRAME_MAX = 64 << 20, /* bytes */
};

static const struct {
  uint32_t flag, user;
} flag_map[] = {
  { PF_WIRE_KEY, USER_KEY },
  { PF_WIRE_RECOVERED, USER_RECOVERED },
  { PF_WIRE_ANCHOR, USER_ANCHOR },
  { PF_WIRE_CHUNKED, USER_CHUNKED },
  { PF_WIRE_REPEAT, USER_REPEAT },
  { PF_WIRE_CLOSE, USER_CLOSE },
};

static uint32_t
user_flags (uint32_t flags)
{
  uint32_t user = USER_PICTURE;

  if (flags & PF_WIRE_FILLER)
    return USER_FILLER;
  for (size_t i = 0; i < sizeof flag_map / sizeof *flag_map; i++)
    if (flags & flag_map[i].flag)
      user |= flag_map[i].user;
  return user;
}

static uint32_t
wire_flags (uint32_t user)
{
  uint32_t flags = 0;

  if (user & USER_FILLER)
    return PF_WIRE_FILLER;
  for (size_t i = 0; i < sizeof flag_map / sizeof *flag_map; i++)
    if (user & flag_map[i].user)
      flags |= flag_map[i].flag;
  return flags;
}

/* Shards of a code word. */
static uint32_t
scheme_max (uint32_t scheme)
{
  return scheme == PF_FEC_GF8 ? 255 : 65535;
}

static uint32_t
percent_of (uint32_t n, uint32_t percent)
{
  return (uint32_t) (((uint64_t) n * percent + 99) / 100);
}

/* The most data and parity in one block that newer receivers take. */
static uint32_t
block_limit (const PfWireConfig *config, uint32_t percent)
{
  const uint32_t limit =
      config->max_block + percent_of (config->max_block, percent);
  const uint32_t max = scheme_max (config->scheme);

  return limit < max ? limit : max;
}

static int
check (PfWireConfig *config)
{
  PfWireConfig c;

  if (!config)
    return PF_ERR_INVALID;
  c = *config;
  if (c.scheme == 0)
    c.scheme = PF_FEC_GF16;
  if (c.max_block == 0)
    c.max_block = c.scheme == PF_FEC_GF8 ? BLOCK_DEFAULT_GF8 : BLOCK_DEFAULT;
  if (c.percent == 0)
    c.percent = PERCENT_DEFAULT;
  if (c.order == PF_WIRE_ORDER_DEFAULT)
    c.order = PF_WIRE_ORDER_DATA;
  if (c.max_frame == 0)
    c.max_frame = FRAME_MAX;
  if (c.scheme != PF_FEC_GF8 && c.scheme != PF_FEC_GF16)
    return PF_ERR_INVALID;
  if (c.order > PF_WIRE_ORDER_BLOCK)
    return PF_ERR_INVALID;
  if (c.shard_payload == 0 || c.shard_payload > SHARD_MAX ||
      c.shard_payload % 2 || c.max_block > scheme_max (c.scheme) ||
      c.percent > PERCENT_MAX || c.max_frame > FRAME_MAX)
    return PF_ERR_RANGE;
  *config = c;
  return 0;
}

/* Parity of a block of k. */
static uint32_t
parity_of (const PfWireConfig *config, const PfWireFrame *frame, uint32_t k)
{
  const uint32_t agreed = block_limit (config, config->percent);
  const uint32_t taken = block_limit (config, 90);
  const uint32_t limit = (agreed < taken ? agreed : taken) - k;
  uint32_t m;
  PfFecConfig fec = PF_FEC_CONFIG_INIT;

  if (frame->percent == 0)
    return 0;
  m = percent_of (k, frame->percent);
  if (m < frame->min_parity)
    m = frame->min_parity;
  if (m > limit)
    m = limit;
  fec.scheme = config->scheme;
  fec.data_shards = k;
  fec.shard_size = config->shard_payload;
  for (fec.parity_shards = m; m > 0 && pf_fec_check (&fec) < 0;
       fec.parity_shards = m) {
    uint32_t below = 1; /* the next power of two is what a field can lack */

    while (below * 2 < m)
      below *= 2;
    m = m > 1 ? below : 0;
  }
  return m;
}

static int
plan (PfWireSender *sender, const PfWireFrame *frame, PfWirePlan *out)
{
  const PfWireConfig *c;
  uint64_t n, blocks;
  uint32_t *number;
  PfWirePlan p;

  if (!sender || !frame || !out)
    return PF_ERR_INVALID;
  c = &sender->config;
  if (frame->size > c->max_frame || frame->percent > PERCENT_MAX)
    return PF_ERR_RANGE;
  n = (frame->size + c->shard_payload - 1) / c->shard_payload;
  if (n == 0)
    n = 1;
  blocks = (n + c->max_block - 1) / c->max_block;
  if (blocks > UINT16_MAX)
    return PF_ERR_RANGE;
  p = (PfWirePlan){
    .wire = &pf_wire_punktfunk1,
    .frame = *frame,
    .first_packet = sender->packet,
    .shard_payload = c->shard_payload,
    .scheme = c->scheme,
    .order = c->order,
    .n_blocks = (uint32_t) blocks,
    .n_data = (uint32_t) n,
    .block_data = c->max_block,
    .last_data = (uint32_t) (n - (blocks - 1) * c->max_block),
  };
  p.block_parity = parity_of (c, frame, p.block_data);
  p.last_parity = parity_of (c, frame, p.last_data);
  p.block_percent = p.last_percent = frame->percent;
  p.n_parity = (p.n_blocks - 1) * p.block_parity + p.last_parity;
  number = frame->flags & PF_WIRE_FILLER && !c->filler_shared ? &sender->filler
                                                              : &sender->frame;
  p.number = (*number)++;
  sender->packet += pf_wire_n_packets (&p);
  *out = p;
  return 0;
}

static void
headers (const PfWirePlan *p, const PfWireBlock *block, uint32_t first,
    uint32_t n, uint8_t *rows, size_t stride)
{
  const uint32_t last = pf_wire_n_packets (p) - 1;
  uint8_t h[HEADER];

  pf_put_le64 (h, p->frame.pts_ns);
  pf_put_le32 (h + 8, p->number);
  pf_put_le32 (h + 16, (uint32_t) p->frame.size);
  pf_put_le32 (h + 20, user_flags (p->frame.flags));
  pf_put_le16 (h + 24, (uint16_t) block->index);
  pf_put_le16 (h + 26, (uint16_t) p->n_blocks);
  pf_put_le16 (h + 28, (uint16_t) block->data);
  pf_put_le16 (h + 30, (uint16_t) block->parity);
  pf_put_le16 (h + 34, (uint16_t) p->shard_payload);
  h[36] = MAGIC;
  h[37] = VERSION;
  h[38] = p->scheme == PF_FEC_GF16;
  for (uint32_t i = first; i < first + n; i++, rows += stride) {
    const uint32_t position = pf_wire_position (p, block, i);

    pf_put_le32 (h + 12, p->first_packet + position);
    pf_put_le16 (h + 32, (uint16_t) i);
    h[39] = (uint8_t) (PICTURE | (position == 0 ? FIRST : 0) |
                       (position == last ? LAST : 0));
    memcpy (rows, h, sizeof h);
  }
}

static void
seal (uint64_t number, const uint8_t *nonce, const uint8_t *header,
    uint8_t *prefix)
{
  (void) nonce;
  (void) header;
  pf_put_be64 (prefix, number);
}

static int
open_datagram (const PfNonceSource *source, uint64_t reference,
    const uint8_t *datagram, size_t size, PfWireSealed *sealed)
{
  PfWireSealed s = { .aad_size = PREFIX, .body = PREFIX };
  int ret;

  (void) reference;
  if (!source || !datagram || !sealed)
    return PF_ERR_INVALID;
  if (size < PREFIX + HEADER + 1 + PF_WIRE_TAG_SIZE)
    return PF_ERR_INVALID;
  s.number = pf_get_be64 (datagram);
  ret = pf_nonce_make (source, s.number, s.nonce);
  if (ret < 0)
    return PF_ERR_INVALID;
  s.body_size = size - PREFIX - PF_WIRE_TAG_SIZE;
  s.tag = size - PF_WIRE_TAG_SIZE;
  *sealed = s;
  return 0;
}

/*
 * Where the block lies in its frame and whether that agrees with what the
 * header says of the frame.
 */
static int
place (const PfWireConfig *c, PfWireShard *s, uint32_t frame_bytes)
{
  const uint32_t size = c->shard_payload;
  const uint32_t max_data = c->max_frame / size + 1;
  uint32_t n;

  s->n_data = s->frame_size = PF_WIRE_UNKNOWN;
  if (s->n_blocks == 0) { /* more to come, total not known */
    if (s->user_flags & USER_SLICES) {
      if (frame_bytes % size || s->data < SLICE_MIN)
        return PF_ERR_INVALID;
      s->first_data = frame_bytes / size;
    } else {
      if (frame_bytes != 0 || s->data != c->max_block)
        return PF_ERR_INVALID;
      if (s->block > max_data / c->max_block)
        return PF_ERR_RANGE;
      s->first_data = s->block * c->max_block;
    }
    return s->first_data > max_data || s->data > max_data - s->first_data
               ? PF_ERR_RANGE
               : 0;
  }
  if (frame_bytes > c->max_frame)
    return PF_ERR_RANGE;
  n = frame_bytes / size + (frame_bytes % size != 0);
  if (n == 0)
    n = 1;
  s->n_data = n;
  s->frame_size = frame_bytes;
  if (s->user_flags & USER_SLICES) { /* only the last block says so much */
    if (s->block + 1 != s->n_blocks || s->data > n)
      return PF_ERR_INVALID;
    s->first_data = n - s->data;
    return 0;
  }
  if (s->n_blocks != (n + c->max_block - 1) / c->max_block)
    return PF_ERR_INVALID;
  s->first_data = s->block * c->max_block;
  if (s->block + 1 < s->n_blocks)
    return s->data == c->max_block ? 0 : PF_ERR_INVALID;
  return s->data == n - s->first_data ? 0 : PF_ERR_INVALID;
}

static int
parse (const PfWireConfig *c, const uint8_t *packet, size_t size,
    PfWireShard *shard)
{
  PfWireShard s = { .payload = HEADER };
  int ret;

  if (!c || !packet || !shard || size < HEADER)
    return PF_ERR_INVALID;
  if (packet[36] != MAGIC || packet[37] != VERSION || packet[38] > 1)
    return PF_ERR_INVALID;
  s.payload_size = pf_get_le16 (packet + 34);
  if (s.payload_size > size - HEADER)
    return PF_ERR_INVALID;
  if (s.payload_size != c->shard_payload ||
      (packet[38] == 1) != (c->scheme == PF_FEC_GF16))
    return PF_ERR_RANGE;
  s.pts_ns = pf_get_le64 (packet);
  s.frame = pf_get_le32 (packet + 8);
  s.packet = pf_get_le32 (packet + 12);
  s.user_flags = pf_get_le32 (packet + 20);
  s.flags = wire_flags (s.user_flags);
  s.block = pf_get_le16 (packet + 24);
  s.n_blocks = pf_get_le16 (packet + 26);
  s.data = pf_get_le16 (packet + 28);
  s.parity = pf_get_le16 (packet + 30);
  s.index = pf_get_le16 (packet + 32);
  if (s.data == 0 || s.index >= s.data + s.parity)
    return PF_ERR_INVALID;
  if (s.n_blocks != 0 && s.block >= s.n_blocks)
    return PF_ERR_INVALID;
  if (s.data > c->max_block || s.data + s.parity > block_limit (c, 90))
    return PF_ERR_RANGE;
  ret = place (c, &s, pf_get_le32 (packet + 16));
  if (ret < 0)
    return ret;
  *shard = s;
  return 0;
}

static int
unwrap (const PfWireConfig *config, const PfWireShard *shard,
    const uint8_t *payload, size_t size, PfWireUnit *unit)
{
  (void) payload;
  if (!config || !shard || !unit || shard->frame_size == PF_WIRE_UNKNOWN ||
      shard->frame_size > size)
    return PF_ERR_INVALID;
  *unit = (PfWireUnit){ .size = shard->frame_size };
  return 0;
}

const PfWire pf_wire_punktfunk1 = {
  .name = "punktfunk1",
  .header_size = HEADER,
  .seal_prefix = PREFIX,
  .seal_suffix = PF_WIRE_TAG_SIZE,
  .seal_aad = PREFIX,
  .seal_tag = -1,
  .key_shift = 63,
  .packet_bits = 32,
  .check = check,
  .plan = plan,
  .headers = headers,
  .seal = seal,
  .open = open_datagram,
  .parse = parse,
  .unwrap = unwrap,
};
