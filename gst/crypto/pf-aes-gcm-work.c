/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* pfaesgcm: sealing and opening of packets and blocks, in place if it can be. */
#include "pf-aes-gcm-private.h"

#include <string.h>

#define GST_CAT_DEFAULT pf_aes_gcm_debug

#define FAILURES_TOLD 100 /* packets in a row that did not open */
#define TELL_AGAIN_US 5000000
#define FRESH_ROWS_MAX 64 /* packets that share a slab of copies */

void
pf_aes_gcm_count (PfAesGcmWork *w)
{
  PfAesGcm *self = w->self;

  if (w->n.rejected || w->n.replayed)
    GST_DEBUG_OBJECT (self,
        "dropped %" G_GUINT64_FORMAT " packets, and %" G_GUINT64_FORMAT
        " that came twice or too late",
        w->n.rejected, w->n.replayed);
  if (w->n.copies)
    w->n.allocations = pf_slab_pool_allocations (self->pool);
  GST_OBJECT_LOCK (self);
  self->counters.packets += w->n.packets;
  self->counters.rejected += w->n.rejected;
  self->counters.replayed += w->n.replayed;
  self->counters.pending += w->n.pending;
  self->counters.copies += w->n.copies;
  self->counters.allocations =
      MAX (self->counters.allocations, w->n.allocations);
  GST_OBJECT_UNLOCK (self);
  memset (&w->n, 0, sizeof w->n);
}

/* ---- Rows --------------------------------------------------------------- */

/* Counts a packet that cannot be opened; says so now and then when none can. */
static void
reject (PfAesGcmWork *w)
{
  PfAesGcm *self = w->self;
  gint64 now;

  w->n.rejected++;
  if (++self->failures % FAILURES_TOLD)
    return;
  now = g_get_monotonic_time ();
  if (self->told && now - self->told < TELL_AGAIN_US)
    return;
  self->told = now;
  GST_WARNING_OBJECT (self,
      "%u packets in a row could not be opened: another key, or not packets "
      "of %s",
      self->failures, self->wire->name);
}

/* Seals a plain packet, around which there is room. */
static gboolean
seal_row (PfAesGcmWork *w, guint8 *packet, gsize size)
{
  PfAesGcm *self = w->self;
  const PfAeadSpan span = { packet, size };
  int ret = pf_sealer_seal_packet (self->sealer, self->wire,
      packet - self->wire->seal_prefix, &span, 1, packet + size);

  if (ret < 0) {
    GST_ELEMENT_ERROR (self, STREAM, FAILED,
        ("A packet cannot be sealed; start the stream anew for a fresh key."),
        ("%" G_GSIZE_FORMAT " bytes: %s", size, pf_strerror (ret)));
    w->ret = GST_FLOW_ERROR;
    return FALSE;
  }
  w->n.packets++;
  return TRUE;
}

/* Opens a datagram: cheap checks first. */
static gboolean
open_row (PfAesGcmWork *w, guint8 *datagram, gsize size, PfWireSealed *s)
{
  PfAesGcm *self = w->self;
  PfAeadSpan span;

  for (gboolean again = FALSE;; again = TRUE) {
    if (self->wire->open (&self->source, self->highest, datagram, size, s) <
            0 ||
        s->number >> self->wire->key_shift != 0) {
      reject (w);
      return FALSE;
    }
    if (pf_replay_check (self->replay, s->number) == 0)
      break;
    /* a new key begins with low numbers */
    if (again || !pf_aes_gcm_look_for_key (self)) {
      w->n.replayed++;
      return FALSE;
    }
  }
  span = (PfAeadSpan){ datagram + s->body, s->body_size };
  if (pf_aead_open (self->opener, s->nonce, datagram + s->aad, s->aad_size,
          &span, 1, datagram + s->tag, PF_AEAD_TAG_SIZE) < 0) {
    reject (w);
    pf_aes_gcm_look_for_key (self);
    return FALSE;
  }
  pf_replay_enter (self->replay, s->number);
  self->highest = MAX (self->highest, s->number);
  self->proven = TRUE;
  self->failures = 0;
  w->n.packets++;
  return TRUE;
}

/* ---- Memory ------------------------------------------------------------- */

static void
refuse_short (PfAesGcmWork *w, gsize size)
{
  GST_ELEMENT_ERROR (w->self, STREAM, FORMAT,
      ("What comes in are no packets of %s; link pffecenc before.",
          w->self->wire->name),
      ("%" G_GSIZE_FORMAT " bytes", size));
  w->ret = GST_FLOW_ERROR;
}

static void
refuse_memory (PfAesGcmWork *w)
{
  GST_ELEMENT_ERROR (
      w->self, RESOURCE, WRITE, ("Cannot map the memory of packets."), (NULL));
  w->ret = GST_FLOW_ERROR;
}

/* Asked for n packets that cannot be worked on in place. */
static gboolean
may_copy (PfAesGcmWork *w, guint n)
{
  if (w->self->forbid_copy) {
    GST_ELEMENT_ERROR (w->self, LIBRARY, SETTINGS,
        ("Packets would have to be copied, but forbid-copy is set: they are "
         "shared with others (a tee before this element), or lack the room "
         "that this element asks for in ALLOCATION."),
        (NULL));
    w->ret = GST_FLOW_ERROR;
    return FALSE;
  }
  w->n.copies += n;
  GST_CAT_DEBUG_OBJECT (
      pf_aes_gcm_performance, w->self, "copying %u packets", n);
  return TRUE;
}

/* Nobody else can see the bytes: memory is writable only if its buffer, and a
 * list that holds this, have one owner. */
static GstMemory *
own_memory (GstBuffer *buffer)
{
  GstMemory *m;

  if (gst_buffer_n_memory (buffer) != 1)
    return NULL;
  m = gst_buffer_peek_memory (buffer, 0);
  return gst_memory_is_writable (m) && !GST_MEMORY_IS_READONLY (m) ? m : NULL;
}

/* The memory of a packet that can be worked on as it is. */
static GstMemory *
memory_in_place (PfAesGcmWork *w, GstBuffer *buffer)
{
  const gboolean sealing = w->self->work == MODE_SEAL;
  const gsize before = sealing ? w->self->wire->seal_prefix : 0;
  const gsize after = sealing ? w->self->wire->seal_suffix : 0;
  GstMemory *m = own_memory (buffer);

  return m && m->offset >= before && m->maxsize - m->offset - m->size >= after
             ? m
             : NULL;
}

/* Room for one packet in a slab that packets of this call share. */
static GstMemory *
fresh_row (PfAesGcmWork *w, gsize before, gsize size, gsize after)
{
  const gsize room = before + size + after;

  if (!w->fresh || w->used == w->n_rows || room > w->stride) {
    if (w->fresh)
      gst_memory_unref (w->fresh);
    w->stride = pf_slab_stride (room);
    w->n_rows = CLAMP (w->left, 1, FRESH_ROWS_MAX);
    w->used = 0;
    w->fresh = pf_slab_pool_alloc (w->self->pool, w->n_rows * w->stride);
  }
  return pf_slab_part (
      w->fresh, w->used++ * w->stride, w->stride, before, size);
}

/* A copy of the packet that can be worked on; NULL on errors. */
static GstBuffer *
copy_packet (PfAesGcmWork *w, GstBuffer *buffer)
{
  const gboolean sealing = w->self->work == MODE_SEAL;
  GstBuffer *copy;
  GstMapInfo map;
  GstMemory *m;

  if (!may_copy (w, 1))
    return NULL;
  m = fresh_row (w, sealing ? w->self->wire->seal_prefix : 0,
      gst_buffer_get_size (buffer), sealing ? w->self->wire->seal_suffix : 0);
  if (!gst_memory_map (m, &map, GST_MAP_WRITE)) {
    gst_memory_unref (m);
    refuse_memory (w);
    return NULL;
  }
  gst_buffer_extract (buffer, 0, map.data, map.size);
  gst_memory_unmap (m, &map);
  copy = gst_buffer_new ();
  gst_buffer_append_memory (copy, m);
  gst_buffer_copy_into (copy, buffer, GST_BUFFER_COPY_METADATA, 0, -1);
  return copy;
}

/* A block in one slab memory that we may write, with so much room around its
 * rows: itself if possible, else a copy. Takes over block; NULL on errors. */
static GstBuffer *
own_block (PfAesGcmWork *w, GstBuffer *block, gsize before, gsize after)
{
  PfBlockMeta *meta = pf_buffer_get_block_meta (block);
  const gsize total = gst_buffer_get_size (block);
  const gsize n = meta->n, stride = meta->stride;
  const gsize end = meta->offset + meta->size;
  GstBuffer *copy = NULL;
  GstMapInfo from, to;
  GstMemory *m;
  gsize new_stride;

  if (n == 0 || total < end ||
      (n > 1 && (end > stride || (total - end) / stride < n - 1))) {
    GST_ELEMENT_ERROR (w->self, STREAM, FORMAT,
        ("A block of packets does not hold what it says."),
        ("%" G_GSIZE_FORMAT " rows, stride %" G_GSIZE_FORMAT
         ", %" G_GSIZE_FORMAT " bytes in all",
            n, stride, total));
    w->ret = GST_FLOW_ERROR;
    goto out;
  }
  m = own_memory (block);
  if (m && pf_is_slab_memory (m) && m->offset == 0 && meta->offset >= before &&
      (n == 1 || end + after <= stride) &&
      (n - 1) * stride + end + after <= total)
    return block;
  if (!may_copy (w, (guint) n))
    goto out;
  if (!gst_buffer_map (block, &from, GST_MAP_READ)) {
    refuse_memory (w);
    goto out;
  }
  new_stride = pf_slab_stride (before + meta->size + after);
  m = pf_slab_pool_alloc (w->self->pool, n * new_stride);
  if (gst_memory_map (m, &to, GST_MAP_WRITE)) {
    for (gsize i = 0; i < n; i++)
      memcpy (to.data + i * new_stride + before,
          from.data + i * stride + meta->offset, meta->size);
    gst_memory_unmap (m, &to);
    copy = gst_buffer_new ();
    gst_buffer_append_memory (copy, m);
    gst_buffer_copy_into (copy, block, GST_BUFFER_COPY_METADATA, 0, -1);
    meta = pf_buffer_get_block_meta (copy);
    meta->stride = new_stride;
    meta->offset = before;
  } else {
    gst_memory_unref (m);
    refuse_memory (w);
  }
  gst_buffer_unmap (block, &from);

out:
  gst_buffer_unref (block);
  return copy;
}

/* ---- Packets ------------------------------------------------------------ */

GstBuffer *
pf_aes_gcm_mark (PfAesGcm *self, GstBuffer *buffer)
{
  if (!self->breaks)
    return buffer;
  if ((GST_BUFFER_FLAGS (buffer) & self->breaks) != self->breaks) {
    buffer = gst_buffer_make_writable (buffer);
    GST_BUFFER_FLAG_SET (buffer, self->breaks);
  }
  self->breaks = 0;
  return buffer;
}

/* The range of memory that is ours: what gst_memory_resize() does, but for
 * looking again at who owns it. */
static void
set_range (GstMemory *m, gsize offset, gsize size)
{
  m->offset = offset;
  m->size = size;
}

static gboolean
seal_memory (PfAesGcmWork *w, GstMemory *m)
{
  const PfWire *wire = w->self->wire;
  const gsize before = wire->seal_prefix, after = wire->seal_suffix;
  const gsize size = m->size;
  gboolean done;
  GstMapInfo map;

  if (size < wire->header_size) {
    refuse_short (w, size);
    return FALSE;
  }
  set_range (m, m->offset - before, before + size + after);
  if (!gst_memory_map (m, &map, GST_MAP_READWRITE)) {
    refuse_memory (w);
    return FALSE;
  }
  done = seal_row (w, map.data + before, size);
  gst_memory_unmap (m, &map);
  return done;
}

static gboolean
open_memory (PfAesGcmWork *w, GstMemory *m)
{
  PfWireSealed sealed;
  gboolean done;
  GstMapInfo map;

  if (!gst_memory_map (m, &map, GST_MAP_READWRITE)) {
    refuse_memory (w);
    return FALSE;
  }
  done = open_row (w, map.data, map.size, &sealed);
  gst_memory_unmap (m, &map);
  if (done)
    set_range (m, m->offset + sealed.body, sealed.body_size);
  return done;
}

static gboolean
do_memory (PfAesGcmWork *w, GstMemory *m)
{
  return w->self->work == MODE_SEAL ? seal_memory (w, m) : open_memory (w, m);
}

GstBuffer *
pf_aes_gcm_do_packet (PfAesGcmWork *w, GstBuffer *buffer)
{
  GstMemory *m;

  if (w->self->work == MODE_NONE)
    return buffer;
  if (gst_buffer_get_size (buffer) == 0) { /* perhaps no memory at all */
    if (w->self->work == MODE_SEAL)
      refuse_short (w, 0);
    else
      reject (w);
    gst_buffer_unref (buffer);
    return NULL;
  }
  m = memory_in_place (w, buffer);
  if (!m) {
    GstBuffer *copy = copy_packet (w, buffer);

    gst_buffer_unref (buffer);
    if (!copy)
      return NULL;
    buffer = copy;
    m = gst_buffer_peek_memory (buffer, 0);
  }
  if (do_memory (w, m))
    return buffer;
  gst_buffer_unref (buffer);
  return NULL;
}

void
pf_aes_gcm_do_list (PfAesGcmWork *w, GstBufferList *list)
{
  guint i = 0;

  while (i < gst_buffer_list_length (list) && w->ret == GST_FLOW_OK) {
    GstBuffer *b = gst_buffer_list_get (list, i);
    const gboolean block = pf_buffer_get_block_meta (b) != NULL;
    const gboolean as_it_is = w->self->work == MODE_NONE && !block;
    GstMemory *m = block || as_it_is ? NULL : memory_in_place (w, b);

    if (as_it_is || (m && do_memory (w, m))) {
      i++;
      continue;
    }
    w->left = gst_buffer_list_length (list) - i;
    /* the packet is dropped, or another takes its place */
    gst_buffer_ref (b);
    gst_buffer_list_remove (list, i, 1);
    if (block) {
      pf_aes_gcm_do_block (w, b);
    } else if (m) {
      w->self->breaks |= GST_BUFFER_FLAGS (b) & PF_BLOCK_BREAKS;
      gst_buffer_unref (b);
    } else {
      const guint breaks = GST_BUFFER_FLAGS (b) & PF_BLOCK_BREAKS;

      b = pf_aes_gcm_do_packet (w, b);
      if (b)
        gst_buffer_list_insert (list, (gint) i++, b);
      else
        w->self->breaks |= breaks;
    }
  }
}

/* ---- Blocks ------------------------------------------------------------- */

static void
push_block (PfAesGcmWork *w, GstBuffer *block)
{
  pf_aes_gcm_count (w);
  block = pf_aes_gcm_mark (w->self, block);
  if (w->self->split)
    w->ret = gst_pad_push_list (w->self->srcpad, pf_block_split (block));
  else
    w->ret = gst_pad_push (w->self->srcpad, block);
}

static void
seal_block (PfAesGcmWork *w, GstBuffer *block)
{
  const PfWire *wire = w->self->wire;
  const gsize before = wire->seal_prefix, after = wire->seal_suffix;
  PfBlockMeta *meta = pf_buffer_get_block_meta (block);
  gboolean done = TRUE;
  GstMapInfo map;
  GstMemory *m;

  if (meta->size < wire->header_size) {
    refuse_short (w, meta->size);
    gst_buffer_unref (block);
    return;
  }
  block = own_block (w, block, before, after);
  if (!block)
    return;
  meta = pf_buffer_get_block_meta (block);
  m = gst_buffer_peek_memory (block, 0);
  if (!gst_memory_map (m, &map, GST_MAP_READWRITE)) {
    refuse_memory (w);
    gst_buffer_unref (block);
    return;
  }
  for (guint i = 0; i < meta->n && done; i++)
    done = seal_row (w, map.data + i * meta->stride + meta->offset, meta->size);
  gst_memory_unmap (m, &map);
  if (!done) {
    gst_buffer_unref (block);
    return;
  }
  meta->offset -= before;
  meta->size += before + after;
  push_block (w, block);
}

/* Rows first .. first+n-1 of an opened block as one of their own. */
static GstBuffer *
rows_of_block (GstBuffer *block, guint first, guint n)
{
  GstMemory *m = gst_buffer_peek_memory (block, 0);
  const gsize stride = pf_buffer_get_block_meta (block)->stride;
  const gsize start = first * stride;
  const gsize room = MIN (n * stride, m->maxsize - start);
  GstBuffer *part = gst_buffer_new ();
  PfBlockMeta *meta;

  gst_buffer_append_memory (part, pf_slab_part (m, start, room, 0, room));
  gst_buffer_copy_into (part, block, GST_BUFFER_COPY_METADATA, 0, -1);
  GST_BUFFER_FLAG_UNSET (part, PF_BLOCK_BREAKS);
  meta = pf_buffer_get_block_meta (part);
  meta->n = n;
  meta->position += first;
  return part;
}

/* Pushes an opened block without the rows whose numbers are in bad. */
static void
push_without (PfAesGcmWork *w, GstBuffer *block, const GArray *bad)
{
  const guint n = pf_buffer_get_block_meta (block)->n;
  guint first = 0;

  for (guint i = 0; i <= bad->len && w->ret == GST_FLOW_OK; i++) {
    const guint end = i < bad->len ? g_array_index (bad, guint, i) : n;

    if (end > first)
      push_block (w, rows_of_block (block, first, end - first));
    first = end + 1;
  }
  gst_buffer_unref (block);
}

static void
open_block (PfAesGcmWork *w, GstBuffer *block)
{
  g_autoptr (GArray) bad = NULL;
  PfWireSealed row, sealed = { 0 };
  PfBlockMeta *meta;
  GstMapInfo map;
  GstMemory *m;

  block = own_block (w, block, 0, 0);
  if (!block)
    return;
  meta = pf_buffer_get_block_meta (block);
  m = gst_buffer_peek_memory (block, 0);
  if (!gst_memory_map (m, &map, GST_MAP_READWRITE)) {
    refuse_memory (w);
    gst_buffer_unref (block);
    return;
  }
  for (guint i = 0; i < meta->n; i++) {
    if (open_row (
            w, map.data + i * meta->stride + meta->offset, meta->size, &row)) {
      sealed = row; /* all rows are alike */
    } else {
      if (!bad)
        bad = g_array_new (FALSE, FALSE, sizeof (guint));
      g_array_append_val (bad, i);
    }
  }
  gst_memory_unmap (m, &map);
  meta->offset += sealed.body;
  meta->size = sealed.body_size;
  if (!bad)
    push_block (w, block);
  else
    push_without (w, block, bad);
}

void
pf_aes_gcm_do_block (PfAesGcmWork *w, GstBuffer *block)
{
  w->self->breaks |= GST_BUFFER_FLAGS (block) & PF_BLOCK_BREAKS;
  switch (w->self->work) {
  case MODE_SEAL:
    seal_block (w, block);
    break;
  case MODE_OPEN:
    open_block (w, block);
    break;
  default:
    /* packets of a block that others see too must not become writable */
    if (w->self->split)
      block = own_block (w, block, 0, 0);
    if (block)
      push_block (w, block);
    break;
  }
}
