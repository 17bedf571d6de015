/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * pf-client's windows on real desktops without a screen: what hands do there
 * arrives at the other end of a real session, as PfInput at the display.
 */
#include "desk.h"
#include "pf-events.h"
#include "pf-picture.h"
#include "pf-test.h"

#include <linux/input-event-codes.h>
#include <math.h>
#include <string.h>

#define WAIT_S 20
#define START_S 90
#define HOST                                                                   \
  "pfvdisplaysrc name=source backend=test width=320 height=240 "               \
  "framerate=15/1 ! capsfilter caps=\"video/x-raw,format=I420\" ! x264enc "    \
  "tune=zerolatency speed-preset=ultrafast bitrate=1000 byte-stream=true "     \
  "key-int-max=30 ! capsfilter caps=\"video/x-h264,profile=main\" ! "          \
  "pffecenc ! pfaesgcm ! pfquicsink name=end address=127.0.0.1 port=0 "        \
  "open=true"

/* The same with frames that no decoder knows. */
#define MUMBLES                                                                \
  "fakesrc name=source is-live=true sync=true format=time datarate=90000 "     \
  "sizetype=fixed sizemax=3000 filltype=pattern ! capsfilter caps=\"video/"    \
  "x-h264,stream-format=byte-stream,alignment=au,width=320,height=240,"        \
  "framerate=15/1,profile=main\" ! pffecenc ! pfaesgcm ! pfquicsink name=end " \
  "address=127.0.0.1 port=0 open=true"

/* A host, a desktop, and a client with a window there. */
typedef struct {
  gchar *dir;
  GstElement *pipeline;
  Desk desk;
  GSubprocess *client;
  guint port;
  GMutex lock;
  GCond cond;
  GArray *inputs; /* lock; PfInput in order */
  guint next;     /* of them, to be looked at */
} Room;

/* ---- What arrives ----------------------------------------------------------- */

static GstPadProbeReturn
on_upstream (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  Room *r = data;
  PfInput input;

  (void) pad;
  if (!pf_event_parse_input (GST_PAD_PROBE_INFO_EVENT (info), &input))
    return GST_PAD_PROBE_OK;
  g_mutex_lock (&r->lock);
  g_array_append_val (r->inputs, input);
  g_cond_broadcast (&r->cond);
  g_mutex_unlock (&r->lock);
  return GST_PAD_PROBE_OK;
}

/* The next one that is of one of the kinds, a mask; FALSE: none came. */
static gboolean
next_input (Room *r, guint kinds, guint wait_s, PfInput *input)
{
  const gint64 end = g_get_monotonic_time () + wait_s * G_USEC_PER_SEC;
  gboolean found = FALSE;

  g_mutex_lock (&r->lock);
  while (!found) {
    while (r->next == r->inputs->len)
      if (!g_cond_wait_until (&r->cond, &r->lock, end)) {
        g_mutex_unlock (&r->lock);
        return FALSE;
      }
    *input = g_array_index (r->inputs, PfInput, r->next++);
    found = (kinds & 1u << input->kind) != 0;
  }
  g_mutex_unlock (&r->lock);
  return TRUE;
}

#define KEYS (1u << PF_INPUT_KEY)
#define RELEASES (1u << PF_INPUT_RELEASE)
#define BUTTONS (1u << PF_INPUT_BUTTON)
#define MOVES (1u << PF_INPUT_POINTER_REL)
#define PLACES (1u << PF_INPUT_POINTER_ABS)
#define SCROLLS (1u << PF_INPUT_SCROLL | 1u << PF_INPUT_SCROLL_FINE)

static void
expect_press (Room *r, guint kinds, guint code, PfInputState state)
{
  PfInput input = { 0 };

  PF_REQUIRE (next_input (r, kinds, WAIT_S, &input));
  PF_CHECK_UINT (input.code, ==, code);
  PF_CHECK_UINT (input.state, ==, state);
}

static void
tap (Room *r, guint code)
{
  r->desk.class->key (&r->desk, code, TRUE);
  r->desk.class->key (&r->desk, code, FALSE);
}

static void
expect_tap (Room *r, guint code)
{
  expect_press (r, KEYS, code, PF_INPUT_DOWN);
  expect_press (r, KEYS, code, PF_INPUT_UP);
}

/* Ctrl+Alt+Shift and a key. What the host sees of it: the three go down, are
 * let go by the client before their time, and the key never comes. */
static void
combine (Room *r, guint code)
{
  static const guint held[] = { KEY_LEFTCTRL, KEY_LEFTALT, KEY_LEFTSHIFT };

  for (guint i = 0; i < 3; i++)
    r->desk.class->key (&r->desk, held[i], TRUE);
  tap (r, code);
  for (guint i = 0; i < 3; i++)
    r->desk.class->key (&r->desk, held[i], FALSE);
}

static void
expect_combination (Room *r)
{
  static const guint held[] = { KEY_LEFTCTRL, KEY_LEFTALT, KEY_LEFTSHIFT };

  for (guint i = 0; i < 3; i++)
    expect_press (r, KEYS, held[i], PF_INPUT_DOWN);
  for (guint i = 3; i > 0; i--)
    expect_press (r, KEYS, held[i - 1], PF_INPUT_UP);
}

/* ---- The room ------------------------------------------------------------------ */

static void
start_host (Room *r, const gchar *line)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstElement) source = NULL, end = NULL;
  g_autoptr (GstPad) pad = NULL;
  g_autofree gchar *identity = g_build_filename (r->dir, "host", NULL);

  r->pipeline = gst_parse_launch (line, &error);
  if (error)
    pf_test_note ("%s", error->message);
  PF_REQUIRE (r->pipeline && !error);
  source = gst_bin_get_by_name (GST_BIN (r->pipeline), "source");
  end = gst_bin_get_by_name (GST_BIN (r->pipeline), "end");
  g_object_set (end, "identity-dir", identity, NULL);
  pad = gst_element_get_static_pad (source, "src");
  gst_pad_add_probe (
      pad, GST_PAD_PROBE_TYPE_EVENT_UPSTREAM, on_upstream, r, NULL);
  PF_REQUIRE_INT (gst_element_set_state (r->pipeline, GST_STATE_PLAYING), !=,
      GST_STATE_CHANGE_FAILURE);
  g_object_get (end, "port", &r->port, NULL);
  PF_REQUIRE (r->port);
}

static void
start_client (Room *r, GSubprocessLauncher *launcher, const gchar *option)
{
  g_autofree gchar *address = g_strdup_printf ("127.0.0.1:%u", r->port);
  g_autofree gchar *identity = g_build_filename (r->dir, "client", NULL);
  const gchar *program = g_getenv ("PF_CLIENT");
  const gchar *argv[] = { program, "connect", address, "--mode", "320x240@15",
    "--codec", "h264", "--no-audio", "--fullscreen", "--tofu", "--identity",
    identity, option, NULL };
  g_autoptr (GError) error = NULL;

  PF_REQUIRE (program);
  r->client = g_subprocess_launcher_spawnv (launcher, argv, &error);
  if (error)
    pf_test_note ("%s", error->message);
  PF_REQUIRE (r->client);
}

/* Until keys get through there is no window, or no session yet. */
static void
wait_for_window (Room *r)
{
  const gint64 end = g_get_monotonic_time () + START_S * G_USEC_PER_SEC;
  PfInput input;

  do {
    PF_REQUIRE (g_get_monotonic_time () < end);
    tap (r, KEY_F9);
  } while (!next_input (r, KEYS, 1, &input));
  /* the last of them is the last that comes */
  tap (r, KEY_F10);
  do
    PF_REQUIRE (next_input (r, KEYS, WAIT_S, &input));
  while (input.code != KEY_F10 || input.state != PF_INPUT_UP);
}

static void
open_door (Room *r, const void *class, const gchar *host, const gchar *option,
    GSubprocessFlags flags)
{
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (flags);

  memset (r, 0, sizeof *r);
  g_subprocess_launcher_set_child_setup (
      launcher, desk_end_with_us, NULL, NULL);
  r->desk.class = class;
  r->dir = g_dir_make_tmp ("pf-windows-XXXXXX", NULL);
  r->inputs = g_array_new (FALSE, FALSE, sizeof (PfInput));
  g_mutex_init (&r->lock);
  g_cond_init (&r->cond);
  start_host (r, host);
  r->desk.class->start (&r->desk, r->dir, launcher);
  start_client (r, launcher, option);
}

static void
enter_with (Room *r, const void *class, const gchar *option)
{
  open_door (r, class, HOST, option, G_SUBPROCESS_FLAGS_STDOUT_SILENCE);
  wait_for_window (r);
}

static void
enter (Room *r, const void *class)
{
  enter_with (r, class, NULL);
}

static void
expect_end (Room *r)
{
  PF_CHECK (g_subprocess_wait (r->client, NULL, NULL));
  PF_CHECK (g_subprocess_get_if_exited (r->client));
  if (g_subprocess_get_if_exited (r->client))
    PF_CHECK_INT (g_subprocess_get_exit_status (r->client), ==, 0);
  g_clear_object (&r->client);
}

static void
leave (Room *r)
{
  const gchar *argv[] = { "/bin/rm", "-rf", r->dir, NULL };
  g_autoptr (GSubprocess) rm = NULL;

  if (r->client)
    g_subprocess_send_signal (r->client, 15);
  if (r->client)
    expect_end (r);
  r->desk.class->stop (&r->desk);
  gst_element_set_state (r->pipeline, GST_STATE_NULL);
  gst_object_unref (r->pipeline);
  g_array_unref (r->inputs);
  g_mutex_clear (&r->lock);
  g_cond_clear (&r->cond);
  rm = g_subprocess_newv (argv, G_SUBPROCESS_FLAGS_NONE, NULL);
  g_subprocess_wait (rm, NULL, NULL);
  g_free (r->dir);
}

/* ---- Tests ------------------------------------------------------------------------ */

static void
test_keys (const void *class)
{
  static const guint codes[] = { KEY_Q, KEY_GRAVE, KEY_102ND, KEY_RIGHTALT,
    KEY_LEFTMETA, KEY_F11, KEY_DELETE, KEY_KP7, KEY_NUMLOCK, KEY_PAUSE,
    KEY_COMPOSE, KEY_VOLUMEUP };
  Room r;

  enter (&r, class);
  for (guint i = 0; i < G_N_ELEMENTS (codes); i++)
    tap (&r, codes[i]);
  for (guint i = 0; i < G_N_ELEMENTS (codes); i++)
    expect_tap (&r, codes[i]);
  /* what is held goes up when the keys go elsewhere, and does not come again */
  r.desk.class->key (&r.desk, KEY_W, TRUE);
  expect_press (&r, KEYS, KEY_W, PF_INPUT_DOWN);
  r.desk.class->focus (&r.desk, FALSE);
  expect_press (&r, KEYS, KEY_W, PF_INPUT_UP);
  r.desk.class->key (&r.desk, KEY_W, FALSE);
  tap (&r, KEY_X);
  r.desk.class->focus (&r.desk, TRUE);
  tap (&r, KEY_Y);
  expect_tap (&r, KEY_Y);
  leave (&r);
}

static void
expect_place (Room *r, gdouble x, gdouble y)
{
  PfInput input = { 0 };

  /* where it was before may come first */
  do
    PF_REQUIRE (next_input (r, PLACES, WAIT_S, &input));
  while (fabs (input.x - x) > 0.006 || fabs (input.y - y) > 0.006);
}

static void
expect_scroll (Room *r, gdouble y)
{
  PfInput input = { 0 };

  PF_REQUIRE (next_input (r, SCROLLS, WAIT_S, &input));
  PF_CHECK_UINT (input.kind, ==, PF_INPUT_SCROLL);
  PF_CHECK (input.x == 0 && input.y == y);
}

static void
test_pointer (const void *class)
{
  static const guint buttons[] = { BTN_LEFT, BTN_MIDDLE, BTN_RIGHT, BTN_SIDE,
    BTN_EXTRA };
  Room r;

  enter (&r, class);
  r.desk.class->place (&r.desk, DESK_WIDTH / 4, DESK_HEIGHT * 3 / 4);
  expect_place (&r, .25, .75);
  r.desk.class->place (&r.desk, DESK_WIDTH / 2, DESK_HEIGHT / 8);
  expect_place (&r, .5, .125);
  for (guint i = 0; i < G_N_ELEMENTS (buttons); i++) {
    r.desk.class->button (&r.desk, buttons[i], TRUE);
    expect_press (&r, BUTTONS, buttons[i], PF_INPUT_DOWN);
    r.desk.class->button (&r.desk, buttons[i], FALSE);
    expect_press (&r, BUTTONS, buttons[i], PF_INPUT_UP);
  }
  r.desk.class->wheel (&r.desk, TRUE);
  expect_scroll (&r, 120);
  r.desk.class->wheel (&r.desk, FALSE);
  expect_scroll (&r, -120);
  leave (&r);
}

/* The mouse is caught a while after the host has heard of the combination. */
static void
wait_for_catch (Room *r)
{
  const gint64 end = g_get_monotonic_time () + WAIT_S * G_USEC_PER_SEC;
  PfInput input;

  do {
    PF_REQUIRE (g_get_monotonic_time () < end);
    r->desk.class->move (&r->desk, 0, 1);
  } while (!next_input (r, MOVES, 1, &input));
  /* the last of them is the last that comes */
  r->desk.class->move (&r->desk, -7, 0);
  do
    PF_REQUIRE (next_input (r, MOVES, WAIT_S, &input));
  while (input.x != -7);
}

/* Movement goes on where the screen has an end, and no place is told. */
static void
test_caught (const void *class)
{
  const guint moves = 40, by = 50;
  gdouble x = 0, y = 0;
  PfInput input;
  Room r;

  enter (&r, class);
  r.desk.class->place (&r.desk, DESK_WIDTH / 2, DESK_HEIGHT / 2);
  expect_place (&r, .5, .5);
  combine (&r, KEY_M);
  expect_combination (&r);
  wait_for_catch (&r);
  for (guint i = 0; i < moves; i++) {
    r.desk.class->move (&r.desk, (gint) by, -1);
    PF_REQUIRE (next_input (&r, MOVES | PLACES, WAIT_S, &input));
    PF_CHECK_UINT (input.kind, ==, PF_INPUT_POINTER_REL);
    x += input.x;
    y += input.y;
  }
  PF_CHECK (x == moves * by);
  PF_CHECK (y == -1. * moves);
  combine (&r, KEY_M);
  expect_combination (&r);
  /* it may still be caught */
  for (guint i = 0; i < WAIT_S; i++) {
    r.desk.class->place (&r.desk, DESK_WIDTH / 4 + i, DESK_HEIGHT / 4);
    if (next_input (&r, PLACES, 1, &input))
      break;
  }
  r.desk.class->place (&r.desk, DESK_WIDTH / 2, DESK_HEIGHT / 4);
  expect_place (&r, .5, .25);
  leave (&r);
}

static void
test_combinations (const void *class)
{
  PfInput input = { 0 };
  Room r;

  enter (&r, class);
  combine (&r, KEY_Z);
  expect_combination (&r);
  tap (&r, KEY_B); /* is kept here */
  combine (&r, KEY_Z);
  tap (&r, KEY_C);
  expect_tap (&r, KEY_C);
  combine (&r, KEY_S); /* figures; then full screen and back */
  expect_combination (&r);
  combine (&r, KEY_X);
  expect_combination (&r);
  combine (&r, KEY_X);
  expect_combination (&r);
  r.desk.class->key (&r.desk, KEY_D, TRUE);
  expect_press (&r, KEYS, KEY_D, PF_INPUT_DOWN);
  combine (&r, KEY_Q);
  /* what is held goes up key by key, or all at once where the end of the session
   * is quicker */
  do
    PF_REQUIRE (next_input (&r, KEYS | RELEASES, WAIT_S, &input));
  while (input.kind != PF_INPUT_RELEASE &&
         (input.code != KEY_D || input.state != PF_INPUT_UP));
  expect_end (&r);
  leave (&r);
}

/* Until the host's display is so large, and for a moment after. */
static void
expect_mode (Room *r, gint width, gint height)
{
  const gint64 end = g_get_monotonic_time () + WAIT_S * G_USEC_PER_SEC;
  g_autoptr (GstElement) source =
      gst_bin_get_by_name (GST_BIN (r->pipeline), "source");
  g_autoptr (GstPad) pad = gst_element_get_static_pad (source, "src");
  gint is[2] = { 0, 0 }, fps = 0, one;

  while ((is[0] != width || is[1] != height) && g_get_monotonic_time () < end) {
    g_autoptr (GstCaps) caps = gst_pad_get_current_caps (pad);
    const GstStructure *s = caps ? gst_caps_get_structure (caps, 0) : NULL;

    if (s) {
      gst_structure_get_int (s, "width", &is[0]);
      gst_structure_get_int (s, "height", &is[1]);
      gst_structure_get_fraction (s, "framerate", &fps, &one);
    }
    g_usleep (10000);
  }
  PF_CHECK_INT (is[0], ==, width);
  PF_CHECK_INT (is[1], ==, height);
  PF_CHECK_INT (fps, ==, 15);
}

/* The host's display takes the window's size, the last of several, and even
 * numbers of it; input goes on. */
static void
test_resize (const void *class)
{
  Room r;

  enter_with (&r, class, "--resize");
  expect_mode (&r, DESK_WIDTH, DESK_HEIGHT);
  for (guint i = 0; i < 20; i++)
    r.desk.class->resize (&r.desk, 300 + i, 200 + i);
  r.desk.class->resize (&r.desk, 403, 301);
  expect_mode (&r, 402, 300);
  tap (&r, KEY_C);
  expect_tap (&r, KEY_C);
  leave (&r);
}

/* The picture is to be seen, and it goes on. */
static void
test_picture (const void *class)
{
  const gint64 end = g_get_monotonic_time () + START_S * G_USEC_PER_SEC;
  PfPictureStamp stamp;
  guint32 first = 0;
  guint seen = 0;
  Room r;

  enter (&r, class);
  while (seen < 3 && g_get_monotonic_time () < end) {
    g_autofree guint8 *luma = r.desk.class->look (&r.desk);

    PF_REQUIRE (luma);
    if (pf_picture_read (&stamp, luma, 1, DESK_WIDTH, DESK_WIDTH, DESK_HEIGHT) <
            0 ||
        (seen && stamp.number == first))
      continue;
    pf_test_note ("picture %u", stamp.number);
    PF_CHECK (seen == 0 || stamp.number > first);
    first = stamp.number;
    seen++;
  }
  PF_CHECK_UINT (seen, ==, 3);
  leave (&r);
}

/* Nobody waits for ever in front of a window that stays away. */
static void
test_no_picture (const void *class)
{
  g_autofree gchar *said = NULL;
  Room r;

  open_door (&r, class, MUMBLES, NULL,
      G_SUBPROCESS_FLAGS_STDOUT_SILENCE | G_SUBPROCESS_FLAGS_STDERR_PIPE);
  g_subprocess_communicate_utf8 (r.client, NULL, NULL, NULL, &said, NULL);
  pf_test_note ("%s", said);
  PF_CHECK_INT (g_subprocess_get_exit_status (r.client), ==, 1);
  PF_CHECK (strstr (said, "no picture for 10 s: "));
  PF_CHECK (strstr (said, "none could be decoded"));
  g_clear_object (&r.client);
  leave (&r);
}

/* What there is to say where no window can be. */
static void
check_refusal (const gchar *display, const gchar *word)
{
  const gchar *argv[] = { g_getenv ("PF_CLIENT"), "connect", "127.0.0.1:1",
    "--tofu", NULL };
  g_autoptr (GSubprocessLauncher) launcher =
      g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDERR_PIPE);
  g_autoptr (GSubprocess) client = NULL;
  g_autofree gchar *said = NULL;

  PF_REQUIRE (argv[0]);
  g_subprocess_launcher_unsetenv (launcher, "DISPLAY");
  g_subprocess_launcher_unsetenv (launcher, "WAYLAND_DISPLAY");
  if (display)
    g_subprocess_launcher_setenv (launcher, "DISPLAY", display, TRUE);
  client = g_subprocess_launcher_spawnv (launcher, argv, NULL);
  PF_REQUIRE (client);
  g_subprocess_communicate_utf8 (client, NULL, NULL, NULL, &said, NULL);
  pf_test_note ("%s", said);
  PF_CHECK_INT (g_subprocess_get_exit_status (client), ==, 1);
  PF_CHECK (strstr (said, word) && strstr (said, "--headless"));
}

static void
test_no_display (void)
{
  check_refusal (NULL, "there is no display here");
  check_refusal (":65000", "on the display :65000");
}

#define ADD_DESK(name, class)                                                  \
  do {                                                                         \
    pf_test_add_data ("/windows/" name "/keys", test_keys, class);             \
    pf_test_add_data ("/windows/" name "/pointer", test_pointer, class);       \
    pf_test_add_data ("/windows/" name "/caught", test_caught, class);         \
    pf_test_add_data (                                                         \
        "/windows/" name "/combinations", test_combinations, class);           \
    pf_test_add_data ("/windows/" name "/resize", test_resize, class);         \
  } while (0)

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
#ifdef PF_SWAY
  ADD_DESK ("wayland", &desk_wayland);
#endif
#ifdef PF_XVFB
  ADD_DESK ("x11", &desk_x11);
  pf_test_add_data ("/windows/x11/picture", test_picture, &desk_x11);
  pf_test_add_data ("/windows/x11/no-picture", test_no_picture, &desk_x11);
#endif
  PF_TEST_ADD ("/windows/no-display", test_no_display);
  return pf_test_run (argc, argv);
}
