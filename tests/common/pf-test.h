/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A small test frame: TAP on standard output, checks that print where and
 * what, skips with a reason, and random numbers from a seed that is printed.
 * It needs nothing but libc, so that programs made with it also run under
 * qemu-user.
 *
 *   static void
 *   test_sum (void)
 *   {
 *     PF_CHECK_INT (1 + 1, ==, 2);
 *   }
 *
 *   int
 *   main (int argc, char **argv)
 *   {
 *     PF_TEST_ADD ("/sum", test_sum);
 *     return pf_test_run (argc, argv);
 *   }
 *
 * A program run with -l lists its tests, with -p PATTERN (shell pattern, may
 * be given again) it runs those that match. Environment:
 *   PF_TEST_SEED=N   seed of the random numbers (default 1, printed)
 *   PF_TEST_PLANT=1  adds a test that fails, to show that a failure is seen;
 *                    with "skip" one that is skipped
 *
 * PF_CHECK* mark the test as failed and go on; PF_REQUIRE* leave it at once
 * (by longjmp: only in the thread that runs the test, and what the test had
 * allocated stays allocated). Checks may be used in any thread.
 */
#ifndef PF_TEST_H
#define PF_TEST_H

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define PF_TEST_PRINTF(f, a) __attribute__ ((format (printf, f, a)))
#define PF_TEST_NORETURN __attribute__ ((noreturn))
#else
#define PF_TEST_PRINTF(f, a)
#define PF_TEST_NORETURN
#endif

typedef void (*PfTestFunc) (void);
typedef void (*PfTestDataFunc) (const void *data);

/* The path and the data stay the caller's and must live until the run. */
void pf_test_add (const char *path, PfTestFunc func);
void pf_test_add_data (const char *path, PfTestDataFunc func, const void *data);

#define PF_TEST_ADD(path, func) pf_test_add ((path), (func))

/* Runs what was added; the result is for main() to return. */
int pf_test_run (int argc, char **argv);

/* Leaves the running test as skipped; WHY is shown. */
void pf_test_skip (const char *why) PF_TEST_NORETURN;

/* Marks the running test as failed, with a line that says why. */
void pf_test_fail (const char *file, int line, const char *format, ...)
    PF_TEST_PRINTF (3, 4);

/* Leaves the running test as failed. */
void pf_test_abort (void) PF_TEST_NORETURN;

/* Whether the running test has failed so far. */
int pf_test_failed (void);

/* A comment line in the output. */
void pf_test_note (const char *format, ...) PF_TEST_PRINTF (1, 2);

/*
 * Random numbers. They begin anew with each test, from the seed and the
 * test's path, so that a test run alone sees the same numbers.
 * Thread-safety: one thread at a time.
 */
uint64_t pf_test_seed (void);
uint64_t pf_test_random (void);
uint64_t pf_test_random_below (uint64_t limit); /* 0 .. limit-1, limit > 0 */
void pf_test_random_bytes (void *bytes, size_t n);

/* The bodies of the macros. */
int pf_test_check_mem (const char *file, int line, const char *what,
    const void *a, const void *b, size_t n);
int pf_test_check_str (
    const char *file, int line, const char *what, const char *a, const char *b);

#define PF_TEST_CHECK_(cond, otherwise)                                        \
  do {                                                                         \
    if (!(cond)) {                                                             \
      pf_test_fail (__FILE__, __LINE__, "%s", #cond);                          \
      otherwise;                                                               \
    }                                                                          \
  } while (0)

#define PF_TEST_NUM_(a, op, b, type, format, otherwise)                        \
  do {                                                                         \
    type pf_a_ = (a), pf_b_ = (b);                                             \
    if (!(pf_a_ op pf_b_)) {                                                   \
      pf_test_fail (__FILE__, __LINE__,                                        \
          "%s %s %s: " format " against " format, #a, #op, #b, pf_a_, pf_b_);  \
      otherwise;                                                               \
    }                                                                          \
  } while (0)

#define PF_TEST_NOTHING_ (void) 0

#define PF_CHECK(cond) PF_TEST_CHECK_ (cond, PF_TEST_NOTHING_)
#define PF_REQUIRE(cond) PF_TEST_CHECK_ (cond, pf_test_abort ())

/* Signed, unsigned and hexadecimal numbers, 64 bits wide. */
#define PF_CHECK_INT(a, op, b)                                                 \
  PF_TEST_NUM_ (a, op, b, long long, "%lld", PF_TEST_NOTHING_)
#define PF_REQUIRE_INT(a, op, b)                                               \
  PF_TEST_NUM_ (a, op, b, long long, "%lld", pf_test_abort ())
#define PF_CHECK_UINT(a, op, b)                                                \
  PF_TEST_NUM_ (a, op, b, unsigned long long, "%llu", PF_TEST_NOTHING_)
#define PF_REQUIRE_UINT(a, op, b)                                              \
  PF_TEST_NUM_ (a, op, b, unsigned long long, "%llu", pf_test_abort ())
#define PF_CHECK_HEX(a, op, b)                                                 \
  PF_TEST_NUM_ (a, op, b, unsigned long long, "0x%llx", PF_TEST_NOTHING_)

/* Strings (NULL equals NULL only) and bytes (the first difference shows). */
#define PF_CHECK_STR(a, b)                                                     \
  ((void) pf_test_check_str (__FILE__, __LINE__, #a " == " #b, (a), (b)))
#define PF_CHECK_MEM(a, b, n)                                                  \
  ((void) pf_test_check_mem (__FILE__, __LINE__, #a " == " #b, (a), (b), (n)))
#define PF_REQUIRE_MEM(a, b, n)                                                \
  do {                                                                         \
    if (!pf_test_check_mem (__FILE__, __LINE__, #a " == " #b, (a), (b), (n)))  \
      pf_test_abort ();                                                        \
  } while (0)

#endif /* PF_TEST_H */
