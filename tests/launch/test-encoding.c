/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * An encoder is exchanged while it runs: the first frame of a new mode can be
 * decoded alone, no number is used twice behind it, and nothing stays behind.
 */
#include <dirent.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>

#include "encoding.h"
#include "pf-test.h"

#define PART                                                                   \
  "videoconvert ! x264enc name=encoder tune=zerolatency "                      \
  "speed-preset=ultrafast threads=2 byte-stream=true "                         \
  "key-int-max=2147483647 bitrate=%u ! h264parse config-interval=-1 ! "        \
  "capsfilter caps=video/x-h264,stream-format=byte-stream,alignment=au"
#define BEFORE                                                                 \
  "%s ! capsfilter caps=video/x-raw,format=I420 ! queue max-size-buffers=2 "   \
  "leaky=downstream"
#define FOLLOWS                                                                \
  "pfvdisplaysrc name=source backend=test width=320 height=180 "               \
  "framerate=60/1"
#define STAYS                                                                  \
  "videotestsrc name=source is-live=true ! "                                   \
  "video/x-raw,width=320,height=180,framerate=60/1"
#define BEHIND                                                                 \
  "pffecenc name=fec ! pfaesgcm name=crypt mode=seal key-file=%s ! fakesink "  \
  "name=sink sync=false async=false"
#define WAIT_US (20 * G_USEC_PER_SEC)
#define CHANGES 100

typedef struct {
  gchar *dir;
  GstElement *pipeline;
  GstPad *units; /* where access units come by */
  PfEncoding *encoding;
  GstBus *bus;

  GMutex lock;
  GCond cond;
  /* lock */
  guint n_units;
  guint width;             /* of the units that come by */
  guint changes, headless; /* first units of a width; those without headers */
  guint64 next;            /* number of the next packet */
  guint wrong;             /* packets that had another one */
} Line;

static gint living; /* parts; atomic */

/* ---- Parts -------------------------------------------------------------- */

static void
on_gone (gpointer user, GObject *where)
{
  (void) user;
  (void) where;
  g_atomic_int_add (&living, -1);
}

static GstElement *
make_bin (const gchar *text)
{
  GError *error = NULL;
  GstElement *bin = gst_parse_bin_from_description_full (
      text, TRUE, NULL, GST_PARSE_FLAG_FATAL_ERRORS, &error);

  if (error)
    pf_test_note ("%s", error->message);
  PF_REQUIRE (bin && !error);
  g_atomic_int_add (&living, 1);
  g_object_weak_ref (G_OBJECT (bin), on_gone, NULL);
  return bin;
}

static GstElement *
make_part (guint kbps)
{
  g_autofree gchar *text = g_strdup_printf (PART, kbps);

  return make_bin (text);
}

/* ---- What comes by ------------------------------------------------------ */

static gboolean
has_headers (GstBuffer *unit)
{
  static const guint8 sequence[] = { 0, 0, 0, 1, 0x67 };
  gboolean found = FALSE;
  GstMapInfo map;

  if (GST_BUFFER_FLAG_IS_SET (unit, GST_BUFFER_FLAG_DELTA_UNIT) ||
      !gst_buffer_map (unit, &map, GST_MAP_READ))
    return FALSE;
  found = memmem (map.data, map.size, sequence, sizeof sequence) != NULL;
  gst_buffer_unmap (unit, &map);
  return found;
}

static GstPadProbeReturn
on_unit (GstPad *pad, GstPadProbeInfo *info, gpointer user)
{
  GstCaps *caps = gst_pad_get_current_caps (pad);
  gint width = 0;
  Line *l = user;

  gst_structure_get_int (gst_caps_get_structure (caps, 0), "width", &width);
  gst_caps_unref (caps);
  g_mutex_lock (&l->lock);
  if ((guint) width != l->width) {
    l->changes++;
    l->headless += !has_headers (GST_PAD_PROBE_INFO_BUFFER (info));
    l->width = (guint) width;
  }
  l->n_units++;
  g_cond_broadcast (&l->cond);
  g_mutex_unlock (&l->lock);
  return GST_PAD_PROBE_OK;
}

static gboolean
on_packet (GstBuffer **buffer, guint i, gpointer user)
{
  guint8 bytes[8];
  Line *l = user;

  (void) i;
  PF_CHECK_UINT (gst_buffer_extract (*buffer, 0, bytes, 8), ==, 8);
  l->wrong += GST_READ_UINT64_BE (bytes) != l->next;
  l->next = GST_READ_UINT64_BE (bytes) + 1;
  return TRUE;
}

static GstPadProbeReturn
on_packets (GstPad *pad, GstPadProbeInfo *info, gpointer user)
{
  Line *l = user;
  GstBuffer *buffer;

  (void) pad;
  g_mutex_lock (&l->lock);
  if (info->type & GST_PAD_PROBE_TYPE_BUFFER_LIST) {
    gst_buffer_list_foreach (
        GST_PAD_PROBE_INFO_BUFFER_LIST (info), on_packet, l);
  } else {
    buffer = GST_PAD_PROBE_INFO_BUFFER (info);
    on_packet (&buffer, 0, l);
  }
  g_mutex_unlock (&l->lock);
  return GST_PAD_PROBE_OK;
}

/* ---- A line ------------------------------------------------------------- */

static void
line_init (Line *l, const gchar *source)
{
  g_autofree gchar *key = NULL, *behind = NULL, *before = NULL;
  GstElement *first, *last, *part = make_part (1000), *crypt;
  GstPad *pad;

  memset (l, 0, sizeof *l);
  g_mutex_init (&l->lock);
  g_cond_init (&l->cond);
  l->dir = g_dir_make_tmp ("pf-encoding-XXXXXX", NULL);
  PF_REQUIRE (l->dir != NULL);
  key = g_build_filename (l->dir, "key", NULL);
  behind = g_strdup_printf (BEHIND, key);
  before = g_strdup_printf (BEFORE, source);
  first = make_bin (before);
  last = make_bin (behind);
  l->pipeline = gst_pipeline_new (NULL);
  gst_bin_add_many (GST_BIN (l->pipeline), first, part, last, NULL);
  PF_REQUIRE (gst_element_link_many (first, part, last, NULL));
  l->encoding = pf_encoding_new (l->pipeline, part);
  l->units = gst_element_get_static_pad (last, "sink");
  gst_pad_add_probe (l->units, GST_PAD_PROBE_TYPE_BUFFER, on_unit, l, NULL);
  crypt = gst_bin_get_by_name (GST_BIN (last), "crypt");
  pad = gst_element_get_static_pad (crypt, "src");
  gst_pad_add_probe (pad,
      GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST, on_packets, l,
      NULL);
  gst_object_unref (pad);
  gst_object_unref (crypt);
  l->bus = gst_element_get_bus (l->pipeline);
  gst_element_set_state (l->pipeline, GST_STATE_PLAYING);
}

static guint
line_units (Line *l)
{
  guint n;

  g_mutex_lock (&l->lock);
  n = l->n_units;
  g_mutex_unlock (&l->lock);
  return n;
}

/* Whether so many more units come by. */
static gboolean
line_goes_on (Line *l, guint more)
{
  const gint64 until = g_get_monotonic_time () + WAIT_US;
  gboolean ok;
  guint least;

  g_mutex_lock (&l->lock);
  least = l->n_units + more;
  while (l->n_units < least && g_cond_wait_until (&l->cond, &l->lock, until))
    ;
  ok = l->n_units >= least;
  g_mutex_unlock (&l->lock);
  return ok;
}

/* What came of an exchange. */
static gboolean
line_changed (Line *l)
{
  GstMessage *message;
  gboolean good = FALSE;

  for (;;) {
    message = gst_bus_timed_pop_filtered (
        l->bus, 20 * GST_SECOND, GST_MESSAGE_ELEMENT | GST_MESSAGE_ERROR);
    PF_REQUIRE (message != NULL);
    PF_REQUIRE (GST_MESSAGE_TYPE (message) != GST_MESSAGE_ERROR);
    if (gst_message_has_name (message, PF_ENCODING_CHANGED))
      break;
    gst_message_unref (message);
  }
  gst_structure_get_boolean (
      gst_message_get_structure (message), "good", &good);
  gst_message_unref (message);
  return good;
}

/* Messages hold on to the parts that they are of. */
static void
wait_for_living (GstBus *bus, gint n)
{
  const gint64 until = g_get_monotonic_time () + WAIT_US;
  gint now;

  while (g_atomic_int_get (&living) > n && g_get_monotonic_time () < until) {
    GstMessage *message = gst_bus_timed_pop (bus, 2 * GST_MSECOND);

    gst_clear_message (&message);
  }
  now = g_atomic_int_get (&living);
  PF_CHECK_INT (now, ==, n);
}

static void
line_clear (Line *l)
{
  g_autofree gchar *key = g_build_filename (l->dir, "key", NULL);

  pf_encoding_free (l->encoding);
  gst_element_set_state (l->pipeline, GST_STATE_NULL);
  gst_object_unref (l->units);
  gst_object_unref (l->pipeline);
  gst_bus_set_flushing (l->bus, TRUE);
  gst_bus_set_flushing (l->bus, FALSE);
  wait_for_living (l->bus, 0);
  gst_object_unref (l->bus);
  g_unlink (key);
  g_rmdir (l->dir);
  g_free (l->dir);
  g_mutex_clear (&l->lock);
  g_cond_clear (&l->cond);
}

/* ---- Tests -------------------------------------------------------------- */

static void
test_mode (void)
{
  Line l;

  line_init (&l, FOLLOWS);
  PF_CHECK (line_goes_on (&l, 5));
  PF_CHECK_UINT (l.width, ==, 320);
  pf_encoding_exchange (l.encoding, make_part (1000), 640, 360, 30);
  PF_CHECK (line_changed (&l));
  PF_CHECK (line_goes_on (&l, 5));
  PF_CHECK_UINT (l.width, ==, 640);
  PF_CHECK_UINT (l.changes, ==, 2);
  PF_CHECK_UINT (l.headless, ==, 0);
  PF_CHECK_UINT (l.wrong, ==, 0);
  line_clear (&l);
}

/* The same size with another encoder. */
static void
test_same (void)
{
  Line l;

  line_init (&l, FOLLOWS);
  PF_CHECK (line_goes_on (&l, 5));
  pf_encoding_exchange (l.encoding, make_part (2000), 0, 0, 0);
  PF_CHECK (line_changed (&l));
  PF_CHECK (line_goes_on (&l, 5));
  PF_CHECK_UINT (l.changes, ==, 1);
  PF_CHECK_UINT (l.wrong, ==, 0);
  line_clear (&l);
}

/* An encoder that does not take the frames changes nothing. */
static void
test_refused (void)
{
  Line l;

  line_init (&l, FOLLOWS);
  PF_CHECK (line_goes_on (&l, 5));
  pf_encoding_exchange (l.encoding,
      make_bin ("capsfilter caps=video/x-raw,format=GRAY8 ! identity"), 640,
      360, 30);
  PF_CHECK (!line_changed (&l));
  PF_CHECK (line_goes_on (&l, 5));
  PF_CHECK_UINT (l.width, ==, 320);
  PF_CHECK (!pf_encoding_cancel (l.encoding));
  line_clear (&l);
}

/* A source that has one mode keeps it, and the encoder. */
static void
test_cancelled (void)
{
  Line l;

  line_init (&l, STAYS);
  PF_CHECK (line_goes_on (&l, 5));
  pf_encoding_exchange (l.encoding, make_part (1000), 640, 360, 30);
  PF_CHECK (line_goes_on (&l, 30));
  PF_CHECK (pf_encoding_cancel (l.encoding));
  PF_CHECK (line_goes_on (&l, 5));
  PF_CHECK_UINT (l.changes, ==, 1);
  line_clear (&l);
}

static guint
count_files (const gchar *path)
{
  GDir *dir = g_dir_open (path, 0, NULL);
  guint n = 0;

  PF_REQUIRE (dir != NULL);
  while (g_dir_read_name (dir))
    n++;
  g_dir_close (dir);
  return n;
}

static guint
resident_kb (void)
{
  g_autofree gchar *text = NULL;
  const gchar *at;

  PF_REQUIRE (g_file_get_contents ("/proc/self/status", &text, NULL, NULL));
  at = strstr (text, "VmRSS:");
  return at ? (guint) g_ascii_strtoull (at + 6, NULL, 10) : 0;
}

static void
change (Line *l, guint i)
{
  const gboolean large = i % 2 == 0;

  pf_encoding_exchange (
      l->encoding, make_part (1000), large ? 640 : 320, large ? 360 : 180, 60);
  PF_CHECK (line_changed (l));
}

/* Modes come and go; packets are numbered on, nothing else is left of them. */
static void
test_hundred (void)
{
  guint fds, threads, kb, more;
  Line l;

  line_init (&l, FOLLOWS);
  PF_CHECK (line_goes_on (&l, 5));
  for (guint i = 0; i < 20; i++)
    change (&l, i);
  wait_for_living (l.bus, 3);
  fds = count_files ("/proc/self/fd");
  threads = count_files ("/proc/self/task");
  kb = resident_kb ();
  for (guint i = 0; i < CHANGES; i++)
    change (&l, i);
  PF_CHECK (line_goes_on (&l, 5));
  wait_for_living (l.bus, 3); /* what the line is made of */
  more = resident_kb () - MIN (kb, resident_kb ());
  pf_test_note ("%u units, %" G_GUINT64_FORMAT " packets; %u kB more",
      line_units (&l), l.next, more);
  PF_CHECK_UINT (count_files ("/proc/self/fd"), <=, fds);
  PF_CHECK_UINT (count_files ("/proc/self/task"), <=, threads + 2);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  PF_CHECK_UINT (more, <, 20000); /* a sanitizer keeps what is freed */
#endif
  PF_CHECK_UINT (l.changes, ==, CHANGES + 21);
  PF_CHECK_UINT (l.headless, ==, 0);
  PF_CHECK_UINT (l.wrong, ==, 0);
  line_clear (&l);
}

static void
test_tune (void)
{
  GstElement *like = gst_object_ref_sink (make_part (3333));
  GstElement *other = gst_object_ref_sink (make_bin ("identity name=encoder"));
  g_autoptr (GstElement) encoder = NULL;
  guint kbps = 0;
  Line l;

  line_init (&l, FOLLOWS);
  PF_CHECK (line_goes_on (&l, 5));
  PF_CHECK (pf_encoding_tune (l.encoding, like));
  encoder = gst_bin_get_by_name (GST_BIN (l.pipeline), "encoder");
  g_object_get (encoder, "bitrate", &kbps, NULL);
  PF_CHECK_UINT (kbps, ==, 3333);
  PF_CHECK (!pf_encoding_tune (l.encoding, other));
  PF_CHECK (line_goes_on (&l, 5));
  PF_CHECK_UINT (l.changes, ==, 1);
  gst_object_unref (like);
  gst_object_unref (other);
  g_clear_object (&encoder);
  line_clear (&l);
}

int
main (int argc, char **argv)
{
  gst_init (NULL, NULL);
  PF_TEST_ADD ("/encoding/mode", test_mode);
  PF_TEST_ADD ("/encoding/same", test_same);
  PF_TEST_ADD ("/encoding/refused", test_refused);
  PF_TEST_ADD ("/encoding/cancelled", test_cancelled);
  PF_TEST_ADD ("/encoding/hundred", test_hundred);
  PF_TEST_ADD ("/encoding/tune", test_tune);
  return pf_test_run (argc, argv);
}
