/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The client's side of a punktfunk/1 session. It does no I/O: bytes and times
 * go in, events and bytes come out.
 *
 *   control stream   used = pf_client_session_stream (s, bytes, size, now)
 *   QUIC datagrams   pf_msg_datagram_decode(), where they are used
 *   then             while (pf_client_session_event (s, now, &event)) ...
 *                    while (pf_client_session_output (s, now, &output)) ...
 *
 * also after new() and after wishes, and when the time of
 * pf_client_session_wake() has come.
 *
 * stream() takes bytes up to the end of one message; fetch what it has to say,
 * then give it the rest. While an event waits it takes nothing.
 *
 * A session goes like this: the Hello is the first output. WELCOME brings what
 * was agreed on and the keys; bind a socket for video, then start(). From then
 * on punches come out for that socket, and CLOCK whenever the estimate got
 * better. CLOSE comes last.
 *
 * Thread-safety: one thread per PfClientSession.
 */
#ifndef PF_CLIENT_SESSION_H
#define PF_CLIENT_SESSION_H

#include "pf-clock.h"
#include "pf-punch.h"
#include "pf-session-io.h"

#define PF_CLIENT_WELCOME_NS (185000 * PF_MS) /* somebody may have to approve */
#define PF_CLIENT_LOSS_NS (750 * PF_MS)
#define PF_CLIENT_RFI_NS (100 * PF_MS)
#define PF_CLIENT_RFI_FRAMES 256 /* more lost frames need a key frame */
#define PF_CLIENT_ESCALATE_NS (350 * PF_MS) /* from RFI to a key frame */
#define PF_CLIENT_KEYFRAME_NS (250 * PF_MS) /* between two requests */
#define PF_CLIENT_REPEAT_NS (750 * PF_MS)   /* while nothing came of it */
#define PF_CLIENT_RECONFIGURE_NS (600 * PF_MS)
#define PF_CLIENT_PROBE_NS (5000 * PF_MS) /* for the result, after the test */

typedef struct PfClientSession PfClientSession;

typedef struct {
  PfMsgHello hello;
  bool allow_plain;    /* accept a host that does not encrypt */
  uint64_t welcome_ns; /* 0: PF_CLIENT_WELCOME_NS */
} PfClientConfig;

typedef enum {
  PF_CLIENT_WELCOME = 1,  /* welcome, keys */
  PF_CLIENT_CLOCK,        /* clock */
  PF_CLIENT_RECONFIGURED, /* reconfigured */
  PF_CLIENT_BITRATE,      /* bitrate_kbps */
  PF_CLIENT_PROBE_RESULT, /* probe; all zero: the host does not do that */
  PF_CLIENT_MESSAGE,      /* message: any other */
  PF_CLIENT_CLOSE,        /* close */
} PfClientEventType;

typedef struct {
  PfClientEventType type;
  union {
    struct {
      const PfMsgWelcome *welcome; /* as long as the session, but for its
                                      extension */
      const PfMsgKeys *keys;       /* wiped at the next call */
    };
    PfClockEstimate clock;
    PfMsgReconfigured reconfigured;
    uint32_t bitrate_kbps;
    PfMsgProbeResult probe;
    const PfMsgControl *message; /* valid until the next call */
    struct {
      PfCloseCode code;
      const char *text; /* lives for ever */
    } close;
  };
} PfClientEvent;

typedef struct {
  uint64_t messages;
  uint64_t ignored, malformed, oversized;
  uint64_t unsent; /* wishes for which there was no room */
  uint64_t keyframe_requests, rfi_requests, loss_reports, punches;
} PfClientStats;

/* NULL if this client can run such a session, else what is wrong with it. */
const char *pf_client_welcome_check (const PfMsgHello *hello,
    const PfMsgWelcome *welcome, const PfMsgKeys *keys, bool allow_plain);

/* Errors: PF_ERR_NO_MEMORY, PF_ERR_INVALID (a Hello that cannot be sent). */
int pf_client_session_new (
    const PfClientConfig *config, PfInstant now, PfClientSession **session);

/* Wipes keys. */
void pf_client_session_free (PfClientSession *session);

/* ---- In and out --------------------------------------------------------- */

/* How many bytes were taken. */
size_t pf_client_session_stream (
    PfClientSession *session, const uint8_t *bytes, size_t size, PfInstant now);

/* When event() or output() have something even if nothing comes in, by the
 * monotonic clock; PF_NEVER. */
uint64_t pf_client_session_wake (const PfClientSession *session);

bool pf_client_session_event (
    PfClientSession *session, PfInstant now, PfClientEvent *event);

bool pf_client_session_output (
    PfClientSession *session, PfInstant now, PfOutput *output);

/* ---- Wishes ------------------------------------------------------------- */

/* The socket for video has this port. Errors: PF_ERR_INVALID (no Welcome yet,
 * or started before). */
int pf_client_session_start (
    PfClientSession *session, uint16_t udp_port, PfInstant now);

/* Frames that will not come. */
void pf_client_session_lost (
    PfClientSession *session, uint32_t first, uint32_t last, PfInstant now);

/* A frame came that decoding can go on with: a key frame, or one marked as an
 * anchor. */
void pf_client_session_recovered (PfClientSession *session);

void pf_client_session_request_keyframe (
    PfClientSession *session, PfInstant now);

/* The receiver's own figure, sent at once; without one, 0 is reported. */
void pf_client_session_loss (
    PfClientSession *session, uint32_t loss_ppm, PfInstant now);

/* Only the last of several that follow each other quickly is sent. */
void pf_client_session_reconfigure (
    PfClientSession *session, const PfMsgMode *mode);

void pf_client_session_set_bitrate (
    PfClientSession *session, uint32_t bitrate_kbps);

/* A speed test; one at a time. Errors: PF_ERR_INVALID. */
int pf_client_session_probe (PfClientSession *session, uint32_t target_kbps,
    uint32_t duration_ms, PfInstant now);

/* Any other message. Errors: PF_ERR_INVALID (not started, or not to be
 * encoded), PF_ERR_EXHAUSTED (no room). */
int pf_client_session_send (
    PfClientSession *session, const PfMsgControl *control);

/* Ends the session; quit: the host need not keep the display. */
void pf_client_session_close (PfClientSession *session, bool quit);

/* ---- Reading ------------------------------------------------------------ */

const PfClientStats *pf_client_session_stats (const PfClientSession *session);

/* The host's clock at this time of ours, ns since 1970; as good as the last
 * CLOCK. */
uint64_t pf_client_session_host_time (
    const PfClientSession *session, uint64_t unix_ns);

#endif /* PF_CLIENT_SESSION_H */
