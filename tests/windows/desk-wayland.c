/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* sway without a screen; see desk.h. */
#include "desk.h"

#include "pf-test.h"

#include <linux/input-event-codes.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <wayland-client.h>
#include <xkbcommon/xkbcommon.h>

#include "virtual-keyboard-unstable-v1-client-protocol.h"
#include "wlr-virtual-pointer-unstable-v1-client-protocol.h"

#define NOBODY 65534
#define DETENT 15

typedef struct {
  gchar *dir; /* of the sockets */
  struct wl_display *display;
  struct wl_registry *registry;
  struct wl_seat *seat;
  struct zwp_virtual_keyboard_manager_v1 *keyboards;
  struct zwlr_virtual_pointer_manager_v1 *pointers;
  struct zwp_virtual_keyboard_v1 *keyboard;
  struct zwlr_virtual_pointer_v1 *pointer;
  uint32_t time;
} Wayland;

/* ---- sway ------------------------------------------------------------------ */

/* It refuses to be root's. */
static void
become_nobody (gpointer data)
{
  if (geteuid () == 0 && (setgid (NOBODY) < 0 || setuid (NOBODY) < 0))
    _exit (126);
  desk_end_with_us (data);
}

static const gchar config[] = "output * mode --custom 640x480@60Hz\n"
                              "default_border none\n"
                              "xwayland disable\n";

static void
start_sway (Desk *desk, Wayland *w)
{
  static const gchar *const argv[] = { PF_SWAY, "-c", NULL, NULL };
  const gchar *line[G_N_ELEMENTS (argv)];
  g_autofree gchar *path = g_build_filename (w->dir, "config", NULL);
  g_autofree gchar *socket = g_build_filename (w->dir, "wayland-1", NULL);
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (
      G_SUBPROCESS_FLAGS_STDOUT_SILENCE | G_SUBPROCESS_FLAGS_STDERR_SILENCE);
  g_autoptr (GError) error = NULL;

  PF_REQUIRE (g_file_set_contents (path, config, -1, NULL));
  if (geteuid () == 0)
    PF_REQUIRE_INT (chown (w->dir, NOBODY, NOBODY), ==, 0);
  memcpy (line, argv, sizeof argv);
  line[2] = path;
  g_subprocess_launcher_unsetenv (launcher, "DISPLAY");
  g_subprocess_launcher_unsetenv (launcher, "WAYLAND_DISPLAY");
  g_subprocess_launcher_setenv (launcher, "HOME", w->dir, TRUE);
  g_subprocess_launcher_setenv (launcher, "XDG_RUNTIME_DIR", w->dir, TRUE);
  g_subprocess_launcher_setenv (launcher, "WLR_BACKENDS", "headless", TRUE);
  g_subprocess_launcher_setenv (launcher, "WLR_RENDERER", "pixman", TRUE);
  g_subprocess_launcher_setenv (launcher, "WLR_LIBINPUT_NO_DEVICES", "1", TRUE);
  g_subprocess_launcher_set_child_setup (launcher, become_nobody, NULL, NULL);
  desk->process = g_subprocess_launcher_spawnv (launcher, line, &error);
  PF_REQUIRE (desk->process);
  desk_wait_for (socket);
}

/* ---- Hands ------------------------------------------------------------------- */

static void
on_global (void *data, struct wl_registry *registry, uint32_t name,
    const char *interface, uint32_t version)
{
  Wayland *w = data;

  (void) version;
  if (g_str_equal (interface, wl_seat_interface.name) && !w->seat)
    w->seat = wl_registry_bind (registry, name, &wl_seat_interface, 1);
  if (g_str_equal (interface, zwp_virtual_keyboard_manager_v1_interface.name))
    w->keyboards = wl_registry_bind (
        registry, name, &zwp_virtual_keyboard_manager_v1_interface, 1);
  if (g_str_equal (interface, zwlr_virtual_pointer_manager_v1_interface.name))
    w->pointers = wl_registry_bind (
        registry, name, &zwlr_virtual_pointer_manager_v1_interface, 1);
}

static void
on_global_remove (void *data, struct wl_registry *registry, uint32_t name)
{
  (void) data;
  (void) registry;
  (void) name;
}

static const struct wl_registry_listener listener = { on_global,
  on_global_remove };

/* A keyboard as they are sold in the United States. */
static void
send_keymap (Wayland *w)
{
  const struct xkb_rule_names names = { "evdev", "pc105", "us", NULL, NULL };
  struct xkb_context *context = xkb_context_new (XKB_CONTEXT_NO_FLAGS);
  struct xkb_keymap *map =
      xkb_keymap_new_from_names (context, &names, XKB_KEYMAP_COMPILE_NO_FLAGS);
  const int fd = memfd_create ("keymap", MFD_CLOEXEC);
  gchar *text;
  gsize size;

  PF_REQUIRE (map && fd >= 0);
  text = xkb_keymap_get_as_string (map, XKB_KEYMAP_FORMAT_TEXT_V1);
  size = strlen (text) + 1;
  PF_REQUIRE_INT (write (fd, text, size), ==, (gssize) size);
  zwp_virtual_keyboard_v1_keymap (
      w->keyboard, WL_KEYBOARD_KEYMAP_FORMAT_XKB_V1, fd, (uint32_t) size);
  wl_display_roundtrip (w->display);
  close (fd);
  free (text);
  xkb_keymap_unref (map);
  xkb_context_unref (context);
}

static void
sync_desk (Wayland *w)
{
  PF_REQUIRE_INT (wl_display_roundtrip (w->display), >=, 0);
  w->time += 10;
}

static void
wayland_start (Desk *desk, const gchar *dir, GSubprocessLauncher *launcher)
{
  Wayland *w = g_new0 (Wayland, 1);
  g_autofree gchar *socket = NULL;

  desk->data = w;
  w->dir = g_strdup (dir);
  start_sway (desk, w);
  socket = g_build_filename (dir, "wayland-1", NULL);
  w->display = wl_display_connect (socket);
  PF_REQUIRE (w->display);
  w->registry = wl_display_get_registry (w->display);
  wl_registry_add_listener (w->registry, &listener, w);
  sync_desk (w);
  PF_REQUIRE (w->seat && w->keyboards && w->pointers);
  w->keyboard = zwp_virtual_keyboard_manager_v1_create_virtual_keyboard (
      w->keyboards, w->seat);
  w->pointer = zwlr_virtual_pointer_manager_v1_create_virtual_pointer (
      w->pointers, w->seat);
  send_keymap (w);
  g_subprocess_launcher_unsetenv (launcher, "DISPLAY");
  g_subprocess_launcher_setenv (launcher, "XDG_RUNTIME_DIR", dir, TRUE);
  g_subprocess_launcher_setenv (launcher, "WAYLAND_DISPLAY", "wayland-1", TRUE);
  g_subprocess_launcher_setenv (launcher, "XDG_CURRENT_DESKTOP", "sway", TRUE);
}

static void
wayland_stop (Desk *desk)
{
  Wayland *w = desk->data;

  zwp_virtual_keyboard_v1_destroy (w->keyboard);
  zwlr_virtual_pointer_v1_destroy (w->pointer);
  zwp_virtual_keyboard_manager_v1_destroy (w->keyboards);
  zwlr_virtual_pointer_manager_v1_destroy (w->pointers);
  wl_seat_destroy (w->seat);
  wl_registry_destroy (w->registry);
  wl_display_disconnect (w->display);
  desk_end (desk);
  g_free (w->dir);
  g_free (w);
}

static void
wayland_key (Desk *desk, guint evdev, gboolean down)
{
  Wayland *w = desk->data;

  zwp_virtual_keyboard_v1_key (w->keyboard, w->time, evdev, down);
  sync_desk (w);
}

static void
wayland_place (Desk *desk, guint x, guint y)
{
  Wayland *w = desk->data;

  zwlr_virtual_pointer_v1_motion_absolute (
      w->pointer, w->time, x, y, DESK_WIDTH, DESK_HEIGHT);
  zwlr_virtual_pointer_v1_frame (w->pointer);
  sync_desk (w);
}

static void
wayland_move (Desk *desk, gint x, gint y)
{
  Wayland *w = desk->data;

  zwlr_virtual_pointer_v1_motion (
      w->pointer, w->time, wl_fixed_from_int (x), wl_fixed_from_int (y));
  zwlr_virtual_pointer_v1_frame (w->pointer);
  sync_desk (w);
}

static void
wayland_button (Desk *desk, guint evdev, gboolean down)
{
  Wayland *w = desk->data;

  zwlr_virtual_pointer_v1_button (w->pointer, w->time, evdev, down);
  zwlr_virtual_pointer_v1_frame (w->pointer);
  sync_desk (w);
}

static void
wayland_wheel (Desk *desk, gboolean down)
{
  Wayland *w = desk->data;

  zwlr_virtual_pointer_v1_axis_source (
      w->pointer, WL_POINTER_AXIS_SOURCE_WHEEL);
  zwlr_virtual_pointer_v1_axis_discrete (w->pointer, w->time,
      WL_POINTER_AXIS_VERTICAL_SCROLL,
      wl_fixed_from_int (down ? DETENT : -DETENT), down ? 1 : -1);
  zwlr_virtual_pointer_v1_frame (w->pointer);
  sync_desk (w);
}

static gchar *
find_socket (const gchar *dir)
{
  g_autoptr (GDir) listing = g_dir_open (dir, 0, NULL);
  const gchar *name;

  while (listing && (name = g_dir_read_name (listing)))
    if (g_str_has_prefix (name, "sway-ipc."))
      return g_build_filename (dir, name, NULL);
  return NULL;
}

static void
tell_sway (Desk *desk, const gchar *command)
{
  const Wayland *w = desk->data;
  g_autofree gchar *socket = find_socket (w->dir);
  const gchar *const argv[] = { PF_SWAYMSG, "-s", socket, command, NULL };
  g_autoptr (GSubprocess) process =
      g_subprocess_newv (argv, G_SUBPROCESS_FLAGS_STDOUT_SILENCE, NULL);

  PF_REQUIRE (socket && process);
  PF_CHECK (g_subprocess_wait_check (process, NULL, NULL));
}

static void
wayland_focus (Desk *desk, gboolean back)
{
  tell_sway (desk, back ? "workspace 1" : "workspace 2");
}

static void
wayland_resize (Desk *desk, guint width, guint height)
{
  g_autofree gchar *command = g_strdup_printf (
      "fullscreen disable, floating enable, resize set %u px %u px", width,
      height);

  tell_sway (desk, command);
}

const DeskClass desk_wayland = {
  .start = wayland_start,
  .stop = wayland_stop,
  .key = wayland_key,
  .place = wayland_place,
  .move = wayland_move,
  .button = wayland_button,
  .wheel = wayland_wheel,
  .focus = wayland_focus,
  .resize = wayland_resize,
};
