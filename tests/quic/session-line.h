/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A host's or a client's pipeline in a test, and what its bus, its sink and its
 * source heard. Frames are of one size and cannot be decoded.
 */
#ifndef SESSION_LINE_H
#define SESSION_LINE_H

#include <gst/gst.h>

#include "pf-events.h"
#include "quic-pair.h"

#define FRAME_SIZE 3000
#define HOST                                                                   \
  "fakesrc name=source is-live=true sync=true format=time datarate=300000 "    \
  "sizetype=fixed sizemax=3000 filltype=pattern ! capsfilter caps=\"video/"    \
  "x-h264,stream-format=byte-stream,alignment=au,width=640,height=480,"        \
  "framerate=100/1,profile=main\" name=encoder ! pffecenc ! pfaesgcm ! "       \
  "pfquicsink name=end %s"
#define OPENER                                                                 \
  "pfaesgcm mode=open ! pffecdec name=parts "                                  \
  "caps=\"video/x-h264,stream-format=byte-"                                    \
  "stream,alignment=au\" ! fakesink name=sink sync=false async=false "         \
  "signal-handoffs=true"
#define CLIENT                                                                 \
  "pfquicsrc name=end address=127.0.0.1 port=%u codecs=h264 %s ! " OPENER

extern gchar *line_dir; /* of identities, while tests run */

/* pf_test_run() with such a directory, removed with all in it. */
int line_run (int argc, char **argv);

/* A pipeline, and what its bus and its sink told. */
typedef struct {
  GstElement *pipeline, *end;
  GMutex lock;
  GCond cond;
  /* lock */
  guint frames, wrong; /* of another size */
  gint64 least_us;     /* that a frame was under way */
  GPtrArray *messages; /* GstStructure of element messages */
  gchar *error;
  guint inputs, key_units, losses; /* that came up to the source */
} Line;

/* For a bus that is not a pipeline's. */
GstBusSyncReply line_on_message (
    GstBus *bus, GstMessage *message, gpointer line);

void line_init (Line *l, const gchar *text);
void line_play (Line *l);
void line_clear (Line *l);
gboolean line_wait (Line *l, const guint *counter, guint least);
GstStructure *line_message (Line *l, const gchar *name, guint nth);
gboolean line_failed (Line *l);
guint line_number (const GstStructure *s, const gchar *field);
void line_init_host (Line *l, const gchar *settings);
guint line_play_host (Line *l, const gchar *settings);
void line_play_client (Line *l, guint port, const gchar *settings);
void line_check_frames (Line *client);
/* A counter now. */
guint line_count (Line *l, const guint *counter);

/* A server, whose sessions get endpoints of their own. */
typedef struct {
  GstElement *server;
  Line line; /* only its bus */
  gint decision;
  guint port;
} LineServer;

void line_server_init (LineServer *s, gint decision);
void line_server_clear (LineServer *s);
guint64 line_id (const GstStructure *s);
void line_play_endpoint (Line *l, guint64 id);
void line_accept (LineServer *s, guint64 id);

#endif /* SESSION_LINE_H */
