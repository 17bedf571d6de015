/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * One fuzz input against the FEC part of libpf.
 *
 * The bytes, little-endian, missing ones read as 0:
 *   u8  flags, see below
 *   u16 k, u16 m, u16 size, taken modulo what the limits leave
 *   u8  row alignment, u8 number of cuts (modulo 8), u16 per cut
 *   u16 parity row to compare with the definition
 *   u8  seed for the contents
 *   the present map, one bit per row, least bit first, repeated when short
 * With FLAG_RAW the rest is instead
 *   u32 struct_size, u32 scheme, u32 k, u32 m, u64 size
 * which only pf_fec_check() sees, because they may ask for gigabytes.
 *
 * What must hold:
 *  - pf_fec_check() accepts nothing that the code is not defined for;
 *  - parity equals the definition, whatever the cuts;
 *  - with k rows or more the data comes back and nothing else changes;
 *  - with fewer nothing changes at all;
 *  - k rows of garbage decode to the one block that has them.
 * Every row range is an allocation of its own of exactly its size, so the
 * address sanitizer sees a byte too far.
 */
#include "fuzz-fec.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fec-oracle.h"
#include "pf.h"

#define MAX_SPANS 8

enum {
  FLAG_RAW = 1 << 0,
  FLAG_SCHEME = 1 << 1,  /* the second scheme of the limits */
  FLAG_SPANS = 1 << 2,   /* the _spans functions, even with one span */
  FLAG_CACHE = 1 << 3,   /* borrow the context from a cache */
  FLAG_GARBAGE = 1 << 4, /* rows that arrived hold nonsense */
  FLAG_EXACT = 1 << 5,   /* trim the map to k rows */
};

#define HOLDS(condition)                                                       \
  do {                                                                         \
    if (!(condition)) {                                                        \
      fprintf (stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__,       \
          #condition);                                                         \
      abort ();                                                                \
    }                                                                          \
  } while (0)

typedef struct {
  const uint8_t *bytes;
  size_t left;
} Reader;

static uint64_t
take (Reader *reader, unsigned n)
{
  uint64_t value = 0;

  for (unsigned b = 0; b < n && reader->left > 0; b++) {
    value |= (uint64_t) *reader->bytes++ << (8 * b);
    reader->left--;
  }
  return value;
}

/* A block in memory: n_spans ranges of k + m rows, each row range alone. */
typedef struct {
  uint32_t k, m, n_spans;
  size_t size, cut[MAX_SPANS + 1];
  unsigned align;
  uint8_t **base; /* [span * (k + m) + row], what free() takes */
  uint8_t **rows; /* the same, aligned as asked */
  PfFecSpan spans[MAX_SPANS];
} Block;

static void *
need (void *memory)
{
  if (memory == NULL) {
    fprintf (stderr, "out of memory\n");
    exit (1);
  }
  return memory;
}

static void
block_init (Block *block)
{
  uint32_t n = block->k + block->m;

  block->base = need (calloc ((size_t) block->n_spans * n, sizeof (void *)));
  block->rows = need (calloc ((size_t) block->n_spans * n, sizeof (void *)));
  for (uint32_t s = 0; s < block->n_spans; s++) {
    PfFecSpan *span = &block->spans[s];
    uint8_t **rows = block->rows + (size_t) s * n;

    span->struct_size = sizeof *span;
    span->size = block->cut[s + 1] - block->cut[s];
    span->data = rows;
    span->parity = rows + block->k;
    for (uint32_t r = 0; r < n; r++) {
      uint8_t *base = need (malloc (block->align + span->size + !span->size));

      block->base[(size_t) s * n + r] = base;
      rows[r] = base + block->align;
    }
  }
}

static void
block_clear (Block *block)
{
  for (size_t r = 0; r < (size_t) block->n_spans * (block->k + block->m); r++)
    free (block->base[r]);
  free (block->base);
  free (block->rows);
}

static void
block_put (Block *block, uint32_t row, const uint8_t *from)
{
  uint32_t n = block->k + block->m;

  for (uint32_t s = 0; s < block->n_spans; s++)
    memcpy (block->rows[(size_t) s * n + row], from + block->cut[s],
        block->spans[s].size);
}

static void
block_get (const Block *block, uint32_t row, uint8_t *to)
{
  uint32_t n = block->k + block->m;

  for (uint32_t s = 0; s < block->n_spans; s++)
    memcpy (to + block->cut[s], block->rows[(size_t) s * n + row],
        block->spans[s].size);
}

static bool
block_row_is (
    const Block *block, uint32_t row, const uint8_t *bytes, uint8_t *scratch)
{
  block_get (block, row, scratch);
  return memcmp (scratch, bytes, block->size) == 0;
}

static void
fill (uint8_t *bytes, size_t size, uint64_t *state)
{
  while (size > 0) {
    size_t n = size < sizeof *state ? size : sizeof *state;

    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    memcpy (bytes, state, n);
    bytes += n;
    size -= n;
  }
}

static void
run_raw (Reader *reader)
{
  PfFecConfig config = PF_FEC_CONFIG_INIT;
  int result;

  config.struct_size = (size_t) take (reader, 4);
  config.scheme = (uint32_t) take (reader, 4);
  config.data_shards = (uint32_t) take (reader, 4);
  config.parity_shards = (uint32_t) take (reader, 4);
  config.shard_size = (size_t) take (reader, 8);
  if (config.struct_size % 2 == 0)
    config.struct_size = sizeof config;

  result = pf_fec_check (&config);
  HOLDS (result == PF_OK || result == PF_ERR_INVALID || result == PF_ERR_RANGE);
  if (result == PF_OK) {
    HOLDS (config.struct_size >= sizeof config);
    HOLDS (fec_oracle_supported (config.scheme, config.data_shards,
        config.parity_shards, config.shard_size));
  } else {
    PfFec *fec = NULL;

    HOLDS (pf_fec_new (&config, &fec) == result && fec == NULL);
  }
}

static int
encode (PfFec *fec, Block *block, bool spans)
{
  if (spans)
    return pf_fec_encode_spans (fec, block->spans, block->n_spans);
  return pf_fec_encode (
      fec, (const uint8_t *const *) block->rows, block->rows + block->k);
}

static int
decode (PfFec *fec, Block *block, bool spans, const uint8_t *present)
{
  uint32_t n = block->k + block->m;
  uint8_t **kept = need (malloc (sizeof (void *) * n * block->n_spans));
  int result;

  /* The pointers of parity that did not arrive are nobody's business. */
  memcpy (kept, block->rows, sizeof (void *) * n * block->n_spans);
  for (uint32_t s = 0; s < block->n_spans; s++)
    for (uint32_t r = block->k; r < n; r++)
      if (!present[r])
        block->rows[(size_t) s * n + r] = NULL;
  if (spans)
    result = pf_fec_decode_spans (fec, block->spans, block->n_spans, present);
  else
    result = pf_fec_decode (fec, block->rows,
        (const uint8_t *const *) block->rows + block->k, present);
  memcpy (block->rows, kept, sizeof (void *) * n * block->n_spans);
  free (kept);
  return result;
}

void
fuzz_fec_run (const FuzzFecLimits *limits, const uint8_t *bytes, size_t n_bytes)
{
  static bool ready;
  Reader reader = { bytes, n_bytes };
  PfFecConfig config = PF_FEC_CONFIG_INIT;
  PfFecCache *cache = NULL;
  PfFec *fec = NULL;
  Block block = { 0 };
  uint8_t *content, *present, *scratch, *expected;
  uint32_t k, m, n, arrived = 0, watched;
  uint64_t state;
  size_t size, per_row;
  unsigned flags, unit;
  bool spans;

  if (!ready) {
    fec_oracle_init ();
    ready = true;
  }

  flags = (unsigned) take (&reader, 1);
  if (flags & FLAG_RAW) {
    run_raw (&reader);
    return;
  }

  config.scheme = limits->schemes[!!(flags & FLAG_SCHEME)];
  unit = config.scheme == PF_FEC_GF16 ? 2 : 1;
  k = (uint32_t) take (&reader, 2) % (limits->max_rows - 1) + 1;
  m = (uint32_t) take (&reader, 2) % (limits->max_rows - k) + 1;
  if (config.scheme == PF_FEC_AUDIO) {
    k = 4;
    m = 2;
  }
  n = k + m;
  per_row = limits->max_bytes / n;
  if (per_row > limits->max_size)
    per_row = limits->max_size;
  size = (take (&reader, 2) % (per_row / unit) + 1) * unit;

  block.k = k;
  block.m = m;
  block.size = size;
  block.align = (unsigned) take (&reader, 1) % 65;
  block.n_spans = 1 + (uint32_t) take (&reader, 1) % MAX_SPANS;
  for (uint32_t s = 1; s < block.n_spans; s++) {
    size_t cut = take (&reader, 2) % (size + 1);
    uint32_t at = s;

    for (; at > 1 && block.cut[at - 1] > cut; at--)
      block.cut[at] = block.cut[at - 1];
    block.cut[at] = cut;
  }
  block.cut[block.n_spans] = size;
  spans = block.n_spans > 1 || flags & FLAG_SPANS;
  watched = (uint32_t) take (&reader, 2) % m;
  state = take (&reader, 1) * 0x9e3779b97f4a7c15u + 1;

  content = need (malloc (n * size));
  expected = need (malloc (size));
  scratch = need (malloc (size));
  present = need (malloc (n));
  for (uint32_t r = 0; r < n; r++) {
    uint32_t bit = reader.left > 0 ? r % (uint32_t) (reader.left * 8) : 0;

    present[r] = reader.left > 0 ? (reader.bytes[bit / 8] >> (bit % 8) & 1) : 1;
    if (flags & FLAG_EXACT && arrived == k)
      present[r] = 0;
    arrived += present[r] != 0;
  }

  config.data_shards = k;
  config.parity_shards = m;
  config.shard_size = size;
  HOLDS (pf_fec_check (&config) ==
         (fec_oracle_supported (config.scheme, k, m, size) ? PF_OK
                                                           : PF_ERR_RANGE));
  if (!fec_oracle_supported (config.scheme, k, m, size))
    goto out;
  if (flags & FLAG_CACHE) {
    PfFec *again = NULL;

    HOLDS (pf_fec_cache_new (2, &cache) == PF_OK);
    HOLDS (pf_fec_cache_get (cache, &config, &fec) == PF_OK);
    HOLDS (pf_fec_cache_get (cache, &config, &again) == PF_OK);
    HOLDS (again == fec);
  } else {
    HOLDS (pf_fec_new (&config, &fec) == PF_OK);
  }

  block_init (&block);
  fill (content, n * size, &state);
  for (uint32_t r = 0; r < n; r++)
    block_put (&block, r, content + r * size);
  HOLDS (encode (fec, &block, spans) == PF_OK);
  for (uint32_t i = 0; i < k; i++)
    HOLDS (block_row_is (&block, i, content + i * size, scratch));
  {
    const uint8_t **data = need (malloc (k * sizeof *data));

    for (uint32_t i = 0; i < k; i++)
      data[i] = content + i * size;
    fec_oracle_parity_row (config.scheme, k, m, size, data, watched, expected);
    free (data);
  }
  HOLDS (block_row_is (&block, k + watched, expected, scratch));
  for (uint32_t j = 0; j < m; j++)
    block_get (&block, k + j, content + (k + j) * size);

  /* What was lost holds something else, so that it has to be written. */
  for (uint32_t r = 0; r < n; r++)
    if (!present[r] || flags & FLAG_GARBAGE) {
      fill (scratch, size, &state);
      block_put (&block, r, scratch);
      if (flags & FLAG_GARBAGE || arrived < k)
        memcpy (content + r * size, scratch, size);
    }

  if (arrived < k) {
    bool lost_data = memchr (present, 0, k) != NULL;

    HOLDS (lost_data);
    HOLDS (decode (fec, &block, spans, present) == PF_ERR_NEED_MORE);
    for (uint32_t r = 0; r < n; r++)
      HOLDS (block_row_is (&block, r, content + r * size, scratch));
    goto out;
  }

  HOLDS (decode (fec, &block, spans, present) == PF_OK);
  for (uint32_t r = 0; r < n; r++)
    if (present[r])
      HOLDS (block_row_is (&block, r, content + r * size, scratch));
  if (!(flags & FLAG_GARBAGE)) {
    for (uint32_t i = 0; i < k; i++)
      HOLDS (block_row_is (&block, i, content + i * size, scratch));
  } else if (arrived == k) {
    HOLDS (encode (fec, &block, spans) == PF_OK);
    for (uint32_t r = k; r < n; r++)
      if (present[r])
        HOLDS (block_row_is (&block, r, content + r * size, scratch));
  }

out:
  if (block.rows != NULL)
    block_clear (&block);
  free (content);
  free (expected);
  free (scratch);
  free (present);
  if (cache != NULL)
    pf_fec_cache_free (cache);
  else
    pf_fec_free (fec);
}
