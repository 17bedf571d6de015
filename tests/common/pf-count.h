/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Counts what the calling thread asks of the C library: memory, and datagrams
 * to be sent. Works by being part of the program: its malloc() and sendmsg()
 * come before the C library's for all libraries in the process.
 *
 * GLib before 2.76 keeps small pieces itself; G_SLICE=always-malloc in the
 * environment shows those as well.
 */
#ifndef PF_COUNT_H
#define PF_COUNT_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
  uint64_t allocations; /* malloc, calloc, realloc and their like */
  uint64_t sends;       /* sendmsg, sendmmsg */
} PfCount;

/* Of the calling thread since it began. */
PfCount pf_count_here (void);

/* False where a sanitizer has its own malloc: then nothing is counted. */
bool pf_count_works (void);

/* When the calling thread's first send after pf_count_await_send() came back,
 * in ns of the monotonic clock; 0: none did. */
void pf_count_await_send (void);
uint64_t pf_count_first_send (void);

#endif /* PF_COUNT_H */
