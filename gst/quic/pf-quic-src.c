/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/**
 * SECTION:element-pfquicsrc
 * @title: pfquicsrc
 *
 * Receives over QUIC: the client's end of a session of punktfunk/1, or any
 * bytes.
 *
 * In a session it asks for video of width, height and fps. When the host
 * has welcomed it, the pads video_0 (sealed packets) and audio (Opus) appear.
 * pfaesgcm and pffecdec ask it for what was agreed on (PfSessionParams), and
 * what they and the video sink wish it sends to the host: key units, losses,
 * input (docs/events.md). The host must have the certificate of the
 * pin; without one any is taken, and host-fingerprint tells which.
 *
 * With protocol=raw the pad raw gives the bytes of a stream in order, or each
 * datagram as a buffer; the end of the stream is EOS. The peer may send ahead
 * as much as receive-window; then it waits until downstream took some.
 *
 * Each connection has a thread of its own; the pads' tasks push. The source is
 * live and adds no latency.
 *
 * |[
 * gst-launch-1.0 videotestsrc is-live=true ! x264enc tune=zerolatency ! h264parse ! pffecenc ! pfaesgcm ! pfquicsink open=true port=9777
 * gst-launch-1.0 pfquicsrc address=192.0.2.1 port=9777 ! pfaesgcm mode=open ! pffecdec ! h264parse ! avdec_h264 ! autovideosink sync=false
 * ]|
 *
 * |[
 * gst-launch-1.0 pfquicsrc protocol=raw role=server port=5000 caps=video/x-h264,stream-format=byte-stream ! h264parse ! avdec_h264 ! autovideosink sync=false
 * gst-launch-1.0 videotestsrc is-live=true ! x264enc tune=zerolatency ! video/x-h264,stream-format=byte-stream ! pfquicsink protocol=raw secure-connection=false address=192.0.2.1 port=5000
 * ]|
 *
 * Since: 0.1
 */
#include "pf-quic-src.h"

#include "pf-block.h"
#include "pf-caps.h"
#include "pf-events.h"
#include "pf-quic-client.h"
#include "pf-quic-media.h"
#include "pf-quic-raw.h"
#include "pf-quic-settings.h"
#include "pf-quic-units.h"

GST_DEBUG_CATEGORY_STATIC (pf_quic_src_debug);
#define GST_CAT_DEFAULT pf_quic_src_debug

#define DEFAULT_PROTOCOL PF_QUIC_PUNKTFUNK1

enum {
  PROP_0,
  PROP_PROTOCOL,
  PROP_CAPS,
  PROP_HOST_FINGERPRINT,
  PROP_STATS,
  PROP_BYTES,
  PROP_SETTINGS,                   /* and on: those of pf-quic-settings.h */
  PROP_CLIENT = PROP_SETTINGS + 32 /* of pf-quic-client-settings.h */
};

typedef enum { RAW, VIDEO, AUDIO, N_PADS } Which;

struct _PfQuicSrc {
  GstElement parent;

  /* object lock; settings are read at READY->PAUSED */
  PfQuicProtocol protocol;
  PfQuicSettings settings;
  PfQuicClientSettings client_settings;
  GstCaps *caps;
  PfQuicRawCounters counters; /* of the last run */
  PfQuicClientCounters client_counters;
  gchar *host_fingerprint; /* that was seen last */
  GstCaps *media[N_PADS];  /* of the pads, as far as they are known before */
  gboolean welcomed;
  gboolean ending; /* EOS was asked for */

  PfQuicUnits units;

  GMutex play_lock;
  GCond play_cond;
  gboolean playing, stopping; /* play_lock */

  /* set before PAUSED, then constant; object lock to use it elsewhere */
  PfQuicRaw *raw; /* one of these two */
  PfQuicClient *client;
  GstPad *pads[N_PADS]; /* those of a session come with the welcome */

  /* the pads' tasks, each its own */
  gboolean begun[N_PADS]; /* stream-start, caps and segment were pushed */
  gboolean blocks;
  guint64 offset;
};

static GstStaticPadTemplate video_template =
    GST_STATIC_PAD_TEMPLATE ("video_%u", GST_PAD_SRC, GST_PAD_SOMETIMES,
        GST_STATIC_CAPS (PF_CAPS_PACKETS ("{ true, false }")));
static GstStaticPadTemplate audio_template = GST_STATIC_PAD_TEMPLATE (
    "audio", GST_PAD_SRC, GST_PAD_SOMETIMES, GST_STATIC_CAPS ("audio/x-opus"));
static GstStaticPadTemplate raw_template = GST_STATIC_PAD_TEMPLATE (
    "raw", GST_PAD_SRC, GST_PAD_SOMETIMES, GST_STATIC_CAPS_ANY);

G_DEFINE_FINAL_TYPE (PfQuicSrc, pf_quic_src, GST_TYPE_ELEMENT)
GST_ELEMENT_REGISTER_DEFINE (
    pfquicsrc, "pfquicsrc", GST_RANK_NONE, PF_TYPE_QUIC_SRC)

/* ---- Streaming ---------------------------------------------------------- */

static GstClockTime
running_time (gpointer user)
{
  PfQuicSrc *self = user;
  GstClock *clock = gst_element_get_clock (GST_ELEMENT (self));
  GstClockTime base = gst_element_get_base_time (GST_ELEMENT (self)), now;

  if (!clock)
    return GST_CLOCK_TIME_NONE;
  now = gst_clock_get_time (clock);
  gst_object_unref (clock);
  return now > base ? now - base : 0;
}

static GstCaps *
get_media (PfQuicSrc *self, Which which)
{
  GstCaps *caps;

  GST_OBJECT_LOCK (self);
  caps = self->media[which] ? gst_caps_ref (self->media[which]) : NULL;
  GST_OBJECT_UNLOCK (self);
  return caps;
}

/* Blocks, if they are taken, else one packet a buffer. */
static GstCaps *
choose_form (PfQuicSrc *self, GstPad *pad, GstCaps *fields)
{
  GstCaps *caps = gst_caps_make_writable (fields);

  gst_structure_set_name (gst_caps_get_structure (caps, 0), PF_CAPS_BLOCK);
  self->blocks = gst_pad_peer_query_accept_caps (pad, caps) &&
                 pf_block_ask (pad, caps).blocks;
  if (self->blocks)
    return caps;
  gst_structure_set_name (gst_caps_get_structure (caps, 0), PF_CAPS_PACKET);
  return caps;
}

/* A live source gives nothing while paused: its tasks wait here. FALSE: they
 * are to end. */
static gboolean
wait_playing (PfQuicSrc *self)
{
  gboolean playing;

  g_mutex_lock (&self->play_lock);
  while (!self->playing && !self->stopping)
    g_cond_wait (&self->play_cond, &self->play_lock);
  playing = !self->stopping;
  g_mutex_unlock (&self->play_lock);
  return playing;
}

static void
begin (PfQuicSrc *self, GstPad *pad, Which which)
{
  gchar *id = gst_pad_create_stream_id (
      pad, GST_ELEMENT (self), which == RAW ? NULL : GST_PAD_NAME (pad));
  GstEvent *event = gst_event_new_stream_start (id);
  GstCaps *caps = get_media (self, which);
  GstSegment segment;

  gst_event_set_group_id (event, gst_util_group_id_next ());
  gst_pad_push_event (pad, event);
  g_free (id);
  if (caps && which == VIDEO)
    caps = choose_form (self, pad, caps);
  if (caps)
    gst_pad_push_event (pad, gst_event_new_caps (caps));
  gst_clear_caps (&caps);
  gst_segment_init (
      &segment, which == RAW ? GST_FORMAT_BYTES : GST_FORMAT_TIME);
  gst_pad_push_event (pad, gst_event_new_segment (&segment));
  self->begun[which] = TRUE;
  if (which == RAW)
    self->offset = 0;
}

/* FLUSHING may mean that the element is paused, which ends nothing. */
static gboolean
goes_on (PfQuicSrc *self, GstPad *pad, GstFlowReturn *ret)
{
  gboolean ending, stopping;

  if (*ret != GST_FLOW_FLUSHING || GST_PAD_IS_FLUSHING (pad))
    return FALSE;
  GST_OBJECT_LOCK (self);
  ending = self->ending;
  GST_OBJECT_UNLOCK (self);
  g_mutex_lock (&self->play_lock);
  stopping = self->stopping;
  g_mutex_unlock (&self->play_lock);
  if (ending)
    *ret = GST_FLOW_EOS;
  return !ending && !stopping;
}

/* The end of streaming, with what GStreamer wants to hear about it. */
static void
finish (PfQuicSrc *self, GstPad *pad, GstFlowReturn ret, GError *error)
{
  if (goes_on (self, pad, &ret))
    return;
  GST_DEBUG_OBJECT (pad, "%s", gst_flow_get_name (ret));
  if (ret == GST_FLOW_ERROR && error)
    GST_ELEMENT_ERROR (self, RESOURCE, READ,
        ("Nothing more is received: %s.", error->message), (NULL));
  else if (ret == GST_FLOW_ERROR || ret == GST_FLOW_NOT_LINKED ||
           ret == GST_FLOW_NOT_NEGOTIATED)
    GST_ELEMENT_FLOW_ERROR (self, ret);
  if (ret == GST_FLOW_EOS || ret == GST_FLOW_ERROR ||
      ret == GST_FLOW_NOT_LINKED || ret == GST_FLOW_NOT_NEGOTIATED)
    gst_pad_push_event (pad, gst_event_new_eos ());
  gst_pad_pause_task (pad);
}

static void
raw_loop (gpointer data)
{
  GstPad *pad = data;
  PfQuicSrc *self = PF_QUIC_SRC (GST_PAD_PARENT (pad));
  GstBuffer *buffer = NULL;
  GError *error = NULL;
  GstFlowReturn ret;

  if (!wait_playing (self)) {
    gst_pad_pause_task (pad);
    return;
  }
  if (!self->begun[RAW])
    begin (self, pad, RAW);
  ret = pf_quic_raw_receive (self->raw, &buffer, &error);
  if (ret == GST_FLOW_OK) {
    const gsize size = gst_buffer_get_size (buffer);

    GST_BUFFER_OFFSET (buffer) = self->offset;
    self->offset += size;
    GST_BUFFER_OFFSET_END (buffer) = self->offset;
    ret = gst_pad_push (pad, buffer);
  }
  if (ret != GST_FLOW_OK)
    finish (self, pad, ret, error);
  g_clear_error (&error);
}

static void
video_loop (gpointer data)
{
  GstPad *pad = data;
  PfQuicSrc *self = PF_QUIC_SRC (GST_PAD_PARENT (pad));
  GstMiniObject *object = NULL;
  GstFlowReturn ret;

  if (!wait_playing (self)) {
    gst_pad_pause_task (pad);
    return;
  }
  if (!self->begun[VIDEO])
    begin (self, pad, VIDEO);
  ret = pf_quic_client_video (
      self->client, self->blocks, running_time, self, &object);
  if (ret == GST_FLOW_OK)
    ret = GST_IS_BUFFER_LIST (object)
              ? gst_pad_push_list (pad, GST_BUFFER_LIST_CAST (object))
              : gst_pad_push (pad, GST_BUFFER_CAST (object));
  /* who takes no video may still take audio */
  if (ret == GST_FLOW_NOT_LINKED)
    ret = GST_FLOW_OK;
  if (ret != GST_FLOW_OK)
    finish (self, pad, ret, NULL);
}

static void
audio_loop (gpointer data)
{
  GstPad *pad = data;
  PfQuicSrc *self = PF_QUIC_SRC (GST_PAD_PARENT (pad));
  GstBuffer *buffer = NULL;
  GstFlowReturn ret;

  if (!wait_playing (self)) {
    gst_pad_pause_task (pad);
    return;
  }
  if (!self->begun[AUDIO])
    begin (self, pad, AUDIO);
  ret = pf_quic_client_audio (self->client, &buffer);
  if (ret == GST_FLOW_OK) {
    GST_BUFFER_PTS (buffer) = running_time (self);
    ret = gst_pad_push (pad, buffer);
  }
  if (ret == GST_FLOW_NOT_LINKED)
    ret = GST_FLOW_OK;
  if (ret != GST_FLOW_OK)
    finish (self, pad, ret, NULL);
}

static const GstTaskFunction loops[N_PADS] = {
  [RAW] = raw_loop,
  [VIDEO] = video_loop,
  [AUDIO] = audio_loop,
};

/* ---- Pads --------------------------------------------------------------- */

static void
set_interrupted (PfQuicSrc *self, gboolean interrupted)
{
  if (self->raw)
    pf_quic_raw_set_interrupted (self->raw, interrupted);
  if (self->client)
    pf_quic_client_set_interrupted (self->client, interrupted);
}

/* Pauses, or with stopping has the tasks end. */
static void
stop_playing (PfQuicSrc *self, gboolean stopping)
{
  g_mutex_lock (&self->play_lock);
  self->playing = FALSE;
  self->stopping |= stopping;
  g_cond_broadcast (&self->play_cond);
  g_mutex_unlock (&self->play_lock);
  set_interrupted (self, TRUE);
}

static gboolean
pf_quic_src_pad_query (GstPad *pad, GstObject *parent, GstQuery *query)
{
  PfQuicSrc *self = PF_QUIC_SRC (parent);
  gboolean answered;

  switch (GST_QUERY_TYPE (query)) {
  case GST_QUERY_LATENCY:
    /* what comes is pushed when it comes */
    gst_query_set_latency (query, TRUE, 0, GST_CLOCK_TIME_NONE);
    return TRUE;
  case GST_QUERY_SCHEDULING:
    gst_query_set_scheduling (query,
        GST_SCHEDULING_FLAG_SEQUENTIAL | GST_SCHEDULING_FLAG_BANDWIDTH_LIMITED,
        1, -1, 0);
    gst_query_add_scheduling_mode (query, GST_PAD_MODE_PUSH);
    return TRUE;
  case GST_QUERY_CUSTOM:
    if (!pf_session_query_is (query))
      break;
    GST_OBJECT_LOCK (self); /* the client stays */
    answered = self->client != NULL;
    if (answered)
      pf_quic_client_answer (self->client, query);
    GST_OBJECT_UNLOCK (self);
    if (answered)
      return TRUE;
    break;
  default:
    break;
  }
  return gst_pad_query_default (pad, parent, query);
}

/* ---- Recovery ----------------------------------------------------------- */

static void
on_key_unit (gpointer user)
{
  PfQuicSrc *self = user;

  GST_OBJECT_LOCK (self); /* the client stays */
  if (self->client)
    pf_quic_client_recovered (self->client);
  GST_OBJECT_UNLOCK (self);
}

static gboolean
pf_quic_src_pad_event (GstPad *pad, GstObject *parent, GstEvent *event)
{
  PfQuicSrc *self = PF_QUIC_SRC (parent);
  gboolean taken;

  GST_OBJECT_LOCK (self); /* the client stays */
  taken = self->client && pf_quic_client_event (self->client, event);
  GST_OBJECT_UNLOCK (self);
  if (taken) {
    pf_quic_units_watch (&self->units, pad, G_OBJECT (self), on_key_unit);
    gst_event_unref (event);
    return TRUE;
  }
  return gst_pad_event_default (pad, parent, event);
}

static gboolean
activate_mode (GstPad *pad, GstObject *parent, GstPadMode mode, gboolean active)
{
  if (mode != GST_PAD_MODE_PUSH)
    return FALSE;
  if (active)
    return TRUE; /* the task begins with PLAYING */
  stop_playing (PF_QUIC_SRC (parent), TRUE);
  return gst_pad_stop_task (pad);
}

static void
add_pad (PfQuicSrc *self, Which which, GstStaticPadTemplate *template,
    const gchar *name)
{
  GstPad *pad = gst_pad_new_from_static_template (template, name);

  gst_pad_set_query_function (pad, GST_DEBUG_FUNCPTR (pf_quic_src_pad_query));
  gst_pad_set_event_function (pad, GST_DEBUG_FUNCPTR (pf_quic_src_pad_event));
  gst_pad_set_activatemode_function (pad, GST_DEBUG_FUNCPTR (activate_mode));
  gst_pad_use_fixed_caps (pad);
  gst_pad_set_active (pad, TRUE);
  GST_OBJECT_LOCK (self);
  self->pads[which] = gst_object_ref (pad);
  GST_OBJECT_UNLOCK (self);
  gst_element_add_pad (GST_ELEMENT (self), pad);
}

/* The pad for raw bytes stays as long as that is the protocol, so that who
 * linked it once finds it linked when it is played again. */
static void
remove_pads (PfQuicSrc *self, gboolean raw)
{
  for (guint i = raw ? RAW : VIDEO; i < N_PADS; i++) {
    if (self->pads[i]) {
      gst_pad_set_active (self->pads[i], FALSE);
      gst_element_remove_pad (GST_ELEMENT (self), self->pads[i]);
    }
    g_clear_object (&self->pads[i]);
    gst_clear_caps (&self->media[i]);
  }
}

/* Of the pads there are; they wait until it is time. */
static void
start_tasks (PfQuicSrc *self)
{
  for (guint i = 0; i < N_PADS; i++)
    if (self->pads[i])
      gst_pad_start_task (self->pads[i], loops[i], self->pads[i], NULL);
}

/* ---- What the session tells --------------------------------------------- */

static void
post (PfQuicSrc *self, GstStructure *structure)
{
  gst_element_post_message (GST_ELEMENT (self),
      gst_message_new_element (GST_OBJECT (self), structure));
}

/* Who the host is, for whoever keeps it in mind. */
static void
keep_fingerprint (PfQuicSrc *self)
{
  PfQuicLink *link = pf_quic_client_get_link (self->client);
  PfQuicPeer peer;

  if (link && pf_quic_link_get_peer (link, &peer)) {
    gchar *text = pf_quic_fingerprint_to_string (peer.fingerprint);

    GST_OBJECT_LOCK (self);
    g_free (self->host_fingerprint);
    self->host_fingerprint = text;
    GST_OBJECT_UNLOCK (self);
    g_clear_pointer (&peer.certificate, g_bytes_unref);
  }
  pf_quic_link_unref (link);
}

/* What the host granted. */
static void
tell_grant (PfQuicSrc *self, const PfMsgWelcome *w)
{
  gchar *fingerprint;

  g_object_get (self, "host-fingerprint", &fingerprint, NULL);
  post (self, pf_quic_client_grant (self->client, w, fingerprint));
  g_free (fingerprint);
}

/* In the connection's thread. */
static void
on_welcome (gpointer user, const PfMsgWelcome *w)
{
  PfQuicSrc *self = user;

  GST_INFO_OBJECT (self, "%ux%u at %u Hz, codec %u, %u kbit/s", w->mode.width,
      w->mode.height, w->mode.refresh_hz, w->codec, w->bitrate_kbps);
  GST_OBJECT_LOCK (self);
  self->welcomed = TRUE;
  self->media[VIDEO] =
      gst_caps_new_simple (PF_CAPS_PACKET, "wire", G_TYPE_STRING, "punktfunk1",
          "fec", G_TYPE_STRING, w->fec_scheme ? "gf16" : "gf8", "sealed",
          G_TYPE_BOOLEAN, w->encrypt != 0, NULL);
  self->media[AUDIO] = pf_quic_media_opus_caps (w->audio_channels);
  GST_OBJECT_UNLOCK (self);
  keep_fingerprint (self);
  tell_grant (self, w);
  add_pad (self, VIDEO, &video_template, "video_0");
  add_pad (self, AUDIO, &audio_template, "audio");
  gst_element_no_more_pads (GST_ELEMENT (self));
  start_tasks (self);
}

/* In the connection's thread. */
static void
on_told (gpointer user, GstStructure *message)
{
  post (user, message);
}

/* In the connection's thread. */
static void
on_closed (gpointer user, const PfQuicEnd *end)
{
  PfQuicSrc *self = user;
  gchar *text = pf_quic_end_to_string (end);
  gboolean welcomed;

  GST_INFO_OBJECT (self, "%s", text);
  GST_OBJECT_LOCK (self);
  welcomed = self->welcomed;
  GST_OBJECT_UNLOCK (self);
  post (self, gst_structure_new ("PfSessionEnded", "by-peer", G_TYPE_BOOLEAN,
                  end->kind == PF_QUIC_PEER_CLOSED, "code", G_TYPE_UINT,
                  (guint) end->code, "reason", G_TYPE_STRING, text, NULL));
  /* with pads EOS follows; without them nothing else would be told */
  if (!welcomed && (end->kind != PF_QUIC_CLOSED || end->code != 0))
    GST_ELEMENT_ERROR (self, RESOURCE, OPEN_READ,
        ("There is no session: %s.",
            end->kind == PF_QUIC_ERROR && end->code == PF_QUIC_REFUSED_HOST
                ? "the host is not the one with this fingerprint"
                : text),
        (NULL));
  g_free (text);
}

/* In the connection's thread: not in order with the frames. */
static void
on_timing (gpointer user, const PfMsgHostTiming *t)
{
  const PfHostTiming told = { t->pts_ns, t->version >= 2, t->host_us,
    t->queue_us, t->encode_us, t->pace_us };
  PfQuicSrc *self = user;
  GstPad *pad;

  GST_OBJECT_LOCK (self);
  pad = self->welcomed && self->pads[VIDEO] ? gst_object_ref (self->pads[VIDEO])
                                            : NULL;
  GST_OBJECT_UNLOCK (self);
  if (pad) {
    gst_pad_push_event (pad, pf_event_new_host_timing (&told));
    gst_object_unref (pad);
  }
}

static const PfQuicClientFuncs client_funcs = {
  .welcome = on_welcome,
  .timing = on_timing,
  .message = on_told,
  .closed = on_closed,
};

/* ---- States ------------------------------------------------------------- */

static gboolean
open_source (PfQuicSrc *self)
{
  PfQuicClientSettings client_set;
  PfQuicSettings settings;
  PfQuicClient *client = NULL;
  PfQuicRaw *raw = NULL;
  GError *error = NULL;
  gboolean is_raw;

  GST_OBJECT_LOCK (self);
  is_raw = self->protocol == PF_QUIC_RAW;
  pf_quic_settings_copy (&settings, &self->settings);
  pf_quic_settings_resolve (&settings, self->protocol, FALSE);
  pf_quic_client_settings_copy (&client_set, &self->client_settings);
  memset (&self->counters, 0, sizeof self->counters);
  memset (&self->client_counters, 0, sizeof self->client_counters);
  memset (self->begun, 0, sizeof self->begun);
  self->welcomed = self->ending = FALSE;
  if (is_raw)
    gst_caps_replace (&self->media[RAW], self->caps);
  GST_OBJECT_UNLOCK (self);
  if (is_raw)
    raw = pf_quic_raw_start (&settings, FALSE, &error);
  else
    client = pf_quic_client_start (&settings, &client_set, &error);
  if (error)
    GST_ELEMENT_ERROR (self, RESOURCE, OPEN_READ,
        ("Cannot begin: %s; look at address, port and the certificate's files.",
            error->message),
        (NULL));
  GST_OBJECT_LOCK (self);
  self->raw = raw;
  self->client = client;
  if (raw && settings.role == PF_QUIC_ROLE_SERVER)
    self->settings.port = (gint) pf_quic_raw_port (raw);
  GST_OBJECT_UNLOCK (self);
  pf_quic_settings_clear (&settings);
  pf_quic_client_settings_clear (&client_set);
  g_clear_error (&error);
  if (!is_raw) {
    remove_pads (self, TRUE);
  } else if (!self->pads[RAW]) {
    add_pad (self, RAW, &raw_template, "raw");
    gst_element_no_more_pads (GST_ELEMENT (self));
  }
  return raw ||
         (client && pf_quic_client_connect (client, &client_funcs, self));
}

static gboolean
start (PfQuicSrc *self)
{
  g_mutex_lock (&self->play_lock);
  self->playing = self->stopping = FALSE;
  g_mutex_unlock (&self->play_lock);
  return open_source (self);
}

static void
stop (PfQuicSrc *self)
{
  PfQuicClient *client;
  PfQuicRaw *raw;

  if (self->client)
    pf_quic_client_halt (self->client); /* no pads come any more */
  remove_pads (self, FALSE);
  pf_quic_units_forget (&self->units);
  GST_OBJECT_LOCK (self);
  raw = self->raw;
  client = self->client;
  self->raw = NULL;
  self->client = NULL;
  if (raw)
    pf_quic_raw_get_counters (raw, &self->counters);
  if (client)
    pf_quic_client_get_counters (client, &self->client_counters);
  GST_OBJECT_UNLOCK (self);
  pf_quic_raw_stop (raw);
  pf_quic_client_free (client);
}

static void
play (PfQuicSrc *self)
{
  set_interrupted (self, FALSE);
  g_mutex_lock (&self->play_lock);
  self->playing = TRUE;
  g_cond_broadcast (&self->play_cond);
  g_mutex_unlock (&self->play_lock);
}

/* EOS from outside comes out of the pads. */
static gboolean
pf_quic_src_send_event (GstElement *element, GstEvent *event)
{
  PfQuicSrc *self = PF_QUIC_SRC (element);

  if (GST_EVENT_TYPE (event) != GST_EVENT_EOS)
    return GST_ELEMENT_CLASS (pf_quic_src_parent_class)
        ->send_event (element, event);
  gst_event_unref (event);
  GST_OBJECT_LOCK (self);
  self->ending = TRUE;
  GST_OBJECT_UNLOCK (self);
  set_interrupted (self, TRUE);
  return TRUE;
}

static GstStateChangeReturn
pf_quic_src_change_state (GstElement *element, GstStateChange transition)
{
  PfQuicSrc *self = PF_QUIC_SRC (element);
  GstStateChangeReturn ret;

  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED && !start (self)) {
    stop (self);
    return GST_STATE_CHANGE_FAILURE;
  }
  if (transition == GST_STATE_CHANGE_PLAYING_TO_PAUSED)
    stop_playing (self, FALSE);
  ret = GST_ELEMENT_CLASS (pf_quic_src_parent_class)
            ->change_state (element, transition);
  switch (transition) {
  case GST_STATE_CHANGE_READY_TO_PAUSED:
    if (ret == GST_STATE_CHANGE_FAILURE) {
      stop (self);
    } else {
      if (self->raw)
        start_tasks (self);
      ret = GST_STATE_CHANGE_NO_PREROLL;
    }
    break;
  case GST_STATE_CHANGE_PAUSED_TO_PLAYING:
    if (ret != GST_STATE_CHANGE_FAILURE)
      play (self);
    break;
  case GST_STATE_CHANGE_PLAYING_TO_PAUSED:
    if (ret != GST_STATE_CHANGE_FAILURE)
      ret = GST_STATE_CHANGE_NO_PREROLL;
    break;
  case GST_STATE_CHANGE_PAUSED_TO_READY:
    stop (self);
    break;
  default:
    break;
  }
  return ret;
}

/* ---- Properties --------------------------------------------------------- */

static PfQuicRawCounters
count (PfQuicSrc *self)
{
  PfQuicRawCounters counters = self->counters;

  if (self->raw)
    pf_quic_raw_get_counters (self->raw, &counters);
  return counters;
}

static PfQuicClientCounters
count_session (PfQuicSrc *self)
{
  PfQuicClientCounters counters = self->client_counters;

  if (self->client)
    pf_quic_client_get_counters (self->client, &counters);
  return counters;
}

static PfQuicLink *
get_link (PfQuicSrc *self)
{
  if (self->raw)
    return pf_quic_raw_get_link (self->raw);
  return self->client ? pf_quic_client_get_link (self->client) : NULL;
}

/* Call with the object lock. */
static GstStructure *
make_stats (PfQuicSrc *self)
{
  const PfQuicRawCounters n = count (self);
  const PfQuicClientCounters s = count_session (self);
  PfQuicLink *link = get_link (self);
  GstStructure *stats = gst_structure_new ("application/x-pf-quicsrc-stats",
      "connected", G_TYPE_BOOLEAN, link != NULL, "bytes", G_TYPE_UINT64,
      n.bytes + s.bytes, "buffers", G_TYPE_UINT64, n.buffers, "packets",
      G_TYPE_UINT64, s.packets, "filtered", G_TYPE_UINT64, s.filtered, "audio",
      G_TYPE_UINT64, s.audio, "audio-lost", G_TYPE_UINT64, s.audio_lost,
      "audio-restored", G_TYPE_UINT64, s.audio_restored, "inputs",
      G_TYPE_UINT64, s.inputs, "clock-offset", G_TYPE_INT64, s.clock_offset,
      "clock-rtt", G_TYPE_UINT64, s.clock_rtt, "keyframe-requests",
      G_TYPE_UINT64, s.session.keyframe_requests, "invalidations",
      G_TYPE_UINT64, s.session.rfi_requests, "loss-reports", G_TYPE_UINT64,
      s.session.loss_reports, "punches", G_TYPE_UINT64, s.session.punches,
      NULL);

  pf_quic_add_stats (stats, link);
  pf_quic_link_unref (link);
  return stats;
}

static void
pf_quic_src_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  PfQuicSrc *self = PF_QUIC_SRC (object);
  gboolean known = TRUE;
  guint kbps;

  GST_OBJECT_LOCK (self);
  kbps = self->client_settings.bitrate_kbps;
  switch (id) {
  case PROP_PROTOCOL:
    self->protocol = (PfQuicProtocol) g_value_get_enum (value);
    break;
  case PROP_CAPS:
    gst_caps_replace (&self->caps, (GstCaps *) gst_value_get_caps (value));
    break;
  default:
    known = pf_quic_client_settings_set (
                &self->client_settings, id, PROP_CLIENT, value) ||
            pf_quic_settings_set (&self->settings, id, PROP_SETTINGS, value);
    break;
  }
  if (self->client && kbps != self->client_settings.bitrate_kbps)
    pf_quic_client_set_bitrate (
        self->client, self->client_settings.bitrate_kbps);
  GST_OBJECT_UNLOCK (self);
  if (!known)
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
pf_quic_src_get_property (
    GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  PfQuicSrc *self = PF_QUIC_SRC (object);
  gboolean known = TRUE;

  GST_OBJECT_LOCK (self);
  switch (id) {
  case PROP_PROTOCOL:
    g_value_set_enum (value, self->protocol);
    break;
  case PROP_CAPS:
    gst_value_set_caps (value, self->caps);
    break;
  case PROP_STATS:
    g_value_take_boxed (value, make_stats (self));
    break;
  case PROP_HOST_FINGERPRINT:
    g_value_set_string (value, self->host_fingerprint);
    break;
  case PROP_BYTES:
    g_value_set_uint64 (value, count (self).bytes + count_session (self).bytes);
    break;
  default:
    known = pf_quic_client_settings_get (
                &self->client_settings, id, PROP_CLIENT, value) ||
            pf_quic_settings_get (&self->settings, id, PROP_SETTINGS, value);
    break;
  }
  GST_OBJECT_UNLOCK (self);
  if (!known)
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
pf_quic_src_finalize (GObject *object)
{
  PfQuicSrc *self = PF_QUIC_SRC (object);

  gst_clear_caps (&self->caps);
  gst_clear_caps (&self->media[RAW]);
  g_clear_object (&self->pads[RAW]);
  g_free (self->host_fingerprint);
  pf_quic_units_clear (&self->units);
  g_mutex_clear (&self->play_lock);
  g_cond_clear (&self->play_cond);
  pf_quic_settings_clear (&self->settings);
  pf_quic_client_settings_clear (&self->client_settings);
  G_OBJECT_CLASS (pf_quic_src_parent_class)->finalize (object);
}

static void
install_properties (GObjectClass *object_class)
{
  const GParamFlags ready =
      G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY;
  const GParamFlags ro = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  g_object_class_install_property (object_class, PROP_PROTOCOL,
      g_param_spec_enum ("protocol", "Protocol", "What is received",
          PF_TYPE_QUIC_PROTOCOL, DEFAULT_PROTOCOL, ready));
  g_object_class_install_property (object_class, PROP_CAPS,
      g_param_spec_boxed ("caps", "Caps",
          "What the bytes are, which nothing on the wire tells (raw mode)",
          GST_TYPE_CAPS, ready));
  /**
   * PfQuicSrc:stats:
   *
   * A structure application/x-pf-quicsrc-stats, counted since READY:
   * connected: boolean; bytes and buffers pushed; of a session packets (of
   * video), filtered (of others than the host), audio, audio-lost,
   * audio-restored (packets), inputs, keyframe-requests, invalidations, loss-reports, punches, clock-rtt
   * (ns): uint64; clock-offset (host minus client, ns): int64; and of the
   * connection what PfQuicSink:stats has.
   */
  g_object_class_install_property (object_class, PROP_STATS,
      g_param_spec_boxed ("stats", "Statistics",
          "Counters since READY; see the documentation", GST_TYPE_STRUCTURE,
          ro));
  g_object_class_install_property (object_class, PROP_BYTES,
      g_param_spec_uint64 (
          "bytes", "Bytes", "Bytes pushed since READY", 0, G_MAXUINT64, 0, ro));
  g_object_class_install_property (object_class, PROP_HOST_FINGERPRINT,
      g_param_spec_string ("host-fingerprint", "Host fingerprint",
          "SHA-256 of the certificate that the host showed, once it did", NULL,
          G_PARAM_READABLE | G_PARAM_STATIC_STRINGS));
  pf_quic_client_settings_install (object_class, PROP_CLIENT);
  pf_quic_settings_install (object_class, PROP_SETTINGS);
  gst_type_mark_as_plugin_api (PF_TYPE_QUIC_PROTOCOL, 0);
}

static void
pf_quic_src_class_init (PfQuicSrcClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);

  GST_DEBUG_CATEGORY_INIT (
      pf_quic_src_debug, "pfquicsrc", 0, "receives by QUIC");
  object_class->set_property = pf_quic_src_set_property;
  object_class->get_property = pf_quic_src_get_property;
  object_class->finalize = pf_quic_src_finalize;
  element_class->change_state = GST_DEBUG_FUNCPTR (pf_quic_src_change_state);
  element_class->send_event = GST_DEBUG_FUNCPTR (pf_quic_src_send_event);
  install_properties (object_class);
  gst_element_class_add_static_pad_template (element_class, &video_template);
  gst_element_class_add_static_pad_template (element_class, &audio_template);
  gst_element_class_add_static_pad_template (element_class, &raw_template);
  gst_element_class_set_static_metadata (element_class, "QUIC receiver",
      "Source/Network", "Receives over QUIC", "The gst-punktfunk developers");
}

static void
pf_quic_src_init (PfQuicSrc *self)
{
  self->protocol = DEFAULT_PROTOCOL;
  pf_quic_units_init (&self->units);
  g_mutex_init (&self->play_lock);
  g_cond_init (&self->play_cond);
  pf_quic_settings_init (&self->settings);
  pf_quic_client_settings_init (&self->client_settings);
  GST_OBJECT_FLAG_SET (self, GST_ELEMENT_FLAG_SOURCE);
}
