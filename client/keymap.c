/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Keys of a window system; see keymap.h. */
#include "keymap.h"

#include "input.h"

#include <linux/input-event-codes.h>

#define ABOVE 8 /* keycodes begin there */

struct _PfKeymap {
  struct xkb_context *context;
  struct xkb_keymap *map;
  gboolean evdev; /* its keycodes are evdev's */
};

/* Names that keys have by their place, whatever is written on them. The old
 * numbers differ from evdev's in the arrows. */
static gboolean
counts_as_evdev (struct xkb_keymap *map)
{
  return xkb_keymap_key_by_name (map, "ESC") == KEY_ESC + ABOVE &&
         xkb_keymap_key_by_name (map, "AD01") == KEY_Q + ABOVE &&
         xkb_keymap_key_by_name (map, "UP") == KEY_UP + ABOVE;
}

PfKeymap *
pf_keymap_new (struct xkb_context *context, struct xkb_keymap *map)
{
  PfKeymap *k = g_new0 (PfKeymap, 1);

  k->context = context;
  k->map = map;
  k->evdev = counts_as_evdev (map);
  return k;
}

void
pf_keymap_free (PfKeymap *k)
{
  if (!k)
    return;
  xkb_keymap_unref (k->map);
  xkb_context_unref (k->context);
  g_free (k);
}

static xkb_keysym_t
first_symbol (const PfKeymap *k, guint keycode, guint layout)
{
  const xkb_keysym_t *symbols;
  const xkb_layout_index_t n = xkb_keymap_num_layouts_for_key (k->map, keycode);

  if (n == 0 || xkb_keymap_key_get_syms_by_level (
                    k->map, keycode, layout < n ? layout : 0, 0, &symbols) < 1)
    return XKB_KEY_NoSymbol;
  return symbols[0];
}

guint
pf_keymap_code (const PfKeymap *k, guint keycode)
{
  gchar name[64];

  if (k->evdev)
    return keycode > ABOVE ? keycode - ABOVE : 0;
  if (xkb_keysym_get_name (first_symbol (k, keycode, 0), name, sizeof name) < 1)
    return 0;
  return pf_input_key_code (name);
}

guint
pf_keymap_label (const PfKeymap *k, guint keycode, guint layout)
{
  const xkb_keysym_t symbol =
      xkb_keysym_to_lower (first_symbol (k, keycode, layout));

  return symbol >= XKB_KEY_a && symbol <= XKB_KEY_z ? symbol : 0;
}

guint
pf_keymap_modifiers (const PfKeymap *k, guint mask)
{
  static const struct {
    const gchar *name;
    guint modifier;
  } known[] = {
    { XKB_MOD_NAME_CTRL, PF_WINDOW_CTRL },
    { XKB_MOD_NAME_ALT, PF_WINDOW_ALT },
    { XKB_MOD_NAME_SHIFT, PF_WINDOW_SHIFT },
  };
  guint modifiers = 0;

  for (guint i = 0; i < G_N_ELEMENTS (known); i++) {
    const xkb_mod_index_t index =
        xkb_keymap_mod_get_index (k->map, known[i].name);

    if (index < 32 && mask & 1u << index)
      modifiers |= known[i].modifier;
  }
  return modifiers;
}
