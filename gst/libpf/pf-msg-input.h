/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What the five numbers of an input event mean, kind by kind.
 */
#ifndef PF_MSG_INPUT_H
#define PF_MSG_INPUT_H

#include "pf-msg-datagram.h"

typedef enum {
  PF_MSG_INPUT_KEY_DOWN = 0, /* code: Windows virtual key */
  PF_MSG_INPUT_KEY_UP = 1,
  PF_MSG_INPUT_MOUSE_MOVE = 2,     /* x, y: by how much */
  PF_MSG_INPUT_MOUSE_ABSOLUTE = 3, /* x, y on the surface in flags */
  PF_MSG_INPUT_BUTTON_DOWN = 4,    /* code: PF_BUTTON_* */
  PF_MSG_INPUT_BUTTON_UP = 5,
  PF_MSG_INPUT_SCROLL = 6,     /* code 0 vertical, 1 horizontal; x: 120ths */
  PF_MSG_INPUT_PAD_BUTTON = 7, /* code: PF_PAD_*; x: pressed; flags: pad */
  PF_MSG_INPUT_PAD_AXIS = 8,   /* code: PF_AXIS_*; x: value; flags: pad */
  PF_MSG_INPUT_TOUCH_DOWN = 9, /* code: id; x, y on the surface in flags */
  PF_MSG_INPUT_TOUCH_MOVE = 10,
  PF_MSG_INPUT_TOUCH_UP = 11,
  PF_MSG_INPUT_PAD_STATE = 12, /* see PfMsgPadState */
  PF_MSG_INPUT_PAD_REMOVED =
      13, /* flags: see PfMsgPadState, pad and seq only */
  PF_MSG_INPUT_PAD_ARRIVAL = 14, /* code: PF_GAMEPAD_*; flags: pad, caps << 8 */
  PF_MSG_INPUT_TEXT = 15,        /* code: a Unicode scalar value */
  PF_MSG_N_INPUT_KINDS,
} PfMsgInputKind;

enum {
  PF_BUTTON_LEFT = 1,
  PF_BUTTON_MIDDLE,
  PF_BUTTON_RIGHT,
  PF_BUTTON_X1,
  PF_BUTTON_X2,
};

enum {
  PF_AXIS_LEFT_X,
  PF_AXIS_LEFT_Y, /* sticks: -32768 .. 32767, y grows upward */
  PF_AXIS_RIGHT_X,
  PF_AXIS_RIGHT_Y,
  PF_AXIS_LEFT_TRIGGER, /* 0 .. 255 */
  PF_AXIS_RIGHT_TRIGGER,
  PF_N_AXES,
};

enum {
  PF_PAD_UP = 0x1,
  PF_PAD_DOWN = 0x2,
  PF_PAD_LEFT = 0x4,
  PF_PAD_RIGHT = 0x8,
  PF_PAD_START = 0x10,
  PF_PAD_BACK = 0x20,
  PF_PAD_LEFT_STICK = 0x40,
  PF_PAD_RIGHT_STICK = 0x80,
  PF_PAD_LEFT_SHOULDER = 0x100,
  PF_PAD_RIGHT_SHOULDER = 0x200,
  PF_PAD_GUIDE = 0x400,
  PF_PAD_A = 0x1000,
  PF_PAD_B = 0x2000,
  PF_PAD_X = 0x4000,
  PF_PAD_Y = 0x8000,
  PF_PAD_PADDLE_1 = 0x10000,
  PF_PAD_PADDLE_2 = 0x20000,
  PF_PAD_PADDLE_3 = 0x40000,
  PF_PAD_PADDLE_4 = 0x80000,
  PF_PAD_TOUCHPAD = 0x100000,
  PF_PAD_MISC = 0x200000,
};

#define PF_PADS_MAX 16

/* A gamepad as a whole. */
typedef struct {
  uint8_t pad; /* below PF_PADS_MAX */
  uint8_t seq; /* also counts removals; see pf_msg_seq_newer() */
  uint32_t buttons;
  int16_t left_x, left_y, right_x, right_y;
  uint8_t left_trigger, right_trigger;
} PfMsgPadState;

/*
 * May a host act on the event? Checks what the kind needs: a known key,
 * button, axis or pad, a surface that is not empty, a Unicode scalar value.
 * Errors: PF_ERR_UNSUPPORTED (kind not known), PF_ERR_INVALID.
 */
int pf_msg_input_check (const PfMsgInput *input);

/* The PF_GRANT_* that the event needs. */
uint32_t pf_msg_input_grant (const PfMsgInput *input);

/* The client's surface of an absolute event. */
static inline void
pf_msg_input_surface (
    const PfMsgInput *input, uint32_t *width, uint32_t *height)
{
  *width = input->flags >> 16;
  *height = input->flags & 0xffff;
}

static inline uint32_t
pf_msg_input_make_surface (uint32_t width, uint32_t height)
{
  return width << 16 | (height & 0xffff);
}

void pf_msg_input_from_pad_state (
    const PfMsgPadState *state, PfMsgInput *input);
void pf_msg_input_to_pad_state (const PfMsgInput *input, PfMsgPadState *state);

/* Adds next to *input if both are one motion: moves, or scrolls of one axis
 * and kind of surface. Only for events that follow each other. */
bool pf_msg_input_merge (PfMsgInput *input, const PfMsgInput *next);

#endif /* PF_MSG_INPUT_H */
