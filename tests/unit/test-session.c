/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Both ends of a session against each other, in virtual time.
 */
#include "session-sim.h"

#include <string.h>

#include "pf-test.h"

#define S (1000 * PF_MS)

static Sim sim;

static void
check_running (void)
{
  const PfHostEvent *d = sim_host_last (&sim, PF_HOST_DESTINATION, NULL);

  PF_CHECK_UINT (sim_host_count (&sim, PF_HOST_OFFER), ==, 1);
  PF_CHECK_UINT (sim_host_count (&sim, PF_HOST_STARTED), ==, 1);
  PF_CHECK_UINT (sim_host_count (&sim, PF_HOST_CLOSE), ==, 0);
  PF_CHECK_UINT (sim_client_count (&sim, PF_CLIENT_WELCOME), ==, 1);
  PF_CHECK_UINT (sim_client_count (&sim, PF_CLIENT_CLOSE), ==, 0);
  PF_REQUIRE (d != NULL);
  PF_CHECK (pf_peer_address_equal (&d->destination, &sim.client_address));
}

static void
test_plain (void)
{
  const PfClientEvent *clock;
  uint64_t when;

  sim_init (&sim);
  sim_start (&sim);
  sim_run (&sim, 10 * S);
  check_running ();
  PF_CHECK_UINT (sim.start.client_udp_port, ==, SIM_PORT);
  PF_CHECK_UINT (sim.hello.mode.width, ==, 1280);
  PF_CHECK (sim.hello.later);
  PF_CHECK_UINT (sim.welcome.udp_port, ==, SIM_UDP_PORT);
  PF_CHECK_UINT (sim.welcome.codec, ==, PF_CODEC_HEVC);
  PF_CHECK_UINT (sim.welcome.bitrate_kbps, ==, 20000);
  PF_CHECK_UINT (sim.welcome.shard_payload, ==, 1408);
  PF_CHECK_MEM (sim.keys.aes, sim.sent_keys.aes, sizeof sim.keys.aes);
  PF_CHECK_MEM (sim.keys.salt, sim.sent_keys.salt, sizeof sim.keys.salt);
  PF_CHECK_UINT (sim_host_count (&sim, PF_HOST_DESTINATION), ==, 1);
  PF_CHECK_UINT (pf_host_session_stats (sim.host)->clock_probes, ==, 8);
  PF_CHECK_UINT (sim_client_count (&sim, PF_CLIENT_CLOCK), ==, 1);
  clock = sim_client_last (&sim, PF_CLIENT_CLOCK, &when);
  PF_REQUIRE (clock != NULL);
  PF_CHECK_INT (clock->clock.offset_ns, ==, 0);
  PF_CHECK_UINT (clock->clock.rtt_ns, ==, 10 * PF_MS);
  /* Hello and Welcome, then eight round trips */
  PF_CHECK_UINT (when, ==, 1 * S + 90 * PF_MS);
  /* every 750 ms, all of them 0 */
  PF_CHECK_UINT (sim_host_count (&sim, PF_HOST_LOSS), ==, 13);
  /* 15 every 200 ms, then every 2 s */
  PF_CHECK_UINT (pf_client_session_stats (sim.client)->punches, ==, 15 + 3);
  PF_CHECK_UINT (pf_host_session_stats (sim.host)->malformed, ==, 0);
  PF_CHECK_UINT (pf_host_session_stats (sim.host)->ignored, ==, 0);
  sim_clear (&sim);
}

/* In single bytes, with loss, on a slow and lopsided path, hours apart. */
static void
test_rough (void)
{
  for (unsigned round = 0; round < 20; round++) {
    const PfClientEvent *clock;

    sim_init (&sim);
    sim.piece_max = 1 + round % 5 * 7;
    sim.loss_percent = 40;
    sim.delay_ns = (1 + pf_test_random_below (200)) * PF_MS;
    sim.back_delay_ns = sim.delay_ns + 3 * PF_MS;
    sim.skew_ns =
        ((int64_t) pf_test_random_below (2000) - 1000) * 3600 * (int64_t) S +
        12345;
    sim_start (&sim);
    sim_run (&sim, 20 * S);
    check_running ();
    clock = sim_client_last (&sim, PF_CLIENT_CLOCK, NULL);
    PF_REQUIRE (clock != NULL);
    /* a path that is 3 ms longer one way cannot be told from 1.5 ms more */
    PF_CHECK_INT (
        clock->clock.offset_ns, ==, sim.skew_ns - 3 * (int64_t) PF_MS / 2);
    PF_CHECK_UINT (clock->clock.rtt_ns, ==, 2 * sim.delay_ns + 3 * PF_MS);
    PF_CHECK_UINT (
        pf_client_session_host_time (sim.client, sim_client_now (&sim).unix_ns),
        ==, sim_host_now (&sim).unix_ns - 3 * PF_MS / 2);
    sim_clear (&sim);
  }
}

static void
test_no_punch (void)
{
  uint64_t started, when;

  sim_init (&sim);
  sim.no_punches = true;
  sim_start (&sim);
  sim_run (&sim, 5 * S);
  check_running ();
  PF_REQUIRE (sim_host_last (&sim, PF_HOST_STARTED, &started) != NULL);
  PF_REQUIRE (sim_host_last (&sim, PF_HOST_DESTINATION, &when) != NULL);
  PF_CHECK_UINT (when - started, ==, 2500 * PF_MS);
  /* one comes through later, from behind a translator */
  sim.no_punches = false;
  sim.client_address.port = 1234;
  sim_run (&sim, 4 * S);
  PF_CHECK_UINT (sim_host_count (&sim, PF_HOST_DESTINATION), ==, 2);
  PF_CHECK_UINT (
      sim_host_last (&sim, PF_HOST_DESTINATION, NULL)->destination.port, ==,
      1234);
  sim_clear (&sim);
}

/* Neither a port in Start nor a punch: there is nowhere to send to. */
static void
test_nowhere (void)
{
  const PfHostEvent *e;

  sim_init (&sim);
  sim.no_punches = true;
  sim.client_address.port = 0;
  sim_start (&sim);
  sim_run (&sim, 12 * S);
  PF_CHECK_UINT (sim_host_count (&sim, PF_HOST_DESTINATION), ==, 0);
  e = sim_host_last (&sim, PF_HOST_CLOSE, NULL);
  PF_REQUIRE (e != NULL);
  PF_CHECK_HEX (e->close.code, ==, PF_CLOSE_SETUP_FAILED);
  sim_clear (&sim);
}

static void
test_parked (void)
{
  sim_init (&sim);
  sim.hold_offer = true;
  sim_start (&sim);
  sim_run (&sim, 1 * S);
  PF_REQUIRE_INT (pf_host_session_park (sim.host, sim_host_now (&sim)), ==, 0);
  PF_CHECK_INT (
      pf_host_session_park (sim.host, sim_host_now (&sim)), ==, PF_ERR_INVALID);
  sim_run (&sim, 170 * S); /* far beyond the 10 s of a handshake */
  PF_CHECK_UINT (sim_host_count (&sim, PF_HOST_CLOSE), ==, 0);
  sim_accept (&sim);
  sim_run (&sim, 5 * S);
  check_running ();
  sim_clear (&sim);

  /* nobody comes: at 180 s */
  sim_init (&sim);
  sim.hold_offer = true;
  sim_start (&sim);
  sim_run (&sim, 1 * S);
  pf_host_session_park (sim.host, sim_host_now (&sim));
  sim_run (&sim, 179 * S);
  PF_CHECK_UINT (sim_host_count (&sim, PF_HOST_CLOSE), ==, 0);
  sim_run (&sim, 2 * S);
  PF_REQUIRE_UINT (sim_host_count (&sim, PF_HOST_CLOSE), ==, 1);
  PF_CHECK_HEX (sim_host_last (&sim, PF_HOST_CLOSE, NULL)->close.code, ==,
      PF_CLOSE_APPROVAL_TIME);
  sim_clear (&sim);
}

/* A host that does not answer: neither side waits for ever. */
static void
test_silence (void)
{
  uint64_t when;

  sim_init (&sim);
  sim.hold_offer = true;
  sim_start (&sim);
  sim_run (&sim, 200 * S);
  PF_CHECK_HEX (sim_host_last (&sim, PF_HOST_CLOSE, &when)->close.code, ==,
      PF_CLOSE_SETUP_FAILED);
  PF_CHECK_UINT (when, ==, 11 * S + 5 * PF_MS);
  PF_REQUIRE (sim_client_last (&sim, PF_CLIENT_CLOSE, &when) != NULL);
  PF_CHECK_UINT (when, ==, 186 * S);
  PF_CHECK_UINT (sim_host_count (&sim, PF_HOST_CLOSE), ==, 1);
  PF_CHECK_UINT (sim_client_count (&sim, PF_CLIENT_CLOSE), ==, 1);
  sim_clear (&sim);
}

/* A Welcome that is never read: no Start. */
static void
test_no_start (void)
{
  uint64_t when;

  sim_init (&sim);
  sim.deaf = true;
  sim_start (&sim);
  sim_run (&sim, 30 * S);
  PF_REQUIRE (sim_host_last (&sim, PF_HOST_CLOSE, &when) != NULL);
  PF_CHECK_UINT (when, ==, 11 * S + 5 * PF_MS);
  sim_clear (&sim);
}

/* Many key frame wishes make one event, and then one per 750 ms. */
static void
test_keyframes (void)
{
  uint64_t first = 0, when;

  sim_init (&sim);
  sim_start (&sim);
  sim_run (&sim, 2 * S);
  for (unsigned i = 0; i < 40; i++) {
    pf_client_session_send (
        sim.client, &(PfMsgControl){ .type = PF_MSG_REQUEST_KEYFRAME });
    sim_run (&sim, 10 * PF_MS);
    if (i == 0)
      PF_REQUIRE (sim_host_last (&sim, PF_HOST_KEYFRAME, &first) != NULL);
  }
  sim_run (&sim, 3 * S);
  PF_CHECK_UINT (pf_host_session_stats (sim.host)->keyframe_wishes, ==, 40);
  PF_CHECK_UINT (sim_host_count (&sim, PF_HOST_KEYFRAME), ==, 2);
  sim_host_last (&sim, PF_HOST_KEYFRAME, &when);
  PF_CHECK_UINT (when - first, ==, 750 * PF_MS);

  /* one that was made anyway is as good */
  pf_host_session_keyframe_made (sim.host, 0, sim_host_now (&sim));
  pf_client_session_request_keyframe (sim.client, sim_client_now (&sim));
  sim_run (&sim, 500 * PF_MS);
  PF_CHECK_UINT (sim_host_count (&sim, PF_HOST_KEYFRAME), ==, 2);
  pf_host_session_keyframe_made (sim.host, 0, sim_host_now (&sim));
  sim_run (&sim, 3 * S);
  PF_CHECK_UINT (sim_host_count (&sim, PF_HOST_KEYFRAME), ==, 2);
  sim_clear (&sim);
}

/* Loss of a few frames: invalidation, and a key frame only if that did not
 * help. */
static void
test_recovery (void)
{
  const PfHostEvent *e;

  sim_init (&sim);
  sim_start (&sim);
  sim_run (&sim, 2 * S);
  pf_client_session_lost (sim.client, 100, 103, sim_client_now (&sim));
  sim_run (&sim, 20 * PF_MS);
  PF_REQUIRE_UINT (sim_host_count (&sim, PF_HOST_INVALIDATE), ==, 1);
  e = sim_host_last (&sim, PF_HOST_INVALIDATE, NULL);
  PF_CHECK_UINT (e->frames.first, ==, 100);
  PF_CHECK_UINT (e->frames.last, ==, 103);
  pf_host_session_invalidated (sim.host, sim_host_now (&sim));
  pf_client_session_recovered (sim.client);
  sim_run (&sim, 2 * S);
  PF_CHECK_UINT (sim_host_count (&sim, PF_HOST_KEYFRAME), ==, 0);

  /* three losses at once: asked together, at most every 100 ms */
  pf_client_session_lost (sim.client, 200, 201, sim_client_now (&sim));
  sim_run (&sim, 20 * PF_MS);
  PF_CHECK_UINT (sim_host_count (&sim, PF_HOST_INVALIDATE), ==, 2);
  pf_client_session_lost (sim.client, 210, 211, sim_client_now (&sim));
  pf_client_session_lost (sim.client, 205, 206, sim_client_now (&sim));
  sim_run (&sim, 20 * PF_MS);
  PF_CHECK_UINT (sim_host_count (&sim, PF_HOST_INVALIDATE), ==, 2);
  sim_run (&sim, 100 * PF_MS);
  PF_CHECK_UINT (sim_host_count (&sim, PF_HOST_INVALIDATE), ==, 3);
  e = sim_host_last (&sim, PF_HOST_INVALIDATE, NULL);
  PF_CHECK_UINT (e->frames.first, ==, 205);
  PF_CHECK_UINT (e->frames.last, ==, 211);
  /* nothing comes of it: 350 ms after the first loss, then every 750 ms */
  sim_run (&sim, 300 * PF_MS);
  PF_CHECK_UINT (sim_host_count (&sim, PF_HOST_KEYFRAME), ==, 1);
  sim_run (&sim, 800 * PF_MS);
  PF_CHECK_UINT (sim_host_count (&sim, PF_HOST_KEYFRAME), ==, 2);
  pf_client_session_recovered (sim.client);
  sim_run (&sim, 3 * S);
  PF_CHECK_UINT (sim_host_count (&sim, PF_HOST_KEYFRAME), ==, 2);

  /* too many to refer past, also when numbers wrap */
  pf_client_session_lost (
      sim.client, UINT32_MAX - 200, 55, sim_client_now (&sim));
  sim_run (&sim, 20 * PF_MS);
  PF_CHECK_UINT (sim_host_count (&sim, PF_HOST_INVALIDATE), ==, 3);
  PF_CHECK_UINT (sim_host_count (&sim, PF_HOST_KEYFRAME), ==, 3);
  sim_clear (&sim);
}

/* Losses that wait for their turn while a key frame is asked for are told: the
 * host, which has just invalidated, takes the wish for an echo. */
static void
test_echo_and_loss (void)
{
  const PfHostEvent *e;

  sim_init (&sim);
  sim_start (&sim);
  sim_run (&sim, 2 * S);
  pf_client_session_lost (sim.client, 100, 101, sim_client_now (&sim));
  sim_run (&sim, 270 * PF_MS);
  pf_client_session_lost (sim.client, 110, 110, sim_client_now (&sim));
  sim_run (&sim, 40 * PF_MS);
  PF_CHECK_UINT (sim_host_count (&sim, PF_HOST_INVALIDATE), ==, 2);
  pf_host_session_invalidated (sim.host, sim_host_now (&sim));
  pf_client_session_lost (sim.client, 115, 116, sim_client_now (&sim));
  sim_run (&sim, 200 * PF_MS);
  PF_CHECK_UINT (sim_host_count (&sim, PF_HOST_KEYFRAME), ==, 0);
  PF_REQUIRE_UINT (sim_host_count (&sim, PF_HOST_INVALIDATE), ==, 3);
  e = sim_host_last (&sim, PF_HOST_INVALIDATE, NULL);
  PF_CHECK_UINT (e->frames.first, ==, 115);
  PF_CHECK_UINT (e->frames.last, ==, 116);
  sim_clear (&sim);
}

/* Right after an invalidation a wish for a key frame is an echo. */
static void
test_echo (void)
{
  sim_init (&sim);
  sim_start (&sim);
  sim_run (&sim, 2 * S);
  pf_host_session_invalidated (sim.host, sim_host_now (&sim));
  pf_client_session_request_keyframe (sim.client, sim_client_now (&sim));
  sim_run (&sim, 299 * PF_MS);
  PF_CHECK_UINT (pf_host_session_stats (sim.host)->keyframe_wishes, ==, 1);
  PF_CHECK_UINT (sim_host_count (&sim, PF_HOST_KEYFRAME), ==, 0);
  pf_client_session_request_keyframe (sim.client, sim_client_now (&sim));
  sim_run (&sim, 1 * S);
  PF_CHECK_UINT (sim_host_count (&sim, PF_HOST_KEYFRAME), ==, 1);
  sim_clear (&sim);
}

static void
test_reconfigure (void)
{
  const PfClientEvent *e;

  sim_init (&sim);
  sim_start (&sim);
  sim_run (&sim, 2 * S);
  /* a window being dragged: the last size counts */
  for (uint32_t i = 0; i < 100; i++) {
    const PfMsgMode mode = { 1280 + 2 * i, 720, 60 };

    pf_client_session_reconfigure (sim.client, &mode);
    sim_run (&sim, 10 * PF_MS);
  }
  sim_run (&sim, 2 * S);
  PF_CHECK_UINT (sim_host_count (&sim, PF_HOST_RECONFIGURE), ==, 3);
  PF_CHECK_UINT (
      sim_host_last (&sim, PF_HOST_RECONFIGURE, NULL)->mode.width, ==, 1478);
  e = sim_client_last (&sim, PF_CLIENT_RECONFIGURED, NULL);
  PF_REQUIRE (e != NULL);
  PF_CHECK_UINT (e->reconfigured.accepted, ==, 1);
  PF_CHECK_UINT (e->reconfigured.mode.width, ==, 1478);
  PF_CHECK_UINT (sim_client_count (&sim, PF_CLIENT_RECONFIGURED), ==, 3);
  /* a mode that no host has: refused with the one in use, nobody is asked */
  pf_client_session_reconfigure (
      sim.client, &(PfMsgMode){ 16384, 16384, 1000 });
  sim_run (&sim, 2 * S);
  PF_CHECK_UINT (sim_host_count (&sim, PF_HOST_RECONFIGURE), ==, 3);
  e = sim_client_last (&sim, PF_CLIENT_RECONFIGURED, NULL);
  PF_CHECK_UINT (e->reconfigured.accepted, ==, 0);
  PF_CHECK_UINT (e->reconfigured.mode.width, ==, 1478);
  sim_clear (&sim);
}

/* A host that takes its time for a mode, and then wants some before the next:
 * the wish that waited is not sent too early, and not refused. */
static void
test_slow_mode (void)
{
  const PfMsgMode one = { 1280, 720, 60 }, two = { 640, 360, 60 };
  const PfClientEvent *e;

  sim_init (&sim);
  sim.hold_modes = true;
  sim_start (&sim);
  sim_run (&sim, 2 * S);
  pf_client_session_reconfigure (sim.client, &one);
  sim_run (&sim, 100 * PF_MS);
  pf_client_session_reconfigure (sim.client, &two);
  sim_run (&sim, 900 * PF_MS);
  PF_CHECK_UINT (sim_host_count (&sim, PF_HOST_RECONFIGURE), ==, 1);
  pf_host_session_reconfigured (sim.host, true, sim_host_now (&sim));
  sim_run (&sim, 400 * PF_MS);
  PF_CHECK_UINT (sim_host_count (&sim, PF_HOST_RECONFIGURE), ==, 1);
  sim_run (&sim, 400 * PF_MS);
  PF_CHECK_UINT (sim_host_count (&sim, PF_HOST_RECONFIGURE), ==, 2);
  pf_host_session_reconfigured (sim.host, true, sim_host_now (&sim));
  sim_run (&sim, 100 * PF_MS);
  PF_CHECK_UINT (sim_client_count (&sim, PF_CLIENT_RECONFIGURED), ==, 2);
  e = sim_client_last (&sim, PF_CLIENT_RECONFIGURED, NULL);
  PF_CHECK_UINT (e->reconfigured.accepted, ==, 1);
  PF_CHECK_UINT (e->reconfigured.mode.width, ==, 640);
  sim_clear (&sim);
}

static void
test_bitrate (void)
{
  sim_init (&sim);
  sim.host_config.limits.max_kbps = 50000;
  sim_start (&sim);
  sim_run (&sim, 2 * S);
  for (uint32_t i = 0; i < 50; i++) {
    pf_client_session_set_bitrate (sim.client, 1000 + i);
    sim_run (&sim, 1 * PF_MS);
  }
  sim_run (&sim, 1 * S);
  PF_CHECK_UINT (sim_client_count (&sim, PF_CLIENT_BITRATE), ==, 50);
  PF_CHECK_UINT (sim_host_count (&sim, PF_HOST_BITRATE), ==, 2);
  PF_CHECK_UINT (
      sim_host_last (&sim, PF_HOST_BITRATE, NULL)->bitrate_kbps, ==, 1049);
  pf_client_session_set_bitrate (sim.client, UINT32_MAX);
  sim_run (&sim, 1 * S);
  PF_CHECK_UINT (
      sim_host_last (&sim, PF_HOST_BITRATE, NULL)->bitrate_kbps, ==, 50000);
  PF_CHECK_UINT (
      sim_client_last (&sim, PF_CLIENT_BITRATE, NULL)->bitrate_kbps, ==, 50000);
  sim_clear (&sim);
}

static void
test_probe (void)
{
  const PfHostEvent *e;
  const PfClientEvent *r;
  uint64_t losses;

  sim_init (&sim);
  sim_start (&sim);
  sim_run (&sim, 2 * S);
  PF_CHECK_INT (pf_client_session_probe (
                    sim.client, UINT32_MAX, 2000, sim_client_now (&sim)),
      ==, 0);
  PF_CHECK_INT (
      pf_client_session_probe (sim.client, 1, 1, sim_client_now (&sim)), ==,
      PF_ERR_INVALID);
  sim_run (&sim, 50 * PF_MS);
  e = sim_host_last (&sim, PF_HOST_PROBE, NULL);
  PF_REQUIRE (e != NULL);
  PF_CHECK_UINT (e->probe.target_kbps, ==, PF_PROBE_KBPS_MAX);
  PF_CHECK_UINT (e->probe.duration_ms, ==, 2000);
  losses = sim_host_count (&sim, PF_HOST_LOSS);
  sim_run (&sim, 2 * S);
  PF_CHECK_UINT (sim_host_count (&sim, PF_HOST_LOSS), ==, losses);
  pf_host_session_probe_done (
      sim.host, &(PfMsgProbeResult){ .bytes_sent = 1000, .wire_packets = 7 });
  sim_run (&sim, 1 * S);
  r = sim_client_last (&sim, PF_CLIENT_PROBE_RESULT, NULL);
  PF_REQUIRE (r != NULL);
  PF_CHECK_UINT (r->probe.bytes_sent, ==, 1000);
  PF_CHECK_UINT (r->probe.wire_packets, ==, 7);
  PF_CHECK_UINT (sim_host_count (&sim, PF_HOST_LOSS), >, losses);
  /* within 10 s of the last: all zero, the encoder is not asked */
  PF_CHECK_INT (
      pf_client_session_probe (sim.client, 5000, 100, sim_client_now (&sim)),
      ==, 0);
  sim_run (&sim, 1 * S);
  PF_CHECK_UINT (sim_host_count (&sim, PF_HOST_PROBE), ==, 1);
  r = sim_client_last (&sim, PF_CLIENT_PROBE_RESULT, NULL);
  PF_CHECK_UINT (r->probe.bytes_sent, ==, 0);
  /* a host that never says how it went */
  sim_run (&sim, 10 * S);
  PF_CHECK_INT (
      pf_client_session_probe (sim.client, 5000, 100, sim_client_now (&sim)),
      ==, 0);
  sim_run (&sim, 6 * S);
  PF_CHECK_UINT (sim_host_count (&sim, PF_HOST_PROBE), ==, 2);
  PF_CHECK_UINT (sim_client_count (&sim, PF_CLIENT_PROBE_RESULT), ==, 3);
  sim_clear (&sim);

  /* a client whose frame numbers filler would disturb */
  sim_init (&sim);
  sim.client_config.hello.video_caps = 0;
  sim_start (&sim);
  sim_run (&sim, 2 * S);
  pf_client_session_probe (sim.client, 5000, 100, sim_client_now (&sim));
  sim_run (&sim, 1 * S);
  PF_CHECK_UINT (sim_host_count (&sim, PF_HOST_PROBE), ==, 0);
  r = sim_client_last (&sim, PF_CLIENT_PROBE_RESULT, NULL);
  PF_REQUIRE (r != NULL);
  PF_CHECK_UINT (r->probe.bytes_sent, ==, 0);
  sim_clear (&sim);
}

/* Figures of a receiver go out as they come, with none the client still
 * reports. */
static void
test_loss (void)
{
  sim_init (&sim);
  sim_start (&sim);
  sim_run (&sim, 2 * S);
  for (unsigned i = 0; i < 8; i++) {
    const size_t n = sim_host_count (&sim, PF_HOST_LOSS);

    pf_client_session_loss (sim.client, 1000 + i, sim_client_now (&sim));
    sim_run (&sim, 750 * PF_MS);
    if (i > 0)
      PF_CHECK_UINT (sim_host_count (&sim, PF_HOST_LOSS), ==, n + 1);
    PF_CHECK_UINT (
        sim_host_last (&sim, PF_HOST_LOSS, NULL)->loss_ppm, ==, 1000 + i);
  }
  sim_run (&sim, 2 * S);
  PF_CHECK_UINT (sim_host_last (&sim, PF_HOST_LOSS, NULL)->loss_ppm, ==, 0);
  /* a figure too many is not forgotten but joined to the next */
  pf_client_session_loss (sim.client, 0, sim_client_now (&sim));
  sim_run (&sim, 400 * PF_MS);
  pf_client_session_loss (sim.client, 0, sim_client_now (&sim));
  sim_run (&sim, 10 * PF_MS);
  pf_client_session_loss (sim.client, UINT32_MAX, sim_client_now (&sim));
  sim_run (&sim, 1500 * PF_MS);
  PF_CHECK_UINT (
      sim_host_last (&sim, PF_HOST_LOSS, NULL)->loss_ppm, <=, 1000000);
  sim_clear (&sim);
}

static void
test_input (void)
{
  PfMsgDatagram d = { .tag = PF_DGRAM_INPUT };
  const PfHostEvent *e;

  sim_init (&sim);
  sim_start (&sim);
  d.input = (PfMsgInput){ PF_MSG_INPUT_KEY_DOWN, 0x41, 0, 0, 0 };
  sim_datagram (&sim, &d); /* before the session: nobody's key */
  sim_run (&sim, 2 * S);
  PF_CHECK_UINT (sim_host_count (&sim, PF_HOST_INPUT), ==, 0);
  sim_datagram (&sim, &d);
  sim_run (&sim, 100 * PF_MS);
  e = sim_host_last (&sim, PF_HOST_INPUT, NULL);
  PF_REQUIRE (e != NULL);
  PF_CHECK_UINT (e->input.code, ==, 0x41);

  /* rights, each for itself, and their end */
  pf_host_session_grant (sim.host, PF_GRANT_POINTER, 60);
  sim_datagram (&sim, &d);
  d.input = (PfMsgInput){ PF_MSG_INPUT_MOUSE_MOVE, 0, 1, 2, 0 };
  sim_datagram (&sim, &d);
  d.input = (PfMsgInput){ PF_MSG_INPUT_PAD_BUTTON, PF_PAD_A, 1, 0, 0 };
  sim_datagram (&sim, &d);
  d.input = (PfMsgInput){ PF_MSG_INPUT_MOUSE_ABSOLUTE, 0, 1, 2, 0 };
  sim_datagram (&sim, &d); /* on no surface */
  d = (PfMsgDatagram){ .tag = PF_DGRAM_MIC };
  sim_datagram (&sim, &d);
  d = (PfMsgDatagram){ .tag = PF_DGRAM_RICH };
  d.rich.kind = PF_RICH_MOTION;
  sim_datagram (&sim, &d);
  d.rich.kind = PF_RICH_PEN;
  sim_datagram (&sim, &d);
  d = (PfMsgDatagram){ .tag = PF_DGRAM_RUMBLE }; /* the other way */
  sim_datagram (&sim, &d);
  sim_run (&sim, 100 * PF_MS);
  PF_CHECK_UINT (sim_host_count (&sim, PF_HOST_INPUT), ==, 2);
  PF_CHECK_UINT (sim_host_count (&sim, PF_HOST_RICH), ==, 1);
  PF_CHECK_UINT (sim_host_count (&sim, PF_HOST_MIC), ==, 0);
  PF_CHECK_UINT (pf_host_session_stats (sim.host)->denied, ==, 4);
  PF_CHECK_UINT (pf_host_session_stats (sim.host)->malformed, ==, 2);
  PF_CHECK_UINT (sim_client_count (&sim, PF_CLIENT_MESSAGE), ==, 1);
  sim_clear (&sim);
}

static void
test_close (void)
{
  const PfClientEvent *c;
  PfClientEvent again;
  PfOutput out;

  sim_init (&sim);
  sim_start (&sim);
  sim_run (&sim, 2 * S);
  pf_client_session_close (sim.client, true);
  pf_client_session_close (sim.client, false);
  sim_run (&sim, 10 * S);
  PF_CHECK_UINT (sim_client_count (&sim, PF_CLIENT_CLOSE), ==, 1);
  c = sim_client_last (&sim, PF_CLIENT_CLOSE, NULL);
  PF_REQUIRE (c != NULL);
  PF_CHECK_HEX (c->close.code, ==, PF_CLOSE_QUIT);
  PF_CHECK (
      !pf_client_session_output (sim.client, sim_client_now (&sim), &out));
  PF_CHECK (
      !pf_client_session_event (sim.client, sim_client_now (&sim), &again));
  PF_CHECK_UINT (pf_client_session_wake (sim.client), ==, PF_NEVER);
  pf_host_session_close (sim.host, PF_CLOSE_DONE, NULL);
  sim_run (&sim, 1 * S);
  PF_CHECK_HEX (
      sim_host_last (&sim, PF_HOST_CLOSE, NULL)->close.code, ==, PF_CLOSE_DONE);
  PF_CHECK_UINT (pf_host_session_wake (sim.host), ==, PF_NEVER);
  sim_clear (&sim);
}

/* The estimate follows a path that gets better and is not spoilt by one that
 * gets worse. */
static void
test_clock_batches (void)
{
  sim_init (&sim);
  sim.delay_ns = 50 * PF_MS;
  sim_start (&sim);
  sim_run (&sim, 10 * S);
  PF_CHECK_UINT (sim_client_last (&sim, PF_CLIENT_CLOCK, NULL)->clock.rtt_ns,
      ==, 100 * PF_MS);
  sim.delay_ns = 2 * PF_MS;
  sim_run (&sim, 30 * S);
  PF_CHECK_UINT (sim_client_count (&sim, PF_CLIENT_CLOCK), ==, 2);
  PF_CHECK_UINT (sim_client_last (&sim, PF_CLIENT_CLOCK, NULL)->clock.rtt_ns,
      ==, 4 * PF_MS);
  sim.delay_ns = 80 * PF_MS;
  sim_run (&sim, 60 * S);
  PF_CHECK_UINT (sim_client_count (&sim, PF_CLIENT_CLOCK), ==, 2);
  sim_run (&sim, 60 * S); /* but not for ever */
  PF_CHECK_UINT (sim_client_count (&sim, PF_CLIENT_CLOCK), >, 2);
  PF_CHECK_UINT (sim_client_last (&sim, PF_CLIENT_CLOCK, NULL)->clock.rtt_ns,
      ==, 160 * PF_MS);
  sim_clear (&sim);
}

int
main (int argc, char **argv)
{
  PF_TEST_ADD ("/session/plain", test_plain);
  PF_TEST_ADD ("/session/rough", test_rough);
  PF_TEST_ADD ("/session/no-punch", test_no_punch);
  PF_TEST_ADD ("/session/nowhere", test_nowhere);
  PF_TEST_ADD ("/session/parked", test_parked);
  PF_TEST_ADD ("/session/silence", test_silence);
  PF_TEST_ADD ("/session/no-start", test_no_start);
  PF_TEST_ADD ("/session/keyframes", test_keyframes);
  PF_TEST_ADD ("/session/recovery", test_recovery);
  PF_TEST_ADD ("/session/echo", test_echo);
  PF_TEST_ADD ("/session/echo-and-loss", test_echo_and_loss);
  PF_TEST_ADD ("/session/reconfigure", test_reconfigure);
  PF_TEST_ADD ("/session/slow-mode", test_slow_mode);
  PF_TEST_ADD ("/session/bitrate", test_bitrate);
  PF_TEST_ADD ("/session/probe", test_probe);
  PF_TEST_ADD ("/session/loss", test_loss);
  PF_TEST_ADD ("/session/input", test_input);
  PF_TEST_ADD ("/session/close", test_close);
  PF_TEST_ADD ("/session/clock-batches", test_clock_batches);
  return pf_test_run (argc, argv);
}
