/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The host's side of a GameStream session. Wishes that come in any number end
 * in a few fields, from which events are made when their time has come.
 */
#include "pf-gs-session.h"

#include <stdlib.h>
#include <string.h>

#include "pf-wipe.h"

enum { PING_SIZE = PF_GS_PING_PAYLOAD + 4, OLD_PING_SIZE = 4 };

typedef enum { LAUNCHED, ANNOUNCED, STREAMING, ENDED } State;

struct PfGsSession {
  PfGsSessionConfig config; /* without the key */
  uint8_t key[PF_GS_KEY_SIZE];
  State state;
  uint64_t limit_ns; /* when this state is over */
  PfGsSessionStats stats;

  PfGsHostHandshake handshake;
  PfGsRtspSeal *rtsp; /* NULL: plain */
  bool asked;         /* a request waits for its answer */
  unsigned status;    /* that it is worth */

  PfGsControl *control; /* from ANNOUNCE on */
  bool connected;

  struct {
    bool known, changed;
    PfPeerAddress address;
  } streams[2];

  bool keyframe_sent; /* the first one, that needs no wish */
  bool keyframe_wanted;
  uint64_t keyframe_ns; /* not before */
  bool rfi_wanted;
  uint32_t rfi_first, rfi_last;
  uint64_t rfi_ns; /* not before */

  bool tell_announced, tell_control;
  bool event_waits;
  PfGsEvent event;

  char plain[PF_GS_RTSP_SIZE_MAX];
};

int
pf_gs_session_new (
    const PfGsSessionConfig *config, uint64_t now_ns, PfGsSession **session)
{
  PfGsSession *s;
  int ret = 0;

  if (!config || !session ||
      strlen (config->offer.ping_payload) != PF_GS_PING_PAYLOAD)
    return PF_ERR_INVALID;
  s = calloc (1, sizeof *s);
  if (!s)
    return PF_ERR_NO_MEMORY;
  s->config = *config;
  pf_wipe (s->config.key, sizeof s->config.key);
  memcpy (s->key, config->key, sizeof s->key);
  if (s->config.wait_ns == 0)
    s->config.wait_ns = PF_GS_SESSION_WAIT_NS;
  if (s->config.keyframe_gap_ns == 0)
    s->config.keyframe_gap_ns = PF_GS_SESSION_KEYFRAME_NS;
  if (s->config.launch_ns == 0)
    s->config.launch_ns = s->config.wait_ns;
  s->limit_ns =
      s->config.launch_ns == PF_NEVER ? PF_NEVER : now_ns + s->config.launch_ns;
  pf_gs_host_handshake_init (&s->handshake, &config->offer);
  if (config->sealed_rtsp)
    ret = pf_gs_rtsp_seal_new (true, config->key, &s->rtsp);
  if (ret < 0) {
    pf_gs_session_free (s);
    return ret;
  }
  *session = s;
  return 0;
}

void
pf_gs_session_free (PfGsSession *session)
{
  if (!session)
    return;
  pf_gs_rtsp_seal_free (session->rtsp);
  pf_gs_control_free (session->control);
  pf_wipe (session->key, sizeof session->key);
  free (session);
}

/* ---- Events ------------------------------------------------------------- */

/* Call with no event waiting. */
static PfGsEvent *
tell (PfGsSession *s, PfGsEventType type)
{
  s->event_waits = true;
  s->event = (PfGsEvent){ .type = type };
  return &s->event;
}

static void
end (PfGsSession *s, PfGsCloseReason reason)
{
  if (s->state == ENDED)
    return;
  s->state = ENDED;
  s->limit_ns = PF_NEVER;
  s->asked = s->connected = false;
  s->keyframe_wanted = s->rfi_wanted = false;
  tell (s, PF_GS_EVENT_CLOSE)->reason = reason;
}

static void
tick (PfGsSession *s, uint64_t now)
{
  static const PfGsCloseReason reasons[] = { PF_GS_CLOSE_EXPIRED,
    PF_GS_CLOSE_INCOMPLETE, PF_GS_CLOSE_VANISHED };

  if (s->state != ENDED && now >= s->limit_ns)
    end (s, reasons[s->state]);
}

/* All that an announced session waits for is there. */
static void
advance (PfGsSession *s, uint64_t now)
{
  if (s->state != ANNOUNCED || !s->connected ||
      !s->streams[PF_GS_VIDEO].known || !s->streams[PF_GS_AUDIO].known)
    return;
  s->state = STREAMING;
  s->limit_ns = now + s->config.wait_ns;
}

/* ---- RTSP --------------------------------------------------------------- */

/* The text of a request, as far as it is there. */
static int
open_request (PfGsSession *s, const PfPeerAddress *from, const uint8_t *bytes,
    size_t size, const char **text, size_t *text_size, size_t *whole)
{
  int n, ret;

  if (!s->rtsp) {
    if (pf_gs_rtsp_is_sealed (bytes, size) ||
        !pf_peer_address_same_ip (&s->config.peer, from))
      return PF_ERR_AUTH;
    *text = (const char *) bytes;
    *text_size = size;
    *whole = 0;
    return 1;
  }
  n = pf_gs_rtsp_sealed_size (bytes, size);
  if (n <= 0)
    return n;
  if ((size_t) n > size)
    return 0;
  ret = pf_gs_rtsp_open (s->rtsp, bytes, (size_t) n, s->plain, text_size);
  if (ret < 0)
    return ret;
  *text = s->plain;
  *whole = (size_t) n;
  return 1;
}

int
pf_gs_session_rtsp (PfGsSession *session, const PfPeerAddress *from,
    const uint8_t *bytes, size_t size, uint64_t now_ns, unsigned *status)
{
  PfGsSession *s = session;
  PfGsRtspMessage m;
  const char *text;
  size_t text_size, whole;
  int ret;

  tick (s, now_ns);
  if (s->state == ENDED)
    return PF_ERR_AUTH;
  ret = open_request (s, from, bytes, size, &text, &text_size, &whole);
  if (ret <= 0)
    return ret;
  ret = pf_gs_rtsp_request_parse (text, text_size, &m);
  /* what is sealed is whole */
  if (whole > 0 && ret != (int) text_size)
    ret = ret < 0 ? ret : PF_ERR_INVALID;
  if (ret <= 0)
    return ret;
  s->stats.requests++;
  s->asked = true;
  s->status = pf_gs_host_handshake_request (&s->handshake, &m);
  if (s->state == LAUNCHED)
    s->limit_ns = now_ns + s->config.wait_ns;
  *status = s->status;
  return whole > 0 ? (int) whole : ret;
}

static int
make_control (PfGsSession *s)
{
  const uint32_t enc = pf_gs_announce_encryption (&s->handshake.announce);

  return pf_gs_control_new (
      true, enc & PF_GS_ENC_CONTROL_V2, s->key, &s->control);
}

int
pf_gs_session_rtsp_answer (PfGsSession *session, unsigned status,
    uint64_t now_ns, uint8_t *out, size_t *size)
{
  PfGsSession *s = session;
  const bool announce = s->handshake.step == PF_GS_STEP_ANNOUNCE;
  char plain[PF_GS_RTSP_SIZE_MAX - PF_GS_RTSP_SEAL_HEADER];
  PfGsWriter w = { .bytes = plain, .room = sizeof plain };

  tick (s, now_ns);
  if (!s->asked || s->state == ENDED)
    return PF_ERR_INVALID;
  s->asked = false;
  if (s->status != 200)
    status = s->status;
  if (status == 200 && announce && make_control (s) < 0)
    status = 500;
  pf_gs_host_handshake_respond (&s->handshake, status, &w);
  if (w.full)
    return PF_ERR_EXHAUSTED;
  if (status != 200)
    s->stats.refused++;
  if (status == 200 && announce) {
    s->state = ANNOUNCED;
    s->limit_ns = now_ns + s->config.wait_ns;
    s->tell_announced = true;
  }
  if (s->rtsp)
    return pf_gs_rtsp_seal (s->rtsp, plain, w.size, out, size);
  memcpy (out, plain, w.size);
  *size = w.size;
  return 0;
}

/* ---- Pings -------------------------------------------------------------- */

/* With the payload that only the client was told; clients that do not know it
 * send an old one, which counts when they said so. */
static bool
is_ping (const PfGsSession *s, const uint8_t *bytes, size_t size)
{
  if (size == PING_SIZE)
    return memcmp (bytes, s->config.offer.ping_payload, PF_GS_PING_PAYLOAD) ==
           0;
  return size == OLD_PING_SIZE && memcmp (bytes, "PING", 4) == 0 &&
         s->state >= ANNOUNCED &&
         !(s->handshake.announce.client_features & PF_GS_CLIENT_SESSION_ID);
}

bool
pf_gs_session_ping (PfGsSession *session, PfGsStream stream,
    const PfPeerAddress *from, const uint8_t *bytes, size_t size,
    uint64_t now_ns)
{
  PfGsSession *s = session;

  tick (s, now_ns);
  if (s->state == ENDED || s->handshake.step <= PF_GS_STEP_AUDIO ||
      !is_ping (s, bytes, size) ||
      !pf_peer_address_same_ip (&s->config.peer, from) || from->port == 0) {
    s->stats.strange_pings++;
    return false;
  }
  s->stats.pings++;
  if (!s->streams[stream].known ||
      !pf_peer_address_equal (&s->streams[stream].address, from)) {
    s->streams[stream].known = s->streams[stream].changed = true;
    s->streams[stream].address = *from;
  }
  advance (s, now_ns);
  return true;
}

/* ---- Control ------------------------------------------------------------ */

void
pf_gs_session_invite (const PfGsSession *session, PfEnetInvite *invite)
{
  const PfGsSession *s = session;
  /* who knows nothing of connect data says 0 */
  const bool knows =
      s->state < ANNOUNCED ||
      (s->handshake.announce.client_features & PF_GS_CLIENT_SESSION_ID);

  *invite = (PfEnetInvite){ .check_data = true,
    .data = knows ? s->config.offer.connect_data : 0,
    .check_ip = true,
    .ip = s->config.peer };
}

void
pf_gs_session_connected (PfGsSession *session, uint64_t now_ns)
{
  PfGsSession *s = session;

  tick (s, now_ns);
  if (s->state != ANNOUNCED || s->connected)
    return;
  s->connected = s->tell_control = true;
  advance (s, now_ns);
}

void
pf_gs_session_disconnected (PfGsSession *session, uint64_t now_ns)
{
  tick (session, now_ns);
  if (session->connected)
    end (session, PF_GS_CLOSE_BY_CLIENT);
}

static void
want_keyframe (PfGsSession *s)
{
  s->keyframe_wanted = true;
  s->rfi_wanted = false;
}

/* The first frame is a key frame whether or not somebody asks for it. */
static void
on_idr (PfGsSession *s)
{
  s->stats.keyframe_wishes++;
  if (s->keyframe_sent)
    want_keyframe (s);
}

static void
on_rfi (PfGsSession *s, uint32_t first, uint32_t last)
{
  s->stats.rfi_wishes++;
  if (!s->keyframe_sent || s->keyframe_wanted)
    return;
  if (last < first || !s->config.offer.describe.rfi) {
    want_keyframe (s);
    return;
  }
  if (!s->rfi_wanted || first < s->rfi_first)
    s->rfi_first = first;
  if (!s->rfi_wanted || last > s->rfi_last)
    s->rfi_last = last;
  s->rfi_wanted = true;
  if (s->rfi_last - s->rfi_first >= PF_GS_SESSION_RFI_FRAMES)
    want_keyframe (s);
}

static void
on_input (PfGsSession *s, const PfMsgSpan *bytes)
{
  PfGsInput input;

  if (pf_gs_input_decode (bytes->data, bytes->size, &input) < 0)
    s->stats.dropped++;
  else
    tell (s, PF_GS_EVENT_INPUT)->input = input;
}

static void
on_message (PfGsSession *s, const PfGsMsg *m)
{
  switch (m->kind) {
  case PF_GS_MSG_IDR:
    on_idr (s);
    break;
  case PF_GS_MSG_RFI:
    on_rfi (s, m->rfi.first, m->rfi.last);
    break;
  case PF_GS_MSG_LTR_ACK:
    tell (s, PF_GS_EVENT_LTR_ACK)->frame = m->frame;
    break;
  case PF_GS_MSG_FEC_STATUS:
    tell (s, PF_GS_EVENT_FEC)->fec = m->fec;
    break;
  case PF_GS_MSG_INPUT:
    on_input (s, &m->input);
    break;
  default:
    break; /* signs of life */
  }
}

bool
pf_gs_session_message (
    PfGsSession *session, const uint8_t *bytes, size_t size, uint64_t now_ns)
{
  PfGsSession *s = session;
  const uint8_t *plain;
  size_t plain_size;
  PfGsMsg m;
  int ret;

  tick (s, now_ns);
  if (!s->connected || s->event_waits)
    return false;
  if (pf_gs_control_open (s->control, bytes, size, &plain, &plain_size) < 0) {
    s->stats.dropped++;
    return false;
  }
  if (s->state == STREAMING)
    s->limit_ns = now_ns + s->config.wait_ns;
  ret = pf_gs_msg_decode (plain, plain_size, false, &m);
  if (ret < 0) {
    s->stats.dropped += ret != PF_ERR_UNSUPPORTED;
    return false;
  }
  s->stats.messages++;
  on_message (s, &m);
  return true;
}

void
pf_gs_session_close (PfGsSession *session)
{
  end (session, PF_GS_CLOSE_BY_HOST);
}

void
pf_gs_session_keyframe_sent (PfGsSession *session, uint64_t now_ns)
{
  session->keyframe_sent = true;
  session->keyframe_wanted = session->rfi_wanted = false;
  session->keyframe_ns = now_ns + session->config.keyframe_gap_ns;
}

/* ---- Out ---------------------------------------------------------------- */

uint64_t
pf_gs_session_wake (const PfGsSession *session)
{
  if (session->keyframe_wanted)
    return pf_earlier (session->limit_ns, session->keyframe_ns);
  if (session->rfi_wanted)
    return pf_earlier (session->limit_ns, session->rfi_ns);
  return session->limit_ns;
}

/* Addresses, once it is settled what is sent there. */
static bool
tell_streams (PfGsSession *s)
{
  for (int i = 0; i < 2; i++)
    if (s->streams[i].changed) {
      s->streams[i].changed = false;
      tell (s, i == PF_GS_VIDEO ? PF_GS_EVENT_VIDEO_TO : PF_GS_EVENT_AUDIO_TO)
          ->address = s->streams[i].address;
      return true;
    }
  return false;
}

static bool
tell_next (PfGsSession *s, uint64_t now)
{
  if (s->state != ANNOUNCED && s->state != STREAMING)
    return false;
  if (s->tell_announced) {
    s->tell_announced = false;
    tell (s, PF_GS_EVENT_ANNOUNCED);
  } else if (s->tell_control) {
    s->tell_control = false;
    tell (s, PF_GS_EVENT_CONTROL);
  } else if (tell_streams (s)) {
    return true;
  } else if (s->keyframe_wanted && now >= s->keyframe_ns) {
    s->keyframe_wanted = false;
    s->keyframe_ns = now + s->config.keyframe_gap_ns;
    s->stats.keyframes++;
    tell (s, PF_GS_EVENT_KEYFRAME);
  } else if (s->rfi_wanted && now >= s->rfi_ns) {
    s->rfi_wanted = false;
    s->rfi_ns = now + PF_GS_SESSION_RFI_NS;
    s->stats.rfis++;
    tell (s, PF_GS_EVENT_INVALIDATE)->frames.first = s->rfi_first;
    s->event.frames.last = s->rfi_last;
  }
  return s->event_waits;
}

bool
pf_gs_session_event (PfGsSession *session, uint64_t now_ns, PfGsEvent *event)
{
  tick (session, now_ns);
  if (!session->event_waits && !tell_next (session, now_ns))
    return false;
  session->event_waits = false;
  *event = session->event;
  return true;
}

int
pf_gs_session_seal (
    PfGsSession *session, const PfGsMsg *msg, uint8_t *out, size_t *size)
{
  uint8_t plain[PF_GS_MSG_MAX];
  size_t n;
  int ret;

  if (!session->connected || msg->kind < PF_GS_MSG_RUMBLE)
    return PF_ERR_INVALID;
  ret = pf_gs_msg_encode (msg, plain, sizeof plain, &n);
  return ret < 0 ? ret
                 : pf_gs_control_seal (session->control, plain, n, out, size);
}

const PfGsAnnounce *
pf_gs_session_announce (const PfGsSession *session, bool *high_quality)
{
  if (session->handshake.announce.width == 0)
    return NULL;
  *high_quality = session->handshake.high_quality;
  return &session->handshake.announce;
}

const char *
pf_gs_session_fault (const PfGsSession *session)
{
  return session->handshake.fault;
}

const PfGsSessionStats *
pf_gs_session_stats (const PfGsSession *session)
{
  return &session->stats;
}
