/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Media on the other side of packets; see pf-media.h. */
#include "pf-media.h"

#define MAX_DEPTH 32 /* elements between the encoder and the sink */

static gboolean
is_coded (const GstCaps *caps)
{
  static const gchar *const names[] = { "video/x-h264", "video/x-h265",
    "video/x-av1" };
  const GstStructure *s = gst_caps_get_structure (caps, 0);

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (gst_structure_has_name (s, names[i]))
      return TRUE;
  return FALSE;
}

/* A sink pad that is linked with this source pad inside of its element. */
static GstPad *
inner_peer (GstPad *pad)
{
  GstIterator *it = gst_pad_iterate_internal_links (pad);
  GValue item = G_VALUE_INIT;
  GstPad *inner = NULL;

  if (it && gst_iterator_next (it, &item) == GST_ITERATOR_OK) {
    inner = g_value_dup_object (&item);
    g_value_unset (&item);
  }
  g_clear_pointer (&it, gst_iterator_free);
  return inner;
}

GstCaps *
pf_media_find (GstPad *sink)
{
  GstPad *pad = gst_object_ref (sink);
  GstCaps *found = NULL;

  for (guint i = 0; pad && !found && i < MAX_DEPTH; i++) {
    GstPad *peer = gst_pad_get_peer (pad);
    GstCaps *caps = peer ? gst_pad_get_current_caps (peer) : NULL;

    if (caps && is_coded (caps))
      found = gst_caps_ref (caps);
    gst_clear_caps (&caps);
    gst_object_unref (pad);
    pad = peer && !found ? inner_peer (peer) : NULL;
    gst_clear_object (&peer);
  }
  gst_clear_object (&pad);
  return found;
}

GstPad *
pf_media_find_units (GstPad *source)
{
  GstPad *pad = gst_object_ref (source), *found = NULL;

  for (guint i = 0; pad && !found && i < MAX_DEPTH; i++) {
    GstPad *peer = gst_pad_get_peer (pad);
    GstCaps *caps;

    gst_object_unref (pad);
    pad = peer ? inner_peer (peer) : NULL;
    gst_clear_object (&peer);
    caps = pad ? gst_pad_get_current_caps (pad) : NULL;
    if (caps && is_coded (caps))
      found = gst_object_ref (pad);
    gst_clear_caps (&caps);
  }
  gst_clear_object (&pad);
  return found;
}

gboolean
pf_media_find_encoder (GstPad *sink, GstPad **raw, GstPad **coded)
{
  GstPad *pad = gst_object_ref (sink);
  gboolean found = FALSE;

  for (guint i = 0; pad && !found && i < MAX_DEPTH; i++) {
    GstPad *peer = gst_pad_get_peer (pad);
    GstCaps *caps;

    gst_object_unref (pad);
    pad = peer ? inner_peer (peer) : NULL;
    caps = pad ? gst_pad_get_current_caps (pad) : NULL;
    found = caps && gst_structure_has_name (
                        gst_caps_get_structure (caps, 0), "video/x-raw");
    if (found) {
      *raw = gst_object_ref (pad);
      *coded = gst_object_ref (peer);
    }
    gst_clear_caps (&caps);
    gst_clear_object (&peer);
  }
  gst_clear_object (&pad);
  return found;
}
