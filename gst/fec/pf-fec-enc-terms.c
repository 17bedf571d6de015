/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* pffecenc: what holds for its stream, by properties, by the session, by what
 * downstream takes, and by how much is lost. */
#include "pf-fec-enc-private.h"

#include "pf-caps.h"
#include "pf-session.h"

#define GST_CAT_DEFAULT pf_fec_enc_debug

/* ---- Parity ---------------------------------------------------------------- */

void
pf_fec_enc_follow_setting_unlocked (PfFecEnc *self, gboolean anew)
{
  if (self->agreed)
    return;
  self->terms_min_parity = self->minimum_parity;
  self->terms_adaptive = self->adaptive;
  self->adapt.at_once = FALSE;
  if (anew)
    self->adapt.percent = self->percentage;
}

void
pf_fec_enc_take_report (PfFecEnc *self, const PfLossReport *report)
{
  guint percent;

  GST_OBJECT_LOCK (self);
  self->counters.reports++;
  if (self->terms_adaptive)
    pf_adapt_report (&self->adapt, report->ppm);
  percent = self->adapt.percent;
  GST_OBJECT_UNLOCK (self);
  GST_DEBUG_OBJECT (self, "%u ppm lost: %u %% parity", report->ppm, percent);
}

/* ---- Settings and session -------------------------------------------------- */

gboolean
pf_fec_enc_take_settings (PfFecEnc *self)
{
  PfWireConfig config = { 0 };
  g_autofree gchar *name = NULL;
  const PfWire *wire;
  int ret;

  GST_OBJECT_LOCK (self);
  name = g_strdup (self->wire_name);
  config.shard_payload = self->shard_payload;
  config.scheme = self->scheme;
  config.max_block = self->max_block;
  config.percent = self->percentage;
  self->agreed = FALSE;
  pf_fec_enc_follow_setting_unlocked (self, TRUE);
  GST_OBJECT_UNLOCK (self);
  wire = pf_wire_find (name);
  if (!wire) {
    GST_ELEMENT_ERROR (self, LIBRARY, SETTINGS,
        ("There is no packet format \"%s\"; set wire to one that "
         "gst-inspect-1.0 pffecenc names.",
            name),
        (NULL));
    return FALSE;
  }
  ret = pf_wire_sender_init (&self->sender, wire, &config);
  if (ret < 0) {
    GST_ELEMENT_ERROR (self, LIBRARY, SETTINGS,
        ("These settings do not fit the packet format %s; look at fec, "
         "percentage, max-block and shard-payload (an even number).",
            wire->name),
        ("fec %u, percentage %u, max-block %u, shard-payload %u: %s",
            config.scheme, config.percent, config.max_block,
            config.shard_payload, pf_strerror (ret)));
    return FALSE;
  }
  self->wire = wire;
  self->terms_scheme = config.scheme;
  return TRUE;
}

/* Terms that a session agreed on. Within one, the numbers of frames and
 * packets go on. */
static gboolean
take_params (PfFecEnc *self, const PfSessionParams *params, gboolean fresh)
{
  const PfWire *wire = pf_wire_find (params->wire);
  int ret = PF_ERR_UNSUPPORTED;

  if (wire && (fresh || !self->begun))
    ret = pf_wire_sender_init (&self->sender, wire, &params->packets);
  else if (wire && wire == self->wire)
    ret = pf_wire_sender_change (&self->sender, &params->packets);
  if (ret < 0) {
    GST_ELEMENT_ERROR (self, STREAM, FORMAT,
        ("The session asks for packets that cannot be made: look at what its "
         "endpoint offers."),
        ("%s after %s, scheme %u, max-block %u, shard-payload %u: %s",
            params->wire, self->wire->name, params->packets.scheme,
            params->packets.max_block, params->packets.shard_payload,
            pf_strerror (ret)));
    return FALSE;
  }
  self->wire = wire;
  self->terms_scheme = self->sender.config.scheme;
  GST_OBJECT_LOCK (self);
  self->terms_min_parity = params->min_parity;
  self->adapt.at_once = params->at_once;
  /* what losses made of it stays while they are followed */
  if (fresh || !self->agreed || !self->terms_adaptive || !params->adaptive)
    self->adapt.percent = params->packets.percent;
  self->terms_adaptive = params->adaptive;
  self->agreed = TRUE;
  GST_OBJECT_UNLOCK (self);
  return TRUE;
}

/* A decoder can begin only where a key frame stands. */
static void
ask_for_key (PfFecEnc *self)
{
  gst_pad_push_event (self->sinkpad,
      gst_event_new_custom (GST_EVENT_CUSTOM_UPSTREAM,
          gst_structure_new ("GstForceKeyUnit", "running-time", G_TYPE_UINT64,
              GST_CLOCK_TIME_NONE, "all-headers", G_TYPE_BOOLEAN, TRUE, "count",
              G_TYPE_UINT, 0, NULL)));
}

static gboolean
ask_session (PfFecEnc *self)
{
  const gboolean was_pending = self->pending;
  PfSessionParams params;
  gboolean ok;

  switch (pf_session_ask (self->srcpad, FALSE, &params)) {
  case PF_SESSION_NONE:
    self->pending = FALSE;
    return TRUE;
  case PF_SESSION_PENDING:
    GST_DEBUG_OBJECT (self, "no session yet");
    self->pending = TRUE;
    return TRUE;
  case PF_SESSION_READY:
    ok = take_params (self, &params, was_pending);
    pf_session_params_clear (&params);
    self->pending = FALSE;
    if (ok && was_pending)
      ask_for_key (self);
    return ok;
  default:
    GST_ELEMENT_ERROR (self, STREAM, FORMAT,
        ("The endpoint behind pffecenc answers PfSessionParams with something "
         "that is none; see docs/events.md."),
        (NULL));
    return FALSE;
  }
}

/* ---- Downstream ------------------------------------------------------------ */

gboolean
pf_fec_enc_holds_back (PfFecEnc *self, GstEvent *event)
{
  return GST_EVENT_IS_STICKY (event) &&
         GST_EVENT_TYPE (event) > GST_EVENT_CAPS &&
         GST_EVENT_TYPE (event) != GST_EVENT_EOS &&
         !gst_pad_has_current_caps (self->srcpad);
}

static gboolean
let_go (GstPad *pad, GstEvent **event, gpointer data)
{
  PfFecEnc *self = data;

  (void) pad;
  if (GST_EVENT_TYPE (*event) > GST_EVENT_CAPS &&
      GST_EVENT_TYPE (*event) != GST_EVENT_EOS)
    gst_pad_push_event (self->srcpad, gst_event_ref (*event));
  return TRUE;
}

static GstCaps *
make_caps (PfFecEnc *self, const gchar *media)
{
  const guint scheme = self->terms_scheme;
  const gchar *fec = scheme == PF_FEC_GF8    ? "gf8"
                     : scheme == PF_FEC_GF16 ? "gf16"
                                             : "none";

  return gst_caps_new_simple (media, "wire", G_TYPE_STRING, self->wire->name,
      "fec", G_TYPE_STRING, fec, "sealed", G_TYPE_BOOLEAN, FALSE, NULL);
}

/* Blocks if the peer takes them, else packets. The peer is asked before CAPS
 * is sent: caps alone do not tell. */
static gboolean
agree (PfFecEnc *self)
{
  GstCaps *caps = make_caps (self, PF_CAPS_BLOCK), *now;
  gboolean ok = FALSE;

  memset (&self->wish, 0, sizeof self->wish);
  if (gst_pad_peer_query_accept_caps (self->srcpad, caps))
    self->wish = pf_block_ask (self->srcpad, caps);
  if (!self->wish.blocks) {
    gst_caps_unref (caps);
    caps = make_caps (self, PF_CAPS_PACKET);
    ok = gst_pad_peer_query_accept_caps (self->srcpad, caps);
    if (ok)
      self->wish = pf_block_ask (self->srcpad, caps);
    self->wish.blocks = FALSE;
  } else {
    ok = TRUE;
  }
  /* asked again and nothing changed: the same caps twice say nothing */
  now = gst_pad_get_current_caps (self->srcpad);
  if (ok && !(now && gst_caps_is_equal (now, caps)))
    ok = gst_pad_push_event (self->srcpad, gst_event_new_caps (caps));
  if (ok && !now) /* the first */
    gst_pad_sticky_events_foreach (self->sinkpad, let_go, self);
  gst_clear_caps (&now);
  GST_DEBUG_OBJECT (self,
      "%" GST_PTR_FORMAT ", prefix %" G_GSIZE_FORMAT
      ", padding %" G_GSIZE_FORMAT ": %s",
      caps, self->wish.prefix, self->wish.padding, ok ? "agreed" : "refused");
  gst_caps_unref (caps);
  return ok;
}

gboolean
pf_fec_enc_negotiate (PfFecEnc *self)
{
  if (g_atomic_int_compare_and_exchange (&self->ask, TRUE, FALSE))
    self->refused = !ask_session (self);
  /* no caps before it is known what they are */
  self->negotiated = !self->refused && (self->pending || agree (self));
  return self->negotiated;
}

GstFlowReturn
pf_fec_enc_prepare (PfFecEnc *self)
{
  const gboolean asked = g_atomic_int_get (&self->ask);

  if (gst_pad_check_reconfigure (self->srcpad) || asked || !self->negotiated) {
    if (!gst_pad_has_current_caps (self->sinkpad))
      return GST_FLOW_NOT_NEGOTIATED;
    if (!pf_fec_enc_negotiate (self)) {
      gst_pad_mark_reconfigure (self->srcpad);
      return GST_PAD_IS_FLUSHING (self->srcpad) ? GST_FLOW_FLUSHING
                                                : GST_FLOW_NOT_NEGOTIATED;
    }
  }
  return GST_FLOW_OK;
}
