/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The envelope of GameStream's control stream. Numbers are taken from the
 * messages, since unreliable ones overtake others; none counts twice.
 */
#include "pf-gs-control.h"

#include <stdlib.h>
#include <string.h>

#include "pf-bytes.h"
#include "pf-replay.h"
#include "pf-wipe.h"

enum { TYPE_SEALED = 0x0001, TAG_AT = 8 };

struct PfGsControl {
  bool version2;
  PfNonceSource theirs;
  PfAead *open;
  PfReplay *replay;
  PfSealer *sealer; /* version 2 */
  PfAead *seal;     /* version 1, with its counter */
  uint64_t next;
  PfGsControlStats stats;
  uint8_t plain[PF_GS_MSG_MAX];
};

static int
make_sealing (PfGsControl *c, PfNonceScheme scheme, const uint8_t *key)
{
  const PfNonceSource ours = { .scheme = scheme };
  uint8_t copy[PF_GS_CONTROL_KEY];
  int ret;

  if (!c->version2)
    return pf_aead_new (PF_AEAD_AES_128_GCM_IV16, PF_AEAD_SEAL, key,
        PF_GS_CONTROL_KEY, &c->seal);
  memcpy (copy, key, sizeof copy);
  ret =
      pf_sealer_new (PF_AEAD_AES_128_GCM, &ours, copy, sizeof copy, &c->sealer);
  pf_wipe (copy, sizeof copy);
  return ret;
}

int
pf_gs_control_new (bool host, bool version2,
    const uint8_t key[PF_GS_CONTROL_KEY], PfGsControl **control)
{
  const PfNonceScheme schemes[2] = { PF_NONCE_GAMESTREAM_CONTROL_CLIENT,
    PF_NONCE_GAMESTREAM_CONTROL_HOST };
  PfGsControl *c;
  int ret;

  if (!key || !control)
    return PF_ERR_INVALID;
  c = calloc (1, sizeof *c);
  if (!c)
    return PF_ERR_NO_MEMORY;
  c->version2 = version2;
  c->theirs.scheme = schemes[!host];
  ret = pf_replay_new (PF_REPLAY_GAMESTREAM_CONTROL, &c->replay);
  if (ret == 0)
    ret =
        pf_aead_new (version2 ? PF_AEAD_AES_128_GCM : PF_AEAD_AES_128_GCM_IV16,
            PF_AEAD_OPEN, key, PF_GS_CONTROL_KEY, &c->open);
  if (ret == 0)
    ret = make_sealing (c, schemes[host], key);
  if (ret < 0) {
    pf_gs_control_free (c);
    return ret;
  }
  *control = c;
  return 0;
}

void
pf_gs_control_free (PfGsControl *control)
{
  if (!control)
    return;
  pf_aead_free (control->open);
  pf_aead_free (control->seal);
  pf_sealer_free (control->sealer);
  pf_replay_free (control->replay);
  /* what was typed last */
  pf_wipe (control->plain, sizeof control->plain);
  free (control);
}

/* ---- Opening ------------------------------------------------------------ */

static int
open_bytes (PfGsControl *c, uint32_t seq, const uint8_t *tag, size_t size)
{
  uint8_t nonce[PF_NONCE_LEGACY_SIZE];
  const PfAeadSpan span = { c->plain, size };
  int ret = 0;

  if (c->version2)
    ret = pf_nonce_make (&c->theirs, seq, nonce);
  else
    pf_nonce_make_legacy (seq, nonce);
  if (ret == 0)
    ret =
        pf_aead_open (c->open, nonce, NULL, 0, &span, 1, tag, PF_AEAD_TAG_SIZE);
  return ret;
}

static int
open_message (PfGsControl *c, const uint8_t *bytes, size_t size)
{
  const size_t n = size - PF_GS_CONTROL_HEADER;
  uint32_t seq;
  int ret;

  if (size < PF_GS_CONTROL_HEADER + PF_GS_MSG_HEADER ||
      size > PF_GS_CONTROL_MAX || pf_get_le16 (bytes) != TYPE_SEALED ||
      pf_get_le16 (bytes + 2) != size - 4)
    return PF_ERR_INVALID;
  seq = pf_get_le32 (bytes + 4);
  ret = pf_replay_check (c->replay, seq);
  if (ret < 0)
    return ret;
  memcpy (c->plain, bytes + PF_GS_CONTROL_HEADER, n);
  ret = open_bytes (c, seq, bytes + TAG_AT, n);
  if (ret == 0)
    ret = pf_replay_enter (c->replay, seq);
  if (ret == 0 && pf_get_le16 (c->plain) == TYPE_SEALED)
    ret = PF_ERR_INVALID;
  return ret;
}

int
pf_gs_control_open (PfGsControl *control, const uint8_t *bytes, size_t size,
    const uint8_t **plain, size_t *plain_size)
{
  const int ret = open_message (control, bytes, size);
  PfGsControlStats *stats = &control->stats;

  if (ret == 0) {
    stats->opened++;
    *plain = control->plain;
    *plain_size = size - PF_GS_CONTROL_HEADER;
  } else if (ret == PF_ERR_REPLAY) {
    stats->replayed++;
  } else if (ret == PF_ERR_AUTH) {
    stats->forged++;
  } else {
    stats->malformed++;
  }
  return ret;
}

/* ---- Sealing ------------------------------------------------------------ */

static int
seal_bytes (PfGsControl *c, PfAeadSpan span, uint8_t *tag, uint32_t *seq)
{
  uint8_t nonce[PF_NONCE_LEGACY_SIZE];
  PfSealed sealed;
  int ret;

  if (c->version2) {
    ret = pf_sealer_seal (c->sealer, &span, 1, &sealed, tag);
    if (ret == 0)
      *seq = (uint32_t) sealed.sequence;
    return ret;
  }
  if (c->next > UINT32_MAX) {
    pf_wipe (span.data, span.size);
    return PF_ERR_EXHAUSTED;
  }
  *seq = (uint32_t) c->next++;
  pf_nonce_make_legacy (*seq, nonce);
  return pf_aead_seal (c->seal, nonce, NULL, 0, &span, 1, tag);
}

int
pf_gs_control_seal (PfGsControl *control, const uint8_t *plain,
    size_t plain_size, uint8_t *out, size_t *size)
{
  const PfAeadSpan span = { out + PF_GS_CONTROL_HEADER, plain_size };
  uint32_t seq = 0;
  int ret;

  if (plain_size < PF_GS_MSG_HEADER || plain_size > PF_GS_MSG_MAX)
    return PF_ERR_RANGE;
  memcpy (span.data, plain, plain_size);
  ret = seal_bytes (control, span, out + TAG_AT, &seq);
  if (ret < 0)
    return ret;
  control->stats.sealed++;
  pf_put_le16 (out, TYPE_SEALED);
  pf_put_le16 (out + 2, (uint16_t) (PF_GS_CONTROL_HEADER - 4 + plain_size));
  pf_put_le32 (out + 4, seq);
  *size = PF_GS_CONTROL_HEADER + plain_size;
  return 0;
}

const PfGsControlStats *
pf_gs_control_stats (const PfGsControl *control)
{
  return &control->stats;
}
