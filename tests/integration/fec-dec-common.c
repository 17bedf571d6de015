/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* See fec-dec-common.h. */
#include "fec-dec-common.h"

#include <string.h>

void
sender_init (Sender *s, guint max_block, guint percent)
{
  const PfWireConfig config = {
    .shard_payload = PAYLOAD, .max_block = max_block, .percent = percent
  };

  PF_REQUIRE_INT (
      pf_wire_sender_init (&s->wire, pf_wire_find ("punktfunk1"), &config), ==,
      0);
  s->percent = percent;
  s->interval = 16 * GST_MSECOND;
}

Frame
frame_new (Sender *s, gsize size)
{
  const guint number = s->wire.frame;
  Frame f = { .key = number % 10 == 0, .pts_ns = 1700000000000000000ull };
  PfWireFrame in = { .size = size, .percent = s->percent };

  f.pts_ns += number * 16666667ull;
  f.pts = number * s->interval;
  in.pts_ns = f.pts_ns;
  in.flags = f.key ? PF_WIRE_KEY : 0;
  f.unit = g_malloc (size + 1);
  pf_test_random_bytes (f.unit, size);
  PF_REQUIRE_INT (wire_packets_make (&s->wire, &in, f.unit, &f.made), ==, 0);
  return f;
}

void
frame_clear (Frame *f)
{
  g_free (f->unit);
  wire_packets_clear (&f->made);
}

GstBuffer *
packet_new (const Frame *f, guint i)
{
  GstBuffer *b =
      gst_buffer_new_memdup (wire_packet (&f->made, i), f->made.size);

  GST_BUFFER_PTS (b) = f->pts;
  return b;
}

gboolean
restorable (const Frame *f, const guint8 *lost)
{
  for (guint b = 0; b < f->made.plan.n_blocks; b++) {
    const PfWireBlock block = pf_wire_block (&f->made.plan, b);
    guint n = 0;

    for (guint i = 0; i < block.data + block.parity; i++)
      n += lost[pf_wire_position (&f->made.plan, &block, i)];
    if (n > block.parity)
      return FALSE;
  }
  return TRUE;
}

GstHarness *
harness (const gchar *settings, const gchar *caps)
{
  gchar *line = g_strdup_printf ("pffecdec %s", settings);
  GstElement *element = gst_parse_launch (line, NULL);
  GstHarness *h;

  PF_REQUIRE (element != NULL);
  h = gst_harness_new_with_element (element, "sink", "src");
  gst_object_unref (element);
  gst_harness_set_sink_caps_str (h, H264);
  gst_harness_set_src_caps_str (h, caps);
  g_free (line);
  return h;
}

guint64
counter (GstHarness *h, const gchar *name)
{
  guint64 n;

  g_object_get (h->element, name, &n, NULL);
  return n;
}

guint64
stats_field (GstHarness *h, const gchar *name)
{
  GstStructure *s;
  guint64 n = 0;

  g_object_get (h->element, "stats", &s, NULL);
  PF_CHECK (gst_structure_has_name (s, "application/x-pf-fecdec-stats"));
  PF_CHECK (gst_structure_get_uint64 (s, name, &n));
  gst_structure_free (s);
  return n;
}

void
expect_frame (GstHarness *h, const Frame *f, gboolean discont)
{
  GstBuffer *b = gst_harness_try_pull (h);
  GstReferenceTimestampMeta *meta;
  GstCaps *caps;
  GstMapInfo map;

  PF_REQUIRE (b != NULL);
  PF_CHECK_INT (gst_buffer_n_memory (b), ==, 1);
  PF_REQUIRE (gst_buffer_map (b, &map, GST_MAP_READ));
  PF_CHECK_UINT (map.size, ==, f->made.plan.frame.size);
  if (map.size == f->made.plan.frame.size)
    PF_CHECK_MEM (map.data, f->unit, map.size);
  gst_buffer_unmap (b, &map);
  PF_CHECK_INT (
      GST_BUFFER_FLAG_IS_SET (b, GST_BUFFER_FLAG_DELTA_UNIT), ==, !f->key);
  PF_CHECK_INT (
      GST_BUFFER_FLAG_IS_SET (b, GST_BUFFER_FLAG_DISCONT), ==, discont);
  caps = gst_caps_new_empty_simple ("timestamp/x-unix");
  meta = gst_buffer_get_reference_timestamp_meta (b, caps);
  PF_REQUIRE (meta != NULL);
  PF_CHECK_UINT (meta->timestamp, ==, f->pts_ns);
  gst_caps_unref (caps);
  gst_buffer_unref (b);
}

void
push (GstHarness *h, const Frame *f, guint i)
{
  PF_REQUIRE_INT (gst_harness_push (h, packet_new (f, i)), ==, GST_FLOW_OK);
}

void
push_all (GstHarness *h, const Frame *f)
{
  for (guint i = 0; i < f->made.n; i++)
    push (h, f, i);
}

void
advance_to (GstHarness *h, GstClockTime t)
{
  GstTestClock *clock = gst_harness_get_testclock (h);

  for (;;) {
    GstClockTime next;
    GstClockID id;

    gst_test_clock_wait_for_next_pending_id (clock, &id);
    next = gst_clock_id_get_time (id);
    gst_clock_id_unref (id);
    if (next > t)
      break;
    PF_REQUIRE (gst_harness_crank_single_clock_wait (h));
  }
  if (gst_clock_get_time (GST_CLOCK (clock)) < t)
    gst_test_clock_set_time (clock, t);
  gst_object_unref (clock);
}

GstEvent *
upstream_event (GstHarness *h, const gchar *name)
{
  GstEvent *event;

  while ((event = gst_harness_try_pull_upstream_event (h))) {
    if (gst_event_has_name (event, name))
      return event;
    gst_event_unref (event);
  }
  return NULL;
}

guint
field (GstEvent *event, const gchar *name)
{
  guint n = 0;

  PF_CHECK (gst_structure_get_uint (gst_event_get_structure (event), name, &n));
  return n;
}

guint
count_gaps (GstHarness *h)
{
  GstEvent *event;
  guint n = 0;

  while ((event = gst_harness_try_pull_event (h))) {
    if (GST_EVENT_TYPE (event) == GST_EVENT_GAP) {
      GstGapFlags flags;

      gst_event_parse_gap_flags (event, &flags);
      PF_CHECK (flags & GST_GAP_FLAG_MISSING_DATA);
      n++;
    }
    gst_event_unref (event);
  }
  return n;
}

GstBuffer *
block_new (PfSlabPool *pool, const Frame *f, guint first, guint n)
{
  const gsize stride = pf_slab_stride (f->made.size + 40);
  GstMemory *memory = pf_slab_pool_alloc (pool, n * stride);
  GstMapInfo map;
  GstBuffer *b;

  PF_REQUIRE (gst_memory_map (memory, &map, GST_MAP_WRITE));
  memset (map.data, 0xee, map.size);
  for (guint i = 0; i < n; i++)
    memcpy (map.data + i * stride + 24, wire_packet (&f->made, first + i),
        f->made.size);
  gst_memory_unmap (memory, &map);
  b = pf_block_new (memory, n, stride, 24, f->made.size);
  GST_BUFFER_PTS (b) = f->pts;
  return b;
}

GError *
pop_error (GstBus *bus)
{
  GstMessage *message = gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR);
  GError *error = NULL;

  if (message) {
    gst_message_parse_error (message, &error, NULL);
    gst_message_unref (message);
  }
  return error;
}
