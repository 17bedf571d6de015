/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What the files of the Wayland window share: window-wayland.c has the surfaces,
 * wayland-seat.c keyboard, pointer and touches.
 *
 * Thread-safety: as of window.h.
 */
#ifndef PF_CLIENT_WAYLAND_H
#define PF_CLIENT_WAYLAND_H

#include "keymap.h"
#include "window.h"

#include <wayland-client.h>
#include <wayland-cursor.h>

#define PF_WL_FINGERS 16

/* What came since the last frame of the pointer. */
typedef struct {
  gboolean scrolled, fine;
  gdouble x, y; /* 120ths */
  gboolean have_detents[2];
} PfWlScroll;

typedef struct {
  guint id;
  gboolean down;
  gdouble x, y; /* of the surface */
} PfWlFinger;

typedef struct {
  struct wl_seat *seat;
  uint32_t name; /* of the global */
  struct wl_keyboard *keyboard;
  struct wl_pointer *pointer;
  struct wl_touch *touch;
  PfKeymap *keymap;
  guint layout, modifiers; /* as the keymap counts them */
  gboolean focus, inside;  /* of keyboard, of pointer */
  uint32_t serial;         /* of the pointer's entering */
  PfWlScroll scroll;
  PfWlFinger fingers[PF_WL_FINGERS];
  struct zwp_relative_pointer_v1 *relative;
  struct zwp_locked_pointer_v1 *locked;
  struct zwp_keyboard_shortcuts_inhibitor_v1 *inhibitor;
} PfWlSeat;

typedef struct {
  PfWindow parent;
  GSource *source;
  struct wl_display *display;
  struct wl_registry *registry;
  struct wl_compositor *compositor;
  struct wl_subcompositor *subcompositor;
  struct wl_shm *shm;
  struct xdg_wm_base *shell;
  struct wp_viewporter *viewporter;
  struct zxdg_decoration_manager_v1 *decorations;
  struct zwp_pointer_constraints_v1 *constraints;
  struct zwp_relative_pointer_manager_v1 *relatives;
  struct zwp_keyboard_shortcuts_inhibit_manager_v1 *inhibits;
  struct wp_fractional_scale_manager_v1 *fractionals;
  struct wp_fractional_scale_v1 *fractional;
  guint scale_120;    /* preferred by the desktop, 0: it does not say */
  GPtrArray *screens; /* see wayland-scale.c */
  struct zwp_idle_inhibit_manager_v1 *idles;
  struct zwp_idle_inhibitor_v1 *idle; /* the screen stays on */
  struct wl_surface *surface;
  struct wp_viewport *viewport;
  struct xdg_surface *xdg_surface;
  struct xdg_toplevel *toplevel;
  struct zxdg_toplevel_decoration_v1 *decoration;
  GHashTable *buffers; /* struct wl_buffer that the compositor has */
  gboolean configured, is_fullscreen;
  gint next_width, next_height; /* of the coming configure; 0: ours */
  struct wl_surface *note;      /* text over the picture */
  struct wl_subsurface *note_place;
  struct wl_cursor_theme *cursors;
  struct wl_surface *cursor;
  PfWlSeat seat; /* the first one */
} PfWaylandWindow;

void pf_wl_seat_bind (PfWaylandWindow *w, uint32_t name, uint32_t version);
void pf_wl_seat_clear (PfWaylandWindow *w);
/* How large the surface's units are, in 120ths of a pixel. */
guint pf_wl_scale (const PfWaylandWindow *w);
void pf_wl_scale_watch (PfWaylandWindow *w);
void pf_wl_scale_clear (PfWaylandWindow *w);
void pf_wl_screen_bind (PfWaylandWindow *w, uint32_t name, uint32_t version);
void pf_wl_screen_remove (PfWaylandWindow *w, uint32_t name);
/* Has another number of pixels, perhaps. */
void pf_wl_sized (PfWaylandWindow *w);

/* Carries out what is wished for: caught pointer, keys, cursor. */
void pf_wl_seat_update (PfWaylandWindow *w);

#endif /* PF_CLIENT_WAYLAND_H */
