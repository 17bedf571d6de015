/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * PfTimer: an element's time, and one thread that waits for a point of it.
 *
 * The time follows a clock, but it never goes back and does not jump when the
 * clock is exchanged. Waits are the clock's own, so that a test clock drives
 * them.
 *
 * Thread-safety: any thread; only one may be in pf_timer_wait().
 */
#ifndef PF_TIMER_H
#define PF_TIMER_H

#include <gst/gst.h>

G_BEGIN_DECLS

typedef struct {
  GMutex lock;
  GCond cond;            /* lock; wake or stopped changed */
  GstClock *clock;       /* lock */
  GstClockTimeDiff lead; /* lock; of the time before the clock's */
  GstClockTime now;      /* lock; last seen */
  GstClockTime wake;     /* lock; NONE: nothing to wait for */
  GstClockID wait;       /* lock; what pf_timer_wait() waits on */
  gboolean stopped;      /* lock */
} PfTimer;

/* Stopped, on the system clock. */
void pf_timer_init (PfTimer *timer);

void pf_timer_clear (PfTimer *timer);

/* NULL: the system clock. */
void pf_timer_set_clock (PfTimer *timer, GstClock *clock);

GstClockTime pf_timer_now (PfTimer *timer);

/* What the clock shows at this time; 0 if that is before its beginning. */
GstClockTime pf_timer_clock_time (PfTimer *timer, GstClockTime now);

/* Lets wait() wait, with nothing to wait for; or sends it home. */
void pf_timer_start (PfTimer *timer);
void pf_timer_stop (PfTimer *timer);

/* What to wait for from now on. */
void pf_timer_set (PfTimer *timer, GstClockTime wake);

/* Waits for the time set; then it is no longer set. FALSE: another was set,
 * the clock was exchanged or the timer stopped; look again. */
gboolean pf_timer_wait (PfTimer *timer);

G_END_DECLS

#endif /* PF_TIMER_H */
