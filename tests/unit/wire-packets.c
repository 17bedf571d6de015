/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Packets of an access unit through the PfWire table; see wire-packets.h.
 */
#include "wire-packets.h"

#include <stdlib.h>
#include <string.h>

#define STRIDE_ROOM 24 /* rows are not dense, as in a slab */

typedef struct {
  size_t header, payload, stride;
  uint8_t *rows;    /* header and payload, stride apart */
  uint8_t *heads;   /* header columns as parity covers them */
  uint8_t *scratch; /* payload rows that do not lie in the access unit */
  uint8_t **columns;
} Work;

static void
work_clear (Work *w)
{
  free (w->rows);
  free (w->heads);
  free (w->scratch);
  free (w->columns);
}

static int
work_init (Work *w, const PfWirePlan *plan, uint32_t n_rows)
{
  w->header = plan->wire->header_size;
  w->payload = plan->shard_payload;
  w->stride = w->header + w->payload + STRIDE_ROOM;
  w->rows = malloc (n_rows * w->stride);
  w->heads = malloc (n_rows * (w->header + 1));
  w->scratch = malloc (n_rows * w->payload);
  w->columns = malloc (4 * n_rows * sizeof *w->columns);
  return w->rows && w->heads && w->scratch && w->columns ? 0 : PF_ERR_NO_MEMORY;
}

/* Parity rows of a block: from the access unit, not from the data rows. */
static int
make_parity (const PfWirePlan *plan, const PfWireBlock *block,
    const uint8_t *unit, Work *w)
{
  const uint32_t k = block->data, m = block->parity;
  const size_t covered = plan->wire->parity_header;
  uint8_t **heads = w->columns, **payloads = heads + k + m;
  PfFecConfig config = PF_FEC_CONFIG_INIT;
  PfFecSpan spans[2] = { { sizeof *spans, covered, heads, heads + k },
    { sizeof *spans, w->payload, payloads, payloads + k } };
  PfFec *fec;
  int ret;

  config.scheme = plan->scheme;
  config.data_shards = k;
  config.parity_shards = m;
  config.shard_size = covered + w->payload;
  ret = pf_fec_new (&config, &fec);
  if (ret < 0)
    return ret;
  if (covered > 0)
    plan->wire->parity_headers (plan, block, 0, k, w->heads, covered);
  for (uint32_t i = 0; i < k; i++) {
    heads[i] = w->heads + i * covered;
    payloads[i] = (uint8_t *) (uintptr_t) pf_wire_shard_bytes (
        plan, unit, block->first_data + i, w->scratch + i * w->payload);
  }
  for (uint32_t j = 0; j < m; j++) {
    heads[k + j] = w->rows + (k + j) * w->stride;
    payloads[k + j] = heads[k + j] + w->header;
  }
  ret = pf_fec_encode_spans (fec, spans, 2);
  pf_fec_free (fec);
  return ret;
}

static void
give_away (const PfWireBlock *block, uint32_t first, uint32_t n, Work *w,
    WirePackets *out)
{
  for (uint32_t i = first; i < first + n; i++)
    memcpy (wire_packet (out, pf_wire_position (&out->plan, block, i)),
        w->rows + i * w->stride, out->size);
  /* as if sealed in place */
  memset (w->rows + first * w->stride, 0xa5, n * w->stride);
}

int
wire_packets_make (PfWireSender *sender, const PfWireFrame *frame,
    const uint8_t *unit, WirePackets *out)
{
  const PfWire *wire = sender->wire;
  Work w = { 0 };
  int ret;

  memset (out, 0, sizeof *out);
  ret = wire->plan (sender, frame, &out->plan);
  if (ret < 0)
    return ret;
  out->n = pf_wire_n_packets (&out->plan);
  out->size = pf_wire_row_size (wire, out->plan.shard_payload, false);
  out->packets = calloc (out->n, out->size);
  ret = out->packets ? work_init (&w, &out->plan, out->n) : PF_ERR_NO_MEMORY;
  for (uint32_t b = 0; ret == 0 && b < out->plan.n_blocks; b++) {
    const PfWireBlock block = pf_wire_block (&out->plan, b);
    const uint32_t k = block.data, m = block.parity;

    wire->headers (&out->plan, &block, 0, k, w.rows, w.stride);
    pf_wire_payload (
        &out->plan, unit, block.first_data, k, w.rows + w.header, w.stride);
    give_away (&block, 0, k, &w, out);
    if (m == 0)
      continue;
    ret = make_parity (&out->plan, &block, unit, &w);
    if (ret < 0)
      break;
    wire->headers (&out->plan, &block, k, m, w.rows + k * w.stride, w.stride);
    give_away (&block, k, m, &w, out);
  }
  work_clear (&w);
  return ret;
}

void
wire_packets_clear (WirePackets *packets)
{
  free (packets->packets);
  packets->packets = NULL;
}
