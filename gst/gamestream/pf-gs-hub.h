/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A GameStream host without an element: the ports of RTSP, ENet, video and
 * audio, and the clients that were launched on them. Elements find it by name.
 * One thread has all four ports; each client has one that tells what happens.
 *
 * Thread-safety: any thread.
 */
#ifndef PF_GS_HUB_H
#define PF_GS_HUB_H

#include "pf-gs-client.h"
#include "pf-gs-listener.h"

G_BEGIN_DECLS

typedef struct {
  gchar *address; /* NULL or empty: any */
  guint rtsp_port, video_port, control_port, audio_port; /* 0: a free one */
  guint max_clients;                                     /* 1 to 64 */
} PfGsHubConfig;

/* In the client's thread, with no lock held. */
typedef struct {
  /* It announced what it wants: allow or refuse it, now or later. */
  void (*offer) (gpointer user, PfGsClient *client);
  /* It is there on all channels. */
  void (*started) (gpointer user, PfGsClient *client);
  /* Comes last, and for every client. */
  void (*ended) (gpointer user, PfGsClient *client, PfGsCloseReason reason);
} PfGsHubFuncs;

/* What the launch said. Codecs, encryption and the like as in PfGsHostOffer,
 * whose ports and payloads are filled in. */
typedef struct {
  PfPeerAddress peer;
  PfSecret *key; /* belongs to the caller */
  guint32 key_id;
  gboolean sealed_rtsp;
  gboolean patient; /* waits for ever for the first request */
  PfGsHostOffer offer;
} PfGsHubLaunch;

typedef struct {
  PfGsListenerCounters rtsp;
  PfEnetStats enet;
  PfSocketCounters control;
  guint64 control_strangers; /* datagrams from where nobody may come */
  guint64 strange_pings;
} PfGsHubCounters;

typedef struct _PfGsHub PfGsHub;

PfGsHub *pf_gs_hub_new (const PfGsHubConfig *config, const PfGsHubFuncs *funcs,
    gpointer user, GError **error);
PfGsHub *pf_gs_hub_ref (PfGsHub *hub);
void pf_gs_hub_unref (PfGsHub *hub);

/* A barrier: tells all clients that it is over, and waits a little for them to
 * hear it; nothing is told after it. Then only references are left. */
void pf_gs_hub_stop (PfGsHub *hub);

/* A reference to a client that may come, with the offer that it will get; NULL:
 * there are too many. */
PfGsClient *pf_gs_hub_launch (
    PfGsHub *hub, const PfGsHubLaunch *launch, PfGsHostOffer *offer);

/* A reference, or NULL. */
PfGsClient *pf_gs_hub_find (PfGsHub *hub, guint id);
guint pf_gs_hub_n_clients (PfGsHub *hub);

typedef enum {
  PF_GS_PORT_RTSP,
  PF_GS_PORT_VIDEO,
  PF_GS_PORT_CONTROL,
  PF_GS_PORT_AUDIO,
  PF_GS_N_PORTS,
} PfGsPort;

guint pf_gs_hub_port (PfGsHub *hub, PfGsPort port);

/* What media leave by, for one thread; NULL: no descriptor. */
PfSocket *pf_gs_hub_open_socket (PfGsHub *hub, PfGsStream stream);
void pf_gs_hub_get_counters (PfGsHub *hub, PfGsHubCounters *counters);

/* ---- Names -------------------------------------------------------------- */

/* FALSE if the name is taken. */
gboolean pf_gs_hub_register (PfGsHub *hub, const gchar *name);
void pf_gs_hub_unregister (PfGsHub *hub);

/* A reference, or NULL. */
PfGsHub *pf_gs_hub_lookup (const gchar *name);

G_END_DECLS

#endif /* PF_GS_HUB_H */
