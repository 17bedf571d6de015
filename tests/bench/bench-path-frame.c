/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A frame to packets and back, without network: cutting, parity, joining. */
#include <string.h>

#include "bench-path-gst.h"
#include "bench-path.h"
#include "pf-slab.h"
#include "pf-wire.h"

typedef struct {
  const PathCase *c;
  guint8 *payload;
  PathChain *before, *chain; /* chain is timed */
  GPtrArray *blocks;         /* that before made */
  guint done;                /* packets, or frames, that came out */
  gsize bytes;               /* in them */
  GstClockTime pts;

  /* bare */
  PfSlabPool *pool;
  const PfWire *wire;
  PfWireSender sender;
  PfWirePlan plan;
  PfFecCache *cache;
  guint8 *rows;
  gsize stride;
  GPtrArray *pointers;
} Frame;

static void
keep_block (gpointer data, GstBuffer *buffer)
{
  g_ptr_array_add (((Frame *) data)->blocks, buffer);
}

static void
count_out (gpointer data, GstBuffer *buffer)
{
  const PfBlockMeta *m = pf_buffer_get_block_meta (buffer);
  Frame *x = data;

  x->done += m ? m->n : 1;
  x->bytes += m ? m->n * m->size : gst_buffer_get_size (buffer);
  gst_buffer_unref (buffer);
}

static void
frame_free (gpointer data, PathFacts *facts)
{
  Frame *x = data;

  if (facts && x->chain) {
    facts->wire_bytes = (double) x->bytes;
    facts->payload_bytes = (double) x->c->bytes;
    facts->copies = path_chain_stat (x->chain, "x", "copies");
    facts->allocations = path_chain_stat (x->chain, "x", "allocations");
  }
  path_chain_free (x->chain);
  path_chain_free (x->before);
  pf_fec_cache_free (x->cache);
  pf_slab_pool_free (x->pool);
  g_ptr_array_unref (x->blocks);
  g_ptr_array_unref (x->pointers);
  g_free (x->rows);
  g_free (x->payload);
  g_free (x);
}

static Frame *
frame_new (const PathCase *c)
{
  Frame *x = g_new0 (Frame, 1);
  PfWireConfig config = { 0 };
  PfWireFrame frame = { .size = c->bytes, .percent = PATH_PERCENT };

  x->c = c;
  x->payload = path_noise (c->bytes);
  x->blocks =
      g_ptr_array_new_with_free_func ((GDestroyNotify) gst_buffer_unref);
  x->pointers = g_ptr_array_new ();
  x->pool = pf_slab_pool_new ();
  x->wire = pf_wire_find (c->wire);
  config.shard_payload = PATH_PAYLOAD;
  config.percent = PATH_PERCENT;
  config.scheme =
      strcmp (c->wire, "gamestream") == 0 ? PF_FEC_GF8 : PF_FEC_GF16;
  if (pf_wire_sender_init (&x->sender, x->wire, &config) < 0 ||
      x->wire->plan (&x->sender, &frame, &x->plan) < 0 ||
      pf_fec_cache_new (16, &x->cache) < 0) {
    frame_free (x, NULL);
    return NULL;
  }
  x->stride = pf_slab_stride (pf_wire_row_size (x->wire, PATH_PAYLOAD, TRUE));
  x->rows = g_malloc0 (pf_wire_n_packets (&x->plan) * x->stride);
  return x;
}

/* ---- Cutting ------------------------------------------------------------ */

static gpointer
cut_new_with (const PathCase *c, guint percent)
{
  gchar *settings = path_enc_settings (c->wire, percent);
  gchar *line = g_strdup_printf ("pffecenc name=x %s", settings);
  Frame *x = frame_new (c);

  if (x)
    x->chain = path_chain_new (line, PATH_MEDIA, count_out, x);
  g_free (line);
  g_free (settings);
  if (x && !x->chain) {
    frame_free (x, NULL);
    x = NULL;
  }
  return x;
}

static gpointer
cut_new (const PathCase *c)
{
  return cut_new_with (c, PATH_PERCENT);
}

static gpointer
cut_plain_new (const PathCase *c)
{
  return cut_new_with (c, 0);
}

static PathStatus
cut_once (gpointer data, PathSample *s)
{
  Frame *x = data;
  GstBuffer *frame = path_frame (x->payload, x->c->bytes, x->pts);
  GstFlowReturn ret;
  double wall, cpu;

  x->pts += 16 * GST_MSECOND;
  x->done = 0;
  x->bytes = 0;
  wall = path_now ();
  cpu = path_cpu ();
  ret = gst_pad_push (x->chain->in, frame);
  s->cpu = path_cpu () - cpu;
  s->wall = path_now () - wall;
  return ret == GST_FLOW_OK && x->done >= x->plan.n_data ? PATH_OK : PATH_WRONG;
}

static gpointer
bare_new (const PathCase *c)
{
  return frame_new (c);
}

/* The payload to rows, and nothing else. */
static PathStatus
copy_once (gpointer data, PathSample *s)
{
  Frame *x = data;
  double wall = path_now (), cpu = path_cpu ();

  pf_wire_payload (&x->plan, x->payload, 0, x->plan.n_data,
      x->rows + x->wire->header_size, x->stride);
  s->cpu = path_cpu () - cpu;
  s->wall = path_now () - wall;
  return PATH_OK;
}

static gboolean
encode (Frame *x, const PfWireBlock *block)
{
  PfFecConfig config = PF_FEC_CONFIG_INIT;
  PfFec *fec;

  config.scheme = x->plan.scheme;
  config.data_shards = block->data;
  config.parity_shards = block->parity;
  config.shard_size = x->wire->parity_header + PATH_PAYLOAD;
  if (block->parity == 0)
    return TRUE;
  g_ptr_array_set_size (x->pointers, 0);
  for (guint i = 0; i < block->data; i++)
    g_ptr_array_add (
        x->pointers, x->rows + (block->first_data + i) * x->stride);
  for (guint i = 0; i < block->parity; i++)
    g_ptr_array_add (x->pointers,
        x->rows + (x->plan.n_data + block->first_parity + i) * x->stride);
  return pf_fec_cache_get (x->cache, &config, &fec) >= 0 &&
         pf_fec_encode (fec,
             (const uint8_t *const *) (gpointer) x->pointers->pdata,
             (uint8_t *const *) x->pointers->pdata + block->data) >= 0;
}

/* Parity, and nothing else. */
static PathStatus
parity_once (gpointer data, PathSample *s)
{
  Frame *x = data;
  double wall = path_now (), cpu = path_cpu ();
  gboolean ok = TRUE;

  for (guint b = 0; b < x->plan.n_blocks && ok; b++) {
    const PfWireBlock block = pf_wire_block (&x->plan, b);

    ok = encode (x, &block);
  }
  s->cpu = path_cpu () - cpu;
  s->wall = path_now () - wall;
  return ok ? PATH_OK : PATH_WRONG;
}

/* ---- Joining ------------------------------------------------------------ */

static gpointer
join_new (const PathCase *c)
{
  gchar *settings = path_enc_settings (c->wire, PATH_PERCENT);
  gchar *fields = path_fields (c->wire, FALSE);
  gchar *line = g_strdup_printf ("pffecenc %s", settings);
  gchar *back = g_strdup_printf (
      "pffecdec name=x caps=\"" PATH_MEDIA "\" shard-payload=%u", PATH_PAYLOAD);
  gchar *caps = g_strdup_printf ("application/x-pf-block,%s", fields);
  Frame *x = frame_new (c);

  if (x) {
    x->before = path_chain_new (line, PATH_MEDIA, keep_block, x);
    if (x->before)
      x->chain = path_chain_new (back, caps, count_out, x);
  }
  g_free (caps);
  g_free (back);
  g_free (line);
  g_free (fields);
  g_free (settings);
  if (x && !x->chain) {
    frame_free (x, NULL);
    x = NULL;
  }
  return x;
}

static PathStatus
join_once (gpointer data, PathSample *s)
{
  Frame *x = data;
  double wall, cpu;
  guint n;

  g_ptr_array_set_size (x->blocks, 0);
  gst_pad_push (x->before->in, path_frame (x->payload, x->c->bytes, x->pts));
  x->pts += 16 * GST_MSECOND;
  x->done = 0;
  x->bytes = 0;
  n = x->blocks->len;
  for (guint i = 0; i < n; i++)
    gst_buffer_ref (g_ptr_array_index (x->blocks, i));
  wall = path_now ();
  cpu = path_cpu ();
  for (guint i = 0; i < n; i++)
    gst_pad_push (x->chain->in, g_ptr_array_index (x->blocks, i));
  s->cpu = path_cpu () - cpu;
  s->wall = path_now () - wall;
  return x->done == 1 && x->bytes == x->c->bytes ? PATH_OK : PATH_WRONG;
}

/* Rows to one memory, fresh as a frame's, and nothing else. */
static PathStatus
gather_once (gpointer data, PathSample *s)
{
  Frame *x = data;
  double wall = path_now (), cpu = path_cpu ();
  guint8 *memory = g_malloc (x->plan.n_data * PATH_PAYLOAD);

  for (guint i = 0; i < x->plan.n_data; i++)
    memcpy (memory + i * PATH_PAYLOAD,
        x->rows + i * x->stride + x->wire->header_size, PATH_PAYLOAD);
  g_free (memory);
  s->cpu = path_cpu () - cpu;
  s->wall = path_now () - wall;
  return PATH_OK;
}

const PathContender path_cut[] = {
  { "pffecenc", cut_new, cut_once, frame_free },
  { "percentage=0", cut_plain_new, cut_once, frame_free },
  { "copy", bare_new, copy_once, frame_free },
  { "parity", bare_new, parity_once, frame_free },
};
const guint path_n_cut = G_N_ELEMENTS (path_cut);

const PathContender path_join[] = {
  { "pffecdec", join_new, join_once, frame_free },
  { "copy", bare_new, gather_once, frame_free },
};
const guint path_n_join = G_N_ELEMENTS (path_join);
