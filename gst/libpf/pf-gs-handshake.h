/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * GameStream's RTSP handshake, both ends: seven requests in one legal order,
 * OPTIONS, DESCRIBE, SETUP of audio, video and control, ANNOUNCE, PLAY.
 *
 * Thread-safety: one thread per handshake.
 */
#ifndef PF_GS_HANDSHAKE_H
#define PF_GS_HANDSHAKE_H

#include "pf-gs-rtsp.h"
#include "pf-gs-sdp.h"

#define PF_GS_PING_PAYLOAD 16

/* What a host says; constant from then on. */
typedef struct {
  uint16_t audio_port, video_port, control_port;
  char ping_payload[PF_GS_PING_PAYLOAD + 1]; /* exactly 16 characters */
  uint32_t connect_data;
  PfGsDescribe describe;
  uint32_t encryption_required; /* PF_GS_ENC_*; without it is refused */
  uint32_t codecs;              /* PF_GS_CODEC_* */
} PfGsHostOffer;

typedef enum {
  PF_GS_STEP_OPTIONS,
  PF_GS_STEP_DESCRIBE,
  PF_GS_STEP_AUDIO,
  PF_GS_STEP_VIDEO,
  PF_GS_STEP_CONTROL,
  PF_GS_STEP_ANNOUNCE,
  PF_GS_STEP_PLAY,
  PF_GS_STEP_DONE,
} PfGsStep;

/* ---- Host --------------------------------------------------------------- */

/* All fields are private but for those that say otherwise. */
typedef struct {
  PfGsHostOffer offer;
  PfGsStep step;         /* may be read: what is to come next */
  PfGsAnnounce announce; /* may be read from ANNOUNCE on */
  bool high_quality;     /* the same: of audio */
  const char *fault;     /* what was wrong with the last request, or NULL */

  uint32_t cseq;
} PfGsHostHandshake;

void pf_gs_host_handshake_init (
    PfGsHostHandshake *handshake, const PfGsHostOffer *offer);

/*
 * Looks at a request and says with what status to answer it. One that is good
 * for ANNOUNCE may still be refused by pf_gs_host_handshake_respond().
 */
unsigned pf_gs_host_handshake_request (
    PfGsHostHandshake *handshake, const PfGsRtspMessage *request);

/* The answer to that request; only a status of 200 goes a step further. */
void pf_gs_host_handshake_respond (
    PfGsHostHandshake *handshake, unsigned status, PfGsWriter *writer);

/* ---- Client ------------------------------------------------------------- */

/* All fields are private but for those that say otherwise. */
typedef struct {
  PfGsStep step; /* may be read: what is asked next */
  /* what the host said; may be read when that step is done */
  uint16_t audio_port, video_port, control_port; /* 0: it did not say */
  char ping_payload[PF_GS_PING_PAYLOAD + 1];     /* empty: the old ping */
  uint32_t connect_data;
  PfGsDescribe describe;
  PfGsOpusLayout layout; /* for the channels of announce */

  /* to be set before ANNOUNCE is asked; channels and quality before DESCRIBE */
  PfGsAnnounce announce;

  char url[64], host[64];
  char session[64];
} PfGsClientHandshake;

/* URL is sessionUrl0, HOST the address in it. Errors: PF_ERR_RANGE (too
 * long). */
int pf_gs_client_handshake_init (
    PfGsClientHandshake *handshake, const char *url, const char *host);

/* The next request. */
void pf_gs_client_handshake_request (
    const PfGsClientHandshake *handshake, PfGsWriter *writer);

/* The answer to it. Errors: PF_ERR_INVALID (it cannot be read, or misses what
 * is needed), PF_ERR_UNSUPPORTED (the host refused: *STATUS says how). */
int pf_gs_client_handshake_answer (PfGsClientHandshake *handshake,
    const char *bytes, size_t size, unsigned *status);

#endif /* PF_GS_HANDSHAKE_H */
