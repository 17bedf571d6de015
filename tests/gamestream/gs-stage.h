/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A gamestreamserver and who launches and serves its sessions, as launchers do;
 * and clients for them.
 *
 * Thread-safety: one thread.
 */
#ifndef GS_STAGE_H
#define GS_STAGE_H

#include <gst/gst.h>

#include "gs-client.h"
#include "pf-gs-session.h"
#include "pf-secret.h"

#define GS_WAIT_MS 20000

typedef struct {
  GstElement *server;
  GstBus *bus;
  GQueue messages; /* GstStructure, not asked for yet */
  const gchar *address;
  GstStructure *grants; /* of who is accepted; NULL: all; the test's own */
  gboolean early;       /* pipelines are made before their client is accepted */
} GsStage;

/* At ports that are free. SETTINGS: "NAME=VALUE ..." of the server, or NULL. */
void gs_stage_start (
    GsStage *stage, const gchar *address, const gchar *settings);
void gs_stage_stop (GsStage *stage);

/* Launches a session with a key of its own and fills what its client must know;
 * its number, or 0. MORE: fields of the launch, to be freed here, or NULL. */
guint64 gs_stage_launch (GsStage *stage, const gchar *peer, GstStructure *more,
    GsClientConfig *config);

/* The next message of this name and session (0: any); to be freed. NULL: it did
 * not come. */
GstStructure *gs_stage_wait (
    GsStage *stage, const gchar *name, guint64 id, guint ms);

/* Whether there is one already; it stays. */
gboolean gs_stage_has (GsStage *stage, const gchar *name, guint64 id);

/* The code that the session ended with; -1: it did not end. */
gint gs_stage_wait_ended (GsStage *stage, guint64 id, guint ms);

/* A drawn display of this size at 30 frames a second, encoded as H.264; with
 * sound: a tone; plays. */
GstElement *gs_stage_serve (GsStage *stage, guint64 id, guint width,
    guint height, gboolean sound, const gchar *endpoint);
void gs_stage_drop (GstElement *pipeline);

gboolean gs_stage_accept (GsStage *stage, guint64 id);

/* What a client has that was launched: shakes hands, while the offer is
 * accepted and served; *pipeline and the client stream. NULL: it failed. */
GsClient *gs_stage_connect (GsStage *stage, const GsClientConfig *config,
    guint64 id, GstElement **pipeline, const gchar *endpoint);

guint64 gs_stage_counter (gpointer element, const gchar *name);

#endif /* GS_STAGE_H */
