/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A session of punktfunk/1 on the client: what pfquicsrc does with
 * protocol=punktfunk1.
 *
 * Thread-safety: any thread; one reads video, one reads audio.
 */
#ifndef PF_QUIC_CLIENT_H
#define PF_QUIC_CLIENT_H

#include "pf-client-session.h"
#include "pf-quic-client-settings.h"
#include "pf-quic-session.h"
#include "pf-quic-settings.h"
#include "pf-session.h"

G_BEGIN_DECLS

/* Transport error of a host that is not the one with the fingerprint. */
#define PF_QUIC_REFUSED_HOST 0x131

typedef struct _PfQuicClient PfQuicClient;

/* In the connection's thread, with no lock held. */
typedef struct {
  /* What was agreed on; from now on there is video. */
  void (*welcome) (gpointer user, const PfMsgWelcome *welcome);
  /* Where the time of a frame went on the host. */
  void (*timing) (gpointer user, const PfMsgHostTiming *timing);
  /* To be posted; takes it over. */
  void (*message) (gpointer user, GstStructure *message);
  /* Comes last, once. */
  void (*closed) (gpointer user, const PfQuicEnd *end);
} PfQuicClientFuncs;

/* Opens the port. */
PfQuicClient *pf_quic_client_start (const PfQuicSettings *settings,
    const PfQuicClientSettings *client, GError **error);

/* From now on is told what happens. */
gboolean pf_quic_client_connect (
    PfQuicClient *client, const PfQuicClientFuncs *funcs, gpointer user);

/* Nothing is told any more, and nothing waits. */
void pf_quic_client_halt (PfQuicClient *client);
void pf_quic_client_free (PfQuicClient *client);

/* While interrupted nothing waits, and FLUSHING is returned. */
void pf_quic_client_set_interrupted (
    PfQuicClient *client, gboolean interrupted);

/* The next packets: a block or a list. OK, FLUSHING or EOS. */
GstFlowReturn pf_quic_client_video (PfQuicClient *client, gboolean blocks,
    GstClockTime (*now) (gpointer user), gpointer user, GstMiniObject **object);

/* The next packet of Opus. */
GstFlowReturn pf_quic_client_audio (PfQuicClient *client, GstBuffer **buffer);

/* Answers PfSessionParams. */
void pf_quic_client_answer (PfQuicClient *client, GstQuery *query);

/* A wish from downstream; whether it was one. */
gboolean pf_quic_client_event (PfQuicClient *client, GstEvent *event);

/* Asks for another bitrate; 0: as the host likes. */
void pf_quic_client_set_bitrate (PfQuicClient *client, guint kbps);

/* Decoding can go on. */
void pf_quic_client_recovered (PfQuicClient *client);

/* Ends the session; quit: its display may go at once. */
void pf_quic_client_quit (PfQuicClient *client);

typedef struct {
  guint64 packets, bytes; /* of video */
  guint64 filtered;       /* packets of somebody else */
  guint64 audio, audio_lost, audio_restored;
  guint64 inputs;
  gint64 clock_offset; /* host minus client, ns */
  guint64 clock_rtt;   /* ns; 0: not known */
  PfClientStats session;
} PfQuicClientCounters;

void pf_quic_client_get_counters (
    PfQuicClient *client, PfQuicClientCounters *counters);

/* What the host granted, as a message: PfSessionGranted. */
GstStructure *pf_quic_client_grant (PfQuicClient *client,
    const PfMsgWelcome *welcome, const gchar *fingerprint);
PfQuicLink *pf_quic_client_get_link (PfQuicClient *client);

G_END_DECLS

#endif /* PF_QUIC_CLIENT_H */
