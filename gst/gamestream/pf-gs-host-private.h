/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the files of the endpoint share; see pf-gs-host.h. */
#ifndef PF_GS_HOST_PRIVATE_H
#define PF_GS_HOST_PRIVATE_H

#include "pf-gs-audio.h"
#include "pf-gs-host.h"
#include "pf-send.h"
#include "pf-sender.h"

GST_DEBUG_CATEGORY_EXTERN (gamestream_rtsp_debug);

struct _PfGsHost {
  gint refs; /* atomic */

  /* constant */
  GstElement *element; /* not a reference: outlives this */
  PfGsHostSettings settings;
  PfGsHub *hub; /* its own, or that of the named server */
  gboolean own_hub;
  PfPeerAddress peer; /* of a client of its own */
  PfSender *sender;
  PfSocket *sockets[2]; /* video: of who sends; audio: of its pad's thread */

  GMutex lock;
  /* lock */
  PfGsClient *client;   /* attached, or was */
  PfGsClient *launched; /* of its own server: who may come */
  gboolean launching;   /* that is being made */
  gboolean over;        /* the client is gone */
  PfGsPath paths[2];
  gboolean active[2]; /* there is somebody to send to */
  PfGsAnnounce announce;
  gboolean high_quality;
  PfSecret *secret; /* the client's */
  guint32 key_id;
  guint audio_session; /* counts sessions, for the pad's thread */
  PfGsHostCounters n;

  /* the client's thread */
  PfGsInputState input;

  /* the thread that pushes video */
  guint64 frame; /* counts frames for the sender */
  guint32 frame_number;
  GstClockTime last_pts;
  guint64 interval;
  guint64 reported_at, reported_packets, reported_missing;

  /* the thread that pushes audio */
  PfGsAudioSender *audio;
  guint audio_sender_session; /* that it was made for */
  gboolean audio_warned;

  /* whoever sends, one at a time */
  PfSend out;
};

/* To all that makes video; takes the event over. Call with no lock. */
void pf_gs_host_wish (PfGsHost *host, GstEvent *event);
void pf_gs_host_wish_key_unit (PfGsHost *host);

/* Takes the structure over. */
void pf_gs_host_post (PfGsHost *host, GstStructure *structure);

/* In the client's thread. event NULL: some were dropped. */
void pf_gs_host_on_event (
    PfGsClient *client, const PfGsEvent *event, gpointer host);
void pf_gs_host_on_rights (PfGsClient *client, gpointer host);
void pf_gs_host_release_input (PfGsHost *host, PfGsClient *client);

/* What the light of the picture is, to a client that shows HDR. */
void pf_gs_host_send_hdr (PfGsHost *host, PfGsClient *client);

#endif /* PF_GS_HOST_PRIVATE_H */
