/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * bench-quic: bytes through pfquicsink and pfquicsrc in raw mode, each end in a
 * process and on a core of its own, both ways, beside another QUIC peer that a
 * command runs. docs/bench.md says how to read it.
 */
#include <gst/gst.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench-common.h"
#include "pf.h"

enum { EXIT_WRONG = 1, EXIT_USAGE = 2, PEER_MB = 300, END_S = 120 };

/* ---- Settings ----------------------------------------------------------- */

typedef struct {
  int runs, mb, buffer;
  const char *congestion; /* NULL: the elements' own */
  const char *peer;
  int peer_mb;
  gboolean pin, json;
} Options;

static void
usage (FILE *to)
{
  fputs (
      "Usage: bench-quic [OPTION...]\n"
      "Times bytes through pfquicsink and pfquicsrc (protocol=raw) over\n"
      "loopback, both ends on a core each.\n"
      "\n"
      "  --runs N        alternations, 1 to 99 (5)\n"
      "  --mb N          mebibytes in a run (300)\n"
      "  --buffer N      bytes of a buffer (65536)\n"
      "  --congestion X  congestion-control of the sender\n"
      "  --peer COMMAND  runs another QUIC peer, which moves --peer-mb; it is\n"
      "                  started by the shell, and timed from start to end\n"
      "  --peer-mb N     mebibytes that it moves (300)\n"
      "  --no-pin        leave the cores to the system\n"
      "  --json          JSON instead of a table\n"
      "\n"
      "Exit status: 0, 1 when something failed or bytes are missing, 2 for a\n"
      "wrong command line.\n",
      to);
}

static int
parse (Options *o, int argc, char **argv)
{
  for (int i = 1; i < argc; i++) {
    const char *a = argv[i], *value = i + 1 < argc ? argv[i + 1] : NULL;
    int bad = 0;

    if (strcmp (a, "--help") == 0 || strcmp (a, "-h") == 0) {
      usage (stdout);
      return 1;
    } else if (strcmp (a, "--json") == 0) {
      o->json = TRUE;
      continue;
    } else if (strcmp (a, "--no-pin") == 0) {
      o->pin = FALSE;
      continue;
    } else if (strcmp (a, "--runs") == 0)
      bad = bench_parse_int (value, 1, BENCH_MAX_RUNS, &o->runs);
    else if (strcmp (a, "--mb") == 0)
      bad = bench_parse_int (value, 1, 100000, &o->mb);
    else if (strcmp (a, "--peer-mb") == 0)
      bad = bench_parse_int (value, 1, 100000, &o->peer_mb);
    else if (strcmp (a, "--buffer") == 0)
      bad = bench_parse_int (value, 1, 1 << 24, &o->buffer);
    else if (strcmp (a, "--congestion") == 0)
      bad = (o->congestion = value) == NULL ? -1 : 0;
    else if (strcmp (a, "--peer") == 0)
      bad = (o->peer = value) == NULL ? -1 : 0;
    else {
      fprintf (
          stderr, "bench-quic: %s: no such option; --help lists them\n", a);
      return -1;
    }
    if (bad != 0) {
      fprintf (stderr, "bench-quic: %s %s: out of range\n", a,
          value ? value : "(nothing)");
      return -1;
    }
    i++;
  }
  return 0;
}

/* ---- One end, in a process of its own ----------------------------------- */

static double
now (void)
{
  struct timespec t;

  clock_gettime (CLOCK_MONOTONIC, &t);
  return (double) t.tv_sec + (double) t.tv_nsec / 1e9;
}

static void
pin_to (int core)
{
  cpu_set_t set;

  CPU_ZERO (&set);
  CPU_SET (core, &set);
  sched_setaffinity (0, sizeof set, &set);
}

static gchar *
make_line (const Options *o, gboolean server, gboolean sends, int port)
{
  const long n = (long) o->mb * 1048576 / o->buffer;
  gchar *role = server
                    ? g_strdup ("role=server port=0")
                    : g_strdup_printf ("port=%d secure-connection=false", port);
  gchar *congestion =
      o->congestion ? g_strconcat ("congestion-control=", o->congestion, NULL)
                    : g_strdup ("");
  gchar *line =
      sends ? g_strdup_printf (
                  "fakesrc num-buffers=%ld sizetype=fixed sizemax=%d "
                  "filltype=zero ! pfquicsink name=end protocol=raw %s %s",
                  n, o->buffer, role, congestion)
            : g_strdup_printf (
                  "pfquicsrc name=end protocol=raw %s ! fakesink sync=false",
                  role);

  g_free (role);
  g_free (congestion);
  return line;
}

static gboolean
run_to_the_end (GstElement *pipeline)
{
  GstBus *bus = gst_element_get_bus (pipeline);
  GstMessage *m = gst_bus_timed_pop_filtered (
      bus, END_S * GST_SECOND, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  const gboolean good = m && GST_MESSAGE_TYPE (m) == GST_MESSAGE_EOS;

  if (m && !good) {
    GError *error = NULL;

    gst_message_parse_error (m, &error, NULL);
    fprintf (stderr, "bench-quic: %s\n", error->message);
    g_error_free (error);
  }
  if (m)
    gst_message_unref (m);
  gst_object_unref (bus);
  return good;
}

/* Writes the port, then how long it took (s), what was moved (bytes) and the
 * processor time from the beginning on (s). */
static int
end_main (const Options *o, gboolean server, gboolean sends, int port)
{
  gchar *line = make_line (o, server, sends, port);
  GstElement *pipeline, *end;
  GError *error = NULL;
  struct rusage before, after;
  guint64 bytes = 0;
  gboolean good;
  double begin;

  gst_init (NULL, NULL);
  pipeline = gst_parse_launch (line, &error);
  if (error) {
    fprintf (stderr, "bench-quic: %s\n", error->message);
    return EXIT_WRONG;
  }
  end = gst_bin_get_by_name (GST_BIN (pipeline), "end");
  getrusage (RUSAGE_SELF, &before);
  begin = now ();
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  g_object_get (end, "port", &port, NULL);
  printf ("%d\n", port);
  fflush (stdout);
  good = run_to_the_end (pipeline);
  begin = now () - begin;
  getrusage (RUSAGE_SELF, &after);
  g_object_get (end, "bytes", &bytes, NULL);
  printf ("%.6f %" G_GUINT64_FORMAT " %.6f\n", begin, bytes,
      (double) (after.ru_utime.tv_sec + after.ru_stime.tv_sec -
                before.ru_utime.tv_sec - before.ru_stime.tv_sec) +
          (double) (after.ru_utime.tv_usec + after.ru_stime.tv_usec -
                    before.ru_utime.tv_usec - before.ru_stime.tv_usec) /
              1e6);
  fflush (stdout);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (end);
  gst_object_unref (pipeline);
  g_free (line);
  return good ? 0 : EXIT_WRONG;
}

typedef struct {
  pid_t pid;
  FILE *from;
} End;

static gboolean
end_start (End *e, const Options *o, gboolean server, gboolean sends, int *port)
{
  int ends[2];

  if (pipe (ends) != 0)
    return FALSE;
  fflush (NULL);
  e->pid = fork ();
  if (e->pid == 0) {
    dup2 (ends[1], STDOUT_FILENO);
    close (ends[0]);
    close (ends[1]);
    if (o->pin)
      pin_to (server ? 0 : 1);
    exit (end_main (o, server, sends, *port));
  }
  close (ends[1]);
  e->from = fdopen (ends[0], "r");
  return e->pid > 0 && fscanf (e->from, "%d", port) == 1;
}

static gboolean
end_wait (End *e, double *s, double *bytes, double *cpu)
{
  const gboolean told = fscanf (e->from, "%lf %lf %lf", s, bytes, cpu) == 3;
  int status = -1;

  waitpid (e->pid, &status, 0);
  fclose (e->from);
  return told && status == 0;
}

/* ---- Runs --------------------------------------------------------------- */

enum { TO_SERVER, TO_CLIENT, PEER, N_KINDS };

static const char *const kinds[] = { "client sends", "server sends", "peer" };

typedef struct {
  double rate[BENCH_MAX_RUNS]; /* 1e6 bytes a second */
  double cpu[BENCH_MAX_RUNS];  /* s of both ends for 1e9 bytes */
  int n;
  gboolean failed;
} Result;

static void
add (Result *r, double s, double bytes, double cpu)
{
  r->rate[r->n] = bytes / s / 1e6;
  r->cpu[r->n++] = cpu / bytes * 1e9;
}

static void
run_own (const Options *o, gboolean client_sends, Result *r)
{
  const double whole =
      (double) ((long) o->mb * 1048576 / o->buffer) * o->buffer;
  double s[2] = { 0, 0 }, bytes[2] = { 0, 0 }, cpu[2] = { 0, 0 };
  End server, client;
  int port = 0;
  gboolean good;

  good = end_start (&server, o, TRUE, !client_sends, &port);
  if (good) {
    good = end_start (&client, o, FALSE, client_sends, &port);
    good = end_wait (&client, &s[1], &bytes[1], &cpu[1]) && good;
  }
  if (!good) /* the other would wait for it */
    kill (server.pid, SIGTERM);
  good = end_wait (&server, &s[0], &bytes[0], &cpu[0]) && good;
  if (!good || bytes[0] < whole || bytes[1] < whole || s[1] <= 0) {
    fprintf (stderr, "bench-quic: %.0f and %.0f of %.0f bytes\n", bytes[0],
        bytes[1], whole);
    r->failed = TRUE;
    return;
  }
  add (r, s[1], whole, cpu[0] + cpu[1]);
}

static double
children_cpu (void)
{
  struct rusage u;

  getrusage (RUSAGE_CHILDREN, &u);
  return (double) (u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
         (double) (u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

/* Whatever the command does takes time, so this is the least it can. */
static void
run_peer (const Options *o, Result *r)
{
  const double cpu = children_cpu (), begin = now ();
  gchar *line = g_strconcat ("{ ", o->peer, "\n} >&2", NULL);

  fflush (NULL);
  if (system (line) != 0)
    r->failed = TRUE;
  else
    add (r, now () - begin, o->peer_mb * 1048576.0, children_cpu () - cpu);
  g_free (line);
}

static double
least (const double *v, int n)
{
  double worst = v[0];

  for (int i = 1; i < n; i++)
    worst = v[i] < worst ? v[i] : worst;
  return worst;
}

/* ---- Showing ------------------------------------------------------------ */

static void
show_json (const Options *o, const Result *results, double load)
{
  char cpu[200];
  const char *comma = "";

  bench_cpu_name (cpu, sizeof cpu);
  printf ("{\n  \"cpu\": ");
  bench_json_string (cpu);
  printf (",\n  \"optimized\": %s,\n  \"load\": %.2f,\n  \"runs\": %d,\n"
          "  \"mb\": %d,\n  \"results\": [",
      bench_optimized () ? "true" : "false", load, o->runs, o->mb);
  for (int k = 0; k < N_KINDS; k++) {
    const Result *r = &results[k];

    if (r->n == 0)
      continue;
    printf ("%s\n    { \"what\": ", comma);
    bench_json_string (kinds[k]);
    printf (", \"mb_per_s\": [");
    for (int i = 0; i < r->n; i++)
      printf ("%s%.1f", i ? ", " : "", r->rate[i]);
    printf ("], \"median\": %.1f, \"worst\": %.1f, \"cpu_s_per_gb\": %.3f }",
        bench_median (r->rate, r->n), least (r->rate, r->n),
        bench_median (r->cpu, r->n));
    comma = ",";
  }
  printf ("\n  ]\n}\n");
}

static void
show_table (const Options *o, const Result *results, double load)
{
  const Result *peer = &results[PEER];
  char cpu[200];

  bench_cpu_name (cpu, sizeof cpu);
  printf ("CPU       %s, %u cores, load %.2f at the beginning\n", cpu,
      g_get_num_processors (), load);
  printf ("%d MiB a run, buffers of %d bytes, %d alternations%s\n\n", o->mb,
      o->buffer, o->runs,
      bench_optimized () ? "" : ", WITHOUT optimization: times mean nothing");
  printf ("%-14s %12s %12s %16s %8s\n", "", "median MB/s", "worst MB/s",
      "processor s/GB", "of peer");
  for (int k = 0; k < N_KINDS; k++) {
    const Result *r = &results[k];

    if (r->n == 0)
      continue;
    printf ("%-14s %12.0f %12.0f %16.2f", kinds[k],
        bench_median (r->rate, r->n), least (r->rate, r->n),
        bench_median (r->cpu, r->n));
    if (k != PEER && peer->n > 0)
      printf (" %7.2fx",
          bench_median (r->rate, r->n) / bench_median (peer->rate, peer->n));
    printf ("\n");
  }
}

int
main (int argc, char **argv)
{
  Options o = {
    .runs = 5, .mb = 300, .buffer = 65536, .peer_mb = PEER_MB, .pin = TRUE
  };
  Result results[N_KINDS] = { 0 };
  const double load = bench_load ();
  const int ret = parse (&o, argc, argv);
  gboolean failed = FALSE;

  if (ret != 0)
    return ret < 0 ? EXIT_USAGE : 0;
  if (g_get_num_processors () < 2)
    o.pin = FALSE;
  for (int i = 0; i < o.runs; i++) {
    run_own (&o, TRUE, &results[TO_SERVER]);
    run_own (&o, FALSE, &results[TO_CLIENT]);
    if (o.peer)
      run_peer (&o, &results[PEER]);
  }
  if (o.json)
    show_json (&o, results, load);
  else
    show_table (&o, results, load);
  for (int k = 0; k < N_KINDS; k++)
    failed |= results[k].failed;
  return failed ? EXIT_WRONG : 0;
}
