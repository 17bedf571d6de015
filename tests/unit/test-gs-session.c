/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A GameStream session of the host with a whole client on the other side:
 * handshake, pings, messages; what ends it, and who is nobody to it.
 */
#include <string.h>

#include "pf-gs-session.h"
#include "pf-test.h"

static const uint8_t key[PF_GS_KEY_SIZE] = { 1, 2, 3 };
static const char payload[] = "0123456789ABCDEF";

static PfGsSession *host;
static PfGsSessionConfig config;
static uint64_t now;

/* the client */
static PfGsClientHandshake handshake;
static PfGsRtspSeal *rtsp;
static PfGsControl *control;
static PfPeerAddress home, elsewhere, video, audio;

/* what came out of the host */
static unsigned n_events[PF_GS_EVENT_CLOSE + 1];
static PfGsEvent last[PF_GS_EVENT_CLOSE + 1];

static void
drain (void)
{
  PfGsEvent e;

  while (pf_gs_session_event (host, now, &e)) {
    PF_CHECK_UINT (n_events[PF_GS_EVENT_CLOSE], ==, 0);
    n_events[e.type]++;
    last[e.type] = e;
  }
  PF_CHECK_UINT (pf_gs_session_wake (host), >, now);
}

static void
launch (bool sealed)
{
  const uint8_t ips[2][4] = { { 192, 0, 2, 5 }, { 192, 0, 2, 6 } };

  now = 1000 * PF_MS;
  memset (n_events, 0, sizeof n_events);
  home = pf_peer_address_v4 (ips[0], 50000);
  video = pf_peer_address_v4 (ips[0], 50001);
  audio = pf_peer_address_v4 (ips[0], 50002);
  elsewhere = pf_peer_address_v4 (ips[1], 50001);
  config = (PfGsSessionConfig){ .sealed_rtsp = sealed,
    .peer = home,
    .offer = { .audio_port = 48000,
        .video_port = 47998,
        .control_port = 47999,
        .connect_data = 0xc0ffee,
        .describe = { .features = 3,
            .encryption_supported = 7,
            .encryption_requested = 7,
            .rfi = true },
        .encryption_required = sealed ? PF_GS_ENC_ALL : 0,
        .codecs = PF_GS_CODEC_H264 } };
  memcpy (config.key, key, sizeof key);
  memcpy (config.offer.ping_payload, payload, sizeof payload);
  PF_REQUIRE_INT (pf_gs_session_new (&config, now, &host), ==, 0);
  PF_REQUIRE_INT (pf_gs_client_handshake_init (
                      &handshake, "rtsp://192.0.2.1:48010", "192.0.2.1"),
      ==, 0);
  handshake.announce = (PfGsAnnounce){ .client_features = 3,
    .encryption = 7,
    .width = 1280,
    .height = 720,
    .fps = 60,
    .packet_size = 1392,
    .max_kbps = 10000,
    .general_flags = 135,
    .reliable_udp = 13,
    .slices = 1,
    .channels = 2,
    .channel_mask = 3,
    .audio_ms = 5 };
  rtsp = NULL;
  control = NULL;
  if (sealed)
    PF_REQUIRE_INT (pf_gs_rtsp_seal_new (false, key, &rtsp), ==, 0);
}

static void
clear (void)
{
  pf_gs_session_free (host);
  pf_gs_rtsp_seal_free (rtsp);
  pf_gs_control_free (control);
}

/* The client's next request as it goes over the wire. */
static size_t
next_request (uint8_t *wire)
{
  static char plain[PF_GS_RTSP_SIZE_MAX];
  PfGsWriter w = { .bytes = plain, .room = sizeof plain };
  size_t size = 0;

  pf_gs_client_handshake_request (&handshake, &w);
  PF_REQUIRE (!w.full);
  if (rtsp) {
    PF_REQUIRE_INT (pf_gs_rtsp_seal (rtsp, plain, w.size, wire, &size), ==, 0);
    return size;
  }
  memcpy (wire, plain, w.size);
  return w.size;
}

/* Asks, is answered with this status, reads the answer. */
static unsigned
ask (unsigned wanted)
{
  static uint8_t wire[PF_GS_RTSP_SIZE_MAX + PF_GS_RTSP_SEAL_HEADER];
  static char plain[PF_GS_RTSP_SIZE_MAX];
  const size_t size = next_request (wire);
  const char *answer = (const char *) wire;
  unsigned status = 0, seen = 0;
  size_t n;

  /* in pieces */
  for (size_t i = 0; i < size; i += 7)
    PF_CHECK_INT (
        pf_gs_session_rtsp (host, &home, wire, i, now, &status), ==, 0);
  PF_REQUIRE_INT (pf_gs_session_rtsp (host, &home, wire, size, now, &status),
      ==, (long long) size);
  PF_REQUIRE_INT (
      pf_gs_session_rtsp_answer (host, wanted ? wanted : status, now, wire, &n),
      ==, 0);
  if (rtsp) {
    PF_REQUIRE_INT (pf_gs_rtsp_open (rtsp, wire, n, plain, &n), ==, 0);
    answer = plain;
  }
  pf_gs_client_handshake_answer (&handshake, answer, n, &seen);
  drain ();
  return seen;
}

static void
shake_hands (void)
{
  while (handshake.step < PF_GS_STEP_DONE)
    PF_REQUIRE_UINT (ask (0), ==, 200);
}

static bool
ping (PfGsStream stream, const PfPeerAddress *from)
{
  uint8_t bytes[20] = { 0 };
  bool taken;

  memcpy (bytes, handshake.ping_payload, 16);
  bytes[19] = 1;
  taken = pf_gs_session_ping (host, stream, from, bytes, sizeof bytes, now);
  drain ();
  return taken;
}

static bool
say (const PfGsMsg *m)
{
  uint8_t plain[PF_GS_MSG_MAX], sealed[PF_GS_CONTROL_MAX];
  bool taken;
  size_t n;

  if (!control)
    PF_REQUIRE_INT (pf_gs_control_new (false,
                        handshake.announce.encryption & PF_GS_ENC_CONTROL_V2,
                        key, &control),
        ==, 0);
  PF_REQUIRE_INT (pf_gs_msg_encode (m, plain, sizeof plain, &n), ==, 0);
  PF_REQUIRE_INT (pf_gs_control_seal (control, plain, n, sealed, &n), ==, 0);
  taken = pf_gs_session_message (host, sealed, n, now);
  drain ();
  return taken;
}

static void
stream (void)
{
  shake_hands ();
  pf_gs_session_connected (host, now);
  PF_CHECK (ping (PF_GS_VIDEO, &video));
  PF_CHECK (ping (PF_GS_AUDIO, &audio));
}

static const PfGsMsg idr = { .kind = PF_GS_MSG_IDR };
static const PfGsMsg alive = { .kind = PF_GS_MSG_PING };

static PfGsMsg
rfi (uint32_t first, uint32_t to)
{
  return (PfGsMsg){ .kind = PF_GS_MSG_RFI, .rfi = { first, to } };
}

/* ---- The way it goes ---------------------------------------------------- */

static void
test_path (const void *data)
{
  const bool sealed = *(const bool *) data;
  static const uint8_t button[] = { 0, 0, 0, 5, 8, 0, 0, 0, 3 };
  const PfGsMsg input = { .kind = PF_GS_MSG_INPUT,
    .input = { button, sizeof button } };
  const PfGsMsg rumble = { .kind = PF_GS_MSG_RUMBLE, .rumble = { 1, 2, 3 } };
  uint8_t out[PF_GS_CONTROL_MAX];
  const uint8_t *plain;
  PfEnetInvite invite;
  bool high;
  size_t n;
  PfGsMsg m;

  launch (sealed);
  PF_CHECK (pf_gs_session_announce (host, &high) == NULL);
  /* the audio ping starts when its port is known */
  PF_CHECK (!ping (PF_GS_AUDIO, &audio));
  while (handshake.step <= PF_GS_STEP_VIDEO)
    PF_REQUIRE_UINT (ask (0), ==, 200);
  PF_CHECK (ping (PF_GS_AUDIO, &audio));
  PF_CHECK_UINT (n_events[PF_GS_EVENT_AUDIO_TO], ==, 0);
  shake_hands ();
  PF_CHECK_UINT (n_events[PF_GS_EVENT_ANNOUNCED], ==, 1);
  PF_CHECK_UINT (n_events[PF_GS_EVENT_AUDIO_TO], ==, 1);
  PF_CHECK (
      pf_peer_address_equal (&last[PF_GS_EVENT_AUDIO_TO].address, &audio));
  PF_REQUIRE (pf_gs_session_announce (host, &high) != NULL);
  PF_CHECK_UINT (pf_gs_session_announce (host, &high)->packet_size, ==, 1392);
  PF_CHECK (high);
  pf_gs_session_invite (host, &invite);
  PF_CHECK (invite.check_data && invite.check_ip);
  PF_CHECK_UINT (invite.data, ==, handshake.connect_data);
  PF_CHECK_INT (
      pf_gs_session_seal (host, &rumble, out, &n), ==, PF_ERR_INVALID);
  PF_CHECK (!say (&alive));
  pf_gs_session_connected (host, now);
  drain ();
  PF_CHECK_UINT (n_events[PF_GS_EVENT_CONTROL], ==, 1);
  PF_CHECK (say (&idr));
  PF_CHECK (ping (PF_GS_VIDEO, &video));
  PF_CHECK_UINT (n_events[PF_GS_EVENT_VIDEO_TO], ==, 1);
  PF_CHECK (say (&input));
  PF_CHECK_UINT (n_events[PF_GS_EVENT_INPUT], ==, 1);
  PF_CHECK_UINT (last[PF_GS_EVENT_INPUT].input.button, ==, 3);
  PF_REQUIRE_INT (pf_gs_session_seal (host, &rumble, out, &n), ==, 0);
  PF_REQUIRE_INT (pf_gs_control_open (control, out, n, &plain, &n), ==, 0);
  PF_REQUIRE_INT (pf_gs_msg_decode (plain, n, true, &m), ==, 0);
  PF_CHECK_UINT (m.rumble.high, ==, 3);
  PF_CHECK_INT (pf_gs_session_seal (host, &idr, out, &n), ==, PF_ERR_INVALID);
  pf_gs_session_disconnected (host, now);
  drain ();
  PF_REQUIRE_UINT (n_events[PF_GS_EVENT_CLOSE], ==, 1);
  PF_CHECK_INT (last[PF_GS_EVENT_CLOSE].reason, ==, PF_GS_CLOSE_BY_CLIENT);
  PF_CHECK (!say (&alive));
  PF_CHECK_UINT (pf_gs_session_wake (host), ==, PF_NEVER);
  clear ();
}

/* A client that knows no session ids, and no new encryption. */
static void
test_old_client (void)
{
  static const uint8_t old[4] = { 'P', 'I', 'N', 'G' };
  PfEnetInvite invite;

  launch (false);
  handshake.announce.client_features = 0;
  handshake.announce.encryption = 0;
  PF_CHECK (!pf_gs_session_ping (host, PF_GS_VIDEO, &video, old, 4, now));
  shake_hands ();
  pf_gs_session_invite (host, &invite);
  PF_CHECK (invite.check_ip && invite.data == 0);
  pf_gs_session_connected (host, now);
  PF_CHECK (!pf_gs_session_ping (host, PF_GS_VIDEO, &elsewhere, old, 4, now));
  PF_CHECK (pf_gs_session_ping (host, PF_GS_VIDEO, &video, old, 4, now));
  PF_CHECK (say (&alive)); /* version 1 */
  clear ();
  launch (false);
  shake_hands ();
  PF_CHECK (!pf_gs_session_ping (host, PF_GS_VIDEO, &video, old, 4, now));
  clear ();
}

/* ---- Times -------------------------------------------------------------- */

static void
check_end (PfGsCloseReason reason)
{
  now = pf_gs_session_wake (host) - 1;
  drain ();
  PF_CHECK_UINT (n_events[PF_GS_EVENT_CLOSE], ==, 0);
  now++;
  drain ();
  PF_REQUIRE_UINT (n_events[PF_GS_EVENT_CLOSE], ==, 1);
  PF_CHECK_INT (last[PF_GS_EVENT_CLOSE].reason, ==, reason);
}

static void
test_expired (void)
{
  const uint64_t start = 1000 * PF_MS;

  launch (true);
  check_end (PF_GS_CLOSE_EXPIRED);
  PF_CHECK_UINT (now - start, ==, PF_GS_SESSION_WAIT_NS);
  clear ();
  /* each request has its time */
  launch (true);
  for (int i = 0; i < 3; i++) {
    now += 9000 * PF_MS;
    PF_CHECK_UINT (ask (0), ==, 200);
  }
  check_end (PF_GS_CLOSE_EXPIRED);
  PF_CHECK_UINT (now - start, ==, 27000 * PF_MS + PF_GS_SESSION_WAIT_NS);
  clear ();
}

/* Each of the three that must come is the one that does not. */
static void
test_incomplete (void)
{
  for (int missing = 0; missing < 3; missing++) {
    launch (true);
    shake_hands ();
    for (int i = 0; i < 9; i++) {
      if (missing != 0)
        pf_gs_session_connected (host, now);
      if (missing != 1)
        ping (PF_GS_VIDEO, &video);
      if (missing != 2)
        ping (PF_GS_AUDIO, &audio);
      if (missing != 0)
        say (&alive);
      now += 1000 * PF_MS;
    }
    check_end (PF_GS_CLOSE_INCOMPLETE);
    PF_CHECK_UINT (now, ==, 11000 * PF_MS);
    clear ();
  }
}

/* Only messages that open are signs of life. */
static void
test_vanished (void)
{
  static const uint8_t junk[40] = { 1, 0, 36, 0 };
  uint64_t heard;

  launch (true);
  stream ();
  for (int i = 0; i < 30; i++) {
    now += 5000 * PF_MS;
    PF_CHECK (say (&alive));
  }
  heard = now;
  for (int i = 0; i < 19; i++) {
    now += 500 * PF_MS;
    PF_CHECK (ping (PF_GS_VIDEO, &video));
    PF_CHECK (!pf_gs_session_message (host, junk, sizeof junk, now));
  }
  check_end (PF_GS_CLOSE_VANISHED);
  PF_CHECK_UINT (now, ==, heard + PF_GS_SESSION_WAIT_NS);
  clear ();
}

/* ---- Strangers ---------------------------------------------------------- */

static void
test_strange_rtsp (void)
{
  static const uint8_t other[PF_GS_KEY_SIZE] = { 9 };
  static uint8_t wire[PF_GS_RTSP_SIZE_MAX + PF_GS_RTSP_SEAL_HEADER];
  unsigned status;
  size_t size;

  /* a plain request to a session that seals, a sealed one of another key */
  launch (true);
  pf_gs_rtsp_seal_free (rtsp);
  rtsp = NULL;
  size = next_request (wire);
  PF_CHECK_INT (pf_gs_session_rtsp (host, &home, wire, size, now, &status), ==,
      PF_ERR_INVALID);
  PF_REQUIRE_INT (pf_gs_rtsp_seal_new (false, other, &rtsp), ==, 0);
  size = next_request (wire);
  PF_CHECK_INT (pf_gs_session_rtsp (host, &home, wire, size, now, &status), ==,
      PF_ERR_AUTH);
  PF_CHECK_INT (pf_gs_session_rtsp_answer (host, 200, now, wire, &size), ==,
      PF_ERR_INVALID);
  PF_CHECK_UINT (pf_gs_session_stats (host)->requests, ==, 0);
  clear ();
  /* without seals the address must be the one that launched */
  launch (false);
  size = next_request (wire);
  PF_CHECK_INT (pf_gs_session_rtsp (host, &elsewhere, wire, size, now, &status),
      ==, PF_ERR_AUTH);
  wire[0] |= 0x80;
  PF_CHECK_INT (pf_gs_session_rtsp (host, &home, wire, size, now, &status), ==,
      PF_ERR_AUTH);
  clear ();
}

static void
test_strange_pings (void)
{
  uint8_t bytes[21] = { 0 };

  launch (true);
  stream ();
  memset (n_events, 0, sizeof n_events);
  PF_CHECK (!ping (PF_GS_VIDEO, &elsewhere));
  memcpy (bytes, payload, 16);
  for (size_t size = 0; size <= sizeof bytes; size++)
    PF_CHECK_INT (
        pf_gs_session_ping (host, PF_GS_VIDEO, &video, bytes, size, now), ==,
        size == 20);
  for (int i = 0; i < 16; i++) {
    bytes[i] ^= 1;
    PF_CHECK (!pf_gs_session_ping (host, PF_GS_VIDEO, &video, bytes, 20, now));
    bytes[i] ^= 1;
  }
  drain ();
  PF_CHECK_UINT (n_events[PF_GS_EVENT_VIDEO_TO], ==, 0);
  /* the client's address translator gave it another port */
  video.port = 61000;
  PF_CHECK (ping (PF_GS_VIDEO, &video));
  PF_CHECK_UINT (n_events[PF_GS_EVENT_VIDEO_TO], ==, 1);
  PF_CHECK_UINT (last[PF_GS_EVENT_VIDEO_TO].address.port, ==, 61000);
  clear ();
}

/* The host's program may refuse what could be read. */
static void
test_refused (void)
{
  launch (true);
  while (handshake.step < PF_GS_STEP_ANNOUNCE)
    PF_REQUIRE_UINT (ask (0), ==, 200);
  PF_CHECK_UINT (ask (503), ==, 503);
  PF_CHECK_UINT (n_events[PF_GS_EVENT_ANNOUNCED], ==, 0);
  /* what cannot be read is not made good by it */
  handshake.announce.packet_size = 17;
  PF_CHECK_UINT (ask (200), ==, 400);
  PF_CHECK_STR (pf_gs_session_fault (host), "x-nv-video[0].packetSize");
  handshake.announce.packet_size = 1392;
  handshake.announce.encryption = 0;
  PF_CHECK_UINT (ask (200), ==, 403);
  PF_CHECK_UINT (n_events[PF_GS_EVENT_ANNOUNCED], ==, 0);
  PF_CHECK_UINT (pf_gs_session_stats (host)->refused, ==, 3);
  clear ();
}

/* ---- Wishes ------------------------------------------------------------- */

static void
test_keyframes (void)
{
  launch (true);
  stream ();
  /* asked for before the first frame: that is one anyway */
  say (&idr);
  PF_CHECK_UINT (n_events[PF_GS_EVENT_KEYFRAME], ==, 0);
  pf_gs_session_keyframe_sent (host, now);
  now += 10 * PF_MS;
  for (int i = 0; i < 5; i++)
    say (&idr);
  PF_CHECK_UINT (n_events[PF_GS_EVENT_KEYFRAME], ==, 0);
  PF_CHECK_UINT (pf_gs_session_wake (host), ==, now + 90 * PF_MS);
  now += 90 * PF_MS;
  drain ();
  PF_CHECK_UINT (n_events[PF_GS_EVENT_KEYFRAME], ==, 1);
  /* one that left for another cause meets the wish */
  now += 50 * PF_MS;
  say (&idr);
  pf_gs_session_keyframe_sent (host, now);
  now += 500 * PF_MS;
  drain ();
  PF_CHECK_UINT (n_events[PF_GS_EVENT_KEYFRAME], ==, 1);
  say (&idr);
  PF_CHECK_UINT (n_events[PF_GS_EVENT_KEYFRAME], ==, 2);
  PF_CHECK_UINT (pf_gs_session_stats (host)->keyframe_wishes, ==, 8);
  PF_CHECK_UINT (pf_gs_session_stats (host)->keyframes, ==, 2);
  clear ();
}

static void
test_invalidate (void)
{
  PfGsMsg m = rfi (50, 50);

  launch (true);
  stream ();
  say (&m);
  PF_CHECK_UINT (n_events[PF_GS_EVENT_INVALIDATE], ==, 0);
  pf_gs_session_keyframe_sent (host, now);
  now += 1000 * PF_MS;
  say (&m);
  PF_CHECK_UINT (n_events[PF_GS_EVENT_INVALIDATE], ==, 1);
  PF_CHECK_UINT (last[PF_GS_EVENT_INVALIDATE].frames.first, ==, 50);
  /* a storm is one */
  for (uint32_t i = 51; i < 60; i++) {
    m = rfi (i, i);
    say (&m);
  }
  PF_CHECK_UINT (n_events[PF_GS_EVENT_INVALIDATE], ==, 1);
  now = pf_gs_session_wake (host);
  drain ();
  PF_CHECK_UINT (n_events[PF_GS_EVENT_INVALIDATE], ==, 2);
  PF_CHECK_UINT (last[PF_GS_EVENT_INVALIDATE].frames.first, ==, 51);
  PF_CHECK_UINT (last[PF_GS_EVENT_INVALIDATE].frames.last, ==, 59);
  now += 1000 * PF_MS;
  /* too many, and none: a key frame */
  m = rfi (1, 257);
  say (&m);
  PF_CHECK_UINT (n_events[PF_GS_EVENT_KEYFRAME], ==, 1);
  now += 1000 * PF_MS;
  m = rfi (5, 4);
  say (&m);
  PF_CHECK_UINT (n_events[PF_GS_EVENT_KEYFRAME], ==, 2);
  PF_CHECK_UINT (n_events[PF_GS_EVENT_INVALIDATE], ==, 2);
  clear ();
}

static void
test_errors (void)
{
  PfGsSession *s = NULL;

  launch (true);
  config.offer.ping_payload[15] = '\0';
  PF_CHECK_INT (pf_gs_session_new (&config, 0, &s), ==, PF_ERR_INVALID);
  PF_CHECK_INT (pf_gs_session_new (NULL, 0, &s), ==, PF_ERR_INVALID);
  memcpy (config.offer.ping_payload, payload, sizeof payload);
  memset (config.key, 0, sizeof config.key);
  PF_CHECK_INT (pf_gs_session_new (&config, 0, &s), ==, PF_ERR_INVALID);
  PF_CHECK (s == NULL);
  pf_gs_session_close (host);
  drain ();
  PF_CHECK_INT (last[PF_GS_EVENT_CLOSE].reason, ==, PF_GS_CLOSE_BY_HOST);
  clear ();
}

int
main (int argc, char **argv)
{
  static const bool plain = false, sealed = true;

  pf_test_add_data ("/gs-session/path-sealed", test_path, &sealed);
  pf_test_add_data ("/gs-session/path-plain", test_path, &plain);
  PF_TEST_ADD ("/gs-session/old-client", test_old_client);
  PF_TEST_ADD ("/gs-session/expired", test_expired);
  PF_TEST_ADD ("/gs-session/incomplete", test_incomplete);
  PF_TEST_ADD ("/gs-session/vanished", test_vanished);
  PF_TEST_ADD ("/gs-session/strange-rtsp", test_strange_rtsp);
  PF_TEST_ADD ("/gs-session/strange-pings", test_strange_pings);
  PF_TEST_ADD ("/gs-session/refused", test_refused);
  PF_TEST_ADD ("/gs-session/keyframes", test_keyframes);
  PF_TEST_ADD ("/gs-session/invalidate", test_invalidate);
  PF_TEST_ADD ("/gs-session/errors", test_errors);
  return pf_test_run (argc, argv);
}
