/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * GameStream's audio packets: all vectors byte for byte and back, every
 * pattern of loss of a block, reorder, duplicates, the wrap of the numbers,
 * deadlines, and packets that are not what they say.
 */
#include <stdlib.h>
#include <string.h>

#include "crypto-vectors.h"
#include "pf-bytes.h"
#include "pf-gs-audio.h"
#include "pf-test.h"

#define MS 1000000ull
#define DATAGRAM PF_GS_AUDIO_DATAGRAM_MAX

enum { BLOCK = PF_GS_AUDIO_DATA + PF_GS_AUDIO_PARITY };

typedef struct {
  uint8_t bytes[DATAGRAM];
  size_t size;
} Datagram;

static const PfGsAudioConfig plain = { .packet_ms = 5 };
static const PfGsAudioConfig encrypted = { .packet_ms = 5,
  .encrypted = true,
  .key_id = 0xfffffff0,
  .key = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 } };

static PfGsAudioSender *
sender_new (const PfGsAudioConfig *config, uint16_t sequence, uint32_t time)
{
  PfGsAudioSender *s = NULL;

  PF_REQUIRE_INT (pf_gs_audio_sender_new (config, sequence, time, &s), ==, 0);
  return s;
}

static PfGsAudioReceiver *
receiver_new (const PfGsAudioConfig *config)
{
  PfGsAudioReceiver *r = NULL;

  PF_REQUIRE_INT (pf_gs_audio_receiver_new (config, 0, &r), ==, 0);
  return r;
}

/* The Opus packet with this running number. */
static size_t
opus_of (uint32_t number, uint8_t opus[100])
{
  for (uint32_t i = 0; i < 100; i++)
    opus[i] = (uint8_t) (number * 31 + i * i + (number >> 8));
  return 100;
}

/* Six datagrams of the packets FIRST .. FIRST+3. */
static void
send_block (PfGsAudioSender *s, uint32_t first, Datagram out[BLOCK])
{
  for (uint32_t i = 0; i < PF_GS_AUDIO_DATA; i++) {
    uint8_t opus[100];
    const size_t size = opus_of (first + i, opus);

    PF_REQUIRE_INT (
        pf_gs_audio_send (s, opus, size, out[i].bytes, &out[i].size), ==,
        i + 1 == PF_GS_AUDIO_DATA);
  }
  for (unsigned i = 0; i < PF_GS_AUDIO_PARITY; i++)
    PF_REQUIRE_INT (pf_gs_audio_parity (s, i, out[PF_GS_AUDIO_DATA + i].bytes,
                        &out[PF_GS_AUDIO_DATA + i].size),
        ==, 0);
}

static PfGsAudioFate
push (PfGsAudioReceiver *r, const Datagram *d, uint64_t now)
{
  /* in an allocation of its size, for what reads too far */
  uint8_t *copy = malloc (d->size);
  PfGsAudioFate fate;

  PF_REQUIRE (copy != NULL);
  memcpy (copy, d->bytes, d->size);
  fate = pf_gs_audio_push (r, copy, d->size, now);
  free (copy);
  return fate;
}

static void
expect_packet (PfGsAudioReceiver *r, uint64_t now, uint32_t number,
    uint16_t sequence, uint32_t time, bool restored)
{
  uint8_t opus[100];
  const size_t size = opus_of (number, opus);
  PfGsAudioEvent e;

  PF_REQUIRE_INT (pf_gs_audio_next (r, now, &e), ==, 1);
  PF_CHECK_UINT (e.n_lost, ==, 0);
  PF_CHECK_UINT (e.sequence, ==, sequence);
  PF_CHECK_UINT (e.timestamp_ms, ==, time);
  PF_CHECK_UINT (e.restored, ==, restored);
  PF_REQUIRE_UINT (e.size, ==, size);
  PF_CHECK_MEM (e.opus, opus, size);
}

static void
expect_lost (PfGsAudioReceiver *r, uint64_t now, uint16_t sequence, uint32_t n)
{
  PfGsAudioEvent e;

  PF_REQUIRE_INT (pf_gs_audio_next (r, now, &e), ==, 1);
  PF_CHECK_UINT (e.n_lost, ==, n);
  PF_CHECK_UINT (e.sequence, ==, sequence);
}

static void
expect_nothing (PfGsAudioReceiver *r, uint64_t now)
{
  PfGsAudioEvent e;

  PF_CHECK_INT (pf_gs_audio_next (r, now, &e), ==, 0);
}

/* ---- Vectors ------------------------------------------------------------- */

static void
check_vector (const PfJson *v)
{
  const PfJson *data = pf_json_member (v, "data_packets");
  const PfJson *fec = pf_json_member (v, "fec_packets");
  const PfJson *opus = pf_json_member (v, "opus_plain");
  const Bytes key = crypto_vectors_hex (pf_json_member (v, "key"));
  const uint16_t base =
      (uint16_t) crypto_vectors_int (pf_json_member (v, "base_sequence"));
  const uint32_t time =
      (uint32_t) crypto_vectors_int (pf_json_member (v, "base_timestamp"));
  PfGsAudioConfig config = { 0 };
  PfGsAudioSender *s;
  Datagram d[BLOCK];

  PF_REQUIRE_UINT (key.size, ==, sizeof config.key);
  memcpy (config.key, key.data, key.size);
  config.key_id = (uint32_t) crypto_vectors_int (pf_json_member (v, "rikeyid"));
  config.packet_ms =
      (uint32_t) crypto_vectors_int (pf_json_member (v, "packet_duration_ms"));
  PF_REQUIRE (
      pf_json_bool (pf_json_member (v, "encrypted"), &config.encrypted));
  s = sender_new (&config, base, time);
  for (unsigned i = 0; i < BLOCK; i++) {
    const Bytes wanted = crypto_vectors_hex (
        i < 4 ? pf_json_at (data, i) : pf_json_at (fec, i - 4));

    if (i < 4) {
      const Bytes in = crypto_vectors_hex (pf_json_at (opus, i));

      PF_REQUIRE_INT (
          pf_gs_audio_send (s, in.data, in.size, d[i].bytes, &d[i].size), ==,
          i == 3);
    } else
      PF_REQUIRE_INT (
          pf_gs_audio_parity (s, i - 4, d[i].bytes, &d[i].size), ==, 0);
    PF_REQUIRE_UINT (d[i].size, ==, wanted.size);
    PF_CHECK_MEM (d[i].bytes, wanted.data, wanted.size);
  }
  pf_gs_audio_sender_free (s);

  /* Back again under every loss that parity makes up for. */
  for (unsigned lost = 0; lost < 64; lost++) {
    PfGsAudioReceiver *r = receiver_new (&config);
    PfGsAudioEvent e;

    if (__builtin_popcount (lost) <= 2 && !(lost & 1)) {
      for (unsigned i = 0; i < BLOCK; i++)
        if (!(lost >> i & 1))
          PF_CHECK_INT (push (r, &d[i], 0), ==, PF_GS_AUDIO_TAKEN);
      for (unsigned i = 0; i < 4; i++) {
        const Bytes wanted = crypto_vectors_hex (pf_json_at (opus, i));

        PF_REQUIRE_INT (pf_gs_audio_next (r, 0, &e), ==, 1);
        PF_CHECK_UINT (e.sequence, ==, (uint16_t) (base + i));
        PF_CHECK_UINT (e.timestamp_ms, ==, time + i * config.packet_ms);
        PF_CHECK_UINT (e.restored, ==, (lost >> i & 1));
        PF_REQUIRE_UINT (e.size, ==, wanted.size);
        PF_CHECK_MEM (e.opus, wanted.data, wanted.size);
      }
    }
    pf_gs_audio_receiver_free (r);
  }
}

static void
test_vectors (void)
{
  const PfJson *vectors = pf_json_member (
      crypto_vectors_load ("gamestream/audio_packets.json"), "vectors");
  unsigned n = 0;

  for (const PfJson *v = pf_json_first (vectors); v; v = pf_json_next (v), n++)
    check_vector (v);
  PF_CHECK_UINT (n, ==, 4);
  crypto_vectors_clear ();
}

/* ---- Streams ------------------------------------------------------------- */

/* Every subset of a block's six packets, in the middle of a stream, in any
 * order, plain and encrypted; what cannot be restored is lost one by one. */
static void
test_patterns (void)
{
  for (unsigned c = 0; c < 2; c++) {
    const PfGsAudioConfig *config = c ? &encrypted : &plain;
    PfGsAudioSender *s = sender_new (config, 65536 - 64 * 4, 0);
    PfGsAudioReceiver *r = receiver_new (config);
    uint16_t sequence = 65536 - 64 * 4;
    uint32_t number = 0, time = 0;
    uint64_t now = 0;

    for (unsigned lost = 0; lost < 64; lost++) {
      const bool enough = __builtin_popcount (lost) <= 2;
      Datagram d[BLOCK];
      uint32_t order[BLOCK] = { 0, 1, 2, 3, 4, 5 };

      /* A whole block before, another behind: the numbers wrap inside. */
      for (unsigned k = 0; k < 3; k++) {
        send_block (s, number, d);
        for (unsigned i = BLOCK; i > 1; i--) {
          const unsigned j = (unsigned) pf_test_random_below (i);
          const uint32_t t = order[i - 1];

          order[i - 1] = order[j];
          order[j] = t;
        }
        for (unsigned i = 0; i < BLOCK; i++) {
          /* the stream's very first packet says where it begins */
          const uint32_t x = number == 0 ? i : order[i];
          PfGsAudioFate fate;

          if (k == 1 && (lost >> x & 1))
            continue;
          fate = push (r, &d[x], now);
          PF_CHECK (
              fate == PF_GS_AUDIO_TAKEN || fate == PF_GS_AUDIO_DROP_DUPLICATE);
          if (pf_test_random_below (3) == 0)
            PF_CHECK_INT (push (r, &d[x], now), ==, PF_GS_AUDIO_DROP_DUPLICATE);
        }
        now += 20 * MS;
        for (unsigned i = 0; i < 4; i++) {
          const bool there = k != 1 || !(lost >> i & 1) || enough;

          if (there) {
            const bool was_first = k != 1 ? false : lost >> i & 1;
            uint8_t opus[100];
            PfGsAudioEvent e;

            /* which one parity brought back depends on the order */
            PF_REQUIRE_INT (pf_gs_audio_next (r, now + 30 * MS, &e), ==, 1);
            PF_REQUIRE_UINT (e.n_lost, ==, 0);
            PF_CHECK_UINT (e.sequence, ==, sequence);
            PF_CHECK_UINT (e.timestamp_ms, ==, time);
            PF_CHECK (e.restored || !was_first);
            PF_REQUIRE_UINT (e.size, ==, opus_of (number, opus));
            PF_CHECK_MEM (e.opus, opus, e.size);
          } else if (pf_gs_audio_wake (r) == UINT64_MAX) {
            /* nothing later there: the block behind it will tell */
            break;
          } else
            expect_lost (r, now + 30 * MS, sequence, 1);
          sequence++;
          number++;
          time += 5;
        }
        /* What was not told yet comes before the next block. */
        if (k == 1 && sequence % 4) {
          Datagram next[BLOCK];
          const uint32_t rest = 4 - sequence % 4;

          send_block (s, number + rest, next);
          for (unsigned i = 0; i < BLOCK; i++)
            PF_CHECK_INT (push (r, &next[i], now), ==, PF_GS_AUDIO_TAKEN);
          expect_nothing (r, now + 30 * MS - 1);
          for (uint32_t i = 0; i < rest; i++) {
            expect_lost (r, now + 30 * MS, sequence, 1);
            sequence++;
            number++;
            time += 5;
          }
          for (unsigned i = 0; i < 4; i++) {
            expect_packet (r, now, number, sequence, time, false);
            sequence++;
            number++;
            time += 5;
          }
        } else if (k == 1 && lost == 63) {
          /* nothing of the block came, and nothing told so yet */
          Datagram next[BLOCK];

          send_block (s, number + 4, next);
          for (unsigned i = 0; i < BLOCK; i++)
            PF_CHECK_INT (push (r, &next[i], now), ==, PF_GS_AUDIO_TAKEN);
          for (unsigned i = 0; i < 4; i++)
            expect_lost (r, now + 30 * MS, (uint16_t) (sequence + i), 1);
          for (unsigned i = 0; i < 4; i++)
            expect_packet (r, now, number + 4 + i,
                (uint16_t) (sequence + 4 + i), time + 20 + 5 * i, false);
          sequence = (uint16_t) (sequence + 8);
          number += 8;
          time += 40;
        }
        expect_nothing (r, now + 1000 * MS);
        now += 100 * MS;
        PF_REQUIRE (!pf_test_failed ());
      }
    }
    pf_gs_audio_sender_free (s);
    pf_gs_audio_receiver_free (r);
  }
}

/* A lossy, reordering channel for a quarter of a million packets: everything
 * handed out is right and in order, losses and packets add up. */
static void
test_channel (void)
{
  enum { BLOCKS = 20000, HELD = 4 };
  PfGsAudioSender *s = sender_new (&encrypted, 0, 0);
  PfGsAudioReceiver *r = receiver_new (&encrypted);
  const PfGsAudioStats *stats = pf_gs_audio_stats (r);
  Datagram held[HELD];
  bool full[HELD] = { false };
  uint32_t number = 0;
  PfGsAudioEvent e;

  for (uint32_t b = 0; b < BLOCKS; b++) {
    Datagram d[BLOCK];

    send_block (s, 4 * b, d);
    for (unsigned i = 0; i < BLOCK; i++) {
      const uint64_t now = (uint64_t) (4 * b + (i < 4 ? i : 3)) * 5 * MS;
      const unsigned h = (unsigned) pf_test_random_below (HELD);

      if ((b || i) && pf_test_random_below (100) < 7)
        continue;
      if (b == 0) {
        push (r, &d[i], now);
      } else {
        if (full[h])
          push (r, &held[h], now);
        held[h] = d[i];
        full[h] = true;
      }
      while (pf_gs_audio_next (r, now, &e) > 0) {
        PF_CHECK_UINT (e.sequence, ==, (uint16_t) number);
        if (e.n_lost == 0) {
          uint8_t opus[100];

          PF_CHECK_UINT (e.timestamp_ms, ==, number * 5);
          PF_REQUIRE_UINT (e.size, ==, opus_of (number, opus));
          PF_CHECK_MEM (e.opus, opus, e.size);
        }
        number += e.n_lost ? e.n_lost : 1;
      }
      PF_REQUIRE (!pf_test_failed ());
    }
  }
  PF_CHECK_UINT (stats->packets + stats->lost, ==, number);
  PF_CHECK_UINT (number, >, 4 * BLOCKS - 40);
  PF_CHECK_UINT (stats->restored, >, BLOCKS / 10);
  /* 7 % of six lost in threes: about 1 % of what is sent. */
  PF_CHECK_UINT (stats->lost, <, BLOCKS * 4 / 40);
  PF_CHECK_UINT (stats->damaged, ==, 0);
  pf_test_note ("%llu packets, %llu restored, %llu lost",
      (unsigned long long) stats->packets, (unsigned long long) stats->restored,
      (unsigned long long) stats->lost);
  pf_gs_audio_sender_free (s);
  pf_gs_audio_receiver_free (r);
}

/* Unequal lengths: a client would switch restoring off, so no parity. */
static void
test_lengths (void)
{
  PfGsAudioSender *s = sender_new (&plain, 0, 0);
  uint8_t opus[DATAGRAM] = { 0 }, out[DATAGRAM];
  size_t size = 77;

  for (unsigned i = 0; i < 4; i++)
    PF_CHECK_INT (
        pf_gs_audio_send (s, opus, 100 + (i == 2), out, &size), ==, 0);
  PF_CHECK_INT (pf_gs_audio_parity (s, 0, out, &size), ==, PF_ERR_INVALID);
  for (unsigned i = 0; i < 4; i++)
    PF_CHECK_INT (pf_gs_audio_send (s, opus, 90, out, &size), ==, i == 3);
  PF_CHECK_INT (pf_gs_audio_parity (s, 1, out, &size), ==, 0);
  PF_CHECK_UINT (size, ==, 114);
  PF_CHECK_INT (pf_gs_audio_parity (s, 2, out, &size), ==, PF_ERR_INVALID);
  PF_CHECK_UINT (pf_get_be16 (out + 14), ==, 4);
  /* The block before is gone with the next packet. */
  PF_CHECK_INT (pf_gs_audio_send (s, opus, 90, out, &size), ==, 0);
  PF_CHECK_INT (pf_gs_audio_parity (s, 0, out, &size), ==, PF_ERR_INVALID);

  PF_CHECK_INT (pf_gs_audio_send (s, opus, 0, out, &size), ==, PF_ERR_INVALID);
  PF_CHECK_INT (pf_gs_audio_send (s, NULL, 9, out, &size), ==, PF_ERR_INVALID);
  PF_CHECK_INT (pf_gs_audio_send (s, opus, 1377, out, &size), ==, PF_ERR_RANGE);
  PF_CHECK_INT (
      pf_gs_audio_send (s, opus, SIZE_MAX, out, &size), ==, PF_ERR_RANGE);
  PF_CHECK_INT (pf_gs_audio_send (s, opus, 1376, out, &size), ==, 0);
  PF_CHECK_UINT (size, ==, 1388);
  PF_CHECK_UINT (pf_get_be16 (out + 2), ==, 9); /* no number was lost */
  pf_gs_audio_sender_free (s);

  s = sender_new (&encrypted, 0, 0);
  PF_CHECK_INT (pf_gs_audio_send (s, opus, 1376, out, &size), ==, PF_ERR_RANGE);
  for (unsigned i = 0; i < 4; i++) {
    PF_CHECK_INT (pf_gs_audio_send (s, opus, 1375, out, &size), ==, i == 3);
    PF_CHECK_UINT (size, ==, 1388);
  }
  PF_CHECK_INT (pf_gs_audio_parity (s, 1, out, &size), ==, 0);
  PF_CHECK_UINT (size, ==, DATAGRAM);
  pf_gs_audio_sender_free (s);
}

static void
test_refused (void)
{
  PfGsAudioSender *s = sender_new (&encrypted, 0, 0);
  PfGsAudioReceiver *r = receiver_new (&encrypted);
  Datagram d[BLOCK], bad;

  send_block (s, 0, d);
#define BAD(index, change, fate)                                               \
  do {                                                                         \
    bad = d[index];                                                            \
    change;                                                                    \
    PF_CHECK_INT (push (r, &bad, 0), ==, fate);                                \
  } while (0)
  for (size_t n = 0; n < d[0].size; n++)
    if (n <= 12 || (n - 12) % 16)
      BAD (0, bad.size = n, PF_GS_AUDIO_DROP_INVALID);
  for (size_t n = 0; n < d[4].size; n++)
    if (n <= 24 || (n - 24) % 16)
      BAD (4, bad.size = n, PF_GS_AUDIO_DROP_INVALID);
  {
    static const uint8_t big[DATAGRAM + 1] = { 0x80, 97 };

    PF_CHECK_INT (
        pf_gs_audio_push (r, big, sizeof big, 0), ==, PF_GS_AUDIO_DROP_INVALID);
    PF_CHECK_INT (
        pf_gs_audio_push (r, NULL, 100, 0), ==, PF_GS_AUDIO_DROP_INVALID);
  }
  BAD (0, bad.bytes[0] = 0x90, PF_GS_AUDIO_DROP_INVALID);
  BAD (0, bad.bytes[1] = 98, PF_GS_AUDIO_DROP_INVALID);
  BAD (4, bad.bytes[12] = 2, PF_GS_AUDIO_DROP_INVALID);
  BAD (4, bad.bytes[12] = 255, PF_GS_AUDIO_DROP_INVALID);
  BAD (4, bad.bytes[13] = 98, PF_GS_AUDIO_DROP_INVALID);
  for (uint8_t k = 1; k < 4; k++)
    BAD (4, bad.bytes[15] = k, PF_GS_AUDIO_DROP_INVALID);
  expect_nothing (r, 1000 * MS);

  PF_CHECK_INT (push (r, &d[0], 0), ==, PF_GS_AUDIO_TAKEN);
  expect_packet (r, 0, 0, 0, 0, false);
  PF_CHECK_INT (push (r, &d[0], 0), ==, PF_GS_AUDIO_DROP_LATE);
  BAD (1, bad.size -= 16, PF_GS_AUDIO_DROP_CONFLICT);
  BAD (1, bad.bytes[7] ^= 1, PF_GS_AUDIO_DROP_CONFLICT);
  BAD (5, bad.size -= 16, PF_GS_AUDIO_DROP_CONFLICT);
  BAD (5, bad.bytes[19] ^= 1, PF_GS_AUDIO_DROP_CONFLICT);
  /* Noise instead of ciphertext: its padding is wrong but for 1 in 256. */
  BAD (1, memset (bad.bytes + 12, 0x3c, bad.size - 12), PF_GS_AUDIO_TAKEN);
  expect_lost (r, 0, 1, 1);
  PF_CHECK_UINT (pf_gs_audio_stats (r)->damaged, ==, 1);
  PF_CHECK_INT (push (r, &d[2], 0), ==, PF_GS_AUDIO_TAKEN);
  expect_packet (r, 0, 2, 2, 10, false);

  /* Far off: some do not move the stream, many in a row do. */
  for (unsigned i = 0; i < 7; i++) {
    BAD (0, pf_put_be16 (bad.bytes + 2, 1000), PF_GS_AUDIO_DROP_FAR);
    BAD (0, pf_put_be16 (bad.bytes + 2, 30000), PF_GS_AUDIO_DROP_FAR);
  }
  PF_CHECK_INT (push (r, &d[3], 0), ==, PF_GS_AUDIO_TAKEN);
  expect_packet (r, 0, 3, 3, 15, false);
  for (unsigned i = 0; i < 8; i++)
    BAD (0, pf_put_be16 (bad.bytes + 2, 1000),
        i < 7 ? PF_GS_AUDIO_DROP_FAR : PF_GS_AUDIO_TAKEN);
  expect_lost (r, 0, 4, 996);
  {
    PfGsAudioEvent e;

    PF_CHECK_INT (pf_gs_audio_next (r, 0, &e), ==, 1);
    PF_CHECK_UINT (e.sequence, ==, 1000);
  }
#undef BAD
  pf_gs_audio_sender_free (s);
  pf_gs_audio_receiver_free (r);
}

static void
test_arguments (void)
{
  PfGsAudioConfig config = plain;
  PfGsAudioSender *s = NULL;
  PfGsAudioReceiver *r = NULL;

  PF_CHECK_INT (pf_gs_audio_sender_new (NULL, 0, 0, &s), ==, PF_ERR_INVALID);
  PF_CHECK_INT (
      pf_gs_audio_sender_new (&config, 0, 0, NULL), ==, PF_ERR_INVALID);
  for (uint16_t n = 1; n < 4; n++)
    PF_CHECK_INT (
        pf_gs_audio_sender_new (&config, n, 0, &s), ==, PF_ERR_INVALID);
  PF_CHECK_INT (pf_gs_audio_receiver_new (NULL, 0, &r), ==, PF_ERR_INVALID);
  PF_CHECK_INT (
      pf_gs_audio_receiver_new (&config, 0, NULL), ==, PF_ERR_INVALID);
  config.packet_ms = 0;
  PF_CHECK_INT (pf_gs_audio_sender_new (&config, 0, 0, &s), ==, PF_ERR_RANGE);
  PF_CHECK_INT (pf_gs_audio_receiver_new (&config, 0, &r), ==, PF_ERR_RANGE);
  config.packet_ms = 121;
  PF_CHECK_INT (pf_gs_audio_receiver_new (&config, 0, &r), ==, PF_ERR_RANGE);
  config = (PfGsAudioConfig){ .packet_ms = 5, .encrypted = true };
  PF_CHECK_INT (pf_gs_audio_sender_new (&config, 0, 0, &s), ==, PF_ERR_INVALID);
  PF_CHECK_INT (pf_gs_audio_receiver_new (&config, 0, &r), ==, PF_ERR_INVALID);
  PF_CHECK (s == NULL && r == NULL);
  pf_gs_audio_sender_free (NULL);
  pf_gs_audio_receiver_free (NULL);
}

int
main (int argc, char **argv)
{
  PF_TEST_ADD ("/gs-audio/vectors", test_vectors);
  PF_TEST_ADD ("/gs-audio/patterns", test_patterns);
  PF_TEST_ADD ("/gs-audio/channel", test_channel);
  PF_TEST_ADD ("/gs-audio/lengths", test_lengths);
  PF_TEST_ADD ("/gs-audio/refused", test_refused);
  PF_TEST_ADD ("/gs-audio/arguments", test_arguments);
  return pf_test_run (argc, argv);
}
