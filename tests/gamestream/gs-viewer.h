/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What a client shows and plays: access units are decoded and the numbers in
 * the pictures read; Opus is decoded and the loudest tone of each channel
 * measured.
 *
 * Thread-safety: one thread gives, any looks.
 */
#ifndef GS_VIEWER_H
#define GS_VIEWER_H

#include <gst/gst.h>

typedef struct GsViewer GsViewer;

typedef struct {
  guint frames;
  guint wrong;   /* not the one that follows the last, or unreadable */
  guint skipped; /* numbers between, where some may miss */
  guint width, height;
  gint64 last;     /* number; -1: none */
  guint64 samples; /* of each channel */
} GsViewed;

/* caps: of access units, and of Opus; NULL: none of it. may_skip: pictures may
 * miss, but not come back. */
GsViewer *gs_viewer_new (
    const gchar *video_caps, const gchar *audio_caps, gboolean may_skip);
void gs_viewer_free (GsViewer *viewer);

void gs_viewer_video (GsViewer *viewer, const guint8 *bytes, gsize size);
void gs_viewer_audio (GsViewer *viewer, const guint8 *bytes, gsize size);

gboolean gs_viewer_wait (GsViewer *viewer, guint frames, guint ms);
void gs_viewer_get (GsViewer *viewer, GsViewed *viewed);

/* Zero crossings upward in a second of a channel's sound; 0: silence. */
guint gs_viewer_tone (GsViewer *viewer, guint channel);

/* Text of the first error; NULL: none. */
const gchar *gs_viewer_error (GsViewer *viewer);

#endif /* GS_VIEWER_H */
