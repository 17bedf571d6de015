/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Xvfb; see desk.h. */
#include "desk.h"

#include "pf-test.h"

#include <linux/input-event-codes.h>
#include <stdlib.h>
#include <string.h>
#include <xcb/xcb.h>
#include <xcb/xtest.h>

#define SCREEN "640x480x24"

typedef struct {
  xcb_connection_t *connection;
  xcb_window_t root, other, before;
} X11;

/* The server says on its standard output which number it has. */
static gchar *
start_server (Desk *desk)
{
  static const gchar *const argv[] = { PF_XVFB, "-displayfd", "1", "-screen",
    "0", SCREEN, "-nolisten", "tcp", "-noreset", NULL };
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (
      G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_SILENCE);
  g_autoptr (GDataInputStream) in = NULL;
  gchar *line;

  g_subprocess_launcher_set_child_setup (
      launcher, desk_end_with_us, NULL, NULL);
  desk->process = g_subprocess_launcher_spawnv (launcher, argv, NULL);
  PF_REQUIRE (desk->process);
  in = g_data_input_stream_new (g_subprocess_get_stdout_pipe (desk->process));
  line = g_data_input_stream_read_line (in, NULL, NULL, NULL);
  PF_REQUIRE (line && *line);
  return line;
}

static void
x11_start (Desk *desk, const gchar *dir, GSubprocessLauncher *launcher)
{
  X11 *x = g_new0 (X11, 1);
  g_autofree gchar *number = start_server (desk);
  g_autofree gchar *display = g_strconcat (":", number, NULL);

  (void) dir;
  desk->data = x;
  x->connection = xcb_connect (display, NULL);
  PF_REQUIRE_INT (xcb_connection_has_error (x->connection), ==, 0);
  x->root = xcb_setup_roots_iterator (xcb_get_setup (x->connection)).data->root;
  x->other = xcb_generate_id (x->connection);
  xcb_create_window (x->connection, XCB_COPY_FROM_PARENT, x->other, x->root, 0,
      0, 1, 1, 0, XCB_WINDOW_CLASS_INPUT_ONLY, XCB_COPY_FROM_PARENT, 0, NULL);
  xcb_map_window (x->connection, x->other);
  xcb_flush (x->connection);
  g_subprocess_launcher_unsetenv (launcher, "WAYLAND_DISPLAY");
  g_subprocess_launcher_setenv (launcher, "DISPLAY", display, TRUE);
}

static void
x11_stop (Desk *desk)
{
  X11 *x = desk->data;

  xcb_disconnect (x->connection);
  desk_end (desk);
  g_free (x);
}

static void
fake (Desk *desk, guint type, guint detail, gint x, gint y)
{
  X11 *d = desk->data;

  xcb_test_fake_input (d->connection, (guint8) type, (guint8) detail,
      XCB_CURRENT_TIME, XCB_NONE, (gint16) x, (gint16) y, 0);
  xcb_flush (d->connection);
}

static void
x11_key (Desk *desk, guint evdev, gboolean down)
{
  fake (desk, down ? XCB_KEY_PRESS : XCB_KEY_RELEASE, evdev + 8, 0, 0);
}

static void
x11_place (Desk *desk, guint x, guint y)
{
  fake (desk, XCB_MOTION_NOTIFY, FALSE, (gint) x, (gint) y);
}

static void
x11_move (Desk *desk, gint x, gint y)
{
  fake (desk, XCB_MOTION_NOTIFY, TRUE, x, y);
}

static void
x11_button (Desk *desk, guint evdev, gboolean down)
{
  const guint number = evdev == BTN_LEFT     ? 1
                       : evdev == BTN_MIDDLE ? 2
                       : evdev == BTN_RIGHT  ? 3
                       : evdev == BTN_SIDE   ? 8
                                             : 9;

  fake (desk, down ? XCB_BUTTON_PRESS : XCB_BUTTON_RELEASE, number, 0, 0);
}

static void
x11_wheel (Desk *desk, gboolean down)
{
  fake (desk, XCB_BUTTON_PRESS, down ? 5 : 4, 0, 0);
  fake (desk, XCB_BUTTON_RELEASE, down ? 5 : 4, 0, 0);
}

static xcb_window_t
focus_now (const X11 *x)
{
  xcb_get_input_focus_reply_t *reply = xcb_get_input_focus_reply (
      x->connection, xcb_get_input_focus (x->connection), NULL);
  xcb_window_t focus;

  PF_REQUIRE (reply);
  focus = reply->focus;
  free (reply);
  return focus;
}

/* The server refuses a window that cannot be seen yet. */
static void
x11_focus (Desk *desk, gboolean back)
{
  X11 *x = desk->data;
  xcb_window_t to;

  if (!back)
    x->before = focus_now (x);
  to = back ? x->before : x->other;
  for (guint i = 0; i < 1000; i++) {
    xcb_set_input_focus (
        x->connection, XCB_INPUT_FOCUS_POINTER_ROOT, to, XCB_CURRENT_TIME);
    if (focus_now (x) == to)
      return;
    g_usleep (10000);
  }
  pf_test_fail (__FILE__, __LINE__, "the focus does not go there");
}

static void
x11_resize (Desk *desk, guint width, guint height)
{
  const X11 *x = desk->data;
  const guint32 size[] = { width, height };
  xcb_query_tree_reply_t *tree = xcb_query_tree_reply (
      x->connection, xcb_query_tree (x->connection, x->root), NULL);

  PF_REQUIRE (tree);
  for (int i = 0; i < xcb_query_tree_children_length (tree); i++) {
    const xcb_window_t window = xcb_query_tree_children (tree)[i];

    if (window != x->other)
      xcb_configure_window (x->connection, window,
          XCB_CONFIG_WINDOW_WIDTH | XCB_CONFIG_WINDOW_HEIGHT, size);
  }
  free (tree);
  xcb_flush (x->connection);
}

static guint8 *
x11_look (Desk *desk)
{
  const X11 *x = desk->data;
  xcb_get_image_reply_t *reply = xcb_get_image_reply (x->connection,
      xcb_get_image (x->connection, XCB_IMAGE_FORMAT_Z_PIXMAP, x->root, 0, 0,
          DESK_WIDTH, DESK_HEIGHT, ~0u),
      NULL);
  guint8 *luma = NULL;

  if (!reply)
    return NULL;
  PF_CHECK_INT (
      xcb_get_image_data_length (reply), ==, DESK_WIDTH * DESK_HEIGHT * 4);
  luma = g_malloc (DESK_WIDTH * DESK_HEIGHT);
  /* green is near enough */
  for (guint i = 0; i < DESK_WIDTH * DESK_HEIGHT; i++)
    luma[i] = xcb_get_image_data (reply)[i * 4 + 1];
  free (reply);
  return luma;
}

const DeskClass desk_x11 = {
  .start = x11_start,
  .stop = x11_stop,
  .key = x11_key,
  .place = x11_place,
  .move = x11_move,
  .button = x11_button,
  .wheel = x11_wheel,
  .focus = x11_focus,
  .resize = x11_resize,
  .look = x11_look,
};
