/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Sound from a host's speakers to a client's: each has a tone of its own, which
 * is sealed into packets, sent over loopback, decoded, and heard at the speaker
 * of the same name and at no other.
 */
#include <gst/audio/audio.h>
#include <string.h>

#include "pf-test.h"
#include "pf-tones.h"
#include "session-line.h"

#define CHUNK 240                   /* samples of a channel in a buffer */
#define SKIPPED (PF_TONES_RATE / 5) /* a beginning that fades in */
#define LISTENED (PF_TONES_RATE / 2)
#define LEAST_DB 15
#define WAIT_S 30
#define SPEAKERS                                                               \
  "audio/x-raw,format=(string)" GST_AUDIO_NE (                                 \
      F32) ",layout=interleaved,"                                              \
           "rate=48000,channels=%u,channel-mask=(bitmask)%s"
#define SOURCE                                                                 \
  "fakesrc name=tones is-live=true sync=true format=time sizetype=fixed "      \
  "filltype=nothing signal-handoffs=true sizemax=%u datarate=%u ! "            \
  "capsfilter caps=\"" SPEAKERS "\" ! pfopusenc name=voice layout=%s ! "       \
  "end.audio"
#define LISTENER                                                               \
  " end.audio ! pfopusdec name=ear ! fakesink name=speakers sync=false "       \
  "async=false signal-handoffs=true"

static const struct {
  const gchar *layout, *mask;
  guint channels;
  GstAudioChannelPosition places[8];
} kinds[] = {
  { "normal", "0x3", 2,
      { GST_AUDIO_CHANNEL_POSITION_FRONT_LEFT,
          GST_AUDIO_CHANNEL_POSITION_FRONT_RIGHT } },
  { "normal", "0x3f", 6,
      { GST_AUDIO_CHANNEL_POSITION_FRONT_LEFT,
          GST_AUDIO_CHANNEL_POSITION_FRONT_RIGHT,
          GST_AUDIO_CHANNEL_POSITION_FRONT_CENTER,
          GST_AUDIO_CHANNEL_POSITION_LFE1, GST_AUDIO_CHANNEL_POSITION_REAR_LEFT,
          GST_AUDIO_CHANNEL_POSITION_REAR_RIGHT } },
  { "normal", "0xc3f", 8,
      { GST_AUDIO_CHANNEL_POSITION_FRONT_LEFT,
          GST_AUDIO_CHANNEL_POSITION_FRONT_RIGHT,
          GST_AUDIO_CHANNEL_POSITION_FRONT_CENTER,
          GST_AUDIO_CHANNEL_POSITION_LFE1, GST_AUDIO_CHANNEL_POSITION_REAR_LEFT,
          GST_AUDIO_CHANNEL_POSITION_REAR_RIGHT,
          GST_AUDIO_CHANNEL_POSITION_SIDE_LEFT,
          GST_AUDIO_CHANNEL_POSITION_SIDE_RIGHT } },
};

typedef struct {
  guint channels;
  gsize sung; /* in the thread of the source */

  GstElement *ear;
  guint64 mended; /* in the thread of the sink */

  GMutex lock;
  GCond cond;
  /* lock */
  gfloat *heard;
  gsize n_heard; /* of a channel, since a packet was missing last */
} Concert;

/* ---- The host's speakers -------------------------------------------------- */

static void
on_tones (GstElement *source, GstBuffer *buffer, GstPad *pad, gpointer user)
{
  Concert *c = user;
  GstMapInfo map;

  (void) source;
  (void) pad;
  PF_REQUIRE (gst_buffer_map (buffer, &map, GST_MAP_WRITE));
  pf_tones_make ((gfloat *) map.data, c->sung, CHUNK, c->channels);
  gst_buffer_unmap (buffer, &map);
  c->sung += CHUNK;
}

/* ---- The client's --------------------------------------------------------- */

/* What the decoder made up, or left out. */
static guint64
count_mended (Concert *c)
{
  guint64 concealed = 0, resyncs = 0, late = 0;
  GstStructure *stats;

  g_object_get (c->ear, "stats", &stats, NULL);
  PF_CHECK (gst_structure_get (stats, "concealed", G_TYPE_UINT64, &concealed,
      "resyncs", G_TYPE_UINT64, &resyncs, "late", G_TYPE_UINT64, &late, NULL));
  gst_structure_free (stats);
  return concealed + resyncs + late;
}

/* A packet may be missing on a busy machine: then all begins anew. */
static void
on_sound (GstElement *sink, GstBuffer *buffer, GstPad *pad, gpointer user)
{
  Concert *c = user;
  const gsize frame = c->channels * sizeof (gfloat), most = SKIPPED + LISTENED;
  const guint64 mended = count_mended (c);
  gsize n = gst_buffer_get_size (buffer) / frame;

  (void) sink;
  (void) pad;
  g_mutex_lock (&c->lock);
  if (mended != c->mended && c->n_heard < most)
    c->n_heard = 0;
  c->mended = mended;
  n = MIN (n, most - c->n_heard);
  gst_buffer_extract (
      buffer, 0, c->heard + c->n_heard * c->channels, n * frame);
  c->n_heard += n;
  g_cond_broadcast (&c->cond);
  g_mutex_unlock (&c->lock);
}

static gboolean
wait_for_sound (Concert *c)
{
  const gint64 until = g_get_monotonic_time () + WAIT_S * G_USEC_PER_SEC;
  gboolean ok;

  g_mutex_lock (&c->lock);
  while (c->n_heard < SKIPPED + LISTENED &&
         g_cond_wait_until (&c->cond, &c->lock, until))
    ;
  ok = c->n_heard == SKIPPED + LISTENED;
  g_mutex_unlock (&c->lock);
  return ok;
}

/* ---- Both ----------------------------------------------------------------- */

static void
connect_to (Line *l, const gchar *name, GCallback callback, Concert *c)
{
  GstElement *e = gst_bin_get_by_name (GST_BIN (l->pipeline), name);

  PF_REQUIRE (e != NULL);
  g_signal_connect (e, "handoff", callback, c);
  gst_object_unref (e);
}

static GstCaps *
caps_at (Line *l, const gchar *element, const gchar *name)
{
  GstElement *e = gst_bin_get_by_name (GST_BIN (l->pipeline), element);
  GstPad *pad = gst_element_get_static_pad (e, name);
  GstCaps *caps = gst_pad_get_current_caps (pad);

  gst_object_unref (pad);
  gst_object_unref (e);
  return caps;
}

static void
check_places (Line *client, gsize kind)
{
  GstCaps *caps = caps_at (client, "speakers", "sink");
  GstAudioInfo info;

  PF_REQUIRE (caps != NULL);
  PF_REQUIRE (gst_audio_info_from_caps (&info, caps));
  PF_REQUIRE_UINT (info.channels, ==, kinds[kind].channels);
  for (guint i = 0; i < kinds[kind].channels; i++)
    PF_CHECK_INT (info.position[i], ==, kinds[kind].places[i]);
  gst_caps_unref (caps);
}

/* What the encoder said of its streams is what the decoder is told. */
static void
check_streams (Line *host, Line *client)
{
  GstCaps *said = caps_at (host, "voice", "src"),
          *told = caps_at (client, "ear", "sink");

  PF_REQUIRE (said && told);
  PF_CHECK (gst_caps_can_intersect (said, told));
  gst_caps_unref (said);
  gst_caps_unref (told);
}

static void
play_host (Line *host, Concert *c, gsize kind)
{
  const guint bytes = kinds[kind].channels * sizeof (gfloat);
  g_autofree gchar *source =
      g_strdup_printf (SOURCE, CHUNK * bytes, PF_TONES_RATE * bytes,
          kinds[kind].channels, kinds[kind].mask, kinds[kind].layout);
  g_autofree gchar *settings = g_strdup_printf ("open=true %s", source);

  line_init_host (host, settings);
  connect_to (host, "tones", G_CALLBACK (on_tones), c);
  line_play (host);
}

static void
play_client (Line *client, Concert *c, guint port)
{
  g_autofree gchar *settings = g_strdup_printf ("channels=%u", c->channels);
  g_autofree gchar *text = g_strdup_printf (CLIENT LISTENER, port, settings);

  line_init (client, text);
  c->ear = gst_bin_get_by_name (GST_BIN (client->pipeline), "ear");
  connect_to (client, "speakers", G_CALLBACK (on_sound), c);
  line_play (client);
}

static void
test_tones (const void *data)
{
  const gsize kind = (gsize) data;
  Concert c = { .channels = kinds[kind].channels };
  Line host, client;
  gint port;

  g_mutex_init (&c.lock);
  g_cond_init (&c.cond);
  c.heard = g_new0 (gfloat, (SKIPPED + LISTENED) * c.channels);
  play_host (&host, &c, kind);
  g_object_get (host.end, "port", &port, NULL);
  play_client (&client, &c, (guint) port);
  PF_CHECK (wait_for_sound (&c));
  PF_CHECK (line_wait (&client, &client.frames, 30)); /* and a picture */
  check_places (&client, kind);
  check_streams (&host, &client);
  pf_test_note ("%u channels: %.1f dB apart", c.channels,
      pf_tones_check (
          c.heard + SKIPPED * c.channels, LISTENED, c.channels, LEAST_DB));
  pf_test_note ("%u packets were mended", (guint) count_mended (&c));
  gst_object_unref (c.ear);
  line_clear (&client);
  line_clear (&host);
  g_free (c.heard);
  g_mutex_clear (&c.lock);
  g_cond_clear (&c.cond);
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  pf_test_add_data ("/sound/2.0", test_tones, (gconstpointer) 0);
  pf_test_add_data ("/sound/5.1", test_tones, (gconstpointer) 1);
  pf_test_add_data ("/sound/7.1", test_tones, (gconstpointer) 2);
  return line_run (argc, argv);
}
