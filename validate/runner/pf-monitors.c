/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What flows through the pads of a pipeline.
 *
 * Most is seen by pad probes. A pad that is flushing or at its end refuses
 * buffers before its probes see them, so an element that goes on pushing is
 * caught by tracer hooks, which come first.
 */
#define GST_USE_UNSTABLE_API
#include "pf-monitors.h"

#include <gst/gsttracer.h>

typedef struct {
  PfMonitors *owner;
  GstPad *pad; /* ours */
  gulong probe;
  gboolean wants_caps; /* the template has caps */
  /* owner's lock */
  gboolean caps, segment, eos, buffers;
  gboolean flushing, refused; /* told so by the result of a push */
  gboolean flush_entered;     /* the element; not yet this pad */
  gboolean pushed_meanwhile;
  gboolean has_dts;
  GstClockTime last;
} Monitor;

struct _PfMonitors {
  GstBin *pipeline;
  PfIssues *issues;
  gulong element_added;
  GPtrArray *elements; /* ours; with a pad-added handler */

  GMutex lock;
  GHashTable *monitors; /* lock; by pad */
};

/* The tracer hooks cannot be taken away; they look here. */
static GMutex current_lock;
static PfMonitors *current; /* current_lock */

static void
report (Monitor *m, const gchar *id, const gchar *what)
{
  gchar *where = g_strdup_printf ("%s:%s", GST_DEBUG_PAD_NAME (m->pad));

  pf_issues_report (m->owner->issues, id, where, "%s", what);
  g_free (where);
}

/* Call with the lock. */
static void
reset_unlocked (Monitor *m)
{
  m->caps = m->segment = m->eos = m->buffers = m->flushing = m->refused =
      m->flush_entered = m->pushed_meanwhile = m->has_dts = FALSE;
  m->last = GST_CLOCK_TIME_NONE;
}

/* ---- Buffers ------------------------------------------------------------ */

/* Call with the lock. */
static void
see_time_unlocked (Monitor *m, GstBuffer *buffer)
{
  GstClockTime time = GST_BUFFER_DTS (buffer);

  if (GST_CLOCK_TIME_IS_VALID (time)) {
    if (!m->has_dts) /* what came before was another kind of time */
      m->last = GST_CLOCK_TIME_NONE;
    m->has_dts = TRUE;
  } else if (!m->has_dts) {
    time = GST_BUFFER_PTS (buffer);
  }
  if (!GST_CLOCK_TIME_IS_VALID (time))
    return;
  if (GST_CLOCK_TIME_IS_VALID (m->last) && time < m->last)
    report (m, "pf::timestamp-backwards",
        m->has_dts ? "a DTS is smaller than the one before"
                   : "a PTS is smaller than the one before, without DTS");
  m->last = time;
}

/* Call with the lock. */
static void
see_buffers_unlocked (Monitor *m)
{
  if (!m->buffers && !m->caps && m->wants_caps)
    report (m, "pf::buffer-before-caps", "a buffer came before caps");
  if (!m->segment)
    report (m, "buffer::before-segment", "a buffer came before a segment");
  /* said once */
  m->buffers = m->segment = TRUE;
  m->pushed_meanwhile |= m->flush_entered;
}

/* ---- Events ------------------------------------------------------------- */

static gboolean
has_one_sink_pad (GstElement *element)
{
  gboolean one;

  GST_OBJECT_LOCK (element);
  one = element->numsinkpads == 1;
  GST_OBJECT_UNLOCK (element);
  return one;
}

/* A flush that goes into an element has to come out before the element may
 * be asked to stop flushing; one that swallows it must not push. Where it has
 * come out, core itself refuses buffers. Call with the lock. */
static void
see_flush_enter_unlocked (Monitor *sink, gboolean start)
{
  GstElement *element = gst_pad_get_parent_element (sink->pad);
  GHashTableIter iter;
  gpointer pad, value;

  if (element && has_one_sink_pad (element)) {
    g_hash_table_iter_init (&iter, sink->owner->monitors);
    while (g_hash_table_iter_next (&iter, &pad, &value)) {
      Monitor *m = value;

      if (!GST_PAD_IS_SRC (pad) || GST_PAD_PARENT (pad) != element)
        continue;
      if (!start && m->flush_entered && m->pushed_meanwhile)
        report (m, "pf::buffer-after-flush-start",
            "a flush came into the element and stayed there, but a buffer "
            "came out");
      m->flush_entered = start;
      m->pushed_meanwhile = FALSE;
    }
  }
  gst_clear_object (&element);
}

/* Call with the lock. */
static void
see_event_unlocked (Monitor *m, GstEvent *event)
{
  const gboolean sink = GST_PAD_IS_SINK (m->pad);

  switch (GST_EVENT_TYPE (event)) {
  case GST_EVENT_STREAM_START:
    m->eos = FALSE;
    break;
  case GST_EVENT_CAPS:
    if (m->buffers && !m->caps && !m->wants_caps)
      report (m, "pf::caps-after-buffer", "the first caps came after a buffer");
    m->caps = TRUE;
    break;
  case GST_EVENT_SEGMENT:
    m->segment = TRUE;
    m->last = GST_CLOCK_TIME_NONE;
    break;
  case GST_EVENT_EOS:
    m->eos = TRUE;
    break;
  case GST_EVENT_FLUSH_START:
    m->flushing = TRUE;
    m->refused = m->flush_entered = FALSE;
    if (sink)
      see_flush_enter_unlocked (m, TRUE);
    break;
  case GST_EVENT_FLUSH_STOP:
    if (sink)
      see_flush_enter_unlocked (m, FALSE);
    m->flushing = m->refused = m->segment = m->eos = m->has_dts = FALSE;
    m->last = GST_CLOCK_TIME_NONE;
    break;
  default:
    break;
  }
}

static GstPadProbeReturn
probed (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  Monitor *m = data;

  (void) pad;
  g_mutex_lock (&m->owner->lock);
  if (info->type & GST_PAD_PROBE_TYPE_BUFFER) {
    see_buffers_unlocked (m);
    see_time_unlocked (m, GST_PAD_PROBE_INFO_BUFFER (info));
  } else if (info->type & GST_PAD_PROBE_TYPE_BUFFER_LIST) {
    GstBufferList *list = GST_PAD_PROBE_INFO_BUFFER_LIST (info);

    see_buffers_unlocked (m);
    for (guint i = 0; i < gst_buffer_list_length (list); i++)
      see_time_unlocked (m, gst_buffer_list_get (list, i));
  } else {
    see_event_unlocked (m, GST_PAD_PROBE_INFO_EVENT (info));
  }
  g_mutex_unlock (&m->owner->lock);
  return GST_PAD_PROBE_OK;
}

/* ---- Tracer hooks ------------------------------------------------------- */

/* The pad's monitor, with its owner's lock and the lock of the current one;
 * NULL without. */
static Monitor *
lock_monitor (GstPad *pad)
{
  Monitor *m = NULL;

  g_mutex_lock (&current_lock);
  if (current) {
    g_mutex_lock (&current->lock);
    m = g_hash_table_lookup (current->monitors, pad);
    if (!m)
      g_mutex_unlock (&current->lock);
  }
  if (!m)
    g_mutex_unlock (&current_lock);
  return m;
}

static void
unlock_monitor (Monitor *m)
{
  g_mutex_unlock (&m->owner->lock);
  g_mutex_unlock (&current_lock);
}

static void
push_begins (GObject *tracer, GstClockTime ts, GstPad *pad)
{
  Monitor *m = lock_monitor (pad);

  (void) tracer;
  (void) ts;
  if (!m)
    return;
  if (m->eos)
    report (m, "buffer::after-eos", "a buffer came after EOS");
  /* The first refusal is how a streaming thread learns of a flush. */
  if (m->flushing && m->refused)
    report (m, "pf::buffer-after-flush-start",
        "a buffer was refused by a flush, and yet another came");
  unlock_monitor (m);
}

static void
push_ends (GObject *tracer, GstClockTime ts, GstPad *pad, GstFlowReturn ret)
{
  Monitor *m = lock_monitor (pad);

  (void) tracer;
  (void) ts;
  if (!m)
    return;
  m->refused = m->flushing && ret == GST_FLOW_FLUSHING;
  unlock_monitor (m);
}

static void
event_begins (GObject *tracer, GstClockTime ts, GstPad *pad, GstEvent *event)
{
  Monitor *m;

  (void) tracer;
  (void) ts;
  if (GST_EVENT_TYPE (event) != GST_EVENT_EOS || !(m = lock_monitor (pad)))
    return;
  if (m->eos)
    report (m, "pf::eos-twice", "EOS came after EOS");
  unlock_monitor (m);
}

typedef GstTracer PfHooks;
typedef GstTracerClass PfHooksClass;
static GType pf_hooks_get_type (void);
G_DEFINE_TYPE (PfHooks, pf_hooks, GST_TYPE_TRACER)

static void
pf_hooks_class_init (PfHooksClass *klass)
{
  (void) klass;
}

static void
pf_hooks_init (PfHooks *self)
{
  gst_tracing_register_hook (self, "pad-push-pre", G_CALLBACK (push_begins));
  gst_tracing_register_hook (
      self, "pad-push-list-pre", G_CALLBACK (push_begins));
  gst_tracing_register_hook (self, "pad-push-post", G_CALLBACK (push_ends));
  gst_tracing_register_hook (
      self, "pad-push-list-post", G_CALLBACK (push_ends));
  gst_tracing_register_hook (
      self, "pad-push-event-pre", G_CALLBACK (event_begins));
}

static void
make_current (PfMonitors *self)
{
  static GstObject *hooks;

  if (!hooks)
    hooks = gst_object_ref_sink (g_object_new (pf_hooks_get_type (), NULL));
  g_mutex_lock (&current_lock);
  current = self;
  g_mutex_unlock (&current_lock);
}

/* ---- Elements and pads -------------------------------------------------- */

static gboolean
sees_sticky (GstPad *pad, GstEvent **event, gpointer data)
{
  (void) pad;
  see_event_unlocked (data, *event);
  return TRUE;
}

static void
monitor_free (gpointer data)
{
  Monitor *m = data;

  gst_pad_remove_probe (m->pad, m->probe);
  gst_object_unref (m->pad);
  g_free (m);
}

static void
add_pad (PfMonitors *self, GstPad *pad)
{
  GstCaps *caps;
  Monitor *m = NULL;

  g_mutex_lock (&self->lock);
  if (!g_hash_table_contains (self->monitors, pad)) {
    m = g_new0 (Monitor, 1);
    m->owner = self;
    m->pad = gst_object_ref (pad);
    reset_unlocked (m);
    caps = gst_pad_get_pad_template_caps (pad);
    m->wants_caps = !gst_caps_is_any (caps);
    gst_caps_unref (caps);
    gst_pad_sticky_events_foreach (pad, sees_sticky, m);
    g_hash_table_insert (self->monitors, pad, m);
  }
  g_mutex_unlock (&self->lock);
  if (m)
    m->probe = gst_pad_add_probe (pad,
        GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST |
            GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM |
            GST_PAD_PROBE_TYPE_EVENT_FLUSH,
        probed, m, NULL);
}

static void
on_pad_added (GstElement *element, GstPad *pad, gpointer data)
{
  (void) element;
  add_pad (data, pad);
}

static gboolean
foreach_pad (GstElement *element, GstPad *pad, gpointer data)
{
  (void) element;
  add_pad (data, pad);
  return TRUE;
}

static void
add_element (PfMonitors *self, GstElement *element)
{
  g_mutex_lock (&self->lock);
  g_ptr_array_add (self->elements, gst_object_ref (element));
  g_mutex_unlock (&self->lock);
  g_signal_connect (element, "pad-added", G_CALLBACK (on_pad_added), self);
  gst_element_foreach_pad (element, foreach_pad, self);
}

static void
on_element_added (
    GstBin *pipeline, GstBin *bin, GstElement *element, gpointer data)
{
  (void) pipeline;
  (void) bin;
  add_element (data, element);
}

static void
foreach_element (const GValue *value, gpointer data)
{
  add_element (data, g_value_get_object (value));
}

PfMonitors *
pf_monitors_new (GstBin *pipeline, PfIssues *issues)
{
  PfMonitors *self = g_new0 (PfMonitors, 1);
  GstIterator *it;

  self->pipeline = pipeline;
  self->issues = issues;
  self->elements = g_ptr_array_new_with_free_func (gst_object_unref);
  self->monitors = g_hash_table_new_full (NULL, NULL, NULL, monitor_free);
  g_mutex_init (&self->lock);
  self->element_added = g_signal_connect (
      pipeline, "deep-element-added", G_CALLBACK (on_element_added), self);
  it = gst_bin_iterate_recurse (pipeline);
  while (
      gst_iterator_foreach (it, foreach_element, self) == GST_ITERATOR_RESYNC)
    gst_iterator_resync (it);
  gst_iterator_free (it);
  make_current (self);
  return self;
}

void
pf_monitors_free (PfMonitors *self)
{
  if (!self)
    return;
  make_current (NULL);
  g_signal_handler_disconnect (self->pipeline, self->element_added);
  for (guint i = 0; i < self->elements->len; i++)
    g_signal_handlers_disconnect_by_data (self->elements->pdata[i], self);
  g_ptr_array_unref (self->elements);
  g_hash_table_unref (self->monitors);
  g_mutex_clear (&self->lock);
  g_free (self);
}

void
pf_monitors_reset (PfMonitors *self)
{
  GHashTableIter iter;
  gpointer m;

  g_mutex_lock (&self->lock);
  g_hash_table_iter_init (&iter, self->monitors);
  while (g_hash_table_iter_next (&iter, NULL, &m))
    reset_unlocked (m);
  g_mutex_unlock (&self->lock);
}

/* ---- Latency ------------------------------------------------------------ */

static gboolean
ask_latency (GstElement *sink, GstPad *pad, gpointer data)
{
  PfMonitors *self = data;
  GstQuery *query = gst_query_new_latency ();
  GstClockTime min, max;
  gboolean live;
  gchar *where = g_strdup_printf ("%s:%s", GST_DEBUG_PAD_NAME (pad));

  (void) sink;
  if (!gst_pad_is_linked (pad))
    goto out;
  if (!gst_pad_peer_query (pad, query)) {
    pf_issues_report (self->issues, "pf::latency-unanswered", where,
        "nobody upstream answers the LATENCY query");
    goto out;
  }
  gst_query_parse_latency (query, &live, &min, &max);
  if (!GST_CLOCK_TIME_IS_VALID (min) || min > max)
    pf_issues_report (self->issues, "pf::latency-unanswered", where,
        "the answer to the LATENCY query makes no sense: at least "
        "%" G_GUINT64_FORMAT " ns, at most %" G_GUINT64_FORMAT,
        min, max);
out:
  gst_query_unref (query);
  g_free (where);
  return TRUE;
}

static void
ask_sink (const GValue *value, gpointer data)
{
  GstElement *element = g_value_get_object (value);

  gst_element_foreach_sink_pad (element, ask_latency, data);
}

void
pf_monitors_check_latency (PfMonitors *self)
{
  GstIterator *it = gst_bin_iterate_sinks (self->pipeline);

  while (gst_iterator_foreach (it, ask_sink, self) == GST_ITERATOR_RESYNC)
    gst_iterator_resync (it);
  gst_iterator_free (it);
}
