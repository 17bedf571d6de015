/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The drawn display through encoder and decoder: every number is read back
 * right, at low bitrates and all sizes.
 */
#include <gst/gst.h>
#include <gst/video/video.h>
#include <string.h>

#include "pf-picture.h"
#include "pf-test.h"

enum { FRAMES = 40, WAIT_S = 60 };

typedef struct {
  guint width, height, fps, kbps;
  const gchar *format;
  const gchar *encoder, *decoder; /* and kbps between them */
} Case;

#define H264                                                                   \
  "x264enc name=encoder tune=zerolatency speed-preset=ultrafast threads=1 "    \
  "vbv-buf-capacity=100 key-int-max=1000 bitrate=",                            \
      " ! openh264dec"
#define VP8                                                                    \
  "vp8enc name=encoder deadline=1 cpu-used=16 end-usage=cbr "                  \
  "keyframe-max-dist=1000 target-bitrate=",                                    \
      "000 ! vp8dec"

/* The lowest bitrate that clients may ask for, and little more. H.264 has no
 * odd sizes. */
static const Case cases[] = {
  { 640, 360, 60, 500, "I420", H264 },
  { 320, 180, 60, 500, "NV12", H264 },
  { 480, 854, 60, 500, "I420", H264 },
  { 854, 480, 60, 700, "NV12", H264 },
  { 1366, 768, 60, 1000, "NV12", H264 },
  { 1280, 720, 60, 1000, "I420", H264 },
  { 1920, 1080, 30, 1000, "I420", H264 },
  { 853, 479, 60, 700, "I420", VP8 },
  { 641, 361, 60, 500, "I420", VP8 },
};

typedef struct {
  guint frames, wrong;
  guint64 bytes; /* of the encoder */
  guint64 last_time;
} Seen;

static GstPadProbeReturn
count_bytes (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  (void) pad;
  ((Seen *) data)->bytes +=
      gst_buffer_get_size (GST_PAD_PROBE_INFO_BUFFER (info));
  return GST_PAD_PROBE_OK;
}

static GstPadProbeReturn
read_frame (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  GstBuffer *b = GST_PAD_PROBE_INFO_BUFFER (info);
  GstCaps *caps = gst_pad_get_current_caps (pad);
  PfPictureStamp stamp = { 0, 0 };
  GstVideoFrame frame;
  GstVideoInfo video;
  Seen *seen = data;
  int ret = -1;

  if (caps && gst_video_info_from_caps (&video, caps) &&
      gst_video_frame_map (&frame, &video, b, GST_MAP_READ)) {
    ret = pf_picture_read (&stamp, GST_VIDEO_FRAME_PLANE_DATA (&frame, 0), 1,
        (gsize) GST_VIDEO_FRAME_PLANE_STRIDE (&frame, 0),
        (guint32) GST_VIDEO_INFO_WIDTH (&video),
        (guint32) GST_VIDEO_INFO_HEIGHT (&video));
    gst_video_frame_unmap (&frame);
  }
  gst_clear_caps (&caps);
  if (ret != 0 || stamp.number != seen->frames ||
      stamp.time_ns <= seen->last_time) {
    seen->wrong++;
    pf_test_note ("frame %u: %d, number %u", seen->frames, ret, stamp.number);
  }
  seen->last_time = stamp.time_ns;
  seen->frames++;
  return GST_PAD_PROBE_OK;
}

static void
add_probe (GstElement *bin, const gchar *name, const gchar *pad_name,
    GstPadProbeCallback probe, Seen *seen)
{
  GstElement *e = gst_bin_get_by_name (GST_BIN (bin), name);
  GstPad *pad = gst_element_get_static_pad (e, pad_name);

  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, probe, seen, NULL);
  gst_object_unref (pad);
  gst_object_unref (e);
}

static void
run_until_eos (GstElement *bin)
{
  GstBus *bus = gst_element_get_bus (bin);
  GstMessage *m;

  gst_element_set_state (bin, GST_STATE_PLAYING);
  m = gst_bus_timed_pop_filtered (
      bus, WAIT_S * GST_SECOND, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  PF_CHECK (m != NULL);
  if (m && GST_MESSAGE_TYPE (m) == GST_MESSAGE_ERROR) {
    GError *error = NULL;

    gst_message_parse_error (m, &error, NULL);
    pf_test_fail (__FILE__, __LINE__, "%s", error->message);
    g_error_free (error);
  }
  if (m)
    gst_message_unref (m);
  gst_element_set_state (bin, GST_STATE_NULL);
  gst_object_unref (bus);
}

static void
test_encoded (const void *data)
{
  const Case *c = data;
  Seen seen = { 0 };
  gchar *line = g_strdup_printf (
      "pfvdisplaysrc name=source backend=test num-buffers=%d width=%u "
      "height=%u framerate=%u/1 ! video/x-raw,format=%s ! %s%u%s ! fakesink "
      "name=sink sync=false",
      FRAMES, c->width, c->height, c->fps, c->format, c->encoder, c->kbps,
      c->decoder);
  GError *error = NULL;
  GstElement *bin =
      gst_parse_launch_full (line, NULL, GST_PARSE_FLAG_FATAL_ERRORS, &error);

  if (!bin)
    pf_test_fail (__FILE__, __LINE__, "%s", error->message);
  PF_REQUIRE (bin != NULL);
  add_probe (bin, "encoder", "src", count_bytes, &seen);
  add_probe (bin, "sink", "sink", read_frame, &seen);
  run_until_eos (bin);
  PF_CHECK_UINT (seen.frames, ==, FRAMES);
  PF_CHECK_UINT (seen.wrong, ==, 0);
  pf_test_note ("%ux%u: %.0f kbit/s", c->width, c->height,
      (double) seen.bytes * 8 * c->fps / FRAMES / 1000);
  gst_object_unref (bin);
  g_free (line);
}

int
main (int argc, char **argv)
{
  static gchar paths[G_N_ELEMENTS (cases)][64];

  gst_init (&argc, &argv);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_snprintf (paths[i], sizeof paths[i], "/vdisplay/encoded/%ux%u/%s",
        cases[i].width, cases[i].height, cases[i].format);
    pf_test_add_data (paths[i], test_encoded, &cases[i]);
  }
  return pf_test_run (argc, argv);
}
