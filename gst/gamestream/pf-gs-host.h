/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The endpoint of one client of GameStream: what gamestreamrtsp does. It takes
 * a client of a server, or has a server of its own and serves who comes with
 * what stands in its session file, one after the other.
 *
 * Thread-safety: one thread per pad pushes; any may do the rest. Events go
 * upstream from the client's thread, with no lock held.
 */
#ifndef PF_GS_HOST_H
#define PF_GS_HOST_H

#include "pf-gs-hub.h"

G_BEGIN_DECLS

/* What a server of its own insists on. */
typedef enum {
  PF_GS_ENCRYPT_ALL,     /* control, video, audio */
  PF_GS_ENCRYPT_CONTROL, /* and what the client wants */
  PF_GS_ENCRYPT_LEGACY,  /* the old control encryption is allowed too */
} PfGsEncrypt;

typedef struct {
  gchar *server; /* name of an element; NULL: a server of its own */
  guint64 session;

  /* of its own server */
  gchar *address;
  guint port, video_port, control_port, audio_port;
  gchar *client;       /* where it may come from */
  gchar *session_file; /* told what it must know; NULL: nobody is */
  guint encrypt;       /* PfGsEncrypt */

  /* of the session */
  guint percent;
  gboolean adaptive;
  gboolean invalidates; /* the encoder does without lost frames */
} PfGsHostSettings;

typedef struct {
  guint64 sessions;       /* that began to stream */
  guint64 packets, bytes; /* of video, sent */
  guint64 unsent;         /* packets without somebody to send them to */
  guint64 send_dropped;   /* packets that the kernel or the ring dropped */
  guint64 audio, audio_parity, audio_dropped;
  guint64 keyframe_requests, invalidations, inputs, key_frames;
  guint64 fec_reports; /* of blocks that lost something */
  guint64 blocks_lost; /* of those */
  guint64 missing;     /* data packets that did not arrive */
} PfGsHostCounters;

typedef struct _PfGsHost PfGsHost;

PfGsHost *pf_gs_host_start (
    GstElement *element, const PfGsHostSettings *settings, GError **error);

/* A barrier: the session is over. Takes the reference of start over. */
void pf_gs_host_stop (PfGsHost *host);

/* For who asks it while it may be stopped: then there is no session. */
PfGsHost *pf_gs_host_ref (PfGsHost *host);
void pf_gs_host_unref (PfGsHost *host);

/* FALSE: there is no session. */
gboolean pf_gs_host_disconnect (PfGsHost *host, guint code);

/* PfGamepadFeedback for the client; FALSE: it cannot be sent. */
gboolean pf_gs_host_feedback (PfGsHost *host, const GstStructure *feedback);

/* Of a server of its own. */
guint pf_gs_host_port (PfGsHost *host, PfGsPort port);

/* n packets in an object that begins with this buffer; takes a reference.
 * What cannot be sent is dropped. */
void pf_gs_host_video (PfGsHost *host, GstPad *pad, GstMiniObject *object,
    GstBuffer *first, guint n);
void pf_gs_host_flush (PfGsHost *host);
void pf_gs_host_drain (PfGsHost *host);

/* An Opus packet. */
void pf_gs_host_audio (PfGsHost *host, GstBuffer *buffer);

/* Answers PfSessionParams, asked at this pad. */
void pf_gs_host_answer (PfGsHost *host, GstPad *pad, GstQuery *query);

void pf_gs_host_get_counters (PfGsHost *host, PfGsHostCounters *counters);

/* A reference, or NULL. */
PfGsClient *pf_gs_host_get_client (PfGsHost *host);

G_END_DECLS

#endif /* PF_GS_HOST_H */
