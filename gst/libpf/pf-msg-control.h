/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Typed messages of the control stream: "PKFc", a type byte, a body. Newer
 * peers have more types; unknown ones are ignored.
 */
#ifndef PF_MSG_CONTROL_H
#define PF_MSG_CONTROL_H

#include "pf-msg-types.h"

typedef enum {
  PF_MSG_RECONFIGURE = 0x01,           /* c */
  PF_MSG_RECONFIGURED = 0x02,          /* h */
  PF_MSG_REQUEST_KEYFRAME = 0x03,      /* c, no body */
  PF_MSG_LOSS_REPORT = 0x04,           /* c */
  PF_MSG_SET_BITRATE = 0x05,           /* c */
  PF_MSG_BITRATE_CHANGED = 0x06,       /* h */
  PF_MSG_RFI_REQUEST = 0x07,           /* c */
  PF_MSG_SHARD_PAYLOAD_CHANGED = 0x08, /* h */
  PF_MSG_SHARD_PAYLOAD_ACK = 0x09,     /* c */
  PF_MSG_PIPELINE_GAP = 0x0a,          /* h */
  PF_MSG_DELIVERY_REPORT = 0x0b,       /* c */
  PF_MSG_LINK_REPORT = 0x0c,           /* c */
  PF_MSG_PAIR_REQUEST = 0x10,          /* c */
  PF_MSG_PAIR_CHALLENGE = 0x11,        /* h */
  PF_MSG_PAIR_PROOF = 0x12,            /* c */
  PF_MSG_PAIR_RESULT = 0x13,           /* h */
  PF_MSG_PROBE_REQUEST = 0x20,         /* c */
  PF_MSG_PROBE_RESULT = 0x21,          /* h */
  PF_MSG_CLOCK_PROBE = 0x30,           /* c */
  PF_MSG_CLOCK_ECHO = 0x31,            /* h */
  PF_MSG_PHASE_REPORT = 0x32,          /* c */
  PF_MSG_CLIP_CONTROL = 0x40,          /* c */
  PF_MSG_CLIP_STATE = 0x41,            /* h */
  PF_MSG_CLIP_OFFER = 0x42,            /* both */
  PF_MSG_CLIP_FETCH = 0x43,            /* on a stream of its own */
  PF_MSG_CLIP_FETCH_HEADER = 0x44,     /* the answer there */
  PF_MSG_CURSOR_SHAPE = 0x50,          /* h */
  PF_MSG_CURSOR_RENDER_MODE = 0x51,    /* c */
  PF_MSG_ACCESS_UPDATE = 0x58,         /* h */
  PF_MSG_AUDIO_STATE = 0x59,           /* h */
  PF_MSG_LAUNCH_OUTCOME = 0x5a,        /* h */
  PF_MSG_PAD_SLOTS = 0x5b,             /* h */
} PfMsgType;

/* mode is the active one if the wish was refused */
typedef struct {
  uint8_t accepted;
  PfMsgMode mode;
} PfMsgReconfigured;

typedef struct {
  uint32_t loss_ppm;
} PfMsgLossReport;

typedef struct {
  uint32_t bitrate_kbps; /* SetBitrate: 0 is the default */
  uint8_t reason;        /* BitrateChanged, in the tail */
} PfMsgBitrate;

typedef struct {
  uint32_t first, last; /* frames that never came */
} PfMsgRfiRequest;

typedef struct {
  uint16_t shard_payload;
} PfMsgShardPayload;

typedef struct {
  uint32_t gap_ms;
} PfMsgPipelineGap;

typedef struct {
  uint64_t packets_received;
} PfMsgDeliveryReport;

typedef struct {
  uint32_t proven_kbps;
} PfMsgLinkReport;

#define PF_MSG_SPAKE_SIZE 33
#define PF_MSG_CONFIRM_SIZE 32

typedef struct {
  char name[PF_MSG_NAME_MAX + 1];
  uint8_t spake[PF_MSG_SPAKE_SIZE];
} PfMsgPairRequest;

typedef struct {
  uint8_t spake[PF_MSG_SPAKE_SIZE];
  uint8_t confirm[PF_MSG_CONFIRM_SIZE];
} PfMsgPairChallenge;

typedef struct {
  uint8_t confirm[PF_MSG_CONFIRM_SIZE];
} PfMsgPairProof;

typedef struct {
  uint8_t ok;
} PfMsgPairResult;

typedef struct {
  uint32_t target_kbps, duration_ms;
} PfMsgProbeRequest;

typedef struct {
  uint64_t bytes_sent;
  uint32_t units_sent, duration_ms;
  uint32_t wire_packets, send_dropped; /* in the tail */
} PfMsgProbeResult;

typedef struct {
  uint64_t t1;
} PfMsgClockProbe;

typedef struct {
  uint64_t t1, t2, t3;
} PfMsgClockEcho;

typedef struct {
  uint64_t next_latch_host_ns;
  uint32_t period_ns, uncertainty_ns, lead_ns;
  uint16_t coherence_milli; /* in the tail; 65535 without */
} PfMsgPhaseReport;

typedef struct {
  uint8_t enabled, flags; /* flags 1: files too */
} PfMsgClipControl;

typedef struct {
  uint8_t enabled, policy, reason;
} PfMsgClipState;

#define PF_MSG_CLIP_KINDS_MAX 16
#define PF_MSG_MIME_MAX 128

typedef struct {
  uint32_t seq;
  uint8_t n_kinds;
  struct {
    PfMsgSpan mime;
    uint64_t size;
  } kinds[PF_MSG_CLIP_KINDS_MAX];
} PfMsgClipOffer;

typedef struct {
  uint32_t seq, file_index; /* UINT32_MAX: no file */
  PfMsgSpan mime;
} PfMsgClipFetch;

typedef struct {
  uint8_t status; /* 0 ok, 1 stale, 2 unavailable, 3 denied */
  uint64_t total; /* 0: unknown */
} PfMsgClipFetchHeader;

#define PF_MSG_CURSOR_SIDE_MAX 120

typedef struct {
  uint32_t serial;
  uint16_t width, height; /* 1 .. PF_MSG_CURSOR_SIDE_MAX */
  uint16_t hot_x, hot_y;
  PfMsgSpan rgba; /* width x height x 4, straight alpha */
} PfMsgCursorShape;

typedef struct {
  uint8_t client_draws;
} PfMsgCursorRenderMode;

typedef struct {
  uint32_t grants, remaining_s;
} PfMsgAccessUpdate;

typedef struct {
  uint8_t muted;
} PfMsgAudioState;

typedef struct {
  uint8_t kind;   /* 0 spawned, 1, 2 adopted, 3 refused, 4 failed, 5 sign in */
  PfMsgSpan text; /* as it is on the wire: its form is not known for certain */
} PfMsgLaunchOutcome;

typedef struct {
  uint16_t mask;
} PfMsgPadSlots;

typedef struct {
  PfMsgType type;
  /* BitrateChanged, ProbeResult and PhaseReport have two lengths: is this the
   * longer one? Written for no other type. */
  bool tail;
  union {
    PfMsgMode reconfigure;
    PfMsgReconfigured reconfigured;
    PfMsgLossReport loss_report;
    PfMsgBitrate bitrate; /* SetBitrate, BitrateChanged */
    PfMsgRfiRequest rfi_request;
    PfMsgShardPayload shard_payload; /* Changed and Ack */
    PfMsgPipelineGap pipeline_gap;
    PfMsgDeliveryReport delivery_report;
    PfMsgLinkReport link_report;
    PfMsgPairRequest pair_request;
    PfMsgPairChallenge pair_challenge;
    PfMsgPairProof pair_proof;
    PfMsgPairResult pair_result;
    PfMsgProbeRequest probe_request;
    PfMsgProbeResult probe_result;
    PfMsgClockProbe clock_probe;
    PfMsgClockEcho clock_echo;
    PfMsgPhaseReport phase_report;
    PfMsgClipControl clip_control;
    PfMsgClipState clip_state;
    PfMsgClipOffer clip_offer;
    PfMsgClipFetch clip_fetch;
    PfMsgClipFetchHeader clip_fetch_header;
    PfMsgCursorShape cursor_shape;
    PfMsgCursorRenderMode cursor_render_mode;
    PfMsgAccessUpdate access_update;
    PfMsgAudioState audio_state;
    PfMsgLaunchOutcome launch_outcome;
    PfMsgPadSlots pad_slots;
  };
} PfMsgControl;

/* Bytes before the body. */
#define PF_MSG_CONTROL_HEADER 5
/* Any but a cursor's shape fits. */
#define PF_MSG_CONTROL_MAX 2304
#define PF_MSG_CURSOR_MAX 57617

/* "LossReport"; NULL for a type that is not known. */
const char *pf_msg_control_name (unsigned type);

/* Errors: PF_ERR_RANGE (no room), PF_ERR_INVALID (no such type, or values
 * that it cannot carry). */
int pf_msg_control_encode (
    const PfMsgControl *control, uint8_t *bytes, size_t room, size_t *size);

/* Errors: PF_ERR_UNSUPPORTED (a type that is not known: to be ignored),
 * PF_ERR_INVALID (not typed, another length, or values it cannot have). */
int pf_msg_control_decode (
    const uint8_t *bytes, size_t size, PfMsgControl *control);

#endif /* PF_MSG_CONTROL_H */
