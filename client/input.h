/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * From what a window reports to what a host takes (PfInput), and the key
 * combinations that stay here. What the host believes pressed is known here,
 * so that nothing stays pressed there.
 */
#ifndef PF_CLIENT_INPUT_H
#define PF_CLIENT_INPUT_H

#include "window.h"

/* Moonlight's: Ctrl+Alt+Shift and a letter. */
typedef enum {
  PF_HOTKEY_NONE,
  PF_HOTKEY_QUIT,       /* Q */
  PF_HOTKEY_CAPTURE,    /* Z: give input to the host or keep it */
  PF_HOTKEY_FULLSCREEN, /* X */
  PF_HOTKEY_STATS,      /* S */
  PF_HOTKEY_MOUSE,      /* M: relative or absolute */
  PF_HOTKEY_CURSOR,     /* C: show this desktop's */
  PF_HOTKEY_MINIMISE,   /* D */
} PfHotkey;

#define PF_HELD_MAX 64
#define PF_FINGERS_MAX 16

typedef struct {
  guint held[PF_HELD_MAX]; /* evdev codes that the host believes pressed */
  guint n_held;
  guint fingers[PF_FINGERS_MAX]; /* that it believes down */
  guint n_fingers;
  guint modifiers;   /* of the combination */
  gboolean local;    /* input is kept here */
  gboolean relative; /* the pointer's movement, not its place */
  gboolean have_place;
  gdouble x, y;             /* last place, of a window that knows only that */
  gdouble rest_x, rest_y;   /* of movement: less than the wire can say */
  gdouble wheel_x, wheel_y; /* of scrolling, likewise */
  guint swallow;            /* key whose release must not reach the host */
} PfKeyboard;

/* What the host is to hear, in order. */
typedef struct {
  guint n;
  PfInput list[PF_HELD_MAX + PF_FINGERS_MAX + 4];
} PfInputs;

/* The evdev code of an X key name; 0 if there is none. */
guint pf_input_key_code (const gchar *name);

/* Begins INPUTS anew. Returns what the user asked of this program. */
PfHotkey pf_input_from_window (
    PfKeyboard *state, const PfWindowEvent *event, PfInputs *inputs);

/* The same from a sink with a window of its own, which tells less. WIDTH,
 * HEIGHT: of the picture. */
PfHotkey pf_input_from_navigation (PfKeyboard *state, GstEvent *event,
    guint width, guint height, PfInputs *inputs);

/* Everything that is held is let go. */
void pf_input_release (PfKeyboard *state, PfInputs *inputs);

#endif /* PF_CLIENT_INPUT_H */
