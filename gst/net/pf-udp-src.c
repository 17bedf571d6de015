/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/**
 * SECTION:element-pfudpsrc
 * @title: pfudpsrc
 *
 * Receives packets over UDP, many a system call.
 *
 * In: datagrams. Out: packets in blocks (application/x-pf-block) toward
 * elements that take them, else one a buffer, in one list for what was received
 * together (application/x-pf-packet). The kernel puts packets of one sender
 * together where it can (UDP_GRO), right in the memory that is pushed.
 *
 * Buffers are stamped with the time they were received. One thread waits for
 * packets and pushes them; no latency is added.
 *
 * |[
 * gst-launch-1.0 pfudpsrc port=5004 caps="application/x-pf-packet,wire=punktfunk1,fec=gf16,sealed=true" ! pfaesgcm mode=open key-file=session.key ! pffecdec ! h264parse ! avdec_h264 ! autovideosink sync=false
 * ]|
 *
 * Since: 0.1
 */
#include "pf-udp-src.h"

#include "pf-block.h"
#include "pf-caps.h"
#include "pf-receiver.h"
#include "pf-socket.h"
#include "pf-stats.h"

#include <string.h>

GST_DEBUG_CATEGORY_STATIC (pf_udp_src_debug);
#define GST_CAT_DEFAULT pf_udp_src_debug

#define DEFAULT_ADDRESS "0.0.0.0"
#define DEFAULT_PORT 5004
#define DEFAULT_BUFFER_SIZE 0
#define DEFAULT_SOURCE NULL
#define DEFAULT_PUNCH NULL
#define DEFAULT_PUNCH_PAYLOAD "PFpunch1"
#define DEFAULT_GRO TRUE
#define DEFAULT_TIMEOUT_MS 0

#define OWN_BUFFER_SIZE (4u << 20) /* what is asked for without a wish */

/* As punktfunk/1 has it: often at first, then to keep the way open. */
#define PUNCHES_AT_FIRST 15
#define PUNCH_AT_FIRST_US (200 * 1000)
#define PUNCH_US (2 * G_USEC_PER_SEC)

enum {
  PROP_0,
  PROP_ADDRESS,
  PROP_PORT,
  PROP_CAPS,
  PROP_BUFFER_SIZE,
  PROP_SOURCE,
  PROP_PUNCH,
  PROP_PUNCH_PAYLOAD,
  PROP_GRO,
  PROP_TIMEOUT,
  PROP_STATS,
  PROP_PACKETS,
  PROP_BYTES,
  PROP_FILTERED,
  PROP_LOST,
  N_PROPS
};

static GParamSpec *props[N_PROPS];

/* See the stats property. */
typedef struct {
  PfSocketCounters socket;
  PfReceiverCounters receiver;
  guint64 punches;
} Counters;

/* Read at READY->PAUSED. */
typedef struct {
  gchar *address, *source, *punch, *punch_payload;
  guint port, buffer_size, timeout_ms;
  gboolean gro;
} Settings;

struct _PfUdpSrc {
  GstPushSrc parent;

  /* object lock */
  Settings settings;
  GstCaps *caps;
  Counters shown;
  guint granted;   /* bytes of socket buffer */
  guint used_port; /* that the socket is bound to */

  gint wakes;  /* atomic; by unlock(), so far */
  gint ending; /* atomic; EOS was sent to the element */

  /* set before PAUSED, then constant */
  PfSocket *socket;
  PfAddress punch_at; /* size 0: none */
  gchar *punch_bytes;
  gint64 timeout_us;

  /* streaming thread */
  gboolean blocks;
  PfReceiver *receiver;
  GstClockTime pts;
  gint64 heard; /* when packets last came, or that they do not was told */
  gint64 next_punch;
  Counters counters;
};

#define AT(member) G_STRUCT_OFFSET (PfUdpSrc, member)
static const gsize members[N_PROPS] = {
  [PROP_ADDRESS] = AT (settings.address),
  [PROP_PORT] = AT (settings.port),
  [PROP_CAPS] = AT (caps),
  [PROP_BUFFER_SIZE] = AT (settings.buffer_size),
  [PROP_SOURCE] = AT (settings.source),
  [PROP_PUNCH] = AT (settings.punch),
  [PROP_PUNCH_PAYLOAD] = AT (settings.punch_payload),
  [PROP_GRO] = AT (settings.gro),
  [PROP_TIMEOUT] = AT (settings.timeout_ms),
  [PROP_PACKETS] = AT (shown.receiver.packets),
  [PROP_BYTES] = AT (shown.receiver.bytes),
  [PROP_FILTERED] = AT (shown.receiver.filtered),
  [PROP_LOST] = AT (shown.socket.overflows),
};
#undef AT

#define COUNTER(member, name) PF_COUNTER (PfUdpSrc, shown.member, name)
static const PfField stats_fields[] = {
  COUNTER (receiver.packets, "packets"),
  COUNTER (receiver.bytes, "bytes"),
  COUNTER (socket.gro_packets, "gro-packets"),
  COUNTER (socket.syscalls, "syscalls"),
  COUNTER (receiver.filtered, "filtered"),
  COUNTER (receiver.empty, "empty"),
  COUNTER (socket.overflows, "lost"),
  COUNTER (socket.errors, "errors"),
  COUNTER (punches, "punches"),
  COUNTER (receiver.allocations, "allocations"),
  PF_FIELD (PfUdpSrc, UINT, granted, "buffer-size", 0, G_MAXUINT),
};
#undef COUNTER

static GstStaticPadTemplate src_template =
    GST_STATIC_PAD_TEMPLATE ("src", GST_PAD_SRC, GST_PAD_ALWAYS,
        GST_STATIC_CAPS (PF_CAPS_PACKETS ("{ true, false }")));

G_DEFINE_FINAL_TYPE (PfUdpSrc, pf_udp_src, GST_TYPE_PUSH_SRC)
GST_ELEMENT_REGISTER_DEFINE (
    pfudpsrc, "pfudpsrc", GST_RANK_NONE, PF_TYPE_UDP_SRC)

/* ---- Receiving ---------------------------------------------------------- */

static GstClockTime
running_time (PfUdpSrc *self)
{
  GstClock *clock = gst_element_get_clock (GST_ELEMENT (self));
  GstClockTime base = gst_element_get_base_time (GST_ELEMENT (self)), now;

  if (!clock)
    return GST_CLOCK_TIME_NONE;
  now = gst_clock_get_time (clock);
  gst_object_unref (clock);
  return now > base ? now - base : 0;
}

static void
show_counters (PfUdpSrc *self)
{
  self->counters.socket = *pf_socket_counters (self->socket);
  pf_receiver_get_counters (self->receiver, &self->counters.receiver);
  GST_OBJECT_LOCK (self);
  self->shown = self->counters;
  GST_OBJECT_UNLOCK (self);
}

static void
take_packets (PfUdpSrc *self)
{
  pf_receiver_take (self->receiver);
  if (pf_receiver_has (self->receiver)) {
    self->pts = running_time (self);
    self->heard = g_get_monotonic_time ();
  }
  show_counters (self);
}

/* ---- Waiting ------------------------------------------------------------ */

static void
send_punch (PfUdpSrc *self, gint64 now)
{
  const struct iovec packet = { self->punch_bytes, strlen (self->punch_bytes) };

  self->next_punch =
      now + (++self->counters.punches < PUNCHES_AT_FIRST ? PUNCH_AT_FIRST_US
                                                         : PUNCH_US);
  show_counters (self);
  pf_socket_send (self->socket, &self->punch_at, &packet, 1, NULL);
}

static void
tell_timeout (PfUdpSrc *self)
{
  gst_element_post_message (GST_ELEMENT (self),
      gst_message_new_element (GST_OBJECT (self),
          gst_structure_new ("PfUdpSrcTimeout", "timeout-ms", G_TYPE_UINT,
              (guint) (self->timeout_us / 1000), NULL)));
}

/* Until packets come; sends punches, and tells if none came for long. */
static PfSocketEvent
wait_for_packets (PfUdpSrc *self)
{
  for (;;) {
    const gint64 now = g_get_monotonic_time ();
    gint64 until = G_MAXINT64;
    PfSocketEvent event;

    if (self->punch_at.size) {
      if (now >= self->next_punch)
        send_punch (self, now);
      until = self->next_punch;
    }
    if (self->timeout_us) {
      if (now >= self->heard + self->timeout_us) {
        tell_timeout (self);
        self->heard = now;
      }
      until = MIN (until, self->heard + self->timeout_us);
    }
    event = pf_socket_wait (
        self->socket, until == G_MAXINT64 ? -1 : MAX (until - now, 0));
    if (event != PF_SOCKET_TIMEOUT)
      return event;
  }
}

/* ---- Pushing ------------------------------------------------------------ */

/* Woken. The task must not pause by itself: it may have been started again by
 * then, and that start would be lost. Newer base classes leave it to us to sleep
 * again, so a wake that came meanwhile must not be swallowed; what stops the
 * task has the pad flush before it wakes us. */
static GstFlowReturn
wait_for_play (PfUdpSrc *self)
{
  const gint wakes = g_atomic_int_get (&self->wakes);
  GstFlowReturn ret;

  /* the base class makes EOS of it */
  if (g_atomic_int_get (&self->ending))
    return GST_FLOW_FLUSHING;
  ret = gst_base_src_wait_playing (GST_BASE_SRC (self));
  if (ret != GST_FLOW_OK)
    return ret;
  pf_socket_clear_wake (self->socket);
  if (GST_PAD_IS_FLUSHING (GST_BASE_SRC_PAD (self)))
    return GST_FLOW_FLUSHING;
  if (g_atomic_int_get (&self->wakes) != wakes ||
      g_atomic_int_get (&self->ending))
    pf_socket_wake (self->socket);
  return GST_FLOW_OK;
}

static GstFlowReturn
pf_udp_src_create (GstPushSrc *src, GstBuffer **buffer)
{
  PfUdpSrc *self = PF_UDP_SRC (src);

  /* Punches have their turn however many packets come, and so has unlock(). */
  gboolean wait =
      pf_receiver_drained (self->receiver) ||
      (self->punch_at.size && g_get_monotonic_time () >= self->next_punch);
  GstMiniObject *object;

  while (!pf_receiver_has (self->receiver)) {
    if (wait && wait_for_packets (self) == PF_SOCKET_WOKEN) {
      const GstFlowReturn ret = wait_for_play (self);

      if (ret != GST_FLOW_OK)
        return ret;
      continue;
    }
    take_packets (self);
    wait = TRUE;
  }
  object = pf_receiver_next (self->receiver, self->blocks, self->pts);
  if (self->blocks) {
    *buffer = GST_BUFFER_CAST (object);
  } else {
    GstBufferList *list = GST_BUFFER_LIST_CAST (object);

    GST_LOG_OBJECT (self, "%u packets", gst_buffer_list_length (list));
    gst_base_src_submit_buffer_list (GST_BASE_SRC (self), list);
  }
  if (!pf_receiver_has (self->receiver))
    show_counters (self);
  return GST_FLOW_OK;
}

/* ---- Negotiation -------------------------------------------------------- */

/* Fields of the packets: from the property, else from downstream if that
 * leaves no choice. */
static GstCaps *
find_caps (PfUdpSrc *self)
{
  GstCaps *caps, *peer;

  GST_OBJECT_LOCK (self);
  caps = self->caps ? gst_caps_copy (self->caps) : NULL;
  GST_OBJECT_UNLOCK (self);
  if (!caps) {
    peer = gst_pad_peer_query_caps (GST_BASE_SRC_PAD (self), NULL);
    if (peer && !gst_caps_is_any (peer) && !gst_caps_is_empty (peer))
      caps = gst_caps_truncate (gst_caps_ref (peer));
    gst_clear_caps (&peer);
  }
  if (caps && (gst_caps_is_any (caps) || !gst_caps_is_fixed (caps)))
    gst_clear_caps (&caps);
  return caps;
}

static GstCaps *
named (const GstCaps *caps, const gchar *name)
{
  GstCaps *copy = gst_caps_copy (caps);

  gst_structure_set_name (gst_caps_get_structure (copy, 0), name);
  return copy;
}

static gboolean
pf_udp_src_negotiate (GstBaseSrc *src)
{
  PfUdpSrc *self = PF_UDP_SRC (src);
  GstPad *pad = GST_BASE_SRC_PAD (src);
  GstCaps *fields = find_caps (self), *caps;
  gboolean ok = TRUE;

  if (!fields) {
    GST_ELEMENT_ERROR (self, CORE, NEGOTIATION,
        ("Nothing tells which packets these are; set caps, such as "
         "application/x-pf-packet,wire=punktfunk1,fec=gf16,sealed=true."),
        (NULL));
    return FALSE;
  }
  caps = named (fields, PF_CAPS_BLOCK);
  self->blocks = gst_pad_peer_query_accept_caps (pad, caps) &&
                 pf_block_ask (pad, caps).blocks;
  if (!self->blocks) {
    gst_caps_unref (caps);
    caps = named (fields, PF_CAPS_PACKET);
    ok = gst_pad_peer_query_accept_caps (pad, caps);
  }
  ok = ok && gst_base_src_set_caps (src, caps);
  GST_DEBUG_OBJECT (
      self, "%" GST_PTR_FORMAT ": %s", caps, ok ? "agreed" : "refused");
  gst_caps_unref (caps);
  gst_caps_unref (fields);
  return ok;
}

/* Memory is of our own slabs. */
static gboolean
pf_udp_src_decide_allocation (GstBaseSrc *src, GstQuery *query)
{
  (void) src;
  (void) query;
  return TRUE;
}

static gboolean
pf_udp_src_query (GstBaseSrc *src, GstQuery *query)
{
  if (GST_QUERY_TYPE (query) == GST_QUERY_LATENCY) {
    /* packets are pushed when they come; the kernel holds no fixed time's */
    gst_query_set_latency (query, TRUE, 0, GST_CLOCK_TIME_NONE);
    return TRUE;
  }
  return GST_BASE_SRC_CLASS (pf_udp_src_parent_class)->query (src, query);
}

/* ---- Properties --------------------------------------------------------- */

static void
pf_udp_src_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  PfUdpSrc *self = PF_UDP_SRC (object);

  GST_OBJECT_LOCK (self);
  if (!pf_member_set (self, members[id], value))
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  GST_OBJECT_UNLOCK (self);
}

static void
pf_udp_src_get_property (
    GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  PfUdpSrc *self = PF_UDP_SRC (object);

  GST_OBJECT_LOCK (self);
  if (id == PROP_STATS) {
    GstStructure *s = gst_structure_new_empty ("application/x-pf-udpsrc-stats");

    pf_fields_put (s, stats_fields, G_N_ELEMENTS (stats_fields), self);
    g_value_take_boxed (value, s);
  } else if (id == PROP_PORT && self->used_port) {
    g_value_set_uint (value, self->used_port);
  } else if (!pf_member_get (self, members[id], value)) {
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
  GST_OBJECT_UNLOCK (self);
}

/* ---- States ------------------------------------------------------------- */

static void
get_settings (PfUdpSrc *self, Settings *s)
{
  GST_OBJECT_LOCK (self);
  *s = self->settings;
  s->address = g_strdup (s->address);
  s->source = g_strdup (s->source);
  s->punch = g_strdup (s->punch);
  s->punch_payload = g_strdup (s->punch_payload);
  GST_OBJECT_UNLOCK (self);
}

static void
clear_settings (Settings *s)
{
  g_free (s->address);
  g_free (s->source);
  g_free (s->punch);
  g_free (s->punch_payload);
}

/* Opens the socket and finds the other addresses, of its family. */
static gboolean
open_socket (PfUdpSrc *self, const Settings *s)
{
  PfAddress local, source = { 0 };
  GError *error = NULL;
  int family;

  memset (&self->punch_at, 0, sizeof self->punch_at);
  if (!pf_address_resolve (&local, s->address, s->port, AF_UNSPEC, &error) ||
      !(self->socket = pf_socket_new (&local, &error))) {
    GST_ELEMENT_ERROR (self, RESOURCE, OPEN_READ,
        ("Cannot open a UDP socket: %s; look at address and port, and whether "
         "another program has that port.",
            error->message),
        (NULL));
    g_clear_error (&error);
    return FALSE;
  }
  family = local.at.ss_family;
  if ((s->source && *s->source &&
          !pf_address_parse (&source, s->source, 0, family, &error)) ||
      (s->punch && *s->punch &&
          !pf_address_parse (
              &self->punch_at, s->punch, DEFAULT_PORT, family, &error))) {
    GST_ELEMENT_ERROR (self, LIBRARY, SETTINGS,
        ("An address cannot be used: %s; look at source and punch.",
            error->message),
        (NULL));
    g_clear_error (&error);
    return FALSE;
  }
  self->receiver = pf_receiver_new (self->socket, &source);
  return TRUE;
}

static void
set_options (PfUdpSrc *self, const Settings *s)
{
  const guint wish = s->buffer_size ? s->buffer_size : OWN_BUFFER_SIZE;
  const guint granted = pf_socket_set_receive_buffer (self->socket, wish);
  PfAddress local;

  if (granted < s->buffer_size)
    GST_ELEMENT_WARNING (self, RESOURCE, SETTINGS,
        ("The kernel grants a receive buffer of %u bytes, not the %u asked "
         "for; raise the sysctl net.core.rmem_max, or packets of large frames "
         "may be lost.",
            granted, s->buffer_size),
        (NULL));
  pf_socket_local (self->socket, &local);
  GST_OBJECT_LOCK (self);
  self->granted = granted;
  self->used_port = pf_address_port (&local);
  GST_OBJECT_UNLOCK (self);
  if (s->gro && !pf_socket_set_gro (self->socket, TRUE))
    GST_INFO_OBJECT (self, "the kernel has no UDP_GRO");
  self->timeout_us = (gint64) s->timeout_ms * 1000;
  self->punch_bytes = g_strdup (s->punch_payload ? s->punch_payload : "");
}

static gboolean
pf_udp_src_stop (GstBaseSrc *src)
{
  PfUdpSrc *self = PF_UDP_SRC (src);

  pf_receiver_free (self->receiver);
  self->receiver = NULL;
  pf_socket_free (self->socket);
  self->socket = NULL;
  g_clear_pointer (&self->punch_bytes, g_free);
  GST_OBJECT_LOCK (self);
  self->used_port = 0;
  GST_OBJECT_UNLOCK (self);
  return TRUE;
}

static gboolean
pf_udp_src_start (GstBaseSrc *src)
{
  PfUdpSrc *self = PF_UDP_SRC (src);
  gboolean ok;
  Settings s;

  g_atomic_int_set (&self->ending, FALSE);
  get_settings (self, &s);
  GST_OBJECT_LOCK (self);
  memset (&self->shown, 0, sizeof self->shown);
  GST_OBJECT_UNLOCK (self);
  memset (&self->counters, 0, sizeof self->counters);
  self->heard = self->next_punch = g_get_monotonic_time ();
  ok = open_socket (self, &s);
  if (ok)
    set_options (self, &s);
  else
    pf_udp_src_stop (src);
  clear_settings (&s);
  return ok;
}

/* Known before the wake that comes of it. */
static gboolean
pf_udp_src_send_event (GstElement *element, GstEvent *event)
{
  if (GST_EVENT_TYPE (event) == GST_EVENT_EOS)
    g_atomic_int_set (&PF_UDP_SRC (element)->ending, TRUE);
  return GST_ELEMENT_CLASS (pf_udp_src_parent_class)
      ->send_event (element, event);
}

static gboolean
pf_udp_src_unlock (GstBaseSrc *src)
{
  PfUdpSrc *self = PF_UDP_SRC (src);

  g_atomic_int_inc (&self->wakes);
  if (self->socket)
    pf_socket_wake (self->socket);
  return TRUE;
}

static gboolean
pf_udp_src_unlock_stop (GstBaseSrc *src)
{
  PfUdpSrc *self = PF_UDP_SRC (src);

  if (self->socket)
    pf_socket_clear_wake (self->socket);
  return TRUE;
}

static void
pf_udp_src_finalize (GObject *object)
{
  PfUdpSrc *self = PF_UDP_SRC (object);

  clear_settings (&self->settings);
  gst_clear_caps (&self->caps);
  G_OBJECT_CLASS (pf_udp_src_parent_class)->finalize (object);
}

static void
install_properties (GObjectClass *object_class)
{
  const GParamFlags rw = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS;
  const GParamFlags ready = rw | GST_PARAM_MUTABLE_READY;

  props[PROP_ADDRESS] = g_param_spec_string ("address", "Address",
      "Own address to receive at; 0.0.0.0: all of IPv4, :: of both families",
      DEFAULT_ADDRESS, ready);
  props[PROP_PORT] = g_param_spec_uint ("port", "Port",
      "Own port to receive at; 0: a free one, which is then shown here", 0,
      65535, DEFAULT_PORT, ready);
  props[PROP_CAPS] = g_param_spec_boxed ("caps", "Caps",
      "What the packets are: wire, fec and sealed; nothing on the wire tells",
      GST_TYPE_CAPS, ready);
  props[PROP_BUFFER_SIZE] = g_param_spec_uint ("buffer-size", "Buffer size",
      "Bytes of the socket's receive buffer, with a warning if the kernel "
      "grants less; 0: up to 4 MiB",
      0, G_MAXINT / 2, DEFAULT_BUFFER_SIZE, ready);
  props[PROP_SOURCE] = g_param_spec_string ("source", "Source",
      "Take packets only from this address, host:port or a host with any port; "
      "unset: from all",
      DEFAULT_SOURCE, ready);
  props[PROP_PUNCH] = g_param_spec_string ("punch", "Punch",
      "Send hole-punch datagrams to this address, host:port; unset: none",
      DEFAULT_PUNCH, ready);
  props[PROP_PUNCH_PAYLOAD] =
      g_param_spec_string ("punch-payload", "Punch payload",
          "What a hole-punch datagram holds", DEFAULT_PUNCH_PAYLOAD, ready);
  props[PROP_GRO] = g_param_spec_boolean ("gro", "GRO",
      "Let the kernel put packets together where it can", DEFAULT_GRO, ready);
  props[PROP_TIMEOUT] = g_param_spec_uint ("timeout-ms", "Timeout",
      "Post a message PfUdpSrcTimeout whenever no packet came for so many "
      "milliseconds; 0: never",
      0, G_MAXUINT, DEFAULT_TIMEOUT_MS, ready);
  /**
   * PfUdpSrc:stats:
   *
   * A structure application/x-pf-udpsrc-stats, counted since READY: packets
   * and bytes pushed, gro-packets (received several a call), syscalls,
   * filtered (packets of another source), empty (datagrams without bytes),
   * lost (packets the socket's buffer had no room for), errors (ICMP errors
   * among them), punches, allocations (of slabs): uint64; buffer-size (bytes
   * the kernel granted): uint.
   */
  props[PROP_STATS] = pf_stats_spec ();
  props[PROP_PACKETS] =
      pf_counter_spec ("packets", "Packets", "Packets pushed since READY");
  props[PROP_BYTES] = pf_counter_spec (
      "bytes", "Bytes", "Bytes in the packets pushed since READY");
  props[PROP_FILTERED] = pf_counter_spec ("filtered", "Filtered",
      "Packets of another source than the one set, since READY");
  props[PROP_LOST] = pf_counter_spec ("lost", "Lost",
      "Packets the socket's buffer had no room for, since READY");
  g_object_class_install_properties (object_class, N_PROPS, props);
}

static void
pf_udp_src_class_init (PfUdpSrcClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstBaseSrcClass *src_class = GST_BASE_SRC_CLASS (klass);

  GST_DEBUG_CATEGORY_INIT (pf_udp_src_debug, "pfudpsrc", 0, "packets from UDP");
  object_class->set_property = pf_udp_src_set_property;
  object_class->get_property = pf_udp_src_get_property;
  object_class->finalize = pf_udp_src_finalize;
  element_class->send_event = GST_DEBUG_FUNCPTR (pf_udp_src_send_event);
  src_class->start = GST_DEBUG_FUNCPTR (pf_udp_src_start);
  src_class->stop = GST_DEBUG_FUNCPTR (pf_udp_src_stop);
  src_class->unlock = GST_DEBUG_FUNCPTR (pf_udp_src_unlock);
  src_class->unlock_stop = GST_DEBUG_FUNCPTR (pf_udp_src_unlock_stop);
  src_class->negotiate = GST_DEBUG_FUNCPTR (pf_udp_src_negotiate);
  src_class->decide_allocation =
      GST_DEBUG_FUNCPTR (pf_udp_src_decide_allocation);
  src_class->query = GST_DEBUG_FUNCPTR (pf_udp_src_query);
  GST_PUSH_SRC_CLASS (klass)->create = GST_DEBUG_FUNCPTR (pf_udp_src_create);
  install_properties (object_class);
  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_set_static_metadata (element_class, "UDP packet receiver",
      "Source/Network", "Receives packets over UDP, many a system call",
      "The gst-punktfunk developers");
}

static void
pf_udp_src_init (PfUdpSrc *self)
{
  self->settings = (Settings){
    .address = g_strdup (DEFAULT_ADDRESS),
    .port = DEFAULT_PORT,
    .buffer_size = DEFAULT_BUFFER_SIZE,
    .source = g_strdup (DEFAULT_SOURCE),
    .punch = g_strdup (DEFAULT_PUNCH),
    .punch_payload = g_strdup (DEFAULT_PUNCH_PAYLOAD),
    .gro = DEFAULT_GRO,
    .timeout_ms = DEFAULT_TIMEOUT_MS,
  };
  gst_base_src_set_live (GST_BASE_SRC (self), TRUE);
  gst_base_src_set_format (GST_BASE_SRC (self), GST_FORMAT_TIME);
}
