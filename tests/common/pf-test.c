/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The test frame of pf-test.h.
 */
#include "pf-test.h"

#include <errno.h>
#include <fnmatch.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* After so many lines a failing test only counts. */
#define MAX_COMPLAINTS 20

#define MAX_PATTERNS 16

typedef struct {
  const char *path;
  PfTestFunc func;
  PfTestDataFunc data_func;
  const void *data;
} Test;

static Test *tests;
static size_t n_tests, tests_room;

static uint64_t seed = 1;
static uint64_t random_state;

static jmp_buf leave;
static const char *skip_reason; /* of the running test */
static int n_complaints;        /* of the running test; atomic */

static void
add (const Test *test)
{
  if (n_tests == tests_room) {
    tests_room = tests_room ? 2 * tests_room : 32;
    tests = realloc (tests, tests_room * sizeof *tests);
    if (!tests) {
      fputs ("Bail out! out of memory\n", stdout);
      exit (99);
    }
  }
  tests[n_tests++] = *test;
}

void
pf_test_add (const char *path, PfTestFunc func)
{
  Test test = { path, func, NULL, NULL };

  add (&test);
}

void
pf_test_add_data (const char *path, PfTestDataFunc func, const void *data)
{
  Test test = { path, NULL, func, data };

  add (&test);
}

void
pf_test_skip (const char *why)
{
  skip_reason = why;
  longjmp (leave, 1);
}

void
pf_test_abort (void)
{
  longjmp (leave, 2);
}

int
pf_test_failed (void)
{
  return __atomic_load_n (&n_complaints, __ATOMIC_RELAXED) > 0;
}

void
pf_test_fail (const char *file, int line, const char *format, ...)
{
  char text[512];
  va_list args;
  int n = __atomic_fetch_add (&n_complaints, 1, __ATOMIC_RELAXED);

  if (n > MAX_COMPLAINTS)
    return;
  if (n == MAX_COMPLAINTS) {
    printf ("# ... and more\n");
    return;
  }
  va_start (args, format);
  vsnprintf (text, sizeof text, format, args);
  va_end (args);
  printf ("# %s:%d: failed: %s\n", file, line, text);
  fflush (stdout);
}

void
pf_test_note (const char *format, ...)
{
  char text[512];
  va_list args;

  va_start (args, format);
  vsnprintf (text, sizeof text, format, args);
  va_end (args);
  printf ("# %s\n", text);
}

int
pf_test_check_str (
    const char *file, int line, const char *what, const char *a, const char *b)
{
  if (a == b || (a && b && strcmp (a, b) == 0))
    return 1;
  pf_test_fail (file, line, "%s: \"%s\" against \"%s\"", what, a ? a : "(null)",
      b ? b : "(null)");
  return 0;
}

int
pf_test_check_mem (const char *file, int line, const char *what, const void *a,
    const void *b, size_t n)
{
  const uint8_t *p = a, *q = b;
  size_t i, differing = 0, first = 0;

  if (n == 0 || memcmp (p, q, n) == 0)
    return 1;
  for (i = n; i-- > 0;) {
    if (p[i] != q[i]) {
      differing++;
      first = i;
    }
  }
  pf_test_fail (file, line,
      "%s: %zu of %zu bytes differ, the first at %zu: 0x%02x against 0x%02x",
      what, differing, n, first, p[first], q[first]);
  return 0;
}

uint64_t
pf_test_seed (void)
{
  return seed;
}

/* splitmix64 */
uint64_t
pf_test_random (void)
{
  uint64_t z = random_state += 0x9e3779b97f4a7c15u;

  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

uint64_t
pf_test_random_below (uint64_t limit)
{
  /* Throws away what would make small numbers likelier. */
  uint64_t first_good = (0 - limit) % limit, number;

  do
    number = pf_test_random ();
  while (number < first_good);
  return number % limit;
}

void
pf_test_random_bytes (void *bytes, size_t n)
{
  uint8_t *p = bytes;

  while (n > 0) {
    uint64_t number = pf_test_random ();
    size_t chunk = n < sizeof number ? n : sizeof number;

    memcpy (p, &number, chunk);
    p += chunk;
    n -= chunk;
  }
}

/* FNV-1a of the path, so that each test has numbers of its own. */
static void
start_random (const char *path)
{
  uint64_t hash = 0xcbf29ce484222325u;

  for (; *path; path++)
    hash = (hash ^ (uint8_t) *path) * 0x100000001b3u;
  random_state = hash ^ (seed * 0x9e3779b97f4a7c15u);
}

static void
planted (void)
{
  pf_test_fail (__FILE__, __LINE__, "planted by PF_TEST_PLANT");
}

static void
planted_skip (void)
{
  pf_test_skip ("planted by PF_TEST_PLANT");
}

static int
wanted (const Test *test, char **patterns, int n_patterns)
{
  int i;

  if (n_patterns == 0)
    return 1;
  for (i = 0; i < n_patterns; i++) {
    if (fnmatch (patterns[i], test->path, 0) == 0)
      return 1;
  }
  return 0;
}

/* Returns whether the test failed. */
static int
run_one (const Test *test, size_t number)
{
  start_random (test->path);
  skip_reason = NULL;
  __atomic_store_n (&n_complaints, 0, __ATOMIC_RELAXED);

  switch (setjmp (leave)) {
  case 0:
    if (test->func)
      test->func ();
    else
      test->data_func (test->data);
    break;
  case 1:
    break;
  default:
    if (!pf_test_failed ())
      pf_test_fail (__FILE__, __LINE__, "left early");
    break;
  }

  if (pf_test_failed ())
    printf ("not ok %zu - %s\n", number, test->path);
  else if (skip_reason)
    printf ("ok %zu - %s # SKIP %s\n", number, test->path, skip_reason);
  else
    printf ("ok %zu - %s\n", number, test->path);
  fflush (stdout);
  return pf_test_failed ();
}

static int
usage (const char *program)
{
  fprintf (stderr, "usage: %s [-l] [-p PATTERN]...\n", program);
  return 2;
}

int
pf_test_run (int argc, char **argv)
{
  char *patterns[MAX_PATTERNS];
  int n_patterns = 0, list = 0, i;
  size_t t, n_wanted = 0, number = 0, n_failed = 0;
  const char *text;

  for (i = 1; i < argc; i++) {
    if (strcmp (argv[i], "-l") == 0)
      list = 1;
    else if (strcmp (argv[i], "-p") == 0 && i + 1 < argc &&
             n_patterns < MAX_PATTERNS)
      patterns[n_patterns++] = argv[++i];
    else
      return usage (argv[0]);
  }

  text = getenv ("PF_TEST_SEED");
  if (text && *text) {
    char *end;

    errno = 0;
    seed = strtoull (text, &end, 0);
    if (errno || *end) {
      fprintf (stderr, "PF_TEST_SEED is not a number: %s\n", text);
      return 2;
    }
  }
  text = getenv ("PF_TEST_PLANT");
  if (text && strcmp (text, "1") == 0)
    pf_test_add ("/planted", planted);
  else if (text && strcmp (text, "skip") == 0)
    pf_test_add ("/planted", planted_skip);

  for (t = 0; t < n_tests; t++) {
    if (!wanted (&tests[t], patterns, n_patterns))
      continue;
    n_wanted++;
    if (list)
      puts (tests[t].path);
  }
  if (list) {
    free (tests);
    return 0;
  }

  printf ("TAP version 13\n1..%zu\n", n_wanted);
  printf ("# seed %llu\n", (unsigned long long) seed);
  fflush (stdout);
  for (t = 0; t < n_tests; t++) {
    if (wanted (&tests[t], patterns, n_patterns))
      n_failed += run_one (&tests[t], ++number);
  }
  free (tests);
  tests = NULL;
  if (n_wanted == 0) {
    fprintf (stderr, "%s: no test has such a name\n", argv[0]);
    return 2;
  }
  return n_failed ? 1 : 0;
}
