/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Where a virtual display comes from. The element paces and stamps; a back end
 * has the picture.
 *
 * Thread-safety: a display is used by one thread at a time, the element's
 * streaming thread or, while that does not run, the one that changes states.
 */
#ifndef PF_VDISPLAY_BACKEND_H
#define PF_VDISPLAY_BACKEND_H

#include <gst/video/video.h>

G_BEGIN_DECLS

typedef struct _PfVDisplay PfVDisplay;

typedef struct {
  const gchar *name;
  gboolean by_name_only; /* backend=auto leaves it out */

  /* FALSE, with what it lacks, where it cannot work. */
  gboolean (*available) (GError **error);

  PfVDisplay *(*open) (GError **error);
  void (*close) (PfVDisplay *display);

  /* All that it can give, best first. Any thread, also without a display. */
  GstCaps *(*get_caps) (void);

  /* The mode and format from the next picture on; may be called again. */
  gboolean (*set_format) (
      PfVDisplay *display, const GstVideoInfo *info, GError **error);

  /* The picture as it is now, and when that was (Unix time, ns). */
  GstBuffer *(*take) (PfVDisplay *display, guint64 *taken_at, GError **error);
} PfVDisplayBackend;

/* The beginning of each back end's own structure. */
struct _PfVDisplay {
  const PfVDisplayBackend *backend;
};

extern const PfVDisplayBackend pf_vdisplay_test;

G_END_DECLS

#endif /* PF_VDISPLAY_BACKEND_H */
