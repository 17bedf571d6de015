/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What the numbers of an input event mean.
 */
#include "pf-msg-input.h"

static bool
is_surface (const PfMsgInput *input)
{
  uint32_t width, height;

  pf_msg_input_surface (input, &width, &height);
  return width > 0 && height > 0;
}

static bool
is_pad (const PfMsgInput *input)
{
  return (input->flags & 0xff) < PF_PADS_MAX;
}

static bool
is_scalar (uint32_t code)
{
  return (code > 0 && code < 0xd800) || (code >= 0xe000 && code < 0x110000);
}

static bool
is_axis_value (const PfMsgInput *input)
{
  if (input->code >= PF_AXIS_LEFT_TRIGGER)
    return input->x >= 0 && input->x <= UINT8_MAX;
  return input->x >= INT16_MIN && input->x <= INT16_MAX;
}

int
pf_msg_input_check (const PfMsgInput *input)
{
  bool good;

  switch (input->kind) {
  case PF_MSG_INPUT_KEY_DOWN:
  case PF_MSG_INPUT_KEY_UP:
    good = (input->code & 0xff) != 0;
    break;
  case PF_MSG_INPUT_MOUSE_MOVE:
  case PF_MSG_INPUT_TOUCH_UP:
    good = true;
    break;
  case PF_MSG_INPUT_MOUSE_ABSOLUTE:
  case PF_MSG_INPUT_TOUCH_DOWN:
  case PF_MSG_INPUT_TOUCH_MOVE:
    good = is_surface (input);
    break;
  case PF_MSG_INPUT_BUTTON_DOWN:
  case PF_MSG_INPUT_BUTTON_UP:
    good = input->code >= PF_BUTTON_LEFT && input->code <= PF_BUTTON_X2;
    break;
  case PF_MSG_INPUT_SCROLL:
    good = input->code <= 1;
    break;
  case PF_MSG_INPUT_PAD_BUTTON:
    good = input->flags < PF_PADS_MAX && input->code != 0;
    break;
  case PF_MSG_INPUT_PAD_AXIS:
    good = input->flags < PF_PADS_MAX && input->code < PF_N_AXES &&
           is_axis_value (input);
    break;
  case PF_MSG_INPUT_PAD_STATE:
  case PF_MSG_INPUT_PAD_REMOVED:
  case PF_MSG_INPUT_PAD_ARRIVAL:
    good = is_pad (input);
    break;
  case PF_MSG_INPUT_TEXT:
    good = is_scalar (input->code);
    break;
  default:
    return PF_ERR_UNSUPPORTED;
  }
  return good ? 0 : PF_ERR_INVALID;
}

uint32_t
pf_msg_input_grant (const PfMsgInput *input)
{
  switch (input->kind) {
  case PF_MSG_INPUT_KEY_DOWN:
  case PF_MSG_INPUT_KEY_UP:
  case PF_MSG_INPUT_TEXT:
    return PF_GRANT_KEYBOARD;
  case PF_MSG_INPUT_PAD_BUTTON:
  case PF_MSG_INPUT_PAD_AXIS:
  case PF_MSG_INPUT_PAD_STATE:
  case PF_MSG_INPUT_PAD_REMOVED:
  case PF_MSG_INPUT_PAD_ARRIVAL:
    return PF_GRANT_GAMEPAD;
  default:
    return PF_GRANT_POINTER;
  }
}

/* Two signed halves of a number, high and low. */
static int32_t
join (int16_t high, int16_t low)
{
  return (int32_t) ((uint32_t) (uint16_t) high << 16 | (uint16_t) low);
}

static int16_t
high (int32_t both)
{
  return (int16_t) ((uint32_t) both >> 16);
}

static int16_t
low (int32_t both)
{
  return (int16_t) ((uint32_t) both & 0xffff);
}

void
pf_msg_input_from_pad_state (const PfMsgPadState *state, PfMsgInput *input)
{
  *input = (PfMsgInput){
    .kind = PF_MSG_INPUT_PAD_STATE,
    .code = state->buttons,
    .x = join (state->left_x, state->left_y),
    .y = join (state->right_x, state->right_y),
    .flags = (uint32_t) state->seq << 24 |
             (uint32_t) state->left_trigger << 16 |
             (uint32_t) state->right_trigger << 8 | state->pad,
  };
}

void
pf_msg_input_to_pad_state (const PfMsgInput *input, PfMsgPadState *state)
{
  *state = (PfMsgPadState){
    .pad = (uint8_t) input->flags,
    .seq = (uint8_t) (input->flags >> 24),
    .buttons = input->code,
    .left_x = high (input->x),
    .left_y = low (input->x),
    .right_x = high (input->y),
    .right_y = low (input->y),
    .left_trigger = (uint8_t) (input->flags >> 16),
    .right_trigger = (uint8_t) (input->flags >> 8),
  };
}

/* False if the sum does not fit. */
static bool
add (int32_t *a, int32_t b)
{
  const int64_t sum = (int64_t) *a + b;

  if (sum < INT32_MIN || sum > INT32_MAX)
    return false;
  *a = (int32_t) sum;
  return true;
}

bool
pf_msg_input_merge (PfMsgInput *input, const PfMsgInput *next)
{
  int32_t x = input->x, y = input->y;

  if (input->kind != next->kind || input->code != next->code ||
      input->flags != next->flags)
    return false;
  if (input->kind != PF_MSG_INPUT_MOUSE_MOVE &&
      input->kind != PF_MSG_INPUT_SCROLL)
    return false;
  if (!add (&x, next->x) || !add (&y, next->y))
    return false;
  input->x = x;
  input->y = y;
  return true;
}
