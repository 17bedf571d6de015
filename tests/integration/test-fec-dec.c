/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * pffecdec: packets made by the PfWire table come back as the access units
 * they were made of. Loss within parity is restored, beyond it exactly those
 * frames are lost; order, duplicates, damage, memory.
 */
#include "fec-dec-common.h"

#include <stdlib.h>
#include <string.h>

#include "pf-bytes.h"

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

/* When its packets came goes with a frame. */
static void
test_arrival (void)
{
  GstCaps *caps = gst_caps_new_empty_simple ("timestamp/x-pf-arrival");
  GstHarness *h = harness (SETTINGS, PACKETS);
  GstReferenceTimestampMeta *meta;
  GstBuffer *b;
  Sender s;
  Frame f;

  sender_init (&s, 0, 0);
  f = frame_new (&s, 3 * PAYLOAD);
  for (guint i = 0; i < 3; i++) {
    gst_harness_set_time (h, (7 + 2 * i) * GST_MSECOND);
    b = packet_new (&f, i);
    GST_BUFFER_PTS (b) = GST_CLOCK_TIME_NONE;
    PF_REQUIRE_INT (gst_harness_push (h, b), ==, GST_FLOW_OK);
  }
  b = gst_harness_pull (h);
  PF_CHECK_UINT (GST_BUFFER_PTS (b), ==, 11 * GST_MSECOND);
  meta = gst_buffer_get_reference_timestamp_meta (b, caps);
  PF_REQUIRE (meta != NULL);
  PF_CHECK_UINT (meta->timestamp, ==, 7 * GST_MSECOND);
  PF_CHECK_UINT (meta->duration, ==, 4 * GST_MSECOND);
  gst_buffer_unref (b);
  frame_clear (&f);
  gst_caps_unref (caps);
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
  PF_CHECK_UINT (stats_field (h, "unreadable"), ==, FRAMES / 2);
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
  PF_CHECK_UINT (stats_field (h, "packets-taken") +
                     stats_field (h, "duplicates") +
                     stats_field (h, "not-needed"),
      ==, total);
  PF_CHECK (stats_field (h, "duplicates") > 0);
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
    sum += stats_field (h, fates[i]);
  PF_CHECK_UINT (sum, ==, counter (h, "packets"));
  PF_CHECK_UINT (stats_field (h, "memory-peak"), <=, BUDGET);
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
  peak = stats_field (h, "memory-peak");
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

int
main (int argc, char **argv)
{
  gst_init (NULL, NULL);
  PF_TEST_ADD ("/fecdec/packets", test_packets);
  PF_TEST_ADD ("/fecdec/stamps", test_stamps);
  PF_TEST_ADD ("/fecdec/clock-stamps", test_clock_stamps);
  PF_TEST_ADD ("/fecdec/arrival", test_arrival);
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
  return pf_test_run (argc, argv);
}
