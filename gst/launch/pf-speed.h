/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * How fast an encoder is here: a timed self-test over a ladder of sizes, and
 * what follows from it for any other size, judged by its pixels.
 */
#ifndef PF_SPEED_H
#define PF_SPEED_H

#include "pf-fragment.h"

#define PF_SPEED_RUNGS 3
/* Below this nobody wants to watch. */
#define PF_SPEED_LEAST_FPS 24

typedef struct {
  guint width, height;
  gdouble fps; /* 0: was not measured */
} PfRung;

typedef struct {
  PfRung rungs[PF_SPEED_RUNGS];
  gchar *problem; /* NULL, or why it did not run */
} PfSpeed;

/* The sizes that are measured. */
void pf_speed_ladder (PfSpeed *speed);
void pf_speed_clear (PfSpeed *speed);

/* Encodes a moving picture at each size and takes the time; about a second.
 * An encoder that hangs hangs this call: see pf-speeds.h. */
void pf_speed_measure (const PfFragment *fragment, PfSpeed *speed);

/* One line, and back; FALSE if it is no such line. */
gchar *pf_speed_to_text (const PfSpeed *speed);
gboolean pf_speed_from_text (const gchar *text, PfSpeed *speed);

/* Whether the encoder is fast enough for the smallest size; else it is not
 * offered to anybody. */
gboolean pf_speed_is_offered (const PfSpeed *speed);

/* Frames a second at this size. */
gdouble pf_speed_estimate (const PfSpeed *speed, guint width, guint height);

/* What to feed it: FPS, or the highest of 120, 60, 40, 30 and 24 below it that
 * it can do; 0 if it cannot do 24. */
guint pf_speed_feed (
    const PfSpeed *speed, guint width, guint height, guint fps);

/* A usual mode, no larger than the one asked for, that works; FALSE if none. */
gboolean pf_speed_working_mode (
    const PfSpeed *speed, guint *width, guint *height, guint *fps);

#endif /* PF_SPEED_H */
