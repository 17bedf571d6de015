/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Where the time of a frame goes on the host: before the encoder, in it, and
 * from its first packet to the last. The encoder in front of a pad is watched
 * from outside; frames are known by the time at which they were captured, where
 * the encoder hands that on.
 *
 * Thread-safety: any thread.
 */
#ifndef PF_QUIC_TIMING_H
#define PF_QUIC_TIMING_H

#include <gst/gst.h>

#include "pf-msg-datagram.h"

G_BEGIN_DECLS

typedef struct _PfQuicTiming PfQuicTiming;

PfQuicTiming *pf_quic_timing_new (void);

/* Nothing is watched any more. */
void pf_quic_timing_free (PfQuicTiming *timing);

/* Before a frame is sent: finds the encoder in front of this sink pad, if it is
 * not known, or if nothing has come of the known one for a while. */
void pf_quic_timing_look (PfQuicTiming *timing, GstPad *sink);

/* n packets were sent, of so many that the frame with this stamp has, and began
 * to be at this Unix time (ns). TRUE once they are all, if it is known where
 * the frame's time went. */
gboolean pf_quic_timing_sent (PfQuicTiming *timing, GstClockTime pts,
    guint n_frame, guint n, guint64 began, PfMsgHostTiming *told);

/* Unix time, ns. */
guint64 pf_quic_timing_now (void);

G_END_DECLS

#endif /* PF_QUIC_TIMING_H */
