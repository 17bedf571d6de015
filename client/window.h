/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A window of our own, whose surface a video sink draws in and whose keys,
 * pointer and touches come to us: by place of the key, by movement of the mouse,
 * and before the desktop takes its shortcuts out, which no sink reports.
 *
 * Thread-safety: made in any thread; from then on the thread of the default
 * main context alone, where NOTIFY is called too.
 */
#ifndef PF_CLIENT_WINDOW_H
#define PF_CLIENT_WINDOW_H

#include "pf-events.h"

#include <gst/video/gstvideosink.h>

typedef enum {
  PF_WINDOW_KEY,    /* code, label, state */
  PF_WINDOW_PLACE,  /* of the pointer; x, y: 0 to 1 of the picture */
  PF_WINDOW_MOVE,   /* while the pointer is caught; x, y: right and down */
  PF_WINDOW_BUTTON, /* code, state */
  PF_WINDOW_SCROLL, /* x, y: 120ths of a detent to the right and down */
  PF_WINDOW_TOUCH,  /* code: finger; state; x, y: 0 to 1 of the picture */
  PF_WINDOW_FOCUS,  /* state: down: keys come here; up: no longer */
  PF_WINDOW_SIZE,   /* it is another: pixels of the window */
  PF_WINDOW_CLOSE,  /* somebody wants it gone */
} PfWindowEventKind;

/* Modifiers of combinations. */
#define PF_WINDOW_CTRL 1
#define PF_WINDOW_ALT 2
#define PF_WINDOW_SHIFT 4

typedef struct {
  PfWindowEventKind kind;
  guint code;      /* evdev */
  guint state;     /* PfInputState */
  guint label;     /* a to z: what is written on the key, 0: something else */
  guint modifiers; /* with the key; also those whose keys nobody reported */
  gdouble x, y;
  gboolean fine; /* scroll of a surface without detents */
} PfWindowEvent;

typedef struct {
  const gchar *title;
  GstElement *sink;    /* that draws in it, a GstVideoOverlay */
  guint width, height; /* of the picture */
  gboolean fullscreen;
  void (*notify) (const PfWindowEvent *event, gpointer data);
  gpointer data;
} PfWindowOptions;

/* Text that lies over the picture: BGRx, rows without gaps. */
typedef struct {
  guint width, height;
  guint8 *pixels;
} PfWindowNote;

typedef struct _PfWindow PfWindow;

/* What a kind of window does. */
typedef struct {
  void (*free) (PfWindow *window);
  void (*update) (PfWindow *window);
  void (*minimise) (PfWindow *window);
  void (*show_note) (PfWindow *window, const PfWindowNote *note);
} PfWindowClass;

/* The part that all kinds have. What is wished for is set here, then update()
 * carries it out. */
struct _PfWindow {
  const PfWindowClass *class;
  PfWindowOptions options;
  guint width, height;    /* of the window, as pointers count */
  guint pixels[2];        /* of the screen that it covers; width, height */
  gboolean fullscreen;    /* wish */
  gboolean catch_pointer; /* wish: hidden, it only moves */
  gboolean catch_keys;    /* wish: the desktop's shortcuts as well */
  gboolean hide_cursor;   /* wish */
  GstElement *sink;       /* that draws in it */
  GMutex lock;            /* of what follows */
  guint picture[2];       /* width, height */
};

/* The context that sinks ask for when they draw on Wayland. */
gboolean pf_window_is_wayland_context (const gchar *type);

PfWindow *pf_window_new_wayland (
    const PfWindowOptions *options, GError **error);
PfWindow *pf_window_new_x11 (const PfWindowOptions *options, GError **error);
void pf_window_free (PfWindow *window);

/* The picture has this size, from any thread. */
void pf_window_set_picture (PfWindow *window, guint width, guint height);

/* For the kinds. */
void pf_window_init (PfWindow *window, const PfWindowClass *class,
    const PfWindowOptions *options);
void pf_window_clear (PfWindow *window);
void pf_window_notify (PfWindow *window, const PfWindowEvent *event);
void pf_window_notify_size (PfWindow *window);
/* Where the picture lies in the window. */
GstVideoRectangle pf_window_fit (PfWindow *window);
/* A place in the window, as one in the picture. */
void pf_window_place (
    PfWindow *window, gdouble x, gdouble y, PfWindowEvent *event);

#endif /* PF_CLIENT_WINDOW_H */
