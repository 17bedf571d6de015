/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The client's session machine against hosts of every age, made from the
 * bytes of real ones, and against hostile ones; and the clock by itself.
 */
#include "pf-client-session.h"

#include <stdlib.h>
#include <string.h>

#include "msg-vectors.h"
#include "pf-bytes.h"
#include "pf-test.h"

#define S (1000 * PF_MS)

void *__real_calloc (size_t n, size_t size);
void *__wrap_calloc (size_t n, size_t size);

/* The memory of the session that was made last. */
static uint8_t *block;
static size_t block_size;

void *
__wrap_calloc (size_t n, size_t size)
{
  block = __real_calloc (n, size);
  block_size = n * size;
  return block;
}

static PfClientSession *client;
static PfInstant now;
static PfClientEvent last;
static unsigned n_events[PF_CLIENT_CLOSE + 1];
static PfMsgWelcome welcome;
static PfMsgKeys keys;

static PfClientConfig
usual (void)
{
  PfClientConfig config = { 0 };

  pf_msg_hello_init (&config.hello);
  config.hello.mode = (PfMsgMode){ 1920, 1080, 60 };
  config.hello.video_codecs = 7;
  config.hello.video_caps = 0xff;
  config.hello.client_caps = PF_CLIENT_AUDIO_PCM;
  return config;
}

static void
begin (const PfClientConfig *config)
{
  now = (PfInstant){ 50 * S, UINT64_C (1700000000) * S };
  memset (n_events, 0, sizeof n_events);
  PF_REQUIRE_INT (pf_client_session_new (config, now, &client), ==, 0);
}

static void
end (void)
{
  pf_client_session_free (client);
  client = NULL;
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
  PfClientEvent e;

  while (pf_client_session_event (client, now, &e)) {
    last = e;
    n_events[e.type]++;
    if (e.type != PF_CLIENT_WELCOME)
      continue;
    welcome = *e.welcome;
    keys = *e.keys;
  }
}

/* What it sends: how many of a type; of punches too (type 0). */
static unsigned
sent (unsigned type)
{
  unsigned n = 0;
  PfOutput out;

  while (pf_client_session_output (client, now, &out)) {
    if (out.kind == PF_OUTPUT_PUNCH)
      n += type == 0;
    else if (out.bytes.size >= 7 && out.bytes.data[5] == 'c')
      n += out.bytes.data[6] == type;
  }
  return n;
}

static void
feed (const void *message, size_t size)
{
  uint8_t *frame = malloc (PF_MSG_FRAME_HEADER + size);
  size_t at = 0, used;

  PF_REQUIRE (frame != NULL);
  pf_msg_frame_finish (frame, size);
  if (size > 0)
    memcpy (frame + PF_MSG_FRAME_HEADER, message, size);
  while (at < PF_MSG_FRAME_HEADER + size) {
    used = pf_client_session_stream (
        client, frame + at, PF_MSG_FRAME_HEADER + size - at, now);
    at += used;
    drain ();
  }
  free (frame);
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

/* A Welcome in the bytes of a host of some age. */
static size_t
welcome_bytes (PfMsgWelcome *w, bool later, uint8_t *bytes, size_t room)
{
  PfMsgKeys k;
  size_t size;

  memset (&k, 0x6b, sizeof k);
  PF_REQUIRE_INT (
      pf_msg_welcome_encode (w, &k, later, bytes, room, &size), ==, 0);
  return size;
}

static void
run_up (bool later)
{
  const PfClientConfig config = usual ();
  uint8_t bytes[PF_MSG_WELCOME_MAX];
  PfMsgWelcome w;

  begin (&config);
  pf_msg_welcome_init (&w);
  w.udp_port = 4242;
  w.mode = config.hello.mode;
  feed (bytes, welcome_bytes (&w, later, bytes, sizeof bytes));
  PF_REQUIRE_UINT (n_events[PF_CLIENT_WELCOME], ==, 1);
  PF_REQUIRE_INT (pf_client_session_start (client, 50001, now), ==, 0);
}

/* ---- Hosts of every age ------------------------------------------------- */

/* Every Welcome of the vectors in every length that may be. */
static void
test_lengths (void)
{
  const PfClientConfig config = usual ();
  size_t index = 0, n_good = 0;
  MsgVector v;

  while (msg_vectors_next ("Welcome", &index, &v))
    for (size_t n = 40; n <= v.bytes.size; n++) {
      const bool chacha = v.bytes.size > 68 && v.bytes.data[68] == 1;
      const bool bad = n < 53 || (chacha && n >= 69 && n < 101);

      begin (&config);
      feed (v.bytes.data, n);
      PF_CHECK_UINT (n_events[PF_CLIENT_WELCOME], ==, !bad);
      PF_CHECK_UINT (n_events[PF_CLIENT_CLOSE], ==, bad);
      n_good += !bad;
      if (!bad) {
        PF_CHECK_UINT (welcome.udp_port, ==, 48010);
        PF_CHECK_MEM (keys.aes, v.bytes.data + 29, sizeof keys.aes);
        PF_CHECK_INT (pf_client_session_start (client, 50001, now), ==, 0);
        PF_CHECK_UINT (sent (PF_MSG_CLOCK_PROBE), ==, 1);
      }
      end ();
    }
  PF_CHECK_UINT (n_good, >, 150);
  crypto_vectors_clear ();
}

/* A host of before 0.10 does not know invalidation. */
static void
test_old_host (void)
{
  run_up (false);
  sent (0);
  pf_client_session_lost (client, 10, 11, now);
  PF_CHECK_UINT (sent (PF_MSG_REQUEST_KEYFRAME), ==, 1);
  /* more of them wait a little */
  for (unsigned i = 0; i < 24; i++) {
    pass (10 * PF_MS);
    pf_client_session_lost (client, 20 + i, 20 + i, now);
    PF_CHECK_UINT (sent (PF_MSG_REQUEST_KEYFRAME), ==, 0);
  }
  pass (10 * PF_MS);
  PF_CHECK_UINT (sent (PF_MSG_REQUEST_KEYFRAME), ==, 1);
  PF_CHECK_UINT (pf_client_session_stats (client)->rfi_requests, ==, 0);
  end ();

  run_up (true);
  sent (0);
  pf_client_session_lost (client, 10, 11, now);
  PF_CHECK_UINT (sent (PF_MSG_RFI_REQUEST), ==, 1);
  PF_CHECK_UINT (pf_client_session_stats (client)->keyframe_requests, ==, 0);
  end ();
}

/* A host that does not answer clock probes is a host all the same. */
static void
test_no_clock (void)
{
  unsigned n = 0;

  run_up (true);
  for (unsigned i = 0; i < 35 * 100; i++) {
    n += sent (PF_MSG_CLOCK_PROBE);
    pass (10 * PF_MS);
    drain ();
  }
  /* one, given up after 2 s, and one 30 s later */
  PF_CHECK_UINT (n, ==, 2);
  PF_CHECK_UINT (n_events[PF_CLIENT_CLOCK], ==, 0);
  PF_CHECK_UINT (n_events[PF_CLIENT_CLOSE], ==, 0);
  PF_CHECK_UINT (pf_client_session_host_time (client, 99), ==, 99);
  end ();
}

static void
test_punches (void)
{
  unsigned n = 0;

  run_up (true);
  for (unsigned i = 0; i < 100; i++) {
    const unsigned due = i % 2 == 0 && i / 2 < 15 ? 1 : 0;
    const unsigned got = sent (0);

    if (i < 30)
      PF_CHECK_UINT (got, ==, due);
    n += got;
    pass (100 * PF_MS);
  }
  PF_CHECK_UINT (n, ==, 15 + 3);
  end ();
}

/* Messages of a running session, and some that do not belong there. */
static void
test_messages (void)
{
  static uint8_t rgba[120 * 120 * 4], shape[PF_MSG_CURSOR_MAX];
  PfMsgControl c = { .type = PF_MSG_CURSOR_SHAPE };
  size_t size;

  run_up (true);
  sent (0);
  c.cursor_shape =
      (PfMsgCursorShape){ 1, 120, 120, 0, 0, { rgba, sizeof rgba } };
  PF_REQUIRE_INT (
      pf_msg_control_encode (&c, shape, sizeof shape, &size), ==, 0);
  feed (shape, size);
  PF_REQUIRE_UINT (n_events[PF_CLIENT_MESSAGE], ==, 1);
  PF_CHECK_UINT (last.message->cursor_shape.rgba.size, ==, sizeof rgba);
  feed_control (&(PfMsgControl){ .type = PF_MSG_PIPELINE_GAP });
  PF_CHECK_UINT (n_events[PF_CLIENT_MESSAGE], ==, 2);
  feed_control (&(PfMsgControl){ .type = PF_MSG_RECONFIGURE });
  feed_control (&(PfMsgControl){ .type = PF_MSG_PROBE_RESULT, .tail = true });
  feed ("PKFc\xf0", 5);
  feed ("PKFc\x02", 5);
  feed ("x", 1);
  PF_CHECK_UINT (n_events[PF_CLIENT_MESSAGE], ==, 2);
  PF_CHECK_UINT (n_events[PF_CLIENT_PROBE_RESULT], ==, 0);
  PF_CHECK_UINT (n_events[PF_CLIENT_CLOSE], ==, 0);
  PF_CHECK_UINT (pf_client_session_stats (client)->ignored, ==, 2);
  PF_CHECK_UINT (pf_client_session_stats (client)->malformed, ==, 2);
  PF_CHECK_INT (pf_client_session_start (client, 1, now), ==, PF_ERR_INVALID);
  end ();
}

/* A host that does not answer a wish for another mode is asked again, with
 * the last wish. */
static void
test_unanswered (void)
{
  run_up (true);
  sent (0);
  pf_client_session_reconfigure (client, &(PfMsgMode){ 800, 600, 60 });
  PF_CHECK_UINT (sent (PF_MSG_RECONFIGURE), ==, 1);
  pf_client_session_reconfigure (client, &(PfMsgMode){ 802, 600, 60 });
  pass (4999 * PF_MS);
  PF_CHECK_UINT (sent (PF_MSG_RECONFIGURE), ==, 0);
  pass (1 * PF_MS);
  PF_CHECK_UINT (sent (PF_MSG_RECONFIGURE), ==, 1);
  feed_control (&(PfMsgControl){
      .type = PF_MSG_RECONFIGURED, .reconfigured = { 1, { 802, 600, 60 } } });
  PF_CHECK_UINT (n_events[PF_CLIENT_RECONFIGURED], ==, 1);
  pass (10 * S);
  PF_CHECK_UINT (sent (PF_MSG_RECONFIGURE), ==, 0);
  end ();
}

/* Nothing that is asked of a session before it runs is sent, then or later. */
static void
test_too_early (void)
{
  const PfClientConfig config = usual ();
  PfClientConfig bad = config;

  begin (&config);
  pf_client_session_lost (client, 1, 2, now);
  pf_client_session_request_keyframe (client, now);
  pf_client_session_loss (client, 5, now);
  pf_client_session_set_bitrate (client, 5);
  pf_client_session_reconfigure (client, &config.hello.mode);
  PF_CHECK_INT (
      pf_client_session_probe (client, 5, 5, now), ==, PF_ERR_INVALID);
  PF_CHECK_INT (pf_client_session_send (
                    client, &(PfMsgControl){ .type = PF_MSG_REQUEST_KEYFRAME }),
      ==, PF_ERR_INVALID);
  PF_CHECK_UINT (pf_client_session_wake (client), ==, now.mono_ns + 185 * S);
  PF_CHECK_UINT (sent (PF_MSG_REQUEST_KEYFRAME), ==, 0);
  PF_CHECK_UINT (pf_client_session_stats (client)->unsent, ==, 0);
  end ();
  memset (bad.hello.name, 'x', sizeof bad.hello.name);
  PF_CHECK_INT (pf_client_session_new (&bad, now, &client), ==, PF_ERR_INVALID);
}

/* ---- Hosts that lie ----------------------------------------------------- */

typedef void (*Change) (PfMsgWelcome *w, PfMsgKeys *k, PfMsgHello *h);

#define CHANGE(name, what)                                                     \
  static void name (PfMsgWelcome *w, PfMsgKeys *k, PfMsgHello *h)              \
  {                                                                            \
    (void) w, (void) k, (void) h;                                              \
    what;                                                                      \
  }

CHANGE (no_port, w->udp_port = 0)
CHANGE (no_encryption, w->encrypt = 0)
CHANGE (no_key, memset (k->aes, 0, sizeof k->aes))
CHANGE (other_scheme, w->fec_scheme = 2)
CHANGE (no_shard, w->shard_payload = 0)
CHANGE (odd_shard, w->shard_payload = 1407)
CHANGE (large_shard, w->shard_payload = 9154)
CHANGE (no_block, w->max_data_per_block = 0)
CHANGE (large_block, (w->fec_scheme = 0, w->max_data_per_block = 256))
CHANGE (no_width, w->mode.width = 0)
CHANGE (large_mode, w->mode.height = 16385)
CHANGE (other_codec, (w->codec = PF_CODEC_AV1, h->video_codecs = 3))
CHANGE (old_codec, (w->codec = PF_CODEC_H264, h->video_codecs = 0))
CHANGE (other_depth, w->bit_depth = 12)
CHANGE (no_ten, (w->bit_depth = 10, h->video_caps = 0))
CHANGE (no_444, (w->chroma = 3, h->video_caps = 0))
CHANGE (no_chacha, (w->cipher = 1, h->video_caps = 0))
CHANGE (chacha_no_key, (w->cipher = 1, memset (k->chacha, 0, sizeof k->chacha)))
CHANGE (no_pcm, (w->audio_codec = PF_AUDIO_PCM, h->client_caps = 0))
CHANGE (other_audio, w->audio_codec = 1)

static void
test_lies (void)
{
  static const Change changes[] = { no_port, no_encryption, no_key,
    other_scheme, no_shard, odd_shard, large_shard, no_block, large_block,
    no_width, large_mode, other_codec, old_codec, other_depth, no_ten, no_444,
    no_chacha, chacha_no_key, no_pcm, other_audio };

  for (size_t i = 0; i <= sizeof changes / sizeof *changes; i++) {
    const bool lie = i < sizeof changes / sizeof *changes;
    uint8_t bytes[PF_MSG_WELCOME_MAX];
    PfClientConfig config = usual ();
    PfMsgWelcome w;
    PfMsgKeys k;
    size_t size;

    pf_msg_welcome_init (&w);
    w.udp_port = 1;
    w.mode = config.hello.mode;
    memset (&k, 3, sizeof k);
    if (lie)
      changes[i](&w, &k, &config.hello);
    begin (&config);
    PF_REQUIRE_INT (
        pf_msg_welcome_encode (&w, &k, true, bytes, sizeof bytes, &size), ==,
        0);
    feed (bytes, size);
    PF_CHECK_UINT (n_events[PF_CLIENT_WELCOME], ==, !lie);
    PF_CHECK_UINT (n_events[PF_CLIENT_CLOSE], ==, lie);
    if (n_events[PF_CLIENT_CLOSE] != lie)
      pf_test_note ("change %zu", i);
    end ();
  }
}

static void
test_plain_allowed (void)
{
  PfClientConfig config = usual ();
  uint8_t bytes[PF_MSG_WELCOME_MAX];
  PfMsgWelcome w;

  config.allow_plain = true;
  begin (&config);
  pf_msg_welcome_init (&w);
  w.udp_port = 1;
  w.mode = config.hello.mode;
  w.encrypt = 0;
  feed (bytes, welcome_bytes (&w, true, bytes, sizeof bytes));
  PF_CHECK_UINT (n_events[PF_CLIENT_WELCOME], ==, 1);
  end ();
}

static void
test_no_welcome (void)
{
  const PfClientConfig config = usual ();

  begin (&config);
  feed ("PKFc\x13\1", 6);
  PF_CHECK_UINT (n_events[PF_CLIENT_CLOSE], ==, 1);
  end ();
  begin (&config);
  feed ("PKF1\3\0\0\0", 8);
  PF_REQUIRE_UINT (n_events[PF_CLIENT_CLOSE], ==, 1);
  PF_CHECK_STR (last.close.text, "the host speaks another version");
  PF_CHECK_INT (pf_client_session_start (client, 1, now), ==, PF_ERR_INVALID);
  end ();
}

/* ---- Secrets ------------------------------------------------------------ */

static bool
block_has (uint8_t byte, size_t times)
{
  size_t run = 0;

  for (size_t i = 0; i < block_size; i++) {
    run = block[i] == byte ? run + 1 : 0;
    if (run >= times)
      return true;
  }
  return false;
}

/* After the keys were handed out no part of the session has them. */
static void
test_wiped (void)
{
  PfClientConfig config = usual ();
  uint8_t bytes[2 + PF_MSG_WELCOME_MAX];
  PfMsgWelcome w;
  PfClientEvent e;
  size_t size;

  begin (&config);
  pf_msg_welcome_init (&w);
  w.udp_port = 1;
  w.mode = config.hello.mode;
  w.cipher = PF_CIPHER_CHACHA20_POLY1305;
  size = welcome_bytes (&w, true, bytes + 2, PF_MSG_WELCOME_MAX);
  pf_msg_frame_finish (bytes, size);
  PF_CHECK_UINT (
      pf_client_session_stream (client, bytes, size + 2, now), ==, size + 2);
  PF_REQUIRE (pf_client_session_event (client, now, &e));
  PF_CHECK_UINT (e.keys->aes[0], ==, 0x6b);
  PF_CHECK_UINT (e.keys->chacha[31], ==, 0x6b);
  PF_CHECK (block_has (0x6b, 16));
  PF_CHECK (!pf_client_session_event (client, now, &e));
  PF_CHECK (!block_has (0x6b, 4));
  end ();
}

/* ---- The clock ---------------------------------------------------------- */

static void
test_estimate (void)
{
  static const uint64_t hour = 3600 * S;
  static const struct {
    PfClockSample s;
    int ret;
    int64_t offset;
    uint64_t rtt;
  } known[] = {
    { { 1000, 1100, 1110, 1210 }, 0, 0, 200 },
    { { 1000, 6100, 6110, 1210 }, 0, 5000, 200 },
    { { 6000, 1100, 1110, 6210 }, 0, -5000, 200 },
    { { 100 * hour, hour, hour, 100 * hour + 2 }, 0,
        -99 * (int64_t) (3600 * S) - 1, 2 },
    { { 1, UINT64_MAX, UINT64_MAX, 3 }, 0, -3, 2 },
    { { 0, INT64_MAX, INT64_MAX, 0 }, 0, INT64_MAX, 0 },
    { { 1000, 5, 500, 1210 }, PF_ERR_INVALID, 0, 0 },
    { { 1000, 500, 499, 1210 }, PF_ERR_INVALID, 0, 0 },
    { { 1000, 500, 500, 999 }, PF_ERR_INVALID, 0, 0 },
    { { 5, 5, 5, 5 }, 0, 0, 0 },
  };

  for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
    PfClockEstimate e = { 4711, 4711 };

    PF_CHECK_INT (pf_clock_estimate (&known[i].s, &e), ==, known[i].ret);
    PF_CHECK_INT (e.offset_ns, ==, known[i].ret ? 4711 : known[i].offset);
    PF_CHECK_UINT (e.rtt_ns, ==, known[i].ret ? 4711 : known[i].rtt);
  }
}

static void
advance (uint64_t ns)
{
  now.mono_ns += ns;
  now.unix_ns += ns;
}

/* One round: out and back take so long; the host is ahead by skew. */
static bool
exchange (PfClock *c, uint64_t out, uint64_t back, int64_t skew)
{
  PfMsgClockProbe probe;
  PfMsgClockEcho echo;
  PfInstant host;

  if (!pf_clock_probe (c, now, &probe))
    return false;
  advance (out);
  host = now;
  host.unix_ns += (uint64_t) skew;
  pf_clock_answer (&probe, host, &echo);
  advance (back);
  pf_clock_echo (c, &echo, now);
  return true;
}

/* Of eight rounds the quickest counts, whichever it is. */
static void
test_batch (void)
{
  for (unsigned best = 0; best < 8; best++) {
    PfClock c;

    now = (PfInstant){ 5 * S, 1700 * S };
    pf_clock_init (&c, now);
    for (unsigned i = 0; i < 8; i++) {
      const uint64_t extra = i == best ? 0 : (1 + i) * PF_MS;

      PF_CHECK (!c.valid);
      PF_CHECK (exchange (&c, PF_MS + 7 * extra, PF_MS, -7 * (int64_t) S));
    }
    PF_REQUIRE (c.valid && c.changed);
    PF_CHECK_INT (c.estimate.offset_ns, ==, -7 * (int64_t) S);
    PF_CHECK_UINT (c.estimate.rtt_ns, ==, 2 * PF_MS);
    PF_CHECK_UINT (pf_clock_wake (&c), ==, now.mono_ns + PF_CLOCK_BATCH_NS);
  }
}

/* Answers that are no answers: to other probes, twice, too late. */
static void
test_matching (void)
{
  PfMsgClockProbe probe, second;
  PfMsgClockEcho echo;
  PfClock c;

  now = (PfInstant){ 5 * S, 1700 * S };
  pf_clock_init (&c, now);
  PF_REQUIRE (pf_clock_probe (&c, now, &probe));
  PF_CHECK (!pf_clock_probe (&c, now, &second));
  pf_clock_answer (&probe, now, &echo);
  echo.t1++;
  pf_clock_echo (&c, &echo, now);
  PF_CHECK (c.waiting);
  echo.t1--;
  pf_clock_echo (&c, &echo, now);
  PF_CHECK (!c.waiting);
  PF_CHECK_UINT (c.n_rounds, ==, 1);
  pf_clock_echo (&c, &echo, now);
  PF_CHECK_UINT (c.n_rounds, ==, 1);
  /* in the same nanosecond, and still another one */
  PF_REQUIRE (pf_clock_probe (&c, now, &second));
  PF_CHECK (second.t1 != probe.t1);
  /* the end of waiting ends the batch, with what there was */
  advance (PF_CLOCK_ANSWER_NS);
  PF_CHECK (!pf_clock_probe (&c, now, &second));
  PF_CHECK (c.valid);
  pf_clock_answer (&second, now, &echo);
  pf_clock_echo (&c, &echo, now);
  PF_CHECK_UINT (c.n_rounds, ==, 0);
  advance (PF_CLOCK_BATCH_NS - 1);
  PF_CHECK (!pf_clock_probe (&c, now, &second));
  advance (1);
  PF_CHECK (pf_clock_probe (&c, now, &second));
}

/* Our own clock is set while an answer is awaited. */
static void
test_step (void)
{
  PfClock c;

  now = (PfInstant){ 5 * S, 1700 * S };
  pf_clock_init (&c, now);
  for (unsigned i = 0; i < 8; i++) {
    PfMsgClockProbe probe;
    PfMsgClockEcho echo;

    PF_REQUIRE (pf_clock_probe (&c, now, &probe));
    advance (PF_MS);
    pf_clock_answer (&probe, now, &echo);
    if (i < 7) /* forward, or back so that the way seems shorter */
      now.unix_ns += i % 2 ? 10 * S : (uint64_t) -1900000;
    advance (PF_MS);
    pf_clock_echo (&c, &echo, now);
  }
  PF_REQUIRE (c.valid);
  PF_CHECK_UINT (c.estimate.rtt_ns, ==, 2 * PF_MS);
  PF_CHECK_INT (c.estimate.offset_ns, ==, 0);
}

int
main (int argc, char **argv)
{
  PF_TEST_ADD ("/client-session/lengths", test_lengths);
  PF_TEST_ADD ("/client-session/old-host", test_old_host);
  PF_TEST_ADD ("/client-session/no-clock", test_no_clock);
  PF_TEST_ADD ("/client-session/punches", test_punches);
  PF_TEST_ADD ("/client-session/messages", test_messages);
  PF_TEST_ADD ("/client-session/unanswered", test_unanswered);
  PF_TEST_ADD ("/client-session/too-early", test_too_early);
  PF_TEST_ADD ("/client-session/lies", test_lies);
  PF_TEST_ADD ("/client-session/plain-allowed", test_plain_allowed);
  PF_TEST_ADD ("/client-session/no-welcome", test_no_welcome);
  PF_TEST_ADD ("/client-session/wiped", test_wiped);
  PF_TEST_ADD ("/clock/estimate", test_estimate);
  PF_TEST_ADD ("/clock/batch", test_batch);
  PF_TEST_ADD ("/clock/matching", test_matching);
  PF_TEST_ADD ("/clock/step", test_step);
  return pf_test_run (argc, argv);
}
