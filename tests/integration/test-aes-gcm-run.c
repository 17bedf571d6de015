/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * pfaesgcm: its runs, states and threads. That no nonce comes twice under a key
 * is tested in tests/security.
 */
#include "aes-gcm-common.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A key does not change its packet format: nonces of two could meet. */
static void
test_wire_change (void)
{
  GstHarness *h = sealer ("packet", "punktfunk1");
  GstBus *bus = own_bus (h->element);
  gchar *text = caps_for ("packet", "gamestream", "false");
  GstCaps *caps = gst_caps_from_string (text);

  gst_harness_push_event (h, gst_event_new_caps (caps));
  expect_error (
      bus, GST_STREAM_ERROR, GST_STREAM_ERROR_FORMAT, "life of a key");
  gst_element_set_bus (h->element, NULL);
  gst_object_unref (bus);
  gst_caps_unref (caps);
  g_free (text);
  gst_harness_teardown (h);
}

static void
test_states (void)
{
  gchar *s = setting ("seal", file);
  gchar *line = g_strdup_printf ("pfaesgcm %s", s);
  GstElement *e = gst_parse_launch (line, NULL);

  for (guint i = 0; i < 30; i++) {
    PF_CHECK_INT (gst_element_set_state (e, GST_STATE_PLAYING), ==,
        GST_STATE_CHANGE_SUCCESS);
    PF_CHECK_INT (
        gst_element_set_state (e, i % 2 ? GST_STATE_NULL : GST_STATE_READY), ==,
        GST_STATE_CHANGE_SUCCESS);
  }
  gst_element_set_state (e, GST_STATE_NULL);
  gst_object_unref (e);
  g_free (line);
  g_free (s);
}

/* Queues between the two ends, a tee that holds every buffer once more, and
 * flushes and state changes from another thread meanwhile. */
static void
test_threads (void)
{
  const PfWire *wire = pf_wire_find ("punktfunk1");
  PfSlabPool *pool = pf_slab_pool_new ();
  gchar *line = g_strdup_printf (
      "queue ! pfaesgcm name=seal key-file=%s ! tee name=t ! queue ! "
      "pfaesgcm name=open mode=open key-file=%s  t. ! queue ! fakesink "
      "async=false sync=false",
      file, file);
  GstElement *bin = gst_parse_bin_from_description (line, FALSE, NULL);
  GstElement *open, *first;
  GPtrArray *plain = packets_new (), *got = packets_new ();
  GstHarness *h;
  GstPad *pad;
  gchar *in = caps_for ("packet", "punktfunk1", "false");

  open = gst_bin_get_by_name (GST_BIN (bin), "open");
  pad = gst_element_get_static_pad (open, "src");
  gst_element_add_pad (bin, gst_ghost_pad_new ("src", pad));
  gst_object_unref (pad);
  gst_object_unref (open);
  pad = gst_bin_find_unlinked_pad (GST_BIN (bin), GST_PAD_SINK);
  first = gst_pad_get_parent_element (pad);
  gst_element_add_pad (bin, gst_ghost_pad_new ("sink", pad));
  gst_object_unref (pad);
  gst_object_unref (first);
  h = gst_harness_new_with_element (bin, "sink", "src");
  gst_object_unref (bin);
  gst_harness_set_src_caps_str (h, in);
  for (guint i = 0; i < 50; i++) {
    GstBuffer *b = block_new (pool, wire, 10, 8, 16);

    append_packets (plain, b);
    PF_REQUIRE_INT (push_list (h, pf_block_split (b)), ==, GST_FLOW_OK);
  }
  while (got->len < plain->len) {
    GstBuffer *b = gst_harness_pull (h);

    PF_REQUIRE (b != NULL);
    append_packets (got, b);
    gst_buffer_unref (b);
  }
  check_packets (plain, got);
  PF_CHECK_UINT (counter_of (h, "open", "packets"), ==, 500);
  PF_CHECK_UINT (counter_of (h, "open", "rejected"), ==, 0);
  PF_CHECK_UINT (counter_of (h, "seal", "copies"), ==, 0);
  g_ptr_array_unref (plain);
  gst_harness_teardown (h);
  pf_slab_pool_free (pool);
  g_free (in);
  g_free (line);
}

/* Starting and stopping while another thread pushes. */
static void
test_stress (void)
{
  GstHarness *h = sealer ("packet", "punktfunk1");
  GstHarnessThread *push, *states;
  GstCaps *caps = gst_pad_get_current_caps (h->srcpad);
  GstBuffer *b = gst_buffer_new_allocate (NULL, 500, NULL);
  GstSegment segment;

  gst_buffer_memset (b, 0, 7, 500);
  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_harness_set_drop_buffers (h, TRUE);
  push = gst_harness_stress_push_buffer_start (h, caps, &segment, b);
  states = gst_harness_stress_statechange_start_full (h, 500);
  g_usleep (300000);
  PF_CHECK_UINT (gst_harness_stress_thread_stop (states), >, 0);
  PF_CHECK_UINT (gst_harness_stress_thread_stop (push), >, 0);
  gst_buffer_unref (b);
  gst_caps_unref (caps);
  gst_harness_teardown (h);
}

int
main (int argc, char **argv)
{
  int ret;

  common_init ();
  PF_TEST_ADD ("/aesgcm/wire-change", test_wire_change);
  PF_TEST_ADD ("/aesgcm/states", test_states);
  PF_TEST_ADD ("/aesgcm/threads", test_threads);
  PF_TEST_ADD ("/aesgcm/stress", test_stress);
  ret = pf_test_run (argc, argv);
  common_end ();
  return ret;
}
