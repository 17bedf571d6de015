/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * pffecenc: the filler of a speed test. The source pad's task sends it, paced
 * by the bytes that were allowed so far, and takes the sink pad's stream lock
 * for each unit: filler goes between frames, never into one, and also goes
 * while no frame comes.
 */
#include "pf-fec-enc-private.h"

#define GST_CAT_DEFAULT pf_fec_enc_debug

#define KBPS_MAX 10000000u
#define MS_MAX 5000u
#define UNITS_PER_S 240
#define UNIT_MIN 1200
#define UNIT_MAX 16384

static const guint8 zeros[UNIT_MAX];

static gsize
unit_size (guint kbps)
{
  return CLAMP ((guint64) kbps * 125 / UNITS_PER_S, UNIT_MIN, UNIT_MAX);
}

/* When so many bytes are allowed, from the begin on. */
static GstClockTime
time_of (guint64 bytes, guint kbps)
{
  return gst_util_uint64_scale (bytes, 8 * GST_MSECOND, kbps);
}

static void
count_unit (PfFecEnc *self, const PfWirePlan *plan, gboolean arrived)
{
  const guint n = pf_wire_n_packets (plan);
  PfProbeDone *sent = &self->probe.sent;

  sent->bytes += plan->frame.size;
  sent->units++;
  sent->packets += n;
  sent->dropped += arrived ? 0 : n;
  GST_OBJECT_LOCK (self);
  self->counters.filler_units++;
  self->counters.filler_packets += n;
  self->counters.filler_bytes += plan->frame.size;
  GST_OBJECT_UNLOCK (self);
}

/* Call with the sink pad's stream lock. FALSE: there is no way on. */
static gboolean
push_unit (PfFecEnc *self)
{
  PfWireFrame frame = { .size = unit_size (self->probe.kbps),
    .pts_ns = (guint64) g_get_real_time () * 1000,
    .flags = PF_WIRE_FILLER };
  GstMapInfo unit = { .data = (guint8 *) zeros, .size = frame.size };
  PfWirePlan plan;
  gboolean arrived;

  if (pf_fec_enc_prepare (self) != GST_FLOW_OK || self->pending ||
      GST_PAD_IS_EOS (self->srcpad))
    return FALSE;
  if (pf_fec_enc_plan (self, &frame, &plan) < 0) {
    GST_INFO_OBJECT (self, "%s has no filler", self->wire->name);
    return FALSE;
  }
  arrived = pf_fec_enc_push (self, &plan, &unit, NULL) == GST_FLOW_OK;
  count_unit (self, &plan, arrived);
  return arrived;
}

/* ---- The task --------------------------------------------------------------- */

/* Says what was sent, behind it. */
static void
finish (PfFecEnc *self, GstClockTime now)
{
  PfFecEncProbe *p = &self->probe;
  GstEvent *event;

  if (GST_CLOCK_TIME_IS_VALID (p->begun))
    p->sent.ms = (guint) ((now - p->begun) / GST_MSECOND);
  GST_INFO_OBJECT (self,
      "speed test: %" G_GUINT64_FORMAT " bytes in %u units and %u packets, "
      "%u ms",
      p->sent.bytes, p->sent.units, p->sent.packets, p->sent.ms);
  event = pf_event_new_probe_done (&p->sent);
  gst_element_post_message (GST_ELEMENT (self),
      gst_message_new_element (GST_OBJECT (self),
          gst_structure_copy (gst_event_get_structure (event))));
  GST_PAD_STREAM_LOCK (self->sinkpad);
  gst_pad_push_event (self->srcpad, event);
  GST_PAD_STREAM_UNLOCK (self->sinkpad);
  memset (p, 0, sizeof *p);
}

/* The speed test that was asked for, if any. */
static gboolean
take_wanted (PfFecEnc *self, PfProbe *wanted)
{
  GST_OBJECT_LOCK (self);
  *wanted = self->wanted;
  memset (&self->wanted, 0, sizeof self->wanted);
  GST_OBJECT_UNLOCK (self);
  return wanted->kbps > 0;
}

/* Sends what is allowed by now; when to come again, or NONE at the end. */
static GstClockTime
run (PfFecEnc *self, GstClockTime now)
{
  PfFecEncProbe *p = &self->probe;
  const GstClockTime end = p->begun + p->ms * GST_MSECOND;
  const gsize size = unit_size (p->kbps);
  gboolean on = TRUE;

  while (on && now < end &&
         p->begun + time_of (p->sent.bytes + size, p->kbps) <= now) {
    GST_PAD_STREAM_LOCK (self->sinkpad);
    on = push_unit (self);
    GST_PAD_STREAM_UNLOCK (self->sinkpad);
    now = pf_timer_now (&self->when);
  }
  if (!on || now >= end)
    return GST_CLOCK_TIME_NONE;
  return MIN (end, p->begun + time_of (p->sent.bytes + size, p->kbps));
}

static void
probe_loop (gpointer data)
{
  PfFecEnc *self = PF_FEC_ENC (GST_PAD_PARENT (data));
  GstClockTime now, next;
  PfProbe wanted;

  if (!pf_timer_wait (&self->when) && self->probe.kbps == 0)
    return;
  now = pf_timer_now (&self->when);
  if (take_wanted (self, &wanted)) {
    if (self->probe.kbps > 0)
      finish (self, now);
    self->probe.kbps = MIN (wanted.kbps, KBPS_MAX);
    self->probe.ms = MIN (wanted.ms, MS_MAX);
    self->probe.begun = now;
  }
  if (self->probe.kbps == 0)
    return;
  next = run (self, now);
  if (GST_CLOCK_TIME_IS_VALID (next))
    pf_timer_set (&self->when, next);
  else
    finish (self, pf_timer_now (&self->when));
}

void
pf_fec_enc_probe (PfFecEnc *self, const PfProbe *probe)
{
  GST_OBJECT_LOCK (self);
  self->wanted = *probe;
  GST_OBJECT_UNLOCK (self);
  pf_timer_set (&self->when, pf_timer_now (&self->when));
}

gboolean
pf_fec_enc_probe_allow (PfFecEnc *self)
{
  memset (&self->probe, 0, sizeof self->probe);
  pf_timer_start (&self->when);
  return gst_pad_start_task (self->srcpad, probe_loop, self->srcpad, NULL);
}

gboolean
pf_fec_enc_probe_end (PfFecEnc *self)
{
  pf_timer_stop (&self->when);
  return gst_pad_stop_task (self->srcpad);
}
