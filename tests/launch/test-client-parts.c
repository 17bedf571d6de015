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
  PfInputs inputs;
  PfInput *out;
  PfHotkey hotkey;
} Window;

static guint
give (Window *w, GstEvent *event)
{
  w->hotkey =
      pf_input_from_navigation (&w->state, event, 1280, 720, &w->inputs);
  w->out = w->inputs.list;
  gst_event_unref (event);
  return w->inputs.n;
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
  PF_CHECK_UINT (press (&w, "q"), ==, 3);
  PF_CHECK_INT (w.hotkey, ==, PF_HOTKEY_QUIT);
  for (guint i = 0; i < 3; i++) {
    static const guint codes[] = { KEY_LEFTSHIFT, KEY_LEFTALT, KEY_LEFTCTRL };

    PF_CHECK_UINT (w.out[i].kind, ==, PF_INPUT_KEY);
    PF_CHECK_UINT (w.out[i].code, ==, codes[i]);
    PF_CHECK_UINT (w.out[i].state, ==, PF_INPUT_UP);
  }
  PF_CHECK_UINT (press (&w, "q"), ==, 0); /* repeated */
  PF_CHECK_INT (w.hotkey, ==, PF_HOTKEY_NONE);
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
  PF_CHECK_UINT (press (&w, "z"), ==, 3);
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

/* ---- Windows of our own ---------------------------------------------------- */

static guint
tell (Window *w, PfWindowEvent event)
{
  w->hotkey = pf_input_from_window (&w->state, &event, &w->inputs);
  w->out = w->inputs.list;
  return w->inputs.n;
}

static guint
key (Window *w, guint code, guint label, PfInputState state)
{
  return tell (w, (PfWindowEvent){ .kind = PF_WINDOW_KEY,
                      .code = code,
                      .label = label,
                      .state = state });
}

/* What is held when the window loses the focus is let go, buttons and fingers
 * too, and the releases that come later are nothing new. */
static void
test_focus (void)
{
  const PfWindowEvent lost = { .kind = PF_WINDOW_FOCUS, .state = PF_INPUT_UP };
  Window w = { 0 };

  key (&w, KEY_W, 'w', PF_INPUT_DOWN);
  key (&w, KEY_LEFTCTRL, 0, PF_INPUT_DOWN);
  tell (&w, (PfWindowEvent){ .kind = PF_WINDOW_BUTTON,
                .code = BTN_EXTRA,
                .state = PF_INPUT_DOWN });
  tell (&w, (PfWindowEvent){
                .kind = PF_WINDOW_TOUCH, .code = 3, .state = PF_INPUT_DOWN });
  PF_CHECK_UINT (tell (&w, lost), ==, 4);
  PF_CHECK_UINT (w.out[0].kind, ==, PF_INPUT_BUTTON);
  PF_CHECK_UINT (w.out[0].code, ==, BTN_EXTRA);
  PF_CHECK_UINT (w.out[1].code, ==, KEY_LEFTCTRL);
  PF_CHECK_UINT (w.out[2].code, ==, KEY_W);
  PF_CHECK_UINT (w.out[3].kind, ==, PF_INPUT_TOUCH);
  PF_CHECK_UINT (w.out[3].code, ==, 3);
  for (guint i = 0; i < 4; i++)
    PF_CHECK_UINT (w.out[i].state, ==, PF_INPUT_UP);
  PF_CHECK_UINT (key (&w, KEY_W, 'w', PF_INPUT_UP), ==, 0);
  PF_CHECK_UINT (tell (&w, lost), ==, 0);
}

/* By what is written on the key: Q of a French keyboard is where A is. */
static void
test_labels (void)
{
  Window w = { 0 };

  key (&w, KEY_LEFTCTRL, 0, PF_INPUT_DOWN);
  key (&w, KEY_LEFTALT, 0, PF_INPUT_DOWN);
  key (&w, KEY_LEFTSHIFT, 0, PF_INPUT_DOWN);
  PF_CHECK_UINT (key (&w, KEY_Q, 'a', PF_INPUT_DOWN), ==, 1);
  PF_CHECK_INT (w.hotkey, ==, PF_HOTKEY_NONE);
  PF_CHECK_UINT (w.out[0].code, ==, KEY_Q); /* the place is what goes */
  key (&w, KEY_Q, 'a', PF_INPUT_UP);
  key (&w, KEY_X, 0, PF_INPUT_DOWN); /* no Latin letters at all */
  PF_CHECK_INT (w.hotkey, ==, PF_HOTKEY_FULLSCREEN);
  key (&w, KEY_X, 0, PF_INPUT_UP);
  key (&w, KEY_A, 'q', PF_INPUT_DOWN);
  PF_CHECK_INT (w.hotkey, ==, PF_HOTKEY_QUIT);
}

/* What the wire cannot say at once is not lost: it has whole numbers. */
static void
test_parts (void)
{
  PfWindowEvent move = { .kind = PF_WINDOW_MOVE, .x = 0.25, .y = -0.75 };
  PfWindowEvent scroll = {
    .kind = PF_WINDOW_SCROLL, .fine = TRUE, .x = 40.5, .y = -0.5
  };
  gdouble x = 0, y = 0;
  Window w = { 0 };

  for (guint i = 0; i < 8; i++)
    if (tell (&w, move)) {
      PF_CHECK (w.out[0].x == (gint) w.out[0].x);
      x += w.out[0].x;
      y += w.out[0].y;
    }
  PF_CHECK (x == 2 && y == -6);
  PF_CHECK_UINT (tell (&w, scroll), ==, 1);
  PF_CHECK_UINT (w.out[0].kind, ==, PF_INPUT_SCROLL_FINE);
  PF_CHECK (w.out[0].x == 40 && w.out[0].y == 0);
  PF_CHECK_UINT (tell (&w, scroll), ==, 2); /* one direction each */
  PF_CHECK (w.out[0].x == 0 && w.out[0].y == -1);
  PF_CHECK (w.out[1].x == 41 && w.out[1].y == 0);
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

    const PfArrival a = { .pts = i,
      .captured = taken + hour,
      .first = arrived - 20 * GST_USECOND,
      .last = arrived,
      .now = arrived + 50 * GST_USECOND,
      .bytes = 1000 };

    /* the host's word comes before the frame, after it, or gets lost */
    if (i % 3 == 0)
      pf_measure_encoded (m, taken + hour, 400 * GST_USECOND);
    pf_measure_frame (m, &a);
    if (i % 3 == 1)
      pf_measure_encoded (m, taken + hour, 400 * GST_USECOND);
    pf_measure_stage (m, i, PF_STAGE_DECODED, arrived + 250 * GST_USECOND);
    pf_measure_stage (m, i, PF_STAGE_PRESENTED, arrived + 260 * GST_USECOND);
  }
  doc = report (m, TRUE);
  PF_CHECK_INT (percentile (doc, "encoded", "since-capture", "p50"), ==, 400);
  PF_CHECK_INT (percentile (doc, "encoded", "since-before", "p99"), ==, 400);
  /* a third of them since they were captured */
  PF_CHECK_INT (
      percentile (doc, "first-packet", "since-before", "p50"), ==, 655);
  PF_CHECK_INT (
      percentile (doc, "first-packet", "since-capture", "p50"), ==, 1030);
  PF_CHECK_INT (percentile (doc, "last-packet", "since-before", "p50"), ==, 20);
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
  PF_TEST_ADD ("/input/focus", test_focus);
  PF_TEST_ADD ("/input/labels", test_labels);
  PF_TEST_ADD ("/input/parts", test_parts);
  PF_TEST_ADD ("/measure/figures", test_figures);
  PF_TEST_ADD ("/measure/numbers", test_numbers);
  return pf_test_run (argc, argv);
}
