/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * GameStream's input packets, and what they become in the forms that hosts
 * already know from punktfunk/1 (pf-msg-input.h).
 */
#ifndef PF_GS_INPUT_H
#define PF_GS_INPUT_H

#include "pf-msg-input.h"

#define PF_GS_INPUT_MAX 48 /* bytes of a packet */
#define PF_GS_TEXT_MAX 32

typedef enum {
  PF_GS_INPUT_KEY_DOWN = 0x03, /* key */
  PF_GS_INPUT_KEY_UP = 0x04,
  PF_GS_INPUT_MOUSE_ABSOLUTE = 0x05,
  PF_GS_INPUT_MOUSE_RELATIVE = 0x07,
  PF_GS_INPUT_BUTTON_DOWN = 0x08, /* button */
  PF_GS_INPUT_BUTTON_UP = 0x09,
  PF_GS_INPUT_SCROLL = 0x0a, /* amount */
  PF_GS_INPUT_PAD = 0x0c,
  PF_GS_INPUT_HAPTICS = 0x0d, /* enable */
  PF_GS_INPUT_TEXT = 0x17,
  PF_GS_INPUT_HSCROLL = 0x55000001, /* amount */
  PF_GS_INPUT_TOUCH = 0x55000002,
  PF_GS_INPUT_PEN = 0x55000003,
  PF_GS_INPUT_ARRIVAL = 0x55000004,
  PF_GS_INPUT_TOUCHPAD = 0x55000005,
  PF_GS_INPUT_MOTION = 0x55000006,
  PF_GS_INPUT_BATTERY = 0x55000007,
} PfGsInputKind;

enum {
  PF_GS_TOUCH_HOVER,
  PF_GS_TOUCH_DOWN,
  PF_GS_TOUCH_UP,
  PF_GS_TOUCH_MOVE,
  PF_GS_TOUCH_CANCEL,
  PF_GS_TOUCH_BUTTON,
  PF_GS_TOUCH_LEAVE,
  PF_GS_TOUCH_CANCEL_ALL,
};

#define PF_GS_ANGLE_UNKNOWN 0xffff
#define PF_GS_TILT_UNKNOWN 0xff

typedef struct {
  uint8_t number;
  uint16_t active; /* one bit for each pad that is there */
  uint32_t buttons;
  uint8_t left_trigger, right_trigger;
  int16_t left_x, left_y, right_x, right_y;
} PfGsPad;

typedef struct {
  uint8_t event;
  uint16_t rotation;
  uint32_t id;
  float x, y, pressure, major, minor; /* decoded: finite */
} PfGsTouch;

typedef struct {
  uint8_t event, tool, buttons, tilt;
  uint16_t rotation;
  float x, y, pressure, major, minor;
} PfGsPen;

typedef struct {
  PfGsInputKind kind;
  union {
    struct {
      uint8_t flags, modifiers; /* 1 shift, 2 control, 4 alt, 8 meta */
      uint16_t key;             /* as sent; the virtual key is its low byte */
    } key;
    struct {
      int16_t x, y, last_x, last_y; /* last: width and height, less one */
    } mouse;
    uint8_t button; /* PF_BUTTON_* */
    int16_t amount; /* 120 a notch */
    PfGsPad pad;
    uint16_t enable;
    struct {
      uint8_t size, bytes[PF_GS_TEXT_MAX]; /* UTF-8 */
    } text;
    PfGsTouch touch;
    PfGsPen pen;
    struct {
      uint8_t number, type; /* 1 Xbox, 2 PlayStation, 3 Nintendo, 4 Steam */
      uint16_t capabilities;
      uint32_t buttons;
    } arrival;
    struct {
      uint8_t number, event, index;
      uint32_t id;
      float x, y, pressure;
    } touchpad;
    struct {
      uint8_t number, sensor; /* 1: m/s2, 2: degrees a second */
      float v[3];
    } motion;
    struct {
      uint8_t number, state, percent;
    } battery;
  };
} PfGsInput;

/* Errors: PF_ERR_INVALID (size, or numbers that mean nothing),
 * PF_ERR_UNSUPPORTED (kind not known: to be ignored). */
int pf_gs_input_decode (const uint8_t *bytes, size_t size, PfGsInput *input);

/* Errors: PF_ERR_INVALID, PF_ERR_RANGE (no room). */
int pf_gs_input_encode (
    const PfGsInput *input, uint8_t *bytes, size_t room, size_t *size);

/* The ENet channel that clients use for it. */
unsigned pf_gs_input_channel (const PfGsInput *input);

/* ---- As punktfunk/1 has it ---------------------------------------------- */

#define PF_GS_TOUCHES 16
#define PF_GS_SURFACE 0xffff /* width and height of touches */

/* One or the other; the one that is not is NULL. All are valid. */
typedef void (*PfGsInputFunc) (
    void *user, const PfMsgInput *input, const PfMsgRich *rich);

/*
 * What is held down and which pads are there. All fields are private.
 * Thread-safety: one thread per state.
 */
typedef struct {
  uint8_t keys[256 / 8];
  uint8_t buttons;
  struct {
    bool used;
    uint32_t id;
  } touches[PF_GS_TOUCHES];
  uint16_t pads;             /* one bit each */
  uint8_t seqs[PF_PADS_MAX]; /* of states and removals */
  PfMsgMotion motions[PF_PADS_MAX];
  uint16_t pen_seq;
  bool pen;
} PfGsInputState;

void pf_gs_input_state_init (PfGsInputState *state);

/* Calls FUNC for what the packet becomes; for some it is nothing, such as a
 * key that is down already. */
void pf_gs_input_translate (PfGsInputState *state, const PfGsInput *input,
    PfGsInputFunc func, void *user);

/* Lets go of all that is held, and takes all pads away. */
void pf_gs_input_release (
    PfGsInputState *state, PfGsInputFunc func, void *user);

#endif /* PF_GS_INPUT_H */
