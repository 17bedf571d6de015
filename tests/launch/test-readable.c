/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The drawn display through the encoders and decoders that the programs would
 * use: every number can be read, whatever an encoder thinks of small changes in
 * a picture that is at rest. No time is kept here.
 */
#include <gst/gst.h>
#include <gst/video/video.h>

#include "pf-catalog.h"
#include "pf-picture.h"
#include "pf-test.h"

enum { FRAMES = 100, WAIT_S = 100 };

typedef struct {
  const gchar *name, *codec; /* of the encoder */
  guint width, height, fps, kbps;
} Case;

/* As the host grants them where nobody asks for a bitrate, and the least. */
static const Case cases[] = {
  { "encode-x264", "h264", 1280, 720, 60, 6912 },
  { "encode-x264", "h264", 640, 360, 30, 1500 },
  { "encode-openh264", "h264", 1280, 720, 60, 6912 },
  { "encode-openh264", "h264", 640, 360, 30, 1500 },
  { "encode-x265", "h265", 1280, 720, 60, 6912 },
  { "encode-x265", "h265", 640, 360, 30, 1500 },
  { "encode-aom", "av1", 1280, 720, 60, 6912 },
  { "encode-aom", "av1", 1280, 720, 30, 3456 },
  { "encode-aom", "av1", 640, 360, 30, 1500 },
};

typedef struct {
  guint frames, unreadable, backwards;
  guint next; /* number at least */
} Seen;

static PfCatalog *catalog;
static PfInventory *inventory;

static gboolean
read_number (GstPad *pad, GstBuffer *buffer, guint *number)
{
  GstCaps *caps = gst_pad_get_current_caps (pad);
  PfPictureStamp stamp = { 0, 0 };
  GstVideoFrame frame;
  GstVideoInfo video;
  int ret = -1;

  if (caps && gst_video_info_from_caps (&video, caps) &&
      gst_video_frame_map (&frame, &video, buffer, GST_MAP_READ)) {
    ret = pf_picture_read (&stamp, GST_VIDEO_FRAME_PLANE_DATA (&frame, 0), 1,
        (gsize) GST_VIDEO_FRAME_PLANE_STRIDE (&frame, 0),
        (guint32) GST_VIDEO_INFO_WIDTH (&video),
        (guint32) GST_VIDEO_INFO_HEIGHT (&video));
    gst_video_frame_unmap (&frame);
  }
  gst_clear_caps (&caps);
  *number = stamp.number;
  return ret == 0;
}

static GstPadProbeReturn
on_frame (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  Seen *seen = data;
  guint number;

  seen->frames++;
  if (!read_number (pad, GST_PAD_PROBE_INFO_BUFFER (info), &number)) {
    seen->unreadable++;
  } else {
    seen->backwards += number < seen->next;
    seen->next = number + 1;
  }
  return GST_PAD_PROBE_OK;
}

static gchar *
encoder_text (const Case *c)
{
  const PfFragment *f = pf_catalog_find (catalog, c->name);
  g_autoptr (PfValues) values = pf_values_new ();
  g_autoptr (GError) error = NULL;
  gchar *text;

  PF_REQUIRE (f);
  pf_values_set_uint (values, "width", c->width, NULL);
  pf_values_set_uint (values, "height", c->height, NULL);
  pf_values_set_uint (values, "fps", c->fps, NULL);
  pf_values_set_uint (values, "feed-fps", c->fps, NULL);
  pf_values_set_uint (values, "bitrate-kbps", c->kbps, NULL);
  pf_values_set_uint (values, "vbv-kbit", c->kbps * 4 / c->fps, NULL);
  pf_values_set (values, "colorimetry", "bt709", NULL);
  text = pf_fragment_expand (f, values, &error);
  if (error)
    pf_test_note ("%s", error->message);
  PF_REQUIRE (text);
  return text;
}

static gchar *
decoder_text (const Case *c)
{
  g_autoptr (PfValues) values = pf_values_new ();
  const PfWish wish = { .codec = c->codec, .values = values };
  g_autoptr (PfChoice) choice =
      pf_catalog_choose (catalog, inventory, "decode", &wish);

  PF_REQUIRE (choice->chosen);
  return pf_fragment_expand (choice->chosen, values, NULL);
}

static GstElement *
make_line (const Case *c)
{
  g_autofree gchar *encoder = encoder_text (c), *decoder = decoder_text (c);
  g_autofree gchar *line = g_strdup_printf (
      "pfvdisplaysrc backend=test num-buffers=%d width=%u height=%u "
      "framerate=%u/1 ! %s ! %s ! fakesink name=sink sync=false",
      FRAMES, c->width, c->height, c->fps, encoder, decoder);
  g_autoptr (GError) error = NULL;
  GstElement *pipeline =
      gst_parse_launch_full (line, NULL, GST_PARSE_FLAG_FATAL_ERRORS, &error);

  if (error)
    pf_test_note ("%s", error->message);
  PF_REQUIRE (pipeline);
  return pipeline;
}

static void
run_until_eos (GstElement *pipeline)
{
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);
  g_autoptr (GstMessage) message = NULL;

  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  message = gst_bus_timed_pop_filtered (
      bus, WAIT_S * GST_SECOND, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  PF_CHECK (message && GST_MESSAGE_TYPE (message) == GST_MESSAGE_EOS);
  gst_element_set_state (pipeline, GST_STATE_NULL);
}

static void
test_readable (const void *data)
{
  const Case *c = data;
  Seen seen = { 0 };
  GstElement *pipeline, *sink;
  GstPad *pad;

  pipeline = make_line (c);
  sink = gst_bin_get_by_name (GST_BIN (pipeline), "sink");
  pad = gst_element_get_static_pad (sink, "sink");
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, on_frame, &seen, NULL);
  gst_object_unref (pad);
  gst_object_unref (sink);
  run_until_eos (pipeline);
  pf_test_note ("%u frames, %u unreadable", seen.frames, seen.unreadable);
  PF_CHECK_UINT (seen.frames, >=, FRAMES * 9 / 10);
  PF_CHECK_UINT (seen.unreadable, ==, 0);
  PF_CHECK_UINT (seen.backwards, ==, 0);
  gst_object_unref (pipeline);
}

int
main (int argc, char **argv)
{
  gchar *dirs[] = { (gchar *) g_getenv ("PF_TEST_PIPELINES"), NULL };
  static gchar paths[G_N_ELEMENTS (cases)][64];
  int status;

  gst_init (&argc, &argv);
  catalog = pf_catalog_load (dirs, NULL);
  inventory = pf_inventory_new_system ();
  g_assert (catalog && inventory);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_snprintf (paths[i], sizeof paths[i], "/readable/%s/%ux%u@%u",
        cases[i].name, cases[i].width, cases[i].height, cases[i].fps);
    pf_test_add_data (paths[i], test_readable, &cases[i]);
  }
  status = pf_test_run (argc, argv);
  pf_catalog_free (catalog);
  pf_inventory_free (inventory);
  return status;
}
