/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Keys of a window system as evdev codes, and what is written on them.
 *
 * Thread-safety: one thread per keymap.
 */
#ifndef PF_CLIENT_KEYMAP_H
#define PF_CLIENT_KEYMAP_H

#include <glib.h>
#include <xkbcommon/xkbcommon.h>

typedef struct _PfKeymap PfKeymap;

/* Takes over both. */
PfKeymap *pf_keymap_new (struct xkb_context *context, struct xkb_keymap *map);
void pf_keymap_free (PfKeymap *keymap);

/* KEYCODE counts as X does, 8 above evdev. 0: unknown. Where the map's numbers
 * are not those of evdev (old X servers, keyboards on the screen) the key's
 * name counts. */
guint pf_keymap_code (const PfKeymap *keymap, guint keycode);

/* The letter, a to z, that the key types in that layout; or 0. */
guint pf_keymap_label (const PfKeymap *keymap, guint keycode, guint layout);

/* PF_WINDOW_CTRL and so on, of a mask of the keymap's modifiers. */
guint pf_keymap_modifiers (const PfKeymap *keymap, guint mask);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PfKeymap, pf_keymap_free)

#endif /* PF_CLIENT_KEYMAP_H */
