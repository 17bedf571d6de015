/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Options of `pf-probe loss`, the sweep, and its check against expectation. */
#include "probe-loss.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pf.h"
#include "probe-report.h"
#include "probe-sim.h"

enum { EXIT_WRONG = 1, EXIT_USAGE = 2, MAX_PERCENTS = 8, MAX_LOSSES = 1001 };

typedef struct {
  bool gf8, gf16, bursty, json, check, against_binomial;
  unsigned data, frames, percents[MAX_PERCENTS];
  size_t n_percents, size, n_losses;
  double losses[MAX_LOSSES]; /* percent */
  double burst, bad_loss;    /* shards; percent */
  uint64_t seed;
  const char *svg;
} Options;

static const char help[] =
    "Usage: pf-probe loss [OPTION...]\n"
    "Sends frames through a lossy channel, restores what FEC can restore,\n"
    "compares every byte, and puts the frames beyond repair beside the number\n"
    "that probability theory expects.\n"
    "\n"
    "  --scheme gf8|gf16|both      codes to try (both)\n"
    "  --data K                    data shards of a frame (100)\n"
    "  --parity-percent P[,P...]   parity, in percent of the data, rounded "
    "up;\n"
    "                              at most eight (10,20,30)\n"
    "  --size BYTES                of a shard (1408)\n"
    "  --loss LIST                 percentages: 5 or 0,1,2.5 or 0..40 or\n"
    "                              0..40/5 with a step (0..40/2)\n"
    "  --pattern random|bursty     each shard alone, or the Gilbert-Elliott\n"
    "                              channel (random)\n"
    "  --burst N                   mean length of a bad spell, in shards (4)\n"
    "  --bad-loss PERCENT          loss within a bad spell (100)\n"
    "  --frames N                  frames at each point (1000)\n"
    "  --seed S                    another seed, other losses (1)\n"
    "  --format table|json         on standard output (table)\n"
    "  --svg FILE                  a plot as well\n"
    "  --check                     fail when a count lies where not one run "
    "in\n"
    "                              a thousand gets, all points together\n"
    "  --against channel|binomial  what --check expects: the channel's own\n"
    "                              distribution, or the binomial (channel)\n"
    "\n"
    "Exit status: 0; 1 for wrong bytes, a failed check, a file that cannot "
    "be\nwritten; 2 for a wrong command line.\n";

static int complain (const char *format, ...)
    __attribute__ ((format (printf, 1, 2)));

static int
complain (const char *format, ...)
{
  va_list args;

  fputs ("pf-probe loss: ", stderr);
  va_start (args, format);
  vfprintf (stderr, format, args);
  va_end (args);
  fputc ('\n', stderr);
  return -1;
}

static int
parse_uint (const char *text, uint64_t low, uint64_t high, uint64_t *value)
{
  char *end;
  unsigned long long n;

  if (*text < '0' || *text > '9')
    return -1;
  errno = 0;
  n = strtoull (text, &end, 10);
  if (errno != 0 || *end != '\0' || n < low || n > high)
    return -1;
  *value = n;
  return 0;
}

/* A decimal number; *end is where it ends. */
static int
parse_number (
    const char *text, double low, double high, double *value, char **end)
{
  double n;

  /* No sign, nan, inf, blank; "2..4" is two numbers. */
  size_t digits = strspn (text, "0123456789");
  char copy[32];
  size_t length = digits;

  if (digits == 0)
    return -1;
  if (text[digits] == '.' && text[digits + 1] != '.')
    length += 1 + strspn (text + digits + 1, "0123456789");
  if (length >= sizeof copy)
    return -1;
  memcpy (copy, text, length);
  copy[length] = '\0';
  n = strtod (copy, NULL);
  if (n < low || n > high)
    return -1;
  *value = n;
  *end = (char *) text + length;
  return 0;
}

static int
parse_losses (Options *o, const char *text)
{
  double first, last, step;
  char *at = (char *) text;
  int i;

  o->n_losses = 0;
  for (;;) {
    if (parse_number (at, 0, 100, &first, &at) != 0)
      return -1;
    last = first;
    step = 1;
    if (strncmp (at, "..", 2) == 0) {
      if (parse_number (at + 2, first, 100, &last, &at) != 0)
        return -1;
      if (*at == '/' && parse_number (at + 1, 0.01, 100, &step, &at) != 0)
        return -1;
    }
    for (i = 0; first + i * step <= last + 1e-9; i++) {
      double loss = first + i * step;

      if (o->n_losses == MAX_LOSSES ||
          (o->n_losses > 0 && loss <= o->losses[o->n_losses - 1]))
        return -1;
      o->losses[o->n_losses++] = loss;
    }
    if (*at == '\0')
      return 0;
    if (*at++ != ',')
      return -1;
  }
}

static int
parse_percents (Options *o, const char *text)
{
  const char *at = text;

  for (o->n_percents = 0; o->n_percents < MAX_PERCENTS;) {
    char number[8];
    size_t length = strcspn (at, ","), i;
    uint64_t n;

    if (length >= sizeof number)
      return -1;
    memcpy (number, at, length);
    number[length] = '\0';
    if (parse_uint (number, 1, 1000, &n) != 0)
      return -1;
    for (i = 0; i < o->n_percents; i++)
      if (o->percents[i] == n)
        return -1;
    o->percents[o->n_percents++] = (unsigned) n;
    if (at[length] == '\0')
      return 0;
    at += length + 1;
  }
  return -1;
}

static int
choose (const char *text, const char *a, const char *b, bool *second)
{
  if (strcmp (text, a) != 0 && strcmp (text, b) != 0)
    return -1;
  *second = strcmp (text, b) == 0;
  return 0;
}

/* Returns 0, -1 for a bad value, 1 for an option that does not exist. */
static int
parse_option (Options *o, const char *name, const char *value)
{
  uint64_t n = 0;
  char *end;
  int bad = 0;

  if (strcmp (name, "scheme") == 0) {
    bool both = strcmp (value, "both") == 0;

    o->gf8 = both || strcmp (value, "gf8") == 0;
    o->gf16 = both || strcmp (value, "gf16") == 0;
    bad = !o->gf8 && !o->gf16;
  } else if (strcmp (name, "data") == 0) {
    bad = parse_uint (value, 1, 65534, &n);
    o->data = (unsigned) n;
  } else if (strcmp (name, "parity-percent") == 0)
    bad = parse_percents (o, value);
  else if (strcmp (name, "size") == 0) {
    bad = parse_uint (value, 1, 1 << 20, &n);
    o->size = (size_t) n;
  } else if (strcmp (name, "loss") == 0)
    bad = parse_losses (o, value);
  else if (strcmp (name, "pattern") == 0)
    bad = choose (value, "random", "bursty", &o->bursty);
  else if (strcmp (name, "burst") == 0)
    bad = parse_number (value, 1, 1e6, &o->burst, &end) != 0 || *end != '\0';
  else if (strcmp (name, "bad-loss") == 0)
    bad = parse_number (value, 0.01, 100, &o->bad_loss, &end) != 0 ||
          *end != '\0';
  else if (strcmp (name, "frames") == 0) {
    bad = parse_uint (value, 1, 10000000, &n);
    o->frames = (unsigned) n;
  } else if (strcmp (name, "seed") == 0)
    bad = parse_uint (value, 0, UINT64_MAX, &o->seed);
  else if (strcmp (name, "format") == 0)
    bad = choose (value, "table", "json", &o->json);
  else if (strcmp (name, "svg") == 0)
    o->svg = value;
  else if (strcmp (name, "against") == 0)
    bad = choose (value, "channel", "binomial", &o->against_binomial);
  else
    return 1;
  return bad ? complain ("--%s %s: not a value for it; see --help", name, value)
             : 0;
}

/* Returns 0 to go on, 1 to end well, -1 for a wrong command line. */
static int
parse (Options *o, int argc, char **argv)
{
  int i, taken;

  for (i = 1; i < argc; i++) {
    const char *a = argv[i], *value = strchr (a, '=');
    char name[24];
    size_t length = strcspn (a, "=");

    if (strcmp (a, "--help") == 0 || strcmp (a, "-h") == 0) {
      fputs (help, stdout);
      return 1;
    }
    if (strcmp (a, "--check") == 0) {
      o->check = true;
      continue;
    }
    if (strncmp (a, "--", 2) != 0 || length - 2 >= sizeof name)
      return complain ("%s: no such option; --help lists them", a);
    memcpy (name, a + 2, length - 2);
    name[length - 2] = '\0';
    if (value != NULL)
      value++;
    else if (i + 1 < argc)
      value = argv[++i];
    taken = parse_option (o, name, value != NULL ? value : "");
    if (taken > 0)
      return complain ("--%s: no such option; --help lists them", name);
    if (taken < 0)
      return -1;
  }
  return 0;
}

/* The rows to fill, or NULL and a complaint. */
static ProbeRow *
plan (const Options *o, size_t *n_rows)
{
  ProbeRow *rows = calloc (2 * o->n_percents * o->n_losses, sizeof *rows);
  size_t n = 0, p, l;
  int field;

  if (rows == NULL) {
    complain ("%s", pf_strerror (PF_ERR_NO_MEMORY));
    return NULL;
  }
  for (field = 0; field < 2; field++) {
    if (!(field ? o->gf16 : o->gf8))
      continue;
    for (p = 0; p < o->n_percents; p++) {
      PfFecConfig config = PF_FEC_CONFIG_INIT;
      int rc;

      config.scheme = field ? PF_FEC_GF16 : PF_FEC_GF8;
      config.data_shards = o->data;
      config.parity_shards = (o->data * o->percents[p] + 99) / 100;
      config.shard_size = o->size;
      rc = pf_fec_check (&config);
      if (rc != PF_OK) {
        complain ("%u data and %u parity shards (%u %%) of %zu bytes are "
                  "not possible with %s: %s",
            o->data, config.parity_shards, o->percents[p], o->size,
            probe_scheme_name (config.scheme), pf_strerror (rc));
        if (o->gf8 && o->gf16)
          complain ("--scheme leaves one of the two codes out");
        free (rows);
        return NULL;
      }
      for (l = 0; l < o->n_losses; l++) {
        ProbePoint *point = &rows[n++].point;

        point->scheme = config.scheme;
        point->percent = o->percents[p];
        point->data = o->data;
        point->parity = config.parity_shards;
        point->size = o->size;
        point->loss = o->losses[l] / 100;
        point->frames = o->frames;
        point->seed = o->seed;
        if (!o->bursty)
          probe_channel_init_random (&point->channel, point->loss);
        else if (probe_channel_init_bursty (&point->channel, point->loss,
                     o->burst, o->bad_loss / 100) != 0) {
          complain ("--loss %g cannot be with bad spells of %g shards that "
                    "lose %g %%: a longer --burst or a higher --bad-loss can",
              o->losses[l], o->burst, o->bad_loss);
          free (rows);
          return NULL;
        }
      }
    }
  }
  *n_rows = n;
  return rows;
}

/* A run in a thousand may fail; each point gets its share of that. */
static int
check (const Options *o, const ProbeRow *rows, size_t n_rows)
{
  double level = 1 - 0.001 / (double) n_rows;
  size_t i;
  int failed = 0;

  for (i = 0; i < n_rows; i++) {
    const ProbePoint *p = &rows[i].point;
    const ProbeResult *r = &rows[i].result;
    double share = o->against_binomial ? r->binomial : r->expected;
    unsigned low, high;

    probe_band (p->frames, share, level, &low, &high);
    if (r->unrecoverable >= low && r->unrecoverable <= high)
      continue;
    complain ("check: %s, %u %% parity, %g %% loss: %u frames beyond repair, "
              "expected %u to %u",
        probe_scheme_name (p->scheme), p->percent, p->loss * 100,
        r->unrecoverable, low, high);
    failed = -1;
  }
  return failed;
}

static int
write_svg (const ProbeReport *report, const char *path)
{
  FILE *to = fopen (path, "w");
  int bad;

  if (to == NULL)
    return complain ("%s: %s", path, strerror (errno));
  probe_write_svg (report, to);
  bad = ferror (to);
  if (fclose (to) != 0 || bad)
    return complain ("%s: cannot be written", path);
  return 0;
}

int
probe_loss_main (int argc, char **argv)
{
  static Options o;
  ProbeReport report;
  ProbeRow *rows;
  size_t n_rows, i;
  int rc, status = 0;

  o.gf8 = o.gf16 = true;
  o.data = 100;
  parse_percents (&o, "10,20,30");
  o.size = 1408;
  parse_losses (&o, "0..40/2");
  o.burst = 4;
  o.bad_loss = 100;
  o.frames = 1000;
  o.seed = 1;
  rc = parse (&o, argc, argv);
  if (rc != 0)
    return rc > 0 ? 0 : EXIT_USAGE;
  if (strcmp (pf_fec_kernel (), "none") == 0) {
    complain ("PF_FEC_CPU=%s: that kernel set cannot run here",
        getenv ("PF_FEC_CPU"));
    return EXIT_USAGE;
  }
  rows = plan (&o, &n_rows);
  if (rows == NULL)
    return EXIT_USAGE;

  for (i = 0; i < n_rows; i++) {
    const char *wrong = probe_run (&rows[i].point, &rows[i].result);

    if (wrong != NULL) {
      complain ("%s, %u + %u shards, %g %% loss: %s",
          probe_scheme_name (rows[i].point.scheme), rows[i].point.data,
          rows[i].point.parity, rows[i].point.loss * 100, wrong);
      free (rows);
      return EXIT_WRONG;
    }
  }
  report.data = o.data;
  report.size = o.size;
  report.frames = o.frames;
  report.seed = o.seed;
  report.bursty = o.bursty;
  report.bad_length = o.burst;
  report.bad_loss = o.bad_loss / 100;
  report.rows = rows;
  report.n_rows = n_rows;
  (o.json ? probe_write_json : probe_write_table) (&report, stdout);
  if (fflush (stdout) != 0) {
    complain ("standard output: %s", strerror (errno));
    status = EXIT_WRONG;
  }
  if (o.svg != NULL && write_svg (&report, o.svg) != 0)
    status = EXIT_WRONG;
  if (o.check && check (&o, rows, n_rows) != 0)
    status = EXIT_WRONG;
  free (rows);
  return status;
}
