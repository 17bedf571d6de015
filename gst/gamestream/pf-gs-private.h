/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the hub and its clients have of one another. */
#ifndef PF_GS_PRIVATE_H
#define PF_GS_PRIVATE_H

#include "pf-gs-hub.h"

G_BEGIN_DECLS

/* What the client's thread is to tell. */
typedef enum {
  PF_GS_TELL_EVENT, /* to the endpoint */
  PF_GS_TELL_OFFER, /* to the owner of the hub, as the next two */
  PF_GS_TELL_STARTED,
  PF_GS_TELL_RIGHTS, /* to the endpoint */
  PF_GS_TELL_ENDED,  /* to both; the last */
} PfGsTellKind;

struct _PfGsClient {
  gint refs;   /* atomic */
  gint grants; /* atomic: PF_GRANT_* */

  /* constant */
  PfGsHub *hub; /* outlives the client's thread */
  guint id;
  PfPeerAddress peer;
  PfSecret *key;
  guint32 key_id;

  /* the hub's lock */
  PfGsSession *session;
  PfEnetPeer *enet; /* from ANNOUNCED on; its user is this */
  PfGsConn *conn;   /* whose ANNOUNCE waits for an answer */
  gboolean offered;
  gboolean enet_lost; /* no answer: the client did not say goodbye */
  gboolean told[3];   /* control, video, audio: known to be there */
  gboolean started, ended;
  gboolean gone;     /* the end was told */
  guint64 answer_by; /* of conn */
  PfAddress own;     /* of ours, that its control messages come to */
  PfGsPath paths[2];

  /* set before the offer is told, then constant */
  PfGsAnnounce announce;
  gboolean high_quality;

  GMutex lock; /* inside of the hub's */
  GCond cond;
  /* lock */
  GQueue tells;
  gboolean overflowed; /* something was dropped since */
  gboolean allowed, attached, over;
  PfGsClientFuncs funcs;
  gpointer user;
  GThread *telling; /* that is in one of the functions, or NULL */
};

/* Makes it and starts its thread. */
PfGsClient *pf_gs_client_new (
    PfGsHub *hub, guint id, const PfGsHubLaunch *launch);

/* event: of PF_GS_TELL_EVENT; reason: of PF_GS_TELL_ENDED. */
void pf_gs_client_tell (PfGsClient *client, PfGsTellKind kind,
    const PfGsEvent *event, PfGsCloseReason reason);

/* In the client's thread: what the owner is told. ended takes the client out of
 * the hub. */
void pf_gs_hub_offer (PfGsHub *hub, PfGsClient *client);
void pf_gs_hub_started (PfGsHub *hub, PfGsClient *client);
void pf_gs_hub_ended (PfGsHub *hub, PfGsClient *client, PfGsCloseReason reason);
/* The very last thing that it does. */
void pf_gs_hub_thread_ended (PfGsHub *hub);

/* For what clients do: lock; then what came of it is told and sent. */
void pf_gs_hub_lock (PfGsHub *hub);
void pf_gs_hub_unlock (PfGsHub *hub, PfGsClient *client);

/* With the hub's lock: an answer to the ANNOUNCE that waits. */
gboolean pf_gs_hub_answer (PfGsHub *hub, PfGsClient *client, guint status);

G_END_DECLS

#endif /* PF_GS_PRIVATE_H */
