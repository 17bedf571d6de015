/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/**
 * SECTION:element-pfaesgcm
 * @title: pfaesgcm
 *
 * Seals or opens media packets: plain packets in and sealed ones out
 * (mode=seal), or the other way round (mode=open). mode=none passes packets.
 *
 * In and out: blocks (application/x-pf-block), or packets one a buffer, single
 * or in lists (application/x-pf-packet). Packets are worked on in place where
 * their memory is ours alone and has room; the answer to the ALLOCATION query
 * asks for that room.
 *
 * Keys come from a key file or a descriptor, or from the endpoint of a session
 * (PfSessionParams, docs/events.md), which may also say that packets travel
 * plain.
 *
 * All work is done in the thread that pushes; no latency is added.
 *
 * |[
 * gst-launch-1.0 videotestsrc is-live=true ! x264enc tune=zerolatency ! h264parse ! pffecenc percentage=20 ! pfaesgcm key-file=session.key ! udpsink host=127.0.0.1 port=5000
 * ]|
 * |[
 * gst-launch-1.0 udpsrc port=5000 caps="application/x-pf-packet,wire=punktfunk1,fec=gf16,sealed=true" ! pfaesgcm mode=open key-file=session.key ! pffecdec caps="video/x-h264,stream-format=byte-stream,alignment=au" ! h264parse ! avdec_h264 ! fakesink
 * ]|
 *
 * Since: 0.1
 */
#include "pf-aes-gcm.h"

#include "pf-aes-gcm-private.h"
#include "pf-caps.h"
#include "pf-stats.h"

#include <string.h>
#include <unistd.h>

GST_DEBUG_CATEGORY (pf_aes_gcm_debug);
GST_DEBUG_CATEGORY (pf_aes_gcm_performance);
#define GST_CAT_DEFAULT pf_aes_gcm_debug

#define DEFAULT_MODE MODE_SEAL
#define DEFAULT_CIPHER PF_AEAD_AES_128_GCM
#define DEFAULT_KEY_FILE NULL
#define DEFAULT_KEY_FD (-1)
#define DEFAULT_KEY_TIMEOUT_MS 10000
#define DEFAULT_TO_HOST FALSE
#define DEFAULT_FORBID_COPY FALSE

enum {
  PROP_0,
  PROP_MODE,
  PROP_CIPHER,
  PROP_KEY_FILE,
  PROP_KEY_FD,
  PROP_KEY_TIMEOUT,
  PROP_TO_HOST,
  PROP_FORBID_COPY,
  PROP_STATS,
  PROP_PACKETS,
  PROP_REJECTED,
  PROP_REPLAYED,
  PROP_PENDING,
  PROP_COPIES,
  PROP_ALLOCATIONS,
  N_PROPS
};

static GParamSpec *props[N_PROPS];

#define AT(member) G_STRUCT_OFFSET (PfAesGcm, member)
static const gsize members[N_PROPS] = {
  [PROP_MODE] = AT (mode),
  [PROP_CIPHER] = AT (cipher),
  [PROP_KEY_FILE] = AT (key_file),
  [PROP_KEY_TIMEOUT] = AT (key_timeout_ms),
  [PROP_TO_HOST] = AT (to_host),
  [PROP_FORBID_COPY] = AT (forbid_copy),
  [PROP_PACKETS] = AT (counters.packets),
  [PROP_REJECTED] = AT (counters.rejected),
  [PROP_REPLAYED] = AT (counters.replayed),
  [PROP_PENDING] = AT (counters.pending),
  [PROP_COPIES] = AT (counters.copies),
  [PROP_ALLOCATIONS] = AT (counters.allocations),
};
#undef AT

#define COUNTER(member) PF_COUNTER (PfAesGcm, counters.member, #member)
static const PfField stats_fields[] = { COUNTER (packets), COUNTER (rejected),
  COUNTER (replayed), COUNTER (pending), COUNTER (copies),
  COUNTER (allocations) };
#undef COUNTER

static GstStaticPadTemplate sink_template =
    GST_STATIC_PAD_TEMPLATE ("sink", GST_PAD_SINK, GST_PAD_ALWAYS,
        GST_STATIC_CAPS (PF_CAPS_PACKETS ("{ true, false }")));

static GstStaticPadTemplate src_template =
    GST_STATIC_PAD_TEMPLATE ("src", GST_PAD_SRC, GST_PAD_ALWAYS,
        GST_STATIC_CAPS (PF_CAPS_PACKETS ("{ true, false }")));

#define PF_TYPE_AES_GCM_MODE (pf_aes_gcm_mode_get_type ())
static GType
pf_aes_gcm_mode_get_type (void)
{
  static gsize type;

  if (g_once_init_enter (&type)) {
    static const GEnumValue values[] = {
      { MODE_SEAL, "Plain packets in, sealed packets out", "seal" },
      { MODE_OPEN, "Sealed packets in, plain packets out", "open" },
      { MODE_NONE, "Plain packets in and out", "none" },
      { 0, NULL, NULL },
    };

    g_once_init_leave (&type, g_enum_register_static ("PfAesGcmMode", values));
  }
  return (GType) type;
}

#define PF_TYPE_AES_GCM_CIPHER (pf_aes_gcm_cipher_get_type ())
static GType
pf_aes_gcm_cipher_get_type (void)
{
  static gsize type;

  if (g_once_init_enter (&type)) {
    static const GEnumValue values[] = {
      { PF_AEAD_AES_128_GCM, "AES-128-GCM", "aes-128-gcm" },
      { PF_AEAD_CHACHA20_POLY1305, "ChaCha20-Poly1305", "chacha20-poly1305" },
      { 0, NULL, NULL },
    };

    g_once_init_leave (
        &type, g_enum_register_static ("PfAesGcmCipher", values));
  }
  return (GType) type;
}

G_DEFINE_FINAL_TYPE (PfAesGcm, pf_aes_gcm, GST_TYPE_ELEMENT)
GST_ELEMENT_REGISTER_DEFINE (
    pfaesgcm, "pfaesgcm", GST_RANK_NONE, PF_TYPE_AES_GCM)

/* ---- Events and queries ------------------------------------------------- */

static gboolean
pf_aes_gcm_query (GstPad *pad, GstObject *parent, GstQuery *query)
{
  PfAesGcm *self = PF_AES_GCM (parent);

  switch (GST_QUERY_TYPE (query)) {
  case GST_QUERY_CAPS:
    pf_aes_gcm_answer_caps (self, pad, query);
    return TRUE;
  case GST_QUERY_ACCEPT_CAPS:
    pf_aes_gcm_answer_accept_caps (self, pad, query);
    return TRUE;
  case GST_QUERY_ALLOCATION:
    if (GST_PAD_IS_SINK (pad))
      return pf_aes_gcm_answer_allocation (self, query);
    return FALSE;
  default:
    /* LATENCY too: none is added */
    return gst_pad_query_default (pad, parent, query);
  }
}

/* Flushing, segments and gaps change nothing about keys and numbers. */
static gboolean
pf_aes_gcm_sink_event (GstPad *pad, GstObject *parent, GstEvent *event)
{
  PfAesGcm *self = PF_AES_GCM (parent);
  GstCaps *caps;
  gboolean ret;

  switch (GST_EVENT_TYPE (event)) {
  case GST_EVENT_CAPS:
    gst_event_parse_caps (event, &caps);
    ret = pf_aes_gcm_set_caps (self, caps);
    gst_event_unref (event);
    return ret;
  case GST_EVENT_CUSTOM_DOWNSTREAM:
    if (pf_event_is_params_changed (event))
      g_atomic_int_set (&self->ask, TRUE);
    /* for others too */
    return gst_pad_event_default (pad, parent, event);
  case GST_EVENT_SEGMENT:
  case GST_EVENT_FLUSH_STOP:
    self->breaks |= GST_BUFFER_FLAG_DISCONT;
    return gst_pad_event_default (pad, parent, event);
  default:
    return gst_pad_event_default (pad, parent, event);
  }
}

static gboolean
pf_aes_gcm_src_event (GstPad *pad, GstObject *parent, GstEvent *event)
{
  if (pf_event_is_params_changed (event))
    g_atomic_int_set (&PF_AES_GCM (parent)->ask, TRUE);
  return gst_pad_event_default (pad, parent, event);
}

/* ---- Streaming ---------------------------------------------------------- */

/* No key of a key-file yet: packets are dropped, for a while. */
static void
wait_for_key (PfAesGcmWork *w, guint n)
{
  PfAesGcm *self = w->self;

  w->n.rejected += n;
  if (!self->waiting_since)
    self->waiting_since = self->looked;
  if (self->looked - self->waiting_since >=
      (gint64) self->key_timeout_ms * 1000) {
    GST_ELEMENT_ERROR (self, RESOURCE, NOT_FOUND,
        ("No key came with key-file %s: start the sealer with the same "
         "key-file.",
            self->key_file),
        ("waited %u ms", self->key_timeout_ms));
    w->ret = GST_FLOW_ERROR;
  }
}

/* Everything for n packets is there, or w->ret says what to return. meta: of
 * the block they are in, if it is one. */
static gboolean
ready (PfAesGcmWork *w, guint n, const PfBlockMeta *meta)
{
  PfAesGcm *self = w->self;
  /* not in the middle of a frame */
  const gboolean ask =
      g_atomic_int_get (&self->ask) && (!meta || meta->position == 0);

  if (ask || gst_pad_check_reconfigure (self->srcpad)) {
    g_autoptr (GstCaps) caps = gst_pad_get_current_caps (self->sinkpad);

    if (caps && !pf_aes_gcm_set_caps (self, caps)) {
      gst_pad_mark_reconfigure (self->srcpad);
      w->ret = GST_PAD_IS_FLUSHING (self->srcpad) ? GST_FLOW_FLUSHING
                                                  : GST_FLOW_NOT_NEGOTIATED;
      return FALSE;
    }
  }
  if (self->pending) {
    w->n.pending += n;
    return FALSE;
  }
  if (self->work == MODE_NONE)
    return TRUE;
  if (!self->wire || (self->work == MODE_SEAL && !self->sealer)) {
    w->ret = GST_FLOW_NOT_NEGOTIATED;
    return FALSE;
  }
  if (self->work == MODE_SEAL)
    return TRUE;
  if (!self->proven)
    pf_aes_gcm_look_for_key (self);
  if (self->opener)
    return TRUE;
  wait_for_key (w, n);
  return FALSE;
}

static GstFlowReturn
done (PfAesGcmWork *w)
{
  if (w->fresh)
    gst_memory_unref (w->fresh);
  pf_aes_gcm_count (w);
  return w->ret;
}

static GstFlowReturn
pf_aes_gcm_chain (GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
  PfAesGcmWork w = { .self = PF_AES_GCM (parent), .ret = GST_FLOW_OK };
  PfBlockMeta *meta = pf_buffer_get_block_meta (buffer);

  (void) pad;
  if (!ready (&w, meta ? meta->n : 1, meta)) {
    w.self->breaks |= GST_BUFFER_FLAG_DISCONT;
    gst_buffer_unref (buffer);
  } else if (meta) {
    pf_aes_gcm_do_block (&w, buffer);
  } else {
    w.self->breaks |= GST_BUFFER_FLAGS (buffer) & PF_BLOCK_BREAKS;
    buffer = pf_aes_gcm_do_packet (&w, buffer);
    pf_aes_gcm_count (&w);
    if (buffer)
      w.ret = gst_pad_push (w.self->srcpad, pf_aes_gcm_mark (w.self, buffer));
  }
  return done (&w);
}

static GstFlowReturn
pf_aes_gcm_chain_list (GstPad *pad, GstObject *parent, GstBufferList *list)
{
  PfAesGcmWork w = { .self = PF_AES_GCM (parent), .ret = GST_FLOW_OK };

  (void) pad;
  if (!ready (&w, gst_buffer_list_length (list), NULL)) {
    w.self->breaks |= GST_BUFFER_FLAG_DISCONT;
    gst_buffer_list_unref (list);
    return done (&w);
  }
  list = gst_buffer_list_make_writable (list);
  pf_aes_gcm_do_list (&w, list);
  pf_aes_gcm_count (&w);
  if (w.ret == GST_FLOW_OK && gst_buffer_list_length (list) > 0) {
    if (w.self->breaks)
      pf_aes_gcm_mark (w.self, gst_buffer_list_get_writable (list, 0));
    w.ret = gst_pad_push_list (w.self->srcpad, list);
  } else {
    gst_buffer_list_unref (list);
  }
  return done (&w);
}

/* ---- Properties --------------------------------------------------------- */

/* Call with the object lock. */
static void
set_key_fd_unlocked (PfAesGcm *self, gint fd)
{
  if (self->key_fd >= 0 && self->key_fd != fd)
    close (self->key_fd);
  self->key_fd = fd;
}

static void
pf_aes_gcm_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  PfAesGcm *self = PF_AES_GCM (object);
  gboolean late;

  GST_OBJECT_LOCK (self);
  late = self->running;
  if (!late && id == PROP_KEY_FD)
    set_key_fd_unlocked (self, g_value_get_int (value));
  else if (!late && !pf_member_set (self, members[id], value))
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  GST_OBJECT_UNLOCK (self);
  if (late)
    GST_WARNING_OBJECT (self, "%s can only be set up to READY", pspec->name);
}

static void
pf_aes_gcm_get_property (
    GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  PfAesGcm *self = PF_AES_GCM (object);

  GST_OBJECT_LOCK (self);
  if (id == PROP_STATS) {
    GstStructure *stats =
        gst_structure_new_empty ("application/x-pf-aesgcm-stats");

    pf_fields_put (stats, stats_fields, G_N_ELEMENTS (stats_fields), self);
    g_value_take_boxed (value, stats);
  } else if (!pf_member_get (self, members[id], value)) {
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
  GST_OBJECT_UNLOCK (self);
}

/* ---- States ------------------------------------------------------------- */

static gboolean
start (PfAesGcm *self)
{
  GError *error = NULL;

  GST_OBJECT_LOCK (self);
  self->running = TRUE;
  memset (&self->counters, 0, sizeof self->counters);
  GST_OBJECT_UNLOCK (self);
  self->pool = pf_slab_pool_new ();
  self->wire = NULL;
  self->work = self->mode;
  self->refused = self->pending = FALSE;
  self->split = FALSE;
  self->breaks = GST_BUFFER_FLAG_DISCONT;
  self->proven = FALSE;
  self->failures = 0;
  self->highest = 0;
  self->looked = self->waiting_since = self->told = 0;
  memset (&self->source, 0, sizeof self->source);
  memset (&self->stamp, 0, sizeof self->stamp);
  if (!pf_aes_gcm_get_key (self, &error)) {
    pf_aes_gcm_post_error (self, error);
    return FALSE;
  }
  return TRUE;
}

/* A key does not outlive PAUSED. */
static void
stop (PfAesGcm *self)
{
  pf_aes_gcm_drop_keys (self);
  pf_slab_pool_free (self->pool);
  self->pool = NULL;
  self->wire = NULL;
  g_atomic_int_set (&self->ask, FALSE);
  GST_OBJECT_LOCK (self);
  self->running = FALSE;
  self->source_of_key = KEY_SET;
  GST_OBJECT_UNLOCK (self);
}

static GstStateChangeReturn
pf_aes_gcm_change_state (GstElement *element, GstStateChange transition)
{
  PfAesGcm *self = PF_AES_GCM (element);
  GstStateChangeReturn ret;

  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED && !start (self)) {
    stop (self);
    return GST_STATE_CHANGE_FAILURE;
  }
  ret = GST_ELEMENT_CLASS (pf_aes_gcm_parent_class)
            ->change_state (element, transition);
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY ||
      (transition == GST_STATE_CHANGE_READY_TO_PAUSED &&
          ret == GST_STATE_CHANGE_FAILURE))
    stop (self);
  return ret;
}

static void
pf_aes_gcm_finalize (GObject *object)
{
  PfAesGcm *self = PF_AES_GCM (object);

  stop (self);
  set_key_fd_unlocked (self, -1);
  g_free (self->key_file);
  G_OBJECT_CLASS (pf_aes_gcm_parent_class)->finalize (object);
}

static void
install_settings (void)
{
  const GParamFlags rw =
      G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY;
  const GParamFlags wo =
      G_PARAM_WRITABLE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY;

  /**
   * PfAesGcm:mode:
   *
   * What is done to packets. Caps follow: sealed=false before a sealer and
   * sealed=true behind it.
   */
  props[PROP_MODE] = g_param_spec_enum ("mode", "Mode",
      "What is done to packets", PF_TYPE_AES_GCM_MODE, DEFAULT_MODE, rw);
  /**
   * PfAesGcm:cipher:
   *
   * The cipher of keys that a sealer makes; a key that is read names its own.
   */
  props[PROP_CIPHER] = g_param_spec_enum ("cipher", "Cipher",
      "Cipher of the keys made for key-file; a key that is read names its own",
      PF_TYPE_AES_GCM_CIPHER, DEFAULT_CIPHER, rw);
  /**
   * PfAesGcm:key-file:
   *
   * A sealer writes a fresh random key here whenever it goes to PAUSED, for
   * the owner only; a symbolic link is refused. An opener reads it, waits for
   * it to appear and takes a new one when the file changes.
   */
  props[PROP_KEY_FILE] = g_param_spec_string ("key-file", "Key file",
      "File that the sealer writes a fresh key to and the opener reads",
      DEFAULT_KEY_FILE, rw);
  /**
   * PfAesGcm:key-fd:
   *
   * Where one line with a key is read at PAUSED; then it is closed, also if
   * the element goes before. A sealer takes pipes and sockets only, and no key
   * that sealed before.
   */
  props[PROP_KEY_FD] = g_param_spec_int ("key-fd", "Key descriptor",
      "Descriptor to read one key from; closed then, so it serves one run", -1,
      G_MAXINT, DEFAULT_KEY_FD, wo);
  /**
   * PfAesGcm:key-timeout-ms:
   *
   * How long an opener that gets packets waits for its key-file, in
   * milliseconds; they are dropped meanwhile.
   */
  props[PROP_KEY_TIMEOUT] = g_param_spec_uint ("key-timeout-ms", "Key timeout",
      "How long packets may come before the key-file does (ms)", 0, 3600000,
      DEFAULT_KEY_TIMEOUT_MS, rw);
  props[PROP_TO_HOST] = g_param_spec_boolean ("to-host", "To host",
      "The packets go from a client to a host; both ends must agree",
      DEFAULT_TO_HOST, rw);
  props[PROP_FORBID_COPY] = g_param_spec_boolean ("forbid-copy", "Forbid copy",
      "Fail where packets cannot be worked on in place", DEFAULT_FORBID_COPY,
      rw);
}

static void
install_counters (void)
{
  /**
   * PfAesGcm:stats:
   *
   * A structure application/x-pf-aesgcm-stats, counted since the last start,
   * all uint64: packets (sealed or opened), rejected (not opened: malformed,
   * forged, another key, or no key yet), replayed (came twice or too late),
   * pending (dropped, there was no session yet), copies (of packets), allocations (of slabs for copies).
   */
  props[PROP_STATS] = pf_stats_spec ();
  props[PROP_PACKETS] =
      pf_counter_spec ("packets", "Packets", "Packets sealed or opened");
  props[PROP_REJECTED] = pf_counter_spec (
      "rejected", "Rejected", "Packets that could not be opened");
  props[PROP_REPLAYED] = pf_counter_spec (
      "replayed", "Replayed", "Packets that came twice or too late");
  props[PROP_PENDING] = pf_counter_spec (
      "pending", "Pending", "Packets dropped for want of a session");
  props[PROP_COPIES] =
      pf_counter_spec ("copies", "Copies", "Packets that had to be copied");
  props[PROP_ALLOCATIONS] = pf_counter_spec (
      "allocations", "Allocations", "Slabs allocated for copies");
}

static void
pf_aes_gcm_class_init (PfAesGcmClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);

  GST_DEBUG_CATEGORY_INIT (
      pf_aes_gcm_debug, "pfaesgcm", 0, "sealing and opening");
  GST_DEBUG_CATEGORY_GET (pf_aes_gcm_performance, "GST_PERFORMANCE");
  object_class->set_property = pf_aes_gcm_set_property;
  object_class->get_property = pf_aes_gcm_get_property;
  object_class->finalize = pf_aes_gcm_finalize;
  element_class->change_state = GST_DEBUG_FUNCPTR (pf_aes_gcm_change_state);
  install_settings ();
  install_counters ();
  g_object_class_install_properties (object_class, N_PROPS, props);
  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_set_static_metadata (element_class,
      "Sealing and opening of packets", "Filter/Network/Encryption",
      "Seals or opens media packets with AES-128-GCM or ChaCha20-Poly1305",
      "The gst-punktfunk developers");
  gst_type_mark_as_plugin_api (PF_TYPE_AES_GCM_MODE, 0);
  gst_type_mark_as_plugin_api (PF_TYPE_AES_GCM_CIPHER, 0);
}

static void
pf_aes_gcm_init (PfAesGcm *self)
{
  self->sinkpad = gst_pad_new_from_static_template (&sink_template, "sink");
  gst_pad_set_chain_function (
      self->sinkpad, GST_DEBUG_FUNCPTR (pf_aes_gcm_chain));
  gst_pad_set_chain_list_function (
      self->sinkpad, GST_DEBUG_FUNCPTR (pf_aes_gcm_chain_list));
  gst_pad_set_event_function (
      self->sinkpad, GST_DEBUG_FUNCPTR (pf_aes_gcm_sink_event));
  gst_pad_set_query_function (
      self->sinkpad, GST_DEBUG_FUNCPTR (pf_aes_gcm_query));
  gst_element_add_pad (GST_ELEMENT (self), self->sinkpad);
  self->srcpad = gst_pad_new_from_static_template (&src_template, "src");
  gst_pad_set_query_function (
      self->srcpad, GST_DEBUG_FUNCPTR (pf_aes_gcm_query));
  gst_pad_set_event_function (
      self->srcpad, GST_DEBUG_FUNCPTR (pf_aes_gcm_src_event));
  gst_element_add_pad (GST_ELEMENT (self), self->srcpad);

  self->mode = DEFAULT_MODE;
  self->cipher = DEFAULT_CIPHER;
  self->key_fd = DEFAULT_KEY_FD;
  self->key_timeout_ms = DEFAULT_KEY_TIMEOUT_MS;
  self->to_host = DEFAULT_TO_HOST;
  self->forbid_copy = DEFAULT_FORBID_COPY;
}
