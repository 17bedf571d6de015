/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * bench-path: what a packet and a frame cost on their way, piece by piece and
 * as a whole, beside stock elements and bare system calls in the same run.
 * docs/bench.md says how to read it.
 */
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench-path-gst.h"
#include "bench-path.h"

enum { EXIT_WRONG = 1, EXIT_USAGE = 2 };

typedef struct {
  const char *pattern;
  gboolean list;
  PathPrinter printer;
} Options;

static void
usage (FILE *to)
{
  fputs (
      "Usage: bench-path [OPTION...]\n"
      "Times the packet path beside stock elements and bare system calls.\n"
      "\n"
      "  --case REGEX   only cases whose name matches; see --list\n"
      "  --runs N       alternations, 1 to 99 (5)\n"
      "  --seconds N    of a run of a rate- case (2)\n"
      "  --no-pin       leave the threads' cores to the system\n"
      "  --quick        3 alternations of 50 ms instead of 5 of 300 ms\n"
      "  --verify       a few units of each, no times\n"
      "  --json         JSON instead of a table\n"
      "  --list         names of the cases\n"
      "\n"
      "Exit status: 0, 1 when something made other bytes or failed, 2 for a\n"
      "wrong command line. A missed target is no failure.\n",
      to);
}

static int
wrong (const char *option, const char *value, const char *want)
{
  fprintf (stderr, "bench-path: %s %s: %s\n", option,
      value != NULL ? value : "(nothing)", want);
  return -1;
}

/* Returns 0 to go on, 1 to end well, -1 for a wrong command line. */
static int
parse (Options *o, int argc, char **argv)
{
  PathSetup *s = &o->printer.setup;
  gboolean quick = FALSE;
  int seconds = 2;

  for (int i = 1; i < argc; i++) {
    const char *a = argv[i], *value = i + 1 < argc ? argv[i + 1] : NULL;

    if (strcmp (a, "--help") == 0 || strcmp (a, "-h") == 0) {
      usage (stdout);
      return 1;
    } else if (strcmp (a, "--json") == 0)
      o->printer.json = TRUE;
    else if (strcmp (a, "--quick") == 0)
      quick = TRUE;
    else if (strcmp (a, "--no-pin") == 0)
      path_pins = FALSE;
    else if (strcmp (a, "--verify") == 0)
      s->verify = TRUE;
    else if (strcmp (a, "--list") == 0)
      o->list = TRUE;
    else if (strcmp (a, "--case") == 0) {
      if (value == NULL)
        return wrong (a, value, "want a regular expression");
      o->pattern = argv[++i];
    } else if (strcmp (a, "--runs") == 0) {
      if (bench_parse_int (value, 1, BENCH_MAX_RUNS, &s->runs) != 0)
        return wrong (a, value, "want a number from 1 to 99");
      i++;
    } else if (strcmp (a, "--seconds") == 0) {
      if (bench_parse_int (value, 1, 3600, &seconds) != 0)
        return wrong (a, value, "want a number from 1 to 3600");
      i++;
    } else {
      fprintf (
          stderr, "bench-path: %s: no such option; --help lists them\n", a);
      return -1;
    }
  }
  s->min_ns = quick ? 50e6 : 300e6;
  s->rate_s = quick ? 0.3 : seconds;
  if (s->runs == 0)
    s->runs = quick ? 3 : 5;
  if (s->verify) {
    s->runs = 1;
    s->rate_s = 0.05;
  }
  return 0;
}

/* GLib's own stores would hide allocations: in a process without them. */
static void
memory_in_child (const PathCase *c, PathMemory *m)
{
  int ends[2], status = 0;
  pid_t child;

  memset (m, 0, sizeof *m);
  if (pipe (ends) != 0)
    return;
  child = fork ();
  if (child == 0) {
    char name[PATH_NAME_SIZE];

    path_case_name (c, name);
    setenv ("G_SLICE", "always-malloc", 1);
    dup2 (ends[1], STDOUT_FILENO);
    close (ends[0]);
    close (ends[1]);
    execl ("/proc/self/exe", "bench-path", "--memory", name, (char *) NULL);
    _exit (127);
  }
  close (ends[1]);
  if (child > 0 && (read (ends[0], m, sizeof *m) != (ssize_t) sizeof *m ||
                       waitpid (child, &status, 0) != child || status != 0))
    memset (m, 0, sizeof *m);
  close (ends[0]);
}

/* That process: the result goes to its output as it is. */
static int
memory_main (const char *name)
{
  char this[PATH_NAME_SIZE];
  PathMemory m;

  for (size_t i = 0; i < path_n_cases; i++) {
    path_case_name (&path_cases[i], this);
    if (strcmp (this, name) != 0)
      continue;
    path_memory_run (&path_cases[i], &m);
    return write (STDOUT_FILENO, &m, sizeof m) == (ssize_t) sizeof m
               ? 0
               : EXIT_WRONG;
  }
  return EXIT_USAGE;
}

static void
run_case (Options *o, const PathCase *c)
{
  static PathResult results[PATH_MAX_CONTENDERS];
  static PathRate rates[BENCH_MAX_RUNS];
  PathPrinter *p = &o->printer;
  PathMemory memory;

  if (p->n_cases == 0)
    path_print_begin (p);
  switch (c->op) {
  case PATH_RATE:
    for (int i = 0; i < p->setup.runs; i++)
      path_rate_run (&p->setup, c, &rates[i]);
    path_print_rate (p, c, rates);
    break;
  case PATH_MEMORY:
    memory_in_child (c, &memory);
    path_print_memory (p, c, &memory);
    break;
  default:
    path_run (&p->setup, c, results);
    path_print_case (p, c, results);
    break;
  }
}

static int
run_all (Options *o)
{
  char name[PATH_NAME_SIZE];
  regex_t regex;

  if (o->pattern != NULL &&
      regcomp (&regex, o->pattern, REG_EXTENDED | REG_NOSUB) != 0) {
    wrong ("--case", o->pattern, "is no regular expression");
    return EXIT_USAGE;
  }
  for (size_t i = 0; i < path_n_cases; i++) {
    path_case_name (&path_cases[i], name);
    if (o->pattern != NULL && regexec (&regex, name, 0, NULL, 0) != 0)
      continue;
    if (o->list)
      puts (name);
    else
      run_case (o, &path_cases[i]);
  }
  if (o->pattern != NULL)
    regfree (&regex);
  if (o->list)
    return 0;
  if (o->printer.n_cases == 0) {
    fprintf (stderr, "bench-path: no case matches; --list has their names\n");
    return EXIT_USAGE;
  }
  path_print_end (&o->printer);
  return o->printer.n_wrong > 0 ? EXIT_WRONG : 0;
}

int
main (int argc, char **argv)
{
  static Options o;
  int i;

  if (argc == 3 && strcmp (argv[1], "--memory") == 0) {
    gst_init (NULL, NULL);
    return memory_main (argv[2]);
  }
  i = parse (&o, argc, argv);
  if (i != 0)
    return i > 0 ? 0 : EXIT_USAGE;
  gst_init (NULL, NULL);
  path_pin (0);
  o.printer.load = bench_load ();
  return run_all (&o);
}
