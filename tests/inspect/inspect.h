/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What an element shows to the outside, as text: as gst-inspect-1.0 does, but
 * the same with every release of GStreamer, so only what is the element's own.
 */
#ifndef INSPECT_H
#define INSPECT_H

#include <gst/gst.h>

/* Names of the factories of this project's plugins, sorted; without those
 * that are for tests alone. */
GPtrArray *inspect_factories (void);

/* NULL: it cannot be made. */
gchar *inspect_text (const gchar *factory);

/* Where the text is kept, below the top of the tree. */
gchar *inspect_path (const gchar *top, const gchar *factory);

#endif /* INSPECT_H */
