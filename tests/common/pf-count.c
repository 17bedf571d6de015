/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Counts memory and datagrams asked for; see pf-count.h. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "pf-count.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#ifdef __has_feature
#define HAS_FEATURE(x) __has_feature (x)
#else
#define HAS_FEATURE(x) 0
#endif

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) ||           \
    HAS_FEATURE(address_sanitizer) || HAS_FEATURE(thread_sanitizer) ||         \
    !defined(__GLIBC__)
#define COUNTS_MEMORY 0
#else
#define COUNTS_MEMORY 1
#endif

static __thread PfCount count;
static __thread bool awaited;
static __thread uint64_t first_send;

PfCount
pf_count_here (void)
{
  return count;
}

bool
pf_count_works (void)
{
  return COUNTS_MEMORY;
}

/* ---- Memory ------------------------------------------------------------- */

#if COUNTS_MEMORY
void *__libc_malloc (size_t size);
void *__libc_calloc (size_t n, size_t size);
void *__libc_realloc (void *old, size_t size);
void *__libc_memalign (size_t align, size_t size);

void *
malloc (size_t size)
{
  count.allocations++;
  return __libc_malloc (size);
}

void *
calloc (size_t n, size_t size)
{
  count.allocations++;
  return __libc_calloc (n, size);
}

void *
realloc (void *old, size_t size)
{
  count.allocations++;
  return __libc_realloc (old, size);
}

void *
aligned_alloc (size_t align, size_t size)
{
  count.allocations++;
  return __libc_memalign (align, size);
}

void *
memalign (size_t align, size_t size)
{
  count.allocations++;
  return __libc_memalign (align, size);
}

int
posix_memalign (void **out, size_t align, size_t size)
{
  void *p;

  count.allocations++;
  p = __libc_memalign (align, size);
  if (p == NULL)
    return ENOMEM;
  *out = p;
  return 0;
}
#endif

/* ---- Sending ------------------------------------------------------------ */

static void
note_send (void)
{
  struct timespec t;

  count.sends++;
  if (!awaited)
    return;
  awaited = false;
  clock_gettime (CLOCK_MONOTONIC, &t);
  first_send = (uint64_t) t.tv_sec * 1000000000u + (uint64_t) t.tv_nsec;
}

ssize_t
sendmsg (int fd, const struct msghdr *message, int flags)
{
  const ssize_t n = syscall (SYS_sendmsg, fd, message, flags);

  note_send ();
  return n;
}

int
sendmmsg (int fd, struct mmsghdr *messages, unsigned n, int flags)
{
  const int sent = (int) syscall (SYS_sendmmsg, fd, messages, n, flags);

  note_send ();
  return sent;
}

void
pf_count_await_send (void)
{
  awaited = true;
  first_send = 0;
}

uint64_t
pf_count_first_send (void)
{
  return first_send;
}
