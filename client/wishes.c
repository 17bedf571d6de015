/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Wishes at a time; see wishes.h. */
#include "wishes.h"

#include "pf-events.h"

#include <gio/gio.h>
#include <stdio.h>

typedef enum { MODE, BITRATE, TEST } Kind;

typedef struct {
  Kind kind;
  guint64 at_ms;
  PfMode mode;
  PfProbe test;
  guint kbps;
} Wish;

struct _PfWishes {
  GArray *wishes; /* Wish, by time */
  guint next;
};

static gboolean
read_mode (const gchar *text, Wish *w, gdouble *seconds)
{
  PfMode *m = &w->mode;

  return sscanf (text, "%5ux%5u%*1[x@]%4u:%lf", &m->width, &m->height, &m->fps,
             seconds) == 4;
}

static gboolean
read_wish (const gchar *text, Wish *w)
{
  gdouble seconds = -1;
  gboolean ok = FALSE;

  if (w->kind == MODE)
    ok = read_mode (text, w, &seconds);
  else if (w->kind == BITRATE)
    ok = sscanf (text, "%8u:%lf", &w->kbps, &seconds) == 2;
  else
    ok =
        sscanf (text, "%8u:%5u:%lf", &w->test.kbps, &w->test.ms, &seconds) == 3;
  w->at_ms = (guint64) (CLAMP (seconds, 0., 1e6) * 1000);
  return ok && seconds >= 0;
}

static gboolean
read_list (PfWishes *w, gchar **list, Kind kind, GError **error)
{
  for (guint i = 0; list && list[i]; i++) {
    Wish wish = { .kind = kind };

    if (!read_wish (list[i], &wish)) {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "%s: %s",
          list[i],
          kind == MODE      ? "WIDTHxHEIGHT@HZ:SECONDS"
          : kind == BITRATE ? "KBPS:SECONDS"
                            : "KBPS:MILLISECONDS:SECONDS");
      return FALSE;
    }
    g_array_append_val (w->wishes, wish);
  }
  return TRUE;
}

static gint
compare (gconstpointer a, gconstpointer b)
{
  const Wish *wa = a, *wb = b;

  return (wa->at_ms > wb->at_ms) - (wa->at_ms < wb->at_ms);
}

PfWishes *
pf_wishes_new (gchar **modes, gchar **bitrates, gchar **tests, GError **error)
{
  PfWishes *w = g_new0 (PfWishes, 1);

  w->wishes = g_array_new (FALSE, FALSE, sizeof (Wish));
  if (!read_list (w, modes, MODE, error) ||
      !read_list (w, bitrates, BITRATE, error) ||
      !read_list (w, tests, TEST, error))
    g_clear_pointer (&w, pf_wishes_free);
  else
    g_array_sort (w->wishes, compare);
  return w;
}

void
pf_wishes_free (PfWishes *w)
{
  if (!w)
    return;
  g_array_unref (w->wishes);
  g_free (w);
}

static void
send (const Wish *wish, GstElement *receiver)
{
  g_autoptr (GstPad) pad = gst_element_get_static_pad (receiver, "video_0");

  if (wish->kind == BITRATE)
    g_object_set (receiver, "bitrate-kbps", wish->kbps, NULL);
  else if (pad)
    gst_pad_send_event (pad, wish->kind == MODE
                                 ? pf_event_new_mode (&wish->mode)
                                 : pf_event_new_probe (&wish->test));
}

void
pf_wishes_send (PfWishes *w, GstElement *receiver, guint64 stream_ms)
{
  for (; w->next < w->wishes->len; w->next++) {
    const Wish *wish = &g_array_index (w->wishes, Wish, w->next);

    if (wish->at_ms > stream_ms)
      break;
    send (wish, receiver);
  }
}
