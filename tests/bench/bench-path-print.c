/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Results of bench-path as a table or as JSON; docs/bench.md has the fields. */
#include "bench-path.h"

#include <stdio.h>
#include <string.h>

#include "pf.h"

/* What the main figures are, and their unit in the table. */
typedef struct {
  const char *what, *unit;
  double scale;
} Unit;

static Unit
unit_of (const PathCase *c)
{
  if (path_per_packet (c))
    return (Unit){ "processor time of a packet", "ns", 1 };
  if (c->op == PATH_WHOLE)
    return (Unit){ "time of a frame", "us", 1e3 };
  return (Unit){ "processor time of a frame", "us", 1e3 };
}

void
path_print_begin (const PathPrinter *p)
{
  char cpu[200];

  bench_cpu_name (cpu, sizeof cpu);
  if (p->json) {
    printf ("{\n  \"cpu\": ");
    bench_json_string (cpu);
    printf (",\n  \"gstreamer\": ");
    printf ("\"%u.%u.%u\"", GST_VERSION_MAJOR, GST_VERSION_MINOR,
        GST_VERSION_MICRO);
    printf (",\n  \"kernel\": ");
    bench_json_string (pf_fec_kernel ());
    printf (",\n  \"libpf\": ");
    bench_json_string (pf_version ());
    printf (",\n  \"compiler\": ");
    bench_json_string (BENCH_COMPILER);
    printf (",\n  \"optimized\": %s,\n  \"runs\": %d,\n  \"cores\": %u,"
            "\n  \"load\": %.2f,\n  \"cases\": [",
        bench_optimized () ? "true" : "false", p->setup.runs,
        g_get_num_processors (), p->load);
    return;
  }
  printf ("CPU       %s, %u cores, load %.2f at the beginning\n", cpu,
      g_get_num_processors (), p->load);
  printf ("libpf     %s, kernel %s, GStreamer %u.%u.%u\ncompiler  %s%s\n",
      pf_version (), pf_fec_kernel (), GST_VERSION_MAJOR, GST_VERSION_MINOR,
      GST_VERSION_MICRO, BENCH_COMPILER,
      bench_optimized () ? "" : ", WITHOUT optimization: times mean nothing");
  if (p->setup.verify)
    return;
  printf ("median, worst: of the medians of %d alternations; p50, p99: of all "
          "units; seal, open, send,\nreceive: ns of processor time a packet; "
          "cut, join: us of it a frame; whole: us from push to arrival\n",
      p->setup.runs);
  printf ("\n%-22s %-13s %9s %9s %9s %9s  %s\n", "case", "", "median", "worst",
      "p50", "p99", "target");
}

static int
contender_index (const PathCase *c, const char *name)
{
  const PathContender *contenders;
  const guint n = path_contenders (c, &contenders);

  for (guint i = 0; i < n; i++)
    if (strcmp (contenders[i].name, name) == 0)
      return (int) i;
  return -1;
}

static double
worst_of (const double *values, int n)
{
  double worst = values[0];

  for (int i = 1; i < n; i++)
    worst = MAX (worst, values[i]);
  return worst;
}

/* The limit by the run's own anchor. 0: there is none. */
static double
limit_of (const PathPrinter *p, const PathCase *c, const PathResult *results)
{
  double limits[BENCH_MAX_RUNS];
  int at;

  if (!c->target.against || p->setup.verify || results[0].status != PATH_OK)
    return 0;
  if (!*c->target.against)
    return c->target.plus;
  at = contender_index (c, c->target.against);
  if (at < 0 || !results[at].here || results[at].status != PATH_OK)
    return 0;
  for (int i = 0; i < p->setup.runs; i++)
    limits[i] = c->target.factor * results[at].run[i] + c->target.plus;
  return bench_median (limits, p->setup.runs);
}

static const char *
status_text (const PathResult *r)
{
  return r->status == PATH_WRONG ? "WRONG" : "ok";
}

static void
table_line (const PathPrinter *p, const PathCase *c, const char *contender,
    const PathResult *r, double limit)
{
  const Unit u = unit_of (c);

  printf (" %-13s", contender);
  if (r->status != PATH_OK || p->setup.verify) {
    printf (" %9s\n", status_text (r));
    return;
  }
  printf (" %9.1f %9.1f %9.1f %9.1f",
      bench_median (r->run, p->setup.runs) / u.scale,
      worst_of (r->run, p->setup.runs) / u.scale, r->p50 / u.scale,
      r->p99 / u.scale);
  if (limit > 0)
    printf ("  %.1f %s", limit / u.scale,
        bench_median (r->run, p->setup.runs) <= limit ? "met" : "MISSED");
  if (r->first > 0)
    printf ("  first out %.1f", r->first / u.scale);
  if (c->op == PATH_WHOLE)
    printf ("  cpu %.1f and %.1f", r->cpu / u.scale, r->far_cpu / u.scale);
  if (r->lost > 0)
    printf (
        "  lost %" G_GUINT64_FORMAT "/%" G_GUINT64_FORMAT, r->lost, r->units);
  if (r->facts.wire_bytes > 0 && r->facts.payload_bytes > 0)
    printf ("  wire +%.1f %%",
        (r->facts.wire_bytes / r->facts.payload_bytes - 1) * 100);
  if (r->facts.copies > 0)
    printf ("  copies %" G_GUINT64_FORMAT, r->facts.copies);
  printf ("\n");
}

static void
json_result (const PathPrinter *p, const PathCase *c, const char *contender,
    const PathResult *r, double limit)
{
  printf ("\n      {\"contender\": ");
  bench_json_string (contender);
  printf (", \"status\": \"%s\"", status_text (r));
  if (r->status == PATH_OK && !p->setup.verify) {
    printf (", \"ns\": [");
    for (int i = 0; i < p->setup.runs; i++)
      printf ("%s%.1f", i > 0 ? ", " : "", r->run[i]);
    printf ("], \"ns_median\": %.1f, \"ns_worst\": %.1f, \"ns_p50\": %.1f, "
            "\"ns_p99\": %.1f, \"wall_ns\": %.1f, \"units\": %" G_GUINT64_FORMAT
            ", \"lost\": %" G_GUINT64_FORMAT ", \"copies\": %" G_GUINT64_FORMAT
            ", \"slabs\": %" G_GUINT64_FORMAT,
        bench_median (r->run, p->setup.runs), worst_of (r->run, p->setup.runs),
        r->p50, r->p99, r->wall, r->units, r->lost, r->facts.copies,
        r->facts.allocations);
    if (r->first > 0)
      printf (", \"first_out_ns\": %.1f", r->first);
    if (c->op == PATH_WHOLE)
      printf (", \"cpu_ns\": %.1f, \"far_cpu_ns\": %.1f", r->cpu, r->far_cpu);
    if (r->facts.payload_bytes > 0)
      printf (", \"wire_overhead\": %.4f",
          r->facts.wire_bytes / r->facts.payload_bytes - 1);
    if (limit > 0)
      printf (", \"limit_ns\": %.1f, \"met\": %s", limit,
          bench_median (r->run, p->setup.runs) <= limit ? "true" : "false");
  }
  printf ("}");
}

static void
begin_case (PathPrinter *p, const PathCase *c)
{
  char name[PATH_NAME_SIZE];

  path_case_name (c, name);
  if (p->json)
    printf ("%s\n    {\"case\": \"%s\", \"what\": \"%s\", \"load\": %.2f, "
            "\"results\": [",
        p->n_cases > 0 ? "," : "", name, unit_of (c).what, bench_load ());
  else
    printf ("%-22s", name);
  p->n_cases++;
}

void
path_print_case (PathPrinter *p, const PathCase *c, const PathResult *results)
{
  const PathContender *contenders;
  const guint n = path_contenders (c, &contenders);
  const double limit = limit_of (p, c, results);
  gboolean any = FALSE;

  begin_case (p, c);
  for (guint i = 0; i < n; i++) {
    if (!results[i].here)
      continue;
    p->n_wrong += results[i].status == PATH_WRONG;
    if (p->json) {
      printf ("%s", any ? "," : "");
      json_result (p, c, contenders[i].name, &results[i], i == 0 ? limit : 0);
    } else {
      printf ("%*s", any ? 22 : 0, "");
      table_line (p, c, contenders[i].name, &results[i], i == 0 ? limit : 0);
    }
    any = TRUE;
  }
  if (limit > 0)
    p->n_missed += bench_median (results[0].run, p->setup.runs) > limit;
  if (p->json)
    printf ("\n    ]}");
  fflush (stdout);
}

/* ---- Rates and memory --------------------------------------------------- */

/* At most one packet in ten thousand, and no frame. */
static gboolean
rate_met (const PathCase *c, const PathRate *r)
{
  const guint64 lost = r->unsent + r->overflows + r->missing;

  return r->ok && r->frames_lost == 0 && lost * 10000 <= r->packets &&
         r->gbits >= 0.99 * c->n;
}

static const char *
bottleneck (const PathRate *r)
{
  if (r->send_busy > 0.9)
    return "the sending thread";
  if (r->receive_busy > 0.9)
    return "the receiving thread";
  return r->overflows > 0 ? "turns on a core" : "nothing";
}

void
path_print_rate (PathPrinter *p, const PathCase *c, const PathRate *rates)
{
  begin_case (p, c);
  for (int i = 0; i < p->setup.runs; i++) {
    const PathRate *r = &rates[i];
    const gboolean met = rate_met (c, r);

    p->n_wrong += !r->ok;
    p->n_missed += r->ok && !met;
    if (p->json)
      printf ("%s\n      {\"contender\": \"elements\", \"status\": \"%s\", "
              "\"gbit_per_s\": %.3f, \"packets\": %" G_GUINT64_FORMAT
              ", \"unsent\": %" G_GUINT64_FORMAT
              ", \"overflows\": %" G_GUINT64_FORMAT
              ", \"missing\": %" G_GUINT64_FORMAT
              ", \"frames\": %" G_GUINT64_FORMAT
              ", \"frames_lost\": %" G_GUINT64_FORMAT
              ", \"frames_late\": %" G_GUINT64_FORMAT
              ", \"send_busy\": %.3f, \"receive_busy\": %.3f, "
              "\"limit\": \"%s\", \"met\": %s}",
          i > 0 ? "," : "", r->ok ? "ok" : "WRONG", r->gbits, r->packets,
          r->unsent, r->overflows, r->missing, r->frames, r->frames_lost,
          r->frames_late, r->send_busy, r->receive_busy, bottleneck (r),
          met ? "true" : "false");
    else
      printf ("%*s %.2f Gbit/s, %" G_GUINT64_FORMAT
              " packets, lost: %" G_GUINT64_FORMAT " unsent, %" G_GUINT64_FORMAT
              " no room in the socket, %" G_GUINT64_FORMAT
              " elsewhere; frames %" G_GUINT64_FORMAT
              ", lost %" G_GUINT64_FORMAT ", late %" G_GUINT64_FORMAT
              "; busy %.0f %% and %.0f %%, limited by %s  %s\n",
          i > 0 ? 22 : 0, "", r->gbits, r->packets, r->unsent, r->overflows,
          r->missing, r->frames, r->frames_lost, r->frames_late,
          r->send_busy * 100, r->receive_busy * 100, bottleneck (r),
          !r->ok ? "WRONG"
          : met  ? "met"
                 : "MISSED");
  }
  if (p->json)
    printf ("\n    ]}");
  fflush (stdout);
}

/* At most eight allocations a block, so none a packet. */
static gboolean
memory_met (const PathMemory *m)
{
  return m->ok && m->send <= 8 * m->send_blocks &&
         m->receive <= 8 * m->receive_blocks && m->copies <= 1;
}

void
path_print_memory (PathPrinter *p, const PathCase *c, const PathMemory *m)
{
  const gboolean met = memory_met (m);

  begin_case (p, c);
  p->n_wrong += !m->ok;
  p->n_missed += m->ok && !met;
  if (p->json)
    printf ("\n      {\"contender\": \"elements\", \"status\": \"%s\", "
            "\"packets\": %.1f, \"send_allocations\": %.2f, "
            "\"send_blocks\": %.2f, \"receive_allocations\": %.2f, "
            "\"receive_blocks\": %.2f, \"copies\": %.2f, \"met\": %s}\n    ]}",
        m->ok ? "ok" : "WRONG", m->packets, m->send, m->send_blocks, m->receive,
        m->receive_blocks, m->copies, met ? "true" : "false");
  else
    printf (
        " a frame of %.0f packets: %.2f allocations in %.2f blocks to send, "
        "%.2f in %.2f to receive, %.2f copies  %s\n",
        m->packets, m->send, m->send_blocks, m->receive, m->receive_blocks,
        m->copies,
        !m->ok ? "WRONG"
        : met  ? "met"
               : "MISSED");
  fflush (stdout);
}

void
path_print_end (PathPrinter *p)
{
  if (p->json)
    printf ("\n  ],\n  \"load_after\": %.2f,\n  \"targets_missed\": %d,\n  "
            "\"wrong\": %d\n}\n",
        bench_load (), p->n_missed, p->n_wrong);
  else
    printf (
        "\nload %.2f at the end; cases: %d, targets missed: %d, wrong: %d\n",
        bench_load (), p->n_cases, p->n_missed, p->n_wrong);
}
