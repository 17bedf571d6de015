/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* pffecenc: an access unit becomes packets, data first, parity behind it. */
#include "pf-fec-enc-private.h"

#define GST_CAT_DEFAULT pf_fec_enc_debug

/* What UDP_SEGMENT takes in a call. */
#define CALL_BYTES 65507
#define CALL_ROWS 64

int
pf_fec_enc_plan (PfFecEnc *self, PfWireFrame *frame, PfWirePlan *plan)
{
  int ret;

  GST_OBJECT_LOCK (self);
  frame->percent = self->terms_scheme ? self->adapt.percent : 0;
  frame->min_parity = self->terms_min_parity;
  GST_OBJECT_UNLOCK (self);
  ret = self->wire->plan (&self->sender, frame, plan);
  if (ret == 0)
    self->begun = TRUE;
  return ret;
}

/* Rows on their way: a slab memory mapped for writing. */
typedef struct {
  GstMemory *memory;
  GstMapInfo map;
  gsize stride, offset, size;
  guint n;
} Rows;

static gboolean
rows_new (PfFecEnc *self, guint n, Rows *rows)
{
  rows->n = n;
  rows->offset = self->wish.prefix;
  rows->size =
      pf_wire_row_size (self->wire, self->sender.config.shard_payload, FALSE);
  rows->stride =
      pf_slab_stride (rows->offset + rows->size + self->wish.padding);
  rows->memory = pf_slab_pool_alloc (self->pool, rows->stride * n);
  return gst_memory_map (rows->memory, &rows->map, GST_MAP_WRITE);
}

static guint8 *
row_at (const Rows *rows, guint i)
{
  return rows->map.data + i * rows->stride + rows->offset;
}

/* n of the rows, in memory, which is taken over. */
static GstFlowReturn
push_rows (PfFecEnc *self, GstMemory *memory, const Rows *rows, guint n,
    const PfWirePlan *plan, guint part, guint position, GstBuffer *frame)
{
  GstBuffer *block =
      pf_block_new (memory, n, rows->stride, rows->offset, rows->size);
  PfBlockMeta *meta = pf_buffer_get_block_meta (block);

  meta->part = part;
  if (plan->frame.flags & PF_WIRE_FILLER)
    meta->part |= PF_BLOCK_FILLER;
  if (plan->frame.flags & PF_WIRE_KEY)
    meta->part |= PF_BLOCK_KEY;
  if (plan->frame.flags & PF_WIRE_ANCHOR)
    meta->part |= PF_BLOCK_ANCHOR;
  meta->frame = plan->number;
  meta->position = position;
  meta->n_packets = pf_wire_n_packets (plan);
  if (frame) {
    GST_BUFFER_PTS (block) = GST_BUFFER_PTS (frame);
    GST_BUFFER_DTS (block) = GST_BUFFER_DTS (frame);
    GST_BUFFER_DURATION (block) = GST_BUFFER_DURATION (frame);
  }
  GST_BUFFER_FLAG_SET (block, self->breaks);
  self->breaks = 0;
  if (self->wish.blocks)
    return gst_pad_push (self->srcpad, block);
  return gst_pad_push_list (self->srcpad, pf_block_split (block));
}

/* Data shards first .. first+n-1 of the frame, headers and payload. Where the
 * first of them stands among the frame's packets. */
static guint
write_data (PfFecEnc *self, const PfWirePlan *plan, guint first, guint n,
    const GstMapInfo *unit, guint8 *rows, gsize stride)
{
  guint position = 0;

  for (guint at = 0; at < n;) {
    const guint shard = first + at;
    const PfWireBlock block = pf_wire_block (
        plan, MIN (shard / plan->block_data, plan->n_blocks - 1));
    const guint index = shard - block.first_data;
    const guint some = MIN (block.data - index, n - at);
    guint8 *row = rows + at * stride;

    if (at == 0)
      position = pf_wire_position (plan, &block, index);
    pf_wire_payload (
        plan, unit->data, shard, some, row + self->wire->header_size, stride);
    self->wire->headers (plan, &block, index, some, row, stride);
    at += some;
  }
  return position;
}

/* Into pieces of how many rows n are best cut. What needs more than one call to
 * the kernel leaves in two pieces at least; larger ones than for two calls gain
 * nothing, and smaller ones wake the receiver too often. */
static guint
piece_rows (const PfFecEnc *self, const Rows *rows, guint n)
{
  const gsize size = rows->offset + rows->size + self->wish.padding;
  const guint call = (guint) CLAMP (CALL_BYTES / size, 1, CALL_ROWS);
  const guint pieces = MAX ((n + 2 * call - 1) / (2 * call), n > call ? 2 : 1);

  return (n + pieces - 1) / pieces;
}

/* Blocks first .. first+n-1 of the frame: their data, in pieces, so that the
 * first packets are on their way while others are cut and sealed. */
static GstFlowReturn
push_data (PfFecEnc *self, const PfWirePlan *plan, guint first, guint n,
    const GstMapInfo *unit, GstBuffer *frame)
{
  const PfWireBlock begin = pf_wire_block (plan, first);
  const PfWireBlock end = pf_wire_block (plan, first + n - 1);
  const guint n_rows = end.first_data + end.data - begin.first_data;
  GstFlowReturn ret = GST_FLOW_OK;
  guint step;
  Rows rows;

  if (!rows_new (self, n_rows, &rows))
    return GST_FLOW_ERROR;
  step = piece_rows (self, &rows, n_rows);
  for (guint at = 0; at < n_rows && ret == GST_FLOW_OK; at += step) {
    const guint some = MIN (step, n_rows - at);
    const gsize room = some * rows.stride;
    const guint position = write_data (self, plan, begin.first_data + at, some,
        unit, row_at (&rows, at), rows.stride);

    ret = push_rows (self,
        pf_slab_part (rows.memory, at * rows.stride, room, 0, room), &rows,
        some, plan, PF_BLOCK_DATA, position, frame);
  }
  gst_memory_unmap (rows.memory, &rows.map);
  gst_memory_unref (rows.memory);
  return ret;
}

/* Data rows of one block as the parity covers them: payload from the frame,
 * headers made again. */
static void
gather_data (PfFecEnc *self, const PfWirePlan *plan, const PfWireBlock *block,
    const GstMapInfo *unit)
{
  const guint header = self->wire->parity_header;
  const guint payload = plan->shard_payload;
  guint spare = 0;

  g_byte_array_set_size (self->headers, block->data * header);
  if (header > 0)
    self->wire->parity_headers (
        plan, block, 0, block->data, self->headers->data, header);
  /* more than two only where a format pads with whole shards */
  g_byte_array_set_size (self->scratch, 2 * payload);
  g_ptr_array_set_size (self->rows, 2 * (gint) block->data);
  for (guint i = 0; i < block->data; i++) {
    const gsize room = self->scratch->len;
    const guint8 *bytes;

    if ((spare + 1) * payload > room)
      g_byte_array_set_size (self->scratch, (guint) (room + payload));
    bytes = pf_wire_shard_bytes (plan, unit->data, block->first_data + i,
        self->scratch->data + spare * payload);
    if (bytes == self->scratch->data + spare * payload) {
      spare++;
      bytes = NULL; /* set below: the array may still move */
    }
    g_ptr_array_index (self->rows, i) = self->headers->data + i * header;
    g_ptr_array_index (self->rows, block->data + i) = (gpointer) bytes;
  }
  spare = 0;
  for (guint i = block->data; i < 2 * block->data; i++)
    if (!g_ptr_array_index (self->rows, i))
      g_ptr_array_index (self->rows, i) =
          self->scratch->data + spare++ * payload;
}

static gboolean
encode_block (PfFecEnc *self, const PfWirePlan *plan, const PfWireBlock *block,
    const GstMapInfo *unit, const Rows *rows, guint at)
{
  const guint header = self->wire->parity_header;
  PfFecConfig config = PF_FEC_CONFIG_INIT;
  PfFecSpan spans[2];
  PfFec *fec;

  config.scheme = plan->scheme;
  config.data_shards = block->data;
  config.parity_shards = block->parity;
  config.shard_size = header + plan->shard_payload;
  if (pf_fec_cache_get (self->cache, &config, &fec) < 0)
    return FALSE;
  gather_data (self, plan, block, unit);
  g_ptr_array_set_size (self->parity_rows, 2 * (gint) block->parity);
  for (guint j = 0; j < block->parity; j++) {
    guint8 *row = row_at (rows, at + j);

    g_ptr_array_index (self->parity_rows, j) = row;
    g_ptr_array_index (self->parity_rows, block->parity + j) =
        row + self->wire->header_size;
  }
  spans[0] =
      (PfFecSpan){ sizeof *spans, header, (uint8_t *const *) self->rows->pdata,
        (uint8_t *const *) self->parity_rows->pdata };
  spans[1] = (PfFecSpan){ sizeof *spans, plan->shard_payload,
    (uint8_t *const *) self->rows->pdata + block->data,
    (uint8_t *const *) self->parity_rows->pdata + block->parity };
  if (pf_fec_encode_spans (fec, spans, 2) < 0)
    return FALSE;
  self->wire->headers (
      plan, block, block->data, block->parity, row_at (rows, at), rows->stride);
  return TRUE;
}

static GstFlowReturn
push_parity (PfFecEnc *self, const PfWirePlan *plan, guint first, guint n,
    const GstMapInfo *unit, GstBuffer *frame)
{
  guint n_rows = 0, at = 0, position = 0;
  Rows rows;

  for (guint b = first; b < first + n; b++)
    n_rows += pf_wire_block (plan, b).parity;
  if (n_rows == 0)
    return GST_FLOW_OK;
  if (!rows_new (self, n_rows, &rows))
    return GST_FLOW_ERROR;
  for (guint b = first; b < first + n; b++) {
    const PfWireBlock block = pf_wire_block (plan, b);

    if (block.parity == 0)
      continue;
    if (at == 0)
      position = pf_wire_position (plan, &block, block.data);
    if (!encode_block (self, plan, &block, unit, &rows, at)) {
      gst_memory_unmap (rows.memory, &rows.map);
      gst_memory_unref (rows.memory);
      GST_ELEMENT_ERROR (self, LIBRARY, ENCODE,
          ("Cannot compute parity for this frame."),
          ("%u data and %u parity shards of %u bytes", block.data, block.parity,
              plan->shard_payload));
      return GST_FLOW_ERROR;
    }
    at += block.parity;
  }
  gst_memory_unmap (rows.memory, &rows.map);
  return push_rows (
      self, rows.memory, &rows, rows.n, plan, PF_BLOCK_PARITY, position, frame);
}

GstFlowReturn
pf_fec_enc_push (PfFecEnc *self, const PfWirePlan *plan, const GstMapInfo *unit,
    GstBuffer *frame)
{
  GstFlowReturn ret = GST_FLOW_OK;
  guint step = plan->order == PF_WIRE_ORDER_BLOCK ? 1 : plan->n_blocks;

  for (guint b = 0; b < plan->n_blocks && ret == GST_FLOW_OK; b += step) {
    ret = push_data (self, plan, b, step, unit, frame);
    if (ret == GST_FLOW_OK)
      ret = push_parity (self, plan, b, step, unit, frame);
  }
  return ret;
}
