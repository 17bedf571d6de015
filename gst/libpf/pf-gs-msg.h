/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Messages of GameStream's control stream, as they are inside the envelope: a
 * type, a length, a payload; little-endian but where the format says otherwise.
 *
 * Thread-safety: all of these are pure functions.
 */
#ifndef PF_GS_MSG_H
#define PF_GS_MSG_H

#include <stdbool.h>

#include "pf-msg-types.h"

#define PF_GS_MSG_HEADER 4
#define PF_GS_MSG_MAX 512 /* of a plain message; clients stay below 256 */

/* ENet channels of what a client sends; a host has only the first. */
enum {
  PF_GS_CHANNEL_GENERIC = 0,
  PF_GS_CHANNEL_URGENT = 1,
  PF_GS_CHANNEL_KEYBOARD = 2,
  PF_GS_CHANNEL_MOUSE = 3,
  PF_GS_CHANNEL_PEN = 4,
  PF_GS_CHANNEL_TOUCH = 5,
  PF_GS_CHANNEL_TEXT = 6,
  PF_GS_CHANNEL_PAD = 0x10,    /* and the pad's number */
  PF_GS_CHANNEL_MOTION = 0x20, /* the same */
  PF_GS_N_CHANNELS = 0x30,
};

/* Termination codes. */
enum {
  PF_GS_END_GRACEFUL = 0x80030023u,
  PF_GS_END_PROTECTED = 0x800e9302u, /* protected content */
  PF_GS_END_CONVERSION = 0x800e9403u,
};

typedef enum {
  /* client to host */
  PF_GS_MSG_IDR = 1, /* the next frame is to be one; the very first too */
  PF_GS_MSG_START_B,
  PF_GS_MSG_PING,
  PF_GS_MSG_RFI,
  PF_GS_MSG_LTR_ACK,
  PF_GS_MSG_INPUT,
  PF_GS_MSG_FEC_STATUS,
  /* host to client */
  PF_GS_MSG_RUMBLE,
  PF_GS_MSG_TRIGGER_RUMBLE,
  PF_GS_MSG_MOTION_RATE,
  PF_GS_MSG_LED,
  PF_GS_MSG_TRIGGERS,
  PF_GS_MSG_HDR,
  PF_GS_MSG_TERMINATION,
} PfGsMsgKind;

/* What became of a block of video. */
typedef struct {
  uint32_t frame;
  uint16_t highest, contiguous, missing; /* sequence numbers; before highest */
  uint16_t data, parity, data_received, parity_received;
  uint8_t percent, block, n_blocks;
} PfGsFecStatus;

typedef struct {
  uint8_t enabled;
  uint16_t red[2], green[2], blue[2], white[2]; /* 1/50000 */
  uint16_t max_luminance;                       /* cd/m2 */
  uint16_t min_luminance;                       /* 0.0001 cd/m2 */
  uint16_t max_cll, max_fall, max_full_frame;   /* cd/m2 */
} PfGsHdr;

typedef struct {
  PfGsMsgKind kind;
  union {
    struct {
      uint32_t first, last;
    } rfi;
    uint32_t frame;  /* LTR_ACK */
    PfMsgSpan input; /* see pf-gs-input.h */
    PfGsFecStatus fec;
    struct {
      uint16_t pad, low, high;
    } rumble;
    struct {
      uint16_t pad, left, right;
    } trigger_rumble;
    struct {
      uint16_t pad, hz; /* 0: stop */
      uint8_t sensor;   /* 1: acceleration, 2: gyroscope */
    } motion_rate;
    struct {
      uint16_t pad;
      uint8_t red, green, blue;
    } led;
    struct {
      uint16_t pad;
      uint8_t flags; /* 4: right, 8: left */
      uint8_t left_type, right_type;
      uint8_t left[10], right[10];
    } triggers;
    PfGsHdr hdr;
    uint32_t code; /* TERMINATION */
  };
} PfGsMsg;

/* Errors: PF_ERR_INVALID (no such kind), PF_ERR_RANGE (no room). */
int pf_gs_msg_encode (
    const PfGsMsg *msg, uint8_t *bytes, size_t room, size_t *size);

/* One that FROM_HOST or the client sent. Errors: PF_ERR_INVALID (too short, or
 * its length is another), PF_ERR_UNSUPPORTED (type not known: to be
 * ignored). */
int pf_gs_msg_decode (
    const uint8_t *bytes, size_t size, bool from_host, PfGsMsg *msg);

#endif /* PF_GS_MSG_H */
