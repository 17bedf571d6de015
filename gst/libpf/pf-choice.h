/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What a host grants of what a client wants: the one place where numbers that
 * a client chose are clamped.
 */
#ifndef PF_CHOICE_H
#define PF_CHOICE_H

#include "pf-msg.h"

#define PF_BITRATE_DEFAULT_KBPS 20000u
#define PF_BITRATE_MIN_KBPS 500u
#define PF_BITRATE_MAX_KBPS 8000000u

#define PF_SHARD_V4 1408 /* 1472 bytes sealed: no fragments */
#define PF_SHARD_V6 1388
#define PF_SHARD_MIN 512
#define PF_SHARD_MAX 9152

#define PF_PROBE_KBPS_MAX 10000000u
#define PF_PROBE_MS_MAX 5000u

/* What a host can do; 0 is the default in brackets. */
typedef struct {
  uint8_t codecs;               /* PF_CODEC_* */
  uint32_t max_width;           /* [7680] */
  uint32_t max_height;          /* [4320] */
  uint32_t max_refresh_hz;      /* [480] */
  uint32_t default_kbps;        /* [20000] where the client has no wish */
  uint32_t max_kbps;            /* [8000000] */
  bool ten_bit, hdr, chroma444; /* can it? */
  bool chacha20;                /* where the client wants it */
  bool pcm;                     /* can it send PCM? */
  uint8_t max_channels;         /* [8] */
} PfHostAbilities;

/* A codec that both have, or 0. wanted: of the client, 0 is HEVC only;
 * preferred: one of them, or 0. */
uint8_t pf_choose_codec (uint8_t wanted, uint8_t preferred, uint8_t host);

uint32_t pf_choose_bitrate (
    uint32_t wanted_kbps, uint32_t default_kbps, uint32_t max_kbps);

/* max_shard_payload: of the Hello; 0 is no limit of its own. */
uint16_t pf_choose_shard (bool ipv4, uint16_t max_shard_payload);

/* Is the mode one that the host may be asked for? */
bool pf_mode_check (const PfHostAbilities *host, const PfMsgMode *mode);

/*
 * The Welcome to this Hello: ports, compositor, gamepad, rights and host_caps
 * are left for the caller. Toward a v0.3.0 client nothing that it could not
 * read.
 * Errors: PF_ERR_UNSUPPORTED (no codec in common), PF_ERR_RANGE (a mode that
 * no host has).
 */
int pf_choose_welcome (const PfHostAbilities *host, const PfMsgHello *hello,
    bool ipv4, PfMsgWelcome *welcome);

#endif /* PF_CHOICE_H */
