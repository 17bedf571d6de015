/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * pffecenc in a session: what its endpoint says holds, also when that changes;
 * the percentage follows loss reports; filler of a speed test.
 */
#include <gst/check/gstharness.h>
#include <stdlib.h>
#include <string.h>

#include "endpoint.h"
#include "pf-block.h"
#include "pf-events.h"
#include "pf-reassembler.h"
#include "pf-test.h"

#define H264                                                                   \
  "video/x-h264,stream-format=byte-stream,alignment=au,width=640,height=480"
#define PACKETS "application/x-pf-packet,sealed=false"
#define BLOCKS "application/x-pf-block,sealed=false"

enum { HEADER = 40, PAYLOAD = 1408 };

static GstHarness *
harness (const gchar *settings, const gchar *sink_caps)
{
  g_autofree gchar *line = g_strdup_printf ("pffecenc %s", settings);
  GstElement *element = gst_object_ref_sink (gst_parse_launch (line, NULL));
  GstHarness *h = gst_harness_new_with_element (element, "sink", "src");

  gst_object_unref (element);
  gst_harness_set_sink_caps_str (h, sink_caps);
  return h;
}

static GstFlowReturn
push (GstHarness *h, gsize size)
{
  GstBuffer *b = gst_buffer_new_allocate (NULL, size, NULL);

  gst_buffer_memset (b, 0, 0x61, size);
  return gst_harness_push (h, b);
}

/* Headers of what the harness has, in order. */
typedef struct {
  guint n;
  PfWireShard shards[4000];
} Pulled;

static Pulled *
pull (GstHarness *h, guint payload, guint scheme, guint max_block)
{
  const PfWire *w = pf_wire_find ("punktfunk1");
  PfWireConfig config = {
    .shard_payload = payload,
    .scheme = scheme,
    .max_block = max_block,
    .percent = 100,
  };
  Pulled *p = g_new0 (Pulled, 1);
  GstBuffer *b;

  PF_REQUIRE_INT (w->check (&config), ==, 0);
  while ((b = gst_harness_try_pull (h))) {
    GstMapInfo map;

    PF_REQUIRE_UINT (p->n, <, G_N_ELEMENTS (p->shards));
    PF_REQUIRE (gst_buffer_map (b, &map, GST_MAP_READ));
    PF_CHECK_INT (
        w->parse (&config, map.data, map.size, &p->shards[p->n]), ==, 0);
    p->n++;
    gst_buffer_unmap (b, &map);
    gst_buffer_unref (b);
  }
  return p;
}

static guint
parity_of_frame (GstHarness *h, guint shards)
{
  Pulled *p;
  guint n;

  PF_REQUIRE_INT (push (h, shards * PAYLOAD), ==, GST_FLOW_OK);
  p = pull (h, PAYLOAD, PF_FEC_GF16, 0);
  n = p->n - shards;
  if (p->n > 0)
    PF_CHECK_UINT (p->shards[0].parity, ==, n);
  g_free (p);
  return n;
}

/* ---- Loss reports ----------------------------------------------------------- */

static void
report (GstHarness *h, guint ppm)
{
  const PfLossReport r = { .ppm = ppm };

  gst_harness_push_upstream_event (h, pf_event_new_loss_report (&r));
}

/* As the specification puts it, in other arithmetic than the library's. */
static guint
wanted_percent (guint ppm)
{
  const guint tenths = (ppm * 14 + 9999) / 10000;
  const guint points = (tenths + 9) / 10 + 1;

  return CLAMP (points, 1, 50);
}

static void
test_adaptive (void)
{
  static const guint losses[] = { 0, 0, 7142, 7143, 50000, 50000, 20000, 0, 0,
    350000, 1000000, 0, 0, 1 };
  GstHarness *h = harness ("adaptive=true percentage=10", PACKETS);
  guint percent = 10, shown, events;

  gst_harness_set_src_caps_str (h, H264);
  PF_CHECK_UINT (parity_of_frame (h, 100), ==, 10);
  events = gst_harness_upstream_events_received (h);
  for (guint i = 0; i < G_N_ELEMENTS (losses); i++) {
    const guint wanted = wanted_percent (losses[i]);

    percent = wanted >= percent ? wanted : percent - 1;
    report (h, losses[i]);
    PF_CHECK_UINT (parity_of_frame (h, 100), ==, percent);
    g_object_get (h->element, "current-percentage", &shown, NULL);
    PF_CHECK_UINT (shown, ==, percent);
  }
  /* taken, not passed on; what is not for it goes on */
  PF_CHECK_UINT (gst_harness_upstream_events_received (h), ==, events);
  gst_harness_push_upstream_event (
      h, pf_event_new_frame_lost (&(PfFrames){ 1, 2 }));
  PF_CHECK_UINT (gst_harness_upstream_events_received (h), ==, events + 1);
  /* a new setting is a new start */
  g_object_set (h->element, "percentage", 30, NULL);
  PF_CHECK_UINT (parity_of_frame (h, 100), ==, 30);
  g_object_set (h->element, "minimum-parity", 40, NULL);
  PF_CHECK_UINT (parity_of_frame (h, 100), ==, 40);
  g_object_get (h->element, "current-percentage", &shown, NULL);
  PF_CHECK_UINT (shown, ==, 30);
  gst_harness_teardown (h);
}

static void
test_not_adaptive (void)
{
  GstHarness *h = harness ("percentage=20", PACKETS);
  g_autoptr (GstStructure) stats = NULL;
  guint64 reports;

  gst_harness_set_src_caps_str (h, H264);
  report (h, 500000);
  PF_CHECK_UINT (parity_of_frame (h, 100), ==, 20);
  g_object_get (h->element, "stats", &stats, NULL);
  PF_CHECK (gst_structure_get_uint64 (stats, "reports", &reports));
  PF_CHECK_UINT (reports, ==, 1);
  gst_harness_teardown (h);
}

/* ---- Session parameters ------------------------------------------------------ */

static void
params_changed (GstHarness *h)
{
  gst_harness_push_upstream_event (h, pf_event_new_params_changed (TRUE));
}

static void
test_session_holds (void)
{
  GstHarness *h = harness ("shard-payload=1000 percentage=99", PACKETS);
  guint events;
  Endpoint e;
  Pulled *p;

  endpoint_init (&e, h->sinkpad);
  e.params.packets.scheme = PF_FEC_GF8;
  e.params.packets.max_block = 50;
  e.params.packets.shard_payload = 1200;
  e.params.packets.percent = 20;
  e.params.min_parity = 3;
  endpoint_set_key (&e, PF_AEAD_AES_128_GCM, 7);
  endpoint_set_state (&e, PF_SESSION_READY);
  gst_harness_set_src_caps_str (h, H264);
  PF_CHECK_UINT (e.asked, ==, 1);
  PF_CHECK_UINT (e.secrets, ==, 0);
  {
    g_autoptr (GstCaps) caps = gst_pad_get_current_caps (h->sinkpad);

    PF_REQUIRE (caps != NULL);
    PF_CHECK_STR (
        gst_structure_get_string (gst_caps_get_structure (caps, 0), "fec"),
        "gf8");
  }
  events = gst_harness_upstream_events_received (h);
  PF_REQUIRE_INT (push (h, 60 * 1200), ==, GST_FLOW_OK);
  p = pull (h, 1200, PF_FEC_GF8, 50);
  PF_CHECK_UINT (p->n, ==, 60 + 10 + 3);
  PF_CHECK_UINT (p->shards[0].data, ==, 50);
  PF_CHECK_UINT (p->shards[0].parity, ==, 10);
  g_free (p);

  /* other terms, the same stream */
  e.params.packets.shard_payload = 1000;
  e.params.packets.percent = 40;
  params_changed (h);
  PF_CHECK_UINT (e.asked, ==, 1);
  PF_REQUIRE_INT (push (h, 10 * 1000), ==, GST_FLOW_OK);
  PF_CHECK_UINT (e.asked, ==, 2);
  p = pull (h, 1000, PF_FEC_GF8, 50);
  PF_REQUIRE_UINT (p->n, ==, 14);
  for (guint i = 0; i < p->n; i++) {
    PF_CHECK_UINT (p->shards[i].frame, ==, 1);
    PF_CHECK_UINT (p->shards[i].packet, ==, 73 + i);
  }
  g_free (p);
  PF_CHECK_UINT (gst_harness_upstream_events_received (h), ==, events);
  gst_harness_teardown (h);
  endpoint_clear (&e);
}

/* Losses move the percentage that a session began with; a change of other
 * terms does not move it back. */
static void
test_session_adaptive (void)
{
  GstHarness *h = harness ("", PACKETS);
  Endpoint e;

  endpoint_init (&e, h->sinkpad);
  e.params.adaptive = TRUE;
  e.params.at_once = TRUE;
  e.params.packets.percent = 12;
  endpoint_set_state (&e, PF_SESSION_READY);
  gst_harness_set_src_caps_str (h, H264);
  PF_CHECK_UINT (parity_of_frame (h, 100), ==, 12);
  report (h, 300000);
  PF_CHECK_UINT (parity_of_frame (h, 100), ==, 43);
  params_changed (h);
  PF_CHECK_UINT (parity_of_frame (h, 100), ==, 43);
  report (h, 0);
  PF_CHECK_UINT (parity_of_frame (h, 100), ==, 1);
  /* properties have no say */
  g_object_set (h->element, "percentage", 70, "adaptive", FALSE, NULL);
  PF_CHECK_UINT (parity_of_frame (h, 100), ==, 1);
  gst_harness_teardown (h);
  endpoint_clear (&e);
}

static guint
key_requests (GstHarness *h)
{
  guint n = 0;
  GstEvent *event;

  while ((event = gst_harness_try_pull_upstream_event (h))) {
    n += gst_event_has_name (event, "GstForceKeyUnit");
    gst_event_unref (event);
  }
  return n;
}

/* Of the events that came out: the caps, then one segment. */
static void
check_order_of_events (GstHarness *h)
{
  guint n_caps = 0, n_segments = 0;
  GstEvent *event;

  while ((event = gst_harness_try_pull_event (h))) {
    if (GST_EVENT_TYPE (event) == GST_EVENT_SEGMENT) {
      PF_CHECK_UINT (n_caps, ==, 1);
      n_segments++;
    }
    n_caps += GST_EVENT_TYPE (event) == GST_EVENT_CAPS;
    gst_event_unref (event);
  }
  PF_CHECK_UINT (n_caps, ==, 1);
  PF_CHECK_UINT (n_segments, ==, 1);
}

/* What comes before a session is dropped; a session begins with a key frame
 * and number 0, and so does the next one. */
static void
test_session_pending (void)
{
  GstHarness *h = harness ("", PACKETS);
  guint64 dropped;
  Endpoint e;

  endpoint_init (&e, h->sinkpad);
  gst_harness_set_src_caps_str (h, H264);
  key_requests (h);
  for (guint session = 0; session < 2; session++) {
    Pulled *p;

    endpoint_set_state (&e, PF_SESSION_PENDING);
    params_changed (h);
    for (guint i = 0; i < 3; i++)
      PF_CHECK_INT (push (h, 5000), ==, GST_FLOW_OK);
    PF_CHECK_UINT (gst_harness_buffers_in_queue (h), ==, 0);
    PF_CHECK (session == 1 || !gst_pad_has_current_caps (h->sinkpad));
    g_object_get (h->element, "frames-pending", &dropped, NULL);
    PF_CHECK_UINT (dropped, ==, 4 * session + 3);
    PF_CHECK_UINT (key_requests (h), ==, 0);

    endpoint_set_state (&e, PF_SESSION_READY);
    PF_CHECK_INT (push (h, 5000), ==, GST_FLOW_OK);
    PF_CHECK_UINT (gst_harness_buffers_in_queue (h), ==, 0);
    params_changed (h);
    PF_CHECK_INT (push (h, 5000), ==, GST_FLOW_OK);
    PF_CHECK_UINT (key_requests (h), ==, 1);
    if (session == 0)
      check_order_of_events (h);
    p = pull (h, PAYLOAD, PF_FEC_GF16, 0);
    PF_REQUIRE_UINT (p->n, ==, 5);
    PF_CHECK_UINT (p->shards[0].frame, ==, 0);
    PF_CHECK_UINT (p->shards[0].packet, ==, 0);
    g_free (p);
  }
  gst_harness_teardown (h);
  endpoint_clear (&e);
}

static void
check_refused (PfSessionState state, const gchar *wire, const gchar *word)
{
  GstHarness *h = harness ("", PACKETS);
  GstBus *bus = gst_bus_new ();
  GstMessage *message;
  Endpoint e;

  gst_element_set_bus (h->element, bus);
  endpoint_init (&e, h->sinkpad);
  pf_session_params_set_wire (&e.params, wire);
  endpoint_set_state (&e, state);
  gst_harness_set_src_caps_str (h, H264);
  for (guint i = 0; i < 3; i++)
    PF_CHECK_INT (push (h, 5000), ==, GST_FLOW_NOT_NEGOTIATED);
  /* one error, whatever comes after it */
  message = gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR);
  PF_REQUIRE (message != NULL);
  {
    g_autoptr (GError) error = NULL;

    gst_message_parse_error (message, &error, NULL);
    PF_CHECK (
        g_error_matches (error, GST_STREAM_ERROR, GST_STREAM_ERROR_FORMAT));
    PF_CHECK (strstr (error->message, word) != NULL);
  }
  gst_message_unref (message);
  PF_CHECK (gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR) == NULL);
  gst_element_set_bus (h->element, NULL);
  gst_object_unref (bus);
  gst_harness_teardown (h);
  endpoint_clear (&e);
}

static void
test_session_refused (void)
{
  check_refused (PF_SESSION_BAD, "punktfunk1", "PfSessionParams");
  check_refused (PF_SESSION_READY, "carrier-pigeon", "cannot be made");
  check_refused (PF_SESSION_READY, "gamestream", "cannot be made");
}

/* ---- Speed test ----------------------------------------------------------------- */

static void
probe (GstHarness *h, guint kbps, guint ms)
{
  const PfProbe p = { kbps, ms };

  gst_harness_push_upstream_event (h, pf_event_new_probe (&p));
}

static PfProbeDone
wait_done (GstHarness *h)
{
  const gint64 end = g_get_monotonic_time () + 20 * G_USEC_PER_SEC;
  PfProbeDone done = { 0 };
  gboolean found = FALSE;

  while (!found && g_get_monotonic_time () < end) {
    GstEvent *event;

    g_usleep (500);
    while (!found && (event = gst_harness_try_pull_event (h))) {
      found = pf_event_parse_probe_done (event, &done);
      gst_event_unref (event);
    }
  }
  PF_CHECK (found);
  return done;
}

/* Moves the clock on, to what is waited for. */
typedef struct {
  GstTestClock *clock;
  gint stop; /* atomic */
} Crank;

static gpointer
crank_loop (gpointer data)
{
  Crank *c = data;

  while (!g_atomic_int_get (&c->stop)) {
    GstClockID id = NULL;

    if (gst_test_clock_peek_next_pending_id (c->clock, &id)) {
      gst_test_clock_set_time (
          c->clock, MAX (gst_clock_id_get_time (id),
                        gst_clock_get_time (GST_CLOCK (c->clock))));
      gst_clock_id_unref (gst_test_clock_process_next_clock_id (c->clock));
      gst_clock_id_unref (id);
    } else {
      g_thread_yield ();
    }
  }
  return NULL;
}

static PfProbeDone
run_probe (GstHarness *h, guint kbps, guint ms)
{
  Crank c = { gst_harness_get_testclock (h), 0 };
  GThread *thread = g_thread_new ("crank", crank_loop, &c);
  PfProbeDone done;

  probe (h, kbps, ms);
  done = wait_done (h);
  g_atomic_int_set (&c.stop, 1);
  g_thread_join (thread);
  gst_object_unref (c.clock);
  return done;
}

/* At this rate a unit has 5000 bytes, four packets and one of parity, and one
 * may leave every 4.17 ms; no frame comes meanwhile. */
static void
test_probe (void)
{
  GstHarness *h = harness ("percentage=20", PACKETS);
  GstBus *bus = gst_bus_new ();
  guint64 units, packets;
  PfProbeDone done, said;
  GstMessage *message;
  Pulled *p;

  gst_harness_use_testclock (h);
  gst_element_set_bus (h->element, bus);
  gst_harness_set_src_caps_str (h, H264);
  PF_REQUIRE_INT (push (h, 100), ==, GST_FLOW_OK);
  done = run_probe (h, 9600, 101);
  PF_CHECK_UINT (done.units, ==, 24);
  PF_CHECK_UINT (done.bytes, ==, 120000);
  PF_CHECK_UINT (done.packets, ==, 24 * 5);
  PF_CHECK_UINT (done.dropped, ==, 0);
  PF_CHECK_UINT (done.ms, ==, 101);
  PF_REQUIRE_INT (push (h, 100), ==, GST_FLOW_OK);

  /* the packets count on, the frames of video do not see the filler */
  p = pull (h, PAYLOAD, PF_FEC_GF16, 0);
  PF_REQUIRE_UINT (p->n, ==, 24 * 5 + 4);
  for (guint i = 0; i < p->n; i++) {
    const gboolean filler = i >= 2 && i < 2 + 24 * 5;

    PF_CHECK_UINT (p->shards[i].packet, ==, i);
    PF_CHECK_INT (!!(p->shards[i].flags & PF_WIRE_FILLER), ==, filler);
    PF_CHECK_UINT (p->shards[i].frame, ==, filler ? (i - 2) / 5 : i / 122);
  }
  g_free (p);
  g_object_get (
      h->element, "filler-units", &units, "filler-packets", &packets, NULL);
  PF_CHECK_UINT (units, ==, 24);
  PF_CHECK_UINT (packets, ==, 24 * 5);
  g_object_get (h->element, "frames", &units, NULL);
  PF_CHECK_UINT (units, ==, 2);

  message = gst_bus_pop_filtered (bus, GST_MESSAGE_ELEMENT);
  PF_REQUIRE (message != NULL);
  {
    GstEvent *event = gst_event_new_custom (GST_EVENT_CUSTOM_DOWNSTREAM,
        gst_structure_copy (gst_message_get_structure (message)));

    PF_REQUIRE (pf_event_parse_probe_done (event, &said));
    PF_CHECK_UINT (said.bytes, ==, done.bytes);
    gst_event_unref (event);
  }
  gst_message_unref (message);
  gst_element_set_bus (h->element, NULL);
  gst_object_unref (bus);
  gst_harness_teardown (h);
}

/* Small and large rates, and longer than may be. */
static void
test_probe_bounds (void)
{
  GstHarness *h = harness ("percentage=0", PACKETS);
  PfProbeDone done;

  gst_harness_use_testclock (h);
  gst_harness_set_src_caps_str (h, H264);
  PF_REQUIRE_INT (push (h, 100), ==, GST_FLOW_OK);
  done = run_probe (h, 96, 1001); /* 1200 bytes every 100 ms */
  PF_CHECK_UINT (done.units, ==, 10);
  PF_CHECK_UINT (done.bytes, ==, 12000);
  done = run_probe (h, 1000000, 1); /* 16384 bytes every 131 us */
  PF_CHECK_UINT (done.units, ==, 7);
  PF_CHECK_UINT (done.bytes, ==, 7 * 16384);
  done = run_probe (h, G_MAXUINT, 1); /* 10 Gbit/s: 1.25 MB */
  PF_CHECK_UINT (done.units, ==, 76);
  done = run_probe (h, 96, G_MAXUINT);
  PF_CHECK_UINT (done.ms, ==, 5000);
  PF_CHECK_UINT (done.units, ==, 49);
  gst_harness_teardown (h);
}

/* Clients of old count filler together with video. */
static void
test_probe_shared (void)
{
  GstHarness *h = harness ("", PACKETS);
  Endpoint e;
  Pulled *p;

  gst_harness_use_testclock (h);
  endpoint_init (&e, h->sinkpad);
  e.params.packets.filler_shared = true;
  e.params.packets.percent = 0;
  endpoint_set_state (&e, PF_SESSION_READY);
  gst_harness_set_src_caps_str (h, H264);
  PF_REQUIRE_INT (push (h, 100), ==, GST_FLOW_OK);
  PF_CHECK_UINT (run_probe (h, 96, 301).units, ==, 3);
  PF_REQUIRE_INT (push (h, 100), ==, GST_FLOW_OK);
  p = pull (h, PAYLOAD, PF_FEC_GF16, 0);
  PF_REQUIRE_UINT (p->n, ==, 5);
  for (guint i = 0; i < p->n; i++)
    PF_CHECK_UINT (p->shards[i].frame, ==, i);
  g_free (p);
  gst_harness_teardown (h);
  endpoint_clear (&e);
}

/* Where there can be no filler, the answer is that none was sent. */
static void
test_probe_refused (void)
{
  for (guint i = 0; i < 3; i++) {
    GstHarness *h = harness (
        i == 0 ? "wire=gamestream fec=gf8 shard-payload=1008" : "", PACKETS);
    PfProbeDone done;
    Endpoint e;

    gst_harness_use_systemclock (h);
    endpoint_init (&e, h->sinkpad);
    endpoint_set_state (&e, i == 2 ? PF_SESSION_PENDING : PF_SESSION_NONE);
    if (i != 1) {
      gst_harness_set_src_caps_str (h, H264);
      PF_REQUIRE_INT (push (h, 100), ==, GST_FLOW_OK);
    }
    probe (h, 1000000, 20);
    done = wait_done (h);
    PF_CHECK_UINT (done.units, ==, 0);
    PF_CHECK_UINT (done.bytes, ==, 0);
    PF_CHECK_UINT (done.packets, ==, 0);
    gst_harness_teardown (h);
    endpoint_clear (&e);
  }
}

typedef struct {
  guint frames; /* whose parity came */
  guint filler, broken;
  guint32 frame, open; /* open: packets of the frame still to come */
} Order;

static GstPadProbeReturn
watch_order (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  PfBlockMeta *m = pf_buffer_get_block_meta (GST_PAD_PROBE_INFO_BUFFER (info));
  Order *o = data;

  (void) pad;
  if (!m)
    return GST_PAD_PROBE_OK;
  o->frames += m->part & PF_BLOCK_PARITY && !(m->part & PF_BLOCK_FILLER);
  o->filler += m->part & PF_BLOCK_FILLER ? 1 : 0;
  if (o->open > 0 && m->frame != o->frame)
    o->broken++;
  if (o->open == 0) {
    o->frame = m->frame;
    o->open = m->n_packets;
  }
  o->open -= MIN (m->n, o->open);
  return GST_PAD_PROBE_DROP;
}

/* Frames come while filler does: neither gets between the parts of the
 * other. Their numbers differ, so that a mix-up shows. */
static void
test_probe_between_frames (void)
{
  GstHarness *h = harness ("percentage=50", BLOCKS);
  const gint64 end = g_get_monotonic_time () + 10 * G_USEC_PER_SEC;
  Order o = { 0 };
  gboolean done = FALSE;
  guint frames = 0;

  gst_harness_use_systemclock (h);
  gst_harness_add_propose_allocation_meta (h, PF_BLOCK_META_API_TYPE, NULL);
  gst_harness_set_src_caps_str (h, H264);
  gst_pad_add_probe (
      h->sinkpad, GST_PAD_PROBE_TYPE_BUFFER, watch_order, &o, NULL);
  for (; frames < 5; frames++)
    PF_REQUIRE_INT (push (h, 200 * PAYLOAD), ==, GST_FLOW_OK);
  probe (h, 200000, 200);
  while (!done && g_get_monotonic_time () < end) {
    GstEvent *event;

    PF_REQUIRE_INT (push (h, 200 * PAYLOAD), ==, GST_FLOW_OK);
    frames++;
    while ((event = gst_harness_try_pull_event (h))) {
      PfProbeDone sent;

      done = done || pf_event_parse_probe_done (event, &sent);
      gst_event_unref (event);
    }
  }
  PF_CHECK (done);
  PF_CHECK_UINT (frames, >, 5);
  PF_CHECK_UINT (o.filler, >, 0);
  PF_CHECK_UINT (o.frames, ==, frames);
  PF_CHECK_UINT (o.broken, ==, 0);
  gst_harness_teardown (h);
}

/* A speed test of hours does not hold up a stop, a flush or the next one. */
static void
test_probe_ended (void)
{
  GstHarness *h = harness ("", PACKETS);
  PfProbeDone done;

  gst_harness_use_systemclock (h);
  gst_harness_set_src_caps_str (h, H264);
  PF_REQUIRE_INT (push (h, 100), ==, GST_FLOW_OK);
  probe (h, 96, 5000);
  probe (h, 96, 1);
  done = wait_done (h);
  PF_CHECK_UINT (done.ms, <, 5000);
  probe (h, 1000000, 5000);
  PF_CHECK (gst_harness_push_event (h, gst_event_new_flush_start ()));
  PF_CHECK (gst_harness_push_event (h, gst_event_new_flush_stop (TRUE)));
  probe (h, 1000000, 5000);
  gst_harness_teardown (h);
}

int
main (int argc, char **argv)
{
  gst_init (NULL, NULL);
  PF_TEST_ADD ("/fecenc/adaptive", test_adaptive);
  PF_TEST_ADD ("/fecenc/not-adaptive", test_not_adaptive);
  PF_TEST_ADD ("/fecenc/session/holds", test_session_holds);
  PF_TEST_ADD ("/fecenc/session/adaptive", test_session_adaptive);
  PF_TEST_ADD ("/fecenc/session/pending", test_session_pending);
  PF_TEST_ADD ("/fecenc/session/refused", test_session_refused);
  PF_TEST_ADD ("/fecenc/probe", test_probe);
  PF_TEST_ADD ("/fecenc/probe/bounds", test_probe_bounds);
  PF_TEST_ADD ("/fecenc/probe/shared", test_probe_shared);
  PF_TEST_ADD ("/fecenc/probe/refused", test_probe_refused);
  PF_TEST_ADD ("/fecenc/probe/between-frames", test_probe_between_frames);
  PF_TEST_ADD ("/fecenc/probe/ended", test_probe_ended);
  return pf_test_run (argc, argv);
}
