/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * bench-fec as a person runs it, never its times: BENCH_FEC names the program,
 * BENCH_PLAIN and BENCH_WRONG the two builds of anchor-plain.c.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "pf-json.h"
#include "pf-test.h"

/* Blocks small enough for the plain anchor. */
#define SMALL                                                                  \
  " --only gf8-encode-10-3-100 --only gf8-decode-max-10-3-100"                 \
  " --only gf8-decode-two-20-5-33 --only gf8-decode-1pc-120-100-64"            \
  " --only gf8-cold-10-3-100 --only gf8-memory-10-3-100"                       \
  " --only gf16-encode-10-3-100 --only audio-decode-max-4-2-50 "

/* Runs the program; the output, and the exit status in *status. */
static char *
bench (const char *args, int *status)
{
  static char text[65536];
  char command[2048];
  size_t have;
  FILE *from;

  snprintf (command, sizeof command, "\"$BENCH_FEC\" --cpu none %s", args);
  from = popen (command, "r");
  PF_REQUIRE (from != NULL);
  have = fread (text, 1, sizeof text - 1, from);
  text[have] = '\0';
  *status = pclose (from);
  PF_REQUIRE (WIFEXITED (*status));
  *status = WEXITSTATUS (*status);
  return text;
}

static void
check_line (const char *args, int want, const char *has)
{
  int status;
  char *text = bench (args, &status);

  if (status != want || strstr (text, has) == NULL)
    pf_test_fail (__FILE__, __LINE__,
        "bench-fec %s: status %d, not %d, or no \"%s\" in: %s", args, status,
        want, has, text);
}

static void
test_bytes (void)
{
  check_line ("--verify --anchor \"$BENCH_PLAIN\"" SMALL, 0, "plain ok");
  check_line (
      "--verify --anchor \"$BENCH_WRONG\"" SMALL, 1, "plain OTHER BYTES");
  check_line ("--verify --anchor \"$BENCH_WRONG\""
              " --only gf8-decode-one-9-2-40",
      1, "plain OTHER BYTES");
  check_line ("--verify --anchor \"$BENCH_WRONG\" --only gf8-cold-9-2-40", 1,
      "plain OTHER BYTES");
  check_line ("--verify --offset 7" SMALL, 0, "failed or made other bytes: 0");
}

static void
test_json (void)
{
  int status, ok = 0;
  char error[200];
  char *text = bench (
      "--quick --runs 1 --json --anchor \"$BENCH_PLAIN\"" SMALL, &status);
  PfJsonDoc *doc = pf_json_parse (text, strlen (text), error, sizeof error);
  const PfJson *c, *r;
  uint64_t n = 0;

  PF_CHECK_INT (status, ==, 0);
  if (doc == NULL)
    pf_test_fail (__FILE__, __LINE__, "%s in %s", error, text);
  PF_REQUIRE (doc != NULL);
  c = pf_json_member (pf_json_root (doc), "cases");
  PF_CHECK_UINT (pf_json_length (c), ==, 8);
  for (c = pf_json_first (c); c != NULL; c = pf_json_next (c)) {
    r = pf_json_first (pf_json_member (c, "results"));
    PF_CHECK_STR (pf_json_string (pf_json_member (r, "codec")), "libpf");
    for (; r != NULL; r = pf_json_next (r)) {
      double ns = 0;

      PF_CHECK_STR (pf_json_string (pf_json_member (r, "status")), "ok");
      if (pf_json_double (pf_json_member (r, "ns_median"), &ns)) {
        PF_CHECK (ns > 0);
        ok++;
      } else
        PF_CHECK (pf_json_uint64 (pf_json_member (r, "touched_bytes"), &n));
    }
  }
  /* Seven timed cases, five of them with the anchor at least. */
  PF_CHECK_INT (ok, >=, 7 + 5);
  pf_json_free (doc);
}

static void
test_lines (void)
{
  check_line ("--help", 0, "Usage: bench-fec");
  check_line ("--list", 0, "gf16-decode-1pc-1000-200-1408\n");
  check_line ("--list-kernels", 0, "c\n");
  check_line ("--kernel c --verify --only gf8-encode-3-2-7", 0, "kernel c\n");
  check_line ("--kernel fast 2>&1", 2, "--list-kernels");
  check_line ("--anchor ./nothing.so 2>&1", 2, "nothing.so");
  check_line ("--anchor \"$BENCH_FEC\" 2>&1", 2, "bench-fec: --anchor");
  check_line ("--case '(' 2>&1", 2, "regular expression");
  check_line ("--case nothing 2>&1", 2, "no case matches");
  check_line ("--only gf8-encode-3-2 2>&1", 2, "--only");
  check_line ("--only gf8-encode-3-x-5 2>&1", 2, "--only");
  check_line ("--only 2>&1", 2, "(nothing)");
  check_line ("--runs 0 2>&1", 2, "--runs");
  check_line ("--offset 64 2>&1", 2, "--offset");
  check_line ("--wish 2>&1", 2, "no such option");
  /* Beyond what the code can do. */
  check_line ("--verify --only gf8-encode-250-6-64", 1, "libpf FAILED");
}

int
main (int argc, char **argv)
{
  PF_TEST_ADD ("/bench-fec/bytes", test_bytes);
  PF_TEST_ADD ("/bench-fec/json", test_json);
  PF_TEST_ADD ("/bench-fec/lines", test_lines);
  return pf_test_run (argc, argv);
}
