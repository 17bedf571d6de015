/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * PfSender: a ring of frames, and a thread that sends their packets when the
 * schedule of pf-pace.h says.
 *
 * Who pushes never waits. With the ring full the frames in it leave without
 * pauses, and who pushes is told, to ask upstream that a raw frame be left
 * out; a frame that finds no room is dropped whole.
 */
#ifndef PF_SENDER_H
#define PF_SENDER_H

#include <gst/gst.h>

#include "pf-pace.h"

G_BEGIN_DECLS

#define PF_SENDER_FRAMES 3
#define PF_SENDER_MAX_OBJECTS 4096

/* Sends n packets of an object, from first on; in the sender's thread or, from
 * within pf_sender_push(), in that of who pushes, never in both. */
typedef void (*PfSendFunc) (
    gpointer data, GstMiniObject *object, guint first, guint n);

/* Packets of a frame, or some of them. */
typedef struct {
  guint64 frame;    /* the same for all that belongs to a frame */
  guint n;          /* packets in the object */
  guint n_frame;    /* in the frame; 0: not known */
  gsize size;       /* of a packet */
  guint64 interval; /* until the next frame, ns; 0: not known */
} PfSenderUnit;

typedef enum {
  PF_SENDER_TAKEN,
  PF_SENDER_FULL,    /* taken, and there is no room for another frame */
  PF_SENDER_DROPPED, /* first of a frame that is dropped */
  PF_SENDER_GONE,    /* and what follows of it */
} PfSenderResult;

typedef struct {
  guint64 frames;          /* taken */
  guint64 frames_dropped;  /* found no room */
  guint64 packets_dropped; /* in those, or flushed */
  guint64 full;            /* times the ring was full */
  guint64 waits;           /* pauses between packets */
} PfSenderCounters;

/* Thread-safety: one thread pushes, any may do the rest. */
typedef struct _PfSender PfSender;

/* NULL if there can be no thread. */
PfSender *pf_sender_new (
    const PfPaceConfig *config, PfSendFunc func, gpointer data);

/* What goes at once while nothing else is on its way is then sent by who pushes,
 * since a thread that has to wake first is later, if may() says that sending
 * would not wait. Set before the first push. */
void pf_sender_set_direct (PfSender *sender, gboolean (*may) (gpointer data));

/* Ends the thread; what it has not sent is dropped. The counters stay. */
void pf_sender_stop (PfSender *sender);
void pf_sender_free (PfSender *sender);

/* Takes over the object. */
PfSenderResult pf_sender_push (
    PfSender *sender, GstMiniObject *object, const PfSenderUnit *unit);

/* The rate of the stream, for frames that come; 0: not known. */
void pf_sender_set_rate (PfSender *sender, guint64 rate_bps);

/* Drops what is not sent yet. */
void pf_sender_flush (PfSender *sender);

/* Waits until all is sent, but no longer than this, nor while interrupted;
 * whether it is. */
gboolean pf_sender_drain (PfSender *sender, gint64 timeout_us);
void pf_sender_set_interrupted (PfSender *sender, gboolean interrupted);

void pf_sender_get_counters (PfSender *sender, PfSenderCounters *counters);

G_END_DECLS

#endif /* PF_SENDER_H */
