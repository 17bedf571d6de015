/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* pfudpsink with pacing: when packets leave, and who waits for that. */
#define _GNU_SOURCE /* SCHED_RESET_ON_FORK */
#include <sched.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "net-peer.h"
#include "pf-sender.h"
#include "pf-test.h"
#include "pf-thread.h"

enum { PACED = 1000 };

/* A block that is a whole frame, of packets with their number in front. */
static GstBuffer *
frame_block (
    PfSlabPool *pool, guint32 frame, guint n, gsize size, GstClockTime duration)
{
  const gsize stride = pf_slab_stride (size);
  GstMemory *rows = pf_slab_pool_alloc (pool, n * stride);
  GstBuffer *block;
  PfBlockMeta *m;
  GstMapInfo map;

  PF_REQUIRE (gst_memory_map (rows, &map, GST_MAP_WRITE));
  for (guint32 i = 0; i < n; i++) {
    memset (map.data + i * stride, 0, size);
    memcpy (map.data + i * stride, &i, sizeof i);
    memcpy (map.data + i * stride + 4, &frame, sizeof frame);
  }
  gst_memory_unmap (rows, &map);
  block = pf_block_new (rows, n, stride, 0, size);
  m = pf_buffer_get_block_meta (block);
  m->frame = frame;
  m->n_packets = n;
  GST_BUFFER_PTS (block) = frame * duration;
  GST_BUFFER_DURATION (block) = duration;
  return block;
}

/* How long the n packets of a frame took from the first to the last, in us;
 * they must be whole and in order. */
static gint64
receive_frame (Peer *peer, guint32 frame, guint n)
{
  guint8 *bytes = g_malloc (65536);
  gint64 first = 0, last = 0;

  for (guint32 i = 0; i < n; i++) {
    guint32 numbers[2] = { 0, 0 };

    PF_REQUIRE_INT (peer_receive (peer, bytes), >=, sizeof numbers);
    memcpy (numbers, bytes, sizeof numbers);
    PF_CHECK_INT (numbers[0], ==, i);
    PF_CHECK_INT (numbers[1], ==, frame);
    last = g_get_monotonic_time ();
    if (i == 0)
      first = last;
  }
  g_free (bytes);
  return last - first;
}

/* What is over the burst takes its time, and who pushes does not wait. */
static void
test_pacing_spread (void)
{
  PfSlabPool *pool = pf_slab_pool_new ();
  Peer peer = peer_new (AF_INET);
  GstHarness *h = sink_new (peer.port, "pacing=schedule", BLOCKS);

  for (guint i = 0; i < 3; i++) {
    GstBuffer *block = frame_block (pool, i, PACED, 1000, 100 * GST_MSECOND);

    PF_CHECK_INT (gst_harness_push (h, block), ==, GST_FLOW_OK);
    /* it is back before all has left */
    PF_CHECK_INT (stat_of (h, "packets"), <, (i + 1) * PACED);
    /* 90 ms, less what a busy machine is late at the first packet */
    PF_CHECK_INT (receive_frame (&peer, i, PACED), >, 40000);
  }
  PF_CHECK_INT (stat_of (h, "paced-frames"), ==, 3);
  PF_CHECK_INT (stat_of (h, "waits"), >, 3 * 3);
  PF_CHECK_INT (stat_of (h, "dropped"), ==, 0);
  gst_harness_teardown (h);
  close (peer.fd);
  pf_slab_pool_free (pool);
}

/* A frame within the burst leaves at once. */
static void
test_pacing_burst (void)
{
  PfSlabPool *pool = pf_slab_pool_new ();
  Peer peer = peer_new (AF_INET);
  GstHarness *h = sink_new (peer.port, "pacing=schedule", BLOCKS);

  for (guint i = 0; i < 5; i++) {
    PF_CHECK_INT (
        gst_harness_push (h, frame_block (pool, i, 100, 1000, GST_SECOND)), ==,
        GST_FLOW_OK);
    receive_frame (&peer, i, 100);
  }
  PF_CHECK_INT (stat_of (h, "waits"), ==, 0);
  gst_harness_teardown (h);
  close (peer.fd);
  pf_slab_pool_free (pool);
}

/* Lists are paced too; the end of the stream waits for the last packet. */
static void
test_pacing_eos (void)
{
  Peer peer = peer_new (AF_INET);
  GstHarness *h =
      sink_new (peer.port, "pacing=schedule burst-size=10000", PACKETS);
  Packets *p = packets_new (ROWS, FALSE);

  for (guint i = 0; i < 2; i++) {
    GstBufferList *list = packet_list (p);

    for (guint j = 0; j < ROWS; j++) {
      GST_BUFFER_PTS (gst_buffer_list_get (list, j)) = i * 50 * GST_MSECOND;
      GST_BUFFER_DURATION (gst_buffer_list_get (list, j)) = 50 * GST_MSECOND;
    }
    PF_CHECK_INT (gst_pad_push_list (h->srcpad, list), ==, GST_FLOW_OK);
  }
  PF_CHECK (gst_harness_push_event (h, gst_event_new_eos ()));
  PF_CHECK_INT (stat_of (h, "packets"), ==, 2 * ROWS);
  PF_CHECK_INT (stat_of (h, "waits"), >, 0);
  gst_harness_teardown (h);
  close (peer.fd);
  packets_free (p);
}

/* A pause is cut short when the element stops or flushes. */
static void
test_pacing_stop (void)
{
  PfSlabPool *pool = pf_slab_pool_new ();
  Peer peer = peer_new (AF_INET);

  for (guint i = 0; i < 10; i++) {
    GstHarness *h =
        sink_new (peer.port, "pacing=schedule burst-size=1", BLOCKS);
    const gint64 before = g_get_monotonic_time ();

    PF_CHECK_INT (gst_harness_push (
                      h, frame_block (pool, 0, PACED, 100, 100 * GST_MSECOND)),
        ==, GST_FLOW_OK);
    if (i % 2) {
      PF_CHECK (gst_harness_push_event (h, gst_event_new_flush_start ()));
      PF_CHECK (gst_harness_push_event (h, gst_event_new_flush_stop (TRUE)));
    }
    gst_element_set_state (h->element, GST_STATE_NULL);
    PF_CHECK_INT (stat_of (h, "packets") + stat_of (h, "dropped"), ==, PACED);
    PF_CHECK_INT (stat_of (h, "dropped"), >, 0);
    PF_CHECK_INT (g_get_monotonic_time () - before, <, 2 * G_USEC_PER_SEC);
    gst_harness_teardown (h);
  }
  close (peer.fd);
  pf_slab_pool_free (pool);
}

typedef struct {
  GMutex lock; /* held: nothing is sent */
  guint sent;  /* atomic; packets */
} Gate;

static void
through_gate (gpointer data, GstMiniObject *object, guint first, guint n)
{
  Gate *gate = data;

  (void) object;
  (void) first;
  g_mutex_lock (&gate->lock);
  g_mutex_unlock (&gate->lock);
  g_atomic_int_add (&gate->sent, (gint) n);
}

/* A ring that cannot be emptied: it says so when the third frame comes, drops
 * the fourth whole, and goes on with the fifth. */
static void
test_pacing_full (void)
{
  static const struct {
    guint64 frame;
    PfSenderResult result;
  } pushes[] = {
    { 1, PF_SENDER_TAKEN },
    { 1, PF_SENDER_TAKEN },
    { 2, PF_SENDER_TAKEN },
    { 3, PF_SENDER_FULL },
    { 3, PF_SENDER_TAKEN },
    { 4, PF_SENDER_DROPPED },
    { 4, PF_SENDER_GONE },
  };
  PfSenderUnit unit = { 0, 10, 20, 1000, 0 };
  PfPaceConfig config;
  PfSenderCounters n;
  PfSender *s;
  Gate gate;

  g_mutex_init (&gate.lock);
  gate.sent = 0;
  pf_pace_config_init (&config);
  g_mutex_lock (&gate.lock);
  s = pf_sender_new (&config, through_gate, &gate);
  PF_REQUIRE (s != NULL);
  for (guint i = 0; i < G_N_ELEMENTS (pushes); i++) {
    unit.frame = pushes[i].frame;
    PF_CHECK_INT (
        pf_sender_push (s, GST_MINI_OBJECT_CAST (gst_buffer_new ()), &unit), ==,
        pushes[i].result);
  }
  PF_CHECK (!pf_sender_drain (s, 1000));
  g_mutex_unlock (&gate.lock);
  PF_CHECK (pf_sender_drain (s, WAIT_MS * 1000));
  PF_CHECK_INT (g_atomic_int_get (&gate.sent), ==, 50);
  /* the rest of the dropped frame does not come back */
  PF_CHECK_INT (
      pf_sender_push (s, GST_MINI_OBJECT_CAST (gst_buffer_new ()), &unit), ==,
      PF_SENDER_GONE);
  unit.frame = 5;
  PF_CHECK_INT (
      pf_sender_push (s, GST_MINI_OBJECT_CAST (gst_buffer_new ()), &unit), ==,
      PF_SENDER_TAKEN);
  PF_CHECK (pf_sender_drain (s, WAIT_MS * 1000));
  pf_sender_get_counters (s, &n);
  PF_CHECK_INT (g_atomic_int_get (&gate.sent), ==, 60);
  PF_CHECK_INT (n.frames, ==, 4);
  PF_CHECK_INT (n.frames_dropped, ==, 1);
  PF_CHECK_INT (n.packets_dropped, ==, 30);
  PF_CHECK_INT (n.full, ==, 1);
  pf_sender_free (s);
  g_mutex_clear (&gate.lock);
}

typedef struct {
  gboolean may;
  GThread *thread; /* that sent last */
  guint sent;      /* packets */
} Direct;

static gboolean
may_send (gpointer data)
{
  return ((Direct *) data)->may;
}

static void
send_directly (gpointer data, GstMiniObject *object, guint first, guint n)
{
  Direct *d = data;

  (void) object;
  PF_CHECK_UINT (first, ==, d->sent);
  d->thread = g_thread_self ();
  d->sent += n;
}

/* The burst of a frame is gone when the push returns, where that may be; what
 * is over it leaves by the schedule, and all of it where that may not be. */
static void
test_pacing_direct (void)
{
  const PfSenderUnit small = { 1, 10, 10, 1000, 0 };
  const PfSenderUnit large = { 2, 40, 40, 1000, 50 * GST_MSECOND };
  Direct d = { TRUE, NULL, 0 };
  PfPaceConfig config;
  PfSenderCounters n;
  PfSender *s;

  pf_pace_config_init (&config);
  config.burst = 20000;
  s = pf_sender_new (&config, send_directly, &d);
  PF_REQUIRE (s != NULL);
  pf_sender_set_direct (s, may_send);
  pf_sender_push (s, GST_MINI_OBJECT_CAST (gst_buffer_new ()), &small);
  PF_CHECK_UINT (d.sent, ==, 10);
  PF_CHECK (d.thread == g_thread_self ());
  d.sent = 0;
  pf_sender_push (s, GST_MINI_OBJECT_CAST (gst_buffer_new ()), &large);
  PF_CHECK (pf_sender_drain (s, WAIT_MS * 1000));
  PF_CHECK_UINT (d.sent, ==, 40);
  PF_CHECK (d.thread != g_thread_self ());
  pf_sender_get_counters (s, &n);
  PF_CHECK_UINT (n.waits, >, 0);
  d = (Direct){ FALSE, NULL, 0 };
  pf_sender_push (s, GST_MINI_OBJECT_CAST (gst_buffer_new ()),
      &(PfSenderUnit){ 3, 10, 10, 1000, 0 });
  PF_CHECK (pf_sender_drain (s, WAIT_MS * 1000));
  PF_CHECK_UINT (d.sent, ==, 10);
  PF_CHECK (d.thread != g_thread_self ());
  pf_sender_free (s);
}

/* Three frames at once fill the ring: upstream is asked, and who pushed has
 * not waited for the third of a second that they would take. */
static void
test_pacing_asks (void)
{
  PfSlabPool *pool = pf_slab_pool_new ();
  Peer peer = peer_new (AF_INET);
  GstHarness *h = sink_new (peer.port, "pacing=schedule burst-size=1", BLOCKS);
  const gint64 before = g_get_monotonic_time ();
  gboolean asked = FALSE;
  GstEvent *event;

  for (guint i = 0; i < 3; i++)
    PF_CHECK_INT (gst_harness_push (
                      h, frame_block (pool, i, PACED, 100, 100 * GST_MSECOND)),
        ==, GST_FLOW_OK);
  PF_CHECK_INT (g_get_monotonic_time () - before, <, 200000);
  while ((event = gst_harness_try_pull_upstream_event (h))) {
    asked |= gst_event_has_name (event, "PfDropFrame");
    gst_event_unref (event);
  }
  PF_CHECK (asked);
  for (guint i = 0; i < 3; i++)
    receive_frame (&peer, i, PACED);
  PF_CHECK_INT (stat_of (h, "dropped"), ==, 0);
  gst_harness_teardown (h);
  close (peer.fd);
  pf_slab_pool_free (pool);
}

static gpointer
raise_self (gpointer data)
{
  (void) data;
  switch (pf_thread_raise ()) {
  case PF_THREAD_REALTIME:
    PF_CHECK_INT (sched_getscheduler (0) & ~SCHED_RESET_ON_FORK, ==, SCHED_RR);
    break;
  case PF_THREAD_NICE:
    PF_CHECK_INT (getpriority (PRIO_PROCESS, 0), <, 0);
    break;
  default:
    break;
  }
  return NULL;
}

/* A thread has the priority that it is told, and no other thread has it. */
static void
test_priority (void)
{
  const int before = sched_getscheduler (0);

  g_thread_join (g_thread_new ("raised", raise_self, NULL));
  PF_CHECK_INT (sched_getscheduler (0), ==, before);
}

int
main (int argc, char **argv)
{
  gst_init (NULL, NULL);
  PF_TEST_ADD ("/net/pacing/spread", test_pacing_spread);
  PF_TEST_ADD ("/net/pacing/burst", test_pacing_burst);
  PF_TEST_ADD ("/net/pacing/eos", test_pacing_eos);
  PF_TEST_ADD ("/net/pacing/stop", test_pacing_stop);
  PF_TEST_ADD ("/net/pacing/full", test_pacing_full);
  PF_TEST_ADD ("/net/pacing/direct", test_pacing_direct);
  PF_TEST_ADD ("/net/pacing/asks", test_pacing_asks);
  PF_TEST_ADD ("/net/pacing/priority", test_priority);
  return pf_test_run (argc, argv);
}
