/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * pfplant: an element that breaks one rule of data flow, to show that
 * pf-validate sees it, with buffers of its own. Without a fault it passes
 * buffers on. Its signal "flush" sends a flush downstream.
 */
#include <gst/gst.h>

#define PF_TYPE_PLANT (pf_plant_get_type ())
G_DECLARE_FINAL_TYPE (PfPlant, pf_plant, PF, PLANT, GstElement)

struct _PfPlant {
  GstElement parent;
  GstPad *sinkpad, *srcpad;
  gchar *fault; /* set before PAUSED, then constant */
  /* streaming thread */
  guint buffers;
  GstCaps *kept;
};

enum { PROP_0, PROP_FAULT };

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE (
    "sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);
static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE ("src",
    GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS ("video/x-h264; text/plain"));

G_DEFINE_FINAL_TYPE (PfPlant, pf_plant, GST_TYPE_ELEMENT)

/* What is lost; a sanitizer still sees it, so that only the runner complains. */
static GstMiniObject *leaked;
static GstPad *leaked_pad;

static gboolean
has_fault (PfPlant *self, const gchar *fault)
{
  return g_strcmp0 (self->fault, fault) == 0;
}

static GstBuffer *
new_buffer (GstClockTime time)
{
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, 16, NULL);

  gst_buffer_memset (buffer, 0, 0, 16);
  GST_BUFFER_PTS (buffer) = GST_BUFFER_DTS (buffer) = time;
  return buffer;
}

static GstFlowReturn
pf_plant_chain (GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
  PfPlant *self = PF_PLANT (parent);
  const guint n = self->buffers++;

  (void) pad;
  if (!self->fault)
    return gst_pad_push (self->srcpad, buffer);
  gst_buffer_unref (buffer);
  buffer = new_buffer ((n + 10) * GST_MSECOND);
  if (has_fault (self, "backwards") && n == 3)
    GST_BUFFER_DTS (buffer) = 0;
  if (has_fault (self, "backwards-pts")) {
    GST_BUFFER_DTS (buffer) = GST_CLOCK_TIME_NONE;
    if (n == 3)
      GST_BUFFER_PTS (buffer) = 0;
  }
  if (has_fault (self, "backwards-in-list")) {
    GstBufferList *list = gst_buffer_list_new ();

    gst_buffer_list_add (list, buffer);
    gst_buffer_list_add (list, new_buffer (0));
    return gst_pad_push_list (self->srcpad, list);
  }
  if (n == 3 && has_fault (self, "leak-buffer"))
    leaked = GST_MINI_OBJECT (gst_buffer_ref (buffer));
  if (n == 3 && has_fault (self, "leak-pad"))
    leaked_pad = gst_object_ref (self->srcpad);
  if (n == 3 && self->kept)
    gst_pad_push_event (self->srcpad, gst_event_new_caps (self->kept));
  return gst_pad_push (self->srcpad, buffer);
}

static gboolean
pf_plant_sink_event (GstPad *pad, GstObject *parent, GstEvent *event)
{
  PfPlant *self = PF_PLANT (parent);
  gboolean ok;

  switch (GST_EVENT_TYPE (event)) {
  case GST_EVENT_CAPS:
    if (has_fault (self, "late-caps")) {
      GstCaps *caps;

      gst_event_parse_caps (event, &caps);
      gst_caps_replace (&self->kept, caps);
    } else if (!has_fault (self, "no-caps")) {
      break;
    }
    gst_event_unref (event);
    return TRUE;
  case GST_EVENT_SEGMENT:
    if (!has_fault (self, "no-segment"))
      break;
    gst_event_unref (event);
    return TRUE;
  case GST_EVENT_EOS:
    ok = gst_pad_event_default (pad, parent, event);
    if (has_fault (self, "after-eos"))
      gst_pad_push (self->srcpad, new_buffer (GST_SECOND));
    if (has_fault (self, "list-after-eos")) {
      GstBufferList *list = gst_buffer_list_new ();

      gst_buffer_list_add (list, new_buffer (GST_SECOND));
      gst_pad_push_list (self->srcpad, list);
    }
    if (has_fault (self, "eos-twice"))
      gst_pad_push_event (self->srcpad, gst_event_new_eos ());
    return ok;
  case GST_EVENT_FLUSH_START:
    if (has_fault (self, "swallow-flush")) {
      gst_event_unref (event);
      gst_pad_push (self->srcpad, new_buffer (GST_SECOND));
      return TRUE;
    }
    ok = gst_pad_event_default (pad, parent, event);
    if (has_fault (self, "push-on")) {
      gst_pad_push (self->srcpad, new_buffer (GST_SECOND));
      gst_pad_push (self->srcpad, new_buffer (GST_SECOND));
    }
    return ok;
  case GST_EVENT_FLUSH_STOP:
    if (has_fault (self, "swallow-flush")) {
      gst_event_unref (event);
      return TRUE;
    }
    ok = gst_pad_event_default (pad, parent, event);
    if (has_fault (self, "no-segment-after-flush"))
      gst_pad_push (self->srcpad, new_buffer (GST_SECOND));
    return ok;
  default:
    break;
  }
  return gst_pad_event_default (pad, parent, event);
}

static gboolean
pf_plant_src_query (GstPad *pad, GstObject *parent, GstQuery *query)
{
  PfPlant *self = PF_PLANT (parent);

  if (GST_QUERY_TYPE (query) == GST_QUERY_LATENCY) {
    if (has_fault (self, "no-latency"))
      return FALSE;
    if (has_fault (self, "wrong-latency")) {
      gst_query_set_latency (query, TRUE, GST_SECOND, GST_MSECOND);
      return TRUE;
    }
  }
  return gst_pad_query_default (pad, parent, query);
}

static void
flush (PfPlant *self)
{
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  /* nothing downstream blocks, so no buffer need come between these */
  GST_PAD_STREAM_LOCK (self->sinkpad);
  gst_pad_push_event (self->srcpad, gst_event_new_flush_start ());
  gst_pad_push_event (self->srcpad, gst_event_new_flush_stop (TRUE));
  gst_pad_push_event (self->srcpad, gst_event_new_segment (&segment));
  GST_PAD_STREAM_UNLOCK (self->sinkpad);
}

static void
pf_plant_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  PfPlant *self = PF_PLANT (object);

  if (id == PROP_FAULT) {
    g_free (self->fault);
    self->fault = g_value_dup_string (value);
  } else {
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
}

static void
pf_plant_finalize (GObject *object)
{
  PfPlant *self = PF_PLANT (object);

  g_free (self->fault);
  gst_clear_caps (&self->kept);
  G_OBJECT_CLASS (pf_plant_parent_class)->finalize (object);
}

static void
pf_plant_class_init (PfPlantClass *klass)
{
  GObjectClass *object = G_OBJECT_CLASS (klass);
  GstElementClass *element = GST_ELEMENT_CLASS (klass);

  object->set_property = pf_plant_set_property;
  object->finalize = pf_plant_finalize;
  g_object_class_install_property (object, PROP_FAULT,
      g_param_spec_string ("fault", "Fault", "The rule to break", NULL,
          G_PARAM_WRITABLE | G_PARAM_STATIC_STRINGS));
  g_signal_new_class_handler ("flush", PF_TYPE_PLANT,
      G_SIGNAL_RUN_LAST | G_SIGNAL_ACTION, G_CALLBACK (flush), NULL, NULL, NULL,
      G_TYPE_NONE, 0);
  gst_element_class_add_static_pad_template (element, &sink_template);
  gst_element_class_add_static_pad_template (element, &src_template);
  gst_element_class_set_static_metadata (element, "Planted fault", "Test",
      "Breaks one rule of data flow", "gst-punktfunk");
}

static void
pf_plant_init (PfPlant *self)
{
  self->sinkpad = gst_pad_new_from_static_template (&sink_template, "sink");
  gst_pad_set_chain_function (self->sinkpad, pf_plant_chain);
  gst_pad_set_event_function (self->sinkpad, pf_plant_sink_event);
  GST_PAD_SET_PROXY_CAPS (self->sinkpad);
  gst_element_add_pad (GST_ELEMENT (self), self->sinkpad);
  self->srcpad = gst_pad_new_from_static_template (&src_template, "src");
  gst_pad_set_query_function (self->srcpad, pf_plant_src_query);
  GST_PAD_SET_PROXY_CAPS (self->srcpad);
  gst_element_add_pad (GST_ELEMENT (self), self->srcpad);
}

static gboolean
plugin_init (GstPlugin *plugin)
{
  return gst_element_register (plugin, "pfplant", GST_RANK_NONE, PF_TYPE_PLANT);
}

GST_PLUGIN_DEFINE (GST_VERSION_MAJOR, GST_VERSION_MINOR, pfplant,
    "Planted faults for tests", plugin_init, PACKAGE_VERSION, "MIT/X11",
    PACKAGE, "https://punktfunk.example")
