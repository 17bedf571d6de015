/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What is packed into packets: looked for along the chain of elements.
 *
 * Thread-safety: none of it has state.
 */
#ifndef PF_MEDIA_H
#define PF_MEDIA_H

#include <gst/gst.h>

G_BEGIN_DECLS

/* What flows toward a pad that gets packets: the caps before they were packed,
 * looked for upstream; NULL if there are none yet. */
GstCaps *pf_media_find (GstPad *pad);

/* The pad that gives access units, looked for downstream of one that gives
 * packets; a reference, or NULL. */
GstPad *pf_media_find_units (GstPad *pad);

/* The pads of the encoder in front of a pad that gets packets, references;
 * FALSE: there is none. */
gboolean pf_media_find_encoder (GstPad *pad, GstPad **raw, GstPad **coded);

G_END_DECLS

#endif /* PF_MEDIA_H */
