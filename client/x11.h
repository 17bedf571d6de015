/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What the files of the X11 window share: window-x11.c has the window, x11-input.c
 * keyboard, pointer and touches, all by XInput 2.
 *
 * Thread-safety: as of window.h.
 */
#ifndef PF_CLIENT_X11_H
#define PF_CLIENT_X11_H

#include "keymap.h"
#include "window.h"

#include <xcb/xcb.h>

/* xcb-xkb, which keymaps come by, has a member of this name. */
#include <xcb/xinput.h>

/* Of one device. */
typedef struct {
  guint device, number;
  gboolean horizontal;
  gdouble increment; /* of a detent */
  gdouble last;
  gboolean have_last;
} PfX11Scroll;

typedef struct {
  guint device, number;
  gdouble pixels; /* of the screen, for one unit; 0: it counts movement */
  gdouble last;
  gboolean have_last;
} PfX11Axis;

typedef struct {
  PfWindow parent;
  GSource *source;
  xcb_connection_t *connection;
  xcb_screen_t *screen;
  xcb_window_t window;
  xcb_window_t note; /* text over the picture */
  xcb_gcontext_t gc;
  PfWindowNote note_pixels;
  xcb_cursor_t no_cursor;
  guint8 xi_opcode, xkb_event;
  guint16 pointer, keyboard; /* master devices */
  PfKeymap *keymap;
  GArray *scrolls; /* PfX11Scroll */
  GArray *axes;    /* PfX11Axis, those that move the pointer */
  gboolean is_fullscreen, focus;
  gboolean elsewhere; /* the focus was here and is not */
  gboolean managed;   /* by a window manager */
  gboolean caught_pointer, caught_keys;
  guint fingers[16]; /* touch ids + 1; 0: none */
  xcb_atom_t wm_protocols, wm_delete, wm_state, wm_fullscreen, wm_change;
} PfX11Window;

/* NULL, or why there can be no input. */
const gchar *pf_x11_input_init (PfX11Window *w);
void pf_x11_input_clear (PfX11Window *w);
void pf_x11_input_event (PfX11Window *w, xcb_generic_event_t *event);
/* Carries out what is wished for: caught pointer and keys, cursor. */
void pf_x11_input_update (PfX11Window *w);
#endif /* PF_CLIENT_X11_H */
