/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Fuzz target for the video packets of punktfunk/1 and the reassembler;
 * fuzz-wire.c says what the steps are. The agreement is the shard size and
 * the size of blocks.
 */
#include "fuzz-wire.h"

#include "pf-bytes.h"

#include <string.h>

enum { HEADER = 40 };

static void
agree (FuzzInput *in, uint32_t flags, PfWireConfig *config)
{
  config->shard_payload = fuzz_take8 (in) % 32 * 2 + 2;
  config->scheme = flags & 1 ? PF_FEC_GF8 : PF_FEC_GF16;
  config->max_block = fuzz_take8 (in) % 100 + 1;
  config->percent = 90;
  config->order = flags & 2 ? PF_WIRE_ORDER_BLOCK : PF_WIRE_ORDER_DATA;
  config->max_frame = 1 << 16;
  config->filler_shared = flags & 4;
}

static size_t
plausible (
    FuzzInput *in, const PfWireConfig *config, uint32_t number, uint8_t *packet)
{
  pf_put_le32 (packet + 8, number);
  pf_put_le32 (packet + 16, fuzz_take16 (in));
  pf_put_le32 (packet + 20, fuzz_take16 (in));
  for (int at = 24; at < 34; at += 2)
    pf_put_le16 (packet + at, (uint16_t) fuzz_take8 (in));
  pf_put_le16 (packet + 34, (uint16_t) config->shard_payload);
  packet[36] = 0xc9;
  packet[37] = 1;
  packet[38] = config->scheme == PF_FEC_GF16;
  memset (packet + HEADER, (int) fuzz_take8 (in), config->shard_payload);
  return HEADER + config->shard_payload;
}

int
LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t n_bytes)
{
  static const FuzzWire format = { &pf_wire_punktfunk1, agree, plausible };

  fuzz_wire_run (&format, bytes, n_bytes);
  return 0;
}
