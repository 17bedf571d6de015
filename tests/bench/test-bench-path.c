/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* bench-path as a person runs it, never its times; BENCH_PATH names it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "pf-json.h"
#include "pf-test.h"

/* Runs the program; the output, and the exit status in *status. */
static char *
bench (const char *args, int *status)
{
  static char text[1 << 18];
  char command[2048];
  size_t have;
  FILE *from;

  snprintf (command, sizeof command, "\"$BENCH_PATH\" %s", args);
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
        "bench-path %s: status %d, not %d, or no \"%s\" in: %s", args, status,
        want, has, text);
}

/* Every piece and every contender moves the right bytes. */
static void
test_verify (void)
{
  check_line ("--verify --case '^(seal|open)'", 0, "openssl              ok");
  check_line ("--verify --case '^(cut|join)'", 0, "pffecdec             ok");
  check_line (
      "--verify --case '^(send|receive)'", 0, "recvmmsg             ok");
  check_line ("--verify --case '^(whole|rate)'", 0, "wrong: 0");
}

/* A number of that name, above zero. */
static void
check_number (const PfJson *of, const char *name)
{
  double n = 0;

  if (!pf_json_double (pf_json_member (of, name), &n) || n <= 0)
    pf_test_fail (__FILE__, __LINE__, "\"%s\" is missing or not above 0", name);
}

static void
test_json (void)
{
  int status, n_cases = 0, n_results = 0;
  char error[200];
  char *text = bench ("--quick --runs 2 --json --case "
                      "'^(seal-punktfunk1|send|whole-gamestream-64|rate.*-6$)'",
      &status);
  PfJsonDoc *doc = pf_json_parse (text, strlen (text), error, sizeof error);
  const PfJson *c, *r;

  PF_CHECK_INT (status, ==, 0);
  if (doc == NULL)
    pf_test_fail (__FILE__, __LINE__, "%s in %s", error, text);
  PF_REQUIRE (doc != NULL);
  check_number (pf_json_root (doc), "runs");
  c = pf_json_first (pf_json_member (pf_json_root (doc), "cases"));
  for (; c != NULL; c = pf_json_next (c), n_cases++) {
    r = pf_json_first (pf_json_member (c, "results"));
    for (; r != NULL; r = pf_json_next (r), n_results++) {
      PF_CHECK_STR (pf_json_string (pf_json_member (r, "status")), "ok");
      if (n_cases == 3) { /* a rate */
        check_number (r, "gbit_per_s");
        check_number (r, "packets");
        continue;
      }
      check_number (r, "ns_median");
      check_number (r, "ns_p99");
      if (n_cases == 2)
        check_number (r, "first_out_ns");
    }
  }
  PF_CHECK_INT (n_cases, ==, 4);
  PF_CHECK_INT (n_results, >=, 4 + 5 + 3 + 2);
  pf_json_free (doc);
}

static void
test_lines (void)
{
  check_line ("--help", 0, "Usage: bench-path");
  check_line ("--list", 0, "whole-punktfunk1-1024\n");
  check_line ("--list", 0, "rate-punktfunk1-256-12\n");
  check_line ("--case '(' 2>&1", 2, "regular expression");
  check_line ("--case nothing 2>&1", 2, "no case matches");
  check_line ("--case 2>&1", 2, "(nothing)");
  check_line ("--runs 0 2>&1", 2, "--runs");
  check_line ("--seconds x 2>&1", 2, "--seconds");
  check_line ("--wish 2>&1", 2, "no such option");
}

int
main (int argc, char **argv)
{
  PF_TEST_ADD ("/bench-path/verify", test_verify);
  PF_TEST_ADD ("/bench-path/json", test_json);
  PF_TEST_ADD ("/bench-path/lines", test_lines);
  return pf_test_run (argc, argv);
}
