/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The public face of the erasure codes: checks arguments, hands the rows to
 * the code of the field, keeps contexts in a cache.
 */
#include "pf.h"

#include "pf-fec16.h"
#include "pf-fec8.h"
#include "pf-gf.h"

#include <stdlib.h>

#define CACHE_MAX 4096

struct PfFec {
  PfFecConfig config;
  PfFec8 *fec8; /* one of the two */
  PfFec16 *fec16;
};

const char *const *
pf_fec_kernels (void)
{
  return pf_gf_kernel_names ();
}

const char *
pf_fec_kernel (void)
{
  const PfGfKernel *k = pf_gf_init ();

  return k ? k->name : "none";
}

int
pf_fec_check (const PfFecConfig *config)
{
  uint32_t k, m;

  if (!config || config->struct_size < sizeof *config)
    return PF_ERR_INVALID;
  k = config->data_shards;
  m = config->parity_shards;
  if (config->scheme < PF_FEC_GF8 || config->scheme > PF_FEC_GF16)
    return PF_ERR_INVALID;
  if (k == 0 || m == 0 || config->shard_size == 0)
    return PF_ERR_INVALID;
  if (config->shard_size > PF_FEC_SHARD_MAX)
    return PF_ERR_RANGE;
  switch (config->scheme) {
  case PF_FEC_GF8:
    return k > 255 || m > 255 || k + m > 255 ? PF_ERR_RANGE : 0;
  case PF_FEC_AUDIO:
    return k != 4 || m != 2 ? PF_ERR_RANGE : 0;
  default:
    if (config->shard_size % 2)
      return PF_ERR_RANGE;
    return pf_fec16_fits (k, m) ? 0 : PF_ERR_RANGE;
  }
}

int
pf_fec_new (const PfFecConfig *config, PfFec **fec)
{
  PfFec *f;
  int ret = pf_fec_check (config);

  if (ret < 0)
    return ret;
  if (!fec)
    return PF_ERR_INVALID;
  if (!pf_gf_init ())
    return PF_ERR_UNSUPPORTED;
  f = calloc (1, sizeof *f);
  if (!f)
    return PF_ERR_NO_MEMORY;
  f->config = *config;
  if (config->scheme == PF_FEC_GF16)
    f->fec16 = pf_fec16_new (config);
  else
    f->fec8 = pf_fec8_new (config);
  if (!f->fec8 && !f->fec16) {
    free (f);
    return PF_ERR_NO_MEMORY;
  }
  *fec = f;
  return 0;
}

void
pf_fec_free (PfFec *fec)
{
  if (!fec)
    return;
  pf_fec8_free (fec->fec8);
  pf_fec16_free (fec->fec16);
  free (fec);
}

size_t
pf_fec_memory (const PfFec *fec)
{
  if (!fec)
    return 0;
  return sizeof *fec + (fec->fec8 ? pf_fec8_memory (fec->fec8)
                                  : pf_fec16_memory (fec->fec16));
}

/* Do the spans make up whole shards, and is every row there that is looked
 * at? present is NULL for encoding: all rows. */
static int
check_spans (const PfFec *fec, const PfFecSpan *spans, size_t n_spans,
    const uint8_t *present)
{
  const uint32_t k = fec->config.data_shards, m = fec->config.parity_shards;
  size_t sum = 0;

  for (size_t s = 0; s < n_spans; s++) {
    const PfFecSpan *span = &spans[s];

    /* an array of larger ones would not step as this one does */
    if (span->struct_size != sizeof *span)
      return PF_ERR_INVALID;
    if (span->size > fec->config.shard_size - sum)
      return PF_ERR_RANGE;
    sum += span->size;
    if (span->size == 0)
      continue;
    if (!span->data || !span->parity)
      return PF_ERR_INVALID;
    for (uint32_t i = 0; i < k; i++)
      if (!span->data[i])
        return PF_ERR_INVALID;
    for (uint32_t j = 0; j < m; j++)
      if (!span->parity[j] && (!present || present[k + j]))
        return PF_ERR_INVALID;
  }
  return sum == fec->config.shard_size ? 0 : PF_ERR_RANGE;
}

int
pf_fec_encode_spans (PfFec *fec, const PfFecSpan *spans, size_t n_spans)
{
  int ret;

  if (!fec || !spans)
    return PF_ERR_INVALID;
  ret = check_spans (fec, spans, n_spans, NULL);
  if (ret < 0)
    return ret;
  if (fec->fec8)
    pf_fec8_encode (fec->fec8, spans, n_spans);
  else
    pf_fec16_encode (fec->fec16, spans, n_spans);
  return 0;
}

int
pf_fec_decode_spans (
    PfFec *fec, const PfFecSpan *spans, size_t n_spans, const uint8_t *present)
{
  int ret;

  if (!fec || !spans || !present)
    return PF_ERR_INVALID;
  ret = check_spans (fec, spans, n_spans, present);
  if (ret < 0)
    return ret;
  if (fec->fec8)
    return pf_fec8_decode (fec->fec8, spans, n_spans, present);
  return pf_fec16_decode (fec->fec16, spans, n_spans, present);
}

/* The casts drop const from rows that encoding only reads, and decoding only
 * reads where they arrived. */
int
pf_fec_encode (PfFec *fec, const uint8_t *const *data, uint8_t *const *parity)
{
  PfFecSpan span = { sizeof span, 0, (uint8_t *const *) (void *) data, parity };

  if (!fec)
    return PF_ERR_INVALID;
  span.size = fec->config.shard_size;
  return pf_fec_encode_spans (fec, &span, 1);
}

int
pf_fec_decode (PfFec *fec, uint8_t *const *data, const uint8_t *const *parity,
    const uint8_t *present)
{
  PfFecSpan span = { sizeof span, 0, data, (uint8_t *const *) (void *) parity };

  if (!fec)
    return PF_ERR_INVALID;
  span.size = fec->config.shard_size;
  return pf_fec_decode_spans (fec, &span, 1, present);
}

/* ---- Cache -------------------------------------------------------------- */

typedef struct {
  PfFec *fec;
  uint64_t used; /* when: a count of calls */
} CacheEntry;

struct PfFecCache {
  uint32_t capacity;
  uint32_t n;
  uint64_t now;
  CacheEntry entries[];
};

int
pf_fec_cache_new (uint32_t capacity, PfFecCache **cache)
{
  PfFecCache *c;

  if (!cache)
    return PF_ERR_INVALID;
  if (capacity == 0 || capacity > CACHE_MAX)
    return PF_ERR_RANGE;
  c = calloc (1, sizeof *c + capacity * sizeof *c->entries);
  if (!c)
    return PF_ERR_NO_MEMORY;
  c->capacity = capacity;
  *cache = c;
  return 0;
}

void
pf_fec_cache_free (PfFecCache *cache)
{
  if (!cache)
    return;
  for (uint32_t i = 0; i < cache->n; i++)
    pf_fec_free (cache->entries[i].fec);
  free (cache);
}

static int
same_config (const PfFecConfig *a, const PfFecConfig *b)
{
  return a->scheme == b->scheme && a->data_shards == b->data_shards &&
         a->parity_shards == b->parity_shards && a->shard_size == b->shard_size;
}

int
pf_fec_cache_get (PfFecCache *cache, const PfFecConfig *config, PfFec **fec)
{
  CacheEntry *oldest, *entry;
  PfFec *made;
  int ret;

  if (!cache || !fec)
    return PF_ERR_INVALID;
  ret = pf_fec_check (config);
  if (ret < 0)
    return ret;
  cache->now++;
  oldest = cache->entries;
  for (uint32_t i = 0; i < cache->n; i++) {
    entry = &cache->entries[i];
    if (same_config (&entry->fec->config, config)) {
      entry->used = cache->now;
      *fec = entry->fec;
      return 0;
    }
    if (entry->used < oldest->used)
      oldest = entry;
  }
  ret = pf_fec_new (config, &made);
  if (ret < 0)
    return ret;
  if (cache->n < cache->capacity)
    entry = &cache->entries[cache->n++];
  else {
    entry = oldest;
    pf_fec_free (entry->fec);
  }
  entry->fec = made;
  entry->used = cache->now;
  *fec = made;
  return 0;
}
