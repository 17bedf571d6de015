/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Sealed RTSP messages. Clients count on through all sessions of their
 * process, so any number may be the first; no number counts twice.
 */
#include "pf-gs-rtsp-seal.h"

#include <stdlib.h>
#include <string.h>

#include "pf-bytes.h"
#include "pf-replay.h"
#include "pf-wipe.h"

enum { SEALED = 0x80, SEQUENCE_AT = 4, TAG_AT = 8, WINDOW = 64 };

struct PfGsRtspSeal {
  PfNonceSource theirs;
  PfAead *open;
  PfSealer *seal;
  PfReplay *replay;
};

int
pf_gs_rtsp_seal_new (
    bool host, const uint8_t key[PF_GS_KEY_SIZE], PfGsRtspSeal **seal)
{
  const PfNonceScheme schemes[2] = { PF_NONCE_GAMESTREAM_RTSP_CLIENT,
    PF_NONCE_GAMESTREAM_RTSP_HOST };
  const PfNonceSource ours = { .scheme = schemes[host] };
  uint8_t copy[PF_GS_KEY_SIZE];
  PfGsRtspSeal *s;
  int ret;

  if (!key || !seal)
    return PF_ERR_INVALID;
  s = calloc (1, sizeof *s);
  if (!s)
    return PF_ERR_NO_MEMORY;
  s->theirs.scheme = schemes[!host];
  memcpy (copy, key, sizeof copy);
  ret = pf_replay_new (WINDOW, &s->replay);
  if (ret == 0)
    ret = pf_aead_new (
        PF_AEAD_AES_128_GCM, PF_AEAD_OPEN, key, PF_GS_KEY_SIZE, &s->open);
  if (ret == 0)
    ret =
        pf_sealer_new (PF_AEAD_AES_128_GCM, &ours, copy, sizeof copy, &s->seal);
  pf_wipe (copy, sizeof copy);
  if (ret == 0)
    ret = pf_sealer_raise (s->seal, 1);
  if (ret < 0) {
    pf_gs_rtsp_seal_free (s);
    return ret;
  }
  *seal = s;
  return 0;
}

void
pf_gs_rtsp_seal_free (PfGsRtspSeal *seal)
{
  if (!seal)
    return;
  pf_aead_free (seal->open);
  pf_sealer_free (seal->seal);
  pf_replay_free (seal->replay);
  free (seal);
}

int
pf_gs_rtsp_sealed_size (const uint8_t *bytes, size_t size)
{
  uint32_t length;

  if (size > 0 && !(bytes[0] & SEALED))
    return PF_ERR_INVALID;
  if (size < 4)
    return 0;
  length = pf_get_be32 (bytes) & 0x7fffffff;
  if (length == 0)
    return PF_ERR_INVALID;
  if (length > PF_GS_RTSP_SIZE_MAX)
    return PF_ERR_RANGE;
  return (int) (PF_GS_RTSP_SEAL_HEADER + length);
}

int
pf_gs_rtsp_open (PfGsRtspSeal *seal, const uint8_t *bytes, size_t size,
    char *plain, size_t *plain_size)
{
  const int whole = pf_gs_rtsp_sealed_size (bytes, size);
  uint8_t nonce[PF_NONCE_SIZE];
  PfAeadSpan span;
  uint32_t sequence;
  int ret;

  if (whole < 0)
    return whole;
  if (whole == 0 || size != (size_t) whole)
    return PF_ERR_INVALID;
  sequence = pf_get_be32 (bytes + SEQUENCE_AT);
  ret = pf_nonce_make (&seal->theirs, sequence, nonce);
  if (ret == 0)
    ret = pf_replay_check (seal->replay, sequence);
  if (ret < 0)
    return ret;
  span.data = (uint8_t *) plain;
  span.size = size - PF_GS_RTSP_SEAL_HEADER;
  memcpy (plain, bytes + PF_GS_RTSP_SEAL_HEADER, span.size);
  ret = pf_aead_open (
      seal->open, nonce, NULL, 0, &span, 1, bytes + TAG_AT, PF_AEAD_TAG_SIZE);
  if (ret < 0)
    return ret;
  *plain_size = span.size;
  return pf_replay_enter (seal->replay, sequence);
}

int
pf_gs_rtsp_seal (PfGsRtspSeal *seal, const char *plain, size_t plain_size,
    uint8_t *out, size_t *size)
{
  PfAeadSpan span = { out + PF_GS_RTSP_SEAL_HEADER, plain_size };
  PfSealed sealed;
  int ret;

  if (plain_size == 0 || plain_size > PF_GS_RTSP_SIZE_MAX)
    return PF_ERR_RANGE;
  memcpy (span.data, plain, plain_size);
  ret = pf_sealer_seal (seal->seal, &span, 1, &sealed, out + TAG_AT);
  if (ret < 0)
    return ret;
  pf_put_be32 (out, (uint32_t) SEALED << 24 | (uint32_t) plain_size);
  pf_put_be32 (out + SEQUENCE_AT, (uint32_t) sealed.sequence);
  *size = PF_GS_RTSP_SEAL_HEADER + plain_size;
  return 0;
}
