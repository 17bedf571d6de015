/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Nonces and their counter.
 */
#include "pf-nonce.h"

#include <string.h>

/* The last two bytes of GameStream's nonces. */
static const char suffixes[][2] = {
  [PF_NONCE_GAMESTREAM_VIDEO] = { 0, 'V' },
  [PF_NONCE_GAMESTREAM_CONTROL_HOST] = { 'H', 'C' },
  [PF_NONCE_GAMESTREAM_CONTROL_CLIENT] = { 'C', 'C' },
  [PF_NONCE_GAMESTREAM_RTSP_HOST] = { 'H', 'R' },
  [PF_NONCE_GAMESTREAM_RTSP_CLIENT] = { 'C', 'R' },
};

static bool
valid (const PfNonceSource *source)
{
  return source && source->scheme >= PF_NONCE_PUNKTFUNK1_HOST &&
         source->scheme <= PF_NONCE_GAMESTREAM_RTSP_CLIENT;
}

static uint64_t
last_of (PfNonceScheme scheme)
{
  return scheme >= PF_NONCE_GAMESTREAM_CONTROL_HOST ? UINT32_MAX : UINT64_MAX;
}

static void
make (const PfNonceSource *source, uint64_t sequence, uint8_t *nonce)
{
  switch (source->scheme) {
  case PF_NONCE_PUNKTFUNK1_HOST:
  case PF_NONCE_PUNKTFUNK1_CLIENT:
    memcpy (nonce, source->salt, PF_NONCE_SALT_SIZE);
    nonce[0] &= 0x7f;
    if (source->scheme == PF_NONCE_PUNKTFUNK1_CLIENT)
      nonce[0] |= 0x80;
    for (unsigned i = 0; i < 8; i++)
      nonce[4 + i] = (uint8_t) (sequence >> (56 - 8 * i));
    break;
  default:
    /* The 32-bit counters have zeros in their upper half. */
    for (unsigned i = 0; i < 8; i++)
      nonce[i] = (uint8_t) (sequence >> (8 * i));
    nonce[8] = nonce[9] = 0;
    nonce[10] = (uint8_t) suffixes[source->scheme][0];
    nonce[11] = (uint8_t) suffixes[source->scheme][1];
    break;
  }
}

int
pf_nonce_make (const PfNonceSource *source, uint64_t sequence,
    uint8_t nonce[PF_NONCE_SIZE])
{
  if (!valid (source) || !nonce)
    return PF_ERR_INVALID;
  if (sequence > last_of (source->scheme))
    return PF_ERR_RANGE;
  make (source, sequence, nonce);
  return 0;
}

void
pf_nonce_make_legacy (uint32_t sequence, uint8_t nonce[PF_NONCE_LEGACY_SIZE])
{
  memset (nonce, 0, PF_NONCE_LEGACY_SIZE);
  nonce[0] = (uint8_t) sequence;
}

int
pf_nonce_counter_init (PfNonceCounter *counter, const PfNonceSource *source)
{
  if (!counter || !valid (source))
    return PF_ERR_INVALID;
  *counter =
      (PfNonceCounter){ .source = *source, .last = last_of (source->scheme) };
  return 0;
}

int
pf_nonce_counter_take (
    PfNonceCounter *counter, uint64_t *sequence, uint8_t nonce[PF_NONCE_SIZE])
{
  if (counter->used_up)
    return PF_ERR_EXHAUSTED;
  *sequence = counter->next;
  make (&counter->source, counter->next, nonce);
  if (counter->next == counter->last)
    counter->used_up = true;
  else
    counter->next++;
  return 0;
}

int
pf_nonce_counter_raise (PfNonceCounter *counter, uint64_t sequence)
{
  if (counter->used_up)
    return PF_ERR_EXHAUSTED;
  if (sequence < counter->next || sequence > counter->last)
    return PF_ERR_RANGE;
  counter->next = sequence;
  return 0;
}
