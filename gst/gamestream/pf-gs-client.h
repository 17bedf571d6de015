/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A client that was launched: what libpf knows of its session, and a thread
 * that tells what happens in it, with no lock held.
 *
 * Thread-safety: any thread.
 */
#ifndef PF_GS_CLIENT_H
#define PF_GS_CLIENT_H

#include "pf-gs-session.h"
#include "pf-secret.h"
#include "pf-socket.h"

G_BEGIN_DECLS

typedef struct _PfGsClient PfGsClient;

/* In the client's thread, with no lock held. */
typedef struct {
  /* VIDEO_TO and AUDIO_TO: see pf_gs_client_get_path(). Those of what was there
   * before are told again. NULL: what came was too much for the queue, and some
   * of it was dropped. */
  void (*event) (PfGsClient *client, const PfGsEvent *event, gpointer user);
  /* It may do something else than before. */
  void (*rights) (PfGsClient *client, gpointer user);
  /* Comes last. */
  void (*closed) (PfGsClient *client, PfGsCloseReason reason, gpointer user);
} PfGsClientFuncs;

/* "it paused", or the like. */
const gchar *pf_gs_close_text (PfGsCloseReason reason);

/* Where media of a stream go, and which of our addresses they come from. */
typedef struct {
  PfAddress to, from; /* from: size 0 where it is not known */
} PfGsPath;

/* Nanoseconds of the clock that sessions go by. */
guint64 pf_gs_now (void);

PfGsClient *pf_gs_client_ref (PfGsClient *client);
void pf_gs_client_unref (PfGsClient *client);

guint pf_gs_client_id (const PfGsClient *client);

/* "127.0.0.1", to be freed. */
gchar *pf_gs_client_peer (const PfGsClient *client);

/* From the offer on. */
const PfGsAnnounce *pf_gs_client_announce (
    const PfGsClient *client, gboolean *high_quality);

/* The key of the launch; belongs to the client. */
PfSecret *pf_gs_client_secret (const PfGsClient *client);
guint32 pf_gs_client_key_id (const PfGsClient *client);

/* FALSE: not known yet. */
gboolean pf_gs_client_get_path (
    PfGsClient *client, PfGsStream stream, PfGsPath *path);

/* ---- What the owner of the hub decided about an offer -------------------- */

/* FALSE: it is not, or no longer, asked. */
gboolean pf_gs_client_allow (PfGsClient *client);
/* Answers ANNOUNCE with this status; then it is over. */
gboolean pf_gs_client_refuse (PfGsClient *client, guint status);

/* What it may do, PF_GRANT_*: all, unless told otherwise. */
void pf_gs_client_grant (PfGsClient *client, guint grants);
guint pf_gs_client_grants (const PfGsClient *client);

/* ---- The endpoint -------------------------------------------------------- */

/* FALSE: somebody else is attached, it announced nothing, or is over. */
gboolean pf_gs_client_attach (
    PfGsClient *client, const PfGsClientFuncs *funcs, gpointer user);

/* Returns when none of the functions is running, nor will be any more; from
 * one of them at once. */
void pf_gs_client_detach (PfGsClient *client);

/* code 0: only disconnects; else the client is told it before. */
void pf_gs_client_close (PfGsClient *client, guint32 code);

void pf_gs_client_keyframe_sent (PfGsClient *client);

/* Whether it is on its way. */
gboolean pf_gs_client_send (PfGsClient *client, const PfGsMsg *msg);

void pf_gs_client_get_stats (PfGsClient *client, PfGsSessionStats *stats);

/* The ENet connection's round trip, ns; 0: not known. */
guint64 pf_gs_client_rtt (PfGsClient *client);

G_END_DECLS

#endif /* PF_GS_CLIENT_H */
