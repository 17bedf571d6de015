/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Tells ThreadSanitizer what GLib's and GStreamer's own synchronisation does:
 * those libraries are not instrumented, and GMutex is made of futexes, so that
 * everything a lock guards would look like a race. Part of test programs in
 * builds with -Db_sanitize=thread only: its functions come before the
 * libraries' and call them.
 *
 * What a library does with memory by itself is not looked at: of calls within
 * one (a thread pool and its queue) nobody hears. GLib's slices have to come
 * from malloc (G_SLICE), or memory seems to be shared that was given back.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* RTLD_NEXT */
#endif
#include <dlfcn.h>
#include <gst/gst.h>

void __tsan_acquire (void *address);
void __tsan_release (void *address);
const char *__tsan_default_options (void);

const char *
__tsan_default_options (void)
{
  return "ignore_noninstrumented_modules=1";
}

/* The library's function of that name; any thread may be the first to ask. */
#define REAL(name)                                                             \
  static __typeof__ (name) *found;                                             \
  __typeof__ (name) *real = __atomic_load_n (&found, __ATOMIC_RELAXED);        \
  if (!real) {                                                                 \
    real = (__typeof__ (name) *) dlsym (RTLD_NEXT, #name);                     \
    __atomic_store_n (&found, real, __ATOMIC_RELAXED);                         \
  }

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

/* Who finds it done looks with an atomic load, which is instrumented, or waits
 * in the library. */
#undef g_once_init_enter
#undef g_once_init_leave

gboolean
g_once_init_enter (volatile void *location)
{
  gboolean first;

  REAL (g_once_init_enter);
  first = real (location);
  if (!first)
    __tsan_acquire ((void *) location);
  return first;
}

void
g_once_init_leave (volatile void *location, gsize result)
{
  REAL (g_once_init_leave);
  __tsan_release ((void *) location);
  real (location, result);
}

#if GLIB_CHECK_VERSION(2, 80, 0)
#undef g_once_init_enter_pointer
#undef g_once_init_leave_pointer

gboolean (g_once_init_enter_pointer) (void *location)
{
  gboolean first;

  REAL (g_once_init_enter_pointer);
  first = real (location);
  if (!first)
    __tsan_acquire (location);
  return first;
}

void
g_once_init_leave_pointer (void *location, gpointer result)
{
  REAL (g_once_init_leave_pointer);
  __tsan_release (location);
  real (location, result);
}
#endif

/* ---- Calls in other threads ------------------------------------------------ */

typedef struct {
  GstElementCallAsyncFunc func;
  gpointer user;
  GDestroyNotify destroy;
} Call;

static void
call (GstElement *element, gpointer data)
{
  const Call *c = data;

  __tsan_acquire (data);
  c->func (element, c->user);
}

static void
call_destroy (gpointer data)
{
  Call *c = data;

  if (c->destroy)
    c->destroy (c->user);
  g_free (c);
}

void
gst_element_call_async (GstElement *element, GstElementCallAsyncFunc func,
    gpointer user_data, GDestroyNotify destroy)
{
  Call *c = g_new (Call, 1);

  REAL (gst_element_call_async);
  *c = (Call){ func, user_data, destroy };
  __tsan_release (c);
  real (element, call, c, call_destroy);
}

/* ---- References ---------------------------------------------------------- */

/* What a buffer or list holds is let go of with it. */
static void
release_memories (GstBuffer *buffer)
{
  const guint n = gst_buffer_n_memory (buffer);

  for (guint i = 0; i < n; i++)
    __tsan_release (gst_buffer_peek_memory (buffer, i));
}

static gboolean
release_of_list (GstBuffer **buffer, guint i, gpointer data)
{
  (void) i;
  (void) data;
  release_memories (*buffer);
  return TRUE;
}

/* Whoever lets go last frees; that may be a library, for one of ours. */
void
gst_mini_object_unref (GstMiniObject *object)
{
  REAL (gst_mini_object_unref);
  __tsan_release (object);
  if (GST_IS_BUFFER (object))
    release_memories (GST_BUFFER_CAST (object));
  else if (GST_IS_BUFFER_LIST (object))
    gst_buffer_list_foreach (
        GST_BUFFER_LIST_CAST (object), release_of_list, NULL);
  __tsan_acquire (object);
  real (object);
}

/* Of an allocator of ours; there is one. */
static GstAllocator *own_allocator;
static void (*own_free) (GstAllocator *, GstMemory *);

static void
free_memory (GstAllocator *allocator, GstMemory *memory)
{
  __tsan_acquire (memory);
  own_free (allocator, memory);
}

/* Only who makes an allocator calls this from outside of GStreamer. */
void
gst_memory_init (GstMemory *memory, GstMemoryFlags flags,
    GstAllocator *allocator, GstMemory *parent, gsize maxsize, gsize align,
    gsize offset, gsize size)
{
  static gsize once;

  REAL (gst_memory_init);
  if (g_once_init_enter (&once)) {
    GstAllocatorClass *klass = GST_ALLOCATOR_GET_CLASS (allocator);

    own_allocator = allocator;
    own_free = klass->free;
    klass->free = free_memory;
    g_once_init_leave (&once, 1);
  }
  g_assert (allocator == own_allocator);
  real (memory, flags, allocator, parent, maxsize, align, offset, size);
}
