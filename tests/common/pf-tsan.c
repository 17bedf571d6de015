/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Tells ThreadSanitizer what GLib's and GStreamer's own synchronisation does:
 * those libraries are not instrumented, and GMutex is made of futexes, so that
 * everything a lock guards would look like a race. Part of test programs in
 * builds with -Db_sanitize=thread only: its functions come before the
 * libraries' and call them.
 */
#define _GNU_SOURCE /* RTLD_NEXT */
#include <dlfcn.h>
#include <gst/gst.h>

void __tsan_acquire (void *address);
void __tsan_release (void *address);

/* The library's function of that name. */
#define REAL(name)                                                             \
  static __typeof__ (name) *real;                                              \
  if (!real)                                                                   \
  real = (__typeof__ (name) *) dlsym (RTLD_NEXT, #name)

#undef g_mutex_lock
#undef g_mutex_unlock
#undef g_mutex_trylock

void
g_mutex_lock (GMutex *mutex)
{
  REAL (g_mutex_lock);
  real (mutex);
  __tsan_acquire (mutex);
}

gboolean
g_mutex_trylock (GMutex *mutex)
{
  REAL (g_mutex_trylock);
  if (!real (mutex))
    return FALSE;
  __tsan_acquire (mutex);
  return TRUE;
}

void
g_mutex_unlock (GMutex *mutex)
{
  REAL (g_mutex_unlock);
  __tsan_release (mutex);
  real (mutex);
}

void
g_rec_mutex_lock (GRecMutex *mutex)
{
  REAL (g_rec_mutex_lock);
  real (mutex);
  __tsan_acquire (mutex);
}

void
g_rec_mutex_unlock (GRecMutex *mutex)
{
  REAL (g_rec_mutex_unlock);
  __tsan_release (mutex);
  real (mutex);
}

void
g_cond_wait (GCond *cond, GMutex *mutex)
{
  REAL (g_cond_wait);
  __tsan_release (mutex);
  real (cond, mutex);
  __tsan_acquire (mutex);
}

gboolean
g_cond_wait_until (GCond *cond, GMutex *mutex, gint64 end)
{
  gboolean ok;

  REAL (g_cond_wait_until);
  __tsan_release (mutex);
  ok = real (cond, mutex, end);
  __tsan_acquire (mutex);
  return ok;
}

void
g_async_queue_push (GAsyncQueue *queue, gpointer data)
{
  REAL (g_async_queue_push);
  __tsan_release (queue);
  real (queue, data);
}

gpointer
g_async_queue_timeout_pop (GAsyncQueue *queue, guint64 timeout)
{
  gpointer data;

  REAL (g_async_queue_timeout_pop);
  data = real (queue, timeout);
  __tsan_acquire (queue);
  return data;
}

gpointer
g_async_queue_try_pop (GAsyncQueue *queue)
{
  gpointer data;

  REAL (g_async_queue_try_pop);
  data = real (queue);
  __tsan_acquire (queue);
  return data;
}

/* Whoever lets go last frees. */
void
gst_mini_object_unref (GstMiniObject *object)
{
  REAL (gst_mini_object_unref);
  __tsan_release (object);
  __tsan_acquire (object);
  real (object);
}
