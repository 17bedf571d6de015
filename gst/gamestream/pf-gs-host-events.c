/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The endpoint of a client of GameStream: what the client wishes, and what it
 * is told besides media. */
#include "pf-gs-host-private.h"

#include <gst/video/video.h>
#include <string.h>

#include "pf-events.h"
#include "pf-gs-feedback.h"
#include "pf-input.h"
#include "pf-media.h"
#include "pf-msg-types.h"
#include "pf-pads.h"

#define GST_CAT_DEFAULT gamestream_rtsp_debug

/* ---- Upstream ----------------------------------------------------------- */

static gboolean
push_up (GstElement *element, GstPad *pad, gpointer user)
{
  (void) element;
  if (g_str_has_prefix (GST_PAD_NAME (pad), "video"))
    gst_pad_push_event (pad, gst_event_ref (user));
  return TRUE;
}

void
pf_gs_host_wish (PfGsHost *h, GstEvent *event)
{
  gst_element_foreach_sink_pad (h->element, push_up, event);
  gst_event_unref (event);
}

void
pf_gs_host_wish_key_unit (PfGsHost *h)
{
  pf_gs_host_wish (h, gst_video_event_new_upstream_force_key_unit (
                          GST_CLOCK_TIME_NONE, TRUE, 0));
}

void
pf_gs_host_post (PfGsHost *h, GstStructure *structure)
{
  gst_element_post_message (
      h->element, gst_message_new_element (GST_OBJECT (h->element), structure));
}

/* ---- Where media go ----------------------------------------------------- */

static void
set_path (PfGsHost *h, PfGsClient *client, PfGsStream stream)
{
  static const PfWatched watched = { TRUE };
  g_autofree gchar *text = NULL;
  gboolean first;
  PfGsPath path;

  if (!pf_gs_client_get_path (client, stream, &path))
    return;
  g_mutex_lock (&h->lock);
  h->paths[stream] = path;
  first = !h->active[stream];
  h->active[stream] = TRUE;
  g_mutex_unlock (&h->lock);
  text = pf_address_to_string (&path.to);
  GST_INFO_OBJECT (h->element, "%s goes to %s",
      stream == PF_GS_VIDEO ? "video" : "audio", text);
  if (!first || stream != PF_GS_VIDEO)
    return;
  pf_gs_host_wish (h, pf_event_new_watched (&watched));
  /* a key unit is wished for by who then packs video anew */
  pf_gs_host_wish (h, pf_event_new_params_changed (TRUE));
}

/* ---- Input -------------------------------------------------------------- */

typedef struct {
  PfGsHost *host;
  PfGsClient *client;
  guint grants; /* input that needs others is not for the host */
} From;

/* Whoever has gamepads takes them from here. */
static void
take_pad (const From *from, GstStructure *pad)
{
  if (!pad)
    return;
  gst_structure_set (
      pad, "id", G_TYPE_UINT64, (guint64) pf_gs_client_id (from->client), NULL);
  pf_gs_host_post (from->host, pad);
}

static void
take_rich (const From *from, const PfMsgRich *rich)
{
  PfInput input;

  if (rich->kind != PF_RICH_PEN) {
    take_pad (from, pf_pads_from_rich (rich));
    return;
  }
  for (guint i = 0; i < rich->pen.n_samples; i++)
    if (pf_pads_pen (&rich->pen.samples[i], &input))
      pf_gs_host_wish (from->host, pf_event_new_input (&input));
}

static guint
grant_of (const PfMsgInput *msg, const PfMsgRich *rich)
{
  if (!rich)
    return pf_msg_input_grant (msg);
  return rich->kind == PF_RICH_PEN ? PF_GRANT_POINTER : PF_GRANT_GAMEPAD;
}

static void
take_translated (void *user, const PfMsgInput *msg, const PfMsgRich *rich)
{
  const From *from = user;
  PfInput input;

  if (!(from->grants & grant_of (msg, rich)))
    return;
  if (rich)
    take_rich (from, rich);
  else if (pf_input_from_message (msg, &input))
    pf_gs_host_wish (from->host, pf_event_new_input (&input));
  else
    take_pad (from, pf_pads_from_input (msg));
}

static void
take_input (PfGsHost *h, PfGsClient *client, const PfGsInput *input)
{
  From from = { h, client, pf_gs_client_grants (client) };

  g_mutex_lock (&h->lock);
  h->n.inputs++;
  g_mutex_unlock (&h->lock);
  pf_gs_input_translate (&h->input, input, take_translated, &from);
}

void
pf_gs_host_release_input (PfGsHost *h, PfGsClient *client)
{
  static const PfInput release = { .kind = PF_INPUT_RELEASE };
  From from = { h, client, PF_GRANT_ALL };

  pf_gs_input_release (&h->input, take_translated, &from);
  pf_gs_host_wish (h, pf_event_new_input (&release));
}

/* ---- What the session tells --------------------------------------------- */

static void
take_invalidate (PfGsHost *h, const PfGsEvent *event)
{
  const PfFrames frames = { event->frames.first, event->frames.last };

  g_mutex_lock (&h->lock);
  h->n.invalidations++;
  g_mutex_unlock (&h->lock);
  pf_gs_host_wish (h, pf_event_new_invalidate_frames (&frames));
}

static void
take_fec (PfGsHost *h, const PfGsFecStatus *s)
{
  const guint got = s->data_received + s->parity_received;

  g_mutex_lock (&h->lock);
  h->n.fec_reports++;
  h->n.blocks_lost += got < s->data;
  if (s->data_received < s->data)
    h->n.missing += s->data - s->data_received;
  g_mutex_unlock (&h->lock);
}

static void
take_keyframe (PfGsHost *h)
{
  g_mutex_lock (&h->lock);
  h->n.keyframe_requests++;
  g_mutex_unlock (&h->lock);
  pf_gs_host_wish_key_unit (h);
}

/* Nobody knows what was lost, so all of it is made good. */
static void
take_overflow (PfGsHost *h, PfGsClient *client)
{
  GST_WARNING_OBJECT (
      h->element, "the client asks for more than can be handed on");
  pf_gs_host_release_input (h, client);
  set_path (h, client, PF_GS_VIDEO);
  set_path (h, client, PF_GS_AUDIO);
  pf_gs_host_wish_key_unit (h);
}

/* Nothing is held on that it may no longer hold. */
void
pf_gs_host_on_rights (PfGsClient *client, gpointer user)
{
  pf_gs_host_release_input (user, client);
}

void
pf_gs_host_on_event (PfGsClient *client, const PfGsEvent *event, gpointer user)
{
  PfGsHost *h = user;

  if (!event) {
    take_overflow (h, client);
    return;
  }
  switch (event->type) {
  case PF_GS_EVENT_CONTROL:
    pf_gs_host_send_hdr (h, client);
    break;
  case PF_GS_EVENT_VIDEO_TO:
    set_path (h, client, PF_GS_VIDEO);
    break;
  case PF_GS_EVENT_AUDIO_TO:
    set_path (h, client, PF_GS_AUDIO);
    break;
  case PF_GS_EVENT_KEYFRAME:
    take_keyframe (h);
    break;
  case PF_GS_EVENT_INVALIDATE:
    take_invalidate (h, event);
    break;
  case PF_GS_EVENT_FEC:
    take_fec (h, &event->fec);
    break;
  case PF_GS_EVENT_INPUT:
    take_input (h, client, &event->input);
    break;
  default:
    break;
  }
}

/* ---- Told to the client ------------------------------------------------- */

static guint16
in_units (guint32 value, guint32 unit)
{
  return (guint16) MIN (value / unit, G_MAXUINT16);
}

/* Where caps say nothing, it is zero: the client has defaults of its own. */
static void
fill_hdr (const GstCaps *caps, PfGsHdr *hdr)
{
  GstVideoMasteringDisplayInfo d;
  GstVideoContentLightLevel light;

  if (gst_video_mastering_display_info_from_caps (&d, caps)) {
    guint16 *const to[] = { hdr->red, hdr->green, hdr->blue };

    for (guint i = 0; i < 3; i++) {
      to[i][0] = d.display_primaries[i].x;
      to[i][1] = d.display_primaries[i].y;
    }
    hdr->white[0] = d.white_point.x;
    hdr->white[1] = d.white_point.y;
    hdr->max_luminance = in_units (d.max_display_mastering_luminance, 10000);
    hdr->min_luminance = in_units (d.min_display_mastering_luminance, 1);
  }
  if (gst_video_content_light_level_from_caps (&light, caps)) {
    hdr->max_cll = light.max_content_light_level;
    hdr->max_fall = light.max_frame_average_light_level;
  }
}

static gboolean
find_media (GstElement *element, GstPad *pad, gpointer user)
{
  GstCaps **caps = user;

  (void) element;
  if (!*caps && g_str_has_prefix (GST_PAD_NAME (pad), "video"))
    *caps = pf_media_find (pad);
  return TRUE;
}

/* Whether the picture's transfer function is one of HDR. */
static gboolean
is_hdr (const GstCaps *caps)
{
  const gchar *text = gst_structure_get_string (
      gst_caps_get_structure (caps, 0), "colorimetry");
  GstVideoColorimetry color;

  return text && gst_video_colorimetry_from_string (&color, text) &&
         (color.transfer == GST_VIDEO_TRANSFER_SMPTE2084 ||
             color.transfer == GST_VIDEO_TRANSFER_ARIB_STD_B67);
}

void
pf_gs_host_send_hdr (PfGsHost *h, PfGsClient *client)
{
  PfGsMsg msg = { .kind = PF_GS_MSG_HDR };
  GstCaps *caps = NULL;
  gboolean ten_bit;

  g_mutex_lock (&h->lock);
  ten_bit = h->announce.ten_bit != 0;
  g_mutex_unlock (&h->lock);
  if (!ten_bit)
    return;
  gst_element_foreach_sink_pad (h->element, find_media, &caps);
  if (caps) {
    msg.hdr.enabled = is_hdr (caps);
    fill_hdr (caps, &msg.hdr);
    gst_caps_unref (caps);
  }
  pf_gs_client_send (client, &msg);
}

gboolean
pf_gs_host_feedback (PfGsHost *h, const GstStructure *feedback)
{
  PfGsClient *client = pf_gs_host_get_client (h);
  PfGsMsg messages[PF_GS_FEEDBACK_MAX];
  guint n = client ? pf_gs_feedback_read (feedback, messages) : 0;
  gboolean ok = n > 0;

  for (guint i = 0; i < n; i++)
    ok &= pf_gs_client_send (client, &messages[i]);
  pf_gs_client_unref (client);
  return ok;
}
