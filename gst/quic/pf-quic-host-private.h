/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the files of the host's endpoint share; see pf-quic-host.h. */
#ifndef PF_QUIC_HOST_PRIVATE_H
#define PF_QUIC_HOST_PRIVATE_H

#include "pf-quic-audio.h"
#include "pf-quic-data.h"
#include "pf-quic-host.h"
#include "pf-quic-timing.h"
#include "pf-session.h"

GST_DEBUG_CATEGORY_EXTERN (pf_quic_sink_debug);

struct _PfQuicHost {
  /* constant */
  GstElement *element; /* not a reference: outlives this */
  PfQuicHostSettings settings;
  PfQuicHub *hub; /* its own, or that of the named server */
  gboolean own_hub;
  PfQuicSession *served; /* of a named server; kept to wait for what it tells */
  PfSender *sender;
  PfQuicTiming *timing;

  GMutex lock;
  /* lock */
  PfQuicSession *session; /* attached */
  guint64 since;          /* of waiting for video */
  PfQuicData *data;
  PfAddress to;
  gboolean active; /* there is somebody to send to */
  gboolean silent; /* but he is not heard */
  PfMsgWelcome welcome;
  gboolean later; /* a client that knows more than v0.3.0 did */
  gboolean filler_shared;
  gboolean wants_timing;
  PfSecret *secret;
  PfQuicHostCounters n;
  PfQuicAudioOut audio;
  PfMsgMode mode;     /* that was asked for and not answered; width 0: none */
  guint64 mode_until; /* then the answer is no */

  /* the thread that pushes video */
  guint64 frame; /* counts frames for the sender */
  guint32 frame_number;
  GstClockTime last_pts;
  guint64 interval;

  /* whoever sends, one at a time */
  PfSend out;
};

/* To all that makes video; takes the event over. Call with no lock. */
void pf_quic_host_wish (PfQuicHost *host, GstEvent *event);
void pf_quic_host_wish_key_unit (PfQuicHost *host);

/* Takes the structure over. */
void pf_quic_host_post (PfQuicHost *host, GstStructure *structure);

/* An event of the session; in the connection's thread. */
void pf_quic_host_on_event (
    PfQuicSession *session, const PfHostEvent *event, gpointer host);

/* Looks whether the mode that was asked for is there; in that thread. */
void pf_quic_host_watch_mode (PfQuicHost *host, PfQuicSession *session);

/* What the light of the picture is, if it is HDR; with a key frame. */
void pf_quic_host_send_hdr (PfQuicHost *host, PfQuicSession *session);

#endif /* PF_QUIC_HOST_PRIVATE_H */
