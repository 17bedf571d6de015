/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Elements between two pads of our own, clocks, plain sockets. */
#define _GNU_SOURCE /* sendmmsg, recvmmsg */
#include "bench-path-gst.h"

#include <arpa/inet.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "bench-path.h"

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif

enum { BUFFER = 4 << 20, SEGMENTS = 64, DATAGRAM_MAX = 65507 };

/* ---- Elements ----------------------------------------------------------- */

static GstFlowReturn
take_buffer (GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
  PathChain *chain = gst_pad_get_element_private (pad);

  (void) parent;
  if (chain->take)
    chain->take (chain->data, buffer);
  else
    gst_buffer_unref (buffer);
  return GST_FLOW_OK;
}

static gboolean
answer (GstPad *pad, GstObject *parent, GstQuery *query)
{
  PathChain *chain = gst_pad_get_element_private (pad);

  if (GST_QUERY_TYPE (query) != GST_QUERY_ALLOCATION)
    return gst_pad_query_default (pad, parent, query);
  pf_block_answer (query, &chain->wish);
  return TRUE;
}

static gboolean
swallow (GstPad *pad, GstObject *parent, GstEvent *event)
{
  (void) pad;
  (void) parent;
  gst_event_unref (event);
  return TRUE;
}

static void
tell_error (PathChain *chain, const gchar *line)
{
  GstBus *bus = gst_element_get_bus (chain->pipeline);
  GstMessage *m = gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR);
  GError *error = NULL;

  if (m)
    gst_message_parse_error (m, &error, NULL);
  g_printerr (
      "bench-path: %s: %s\n", line, error ? error->message : "no such state");
  g_clear_error (&error);
  if (m)
    gst_message_unref (m);
  gst_object_unref (bus);
}

static void
link_out (PathChain *chain)
{
  GstPad *pad = gst_bin_find_unlinked_pad (GST_BIN (chain->bin), GST_PAD_SRC);

  if (!pad)
    return;
  chain->out = gst_pad_new ("sink", GST_PAD_SINK);
  gst_pad_set_element_private (chain->out, chain);
  gst_pad_set_chain_function (chain->out, take_buffer);
  gst_pad_set_query_function (chain->out, answer);
  gst_pad_set_event_function (chain->out, swallow);
  gst_pad_set_active (chain->out, TRUE);
  gst_pad_link (pad, chain->out);
  gst_object_unref (pad);
}

static void
link_in (PathChain *chain, const gchar *caps_text)
{
  GstPad *pad = gst_bin_find_unlinked_pad (GST_BIN (chain->bin), GST_PAD_SINK);
  GstCaps *caps;
  GstSegment segment;

  if (!pad || !caps_text)
    return;
  chain->in = gst_pad_new ("src", GST_PAD_SRC);
  gst_pad_set_active (chain->in, TRUE);
  gst_pad_link (chain->in, pad);
  gst_object_unref (pad);
  gst_pad_push_event (chain->in, gst_event_new_stream_start ("bench"));
  caps = gst_caps_from_string (caps_text);
  gst_pad_push_event (chain->in, gst_event_new_caps (caps));
  gst_caps_unref (caps);
  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_pad_push_event (chain->in, gst_event_new_segment (&segment));
}

PathChain *
path_chain_new (
    const gchar *line, const gchar *caps, PathTake take, gpointer data)
{
  PathChain *chain = g_new0 (PathChain, 1);
  GError *error = NULL;

  chain->take = take;
  chain->data = data;
  chain->wish = (PfBlockWish){ TRUE, 64, 64 };
  chain->bin = gst_parse_bin_from_description (line, FALSE, &error);
  if (!chain->bin || error) {
    g_printerr ("bench-path: %s: %s\n", line, error->message);
    g_clear_error (&error);
    g_free (chain);
    return NULL;
  }
  chain->pipeline = gst_pipeline_new (NULL);
  gst_bin_add (GST_BIN (chain->pipeline), chain->bin);
  link_out (chain);
  if (gst_element_set_state (chain->pipeline, GST_STATE_PLAYING) ==
      GST_STATE_CHANGE_FAILURE) {
    tell_error (chain, line);
    path_chain_free (chain);
    return NULL;
  }
  link_in (chain, caps);
  return chain;
}

void
path_chain_free (PathChain *chain)
{
  if (!chain)
    return;
  gst_element_set_state (chain->pipeline, GST_STATE_NULL);
  if (chain->in)
    gst_object_unref (chain->in);
  if (chain->out)
    gst_object_unref (chain->out);
  gst_object_unref (chain->pipeline);
  g_free (chain);
}

guint64
path_chain_stat (PathChain *chain, const gchar *element, const gchar *name)
{
  GstElement *e = gst_bin_get_by_name (GST_BIN (chain->bin), element);
  GstStructure *stats = NULL;
  guint64 n = 0;

  if (!e)
    return 0;
  g_object_get (e, "stats", &stats, NULL);
  if (stats) {
    gst_structure_get_uint64 (stats, name, &n);
    gst_structure_free (stats);
  }
  gst_object_unref (e);
  return n;
}

static const gchar *
fec_of (const gchar *wire)
{
  return strcmp (wire, "gamestream") == 0 ? "gf8" : "gf16";
}

gchar *
path_fields (const gchar *wire, gboolean sealed)
{
  return g_strdup_printf ("wire=(string)%s,fec=(string)%s,sealed=(boolean)%s",
      wire, fec_of (wire), sealed ? "true" : "false");
}

gchar *
path_enc_settings (const gchar *wire, guint percent)
{
  return g_strdup_printf ("wire=%s fec=%s percentage=%u shard-payload=%u", wire,
      fec_of (wire), percent, PATH_PAYLOAD);
}

gchar *
path_key_new (void)
{
  gchar *dir = g_dir_make_tmp ("bench-path-XXXXXX", NULL);
  gchar *path = g_build_filename (dir ? dir : "/nonexistent", "key", NULL);

  g_free (dir);
  return path;
}

void
path_key_free (gchar *path)
{
  gchar *dir;

  if (!path)
    return;
  dir = g_path_get_dirname (path);
  unlink (path);
  rmdir (dir);
  g_free (dir);
  g_free (path);
}

GstBuffer *
path_gather (PfSlabPool *pool, GPtrArray *blocks)
{
  const PfBlockMeta *m;
  GstMemory *memory;
  GstMapInfo to, from;
  gsize size = 0, offset, stride;
  guint n = 0;

  if (blocks->len == 0)
    return NULL;
  for (guint i = 0; i < blocks->len; i++)
    size += gst_buffer_get_size (g_ptr_array_index (blocks, i));
  m = pf_buffer_get_block_meta (g_ptr_array_index (blocks, 0));
  offset = m->offset;
  stride = m->stride;
  memory = pf_slab_pool_alloc (pool, size);
  gst_memory_map (memory, &to, GST_MAP_WRITE);
  for (guint i = 0; i < blocks->len; i++) {
    GstBuffer *b = g_ptr_array_index (blocks, i);

    m = pf_buffer_get_block_meta (b);
    gst_buffer_map (b, &from, GST_MAP_READ);
    memcpy (to.data + n * stride, from.data, m->n * stride);
    gst_buffer_unmap (b, &from);
    n += m->n;
  }
  size = m->size;
  gst_memory_unmap (memory, &to);
  g_ptr_array_set_size (blocks, 0);
  return pf_block_new (memory, n, stride, offset, size);
}

GstBuffer *
path_frame (gconstpointer bytes, gsize size, GstClockTime pts)
{
  GstBuffer *b = gst_buffer_new_wrapped_full (
      GST_MEMORY_FLAG_READONLY, (gpointer) bytes, size, 0, size, NULL, NULL);

  GST_BUFFER_PTS (b) = pts;
  return b;
}

guint8 *
path_noise (gsize size)
{
  guint8 *bytes = g_malloc (size);
  guint64 x = 88172645463325252u;

  for (gsize i = 0; i < size; i++) {
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    bytes[i] = (guint8) (x >> 32);
  }
  return bytes;
}

/* ---- Time --------------------------------------------------------------- */

static double
read_clock (clockid_t id)
{
  struct timespec t;

  clock_gettime (id, &t);
  return (double) t.tv_sec * 1e9 + (double) t.tv_nsec;
}

double
path_now (void)
{
  return read_clock (CLOCK_MONOTONIC);
}

double
path_cpu (void)
{
  return read_clock (CLOCK_THREAD_CPUTIME_ID);
}

gboolean path_pins = TRUE;

void
path_pin (int n)
{
  static cpu_set_t may; /* as the program began: threads inherit less */
  static gsize once;
  cpu_set_t set;

  if (g_once_init_enter (&once)) {
    if (sched_getaffinity (0, sizeof may, &may) != 0)
      CPU_ZERO (&may);
    g_once_init_leave (&once, 1);
  }
  if (!path_pins || !CPU_ISSET (n, &may))
    return;
  CPU_ZERO (&set);
  CPU_SET (n, &set);
  sched_setaffinity (0, sizeof set, &set);
}

/* ---- Sockets ------------------------------------------------------------ */

int
path_socket (gboolean gro, guint *port)
{
  const int on = 1, room = BUFFER;
  struct sockaddr_in a = { 0 };
  socklen_t size = sizeof a;
  int fd = socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

  if (fd < 0)
    return -1;
  a.sin_family = AF_INET;
  a.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
  setsockopt (fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
  setsockopt (fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
  if (bind (fd, (struct sockaddr *) &a, sizeof a) < 0 ||
      getsockname (fd, (struct sockaddr *) &a, &size) < 0 ||
      (gro && setsockopt (fd, IPPROTO_UDP, UDP_GRO, &on, sizeof on) < 0)) {
    close (fd);
    return -1;
  }
  if (port)
    *port = ntohs (a.sin_port);
  return fd;
}

gboolean
path_connect (int fd, guint port)
{
  struct sockaddr_in a = { 0 };

  a.sin_family = AF_INET;
  a.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
  a.sin_port = htons ((guint16) port);
  return connect (fd, (struct sockaddr *) &a, sizeof a) == 0;
}

gboolean
path_send_gso (int fd, const struct iovec *packets, guint n)
{
  const guint16 size = (guint16) packets[0].iov_len;
  guint most = DATAGRAM_MAX / size;
  union {
    struct cmsghdr header;
    guint8 bytes[CMSG_SPACE (sizeof (guint16))];
  } control = { 0 };

  if (most > SEGMENTS)
    most = SEGMENTS;
  control.header.cmsg_level = IPPROTO_UDP;
  control.header.cmsg_type = UDP_SEGMENT;
  control.header.cmsg_len = CMSG_LEN (sizeof size);
  memcpy (CMSG_DATA (&control.header), &size, sizeof size);
  for (guint i = 0; i < n; i += most) {
    struct msghdr m = { 0 };

    m.msg_iov = (struct iovec *) &packets[i];
    m.msg_iovlen = MIN (most, n - i);
    m.msg_control = &control;
    m.msg_controllen = sizeof control.bytes;
    if (sendmsg (fd, &m, 0) < 0)
      return FALSE;
  }
  return TRUE;
}

gboolean
path_send_batch (int fd, const struct iovec *packets, guint n)
{
  struct mmsghdr m[SEGMENTS];

  for (guint i = 0; i < n;) {
    const guint some = MIN (SEGMENTS, n - i);
    int sent;

    memset (m, 0, some * sizeof *m);
    for (guint j = 0; j < some; j++) {
      m[j].msg_hdr.msg_iov = (struct iovec *) &packets[i + j];
      m[j].msg_hdr.msg_iovlen = 1;
    }
    sent = sendmmsg (fd, m, some, 0);
    if (sent <= 0)
      return FALSE;
    i += (guint) sent;
  }
  return TRUE;
}

static gboolean
wait_readable (int fd, int wait_ms)
{
  struct pollfd p = { fd, POLLIN, 0 };

  return wait_ms == 0 || poll (&p, 1, wait_ms) == 1;
}

guint
path_receive_gro (int fd, guint8 *to, gsize room, gsize size, int wait_ms)
{
  ssize_t n;

  if (!wait_readable (fd, wait_ms))
    return 0;
  n = recv (fd, to, room, MSG_DONTWAIT);
  return n <= 0 ? 0 : (guint) (((gsize) n + size - 1) / size);
}

guint
path_receive_batch (int fd, guint8 *to, gsize size, guint n, int wait_ms)
{
  struct mmsghdr m[SEGMENTS];
  struct iovec pieces[SEGMENTS];
  int got;

  n = MIN (n, SEGMENTS);
  if (!wait_readable (fd, wait_ms))
    return 0;
  memset (m, 0, n * sizeof *m);
  for (guint i = 0; i < n; i++) {
    pieces[i] = (struct iovec){ to + i * size, size };
    m[i].msg_hdr.msg_iov = &pieces[i];
    m[i].msg_hdr.msg_iovlen = 1;
  }
  got = recvmmsg (fd, m, n, MSG_DONTWAIT, NULL);
  return got < 0 ? 0 : (guint) got;
}
