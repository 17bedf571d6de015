/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Keyboard, pointer and touches of the X11 window; see x11.h. XInput 2 tells
 * what the core protocol does not: movement at the screen's edge, parts of a
 * wheel's detent, touches.
 */
#include "x11.h"

#include <linux/input-event-codes.h>
#include <stdlib.h>
#include <xcb/xkb.h>
#include <xkbcommon/xkbcommon-x11.h>

/* Kinds of XInput 2 events, as masks. */
#define DEVICE_EVENTS                                                          \
  (XCB_INPUT_XI_EVENT_MASK_KEY_PRESS | XCB_INPUT_XI_EVENT_MASK_KEY_RELEASE |   \
      XCB_INPUT_XI_EVENT_MASK_BUTTON_PRESS |                                   \
      XCB_INPUT_XI_EVENT_MASK_BUTTON_RELEASE |                                 \
      XCB_INPUT_XI_EVENT_MASK_MOTION | XCB_INPUT_XI_EVENT_MASK_ENTER |         \
      XCB_INPUT_XI_EVENT_MASK_FOCUS_IN | XCB_INPUT_XI_EVENT_MASK_FOCUS_OUT |   \
      XCB_INPUT_XI_EVENT_MASK_TOUCH_BEGIN |                                    \
      XCB_INPUT_XI_EVENT_MASK_TOUCH_UPDATE |                                   \
      XCB_INPUT_XI_EVENT_MASK_TOUCH_END |                                      \
      XCB_INPUT_XI_EVENT_MASK_DEVICE_CHANGED)
#define POINTER_EVENTS                                                         \
  (XCB_INPUT_XI_EVENT_MASK_BUTTON_PRESS |                                      \
      XCB_INPUT_XI_EVENT_MASK_BUTTON_RELEASE | XCB_INPUT_XI_EVENT_MASK_MOTION)
#define KEY_EVENTS                                                             \
  (XCB_INPUT_XI_EVENT_MASK_KEY_PRESS | XCB_INPUT_XI_EVENT_MASK_KEY_RELEASE)

static void
notify (PfX11Window *w, const PfWindowEvent *event)
{
  pf_window_notify (&w->parent, event);
}

static gdouble
from_fp1616 (xcb_input_fp1616_t value)
{
  return value / 65536.;
}

static gdouble
from_fp3232 (xcb_input_fp3232_t value)
{
  return value.integral + value.frac / 4294967296.;
}

/* ---- Devices ---------------------------------------------------------------- */

static void
add_axis (PfX11Window *w, guint device, const xcb_input_valuator_class_t *class)
{
  const gdouble range = from_fp3232 (class->max) - from_fp3232 (class->min) + 1;
  PfX11Axis axis = { .device = device, .number = class->number };

  if (class->number > 1)
    return;
  if (class->mode == XCB_INPUT_VALUATOR_MODE_ABSOLUTE && range > 1)
    axis.pixels = (class->number == 0 ? w->screen->width_in_pixels
                                      : w->screen->height_in_pixels) /
                  range;
  g_array_append_val (w->axes, axis);
}

static void
add_scroll (PfX11Window *w, guint device, const xcb_input_scroll_class_t *class)
{
  const PfX11Scroll scroll = {
    .device = device,
    .number = class->number,
    .horizontal = class->scroll_type == XCB_INPUT_SCROLL_TYPE_HORIZONTAL,
    .increment = from_fp3232 (class->increment),
  };

  if (scroll.increment != 0)
    g_array_append_val (w->scrolls, scroll);
}

static void
read_classes (PfX11Window *w, const xcb_input_xi_device_info_t *device)
{
  xcb_input_device_class_iterator_t i =
      xcb_input_xi_device_info_classes_iterator (device);

  for (; i.rem; xcb_input_device_class_next (&i)) {
    const void *class = i.data;

    if (i.data->type == XCB_INPUT_DEVICE_CLASS_TYPE_VALUATOR)
      add_axis (w, device->deviceid, class);
    if (i.data->type == XCB_INPUT_DEVICE_CLASS_TYPE_SCROLL)
      add_scroll (w, device->deviceid, class);
  }
}

/* Which devices there are, and what their numbers mean. */
static void
read_devices (PfX11Window *w)
{
  xcb_input_xi_query_device_reply_t *reply = xcb_input_xi_query_device_reply (
      w->connection,
      xcb_input_xi_query_device (w->connection, XCB_INPUT_DEVICE_ALL), NULL);
  xcb_input_xi_device_info_iterator_t i;

  g_array_set_size (w->scrolls, 0);
  g_array_set_size (w->axes, 0);
  if (!reply)
    return;
  for (i = xcb_input_xi_query_device_infos_iterator (reply); i.rem;
       xcb_input_xi_device_info_next (&i)) {
    if (i.data->type == XCB_INPUT_DEVICE_TYPE_MASTER_POINTER && !w->pointer) {
      w->pointer = i.data->deviceid;
      w->keyboard = i.data->attachment;
    }
    if (i.data->type == XCB_INPUT_DEVICE_TYPE_SLAVE_POINTER)
      read_classes (w, i.data);
  }
  free (reply);
}

/* After a while elsewhere the devices count from somewhere else. */
static void
forget_places (PfX11Window *w)
{
  for (guint i = 0; i < w->scrolls->len; i++)
    g_array_index (w->scrolls, PfX11Scroll, i).have_last = FALSE;
  for (guint i = 0; i < w->axes->len; i++)
    g_array_index (w->axes, PfX11Axis, i).have_last = FALSE;
}

/* ---- Keyboard ----------------------------------------------------------------- */

static void
read_keymap (PfX11Window *w)
{
  const int32_t device = xkb_x11_get_core_keyboard_device_id (w->connection);
  struct xkb_context *context = xkb_context_new (XKB_CONTEXT_NO_FLAGS);
  struct xkb_keymap *map =
      context && device >= 0
          ? xkb_x11_keymap_new_from_device (
                context, w->connection, device, XKB_KEYMAP_COMPILE_NO_FLAGS)
          : NULL;

  if (!map) {
    xkb_context_unref (context);
    return;
  }
  pf_keymap_free (w->keymap);
  w->keymap = pf_keymap_new (context, map);
}

static gboolean
open_keymap (PfX11Window *w)
{
  const guint16 wanted =
      XCB_XKB_EVENT_TYPE_NEW_KEYBOARD_NOTIFY | XCB_XKB_EVENT_TYPE_MAP_NOTIFY;
  const guint16 parts = 0xff;

  if (!xkb_x11_setup_xkb_extension (w->connection,
          XKB_X11_MIN_MAJOR_XKB_VERSION, XKB_X11_MIN_MINOR_XKB_VERSION,
          XKB_X11_SETUP_XKB_EXTENSION_NO_FLAGS, NULL, NULL, &w->xkb_event,
          NULL))
    return FALSE;
  xcb_xkb_select_events (w->connection, XCB_XKB_ID_USE_CORE_KBD, wanted, 0,
      wanted, parts, parts, NULL);
  read_keymap (w);
  return w->keymap != NULL;
}

static void
on_key (PfX11Window *w, const xcb_input_key_press_event_t *event)
{
  PfWindowEvent e = { .kind = PF_WINDOW_KEY };

  e.state =
      event->event_type == XCB_INPUT_KEY_PRESS ? PF_INPUT_DOWN : PF_INPUT_UP;
  /* Caught keys come until the server hears that they are no longer wanted:
   * what is typed elsewhere is not for the host. */
  if (w->elsewhere && e.state == PF_INPUT_DOWN)
    return;
  e.code = pf_keymap_code (w->keymap, event->detail);
  e.label = pf_keymap_label (w->keymap, event->detail, event->group.effective);
  e.modifiers = pf_keymap_modifiers (w->keymap, event->mods.base);
  if (!(event->flags & XCB_INPUT_KEY_EVENT_FLAGS_KEY_REPEAT))
    notify (w, &e);
}

static void
on_focus (PfX11Window *w, const xcb_input_focus_in_event_t *event)
{
  const gboolean focus = event->event_type == XCB_INPUT_FOCUS_IN;
  const PfWindowEvent e = { .kind = PF_WINDOW_FOCUS,
    .state = focus ? PF_INPUT_DOWN : PF_INPUT_UP };

  /* Our own grabs come this way too. */
  if (event->mode == XCB_INPUT_NOTIFY_MODE_GRAB ||
      event->mode == XCB_INPUT_NOTIFY_MODE_UNGRAB || focus == w->focus)
    return;
  w->focus = focus;
  w->elsewhere = !focus;
  forget_places (w);
  notify (w, &e);
  pf_x11_input_update (w);
}

/* ---- Pointer ------------------------------------------------------------------- */

static void
on_button (PfX11Window *w, const xcb_input_button_press_event_t *event)
{
  static const guint codes[] = { 0, BTN_LEFT, BTN_MIDDLE, BTN_RIGHT, 0, 0, 0, 0,
    BTN_SIDE, BTN_EXTRA };
  const gboolean down = event->event_type == XCB_INPUT_BUTTON_PRESS;
  const guint button = event->detail;
  PfWindowEvent e = { .kind = PF_WINDOW_BUTTON,
    .state = down ? PF_INPUT_DOWN : PF_INPUT_UP };

  /* Of what was scrolled by numbers already. */
  if (event->flags & XCB_INPUT_POINTER_EVENT_FLAGS_POINTER_EMULATED)
    return;
  if (button >= 4 && button <= 7) {
    e = (PfWindowEvent){ .kind = PF_WINDOW_SCROLL };
    e.x = button == 6 ? -120 : button == 7 ? 120 : 0;
    e.y = button == 4 ? -120 : button == 5 ? 120 : 0;
    if (down)
      notify (w, &e);
  } else if (button < G_N_ELEMENTS (codes) && codes[button]) {
    e.code = codes[button];
    notify (w, &e);
  }
}

/* Calls for each of the numbers that came: the bits say which they are. */
typedef void (*OnNumber) (PfX11Window *w, guint device, guint number,
    gdouble value, PfWindowEvent *event);

static void
each_number (PfX11Window *w, guint device, const uint32_t *mask, gint words,
    const xcb_input_fp3232_t *values, gint n_values, OnNumber on_number,
    PfWindowEvent *event)
{
  gint next = 0;

  for (gint i = 0; i < words * 32 && next < n_values; i++)
    if (mask[i / 32] & 1u << i % 32)
      on_number (w, device, (guint) i, from_fp3232 (values[next++]), event);
}

static void
on_scroll_number (PfX11Window *w, guint device, guint number, gdouble value,
    PfWindowEvent *event)
{
  for (guint i = 0; i < w->scrolls->len; i++) {
    PfX11Scroll *s = &g_array_index (w->scrolls, PfX11Scroll, i);
    gdouble *sum = s->horizontal ? &event->x : &event->y;

    if (s->device != device || s->number != number)
      continue;
    if (s->have_last)
      *sum += (value - s->last) * 120 / s->increment;
    s->last = value;
    s->have_last = TRUE;
  }
}

static void
on_motion (PfX11Window *w, const xcb_input_motion_event_t *event)
{
  PfWindowEvent scroll = { .kind = PF_WINDOW_SCROLL };
  PfWindowEvent place = { .kind = PF_WINDOW_PLACE };

  each_number (w, event->sourceid, xcb_input_button_press_valuator_mask (event),
      xcb_input_button_press_valuator_mask_length (event),
      xcb_input_button_press_axisvalues (event),
      xcb_input_button_press_axisvalues_length (event), on_scroll_number,
      &scroll);
  if (scroll.x != 0 || scroll.y != 0)
    notify (w, &scroll);
  if (w->caught_pointer)
    return;
  pf_window_place (&w->parent, from_fp1616 (event->event_x),
      from_fp1616 (event->event_y), &place);
  notify (w, &place);
}

static void
on_axis_number (PfX11Window *w, guint device, guint number, gdouble value,
    PfWindowEvent *event)
{
  for (guint i = 0; i < w->axes->len; i++) {
    PfX11Axis *a = &g_array_index (w->axes, PfX11Axis, i);
    gdouble *sum = number == 0 ? &event->x : &event->y;

    if (a->device != device || a->number != number)
      continue;
    if (a->pixels == 0)
      *sum += value;
    else if (a->have_last)
      *sum += (value - a->last) * a->pixels;
    a->last = value;
    a->have_last = TRUE;
  }
}

/* As the mouse says it: the host has an acceleration of its own. */
static void
on_raw_motion (PfX11Window *w, const xcb_input_raw_motion_event_t *event)
{
  PfWindowEvent move = { .kind = PF_WINDOW_MOVE };

  each_number (w, event->sourceid,
      xcb_input_raw_button_press_valuator_mask (event),
      xcb_input_raw_button_press_valuator_mask_length (event),
      xcb_input_raw_button_press_axisvalues_raw (event),
      xcb_input_raw_button_press_axisvalues_raw_length (event), on_axis_number,
      &move);
  if (w->caught_pointer && (move.x != 0 || move.y != 0))
    notify (w, &move);
}

/* ---- Touches -------------------------------------------------------------------- */

static guint *
find_finger (PfX11Window *w, guint id)
{
  for (guint i = 0; i < G_N_ELEMENTS (w->fingers); i++)
    if (w->fingers[i] == id)
      return &w->fingers[i];
  return NULL;
}

static void
on_touch (PfX11Window *w, const xcb_input_touch_begin_event_t *event)
{
  const gboolean begins = event->event_type == XCB_INPUT_TOUCH_BEGIN;
  const gboolean ends = event->event_type == XCB_INPUT_TOUCH_END;
  guint *finger = find_finger (w, begins ? 0 : event->detail + 1);
  PfWindowEvent e = { .kind = PF_WINDOW_TOUCH, .state = PF_INPUT_MOVE };

  if (!finger)
    return;
  *finger = ends ? 0 : event->detail + 1;
  if (begins || ends)
    e.state = begins ? PF_INPUT_DOWN : PF_INPUT_UP;
  e.code = (guint) (finger - w->fingers);
  pf_window_place (&w->parent, from_fp1616 (event->event_x),
      from_fp1616 (event->event_y), &e);
  notify (w, &e);
}

/* ---- Events ---------------------------------------------------------------------- */

static void
on_device_event (PfX11Window *w, const xcb_ge_generic_event_t *event)
{
  const void *any = event;

  switch (event->event_type) {
  case XCB_INPUT_KEY_PRESS:
  case XCB_INPUT_KEY_RELEASE:
    on_key (w, any);
    break;
  case XCB_INPUT_BUTTON_PRESS:
  case XCB_INPUT_BUTTON_RELEASE:
    on_button (w, any);
    break;
  case XCB_INPUT_MOTION:
    on_motion (w, any);
    break;
  case XCB_INPUT_RAW_MOTION:
    on_raw_motion (w, any);
    break;
  case XCB_INPUT_TOUCH_BEGIN:
  case XCB_INPUT_TOUCH_UPDATE:
  case XCB_INPUT_TOUCH_END:
    on_touch (w, any);
    break;
  case XCB_INPUT_FOCUS_IN:
  case XCB_INPUT_FOCUS_OUT:
    on_focus (w, any);
    break;
  case XCB_INPUT_ENTER:
    forget_places (w);
    break;
  case XCB_INPUT_DEVICE_CHANGED:
    if (((const xcb_input_device_changed_event_t *) any)->reason ==
        XCB_INPUT_CHANGE_REASON_DEVICE_CHANGE)
      read_devices (w);
    break;
  default:
    break;
  }
}

void
pf_x11_input_event (PfX11Window *w, xcb_generic_event_t *event)
{
  const guint type = event->response_type & 0x7f;
  const xcb_ge_generic_event_t *generic = (const void *) event;

  if (type == XCB_GE_GENERIC && generic->extension == w->xi_opcode)
    on_device_event (w, generic);
  else if (type == w->xkb_event)
    read_keymap (w);
}

/* ---- Wishes ------------------------------------------------------------------------ */

static gboolean
grab (PfX11Window *w, guint16 device, guint32 events, xcb_cursor_t cursor)
{
  xcb_input_xi_grab_device_reply_t *reply =
      xcb_input_xi_grab_device_reply (w->connection,
          xcb_input_xi_grab_device (w->connection, w->window, XCB_CURRENT_TIME,
              cursor, device, XCB_INPUT_GRAB_MODE_22_ASYNC,
              XCB_INPUT_GRAB_MODE_22_ASYNC, XCB_INPUT_GRAB_OWNER_NO_OWNER, 1,
              &events),
          NULL);
  const gboolean ok = reply && reply->status == XCB_GRAB_STATUS_SUCCESS;

  free (reply);
  return ok;
}

static void
ungrab (PfX11Window *w, guint16 device)
{
  xcb_input_xi_ungrab_device (w->connection, XCB_CURRENT_TIME, device);
}

static void
select_events (PfX11Window *w, xcb_window_t window, guint32 events)
{
  struct {
    xcb_input_event_mask_t head;
    guint32 events;
  } mask = { { XCB_INPUT_DEVICE_ALL_MASTER, 1 }, events };

  xcb_input_xi_select_events (w->connection, window, 1, &mask.head);
}

/* Where it stays: it comes back there. */
static void
leave_in_the_middle (PfX11Window *w)
{
  xcb_warp_pointer (w->connection, XCB_NONE, w->window, 0, 0, 0, 0,
      (gint16) (w->parent.width / 2), (gint16) (w->parent.height / 2));
}

static void
catch_pointer (PfX11Window *w, gboolean wanted)
{
  if (wanted == w->caught_pointer)
    return;
  if (wanted) {
    w->caught_pointer = grab (w, w->pointer, POINTER_EVENTS, w->no_cursor);
  } else {
    ungrab (w, w->pointer);
    w->caught_pointer = FALSE;
  }
  forget_places (w);
  leave_in_the_middle (w);
  select_events (w, w->screen->root,
      w->caught_pointer ? XCB_INPUT_XI_EVENT_MASK_RAW_MOTION : 0);
}

static void
catch_keys (PfX11Window *w, gboolean wanted)
{
  if (wanted == w->caught_keys)
    return;
  if (wanted)
    w->caught_keys = grab (w, w->keyboard, KEY_EVENTS, XCB_NONE);
  else
    ungrab (w, w->keyboard);
  w->caught_keys = w->caught_keys && wanted;
}

void
pf_x11_input_update (PfX11Window *w)
{
  const guint32 cursor = w->parent.hide_cursor ? w->no_cursor : XCB_NONE;

  catch_pointer (w, w->parent.catch_pointer && w->focus);
  catch_keys (w, w->parent.catch_keys && w->focus);
  xcb_change_window_attributes (
      w->connection, w->window, XCB_CW_CURSOR, &cursor);
}

static void
make_no_cursor (PfX11Window *w)
{
  const xcb_pixmap_t pixmap = xcb_generate_id (w->connection);
  const guint32 zero = 0;
  xcb_gcontext_t gc;

  xcb_create_pixmap (w->connection, 1, pixmap, w->window, 1, 1);
  gc = xcb_generate_id (w->connection);
  xcb_create_gc (w->connection, gc, pixmap, XCB_GC_FOREGROUND, &zero);
  xcb_poly_fill_rectangle (
      w->connection, pixmap, gc, 1, &(const xcb_rectangle_t){ 0, 0, 1, 1 });
  w->no_cursor = xcb_generate_id (w->connection);
  xcb_create_cursor (
      w->connection, w->no_cursor, pixmap, pixmap, 0, 0, 0, 0, 0, 0, 0, 0);
  xcb_free_gc (w->connection, gc);
  xcb_free_pixmap (w->connection, pixmap);
}

const gchar *
pf_x11_input_init (PfX11Window *w)
{
  const xcb_query_extension_reply_t *extension =
      xcb_get_extension_data (w->connection, &xcb_input_id);
  xcb_input_xi_query_version_reply_t *version;
  gboolean known;

  w->scrolls = g_array_new (FALSE, TRUE, sizeof (PfX11Scroll));
  w->axes = g_array_new (FALSE, TRUE, sizeof (PfX11Axis));
  if (!extension || !extension->present)
    return "the X server has no XInput";
  w->xi_opcode = extension->major_opcode;
  version = xcb_input_xi_query_version_reply (
      w->connection, xcb_input_xi_query_version (w->connection, 2, 2), NULL);
  known = version &&
          (version->major_version > 2 ||
              (version->major_version == 2 && version->minor_version >= 2));
  free (version);
  if (!known)
    return "the X server has no XInput 2.2";
  if (!open_keymap (w))
    return "the X server does not tell its keyboard";
  read_devices (w);
  make_no_cursor (w);
  select_events (w, w->window, DEVICE_EVENTS);
  return NULL;
}

void
pf_x11_input_clear (PfX11Window *w)
{
  g_clear_pointer (&w->keymap, pf_keymap_free);
  g_clear_pointer (&w->scrolls, g_array_unref);
  g_clear_pointer (&w->axes, g_array_unref);
}
