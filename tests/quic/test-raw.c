/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * pfquicsink and pfquicsrc with protocol=raw, against each other: bytes come
 * out as they went in, whoever listens; datagrams; waiting; the end; flushes
 * and states.
 */
#include <gst/check/gstharness.h>
#include <string.h>

#include "pf-test.h"
#include "quic-pair.h"

#define COMMON "protocol=raw "

static GstElement *
element_new (const gchar *line)
{
  GError *error = NULL;
  GstElement *e = gst_parse_launch (line, &error);

  if (error)
    pf_test_note ("%s", error->message);
  PF_REQUIRE (e != NULL && !error);
  return e;
}

/* A sender in a harness; made before or after the receiver, by role. */
static GstHarness *
sender_new (const gchar *settings, gint port)
{
  gchar *line = g_strdup_printf ("pfquicsink " COMMON
                                 "port=%d secure-connection=false %s",
      port, settings);
  GstElement *e = element_new (line);
  GstHarness *h = gst_harness_new_with_element (e, "raw", NULL);

  g_free (line);
  gst_object_unref (e);
  gst_harness_set_src_caps_str (h, "application/x-test");
  return h;
}

/* A receiver with a sink that keeps what comes. */
typedef struct {
  GstElement *pipeline, *src;
  GMutex lock;
  GCond cond;
  GByteArray *bytes;
  GArray *sizes; /* of buffers: guint */
  gboolean eos;
} Receiver;

static void
on_handoff (GstElement *sink, GstBuffer *buffer, GstPad *pad, gpointer user)
{
  Receiver *r = user;
  GstMapInfo map;
  guint size;

  (void) sink;
  (void) pad;
  if (!gst_buffer_map (buffer, &map, GST_MAP_READ))
    return;
  size = (guint) map.size;
  g_mutex_lock (&r->lock);
  g_byte_array_append (r->bytes, map.data, size);
  g_array_append_val (r->sizes, size);
  g_cond_broadcast (&r->cond);
  g_mutex_unlock (&r->lock);
  gst_buffer_unmap (buffer, &map);
}

static GstBusSyncReply
on_message (GstBus *bus, GstMessage *message, gpointer user)
{
  Receiver *r = user;

  (void) bus;
  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_EOS) {
    g_mutex_lock (&r->lock);
    r->eos = TRUE;
    g_cond_broadcast (&r->cond);
    g_mutex_unlock (&r->lock);
  }
  gst_message_unref (message);
  return GST_BUS_DROP;
}

static void
receiver_init (Receiver *r, const gchar *settings, gint port)
{
  gchar *line = g_strdup_printf (
      "pfquicsrc name=src " COMMON
      "port=%d secure-connection=false %s ! fakesink name=sink sync=false "
      "signal-handoffs=true",
      port, settings);
  GstElement *sink;
  GstBus *bus;

  memset (r, 0, sizeof *r);
  g_mutex_init (&r->lock);
  g_cond_init (&r->cond);
  r->bytes = g_byte_array_new ();
  r->sizes = g_array_new (FALSE, FALSE, sizeof (guint));
  r->pipeline = element_new (line);
  g_free (line);
  r->src = gst_bin_get_by_name (GST_BIN (r->pipeline), "src");
  sink = gst_bin_get_by_name (GST_BIN (r->pipeline), "sink");
  g_signal_connect (sink, "handoff", G_CALLBACK (on_handoff), r);
  gst_object_unref (sink);
  bus = gst_element_get_bus (r->pipeline);
  gst_bus_set_sync_handler (bus, on_message, r, NULL);
  gst_object_unref (bus);
  PF_REQUIRE_INT (gst_element_set_state (r->pipeline, GST_STATE_PLAYING), !=,
      GST_STATE_CHANGE_FAILURE);
}

static void
receiver_clear (Receiver *r)
{
  PF_CHECK_INT (gst_element_set_state (r->pipeline, GST_STATE_NULL), ==,
      GST_STATE_CHANGE_SUCCESS);
  gst_object_unref (r->src);
  gst_object_unref (r->pipeline);
  g_byte_array_unref (r->bytes);
  g_array_unref (r->sizes);
  g_mutex_clear (&r->lock);
  g_cond_clear (&r->cond);
}

static gint
port_of (GstElement *e)
{
  gint port;

  g_object_get (e, "port", &port, NULL);
  return port;
}

static gboolean
wait_for (Receiver *r, guint bytes, gboolean eos)
{
  const gint64 until = g_get_monotonic_time () + QUIC_WAIT_MS * 1000;
  gboolean ok;

  g_mutex_lock (&r->lock);
  while ((r->bytes->len < bytes || r->eos < eos) &&
         g_cond_wait_until (&r->cond, &r->lock, until))
    ;
  ok = r->bytes->len >= bytes && r->eos >= eos;
  g_mutex_unlock (&r->lock);
  return ok;
}

static GstBuffer *
buffer_of (const guint8 *bytes, gsize n)
{
  return gst_buffer_new_memdup (bytes, n);
}

/* Buffers of many sizes, one by one and in lists. */
static void
push_all (GstHarness *h, const guint8 *bytes, gsize n)
{
  gsize at = 0;

  while (at < n) {
    const gsize wish = 1 + pf_test_random_below (70000);
    const gsize size = MIN (wish, n - at);

    if (pf_test_random_below (3) == 0) {
      GstBufferList *list = gst_buffer_list_new ();

      gst_buffer_list_add (list, buffer_of (bytes + at, size / 2));
      gst_buffer_list_add (
          list, buffer_of (bytes + at + size / 2, size - size / 2));
      PF_REQUIRE_INT (gst_pad_push_list (h->srcpad, list), ==, GST_FLOW_OK);
    } else {
      PF_REQUIRE_INT (
          gst_harness_push (h, buffer_of (bytes + at, size)), ==, GST_FLOW_OK);
    }
    at += size;
  }
}

static void
carry (const gchar *from, const gchar *to, gboolean sender_first)
{
  enum { N = 3000000 };
  guint8 *bytes = g_malloc (N);
  GstHarness *h = NULL;
  guint64 counted;
  Receiver r;

  pf_test_random_bytes (bytes, N);
  if (sender_first)
    h = sender_new (from, 0);
  receiver_init (&r, to, h ? port_of (h->element) : 0);
  if (!h)
    h = sender_new (from, port_of (r.src));
  push_all (h, bytes, N);
  PF_CHECK (gst_harness_push_event (h, gst_event_new_eos ()));
  PF_REQUIRE (wait_for (&r, N, TRUE));
  PF_CHECK_UINT (r.bytes->len, ==, N);
  PF_REQUIRE_MEM (r.bytes->data, bytes, N);
  g_object_get (h->element, "bytes", &counted, NULL);
  PF_CHECK_UINT (counted, ==, N);
  g_object_get (r.src, "bytes", &counted, NULL);
  PF_CHECK_UINT (counted, ==, N);
  gst_harness_teardown (h);
  receiver_clear (&r);
  g_free (bytes);
}

static void
test_receiver_listens (void)
{
  carry ("", "role=server", FALSE);
}

static void
test_sender_listens (void)
{
  carry ("role=server", "", TRUE);
}

static void
test_reno (void)
{
  carry ("congestion-control=reno", "role=server", FALSE);
}

static void
test_bbr (void)
{
  carry ("congestion-control=bbr", "role=server", FALSE);
}

/* ---- Datagrams ---------------------------------------------------------- */

static void
test_datagrams (void)
{
  enum { N = 50 };
  guint8 bytes[2000];
  GstHarness *h;
  Receiver r;
  guint sum = 0;
  GstStructure *stats;
  guint64 too_large;

  receiver_init (&r, "role=server", 0);
  h = sender_new (
      "use-datagram=true drop-buffer-for-datagram=true", port_of (r.src));
  for (guint i = 0; i < N; i++) {
    memset (bytes, (int) i, sizeof bytes);
    PF_REQUIRE_INT (
        gst_harness_push (h, buffer_of (bytes, 100 + i)), ==, GST_FLOW_OK);
    sum += 100 + i;
  }
  PF_CHECK_INT (
      gst_harness_push (h, buffer_of (bytes, sizeof bytes)), ==, GST_FLOW_OK);
  PF_REQUIRE (wait_for (&r, sum, FALSE));
  PF_REQUIRE_UINT (r.sizes->len, ==, N);
  for (guint i = 0, at = 0; i < N; i++) {
    PF_CHECK_UINT (g_array_index (r.sizes, guint, i), ==, 100 + i);
    PF_CHECK_INT (r.bytes->data[at], ==, i);
    at += 100 + i;
  }
  g_object_get (h->element, "stats", &stats, NULL);
  PF_CHECK (gst_structure_get_uint64 (stats, "too-large", &too_large));
  PF_CHECK_UINT (too_large, ==, 1);
  gst_structure_free (stats);
  gst_harness_teardown (h);
  receiver_clear (&r);
}

/* Without leave to drop it, it is an error. */
static void
test_datagram_too_large (void)
{
  static const guint8 bytes[2000];
  GstHarness *h;
  Receiver r;

  receiver_init (&r, "role=server", 0);
  h = sender_new ("use-datagram=true", port_of (r.src));
  PF_CHECK_INT (gst_harness_push (h, buffer_of (bytes, sizeof bytes)), ==,
      GST_FLOW_ERROR);
  gst_harness_teardown (h);
  receiver_clear (&r);
}

/* ---- Waiting ------------------------------------------------------------ */

typedef struct {
  GstHarness *h;
  GstFlowReturn ret;
  gint done; /* atomic */
} Pusher;

static gpointer
push_until_it_ends (gpointer data)
{
  static const guint8 bytes[65536];
  Pusher *p = data;

  do
    p->ret = gst_harness_push (p->h, buffer_of (bytes, sizeof bytes));
  while (p->ret == GST_FLOW_OK);
  g_atomic_int_set (&p->done, 1);
  return NULL;
}

/* A receiver that takes nothing stops the sender; a flush lets it go. */
static void
test_backpressure (void)
{
  Pusher p = { 0 };
  GThread *thread;
  guint64 before, after;
  Receiver r;

  receiver_init (&r, "role=server receive-window=262144", 0);
  p.h = sender_new ("send-window=131072", port_of (r.src));
  gst_element_set_state (r.pipeline, GST_STATE_PAUSED);
  thread = g_thread_new ("pusher", push_until_it_ends, &p);
  do {
    g_object_get (p.h->element, "bytes", &before, NULL);
    g_usleep (300000);
    g_object_get (p.h->element, "bytes", &after, NULL);
  } while (after != before || after == 0);
  PF_CHECK_INT (g_atomic_int_get (&p.done), ==, 0);
  PF_CHECK_UINT (after, <=, 262144 + 131072 + 2 * 65536);
  gst_harness_push_event (p.h, gst_event_new_flush_start ());
  g_thread_join (thread);
  PF_CHECK_INT (p.ret, ==, GST_FLOW_FLUSHING);
  gst_harness_teardown (p.h);
  receiver_clear (&r);
}

/* Nobody listens: pushing waits no longer than the timeout. */
static void
test_nobody (void)
{
  static const guint8 byte;
  GstHarness *h = sender_new ("timeout=1", 9);

  PF_CHECK_INT (gst_harness_push (h, buffer_of (&byte, 1)), ==, GST_FLOW_ERROR);
  gst_harness_teardown (h);
}

/* READY while pushing waits for a connection. */
static void
test_stop_while_waiting (void)
{
  Pusher p = { 0 };
  GThread *thread;

  p.h = sender_new ("role=server", 0);
  thread = g_thread_new ("pusher", push_until_it_ends, &p);
  gst_element_set_state (p.h->element, GST_STATE_READY);
  g_thread_join (thread);
  PF_CHECK_INT (p.ret, ==, GST_FLOW_FLUSHING);
  gst_harness_teardown (p.h);
}

/* The same elements again, ten times. */
static void
test_cycles (void)
{
  static const guint8 bytes[1000];
  GstCaps *caps = gst_caps_new_empty_simple ("application/x-test");
  GstHarness *h = NULL;
  GstSegment segment;
  Receiver r;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  receiver_init (&r, "role=server", 0);
  h = sender_new ("", port_of (r.src));
  for (guint i = 0; i < 10; i++) {
    PF_REQUIRE_INT (
        gst_harness_push (h, buffer_of (bytes, sizeof bytes)), ==, GST_FLOW_OK);
    PF_REQUIRE (wait_for (&r, (i + 1) * sizeof bytes, FALSE));
    gst_element_set_state (h->element, GST_STATE_READY);
    gst_element_set_state (r.pipeline, GST_STATE_READY);
    gst_element_set_state (r.pipeline, GST_STATE_PLAYING);
    gst_element_set_state (h->element, GST_STATE_PLAYING);
    gst_harness_push_event (h, gst_event_new_stream_start ("again"));
    gst_harness_push_event (h, gst_event_new_caps (caps));
    gst_harness_push_event (h, gst_event_new_segment (&segment));
  }
  gst_caps_unref (caps);
  gst_harness_teardown (h);
  receiver_clear (&r);
}

/* By caps alone any template would do. */
static void
test_any_caps_link (void)
{
  GError *error = NULL;
  GstElement *e =
      gst_parse_launch ("fakesrc ! pfquicsink name=s protocol=raw", &error);
  GstElement *s;
  GstPad *pad;

  PF_REQUIRE (e != NULL && !error);
  s = gst_bin_get_by_name (GST_BIN (e), "s");
  pad = gst_element_get_static_pad (s, "raw");
  PF_CHECK (pad && gst_pad_is_linked (pad));
  gst_clear_object (&pad);
  gst_object_unref (s);
  gst_object_unref (e);
}

/* A certificate nobody vouches for is refused, unless it is pinned. */
static void
test_trust (void)
{
  static const guint8 byte;
  gchar *settings;
  GstStructure *stats;
  const gchar *seen;
  GstHarness *h;
  Receiver r;

  receiver_init (&r, "role=server", 0);
  h = sender_new ("secure-connection=true", port_of (r.src));
  PF_CHECK_INT (gst_harness_push (h, buffer_of (&byte, 1)), ==, GST_FLOW_ERROR);
  gst_harness_teardown (h);

  h = sender_new ("", port_of (r.src));
  PF_REQUIRE_INT (gst_harness_push (h, buffer_of (&byte, 1)), ==, GST_FLOW_OK);
  g_object_get (h->element, "stats", &stats, NULL);
  seen = gst_structure_get_string (stats, "peer-fingerprint");
  PF_REQUIRE (seen != NULL);
  settings = g_strdup_printf ("secure-connection=true pin=%s", seen);
  gst_structure_free (stats);
  gst_harness_teardown (h);
  receiver_clear (&r);

  /* another server has another certificate: the pin does not fit */
  receiver_init (&r, "role=server", 0);
  h = sender_new (settings, port_of (r.src));
  PF_CHECK_INT (gst_harness_push (h, buffer_of (&byte, 1)), ==, GST_FLOW_ERROR);
  g_free (settings);
  gst_harness_teardown (h);
  receiver_clear (&r);
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  PF_TEST_ADD ("/raw/receiver-listens", test_receiver_listens);
  PF_TEST_ADD ("/raw/sender-listens", test_sender_listens);
  PF_TEST_ADD ("/raw/reno", test_reno);
  PF_TEST_ADD ("/raw/bbr", test_bbr);
  PF_TEST_ADD ("/raw/datagrams", test_datagrams);
  PF_TEST_ADD ("/raw/datagram-too-large", test_datagram_too_large);
  PF_TEST_ADD ("/raw/backpressure", test_backpressure);
  PF_TEST_ADD ("/raw/nobody", test_nobody);
  PF_TEST_ADD ("/raw/stop-while-waiting", test_stop_while_waiting);
  PF_TEST_ADD ("/raw/any-caps-link", test_any_caps_link);
  PF_TEST_ADD ("/raw/cycles", test_cycles);
  PF_TEST_ADD ("/raw/trust", test_trust);
  return pf_test_run (argc, argv);
}
