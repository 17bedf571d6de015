/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The host's session machine against peers of every age, made from the bytes
 * of real ones, and against hostile ones.
 */
#include "pf-host-session.h"

#include <stdlib.h>
#include <string.h>

#include "msg-vectors.h"
#include "pf-bytes.h"
#include "pf-test.h"

#define S (1000 * PF_MS)

static const uint8_t peer_ip[4] = { 198, 51, 100, 9 };

static PfHostSession *host;
static PfInstant now;
static PfHostEvent last; /* event */
static unsigned n_events[PF_HOST_CLOSE + 1];

static void
begin (void)
{
  PfHostConfig config = { .peer = pf_peer_address_v4 (peer_ip, 40000),
    .limits.codecs = PF_CODEC_HEVC | PF_CODEC_H264 | PF_CODEC_AV1 };

  now = (PfInstant){ 50 * S, UINT64_C (1700000000) * S };
  memset (n_events, 0, sizeof n_events);
  last = (PfHostEvent){ 0 };
  PF_REQUIRE_INT (pf_host_session_new (&config, now, &host), ==, 0);
}

static void
end (void)
{
  pf_host_session_free (host);
  host = NULL;
}

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

  while (pf_host_session_event (host, now, &e)) {
    last = e;
    n_events[e.type]++;
  }
}

/* Raw bytes of the stream, in memory of exactly their size. */
static void
feed_raw (const void *bytes, size_t size)
{
  size_t at = 0;

  while (at < size) {
    uint8_t *copy = malloc (size - at);
    size_t used;

    PF_REQUIRE (copy != NULL);
    memcpy (copy, (const uint8_t *) bytes + at, size - at);
    used = pf_host_session_stream (host, copy, size - at, now);
    free (copy);
    PF_REQUIRE (used > 0);
    at += used;
    drain ();
  }
}

static void
feed (const void *message, size_t size)
{
  uint8_t frame[PF_MSG_FRAME_HEADER + 9000];

  PF_REQUIRE (size <= 9000);
  pf_msg_frame_finish (frame, size);
  if (size > 0)
    memcpy (frame + PF_MSG_FRAME_HEADER, message, size);
  feed_raw (frame, PF_MSG_FRAME_HEADER + size);
}

static void
feed_control (const PfMsgControl *control)
{
  uint8_t bytes[PF_MSG_CONTROL_MAX];
  size_t size;

  PF_REQUIRE_INT (
      pf_msg_control_encode (control, bytes, sizeof bytes, &size), ==, 0);
  feed (bytes, size);
}

static void
feed_mic (void)
{
  const PfMsgDatagram mic = { .tag = PF_DGRAM_MIC,
    .audio = { 7, 8, { (const uint8_t *) "opus", 4 }, { NULL, 0 } } };
  static uint8_t bytes[64]; /* the event points into it */
  size_t size;

  PF_REQUIRE_INT (
      pf_msg_datagram_encode (&mic, bytes, sizeof bytes, &size), ==, 0);
  PF_CHECK (pf_host_session_datagram (host, bytes, size, now));
  drain ();
}

static void
feed_hello (const PfMsgHello *hello)
{
  uint8_t bytes[PF_MSG_HELLO_MAX];
  size_t size;

  PF_REQUIRE_INT (
      pf_msg_hello_encode (hello, bytes, sizeof bytes, &size), ==, 0);
  feed (bytes, size);
}

static int
answer (PfMsgWelcome *w)
{
  const PfHostAbilities abilities = { .codecs = PF_CODEC_HEVC | PF_CODEC_AV1 |
                                                PF_CODEC_H264,
    .ten_bit = true,
    .hdr = true,
    .chroma444 = true,
    .chacha20 = true };
  PfMsgKeys keys;
  int ret;

  memset (&keys, 0x6b, sizeof keys);
  ret = pf_choose_welcome (&abilities, last.hello, true, w);
  if (ret < 0)
    return ret;
  w->udp_port = 4242;
  return pf_host_session_accept (host, w, &keys, now);
}

/* From Hello to a running session. */
static void
run_up (void)
{
  PfMsgHello hello;
  PfMsgWelcome w;
  PfOutput out;

  begin ();
  pf_msg_hello_init (&hello);
  hello.mode = (PfMsgMode){ 1920, 1080, 60 };
  hello.video_codecs = PF_CODEC_HEVC;
  hello.video_caps = PF_VIDEO_PROBE_INDEX;
  feed_hello (&hello);
  PF_REQUIRE_UINT (n_events[PF_HOST_OFFER], ==, 1);
  PF_REQUIRE_INT (answer (&w), ==, 0);
  PF_REQUIRE (pf_host_session_output (host, now, &out));
  feed ("PKF1\x51\xc3", 6);
  PF_REQUIRE_UINT (n_events[PF_HOST_STARTED], ==, 1);
}

/* ---- Peers of every age ------------------------------------------------- */

/* Every Hello of the vectors, cut at every length that a peer may have. */
static void
test_lengths (void)
{
  size_t index = 0, n_short = 0, n_long = 0;
  MsgVector v;

  while (msg_vectors_next ("Hello", &index, &v))
    for (size_t n = 20; n <= v.bytes.size; n++) {
      PfMsgWelcome w, back;
      PfMsgKeys keys;
      PfOutput out;

      begin ();
      feed (v.bytes.data, n);
      PF_REQUIRE_UINT (n_events[PF_HOST_OFFER], ==, 1);
      PF_REQUIRE_INT (answer (&w), ==, 0);
      PF_REQUIRE (pf_host_session_output (host, now, &out));
      PF_REQUIRE_INT (pf_msg_welcome_decode (out.bytes.data + 2,
                          out.bytes.size - 2, false, &back, &keys),
          ==, 0);
      if (last.hello->later) {
        n_long++;
        PF_CHECK_UINT (out.bytes.size, >=, 2 + 68);
        if (out.bytes.size > 2 + 68)
          PF_CHECK_UINT (out.bytes.data[2 + 68], <=, 1);
      } else {
        n_short++;
        PF_CHECK_UINT (out.bytes.size, ==, 2 + 66);
        PF_CHECK_UINT (back.codec, ==, PF_CODEC_HEVC);
      }
      PF_CHECK_UINT (back.mode.width, ==, 1920);
      PF_CHECK_UINT (back.udp_port, ==, 4242);
      feed ("PKF1\x51\xc3", 6);
      PF_CHECK_UINT (n_events[PF_HOST_STARTED], ==, 1);
      PF_CHECK_UINT (n_events[PF_HOST_CLOSE], ==, 0);
      end ();
    }
  PF_CHECK_UINT (n_short, >, 100);
  PF_CHECK_UINT (n_long, >, 50);
  crypto_vectors_clear ();
}

/* A longer Start, and messages of a later day. */
static void
test_later_peers (void)
{
  uint8_t start[40] = "PKF1\x51\xc3", odd[200] = "PKFc";
  PfMsgHello hello;
  PfMsgWelcome w;

  begin ();
  pf_msg_hello_init (&hello);
  hello.mode = (PfMsgMode){ 1920, 1080, 60 };
  hello.video_codecs = PF_CODEC_HEVC;
  feed_hello (&hello);
  PF_REQUIRE_INT (answer (&w), ==, 0);
  feed (start, sizeof start);
  PF_REQUIRE_UINT (n_events[PF_HOST_STARTED], ==, 1);
  for (unsigned type = 0; type < 256; type++) {
    odd[4] = (uint8_t) type;
    if (!pf_msg_control_name (type))
      feed (odd, 5 + type % 7);
  }
  feed ("PKFz1", 5);
  feed ("", 0);
  feed (odd, sizeof odd);
  PF_CHECK_UINT (n_events[PF_HOST_CLOSE], ==, 0);
  PF_CHECK_UINT (pf_host_session_stats (host)->ignored, >, 200);
  feed_control (&(PfMsgControl){ .type = PF_MSG_REQUEST_KEYFRAME });
  PF_CHECK_UINT (n_events[PF_HOST_KEYFRAME], ==, 1);
  end ();
}

static void
test_pairing (void)
{
  PfMsgControl c = { .type = PF_MSG_PAIR_REQUEST };
  PfOutput out;

  begin ();
  memset (c.pair_request.spake, 0x41, PF_MSG_SPAKE_SIZE);
  feed_control (&c);
  PF_REQUIRE_UINT (n_events[PF_HOST_PAIR], ==, 1);
  PF_CHECK_UINT (n_events[PF_HOST_OFFER], ==, 0);
  c = (PfMsgControl){ .type = PF_MSG_PAIR_CHALLENGE };
  PF_CHECK_INT (pf_host_session_pair_send (host, &c, now), ==, 0);
  PF_CHECK (pf_host_session_output (host, now, &out));
  PF_CHECK_UINT (out.bytes.size, ==, 2 + 5 + 2 + 33 + 32);
  pass (59 * S);
  c = (PfMsgControl){ .type = PF_MSG_PAIR_PROOF };
  feed_control (&c);
  PF_CHECK_UINT (n_events[PF_HOST_PAIR], ==, 2);
  pass (61 * S);
  drain ();
  PF_CHECK_UINT (n_events[PF_HOST_CLOSE], ==, 1);
  end ();

  /* a proof alone is no ceremony */
  begin ();
  feed_control (&c);
  PF_CHECK_UINT (n_events[PF_HOST_PAIR], ==, 0);
  PF_CHECK_UINT (n_events[PF_HOST_CLOSE], ==, 1);
  PF_CHECK_INT (pf_host_session_pair_send (host, &c, now), ==, PF_ERR_INVALID);
  end ();
}

/* Somebody is to type the PIN; then the client has its time again, and when it
 * knows the result it has little. */
static void
test_pairing_parked (void)
{
  PfMsgControl c = { .type = PF_MSG_PAIR_REQUEST };

  begin ();
  feed_control (&c);
  PF_CHECK_INT (pf_host_session_park (host, now), ==, 0);
  pass (179 * S);
  drain ();
  PF_CHECK_UINT (n_events[PF_HOST_CLOSE], ==, 0);
  c.type = PF_MSG_PAIR_CHALLENGE;
  PF_CHECK_INT (pf_host_session_pair_send (host, &c, now), ==, 0);
  pf_host_session_stream_end (host); /* it has nothing more to say */
  pass (59 * S);
  drain ();
  PF_CHECK_UINT (n_events[PF_HOST_CLOSE], ==, 0);
  c.type = PF_MSG_PAIR_RESULT;
  PF_CHECK_INT (pf_host_session_pair_send (host, &c, now), ==, 0);
  PF_CHECK_INT (pf_host_session_pair_send (host, &c, now), ==, PF_ERR_INVALID);
  pass (4 * S);
  drain ();
  PF_CHECK_UINT (n_events[PF_HOST_CLOSE], ==, 0);
  pass (1 * S);
  drain ();
  PF_CHECK_UINT (n_events[PF_HOST_CLOSE], ==, 1);
  PF_CHECK_HEX (last.close.code, ==, PF_CLOSE_DONE);
  end ();

  /* nobody types it */
  begin ();
  c.type = PF_MSG_PAIR_REQUEST;
  feed_control (&c);
  PF_CHECK_INT (pf_host_session_park (host, now), ==, 0);
  pass (180 * S);
  drain ();
  PF_REQUIRE_UINT (n_events[PF_HOST_CLOSE], ==, 1);
  PF_CHECK_HEX (last.close.code, ==, PF_CLOSE_APPROVAL_TIME);
  end ();
}

/* ---- Hostile peers ------------------------------------------------------ */

static void
check_first (const void *message, size_t size, PfCloseCode code)
{
  begin ();
  feed (message, size);
  PF_CHECK_UINT (n_events[PF_HOST_OFFER], ==, 0);
  PF_REQUIRE_UINT (n_events[PF_HOST_CLOSE], ==, 1);
  PF_CHECK_HEX (last.close.code, ==, code);
  PF_CHECK (last.close.text != NULL);
  /* closed is closed */
  feed ("PKF1\2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20);
  pass (1000 * S);
  drain ();
  PF_CHECK_UINT (n_events[PF_HOST_CLOSE], ==, 1);
  PF_CHECK_UINT (n_events[PF_HOST_OFFER], ==, 0);
  PF_CHECK_UINT (pf_host_session_wake (host), ==, PF_NEVER);
  end ();
}

static void
test_first_message (void)
{
  static const uint8_t version3[40] = "PKF1\3";
  static const uint8_t long_one[8300] = "PKF1\2";

  check_first ("", 0, PF_CLOSE_ERROR);
  check_first ("GET / HTTP/1.1\r\n\r\n", 18, PF_CLOSE_ERROR);
  check_first ("PKF1\2\0\0\0\0\0", 10, PF_CLOSE_ERROR);
  check_first ("PKFc\3", 5, PF_CLOSE_ERROR);
  check_first ("PKFc\xee", 5, PF_CLOSE_ERROR);
  check_first (version3, sizeof version3, PF_CLOSE_WIRE_VERSION);
  check_first (version3, 8, PF_CLOSE_WIRE_VERSION);
  check_first (long_one, sizeof long_one, PF_CLOSE_ERROR);
}

/* A byte a second: the time of the first message is the time of its last
 * byte. */
static void
test_slow (void)
{
  PfMsgHello hello;
  uint8_t bytes[2 + PF_MSG_HELLO_MAX];
  size_t size;

  begin ();
  pf_msg_hello_init (&hello);
  pf_msg_hello_encode (&hello, bytes + 2, PF_MSG_HELLO_MAX, &size);
  pf_msg_frame_finish (bytes, size);
  for (size_t i = 0; i < size + 2 && n_events[PF_HOST_CLOSE] == 0; i++) {
    feed_raw (bytes + i, 1);
    pass (1 * S);
    drain ();
  }
  PF_CHECK_UINT (now.mono_ns, ==, 60 * S);
  PF_CHECK_UINT (n_events[PF_HOST_CLOSE], ==, 1);
  PF_CHECK_UINT (n_events[PF_HOST_OFFER], ==, 0);
  end ();
}

/* Messages while somebody decides. */
static void
test_impatient (void)
{
  PfMsgHello hello;
  PfMsgWelcome w;

  begin ();
  pf_msg_welcome_init (&w);
  pf_msg_hello_init (&hello);
  hello.mode = (PfMsgMode){ 1920, 1080, 60 };
  feed_hello (&hello);
  pf_host_session_park (host, now);
  feed_hello (&hello);
  PF_CHECK_UINT (n_events[PF_HOST_OFFER], ==, 1);
  PF_CHECK_UINT (n_events[PF_HOST_CLOSE], ==, 1);
  PF_CHECK_INT (
      pf_host_session_accept (host, &w, &(PfMsgKeys){ .aes = { 1 } }, now), ==,
      PF_ERR_INVALID);
  end ();

  /* a Start that is none */
  begin ();
  feed_hello (&hello);
  PF_REQUIRE_INT (answer (&w), ==, 0);
  feed ("PKFc\3", 5);
  PF_CHECK_UINT (n_events[PF_HOST_STARTED], ==, 0);
  PF_CHECK_UINT (n_events[PF_HOST_CLOSE], ==, 1);
  end ();
}

/* Sizes and rates that make no sense are refused where they come in. */
static void
test_modes (void)
{
  static const PfMsgMode bad[] = {
    { 0, 1080, 60 },
    { 1920, 0, 60 },
    { 1920, 1080, 0 },
    { 16384, 16384, 1000 },
    { UINT32_MAX, UINT32_MAX, UINT32_MAX },
    { 7682, 4320, 60 },
    { 1, 1, 60 },
  };
  const PfHostAbilities abilities = { .codecs = PF_CODEC_HEVC };
  PfMsgHello hello;
  PfMsgWelcome w;

  pf_msg_hello_init (&hello);
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    hello.mode = bad[i];
    PF_CHECK_INT (
        pf_choose_welcome (&abilities, &hello, true, &w), ==, PF_ERR_RANGE);
    run_up ();
    feed_control (
        &(PfMsgControl){ .type = PF_MSG_RECONFIGURE, .reconfigure = bad[i] });
    PF_CHECK_UINT (n_events[PF_HOST_RECONFIGURE], ==, 0);
    end ();
  }
}

/* What a client may ask for in any number costs a bounded number of events
 * and a bounded memory, and other messages still get through. */
static void
test_storms (void)
{
  static const PfMsgControl wishes[] = {
    { .type = PF_MSG_REQUEST_KEYFRAME },
    { .type = PF_MSG_RFI_REQUEST, .rfi_request = { 5, 9 } },
    { .type = PF_MSG_RECONFIGURE, .reconfigure = { 1280, 720, 60 } },
    { .type = PF_MSG_SET_BITRATE, .bitrate.bitrate_kbps = 9000 },
    { .type = PF_MSG_LOSS_REPORT, .loss_report.loss_ppm = 7 },
    { .type = PF_MSG_PROBE_REQUEST, .probe_request = { 1000, 1000 } },
    { .type = PF_MSG_CLOCK_PROBE },
  };
  const unsigned n = 20000;
  size_t queued = 0;
  PfOutput out;

  run_up ();
  pf_host_session_set_invalidates (host, true);
  /* 2 s, nothing is read by the client */
  for (unsigned i = 0; i < n; i++) {
    feed_control (&wishes[i % 7]);
    pass (2 * S / n);
    drain ();
  }
  PF_CHECK_UINT (n_events[PF_HOST_KEYFRAME], <=, 4);
  PF_CHECK_UINT (n_events[PF_HOST_KEYFRAME], >=, 2);
  PF_CHECK_UINT (n_events[PF_HOST_INVALIDATE], <=, 41);
  PF_CHECK_UINT (n_events[PF_HOST_RECONFIGURE], ==, 1); /* not answered */
  PF_CHECK_UINT (n_events[PF_HOST_BITRATE], <=, 21);
  PF_CHECK_UINT (n_events[PF_HOST_LOSS], <=, 21);
  PF_CHECK_UINT (n_events[PF_HOST_PROBE], ==, 1);
  PF_CHECK_UINT (n_events[PF_HOST_CLOSE], ==, 0);
  while (pf_host_session_output (host, now, &out))
    queued += out.bytes.size;
  PF_CHECK_UINT (queued, <=, 16384);
  PF_CHECK_UINT (pf_host_session_stats (host)->unsent, >, 0);
  feed_control (&(PfMsgControl){ .type = PF_MSG_CLOCK_PROBE });
  PF_CHECK (pf_host_session_output (host, now, &out));
  end ();
}

/* What the machine has no use for goes to its program, if the device has the
 * right; what only hosts say does not. */
static void
test_messages (void)
{
  static const PfMsgType passed[] = { PF_MSG_SHARD_PAYLOAD_ACK,
    PF_MSG_DELIVERY_REPORT, PF_MSG_LINK_REPORT, PF_MSG_PHASE_REPORT,
    PF_MSG_CURSOR_RENDER_MODE, PF_MSG_CLIP_CONTROL, PF_MSG_CLIP_OFFER };
  static const PfMsgType dropped[] = { PF_MSG_RECONFIGURED,
    PF_MSG_BITRATE_CHANGED, PF_MSG_CLOCK_ECHO, PF_MSG_PAIR_REQUEST,
    PF_MSG_PAIR_PROOF, PF_MSG_CLIP_FETCH, PF_MSG_ACCESS_UPDATE };
  const size_t n = sizeof passed / sizeof *passed;

  run_up ();
  for (size_t i = 0; i < n; i++) {
    feed_control (&(PfMsgControl){ .type = passed[i] });
    PF_CHECK_UINT (n_events[PF_HOST_MESSAGE], ==, i + 1);
    PF_CHECK_UINT (last.message->type, ==, passed[i]);
  }
  for (size_t i = 0; i < sizeof dropped / sizeof *dropped; i++)
    feed_control (&(PfMsgControl){ .type = dropped[i] });
  PF_CHECK_UINT (n_events[PF_HOST_MESSAGE], ==, n);
  PF_CHECK_UINT (n_events[PF_HOST_PAIR], ==, 0);
  PF_CHECK_UINT (pf_host_session_stats (host)->ignored, ==, 7);
  pf_host_session_grant (host, PF_GRANT_MICROPHONE, 0);
  feed_control (&(PfMsgControl){ .type = PF_MSG_CLIP_OFFER });
  PF_CHECK_UINT (n_events[PF_HOST_MESSAGE], ==, n);
  PF_CHECK_UINT (pf_host_session_stats (host)->denied, ==, 1);
  feed_mic ();
  PF_REQUIRE_UINT (n_events[PF_HOST_MIC], ==, 1);
  PF_CHECK_UINT (last.mic->seq, ==, 7);
  PF_CHECK_MEM (last.mic->data.data, "opus", 4);
  end ();
}

/* A Welcome that the client could not read is not sent; another may be. */
static void
test_unreadable (void)
{
  static const uint8_t entries[4] = { 1, 0, 0, 0 };
  const PfMsgKeys keys = { .aes = { 1 } };
  PfMsgHello hello;
  PfMsgWelcome w;
  PfOutput out;

  begin ();
  pf_msg_hello_init (&hello);
  hello.mode = (PfMsgMode){ 1920, 1080, 60 };
  feed_hello (&hello); /* as v0.3.0 */
  pf_msg_welcome_init (&w);
  PF_CHECK_INT (pf_host_session_send (
                    host, &(PfMsgControl){ .type = PF_MSG_PIPELINE_GAP }),
      ==, PF_ERR_INVALID);
  w.codec = PF_CODEC_H264;
  PF_CHECK_INT (
      pf_host_session_accept (host, &w, &keys, now), ==, PF_ERR_INVALID);
  w.codec = PF_CODEC_HEVC;
  w.extension = (PfMsgSpan){ entries, sizeof entries };
  PF_CHECK_INT (
      pf_host_session_accept (host, &w, &keys, now), ==, PF_ERR_INVALID);
  PF_CHECK (!pf_host_session_output (host, now, &out));
  w.extension = (PfMsgSpan){ NULL, 0 };
  PF_CHECK_INT (pf_host_session_accept (host, &w, &keys, now), ==, 0);
  PF_CHECK_INT (
      pf_host_session_accept (host, &w, &keys, now), ==, PF_ERR_INVALID);
  PF_CHECK (pf_host_session_output (host, now, &out));
  end ();
}

/* The program's own close, and the end of the stream at each point. */
static void
test_ends (void)
{
  PfMsgHello hello;
  PfOutput out;

  begin ();
  pf_host_session_stream_end (host);
  drain ();
  PF_REQUIRE_UINT (n_events[PF_HOST_CLOSE], ==, 1);
  PF_CHECK_HEX (last.close.code, ==, PF_CLOSE_ERROR);
  end ();
  begin ();
  pf_msg_hello_init (&hello);
  feed_hello (&hello);
  pf_host_session_close (host, PF_CLOSE_DENIED, NULL);
  pf_host_session_close (host, PF_CLOSE_BUSY, "too late");
  drain ();
  PF_REQUIRE_UINT (n_events[PF_HOST_CLOSE], ==, 1);
  PF_CHECK_HEX (last.close.code, ==, PF_CLOSE_DENIED);
  PF_CHECK_STR (last.close.text, pf_close_text (PF_CLOSE_DENIED));
  PF_CHECK (!pf_host_session_output (host, now, &out));
  end ();
  run_up ();
  pf_host_session_stream_end (host);
  drain ();
  PF_CHECK_UINT (n_events[PF_HOST_CLOSE], ==, 0);
  feed_mic ();
  PF_CHECK_UINT (n_events[PF_HOST_MIC], ==, 1);
  end ();
}

/* A speed test that a host would take years for. */
static void
test_long_probe (void)
{
  run_up ();
  feed_control (&(PfMsgControl){ .type = PF_MSG_PROBE_REQUEST,
      .probe_request = { UINT32_MAX, UINT32_MAX } });
  PF_REQUIRE_UINT (n_events[PF_HOST_PROBE], ==, 1);
  PF_CHECK_UINT (last.probe.duration_ms, ==, PF_PROBE_MS_MAX);
  PF_CHECK_UINT (last.probe.target_kbps, ==, PF_PROBE_KBPS_MAX);
  /* nobody said how it went: that is no reason never to have another */
  pass (PF_HOST_PROBE_NS - 1);
  feed_control (&(PfMsgControl){
      .type = PF_MSG_PROBE_REQUEST, .probe_request = { 1000, 1000 } });
  PF_CHECK_UINT (n_events[PF_HOST_PROBE], ==, 1);
  pass (1);
  feed_control (&(PfMsgControl){
      .type = PF_MSG_PROBE_REQUEST, .probe_request = { 1000, 1000 } });
  PF_CHECK_UINT (n_events[PF_HOST_PROBE], ==, 2);
  end ();
}

/* v0.3.0 gets its speed test, those that came after it need to say that filler
 * does not confuse them. */
static void
test_old_probe (void)
{
  PfMsgHello hello;
  PfMsgWelcome w;
  PfOutput out;

  for (unsigned later = 0; later < 2; later++) {
    begin ();
    pf_msg_hello_init (&hello);
    hello.mode = (PfMsgMode){ 1920, 1080, 60 };
    hello.video_codecs = later ? PF_CODEC_HEVC : 0;
    feed_hello (&hello);
    PF_CHECK_UINT (last.hello->later, ==, later);
    PF_REQUIRE_INT (answer (&w), ==, 0);
    PF_REQUIRE (pf_host_session_output (host, now, &out));
    PF_CHECK_UINT (out.bytes.size, ==, 2 + (later ? 68u : 66u));
    feed ("PKF1\x51\xc3", 6);
    feed_control (&(PfMsgControl){
        .type = PF_MSG_PROBE_REQUEST, .probe_request = { 1000, 1000 } });
    PF_CHECK_UINT (n_events[PF_HOST_PROBE], ==, later ? 0 : 1);
    end ();
  }
}

/* Too many lost frames to refer past them, at once or together. */
static void
test_far_rfi (void)
{
  PfMsgControl c = { .type = PF_MSG_RFI_REQUEST };

  run_up ();
  pf_host_session_set_invalidates (host, true);
  c.rfi_request = (PfMsgRfiRequest){ UINT32_MAX - 100, 154 };
  feed_control (&c);
  PF_CHECK_UINT (n_events[PF_HOST_INVALIDATE], ==, 1);
  pass (1 * S);
  c.rfi_request = (PfMsgRfiRequest){ UINT32_MAX - 100, 155 };
  feed_control (&c);
  PF_CHECK_UINT (n_events[PF_HOST_INVALIDATE], ==, 1);
  PF_CHECK_UINT (n_events[PF_HOST_KEYFRAME], ==, 1);
  pass (1 * S);
  c.rfi_request = (PfMsgRfiRequest){ 9, 3 }; /* from behind */
  feed_control (&c);
  PF_CHECK_UINT (n_events[PF_HOST_INVALIDATE], ==, 1);
  pass (1 * S);
  drain ();
  c.rfi_request = (PfMsgRfiRequest){ 1000, 1001 };
  feed_control (&c);
  c.rfi_request = (PfMsgRfiRequest){ 1300, 1301 };
  feed_control (&c);
  c.rfi_request = (PfMsgRfiRequest){ 1002, 1003 };
  feed_control (&c);
  PF_CHECK_UINT (n_events[PF_HOST_INVALIDATE], ==, 2);
  pass (1 * S);
  drain ();
  PF_CHECK_UINT (n_events[PF_HOST_INVALIDATE], ==, 2);
  PF_CHECK_UINT (n_events[PF_HOST_KEYFRAME], ==, 3);
  end ();
}

/* Long messages of no interest are passed over, whatever their length. */
static void
test_oversized (void)
{
  static uint8_t big[2 + PF_MSG_SIZE_MAX];
  PfMsgControl c = { .type = PF_MSG_SET_BITRATE };

  run_up ();
  memset (big, 0xff, sizeof big);
  feed_raw (big, sizeof big);
  PF_CHECK_UINT (pf_host_session_stats (host)->oversized, ==, 1);
  PF_CHECK_UINT (n_events[PF_HOST_CLOSE], ==, 0);
  c.bitrate.bitrate_kbps = 12345;
  feed_control (&c);
  PF_CHECK_UINT (n_events[PF_HOST_BITRATE], ==, 1);
  PF_CHECK_UINT (last.bitrate_kbps, ==, 12345);
  end ();
}

/* ---- Where video goes --------------------------------------------------- */

static void
punch (const uint8_t ip[4], uint16_t port, const char *text)
{
  const PfPeerAddress from = pf_peer_address_v4 (ip, port);

  pf_host_session_punch (
      host, &from, (const uint8_t *) text, strlen (text), now);
  drain ();
}

static void
test_punches (void)
{
  static const uint8_t other[4] = { 198, 51, 100, 10 };
  PfPeerAddress moved;

  run_up ();
  punch (other, 50001, "PFpunch1"); /* not where QUIC comes from */
  punch (peer_ip, 50002, "PFpunch2");
  punch (peer_ip, 50002, "PFpunch");
  punch (peer_ip, 50002, "PFpunch11");
  punch (peer_ip, 0, "PFpunch1");
  PF_CHECK_UINT (n_events[PF_HOST_DESTINATION], ==, 0);
  punch (peer_ip, 50003, "PFpunch1");
  PF_REQUIRE_UINT (n_events[PF_HOST_DESTINATION], ==, 1);
  PF_CHECK_UINT (last.destination.port, ==, 50003);
  /* another port of the same address does not take over while this one
   * punches */
  for (unsigned i = 0; i < 10; i++) {
    pass (2 * S);
    punch (peer_ip, 50003, "PFpunch1");
    punch (peer_ip, 50004, "PFpunch1");
  }
  PF_CHECK_UINT (n_events[PF_HOST_DESTINATION], ==, 1);
  pass (5 * S); /* a translator chose another port */
  punch (peer_ip, 50004, "PFpunch1");
  PF_CHECK_UINT (n_events[PF_HOST_DESTINATION], ==, 2);
  PF_CHECK_UINT (last.destination.port, ==, 50004);
  /* QUIC moved: at once, but only from there */
  moved = pf_peer_address_v4 (other, 40001);
  pf_host_session_peer_moved (host, &moved, now);
  pass (1 * S);
  punch (peer_ip, 50005, "PFpunch1");
  PF_CHECK_UINT (n_events[PF_HOST_DESTINATION], ==, 2);
  punch (other, 50006, "PFpunch1");
  PF_CHECK_UINT (n_events[PF_HOST_DESTINATION], ==, 3);
  PF_CHECK_UINT (last.destination.port, ==, 50006);
  PF_CHECK_MEM (last.destination.ip + 12, other, 4);
  /* there and back: what was in use before counts no more */
  moved = pf_peer_address_v4 (peer_ip, 40002);
  pf_host_session_peer_moved (host, &moved, now);
  moved = pf_peer_address_v4 (other, 40001);
  pf_host_session_peer_moved (host, &moved, now);
  punch (other, 50007, "PFpunch1");
  PF_CHECK_UINT (n_events[PF_HOST_DESTINATION], ==, 4);
  PF_CHECK_UINT (last.destination.port, ==, 50007);
  /* moved again, without a punch: the port of Start */
  moved = pf_peer_address_v4 (peer_ip, 40002);
  pf_host_session_peer_moved (host, &moved, now);
  pass (2499 * PF_MS);
  drain ();
  PF_CHECK_UINT (n_events[PF_HOST_DESTINATION], ==, 4);
  pass (1 * PF_MS);
  drain ();
  PF_CHECK_UINT (n_events[PF_HOST_DESTINATION], ==, 5);
  PF_CHECK_UINT (last.destination.port, ==, 50001);
  end ();
}

/* One that is faster than the Start. */
static void
test_early_punch (void)
{
  static const uint8_t other[4] = { 198, 51, 100, 10 };
  PfMsgHello hello;
  PfMsgWelcome w;

  begin ();
  pf_msg_hello_init (&hello);
  hello.mode = (PfMsgMode){ 1920, 1080, 60 };
  punch (peer_ip, 50003, "PFpunch1"); /* long before: nobody knows it */
  feed_hello (&hello);
  PF_REQUIRE_INT (answer (&w), ==, 0);
  punch (peer_ip, 50009, "PFpunch1");
  punch (other, 50010, "PFpunch1"); /* a stranger's does not replace it */
  PF_CHECK_UINT (n_events[PF_HOST_DESTINATION], ==, 0);
  feed ("PKF1\x51\xc3", 6);
  PF_REQUIRE_UINT (n_events[PF_HOST_DESTINATION], ==, 1);
  PF_CHECK_UINT (last.destination.port, ==, 50009);
  end ();
}

static void
test_rule (void)
{
  static const uint8_t v6[16] = { 0x20, 1, 0xd, 0xb8, [15] = 1 };
  static const uint8_t mapped[16] = {
    [10] = 0xff, [11] = 0xff, 198, 51, 100, 9
  };
  const PfPeerAddress peer = pf_peer_address_v4 (peer_ip, 40000);
  const PfPeerAddress same = pf_peer_address_v6 (mapped, 777, 0);
  const PfPeerAddress other = pf_peer_address_v6 (v6, 777, 0);
  PfPeerAddress to;

  PF_CHECK (pf_peer_address_is_v4 (&peer) && pf_peer_address_is_v4 (&same));
  PF_CHECK (!pf_peer_address_is_v4 (&other));
  PF_CHECK (pf_punch_destination (&peer, &same, 5, false, &to));
  PF_CHECK_UINT (to.port, ==, 777);
  PF_CHECK (!pf_punch_destination (&peer, &other, 5, false, &to));
  PF_CHECK (pf_punch_destination (&peer, &other, 5, true, &to));
  PF_CHECK_UINT (to.port, ==, 5);
  PF_CHECK_MEM (to.ip, peer.ip, 16);
  PF_CHECK (!pf_punch_destination (&peer, NULL, 5, false, &to));
  PF_CHECK (!pf_punch_destination (&peer, NULL, 0, true, &to));
}

/* ---- Secrets and the clock ---------------------------------------------- */

static void
test_wiped (void)
{
  uint8_t key[16], *frame;
  PfMsgHello hello;
  PfMsgWelcome w;
  PfOutput out, more;
  size_t size;

  memset (key, 0x6b, sizeof key); /* as answer() has it */
  begin ();
  pf_msg_hello_init (&hello);
  hello.mode = (PfMsgMode){ 1920, 1080, 60 };
  feed_hello (&hello);
  PF_REQUIRE_INT (answer (&w), ==, 0);
  PF_REQUIRE (pf_host_session_output (host, now, &out));
  frame = (uint8_t *) out.bytes.data;
  size = out.bytes.size;
  PF_CHECK_MEM (frame + 2 + 29, key, sizeof key);
  PF_CHECK (!pf_host_session_output (host, now, &more));
  for (size_t i = 0; i < size; i++)
    PF_CHECK_UINT (frame[i], ==, 0);
  end ();
}

/* t2 is when it came, t3 when it leaves. */
static void
test_clock (void)
{
  PfMsgControl c = { .type = PF_MSG_CLOCK_PROBE, .clock_probe.t1 = 4711 };
  const uint64_t came = UINT64_C (1700000000) * S;
  PfOutput out;

  run_up ();
  feed_control (&c);
  pass (3 * PF_MS);
  PF_REQUIRE (pf_host_session_output (host, now, &out));
  PF_REQUIRE_INT (
      pf_msg_control_decode (out.bytes.data + 2, out.bytes.size - 2, &c), ==,
      0);
  PF_CHECK_UINT (c.type, ==, PF_MSG_CLOCK_ECHO);
  PF_CHECK_UINT (c.clock_echo.t1, ==, 4711);
  PF_CHECK_UINT (c.clock_echo.t2, ==, came);
  PF_CHECK_UINT (c.clock_echo.t3, ==, came + 3 * PF_MS);
  end ();
}

static void
test_takes (void)
{
  PfMsgHello hello;

  begin ();
  pf_msg_hello_init (&hello);
  hello.mode = (PfMsgMode){ 1920, 1080, 60 };
  feed_hello (&hello);
  PF_CHECK (pf_host_session_takes (host, PF_DGRAM_AUDIO));
  PF_CHECK (pf_host_session_takes (host, PF_DGRAM_RUMBLE));
  PF_CHECK (!pf_host_session_takes (host, PF_DGRAM_HOST_TIMING));
  PF_CHECK (!pf_host_session_takes (host, PF_DGRAM_AUDIO_RED));
  PF_CHECK (!pf_host_session_takes (host, PF_DGRAM_INPUT));
  end ();
  begin ();
  hello.video_caps = PF_VIDEO_HOST_TIMING;
  hello.client_caps = PF_CLIENT_AUDIO_RED | PF_CLIENT_CURSOR;
  feed_hello (&hello);
  PF_CHECK (pf_host_session_takes (host, PF_DGRAM_HOST_TIMING));
  PF_CHECK (pf_host_session_takes (host, PF_DGRAM_AUDIO_RED));
  PF_CHECK (pf_host_session_takes (host, PF_DGRAM_CURSOR));
  PF_CHECK (!pf_host_session_takes (host, PF_DGRAM_AUDIO_PCM));
  end ();
}

/* Of what was lost before a key frame the host hears no more; if that is lost
 * too, nothing can be referred to, for the host does not know what came. */
static void
test_lost_key (void)
{
  PfMsgControl c = { .type = PF_MSG_RFI_REQUEST };

  run_up ();
  pf_host_session_set_invalidates (host, true);
  pf_host_session_keyframe_made (host, 12, now);
  pass (1 * S);
  c.rfi_request = (PfMsgRfiRequest){ 5, 9 };
  feed_control (&c);
  c.rfi_request = (PfMsgRfiRequest){ 13, 14 };
  feed_control (&c);
  PF_CHECK_UINT (n_events[PF_HOST_INVALIDATE], ==, 1);
  PF_CHECK_UINT (n_events[PF_HOST_KEYFRAME], ==, 0);
  pass (1 * S);
  c.rfi_request = (PfMsgRfiRequest){ 12, 12 };
  feed_control (&c);
  PF_CHECK_UINT (n_events[PF_HOST_KEYFRAME], ==, 1);
  pf_host_session_keyframe_made (host, UINT32_MAX, now); /* numbers wrap */
  pass (1 * S);
  c.rfi_request = (PfMsgRfiRequest){ UINT32_MAX - 1, 2 };
  feed_control (&c);
  PF_CHECK_UINT (n_events[PF_HOST_KEYFRAME], ==, 2);
  PF_CHECK_UINT (n_events[PF_HOST_INVALIDATE], ==, 1);
  end ();
}

/* An encoder that can do without no frame makes key frames, one for a cause:
 * what was lost before the last of them is no wish any more. */
static void
test_no_invalidation (void)
{
  PfMsgControl c = { .type = PF_MSG_RFI_REQUEST, .rfi_request = { 5, 9 } };

  run_up ();
  feed_control (&c);
  drain ();
  PF_CHECK_UINT (n_events[PF_HOST_INVALIDATE], ==, 0);
  PF_CHECK_UINT (n_events[PF_HOST_KEYFRAME], ==, 1);
  pf_host_session_keyframe_made (host, 12, now);
  for (unsigned i = 0; i < 10; i++) { /* on its way while that was made */
    pass (50 * PF_MS);
    c.rfi_request = (PfMsgRfiRequest){ 5, i + 2 };
    feed_control (&c);
    drain ();
  }
  pass (2 * S);
  drain ();
  PF_CHECK_UINT (n_events[PF_HOST_KEYFRAME], ==, 1);
  /* the key frame itself was lost */
  c.rfi_request = (PfMsgRfiRequest){ 12, 13 };
  feed_control (&c);
  drain ();
  PF_CHECK_UINT (n_events[PF_HOST_KEYFRAME], ==, 2);
  /* numbers wrap */
  pf_host_session_keyframe_made (host, 3, now);
  pass (2 * S);
  c.rfi_request = (PfMsgRfiRequest){ UINT32_MAX - 3, UINT32_MAX };
  feed_control (&c);
  drain ();
  PF_CHECK_UINT (n_events[PF_HOST_KEYFRAME], ==, 2);
  PF_CHECK_UINT (n_events[PF_HOST_INVALIDATE], ==, 0);
  end ();
}

static void
punch_from (const uint8_t *ip, uint16_t port)
{
  const PfPeerAddress from = pf_peer_address_v4 (ip, port);

  pf_host_session_punch (host, &from, pf_punch_bytes, PF_PUNCH_SIZE, now);
  drain ();
}

/* Lets time pass in small steps, as timers would; when the event came, or 0. */
static uint64_t
wait_for_event (PfHostEventType type, uint64_t ns)
{
  const unsigned before = n_events[type];
  const uint64_t start = now.mono_ns;

  while (now.mono_ns - start < ns && n_events[type] == before) {
    pass (10 * PF_MS);
    drain ();
  }
  return n_events[type] == before ? 0 : now.mono_ns - start;
}

/* A client of which nothing is heard is taken for gone after 2.8 s, and is back
 * with the first thing that is: a message, a datagram or a punch, but not one
 * of somebody else. */
static void
test_silence (void)
{
  static const uint8_t other_ip[4] = { 10, 0, 0, 99 };
  uint64_t took;

  run_up ();
  punch_from (peer_ip, 41000);
  for (unsigned i = 0; i < 5; i++) { /* as slowly as released clients do */
    pass (2 * S);
    punch_from (peer_ip, 41000);
  }
  PF_CHECK_UINT (n_events[PF_HOST_SILENT], ==, 0);
  took = wait_for_event (PF_HOST_SILENT, 10 * S);
  PF_CHECK_UINT (took, >=, 2800 * PF_MS);
  PF_CHECK_UINT (took, <=, 2900 * PF_MS);
  PF_CHECK_UINT (wait_for_event (PF_HOST_SILENT, 20 * S), ==, 0); /* once */
  punch_from (other_ip, 41000);
  PF_CHECK_UINT (n_events[PF_HOST_HEARD], ==, 0);
  punch_from (peer_ip, 41000);
  PF_CHECK_UINT (n_events[PF_HOST_HEARD], ==, 1);
  PF_CHECK (wait_for_event (PF_HOST_SILENT, 10 * S) > 0);
  feed_control (&(PfMsgControl){ .type = PF_MSG_CLOCK_PROBE });
  drain ();
  PF_CHECK_UINT (n_events[PF_HOST_HEARD], ==, 2);
  PF_CHECK (wait_for_event (PF_HOST_SILENT, 10 * S) > 0);
  feed_mic ();
  drain ();
  PF_CHECK_UINT (n_events[PF_HOST_HEARD], ==, 3);
  PF_CHECK_UINT (pf_host_session_stats (host)->silences, ==, 3);
  PF_CHECK_UINT (n_events[PF_HOST_CLOSE], ==, 0);
  end ();
}

/* What the fragment can do is what the client is told. */
static void
test_bitrates (void)
{
  PfMsgControl c = { .type = PF_MSG_SET_BITRATE };

  run_up ();
  pf_host_session_set_bitrates (host, 7000, 50000);
  c.bitrate.bitrate_kbps = 0;
  feed_control (&c);
  drain ();
  PF_CHECK_UINT (last.type, ==, PF_HOST_BITRATE);
  PF_CHECK_UINT (last.bitrate_kbps, ==, 7000);
  pass (1 * S);
  c.bitrate.bitrate_kbps = 4000000;
  feed_control (&c);
  drain ();
  PF_CHECK_UINT (last.bitrate_kbps, ==, 50000);
  end ();
}

int
main (int argc, char **argv)
{
  PF_TEST_ADD ("/host-session/lengths", test_lengths);
  PF_TEST_ADD ("/host-session/later-peers", test_later_peers);
  PF_TEST_ADD ("/host-session/pairing", test_pairing);
  PF_TEST_ADD ("/host-session/pairing-parked", test_pairing_parked);
  PF_TEST_ADD ("/host-session/first-message", test_first_message);
  PF_TEST_ADD ("/host-session/slow", test_slow);
  PF_TEST_ADD ("/host-session/impatient", test_impatient);
  PF_TEST_ADD ("/host-session/modes", test_modes);
  PF_TEST_ADD ("/host-session/storms", test_storms);
  PF_TEST_ADD ("/host-session/messages", test_messages);
  PF_TEST_ADD ("/host-session/unreadable", test_unreadable);
  PF_TEST_ADD ("/host-session/ends", test_ends);
  PF_TEST_ADD ("/host-session/long-probe", test_long_probe);
  PF_TEST_ADD ("/host-session/v0.3.0", test_old_probe);
  PF_TEST_ADD ("/host-session/far-rfi", test_far_rfi);
  PF_TEST_ADD ("/host-session/lost-key", test_lost_key);
  PF_TEST_ADD ("/host-session/no-invalidation", test_no_invalidation);
  PF_TEST_ADD ("/host-session/silence", test_silence);
  PF_TEST_ADD ("/host-session/bitrates", test_bitrates);
  PF_TEST_ADD ("/host-session/oversized", test_oversized);
  PF_TEST_ADD ("/host-session/punches", test_punches);
  PF_TEST_ADD ("/host-session/early-punch", test_early_punch);
  PF_TEST_ADD ("/host-session/rule", test_rule);
  PF_TEST_ADD ("/host-session/wiped", test_wiped);
  PF_TEST_ADD ("/host-session/clock", test_clock);
  PF_TEST_ADD ("/host-session/takes", test_takes);
  return pf_test_run (argc, argv);
}
