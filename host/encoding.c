/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A running encoder is exchanged; see encoding.h. The order of things:
 *
 * The new part comes to life beside the old one, gets the caps it is to have,
 * and so opens its encoder, in a thread of its own. Then the source is asked
 * for the mode. When its new caps come they are kept from the old part, and
 * with the frame behind them, in the thread that pushes it, the parts change
 * places; the pads then tell the new part all that a beginning stream has to
 * hear. The old part goes in yet another thread.
 */
#include "encoding.h"

#include "pf-events.h"

struct _PfEncoding {
  gint refs; /* atomic */

  /* constant */
  GstElement *pipeline;
  GstPad *feed; /* whose peer is the part */
  gulong probe;

  GMutex lock;
  /* lock */
  GstElement *part; /* in use */
  GstElement *next; /* to be used; NULL: no exchange goes on */
  PfMode mode;      /* that comes with it; width 0: the same */
  gboolean ready;   /* next waits for its first frame */
  gboolean arrived; /* which is in that mode */
};

/* Of one part that is made ready. */
typedef struct {
  PfEncoding *encoding; /* a reference */
  PfMode mode;
} Preparation;

static PfEncoding *
encoding_ref (PfEncoding *e)
{
  g_atomic_int_inc (&e->refs);
  return e;
}

static void
encoding_unref (gpointer user)
{
  PfEncoding *e = user;

  if (!g_atomic_int_dec_and_test (&e->refs))
    return;
  gst_clear_object (&e->part);
  gst_clear_object (&e->next);
  gst_object_unref (e->feed);
  gst_object_unref (e->pipeline);
  g_mutex_clear (&e->lock);
  g_free (e);
}

static void
tell (PfEncoding *e, gboolean good, const gchar *reason)
{
  gst_element_post_message (e->pipeline,
      gst_message_new_element (GST_OBJECT (e->pipeline),
          gst_structure_new (PF_ENCODING_CHANGED, "good", G_TYPE_BOOLEAN, good,
              "reason", G_TYPE_STRING, reason ? reason : "", NULL)));
}

/* ---- The old part goes ---------------------------------------------------- */

static void
retire_now (GstElement *part, gpointer user)
{
  GstObject *parent = gst_object_get_parent (GST_OBJECT (part));

  (void) user;
  gst_element_set_state (part, GST_STATE_NULL);
  if (parent)
    gst_bin_remove (GST_BIN (parent), part);
  gst_clear_object (&parent);
}

/* Takes the reference. Encoders may take their time. */
static void
retire (GstElement *part)
{
  gst_element_set_locked_state (part, TRUE);
  gst_element_call_async (part, retire_now, NULL, NULL);
  gst_object_unref (part);
}

static GstPadProbeReturn
keep_end (GstPad *pad, GstPadProbeInfo *info, gpointer user)
{
  (void) pad;
  (void) user;
  return GST_EVENT_TYPE (GST_PAD_PROBE_INFO_EVENT (info)) == GST_EVENT_EOS
             ? GST_PAD_PROBE_DROP
             : GST_PAD_PROBE_OK;
}

/* Frames that are inside of it come out, and no end. */
static void
drain (GstPad *sink, GstPad *src)
{
  gst_pad_add_probe (
      src, GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, keep_end, NULL, NULL);
  gst_pad_send_event (sink, gst_event_new_eos ());
}

/* ---- The exchange, in the thread of the source ---------------------------- */

static gboolean
link_part (PfEncoding *e, GstElement *part, GstPad *after)
{
  g_autoptr (GstPad) sink = gst_element_get_static_pad (part, "sink");
  g_autoptr (GstPad) src = gst_element_get_static_pad (part, "src");

  return gst_pad_link (e->feed, sink) == GST_PAD_LINK_OK &&
         gst_pad_link (src, after) == GST_PAD_LINK_OK;
}

static void
exchange (PfEncoding *e, GstElement *old, GstElement *fresh)
{
  g_autoptr (GstPad) sink = gst_element_get_static_pad (old, "sink");
  g_autoptr (GstPad) src = gst_element_get_static_pad (old, "src");
  g_autoptr (GstPad) after = gst_pad_get_peer (src);

  drain (sink, src);
  gst_pad_unlink (e->feed, sink);
  gst_pad_unlink (src, after);
  if (link_part (e, fresh, after))
    tell (e, TRUE, NULL);
  else
    GST_ELEMENT_ERROR (e->pipeline, CORE, PAD,
        ("The new encoder does not fit where the old one was."), (NULL));
  retire (old);
}

static gboolean
is_mode (const GstCaps *caps, const PfMode *mode)
{
  const GstStructure *s = gst_caps_get_structure (caps, 0);
  gint width, height, n, d;

  return gst_structure_get_int (s, "width", &width) &&
         gst_structure_get_int (s, "height", &height) &&
         gst_structure_get_fraction (s, "framerate", &n, &d) &&
         (guint) width == mode->width && (guint) height == mode->height &&
         n == (gint) mode->fps * d;
}

static GstPadProbeReturn
on_caps (PfEncoding *e, GstEvent *event)
{
  GstCaps *caps;
  gboolean kept;

  gst_event_parse_caps (event, &caps);
  g_mutex_lock (&e->lock);
  if (e->ready && is_mode (caps, &e->mode))
    e->arrived = TRUE;
  kept = e->arrived;
  g_mutex_unlock (&e->lock);
  return kept ? GST_PAD_PROBE_DROP : GST_PAD_PROBE_OK;
}

static void
on_frame (PfEncoding *e)
{
  GstElement *old = NULL, *fresh = NULL;

  g_mutex_lock (&e->lock);
  if (e->ready && (e->arrived || e->mode.width == 0)) {
    old = e->part;
    fresh = e->next;
    e->part = gst_object_ref (fresh);
    e->next = NULL;
    e->ready = e->arrived = FALSE;
  }
  g_mutex_unlock (&e->lock);
  if (!fresh)
    return;
  exchange (e, old, fresh);
  gst_object_unref (fresh);
}

static GstPadProbeReturn
on_feed (GstPad *pad, GstPadProbeInfo *info, gpointer user)
{
  PfEncoding *e = user;

  (void) pad;
  if (info->type & GST_PAD_PROBE_TYPE_BUFFER) {
    on_frame (e);
  } else {
    GstEvent *event = GST_PAD_PROBE_INFO_EVENT (info);

    if (GST_EVENT_TYPE (event) == GST_EVENT_CAPS)
      return on_caps (e, event);
  }
  return GST_PAD_PROBE_OK;
}

/* ---- The new part comes --------------------------------------------------- */

/* What the source's caps will be. */
static GstCaps *
caps_of_mode (PfEncoding *e, const PfMode *mode)
{
  GstCaps *caps = gst_pad_get_current_caps (e->feed);

  if (!caps || mode->width == 0)
    return caps;
  caps = gst_caps_make_writable (caps);
  gst_caps_set_simple (caps, "width", G_TYPE_INT, (gint) mode->width, "height",
      G_TYPE_INT, (gint) mode->height, "framerate", GST_TYPE_FRACTION,
      (gint) mode->fps, 1, NULL);
  return caps;
}

static gboolean
send_sticky (PfEncoding *e, GstPad *sink, GstEventType type)
{
  GstEvent *event = gst_pad_get_sticky_event (e->feed, type, 0);

  return event && gst_pad_send_event (sink, event);
}

/* With its caps an encoder opens; this is what takes time. */
static gboolean
warm (PfEncoding *e, GstElement *part, const PfMode *mode)
{
  g_autoptr (GstPad) sink = gst_element_get_static_pad (part, "sink");
  g_autoptr (GstCaps) caps = caps_of_mode (e, mode);

  return caps && send_sticky (e, sink, GST_EVENT_STREAM_START) &&
         gst_pad_send_event (sink, gst_event_new_caps (caps)) &&
         send_sticky (e, sink, GST_EVENT_SEGMENT);
}

/* FALSE: it was given up meanwhile. */
static gboolean
get_ready (PfEncoding *e, GstElement *part, gboolean good)
{
  gboolean ours;

  g_mutex_lock (&e->lock);
  ours = e->next == part;
  if (ours && good)
    e->ready = TRUE;
  else if (ours)
    gst_clear_object (&e->next);
  g_mutex_unlock (&e->lock);
  return ours;
}

static void
prepare (GstElement *part, gpointer user)
{
  const Preparation *p = user;
  PfEncoding *e = p->encoding;
  const gboolean good =
      gst_element_sync_state_with_parent (part) && warm (e, part, &p->mode);
  const gboolean ours = get_ready (e, part, good);

  if (ours && good && p->mode.width > 0)
    gst_pad_send_event (e->feed, pf_event_new_mode (&p->mode));
  if (good && ours)
    return;
  retire (gst_object_ref (part));
  if (ours)
    tell (e, FALSE, "the encoder does not take this mode");
}

static void
free_preparation (gpointer user)
{
  Preparation *p = user;

  encoding_unref (p->encoding);
  g_free (p);
}

void
pf_encoding_exchange (
    PfEncoding *e, GstElement *part, guint width, guint height, guint fps)
{
  Preparation *p = g_new0 (Preparation, 1);

  pf_encoding_cancel (e);
  p->encoding = encoding_ref (e);
  p->mode = (PfMode){ 0, width, height, fps };
  gst_object_ref_sink (part);
  gst_bin_add (GST_BIN (e->pipeline), part);
  g_mutex_lock (&e->lock);
  e->next = part;
  e->mode = p->mode;
  e->ready = e->arrived = FALSE;
  g_mutex_unlock (&e->lock);
  gst_element_call_async (part, prepare, p, free_preparation);
}

gboolean
pf_encoding_cancel (PfEncoding *e)
{
  GstElement *part;

  g_mutex_lock (&e->lock);
  part = e->next;
  e->next = NULL;
  e->ready = e->arrived = FALSE;
  g_mutex_unlock (&e->lock);
  if (part)
    retire (part);
  return part != NULL;
}

/* ---- In place ------------------------------------------------------------- */

static GstElement *
get_encoder (GstElement *part)
{
  return gst_bin_get_by_name (GST_BIN (part), "encoder");
}

/* TRUE: it is as in the other one now. */
static gboolean
copy_property (GstElement *to, GstElement *from, GParamSpec *spec)
{
  GValue was = G_VALUE_INIT, wanted = G_VALUE_INIT;
  gboolean same;

  g_value_init (&was, spec->value_type);
  g_value_init (&wanted, spec->value_type);
  g_object_get_property (G_OBJECT (to), spec->name, &was);
  g_object_get_property (G_OBJECT (from), spec->name, &wanted);
  same = g_param_values_cmp (spec, &was, &wanted) == 0;
  if (!same && (spec->flags & GST_PARAM_MUTABLE_PLAYING)) {
    g_object_set_property (G_OBJECT (to), spec->name, &wanted);
    same = TRUE;
  }
  g_value_unset (&was);
  g_value_unset (&wanted);
  return same;
}

static gboolean
is_setting (const GParamSpec *spec)
{
  return (spec->flags & G_PARAM_READWRITE) == G_PARAM_READWRITE &&
         !(spec->flags & G_PARAM_CONSTRUCT_ONLY) &&
         spec->owner_type != GST_TYPE_OBJECT &&
         spec->owner_type != GST_TYPE_ELEMENT;
}

gboolean
pf_encoding_tune (PfEncoding *e, GstElement *like)
{
  g_autoptr (GstElement) to = NULL, from = get_encoder (like);
  g_autofree GParamSpec **specs = NULL;
  gboolean all = TRUE;
  guint n;

  g_mutex_lock (&e->lock);
  to = get_encoder (e->part);
  g_mutex_unlock (&e->lock);
  if (!to || !from || G_OBJECT_TYPE (to) != G_OBJECT_TYPE (from))
    return FALSE;
  specs = g_object_class_list_properties (G_OBJECT_GET_CLASS (to), &n);
  for (guint i = 0; i < n; i++)
    if (is_setting (specs[i]))
      all &= copy_property (to, from, specs[i]);
  return all;
}

/* ---- Begin and end -------------------------------------------------------- */

PfEncoding *
pf_encoding_new (GstElement *pipeline, GstElement *part)
{
  PfEncoding *e = g_new0 (PfEncoding, 1);
  g_autoptr (GstPad) sink = gst_element_get_static_pad (part, "sink");

  e->refs = 1;
  g_mutex_init (&e->lock);
  e->pipeline = gst_object_ref (pipeline);
  e->part = gst_object_ref (part);
  e->feed = gst_pad_get_peer (sink);
  e->probe = gst_pad_add_probe (e->feed,
      GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, on_feed,
      encoding_ref (e), encoding_unref);
  return e;
}

void
pf_encoding_free (PfEncoding *e)
{
  if (!e)
    return;
  pf_encoding_cancel (e);
  gst_pad_remove_probe (e->feed, e->probe);
  encoding_unref (e);
}
