/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Packets of a socket as buffers; see pf-receiver.h. */
#include "pf-receiver.h"

#include "pf-block.h"
#include "pf-slab.h"

/* A slab takes several messages, so that one small packet that is kept does
 * not keep much more than itself. */
#define MESSAGE_ROOM 65536
#define SLAB_SIZE (4 * MESSAGE_ROOM)
#define MAX_MESSAGES 64 /* taken at once */

/* Packets of one size at even distances in the slab. */
typedef struct {
  GstMemory *slab; /* a reference */
  gsize start, stride, size, room;
  guint n;
} Run;

struct _PfReceiver {
  PfSocket *socket;
  PfAddress source; /* size 0: any */
  PfSlabPool *pool;
  GstMemory *slab; /* filled up to at */
  gsize at;
  Run runs[2 * MAX_MESSAGES]; /* those from next on were not fetched */
  guint n_runs, next;
  gboolean drained;
  PfReceiverCounters n;
};

PfReceiver *
pf_receiver_new (PfSocket *socket, const PfAddress *source)
{
  PfReceiver *r = g_new0 (PfReceiver, 1);

  r->socket = socket;
  if (source)
    r->source = *source;
  r->pool = pf_slab_pool_new ();
  r->drained = TRUE;
  return r;
}

void
pf_receiver_free (PfReceiver *r)
{
  if (!r)
    return;
  while (r->next < r->n_runs)
    gst_memory_unref (r->runs[r->next++].slab);
  if (r->slab)
    gst_memory_unref (r->slab);
  pf_slab_pool_free (r->pool);
  g_free (r);
}

static gsize
align (gsize size)
{
  return (size + PF_SLAB_ALIGN - 1) / PF_SLAB_ALIGN * PF_SLAB_ALIGN;
}

/* A packet of the slab, with the room it has: to the last run, or to one of
 * its own. Rooms do not overlap: in a run they are the stride. */
static void
add_packet (PfReceiver *r, gsize start, gsize size, gsize room)
{
  Run *run = r->n_runs ? &r->runs[r->n_runs - 1] : NULL;

  if (run && run->slab == r->slab && run->size == size && run->room == room &&
      start == run->start + run->n * run->stride) {
    run->n++;
    return;
  }
  run = &r->runs[r->n_runs++];
  run->slab = gst_memory_ref (r->slab);
  run->start = start;
  run->stride = run->room = room;
  run->size = size;
  run->n = 1;
}

/* The packets of a message that lies in the slab. */
static void
add_message (PfReceiver *r, const PfReceived *m)
{
  const gsize whole = m->size / m->segment * m->segment;

  if (m->size <= m->segment) {
    add_packet (r, r->at, m->size, align (m->size));
  } else {
    for (gsize done = 0; done < whole; done += m->segment)
      add_packet (r, r->at + done, m->segment, m->segment);
    if (whole < m->size)
      add_packet (r, r->at + whole, m->size - whole, m->size - whole);
  }
  r->at += align (m->size);
}

/* Whether there was one. */
static gboolean
take_message (PfReceiver *r)
{
  GstMapInfo map;
  PfReceived m;
  int ret;

  if (!r->slab || r->at > SLAB_SIZE - MESSAGE_ROOM) {
    if (r->slab)
      gst_memory_unref (r->slab);
    r->slab = pf_slab_pool_alloc (r->pool, SLAB_SIZE);
    r->at = 0;
  }
  if (!gst_memory_map (r->slab, &map, GST_MAP_WRITE))
    return FALSE;
  ret = pf_socket_receive (r->socket, map.data + r->at, MESSAGE_ROOM, &m);
  gst_memory_unmap (r->slab, &map);
  if (ret <= 0)
    return FALSE; /* an ICMP error is no message either */
  if (r->source.size && !pf_address_matches (&m.from, &r->source))
    r->n.filtered += (m.size + m.segment - 1) / MAX (m.segment, 1);
  else if (m.size == 0)
    r->n.empty++;
  else
    add_message (r, &m);
  return TRUE;
}

gboolean
pf_receiver_take (PfReceiver *r)
{
  guint n = 0;

  g_assert (r->next == r->n_runs);
  r->next = r->n_runs = 0;
  while (n < MAX_MESSAGES && take_message (r))
    n++;
  r->drained = n < MAX_MESSAGES;
  /* of a full load all may have been of others */
  return r->n_runs > 0 || n == MAX_MESSAGES;
}

gboolean
pf_receiver_has (const PfReceiver *r)
{
  return r->next < r->n_runs;
}

gboolean
pf_receiver_drained (const PfReceiver *r)
{
  return r->drained;
}

/* Takes over the run's reference. */
static GstMiniObject *
make_block (PfReceiver *r, const Run *run, GstClockTime pts)
{
  const gsize room = run->n * run->stride;
  GstBuffer *block =
      pf_block_new (pf_slab_part (run->slab, run->start, room, 0, room), run->n,
          run->stride, 0, run->size);

  r->n.packets += run->n;
  r->n.bytes += run->n * run->size;
  GST_BUFFER_PTS (block) = pts;
  gst_memory_unref (run->slab);
  return GST_MINI_OBJECT_CAST (block);
}

/* Takes over the run's reference. */
static void
add_run (PfReceiver *r, GstBufferList *list, const Run *run, GstClockTime pts)
{
  for (guint i = 0; i < run->n; i++) {
    GstBuffer *packet = gst_buffer_new ();

    gst_buffer_append_memory (
        packet, pf_slab_part (run->slab, run->start + i * run->stride,
                    run->stride, 0, run->size));
    GST_BUFFER_PTS (packet) = pts;
    gst_buffer_list_add (list, packet);
  }
  r->n.packets += run->n;
  r->n.bytes += run->n * run->size;
  gst_memory_unref (run->slab);
}

GstMiniObject *
pf_receiver_next (PfReceiver *r, gboolean blocks, GstClockTime pts)
{
  GstBufferList *list;

  if (r->next == r->n_runs)
    return NULL;
  if (blocks)
    return make_block (r, &r->runs[r->next++], pts);
  list = gst_buffer_list_new_sized (64);
  while (r->next < r->n_runs)
    add_run (r, list, &r->runs[r->next++], pts);
  return GST_MINI_OBJECT_CAST (list);
}

void
pf_receiver_get_counters (const PfReceiver *r, PfReceiverCounters *counters)
{
  *counters = r->n;
  counters->allocations = pf_slab_pool_allocations (r->pool);
}
