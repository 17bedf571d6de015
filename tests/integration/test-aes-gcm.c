/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * pfaesgcm: what it seals opens again, in place, as blocks, lists and single
 * packets; damage is dropped and counted; keys come from where they may, serve
 * one run and show nowhere. That no nonce comes twice under a key is tested in
 * tests/security.
 */
#include <gst/check/gstharness.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pf-aead.h"
#include "pf-block.h"
#include "pf-slab.h"
#include "pf-test.h"

enum { PAYLOAD = 1000 };

static gchar *dir;  /* of this run's files */
static gchar *file; /* a key file in it */
static gchar *log_file;

static gchar *
caps_for (const gchar *media, const gchar *wire, const gchar *sealed)
{
  return g_strdup_printf ("application/x-pf-%s,wire=(string)%s,fec=(string)gf8,"
                          "sealed=(boolean)%s",
      media, wire, sealed);
}

/* A running line of elements; media is what comes in, sealed what it is and
 * what it becomes. */
static GstHarness *
harness (const gchar *line, const gchar *media, const gchar *wire,
    const gchar *sealed_in, const gchar *sealed_out)
{
  GstHarness *h = gst_harness_new_parse (line);
  gchar *in = caps_for (media, wire, sealed_in);
  gchar *out = g_strdup_printf ("application/x-pf-block,sealed=(boolean)%s;"
                                "application/x-pf-packet,sealed=(boolean)%s",
      sealed_out, sealed_out);

  gst_harness_set_sink_caps_str (h, out);
  gst_harness_set_src_caps_str (h, in);
  g_free (in);
  g_free (out);
  return h;
}

/* The sink behind takes blocks from now on, and wants room. */
static void
take_blocks (GstHarness *h)
{
  GstAllocationParams params;

  gst_allocation_params_init (&params);
  params.prefix = 6;
  params.padding = 5;
  gst_harness_set_propose_allocator (h, NULL, &params);
  gst_harness_add_propose_allocation_meta (h, PF_BLOCK_META_API_TYPE, NULL);
  gst_harness_push_upstream_event (h, gst_event_new_reconfigure ());
}

static GstHarness *
sealer (const gchar *media, const gchar *wire)
{
  gchar *line = g_strdup_printf ("pfaesgcm name=seal key-file=%s", file);
  GstHarness *h = harness (line, media, wire, "false", "true");

  g_free (line);
  return h;
}

static GstHarness *
opener (const gchar *media, const gchar *wire)
{
  gchar *line =
      g_strdup_printf ("pfaesgcm name=open mode=open forbid-copy=true "
                       "key-file=%s",
          file);
  GstHarness *h = harness (line, media, wire, "true", "false");

  g_free (line);
  return h;
}

static guint64
counter_of (GstHarness *h, const gchar *element, const gchar *name)
{
  GstElement *e = gst_harness_find_element (h, "pfaesgcm");
  GstStructure *stats;
  guint64 plain, in_stats;

  if (element) {
    gst_object_unref (e);
    e = gst_bin_get_by_name (GST_BIN (h->element), element);
  }
  g_object_get (e, name, &plain, "stats", &stats, NULL);
  PF_CHECK_STR (
      gst_structure_get_name (stats), "application/x-pf-aesgcm-stats");
  PF_CHECK (gst_structure_get_uint64 (stats, name, &in_stats));
  PF_CHECK_UINT (plain, ==, in_stats);
  gst_structure_free (stats);
  gst_object_unref (e);
  return plain;
}

/* n random packets as rows of a block, with room around them. */
static GstBuffer *
block_new (
    PfSlabPool *pool, const PfWire *wire, guint n, gsize before, gsize after)
{
  const gsize size = wire->header_size + PAYLOAD;
  const gsize stride = pf_slab_stride (before + size + after);
  GstMemory *m = pf_slab_pool_alloc (pool, n * stride);
  GstBuffer *b;
  PfBlockMeta *meta;
  GstMapInfo map;

  PF_REQUIRE (gst_memory_map (m, &map, GST_MAP_WRITE));
  pf_test_random_bytes (map.data, map.size);
  gst_memory_unmap (m, &map);
  b = pf_block_new (m, n, stride, before, size);
  meta = pf_buffer_get_block_meta (b);
  meta->frame = 7;
  meta->position = 100;
  meta->n_packets = 1000;
  GST_BUFFER_PTS (b) = 42;
  return b;
}

/* The packets of a buffer, as GBytes, into an array. */
static void
append_packets (GPtrArray *to, GstBuffer *b)
{
  PfBlockMeta *m = pf_buffer_get_block_meta (b);
  GstMapInfo map;

  PF_REQUIRE (gst_buffer_map (b, &map, GST_MAP_READ));
  for (guint i = 0; m && i < m->n; i++)
    g_ptr_array_add (
        to, g_bytes_new (map.data + i * m->stride + m->offset, m->size));
  if (!m)
    g_ptr_array_add (to, g_bytes_new (map.data, map.size));
  gst_buffer_unmap (b, &map);
}

static GPtrArray *
packets_new (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
}

static GPtrArray *
packets_of (GstBuffer *b)
{
  GPtrArray *packets = packets_new ();

  append_packets (packets, b);
  return packets;
}

/* All that the harness has now. */
static GPtrArray *
collect (GstHarness *h)
{
  GPtrArray *packets = packets_new ();
  GstBuffer *b;

  while ((b = gst_harness_try_pull (h))) {
    append_packets (packets, b);
    gst_buffer_unref (b);
  }
  return packets;
}

/* Both hold the same packets. Takes over b. */
static void
check_packets (const GPtrArray *a, GPtrArray *b)
{
  PF_CHECK_UINT (a->len, ==, b->len);
  for (guint i = 0; i < MIN (a->len, b->len); i++)
    PF_CHECK (g_bytes_equal (a->pdata[i], b->pdata[i]));
  g_ptr_array_unref (b);
}

static GstBuffer *
buffer_of (GBytes *packet)
{
  gsize size;
  const void *bytes = g_bytes_get_data (packet, &size);
  GstBuffer *b = gst_buffer_new_allocate (NULL, size, NULL);

  gst_buffer_fill (b, 0, bytes, size);
  return b;
}

static GstBufferList *
list_of (const GPtrArray *packets)
{
  GstBufferList *list = gst_buffer_list_new ();

  for (guint i = 0; i < packets->len; i++)
    gst_buffer_list_add (list, buffer_of (packets->pdata[i]));
  return list;
}

static GstFlowReturn
push_list (GstHarness *h, GstBufferList *list)
{
  return gst_pad_push_list (h->srcpad, list);
}

/* Sealed packets of one sealer, as they would go over the wire. */
static GPtrArray *
sealed_packets (const gchar *wire_name, guint n, GPtrArray **plain)
{
  const PfWire *wire = pf_wire_find (wire_name);
  PfSlabPool *pool = pf_slab_pool_new ();
  GstHarness *h = sealer ("block", wire_name);
  GstBuffer *b =
      block_new (pool, wire, n, wire->seal_prefix, wire->seal_suffix);
  GPtrArray *sealed;

  *plain = packets_of (b);
  PF_REQUIRE_INT (gst_harness_push (h, b), ==, GST_FLOW_OK);
  sealed = collect (h);
  PF_REQUIRE_UINT (sealed->len, ==, n);
  gst_harness_teardown (h);
  pf_slab_pool_free (pool);
  return sealed;
}

static const gchar *const wires[] = { "punktfunk1", "gamestream" };
static const gchar *const ciphers[] = { "aes-128-gcm", "chacha20-poly1305" };

/* ---- Both ways ---------------------------------------------------------- */

static gchar *
both (const gchar *cipher, guint to_host, const gchar *between)
{
  return g_strdup_printf (
      "pfaesgcm name=seal key-file=%s cipher=%s to-host=%u forbid-copy=true "
      "! %s pfaesgcm name=open mode=open key-file=%s to-host=%u "
      "forbid-copy=true",
      file, cipher, to_host, between, file, to_host);
}

static void
check_nothing_lost (GstHarness *h, guint n)
{
  static const gchar *const names[] = { "seal", "open" };

  for (guint i = 0; i < 2; i++) {
    PF_CHECK_UINT (counter_of (h, names[i], "packets"), ==, n);
    PF_CHECK_UINT (counter_of (h, names[i], "rejected"), ==, 0);
    PF_CHECK_UINT (counter_of (h, names[i], "replayed"), ==, 0);
    PF_CHECK_UINT (counter_of (h, names[i], "copies"), ==, 0);
    PF_CHECK_UINT (counter_of (h, names[i], "allocations"), ==, 0);
  }
}

/* The very memories that came in go out. */
static void
round_trip_lists (const gchar *wire_name, const gchar *cipher, guint to_host)
{
  const PfWire *wire = pf_wire_find (wire_name);
  PfSlabPool *pool = pf_slab_pool_new ();
  gchar *line = both (cipher, to_host, "");
  GstHarness *h = harness (line, "packet", wire_name, "false", "false");

  for (guint round = 0; round < 3; round++) {
    GstBuffer *b =
        block_new (pool, wire, 20, wire->seal_prefix, wire->seal_suffix);
    GPtrArray *plain = packets_of (b);
    GstBufferList *list = pf_block_split (b);
    GstMemory *memories[20];

    for (guint i = 0; i < 20; i++)
      memories[i] = gst_buffer_peek_memory (gst_buffer_list_get (list, i), 0);
    PF_REQUIRE_INT (push_list (h, list), ==, GST_FLOW_OK);
    for (guint i = 0; i < 20; i++) {
      GstBuffer *out = gst_harness_try_pull (h);
      GPtrArray *packet;

      PF_REQUIRE (out != NULL);
      PF_CHECK (gst_buffer_peek_memory (out, 0) == memories[i]);
      PF_CHECK_UINT (GST_BUFFER_PTS (out), ==, 42);
      packet = packets_of (out);
      PF_CHECK (g_bytes_equal (packet->pdata[0], plain->pdata[i]));
      g_ptr_array_unref (packet);
      gst_buffer_unref (out);
    }
    PF_CHECK (gst_harness_try_pull (h) == NULL);
    g_ptr_array_unref (plain);
  }
  check_nothing_lost (h, 60);
  gst_harness_teardown (h);
  pf_slab_pool_free (pool);
  g_free (line);
}

static void
round_trip_blocks (const gchar *wire_name, const gchar *cipher, guint to_host)
{
  const PfWire *wire = pf_wire_find (wire_name);
  PfSlabPool *pool = pf_slab_pool_new ();
  gchar *line = both (cipher, to_host, "");
  GstHarness *h = harness (line, "block", wire_name, "false", "false");

  take_blocks (h);
  for (guint round = 0; round < 3; round++) {
    GstBuffer *b =
        block_new (pool, wire, 20, wire->seal_prefix, wire->seal_suffix);
    GPtrArray *plain = packets_of (b);
    GstMemory *memory = gst_buffer_peek_memory (b, 0);
    GstBuffer *out;
    PfBlockMeta *m;

    PF_REQUIRE_INT (gst_harness_push (h, b), ==, GST_FLOW_OK);
    out = gst_harness_try_pull (h);
    PF_REQUIRE (out == b);
    m = pf_buffer_get_block_meta (out);
    PF_REQUIRE (m != NULL);
    PF_CHECK (gst_buffer_peek_memory (out, 0) == memory);
    PF_CHECK_UINT (m->n, ==, 20);
    PF_CHECK_UINT (m->offset, ==, wire->seal_prefix);
    PF_CHECK_UINT (m->frame, ==, 7);
    PF_CHECK_UINT (m->position, ==, 100);
    PF_CHECK_UINT (GST_BUFFER_PTS (out), ==, 42);
    check_packets (plain, packets_of (out));
    g_ptr_array_unref (plain);
    gst_buffer_unref (out);
  }
  check_nothing_lost (h, 60);
  gst_harness_teardown (h);
  pf_slab_pool_free (pool);
  g_free (line);
}

static void
test_round_trip (void)
{
  for (guint w = 0; w < G_N_ELEMENTS (wires); w++)
    for (guint c = 0; c < G_N_ELEMENTS (ciphers); c++)
      for (guint to_host = 0; to_host < 2; to_host++) {
        round_trip_lists (wires[w], ciphers[c], to_host);
        round_trip_blocks (wires[w], ciphers[c], to_host);
      }
}

static guint
count_lists (GstHarness *h, GstBufferList *list)
{
  guint before = gst_harness_buffers_received (h);

  PF_REQUIRE_INT (push_list (h, list), ==, GST_FLOW_OK);
  return gst_harness_buffers_received (h) - before;
}

static GstPadProbeReturn
count_probe (GstPad *pad, GstPadProbeInfo *info, gpointer n)
{
  (void) pad;
  (void) info;
  ++*(guint *) n;
  return GST_PAD_PROBE_OK;
}

/* How the element pushes; the harness takes lists apart. */
static void
count_pushes (GstHarness *h, guint *lists, guint *buffers)
{
  GstPad *pad = gst_pad_get_peer (h->sinkpad);

  *lists = *buffers = 0;
  gst_pad_add_probe (
      pad, GST_PAD_PROBE_TYPE_BUFFER_LIST, count_probe, lists, NULL);
  gst_pad_add_probe (
      pad, GST_PAD_PROBE_TYPE_BUFFER, count_probe, buffers, NULL);
  gst_object_unref (pad);
}

/* Blocks for a peer that takes none leave as one list; a list in is a list
 * out, a buffer in is a buffer out. */
static void
test_forms (void)
{
  const PfWire *wire = pf_wire_find ("punktfunk1");
  PfSlabPool *pool = pf_slab_pool_new ();
  gchar *line = both ("aes-128-gcm", 0, "");
  GstHarness *h = harness (line, "block", "punktfunk1", "false", "false");
  GstBuffer *b = block_new (pool, wire, 9, 8, 16);
  GPtrArray *plain = packets_of (b);
  guint lists, buffers;
  GstCaps *caps;

  count_pushes (h, &lists, &buffers);
  PF_REQUIRE_INT (gst_harness_push (h, b), ==, GST_FLOW_OK);
  PF_CHECK_UINT (lists, ==, 1);
  PF_CHECK_UINT (buffers, ==, 0);
  check_packets (plain, collect (h));
  caps = gst_pad_get_current_caps (h->sinkpad);
  PF_CHECK (gst_structure_has_name (
      gst_caps_get_structure (caps, 0), "application/x-pf-packet"));
  gst_caps_unref (caps);
  g_ptr_array_unref (plain);

  /* the peer takes blocks now: seen at the next buffer */
  take_blocks (h);
  PF_REQUIRE_INT (
      gst_harness_push (h, block_new (pool, wire, 9, 8, 16)), ==, GST_FLOW_OK);
  PF_CHECK_UINT (lists, ==, 1);
  PF_CHECK_UINT (buffers, ==, 1);
  caps = gst_pad_get_current_caps (h->sinkpad);
  PF_CHECK (gst_structure_has_name (
      gst_caps_get_structure (caps, 0), "application/x-pf-block"));
  gst_caps_unref (caps);
  gst_harness_teardown (h);
  g_free (line);

  line = both ("aes-128-gcm", 0, "");
  h = harness (line, "packet", "punktfunk1", "false", "false");
  count_pushes (h, &lists, &buffers);
  PF_CHECK_UINT (
      count_lists (h, pf_block_split (block_new (pool, wire, 5, 8, 16))), ==,
      5);
  PF_CHECK_UINT (lists, ==, 1);
  PF_CHECK_UINT (buffers, ==, 0);
  {
    GstBufferList *one = pf_block_split (block_new (pool, wire, 1, 8, 16));
    GstBuffer *packet = gst_buffer_ref (gst_buffer_list_get (one, 0));

    gst_buffer_list_unref (one);
    PF_REQUIRE_INT (gst_harness_push (h, packet), ==, GST_FLOW_OK);
  }
  PF_CHECK_UINT (lists, ==, 1);
  PF_CHECK_UINT (buffers, ==, 1);
  check_nothing_lost (h, 6);
  gst_harness_teardown (h);
  pf_slab_pool_free (pool);
  g_free (line);
}

/* ---- What goes over the wire -------------------------------------------- */

static guint8
hex_byte (const gchar *at)
{
  return (guint8) (g_ascii_xdigit_value (at[0]) << 4 |
                   g_ascii_xdigit_value (at[1]));
}

/* The key and salt in a key file of AES-128-GCM. */
static void
read_key (guint8 key[16], guint8 salt[4])
{
  gchar *text = NULL;
  gchar **words;

  PF_REQUIRE (g_file_get_contents (file, &text, NULL, NULL));
  words = g_strsplit (g_strchomp (text), " ", -1);
  PF_REQUIRE_UINT (g_strv_length (words), ==, 5);
  PF_CHECK_STR (words[0], "pf-media-key");
  PF_CHECK_STR (words[1], "1");
  PF_CHECK_STR (words[2], "aes-128-gcm");
  PF_REQUIRE_UINT (strlen (words[3]), ==, 32);
  PF_REQUIRE_UINT (strlen (words[4]), ==, 8);
  for (guint i = 0; i < 16; i++)
    key[i] = hex_byte (words[3] + 2 * i);
  for (guint i = 0; i < 4; i++)
    salt[i] = hex_byte (words[4] + 2 * i);
  g_strfreev (words);
  g_free (text);
}

/* The library opens what the element sealed, numbers go up by one from 0. */
static void
test_datagrams (void)
{
  for (guint w = 0; w < G_N_ELEMENTS (wires); w++) {
    const PfWire *wire = pf_wire_find (wires[w]);
    PfNonceSource source = { .scheme = w ? PF_NONCE_GAMESTREAM_VIDEO
                                         : PF_NONCE_PUNKTFUNK1_HOST };
    GPtrArray *plain, *sealed = sealed_packets (wires[w], 30, &plain);
    guint8 key[16];
    PfAead *aead;

    read_key (key, source.salt);
    PF_REQUIRE_INT (
        pf_aead_new (PF_AEAD_AES_128_GCM, PF_AEAD_OPEN, key, 16, &aead), ==, 0);
    for (guint i = 0; i < sealed->len; i++) {
      gsize size, plain_size;
      guint8 *d = g_bytes_unref_to_data (g_bytes_ref (sealed->pdata[i]), &size);
      const guint8 *p = g_bytes_get_data (plain->pdata[i], &plain_size);
      PfWireSealed s;
      PfAeadSpan span;

      PF_REQUIRE_INT (wire->open (&source, i, d, size, &s), ==, 0);
      PF_CHECK_UINT (s.number, ==, i);
      span = (PfAeadSpan){ d + s.body, s.body_size };
      PF_CHECK_INT (pf_aead_open (aead, s.nonce, d + s.aad, s.aad_size, &span,
                        1, d + s.tag, PF_AEAD_TAG_SIZE),
          ==, 0);
      PF_REQUIRE_UINT (s.body_size, ==, plain_size);
      PF_CHECK_MEM (d + s.body, p, plain_size);
      g_free (d);
    }
    pf_aead_free (aead);
    g_ptr_array_unref (plain);
    g_ptr_array_unref (sealed);
  }
}

/* ---- Damage ------------------------------------------------------------- */

static GBytes *
damaged (GBytes *packet, gsize keep, gssize flip)
{
  gsize size;
  const guint8 *bytes = g_bytes_get_data (packet, &size);
  guint8 *copy = g_malloc0 (MAX (keep, 1));

  memcpy (copy, bytes, MIN (keep, size));
  if (flip >= 0)
    copy[flip] ^= 1 << pf_test_random_below (8);
  return g_bytes_new_take (copy, keep);
}

/* Each damaged packet is dropped and counted, never an error; the packet
 * itself, after all of them, still opens. */
static void
test_damage (void)
{
  for (guint w = 0; w < G_N_ELEMENTS (wires); w++) {
    const gsize header = pf_wire_find (wires[w])->header_size;
    GPtrArray *plain, *sealed = sealed_packets (wires[w], 2, &plain);
    GstHarness *h = opener ("packet", wires[w]);
    const gsize size = g_bytes_get_size (sealed->pdata[1]);
    guint n = 0;

    for (gsize i = 0; i < size + 3; i += i < 100 || i > size - 40 ? 1 : 37) {
      GBytes *bad[2] = { NULL, NULL };

      if (i != size)
        bad[0] = damaged (sealed->pdata[1], i, -1);
      /* GameStream authenticates nothing of its prefix; this is its frame */
      if (i < size && !(w == 1 && i >= 12 && i < 16))
        bad[1] = damaged (sealed->pdata[1], size, (gssize) i);
      for (guint k = 0; k < 2; k++) {
        if (!bad[k])
          continue;
        PF_REQUIRE_INT (
            gst_harness_push (h, buffer_of (bad[k])), ==, GST_FLOW_OK);
        g_bytes_unref (bad[k]);
        n++;
      }
    }
    PF_CHECK_UINT (gst_harness_buffers_received (h), ==, 0);
    PF_CHECK_UINT (counter_of (h, NULL, "rejected"), ==, n);
    PF_CHECK_UINT (counter_of (h, NULL, "packets"), ==, 0);
    PF_CHECK (n > 200 && header > 0);
    PF_CHECK_INT (
        gst_harness_push (h, buffer_of (sealed->pdata[1])), ==, GST_FLOW_OK);
    PF_CHECK_UINT (counter_of (h, NULL, "packets"), ==, 1);
    gst_harness_teardown (h);
    g_ptr_array_unref (plain);
    g_ptr_array_unref (sealed);
  }
}

/* Reordered packets pass, repeated ones do not, and none does from a foreign
 * sealer. */
static void
test_replay (void)
{
  GPtrArray *plain, *sealed, *other_plain, *foreign;
  GstHarness *h;
  GstBufferList *list;

  foreign = sealed_packets ("punktfunk1", 5, &other_plain);
  sealed = sealed_packets ("punktfunk1", 50, &plain);
  h = opener ("packet", "punktfunk1");
  list = gst_buffer_list_new ();
  for (guint i = 0; i < 50; i++)
    gst_buffer_list_add (list, buffer_of (sealed->pdata[49 - i]));
  PF_CHECK_INT (push_list (h, list), ==, GST_FLOW_OK);
  PF_CHECK_UINT (counter_of (h, NULL, "packets"), ==, 50);
  for (guint i = 0; i < 50; i++)
    PF_CHECK_INT (
        gst_harness_push (h, buffer_of (sealed->pdata[i])), ==, GST_FLOW_OK);
  PF_CHECK_UINT (counter_of (h, NULL, "replayed"), ==, 50);
  PF_CHECK_INT (push_list (h, list_of (sealed)), ==, GST_FLOW_OK);
  PF_CHECK_UINT (counter_of (h, NULL, "replayed"), ==, 100);
  PF_CHECK_UINT (counter_of (h, NULL, "packets"), ==, 50);
  PF_CHECK_UINT (gst_harness_buffers_received (h), ==, 50);
  gst_harness_teardown (h);

  h = opener ("packet", "punktfunk1");
  PF_CHECK_INT (push_list (h, list_of (foreign)), ==, GST_FLOW_OK);
  PF_CHECK_UINT (counter_of (h, NULL, "rejected"), ==, 5);
  PF_CHECK_UINT (gst_harness_buffers_received (h), ==, 0);
  gst_harness_teardown (h);
  g_ptr_array_unref (plain);
  g_ptr_array_unref (sealed);
  g_ptr_array_unref (other_plain);
  g_ptr_array_unref (foreign);
}

/* A list or a block loses the damaged packets only, without a copy. */
static void
test_damage_in_many (void)
{
  static const guint patterns[] = { 0x001, 0x800, 0x0f0, 0xc31, 0xffe, 0x555,
    0xfff };

  for (guint p = 0; p < G_N_ELEMENTS (patterns); p++) {
    GPtrArray *plain, *sealed = sealed_packets ("punktfunk1", 12, &plain);
    GPtrArray *kept = packets_new ();
    PfSlabPool *pool = pf_slab_pool_new ();
    const gsize size = g_bytes_get_size (sealed->pdata[0]);
    guint position = 0;

    for (guint i = 0; i < 12; i++) {
      if (patterns[p] >> i & 1) {
        GBytes *bad = damaged (
            sealed->pdata[i], size, (gssize) pf_test_random_below (size));

        g_bytes_unref (sealed->pdata[i]);
        sealed->pdata[i] = bad;
      } else {
        g_ptr_array_add (kept, g_bytes_ref (plain->pdata[i]));
      }
    }

    for (guint blocks = 0; blocks < 2; blocks++) {
      GstHarness *h = opener (blocks ? "block" : "packet", "punktfunk1");

      if (blocks) {
        GstMemory *m = pf_slab_pool_alloc (pool, 12 * size);
        GstBuffer *b, *out;
        GPtrArray *got = packets_new ();

        for (guint i = 0; i < 12; i++) {
          GstMapInfo map;

          PF_REQUIRE (gst_memory_map (m, &map, GST_MAP_WRITE));
          memcpy (map.data + i * size,
              g_bytes_get_data (sealed->pdata[i], NULL), size);
          gst_memory_unmap (m, &map);
        }
        take_blocks (h);
        b = pf_block_new (m, 12, size, 0, size);
        PF_CHECK_INT (gst_harness_push (h, b), ==, GST_FLOW_OK);
        while ((out = gst_harness_try_pull (h))) {
          PfBlockMeta *meta = pf_buffer_get_block_meta (out);

          PF_REQUIRE (meta != NULL);
          while (position < 12 && patterns[p] >> position & 1)
            position++;
          PF_CHECK_UINT (meta->position, ==, position);
          position += meta->n;
          PF_CHECK (gst_buffer_is_all_memory_writable (out));
          append_packets (got, out);
          gst_buffer_unref (out);
        }
        check_packets (kept, got);
      } else {
        PF_CHECK_INT (push_list (h, list_of (sealed)), ==, GST_FLOW_OK);
        check_packets (kept, collect (h));
      }
      PF_CHECK_UINT (counter_of (h, NULL, "packets"), ==, kept->len);
      PF_CHECK_UINT (counter_of (h, NULL, "rejected"), ==, 12 - kept->len);
      PF_CHECK_UINT (counter_of (h, NULL, "copies"), ==, 0);
      gst_harness_teardown (h);
    }
    g_ptr_array_unref (plain);
    g_ptr_array_unref (sealed);
    g_ptr_array_unref (kept);
    pf_slab_pool_free (pool);
  }
}

/* ---- Memory ------------------------------------------------------------- */

/* What others hold too is not written: the copy is counted, or refused. */
static void
test_shared (void)
{
  const PfWire *wire = pf_wire_find ("punktfunk1");
  PfSlabPool *pool = pf_slab_pool_new ();

  for (guint form = 0; form < 3; form++) {
    GstHarness *h = sealer (form ? "block" : "packet", "punktfunk1");
    GstBuffer *b = block_new (pool, wire, 10, 8, 16);
    GPtrArray *before = packets_of (b), *after;

    if (form == 2) /* no room */
      pf_buffer_get_block_meta (b)->offset -= 4;
    if (form == 0) {
      GstBufferList *list = pf_block_split (b);

      PF_CHECK_INT (push_list (h, gst_buffer_list_ref (list)), ==, GST_FLOW_OK);
      after = packets_new ();
      for (guint i = 0; i < 10; i++)
        append_packets (after, gst_buffer_list_get (list, i));
      check_packets (before, after);
      gst_buffer_list_unref (list);
    } else if (form == 1) {
      PF_CHECK_INT (gst_harness_push (h, gst_buffer_ref (b)), ==, GST_FLOW_OK);
      check_packets (before, packets_of (b));
      gst_buffer_unref (b);
    } else {
      PF_CHECK_INT (gst_harness_push (h, b), ==, GST_FLOW_OK);
    }
    PF_CHECK_UINT (counter_of (h, NULL, "packets"), ==, 10);
    PF_CHECK_UINT (counter_of (h, NULL, "copies"), ==, 10);
    PF_CHECK_UINT (counter_of (h, NULL, "allocations"), ==, 1);
    PF_CHECK_UINT (gst_harness_buffers_received (h), ==, 10);
    g_ptr_array_unref (before);
    gst_harness_teardown (h);
  }
  pf_slab_pool_free (pool);
}

static GstBus *
own_bus (GstElement *e)
{
  GstBus *bus = gst_bus_new ();

  gst_element_set_bus (e, bus);
  return bus;
}

/* There is exactly one error, of this kind, that says this. */
static void
expect_error (GstBus *bus, GQuark domain, gint code, const gchar *text)
{
  GstMessage *m = gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR);
  GError *error = NULL;

  PF_REQUIRE (m != NULL);
  gst_message_parse_error (m, &error, NULL);
  if (!g_error_matches (error, domain, code) || !strstr (error->message, text))
    pf_test_fail (__FILE__, __LINE__, "another error: %s %d: %s",
        g_quark_to_string (error->domain), error->code, error->message);
  g_error_free (error);
  gst_message_unref (m);
  PF_CHECK (!gst_bus_have_pending (bus) ||
            !gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR));
}

static void
test_forbid_copy (void)
{
  const PfWire *wire = pf_wire_find ("punktfunk1");
  PfSlabPool *pool = pf_slab_pool_new ();
  gchar *line = g_strdup_printf ("pfaesgcm forbid-copy=true key-file=%s", file);

  for (guint form = 0; form < 2; form++) {
    GstHarness *h = harness (
        line, form ? "block" : "packet", "punktfunk1", "false", "true");
    GstBus *bus = own_bus (h->element);
    GstBuffer *b = block_new (pool, wire, 2, form ? 7 : 8, form ? 16 : 0);

    if (form)
      PF_CHECK_INT (gst_harness_push (h, b), ==, GST_FLOW_ERROR);
    else {
      GstBufferList *list = pf_block_split (b);

      PF_CHECK_INT (
          push_list (h, gst_buffer_list_ref (list)), ==, GST_FLOW_ERROR);
      gst_buffer_list_unref (list);
    }
    expect_error (
        bus, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_SETTINGS, "forbid-copy");
    gst_element_set_bus (h->element, NULL);
    gst_object_unref (bus);
    gst_harness_teardown (h);
  }
  pf_slab_pool_free (pool);
  g_free (line);
}

/* Copies, too, come out of slabs that are used again. */
static void
test_slabs (void)
{
  const PfWire *wire = pf_wire_find ("punktfunk1");
  PfSlabPool *pool = pf_slab_pool_new ();
  GstHarness *h = sealer ("packet", "punktfunk1");
  guint64 first = 0;

  for (guint i = 0; i < 200; i++) {
    GstBufferList *list = pf_block_split (block_new (pool, wire, 40, 0, 0));

    PF_REQUIRE_INT (push_list (h, list), ==, GST_FLOW_OK);
    g_ptr_array_unref (collect (h));
    if (i == 20)
      first = counter_of (h, NULL, "allocations");
  }
  PF_CHECK_UINT (first, >=, 1);
  PF_CHECK_UINT (counter_of (h, NULL, "copies"), >=, 100);
  PF_CHECK_UINT (counter_of (h, NULL, "allocations"), ==, first);
  gst_harness_teardown (h);
  pf_slab_pool_free (pool);
}

/* Room for sealing is asked for, on top of what downstream wants, through
 * queue and tee; blocks only if they can go on. */
static void
test_allocation (void)
{
  static const gchar *const lines[][2] = {
    { "", "" },
    { "queue ! ", " ! queue" },
    { "", " ! tee ! queue" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (lines); i++)
    for (guint w = 0; w < G_N_ELEMENTS (wires); w++) {
      const PfWire *wire = pf_wire_find (wires[w]);
      gchar *line = g_strconcat (
          lines[i][0], "pfaesgcm key-file=", file, lines[i][1], NULL);
      GstHarness *h = harness (line, "block", wires[w], "false", "true");
      gchar *text = caps_for ("block", wires[w], "false");
      GstCaps *caps = gst_caps_from_string (text);
      PfBlockWish wish = pf_block_ask (h->srcpad, caps);

      PF_CHECK (!wish.blocks);
      PF_CHECK_UINT (wish.prefix, ==, wire->seal_prefix);
      PF_CHECK_UINT (wish.padding, ==, wire->seal_suffix);
      take_blocks (h);
      wish = pf_block_ask (h->srcpad, caps);
      PF_CHECK (wish.blocks);
      PF_CHECK_UINT (wish.prefix, ==, wire->seal_prefix + 6);
      PF_CHECK_UINT (wish.padding, ==, wire->seal_suffix + 5);
      gst_caps_unref (caps);
      gst_harness_teardown (h);
      g_free (text);
      g_free (line);
    }
}

/* ---- Links -------------------------------------------------------------- */

static gboolean
links (const gchar *line)
{
  GError *error = NULL;
  GstElement *e =
      gst_parse_launch_full (line, NULL, GST_PARSE_FLAG_FATAL_ERRORS, &error);
  const gboolean good = e && !error;

  g_clear_error (&error);
  if (e) {
    gst_element_set_state (e, GST_STATE_NULL);
    gst_object_unref (e);
  }
  return good;
}

static void
test_links (void)
{
  PF_CHECK (links ("pfaesgcm ! pfaesgcm mode=open"));
  PF_CHECK (links ("pfaesgcm ! queue ! pfaesgcm mode=open"));
  PF_CHECK (links ("pfaesgcm mode=open ! pfaesgcm"));
  PF_CHECK (links ("pfaesgcm mode=none ! pfaesgcm ! fakesink"));
  PF_CHECK (!links ("pfaesgcm ! pfaesgcm"));
  PF_CHECK (!links ("pfaesgcm ! queue ! pfaesgcm"));
  PF_CHECK (!links ("pfaesgcm mode=open ! pfaesgcm mode=open"));
  PF_CHECK (!links ("pfaesgcm mode=none ! pfaesgcm mode=open"));
  PF_CHECK (!links ("pfaesgcm ! pfaesgcm mode=none"));
  PF_CHECK (links ("pffecenc ! pfaesgcm"));
  PF_CHECK (!links ("pffecenc ! pfaesgcm mode=open"));
  PF_CHECK (!links ("pfaesgcm ! pffecenc"));
  PF_CHECK (!links ("pfaesgcm mode=open ! pffecenc"));
}

static void
check_caps_query (GstPad *pad, const gchar *expected)
{
  GstCaps *have = gst_pad_query_caps (pad, NULL);
  GstCaps *want = gst_caps_from_string (expected);

  if (!gst_caps_is_equal (have, want)) {
    gchar *text = gst_caps_to_string (have);

    pf_test_fail (__FILE__, __LINE__, "%s against %s", text, expected);
    g_free (text);
  }
  gst_caps_unref (have);
  gst_caps_unref (want);
}

/* Caps queries carry wire and fec through, turn sealed, and let blocks become
 * packets. */
static void
test_caps (void)
{
  GstElement *e = gst_element_factory_make ("pfaesgcm", NULL);
  GstElement *filter = gst_element_factory_make ("capsfilter", NULL);
  GstPad *sink, *src;
  GstCaps *caps;

  gst_object_ref_sink (e);
  gst_object_ref_sink (filter);
  sink = gst_element_get_static_pad (e, "sink");
  src = gst_element_get_static_pad (e, "src");
  PF_CHECK (gst_element_link (e, filter));
  caps = gst_caps_from_string (
      "application/x-pf-packet,wire=gamestream,sealed=(boolean)true");
  g_object_set (filter, "caps", caps, NULL);
  check_caps_query (sink,
      "application/x-pf-block,wire=gamestream,fec={none,gf8,gf16},"
      "sealed=(boolean)false;"
      "application/x-pf-packet,wire=gamestream,fec={none,gf8,gf16},"
      "sealed=(boolean)false");
  PF_CHECK (!gst_pad_query_accept_caps (sink, caps));
  gst_caps_unref (caps);
  caps = gst_caps_from_string (
      "application/x-pf-block,wire=gamestream,sealed=(boolean)true");
  g_object_set (filter, "caps", caps, NULL);
  gst_caps_unref (caps);
  check_caps_query (sink,
      "application/x-pf-block,wire=gamestream,fec={none,gf8,gf16},"
      "sealed=(boolean)false");
  caps = gst_caps_from_string ("application/x-pf-block,wire=gamestream,"
                               "fec=gf8,sealed=(boolean)false");
  PF_CHECK (gst_pad_query_accept_caps (sink, caps));
  gst_caps_unref (caps);
  caps = gst_caps_from_string ("application/x-pf-block,wire=other,"
                               "fec=gf8,sealed=(boolean)false");
  PF_CHECK (!gst_pad_query_accept_caps (sink, caps));
  gst_caps_unref (caps);
  gst_element_unlink (e, filter);

  caps = gst_caps_from_string ("application/x-pf-block,wire=punktfunk1,"
                               "fec=gf16,sealed=(boolean)false");
  g_object_set (filter, "caps", caps, NULL);
  gst_caps_unref (caps);
  PF_CHECK (gst_element_link (filter, e));
  check_caps_query (src,
      "application/x-pf-block,wire=punktfunk1,fec=gf16,sealed=(boolean)true;"
      "application/x-pf-packet,wire=punktfunk1,fec=gf16,sealed=(boolean)true");
  gst_object_unref (sink);
  gst_object_unref (src);
  gst_object_unref (filter);
  gst_object_unref (e);
}

/* ---- Keys --------------------------------------------------------------- */

static GstStateChangeReturn
try_start (const gchar *settings, GstBus **bus)
{
  gchar *line = g_strdup_printf ("pfaesgcm %s", settings);
  GstElement *e = gst_parse_launch (line, NULL);
  GstStateChangeReturn ret;

  *bus = own_bus (e);
  ret = gst_element_set_state (e, GST_STATE_PAUSED);
  gst_element_set_state (e, GST_STATE_NULL);
  gst_element_set_bus (e, NULL);
  gst_object_unref (e);
  g_free (line);
  return ret;
}

static void
check_refused (
    const gchar *settings, GQuark domain, gint code, const gchar *text)
{
  GstBus *bus;

  PF_CHECK_INT (try_start (settings, &bus), ==, GST_STATE_CHANGE_FAILURE);
  expect_error (bus, domain, code, text);
  gst_object_unref (bus);
}

static void
test_no_key (void)
{
  const gint null = g_open ("/dev/null", O_RDONLY | O_CLOEXEC, 0);
  gchar *two = g_strdup_printf ("key-file=%s key-fd=%d", file, null);

  check_refused (
      two, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_SETTINGS, "only one");
  check_refused ("mode=seal", GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_SETTINGS,
      "set key-file=PATH");
  check_refused ("mode=open", GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_SETTINGS,
      "set key-file=PATH");
  check_refused ("mode=open key-fd=987654", GST_LIBRARY_ERROR,
      GST_LIBRARY_ERROR_SETTINGS, "key-fd 987654");
  g_free (two);
}

static gchar *
setting (const gchar *mode, const gchar *path)
{
  return g_strdup_printf ("mode=%s key-file=%s", mode, path);
}

static void
test_key_file (void)
{
  gchar *victim = g_build_filename (dir, "victim", NULL);
  gchar *link = g_build_filename (dir, "link", NULL);
  gchar *nowhere = g_build_filename (dir, "no", "such", "place", NULL);
  gchar *s, *text, *first;
  const mode_t mask = umask (0);
  struct stat st;
  GstBus *bus;
  GDir *listing;
  guint n = 0;

  s = setting ("seal", file);
  g_unlink (file);
  PF_CHECK_INT (try_start (s, &bus), ==, GST_STATE_CHANGE_SUCCESS);
  gst_object_unref (bus);
  PF_REQUIRE_INT (stat (file, &st), ==, 0);
  PF_CHECK_INT (st.st_mode & 07777, ==, 0600);
  PF_REQUIRE (g_file_get_contents (file, &first, NULL, NULL));

  /* one that was open to all is replaced, not filled; with another key */
  PF_REQUIRE_INT (chmod (file, 0666), ==, 0);
  PF_CHECK_INT (try_start (s, &bus), ==, GST_STATE_CHANGE_SUCCESS);
  gst_object_unref (bus);
  PF_REQUIRE_INT (stat (file, &st), ==, 0);
  PF_CHECK_INT (st.st_mode & 07777, ==, 0600);
  PF_REQUIRE (g_file_get_contents (file, &text, NULL, NULL));
  PF_CHECK_UINT (strlen (text), ==, strlen (first));
  PF_CHECK (strcmp (text, first) != 0);
  g_free (first);
  g_free (s);

  /* a link, whose target must stay as it is */
  PF_REQUIRE (g_file_set_contents (victim, "precious", -1, NULL));
  PF_REQUIRE_INT (symlink (victim, link), ==, 0);
  s = setting ("seal", link);
  check_refused (
      s, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_OPEN_WRITE, "no plain file");
  g_free (s);
  g_free (text);
  PF_REQUIRE (g_file_get_contents (victim, &text, NULL, NULL));
  PF_CHECK_STR (text, "precious");
  PF_CHECK (g_file_test (link, G_FILE_TEST_IS_SYMLINK));
  s = setting ("open", link);
  check_refused (
      s, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_SETTINGS, "symbolic link");
  g_free (s);

  s = setting ("seal", nowhere);
  check_refused (
      s, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_OPEN_WRITE, "directory");
  g_free (s);
  s = setting ("seal", dir);
  check_refused (
      s, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_OPEN_WRITE, "no plain file");
  g_free (s);

  /* what an opener does not take */
  s = setting ("open", victim);
  PF_REQUIRE_INT (chmod (victim, 0600), ==, 0);
  check_refused (
      s, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_SETTINGS, "holds no key");
  g_free (s);
  s = setting ("open", file);
  PF_REQUIRE_INT (chmod (file, 0640), ==, 0);
  check_refused (s, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_SETTINGS, "chmod 600");
  g_free (s);

  /* nothing half-written stays behind */
  listing = g_dir_open (dir, 0, NULL);
  while (g_dir_read_name (listing))
    n++;
  g_dir_close (listing);
  PF_CHECK_UINT (n, ==, 3);
  g_unlink (link);
  g_unlink (victim);
  umask (mask);
  g_free (text);
  g_free (victim);
  g_free (link);
  g_free (nowhere);
}

/* Lines that are nearly a key. */
static void
test_bad_keys (void)
{
  static const gchar *const lines[] = {
    "",
    "pf-media-key 1 aes-128-gcm\n",
    "pf-media-key 2 aes-128-gcm 00112233445566778899aabbccddeeff 01020304\n",
    "pf-media-key 1 aes-128-gcm 00112233445566778899aabbccddeef 01020304\n",
    "pf-media-key 1 aes-128-gcm 00112233445566778899aabbccddeegg 01020304\n",
    "pf-media-key 1 aes-128-gcm 00112233445566778899aabbccddeeff 010203\n",
    "pf-media-key 1 aes-128-gcm 00112233445566778899aabbccddeeff 0102030405\n",
    "pf-media-key 1 aes-128-gcm 00112233445566778899aabbccddeeff 01020304\n ",
    "pf-media-key 1 chacha20-poly1305 00112233445566778899aabbccddeeff "
    "01020304\n",
    "pf-media-key 1 aes-256-gcm 00112233445566778899aabbccddeeff 01020304\n",
    "pf-media-key 1 aes-128-gcm 00000000000000000000000000000000 01020304\n",
  };
  gchar *s = setting ("open", file);

  for (guint i = 0; i < G_N_ELEMENTS (lines); i++) {
    GstBus *bus;

    g_unlink (file);
    PF_REQUIRE (g_file_set_contents (file, lines[i], -1, NULL));
    PF_REQUIRE_INT (chmod (file, 0600), ==, 0);
    if (try_start (s, &bus) != GST_STATE_CHANGE_FAILURE)
      pf_test_fail (__FILE__, __LINE__, "line %u was taken", i);
    else
      expect_error (bus, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_SETTINGS, "key");
    gst_object_unref (bus);
  }
  g_unlink (file);
  g_free (s);
}

#define SECRET "5ec2e7fade0ff1ce5ec2e7fade0ff1ce"

/* A pipe with a key in it. */
static gint
pipe_with_key (const gchar *key)
{
  gchar *line = g_strdup_printf ("pf-media-key 1 aes-128-gcm %s 01020304", key);
  gint fds[2];

  PF_REQUIRE_INT (pipe (fds), ==, 0);
  PF_REQUIRE_INT (
      write (fds[1], line, strlen (line)), ==, (gssize) strlen (line));
  close (fds[1]);
  g_free (line);
  return fds[0];
}

static GstHarness *
fd_harness (const gchar *mode, gint fd)
{
  gchar *line = g_strdup_printf ("pfaesgcm mode=%s key-fd=%d", mode, fd);
  const gboolean seal = strcmp (mode, "seal") == 0;
  GstHarness *h = harness (line, "packet", "punktfunk1",
      seal ? "false" : "true", seal ? "true" : "false");

  g_free (line);
  return h;
}

/* A key from outside: both ends open what they seal; it serves one run, one
 * sealer, and comes from no file. */
static void
test_key_fd (void)
{
  static const gchar key[] = "00112233445566778899aabbccddeeff";
  const PfWire *wire = pf_wire_find ("punktfunk1");
  PfSlabPool *pool = pf_slab_pool_new ();
  GstBuffer *b = block_new (pool, wire, 4, 8, 16);
  GPtrArray *plain = packets_of (b), *sealed;
  gint fd = pipe_with_key (key);
  GstHarness *h = fd_harness ("seal", fd), *o;
  GstElement *e;
  GstPad *sink;
  GstCaps *caps;
  GstBus *bus;
  gchar *s;

  PF_CHECK_INT (fcntl (fd, F_GETFD), ==, -1); /* used up */
  PF_CHECK_INT (push_list (h, pf_block_split (b)), ==, GST_FLOW_OK);
  sealed = collect (h);
  o = fd_harness ("open", pipe_with_key (key));
  PF_CHECK_INT (push_list (o, list_of (sealed)), ==, GST_FLOW_OK);
  check_packets (plain, collect (o));
  gst_harness_teardown (o);

  /* the same element a second time */
  e = gst_harness_find_element (h, "pfaesgcm");
  bus = own_bus (h->element);
  gst_element_set_state (h->element, GST_STATE_READY);
  PF_CHECK_INT (gst_element_set_state (h->element, GST_STATE_PAUSED), ==,
      GST_STATE_CHANGE_FAILURE);
  expect_error (bus, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_SETTINGS, "one run");
  gst_element_set_bus (h->element, NULL);
  gst_object_unref (bus);
  gst_object_unref (e);
  gst_harness_teardown (h);

  /* the same key through another pipe */
  e = gst_element_factory_make ("pfaesgcm", NULL);
  bus = own_bus (e);
  g_object_set (e, "key-fd", pipe_with_key (key), NULL);
  PF_CHECK_INT (gst_element_set_state (e, GST_STATE_PAUSED), ==,
      GST_STATE_CHANGE_SUCCESS);
  sink = gst_element_get_static_pad (e, "sink");
  gst_pad_send_event (sink, gst_event_new_stream_start ("again"));
  caps = gst_caps_from_string ("application/x-pf-packet,wire=punktfunk1,"
                               "fec=gf8,sealed=(boolean)false");
  PF_CHECK (!gst_pad_send_event (sink, gst_event_new_caps (caps)));
  gst_caps_unref (caps);
  expect_error (
      bus, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_SETTINGS, "sealed before");
  gst_element_set_state (e, GST_STATE_NULL);
  gst_element_set_bus (e, NULL);
  gst_object_unref (bus);
  gst_object_unref (sink);
  gst_object_unref (e);

  /* a file could seal twice */
  fd = g_open (file, O_RDWR | O_CREAT | O_TRUNC, 0600);
  s = g_strdup_printf ("key-fd=%d", fd);
  check_refused (s, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_SETTINGS, "is a file");
  g_free (s);
  g_ptr_array_unref (plain);
  g_ptr_array_unref (sealed);
  pf_slab_pool_free (pool);
}

/* The opener may be first, and follows the sealer into its next run without
 * losing a packet. */
static void
test_late_key (void)
{
  GPtrArray *plain, *sealed;
  GstHarness *h;

  g_unlink (file);
  h = opener ("packet", "punktfunk1");
  sealed = sealed_packets ("punktfunk1", 5, &plain);
  g_unlink (file);
  PF_CHECK_INT (push_list (h, list_of (sealed)), ==, GST_FLOW_OK);
  PF_CHECK_UINT (counter_of (h, NULL, "rejected"), ==, 5);
  g_ptr_array_unref (plain);
  g_ptr_array_unref (sealed);

  for (guint run = 1; run <= 4; run++) {
    sealed = sealed_packets ("punktfunk1", 5, &plain);
    if (run > 1)
      g_usleep (12000); /* one look in 10 ms, once a key is good */
    PF_CHECK_INT (push_list (h, list_of (sealed)), ==, GST_FLOW_OK);
    check_packets (plain, collect (h));
    PF_CHECK_UINT (counter_of (h, NULL, "packets"), ==, 5 * run);
    g_ptr_array_unref (plain);
    g_ptr_array_unref (sealed);
  }
  PF_CHECK_UINT (counter_of (h, NULL, "rejected"), ==, 5);
  PF_CHECK_UINT (counter_of (h, NULL, "replayed"), ==, 0);
  gst_harness_teardown (h);
}

/* An opener does not wait for its key for ever, if packets come. */
static void
test_key_timeout (void)
{
  gchar *line = g_strdup_printf (
      "pfaesgcm mode=open key-timeout-ms=20 key-file=%s", file);
  GPtrArray *plain, *sealed = sealed_packets ("punktfunk1", 1, &plain);
  GstFlowReturn ret = GST_FLOW_OK;
  GstHarness *h;
  GstBus *bus;
  guint n = 0;

  g_unlink (file);
  h = harness (line, "packet", "punktfunk1", "true", "false");
  bus = own_bus (h->element);
  for (; n < 1000 && ret == GST_FLOW_OK; n++) {
    ret = gst_harness_push (h, buffer_of (sealed->pdata[0]));
    g_usleep (1000);
  }
  PF_CHECK_INT (ret, ==, GST_FLOW_ERROR);
  PF_CHECK_UINT (n, >, 1);
  expect_error (
      bus, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_FOUND, "No key came");
  gst_element_set_bus (h->element, NULL);
  gst_object_unref (bus);
  gst_harness_teardown (h);
  g_ptr_array_unref (plain);
  g_ptr_array_unref (sealed);
  g_free (line);
}

/* ---- One nonce, one use ------------------------------------------------- */

/* A key does not change its packet format: nonces of two could meet. */
static void
test_wire_change (void)
{
  GstHarness *h = sealer ("packet", "punktfunk1");
  GstBus *bus = own_bus (h->element);
  gchar *text = caps_for ("packet", "gamestream", "false");
  GstCaps *caps = gst_caps_from_string (text);

  gst_harness_push_event (h, gst_event_new_caps (caps));
  expect_error (
      bus, GST_STREAM_ERROR, GST_STREAM_ERROR_FORMAT, "life of a key");
  gst_element_set_bus (h->element, NULL);
  gst_object_unref (bus);
  gst_caps_unref (caps);
  g_free (text);
  gst_harness_teardown (h);
}

/* ---- Secrets ------------------------------------------------------------ */

static void
check_secret (const gchar *where, const gchar *text)
{
  gchar *lower = g_ascii_strdown (text, -1);

  if (strstr (lower, "5ec2e7fa") || strstr (lower, "5e c2 e7 fa") ||
      strstr (text, "\x5e\xc2\xe7\xfa"))
    pf_test_fail (__FILE__, __LINE__, "a key shows in %s", where);
  g_free (lower);
}

/* A key that came in is not in logs of any level, in dot files, properties,
 * stats or errors. */
static void
test_secrets (void)
{
  const PfWire *wire = pf_wire_find ("punktfunk1");
  PfSlabPool *pool = pf_slab_pool_new ();
  GParamSpec **specs;
  GstElement *e;
  GstHarness *h, *o;
  GPtrArray *sealed;
  gchar *dot, *said = NULL;
  guint n;

  gst_debug_set_active (TRUE);
  gst_debug_set_default_threshold (GST_LEVEL_MEMDUMP);
  h = fd_harness ("seal", pipe_with_key (SECRET));
  PF_CHECK_INT (
      push_list (h, pf_block_split (block_new (pool, wire, 3, 8, 16))), ==,
      GST_FLOW_OK);
  sealed = collect (h);
  o = fd_harness ("open", pipe_with_key (SECRET));
  PF_CHECK_INT (push_list (o, list_of (sealed)), ==, GST_FLOW_OK);
  PF_CHECK_UINT (gst_harness_buffers_received (o), ==, 3);
  g_ptr_array_unref (sealed);
  dot = gst_debug_bin_to_dot_data (
      GST_BIN (o->element), GST_DEBUG_GRAPH_SHOW_VERBOSE);
  check_secret ("a dot file", dot);
  g_free (dot);
  e = gst_harness_find_element (o, "pfaesgcm");
  specs = g_object_class_list_properties (G_OBJECT_GET_CLASS (e), &n);
  for (guint i = 0; i < n; i++) {
    GValue value = G_VALUE_INIT;
    gchar *text;

    if (!(specs[i]->flags & G_PARAM_READABLE))
      continue;
    g_value_init (&value, specs[i]->value_type);
    g_object_get_property (G_OBJECT (e), specs[i]->name, &value);
    text = g_strdup_value_contents (&value);
    check_secret (specs[i]->name, text);
    g_free (text);
    g_value_unset (&value);
  }
  g_free (specs);
  gst_object_unref (e);
  gst_harness_teardown (o);
  gst_harness_teardown (h);
  gst_debug_set_default_threshold (GST_LEVEL_NONE);
  gst_debug_set_active (FALSE);
  PF_REQUIRE (g_file_get_contents (log_file, &said, NULL, NULL));
  PF_CHECK (strstr (said, "opening with a new key") != NULL);
  check_secret ("the log", said);
  g_free (said);
  pf_slab_pool_free (pool);
}

/* ---- The rest of an element's life -------------------------------------- */

static void
test_none (void)
{
  const PfWire *wire = pf_wire_find ("punktfunk1");
  PfSlabPool *pool = pf_slab_pool_new ();
  GstHarness *h =
      harness ("pfaesgcm mode=none", "block", "punktfunk1", "false", "false");
  GstBuffer *b = block_new (pool, wire, 6, 0, 0);
  GPtrArray *plain = packets_of (b);

  PF_CHECK_INT (gst_harness_push (h, b), ==, GST_FLOW_OK);
  check_packets (plain, collect (h));
  PF_CHECK_UINT (counter_of (h, NULL, "copies"), ==, 0);
  take_blocks (h);
  b = block_new (pool, wire, 6, 0, 0);
  PF_CHECK_INT (gst_harness_push (h, b), ==, GST_FLOW_OK);
  b = gst_harness_try_pull (h);
  PF_CHECK (b && pf_buffer_get_block_meta (b));
  gst_buffer_unref (b);
  g_ptr_array_unref (plain);
  gst_harness_teardown (h);
  pf_slab_pool_free (pool);
}

static void
test_latency (void)
{
  GstHarness *h = sealer ("packet", "punktfunk1");

  gst_harness_set_upstream_latency (h, 5 * GST_MSECOND);
  PF_CHECK_UINT (gst_harness_query_latency (h), ==, 5 * GST_MSECOND);
  gst_harness_teardown (h);
}

/* EOS goes on, nothing after it. */
static void
test_eos (void)
{
  const PfWire *wire = pf_wire_find ("punktfunk1");
  PfSlabPool *pool = pf_slab_pool_new ();
  GstHarness *h = sealer ("packet", "punktfunk1");
  GstBufferList *list = pf_block_split (block_new (pool, wire, 2, 8, 16));
  GstEvent *event;
  gboolean eos = FALSE;

  PF_CHECK (gst_harness_push_event (h, gst_event_new_eos ()));
  PF_CHECK_INT (push_list (h, list), ==, GST_FLOW_EOS);
  while ((event = gst_harness_try_pull_event (h))) {
    eos |= GST_EVENT_TYPE (event) == GST_EVENT_EOS;
    gst_event_unref (event);
  }
  PF_CHECK (eos);
  gst_harness_teardown (h);
  pf_slab_pool_free (pool);
}

/* Wrong input is one clear error. */
static void
test_no_packets (void)
{
  GstHarness *h = sealer ("packet", "punktfunk1");
  GstBus *bus = own_bus (h->element);

  PF_CHECK_INT (gst_harness_push (h, gst_buffer_new_allocate (NULL, 12, NULL)),
      ==, GST_FLOW_ERROR);
  expect_error (
      bus, GST_STREAM_ERROR, GST_STREAM_ERROR_FORMAT, "link pffecenc");
  gst_element_set_bus (h->element, NULL);
  gst_object_unref (bus);
  gst_harness_teardown (h);
}

static void
test_states (void)
{
  gchar *s = setting ("seal", file);
  gchar *line = g_strdup_printf ("pfaesgcm %s", s);
  GstElement *e = gst_parse_launch (line, NULL);

  for (guint i = 0; i < 30; i++) {
    PF_CHECK_INT (gst_element_set_state (e, GST_STATE_PLAYING), ==,
        GST_STATE_CHANGE_SUCCESS);
    PF_CHECK_INT (
        gst_element_set_state (e, i % 2 ? GST_STATE_NULL : GST_STATE_READY), ==,
        GST_STATE_CHANGE_SUCCESS);
  }
  gst_element_set_state (e, GST_STATE_NULL);
  gst_object_unref (e);
  g_free (line);
  g_free (s);
}

/* Queues between the two ends, a tee that holds every buffer once more, and
 * flushes and state changes from another thread meanwhile. */
static void
test_threads (void)
{
  const PfWire *wire = pf_wire_find ("punktfunk1");
  PfSlabPool *pool = pf_slab_pool_new ();
  gchar *line = g_strdup_printf (
      "queue ! pfaesgcm name=seal key-file=%s ! tee name=t ! queue ! "
      "pfaesgcm name=open mode=open key-file=%s  t. ! queue ! fakesink "
      "async=false sync=false",
      file, file);
  GstElement *bin = gst_parse_bin_from_description (line, FALSE, NULL);
  GstElement *open, *first;
  GPtrArray *plain = packets_new (), *got = packets_new ();
  GstHarness *h;
  GstPad *pad;
  gchar *in = caps_for ("packet", "punktfunk1", "false");

  open = gst_bin_get_by_name (GST_BIN (bin), "open");
  pad = gst_element_get_static_pad (open, "src");
  gst_element_add_pad (bin, gst_ghost_pad_new ("src", pad));
  gst_object_unref (pad);
  gst_object_unref (open);
  pad = gst_bin_find_unlinked_pad (GST_BIN (bin), GST_PAD_SINK);
  first = gst_pad_get_parent_element (pad);
  gst_element_add_pad (bin, gst_ghost_pad_new ("sink", pad));
  gst_object_unref (pad);
  gst_object_unref (first);
  h = gst_harness_new_with_element (bin, "sink", "src");
  gst_object_unref (bin);
  gst_harness_set_src_caps_str (h, in);
  for (guint i = 0; i < 50; i++) {
    GstBuffer *b = block_new (pool, wire, 10, 8, 16);

    append_packets (plain, b);
    PF_REQUIRE_INT (push_list (h, pf_block_split (b)), ==, GST_FLOW_OK);
  }
  while (got->len < plain->len) {
    GstBuffer *b = gst_harness_pull (h);

    PF_REQUIRE (b != NULL);
    append_packets (got, b);
    gst_buffer_unref (b);
  }
  check_packets (plain, got);
  PF_CHECK_UINT (counter_of (h, "open", "packets"), ==, 500);
  PF_CHECK_UINT (counter_of (h, "open", "rejected"), ==, 0);
  PF_CHECK_UINT (counter_of (h, "seal", "copies"), ==, 0);
  g_ptr_array_unref (plain);
  gst_harness_teardown (h);
  pf_slab_pool_free (pool);
  g_free (in);
  g_free (line);
}

/* Starting and stopping while another thread pushes. */
static void
test_stress (void)
{
  GstHarness *h = sealer ("packet", "punktfunk1");
  GstHarnessThread *push, *states;
  GstCaps *caps = gst_pad_get_current_caps (h->srcpad);
  GstBuffer *b = gst_buffer_new_allocate (NULL, 500, NULL);
  GstSegment segment;

  gst_buffer_memset (b, 0, 7, 500);
  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_harness_set_drop_buffers (h, TRUE);
  push = gst_harness_stress_push_buffer_start (h, caps, &segment, b);
  states = gst_harness_stress_statechange_start_full (h, 500);
  g_usleep (300000);
  PF_CHECK_UINT (gst_harness_stress_thread_stop (states), >, 0);
  PF_CHECK_UINT (gst_harness_stress_thread_stop (push), >, 0);
  gst_buffer_unref (b);
  gst_caps_unref (caps);
  gst_harness_teardown (h);
}

int
main (int argc, char **argv)
{
  int ret;

  dir = g_dir_make_tmp ("pf-aes-gcm-XXXXXX", NULL);
  file = g_build_filename (dir, "key", NULL);
  log_file = g_strconcat (dir, ".log", NULL);
  g_setenv ("GST_DEBUG_FILE", log_file, TRUE);
  gst_init (NULL, NULL);
  PF_TEST_ADD ("/aesgcm/round-trip", test_round_trip);
  PF_TEST_ADD ("/aesgcm/forms", test_forms);
  PF_TEST_ADD ("/aesgcm/datagrams", test_datagrams);
  PF_TEST_ADD ("/aesgcm/damage", test_damage);
  PF_TEST_ADD ("/aesgcm/damage-in-many", test_damage_in_many);
  PF_TEST_ADD ("/aesgcm/replay", test_replay);
  PF_TEST_ADD ("/aesgcm/shared", test_shared);
  PF_TEST_ADD ("/aesgcm/forbid-copy", test_forbid_copy);
  PF_TEST_ADD ("/aesgcm/slabs", test_slabs);
  PF_TEST_ADD ("/aesgcm/allocation", test_allocation);
  PF_TEST_ADD ("/aesgcm/links", test_links);
  PF_TEST_ADD ("/aesgcm/caps", test_caps);
  PF_TEST_ADD ("/aesgcm/no-key", test_no_key);
  PF_TEST_ADD ("/aesgcm/key-file", test_key_file);
  PF_TEST_ADD ("/aesgcm/bad-keys", test_bad_keys);
  PF_TEST_ADD ("/aesgcm/key-fd", test_key_fd);
  PF_TEST_ADD ("/aesgcm/late-key", test_late_key);
  PF_TEST_ADD ("/aesgcm/key-timeout", test_key_timeout);
  PF_TEST_ADD ("/aesgcm/wire-change", test_wire_change);
  PF_TEST_ADD ("/aesgcm/secrets", test_secrets);
  PF_TEST_ADD ("/aesgcm/none", test_none);
  PF_TEST_ADD ("/aesgcm/latency", test_latency);
  PF_TEST_ADD ("/aesgcm/eos", test_eos);
  PF_TEST_ADD ("/aesgcm/no-packets", test_no_packets);
  PF_TEST_ADD ("/aesgcm/states", test_states);
  PF_TEST_ADD ("/aesgcm/threads", test_threads);
  PF_TEST_ADD ("/aesgcm/stress", test_stress);
  ret = pf_test_run (argc, argv);
  g_unlink (log_file);
  g_unlink (file);
  g_rmdir (dir);
  g_free (log_file);
  g_free (file);
  g_free (dir);
  return ret;
}
