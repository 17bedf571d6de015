/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The whole path over loopback, pffecenc to pffecdec: what it allocates and
 * copies once it has run for a while, and that a frame's first packets are
 * with the kernel before the rest is sealed.
 */
#include <gst/gst.h>
#include <string.h>
#include <unistd.h>

#include "pf-block.h"
#include "pf-count.h"
#include "pf-test.h"

#define MEDIA "video/x-h264,stream-format=(string)byte-stream,alignment=au"

enum { WAIT_S = 10, WARM_UP = 60, FRAMES = 100, SIZE = 300000 };

/* For each block: 3 a buffer of packets, and a few that a frame needs. */
enum { ALLOCATIONS = 8 };

typedef struct {
  GstElement *sender, *receiver;
  GstPad *in, *out;
  gchar *dir, *key_file;
  guint8 *payload;
  GstClockTime pts;
  gint blocks[2]; /* atomic; buffers of packets sent and received */

  GMutex lock;
  GCond cond;
  /* lock */
  guint arrived, wrong;
  guint64 allocations; /* of the receiving thread so far */
} Path;

static GstFlowReturn
take_frame (GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
  const guint64 allocations = pf_count_here ().allocations;
  Path *p = gst_pad_get_element_private (pad);
  gboolean good = gst_buffer_get_size (buffer) == SIZE &&
                  gst_buffer_memcmp (buffer, 0, p->payload, SIZE) == 0;

  (void) parent;
  gst_buffer_unref (buffer);
  g_mutex_lock (&p->lock);
  p->arrived++;
  p->wrong += !good;
  p->allocations = allocations;
  g_cond_signal (&p->cond);
  g_mutex_unlock (&p->lock);
  return GST_FLOW_OK;
}

static gboolean
swallow (GstPad *pad, GstObject *parent, GstEvent *event)
{
  (void) pad;
  (void) parent;
  gst_event_unref (event);
  return TRUE;
}

static GstPadProbeReturn
count_buffer (GstPad *pad, GstPadProbeInfo *info, gpointer n)
{
  (void) pad;
  (void) info;
  g_atomic_int_inc ((gint *) n);
  return GST_PAD_PROBE_OK;
}

static void
count_blocks (GstElement *bin, const gchar *element, gint *n)
{
  GstElement *e = gst_bin_get_by_name (GST_BIN (bin), element);
  GstPad *pad = gst_element_get_static_pad (e, "src");

  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, count_buffer, n, NULL);
  gst_object_unref (pad);
  gst_object_unref (e);
}

static GstElement *
play (gchar *line)
{
  GstElement *pipeline = gst_parse_launch (line, NULL);

  PF_REQUIRE (pipeline != NULL);
  g_free (line);
  return pipeline;
}

static guint
get_port (GstElement *bin)
{
  GstElement *e = gst_bin_get_by_name (GST_BIN (bin), "src");
  guint port = 0;

  g_object_get (e, "port", &port, NULL);
  gst_object_unref (e);
  PF_REQUIRE (port != 0);
  return port;
}

static guint64
stat_of (GstElement *bin, const gchar *element, const gchar *name)
{
  GstElement *e = gst_bin_get_by_name (GST_BIN (bin), element);
  GstStructure *stats;
  guint64 n = 0;

  g_object_get (e, "stats", &stats, NULL);
  PF_CHECK (gst_structure_get_uint64 (stats, name, &n));
  gst_structure_free (stats);
  gst_object_unref (e);
  return n;
}

static void
link_ends (Path *p)
{
  GstPad *pad = gst_bin_find_unlinked_pad (GST_BIN (p->sender), GST_PAD_SINK);
  GstCaps *caps = gst_caps_from_string (MEDIA);
  GstSegment segment;

  p->in = gst_pad_new ("in", GST_PAD_SRC);
  gst_pad_set_active (p->in, TRUE);
  PF_REQUIRE_INT (gst_pad_link (p->in, pad), ==, GST_PAD_LINK_OK);
  gst_object_unref (pad);
  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_pad_push_event (p->in, gst_event_new_stream_start ("path"));
  gst_pad_push_event (p->in, gst_event_new_caps (caps));
  gst_pad_push_event (p->in, gst_event_new_segment (&segment));
  gst_caps_unref (caps);
}

static void
path_init (Path *p, const gchar *wire, const gchar *fec)
{
  GstPad *pad;

  memset (p, 0, sizeof *p);
  g_mutex_init (&p->lock);
  g_cond_init (&p->cond);
  p->payload = g_malloc (SIZE);
  pf_test_random_bytes (p->payload, SIZE);
  p->dir = g_dir_make_tmp ("pf-path-XXXXXX", NULL);
  p->key_file = g_build_filename (p->dir, "key", NULL);
  p->receiver = play (g_strdup_printf (
      "pfudpsrc name=src address=127.0.0.1 port=0 caps=\"application/"
      "x-pf-packet,wire=%s,fec=%s,sealed=true\" ! pfaesgcm name=open "
      "mode=open key-file=%s forbid-copy=true ! pffecdec name=dec "
      "deadline-us=5000000 caps=\"" MEDIA "\"",
      wire, fec, p->key_file));
  p->out = gst_pad_new ("out", GST_PAD_SINK);
  gst_pad_set_element_private (p->out, p);
  gst_pad_set_chain_function (p->out, take_frame);
  gst_pad_set_event_function (p->out, swallow);
  gst_pad_set_active (p->out, TRUE);
  pad = gst_bin_find_unlinked_pad (GST_BIN (p->receiver), GST_PAD_SRC);
  PF_REQUIRE_INT (gst_pad_link (pad, p->out), ==, GST_PAD_LINK_OK);
  gst_object_unref (pad);
  gst_element_set_state (p->receiver, GST_STATE_PLAYING);
  p->sender = play (g_strdup_printf (
      "pffecenc name=enc wire=%s fec=%s percentage=25 forbid-copy=true ! "
      "pfaesgcm name=seal key-file=%s forbid-copy=true ! "
      "pfudpsink name=sink host=127.0.0.1 port=%u",
      wire, fec, p->key_file, get_port (p->receiver)));
  gst_element_set_state (p->sender, GST_STATE_PLAYING);
  link_ends (p);
  count_blocks (p->sender, "enc", &p->blocks[0]);
  count_blocks (p->receiver, "src", &p->blocks[1]);
}

static void
path_clear (Path *p)
{
  gst_element_set_state (p->sender, GST_STATE_NULL);
  gst_element_set_state (p->receiver, GST_STATE_NULL);
  gst_object_unref (p->in);
  gst_object_unref (p->out);
  gst_object_unref (p->sender);
  gst_object_unref (p->receiver);
  unlink (p->key_file);
  rmdir (p->dir);
  g_free (p->key_file);
  g_free (p->dir);
  g_free (p->payload);
  g_mutex_clear (&p->lock);
  g_cond_clear (&p->cond);
}

/* A frame, until it has arrived; what pushing it allocated. */
static guint64
send_frame (Path *p)
{
  const gint64 until = g_get_monotonic_time () + WAIT_S * G_USEC_PER_SEC;
  GstBuffer *frame = gst_buffer_new_wrapped_full (
      GST_MEMORY_FLAG_READONLY, p->payload, SIZE, 0, SIZE, NULL, NULL);
  guint64 allocations;
  gboolean came = TRUE;
  guint before;

  GST_BUFFER_PTS (frame) = p->pts;
  p->pts += 16 * GST_MSECOND;
  g_mutex_lock (&p->lock);
  before = p->arrived;
  g_mutex_unlock (&p->lock);
  allocations = pf_count_here ().allocations;
  PF_CHECK_INT (gst_pad_push (p->in, frame), ==, GST_FLOW_OK);
  allocations = pf_count_here ().allocations - allocations;
  g_mutex_lock (&p->lock);
  while (p->arrived == before && came)
    came = g_cond_wait_until (&p->cond, &p->lock, until);
  g_mutex_unlock (&p->lock);
  PF_REQUIRE (came);
  return allocations;
}

static void
check_memory (const gchar *wire, const gchar *fec)
{
  guint64 sent = 0, received, slabs;
  gint blocks[2];
  Path p;

  path_init (&p, wire, fec);
  for (guint i = 0; i < WARM_UP; i++)
    send_frame (&p);
  g_mutex_lock (&p.lock);
  received = p.allocations;
  g_mutex_unlock (&p.lock);
  slabs = stat_of (p.sender, "enc", "allocations");
  for (guint i = 0; i < 2; i++)
    blocks[i] = g_atomic_int_get (&p.blocks[i]);
  for (guint i = 0; i < FRAMES; i++)
    sent += send_frame (&p);
  g_mutex_lock (&p.lock);
  received = p.allocations - received;
  PF_CHECK_INT (p.wrong, ==, 0);
  g_mutex_unlock (&p.lock);
  for (guint i = 0; i < 2; i++)
    blocks[i] = g_atomic_int_get (&p.blocks[i]) - blocks[i];

  PF_CHECK_UINT (sent, <=, ALLOCATIONS * (guint) blocks[0]);
  PF_CHECK_UINT (received, <=, ALLOCATIONS * (guint) blocks[1]);
  if (pf_count_works ()) {
    PF_CHECK_UINT (sent, >, 0);
    PF_CHECK_UINT (received, >, 0);
  }
  /* blocks are of many packets: then eight a block is less than one a packet */
  PF_CHECK_UINT (10 * (guint) blocks[0], <=,
      stat_of (p.sender, "sink", "packets") * FRAMES / (WARM_UP + FRAMES));
  PF_CHECK_UINT (stat_of (p.sender, "enc", "allocations"), ==, slabs);
  PF_CHECK_UINT (stat_of (p.sender, "enc", "copies"), ==, 0);
  PF_CHECK_UINT (stat_of (p.sender, "seal", "copies"), ==, 0);
  PF_CHECK_UINT (stat_of (p.sender, "sink", "copies"), ==, 0);
  PF_CHECK_UINT (stat_of (p.receiver, "open", "copies"), ==, 0);
  path_clear (&p);
}

static void
test_memory_punktfunk1 (void)
{
  check_memory ("punktfunk1", "gf16");
}

static void
test_memory_gamestream (void)
{
  check_memory ("gamestream", "gf8");
}

typedef struct {
  Path *path;
  guint64 before; /* packets of frames before */
  guint pieces, parity;
} Order;

/* What is pushed in front of a piece is with the kernel when the piece comes. */
static GstPadProbeReturn
check_order (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  const PfBlockMeta *m =
      pf_buffer_get_block_meta (GST_PAD_PROBE_INFO_BUFFER (info));
  Order *o = data;

  (void) pad;
  PF_REQUIRE (m != NULL);
  PF_CHECK_UINT (stat_of (o->path->sender, "sink", "packets"), ==,
      o->before + m->position);
  if (m->part & PF_BLOCK_DATA) {
    o->pieces++;
    PF_CHECK_UINT (m->n, <=, 2 * 64);
  } else {
    o->parity++;
  }
  if (m->position + m->n == m->n_packets)
    o->before += m->n_packets;
  return GST_PAD_PROBE_OK;
}

static void
check_first_packets (const gchar *wire, const gchar *fec)
{
  Order o = { 0 };
  GstElement *e;
  GstPad *pad;
  Path p;

  path_init (&p, wire, fec);
  o.path = &p;
  e = gst_bin_get_by_name (GST_BIN (p.sender), "enc");
  pad = gst_element_get_static_pad (e, "src");
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, check_order, &o, NULL);
  for (guint i = 0; i < 5; i++)
    send_frame (&p);
  PF_CHECK_UINT (o.pieces, >=, 5 * 3);
  PF_CHECK_UINT (o.parity, >=, 5);
  gst_object_unref (pad);
  gst_object_unref (e);
  path_clear (&p);
}

static void
test_first_packets (void)
{
  check_first_packets ("punktfunk1", "gf16");
  check_first_packets ("gamestream", "gf8");
}

int
main (int argc, char **argv)
{
  gst_init (NULL, NULL);
  PF_TEST_ADD ("/path/memory/punktfunk1", test_memory_punktfunk1);
  PF_TEST_ADD ("/path/memory/gamestream", test_memory_gamestream);
  PF_TEST_ADD ("/path/first-packets", test_first_packets);
  return pf_test_run (argc, argv);
}
