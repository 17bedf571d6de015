/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * One allocation for a context and all its arrays: the same sequence of
 * pf_alloc_take() calls runs twice, first to add up the size, then, after
 * pf_alloc_make(), to hand out the parts.
 */
#ifndef PF_ALLOC_H
#define PF_ALLOC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define PF_ALLOC_ALIGN 64

typedef struct {
  uint8_t *base; /* NULL while adding up */
  size_t used;
  size_t size;
} PfAlloc;

#define PF_ALLOC_INIT                                                          \
  {                                                                            \
    NULL, 0, 0                                                                 \
  }

/* Every part begins at a multiple of PF_ALLOC_ALIGN. */
static inline void *
pf_alloc_take (PfAlloc *a, size_t size)
{
  void *p = a->base ? a->base + a->used : NULL;

  a->used += (size + PF_ALLOC_ALIGN - 1) / PF_ALLOC_ALIGN * PF_ALLOC_ALIGN;
  return p;
}

/* Allocates zeroed memory for what was taken so far. False without memory. */
static inline bool
pf_alloc_make (PfAlloc *a)
{
  uint8_t *raw = calloc (1, a->used + 2 * PF_ALLOC_ALIGN);
  uintptr_t start;

  if (!raw)
    return false;
  start = (uintptr_t) raw + sizeof raw + PF_ALLOC_ALIGN - 1;
  a->base = raw + (start / PF_ALLOC_ALIGN * PF_ALLOC_ALIGN - (uintptr_t) raw);
  memcpy (a->base - sizeof raw, &raw, sizeof raw);
  a->size = a->used;
  a->used = 0;
  return true;
}

/* base is the first part that was taken, or NULL. */
static inline void
pf_alloc_free (void *base)
{
  uint8_t *raw;

  if (!base)
    return;
  memcpy (&raw, (uint8_t *) base - sizeof raw, sizeof raw);
  free (raw);
}

/* Distance between rows of this size: aligned, and not a multiple of 4096,
 * so that a column of many rows does not fall into one cache set. */
static inline size_t
pf_alloc_stride (size_t size)
{
  size_t s = (size + PF_ALLOC_ALIGN - 1) / PF_ALLOC_ALIGN * PF_ALLOC_ALIGN;

  return s % 4096 ? s : s + PF_ALLOC_ALIGN;
}

#endif /* PF_ALLOC_H */
