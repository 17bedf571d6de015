/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The endpoint of a client of GameStream; see pf-gs-host.h. */
#include "pf-gs-host.h"

#include <string.h>
#include <sys/random.h>

#include "pf-block.h"
#include "pf-events.h"
#include "pf-gs-host-private.h"
#include "pf-gs-session-file.h"
#include "pf-media.h"
#include "pf-session.h"

#define GST_CAT_DEFAULT gamestream_rtsp_debug

#define MAX_INTERVAL GST_SECOND
#define DRAIN_US (200 * 1000)
#define REPORT_NS (500 * PF_MS)
#define VIDEO_HEADER 16 /* RTP's: a packet size counts from behind it */
#define SEND_BUFFER (4u << 20)

/* ---- A session begins and ends ------------------------------------------ */

static void
on_closed (PfGsClient *client, PfGsCloseReason reason, gpointer user)
{
  PfGsHost *h = user;
  GstElement *element = gst_object_ref (h->element);
  GstStructure *ended = gst_structure_new ("PfSessionEnded", "id",
      G_TYPE_UINT64, (guint64) pf_gs_client_id (client), "by-peer",
      G_TYPE_BOOLEAN, reason == PF_GS_CLOSE_BY_CLIENT, "code", G_TYPE_UINT,
      (guint) reason, "reason", G_TYPE_STRING, pf_gs_close_text (reason),
      "lost", G_TYPE_BOOLEAN, reason == PF_GS_CLOSE_VANISHED, NULL);

  GST_INFO_OBJECT (element, "session %u: %s", pf_gs_client_id (client),
      pf_gs_close_text (reason));
  pf_gs_host_release_input (h, client);
  g_mutex_lock (&h->lock);
  h->active[PF_GS_VIDEO] = h->active[PF_GS_AUDIO] = FALSE;
  h->over = TRUE;
  g_mutex_unlock (&h->lock);
  pf_gs_host_wish (h, pf_event_new_params_changed (TRUE));
  gst_element_post_message (
      element, gst_message_new_element (GST_OBJECT (element), ended));
  gst_object_unref (element);
}

static const PfGsClientFuncs client_funcs = {
  .event = pf_gs_host_on_event,
  .rights = pf_gs_host_on_rights,
  .closed = on_closed,
};

/* FALSE: there is one already, or this one is gone. */
static gboolean
take_client (PfGsHost *h, PfGsClient *client)
{
  PfGsClient *old;
  gboolean ok;

  g_mutex_lock (&h->lock);
  ok = !h->client || h->over;
  if (ok) {
    old = h->client;
    h->client = pf_gs_client_ref (client);
    h->over = FALSE;
    h->announce = *pf_gs_client_announce (client, &h->high_quality);
    h->secret = pf_gs_client_secret (client);
    h->key_id = pf_gs_client_key_id (client);
    h->audio_session++;
    h->n.sessions++;
  }
  g_mutex_unlock (&h->lock);
  if (!ok)
    return FALSE;
  if (old)
    pf_gs_client_detach (old);
  pf_gs_client_unref (old);
  pf_gs_input_state_init (&h->input);
  pf_sender_set_rate (h->sender, (guint64) h->announce.max_kbps * 1000);
  ok = pf_gs_client_attach (client, &client_funcs, h);
  if (!ok) {
    g_mutex_lock (&h->lock);
    h->over = TRUE;
    g_mutex_unlock (&h->lock);
  }
  return ok;
}

/* ---- A server of its own ------------------------------------------------ */

static void
on_offer (gpointer user, PfGsClient *client)
{
  PfGsHost *h = user;

  if (!pf_gs_client_allow (client) || !take_client (h, client))
    pf_gs_client_close (client, 0);
}

/* What an encoder must be able to do for these caps. */
static guint32
codecs_of (const GstCaps *caps)
{
  static const struct {
    const gchar *name;
    guint32 bits[4]; /* 8, 10 bit; the same of 4:4:4 */
  } codecs[] = {
    { "video/x-h264", { PF_GS_CODEC_H264, 0, PF_GS_CODEC_H264_444, 0 } },
    { "video/x-h265", { PF_GS_CODEC_HEVC, PF_GS_CODEC_HEVC_10,
                          PF_GS_CODEC_HEVC_444, PF_GS_CODEC_HEVC_444_10 } },
    { "video/x-av1", { PF_GS_CODEC_AV1, PF_GS_CODEC_AV1_10, PF_GS_CODEC_AV1_444,
                         PF_GS_CODEC_AV1_444_10 } },
  };
  const GstStructure *s = gst_caps_get_structure (caps, 0);
  guint depth = 8;
  gboolean full;

  gst_structure_get_uint (s, "bit-depth-luma", &depth);
  full =
      g_strcmp0 (gst_structure_get_string (s, "chroma-format"), "4:4:4") == 0;
  for (guint i = 0; i < G_N_ELEMENTS (codecs); i++)
    if (gst_structure_has_name (s, codecs[i].name))
      return codecs[i].bits[(full ? 2 : 0) + (depth > 8 ? 1 : 0)];
  return 0;
}

static void
fill_launch (PfGsHost *h, guint32 codecs, PfGsHubLaunch *l)
{
  static const guint32 required[] = { PF_GS_ENC_ALL, PF_GS_ENC_CONTROL_V2, 0 };
  const guint32 must = required[h->settings.encrypt];

  l->peer = h->peer;
  l->sealed_rtsp = h->settings.encrypt != PF_GS_ENCRYPT_LEGACY;
  l->patient = TRUE;
  l->offer.codecs = codecs;
  l->offer.encryption_required = must;
  l->offer.describe = (PfGsDescribe){
    .features = PF_GS_FEATURE_PEN_TOUCH | PF_GS_FEATURE_PAD_TOUCH,
    .encryption_supported = PF_GS_ENC_ALL,
    .encryption_requested = must,
    .rfi = h->settings.invalidates,
    .hevc = (codecs & (PF_GS_CODEC_HEVC | PF_GS_CODEC_HEVC_10 |
                          PF_GS_CODEC_HEVC_444 | PF_GS_CODEC_HEVC_444_10)) != 0,
    .av1 = (codecs & (PF_GS_CODEC_AV1 | PF_GS_CODEC_AV1_10 |
                         PF_GS_CODEC_AV1_444 | PF_GS_CODEC_AV1_444_10)) != 0,
  };
}

/* A key, and its number, that nobody else knows. */
static gboolean
fill_key (PfGsHubLaunch *l)
{
  PfKey key = { .cipher = PF_AEAD_AES_128_GCM };
  gboolean ok;

  ok = getrandom (key.key, PF_GS_KEY_SIZE, 0) == PF_GS_KEY_SIZE &&
       getrandom (&l->key_id, sizeof l->key_id, 0) == sizeof l->key_id;
  l->key = ok ? pf_secret_new (&key) : NULL;
  pf_wipe (&key, sizeof key);
  return l->key != NULL;
}

/* NULL: an error, or the hub stops. */
static PfGsClient *
launch_with (PfGsHost *h, guint32 codecs, GError **error)
{
  const gchar *path = h->settings.session_file;
  PfGsHubLaunch l = { 0 };
  PfGsClient *client = NULL;
  PfGsHostOffer offer;

  fill_launch (h, codecs, &l);
  if (!fill_key (&l)) {
    g_set_error (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_FAILED,
        "no random numbers to be had");
    return NULL;
  }
  client = pf_gs_hub_launch (h->hub, &l, &offer);
  if (client && path && *path &&
      !pf_gs_session_file_write (
          path, pf_gs_hub_port (h->hub, PF_GS_PORT_RTSP), &l, &offer, error)) {
    pf_gs_client_close (client, 0);
    g_clear_pointer (&client, pf_gs_client_unref);
  }
  pf_secret_unref (l.key);
  return client;
}

/* Once it is known what there is to be sent. */
static void
launch (PfGsHost *h, const GstCaps *caps)
{
  const guint32 codecs = codecs_of (caps);
  PfGsClient *client = NULL;
  GError *error = NULL;
  gboolean busy;

  g_mutex_lock (&h->lock);
  busy = h->launched != NULL || h->launching;
  h->launching = h->launching || !busy;
  g_mutex_unlock (&h->lock);
  if (busy)
    return;
  if (codecs)
    client = launch_with (h, codecs, &error);
  else
    g_set_error (&error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS,
        "clients have no such video");
  if (error)
    GST_ELEMENT_ERROR (h->element, RESOURCE, OPEN_WRITE,
        ("No client can be served: %s.", error->message), (NULL));
  g_clear_error (&error);
  g_mutex_lock (&h->lock);
  h->launched = client;
  h->launching = FALSE;
  g_mutex_unlock (&h->lock);
}

typedef struct {
  GstCaps *caps;
} Find;

static gboolean
find_media (GstElement *element, GstPad *pad, gpointer user)
{
  Find *find = user;

  (void) element;
  if (!find->caps && g_str_has_prefix (GST_PAD_NAME (pad), "video"))
    find->caps = pf_media_find (pad);
  return TRUE;
}

static GstCaps *
media_of (PfGsHost *h)
{
  Find find = { NULL };

  gst_element_foreach_sink_pad (h->element, find_media, &find);
  return find.caps;
}

/* The next one may come, with a key of its own. */
static void
on_ended (gpointer user, PfGsClient *client, PfGsCloseReason reason)
{
  PfGsHost *h = user;
  PfGsClient *launched;
  GstCaps *caps;

  (void) client;
  (void) reason;
  g_mutex_lock (&h->lock);
  launched = h->launched;
  h->launched = NULL;
  g_mutex_unlock (&h->lock);
  pf_gs_client_unref (launched);
  caps = media_of (h);
  if (caps)
    launch (h, caps);
  gst_clear_caps (&caps);
}

static const PfGsHubFuncs hub_funcs = {
  .offer = on_offer,
  .ended = on_ended,
};

static gboolean
open_hub (PfGsHost *h, GError **error)
{
  const PfGsHostSettings *s = &h->settings;
  const PfGsHubConfig config = { .address = s->address,
    .rtsp_port = s->port,
    .video_port = s->video_port,
    .control_port = s->control_port,
    .audio_port = s->audio_port,
    .max_clients = 1 };
  PfAddress client;

  if (!pf_address_resolve (&client, s->client, 0, AF_UNSPEC, error))
    return FALSE;
  pf_peer_from_socket (&client.at, &h->peer);
  h->own_hub = TRUE;
  h->hub = pf_gs_hub_new (&config, &hub_funcs, h, error);
  return h->hub != NULL;
}

static gboolean
find_server (PfGsHost *h, GError **error)
{
  h->hub = pf_gs_hub_lookup (h->settings.server);
  if (!h->hub) {
    g_set_error (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_FOUND,
        "there is no server \"%s\"", h->settings.server);
    return FALSE;
  }
  return TRUE;
}

static gboolean
take_session (PfGsHost *h, GError **error)
{
  PfGsClient *client = pf_gs_hub_find (h->hub, (guint) h->settings.session);
  const gboolean ok = client && take_client (h, client);

  pf_gs_client_unref (client);
  if (!ok)
    g_set_error (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_FOUND,
        "server \"%s\" has no session %" G_GUINT64_FORMAT
        " that waits for its endpoint",
        h->settings.server, h->settings.session);
  return ok;
}

/* ---- Video -------------------------------------------------------------- */

/* Whether the thread that pushes may send a burst itself. */
static gboolean
may_send (gpointer user)
{
  PfGsHost *h = user;
  gboolean active;

  g_mutex_lock (&h->lock);
  active = h->active[PF_GS_VIDEO];
  g_mutex_unlock (&h->lock);
  return active && pf_socket_queued (h->sockets[PF_GS_VIDEO]) < SEND_BUFFER / 4;
}

/* In the sender's thread, or in the one that pushes. */
static void
send_object (gpointer user, GstMiniObject *object, guint first, guint n)
{
  PfGsHost *h = user;
  guint64 dropped, bytes;
  gboolean active;
  PfGsPath path;

  g_mutex_lock (&h->lock);
  active = h->active[PF_GS_VIDEO];
  path = h->paths[PF_GS_VIDEO];
  if (!active)
    h->n.unsent += n;
  g_mutex_unlock (&h->lock);
  if (!active)
    return;
  h->out.socket = h->sockets[PF_GS_VIDEO];
  h->out.to = &path.to;
  h->out.n_to = 1;
  h->out.from = &path.from;
  pf_send_object (&h->out, object, first, n);
  dropped = pf_socket_counters (h->out.socket)->dropped;
  bytes = pf_socket_counters (h->out.socket)->bytes;
  g_mutex_lock (&h->lock);
  h->n.packets += n;
  h->n.bytes = bytes;
  h->n.send_dropped = dropped;
  g_mutex_unlock (&h->lock);
}

/* What belongs to a frame has its number, or else its time. */
static void
follow_frames (PfGsHost *h, GstBuffer *buffer, const PfBlockMeta *m)
{
  const GstClockTime pts = GST_BUFFER_PTS (buffer), last = h->last_pts;

  if (h->frame > 0 && (!m || m->frame == h->frame_number) && pts == last)
    return;
  h->frame++;
  h->frame_number = m ? m->frame : 0;
  h->last_pts = pts;
  h->interval = 0;
  if (GST_BUFFER_DURATION_IS_VALID (buffer))
    h->interval = MIN (GST_BUFFER_DURATION (buffer), MAX_INTERVAL);
  else if (GST_CLOCK_TIME_IS_VALID (pts) && GST_CLOCK_TIME_IS_VALID (last) &&
           pts > last)
    h->interval = MIN (pts - last, MAX_INTERVAL);
}

/* It answers wishes that were not met yet. */
static void
note_key_frame (PfGsHost *h)
{
  PfGsClient *client = NULL;

  g_mutex_lock (&h->lock);
  if (h->active[PF_GS_VIDEO])
    client = pf_gs_client_ref (h->client);
  h->n.key_frames++;
  g_mutex_unlock (&h->lock);
  if (client)
    pf_gs_client_keyframe_sent (client);
  pf_gs_client_unref (client);
}

/* Of the packets that were sent, how many did not arrive: now and then. */
static void
report_loss (PfGsHost *h)
{
  const guint64 now = pf_gs_now ();
  guint64 packets, missing;
  PfLossReport report = { 0 };

  if (now < h->reported_at + REPORT_NS)
    return;
  g_mutex_lock (&h->lock);
  packets = h->n.packets - h->reported_packets;
  missing = h->n.missing - h->reported_missing;
  h->reported_packets = h->n.packets;
  h->reported_missing = h->n.missing;
  g_mutex_unlock (&h->lock);
  h->reported_at = now;
  if (packets == 0)
    return;
  report.ppm = (guint) MIN (missing * 1000000 / packets, 1000000);
  pf_gs_host_wish (h, pf_event_new_loss_report (&report));
}

void
pf_gs_host_video (
    PfGsHost *h, GstPad *pad, GstMiniObject *object, GstBuffer *first, guint n)
{
  const PfBlockMeta *m = pf_buffer_get_block_meta (first);
  PfSenderUnit unit = { 0 };

  follow_frames (h, first, m);
  if (m && (m->part & PF_BLOCK_KEY) && m->position == 0)
    note_key_frame (h);
  unit.frame = h->frame;
  unit.n = n;
  unit.n_frame = m ? m->n_packets : 0;
  unit.size = m ? m->size : gst_buffer_get_size (first);
  unit.interval = h->interval;
  switch (pf_sender_push (h->sender, gst_mini_object_ref (object), &unit)) {
  case PF_SENDER_FULL:
    gst_pad_push_event (pad,
        gst_event_new_custom (GST_EVENT_CUSTOM_UPSTREAM,
            gst_structure_new ("PfDropFrame", "frames", G_TYPE_UINT, 1, NULL)));
    break;
  case PF_SENDER_DROPPED:
    GST_WARNING_OBJECT (
        h->element, "the network does not keep up: a frame is dropped");
    pf_gs_host_wish_key_unit (h);
    break;
  default:
    break;
  }
  report_loss (h);
}

void
pf_gs_host_flush (PfGsHost *h)
{
  pf_sender_flush (h->sender);
}

void
pf_gs_host_drain (PfGsHost *h)
{
  pf_sender_drain (h->sender, DRAIN_US);
}

/* ---- Audio -------------------------------------------------------------- */

/* Tenths of a millisecond of sound in an Opus packet (RFC 6716, 3.1). */
static guint
opus_duration (const guint8 *bytes, gsize size)
{
  static const guint silk[] = { 100, 200, 400, 600 };
  static const guint celt[] = { 25, 50, 100, 200 };
  const guint config = bytes[0] >> 3, code = bytes[0] & 3;
  const guint frame = config < 12   ? silk[config & 3]
                      : config < 16 ? silk[config & 1]
                                    : celt[config & 3];
  const guint n = code == 0 ? 1 : code < 3 ? 2 : size > 1 ? bytes[1] & 63 : 0;

  return frame * n;
}

/* A stream's numbers and its key are one session's. */
static gboolean
follow_session (PfGsHost *h, guint session, const PfGsAudioConfig *config)
{
  if (h->audio && h->audio_sender_session == session)
    return TRUE;
  pf_gs_audio_sender_free (h->audio);
  h->audio = NULL;
  h->audio_sender_session = session;
  h->audio_warned = FALSE;
  return pf_gs_audio_sender_new (config, 0, 0, &h->audio) == 0;
}

static gboolean
send_datagram (
    PfGsHost *h, const PfGsPath *path, const guint8 *bytes, size_t size)
{
  const struct iovec packet = { (gpointer) bytes, size };

  return pf_socket_send_from (h->sockets[PF_GS_AUDIO], &path->to, &path->from,
             &packet, 1, NULL) == 1;
}

static void
send_audio (PfGsHost *h, const PfGsPath *path, const GstMapInfo *opus)
{
  guint8 bytes[PF_GS_AUDIO_DATAGRAM_MAX];
  guint sent = 0, parity = 0;
  size_t size;
  const int ret =
      pf_gs_audio_send (h->audio, opus->data, opus->size, bytes, &size);

  if (ret >= 0)
    sent = send_datagram (h, path, bytes, size);
  for (guint i = 0; ret == 1 && i < PF_GS_AUDIO_PARITY; i++)
    if (pf_gs_audio_parity (h->audio, i, bytes, &size) == 0)
      parity += send_datagram (h, path, bytes, size);
  g_mutex_lock (&h->lock);
  h->n.audio += sent;
  h->n.audio_parity += parity;
  h->n.audio_dropped += !sent;
  g_mutex_unlock (&h->lock);
}

static void
refuse_audio (PfGsHost *h, guint is, guint wanted)
{
  g_mutex_lock (&h->lock);
  h->n.audio_dropped++;
  g_mutex_unlock (&h->lock);
  if (!h->audio_warned)
    GST_ELEMENT_WARNING (h->element, STREAM, FORMAT,
        ("The client wants %u ms of sound in a packet, but they have %u.%u: "
         "set frame-us of pfopusenc; there is no sound so far.",
            wanted, is / 10, is % 10),
        (NULL));
  h->audio_warned = TRUE;
}

void
pf_gs_host_audio (PfGsHost *h, GstBuffer *buffer)
{
  PfGsAudioConfig config = { 0 };
  gboolean active;
  GstMapInfo map;
  guint session, duration;
  PfGsPath path;

  g_mutex_lock (&h->lock);
  active = h->active[PF_GS_AUDIO];
  path = h->paths[PF_GS_AUDIO];
  session = h->audio_session;
  config.packet_ms = h->announce.audio_ms;
  config.key_id = h->key_id;
  config.encrypted =
      active && (pf_gs_announce_encryption (&h->announce) & PF_GS_ENC_AUDIO);
  if (config.encrypted)
    memcpy (config.key, pf_secret_key (h->secret)->key, sizeof config.key);
  g_mutex_unlock (&h->lock);
  if (!active || !gst_buffer_map (buffer, &map, GST_MAP_READ))
    goto out;
  if (map.size > 0 && follow_session (h, session, &config)) {
    duration = opus_duration (map.data, map.size);
    if (duration == config.packet_ms * 10)
      send_audio (h, &path, &map);
    else
      refuse_audio (h, duration, config.packet_ms);
  }
  gst_buffer_unmap (buffer, &map);

out:
  pf_wipe (&config, sizeof config);
}

/* ---- Questions ---------------------------------------------------------- */

void
pf_gs_host_answer (PfGsHost *h, GstPad *pad, GstQuery *query)
{
  PfSessionParams params;
  gboolean active;

  if (h->own_hub) {
    GstCaps *caps = pf_media_find (pad);

    if (caps)
      launch (h, caps);
    gst_clear_caps (&caps);
  }
  pf_session_params_init (&params);
  pf_session_params_set_wire (&params, "gamestream");
  g_mutex_lock (&h->lock);
  active = h->active[PF_GS_VIDEO];
  params.packets.shard_payload = h->announce.packet_size - VIDEO_HEADER;
  params.packets.scheme = PF_FEC_GF8;
  params.packets.percent = h->settings.percent;
  params.min_parity = h->announce.min_fec_packets;
  params.adaptive = h->settings.adaptive;
  params.sealed =
      (pf_gs_announce_encryption (&h->announce) & PF_GS_ENC_VIDEO) != 0;
  if (active && params.sealed)
    params.secret = pf_secret_ref (h->secret);
  g_mutex_unlock (&h->lock);
  if (active)
    pf_session_answer (query, &params);
  else
    pf_session_answer_pending (query);
  pf_session_params_clear (&params);
}

PfGsClient *
pf_gs_host_get_client (PfGsHost *h)
{
  PfGsClient *client;

  g_mutex_lock (&h->lock);
  client = h->client && !h->over ? pf_gs_client_ref (h->client) : NULL;
  g_mutex_unlock (&h->lock);
  return client;
}

void
pf_gs_host_get_counters (PfGsHost *h, PfGsHostCounters *counters)
{
  PfSenderCounters paced = { 0 };

  if (h->sender)
    pf_sender_get_counters (h->sender, &paced);
  g_mutex_lock (&h->lock);
  *counters = h->n;
  g_mutex_unlock (&h->lock);
  counters->send_dropped += paced.packets_dropped;
}

guint
pf_gs_host_port (PfGsHost *h, PfGsPort port)
{
  return h->own_hub ? pf_gs_hub_port (h->hub, port) : 0;
}

gboolean
pf_gs_host_disconnect (PfGsHost *h, guint code)
{
  PfGsClient *client = pf_gs_host_get_client (h);

  if (!client)
    return FALSE;
  pf_gs_client_close (client, code);
  pf_gs_client_unref (client);
  return TRUE;
}

/* ---- Start and stop ----------------------------------------------------- */

static void
copy_settings (PfGsHostSettings *to, const PfGsHostSettings *from)
{
  *to = *from;
  to->server = g_strdup (from->server);
  to->address = g_strdup (from->address);
  to->client = g_strdup (from->client);
  to->session_file = g_strdup (from->session_file);
}

static void
clear_settings (PfGsHostSettings *s)
{
  g_free (s->server);
  g_free (s->address);
  g_free (s->client);
  g_free (s->session_file);
}

static gboolean
open_sockets (PfGsHost *h, GError **error)
{
  for (guint i = 0; i < G_N_ELEMENTS (h->sockets); i++)
    if (!(h->sockets[i] = pf_gs_hub_open_socket (h->hub, (PfGsStream) i))) {
      g_set_error (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_FAILED,
          "no more descriptors");
      return FALSE;
    }
  return TRUE;
}

static gboolean
begin (PfGsHost *h, GError **error)
{
  const gboolean named = h->settings.server && *h->settings.server;
  PfPaceConfig pace;

  pf_pace_config_init (&pace);
  h->sender = pf_sender_new (&pace, send_object, h);
  if (!h->sender) {
    g_set_error (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_FAILED,
        "no room for another thread");
    return FALSE;
  }
  pf_sender_set_direct (h->sender, may_send);
  return (named ? find_server (h, error) : open_hub (h, error)) &&
         open_sockets (h, error) && (!named || take_session (h, error));
}

PfGsHost *
pf_gs_host_start (
    GstElement *element, const PfGsHostSettings *settings, GError **error)
{
  PfGsHost *h = g_new0 (PfGsHost, 1);

  h->refs = 1;
  h->element = element;
  h->last_pts = GST_CLOCK_TIME_NONE;
  copy_settings (&h->settings, settings);
  g_mutex_init (&h->lock);
  if (!begin (h, error))
    g_clear_pointer (&h, pf_gs_host_stop);
  return h;
}

PfGsHost *
pf_gs_host_ref (PfGsHost *h)
{
  g_atomic_int_inc (&h->refs);
  return h;
}

void
pf_gs_host_unref (PfGsHost *h)
{
  if (!h || !g_atomic_int_dec_and_test (&h->refs))
    return;
  pf_gs_client_unref (h->client);
  pf_gs_client_unref (h->launched);
  pf_sender_free (h->sender);
  pf_gs_audio_sender_free (h->audio);
  for (guint i = 0; i < G_N_ELEMENTS (h->sockets); i++)
    pf_socket_free (h->sockets[i]);
  pf_gs_hub_unref (h->hub);
  clear_settings (&h->settings);
  g_mutex_clear (&h->lock);
  g_free (h);
}

void
pf_gs_host_stop (PfGsHost *h)
{
  PfGsClient *client;

  if (!h)
    return;
  pf_gs_host_disconnect (h, PF_GS_END_GRACEFUL);
  if (h->own_hub && h->hub)
    pf_gs_hub_stop (h->hub);
  g_mutex_lock (&h->lock);
  client = h->client;
  h->active[PF_GS_VIDEO] = h->active[PF_GS_AUDIO] = FALSE;
  g_mutex_unlock (&h->lock);
  /* it may have ended by itself, and be telling so just now */
  if (client)
    pf_gs_client_detach (client);
  if (h->sender)
    pf_sender_stop (h->sender);
  pf_gs_host_unref (h);
}
