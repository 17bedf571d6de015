/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What a client shows and plays; see gs-viewer.h. */
#include "gs-viewer.h"

#include <gst/app/app.h>
#include <gst/audio/audio.h>
#include <gst/video/video.h>
#include <string.h>

#include "pf-picture.h"
#include "pf-test.h"

#define MAX_CHANNELS 8
#define RATE 48000
#define QUIET 500 /* of 32768 */

struct GsViewer {
  GstElement *video, *audio; /* pipelines, or NULL */
  GstElement *video_in, *audio_in;
  gboolean may_skip;

  GMutex lock;
  GCond cond;
  /* lock */
  GsViewed viewed;
  struct {
    gint16 last;
    guint64 crossings;
    gint16 peak;
  } channels[MAX_CHANNELS];
  gchar *error;
};

static gboolean
read_number (GstPad *pad, GstBuffer *b, PfPictureStamp *stamp, GstVideoInfo *v)
{
  GstCaps *caps = gst_pad_get_current_caps (pad);
  GstVideoFrame frame;
  gboolean ok = FALSE;

  if (caps && gst_video_info_from_caps (v, caps) &&
      gst_video_frame_map (&frame, v, b, GST_MAP_READ)) {
    ok = pf_picture_read (stamp, GST_VIDEO_FRAME_PLANE_DATA (&frame, 0), 1,
             (gsize) GST_VIDEO_FRAME_PLANE_STRIDE (&frame, 0),
             (guint32) GST_VIDEO_INFO_WIDTH (v),
             (guint32) GST_VIDEO_INFO_HEIGHT (v)) == 0;
    gst_video_frame_unmap (&frame);
  }
  gst_clear_caps (&caps);
  return ok;
}

static GstPadProbeReturn
on_picture (GstPad *pad, GstPadProbeInfo *info, gpointer user)
{
  PfPictureStamp stamp = { 0, 0 };
  GsViewer *v = user;
  GstVideoInfo video;
  const gboolean ok =
      read_number (pad, GST_PAD_PROBE_INFO_BUFFER (info), &stamp, &video);

  g_mutex_lock (&v->lock);
  if (!ok || (v->viewed.last >= 0 && stamp.number <= v->viewed.last))
    v->viewed.wrong++;
  else if (v->viewed.last >= 0 && stamp.number != v->viewed.last + 1) {
    v->viewed.skipped += (guint) (stamp.number - v->viewed.last - 1);
    v->viewed.wrong += !v->may_skip;
  }
  if (ok) {
    v->viewed.last = stamp.number;
    v->viewed.width = (guint) GST_VIDEO_INFO_WIDTH (&video);
    v->viewed.height = (guint) GST_VIDEO_INFO_HEIGHT (&video);
  }
  v->viewed.frames++;
  g_cond_broadcast (&v->cond);
  g_mutex_unlock (&v->lock);
  return GST_PAD_PROBE_OK;
}

static GstPadProbeReturn
on_sound (GstPad *pad, GstPadProbeInfo *info, gpointer user)
{
  GstCaps *caps = gst_pad_get_current_caps (pad);
  GsViewer *v = user;
  GstAudioInfo audio;
  GstMapInfo map;

  if (caps && gst_audio_info_from_caps (&audio, caps) &&
      gst_buffer_map (GST_PAD_PROBE_INFO_BUFFER (info), &map, GST_MAP_READ)) {
    const guint n = (guint) GST_AUDIO_INFO_CHANNELS (&audio);
    const gint16 *s = (const gint16 *) map.data;
    const gsize samples = map.size / 2 / n;

    g_mutex_lock (&v->lock);
    for (gsize i = 0; i < samples; i++)
      for (guint c = 0; c < MIN (n, MAX_CHANNELS); c++, s++) {
        v->channels[c].crossings += v->channels[c].last < 0 && *s >= 0;
        v->channels[c].last = *s;
        v->channels[c].peak = MAX (v->channels[c].peak, *s);
      }
    v->viewed.samples += samples;
    g_mutex_unlock (&v->lock);
    gst_buffer_unmap (GST_PAD_PROBE_INFO_BUFFER (info), &map);
  }
  gst_clear_caps (&caps);
  return GST_PAD_PROBE_OK;
}

static GstBusSyncReply
on_message (GstBus *bus, GstMessage *message, gpointer user)
{
  GsViewer *v = user;
  GError *error = NULL;

  (void) bus;
  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR) {
    gst_message_parse_error (message, &error, NULL);
    g_mutex_lock (&v->lock);
    if (!v->error)
      v->error = g_strdup (error->message);
    g_cond_broadcast (&v->cond);
    g_mutex_unlock (&v->lock);
    g_error_free (error);
  }
  gst_message_unref (message);
  return GST_BUS_DROP;
}

static GstElement *
make (GsViewer *v, const gchar *text, const gchar *caps_text,
    GstPadProbeCallback probe, GstElement **in)
{
  GError *error = NULL;
  GstElement *pipeline = gst_parse_launch (text, &error), *sink;
  GstCaps *caps = gst_caps_from_string (caps_text);
  GstBus *bus;
  GstPad *pad;

  if (error)
    pf_test_note ("%s", error->message);
  PF_REQUIRE (pipeline && !error);
  *in = gst_bin_get_by_name (GST_BIN (pipeline), "in");
  g_object_set (*in, "caps", caps, "format", GST_FORMAT_TIME, NULL);
  gst_caps_unref (caps);
  sink = gst_bin_get_by_name (GST_BIN (pipeline), "out");
  pad = gst_element_get_static_pad (sink, "sink");
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, probe, v, NULL);
  gst_object_unref (pad);
  gst_object_unref (sink);
  bus = gst_element_get_bus (pipeline);
  gst_bus_set_sync_handler (bus, on_message, v, NULL);
  gst_object_unref (bus);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  return pipeline;
}

GsViewer *
gs_viewer_new (
    const gchar *video_caps, const gchar *audio_caps, gboolean may_skip)
{
  GsViewer *v = g_new0 (GsViewer, 1);

  v->may_skip = may_skip;
  v->viewed.last = -1;
  g_mutex_init (&v->lock);
  g_cond_init (&v->cond);
  if (video_caps)
    v->video = make (v,
        "appsrc name=in ! h264parse ! openh264dec ! fakesink name=out "
        "sync=false async=false",
        video_caps, on_picture, &v->video_in);
  if (audio_caps)
    v->audio = make (v,
        "appsrc name=in ! pfopusdec ! audioconvert ! "
        "audio/x-raw,format=S16LE ! fakesink "
        "name=out sync=false async=false",
        audio_caps, on_sound, &v->audio_in);
  return v;
}

static void
give (GstElement *in, const guint8 *bytes, gsize size)
{
  GstBuffer *b;

  if (!in)
    return;
  b = gst_buffer_new_memdup (bytes, size);
  gst_app_src_push_buffer (GST_APP_SRC (in), b);
}

void
gs_viewer_video (GsViewer *v, const guint8 *bytes, gsize size)
{
  give (v->video_in, bytes, size);
}

void
gs_viewer_audio (GsViewer *v, const guint8 *bytes, gsize size)
{
  give (v->audio_in, bytes, size);
}

gboolean
gs_viewer_wait (GsViewer *v, guint frames, guint ms)
{
  const gint64 end = g_get_monotonic_time () + (gint64) ms * 1000;
  gboolean ok;

  g_mutex_lock (&v->lock);
  while (v->viewed.frames < frames && !v->error &&
         g_cond_wait_until (&v->cond, &v->lock, end))
    ;
  ok = v->viewed.frames >= frames;
  if (v->error)
    pf_test_note ("%s", v->error);
  g_mutex_unlock (&v->lock);
  return ok;
}

void
gs_viewer_get (GsViewer *v, GsViewed *viewed)
{
  g_mutex_lock (&v->lock);
  *viewed = v->viewed;
  g_mutex_unlock (&v->lock);
}

guint
gs_viewer_tone (GsViewer *v, guint channel)
{
  guint tone = 0;

  g_mutex_lock (&v->lock);
  if (v->viewed.samples > 0 && v->channels[channel].peak > QUIET)
    tone = (guint) (v->channels[channel].crossings * RATE / v->viewed.samples);
  g_mutex_unlock (&v->lock);
  return tone;
}

const gchar *
gs_viewer_error (GsViewer *v)
{
  const gchar *error;

  g_mutex_lock (&v->lock);
  error = v->error;
  g_mutex_unlock (&v->lock);
  return error;
}

static void
end (GstElement *pipeline, GstElement *in)
{
  if (!pipeline)
    return;
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (in);
  gst_object_unref (pipeline);
}

void
gs_viewer_free (GsViewer *v)
{
  if (!v)
    return;
  end (v->video, v->video_in);
  end (v->audio, v->audio_in);
  g_free (v->error);
  g_mutex_clear (&v->lock);
  g_cond_clear (&v->cond);
  g_free (v);
}
