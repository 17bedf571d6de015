/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/**
 * SECTION:element-pffecdec
 * @title: pffecdec
 *
 * Collects packets, restores what was lost and hands out access units.
 *
 * In: plain packets of a format that the caps name, in blocks, in lists or one
 * a buffer. Out: whole access units in the order they were sent. A frame that
 * cannot be completed holds up those behind it for at most deadline-us; then
 * it counts as lost: the next buffer is marked DISCONT, a GAP event says that
 * data is missing, and PfFrameLost goes upstream. PfLossReport follows
 * upstream every 750 ms. What is damaged on the way is dropped and counted.
 *
 * Frames are stamped with the time of the packet that let them go, so no
 * latency is added. The sender's capture time, where the format carries it, is
 * in a GstReferenceTimestampMeta with caps timestamp/x-unix.
 *
 * Work is done in the thread that pushes; one more thread, the task of the
 * source pad, looks after deadlines and reports, in turn with the first.
 *
 * |[
 * gst-launch-1.0 udpsrc port=5000 caps="application/x-pf-packet,wire=punktfunk1,fec=gf16,sealed=true" ! pfaesgcm mode=open key-file=session.key ! pffecdec ! h264parse ! avdec_h264 ! autovideosink sync=false
 * ]|
 *
 * Since: 0.1
 */
#include "pf-fec-dec.h"

#include "pf-adapt.h"
#include "pf-block.h"
#include "pf-caps.h"
#include "pf-fec-dec-stats.h"
#include "pf-reassembler.h"
#include "pf-timer.h"

#include <stdlib.h>
#include <string.h>

GST_DEBUG_CATEGORY_STATIC (pf_fec_dec_debug);
#define GST_CAT_DEFAULT pf_fec_dec_debug
GST_DEBUG_CATEGORY_STATIC (performance);

#define DEFAULT_SHARD_PAYLOAD 1408
#define DEFAULT_MAX_BLOCK 0
#define DEFAULT_MAX_FRAME (16u << 20)
#define DEFAULT_DEADLINE_US 120000
#define DEFAULT_MEMORY_BUDGET 0

/* The timer's shortest wait: whatever arrives, it cannot be made to spin. */
#define MIN_WAIT (100 * GST_USECOND)

enum {
  PROP_0,
  PROP_CAPS,
  PROP_SHARD_PAYLOAD,
  PROP_MAX_BLOCK,
  PROP_MAX_FRAME,
  PROP_DEADLINE_US,
  PROP_MEMORY_BUDGET,
  PROP_STATS,
  PROP_FRAMES,
  PROP_FRAMES_RESTORED,
  PROP_FRAMES_LOST,
  PROP_PACKETS,
  PROP_DROPPED,
  PROP_COPIES,
  N_PROPS
};

static GParamSpec *props[N_PROPS];

struct _PfFecDec {
  GstElement parent;
  GstPad *sinkpad, *srcpad;

  /* object lock; read when the caps of the packets come */
  GstCaps *caps;
  guint shard_payload, max_block, max_frame, deadline_us;
  guint64 memory_budget;

  /* object lock; as of the last packets */
  PfReassemblerStats shown;
  PfFecDecCounters shown_counters;

  /* the sink pad's stream lock: streaming thread and timer in turn */
  PfReassembler *r;
  PfReassemblerConfig config; /* r was made with */
  PfReassemblerStats past;    /* of reassemblers before */
  PfFecDecCounters counters;
  PfLossWindow window;
  guint64 held_bytes; /* of filler, when last looked at */
  GstSegment segment; /* downstream */
  GstCaps *refused;   /* of packets; their error was posted */
  gboolean stamped;   /* upstream's stamps are in this segment */
  GstFlowReturn flow; /* of the last push */
  gboolean eos;
  gboolean discont;
  gboolean resumed;                 /* frames went by that no reassembler saw */
  GstClockTime last_pts;            /* pushed */
  GstClockTime pts;                 /* last stamp of upstream */
  GstClockTime pts_at;              /* when that arrived */
  GstClockTime first_pts, first_at; /* of the segment's first packet */
  GstClockTime ahead;     /* of the reassembler's time before the element's */
  GstClockTime scheduled; /* when the timer was last asked for */

  PfTimer timer;
};

/* Media as pffecenc takes them. */
static GstStaticPadTemplate src_template =
    GST_STATIC_PAD_TEMPLATE ("src", GST_PAD_SRC, GST_PAD_ALWAYS,
        GST_STATIC_CAPS ("video/x-h264, stream-format=(string)byte-stream, "
                         "alignment=(string)au; "
                         "video/x-h265, stream-format=(string)byte-stream, "
                         "alignment=(string)au; "
                         "video/x-av1, stream-format=(string)obu-stream, "
                         "alignment=(string)tu"));

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE ("sink",
    GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS (PF_CAPS_PACKETS ("false")));

G_DEFINE_FINAL_TYPE (PfFecDec, pf_fec_dec, GST_TYPE_ELEMENT)
GST_ELEMENT_REGISTER_DEFINE (
    pffecdec, "pffecdec", GST_RANK_NONE, PF_TYPE_FEC_DEC)

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
send_upstream (PfFecDec *self, GstStructure *structure)
{
  gst_pad_push_event (self->sinkpad,
      gst_event_new_custom (GST_EVENT_CUSTOM_UPSTREAM, structure));
}

static void
push_loss (PfFecDec *self, const PfEvent *event, GstClockTime now)
{
  const gboolean jump = event->type == PF_EVENT_JUMP;
  const guint last = jump ? event->last - 1 : event->last;
  const GstClockTime pts = stamp (self, now);
  const GstClockTime from =
      GST_CLOCK_TIME_IS_VALID (self->last_pts) ? self->last_pts : pts;
  GstEvent *gap;

  GST_DEBUG_OBJECT (
      self, "%s %u to %u", jump ? "jump from" : "lost", event->first, last);
  self->discont = TRUE;
  gap = gst_event_new_gap (from, pts - from);
  gst_event_set_gap_flags (gap, GST_GAP_FLAG_MISSING_DATA);
  gst_pad_push_event (self->srcpad, gap);
  /* after a jump only the end means something */
  send_upstream (
      self, gst_structure_new ("PfFrameLost", "first", G_TYPE_UINT,
                jump ? last : event->first, "last", G_TYPE_UINT, last, NULL));
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
  if (!(event->flags & PF_WIRE_KEY))
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT);
  if (self->discont) {
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DISCONT);
    self->discont = FALSE;
  }
  self->counters.bytes += event->unit_size;
  GST_LOG_OBJECT (self, "frame %u, %u shards restored: %" GST_PTR_FORMAT,
      event->first, event->n_restored, buffer);
  self->flow = gst_pad_push (self->srcpad, buffer);
}

/* Pushes what is due; all is at the end of time. */
static void
push_due (PfFecDec *self, GstClockTime now, guint64 due)
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

/* All so far, also of reassemblers that are gone. */
static PfReassemblerStats
totals (PfFecDec *self)
{
  PfReassemblerStats all = self->past;

  if (self->r)
    pf_fec_dec_stats_add (&all, pf_reassembler_stats (self->r));
  return all;
}

static void
show_counters (PfFecDec *self)
{
  PfReassemblerStats all = totals (self);

  GST_OBJECT_LOCK (self);
  self->shown = all;
  self->shown_counters = self->counters;
  GST_OBJECT_UNLOCK (self);
}

static void
report_loss (PfFecDec *self, GstClockTime now)
{
  const PfReassemblerStats s = totals (self);
  const PfLossTotals t = {
    .received = s.fates[PF_TAKEN] + s.fates[PF_DROP_NOT_NEEDED],
    .restored = s.shards_restored,
    .late = s.shards_late,
    .frames_lost = s.frames_lost,
  };
  const gboolean hold = s.filler_bytes != self->held_bytes;
  guint32 ppm;

  self->held_bytes = s.filler_bytes;
  if (!pf_loss_window_step (&self->window, &t, now, hold, &ppm))
    return;
  self->counters.reports++;
  self->counters.loss_ppm = ppm;
  GST_DEBUG_OBJECT (self, "loss report: %u ppm", ppm);
  send_upstream (self,
      gst_structure_new ("PfLossReport", "ppm", G_TYPE_UINT, ppm, "packets",
          G_TYPE_UINT64, t.received, "restored", G_TYPE_UINT64, t.restored,
          "late", G_TYPE_UINT64, t.late, "frames", G_TYPE_UINT64, s.frames,
          "frames-lost", G_TYPE_UINT64, s.frames_lost, NULL));
}

/* After packets and when the timer came. */
static void
look_around (PfFecDec *self, GstClockTime now)
{
  if (!self->window.started || now + self->ahead >= self->window.due)
    report_loss (self, now + self->ahead);
  show_counters (self);
  if (self->flow == GST_FLOW_OK)
    schedule (self, now);
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
  if (pf_reassembler_stats (self->r)->gathered != gathered) {
    GST_CAT_LOG_OBJECT (performance, self, "blocks of a frame joined: a copy");
    self->counters.copies++;
  }
  push_due (self, now, now + self->ahead);
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
  if (gst_buffer_n_memory (buffer) > 1) {
    GST_CAT_LOG_OBJECT (
        performance, self, "a packet in several memories: a copy");
    self->counters.copies++;
  }
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

static GstFlowReturn
pf_fec_dec_chain (GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
  PfFecDec *self = PF_FEC_DEC (parent);
  GstFlowReturn ret = GST_FLOW_NOT_NEGOTIATED;

  (void) pad;
  if (self->r) {
    const GstClockTime now = pf_timer_now (&self->timer);

    if (self->flow == GST_FLOW_OK)
      take_buffer (self, buffer, now);
    look_around (self, now);
    ret = self->flow;
  }
  gst_buffer_unref (buffer);
  return ret;
}

static GstFlowReturn
pf_fec_dec_chain_list (GstPad *pad, GstObject *parent, GstBufferList *list)
{
  PfFecDec *self = PF_FEC_DEC (parent);
  GstFlowReturn ret = GST_FLOW_NOT_NEGOTIATED;

  (void) pad;
  if (self->r) {
    const GstClockTime now = pf_timer_now (&self->timer);
    const guint n = gst_buffer_list_length (list);

    for (guint i = 0; i < n && self->flow == GST_FLOW_OK; i++)
      take_buffer (self, gst_buffer_list_get (list, i), now);
    look_around (self, now);
    ret = self->flow;
  }
  gst_buffer_list_unref (list);
  return ret;
}

/* ---- The timer ---------------------------------------------------------- */

/* Task of the source pad. */
static void
timer_loop (gpointer data)
{
  PfFecDec *self = PF_FEC_DEC (GST_PAD_PARENT (data));

  if (pf_timer_wait (&self->timer)) {
    GST_PAD_STREAM_LOCK (self->sinkpad);
    self->scheduled = GST_CLOCK_TIME_NONE;
    if (self->r && !self->eos && self->flow == GST_FLOW_OK) {
      const GstClockTime now = pf_timer_now (&self->timer);

      push_due (self, now, now + self->ahead);
      look_around (self, now);
    }
    GST_PAD_STREAM_UNLOCK (self->sinkpad);
  }
}

static gboolean
pf_fec_dec_src_activate_mode (
    GstPad *pad, GstObject *parent, GstPadMode mode, gboolean active)
{
  PfFecDec *self = PF_FEC_DEC (parent);

  if (mode != GST_PAD_MODE_PUSH)
    return FALSE;
  if (active) {
    pf_timer_start (&self->timer);
    return gst_pad_start_task (pad, timer_loop, pad, NULL);
  }
  pf_timer_stop (&self->timer);
  return gst_pad_stop_task (pad);
}

/* ---- Negotiation -------------------------------------------------------- */

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

/* What the frames are: nothing in a packet tells. The property says it, else
 * the element behind, if it takes just one kind. NULL: posted. */
static GstCaps *
media_caps (PfFecDec *self)
{
  GstCaps *template = gst_pad_get_pad_template_caps (self->srcpad);
  GstCaps *set, *offered, *caps;

  GST_OBJECT_LOCK (self);
  set = self->caps ? gst_caps_ref (self->caps) : NULL;
  GST_OBJECT_UNLOCK (self);
  if (set)
    offered = gst_caps_intersect (set, template);
  else
    offered = gst_pad_peer_query_caps (self->srcpad, template);
  caps = only_media (offered);
  if (!caps && set)
    GST_ELEMENT_ERROR (self, LIBRARY, SETTINGS,
        ("The property caps names no media that pffecdec can hand out; set it "
         "to one of video/x-h264, video/x-h265 and video/x-av1."),
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

/* Lets go of the reassembler; what it counted stays. */
static void
drop_reassembler (PfFecDec *self)
{
  self->past = totals (self);
  self->past.memory = 0;
  pf_reassembler_free (self->r);
  self->r = NULL;
}

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
  config->packets.scheme = g_strcmp0 (fec, "gf8") == 0    ? PF_FEC_GF8
                           : g_strcmp0 (fec, "gf16") == 0 ? PF_FEC_GF16
                                                          : 0;
  GST_OBJECT_LOCK (self);
  config->packets.shard_payload = self->shard_payload;
  config->packets.max_block = self->max_block;
  config->packets.max_frame = self->max_frame;
  config->deadline_ns = self->deadline_us * 1000ull;
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
         a->deadline_ns == b->deadline_ns && a->budget == b->budget;
}

static gboolean
take_caps (PfFecDec *self, const GstCaps *packets)
{
  PfReassemblerConfig config;
  GstCaps *now, *caps;
  gboolean ok = TRUE;
  int ret;

  if (!wanted_config (self, gst_caps_get_structure (packets, 0), &config))
    return FALSE;
  if (self->r && !same_config (&config, &self->config)) {
    push_due (self, pf_timer_now (&self->timer), UINT64_MAX);
    drop_reassembler (self);
    self->resumed = TRUE;
  }
  if (!self->r) {
    ret = pf_reassembler_new (&config, &self->r);
    if (ret < 0) {
      self->r = NULL;
      GST_ELEMENT_ERROR (self, LIBRARY, SETTINGS,
          ("These settings do not fit the packet format %s; look at "
           "shard-payload (an even number), max-block, max-frame and "
           "memory-budget.",
              config.wire->name),
          ("shard-payload %u, max-block %u, max-frame %u, memory-budget %zu: "
           "%s",
              config.packets.shard_payload, config.packets.max_block,
              config.packets.max_frame, config.budget, pf_strerror (ret)));
      return FALSE;
    }
    self->config = config;
    if (self->resumed)
      pf_reassembler_reset (self->r);
  }
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

/* ---- Events and queries ------------------------------------------------- */

/* As at the start of a stream. */
static void
forget (PfFecDec *self)
{
  if (self->r)
    pf_reassembler_reset (self->r);
  gst_segment_init (&self->segment, GST_FORMAT_TIME);
  memset (&self->window, 0, sizeof self->window);
  self->stamped = FALSE;
  self->flow = GST_FLOW_OK;
  self->eos = FALSE;
  self->discont = TRUE;
  self->last_pts = self->pts = self->first_pts = GST_CLOCK_TIME_NONE;
}

/* Segments in another format are replaced by one in time. */
static GstEvent *
take_segment (PfFecDec *self, GstEvent *event)
{
  const guint32 seqnum = gst_event_get_seqnum (event);
  const GstSegment *segment;

  gst_event_parse_segment (event, &segment);
  self->last_pts = self->pts = self->first_pts = GST_CLOCK_TIME_NONE;
  self->stamped = segment->format == GST_FORMAT_TIME;
  if (self->stamped) {
    gst_segment_copy_into (segment, &self->segment);
    return event;
  }
  gst_segment_init (&self->segment, GST_FORMAT_TIME);
  gst_event_unref (event);
  event = gst_event_new_segment (&self->segment);
  gst_event_set_seqnum (event, seqnum);
  return event;
}

static gboolean
pf_fec_dec_sink_event (GstPad *pad, GstObject *parent, GstEvent *event)
{
  PfFecDec *self = PF_FEC_DEC (parent);
  GstCaps *caps;
  gboolean ok;

  switch (GST_EVENT_TYPE (event)) {
  case GST_EVENT_CAPS:
    gst_event_parse_caps (event, &caps);
    /* what was refused comes again with the next buffer: one error is enough */
    ok = caps != self->refused && take_caps (self, caps);
    gst_caps_replace (&self->refused, ok ? NULL : caps);
    gst_event_unref (event);
    return ok;
  case GST_EVENT_STREAM_START:
    self->eos = FALSE;
    break;
  case GST_EVENT_SEGMENT:
    event = take_segment (self, event);
    break;
  case GST_EVENT_EOS:
    if (self->r) {
      push_due (self, pf_timer_now (&self->timer), UINT64_MAX);
      show_counters (self);
    }
    self->eos = TRUE;
    break;
  case GST_EVENT_FLUSH_STOP:
    forget (self);
    self->resumed = TRUE;
    break;
  default:
    break;
  }
  return gst_pad_event_default (pad, parent, event);
}

static gboolean
pf_fec_dec_sink_query (GstPad *pad, GstObject *parent, GstQuery *query)
{
  const PfBlockWish wish = { TRUE, 0, 0 };

  switch (GST_QUERY_TYPE (query)) {
  case GST_QUERY_ALLOCATION:
    pf_block_answer (query, &wish);
    return TRUE;
  default:
    return gst_pad_query_default (pad, parent, query);
  }
}

/* ---- Properties --------------------------------------------------------- */

static void
pf_fec_dec_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  PfFecDec *self = PF_FEC_DEC (object);

  GST_OBJECT_LOCK (self);
  switch (id) {
  case PROP_CAPS:
    gst_caps_replace (&self->caps, (GstCaps *) gst_value_get_caps (value));
    break;
  case PROP_SHARD_PAYLOAD:
    self->shard_payload = g_value_get_uint (value);
    break;
  case PROP_MAX_BLOCK:
    self->max_block = g_value_get_uint (value);
    break;
  case PROP_MAX_FRAME:
    self->max_frame = g_value_get_uint (value);
    break;
  case PROP_DEADLINE_US:
    self->deadline_us = g_value_get_uint (value);
    break;
  case PROP_MEMORY_BUDGET:
    self->memory_budget = g_value_get_uint64 (value);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    break;
  }
  GST_OBJECT_UNLOCK (self);
}

static void
pf_fec_dec_get_property (
    GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  PfFecDec *self = PF_FEC_DEC (object);
  const PfReassemblerStats *s = &self->shown;

  GST_OBJECT_LOCK (self);
  switch (id) {
  case PROP_CAPS:
    gst_value_set_caps (value, self->caps);
    break;
  case PROP_SHARD_PAYLOAD:
    g_value_set_uint (value, self->shard_payload);
    break;
  case PROP_MAX_BLOCK:
    g_value_set_uint (value, self->max_block);
    break;
  case PROP_MAX_FRAME:
    g_value_set_uint (value, self->max_frame);
    break;
  case PROP_DEADLINE_US:
    g_value_set_uint (value, self->deadline_us);
    break;
  case PROP_MEMORY_BUDGET:
    g_value_set_uint64 (value, self->memory_budget);
    break;
  case PROP_STATS:
    g_value_take_boxed (
        value, pf_fec_dec_stats_structure (s, &self->shown_counters));
    break;
  case PROP_FRAMES:
    g_value_set_uint64 (value, s->frames);
    break;
  case PROP_FRAMES_RESTORED:
    g_value_set_uint64 (value, s->frames_restored);
    break;
  case PROP_FRAMES_LOST:
    g_value_set_uint64 (value, s->frames_lost);
    break;
  case PROP_PACKETS:
    g_value_set_uint64 (value, s->packets);
    break;
  case PROP_DROPPED:
    g_value_set_uint64 (
        value, pf_fec_dec_stats_dropped (s, &self->shown_counters));
    break;
  case PROP_COPIES:
    g_value_set_uint64 (value, self->shown_counters.copies);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    break;
  }
  GST_OBJECT_UNLOCK (self);
}

/* ---- States ------------------------------------------------------------- */

static GstStateChangeReturn
pf_fec_dec_change_state (GstElement *element, GstStateChange transition)
{
  PfFecDec *self = PF_FEC_DEC (element);
  GstStateChangeReturn ret;

  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED) {
    memset (&self->past, 0, sizeof self->past);
    memset (&self->counters, 0, sizeof self->counters);
    self->held_bytes = 0;
    self->ahead = 0;
    self->resumed = FALSE;
    gst_caps_replace (&self->refused, NULL);
    self->scheduled = GST_CLOCK_TIME_NONE;
    forget (self);
    show_counters (self);
  }
  ret = GST_ELEMENT_CLASS (pf_fec_dec_parent_class)
            ->change_state (element, transition);
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY)
    drop_reassembler (self);
  return ret;
}

static gboolean
pf_fec_dec_set_clock (GstElement *element, GstClock *clock)
{
  pf_timer_set_clock (&PF_FEC_DEC (element)->timer, clock);
  return GST_ELEMENT_CLASS (pf_fec_dec_parent_class)
      ->set_clock (element, clock);
}

static void
pf_fec_dec_finalize (GObject *object)
{
  PfFecDec *self = PF_FEC_DEC (object);

  pf_reassembler_free (self->r);
  gst_clear_caps (&self->caps);
  gst_clear_caps (&self->refused);
  pf_timer_clear (&self->timer);
  G_OBJECT_CLASS (pf_fec_dec_parent_class)->finalize (object);
}

static void
install_settings (void)
{
  const GParamFlags ready =
      G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY;

  props[PROP_CAPS] = g_param_spec_boxed ("caps", "Caps",
      "What the frames are (NULL: as the element behind says, if it takes one "
      "codec only)",
      GST_TYPE_CAPS, ready);
  props[PROP_SHARD_PAYLOAD] = g_param_spec_uint ("shard-payload",
      "Shard payload", "Bytes of payload in every packet, as the sender has it",
      16, 9152, DEFAULT_SHARD_PAYLOAD, ready);
  props[PROP_MAX_BLOCK] = g_param_spec_uint ("max-block", "Max block",
      "Data packets a block has at most, as the sender has it; 0 is the "
      "format's own limit",
      0, 65535, DEFAULT_MAX_BLOCK, ready);
  props[PROP_MAX_FRAME] = g_param_spec_uint ("max-frame", "Max frame",
      "Bytes of the largest access unit that is accepted", 1024, 64u << 20,
      DEFAULT_MAX_FRAME, ready);
  props[PROP_DEADLINE_US] = g_param_spec_uint ("deadline-us", "Deadline",
      "Microseconds from the first packet of a frame after which it is given "
      "up and those behind it go on",
      1000, 10000000, DEFAULT_DEADLINE_US, ready);
  props[PROP_MEMORY_BUDGET] =
      g_param_spec_uint64 ("memory-budget", "Memory budget",
          "Bytes that frames on their way may take, bookkeeping included; 0 is "
          "four times max-frame",
          0, G_MAXUINT64, DEFAULT_MEMORY_BUDGET, ready);
}

static void
install_counters (void)
{
  const GParamFlags ro = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  /**
   * PfFecDec:stats:
   *
   * A structure application/x-pf-fecdec-stats, counted since READY; its fields
   * are in pf-fec-dec-stats.h.
   */
  props[PROP_STATS] = g_param_spec_boxed ("stats", "Statistics",
      "Counters since READY; see the documentation", GST_TYPE_STRUCTURE, ro);
  props[PROP_FRAMES] = g_param_spec_uint64 ("frames", "Frames",
      "Access units handed out since READY", 0, G_MAXUINT64, 0, ro);
  props[PROP_FRAMES_RESTORED] =
      g_param_spec_uint64 ("frames-restored", "Frames restored",
          "Of these, with the help of parity", 0, G_MAXUINT64, 0, ro);
  props[PROP_FRAMES_LOST] = g_param_spec_uint64 ("frames-lost", "Frames lost",
      "Access units given up since READY", 0, G_MAXUINT64, 0, ro);
  props[PROP_PACKETS] = g_param_spec_uint64 ("packets", "Packets",
      "Packets that arrived since READY", 0, G_MAXUINT64, 0, ro);
  props[PROP_DROPPED] = g_param_spec_uint64 ("dropped", "Dropped",
      "Of these, damaged, foreign, late or more than fit in memory", 0,
      G_MAXUINT64, 0, ro);
  props[PROP_COPIES] = g_param_spec_uint64 ("copies", "Copies",
      "Frames and packets copied once more than needed since READY", 0,
      G_MAXUINT64, 0, ro);
}

static void
pf_fec_dec_class_init (PfFecDecClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);

  GST_DEBUG_CATEGORY_INIT (
      pf_fec_dec_debug, "pffecdec", 0, "packets back to frames");
  GST_DEBUG_CATEGORY_GET (performance, "GST_PERFORMANCE");
  object_class->set_property = pf_fec_dec_set_property;
  object_class->get_property = pf_fec_dec_get_property;
  object_class->finalize = pf_fec_dec_finalize;
  element_class->change_state = GST_DEBUG_FUNCPTR (pf_fec_dec_change_state);
  element_class->set_clock = GST_DEBUG_FUNCPTR (pf_fec_dec_set_clock);
  install_settings ();
  install_counters ();
  g_object_class_install_properties (object_class, N_PROPS, props);
  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_set_static_metadata (element_class,
      "Reassembler with forward error correction", "Codec/Depayloader/Network",
      "Collects packets, restores lost ones and hands out access units",
      "The gst-punktfunk developers");
}

static void
pf_fec_dec_init (PfFecDec *self)
{
  self->sinkpad = gst_pad_new_from_static_template (&sink_template, "sink");
  gst_pad_set_chain_function (
      self->sinkpad, GST_DEBUG_FUNCPTR (pf_fec_dec_chain));
  gst_pad_set_chain_list_function (
      self->sinkpad, GST_DEBUG_FUNCPTR (pf_fec_dec_chain_list));
  gst_pad_set_event_function (
      self->sinkpad, GST_DEBUG_FUNCPTR (pf_fec_dec_sink_event));
  gst_pad_set_query_function (
      self->sinkpad, GST_DEBUG_FUNCPTR (pf_fec_dec_sink_query));
  gst_element_add_pad (GST_ELEMENT (self), self->sinkpad);
  self->srcpad = gst_pad_new_from_static_template (&src_template, "src");
  gst_pad_set_activatemode_function (
      self->srcpad, GST_DEBUG_FUNCPTR (pf_fec_dec_src_activate_mode));
  gst_pad_use_fixed_caps (self->srcpad);
  gst_element_add_pad (GST_ELEMENT (self), self->srcpad);

  self->shard_payload = DEFAULT_SHARD_PAYLOAD;
  self->max_block = DEFAULT_MAX_BLOCK;
  self->max_frame = DEFAULT_MAX_FRAME;
  self->deadline_us = DEFAULT_DEADLINE_US;
  self->memory_budget = DEFAULT_MEMORY_BUDGET;
  pf_timer_init (&self->timer);
  self->scheduled = GST_CLOCK_TIME_NONE;
  forget (self);
}
