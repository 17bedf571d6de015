/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * pffecenc: its packets put together again give the access units; blocks and
 * lists; data leaves before parity and may be overwritten at once; copies,
 * settings, states, flushing.
 */
#include <gst/check/gstharness.h>
#include <stdlib.h>
#include <string.h>

#include "pf-block.h"
#include "pf-reassembler.h"
#include "pf-slab.h"
#include "pf-test.h"

#define H264                                                                   \
  "video/x-h264,stream-format=byte-stream,alignment=au,width=640,height=480"
#define PACKETS "application/x-pf-packet,wire=punktfunk1,fec=gf16,sealed=false"
#define BLOCKS "application/x-pf-block,wire=punktfunk1,fec=gf16,sealed=false"

enum { HEADER = 40, PAYLOAD = 1408, FRAMES = 40 };

static GstHarness *
harness (const gchar *settings, const gchar *sink_caps)
{
  gchar *line = g_strdup_printf ("pffecenc %s", settings);
  GstElement *element = gst_object_ref_sink (gst_parse_launch (line, NULL));
  GstHarness *h = gst_harness_new_with_element (element, "sink", "src");

  gst_object_unref (element);
  gst_harness_set_sink_caps_str (h, sink_caps);
  gst_harness_set_src_caps_str (h, H264);
  g_free (line);
  return h;
}

static GstBuffer *
frame_new (gsize size, guint number)
{
  GstBuffer *b = gst_buffer_new_allocate (NULL, size, NULL);
  GstMapInfo map;

  PF_REQUIRE (gst_buffer_map (b, &map, GST_MAP_WRITE));
  pf_test_random_bytes (map.data, size);
  gst_buffer_unmap (b, &map);
  GST_BUFFER_PTS (b) = number * 16 * GST_MSECOND;
  if (number % 10)
    GST_BUFFER_FLAG_SET (b, GST_BUFFER_FLAG_DELTA_UNIT);
  return b;
}

static PfReassembler *
reassembler_new (void)
{
  const PfReassemblerConfig config = {
    .wire = pf_wire_find ("punktfunk1"),
    .packets = { .shard_payload = PAYLOAD, .percent = 100 },
  };
  PfReassembler *r;

  PF_REQUIRE_INT (pf_reassembler_new (&config, &r), ==, 0);
  return r;
}

static void
expect_frame (PfReassembler *r, GstBuffer *frame)
{
  PfEvent event;
  GstMapInfo map;

  PF_REQUIRE_INT (pf_reassembler_next (r, 0, &event), ==, 1);
  PF_REQUIRE_INT (event.type, ==, PF_EVENT_FRAME);
  PF_REQUIRE (gst_buffer_map (frame, &map, GST_MAP_READ));
  PF_CHECK_INT (event.unit_size, ==, map.size);
  if (event.unit_size == map.size)
    PF_CHECK_MEM (event.unit, map.data, map.size);
  PF_CHECK (!(event.flags & PF_WIRE_KEY) ==
            GST_BUFFER_FLAG_IS_SET (frame, GST_BUFFER_FLAG_DELTA_UNIT));
  gst_buffer_unmap (frame, &map);
  free (event.memory);
}

/* Gives what the harness has to the receiver, but for the first drop
 * packets; how many there were. */
static guint
feed (GstHarness *h, PfReassembler *r, guint drop)
{
  GstBuffer *b;
  guint n = 0;

  while ((b = gst_harness_try_pull (h))) {
    GstMapInfo map;

    PF_REQUIRE (gst_buffer_map (b, &map, GST_MAP_READ));
    PF_CHECK_INT (map.size, ==, HEADER + PAYLOAD);
    if (n >= drop)
      PF_CHECK (
          pf_reassembler_push (r, map.data, map.size, 0) <= PF_DROP_NOT_NEEDED);
    gst_buffer_unmap (b, &map);
    gst_buffer_unref (b);
    n++;
  }
  return n;
}

static void
test_packets (void)
{
  GstHarness *h = harness ("percentage=20 minimum-parity=1", PACKETS);
  PfReassembler *r = reassembler_new ();
  guint64 frames, copies;

  for (guint i = 0; i < FRAMES; i++) {
    GstBuffer *frame = frame_new (1 + pf_test_random_below (60000), i);

    PF_REQUIRE_INT (
        gst_harness_push (h, gst_buffer_ref (frame)), ==, GST_FLOW_OK);
    /* the first data packet is lost and comes back */
    PF_CHECK (feed (h, r, 1) >= 2);
    expect_frame (r, frame);
    gst_buffer_unref (frame);
  }
  g_object_get (h->element, "frames", &frames, "copies", &copies, NULL);
  PF_CHECK_INT (frames, ==, FRAMES);
  PF_CHECK_INT (copies, ==, 0);
  pf_reassembler_free (r);
  gst_harness_teardown (h);
}

typedef struct {
  guint lists, parts[2];
  guint rows;
} Seen;

static GstPadProbeReturn
count_lists (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  (void) pad;
  (void) info;
  ((Seen *) data)->lists++;
  return GST_PAD_PROBE_OK;
}

/* Without blocks: one list of data, one of parity. */
static void
test_lists (void)
{
  GstHarness *h = harness ("percentage=50", PACKETS);
  Seen seen = { 0 };

  gst_pad_add_probe (
      h->sinkpad, GST_PAD_PROBE_TYPE_BUFFER_LIST, count_lists, &seen, NULL);
  PF_REQUIRE_INT (
      gst_harness_push (h, frame_new (10 * PAYLOAD, 0)), ==, GST_FLOW_OK);
  PF_CHECK_INT (seen.lists, ==, 2);
  PF_CHECK_INT (gst_harness_buffers_received (h), ==, 15);
  gst_harness_teardown (h);
}

/* What sealing in place does to data that was pushed. */
static GstPadProbeReturn
take_block (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  GstBuffer *b = GST_PAD_PROBE_INFO_BUFFER (info);
  PfBlockMeta *m = pf_buffer_get_block_meta (b);
  Seen *seen = data;

  (void) pad;
  PF_REQUIRE (m != NULL);
  PF_CHECK_INT (gst_buffer_n_memory (b), ==, 1);
  PF_CHECK (pf_is_slab_memory (gst_buffer_peek_memory (b, 0)));
  PF_CHECK_INT (m->offset, ==, 24);
  PF_CHECK_INT (m->size, ==, HEADER + PAYLOAD);
  PF_CHECK (m->stride >= 24 + HEADER + PAYLOAD + 16);
  PF_CHECK_INT (m->stride % 64, ==, 0);
  PF_CHECK_INT (m->n_packets, ==, 15);
  PF_CHECK_INT (m->position, ==, (m->part & PF_BLOCK_DATA) ? 0 : 10);
  seen->parts[(m->part & PF_BLOCK_PARITY) != 0]++;
  seen->rows += m->n;
  return GST_PAD_PROBE_OK;
}

static GstHarness *
block_harness (const gchar *settings)
{
  GstHarness *h = harness (settings, BLOCKS);
  GstAllocationParams params;

  gst_allocation_params_init (&params);
  params.prefix = 24;
  params.padding = 16;
  gst_harness_set_propose_allocator (h, NULL, &params);
  gst_harness_add_propose_allocation_meta (h, PF_BLOCK_META_API_TYPE, NULL);
  return h;
}

static void
test_blocks (void)
{
  GstHarness *h = block_harness ("percentage=50");
  Seen seen = { 0 };
  GstCaps *caps;

  gst_pad_add_probe (
      h->sinkpad, GST_PAD_PROBE_TYPE_BUFFER, take_block, &seen, NULL);
  PF_REQUIRE_INT (
      gst_harness_push (h, frame_new (10 * PAYLOAD, 0)), ==, GST_FLOW_OK);
  PF_CHECK_INT (seen.parts[0], ==, 1);
  PF_CHECK_INT (seen.parts[1], ==, 1);
  PF_CHECK_INT (seen.rows, ==, 15);
  caps = gst_pad_get_current_caps (h->sinkpad);
  PF_CHECK (gst_structure_has_name (
      gst_caps_get_structure (caps, 0), "application/x-pf-block"));
  gst_caps_unref (caps);
  gst_harness_teardown (h);
}

typedef struct {
  PfReassembler *r;
  guint drop;
} Scribble;

static GstPadProbeReturn
scribble (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  GstBuffer *b = GST_PAD_PROBE_INFO_BUFFER (info);
  PfBlockMeta *m = pf_buffer_get_block_meta (b);
  Scribble *s = data;
  GstMapInfo map;

  (void) pad;
  PF_REQUIRE (gst_buffer_map (b, &map, GST_MAP_READWRITE));
  for (guint i = 0; i < m->n; i++)
    if ((m->part & PF_BLOCK_PARITY) || i >= s->drop)
      pf_reassembler_push (
          s->r, map.data + i * m->stride + m->offset, m->size, 0);
  memset (map.data, 0xee, map.size);
  gst_buffer_unmap (b, &map);
  return GST_PAD_PROBE_OK;
}

static void
test_parity_from_frame (void)
{
  GstHarness *h = block_harness ("percentage=50");
  Scribble s = { reassembler_new (), 5 };
  GstBuffer *frame = frame_new (10 * PAYLOAD - 77, 0);

  gst_pad_add_probe (h->sinkpad, GST_PAD_PROBE_TYPE_BUFFER, scribble, &s, NULL);
  PF_REQUIRE_INT (
      gst_harness_push (h, gst_buffer_ref (frame)), ==, GST_FLOW_OK);
  expect_frame (s.r, frame);
  gst_buffer_unref (frame);
  pf_reassembler_free (s.r);
  gst_harness_teardown (h);
}

/* Slabs are used again: nothing is allocated for packets in the long run. */
static void
test_slabs (void)
{
  GstHarness *h = block_harness ("percentage=20");
  guint64 first = 0, allocations = 0;

  for (guint i = 0; i < 200; i++) {
    GstStructure *stats;

    PF_REQUIRE_INT (
        gst_harness_push (h, frame_new (20 * PAYLOAD, i)), ==, GST_FLOW_OK);
    for (guint part = 0; part < 2; part++)
      gst_buffer_unref (gst_harness_pull (h));
    g_object_get (h->element, "stats", &stats, NULL);
    PF_CHECK (gst_structure_get_uint64 (stats, "allocations", &allocations));
    gst_structure_free (stats);
    if (i == 10)
      first = allocations;
  }
  PF_CHECK_INT (allocations, ==, first);
  PF_CHECK_INT (first, <=, 4);
  gst_harness_teardown (h);
}

static GError *
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

static void
test_forbid_copy (void)
{
  GstHarness *h = harness ("forbid-copy=true", PACKETS);
  GstBus *bus = gst_bus_new ();
  GError *error;

  gst_element_set_bus (h->element, bus);
  PF_CHECK_INT (gst_harness_push (h,
                    gst_buffer_append (frame_new (100, 0), frame_new (9, 0))),
      ==, GST_FLOW_ERROR);
  error = pop_error (bus);
  PF_REQUIRE (error != NULL);
  PF_CHECK (strstr (error->message, "forbid-copy") != NULL);
  g_clear_error (&error);
  gst_element_set_bus (h->element, NULL);
  gst_object_unref (bus);
  gst_harness_teardown (h);
}

static void
test_copy_counted (void)
{
  GstHarness *h = harness ("", PACKETS);
  guint64 copies;

  PF_CHECK_INT (gst_harness_push (h,
                    gst_buffer_append (frame_new (100, 0), frame_new (9, 0))),
      ==, GST_FLOW_OK);
  g_object_get (h->element, "copies", &copies, NULL);
  PF_CHECK_INT (copies, ==, 1);
  gst_harness_teardown (h);
}

static void
expect_refused (const gchar *line, const gchar *word)
{
  GstElement *e = gst_parse_launch (line, NULL);
  GstBus *bus = gst_bus_new ();
  GError *error;

  PF_REQUIRE (e != NULL);
  gst_element_set_bus (e, bus);
  PF_CHECK_INT (gst_element_set_state (e, GST_STATE_PAUSED), ==,
      GST_STATE_CHANGE_FAILURE);
  error = pop_error (bus);
  PF_REQUIRE (error != NULL);
  PF_CHECK (
      g_error_matches (error, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_SETTINGS));
  PF_CHECK (strstr (error->message, word) != NULL);
  g_clear_error (&error);
  gst_element_set_state (e, GST_STATE_NULL);
  gst_element_set_bus (e, NULL);
  gst_object_unref (bus);
  gst_object_unref (e);
}

static void
test_settings (void)
{
  expect_refused ("pffecenc wire=carrier-pigeon", "carrier-pigeon");
  expect_refused ("pffecenc shard-payload=1407", "shard-payload");
}

static void
test_states (void)
{
  GstElement *e = gst_element_factory_make ("pffecenc", NULL);

  for (guint i = 0; i < 20; i++) {
    PF_CHECK_INT (gst_element_set_state (e, GST_STATE_PLAYING), ==,
        GST_STATE_CHANGE_SUCCESS);
    PF_CHECK_INT (
        gst_element_set_state (e, i % 2 ? GST_STATE_NULL : GST_STATE_READY), ==,
        GST_STATE_CHANGE_SUCCESS);
  }
  gst_element_set_state (e, GST_STATE_NULL);
  gst_object_unref (e);
}

/* After a flush the stream goes on, with numbers that go on too. */
static void
test_flush (void)
{
  GstHarness *h = harness ("percentage=0", PACKETS);
  PfReassembler *r = reassembler_new ();

  for (guint i = 0; i < 3; i++) {
    GstBuffer *frame = frame_new (3000, 0);

    PF_REQUIRE_INT (
        gst_harness_push (h, gst_buffer_ref (frame)), ==, GST_FLOW_OK);
    PF_CHECK_INT (feed (h, r, 0), ==, 3);
    expect_frame (r, frame);
    gst_buffer_unref (frame);
    PF_CHECK (gst_harness_push_event (h, gst_event_new_flush_start ()));
    PF_CHECK (gst_harness_push_event (h, gst_event_new_flush_stop (TRUE)));
    PF_CHECK (gst_harness_push_event (
        h, gst_event_new_segment (&(GstSegment){ .format = GST_FORMAT_TIME,
               .rate = 1.0,
               .applied_rate = 1.0,
               .stop = GST_CLOCK_TIME_NONE,
               .duration = GST_CLOCK_TIME_NONE })));
  }
  pf_reassembler_free (r);
  gst_harness_teardown (h);
}

static void
push_segment (GstHarness *h)
{
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  PF_CHECK (gst_harness_push_event (h, gst_event_new_segment (&segment)));
}

/* The flags of what is there: first of the first packets, no other's. */
static void
expect_flags (GstHarness *h, guint first)
{
  GstBuffer *b = gst_harness_pull (h);

  for (; b; b = gst_harness_try_pull (h), first = 0) {
    PF_CHECK_UINT (GST_BUFFER_FLAGS (b) & PF_BLOCK_BREAKS, ==, first);
    gst_buffer_unref (b);
  }
}

/* DISCONT where the stream begins, after a flush, a segment or what upstream
 * marks so: once, on the first packet. */
static void
check_discont (const gchar *caps, gboolean blocks)
{
  GstHarness *h = harness ("percentage=20 minimum-parity=1", caps);

  if (blocks) {
    gst_harness_add_propose_allocation_meta (h, PF_BLOCK_META_API_TYPE, NULL);
    gst_harness_push_upstream_event (h, gst_event_new_reconfigure ());
  }
  for (guint i = 0; i < 7; i++) {
    GstBuffer *frame = frame_new (200000, i);
    guint expected = i % 2 ? 0 : GST_BUFFER_FLAG_DISCONT;

    if (i == 2) {
      gst_harness_push_event (h, gst_event_new_flush_start ());
      gst_harness_push_event (h, gst_event_new_flush_stop (TRUE));
      push_segment (h);
    } else if (i == 4) {
      push_segment (h);
    } else if (i == 6) {
      expected |= GST_BUFFER_FLAG_RESYNC;
      GST_BUFFER_FLAG_SET (frame, expected);
    }
    PF_REQUIRE_INT (gst_harness_push (h, frame), ==, GST_FLOW_OK);
    expect_flags (h, expected);
  }
  gst_harness_teardown (h);
}

static void
test_discont (void)
{
  check_discont (PACKETS, FALSE);
  check_discont (BLOCKS, TRUE);
}

int
main (int argc, char **argv)
{
  gst_init (NULL, NULL);
  PF_TEST_ADD ("/fecenc/packets", test_packets);
  PF_TEST_ADD ("/fecenc/lists", test_lists);
  PF_TEST_ADD ("/fecenc/blocks", test_blocks);
  PF_TEST_ADD ("/fecenc/parity-from-frame", test_parity_from_frame);
  PF_TEST_ADD ("/fecenc/slabs", test_slabs);
  PF_TEST_ADD ("/fecenc/forbid-copy", test_forbid_copy);
  PF_TEST_ADD ("/fecenc/copy-counted", test_copy_counted);
  PF_TEST_ADD ("/fecenc/settings", test_settings);
  PF_TEST_ADD ("/fecenc/states", test_states);
  PF_TEST_ADD ("/fecenc/flush", test_flush);
  PF_TEST_ADD ("/fecenc/discont", test_discont);
  return pf_test_run (argc, argv);
}
