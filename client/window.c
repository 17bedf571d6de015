/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What windows have in common; see window.h. */
#include "window.h"

/* The second is what GStreamer 1.22 calls it. */
static const gchar *const contexts[] = { "GstWaylandDisplayHandleContextType",
  "GstWlDisplayHandleContextType" };

gboolean
pf_window_is_wayland_context (const gchar *type)
{
  return g_str_equal (type, contexts[0]) || g_str_equal (type, contexts[1]);
}

void
pf_window_init (
    PfWindow *w, const PfWindowClass *class, const PfWindowOptions *options)
{
  w->class = class;
  w->options = *options;
  w->sink = gst_object_ref (options->sink);
  w->width = w->pixels[0] = options->width;
  w->height = w->pixels[1] = options->height;
  w->fullscreen = options->fullscreen;
  w->picture[0] = options->width;
  w->picture[1] = options->height;
  g_mutex_init (&w->lock);
}

void
pf_window_clear (PfWindow *w)
{
  gst_clear_object (&w->sink);
  g_mutex_clear (&w->lock);
}

void
pf_window_free (PfWindow *w)
{
  if (!w)
    return;
  w->options.notify = NULL;
  w->class->free (w);
}

void
pf_window_set_picture (PfWindow *w, guint width, guint height)
{
  g_mutex_lock (&w->lock);
  w->picture[0] = width;
  w->picture[1] = height;
  g_mutex_unlock (&w->lock);
}

void
pf_window_notify (PfWindow *w, const PfWindowEvent *event)
{
  if (w->options.notify)
    w->options.notify (event, w->options.data);
}

void
pf_window_notify_size (PfWindow *w)
{
  const PfWindowEvent event = { .kind = PF_WINDOW_SIZE };

  pf_window_notify (w, &event);
}

/* As sinks lay it out: as large as it can be with its proportions. */
GstVideoRectangle
pf_window_fit (PfWindow *w)
{
  GstVideoRectangle picture = { 0 }, whole = { 0 }, fit;

  g_mutex_lock (&w->lock);
  picture.w = (gint) w->picture[0];
  picture.h = (gint) w->picture[1];
  g_mutex_unlock (&w->lock);
  whole.w = (gint) w->width;
  whole.h = (gint) w->height;
  if (picture.w == 0 || picture.h == 0)
    return whole;
  gst_video_sink_center_rect (picture, whole, &fit, TRUE);
  return fit;
}

void
pf_window_place (PfWindow *w, gdouble x, gdouble y, PfWindowEvent *event)
{
  const GstVideoRectangle fit = pf_window_fit (w);

  event->x = CLAMP ((x - fit.x) / MAX (fit.w, 1), 0, 1);
  event->y = CLAMP ((y - fit.y) / MAX (fit.h, 1), 0, 1);
}
