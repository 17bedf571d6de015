/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A window of the Wayland desktop. It is black; waylandsink lays the picture
 * over it as a subsurface that takes no input, so that all input comes here.
 * Display and surface go to the sink by context and GstVideoOverlay.
 */
#include "wayland.h"

#include <errno.h>
#include <gio/gio.h>
#include <gst/video/videooverlay.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fractional-scale-v1-client-protocol.h"
#include "idle-inhibit-unstable-v1-client-protocol.h"
#include "keyboard-shortcuts-inhibit-unstable-v1-client-protocol.h"
#include "pointer-constraints-unstable-v1-client-protocol.h"
#include "relative-pointer-unstable-v1-client-protocol.h"
#include "viewporter-client-protocol.h"
#include "xdg-decoration-unstable-v1-client-protocol.h"
#include "xdg-shell-client-protocol.h"

#define FIRST_CONFIGURE_MS 5000

/* ---- Memory that the compositor sees --------------------------------------- */

static void
on_release (void *data, struct wl_buffer *buffer)
{
  PfWaylandWindow *w = data;

  g_hash_table_remove (w->buffers, buffer);
}

static const struct wl_buffer_listener buffer_listener = { on_release };

/* PIXELS: of so many rows without gaps; NULL: black. The buffer goes when the
 * compositor has done with it. */
static struct wl_buffer *
make_buffer (
    PfWaylandWindow *w, guint width, guint height, const guint8 *pixels)
{
  const gsize size = (gsize) width * height * 4;
  const int fd = memfd_create ("pf-client", MFD_CLOEXEC);
  struct wl_shm_pool *pool;
  struct wl_buffer *buffer = NULL;
  guint8 *bytes = MAP_FAILED;

  if (fd >= 0 && ftruncate (fd, (off_t) size) == 0)
    bytes = mmap (NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (bytes != MAP_FAILED) {
    if (pixels)
      memcpy (bytes, pixels, size);
    munmap (bytes, size);
    pool = wl_shm_create_pool (w->shm, fd, (int32_t) size);
    buffer = wl_shm_pool_create_buffer (pool, 0, (int32_t) width,
        (int32_t) height, (int32_t) width * 4, WL_SHM_FORMAT_XRGB8888);
    wl_shm_pool_destroy (pool);
    wl_buffer_add_listener (buffer, &buffer_listener, w);
    g_hash_table_add (w->buffers, buffer);
  }
  if (fd >= 0)
    close (fd);
  return buffer;
}

/* ---- The surface ----------------------------------------------------------- */

static void
draw_background (PfWaylandWindow *w)
{
  const guint width = w->viewport ? 1 : w->parent.width;
  const guint height = w->viewport ? 1 : w->parent.height;
  struct wl_region *whole = wl_compositor_create_region (w->compositor);
  struct wl_buffer *buffer = make_buffer (w, width, height, NULL);

  wl_region_add (
      whole, 0, 0, (int32_t) w->parent.width, (int32_t) w->parent.height);
  wl_surface_set_opaque_region (w->surface, whole);
  wl_region_destroy (whole);
  if (w->viewport)
    wp_viewport_set_destination (
        w->viewport, (int32_t) w->parent.width, (int32_t) w->parent.height);
  if (buffer)
    wl_surface_attach (w->surface, buffer, 0, 0);
  wl_surface_damage_buffer (w->surface, 0, 0, G_MAXINT32, G_MAXINT32);
}

static void
place_picture (PfWaylandWindow *w)
{
  gst_video_overlay_set_render_rectangle (GST_VIDEO_OVERLAY (w->parent.sink), 0,
      0, (gint) w->parent.width, (gint) w->parent.height);
}

/* Not while the window is made: its maker looks then. */
void
pf_wl_sized (PfWaylandWindow *w)
{
  const guint scale = pf_wl_scale (w);

  w->parent.pixels[0] = (w->parent.width * scale + 60) / 120;
  w->parent.pixels[1] = (w->parent.height * scale + 60) / 120;
  if (w->source)
    pf_window_notify_size (&w->parent);
}

static void
on_toplevel_configure (void *data, struct xdg_toplevel *toplevel, int32_t width,
    int32_t height, struct wl_array *states)
{
  PfWaylandWindow *w = data;
  const uint32_t *state;

  (void) toplevel;
  w->next_width = width;
  w->next_height = height;
  w->is_fullscreen = FALSE;
  wl_array_for_each (state, states) if (*state == XDG_TOPLEVEL_STATE_FULLSCREEN)
      w->is_fullscreen = TRUE;
}

static void
on_toplevel_close (void *data, struct xdg_toplevel *toplevel)
{
  const PfWindowEvent event = { .kind = PF_WINDOW_CLOSE };

  (void) toplevel;
  pf_window_notify (data, &event);
}

static void
on_toplevel_bounds (
    void *data, struct xdg_toplevel *toplevel, int32_t width, int32_t height)
{
  (void) data;
  (void) toplevel;
  (void) width;
  (void) height;
}

static const struct xdg_toplevel_listener toplevel_listener = {
  .configure = on_toplevel_configure,
  .close = on_toplevel_close,
  .configure_bounds = on_toplevel_bounds,
};

static void
on_surface_configure (void *data, struct xdg_surface *surface, uint32_t serial)
{
  PfWaylandWindow *w = data;
  const guint width =
      w->next_width > 0 ? (guint) w->next_width : w->parent.options.width;
  const guint height =
      w->next_height > 0 ? (guint) w->next_height : w->parent.options.height;
  const gboolean changed =
      !w->configured || width != w->parent.width || height != w->parent.height;

  xdg_surface_ack_configure (surface, serial);
  w->parent.width = width;
  w->parent.height = height;
  w->configured = TRUE;
  if (changed)
    draw_background (w);
  if (changed && w->source)
    place_picture (w);
  if (changed)
    pf_wl_sized (w);
  wl_surface_commit (w->surface);
}

static const struct xdg_surface_listener surface_listener = {
  on_surface_configure
};

static void
on_ping (void *data, struct xdg_wm_base *shell, uint32_t serial)
{
  (void) data;
  xdg_wm_base_pong (shell, serial);
}

static const struct xdg_wm_base_listener shell_listener = { on_ping };

/* ---- What the desktop has --------------------------------------------------- */

static gboolean
bind_one (
    PfWaylandWindow *w, uint32_t name, const gchar *interface, uint32_t version)
{
  const struct {
    const struct wl_interface *interface;
    void **place;
    uint32_t version; /* the newest that we know */
  } globals[] = {
    { &wl_compositor_interface, (void **) &w->compositor, 4 },
    { &wl_subcompositor_interface, (void **) &w->subcompositor, 1 },
    { &wl_shm_interface, (void **) &w->shm, 1 },
    { &xdg_wm_base_interface, (void **) &w->shell, 4 },
    { &wp_viewporter_interface, (void **) &w->viewporter, 1 },
    { &zxdg_decoration_manager_v1_interface, (void **) &w->decorations, 1 },
    { &wp_fractional_scale_manager_v1_interface, (void **) &w->fractionals, 1 },
    { &zwp_idle_inhibit_manager_v1_interface, (void **) &w->idles, 1 },
    { &zwp_pointer_constraints_v1_interface, (void **) &w->constraints, 1 },
    { &zwp_relative_pointer_manager_v1_interface, (void **) &w->relatives, 1 },
    { &zwp_keyboard_shortcuts_inhibit_manager_v1_interface,
        (void **) &w->inhibits, 1 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (globals); i++) {
    if (!g_str_equal (globals[i].interface->name, interface) ||
        *globals[i].place)
      continue;
    *globals[i].place = wl_registry_bind (w->registry, name,
        globals[i].interface, MIN (version, globals[i].version));
    return TRUE;
  }
  return FALSE;
}

static void
on_global (void *data, struct wl_registry *registry, uint32_t name,
    const char *interface, uint32_t version)
{
  PfWaylandWindow *w = data;

  (void) registry;
  if (g_str_equal (interface, wl_output_interface.name))
    pf_wl_screen_bind (w, name, version);
  else if (!bind_one (w, name, interface, version) &&
           g_str_equal (interface, wl_seat_interface.name) && !w->seat.seat)
    pf_wl_seat_bind (w, name, version);
}

static void
on_global_remove (void *data, struct wl_registry *registry, uint32_t name)
{
  PfWaylandWindow *w = data;

  (void) registry;
  if (w->seat.seat && w->seat.name == name)
    pf_wl_seat_clear (w);
  else
    pf_wl_screen_remove (w, name);
}

static const struct wl_registry_listener registry_listener = {
  on_global,
  on_global_remove,
};

/* ---- Its events in the main loop -------------------------------------------- */

typedef struct {
  GSource parent;
  PfWaylandWindow *window;
  gpointer fd;
  gboolean reading;
} Source;

static gboolean
source_prepare (GSource *base, gint *timeout)
{
  Source *s = (Source *) base;

  *timeout = -1;
  if (s->reading)
    return FALSE;
  if (wl_display_prepare_read (s->window->display) != 0)
    return TRUE;
  s->reading = TRUE;
  wl_display_flush (s->window->display);
  return FALSE;
}

/* The sink's thread reads for its queue, and each waits for the other: so what
 * was prepared is always read or given up here. */
static gboolean
source_check (GSource *base)
{
  Source *s = (Source *) base;
  const GIOCondition now = g_source_query_unix_fd (base, s->fd);

  if (s->reading && (now & G_IO_IN))
    wl_display_read_events (s->window->display);
  else if (s->reading)
    wl_display_cancel_read (s->window->display);
  s->reading = FALSE;
  return now != 0;
}

static gboolean
source_dispatch (GSource *base, GSourceFunc callback, gpointer data)
{
  Source *s = (Source *) base;
  PfWaylandWindow *w = s->window;
  const GIOCondition now = g_source_query_unix_fd (base, s->fd);
  const PfWindowEvent gone = { .kind = PF_WINDOW_CLOSE };

  (void) callback;
  (void) data;
  if (wl_display_dispatch_pending (w->display) >= 0 &&
      !(now & (G_IO_ERR | G_IO_HUP)))
    return G_SOURCE_CONTINUE;
  pf_window_notify (&w->parent, &gone);
  return G_SOURCE_REMOVE;
}

static void
source_finalize (GSource *base)
{
  Source *s = (Source *) base;

  if (s->reading)
    wl_display_cancel_read (s->window->display);
}

static GSourceFuncs source_funcs = { .prepare = source_prepare,
  .check = source_check,
  .dispatch = source_dispatch,
  .finalize = source_finalize };

static void
watch_display (PfWaylandWindow *w)
{
  Source *s = (Source *) g_source_new (&source_funcs, sizeof *s);

  s->window = w;
  s->fd = g_source_add_unix_fd (&s->parent, wl_display_get_fd (w->display),
      G_IO_IN | G_IO_ERR | G_IO_HUP);
  w->source = &s->parent;
  g_source_attach (w->source, NULL);
}

/* ---- Wishes ------------------------------------------------------------------ */

static void
give_context (GstElement *sink, struct wl_display *display)
{
  /* Of GStreamer 1.24, and of 1.22. */
  static const gchar *const types[] = { "GstWaylandDisplayHandleContextType",
    "GstWlDisplayHandleContextType" };

  for (guint i = 0; i < G_N_ELEMENTS (types); i++) {
    g_autoptr (GstContext) context = gst_context_new (types[i], TRUE);

    gst_structure_set (gst_context_writable_structure (context), "display",
        G_TYPE_POINTER, display, NULL);
    gst_element_set_context (sink, context);
  }
}

static void
attach_sink (PfWaylandWindow *w)
{
  GstElement *sink = w->parent.sink;

  give_context (sink, w->display);
  gst_video_overlay_set_window_handle (
      GST_VIDEO_OVERLAY (sink), (guintptr) w->surface);
  gst_video_overlay_handle_events (GST_VIDEO_OVERLAY (sink), FALSE);
  place_picture (w);
}

static void
wayland_update (PfWindow *base)
{
  PfWaylandWindow *w = (PfWaylandWindow *) base;

  if (base->fullscreen && !w->is_fullscreen)
    xdg_toplevel_set_fullscreen (w->toplevel, NULL);
  if (!base->fullscreen && w->is_fullscreen)
    xdg_toplevel_unset_fullscreen (w->toplevel);
  pf_wl_seat_update (w);
  wl_display_flush (w->display);
}

static void
wayland_minimise (PfWindow *base)
{
  PfWaylandWindow *w = (PfWaylandWindow *) base;

  xdg_toplevel_set_minimized (w->toplevel);
  wl_display_flush (w->display);
}

static void
hide_note (PfWaylandWindow *w)
{
  g_clear_pointer (&w->note_place, wl_subsurface_destroy);
  g_clear_pointer (&w->note, wl_surface_destroy);
}

/* Made when it is wanted: a subsurface begins above those that are there, so
 * above the sink's. */
static void
make_note (PfWaylandWindow *w)
{
  struct wl_region *nothing = wl_compositor_create_region (w->compositor);

  w->note = wl_compositor_create_surface (w->compositor);
  w->note_place =
      wl_subcompositor_get_subsurface (w->subcompositor, w->note, w->surface);
  wl_subsurface_set_desync (w->note_place);
  wl_surface_set_input_region (w->note, nothing);
  wl_region_destroy (nothing);
  wl_surface_commit (w->surface);
}

static void
wayland_show_note (PfWindow *base, const PfWindowNote *note)
{
  PfWaylandWindow *w = (PfWaylandWindow *) base;
  struct wl_buffer *buffer =
      note ? make_buffer (w, note->width, note->height, note->pixels) : NULL;

  if (!buffer) {
    hide_note (w);
  } else {
    if (!w->note)
      make_note (w);
    wl_surface_attach (w->note, buffer, 0, 0);
    wl_surface_damage_buffer (w->note, 0, 0, G_MAXINT32, G_MAXINT32);
    wl_surface_commit (w->note);
  }
  wl_display_flush (w->display);
}

/* ---- Begin and end ------------------------------------------------------------ */

#define DESTROY(pointer, how) g_clear_pointer (&(pointer), how)

static void
wayland_free (PfWindow *base)
{
  PfWaylandWindow *w = (PfWaylandWindow *) base;

  if (w->source) {
    g_source_destroy (w->source);
    g_source_unref (w->source);
  }
  /* With it its surfaces go, which need the display. */
  gst_clear_object (&base->sink);
  hide_note (w);
  pf_wl_seat_clear (w);
  DESTROY (w->buffers, g_hash_table_unref);
  DESTROY (w->cursor, wl_surface_destroy);
  DESTROY (w->cursors, wl_cursor_theme_destroy);
  DESTROY (w->decoration, zxdg_toplevel_decoration_v1_destroy);
  DESTROY (w->toplevel, xdg_toplevel_destroy);
  DESTROY (w->xdg_surface, xdg_surface_destroy);
  pf_wl_scale_clear (w);
  DESTROY (w->idle, zwp_idle_inhibitor_v1_destroy);
  DESTROY (w->viewport, wp_viewport_destroy);
  DESTROY (w->surface, wl_surface_destroy);
  DESTROY (w->idles, zwp_idle_inhibit_manager_v1_destroy);
  DESTROY (w->inhibits, zwp_keyboard_shortcuts_inhibit_manager_v1_destroy);
  DESTROY (w->relatives, zwp_relative_pointer_manager_v1_destroy);
  DESTROY (w->constraints, zwp_pointer_constraints_v1_destroy);
  DESTROY (w->decorations, zxdg_decoration_manager_v1_destroy);
  DESTROY (w->viewporter, wp_viewporter_destroy);
  DESTROY (w->shell, xdg_wm_base_destroy);
  DESTROY (w->shm, wl_shm_destroy);
  DESTROY (w->subcompositor, wl_subcompositor_destroy);
  DESTROY (w->compositor, wl_compositor_destroy);
  DESTROY (w->registry, wl_registry_destroy);
  DESTROY (w->display, wl_display_disconnect);
  pf_window_clear (base);
  g_free (w);
}

static const PfWindowClass wayland_class = {
  .free = wayland_free,
  .update = wayland_update,
  .minimise = wayland_minimise,
  .show_note = wayland_show_note,
};

static void
make_surface (PfWaylandWindow *w)
{
  w->surface = wl_compositor_create_surface (w->compositor);
  if (w->viewporter)
    w->viewport = wp_viewporter_get_viewport (w->viewporter, w->surface);
  pf_wl_scale_watch (w);
  w->xdg_surface = xdg_wm_base_get_xdg_surface (w->shell, w->surface);
  xdg_surface_add_listener (w->xdg_surface, &surface_listener, w);
  w->toplevel = xdg_surface_get_toplevel (w->xdg_surface);
  xdg_toplevel_add_listener (w->toplevel, &toplevel_listener, w);
  xdg_toplevel_set_title (w->toplevel, w->parent.options.title);
  xdg_toplevel_set_app_id (w->toplevel, "pf-client");
  if (w->decorations) {
    w->decoration = zxdg_decoration_manager_v1_get_toplevel_decoration (
        w->decorations, w->toplevel);
    zxdg_toplevel_decoration_v1_set_mode (
        w->decoration, ZXDG_TOPLEVEL_DECORATION_V1_MODE_SERVER_SIDE);
  }
  if (w->parent.fullscreen)
    xdg_toplevel_set_fullscreen (w->toplevel, NULL);
  if (w->idles)
    w->idle =
        zwp_idle_inhibit_manager_v1_create_inhibitor (w->idles, w->surface);
  wl_surface_commit (w->surface);
}

/* Until the desktop has said how large the window is. */
static gboolean
wait_configured (PfWaylandWindow *w)
{
  const gint64 end = g_get_monotonic_time () + FIRST_CONFIGURE_MS * 1000;
  struct pollfd p = { .fd = wl_display_get_fd (w->display), .events = POLLIN };

  while (!w->configured) {
    const gint64 left = (end - g_get_monotonic_time ()) / 1000;

    while (wl_display_prepare_read (w->display) != 0)
      wl_display_dispatch_pending (w->display);
    wl_display_flush (w->display);
    if (left <= 0 || poll (&p, 1, (int) left) < 1) {
      wl_display_cancel_read (w->display);
      if (left > 0 && errno == EINTR)
        continue;
      return FALSE;
    }
    if (wl_display_read_events (w->display) < 0 ||
        wl_display_dispatch_pending (w->display) < 0)
      return FALSE;
  }
  return TRUE;
}

PfWindow *
pf_window_new_wayland (const PfWindowOptions *options, GError **error)
{
  PfWaylandWindow *w = g_new0 (PfWaylandWindow, 1);
  const gchar *why = NULL;

  pf_window_init (&w->parent, &wayland_class, options);
  w->buffers = g_hash_table_new_full (
      NULL, NULL, (GDestroyNotify) wl_buffer_destroy, NULL);
  w->display = wl_display_connect (NULL);
  if (!w->display) {
    why = "no Wayland desktop answers";
  } else {
    w->registry = wl_display_get_registry (w->display);
    wl_registry_add_listener (w->registry, &registry_listener, w);
    if (wl_display_roundtrip (w->display) < 0)
      why = "the Wayland desktop hangs up";
    else if (!w->compositor || !w->subcompositor || !w->shm || !w->shell)
      why = "the Wayland desktop shows no windows (xdg_wm_base)";
  }
  if (!why) {
    xdg_wm_base_add_listener (w->shell, &shell_listener, w);
    make_surface (w);
    if (!wait_configured (w))
      why = "the Wayland desktop does not place the window";
  }
  if (why) {
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED, why);
    wayland_free (&w->parent);
    return NULL;
  }
  attach_sink (w);
  watch_display (w);
  return &w->parent;
}
