/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * pffecdec: packets made by the PfWire table come back as the access units
 * they were made of. Loss within parity is restored, beyond it exactly those
 * frames are lost; order, duplicates, damage, memory, deadlines and reports
 * under a test clock, settings, flushing, states; and behind pffecenc and the
 * seeded dropper.
 */
#include <gst/check/gstharness.h>
#include <gst/check/gsttestclock.h>
#include <stdlib.h>
#include <string.h>

#include "../unit/wire-packets.h"
#include "pf-block.h"
#include "pf-bytes.h"
#include "pf-slab.h"
#include "pf-test.h"

#define H264 "video/x-h264,stream-format=byte-stream,alignment=au"
#define PACKETS "application/x-pf-packet,wire=punktfunk1,fec=gf16,sealed=false"
#define BLOCKS "application/x-pf-block,wire=punktfunk1,fec=gf16,sealed=false"

enum { HEADER = 40, PAYLOAD = 256, FRAMES = 60, DEADLINE_MS = 50 };

#define SETTINGS "shard-payload=256 deadline-us=50000"

/* ---- A sender ----------------------------------------------------------- */

typedef struct {
  PfWireSender wire;
  guint percent;
  GstClockTime interval; /* of the stamps */
} Sender;

typedef struct {
  guint8 *unit;
  WirePackets made;
  gboolean key;
  guint64 pts_ns;
  GstClockTime pts;
} Frame;

static void
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

static Frame
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

static void
frame_clear (Frame *f)
{
  g_free (f->unit);
  wire_packets_clear (&f->made);
}

static GstBuffer *
packet_new (const Frame *f, guint i)
{
  GstBuffer *b =
      gst_buffer_new_memdup (wire_packet (&f->made, i), f->made.size);

  GST_BUFFER_PTS (b) = f->pts;
  return b;
}

/* Does FEC bring the frame back without these packets? */
static gboolean
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

/* ---- A receiver --------------------------------------------------------- */

static GstHarness *
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

static guint64
counter (GstHarness *h, const gchar *name)
{
  guint64 n;

  g_object_get (h->element, name, &n, NULL);
  return n;
}

static guint64
stat (GstHarness *h, const gchar *name)
{
  GstStructure *s;
  guint64 n = 0;

  g_object_get (h->element, "stats", &s, NULL);
  PF_CHECK (gst_structure_has_name (s, "application/x-pf-fecdec-stats"));
  PF_CHECK (gst_structure_get_uint64 (s, name, &n));
  gst_structure_free (s);
  return n;
}

/* The next buffer is this frame. */
static void
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

static void
push (GstHarness *h, const Frame *f, guint i)
{
  PF_REQUIRE_INT (gst_harness_push (h, packet_new (f, i)), ==, GST_FLOW_OK);
}

static void
push_all (GstHarness *h, const Frame *f)
{
  for (guint i = 0; i < f->made.n; i++)
    push (h, f, i);
}

/* Lets the time come, and all waits that end until then. Once packets came,
 * the timer always waits for something. */
static void
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

/* The next event of this name that went upstream, or NULL. */
static GstEvent *
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

static guint
field (GstEvent *event, const gchar *name)
{
  guint n = 0;

  PF_CHECK (gst_structure_get_uint (gst_event_get_structure (event), name, &n));
  return n;
}

static guint
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

/* ---- Frames ------------------------------------------------------------- */

static void
test_packets (void)
{
  GstHarness *h = harness (SETTINGS, PACKETS);
  Sender s;

  sender_init (&s, 0, 20);
  for (guint i = 0; i < FRAMES; i++) {
    Frame f = frame_new (&s, 1 + pf_test_random_below (20000));

    push_all (h, &f);
    expect_frame (h, &f, i == 0);
    PF_CHECK (gst_harness_try_pull (h) == NULL);
    frame_clear (&f);
  }
  PF_CHECK_UINT (counter (h, "frames"), ==, FRAMES);
  PF_CHECK_UINT (counter (h, "frames-lost"), ==, 0);
  PF_CHECK_UINT (counter (h, "frames-restored"), ==, 0);
  PF_CHECK_UINT (counter (h, "dropped"), ==, 0);
  PF_CHECK_UINT (counter (h, "copies"), ==, 0);
  PF_CHECK_UINT (counter (h, "packets"), ==, s.wire.packet);
  PF_CHECK_UINT (count_gaps (h), ==, 0);
  gst_harness_teardown (h);
}

/* The stamps of the packets go over to the frames. */
static void
test_stamps (void)
{
  GstHarness *h = harness (SETTINGS, PACKETS);
  Sender s;

  sender_init (&s, 0, 0);
  for (guint i = 0; i < 5; i++) {
    Frame f = frame_new (&s, 1000);
    GstBuffer *b;

    push_all (h, &f);
    b = gst_harness_pull (h);
    PF_CHECK_UINT (GST_BUFFER_PTS (b), ==, f.pts);
    gst_buffer_unref (b);
    frame_clear (&f);
  }
  gst_harness_teardown (h);
}

/* Without stamps the clock is asked. */
static void
test_clock_stamps (void)
{
  GstHarness *h = harness (SETTINGS, PACKETS);
  Sender s;

  sender_init (&s, 0, 0);
  for (guint i = 0; i < 5; i++) {
    Frame f = frame_new (&s, PAYLOAD);
    GstBuffer *b = packet_new (&f, 0);

    gst_harness_set_time (h, i * 7 * GST_MSECOND);
    GST_BUFFER_PTS (b) = GST_CLOCK_TIME_NONE;
    PF_REQUIRE_INT (gst_harness_push (h, b), ==, GST_FLOW_OK);
    b = gst_harness_pull (h);
    PF_CHECK_UINT (GST_BUFFER_PTS (b), ==, i * 7 * GST_MSECOND);
    gst_buffer_unref (b);
    frame_clear (&f);
  }
  gst_harness_teardown (h);
}

static void
test_lists (void)
{
  GstHarness *h = harness (SETTINGS, PACKETS);
  GstBufferList *list = gst_buffer_list_new ();
  Frame f[3];
  Sender s;

  sender_init (&s, 0, 50);
  for (guint i = 0; i < 3; i++) {
    f[i] = frame_new (&s, 3000 + i);
    /* the first data packet is lost */
    for (guint j = 1; j < f[i].made.n; j++)
      gst_buffer_list_add (list, packet_new (&f[i], j));
  }
  PF_CHECK_INT (gst_pad_push_list (h->srcpad, list), ==, GST_FLOW_OK);
  for (guint i = 0; i < 3; i++) {
    expect_frame (h, &f[i], i == 0);
    frame_clear (&f[i]);
  }
  PF_CHECK_UINT (counter (h, "frames-restored"), ==, 3);
  gst_harness_teardown (h);
}

/* Rows of a slab, with room around them. */
static GstBuffer *
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

static void
test_blocks (void)
{
  GstHarness *h = harness (SETTINGS " max-block=30", BLOCKS);
  PfSlabPool *pool = pf_slab_pool_new ();
  GstBuffer *broken;
  PfBlockMeta *m;
  Sender s;

  sender_init (&s, 30, 20);
  for (guint i = 0; i < FRAMES; i++) {
    Frame f = frame_new (&s, 1 + pf_test_random_below (40000));
    const guint n_data = f.made.plan.n_data;

    PF_REQUIRE_INT (
        gst_harness_push (h, block_new (pool, &f, 0, n_data)), ==, GST_FLOW_OK);
    PF_REQUIRE_INT (
        gst_harness_push (h, block_new (pool, &f, n_data, f.made.n - n_data)),
        ==, GST_FLOW_OK);
    expect_frame (h, &f, i == 0);
    /* rows that do not lie in the memory are damage too */
    if (i % 4 == 0) {
      broken = block_new (pool, &f, 0, 1);
      m = pf_buffer_get_block_meta (broken);
      m->n = i % 8 ? 2 : G_MAXUINT;
      PF_CHECK_INT (gst_harness_push (h, broken), ==, GST_FLOW_OK);
    } else if (i % 4 == 1) {
      broken = block_new (pool, &f, 0, 1);
      m = pf_buffer_get_block_meta (broken);
      if (i % 8 == 1)
        m->offset = G_MAXSIZE - 5;
      else
        m->size = G_MAXSIZE - 5;
      PF_CHECK_INT (gst_harness_push (h, broken), ==, GST_FLOW_OK);
    }
    frame_clear (&f);
  }
  PF_CHECK_UINT (counter (h, "frames-lost"), ==, 0);
  PF_CHECK_UINT (counter (h, "copies"), ==, 0);
  PF_CHECK_UINT (stat (h, "unreadable"), ==, FRAMES / 2);
  PF_CHECK_UINT (counter (h, "dropped"), ==, FRAMES / 2);
  gst_harness_teardown (h);
  pf_slab_pool_free (pool);
}

/* As many as there is parity, of each block: all frames come. */
static void
test_restores (void)
{
  GstHarness *h = harness (SETTINGS " max-block=20", PACKETS);
  guint64 restored = 0;
  Sender s;

  sender_init (&s, 20, 30);
  for (guint i = 0; i < FRAMES; i++) {
    Frame f = frame_new (&s, 1 + pf_test_random_below (30000));
    guint8 *lost = g_malloc0 (f.made.n);
    gboolean data_lost = FALSE;

    for (guint b = 0; b < f.made.plan.n_blocks; b++) {
      const PfWireBlock block = pf_wire_block (&f.made.plan, b);
      guint left = block.parity;

      while (left > 0) {
        const guint j =
            (guint) pf_test_random_below (block.data + block.parity);
        guint8 *at = &lost[pf_wire_position (&f.made.plan, &block, j)];

        left -= !*at;
        *at = 1;
        data_lost |= j < block.data;
      }
    }
    restored += data_lost;
    PF_CHECK (restorable (&f, lost));
    for (guint j = 0; j < f.made.n; j++)
      if (!lost[j])
        push (h, &f, j);
    expect_frame (h, &f, i == 0);
    g_free (lost);
    frame_clear (&f);
  }
  PF_CHECK_UINT (counter (h, "frames"), ==, FRAMES);
  PF_CHECK_UINT (counter (h, "frames-lost"), ==, 0);
  PF_CHECK_UINT (counter (h, "frames-restored"), ==, restored);
  PF_CHECK (restored > FRAMES / 2);
  PF_CHECK (upstream_event (h, "PfFrameLost") == NULL);
  gst_harness_teardown (h);
}

/* Random loss: lost are the frames that lost more of a block than it has
 * parity, and no others. */
static void
test_loses (void)
{
  enum { N = 200 };
  GstHarness *h = harness (SETTINGS " max-block=20", PACKETS);
  gboolean discont = TRUE;
  guint lost_frames = 0, runs = 0, told = 0;
  GstEvent *event;
  Sender s;

  sender_init (&s, 20, 20);
  for (guint i = 0; i < N; i++) {
    Frame f = frame_new (&s, 1 + pf_test_random_below (15000));
    guint8 *lost = g_malloc0 (f.made.n);
    const gboolean last = i == N - 1;

    for (guint j = 0; j < f.made.n; j++) {
      lost[j] = !last && pf_test_random_below (100) < 12;
      if (!lost[j])
        push (h, &f, j);
    }
    /* frames behind a lost one wait for the deadline */
    advance_to (h, (i + 1) * (DEADLINE_MS + 1) * GST_MSECOND);
    if (restorable (&f, lost)) {
      expect_frame (h, &f, discont);
      discont = FALSE;
    } else {
      PF_CHECK (gst_harness_try_pull (h) == NULL);
      lost_frames++;
      runs += !discont || i == 0;
      discont = TRUE;
    }
    g_free (lost);
    frame_clear (&f);
  }
  PF_CHECK (lost_frames > 10 && lost_frames < N - 10);
  PF_CHECK_UINT (counter (h, "frames-lost"), ==, lost_frames);
  PF_CHECK_UINT (counter (h, "frames"), ==, N - lost_frames);
  PF_CHECK_UINT (counter (h, "dropped"), ==, 0);
  while ((event = upstream_event (h, "PfFrameLost"))) {
    const guint first = field (event, "first"), last = field (event, "last");

    PF_CHECK (first <= last && last < N);
    told += last - first + 1;
    gst_event_unref (event);
  }
  PF_CHECK_UINT (told, ==, lost_frames);
  PF_CHECK_UINT (count_gaps (h), >=, runs);
  gst_harness_teardown (h);
}

/* Shuffled over many frames, half of the packets twice. */
static void
test_disorder (void)
{
  enum { N = 12 };
  GstHarness *h = harness (SETTINGS, PACKETS);
  GPtrArray *all = g_ptr_array_new ();
  Frame f[N];
  guint twice = 0, total = 0;
  Sender s;

  sender_init (&s, 0, 20);
  s.interval = 0;
  for (guint i = 0; i < N; i++) {
    f[i] = frame_new (&s, 1 + pf_test_random_below (10000));
    for (guint j = 0; j < f[i].made.n; j++) {
      g_ptr_array_add (all, packet_new (&f[i], j));
      if (pf_test_random_below (2)) {
        g_ptr_array_add (all, packet_new (&f[i], j));
        twice++;
      }
    }
  }
  total = all->len;
  while (all->len > 0) {
    const guint i = (guint) pf_test_random_below (all->len);

    PF_REQUIRE_INT (
        gst_harness_push (h, g_ptr_array_remove_index_fast (all, i)), ==,
        GST_FLOW_OK);
  }
  for (guint i = 0; i < N; i++) {
    expect_frame (h, &f[i], i == 0);
    frame_clear (&f[i]);
  }
  PF_CHECK_UINT (counter (h, "packets"), ==, total);
  PF_CHECK_UINT (counter (h, "dropped"), ==, 0);
  PF_CHECK (twice > 10);
  PF_CHECK_UINT (stat (h, "packets-taken") + stat (h, "duplicates") +
                     stat (h, "not-needed"),
      ==, total);
  PF_CHECK (stat (h, "duplicates") > 0);
  PF_CHECK_UINT (counter (h, "frames-lost"), ==, 0);
  g_ptr_array_unref (all);
  gst_harness_teardown (h);
}

/* ---- Damage ------------------------------------------------------------- */

/* Cut, lengthened, empty and random packets between good ones harm none. */
static void
test_damage (void)
{
  GstHarness *h = harness (SETTINGS, PACKETS);
  guint bad = 0;
  Sender s;

  sender_init (&s, 0, 20);
  for (guint i = 0; i < FRAMES; i++) {
    Frame f = frame_new (&s, 1 + pf_test_random_below (5000));

    for (guint j = 0; j < f.made.n; j++) {
      GstBuffer *b = packet_new (&f, j);

      switch (pf_test_random_below (5)) {
      case 0: /* cut, perhaps to nothing */
        gst_buffer_set_size (b, (gssize) pf_test_random_below (f.made.size));
        break;
      case 1: /* noise */
        gst_buffer_unref (b);
        b = gst_buffer_new_allocate (NULL, f.made.size, NULL);
        gst_buffer_memset (b, 0, (guint8) pf_test_random_below (200), -1);
        break;
      case 2: /* no memory at all */
        gst_buffer_remove_all_memory (b);
        break;
      case 3: { /* another size of shards */
        const guint16 size = GUINT16_TO_LE (PAYLOAD - 2);

        gst_buffer_fill (b, 34, &size, sizeof size);
        break;
      }
      default: { /* k of zero */
        gst_buffer_memset (b, 28, 0, 2);
        break;
      }
      }
      PF_CHECK_INT (gst_harness_push (h, b), ==, GST_FLOW_OK);
      bad++;
      push (h, &f, j);
    }
    expect_frame (h, &f, i == 0);
    frame_clear (&f);
  }
  PF_CHECK_UINT (counter (h, "dropped"), ==, bad);
  PF_CHECK_UINT (counter (h, "frames-lost"), ==, 0);
  gst_harness_teardown (h);
}

/* Any bits changed: frames may be lost, but neither the flow nor the budget
 * suffers, and all packets are accounted for. */
static void
test_forged (void)
{
  enum { BUDGET = 8 << 20 };
  GstHarness *h =
      harness (SETTINGS " max-frame=1048576 memory-budget=8388608 max-block=40",
          PACKETS);
  static const gchar *const fates[] = { "packets-taken", "packets-filler",
    "dropped-invalid", "dropped-range", "dropped-conflict", "duplicates",
    "not-needed", "dropped-late", "dropped-far", "dropped-budget" };
  guint64 sum = 0;
  GstBuffer *b;
  Sender s;

  sender_init (&s, 40, 20);
  for (guint i = 0; i < 400; i++) {
    Frame f = frame_new (&s, 1 + pf_test_random_below (20000));

    for (guint j = 0; j < f.made.n; j++) {
      guint8 *p = wire_packet (&f.made, j);

      if (pf_test_random_below (3) == 0)
        for (guint n = 1 + (guint) pf_test_random_below (4); n > 0; n--)
          p[pf_test_random_below (HEADER)] ^=
              (guint8) (1u << pf_test_random_below (8));
      push (h, &f, j);
    }
    gst_harness_set_time (h, i * 5 * GST_MSECOND);
    while ((b = gst_harness_try_pull (h)))
      gst_buffer_unref (b);
    frame_clear (&f);
  }
  for (guint i = 0; i < G_N_ELEMENTS (fates); i++)
    sum += stat (h, fates[i]);
  PF_CHECK_UINT (sum, ==, counter (h, "packets"));
  PF_CHECK_UINT (stat (h, "memory-peak"), <=, BUDGET);
  PF_CHECK (counter (h, "dropped") > 100);
  gst_harness_teardown (h);
}

/* C4: thousands of blocks of which one packet each comes. */
static void
test_budget (void)
{
  enum { BUDGET = 2 << 20 };
  GstHarness *h = harness (
      SETTINGS " max-block=2 max-frame=8388608 memory-budget=2097152", PACKETS);
  guint64 peak;
  Sender s;

  sender_init (&s, 2, 20);
  for (guint i = 0; i < 12; i++) {
    Frame f = frame_new (&s, 1500 * 2 * PAYLOAD);

    PF_CHECK_UINT (f.made.plan.n_blocks, ==, 1500);
    for (guint b = 0; b < f.made.plan.n_blocks; b++) {
      const PfWireBlock block = pf_wire_block (&f.made.plan, b);

      push (h, &f, pf_wire_position (&f.made.plan, &block, 0));
    }
    frame_clear (&f);
  }
  peak = stat (h, "memory-peak");
  pf_test_note ("18000 blocks: %" G_GUINT64_FORMAT " bytes at most", peak);
  PF_CHECK_UINT (peak, <=, BUDGET);
  PF_CHECK_UINT (peak, >, BUDGET / 4);
  PF_CHECK_UINT (counter (h, "packets"), ==, 12 * 1500);
  gst_harness_teardown (h);
}

/* Any capture time may stand in a header. */
static void
test_capture_time (void)
{
  static const guint64 times[] = { 0, G_MAXUINT64, G_MAXINT64, 1 };
  GstCaps *caps = gst_caps_new_empty_simple ("timestamp/x-unix");
  GstHarness *h = harness (SETTINGS, PACKETS);
  Sender s;

  sender_init (&s, 0, 0);
  for (guint i = 0; i < G_N_ELEMENTS (times); i++) {
    Frame f = frame_new (&s, PAYLOAD);
    GstReferenceTimestampMeta *meta;
    GstBuffer *b;

    pf_put_le64 (wire_packet (&f.made, 0), times[i]);
    push (h, &f, 0);
    b = gst_harness_pull (h);
    meta = gst_buffer_get_reference_timestamp_meta (b, caps);
    PF_CHECK_INT (meta != NULL, ==, i > 1);
    if (meta)
      PF_CHECK_UINT (meta->timestamp, ==, times[i]);
    gst_buffer_unref (b);
    frame_clear (&f);
  }
  gst_caps_unref (caps);
  gst_harness_teardown (h);
}

/* An access unit of no bytes is no buffer. */
static void
test_empty_unit (void)
{
  GstHarness *h = harness (SETTINGS, PACKETS);
  Frame a, b;
  Sender s;

  sender_init (&s, 0, 0);
  a = frame_new (&s, 0);
  b = frame_new (&s, 10);
  push_all (h, &a);
  PF_CHECK (gst_harness_try_pull (h) == NULL);
  push_all (h, &b);
  expect_frame (h, &b, TRUE);
  frame_clear (&a);
  frame_clear (&b);
  gst_harness_teardown (h);
}

/* ---- Time --------------------------------------------------------------- */

static void
test_deadline (void)
{
  const GstClockTime due = 5 * GST_MSECOND + DEADLINE_MS * GST_MSECOND;
  GstHarness *h = harness (SETTINGS, PACKETS);
  Frame f[3];
  GstEvent *event;
  GstBuffer *b;
  Sender s;

  sender_init (&s, 0, 0);
  s.interval = 15 * GST_MSECOND;
  for (guint i = 0; i < 3; i++)
    f[i] = frame_new (&s, 3 * PAYLOAD);
  gst_harness_set_time (h, 5 * GST_MSECOND);
  push (h, &f[0], 0);
  push (h, &f[0], 2);
  gst_harness_set_time (h, 20 * GST_MSECOND);
  push_all (h, &f[1]);
  PF_CHECK (gst_harness_try_pull (h) == NULL);
  advance_to (h, due - 1);
  PF_CHECK (gst_harness_try_pull (h) == NULL);
  PF_CHECK_UINT (counter (h, "frames-lost"), ==, 0);
  advance_to (h, due);
  b = gst_harness_try_pull (h);
  PF_REQUIRE (b != NULL);
  PF_CHECK_UINT (gst_buffer_get_size (b), ==, 3 * PAYLOAD);
  PF_CHECK (GST_BUFFER_FLAG_IS_SET (b, GST_BUFFER_FLAG_DISCONT));
  /* the last stamp came at 20 ms */
  PF_CHECK_UINT (GST_BUFFER_PTS (b), ==, f[1].pts + due - 20 * GST_MSECOND);
  gst_buffer_unref (b);
  PF_CHECK_UINT (counter (h, "frames-lost"), ==, 1);
  PF_CHECK_UINT (count_gaps (h), ==, 1);
  event = upstream_event (h, "PfFrameLost");
  PF_REQUIRE (event != NULL);
  PF_CHECK_UINT (field (event, "first"), ==, 0);
  PF_CHECK_UINT (field (event, "last"), ==, 0);
  gst_event_unref (event);
  /* what comes now is late, and the stream goes on; its stamps do not go
   * back */
  push (h, &f[0], 1);
  PF_CHECK_UINT (stat (h, "dropped-late"), ==, 1);
  push_all (h, &f[2]);
  b = gst_harness_try_pull (h);
  PF_REQUIRE (b != NULL);
  PF_CHECK (!GST_BUFFER_FLAG_IS_SET (b, GST_BUFFER_FLAG_DISCONT));
  PF_CHECK_UINT (GST_BUFFER_PTS (b), ==, f[1].pts + due - 20 * GST_MSECOND);
  gst_buffer_unref (b);
  for (guint i = 0; i < 3; i++)
    frame_clear (&f[i]);
  gst_harness_teardown (h);
}

/* Stamps that run ahead of the clock keep the deadline too. */
static void
test_deadline_by_stamps (void)
{
  GstHarness *h = harness (SETTINGS, PACKETS);
  Frame f[6];
  Sender s;

  sender_init (&s, 0, 0);
  for (guint i = 0; i < 6; i++)
    f[i] = frame_new (&s, 3 * PAYLOAD);
  push (h, &f[0], 0);
  for (guint i = 1; i < 4; i++)
    push_all (h, &f[i]); /* up to 48 ms */
  PF_CHECK (gst_harness_try_pull (h) == NULL);
  push (h, &f[4], 0); /* 64 ms */
  for (guint i = 1; i < 4; i++)
    expect_frame (h, &f[i], i == 1);
  PF_CHECK_UINT (counter (h, "frames-lost"), ==, 1);
  /* and the clock goes on from there: f[4] may take 50 ms */
  push_all (h, &f[5]);
  advance_to (h, 34 * GST_MSECOND - 1);
  PF_CHECK (gst_harness_try_pull (h) == NULL);
  advance_to (h, 34 * GST_MSECOND);
  expect_frame (h, &f[5], TRUE);
  for (guint i = 0; i < 6; i++)
    frame_clear (&f[i]);
  gst_harness_teardown (h);
}

/* An exchanged clock neither gives frames up nor holds them up. */
static void
test_clock_change (void)
{
  GstHarness *h = harness (SETTINGS, PACKETS);
  GstClock *clock = gst_test_clock_new_with_start_time (1000 * GST_SECOND);
  GstClockID id;
  Frame f[2];
  Sender s;

  sender_init (&s, 0, 0);
  s.interval = 0;
  f[0] = frame_new (&s, 3 * PAYLOAD);
  f[1] = frame_new (&s, 3 * PAYLOAD);
  gst_harness_set_time (h, 40 * GST_MSECOND);
  push (h, &f[0], 0);
  push_all (h, &f[1]);
  gst_element_set_clock (h->element, clock);
  push (h, &f[0], 1);
  PF_CHECK (gst_harness_try_pull (h) == NULL);
  PF_CHECK_UINT (counter (h, "frames-lost"), ==, 0);
  gst_test_clock_wait_for_next_pending_id (GST_TEST_CLOCK (clock), &id);
  PF_CHECK_UINT (gst_clock_id_get_time (id), ==,
      1000 * GST_SECOND + DEADLINE_MS * GST_MSECOND);
  gst_clock_id_unref (id);
  PF_CHECK (gst_test_clock_crank (GST_TEST_CLOCK (clock)));
  gst_buffer_unref (gst_harness_pull (h));
  gst_test_clock_wait_for_next_pending_id (GST_TEST_CLOCK (clock), NULL);
  PF_CHECK_UINT (counter (h, "frames"), ==, 1);
  frame_clear (&f[0]);
  frame_clear (&f[1]);
  gst_harness_teardown (h);
  gst_object_unref (clock);
}

static guint
next_ppm (GstHarness *h)
{
  GstEvent *event = upstream_event (h, "PfLossReport");
  guint ppm = G_MAXUINT;

  if (event) {
    ppm = field (event, "ppm");
    gst_event_unref (event);
  }
  return ppm;
}

/* Every 750 ms, also when nothing comes any more. */
static void
test_reports (void)
{
  GstHarness *h = harness (SETTINGS, PACKETS);
  Frame f;
  Sender s;

  sender_init (&s, 0, 100);
  s.interval = 0;
  f = frame_new (&s, PAYLOAD);
  push_all (h, &f);
  frame_clear (&f);
  PF_CHECK_UINT (next_ppm (h), ==, G_MAXUINT);
  /* one of ten lost and restored; the tenth parity came in its place */
  f = frame_new (&s, 10 * PAYLOAD);
  for (guint i = 1; i < 11; i++)
    push (h, &f, i);
  frame_clear (&f);
  advance_to (h, 749 * GST_MSECOND);
  PF_CHECK_UINT (next_ppm (h), ==, G_MAXUINT);
  advance_to (h, 750 * GST_MSECOND);
  /* 1 of 10 + 1 and what the first frame had behind the window's start */
  {
    const guint ppm = next_ppm (h);

    PF_CHECK_UINT (ppm, >=, 80000);
    PF_CHECK_UINT (ppm, <=, 100000);
  }
  advance_to (h, 1500 * GST_MSECOND);
  PF_CHECK_UINT (next_ppm (h), ==, 0);
  /* a frame lost */
  f = frame_new (&s, 10 * PAYLOAD);
  push (h, &f, 0);
  frame_clear (&f);
  advance_to (h, 2250 * GST_MSECOND);
  PF_CHECK_UINT (next_ppm (h), ==, 50000);
  PF_CHECK_UINT (stat (h, "reports"), ==, 3);
  gst_harness_teardown (h);
}

/* No time is added to that of the elements before. */
static void
test_latency (void)
{
  GstHarness *h = harness (SETTINGS, PACKETS);

  gst_harness_set_upstream_latency (h, 7 * GST_MSECOND);
  PF_CHECK_UINT (gst_harness_query_latency (h), ==, 7 * GST_MSECOND);
  gst_harness_teardown (h);
}

/* ---- The life of a stream ----------------------------------------------- */

static void
test_eos (void)
{
  GstHarness *h = harness (SETTINGS, PACKETS);
  Frame f[2];
  Sender s;

  sender_init (&s, 0, 0);
  f[0] = frame_new (&s, 3 * PAYLOAD);
  f[1] = frame_new (&s, 3 * PAYLOAD);
  push (h, &f[0], 0);
  push_all (h, &f[1]);
  PF_CHECK (gst_harness_try_pull (h) == NULL);
  PF_CHECK (gst_harness_push_event (h, gst_event_new_eos ()));
  expect_frame (h, &f[1], TRUE);
  PF_CHECK_UINT (counter (h, "frames-lost"), ==, 1);
  frame_clear (&f[0]);
  frame_clear (&f[1]);
  gst_harness_teardown (h);
}

static void
flush (GstHarness *h)
{
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  PF_CHECK (gst_harness_push_event (h, gst_event_new_flush_start ()));
  PF_CHECK (gst_harness_push_event (h, gst_event_new_flush_stop (TRUE)));
  PF_CHECK (gst_harness_push_event (h, gst_event_new_segment (&segment)));
}

static void
test_flush (void)
{
  GstHarness *h = harness (SETTINGS, PACKETS);
  Frame f[3];
  Sender s;

  sender_init (&s, 0, 0);
  for (guint i = 0; i < 3; i++)
    f[i] = frame_new (&s, 3 * PAYLOAD);
  push (h, &f[0], 0);
  push_all (h, &f[1]);
  flush (h);
  PF_CHECK (gst_harness_try_pull (h) == NULL);
  /* from the wait of before, and none of its frames */
  advance_to (h, 200 * GST_MSECOND);
  PF_CHECK (gst_harness_try_pull (h) == NULL);
  PF_CHECK_UINT (counter (h, "frames-lost"), ==, 0);
  push_all (h, &f[0]);
  push_all (h, &f[1]);
  push_all (h, &f[2]);
  for (guint i = 0; i < 3; i++) {
    expect_frame (h, &f[i], i == 0);
    frame_clear (&f[i]);
  }
  gst_harness_teardown (h);
}

/* Frames that a flush took, soon after the stream began, or before the caps
 * came, are not lost. */
static void
test_early_flush (void)
{
  for (guint before = 0; before < 2; before++) {
    GstHarness *h = gst_harness_new ("pffecdec");
    GstCaps *caps = gst_caps_from_string (PACKETS);
    GstSegment segment;
    Frame f[4];
    Sender s;

    g_object_set (
        h->element, "shard-payload", PAYLOAD, "deadline-us", 50000, NULL);
    gst_harness_set_sink_caps_str (h, H264);
    gst_harness_play (h);
    sender_init (&s, 0, 0);
    for (guint i = 0; i < 4; i++)
      f[i] = frame_new (&s, 3 * PAYLOAD);
    gst_segment_init (&segment, GST_FORMAT_TIME);
    gst_harness_push_event (h, gst_event_new_stream_start ("test"));
    if (!before) {
      gst_harness_push_event (h, gst_event_new_caps (caps));
      gst_harness_push_event (h, gst_event_new_segment (&segment));
      push_all (h, &f[0]);
      gst_buffer_unref (gst_harness_pull (h));
    }
    flush (h);
    gst_harness_push_event (h, gst_event_new_caps (caps));
    gst_harness_push_event (h, gst_event_new_segment (&segment));
    push_all (h, &f[2]);
    push_all (h, &f[3]);
    expect_frame (h, &f[2], TRUE);
    expect_frame (h, &f[3], FALSE);
    PF_CHECK_UINT (counter (h, "frames-lost"), ==, 0);
    for (guint i = 0; i < 4; i++)
      frame_clear (&f[i]);
    gst_caps_unref (caps);
    gst_harness_teardown (h);
  }
}

static void
push_caps (GstHarness *h, const gchar *text)
{
  GstCaps *caps = gst_caps_from_string (text);

  PF_CHECK (gst_harness_push_event (h, gst_event_new_caps (caps)));
  gst_caps_unref (caps);
}

/* Other packets: what was on its way is given up first. */
static void
test_caps_change (void)
{
  GstHarness *h = harness (SETTINGS, PACKETS);
  Frame f[2];
  Sender s;

  sender_init (&s, 0, 0);
  f[0] = frame_new (&s, 3 * PAYLOAD);
  f[1] = frame_new (&s, 3 * PAYLOAD);
  push (h, &f[0], 0);
  /* the form alone changes nothing */
  push_caps (h, BLOCKS);
  push (h, &f[0], 1);
  push (h, &f[0], 2);
  expect_frame (h, &f[0], TRUE);
  push (h, &f[1], 0);
  push_caps (h, "application/x-pf-packet,wire=punktfunk1,fec=gf8,sealed=false");
  PF_CHECK_UINT (counter (h, "packets"), ==, 4);
  push (h, &f[1], 1);
  PF_CHECK_UINT (counter (h, "frames"), ==, 1);
  PF_CHECK_UINT (counter (h, "frames-lost"), ==, 1);
  /* a packet of the other field */
  PF_CHECK_UINT (stat (h, "dropped-range"), ==, 1);
  frame_clear (&f[0]);
  frame_clear (&f[1]);
  gst_harness_teardown (h);
}

/* States change under a stream with gaps in it, from another thread. */
static void
test_states (void)
{
  GstHarness *h = harness (SETTINGS, PACKETS);
  GstElement *e = gst_element_factory_make ("pffecdec", NULL);
  GstHarnessThread *states, *packets;
  GstSegment segment;
  GstBuffer *b;
  GstCaps *caps = gst_caps_from_string (PACKETS);
  Frame f;
  Sender s;

  sender_init (&s, 0, 20);
  f = frame_new (&s, 3 * PAYLOAD);
  b = packet_new (&f, 0);
  gst_segment_init (&segment, GST_FORMAT_TIME);
  states = gst_harness_stress_statechange_start_full (h, 500);
  packets =
      gst_harness_stress_push_buffer_start_full (h, caps, &segment, b, 100);
  g_usleep (400 * 1000);
  gst_harness_stress_thread_stop (packets);
  gst_harness_stress_thread_stop (states);
  gst_buffer_unref (b);
  gst_caps_unref (caps);
  frame_clear (&f);
  gst_harness_teardown (h);
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

/* READY forgets the stream and its counters. */
static void
test_restart (void)
{
  GstHarness *h = harness (SETTINGS, PACKETS);
  Sender s;

  for (guint i = 0; i < 4; i++) {
    Frame f;

    sender_init (&s, 0, 0);
    f = frame_new (&s, 3 * PAYLOAD);
    push (h, &f, i % 3);
    PF_CHECK_UINT (counter (h, "packets"), ==, 1);
    gst_element_set_state (h->element, GST_STATE_READY);
    gst_element_set_state (h->element, GST_STATE_PLAYING);
    PF_CHECK_UINT (counter (h, "packets"), ==, 0);
    gst_harness_set_src_caps_str (h, PACKETS);
    frame_clear (&f);
  }
  gst_harness_teardown (h);
}

/* ---- Negotiation -------------------------------------------------------- */

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

/* With what follows taking sink caps (NULL: anything); the caps that come
 * out, or the error's word. */
static void
negotiate (const gchar *settings, const gchar *sink, const gchar *source,
    const gchar *media, const gchar *word)
{
  gchar *line = g_strdup_printf ("pffecdec %s", settings);
  GstElement *e = gst_parse_launch (line, NULL);
  GstHarness *h = gst_harness_new_with_element (e, "sink", "src");
  GstBus *bus = gst_bus_new ();
  GstSegment segment;
  GError *error;
  GstCaps *caps;
  Frame f;
  Sender s;

  gst_element_set_bus (e, bus);
  if (sink)
    gst_harness_set_sink_caps_str (h, sink);
  sender_init (&s, 0, 0);
  f = frame_new (&s, 10);
  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_harness_play (h);
  gst_pad_push_event (h->srcpad, gst_event_new_stream_start ("test"));
  caps = gst_caps_from_string (source);
  gst_pad_push_event (h->srcpad, gst_event_new_caps (caps));
  gst_caps_unref (caps);
  gst_pad_push_event (h->srcpad, gst_event_new_segment (&segment));
  PF_CHECK_INT (gst_pad_push (h->srcpad, packet_new (&f, 0)), ==,
      word ? GST_FLOW_NOT_NEGOTIATED : GST_FLOW_OK);
  error = pop_error (bus);
  caps = gst_pad_get_current_caps (h->sinkpad);
  if (word) {
    PF_REQUIRE (error != NULL);
    PF_CHECK (
        g_error_matches (error, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_SETTINGS));
    PF_CHECK (strstr (error->message, word) != NULL);
    g_clear_error (&error);
    PF_CHECK (pop_error (bus) == NULL);
    PF_CHECK (caps == NULL);
  } else {
    PF_CHECK (error == NULL);
    PF_REQUIRE (caps != NULL);
    PF_CHECK (gst_structure_has_name (gst_caps_get_structure (caps, 0), media));
    gst_caps_unref (caps);
  }
  gst_element_set_bus (e, NULL);
  gst_object_unref (bus);
  gst_object_unref (e);
  frame_clear (&f);
  gst_harness_teardown (h);
  g_free (line);
}

static void
test_media (void)
{
  negotiate (SETTINGS, H264, PACKETS, "video/x-h264", NULL);
  negotiate (SETTINGS, "video/x-h265", PACKETS, "video/x-h265", NULL);
  negotiate (SETTINGS " caps=video/x-h265", NULL, BLOCKS, "video/x-h265", NULL);
  negotiate (SETTINGS, NULL, PACKETS, NULL, "caps=video/x-h264");
  negotiate (SETTINGS, "video/x-h264; video/x-av1", PACKETS, NULL,
      "caps=video/x-h264");
  negotiate (SETTINGS " caps=audio/x-raw", NULL, PACKETS, NULL, "caps");
  negotiate ("shard-payload=255", H264, PACKETS, NULL, "shard-payload");
  negotiate (
      SETTINGS " memory-budget=5000", H264, PACKETS, NULL, "memory-budget");
}

static void
test_allocation (void)
{
  GstHarness *h = harness (SETTINGS, BLOCKS);
  GstCaps *caps = gst_caps_from_string (BLOCKS);
  const PfBlockWish wish = pf_block_ask (h->srcpad, caps);

  PF_CHECK (wish.blocks);
  PF_CHECK_UINT (wish.prefix, ==, 0);
  PF_CHECK_UINT (wish.padding, ==, 0);
  gst_caps_unref (caps);
  gst_harness_teardown (h);
}

/* Sealed packets cannot come in. */
static void
test_link (void)
{
  GstElement *bin = gst_pipeline_new (NULL);
  GstElement *src = gst_element_factory_make ("capsfilter", NULL);
  GstElement *dec = gst_element_factory_make ("pffecdec", NULL);
  GstCaps *caps = gst_caps_from_string (
      "application/x-pf-packet,wire=punktfunk1,fec=gf16,sealed=true");

  g_object_set (src, "caps", caps, NULL);
  gst_bin_add_many (GST_BIN (bin), src, dec, NULL);
  PF_CHECK (!gst_element_link (src, dec));
  gst_caps_unref (caps);
  caps = gst_caps_from_string (PACKETS);
  g_object_set (src, "caps", caps, NULL);
  PF_CHECK (gst_element_link (src, dec));
  gst_caps_unref (caps);
  gst_object_unref (bin);
}

/* ---- Behind the encoder and a bad network ------------------------------- */

typedef struct {
  const char *name, *enc, *drop, *dec;
  gboolean all;     /* no frame may be lost */
  gboolean at_once; /* the clock stands still */
} Network;

static void
test_network (const void *data)
{
  enum { N = 300 };
  const Network *net = data;
  gchar *line =
      g_strdup_printf ("pffecenc shard-payload=256 max-block=30 %s ! "
                       "pftestdrop name=drop shard-payload=256 max-block=30 "
                       "seed=%u %s ! pffecdec name=dec shard-payload=256 "
                       "max-block=30 deadline-us=50000 %s",
          net->enc, 1 + (guint) pf_test_random_below (1000000), net->drop,
          net->dec);
  GstElement *bin = gst_parse_bin_from_description (line, TRUE, NULL);
  GstElement *drop, *dec;
  guint64 lost, frames, expected, dropped, seen, bad;
  GstHarness *h;
  guint got = 0;
  GstBuffer *b;

  PF_REQUIRE (bin != NULL);
  h = gst_harness_new_with_element (bin, "sink", "src");
  gst_harness_set_sink_caps_str (h, H264);
  gst_harness_set_src_caps_str (h, H264);
  drop = gst_bin_get_by_name (GST_BIN (bin), "drop");
  dec = gst_bin_get_by_name (GST_BIN (bin), "dec");
  for (guint i = 0; i < N; i++) {
    const gsize size = 4 + pf_test_random_below (20000);
    guint8 *unit = g_malloc (size);

    /* the first and the last frame tell where the stream begins and ends */
    if (i == N - 1)
      g_object_set (
          drop, "loss-ppm", 0, "duplicate-ppm", 0, "reorder-ppm", 0, NULL);
    pf_test_random_bytes (unit, size);
    pf_put_le32 (unit, i);
    b = gst_buffer_new_wrapped (unit, size);
    GST_BUFFER_PTS (b) = i * 16 * GST_MSECOND;
    PF_REQUIRE_INT (gst_harness_push (h, b), ==, GST_FLOW_OK);
    if (i > 0 && !net->at_once)
      advance_to (h, i * 16 * GST_MSECOND);
  }
  PF_CHECK (gst_harness_push_event (h, gst_event_new_eos ()));
  g_object_get (drop, "expected-lost", &expected, "dropped", &dropped, "frames",
      &seen, NULL);
  g_object_get (
      dec, "frames-lost", &lost, "frames", &frames, "dropped", &bad, NULL);
  PF_CHECK_UINT (seen, ==, N);
  PF_CHECK_UINT (lost, ==, expected);
  PF_CHECK_UINT (frames, ==, N - expected);
  PF_CHECK_UINT (bad, ==, 0);
  PF_CHECK (dropped > 100);
  if (net->all)
    PF_CHECK_UINT (lost, ==, 0);
  else
    PF_CHECK (lost > 0 && lost < N);
  for (gint64 last = -1; (b = gst_harness_try_pull (h)); got++) {
    guint8 number[4];

    PF_CHECK_UINT (gst_buffer_extract (b, 0, number, 4), ==, 4);
    PF_CHECK_INT (pf_get_le32 (number), >, last);
    last = pf_get_le32 (number);
    gst_buffer_unref (b);
  }
  PF_CHECK_UINT (got, ==, frames);
  pf_test_note (
      "%u packets lost, %u of %d frames", (guint) dropped, (guint) lost, N);
  gst_object_unref (drop);
  gst_object_unref (dec);
  gst_object_unref (bin);
  gst_harness_teardown (h);
  g_free (line);
}

static const Network networks[] = {
  { "/fecdec/network/random", "percentage=10", "loss-ppm=50000", "", FALSE,
      FALSE },
  { "/fecdec/network/bursts", "percentage=20", "loss-ppm=50000 burst=6", "",
      FALSE, FALSE },
  { "/fecdec/network/all", "percentage=100 minimum-parity=6", "loss-ppm=50000",
      "", TRUE, FALSE },
  { "/fecdec/network/gf8", "fec=gf8 percentage=10", "loss-ppm=50000", "", FALSE,
      FALSE },
  { "/fecdec/network/gamestream", "wire=gamestream fec=gf8 percentage=10",
      "loss-ppm=50000", "", FALSE, FALSE },
  { "/fecdec/network/disorder", "percentage=10",
      "loss-ppm=30000 duplicate-ppm=50000 reorder-ppm=50000", "", FALSE,
      FALSE },
  { "/fecdec/network/at-once", "percentage=10",
      "loss-ppm=50000 reorder-ppm=50000", "", FALSE, TRUE },
  { "/fecdec/network/no-fec", "fec=none", "loss-ppm=20000", "", FALSE, FALSE },
};

int
main (int argc, char **argv)
{
  gst_init (NULL, NULL);
  PF_TEST_ADD ("/fecdec/packets", test_packets);
  PF_TEST_ADD ("/fecdec/stamps", test_stamps);
  PF_TEST_ADD ("/fecdec/clock-stamps", test_clock_stamps);
  PF_TEST_ADD ("/fecdec/lists", test_lists);
  PF_TEST_ADD ("/fecdec/blocks", test_blocks);
  PF_TEST_ADD ("/fecdec/restores", test_restores);
  PF_TEST_ADD ("/fecdec/loses", test_loses);
  PF_TEST_ADD ("/fecdec/disorder", test_disorder);
  PF_TEST_ADD ("/fecdec/damage", test_damage);
  PF_TEST_ADD ("/fecdec/forged", test_forged);
  PF_TEST_ADD ("/fecdec/budget", test_budget);
  PF_TEST_ADD ("/fecdec/capture-time", test_capture_time);
  PF_TEST_ADD ("/fecdec/empty-unit", test_empty_unit);
  PF_TEST_ADD ("/fecdec/deadline", test_deadline);
  PF_TEST_ADD ("/fecdec/deadline-by-stamps", test_deadline_by_stamps);
  PF_TEST_ADD ("/fecdec/clock-change", test_clock_change);
  PF_TEST_ADD ("/fecdec/reports", test_reports);
  PF_TEST_ADD ("/fecdec/latency", test_latency);
  PF_TEST_ADD ("/fecdec/eos", test_eos);
  PF_TEST_ADD ("/fecdec/flush", test_flush);
  PF_TEST_ADD ("/fecdec/early-flush", test_early_flush);
  PF_TEST_ADD ("/fecdec/caps-change", test_caps_change);
  PF_TEST_ADD ("/fecdec/states", test_states);
  PF_TEST_ADD ("/fecdec/restart", test_restart);
  PF_TEST_ADD ("/fecdec/media", test_media);
  PF_TEST_ADD ("/fecdec/allocation", test_allocation);
  PF_TEST_ADD ("/fecdec/link", test_link);
  for (guint i = 0; i < G_N_ELEMENTS (networks); i++)
    pf_test_add_data (networks[i].name, test_network, &networks[i]);
  return pf_test_run (argc, argv);
}
