/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * punktfunk/1 from access unit to datagram and back: packets, sealing, replay
 * window, reassembly. A sender reproduces the datagrams of the vector session,
 * and sealed streams survive what networks and forgers do to them.
 */
#include "crypto-vectors.h"
#include "label-bytes.h"
#include "pf-aead.h"
#include "pf-reassembler.h"
#include "pf-replay.h"
#include "pf-test.h"
#include "wire-packets.h"

#include <stdlib.h>
#include <string.h>

static const PfWire *const wire = &pf_wire_punktfunk1;

/* One datagram out of a packet; to has room for it. */
static void
seal (PfSealer *sealer, const WirePackets *packets, uint32_t i, uint8_t *to)
{
  uint8_t *body = to + wire->seal_prefix;
  PfAeadSpan span = { body, packets->size };

  memcpy (body, wire_packet (packets, i), packets->size);
  PF_REQUIRE_INT (
      pf_sealer_seal_packet (sealer, wire, to, &span, 1, body + packets->size),
      ==, 0);
}

typedef struct {
  PfNonceSource source;
  PfAead *aead;
  PfReplay *replay;
  PfReassembler *r;
  uint64_t highest;
  unsigned n_short, n_replayed, n_forged, n_frames, n_lost;
} Receiver;

static void
receiver_init (Receiver *v, const PfReassemblerConfig *config,
    const uint8_t *key, const uint8_t *salt)
{
  *v = (Receiver){ .source = { .scheme = PF_NONCE_PUNKTFUNK1_HOST } };
  memcpy (v->source.salt, salt, PF_NONCE_SALT_SIZE);
  PF_REQUIRE_INT (
      pf_aead_new (PF_AEAD_AES_128_GCM, PF_AEAD_OPEN, key, 16, &v->aead), ==,
      0);
  PF_REQUIRE_INT (pf_replay_new (PF_REPLAY_PUNKTFUNK1, &v->replay), ==, 0);
  PF_REQUIRE_INT (pf_reassembler_new (config, &v->r), ==, 0);
}

static void
receiver_clear (Receiver *v)
{
  pf_aead_free (v->aead);
  pf_replay_free (v->replay);
  pf_reassembler_free (v->r);
}

/* The way of a datagram: shape, replay window, seal, packet. */
static void
receive (Receiver *v, const uint8_t *bytes, size_t size)
{
  uint8_t *datagram = malloc (size + !size);
  PfWireSealed s;
  PfAeadSpan span;

  PF_REQUIRE (datagram != NULL);
  memcpy (datagram, bytes, size);
  if (wire->open (&v->source, v->highest, datagram, size, &s) < 0) {
    v->n_short++;
  } else if (pf_replay_check (v->replay, s.number) < 0) {
    v->n_replayed++;
  } else {
    span = (PfAeadSpan){ datagram + s.body, s.body_size };
    if (pf_aead_open (v->aead, s.nonce, datagram + s.aad, s.aad_size, &span, 1,
            datagram + s.tag, PF_WIRE_TAG_SIZE) < 0) {
      v->n_forged++;
    } else {
      PF_CHECK_INT (pf_replay_enter (v->replay, s.number), ==, 0);
      if (s.number > v->highest)
        v->highest = s.number;
      pf_reassembler_push (v->r, datagram + s.body, s.body_size, 0);
    }
  }
  free (datagram);
}

static void
drain (Receiver *v, uint64_t now, const uint8_t *unit, size_t size)
{
  PfEvent e;

  while (pf_reassembler_next (v->r, now, &e) > 0) {
    if (e.type == PF_EVENT_LOST) {
      v->n_lost += e.last - e.first + 1;
      continue;
    }
    PF_CHECK_INT (e.type, ==, PF_EVENT_FRAME);
    PF_CHECK_UINT (e.unit_size, ==, size);
    if (e.unit_size == size)
      PF_CHECK_MEM (e.unit, unit, size);
    free (e.memory);
    v->n_frames++;
  }
}

static void
test_session (void)
{
  const PfJson *v = pf_json_member (
      crypto_vectors_load ("punktfunk1/sealed_session.json"), "v");
  const PfJson *frames = pf_json_member (v, "frames");
  Bytes key = crypto_vectors_hex (pf_json_member (v, "key"));
  Bytes salt = crypto_vectors_hex (pf_json_member (v, "salt"));
  const uint32_t percent =
      (uint32_t) crypto_vectors_int (pf_json_member (v, "fec_percent"));
  PfReassemblerConfig config = { .wire = wire };
  PfNonceSource source = { .scheme = PF_NONCE_PUNKTFUNK1_HOST };
  uint8_t secret[16];
  PfWireSender sender;
  PfSealer *sealer;
  Receiver receiver;

  config.packets = (PfWireConfig){
    .shard_payload =
        (uint32_t) crypto_vectors_int (pf_json_member (v, "shard_payload")),
    .max_block = (uint32_t) crypto_vectors_int (
        pf_json_member (v, "max_data_per_block")),
    .percent = percent,
  };
  PF_REQUIRE_UINT (key.size, ==, sizeof secret);
  PF_REQUIRE_UINT (salt.size, ==, PF_NONCE_SALT_SIZE);
  receiver_init (&receiver, &config, key.data, salt.data);
  memcpy (secret, key.data, sizeof secret);
  memcpy (source.salt, salt.data, salt.size);
  PF_REQUIRE_INT (pf_wire_sender_init (&sender, wire, &config.packets), ==, 0);
  PF_REQUIRE_INT (pf_sealer_new (PF_AEAD_AES_128_GCM, &source, secret,
                      sizeof secret, &sealer),
      ==, 0);
  PF_CHECK_UINT (pf_json_length (frames), ==, 2);
  for (size_t f = 0; f < pf_json_length (frames); f++) {
    const PfJson *frame = pf_json_at (frames, f);
    const PfJson *datagrams = pf_json_member (frame, "datagrams");
    PfWireFrame in = { .flags = PF_WIRE_KEY, .percent = percent };
    uint8_t unit[8192], datagram[1472];
    WirePackets made;

    in.size = (size_t) crypto_vectors_int (pf_json_member (frame, "au_bytes"));
    in.pts_ns =
        (uint64_t) crypto_vectors_int (pf_json_member (frame, "pts_ns"));
    PF_REQUIRE_UINT (in.size, <=, sizeof unit);
    PF_CHECK_INT (
        crypto_vectors_int (pf_json_member (frame, "user_flags")), ==, 5);
    label_bytes (
        pf_json_string (pf_json_member (frame, "au_label")), unit, in.size);
    PF_REQUIRE_INT (wire_packets_make (&sender, &in, unit, &made), ==, 0);
    PF_REQUIRE_UINT (made.n, ==, pf_json_length (datagrams));
    for (uint32_t i = 0; i < made.n; i++) {
      Bytes expected = crypto_vectors_hex (pf_json_at (datagrams, i));

      PF_REQUIRE_UINT (expected.size, ==, sizeof datagram);
      seal (sealer, &made, i, datagram);
      PF_CHECK_MEM (datagram, expected.data, sizeof datagram);
      receive (&receiver, expected.data, expected.size);
    }
    drain (&receiver, 0, unit, in.size);
    wire_packets_clear (&made);
  }
  PF_CHECK_UINT (receiver.n_frames, ==, 2);
  pf_sealer_free (sealer);
  receiver_clear (&receiver);
}

/* Loss within parity, duplicates, truncation, flipped bits, all of it sealed:
 * every frame comes, and nothing forged gets as far as a packet. */
static void
test_channel (void)
{
  enum { N = 200, SIZE = 40 + 128 + 24 };
  const PfReassemblerConfig config = {
    .wire = wire,
    .packets = { .shard_payload = 128, .max_block = 20, .percent = 50 },
  };
  PfNonceSource source = { .scheme = PF_NONCE_PUNKTFUNK1_HOST };
  uint8_t key[16], secret[16], unit[6000], datagram[SIZE], damaged[SIZE];
  unsigned n_cut = 0, n_flipped = 0, n_twice = 0;
  PfWireSender sender;
  PfSealer *sealer;
  Receiver v;

  pf_test_random_bytes (key, sizeof key);
  pf_test_random_bytes (source.salt, sizeof source.salt);
  memcpy (secret, key, sizeof key);
  receiver_init (&v, &config, key, source.salt);
  PF_REQUIRE_INT (pf_wire_sender_init (&sender, wire, &config.packets), ==, 0);
  PF_REQUIRE_INT (pf_sealer_new (PF_AEAD_AES_128_GCM, &source, secret,
                      sizeof secret, &sealer),
      ==, 0);
  for (int f = 0; f < N; f++) {
    PfWireFrame in = { .size = pf_test_random_below (sizeof unit),
      .percent = 50 };
    WirePackets made;

    pf_test_random_bytes (unit, in.size);
    PF_REQUIRE_INT (wire_packets_make (&sender, &in, unit, &made), ==, 0);
    for (uint32_t i = 0; i < made.n; i++) {
      const uint64_t what = pf_test_random_below (8);

      seal (sealer, &made, i, datagram);
      memcpy (damaged, datagram, SIZE);
      if (what == 0) {
        receive (&v, damaged, pf_test_random_below (SIZE));
        n_cut++;
      } else if (what == 1) {
        damaged[pf_test_random_below (SIZE)] ^=
            (uint8_t) (1 << pf_test_random_below (8));
        receive (&v, damaged, SIZE);
        n_flipped++;
      } else if (what == 2) {
        receive (&v, datagram, SIZE);
        n_twice++;
      }
      /* a fifth of the data of frames of one block goes, half is parity */
      if (made.plan.n_blocks > 1 || i % 5 != 1 || i >= made.plan.n_data)
        receive (&v, datagram, SIZE);
    }
    drain (&v, 0, unit, in.size);
    wire_packets_clear (&made);
  }
  PF_CHECK_UINT (v.n_frames, ==, N);
  PF_CHECK_UINT (v.n_lost, ==, 0);
  PF_CHECK_UINT (v.n_short + v.n_forged + v.n_replayed, >=, n_cut + n_flipped);
  PF_CHECK_UINT (v.n_replayed, >, 0);
  PF_CHECK_UINT (pf_reassembler_stats (v.r)->shards_restored, >, 0);
  PF_CHECK_UINT (pf_reassembler_stats (v.r)->fates[PF_DROP_INVALID], ==, 0);
  PF_CHECK_UINT (pf_reassembler_stats (v.r)->fates[PF_DROP_CONFLICT], ==, 0);
  PF_CHECK_UINT (pf_reassembler_stats (v.r)->fates[PF_DROP_DUPLICATE], ==, 0);
  pf_test_note ("%u cut, %u flipped, %u twice: %u short, %u forged, %u again",
      n_cut, n_flipped, n_twice, v.n_short, v.n_forged, v.n_replayed);
  pf_sealer_free (sealer);
  receiver_clear (&v);
}

int
main (int argc, char **argv)
{
  int result;

  PF_TEST_ADD ("/wire/sealed/session", test_session);
  PF_TEST_ADD ("/wire/sealed/channel", test_channel);
  result = pf_test_run (argc, argv);
  crypto_vectors_clear ();
  return result;
}
