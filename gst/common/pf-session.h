/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * PfSessionParams: what a session agreed on, asked of its endpoint by a custom
 * query that travels along the media chain. See docs/events.md.
 *
 * pffecenc, pffecdec and pfaesgcm ask before their first caps and again after
 * the event PfParamsChanged:
 *
 *   switch (pf_session_ask (self->srcpad, FALSE, &params)) {
 *
 * An endpoint answers in its pads' query function, for which gst_pad_query()
 * comes along from any thread:
 *
 *   case GST_QUERY_CUSTOM:
 *     if (!pf_session_query_is (query))
 *       break;
 *     if (no session yet)
 *       pf_session_answer_pending (query);
 *     else
 *       pf_session_answer (query, &params);
 *     return TRUE;
 *
 * Thread-safety: none of it has state.
 */
#ifndef PF_SESSION_H
#define PF_SESSION_H

#include "pf-secret.h"
#include "pf-wire.h"

G_BEGIN_DECLS

#define PF_SESSION_PARAMS "PfSessionParams"
#define PF_SESSION_WIRE_SIZE 16

typedef struct {
  gchar wire[PF_SESSION_WIRE_SIZE]; /* name of the packet format, as in caps */
  /* As pf_wire_sender_init() and PfReassemblerConfig take it: scheme, sizes,
   * percentage at start, order, whether filler shares the frame numbers. */
  PfWireConfig packets;
  guint min_parity;  /* parity packets every block has at least */
  gboolean adaptive; /* the percentage follows loss reports */
  gboolean at_once;  /* and falls at once, not one point a report */
  gboolean sealed;   /* packets are encrypted; FALSE: they travel plain */
  gboolean to_host;  /* the media go from the client to the host */
  GstCaps *media;    /* what the frames are; NULL: not said */
  PfSecret *secret;  /* NULL unless sealed and asked for */
} PfSessionParams;

/* All zero: no memory is held. */
void pf_session_params_init (PfSessionParams *params);
void pf_session_params_clear (PfSessionParams *params);

/* The name must be shorter than PF_SESSION_WIRE_SIZE. */
gboolean pf_session_params_set_wire (
    PfSessionParams *params, const gchar *wire);

/* ---- Who asks ------------------------------------------------------------ */

typedef enum {
  PF_SESSION_NONE,    /* nobody there knows of sessions: properties hold */
  PF_SESSION_BAD,     /* an answer that makes no sense */
  PF_SESSION_PENDING, /* no session yet: drop media until PfParamsChanged */
  PF_SESSION_READY,   /* *params is set, to be cleared */
} PfSessionState;

/* Asks the peer of a pad: the source pad on the sending side, the sink pad on
 * the receiving one. Call with no lock held. */
PfSessionState pf_session_ask (
    GstPad *pad, gboolean with_secret, PfSessionParams *params);

/* The two halves of it. */
GstQuery *pf_session_query_new (gboolean with_secret);
PfSessionState pf_session_query_read (GstQuery *query, PfSessionParams *params);

/* ---- Who answers --------------------------------------------------------- */

gboolean pf_session_query_is (GstQuery *query);

/* The secret goes into the answer only if it was asked for. */
void pf_session_answer (GstQuery *query, const PfSessionParams *params);
void pf_session_answer_pending (GstQuery *query);

G_END_DECLS

#endif /* PF_SESSION_H */
