/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A session of punktfunk/1 on the client; see pf-quic-client.h. */
#include "pf-quic-client.h"

#include <gst/video/video.h>
#include <string.h>

#include "pf-events.h"
#include "pf-peer.h"
#include "pf-quic-audio.h"
#include "pf-input.h"
#include "pf-quic-media.h"
#include "pf-pads.h"
#include "pf-quic-welcome.h"
#include "pf-receiver.h"

#define RECEIVE_BUFFER (4u << 20)
#define MAX_DATAGRAM 2048
#define NO_STREAM (-1)

struct _PfQuicClient {
  /* constant */
  PfQuicSettings settings;
  PfQuicClientFuncs funcs;
  gpointer user;
  PfClientConfig config;
  PfQuicConfig quic;
  PfAddress to;
  PfQuicPort *port;
  PfQuicLink *link;

  GMutex lock;
  GCond cond;
  /* lock */
  PfClientSession *session; /* from ready on */
  gint64 control;
  gboolean welcomed, closed, interrupted;
  PfMsgWelcome welcome;
  PfSecret *secret;
  PfSocket *socket; /* of video; who reads it, and wakes it */
  PfSocket *punch;  /* the same, for the connection's thread */
  PfReceiver *receiver;
  PfQuicAudioIn audio;
  PfMsgHdr hdr; /* that was told last */
  PfQuicClientCounters n;
};

static PfInstant
instant (void)
{
  const PfInstant now = { pf_quic_now (), (guint64) g_get_real_time () * 1000 };

  return now;
}

/* ---- Out ---------------------------------------------------------------- */

/* Call with lock. */
static void
pump_output (PfQuicClient *c)
{
  PfOutput output;

  while (pf_client_session_output (c->session, instant (), &output)) {
    if (output.kind == PF_OUTPUT_STREAM) {
      GBytes *bytes = g_bytes_new (output.bytes.data, output.bytes.size);

      if (c->control != NO_STREAM)
        pf_quic_link_send (c->link, c->control, bytes, FALSE);
      g_bytes_unref (bytes);
    } else if (c->punch) {
      const struct iovec packet = { (gpointer) output.bytes.data,
        output.bytes.size };

      pf_socket_send (c->punch, NULL, &packet, 1, NULL);
    }
  }
}

/* ---- Welcome ------------------------------------------------------------ */

/* Toward the host's port for video, and from nowhere else. Call with lock. */
static gboolean
open_socket (PfQuicClient *c, guint host_port)
{
  PfPeerAddress host;
  PfAddress to, own;
  PfQuicPath path;

  pf_quic_link_get_path (c->link, &path);
  pf_peer_from_socket (&path.remote, &host);
  host.port = (guint16) host_port;
  pf_peer_to_socket (&host, &to.at, &to.size);
  if (!pf_address_resolve (&own, NULL, 0, to.at.ss_family, NULL) ||
      !(c->socket = pf_socket_new (&own, NULL)))
    return FALSE;
  pf_socket_set_receive_buffer (c->socket, RECEIVE_BUFFER);
  pf_socket_set_gro (c->socket, TRUE);
  if (!pf_socket_connect (c->socket, &to, NULL) ||
      !(c->punch = pf_socket_dup (c->socket)))
    return FALSE;
  c->receiver = pf_receiver_new (c->socket, NULL);
  return TRUE;
}

/* Call with lock. */
static gboolean
take_welcome (PfQuicClient *c, const PfClientEvent *e)
{
  PfAddress local;

  c->welcome = *e->welcome;
  c->welcome.extension = (PfMsgSpan){ 0 };
  c->secret = pf_quic_welcome_secret (e->welcome, e->keys);
  if (!open_socket (c, e->welcome->udp_port)) {
    pf_client_session_close (c->session, FALSE);
    return FALSE;
  }
  pf_socket_local (c->socket, &local);
  pf_client_session_start (
      c->session, (guint16) pf_address_port (&local), instant ());
  c->welcomed = TRUE;
  g_cond_broadcast (&c->cond);
  return TRUE;
}

/* ---- In the connection's thread ----------------------------------------- */

/* What is to be done with no lock held. */
typedef struct {
  gboolean welcome, close;
  guint64 code;
  const char *text;
  GQueue messages; /* GstStructure */
} Todo;

static GstStructure *
mode_message (const PfMsgReconfigured *r)
{
  return gst_structure_new ("PfSessionMode", "accepted", G_TYPE_BOOLEAN,
      r->accepted, "width", G_TYPE_UINT, r->mode.width, "height", G_TYPE_UINT,
      r->mode.height, "fps", G_TYPE_UINT, r->mode.refresh_hz, NULL);
}

static GstStructure *
probe_message (const PfMsgProbeResult *p)
{
  return gst_structure_new ("PfSpeedTest", "bytes", G_TYPE_UINT64,
      (guint64) p->bytes_sent, "units", G_TYPE_UINT, p->units_sent, "ms",
      G_TYPE_UINT, p->duration_ms, "packets", G_TYPE_UINT, p->wire_packets,
      "dropped", G_TYPE_UINT, p->send_dropped, NULL);
}

/* Call with lock. */
static void
take_event (PfQuicClient *c, const PfClientEvent *e, Todo *todo)
{
  switch (e->type) {
  case PF_CLIENT_WELCOME:
    todo->welcome = take_welcome (c, e);
    break;
  case PF_CLIENT_CLOCK:
    c->n.clock_offset = e->clock.offset_ns;
    c->n.clock_rtt = e->clock.rtt_ns;
    break;
  case PF_CLIENT_RECONFIGURED:
    c->welcome.mode = e->reconfigured.mode;
    g_queue_push_tail (&todo->messages, mode_message (&e->reconfigured));
    break;
  case PF_CLIENT_BITRATE:
    g_queue_push_tail (
        &todo->messages, gst_structure_new ("PfSessionBitrate", "bitrate-kbps",
                             G_TYPE_UINT, e->bitrate_kbps, NULL));
    break;
  case PF_CLIENT_PROBE_RESULT:
    g_queue_push_tail (&todo->messages, probe_message (&e->probe));
    break;
  case PF_CLIENT_CLOSE:
    todo->close = TRUE;
    todo->code = e->close.code;
    todo->text = e->close.text;
    break;
  default:
    break;
  }
}

/* Call with lock. */
static void
collect (PfQuicClient *c, Todo *todo)
{
  PfClientEvent e;

  while (pf_client_session_event (c->session, instant (), &e))
    take_event (c, &e, todo);
}

/* After anything that may have come of something. */
static void
settle (PfQuicClient *c, Todo *todo)
{
  GstStructure *message;
  guint64 wake;

  g_mutex_lock (&c->lock);
  collect (c, todo);
  pump_output (c);
  wake = pf_client_session_wake (c->session);
  pf_quic_link_set_timer (c->link, wake == PF_NEVER ? 0 : MAX (wake, 1));
  g_mutex_unlock (&c->lock);
  if (todo->welcome)
    c->funcs.welcome (c->user, &c->welcome);
  while ((message = g_queue_pop_head (&todo->messages)))
    c->funcs.message (c->user, message);
  if (todo->close)
    pf_quic_link_close (c->link, todo->code, todo->text);
}

/* Has settle() called soon. Call with lock. */
static void
poke (PfQuicClient *c)
{
  pf_quic_link_set_timer (c->link, 1);
}

static void
on_ready (PfQuicLink *link, gpointer user)
{
  PfQuicClient *c = user;
  Todo todo = { 0 };
  gboolean ok;

  g_mutex_lock (&c->lock);
  c->control = pf_quic_link_open (link, TRUE);
  ok = c->control != NO_STREAM &&
       pf_client_session_new (&c->config, instant (), &c->session) == 0;
  g_mutex_unlock (&c->lock);
  if (ok)
    settle (c, &todo);
  else
    pf_quic_link_close (link, PF_CLOSE_ERROR, "no stream");
}

static void
on_stream (
    PfQuicLink *link, gint64 id, GBytes *bytes, gboolean fin, gpointer user)
{
  PfQuicClient *c = user;
  const guint8 *at = NULL;
  Todo todo = { 0 };
  gsize n = 0;

  (void) fin;
  if (bytes)
    at = g_bytes_get_data (bytes, &n);
  g_mutex_lock (&c->lock);
  for (gsize left = n; c->session && id == c->control && left > 0;) {
    const gsize used = pf_client_session_stream (
        c->session, at + (n - left), left, instant ());

    left -= used;
    collect (c, &todo);
    if (used == 0)
      break;
  }
  g_mutex_unlock (&c->lock);
  if (n > 0)
    pf_quic_link_consume (link, id, n);
  if (c->session)
    settle (c, &todo);
}

static GstStructure *
hdr_message (const PfMsgHdr *hdr)
{
  GstVideoMasteringDisplayInfo display = { 0 };
  GstVideoContentLightLevel light = { hdr->max_cll, hdr->max_fall, { NULL } };
  gchar *display_text, *light_text;
  GstStructure *s;

  for (guint i = 0; i < 3; i++) { /* green, blue, red on the wire */
    display.display_primaries[(i + 1) % 3].x = hdr->primaries[i][0];
    display.display_primaries[(i + 1) % 3].y = hdr->primaries[i][1];
  }
  display.white_point.x = hdr->white[0];
  display.white_point.y = hdr->white[1];
  display.max_display_mastering_luminance = hdr->max_luminance;
  display.min_display_mastering_luminance = hdr->min_luminance;
  display_text = gst_video_mastering_display_info_to_string (&display);
  light_text = gst_video_content_light_level_to_string (&light);
  s = gst_structure_new ("PfHdrMetadata", "mastering-display-info",
      G_TYPE_STRING, display_text, "content-light-level", G_TYPE_STRING,
      light_text, NULL);
  g_free (display_text);
  g_free (light_text);
  return s;
}

/* What is to be posted of it, or NULL. Call with lock. */
static GstStructure *
take_datagram (PfQuicClient *c, const PfMsgDatagram *d)
{
  switch (d->tag) {
  case PF_DGRAM_AUDIO:
  case PF_DGRAM_AUDIO_RED:
    if (pf_quic_audio_in_take (&c->audio, &d->audio))
      g_cond_broadcast (&c->cond);
    return NULL;
  case PF_DGRAM_HDR:
    if (memcmp (&c->hdr, &d->hdr, sizeof c->hdr) == 0)
      return NULL; /* as with the key frame before */
    c->hdr = d->hdr;
    return hdr_message (&d->hdr);
  default:
    return pf_pads_from_feedback (d);
  }
}

static void
on_datagram (PfQuicLink *link, GBytes *bytes, gpointer user)
{
  PfQuicClient *c = user;
  PfMsgDatagram datagram;
  GstStructure *message;
  gsize n;
  const guint8 *data = g_bytes_get_data (bytes, &n);

  (void) link;
  if (n == 0 || !pf_msg_datagram_from_host (data[0]) ||
      pf_msg_datagram_decode (data, n, &datagram) < 0)
    return;
  g_mutex_lock (&c->lock);
  message = take_datagram (c, &datagram);
  g_mutex_unlock (&c->lock);
  if (datagram.tag == PF_DGRAM_HOST_TIMING)
    c->funcs.timing (c->user, &datagram.host_timing);
  if (message)
    c->funcs.message (c->user, message);
}

static void
on_timer (PfQuicLink *link, gpointer user)
{
  PfQuicClient *c = user;
  Todo todo = { 0 };

  (void) link;
  if (c->session)
    settle (c, &todo);
}

static void
on_closed (PfQuicLink *link, const PfQuicEnd *end, gpointer user)
{
  PfQuicClient *c = user;

  (void) link;
  g_mutex_lock (&c->lock);
  c->closed = TRUE;
  if (c->socket)
    pf_socket_wake (c->socket);
  g_cond_broadcast (&c->cond);
  g_mutex_unlock (&c->lock);
  c->funcs.closed (c->user, end);
}

static const PfQuicLinkFuncs link_funcs = {
  .ready = on_ready,
  .stream = on_stream,
  .datagram = on_datagram,
  .timer = on_timer,
  .closed = on_closed,
};

/* ---- Start and stop ----------------------------------------------------- */

static gboolean
set_hello (PfQuicClient *c, const PfQuicClientSettings *s, GError **error)
{
  PfMsgHello *hello = &c->config.hello;

  pf_msg_hello_init (hello);
  hello->mode = (PfMsgMode){ s->width, s->height, s->fps };
  hello->bitrate_kbps = s->bitrate_kbps;
  hello->audio_channels = (guint8) s->channels;
  hello->video_caps = PF_VIDEO_PROBE_INDEX | PF_VIDEO_HOST_TIMING;
  hello->client_caps = PF_CLIENT_AUDIO_RED;
  hello->preferred_codec = pf_quic_media_parse_codecs (s->preferred);
  if (s->depth >= 10)
    hello->video_caps |= PF_VIDEO_10_BIT | PF_VIDEO_HDR10;
  if (s->chroma >= 444)
    hello->video_caps |= PF_VIDEO_444;
  hello->video_codecs = pf_quic_media_parse_codecs (s->codecs);
  hello->max_shard_payload = 9152;
  g_strlcpy (hello->name, s->name ? s->name : "", sizeof hello->name);
  g_strlcpy (hello->launch, s->launch ? s->launch : "", sizeof hello->launch);
  if (hello->video_codecs)
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
      "codecs must name some of h264, h265 and av1");
  return FALSE;
}

static gboolean
make_config (const PfQuicSettings *s, const PfQuicClientSettings *client,
    PfQuicConfig *config, GError **error)
{
  static gchar *alpn[] = { (gchar *) PF_MSG_ALPN, NULL };

  pf_quic_config_init (config);
  config->tls.alpn = g_strdupv (alpn);
  config->tls.server_name = g_strdup ("punktfunk");
  config->tls.key_log = g_strdup (s->key_log);
  config->qlog = g_strdup (s->qlog);
  config->idle_ms = s->idle_ms;
  config->keep_alive_ms = (guint) MIN (s->keep_alive_ms, G_MAXUINT);
  config->handshake_ms = s->timeout_s * 1000;
  if (s->fingerprint && *s->fingerprint) {
    config->tls.trust = PF_QUIC_TRUST_PIN;
    if (!pf_quic_fingerprint_parse (s->fingerprint, config->tls.pin)) {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
          "pin must be a fingerprint, 64 hexadecimal digits");
      return FALSE;
    }
  }
  if (!client->identity || !*client->identity)
    return TRUE;
  config->tls.identity =
      pf_quic_identity_open (client->identity, PF_QUIC_KEY_ECDSA, error);
  return config->tls.identity != NULL;
}

static gboolean
open_port (PfQuicClient *c, GError **error)
{
  const PfQuicSettings *s = &c->settings;
  const gchar *own = s->bind_address;

  if (!pf_address_resolve (
          &c->to, s->address, (guint) s->port, AF_UNSPEC, error))
    return FALSE;
  if (!own || !*own)
    own = c->to.at.ss_family == AF_INET6 ? "::" : "0.0.0.0";
  c->port = pf_quic_port_new (own, s->bind_port, error);
  return c->port != NULL;
}

PfQuicClient *
pf_quic_client_start (const PfQuicSettings *settings,
    const PfQuicClientSettings *client, GError **error)
{
  PfQuicClient *c = g_new0 (PfQuicClient, 1);

  pf_quic_settings_copy (&c->settings, settings);
  c->control = NO_STREAM;
  g_mutex_init (&c->lock);
  g_cond_init (&c->cond);
  if (!set_hello (c, client, error) ||
      !make_config (settings, client, &c->quic, error) || !open_port (c, error))
    g_clear_pointer (&c, pf_quic_client_free);
  return c;
}

gboolean
pf_quic_client_connect (
    PfQuicClient *c, const PfQuicClientFuncs *funcs, gpointer user)
{
  PfQuicLink *link;

  c->funcs = *funcs;
  c->user = user;
  /* on_ready() waits here, if it is that early */
  g_mutex_lock (&c->lock);
  link = pf_quic_port_connect (c->port, &c->quic, &c->to, &link_funcs, c, NULL);
  c->link = link;
  g_mutex_unlock (&c->lock);
  return link != NULL;
}

void
pf_quic_client_halt (PfQuicClient *c)
{
  pf_quic_client_set_interrupted (c, TRUE);
  if (c->port)
    pf_quic_port_stop (c->port, PF_CLOSE_DONE, "client closed");
}

void
pf_quic_client_free (PfQuicClient *c)
{
  if (!c)
    return;
  pf_quic_client_halt (c);
  pf_quic_link_unref (c->link);
  pf_quic_port_free (c->port);
  pf_client_session_free (c->session);
  if (c->secret)
    pf_secret_unref (c->secret);
  pf_receiver_free (c->receiver);
  pf_socket_free (c->punch);
  pf_socket_free (c->socket);
  pf_quic_audio_in_clear (&c->audio);
  pf_quic_settings_clear (&c->settings);
  pf_quic_config_clear (&c->quic);
  g_mutex_clear (&c->lock);
  g_cond_clear (&c->cond);
  g_free (c);
}

void
pf_quic_client_set_interrupted (PfQuicClient *c, gboolean interrupted)
{
  g_mutex_lock (&c->lock);
  c->interrupted = interrupted;
  if (c->socket && interrupted)
    pf_socket_wake (c->socket);
  else if (c->socket && !c->closed)
    pf_socket_clear_wake (c->socket);
  g_cond_broadcast (&c->cond);
  g_mutex_unlock (&c->lock);
}

/* ---- Media -------------------------------------------------------------- */

static GstFlowReturn
state_of (PfQuicClient *c)
{
  GstFlowReturn ret = GST_FLOW_OK;

  g_mutex_lock (&c->lock);
  if (c->interrupted)
    ret = GST_FLOW_FLUSHING;
  else if (c->closed)
    ret = GST_FLOW_EOS;
  g_mutex_unlock (&c->lock);
  return ret;
}

GstFlowReturn
pf_quic_client_video (PfQuicClient *c, gboolean blocks,
    GstClockTime (*now) (gpointer user), gpointer user, GstMiniObject **object)
{
  PfReceiverCounters n;

  for (;;) {
    const GstFlowReturn ret = state_of (c);

    if (ret != GST_FLOW_OK)
      return ret;
    *object = pf_receiver_next (c->receiver, blocks, now (user));
    if (*object)
      break;
    if (!pf_receiver_take (c->receiver))
      pf_socket_wait (c->socket, -1);
  }
  pf_receiver_get_counters (c->receiver, &n);
  g_mutex_lock (&c->lock);
  c->n.packets = n.packets;
  c->n.bytes = n.bytes;
  c->n.filtered = n.filtered;
  g_mutex_unlock (&c->lock);
  return GST_FLOW_OK;
}

GstFlowReturn
pf_quic_client_audio (PfQuicClient *c, GstBuffer **buffer)
{
  GstFlowReturn ret = GST_FLOW_OK;

  g_mutex_lock (&c->lock);
  for (;;) {
    if (c->interrupted) {
      ret = GST_FLOW_FLUSHING;
      break;
    }
    *buffer = g_queue_pop_head (&c->audio.packets);
    if (*buffer)
      break;
    if (c->closed) {
      ret = GST_FLOW_EOS;
      break;
    }
    g_cond_wait (&c->cond, &c->lock);
  }
  g_mutex_unlock (&c->lock);
  return ret;
}

void
pf_quic_client_answer (PfQuicClient *c, GstQuery *query)
{
  PfSessionParams params;
  gboolean ready;

  pf_session_params_init (&params);
  pf_session_params_set_wire (&params, "punktfunk1");
  g_mutex_lock (&c->lock);
  ready = c->welcomed;
  if (ready) {
    const PfMsgWelcome *w = &c->welcome;

    params.packets.shard_payload = w->shard_payload;
    params.packets.scheme = w->fec_scheme ? PF_FEC_GF16 : PF_FEC_GF8;
    params.packets.max_block = w->max_data_per_block;
    params.packets.percent = w->fec_percent;
    params.sealed = w->encrypt;
    params.media = pf_quic_media_caps (w->codec);
    params.secret = c->secret ? pf_secret_ref (c->secret) : NULL;
  }
  g_mutex_unlock (&c->lock);
  if (ready)
    pf_session_answer (query, &params);
  else
    pf_session_answer_pending (query);
  pf_session_params_clear (&params);
}

/* ---- Wishes ------------------------------------------------------------- */

static gboolean
send_input (PfQuicClient *c, const PfInput *input)
{
  PfMsgDatagram datagram = { .tag = PF_DGRAM_INPUT };
  guint8 bytes[MAX_DATAGRAM];
  guint width, height;
  gboolean ok;
  size_t n;

  g_mutex_lock (&c->lock);
  width = c->welcome.mode.width;
  height = c->welcome.mode.height;
  ok = c->welcomed && !c->closed;
  g_mutex_unlock (&c->lock);
  ok = ok && pf_input_to_message (input, width, height, &datagram.input) &&
       pf_msg_datagram_encode (&datagram, bytes, sizeof bytes, &n) == 0 &&
       pf_quic_link_send_datagram (c->link, bytes, n);
  g_mutex_lock (&c->lock);
  c->n.inputs += ok;
  g_mutex_unlock (&c->lock);
  return ok;
}

/* Call with lock, and a session. */
static gboolean
take_wish (PfQuicClient *c, GstEvent *event)
{
  PfFrames frames;
  PfLossReport report;
  PfMode mode;
  PfProbe probe;

  if (gst_video_event_is_force_key_unit (event)) {
    pf_client_session_request_keyframe (c->session, instant ());
  } else if (pf_event_parse_frame_lost (event, &frames)) {
    pf_client_session_lost (c->session, frames.first, frames.last, instant ());
  } else if (pf_event_parse_loss_report (event, &report)) {
    pf_client_session_loss (c->session, report.ppm, instant ());
  } else if (pf_event_parse_mode (event, &mode)) {
    const PfMsgMode wished = { mode.width, mode.height, mode.fps };

    pf_client_session_reconfigure (c->session, &wished);
  } else if (pf_event_parse_probe (event, &probe)) {
    pf_client_session_probe (c->session, probe.kbps, probe.ms, instant ());
  } else {
    return FALSE;
  }
  return TRUE;
}

gboolean
pf_quic_client_event (PfQuicClient *c, GstEvent *event)
{
  gboolean taken;
  PfInput input;

  if (pf_event_parse_input (event, &input)) {
    send_input (c, &input);
    return TRUE;
  }
  g_mutex_lock (&c->lock);
  taken = c->session && take_wish (c, event);
  if (taken)
    poke (c);
  g_mutex_unlock (&c->lock);
  return taken;
}

void
pf_quic_client_set_bitrate (PfQuicClient *c, guint kbps)
{
  g_mutex_lock (&c->lock);
  if (c->session) {
    pf_client_session_set_bitrate (c->session, kbps);
    poke (c);
  }
  g_mutex_unlock (&c->lock);
}

void
pf_quic_client_recovered (PfQuicClient *c)
{
  g_mutex_lock (&c->lock);
  if (c->session)
    pf_client_session_recovered (c->session);
  g_mutex_unlock (&c->lock);
}

void
pf_quic_client_quit (PfQuicClient *c)
{
  g_mutex_lock (&c->lock);
  if (c->session) {
    pf_client_session_close (c->session, TRUE);
    poke (c);
  }
  g_mutex_unlock (&c->lock);
}

void
pf_quic_client_get_counters (PfQuicClient *c, PfQuicClientCounters *counters)
{
  g_mutex_lock (&c->lock);
  *counters = c->n;
  counters->audio = c->audio.taken;
  counters->audio_lost = c->audio.lost;
  counters->audio_restored = c->audio.restored;
  if (c->session)
    counters->session = *pf_client_session_stats (c->session);
  g_mutex_unlock (&c->lock);
}

GstStructure *
pf_quic_client_grant (
    PfQuicClient *c, const PfMsgWelcome *w, const gchar *fingerprint)
{
  PfQuicClientCounters n;

  pf_quic_client_get_counters (c, &n);
  return gst_structure_new ("PfSessionGranted", "fingerprint", G_TYPE_STRING,
      fingerprint, "codec", G_TYPE_STRING, pf_quic_media_codec_name (w->codec),
      "width", G_TYPE_UINT, w->mode.width, "height", G_TYPE_UINT,
      w->mode.height, "fps", G_TYPE_UINT, w->mode.refresh_hz, "bitrate-kbps",
      G_TYPE_UINT, w->bitrate_kbps, "depth", G_TYPE_UINT, w->bit_depth,
      "chroma", G_TYPE_UINT, w->chroma == 3 ? 444 : 420, "hdr", G_TYPE_BOOLEAN,
      w->color.transfer == 16, "channels", G_TYPE_UINT, w->audio_channels,
      "clock-offset-ns", G_TYPE_INT64, n.clock_offset, "rtt-ns", G_TYPE_INT64,
      (gint64) n.clock_rtt, NULL);
}

PfQuicLink *
pf_quic_client_get_link (PfQuicClient *c)
{
  PfQuicLink *link;

  g_mutex_lock (&c->lock);
  link = c->session ? pf_quic_link_ref (c->link) : NULL;
  g_mutex_unlock (&c->lock);
  return link;
}
