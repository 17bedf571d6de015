/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A buffer that holds many packets; see pf-block.h. */
#include "pf-block.h"

#include "pf-slab.h"

GType
pf_block_meta_api_get_type (void)
{
  static gsize type;

  if (g_once_init_enter (&type)) {
    static const gchar *tags[] = { NULL };
    GType t = gst_meta_api_type_register ("PfBlockMetaAPI", tags);

    g_once_init_leave (&type, t);
  }
  return (GType) type;
}

static gboolean
block_meta_init (GstMeta *meta, gpointer params, GstBuffer *buffer)
{
  PfBlockMeta *m = (PfBlockMeta *) meta;

  (void) params;
  (void) buffer;
  memset ((guint8 *) m + sizeof (GstMeta), 0, sizeof *m - sizeof (GstMeta));
  m->deadline = GST_CLOCK_TIME_NONE;
  return TRUE;
}

/* Rows mean something only together with all of the memory. */
static gboolean
block_meta_transform (GstBuffer *dest, GstMeta *meta, GstBuffer *buffer,
    GQuark type, gpointer data)
{
  PfBlockMeta *from = (PfBlockMeta *) meta, *to;
  GstMetaTransformCopy *copy = data;

  (void) buffer;
  if (!GST_META_TRANSFORM_IS_COPY (type) || copy->region)
    return FALSE;
  to = (PfBlockMeta *) gst_buffer_add_meta (
      dest, pf_block_meta_get_info (), NULL);
  memcpy ((guint8 *) to + sizeof (GstMeta), (guint8 *) from + sizeof (GstMeta),
      sizeof *to - sizeof (GstMeta));
  return TRUE;
}

const GstMetaInfo *
pf_block_meta_get_info (void)
{
  static gsize info;

  if (g_once_init_enter (&info)) {
    const GstMetaInfo *i =
        gst_meta_register (PF_BLOCK_META_API_TYPE, "PfBlockMeta",
            sizeof (PfBlockMeta), block_meta_init, NULL, block_meta_transform);

    g_once_init_leave (&info, (gsize) i);
  }
  return (const GstMetaInfo *) info;
}

GstBuffer *
pf_block_new (
    GstMemory *memory, guint n, gsize stride, gsize offset, gsize size)
{
  GstBuffer *buffer = gst_buffer_new ();
  PfBlockMeta *m;

  gst_buffer_append_memory (buffer, memory);
  m = (PfBlockMeta *) gst_buffer_add_meta (
      buffer, pf_block_meta_get_info (), NULL);
  m->n = n;
  m->stride = stride;
  m->offset = offset;
  m->size = size;
  return buffer;
}

PfBlockWish
pf_block_ask (GstPad *pad, GstCaps *caps)
{
  GstQuery *query = gst_query_new_allocation (caps, FALSE);
  PfBlockWish wish = { FALSE, 0, 0 };

  if (gst_pad_peer_query (pad, query)) {
    wish.blocks =
        gst_query_find_allocation_meta (query, PF_BLOCK_META_API_TYPE, NULL);
    if (gst_query_get_n_allocation_params (query) > 0) {
      GstAllocationParams params;

      gst_query_parse_nth_allocation_param (query, 0, NULL, &params);
      wish.prefix = params.prefix;
      wish.padding = params.padding;
    }
  }
  gst_query_unref (query);
  return wish;
}

void
pf_block_answer (GstQuery *query, const PfBlockWish *wish)
{
  GstAllocationParams params;

  gst_allocation_params_init (&params);
  params.prefix = wish->prefix;
  params.padding = wish->padding;
  gst_query_add_allocation_param (query, NULL, &params);
  if (wish->blocks)
    gst_query_add_allocation_meta (query, PF_BLOCK_META_API_TYPE, NULL);
}

GstBufferList *
pf_block_split (GstBuffer *block)
{
  PfBlockMeta *m = pf_buffer_get_block_meta (block);
  GstMemory *rows = gst_buffer_peek_memory (block, 0);
  GstBufferList *list = gst_buffer_list_new_sized (m->n);

  for (guint i = 0; i < m->n; i++) {
    GstBuffer *packet = gst_buffer_new ();

    gst_buffer_append_memory (packet,
        pf_slab_part (rows, i * m->stride, m->stride, m->offset, m->size));
    GST_BUFFER_PTS (packet) = GST_BUFFER_PTS (block);
    GST_BUFFER_DTS (packet) = GST_BUFFER_DTS (block);
    if (i == 0)
      GST_BUFFER_FLAG_SET (packet, GST_BUFFER_FLAGS (block) & PF_BLOCK_BREAKS);
    gst_buffer_list_add (list, packet);
  }
  gst_buffer_unref (block);
  return list;
}
