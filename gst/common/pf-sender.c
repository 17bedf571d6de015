/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A ring of frames and a thread that sends them; see pf-sender.h. */
#include "pf-sender.h"

#include "pf-thread.h"

#include <gst/base/gstqueuearray.h>
#include <sys/prctl.h>

/* The kernel may be that late on purpose, to save wake-ups. */
#define TIMER_SLACK_NS 1000

/* So much behind its time the rest of a frame is put off. */
#define LATE_NS 1000000

typedef struct {
  GstMiniObject *object;
  PfSenderUnit unit;
  guint64 due; /* when the next frame is, ns of the monotonic clock */
  guint first; /* packet that is not sent yet */
} Item;

struct _PfSender {
  GThread *thread;
  PfPaceConfig config; /* constant but for its rate: lock */
  PfSendFunc func;
  gboolean (*may) (gpointer data); /* who pushes send; NULL: never */
  gpointer data;

  GMutex lock;
  GCond cond; /* something to do */
  GCond idle; /* nothing left */

  /* lock */
  GstQueueArray *items;
  guint frames;           /* in items, and the one that is being sent */
  guint64 last, dropping; /* frames that were pushed last, and dropped last */
  gboolean any, any_dropped, busy, stop, interrupted;
  guint generation; /* goes up with each flush */
  PfSenderCounters n;

  /* who is busy: the sender's thread, or who pushes */
  PfPace pace;
  guint64 frame; /* that pace is of */
  gboolean started;
  guint sent;      /* packets of pace */
  guint64 at_once; /* bytes of the frame, where packets are not foreseen */
};

static guint64
now_ns (void)
{
  return (guint64) g_get_monotonic_time () * 1000;
}

/* ---- The thread --------------------------------------------------------- */

/* Before the packets of an item: goes on with the frame's schedule, or makes
 * one. */
static void
plan (PfSender *s, const Item *item)
{
  const gboolean same = s->started && s->frame == item->unit.frame;
  PfPaceConfig config = s->config;
  const guint64 now = now_ns ();
  /* one that had to wait for its turn catches up some, but not at a stroke */
  const guint64 due = MAX (item->due, now + item->unit.interval / 4 * 3);

  if (same && item->unit.n_frame > 0)
    return;
  if (!same)
    s->at_once = 0;
  else {
    config.burst -= (uint32_t) MIN (s->at_once, config.burst);
    config.burst_percent = 0;
  }
  pf_pace_frame (&config,
      item->unit.n_frame ? item->unit.n_frame : item->unit.n, item->unit.size,
      now, due, &s->pace);
  s->at_once += (guint64) item->unit.n * item->unit.size;
  s->frame = item->unit.frame;
  s->started = TRUE;
  s->sent = 0;
}

/* Not while the ring is full. Call with lock. */
static void
wait_unlocked (PfSender *s, guint64 when, guint generation)
{
  const gint64 until = (gint64) ((when + 999) / 1000);

  s->n.waits++;
  while (!s->stop && s->generation == generation &&
         s->frames < PF_SENDER_FRAMES && g_get_monotonic_time () < until)
    g_cond_wait_until (&s->cond, &s->lock, until);
}

/* Call with lock; it is let go while sending. With at_once only what needs no
 * wait. */
static void
send_unlocked (PfSender *s, Item *item, gboolean at_once)
{
  const guint generation = s->generation;
  guint first = item->first;

  while (first < item->unit.n && !s->stop && s->generation == generation) {
    const guint left = item->unit.n - first;
    const guint64 now = now_ns ();
    uint64_t when = now;
    uint32_t n = left; /* more than was foreseen goes at once */
    const bool planned = pf_pace_next (&s->pace, s->sent, &n, &when);

    if (at_once && planned && s->sent >= s->pace.burst)
      break;
    if (planned && s->sent >= s->pace.burst && now > when + LATE_NS &&
        s->frames < PF_SENDER_FRAMES) {
      s->pace.start += now - when; /* in steps all the same, not in one burst */
      continue;
    }
    if (planned) {
      when = pf_pace_wait (&s->pace, when, now);
      if (when > now && s->frames < PF_SENDER_FRAMES)
        wait_unlocked (s, when, generation);
    }
    if (s->stop || s->generation != generation)
      break;
    n = MIN (n, left);
    g_mutex_unlock (&s->lock);
    s->func (s->data, item->object, first, n);
    g_mutex_lock (&s->lock);
    first += n;
    s->sent += n;
  }
  if (!at_once || s->stop || s->generation != generation) {
    s->n.packets_dropped += item->unit.n - first;
    first = item->unit.n;
  }
  item->first = first;
}

/* An item is done with; the next one, if there is one. Call with lock. */
static void
finish_unlocked (PfSender *s, const Item *item)
{
  const Item *next = gst_queue_array_peek_head_struct (s->items);

  if (!next || next->unit.frame != item->unit.frame)
    s->frames--;
  if (!next)
    g_cond_broadcast (&s->idle);
}

static gpointer
run (gpointer data)
{
  PfSender *s = data;

  prctl (PR_SET_TIMERSLACK, TIMER_SLACK_NS);
  pf_thread_raise ();
  g_mutex_lock (&s->lock);
  for (;;) {
    Item item;

    while (!s->stop && (s->busy || gst_queue_array_is_empty (s->items)))
      g_cond_wait (&s->cond, &s->lock);
    if (s->stop)
      break;
    item = *(Item *) gst_queue_array_pop_head_struct (s->items);
    s->busy = TRUE;
    if (item.first == 0)
      plan (s, &item);
    send_unlocked (s, &item, FALSE);
    s->busy = FALSE;
    finish_unlocked (s, &item);
    g_mutex_unlock (&s->lock);
    gst_mini_object_unref (item.object);
    g_mutex_lock (&s->lock);
  }
  g_mutex_unlock (&s->lock);
  return NULL;
}

/* ---- From outside ------------------------------------------------------- */

PfSender *
pf_sender_new (const PfPaceConfig *config, PfSendFunc func, gpointer data)
{
  PfSender *s = g_new0 (PfSender, 1);

  s->config = *config;
  s->func = func;
  s->data = data;
  g_mutex_init (&s->lock);
  g_cond_init (&s->cond);
  g_cond_init (&s->idle);
  s->items = gst_queue_array_new_for_struct (sizeof (Item), 16);
  s->thread = g_thread_try_new ("pf-pacer", run, s, NULL);
  if (!s->thread) {
    pf_sender_free (s);
    return NULL;
  }
  return s;
}

void
pf_sender_set_direct (PfSender *s, gboolean (*may) (gpointer data))
{
  s->may = may;
}

void
pf_sender_stop (PfSender *s)
{
  if (s->thread) {
    g_mutex_lock (&s->lock);
    s->stop = TRUE;
    g_cond_broadcast (&s->cond);
    g_mutex_unlock (&s->lock);
    g_thread_join (s->thread);
    s->thread = NULL;
  }
  pf_sender_flush (s);
}

void
pf_sender_free (PfSender *s)
{
  if (!s)
    return;
  pf_sender_stop (s);
  gst_queue_array_free (s->items);
  g_cond_clear (&s->idle);
  g_cond_clear (&s->cond);
  g_mutex_clear (&s->lock);
  g_free (s);
}

/* Whether there is room for it. Call with lock. */
static PfSenderResult
admit_unlocked (PfSender *s, const PfSenderUnit *unit)
{
  const gboolean fresh = s->frames == 0 || !s->any || unit->frame != s->last;

  if (s->any_dropped && unit->frame == s->dropping) {
    s->n.packets_dropped += unit->n;
    return PF_SENDER_GONE;
  }
  if ((fresh && s->frames == PF_SENDER_FRAMES) ||
      gst_queue_array_get_length (s->items) == PF_SENDER_MAX_OBJECTS) {
    s->any_dropped = TRUE;
    s->dropping = unit->frame;
    s->n.frames_dropped++;
    s->n.packets_dropped += unit->n;
    return PF_SENDER_DROPPED;
  }
  if (!s->any || unit->frame != s->last)
    s->n.frames++;
  s->any = TRUE;
  s->last = unit->frame;
  s->frames += fresh;
  if (!fresh || s->frames < PF_SENDER_FRAMES)
    return PF_SENDER_TAKEN;
  s->n.full++;
  return PF_SENDER_FULL;
}

/* In the thread that pushes. Call with lock. */
static void
send_at_once_unlocked (PfSender *s, Item *item)
{
  s->busy = TRUE;
  plan (s, item);
  send_unlocked (s, item, TRUE);
  s->busy = FALSE;
  if (item->first == item->unit.n)
    finish_unlocked (s, item);
}

PfSenderResult
pf_sender_push (PfSender *s, GstMiniObject *object, const PfSenderUnit *unit)
{
  Item item = { object, *unit, now_ns () + unit->interval, 0 };
  PfSenderResult result;
  gboolean taken;

  g_mutex_lock (&s->lock);
  result = admit_unlocked (s, unit);
  taken = result == PF_SENDER_TAKEN || result == PF_SENDER_FULL;
  if (taken && !s->busy && gst_queue_array_is_empty (s->items) && s->may &&
      s->may (s->data))
    send_at_once_unlocked (s, &item);
  if (taken && item.first < unit->n) {
    gst_queue_array_push_tail_struct (s->items, (gpointer) &item);
    g_cond_signal (&s->cond);
    object = NULL;
  }
  g_mutex_unlock (&s->lock);
  if (object)
    gst_mini_object_unref (object);
  return result;
}

void
pf_sender_set_rate (PfSender *s, guint64 rate_bps)
{
  g_mutex_lock (&s->lock);
  s->config.rate_bps = rate_bps;
  g_mutex_unlock (&s->lock);
}

void
pf_sender_flush (PfSender *s)
{
  GPtrArray *gone =
      g_ptr_array_new_with_free_func ((GDestroyNotify) gst_mini_object_unref);
  Item *item;

  g_mutex_lock (&s->lock);
  s->generation++;
  while ((item = gst_queue_array_pop_head_struct (s->items))) {
    s->n.packets_dropped += item->unit.n - item->first;
    g_ptr_array_add (gone, item->object);
  }
  s->frames = s->busy ? 1 : 0;
  g_cond_broadcast (&s->cond);
  g_mutex_unlock (&s->lock);
  g_ptr_array_unref (gone);
}

gboolean
pf_sender_drain (PfSender *s, gint64 timeout_us)
{
  const gint64 until = g_get_monotonic_time () + timeout_us;
  gboolean done;

  g_mutex_lock (&s->lock);
  while (s->frames > 0 && !s->interrupted)
    if (!g_cond_wait_until (&s->idle, &s->lock, until))
      break;
  done = s->frames == 0;
  g_mutex_unlock (&s->lock);
  return done;
}

void
pf_sender_set_interrupted (PfSender *s, gboolean interrupted)
{
  g_mutex_lock (&s->lock);
  s->interrupted = interrupted;
  g_cond_broadcast (&s->idle);
  g_mutex_unlock (&s->lock);
}

void
pf_sender_get_counters (PfSender *s, PfSenderCounters *counters)
{
  g_mutex_lock (&s->lock);
  *counters = s->n;
  g_mutex_unlock (&s->lock);
}
