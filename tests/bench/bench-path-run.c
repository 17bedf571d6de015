/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Runs the contenders of a case in turn, and sums their units up. */
#include "bench-path.h"

#include <string.h>

#include "bench-path-gst.h"

enum { WARM_UP = 20, MIN_UNITS = 20, VERIFY_UNITS = 5 };

typedef struct {
  gpointer data;
  GArray *main, *wall, *cpu, *far_cpu, *first; /* of all units, doubles */
} Runner;

guint
path_contenders (const PathCase *c, const PathContender **contenders)
{
  switch (c->op) {
  case PATH_SEAL:
    *contenders = path_seal;
    return path_n_seal;
  case PATH_OPEN:
    *contenders = path_open;
    return path_n_open;
  case PATH_CUT:
    *contenders = path_cut;
    return path_n_cut;
  case PATH_JOIN:
    *contenders = path_join;
    return path_n_join;
  case PATH_SEND:
    *contenders = path_send;
    return path_n_send;
  case PATH_RECEIVE:
    *contenders = path_receive;
    return path_n_receive;
  case PATH_WHOLE:
    *contenders = path_whole;
    return path_n_whole;
  default:
    *contenders = NULL;
    return 0;
  }
}

gboolean
path_per_packet (const PathCase *c)
{
  return c->op == PATH_SEAL || c->op == PATH_OPEN || c->op == PATH_SEND ||
         c->op == PATH_RECEIVE;
}

/* What a case is about: how long a frame takes, else what it costs. */
static double
main_figure (const PathCase *c, const PathSample *s)
{
  return c->op == PATH_WHOLE ? s->wall : s->cpu;
}

static double
percentile (GArray *values, double percent, double scale)
{
  if (values->len == 0)
    return 0;
  return bench_percentile (
             (double *) (gpointer) values->data, values->len, percent) /
         scale;
}

/* FALSE: it did something wrong. */
static gboolean
one_unit (const PathContender *contender, Runner *r, const PathCase *c,
    PathResult *result, GArray *run)
{
  PathSample s = { 0 };
  const PathStatus status = contender->once (r->data, &s);
  double value;

  result->units++;
  if (status == PATH_WRONG) {
    result->status = PATH_WRONG;
    return FALSE;
  }
  if (status == PATH_LOST) {
    result->lost++;
    return TRUE;
  }
  value = main_figure (c, &s);
  if (!run)
    return TRUE;
  g_array_append_val (run, value);
  g_array_append_val (r->main, value);
  g_array_append_val (r->wall, s.wall);
  g_array_append_val (r->cpu, s.cpu);
  if (s.far_cpu > 0)
    g_array_append_val (r->far_cpu, s.far_cpu);
  if (s.first > 0)
    g_array_append_val (r->first, s.first);
  return TRUE;
}

static double
one_run (const PathSetup *setup, const PathContender *contender, Runner *r,
    const PathCase *c, PathResult *result)
{
  GArray *run = g_array_new (FALSE, FALSE, sizeof (double));
  const double begun = path_now ();
  double value = 0;
  guint i;

  for (i = 0; i < WARM_UP / 4; i++)
    if (!one_unit (contender, r, c, result, NULL))
      break;
  for (i = 0; result->status == PATH_OK &&
              (i < MIN_UNITS || path_now () - begun < setup->min_ns);
       i++)
    one_unit (contender, r, c, result, run);
  if (run->len > 0)
    value = percentile (run, 50, 1);
  else
    result->status = PATH_WRONG;
  g_array_unref (run);
  return value;
}

static void
sum_up (
    const PathCase *c, const PathSetup *setup, Runner *r, PathResult *result)
{
  const double scale = path_per_packet (c) ? c->n : 1;

  for (int i = 0; i < setup->runs; i++)
    result->run[i] /= scale;
  result->p50 = percentile (r->main, 50, scale);
  result->p99 = percentile (r->main, 99, scale);
  result->wall = percentile (r->wall, 50, scale);
  result->cpu = percentile (r->cpu, 50, scale);
  result->far_cpu = percentile (r->far_cpu, 50, scale);
  result->first = percentile (r->first, 50, 1);
}

static void
verify (const PathContender *contender, Runner *r, const PathCase *c,
    PathResult *result)
{
  for (guint i = 0; i < VERIFY_UNITS && result->status == PATH_OK; i++)
    one_unit (contender, r, c, result, NULL);
  if (result->lost == VERIFY_UNITS)
    result->status = PATH_WRONG;
}

void
path_run (const PathSetup *setup, const PathCase *c, PathResult *results)
{
  Runner runners[PATH_MAX_CONTENDERS] = { 0 };
  const PathContender *contenders;
  const guint n = path_contenders (c, &contenders);

  memset (results, 0, n * sizeof *results);
  for (guint i = 0; i < n; i++) {
    Runner *r = &runners[i];

    r->data = contenders[i].create (c);
    results[i].here = r->data != NULL;
    if (i == 0 && !r->data) {
      results[i].here = TRUE;
      results[i].status = PATH_WRONG;
    }
    r->main = g_array_new (FALSE, FALSE, sizeof (double));
    r->wall = g_array_new (FALSE, FALSE, sizeof (double));
    r->cpu = g_array_new (FALSE, FALSE, sizeof (double));
    r->far_cpu = g_array_new (FALSE, FALSE, sizeof (double));
    r->first = g_array_new (FALSE, FALSE, sizeof (double));
    if (r->data && setup->verify)
      verify (&contenders[i], r, c, &results[i]);
  }
  for (int run = 0; run < setup->runs && !setup->verify; run++)
    for (guint i = 0; i < n; i++)
      if (runners[i].data && results[i].status == PATH_OK)
        results[i].run[run] =
            one_run (setup, &contenders[i], &runners[i], c, &results[i]);
  for (guint i = 0; i < n; i++) {
    Runner *r = &runners[i];

    sum_up (c, setup, r, &results[i]);
    if (r->data)
      contenders[i].destroy (r->data, &results[i].facts);
    g_array_unref (r->main);
    g_array_unref (r->wall);
    g_array_unref (r->cpu);
    g_array_unref (r->far_cpu);
    g_array_unref (r->first);
  }
}
