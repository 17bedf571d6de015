/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * QUIC datagrams: a tag byte, a body. Best effort; what is not known or too
 * short is dropped without a word, what is longer than known is read as far
 * as it is known.
 */
#ifndef PF_MSG_DATAGRAM_H
#define PF_MSG_DATAGRAM_H

#include "pf-msg-types.h"

typedef enum {
  /* client to host */
  PF_DGRAM_INPUT = 0xc8,
  PF_DGRAM_MIC = 0xcb,
  PF_DGRAM_RICH = 0xcc,
  /* host to client */
  PF_DGRAM_AUDIO = 0xc9,
  PF_DGRAM_RUMBLE = 0xca,
  PF_DGRAM_HID_OUT = 0xcd,
  PF_DGRAM_HDR = 0xce,
  PF_DGRAM_HOST_TIMING = 0xcf,
  PF_DGRAM_CURSOR = 0xd0,
  PF_DGRAM_PAD_AUDIO = 0xd1,
  PF_DGRAM_AUDIO_RED = 0xd2,
  PF_DGRAM_AUDIO_PCM = 0xd3,
} PfDgramTag;

/* Audio of the host (Opus, redundant Opus, PCM) and of the microphone. */
typedef struct {
  uint32_t seq;
  uint64_t pts_ns;
  PfMsgSpan data;
  PfMsgSpan previous; /* AUDIO_RED: the packet before this one, or empty */
} PfMsgAudio;

typedef struct {
  uint8_t pad, kind; /* kind 0: haptics, 1: speaker */
  uint32_t seq;
  uint64_t pts_ns;
  PfMsgSpan data;
} PfMsgPadAudio;

/* A level that holds until the next one or until ttl_ms passed. */
typedef struct {
  uint8_t version; /* 1, 2 or 3: how much of the rest there is */
  uint16_t pad, low, high;
  uint8_t seq; /* from version 2 on; see pf_msg_seq_newer() */
  uint16_t ttl_ms;
  uint16_t left_trigger, right_trigger; /* from version 3 on */
} PfMsgRumble;

typedef enum {
  PF_HID_LED = 1,
  PF_HID_PLAYER_LEDS = 2,
  PF_HID_TRIGGER = 3,
  PF_HID_HAPTIC = 4,
  PF_HID_RAW = 5,
  PF_HID_AUDIO_CONTROL = 6,
} PfHidOutKind;

#define PF_HID_EFFECT_MAX 11
#define PF_HID_REPORT_MAX 64

typedef struct {
  uint8_t pad, red, green, blue;
} PfMsgHidLed;

typedef struct {
  uint8_t pad, bits;
} PfMsgHidPlayerLeds;

typedef struct {
  uint8_t pad, which; /* 0: L2, 1: R2 */
  PfMsgSpan effect;
} PfMsgHidTrigger;

typedef struct {
  uint8_t pad, side;
  uint16_t amplitude, period, count;
} PfMsgHidHaptic;

typedef struct {
  uint8_t pad, kind; /* kind 0: output report, 1: feature report */
  PfMsgSpan report;
} PfMsgHidRaw;

typedef struct {
  uint16_t pad;
  uint8_t flags;
  uint8_t raw[6];
} PfMsgHidAudioControl;

typedef struct {
  PfHidOutKind kind;
  union {
    PfMsgHidLed led;
    PfMsgHidPlayerLeds player_leds;
    PfMsgHidTrigger trigger;
    PfMsgHidHaptic haptic;
    PfMsgHidRaw raw;
    PfMsgHidAudioControl audio_control;
  };
} PfMsgHidOut;

/* Where the time of a frame went on the host. */
typedef struct {
  uint8_t version; /* 1, 2 or 3: how much of the rest there is */
  uint64_t pts_ns;
  uint32_t host_us;
  uint32_t queue_us, encode_us, pace_us; /* from version 2 on */
  int32_t applied_phase_ns;              /* from version 3 on */
} PfMsgHostTiming;

typedef struct {
  uint32_t serial;
  uint8_t flags; /* 1: visible, 2: relative motion is likely wanted */
  int32_t x, y;
} PfMsgCursorState;

/* What the numbers mean: pf-msg-input.h. */
typedef struct {
  uint8_t kind; /* PfMsgInputKind */
  uint32_t code;
  int32_t x, y;
  uint32_t flags;
} PfMsgInput;

typedef enum {
  PF_RICH_TOUCHPAD = 1,
  PF_RICH_MOTION = 2,
  PF_RICH_TOUCHPAD_EX = 3,
  PF_RICH_HID_REPORT = 4,
  PF_RICH_PEN = 5,
} PfRichKind;

typedef struct {
  uint8_t pad, finger, active;
  uint16_t x, y; /* y grows downward */
} PfMsgTouchpad;

typedef struct {
  uint8_t pad;
  int16_t gyro[3];  /* pitch, yaw, roll; 20 per degree and second */
  int16_t accel[3]; /* right, up, back; 10000 per g */
} PfMsgMotion;

typedef struct {
  uint8_t pad, surface, finger; /* surface 0 single, 1 left, 2 right */
  uint8_t state;                /* 1: touched, 2: pressed */
  int16_t x, y;
  uint16_t pressure;
} PfMsgTouchpadEx;

typedef struct {
  uint8_t pad;
  PfMsgSpan report;
} PfMsgHidReport;

#define PF_PEN_SAMPLES_MAX 8

enum {
  PF_PEN_IN_RANGE = 0x01,
  PF_PEN_TOUCHING = 0x02,
  PF_PEN_BARREL_1 = 0x04,
  PF_PEN_BARREL_2 = 0x08,
  PF_PEN_PREDICTED = 0x80,
};

typedef struct {
  uint8_t state; /* PF_PEN_* */
  uint8_t tool;  /* 0: pen, 1: eraser */
  float x, y;    /* 0 .. 1 of the video frame; a decoded one always is */
  uint16_t pressure, distance; /* distance 65535: unknown */
  uint8_t tilt;                /* 255: unknown */
  uint16_t azimuth, roll;      /* 65535: unknown */
  uint16_t dt_us;
} PfMsgPenSample;

typedef struct {
  uint8_t flags, n_samples;
  uint16_t seq;
  PfMsgPenSample samples[PF_PEN_SAMPLES_MAX];
} PfMsgPen;

typedef struct {
  PfRichKind kind;
  union {
    PfMsgTouchpad touchpad;
    PfMsgMotion motion;
    PfMsgTouchpadEx touchpad_ex;
    PfMsgHidReport hid_report;
    PfMsgPen pen;
  };
} PfMsgRich;

typedef struct {
  PfDgramTag tag;
  union {
    PfMsgInput input;
    PfMsgAudio audio; /* AUDIO, AUDIO_RED, AUDIO_PCM, MIC */
    PfMsgRich rich;
    PfMsgRumble rumble;
    PfMsgHidOut hid_out;
    PfMsgHdr hdr;
    PfMsgHostTiming host_timing;
    PfMsgCursorState cursor;
    PfMsgPadAudio pad_audio;
  };
} PfMsgDatagram;

/* Does the tag belong to what this side sends? */
bool pf_msg_datagram_from_client (unsigned tag);
bool pf_msg_datagram_from_host (unsigned tag);

/* Errors: PF_ERR_RANGE (no room), PF_ERR_INVALID (no such tag or kind, or
 * values that it cannot carry). */
int pf_msg_datagram_encode (
    const PfMsgDatagram *datagram, uint8_t *bytes, size_t room, size_t *size);

/* Errors: PF_ERR_UNSUPPORTED (tag or kind not known), PF_ERR_INVALID. */
int pf_msg_datagram_decode (
    const uint8_t *bytes, size_t size, PfMsgDatagram *datagram);

/* Is the wrapping number a newer than b? */
static inline bool
pf_msg_seq_newer (uint8_t a, uint8_t b)
{
  return (int8_t) (uint8_t) (a - b) > 0;
}

#endif /* PF_MSG_DATAGRAM_H */
