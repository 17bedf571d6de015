/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The encoder of a session while it runs. It is a bin that can be exchanged for
 * another one, which is made ready beside it; packets, parity and keys behind
 * it never notice. What came of an exchange is an element message of the
 * pipeline, PfEncodingChanged {good (boolean), reason (string)}.
 *
 * Thread-safety: one thread calls; streaming threads exchange.
 */
#ifndef PF_HOST_ENCODING_H
#define PF_HOST_ENCODING_H

#include <gst/gst.h>

#define PF_ENCODING_CHANGED "PfEncodingChanged"

typedef struct _PfEncoding PfEncoding;

/* PART is the bin between the source and the rest. */
PfEncoding *pf_encoding_new (GstElement *pipeline, GstElement *part);
/* Gives up what goes on; what is being exchanged goes on by itself. */
void pf_encoding_free (PfEncoding *encoding);

/* Takes the floating PART over. The old one gets frames until the first of the
 * new mode comes; 0 of all: until the next frame. */
void pf_encoding_exchange (PfEncoding *encoding, GstElement *part, guint width,
    guint height, guint fps);
/* Gives up an exchange that goes on; FALSE: there is none. */
gboolean pf_encoding_cancel (PfEncoding *encoding);

/* Gives the running encoder what LIKE's encoder is set to and may change while
 * it plays; FALSE: that is nothing, or not all. */
gboolean pf_encoding_tune (PfEncoding *encoding, GstElement *like);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PfEncoding, pf_encoding_free)

#endif /* PF_HOST_ENCODING_H */
