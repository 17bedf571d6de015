/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The host's side of a punktfunk/1 session, from the first byte of the control
 * stream to the close. It does no I/O: bytes and times go in, events and bytes
 * come out.
 *
 *   control stream   used = pf_host_session_stream (s, bytes, size, now)
 *   QUIC datagrams   pf_host_session_datagram (s, bytes, size, now)
 *   data socket      pf_host_session_punch (s, &from, bytes, size, now)
 *   then             while (pf_host_session_event (s, now, &event)) ...
 *                    while (pf_host_session_output (s, now, &output)) ...
 *
 * also after new() and after answers, and when the time of
 * pf_host_session_wake() has come.
 *
 * stream() takes bytes up to the end of one message; fetch what it has to say,
 * then give it the rest. While an event waits it takes nothing.
 *
 * A session goes like this:
 *
 *   OFFER        a Hello came: accept(), refuse() or park() and later one of
 *                these. It is closed by itself when nobody does.
 *   STARTED      the client is ready: input may come
 *   DESTINATION  video may be sent there; again when it moves
 *   ...          wishes, merged and no more often than they can be met
 *   CLOSE        to be closed with this code; nothing comes after it
 *
 * or, if the first message is a PairRequest: PAIR for it and each message
 * that follows, answered with pair_send(), until that sent the result or
 * close(). park() may come before the first answer here too.
 *
 * Thread-safety: one thread per PfHostSession.
 */
#ifndef PF_HOST_SESSION_H
#define PF_HOST_SESSION_H

#include "pf-choice.h"
#include "pf-punch.h"
#include "pf-session-io.h"

#define PF_HOST_HELLO_NS (10000 * PF_MS) /* for the first message */
#define PF_HOST_START_NS (10000 * PF_MS) /* from Hello to Start */
#define PF_HOST_APPROVAL_NS (180000 * PF_MS)
#define PF_HOST_PROOF_NS (60000 * PF_MS) /* between messages of a pairing */
#define PF_HOST_PAIRED_NS (5000 * PF_MS) /* for the client to close then */
#define PF_HOST_KEYFRAME_NS (750 * PF_MS)
#define PF_HOST_ECHO_NS (300 * PF_MS)
#define PF_HOST_RFI_NS (50 * PF_MS)
#define PF_HOST_RFI_FRAMES 256 /* more lost frames need a key frame */
#define PF_HOST_RECONFIGURE_NS (500 * PF_MS)
#define PF_HOST_BITRATE_NS (100 * PF_MS)
#define PF_HOST_LOSS_NS (100 * PF_MS)
#define PF_HOST_PROBE_NS (10000 * PF_MS)
/* Datagrams that are taken: what more comes is dropped, nobody plays that
 * fast. */
#define PF_HOST_DATAGRAMS_PER_S 8000
#define PF_HOST_DATAGRAMS_AT_ONCE 1000
/* Punches come every 2 s; a client that is not heard for longer than this is
 * taken for gone until it is heard again. */
#define PF_HOST_SILENT_NS (2800 * PF_MS)

typedef struct PfHostSession PfHostSession;

typedef struct {
  PfPeerAddress peer;       /* of the QUIC connection */
  PfHostAbilities limits;   /* for what comes after the Welcome */
  uint64_t keyframe_gap_ns; /* 0: PF_HOST_KEYFRAME_NS */
  uint64_t approval_ns;     /* how long park() holds; 0: PF_HOST_APPROVAL_NS */
  uint32_t output_size;     /* bytes that may wait; 0: 16 KiB */
} PfHostConfig;

typedef enum {
  PF_HOST_OFFER = 1,   /* hello */
  PF_HOST_PAIR,        /* message */
  PF_HOST_STARTED,     /* start */
  PF_HOST_DESTINATION, /* destination */
  PF_HOST_RECONFIGURE, /* mode: answer with pf_host_session_reconfigured() */
  PF_HOST_KEYFRAME,    /* the next frame is to be a key frame */
  PF_HOST_INVALIDATE,  /* frames: they never came */
  PF_HOST_LOSS,        /* loss_ppm */
  PF_HOST_BITRATE,     /* bitrate_kbps: from now on, has been answered */
  PF_HOST_PROBE,       /* probe: answer with pf_host_session_probe_done() */
  PF_HOST_INPUT,       /* input: checked, and the device has the right */
  PF_HOST_RICH,        /* rich: the same */
  PF_HOST_MIC,         /* mic: the same */
  PF_HOST_MESSAGE,     /* message: any other */
  PF_HOST_SILENT,      /* nothing is heard of the client any more */
  PF_HOST_HEARD,       /* it is back */
  PF_HOST_CLOSE,       /* close */
} PfHostEventType;

typedef struct {
  PfHostEventType type;
  union {
    const PfMsgHello *hello; /* valid as long as the session */
    const PfMsgControl *message;
    const PfMsgStart *start;
    PfPeerAddress destination;
    PfMsgMode mode;
    struct {
      uint32_t first, last;
    } frames;
    uint32_t loss_ppm;
    uint32_t bitrate_kbps;
    PfMsgProbeRequest probe;
    PfMsgInput input;
    const PfMsgRich *rich;
    const PfMsgAudio *mic;
    struct {
      PfCloseCode code;
      const char *text; /* lives for ever */
    } close;
  };
} PfHostEvent; /* pointers are valid until the next call, if not said else */

typedef struct {
  uint64_t messages, datagrams;
  uint64_t ignored;         /* messages of unknown types or at a wrong time */
  uint64_t malformed;       /* messages and datagrams */
  uint64_t oversized;       /* messages */
  uint64_t denied;          /* datagrams without the right */
  uint64_t throttled;       /* datagrams beyond what is taken */
  uint64_t unsent;          /* answers for which there was no room */
  uint64_t keyframe_wishes; /* asked for */
  uint64_t keyframes;       /* passed on */
  uint64_t rfi_wishes;
  uint64_t rfis;
  uint64_t clock_probes;
  uint64_t silences;
} PfHostStats;

/* Errors: PF_ERR_NO_MEMORY, PF_ERR_INVALID. */
int pf_host_session_new (
    const PfHostConfig *config, PfInstant now, PfHostSession **session);

/* Wipes what was not sent. */
void pf_host_session_free (PfHostSession *session);

/* ---- In ----------------------------------------------------------------- */

/* How many bytes were taken. */
size_t pf_host_session_stream (
    PfHostSession *session, const uint8_t *bytes, size_t size, PfInstant now);

/* The client closed its half of the control stream: it asks for nothing any
 * more. A session that runs goes on until the connection ends. */
void pf_host_session_stream_end (PfHostSession *session);

/* False: it was dropped, there is nothing to fetch. */
bool pf_host_session_datagram (
    PfHostSession *session, const uint8_t *bytes, size_t size, PfInstant now);

void pf_host_session_punch (PfHostSession *session, const PfPeerAddress *from,
    const uint8_t *bytes, size_t size, PfInstant now);

/* QUIC has validated another address of the client. */
void pf_host_session_peer_moved (
    PfHostSession *session, const PfPeerAddress *peer, PfInstant now);

/* ---- Out ---------------------------------------------------------------- */

/* When event() or output() have something even if nothing comes in, by the
 * monotonic clock; PF_NEVER. */
uint64_t pf_host_session_wake (const PfHostSession *session);

bool pf_host_session_event (
    PfHostSession *session, PfInstant now, PfHostEvent *event);

/* What it hands out may have keys: it is wiped at the next call. */
bool pf_host_session_output (
    PfHostSession *session, PfInstant now, PfOutput *output);

/* ---- Answers ------------------------------------------------------------ */

/*
 * Sends the Welcome, in the length that the client knows. The keys stay the
 * caller's, who wipes them.
 * Errors: PF_ERR_INVALID (there is no offer, or the client could not read
 * this Welcome), PF_ERR_RANGE (no room).
 */
int pf_host_session_accept (PfHostSession *session, const PfMsgWelcome *welcome,
    const PfMsgKeys *keys, PfInstant now);

/* Nothing is sent until somebody decided, who has time for it. Errors:
 * PF_ERR_INVALID (there is neither an offer nor a pairing). */
int pf_host_session_park (PfHostSession *session, PfInstant now);

/* Ends the session, at any time. text lives for ever, or NULL. */
void pf_host_session_close (
    PfHostSession *session, PfCloseCode code, const char *text);

/* The wish of RECONFIGURE was taken up, or was not. */
void pf_host_session_reconfigured (
    PfHostSession *session, bool accepted, PfInstant now);

/* A key frame with this number was made, whoever asked for it. */
void pf_host_session_keyframe_made (
    PfHostSession *session, uint32_t frame, PfInstant now);

/* Whether the encoder can do without frames that it is told of. If not, which
 * is so at first, what INVALIDATE would be is KEYFRAME. */
void pf_host_session_set_invalidates (PfHostSession *session, bool invalidates);

/* The range that bitrates are bent into and the host's own choice, from what
 * was granted. 0 of max: no other than the protocol's. */
void pf_host_session_set_bitrates (
    PfHostSession *session, uint32_t default_kbps, uint32_t max_kbps);

/* The encoder goes on without the frames of INVALIDATE. */
void pf_host_session_invalidated (PfHostSession *session, PfInstant now);

/* The speed test is over. */
void pf_host_session_probe_done (
    PfHostSession *session, const PfMsgProbeResult *result);

/* Other rights from now on. */
void pf_host_session_grant (
    PfHostSession *session, uint32_t grants, uint32_t remaining_s);

/* A message of a pairing; the result is the last, and the client is to close
 * then. Errors: as pf_host_session_send(). */
int pf_host_session_pair_send (
    PfHostSession *session, const PfMsgControl *control, PfInstant now);

/* Any other message. Errors: PF_ERR_INVALID (too early, too late, or not to
 * be encoded), PF_ERR_EXHAUSTED (no room). */
int pf_host_session_send (PfHostSession *session, const PfMsgControl *control);

/* ---- Reading ------------------------------------------------------------ */

const PfHostStats *pf_host_session_stats (const PfHostSession *session);

/* Has the client said that it reads this tag? */
bool pf_host_session_takes (const PfHostSession *session, unsigned tag);

#endif /* PF_HOST_SESSION_H */
