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
  PROP_COPIES,
  PROP_ALLOCATIONS,
  N_PROPS
};

static GParamSpec *props[N_PROPS];

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

static void
post_error (PfAesGcm *self, GError *error)
{
  gst_element_message_full (GST_ELEMENT (self), GST_MESSAGE_ERROR,
      error->domain, error->code, g_strdup (error->message), NULL, __FILE__,
      GST_FUNCTION, __LINE__);
  g_error_free (error);
}

/* ---- Negotiation -------------------------------------------------------- */

/* What a pad can have in this mode: plain on one side, sealed on the other,
 * so that a wrong order of elements does not link. */
static GstCaps *
own_caps (PfAesGcm *self, GstPadDirection side)
{
  static GstStaticCaps plain = GST_STATIC_CAPS (PF_CAPS_PACKETS ("false"));
  static GstStaticCaps sealed = GST_STATIC_CAPS (PF_CAPS_PACKETS ("true"));
  Mode mode;

  GST_OBJECT_LOCK (self);
  mode = self->mode;
  GST_OBJECT_UNLOCK (self);
  if ((mode == MODE_SEAL && side == GST_PAD_SRC) ||
      (mode == MODE_OPEN && side == GST_PAD_SINK))
    return gst_static_caps_get (&sealed);
  return gst_static_caps_get (&plain);
}

/* What one side has when the other has caps. Blocks can become packets on
 * their way down; the other fields stay. */
static GstCaps *
other_caps (PfAesGcm *self, GstCaps *caps, GstPadDirection side)
{
  const GstPadDirection from = side == GST_PAD_SRC ? GST_PAD_SINK : GST_PAD_SRC;
  const gchar *wide = side == GST_PAD_SRC ? PF_CAPS_BLOCK : PF_CAPS_PACKET;
  g_autoptr (GstCaps) near = own_caps (self, from);
  g_autoptr (GstCaps) far = own_caps (self, side);
  g_autoptr (GstCaps) known = gst_caps_intersect (caps, near);
  GstCaps *result = gst_caps_new_empty ();
  const GValue *sealed =
      gst_structure_get_value (gst_caps_get_structure (far, 0), "sealed");

  for (guint i = 0; i < gst_caps_get_size (known); i++) {
    GstStructure *s = gst_structure_copy (gst_caps_get_structure (known, i));

    gst_structure_set_value (s, "sealed", sealed);
    if (gst_structure_has_name (s, wide)) {
      GstStructure *block = gst_structure_copy (s);

      gst_structure_set_name (block, PF_CAPS_BLOCK);
      gst_structure_set_name (s, PF_CAPS_PACKET);
      result = gst_caps_merge_structure (result, block);
    }
    result = gst_caps_merge_structure (result, s);
  }
  return result;
}

/* The same for the caps of a stream: they keep their form. */
static GstCaps *
src_caps_for (PfAesGcm *self, GstCaps *caps)
{
  g_autoptr (GstCaps) far = own_caps (self, GST_PAD_SRC);
  GstCaps *out = gst_caps_copy (caps);

  gst_caps_set_value (out, "sealed",
      gst_structure_get_value (gst_caps_get_structure (far, 0), "sealed"));
  return out;
}

static gboolean
is_block_caps (const GstCaps *caps)
{
  return gst_structure_has_name (
      gst_caps_get_structure (caps, 0), PF_CAPS_BLOCK);
}

static const PfWire *
wire_of (const GstCaps *caps)
{
  return pf_wire_find (
      gst_structure_get_string (gst_caps_get_structure (caps, 0), "wire"));
}

/* Sends CAPS downstream; blocks only to who takes them. */
static gboolean
negotiate (PfAesGcm *self, GstCaps *caps)
{
  g_autoptr (GstCaps) out = src_caps_for (self, caps);
  g_autoptr (GstCaps) current = NULL;

  self->split = FALSE;
  if (is_block_caps (caps)) {
    self->split = !gst_pad_peer_query_accept_caps (self->srcpad, out) ||
                  !pf_block_ask (self->srcpad, out).blocks;
    if (self->split)
      gst_structure_set_name (gst_caps_get_structure (out, 0), PF_CAPS_PACKET);
  }
  current = gst_pad_get_current_caps (self->srcpad);
  if (current && gst_caps_is_equal (current, out))
    return TRUE;
  GST_DEBUG_OBJECT (self, "%" GST_PTR_FORMAT, out);
  return gst_pad_push_event (self->srcpad, gst_event_new_caps (out));
}

static gboolean
set_caps (PfAesGcm *self, GstCaps *caps)
{
  const PfWire *wire = wire_of (caps);

  if (self->mode == MODE_NONE)
    return negotiate (self, caps);
  if (!wire || !wire->seal || !wire->open) {
    GST_ELEMENT_ERROR (self, STREAM, FORMAT,
        ("Packets of this format cannot be sealed here; mode=none passes "
         "them."),
        ("%s", gst_structure_get_string (
                   gst_caps_get_structure (caps, 0), "wire")));
    return FALSE;
  }
  if (self->wire && self->wire != wire) {
    GST_ELEMENT_ERROR (self, STREAM, FORMAT,
        ("The packet format changed from %s to %s within the life of a key; "
         "start the stream anew.",
            self->wire->name, wire->name),
        (NULL));
    return FALSE;
  }
  self->wire = wire;
  self->source.scheme = pf_aes_gcm_nonce_scheme (self, wire);
  if (self->mode == MODE_SEAL && !self->sealer &&
      !pf_aes_gcm_make_sealer (self))
    return FALSE;
  return negotiate (self, caps);
}

/* Room around packets as downstream wants it, and what sealing needs. */
static gboolean
answer_allocation (PfAesGcm *self, GstQuery *query)
{
  g_autoptr (GstCaps) near = own_caps (self, GST_PAD_SINK);
  g_autoptr (GstCaps) out = NULL;
  const PfWire *wire;
  PfBlockWish wish;
  GstCaps *caps;

  gst_query_parse_allocation (query, &caps, NULL);
  if (!caps || !gst_caps_is_subset (caps, near))
    return FALSE;
  wire = wire_of (caps);
  out = src_caps_for (self, caps);
  wish = pf_block_ask (self->srcpad, out);
  if (self->mode == MODE_SEAL && wire) {
    wish.prefix += wire->seal_prefix;
    wish.padding += wire->seal_suffix;
  } else if (self->mode == MODE_OPEN && wire) {
    wish.prefix -= MIN (wish.prefix, wire->seal_prefix);
    wish.padding -= MIN (wish.padding, wire->seal_suffix);
  }
  pf_block_answer (query, &wish);
  return TRUE;
}

static void
answer_caps (PfAesGcm *self, GstPad *pad, GstQuery *query)
{
  const GstPadDirection side = GST_PAD_DIRECTION (pad);
  GstPad *other = side == GST_PAD_SRC ? self->sinkpad : self->srcpad;
  g_autoptr (GstCaps) wanted = NULL, theirs = NULL, ours = NULL;
  GstCaps *filter, *result;

  gst_query_parse_caps (query, &filter);
  if (filter)
    wanted = other_caps (self, filter, GST_PAD_DIRECTION (other));
  theirs = gst_pad_peer_query_caps (other, wanted);
  ours = other_caps (self, theirs, side);
  result =
      filter ? gst_caps_intersect_full (filter, ours, GST_CAPS_INTERSECT_FIRST)
             : gst_caps_ref (ours);
  gst_query_set_caps_result (query, result);
  gst_caps_unref (result);
}

static gboolean
pf_aes_gcm_query (GstPad *pad, GstObject *parent, GstQuery *query)
{
  PfAesGcm *self = PF_AES_GCM (parent);

  switch (GST_QUERY_TYPE (query)) {
  case GST_QUERY_CAPS:
    answer_caps (self, pad, query);
    return TRUE;
  case GST_QUERY_ACCEPT_CAPS: {
    g_autoptr (GstCaps) ours = own_caps (self, GST_PAD_DIRECTION (pad));
    GstCaps *caps;

    gst_query_parse_accept_caps (query, &caps);
    gst_query_set_accept_caps_result (query, gst_caps_is_subset (caps, ours));
    return TRUE;
  }
  case GST_QUERY_ALLOCATION:
    if (GST_PAD_IS_SINK (pad))
      return answer_allocation (self, query);
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
    ret = set_caps (self, caps);
    gst_event_unref (event);
    return ret;
  default:
    return gst_pad_event_default (pad, parent, event);
  }
}

/* ---- Streaming ---------------------------------------------------------- */

/* Everything for n packets is there, or w->ret says what to return. */
static gboolean
ready (PfAesGcmWork *w, guint n)
{
  PfAesGcm *self = w->self;

  if (gst_pad_check_reconfigure (self->srcpad)) {
    g_autoptr (GstCaps) caps = gst_pad_get_current_caps (self->sinkpad);

    if (caps && !negotiate (self, caps)) {
      gst_pad_mark_reconfigure (self->srcpad);
      w->ret = GST_PAD_IS_FLUSHING (self->srcpad) ? GST_FLOW_FLUSHING
                                                  : GST_FLOW_NOT_NEGOTIATED;
      return FALSE;
    }
  }
  if (self->mode == MODE_NONE)
    return TRUE;
  if (!self->wire || (self->mode == MODE_SEAL && !self->sealer)) {
    w->ret = GST_FLOW_NOT_NEGOTIATED;
    return FALSE;
  }
  if (self->mode == MODE_SEAL)
    return TRUE;
  if (!self->proven)
    pf_aes_gcm_look_for_key (self);
  if (self->opener)
    return TRUE;

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
  if (!ready (&w, meta ? meta->n : 1)) {
    gst_buffer_unref (buffer);
  } else if (meta) {
    pf_aes_gcm_do_block (&w, buffer);
  } else {
    buffer = pf_aes_gcm_do_packet (&w, buffer);
    pf_aes_gcm_count (&w);
    if (buffer)
      w.ret = gst_pad_push (w.self->srcpad, buffer);
  }
  return done (&w);
}

static GstFlowReturn
pf_aes_gcm_chain_list (GstPad *pad, GstObject *parent, GstBufferList *list)
{
  PfAesGcmWork w = { .self = PF_AES_GCM (parent), .ret = GST_FLOW_OK };

  (void) pad;
  if (!ready (&w, gst_buffer_list_length (list))) {
    gst_buffer_list_unref (list);
    return done (&w);
  }
  list = gst_buffer_list_make_writable (list);
  pf_aes_gcm_do_list (&w, list);
  pf_aes_gcm_count (&w);
  if (w.ret == GST_FLOW_OK && gst_buffer_list_length (list) > 0)
    w.ret = gst_pad_push_list (w.self->srcpad, list);
  else
    gst_buffer_list_unref (list);
  return done (&w);
}

/* ---- Properties --------------------------------------------------------- */

static GstStructure *
make_stats (const Counters *c)
{
  return gst_structure_new ("application/x-pf-aesgcm-stats", "packets",
      G_TYPE_UINT64, c->packets, "rejected", G_TYPE_UINT64, c->rejected,
      "replayed", G_TYPE_UINT64, c->replayed, "copies", G_TYPE_UINT64,
      c->copies, "allocations", G_TYPE_UINT64, c->allocations, NULL);
}

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
  if (!late) {
    switch (id) {
    case PROP_MODE:
      self->mode = (Mode) g_value_get_enum (value);
      break;
    case PROP_CIPHER:
      self->cipher = (PfAeadCipher) g_value_get_enum (value);
      break;
    case PROP_KEY_FILE:
      g_free (self->key_file);
      self->key_file = g_value_dup_string (value);
      break;
    case PROP_KEY_FD:
      set_key_fd_unlocked (self, g_value_get_int (value));
      break;
    case PROP_KEY_TIMEOUT:
      self->key_timeout_ms = g_value_get_uint (value);
      break;
    case PROP_TO_HOST:
      self->to_host = g_value_get_boolean (value);
      break;
    case PROP_FORBID_COPY:
      self->forbid_copy = g_value_get_boolean (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
      break;
    }
  }
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
  switch (id) {
  case PROP_MODE:
    g_value_set_enum (value, (gint) self->mode);
    break;
  case PROP_CIPHER:
    g_value_set_enum (value, (gint) self->cipher);
    break;
  case PROP_KEY_FILE:
    g_value_set_string (value, self->key_file);
    break;
  case PROP_KEY_TIMEOUT:
    g_value_set_uint (value, self->key_timeout_ms);
    break;
  case PROP_TO_HOST:
    g_value_set_boolean (value, self->to_host);
    break;
  case PROP_FORBID_COPY:
    g_value_set_boolean (value, self->forbid_copy);
    break;
  case PROP_STATS:
    g_value_take_boxed (value, make_stats (&self->counters));
    break;
  case PROP_PACKETS:
    g_value_set_uint64 (value, self->counters.packets);
    break;
  case PROP_REJECTED:
    g_value_set_uint64 (value, self->counters.rejected);
    break;
  case PROP_REPLAYED:
    g_value_set_uint64 (value, self->counters.replayed);
    break;
  case PROP_COPIES:
    g_value_set_uint64 (value, self->counters.copies);
    break;
  case PROP_ALLOCATIONS:
    g_value_set_uint64 (value, self->counters.allocations);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    break;
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
  self->split = FALSE;
  self->proven = FALSE;
  self->failures = 0;
  self->highest = 0;
  self->looked = self->waiting_since = self->told = 0;
  memset (&self->source, 0, sizeof self->source);
  memset (&self->stamp, 0, sizeof self->stamp);
  if (self->mode == MODE_NONE)
    return TRUE;
  if (!self->key_file == (self->key_fd < 0)) {
    GST_ELEMENT_ERROR (self, LIBRARY, SETTINGS,
        ("%s set key-file=PATH, which the sealer writes and the opener reads, "
         "or key-fd=N; mode=none passes packets as they are.",
            self->key_file
                ? "There are two sources of a key, only one can be:"
                : "There is no key (one from key-fd serves one run):"),
        (NULL));
    return FALSE;
  }
  if (!pf_aes_gcm_get_key (self, &error)) {
    post_error (self, error);
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
  GST_OBJECT_LOCK (self);
  self->running = FALSE;
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
  const GParamFlags ro = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  /**
   * PfAesGcm:stats:
   *
   * A structure application/x-pf-aesgcm-stats, counted since the last start,
   * all uint64: packets (sealed or opened), rejected (not opened: malformed,
   * forged, another key, or no key yet), replayed (came twice or too late),
   * copies (of packets), allocations (of slabs for copies).
   */
  props[PROP_STATS] = g_param_spec_boxed ("stats", "Statistics",
      "Counters since the last start; see the documentation",
      GST_TYPE_STRUCTURE, ro);
  props[PROP_PACKETS] = g_param_spec_uint64 (
      "packets", "Packets", "Packets sealed or opened", 0, G_MAXUINT64, 0, ro);
  props[PROP_REJECTED] = g_param_spec_uint64 ("rejected", "Rejected",
      "Packets that could not be opened", 0, G_MAXUINT64, 0, ro);
  props[PROP_REPLAYED] = g_param_spec_uint64 ("replayed", "Replayed",
      "Packets that came twice or too late", 0, G_MAXUINT64, 0, ro);
  props[PROP_COPIES] = g_param_spec_uint64 ("copies", "Copies",
      "Packets that had to be copied", 0, G_MAXUINT64, 0, ro);
  props[PROP_ALLOCATIONS] = g_param_spec_uint64 ("allocations", "Allocations",
      "Slabs allocated for copies", 0, G_MAXUINT64, 0, ro);
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
  gst_element_add_pad (GST_ELEMENT (self), self->srcpad);

  self->mode = DEFAULT_MODE;
  self->cipher = DEFAULT_CIPHER;
  self->key_fd = DEFAULT_KEY_FD;
  self->key_timeout_ms = DEFAULT_KEY_TIMEOUT_MS;
  self->to_host = DEFAULT_TO_HOST;
  self->forbid_copy = DEFAULT_FORBID_COPY;
}
