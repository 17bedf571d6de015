/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The picture and the hands of who looks at it: a window for the sink, its input
 * to the host, combinations of keys, text over the picture.
 */
#ifndef PF_CLIENT_VIEW_H
#define PF_CLIENT_VIEW_H

#include <gst/gst.h>

typedef struct {
  const gchar *title;
  guint width, height; /* asked for */
  gboolean fullscreen;
  gboolean relative; /* the mouse's movement, from the beginning */
  void (*quit) (gpointer data);
  void (*resized) (guint width, guint height, gpointer data); /* pixels; NULL */
  gchar *(*describe) (gpointer data); /* figures, a few lines */
  gpointer data;
} PfViewOptions;

typedef struct _PfView PfView;

PfView *pf_view_new (const PfViewOptions *options);
/* After the pipeline. */
void pf_view_free (PfView *view);

/* The chain that shows, with its elements decoder and sink, before it plays;
 * any thread. */
void pf_view_watch (PfView *view, GstBin *bin);

/* For the pipeline's bus, in the thread that posts: sinks ask for windows. */
GstBusSyncReply pf_view_on_message (PfView *view, GstMessage *message);

/* Once a second: what is written over the picture. */
void pf_view_tick (PfView *view);

#endif /* PF_CLIENT_VIEW_H */
