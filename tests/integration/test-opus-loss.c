/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * pfopusdec where packets are missing, late, damaged or of another stream: the
 * right sound at the right time, and never a hole that is not told.
 */
#include <math.h>
#include <string.h>

#include "opus-trip.h"
#include "pf-test.h"

/* ---- Losses ------------------------------------------------------------- */

/* How a receiver finds out. TOLD: by number, and what is behind a loss is marked
 * as discontinuous, as sources do. */
typedef enum { BY_NUMBER, BY_TIME, BY_GAP, TOLD } Sign;

/* One packet in ten, singly and in twos, in the order of a tone's sound. */
static guint
lose (Trip *trip, Sign sign)
{
  guint lost = 0;

  for (guint i = 10; i < trip->n_packets - 10; i++) {
    if (i % 20 == 3 || i % 40 == 4) {
      gst_clear_buffer (&trip->packets[i]);
      lost++;
    } else if (sign == TOLD && !trip->packets[i - 1]) {
      trip->packets[i] = gst_buffer_make_writable (trip->packets[i]);
      GST_BUFFER_FLAG_SET (trip->packets[i], GST_BUFFER_FLAG_DISCONT);
    } else if (sign == BY_TIME || sign == BY_GAP) {
      trip->packets[i] = gst_buffer_make_writable (trip->packets[i]);
      GST_BUFFER_OFFSET (trip->packets[i]) = GST_BUFFER_OFFSET_NONE;
    }
  }
  return lost;
}

static void
run_loss (const void *data)
{
  const Sign sign = *(const Sign *) data;
  Trip trip = { .channels = 6, .settings = "" };
  GstHarness *h;
  guint lost;

  trip_tones (&trip, 100 * FRAME);
  trip_encode (&trip);
  lost = lose (&trip, sign);
  PF_CHECK_UINT (lost, >, 4);
  h = trip_decoder (&trip, "pfopusdec");
  for (guint i = 0; i < trip.n_packets; i++)
    if (trip.packets[i])
      PF_CHECK_INT (gst_harness_push (h, gst_buffer_ref (trip.packets[i])), ==,
          GST_FLOW_OK);
    else if (sign == BY_GAP)
      PF_CHECK (gst_harness_push_event (
          h, gst_event_new_gap (
                 i * 5 * GST_MSECOND - 2500 * GST_USECOND, 5 * GST_MSECOND)));
  trip_take_sound (&trip, h);
  trip_read_stats (&trip, h->element);
  gst_harness_teardown (h);
  PF_CHECK_UINT (trip.concealed, ==, lost);
  PF_CHECK_UINT (trip.late, ==, 0);
  PF_CHECK_UINT (trip.resyncs, ==, 0);
  /* not a hole, and still the right sound at the right time */
  PF_CHECK_UINT (trip.n_out, ==, trip.n_in);
  pf_test_note ("%.1f dB", trip_signal_to_noise (&trip, 960, trip.n_in - 480));
  PF_CHECK (trip_signal_to_noise (&trip, 960, trip.n_in - 480) > 6);
  trip_check_speakers (&trip, 15);
  trip_clear (&trip);
}

/* Speech packets that hold the one before them give it back. */
static void
test_recovery (void)
{
  Trip trip = { .channels = 2,
    .settings = "application=voip frame-us=20000 bitrate-kbps=48 "
                "loss-percent=20" };

  trip_tones (&trip, RATE);
  trip_encode (&trip);
  for (guint i = 10; i < trip.n_packets - 5; i += 5)
    gst_clear_buffer (&trip.packets[i]);
  trip_decode (&trip, "pfopusdec");
  PF_CHECK_UINT (trip.concealed, >, 4);
  PF_CHECK_UINT (trip.recovered, ==, trip.concealed);
  trip_clear (&trip);
}

/* A long loss is not made up, and time goes on where it should. */
static void
test_long_loss (void)
{
  Trip trip = { .channels = 2, .settings = "" };
  gdouble sum = 0;

  trip_tones (&trip, 200 * FRAME);
  trip_encode (&trip);
  for (guint i = 50; i < 90; i++)
    gst_clear_buffer (&trip.packets[i]);
  trip_decode (&trip, "pfopusdec max-conceal-ms=50");
  PF_CHECK_UINT (trip.concealed, ==, 0);
  PF_CHECK_UINT (trip.resyncs, ==, 1);
  PF_CHECK_UINT (trip.n_out, ==, trip.n_in - 40 * FRAME);
  for (gsize i = 52 * FRAME; i < 2 * 89 * FRAME; i++)
    sum += i / 2 > 52 * FRAME ? fabs (trip.out[i]) : 0;
  PF_CHECK (sum < 1e-3);
  PF_CHECK (trip_signal_to_noise (&trip, 100 * FRAME, 190 * FRAME) > 10);
  trip_clear (&trip);
}

/* Twice, and after their turn. */
static void
test_late (void)
{
  Trip trip = { .channels = 2, .settings = "" };
  GstBuffer *swap;

  trip_tones (&trip, 60 * FRAME);
  trip_encode (&trip);
  trip.packets[trip.n_packets] = gst_buffer_ref (trip.packets[30]);
  trip.n_packets++;
  swap = trip.packets[20];
  trip.packets[20] = trip.packets[21];
  trip.packets[21] = swap;
  trip_decode (&trip, "pfopusdec");
  PF_CHECK_UINT (trip.late, ==, 2);
  PF_CHECK_UINT (trip.concealed, ==, 1);
  PF_CHECK_UINT (trip.n_out, ==, trip.n_in);
  trip_clear (&trip);
}

/* Numbers of 32 bits begin again. */
static void
test_wrap (void)
{
  Trip trip = { .channels = 2, .settings = "" };

  trip_tones (&trip, 40 * FRAME);
  trip_encode (&trip);
  for (guint i = 0; i < trip.n_packets; i++) {
    trip.packets[i] = gst_buffer_make_writable (trip.packets[i]);
    GST_BUFFER_OFFSET (trip.packets[i]) = (guint32) (i - 20);
    GST_BUFFER_OFFSET_END (trip.packets[i]) =
        GST_BUFFER_OFFSET (trip.packets[i]) + 1;
  }
  gst_clear_buffer (&trip.packets[20]);
  trip_decode (&trip, "pfopusdec");
  PF_CHECK_UINT (trip.concealed, ==, 1);
  PF_CHECK_UINT (trip.late + trip.resyncs, ==, 0);
  PF_CHECK_UINT (trip.n_out, ==, trip.n_in);
  trip_clear (&trip);
}

/* Anything may come from outside. */
static void
test_damage (void)
{
  Trip trip = { .channels = 8, .settings = "" };
  guint64 n = 0;

  trip_tones (&trip, 100 * FRAME);
  trip_encode (&trip);
  for (guint i = 5; i < trip.n_packets - 5; i += 2) {
    const gsize size = 1 + pf_test_random_below (400);
    guint8 *bytes = g_malloc (size);

    pf_test_random_bytes (bytes, size);
    if (i % 4 == 1)
      bytes[0] |= 3; /* any number of frames */
    trip.packets[i] = gst_buffer_make_writable (trip.packets[i]);
    gst_buffer_replace_all_memory (trip.packets[i],
        gst_memory_new_wrapped (0, bytes, size, 0, size, bytes, g_free));
    n++;
  }
  trip_decode (&trip, "pfopusdec");
  PF_CHECK_UINT (trip.damaged, >, n / 2);
  PF_CHECK_UINT (trip.damaged, <=, n);
  PF_CHECK_UINT (trip.concealed, ==, trip.damaged);
  trip_clear (&trip);
}

/* ---- Flushing -------------------------------------------------------------- */

static void
flush (GstHarness *h)
{
  GstSegment segment;

  PF_CHECK (gst_harness_push_event (h, gst_event_new_flush_start ()));
  PF_CHECK (gst_harness_push_event (h, gst_event_new_flush_stop (TRUE)));
  gst_segment_init (&segment, GST_FORMAT_TIME);
  PF_CHECK (gst_harness_push_event (h, gst_event_new_segment (&segment)));
}

/* What was before a flush is not heard after it. */
static void
test_flush (void)
{
  Trip trip = { .channels = 2, .settings = "" },
       after = { .channels = 2, .settings = "" };
  GstHarness *h;

  trip_tones (&trip, 20 * FRAME);
  trip_tones (&after, 20 * FRAME);
  memset (after.in, 0, after.n_in * 2 * sizeof (gfloat));
  h = trip_encoder (&trip);
  PF_CHECK_INT (gst_harness_push (h, trip_chunk (&trip, 0, 10 * FRAME + 100)),
      ==, GST_FLOW_OK);
  trip_take_packets (&trip, h);
  PF_CHECK_UINT (trip.n_packets, ==, 10);
  flush (h);
  PF_CHECK_INT (gst_harness_push (h, trip_chunk (&after, 0, 20 * FRAME)), ==,
      GST_FLOW_OK);
  trip_take_packets (&after, h);
  PF_CHECK_UINT (after.n_packets, ==, 20);
  PF_CHECK_UINT (GST_BUFFER_PTS (after.packets[0]), ==, 0);
  PF_CHECK_UINT (GST_BUFFER_OFFSET (after.packets[0]), ==, 10);
  gst_harness_teardown (h);

  h = trip_decoder (&trip, "pfopusdec");
  for (guint i = 0; i < 10; i++)
    PF_CHECK_INT (gst_harness_push (h, gst_buffer_ref (trip.packets[i])), ==,
        GST_FLOW_OK);
  trip_take_sound (&trip, h);
  flush (h);
  after.out = g_new0 (gfloat, (after.n_in + 8000) * 2);
  for (guint i = 0; i < 20; i++)
    PF_CHECK_INT (gst_harness_push (h, gst_buffer_ref (after.packets[i])), ==,
        GST_FLOW_OK);
  trip_take_sound (&after, h);
  trip_read_stats (&after, h->element);
  PF_CHECK_UINT (after.concealed + after.late + after.resyncs, ==, 0);
  for (gsize i = 0; i < 2 * 20 * FRAME; i++)
    PF_CHECK (fabs (after.out[i]) < 1e-3);
  gst_harness_teardown (h);
  trip_clear (&trip);
  trip_clear (&after);
}

int
main (int argc, char **argv)
{
  static const Sign by_number = BY_NUMBER, by_time = BY_TIME, by_gap = BY_GAP,
                    told = TOLD;

  gst_init (&argc, &argv);
  pf_test_add_data ("/opus/loss/number", run_loss, &by_number);
  pf_test_add_data ("/opus/loss/time", run_loss, &by_time);
  pf_test_add_data ("/opus/loss/gap", run_loss, &by_gap);
  pf_test_add_data ("/opus/loss/told", run_loss, &told);
  PF_TEST_ADD ("/opus/recovery", test_recovery);
  PF_TEST_ADD ("/opus/long-loss", test_long_loss);
  PF_TEST_ADD ("/opus/late", test_late);
  PF_TEST_ADD ("/opus/wrap", test_wrap);
  PF_TEST_ADD ("/opus/damage", test_damage);
  PF_TEST_ADD ("/opus/flush", test_flush);
  return pf_test_run (argc, argv);
}
