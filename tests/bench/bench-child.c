/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Cold start and memory. Both need a process in which the codec was never
 * used: tables are made once, pages are touched once. The rows are made and
 * touched before the clock starts, for every codec alike.
 */
#include "bench-child.h"

#include <fcntl.h>
#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench-rows.h"

#ifdef __GLIBC__
#if __GLIBC_PREREQ(2, 33)
#define HAVE_MALLINFO2 1
#endif
#endif

/* Private memory that was written to. smaps_rollup counts pages; the counters
 * in status lag behind. Without stdio: reading must not touch pages. */
static size_t
touched_bytes (void)
{
  char text[4096];
  const char *line;
  size_t have = 0;
  ssize_t n;
  int fd = open ("/proc/self/smaps_rollup", O_RDONLY | O_CLOEXEC);

  if (fd < 0)
    return 0;
  while (have < sizeof text - 1 &&
         (n = read (fd, text + have, sizeof text - 1 - have)) > 0)
    have += (size_t) n;
  close (fd);
  text[have] = '\0';
  line = strstr (text, "\nAnonymous:");
  return line == NULL ? 0 : (size_t) strtoul (line + 11, NULL, 10) * 1024;
}

static size_t
malloc_bytes (void)
{
#ifdef HAVE_MALLINFO2
  struct mallinfo2 info = mallinfo2 ();

  return info.uordblks + info.hblkhd;
#else
  return 0;
#endif
}

int
bench_child_main (const BenchCase *c, const BenchCodec *codec)
{
  BenchFirst f;
  BenchRows rows;
  uint8_t *present = malloc ((size_t) c->k + c->m);
  size_t malloc_before, touched_before;
  double t0, t1, t2, t3;
  void *ctx;
  int failed = 0;

  memset (&f, 0, sizeof f);
  if (present == NULL || bench_rows_init (&rows, c->k, c->m, c->size, 0) != 0) {
    free (present);
    return 1;
  }
  bench_case_losses (c, present);
#ifdef PR_SET_THP_DISABLE
  /* Else one touched byte of a large table counts as 2 MiB. */
  if (c->op == BENCH_MEMORY)
    prctl (PR_SET_THP_DISABLE, 1, 0, 0, 0);
#endif
  malloc_before = malloc_bytes ();
  touched_bytes (); /* its own stack is touched now */
  touched_before = touched_bytes ();

  t0 = bench_now ();
  failed |= codec->init () != 0;
  t1 = bench_now ();
  ctx = codec->create (c->field, c->k, c->m, c->size);
  t2 = bench_now ();
  if (ctx == NULL || failed) {
    bench_rows_clear (&rows);
    free (present);
    return 1;
  }
  failed |= codec->encode (ctx, rows.data, rows.parity) != 0;
  t3 = bench_now ();

  if (c->op == BENCH_MEMORY)
    failed |= codec->decode (ctx, rows.data, rows.parity, present) != 0;
  f.malloc_bytes = malloc_bytes () - malloc_before;
  f.touched_bytes = touched_bytes () - touched_before;
  f.context_bytes = codec->memory != NULL ? codec->memory (ctx) : 0;
  f.init_ns = t1 - t0;
  f.create_ns = t2 - t1;
  f.first_ns = t3 - t2;
  f.parity_hash = bench_rows_hash (rows.parity, c->m, c->size);
  printf ("%.0f %.0f %.0f %" PRIu64 " %zu %zu %zu\n", f.init_ns, f.create_ns,
      f.first_ns, f.parity_hash, f.context_bytes, f.malloc_bytes,
      f.touched_bytes);
  codec->destroy (ctx);
  bench_rows_clear (&rows);
  free (present);
  return failed || fflush (stdout) != 0 ? 1 : 0;
}

int
bench_child_run (char *const argv[], BenchFirst *first)
{
  BenchFirst f;
  char line[256];
  size_t have = 0;
  int fds[2], status, got;
  pid_t pid;

  if (pipe (fds) != 0)
    return -1;
  pid = fork ();
  if (pid < 0) {
    close (fds[0]);
    close (fds[1]);
    return -1;
  }
  if (pid == 0) {
    if (dup2 (fds[1], STDOUT_FILENO) < 0)
      _exit (127);
    close (fds[0]);
    close (fds[1]);
    execv (argv[0], argv);
    _exit (127);
  }
  close (fds[1]);
  for (;;) {
    ssize_t n = read (fds[0], line + have, sizeof line - 1 - have);

    if (n <= 0)
      break;
    have += (size_t) n;
  }
  close (fds[0]);
  line[have] = '\0';
  if (waitpid (pid, &status, 0) != pid || !WIFEXITED (status) ||
      WEXITSTATUS (status) != 0)
    return -1;
  got = sscanf (line, "%lf %lf %lf %" SCNu64 " %zu %zu %zu", &f.init_ns,
      &f.create_ns, &f.first_ns, &f.parity_hash, &f.context_bytes,
      &f.malloc_bytes, &f.touched_bytes);
  if (got != 7)
    return -1;
  *first = f;
  return 0;
}
