/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* pf-probe as a person runs it: PF_PROBE names the program. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pf-json.h"
#include "pf-test.h"
#include "probe-stats.h"

/* Short frames keep this quick; every point still is 300 frames. */
#define SMALL "--data 40 --size 264 --frames 300 --loss 0..30/5 "

/* Runs `pf-probe ARGS`; *output is malloc'ed. Returns the exit status. */
static int
probe (const char *args, char **output)
{
  const char *program = getenv ("PF_PROBE");
  size_t size = 1 << 16, have = 0, n;
  char command[4096], *text;
  FILE *from;
  int status;

  PF_REQUIRE (program != NULL);
  snprintf (command, sizeof command, "'%s' %s", program, args);
  from = popen (command, "r");
  PF_REQUIRE (from != NULL);
  text = malloc (size);
  PF_REQUIRE (text != NULL);
  while ((n = fread (text + have, 1, size - 1 - have, from)) > 0) {
    have += n;
    if (size - 1 - have == 0) {
      text = realloc (text, size *= 2);
      PF_REQUIRE (text != NULL);
    }
  }
  text[have] = '\0';
  status = pclose (from);
  *output = text;
  PF_REQUIRE (WIFEXITED (status));
  return WEXITSTATUS (status);
}

static uint64_t
number (const PfJson *object, const char *name)
{
  uint64_t n = UINT64_MAX;

  if (!pf_json_uint64 (pf_json_member (object, name), &n))
    pf_test_fail (__FILE__, __LINE__, "%s is no number", name);
  return n;
}

static double
real (const PfJson *object, const char *name)
{
  double n = NAN;

  if (!pf_json_double (pf_json_member (object, name), &n))
    pf_test_fail (__FILE__, __LINE__, "%s is no number", name);
  return n;
}

/* Runs, wants success, reads the JSON. */
static PfJsonDoc *
probe_json (const char *args)
{
  char command[1024], error[200], *text;
  PfJsonDoc *doc;

  snprintf (command, sizeof command, "loss %s --format json", args);
  PF_CHECK_INT (probe (command, &text), ==, 0);
  doc = pf_json_parse (text, strlen (text), error, sizeof error);
  if (doc == NULL)
    pf_test_fail (__FILE__, __LINE__, "%s", error);
  free (text);
  if (doc == NULL)
    pf_test_abort ();
  return doc;
}

static void
test_sums (void)
{
  PfJsonDoc *doc = probe_json (SMALL "--check");
  const PfJson *root = pf_json_root (doc), *point;
  const PfJson *totals = pf_json_member (root, "totals");
  static const char *const counts[] = { "intact", "recovered", "unrecoverable",
    "shards_sent", "shards_lost" };
  uint64_t sums[5] = { 0 }, points = 0, repaired = 0, mixed = 0;
  int i;

  for (point = pf_json_first (pf_json_member (root, "points")); point != NULL;
       point = pf_json_next (point)) {
    unsigned m = (unsigned) number (point, "parity");
    double loss = real (point, "loss_percent") / 100;

    points++;
    for (i = 0; i < 5; i++)
      sums[i] += number (point, counts[i]);
    PF_CHECK_UINT (number (point, "intact") + number (point, "recovered") +
                       number (point, "unrecoverable"),
        ==, 300);
    PF_CHECK_UINT (number (point, "shards_sent"), ==, 300 * (40 + m));
    PF_CHECK (fabs (real (point, "overhead_percent") - m * 2.5) < 1e-3);
    PF_CHECK (fabs (real (point, "expected") -
                    300 * probe_binomial_tail (40 + m, m, loss)) < 1e-3);
    PF_CHECK (
        fabs (real (point, "expected") - real (point, "binomial")) < 1e-9);
    if (loss <= 0) {
      PF_CHECK_UINT (number (point, "intact"), ==, 300);
      PF_CHECK_UINT (number (point, "shards_lost"), ==, 0);
    } else
      PF_CHECK_UINT (number (point, "shards_lost"), >, 0);
    repaired += number (point, "recovered") > 0;
    mixed +=
        number (point, "recovered") > 0 && number (point, "unrecoverable") > 0;
    if (number (point, "recovered") > 0)
      PF_CHECK (real (point, "decode_us") <= real (point, "decode_us_worst"));
    else
      PF_CHECK_INT (
          pf_json_type (pf_json_member (point, "decode_us")), ==, PF_JSON_NULL);
  }
  PF_CHECK_UINT (points, ==, 2 * 3 * 7);
  PF_CHECK_UINT (repaired, >=, 20);
  PF_CHECK_UINT (mixed, >=, 10);
  PF_CHECK_UINT (number (totals, "points"), ==, points);
  PF_CHECK_UINT (number (totals, "frames"), ==, points * 300);
  for (i = 0; i < 5; i++)
    PF_CHECK_UINT (number (totals, counts[i]), ==, sums[i]);
  pf_json_free (doc);
}

/* What comes out of a run apart from times. */
static uint64_t
fingerprint (const char *args)
{
  PfJsonDoc *doc = probe_json (args);
  const PfJson *point;
  uint64_t hash = 0;

  for (point = pf_json_first (pf_json_member (pf_json_root (doc), "points"));
       point != NULL; point = pf_json_next (point))
    hash = (hash ^ number (point, "shards_lost") ^
               number (point, "recovered") << 32) *
           0x100000001b3u;
  pf_json_free (doc);
  return hash;
}

static void
test_seed (void)
{
  PF_CHECK_UINT (fingerprint (SMALL), ==, fingerprint (SMALL "--seed 1"));
  PF_CHECK_UINT (fingerprint (SMALL), !=, fingerprint (SMALL "--seed 2"));
}

static void
test_status (const void *data)
{
  const char *args = data;
  int want = args[0] - '0', status;
  char *text;

  status = probe (args + 1, &text);
  if (status != want)
    pf_test_fail (__FILE__, __LINE__,
        "pf-probe%s: status %d, not %d; it printed: %s", args + 1, status, want,
        text);
  if (want != 0 && strstr (text, "pf-probe") == NULL)
    pf_test_fail (
        __FILE__, __LINE__, "pf-probe%s: said nothing useful", args + 1);
  free (text);
}

static void
test_svg (void)
{
  char path[] = "/tmp/pf-probe-test-XXXXXX", args[256], *text, *svg;
  int fd = mkstemp (path), shapes = 0;
  long size;
  FILE *from;

  PF_REQUIRE (fd >= 0);
  snprintf (args, sizeof args, "loss " SMALL "--pattern bursty --svg %s", path);
  PF_CHECK_INT (probe (args, &text), ==, 0);
  free (text);
  from = fdopen (fd, "r");
  PF_REQUIRE (from != NULL);
  PF_CHECK_INT (fseek (from, 0, SEEK_END), ==, 0);
  size = ftell (from);
  PF_REQUIRE_INT (size, >, 100);
  rewind (from);
  svg = calloc (1, (size_t) size + 1);
  PF_REQUIRE (svg != NULL);
  PF_CHECK_UINT (fread (svg, 1, (size_t) size, from), ==, (size_t) size);
  fclose (from);
  unlink (path);

  PF_CHECK_INT (strncmp (svg, "<svg ", 5), ==, 0);
  PF_CHECK_STR (svg + size - 7, "</svg>\n");
  PF_CHECK (strstr (svg, "nan") == NULL);
  PF_CHECK (strstr (svg, "inf") == NULL);
  for (text = svg; (text = strstr (text, "<circle")) != NULL; text++)
    shapes++;
  /* A GF(2^8) mark for each of 21 points, more for times, two in the legend. */
  PF_CHECK_INT (shapes, >=, 21 + 7 + 2);
  free (svg);
}

int
main (int argc, char **argv)
{
  /* Wanted exit status, then the command line. */
  static const char *const lines[] = {
    "0 --help",
    "0 --version",
    "0 loss --help",
    "0 loss --scheme gf16 --data 2 --parity-percent 200 --frames 50",
    "0 loss --data 1 --parity-percent 1 --size 2 --frames 50 --loss 50",
    "0 loss --scheme gf8 --data=7 --size=33 --frames=50 --loss=0,1.5,10..12",
    "0 loss " SMALL "--pattern bursty --burst 8 --check",
    "0 loss " SMALL "--pattern bursty --bad-loss 60 --check --against channel",
    /* A check that is made against the wrong distribution has to fail. */
    "1 loss " SMALL "--pattern bursty --burst 8 --check --against binomial "
    "2>&1",
    "1 loss --frames 1 --svg /nonexistent/plot.svg 2>&1",
    "2 2>&1",
    "2 gain 2>&1",
    "2 loss --scheme gf9 2>&1",
    "2 loss --data 0 2>&1",
    "2 loss --data 12x 2>&1",
    "2 loss --data 230 2>&1",
    "2 loss --data -3 2>&1",
    "2 loss --scheme gf16 --size 1407 2>&1",
    "2 loss --parity-percent 10,10 2>&1",
    "2 loss --parity-percent 1,2,3,4,5,6,7,8,9 2>&1",
    "2 loss --parity-percent '' 2>&1",
    "2 loss --loss 5..1 2>&1",
    "2 loss --loss 0..40/0 2>&1",
    "2 loss --loss 101 2>&1",
    "2 loss --loss nan 2>&1",
    "2 loss --loss 3,,4 2>&1",
    "2 loss --pattern bursty --burst 1 --loss 60 2>&1",
    "2 loss --pattern bursty --bad-loss 30 --loss 40 2>&1",
    "2 loss --frames 2>&1",
    "2 loss --wish 3 2>&1",
    "2 loss extra 2>&1",
    "2 loss - 2>&1",
  };
  static char paths[sizeof lines / sizeof lines[0]][32];
  size_t i;

  PF_TEST_ADD ("/probe-loss/sums", test_sums);
  PF_TEST_ADD ("/probe-loss/seed", test_seed);
  PF_TEST_ADD ("/probe-loss/svg", test_svg);
  for (i = 0; i < sizeof lines / sizeof lines[0]; i++) {
    snprintf (paths[i], sizeof paths[i], "/probe-loss/line/%zu", i);
    pf_test_add_data (paths[i], test_status, lines[i]);
  }
  return pf_test_run (argc, argv);
}
