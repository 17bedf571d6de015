/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Keyboard, pointer and touches of the Wayland window; see wayland.h. */
#include "wayland.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "keyboard-shortcuts-inhibit-unstable-v1-client-protocol.h"
#include "pointer-constraints-unstable-v1-client-protocol.h"
#include "relative-pointer-unstable-v1-client-protocol.h"

#define CURSOR_SIZE 24
/* A wheel's detent moves pages by so much, and so do surfaces without one. */
#define DETENT 15.
#define NEWEST 8 /* of wl_seat, that we know */

static void
notify (PfWaylandWindow *w, const PfWindowEvent *event)
{
  pf_window_notify (&w->parent, event);
}

/* ---- Keyboard ---------------------------------------------------------------- */

static PfKeymap *
read_keymap (int fd, uint32_t size)
{
  struct xkb_context *context = xkb_context_new (XKB_CONTEXT_NO_FLAGS);
  struct xkb_keymap *map = NULL;
  char *text = mmap (NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);

  if (context && text != MAP_FAILED)
    map = xkb_keymap_new_from_buffer (context, text, strnlen (text, size),
        XKB_KEYMAP_FORMAT_TEXT_V1, XKB_KEYMAP_COMPILE_NO_FLAGS);
  if (text != MAP_FAILED)
    munmap (text, size);
  if (!map) {
    xkb_context_unref (context);
    return NULL;
  }
  return pf_keymap_new (context, map);
}

static void
on_keymap (void *data, struct wl_keyboard *keyboard, uint32_t format, int fd,
    uint32_t size)
{
  PfWaylandWindow *w = data;
  PfKeymap *keymap = format == WL_KEYBOARD_KEYMAP_FORMAT_XKB_V1
                         ? read_keymap (fd, size)
                         : NULL;

  (void) keyboard;
  close (fd);
  if (!keymap)
    return;
  pf_keymap_free (w->seat.keymap);
  w->seat.keymap = keymap;
}

static void
set_focus (PfWaylandWindow *w, gboolean focus)
{
  const PfWindowEvent event = { .kind = PF_WINDOW_FOCUS,
    .state = focus ? PF_INPUT_DOWN : PF_INPUT_UP };

  w->seat.focus = focus;
  notify (w, &event);
}

/* Keys that are down already belong to whoever had the focus. */
static void
on_enter (void *data, struct wl_keyboard *keyboard, uint32_t serial,
    struct wl_surface *surface, struct wl_array *keys)
{
  PfWaylandWindow *w = data;

  (void) keyboard;
  (void) serial;
  (void) keys;
  if (surface == w->surface)
    set_focus (w, TRUE);
}

static void
on_leave (void *data, struct wl_keyboard *keyboard, uint32_t serial,
    struct wl_surface *surface)
{
  (void) keyboard;
  (void) serial;
  (void) surface;
  set_focus (data, FALSE);
}

static void
on_key (void *data, struct wl_keyboard *keyboard, uint32_t serial,
    uint32_t time, uint32_t key, uint32_t state)
{
  PfWaylandWindow *w = data;
  PfWindowEvent event = { .kind = PF_WINDOW_KEY, .code = key };

  (void) keyboard;
  (void) serial;
  (void) time;
  event.state =
      state == WL_KEYBOARD_KEY_STATE_PRESSED ? PF_INPUT_DOWN : PF_INPUT_UP;
  if (w->seat.keymap && key < G_MAXUINT32 - 8) {
    event.code = pf_keymap_code (w->seat.keymap, key + 8);
    event.label = pf_keymap_label (w->seat.keymap, key + 8, w->seat.layout);
    event.modifiers = pf_keymap_modifiers (w->seat.keymap, w->seat.modifiers);
  }
  if (w->seat.focus)
    notify (w, &event);
}

static void
on_modifiers (void *data, struct wl_keyboard *keyboard, uint32_t serial,
    uint32_t depressed, uint32_t latched, uint32_t locked, uint32_t group)
{
  PfWaylandWindow *w = data;

  (void) keyboard;
  (void) serial;
  (void) latched;
  (void) locked;
  w->seat.modifiers = depressed;
  w->seat.layout = group;
}

static void
on_repeat_info (
    void *data, struct wl_keyboard *keyboard, int32_t rate, int32_t delay)
{
  (void) data;
  (void) keyboard;
  (void) rate;
  (void) delay;
}

static const struct wl_keyboard_listener keyboard_listener = {
  .keymap = on_keymap,
  .enter = on_enter,
  .leave = on_leave,
  .key = on_key,
  .modifiers = on_modifiers,
  .repeat_info = on_repeat_info,
};

/* ---- Pointer ------------------------------------------------------------------ */

static void
show_cursor (PfWaylandWindow *w)
{
  struct wl_cursor *shape;
  struct wl_cursor_image *image;

  if (!w->cursors)
    w->cursors = wl_cursor_theme_load (NULL, CURSOR_SIZE, w->shm);
  shape =
      w->cursors ? wl_cursor_theme_get_cursor (w->cursors, "left_ptr") : NULL;
  if (!shape)
    return;
  image = shape->images[0];
  if (!w->cursor)
    w->cursor = wl_compositor_create_surface (w->compositor);
  wl_surface_attach (w->cursor, wl_cursor_image_get_buffer (image), 0, 0);
  wl_surface_damage_buffer (w->cursor, 0, 0, G_MAXINT32, G_MAXINT32);
  wl_surface_commit (w->cursor);
  wl_pointer_set_cursor (w->seat.pointer, w->seat.serial, w->cursor,
      (int32_t) image->hotspot_x, (int32_t) image->hotspot_y);
}

static void
update_cursor (PfWaylandWindow *w)
{
  if (!w->seat.pointer || !w->seat.inside)
    return;
  if (w->parent.hide_cursor || w->parent.catch_pointer)
    wl_pointer_set_cursor (w->seat.pointer, w->seat.serial, NULL, 0, 0);
  else
    show_cursor (w);
}

static void
on_pointer_motion (void *data, struct wl_pointer *pointer, uint32_t time,
    wl_fixed_t x, wl_fixed_t y)
{
  PfWaylandWindow *w = data;
  PfWindowEvent event = { .kind = PF_WINDOW_PLACE };

  (void) pointer;
  (void) time;
  pf_window_place (
      &w->parent, wl_fixed_to_double (x), wl_fixed_to_double (y), &event);
  notify (w, &event);
}

static void
on_pointer_enter (void *data, struct wl_pointer *pointer, uint32_t serial,
    struct wl_surface *surface, wl_fixed_t x, wl_fixed_t y)
{
  PfWaylandWindow *w = data;

  if (surface != w->surface)
    return;
  w->seat.inside = TRUE;
  w->seat.serial = serial;
  update_cursor (w);
  on_pointer_motion (data, pointer, 0, x, y);
}

static void
on_pointer_leave (void *data, struct wl_pointer *pointer, uint32_t serial,
    struct wl_surface *surface)
{
  PfWaylandWindow *w = data;

  (void) pointer;
  (void) serial;
  (void) surface;
  w->seat.inside = FALSE;
}

static void
on_pointer_button (void *data, struct wl_pointer *pointer, uint32_t serial,
    uint32_t time, uint32_t button, uint32_t state)
{
  PfWindowEvent event = { .kind = PF_WINDOW_BUTTON, .code = button };

  (void) pointer;
  (void) serial;
  (void) time;
  event.state =
      state == WL_POINTER_BUTTON_STATE_PRESSED ? PF_INPUT_DOWN : PF_INPUT_UP;
  notify (data, &event);
}

/* ---- Scrolling, up to the frame -------------------------------------------------- */

static gdouble *
scroll_axis (PfWaylandWindow *w, uint32_t axis)
{
  return axis == WL_POINTER_AXIS_HORIZONTAL_SCROLL ? &w->seat.scroll.x
                                                   : &w->seat.scroll.y;
}

static void
set_detents (PfWaylandWindow *w, uint32_t axis, gdouble value)
{
  if (axis > WL_POINTER_AXIS_HORIZONTAL_SCROLL)
    return;
  w->seat.scroll.scrolled = TRUE;
  w->seat.scroll.have_detents[axis] = TRUE;
  *scroll_axis (w, axis) = value;
}

static void
on_frame (void *data, struct wl_pointer *pointer)
{
  PfWaylandWindow *w = data;
  const PfWlScroll *s = &w->seat.scroll;
  const PfWindowEvent event = {
    .kind = PF_WINDOW_SCROLL, .x = s->x, .y = s->y, .fine = s->fine
  };

  (void) pointer;
  if (s->scrolled)
    notify (w, &event);
  w->seat.scroll = (PfWlScroll){ 0 };
}

/* Distances come with detents and without; detents come before them or behind
 * them. */
static void
on_axis (void *data, struct wl_pointer *pointer, uint32_t time, uint32_t axis,
    wl_fixed_t value)
{
  PfWaylandWindow *w = data;

  (void) time;
  if (axis > WL_POINTER_AXIS_HORIZONTAL_SCROLL)
    return;
  w->seat.scroll.scrolled = TRUE;
  if (!w->seat.scroll.have_detents[axis])
    *scroll_axis (w, axis) += wl_fixed_to_double (value) * 120 / DETENT;
  if (wl_proxy_get_version ((struct wl_proxy *) pointer) <
      WL_POINTER_FRAME_SINCE_VERSION)
    on_frame (data, pointer);
}

static void
on_axis_source (void *data, struct wl_pointer *pointer, uint32_t source)
{
  PfWaylandWindow *w = data;

  (void) pointer;
  w->seat.scroll.fine = source == WL_POINTER_AXIS_SOURCE_FINGER ||
                        source == WL_POINTER_AXIS_SOURCE_CONTINUOUS;
}

static void
on_axis_stop (
    void *data, struct wl_pointer *pointer, uint32_t time, uint32_t axis)
{
  (void) data;
  (void) pointer;
  (void) time;
  (void) axis;
}

static void
on_axis_discrete (
    void *data, struct wl_pointer *pointer, uint32_t axis, int32_t steps)
{
  (void) pointer;
  set_detents (data, axis, 120. * steps);
}

static void
on_axis_value120 (
    void *data, struct wl_pointer *pointer, uint32_t axis, int32_t value)
{
  (void) pointer;
  set_detents (data, axis, value);
}

static const struct wl_pointer_listener pointer_listener = {
  .enter = on_pointer_enter,
  .leave = on_pointer_leave,
  .motion = on_pointer_motion,
  .button = on_pointer_button,
  .axis = on_axis,
  .frame = on_frame,
  .axis_source = on_axis_source,
  .axis_stop = on_axis_stop,
  .axis_discrete = on_axis_discrete,
  .axis_value120 = on_axis_value120,
};

/* As the mouse says it: the host has an acceleration of its own. */
static void
on_relative (void *data, struct zwp_relative_pointer_v1 *relative,
    uint32_t time_high, uint32_t time_low, wl_fixed_t dx, wl_fixed_t dy,
    wl_fixed_t raw_dx, wl_fixed_t raw_dy)
{
  PfWaylandWindow *w = data;
  const PfWindowEvent event = { .kind = PF_WINDOW_MOVE,
    .x = wl_fixed_to_double (raw_dx),
    .y = wl_fixed_to_double (raw_dy) };

  (void) relative;
  (void) time_high;
  (void) time_low;
  (void) dx;
  (void) dy;
  if (w->parent.catch_pointer && w->seat.focus)
    notify (w, &event);
}

static const struct zwp_relative_pointer_v1_listener relative_listener = {
  on_relative
};

/* ---- Touches -------------------------------------------------------------------- */

static PfWlFinger *
find_finger (PfWaylandWindow *w, int32_t id, gboolean make)
{
  PfWlFinger *empty = NULL;

  for (guint i = 0; i < PF_WL_FINGERS; i++) {
    PfWlFinger *f = &w->seat.fingers[i];

    if (f->down && f->id == (guint) id)
      return f;
    if (!f->down && !empty)
      empty = f;
  }
  if (!make || !empty)
    return NULL;
  *empty = (PfWlFinger){ .id = (guint) id, .down = TRUE };
  return empty;
}

static void
notify_finger (PfWaylandWindow *w, const PfWlFinger *f, PfInputState state)
{
  PfWindowEvent event = { .kind = PF_WINDOW_TOUCH, .state = state };

  event.code = (guint) (f - w->seat.fingers);
  pf_window_place (&w->parent, f->x, f->y, &event);
  notify (w, &event);
}

static void
on_touch_down (void *data, struct wl_touch *touch, uint32_t serial,
    uint32_t time, struct wl_surface *surface, int32_t id, wl_fixed_t x,
    wl_fixed_t y)
{
  PfWaylandWindow *w = data;
  PfWlFinger *f = surface == w->surface ? find_finger (w, id, TRUE) : NULL;

  (void) touch;
  (void) serial;
  (void) time;
  if (!f)
    return;
  f->x = wl_fixed_to_double (x);
  f->y = wl_fixed_to_double (y);
  notify_finger (w, f, PF_INPUT_DOWN);
}

static void
on_touch_motion (void *data, struct wl_touch *touch, uint32_t time, int32_t id,
    wl_fixed_t x, wl_fixed_t y)
{
  PfWaylandWindow *w = data;
  PfWlFinger *f = find_finger (w, id, FALSE);

  (void) touch;
  (void) time;
  if (!f)
    return;
  f->x = wl_fixed_to_double (x);
  f->y = wl_fixed_to_double (y);
  notify_finger (w, f, PF_INPUT_MOVE);
}

static void
on_touch_up (void *data, struct wl_touch *touch, uint32_t serial, uint32_t time,
    int32_t id)
{
  PfWaylandWindow *w = data;
  PfWlFinger *f = find_finger (w, id, FALSE);

  (void) touch;
  (void) serial;
  (void) time;
  if (!f)
    return;
  notify_finger (w, f, PF_INPUT_UP);
  f->down = FALSE;
}

static void
on_touch_cancel (void *data, struct wl_touch *touch)
{
  PfWaylandWindow *w = data;

  (void) touch;
  for (guint i = 0; i < PF_WL_FINGERS; i++) {
    if (w->seat.fingers[i].down)
      notify_finger (w, &w->seat.fingers[i], PF_INPUT_CANCEL);
    w->seat.fingers[i].down = FALSE;
  }
}

static void
on_touch_frame (void *data, struct wl_touch *touch)
{
  (void) data;
  (void) touch;
}

static void
on_touch_shape (void *data, struct wl_touch *touch, int32_t id,
    wl_fixed_t major, wl_fixed_t minor)
{
  (void) data;
  (void) touch;
  (void) id;
  (void) major;
  (void) minor;
}

static void
on_touch_orientation (
    void *data, struct wl_touch *touch, int32_t id, wl_fixed_t orientation)
{
  (void) data;
  (void) touch;
  (void) id;
  (void) orientation;
}

static const struct wl_touch_listener touch_listener = {
  .down = on_touch_down,
  .up = on_touch_up,
  .motion = on_touch_motion,
  .frame = on_touch_frame,
  .cancel = on_touch_cancel,
  .shape = on_touch_shape,
  .orientation = on_touch_orientation,
};

/* ---- The seat -------------------------------------------------------------------- */

static void
clear_pointer (PfWlSeat *s)
{
  g_clear_pointer (&s->locked, zwp_locked_pointer_v1_destroy);
  g_clear_pointer (&s->relative, zwp_relative_pointer_v1_destroy);
  if (s->pointer &&
      wl_pointer_get_version (s->pointer) >= WL_POINTER_RELEASE_SINCE_VERSION)
    wl_pointer_release (s->pointer);
  else if (s->pointer)
    wl_pointer_destroy (s->pointer);
  s->pointer = NULL;
  s->inside = FALSE;
}

static void
clear_keyboard (PfWaylandWindow *w)
{
  PfWlSeat *s = &w->seat;

  if (s->keyboard && s->focus)
    set_focus (w, FALSE);
  g_clear_pointer (&s->inhibitor, zwp_keyboard_shortcuts_inhibitor_v1_destroy);
  if (s->keyboard && wl_keyboard_get_version (s->keyboard) >=
                         WL_KEYBOARD_RELEASE_SINCE_VERSION)
    wl_keyboard_release (s->keyboard);
  else if (s->keyboard)
    wl_keyboard_destroy (s->keyboard);
  s->keyboard = NULL;
  g_clear_pointer (&s->keymap, pf_keymap_free);
}

static void
clear_touch (PfWaylandWindow *w)
{
  PfWlSeat *s = &w->seat;

  if (!s->touch)
    return;
  on_touch_cancel (w, s->touch);
  if (wl_touch_get_version (s->touch) >= WL_TOUCH_RELEASE_SINCE_VERSION)
    wl_touch_release (s->touch);
  else
    wl_touch_destroy (s->touch);
  s->touch = NULL;
}

static void
on_capabilities (void *data, struct wl_seat *seat, uint32_t capabilities)
{
  PfWaylandWindow *w = data;
  PfWlSeat *s = &w->seat;

  if (!(capabilities & WL_SEAT_CAPABILITY_KEYBOARD)) {
    clear_keyboard (w);
  } else if (!s->keyboard) {
    s->keyboard = wl_seat_get_keyboard (seat);
    wl_keyboard_add_listener (s->keyboard, &keyboard_listener, w);
  }
  if (!(capabilities & WL_SEAT_CAPABILITY_POINTER)) {
    clear_pointer (s);
  } else if (!s->pointer) {
    s->pointer = wl_seat_get_pointer (seat);
    wl_pointer_add_listener (s->pointer, &pointer_listener, w);
  }
  if (!(capabilities & WL_SEAT_CAPABILITY_TOUCH)) {
    clear_touch (w);
  } else if (!s->touch) {
    s->touch = wl_seat_get_touch (seat);
    wl_touch_add_listener (s->touch, &touch_listener, w);
  }
  pf_wl_seat_update (w);
}

static void
on_name (void *data, struct wl_seat *seat, const char *name)
{
  (void) data;
  (void) seat;
  (void) name;
}

static const struct wl_seat_listener seat_listener = {
  on_capabilities,
  on_name,
};

void
pf_wl_seat_bind (PfWaylandWindow *w, uint32_t name, uint32_t version)
{
  w->seat.name = name;
  w->seat.seat = wl_registry_bind (
      w->registry, name, &wl_seat_interface, MIN (version, NEWEST));
  wl_seat_add_listener (w->seat.seat, &seat_listener, w);
}

void
pf_wl_seat_clear (PfWaylandWindow *w)
{
  clear_touch (w);
  clear_pointer (&w->seat);
  clear_keyboard (w);
  if (w->seat.seat &&
      wl_seat_get_version (w->seat.seat) >= WL_SEAT_RELEASE_SINCE_VERSION)
    wl_seat_release (w->seat.seat);
  else if (w->seat.seat)
    wl_seat_destroy (w->seat.seat);
  w->seat.seat = NULL;
}

/* The lock holds whenever the window has the focus, until it is given up. */
static void
catch_pointer (PfWaylandWindow *w)
{
  PfWlSeat *s = &w->seat;

  if (!w->constraints || !w->relatives || !s->pointer)
    return;
  if (!s->relative) {
    s->relative = zwp_relative_pointer_manager_v1_get_relative_pointer (
        w->relatives, s->pointer);
    zwp_relative_pointer_v1_add_listener (s->relative, &relative_listener, w);
  }
  if (!s->locked)
    s->locked =
        zwp_pointer_constraints_v1_lock_pointer (w->constraints, w->surface,
            s->pointer, NULL, ZWP_POINTER_CONSTRAINTS_V1_LIFETIME_PERSISTENT);
}

void
pf_wl_seat_update (PfWaylandWindow *w)
{
  PfWlSeat *s = &w->seat;

  if (!w->surface)
    return;
  if (w->parent.catch_pointer) {
    catch_pointer (w);
  } else {
    g_clear_pointer (&s->locked, zwp_locked_pointer_v1_destroy);
    g_clear_pointer (&s->relative, zwp_relative_pointer_v1_destroy);
  }
  if (!w->parent.catch_keys)
    g_clear_pointer (
        &s->inhibitor, zwp_keyboard_shortcuts_inhibitor_v1_destroy);
  else if (!s->inhibitor && w->inhibits && s->seat)
    s->inhibitor = zwp_keyboard_shortcuts_inhibit_manager_v1_inhibit_shortcuts (
        w->inhibits, w->surface, s->seat);
  update_cursor (w);
}
