/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the parts of pffecdec share: the element, its terms, frames, time. */
#ifndef PF_FEC_DEC_PRIVATE_H
#define PF_FEC_DEC_PRIVATE_H

#include "pf-fec-dec.h"

#include "pf-adapt.h"
#include "pf-fec-dec-stats.h"
#include "pf-reassembler.h"
#include "pf-session.h"
#include "pf-timer.h"

G_BEGIN_DECLS

GST_DEBUG_CATEGORY_EXTERN (pf_fec_dec_debug);
GST_DEBUG_CATEGORY_EXTERN (pf_fec_dec_performance);

struct _PfFecDec {
  GstElement parent;
  GstPad *sinkpad, *srcpad;

  /* object lock; read when the caps of the packets come */
  GstCaps *caps;
  gboolean forbid_copy;
  guint shard_payload, max_block, max_frame, deadline_us, overtake_us;
  guint64 memory_budget;

  /* object lock; as of the last packets */
  PfReassemblerStats shown;
  guint64 shown_dropped;
  PfFecDecCounters shown_counters;

  gint ask; /* atomic; the session is to be asked */

  /* the sink pad's stream lock: streaming thread and timer in turn */
  PfReassembler *r;
  PfSessionState session;     /* as last asked: NONE, PENDING or READY */
  PfSessionParams params;     /* if READY */
  gboolean no_copies;         /* forbid-copy, of this call */
  PfReassemblerConfig config; /* r was made with */
  PfReassemblerStats past;    /* of reassemblers before */
  PfFecDecCounters counters;
  PfLossWindow window;
  guint64 held_bytes; /* of filler, when last looked at */
  GstSegment segment; /* downstream */
  GstCaps *refused;   /* of packets; their error was posted */
  gboolean stamped;   /* upstream's stamps are in this segment */
  GstFlowReturn flow; /* of the last push */
  gboolean eos;
  gboolean discont;
  gboolean resumed;                 /* frames went by that no reassembler saw */
  GstClockTime last_pts;            /* pushed */
  GstClockTime pts;                 /* last stamp of upstream */
  GstClockTime pts_at;              /* when that arrived */
  GstClockTime first_pts, first_at; /* of the segment's first packet */
  GstClockTime ahead;     /* of the reassembler's time before the element's */
  GstClockTime scheduled; /* when the timer was last asked for */

  PfTimer timer;
};

/* Call with the sink pad's stream lock, all of them. */

/* ---- pf-fec-dec-terms.c: what the packets and the frames are -------------- */

/* Asks the session if that is due, makes the reassembler, sends caps. Errors
 * are posted. */
gboolean pf_fec_dec_take_caps (PfFecDec *self, const GstCaps *packets);

/* Lets go of the reassembler; what it counted stays. */
void pf_fec_dec_drop_reassembler (PfFecDec *self);

/* ---- pf-fec-dec-frames.c: packets in, frames out -------------------------- */

GstFlowReturn pf_fec_dec_chain (
    GstPad *pad, GstObject *parent, GstBuffer *buffer);
GstFlowReturn pf_fec_dec_chain_list (
    GstPad *pad, GstObject *parent, GstBufferList *list);

/* Pushes what is due; all is at the end of time. */
void pf_fec_dec_push_due (PfFecDec *self, GstClockTime now, guint64 due);

/* After packets and when the timer came: reports, counters, the next wait. */
void pf_fec_dec_look_around (PfFecDec *self, GstClockTime now);

/* All so far, also of reassemblers that are gone. */
PfReassemblerStats pf_fec_dec_totals (PfFecDec *self);

void pf_fec_dec_show_counters (PfFecDec *self);

G_END_DECLS

#endif /* PF_FEC_DEC_PRIVATE_H */
