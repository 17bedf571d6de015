/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The replay window against a set that remembers everything, and its edges.
 */
#include <stdlib.h>
#include <string.h>

#include "pf-replay.h"
#include "pf-test.h"

static PfReplay *
replay_new (uint32_t window)
{
  PfReplay *r = NULL;

  PF_REQUIRE_INT (pf_replay_new (window, &r), ==, 0);
  return r;
}

#define ENTER(r, n) PF_CHECK_INT (pf_replay_enter (r, n), ==, 0)
#define REFUSED(r, n)                                                          \
  do {                                                                         \
    PF_CHECK_INT (pf_replay_check (r, n), ==, PF_ERR_REPLAY);                  \
    PF_CHECK_INT (pf_replay_enter (r, n), ==, PF_ERR_REPLAY);                  \
  } while (0)

static void
test_edges (void)
{
  static const uint32_t windows[] = { 64, 128, 1024, PF_REPLAY_PUNKTFUNK1 };

  for (unsigned i = 0; i < sizeof windows / sizeof windows[0]; i++) {
    const uint64_t w = windows[i];
    PfReplay *r = replay_new (windows[i]);

    /* Looking changes nothing. */
    PF_CHECK_INT (pf_replay_check (r, UINT64_MAX), ==, 0);
    PF_CHECK_INT (pf_replay_check (r, 0), ==, 0);
    ENTER (r, 0);
    REFUSED (r, 0);
    /* The oldest that is still inside, and the first that is not. */
    ENTER (r, w - 1);
    REFUSED (r, 0);
    ENTER (r, 1);
    ENTER (r, w);
    REFUSED (r, 0);
    REFUSED (r, 1);
    ENTER (r, 2);
    ENTER (r, 3 * w);
    ENTER (r, 2 * w + 1);
    REFUSED (r, 2 * w);
    REFUSED (r, 2 * w + 1);
    /* The place of 2w+1 is free again once it left the window. */
    ENTER (r, 3 * w + 1);
    REFUSED (r, 2 * w + 1);
    /* Exactly one window on: everything is forgotten. */
    ENTER (r, 4 * w + 1);
    ENTER (r, 4 * w);
    ENTER (r, 3 * w + 2);
    REFUSED (r, 3 * w + 1);
    /* A leap to the end of the numbers. */
    ENTER (r, UINT64_MAX);
    REFUSED (r, UINT64_MAX);
    REFUSED (r, 4 * w + 1);
    ENTER (r, UINT64_MAX - 1);
    ENTER (r, UINT64_MAX - (w - 1));
    REFUSED (r, UINT64_MAX - w);
    REFUSED (r, 0);
    pf_replay_free (r);
  }
}

/* The last steps to the end one by one, over the edge of a word. */
static void
test_end (void)
{
  PfReplay *r = replay_new (64);

  for (uint64_t n = UINT64_MAX - 200;; n++) {
    ENTER (r, n);
    REFUSED (r, n);
    if (n == UINT64_MAX)
      break;
  }
  pf_replay_free (r);
}

/* A stream that begins late, and one whose first packet is not the first. */
static void
test_first (void)
{
  PfReplay *r = replay_new (64);

  ENTER (r, UINT64_C (1) << 40);
  ENTER (r, (UINT64_C (1) << 40) - 63);
  REFUSED (r, (UINT64_C (1) << 40) - 64);
  pf_replay_free (r);
}

static void
test_model (void)
{
  enum { WINDOW = 256, SPAN = 20000 };
  static uint8_t seen[SPAN];
  PfReplay *r = replay_new (WINDOW);
  uint64_t highest = 0;
  bool any = false;
  unsigned n_accepted = 0, n_refused = 0;

  memset (seen, 0, sizeof seen);
  while (highest + 1000 < SPAN) {
    const unsigned how = (unsigned) pf_test_random_below (100);
    uint64_t n;
    bool fresh;

    if (how < 60)
      n = highest + pf_test_random_below (4);
    else if (how < 98)
      n = highest - pf_test_random_below (
                        (highest < 2 * WINDOW ? highest : 2 * WINDOW) + 1);
    else
      n = highest + pf_test_random_below (2 * WINDOW);
    fresh = !any || n > highest || (highest - n < WINDOW && !seen[n]);
    PF_CHECK_INT (pf_replay_check (r, n), ==, fresh ? 0 : PF_ERR_REPLAY);
    if (pf_test_random_below (8) == 0)
      continue; /* did not authenticate */
    PF_REQUIRE_INT (pf_replay_enter (r, n), ==, fresh ? 0 : PF_ERR_REPLAY);
    if (fresh) {
      seen[n] = 1;
      any = true;
      highest = n > highest ? n : highest;
      n_accepted++;
    } else
      n_refused++;
  }
  PF_CHECK_UINT (n_accepted, >, 1000);
  PF_CHECK_UINT (n_refused, >, 1000);
  pf_replay_free (r);
}

static void
test_arguments (void)
{
  static const uint32_t wrong[] = { 0, 1, 32, 63, 65, 96, 1000,
    PF_REPLAY_MAX + 64, 2 * PF_REPLAY_MAX, UINT32_MAX };
  PfReplay *r = NULL;

  for (unsigned i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
    PF_CHECK_INT (pf_replay_new (wrong[i], &r), ==, PF_ERR_RANGE);
  PF_CHECK_INT (pf_replay_new (64, NULL), ==, PF_ERR_INVALID);
  PF_CHECK (r == NULL);
  r = replay_new (PF_REPLAY_MAX);
  pf_replay_free (r);
  pf_replay_free (NULL);
}

int
main (int argc, char **argv)
{
  PF_TEST_ADD ("/replay/edges", test_edges);
  PF_TEST_ADD ("/replay/end", test_end);
  PF_TEST_ADD ("/replay/first", test_first);
  PF_TEST_ADD ("/replay/model", test_model);
  PF_TEST_ADD ("/replay/arguments", test_arguments);
  return pf_test_run (argc, argv);
}
