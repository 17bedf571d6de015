/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Fuzz target for GameStream's packets: video and the reassembler
 * (fuzz-wire.c says what the steps are; the agreement is the shard size and
 * the size of blocks), the prefix of encrypted video, and with another first
 * bit audio (fuzz-gs-audio.c).
 */
#include "fuzz-gs-audio.h"
#include "fuzz-wire.h"

#include "pf-bytes.h"

#include <string.h>

enum { HEADER = 32, AUDIO = 1 };

static void
agree (FuzzInput *in, uint32_t flags, PfWireConfig *config)
{
  (void) flags;
  config->shard_payload = fuzz_take8 (in) % 64 + 16;
  config->max_block = fuzz_take8 (in) % 100 + 5;
  config->max_frame = 1 << 16;
}

/* Flags are those of the place, unless the input turns some. */
static size_t
plausible (
    FuzzInput *in, const PfWireConfig *config, uint32_t number, uint8_t *packet)
{
  const uint32_t data = fuzz_take8 (in), index = fuzz_take8 (in);
  const uint32_t percent = fuzz_take8 (in), wrong = fuzz_take8 (in);

  packet[0] = 0x90;
  pf_put_be16 (packet + 2, (uint16_t) index);
  pf_put_le32 (packet + 20, number);
  packet[24] =
      (uint8_t) (1 | (index == 0 ? 4 : 0) | (index + 1 == data ? 2 : 0));
  packet[24] ^= wrong & 7;
  packet[27] = (uint8_t) fuzz_take8 (in);
  pf_put_le32 (packet + 28, data << 22 | index << 12 | percent << 4);
  memset (packet + HEADER, (int) fuzz_take8 (in), config->shard_payload);
  packet[HEADER] = 1;
  pf_put_le16 (packet + HEADER + 4, (uint16_t) fuzz_take8 (in));
  return HEADER + config->shard_payload - (wrong >> 3) % 16;
}

/* What open() finds lies inside the datagram. */
static void
check_open (const uint8_t *bytes, size_t n)
{
  static const PfNonceSource source = { PF_NONCE_GAMESTREAM_VIDEO, { 0 } };
  PfWireSealed s;

  if (pf_wire_gamestream.open (&source, 0, bytes, n, &s) < 0)
    return;
  FUZZ_CHECK (s.tag + PF_WIRE_TAG_SIZE <= s.body);
  FUZZ_CHECK (s.body + s.body_size == n && s.body_size > HEADER);
  FUZZ_CHECK (memcmp (s.nonce, bytes, PF_NONCE_SIZE) == 0);
  FUZZ_CHECK (s.number == pf_get_le64 (bytes));
}

int
LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t n_bytes)
{
  static const FuzzWire format = { &pf_wire_gamestream, agree, plausible };

  check_open (bytes, n_bytes);
  if (n_bytes > 0 && bytes[0] & AUDIO)
    fuzz_gs_audio_run (bytes + 1, n_bytes - 1);
  else
    fuzz_wire_run (&format, bytes, n_bytes);
  return 0;
}
