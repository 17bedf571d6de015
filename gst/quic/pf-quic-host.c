/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The endpoint of a session on the host; see pf-quic-host.h. */
#define _GNU_SOURCE /* explicit_bzero */
#include "pf-quic-host-private.h"

#include <string.h>

#include "pf-block.h"
#include "pf-events.h"
#include "pf-quic-media.h"
#include "pf-quic-timing.h"
#include "pf-quic-welcome.h"

#define GST_CAT_DEFAULT pf_quic_sink_debug

#define RETRY_NS (20 * NGTCP2_MILLISECONDS) /* while there is no video yet */
#define MEDIA_NS (8 * NGTCP2_SECONDS)       /* and how long that may be so */
#define MAX_INTERVAL GST_SECOND
#define DRAIN_US (200 * 1000)

/* ---- Settings ----------------------------------------------------------- */

gchar *
pf_quic_default_directory (void)
{
  return g_build_filename (g_get_user_config_dir (), "punktfunk", NULL);
}

gboolean
pf_quic_is_allowed (const gchar *list, const guint8 *fingerprint)
{
  gchar **texts = g_strsplit_set (list ? list : "", ",; ", -1);
  gboolean found = FALSE;

  for (gchar **text = texts; *text && !found; text++) {
    guint8 one[PF_QUIC_FINGERPRINT];

    found = pf_quic_fingerprint_parse (*text, one) &&
            memcmp (one, fingerprint, sizeof one) == 0;
  }
  g_strfreev (texts);
  return found;
}

static void
copy_settings (PfQuicHostSettings *to, const PfQuicHostSettings *from)
{
  pf_quic_host_settings_copy (to, from);
  to->address = g_strdup (from->address);
  to->key_log = g_strdup (from->key_log);
  to->qlog = g_strdup (from->qlog);
}

static void
clear_settings (PfQuicHostSettings *s)
{
  pf_quic_host_settings_clear (s);
  g_free (s->address);
  g_free (s->key_log);
  g_free (s->qlog);
}

/* ---- Welcome ------------------------------------------------------------ */

static void
refuse (
    PfQuicHost *h, PfQuicSession *session, PfCloseCode code, const gchar *text)
{
  GST_WARNING_OBJECT (h->element, "session %u is refused: %s",
      pf_quic_session_id (session), text ? text : pf_close_text (code));
  g_mutex_lock (&h->lock);
  h->n.refused++;
  g_mutex_unlock (&h->lock);
  pf_quic_session_close (session, code, text);
}

static void
remember (PfQuicHost *h, PfQuicSession *session, const PfMsgWelcome *w,
    const PfMsgKeys *keys, PfQuicData *data)
{
  const PfMsgHello *hello = pf_quic_session_hello (session);
  PfSecret *secret = pf_quic_welcome_secret (w, keys), *old;

  g_mutex_lock (&h->lock);
  h->welcome = *w;
  h->later = hello->later;
  h->filler_shared = !(hello->video_caps & PF_VIDEO_PROBE_INDEX);
  h->wants_timing = (hello->video_caps & PF_VIDEO_HOST_TIMING) != 0;
  old = h->secret;
  h->secret = secret;
  h->data = pf_quic_data_ref (data);
  h->active = FALSE;
  pf_quic_audio_out_reset (&h->audio, (w->host_caps & PF_HOST_AUDIO_RED) != 0);
  h->n.sessions++;
  h->n.bitrate_kbps = w->bitrate_kbps;
  g_mutex_unlock (&h->lock);
  if (old)
    pf_secret_unref (old);
  pf_sender_set_rate (h->sender, (guint64) w->bitrate_kbps * 1000);
}

static void
welcome_with (PfQuicHost *h, PfQuicSession *session, const GstCaps *media,
    const PfQuicGrants *grants)
{
  PfMsgKeys keys = { 0 };
  GError *error = NULL;
  PfMsgWelcome w;
  PfQuicData *data = pf_quic_data_new (
      session, h->settings.data_port, h->settings.data_port_last, &error);
  const gchar *why;

  if (!data) {
    GST_WARNING_OBJECT (h->element, "no data socket: %s", error->message);
    g_clear_error (&error);
    refuse (h, session, PF_CLOSE_SETUP_FAILED, "no socket for video");
    return;
  }
  why = pf_quic_welcome_make (
      h->element, &h->settings, session, media, grants, data, &w);
  if (why || !pf_quic_welcome_keys (&keys)) {
    refuse (h, session, PF_CLOSE_SETUP_FAILED, why);
  } else {
    remember (h, session, &w, &keys, data);
    pf_quic_session_set_invalidates (session, h->settings.invalidates);
    pf_quic_session_set_bitrates (
        session, w.bitrate_kbps, grants->max_bitrate_kbps);
    if (pf_quic_session_accept (session, &w, &keys) < 0)
      refuse (h, session, PF_CLOSE_SETUP_FAILED,
          "the client cannot read what it would have to");
  }
  explicit_bzero (&keys, sizeof keys);
  pf_quic_data_unref (data);
}

/* In the connection's thread: once it is known what is sent. */
static void
welcome (PfQuicHost *h, PfQuicSession *session)
{
  GstCaps *media = NULL;
  PfQuicGrants grants;
  gboolean granted;
  guint64 since;

  granted = pf_quic_session_get_grants (session, &grants) || h->own_hub;
  if (granted && !grants.codec)
    media = pf_quic_welcome_find_media (h->element);
  g_mutex_lock (&h->lock);
  since = h->since;
  g_mutex_unlock (&h->lock);
  if (granted && (media || grants.codec))
    welcome_with (h, session, media, &grants);
  else if (pf_quic_now () > since + MEDIA_NS)
    refuse (h, session, PF_CLOSE_SETUP_FAILED, "there is no video to send");
  else
    pf_quic_session_call (session, pf_quic_now () + RETRY_NS);
  gst_clear_caps (&media);
}

/* ---- The end ------------------------------------------------------------- */

/* Nobody is there any more: what upstream knew of the session is void. */
static void
forget_session (PfQuicHost *h)
{
  PfQuicSession *session;
  PfQuicData *data;
  PfSecret *secret;

  g_mutex_lock (&h->lock);
  session = h->session;
  data = h->data;
  secret = h->secret;
  h->session = NULL;
  h->data = NULL;
  h->secret = NULL;
  h->active = FALSE;
  h->mode.width = 0;
  g_mutex_unlock (&h->lock);
  if (data)
    pf_quic_data_stop (data);
  if (data)
    pf_quic_data_unref (data);
  if (secret)
    pf_secret_unref (secret);
  pf_quic_session_unref (session);
}

static void
on_closed (PfQuicSession *session, const PfQuicEnd *end, gpointer user)
{
  static const PfInput release = { .kind = PF_INPUT_RELEASE };
  PfQuicHost *h = user;
  GstElement *element = gst_object_ref (h->element);
  gchar *text = pf_quic_end_to_string (end);
  GstStructure *ended = gst_structure_new ("PfSessionEnded", "id",
      G_TYPE_UINT64, (guint64) pf_quic_session_id (session), "by-peer",
      G_TYPE_BOOLEAN, end->kind == PF_QUIC_PEER_CLOSED, "code", G_TYPE_UINT,
      (guint) end->code, "reason", G_TYPE_STRING, text, NULL);

  GST_INFO_OBJECT (
      element, "session %u: %s", pf_quic_session_id (session), text);
  g_free (text);
  /* the session stays for now: who stops the host waits for this as long */
  g_mutex_lock (&h->lock);
  h->active = FALSE;
  g_mutex_unlock (&h->lock);
  pf_quic_host_wish (h, pf_event_new_input (&release));
  pf_quic_host_wish (h, pf_event_new_params_changed (TRUE));
  forget_session (h); /* from here on the host may be gone */
  gst_element_post_message (
      element, gst_message_new_element (GST_OBJECT (element), ended));
  gst_object_unref (element);
}

/* In the connection's thread. */
static void
on_call (PfQuicSession *session, gpointer user)
{
  PfQuicHost *h = user;
  gboolean welcomed;

  g_mutex_lock (&h->lock);
  welcomed = h->secret != NULL;
  g_mutex_unlock (&h->lock);
  if (welcomed)
    pf_quic_host_watch_mode (h, session);
  else
    welcome (h, session);
}

static const PfQuicSessionFuncs session_funcs = {
  .event = pf_quic_host_on_event,
  .call = on_call,
  .closed = on_closed,
};

static gboolean
take_session (PfQuicHost *h, PfQuicSession *session)
{
  gboolean ok;

  g_mutex_lock (&h->lock);
  ok = h->session == NULL;
  if (ok) {
    h->session = pf_quic_session_ref (session);
    h->since = pf_quic_now ();
  }
  g_mutex_unlock (&h->lock);
  if (ok && !pf_quic_session_attach (session, &session_funcs, h)) {
    forget_session (h);
    ok = FALSE;
  }
  if (ok)
    pf_quic_session_call (session, 1);
  return ok;
}

/* ---- A server of its own ------------------------------------------------ */

static gboolean
is_welcome (PfQuicHost *h, PfQuicSession *session)
{
  if (h->settings.open)
    return TRUE;
  return !pf_quic_session_is_anonymous (session) &&
         pf_quic_is_allowed (
             h->settings.allowed, pf_quic_session_fingerprint (session));
}

static void
on_offer (gpointer user, PfQuicSession *session)
{
  PfQuicHost *h = user;

  if (!is_welcome (h, session)) {
    refuse (h, session,
        pf_quic_session_is_anonymous (session) ? PF_CLOSE_NO_IDENTITY
                                               : PF_CLOSE_DENIED,
        NULL);
    return;
  }
  pf_quic_session_allow (session);
  if (!take_session (h, session))
    refuse (h, session, PF_CLOSE_BUSY, "another client is served");
}

static const PfQuicHubFuncs hub_funcs = { .offer = on_offer };

static gboolean
open_hub (PfQuicHost *h, GError **error)
{
  const PfQuicHostSettings *s = &h->settings;
  gchar *directory = s->identity && *s->identity ? g_strdup (s->identity)
                                                 : pf_quic_default_directory ();
  PfQuicHubConfig config = { .address = s->address,
    .port = s->port,
    .idle_ms = s->idle_ms,
    .keep_alive_ms = s->keep_alive_ms,
    .max_sessions = 8,
    .key_log = s->key_log,
    .qlog = s->qlog };

  config.identity = pf_quic_identity_open (directory, PF_QUIC_KEY_RSA, error);
  g_free (directory);
  if (!config.identity)
    return FALSE;
  h->own_hub = TRUE;
  h->hub = pf_quic_hub_new (&config, &hub_funcs, h, error);
  pf_quic_identity_unref (config.identity);
  return h->hub != NULL;
}

gboolean
pf_quic_host_attach (PfQuicHost *h, guint64 id)
{
  PfQuicSession *session = pf_quic_hub_find (h->hub, (guint) id);
  const gboolean ok = !h->own_hub && session && take_session (h, session);

  if (ok) {
    if (h->served)
      pf_quic_session_detach (h->served);
    pf_quic_session_unref (h->served);
    h->served = session;
  } else {
    pf_quic_session_unref (session);
  }
  return ok;
}

static gboolean
find_session (PfQuicHost *h, GError **error)
{
  gboolean ok;

  h->hub = pf_quic_hub_lookup (h->settings.server);
  if (!h->hub) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
        "there is no server \"%s\"", h->settings.server);
    return FALSE;
  }
  ok = pf_quic_host_attach (h, h->settings.session);
  if (!ok)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
        "server \"%s\" has no session %" G_GUINT64_FORMAT
        " that waits for its endpoint",
        h->settings.server, h->settings.session);
  return ok;
}

/* ---- Video -------------------------------------------------------------- */

/* To a client that wants to know, once the last packet of a frame has gone. */
static void
tell_timing (PfQuicHost *h, PfQuicSession *session, GstMiniObject *object,
    guint n, guint64 began)
{
  PfMsgDatagram datagram = { .tag = PF_DGRAM_HOST_TIMING };
  const PfBlockMeta *m = GST_IS_BUFFER (object) ? pf_buffer_get_block_meta (
                                                      GST_BUFFER_CAST (object))
                                                : NULL;

  if (m && !(m->part & PF_BLOCK_FILLER) &&
      pf_quic_timing_sent (h->timing, GST_BUFFER_PTS (object), m->n_packets, n,
          began, &datagram.host_timing))
    pf_quic_session_send_datagram (session, &datagram);
}

/* Whether the thread that pushes may send a burst itself. */
static gboolean
may_send (gpointer user)
{
  PfQuicHost *h = user;
  gboolean may;

  g_mutex_lock (&h->lock);
  may = h->active && h->data && pf_quic_data_has_room (h->data);
  g_mutex_unlock (&h->lock);
  return may;
}

/* In the sender's thread, or in the one that pushes. */
static void
send_object (gpointer user, GstMiniObject *object, guint first, guint n)
{
  PfQuicHost *h = user;
  PfQuicSession *session = NULL;
  PfQuicData *data = NULL;
  guint64 began = 0;
  PfAddress to;

  g_mutex_lock (&h->lock);
  if (h->active && !h->silent && h->data)
    data = pf_quic_data_ref (h->data);
  if (data && h->session && h->wants_timing)
    session = pf_quic_session_ref (h->session);
  to = h->to;
  if (!data)
    h->n.unsent += n;
  g_mutex_unlock (&h->lock);
  if (!data)
    return;
  if (session)
    began = pf_quic_timing_now ();
  pf_quic_data_send (data, &to, object, first, n, &h->out);
  if (session)
    tell_timing (h, session, object, n, began);
  pf_quic_session_unref (session);
  g_mutex_lock (&h->lock);
  h->n.packets += n;
  g_mutex_unlock (&h->lock);
  pf_quic_data_unref (data);
}

/* What belongs to a frame has its number, or else its time. */
static void
follow_frames (PfQuicHost *h, GstBuffer *buffer, const PfBlockMeta *m)
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
note_recovery (PfQuicHost *h, guint32 frame, gboolean key)
{
  PfQuicSession *session = NULL;

  g_mutex_lock (&h->lock);
  if (h->active && h->session)
    session = pf_quic_session_ref (h->session);
  h->n.key_frames += key;
  g_mutex_unlock (&h->lock);
  if (session && key) {
    pf_quic_session_keyframe_made (session, frame);
    pf_quic_host_send_hdr (h, session);
  } else if (session) {
    pf_quic_session_invalidated (session);
  }
  pf_quic_session_unref (session);
}

void
pf_quic_host_video (PfQuicHost *h, GstPad *pad, GstMiniObject *object,
    GstBuffer *first, guint n)
{
  const PfBlockMeta *m = pf_buffer_get_block_meta (first);
  PfSenderUnit unit = { 0 };

  follow_frames (h, first, m);
  pf_quic_timing_look (h->timing, pad);
  if (m && (m->part & (PF_BLOCK_KEY | PF_BLOCK_ANCHOR)) && m->position == 0)
    note_recovery (h, m->frame, (m->part & PF_BLOCK_KEY) != 0);
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
    pf_quic_host_wish_key_unit (h);
    break;
  default:
    break;
  }
}

void
pf_quic_host_flush (PfQuicHost *h)
{
  pf_sender_flush (h->sender);
}

void
pf_quic_host_drain (PfQuicHost *h)
{
  pf_sender_drain (h->sender, DRAIN_US);
}

/* ---- Audio -------------------------------------------------------------- */

/* Nanoseconds since 1970 at which the buffer was captured. */
static guint64
capture_time (GstBuffer *buffer)
{
  static GstStaticCaps unix_caps = GST_STATIC_CAPS ("timestamp/x-unix");
  GstCaps *caps = gst_static_caps_get (&unix_caps);
  GstReferenceTimestampMeta *meta =
      gst_buffer_get_reference_timestamp_meta (buffer, caps);

  gst_caps_unref (caps);
  return meta ? meta->timestamp : (guint64) g_get_real_time () * 1000;
}

void
pf_quic_host_audio (PfQuicHost *h, GstBuffer *buffer)
{
  PfQuicSession *session = NULL;
  GBytes *packet, *previous = NULL;
  PfMsgDatagram datagram;
  gpointer bytes = NULL;
  gsize size = 0;
  gboolean sent;

  gst_buffer_extract_dup (buffer, 0, -1, &bytes, &size);
  packet = g_bytes_new_take (bytes, size);
  g_mutex_lock (&h->lock);
  if (h->active && !h->silent && h->session) {
    session = pf_quic_session_ref (h->session);
    pf_quic_audio_out_next (
        &h->audio, packet, capture_time (buffer), &datagram, &previous);
  }
  g_mutex_unlock (&h->lock);
  if (session) {
    sent = pf_quic_session_send_datagram (session, &datagram) == 0;
    g_mutex_lock (&h->lock);
    h->n.audio += sent;
    h->n.audio_dropped += !sent;
    g_mutex_unlock (&h->lock);
  }
  g_clear_pointer (&previous, g_bytes_unref);
  g_bytes_unref (packet);
  pf_quic_session_unref (session);
}

/* ---- Questions ---------------------------------------------------------- */

void
pf_quic_host_answer (PfQuicHost *h, GstQuery *query)
{
  PfSessionParams params;
  gboolean active;

  pf_session_params_init (&params);
  pf_session_params_set_wire (&params, "punktfunk1");
  g_mutex_lock (&h->lock);
  active = h->active;
  params.packets.shard_payload = h->welcome.shard_payload;
  params.packets.scheme = h->settings.scheme;
  params.packets.max_block = h->welcome.max_data_per_block;
  params.packets.percent = h->settings.percent;
  params.packets.filler_shared = h->filler_shared;
  params.adaptive = h->settings.adaptive;
  params.at_once = !h->later;
  params.sealed = TRUE;
  params.secret = h->secret ? pf_secret_ref (h->secret) : NULL;
  g_mutex_unlock (&h->lock);
  if (active)
    pf_session_answer (query, &params);
  else
    pf_session_answer_pending (query);
  pf_session_params_clear (&params);
}

void
pf_quic_host_probe_done (PfQuicHost *h, GstEvent *event)
{
  PfQuicSession *session;
  PfMsgProbeResult result;
  PfProbeDone done;

  if (!pf_event_parse_probe_done (event, &done))
    return;
  result = (PfMsgProbeResult){ done.bytes, done.units, done.ms, done.packets,
    done.dropped };
  g_mutex_lock (&h->lock);
  session = h->session ? pf_quic_session_ref (h->session) : NULL;
  g_mutex_unlock (&h->lock);
  if (session)
    pf_quic_session_probe_done (session, &result);
  pf_quic_session_unref (session);
}

PfQuicLink *
pf_quic_host_get_link (PfQuicHost *h)
{
  PfQuicLink *link;

  g_mutex_lock (&h->lock);
  link =
      h->session ? pf_quic_link_ref (pf_quic_session_link (h->session)) : NULL;
  g_mutex_unlock (&h->lock);
  return link;
}

void
pf_quic_host_get_counters (PfQuicHost *h, PfQuicHostCounters *counters)
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
pf_quic_host_port (PfQuicHost *h)
{
  return h->own_hub ? pf_quic_hub_port (h->hub) : 0;
}

/* ---- Start and stop ----------------------------------------------------- */

PfQuicHost *
pf_quic_host_start (
    GstElement *element, const PfQuicHostSettings *settings, GError **error)
{
  PfQuicHost *h = g_new0 (PfQuicHost, 1);
  PfPaceConfig pace;
  gboolean ok;

  h->element = element;
  h->last_pts = GST_CLOCK_TIME_NONE;
  copy_settings (&h->settings, settings);
  g_mutex_init (&h->lock);
  pf_pace_config_init (&pace);
  h->timing = pf_quic_timing_new ();
  h->sender = pf_sender_new (&pace, send_object, h);
  if (h->sender)
    pf_sender_set_direct (h->sender, may_send);
  if (!h->sender) {
    g_set_error (
        error, G_IO_ERROR, G_IO_ERROR_FAILED, "no room for another thread");
    ok = FALSE;
  } else if (settings->server && *settings->server) {
    ok = find_session (h, error);
  } else {
    ok = open_hub (h, error);
  }
  if (!ok)
    g_clear_pointer (&h, pf_quic_host_stop);
  return h;
}

gboolean
pf_quic_host_disconnect (PfQuicHost *h, guint code, const gchar *reason)
{
  PfQuicSession *session;

  g_mutex_lock (&h->lock);
  session = h->session ? pf_quic_session_ref (h->session) : NULL;
  g_mutex_unlock (&h->lock);
  if (!session)
    return FALSE;
  pf_quic_session_close (session, (PfCloseCode) code, reason);
  pf_quic_session_unref (session);
  return TRUE;
}

void
pf_quic_host_stop (PfQuicHost *h)
{
  PfQuicSession *session;

  if (!h)
    return;
  g_mutex_lock (&h->lock);
  session = h->session ? pf_quic_session_ref (h->session) : NULL;
  g_mutex_unlock (&h->lock);
  if (session) {
    pf_quic_session_close (session, PF_CLOSE_DONE, "done");
    pf_quic_session_detach (session);
    pf_quic_session_unref (session);
  }
  /* it may have closed by itself, and be telling so just now */
  if (h->served)
    pf_quic_session_detach (h->served);
  pf_quic_session_unref (h->served);
  if (h->own_hub && h->hub)
    pf_quic_hub_stop (h->hub);
  if (h->sender)
    pf_sender_stop (h->sender);
  forget_session (h);
  pf_sender_free (h->sender);
  pf_quic_timing_free (h->timing);
  pf_quic_hub_unref (h->hub);
  clear_settings (&h->settings);
  pf_quic_audio_out_reset (&h->audio, FALSE);
  g_mutex_clear (&h->lock);
  g_free (h);
}
