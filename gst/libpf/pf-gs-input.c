/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * GameStream's input packets: a size and a magic number, then fields of
 * either byte order.
 */
#include "pf-gs-input.h"

#include <string.h>

#include "pf-bytes.h"

enum { HEADER = 8 };

static float
get_float (const uint8_t *p)
{
  const uint32_t bits = pf_get_le32 (p);
  float f;

  memcpy (&f, &bits, sizeof f);
  return f;
}

static void
put_float (uint8_t *p, float f)
{
  uint32_t bits;

  memcpy (&bits, &f, sizeof bits);
  pf_put_le32 (p, bits);
}

static bool
is_finite (float f)
{
  return f - f == 0;
}

static int16_t
get_s16be (const uint8_t *p)
{
  return (int16_t) pf_get_be16 (p);
}

static int16_t
get_s16le (const uint8_t *p)
{
  return (int16_t) pf_get_le16 (p);
}

/* Bytes of the whole packet; 0: none such. Of text, the least. */
static size_t
size_of (uint32_t kind)
{
  switch (kind) {
  case PF_GS_INPUT_KEY_DOWN:
  case PF_GS_INPUT_KEY_UP:
  case PF_GS_INPUT_SCROLL:
    return 14;
  case PF_GS_INPUT_MOUSE_ABSOLUTE:
    return 18;
  case PF_GS_INPUT_MOUSE_RELATIVE:
  case PF_GS_INPUT_BATTERY:
    return 12;
  case PF_GS_INPUT_BUTTON_DOWN:
  case PF_GS_INPUT_BUTTON_UP:
  case PF_GS_INPUT_TEXT:
    return 9;
  case PF_GS_INPUT_HSCROLL:
  case PF_GS_INPUT_HAPTICS:
    return 10;
  case PF_GS_INPUT_PAD:
    return 34;
  case PF_GS_INPUT_TOUCH:
  case PF_GS_INPUT_PEN:
    return 36;
  case PF_GS_INPUT_ARRIVAL:
    return 16;
  case PF_GS_INPUT_TOUCHPAD:
    return 28;
  case PF_GS_INPUT_MOTION:
    return 24;
  default:
    return 0;
  }
}

/* ---- Reading ------------------------------------------------------------ */

static void
get_pad (const uint8_t *p, PfGsPad *pad)
{
  *pad = (PfGsPad){
    .number = p[10] | (p[11] ? 0xff : 0), /* 16 bits, of which few are sane */
    .active = pf_get_le16 (p + 12),
    .buttons = pf_get_le16 (p + 16) | (uint32_t) pf_get_le16 (p + 30) << 16,
    .left_trigger = p[18],
    .right_trigger = p[19],
    .left_x = get_s16le (p + 20),
    .left_y = get_s16le (p + 22),
    .right_x = get_s16le (p + 24),
    .right_y = get_s16le (p + 26),
  };
}

static void
get_touch (const uint8_t *p, PfGsTouch *t)
{
  *t = (PfGsTouch){
    .event = p[8],
    .rotation = pf_get_le16 (p + 10),
    .id = pf_get_le32 (p + 12),
    .x = get_float (p + 16),
    .y = get_float (p + 20),
    .pressure = get_float (p + 24),
    .major = get_float (p + 28),
    .minor = get_float (p + 32),
  };
}

static void
get_pen (const uint8_t *p, PfGsPen *pen)
{
  *pen = (PfGsPen){
    .event = p[8],
    .tool = p[9],
    .buttons = p[10],
    .x = get_float (p + 12),
    .y = get_float (p + 16),
    .pressure = get_float (p + 20),
    .rotation = pf_get_le16 (p + 24),
    .tilt = p[26],
    .major = get_float (p + 28),
    .minor = get_float (p + 32),
  };
}

static void
get_body (const uint8_t *p, size_t size, PfGsInput *in)
{
  switch (in->kind) {
  case PF_GS_INPUT_KEY_DOWN:
  case PF_GS_INPUT_KEY_UP:
    in->key.flags = p[8];
    in->key.key = pf_get_le16 (p + 9);
    in->key.modifiers = p[11];
    break;
  case PF_GS_INPUT_MOUSE_ABSOLUTE:
    in->mouse.last_x = get_s16be (p + 14);
    in->mouse.last_y = get_s16be (p + 16);
    in->mouse.x = get_s16be (p + 8);
    in->mouse.y = get_s16be (p + 10);
    break;
  case PF_GS_INPUT_MOUSE_RELATIVE:
    in->mouse.x = get_s16be (p + 8);
    in->mouse.y = get_s16be (p + 10);
    break;
  case PF_GS_INPUT_BUTTON_DOWN:
  case PF_GS_INPUT_BUTTON_UP:
    in->button = p[8];
    break;
  case PF_GS_INPUT_SCROLL:
  case PF_GS_INPUT_HSCROLL:
    in->amount = get_s16be (p + 8);
    break;
  case PF_GS_INPUT_PAD:
    get_pad (p, &in->pad);
    break;
  case PF_GS_INPUT_HAPTICS:
    in->enable = pf_get_le16 (p + 8);
    break;
  case PF_GS_INPUT_TEXT:
    in->text.size = (uint8_t) (size - HEADER);
    memcpy (in->text.bytes, p + HEADER, in->text.size);
    break;
  case PF_GS_INPUT_TOUCH:
    get_touch (p, &in->touch);
    break;
  case PF_GS_INPUT_PEN:
    get_pen (p, &in->pen);
    break;
  case PF_GS_INPUT_ARRIVAL:
    in->arrival.number = p[8];
    in->arrival.type = p[9];
    in->arrival.capabilities = pf_get_le16 (p + 10);
    in->arrival.buttons = pf_get_le32 (p + 12);
    break;
  case PF_GS_INPUT_TOUCHPAD:
    in->touchpad.number = p[8];
    in->touchpad.event = p[9];
    in->touchpad.index = p[11];
    in->touchpad.id = pf_get_le32 (p + 12);
    in->touchpad.x = get_float (p + 16);
    in->touchpad.y = get_float (p + 20);
    in->touchpad.pressure = get_float (p + 24);
    break;
  case PF_GS_INPUT_MOTION:
    in->motion.number = p[8];
    in->motion.sensor = p[9];
    for (int i = 0; i < 3; i++)
      in->motion.v[i] = get_float (p + 12 + 4 * i);
    break;
  case PF_GS_INPUT_BATTERY:
    in->battery.number = p[8];
    in->battery.state = p[9];
    in->battery.percent = p[10];
    break;
  }
}

/* Is it something that a host may act on? */
static bool
is_sane (const PfGsInput *in)
{
  switch (in->kind) {
  case PF_GS_INPUT_KEY_DOWN:
  case PF_GS_INPUT_KEY_UP:
    return (in->key.key & 0xff) != 0;
  case PF_GS_INPUT_MOUSE_ABSOLUTE:
    return in->mouse.last_x > 0 && in->mouse.last_y > 0;
  case PF_GS_INPUT_BUTTON_DOWN:
  case PF_GS_INPUT_BUTTON_UP:
    return in->button >= PF_BUTTON_LEFT && in->button <= PF_BUTTON_X2;
  case PF_GS_INPUT_PAD:
    return in->pad.number < PF_PADS_MAX;
  case PF_GS_INPUT_TOUCH:
    return is_finite (in->touch.x) && is_finite (in->touch.y) &&
           is_finite (in->touch.pressure) && is_finite (in->touch.major) &&
           is_finite (in->touch.minor) &&
           in->touch.event <= PF_GS_TOUCH_CANCEL_ALL;
  case PF_GS_INPUT_PEN:
    return is_finite (in->pen.x) && is_finite (in->pen.y) &&
           is_finite (in->pen.pressure) && is_finite (in->pen.major) &&
           is_finite (in->pen.minor) && in->pen.event <= PF_GS_TOUCH_CANCEL_ALL;
  case PF_GS_INPUT_ARRIVAL:
    return in->arrival.number < PF_PADS_MAX;
  case PF_GS_INPUT_TOUCHPAD:
    return in->touchpad.number < PF_PADS_MAX && is_finite (in->touchpad.x) &&
           is_finite (in->touchpad.y) && is_finite (in->touchpad.pressure) &&
           in->touchpad.event <= PF_GS_TOUCH_CANCEL_ALL;
  case PF_GS_INPUT_MOTION:
    return in->motion.number < PF_PADS_MAX && is_finite (in->motion.v[0]) &&
           is_finite (in->motion.v[1]) && is_finite (in->motion.v[2]);
  case PF_GS_INPUT_BATTERY:
    return in->battery.number < PF_PADS_MAX;
  default:
    return true;
  }
}

int
pf_gs_input_decode (const uint8_t *bytes, size_t size, PfGsInput *input)
{
  PfGsInput in = { 0 };
  uint32_t kind;
  size_t least;

  if (size < HEADER || pf_get_be32 (bytes) != size - 4)
    return PF_ERR_INVALID;
  kind = pf_get_le32 (bytes + 4);
  least = size_of (kind);
  if (least == 0)
    return PF_ERR_UNSUPPORTED;
  if (size < least ||
      (kind == PF_GS_INPUT_TEXT && size > HEADER + PF_GS_TEXT_MAX))
    return PF_ERR_INVALID;
  in.kind = (PfGsInputKind) kind;
  get_body (bytes, size, &in);
  if (!is_sane (&in))
    return PF_ERR_INVALID;
  *input = in;
  return 0;
}

/* ---- Writing ------------------------------------------------------------ */

static void
put_pad (uint8_t *p, const PfGsPad *pad)
{
  pf_put_le16 (p + 8, 0x001a);
  pf_put_le16 (p + 10, pad->number);
  pf_put_le16 (p + 12, pad->active);
  pf_put_le16 (p + 14, 0x0014);
  pf_put_le16 (p + 16, (uint16_t) pad->buttons);
  p[18] = pad->left_trigger;
  p[19] = pad->right_trigger;
  pf_put_le16 (p + 20, (uint16_t) pad->left_x);
  pf_put_le16 (p + 22, (uint16_t) pad->left_y);
  pf_put_le16 (p + 24, (uint16_t) pad->right_x);
  pf_put_le16 (p + 26, (uint16_t) pad->right_y);
  pf_put_le16 (p + 28, 0x009c);
  pf_put_le16 (p + 30, (uint16_t) (pad->buttons >> 16));
  pf_put_le16 (p + 32, 0x0055);
}

static void
put_touch (uint8_t *p, const PfGsTouch *t)
{
  p[8] = t->event;
  pf_put_le16 (p + 10, t->rotation);
  pf_put_le32 (p + 12, t->id);
  put_float (p + 16, t->x);
  put_float (p + 20, t->y);
  put_float (p + 24, t->pressure);
  put_float (p + 28, t->major);
  put_float (p + 32, t->minor);
}

static void
put_pen (uint8_t *p, const PfGsPen *pen)
{
  p[8] = pen->event;
  p[9] = pen->tool;
  p[10] = pen->buttons;
  put_float (p + 12, pen->x);
  put_float (p + 16, pen->y);
  put_float (p + 20, pen->pressure);
  pf_put_le16 (p + 24, pen->rotation);
  p[26] = pen->tilt;
  put_float (p + 28, pen->major);
  put_float (p + 32, pen->minor);
}

static void
put_body (uint8_t *p, const PfGsInput *in)
{
  switch (in->kind) {
  case PF_GS_INPUT_KEY_DOWN:
  case PF_GS_INPUT_KEY_UP:
    p[8] = in->key.flags;
    pf_put_le16 (p + 9, in->key.key);
    p[11] = in->key.modifiers;
    break;
  case PF_GS_INPUT_MOUSE_ABSOLUTE:
    pf_put_be16 (p + 14, (uint16_t) in->mouse.last_x);
    pf_put_be16 (p + 16, (uint16_t) in->mouse.last_y);
    pf_put_be16 (p + 8, (uint16_t) in->mouse.x);
    pf_put_be16 (p + 10, (uint16_t) in->mouse.y);
    break;
  case PF_GS_INPUT_MOUSE_RELATIVE:
    pf_put_be16 (p + 8, (uint16_t) in->mouse.x);
    pf_put_be16 (p + 10, (uint16_t) in->mouse.y);
    break;
  case PF_GS_INPUT_BUTTON_DOWN:
  case PF_GS_INPUT_BUTTON_UP:
    p[8] = in->button;
    break;
  case PF_GS_INPUT_SCROLL:
    pf_put_be16 (p + 10, (uint16_t) in->amount);
    pf_put_be16 (p + 8, (uint16_t) in->amount);
    break;
  case PF_GS_INPUT_HSCROLL:
    pf_put_be16 (p + 8, (uint16_t) in->amount);
    break;
  case PF_GS_INPUT_PAD:
    put_pad (p, &in->pad);
    break;
  case PF_GS_INPUT_HAPTICS:
    pf_put_le16 (p + 8, in->enable);
    break;
  case PF_GS_INPUT_TEXT:
    memcpy (p + HEADER, in->text.bytes, in->text.size);
    break;
  case PF_GS_INPUT_TOUCH:
    put_touch (p, &in->touch);
    break;
  case PF_GS_INPUT_PEN:
    put_pen (p, &in->pen);
    break;
  case PF_GS_INPUT_ARRIVAL:
    p[8] = in->arrival.number;
    p[9] = in->arrival.type;
    pf_put_le16 (p + 10, in->arrival.capabilities);
    pf_put_le32 (p + 12, in->arrival.buttons);
    break;
  case PF_GS_INPUT_TOUCHPAD:
    p[8] = in->touchpad.number;
    p[9] = in->touchpad.event;
    p[11] = in->touchpad.index;
    pf_put_le32 (p + 12, in->touchpad.id);
    put_float (p + 16, in->touchpad.x);
    put_float (p + 20, in->touchpad.y);
    put_float (p + 24, in->touchpad.pressure);
    break;
  case PF_GS_INPUT_MOTION:
    p[8] = in->motion.number;
    p[9] = in->motion.sensor;
    for (int i = 0; i < 3; i++)
      put_float (p + 12 + 4 * i, in->motion.v[i]);
    break;
  case PF_GS_INPUT_BATTERY:
    p[8] = in->battery.number;
    p[9] = in->battery.state;
    p[10] = in->battery.percent;
    break;
  }
}

int
pf_gs_input_encode (
    const PfGsInput *input, uint8_t *bytes, size_t room, size_t *size)
{
  size_t n = size_of (input->kind);

  if (n == 0 || !is_sane (input))
    return PF_ERR_INVALID;
  if (input->kind == PF_GS_INPUT_TEXT) {
    if (input->text.size < 1 || input->text.size > PF_GS_TEXT_MAX)
      return PF_ERR_INVALID;
    n = HEADER + (size_t) input->text.size;
  }
  if (room < n)
    return PF_ERR_RANGE;
  memset (bytes, 0, n);
  pf_put_be32 (bytes, (uint32_t) (n - 4));
  pf_put_le32 (bytes + 4, input->kind);
  put_body (bytes, input);
  *size = n;
  return 0;
}

unsigned
pf_gs_input_channel (const PfGsInput *input)
{
  switch (input->kind) {
  case PF_GS_INPUT_KEY_DOWN:
  case PF_GS_INPUT_KEY_UP:
    return 0x02;
  case PF_GS_INPUT_PEN:
    return 0x04;
  case PF_GS_INPUT_TOUCH:
    return 0x05;
  case PF_GS_INPUT_TEXT:
    return 0x06;
  case PF_GS_INPUT_HAPTICS:
    return 0x00;
  case PF_GS_INPUT_PAD:
    return 0x10 + (input->pad.number & 15u);
  case PF_GS_INPUT_ARRIVAL:
    return 0x10 + (input->arrival.number & 15u);
  case PF_GS_INPUT_TOUCHPAD:
    return 0x10 + (input->touchpad.number & 15u);
  case PF_GS_INPUT_BATTERY:
    return 0x10 + (input->battery.number & 15u);
  case PF_GS_INPUT_MOTION:
    return 0x20 + (input->motion.number & 15u);
  default:
    return 0x03;
  }
}
