/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* pffecdec: what its packets and its frames are, by caps, by properties, by
 * the session. */
#include "pf-fec-dec-private.h"

#include <string.h>

#define GST_CAT_DEFAULT pf_fec_dec_debug

/* ---- Media ----------------------------------------------------------------- */

/* The one media type among these, made definite; NULL: there are several. */
static GstCaps *
only_media (GstCaps *caps)
{
  const guint n = gst_caps_get_size (caps);

  if (n == 0)
    return NULL;
  for (guint i = 1; i < n; i++)
    if (strcmp (gst_structure_get_name (gst_caps_get_structure (caps, 0)),
            gst_structure_get_name (gst_caps_get_structure (caps, i))) != 0)
      return NULL;
  return gst_caps_fixate (gst_caps_copy (caps));
}

/* What the frames are: nothing in a packet tells. The session says it, else
 * the property, else the element behind, if it takes just one kind. NULL:
 * posted. */
static GstCaps *
media_caps (PfFecDec *self)
{
  GstCaps *template = gst_pad_get_pad_template_caps (self->srcpad);
  GstCaps *set, *offered, *caps;

  GST_OBJECT_LOCK (self);
  set = self->params.media ? self->params.media : self->caps;
  if (set)
    gst_caps_ref (set);
  GST_OBJECT_UNLOCK (self);
  if (set)
    offered = gst_caps_intersect (set, template);
  else
    offered = gst_pad_peer_query_caps (self->srcpad, template);
  caps = only_media (offered);
  if (!caps && set)
    GST_ELEMENT_ERROR (self, LIBRARY, SETTINGS,
        ("%s names no media that pffecdec can hand out; set it to one of "
         "video/x-h264, video/x-h265 and video/x-av1.",
            self->params.media ? "The session" : "The property caps"),
        ("caps %" GST_PTR_FORMAT, set));
  else if (!caps)
    GST_ELEMENT_ERROR (self, LIBRARY, SETTINGS,
        ("Packets do not say which codec is in them, and neither does what "
         "follows pffecdec; set its property caps, for instance "
         "caps=video/x-h264, or put h264parse behind it."),
        ("what follows takes %" GST_PTR_FORMAT, offered));
  gst_clear_caps (&set);
  gst_caps_unref (offered);
  gst_caps_unref (template);
  return caps;
}

void
pf_fec_dec_drop_reassembler (PfFecDec *self)
{
  self->past = pf_fec_dec_totals (self);
  self->past.memory = 0;
  pf_reassembler_free (self->r);
  self->r = NULL;
}

/* ---- Packets ---------------------------------------------------------------- */

static gboolean
wanted_config (
    PfFecDec *self, const GstStructure *packets, PfReassemblerConfig *config)
{
  const gchar *wire = gst_structure_get_string (packets, "wire");
  const gchar *fec = gst_structure_get_string (packets, "fec");

  memset (config, 0, sizeof *config);
  config->wire = pf_wire_find (wire);
  if (!config->wire) {
    GST_ELEMENT_ERROR (self, STREAM, FORMAT,
        ("pffecdec does not know the packet format \"%s\"; "
         "gst-inspect-1.0 pffecenc names those there are.",
            wire ? wire : ""),
        ("caps %" GST_PTR_FORMAT, packets));
    return FALSE;
  }
  /* the same defaults as the sender's */
  if (self->session == PF_SESSION_READY &&
      strcmp (self->params.wire, config->wire->name) != 0) {
    GST_ELEMENT_ERROR (self, STREAM, FORMAT,
        ("Packets of %s come, but the session agreed on %s.",
            config->wire->name, self->params.wire),
        (NULL));
    return FALSE;
  }
  config->packets.scheme = g_strcmp0 (fec, "gf8") == 0    ? PF_FEC_GF8
                           : g_strcmp0 (fec, "gf16") == 0 ? PF_FEC_GF16
                                                          : 0;
  GST_OBJECT_LOCK (self);
  config->packets.shard_payload = self->shard_payload;
  config->packets.max_block = self->max_block;
  config->packets.max_frame = self->max_frame;
  if (self->session == PF_SESSION_READY) {
    const guint scheme = config->packets.scheme;

    config->packets = self->params.packets;
    if (config->packets.scheme == 0)
      config->packets.scheme = scheme;
    /* of memory ours is the last word */
    if (config->packets.max_frame == 0 ||
        config->packets.max_frame > self->max_frame)
      config->packets.max_frame = self->max_frame;
  }
  config->deadline_ns = self->deadline_us * 1000ull;
  config->overtake_ns = self->overtake_us * 1000ull;
  /* a format's own bound on frames may be so small that parity finds no room */
  config->budget = (size_t) MIN (self->memory_budget, SIZE_MAX);
  if (config->budget == 0)
    config->budget = (size_t) 4 * self->max_frame;
  GST_OBJECT_UNLOCK (self);
  return TRUE;
}

static gboolean
same_config (const PfReassemblerConfig *a, const PfReassemblerConfig *b)
{
  return a->wire == b->wire && a->packets.scheme == b->packets.scheme &&
         a->packets.shard_payload == b->packets.shard_payload &&
         a->packets.max_block == b->packets.max_block &&
         a->packets.max_frame == b->packets.max_frame &&
         a->packets.percent == b->packets.percent &&
         a->packets.order == b->packets.order &&
         a->packets.filler_shared == b->packets.filler_shared &&
         a->deadline_ns == b->deadline_ns && a->overtake_ns == b->overtake_ns &&
         a->budget == b->budget;
}

/* Makes the reassembler, if there is none of this kind; it goes on where the
 * one before it ended. FALSE: posted. */
static gboolean
take_config (PfFecDec *self, const PfReassemblerConfig *config)
{
  PfReassembler *r;
  int ret;

  if (self->r && same_config (config, &self->config))
    return TRUE;
  if (self->r)
    pf_fec_dec_push_due (self, pf_timer_now (&self->timer), UINT64_MAX);
  ret = pf_reassembler_new (config, &r);
  if (ret < 0) {
    pf_fec_dec_drop_reassembler (self);
    GST_ELEMENT_ERROR (self, LIBRARY, SETTINGS,
        ("These settings do not fit the packet format %s; look at "
         "shard-payload (an even number), max-block, max-frame and "
         "memory-budget.",
            config->wire->name),
        ("shard-payload %u, max-block %u, max-frame %u, memory-budget %zu: %s",
            config->packets.shard_payload, config->packets.max_block,
            config->packets.max_frame, config->budget, pf_strerror (ret)));
    return FALSE;
  }
  if (self->r && config->wire == self->config.wire)
    pf_reassembler_follow (r, self->r);
  else if (self->resumed)
    pf_reassembler_reset (r);
  pf_fec_dec_drop_reassembler (self);
  self->r = r;
  self->config = *config;
  return TRUE;
}

/* FALSE: posted. */
static gboolean
ask_session (PfFecDec *self)
{
  const gboolean was_pending = self->session == PF_SESSION_PENDING;

  pf_session_params_clear (&self->params);
  self->session = pf_session_ask (self->sinkpad, FALSE, &self->params);
  if (self->session == PF_SESSION_BAD) {
    GST_ELEMENT_ERROR (self, STREAM, FORMAT,
        ("The endpoint before pffecdec answers PfSessionParams with something "
         "that is none; see docs/events.md."),
        (NULL));
    return FALSE;
  }
  /* another session: its numbers begin anew */
  if (was_pending && self->session == PF_SESSION_READY) {
    pf_fec_dec_drop_reassembler (self);
    self->resumed = FALSE;
  }
  return TRUE;
}

gboolean
pf_fec_dec_take_caps (PfFecDec *self, const GstCaps *packets)
{
  PfReassemblerConfig config;
  GstCaps *now, *caps;
  gboolean ok = TRUE;

  if (g_atomic_int_compare_and_exchange (&self->ask, TRUE, FALSE) &&
      !ask_session (self))
    return FALSE;
  /* no caps before it is known what they are */
  if (self->session == PF_SESSION_PENDING)
    return TRUE;
  if (!wanted_config (self, gst_caps_get_structure (packets, 0), &config))
    return FALSE;
  if (!take_config (self, &config))
    return FALSE;
  caps = media_caps (self);
  if (!caps)
    return FALSE;
  now = gst_pad_get_current_caps (self->srcpad);
  if (!now || !gst_caps_is_equal (now, caps))
    ok = gst_pad_push_event (self->srcpad, gst_event_new_caps (caps));
  gst_clear_caps (&now);
  gst_caps_unref (caps);
  return ok;
}
