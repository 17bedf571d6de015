/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Many threads that use the FEC for the first time at once, in processes
 * where nothing has used it before: tables are built on use and shared, so
 * each thread must see them whole. Meant for the thread sanitizer, too.
 *
 * PF_TEST_CASES=N processes (default 10).
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fec-kernel.h"
#include "fec-oracle.h"
#include "pf-test.h"
#include "pf.h"

#define N_THREADS 8
#define N_ROUNDS 6

typedef struct {
  pthread_t thread;
  pthread_barrier_t *start;
  unsigned number;
  uint64_t random;
  int result;         /* of pf_fec_new() */
  const char *kernel; /* as this thread saw it */
  const char *wrong;  /* what went wrong, or NULL */
} Worker;

/* The frame's numbers are for one thread only. */
static uint32_t
below (Worker *w, uint32_t limit)
{
  w->random ^= w->random << 13;
  w->random ^= w->random >> 7;
  w->random ^= w->random << 17;
  return (uint32_t) (w->random >> 32) % limit;
}

static const char *
round_trip (Worker *w, const PfFecConfig *config)
{
  uint32_t k = config->data_shards, m = config->parity_shards, n = k + m;
  size_t size = config->shard_size;
  uint8_t *whole = malloc (n * size), *bytes = malloc (n * size);
  uint8_t *expected = malloc (size), *present = malloc (n);
  uint8_t **rows = malloc (n * sizeof *rows);
  const char *wrong = NULL;
  PfFec *fec = NULL;

  if (!whole || !bytes || !expected || !present || !rows) {
    wrong = "no memory";
    goto out;
  }
  for (uint32_t r = 0; r < n; r++)
    rows[r] = bytes + r * size;
  for (size_t b = 0; b < n * size; b++)
    bytes[b] = (uint8_t) below (w, 256);

  w->result = pf_fec_new (config, &fec);
  if (w->result != PF_OK) {
    wrong = "no context";
    goto out;
  }
  if (pf_fec_encode (fec, (const uint8_t *const *) rows, rows + k) != PF_OK)
    wrong = "encode failed";
  memcpy (whole, bytes, n * size);
  for (uint32_t j = 0; j < m && wrong == NULL; j += 1 + m / 3) {
    fec_oracle_parity_row (
        config->scheme, k, m, size, (const uint8_t *const *) rows, j, expected);
    if (memcmp (rows[k + j], expected, size) != 0)
      wrong = "parity is wrong";
  }
  for (unsigned l = 0; l < 3 && wrong == NULL; l++) {
    uint32_t lost = l == 0 ? 1 : m;

    memset (present, 1, n);
    for (; lost > 0; lost--)
      present[below (w, n)] = 0;
    for (uint32_t i = 0; i < k; i++)
      if (!present[i])
        memset (rows[i], 0xa5, size);
    if (pf_fec_decode (fec, rows, (const uint8_t *const *) rows + k, present) !=
        PF_OK)
      wrong = "decode failed";
    else if (memcmp (bytes, whole, k * size) != 0)
      wrong = "the data did not come back";
  }

out:
  pf_fec_free (fec);
  free (rows);
  free (present);
  free (expected);
  free (bytes);
  free (whole);
  return wrong;
}

static void *
work (void *data)
{
  Worker *w = data;

  pthread_barrier_wait (w->start);
  /* some ask for the kernel first, some come with a context at once */
  if (w->number % 3 == 1)
    w->kernel = pf_fec_kernel ();
  else if (w->number % 3 == 2)
    (void) pf_fec_kernels ();
  for (unsigned round = 0; round < N_ROUNDS && w->wrong == NULL; round++) {
    PfFecConfig config = PF_FEC_CONFIG_INIT;

    config.scheme = PF_FEC_GF8 + (w->number + round) % 3;
    config.data_shards = 4;
    config.parity_shards = 2;
    if (config.scheme != PF_FEC_AUDIO) {
      config.data_shards = 1 + below (w, 100);
      config.parity_shards = 1 + below (w, 40);
    }
    config.shard_size = 2 + 2 * below (w, 100);
    w->wrong = round_trip (w, &config);
  }
  w->kernel = pf_fec_kernel ();
  return NULL;
}

/* 0 good, 1 bad, 2 the forced kernel set cannot run here. */
static int
fresh_process (unsigned number)
{
  Worker workers[N_THREADS];
  pthread_barrier_t start;
  int result = 0;

  pthread_barrier_init (&start, NULL, N_THREADS);
  memset (workers, 0, sizeof workers);
  for (unsigned t = 0; t < N_THREADS; t++) {
    workers[t].start = &start;
    workers[t].number = t;
    workers[t].random =
        (pf_test_seed () + 1) * 0x9e3779b97f4a7c15u + number * 64 + t;
    if (pthread_create (&workers[t].thread, NULL, work, &workers[t]) != 0) {
      fprintf (stderr, "no thread\n");
      _exit (1);
    }
  }
  for (unsigned t = 0; t < N_THREADS; t++) {
    pthread_join (workers[t].thread, NULL);
    if (workers[t].result == PF_ERR_UNSUPPORTED)
      result = 2;
    else if (workers[t].wrong != NULL) {
      fprintf (stderr, "thread %u: %s (%d)\n", t, workers[t].wrong,
          workers[t].result);
      result = 1;
    } else if (strcmp (workers[t].kernel, workers[0].kernel) != 0) {
      fprintf (stderr, "threads see different kernels\n");
      result = 1;
    }
  }
  pthread_barrier_destroy (&start);
  return result;
}

static void
test_fresh (void)
{
  const char *text = getenv ("PF_TEST_CASES");
  unsigned long processes = text != NULL ? strtoul (text, NULL, 10) : 10;

  PF_REQUIRE_UINT (processes, >, 0);
  for (unsigned p = 0; p < processes && !pf_test_failed (); p++) {
    int status = 0;
    pid_t child;

    fflush (stdout);
    child = fork ();
    PF_REQUIRE (child >= 0);
    if (child == 0)
      _exit (fresh_process (p));
    PF_REQUIRE (waitpid (child, &status, 0) == child);
    PF_REQUIRE (WIFEXITED (status));
    if (WEXITSTATUS (status) == 2)
      pf_test_skip ("this processor cannot run the forced kernel set");
    PF_CHECK_INT (WEXITSTATUS (status), ==, 0);
  }
}

int
main (int argc, char **argv)
{
  /* No library call before the forks: this one comes first, and the test
   * of the kernel after it. */
  fec_oracle_init ();
  PF_TEST_ADD ("/fec/threads/fresh", test_fresh);
  fec_kernel_add_test_only ();
  return pf_test_run (argc, argv);
}
