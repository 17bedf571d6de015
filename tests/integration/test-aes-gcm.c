/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * pfaesgcm: what it seals opens again, in place, as blocks, lists and single
 * packets; damage is dropped and counted; it links only in the right order.
 */
#include "aes-gcm-common.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

/* Packets first .. first+n-1 as form says: a block, a list, one by one; flags
 * stand on the first. */
static void
push_flagged (GstHarness *h, PfSlabPool *pool, guint form,
    const GPtrArray *packets, guint first, guint n, guint flags)
{
  const gsize size = g_bytes_get_size (packets->pdata[first]);
  GstMemory *m;
  GstBuffer *b;

  if (form == 2) {
    for (guint i = 0; i < n; i++, flags = 0) {
      b = buffer_of (packets->pdata[first + i]);
      GST_BUFFER_FLAG_SET (b, flags);
      PF_CHECK_INT (gst_harness_push (h, b), ==, GST_FLOW_OK);
    }
    return;
  }
  m = pf_slab_pool_alloc (pool, n * size);
  b = pf_block_new (m, n, size, 0, size);
  for (guint i = 0; i < n; i++)
    gst_buffer_fill (
        b, i * size, g_bytes_get_data (packets->pdata[first + i], NULL), size);
  GST_BUFFER_FLAG_SET (b, flags);
  PF_CHECK_INT (
      form == 0 ? gst_harness_push (h, b) : push_list (h, pf_block_split (b)),
      ==, GST_FLOW_OK);
}

/* The flags of the first that came out; the others have none. */
static void
expect_flags (GstHarness *h, guint first, guint packets)
{
  guint n = 0;
  GstBuffer *b;

  while ((b = gst_harness_try_pull (h))) {
    const PfBlockMeta *meta = pf_buffer_get_block_meta (b);

    PF_CHECK_UINT (
        GST_BUFFER_FLAGS (b) & PF_BLOCK_BREAKS, ==, n == 0 ? first : 0);
    n += meta ? meta->n : 1;
    gst_buffer_unref (b);
  }
  PF_CHECK_UINT (n, ==, packets);
}

/* What marks a break moves on to the next packet when its own is dropped; a
 * flush and a segment are breaks, and so is the begin. */
static void
test_discont (void)
{
  const guint discont = GST_BUFFER_FLAG_DISCONT;
  const guint both = discont | GST_BUFFER_FLAG_RESYNC;
  enum { N = 8, TURNS = 7 };

  for (guint form = 0; form < 3; form++) {
    GPtrArray *plain,
        *sealed = sealed_packets ("punktfunk1", TURNS * N, &plain);
    const gsize size = g_bytes_get_size (sealed->pdata[0]);
    GstHarness *h = opener (form == 0 ? "block" : "packet", "punktfunk1");
    PfSlabPool *pool = pf_slab_pool_new ();
    GstSegment segment;

    gst_segment_init (&segment, GST_FORMAT_TIME);
    if (form == 0)
      take_blocks (h);
    /* turn 3 loses the first and a later one, turn 4 all */
    for (guint i = 3 * N; i < 5 * N; i++)
      if (i == 3 * N || i == 3 * N + 5 || i >= 4 * N) {
        GBytes *bad = damaged (sealed->pdata[i], size, (gssize) size - 1);

        g_bytes_unref (sealed->pdata[i]);
        sealed->pdata[i] = bad;
      }
    push_flagged (h, pool, form, sealed, 0, N, 0);
    expect_flags (h, discont, N);
    push_flagged (h, pool, form, sealed, N, N, 0);
    expect_flags (h, 0, N);
    gst_harness_push_event (h, gst_event_new_segment (&segment));
    push_flagged (h, pool, form, sealed, 2 * N, N, 0);
    expect_flags (h, discont, N);
    push_flagged (h, pool, form, sealed, 3 * N, N, both);
    expect_flags (h, both, N - 2);
    push_flagged (h, pool, form, sealed, 4 * N, N, discont);
    expect_flags (h, 0, 0);
    push_flagged (h, pool, form, sealed, 5 * N, N, 0);
    expect_flags (h, discont, N);
    gst_harness_push_event (h, gst_event_new_flush_start ());
    gst_harness_push_event (h, gst_event_new_flush_stop (TRUE));
    gst_harness_push_event (h, gst_event_new_segment (&segment));
    push_flagged (h, pool, form, sealed, 6 * N, N, 0);
    expect_flags (h, discont, N);
    gst_harness_teardown (h);
    pf_slab_pool_free (pool);
    g_ptr_array_unref (plain);
    g_ptr_array_unref (sealed);
  }
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

int
main (int argc, char **argv)
{
  int ret;

  common_init ();
  PF_TEST_ADD ("/aesgcm/round-trip", test_round_trip);
  PF_TEST_ADD ("/aesgcm/forms", test_forms);
  PF_TEST_ADD ("/aesgcm/datagrams", test_datagrams);
  PF_TEST_ADD ("/aesgcm/damage", test_damage);
  PF_TEST_ADD ("/aesgcm/damage-in-many", test_damage_in_many);
  PF_TEST_ADD ("/aesgcm/discont", test_discont);
  PF_TEST_ADD ("/aesgcm/replay", test_replay);
  PF_TEST_ADD ("/aesgcm/shared", test_shared);
  PF_TEST_ADD ("/aesgcm/forbid-copy", test_forbid_copy);
  PF_TEST_ADD ("/aesgcm/slabs", test_slabs);
  PF_TEST_ADD ("/aesgcm/allocation", test_allocation);
  PF_TEST_ADD ("/aesgcm/links", test_links);
  PF_TEST_ADD ("/aesgcm/caps", test_caps);
  PF_TEST_ADD ("/aesgcm/none", test_none);
  PF_TEST_ADD ("/aesgcm/latency", test_latency);
  PF_TEST_ADD ("/aesgcm/eos", test_eos);
  PF_TEST_ADD ("/aesgcm/no-packets", test_no_packets);
  ret = pf_test_run (argc, argv);
  common_end ();
  return ret;
}
