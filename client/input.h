/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * From what a window reports (GstNavigation) to what a host takes (PfInput),
 * and the key combinations that stay here.
 */
#ifndef PF_CLIENT_INPUT_H
#define PF_CLIENT_INPUT_H

#include "pf-events.h"

/* Moonlight's: Ctrl+Alt+Shift and a letter. */
typedef enum {
  PF_HOTKEY_NONE,
  PF_HOTKEY_QUIT,    /* Q */
  PF_HOTKEY_CAPTURE, /* Z: give input to the host or keep it */
  PF_HOTKEY_STATS,   /* S */
  PF_HOTKEY_MOUSE,   /* M: relative or absolute */
} PfHotkey;

typedef struct {
  guint held[64]; /* evdev codes of keys that the host believes pressed */
  guint n_held;
  guint modifiers;   /* of the combination */
  gboolean local;    /* input is kept here */
  gboolean relative; /* the pointer's movement, not its place */
  gboolean have_place;
  gdouble x, y;  /* last place */
  guint swallow; /* key whose release must not reach the host */
} PfKeyboard;

/* The evdev code of an X key name; 0 if there is none. */
guint pf_input_key_code (const gchar *name);

/* Turns an event into at most 2 inputs; returns how many. WIDTH, HEIGHT: of
 * the picture. HOTKEY is what the user asked of this program. */
guint pf_input_translate (PfKeyboard *state, GstEvent *event, guint width,
    guint height, PfInput out[2], PfHotkey *hotkey);

#endif /* PF_CLIENT_INPUT_H */
