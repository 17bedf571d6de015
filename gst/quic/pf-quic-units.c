/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Frames to go on with, as they come out; see pf-quic-units.h. */
#include "pf-quic-units.h"

#include "pf-events.h"
#include "pf-media.h"

typedef struct {
  PfQuicUnitsKey key;
  GObject *object;
} Watcher;

void
pf_quic_units_init (PfQuicUnits *u)
{
  g_mutex_init (&u->lock);
}

void
pf_quic_units_clear (PfQuicUnits *u)
{
  g_mutex_clear (&u->lock);
}

static void
free_watcher (gpointer user)
{
  Watcher *w = user;

  g_object_unref (w->object);
  g_free (w);
}

static GstPadProbeReturn
on_unit (GstPad *pad, GstPadProbeInfo *info, gpointer user)
{
  GstBuffer *unit = GST_PAD_PROBE_INFO_BUFFER (info);
  const Watcher *w = user;

  (void) pad;
  if (!GST_BUFFER_FLAG_IS_SET (unit, GST_BUFFER_FLAG_DELTA_UNIT) ||
      pf_buffer_is_anchor (unit))
    w->key (w->object);
  return GST_PAD_PROBE_OK;
}

void
pf_quic_units_watch (
    PfQuicUnits *u, GstPad *packets, GObject *object, PfQuicUnitsKey key)
{
  GstPad *pad;
  Watcher *w;

  g_mutex_lock (&u->lock);
  pad = u->pad ? NULL : pf_media_find_units (packets);
  if (pad) {
    w = g_new (Watcher, 1);
    w->key = key;
    w->object = g_object_ref (object);
    u->pad = pad;
    u->probe = gst_pad_add_probe (
        pad, GST_PAD_PROBE_TYPE_BUFFER, on_unit, w, free_watcher);
  }
  g_mutex_unlock (&u->lock);
}

void
pf_quic_units_forget (PfQuicUnits *u)
{
  GstPad *pad;

  g_mutex_lock (&u->lock);
  pad = u->pad;
  u->pad = NULL;
  g_mutex_unlock (&u->lock);
  if (pad)
    gst_pad_remove_probe (pad, u->probe);
  gst_clear_object (&pad);
}
