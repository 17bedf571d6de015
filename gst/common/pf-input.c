/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Input on the wire and in events; see pf-input.h. */
#include "pf-input.h"

#include <linux/input-event-codes.h>
#include <string.h>

#define FINE_SCROLL 1u

/* Windows' virtual keys by number; 0: no key of a keyboard. */
static const guint16 keys[256] = {
  [0x08] = KEY_BACKSPACE,
  [0x09] = KEY_TAB,
  [0x0c] = KEY_KP5, /* Clear: 5 of the key pad without Num Lock */
  [0x0d] = KEY_ENTER,
  [0x10] = KEY_LEFTSHIFT,
  [0x11] = KEY_LEFTCTRL,
  [0x12] = KEY_LEFTALT,
  [0x13] = KEY_PAUSE,
  [0x14] = KEY_CAPSLOCK,
  [0x15] = KEY_KATAKANAHIRAGANA,
  [0x19] = KEY_HANJA,
  [0x1b] = KEY_ESC,
  [0x1c] = KEY_HENKAN,
  [0x1d] = KEY_MUHENKAN,
  [0x20] = KEY_SPACE,
  [0x21] = KEY_PAGEUP,
  [0x22] = KEY_PAGEDOWN,
  [0x23] = KEY_END,
  [0x24] = KEY_HOME,
  [0x25] = KEY_LEFT,
  [0x26] = KEY_UP,
  [0x27] = KEY_RIGHT,
  [0x28] = KEY_DOWN,
  [0x29] = KEY_SELECT,
  [0x2a] = KEY_PRINT,
  [0x2c] = KEY_SYSRQ,
  [0x2d] = KEY_INSERT,
  [0x2e] = KEY_DELETE,
  [0x2f] = KEY_HELP,
  [0x30] = KEY_0,
  [0x31] = KEY_1,
  [0x32] = KEY_2,
  [0x33] = KEY_3,
  [0x34] = KEY_4,
  [0x35] = KEY_5,
  [0x36] = KEY_6,
  [0x37] = KEY_7,
  [0x38] = KEY_8,
  [0x39] = KEY_9,
  [0x41] = KEY_A,
  [0x42] = KEY_B,
  [0x43] = KEY_C,
  [0x44] = KEY_D,
  [0x45] = KEY_E,
  [0x46] = KEY_F,
  [0x47] = KEY_G,
  [0x48] = KEY_H,
  [0x49] = KEY_I,
  [0x4a] = KEY_J,
  [0x4b] = KEY_K,
  [0x4c] = KEY_L,
  [0x4d] = KEY_M,
  [0x4e] = KEY_N,
  [0x4f] = KEY_O,
  [0x50] = KEY_P,
  [0x51] = KEY_Q,
  [0x52] = KEY_R,
  [0x53] = KEY_S,
  [0x54] = KEY_T,
  [0x55] = KEY_U,
  [0x56] = KEY_V,
  [0x57] = KEY_W,
  [0x58] = KEY_X,
  [0x59] = KEY_Y,
  [0x5a] = KEY_Z,
  [0x5b] = KEY_LEFTMETA,
  [0x5c] = KEY_RIGHTMETA,
  [0x5d] = KEY_COMPOSE,
  [0x5f] = KEY_SLEEP,
  [0x60] = KEY_KP0,
  [0x61] = KEY_KP1,
  [0x62] = KEY_KP2,
  [0x63] = KEY_KP3,
  [0x64] = KEY_KP4,
  [0x65] = KEY_KP5,
  [0x66] = KEY_KP6,
  [0x67] = KEY_KP7,
  [0x68] = KEY_KP8,
  [0x69] = KEY_KP9,
  [0x6a] = KEY_KPASTERISK,
  [0x6b] = KEY_KPPLUS,
  [0x6c] = KEY_KPCOMMA,
  [0x6d] = KEY_KPMINUS,
  [0x6e] = KEY_KPDOT,
  [0x6f] = KEY_KPSLASH,
  [0x70] = KEY_F1,
  [0x71] = KEY_F2,
  [0x72] = KEY_F3,
  [0x73] = KEY_F4,
  [0x74] = KEY_F5,
  [0x75] = KEY_F6,
  [0x76] = KEY_F7,
  [0x77] = KEY_F8,
  [0x78] = KEY_F9,
  [0x79] = KEY_F10,
  [0x7a] = KEY_F11,
  [0x7b] = KEY_F12,
  [0x7c] = KEY_F13,
  [0x7d] = KEY_F14,
  [0x7e] = KEY_F15,
  [0x7f] = KEY_F16,
  [0x80] = KEY_F17,
  [0x81] = KEY_F18,
  [0x82] = KEY_F19,
  [0x83] = KEY_F20,
  [0x84] = KEY_F21,
  [0x85] = KEY_F22,
  [0x86] = KEY_F23,
  [0x87] = KEY_F24,
  [0x90] = KEY_NUMLOCK,
  [0x91] = KEY_SCROLLLOCK,
  [0xa0] = KEY_LEFTSHIFT,
  [0xa1] = KEY_RIGHTSHIFT,
  [0xa2] = KEY_LEFTCTRL,
  [0xa3] = KEY_RIGHTCTRL,
  [0xa4] = KEY_LEFTALT,
  [0xa5] = KEY_RIGHTALT,
  [0xa6] = KEY_BACK,
  [0xa7] = KEY_FORWARD,
  [0xa8] = KEY_REFRESH,
  [0xa9] = KEY_STOP,
  [0xaa] = KEY_SEARCH,
  [0xab] = KEY_BOOKMARKS,
  [0xac] = KEY_HOMEPAGE,
  [0xad] = KEY_MUTE,
  [0xae] = KEY_VOLUMEDOWN,
  [0xaf] = KEY_VOLUMEUP,
  [0xb0] = KEY_NEXTSONG,
  [0xb1] = KEY_PREVIOUSSONG,
  [0xb2] = KEY_STOPCD,
  [0xb3] = KEY_PLAYPAUSE,
  [0xb4] = KEY_MAIL,
  [0xb5] = KEY_MEDIA,
  [0xba] = KEY_SEMICOLON,
  [0xbb] = KEY_EQUAL,
  [0xbc] = KEY_COMMA,
  [0xbd] = KEY_MINUS,
  [0xbe] = KEY_DOT,
  [0xbf] = KEY_SLASH,
  [0xc0] = KEY_GRAVE,
  [0xdb] = KEY_LEFTBRACE,
  [0xdc] = KEY_BACKSLASH,
  [0xdd] = KEY_RIGHTBRACE,
  [0xde] = KEY_APOSTROPHE,
  [0xe2] = KEY_102ND,
};

guint
pf_input_key_to_evdev (guint windows)
{
  return keys[windows & 0xff];
}

/* Of two numbers for a key the one that tells left from right. */
guint
pf_input_key_from_evdev (guint evdev)
{
  if (evdev == 0)
    return 0;
  if (evdev == KEY_KPENTER)
    return 0x0d;
  for (guint i = G_N_ELEMENTS (keys); i > 0; i--)
    if (keys[i - 1] == evdev)
      return i - 1;
  return 0;
}

/* ---- Buttons ------------------------------------------------------------ */

static const guint16 buttons[] = {
  [PF_BUTTON_LEFT] = BTN_LEFT,
  [PF_BUTTON_MIDDLE] = BTN_MIDDLE,
  [PF_BUTTON_RIGHT] = BTN_RIGHT,
  [PF_BUTTON_X1] = BTN_SIDE,
  [PF_BUTTON_X2] = BTN_EXTRA,
};

static guint
button_from_evdev (guint evdev)
{
  for (guint i = 1; i < G_N_ELEMENTS (buttons); i++)
    if (buttons[i] == evdev)
      return i;
  return 0;
}

/* ---- From the wire ------------------------------------------------------ */

/* FALSE: there is no surface. */
static gboolean
take_place (const PfMsgInput *msg, PfInput *input)
{
  guint32 width, height;

  pf_msg_input_surface (msg, &width, &height);
  if (width == 0 || height == 0)
    return FALSE;
  input->x = CLAMP ((gdouble) msg->x / width, 0., 1.);
  input->y = CLAMP ((gdouble) msg->y / height, 0., 1.);
  return TRUE;
}

static gboolean
take_key (const PfMsgInput *msg, PfInput *input)
{
  input->kind = PF_INPUT_KEY;
  input->code = pf_input_key_to_evdev (msg->code);
  input->state =
      msg->kind == PF_MSG_INPUT_KEY_DOWN ? PF_INPUT_DOWN : PF_INPUT_UP;
  return input->code != 0;
}

static gboolean
take_button (const PfMsgInput *msg, PfInput *input)
{
  input->kind = PF_INPUT_BUTTON;
  input->state =
      msg->kind == PF_MSG_INPUT_BUTTON_DOWN ? PF_INPUT_DOWN : PF_INPUT_UP;
  if (msg->code == 0 || msg->code >= G_N_ELEMENTS (buttons))
    return FALSE;
  input->code = buttons[msg->code];
  return TRUE;
}

/* The wire counts up, events count down. */
static gboolean
take_scroll (const PfMsgInput *msg, PfInput *input)
{
  input->kind =
      msg->flags & FINE_SCROLL ? PF_INPUT_SCROLL_FINE : PF_INPUT_SCROLL;
  if (msg->code == 0)
    input->y = -(gdouble) msg->x;
  else
    input->x = msg->x;
  return TRUE;
}

static gboolean
take_touch (const PfMsgInput *msg, PfInput *input)
{
  input->kind = PF_INPUT_TOUCH;
  input->code = msg->code;
  input->state = msg->kind == PF_MSG_INPUT_TOUCH_DOWN   ? PF_INPUT_DOWN
                 : msg->kind == PF_MSG_INPUT_TOUCH_MOVE ? PF_INPUT_MOVE
                                                        : PF_INPUT_UP;
  return take_place (msg, input) || input->state == PF_INPUT_UP;
}

gboolean
pf_input_from_message (const PfMsgInput *msg, PfInput *input)
{
  memset (input, 0, sizeof *input);
  switch (msg->kind) {
  case PF_MSG_INPUT_KEY_DOWN:
  case PF_MSG_INPUT_KEY_UP:
    return take_key (msg, input);
  case PF_MSG_INPUT_MOUSE_MOVE:
    input->kind = PF_INPUT_POINTER_REL;
    input->x = msg->x;
    input->y = msg->y;
    return TRUE;
  case PF_MSG_INPUT_MOUSE_ABSOLUTE:
    input->kind = PF_INPUT_POINTER_ABS;
    return take_place (msg, input);
  case PF_MSG_INPUT_BUTTON_DOWN:
  case PF_MSG_INPUT_BUTTON_UP:
    return take_button (msg, input);
  case PF_MSG_INPUT_SCROLL:
    return take_scroll (msg, input);
  case PF_MSG_INPUT_TOUCH_DOWN:
  case PF_MSG_INPUT_TOUCH_MOVE:
  case PF_MSG_INPUT_TOUCH_UP:
    return take_touch (msg, input);
  case PF_MSG_INPUT_TEXT:
    input->kind = PF_INPUT_TEXT;
    input->code = msg->code;
    return TRUE;
  default:
    return FALSE;
  }
}

/* ---- To the wire -------------------------------------------------------- */

static gint32
round_to (gdouble x)
{
  return (gint32) CLAMP (x < 0. ? x - .5 : x + .5, -2e9, 2e9);
}

static void
put_place (const PfInput *input, guint width, guint height, PfMsgInput *msg)
{
  msg->x = round_to (input->x * width);
  msg->y = round_to (input->y * height);
  msg->flags = pf_msg_input_make_surface (width, height);
}

static gboolean
put_touch (const PfInput *input, guint width, guint height, PfMsgInput *msg)
{
  msg->kind = input->state == PF_INPUT_DOWN   ? PF_MSG_INPUT_TOUCH_DOWN
              : input->state == PF_INPUT_MOVE ? PF_MSG_INPUT_TOUCH_MOVE
                                              : PF_MSG_INPUT_TOUCH_UP;
  msg->code = input->code;
  put_place (input, width, height, msg);
  return TRUE;
}

static gboolean
put_scroll (const PfInput *input, PfMsgInput *msg)
{
  msg->kind = PF_MSG_INPUT_SCROLL;
  msg->flags = input->kind == PF_INPUT_SCROLL_FINE ? FINE_SCROLL : 0;
  msg->code = input->y != 0. ? 0 : 1;
  msg->x = input->y != 0. ? round_to (-input->y) : round_to (input->x);
  return msg->x != 0;
}

gboolean
pf_input_to_message (
    const PfInput *input, guint width, guint height, PfMsgInput *msg)
{
  const gboolean down = input->state == PF_INPUT_DOWN;

  memset (msg, 0, sizeof *msg);
  switch (input->kind) {
  case PF_INPUT_KEY:
    msg->kind = down ? PF_MSG_INPUT_KEY_DOWN : PF_MSG_INPUT_KEY_UP;
    msg->code = pf_input_key_from_evdev (input->code);
    return msg->code != 0;
  case PF_INPUT_POINTER_REL:
    msg->kind = PF_MSG_INPUT_MOUSE_MOVE;
    msg->x = round_to (input->x);
    msg->y = round_to (input->y);
    return TRUE;
  case PF_INPUT_POINTER_ABS:
    msg->kind = PF_MSG_INPUT_MOUSE_ABSOLUTE;
    put_place (input, width, height, msg);
    return width > 0 && height > 0;
  case PF_INPUT_BUTTON:
    msg->kind = down ? PF_MSG_INPUT_BUTTON_DOWN : PF_MSG_INPUT_BUTTON_UP;
    msg->code = button_from_evdev (input->code);
    return msg->code != 0;
  case PF_INPUT_SCROLL:
  case PF_INPUT_SCROLL_FINE:
    return put_scroll (input, msg);
  case PF_INPUT_TOUCH:
    return put_touch (input, width, height, msg) && width > 0 && height > 0;
  case PF_INPUT_TEXT:
    msg->kind = PF_MSG_INPUT_TEXT;
    msg->code = input->code;
    return TRUE;
  default:
    return FALSE;
  }
}
