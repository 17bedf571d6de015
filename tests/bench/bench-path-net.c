/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Packets to the kernel and from it, over loopback. What is sent is taken out
 * of the receiving socket before the next unit, untimed, and counted; what is
 * received was sent before, untimed. The socket has room for all of it.
 */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench-path-gst.h"
#include "bench-path.h"

enum { ROOM = 65536, WAIT_MS = 2000 };

typedef struct {
  const PathCase *c;
  PathChain *before; /* makes the packets */
  GPtrArray *blocks; /* of them */
  PfSlabPool *pool;
  GstBuffer *block; /* with all; stays */
  guint8 *payload;
  gchar *key_file;
  GstMapInfo map; /* of block */
  gsize size;     /* of a packet */
  struct iovec *packets;
  int fd, far; /* sends, receives; -1: an element does */
  guint8 *room;

  /* sending */
  PathChain *chain;
  GstBufferList *list; /* the packets, for elements that want lists */
  gboolean (*send) (int fd, const struct iovec *packets, guint n);

  /* receiving */
  guint (*receive) (int fd, guint8 *to, gsize size, guint n);
  GMutex lock;
  GCond cond;
  gboolean open, done; /* lock; the streaming thread may go on; it has all */
  guint got;           /* streaming thread */
  double wall, cpu;    /* when it went on; then how long it took */
} Net;

static void
keep_block (gpointer data, GstBuffer *buffer)
{
  g_ptr_array_add (((Net *) data)->blocks, buffer);
}

static void
net_free (gpointer data, PathFacts *facts)
{
  Net *x = data;

  g_mutex_lock (&x->lock);
  x->open = TRUE;
  x->got = G_MAXUINT / 2; /* from now on nothing is counted */
  g_cond_broadcast (&x->cond);
  g_mutex_unlock (&x->lock);
  if (facts) {
    facts->wire_bytes = (double) x->c->n * (double) x->size;
    facts->payload_bytes = (double) x->c->n * PATH_PAYLOAD;
    if (x->chain) {
      facts->copies = path_chain_stat (x->chain, "x", "copies");
      facts->allocations = path_chain_stat (x->chain, "x", "allocations");
    }
  }
  path_chain_free (x->chain);
  if (x->map.data)
    gst_memory_unmap (gst_buffer_peek_memory (x->block, 0), &x->map);
  g_ptr_array_unref (x->blocks);
  if (x->block)
    gst_buffer_unref (x->block);
  if (x->list)
    gst_buffer_list_unref (x->list);
  pf_slab_pool_free (x->pool);
  path_chain_free (x->before);
  path_key_free (x->key_file);
  if (x->fd >= 0)
    close (x->fd);
  if (x->far >= 0)
    close (x->far);
  g_mutex_clear (&x->lock);
  g_cond_clear (&x->cond);
  g_free (x->packets);
  g_free (x->room);
  g_free (x->payload);
  g_free (x);
}

/* Sealed packets in a block, and pointers to them. */
static gboolean
make_packets (Net *x)
{
  gchar *settings = path_enc_settings (x->c->wire, 0);
  gchar *line = g_strdup_printf (
      "pffecenc %s ! pfaesgcm key-file=%s", settings, x->key_file);
  const PfBlockMeta *m;

  x->before = path_chain_new (line, PATH_MEDIA, keep_block, x);
  g_free (line);
  g_free (settings);
  if (!x->before)
    return FALSE;
  gst_pad_push (
      x->before->in, path_frame (x->payload, x->c->n * PATH_PAYLOAD - 64, 0));
  x->block = path_gather (x->pool, x->blocks);
  m = x->block ? pf_buffer_get_block_meta (x->block) : NULL;
  if (!m || m->n != x->c->n ||
      !gst_memory_map (
          gst_buffer_peek_memory (x->block, 0), &x->map, GST_MAP_READ))
    return FALSE;
  x->size = m->size;
  x->packets = g_new0 (struct iovec, m->n);
  for (guint i = 0; i < m->n; i++)
    x->packets[i] =
        (struct iovec){ x->map.data + i * m->stride + m->offset, m->size };
  return TRUE;
}

static Net *
net_new (const PathCase *c)
{
  Net *x = g_new0 (Net, 1);

  x->c = c;
  x->fd = x->far = -1;
  x->payload = path_noise (c->n * PATH_PAYLOAD);
  x->key_file = path_key_new ();
  x->pool = pf_slab_pool_new ();
  x->blocks =
      g_ptr_array_new_with_free_func ((GDestroyNotify) gst_buffer_unref);
  x->room = g_malloc (MAX (ROOM, c->n * 2048));
  g_mutex_init (&x->lock);
  g_cond_init (&x->cond);
  if (!make_packets (x)) {
    net_free (x, NULL);
    return NULL;
  }
  return x;
}

/* ---- Sending ------------------------------------------------------------ */

/* A receiver that takes what was put together as one, as pfudpsrc does. */
static guint
far_socket (Net *x)
{
  guint port = 0;

  x->far = path_socket (TRUE, &port);
  return port;
}

static gpointer
send_new (const PathCase *c, const gchar *format, const gchar *media)
{
  Net *x = net_new (c);
  gchar *fields, *caps, *line;
  guint port;

  if (!x)
    return NULL;
  port = far_socket (x);
  fields = path_fields (c->wire, TRUE);
  caps = g_strdup_printf ("%s,%s", media, fields);
  line = g_strdup_printf ("%s port=%u", format, port);
  if (x->far >= 0)
    x->chain = path_chain_new (line, caps, NULL, NULL);
  g_free (line);
  g_free (caps);
  g_free (fields);
  if (!x->chain) {
    net_free (x, NULL);
    return NULL;
  }
  if (strcmp (media, "application/x-pf-packet") == 0)
    x->list = pf_block_split (gst_buffer_ref (x->block));
  return x;
}

static gpointer
send_block_new (const PathCase *c)
{
  return send_new (
      c, "pfudpsink name=x host=127.0.0.1", "application/x-pf-block");
}

static gpointer
send_plain_new (const PathCase *c)
{
  return send_new (
      c, "pfudpsink name=x host=127.0.0.1 gso=false", "application/x-pf-block");
}

static gpointer
send_list_new (const PathCase *c)
{
  return send_new (
      c, "pfudpsink name=x host=127.0.0.1", "application/x-pf-packet");
}

static gpointer
send_udpsink_new (const PathCase *c)
{
  GstElementFactory *f = gst_element_factory_find ("udpsink");

  if (!f)
    return NULL;
  gst_object_unref (f);
  return send_new (c, "udpsink name=u host=127.0.0.1 sync=false async=false",
      "application/x-pf-packet");
}

static gpointer
send_bare_new (const PathCase *c,
    gboolean (*send) (int fd, const struct iovec *packets, guint n))
{
  Net *x = net_new (c);
  guint port;

  if (!x)
    return NULL;
  x->send = send;
  port = far_socket (x);
  x->fd = path_socket (FALSE, NULL);
  if (x->far < 0 || x->fd < 0 || !path_connect (x->fd, port)) {
    net_free (x, NULL);
    return NULL;
  }
  return x;
}

static gpointer
send_batch_new (const PathCase *c)
{
  return send_bare_new (c, path_send_batch);
}

static gpointer
send_gso_new (const PathCase *c)
{
  return send_bare_new (c, path_send_gso);
}

/* All packets are in the socket. */
static PathStatus
all_there (Net *x)
{
  guint n = 0, some;

  do {
    some = path_receive_gro (x->far, x->room, ROOM, x->size, 0);
    n += some;
  } while (some > 0);
  return n == x->c->n ? PATH_OK : PATH_LOST;
}

static PathStatus
send_once (gpointer data, PathSample *s)
{
  Net *x = data;
  gboolean ok;
  double wall, cpu;

  if (x->list)
    gst_buffer_list_ref (x->list);
  else
    gst_buffer_ref (x->block);
  wall = path_now ();
  cpu = path_cpu ();
  if (x->list)
    ok = gst_pad_push_list (x->chain->in, x->list) == GST_FLOW_OK;
  else
    ok = gst_pad_push (x->chain->in, x->block) == GST_FLOW_OK;
  s->cpu = path_cpu () - cpu;
  s->wall = path_now () - wall;
  return ok ? all_there (x) : PATH_WRONG;
}

static PathStatus
send_bare_once (gpointer data, PathSample *s)
{
  Net *x = data;
  double wall = path_now (), cpu = path_cpu ();
  gboolean ok = x->send (x->fd, x->packets, x->c->n);

  s->cpu = path_cpu () - cpu;
  s->wall = path_now () - wall;
  return ok ? all_there (x) : PATH_WRONG;
}

const PathContender path_send[] = {
  { "pfudpsink", send_block_new, send_once, net_free },
  { "udpsink", send_udpsink_new, send_once, net_free },
  { "sendmmsg", send_batch_new, send_bare_once, net_free },
  { "sendmsg-gso", send_gso_new, send_bare_once, net_free },
  { "gso=false", send_plain_new, send_once, net_free },
  { "lists", send_list_new, send_once, net_free },
};
const guint path_n_send = G_N_ELEMENTS (path_send);

/* ---- Receiving ---------------------------------------------------------- */

/* The streaming thread stops here with the last packet until all of the next
 * are in the socket. */
static void
take_received (gpointer data, GstBuffer *buffer)
{
  const PfBlockMeta *m = pf_buffer_get_block_meta (buffer);
  Net *x = data;

  x->got += m ? m->n : 1;
  gst_buffer_unref (buffer);
  if (x->got != x->c->n)
    return;
  x->cpu = path_cpu () - x->cpu;
  x->wall = path_now () - x->wall;
  g_mutex_lock (&x->lock);
  x->done = TRUE;
  x->open = FALSE;
  g_cond_broadcast (&x->cond);
  while (!x->open)
    g_cond_wait (&x->cond, &x->lock);
  if (x->got == x->c->n)
    x->got = 0;
  g_mutex_unlock (&x->lock);
  x->wall = path_now ();
  x->cpu = path_cpu ();
}

static gpointer
receive_new_with (const PathCase *c, const gchar *settings)
{
  Net *x = net_new (c);
  GstElement *e = NULL;
  gchar *fields, *line;
  guint port = 0;

  if (!x)
    return NULL;
  fields = path_fields (c->wire, TRUE);
  line = g_strdup_printf ("pfudpsrc name=x address=127.0.0.1 port=0 %s "
                          "caps=\"application/x-pf-packet,%s\"",
      settings, fields);
  x->open = TRUE;
  x->chain = path_chain_new (line, NULL, take_received, x);
  if (x->chain)
    e = gst_bin_get_by_name (GST_BIN (x->chain->bin), "x");
  if (e) {
    g_object_get (e, "port", &port, NULL);
    gst_object_unref (e);
  }
  x->fd = path_socket (FALSE, NULL);
  g_free (line);
  g_free (fields);
  if (!x->chain || x->fd < 0 || !path_connect (x->fd, port)) {
    net_free (x, NULL);
    return NULL;
  }
  return x;
}

static gpointer
receive_new (const PathCase *c)
{
  return receive_new_with (c, "");
}

static gpointer
receive_plain_new (const PathCase *c)
{
  return receive_new_with (c, "gro=false");
}

static PathStatus
receive_once (gpointer data, PathSample *s)
{
  Net *x = data;
  const gint64 until = g_get_monotonic_time () + WAIT_MS * 1000;
  gboolean done = TRUE, first;

  g_mutex_lock (&x->lock);
  first = x->open; /* it waits for packets, not for us */
  x->done = FALSE;
  g_mutex_unlock (&x->lock);
  if (!path_send_gso (x->fd, x->packets, x->c->n))
    return PATH_WRONG;
  g_mutex_lock (&x->lock);
  if (!first)
    x->open = TRUE;
  g_cond_broadcast (&x->cond);
  while (!x->done && done)
    done = g_cond_wait_until (&x->cond, &x->lock, until);
  s->wall = x->wall;
  s->cpu = x->cpu;
  g_mutex_unlock (&x->lock);
  if (!done)
    return PATH_WRONG;
  return first ? PATH_LOST : PATH_OK;
}

static guint
receive_batch (int fd, guint8 *to, gsize size, guint n)
{
  return path_receive_batch (fd, to, size, n, 0);
}

static guint
receive_gro (int fd, guint8 *to, gsize size, guint n)
{
  (void) n;
  return path_receive_gro (fd, to, ROOM, size, 0);
}

static gpointer
receive_bare_new (const PathCase *c, gboolean gro,
    guint (*receive) (int fd, guint8 *to, gsize size, guint n))
{
  Net *x = net_new (c);
  guint port = 0;

  if (!x)
    return NULL;
  x->receive = receive;
  x->far = path_socket (gro, &port);
  x->fd = path_socket (FALSE, NULL);
  if (x->far < 0 || x->fd < 0 || !path_connect (x->fd, port)) {
    net_free (x, NULL);
    return NULL;
  }
  return x;
}

static gpointer
receive_batch_new (const PathCase *c)
{
  return receive_bare_new (c, FALSE, receive_batch);
}

static gpointer
receive_gro_new (const PathCase *c)
{
  return receive_bare_new (c, TRUE, receive_gro);
}

static PathStatus
receive_bare_once (gpointer data, PathSample *s)
{
  Net *x = data;
  guint got = 0, some;
  double wall, cpu;

  if (!path_send_gso (x->fd, x->packets, x->c->n))
    return PATH_WRONG;
  wall = path_now ();
  cpu = path_cpu ();
  do {
    some = x->receive (x->far, x->room, x->size, x->c->n - got);
    got += some;
  } while (some > 0 && got < x->c->n);
  s->cpu = path_cpu () - cpu;
  s->wall = path_now () - wall;
  return got == x->c->n ? PATH_OK : PATH_LOST;
}

const PathContender path_receive[] = {
  { "pfudpsrc", receive_new, receive_once, net_free },
  { "recvmmsg", receive_batch_new, receive_bare_once, net_free },
  { "recvmsg-gro", receive_gro_new, receive_bare_once, net_free },
  { "gro=false", receive_plain_new, receive_once, net_free },
};
const guint path_n_receive = G_N_ELEMENTS (path_receive);
