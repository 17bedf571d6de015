/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Memory: coding allocates nothing, a context that is cached is not made
 * anew, the one not used for longest goes first, and an allocation that fails
 * anywhere becomes PF_ERR_NO_MEMORY with nothing lost.
 *
 * The program is linked with --wrap for every function that allocates, so
 * all calls made by the objects in it, libpf's among them, pass through here
 * in every kind of build.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fec-kernel.h"
#include "fec-rows.h"
#include "pf-test.h"
#include "pf.h"

static unsigned long n_allocated, n_freed;
static unsigned long fail_at; /* fails from this call on; 0 = never */

static int
refuse (void)
{
  n_allocated++;
  return fail_at != 0 && n_allocated >= fail_at;
}

#define WRAP(result, name, parameters, arguments, refused)                     \
  result __real_##name parameters;                                             \
  result __wrap_##name parameters;                                             \
  result __wrap_##name parameters                                              \
  {                                                                            \
    return refuse () ? (refused) : __real_##name arguments;                    \
  }

WRAP (void *, malloc, (size_t size), (size), NULL)
WRAP (void *, calloc, (size_t n, size_t size), (n, size), NULL)
WRAP (void *, realloc, (void *old, size_t size), (old, size), NULL)
WRAP (void *, aligned_alloc, (size_t align, size_t size), (align, size), NULL)
WRAP (int, posix_memalign, (void **out, size_t align, size_t size),
    (out, align, size), ENOMEM)
WRAP (void *, memalign, (size_t align, size_t size), (align, size), NULL)

void __real_free (void *memory);
void __wrap_free (void *memory);
void
__wrap_free (void *memory)
{
  if (memory != NULL)
    n_freed++;
  __real_free (memory);
}

static void
count_from_here (void)
{
  n_allocated = n_freed = 0;
}

static PfFecConfig
config_of (uint32_t scheme, uint32_t k, uint32_t m, size_t size)
{
  PfFecConfig config = PF_FEC_CONFIG_INIT;

  config.scheme = scheme;
  config.data_shards = k;
  config.parity_shards = m;
  config.shard_size = size;
  return config;
}

static void
test_coding (void)
{
  static const struct {
    uint32_t scheme, k, m;
    size_t size;
  } blocks[] = {
    { PF_FEC_GF8, 10, 2, 1408 },
    { PF_FEC_GF8, 100, 20, 1392 },
    { PF_FEC_GF8, 200, 55, 333 },
    { PF_FEC_GF8, 1, 1, 1 },
    { PF_FEC_AUDIO, 4, 2, 120 },
    { PF_FEC_GF16, 20, 4, 1388 },
    { PF_FEC_GF16, 100, 20, 1408 },
    { PF_FEC_GF16, 30, 100, 66 },
    { PF_FEC_GF16, 1000, 200, 64 },
    { PF_FEC_GF16, 5000, 1000, 6 },
    { PF_FEC_GF16, 8, 1, 1452 },
  };

  /* the first test of the process: with cold tables, too */
  for (size_t c = 0; c < sizeof blocks / sizeof blocks[0]; c++) {
    uint32_t k = blocks[c].k, m = blocks[c].m, most = m < k ? m : k;
    const uint32_t lost[] = { 1, most < 2 ? most : 2, most / 2, most, m };
    size_t size = blocks[c].size, cuts[2] = { size / 3, size / 2 };
    PfFecConfig config = config_of (blocks[c].scheme, k, m, size);
    uint8_t *present = malloc (k + m), *row = malloc (size);

    PF_REQUIRE (present != NULL && row != NULL);
    for (uint32_t n_cuts = 0; n_cuts <= 2; n_cuts += 2) {
      PfFec *fec = NULL;
      FecRows rows;

      PF_REQUIRE_INT (pf_fec_new (&config, &fec), ==, PF_OK);
      PF_REQUIRE (fec_rows_init (
          &rows, k, m, size, FEC_ROWS_CANARIES, 7, cuts, n_cuts));
      for (uint32_t r = 0; r < k + m; r++) {
        pf_test_random_bytes (row, size);
        fec_rows_put (&rows, r, row);
      }
      count_from_here ();
      PF_CHECK_INT (fec_rows_encode (&rows, fec, false), ==, PF_OK);
      for (unsigned l = 0; l < 5; l++) {
        memset (present, 1, k + m);
        /* the last one takes all the parity it can and one data row */
        if (l < 4)
          memset (present + (k - lost[l]) / 2, 0, lost[l]);
        else {
          memset (present + k, 0, m);
          present[k] = m > 1;
          present[0] = m == 1;
        }
        PF_CHECK_INT (fec_rows_decode (&rows, fec, false, present), ==, PF_OK);
      }
      memset (present, 0, k + m);
      PF_CHECK_INT (
          fec_rows_decode (&rows, fec, false, present), ==, PF_ERR_NEED_MORE);
      PF_CHECK_UINT (n_allocated, ==, 0);
      PF_CHECK_UINT (n_freed, ==, 0);
      if (pf_test_failed ())
        pf_test_note ("scheme %u k %u m %u size %zu cuts %u", config.scheme, k,
            m, size, n_cuts);
      fec_rows_clear (&rows);
      pf_fec_free (fec);
    }
    free (row);
    free (present);
  }
}

/* The count is no use if it does not count. */
static void
test_counting (void)
{
  PfFecConfig config = config_of (PF_FEC_GF16, 100, 20, 64);
  PfFec *fec = NULL;

  count_from_here ();
  PF_REQUIRE_INT (pf_fec_new (&config, &fec), ==, PF_OK);
  PF_CHECK_UINT (n_allocated, >, 0);
  PF_CHECK_UINT (n_freed, ==, 0);
  pf_fec_free (fec);
  PF_CHECK_UINT (n_freed, ==, n_allocated);
}

static void
test_failures (void)
{
  static const PfFecConfig configs[] = {
    { sizeof (PfFecConfig), PF_FEC_GF8, 100, 20, 1408 },
    { sizeof (PfFecConfig), PF_FEC_GF8, 10, 2, 16 },
    { sizeof (PfFecConfig), PF_FEC_AUDIO, 4, 2, 120 },
    { sizeof (PfFecConfig), PF_FEC_GF16, 100, 20, 1388 },
    { sizeof (PfFecConfig), PF_FEC_GF16, 20, 100, 64 },
    { sizeof (PfFecConfig), PF_FEC_GF16, 8, 1, 1452 },
  };

  for (size_t c = 0; c < sizeof configs / sizeof configs[0]; c++) {
    unsigned failures = 0;
    int result;

    do {
      PfFec *fec = NULL;

      count_from_here ();
      fail_at = failures + 1;
      result = pf_fec_new (&configs[c], &fec);
      fail_at = 0;
      if (result == PF_OK) {
        PF_CHECK (fec != NULL);
        pf_fec_free (fec);
      } else {
        PF_CHECK_INT (result, ==, PF_ERR_NO_MEMORY);
        PF_CHECK (fec == NULL);
        /* all but the refused calls */
        PF_CHECK_UINT (n_freed, ==, failures);
        failures++;
      }
      PF_REQUIRE_UINT (failures, <, 100);
    } while (result != PF_OK && !pf_test_failed ());
    PF_CHECK_UINT (failures, >, 0);
  }
}

static unsigned long
cost_of (PfFecCache *cache, uint32_t k)
{
  PfFecConfig config = config_of (PF_FEC_GF8, k, 3, 100);
  PfFec *fec = NULL;

  count_from_here ();
  PF_CHECK_INT (pf_fec_cache_get (cache, &config, &fec), ==, PF_OK);
  PF_CHECK (fec != NULL);
  return n_allocated;
}

static void
test_eviction (void)
{
  PfFecCache *cache = NULL;

  PF_REQUIRE_INT (pf_fec_cache_new (3, &cache), ==, PF_OK);
  for (uint32_t k = 1; k <= 3; k++) {
    PF_CHECK_UINT (cost_of (cache, k), >, 0);
    PF_CHECK_UINT (n_freed, ==, 0);
  }
  for (uint32_t k = 1; k <= 3; k++)
    PF_CHECK_UINT (cost_of (cache, k), ==, 0);

  PF_CHECK_UINT (cost_of (cache, 1), ==, 0); /* oldest first: 2 3 1 */
  PF_CHECK_UINT (cost_of (cache, 4), >, 0);  /* 3 1 4, without 2 */
  PF_CHECK_UINT (n_freed, >, 0);
  PF_CHECK_UINT (cost_of (cache, 3), ==, 0); /* 1 4 3 */
  PF_CHECK_UINT (cost_of (cache, 1), ==, 0); /* 4 3 1 */
  PF_CHECK_UINT (cost_of (cache, 4), ==, 0); /* 3 1 4 */
  PF_CHECK_UINT (cost_of (cache, 2), >, 0);  /* 1 4 2, without 3 */
  PF_CHECK_UINT (cost_of (cache, 1), ==, 0);
  PF_CHECK_UINT (cost_of (cache, 4), ==, 0);
  PF_CHECK_UINT (cost_of (cache, 2), ==, 0);
  PF_CHECK_UINT (cost_of (cache, 3), >, 0);
  count_from_here ();
  pf_fec_cache_free (cache);
  PF_CHECK_UINT (n_freed, >, 3);
}

static void
test_cache_failures (void)
{
  PfFecConfig config = config_of (PF_FEC_GF16, 50, 10, 64);
  PfFecCache *cache = NULL;
  PfFec *fec = NULL;
  int result = PF_ERR_NO_MEMORY;

  fail_at = 1;
  count_from_here ();
  result = pf_fec_cache_new (2, &cache);
  fail_at = 0;
  PF_CHECK_INT (result, ==, PF_ERR_NO_MEMORY);
  PF_CHECK (cache == NULL);

  PF_REQUIRE_INT (pf_fec_cache_new (2, &cache), ==, PF_OK);
  cost_of (cache, 1);
  cost_of (cache, 2);
  for (unsigned long at = 1; at < 100; at++) {
    count_from_here ();
    fail_at = at;
    result = pf_fec_cache_get (cache, &config, &fec);
    fail_at = 0;
    if (result == PF_OK)
      break;
    PF_CHECK_INT (result, ==, PF_ERR_NO_MEMORY);
    PF_CHECK (fec == NULL);
    /* what was there is still there */
    PF_CHECK_UINT (cost_of (cache, 1), ==, 0);
    PF_CHECK_UINT (cost_of (cache, 2), ==, 0);
  }
  PF_CHECK_INT (result, ==, PF_OK);
  PF_CHECK_UINT (cost_of (cache, 2), ==, 0);
  PF_CHECK_UINT (cost_of (cache, 1), >, 0);
  pf_fec_cache_free (cache);
}

int
main (int argc, char **argv)
{
  if (!fec_kernel_add_test ())
    return pf_test_run (argc, argv);

  PF_TEST_ADD ("/fec/alloc/coding", test_coding);
  PF_TEST_ADD ("/fec/alloc/counting", test_counting);
  PF_TEST_ADD ("/fec/alloc/failures", test_failures);
  PF_TEST_ADD ("/fec/cache/eviction", test_eviction);
  PF_TEST_ADD ("/fec/cache/failures", test_cache_failures);
  return pf_test_run (argc, argv);
}
