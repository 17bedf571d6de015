/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The endpoint of a session on the host: what its client wishes, and what it is
 * told besides media. */
#include "pf-quic-host-private.h"

#include <gst/video/video.h>

#include "pf-events.h"
#include "pf-input.h"
#include "pf-peer.h"
#include "pf-quic-media.h"
#include "pf-pads.h"
#include "pf-quic-welcome.h"

#define GST_CAT_DEFAULT pf_quic_sink_debug

#define MODE_POLL_NS (5 * NGTCP2_MILLISECONDS)
#define MODE_NS (3 * NGTCP2_SECONDS) /* that a change of mode may take */

/* ---- Upstream ----------------------------------------------------------- */

typedef struct {
  GstEvent *event;
} Upstream;

static gboolean
push_up (GstElement *element, GstPad *pad, gpointer user)
{
  Upstream *u = user;

  (void) element;
  if (g_str_has_prefix (GST_PAD_NAME (pad), "video"))
    gst_pad_push_event (pad, gst_event_ref (u->event));
  return TRUE;
}

void
pf_quic_host_wish (PfQuicHost *h, GstEvent *event)
{
  Upstream u = { event };

  gst_element_foreach_sink_pad (h->element, push_up, &u);
  gst_event_unref (event);
}

void
pf_quic_host_wish_key_unit (PfQuicHost *h)
{
  pf_quic_host_wish (h, gst_video_event_new_upstream_force_key_unit (
                            GST_CLOCK_TIME_NONE, TRUE, 0));
}

static void
wish_watched (PfQuicHost *h, gboolean watched)
{
  const PfWatched event = { watched };

  pf_quic_host_wish (h, pf_event_new_watched (&event));
}

void
pf_quic_host_post (PfQuicHost *h, GstStructure *structure)
{
  gst_element_post_message (
      h->element, gst_message_new_element (GST_OBJECT (h->element), structure));
}

/* ---- What the session tells --------------------------------------------- */

static void
set_destination (PfQuicHost *h, const PfPeerAddress *destination)
{
  PfAddress to;
  gboolean first;
  gchar *text;

  pf_peer_to_socket (destination, &to.at, &to.size);
  g_mutex_lock (&h->lock);
  h->to = to;
  first = !h->active;
  h->active = TRUE;
  h->silent = FALSE;
  g_mutex_unlock (&h->lock);
  text = pf_address_to_string (&to);
  GST_INFO_OBJECT (h->element, "video goes to %s", text);
  g_free (text);
  if (!first)
    return;
  wish_watched (h, TRUE);
  pf_quic_host_wish (h, pf_event_new_params_changed (TRUE));
  pf_quic_host_wish_key_unit (h);
}

static void
take_loss (PfQuicHost *h, guint ppm)
{
  const PfLossReport report = { .ppm = ppm };

  g_mutex_lock (&h->lock);
  h->n.loss_reports++;
  h->n.loss_ppm = ppm;
  g_mutex_unlock (&h->lock);
  pf_quic_host_wish (h, pf_event_new_loss_report (&report));
}

static void
take_bitrate (PfQuicHost *h, PfQuicSession *session, guint kbps)
{
  g_mutex_lock (&h->lock);
  h->n.bitrate_kbps = kbps;
  g_mutex_unlock (&h->lock);
  pf_sender_set_rate (h->sender, (guint64) kbps * 1000);
  pf_quic_host_post (
      h, gst_structure_new ("PfSessionBitrate", "id", G_TYPE_UINT64,
             (guint64) pf_quic_session_id (session), "bitrate-kbps",
             G_TYPE_UINT, kbps, NULL));
}

/* Whose sessions they are is told and answers. In a server of its own the
 * display follows, and the encoder with it: the video says whether it did. */
static void
take_mode (PfQuicHost *h, PfQuicSession *session, const PfMsgMode *mode)
{
  const PfMode event = { 0, mode->width, mode->height, mode->refresh_hz };

  g_mutex_lock (&h->lock);
  h->mode = *mode;
  h->mode_until = pf_quic_now () + MODE_NS;
  g_mutex_unlock (&h->lock);
  if (h->own_hub)
    pf_quic_host_wish (h, pf_event_new_mode (&event));
  else
    pf_quic_host_post (
        h, gst_structure_new ("PfSessionMode", "id", G_TYPE_UINT64,
               (guint64) pf_quic_session_id (session), "width", G_TYPE_UINT,
               mode->width, "height", G_TYPE_UINT, mode->height, "fps",
               G_TYPE_UINT, mode->refresh_hz, NULL));
  pf_quic_session_call (session, pf_quic_now () + MODE_POLL_NS);
}

/* FALSE: nobody waits for an answer. */
gboolean
pf_quic_host_answer_mode (PfQuicHost *h, gboolean accepted)
{
  PfQuicSession *session = NULL;

  g_mutex_lock (&h->lock);
  if (h->mode.width > 0 && h->session)
    session = pf_quic_session_ref (h->session);
  h->mode.width = 0;
  g_mutex_unlock (&h->lock);
  if (!session)
    return FALSE;
  pf_quic_session_reconfigured (session, accepted);
  pf_quic_session_unref (session);
  return TRUE;
}

static gboolean
has_mode (PfQuicHost *h, const PfMsgMode *mode)
{
  GstCaps *media = pf_quic_welcome_find_media (h->element);
  PfMsgWelcome w = { 0 };

  if (media)
    pf_quic_media_describe (media, &w);
  gst_clear_caps (&media);
  return w.mode.width == mode->width && w.mode.height == mode->height &&
         w.mode.refresh_hz == mode->refresh_hz;
}

/* In the connection's thread. */
void
pf_quic_host_watch_mode (PfQuicHost *h, PfQuicSession *session)
{
  const guint64 now = pf_quic_now ();
  PfMsgMode mode;
  guint64 until;

  g_mutex_lock (&h->lock);
  mode = h->mode;
  until = h->mode_until;
  g_mutex_unlock (&h->lock);
  if (mode.width == 0)
    return;
  if (h->own_hub && has_mode (h, &mode))
    pf_quic_host_answer_mode (h, TRUE);
  else if (now >= until)
    pf_quic_host_answer_mode (h, FALSE);
  else
    pf_quic_session_call (session, h->own_hub ? now + MODE_POLL_NS : until);
}

/* Whoever has gamepads takes them from here. */
static void
take_pad (PfQuicHost *h, PfQuicSession *session, GstStructure *pad)
{
  if (!pad)
    return;
  gst_structure_set (
      pad, "id", G_TYPE_UINT64, (guint64) pf_quic_session_id (session), NULL);
  pf_quic_host_post (h, pad);
}

static void
take_rich (PfQuicHost *h, PfQuicSession *session, const PfMsgRich *rich)
{
  PfInput input;

  g_mutex_lock (&h->lock);
  h->n.inputs++;
  g_mutex_unlock (&h->lock);
  if (rich->kind != PF_RICH_PEN) {
    take_pad (h, session, pf_pads_from_rich (rich));
    return;
  }
  for (guint i = 0; i < rich->pen.n_samples; i++)
    if (pf_pads_pen (&rich->pen.samples[i], &input))
      pf_quic_host_wish (h, pf_event_new_input (&input));
}

static void
take_input (PfQuicHost *h, PfQuicSession *session, const PfMsgInput *msg)
{
  PfInput input;

  g_mutex_lock (&h->lock);
  h->n.inputs++;
  g_mutex_unlock (&h->lock);
  if (pf_input_from_message (msg, &input))
    pf_quic_host_wish (h, pf_event_new_input (&input));
  else
    take_pad (h, session, pf_pads_from_input (msg));
}

/* Who is not there holds nothing and is sent nothing. */
static void
take_silence (PfQuicHost *h, PfQuicSession *session, gboolean silent)
{
  static const PfInput release = { .kind = PF_INPUT_RELEASE };

  GST_INFO_OBJECT (h->element, "the client is %s", silent ? "silent" : "back");
  g_mutex_lock (&h->lock);
  h->silent = silent;
  h->n.silences += silent;
  g_mutex_unlock (&h->lock);
  if (silent)
    pf_quic_host_wish (h, pf_event_new_input (&release));
  wish_watched (h, !silent);
  if (!silent)
    pf_quic_host_wish_key_unit (h);
  pf_quic_host_post (
      h, gst_structure_new ("PfSessionSilent", "id", G_TYPE_UINT64,
             (guint64) pf_quic_session_id (session), "silent", G_TYPE_BOOLEAN,
             silent, NULL));
}

void
pf_quic_host_on_event (
    PfQuicSession *session, const PfHostEvent *e, gpointer user)
{
  PfQuicHost *h = user;

  switch (e->type) {
  case PF_HOST_DESTINATION:
    set_destination (h, &e->destination);
    break;
  case PF_HOST_KEYFRAME:
    g_mutex_lock (&h->lock);
    h->n.keyframe_requests++;
    g_mutex_unlock (&h->lock);
    pf_quic_host_wish_key_unit (h);
    break;
  case PF_HOST_INVALIDATE: {
    const PfFrames frames = { e->frames.first, e->frames.last };

    g_mutex_lock (&h->lock);
    h->n.invalidations++;
    g_mutex_unlock (&h->lock);
    pf_quic_host_wish (h, pf_event_new_invalidate_frames (&frames));
    break;
  }
  case PF_HOST_LOSS:
    take_loss (h, e->loss_ppm);
    break;
  case PF_HOST_BITRATE:
    take_bitrate (h, session, e->bitrate_kbps);
    break;
  case PF_HOST_PROBE: {
    const PfProbe probe = { e->probe.target_kbps, e->probe.duration_ms };

    pf_quic_host_wish (h, pf_event_new_probe (&probe));
    break;
  }
  case PF_HOST_RECONFIGURE:
    take_mode (h, session, &e->mode);
    break;
  case PF_HOST_INPUT:
    take_input (h, session, &e->input);
    break;
  case PF_HOST_RICH:
    take_rich (h, session, e->rich);
    break;
  case PF_HOST_SILENT:
  case PF_HOST_HEARD:
    take_silence (h, session, e->type == PF_HOST_SILENT);
    break;
  default:
    break;
  }
}

/* ---- Told to the client ------------------------------------------------- */

static void
put_display (const GstVideoMasteringDisplayInfo *m, PfMsgHdr *hdr)
{
  static const guint order[] = { 1, 2, 0 }; /* red, green, blue in caps */

  for (guint i = 0; i < 3; i++) {
    hdr->primaries[i][0] = m->display_primaries[order[i]].x;
    hdr->primaries[i][1] = m->display_primaries[order[i]].y;
  }
  hdr->white[0] = m->white_point.x;
  hdr->white[1] = m->white_point.y;
  hdr->max_luminance = m->max_display_mastering_luminance;
  hdr->min_luminance = m->min_display_mastering_luminance;
}

/* FALSE: the caps tell nothing of it. */
static gboolean
get_hdr (const GstCaps *caps, PfMsgHdr *hdr)
{
  GstVideoMasteringDisplayInfo display;
  GstVideoContentLightLevel light;

  *hdr = (PfMsgHdr){ 0 };
  if (!gst_video_mastering_display_info_from_caps (&display, caps))
    return FALSE;
  put_display (&display, hdr);
  if (gst_video_content_light_level_from_caps (&light, caps)) {
    hdr->max_cll = light.max_content_light_level;
    hdr->max_fall = light.max_frame_average_light_level;
  }
  return TRUE;
}

void
pf_quic_host_send_hdr (PfQuicHost *h, PfQuicSession *session)
{
  PfMsgDatagram d = { .tag = PF_DGRAM_HDR };
  gboolean hdr;
  GstCaps *caps;

  g_mutex_lock (&h->lock);
  hdr = h->welcome.color.transfer == 16 || h->welcome.color.transfer == 18;
  g_mutex_unlock (&h->lock);
  caps = hdr ? pf_quic_welcome_find_media (h->element) : NULL;
  if (caps && get_hdr (caps, &d.hdr))
    pf_quic_session_send_datagram (session, &d);
  gst_clear_caps (&caps);
}

gboolean
pf_quic_host_feedback (PfQuicHost *h, const GstStructure *feedback)
{
  PfQuicSession *session = NULL;
  PfMsgDatagram d;
  gboolean ok;

  g_mutex_lock (&h->lock);
  if (h->active && h->session)
    session = pf_quic_session_ref (h->session);
  g_mutex_unlock (&h->lock);
  ok = session && pf_pads_to_feedback (feedback, &d) &&
       pf_quic_session_send_datagram (session, &d) == 0;
  pf_quic_session_unref (session);
  return ok;
}
