/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* pfaesgcm: caps, and the room around packets. */
#include "pf-aes-gcm-private.h"

#include "pf-caps.h"

#define GST_CAT_DEFAULT pf_aes_gcm_debug

/* What a pad can have in this mode: plain on one side, sealed on the other,
 * so that a wrong order of elements does not link. A session may say plain on
 * both; until it has spoken, the sealed side can be either. */
static GstCaps *
own_caps (PfAesGcm *self, GstPadDirection side)
{
  static GstStaticCaps plain = GST_STATIC_CAPS (PF_CAPS_PACKETS ("false"));
  static GstStaticCaps sealed = GST_STATIC_CAPS (PF_CAPS_PACKETS ("true"));
  static GstStaticCaps either =
      GST_STATIC_CAPS (PF_CAPS_PACKETS ("{ true, false }"));
  Source source;
  Mode mode;

  GST_OBJECT_LOCK (self);
  mode = self->mode;
  source = self->source_of_key;
  GST_OBJECT_UNLOCK (self);
  if (mode == MODE_NONE || source == KEY_NOT_NEEDED ||
      side != (mode == MODE_SEAL ? GST_PAD_SRC : GST_PAD_SINK))
    return gst_static_caps_get (&plain);
  return gst_static_caps_get (source == KEY_NOT_KNOWN ? &either : &sealed);
}

/* What one side has when the other has caps. Blocks can become packets on
 * their way down; the other fields stay. */
static GstCaps *
other_caps (PfAesGcm *self, GstCaps *caps, GstPadDirection side)
{
  const GstPadDirection from = side == GST_PAD_SRC ? GST_PAD_SINK : GST_PAD_SRC;
  const gchar *wide = side == GST_PAD_SRC ? PF_CAPS_BLOCK : PF_CAPS_PACKET;
  g_autoptr (GstCaps) near = own_caps (self, from);
  g_autoptr (GstCaps) far = own_caps (self, side);
  g_autoptr (GstCaps) known = gst_caps_intersect (caps, near);
  GstCaps *result = gst_caps_new_empty ();
  const GValue *sealed =
      gst_structure_get_value (gst_caps_get_structure (far, 0), "sealed");

  for (guint i = 0; i < gst_caps_get_size (known); i++) {
    GstStructure *s = gst_structure_copy (gst_caps_get_structure (known, i));

    gst_structure_set_value (s, "sealed", sealed);
    if (gst_structure_has_name (s, wide)) {
      GstStructure *block = gst_structure_copy (s);

      gst_structure_set_name (block, PF_CAPS_BLOCK);
      gst_structure_set_name (s, PF_CAPS_PACKET);
      result = gst_caps_merge_structure (result, block);
    }
    result = gst_caps_merge_structure (result, s);
  }
  return result;
}

/* The same for the caps of a stream: they keep their form. */
static GstCaps *
src_caps_for (PfAesGcm *self, GstCaps *caps)
{
  GstCaps *out = gst_caps_copy (caps);

  gst_caps_set_simple (
      out, "sealed", G_TYPE_BOOLEAN, self->work == MODE_SEAL, NULL);
  return out;
}

static gboolean
is_block_caps (const GstCaps *caps)
{
  return gst_structure_has_name (
      gst_caps_get_structure (caps, 0), PF_CAPS_BLOCK);
}

static const PfWire *
wire_of (const GstCaps *caps)
{
  return pf_wire_find (
      gst_structure_get_string (gst_caps_get_structure (caps, 0), "wire"));
}

/* Sends CAPS downstream; blocks only to who takes them. */
static gboolean
negotiate (PfAesGcm *self, GstCaps *caps)
{
  g_autoptr (GstCaps) out = src_caps_for (self, caps);
  g_autoptr (GstCaps) current = NULL;

  self->split = FALSE;
  if (is_block_caps (caps)) {
    self->split = !gst_pad_peer_query_accept_caps (self->srcpad, out) ||
                  !pf_block_ask (self->srcpad, out).blocks;
    if (self->split)
      gst_structure_set_name (gst_caps_get_structure (out, 0), PF_CAPS_PACKET);
  }
  current = gst_pad_get_current_caps (self->srcpad);
  if (current && gst_caps_is_equal (current, out))
    return TRUE;
  GST_DEBUG_OBJECT (self, "%" GST_PTR_FORMAT, out);
  return gst_pad_push_event (self->srcpad, gst_event_new_caps (out));
}

/* The key, and what is done with packets of this format. Errors are posted. */
static gboolean
set_wire (PfAesGcm *self, const GstCaps *caps)
{
  const PfWire *wire = wire_of (caps);

  if (!wire || !wire->seal || !wire->open) {
    GST_ELEMENT_ERROR (self, STREAM, FORMAT,
        ("Packets of this format cannot be sealed here; mode=none passes "
         "them."),
        ("%s", gst_structure_get_string (
                   gst_caps_get_structure (caps, 0), "wire")));
    return FALSE;
  }
  if (self->wire && self->wire != wire) {
    GST_ELEMENT_ERROR (self, STREAM, FORMAT,
        ("The packet format changed from %s to %s within the life of a key; "
         "start the stream anew.",
            self->wire->name, wire->name),
        (NULL));
    return FALSE;
  }
  self->wire = wire;
  self->source.scheme = pf_aes_gcm_nonce_scheme (self, wire);
  return self->work != MODE_SEAL || self->sealer ||
         pf_aes_gcm_make_sealer (self);
}

gboolean
pf_aes_gcm_set_caps (PfAesGcm *self, GstCaps *caps)
{
  gboolean sealed = FALSE;

  if (g_atomic_int_compare_and_exchange (&self->ask, TRUE, FALSE))
    self->refused = !pf_aes_gcm_ask_session (self);
  if (self->refused)
    return FALSE;
  /* no caps before it is known what they are */
  if (self->pending)
    return TRUE;
  gst_structure_get_boolean (
      gst_caps_get_structure (caps, 0), "sealed", &sealed);
  if (sealed != (self->work == MODE_OPEN)) {
    GST_ELEMENT_ERROR (self, STREAM, FORMAT,
        ("Packets come %s, but the session agreed on the opposite.",
            sealed ? "sealed" : "plain"),
        (NULL));
    self->refused = TRUE;
    return FALSE;
  }
  if (self->work != MODE_NONE && !set_wire (self, caps))
    return FALSE;
  return negotiate (self, caps);
}

/* Room around packets as downstream wants it, and what sealing needs. */
gboolean
pf_aes_gcm_answer_allocation (PfAesGcm *self, GstQuery *query)
{
  g_autoptr (GstCaps) near = own_caps (self, GST_PAD_SINK);
  g_autoptr (GstCaps) out = NULL;
  const PfWire *wire;
  PfBlockWish wish;
  GstCaps *caps;

  gst_query_parse_allocation (query, &caps, NULL);
  if (!caps || !gst_caps_is_subset (caps, near))
    return FALSE;
  wire = wire_of (caps);
  out = src_caps_for (self, caps);
  wish = pf_block_ask (self->srcpad, out);
  if (self->mode == MODE_SEAL && wire) {
    wish.prefix += wire->seal_prefix;
    wish.padding += wire->seal_suffix;
  } else if (self->mode == MODE_OPEN && wire) {
    wish.prefix -= MIN (wish.prefix, wire->seal_prefix);
    wish.padding -= MIN (wish.padding, wire->seal_suffix);
  }
  pf_block_answer (query, &wish);
  return TRUE;
}

void
pf_aes_gcm_answer_caps (PfAesGcm *self, GstPad *pad, GstQuery *query)
{
  const GstPadDirection side = GST_PAD_DIRECTION (pad);
  GstPad *other = side == GST_PAD_SRC ? self->sinkpad : self->srcpad;
  g_autoptr (GstCaps) wanted = NULL, theirs = NULL, ours = NULL;
  GstCaps *filter, *result;

  gst_query_parse_caps (query, &filter);
  if (filter)
    wanted = other_caps (self, filter, GST_PAD_DIRECTION (other));
  theirs = gst_pad_peer_query_caps (other, wanted);
  ours = other_caps (self, theirs, side);
  result =
      filter ? gst_caps_intersect_full (filter, ours, GST_CAPS_INTERSECT_FIRST)
             : gst_caps_ref (ours);
  gst_query_set_caps_result (query, result);
  gst_caps_unref (result);
}

void
pf_aes_gcm_answer_accept_caps (PfAesGcm *self, GstPad *pad, GstQuery *query)
{
  g_autoptr (GstCaps) ours = own_caps (self, GST_PAD_DIRECTION (pad));
  GstCaps *caps;

  gst_query_parse_accept_caps (query, &caps);
  gst_query_set_accept_caps_result (query, gst_caps_is_subset (caps, ours));
}
