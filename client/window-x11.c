/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A window of X11, also of Xwayland. The sink draws in it, or in a window of
 * its own inside; it takes no events, so that they come here.
 */
#include "x11.h"

#include <gio/gio.h>
#include <gst/video/videooverlay.h>
#include <string.h>

/* Of the window manager's protocols. */
#define STATE_REMOVE 0
#define STATE_ADD 1
#define ICONIC 3

/* ---- Properties and messages --------------------------------------------------- */

static xcb_atom_t
find_atom (PfX11Window *w, const gchar *name)
{
  xcb_intern_atom_reply_t *reply = xcb_intern_atom_reply (w->connection,
      xcb_intern_atom (w->connection, 0, (guint16) strlen (name), name), NULL);
  const xcb_atom_t atom = reply ? reply->atom : (xcb_atom_t) XCB_ATOM_NONE;

  free (reply);
  return atom;
}

static void
set_text (PfX11Window *w, xcb_atom_t property, xcb_atom_t type,
    const gchar *text, gsize size)
{
  xcb_change_property (w->connection, XCB_PROP_MODE_REPLACE, w->window,
      property, type, 8, (guint32) size, text);
}

/* To the window manager. */
static void
tell (PfX11Window *w, xcb_atom_t type, guint32 first, guint32 second)
{
  const xcb_client_message_event_t message = {
    .response_type = XCB_CLIENT_MESSAGE,
    .format = 32,
    .window = w->window,
    .type = type,
    .data.data32 = { first, second, 0, 1, 0 },
  };

  xcb_send_event (w->connection, 0, w->screen->root,
      XCB_EVENT_MASK_SUBSTRUCTURE_NOTIFY | XCB_EVENT_MASK_SUBSTRUCTURE_REDIRECT,
      (const char *) &message);
}

static void
describe (PfX11Window *w)
{
  static const gchar class[] = "pf-client\0pf-client";
  const gchar *title = w->parent.options.title;

  set_text (w, XCB_ATOM_WM_NAME, XCB_ATOM_STRING, title, strlen (title));
  set_text (w, find_atom (w, "_NET_WM_NAME"), find_atom (w, "UTF8_STRING"),
      title, strlen (title));
  set_text (w, XCB_ATOM_WM_CLASS, XCB_ATOM_STRING, class, sizeof class);
  xcb_change_property (w->connection, XCB_PROP_MODE_REPLACE, w->window,
      w->wm_protocols, XCB_ATOM_ATOM, 32, 1, &w->wm_delete);
  if (w->parent.fullscreen)
    xcb_change_property (w->connection, XCB_PROP_MODE_REPLACE, w->window,
        w->wm_state, XCB_ATOM_ATOM, 32, 1, &w->wm_fullscreen);
  w->is_fullscreen = w->parent.fullscreen;
}

static gboolean
has_manager (PfX11Window *w)
{
  xcb_get_property_reply_t *reply = xcb_get_property_reply (w->connection,
      xcb_get_property (w->connection, 0, w->screen->root,
          find_atom (w, "_NET_SUPPORTING_WM_CHECK"), XCB_ATOM_WINDOW, 0, 1),
      NULL);
  const gboolean found = reply && reply->format == 32;

  free (reply);
  return found;
}

/* Where nobody manages windows we give ours its size and the keys. */
static void
manage_window (PfX11Window *w)
{
  const gboolean fill = w->parent.fullscreen;
  const guint32 size[] = {
    fill ? w->screen->width_in_pixels : w->parent.options.width,
    fill ? w->screen->height_in_pixels : w->parent.options.height,
  };

  xcb_configure_window (w->connection, w->window,
      XCB_CONFIG_WINDOW_WIDTH | XCB_CONFIG_WINDOW_HEIGHT, size);
  xcb_set_input_focus (
      w->connection, XCB_INPUT_FOCUS_POINTER_ROOT, w->window, XCB_CURRENT_TIME);
}

/* ---- The window ------------------------------------------------------------------- */

/* Some sinks draw pixel by pixel: then a stage before them scales. */
static void
fit_picture (PfX11Window *w)
{
  g_autoptr (GstObject) bin =
      gst_object_get_parent (GST_OBJECT (w->parent.sink));
  g_autoptr (GstElement) fit =
      GST_IS_BIN (bin) ? gst_bin_get_by_name (GST_BIN (bin), "fit") : NULL;

  if (fit) {
    g_autoptr (GstCaps) caps = gst_caps_new_simple ("video/x-raw", "width",
        G_TYPE_INT, (gint) w->parent.width, "height", G_TYPE_INT,
        (gint) w->parent.height, "pixel-aspect-ratio", GST_TYPE_FRACTION, 1, 1,
        NULL);

    g_object_set (fit, "caps", caps, NULL);
  }
  gst_video_overlay_expose (GST_VIDEO_OVERLAY (w->parent.sink));
}

static void
on_configure (PfX11Window *w, const xcb_configure_notify_event_t *event)
{
  if (event->window != w->window ||
      (event->width == w->parent.width && event->height == w->parent.height))
    return;
  w->parent.width = w->parent.pixels[0] = event->width;
  w->parent.height = w->parent.pixels[1] = event->height;
  fit_picture (w);
  pf_window_notify_size (&w->parent);
}

static void
draw_note (PfX11Window *w)
{
  const PfWindowNote *n = &w->note_pixels;
  /* A request may hold so many rows. */
  const guint32 room = xcb_get_maximum_request_length (w->connection) * 4;
  const guint rows = MAX (1, MIN (n->height, (room - 64) / (n->width * 4)));

  for (guint y = 0; y < n->height; y += rows) {
    const guint count = MIN (rows, n->height - y);

    xcb_put_image (w->connection, XCB_IMAGE_FORMAT_Z_PIXMAP, w->note, w->gc,
        (guint16) n->width, (guint16) count, 0, (gint16) y, 0,
        w->screen->root_depth, count * n->width * 4,
        n->pixels + (gsize) y * n->width * 4);
  }
}

static void
on_event (PfX11Window *w, xcb_generic_event_t *event)
{
  const PfWindowEvent gone = { .kind = PF_WINDOW_CLOSE };

  switch (event->response_type & 0x7f) {
  case XCB_MAP_NOTIFY:
    if (!w->managed)
      manage_window (w);
    break;
  case XCB_CONFIGURE_NOTIFY:
    on_configure (w, (const xcb_configure_notify_event_t *) event);
    break;
  case XCB_EXPOSE:
    if (w->note && ((const xcb_expose_event_t *) event)->window == w->note)
      draw_note (w);
    else
      gst_video_overlay_expose (GST_VIDEO_OVERLAY (w->parent.sink));
    break;
  case XCB_CLIENT_MESSAGE:
    if (((const xcb_client_message_event_t *) event)->data.data32[0] ==
        w->wm_delete)
      pf_window_notify (&w->parent, &gone);
    break;
  default:
    pf_x11_input_event (w, event);
    break;
  }
}

/* ---- Its events in the main loop ---------------------------------------------------- */

typedef struct {
  GSource parent;
  PfX11Window *window;
  xcb_generic_event_t *next;
  gpointer fd;
} Source;

static gboolean
source_prepare (GSource *base, gint *timeout)
{
  Source *s = (Source *) base;

  *timeout = -1;
  if (!s->next)
    s->next = xcb_poll_for_event (s->window->connection);
  xcb_flush (s->window->connection);
  return s->next != NULL;
}

static gboolean
source_check (GSource *base)
{
  Source *s = (Source *) base;

  if (!s->next)
    s->next = xcb_poll_for_event (s->window->connection);
  return s->next || xcb_connection_has_error (s->window->connection);
}

static gboolean
source_dispatch (GSource *base, GSourceFunc callback, gpointer data)
{
  Source *s = (Source *) base;
  const PfWindowEvent gone = { .kind = PF_WINDOW_CLOSE };

  (void) callback;
  (void) data;
  while (s->next) {
    on_event (s->window, s->next);
    free (s->next);
    s->next = xcb_poll_for_queued_event (s->window->connection);
  }
  if (!xcb_connection_has_error (s->window->connection))
    return G_SOURCE_CONTINUE;
  pf_window_notify (&s->window->parent, &gone);
  return G_SOURCE_REMOVE;
}

static void
source_finalize (GSource *base)
{
  free (((Source *) base)->next);
}

static GSourceFuncs source_funcs = { .prepare = source_prepare,
  .check = source_check,
  .dispatch = source_dispatch,
  .finalize = source_finalize };

static void
watch_connection (PfX11Window *w)
{
  Source *s = (Source *) g_source_new (&source_funcs, sizeof *s);

  s->window = w;
  s->fd = g_source_add_unix_fd (&s->parent,
      xcb_get_file_descriptor (w->connection), G_IO_IN | G_IO_ERR | G_IO_HUP);
  w->source = &s->parent;
  g_source_attach (w->source, NULL);
}

/* ---- Wishes --------------------------------------------------------------------------- */

static void
attach_sink (PfX11Window *w)
{
  GstElement *sink = w->parent.sink;

  gst_video_overlay_set_window_handle (GST_VIDEO_OVERLAY (sink), w->window);
  gst_video_overlay_handle_events (GST_VIDEO_OVERLAY (sink), FALSE);
}

static void
x11_update (PfWindow *base)
{
  PfX11Window *w = (PfX11Window *) base;

  if (base->fullscreen != w->is_fullscreen)
    tell (w, w->wm_state, base->fullscreen ? STATE_ADD : STATE_REMOVE,
        w->wm_fullscreen);
  if (base->fullscreen != w->is_fullscreen && !w->managed)
    manage_window (w);
  w->is_fullscreen = base->fullscreen;
  pf_x11_input_update (w);
  xcb_flush (w->connection);
}

static void
x11_minimise (PfWindow *base)
{
  PfX11Window *w = (PfX11Window *) base;

  tell (w, w->wm_change, ICONIC, 0);
  xcb_flush (w->connection);
}

static void
hide_note (PfX11Window *w)
{
  if (w->note)
    xcb_destroy_window (w->connection, w->note);
  w->note = XCB_NONE;
  g_clear_pointer (&w->note_pixels.pixels, g_free);
}

static void
make_note (PfX11Window *w, const PfWindowNote *note)
{
  const guint32 mask = XCB_EVENT_MASK_EXPOSURE;

  w->note = xcb_generate_id (w->connection);
  xcb_create_window (w->connection, XCB_COPY_FROM_PARENT, w->note, w->window, 0,
      0, (guint16) note->width, (guint16) note->height, 0,
      XCB_WINDOW_CLASS_INPUT_OUTPUT, XCB_COPY_FROM_PARENT, XCB_CW_EVENT_MASK,
      &mask);
  xcb_map_window (w->connection, w->note);
}

/* Only where pixels are BGRx; there are hardly other screens. */
static void
x11_show_note (PfWindow *base, const PfWindowNote *note)
{
  static const guint32 above = XCB_STACK_MODE_ABOVE;
  PfX11Window *w = (PfX11Window *) base;

  if (!note || w->screen->root_depth < 24) {
    hide_note (w);
    xcb_flush (w->connection);
    return;
  }
  if (w->note && (note->width != w->note_pixels.width ||
                     note->height != w->note_pixels.height))
    hide_note (w);
  if (!w->note)
    make_note (w, note);
  g_free (w->note_pixels.pixels);
  w->note_pixels = *note;
  w->note_pixels.pixels =
      g_memdup2 (note->pixels, (gsize) note->width * note->height * 4);
  xcb_configure_window (
      w->connection, w->note, XCB_CONFIG_WINDOW_STACK_MODE, &above);
  draw_note (w);
  xcb_flush (w->connection);
}

/* ---- Begin and end ---------------------------------------------------------------------- */

static void
x11_free (PfWindow *base)
{
  PfX11Window *w = (PfX11Window *) base;

  if (w->source) {
    g_source_destroy (w->source);
    g_source_unref (w->source);
  }
  pf_x11_input_clear (w);
  if (w->connection && !xcb_connection_has_error (w->connection)) {
    hide_note (w);
    if (w->window)
      xcb_destroy_window (w->connection, w->window);
    xcb_flush (w->connection);
  }
  xcb_disconnect (w->connection);
  pf_window_clear (base);
  g_free (w);
}

static const PfWindowClass x11_class = {
  .free = x11_free,
  .update = x11_update,
  .minimise = x11_minimise,
  .show_note = x11_show_note,
};

static void
make_window (PfX11Window *w)
{
  const guint32 values[] = { w->screen->black_pixel,
    XCB_EVENT_MASK_EXPOSURE | XCB_EVENT_MASK_STRUCTURE_NOTIFY };
  const guint width = w->parent.width, height = w->parent.height;

  w->window = xcb_generate_id (w->connection);
  xcb_create_window (w->connection, XCB_COPY_FROM_PARENT, w->window,
      w->screen->root, 0, 0, (guint16) width, (guint16) height, 0,
      XCB_WINDOW_CLASS_INPUT_OUTPUT, XCB_COPY_FROM_PARENT,
      XCB_CW_BACK_PIXEL | XCB_CW_EVENT_MASK, values);
  w->gc = xcb_generate_id (w->connection);
  xcb_create_gc (w->connection, w->gc, w->window, 0, NULL);
  describe (w);
}

static xcb_screen_t *
find_screen (xcb_connection_t *connection, int number)
{
  xcb_screen_iterator_t i =
      xcb_setup_roots_iterator (xcb_get_setup (connection));

  while (number-- > 0 && i.rem > 1)
    xcb_screen_next (&i);
  return i.data;
}

static const gchar *
open_window (PfX11Window *w)
{
  const gchar *why;
  int number = 0;

  w->connection = xcb_connect (NULL, &number);
  if (xcb_connection_has_error (w->connection))
    return "no X server answers";
  w->screen = find_screen (w->connection, number);
  w->wm_protocols = find_atom (w, "WM_PROTOCOLS");
  w->wm_delete = find_atom (w, "WM_DELETE_WINDOW");
  w->wm_state = find_atom (w, "_NET_WM_STATE");
  w->wm_fullscreen = find_atom (w, "_NET_WM_STATE_FULLSCREEN");
  w->wm_change = find_atom (w, "WM_CHANGE_STATE");
  w->managed = has_manager (w);
  make_window (w);
  why = pf_x11_input_init (w);
  if (why)
    return why;
  xcb_map_window (w->connection, w->window);
  xcb_flush (w->connection);
  return xcb_connection_has_error (w->connection) ? "the X server hangs up"
                                                  : NULL;
}

PfWindow *
pf_window_new_x11 (const PfWindowOptions *options, GError **error)
{
  PfX11Window *w = g_new0 (PfX11Window, 1);
  const gchar *why;

  pf_window_init (&w->parent, &x11_class, options);
  why = open_window (w);
  if (why) {
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED, why);
    x11_free (&w->parent);
    return NULL;
  }
  attach_sink (w);
  watch_connection (w);
  return &w->parent;
}
