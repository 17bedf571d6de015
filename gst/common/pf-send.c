/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Packets of buffers through a socket; see pf-send.h. */
#include "pf-send.h"

#include "pf-block.h"

/* The category every copy is told to. */
static GstDebugCategory *
performance (void)
{
  static gsize once;
  static GstDebugCategory *category;

  if (g_once_init_enter (&once)) {
    GST_DEBUG_CATEGORY_GET (category, "GST_PERFORMANCE");
    g_once_init_leave (&once, 1);
  }
  return category;
}

static void
send_packets (PfSend *out, const struct iovec *packets, guint n)
{
  for (guint i = 0; i < out->n_to; i++) {
    int error;

    pf_socket_send_from (out->socket, out->to ? &out->to[i] : NULL, out->from,
        packets, n, &error);
    if (error) {
      out->error = error;
      out->error_to = i;
    }
  }
}

/* A mapped buffer; of one memory, without a merge. */
typedef struct {
  GstBuffer *buffer;
  GstMemory *memory; /* NULL: all of the buffer */
  GstMapInfo map;
} Mapped;

static gboolean
map_buffer (PfSend *out, GstBuffer *buffer, Mapped *m)
{
  gboolean ok;

  m->buffer = buffer;
  m->memory = NULL;
  if (gst_buffer_n_memory (buffer) == 1) {
    m->memory = gst_buffer_peek_memory (buffer, 0);
    ok = gst_memory_map (m->memory, &m->map, GST_MAP_READ);
  } else {
    GST_CAT_LOG (performance (), "a packet in several memories: a copy");
    out->copies++;
    ok = gst_buffer_map (buffer, &m->map, GST_MAP_READ);
  }
  if (!ok)
    out->unreadable++;
  return ok;
}

static void
unmap_buffer (Mapped *m)
{
  if (m->memory)
    gst_memory_unmap (m->memory, &m->map);
  else
    gst_buffer_unmap (m->buffer, &m->map);
}

/* Do the rows of a block lie inside of size bytes? */
static gboolean
rows_fit (const PfBlockMeta *m, gsize size)
{
  return m->size <= size && m->offset <= size - m->size &&
         (m->n <= 1 || m->stride <= (size - m->size - m->offset) / (m->n - 1));
}

/* How many of n packets to hand over together, no more than room: as many as
 * fill whole calls. */
static guint
together (gsize size, guint n, guint room)
{
  guint a_call = PF_SOCKET_MAX_SEGMENTS;

  if (size > PF_SOCKET_MAX_DATAGRAM / a_call)
    a_call = (guint) MAX (PF_SOCKET_MAX_DATAGRAM / size, 1);
  return MIN (n, room / a_call * a_call);
}

/* n rows of a block, from first on; all of them lie inside. */
static void
send_rows (
    PfSend *out, const PfBlockMeta *m, guint8 *rows, guint first, guint n)
{
  struct iovec packets[4 * PF_SOCKET_MAX_SEGMENTS];

  while (n > 0) {
    const guint some = together (m->size, n, G_N_ELEMENTS (packets));

    for (guint i = 0; i < some; i++)
      packets[i] =
          (struct iovec){ rows + (first + i) * m->stride + m->offset, m->size };
    send_packets (out, packets, some);
    first += some;
    n -= some;
  }
}

static void
send_block (PfSend *out, GstBuffer *block, guint first, guint n)
{
  const PfBlockMeta *m = pf_buffer_get_block_meta (block);
  Mapped mapped;

  if (!map_buffer (out, block, &mapped))
    return;
  if (rows_fit (m, mapped.map.size))
    send_rows (out, m, mapped.map.data, first, n);
  else
    out->unreadable++;
  unmap_buffer (&mapped);
}

/* The list is not of blocks. */
static void
send_list (PfSend *out, GstBufferList *list, guint first, guint n)
{
  struct iovec packets[2 * PF_SOCKET_MAX_SEGMENTS];
  Mapped mapped[G_N_ELEMENTS (packets)];

  while (n > 0) {
    const gsize size = gst_buffer_get_size (gst_buffer_list_get (list, first));
    const guint some = together (size, n, G_N_ELEMENTS (packets));
    guint got = 0;

    for (guint i = 0; i < some; i++) {
      if (!map_buffer (
              out, gst_buffer_list_get (list, first + i), &mapped[got]))
        continue;
      packets[got] =
          (struct iovec){ mapped[got].map.data, mapped[got].map.size };
      got++;
    }
    if (got > 0)
      send_packets (out, packets, got);
    while (got > 0)
      unmap_buffer (&mapped[--got]);
    first += some;
    n -= some;
  }
}

static void
send_single (PfSend *out, GstBuffer *buffer)
{
  struct iovec packet;
  Mapped mapped;

  if (!map_buffer (out, buffer, &mapped))
    return;
  packet = (struct iovec){ mapped.map.data, mapped.map.size };
  send_packets (out, &packet, 1);
  unmap_buffer (&mapped);
}

void
pf_send_object (PfSend *out, GstMiniObject *object, guint first, guint n)
{
  if (GST_IS_BUFFER_LIST (object))
    send_list (out, GST_BUFFER_LIST_CAST (object), first, n);
  else if (pf_buffer_get_block_meta (GST_BUFFER_CAST (object)))
    send_block (out, GST_BUFFER_CAST (object), first, n);
  else
    send_single (out, GST_BUFFER_CAST (object));
}

guint
pf_send_n_packets (GstBuffer *buffer)
{
  const PfBlockMeta *m = pf_buffer_get_block_meta (buffer);

  return m ? m->n : 1;
}
