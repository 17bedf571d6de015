/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * All codecs work on the same rows in the same memory, so that none has the
 * better cache or page layout. A lost row is overwritten with other bytes
 * before a checked decode; inside the timed loop it already holds the right
 * ones, which no codec can know: each computes and stores them every time.
 */
#include "bench-run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench-rows.h"

/* Shortest stretch between two looks at the clock. */
#define BATCH_NS 20e3

typedef struct {
  const BenchCase *c;
  BenchRows rows, truth; /* truth: data, and parity once libpf has made it */
  uint8_t *present;
} Work;

static int
call (const BenchCodec *codec, void *ctx, Work *w)
{
  if (w->c->op == BENCH_ENCODE)
    return codec->encode (ctx, w->rows.data, w->rows.parity);
  return codec->decode (ctx, w->rows.data, w->rows.parity, w->present);
}

static bool
rows_equal (uint8_t *const *a, uint8_t *const *b, unsigned n, size_t size)
{
  unsigned i;

  for (i = 0; i < n; i++)
    if (memcmp (a[i], b[i], size) != 0)
      return false;
  return true;
}

static void
copy_rows (uint8_t *const *to, uint8_t *const *from, unsigned n, size_t size)
{
  unsigned i;

  for (i = 0; i < n; i++)
    memcpy (to[i], from[i], size);
}

/* The parity that everything is compared with. */
static int
make_truth (const BenchCodec *libpf, void *ctx, Work *w)
{
  if (libpf->encode (ctx, w->rows.data, w->rows.parity) != 0)
    return -1;
  copy_rows (w->truth.parity, w->rows.parity, w->c->m, w->c->size);
  return 0;
}

/* Leaves good rows behind whatever the codec did. */
static BenchStatus
check (const BenchCodec *codec, void *ctx, Work *w)
{
  unsigned k = w->c->k, m = w->c->m, i;
  size_t size = w->c->size;
  BenchStatus status = BENCH_RESULT_OK;

  for (i = 0; i < k + m; i++)
    if (w->c->op == BENCH_ENCODE ? i >= k : !w->present[i])
      memset (w->rows.data[i], 0xa5, size);
  if (call (codec, ctx, w) != 0)
    status = BENCH_RESULT_FAILED;
  if (w->c->op != BENCH_ENCODE)
    for (i = 0; i < m; i++)
      if (!w->present[k + i])
        memcpy (w->rows.parity[i], w->truth.parity[i], size);
  if (status == BENCH_RESULT_OK &&
      (!rows_equal (w->rows.data, w->truth.data, k, size) ||
          !rows_equal (w->rows.parity, w->truth.parity, m, size)))
    status = BENCH_RESULT_DIFFERS;
  copy_rows (w->rows.data, w->truth.data, k, size);
  copy_rows (w->rows.parity, w->truth.parity, m, size);
  return status;
}

static double
best_of (const BenchCodec *codec, void *ctx, Work *w, double min_ns)
{
  double t0, dt, best = 0, total = 0;
  unsigned long batch = 1, i, rounds = 0;

  call (codec, ctx, w);
  t0 = bench_now ();
  call (codec, ctx, w);
  dt = bench_now () - t0;
  if (dt < BATCH_NS)
    batch = (unsigned long) (BATCH_NS / (dt < 20 ? 20 : dt)) + 1;
  do {
    t0 = bench_now ();
    for (i = 0; i < batch; i++)
      call (codec, ctx, w);
    dt = bench_now () - t0;
    total += dt;
    dt /= (double) batch;
    if (rounds++ == 0 || dt < best)
      best = dt;
  } while (total < min_ns || rounds < 3);
  return best;
}

static int
run_timed (const BenchSetup *setup, const BenchCase *c, BenchResult *results)
{
  Work w;
  void *ctx[BENCH_MAX_CODECS] = { NULL };
  int i, run, rc = -1;

  memset (&w, 0, sizeof w);
  w.c = c;
  w.present = malloc ((size_t) c->k + c->m);
  if (w.present == NULL ||
      bench_rows_init (&w.rows, c->k, c->m, c->size, setup->offset) != 0 ||
      bench_rows_init (&w.truth, c->k, c->m, c->size, 0) != 0)
    goto out;
  bench_case_losses (c, w.present);

  for (i = 0; i < setup->n_codecs; i++) {
    const BenchCodec *codec = &setup->codecs[i];

    if (i > 0 && c->field == BENCH_AUDIO)
      continue;
    ctx[i] = codec->create (c->field, c->k, c->m, c->size);
    if (ctx[i] == NULL) {
      if (i > 0)
        continue;
      results[0].status = BENCH_RESULT_FAILED;
      break;
    }
    if (i == 0 && make_truth (codec, ctx[0], &w) != 0)
      results[0].status = BENCH_RESULT_FAILED;
    else
      results[i].status = check (codec, ctx[i], &w);
    if (results[0].status != BENCH_RESULT_OK)
      break;
  }
  rc = 0;
  if (results[0].status != BENCH_RESULT_OK || setup->verify_only)
    goto out;

  for (run = 0; run < setup->runs; run++)
    for (i = 0; i < setup->n_codecs; i++)
      if (results[i].status == BENCH_RESULT_OK)
        results[i].ns[run] =
            best_of (&setup->codecs[i], ctx[i], &w, setup->min_ns);
  /* Still right after all that? */
  for (i = 0; i < setup->n_codecs; i++)
    if (results[i].status == BENCH_RESULT_OK)
      results[i].status = check (&setup->codecs[i], ctx[i], &w);

out:
  for (i = 0; i < setup->n_codecs; i++)
    if (ctx[i] != NULL)
      setup->codecs[i].destroy (ctx[i]);
  bench_rows_clear (&w.rows);
  bench_rows_clear (&w.truth);
  free (w.present);
  return rc;
}

static int
run_fresh (const BenchSetup *setup, const BenchCase *c, BenchResult *results)
{
  char name[BENCH_NAME_SIZE], index[16];
  char *argv[sizeof setup->child_argv / sizeof setup->child_argv[0]];
  int runs = c->op == BENCH_COLD && !setup->verify_only ? setup->runs : 1;
  int i, run, n = setup->n_child_argv;

  bench_case_name (c, name);
  memcpy (argv, setup->child_argv, sizeof argv);
  argv[n] = (char *) "--only";
  argv[n + 1] = name;
  argv[n + 2] = (char *) "--child";
  argv[n + 3] = index;
  argv[n + 4] = NULL;

  for (i = 0; i < setup->n_codecs; i++) {
    void *ctx = NULL;

    /* A codec without this case would look like a failure of the child. */
    if (i == 0 || c->field != BENCH_AUDIO)
      ctx = setup->codecs[i].create (c->field, c->k, c->m, c->size);
    if (ctx != NULL || i == 0)
      results[i].status = BENCH_RESULT_OK;
    if (ctx != NULL)
      setup->codecs[i].destroy (ctx);
  }
  for (run = 0; run < runs; run++)
    for (i = 0; i < setup->n_codecs; i++) {
      BenchResult *r = &results[i];

      if (r->status != BENCH_RESULT_OK)
        continue;
      snprintf (index, sizeof index, "%d", i);
      if (bench_child_run (argv, &r->first) != 0)
        r->status = BENCH_RESULT_FAILED;
      else if (r->first.parity_hash != results[0].first.parity_hash)
        r->status = BENCH_RESULT_DIFFERS;
      r->ns[run] = r->first.init_ns + r->first.create_ns + r->first.first_ns;
    }
  /* Nothing to compare with. */
  for (i = 1; results[0].status != BENCH_RESULT_OK && i < setup->n_codecs; i++)
    results[i].status = BENCH_RESULT_NONE;
  return 0;
}

int
bench_run (const BenchSetup *setup, const BenchCase *c, BenchResult *results)
{
  memset (results, 0, (size_t) setup->n_codecs * sizeof *results);
  return c->op == BENCH_COLD || c->op == BENCH_MEMORY
             ? run_fresh (setup, c, results)
             : run_timed (setup, c, results);
}
