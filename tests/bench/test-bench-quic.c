/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* bench-quic as a person runs it, never its times; BENCH_QUIC names it. */
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
  static char text[1 << 16];
  char command[2048];
  size_t have;
  FILE *from;

  snprintf (command, sizeof command, "\"$BENCH_QUIC\" %s", args);
  from = popen (command, "r");
  PF_REQUIRE (from != NULL);
  have = fread (text, 1, sizeof text - 1, from);
  text[have] = '\0';
  *status = pclose (from);
  PF_REQUIRE (WIFEXITED (*status));
  *status = WEXITSTATUS (*status);
  return text;
}

/* Both ways, and a peer that is none: every one with as many figures. */
static void
test_json (void)
{
  static const char *const kinds[] = { "client sends", "server sends", "peer" };
  const PfJson *results, *one;
  PfJsonDoc *doc;
  int status;
  char *text =
      bench ("--mb 4 --runs 2 --json --peer 'echo aside' --peer-mb 4", &status);

  PF_REQUIRE_INT (status, ==, 0);
  doc = pf_json_parse (text, strlen (text), NULL, 0);
  PF_REQUIRE (doc != NULL);
  results = pf_json_member (pf_json_root (doc), "results");
  PF_CHECK_UINT (pf_json_length (results), ==, 3);
  for (size_t i = 0; i < 3; i++) {
    double median = 0, worst = 0;

    one = pf_json_at (results, i);
    PF_CHECK_STR (pf_json_string (pf_json_member (one, "what")), kinds[i]);
    PF_CHECK_UINT (pf_json_length (pf_json_member (one, "mb_per_s")), ==, 2);
    PF_CHECK (pf_json_double (pf_json_member (one, "median"), &median));
    PF_CHECK (pf_json_double (pf_json_member (one, "worst"), &worst));
    PF_CHECK (worst > 0 && worst <= median);
  }
  pf_json_free (doc);
}

static void
test_table (void)
{
  int status;
  char *text =
      bench ("--mb 4 --runs 1 --congestion bbr --peer 'echo aside'", &status);

  PF_CHECK_INT (status, ==, 0);
  PF_CHECK (strstr (text, "client sends") != NULL);
  PF_CHECK (strstr (text, "of peer") != NULL);
  PF_CHECK (strstr (text, "aside") == NULL);
}

/* What fails is no figure. */
static void
test_wrong (void)
{
  int status;

  bench ("--runs 0 2>/dev/null", &status);
  PF_CHECK_INT (status, ==, 2);
  bench ("--nothing 2>/dev/null", &status);
  PF_CHECK_INT (status, ==, 2);
  bench ("--mb 1 --runs 1 --peer false 2>/dev/null", &status);
  PF_CHECK_INT (status, ==, 1);
  bench ("--mb 1 --runs 1 --congestion none 2>/dev/null", &status);
  PF_CHECK_INT (status, ==, 1);
}

int
main (int argc, char **argv)
{
  PF_TEST_ADD ("/bench-quic/json", test_json);
  PF_TEST_ADD ("/bench-quic/table", test_table);
  PF_TEST_ADD ("/bench-quic/wrong", test_wrong);
  return pf_test_run (argc, argv);
}
