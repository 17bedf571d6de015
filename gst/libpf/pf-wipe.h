/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Wipes secrets that a compiler might otherwise leave where they were.
 */
#ifndef PF_WIPE_H
#define PF_WIPE_H

#include <string.h>

static inline void
pf_wipe (void *bytes, size_t size)
{
  if (size > 0)
    memset (bytes, 0, size);
  /* whatever is behind the pointer may be read here, so it must be written */
  __asm__ __volatile__("" : : "r"(bytes) : "memory");
}

#endif /* PF_WIPE_H */
