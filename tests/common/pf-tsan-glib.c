/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * GLib's mutexes and conditions on those of pthread, linked into test programs
 * that ThreadSanitizer looks at: GLib's own are futexes of a library that is
 * not instrumented, so that it sees no order in what they guard.
 */
#include <errno.h>
#include <glib.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

const char *__tsan_default_options (void);

/* What libraries do with references of theirs is not seen. */
const char *
__tsan_default_options (void)
{
  return "ignore_noninstrumented_modules=1";
}

static pthread_mutex_t *
mutex_of (GMutex *m)
{
  pthread_mutex_t *p = __atomic_load_n (&m->p, __ATOMIC_ACQUIRE);
  gpointer none = NULL;

  if (p)
    return p;
  p = malloc (sizeof *p);
  pthread_mutex_init (p, NULL);
  if (!__atomic_compare_exchange_n (
          &m->p, &none, p, FALSE, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
    pthread_mutex_destroy (p);
    free (p);
    p = none;
  }
  return p;
}

static pthread_cond_t *
cond_of (GCond *c)
{
  pthread_cond_t *p = __atomic_load_n (&c->p, __ATOMIC_ACQUIRE);
  pthread_condattr_t attr;
  gpointer none = NULL;

  if (p)
    return p;
  p = malloc (sizeof *p);
  pthread_condattr_init (&attr);
  pthread_condattr_setclock (&attr, CLOCK_MONOTONIC);
  pthread_cond_init (p, &attr);
  pthread_condattr_destroy (&attr);
  if (!__atomic_compare_exchange_n (
          &c->p, &none, p, FALSE, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
    pthread_cond_destroy (p);
    free (p);
    p = none;
  }
  return p;
}

void
g_mutex_init (GMutex *m)
{
  m->p = NULL;
}

void
g_mutex_clear (GMutex *m)
{
  if (m->p) {
    pthread_mutex_destroy (m->p);
    free (m->p);
  }
  m->p = NULL;
}

void
g_mutex_lock (GMutex *m)
{
  pthread_mutex_lock (mutex_of (m));
}

void
g_mutex_unlock (GMutex *m)
{
  pthread_mutex_unlock (mutex_of (m));
}

gboolean
g_mutex_trylock (GMutex *m)
{
  return pthread_mutex_trylock (mutex_of (m)) == 0;
}

void
g_cond_init (GCond *c)
{
  c->p = NULL;
}

void
g_cond_clear (GCond *c)
{
  if (c->p) {
    pthread_cond_destroy (c->p);
    free (c->p);
  }
  c->p = NULL;
}

void
g_cond_wait (GCond *c, GMutex *m)
{
  pthread_cond_wait (cond_of (c), mutex_of (m));
}

gboolean
g_cond_wait_until (GCond *c, GMutex *m, gint64 until)
{
  const struct timespec t = { until / G_USEC_PER_SEC,
    until % G_USEC_PER_SEC * 1000 };

  return pthread_cond_timedwait (cond_of (c), mutex_of (m), &t) != ETIMEDOUT;
}

void
g_cond_signal (GCond *c)
{
  pthread_cond_signal (cond_of (c));
}

void
g_cond_broadcast (GCond *c)
{
  pthread_cond_broadcast (cond_of (c));
}
