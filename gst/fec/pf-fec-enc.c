/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/**
 * SECTION:element-pffecenc
 * @title: pffecenc
 *
 * Cuts each access unit into packets and adds Reed-Solomon parity.
 *
 * In: whole access units. Out: plain packets with headers, as blocks
 * (application/x-pf-block) toward elements that take them, else one a buffer
 * in lists (application/x-pf-packet). A frame's data is pushed before its
 * parity is computed, and parity is computed from the encoder's buffer, never
 * from what was pushed. The payload is copied once.
 *
 * All work is done in the thread that pushes; no latency is added.
 *
 * |[
 * gst-launch-1.0 videotestsrc is-live=true ! x264enc tune=zerolatency ! h264parse ! pffecenc percentage=20 ! pfaesgcm key-file=session.key ! udpsink host=127.0.0.1 port=5000
 * ]|
 *
 * Since: 0.1
 */
#include "pf-fec-enc.h"

#include "pf-block.h"
#include "pf-caps.h"
#include "pf-slab.h"
#include "pf-wire.h"

GST_DEBUG_CATEGORY_STATIC (pf_fec_enc_debug);
#define GST_CAT_DEFAULT pf_fec_enc_debug

#define DEFAULT_WIRE "punktfunk1"
#define DEFAULT_FEC PF_FEC_GF16
#define DEFAULT_PERCENTAGE 20
#define DEFAULT_MINIMUM_PARITY 0
#define DEFAULT_MAX_BLOCK 0
#define DEFAULT_SHARD_PAYLOAD 1408
#define DEFAULT_FORBID_COPY FALSE

#define CONTEXTS 64 /* of different frame sizes that are kept */

enum {
  PROP_0,
  PROP_WIRE,
  PROP_FEC,
  PROP_PERCENTAGE,
  PROP_MINIMUM_PARITY,
  PROP_MAX_BLOCK,
  PROP_SHARD_PAYLOAD,
  PROP_FORBID_COPY,
  PROP_STATS,
  PROP_FRAMES,
  PROP_COPIES,
  N_PROPS
};

static GParamSpec *props[N_PROPS];

/* Counters; see the stats property. */
typedef struct {
  guint64 frames, packets, parity_packets, bytes, copies;
} Counters;

struct _PfFecEnc {
  GstElement parent;
  GstPad *sinkpad, *srcpad;

  /* object lock */
  gchar *wire_name;
  guint scheme, max_block, shard_payload; /* read at READY->PAUSED */
  guint percentage, minimum_parity;       /* read once per frame */
  gboolean forbid_copy;
  Counters counters;

  /* streaming thread; made in READY->PAUSED */
  const PfWire *wire;
  PfWireSender sender;
  PfFecCache *cache;
  PfSlabPool *pool;
  gboolean negotiated;
  PfBlockWish wish;
  GPtrArray *rows; /* of data, header and payload in turn */
  GPtrArray *parity_rows;
  GByteArray *scratch; /* shards that do not lie in the frame whole */
  GByteArray *headers; /* as the parity covers them */
};

static GstStaticPadTemplate sink_template =
    GST_STATIC_PAD_TEMPLATE ("sink", GST_PAD_SINK, GST_PAD_ALWAYS,
        GST_STATIC_CAPS ("video/x-h264, stream-format=(string)byte-stream, "
                         "alignment=(string)au; "
                         "video/x-h265, stream-format=(string)byte-stream, "
                         "alignment=(string)au; "
                         "video/x-av1, stream-format=(string)obu-stream, "
                         "alignment=(string)tu"));

static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE ("src",
    GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS (PF_CAPS_PACKETS ("false")));

#define PF_TYPE_FEC_SCHEME (pf_fec_scheme_get_type ())
static GType
pf_fec_scheme_get_type (void)
{
  static gsize type;

  if (g_once_init_enter (&type)) {
    static const GEnumValue values[] = {
      { 0, "No parity", "none" },
      { PF_FEC_GF8, "Reed-Solomon over GF(2^8), Cauchy matrix", "gf8" },
      { PF_FEC_GF16, "Reed-Solomon over GF(2^16), Leopard", "gf16" },
      { 0, NULL, NULL },
    };

    g_once_init_leave (&type, g_enum_register_static ("PfFecScheme", values));
  }
  return (GType) type;
}

G_DEFINE_FINAL_TYPE (PfFecEnc, pf_fec_enc, GST_TYPE_ELEMENT)
GST_ELEMENT_REGISTER_DEFINE (
    pffecenc, "pffecenc", GST_RANK_NONE, PF_TYPE_FEC_ENC)

/* ---- Negotiation -------------------------------------------------------- */

static GstCaps *
make_caps (PfFecEnc *self, const gchar *media)
{
  const gchar *fec = self->scheme == PF_FEC_GF8    ? "gf8"
                     : self->scheme == PF_FEC_GF16 ? "gf16"
                                                   : "none";

  return gst_caps_new_simple (media, "wire", G_TYPE_STRING, self->wire->name,
      "fec", G_TYPE_STRING, fec, "sealed", G_TYPE_BOOLEAN, FALSE, NULL);
}

/* Blocks if the peer takes them, else packets. The peer is asked before CAPS
 * is sent: caps alone do not tell. */
static gboolean
negotiate (PfFecEnc *self)
{
  GstCaps *caps = make_caps (self, PF_CAPS_BLOCK), *now;
  gboolean ok = FALSE;

  memset (&self->wish, 0, sizeof self->wish);
  if (gst_pad_peer_query_accept_caps (self->srcpad, caps))
    self->wish = pf_block_ask (self->srcpad, caps);
  if (!self->wish.blocks) {
    gst_caps_unref (caps);
    caps = make_caps (self, PF_CAPS_PACKET);
    ok = gst_pad_peer_query_accept_caps (self->srcpad, caps);
    if (ok)
      self->wish = pf_block_ask (self->srcpad, caps);
    self->wish.blocks = FALSE;
  } else {
    ok = TRUE;
  }
  /* asked again and nothing changed: the same caps twice say nothing */
  now = gst_pad_get_current_caps (self->srcpad);
  if (ok && !(now && gst_caps_is_equal (now, caps)))
    ok = gst_pad_push_event (self->srcpad, gst_event_new_caps (caps));
  gst_clear_caps (&now);
  GST_DEBUG_OBJECT (self,
      "%" GST_PTR_FORMAT ", prefix %" G_GSIZE_FORMAT
      ", padding %" G_GSIZE_FORMAT ": %s",
      caps, self->wish.prefix, self->wish.padding, ok ? "agreed" : "refused");
  gst_caps_unref (caps);
  self->negotiated = ok;
  return ok;
}

/* ---- A frame ------------------------------------------------------------ */

/* Rows on their way: a slab memory mapped for writing. */
typedef struct {
  GstMemory *memory;
  GstMapInfo map;
  gsize stride, offset, size;
  guint n;
} Rows;

static gboolean
rows_new (PfFecEnc *self, guint n, Rows *rows)
{
  rows->n = n;
  rows->offset = self->wish.prefix;
  rows->size =
      pf_wire_row_size (self->wire, self->sender.config.shard_payload, FALSE);
  rows->stride =
      pf_slab_stride (rows->offset + rows->size + self->wish.padding);
  rows->memory = pf_slab_pool_alloc (self->pool, rows->stride * n);
  return gst_memory_map (rows->memory, &rows->map, GST_MAP_WRITE);
}

static guint8 *
row_at (const Rows *rows, guint i)
{
  return rows->map.data + i * rows->stride + rows->offset;
}

/* Takes over the rows. */
static GstFlowReturn
push_rows (PfFecEnc *self, Rows *rows, const PfWirePlan *plan, guint part,
    guint position, GstBuffer *frame)
{
  GstBuffer *block;
  PfBlockMeta *meta;

  gst_memory_unmap (rows->memory, &rows->map);
  block = pf_block_new (
      rows->memory, rows->n, rows->stride, rows->offset, rows->size);
  meta = pf_buffer_get_block_meta (block);
  meta->part = part;
  meta->frame = plan->number;
  meta->position = position;
  meta->n_packets = pf_wire_n_packets (plan);
  GST_BUFFER_PTS (block) = GST_BUFFER_PTS (frame);
  GST_BUFFER_DTS (block) = GST_BUFFER_DTS (frame);
  GST_BUFFER_DURATION (block) = GST_BUFFER_DURATION (frame);
  if (self->wish.blocks)
    return gst_pad_push (self->srcpad, block);
  return gst_pad_push_list (self->srcpad, pf_block_split (block));
}

/* Blocks first .. first+n-1 of the frame: their data. */
static GstFlowReturn
push_data (PfFecEnc *self, const PfWirePlan *plan, guint first, guint n,
    const GstMapInfo *unit, GstBuffer *frame)
{
  const guint header = self->wire->header_size;
  guint n_rows = 0, at = 0;
  guint position = 0;
  Rows rows;

  for (guint b = first; b < first + n; b++)
    n_rows += pf_wire_block (plan, b).data;
  if (!rows_new (self, n_rows, &rows))
    return GST_FLOW_ERROR;
  for (guint b = first; b < first + n; b++) {
    const PfWireBlock block = pf_wire_block (plan, b);

    if (b == first)
      position = pf_wire_position (plan, &block, 0);
    pf_wire_payload (plan, unit->data, block.first_data, block.data,
        row_at (&rows, at) + header, rows.stride);
    self->wire->headers (
        plan, &block, 0, block.data, row_at (&rows, at), rows.stride);
    at += block.data;
  }
  return push_rows (self, &rows, plan, PF_BLOCK_DATA, position, frame);
}

/* Data rows of one block as the parity covers them: payload from the frame,
 * headers made again. */
static void
gather_data (PfFecEnc *self, const PfWirePlan *plan, const PfWireBlock *block,
    const GstMapInfo *unit)
{
  const guint header = self->wire->parity_header;
  const guint payload = plan->shard_payload;
  guint spare = 0;

  g_byte_array_set_size (self->headers, block->data * header);
  if (header > 0)
    self->wire->parity_headers (
        plan, block, 0, block->data, self->headers->data, header);
  /* more than two only where a format pads with whole shards */
  g_byte_array_set_size (self->scratch, 2 * payload);
  g_ptr_array_set_size (self->rows, 2 * (gint) block->data);
  for (guint i = 0; i < block->data; i++) {
    const gsize room = self->scratch->len;
    const guint8 *bytes;

    if ((spare + 1) * payload > room)
      g_byte_array_set_size (self->scratch, (guint) (room + payload));
    bytes = pf_wire_shard_bytes (plan, unit->data, block->first_data + i,
        self->scratch->data + spare * payload);
    if (bytes == self->scratch->data + spare * payload) {
      spare++;
      bytes = NULL; /* set below: the array may still move */
    }
    g_ptr_array_index (self->rows, i) = self->headers->data + i * header;
    g_ptr_array_index (self->rows, block->data + i) = (gpointer) bytes;
  }
  spare = 0;
  for (guint i = block->data; i < 2 * block->data; i++)
    if (!g_ptr_array_index (self->rows, i))
      g_ptr_array_index (self->rows, i) =
          self->scratch->data + spare++ * payload;
}

static gboolean
encode_block (PfFecEnc *self, const PfWirePlan *plan, const PfWireBlock *block,
    const GstMapInfo *unit, const Rows *rows, guint at)
{
  const guint header = self->wire->parity_header;
  PfFecConfig config = PF_FEC_CONFIG_INIT;
  PfFecSpan spans[2];
  PfFec *fec;

  config.scheme = plan->scheme;
  config.data_shards = block->data;
  config.parity_shards = block->parity;
  config.shard_size = header + plan->shard_payload;
  if (pf_fec_cache_get (self->cache, &config, &fec) < 0)
    return FALSE;
  gather_data (self, plan, block, unit);
  g_ptr_array_set_size (self->parity_rows, 2 * (gint) block->parity);
  for (guint j = 0; j < block->parity; j++) {
    guint8 *row = row_at (rows, at + j);

    g_ptr_array_index (self->parity_rows, j) = row;
    g_ptr_array_index (self->parity_rows, block->parity + j) =
        row + self->wire->header_size;
  }
  spans[0] =
      (PfFecSpan){ sizeof *spans, header, (uint8_t *const *) self->rows->pdata,
        (uint8_t *const *) self->parity_rows->pdata };
  spans[1] = (PfFecSpan){ sizeof *spans, plan->shard_payload,
    (uint8_t *const *) self->rows->pdata + block->data,
    (uint8_t *const *) self->parity_rows->pdata + block->parity };
  if (pf_fec_encode_spans (fec, spans, 2) < 0)
    return FALSE;
  self->wire->headers (
      plan, block, block->data, block->parity, row_at (rows, at), rows->stride);
  return TRUE;
}

static GstFlowReturn
push_parity (PfFecEnc *self, const PfWirePlan *plan, guint first, guint n,
    const GstMapInfo *unit, GstBuffer *frame)
{
  guint n_rows = 0, at = 0, position = 0;
  Rows rows;

  for (guint b = first; b < first + n; b++)
    n_rows += pf_wire_block (plan, b).parity;
  if (n_rows == 0)
    return GST_FLOW_OK;
  if (!rows_new (self, n_rows, &rows))
    return GST_FLOW_ERROR;
  for (guint b = first; b < first + n; b++) {
    const PfWireBlock block = pf_wire_block (plan, b);

    if (block.parity == 0)
      continue;
    if (at == 0)
      position = pf_wire_position (plan, &block, block.data);
    if (!encode_block (self, plan, &block, unit, &rows, at)) {
      gst_memory_unmap (rows.memory, &rows.map);
      gst_memory_unref (rows.memory);
      GST_ELEMENT_ERROR (self, LIBRARY, ENCODE,
          ("Cannot compute parity for this frame."),
          ("%u data and %u parity shards of %u bytes", block.data, block.parity,
              plan->shard_payload));
      return GST_FLOW_ERROR;
    }
    at += block.parity;
  }
  return push_rows (self, &rows, plan, PF_BLOCK_PARITY, position, frame);
}

static GstFlowReturn
push_frame (PfFecEnc *self, const PfWirePlan *plan, const GstMapInfo *unit,
    GstBuffer *frame)
{
  GstFlowReturn ret = GST_FLOW_OK;
  guint step = plan->order == PF_WIRE_ORDER_BLOCK ? 1 : plan->n_blocks;

  for (guint b = 0; b < plan->n_blocks && ret == GST_FLOW_OK; b += step) {
    ret = push_data (self, plan, b, step, unit, frame);
    if (ret == GST_FLOW_OK)
      ret = push_parity (self, plan, b, step, unit, frame);
  }
  return ret;
}

/* Capture time in ns since 1970: as the source stamped it, else now. */
static guint64
capture_time (GstBuffer *buffer)
{
  static GstStaticCaps unix_caps = GST_STATIC_CAPS ("timestamp/x-unix");
  GstCaps *caps = gst_static_caps_get (&unix_caps);
  GstReferenceTimestampMeta *meta =
      gst_buffer_get_reference_timestamp_meta (buffer, caps);

  gst_caps_unref (caps);
  if (meta)
    return meta->timestamp;
  return (guint64) g_get_real_time () * 1000;
}

static void
count_frame (PfFecEnc *self, const PfWirePlan *plan, gboolean copied)
{
  GST_OBJECT_LOCK (self);
  self->counters.frames++;
  self->counters.packets += pf_wire_n_packets (plan);
  self->counters.parity_packets += plan->n_parity;
  self->counters.bytes += plan->frame.size;
  self->counters.copies += copied;
  GST_OBJECT_UNLOCK (self);
}

static gboolean
plan_frame (PfFecEnc *self, GstBuffer *buffer, gsize size, PfWirePlan *plan)
{
  PfWireFrame frame = { .size = size, .pts_ns = capture_time (buffer) };
  int ret;

  if (!GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT))
    frame.flags |= PF_WIRE_KEY;
  if (GST_BUFFER_PTS_IS_VALID (buffer))
    frame.rtp_time = (guint32) gst_util_uint64_scale (
        GST_BUFFER_PTS (buffer), 90000, GST_SECOND);
  GST_OBJECT_LOCK (self);
  frame.percent = self->scheme ? self->percentage : 0;
  frame.min_parity = self->minimum_parity;
  GST_OBJECT_UNLOCK (self);
  ret = self->wire->plan (&self->sender, &frame, plan);
  if (ret < 0) {
    GST_ELEMENT_ERROR (self, STREAM, FORMAT,
        ("An access unit of %" G_GSIZE_FORMAT " bytes does not fit the packet "
         "format; lower the encoder's bitrate or raise shard-payload.",
            size),
        ("%s: %s", self->wire->name, pf_strerror (ret)));
    return FALSE;
  }
  return TRUE;
}

static GstFlowReturn
pf_fec_enc_chain (GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
  PfFecEnc *self = PF_FEC_ENC (parent);
  GstFlowReturn ret = GST_FLOW_ERROR;
  gboolean copied = gst_buffer_n_memory (buffer) > 1;
  GstMapInfo unit;
  PfWirePlan plan;

  if (gst_pad_check_reconfigure (self->srcpad) || !self->negotiated) {
    if (!gst_pad_has_current_caps (pad)) {
      gst_buffer_unref (buffer);
      return GST_FLOW_NOT_NEGOTIATED;
    }
    if (!negotiate (self)) {
      gst_pad_mark_reconfigure (self->srcpad);
      gst_buffer_unref (buffer);
      return GST_PAD_IS_FLUSHING (self->srcpad) ? GST_FLOW_FLUSHING
                                                : GST_FLOW_NOT_NEGOTIATED;
    }
  }
  if (copied && self->forbid_copy) {
    GST_ELEMENT_ERROR (self, STREAM, FORMAT,
        ("An access unit lies in several memories and would have to be "
         "copied, but forbid-copy is set."),
        (NULL));
    gst_buffer_unref (buffer);
    return GST_FLOW_ERROR;
  }
  /* several memories are merged: a copy */
  if (!gst_buffer_map (buffer, &unit, GST_MAP_READ)) {
    GST_ELEMENT_ERROR (
        self, RESOURCE, READ, ("Cannot read an access unit."), (NULL));
    gst_buffer_unref (buffer);
    return GST_FLOW_ERROR;
  }
  if (plan_frame (self, buffer, unit.size, &plan)) {
    count_frame (self, &plan, copied);
    ret = push_frame (self, &plan, &unit, buffer);
  }
  gst_buffer_unmap (buffer, &unit);
  gst_buffer_unref (buffer);
  return ret;
}

/* ---- Events and queries ------------------------------------------------- */

static gboolean
pf_fec_enc_sink_event (GstPad *pad, GstObject *parent, GstEvent *event)
{
  PfFecEnc *self = PF_FEC_ENC (parent);

  switch (GST_EVENT_TYPE (event)) {
  case GST_EVENT_CAPS:
    gst_event_unref (event);
    return negotiate (self);
  default:
    return gst_pad_event_default (pad, parent, event);
  }
}

static gboolean
pf_fec_enc_sink_query (GstPad *pad, GstObject *parent, GstQuery *query)
{
  switch (GST_QUERY_TYPE (query)) {
  case GST_QUERY_ALLOCATION:
    /* what lies behind us is about packets, not about access units */
    return FALSE;
  default:
    return gst_pad_query_default (pad, parent, query);
  }
}

/* ---- Properties --------------------------------------------------------- */

static GstStructure *
make_stats (PfFecEnc *self)
{
  PfSlabPool *pool = self->pool;
  guint64 slabs = pool ? pf_slab_pool_allocations (pool) : 0;
  const Counters *c = &self->counters;

  return gst_structure_new ("application/x-pf-fecenc-stats", "frames",
      G_TYPE_UINT64, c->frames, "packets", G_TYPE_UINT64, c->packets,
      "parity-packets", G_TYPE_UINT64, c->parity_packets, "bytes",
      G_TYPE_UINT64, c->bytes, "copies", G_TYPE_UINT64, c->copies,
      "allocations", G_TYPE_UINT64, slabs, "kernel", G_TYPE_STRING,
      pf_fec_kernel (), NULL);
}

static void
pf_fec_enc_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  PfFecEnc *self = PF_FEC_ENC (object);

  GST_OBJECT_LOCK (self);
  switch (id) {
  case PROP_WIRE:
    g_free (self->wire_name);
    self->wire_name = g_value_dup_string (value);
    break;
  case PROP_FEC:
    self->scheme = (guint) g_value_get_enum (value);
    break;
  case PROP_PERCENTAGE:
    self->percentage = g_value_get_uint (value);
    break;
  case PROP_MINIMUM_PARITY:
    self->minimum_parity = g_value_get_uint (value);
    break;
  case PROP_MAX_BLOCK:
    self->max_block = g_value_get_uint (value);
    break;
  case PROP_SHARD_PAYLOAD:
    self->shard_payload = g_value_get_uint (value);
    break;
  case PROP_FORBID_COPY:
    self->forbid_copy = g_value_get_boolean (value);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    break;
  }
  GST_OBJECT_UNLOCK (self);
}

static void
pf_fec_enc_get_property (
    GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  PfFecEnc *self = PF_FEC_ENC (object);

  GST_OBJECT_LOCK (self);
  switch (id) {
  case PROP_WIRE:
    g_value_set_string (value, self->wire_name);
    break;
  case PROP_FEC:
    g_value_set_enum (value, (gint) self->scheme);
    break;
  case PROP_PERCENTAGE:
    g_value_set_uint (value, self->percentage);
    break;
  case PROP_MINIMUM_PARITY:
    g_value_set_uint (value, self->minimum_parity);
    break;
  case PROP_MAX_BLOCK:
    g_value_set_uint (value, self->max_block);
    break;
  case PROP_SHARD_PAYLOAD:
    g_value_set_uint (value, self->shard_payload);
    break;
  case PROP_FORBID_COPY:
    g_value_set_boolean (value, self->forbid_copy);
    break;
  case PROP_STATS:
    g_value_take_boxed (value, make_stats (self));
    break;
  case PROP_FRAMES:
    g_value_set_uint64 (value, self->counters.frames);
    break;
  case PROP_COPIES:
    g_value_set_uint64 (value, self->counters.copies);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    break;
  }
  GST_OBJECT_UNLOCK (self);
}

/* ---- States ------------------------------------------------------------- */

static gboolean
start (PfFecEnc *self)
{
  PfWireConfig config = { 0 };
  const PfWire *wire;
  int ret;

  GST_OBJECT_LOCK (self);
  wire = pf_wire_find (self->wire_name);
  config.shard_payload = self->shard_payload;
  config.scheme = self->scheme;
  config.max_block = self->max_block;
  config.percent = self->percentage;
  GST_OBJECT_UNLOCK (self);
  if (!wire) {
    GST_ELEMENT_ERROR (self, LIBRARY, SETTINGS,
        ("There is no packet format \"%s\"; set wire to one that "
         "gst-inspect-1.0 pffecenc names.",
            self->wire_name),
        (NULL));
    return FALSE;
  }
  ret = pf_wire_sender_init (&self->sender, wire, &config);
  if (ret < 0) {
    GST_ELEMENT_ERROR (self, LIBRARY, SETTINGS,
        ("These settings do not fit the packet format %s; look at fec, "
         "percentage, max-block and shard-payload (an even number).",
            wire->name),
        ("fec %u, percentage %u, max-block %u, shard-payload %u: %s",
            config.scheme, config.percent, config.max_block,
            config.shard_payload, pf_strerror (ret)));
    return FALSE;
  }
  if (pf_fec_cache_new (CONTEXTS, &self->cache) < 0)
    return FALSE;
  self->wire = wire;
  self->negotiated = FALSE;
  GST_OBJECT_LOCK (self);
  self->pool = pf_slab_pool_new ();
  memset (&self->counters, 0, sizeof self->counters);
  GST_OBJECT_UNLOCK (self);
  return TRUE;
}

static void
stop (PfFecEnc *self)
{
  PfSlabPool *pool;

  pf_fec_cache_free (self->cache);
  self->cache = NULL;
  GST_OBJECT_LOCK (self);
  pool = self->pool;
  self->pool = NULL;
  GST_OBJECT_UNLOCK (self);
  pf_slab_pool_free (pool);
}

static GstStateChangeReturn
pf_fec_enc_change_state (GstElement *element, GstStateChange transition)
{
  PfFecEnc *self = PF_FEC_ENC (element);
  GstStateChangeReturn ret;

  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED && !start (self)) {
    stop (self);
    return GST_STATE_CHANGE_FAILURE;
  }
  ret = GST_ELEMENT_CLASS (pf_fec_enc_parent_class)
            ->change_state (element, transition);
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY)
    stop (self);
  return ret;
}

static void
pf_fec_enc_finalize (GObject *object)
{
  PfFecEnc *self = PF_FEC_ENC (object);

  stop (self);
  g_free (self->wire_name);
  g_ptr_array_unref (self->rows);
  g_ptr_array_unref (self->parity_rows);
  g_byte_array_unref (self->scratch);
  g_byte_array_unref (self->headers);
  G_OBJECT_CLASS (pf_fec_enc_parent_class)->finalize (object);
}

static void
install_properties (GObjectClass *object_class)
{
  const GParamFlags rw = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS;
  const GParamFlags ready = rw | GST_PARAM_MUTABLE_READY;
  const GParamFlags playing = rw | GST_PARAM_MUTABLE_PLAYING;
  const GParamFlags ro = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  props[PROP_WIRE] = g_param_spec_string (
      "wire", "Wire", "Packet format: punktfunk1", DEFAULT_WIRE, ready);
  props[PROP_FEC] = g_param_spec_enum ("fec", "FEC",
      "Erasure code of the parity", PF_TYPE_FEC_SCHEME, DEFAULT_FEC, ready);
  props[PROP_PERCENTAGE] = g_param_spec_uint ("percentage", "Percentage",
      "Parity packets per hundred data packets; 0 sends none", 0, 255,
      DEFAULT_PERCENTAGE, playing);
  props[PROP_MINIMUM_PARITY] =
      g_param_spec_uint ("minimum-parity", "Minimum parity",
          "Parity packets every block has at least, unless percentage is 0", 0,
          255, DEFAULT_MINIMUM_PARITY, playing);
  props[PROP_MAX_BLOCK] = g_param_spec_uint ("max-block", "Max block",
      "Data packets a block has at most; 0 is the format's own limit", 0, 65535,
      DEFAULT_MAX_BLOCK, ready);
  props[PROP_SHARD_PAYLOAD] =
      g_param_spec_uint ("shard-payload", "Shard payload",
          "Bytes of payload in every packet, an even number (1408 fits IPv4 "
          "over Ethernet, 1388 IPv6)",
          16, 9152, DEFAULT_SHARD_PAYLOAD, ready);
  props[PROP_FORBID_COPY] = g_param_spec_boolean ("forbid-copy", "Forbid copy",
      "Fail where a frame would have to be copied more than once",
      DEFAULT_FORBID_COPY, playing);
  /**
   * PfFecEnc:stats:
   *
   * A structure application/x-pf-fecenc-stats, counted since READY:
   * frames, packets (with parity), parity-packets, bytes (of access units),
   * copies (beyond the one into packets), allocations (of slabs): uint64;
   * kernel (of the erasure code): string.
   */
  props[PROP_STATS] = g_param_spec_boxed ("stats", "Statistics",
      "Counters since READY; see the documentation", GST_TYPE_STRUCTURE, ro);
  props[PROP_FRAMES] = g_param_spec_uint64 ("frames", "Frames",
      "Access units taken since READY", 0, G_MAXUINT64, 0, ro);
  props[PROP_COPIES] = g_param_spec_uint64 ("copies", "Copies",
      "Frames that were copied more than once since READY", 0, G_MAXUINT64, 0,
      ro);
  g_object_class_install_properties (object_class, N_PROPS, props);
}

static void
pf_fec_enc_class_init (PfFecEncClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);

  GST_DEBUG_CATEGORY_INIT (
      pf_fec_enc_debug, "pffecenc", 0, "packets and parity");
  object_class->set_property = pf_fec_enc_set_property;
  object_class->get_property = pf_fec_enc_get_property;
  object_class->finalize = pf_fec_enc_finalize;
  element_class->change_state = GST_DEBUG_FUNCPTR (pf_fec_enc_change_state);
  install_properties (object_class);
  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_set_static_metadata (element_class,
      "Packetizer with forward error correction", "Codec/Payloader/Network",
      "Cuts access units into packets and adds Reed-Solomon parity",
      "The gst-punktfunk developers");
  gst_type_mark_as_plugin_api (PF_TYPE_FEC_SCHEME, 0);
}

static void
pf_fec_enc_init (PfFecEnc *self)
{
  self->sinkpad = gst_pad_new_from_static_template (&sink_template, "sink");
  gst_pad_set_chain_function (
      self->sinkpad, GST_DEBUG_FUNCPTR (pf_fec_enc_chain));
  gst_pad_set_event_function (
      self->sinkpad, GST_DEBUG_FUNCPTR (pf_fec_enc_sink_event));
  gst_pad_set_query_function (
      self->sinkpad, GST_DEBUG_FUNCPTR (pf_fec_enc_sink_query));
  gst_element_add_pad (GST_ELEMENT (self), self->sinkpad);
  self->srcpad = gst_pad_new_from_static_template (&src_template, "src");
  gst_element_add_pad (GST_ELEMENT (self), self->srcpad);

  self->wire_name = g_strdup (DEFAULT_WIRE);
  self->scheme = DEFAULT_FEC;
  self->percentage = DEFAULT_PERCENTAGE;
  self->minimum_parity = DEFAULT_MINIMUM_PARITY;
  self->max_block = DEFAULT_MAX_BLOCK;
  self->shard_payload = DEFAULT_SHARD_PAYLOAD;
  self->forbid_copy = DEFAULT_FORBID_COPY;
  self->rows = g_ptr_array_new ();
  self->parity_rows = g_ptr_array_new ();
  self->scratch = g_byte_array_new ();
  self->headers = g_byte_array_new ();
}
