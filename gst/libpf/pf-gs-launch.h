/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The parameters of GameStream's /launch and /resume, checked where they come
 * in. Names and values are those of the query, percent-decoded.
 */
#ifndef PF_GS_LAUNCH_H
#define PF_GS_LAUNCH_H

#include "pf-gs-sdp.h"

#define PF_GS_LAUNCH_KEY 16

typedef struct {
  uint32_t app_id; /* 0: none given */
  uint32_t width, height;
  uint32_t fps_x1000; /* some clients ask for fractions */
  bool has_key, has_key_id, has_mode;
  uint8_t key[PF_GS_LAUNCH_KEY]; /* to be wiped by the caller */
  uint32_t key_id;               /* may have been sent as a negative number */
  uint32_t core_version;         /* 1: seals RTSP */
  bool has_core_version;         /* none: a client that cannot encrypt video */
  bool hdr, settings, play_on_host;
  uint32_t channels, channel_mask;
  PfGsOpusLayout layout; /* 0 channels: not asked for */
  uint32_t pads;         /* one bit each */
  bool pads_stay;
} PfGsLaunch;

void pf_gs_launch_init (PfGsLaunch *launch);

/* Takes one parameter; names that are not known are passed over. Errors:
 * PF_ERR_INVALID, PF_ERR_RANGE (a value that no client sends). */
int pf_gs_launch_set (PfGsLaunch *launch, PfGsText name, PfGsText value);

/*
 * May it be launched, or resumed? A status_code, 200 if so, and for others a
 * sentence that clients show. REQUIRED: the encryption that the host insists
 * on (PF_GS_ENC_*).
 */
unsigned pf_gs_launch_check (const PfGsLaunch *launch, bool resume,
    uint32_t required, const char **message);

#endif /* PF_GS_LAUNCH_H */
