/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * GameStream audio: the first byte says whether it is encrypted. What follows
 * are steps, each a byte and what it needs: time passes, any bytes, a packet
 * whose header is right with a number and length from the input, a block of a
 * real sender with some packets missing. What is handed out is in order, lies
 * in memory, and counts add up.
 */
#include "fuzz-gs-audio.h"

#ifdef HAVE_CRYPTO
#include <stdbool.h>
#include <string.h>

#include "fuzz-wire.h"
#include "pf-bytes.h"
#include "pf-gs-audio.h"

#define MS 1000000ull

enum { MAX_STEPS = 300 };

typedef struct {
  PfGsAudioReceiver *r;
  bool any;
  uint16_t due;
  uint64_t n_packets, n_lost, n_pushed;
} Ear;

static volatile uint8_t touched;

/* Backwards it goes only where the stream began anew. */
static void
listen (Ear *ear, uint64_t now)
{
  PfGsAudioEvent e;

  while (pf_gs_audio_next (ear->r, now, &e) > 0) {
    if (ear->any && e.sequence != ear->due)
      FUZZ_CHECK ((uint16_t) (ear->due - e.sequence) < 0x8001);
    ear->any = true;
    ear->due = (uint16_t) (e.sequence + (e.n_lost ? e.n_lost : 1));
    ear->n_lost += e.n_lost;
    if (e.n_lost)
      continue;
    ear->n_packets++;
    FUZZ_CHECK (e.size <= PF_GS_AUDIO_PAYLOAD_MAX);
    for (size_t i = 0; i < e.size; i++)
      touched ^= e.opus[i];
  }
}

static void
push (Ear *ear, const uint8_t *bytes, size_t n, uint64_t now)
{
  uint8_t *exact = malloc (n + !n);

  FUZZ_CHECK (exact != NULL);
  if (n > 0)
    memcpy (exact, bytes, n);
  FUZZ_CHECK ((unsigned) pf_gs_audio_push (ear->r, exact, n, now) <
              PF_GS_AUDIO_N_FATES);
  ear->n_pushed++;
  free (exact);
}

static void
push_any (Ear *ear, FuzzInput *in, uint64_t now)
{
  uint8_t bytes[256];
  const size_t n = fuzz_take8 (in);

  for (size_t i = 0; i < n; i++)
    bytes[i] = (uint8_t) fuzz_take8 (in);
  push (ear, bytes, n, now);
}

static void
push_plausible (Ear *ear, FuzzInput *in, bool parity, uint64_t now)
{
  uint8_t d[PF_GS_AUDIO_DATAGRAM_MAX] = { 0x80, 97 };
  const uint16_t number = (uint16_t) (ear->due + fuzz_take8 (in) - 16);
  const size_t size = fuzz_take8 (in) * 4;

  if (parity) {
    d[1] = 127;
    d[12] = (uint8_t) (fuzz_take8 (in) % 3);
    d[13] = 97;
    pf_put_be16 (d + 14, (uint16_t) (number & ~3));
    pf_put_be32 (d + 16, (number & ~3u) * 5);
  } else {
    pf_put_be16 (d + 2, number);
    pf_put_be32 (d + 4, number * 5u);
  }
  push (ear, d, (parity ? 24 : 12) + size, now);
}

static void
push_sent (Ear *ear, PfGsAudioSender *sender, FuzzInput *in, uint64_t now)
{
  const uint32_t lost = fuzz_take8 (in), n = fuzz_take8 (in) + 1;
  uint8_t opus[300], out[PF_GS_AUDIO_DATAGRAM_MAX];
  size_t size;

  memset (opus, (int) fuzz_take8 (in), sizeof opus);
  for (unsigned i = 0; i < PF_GS_AUDIO_DATA; i++) {
    const int ret = pf_gs_audio_send (
        sender, opus, n + (lost >> 7 && i == 2 ? 16 : 0), out, &size);

    FUZZ_CHECK (ret == (i == 3 && !(lost >> 7)));
    if (!(lost >> i & 1))
      push (ear, out, size, now);
  }
  for (unsigned i = 0; i < PF_GS_AUDIO_PARITY; i++)
    if (pf_gs_audio_parity (sender, i, out, &size) == 0 &&
        !(lost >> (PF_GS_AUDIO_DATA + i) & 1))
      push (ear, out, size, now);
}

void
fuzz_gs_audio_run (const uint8_t *bytes, size_t n)
{
  FuzzInput in = { bytes, n };
  PfGsAudioConfig config = { .packet_ms = 5, .key_id = 77, .key = { 1 } };
  const PfGsAudioStats *stats;
  PfGsAudioSender *sender;
  Ear ear = { 0 };
  uint64_t now = 0, fates = 0;

  config.encrypted = fuzz_take8 (&in) & 1;
  FUZZ_CHECK (pf_gs_audio_sender_new (&config, 65500, 0, &sender) == 0);
  FUZZ_CHECK (pf_gs_audio_receiver_new (&config, 0, &ear.r) == 0);
  for (int step = 0; step < MAX_STEPS && in.n > 0; step++) {
    const uint32_t what = fuzz_take8 (&in);

    switch (what % 8) {
    case 0:
      now += fuzz_take8 (&in) * MS;
      break;
    case 1:
      push_any (&ear, &in, now);
      break;
    case 2:
    case 3:
      push_sent (&ear, sender, &in, now);
      break;
    default:
      push_plausible (&ear, &in, what & 4 && what & 1, now);
      break;
    }
    if (what & 8)
      listen (&ear, now);
  }
  listen (&ear, UINT64_MAX - 1);
  stats = pf_gs_audio_stats (ear.r);
  for (int i = 0; i < PF_GS_AUDIO_N_FATES; i++)
    fates += stats->fates[i];
  FUZZ_CHECK (fates == ear.n_pushed);
  FUZZ_CHECK (stats->packets == ear.n_packets && stats->lost == ear.n_lost);
  FUZZ_CHECK (
      stats->damaged <= stats->lost && stats->restored <= stats->packets);
  pf_gs_audio_sender_free (sender);
  pf_gs_audio_receiver_free (ear.r);
}

#else

void
fuzz_gs_audio_run (const uint8_t *bytes, size_t n)
{
  (void) bytes;
  (void) n;
}

#endif
