/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* An element's time and a wait for it; see pf-timer.h. */
#include "pf-timer.h"

void
pf_timer_init (PfTimer *timer)
{
  memset (timer, 0, sizeof *timer);
  g_mutex_init (&timer->lock);
  g_cond_init (&timer->cond);
  timer->clock = gst_system_clock_obtain ();
  timer->wake = GST_CLOCK_TIME_NONE;
  timer->stopped = TRUE;
}

void
pf_timer_clear (PfTimer *timer)
{
  gst_object_unref (timer->clock);
  g_cond_clear (&timer->cond);
  g_mutex_clear (&timer->lock);
}

/* Call with lock. */
static GstClockTime
now_unlocked (PfTimer *timer)
{
  const GstClockTimeDiff t =
      (GstClockTimeDiff) gst_clock_get_time (timer->clock) + timer->lead;

  if (t > (GstClockTimeDiff) timer->now)
    timer->now = (GstClockTime) t;
  return timer->now;
}

/* Call with lock. */
static void
wake_unlocked (PfTimer *timer)
{
  if (timer->wait)
    gst_clock_id_unschedule (timer->wait);
  g_cond_signal (&timer->cond);
}

void
pf_timer_set_clock (PfTimer *timer, GstClock *clock)
{
  GstClock *old;

  clock = clock ? gst_object_ref (clock) : gst_system_clock_obtain ();
  g_mutex_lock (&timer->lock);
  old = timer->clock;
  if (clock != old) {
    timer->lead = (GstClockTimeDiff) now_unlocked (timer) -
                  (GstClockTimeDiff) gst_clock_get_time (clock);
    timer->clock = clock;
    wake_unlocked (timer);
  }
  g_mutex_unlock (&timer->lock);
  gst_object_unref (clock == old ? clock : old);
}

GstClockTime
pf_timer_now (PfTimer *timer)
{
  GstClockTime now;

  g_mutex_lock (&timer->lock);
  now = now_unlocked (timer);
  g_mutex_unlock (&timer->lock);
  return now;
}

/* Call with lock. */
static GstClockTime
clock_time_unlocked (PfTimer *timer, GstClockTime now)
{
  const GstClockTimeDiff t = (GstClockTimeDiff) now - timer->lead;

  return t > 0 ? (GstClockTime) t : 0;
}

GstClockTime
pf_timer_clock_time (PfTimer *timer, GstClockTime now)
{
  GstClockTime t;

  g_mutex_lock (&timer->lock);
  t = clock_time_unlocked (timer, now);
  g_mutex_unlock (&timer->lock);
  return t;
}

void
pf_timer_start (PfTimer *timer)
{
  g_mutex_lock (&timer->lock);
  timer->stopped = FALSE;
  timer->wake = GST_CLOCK_TIME_NONE;
  g_mutex_unlock (&timer->lock);
}

void
pf_timer_stop (PfTimer *timer)
{
  g_mutex_lock (&timer->lock);
  timer->stopped = TRUE;
  wake_unlocked (timer);
  g_mutex_unlock (&timer->lock);
}

void
pf_timer_set (PfTimer *timer, GstClockTime wake)
{
  g_mutex_lock (&timer->lock);
  timer->wake = wake;
  wake_unlocked (timer);
  g_mutex_unlock (&timer->lock);
}

gboolean
pf_timer_wait (PfTimer *timer)
{
  gboolean reached = FALSE;

  g_mutex_lock (&timer->lock);
  while (!GST_CLOCK_TIME_IS_VALID (timer->wake) && !timer->stopped)
    g_cond_wait (&timer->cond, &timer->lock);
  if (!timer->stopped) {
    GstClockID id = gst_clock_new_single_shot_id (
        timer->clock, clock_time_unlocked (timer, timer->wake));

    timer->wait = id;
    g_mutex_unlock (&timer->lock);
    reached = gst_clock_id_wait (id, NULL) != GST_CLOCK_UNSCHEDULED;
    g_mutex_lock (&timer->lock);
    timer->wait = NULL;
    gst_clock_id_unref (id);
    reached = reached && !timer->stopped;
    if (reached)
      timer->wake = GST_CLOCK_TIME_NONE;
  }
  g_mutex_unlock (&timer->lock);
  return reached;
}
