/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the parts of pffecenc share: the element, its terms, frames, filler. */
#ifndef PF_FEC_ENC_PRIVATE_H
#define PF_FEC_ENC_PRIVATE_H

#include "pf-fec-enc.h"

#include "pf-adapt.h"
#include "pf-block.h"
#include "pf-events.h"
#include "pf-slab.h"
#include "pf-timer.h"
#include "pf-wire.h"

G_BEGIN_DECLS

GST_DEBUG_CATEGORY_EXTERN (pf_fec_enc_debug);

/* See the stats property. */
typedef struct {
  guint64 frames, packets, parity_packets, bytes, copies;
  guint64 frames_pending; /* dropped: no session yet */
  guint64 reports;        /* of loss */
  guint64 filler_units, filler_packets, filler_bytes;
} PfFecEncCounters;

/* A speed test. */
typedef struct {
  guint kbps, ms;
  GstClockTime begun; /* NONE: not yet */
  PfProbeDone sent;
} PfFecEncProbe;

struct _PfFecEnc {
  GstElement parent;
  GstPad *sinkpad, *srcpad;

  /* object lock; settings */
  gchar *wire_name;
  guint scheme, max_block, shard_payload; /* read at READY->PAUSED */
  guint percentage, minimum_parity;       /* read once per frame */
  gboolean adaptive, forbid_copy;

  /* object lock */
  PfFecEncCounters counters;
  guint terms_min_parity; /* as agreed on, or as set */
  gboolean terms_adaptive;
  gboolean agreed; /* by a session: properties do not matter */
  PfAdapt adapt;   /* its percentage is the one of the next frame */
  PfProbe wanted;  /* a speed test to begin; kbps 0: none */

  gint ask; /* atomic; the session is to be asked before the next frame */

  /* the sink pad's stream lock: streaming thread and speed test in turn;
   * made in READY->PAUSED */
  const PfWire *wire;
  PfWireSender sender;
  PfFecCache *cache;
  PfSlabPool *pool;   /* object lock too */
  guint terms_scheme; /* as agreed on, or as set; 0: no parity */
  gboolean negotiated;
  gboolean refused; /* by us: what the session said; the error was posted */
  gboolean pending; /* no session yet */
  gboolean begun;   /* a frame was numbered */
  guint breaks;     /* PF_BLOCK_BREAKS that the next packets have */
  PfBlockWish wish;
  GPtrArray *rows; /* of data, header and payload in turn */
  GPtrArray *parity_rows;
  GByteArray *scratch; /* shards that do not lie in the frame whole */
  GByteArray *headers; /* as the parity covers them */

  /* the source pad's task; when is any thread's */
  PfFecEncProbe probe;
  PfTimer when;
};

/* ---- pf-fec-enc-terms.c: what holds for the stream ------------------------ */

/* Takes the properties; errors are posted. */
gboolean pf_fec_enc_take_settings (PfFecEnc *self);

/* What was set holds from the next frame on, unless a session says otherwise;
 * anew: the percentage begins where it was set to. Call with the object lock. */
void pf_fec_enc_follow_setting_unlocked (PfFecEnc *self, gboolean anew);

/* A loss report came; any thread. */
void pf_fec_enc_take_report (PfFecEnc *self, const PfLossReport *report);

/* Everything for a frame is there: session asked, form and room of packets
 * agreed on with downstream. Else what to return for it. Call with the sink
 * pad's stream lock, as for all that follows. */
GstFlowReturn pf_fec_enc_prepare (PfFecEnc *self);

/* The same after new caps; FALSE: they do not fit. */
gboolean pf_fec_enc_negotiate (PfFecEnc *self);

/* Whether an event from upstream has to wait for the caps: it stays on the sink
 * pad, and follows the first caps. */
gboolean pf_fec_enc_holds_back (PfFecEnc *self, GstEvent *event);

/* ---- pf-fec-enc-frame.c --------------------------------------------------- */

/* Fills in the terms of the moment and plans. */
int pf_fec_enc_plan (PfFecEnc *self, PfWireFrame *frame, PfWirePlan *plan);

/* Cuts, computes parity, pushes; stamps are those of frame, which may be NULL.
 * Errors are posted. */
GstFlowReturn pf_fec_enc_push (PfFecEnc *self, const PfWirePlan *plan,
    const GstMapInfo *unit, GstBuffer *frame);

/* ---- pf-fec-enc-probe.c: any thread --------------------------------------- */

/* Begins a speed test; one that runs ends. */
void pf_fec_enc_probe (PfFecEnc *self, const PfProbe *probe);

/* The source pad becomes active, or ceases to be. */
gboolean pf_fec_enc_probe_allow (PfFecEnc *self);
gboolean pf_fec_enc_probe_end (PfFecEnc *self);

G_END_DECLS

#endif /* PF_FEC_ENC_PRIVATE_H */
