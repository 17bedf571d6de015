/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * How many pixels a unit of the surface is: as the desktop prefers it, in 120ths
 * (wp_fractional_scale_v1), or else as the largest scale of the screens that
 * show the surface.
 */
#include "wayland.h"

#include "fractional-scale-v1-client-protocol.h"

typedef struct {
  PfWaylandWindow *window;
  struct wl_output *output;
  uint32_t name; /* of the global */
  gint scale;
  gboolean shows; /* the surface, or a part of it */
} Screen;

static void
screen_free (gpointer data)
{
  Screen *s = data;

  wl_output_destroy (s->output);
  g_free (s);
}

guint
pf_wl_scale (const PfWaylandWindow *w)
{
  guint scale = 0;

  for (guint i = 0; w->screens && i < w->screens->len && !w->scale_120; i++) {
    const Screen *s = g_ptr_array_index (w->screens, i);

    if (s->shows)
      scale = MAX (scale, (guint) MAX (s->scale, 1) * 120);
  }
  if (w->scale_120)
    scale = w->scale_120;
  return scale ? scale : 120;
}

/* ---- Screens ---------------------------------------------------------------- */

static void
on_geometry (void *data, struct wl_output *output, int32_t x, int32_t y,
    int32_t width_mm, int32_t height_mm, int32_t subpixel, const char *make,
    const char *model, int32_t transform)
{
  (void) data;
  (void) output;
  (void) x;
  (void) y;
  (void) width_mm;
  (void) height_mm;
  (void) subpixel;
  (void) make;
  (void) model;
  (void) transform;
}

static void
on_mode (void *data, struct wl_output *output, uint32_t flags, int32_t width,
    int32_t height, int32_t refresh)
{
  (void) data;
  (void) output;
  (void) flags;
  (void) width;
  (void) height;
  (void) refresh;
}

static void
on_done (void *data, struct wl_output *output)
{
  const Screen *s = data;

  (void) output;
  if (s->shows)
    pf_wl_sized (s->window);
}

static void
on_scale (void *data, struct wl_output *output, int32_t factor)
{
  (void) output;
  ((Screen *) data)->scale = factor;
}

static const struct wl_output_listener screen_listener = {
  .geometry = on_geometry,
  .mode = on_mode,
  .done = on_done,
  .scale = on_scale,
};

void
pf_wl_screen_bind (PfWaylandWindow *w, uint32_t name, uint32_t version)
{
  Screen *s;

  if (version < 2)
    return; /* knows of no scale */
  if (!w->screens)
    w->screens = g_ptr_array_new_with_free_func (screen_free);
  s = g_new0 (Screen, 1);
  s->window = w;
  s->name = name;
  s->scale = 1;
  s->output = wl_registry_bind (w->registry, name, &wl_output_interface, 2);
  wl_output_add_listener (s->output, &screen_listener, s);
  g_ptr_array_add (w->screens, s);
}

void
pf_wl_screen_remove (PfWaylandWindow *w, uint32_t name)
{
  for (guint i = 0; w->screens && i < w->screens->len; i++)
    if (((Screen *) g_ptr_array_index (w->screens, i))->name == name) {
      g_ptr_array_remove_index (w->screens, i);
      pf_wl_sized (w);
      return;
    }
}

/* ---- The surface ------------------------------------------------------------- */

static void
show (PfWaylandWindow *w, struct wl_output *output, gboolean shows)
{
  for (guint i = 0; w->screens && i < w->screens->len; i++) {
    Screen *s = g_ptr_array_index (w->screens, i);

    if (s->output == output)
      s->shows = shows;
  }
  pf_wl_sized (w);
}

static void
on_enter (void *data, struct wl_surface *surface, struct wl_output *output)
{
  (void) surface;
  show (data, output, TRUE);
}

static void
on_leave (void *data, struct wl_surface *surface, struct wl_output *output)
{
  (void) surface;
  show (data, output, FALSE);
}

static const struct wl_surface_listener surface_listener = {
  .enter = on_enter,
  .leave = on_leave,
};

static void
on_preferred (
    void *data, struct wp_fractional_scale_v1 *fractional, uint32_t scale)
{
  PfWaylandWindow *w = data;

  (void) fractional;
  w->scale_120 = scale;
  pf_wl_sized (w);
}

static const struct wp_fractional_scale_v1_listener fractional_listener = {
  .preferred_scale = on_preferred,
};

void
pf_wl_scale_watch (PfWaylandWindow *w)
{
  wl_surface_add_listener (w->surface, &surface_listener, w);
  if (!w->fractionals)
    return;
  w->fractional = wp_fractional_scale_manager_v1_get_fractional_scale (
      w->fractionals, w->surface);
  wp_fractional_scale_v1_add_listener (w->fractional, &fractional_listener, w);
}

void
pf_wl_scale_clear (PfWaylandWindow *w)
{
  g_clear_pointer (&w->fractional, wp_fractional_scale_v1_destroy);
  g_clear_pointer (&w->fractionals, wp_fractional_scale_manager_v1_destroy);
  g_clear_pointer (&w->screens, g_ptr_array_unref);
}
