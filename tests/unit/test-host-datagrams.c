/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Datagrams at the host's session machine: those that nobody asked for, cannot
 * be read, or come in any number end there (S22, S38).
 */
#include "pf-host-session.h"

#include <stdlib.h>
#include <string.h>

#include "pf-test.h"

#define S (1000 * PF_MS)

static const uint8_t peer_ip[4] = { 198, 51, 100, 9 };

static PfHostSession *host;
static PfInstant now;
static unsigned n_events[PF_HOST_CLOSE + 1];

static void
pass (uint64_t ns)
{
  now.mono_ns += ns;
  now.unix_ns += ns;
}

static void
drain (void)
{
  PfHostEvent e;

  while (pf_host_session_event (host, now, &e))
    n_events[e.type]++;
}

static void
say (const void *message, size_t size)
{
  uint8_t frame[PF_MSG_FRAME_HEADER + PF_MSG_HELLO_MAX];

  pf_msg_frame_finish (frame, size);
  memcpy (frame + PF_MSG_FRAME_HEADER, message, size);
  PF_REQUIRE_UINT (
      pf_host_session_stream (host, frame, PF_MSG_FRAME_HEADER + size, now), ==,
      PF_MSG_FRAME_HEADER + size);
  drain ();
}

static void
begin (void)
{
  const PfHostConfig config = { .peer = pf_peer_address_v4 (peer_ip, 40000),
    .limits.codecs = PF_CODEC_HEVC };
  uint8_t bytes[PF_MSG_HELLO_MAX];
  PfMsgHello hello;
  size_t size;

  now = (PfInstant){ 50 * S, UINT64_C (1700000000) * S };
  memset (n_events, 0, sizeof n_events);
  PF_REQUIRE_INT (pf_host_session_new (&config, now, &host), ==, 0);
  pf_msg_hello_init (&hello);
  hello.mode = (PfMsgMode){ 1920, 1080, 60 };
  hello.video_codecs = PF_CODEC_HEVC;
  PF_REQUIRE_INT (
      pf_msg_hello_encode (&hello, bytes, sizeof bytes, &size), ==, 0);
  say (bytes, size);
  PF_REQUIRE_UINT (n_events[PF_HOST_OFFER], ==, 1);
}

static void
run_up (uint32_t grants)
{
  const PfMsgKeys keys = { .aes = { 1 } };
  PfMsgWelcome w;
  PfOutput out;

  begin ();
  pf_msg_welcome_init (&w);
  w.mode = (PfMsgMode){ 1920, 1080, 60 };
  w.udp_port = 4242;
  w.codec = PF_CODEC_HEVC;
  w.grants = grants;
  PF_REQUIRE_INT (pf_host_session_accept (host, &w, &keys, now), ==, 0);
  PF_REQUIRE (pf_host_session_output (host, now, &out));
  say ("PKF1\x51\xc3", 6);
  PF_REQUIRE_UINT (n_events[PF_HOST_STARTED], ==, 1);
}

static void
end (void)
{
  pf_host_session_free (host);
  host = NULL;
}

static size_t
encode (const PfMsgDatagram *d, uint8_t *bytes, size_t room)
{
  size_t size;

  PF_REQUIRE_INT (pf_msg_datagram_encode (d, bytes, room, &size), ==, 0);
  return size;
}

/* In memory of exactly its size. */
static bool
give (const uint8_t *bytes, size_t size)
{
  uint8_t *copy = malloc (size ? size : 1);
  bool taken;

  PF_REQUIRE (copy != NULL);
  memcpy (copy, bytes, size);
  taken = pf_host_session_datagram (host, copy, size, now);
  drain ();
  free (copy);
  pass (1 * PF_MS); /* a rate that is fine */
  return taken;
}

static const PfMsgDatagram mic = { .tag = PF_DGRAM_MIC,
  .audio = { 7, 8, { (const uint8_t *) "opus", 4 }, { NULL, 0 } } };

/* Nothing is made of a microphone's datagrams that are cut short, or come
 * before the session runs, or without the right; it goes on after all. */
static void
test_mic (void)
{
  uint8_t bytes[64];
  const size_t size = encode (&mic, bytes, sizeof bytes);
  const size_t header = size - 4;

  begin ();
  PF_CHECK (!give (bytes, size));
  PF_CHECK_UINT (n_events[PF_HOST_MIC], ==, 0);
  end ();

  run_up (PF_GRANT_ALL & ~(uint32_t) PF_GRANT_MICROPHONE);
  PF_CHECK (!give (bytes, size));
  PF_CHECK_UINT (n_events[PF_HOST_MIC], ==, 0);
  PF_CHECK_UINT (pf_host_session_stats (host)->denied, ==, 1);
  end ();

  run_up (PF_GRANT_ALL);
  for (size_t n = 0; n < header; n++)
    PF_CHECK (!give (bytes, n));
  PF_CHECK_UINT (n_events[PF_HOST_MIC], ==, 0);
  PF_CHECK_UINT (pf_host_session_stats (host)->malformed, ==, header);
  PF_CHECK (give (bytes, size));
  PF_CHECK_UINT (n_events[PF_HOST_MIC], ==, 1);
  PF_CHECK_UINT (n_events[PF_HOST_CLOSE], ==, 0);
  end ();
}

/* Bytes of any kind: what is taken of them has a tag of a client's, and an
 * index of a pad that there can be. */
static void
test_junk (void)
{
  uint8_t junk[80];
  unsigned taken = 0;

  run_up (PF_GRANT_ALL);
  for (unsigned i = 0; i < 20000; i++) {
    const size_t size = pf_test_random_below (sizeof junk);
    PfMsgDatagram d;
    bool good;

    for (size_t j = 0; j < size; j++)
      junk[j] = (uint8_t) pf_test_random ();
    if (size > 0 && i % 2)
      junk[0] = (uint8_t) (0xc8 + pf_test_random_below (12));
    good = size > 0 && pf_msg_datagram_from_client (junk[0]) &&
           pf_msg_datagram_decode (junk, size, &d) == 0;
    if (give (junk, size)) {
      taken++;
      PF_CHECK (good);
      if (good && d.tag == PF_DGRAM_RICH && d.rich.kind != PF_RICH_PEN)
        PF_CHECK_UINT (d.rich.touchpad.pad, <, PF_PADS_MAX);
    }
  }
  pf_test_note ("%u of 20000 were taken", taken);
  PF_CHECK_UINT (taken, >, 0);
  PF_CHECK_UINT (taken, ==,
      n_events[PF_HOST_MIC] + n_events[PF_HOST_INPUT] + n_events[PF_HOST_RICH]);
  PF_CHECK_UINT (n_events[PF_HOST_CLOSE], ==, 0);
  end ();
}

/* However many datagrams come, what is made of them has a bound. */
static void
test_datagram_storm (void)
{
  const PfMsgDatagram pad = { .tag = PF_DGRAM_INPUT,
    .input = { .kind = PF_MSG_INPUT_PAD_REMOVED, .flags = 3 } };
  uint8_t bytes[64];
  const size_t size = encode (&pad, bytes, sizeof bytes);

  run_up (PF_GRANT_ALL);
  for (unsigned i = 0; i < 100000; i++) { /* 2 s */
    pf_host_session_datagram (host, bytes, size, now);
    drain ();
    pass (20000);
  }
  pf_test_note ("%u of 100000 were taken", n_events[PF_HOST_INPUT]);
  PF_CHECK_UINT (n_events[PF_HOST_INPUT], <=, 17001);
  PF_CHECK_UINT (n_events[PF_HOST_INPUT], >=, 16000);
  PF_CHECK_UINT (pf_host_session_stats (host)->throttled, >, 80000);
  pass (1 * S);
  PF_CHECK (pf_host_session_datagram (host, bytes, size, now));
  end ();
}

int
main (int argc, char **argv)
{
  PF_TEST_ADD ("/host-datagrams/S22/mic", test_mic);
  PF_TEST_ADD ("/host-datagrams/S22/junk", test_junk);
  PF_TEST_ADD ("/host-datagrams/S38/storm", test_datagram_storm);
  return pf_test_run (argc, argv);
}
