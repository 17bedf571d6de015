/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Fuzz target for the two session machines. The first byte of an input says
 * which one; what follows are steps, each a byte and what it needs: time
 * passes, bytes of the stream in pieces, messages that may well be right,
 * datagrams, punches, and what the side's own program does. After each step
 * everything is fetched, and what the headers promise must hold: the close
 * comes once and last, times to wake at lie ahead, what goes out is well
 * formed, rights and the peer's address are kept.
 */
#include "fuzz-wire.h"

#include <string.h>

#include "pf-client-session.h"
#include "pf-host-session.h"

enum { MAX_STEPS = 400, PIECE_MAX = 300 };

static PfInstant now;
static bool closed;

static void
pass (FuzzInput *in)
{
  const uint64_t ns = (uint64_t) fuzz_take16 (in) * 4 * PF_MS;

  now.mono_ns += ns;
  now.unix_ns += ns;
}

/* Up to PIECE_MAX bytes of the input in an allocation of exactly their
 * size. */
static uint8_t *
take_bytes (FuzzInput *in, size_t *size)
{
  const size_t wanted = fuzz_take16 (in) % PIECE_MAX;
  uint8_t *bytes;

  *size = wanted < in->n ? wanted : in->n;
  bytes = malloc (*size + !*size);
  FUZZ_CHECK (bytes != NULL);
  for (size_t i = 0; i < *size; i++)
    bytes[i] = (uint8_t) fuzz_take8 (in);
  return bytes;
}

/* A message of this type with a body of the length that it should have, or
 * another one. */
static size_t
take_control (FuzzInput *in, uint8_t *frame)
{
  const size_t body = fuzz_take8 (in) % 64;
  uint8_t *m = frame + PF_MSG_FRAME_HEADER;

  memcpy (m, "PKFc", 4);
  m[4] = (uint8_t) fuzz_take8 (in);
  for (size_t i = 0; i < body; i++)
    m[5 + i] = (uint8_t) fuzz_take8 (in);
  pf_msg_frame_finish (frame, 5 + body);
  return PF_MSG_FRAME_HEADER + 5 + body;
}

/* Everything that is sent is a message that decodes. */
static void
check_output (const PfOutput *out)
{
  const uint8_t *m = out->bytes.data + PF_MSG_FRAME_HEADER;
  const size_t size = out->bytes.size - PF_MSG_FRAME_HEADER;
  PfMsgWelcome w;
  PfMsgControl c;
  PfMsgHello h;
  PfMsgStart s;
  PfMsgKeys k;

  FUZZ_CHECK (!closed);
  if (out->kind == PF_OUTPUT_PUNCH) {
    FUZZ_CHECK (pf_punch_is (out->bytes.data, out->bytes.size));
    return;
  }
  FUZZ_CHECK (out->bytes.size >= PF_MSG_FRAME_HEADER);
  if (pf_msg_namespace (m, size) == PF_MSG_TYPED)
    FUZZ_CHECK (pf_msg_control_decode (m, size, &c) == 0);
  else
    FUZZ_CHECK (pf_msg_welcome_decode (m, size, false, &w, &k) == 0 ||
                pf_msg_hello_decode (m, size, &h) == 0 ||
                pf_msg_start_decode (m, size, false, &s) == 0);
}

/* ---- The host ----------------------------------------------------------- */

static PfHostSession *host;
static PfMsgHello offered;
static PfPeerAddress peers[2];
static uint32_t grants;

static PfPeerAddress
address (uint32_t last_byte, uint32_t port)
{
  const uint8_t ip[4] = { 10, 0, 0, (uint8_t) last_byte };

  return pf_peer_address_v4 (ip, (uint16_t) port);
}

static void
check_host_event (const PfHostEvent *e)
{
  FUZZ_CHECK (!closed);
  closed = e->type == PF_HOST_CLOSE;
  switch (e->type) {
  case PF_HOST_OFFER:
    offered = *e->hello;
    break;
  case PF_HOST_DESTINATION:
    FUZZ_CHECK (e->destination.port != 0);
    FUZZ_CHECK (pf_peer_address_same_ip (&e->destination, &peers[0]) ||
                pf_peer_address_same_ip (&e->destination, &peers[1]));
    break;
  case PF_HOST_RECONFIGURE:
    FUZZ_CHECK (e->mode.width <= 7680 && e->mode.height <= 4320 &&
                e->mode.refresh_hz <= 480 && e->mode.refresh_hz > 0);
    break;
  case PF_HOST_LOSS:
    FUZZ_CHECK (e->loss_ppm <= 1000000);
    break;
  case PF_HOST_BITRATE:
    FUZZ_CHECK (e->bitrate_kbps >= PF_BITRATE_MIN_KBPS &&
                e->bitrate_kbps <= PF_BITRATE_MAX_KBPS);
    break;
  case PF_HOST_INVALIDATE:
    FUZZ_CHECK (e->frames.last - e->frames.first < PF_HOST_RFI_FRAMES);
    break;
  case PF_HOST_PROBE:
    FUZZ_CHECK (e->probe.target_kbps <= PF_PROBE_KBPS_MAX &&
                e->probe.duration_ms <= PF_PROBE_MS_MAX);
    break;
  case PF_HOST_INPUT:
    FUZZ_CHECK (pf_msg_input_check (&e->input) == 0);
    FUZZ_CHECK (grants & pf_msg_input_grant (&e->input));
    break;
  case PF_HOST_MIC:
    FUZZ_CHECK (grants & PF_GRANT_MICROPHONE);
    break;
  case PF_HOST_CLOSE:
    FUZZ_CHECK (e->close.text != NULL);
    break;
  default:
    break;
  }
}

static void
drain_host (void)
{
  PfHostEvent e;
  PfOutput out;

  while (pf_host_session_event (host, now, &e))
    check_host_event (&e);
  while (pf_host_session_output (host, now, &out))
    check_output (&out);
  FUZZ_CHECK (!pf_host_session_event (host, now, &e));
  FUZZ_CHECK (pf_host_session_wake (host) > now.mono_ns);
  FUZZ_CHECK (!closed || pf_host_session_wake (host) == PF_NEVER);
}

static void
host_stream (const uint8_t *bytes, size_t size)
{
  size_t at = 0;

  while (at < size) {
    const size_t used =
        pf_host_session_stream (host, bytes + at, size - at, now);

    FUZZ_CHECK (used > 0 && used <= size - at);
    at += used;
    drain_host ();
  }
}

/* A Hello that is right but for the bytes behind the mode. */
static void
host_hello (FuzzInput *in)
{
  uint8_t frame[PF_MSG_FRAME_HEADER + 20 + PIECE_MAX] = { 0 };
  uint8_t *m = frame + PF_MSG_FRAME_HEADER, *tail;
  size_t size;

  memcpy (m, "PKF1\2\0\0\0\0\5\0\0\320\2\0\0\74\0\0\0", 20);
  tail = take_bytes (in, &size);
  memcpy (m + 20, tail, size);
  free (tail);
  pf_msg_frame_finish (frame, 20 + size);
  host_stream (frame, PF_MSG_FRAME_HEADER + 20 + size);
}

static void
host_answer (FuzzInput *in)
{
  const PfHostAbilities abilities = {
    .codecs = 7, .chacha20 = true, .pcm = true, .hdr = true, .ten_bit = true
  };
  const uint32_t what = fuzz_take8 (in);
  PfMsgKeys keys = { .aes = { 1 }, .chacha = { 2 } };
  PfMsgProbeResult result = { .bytes_sent = what };
  PfMsgControl pair = { .type = PF_MSG_PAIR_CHALLENGE };
  PfMsgWelcome w;

  switch (what % 9) {
  case 0:
  case 1:
    if (pf_choose_welcome (&abilities, &offered, what & 16, &w) < 0)
      break;
    w.udp_port = 4242;
    w.grants = fuzz_take8 (in);
    w.host_caps2 = (uint8_t) fuzz_take8 (in);
    if (pf_host_session_accept (host, &w, &keys, now) == 0)
      grants = w.grants;
    break;
  case 2:
    pf_host_session_park (host, now);
    break;
  case 3:
    pf_host_session_reconfigured (host, what & 16, now);
    break;
  case 4:
    pf_host_session_set_invalidates (host, what & 16);
    pf_host_session_keyframe_made (host, (uint32_t) what, now);
    break;
  case 5:
    pf_host_session_invalidated (host, now);
    break;
  case 6:
    pf_host_session_probe_done (host, &result);
    break;
  case 7:
    grants = fuzz_take8 (in);
    pf_host_session_grant (host, grants, 1);
    break;
  default:
    if (what > 240)
      pf_host_session_close (host, PF_CLOSE_BUSY, NULL);
    else if (what > 220)
      pf_host_session_stream_end (host);
    if (what > 200)
      pair.type = PF_MSG_PAIR_RESULT;
    if (what > 180)
      pf_host_session_pair_send (host, &pair, now);
    break;
  }
}

static void
host_packet (FuzzInput *in, uint32_t what)
{
  const PfPeerAddress from =
      address (fuzz_take8 (in) % 3, 50000 + fuzz_take8 (in) % 4);
  size_t size;
  uint8_t *bytes;

  if (what & 8) {
    pf_host_session_punch (host, &from, pf_punch_bytes, PF_PUNCH_SIZE, now);
    return;
  }
  bytes = take_bytes (in, &size);
  if (what & 16)
    pf_host_session_punch (host, &from, bytes, size, now);
  else
    pf_host_session_datagram (host, bytes, size, now);
  free (bytes);
}

static void
host_step (FuzzInput *in)
{
  const uint32_t what = fuzz_take8 (in);
  uint8_t frame[PF_MSG_FRAME_HEADER + 5 + 64], *bytes;
  size_t size;

  switch (what % 7) {
  case 0:
    pass (in);
    break;
  case 1:
    bytes = take_bytes (in, &size);
    host_stream (bytes, size);
    free (bytes);
    break;
  case 2:
    size = take_control (in, frame);
    host_stream (frame, size);
    break;
  case 3:
    host_packet (in, what);
    break;
  case 4:
    host_hello (in);
    break;
  case 5:
    host_answer (in);
    break;
  default:
    if (what & 8) {
      peers[0] = peers[1];
      peers[1] = address (fuzz_take8 (in) % 3, 40000);
      pf_host_session_peer_moved (host, &peers[1], now);
    } else {
      host_stream ((const uint8_t *) "\6\0PKF1\121\303", 8); /* Start */
    }
    break;
  }
  drain_host ();
}

/* ---- The client --------------------------------------------------------- */

static PfClientSession *client;

static void
drain_client (void)
{
  PfClientEvent e;
  PfOutput out;

  while (pf_client_session_event (client, now, &e)) {
    FUZZ_CHECK (!closed);
    closed = e.type == PF_CLIENT_CLOSE;
    if (e.type == PF_CLIENT_WELCOME) {
      FUZZ_CHECK (e.welcome->udp_port != 0 && e.welcome->encrypt);
      FUZZ_CHECK (e.welcome->shard_payload % 2 == 0);
      FUZZ_CHECK (pf_client_session_start (client, 50001, now) == 0);
    }
  }
  while (pf_client_session_output (client, now, &out))
    check_output (&out);
  while (pf_client_session_event (client, now, &e))
    closed = e.type == PF_CLIENT_CLOSE;
  FUZZ_CHECK (pf_client_session_wake (client) > now.mono_ns);
}

static void
client_stream (const uint8_t *bytes, size_t size)
{
  size_t at = 0;

  while (at < size) {
    const size_t used =
        pf_client_session_stream (client, bytes + at, size - at, now);

    FUZZ_CHECK (used > 0 && used <= size - at);
    at += used;
    drain_client ();
  }
}

/* A Welcome that is right, with some bytes changed or cut. */
static void
client_welcome (FuzzInput *in)
{
  uint8_t frame[PF_MSG_FRAME_HEADER + PF_MSG_WELCOME_MAX];
  const uint32_t how = fuzz_take8 (in);
  PfMsgKeys keys = { .aes = { 1 }, .chacha = { 2 } };
  PfMsgWelcome w;
  size_t size;

  pf_msg_welcome_init (&w);
  w.mode = (PfMsgMode){ 1280, 720, 60 };
  w.udp_port = 4242;
  w.cipher = how & 1;
  w.audio_layout = how >> 1 & 1;
  FUZZ_CHECK (pf_msg_welcome_encode (&w, &keys, !(how & 12) || (how & 1),
                  frame + PF_MSG_FRAME_HEADER, PF_MSG_WELCOME_MAX, &size) == 0);
  for (uint32_t i = how >> 6; i > 0; i--)
    frame[PF_MSG_FRAME_HEADER + fuzz_take8 (in) % size] =
        (uint8_t) fuzz_take8 (in);
  if (how & 32)
    size = fuzz_take8 (in) % (size + 1);
  pf_msg_frame_finish (frame, size);
  client_stream (frame, PF_MSG_FRAME_HEADER + size);
}

static void
client_wish (FuzzInput *in)
{
  const uint32_t what = fuzz_take8 (in);
  const PfMsgMode mode = { what, 720, 60 };
  const uint32_t first = fuzz_take16 (in);

  switch (what % 8) {
  case 0:
    pf_client_session_lost (client, first, first + what, now);
    break;
  case 1:
    pf_client_session_recovered (client);
    break;
  case 2:
    pf_client_session_request_keyframe (client, now);
    break;
  case 3:
    pf_client_session_loss (client, first * 100, now);
    break;
  case 4:
    pf_client_session_reconfigure (client, &mode);
    break;
  case 5:
    pf_client_session_set_bitrate (client, first);
    break;
  case 6:
    pf_client_session_probe (client, first, what, now);
    break;
  default:
    if (what > 240)
      pf_client_session_close (client, what & 1);
    break;
  }
}

static void
client_step (FuzzInput *in)
{
  const uint32_t what = fuzz_take8 (in);
  uint8_t frame[PF_MSG_FRAME_HEADER + 5 + 64], *bytes;
  size_t size;

  switch (what % 5) {
  case 0:
    pass (in);
    break;
  case 1:
    bytes = take_bytes (in, &size);
    client_stream (bytes, size);
    free (bytes);
    break;
  case 2:
    size = take_control (in, frame);
    client_stream (frame, size);
    break;
  case 3:
    client_welcome (in);
    break;
  default:
    client_wish (in);
    break;
  }
  drain_client ();
}

int
LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t n_bytes)
{
  FuzzInput in = { bytes, n_bytes };
  const uint32_t flags = fuzz_take8 (&in);
  PfHostConfig host_config = { .limits.codecs = 7 };
  PfClientConfig client_config = { 0 };

  now = (PfInstant){ 5, UINT64_C (1700000000) * 1000 * PF_MS };
  closed = false;
  grants = 0;
  peers[0] = peers[1] = host_config.peer = address (1, 40000);
  pf_msg_hello_init (&offered);
  pf_msg_hello_init (&client_config.hello);
  client_config.hello.video_caps = (uint8_t) flags;
  if (flags & 1) {
    FUZZ_CHECK (pf_client_session_new (&client_config, now, &client) == 0);
    for (int i = 0; i < MAX_STEPS && in.n > 0; i++)
      client_step (&in);
    pf_client_session_free (client);
  } else {
    FUZZ_CHECK (pf_host_session_new (&host_config, now, &host) == 0);
    for (int i = 0; i < MAX_STEPS && in.n > 0; i++)
      host_step (&in);
    pf_host_session_free (host);
  }
  return 0;
}
