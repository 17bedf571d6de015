/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Parts of pf-client without a network: what a window's events become, key
 * combinations that stay here, and the figures of a report.
 */
#include "input.h"
#include "measure.h"
#include "pf-json.h"
#include "pf-report.h"
#include "pf-test.h"

#include <gst/video/navigation.h>
#include <linux/input-event-codes.h>
#include <string.h>

/* ---- Keys and pointer ----------------------------------------------------- */

typedef struct {
  PfKeyboard state;
  PfInput out[2];
  PfHotkey hotkey;
} Window;

static guint
give (Window *w, GstEvent *event)
{
  const guint n =
      pf_input_translate (&w->state, event, 1280, 720, w->out, &w->hotkey);

  gst_event_unref (event);
  return n;
}

static guint
press (Window *w, const gchar *key)
{
  return give (w,
      gst_navigation_event_new_key_press (key, GST_NAVIGATION_MODIFIER_NONE));
}

static guint
lift (Window *w, const gchar *key)
{
  return give (w,
      gst_navigation_event_new_key_release (key, GST_NAVIGATION_MODIFIER_NONE));
}

static guint
move (Window *w, gdouble x, gdouble y)
{
  return give (w,
      gst_navigation_event_new_mouse_move (x, y, GST_NAVIGATION_MODIFIER_NONE));
}

static void
test_keys (void)
{
  Window w = { 0 };

  PF_CHECK_UINT (press (&w, "a"), ==, 1);
  PF_CHECK_UINT (w.out[0].kind, ==, PF_INPUT_KEY);
  PF_CHECK_UINT (w.out[0].code, ==, KEY_A);
  PF_CHECK_UINT (w.out[0].state, ==, PF_INPUT_DOWN);
  /* the window repeats; the host does that itself */
  PF_CHECK_UINT (press (&w, "a"), ==, 0);
  PF_CHECK_UINT (lift (&w, "a"), ==, 1);
  PF_CHECK_UINT (w.out[0].state, ==, PF_INPUT_UP);
  PF_CHECK_UINT (lift (&w, "a"), ==, 0);
  PF_CHECK_UINT (press (&w, "A"), ==, 1);
  PF_CHECK_UINT (w.out[0].code, ==, KEY_A);
  lift (&w, "A");
  PF_CHECK_UINT (press (&w, "XF86NoSuchKey"), ==, 0);
  PF_CHECK_UINT (press (&w, "KP_Enter"), ==, 1);
  PF_CHECK_UINT (w.out[0].code, ==, KEY_KPENTER);
}

/* The letter of a combination never reaches the host, and what it has seen go
 * down is let go. */
static void
test_hotkeys (void)
{
  Window w = { 0 };

  PF_CHECK_UINT (press (&w, "Control_L"), ==, 1);
  PF_CHECK_UINT (press (&w, "Alt_L"), ==, 1);
  PF_CHECK_UINT (press (&w, "q"), ==, 1); /* not all three */
  PF_CHECK_INT (w.hotkey, ==, PF_HOTKEY_NONE);
  lift (&w, "q");
  PF_CHECK_UINT (press (&w, "Shift_L"), ==, 1);
  PF_CHECK_UINT (press (&w, "q"), ==, 1);
  PF_CHECK_INT (w.hotkey, ==, PF_HOTKEY_QUIT);
  PF_CHECK_UINT (w.out[0].kind, ==, PF_INPUT_RELEASE);
  PF_CHECK_UINT (press (&w, "q"), ==, 1); /* repeated: again a combination */
  PF_CHECK_UINT (lift (&w, "q"), ==, 0);
  PF_CHECK_UINT (lift (&w, "Shift_L"), ==, 0);
  PF_CHECK_UINT (lift (&w, "Alt_L"), ==, 0);
  PF_CHECK_UINT (lift (&w, "Control_L"), ==, 0);
}

static void
test_keep_here (void)
{
  Window w = { 0 };

  press (&w, "Control_L");
  press (&w, "Alt_L");
  press (&w, "Shift_L");
  PF_CHECK_UINT (press (&w, "z"), ==, 1);
  PF_CHECK_INT (w.hotkey, ==, PF_HOTKEY_CAPTURE);
  lift (&w, "z");
  lift (&w, "Control_L");
  lift (&w, "Alt_L");
  lift (&w, "Shift_L");
  PF_CHECK_UINT (press (&w, "a"), ==, 0);
  PF_CHECK_UINT (lift (&w, "a"), ==, 0);
  PF_CHECK_UINT (move (&w, 3, 4), ==, 0);
  press (&w, "Control_L");
  press (&w, "Alt_L");
  press (&w, "Shift_L");
  press (&w, "z");
  lift (&w, "z");
  PF_CHECK_UINT (press (&w, "a"), ==, 1);
}

static void
test_pointer (void)
{
  Window w = { 0 };

  PF_CHECK_UINT (move (&w, 640, 180), ==, 1);
  PF_CHECK_UINT (w.out[0].kind, ==, PF_INPUT_POINTER_ABS);
  PF_CHECK (w.out[0].x == 0.5 && w.out[0].y == 0.25);
  PF_CHECK_UINT (move (&w, -5, 9999), ==, 1);
  PF_CHECK (w.out[0].x == 0 && w.out[0].y == 1);
  PF_CHECK_UINT (give (&w, gst_navigation_event_new_mouse_button_press (
                               3, 1, 1, GST_NAVIGATION_MODIFIER_NONE)),
      ==, 1);
  PF_CHECK_UINT (w.out[0].kind, ==, PF_INPUT_BUTTON);
  PF_CHECK_UINT (w.out[0].code, ==, BTN_RIGHT);
  /* the wheel of X */
  PF_CHECK_UINT (give (&w, gst_navigation_event_new_mouse_button_press (
                               5, 1, 1, GST_NAVIGATION_MODIFIER_NONE)),
      ==, 1);
  PF_CHECK_UINT (w.out[0].kind, ==, PF_INPUT_SCROLL);
  PF_CHECK (w.out[0].x == 0 && w.out[0].y == 120);
  PF_CHECK_UINT (give (&w, gst_navigation_event_new_mouse_button_release (
                               5, 1, 1, GST_NAVIGATION_MODIFIER_NONE)),
      ==, 0);
  /* relative */
  press (&w, "Control_R");
  press (&w, "Alt_R");
  press (&w, "Shift_R");
  press (&w, "m");
  PF_CHECK_INT (w.hotkey, ==, PF_HOTKEY_MOUSE);
  PF_CHECK_UINT (move (&w, 100, 100), ==, 0); /* from where? */
  PF_CHECK_UINT (move (&w, 103, 98), ==, 1);
  PF_CHECK_UINT (w.out[0].kind, ==, PF_INPUT_POINTER_REL);
  PF_CHECK (w.out[0].x == 3 && w.out[0].y == -2);
}

/* ---- Figures --------------------------------------------------------------- */

static PfJsonDoc *
report (PfMeasure *m, gboolean whole)
{
  g_autoptr (JsonBuilder) b = json_builder_new ();
  g_autofree gchar *line = NULL;
  PfJsonDoc *doc;

  json_builder_begin_object (b);
  pf_measure_report (m, b, whole);
  json_builder_end_object (b);
  line = pf_report_line (b);
  doc = pf_json_parse (line, strlen (line), NULL, 0);
  PF_REQUIRE (doc);
  return doc;
}

static gint64
percentile (const PfJsonDoc *doc, const gchar *stage, const gchar *since,
    const gchar *p)
{
  const PfJson *at = pf_json_member (
      pf_json_member (pf_json_member (pf_json_root (doc), "stages-us"), stage),
      since);
  int64_t value = -1;

  pf_json_int64 (pf_json_member (at, p), &value);
  return value;
}

/* A hundred frames, each a microsecond slower than the one before; the host's
 * clock is an hour ahead. */
static void
test_figures (void)
{
  const guint64 hour = G_GUINT64_CONSTANT (3600) * GST_SECOND;
  const guint64 begin = G_GUINT64_CONSTANT (1700000000) * GST_SECOND;
  g_autoptr (PfMeasure) m = pf_measure_new ();
  PfJsonDoc *doc;
  PfCounts n;

  pf_measure_set_offset (m, (gint64) hour);
  for (guint i = 0; i < 100; i++) {
    const guint64 taken = begin + i * GST_MSECOND;
    const guint64 arrived = taken + (1000 + i) * GST_USECOND;

    pf_measure_frame (
        m, i, taken + hour, arrived, arrived + 50 * GST_USECOND, 1000);
    pf_measure_stage (m, i, PF_STAGE_DECODED, arrived + 250 * GST_USECOND);
    pf_measure_stage (m, i, PF_STAGE_PRESENTED, arrived + 260 * GST_USECOND);
  }
  doc = report (m, TRUE);
  PF_CHECK_INT (
      percentile (doc, "last-packet", "since-capture", "p50"), ==, 1050);
  PF_CHECK_INT (
      percentile (doc, "last-packet", "since-capture", "p99"), ==, 1099);
  PF_CHECK_INT (percentile (doc, "reassembled", "since-before", "p95"), ==, 50);
  PF_CHECK_INT (percentile (doc, "decoded", "since-before", "p50"), ==, 200);
  PF_CHECK_INT (percentile (doc, "presented", "since-before", "p50"), ==, 10);
  PF_CHECK_INT (
      percentile (doc, "presented", "since-capture", "p95"), ==, 1355);
  pf_json_free (doc);
  /* an interval's report forgets what the one before had */
  doc = report (m, FALSE);
  PF_CHECK_INT (percentile (doc, "decoded", "since-before", "p50"), ==, -1);
  pf_json_free (doc);
  pf_measure_counts (m, &n);
  PF_CHECK_UINT (n.frames, ==, 100);
  PF_CHECK_UINT (n.presented, ==, 100);
  PF_CHECK_UINT (n.bytes, ==, 100000);
}

static void
test_numbers (void)
{
  g_autoptr (PfMeasure) m = pf_measure_new ();
  static const guint32 seen[] = { G_MAXUINT32 - 1, G_MAXUINT32, 0, 1, 5, 5, 3,
    4 };
  PfCounts n;

  for (guint i = 0; i < G_N_ELEMENTS (seen); i++)
    pf_measure_number (m, seen[i]);
  pf_measure_no_number (m);
  pf_measure_counts (m, &n);
  PF_CHECK_UINT (n.verified, ==, 5); /* the first, three around 0, the last */
  PF_CHECK_UINT (n.missing, ==, 3);
  PF_CHECK_UINT (n.backwards, ==, 2);
  PF_CHECK_UINT (n.unreadable, ==, 1);
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  PF_TEST_ADD ("/input/keys", test_keys);
  PF_TEST_ADD ("/input/hotkeys", test_hotkeys);
  PF_TEST_ADD ("/input/keep-here", test_keep_here);
  PF_TEST_ADD ("/input/pointer", test_pointer);
  PF_TEST_ADD ("/measure/figures", test_figures);
  PF_TEST_ADD ("/measure/numbers", test_numbers);
  return pf_test_run (argc, argv);
}
