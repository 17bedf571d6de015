/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Where frames are looked at; see probes.h. */
#include "probes.h"

#include "pf-events.h"
#include "pf-picture.h"

#include <gst/video/video.h>
#include <time.h>

guint64
pf_unix_time_ns (void)
{
  struct timespec t;

  clock_gettime (CLOCK_REALTIME, &t);
  return (guint64) t.tv_sec * GST_SECOND + (guint64) t.tv_nsec;
}

static GstReferenceTimestampMeta *
find_time (GstBuffer *buffer, GstStaticCaps *which)
{
  g_autoptr (GstCaps) caps = gst_static_caps_get (which);

  return gst_buffer_get_reference_timestamp_meta (buffer, caps);
}

/* When the host took the frame, by its clock; 0 if it does not say. */
static guint64
captured_ns (GstBuffer *buffer)
{
  static GstStaticCaps unix_caps = GST_STATIC_CAPS ("timestamp/x-unix");
  const GstReferenceTimestampMeta *meta = find_time (buffer, &unix_caps);

  return meta ? meta->timestamp : 0;
}

/* Of a running time, Unix time; 0: there is no clock, or it is long ago. */
static guint64
when (GstPad *pad, GstClockTime at, guint64 now_ns)
{
  g_autoptr (GstElement) element = gst_pad_get_parent_element (pad);
  g_autoptr (GstClock) clock = element ? gst_element_get_clock (element) : NULL;
  GstClockTime running;

  if (!clock || !GST_CLOCK_TIME_IS_VALID (at))
    return 0;
  running = gst_clock_get_time (clock) - gst_element_get_base_time (element);
  return running >= at && running - at < GST_SECOND ? now_ns - (running - at)
                                                    : 0;
}

static void
find_packets (GstPad *pad, GstBuffer *buffer, PfArrival *a)
{
  static GstStaticCaps caps = GST_STATIC_CAPS ("timestamp/x-pf-arrival");
  const GstReferenceTimestampMeta *meta = find_time (buffer, &caps);

  if (!meta)
    return;
  a->first = when (pad, meta->timestamp, a->now);
  if (a->first)
    a->last = a->first + meta->duration;
}

static GstPadProbeReturn
on_reassembled (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER (info);
  PfArrival a = { .pts = GST_BUFFER_PTS (buffer),
    .captured = captured_ns (buffer),
    .now = pf_unix_time_ns (),
    .bytes = gst_buffer_get_size (buffer) };

  find_packets (pad, buffer, &a);
  pf_measure_frame (data, &a);
  return GST_PAD_PROBE_OK;
}

/* What the host tells of a frame, which nobody behind needs. */
static GstPadProbeReturn
on_told (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  PfHostTiming t;

  (void) pad;
  if (!pf_event_parse_host_timing (GST_PAD_PROBE_INFO_EVENT (info), &t))
    return GST_PAD_PROBE_OK;
  if (t.stages)
    pf_measure_encoded (
        data, t.captured, ((guint64) t.queue_us + t.encode_us) * GST_USECOND);
  return GST_PAD_PROBE_DROP;
}

static GstPadProbeReturn
on_decoded (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  const guint64 now = pf_unix_time_ns ();
  g_autoptr (GstCaps) caps = gst_pad_get_current_caps (pad);
  gint width = 0, height = 0;

  pf_measure_stage (data, GST_BUFFER_PTS (GST_PAD_PROBE_INFO_BUFFER (info)),
      PF_STAGE_DECODED, now);
  if (caps) {
    const GstStructure *s = gst_caps_get_structure (caps, 0);

    if (gst_structure_get_int (s, "width", &width) &&
        gst_structure_get_int (s, "height", &height))
      pf_measure_size (data, (guint) width, (guint) height, now);
  }
  return GST_PAD_PROBE_OK;
}

static GstPadProbeReturn
on_presented (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  (void) pad;
  pf_measure_stage (data, GST_BUFFER_PTS (GST_PAD_PROBE_INFO_BUFFER (info)),
      PF_STAGE_PRESENTED, pf_unix_time_ns ());
  return GST_PAD_PROBE_OK;
}

/* Reads the number out of the luma of an 8 bit picture. */
static GstPadProbeReturn
on_picture (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  g_autoptr (GstCaps) caps = gst_pad_get_current_caps (pad);
  GstVideoFrame frame;
  GstVideoInfo video;
  PfPictureStamp stamp;
  gboolean found;

  if (!caps || !gst_video_info_from_caps (&video, caps) ||
      !gst_video_frame_map (
          &frame, &video, GST_PAD_PROBE_INFO_BUFFER (info), GST_MAP_READ))
    return GST_PAD_PROBE_OK;
  found = pf_picture_read (&stamp, GST_VIDEO_FRAME_PLANE_DATA (&frame, 0), 1,
              (size_t) GST_VIDEO_FRAME_PLANE_STRIDE (&frame, 0),
              (uint32_t) GST_VIDEO_FRAME_WIDTH (&frame),
              (uint32_t) GST_VIDEO_FRAME_HEIGHT (&frame)) == 0;
  gst_video_frame_unmap (&frame);
  if (found)
    pf_measure_number (data, stamp.number);
  else
    pf_measure_no_number (data);
  return GST_PAD_PROBE_OK;
}

static void
add_probe (GstBin *bin, const gchar *name, const gchar *pad_name,
    GstPadProbeType type, GstPadProbeCallback callback, PfMeasure *measure)
{
  g_autoptr (GstElement) element = gst_bin_get_by_name (bin, name);
  g_autoptr (GstPad) pad =
      element ? gst_element_get_static_pad (element, pad_name) : NULL;

  if (pad)
    gst_pad_add_probe (pad, type, callback, measure, NULL);
}

void
pf_probes_add (GstBin *bin, PfMeasure *measure, gboolean numbers)
{
  const GstPadProbeType buffers = GST_PAD_PROBE_TYPE_BUFFER;

  add_probe (bin, "fec", "src", buffers, on_reassembled, measure);
  add_probe (
      bin, "fec", "src", GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, on_told, measure);
  add_probe (bin, "decoder", "src", buffers, on_decoded, measure);
  if (numbers)
    add_probe (bin, "sink", "sink", buffers, on_picture, measure);
  add_probe (bin, "sink", "sink", buffers, on_presented, measure);
}
