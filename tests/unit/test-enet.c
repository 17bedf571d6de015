/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * ENet: the datagrams of a real client, and our two halves against each other
 * over lines that lose, double and delay.
 */
#include <string.h>

#include "crypto-vectors.h"
#include "enet-line.h"
#include "pf-bytes.h"
#include "pf-enet-wire.h"
#include "pf-test.h"

static Line line;

/* ---- Vectors ------------------------------------------------------------ */

typedef struct {
  bool by_client;
  Bytes data;
} Captured;

static size_t
load_session (Captured *captured, size_t most)
{
  const PfJson *root = crypto_vectors_load ("gamestream/enet_session.json");
  const PfJson *list = pf_json_member (root, "datagrams");
  size_t n = 0;

  for (const PfJson *d = pf_json_first (list); d && n < most;
       d = pf_json_next (d)) {
    const char *from = pf_json_string (pf_json_member (d, "from"));

    PF_REQUIRE (from != NULL);
    captured[n].by_client = strcmp (from, "client_to_host") == 0;
    captured[n++].data = crypto_vectors_hex (pf_json_member (d, "data"));
  }
  PF_REQUIRE_UINT (n, >, 30);
  return n;
}

/* Each datagram comes out of its commands as it went in. */
static void
test_vector_wire (void)
{
  Captured captured[64];
  const size_t n = load_session (captured, 64);

  for (size_t i = 0; i < n; i++) {
    const Bytes in = captured[i].data;
    uint8_t out[2048];
    PfEnetHeader h;
    PfEnetCommand c;
    int at = pf_enet_header_decode (in.data, in.size, &h);
    size_t size;

    PF_REQUIRE_INT (at, >, 0);
    size = pf_enet_header_encode (&h, out);
    while ((size_t) at < in.size) {
      const int used =
          pf_enet_command_decode (in.data + at, in.size - (size_t) at, &c);

      PF_REQUIRE_INT (used, >, 0);
      size += pf_enet_command_encode (&c, out + size);
      if (c.cmd >= PF_ENET_CMD_RELIABLE) {
        memcpy (out + size, c.message.bytes, c.message.size);
        size += c.message.size;
      }
      at += used;
    }
    PF_CHECK_UINT (size, ==, in.size);
    PF_CHECK_MEM (out, in.data, in.size);
  }
  crypto_vectors_clear ();
}

/* What is in a datagram but for session, time and what is acknowledged. */
static void
feed (PfEnet *enet, const PfPeerAddress *from, Bytes in, uint8_t session)
{
  uint8_t bytes[2048];
  const uint16_t field = pf_get_be16 (in.data);

  memcpy (bytes, in.data, in.size);
  if ((field & 0xfff) != PF_ENET_NO_PEER)
    pf_put_be16 (bytes, (uint16_t) ((field & ~0x3000) | session << 12));
  pf_enet_input (enet, from, bytes, in.size, 1000 * PF_MS);
}

/* The real client's half of a session: our host answers as the client's host
 * did, and hands out every message in order. */
static void
test_vector_host (void)
{
  Captured captured[64];
  const size_t n = load_session (captured, 64);
  const PfEnetConfig config = { .max_peers = 1, .mtu = 900 };
  const uint8_t ip[4] = { 10, 0, 0, 9 };
  const PfPeerAddress from = pf_peer_address_v4 (ip, 50123);
  const PfEnetInvite invite = { .check_data = true, .data = 2897698822u };
  uint32_t next[48] = { 0 };
  unsigned n_messages = 0, n_old = 0;
  PfEnet *enet;
  PfEnetPeer *peer;
  PfEnetDatagram d;
  PfEnetEvent e;

  PF_REQUIRE_INT (pf_enet_new (&config, &enet), ==, 0);
  PF_REQUIRE_INT (pf_enet_expect (enet, &invite, &peer), ==, 0);
  feed (enet, &from, captured[0].data, 0);
  PF_REQUIRE (pf_enet_output (enet, 1000 * PF_MS, &d));
  PF_CHECK_UINT (d.size, ==, captured[1].data.size);
  /* all but header, session numbers; the captured host calls it 0 too */
  PF_CHECK_MEM (d.bytes + 4, captured[1].data.data + 4, 6);
  PF_CHECK_MEM (d.bytes + 12, captured[1].data.data + 12, d.size - 12);
  PF_CHECK_UINT (d.bytes[10], ==, 0);
  PF_CHECK_UINT (d.bytes[11], ==, 0);
  for (size_t i = 1; i < n; i++) {
    if (!captured[i].by_client)
      continue;
    feed (enet, &from, captured[i].data, 0);
    while (pf_enet_event (enet, 1000 * PF_MS, &e)) {
      if (e.type != PF_ENET_MESSAGE)
        continue;
      PF_REQUIRE (e.channel < 48 && e.size >= 8);
      /* GameStream's own counter, first in each message */
      PF_CHECK_UINT (pf_get_le16 (e.bytes), ==, 1);
      PF_CHECK_UINT (pf_get_le32 (e.bytes + 4), >=, next[e.channel]);
      next[e.channel] = pf_get_le32 (e.bytes + 4) + 1;
      n_messages++;
    }
    while (pf_enet_output (enet, 1000 * PF_MS, &d))
      ;
  }
  n_old = (unsigned) pf_enet_stats (enet)->duplicates;
  PF_CHECK_UINT (n_messages, ==, 30);
  PF_CHECK_UINT (n_old, ==, 1);
  PF_CHECK_UINT (pf_enet_stats (enet)->malformed, ==, 0);
  PF_CHECK_UINT (pf_enet_stats (enet)->misplaced, ==, 0);
  pf_enet_free (enet);
  crypto_vectors_clear ();
}

/* ---- Handshake and end -------------------------------------------------- */

static void
start (unsigned n_channels)
{
  line_init (&line, NULL, NULL);
  line_connect (&line, n_channels);
}

static LineEnd *
host (void)
{
  return &line.ends[LINE_HOST];
}

static LineEnd *
client (void)
{
  return &line.ends[LINE_CLIENT];
}

static void
test_connect (void)
{
  start (48);
  line_run (&line, 100 * PF_MS);
  PF_REQUIRE_UINT (host ()->n_events, ==, 1);
  PF_REQUIRE_UINT (client ()->n_events, ==, 1);
  PF_CHECK_INT (host ()->events[0].type, ==, PF_ENET_CONNECTED);
  PF_CHECK_INT (client ()->events[0].type, ==, PF_ENET_CONNECTED);
  PF_CHECK_UINT (host ()->events[0].data, ==, LINE_DATA);
  PF_CHECK_UINT (host ()->events[0].n_channels, ==, 48);
  PF_CHECK_UINT (client ()->events[0].n_channels, ==, 48);
  /* one way there and back again */
  PF_CHECK_UINT (client ()->events[0].when, ==, 17 * PF_MS);
  PF_CHECK_UINT (host ()->events[0].when, ==, 22 * PF_MS);
  line_clear (&line);
}

static void
test_fewer_channels (void)
{
  const PfEnetConfig few = { .max_peers = 1, .max_channels = 2 };
  static const uint8_t byte = 1;

  line_init (&line, &few, NULL);
  line_connect (&line, 48);
  line_run (&line, 100 * PF_MS);
  PF_CHECK_UINT (client ()->events[0].n_channels, ==, 2);
  PF_CHECK_INT (pf_enet_send (client ()->peer, 2, PF_ENET_RELIABLE, &byte, 1),
      ==, PF_ERR_INVALID);
  PF_CHECK_INT (
      pf_enet_send (client ()->peer, 1, PF_ENET_RELIABLE, &byte, 1), ==, 0);
  line_run (&line, 100 * PF_MS);
  PF_CHECK_UINT (line_count (host (), PF_ENET_MESSAGE), ==, 1);
  line_clear (&line);
}

/* Every handshake comes through a line that loses a third. */
static void
test_connect_lossy (void)
{
  for (int i = 0; i < 20; i++) {
    start (48);
    line.loss_percent = 33;
    line.double_percent = 20;
    line.jitter_ns = 20 * PF_MS;
    line_run (&line, 10000 * PF_MS);
    PF_CHECK_UINT (line_count (host (), PF_ENET_CONNECTED), ==, 1);
    PF_CHECK_UINT (line_count (client (), PF_ENET_CONNECTED), ==, 1);
    line_clear (&line);
  }
}

static void
test_connect_nobody (void)
{
  start (48);
  line.cut = true;
  line_run (&line, 9999 * PF_MS);
  PF_CHECK_UINT (client ()->n_events, ==, 0);
  PF_CHECK_UINT (line.n_datagrams, <, 30);
  line_run (&line, 2 * PF_MS);
  PF_REQUIRE_UINT (client ()->n_events, ==, 1);
  PF_CHECK_INT (client ()->events[0].type, ==, PF_ENET_CLOSED);
  PF_CHECK_INT (client ()->events[0].reason, ==, PF_ENET_TIMEOUT);
  line_clear (&line);
}

/* Goodbye comes after all that was sent before it. */
static void
test_disconnect (void)
{
  static const uint8_t bytes[600];

  start (1);
  line_run (&line, 100 * PF_MS);
  line.loss_percent = 15;
  for (int i = 0; i < 40; i++)
    PF_REQUIRE_INT (pf_enet_send (client ()->peer, 0, PF_ENET_RELIABLE, bytes,
                        sizeof bytes),
        ==, 0);
  pf_enet_disconnect (client ()->peer, 77, line.now);
  PF_CHECK_INT (pf_enet_send (client ()->peer, 0, PF_ENET_RELIABLE, bytes, 1),
      ==, PF_ERR_INVALID);
  line_run (&line, 1800 * PF_MS);
  PF_CHECK_UINT (line_count (host (), PF_ENET_MESSAGE), ==, 40);
  PF_REQUIRE (line_last (host (), PF_ENET_CLOSED) != NULL);
  PF_CHECK_INT (
      host ()->events[host ()->n_events - 1].type, ==, PF_ENET_CLOSED);
  PF_CHECK_UINT (line_last (host (), PF_ENET_CLOSED)->data, ==, 77);
  PF_CHECK_INT (
      line_last (host (), PF_ENET_CLOSED)->reason, ==, PF_ENET_BY_PEER);
  line_run (&line, 1000 * PF_MS);
  PF_REQUIRE_UINT (line_count (client (), PF_ENET_CLOSED), ==, 1);
  PF_CHECK_INT (
      line_last (client (), PF_ENET_CLOSED)->reason, ==, PF_ENET_BY_US);
  line_clear (&line);
}

static void
test_drop (void)
{
  start (1);
  line_run (&line, 100 * PF_MS);
  pf_enet_drop (host ()->peer, 5);
  line_run (&line, 100 * PF_MS);
  PF_REQUIRE (line_last (client (), PF_ENET_CLOSED) != NULL);
  PF_CHECK_UINT (line_last (client (), PF_ENET_CLOSED)->data, ==, 5);
  PF_CHECK_INT (line_last (host (), PF_ENET_CLOSED)->reason, ==, PF_ENET_BY_US);
  line_clear (&line);
}

/* An unanswered ping ends it after the time that it has. */
static void
test_vanished (void)
{
  uint64_t cut;

  start (1);
  line_run (&line, 3000 * PF_MS);
  cut = line.now;
  line.cut = true;
  line_run (&line, 12000 * PF_MS);
  for (int i = 0; i < 2; i++) {
    const LineEvent *e = line_last (&line.ends[i], PF_ENET_CLOSED);

    PF_REQUIRE (e != NULL);
    PF_CHECK_INT (e->reason, ==, PF_ENET_TIMEOUT);
    PF_CHECK_UINT (e->when - cut, >=, 9500 * PF_MS);
    PF_CHECK_UINT (e->when - cut, <=, 10500 * PF_MS);
  }
  line_clear (&line);
}

/* Nothing to say: a ping each half second keeps it alive, no more. */
static void
test_idle (void)
{
  start (1);
  line_run (&line, 100 * PF_MS);
  line.n_datagrams = 0;
  line_run (&line, 60000 * PF_MS);
  PF_CHECK_UINT (line_count (host (), PF_ENET_CLOSED), ==, 0);
  PF_CHECK_UINT (line.n_datagrams, >, 100);
  PF_CHECK_UINT (line.n_datagrams, <, 500);
  PF_CHECK_UINT (pf_enet_rtt_ns (host ()->peer), ==, 10 * PF_MS);
  line_clear (&line);
}

/* ---- Messages ----------------------------------------------------------- */

enum { N_CHANNELS = 3, N_MESSAGES = 2000 };

/* A message says what it is and is filled from its number. */
static size_t
make_message (uint8_t *bytes, PfEnetKind kind, uint32_t number, size_t size)
{
  pf_put_le32 (bytes, number);
  bytes[4] = (uint8_t) kind;
  for (size_t i = 5; i < size; i++)
    bytes[i] = (uint8_t) (number * 31 + i * 7);
  return size;
}

static void
check_message (const LineEvent *e)
{
  static uint8_t expected[PF_ENET_MESSAGE_MAX];

  PF_REQUIRE_UINT (e->size, >=, 5);
  make_message (expected, e->bytes[4], pf_get_le32 (e->bytes), e->size);
  PF_CHECK_MEM (e->bytes, expected, e->size);
}

static size_t
random_size (PfEnetKind kind)
{
  const uint64_t sort = pf_test_random_below (20);

  if (sort == 0 && kind != PF_ENET_UNSEQUENCED)
    return 5 + pf_test_random_below (PF_ENET_MESSAGE_MAX - 5);
  return 5 + pf_test_random_below (sort < 5 ? 1000 : 60);
}

/* Both sides send all kinds at once; what one kind promises must hold. */
static void
exchange (unsigned loss, unsigned doubled, uint64_t jitter)
{
  static uint8_t bytes[PF_ENET_MESSAGE_MAX];
  uint32_t sent[2][N_CHANNELS][4] = { 0 };
  uint32_t lost = 0;

  start (N_CHANNELS);
  line_run (&line, 100 * PF_MS);
  line.loss_percent = loss;
  line.double_percent = doubled;
  line.jitter_ns = jitter;
  for (int i = 0; i < N_MESSAGES; i++) {
    const unsigned end = (unsigned) pf_test_random_below (2);
    const unsigned ch = (unsigned) pf_test_random_below (N_CHANNELS);
    const PfEnetKind kind = 1 + (PfEnetKind) pf_test_random_below (3);
    const size_t size = random_size (kind);
    int ret;

    make_message (bytes, kind, sent[end][ch][kind], size);
    ret = pf_enet_send (line.ends[end].peer, ch, kind, bytes, size);
    PF_REQUIRE (ret == 0 || ret == PF_ERR_EXHAUSTED);
    sent[end][ch][kind] += ret == 0;
    line_run (&line, pf_test_random_below (8 * PF_MS));
  }
  line.loss_percent = loss / 2;
  line_run (&line, 9000 * PF_MS);
  for (unsigned end = 0; end < 2; end++) {
    uint32_t next[N_CHANNELS][4] = { 0 }, n_unreliable[N_CHANNELS] = { 0 };
    static uint8_t seen[N_CHANNELS][N_MESSAGES];
    const LineEnd *at = &line.ends[1 - end];

    memset (seen, 0, sizeof seen);
    PF_CHECK_UINT (line_count (at, PF_ENET_CLOSED), ==, 0);
    for (size_t i = 0; i < at->n_events; i++) {
      const LineEvent *e = &at->events[i];
      uint32_t number;
      PfEnetKind kind;

      if (e->type != PF_ENET_MESSAGE)
        continue;
      check_message (e);
      number = pf_get_le32 (e->bytes);
      kind = e->bytes[4];
      PF_REQUIRE (
          kind >= 1 && kind <= 3 && number < sent[end][e->channel][kind]);
      if (kind == PF_ENET_RELIABLE)
        PF_CHECK_UINT (number, ==, next[e->channel][kind]);
      else if (kind == PF_ENET_UNRELIABLE)
        PF_CHECK_UINT (number, >=, next[e->channel][kind]);
      else
        PF_CHECK_UINT (seen[e->channel][number]++, ==, 0);
      n_unreliable[e->channel] += kind == PF_ENET_UNRELIABLE;
      next[e->channel][kind] = number + 1;
    }
    for (unsigned ch = 0; ch < N_CHANNELS; ch++) {
      if (loss == 0 && jitter == 0)
        PF_CHECK_UINT (n_unreliable[ch], ==, sent[end][ch][PF_ENET_UNRELIABLE]);
      PF_CHECK_UINT (
          next[ch][PF_ENET_RELIABLE], ==, sent[end][ch][PF_ENET_RELIABLE]);
      for (uint32_t i = 0; i < sent[end][ch][PF_ENET_UNSEQUENCED]; i++)
        lost += !seen[ch][i];
    }
  }
  PF_CHECK (loss > 0 ? lost > 0 : lost == 0);
  PF_CHECK_UINT (pf_enet_stats (host ()->enet)->malformed, ==, 0);
  PF_CHECK_UINT (pf_enet_stats (client ()->enet)->malformed, ==, 0);
  line_clear (&line);
}

static void
test_exchange (void)
{
  exchange (0, 0, 0);
}

static void
test_exchange_reordered (void)
{
  exchange (0, 10, 30 * PF_MS);
}

static void
test_exchange_lossy (void)
{
  exchange (15, 5, 15 * PF_MS);
}

/* The host got N messages, numbered from FIRST on; they are forgotten. */
static void
check_run (uint32_t first, unsigned n)
{
  PF_REQUIRE_UINT (host ()->n_events, ==, n);
  for (uint32_t i = 0; i < n; i++)
    PF_CHECK_UINT (pf_get_le32 (host ()->events[i].bytes), ==, first + i);
  line_forget (host ());
}

/* Numbers of all kinds go around. */
static void
test_wraps (void)
{
  uint8_t bytes[5];

  start (1);
  line.delay_ns = 10000;
  line_run (&line, 100 * PF_MS);
  line_forget (host ());
  for (PfEnetKind kind = PF_ENET_RELIABLE; kind <= PF_ENET_UNSEQUENCED; kind++)
    for (uint32_t i = 0; i < 70000; i++) {
      make_message (bytes, kind, i, sizeof bytes);
      PF_REQUIRE_INT (
          pf_enet_send (client ()->peer, 0, kind, bytes, sizeof bytes), ==, 0);
      if (i % 100 < 99)
        continue;
      line_run (&line, PF_MS / 2);
      check_run (i - 99, 100);
    }
  line_clear (&line);
}

/* More than a window at once: it waits, nothing is lost. */
static void
test_window (void)
{
  static uint8_t bytes[PF_ENET_MESSAGE_MAX];
  int n = 0;

  start (1);
  line.delay_ns = 100 * PF_MS;
  line_run (&line, 1000 * PF_MS);
  while (pf_enet_send (client ()->peer, 0, PF_ENET_RELIABLE, bytes,
             make_message (bytes, 1, (uint32_t) n, 10000)) == 0)
    n++;
  /* three quarters of the memory for messages; nine datagrams each */
  PF_CHECK_INT (n, ==, 8);
  line.n_datagrams = 0;
  line_run (&line, 50 * PF_MS);
  PF_CHECK_UINT (line.n_datagrams, >, 40);
  PF_CHECK_UINT (line.n_datagrams, <=, 65536 * 9 / 10000);
  line_run (&line, 2000 * PF_MS);
  PF_CHECK_UINT (line_count (host (), PF_ENET_MESSAGE), ==, 8);
  PF_CHECK_UINT (pf_enet_stats (client ()->enet)->resent, ==, 0);
  line_clear (&line);
}

static void
test_errors (void)
{
  static const PfEnetConfig bad[] = {
    { .max_peers = 0 },
    { .max_peers = PF_ENET_PEERS_MAX + 1 },
    { .max_peers = 1, .max_channels = PF_ENET_CHANNELS_MAX + 1 },
    { .max_peers = 1, .mtu = PF_ENET_MTU_MIN - 1 },
    { .max_peers = 1, .mtu = PF_ENET_MTU_MAX + 1 },
  };
  const PfEnetInvite anybody = { 0 }, somebody = { .check_data = true };
  const PfEnetConfig config = { .max_peers = 2 };
  static uint8_t bytes[PF_ENET_MESSAGE_MAX + 1];
  PfEnetPeer *peers[3] = { NULL };
  PfEnet *enet = NULL;

  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    PF_CHECK_INT (pf_enet_new (&bad[i], &enet), ==, PF_ERR_RANGE);
  PF_CHECK_INT (pf_enet_new (NULL, &enet), ==, PF_ERR_INVALID);
  PF_CHECK (enet == NULL);
  PF_REQUIRE_INT (pf_enet_new (&config, &enet), ==, 0);
  PF_CHECK_INT (pf_enet_expect (enet, &anybody, peers), ==, PF_ERR_INVALID);
  PF_CHECK_INT (pf_enet_expect (enet, &somebody, &peers[0]), ==, 0);
  PF_CHECK_INT (pf_enet_expect (enet, &somebody, &peers[1]), ==, 0);
  PF_CHECK_INT (
      pf_enet_expect (enet, &somebody, &peers[2]), ==, PF_ERR_EXHAUSTED);
  PF_CHECK (peers[2] == NULL);
  pf_enet_forget (peers[0]);
  PF_CHECK_INT (pf_enet_expect (enet, &somebody, &peers[0]), ==, 0);
  PF_CHECK_INT (pf_enet_send (peers[0], 0, PF_ENET_RELIABLE, bytes, 1), ==,
      PF_ERR_INVALID);
  pf_enet_free (enet);

  start (1);
  line_run (&line, 100 * PF_MS);
  PF_CHECK_INT (pf_enet_send (client ()->peer, 0, PF_ENET_RELIABLE, bytes,
                    PF_ENET_MESSAGE_MAX + 1),
      ==, PF_ERR_RANGE);
  PF_CHECK_INT (
      pf_enet_send (client ()->peer, 0, PF_ENET_UNSEQUENCED, bytes, 1200), ==,
      PF_ERR_RANGE);
  PF_CHECK_INT (
      pf_enet_send (client ()->peer, 0, 4, bytes, 1), ==, PF_ERR_INVALID);
  PF_CHECK_INT (
      pf_enet_send (client ()->peer, 0, PF_ENET_RELIABLE, NULL, 0), ==, 0);
  line_run (&line, 100 * PF_MS);
  PF_REQUIRE (line_last (host (), PF_ENET_MESSAGE) != NULL);
  PF_CHECK_UINT (line_last (host (), PF_ENET_MESSAGE)->size, ==, 0);
  line_clear (&line);
}

int
main (int argc, char **argv)
{
  PF_TEST_ADD ("/enet/vector-wire", test_vector_wire);
  PF_TEST_ADD ("/enet/vector-host", test_vector_host);
  PF_TEST_ADD ("/enet/connect", test_connect);
  PF_TEST_ADD ("/enet/fewer-channels", test_fewer_channels);
  PF_TEST_ADD ("/enet/connect-lossy", test_connect_lossy);
  PF_TEST_ADD ("/enet/connect-nobody", test_connect_nobody);
  PF_TEST_ADD ("/enet/disconnect", test_disconnect);
  PF_TEST_ADD ("/enet/drop", test_drop);
  PF_TEST_ADD ("/enet/vanished", test_vanished);
  PF_TEST_ADD ("/enet/idle", test_idle);
  PF_TEST_ADD ("/enet/exchange", test_exchange);
  PF_TEST_ADD ("/enet/exchange-reordered", test_exchange_reordered);
  PF_TEST_ADD ("/enet/exchange-lossy", test_exchange_lossy);
  PF_TEST_ADD ("/enet/wraps", test_wraps);
  PF_TEST_ADD ("/enet/window", test_window);
  PF_TEST_ADD ("/enet/errors", test_errors);
  return pf_test_run (argc, argv);
}
