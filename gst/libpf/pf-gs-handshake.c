/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * GameStream's RTSP handshake.
 */
#include "pf-gs-handshake.h"

#include <string.h>

typedef struct {
  PfGsRtspMethod method;
  const char *target; /* NULL: the session's URL, not looked at */
  const char *stream; /* of SETUP: what stands between '=' and '/' */
} Step;

static const Step steps[] = {
  [PF_GS_STEP_OPTIONS] = { PF_GS_RTSP_OPTIONS, NULL, NULL },
  [PF_GS_STEP_DESCRIBE] = { PF_GS_RTSP_DESCRIBE, NULL, NULL },
  [PF_GS_STEP_AUDIO] = { PF_GS_RTSP_SETUP, "streamid=audio/0/0", "audio" },
  [PF_GS_STEP_VIDEO] = { PF_GS_RTSP_SETUP, "streamid=video/0/0", "video" },
  [PF_GS_STEP_CONTROL] = { PF_GS_RTSP_SETUP, "streamid=control/13/0",
      "control" },
  [PF_GS_STEP_ANNOUNCE] = { PF_GS_RTSP_ANNOUNCE, "streamid=control/13/0",
      NULL },
  [PF_GS_STEP_PLAY] = { PF_GS_RTSP_PLAY, "/", NULL },
};

enum { DESCRIBE_MAX = 2048, ANNOUNCE_MAX = 8192 };

/* ---- Host --------------------------------------------------------------- */

void
pf_gs_host_handshake_init (
    PfGsHostHandshake *handshake, const PfGsHostOffer *offer)
{
  *handshake = (PfGsHostHandshake){ .offer = *offer };
}

/* The stream that SETUP names. */
static PfGsText
stream_of (PfGsText target)
{
  PfGsText before = { NULL, 0 };

  pf_gs_text_split (&target, '=', &before);
  before.size = 0;
  pf_gs_text_split (&target, '/', &before);
  return before;
}

static unsigned
check_announce (PfGsHostHandshake *h, const PfGsRtspMessage *request)
{
  PfGsAnnounce a;
  PfGsText host = { "", 0 };
  uint32_t codec;

  if (pf_gs_announce_parse (request->payload, &a, &h->fault) < 0)
    return 400;
  codec = pf_gs_announce_codec (&a);
  if (codec == 0 || (h->offer.codecs & codec) != codec) {
    h->fault = "x-nv-vqos[0].bitStreamFormat";
    return 400;
  }
  if (h->offer.encryption_required & ~pf_gs_announce_encryption (&a)) {
    h->fault = "x-ss-general.encryptionEnabled";
    return 403;
  }
  pf_gs_rtsp_header (request, "Host", &host);
  h->announce = a;
  h->high_quality = pf_gs_announce_high_quality (&a, host);
  return 200;
}

unsigned
pf_gs_host_handshake_request (
    PfGsHostHandshake *handshake, const PfGsRtspMessage *request)
{
  PfGsHostHandshake *h = handshake;

  h->cseq = request->cseq;
  h->fault = "method";
  if (request->method == PF_GS_RTSP_OTHER)
    return 501;
  if (h->step == PF_GS_STEP_DONE || request->method != steps[h->step].method)
    return 455;
  h->fault = "target";
  if (steps[h->step].stream &&
      !pf_gs_text_equal (stream_of (request->target), steps[h->step].stream)) {
    for (int i = PF_GS_STEP_AUDIO; i <= PF_GS_STEP_CONTROL; i++)
      if (pf_gs_text_equal (stream_of (request->target), steps[i].stream))
        return 455;
    return 404;
  }
  h->fault = NULL;
  return h->step == PF_GS_STEP_ANNOUNCE ? check_announce (h, request) : 200;
}

static void
respond_setup (const PfGsHostHandshake *h, PfGsWriter *w)
{
  const PfGsHostOffer *o = &h->offer;
  const uint16_t port = h->step == PF_GS_STEP_AUDIO   ? o->audio_port
                        : h->step == PF_GS_STEP_VIDEO ? o->video_port
                                                      : o->control_port;

  pf_gs_rtsp_put_header (w, "Session", "DEADBEEFCAFE;timeout = 90");
  pf_gs_put (w, "Transport: server_port=");
  pf_gs_put_uint (w, port);
  pf_gs_put (w, "\r\n");
}

void
pf_gs_host_handshake_respond (
    PfGsHostHandshake *handshake, unsigned status, PfGsWriter *writer)
{
  PfGsHostHandshake *h = handshake;
  char describe[DESCRIBE_MAX];
  PfGsWriter payload = { .bytes = describe, .room = sizeof describe };

  pf_gs_rtsp_put_response (writer, status, h->cseq);
  if (status != 200) {
    pf_gs_rtsp_put_payload (writer, (PfGsText){ "", 0 });
    return;
  }
  switch (h->step) {
  case PF_GS_STEP_DESCRIBE:
    pf_gs_describe_write (&payload, &h->offer.describe);
    break;
  case PF_GS_STEP_AUDIO:
  case PF_GS_STEP_VIDEO:
    respond_setup (h, writer);
    pf_gs_rtsp_put_header (writer, "X-SS-Ping-Payload", h->offer.ping_payload);
    break;
  case PF_GS_STEP_CONTROL:
    respond_setup (h, writer);
    pf_gs_rtsp_put_header_uint (
        writer, "X-SS-Connect-Data", h->offer.connect_data);
    break;
  default:
    break;
  }
  pf_gs_rtsp_put_payload (writer, (PfGsText){ describe, payload.size });
  if (h->step < PF_GS_STEP_DONE)
    h->step++;
}

/* ---- Client ------------------------------------------------------------- */

static bool
copy (char *to, size_t room, PfGsText from)
{
  if (from.size >= room)
    return false;
  if (from.size > 0)
    memcpy (to, from.data, from.size);
  to[from.size] = '\0';
  return true;
}

int
pf_gs_client_handshake_init (
    PfGsClientHandshake *handshake, const char *url, const char *host)
{
  PfGsClientHandshake h = { 0 };

  if (!copy (h.url, sizeof h.url, (PfGsText){ url, strlen (url) }) ||
      !copy (h.host, sizeof h.host, (PfGsText){ host, strlen (host) }))
    return PF_ERR_RANGE;
  h.announce.channels = 2;
  *handshake = h;
  return 0;
}

static void
put_announce (const PfGsClientHandshake *h, PfGsWriter *w)
{
  char sdp[ANNOUNCE_MAX];
  PfGsWriter payload = { .bytes = sdp, .room = sizeof sdp };

  pf_gs_announce_write (&payload, &h->announce, h->host, h->video_port);
  w->full |= payload.full;
  pf_gs_rtsp_put_header (w, "Content-type", "application/sdp");
  pf_gs_rtsp_put_header_uint (w, "Content-length", (uint32_t) payload.size);
  pf_gs_rtsp_put_payload (w, (PfGsText){ sdp, payload.size });
}

void
pf_gs_client_handshake_request (
    const PfGsClientHandshake *handshake, PfGsWriter *writer)
{
  static const char since[] = "Thu, 01 Jan 1970 00:00:00 GMT";
  const PfGsClientHandshake *h = handshake;
  const Step *step;

  if (h->step >= PF_GS_STEP_DONE)
    return;
  step = &steps[h->step];
  pf_gs_rtsp_put_request (
      writer, step->method, step->target ? step->target : h->url);
  pf_gs_rtsp_put_header_uint (writer, "CSeq", h->step + 1);
  pf_gs_rtsp_put_header (writer, "X-GS-ClientVersion", "14");
  pf_gs_rtsp_put_header (writer, "Host", h->host);
  if (h->step > PF_GS_STEP_AUDIO)
    pf_gs_rtsp_put_header (writer, "Session", h->session);
  if (h->step == PF_GS_STEP_ANNOUNCE) {
    put_announce (h, writer);
    return;
  }
  if (h->step == PF_GS_STEP_DESCRIBE)
    pf_gs_rtsp_put_header (writer, "Accept", "application/sdp");
  if (step->method == PF_GS_RTSP_SETUP)
    pf_gs_rtsp_put_header (
        writer, "Transport", "unicast;X-GS-ClientPort=50000-50001");
  if (h->step == PF_GS_STEP_DESCRIBE || step->method == PF_GS_RTSP_SETUP)
    pf_gs_rtsp_put_header (writer, "If-Modified-Since", since);
  pf_gs_rtsp_put_payload (writer, (PfGsText){ "", 0 });
}

/* server_port= in a Transport header; 0: none. */
static uint16_t
server_port (const PfGsRtspMessage *m)
{
  static const char name[] = "server_port=";
  const size_t n = sizeof name - 1;
  PfGsText t, digits = { NULL, 0 };
  uint32_t port;

  if (!pf_gs_rtsp_header (m, "Transport", &t))
    return 0;
  while (t.size >= n && memcmp (t.data, name, n) != 0) {
    t.data++;
    t.size--;
  }
  if (t.size < n)
    return 0;
  t.data += n;
  t.size -= n;
  pf_gs_text_split (&t, ';', &digits);
  if (pf_gs_text_uint (pf_gs_text_trim (digits), &port) < 0 ||
      port > UINT16_MAX)
    return 0;
  return (uint16_t) port;
}

static int
take_audio (PfGsClientHandshake *h, const PfGsRtspMessage *m)
{
  PfGsText session, before = { NULL, 0 };

  if (!pf_gs_rtsp_header (m, "Session", &session))
    return PF_ERR_INVALID;
  pf_gs_text_split (&session, ';', &before);
  if (before.size == 0 || !copy (h->session, sizeof h->session, before))
    return PF_ERR_INVALID;
  h->audio_port = server_port (m);
  return 0;
}

static int
take (PfGsClientHandshake *h, const PfGsRtspMessage *m)
{
  PfGsText text;

  switch (h->step) {
  case PF_GS_STEP_DESCRIBE:
    if (m->payload.size == 0)
      return PF_ERR_INVALID;
    pf_gs_describe_parse (m->payload, &h->describe);
    return pf_gs_describe_layout (
        m->payload, h->announce.channels, h->announce.high_quality, &h->layout);
  case PF_GS_STEP_AUDIO:
    return take_audio (h, m);
  case PF_GS_STEP_VIDEO:
    h->video_port = server_port (m);
    h->ping_payload[0] = '\0';
    if (pf_gs_rtsp_header (m, "X-SS-Ping-Payload", &text) &&
        text.size == PF_GS_PING_PAYLOAD)
      copy (h->ping_payload, sizeof h->ping_payload, text);
    return 0;
  case PF_GS_STEP_CONTROL:
    h->control_port = server_port (m);
    h->connect_data = 0;
    if (pf_gs_rtsp_header (m, "X-SS-Connect-Data", &text))
      return pf_gs_text_uint_any (text, &h->connect_data);
    return 0;
  default:
    return 0;
  }
}

int
pf_gs_client_handshake_answer (PfGsClientHandshake *handshake,
    const char *bytes, size_t size, unsigned *status)
{
  PfGsRtspMessage m;
  int ret = pf_gs_rtsp_response_parse (bytes, size, &m);

  if (ret < 0 || handshake->step >= PF_GS_STEP_DONE)
    return PF_ERR_INVALID;
  *status = m.status;
  if (m.status != 200)
    return PF_ERR_UNSUPPORTED;
  ret = take (handshake, &m);
  if (ret == 0)
    handshake->step++;
  return ret;
}
