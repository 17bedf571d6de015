/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The picture and the hands of who looks at it; see view.h. */
#include "view.h"

#include "input.h"
#include "painter.h"

#include <gst/video/videooverlay.h>
#include <string.h>

#define SCALE 2       /* of letters */
#define SETTLE_MS 300 /* while a window is drawn larger its size is no wish */
#define LINES_MAX 12
#define COLUMNS_MAX 64

struct _PfView {
  PfViewOptions options;
  GMutex lock;
  PfKeyboard keyboard;                     /* lock */
  PfWindow *window;                        /* lock; then the main thread's */
  GstPad *pad;                             /* lock; the sink's */
  gboolean tried;                          /* lock; no second window */
  gboolean fullscreen, hide_cursor, noted; /* main thread */
  guint settling;                          /* main thread; a timer */
};

/* ---- Text over the picture ---------------------------------------------------- */

static void
draw_text (PfCanvas *canvas, gchar *const *lines)
{
  const PfColour light = { .r = 230, .g = 230, .b = 230 }, dark = { 0 };
  const PfRect whole = { 0, 0, canvas->width, canvas->height };

  pf_canvas_fill (canvas, whole, &dark);
  for (guint y = 0; lines[y] && y < LINES_MAX; y++)
    for (guint x = 0; lines[y][x] && x < COLUMNS_MAX; x++)
      pf_canvas_glyph (canvas, (x * PF_GLYPH_WIDTH + 4) * SCALE,
          (y * (PF_GLYPH_HEIGHT + 2) + 4) * SCALE, SCALE,
          g_ascii_toupper (lines[y][x]), &light, &dark);
}

static void
show_text (PfView *view, const gchar *text)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", LINES_MAX);
  guint columns = 0, rows = g_strv_length (lines);
  g_autofree guint8 *pixels = NULL;
  PfCanvas canvas = { .format = PF_CANVAS_BGRX };
  PfWindowNote note;

  for (guint i = 0; lines[i]; i++)
    columns = MAX (columns, MIN (COLUMNS_MAX, (guint) strlen (lines[i])));
  canvas.width = (columns * PF_GLYPH_WIDTH + 8) * SCALE;
  canvas.height = (rows * (PF_GLYPH_HEIGHT + 2) + 6) * SCALE;
  canvas.strides[0] = (gsize) canvas.width * 4;
  pixels = g_malloc (canvas.strides[0] * canvas.height);
  canvas.planes[0] = pixels;
  draw_text (&canvas, lines);
  note = (PfWindowNote){ canvas.width, canvas.height, pixels };
  view->window->class->show_note (view->window, &note);
}

void
pf_view_tick (PfView *view)
{
  g_autofree gchar *text = NULL;

  if (!view->noted)
    return;
  text = view->options.describe (view->options.data);
  if (view->window)
    show_text (view, text);
  else
    g_print ("%s\n", text);
}

static void
toggle_text (PfView *view)
{
  view->noted = !view->noted;
  pf_view_tick (view);
  if (!view->noted && view->window)
    view->window->class->show_note (view->window, NULL);
}

/* ---- What is asked of us, main thread ------------------------------------------- */

/* Shortcuts of the desktop go to the host when nothing else of the desktop is to
 * be seen, or the mouse is caught. */
static void
update_window (PfView *view)
{
  gboolean local, relative;

  g_mutex_lock (&view->lock);
  local = view->keyboard.local;
  relative = view->keyboard.relative;
  g_mutex_unlock (&view->lock);
  if (!view->window)
    return;
  view->window->fullscreen = view->fullscreen;
  view->window->catch_pointer = relative && !local;
  view->window->catch_keys = (relative || view->fullscreen) && !local;
  view->window->hide_cursor = view->hide_cursor && !local;
  view->window->class->update (view->window);
}

static void
on_hotkey (PfView *view, PfHotkey hotkey)
{
  switch (hotkey) {
  case PF_HOTKEY_NONE:
    return;
  case PF_HOTKEY_QUIT:
    view->options.quit (view->options.data);
    return;
  case PF_HOTKEY_STATS:
    toggle_text (view);
    return;
  case PF_HOTKEY_MINIMISE:
    if (view->window)
      view->window->class->minimise (view->window);
    return;
  case PF_HOTKEY_FULLSCREEN:
    view->fullscreen = !view->fullscreen;
    break;
  case PF_HOTKEY_CURSOR:
    view->hide_cursor = !view->hide_cursor;
    break;
  case PF_HOTKEY_CAPTURE:
  case PF_HOTKEY_MOUSE:
    break;
  }
  update_window (view);
}

static gboolean
on_settled (gpointer data)
{
  PfView *view = data;

  view->settling = 0;
  if (view->window)
    view->options.resized (
        view->window->pixels[0], view->window->pixels[1], view->options.data);
  return G_SOURCE_REMOVE;
}

static void
on_size (PfView *view)
{
  if (!view->options.resized)
    return;
  if (view->settling)
    g_source_remove (view->settling);
  view->settling = g_timeout_add (SETTLE_MS, on_settled, view);
}

/* ---- Input ----------------------------------------------------------------------- */

static void
send_inputs (GstPad *pad, const PfInputs *inputs)
{
  for (guint i = 0; pad && i < inputs->n; i++)
    gst_pad_push_event (pad, pf_event_new_input (&inputs->list[i]));
}

static void
on_window (const PfWindowEvent *event, gpointer data)
{
  PfView *view = data;
  g_autoptr (GstPad) pad = NULL;
  PfInputs inputs;
  PfHotkey hotkey;

  if (event->kind == PF_WINDOW_SIZE) {
    on_size (view);
    return;
  }
  g_mutex_lock (&view->lock);
  hotkey = pf_input_from_window (&view->keyboard, event, &inputs);
  pad = view->pad ? gst_object_ref (view->pad) : NULL;
  g_mutex_unlock (&view->lock);
  send_inputs (pad, &inputs);
  on_hotkey (view, hotkey);
}

typedef struct {
  PfView *view;
  PfHotkey hotkey;
} Asked;

static gboolean
on_asked (gpointer data)
{
  const Asked *asked = data;

  on_hotkey (asked->view, asked->hotkey);
  return G_SOURCE_REMOVE;
}

static void
picture_size (GstPad *pad, guint *width, guint *height)
{
  g_autoptr (GstCaps) caps = gst_pad_get_current_caps (pad);
  gint w = 0, h = 0;

  if (caps) {
    const GstStructure *s = gst_caps_get_structure (caps, 0);

    gst_structure_get_int (s, "width", &w);
    gst_structure_get_int (s, "height", &h);
  }
  *width = (guint) MAX (w, 0);
  *height = (guint) MAX (h, 0);
}

/* A sink that has a window of its own: what it reports. */
static GstPadProbeReturn
on_upstream (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  GstEvent *event = GST_PAD_PROBE_INFO_EVENT (info);
  PfView *view = data;
  PfInputs inputs;
  PfHotkey hotkey;
  guint width, height;

  if (GST_EVENT_TYPE (event) != GST_EVENT_NAVIGATION)
    return GST_PAD_PROBE_OK;
  picture_size (pad, &width, &height);
  g_mutex_lock (&view->lock);
  hotkey =
      pf_input_from_navigation (&view->keyboard, event, width, height, &inputs);
  g_mutex_unlock (&view->lock);
  send_inputs (pad, &inputs);
  if (hotkey) {
    Asked *asked = g_new (Asked, 1);

    *asked = (Asked){ view, hotkey };
    g_idle_add_full (G_PRIORITY_DEFAULT, on_asked, asked, g_free);
  }
  return GST_PAD_PROBE_DROP;
}

/* The window has to know where in it the picture lies. */
static GstPadProbeReturn
on_decoded_event (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  GstEvent *event = GST_PAD_PROBE_INFO_EVENT (info);
  PfView *view = data;
  GstCaps *caps;
  gint width, height;

  (void) pad;
  if (GST_EVENT_TYPE (event) != GST_EVENT_CAPS)
    return GST_PAD_PROBE_OK;
  gst_event_parse_caps (event, &caps);
  if (!gst_structure_get_int (
          gst_caps_get_structure (caps, 0), "width", &width) ||
      !gst_structure_get_int (
          gst_caps_get_structure (caps, 0), "height", &height))
    return GST_PAD_PROBE_OK;
  g_mutex_lock (&view->lock);
  view->options.width = (guint) width;
  view->options.height = (guint) height;
  if (view->window)
    pf_window_set_picture (view->window, (guint) width, (guint) height);
  g_mutex_unlock (&view->lock);
  return GST_PAD_PROBE_OK;
}

static GstPad *
find_pad (GstBin *bin, const gchar *element_name, const gchar *name)
{
  g_autoptr (GstElement) element = gst_bin_get_by_name (bin, element_name);

  return element ? gst_element_get_static_pad (element, name) : NULL;
}

void
pf_view_watch (PfView *view, GstBin *bin)
{
  g_autoptr (GstPad) decoded = find_pad (bin, "decoder", "src");
  GstPad *pad = find_pad (bin, "sink", "sink");

  if (decoded)
    gst_pad_add_probe (decoded, GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM,
        on_decoded_event, view, NULL);
  if (pad)
    gst_pad_add_probe (
        pad, GST_PAD_PROBE_TYPE_EVENT_UPSTREAM, on_upstream, view, NULL);
  g_mutex_lock (&view->lock);
  gst_clear_object (&view->pad);
  view->pad = pad;
  g_mutex_unlock (&view->lock);
}

/* ---- The window --------------------------------------------------------------------- */

static gboolean
on_made (gpointer data)
{
  update_window (data);
  on_size (data);
  return G_SOURCE_REMOVE;
}

/* Called where there are windows of our own. */
G_GNUC_UNUSED static void
make_window (PfView *view, GstElement *sink,
    PfWindow *(*make) (const PfWindowOptions *, GError **) )
{
  const PfWindowOptions options = { .title = view->options.title,
    .sink = sink,
    .width = view->options.width,
    .height = view->options.height,
    .fullscreen = view->options.fullscreen,
    .notify = on_window,
    .data = view };
  g_autoptr (GError) error = NULL;
  PfWindow *window = make (&options, &error);

  if (!window) {
    g_printerr ("pf-client: %s; the sink opens a window, which tells less of "
                "keys and mouse\n",
        error->message);
    return;
  }
  g_mutex_lock (&view->lock);
  view->window = window;
  pf_window_set_picture (window, view->options.width, view->options.height);
  g_mutex_unlock (&view->lock);
  g_idle_add_full (G_PRIORITY_DEFAULT, on_made, view, NULL);
}

G_GNUC_UNUSED static gboolean
try_once (PfView *view)
{
  gboolean first;

  g_mutex_lock (&view->lock);
  first = !view->tried;
  view->tried = TRUE;
  g_mutex_unlock (&view->lock);
  return first;
}

GstBusSyncReply
pf_view_on_message (PfView *view, GstMessage *message)
{
  const gchar *context;

  (void) view;
  if (!GST_IS_VIDEO_OVERLAY (GST_MESSAGE_SRC (message)))
    return GST_BUS_PASS;
#ifdef HAVE_WAYLAND
  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_NEED_CONTEXT &&
      gst_message_parse_context_type (message, &context) &&
      pf_window_is_wayland_context (context) && try_once (view))
    make_window (
        view, GST_ELEMENT (GST_MESSAGE_SRC (message)), pf_window_new_wayland);
#else
  (void) context;
#endif
#ifdef HAVE_X11
  if (gst_is_video_overlay_prepare_window_handle_message (message) &&
      g_getenv ("DISPLAY") && try_once (view))
    make_window (
        view, GST_ELEMENT (GST_MESSAGE_SRC (message)), pf_window_new_x11);
#endif
  return GST_BUS_PASS;
}

/* ---- Begin and end -------------------------------------------------------------------- */

PfView *
pf_view_new (const PfViewOptions *options)
{
  PfView *view = g_new0 (PfView, 1);

  view->options = *options;
  view->keyboard.relative = options->relative;
  view->fullscreen = options->fullscreen;
  g_mutex_init (&view->lock);
  return view;
}

void
pf_view_free (PfView *view)
{
  if (!view)
    return;
  while (g_source_remove_by_user_data (view))
    ;
  pf_window_free (view->window);
  gst_clear_object (&view->pad);
  g_mutex_clear (&view->lock);
  g_free (view);
}
