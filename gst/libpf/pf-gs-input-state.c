/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What GameStream's input becomes in the forms of punktfunk/1. What is held
 * is remembered in maps of fixed size: nothing grows, and all can be let go of.
 */
#include "pf-gs-input.h"

#include <string.h>

enum {
  VK_SHIFT = 0xa0, /* left ones */
  VK_CONTROL = 0xa2,
  VK_ALT = 0xa4,
  VK_META = 0x5b,
};

typedef struct {
  PfGsInputState *state;
  PfGsInputFunc func;
  void *user;
} Out;

static void
tell (const Out *out, uint8_t kind, uint32_t code, int32_t x, int32_t y,
    uint32_t flags)
{
  const PfMsgInput input = { kind, code, x, y, flags };

  if (pf_msg_input_check (&input) == 0)
    out->func (out->user, &input, NULL);
}

static void
tell_rich (const Out *out, const PfMsgRich *rich)
{
  out->func (out->user, NULL, rich);
}

/* ---- Keys and pointer --------------------------------------------------- */

static bool
is_held (const PfGsInputState *s, unsigned key)
{
  return s->keys[key / 8] >> key % 8 & 1;
}

static void
set_held (PfGsInputState *s, unsigned key, bool held)
{
  const uint8_t bit = (uint8_t) (1u << key % 8);

  if (held)
    s->keys[key / 8] |= bit;
  else
    s->keys[key / 8] &= (uint8_t) ~bit;
}

static void
key_event (const Out *out, unsigned key, bool down)
{
  if (is_held (out->state, key) == down)
    return;
  set_held (out->state, key, down);
  tell (out, down ? PF_MSG_INPUT_KEY_DOWN : PF_MSG_INPUT_KEY_UP, key, 0, 0, 0);
}

/* Modifiers that the packet has and nobody holds are pressed around it. */
static unsigned
missing_modifiers (const PfGsInputState *s, unsigned modifiers)
{
  static const struct {
    uint8_t any, left, right;
  } keys[4] = { { 0x10, VK_SHIFT, VK_SHIFT + 1 },
    { 0x11, VK_CONTROL, VK_CONTROL + 1 }, { 0x12, VK_ALT, VK_ALT + 1 },
    { VK_META, VK_META, VK_META + 1 } };
  unsigned missing = 0;

  for (unsigned i = 0; i < 4; i++)
    if ((modifiers >> i & 1) && !is_held (s, keys[i].any) &&
        !is_held (s, keys[i].left) && !is_held (s, keys[i].right))
      missing |= 1u << i;
  return missing;
}

static bool
is_modifier (unsigned key)
{
  return (key >= 0x10 && key <= 0x12) || (key >= 0xa0 && key <= 0xa5) ||
         key == VK_META || key == VK_META + 1;
}

static void
translate_key (const Out *out, const PfGsInput *in)
{
  static const uint8_t keys[4] = { VK_SHIFT, VK_CONTROL, VK_ALT, VK_META };
  const unsigned key = in->key.key & 0xff;
  const bool down = in->kind == PF_GS_INPUT_KEY_DOWN;
  unsigned around = 0;

  if (down && !is_modifier (key))
    around = missing_modifiers (out->state, in->key.modifiers);
  for (unsigned i = 0; i < 4; i++)
    if (around >> i & 1)
      key_event (out, keys[i], true);
  key_event (out, key, down);
  for (unsigned i = 4; i > 0; i--)
    if (around >> (i - 1) & 1)
      key_event (out, keys[i - 1], false);
}

static void
button_event (const Out *out, unsigned button, bool down)
{
  const uint8_t bit = (uint8_t) (1u << button);

  if (((out->state->buttons & bit) != 0) == down)
    return;
  out->state->buttons ^= bit;
  tell (out, down ? PF_MSG_INPUT_BUTTON_DOWN : PF_MSG_INPUT_BUTTON_UP, button,
      0, 0, 0);
}

static int32_t
clamp (int32_t v, int32_t most)
{
  return v < 0 ? 0 : v > most ? most : v;
}

static void
translate_absolute (const Out *out, const PfGsInput *in)
{
  const int32_t x = in->mouse.last_x, y = in->mouse.last_y;

  tell (out, PF_MSG_INPUT_MOUSE_ABSOLUTE, 0, clamp (in->mouse.x, x),
      clamp (in->mouse.y, y),
      pf_msg_input_make_surface ((uint32_t) x + 1, (uint32_t) y + 1));
}

/* One code point after the other; what is no UTF-8 ends it. */
static void
translate_text (const Out *out, const PfGsInput *in)
{
  static const uint8_t leads[4] = { 0x00, 0xc0, 0xe0, 0xf0 };
  static const uint8_t masks[4] = { 0x80, 0xe0, 0xf0, 0xf8 };
  static const uint32_t least[4] = { 0, 0x80, 0x800, 0x10000 };
  const uint8_t *p = in->text.bytes;
  unsigned left = in->text.size;

  while (left > 0) {
    unsigned n = 0;
    uint32_t code;

    while (n < 4 && (p[0] & masks[n]) != leads[n])
      n++;
    if (n == 4 || n >= left)
      return;
    code = p[0] & (uint8_t) ~masks[n];
    for (unsigned i = 1; i <= n; i++) {
      if ((p[i] & 0xc0) != 0x80)
        return;
      code = code << 6 | (p[i] & 0x3f);
    }
    if (code < least[n])
      return;
    tell (out, PF_MSG_INPUT_TEXT, code, 0, 0, 0);
    p += n + 1;
    left -= n + 1;
  }
}

/* ---- Touch and pen ------------------------------------------------------ */

/* 0 .. 1 as 0 .. most */
static uint32_t
scale (float v, uint32_t most)
{
  if (!(v > 0))
    return 0;
  return v >= 1 ? most : (uint32_t) (v * (float) most + 0.5f);
}

/* Its place in the list; PF_GS_TOUCHES: none. */
static unsigned
find_touch (const PfGsInputState *s, uint32_t id, bool used)
{
  unsigned i = 0;

  while (i < PF_GS_TOUCHES &&
         (s->touches[i].used != used || (used && s->touches[i].id != id)))
    i++;
  return i;
}

static void
end_touch (const Out *out, unsigned i)
{
  out->state->touches[i].used = false;
  tell (out, PF_MSG_INPUT_TOUCH_UP, i, 0, 0, 0);
}

/* Fingers are told by their place in the list. Hovering ones have no form. */
static void
translate_touch (const Out *out, const PfGsTouch *t)
{
  PfGsInputState *s = out->state;
  unsigned i = find_touch (s, t->id, true);
  uint8_t kind = PF_MSG_INPUT_TOUCH_MOVE;

  if (t->event == PF_GS_TOUCH_CANCEL_ALL) {
    for (i = 0; i < PF_GS_TOUCHES; i++)
      if (s->touches[i].used)
        end_touch (out, i);
    return;
  }
  if (t->event == PF_GS_TOUCH_DOWN && i == PF_GS_TOUCHES) {
    i = find_touch (s, 0, false);
    kind = PF_MSG_INPUT_TOUCH_DOWN;
  }
  if (i == PF_GS_TOUCHES)
    return;
  if (t->event == PF_GS_TOUCH_UP || t->event == PF_GS_TOUCH_CANCEL) {
    end_touch (out, i);
  } else if (t->event == PF_GS_TOUCH_DOWN || t->event == PF_GS_TOUCH_MOVE) {
    s->touches[i].used = true;
    s->touches[i].id = t->id;
    tell (out, kind, i, (int32_t) scale (t->x, PF_GS_SURFACE - 1),
        (int32_t) scale (t->y, PF_GS_SURFACE - 1),
        pf_msg_input_make_surface (PF_GS_SURFACE, PF_GS_SURFACE));
  }
}

static void
tell_pen (const Out *out, PfMsgPenSample *sample)
{
  PfMsgRich rich = { .kind = PF_RICH_PEN };

  out->state->pen = sample->state & PF_PEN_IN_RANGE;
  rich.pen.n_samples = 1;
  rich.pen.seq = out->state->pen_seq++;
  rich.pen.samples[0] = *sample;
  tell_rich (out, &rich);
}

static float
unit (float v)
{
  return !(v > 0) ? 0 : v < 1 ? v : 1;
}

static void
translate_pen (const Out *out, const PfGsPen *p)
{
  const bool touches =
      p->event == PF_GS_TOUCH_DOWN || p->event == PF_GS_TOUCH_MOVE;
  const bool gone = p->event == PF_GS_TOUCH_LEAVE ||
                    p->event == PF_GS_TOUCH_CANCEL ||
                    p->event == PF_GS_TOUCH_CANCEL_ALL;
  PfMsgPenSample s = { .tool = p->tool == 2,
    .x = unit (p->x),
    .y = unit (p->y),
    .distance = UINT16_MAX,
    .tilt = p->tilt <= 90 ? p->tilt : PF_GS_TILT_UNKNOWN,
    .azimuth = p->rotation < 360 ? p->rotation : PF_GS_ANGLE_UNKNOWN,
    .roll = PF_GS_ANGLE_UNKNOWN };

  if (!gone)
    s.state |= PF_PEN_IN_RANGE;
  if (touches) {
    s.state |= PF_PEN_TOUCHING;
    /* nothing known of it is a firm stroke */
    s.pressure = (uint16_t) (p->pressure > 0 ? scale (p->pressure, UINT16_MAX)
                                             : UINT16_MAX);
  } else if (p->event == PF_GS_TOUCH_HOVER && p->pressure > 0) {
    s.distance = (uint16_t) scale (p->pressure, UINT16_MAX - 1);
  }
  if (!gone && (p->buttons & 2))
    s.state |= PF_PEN_BARREL_1;
  if (!gone && (p->buttons & 4))
    s.state |= PF_PEN_BARREL_2;
  tell_pen (out, &s);
}

/* ---- Gamepads ----------------------------------------------------------- */

static void
remove_pad (const Out *out, unsigned i)
{
  PfGsInputState *s = out->state;
  const uint32_t seq = s->seqs[i]++;

  s->pads &= (uint16_t) ~(1u << i);
  s->motions[i] = (PfMsgMotion){ 0 };
  tell (out, PF_MSG_INPUT_PAD_REMOVED, 0, 0, 0, seq << 24 | i);
}

static void
translate_pad (const Out *out, const PfGsPad *pad)
{
  PfGsInputState *s = out->state;
  const unsigned n = pad->number;
  PfMsgInput input;

  for (unsigned i = 0; i < PF_PADS_MAX; i++)
    if ((s->pads & ~pad->active) >> i & 1)
      remove_pad (out, i);
  if (!(pad->active >> n & 1))
    return;
  s->pads |= (uint16_t) (1u << n);
  pf_msg_input_from_pad_state (&(PfMsgPadState){ .pad = (uint8_t) n,
                                   .seq = s->seqs[n]++,
                                   .buttons = pad->buttons,
                                   .left_x = pad->left_x,
                                   .left_y = pad->left_y,
                                   .right_x = pad->right_x,
                                   .right_y = pad->right_y,
                                   .left_trigger = pad->left_trigger,
                                   .right_trigger = pad->right_trigger },
      &input);
  out->func (out->user, &input, NULL);
}

static void
translate_arrival (const Out *out, const PfGsInput *in)
{
  static const uint8_t types[] = { PF_GAMEPAD_AUTO, PF_GAMEPAD_XBOX_ONE,
    PF_GAMEPAD_DUALSENSE, PF_GAMEPAD_SWITCH_PRO, PF_GAMEPAD_STEAM_CONTROLLER };
  const uint8_t type = in->arrival.type < sizeof types ? types[in->arrival.type]
                                                       : PF_GAMEPAD_AUTO;

  tell (out, PF_MSG_INPUT_PAD_ARRIVAL, type, 0, 0,
      in->arrival.number | (uint32_t) in->arrival.capabilities << 8);
}

static void
translate_touchpad (const Out *out, const PfGsInput *in)
{
  const bool active = in->touchpad.event == PF_GS_TOUCH_DOWN ||
                      in->touchpad.event == PF_GS_TOUCH_MOVE;
  PfMsgRich rich = { .kind = PF_RICH_TOUCHPAD };

  if (in->touchpad.event == PF_GS_TOUCH_BUTTON)
    return;
  if (in->touchpad.index > 0) {
    rich.kind = PF_RICH_TOUCHPAD_EX;
    rich.touchpad_ex = (PfMsgTouchpadEx){ .pad = in->touchpad.number,
      .surface = 2,
      .finger = (uint8_t) in->touchpad.id,
      .state = active,
      .x = (int16_t) ((int32_t) scale (in->touchpad.x, UINT16_MAX) - 32768),
      .y = (int16_t) ((int32_t) scale (in->touchpad.y, UINT16_MAX) - 32768),
      .pressure = (uint16_t) scale (in->touchpad.pressure, UINT16_MAX) };
  } else {
    rich.touchpad = (PfMsgTouchpad){ .pad = in->touchpad.number,
      .finger = (uint8_t) in->touchpad.id,
      .active = active,
      .x = (uint16_t) scale (in->touchpad.x, UINT16_MAX),
      .y = (uint16_t) scale (in->touchpad.y, UINT16_MAX) };
  }
  tell_rich (out, &rich);
}

static int16_t
to_s16 (float v)
{
  return v >= 32767 ? 32767 : v <= -32768 ? -32768 : (int16_t) v;
}

/* Each packet has one of the two sensors; the other keeps its last value. */
static void
translate_motion (const Out *out, const PfGsInput *in)
{
  PfMsgRich rich = { .kind = PF_RICH_MOTION };
  PfMsgMotion *m = &out->state->motions[in->motion.number];

  m->pad = in->motion.number;
  for (int i = 0; i < 3; i++) {
    if (in->motion.sensor == 1)
      m->accel[i] = to_s16 (in->motion.v[i] * (10000 / 9.80665f));
    else if (in->motion.sensor == 2)
      m->gyro[i] = to_s16 (in->motion.v[i] * 20);
  }
  rich.motion = *m;
  tell_rich (out, &rich);
}

/* ---- All of them -------------------------------------------------------- */

void
pf_gs_input_state_init (PfGsInputState *state)
{
  memset (state, 0, sizeof *state);
}

void
pf_gs_input_translate (PfGsInputState *state, const PfGsInput *input,
    PfGsInputFunc func, void *user)
{
  const Out out = { state, func, user };

  switch (input->kind) {
  case PF_GS_INPUT_KEY_DOWN:
  case PF_GS_INPUT_KEY_UP:
    translate_key (&out, input);
    break;
  case PF_GS_INPUT_MOUSE_ABSOLUTE:
    translate_absolute (&out, input);
    break;
  case PF_GS_INPUT_MOUSE_RELATIVE:
    tell (&out, PF_MSG_INPUT_MOUSE_MOVE, 0, input->mouse.x, input->mouse.y, 0);
    break;
  case PF_GS_INPUT_BUTTON_DOWN:
  case PF_GS_INPUT_BUTTON_UP:
    button_event (&out, input->button, input->kind == PF_GS_INPUT_BUTTON_DOWN);
    break;
  case PF_GS_INPUT_SCROLL:
  case PF_GS_INPUT_HSCROLL:
    tell (&out, PF_MSG_INPUT_SCROLL, input->kind == PF_GS_INPUT_HSCROLL,
        input->amount, 0, 0);
    break;
  case PF_GS_INPUT_PAD:
    translate_pad (&out, &input->pad);
    break;
  case PF_GS_INPUT_TEXT:
    translate_text (&out, input);
    break;
  case PF_GS_INPUT_TOUCH:
    translate_touch (&out, &input->touch);
    break;
  case PF_GS_INPUT_PEN:
    translate_pen (&out, &input->pen);
    break;
  case PF_GS_INPUT_ARRIVAL:
    translate_arrival (&out, input);
    break;
  case PF_GS_INPUT_TOUCHPAD:
    translate_touchpad (&out, input);
    break;
  case PF_GS_INPUT_MOTION:
    translate_motion (&out, input);
    break;
  default:
    break; /* haptics, battery: for those who deal with pads */
  }
}

void
pf_gs_input_release (PfGsInputState *state, PfGsInputFunc func, void *user)
{
  const Out out = { state, func, user };
  PfMsgPenSample gone = { .distance = UINT16_MAX,
    .tilt = PF_GS_TILT_UNKNOWN,
    .azimuth = PF_GS_ANGLE_UNKNOWN,
    .roll = PF_GS_ANGLE_UNKNOWN };

  for (unsigned key = 0; key < 256; key++)
    key_event (&out, key, false);
  for (unsigned b = PF_BUTTON_LEFT; b <= PF_BUTTON_X2; b++)
    button_event (&out, b, false);
  for (unsigned i = 0; i < PF_GS_TOUCHES; i++)
    if (state->touches[i].used)
      end_touch (&out, i);
  if (state->pen)
    tell_pen (&out, &gone);
  for (unsigned i = 0; i < PF_PADS_MAX; i++)
    if (state->pads >> i & 1)
      remove_pad (&out, i);
}
