/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/**
 * SECTION:element-pfudpsink
 * @title: pfudpsink
 *
 * Sends packets over UDP, many a system call.
 *
 * In: packets, sealed or not, in blocks (application/x-pf-block) or one a
 * buffer, single or in lists (application/x-pf-packet). Out: one datagram a
 * packet, to one address or to several. Where the kernel can, a call takes
 * many packets straight from the block's memory (UDP_SEGMENT).
 *
 * With pacing=off all is sent in the thread that pushes. With pacing=schedule
 * a thread of its own sends, from a ring of at most three frames: a burst at
 * once, and what is over it in steps until the next frame is due. Who pushes
 * does not wait for that; when the ring is full, PfDropFrame goes upstream. No
 * latency is added.
 *
 * |[
 * gst-launch-1.0 videotestsrc is-live=true ! x264enc tune=zerolatency ! h264parse ! pffecenc ! pfaesgcm key-file=session.key ! pfudpsink host=127.0.0.1 port=5004
 * ]|
 *
 * Since: 0.1
 */
#include "pf-udp-sink.h"

#include "pf-block.h"
#include "pf-caps.h"
#include "pf-send.h"
#include "pf-sender.h"
#include "pf-socket.h"
#include "pf-stats.h"

#include <string.h>

GST_DEBUG_CATEGORY_STATIC (pf_udp_sink_debug);
#define GST_CAT_DEFAULT pf_udp_sink_debug

#define DEFAULT_HOST "127.0.0.1"
#define DEFAULT_PORT 5004
#define DEFAULT_CLIENTS NULL
#define DEFAULT_BIND_ADDRESS NULL
#define DEFAULT_BIND_PORT 0
#define DEFAULT_DSCP (-1)
#define DEFAULT_BUFFER_SIZE 0
#define DEFAULT_GSO TRUE
#define DEFAULT_PACING PACING_OFF
#define DEFAULT_BITRATE_KBPS 0
#define DEFAULT_BURST_SIZE (128u << 10)

#define OWN_BUFFER_SIZE (4u << 20) /* what is asked for without a wish */
#define MAX_CLIENTS 64
#define MAX_INTERVAL (100 * GST_MSECOND) /* between frames, for pacing */
#define DRAIN_US G_USEC_PER_SEC          /* at the end of the stream */

typedef enum { PACING_OFF, PACING_SCHEDULE } Pacing;

enum {
  PROP_0,
  PROP_HOST,
  PROP_PORT,
  PROP_CLIENTS,
  PROP_BIND_ADDRESS,
  PROP_BIND_PORT,
  PROP_DSCP,
  PROP_BUFFER_SIZE,
  PROP_GSO,
  PROP_PACING,
  PROP_BITRATE,
  PROP_BURST_SIZE,
  PROP_STATS,
  PROP_PACKETS,
  PROP_BYTES,
  PROP_ERRORS,
  PROP_DROPPED,
  N_PROPS
};

static GParamSpec *props[N_PROPS];

/* See the stats property. */
typedef struct {
  PfSocketCounters sent;
  guint64 unreadable; /* buffers that hold no packets */
  guint64 copies;
} Counters;

/* Read at READY->PAUSED. */
typedef struct {
  gchar *host, *clients, *bind_address;
  guint port, bind_port, buffer_size;
  gint dscp;
  gboolean gso;
  Pacing pacing;
  guint bitrate_kbps, burst_size;
} Settings;

struct _PfUdpSink {
  GstBaseSink parent;

  /* object lock */
  Settings settings;
  PfSender *sender; /* NULL: no pacing; set before PAUSED, then constant */
  Counters shown;
  PfSenderCounters paced; /* when they were last looked at */
  guint64 dropped;        /* by socket and sender, as of then */
  guint granted;          /* bytes of socket buffer */

  /* set before PAUSED, then constant */
  PfSocket *socket;
  PfAddress to[MAX_CLIENTS];
  guint n_to;

  /* streaming thread */
  guint64 frame;         /* grows by one a frame */
  guint32 frame_number;  /* of the block before */
  GstClockTime last_pts; /* of the buffer before */
  guint64 interval;      /* between the last two frames, ns; 0: not known */

  /* the thread that sends: that which pushes, or the sender's */
  PfSend out;
  int told; /* the last errno that was logged */
};

#define AT(member) G_STRUCT_OFFSET (PfUdpSink, member)
static const gsize members[N_PROPS] = {
  [PROP_HOST] = AT (settings.host),
  [PROP_PORT] = AT (settings.port),
  [PROP_CLIENTS] = AT (settings.clients),
  [PROP_BIND_ADDRESS] = AT (settings.bind_address),
  [PROP_BIND_PORT] = AT (settings.bind_port),
  [PROP_DSCP] = AT (settings.dscp),
  [PROP_BUFFER_SIZE] = AT (settings.buffer_size),
  [PROP_GSO] = AT (settings.gso),
  [PROP_PACING] = AT (settings.pacing),
  [PROP_BITRATE] = AT (settings.bitrate_kbps),
  [PROP_BURST_SIZE] = AT (settings.burst_size),
  [PROP_PACKETS] = AT (shown.sent.packets),
  [PROP_BYTES] = AT (shown.sent.bytes),
  [PROP_ERRORS] = AT (shown.sent.errors),
  [PROP_DROPPED] = AT (dropped),
};
#undef AT

#define COUNTER(member, name) PF_COUNTER (PfUdpSink, member, name)
static const PfField stats_fields[] = {
  COUNTER (shown.sent.packets, "packets"),
  COUNTER (shown.sent.bytes, "bytes"),
  COUNTER (shown.sent.gso_packets, "gso-packets"),
  COUNTER (shown.sent.syscalls, "syscalls"),
  COUNTER (shown.sent.errors, "errors"),
  COUNTER (dropped, "dropped"),
  COUNTER (shown.unreadable, "unreadable"),
  COUNTER (shown.copies, "copies"),
  COUNTER (paced.frames, "paced-frames"),
  COUNTER (paced.frames_dropped, "dropped-frames"),
  COUNTER (paced.full, "ring-full"),
  COUNTER (paced.waits, "waits"),
  PF_FIELD (PfUdpSink, UINT, granted, "buffer-size", 0, G_MAXUINT),
};
#undef COUNTER

static GstStaticPadTemplate sink_template =
    GST_STATIC_PAD_TEMPLATE ("sink", GST_PAD_SINK, GST_PAD_ALWAYS,
        GST_STATIC_CAPS (PF_CAPS_PACKETS ("{ true, false }")));

#define PF_TYPE_UDP_PACING (pf_udp_pacing_get_type ())
static GType
pf_udp_pacing_get_type (void)
{
  static gsize type;

  if (g_once_init_enter (&type)) {
    static const GEnumValue values[] = {
      { PACING_OFF, "Packets leave as fast as they come", "off" },
      { PACING_SCHEDULE, "A burst, then steps until the next frame is due",
          "schedule" },
      { 0, NULL, NULL },
    };

    g_once_init_leave (&type, g_enum_register_static ("PfUdpPacing", values));
  }
  return (GType) type;
}

G_DEFINE_FINAL_TYPE (PfUdpSink, pf_udp_sink, GST_TYPE_BASE_SINK)
GST_ELEMENT_REGISTER_DEFINE (
    pfudpsink, "pfudpsink", GST_RANK_NONE, PF_TYPE_UDP_SINK)

/* ---- Packets ------------------------------------------------------------ */

static void
show_counters (PfUdpSink *self)
{
  const PfSocketCounters *sent = pf_socket_counters (self->socket);

  GST_OBJECT_LOCK (self);
  self->shown.sent = *sent;
  self->shown.unreadable = self->out.unreadable;
  self->shown.copies = self->out.copies;
  GST_OBJECT_UNLOCK (self);
}

/* In the thread that pushes, or in the sender's. */
static void
send_object (gpointer data, GstMiniObject *object, guint first, guint n)
{
  PfUdpSink *self = data;

  pf_send_object (&self->out, object, first, n);
  if (self->out.error != self->told) {
    gchar *text = pf_address_to_string (&self->to[self->out.error_to]);

    GST_WARNING_OBJECT (
        self, "sending to %s: %s", text, g_strerror (self->out.error));
    g_free (text);
    self->told = self->out.error;
  }
  show_counters (self);
}

/* ---- Pacing ------------------------------------------------------------- */

/* What belongs to a frame has its number, or else its time. */
static void
follow_frames (PfUdpSink *self, GstBuffer *buffer, const PfBlockMeta *m)
{
  const GstClockTime pts = GST_BUFFER_PTS (buffer);
  const GstClockTime last = self->last_pts;

  if (self->frame > 0 && (!m || m->frame == self->frame_number) && pts == last)
    return;
  self->frame++;
  self->frame_number = m ? m->frame : 0;
  self->last_pts = pts;
  self->interval = 0;
  if (GST_BUFFER_DURATION_IS_VALID (buffer))
    self->interval = MIN (GST_BUFFER_DURATION (buffer), MAX_INTERVAL);
  else if (GST_CLOCK_TIME_IS_VALID (pts) && GST_CLOCK_TIME_IS_VALID (last) &&
           pts > last)
    self->interval = MIN (pts - last, MAX_INTERVAL);
}

/* No room for another frame: the encoder had better not make one. */
static void
ask_for_drop (PfUdpSink *self)
{
  GST_DEBUG_OBJECT (
      self, "frame %" G_GUINT64_FORMAT " fills the ring", self->frame);
  gst_pad_push_event (GST_BASE_SINK_PAD (self),
      gst_event_new_custom (GST_EVENT_CUSTOM_UPSTREAM,
          gst_structure_new ("PfDropFrame", "frames", G_TYPE_UINT, 1, NULL)));
}

/* A frame is lost, and those that build on it will not do. */
static void
ask_for_key (PfUdpSink *self)
{
  GST_WARNING_OBJECT (self,
      "the network does not keep up: frame %" G_GUINT64_FORMAT " is dropped",
      self->frame);
  gst_pad_push_event (GST_BASE_SINK_PAD (self),
      gst_event_new_custom (GST_EVENT_CUSTOM_UPSTREAM,
          gst_structure_new ("GstForceKeyUnit", "running-time", G_TYPE_UINT64,
              GST_CLOCK_TIME_NONE, "all-headers", G_TYPE_BOOLEAN, TRUE, "count",
              G_TYPE_UINT, 0, NULL)));
}

/* Gives an object to the sender; first is the first buffer of it. */
static void
queue_object (PfUdpSink *self, GstMiniObject *object, GstBuffer *first, guint n)
{
  const PfBlockMeta *m = pf_buffer_get_block_meta (first);
  PfSenderUnit unit = { 0 };

  follow_frames (self, first, m);
  unit.frame = self->frame;
  unit.n = n;
  unit.n_frame = m ? m->n_packets : 0;
  unit.size = m ? m->size : gst_buffer_get_size (first);
  unit.interval = self->interval;
  switch (pf_sender_push (self->sender, gst_mini_object_ref (object), &unit)) {
  case PF_SENDER_FULL:
    ask_for_drop (self);
    break;
  case PF_SENDER_DROPPED:
    ask_for_key (self);
    if (!m && !GST_BUFFER_PTS_IS_VALID (first))
      self->frame++; /* nothing else tells where the next one begins */
    break;
  default:
    break;
  }
}

/* ---- From upstream ------------------------------------------------------ */

/* n packets in an object that begins with the buffer first. */
static void
take_object (PfUdpSink *self, gpointer object, GstBuffer *first, guint n)
{
  if (self->sender)
    queue_object (self, object, first, n);
  else
    send_object (self, object, 0, n);
}

static GstFlowReturn
pf_udp_sink_render (GstBaseSink *sink, GstBuffer *buffer)
{
  take_object (PF_UDP_SINK (sink), buffer, buffer, pf_send_n_packets (buffer));
  return GST_FLOW_OK;
}

static gboolean
has_block (GstBuffer **buffer, guint i, gpointer found)
{
  (void) i;
  *(gboolean *) found = pf_buffer_get_block_meta (*buffer) != NULL;
  return !*(gboolean *) found;
}

static GstFlowReturn
pf_udp_sink_render_list (GstBaseSink *sink, GstBufferList *list)
{
  PfUdpSink *self = PF_UDP_SINK (sink);
  const guint n = gst_buffer_list_length (list);
  gboolean blocks = FALSE;

  gst_buffer_list_foreach (list, has_block, &blocks);
  if (blocks)
    for (guint i = 0; i < n; i++)
      pf_udp_sink_render (sink, gst_buffer_list_get (list, i));
  else if (n > 0)
    take_object (self, list, gst_buffer_list_get (list, 0), n);
  return GST_FLOW_OK;
}

/* The end is told when all has left. */
static gboolean
pf_udp_sink_event (GstBaseSink *sink, GstEvent *event)
{
  PfUdpSink *self = PF_UDP_SINK (sink);

  if (self->sender && GST_EVENT_TYPE (event) == GST_EVENT_EOS)
    pf_sender_drain (self->sender, DRAIN_US);
  else if (self->sender && GST_EVENT_TYPE (event) == GST_EVENT_FLUSH_START)
    pf_sender_flush (self->sender);
  return GST_BASE_SINK_CLASS (pf_udp_sink_parent_class)->event (sink, event);
}

/* ---- Queries ------------------------------------------------------------ */

static gboolean
pf_udp_sink_propose_allocation (GstBaseSink *sink, GstQuery *query)
{
  PfBlockWish wish = { FALSE, 0, 0 };
  GstCaps *caps;

  (void) sink;
  gst_query_parse_allocation (query, &caps, NULL);
  wish.blocks = caps && gst_structure_has_name (
                            gst_caps_get_structure (caps, 0), PF_CAPS_BLOCK);
  pf_block_answer (query, &wish);
  return TRUE;
}

/* Packets leave when they come: upstream's answer, and nothing added. */
static gboolean
pf_udp_sink_query (GstElement *element, GstQuery *query)
{
  if (GST_QUERY_TYPE (query) == GST_QUERY_LATENCY &&
      gst_pad_peer_query (GST_BASE_SINK_PAD (element), query))
    return TRUE;
  return GST_ELEMENT_CLASS (pf_udp_sink_parent_class)->query (element, query);
}

/* ---- Properties --------------------------------------------------------- */

/* Call with the object lock. */
static void
look_unlocked (PfUdpSink *self)
{
  if (self->sender)
    pf_sender_get_counters (self->sender, &self->paced);
  self->dropped = self->shown.sent.dropped + self->paced.packets_dropped;
}

static void
pf_udp_sink_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  PfUdpSink *self = PF_UDP_SINK (object);

  GST_OBJECT_LOCK (self);
  if (!pf_member_set (self, members[id], value))
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  GST_OBJECT_UNLOCK (self);
}

static void
pf_udp_sink_get_property (
    GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  PfUdpSink *self = PF_UDP_SINK (object);

  GST_OBJECT_LOCK (self);
  look_unlocked (self);
  if (id == PROP_STATS) {
    GstStructure *s =
        gst_structure_new_empty ("application/x-pf-udpsink-stats");

    pf_fields_put (s, stats_fields, G_N_ELEMENTS (stats_fields), self);
    g_value_take_boxed (value, s);
  } else if (!pf_member_get (self, members[id], value)) {
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
  GST_OBJECT_UNLOCK (self);
}

/* ---- States ------------------------------------------------------------- */

static void
get_settings (PfUdpSink *self, Settings *s)
{
  GST_OBJECT_LOCK (self);
  *s = self->settings;
  s->host = g_strdup (s->host);
  s->clients = g_strdup (s->clients);
  s->bind_address = g_strdup (s->bind_address);
  GST_OBJECT_UNLOCK (self);
}

static void
clear_settings (Settings *s)
{
  g_free (s->host);
  g_free (s->clients);
  g_free (s->bind_address);
}

/* All of host and port, or of clients. */
static gboolean
find_clients (PfUdpSink *self, const Settings *s, GError **error)
{
  gchar **texts;
  gboolean ok = TRUE;

  self->n_to = 0;
  if (!s->clients || !*s->clients) {
    self->n_to = 1;
    return pf_address_resolve (
        &self->to[0], s->host, s->port, AF_UNSPEC, error);
  }
  texts = g_strsplit (s->clients, ",", 0);
  for (guint i = 0; texts[i] && ok; i++) {
    if (self->n_to == MAX_CLIENTS) {
      g_set_error (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS,
          "more than %u", MAX_CLIENTS);
      ok = FALSE;
      break;
    }
    ok = pf_address_parse (&self->to[self->n_to], g_strstrip (texts[i]),
        s->port, AF_UNSPEC, error);
    self->n_to += ok;
  }
  g_strfreev (texts);
  return ok;
}

/* One socket for all, so that all see one port: an IPv6 one if any needs it. */
static gboolean
open_socket (PfUdpSink *self, const Settings *s, GError **error)
{
  int family = AF_INET;
  PfAddress local;

  for (guint i = 0; i < self->n_to; i++)
    if (self->to[i].at.ss_family == AF_INET6)
      family = AF_INET6;
  for (guint i = 0; i < self->n_to && family == AF_INET6; i++)
    pf_address_map (&self->to[i]);
  if (!pf_address_resolve (
          &local, s->bind_address, s->bind_port, family, error))
    return FALSE;
  self->socket = pf_socket_new (&local, error);
  if (!self->socket)
    return FALSE;
  return self->n_to > 1 ||
         pf_socket_connect (self->socket, &self->to[0], error);
}

static void
set_options (PfUdpSink *self, const Settings *s)
{
  const guint wish = s->buffer_size ? s->buffer_size : OWN_BUFFER_SIZE;
  const guint granted = pf_socket_set_send_buffer (self->socket, wish);

  if (granted < s->buffer_size)
    GST_ELEMENT_WARNING (self, RESOURCE, SETTINGS,
        ("The kernel grants a send buffer of %u bytes, not the %u asked for; "
         "raise the sysctl net.core.wmem_max, or packets of large frames may "
         "be lost.",
            granted, s->buffer_size),
        (NULL));
  GST_OBJECT_LOCK (self);
  self->granted = granted;
  GST_OBJECT_UNLOCK (self);
  if (!s->gso)
    pf_socket_set_path (self->socket, PF_SOCKET_BATCH);
  if (s->dscp >= 0 && !pf_socket_set_dscp (self->socket, (guint) s->dscp))
    GST_ELEMENT_WARNING (self, RESOURCE, SETTINGS,
        ("The kernel does not let packets be marked with DSCP %d.", s->dscp),
        (NULL));
}

static gboolean
start_pacing (PfUdpSink *self, const Settings *s)
{
  PfPaceConfig config;
  PfSender *sender;

  self->frame = 0;
  self->last_pts = GST_CLOCK_TIME_NONE;
  if (s->pacing == PACING_OFF)
    return TRUE;
  pf_pace_config_init (&config);
  config.burst = s->burst_size;
  config.rate_bps = (uint64_t) s->bitrate_kbps * 1000;
  sender = pf_sender_new (&config, send_object, self);
  if (!sender) {
    GST_ELEMENT_ERROR (self, RESOURCE, FAILED,
        ("The system has no room for another thread; pacing=off does without "
         "it."),
        (NULL));
    return FALSE;
  }
  GST_OBJECT_LOCK (self);
  self->sender = sender;
  GST_OBJECT_UNLOCK (self);
  return TRUE;
}

static gboolean
pf_udp_sink_stop (GstBaseSink *sink)
{
  PfUdpSink *self = PF_UDP_SINK (sink);
  PfSender *sender = self->sender;

  if (sender) {
    pf_sender_stop (sender);
    GST_OBJECT_LOCK (self);
    pf_sender_get_counters (sender, &self->paced);
    self->sender = NULL;
    GST_OBJECT_UNLOCK (self);
    pf_sender_free (sender);
  }
  pf_socket_free (self->socket);
  self->socket = NULL;
  return TRUE;
}

static gboolean
pf_udp_sink_start (GstBaseSink *sink)
{
  PfUdpSink *self = PF_UDP_SINK (sink);
  GError *error = NULL;
  Settings s;
  gboolean ok;

  get_settings (self, &s);
  GST_OBJECT_LOCK (self);
  memset (&self->shown, 0, sizeof self->shown);
  memset (&self->paced, 0, sizeof self->paced);
  GST_OBJECT_UNLOCK (self);
  self->told = 0;
  ok = find_clients (self, &s, &error);
  if (!ok) {
    GST_ELEMENT_ERROR (self, LIBRARY, SETTINGS,
        ("There is nowhere to send to: %s; look at host, port and clients.",
            error->message),
        (NULL));
  } else if (!open_socket (self, &s, &error)) {
    GST_ELEMENT_ERROR (self, RESOURCE, OPEN_WRITE,
        ("Cannot open a UDP socket: %s; look at bind-address, bind-port and "
         "whether there is a route to the client.",
            error->message),
        (NULL));
    pf_udp_sink_stop (sink);
    ok = FALSE;
  } else {
    set_options (self, &s);
    self->out = (PfSend){ .socket = self->socket,
      .to = self->n_to > 1 ? self->to : NULL,
      .n_to = self->n_to };
    ok = start_pacing (self, &s);
    if (!ok)
      pf_udp_sink_stop (sink);
  }
  g_clear_error (&error);
  clear_settings (&s);
  return ok;
}

static gboolean
pf_udp_sink_unlock (GstBaseSink *sink)
{
  PfUdpSink *self = PF_UDP_SINK (sink);

  if (self->socket)
    pf_socket_wake (self->socket);
  if (self->sender)
    pf_sender_set_interrupted (self->sender, TRUE);
  return TRUE;
}

static gboolean
pf_udp_sink_unlock_stop (GstBaseSink *sink)
{
  PfUdpSink *self = PF_UDP_SINK (sink);

  if (self->socket)
    pf_socket_clear_wake (self->socket);
  if (self->sender)
    pf_sender_set_interrupted (self->sender, FALSE);
  return TRUE;
}

static void
pf_udp_sink_finalize (GObject *object)
{
  PfUdpSink *self = PF_UDP_SINK (object);

  clear_settings (&self->settings);
  G_OBJECT_CLASS (pf_udp_sink_parent_class)->finalize (object);
}

static void
install_properties (GObjectClass *object_class)
{
  const GParamFlags rw = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS;
  const GParamFlags ready = rw | GST_PARAM_MUTABLE_READY;

  props[PROP_HOST] = g_param_spec_string ("host", "Host",
      "Name or address to send to, unless clients is set", DEFAULT_HOST, ready);
  props[PROP_PORT] = g_param_spec_uint ("port", "Port",
      "Port to send to; of clients, where they name none", 1, 65535,
      DEFAULT_PORT, ready);
  props[PROP_CLIENTS] = g_param_spec_string ("clients", "Clients",
      "Several addresses to send to, host:port with commas between; IPv6 as "
      "[host]:port",
      DEFAULT_CLIENTS, ready);
  props[PROP_BIND_ADDRESS] =
      g_param_spec_string ("bind-address", "Bind address",
          "Own address to send from; unset: any", DEFAULT_BIND_ADDRESS, ready);
  props[PROP_BIND_PORT] = g_param_spec_uint ("bind-port", "Bind port",
      "Own port to send from; 0: any", 0, 65535, DEFAULT_BIND_PORT, ready);
  props[PROP_DSCP] = g_param_spec_int ("dscp", "DSCP",
      "Mark for the network (0 to 63); -1: none is set", -1, 63, DEFAULT_DSCP,
      ready);
  props[PROP_BUFFER_SIZE] = g_param_spec_uint ("buffer-size", "Buffer size",
      "Bytes of the socket's send buffer, with a warning if the kernel grants "
      "less; 0: up to 4 MiB",
      0, G_MAXINT / 2, DEFAULT_BUFFER_SIZE, ready);
  props[PROP_GSO] = g_param_spec_boolean ("gso", "GSO",
      "Let the kernel cut packets out of one call where it can", DEFAULT_GSO,
      ready);
  props[PROP_PACING] = g_param_spec_enum ("pacing", "Pacing",
      "When the packets of a frame leave", PF_TYPE_UDP_PACING, DEFAULT_PACING,
      ready);
  props[PROP_BITRATE] = g_param_spec_uint ("bitrate-kbps", "Bitrate",
      "Rate of the stream, for pacing: what is over the burst leaves at three "
      "times that; 0: over the time until the next frame",
      0, 100000000, DEFAULT_BITRATE_KBPS, ready);
  props[PROP_BURST_SIZE] = g_param_spec_uint ("burst-size", "Burst size",
      "Bytes of a frame that leave at once, for pacing; a quarter of the frame "
      "at least",
      0, G_MAXINT, DEFAULT_BURST_SIZE, ready);
  /**
   * PfUdpSink:stats:
   *
   * A structure application/x-pf-udpsink-stats, counted since READY: packets
   * and bytes that were sent (to each client), gso-packets (of those, by
   * UDP_SEGMENT), syscalls, errors (calls that failed, ICMP errors among
   * them), dropped (packets that were not sent), unreadable (buffers that hold
   * no packets), copies (of packets in several memories); with pacing also
   * paced-frames, dropped-frames (that found the ring full), ring-full (times
   * it became so), waits (pauses between packets): uint64; buffer-size
   * (bytes the kernel granted): uint.
   */
  props[PROP_STATS] = pf_stats_spec ();
  props[PROP_PACKETS] = pf_counter_spec (
      "packets", "Packets", "Packets sent since READY, to each client");
  props[PROP_BYTES] = pf_counter_spec (
      "bytes", "Bytes", "Bytes in the packets sent since READY");
  props[PROP_ERRORS] = pf_counter_spec ("errors", "Errors",
      "Calls that failed since READY, ICMP errors among them");
  props[PROP_DROPPED] = pf_counter_spec (
      "dropped", "Dropped", "Packets that were not sent since READY");
  g_object_class_install_properties (object_class, N_PROPS, props);
}

static void
pf_udp_sink_class_init (PfUdpSinkClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstBaseSinkClass *sink_class = GST_BASE_SINK_CLASS (klass);

  GST_DEBUG_CATEGORY_INIT (pf_udp_sink_debug, "pfudpsink", 0, "packets to UDP");
  object_class->set_property = pf_udp_sink_set_property;
  object_class->get_property = pf_udp_sink_get_property;
  object_class->finalize = pf_udp_sink_finalize;
  element_class->query = GST_DEBUG_FUNCPTR (pf_udp_sink_query);
  sink_class->start = GST_DEBUG_FUNCPTR (pf_udp_sink_start);
  sink_class->stop = GST_DEBUG_FUNCPTR (pf_udp_sink_stop);
  sink_class->unlock = GST_DEBUG_FUNCPTR (pf_udp_sink_unlock);
  sink_class->unlock_stop = GST_DEBUG_FUNCPTR (pf_udp_sink_unlock_stop);
  sink_class->event = GST_DEBUG_FUNCPTR (pf_udp_sink_event);
  sink_class->render = GST_DEBUG_FUNCPTR (pf_udp_sink_render);
  sink_class->render_list = GST_DEBUG_FUNCPTR (pf_udp_sink_render_list);
  sink_class->propose_allocation =
      GST_DEBUG_FUNCPTR (pf_udp_sink_propose_allocation);
  install_properties (object_class);
  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_set_static_metadata (element_class, "UDP packet sender",
      "Sink/Network", "Sends packets over UDP, many a system call",
      "The gst-punktfunk developers");
  gst_type_mark_as_plugin_api (PF_TYPE_UDP_PACING, 0);
}

static void
pf_udp_sink_init (PfUdpSink *self)
{
  self->settings = (Settings){
    .host = g_strdup (DEFAULT_HOST),
    .port = DEFAULT_PORT,
    .clients = g_strdup (DEFAULT_CLIENTS),
    .bind_address = g_strdup (DEFAULT_BIND_ADDRESS),
    .bind_port = DEFAULT_BIND_PORT,
    .dscp = DEFAULT_DSCP,
    .buffer_size = DEFAULT_BUFFER_SIZE,
    .gso = DEFAULT_GSO,
    .pacing = DEFAULT_PACING,
    .bitrate_kbps = DEFAULT_BITRATE_KBPS,
    .burst_size = DEFAULT_BURST_SIZE,
  };
  gst_base_sink_set_sync (GST_BASE_SINK (self), FALSE);
  gst_base_sink_set_processing_deadline (GST_BASE_SINK (self), 0);
}
