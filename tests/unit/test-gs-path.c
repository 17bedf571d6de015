/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * GameStream's control plane as a whole, over a line that loses and reorders:
 * launch, handshake, ENet, sealed messages both ways, the end.
 */
#include <string.h>

#include "enet-line.h"
#include "pf-gs-launch.h"
#include "pf-gs-session.h"
#include "pf-test.h"

enum { N_INPUTS = 300, N_RUMBLES = 60 };

static Line line;
static PfGsSession *session;
static PfGsClientHandshake handshake;
static PfGsControl *control; /* the client's */
static uint8_t key[PF_GS_KEY_SIZE];
static size_t host_seen, client_seen; /* of what the line recorded */

static unsigned n_inputs, n_rumbles, n_announced, n_connected, n_closed;
static unsigned n_keyframes;
static int16_t moved; /* by the mouse, summed */
static uint16_t last_rumble;
static uint32_t end_code;
static PfGsCloseReason reason;

/* ---- Host --------------------------------------------------------------- */

static void
drain_session (void)
{
  PfGsEvent e;

  while (pf_gs_session_event (session, line.now, &e)) {
    n_announced += e.type == PF_GS_EVENT_ANNOUNCED;
    n_connected += e.type == PF_GS_EVENT_CONTROL;
    n_keyframes += e.type == PF_GS_EVENT_KEYFRAME;
    if (e.type == PF_GS_EVENT_INPUT) {
      n_inputs++;
      if (e.input.kind == PF_GS_INPUT_MOUSE_RELATIVE)
        moved = (int16_t) (moved + e.input.mouse.x);
    } else if (e.type == PF_GS_EVENT_CLOSE) {
      n_closed++;
      reason = e.reason;
    }
  }
}

static void
serve_host (void)
{
  const LineEnd *end = &line.ends[LINE_HOST];

  for (; host_seen < end->n_events; host_seen++) {
    const LineEvent *e = &end->events[host_seen];

    if (e->type == PF_ENET_CONNECTED)
      pf_gs_session_connected (session, line.now);
    else if (e->type == PF_ENET_MESSAGE)
      PF_CHECK (pf_gs_session_message (session, e->bytes, e->size, line.now));
    else
      pf_gs_session_disconnected (session, line.now);
    drain_session ();
  }
}

static void
host_says (const PfGsMsg *m)
{
  uint8_t out[PF_GS_CONTROL_MAX];
  size_t n;

  PF_REQUIRE_INT (pf_gs_session_seal (session, m, out, &n), ==, 0);
  PF_REQUIRE_INT (
      pf_enet_send (line.ends[LINE_HOST].peer, 0, PF_ENET_RELIABLE, out, n), ==,
      0);
}

/* ---- Client ------------------------------------------------------------- */

static void
serve_client (void)
{
  const LineEnd *end = &line.ends[LINE_CLIENT];

  for (; client_seen < end->n_events; client_seen++) {
    const LineEvent *e = &end->events[client_seen];
    const uint8_t *plain;
    size_t n;
    PfGsMsg m;

    if (e->type != PF_ENET_MESSAGE)
      continue;
    PF_CHECK_UINT (e->channel, ==, 0);
    PF_REQUIRE_INT (
        pf_gs_control_open (control, e->bytes, e->size, &plain, &n), ==, 0);
    PF_REQUIRE_INT (pf_gs_msg_decode (plain, n, true, &m), ==, 0);
    if (m.kind == PF_GS_MSG_RUMBLE) {
      PF_CHECK_UINT (m.rumble.low, ==, last_rumble + 1);
      last_rumble = m.rumble.low;
      n_rumbles++;
    } else if (m.kind == PF_GS_MSG_TERMINATION) {
      end_code = m.code;
      pf_enet_disconnect (line.ends[LINE_CLIENT].peer, 0, line.now);
    }
  }
}

static void
client_says (const PfGsMsg *m, unsigned channel, PfEnetKind kind)
{
  uint8_t plain[PF_GS_MSG_MAX], out[PF_GS_CONTROL_MAX];
  size_t n;

  PF_REQUIRE_INT (pf_gs_msg_encode (m, plain, sizeof plain, &n), ==, 0);
  PF_REQUIRE_INT (pf_gs_control_seal (control, plain, n, out, &n), ==, 0);
  PF_REQUIRE_INT (
      pf_enet_send (line.ends[LINE_CLIENT].peer, channel, kind, out, n), ==, 0);
}

static void
client_inputs (const PfGsInput *input, PfEnetKind kind)
{
  uint8_t bytes[PF_GS_INPUT_MAX];
  PfGsMsg m = { .kind = PF_GS_MSG_INPUT };
  size_t n;

  PF_REQUIRE_INT (pf_gs_input_encode (input, bytes, sizeof bytes, &n), ==, 0);
  m.input = (PfMsgSpan){ bytes, n };
  client_says (&m, pf_gs_input_channel (input), kind);
}

/* ---- Both --------------------------------------------------------------- */

static void
run (uint64_t ns)
{
  const uint64_t end = line.now + ns;

  while (line.now < end) {
    line_run (&line, 5 * PF_MS);
    serve_host ();
    serve_client ();
    drain_session ();
  }
}

static void
launch (void)
{
  static const char hex[] = "000102030405060708090a0b0c0d0e0f";
  PfGsSessionConfig config = { .sealed_rtsp = true,
    .offer = { .audio_port = 48000,
        .video_port = 47998,
        .control_port = 47999,
        .ping_payload = "0123456789ABCDEF",
        .connect_data = LINE_DATA,
        .describe = { .encryption_supported = 7 },
        .encryption_required = PF_GS_ENC_ALL,
        .codecs = PF_GS_CODEC_H264 } };
  PfGsLaunch l;

  pf_gs_launch_init (&l);
  PF_REQUIRE_INT (
      pf_gs_launch_set (&l, (PfGsText){ "rikey", 5 }, (PfGsText){ hex, 32 }),
      ==, 0);
  memcpy (key, l.key, sizeof key);
  memcpy (config.key, key, sizeof key);
  config.peer = line.ends[LINE_CLIENT].address;
  PF_REQUIRE_INT (pf_gs_session_new (&config, line.now, &session), ==, 0);
  PF_REQUIRE_INT (
      pf_gs_client_handshake_init (&handshake, "rtspenc://h:48010", "h"), ==,
      0);
  handshake.announce = (PfGsAnnounce){ .client_features = 3,
    .encryption = 7,
    .width = 1280,
    .height = 720,
    .fps = 60,
    .packet_size = 1024,
    .max_kbps = 8000,
    .slices = 1,
    .channels = 2,
    .audio_ms = 5 };
  PF_REQUIRE_INT (pf_gs_control_new (false, true, key, &control), ==, 0);
}

static void
shake_hands (void)
{
  static uint8_t wire[PF_GS_RTSP_SIZE_MAX + PF_GS_RTSP_SEAL_HEADER];
  static char plain[PF_GS_RTSP_SIZE_MAX];
  PfGsRtspSeal *seal;
  unsigned status;
  size_t n;

  PF_REQUIRE_INT (pf_gs_rtsp_seal_new (false, key, &seal), ==, 0);
  while (handshake.step < PF_GS_STEP_DONE) {
    PfGsWriter w = { .bytes = plain, .room = sizeof plain };

    pf_gs_client_handshake_request (&handshake, &w);
    PF_REQUIRE_INT (pf_gs_rtsp_seal (seal, plain, w.size, wire, &n), ==, 0);
    PF_REQUIRE_INT (
        pf_gs_session_rtsp (session, &line.ends[LINE_CLIENT].address, wire, n,
            line.now, &status),
        ==, (long long) n);
    PF_REQUIRE_INT (
        pf_gs_session_rtsp_answer (session, status, line.now, wire, &n), ==, 0);
    PF_REQUIRE_INT (pf_gs_rtsp_open (seal, wire, n, plain, &n), ==, 0);
    PF_REQUIRE_INT (
        pf_gs_client_handshake_answer (&handshake, plain, n, &status), ==, 0);
    drain_session ();
  }
  pf_gs_rtsp_seal_free (seal);
}

static void
meet (void)
{
  LineEnd *host = &line.ends[LINE_HOST], *client = &line.ends[LINE_CLIENT];
  PfEnetInvite invite;

  pf_gs_session_invite (session, &invite);
  PF_REQUIRE_INT (pf_enet_expect (host->enet, &invite, &host->peer), ==, 0);
  PF_REQUIRE_INT (
      pf_enet_connect (client->enet, &host->address, PF_GS_N_CHANNELS,
          handshake.connect_data, 77, line.now, &client->peer),
      ==, 0);
  run (1500 * PF_MS);
  PF_REQUIRE_UINT (n_connected, ==, 1);
}

/* The client's inputs by turns, on their channels. */
static void
send_inputs (void)
{
  const PfGsMsg alive = { .kind = PF_GS_MSG_PING };

  for (int i = 0; i < N_INPUTS; i++) {
    const PfGsMsg rumble = { .kind = PF_GS_MSG_RUMBLE,
      .rumble = { 0, (uint16_t) (i / 5 + 1), 0 } };
    PfGsInput in = { .kind = PF_GS_INPUT_MOUSE_RELATIVE,
      .mouse = { 1, 0, 0, 0 } };

    client_inputs (&in, PF_ENET_RELIABLE);
    in = (PfGsInput){ .kind = PF_GS_INPUT_PAD,
      .pad = { .number = (uint8_t) (i % 16), .active = 0xffff } };
    client_inputs (&in, PF_ENET_RELIABLE);
    if (i % 10 == 0)
      client_says (&alive, PF_GS_CHANNEL_GENERIC, PF_ENET_RELIABLE);
    if (i % 5 == 0)
      host_says (&rumble);
    run (10 * PF_MS);
  }
  run (3000 * PF_MS);
}

static void
test_path (void)
{
  const PfGsMsg idr = { .kind = PF_GS_MSG_IDR };
  const PfGsMsg bye = { .kind = PF_GS_MSG_TERMINATION,
    .code = PF_GS_END_GRACEFUL };
  uint8_t ping[20] = "0123456789ABCDEF";

  line_init (&line, NULL, NULL);
  line.loss_percent = 10;
  line.double_percent = 5;
  line.jitter_ns = 15 * PF_MS;
  launch ();
  shake_hands ();
  PF_CHECK_UINT (n_announced, ==, 1);
  meet ();
  client_says (&idr, PF_GS_CHANNEL_GENERIC, PF_ENET_RELIABLE);
  PF_CHECK (pf_gs_session_ping (session, PF_GS_VIDEO,
      &line.ends[LINE_CLIENT].address, ping, sizeof ping, line.now));
  PF_CHECK (pf_gs_session_ping (session, PF_GS_AUDIO,
      &line.ends[LINE_CLIENT].address, ping, sizeof ping, line.now));
  run (500 * PF_MS);
  pf_gs_session_keyframe_sent (session, line.now);
  PF_CHECK_UINT (n_keyframes, ==, 0);
  client_says (&idr, PF_GS_CHANNEL_URGENT, PF_ENET_RELIABLE);
  send_inputs ();
  PF_CHECK_UINT (n_keyframes, ==, 1);
  PF_CHECK_UINT (n_inputs, ==, 2 * N_INPUTS);
  PF_CHECK_INT (moved, ==, N_INPUTS);
  PF_CHECK_UINT (n_rumbles, ==, N_RUMBLES);
  PF_CHECK_UINT (n_closed, ==, 0);
  host_says (&bye);
  run (2500 * PF_MS);
  PF_CHECK_HEX (end_code, ==, PF_GS_END_GRACEFUL);
  PF_REQUIRE_UINT (n_closed, ==, 1);
  PF_CHECK_INT (reason, ==, PF_GS_CLOSE_BY_CLIENT);
  PF_CHECK_UINT (pf_gs_session_stats (session)->dropped, ==, 0);
  PF_CHECK_UINT (pf_enet_stats (line.ends[LINE_HOST].enet)->resent, >, 0);
  pf_gs_control_free (control);
  pf_gs_session_free (session);
  line_clear (&line);
}

int
main (int argc, char **argv)
{
  PF_TEST_ADD ("/gs-path", test_path);
  return pf_test_run (argc, argv);
}
