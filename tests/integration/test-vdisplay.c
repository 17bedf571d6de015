/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * pfvdisplaysrc with the display that is drawn: numbers, times and pace, all
 * formats, pictures that are used again, new modes, input, errors.
 */
#include <gst/check/gstharness.h>
#include <gst/video/video.h>
#include <string.h>

#include "pf-events.h"
#include "pf-picture.h"
#include "pf-test.h"

typedef struct {
  GstHarness *h;
  GstTestClock *clock;
  GstClockTime end; /* of the last picture that take_until() saw */
} Display;

static void
display_open (Display *d, const gchar *settings, const gchar *sink_caps)
{
  gchar *line = g_strdup_printf ("pfvdisplaysrc backend=test %s", settings);
  GstElement *element = gst_object_ref_sink (gst_parse_launch (line, NULL));

  d->end = 0;
  d->h = gst_harness_new_with_element (element, NULL, "src");
  gst_object_unref (element);
  gst_harness_use_testclock (d->h);
  d->clock = gst_harness_get_testclock (d->h);
  gst_harness_set_sink_caps_str (d->h, sink_caps);
  gst_harness_play (d->h);
  g_free (line);
}

static void
display_close (Display *d)
{
  gst_object_unref (d->clock);
  gst_harness_teardown (d->h);
}

/* The next picture. The element waits for its turn whenever all that it made
 * has been pushed; the clock goes there only if there is none. */
static GstBuffer *
take (Display *d)
{
  GstBuffer *b;

  for (;;) {
    GstClockID id;

    gst_test_clock_wait_for_next_pending_id (d->clock, &id);
    gst_clock_id_unref (id);
    b = gst_harness_try_pull (d->h);
    if (b)
      return b;
    PF_REQUIRE (gst_harness_crank_single_clock_wait (d->h));
  }
}

static void
video_info (Display *d, GstVideoInfo *info)
{
  GstCaps *caps = gst_pad_get_current_caps (d->h->sinkpad);

  PF_REQUIRE (caps != NULL);
  PF_REQUIRE (gst_video_info_from_caps (info, caps));
  gst_caps_unref (caps);
}

/* As whoever decodes it would. */
static int
read_stamp (Display *d, GstBuffer *b, PfPictureStamp *stamp)
{
  GstVideoInfo info;
  GstVideoFrame frame;
  gboolean bgrx;
  int ret;

  video_info (d, &info);
  bgrx = GST_VIDEO_INFO_FORMAT (&info) == GST_VIDEO_FORMAT_BGRx;
  PF_REQUIRE (gst_video_frame_map (&frame, &info, b, GST_MAP_READ));
  ret = pf_picture_read (stamp,
      (const guint8 *) GST_VIDEO_FRAME_PLANE_DATA (&frame, 0) + bgrx,
      bgrx ? 4 : 1, (gsize) GST_VIDEO_FRAME_PLANE_STRIDE (&frame, 0),
      (guint32) GST_VIDEO_INFO_WIDTH (&info),
      (guint32) GST_VIDEO_INFO_HEIGHT (&info));
  gst_video_frame_unmap (&frame);
  return ret;
}

static guint64
unix_time_of (GstBuffer *b)
{
  GstCaps *unix_caps = gst_caps_from_string ("timestamp/x-unix");
  GstReferenceTimestampMeta *m =
      gst_buffer_get_reference_timestamp_meta (b, unix_caps);

  gst_caps_unref (unix_caps);
  PF_REQUIRE (m != NULL);
  return m->timestamp;
}

static guint64
counter (Display *d, const gchar *name)
{
  GstStructure *s;
  guint64 n = G_MAXUINT64;

  g_object_get (d->h->element, "stats", &s, NULL);
  PF_CHECK (gst_structure_get_uint64 (s, name, &n));
  gst_structure_free (s);
  return n;
}

/* ---- Numbers and times -------------------------------------------------- */

static void
check_picture (Display *d, GstBuffer *b, guint32 number)
{
  PfPictureStamp stamp = { 0, 0 };

  PF_CHECK_INT (read_stamp (d, b, &stamp), ==, 0);
  PF_CHECK_UINT (stamp.number, ==, number);
  PF_CHECK_UINT (stamp.time_ns, ==, unix_time_of (b));
  PF_CHECK_UINT (GST_BUFFER_OFFSET (b), ==, number);
}

static void
test_numbers (void)
{
  const guint64 before = (guint64) g_get_real_time () * 1000;
  guint64 last = before - GST_SECOND;
  Display d;

  display_open (&d, "width=640 height=360 framerate=60/1", "video/x-raw");
  for (guint i = 0; i < 100; i++) {
    GstBuffer *b = take (&d);

    check_picture (&d, b, i);
    PF_CHECK_UINT (
        GST_BUFFER_PTS (b), ==, gst_util_uint64_scale (i, GST_SECOND, 60));
    PF_CHECK (GST_BUFFER_DURATION (b) == 16666666 ||
              GST_BUFFER_DURATION (b) == 16666667);
    PF_CHECK_UINT (unix_time_of (b), >, last);
    last = unix_time_of (b);
    gst_buffer_unref (b);
  }
  PF_CHECK_UINT (last, <=, (guint64) g_get_real_time () * 1000 + GST_MSECOND);
  PF_CHECK_UINT (counter (&d, "frames"), >=, 100);
  PF_CHECK_UINT (counter (&d, "skipped"), ==, 0);
  display_close (&d);
}

static void
test_formats (void)
{
  static const gchar *const formats[] = { "I420", "NV12", "BGRx" };
  static const guint sizes[][2] = { { 136, 40 + 24 }, { 320, 180 },
    { 480, 854 }, { 853, 479 }, { 1366, 768 }, { 1919, 1079 } };

  for (guint f = 0; f < G_N_ELEMENTS (formats); f++)
    for (guint i = 0; i < G_N_ELEMENTS (sizes); i++) {
      gchar *caps = g_strdup_printf (
          "video/x-raw,format=%s,width=%u,height=%u,framerate=30/1", formats[f],
          sizes[i][0], sizes[i][1]);
      GstVideoInfo info;
      Display d;

      display_open (&d, "", caps);
      for (guint n = 0; n < 3; n++) {
        GstBuffer *b = take (&d);

        check_picture (&d, b, n);
        video_info (&d, &info);
        PF_CHECK_UINT (gst_buffer_get_size (b), ==, info.size);
        gst_buffer_unref (b);
      }
      PF_CHECK_INT (GST_VIDEO_INFO_FPS_N (&info), ==, 30);
      display_close (&d);
      g_free (caps);
    }
}

/* Too small for a number: it still runs. */
static void
test_tiny (void)
{
  PfPictureStamp stamp;
  GstBuffer *b;
  Display d;

  display_open (&d, "width=64 height=64", "video/x-raw");
  for (guint i = 0; i < 10; i++) {
    b = take (&d);
    PF_CHECK_INT (read_stamp (&d, b, &stamp), !=, 0);
    PF_CHECK_UINT (gst_buffer_get_size (b), ==, 64 * 64 * 3 / 2);
    gst_buffer_unref (b);
  }
  display_close (&d);
}

/* ---- Pace --------------------------------------------------------------- */

/* Deadlines do not drift, also where a frame is no whole number of ns. */
static void
test_deadlines (void)
{
  GstClockID id;
  Display d;

  display_open (&d, "width=320 height=180 framerate=24000/1001", "video/x-raw");
  for (guint i = 0; i < 50; i++) {
    gst_buffer_unref (take (&d));
    gst_test_clock_wait_for_next_pending_id (d.clock, &id);
    PF_CHECK_UINT (gst_clock_id_get_time (id), ==,
        gst_util_uint64_scale (i + 1, GST_SECOND * 1001, 24000));
    gst_clock_id_unref (id);
  }
  display_close (&d);
}

/* Whole frames are left out when nobody had time for them; numbers have no
 * gap, timestamps do. */
static void
test_skip (void)
{
  GstBuffer *b;
  GstClockID id;
  Display d;

  display_open (&d, "width=320 height=180 framerate=50/1", "video/x-raw");
  for (guint i = 0; i < 5; i++)
    gst_buffer_unref (take (&d));
  gst_test_clock_wait_for_next_pending_id (d.clock, &id);
  gst_clock_id_unref (id);
  /* it waits for 100 ms, and wakes at 205 */
  gst_test_clock_set_time (d.clock, 205 * GST_MSECOND);
  id = gst_test_clock_process_next_clock_id (d.clock);
  PF_REQUIRE (id != NULL);
  gst_clock_id_unref (id);
  b = gst_harness_pull (d.h);
  check_picture (&d, b, 5);
  PF_CHECK_UINT (GST_BUFFER_PTS (b), ==, 100 * GST_MSECOND);
  gst_buffer_unref (b);
  b = take (&d);
  check_picture (&d, b, 6);
  PF_CHECK_UINT (GST_BUFFER_PTS (b), ==, 200 * GST_MSECOND);
  gst_buffer_unref (b);
  b = take (&d);
  PF_CHECK_UINT (GST_BUFFER_PTS (b), ==, 220 * GST_MSECOND);
  gst_buffer_unref (b);
  PF_CHECK_UINT (counter (&d, "skipped"), ==, 4);
  display_close (&d);
}

static void
test_latency (void)
{
  GstQuery *query = gst_query_new_latency ();
  GstClockTime min, max;
  gboolean live;
  Display d;

  display_open (&d, "width=320 height=180", "video/x-raw");
  gst_buffer_unref (take (&d));
  PF_CHECK (gst_pad_peer_query (d.h->sinkpad, query));
  gst_query_parse_latency (query, &live, &min, &max);
  PF_CHECK (live);
  PF_CHECK_UINT (min, ==, 0);
  gst_query_unref (query);
  display_close (&d);
}

/* ---- Memory ------------------------------------------------------------- */

/* Rows of luma, and where the picture shows what the number alone decides:
 * below the code, but for the line with the time. */
static gsize
copy_rows (Display *d, GstBuffer *b, guint8 **to)
{
  PfPictureArea area;
  GstVideoFrame frame;
  GstVideoInfo info;
  gsize size, stride;
  guint32 line;

  video_info (d, &info);
  PF_REQUIRE_INT (
      pf_picture_area (&area, (guint32) info.width, (guint32) info.height), ==,
      0);
  line = 8 * (area.block / 4);
  PF_REQUIRE (gst_video_frame_map (&frame, &info, b, GST_MAP_READ));
  stride = (gsize) GST_VIDEO_FRAME_PLANE_STRIDE (&frame, 0);
  size = stride * (gsize) info.height;
  *to = g_memdup2 (GST_VIDEO_FRAME_PLANE_DATA (&frame, 0), size);
  memset (*to, 0, (area.rows + 2) * area.block * stride);
  memset (
      *to + ((area.rows + 2) * area.block + line) * stride, 0, line * stride);
  gst_video_frame_unmap (&frame);
  return size;
}

/* A picture that is drawn over an older one is like one that is drawn whole. */
static void
test_again (void)
{
  GstBuffer *kept[31];
  Display again, whole;

  display_open (&again, "width=640 height=360", "video/x-raw,format=NV12");
  display_open (&whole, "width=640 height=360", "video/x-raw,format=NV12");
  for (guint i = 0; i < G_N_ELEMENTS (kept); i++) {
    GstBuffer *b = take (&again);
    guint8 *left, *right;
    gsize size;

    kept[i] = take (&whole);
    size = copy_rows (&again, b, &left);
    PF_CHECK_UINT (copy_rows (&whole, kept[i], &right), ==, size);
    PF_CHECK_MEM (left, right, size);
    g_free (left);
    g_free (right);
    gst_buffer_unref (b);
  }
  for (guint i = 0; i < G_N_ELEMENTS (kept); i++)
    gst_buffer_unref (kept[i]);
  display_close (&again);
  display_close (&whole);
}

/* Memories come back; those that are held are left alone, however many. */
static void
test_memories (void)
{
  GHashTable *seen = g_hash_table_new (NULL, NULL);
  GstBuffer *kept[50];
  Display d;

  display_open (&d, "width=320 height=180", "video/x-raw");
  for (guint i = 0; i < 100; i++) {
    GstBuffer *b = take (&d);

    g_hash_table_add (seen, gst_buffer_peek_memory (b, 0));
    gst_buffer_unref (b);
  }
  PF_CHECK_UINT (g_hash_table_size (seen), <=, 4);
  for (guint i = 0; i < G_N_ELEMENTS (kept); i++)
    kept[i] = take (&d);
  for (guint i = 0; i < G_N_ELEMENTS (kept); i++) {
    check_picture (&d, kept[i], 100 + i);
    gst_buffer_unref (kept[i]);
  }
  g_hash_table_unref (seen);
  display_close (&d);
}

/* Who draws into a picture draws into a copy. */
static void
test_read_only (void)
{
  Display d;

  display_open (&d, "width=320 height=180", "video/x-raw");
  for (guint i = 0; i < 20; i++) {
    GstBuffer *b = take (&d);

    check_picture (&d, b, i);
    b = gst_buffer_make_writable (b);
    gst_buffer_memset (b, 0, 0x55, gst_buffer_get_size (b));
    gst_buffer_unref (b);
  }
  display_close (&d);
}

/* ---- Modes, input, errors ----------------------------------------------- */

static void
send_mode (Display *d, guint display, guint width, guint height, guint fps)
{
  const PfMode mode = { display, width, height, fps };

  PF_CHECK (gst_harness_push_upstream_event (d->h, pf_event_new_mode (&mode)));
}

/* Pictures until one has this width; how many there were before. Caps are
 * there before the last picture of another size has been taken. */
static guint
take_until (Display *d, gint width)
{
  for (guint i = 0; i < 5; i++) {
    GstBuffer *b = take (d);
    PfPictureStamp stamp;
    GstVideoInfo info;
    gboolean found;

    video_info (d, &info);
    found = gst_buffer_get_size (b) == info.size &&
            GST_VIDEO_INFO_WIDTH (&info) == width;
    if (found)
      PF_CHECK_INT (read_stamp (d, b, &stamp), ==, 0);
    PF_CHECK (GST_BUFFER_PTS (b) >= d->end);
    d->end = GST_BUFFER_PTS (b) + GST_BUFFER_DURATION (b);
    gst_buffer_unref (b);
    if (found)
      return i;
  }
  return G_MAXUINT;
}

/* While nobody watches nothing is drawn, and no time passes in the picture. */
static void
test_watched (void)
{
  const PfWatched off = { FALSE }, on = { TRUE };
  GstBuffer *before, *after;
  Display d;

  display_open (&d, "width=640 height=360 framerate=60/1", "video/x-raw");
  gst_buffer_unref (take (&d));
  PF_CHECK (gst_harness_push_upstream_event (d.h, pf_event_new_watched (&off)));
  /* it waits for the turn of one more: take() came back when it did */
  PF_REQUIRE (gst_harness_crank_single_clock_wait (d.h));
  before = gst_harness_pull (d.h);
  PF_REQUIRE (before != NULL);
  for (guint i = 0; i < 5000 && counter (&d, "rests") == 0; i++)
    g_usleep (2000);
  PF_CHECK_UINT (counter (&d, "rests"), ==, 1);
  PF_CHECK_UINT (gst_test_clock_peek_id_count (d.clock), ==, 0);
  PF_CHECK (gst_harness_try_pull (d.h) == NULL);
  gst_test_clock_advance_time (d.clock, 10 * GST_SECOND);
  PF_CHECK (gst_harness_push_upstream_event (d.h, pf_event_new_watched (&on)));
  after = take (&d);
  PF_CHECK_UINT (GST_BUFFER_OFFSET (after), ==, GST_BUFFER_OFFSET (before) + 1);
  PF_CHECK_UINT (GST_BUFFER_PTS (after), >=, 10 * GST_SECOND);
  PF_CHECK_UINT (counter (&d, "skipped"), ==, 0);
  gst_buffer_unref (before);
  gst_buffer_unref (after);
  display_close (&d);
}

static void
test_mode (void)
{
  GstVideoInfo info;
  guint width;
  Display d;

  display_open (&d, "width=640 height=360 framerate=60/1", "video/x-raw");
  PF_CHECK_UINT (take_until (&d, 640), ==, 0);
  send_mode (&d, 0, 800, 600, 30);
  PF_CHECK_UINT (take_until (&d, 800), <=, 2);
  video_info (&d, &info);
  PF_CHECK_INT (GST_VIDEO_INFO_HEIGHT (&info), ==, 600);
  PF_CHECK_INT (GST_VIDEO_INFO_FPS_N (&info), ==, 30);
  g_object_get (d.h->element, "width", &width, NULL);
  PF_CHECK_UINT (width, ==, 800);

  send_mode (&d, 1, 1024, 768, 60); /* not ours */
  send_mode (&d, 0, 10, 768, 60);   /* not possible */
  send_mode (&d, 0, 1024, 63, 60);
  PF_CHECK_UINT (take_until (&d, 1024), ==, G_MAXUINT);
  PF_CHECK_UINT (counter (&d, "modes"), ==, 2);
  PF_CHECK_UINT (counter (&d, "refused-modes"), ==, 2);
  send_mode (&d, 0, 1023, 767, 60);
  PF_CHECK_UINT (take_until (&d, 1023), <=, 2);
  display_close (&d);
}

/* Downstream has the last word. */
static void
test_pinned (void)
{
  Display d;

  display_open (&d, "width=640 height=360 framerate=60/1",
      "video/x-raw,width=320,height=180,framerate=[1/1,30/1]");
  PF_CHECK_UINT (take_until (&d, 320), ==, 0);
  PF_CHECK_UINT (counter (&d, "refused-modes"), ==, 1);
  send_mode (&d, 0, 800, 600, 30);
  PF_CHECK_UINT (take_until (&d, 800), ==, G_MAXUINT);
  display_close (&d);
}

static void
test_input (void)
{
  PfInput input = { .kind = PF_INPUT_KEY, .code = 30, .state = PF_INPUT_DOWN };
  GstStructure *stats, *last = NULL;
  guint code = 0;
  Display d;

  display_open (&d, "width=320 height=180 display=2", "video/x-raw");
  PF_CHECK_UINT (counter (&d, "inputs"), ==, 0);
  PF_CHECK (gst_harness_push_upstream_event (d.h, pf_event_new_input (&input)));
  PF_CHECK_UINT (counter (&d, "inputs"), ==, 0);
  input.display = 2;
  for (guint i = 0; i < 300; i++) {
    input.code = 30 + i;
    PF_CHECK (
        gst_harness_push_upstream_event (d.h, pf_event_new_input (&input)));
  }
  PF_CHECK_UINT (counter (&d, "inputs"), ==, 300);
  g_object_get (d.h->element, "stats", &stats, NULL);
  PF_CHECK (
      gst_structure_get (stats, "last-input", GST_TYPE_STRUCTURE, &last, NULL));
  PF_REQUIRE (last != NULL);
  PF_CHECK (gst_structure_get_uint (last, "code", &code));
  PF_CHECK_UINT (code, ==, 329);
  gst_structure_free (last);
  gst_structure_free (stats);
  display_close (&d);
}

/* There is no test picture unless it is asked for. */
static void
test_no_backend (void)
{
  static const gchar *const lines[] = { "pfvdisplaysrc",
    "pfvdisplaysrc backend=nonsense" };

  for (guint i = 0; i < G_N_ELEMENTS (lines); i++) {
    GstElement *e = gst_object_ref_sink (gst_parse_launch (lines[i], NULL));
    GstBus *bus = gst_bus_new ();
    GstMessage *m;
    GError *error = NULL;

    gst_element_set_bus (e, bus);
    PF_CHECK_INT (gst_element_set_state (e, GST_STATE_PAUSED), ==,
        GST_STATE_CHANGE_FAILURE);
    m = gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR);
    PF_REQUIRE (m != NULL);
    gst_message_parse_error (m, &error, NULL);
    PF_CHECK (g_error_matches (
        error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_FOUND));
    PF_CHECK (strstr (error->message, "test") != NULL);
    g_error_free (error);
    gst_message_unref (m);
    gst_element_set_state (e, GST_STATE_NULL);
    gst_element_set_bus (e, NULL);
    gst_object_unref (bus);
    gst_object_unref (e);
  }
}

/* Up and down; while it waits for its turn too. */
static void
test_states (void)
{
  GstBuffer *b;
  Display d;

  display_open (&d, "width=320 height=180 framerate=1/1", "video/x-raw");
  gst_buffer_unref (take (&d));
  for (guint i = 0; i < 5; i++) {
    gst_element_set_state (d.h->element, GST_STATE_NULL);
    gst_element_set_state (d.h->element, GST_STATE_READY);
    gst_element_set_state (d.h->element, GST_STATE_NULL);
    gst_harness_play (d.h);
    b = take (&d);
    check_picture (&d, b, 0);
    gst_buffer_unref (b);
  }
  display_close (&d);
}

/* A picture of 1080p costs little. */
static void
test_cost (void)
{
  GstStructure *stats;
  guint mean = 0;
  Display d;

  display_open (&d, "", "video/x-raw,format=I420");
  for (guint i = 0; i < 240; i++)
    gst_buffer_unref (take (&d));
  g_object_get (d.h->element, "stats", &stats, NULL);
  PF_CHECK (gst_structure_get_uint (stats, "mean-take-us", &mean));
  pf_test_note (
      "%u us in the mean, %.1f %% of a core at 60 Hz", mean, mean * 60 / 1e4);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  PF_CHECK_UINT (mean, <, 1500);
#endif
  gst_structure_free (stats);
  display_close (&d);
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  PF_TEST_ADD ("/vdisplay/numbers", test_numbers);
  PF_TEST_ADD ("/vdisplay/formats", test_formats);
  PF_TEST_ADD ("/vdisplay/tiny", test_tiny);
  PF_TEST_ADD ("/vdisplay/deadlines", test_deadlines);
  PF_TEST_ADD ("/vdisplay/skip", test_skip);
  PF_TEST_ADD ("/vdisplay/latency", test_latency);
  PF_TEST_ADD ("/vdisplay/again", test_again);
  PF_TEST_ADD ("/vdisplay/memories", test_memories);
  PF_TEST_ADD ("/vdisplay/read-only", test_read_only);
  PF_TEST_ADD ("/vdisplay/mode", test_mode);
  PF_TEST_ADD ("/vdisplay/watched", test_watched);
  PF_TEST_ADD ("/vdisplay/pinned", test_pinned);
  PF_TEST_ADD ("/vdisplay/input", test_input);
  PF_TEST_ADD ("/vdisplay/no-backend", test_no_backend);
  PF_TEST_ADD ("/vdisplay/states", test_states);
  PF_TEST_ADD ("/vdisplay/cost", test_cost);
  return pf_test_run (argc, argv);
}
