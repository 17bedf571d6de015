/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* From GstNavigation to PfInput; see input.h. */
#include "input.h"

#include <gst/video/navigation.h>
#include <linux/input-event-codes.h>
#include <string.h>

#define CTRL 1
#define ALT 2
#define SHIFT 4
#define ALL (CTRL | ALT | SHIFT)

/* X names of keys as they are without modifiers on the usual layouts. The
 * window tells names only, so the key in the place of another layout's name
 * is what a US keyboard has there. */
static const struct {
  const gchar *name;
  guint code;
} keys[] = {
  { "Escape", KEY_ESC },
  { "1", KEY_1 },
  { "2", KEY_2 },
  { "3", KEY_3 },
  { "4", KEY_4 },
  { "5", KEY_5 },
  { "6", KEY_6 },
  { "7", KEY_7 },
  { "8", KEY_8 },
  { "9", KEY_9 },
  { "0", KEY_0 },
  { "minus", KEY_MINUS },
  { "equal", KEY_EQUAL },
  { "BackSpace", KEY_BACKSPACE },
  { "Tab", KEY_TAB },
  { "q", KEY_Q },
  { "w", KEY_W },
  { "e", KEY_E },
  { "r", KEY_R },
  { "t", KEY_T },
  { "y", KEY_Y },
  { "u", KEY_U },
  { "i", KEY_I },
  { "o", KEY_O },
  { "p", KEY_P },
  { "bracketleft", KEY_LEFTBRACE },
  { "bracketright", KEY_RIGHTBRACE },
  { "Return", KEY_ENTER },
  { "Control_L", KEY_LEFTCTRL },
  { "a", KEY_A },
  { "s", KEY_S },
  { "d", KEY_D },
  { "f", KEY_F },
  { "g", KEY_G },
  { "h", KEY_H },
  { "j", KEY_J },
  { "k", KEY_K },
  { "l", KEY_L },
  { "semicolon", KEY_SEMICOLON },
  { "apostrophe", KEY_APOSTROPHE },
  { "grave", KEY_GRAVE },
  { "Shift_L", KEY_LEFTSHIFT },
  { "backslash", KEY_BACKSLASH },
  { "z", KEY_Z },
  { "x", KEY_X },
  { "c", KEY_C },
  { "v", KEY_V },
  { "b", KEY_B },
  { "n", KEY_N },
  { "m", KEY_M },
  { "comma", KEY_COMMA },
  { "period", KEY_DOT },
  { "slash", KEY_SLASH },
  { "Shift_R", KEY_RIGHTSHIFT },
  { "KP_Multiply", KEY_KPASTERISK },
  { "Alt_L", KEY_LEFTALT },
  { "space", KEY_SPACE },
  { "Caps_Lock", KEY_CAPSLOCK },
  { "F1", KEY_F1 },
  { "F2", KEY_F2 },
  { "F3", KEY_F3 },
  { "F4", KEY_F4 },
  { "F5", KEY_F5 },
  { "F6", KEY_F6 },
  { "F7", KEY_F7 },
  { "F8", KEY_F8 },
  { "F9", KEY_F9 },
  { "F10", KEY_F10 },
  { "F11", KEY_F11 },
  { "F12", KEY_F12 },
  { "Num_Lock", KEY_NUMLOCK },
  { "Scroll_Lock", KEY_SCROLLLOCK },
  { "KP_Home", KEY_KP7 },
  { "KP_Up", KEY_KP8 },
  { "KP_Prior", KEY_KP9 },
  { "KP_Subtract", KEY_KPMINUS },
  { "KP_Left", KEY_KP4 },
  { "KP_Begin", KEY_KP5 },
  { "KP_Right", KEY_KP6 },
  { "KP_Add", KEY_KPPLUS },
  { "KP_End", KEY_KP1 },
  { "KP_Down", KEY_KP2 },
  { "KP_Next", KEY_KP3 },
  { "KP_Insert", KEY_KP0 },
  { "KP_Delete", KEY_KPDOT },
  { "less", KEY_102ND },
  { "KP_Enter", KEY_KPENTER },
  { "Control_R", KEY_RIGHTCTRL },
  { "KP_Divide", KEY_KPSLASH },
  { "Print", KEY_SYSRQ },
  { "Alt_R", KEY_RIGHTALT },
  { "ISO_Level3_Shift", KEY_RIGHTALT },
  { "Home", KEY_HOME },
  { "Up", KEY_UP },
  { "Prior", KEY_PAGEUP },
  { "Page_Up", KEY_PAGEUP },
  { "Left", KEY_LEFT },
  { "Right", KEY_RIGHT },
  { "End", KEY_END },
  { "Down", KEY_DOWN },
  { "Next", KEY_PAGEDOWN },
  { "Page_Down", KEY_PAGEDOWN },
  { "Insert", KEY_INSERT },
  { "Delete", KEY_DELETE },
  { "Pause", KEY_PAUSE },
  { "Super_L", KEY_LEFTMETA },
  { "Super_R", KEY_RIGHTMETA },
  { "Menu", KEY_COMPOSE },
};

guint
pf_input_key_code (const gchar *name)
{
  const gchar lower[] = { g_ascii_tolower (name[0]), '\0' };

  /* Some windows tell the letter that was typed, not the key. */
  if (name[0] && !name[1])
    name = lower;
  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    if (g_str_equal (keys[i].name, name))
      return keys[i].code;
  return 0;
}

/* ---- Keys ---------------------------------------------------------------- */

static guint
modifier_of (guint code)
{
  switch (code) {
  case KEY_LEFTCTRL:
  case KEY_RIGHTCTRL:
    return CTRL;
  case KEY_LEFTALT:
  case KEY_RIGHTALT:
    return ALT;
  case KEY_LEFTSHIFT:
  case KEY_RIGHTSHIFT:
    return SHIFT;
  default:
    return 0;
  }
}

static PfHotkey
hotkey_of (guint code)
{
  switch (code) {
  case KEY_Q:
    return PF_HOTKEY_QUIT;
  case KEY_Z:
    return PF_HOTKEY_CAPTURE;
  case KEY_S:
    return PF_HOTKEY_STATS;
  case KEY_M:
    return PF_HOTKEY_MOUSE;
  default:
    return PF_HOTKEY_NONE;
  }
}

/* TRUE if the host has to hear of it: a key goes down once, and up only if it
 * went down there. */
static gboolean
note_held (PfKeyboard *k, guint code, gboolean down)
{
  for (guint i = 0; i < k->n_held; i++) {
    if (k->held[i] != code)
      continue;
    if (!down)
      k->held[i] = k->held[--k->n_held];
    return !down;
  }
  if (!down || k->n_held == G_N_ELEMENTS (k->held))
    return FALSE;
  k->held[k->n_held++] = code;
  return TRUE;
}

static guint
release_all (PfKeyboard *k, PfInput out[2])
{
  k->n_held = 0;
  out[0] = (PfInput){ .kind = PF_INPUT_RELEASE };
  return 1;
}

static guint
on_hotkey (PfKeyboard *k, PfHotkey hotkey, guint code, PfInput out[2])
{
  k->swallow = code;
  if (hotkey == PF_HOTKEY_CAPTURE)
    k->local = !k->local;
  if (hotkey == PF_HOTKEY_MOUSE) {
    k->relative = !k->relative;
    k->have_place = FALSE;
  }
  /* The host has seen Ctrl, Alt and Shift go down. */
  return release_all (k, out);
}

static guint
on_key (PfKeyboard *k, const gchar *name, gboolean down, PfInput out[2],
    PfHotkey *hotkey)
{
  const guint code = pf_input_key_code (name), modifier = modifier_of (code);

  if (code == 0)
    return 0;
  if (down)
    k->modifiers |= modifier;
  else
    k->modifiers &= ~modifier;
  if (down && (k->modifiers & ALL) == ALL && hotkey_of (code)) {
    *hotkey = hotkey_of (code);
    return on_hotkey (k, *hotkey, code, out);
  }
  if (k->swallow == code) {
    if (!down)
      k->swallow = 0;
    return 0;
  }
  if (k->local || !note_held (k, code, down))
    return 0;
  out[0] = (PfInput){ .kind = PF_INPUT_KEY,
    .code = code,
    .state = down ? PF_INPUT_DOWN : PF_INPUT_UP };
  return 1;
}

/* ---- Pointer ------------------------------------------------------------- */

static guint
on_move (PfKeyboard *k, gdouble x, gdouble y, guint width, guint height,
    PfInput *out)
{
  const gdouble dx = x - k->x, dy = y - k->y;
  const gboolean had = k->have_place;

  k->x = x;
  k->y = y;
  k->have_place = TRUE;
  if (k->local || width == 0 || height == 0)
    return 0;
  if (k->relative) {
    *out = (PfInput){ .kind = PF_INPUT_POINTER_REL, .x = dx, .y = dy };
    return had && (dx != 0 || dy != 0);
  }
  *out = (PfInput){ .kind = PF_INPUT_POINTER_ABS,
    .x = CLAMP (x / width, 0, 1),
    .y = CLAMP (y / height, 0, 1) };
  return 1;
}

static guint
on_button (PfKeyboard *k, gint button, gboolean down, PfInput *out)
{
  static const guint codes[] = { 0, BTN_LEFT, BTN_MIDDLE, BTN_RIGHT, 0, 0, 0, 0,
    BTN_SIDE, BTN_EXTRA };

  if (k->local)
    return 0;
  /* X has buttons 4 to 7 for the wheel. */
  if (button >= 4 && button <= 7) {
    *out = (PfInput){ .kind = PF_INPUT_SCROLL,
      .x = button == 6   ? -120
           : button == 7 ? 120
                         : 0,
      .y = button == 4   ? -120
           : button == 5 ? 120
                         : 0 };
    return down;
  }
  if (button < 1 || button >= (gint) G_N_ELEMENTS (codes))
    return 0;
  *out = (PfInput){ .kind = PF_INPUT_BUTTON,
    .code = codes[button],
    .state = down ? PF_INPUT_DOWN : PF_INPUT_UP };
  return note_held (k, codes[button], down);
}

static guint
on_scroll (PfKeyboard *k, gdouble x, gdouble y, PfInput *out)
{
  if (k->local || (x == 0 && y == 0))
    return 0;
  *out = (PfInput){ .kind = PF_INPUT_SCROLL, .x = x * 120, .y = -y * 120 };
  return 1;
}

guint
pf_input_translate (PfKeyboard *k, GstEvent *event, guint width, guint height,
    PfInput out[2], PfHotkey *hotkey)
{
  const gchar *name;
  gdouble x, y, dx, dy;
  gint button;

  *hotkey = PF_HOTKEY_NONE;
  switch (gst_navigation_event_get_type (event)) {
  case GST_NAVIGATION_EVENT_KEY_PRESS:
  case GST_NAVIGATION_EVENT_KEY_RELEASE:
    if (!gst_navigation_event_parse_key_event (event, &name) || !name)
      return 0;
    return on_key (k, name,
        gst_navigation_event_get_type (event) == GST_NAVIGATION_EVENT_KEY_PRESS,
        out, hotkey);
  case GST_NAVIGATION_EVENT_MOUSE_MOVE:
    if (!gst_navigation_event_parse_mouse_move_event (event, &x, &y))
      return 0;
    return on_move (k, x, y, width, height, out);
  case GST_NAVIGATION_EVENT_MOUSE_BUTTON_PRESS:
  case GST_NAVIGATION_EVENT_MOUSE_BUTTON_RELEASE:
    if (!gst_navigation_event_parse_mouse_button_event (event, &button, &x, &y))
      return 0;
    return on_button (k, button,
        gst_navigation_event_get_type (event) ==
            GST_NAVIGATION_EVENT_MOUSE_BUTTON_PRESS,
        out);
  case GST_NAVIGATION_EVENT_MOUSE_SCROLL:
    if (!gst_navigation_event_parse_mouse_scroll_event (
            event, &x, &y, &dx, &dy))
      return 0;
    return on_scroll (k, dx, dy, out);
  default:
    return 0;
  }
}
