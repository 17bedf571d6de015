/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Fuzz target for a host's GameStream session. The first byte says whether
 * RTSP is sealed; what follows are steps, each a byte and what it needs: time
 * passes, requests that are right but for some bytes, any bytes, pings from
 * here and there, control messages sealed as a client does, ENet, and what
 * the host itself does. What pf-gs-session.h promises must hold: nothing comes
 * after the close, media goes to the address that launched, times to wake at
 * lie ahead, answers can be read.
 */
#include "fuzz-wire.h"

#include <string.h>

#include "pf-gs-session.h"

enum { MAX_STEPS = 200 };

static const uint8_t key[PF_GS_KEY_SIZE] = { 1, 2, 3 };

static PfGsSession *session;
static PfGsClientHandshake client;
static PfGsRtspSeal *rtsp;
static PfGsControl *control;
static PfPeerAddress home;
static bool closed;
static uint64_t now;

static void
check_event (const PfGsEvent *e)
{
  uint8_t out[PF_GS_INPUT_MAX];
  bool high;
  size_t n;

  FUZZ_CHECK (!closed);
  switch (e->type) {
  case PF_GS_EVENT_ANNOUNCED:
    FUZZ_CHECK (pf_gs_session_announce (session, &high) != NULL);
    break;
  case PF_GS_EVENT_VIDEO_TO:
  case PF_GS_EVENT_AUDIO_TO:
    FUZZ_CHECK (pf_peer_address_same_ip (&e->address, &home));
    FUZZ_CHECK (e->address.port != 0);
    break;
  case PF_GS_EVENT_INVALIDATE:
    FUZZ_CHECK (e->frames.last - e->frames.first < PF_GS_SESSION_RFI_FRAMES);
    break;
  case PF_GS_EVENT_INPUT:
    FUZZ_CHECK (pf_gs_input_encode (&e->input, out, sizeof out, &n) == 0);
    break;
  case PF_GS_EVENT_CLOSE:
    FUZZ_CHECK (e->reason != 0);
    closed = true;
    break;
  default:
    break;
  }
}

static void
drain (void)
{
  PfGsEvent e;

  while (pf_gs_session_event (session, now, &e))
    check_event (&e);
  FUZZ_CHECK (pf_gs_session_wake (session) > now);
  FUZZ_CHECK (!closed || pf_gs_session_wake (session) == PF_NEVER);
}

static PfPeerAddress
address (uint32_t which)
{
  const uint8_t ip[4] = { 10, 0, 0, (uint8_t) (which & 3 ? 1 : 2) };

  return pf_peer_address_v4 (ip, (uint16_t) (which & 4 ? 0 : 40000 + which));
}

/* The answer, which the client reads. */
static void
answer (unsigned status)
{
  static uint8_t wire[PF_GS_RTSP_SIZE_MAX + PF_GS_RTSP_SEAL_HEADER];
  static char plain[PF_GS_RTSP_SIZE_MAX];
  const char *text = (const char *) wire;
  PfGsRtspMessage m;
  unsigned seen;
  size_t n;

  FUZZ_CHECK (pf_gs_session_rtsp_answer (session, status, now, wire, &n) == 0);
  if (rtsp) {
    FUZZ_CHECK (pf_gs_rtsp_open (rtsp, wire, n, plain, &n) == 0);
    text = plain;
  }
  FUZZ_CHECK (pf_gs_rtsp_response_parse (text, n, &m) == 0);
  pf_gs_client_handshake_answer (&client, text, n, &seen);
}

static void
give (const char *text, size_t size, bool sealed, uint32_t from, unsigned wish)
{
  static uint8_t wire[PF_GS_RTSP_SIZE_MAX + PF_GS_RTSP_SEAL_HEADER];
  const PfPeerAddress peer = address (from);
  unsigned status = 0;
  size_t n = size;
  uint8_t *exact;
  int ret;

  memcpy (wire, text, size);
  if (sealed && pf_gs_rtsp_seal (rtsp, text, size, wire, &n) < 0)
    return;
  exact = malloc (n + !n);
  FUZZ_CHECK (exact != NULL);
  memcpy (exact, wire, n);
  ret = pf_gs_session_rtsp (session, &peer, exact, n, now, &status);
  free (exact);
  FUZZ_CHECK (ret <= (int) n);
  if (ret > 0)
    answer (wish == 1 ? 503 : status);
}

/* The request that is due, with some bytes changed. */
static void
step_request (FuzzInput *in)
{
  static char text[PF_GS_RTSP_SIZE_MAX];
  PfGsWriter w = { .bytes = text, .room = sizeof text };
  const uint32_t how = fuzz_take8 (in);

  pf_gs_client_handshake_request (&client, &w);
  if (w.size == 0)
    return;
  for (uint32_t i = how >> 6; i > 0; i--)
    text[fuzz_take16 (in) % w.size] = (char) fuzz_take8 (in);
  give (text, w.size, rtsp != NULL, how & 8 ? how : 1, how >> 4 & 3);
}

static void
step_raw (FuzzInput *in)
{
  const uint32_t how = fuzz_take8 (in);
  size_t size = fuzz_take8 (in);

  if (size > in->n)
    size = in->n;
  give ((const char *) in->bytes, size, rtsp && (how & 8), how, 0);
  in->bytes += size;
  in->n -= size;
}

static void
step_ping (FuzzInput *in)
{
  const uint32_t how = fuzz_take8 (in);
  const PfPeerAddress from = address (how);
  uint8_t bytes[20] = "0123456789abcdef";

  if (how & 8)
    bytes[fuzz_take8 (in) % 20] ^= (uint8_t) fuzz_take8 (in);
  if (how & 16)
    memcpy (bytes, "PING", 4);
  pf_gs_session_ping (session, how >> 7, &from, bytes, how & 16 ? 4 : 20, now);
}

static void
step_message (FuzzInput *in)
{
  uint8_t plain[PF_GS_MSG_MAX], wire[PF_GS_CONTROL_MAX];
  const uint32_t type = fuzz_take16 (in);
  size_t size = fuzz_take8 (in), n;

  if (size > in->n)
    size = in->n;
  plain[0] = (uint8_t) type;
  plain[1] = (uint8_t) (type >> 8);
  plain[2] = (uint8_t) size;
  plain[3] = 0;
  memcpy (plain + PF_GS_MSG_HEADER, in->bytes, size);
  in->bytes += size;
  in->n -= size;
  FUZZ_CHECK (pf_gs_control_seal (
                  control, plain, PF_GS_MSG_HEADER + size, wire, &n) == 0);
  pf_gs_session_message (session, wire, n, now);
}

static void
step_host (FuzzInput *in)
{
  const uint32_t what = fuzz_take8 (in);
  const PfGsMsg led = { .kind = PF_GS_MSG_LED };
  uint8_t out[PF_GS_CONTROL_MAX];
  size_t n;

  switch (what % 4) {
  case 0:
    pf_gs_session_keyframe_sent (session, now);
    break;
  case 1:
    pf_gs_session_connected (session, now);
    break;
  case 2:
    if (what > 200)
      pf_gs_session_disconnected (session, now);
    else if (what > 180)
      pf_gs_session_close (session);
    break;
  default:
    pf_gs_session_seal (session, &led, out, &n);
    break;
  }
}

static void
step (FuzzInput *in)
{
  switch (fuzz_take8 (in) % 6) {
  case 0:
    now += (uint64_t) fuzz_take8 (in) * 20 * PF_MS;
    break;
  case 1:
    step_request (in);
    break;
  case 2:
    step_raw (in);
    break;
  case 3:
    step_ping (in);
    break;
  case 4:
    step_message (in);
    break;
  default:
    step_host (in);
    break;
  }
  drain ();
}

int
LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t n_bytes)
{
  FuzzInput in = { bytes, n_bytes };
  const uint32_t flags = fuzz_take8 (&in);
  PfGsSessionConfig config = { .sealed_rtsp = flags & 1,
    .offer = { .ping_payload = "0123456789abcdef",
        .describe = { .rfi = true },
        .codecs = PF_GS_CODEC_H264 } };

  home = config.peer = address (1);
  memcpy (config.key, key, sizeof key);
  now = 5 * PF_MS;
  closed = false;
  rtsp = NULL;
  FUZZ_CHECK (pf_gs_session_new (&config, now, &session) == 0);
  FUZZ_CHECK (pf_gs_client_handshake_init (&client, "rtsp://h:1", "h") == 0);
  client.announce = (PfGsAnnounce){ .client_features = flags >> 1 & 3,
    .encryption = flags >> 3 & 7,
    .width = 640,
    .height = 480,
    .fps = 30,
    .packet_size = 1024,
    .max_kbps = 1000,
    .slices = 1,
    .channels = 2,
    .audio_ms = 5 };
  if (flags & 1)
    FUZZ_CHECK (pf_gs_rtsp_seal_new (false, key, &rtsp) == 0);
  FUZZ_CHECK (pf_gs_control_new (false, flags >> 3 & 1, key, &control) == 0);
  for (int i = 0; i < MAX_STEPS && in.n > 0; i++)
    step (&in);
  pf_gs_session_free (session);
  pf_gs_rtsp_seal_free (rtsp);
  pf_gs_control_free (control);
  return 0;
}
