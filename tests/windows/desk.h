/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Desktops without a screen for windows under test, and hands for them: sway
 * with virtual keyboard and pointer, Xvfb with XTEST. Each has 640x480 pixels.
 *
 * Thread-safety: one thread.
 */
#ifndef DESK_H
#define DESK_H

#include <gio/gio.h>

#define DESK_WIDTH 640
#define DESK_HEIGHT 480

typedef struct _Desk Desk;

typedef struct {
  /* The environment of programs that open windows there. */
  void (*start) (Desk *desk, const gchar *dir, GSubprocessLauncher *launcher);
  void (*stop) (Desk *desk);
  void (*key) (Desk *desk, guint evdev, gboolean down);
  void (*place) (Desk *desk, guint x, guint y);
  void (*move) (Desk *desk, gint x, gint y);
  void (*button) (Desk *desk, guint evdev, gboolean down);
  /* A detent down, or up. */
  void (*wheel) (Desk *desk, gboolean down);
  /* The window loses the keys, or has them again. */
  void (*focus) (Desk *desk, gboolean back);
  /* The only window there becomes so large. */
  void (*resize) (Desk *desk, guint width, guint height);
  /* The luma of what is to be seen, or NULL; to be freed. */
  guint8 *(*look) (Desk *desk);
} DeskClass;

extern const DeskClass desk_wayland, desk_x11;

struct _Desk {
  const DeskClass *class;
  GSubprocess *process;
  gpointer data; /* of the kind */
};

/* Waits until a file or socket is there. */
void desk_wait_for (const gchar *path);
void desk_end (Desk *desk);
/* For children, before they begin: they end when this program does. */
void desk_end_with_us (gpointer nothing);

#endif /* DESK_H */
