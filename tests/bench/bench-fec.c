/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * bench-fec: how fast libpf's Reed-Solomon codes are, beside other codecs in
 * the same process on the same rows, and whether all make the same bytes.
 * docs/bench.md says how to read it.
 */
#include <errno.h>
#include <regex.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench-cases.h"
#include "bench-child.h"
#include "bench-codec.h"
#include "bench-print.h"
#include "bench-run.h"
#include "pf.h"

enum { EXIT_WRONG = 1, EXIT_USAGE = 2, MAX_ONLY = 32 };

typedef struct {
  const char *anchors[BENCH_MAX_CODECS];
  int n_anchors;
  BenchCase only[MAX_ONLY];
  int n_only;
  const char *pattern;
  const char *kernel;
  int cpu;   /* -2: where it runs now; -1: not pinned */
  int child; /* index of the codec to run once; -1: none */
  bool list, list_kernels, no_isal;
  BenchPrinter printer;
  BenchSetup setup;
} Options;

static void
usage (FILE *to)
{
  fputs (
      "Usage: bench-fec [OPTION...]\n"
      "Times libpf's FEC beside other codecs and compares their output.\n"
      "\n"
      "  --anchor FILE.so  load a codec (tests/bench/pf-anchor.h); repeatable\n"
      "  --case REGEX      only cases whose name matches; see --list\n"
      "  --only NAME       exactly this case, of the table or not, for "
      "instance\n"
      "                    gf16-decode-two-300-60-1388; repeatable\n"
      "  --kernel NAME     force a kernel set of libpf\n"
      "  --runs N          alternations, 1 to 99 (5)\n"
      "  --quick           3 alternations of 20 ms instead of 5 of 100 ms\n"
      "  --verify          compare bytes, take no times\n"
      "  --offset N        move rows N bytes off 64-byte alignment, 0 to 63\n"
      "  --cpu N|none      pin to core N (where it runs at start)\n"
      "  --no-isal         without the built-in anchor\n"
      "  --json            JSON instead of a table\n"
      "  --list            names of the cases\n"
      "  --list-kernels    kernel sets this processor can run, best first\n"
      "\n"
      "Exit status: 0, 1 when a codec failed or made other bytes, 2 for a\n"
      "wrong command line. A missed target is no failure.\n",
      to);
}

static int
wrong (const char *option, const char *value, const char *want)
{
  fprintf (stderr, "bench-fec: %s %s: %s\n", option,
      value != NULL ? value : "(nothing)", want);
  return -1;
}

/* Options with a value. Returns 1 when taken, 0 when unknown, -1 when bad. */
static int
parse_valued (Options *o, const char *option, const char *value)
{
  int n;

  if (strcmp (option, "--anchor") == 0) {
    if (value == NULL || o->n_anchors >= BENCH_MAX_CODECS - 2)
      return wrong (option, value, "want a file; at most six of them");
    o->anchors[o->n_anchors++] = value;
  } else if (strcmp (option, "--case") == 0) {
    if (value == NULL)
      return wrong (option, value, "want a regular expression");
    o->pattern = value;
  } else if (strcmp (option, "--only") == 0) {
    if (value == NULL || o->n_only >= MAX_ONLY ||
        bench_case_parse (value, &o->only[o->n_only]) != 0)
      return wrong (option, value, "want a name like gf8-encode-100-20-1408");
    o->n_only++;
  } else if (strcmp (option, "--kernel") == 0) {
    if (value == NULL)
      return wrong (option, value, "want a name; see --list-kernels");
    o->kernel = value;
  } else if (strcmp (option, "--runs") == 0) {
    if (bench_parse_int (value, 1, BENCH_MAX_RUNS, &o->setup.runs) != 0)
      return wrong (option, value, "want a number from 1 to 99");
  } else if (strcmp (option, "--offset") == 0) {
    if (bench_parse_int (value, 0, 63, &n) != 0)
      return wrong (option, value, "want a number from 0 to 63");
    o->setup.offset = (size_t) n;
  } else if (strcmp (option, "--cpu") == 0) {
    if (value != NULL && strcmp (value, "none") == 0)
      o->cpu = -1;
    else if (bench_parse_int (value, 0, CPU_SETSIZE - 1, &o->cpu) != 0)
      return wrong (option, value, "want the number of a core, or none");
  } else if (strcmp (option, "--child") == 0) {
    if (bench_parse_int (value, 0, BENCH_MAX_CODECS - 1, &o->child) != 0)
      return wrong (option, value, "is for the program's own use");
  } else
    return 0;
  return 1;
}

/* Returns 0 to go on, 1 to end well, -1 for a wrong command line. */
static int
parse (Options *o, int argc, char **argv)
{
  int i, taken;
  bool quick = false;

  for (i = 1; i < argc; i++) {
    const char *a = argv[i];

    if (strcmp (a, "--help") == 0 || strcmp (a, "-h") == 0) {
      usage (stdout);
      return 1;
    } else if (strcmp (a, "--json") == 0)
      o->printer.json = true;
    else if (strcmp (a, "--quick") == 0)
      quick = true;
    else if (strcmp (a, "--verify") == 0)
      o->setup.verify_only = true;
    else if (strcmp (a, "--no-isal") == 0)
      o->no_isal = true;
    else if (strcmp (a, "--list") == 0)
      o->list = true;
    else if (strcmp (a, "--list-kernels") == 0)
      o->list_kernels = true;
    else {
      taken = parse_valued (o, a, i + 1 < argc ? argv[i + 1] : NULL);
      if (taken == 0)
        fprintf (
            stderr, "bench-fec: %s: no such option; --help lists them\n", a);
      if (taken <= 0)
        return -1;
      i++;
    }
  }
  o->setup.min_ns = quick ? 20e6 : 100e6;
  if (o->setup.runs == 0)
    o->setup.runs = quick ? 3 : 5;
  o->printer.runs = o->setup.runs;
  o->printer.verify_only = o->setup.verify_only;
  return 0;
}

/* Before the first call into libpf that looks at the processor. */
static int
choose_kernel (const Options *o)
{
  if (o->kernel != NULL && setenv ("PF_FEC_CPU", o->kernel, 1) != 0)
    return wrong ("--kernel", o->kernel, "cannot be put in the environment");
  if (o->kernel != NULL && strcmp (pf_fec_kernel (), o->kernel) != 0)
    return wrong ("--kernel", o->kernel,
        "cannot run here; --list-kernels has those that can");
  if (strcmp (pf_fec_kernel (), "none") == 0)
    return wrong ("PF_FEC_CPU", getenv ("PF_FEC_CPU"),
        "cannot run here; --list-kernels has those that can");
  return 0;
}

static void
pin (Options *o)
{
  cpu_set_t set;
  int cpu = o->cpu == -2 ? sched_getcpu () : o->cpu;

  o->printer.cpu = -1;
  if (cpu < 0)
    return;
  CPU_ZERO (&set);
  CPU_SET (cpu, &set);
  if (sched_setaffinity (0, sizeof set, &set) != 0)
    fprintf (stderr, "bench-fec: cannot pin to core %d: %s\n", cpu,
        strerror (errno));
  else
    o->printer.cpu = cpu;
}

static int
load_codecs (Options *o)
{
  BenchSetup *s = &o->setup;
  const char *why;
  int i;

  bench_codec_libpf (&s->codecs[s->n_codecs++]);
  if (!o->no_isal && bench_codec_isal (&s->codecs[s->n_codecs]) == 0)
    s->n_codecs++;
  for (i = 0; i < o->n_anchors; i++) {
    why = bench_codec_load (&s->codecs[s->n_codecs++], o->anchors[i]);
    if (why != NULL)
      return wrong ("--anchor", o->anchors[i], why);
  }

  s->child_argv[s->n_child_argv++] = (char *) "/proc/self/exe";
  s->child_argv[s->n_child_argv++] = (char *) "--cpu";
  s->child_argv[s->n_child_argv++] = (char *) "none"; /* inherited */
  if (o->no_isal)
    s->child_argv[s->n_child_argv++] = (char *) "--no-isal";
  for (i = 0; i < o->n_anchors; i++) {
    s->child_argv[s->n_child_argv++] = (char *) "--anchor";
    s->child_argv[s->n_child_argv++] = (char *) o->anchors[i];
  }
  return 0;
}

static int
run_case (Options *o, const BenchCase *c, BenchResult *results)
{
  if (bench_run (&o->setup, c, results) != 0) {
    fprintf (stderr, "bench-fec: no memory for %u + %u rows of %zu bytes\n",
        c->k, c->m, c->size);
    return -1;
  }
  if (o->printer.n_cases == 0)
    bench_print_begin (&o->printer, &o->setup);
  bench_print_case (&o->printer, &o->setup, c, results);
  return 0;
}

static int
run_all (Options *o)
{
  static BenchResult results[BENCH_MAX_CODECS];
  char name[BENCH_NAME_SIZE];
  regex_t regex;
  size_t c;
  int i, status = 0;

  if (o->pattern != NULL &&
      regcomp (&regex, o->pattern, REG_EXTENDED | REG_NOSUB) != 0) {
    wrong ("--case", o->pattern, "is no regular expression");
    return EXIT_USAGE;
  }
  for (i = 0; i < o->n_only && status == 0; i++)
    if (run_case (o, &o->only[i], results) != 0)
      status = EXIT_WRONG;
  for (c = 0; c < bench_n_cases && status == 0; c++) {
    if (o->n_only > 0 && o->pattern == NULL)
      break;
    bench_case_name (&bench_cases[c], name);
    if (o->pattern != NULL && regexec (&regex, name, 0, NULL, 0) != 0)
      continue;
    if (o->list)
      puts (name);
    else if (run_case (o, &bench_cases[c], results) != 0)
      status = EXIT_WRONG;
  }
  if (o->pattern != NULL)
    regfree (&regex);
  if (o->list)
    return 0;
  if (status == 0 && o->printer.n_cases == 0) {
    fprintf (stderr, "bench-fec: no case matches; --list has their names\n");
    return EXIT_USAGE;
  }
  if (o->printer.n_cases > 0)
    bench_print_end (&o->printer);
  return status != 0 || o->printer.n_wrong > 0 ? EXIT_WRONG : 0;
}

int
main (int argc, char **argv)
{
  static Options o;
  const char *const *kernel;
  int i;

  o.cpu = -2;
  o.child = -1;
  i = parse (&o, argc, argv);
  if (i != 0)
    return i > 0 ? 0 : EXIT_USAGE;
  if (o.list_kernels) {
    for (kernel = pf_fec_kernels (); *kernel != NULL; kernel++)
      puts (*kernel);
    return 0;
  }
  if (o.child >= 0) {
    if (load_codecs (&o) != 0 || o.n_only != 1 || o.child >= o.setup.n_codecs)
      return EXIT_USAGE;
    return bench_child_main (&o.only[0], &o.setup.codecs[o.child]);
  }
  if (choose_kernel (&o) != 0)
    return EXIT_USAGE;
  pin (&o);
  if (load_codecs (&o) != 0)
    return EXIT_USAGE;
  for (i = 0; i < o.setup.n_codecs; i++)
    if (o.setup.codecs[i].init () != 0) {
      fprintf (
          stderr, "bench-fec: %s: its init fails\n", o.setup.codecs[i].name);
      return EXIT_WRONG;
    }
  return run_all (&o);
}
