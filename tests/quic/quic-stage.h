/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Streams whose every picture is looked at: hosts that give each client a
 * drawn display of its own, encoded as H.264, and clients that decode it and
 * read the numbers in the pictures.
 */
#ifndef QUIC_STAGE_H
#define QUIC_STAGE_H

#include <gst/gst.h>

/* A place for identities; removed with all in it. */
gchar *stage_place_new (void);
void stage_place_remove (gchar *place);

/* A pfquicserver, and who answers its offers in the way of a launcher. */
typedef struct {
  GstElement *server;
  guint port;
  GstBus *bus;
  GThread *thread;
  gint stop;             /* atomic */
  const gchar *endpoint; /* more settings of pfquicsink; set before clients */

  GMutex lock;
  GCond cond;
  /* lock */
  GHashTable *sessions; /* id (uint64) to its pipeline */
  guint n_started, n_ended;
  GstStructure *offer; /* the last */
  guint64 skipped;     /* pictures that displays of ended sessions left out */
} StageHost;

/* The name is the server's, of which there is one in a process. SETTINGS of
 * the server, "NAME=VALUE ...". */
void stage_host_start (StageHost *host, const gchar *name, const gchar *place,
    guint port, const gchar *settings);
void stage_host_stop (StageHost *host);

guint64 stage_host_counter (StageHost *host, const gchar *name);
guint stage_host_n_sessions (StageHost *host);
gboolean stage_host_wait_ended (StageHost *host, guint n, guint ms);

typedef struct {
  GstElement *pipeline, *source;

  GMutex lock;
  GCond cond;
  /* lock */
  guint frames;
  guint wrong;    /* not the one that follows the last, or unreadable */
  guint width;    /* of the last picture */
  gint64 last;    /* number in it; -1: there was none */
  gint64 last_at; /* when it was shown, us */
  gint64 longest; /* from one picture to the next, us */
  gboolean over;
  gchar *error;
} StageClient;

/* SETTINGS of pfquicsrc. */
void stage_client_start (
    StageClient *client, guint port, const gchar *settings);
void stage_client_stop (StageClient *client);

gboolean stage_client_wait (StageClient *client, guint frames, guint ms);
gboolean stage_client_wait_over (StageClient *client, guint ms);

/* What to compare with later. */
guint stage_client_frames (StageClient *client);

/* All pictures since the first were there, in order. */
void stage_client_check (StageClient *client);

#endif /* QUIC_STAGE_H */
