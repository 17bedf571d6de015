/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* How fast an encoder is here; see pf-speed.h. */
#include "pf-speed.h"

#include <gst/gst.h>
#include <string.h>

/* Of each size: so many frames, or so long. */
#define FRAMES 60
#define WARM_UP 3
#define LIMIT_US (300 * 1000)
/* Different pictures, shown in turn. */
#define PICTURES 8
/* What the rest of a session needs. */
#define HEADROOM 1.1

static const PfRung ladder[PF_SPEED_RUNGS] = {
  { 640, 360, 0 },
  { 1280, 720, 0 },
  { 1920, 1080, 0 },
};

void
pf_speed_ladder (PfSpeed *speed)
{
  memcpy (speed->rungs, ladder, sizeof ladder);
  speed->problem = NULL;
}

void
pf_speed_clear (PfSpeed *speed)
{
  g_clear_pointer (&speed->problem, g_free);
}

/* ---- The test ------------------------------------------------------------ */

/* A plate of rings that moves: hard, as games are. */
static GstBuffer *
draw_picture (guint width, guint height, guint phase)
{
  const gsize luma = (gsize) width * height, size = luma * 3 / 2;
  guint8 *bytes = g_malloc (size);

  for (guint y = 0; y < height; y++)
    for (guint x = 0; x < width; x++) {
      const guint dx = x + 7 * phase, dy = y + 3 * phase;

      bytes[(gsize) y * width + x] = (guint8) ((dx * dx + dy * dy) >> 8);
    }
  for (gsize i = luma; i < size; i++)
    bytes[i] = (guint8) (96 + ((i + 5 * phase) & 63));
  return gst_buffer_new_wrapped (bytes, size);
}

typedef struct {
  GstElement *bin;
  GstPad *src, *sink; /* ours, around the bin */
  GstBuffer *pictures[PICTURES];
  guint pushed;
  gint received; /* atomic */
  gint done;     /* atomic: EOS came out */
} Bench;

static GstFlowReturn
on_buffer (GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
  Bench *b = gst_pad_get_element_private (pad);

  (void) parent;
  gst_buffer_unref (buffer);
  g_atomic_int_inc (&b->received);
  return GST_FLOW_OK;
}

static gboolean
on_event (GstPad *pad, GstObject *parent, GstEvent *event)
{
  Bench *b = gst_pad_get_element_private (pad);

  (void) parent;
  if (GST_EVENT_TYPE (event) == GST_EVENT_EOS)
    g_atomic_int_set (&b->done, 1);
  gst_event_unref (event);
  return TRUE;
}

static gboolean
link_pads (Bench *b)
{
  g_autoptr (GstPad) in = gst_element_get_static_pad (b->bin, "sink");
  g_autoptr (GstPad) out = gst_element_get_static_pad (b->bin, "src");

  b->src = gst_pad_new ("src", GST_PAD_SRC);
  b->sink = gst_pad_new ("sink", GST_PAD_SINK);
  gst_pad_set_element_private (b->sink, b);
  gst_pad_set_chain_function (b->sink, on_buffer);
  gst_pad_set_event_function (b->sink, on_event);
  return in && out && gst_pad_link (b->src, in) == GST_PAD_LINK_OK &&
         gst_pad_link (out, b->sink) == GST_PAD_LINK_OK;
}

static void
start_stream (Bench *b, const PfRung *rung)
{
  g_autoptr (GstCaps) caps = gst_caps_new_simple ("video/x-raw", "format",
      G_TYPE_STRING, "I420", "width", G_TYPE_INT, rung->width, "height",
      G_TYPE_INT, rung->height, "framerate", GST_TYPE_FRACTION, 60, 1, NULL);
  GstSegment segment;

  gst_pad_set_active (b->sink, TRUE);
  gst_element_set_state (b->bin, GST_STATE_PLAYING);
  gst_pad_set_active (b->src, TRUE);
  gst_pad_push_event (b->src, gst_event_new_stream_start ("speed"));
  gst_pad_push_event (b->src, gst_event_new_caps (caps));
  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_pad_push_event (b->src, gst_event_new_segment (&segment));
  for (guint i = 0; i < PICTURES; i++)
    b->pictures[i] = draw_picture (rung->width, rung->height, i);
}

static gboolean
push_frame (Bench *b)
{
  GstBuffer *buffer = gst_buffer_copy (b->pictures[b->pushed % PICTURES]);

  GST_BUFFER_PTS (buffer) = gst_util_uint64_scale (b->pushed, GST_SECOND, 60);
  GST_BUFFER_DURATION (buffer) = GST_SECOND / 60;
  b->pushed++;
  return gst_pad_push (b->src, buffer) == GST_FLOW_OK;
}

/* Frames a second; 0 if it does not run. */
static gdouble
run_bench (Bench *b)
{
  gint64 begin, end;
  gint before;

  while (b->pushed < WARM_UP)
    if (!push_frame (b))
      return 0;
  before = g_atomic_int_get (&b->received);
  begin = g_get_monotonic_time ();
  do {
    if (!push_frame (b))
      return 0;
    end = g_get_monotonic_time ();
  } while (b->pushed < WARM_UP + FRAMES && end - begin < LIMIT_US);
  gst_pad_push_event (b->src, gst_event_new_eos ());
  end = g_get_monotonic_time ();
  if (!g_atomic_int_get (&b->done))
    return 0;
  return (g_atomic_int_get (&b->received) - before) * 1e6 / (end - begin);
}

static void
clear_bench (Bench *b)
{
  if (b->src)
    gst_pad_set_active (b->src, FALSE);
  if (b->bin)
    /* its messages hold it, and it holds the bus that they wait in */
    gst_element_set_bus (b->bin, NULL);
  gst_element_set_state (b->bin, GST_STATE_NULL);
  if (b->sink)
    gst_pad_set_active (b->sink, FALSE);
  for (guint i = 0; i < PICTURES; i++)
    gst_clear_buffer (&b->pictures[i]);
  gst_clear_object (&b->src);
  gst_clear_object (&b->sink);
  gst_clear_object (&b->bin);
}

/* What an element of the bin complained about. */
static gchar *
first_error (GstBus *bus)
{
  g_autoptr (GstMessage) message =
      gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR);
  g_autoptr (GError) error = NULL;

  if (!message)
    return NULL;
  gst_message_parse_error (message, &error, NULL);
  return g_strdup (error->message);
}

static PfValues *
values_for (const PfFragment *f, const PfRung *rung)
{
  PfValues *values = pf_values_new ();
  const guint kbps = MAX (rung->width * rung->height / 100, 2000);
  const PfVariable *v;

  pf_values_set_uint (values, "width", rung->width, NULL);
  pf_values_set_uint (values, "height", rung->height, NULL);
  pf_values_set_uint (values, "fps", 60, NULL);
  pf_values_set_uint (values, "feed-fps", 60, NULL);
  pf_values_set_uint (values, "bitrate-kbps", kbps, NULL);
  pf_values_set_uint (values, "vbv-kbit", kbps / 15, NULL);
  pf_values_set (values, "colorimetry", "bt709", NULL);
  /* A fragment for 10 bit or 4:4:4 only says so in its choices. */
  for (guint i = 0; i < f->variables->len; i++) {
    v = g_ptr_array_index (f->variables, i);
    if (v->choices && !v->fallback && !pf_values_get (values, v->name))
      pf_values_set (values, v->name, v->choices[0], NULL);
  }
  return values;
}

static gboolean
measure_rung (const PfFragment *f, PfRung *rung, gchar **problem)
{
  g_autoptr (PfValues) values = values_for (f, rung);
  g_autoptr (GError) error = NULL;
  g_autofree gchar *text = pf_fragment_expand (f, values, &error);
  g_autoptr (GstBus) bus = gst_bus_new ();
  Bench b = { 0 };

  if (text)
    b.bin = gst_parse_bin_from_description_full (
        text, TRUE, NULL, GST_PARSE_FLAG_FATAL_ERRORS, &error);
  if (!b.bin) {
    *problem = g_strdup (error->message);
    return FALSE;
  }
  gst_object_ref_sink (b.bin);
  gst_element_set_bus (b.bin, bus);
  if (link_pads (&b)) {
    start_stream (&b, rung);
    rung->fps = run_bench (&b);
  }
  if (rung->fps <= 0)
    *problem = first_error (bus);
  if (rung->fps <= 0 && !*problem)
    *problem = g_strdup ("it does not encode");
  clear_bench (&b);
  return rung->fps > 0;
}

void
pf_speed_measure (const PfFragment *f, PfSpeed *speed)
{
  pf_speed_ladder (speed);
  for (guint i = 0; i < PF_SPEED_RUNGS; i++) {
    if (!measure_rung (f, &speed->rungs[i], &speed->problem)) {
      /* One that does small pictures only is of use for these. */
      if (i > 0)
        g_clear_pointer (&speed->problem, g_free);
      return;
    }
    if (!pf_speed_is_offered (speed))
      return;
  }
}

/* ---- Text ---------------------------------------------------------------- */

gchar *
pf_speed_to_text (const PfSpeed *speed)
{
  GString *out = g_string_new (NULL);

  if (speed->problem) {
    g_string_append_printf (out, "failed: %s", speed->problem);
    g_strdelimit (out->str, "\r\n", ' ');
    return g_string_free (out, FALSE);
  }
  for (guint i = 0; i < PF_SPEED_RUNGS; i++) {
    gchar fps[G_ASCII_DTOSTR_BUF_SIZE];

    g_ascii_formatd (fps, sizeof fps, "%.1f", speed->rungs[i].fps);
    g_string_append_printf (out, "%s%ux%u@%s", i ? " " : "",
        speed->rungs[i].width, speed->rungs[i].height, fps);
  }
  return g_string_free (out, FALSE);
}

gboolean
pf_speed_from_text (const gchar *text, PfSpeed *speed)
{
  g_auto (GStrv) words = NULL;
  PfSpeed s;

  pf_speed_ladder (&s);
  if (g_str_has_prefix (text, "failed: ")) {
    s.problem = g_strdup (text + strlen ("failed: "));
    *speed = s;
    return TRUE;
  }
  words = g_strsplit (text, " ", -1);
  if (g_strv_length (words) != PF_SPEED_RUNGS)
    return FALSE;
  for (guint i = 0; i < PF_SPEED_RUNGS; i++) {
    g_autofree gchar *size =
        g_strdup_printf ("%ux%u@", ladder[i].width, ladder[i].height);
    gchar *end = NULL;

    if (!g_str_has_prefix (words[i], size))
      return FALSE;
    s.rungs[i].fps = g_ascii_strtod (words[i] + strlen (size), &end);
    if (*end || !(s.rungs[i].fps >= 0 && s.rungs[i].fps < 1e9))
      return FALSE;
  }
  *speed = s;
  return TRUE;
}

/* ---- What follows -------------------------------------------------------- */

gboolean
pf_speed_is_offered (const PfSpeed *speed)
{
  return !speed->problem && speed->rungs[0].fps >= PF_SPEED_LEAST_FPS;
}

/* The time of a frame grows with its pixels: along the line between two rungs,
 * in proportion above the last that was measured, no less than the first's. */
gdouble
pf_speed_estimate (const PfSpeed *speed, guint width, guint height)
{
  const gdouble pixels = (gdouble) width * height;
  gdouble below_pixels = 0, below_time = 0;

  if (speed->problem)
    return 0;
  for (guint i = 0; i < PF_SPEED_RUNGS && speed->rungs[i].fps > 0; i++) {
    const PfRung *r = &speed->rungs[i];
    const gdouble p = (gdouble) r->width * r->height, t = 1 / r->fps;

    if (pixels <= p && i == 0)
      return r->fps;
    if (pixels <= p)
      return 1 / (below_time + (t - below_time) * (pixels - below_pixels) /
                                   (p - below_pixels));
    below_pixels = p;
    below_time = t;
  }
  return below_time > 0 ? below_pixels / (below_time * pixels) : 0;
}

static gboolean
can_do (gdouble estimate, guint fps)
{
  return estimate >= (fps > PF_SPEED_LEAST_FPS ? fps * HEADROOM : fps);
}

guint
pf_speed_feed (const PfSpeed *speed, guint width, guint height, guint fps)
{
  static const guint rates[] = { 120, 60, 40, 30, PF_SPEED_LEAST_FPS };
  const gdouble estimate = pf_speed_estimate (speed, width, height);

  if (can_do (estimate, fps))
    return fps;
  for (guint i = 0; i < G_N_ELEMENTS (rates); i++)
    if (rates[i] < fps && can_do (estimate, rates[i]))
      return rates[i];
  return 0;
}

gboolean
pf_speed_working_mode (
    const PfSpeed *speed, guint *width, guint *height, guint *fps)
{
  static const guint sizes[][2] = { { 3840, 2160 }, { 2560, 1440 },
    { 1920, 1080 }, { 1600, 900 }, { 1280, 720 }, { 854, 480 }, { 640, 360 } };

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++) {
    const guint feed =
        pf_speed_feed (speed, sizes[i][0], sizes[i][1], MIN (*fps, 60));

    if (feed &&
        (guint64) sizes[i][0] * sizes[i][1] < (guint64) *width * *height) {
      *width = sizes[i][0];
      *height = sizes[i][1];
      *fps = feed;
      return TRUE;
    }
  }
  return FALSE;
}
