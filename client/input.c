/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* From windows to PfInput; see input.h. */
#include "input.h"

#include <gst/video/navigation.h>
#include <linux/input-event-codes.h>
#include <string.h>

#define ALL (PF_WINDOW_CTRL | PF_WINDOW_ALT | PF_WINDOW_SHIFT)

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

/* ---- What the host believes ---------------------------------------------- */

static void
add (PfInputs *inputs, const PfInput *input)
{
  if (inputs->n < G_N_ELEMENTS (inputs->list))
    inputs->list[inputs->n++] = *input;
}

static gboolean
is_button (guint code)
{
  return code >= BTN_MISC && code < KEY_OK;
}

static void
add_press (PfInputs *inputs, guint code, gboolean down)
{
  const PfInput input = {
    .kind = is_button (code) ? PF_INPUT_BUTTON : PF_INPUT_KEY,
    .code = code,
    .state = down ? PF_INPUT_DOWN : PF_INPUT_UP,
  };

  add (inputs, &input);
}

/* TRUE if the host has to hear of it: a key goes down once, and up only if it
 * went down there. */
static gboolean
note_held (guint *held, guint *n, guint max, guint code, gboolean down)
{
  for (guint i = 0; i < *n; i++) {
    if (held[i] != code)
      continue;
    if (!down)
      held[i] = held[--*n];
    return !down;
  }
  if (!down || *n == max)
    return FALSE;
  held[(*n)++] = code;
  return TRUE;
}

static void
press (PfKeyboard *k, guint code, gboolean down, PfInputs *inputs)
{
  if (!k->local && note_held (k->held, &k->n_held, PF_HELD_MAX, code, down))
    add_press (inputs, code, down);
}

void
pf_input_release (PfKeyboard *k, PfInputs *inputs)
{
  inputs->n = 0;
  /* The last one first, so that no combination changes its meaning. */
  while (k->n_held > 0)
    add_press (inputs, k->held[--k->n_held], FALSE);
  while (k->n_fingers > 0) {
    const PfInput up = { .kind = PF_INPUT_TOUCH,
      .code = k->fingers[--k->n_fingers],
      .state = PF_INPUT_UP };

    add (inputs, &up);
  }
}

/* ---- Keys ---------------------------------------------------------------- */

static guint
modifier_of (guint code)
{
  switch (code) {
  case KEY_LEFTCTRL:
  case KEY_RIGHTCTRL:
    return PF_WINDOW_CTRL;
  case KEY_LEFTALT:
  case KEY_RIGHTALT:
    return PF_WINDOW_ALT;
  case KEY_LEFTSHIFT:
  case KEY_RIGHTSHIFT:
    return PF_WINDOW_SHIFT;
  default:
    return 0;
  }
}

static const struct {
  guint label, code;
  PfHotkey hotkey;
} hotkeys[] = {
  { 'q', KEY_Q, PF_HOTKEY_QUIT },
  { 'z', KEY_Z, PF_HOTKEY_CAPTURE },
  { 'x', KEY_X, PF_HOTKEY_FULLSCREEN },
  { 's', KEY_S, PF_HOTKEY_STATS },
  { 'm', KEY_M, PF_HOTKEY_MOUSE },
  { 'c', KEY_C, PF_HOTKEY_CURSOR },
  { 'd', KEY_D, PF_HOTKEY_MINIMISE },
};

/* By what is written on the key; where that is no letter of ours, by its place
 * on a US keyboard. */
static PfHotkey
hotkey_of (guint label, guint code)
{
  for (guint i = 0; i < G_N_ELEMENTS (hotkeys); i++)
    if (label ? hotkeys[i].label == label : hotkeys[i].code == code)
      return hotkeys[i].hotkey;
  return PF_HOTKEY_NONE;
}

static PfHotkey
on_hotkey (PfKeyboard *k, PfHotkey hotkey, guint code, PfInputs *inputs)
{
  k->swallow = code;
  /* The host has seen Ctrl, Alt and Shift go down. */
  pf_input_release (k, inputs);
  if (hotkey == PF_HOTKEY_CAPTURE)
    k->local = !k->local;
  if (hotkey == PF_HOTKEY_MOUSE) {
    k->relative = !k->relative;
    k->have_place = FALSE;
  }
  return hotkey;
}

static PfHotkey
on_key (PfKeyboard *k, const PfWindowEvent *event, PfInputs *inputs)
{
  const gboolean down = event->state == PF_INPUT_DOWN;
  const guint modifier = modifier_of (event->code);
  const PfHotkey hotkey = hotkey_of (event->label, event->code);

  if (event->code == 0)
    return PF_HOTKEY_NONE;
  if (down)
    k->modifiers |= modifier;
  else
    k->modifiers &= ~modifier;
  if (k->swallow == event->code) {
    if (!down)
      k->swallow = 0;
    return PF_HOTKEY_NONE;
  }
  if (down && ((k->modifiers | event->modifiers) & ALL) == ALL && hotkey)
    return on_hotkey (k, hotkey, event->code, inputs);
  press (k, event->code, down, inputs);
  return PF_HOTKEY_NONE;
}

static void
on_focus (PfKeyboard *k, PfInputs *inputs)
{
  pf_input_release (k, inputs);
  k->modifiers = 0;
  k->swallow = 0;
  k->have_place = FALSE;
}

/* ---- Pointer and touches ------------------------------------------------- */

/* What is whole goes, the rest waits for more. */
static gdouble
take_whole (gdouble *rest, gdouble more)
{
  gdouble whole;

  *rest += more;
  whole = *rest < 0 ? -(gdouble) (guint) - *rest : (gdouble) (guint) *rest;
  *rest -= whole;
  return whole;
}

static void
on_place (PfKeyboard *k, const PfWindowEvent *event, PfInputs *inputs)
{
  const PfInput input = {
    .kind = PF_INPUT_POINTER_ABS, .x = event->x, .y = event->y
  };

  if (!k->local && !k->relative)
    add (inputs, &input);
}

static void
on_move (PfKeyboard *k, const PfWindowEvent *event, PfInputs *inputs)
{
  PfInput input = { .kind = PF_INPUT_POINTER_REL };

  if (k->local)
    return;
  input.x = take_whole (&k->rest_x, CLAMP (event->x, -30000, 30000));
  input.y = take_whole (&k->rest_y, CLAMP (event->y, -30000, 30000));
  if (input.x != 0 || input.y != 0)
    add (inputs, &input);
}

/* One direction each: the wire says no more at once. */
static void
on_scroll (PfKeyboard *k, const PfWindowEvent *event, PfInputs *inputs)
{
  const guint kind = event->fine ? PF_INPUT_SCROLL_FINE : PF_INPUT_SCROLL;
  PfInput x = { .kind = kind }, y = { .kind = kind };

  if (k->local)
    return;
  x.x = take_whole (&k->wheel_x, CLAMP (event->x, -30000, 30000));
  y.y = take_whole (&k->wheel_y, CLAMP (event->y, -30000, 30000));
  if (y.y != 0)
    add (inputs, &y);
  if (x.x != 0)
    add (inputs, &x);
}

static gboolean
is_down (const PfKeyboard *k, guint finger)
{
  for (guint i = 0; i < k->n_fingers; i++)
    if (k->fingers[i] == finger)
      return TRUE;
  return FALSE;
}

static void
on_touch (PfKeyboard *k, const PfWindowEvent *event, PfInputs *inputs)
{
  const PfInput input = { .kind = PF_INPUT_TOUCH,
    .code = event->code,
    .state = event->state,
    .x = event->x,
    .y = event->y };

  if (k->local)
    return;
  if (event->state == PF_INPUT_MOVE
          ? is_down (k, event->code)
          : note_held (k->fingers, &k->n_fingers, PF_FINGERS_MAX, event->code,
                event->state == PF_INPUT_DOWN))
    add (inputs, &input);
}

PfHotkey
pf_input_from_window (
    PfKeyboard *k, const PfWindowEvent *event, PfInputs *inputs)
{
  inputs->n = 0;
  switch (event->kind) {
  case PF_WINDOW_KEY:
    return on_key (k, event, inputs);
  case PF_WINDOW_PLACE:
    on_place (k, event, inputs);
    break;
  case PF_WINDOW_MOVE:
    on_move (k, event, inputs);
    break;
  case PF_WINDOW_BUTTON:
    press (k, event->code, event->state == PF_INPUT_DOWN, inputs);
    break;
  case PF_WINDOW_SCROLL:
    on_scroll (k, event, inputs);
    break;
  case PF_WINDOW_TOUCH:
    on_touch (k, event, inputs);
    break;
  case PF_WINDOW_FOCUS:
    on_focus (k, inputs);
    break;
  case PF_WINDOW_SIZE:
    break;
  case PF_WINDOW_CLOSE:
    return PF_HOTKEY_QUIT;
  }
  return PF_HOTKEY_NONE;
}

/* ---- Sinks with a window of their own ------------------------------------ */

/* A place, or the way from the one before. */
static gboolean
moved (PfKeyboard *k, gdouble x, gdouble y, guint width, guint height,
    PfWindowEvent *e)
{
  const gdouble dx = x - k->x, dy = y - k->y;
  const gboolean had = k->have_place;

  k->x = x;
  k->y = y;
  k->have_place = TRUE;
  if (width == 0 || height == 0)
    return FALSE;
  if (k->relative)
    *e = (PfWindowEvent){ .kind = PF_WINDOW_MOVE, .x = dx, .y = dy };
  else
    *e = (PfWindowEvent){ .kind = PF_WINDOW_PLACE,
      .x = CLAMP (x / width, 0, 1),
      .y = CLAMP (y / height, 0, 1) };
  return had || !k->relative;
}

/* X has buttons 4 to 7 for the wheel. */
static gboolean
pressed (gint button, gboolean down, PfWindowEvent *e)
{
  static const guint codes[] = { 0, BTN_LEFT, BTN_MIDDLE, BTN_RIGHT, 0, 0, 0, 0,
    BTN_SIDE, BTN_EXTRA };

  if (button >= 4 && button <= 7) {
    *e = (PfWindowEvent){ .kind = PF_WINDOW_SCROLL };
    e->x = button == 6 ? -120 : button == 7 ? 120 : 0;
    e->y = button == 4 ? -120 : button == 5 ? 120 : 0;
    return down;
  }
  if (button < 1 || button >= (gint) G_N_ELEMENTS (codes))
    return FALSE;
  *e = (PfWindowEvent){ .kind = PF_WINDOW_BUTTON,
    .code = codes[button],
    .state = down ? PF_INPUT_DOWN : PF_INPUT_UP };
  return TRUE;
}

/* FALSE: nothing of ours. */
static gboolean
read_navigation (
    PfKeyboard *k, GstEvent *event, guint width, guint height, PfWindowEvent *e)
{
  const GstNavigationEventType type = gst_navigation_event_get_type (event);
  const gchar *name;
  gdouble x, y, dx, dy;
  gint button;

  switch (type) {
  case GST_NAVIGATION_EVENT_KEY_PRESS:
  case GST_NAVIGATION_EVENT_KEY_RELEASE:
    if (!gst_navigation_event_parse_key_event (event, &name) || !name)
      return FALSE;
    *e = (PfWindowEvent){ .kind = PF_WINDOW_KEY,
      .code = pf_input_key_code (name),
      .state = type == GST_NAVIGATION_EVENT_KEY_PRESS ? PF_INPUT_DOWN
                                                      : PF_INPUT_UP };
    return TRUE;
  case GST_NAVIGATION_EVENT_MOUSE_MOVE:
    return gst_navigation_event_parse_mouse_move_event (event, &x, &y) &&
           moved (k, x, y, width, height, e);
  case GST_NAVIGATION_EVENT_MOUSE_BUTTON_PRESS:
  case GST_NAVIGATION_EVENT_MOUSE_BUTTON_RELEASE:
    return gst_navigation_event_parse_mouse_button_event (
               event, &button, &x, &y) &&
           pressed (button, type == GST_NAVIGATION_EVENT_MOUSE_BUTTON_PRESS, e);
  case GST_NAVIGATION_EVENT_MOUSE_SCROLL:
    if (!gst_navigation_event_parse_mouse_scroll_event (
            event, &x, &y, &dx, &dy))
      return FALSE;
    *e = (PfWindowEvent){
      .kind = PF_WINDOW_SCROLL, .x = dx * 120, .y = -dy * 120
    };
    return TRUE;
  default:
    return FALSE;
  }
}

PfHotkey
pf_input_from_navigation (
    PfKeyboard *k, GstEvent *event, guint width, guint height, PfInputs *inputs)
{
  PfWindowEvent e = { 0 };

  inputs->n = 0;
  if (!read_navigation (k, event, width, height, &e))
    return PF_HOTKEY_NONE;
  return pf_input_from_window (k, &e, inputs);
}
