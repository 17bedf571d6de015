/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/**
 * SECTION:element-pffecdec
 * @title: pffecdec
 *
 * Collects packets, restores what was lost and hands out access units.
 *
 * In: plain packets of a format that the caps name, in blocks, in lists or one
 * a buffer. Out: whole access units in the order they were sent. A frame that
 * cannot be completed holds up those behind it for at most deadline-us, and
 * overtake-us once one of those is whole; then it counts as lost: the next
 * buffer is marked DISCONT, a GAP event says that data is missing, and
 * PfFrameLost goes upstream. PfLossReport follows upstream every 750 ms. What
 * is damaged on the way is dropped and counted.
 *
 * Frames are stamped with the time of the packet that let them go, so no
 * latency is added. The sender's capture time, where the format carries it, is
 * in a GstReferenceTimestampMeta with caps timestamp/x-unix; when the frame's
 * packets arrived is in another, with caps timestamp/x-pf-arrival.
 *
 * In a session its endpoint says what holds, the media too, before properties
 * do (PfSessionParams, docs/events.md). Filler of a speed test is counted and
 * not handed out.
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

#include "pf-block.h"
#include "pf-caps.h"
#include "pf-events.h"
#include "pf-fec-dec-private.h"
#include "pf-stats.h"

#include <string.h>

GST_DEBUG_CATEGORY (pf_fec_dec_debug);
GST_DEBUG_CATEGORY (pf_fec_dec_performance);
#define GST_CAT_DEFAULT pf_fec_dec_debug

#define DEFAULT_SHARD_PAYLOAD 1408
#define DEFAULT_MAX_BLOCK 0
#define DEFAULT_MAX_FRAME (16u << 20)
#define DEFAULT_DEADLINE_US 120000
#define DEFAULT_OVERTAKE_US 10000
#define DEFAULT_MEMORY_BUDGET 0
#define DEFAULT_FORBID_COPY FALSE

enum {
  PROP_0,
  PROP_CAPS,
  PROP_SHARD_PAYLOAD,
  PROP_MAX_BLOCK,
  PROP_MAX_FRAME,
  PROP_DEADLINE_US,
  PROP_OVERTAKE_US,
  PROP_MEMORY_BUDGET,
  PROP_FORBID_COPY,
  PROP_STATS,
  PROP_FRAMES,
  PROP_FRAMES_RESTORED,
  PROP_FRAMES_LOST,
  PROP_PACKETS,
  PROP_DROPPED,
  PROP_PENDING,
  PROP_FILLER_PACKETS,
  PROP_FILLER_BYTES,
  PROP_COPIES,
  N_PROPS
};

static GParamSpec *props[N_PROPS];

#define AT(member) G_STRUCT_OFFSET (PfFecDec, member)
static const gsize members[N_PROPS] = {
  [PROP_CAPS] = AT (caps),
  [PROP_SHARD_PAYLOAD] = AT (shard_payload),
  [PROP_MAX_BLOCK] = AT (max_block),
  [PROP_MAX_FRAME] = AT (max_frame),
  [PROP_DEADLINE_US] = AT (deadline_us),
  [PROP_OVERTAKE_US] = AT (overtake_us),
  [PROP_MEMORY_BUDGET] = AT (memory_budget),
  [PROP_FORBID_COPY] = AT (forbid_copy),
  [PROP_FRAMES] = AT (shown.frames),
  [PROP_FRAMES_RESTORED] = AT (shown.frames_restored),
  [PROP_FRAMES_LOST] = AT (shown.frames_lost),
  [PROP_PACKETS] = AT (shown.packets),
  [PROP_DROPPED] = AT (shown_dropped),
  [PROP_PENDING] = AT (shown_counters.pending),
  [PROP_FILLER_PACKETS] = AT (shown.filler_packets),
  [PROP_FILLER_BYTES] = AT (shown.filler_bytes),
  [PROP_COPIES] = AT (shown_counters.copies),
};
#undef AT

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

      pf_fec_dec_push_due (self, now, now + self->ahead);
      pf_fec_dec_look_around (self, now);
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
  self->discont = TRUE;
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
    ok = caps != self->refused && pf_fec_dec_take_caps (self, caps);
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
      pf_fec_dec_push_due (self, pf_timer_now (&self->timer), UINT64_MAX);
      pf_fec_dec_show_counters (self);
    }
    self->eos = TRUE;
    break;
  case GST_EVENT_FLUSH_STOP:
    forget (self);
    self->resumed = TRUE;
    break;
  case GST_EVENT_CUSTOM_DOWNSTREAM:
    if (!pf_event_is_params_changed (event))
      break;
    /* asked with the next packet; nobody behind needs to know */
    gst_caps_replace (&self->refused, NULL);
    g_atomic_int_set (&self->ask, TRUE);
    gst_event_unref (event);
    return TRUE;
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
  if (!pf_member_set (self, members[id], value))
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  GST_OBJECT_UNLOCK (self);
}

static void
pf_fec_dec_get_property (
    GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  PfFecDec *self = PF_FEC_DEC (object);

  GST_OBJECT_LOCK (self);
  if (id == PROP_STATS)
    g_value_take_boxed (value,
        pf_fec_dec_stats_structure (&self->shown, &self->shown_counters));
  else if (!pf_member_get (self, members[id], value))
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
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
    self->session = PF_SESSION_NONE;
    g_atomic_int_set (&self->ask, TRUE);
    forget (self);
    pf_fec_dec_show_counters (self);
  }
  ret = GST_ELEMENT_CLASS (pf_fec_dec_parent_class)
            ->change_state (element, transition);
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY) {
    pf_fec_dec_drop_reassembler (self);
    pf_session_params_clear (&self->params);
  }
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
  pf_session_params_clear (&self->params);
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
  props[PROP_OVERTAKE_US] = g_param_spec_uint ("overtake-us", "Overtake",
      "Microseconds that a frame may stay incomplete while a later one is "
      "whole; 0 is as long as deadline-us",
      0, 10000000, DEFAULT_OVERTAKE_US, ready);
  props[PROP_MEMORY_BUDGET] =
      g_param_spec_uint64 ("memory-budget", "Memory budget",
          "Bytes that frames on their way may take, bookkeeping included; 0 is "
          "four times max-frame",
          0, G_MAXUINT64, DEFAULT_MEMORY_BUDGET, ready);
  props[PROP_FORBID_COPY] = g_param_spec_boolean ("forbid-copy", "Forbid copy",
      "Fail where a frame or packet would have to be copied once more",
      DEFAULT_FORBID_COPY,
      G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING);
}

static void
install_counters (void)
{
  /**
   * PfFecDec:stats:
   *
   * A structure application/x-pf-fecdec-stats, counted since READY; its fields
   * are in pf-fec-dec-stats.h.
   */
  props[PROP_STATS] = pf_stats_spec ();
  props[PROP_FRAMES] = pf_counter_spec (
      "frames", "Frames", "Access units handed out since READY");
  props[PROP_FRAMES_RESTORED] = pf_counter_spec ("frames-restored",
      "Frames restored", "Of these, with the help of parity");
  props[PROP_FRAMES_LOST] = pf_counter_spec (
      "frames-lost", "Frames lost", "Access units given up since READY");
  props[PROP_PACKETS] = pf_counter_spec (
      "packets", "Packets", "Packets that arrived since READY");
  props[PROP_DROPPED] = pf_counter_spec ("dropped", "Dropped",
      "Of these, damaged, foreign, late or more than fit in memory");
  props[PROP_PENDING] = pf_counter_spec (
      "pending", "Pending", "Packets dropped for want of a session");
  props[PROP_FILLER_PACKETS] = pf_counter_spec (
      "filler-packets", "Filler packets", "Packets of speed tests since READY");
  props[PROP_FILLER_BYTES] = pf_counter_spec (
      "filler-bytes", "Filler bytes", "Bytes of these, unsealed");
  props[PROP_COPIES] = pf_counter_spec ("copies", "Copies",
      "Frames and packets copied once more than needed since READY");
}

static void
pf_fec_dec_class_init (PfFecDecClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);

  GST_DEBUG_CATEGORY_INIT (
      pf_fec_dec_debug, "pffecdec", 0, "packets back to frames");
  GST_DEBUG_CATEGORY_GET (pf_fec_dec_performance, "GST_PERFORMANCE");
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
  self->overtake_us = DEFAULT_OVERTAKE_US;
  self->memory_budget = DEFAULT_MEMORY_BUDGET;
  self->forbid_copy = DEFAULT_FORBID_COPY;
  pf_timer_init (&self->timer);
  self->scheduled = GST_CLOCK_TIME_NONE;
  forget (self);
}
