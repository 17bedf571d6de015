/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * One session over a line that loses packets of video, each alone: a host with
 * x264, a client, and between them two forwarders, of which that of video
 * loses.
 *
 * No encoder that GStreamer has for processors alone can do without frames it
 * was told of. In its place stands one that only says what it would do: its
 * frames carry their number and that of the frame they refer to, and by these
 * the client knows what could be shown. All else is as with x264.
 */
#ifndef LOSS_RUN_H
#define LOSS_RUN_H

#include <glib.h>

typedef struct {
  guint loss_ppm;
  guint percent;     /* parity at the start */
  gboolean adaptive; /* it follows what is lost */
  gboolean refers;   /* the stand-in encodes: it does without lost frames */
  guint delay_us;    /* one way */
  guint seconds, seed;
} LossCase;

typedef struct {
  guint frames;          /* that left while packets were lost */
  guint lost;            /* that parity did not bring back */
  gdouble expected;      /* of them, by the parity that each had */
  guint low, high;       /* 95 in 100 runs lie between */
  guint lowest, highest; /* 999 in 1000 do */
  guint causes;          /* times that pictures stood still */
  guint requests;        /* for key frames or instead of them */
  guint key_frames;      /* made */
  guint frozen_p50;      /* frames that were not shown, per cause */
  gdouble each_p50;      /* the same by frames that were lost in it */
  guint frozen;          /* in all, lost ones among them */
  gdouble parity, wire;  /* packets, bytes beyond those of frames; 0.1: 10 % */
  guint percent;         /* in force at the end */
  guint reports, astray; /* loss reports; those that parity did not follow */
  const gchar *why;      /* there is no result */
} LossResult;

/* Losses of a few frames, so far apart that each is a cause of its own. */
gboolean loss_causes (const LossCase *c, guint n, const gchar *dir,
    const gchar *forward, LossResult *result);

/* FALSE: there was no session, or its ends could not keep up. DIR is for
 * identities, FORWARD the path of pf-forward. */
gboolean loss_run (const LossCase *c, const gchar *dir, const gchar *forward,
    LossResult *result);

#endif /* LOSS_RUN_H */
