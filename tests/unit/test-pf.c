/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What every user of libpf relies on first: its version and its error texts.
 */
#include "pf-error.h"
#include "pf-test.h"

#include <stdio.h>
#include <string.h>

static void
test_abi_version (void)
{
  PF_CHECK_UINT (pf_abi_version (), ==, PF_ABI_VERSION);
}

static void
test_version (void)
{
  unsigned major, minor, patch;
  char rest, again[64];

  PF_REQUIRE (pf_version ());
  PF_REQUIRE_INT (
      sscanf (pf_version (), "%u.%u.%u%c", &major, &minor, &patch, &rest), ==,
      3);
  snprintf (again, sizeof again, "%u.%u.%u", major, minor, patch);
  PF_CHECK_STR (pf_version (), again);
  PF_CHECK_STR (pf_version (), EXPECTED_VERSION);
}

static void
test_error_texts (void)
{
  const char *unknown = pf_strerror (1);
  int a, b;

  PF_REQUIRE (unknown);
  PF_CHECK_STR (pf_strerror (-1000), unknown);
  for (a = PF_OK; a >= PF_ERR_EXHAUSTED; a--) {
    PF_REQUIRE (pf_strerror (a));
    PF_CHECK (strlen (pf_strerror (a)) > 0);
    PF_CHECK (strcmp (pf_strerror (a), unknown) != 0);
    for (b = PF_OK; b > a; b--)
      PF_CHECK (strcmp (pf_strerror (a), pf_strerror (b)) != 0);
  }
  PF_CHECK_STR (pf_strerror (PF_ERR_EXHAUSTED - 1), unknown);
}

int
main (int argc, char **argv)
{
  PF_TEST_ADD ("/pf/abi-version", test_abi_version);
  PF_TEST_ADD ("/pf/version", test_version);
  PF_TEST_ADD ("/pf/error-texts", test_error_texts);
  return pf_test_run (argc, argv);
}
