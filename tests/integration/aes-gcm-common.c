/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* See aes-gcm-common.h. */
#include "aes-gcm-common.h"

#include <glib/gstdio.h>
#include <string.h>

gchar *dir, *file, *log_file;

void
common_init (void)
{
  dir = g_dir_make_tmp ("pf-aes-gcm-XXXXXX", NULL);
  file = g_build_filename (dir, "key", NULL);
  log_file = g_strconcat (dir, ".log", NULL);
  g_setenv ("GST_DEBUG_FILE", log_file, TRUE);
  gst_init (NULL, NULL);
}

void
common_end (void)
{
  g_unlink (log_file);
  g_unlink (file);
  g_rmdir (dir);
  g_free (log_file);
  g_free (file);
  g_free (dir);
}

gchar *
caps_for (const gchar *media, const gchar *wire, const gchar *sealed)
{
  return g_strdup_printf ("application/x-pf-%s,wire=(string)%s,fec=(string)gf8,"
                          "sealed=(boolean)%s",
      media, wire, sealed);
}

GstHarness *
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

void
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

GstHarness *
sealer (const gchar *media, const gchar *wire)
{
  gchar *line = g_strdup_printf ("pfaesgcm name=seal key-file=%s", file);
  GstHarness *h = harness (line, media, wire, "false", "true");

  g_free (line);
  return h;
}

GstHarness *
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

guint64
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

GstBuffer *
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
void
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

GPtrArray *
packets_new (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
}

GPtrArray *
packets_of (GstBuffer *b)
{
  GPtrArray *packets = packets_new ();

  append_packets (packets, b);
  return packets;
}

GPtrArray *
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

void
check_packets (const GPtrArray *a, GPtrArray *b)
{
  PF_CHECK_UINT (a->len, ==, b->len);
  for (guint i = 0; i < MIN (a->len, b->len); i++)
    PF_CHECK (g_bytes_equal (a->pdata[i], b->pdata[i]));
  g_ptr_array_unref (b);
}

GstBuffer *
buffer_of (GBytes *packet)
{
  gsize size;
  const void *bytes = g_bytes_get_data (packet, &size);
  GstBuffer *b = gst_buffer_new_allocate (NULL, size, NULL);

  gst_buffer_fill (b, 0, bytes, size);
  return b;
}

GstBufferList *
list_of (const GPtrArray *packets)
{
  GstBufferList *list = gst_buffer_list_new ();

  for (guint i = 0; i < packets->len; i++)
    gst_buffer_list_add (list, buffer_of (packets->pdata[i]));
  return list;
}

GstFlowReturn
push_list (GstHarness *h, GstBufferList *list)
{
  return gst_pad_push_list (h->srcpad, list);
}

GPtrArray *
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

GstBus *
own_bus (GstElement *e)
{
  GstBus *bus = gst_bus_new ();

  gst_element_set_bus (e, bus);
  return bus;
}

void
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

static guint8
hex_byte (const gchar *at)
{
  return (guint8) (g_ascii_xdigit_value (at[0]) << 4 |
                   g_ascii_xdigit_value (at[1]));
}

void
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

gchar *
setting (const gchar *mode, const gchar *path)
{
  return g_strdup_printf ("mode=%s key-file=%s", mode, path);
}
