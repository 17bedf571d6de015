/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* pffecdec: packets in, frames, losses and reports out. */
#include "pf-fec-dec-private.h"

#include "pf-block.h"
#include "pf-events.h"

#include <stdlib.h>
#include <string.h>

#define GST_CAT_DEFAULT pf_fec_dec_debug

/* The timer's shortest wait: whatever arrives, it cannot be made to spin. */
#define MIN_WAIT (100 * GST_USECOND)

/* ---- Time --------------------------------------------------------------- */

/* Position in the segment by the clock alone. */
static GstClockTime
clock_position (PfFecDec *self, GstClockTime now)
{
  const GstClockTime base = gst_element_get_base_time (GST_ELEMENT (self));
  GstClock *clock = gst_element_get_clock (GST_ELEMENT (self));
  GstClockTime t = base;

  if (clock) {
    t = pf_timer_clock_time (&self->timer, now);
    gst_object_unref (clock);
  }
  return gst_segment_position_from_running_time (
      &self->segment, GST_FORMAT_TIME, t > base ? t - base : 0);
}

/* The stamp for what leaves now: of the packet at hand, else so much more
 * than the last one as time has passed. */
static GstClockTime
stamp (PfFecDec *self, GstClockTime now)
{
  GstClockTime pts;

  if (self->stamped && GST_CLOCK_TIME_IS_VALID (self->pts))
    pts = self->pts + (now - self->pts_at);
  else
    pts = clock_position (self, now);
  if (!GST_CLOCK_TIME_IS_VALID (pts))
    pts = self->segment.start;
  if (GST_CLOCK_TIME_IS_VALID (self->last_pts) && pts < self->last_pts)
    pts = self->last_pts;
  return pts;
}

/* Has the timer look when the reassembler or a report needs it; a wait that
 * is no longer needed is left to end by itself. */
static void
schedule (PfFecDec *self, GstClockTime now)
{
  guint64 wake = pf_reassembler_wake (self->r);

  if (self->window.started && self->window.due < wake)
    wake = self->window.due;
  if (wake == UINT64_MAX)
    return;
  wake = wake > self->ahead ? wake - self->ahead : 0;
  if (wake < now + MIN_WAIT)
    wake = now + MIN_WAIT;
  /* the timer has an earlier reason to come, and will ask again */
  if (GST_CLOCK_TIME_IS_VALID (self->scheduled) && self->scheduled <= wake)
    return;
  self->scheduled = wake;
  pf_timer_set (&self->timer, wake);
}

/* ---- Frames ------------------------------------------------------------- */

static void
push_loss (PfFecDec *self, const PfEvent *event, GstClockTime now)
{
  const gboolean jump = event->type == PF_EVENT_JUMP;
  const guint last = jump ? event->last - 1 : event->last;
  const GstClockTime pts = stamp (self, now);
  const GstClockTime from =
      GST_CLOCK_TIME_IS_VALID (self->last_pts) ? self->last_pts : pts;
  GstEvent *gap;
  PfFrames lost;

  GST_DEBUG_OBJECT (
      self, "%s %u to %u", jump ? "jump from" : "lost", event->first, last);
  self->discont = TRUE;
  gap = gst_event_new_gap (from, pts - from);
  gst_event_set_gap_flags (gap, GST_GAP_FLAG_MISSING_DATA);
  gst_pad_push_event (self->srcpad, gap);
  /* after a jump only the end means something */
  lost = (PfFrames){ jump ? last : event->first, last };
  gst_pad_push_event (self->sinkpad, pf_event_new_frame_lost (&lost));
}

/* A buffer around the reassembler's memory; takes that over. */
static GstBuffer *
frame_buffer (const PfEvent *event)
{
  static GstStaticCaps unix_caps = GST_STATIC_CAPS ("timestamp/x-unix");
  GstBuffer *buffer = gst_buffer_new ();

  gst_buffer_append_memory (
      buffer, gst_memory_new_wrapped (0, event->memory, event->memory_size,
                  (gsize) (event->unit - event->memory), event->unit_size,
                  event->memory, free));
  /* any number may stand in the header */
  if (event->pts_ns != 0 && GST_CLOCK_TIME_IS_VALID (event->pts_ns)) {
    GstCaps *caps = gst_static_caps_get (&unix_caps);

    gst_buffer_add_reference_timestamp_meta (
        buffer, caps, event->pts_ns, GST_CLOCK_TIME_NONE);
    gst_caps_unref (caps);
  }
  return buffer;
}

/* When its packets arrived, on the scale of the stamps: the first, and how long
 * it took until the one that made it whole. */
static void
add_arrival (
    PfFecDec *self, GstBuffer *buffer, const PfEvent *event, GstClockTime now)
{
  static GstStaticCaps arrival = GST_STATIC_CAPS ("timestamp/x-pf-arrival");
  const GstClockTime age = now + self->ahead - event->first_ns;
  GstCaps *caps;

  if (age > GST_BUFFER_PTS (buffer))
    return; /* before time began */
  caps = gst_static_caps_get (&arrival);
  gst_buffer_add_reference_timestamp_meta (buffer, caps,
      GST_BUFFER_PTS (buffer) - age, event->last_ns - event->first_ns);
  gst_caps_unref (caps);
}

static void
push_frame (PfFecDec *self, const PfEvent *event, GstClockTime now)
{
  GstBuffer *buffer;

  /* nothing to decode; if the flow has ended, nobody wants it */
  if (event->unit_size == 0 || event->flags & PF_WIRE_FILLER ||
      self->flow != GST_FLOW_OK) {
    free (event->memory);
    return;
  }
  buffer = frame_buffer (event);
  GST_BUFFER_PTS (buffer) = self->last_pts = stamp (self, now);
  add_arrival (self, buffer, event, now);
  if (!(event->flags & PF_WIRE_KEY))
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT);
  if (event->flags & (PF_WIRE_ANCHOR | PF_WIRE_RECOVERED))
    pf_buffer_set_anchor (buffer);
  if (self->discont) {
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DISCONT);
    self->discont = FALSE;
  }
  self->counters.bytes += event->unit_size;
  GST_LOG_OBJECT (self, "frame %u, %u shards restored: %" GST_PTR_FORMAT,
      event->first, event->n_restored, buffer);
  self->flow = gst_pad_push (self->srcpad, buffer);
}

void
pf_fec_dec_push_due (PfFecDec *self, GstClockTime now, guint64 due)
{
  PfEvent event;

  while (pf_reassembler_next (self->r, due, &event) > 0) {
    if (event.type == PF_EVENT_FRAME)
      push_frame (self, &event, now);
    else
      push_loss (self, &event, now);
  }
}

/* ---- Counters ----------------------------------------------------------- */

PfReassemblerStats
pf_fec_dec_totals (PfFecDec *self)
{
  PfReassemblerStats all = self->past;

  if (self->r)
    pf_fec_dec_stats_add (&all, pf_reassembler_stats (self->r));
  return all;
}

void
pf_fec_dec_show_counters (PfFecDec *self)
{
  PfReassemblerStats all = pf_fec_dec_totals (self);

  GST_OBJECT_LOCK (self);
  self->shown = all;
  self->shown_dropped = pf_fec_dec_stats_dropped (&all, &self->counters);
  self->shown_counters = self->counters;
  GST_OBJECT_UNLOCK (self);
}

static void
report_loss (PfFecDec *self, GstClockTime now)
{
  const PfReassemblerStats s = pf_fec_dec_totals (self);
  const PfLossTotals t = {
    .received = s.fates[PF_TAKEN] + s.fates[PF_DROP_NOT_NEEDED],
    .restored = s.shards_restored,
    .late = s.shards_late,
    .frames_lost = s.frames_lost,
  };
  const gboolean hold = s.filler_bytes != self->held_bytes;
  PfLossReport report;
  guint32 ppm;

  self->held_bytes = s.filler_bytes;
  if (!pf_loss_window_step (&self->window, &t, now, hold, &ppm))
    return;
  self->counters.reports++;
  self->counters.loss_ppm = ppm;
  GST_DEBUG_OBJECT (self, "loss report: %u ppm", ppm);
  report = (PfLossReport){ ppm, t.received, t.restored, t.late, s.frames,
    s.frames_lost };
  gst_pad_push_event (self->sinkpad, pf_event_new_loss_report (&report));
}

void
pf_fec_dec_look_around (PfFecDec *self, GstClockTime now)
{
  if (!self->window.started || now + self->ahead >= self->window.due)
    report_loss (self, now + self->ahead);
  pf_fec_dec_show_counters (self);
  if (self->flow == GST_FLOW_OK)
    schedule (self, now);
}

/* ---- Copies ------------------------------------------------------------- */

/* Counts one that could not be avoided; an error where there must be none. */
static void
count_copy (PfFecDec *self, const gchar *of)
{
  GST_CAT_LOG_OBJECT (pf_fec_dec_performance, self, "%s: a copy", of);
  self->counters.copies++;
  if (!self->no_copies)
    return;
  if (self->flow == GST_FLOW_OK)
    GST_ELEMENT_ERROR (self, LIBRARY, SETTINGS,
        ("Something would have to be copied, but forbid-copy is set: %s.", of),
        (NULL));
  self->flow = GST_FLOW_ERROR;
}

/* ---- Packets ------------------------------------------------------------ */

static void
take_packet (PfFecDec *self, const guint8 *packet, gsize size, GstClockTime now)
{
  const guint64 gathered = pf_reassembler_stats (self->r)->gathered;
  PfPacketFate fate =
      pf_reassembler_push (self->r, packet, size, now + self->ahead);

  if (fate != PF_TAKEN)
    GST_LOG_OBJECT (
        self, "packet of %" G_GSIZE_FORMAT " bytes: fate %d", size, fate);
  if (pf_reassembler_stats (self->r)->gathered != gathered)
    count_copy (self, "blocks of a frame, to join them");
  pf_fec_dec_push_due (self, now, now + self->ahead);
}

/* Do the rows of a block lie inside of size bytes? */
static gboolean
rows_fit (const PfBlockMeta *m, gsize size)
{
  return m->size <= size && m->offset <= size - m->size &&
         (m->n <= 1 || m->stride <= (size - m->size - m->offset) / (m->n - 1));
}

/* Where nothing is live, packets come faster than their stamps and the clock
 * has no say in how long a frame has been waited for; then the stamps do. */
static void
take_stamp (PfFecDec *self, GstClockTime pts, GstClockTime now)
{
  self->pts = pts;
  self->pts_at = now;
  if (!self->stamped)
    return;
  if (!GST_CLOCK_TIME_IS_VALID (self->first_pts)) {
    /* as far ahead as before */
    self->first_pts = pts;
    self->first_at = now + self->ahead;
  } else if (pts > self->first_pts &&
             pts - self->first_pts + self->first_at > now + self->ahead) {
    self->ahead = pts - self->first_pts + self->first_at - now;
  }
}

static void
take_buffer (PfFecDec *self, GstBuffer *buffer, GstClockTime now)
{
  PfBlockMeta *m = pf_buffer_get_block_meta (buffer);
  GstMapInfo map;

  if (GST_BUFFER_PTS_IS_VALID (buffer))
    take_stamp (self, GST_BUFFER_PTS (buffer), now);
  if (gst_buffer_n_memory (buffer) > 1)
    count_copy (self, "packets that lie in several memories");
  if (!gst_buffer_map (buffer, &map, GST_MAP_READ)) {
    self->counters.unreadable++;
    return;
  }
  if (!m) {
    take_packet (self, map.data, map.size, now);
  } else if (rows_fit (m, map.size)) {
    for (guint i = 0; i < m->n && self->flow == GST_FLOW_OK; i++)
      take_packet (self, map.data + i * m->stride + m->offset, m->size, now);
  } else {
    GST_DEBUG_OBJECT (self, "rows outside of %" GST_PTR_FORMAT, buffer);
    self->counters.unreadable++;
  }
  gst_buffer_unmap (buffer, &map);
}

/* Can packets be taken? Else *ret is what becomes of them. Reads settings,
 * once for what is at hand. */
static gboolean
ready (PfFecDec *self, guint n, GstFlowReturn *ret)
{
  if (g_atomic_int_get (&self->ask)) {
    GstCaps *caps = gst_pad_get_current_caps (self->sinkpad);

    *ret = GST_FLOW_NOT_NEGOTIATED;
    if (!caps || self->refused || !pf_fec_dec_take_caps (self, caps)) {
      /* the old terms do not hold any more */
      pf_fec_dec_drop_reassembler (self);
      gst_caps_replace (&self->refused, caps);
      gst_clear_caps (&caps);
      return FALSE;
    }
    gst_caps_unref (caps);
  }
  if (self->session == PF_SESSION_PENDING) {
    self->counters.pending += n;
    pf_fec_dec_show_counters (self);
    *ret = GST_FLOW_OK;
    return FALSE;
  }
  *ret = GST_FLOW_NOT_NEGOTIATED;
  if (!self->r)
    return FALSE;
  GST_OBJECT_LOCK (self);
  self->no_copies = self->forbid_copy;
  GST_OBJECT_UNLOCK (self);
  return TRUE;
}

GstFlowReturn
pf_fec_dec_chain (GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
  PfFecDec *self = PF_FEC_DEC (parent);
  const PfBlockMeta *meta = pf_buffer_get_block_meta (buffer);
  GstFlowReturn ret;

  (void) pad;
  if (ready (self, meta ? meta->n : 1, &ret)) {
    const GstClockTime now = pf_timer_now (&self->timer);

    if (self->flow == GST_FLOW_OK)
      take_buffer (self, buffer, now);
    pf_fec_dec_look_around (self, now);
    ret = self->flow;
  }
  gst_buffer_unref (buffer);
  return ret;
}

GstFlowReturn
pf_fec_dec_chain_list (GstPad *pad, GstObject *parent, GstBufferList *list)
{
  PfFecDec *self = PF_FEC_DEC (parent);
  const guint n = gst_buffer_list_length (list);
  GstFlowReturn ret;

  (void) pad;
  if (ready (self, n, &ret)) {
    const GstClockTime now = pf_timer_now (&self->timer);

    for (guint i = 0; i < n && self->flow == GST_FLOW_OK; i++)
      take_buffer (self, gst_buffer_list_get (list, i), now);
    pf_fec_dec_look_around (self, now);
    ret = self->flow;
  }
  gst_buffer_list_unref (list);
  return ret;
}
