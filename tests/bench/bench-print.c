/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Results of bench-fec as a table or as JSON; docs/bench.md has the fields. */
#include "bench-print.h"

#include <stdio.h>
#include <string.h>

#include "bench-common.h"
#include "pf.h"

void
bench_print_begin (const BenchPrinter *p, const BenchSetup *setup)
{
  char cpu[200];

  bench_cpu_name (cpu, sizeof cpu);
  if (p->json) {
    printf ("{\n  \"cpu\": ");
    bench_json_string (cpu);
    printf (",\n  \"pinned_to\": %d,\n  \"kernel\": ", p->cpu);
    bench_json_string (pf_fec_kernel ());
    printf (",\n  \"libpf\": ");
    bench_json_string (pf_version ());
    printf (",\n  \"compiler\": ");
    bench_json_string (BENCH_COMPILER);
    printf (",\n  \"optimized\": %s,\n  \"runs\": %d,\n  \"row_offset\": %zu,"
            "\n  \"cases\": [",
        bench_optimized () ? "true" : "false", p->runs, setup->offset);
    return;
  }
  printf ("CPU       %s", cpu);
  if (p->cpu >= 0)
    printf (", pinned to %d", p->cpu);
  printf ("\nlibpf     %s, kernel %s\ncompiler  %s%s\n", pf_version (),
      pf_fec_kernel (), BENCH_COMPILER,
      bench_optimized () ? "" : ", WITHOUT optimization: times mean nothing");
  if (p->verify_only) {
    printf ("\n%-34s  %s\n", "case", "same bytes");
    return;
  }
  printf ("ratio     speed of libpf over the anchor's, median and worst of %d "
          "alternations\n",
      p->runs);
  printf ("GB/s      10^9 data bytes a second\n\n");
  printf ("%-30s %10s %7s  %-18s %10s %6s %6s  %s\n", "case", "libpf us",
      "GB/s", "anchor", "us", "ratio", "worst", "target");
}

static const char *
status_text (BenchStatus status)
{
  return status == BENCH_RESULT_FAILED    ? "FAILED"
         : status == BENCH_RESULT_DIFFERS ? "OTHER BYTES"
                                          : "ok";
}

/* Ratios of anchor i; returns the worst. */
static double
ratios (const BenchPrinter *p, const BenchResult *results, int i,
    double values[BENCH_MAX_RUNS])
{
  double worst = 0;
  int run;

  for (run = 0; run < p->runs; run++) {
    values[run] = results[i].ns[run] / results[0].ns[run];
    if (run == 0 || values[run] < worst)
      worst = values[run];
  }
  return worst;
}

/* The target that this anchor has to answer for. */
static double
target_of (const BenchCase *c, const BenchCodec *codec)
{
  if (c->against == NULL ||
      strncmp (codec->name, c->against, strlen (c->against)) != 0)
    return 0;
  return bench_case_target (c, pf_fec_kernel ());
}

/* Touched pages hold context and shared tables, wherever these lie. */
static bool
memory_met (const BenchCase *c, const BenchResult *libpf)
{
  return (double) libpf->first.touched_bytes <= c->target_kib * 1024;
}

static void
json_codec (BenchPrinter *p, const BenchSetup *setup, const BenchCase *c,
    const BenchResult *results, int i)
{
  const BenchResult *r = &results[i];
  double values[BENCH_MAX_RUNS], worst, target;
  int run;

  printf ("%s\n      {\"codec\": ", i > 0 ? "," : "");
  bench_json_string (setup->codecs[i].name);
  printf (", \"status\": ");
  bench_json_string (status_text (r->status));
  if (r->status != BENCH_RESULT_OK || p->verify_only) {
    printf ("}");
    return;
  }
  if (c->op == BENCH_COLD || c->op == BENCH_MEMORY)
    printf (", \"init_ns\": %.0f, \"create_ns\": %.0f, \"first_ns\": %.0f",
        r->first.init_ns, r->first.create_ns, r->first.first_ns);
  if (c->op == BENCH_MEMORY) {
    printf (", \"context_bytes\": %zu, \"malloc_bytes\": %zu, "
            "\"touched_bytes\": %zu",
        r->first.context_bytes, r->first.malloc_bytes, r->first.touched_bytes);
    if (i == 0 && c->target_kib > 0)
      printf (", \"target_bytes\": %.0f, \"met\": %s", c->target_kib * 1024,
          memory_met (c, r) ? "true" : "false");
    printf ("}");
    return;
  }
  printf (", \"ns\": [");
  for (run = 0; run < p->runs; run++)
    printf ("%s%.1f", run > 0 ? ", " : "", r->ns[run]);
  printf ("], \"ns_median\": %.1f, \"gb_per_s\": %.4f",
      bench_median (r->ns, p->runs),
      (double) c->k * (double) c->size / bench_median (r->ns, p->runs));
  if (i > 0) {
    worst = ratios (p, results, i, values);
    target = target_of (c, &setup->codecs[i]);
    printf (", \"ratio\": %.4f, \"ratio_worst\": %.4f",
        bench_median (values, p->runs), worst);
    if (target > 0)
      printf (", \"target\": %.2f, \"met\": %s", target,
          bench_median (values, p->runs) >= target ? "true" : "false");
  }
  printf ("}");
}

static void
table_memory (const char *name, const BenchSetup *setup, const BenchCase *c,
    const BenchResult *results)
{
  int i;

  for (i = 0; i < setup->n_codecs; i++) {
    const BenchFirst *f = &results[i].first;

    if (results[i].status == BENCH_RESULT_NONE)
      continue;
    printf ("%-30s %-18s ", i == 0 ? name : "", setup->codecs[i].name);
    if (results[i].status != BENCH_RESULT_OK) {
      printf ("%s\n", status_text (results[i].status));
      continue;
    }
    if (f->context_bytes > 0)
      printf ("context %zu KiB, ", f->context_bytes / 1024);
    printf ("malloc %zu KiB, touched %zu KiB", f->malloc_bytes / 1024,
        f->touched_bytes / 1024);
    if (i == 0 && c->target_kib > 0)
      printf ("  %.0f KiB %s", c->target_kib,
          memory_met (c, &results[i]) ? "met" : "MISSED");
    printf ("\n");
  }
}

static void
table_timed (BenchPrinter *p, const char *name, const BenchSetup *setup,
    const BenchCase *c, const BenchResult *results)
{
  double values[BENCH_MAX_RUNS], worst, target, ratio;
  double ns = bench_median (results[0].ns, p->runs);
  bool lone = true;
  int i;

  for (i = 1; i < setup->n_codecs; i++)
    lone = lone && results[i].status == BENCH_RESULT_NONE;
  for (i = lone ? 0 : 1; i < setup->n_codecs; i++) {
    if (results[i].status == BENCH_RESULT_NONE)
      continue;
    if (name != NULL)
      printf ("%-30s %10.2f %7.2f", name, ns / 1e3,
          (double) c->k * (double) c->size / ns);
    else
      printf ("%-30s %10s %7s", "", "", "");
    name = NULL;
    if (i == 0) {
      printf ("\n");
      break;
    }
    printf ("  %-18s", setup->codecs[i].name);
    if (results[i].status != BENCH_RESULT_OK) {
      printf (" %10s\n", status_text (results[i].status));
      continue;
    }
    worst = ratios (p, results, i, values);
    ratio = bench_median (values, p->runs);
    target = target_of (c, &setup->codecs[i]);
    printf (" %10.2f %6.2f %6.2f", bench_median (results[i].ns, p->runs) / 1e3,
        ratio, worst);
    if (target > 0)
      printf ("  %g %s", target, ratio >= target ? "met" : "MISSED");
    printf ("\n");
  }
}

static void
table_verified (
    const char *name, const BenchSetup *setup, const BenchResult *results)
{
  int i;

  printf ("%-34s ", name);
  for (i = 0; i < setup->n_codecs; i++)
    if (results[i].status != BENCH_RESULT_NONE)
      printf (" %s %s", setup->codecs[i].name, status_text (results[i].status));
  printf ("\n");
}

void
bench_print_case (BenchPrinter *p, const BenchSetup *setup, const BenchCase *c,
    const BenchResult *results)
{
  char name[BENCH_NAME_SIZE];
  double values[BENCH_MAX_RUNS], target;
  int i, n = 0;

  bench_case_name (c, name);
  if (c->op == BENCH_MEMORY && c->target_kib > 0 && !p->verify_only &&
      results[0].status == BENCH_RESULT_OK)
    p->n_below += !memory_met (c, &results[0]);
  for (i = 0; i < setup->n_codecs; i++) {
    p->n_wrong += results[i].status > BENCH_RESULT_OK;
    if (i == 0 || results[i].status != BENCH_RESULT_OK || p->verify_only ||
        results[0].status != BENCH_RESULT_OK || c->op == BENCH_MEMORY)
      continue;
    target = target_of (c, &setup->codecs[i]);
    ratios (p, results, i, values);
    p->n_below += target > 0 && bench_median (values, p->runs) < target;
  }
  if (p->json) {
    printf ("%s\n    {\"case\": \"%s\", \"data\": %u, \"parity\": %u, "
            "\"size\": %zu, \"results\": [",
        p->n_cases > 0 ? "," : "", name, c->k, c->m, c->size);
    for (i = 0; i < setup->n_codecs; i++)
      if (results[i].status != BENCH_RESULT_NONE) {
        json_codec (p, setup, c, results, i);
        n++;
      }
    printf ("%s]}", n > 0 ? "\n    " : "");
  } else if (p->verify_only)
    table_verified (name, setup, results);
  else if (results[0].status != BENCH_RESULT_OK)
    printf ("%-30s %s\n", name, status_text (results[0].status));
  else if (c->op == BENCH_MEMORY)
    table_memory (name, setup, c, results);
  else
    table_timed (p, name, setup, c, results);
  p->n_cases++;
  fflush (stdout);
}

void
bench_print_end (const BenchPrinter *p)
{
  if (p->json)
    printf ("\n  ],\n  \"targets_missed\": %d,\n  \"wrong\": %d\n}\n",
        p->n_below, p->n_wrong);
  else {
    printf ("\ncases: %d", p->n_cases);
    if (!p->verify_only)
      printf (", targets missed: %d", p->n_below);
    printf (", codecs that failed or made other bytes: %d\n", p->n_wrong);
  }
}
