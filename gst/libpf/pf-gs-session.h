/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The host's side of a GameStream session, from a launch to its end. It does
 * no I/O: requests, pings and messages go in, events come out. The sockets
 * are shared by all sessions, so whoever has them asks each session whether
 * something is its own.
 *
 *   RTSP      pf_gs_session_rtsp(), then pf_gs_session_rtsp_answer()
 *   pings     pf_gs_session_ping()
 *   ENet      expect whom pf_gs_session_invite() names, then
 *             pf_gs_session_connected(), _message(), _disconnected()
 *   then      while (pf_gs_session_event (s, now, &event)) ...
 *
 * also when the time of pf_gs_session_wake() has come. While an event waits
 * messages are not taken.
 *
 *   LAUNCHED   the handshake goes on
 *   ANNOUNCED  the client has said what it wants, and was not refused: from
 *              now on pings and ENet have their time to come
 *   STREAMING  all of them came
 *   ENDED      CLOSE was told, or is to be; nothing comes after it
 *
 * Thread-safety: one thread per PfGsSession.
 */
#ifndef PF_GS_SESSION_H
#define PF_GS_SESSION_H

#include "pf-enet.h"
#include "pf-gs-control.h"
#include "pf-gs-handshake.h"
#include "pf-gs-input.h"
#include "pf-gs-rtsp-seal.h"

#define PF_GS_SESSION_WAIT_NS (10000 * PF_MS)
#define PF_GS_SESSION_KEYFRAME_NS (100 * PF_MS)
#define PF_GS_SESSION_RFI_NS (10 * PF_MS)
#define PF_GS_SESSION_RFI_FRAMES 256 /* more lost frames need a key frame */

typedef struct PfGsSession PfGsSession;

typedef struct {
  uint8_t key[PF_GS_KEY_SIZE]; /* only read */
  bool sealed_rtsp;            /* rtspenc:// was answered */
  PfPeerAddress peer;          /* who launched; its port does not matter */
  PfGsHostOffer offer;
  uint64_t wait_ns;         /* for the next step; 0: PF_GS_SESSION_WAIT_NS */
  uint64_t launch_ns;       /* for the first; 0: the same; PF_NEVER */
  uint64_t keyframe_gap_ns; /* 0: PF_GS_SESSION_KEYFRAME_NS */
} PfGsSessionConfig;

typedef enum {
  PF_GS_EVENT_ANNOUNCED = 1, /* see pf_gs_session_announce() */
  PF_GS_EVENT_CONTROL,       /* ENet is there: messages may be sent */
  PF_GS_EVENT_VIDEO_TO,      /* address: send there; again when it moves */
  PF_GS_EVENT_AUDIO_TO,      /* the same */
  PF_GS_EVENT_KEYFRAME,      /* the next frame is to be one */
  PF_GS_EVENT_INVALIDATE,    /* frames: they never came */
  PF_GS_EVENT_LTR_ACK,       /* frame */
  PF_GS_EVENT_FEC,           /* fec */
  PF_GS_EVENT_INPUT,         /* input */
  PF_GS_EVENT_CLOSE,         /* reason */
} PfGsEventType;

typedef enum {
  PF_GS_CLOSE_BY_CLIENT = 1, /* it paused: the program goes on */
  PF_GS_CLOSE_BY_HOST,
  PF_GS_CLOSE_EXPIRED,    /* launched, and nothing came */
  PF_GS_CLOSE_INCOMPLETE, /* a ping or ENet never came */
  PF_GS_CLOSE_VANISHED,
} PfGsCloseReason;

typedef struct {
  PfGsEventType type;
  union {
    PfPeerAddress address;
    struct {
      uint32_t first, last;
    } frames;
    uint32_t frame;
    PfGsFecStatus fec;
    PfGsInput input;
    PfGsCloseReason reason;
  };
} PfGsEvent;

typedef struct {
  uint64_t requests, refused; /* RTSP */
  uint64_t pings, strange_pings;
  uint64_t messages, dropped; /* control: taken; not to be read */
  uint64_t keyframe_wishes, keyframes, rfi_wishes, rfis;
} PfGsSessionStats;

typedef enum { PF_GS_VIDEO, PF_GS_AUDIO } PfGsStream;

/* Errors: PF_ERR_INVALID (also: no key, no 16 characters of ping payload),
 * PF_ERR_NO_MEMORY, PF_ERR_UNSUPPORTED. */
int pf_gs_session_new (
    const PfGsSessionConfig *config, uint64_t now_ns, PfGsSession **session);

/* Wipes the keys. */
void pf_gs_session_free (PfGsSession *session);

/* ---- In ----------------------------------------------------------------- */

/*
 * Bytes of one RTSP connection so far: how many are the request, 0 if it is
 * not all there. *STATUS is how to answer it.
 * Errors: PF_ERR_AUTH (not this session's), PF_ERR_REPLAY, PF_ERR_INVALID,
 * PF_ERR_RANGE: no answer, the connection is closed.
 */
int pf_gs_session_rtsp (PfGsSession *session, const PfPeerAddress *from,
    const uint8_t *bytes, size_t size, uint64_t now_ns, unsigned *status);

/* The answer to the request that was taken last; a good ANNOUNCE may be given
 * another status. OUT has room for PF_GS_RTSP_SIZE_MAX. Errors:
 * PF_ERR_INVALID (nothing is to be answered), PF_ERR_EXHAUSTED. */
int pf_gs_session_rtsp_answer (PfGsSession *session, unsigned status,
    uint64_t now_ns, uint8_t *out, size_t *size);

/* False: it is not this session's. */
bool pf_gs_session_ping (PfGsSession *session, PfGsStream stream,
    const PfPeerAddress *from, const uint8_t *bytes, size_t size,
    uint64_t now_ns);

/* Whom ENet may let in. */
void pf_gs_session_invite (const PfGsSession *session, PfEnetInvite *invite);

void pf_gs_session_connected (PfGsSession *session, uint64_t now_ns);
void pf_gs_session_disconnected (PfGsSession *session, uint64_t now_ns);
/* False: it was dropped, there is nothing to fetch. */
bool pf_gs_session_message (
    PfGsSession *session, const uint8_t *bytes, size_t size, uint64_t now_ns);

/* The host ends it. */
void pf_gs_session_close (PfGsSession *session);

/* A key frame left, for whatever cause: wishes until now are met. */
void pf_gs_session_keyframe_sent (PfGsSession *session, uint64_t now_ns);

/* ---- Out ---------------------------------------------------------------- */

uint64_t pf_gs_session_wake (const PfGsSession *session);

bool pf_gs_session_event (
    PfGsSession *session, uint64_t now_ns, PfGsEvent *event);

/* Seals a message for ENet channel 0, reliable; OUT has room for
 * PF_GS_CONTROL_MAX. Errors: PF_ERR_INVALID (ENet is not there, or it is no
 * message of a host), PF_ERR_EXHAUSTED, PF_ERR_UNSUPPORTED. */
int pf_gs_session_seal (
    PfGsSession *session, const PfGsMsg *msg, uint8_t *out, size_t *size);

/* What was announced, from a good ANNOUNCE on; NULL before. */
const PfGsAnnounce *pf_gs_session_announce (
    const PfGsSession *session, bool *high_quality);

/* What was wrong with the last request; NULL: nothing. */
const char *pf_gs_session_fault (const PfGsSession *session);

const PfGsSessionStats *pf_gs_session_stats (const PfGsSession *session);

#endif /* PF_GS_SESSION_H */
