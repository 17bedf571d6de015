/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * PfSlab: memory for many packets at once.
 *
 * A pool hands out memories over recycled arenas. pf_slab_part() cuts one into
 * parts that are writable on their own and share the arena, not a parent: so
 * a part can be sealed in place, grow into the room left around it, and
 * outlive the others, without a copy. gst_memory_share() would give read-only
 * memory and a silent copy at the next write.
 *
 * Parts must not overlap; who cuts sees to that.
 */
#ifndef PF_SLAB_H
#define PF_SLAB_H

#include <gst/gst.h>

G_BEGIN_DECLS

#define PF_SLAB_ALIGN 64

/* Thread-safety: any. */
typedef struct _PfSlabPool PfSlabPool;

PfSlabPool *pf_slab_pool_new (void);

/* Arenas in use stay until their last memory goes. */
void pf_slab_pool_free (PfSlabPool *pool);

/* One memory of size bytes, aligned to PF_SLAB_ALIGN, not cleared. */
GstMemory *pf_slab_pool_alloc (PfSlabPool *pool, gsize size);

/* How many arenas the pool had to allocate so far. */
guint64 pf_slab_pool_allocations (PfSlabPool *pool);

gboolean pf_is_slab_memory (GstMemory *memory);

/*
 * The bytes start to start + room of whole as a memory of its own, whose
 * content begins at offset and has size bytes; it may later be resized within
 * the room. whole must be slab memory and keeps its own range.
 */
GstMemory *pf_slab_part (
    GstMemory *whole, gsize start, gsize room, gsize offset, gsize size);

/* Distance of rows of this size: a multiple of 64, but not of 4096. */
gsize pf_slab_stride (gsize size);

G_END_DECLS

#endif /* PF_SLAB_H */
