/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Video packets of punktfunk/1: all vectors sent byte for byte and received
 * again, limits of planning, every check of a received header, streamed
 * access units, prefix and nonce of sealed datagrams.
 */
#include "label-bytes.h"
#include "pf-bytes.h"
#include "pf-json.h"
#include "pf-reassembler.h"
#include "pf-test.h"
#include "pf-wire.h"
#include "sha256.h"
#include "wire-packets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HEADER = 40 };

static const PfWire *const wire = &pf_wire_punktfunk1;
static const PfJson *cases;

static uint64_t
number (const PfJson *object, const char *name)
{
  uint64_t v = 0;

  PF_REQUIRE (pf_json_uint64 (pf_json_member (object, name), &v));
  return v;
}

/* An access unit by its label; the caller's to free. */
static uint8_t *
unit_by_label (const PfJson *frame, size_t *n)
{
  const char *label = pf_json_string (pf_json_member (frame, "au_label"));
  uint8_t *unit;

  PF_REQUIRE (label != NULL);
  *n = number (frame, "au_bytes");
  unit = malloc (*n + 1);
  PF_REQUIRE (unit != NULL);
  label_bytes (label, unit, *n);
  return unit;
}

static void
check_hash (const PfJson *expected, const void *bytes, size_t size)
{
  uint8_t digest[32];
  char hex[65];
  Sha256 sha;

  sha256_init (&sha);
  sha256_update (&sha, bytes, size);
  sha256_final (&sha, digest);
  sha256_hex (digest, hex);
  PF_CHECK_STR (pf_json_string (expected), hex);
}

static PfWireConfig
case_config (const PfJson *c)
{
  return (PfWireConfig){
    .shard_payload = (uint32_t) number (c, "shard_payload"),
    .scheme = number (c, "fec_scheme") ? PF_FEC_GF16 : PF_FEC_GF8,
    .max_block = (uint32_t) number (c, "max_data_per_block"),
    .percent = (uint32_t) number (c, "fec_percent"),
  };
}

/* The packets of a frame against the vector. */
static void
check_packets (const PfJson *list, const WirePackets *made)
{
  PF_REQUIRE_UINT (pf_json_length (list), ==, made->n);
  for (uint32_t i = 0; i < made->n; i++) {
    const PfJson *packet = pf_json_at (list, i);
    uint8_t *header;
    size_t n;

    PF_REQUIRE (pf_json_hex (pf_json_member (packet, "header"), &header, &n));
    PF_CHECK_UINT (n, ==, HEADER);
    PF_CHECK_MEM (wire_packet (made, i), header, HEADER);
    check_hash (pf_json_member (packet, "payload_sha256"),
        wire_packet (made, i) + HEADER, made->size - HEADER);
    free (header);
  }
}

/* Pushes all packets, or loses as many data as there is parity. */
static void
receive (PfReassembler *r, const WirePackets *made, const PfJson *frame,
    const uint8_t *unit, size_t size, bool lose)
{
  PfEvent event;
  bool got = false;

  for (uint32_t i = 0; i < made->n; i++) {
    PfPacketFate fate;

    /* as many of the first data as the block has parity */
    if (lose) {
      const uint8_t *p = wire_packet (made, i);

      if (pf_get_le16 (p + 32) < pf_get_le16 (p + 30) &&
          pf_get_le16 (p + 32) < pf_get_le16 (p + 28))
        continue;
    }
    fate = pf_reassembler_push (r, wire_packet (made, i), made->size, 1);
    PF_CHECK (fate == PF_TAKEN || fate == PF_DROP_NOT_NEEDED);
    while (pf_reassembler_next (r, 1, &event) > 0) {
      PF_CHECK_INT (event.type, ==, PF_EVENT_FRAME);
      PF_CHECK (!got);
      got = true;
      PF_CHECK_UINT (event.unit_size, ==, size);
      PF_CHECK_MEM (event.unit, unit, size);
      PF_CHECK_UINT (event.pts_ns, ==, number (frame, "pts_ns"));
      PF_CHECK_UINT (event.user_flags, ==, number (frame, "user_flags"));
      PF_CHECK_INT (
          (event.flags & PF_WIRE_KEY) != 0, ==, event.user_flags == 5);
      PF_CHECK_INT (event.n_restored > 0, ==, lose);
      free (event.memory);
    }
  }
  PF_CHECK (got);
}

static void
run_case (const PfJson *c, uint32_t order, const char *name)
{
  const PfJson *frames = pf_json_member (c, "frames");
  PfReassemblerConfig rc = { .wire = wire, .packets = case_config (c) };
  PfReassembler *plain, *lossy;
  PfWireSender sender;

  rc.packets.order = order;
  PF_REQUIRE_INT (pf_wire_sender_init (&sender, wire, &rc.packets), ==, 0);
  PF_REQUIRE_INT (pf_reassembler_new (&rc, &plain), ==, 0);
  PF_REQUIRE_INT (pf_reassembler_new (&rc, &lossy), ==, 0);
  PF_REQUIRE (pf_json_length (frames) > 0);
  for (size_t f = 0; f < pf_json_length (frames); f++) {
    const PfJson *frame = pf_json_at (frames, f);
    PfWireFrame in = { .percent = rc.packets.percent };
    WirePackets made;
    uint8_t *unit;

    unit = unit_by_label (frame, &in.size);
    check_hash (pf_json_member (frame, "au_sha256"), unit, in.size);
    in.pts_ns = number (frame, "pts_ns");
    in.flags = number (frame, "user_flags") == 5 ? PF_WIRE_KEY : 0;
    PF_REQUIRE_INT (wire_packets_make (&sender, &in, unit, &made), ==, 0);
    check_packets (pf_json_member (frame, name), &made);
    receive (plain, &made, frame, unit, in.size, false);
    receive (lossy, &made, frame, unit, in.size, true);
    wire_packets_clear (&made);
    free (unit);
  }
  pf_reassembler_free (plain);
  pf_reassembler_free (lossy);
}

static void
test_vectors (void)
{
  PF_CHECK_UINT (pf_json_length (cases), >=, 3);
  for (size_t i = 0; i < pf_json_length (cases); i++) {
    run_case (pf_json_at (cases, i), PF_WIRE_ORDER_BLOCK, "v0_3_0_order");
    run_case (pf_json_at (cases, i), PF_WIRE_ORDER_DATA, "v0_31_0_order");
  }
}

static void
test_table (void)
{
  PF_CHECK (pf_wire_find ("punktfunk1") == wire);
  PF_CHECK (pf_wire_find ("punktfunk") == NULL);
  PF_CHECK (pf_wire_find (NULL) == NULL);
  PF_CHECK_UINT (pf_wire_row_size (wire, 1408, true), ==, 1472);
  PF_CHECK_UINT (pf_wire_row_size (wire, 1388, true), ==, 1452);
  PF_CHECK_UINT (pf_wire_row_size (wire, 1408, false), ==, 1448);
}

static void
test_config (void)
{
  static const struct {
    PfWireConfig config;
    int ret;
  } tries[] = {
    { { .shard_payload = 1408 }, 0 },
    { { .shard_payload = 0 }, PF_ERR_RANGE },
    { { .shard_payload = 1407 }, PF_ERR_RANGE },
    { { .shard_payload = 9152 }, 0 },
    { { .shard_payload = 9154 }, PF_ERR_RANGE },
    { { .shard_payload = 64, .scheme = PF_FEC_AUDIO }, PF_ERR_INVALID },
    { { .shard_payload = 64, .scheme = 9 }, PF_ERR_INVALID },
    { { .shard_payload = 64, .scheme = PF_FEC_GF8, .max_block = 255 }, 0 },
    { { .shard_payload = 64, .scheme = PF_FEC_GF8, .max_block = 256 },
        PF_ERR_RANGE },
    { { .shard_payload = 64, .max_block = 65536 }, PF_ERR_RANGE },
    { { .shard_payload = 64, .percent = 256 }, PF_ERR_RANGE },
    { { .shard_payload = 64, .order = 3 }, PF_ERR_INVALID },
    { { .shard_payload = 64, .max_frame = (64 << 20) + 1 }, PF_ERR_RANGE },
  };
  PfWireSender s;

  for (size_t i = 0; i < sizeof tries / sizeof *tries; i++)
    PF_CHECK_INT (
        pf_wire_sender_init (&s, wire, &tries[i].config), ==, tries[i].ret);
  PF_CHECK_INT (
      pf_wire_sender_init (NULL, wire, &tries[0].config), ==, PF_ERR_INVALID);
  PF_CHECK_INT (pf_wire_sender_init (&s, wire, NULL), ==, PF_ERR_INVALID);
  PF_REQUIRE_INT (pf_wire_sender_init (&s, wire, &tries[0].config), ==, 0);
  PF_CHECK_UINT (s.config.scheme, ==, PF_FEC_GF16);
  PF_CHECK_UINT (s.config.max_block, ==, 4096);
  PF_CHECK_UINT (s.config.percent, ==, 10);
  PF_CHECK_UINT (s.config.max_frame, ==, 64 << 20);
  PF_CHECK_UINT (s.config.order, ==, PF_WIRE_ORDER_DATA);
}

/* The parity of one block under limits. */
static uint32_t
parity (uint32_t scheme, uint32_t max_block, uint32_t agreed, uint32_t percent,
    uint32_t min, uint32_t k)
{
  const PfWireConfig config = { .shard_payload = 16,
    .scheme = scheme,
    .max_block = max_block,
    .percent = agreed };
  PfWireFrame frame = {
    .size = (size_t) k * 16, .percent = percent, .min_parity = min
  };
  PfWireSender s;
  PfWirePlan plan;

  PF_REQUIRE_INT (pf_wire_sender_init (&s, wire, &config), ==, 0);
  PF_REQUIRE_INT (wire->plan (&s, &frame, &plan), ==, 0);
  PF_CHECK_UINT (plan.n_blocks, ==, 1);
  PF_CHECK_UINT (plan.n_data, ==, k);
  PF_CHECK_UINT (plan.n_parity, ==, plan.last_parity);
  PF_CHECK_UINT (s.packet, ==, k + plan.n_parity);
  PF_CHECK_UINT (s.frame, ==, 1);
  return plan.n_parity;
}

static void
test_parity (void)
{
  /* a part of a shard is a whole one */
  PF_CHECK_UINT (parity (PF_FEC_GF16, 4096, 10, 10, 0, 1), ==, 1);
  PF_CHECK_UINT (parity (PF_FEC_GF16, 4096, 10, 10, 0, 10), ==, 1);
  PF_CHECK_UINT (parity (PF_FEC_GF16, 4096, 10, 10, 0, 11), ==, 2);
  PF_CHECK_UINT (parity (PF_FEC_GF16, 4096, 10, 0, 6, 11), ==, 0);
  PF_CHECK_UINT (parity (PF_FEC_GF16, 4096, 10, 10, 6, 11), ==, 6);
  PF_CHECK_UINT (parity (PF_FEC_GF16, 4096, 100, 100, 6, 1), ==, 6);
  /* what was agreed on bounds the sum, not the percentage */
  PF_CHECK_UINT (parity (PF_FEC_GF16, 100, 10, 50, 0, 60), ==, 30);
  PF_CHECK_UINT (parity (PF_FEC_GF16, 100, 10, 50, 0, 80), ==, 30);
  PF_CHECK_UINT (parity (PF_FEC_GF16, 100, 10, 50, 0, 100), ==, 10);
  PF_CHECK_UINT (parity (PF_FEC_GF16, 100, 200, 200, 0, 100), ==, 90);
  PF_CHECK_UINT (parity (PF_FEC_GF8, 255, 20, 20, 0, 255), ==, 0);
  PF_CHECK_UINT (parity (PF_FEC_GF8, 255, 20, 20, 0, 250), ==, 5);
  PF_CHECK_UINT (parity (PF_FEC_GF8, 200, 20, 20, 0, 200), ==, 40);
  /* 40000 + 24000 fit a code word, but not the field's two cosets */
  PF_CHECK_UINT (parity (PF_FEC_GF16, 40000, 60, 60, 0, 40000), ==, 16384);
}

static void
test_plan (void)
{
  PfWireConfig config = {
    .shard_payload = 64, .max_block = 8, .max_frame = 1 << 20
  };
  PfWireFrame frame = { .size = 0, .percent = 10 };
  PfWireSender s;
  PfWirePlan plan;
  PfWireBlock block;

  PF_REQUIRE_INT (pf_wire_sender_init (&s, wire, &config), ==, 0);
  PF_CHECK_INT (wire->plan (NULL, &frame, &plan), ==, PF_ERR_INVALID);
  PF_CHECK_INT (wire->plan (&s, NULL, &plan), ==, PF_ERR_INVALID);
  frame.size = (1 << 20) + 1;
  PF_CHECK_INT (wire->plan (&s, &frame, &plan), ==, PF_ERR_RANGE);
  PF_CHECK_UINT (s.frame + s.packet, ==, 0);
  frame.size = 0;
  PF_CHECK_INT (wire->plan (&s, &frame, &plan), ==, 0);
  PF_CHECK_UINT (plan.n_data, ==, 1);
  frame.size = 17 * 64 - 63; /* 8 + 8 + 1 */
  s.frame = UINT32_MAX;
  s.packet = UINT32_MAX - 3;
  PF_CHECK_INT (wire->plan (&s, &frame, &plan), ==, 0);
  PF_CHECK_UINT (plan.number, ==, UINT32_MAX);
  PF_CHECK_UINT (s.frame, ==, 0);
  PF_CHECK_UINT (plan.n_blocks, ==, 3);
  PF_CHECK_UINT (plan.n_data, ==, 17);
  PF_CHECK_UINT (plan.n_parity, ==, 3);
  PF_CHECK_UINT (s.packet, ==, 16);
  block = pf_wire_block (&plan, 2);
  PF_CHECK_UINT (block.data, ==, 1);
  PF_CHECK_UINT (block.parity, ==, 1);
  PF_CHECK_UINT (block.first_data, ==, 16);
  PF_CHECK_UINT (block.first_parity, ==, 2);
  PF_CHECK_UINT (pf_wire_position (&plan, &block, 0), ==, 16);
  PF_CHECK_UINT (pf_wire_position (&plan, &block, 1), ==, 19);

  /* 65535 blocks are the most; one data shard each */
  config = (PfWireConfig){ .shard_payload = 16, .max_block = 1 };
  PF_REQUIRE_INT (pf_wire_sender_init (&s, wire, &config), ==, 0);
  frame.size = 65535 * 16;
  PF_CHECK_INT (wire->plan (&s, &frame, &plan), ==, 0);
  frame.size++;
  PF_CHECK_INT (wire->plan (&s, &frame, &plan), ==, PF_ERR_RANGE);
}

/* One packet of a plain frame of one shard. */
static void
one_packet (PfWireSender *s, uint32_t flags, uint8_t *packet)
{
  PfWireFrame frame = { .size = 64, .flags = flags };
  uint8_t unit[64] = { 1, 2, 3 };
  WirePackets made;

  PF_REQUIRE_INT (wire_packets_make (s, &frame, unit, &made), ==, 0);
  PF_REQUIRE_UINT (made.n, ==, 1);
  memcpy (packet, made.packets, HEADER + 64);
  wire_packets_clear (&made);
}

static void
test_flags (void)
{
  static const struct {
    uint32_t flag, user;
  } map[] = {
    { 0, 1 },
    { PF_WIRE_KEY, 5 },
    { PF_WIRE_FILLER, 8 },
    { PF_WIRE_RECOVERED, 0x11 },
    { PF_WIRE_ANCHOR, 0x21 },
    { PF_WIRE_CHUNKED, 0x41 },
    { PF_WIRE_REPEAT, 0x101 },
    { PF_WIRE_CLOSE, 0x201 },
  };
  PfWireConfig config = { .shard_payload = 64 };
  uint8_t packet[HEADER + 64];
  PfWireSender s;
  PfWireShard shard;

  PF_REQUIRE_INT (pf_wire_sender_init (&s, wire, &config), ==, 0);
  for (size_t i = 0; i < sizeof map / sizeof *map; i++) {
    one_packet (&s, map[i].flag, packet);
    PF_CHECK_HEX (pf_get_le32 (packet + 20), ==, map[i].user);
    PF_REQUIRE_INT (
        wire->parse (&s.config, packet, sizeof packet, &shard), ==, 0);
    PF_CHECK_HEX (shard.flags, ==, map[i].flag);
    PF_CHECK_HEX (shard.user_flags, ==, map[i].user);
    PF_CHECK_UINT (shard.packet, ==, i);
    /* filler counts its own frames */
    PF_CHECK_UINT (shard.frame, ==, i <= 1 ? i : i == 2 ? 0 : i - 1);
  }
  s.config.filler_shared = true;
  one_packet (&s, PF_WIRE_FILLER, packet);
  PF_CHECK_UINT (pf_get_le32 (packet + 8), ==, 7);
}

/* Other terms in the middle of a stream: the numbers go on. */
static void
test_change (void)
{
  PfWireConfig config = { .shard_payload = 64 };
  PfWireFrame frame = { .size = 1000, .percent = 10 };
  PfWireSender s;
  PfWirePlan plan;

  PF_REQUIRE_INT (pf_wire_sender_init (&s, wire, &config), ==, 0);
  PF_REQUIRE_INT (wire->plan (&s, &frame, &plan), ==, 0);
  PF_CHECK_UINT (s.packet, ==, 18);
  config.shard_payload = 63;
  PF_CHECK_INT (pf_wire_sender_change (&s, &config), ==, PF_ERR_RANGE);
  PF_CHECK_UINT (s.config.shard_payload, ==, 64);
  config.shard_payload = 512;
  PF_REQUIRE_INT (pf_wire_sender_change (&s, &config), ==, 0);
  PF_REQUIRE_INT (wire->plan (&s, &frame, &plan), ==, 0);
  PF_CHECK_UINT (plan.number, ==, 1);
  PF_CHECK_UINT (plan.first_packet, ==, 18);
  PF_CHECK_UINT (plan.n_data, ==, 2);
  PF_CHECK_INT (pf_wire_sender_change (NULL, &config), ==, PF_ERR_INVALID);
  PF_CHECK_INT (pf_wire_sender_change (&s, NULL), ==, PF_ERR_INVALID);
}

/* ---- A received header -------------------------------------------------- */

/* Frame of 20 shards in blocks of 8, 8, 4: a packet with its fields. */
typedef struct {
  uint32_t frame_bytes, user, block, n_blocks, k, m, index, size;
} Fields;

static void
put_fields (uint8_t *h, const Fields *f)
{
  memset (h, 0, HEADER);
  pf_put_le32 (h + 16, f->frame_bytes);
  pf_put_le32 (h + 20, f->user);
  pf_put_le16 (h + 24, (uint16_t) f->block);
  pf_put_le16 (h + 26, (uint16_t) f->n_blocks);
  pf_put_le16 (h + 28, (uint16_t) f->k);
  pf_put_le16 (h + 30, (uint16_t) f->m);
  pf_put_le16 (h + 32, (uint16_t) f->index);
  pf_put_le16 (h + 34, (uint16_t) f->size);
  h[36] = 0xc9;
  h[37] = 1;
  h[38] = 1;
  h[39] = 1;
}

static void
test_parse (void)
{
  static const struct {
    const char *what;
    Fields f;
    int ret;
    uint32_t first;
  } tries[] = {
    { "first", { 1280, 1, 0, 3, 8, 1, 0, 64 }, 0, 0 },
    { "parity", { 1280, 1, 0, 3, 8, 1, 8, 64 }, 0, 0 },
    { "middle", { 1280, 1, 1, 3, 8, 1, 0, 64 }, 0, 8 },
    { "last", { 1280, 1, 2, 3, 4, 1, 4, 64 }, 0, 16 },
    { "no parity", { 1280, 1, 2, 3, 4, 0, 3, 64 }, 0, 16 },
    { "empty", { 0, 1, 0, 1, 1, 1, 0, 64 }, 0, 0 },
    { "most parity", { 1280, 1, 0, 3, 8, 8, 15, 64 }, 0, 0 },
    { "too much parity", { 1280, 1, 0, 3, 8, 9, 0, 64 }, PF_ERR_RANGE, 0 },
    { "no data", { 1280, 1, 0, 3, 0, 1, 0, 64 }, PF_ERR_INVALID, 0 },
    { "k > K", { 1280, 1, 0, 3, 9, 1, 0, 64 }, PF_ERR_RANGE, 0 },
    { "k < K", { 1280, 1, 0, 3, 7, 1, 0, 64 }, PF_ERR_INVALID, 0 },
    { "last k", { 1280, 1, 2, 3, 5, 1, 0, 64 }, PF_ERR_INVALID, 0 },
    { "index", { 1280, 1, 0, 3, 8, 1, 9, 64 }, PF_ERR_INVALID, 0 },
    { "block", { 1280, 1, 3, 3, 8, 1, 0, 64 }, PF_ERR_INVALID, 0 },
    { "blocks", { 1280, 1, 0, 4, 8, 1, 0, 64 }, PF_ERR_INVALID, 0 },
    { "one byte more", { 1281, 1, 2, 3, 4, 1, 4, 64 }, PF_ERR_INVALID, 0 },
    { "at the cap", { 65536, 1, 127, 128, 8, 1, 0, 64 }, 0, 1016 },
    { "over the cap", { 65537, 1, 0, 129, 8, 1, 0, 64 }, PF_ERR_RANGE, 0 },
    { "size", { 1280, 1, 0, 3, 8, 1, 0, 62 }, PF_ERR_RANGE, 0 },
    { "size past end", { 1280, 1, 0, 3, 8, 1, 0, 66 }, PF_ERR_INVALID, 0 },
    /* sent while it is still being encoded */
    { "streamed", { 0, 1, 0, 0, 8, 1, 8, 64 }, 0, 0 },
    { "streamed 5", { 0, 1, 5, 0, 8, 1, 0, 64 }, 0, 40 },
    { "streamed, k", { 0, 1, 1, 0, 7, 1, 0, 64 }, PF_ERR_INVALID, 0 },
    { "streamed, size", { 64, 1, 1, 0, 8, 1, 0, 64 }, PF_ERR_INVALID, 0 },
    { "streamed, far", { 0, 1, 129, 0, 8, 1, 0, 64 }, PF_ERR_RANGE, 0 },
    { "streamed, wraps", { 0, 1, 65535, 0, 8, 1, 0, 64 }, PF_ERR_RANGE, 0 },
  };
  PfWireConfig config = {
    .shard_payload = 64, .max_block = 8, .max_frame = 65536
  };
  uint8_t packet[HEADER + 64] = { 0 };
  PfWireShard s;

  PF_REQUIRE_INT (wire->check (&config), ==, 0);
  for (size_t i = 0; i < sizeof tries / sizeof *tries; i++) {
    put_fields (packet, &tries[i].f);
    memset (&s, 0xee, sizeof s);
    if (wire->parse (&config, packet, sizeof packet, &s) != tries[i].ret)
      pf_test_fail (__FILE__, __LINE__, "%s", tries[i].what);
    if (tries[i].ret < 0)
      PF_CHECK_UINT (s.frame, ==, 0xeeeeeeee); /* untouched */
    else
      PF_CHECK_UINT (s.first_data, ==, tries[i].first);
  }

  put_fields (packet, &tries[0].f);
  for (size_t n = 0; n < sizeof packet; n++) {
    /* as large as it is, for the address sanitizer */
    uint8_t *cut = malloc (n + !n);

    PF_REQUIRE (cut != NULL);
    memcpy (cut, packet, n);
    PF_CHECK_INT (wire->parse (&config, cut, n, &s), ==, PF_ERR_INVALID);
    free (cut);
  }
  for (size_t at = 36; at <= 38; at++) {
    put_fields (packet, &tries[0].f);
    packet[at] ^= 2;
    PF_CHECK_INT (
        wire->parse (&config, packet, sizeof packet, &s), ==, PF_ERR_INVALID);
  }
  put_fields (packet, &tries[0].f);
  packet[38] = 0; /* the other field */
  PF_CHECK_INT (
      wire->parse (&config, packet, sizeof packet, &s), ==, PF_ERR_RANGE);
}

/* Slices: the size is the place of the block. */
static void
test_slices (void)
{
  static const struct {
    const char *what;
    Fields f;
    int ret;
    uint32_t first;
  } tries[] = {
    { "first", { 0, 0x81, 0, 0, 16, 1, 0, 64 }, 0, 0 },
    { "second", { 1280, 0x81, 1, 0, 17, 1, 0, 64 }, 0, 20 },
    { "not a shard", { 1281, 0x81, 1, 0, 17, 1, 0, 64 }, PF_ERR_INVALID, 0 },
    { "small", { 1280, 0x81, 1, 0, 15, 1, 0, 64 }, PF_ERR_INVALID, 0 },
    { "far", { 0x7fffffc0, 0x81, 1, 0, 16, 1, 0, 64 }, PF_ERR_RANGE, 0 },
    { "last", { 1345, 0x81, 2, 3, 2, 1, 0, 64 }, 0, 20 },
    { "only", { 1, 0x81, 0, 1, 1, 1, 0, 64 }, 0, 0 },
    { "last of others", { 1345, 0x81, 1, 3, 2, 1, 0, 64 }, PF_ERR_INVALID, 0 },
    { "before 0", { 64, 0x81, 2, 3, 2, 1, 0, 64 }, PF_ERR_INVALID, 0 },
  };
  PfWireConfig config = {
    .shard_payload = 64, .max_block = 32, .max_frame = 65536
  };
  uint8_t packet[HEADER + 64] = { 0 };
  PfWireShard s;

  PF_REQUIRE_INT (wire->check (&config), ==, 0);
  for (size_t i = 0; i < sizeof tries / sizeof *tries; i++) {
    put_fields (packet, &tries[i].f);
    if (wire->parse (&config, packet, sizeof packet, &s) != tries[i].ret)
      pf_test_fail (__FILE__, __LINE__, "%s", tries[i].what);
    if (tries[i].ret == 0)
      PF_CHECK_UINT (s.first_data, ==, tries[i].first);
  }
}

/* A frame cut into blocks of cuts[] shards, as a streaming host sends it,
 * in the order given; it must come back whole. */
static void
run_streamed (
    const uint32_t *cuts, uint32_t n_cuts, uint32_t user, bool backwards)
{
  PfReassemblerConfig rc = { .wire = wire,
    .packets = { .shard_payload = 64, .max_block = 32, .max_frame = 65536 } };
  uint8_t unit[100 * 64], packet[HEADER + 64];
  uint32_t total = 0, got = 0;
  PfReassembler *r;
  PfEvent event;
  size_t size;

  for (uint32_t b = 0; b < n_cuts; b++)
    total += cuts[b];
  size = total * 64 - 7;
  pf_test_random_bytes (unit, sizeof unit);
  memset (unit + size, 0, 7);
  PF_REQUIRE_INT (pf_reassembler_new (&rc, &r), ==, 0);
  for (uint32_t n = 0; n < total; n++) {
    const uint32_t at = backwards ? total - 1 - n : n;
    uint32_t b = 0, first = 0;
    Fields f = { .user = user, .size = 64 };

    while (at >= first + cuts[b])
      first += cuts[b++];
    f.block = b;
    f.k = cuts[b];
    f.index = at - first;
    if (b + 1 == n_cuts) {
      f.n_blocks = n_cuts;
      f.frame_bytes = (uint32_t) size;
    } else if (user & 0x80) {
      f.frame_bytes = first * 64;
    }
    put_fields (packet, &f);
    memcpy (packet + HEADER, unit + at * 64, 64);
    PF_CHECK_INT (
        pf_reassembler_push (r, packet, sizeof packet, 0), ==, PF_TAKEN);
    while (pf_reassembler_next (r, 0, &event) > 0) {
      PF_CHECK_INT (event.type, ==, PF_EVENT_FRAME);
      PF_CHECK_UINT (event.unit_size, ==, size);
      PF_CHECK_MEM (event.unit, unit, size);
      free (event.memory);
      got++;
    }
  }
  PF_CHECK_UINT (got, ==, 1);
  pf_reassembler_free (r);
}

static void
test_streamed (void)
{
  static const uint32_t whole[] = { 32, 32, 5 }, slices[] = { 17, 32, 16, 1 };

  for (int backwards = 0; backwards < 2; backwards++) {
    run_streamed (whole, 3, 1, backwards);
    run_streamed (slices, 4, 0x81, backwards);
    run_streamed (whole + 2, 1, 0x81, backwards);
  }
}

/* Slices that overlap or leave a gap do not make a frame. */
static void
test_slices_untiled (void)
{
  PfReassemblerConfig rc = { .wire = wire,
    .packets = { .shard_payload = 64, .max_block = 32, .max_frame = 65536 } };
  uint8_t packet[HEADER + 64] = { 0 };

  for (uint32_t place = 15; place <= 17; place++) {
    const uint32_t k[] = { 16, 16, 1 };
    PfReassembler *r;
    PfEvent event;
    int found = 0;

    PF_REQUIRE_INT (pf_reassembler_new (&rc, &r), ==, 0);
    for (uint32_t b = 0; b < 3; b++)
      for (uint32_t i = 0; i < k[b]; i++) {
        const Fields f = { b == 2 ? 33 * 64 : b * place * 64, 0x81, b,
          b == 2 ? 3 : 0, k[b], 0, i, 64 };

        put_fields (packet, &f);
        PF_CHECK_INT (
            pf_reassembler_push (r, packet, sizeof packet, 0), ==, PF_TAKEN);
      }
    while (pf_reassembler_next (r, 0, &event) > 0) {
      PF_CHECK_INT (
          event.type, ==, place == 16 ? PF_EVENT_FRAME : PF_EVENT_LOST);
      found++;
      free (event.memory);
    }
    PF_CHECK_INT (found, ==, 1);
    PF_CHECK_UINT (
        pf_reassembler_stats (r)->frames_broken, ==, place == 16 ? 0 : 1);
    pf_reassembler_free (r);
  }
}

static void
test_seal (void)
{
  static const uint8_t expected[12] = { 0x43, 0xda, 0xf8, 0x56, 1, 2, 3, 4, 5,
    6, 7, 8 };
  PfNonceSource source = { PF_NONCE_PUNKTFUNK1_HOST,
    { 0xc3, 0xda, 0xf8, 0x56 } };
  uint8_t prefix[8], nonce[PF_NONCE_SIZE], datagram[1472] = { 0 };
  PfNonceCounter counter;
  PfWireSealed sealed;
  uint64_t sequence;

  PF_REQUIRE_INT (pf_nonce_counter_init (&counter, &source), ==, 0);
  PF_REQUIRE_INT (pf_nonce_counter_raise (&counter, 0x0102030405060708), ==, 0);
  PF_REQUIRE_INT (pf_nonce_counter_take (&counter, &sequence, nonce), ==, 0);
  wire->seal (sequence, nonce, datagram, prefix);
  PF_CHECK_MEM (prefix, expected + 4, 8);
  memcpy (datagram, prefix, 8);
  PF_REQUIRE_INT (
      wire->open (&source, 0, datagram, sizeof datagram, &sealed), ==, 0);
  PF_CHECK_HEX (sealed.number, ==, 0x0102030405060708);
  PF_CHECK_MEM (sealed.nonce, expected, 12);
  PF_CHECK_MEM (sealed.nonce, nonce, 12);
  PF_CHECK_UINT (sealed.aad, ==, 0);
  PF_CHECK_UINT (sealed.aad_size, ==, 8);
  PF_CHECK_UINT (sealed.body, ==, 8);
  PF_CHECK_UINT (sealed.body_size, ==, 1448);
  PF_CHECK_UINT (sealed.tag, ==, 1456);
  PF_CHECK_UINT (sealed.number >> wire->key_shift, ==, 0);
  /* the smallest is a header and one byte */
  PF_CHECK_INT (wire->open (&source, 0, datagram, 65, &sealed), ==, 0);
  PF_CHECK_UINT (sealed.body_size, ==, 41);
  for (size_t n = 0; n < 65; n++)
    PF_CHECK_INT (
        wire->open (&source, 0, datagram, n, &sealed), ==, PF_ERR_INVALID);
}

int
main (int argc, char **argv)
{
  const char *folder = getenv ("PF_TEST_VECTORS");
  char path[4096], error[256] = "";
  PfJsonDoc *doc;
  int result;

  if (folder == NULL) {
    printf ("Bail out! PF_TEST_VECTORS names no directory\n");
    return 99;
  }
  snprintf (path, sizeof path, "%s/punktfunk1/packets.json", folder);
  doc = pf_json_load (path, error, sizeof error);
  if (doc == NULL) {
    printf ("Bail out! %s: %s\n", path, error);
    return 99;
  }
  cases = pf_json_member (pf_json_root (doc), "cases");
  PF_TEST_ADD ("/wire/punktfunk1/table", test_table);
  PF_TEST_ADD ("/wire/punktfunk1/config", test_config);
  PF_TEST_ADD ("/wire/punktfunk1/parity", test_parity);
  PF_TEST_ADD ("/wire/punktfunk1/plan", test_plan);
  PF_TEST_ADD ("/wire/punktfunk1/flags", test_flags);
  PF_TEST_ADD ("/wire/punktfunk1/change", test_change);
  PF_TEST_ADD ("/wire/punktfunk1/vectors", test_vectors);
  PF_TEST_ADD ("/wire/punktfunk1/parse", test_parse);
  PF_TEST_ADD ("/wire/punktfunk1/slices", test_slices);
  PF_TEST_ADD ("/wire/punktfunk1/streamed", test_streamed);
  PF_TEST_ADD ("/wire/punktfunk1/slices-untiled", test_slices_untiled);
  PF_TEST_ADD ("/wire/punktfunk1/seal", test_seal);
  result = pf_test_run (argc, argv);
  pf_json_free (doc);
  return result;
}
