/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Memory for many packets at once; see pf-slab.h. */
#include "pf-slab.h"

/* Free arenas a pool keeps: a few frames on their way, data and parity. */
#define KEEP_MAX 16

typedef struct _Arena Arena;

struct _Arena {
  gint refs;        /* atomic */
  PfSlabPool *pool; /* a reference */
  gsize size;
  guint8 *bytes; /* aligned, behind this structure */
  Arena *next;   /* pool lock; free arenas */
};

struct _PfSlabPool {
  gint refs; /* atomic: the owner and every arena that is in use */
  GMutex lock;
  Arena *free;         /* lock */
  guint n_free;        /* lock */
  gboolean closed;     /* lock */
  guint64 allocations; /* lock */
};

typedef struct {
  GstMemory memory;
  Arena *arena;
  guint8 *bytes; /* where the room begins */
} SlabMemory;

typedef struct {
  GstAllocator parent;
} PfSlabAllocator;

typedef struct {
  GstAllocatorClass parent_class;
} PfSlabAllocatorClass;

GType pf_slab_allocator_get_type (void);
G_DEFINE_TYPE (PfSlabAllocator, pf_slab_allocator, GST_TYPE_ALLOCATOR)

static GstAllocator *
slab_allocator (void)
{
  static gsize once;
  static GstAllocator *allocator;

  if (g_once_init_enter (&once)) {
    allocator = g_object_new (pf_slab_allocator_get_type (), NULL);
    gst_object_ref_sink (allocator);
    GST_OBJECT_FLAG_SET (allocator, GST_OBJECT_FLAG_MAY_BE_LEAKED);
    g_once_init_leave (&once, 1);
  }
  return allocator;
}

/* ---- Arenas ------------------------------------------------------------- */

static void
pool_unref (PfSlabPool *pool)
{
  if (!g_atomic_int_dec_and_test (&pool->refs))
    return;
  g_mutex_clear (&pool->lock);
  g_free (pool);
}

static Arena *
arena_new (gsize size)
{
  guint8 *raw = g_malloc (sizeof (Arena) + PF_SLAB_ALIGN + size);
  guintptr at = (guintptr) raw + sizeof (Arena) + PF_SLAB_ALIGN - 1;
  Arena *arena = (Arena *) raw;

  arena->size = size;
  arena->next = NULL;
  arena->bytes = raw + (at / PF_SLAB_ALIGN * PF_SLAB_ALIGN - (guintptr) raw);
  return arena;
}

/* A free arena of at least size bytes, and not far more. Call with lock. */
static Arena *
pool_find_unlocked (PfSlabPool *pool, gsize size)
{
  for (Arena **at = &pool->free; *at; at = &(*at)->next) {
    Arena *arena = *at;

    if (arena->size < size || arena->size / 4 > size + 65536)
      continue;
    *at = arena->next;
    pool->n_free--;
    return arena;
  }
  return NULL;
}

static void
arena_unref (Arena *arena)
{
  PfSlabPool *pool = arena->pool;
  Arena *drop = NULL;

  if (!g_atomic_int_dec_and_test (&arena->refs))
    return;
  g_mutex_lock (&pool->lock);
  if (pool->closed) {
    drop = arena;
  } else {
    if (pool->n_free == KEEP_MAX) {
      Arena **at = &pool->free;

      while ((*at)->next)
        at = &(*at)->next;
      drop = *at; /* the one unused for longest */
      *at = NULL;
      pool->n_free--;
    }
    arena->next = pool->free;
    pool->free = arena;
    pool->n_free++;
  }
  g_mutex_unlock (&pool->lock);
  g_free (drop);
  pool_unref (pool);
}

PfSlabPool *
pf_slab_pool_new (void)
{
  PfSlabPool *pool = g_new0 (PfSlabPool, 1);

  pool->refs = 1;
  g_mutex_init (&pool->lock);
  return pool;
}

void
pf_slab_pool_free (PfSlabPool *pool)
{
  Arena *arena, *next;

  if (!pool)
    return;
  g_mutex_lock (&pool->lock);
  pool->closed = TRUE;
  arena = pool->free;
  pool->free = NULL;
  pool->n_free = 0;
  g_mutex_unlock (&pool->lock);
  for (; arena; arena = next) {
    next = arena->next;
    g_free (arena);
  }
  pool_unref (pool);
}

guint64
pf_slab_pool_allocations (PfSlabPool *pool)
{
  guint64 n;

  g_mutex_lock (&pool->lock);
  n = pool->allocations;
  g_mutex_unlock (&pool->lock);
  return n;
}

/* ---- Memories ----------------------------------------------------------- */

/* Takes over the caller's reference of the arena. */
static GstMemory *
slab_memory_new (
    Arena *arena, guint8 *bytes, gsize room, gsize offset, gsize size)
{
  SlabMemory *m = g_new (SlabMemory, 1);

  gst_memory_init (
      GST_MEMORY_CAST (m), 0, slab_allocator (), NULL, room, 0, offset, size);
  m->arena = arena;
  m->bytes = bytes;
  return GST_MEMORY_CAST (m);
}

GstMemory *
pf_slab_pool_alloc (PfSlabPool *pool, gsize size)
{
  Arena *arena;

  g_mutex_lock (&pool->lock);
  arena = pool_find_unlocked (pool, size);
  if (!arena)
    pool->allocations++;
  g_mutex_unlock (&pool->lock);
  if (!arena)
    arena = arena_new (size);
  g_atomic_int_inc (&pool->refs);
  arena->pool = pool;
  g_atomic_int_set (&arena->refs, 1);
  return slab_memory_new (arena, arena->bytes, size, 0, size);
}

gboolean
pf_is_slab_memory (GstMemory *memory)
{
  return memory->allocator == slab_allocator ();
}

GstMemory *
pf_slab_part (
    GstMemory *whole, gsize start, gsize room, gsize offset, gsize size)
{
  SlabMemory *m = (SlabMemory *) whole;

  g_return_val_if_fail (pf_is_slab_memory (whole), NULL);
  g_return_val_if_fail (start + room <= whole->maxsize, NULL);
  g_return_val_if_fail (offset + size <= room, NULL);
  g_atomic_int_inc (&m->arena->refs);
  return slab_memory_new (m->arena, m->bytes + start, room, offset, size);
}

gsize
pf_slab_stride (gsize size)
{
  gsize stride = (size + PF_SLAB_ALIGN - 1) / PF_SLAB_ALIGN * PF_SLAB_ALIGN;

  return stride % 4096 ? stride : stride + PF_SLAB_ALIGN;
}

static gpointer
slab_map (GstMemory *memory, gsize maxsize, GstMapFlags flags)
{
  (void) maxsize;
  (void) flags;
  return ((SlabMemory *) memory)->bytes;
}

static void
slab_unmap (GstMemory *memory)
{
  (void) memory;
}

/* Read-only, of the same bytes, and keeps its origin from being written. */
static GstMemory *
slab_share (GstMemory *memory, gssize offset, gssize size)
{
  SlabMemory *from = (SlabMemory *) memory, *m = g_new (SlabMemory, 1);
  GstMemory *parent = memory->parent ? memory->parent : memory;

  if (size == -1)
    size = (gssize) memory->size - offset;
  gst_memory_init (GST_MEMORY_CAST (m),
      GST_MINI_OBJECT_FLAGS (parent) | GST_MINI_OBJECT_FLAG_LOCK_READONLY,
      memory->allocator, parent, memory->maxsize, memory->align,
      memory->offset + offset, (gsize) size);
  g_atomic_int_inc (&from->arena->refs);
  m->arena = from->arena;
  m->bytes = from->bytes;
  return GST_MEMORY_CAST (m);
}

static GstMemory *
slab_alloc (GstAllocator *allocator, gsize size, GstAllocationParams *params)
{
  (void) allocator;
  (void) size;
  (void) params;
  g_warning ("slab memory comes from a pool only");
  return NULL;
}

static void
slab_free (GstAllocator *allocator, GstMemory *memory)
{
  (void) allocator;
  arena_unref (((SlabMemory *) memory)->arena);
  g_free (memory);
}

static void
pf_slab_allocator_class_init (PfSlabAllocatorClass *klass)
{
  GstAllocatorClass *allocator_class = GST_ALLOCATOR_CLASS (klass);

  allocator_class->alloc = slab_alloc;
  allocator_class->free = slab_free;
}

static void
pf_slab_allocator_init (PfSlabAllocator *self)
{
  GstAllocator *allocator = GST_ALLOCATOR_CAST (self);

  allocator->mem_type = "PfSlab";
  allocator->mem_map = slab_map;
  allocator->mem_unmap = slab_unmap;
  allocator->mem_share = slab_share;
  GST_OBJECT_FLAG_SET (self, GST_ALLOCATOR_FLAG_CUSTOM_ALLOC);
}
