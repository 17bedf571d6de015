/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Any bytes over a QUIC connection; see pf-quic-raw.h. */
#include "pf-quic-raw.h"

#include <string.h>

#define NO_STREAM (-1)
#define COPY_BELOW                                                             \
  2048 /* small buffers are copied, not kept until they arrive */
#define FINISH_NS (10 * NGTCP2_SECONDS)
#define REFUSED 1

typedef struct {
  GBytes *bytes;
  gint64 stream; /* NO_STREAM: a datagram, which needs no credit */
} Piece;

struct _PfQuicRaw {
  /* constant */
  PfQuicSettings settings;
  PfQuicConfig config;
  gboolean sends;
  PfQuicPort *port;

  GMutex lock;
  GCond cond;
  /* lock */
  PfQuicLink *link; /* ready, or the last that was */
  PfQuicLink *connecting;
  gboolean ready, closed, interrupted;
  PfQuicEnd end;
  gint64 stream; /* that is sent on, or received from */
  gboolean fin;
  GQueue pieces; /* Piece, to be pushed */
  PfQuicRawCounters n;
};

static void
piece_free (Piece *p)
{
  g_bytes_unref (p->bytes);
  g_free (p);
}

/* ---- What the connection tells ------------------------------------------ */

/* One client at a time; who comes meanwhile is sent away. */
static void
on_ready (PfQuicLink *link, gpointer user)
{
  PfQuicRaw *r = user;
  gboolean take;

  g_mutex_lock (&r->lock);
  take = !r->ready;
  if (take) {
    r->ready = TRUE;
    r->link = pf_quic_link_ref (link);
    g_cond_broadcast (&r->cond);
  }
  g_mutex_unlock (&r->lock);
  if (!take)
    pf_quic_link_close (link, REFUSED, "busy");
}

static void
on_stream (
    PfQuicLink *link, gint64 id, GBytes *bytes, gboolean fin, gpointer user)
{
  PfQuicRaw *r = user;
  gboolean ours;

  g_mutex_lock (&r->lock);
  ours = link == r->link && !r->sends && !r->fin &&
         (r->stream == NO_STREAM || r->stream == id);
  if (ours) {
    r->stream = id;
    r->fin = fin;
    if (bytes) {
      Piece *p = g_new (Piece, 1);

      p->bytes = g_bytes_ref (bytes);
      p->stream = id;
      g_queue_push_tail (&r->pieces, p);
    }
    g_cond_broadcast (&r->cond);
  }
  g_mutex_unlock (&r->lock);
  if (!ours)
    pf_quic_link_reset (link, id, REFUSED);
}

/* Nobody waits for a datagram to be read: with too many the newest go. */
static void
on_datagram (PfQuicLink *link, GBytes *bytes, gpointer user)
{
  PfQuicRaw *r = user;

  g_mutex_lock (&r->lock);
  if (link == r->link && !r->sends && r->pieces.length < 4096) {
    Piece *p = g_new (Piece, 1);

    p->bytes = g_bytes_ref (bytes);
    p->stream = NO_STREAM;
    g_queue_push_tail (&r->pieces, p);
    g_cond_broadcast (&r->cond);
  }
  g_mutex_unlock (&r->lock);
}

static void
on_closed (PfQuicLink *link, const PfQuicEnd *end, gpointer user)
{
  PfQuicRaw *r = user;

  g_mutex_lock (&r->lock);
  if (!r->ready || link == r->link) {
    r->closed = TRUE;
    r->end = *end;
    g_cond_broadcast (&r->cond);
  }
  g_mutex_unlock (&r->lock);
}

static const PfQuicLinkFuncs funcs = {
  .ready = on_ready,
  .stream = on_stream,
  .datagram = on_datagram,
  .closed = on_closed,
};

/* ---- Start and stop ----------------------------------------------------- */

static gboolean
begin_client (PfQuicRaw *r, GError **error)
{
  const PfQuicSettings *s = &r->settings;
  const gchar *own = s->bind_address;
  PfAddress to;

  if (!pf_address_resolve (&to, s->address, (guint) s->port, AF_UNSPEC, error))
    return FALSE;
  if (!own || !*own)
    own = to.at.ss_family == AF_INET6 ? "::" : "0.0.0.0";
  r->port = pf_quic_port_new (own, s->bind_port, error);
  if (!r->port)
    return FALSE;
  r->connecting =
      pf_quic_port_connect (r->port, &r->config, &to, &funcs, r, error);
  return r->connecting != NULL;
}

static gboolean
begin_server (PfQuicRaw *r, GError **error)
{
  PfQuicLimits limits;

  r->port =
      pf_quic_port_new (r->settings.address, (guint) r->settings.port, error);
  if (!r->port)
    return FALSE;
  pf_quic_limits_init (&limits);
  limits.links = 4;
  pf_quic_port_listen (r->port, &r->config, &limits, &funcs, r);
  return TRUE;
}

PfQuicRaw *
pf_quic_raw_start (
    const PfQuicSettings *settings, gboolean sends, GError **error)
{
  PfQuicRaw *r = g_new0 (PfQuicRaw, 1);
  gboolean ok;

  g_mutex_init (&r->lock);
  g_cond_init (&r->cond);
  r->sends = sends;
  r->stream = NO_STREAM;
  pf_quic_settings_copy (&r->settings, settings);
  ok = pf_quic_settings_make_raw (settings, &r->config, error) &&
       (settings->role == PF_QUIC_ROLE_CLIENT ? begin_client (r, error)
                                              : begin_server (r, error));
  if (!ok)
    g_clear_pointer (&r, pf_quic_raw_stop);
  return r;
}

void
pf_quic_raw_stop (PfQuicRaw *r)
{
  if (!r)
    return;
  if (r->port)
    pf_quic_port_stop (r->port, 0, "done");
  pf_quic_link_unref (r->link);
  pf_quic_link_unref (r->connecting);
  pf_quic_port_free (r->port);
  g_queue_clear_full (&r->pieces, (GDestroyNotify) piece_free);
  pf_quic_config_clear (&r->config);
  pf_quic_settings_clear (&r->settings);
  g_mutex_clear (&r->lock);
  g_cond_clear (&r->cond);
  g_free (r);
}

guint
pf_quic_raw_port (PfQuicRaw *r)
{
  PfAddress local;

  pf_quic_port_local (r->port, &local);
  return pf_address_port (&local);
}

void
pf_quic_raw_set_interrupted (PfQuicRaw *r, gboolean interrupted)
{
  PfQuicLink *link;

  g_mutex_lock (&r->lock);
  r->interrupted = interrupted;
  link = r->link ? pf_quic_link_ref (r->link) : NULL;
  g_cond_broadcast (&r->cond);
  g_mutex_unlock (&r->lock);
  if (link)
    pf_quic_link_set_interrupted (link, interrupted);
  pf_quic_link_unref (link);
}

/* ---- Waiting ------------------------------------------------------------ */

/* What the end of the connection means for who sends or receives. */
static GstFlowReturn
ended (PfQuicRaw *r, GError **error)
{
  PfQuicEnd end;
  gchar *text;

  g_mutex_lock (&r->lock);
  end = r->end;
  g_mutex_unlock (&r->lock);
  if (end.kind == PF_QUIC_PEER_CLOSED && end.code == 0)
    return GST_FLOW_EOS;
  text = pf_quic_end_to_string (&end);
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED, text);
  g_free (text);
  return GST_FLOW_ERROR;
}

/* Until there is a connection, for a server as long as it takes. */
static GstFlowReturn
wait_ready (PfQuicRaw *r, GError **error)
{
  GstFlowReturn ret = GST_FLOW_OK;

  g_mutex_lock (&r->lock);
  while (!r->ready && !r->closed && !r->interrupted)
    g_cond_wait (&r->cond, &r->lock);
  if (r->interrupted)
    ret = GST_FLOW_FLUSHING;
  else if (r->closed)
    ret = GST_FLOW_ERROR;
  g_mutex_unlock (&r->lock);
  return ret == GST_FLOW_ERROR ? ended (r, error) : ret;
}

/* After a wait in the link that was of no use. */
static GstFlowReturn
why_not (PfQuicRaw *r, GError **error)
{
  gboolean interrupted, closed;

  g_mutex_lock (&r->lock);
  interrupted = r->interrupted;
  while (!interrupted && !r->closed) {
    g_cond_wait (&r->cond, &r->lock);
    interrupted = r->interrupted;
  }
  closed = r->closed;
  g_mutex_unlock (&r->lock);
  return interrupted || !closed ? GST_FLOW_FLUSHING : ended (r, error);
}

/* ---- Sending ------------------------------------------------------------ */

typedef struct {
  GstMemory *memory;
  GstMapInfo map;
} Mapped;

static void
unmap (gpointer data)
{
  Mapped *m = data;

  gst_memory_unmap (m->memory, &m->map);
  gst_memory_unref (m->memory);
  g_free (m);
}

/* Bytes of a memory, which is kept as long as they are. */
static GBytes *
bytes_of (GstMemory *memory)
{
  Mapped *m = g_new (Mapped, 1);
  GBytes *bytes;

  m->memory = gst_memory_ref (memory);
  if (!gst_memory_map (m->memory, &m->map, GST_MAP_READ)) {
    gst_memory_unref (m->memory);
    g_free (m);
    return NULL;
  }
  if (m->map.size >= COPY_BELOW)
    return g_bytes_new_with_free_func (m->map.data, m->map.size, unmap, m);
  bytes = g_bytes_new (m->map.data, m->map.size);
  unmap (m);
  return bytes;
}

static gboolean
open_stream (PfQuicRaw *r)
{
  gint64 id = r->stream;

  if (id == NO_STREAM) {
    id = pf_quic_link_open (r->link, FALSE);
    if (id == NO_STREAM) /* a peer that takes streams of both ways only */
      id = pf_quic_link_open (r->link, TRUE);
    g_mutex_lock (&r->lock);
    r->stream = id;
    g_mutex_unlock (&r->lock);
  }
  return id != NO_STREAM;
}

static GstFlowReturn
send_stream (PfQuicRaw *r, GstBuffer *buffer, GError **error)
{
  const guint n = gst_buffer_n_memory (buffer);

  for (guint i = 0; i < n; i++) {
    GBytes *bytes;
    gboolean ok;

    if (!pf_quic_link_wait_room (r->link, r->settings.send_window, 0) ||
        !open_stream (r))
      return why_not (r, error);
    bytes = bytes_of (gst_buffer_peek_memory (buffer, i));
    if (!bytes) {
      g_set_error (
          error, G_IO_ERROR, G_IO_ERROR_FAILED, "a buffer that cannot be read");
      return GST_FLOW_ERROR;
    }
    ok = pf_quic_link_send (r->link, r->stream, bytes, FALSE);
    g_bytes_unref (bytes);
    if (!ok)
      return GST_FLOW_EOS; /* the peer wants no more of it */
  }
  return GST_FLOW_OK;
}

static GstFlowReturn
send_datagram (PfQuicRaw *r, GstBuffer *buffer, GError **error)
{
  GstFlowReturn ret = GST_FLOW_OK;
  GstMapInfo map;
  gboolean fits;

  if (!pf_quic_link_wait_datagrams (r->link, r->settings.datagram_buffer, 0))
    return why_not (r, error);
  if (!gst_buffer_map (buffer, &map, GST_MAP_READ))
    return GST_FLOW_ERROR;
  fits = map.size <= pf_quic_link_max_datagram (r->link);
  if (fits) {
    pf_quic_link_send_datagram (r->link, map.data, map.size);
  } else if (r->settings.drop_datagram) {
    g_mutex_lock (&r->lock);
    r->n.too_large++;
    g_mutex_unlock (&r->lock);
  } else {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_MESSAGE_TOO_LARGE,
        "a buffer of %" G_GSIZE_FORMAT " bytes does not fit in a datagram of "
        "%" G_GSIZE_FORMAT,
        map.size, pf_quic_link_max_datagram (r->link));
    ret = GST_FLOW_ERROR;
  }
  gst_buffer_unmap (buffer, &map);
  return ret;
}

GstFlowReturn
pf_quic_raw_send (PfQuicRaw *r, GstBuffer *buffer, GError **error)
{
  GstFlowReturn ret = wait_ready (r, error);

  if (ret == GST_FLOW_OK)
    ret = r->settings.datagram ? send_datagram (r, buffer, error)
                               : send_stream (r, buffer, error);
  if (ret == GST_FLOW_OK) {
    g_mutex_lock (&r->lock);
    r->n.buffers++;
    r->n.bytes += gst_buffer_get_size (buffer);
    g_mutex_unlock (&r->lock);
  }
  return ret;
}

GstFlowReturn
pf_quic_raw_finish (PfQuicRaw *r, GError **error)
{
  const guint64 until = pf_quic_now () + FINISH_NS;
  GstFlowReturn ret = wait_ready (r, error);
  gboolean ok;

  if (ret != GST_FLOW_OK)
    return ret;
  if (r->settings.datagram) {
    ok = pf_quic_link_wait_datagrams (r->link, 0, until);
  } else {
    ok = open_stream (r) &&
         pf_quic_link_send (r->link, r->stream, NULL, TRUE) &&
         pf_quic_link_wait_room (r->link, 0, until);
  }
  return ok ? GST_FLOW_OK : GST_FLOW_EOS;
}

/* ---- Receiving ---------------------------------------------------------- */

GstFlowReturn
pf_quic_raw_receive (PfQuicRaw *r, GstBuffer **buffer, GError **error)
{
  Piece *piece = NULL;
  gboolean interrupted, fin;

  g_mutex_lock (&r->lock);
  for (;;) {
    interrupted = r->interrupted;
    if (interrupted || (piece = g_queue_pop_head (&r->pieces)) || r->fin ||
        r->closed)
      break;
    g_cond_wait (&r->cond, &r->lock);
  }
  fin = r->fin;
  if (piece) {
    r->n.buffers++;
    r->n.bytes += g_bytes_get_size (piece->bytes);
  }
  g_mutex_unlock (&r->lock);
  if (interrupted)
    return GST_FLOW_FLUSHING;
  if (!piece)
    return fin ? GST_FLOW_EOS : ended (r, error);
  if (piece->stream != NO_STREAM)
    pf_quic_link_consume (
        r->link, piece->stream, g_bytes_get_size (piece->bytes));
  *buffer = gst_buffer_new_wrapped_bytes (piece->bytes);
  piece_free (piece);
  return GST_FLOW_OK;
}

void
pf_quic_raw_get_counters (PfQuicRaw *r, PfQuicRawCounters *counters)
{
  g_mutex_lock (&r->lock);
  *counters = r->n;
  g_mutex_unlock (&r->lock);
}

PfQuicLink *
pf_quic_raw_get_link (PfQuicRaw *r)
{
  PfQuicLink *link;

  g_mutex_lock (&r->lock);
  link = r->link ? pf_quic_link_ref (r->link) : NULL;
  g_mutex_unlock (&r->lock);
  return link;
}
