/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A program outside the build: it knows the installed pf.h and libpf.so and
 * nothing else of the project. It sends 100 shards over a channel that loses
 * some and gets them back, in both fields, whole and scattered. Also valid
 * as C++17.
 */
#include <pf.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define K 100u
#define M 20u
#define SIZE 1388u
#define HEAD 24u /* header columns live in a memory of their own */

static uint8_t bytes[K + M][SIZE], heads[K + M][HEAD], whole[K][SIZE];

static int
complain (const char *what, int error)
{
  fprintf (stderr, "outside: %s: %s\n", what, pf_strerror (error));
  return 1;
}

static int
lossy_round_trip (uint32_t scheme)
{
  PfFecConfig config = PF_FEC_CONFIG_INIT;
  PfFecSpan spans[2];
  PfFec *fec = NULL;
  uint8_t *data[K], *parity[M], *data_heads[K], *parity_heads[M];
  uint8_t *data_rest[K], *parity_rest[M], present[K + M];
  const uint8_t *sent[K], *arrived[M];
  uint32_t random = 12345;
  int error;

  config.scheme = scheme;
  config.data_shards = K;
  config.parity_shards = M;
  config.shard_size = SIZE;
  error = pf_fec_check (&config);
  if (error != PF_OK)
    return complain ("check", error);
  error = pf_fec_new (&config, &fec);
  if (error != PF_OK)
    return complain ("new", error);
  if (pf_fec_memory (fec) == 0)
    return complain ("memory", 0);

  for (uint32_t i = 0; i < K; i++) {
    for (uint32_t b = 0; b < SIZE; b++) {
      random = 1664525u * random + 1013904223u;
      bytes[i][b] = whole[i][b] = (uint8_t) (random >> 24);
    }
    memcpy (heads[i], bytes[i], HEAD);
    data[i] = bytes[i];
    sent[i] = bytes[i];
    data_heads[i] = heads[i];
    data_rest[i] = bytes[i] + HEAD;
  }
  for (uint32_t j = 0; j < M; j++) {
    parity[j] = bytes[K + j];
    parity_heads[j] = heads[K + j];
    parity_rest[j] = bytes[K + j] + HEAD;
    arrived[j] = j % 2 ? bytes[K + j] : NULL;
  }
  error = pf_fec_encode (fec, sent, parity);
  if (error != PF_OK)
    return complain ("encode", error);

  /* ten data rows and ten parity rows are lost */
  memset (present, 1, sizeof present);
  for (uint32_t j = 0; j < M; j += 2)
    present[K + j] = 0;
  for (uint32_t i = 3; i < K; i += 10) {
    present[i] = 0;
    memset (bytes[i], 0, SIZE);
  }
  error = pf_fec_decode (fec, data, arrived, present);
  if (error != PF_OK)
    return complain ("decode", error);
  if (memcmp (bytes, whole, sizeof whole) != 0)
    return complain ("the data did not come back", 0);

  /* one more and it must say so */
  present[0] = 0;
  error = pf_fec_decode (fec, data, arrived, present);
  if (error != PF_ERR_NEED_MORE)
    return complain ("too few rows were taken", error);

  /* the same block with its first columns elsewhere */
  memset (spans, 0, sizeof spans);
  spans[0].struct_size = spans[1].struct_size = sizeof spans[0];
  spans[0].size = HEAD;
  spans[0].data = data_heads;
  spans[0].parity = parity_heads;
  spans[1].size = SIZE - HEAD;
  spans[1].data = data_rest;
  spans[1].parity = parity_rest;
  error = pf_fec_encode_spans (fec, spans, 2);
  if (error != PF_OK)
    return complain ("encode spans", error);
  memset (present, 1, sizeof present);
  for (uint32_t i = 0; i < M; i++) {
    present[5 * i] = 0;
    memset (heads[5 * i], 0xff, HEAD);
    memset (bytes[5 * i] + HEAD, 0xff, SIZE - HEAD);
  }
  error = pf_fec_decode_spans (fec, spans, 2, present);
  if (error != PF_OK)
    return complain ("decode spans", error);
  for (uint32_t i = 0; i < K; i++)
    if (memcmp (heads[i], whole[i], HEAD) != 0 ||
        memcmp (bytes[i] + HEAD, whole[i] + HEAD, SIZE - HEAD) != 0)
      return complain ("the scattered data did not come back", 0);
  pf_fec_free (fec);
  return 0;
}

int
main (void)
{
  PfFecConfig audio = PF_FEC_CONFIG_INIT;
  PfFecCache *cache = NULL;
  PfFec *fec = NULL, *again = NULL;
  int error;

  if (pf_abi_version () != PF_ABI_VERSION) {
    fprintf (stderr, "outside: header and library differ\n");
    return 1;
  }
  if (pf_version ()[0] == 0 || pf_fec_kernels ()[0] == NULL)
    return complain ("names", 0);
  if (lossy_round_trip (PF_FEC_GF8) || lossy_round_trip (PF_FEC_GF16))
    return 1;

  audio.scheme = PF_FEC_AUDIO;
  audio.data_shards = 4;
  audio.parity_shards = 2;
  audio.shard_size = 120;
  error = pf_fec_cache_new (2, &cache);
  if (error != PF_OK)
    return complain ("cache", error);
  error = pf_fec_cache_get (cache, &audio, &fec);
  if (error == PF_OK)
    error = pf_fec_cache_get (cache, &audio, &again);
  if (error != PF_OK || fec != again)
    return complain ("cache get", error);
  pf_fec_cache_free (cache);
  printf ("libpf %s, ABI %u, kernels %s\n", pf_version (),
      (unsigned) pf_abi_version (), pf_fec_kernel ());
  return 0;
}
