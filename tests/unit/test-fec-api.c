/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What the FEC functions of pf.h promise about their arguments: every error
 * for every way to call them wrongly, out parameters and rows left alone.
 */
#include <stdlib.h>
#include <string.h>

#include "fec-kernel.h"
#include "fec-oracle.h"
#include "pf-test.h"
#include "pf.h"

#define K 5
#define M 3
#define SIZE 70

/* Never a context: what an untouched out parameter still holds. */
static char sentinel;
#define UNTOUCHED ((PfFec *) (void *) &sentinel)

typedef struct {
  uint8_t bytes[K + M][SIZE];
  uint8_t *data[K];
  uint8_t *parity[M];
  uint8_t before[K + M][SIZE];
  PfFecSpan spans[2];
  uint8_t *data_2[K], *parity_2[M]; /* rows of the second span */
  uint8_t present[K + M];
  PfFec *fec;
} Fixture;

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

/* Good rows, a good context, two good spans; row 1 is lost. */
static void
fixture_init (Fixture *f, uint32_t scheme)
{
  PfFecConfig config = config_of (scheme, K, M, SIZE);

  memset (f, 0, sizeof *f);
  for (unsigned i = 0; i < K; i++) {
    f->data[i] = f->bytes[i];
    f->data_2[i] = f->bytes[i] + 20;
  }
  for (unsigned j = 0; j < M; j++) {
    f->parity[j] = f->bytes[K + j];
    f->parity_2[j] = f->bytes[K + j] + 20;
  }
  f->spans[0].struct_size = sizeof (PfFecSpan);
  f->spans[0].size = 20;
  f->spans[0].data = f->data;
  f->spans[0].parity = f->parity;
  f->spans[1].struct_size = sizeof (PfFecSpan);
  f->spans[1].size = SIZE - 20;
  f->spans[1].data = f->data_2;
  f->spans[1].parity = f->parity_2;
  memset (f->present, 1, sizeof f->present);
  f->present[1] = 0;
  pf_test_random_bytes (f->bytes, sizeof f->bytes);
  PF_REQUIRE_INT (pf_fec_new (&config, &f->fec), ==, PF_OK);
  memcpy (f->before, f->bytes, sizeof f->bytes);
}

static void
fixture_unchanged (Fixture *f)
{
  PF_CHECK_MEM (f->bytes, f->before, sizeof f->bytes);
}

static int
encode (Fixture *f)
{
  return pf_fec_encode (f->fec, (const uint8_t *const *) f->data, f->parity);
}

static int
decode (Fixture *f)
{
  return pf_fec_decode (
      f->fec, f->data, (const uint8_t *const *) f->parity, f->present);
}

/* pf_fec_check() and pf_fec_new() say the same. */
static void
expect_config (const PfFecConfig *config, int expected)
{
  PfFec *fec = UNTOUCHED;
  int result = pf_fec_check (config);

  PF_CHECK_INT (result, ==, expected);
  if (result != expected && config != NULL)
    pf_test_note ("struct_size %zu scheme %u k %u m %u size %zu",
        config->struct_size, config->scheme, config->data_shards,
        config->parity_shards, config->shard_size);
  if (expected != PF_OK) {
    PF_CHECK_INT (pf_fec_new (config, &fec), ==, expected);
    PF_CHECK (fec == UNTOUCHED);
  }
}

static void
expect (uint32_t scheme, uint32_t k, uint32_t m, size_t size, int expected)
{
  PfFecConfig config = config_of (scheme, k, m, size);

  expect_config (&config, expected);
}

static void
test_config (void)
{
  PfFecConfig config = config_of (PF_FEC_GF8, 4, 2, 16);
  struct {
    PfFecConfig config;
    uint64_t later[4];
  } newer = { config, { ~0ull, ~0ull, ~0ull, ~0ull } };
  PfFec *fec = NULL;

  expect_config (NULL, PF_ERR_INVALID);
  PF_CHECK_INT (pf_fec_new (&config, NULL), ==, PF_ERR_INVALID);

  for (size_t size = 0; size < sizeof config; size++) {
    config.struct_size = size;
    expect_config (&config, PF_ERR_INVALID);
  }
  /* fields this library does not know are not its business */
  newer.config.struct_size = sizeof newer;
  expect_config (&newer.config, PF_OK);
  PF_CHECK_INT (pf_fec_new (&newer.config, &fec), ==, PF_OK);
  pf_fec_free (fec);

  expect (0, 4, 2, 16, PF_ERR_INVALID);
  expect (4, 4, 2, 16, PF_ERR_INVALID);
  expect (UINT32_MAX, 4, 2, 16, PF_ERR_INVALID);

  /* zero is none of the counts and sizes there can be */
  for (uint32_t scheme = PF_FEC_GF8; scheme <= PF_FEC_GF16; scheme++) {
    expect (scheme, 0, 2, 16, PF_ERR_INVALID);
    expect (scheme, 4, 0, 16, PF_ERR_INVALID);
    expect (scheme, 4, 2, 0, PF_ERR_INVALID);
    expect (scheme, 4, 2, PF_FEC_SHARD_MAX, PF_OK);
    expect (scheme, 4, 2, PF_FEC_SHARD_MAX + 2, PF_ERR_RANGE);
    expect (scheme, 4, 2, SIZE_MAX - 1, PF_ERR_RANGE);
    expect (scheme, UINT32_MAX, 1, 16, PF_ERR_RANGE);
    expect (scheme, UINT32_MAX, 2, 16, PF_ERR_RANGE);
    expect (scheme, 5, UINT32_MAX, 16, PF_ERR_RANGE);
    expect (scheme, 0x80000000u, 0x80000000u, 16, PF_ERR_RANGE);
    expect (scheme, 0x80000001u, 0x80000001u, 16, PF_ERR_RANGE);
  }

  expect (PF_FEC_GF8, 254, 1, 1, PF_OK);
  expect (PF_FEC_GF8, 254, 2, 1, PF_ERR_RANGE);
  expect (PF_FEC_GF8, 1, 254, 1, PF_OK);
  expect (PF_FEC_GF8, 1, 255, 1, PF_ERR_RANGE);
  expect (PF_FEC_GF8, 255, 1, 1, PF_ERR_RANGE);
  expect (PF_FEC_GF8, 128, 128, 1, PF_ERR_RANGE);

  expect (PF_FEC_AUDIO, 4, 2, 1, PF_OK);
  expect (PF_FEC_AUDIO, 4, 1, 16, PF_ERR_RANGE);
  expect (PF_FEC_AUDIO, 4, 3, 16, PF_ERR_RANGE);
  expect (PF_FEC_AUDIO, 3, 2, 16, PF_ERR_RANGE);
  expect (PF_FEC_AUDIO, 5, 2, 16, PF_ERR_RANGE);
  expect (PF_FEC_AUDIO, 2, 4, 16, PF_ERR_RANGE);

  for (size_t size = 1; size < 200; size += 2)
    expect (PF_FEC_GF16, 4, 2, size, PF_ERR_RANGE);
  expect (PF_FEC_GF16, 65534, 1, 2, PF_OK);
  expect (PF_FEC_GF16, 1, 65534, 2, PF_OK);
  expect (PF_FEC_GF16, 65535, 1, 2, PF_ERR_RANGE);
  expect (PF_FEC_GF16, 1, 65535, 2, PF_ERR_RANGE);
  expect (PF_FEC_GF16, 32768, 32767, 2, PF_OK);
  expect (PF_FEC_GF16, 32768, 32768, 2, PF_ERR_RANGE);
  expect (PF_FEC_GF16, 64512, 1023, 2, PF_OK);
  expect (PF_FEC_GF16, 64513, 1022, 2, PF_ERR_RANGE);
  expect (PF_FEC_GF16, 65000, 535, 2, PF_ERR_RANGE);
  expect (PF_FEC_GF16, 535, 65000, 2, PF_ERR_RANGE);
  expect (PF_FEC_GF16, 32769, 32766, 2, PF_ERR_RANGE);
}

/* Accepted is what the codes are defined for: no more, no less. */
static void
test_config_all (void)
{
  for (uint32_t k = 1; k <= 260; k++)
    for (uint32_t m = 1; m <= 260; m++) {
      PfFecConfig config = config_of (PF_FEC_GF8, k, m, 7);

      PF_CHECK_INT (pf_fec_check (&config), ==,
          fec_oracle_supported (PF_FEC_GF8, k, m, 7) ? PF_OK : PF_ERR_RANGE);
    }
  for (uint32_t round = 0; round < 200000 && !pf_test_failed (); round++) {
    uint32_t k = 1 + (uint32_t) pf_test_random_below (65600);
    uint32_t m = 1 + (uint32_t) pf_test_random_below (65600);
    PfFecConfig config;

    if (k + m > 65600)
      m = 1 + m / 64;
    config = config_of (PF_FEC_GF16, k, m, 2);
    PF_CHECK_INT (pf_fec_check (&config), ==,
        fec_oracle_supported (PF_FEC_GF16, k, m, 2) ? PF_OK : PF_ERR_RANGE);
    if (pf_test_failed ())
      pf_test_note ("k %u m %u", k, m);
  }
}

static void
test_encode (const void *data)
{
  const uint32_t scheme = *(const uint32_t *) data;
  Fixture f;

  fixture_init (&f, scheme);
  PF_CHECK_INT (pf_fec_encode (NULL, (const uint8_t *const *) f.data, f.parity),
      ==, PF_ERR_INVALID);
  PF_CHECK_INT (pf_fec_encode (f.fec, NULL, f.parity), ==, PF_ERR_INVALID);
  PF_CHECK_INT (pf_fec_encode (f.fec, (const uint8_t *const *) f.data, NULL),
      ==, PF_ERR_INVALID);
  for (unsigned i = 0; i < K; i++) {
    uint8_t *kept = f.data[i];

    f.data[i] = NULL;
    PF_CHECK_INT (encode (&f), ==, PF_ERR_INVALID);
    f.data[i] = kept;
  }
  for (unsigned j = 0; j < M; j++) {
    uint8_t *kept = f.parity[j];

    f.parity[j] = NULL;
    PF_CHECK_INT (encode (&f), ==, PF_ERR_INVALID);
    f.parity[j] = kept;
  }
  fixture_unchanged (&f);
  PF_CHECK_INT (encode (&f), ==, PF_OK);
  pf_fec_free (f.fec);
}

static void
test_encode_spans (const void *data)
{
  const uint32_t scheme = *(const uint32_t *) data;
  uint8_t parity[M][SIZE];
  Fixture f;
  PfFecSpan good[2];

  fixture_init (&f, scheme);
  memcpy (good, f.spans, sizeof good);

  PF_CHECK_INT (pf_fec_encode_spans (NULL, f.spans, 2), ==, PF_ERR_INVALID);
  PF_CHECK_INT (pf_fec_encode_spans (f.fec, NULL, 2), ==, PF_ERR_INVALID);
  PF_CHECK_INT (pf_fec_encode_spans (f.fec, NULL, 0), <, 0);
  PF_CHECK_INT (pf_fec_encode_spans (f.fec, f.spans, 0), ==, PF_ERR_RANGE);
  PF_CHECK_INT (pf_fec_encode_spans (f.fec, f.spans, 1), ==, PF_ERR_RANGE);
  for (unsigned s = 0; s < 2; s++) {
    for (size_t size = 0; size < sizeof (PfFecSpan); size += 4) {
      f.spans[s].struct_size = size;
      PF_CHECK_INT (
          pf_fec_encode_spans (f.fec, f.spans, 2), ==, PF_ERR_INVALID);
    }
    f.spans[s] = good[s];
    f.spans[s].data = NULL;
    PF_CHECK_INT (pf_fec_encode_spans (f.fec, f.spans, 2), ==, PF_ERR_INVALID);
    f.spans[s] = good[s];
    f.spans[s].parity = NULL;
    PF_CHECK_INT (pf_fec_encode_spans (f.fec, f.spans, 2), ==, PF_ERR_INVALID);
    f.spans[s] = good[s];
    f.spans[s].size--;
    PF_CHECK_INT (pf_fec_encode_spans (f.fec, f.spans, 2), ==, PF_ERR_RANGE);
    f.spans[s].size += 2;
    PF_CHECK_INT (pf_fec_encode_spans (f.fec, f.spans, 2), ==, PF_ERR_RANGE);
    f.spans[s].size = SIZE_MAX;
    PF_CHECK_INT (pf_fec_encode_spans (f.fec, f.spans, 2), ==, PF_ERR_RANGE);
    f.spans[s] = good[s];
  }
  /* sums that only fit because they wrap */
  f.spans[0].size = SIZE_MAX - 9;
  f.spans[1].size = SIZE + 10;
  PF_CHECK_INT (pf_fec_encode_spans (f.fec, f.spans, 2), ==, PF_ERR_RANGE);
  f.spans[0].size = SIZE + 10;
  f.spans[1].size = SIZE_MAX - 9;
  PF_CHECK_INT (pf_fec_encode_spans (f.fec, f.spans, 2), ==, PF_ERR_RANGE);
  memcpy (f.spans, good, sizeof good);

  f.data_2[K - 1] = NULL;
  PF_CHECK_INT (pf_fec_encode_spans (f.fec, f.spans, 2), ==, PF_ERR_INVALID);
  f.data_2[K - 1] = f.bytes[K - 1] + 20;
  f.parity[0] = NULL;
  PF_CHECK_INT (pf_fec_encode_spans (f.fec, f.spans, 2), ==, PF_ERR_INVALID);
  f.parity[0] = f.bytes[K];
  fixture_unchanged (&f);

  /* two spans give what one gives, empty ones in between change nothing */
  PF_CHECK_INT (encode (&f), ==, PF_OK);
  memcpy (parity, f.bytes[K], sizeof parity);
  memset (f.bytes[K], 0, sizeof parity);
  PF_CHECK_INT (pf_fec_encode_spans (f.fec, f.spans, 2), ==, PF_OK);
  PF_CHECK_MEM (f.bytes[K], parity, sizeof parity);
  memset (f.bytes[K], 0, sizeof parity);
  {
    PfFecSpan more[5] = { good[0], good[0], good[0], good[1], good[1] };

    more[0].size = more[2].size = more[4].size = 0;
    PF_CHECK_INT (pf_fec_encode_spans (f.fec, more, 5), ==, PF_OK);
    PF_CHECK_MEM (f.bytes[K], parity, sizeof parity);
  }
  pf_fec_free (f.fec);
}

/* Spans of a program with a newer header are larger. Stepping through them
 * as if they were ours would take their later fields, here those of a decoy,
 * for the next span: they are understood or refused. */
static void
test_newer_spans (const void *data)
{
  const uint32_t scheme = *(const uint32_t *) data;
  struct {
    PfFecSpan span;
    PfFecSpan later;
  } newer[2];
  uint8_t parity[M][SIZE], decoy[M][SIZE], *decoy_rows[M];
  Fixture f;
  int result;

  fixture_init (&f, scheme);
  PF_CHECK_INT (encode (&f), ==, PF_OK);
  memcpy (parity, f.bytes[K], sizeof parity);
  memset (f.bytes[K], 0, sizeof parity);
  memcpy (f.before, f.bytes, sizeof f.bytes);
  for (unsigned j = 0; j < M; j++)
    decoy_rows[j] = decoy[j];
  for (unsigned s = 0; s < 2; s++) {
    newer[s].span = newer[s].later = f.spans[s];
    newer[s].span.struct_size = sizeof newer[s];
    newer[s].later.size = SIZE - 20;
    newer[s].later.parity = decoy_rows;
  }
  result = pf_fec_encode_spans (f.fec, &newer[0].span, 2);
  if (result == PF_OK) {
    PF_CHECK_MEM (f.bytes[K], parity, sizeof parity);
  } else {
    PF_CHECK_INT (result, ==, PF_ERR_INVALID);
    fixture_unchanged (&f);
  }
  pf_fec_free (f.fec);
}

static void
test_decode (const void *data)
{
  const uint32_t scheme = *(const uint32_t *) data;
  uint8_t whole[K][SIZE];
  Fixture f;

  fixture_init (&f, scheme);
  PF_CHECK_INT (encode (&f), ==, PF_OK);
  memcpy (whole, f.bytes, sizeof whole);
  memset (f.bytes[1], 0x5a, SIZE);
  memcpy (f.before, f.bytes, sizeof f.bytes);

  PF_CHECK_INT (pf_fec_decode (
                    NULL, f.data, (const uint8_t *const *) f.parity, f.present),
      ==, PF_ERR_INVALID);
  PF_CHECK_INT (
      pf_fec_decode (f.fec, NULL, (const uint8_t *const *) f.parity, f.present),
      ==, PF_ERR_INVALID);
  PF_CHECK_INT (
      pf_fec_decode (f.fec, f.data, NULL, f.present), ==, PF_ERR_INVALID);
  PF_CHECK_INT (
      pf_fec_decode (f.fec, f.data, (const uint8_t *const *) f.parity, NULL),
      ==, PF_ERR_INVALID);
  for (unsigned i = 0; i < K; i++) {
    uint8_t *kept = f.data[i];

    f.data[i] = NULL;
    PF_CHECK_INT (decode (&f), ==, PF_ERR_INVALID);
    f.data[i] = kept;
  }
  for (unsigned j = 0; j < M; j++) {
    uint8_t *kept = f.parity[j];

    f.parity[j] = NULL;
    PF_CHECK_INT (decode (&f), ==, PF_ERR_INVALID);
    f.parity[j] = kept;
  }
  fixture_unchanged (&f);

  /* too few rows: all data but one gone, and one parity row too many */
  memset (f.present, 0, K);
  f.present[0] = 1;
  PF_CHECK_INT (decode (&f), ==, PF_ERR_NEED_MORE);
  memset (f.present, 0, K + M);
  PF_CHECK_INT (decode (&f), ==, PF_ERR_NEED_MORE);
  fixture_unchanged (&f);

  /* parity that did not arrive may have no address */
  memset (f.present, 1, K + M);
  f.present[1] = 0;
  f.present[K] = f.present[K + 2] = 0;
  f.parity[0] = f.parity[2] = NULL;
  PF_CHECK_INT (decode (&f), ==, PF_OK);
  PF_CHECK_MEM (f.bytes, whole, sizeof whole);
  pf_fec_free (f.fec);
}

static void
test_decode_spans (const void *data)
{
  const uint32_t scheme = *(const uint32_t *) data;
  uint8_t whole[K][SIZE];
  PfFecSpan good[2];
  Fixture f;

  fixture_init (&f, scheme);
  PF_CHECK_INT (encode (&f), ==, PF_OK);
  memcpy (whole, f.bytes, sizeof whole);
  memset (f.bytes[1], 0x5a, SIZE);
  memcpy (f.before, f.bytes, sizeof f.bytes);
  memcpy (good, f.spans, sizeof good);

  PF_CHECK_INT (
      pf_fec_decode_spans (NULL, f.spans, 2, f.present), ==, PF_ERR_INVALID);
  PF_CHECK_INT (
      pf_fec_decode_spans (f.fec, NULL, 2, f.present), ==, PF_ERR_INVALID);
  PF_CHECK_INT (
      pf_fec_decode_spans (f.fec, f.spans, 2, NULL), ==, PF_ERR_INVALID);
  PF_CHECK_INT (
      pf_fec_decode_spans (f.fec, f.spans, 1, f.present), ==, PF_ERR_RANGE);
  PF_CHECK_INT (
      pf_fec_decode_spans (f.fec, f.spans, 0, f.present), ==, PF_ERR_RANGE);
  for (unsigned s = 0; s < 2; s++) {
    f.spans[s].struct_size = sizeof (PfFecSpan) - 1;
    PF_CHECK_INT (
        pf_fec_decode_spans (f.fec, f.spans, 2, f.present), ==, PF_ERR_INVALID);
    f.spans[s] = good[s];
    f.spans[s].data = NULL;
    PF_CHECK_INT (
        pf_fec_decode_spans (f.fec, f.spans, 2, f.present), ==, PF_ERR_INVALID);
    f.spans[s] = good[s];
    f.spans[s].size++;
    PF_CHECK_INT (
        pf_fec_decode_spans (f.fec, f.spans, 2, f.present), ==, PF_ERR_RANGE);
    f.spans[s].size = SIZE_MAX;
    PF_CHECK_INT (
        pf_fec_decode_spans (f.fec, f.spans, 2, f.present), ==, PF_ERR_RANGE);
    f.spans[s] = good[s];
  }
  f.data_2[1] = NULL;
  PF_CHECK_INT (
      pf_fec_decode_spans (f.fec, f.spans, 2, f.present), ==, PF_ERR_INVALID);
  f.data_2[1] = f.bytes[1] + 20;
  memset (f.present, 0, K);
  f.present[0] = 1;
  PF_CHECK_INT (
      pf_fec_decode_spans (f.fec, f.spans, 2, f.present), ==, PF_ERR_NEED_MORE);
  fixture_unchanged (&f);

  memset (f.present, 1, K + M);
  f.present[1] = f.present[K] = 0;
  f.parity[0] = f.parity_2[0] = NULL;
  PF_CHECK_INT (pf_fec_decode_spans (f.fec, f.spans, 2, f.present), ==, PF_OK);
  PF_CHECK_MEM (f.bytes, whole, sizeof whole);
  pf_fec_free (f.fec);
}

static void
test_cache (void)
{
  PfFecCache *cache = NULL;
  PfFecConfig config = config_of (PF_FEC_GF8, 4, 2, 16), bad;
  PfFec *fec = UNTOUCHED, *again = NULL;

  PF_CHECK_INT (pf_fec_cache_new (0, &cache), ==, PF_ERR_RANGE);
  PF_CHECK_INT (pf_fec_cache_new (4097, &cache), ==, PF_ERR_RANGE);
  PF_CHECK_INT (pf_fec_cache_new (UINT32_MAX, &cache), ==, PF_ERR_RANGE);
  PF_CHECK (cache == NULL);
  PF_CHECK_INT (pf_fec_cache_new (4, NULL), ==, PF_ERR_INVALID);
  PF_REQUIRE_INT (pf_fec_cache_new (4096, &cache), ==, PF_OK);
  pf_fec_cache_free (cache);
  pf_fec_cache_free (NULL);
  PF_REQUIRE_INT (pf_fec_cache_new (1, &cache), ==, PF_OK);

  PF_CHECK_INT (pf_fec_cache_get (NULL, &config, &fec), ==, PF_ERR_INVALID);
  PF_CHECK_INT (pf_fec_cache_get (cache, NULL, &fec), ==, PF_ERR_INVALID);
  PF_CHECK_INT (pf_fec_cache_get (cache, &config, NULL), ==, PF_ERR_INVALID);
  bad = config_of (PF_FEC_GF8, 250, 6, 16);
  PF_CHECK_INT (pf_fec_cache_get (cache, &bad, &fec), ==, PF_ERR_RANGE);
  bad = config_of (9, 4, 2, 16);
  PF_CHECK_INT (pf_fec_cache_get (cache, &bad, &fec), ==, PF_ERR_INVALID);
  PF_CHECK (fec == UNTOUCHED);

  PF_REQUIRE_INT (pf_fec_cache_get (cache, &config, &fec), ==, PF_OK);
  PF_CHECK (fec != UNTOUCHED && fec != NULL);
  PF_CHECK_INT (pf_fec_cache_get (cache, &config, &again), ==, PF_OK);
  PF_CHECK (again == fec);

  /* a bad request is refused although a context like it is there, and does
   * not cost the one that is kept */
  bad = config;
  bad.struct_size = sizeof bad.struct_size;
  again = UNTOUCHED;
  PF_CHECK_INT (pf_fec_cache_get (cache, &bad, &again), ==, PF_ERR_INVALID);
  PF_CHECK (again == UNTOUCHED);
  bad = config_of (PF_FEC_GF8, 250, 6, 16);
  PF_CHECK_INT (pf_fec_cache_get (cache, &bad, &again), ==, PF_ERR_RANGE);
  PF_CHECK_INT (pf_fec_cache_get (cache, &config, &again), ==, PF_OK);
  PF_CHECK (again == fec);
  pf_fec_cache_free (cache);
}

/* Every part of the key counts: what comes out is really for the numbers. */
static void
test_cache_keys (void)
{
  static const PfFecConfig keys[] = {
    { sizeof (PfFecConfig), PF_FEC_GF8, 4, 2, 16 },
    { sizeof (PfFecConfig), PF_FEC_AUDIO, 4, 2, 16 },
    { sizeof (PfFecConfig), PF_FEC_GF16, 4, 2, 16 },
    { sizeof (PfFecConfig), PF_FEC_GF8, 5, 2, 16 },
    { sizeof (PfFecConfig), PF_FEC_GF8, 4, 3, 16 },
    { sizeof (PfFecConfig), PF_FEC_GF8, 4, 2, 18 },
  };
  const unsigned n = sizeof keys / sizeof keys[0];
  PfFecCache *cache = NULL;

  PF_REQUIRE_INT (pf_fec_cache_new (3, &cache), ==, PF_OK);
  for (unsigned round = 0; round < 200; round++) {
    const PfFecConfig *key = &keys[pf_test_random_below (n)];
    uint8_t bytes[8][18], expected[18], *rows[8];
    PfFec *fec = NULL;

    pf_test_random_bytes (bytes, sizeof bytes);
    for (unsigned r = 0; r < 8; r++)
      rows[r] = bytes[r];
    PF_REQUIRE_INT (pf_fec_cache_get (cache, key, &fec), ==, PF_OK);
    PF_CHECK_INT (pf_fec_encode (fec, (const uint8_t *const *) rows,
                      rows + key->data_shards),
        ==, PF_OK);
    for (uint32_t j = 0; j < key->parity_shards; j++) {
      fec_oracle_parity_row (key->scheme, key->data_shards, key->parity_shards,
          key->shard_size, (const uint8_t *const *) rows, j, expected);
      PF_CHECK_MEM (rows[key->data_shards + j], expected, key->shard_size);
    }
  }
  pf_fec_cache_free (cache);
}

static void
test_memory (void)
{
  for (uint32_t scheme = PF_FEC_GF8; scheme <= PF_FEC_GF16; scheme++) {
    PfFecConfig config = config_of (scheme, 4, 2, 1408);
    PfFec *fec = NULL;

    PF_REQUIRE_INT (pf_fec_new (&config, &fec), ==, PF_OK);
    PF_CHECK_UINT (pf_fec_memory (fec), >=, 1);
    PF_CHECK_UINT (pf_fec_memory (fec), <=, 1 << 20);
    pf_fec_free (fec);
  }
  {
    PfFecConfig config = config_of (PF_FEC_GF16, 1000, 200, 1408);
    PfFec *fec = NULL;

    PF_REQUIRE_INT (pf_fec_new (&config, &fec), ==, PF_OK);
    pf_test_note ("(1000, 200): %zu bytes", pf_fec_memory (fec));
    PF_CHECK_UINT (pf_fec_memory (fec), <=, 2 << 20);
    pf_fec_free (fec);
  }
  pf_fec_free (NULL);
}

int
main (int argc, char **argv)
{
  static const uint32_t gf8 = PF_FEC_GF8, gf16 = PF_FEC_GF16;

  if (!fec_kernel_add_test ())
    return pf_test_run (argc, argv);

  fec_oracle_init ();
  PF_TEST_ADD ("/fec/config", test_config);
  PF_TEST_ADD ("/fec/config-all", test_config_all);
  pf_test_add_data ("/fec/encode/gf8", test_encode, &gf8);
  pf_test_add_data ("/fec/encode/gf16", test_encode, &gf16);
  pf_test_add_data ("/fec/encode-spans/gf8", test_encode_spans, &gf8);
  pf_test_add_data ("/fec/encode-spans/gf16", test_encode_spans, &gf16);
  pf_test_add_data ("/fec/newer-spans/gf8", test_newer_spans, &gf8);
  pf_test_add_data ("/fec/newer-spans/gf16", test_newer_spans, &gf16);
  pf_test_add_data ("/fec/decode/gf8", test_decode, &gf8);
  pf_test_add_data ("/fec/decode/gf16", test_decode, &gf16);
  pf_test_add_data ("/fec/decode-spans/gf8", test_decode_spans, &gf8);
  pf_test_add_data ("/fec/decode-spans/gf16", test_decode_spans, &gf16);
  PF_TEST_ADD ("/fec/cache", test_cache);
  PF_TEST_ADD ("/fec/cache-keys", test_cache_keys);
  PF_TEST_ADD ("/fec/memory", test_memory);
  return pf_test_run (argc, argv);
}
