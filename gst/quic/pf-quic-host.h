/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The endpoint of one session on the host: what pfquicsink does with
 * protocol=punktfunk1. It takes a session of a server, or has a server of its
 * own and serves who comes, one after the other.
 *
 * Thread-safety: one thread per pad pushes; any may do the rest. Events go
 * upstream from the connection's thread, with no lock held.
 */
#ifndef PF_QUIC_HOST_H
#define PF_QUIC_HOST_H

#include <gst/gst.h>

#include "pf-quic-host-settings.h"
#include "pf-quic-hub.h"
#include "pf-sender.h"
#include "pf-wire.h"

G_BEGIN_DECLS

typedef struct {
  guint64 sessions; /* that got a Welcome */
  guint64 refused;
  guint64 packets, bytes; /* of video, sent */
  guint64 unsent;         /* packets without somebody to send them to */
  guint64 send_dropped;   /* packets that the kernel or the ring dropped */
  guint64 audio, audio_dropped;
  guint64 keyframe_requests, invalidations, loss_reports, inputs;
  guint64 key_frames;
  guint64 silences; /* times that the client was not heard */
  guint loss_ppm;   /* as reported last */
  guint bitrate_kbps;
} PfQuicHostCounters;

typedef struct _PfQuicHost PfQuicHost;

PfQuicHost *pf_quic_host_start (
    GstElement *element, const PfQuicHostSettings *settings, GError **error);

/* A barrier: the session is over. */
void pf_quic_host_stop (PfQuicHost *host);

/* Ends the session, with a reason that the client is told; FALSE: there is
 * none. */
gboolean pf_quic_host_disconnect (
    PfQuicHost *host, guint code, const gchar *reason);

/* The client asked for another mode (PfSessionMode); FALSE: nobody waits for
 * an answer. */
gboolean pf_quic_host_answer_mode (PfQuicHost *host, gboolean accepted);

/* PfGamepadFeedback for the client; FALSE: it cannot be sent. */
gboolean pf_quic_host_feedback (PfQuicHost *host, const GstStructure *feedback);

/* Takes another session of its server, after the one before has ended. */
gboolean pf_quic_host_attach (PfQuicHost *host, guint64 id);

/* The port of its own server; 0: it has none. */
guint pf_quic_host_port (PfQuicHost *host);

/* n packets in an object that begins with this buffer; takes a reference.
 * What cannot be sent is dropped. */
void pf_quic_host_video (PfQuicHost *host, GstPad *pad, GstMiniObject *object,
    GstBuffer *first, guint n);
void pf_quic_host_flush (PfQuicHost *host);
void pf_quic_host_drain (PfQuicHost *host);

/* An Opus packet. */
void pf_quic_host_audio (PfQuicHost *host, GstBuffer *buffer);

/* Answers PfSessionParams. */
void pf_quic_host_answer (PfQuicHost *host, GstQuery *query);

/* A speed test is over. */
void pf_quic_host_probe_done (PfQuicHost *host, GstEvent *event);

void pf_quic_host_get_counters (PfQuicHost *host, PfQuicHostCounters *counters);

/* A reference, or NULL. */
PfQuicLink *pf_quic_host_get_link (PfQuicHost *host);

/* Where a host keeps who it is, to be freed. */
gchar *pf_quic_default_directory (void);

/* Whether a fingerprint is in such a list. */
gboolean pf_quic_is_allowed (const gchar *list, const guint8 *fingerprint);

G_END_DECLS

#endif /* PF_QUIC_HOST_H */
