/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Video packets of GameStream: all vectors sent byte for byte, plain and
 * encrypted, and received again under loss, reorder and duplicates; limits of
 * planning; every check of a received header; memory under forged headers.
 */
#include <stdlib.h>
#include <string.h>

#include "crypto-vectors.h"
#include "pf-bytes.h"
#include "pf-reassembler.h"
#include "pf-test.h"
#include "pf-wire.h"
#include "wire-packets.h"

#ifdef HAVE_CRYPTO
#include "pf-aead.h"
#endif

enum { HEADER = 32, PREFIX = 32, PREAMBLE = 8 };

#define MS 1000000ull

static const PfWire *const wire = &pf_wire_gamestream;

static PfWireSender
sender_new (uint32_t shard_payload)
{
  const PfWireConfig config = { .shard_payload = shard_payload };
  PfWireSender sender;

  PF_REQUIRE_INT (pf_wire_sender_init (&sender, wire, &config), ==, 0);
  return sender;
}

static PfReassembler *
reassembler_new (uint32_t shard_payload, size_t budget)
{
  const PfReassemblerConfig config = { .wire = wire,
    .packets = { .shard_payload = shard_payload },
    .budget = budget };
  PfReassembler *r = NULL;

  PF_REQUIRE_INT (pf_reassembler_new (&config, &r), ==, 0);
  return r;
}

/* Expects one frame of this content and nothing behind it. */
static void
expect_frame (PfReassembler *r, uint64_t now, uint32_t number,
    const uint8_t *unit, size_t size, uint32_t flags)
{
  PfEvent e;

  PF_REQUIRE_INT (pf_reassembler_next (r, now, &e), ==, 1);
  PF_REQUIRE_INT (e.type, ==, PF_EVENT_FRAME);
  PF_CHECK_UINT (e.first, ==, number);
  PF_CHECK_UINT (e.flags, ==, flags);
  PF_REQUIRE_UINT (e.unit_size, ==, size);
  PF_CHECK_MEM (e.unit, unit, size);
  free (e.memory);
  PF_CHECK_INT (pf_reassembler_next (r, now, &e), ==, 0);
}

static void
shuffle (uint32_t *order, uint32_t n)
{
  for (uint32_t i = n; i > 1; i--) {
    const uint32_t j = (uint32_t) pf_test_random_below (i);
    const uint32_t t = order[i - 1];

    order[i - 1] = order[j];
    order[j] = t;
  }
}

/* In each block of the frame loses as many packets as it has parity (EXTRA
 * more in block 0), brings the rest in any order with duplicates. */
static void
push_lossy (
    PfReassembler *r, const WirePackets *p, uint64_t now, uint32_t extra)
{
  uint32_t *order = malloc (2 * p->n * sizeof *order), n = 0;

  PF_REQUIRE (order != NULL);
  for (uint32_t b = 0; b < p->plan.n_blocks; b++) {
    const PfWireBlock block = pf_wire_block (&p->plan, b);
    const uint32_t all = block.data + block.parity;
    uint32_t lost = block.parity + (b == 0 ? extra : 0), *at = order + n;

    if (lost > all)
      lost = all;
    for (uint32_t i = 0; i < all; i++)
      at[i] = pf_wire_position (&p->plan, &block, i);
    shuffle (at, all);
    n += all - lost;
  }
  for (uint32_t i = n; i > 0; i--)
    if (pf_test_random_below (4) == 0)
      order[n++] = order[i - 1];
  shuffle (order, n);
  for (uint32_t i = 0; i < n; i++) {
    const PfPacketFate fate =
        pf_reassembler_push (r, wire_packet (p, order[i]), p->size, now);

    PF_CHECK (fate == PF_TAKEN || fate == PF_DROP_DUPLICATE ||
              fate == PF_DROP_NOT_NEEDED);
  }
  free (order);
}

/* ---- Vectors ------------------------------------------------------------- */

typedef struct {
  const PfJson *json;
  PfWireFrame frame;
  Bytes unit;
  uint32_t number;
} Frame;

static Frame
read_frame (const PfJson *json, const PfJson *vector)
{
  Frame f = { .json = json };
  bool key = false;

#define INT(object, name)                                                      \
  ((uint32_t) crypto_vectors_int (pf_json_member (object, name)))
  PF_REQUIRE (pf_json_bool (pf_json_member (json, "idr"), &key));
  f.unit = crypto_vectors_hex (pf_json_member (json, "access_unit"));
  f.number = INT (json, "frame_index");
  f.frame = (PfWireFrame){
    .size = f.unit.size,
    .rtp_time = INT (json, "timestamp"),
    .latency_us = INT (json, "latency_tenth_ms") * 100,
    .flags = key ? PF_WIRE_KEY : 0,
    .percent = INT (vector, "fec_percentage"),
    .min_parity = INT (vector, "min_required_fec_packets"),
  };
  return f;
}

#ifdef HAVE_CRYPTO
static PfSealer *
sealer_of (const PfJson *vector)
{
  const PfNonceSource source = { PF_NONCE_GAMESTREAM_VIDEO, { 0 } };
  const Bytes key = crypto_vectors_hex (pf_json_member (vector, "key"));
  PfSealer *sealer = NULL;

  PF_REQUIRE_INT (
      pf_sealer_new (PF_AEAD_AES_128_GCM, &source, key.data, key.size, &sealer),
      ==, 0);
  return sealer;
}

static void
check_encrypted (
    PfSealer *sealer, PfAead *open, uint8_t *plain, size_t size, Bytes wanted)
{
  const PfNonceSource source = { PF_NONCE_GAMESTREAM_VIDEO, { 0 } };
  uint8_t prefix[PREFIX], *copy = malloc (size), *opened = malloc (wanted.size);
  PfAeadSpan spans[2] = { { copy, HEADER }, { copy + HEADER, size - HEADER } };
  PfWireSealed s;

  PF_REQUIRE (copy && opened);
  PF_REQUIRE_UINT (wanted.size, ==, PREFIX + size);
  memcpy (copy, plain, size);
  PF_REQUIRE_INT (
      pf_sealer_seal_packet (sealer, wire, prefix, spans, 2, NULL), ==, 0);
  PF_CHECK_MEM (prefix, wanted.data, PREFIX);
  PF_CHECK_MEM (copy, wanted.data + PREFIX, size);

  memcpy (opened, wanted.data, wanted.size);
  PF_REQUIRE_INT (wire->open (&source, 0, opened, wanted.size, &s), ==, 0);
  PF_CHECK_UINT (s.number, ==, pf_get_le64 (wanted.data));
  PF_CHECK_UINT (s.aad_size, ==, 0);
  PF_REQUIRE_UINT (s.body_size, ==, size);
  spans[0] = (PfAeadSpan){ opened + s.body, s.body_size };
  PF_CHECK_INT (pf_aead_open (open, s.nonce, NULL, 0, spans, 1, opened + s.tag,
                    PF_AEAD_TAG_SIZE),
      ==, 0);
  PF_CHECK_MEM (opened + s.body, plain, size);
  free (copy);
  free (opened);
}
#endif

static void
check_vector (const PfJson *vector)
{
  const PfJson *frames = pf_json_member (vector, "frames");
  const uint32_t payload = INT (vector, "packet_size") - 16;
  const bool encrypted =
      pf_json_type (pf_json_member (vector, "key")) == PF_JSON_STRING;
  PfWireSender sender = sender_new (payload);
  PfReassembler *whole = reassembler_new (payload, 0);
  PfReassembler *lossy = reassembler_new (payload, 0);
#ifdef HAVE_CRYPTO
  PfSealer *sealer = encrypted ? sealer_of (vector) : NULL;
  PfAead *open = NULL;

  if (encrypted) {
    const Bytes key = crypto_vectors_hex (pf_json_member (vector, "key"));

    PF_REQUIRE_INT (pf_aead_new (PF_AEAD_AES_128_GCM, PF_AEAD_OPEN, key.data,
                        key.size, &open),
        ==, 0);
  }
#endif
  for (const PfJson *j = pf_json_first (frames); j; j = pf_json_next (j)) {
    const PfJson *packets = pf_json_member (j, "packets");
    const Frame f = read_frame (j, vector);
    WirePackets p;

    PF_CHECK_UINT (sender.packet, ==, INT (j, "first_sequence"));
    PF_REQUIRE_INT (
        wire_packets_make (&sender, &f.frame, f.unit.data, &p), ==, 0);
    PF_CHECK_UINT (p.plan.number, ==, f.number);
    PF_REQUIRE_UINT (p.n, ==, pf_json_length (packets));
    for (uint32_t i = 0; i < p.n; i++) {
      const Bytes wanted = crypto_vectors_hex (pf_json_at (packets, i));

      if (!encrypted) {
        PF_REQUIRE_UINT (p.size, ==, wanted.size);
        PF_CHECK_MEM (wire_packet (&p, i), wanted.data, wanted.size);
      } else {
#ifdef HAVE_CRYPTO
        check_encrypted (sealer, open, wire_packet (&p, i), p.size, wanted);
#endif
      }
      PF_CHECK_INT (
          pf_reassembler_push (whole, wire_packet (&p, i), p.size, 0), >=, 0);
    }
    expect_frame (whole, 0, f.number, f.unit.data, f.unit.size, f.frame.flags);
    push_lossy (lossy, &p, 0, 0);
    expect_frame (lossy, 0, f.number, f.unit.data, f.unit.size, f.frame.flags);
    wire_packets_clear (&p);
  }
  pf_reassembler_free (whole);
  pf_reassembler_free (lossy);
#ifdef HAVE_CRYPTO
  pf_sealer_free (sealer);
  pf_aead_free (open);
#endif
}

static void
test_vectors (void)
{
  const PfJson *vectors = pf_json_member (
      crypto_vectors_load ("gamestream/video_packets.json"), "vectors");
  unsigned n = 0;

  for (const PfJson *v = pf_json_first (vectors); v; v = pf_json_next (v)) {
    const char *name = pf_json_string (pf_json_member (v, "name"));

    check_vector (v);
    if (pf_test_failed ())
      pf_test_note ("in %s", name ? name : "?");
    n++;
  }
  PF_CHECK_UINT (n, ==, 8);
  crypto_vectors_clear ();
}

/* ---- Planning ------------------------------------------------------------ */

static uint32_t
client_parity (uint32_t d, uint32_t p)
{
  return (d * p + 99) / 100;
}

static void
check_plan (const PfWirePlan *p, const PfWireFrame *f, uint32_t payload)
{
  /* more blocks than there can be: less parity than asked for */
  const bool reduced = p->block_data > 25500 / (100 + f->percent);
  uint32_t n = 0, m = 0;

  PF_CHECK (!reduced || p->n_blocks == 4);
  PF_CHECK_UINT (p->n_data, ==, (8 + f->size + payload - 1) / payload);
  PF_CHECK (p->n_blocks >= 1 && p->n_blocks <= 4);
  for (uint32_t b = 0; b < p->n_blocks; b++) {
    const PfWireBlock k = pf_wire_block (p, b);
    const uint32_t asked = client_parity (k.data, f->percent);

    PF_CHECK (k.data >= 1 && k.data <= 1023);
    PF_CHECK (b == 0 || k.data <= p->block_data);
    /* What the client will conclude. */
    PF_CHECK_UINT (client_parity (k.data, k.percent), ==, k.parity);
    PF_CHECK (k.percent <= 255 && (k.parity == 0 || k.data + k.parity <= 255));
    if (f->percent == 0)
      PF_CHECK_UINT (k.parity, ==, 0);
    else if (reduced ? b == 0 : k.parity < asked || k.parity < f->min_parity) {
      /* Only where nothing better can be said. */
      for (uint32_t q = k.percent + 1; q <= 255; q++) {
        const uint32_t r = client_parity (k.data, q);

        PF_CHECK (r == k.parity || k.data + r > 255);
      }
    }
    n += k.data;
    m += k.parity;
  }
  PF_CHECK_UINT (n, ==, p->n_data);
  PF_CHECK_UINT (m, ==, p->n_parity);
}

static void
test_plan (void)
{
  enum { S = 32 };
  PfWireSender sender = sender_new (S);
  PfWirePlan p;

  for (unsigned i = 0; i < 60000; i++) {
    const uint32_t limit = i % 2 ? 4092 * S - 8 : 300 * S;
    const PfWireFrame f = {
      .size = (size_t) pf_test_random_below (limit + 1),
      .percent = (uint32_t) pf_test_random_below (i % 3 ? 40 : 256),
      .min_parity = (uint32_t) pf_test_random_below (i % 5 ? 4 : 300),
    };
    const uint32_t number = sender.frame, packet = sender.packet;

    PF_REQUIRE_INT (wire->plan (&sender, &f, &p), ==, 0);
    check_plan (&p, &f, S);
    PF_CHECK_UINT (p.number, ==, number);
    PF_CHECK_UINT (sender.frame, ==, number + 1);
    PF_CHECK_UINT (sender.packet, ==, packet + p.n_data + p.n_parity);
    if (pf_test_failed ()) {
      pf_test_note (
          "size %zu, %u %%, at least %u", f.size, f.percent, f.min_parity);
      break;
    }
  }
}

/* Numbers worked out by hand from the rules. */
static void
test_plan_cases (void)
{
  static const struct {
    uint32_t n, percent, min, blocks, data, parity, announced, last_data,
        last_parity, last_announced;
  } cases[] = {
    { 1, 20, 2, 1, 1, 2, 200, 1, 2, 200 },
    { 5, 20, 2, 1, 5, 2, 40, 5, 2, 40 },
    { 3, 20, 2, 1, 3, 2, 66, 3, 2, 66 },
    { 1, 20, 3, 1, 1, 3, 255, 1, 3, 255 },
    { 1, 20, 9, 1, 1, 3, 255, 1, 3, 255 },
    { 212, 20, 2, 1, 212, 43, 20, 212, 43, 20 },
    { 213, 20, 2, 2, 107, 22, 20, 106, 22, 20 },
    { 848, 20, 2, 4, 212, 43, 20, 212, 43, 20 },
    /* would need five blocks: 19 % fit into four */
    { 849, 20, 2, 4, 213, 41, 19, 210, 40, 19 },
    { 1012, 20, 2, 4, 253, 0, 0, 253, 0, 0 },
    { 4092, 20, 2, 4, 1023, 0, 0, 1023, 0, 0 },
    { 71, 255, 2, 1, 71, 182, 255, 71, 182, 255 },
    { 72, 255, 2, 2, 36, 92, 255, 36, 92, 255 },
    { 300, 0, 2, 2, 150, 0, 0, 150, 0, 0 },
  };
  enum { S = 100 };

  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    const PfWireFrame f = { .size = cases[i].n * S - 8,
      .percent = cases[i].percent,
      .min_parity = cases[i].min };
    PfWireSender sender = sender_new (S);
    PfWirePlan p;

    PF_REQUIRE_INT (wire->plan (&sender, &f, &p), ==, 0);
    PF_CHECK_UINT (p.n_data, ==, cases[i].n);
    PF_CHECK_UINT (p.n_blocks, ==, cases[i].blocks);
    PF_CHECK_UINT (p.block_data, ==, cases[i].data);
    PF_CHECK_UINT (p.block_parity, ==, cases[i].parity);
    PF_CHECK_UINT (p.block_percent, ==, cases[i].announced);
    PF_CHECK_UINT (p.last_data, ==, cases[i].last_data);
    PF_CHECK_UINT (p.last_parity, ==, cases[i].last_parity);
    PF_CHECK_UINT (p.last_percent, ==, cases[i].last_announced);
    if (pf_test_failed ()) {
      pf_test_note ("case %zu", i);
      break;
    }
  }
}

static void
test_plan_refused (void)
{
  PfWireSender sender = sender_new (1376);
  const PfWireSender before = sender;
  PfWireFrame f = { .size = 4u * 1023 * 1376 - 8, .percent = 20 };
  PfWirePlan p;
  PfWireConfig config;

  f.size++;
  PF_CHECK_INT (wire->plan (&sender, &f, &p), ==, PF_ERR_RANGE);
  f.size = SIZE_MAX;
  PF_CHECK_INT (wire->plan (&sender, &f, &p), ==, PF_ERR_RANGE);
  f.size = 100;
  f.percent = 256;
  PF_CHECK_INT (wire->plan (&sender, &f, &p), ==, PF_ERR_RANGE);
  f.percent = 20;
  f.flags = PF_WIRE_FILLER;
  PF_CHECK_INT (wire->plan (&sender, &f, &p), ==, PF_ERR_INVALID);
  PF_CHECK_INT (wire->plan (NULL, &f, &p), ==, PF_ERR_INVALID);
  PF_CHECK_INT (wire->plan (&sender, NULL, &p), ==, PF_ERR_INVALID);
  PF_CHECK_INT (wire->plan (&sender, &f, NULL), ==, PF_ERR_INVALID);
  PF_CHECK_UINT (sender.frame, ==, before.frame);
  PF_CHECK_UINT (sender.packet, ==, before.packet);
  f.flags = 0;
  f.size = 4u * 1023 * 1376 - 8;
  PF_CHECK_INT (wire->plan (&sender, &f, &p), ==, 0);

#define REFUSED(error, ...)                                                    \
  do {                                                                         \
    config = (PfWireConfig){ __VA_ARGS__ };                                    \
    PF_CHECK_INT (wire->check (&config), ==, error);                           \
  } while (0)
  REFUSED (PF_ERR_RANGE, .shard_payload = 0);
  REFUSED (PF_ERR_RANGE, .shard_payload = 15);
  REFUSED (PF_ERR_RANGE, .shard_payload = 9153);
  REFUSED (PF_ERR_RANGE, .shard_payload = 1376, .max_block = 1024);
  REFUSED (PF_ERR_RANGE, .shard_payload = 1376, .percent = 256);
  REFUSED (PF_ERR_INVALID, .shard_payload = 1376, .scheme = PF_FEC_GF16);
  REFUSED (PF_ERR_INVALID, .shard_payload = 1376, .order = PF_WIRE_ORDER_DATA);
  PF_CHECK_INT (wire->check (NULL), ==, PF_ERR_INVALID);
#undef REFUSED
  PF_CHECK (pf_wire_find ("gamestream") == wire);
}

/* ---- Receiving ----------------------------------------------------------- */

/* A packet that is right; the checks below spoil it. */
static void
good_packet (uint8_t *packet, uint32_t payload, uint32_t frame, uint32_t block,
    uint32_t n_blocks, uint32_t data, uint32_t percent, uint32_t index)
{
  memset (packet, 0, HEADER + payload);
  packet[0] = 0x90;
  pf_put_le32 (packet + 20, frame);
  packet[24] =
      (uint8_t) (1 | (index == 0 ? 4 : 0) | (index + 1 == data ? 2 : 0));
  packet[26] = 0x10;
  packet[27] = (uint8_t) (block << 4 | (n_blocks - 1) << 6);
  pf_put_le32 (packet + 28, data << 22 | index << 12 | percent << 4);
  packet[32] = 1;
  packet[36] = (uint8_t) payload;
  packet[37] = (uint8_t) (payload >> 8);
}

static void
test_parse (void)
{
  enum { S = 64, SIZE = HEADER + S };
  PfWireConfig config = { .shard_payload = S, .max_frame = 100 * S - 8 };
  uint8_t p[SIZE + 1] = { 0 };
  PfWireShard s = { 0 };

  PF_REQUIRE_INT (wire->check (&config), ==, 0);
#define PACKET(...) good_packet (p, S, __VA_ARGS__)
#define PARSE(size) wire->parse (&config, p, size, &s)
  PACKET (7, 1, 3, 10, 20, 4);
  pf_put_be16 (p + 2, 0xabcd);
  pf_put_be32 (p + 4, 0x12345678);
  PF_CHECK_INT (PARSE (SIZE), ==, 0);
  PF_CHECK_UINT (s.frame, ==, 7);
  PF_CHECK_UINT (s.packet, ==, 0xabcd);
  PF_CHECK_UINT (s.rtp_time, ==, 0x12345678);
  PF_CHECK_UINT (s.block, ==, 1);
  PF_CHECK_UINT (s.n_blocks, ==, 3);
  PF_CHECK_UINT (s.data, ==, 10);
  PF_CHECK_UINT (s.parity, ==, 2);
  PF_CHECK_UINT (s.index, ==, 4);
  PF_CHECK_UINT (s.first_data, ==, 10);
  PF_CHECK_UINT (s.n_data, ==, 30);
  PF_CHECK_UINT (s.payload, ==, HEADER);
  PF_CHECK_UINT (s.payload_size, ==, S);

  /* Truncated, and longer than agreed. */
  for (size_t n = 0; n < SIZE; n++)
    PF_CHECK_INT (PARSE (n), ==, PF_ERR_INVALID);
  PF_CHECK_INT (PARSE (SIZE + 1), ==, PF_ERR_RANGE);
  /* The very last data packet may be shorter, nothing else. */
  PACKET (7, 2, 3, 10, 20, 9);
  PF_CHECK_INT (PARSE (HEADER + 1), ==, 0);
  PF_CHECK_UINT (s.payload_size, ==, 1);
  PF_CHECK_INT (PARSE (HEADER), ==, PF_ERR_INVALID);
  PACKET (7, 1, 3, 10, 20, 9);
  PF_CHECK_INT (PARSE (SIZE - 1), ==, PF_ERR_INVALID);
  PACKET (7, 2, 3, 10, 20, 10);
  PF_CHECK_INT (PARSE (SIZE), ==, 0);
  PF_CHECK_INT (PARSE (SIZE - 1), ==, PF_ERR_INVALID);

  PACKET (7, 0, 1, 1, 0, 0);
  PF_CHECK_INT (PARSE (SIZE), ==, 0);
  for (unsigned type = 0; type < 256; type++) {
    p[0] = (uint8_t) type;
    PF_CHECK_INT (PARSE (SIZE), ==, type == 0x90 ? 0 : PF_ERR_INVALID);
  }
  for (unsigned flags = 0; flags < 8; flags++) {
    PACKET (7, 0, 1, 1, 0, 0);
    p[24] = (uint8_t) flags;
    PF_CHECK_INT (PARSE (SIZE), ==, flags == 7 ? 0 : PF_ERR_INVALID);
    PACKET (7, 0, 1, 3, 0, 1);
    p[24] = (uint8_t) flags;
    PF_CHECK_INT (PARSE (SIZE), ==, flags == 1 ? 0 : PF_ERR_INVALID);
    PACKET (7, 0, 1, 3, 40, 3); /* of parity it says nothing */
    p[24] = (uint8_t) flags;
    PF_CHECK_INT (PARSE (SIZE), ==, 0);
  }
  PACKET (0, 0, 1, 1, 0, 0);
  PF_CHECK_INT (PARSE (SIZE), ==, PF_ERR_INVALID);
  PACKET (7, 0, 1, 0, 0, 0);
  PF_CHECK_INT (PARSE (SIZE), ==, PF_ERR_INVALID);
  PACKET (7, 3, 3, 1, 0, 0);
  PF_CHECK_INT (PARSE (SIZE), ==, PF_ERR_INVALID);
  PACKET (7, 0, 1, 10, 20, 11);
  PF_CHECK_INT (PARSE (SIZE), ==, 0);
  PACKET (7, 0, 1, 10, 20, 12);
  PF_CHECK_INT (PARSE (SIZE), ==, PF_ERR_INVALID);
  PACKET (7, 0, 1, 10, 0, 10);
  PF_CHECK_INT (PARSE (SIZE), ==, PF_ERR_INVALID);
  /* More than 255 with parity; as many data without. */
  config.max_frame = 1023 * S - 8;
  PACKET (7, 0, 1, 212, 20, 5);
  PF_CHECK_INT (PARSE (SIZE), ==, 0);
  PACKET (7, 0, 1, 213, 20, 5);
  PF_CHECK_INT (PARSE (SIZE), ==, PF_ERR_INVALID);
  PACKET (7, 0, 1, 254, 255, 5);
  PF_CHECK_INT (PARSE (SIZE), ==, PF_ERR_INVALID);
  PACKET (7, 0, 1, 1023, 0, 5);
  PF_CHECK_INT (PARSE (SIZE), ==, 0);
  config.max_block = 1022;
  PF_CHECK_INT (PARSE (SIZE), ==, PF_ERR_RANGE);
  config.max_block = 1023;
  /* Frames larger than accepted, by what one packet tells. */
  config.max_frame = 100 * S - 8;
  PACKET (7, 0, 1, 100, 0, 5);
  PF_CHECK_INT (PARSE (SIZE), ==, 0);
  PACKET (7, 0, 1, 101, 0, 5);
  PF_CHECK_INT (PARSE (SIZE), ==, PF_ERR_RANGE);
  PACKET (7, 0, 2, 99, 0, 5); /* and at least 1 more */
  PF_CHECK_INT (PARSE (SIZE), ==, 0);
  PACKET (7, 0, 2, 100, 0, 5);
  PF_CHECK_INT (PARSE (SIZE), ==, PF_ERR_RANGE);
  PACKET (7, 3, 4, 25, 0, 5);
  PF_CHECK_INT (PARSE (SIZE), ==, 0);
  PACKET (7, 3, 4, 26, 0, 5);
  PF_CHECK_INT (PARSE (SIZE), ==, PF_ERR_RANGE);
#undef PACKET
#undef PARSE
}

static void
test_unwrap (void)
{
  enum { S = 64 };
  PfWireConfig config = { .shard_payload = S };
  const PfWireShard shard = { .frame = 1 };
  uint8_t payload[3 * S] = { 1, 0x10, 0x27, 5, S, 0 };
  PfWireUnit u = { 0 };

  PF_REQUIRE_INT (wire->check (&config), ==, 0);
#define UNWRAP(size) wire->unwrap (&config, &shard, payload, size, &u)
  PF_CHECK_INT (UNWRAP (sizeof payload), ==, 0);
  PF_CHECK_UINT (u.offset, ==, PREAMBLE);
  PF_CHECK_UINT (u.size, ==, 3 * S - PREAMBLE);
  PF_CHECK_UINT (u.latency_us, ==, 1000000);
  PF_CHECK_UINT (u.flags, ==, PF_WIRE_ANCHOR);
  for (unsigned used = 0; used < 70000; used++) {
    bool right = used >= 1 && used <= S;

    if (used > 0xffff)
      break;
    pf_put_le16 (payload + 4, (uint16_t) used);
    PF_CHECK_INT (UNWRAP (sizeof payload), ==, right ? 0 : PF_ERR_INVALID);
    if (right)
      PF_CHECK_UINT (u.size, ==, 2 * S + used - PREAMBLE);
    right = used >= PREAMBLE && used <= S;
    PF_CHECK_INT (UNWRAP (S), ==, right ? 0 : PF_ERR_INVALID);
    if (right)
      PF_CHECK_UINT (u.size, ==, used - PREAMBLE);
  }
  pf_put_le16 (payload + 4, S);
  payload[0] = 0x81;
  PF_CHECK_INT (UNWRAP (sizeof payload), ==, PF_ERR_INVALID);
  payload[0] = 1;
  PF_CHECK_INT (UNWRAP (PREAMBLE - 1), ==, PF_ERR_INVALID);
  PF_CHECK_INT (UNWRAP (0), ==, PF_ERR_INVALID);
#undef UNWRAP
}

/* Frames of all sizes and numbers of blocks, every flag and time. */
static void
test_roundtrip (void)
{
  static const uint32_t all_flags[] = { 0, PF_WIRE_KEY, PF_WIRE_ANCHOR,
    PF_WIRE_RECOVERED };
  enum { S = 80, MAX = 1500 * S };
  PfWireSender sender = sender_new (S);
  PfReassembler *r = reassembler_new (S, 0);
  uint8_t *unit = malloc (MAX);
  unsigned n_blocks[5] = { 0 };
  PfEvent e;

  PF_REQUIRE (unit != NULL);
  sender.packet = 0xfff0; /* numbers wrap soon */
  for (unsigned i = 0; i < 150; i++) {
    const PfWireFrame f = {
      .size = (size_t) pf_test_random_below (i % 3 ? MAX : 12 * S),
      .rtp_time = (uint32_t) pf_test_random (),
      .latency_us = (uint32_t) pf_test_random_below (20000) / 100 * 100,
      .flags = all_flags[pf_test_random_below (4)],
      .percent = (uint32_t) pf_test_random_below (60),
      .min_parity = (uint32_t) pf_test_random_below (5),
    };
    const bool lose = pf_test_random_below (6) == 0;
    const uint64_t now = (uint64_t) i * 1000 * MS;
    WirePackets p;

    pf_test_random_bytes (unit, f.size);
    PF_REQUIRE_INT (wire_packets_make (&sender, &f, unit, &p), ==, 0);
    n_blocks[p.plan.n_blocks]++;
    push_lossy (r, &p, now, lose);
    if (lose && p.n > 1) {
      /* One too many in block 0: nothing until the deadline, then lost. */
      PF_CHECK_INT (pf_reassembler_next (r, now, &e), ==, 0);
      PF_CHECK_INT (pf_reassembler_next (r, now + 119 * MS, &e), ==, 0);
      PF_REQUIRE_INT (pf_reassembler_next (r, now + 120 * MS, &e), ==, 1);
      PF_CHECK_INT (e.type, ==, PF_EVENT_LOST);
      PF_CHECK_UINT (e.first, ==, p.plan.number);
      PF_CHECK_UINT (e.last, ==, p.plan.number);
    } else if (lose) {
      sender.frame--; /* nothing of it arrived: as if not sent */
    } else {
      PF_REQUIRE_INT (pf_reassembler_next (r, now, &e), ==, 1);
      PF_REQUIRE_INT (e.type, ==, PF_EVENT_FRAME);
      PF_CHECK_UINT (e.first, ==, p.plan.number);
      PF_CHECK_UINT (e.flags, ==, f.flags);
      PF_CHECK_UINT (e.rtp_time, ==, f.rtp_time);
      PF_CHECK_UINT (e.latency_us, ==, f.latency_us);
      PF_REQUIRE_UINT (e.unit_size, ==, f.size);
      PF_CHECK_MEM (e.unit, unit, f.size);
      free (e.memory);
    }
    wire_packets_clear (&p);
    PF_REQUIRE (!pf_test_failed ());
  }
  for (unsigned b = 1; b <= 4; b++)
    PF_CHECK_UINT (n_blocks[b], >, 0);
  pf_reassembler_free (r);
  free (unit);
}

/* What a parity packet brings back is the header too: a client takes the
 * index of the packet and the flags from there. */
static void
test_parity_headers (void)
{
  enum { S = 48, K = 11, SIZE = HEADER + S };
  PfWireSender sender = sender_new (S);
  const PfWireFrame f = { .size = K * S - 8, .percent = 30, .rtp_time = 99 };
  uint8_t unit[K * S], rows[K + 8][SIZE], *data[K];
  const uint8_t *parity[8];
  uint8_t present[K + 8];
  PfFecConfig config = PF_FEC_CONFIG_INIT;
  WirePackets p;
  PfFec *fec;

  pf_test_random_bytes (unit, sizeof unit);
  sender.packet = 0xfffffa; /* 24 bits wrap inside */
  PF_REQUIRE_INT (wire_packets_make (&sender, &f, unit, &p), ==, 0);
  PF_REQUIRE_UINT (p.plan.n_data, ==, K);
  PF_REQUIRE_UINT (p.plan.n_parity, ==, 4);
  config.scheme = PF_FEC_GF8;
  config.data_shards = K;
  config.parity_shards = 4;
  config.shard_size = SIZE;
  PF_REQUIRE_INT (pf_fec_new (&config, &fec), ==, 0);
  /* What parity covered: RTP header and FEC info zero. */
  for (uint32_t i = 0; i < K + 4; i++) {
    memcpy (rows[i], wire_packet (&p, i), SIZE);
    memset (rows[i], 0, 16);
    memset (rows[i] + 28, 0, 4);
    present[i] = i != 0 && i != 5 && i != 7 && i != 10;
    if (i < K)
      data[i] = rows[i];
    else
      parity[i - K] = rows[i];
    if (!present[i])
      memset (rows[i], 0xee, SIZE);
  }
  PF_REQUIRE_INT (pf_fec_decode (fec, data, parity, present), ==, 0);
  for (uint32_t i = 0; i < K; i++) {
    const uint8_t *sent = wire_packet (&p, i);

    /* The frame's number is the same for all and not taken from there. */
    PF_CHECK_MEM (rows[i] + 16, sent + 16, 4);
    PF_CHECK_MEM (rows[i] + 24, sent + 24, 3);
    PF_CHECK_MEM (rows[i] + HEADER, sent + HEADER, S);
    PF_CHECK_UINT (
        pf_get_le32 (rows[i] + 16), ==, ((0xfffffau + i) & 0xffffff) << 8);
    PF_CHECK_UINT (rows[i][24], ==, (i == 0 ? 5u : i == 10 ? 3u : 1u));
  }
  pf_fec_free (fec);
  wire_packets_clear (&p);
}

/* Thousands of headers that pass the checks and mean nothing, in a budget;
 * then the real stream again. */
static void
test_forged (void)
{
  enum { S = 1376, BUDGET = 2 << 20 };
  PfReassembler *r = reassembler_new (S, BUDGET);
  PfWireSender sender = sender_new (S);
  uint8_t packet[HEADER + S], unit[20000];
  const PfReassemblerStats *stats = pf_reassembler_stats (r);
  uint64_t now = 0;
  unsigned n_taken = 0, n_whole = 0;
  PfEvent e;

  pf_test_random_bytes (unit, sizeof unit);
  for (unsigned i = 0; i < 40000; i++) {
    const uint32_t blocks = 1 + (uint32_t) pf_test_random_below (4);
    const uint32_t k = 1 + (uint32_t) pf_test_random_below (255);
    const uint32_t percent = (uint32_t) pf_test_random_below (256);

    good_packet (packet, S, 1 + i / 8 + (uint32_t) pf_test_random_below (60),
        (uint32_t) pf_test_random_below (blocks), blocks, k, percent,
        (uint32_t) pf_test_random_below (2 * k));
    n_taken += pf_reassembler_push (r, packet, sizeof packet, now) == PF_TAKEN;
    now += MS / 2;
    while (pf_reassembler_next (r, now, &e) > 0)
      if (e.type == PF_EVENT_FRAME)
        free (e.memory);
    PF_REQUIRE_UINT (stats->memory, <=, BUDGET);
  }
  PF_CHECK_UINT (stats->memory_peak, <=, BUDGET);
  PF_CHECK_UINT (stats->memory_peak, >, BUDGET / 2); /* they did press on it */
  PF_CHECK_UINT (n_taken, >, 1000);
  PF_CHECK_UINT (stats->frames_evicted, >, 100);
  pf_test_note ("%u taken, at most %zu bytes, %llu frames evicted", n_taken,
      stats->memory_peak, (unsigned long long) stats->frames_evicted);

  /* Any bit of a packet turned: no crash, no more memory. */
  for (unsigned i = 0; i < 40; i++) {
    const PfWireFrame f = { .size = sizeof unit, .percent = 50 };
    WirePackets p;

    PF_REQUIRE_INT (wire_packets_make (&sender, &f, unit, &p), ==, 0);
    for (uint32_t k = 0; k < p.n; k++) {
      uint8_t *b = wire_packet (&p, k);
      const uint32_t bit = (uint32_t) pf_test_random_below (HEADER * 8);

      b[bit / 8] ^= (uint8_t) (1 << bit % 8);
      pf_reassembler_push (
          r, b, (size_t) pf_test_random_below (p.size + 1), now);
      pf_reassembler_push (r, b, p.size, now);
    }
    wire_packets_clear (&p);
    now += 10 * MS;
    while (pf_reassembler_next (r, now, &e) > 0)
      if (e.type == PF_EVENT_FRAME)
        free (e.memory);
  }

  /* The real stream, elsewhere in the numbers, after a silence. */
  now += 1000 * MS;
  sender.frame = 1000000;
  for (unsigned i = 0; i < 50; i++) {
    const PfWireFrame f = { .size = sizeof unit, .percent = 50 };
    WirePackets p;

    PF_REQUIRE_INT (wire_packets_make (&sender, &f, unit, &p), ==, 0);
    push_lossy (r, &p, now, 0);
    wire_packets_clear (&p);
    now += 16 * MS;
    while (pf_reassembler_next (r, now, &e) > 0)
      if (e.type == PF_EVENT_FRAME) {
        n_whole += e.first >= 1000000 && e.unit_size == sizeof unit &&
                   memcmp (e.unit, unit, sizeof unit) == 0;
        free (e.memory);
      }
  }
  PF_CHECK_UINT (n_whole, ==, 50);
  PF_CHECK_UINT (stats->memory_peak, <=, BUDGET);
  pf_reassembler_free (r);
}

static void
test_sealed (void)
{
  const PfNonceSource source = { PF_NONCE_GAMESTREAM_VIDEO, { 0 } };
  const PfNonceSource other = { PF_NONCE_GAMESTREAM_CONTROL_HOST, { 0 } };
  uint8_t d[PREFIX + HEADER + 1] = { 0 }, nonce[PF_NONCE_SIZE];
  uint8_t header[HEADER] = { 0 };
  PfWireSealed s = { 0 };

  pf_put_le32 (header + 20, 0x01020304);
  PF_REQUIRE_INT (
      pf_nonce_make (&source, UINT64_C (0x1122334455667788), nonce), ==, 0);
  wire->seal (UINT64_C (0x1122334455667788), nonce, header, d);
  PF_CHECK_INT (wire->open (&source, 0, d, sizeof d, &s), ==, 0);
  PF_CHECK_UINT (s.number, ==, UINT64_C (0x1122334455667788));
  PF_CHECK_MEM (s.nonce, nonce, sizeof nonce);
  PF_CHECK_UINT (s.tag, ==, 16);
  PF_CHECK_UINT (s.body, ==, PREFIX);
  PF_CHECK_UINT (s.body_size, ==, HEADER + 1);
  PF_CHECK_UINT (pf_get_le32 (d + 12), ==, 0x01020304);
  for (size_t n = 0; n < sizeof d; n++)
    PF_CHECK_INT (wire->open (&source, 0, d, n, &s), ==, PF_ERR_INVALID);
  PF_CHECK_INT (wire->open (&other, 0, d, sizeof d, &s), ==, PF_ERR_INVALID);
  for (unsigned i = 8; i < 12; i++) {
    d[i] ^= 1;
    PF_CHECK_INT (wire->open (&source, 0, d, sizeof d, &s), ==, PF_ERR_INVALID);
    d[i] ^= 1;
  }
  memset (d + 12, 0, 4);
  PF_CHECK_INT (wire->open (&source, 0, d, sizeof d, &s), ==, PF_ERR_INVALID);
}

int
main (int argc, char **argv)
{
  PF_TEST_ADD ("/wire-gamestream/vectors", test_vectors);
  PF_TEST_ADD ("/wire-gamestream/plan", test_plan);
  PF_TEST_ADD ("/wire-gamestream/plan/cases", test_plan_cases);
  PF_TEST_ADD ("/wire-gamestream/plan/refused", test_plan_refused);
  PF_TEST_ADD ("/wire-gamestream/parse", test_parse);
  PF_TEST_ADD ("/wire-gamestream/unwrap", test_unwrap);
  PF_TEST_ADD ("/wire-gamestream/roundtrip", test_roundtrip);
  PF_TEST_ADD ("/wire-gamestream/parity-headers", test_parity_headers);
  PF_TEST_ADD ("/wire-gamestream/forged", test_forged);
  PF_TEST_ADD ("/wire-gamestream/sealed", test_sealed);
  return pf_test_run (argc, argv);
}
