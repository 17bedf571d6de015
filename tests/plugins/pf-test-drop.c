/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Element pftestdrop, for tests only: a bad network between two elements.
 *
 * Loses, doubles and reorders packets (buffers, those in lists, rows of
 * blocks), the same ones for the same seed. Of plain packets it also reads the
 * headers and so knows which frames cannot be restored any more: the property
 * expected-lost is what a receiver has to have lost, no more and no less.
 *
 *   gst-launch-1.0 videotestsrc is-live=true ! x264enc tune=zerolatency !
 *     h264parse ! pffecenc ! pftestdrop loss-ppm=50000 ! pffecdec !
 *     h264parse ! avdec_h264 ! autovideosink sync=false
 *
 * Loss comes in bursts of burst packets on average (Gilbert's model: a good
 * state and a bad one, in which all is lost).
 */
#include <gst/gst.h>

#include "pf-block.h"
#include "pf-slab.h"
#include "pf-wire.h"

#define PPM 1000000u
#define HELD_MAX 256

enum {
  PROP_0,
  PROP_SEED,
  PROP_LOSS_PPM,
  PROP_BURST,
  PROP_DUPLICATE_PPM,
  PROP_REORDER_PPM,
  PROP_REORDER_DISTANCE,
  PROP_SHARD_PAYLOAD,
  PROP_MAX_BLOCK,
  PROP_PACKETS,
  PROP_DROPPED,
  PROP_DUPLICATED,
  PROP_REORDERED,
  PROP_FRAMES,
  PROP_EXPECTED_LOST,
  N_PROPS
};

static GParamSpec *props[N_PROPS];

typedef struct {
  GstBuffer *packet;
  guint left; /* so many packets go first */
} Held;

/* Losses of a block of the frame at hand. */
typedef struct {
  guint lost, parity;
} Block;

typedef struct {
  GstElement parent;
  GstPad *sinkpad, *srcpad;

  /* object lock */
  guint64 seed;
  guint loss_ppm, burst, duplicate_ppm, reorder_ppm, reorder_distance;
  guint shard_payload, max_block;
  guint64 packets, dropped, duplicated, reordered, frames, expected_lost;

  /* streaming thread */
  guint64 random;
  gboolean bad;
  GArray *held; /* Held */
  const PfWire *wire;
  PfWireConfig config;
  gboolean in_frame;
  guint32 frame;
  GHashTable *blocks; /* number: Block */
} PfTestDrop;

typedef GstElementClass PfTestDropClass;

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE (
    "sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);
static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE (
    "src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);

GType pf_test_drop_get_type (void);
G_DEFINE_TYPE (PfTestDrop, pf_test_drop, GST_TYPE_ELEMENT)

/* splitmix64 */
static guint64
next_random (PfTestDrop *self)
{
  guint64 z = (self->random += 0x9e3779b97f4a7c15ull);

  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
  return z ^ (z >> 31);
}

static gboolean
chance (PfTestDrop *self, gdouble ppm)
{
  return (gdouble) (next_random (self) % 1000000007u) < ppm * 1000.000007;
}

/* Is this packet lost? A bad state lasts burst packets on average, and a good
 * one so long that loss-ppm of all packets are lost. */
static gboolean
is_lost (PfTestDrop *self)
{
  const gdouble loss = MIN (self->loss_ppm, PPM) / (gdouble) PPM;

  if (loss <= 0 || loss >= 1)
    return loss >= 1;
  if (self->burst <= 1)
    return chance (self, self->loss_ppm);
  if (self->bad)
    self->bad = !chance (self, PPM / (gdouble) self->burst);
  else
    self->bad = chance (self, PPM * loss / ((1 - loss) * self->burst));
  return self->bad;
}

/* ---- What a receiver must lose ------------------------------------------ */

static void
end_frame (PfTestDrop *self)
{
  gboolean gone = FALSE;
  GHashTableIter iter;
  gpointer value;

  if (!self->in_frame)
    return;
  self->in_frame = FALSE;
  g_hash_table_iter_init (&iter, self->blocks);
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    const Block *block = value;

    if (block->lost > block->parity)
      gone = TRUE;
  }
  g_hash_table_remove_all (self->blocks);
  self->frames++;
  self->expected_lost += gone;
}

/* Call with the object lock. */
static void
account (PfTestDrop *self, const guint8 *packet, gsize size, gboolean lost)
{
  PfWireShard shard;
  Block *block;

  if (!self->wire ||
      self->wire->parse (&self->config, packet, size, &shard) < 0)
    return;
  if (self->in_frame && shard.frame != self->frame)
    end_frame (self);
  self->in_frame = TRUE;
  self->frame = shard.frame;
  block = g_hash_table_lookup (self->blocks, GUINT_TO_POINTER (shard.block));
  if (!block) {
    block = g_new0 (Block, 1);
    block->parity = shard.parity;
    g_hash_table_insert (self->blocks, GUINT_TO_POINTER (shard.block), block);
  }
  block->lost += lost;
}

/* Plain packets of a format we know have readable headers. */
static void
take_caps (PfTestDrop *self, GstEvent *event)
{
  const GstStructure *s;
  const gchar *fec;
  gboolean sealed;
  GstCaps *caps;

  gst_event_parse_caps (event, &caps);
  s = gst_caps_get_structure (caps, 0);
  fec = gst_structure_get_string (s, "fec");
  GST_OBJECT_LOCK (self);
  self->wire = pf_wire_find (gst_structure_get_string (s, "wire"));
  self->config = (PfWireConfig){
    .shard_payload = self->shard_payload,
    .max_block = self->max_block,
    .scheme = g_strcmp0 (fec, "gf8") == 0    ? PF_FEC_GF8
              : g_strcmp0 (fec, "gf16") == 0 ? PF_FEC_GF16
                                             : 0,
  };
  if (self->wire && (!gst_structure_get_boolean (s, "sealed", &sealed) ||
                        sealed || self->wire->check (&self->config) < 0))
    self->wire = NULL;
  GST_OBJECT_UNLOCK (self);
}

/* ---- Packets ------------------------------------------------------------ */

/* What was held long enough goes on. */
static void
release_held (PfTestDrop *self, GstBufferList *out, gboolean all)
{
  guint i = 0;

  while (i < self->held->len) {
    Held *h = &g_array_index (self->held, Held, i);

    if (!all && h->left > 0) {
      h->left--;
      i++;
    } else {
      gst_buffer_list_add (out, h->packet);
      g_array_remove_index (self->held, i);
    }
  }
}

static void
drop_held (PfTestDrop *self)
{
  for (guint i = 0; i < self->held->len; i++)
    gst_buffer_unref (g_array_index (self->held, Held, i).packet);
  g_array_set_size (self->held, 0);
}

/* Takes over the packet; bytes are its content, or NULL. */
static void
take_packet (PfTestDrop *self, GstBuffer *packet, const guint8 *bytes,
    gsize size, GstBufferList *out)
{
  gboolean lost;

  GST_OBJECT_LOCK (self);
  lost = is_lost (self);
  self->packets++;
  self->dropped += lost;
  if (bytes)
    account (self, bytes, size, lost);
  if (lost) {
    gst_buffer_unref (packet);
  } else {
    if (chance (self, self->duplicate_ppm)) {
      gst_buffer_list_add (out, gst_buffer_ref (packet));
      self->duplicated++;
    }
    if (self->held->len < HELD_MAX && chance (self, self->reorder_ppm)) {
      const Held h = { packet,
        1 + (guint) (next_random (self) % self->reorder_distance) };

      g_array_append_val (self->held, h);
      self->reordered++;
    } else {
      gst_buffer_list_add (out, packet);
    }
  }
  release_held (self, out, FALSE);
  GST_OBJECT_UNLOCK (self);
}

/* One row as a block of its own, without a copy. */
static GstBuffer *
row_of (GstBuffer *block, const PfBlockMeta *m, guint i)
{
  GstMemory *row = pf_slab_part (gst_buffer_peek_memory (block, 0),
      i * m->stride, m->stride, 0, m->stride);
  GstBuffer *b = pf_block_new (row, 1, m->stride, m->offset, m->size);
  PfBlockMeta *to = pf_buffer_get_block_meta (b);

  to->part = m->part;
  to->frame = m->frame;
  to->position = m->position + i;
  to->n_packets = m->n_packets;
  to->deadline = m->deadline;
  GST_BUFFER_PTS (b) = GST_BUFFER_PTS (block);
  GST_BUFFER_DTS (b) = GST_BUFFER_DTS (block);
  return b;
}

/* Takes over the buffer. */
static void
take_buffer (PfTestDrop *self, GstBuffer *buffer, GstBufferList *out)
{
  PfBlockMeta *m = pf_buffer_get_block_meta (buffer);
  GstMapInfo map;

  if (!gst_buffer_map (buffer, &map, GST_MAP_READ)) {
    take_packet (self, buffer, NULL, 0, out);
    return;
  }
  if (m) {
    for (guint i = 0; i < m->n; i++)
      take_packet (self, row_of (buffer, m, i),
          map.data + i * m->stride + m->offset, m->size, out);
  } else {
    take_packet (self, gst_buffer_ref (buffer), map.data, map.size, out);
  }
  gst_buffer_unmap (buffer, &map);
  gst_buffer_unref (buffer);
}

static gboolean
push_one (GstBuffer **buffer, guint i, gpointer data)
{
  PfTestDrop *self = ((gpointer *) data)[0];
  GstFlowReturn *ret = ((gpointer *) data)[1];

  (void) i;
  if (*ret == GST_FLOW_OK) {
    *ret = gst_pad_push (self->srcpad, *buffer);
    *buffer = NULL;
  }
  return TRUE;
}

/* One by one; takes over the list. */
static GstFlowReturn
push_each (PfTestDrop *self, GstBufferList *list)
{
  GstFlowReturn ret = GST_FLOW_OK;
  gpointer data[2] = { self, &ret };

  gst_buffer_list_foreach (list, push_one, data);
  gst_buffer_list_unref (list);
  return ret;
}

static GstFlowReturn
pf_test_drop_chain (GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
  PfTestDrop *self = (PfTestDrop *) parent;
  GstBufferList *out = gst_buffer_list_new ();

  (void) pad;
  take_buffer (self, buffer, out);
  return push_each (self, out);
}

static GstFlowReturn
pf_test_drop_chain_list (GstPad *pad, GstObject *parent, GstBufferList *list)
{
  PfTestDrop *self = (PfTestDrop *) parent;
  GstBufferList *out = gst_buffer_list_new ();
  const guint n = gst_buffer_list_length (list);

  (void) pad;
  for (guint i = 0; i < n; i++)
    take_buffer (self, gst_buffer_ref (gst_buffer_list_get (list, i)), out);
  gst_buffer_list_unref (list);
  if (gst_buffer_list_length (out) > 0)
    return gst_pad_push_list (self->srcpad, out);
  gst_buffer_list_unref (out);
  return GST_FLOW_OK;
}

static gboolean
pf_test_drop_sink_event (GstPad *pad, GstObject *parent, GstEvent *event)
{
  PfTestDrop *self = (PfTestDrop *) parent;
  GstBufferList *out;

  switch (GST_EVENT_TYPE (event)) {
  case GST_EVENT_CAPS:
    take_caps (self, event);
    break;
  case GST_EVENT_EOS:
    out = gst_buffer_list_new ();
    GST_OBJECT_LOCK (self);
    release_held (self, out, TRUE);
    end_frame (self);
    GST_OBJECT_UNLOCK (self);
    push_each (self, out);
    break;
  case GST_EVENT_FLUSH_STOP:
    drop_held (self);
    break;
  default:
    break;
  }
  return gst_pad_event_default (pad, parent, event);
}

/* ---- The rest of an element --------------------------------------------- */

static guint *
setting (PfTestDrop *self, guint id)
{
  switch (id) {
  case PROP_LOSS_PPM:
    return &self->loss_ppm;
  case PROP_BURST:
    return &self->burst;
  case PROP_DUPLICATE_PPM:
    return &self->duplicate_ppm;
  case PROP_REORDER_PPM:
    return &self->reorder_ppm;
  case PROP_REORDER_DISTANCE:
    return &self->reorder_distance;
  case PROP_SHARD_PAYLOAD:
    return &self->shard_payload;
  case PROP_MAX_BLOCK:
    return &self->max_block;
  default:
    return NULL;
  }
}

static guint64 *
counter (PfTestDrop *self, guint id)
{
  switch (id) {
  case PROP_SEED:
    return &self->seed;
  case PROP_PACKETS:
    return &self->packets;
  case PROP_DROPPED:
    return &self->dropped;
  case PROP_DUPLICATED:
    return &self->duplicated;
  case PROP_REORDERED:
    return &self->reordered;
  case PROP_FRAMES:
    return &self->frames;
  case PROP_EXPECTED_LOST:
    return &self->expected_lost;
  default:
    return NULL;
  }
}

static void
pf_test_drop_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  PfTestDrop *self = (PfTestDrop *) object;

  (void) pspec;
  GST_OBJECT_LOCK (self);
  if (setting (self, id))
    *setting (self, id) = g_value_get_uint (value);
  else
    *counter (self, id) = g_value_get_uint64 (value);
  GST_OBJECT_UNLOCK (self);
}

static void
pf_test_drop_get_property (
    GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  PfTestDrop *self = (PfTestDrop *) object;

  (void) pspec;
  GST_OBJECT_LOCK (self);
  if (setting (self, id))
    g_value_set_uint (value, *setting (self, id));
  else
    g_value_set_uint64 (value, *counter (self, id));
  GST_OBJECT_UNLOCK (self);
}

static GstStateChangeReturn
pf_test_drop_change_state (GstElement *element, GstStateChange transition)
{
  PfTestDrop *self = (PfTestDrop *) element;
  GstStateChangeReturn ret;

  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED) {
    self->random = self->seed;
    self->bad = self->in_frame = FALSE;
    self->packets = self->dropped = self->duplicated = self->reordered = 0;
    self->frames = self->expected_lost = 0;
  }
  ret = GST_ELEMENT_CLASS (pf_test_drop_parent_class)
            ->change_state (element, transition);
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY) {
    drop_held (self);
    g_hash_table_remove_all (self->blocks);
    self->wire = NULL;
  }
  return ret;
}

static void
pf_test_drop_finalize (GObject *object)
{
  PfTestDrop *self = (PfTestDrop *) object;

  drop_held (self);
  g_array_unref (self->held);
  g_hash_table_unref (self->blocks);
  G_OBJECT_CLASS (pf_test_drop_parent_class)->finalize (object);
}

static void
install_properties (GObjectClass *object_class)
{
  static const struct {
    guint id;
    const gchar *name, *blurb;
    guint min, max, value;
  } settings[] = {
    { PROP_LOSS_PPM, "loss-ppm", "Packets lost, per million", 0, PPM, 0 },
    { PROP_BURST, "burst", "Packets lost in a row, on average", 1, 10000, 1 },
    { PROP_DUPLICATE_PPM, "duplicate-ppm", "Packets doubled, per million", 0,
        PPM, 0 },
    { PROP_REORDER_PPM, "reorder-ppm", "Packets held back, per million", 0, PPM,
        0 },
    { PROP_REORDER_DISTANCE, "reorder-distance",
        "Packets that overtake one that is held back, at most", 1, 10000, 8 },
    { PROP_SHARD_PAYLOAD, "shard-payload", "As pffecenc has it", 16, 9152,
        1408 },
    { PROP_MAX_BLOCK, "max-block", "As pffecenc has it", 0, 65535, 0 },
  };
  static const struct {
    guint id;
    const gchar *name, *blurb;
  } counters[] = {
    { PROP_PACKETS, "packets", "Packets taken" },
    { PROP_DROPPED, "dropped", "Packets lost" },
    { PROP_DUPLICATED, "duplicated", "Packets doubled" },
    { PROP_REORDERED, "reordered", "Packets held back" },
    { PROP_FRAMES, "frames", "Frames seen to their end, of plain packets" },
    { PROP_EXPECTED_LOST, "expected-lost",
        "Of these, that lost more of a block than it has parity" },
  };
  const GParamFlags ro = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;
  const GParamFlags rw = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS;

  props[PROP_SEED] = g_param_spec_uint64 ("seed", "seed",
      "Of the random numbers, taken at READY", 0, G_MAXUINT64, 1, rw);
  for (guint i = 0; i < G_N_ELEMENTS (settings); i++)
    props[settings[i].id] = g_param_spec_uint (settings[i].name,
        settings[i].name, settings[i].blurb, settings[i].min, settings[i].max,
        settings[i].value, rw | G_PARAM_CONSTRUCT);
  for (guint i = 0; i < G_N_ELEMENTS (counters); i++)
    props[counters[i].id] = g_param_spec_uint64 (counters[i].name,
        counters[i].name, counters[i].blurb, 0, G_MAXUINT64, 0, ro);
  g_object_class_install_properties (object_class, N_PROPS, props);
}

static void
pf_test_drop_class_init (PfTestDropClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->set_property = pf_test_drop_set_property;
  object_class->get_property = pf_test_drop_get_property;
  object_class->finalize = pf_test_drop_finalize;
  klass->change_state = GST_DEBUG_FUNCPTR (pf_test_drop_change_state);
  install_properties (object_class);
  gst_element_class_add_static_pad_template (klass, &sink_template);
  gst_element_class_add_static_pad_template (klass, &src_template);
  gst_element_class_set_static_metadata (klass, "Bad network for tests",
      "Filter/Network", "Loses, doubles and reorders packets by a seed",
      "The gst-punktfunk developers");
}

static void
pf_test_drop_init (PfTestDrop *self)
{
  self->sinkpad = gst_pad_new_from_static_template (&sink_template, "sink");
  gst_pad_set_chain_function (
      self->sinkpad, GST_DEBUG_FUNCPTR (pf_test_drop_chain));
  gst_pad_set_chain_list_function (
      self->sinkpad, GST_DEBUG_FUNCPTR (pf_test_drop_chain_list));
  gst_pad_set_event_function (
      self->sinkpad, GST_DEBUG_FUNCPTR (pf_test_drop_sink_event));
  GST_PAD_SET_PROXY_CAPS (self->sinkpad);
  GST_PAD_SET_PROXY_ALLOCATION (self->sinkpad);
  gst_element_add_pad (GST_ELEMENT (self), self->sinkpad);
  self->srcpad = gst_pad_new_from_static_template (&src_template, "src");
  GST_PAD_SET_PROXY_CAPS (self->srcpad);
  gst_element_add_pad (GST_ELEMENT (self), self->srcpad);

  self->seed = 1;
  self->held = g_array_new (FALSE, FALSE, sizeof (Held));
  self->blocks = g_hash_table_new_full (NULL, NULL, NULL, g_free);
}

static gboolean
plugin_init (GstPlugin *plugin)
{
  return gst_element_register (
      plugin, "pftestdrop", GST_RANK_NONE, pf_test_drop_get_type ());
}

GST_PLUGIN_DEFINE (GST_VERSION_MAJOR, GST_VERSION_MINOR, pftest,
    "Elements that only tests need", plugin_init, PACKAGE_VERSION, "MIT/X11",
    PACKAGE, "https://punktfunk.example")
