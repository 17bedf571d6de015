/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * ENet against datagrams that no honest peer sends: nobody gets in who is not
 * expected, nothing is believed that does not fit, memory ends, and the
 * connection goes on.
 */
#include <stdlib.h>
#include <string.h>

#include "pf-bytes.h"
#include "pf-enet-wire.h"
#include "pf-enet.h"
#include "pf-test.h"

enum { DATA = 0xabad1dea, SEEN_MAX = 4096 };

static PfEnet *enet;
static PfEnetPeer *peer;
static PfPeerAddress home, elsewhere;
static uint8_t session; /* of datagrams to the host */
static uint64_t now;

/* A datagram in the making. */
static uint8_t letter[65536];
static size_t n_letter;

/* What came out. */
static unsigned n_connected, n_messages, n_closed, n_out, n_acks;
static uint32_t seen[SEEN_MAX]; /* first four bytes of each message */
static PfEnetReason reason;

static void
begin (void)
{
  const PfEnetHeader h = { .session = session, .has_time = true };

  n_letter = pf_enet_header_encode (&h, letter);
}

static void
add (const PfEnetCommand *c)
{
  n_letter += pf_enet_command_encode (c, letter + n_letter);
  if (c->cmd >= PF_ENET_CMD_RELIABLE && c->message.bytes) {
    memcpy (letter + n_letter, c->message.bytes, c->message.size);
    n_letter += c->message.size;
  }
}

static void
note_output (const PfEnetDatagram *d)
{
  PfEnetHeader h;
  PfEnetCommand c;
  int at = pf_enet_header_decode (d->bytes, d->size, &h);

  PF_CHECK (pf_peer_address_equal (&d->to, &home));
  PF_REQUIRE_INT (at, >, 0);
  while ((size_t) at < d->size) {
    const int used =
        pf_enet_command_decode (d->bytes + at, d->size - (size_t) at, &c);

    PF_REQUIRE_INT (used, >, 0);
    n_acks += c.cmd == PF_ENET_CMD_ACK;
    if (c.cmd == PF_ENET_CMD_VERIFY_CONNECT)
      session = c.connect.outgoing_session;
    at += used;
  }
  n_out++;
}

static void
drain (void)
{
  PfEnetEvent e;
  PfEnetDatagram d;

  while (pf_enet_event (enet, now, &e)) {
    n_connected += e.type == PF_ENET_CONNECTED;
    n_closed += e.type == PF_ENET_CLOSED;
    reason = e.reason;
    if (e.type != PF_ENET_MESSAGE)
      continue;
    PF_REQUIRE (n_messages < SEEN_MAX && e.size >= 4);
    seen[n_messages++] = pf_get_le32 (e.bytes);
  }
  while (pf_enet_output (enet, now, &d))
    note_output (&d);
}

static void
post_from (const PfPeerAddress *from)
{
  /* as large as it is, so that a read past it shows */
  uint8_t *exact = malloc (n_letter);

  PF_REQUIRE (exact != NULL);
  memcpy (exact, letter, n_letter);
  pf_enet_input (enet, from, exact, n_letter, now);
  free (exact);
  drain ();
}

static void
post (void)
{
  post_from (&home);
}

static PfEnetCommand
connect_command (uint32_t data)
{
  return (PfEnetCommand){ .cmd = PF_ENET_CMD_CONNECT,
    .flags = PF_ENET_ACKNOWLEDGE_FLAG,
    .channel = PF_ENET_CHANNEL_NONE,
    .seq = 1,
    .connect = { .incoming_session = PF_ENET_NO_SESSION,
        .outgoing_session = PF_ENET_NO_SESSION,
        .mtu = 900,
        .window = 65536,
        .n_channels = 4,
        .connect_id = 99,
        .data = data } };
}

static void
post_connect (const PfPeerAddress *from, uint32_t data)
{
  const PfEnetHeader h = { .peer_id = PF_ENET_NO_PEER, .has_time = true };
  const PfEnetCommand c = connect_command (data);

  n_letter = pf_enet_header_encode (&h, letter);
  add (&c);
  post_from (from);
}

/* A host that expects somebody from home. */
static void
open_host (void)
{
  const PfEnetConfig config = { .max_peers = 2 };
  const uint8_t ip[2][4] = { { 192, 0, 2, 7 }, { 192, 0, 2, 8 } };
  PfEnetInvite invite = { .check_data = true, .data = DATA, .check_ip = true };

  home = pf_peer_address_v4 (ip[0], 40000);
  elsewhere = pf_peer_address_v4 (ip[1], 40000);
  invite.ip = home;
  now = 1000 * PF_MS;
  n_connected = n_messages = n_closed = n_out = n_acks = 0;
  PF_REQUIRE_INT (pf_enet_new (&config, &enet), ==, 0);
  PF_REQUIRE_INT (pf_enet_expect (enet, &invite, &peer), ==, 0);
}

/* A message, or a fragment where the command is one. */
static PfEnetCommand
message (unsigned cmd, uint16_t seq)
{
  static uint8_t bytes[4];
  PfEnetCommand c = { .cmd = (uint8_t) cmd, .channel = 1, .seq = seq };

  pf_put_le32 (bytes, seq);
  if (cmd == PF_ENET_CMD_RELIABLE || cmd == PF_ENET_CMD_FRAGMENT)
    c.flags = PF_ENET_ACKNOWLEDGE_FLAG;
  c.message.bytes = bytes;
  c.message.size = sizeof bytes;
  c.message.start = seq;
  c.message.count = 1;
  c.message.total = sizeof bytes;
  return c;
}

static void
post_message (unsigned cmd, uint16_t seq)
{
  const PfEnetCommand c = message (cmd, seq);

  begin ();
  add (&c);
  post ();
}

static void
post_ack (uint8_t channel, uint16_t seq)
{
  const PfEnetCommand c = { .cmd = PF_ENET_CMD_ACK,
    .channel = channel,
    .seq = seq,
    .ack = { seq, (uint16_t) (now / PF_MS) } };

  begin ();
  add (&c);
  post ();
}

static void
open_connection (void)
{
  open_host ();
  post_connect (&home, DATA);
  post_ack (PF_ENET_CHANNEL_NONE, 1);
  PF_REQUIRE_UINT (n_connected, ==, 1);
}

/* The connection still works. */
static void
close_connection (uint16_t next)
{
  const unsigned n = n_messages;

  post_message (PF_ENET_CMD_RELIABLE, next);
  PF_CHECK_UINT (n_messages, ==, n + 1);
  PF_CHECK_UINT (n_closed, ==, 0);
  pf_enet_free (enet);
}

/* ---- Who gets in -------------------------------------------------------- */

static void
test_strangers (void)
{
  open_host ();
  post_connect (&home, DATA + 1);
  post_connect (&elsewhere, DATA);
  PF_CHECK_UINT (n_out, ==, 0);
  PF_CHECK_UINT (pf_enet_stats (enet)->strangers, ==, 2);
  PF_CHECK_UINT (pf_enet_wake (enet), ==, PF_NEVER);
  post_connect (&home, DATA);
  PF_CHECK_UINT (n_out, ==, 1);
  /* again the same, perhaps of somebody who listened: no second answer */
  post_connect (&home, DATA);
  PF_CHECK_UINT (n_out, ==, 1);
  post_ack (PF_ENET_CHANNEL_NONE, 1);
  PF_CHECK_UINT (n_connected, ==, 1);
  /* one peer for an invitation */
  post_connect (&home, DATA);
  PF_CHECK_UINT (n_out, ==, 1);
  PF_CHECK_UINT (pf_enet_stats (enet)->strangers, ==, 3);
  close_connection (1);
}

/* A handshake that its client gave up on may begin anew, from another port
 * too; one that nobody ends is forgotten. */
static void
test_open_handshakes (void)
{
  open_host ();
  home.port = 40001;
  post_connect (&home, DATA);
  now += PF_ENET_CONNECT_NS;
  drain ();
  PF_CHECK_UINT (pf_enet_wake (enet), ==, PF_NEVER);
  n_out = 0;
  home.port = 40002;
  post_connect (&home, DATA);
  PF_CHECK_UINT (n_out, ==, 1);
  home.port = 40003;
  post_connect (&home, DATA);
  PF_CHECK_UINT (n_out, ==, 2);
  post_ack (PF_ENET_CHANNEL_NONE, 1);
  PF_CHECK_UINT (n_connected, ==, 1);
  close_connection (1);
}

static void
test_bad_connects (void)
{
  const PfEnetHeader h = { .peer_id = PF_ENET_NO_PEER, .has_time = true };
  PfEnetCommand c;

  open_host ();
  for (int i = 0; i < 4; i++) {
    c = connect_command (DATA);
    if (i == 0)
      c.connect.n_channels = 0;
    else if (i == 1)
      c.connect.peer_id = PF_ENET_NO_PEER;
    else if (i == 2)
      c.channel = 0;
    else
      c.cmd = PF_ENET_CMD_VERIFY_CONNECT;
    n_letter = pf_enet_header_encode (&h, letter);
    add (&c);
    post ();
  }
  PF_CHECK_UINT (pf_enet_stats (enet)->malformed, ==, 4);
  PF_CHECK_UINT (n_out, ==, 0);
  /* sizes and numbers of a CONNECT are only ever lowered */
  c = connect_command (DATA);
  c.connect.mtu = c.connect.window = c.connect.n_channels = UINT32_MAX;
  n_letter = pf_enet_header_encode (&h, letter);
  add (&c);
  post ();
  post_ack (PF_ENET_CHANNEL_NONE, 1);
  PF_CHECK_UINT (n_connected, ==, 1);
  close_connection (1);
}

/* Datagrams to the peer from elsewhere, of another session, to no peer. */
static void
test_spoofed (void)
{
  PfEnetHeader h = { .has_time = true };
  const PfEnetCommand bye = { .cmd = PF_ENET_CMD_DISCONNECT,
    .flags = PF_ENET_UNSEQUENCED_FLAG,
    .channel = PF_ENET_CHANNEL_NONE };
  PfPeerAddress port;

  open_connection ();
  begin ();
  add (&bye);
  post_from (&elsewhere);
  port = home;
  port.port++;
  post_from (&port);
  for (unsigned id = 0; id < PF_ENET_NO_PEER; id++) {
    h.peer_id = (uint16_t) id;
    h.session = id == 0 ? (session + 1) & 3 : session;
    n_letter = pf_enet_header_encode (&h, letter);
    add (&bye);
    post ();
  }
  PF_CHECK_UINT (pf_enet_stats (enet)->misplaced, ==, 2 + PF_ENET_NO_PEER);
  PF_CHECK_UINT (n_closed, ==, 0);
  begin ();
  add (&bye);
  post ();
  PF_CHECK_UINT (n_closed, ==, 1);
  PF_CHECK_INT (reason, ==, PF_ENET_BY_PEER);
  pf_enet_free (enet);
}

/* ---- What is believed --------------------------------------------------- */

static void
test_malformed (void)
{
  PfEnetCommand c = message (PF_ENET_CMD_RELIABLE, 1);
  unsigned bad = 0;

  open_connection ();
  begin ();
  add (&c);
  /* all lengths but the whole; nothing of them is taken */
  for (size_t size = n_letter - 1; size > 4; size--) {
    n_letter = size;
    post ();
    bad++;
  }
  n_letter = 4; /* nothing in it: allowed */
  post ();
  n_letter = 1;
  post ();
  begin ();
  letter[0] |= 0x40; /* compressed */
  add (&c);
  post ();
  begin ();
  letter[n_letter++] = 0; /* no such command */
  letter[n_letter++] = 1;
  letter[n_letter++] = 0;
  letter[n_letter++] = 1;
  post ();
  begin ();
  c.channel = 4; /* no such channel */
  add (&c);
  post ();
  c.channel = PF_ENET_CHANNEL_NONE;
  begin ();
  add (&c);
  post ();
  c = connect_command (DATA);
  begin ();
  add (&c);
  post ();
  PF_CHECK_UINT (pf_enet_stats (enet)->malformed, ==, bad + 6);
  PF_CHECK_UINT (n_messages, ==, 0);
  PF_CHECK_UINT (n_acks, ==, 0);
  close_connection (1);
}

/* What wants an acknowledgement needs the time to answer with. */
static void
test_no_time (void)
{
  const PfEnetCommand c = message (PF_ENET_CMD_RELIABLE, 1);
  PfEnetHeader h = { 0 };

  open_connection ();
  h.session = session;
  n_letter = pf_enet_header_encode (&h, letter);
  add (&c);
  post ();
  PF_CHECK_UINT (n_messages, ==, 0);
  PF_CHECK_UINT (pf_enet_stats (enet)->malformed, ==, 1);
  close_connection (1);
}

static void
test_fragments (void)
{
  static const struct {
    uint32_t count, number, total, offset;
    uint16_t start, size;
  } bad[] = {
    { 0, 0, 4, 0, 1, 4 },                       /* no fragments */
    { 1, 1, 4, 0, 1, 4 },                       /* one too many */
    { UINT32_MAX, 0, 4, 0, 1, 4 },              /* count */
    { 129, 0, 4, 0, 1, 4 },                     /* count */
    { 2, UINT32_MAX, 4, 0, 1, 4 },              /* number */
    { 1, 0, UINT32_MAX, 0, 1, 4 },              /* total */
    { 1, 0, PF_ENET_MESSAGE_MAX + 1, 0, 1, 4 }, /* total */
    { 2, 0, 3, 0, 1, 4 },                       /* longer than all */
    { 2, 0, 8, 5, 1, 4 },                       /* end behind all */
    { 2, 0, 8, UINT32_MAX - 1, 1, 4 },          /* wraps */
    { 2, 0, 8, 8, 1, 4 },                       /* begins at the end */
    { 2, 0, 8, 0, 1, 0 },                       /* empty */
    { 2, 1, 8, 4, 1, 4 },                       /* another number's */
  };
  PfEnetCommand c;

  open_connection ();
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    for (int unreliable = 0; unreliable < 2; unreliable++) {
      /* unreliable ones have no number of their own to be wrong */
      if (unreliable && i + 1 == sizeof bad / sizeof *bad)
        continue;
      c = message (PF_ENET_CMD_FRAGMENT, 1);
      if (unreliable) {
        c.cmd = PF_ENET_CMD_UNRELIABLE_FRAGMENT;
        c.flags = 0;
        c.seq = 0;
      }
      c.message.count = bad[i].count;
      c.message.number = bad[i].number;
      c.message.total = bad[i].total;
      c.message.offset = bad[i].offset;
      c.message.start = bad[i].start;
      c.message.size = bad[i].size;
      begin ();
      add (&c);
      post ();
    }
  PF_CHECK_UINT (
      pf_enet_stats (enet)->malformed, ==, sizeof bad / sizeof *bad * 2 - 1);
  PF_CHECK_UINT (n_messages, ==, 0);
  PF_CHECK_UINT (n_acks, ==, 0);
  close_connection (1);
}

/* Fragments that each are sane but no message together. */
static void
test_fragments_apart (void)
{
  PfEnetCommand c = message (PF_ENET_CMD_FRAGMENT, 1);

  open_connection ();
  c.message.count = 2;
  c.message.total = 8;
  begin ();
  add (&c);
  c.seq = 2;
  c.message.number = 1;
  c.message.offset = 2; /* overlaps */
  add (&c);
  post ();
  /* it never becomes a message; the peer has spoiled its channel, others
   * go on */
  PF_CHECK_UINT (n_messages, ==, 0);
  c = message (PF_ENET_CMD_RELIABLE, 1);
  c.channel = 2;
  begin ();
  add (&c);
  post ();
  PF_CHECK_UINT (n_messages, ==, 1);
  pf_enet_free (enet);
}

/* ---- Memory ------------------------------------------------------------- */

/* As many as there can be that wait for an earlier one: memory ends, the
 * earlier one still has room, and all that were acknowledged come out. */
static void
test_early (void)
{
  unsigned taken;

  open_connection ();
  /* too far ahead to be believed */
  post_message (PF_ENET_CMD_RELIABLE, 4096 * 7 + 1);
  post_message (PF_ENET_CMD_RELIABLE, 0x7fff);
  PF_CHECK_UINT (n_acks, ==, 0);
  PF_CHECK_UINT (pf_enet_stats (enet)->no_room, ==, 2);
  for (unsigned i = 0; i < 2000; i++)
    post_message (PF_ENET_CMD_RELIABLE, (uint16_t) (2 + i));
  taken = n_acks;
  PF_CHECK_UINT (taken, ==, 384); /* three quarters of all items */
  PF_CHECK_UINT (pf_enet_stats (enet)->no_room, ==, 2002 - taken);
  PF_CHECK_UINT (n_messages, ==, 0);
  post_message (PF_ENET_CMD_RELIABLE, 1);
  PF_CHECK_UINT (n_messages, ==, taken + 1);
  for (unsigned i = 0; i < n_messages; i++)
    PF_CHECK_UINT (seen[i], ==, i + 1);
  close_connection ((uint16_t) (taken + 2));
}

/* Unreliable ones wait for no more than there is room for. */
static void
test_early_unreliable (void)
{
  PfEnetCommand c = message (PF_ENET_CMD_UNRELIABLE, 1);

  open_connection ();
  for (unsigned i = 0; i < 2000; i++) {
    c.message.seq = (uint16_t) (i + 1);
    begin ();
    add (&c);
    post ();
  }
  PF_CHECK_UINT (n_messages, ==, 0);
  post_message (PF_ENET_CMD_RELIABLE, 1);
  PF_CHECK_UINT (n_messages, ==, 385);
  close_connection (2);
}

/* One datagram with more commands than acknowledgements have room. */
static void
test_many_commands (void)
{
  open_connection ();
  n_acks = 0;
  begin ();
  for (unsigned i = 0; i < 6000; i++) {
    PfEnetCommand c = message (PF_ENET_CMD_RELIABLE, (uint16_t) (i + 1));

    add (&c);
  }
  post ();
  /* in order, so they take their room one after the other only if fetched */
  PF_CHECK_UINT (n_messages, ==, 512);
  PF_CHECK_UINT (n_acks, ==, 512);
  close_connection (513);
}

static void
test_acks (void)
{
  static const uint8_t bytes[8];

  open_connection ();
  for (unsigned i = 0; i < 70000; i++)
    post_ack ((uint8_t) (i >> 8), (uint16_t) i);
  PF_REQUIRE_INT (
      pf_enet_send (peer, 1, PF_ENET_RELIABLE, bytes, sizeof bytes), ==, 0);
  drain ();
  PF_CHECK (!pf_enet_is_idle (peer));
  post_ack (0, 1);
  PF_CHECK (!pf_enet_is_idle (peer));
  post_ack (1, 2);
  PF_CHECK (!pf_enet_is_idle (peer));
  post_ack (1, 1);
  PF_CHECK (pf_enet_is_idle (peer));
  close_connection (1);
}

/* ---- A client ----------------------------------------------------------- */

/* Answers of a host that do not fit. */
static void
test_bad_hosts (void)
{
  for (int i = 0; i < 6; i++) {
    const PfEnetConfig config = { .max_peers = 1 };
    PfEnetDatagram d;
    PfEnetHeader h;
    PfEnetCommand c;
    int at;

    now = 1000 * PF_MS;
    n_connected = n_messages = n_closed = n_out = 0;
    PF_REQUIRE_INT (pf_enet_new (&config, &enet), ==, 0);
    PF_REQUIRE_INT (pf_enet_connect (enet, &home, 4, 1, 99, now, &peer), ==, 0);
    PF_REQUIRE (pf_enet_output (enet, now, &d));
    at = pf_enet_header_decode (d.bytes, d.size, &h);
    PF_REQUIRE_INT (
        pf_enet_command_decode (d.bytes + at, d.size - (size_t) at, &c), >, 0);
    /* an acknowledgement is no answer, nor does anything else count */
    session = 0;
    post_ack (PF_ENET_CHANNEL_NONE, 1);
    post_message (PF_ENET_CMD_RELIABLE, 1);
    PF_CHECK_UINT (n_connected + n_messages + n_closed, ==, 0);
    c.cmd = PF_ENET_CMD_VERIFY_CONNECT;
    if (i == 0)
      c.connect.connect_id++;
    else if (i == 1)
      c.connect.n_channels = 5;
    else if (i == 2)
      c.connect.n_channels = 0;
    else if (i == 3)
      c.connect.throttle[1]++;
    else if (i == 4)
      c.connect.peer_id = PF_ENET_NO_PEER;
    begin ();
    add (&c);
    if (i == 5)
      post_from (&elsewhere);
    else
      post ();
    PF_CHECK_UINT (n_connected, ==, 0);
    /* what is of somebody else does no harm */
    PF_CHECK_UINT (n_closed, ==, i > 0 && i < 5);
    if (n_closed)
      PF_CHECK_INT (reason, ==, PF_ENET_REFUSED);
    pf_enet_free (enet);
  }
}

int
main (int argc, char **argv)
{
  PF_TEST_ADD ("/enet-hostile/strangers", test_strangers);
  PF_TEST_ADD ("/enet-hostile/open-handshakes", test_open_handshakes);
  PF_TEST_ADD ("/enet-hostile/bad-connects", test_bad_connects);
  PF_TEST_ADD ("/enet-hostile/spoofed", test_spoofed);
  PF_TEST_ADD ("/enet-hostile/malformed", test_malformed);
  PF_TEST_ADD ("/enet-hostile/no-time", test_no_time);
  PF_TEST_ADD ("/enet-hostile/fragments", test_fragments);
  PF_TEST_ADD ("/enet-hostile/fragments-apart", test_fragments_apart);
  PF_TEST_ADD ("/enet-hostile/early", test_early);
  PF_TEST_ADD ("/enet-hostile/early-unreliable", test_early_unreliable);
  PF_TEST_ADD ("/enet-hostile/many-commands", test_many_commands);
  PF_TEST_ADD ("/enet-hostile/acks", test_acks);
  PF_TEST_ADD ("/enet-hostile/bad-hosts", test_bad_hosts);
  return pf_test_run (argc, argv);
}
