/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * QUIC over a line that is bad on purpose: a ClientHello in two packets of
 * which the first is lost or late, Retry, another address, a host that was
 * restarted, a peer that vanished.
 */
#include <string.h>

#include "pf-test.h"
#include "quic-pair.h"
#include "quic-relay.h"

enum { DELAY_MS = 10, CONNECT_MS = 150, TRIES = 4, PAD = 1000 };

/* From the first packet until both know one another; ms. */
static gdouble
connect_once (const QuicHost *proto, RelayFunc fate, guint64 *retries)
{
  PfQuicPortCounters n;
  QuicRelay *relay;
  QuicClient c;
  QuicHost h;
  gint64 begin;
  gdouble ms;

  quic_host_init (&h);
  if (proto)
    h.limits = proto->limits;
  quic_host_start (&h, "127.0.0.1", 0);
  relay = quic_relay_new (h.number, DELAY_MS, fate);
  quic_client_init (&c, FALSE);
  begin = g_get_monotonic_time ();
  quic_client_connect (&c, "127.0.0.1", quic_relay_port (relay));
  PF_CHECK (quic_end_wait (&c.end, &c.end.n_ready, 1));
  ms = (gdouble) (g_get_monotonic_time () - begin) / 1000.;
  PF_CHECK (quic_end_wait (&h.end, &h.end.n_ready, 1));
  pf_quic_port_get_counters (h.port, &n);
  *retries = n.retries;
  quic_client_clear (&c);
  /* nothing half open is left behind */
  PF_CHECK (quic_end_wait (&h.end, &h.end.n_closed, 1));
  PF_CHECK_UINT (quic_end_count (&h.end, &h.end.n_ready), ==, 1);
  quic_host_clear (&h);
  quic_relay_free (relay);
  return ms;
}

/* The best of a few, since other programs run as well. */
static void
check_connect (const QuicHost *proto, RelayFunc fate, gdouble limit_ms,
    guint least_retries)
{
  gdouble best = G_MAXDOUBLE;
  guint64 retries = 0;

  for (guint i = 0; i < TRIES && best > limit_ms; i++)
    best = MIN (best, connect_once (proto, fate, &retries));
  pf_test_note ("%.1f ms, %" G_GUINT64_FORMAT " retries", best, retries);
  PF_CHECK (best <= limit_ms);
  PF_CHECK_UINT (retries, >=, least_retries);
}

static void
test_two_packets (void)
{
  check_connect (NULL, NULL, CONNECT_MS, 0);
}

static RelayFate
lose_first (gboolean to_host, guint n)
{
  return to_host && n == 0 ? RELAY_DROP : RELAY_PASS;
}

static void
test_first_lost (void)
{
  check_connect (NULL, lose_first, CONNECT_MS, 1);
}

static RelayFate
lose_second (gboolean to_host, guint n)
{
  return to_host && n == 1 ? RELAY_DROP : RELAY_PASS;
}

/* The client's probe time-out would be 999 ms without a measured round trip;
 * the host's acknowledgement makes that three round trips. */
static void
test_second_lost (void)
{
  check_connect (NULL, lose_second, 400, 0);
}

static RelayFate
swap_first (gboolean to_host, guint n)
{
  return to_host && n == 0 ? RELAY_LATER : RELAY_PASS;
}

static void
test_swapped (void)
{
  check_connect (NULL, swap_first, CONNECT_MS, 1);
}

static void
test_retry (void)
{
  QuicHost proto;

  pf_quic_limits_init (&proto.limits);
  proto.limits.unproven = 0; /* always */
  check_connect (&proto, NULL, CONNECT_MS, 1);
}

/* ---- Another address ---------------------------------------------------- */

static void
test_moved (void)
{
  static const guint8 byte = 7;
  QuicRelay *relay;
  PfQuicPath before, after;
  QuicClient c;
  QuicHost h;

  quic_host_init (&h);
  h.end.echo = TRUE;
  quic_host_start (&h, "127.0.0.1", 0);
  relay = quic_relay_new (h.number, 1, NULL);
  quic_client_init (&c, FALSE);
  quic_client_connect (&c, "127.0.0.1", quic_relay_port (relay));
  PF_REQUIRE (quic_end_wait (&c.end, &c.end.n_ready, 1));
  PF_REQUIRE (quic_end_wait (&h.end, &h.end.n_ready, 1));
  pf_quic_link_get_path (h.end.link, &before);
  quic_relay_rebind (relay);
  PF_CHECK (pf_quic_link_send_datagram (c.link, &byte, 1));
  PF_REQUIRE (quic_end_wait (&h.end, &h.end.n_moved, 1));
  pf_quic_link_get_path (h.end.link, &after);
  PF_CHECK (memcmp (&before.remote, &after.remote, before.remote_size) != 0);
  PF_CHECK (quic_end_wait_datagrams (&c.end, 1));
  PF_CHECK_UINT (quic_end_count (&h.end, &h.end.n_closed), ==, 0);
  quic_client_clear (&c);
  quic_host_clear (&h);
  quic_relay_free (relay);
}

/* ---- Ends that nobody tells --------------------------------------------- */

/* The host is gone and there again: the client learns it with its next packet,
 * by a reset whose token follows from the host's key. */
static void
test_restart (void)
{
  static const guint8 bytes[200];
  QuicRelay *relay;
  PfQuicIdentity *id;
  QuicClient c;
  QuicHost h, again;
  guint number;

  quic_host_init (&h);
  id = pf_quic_identity_ref (h.identity);
  quic_host_start (&h, "127.0.0.1", 0);
  number = h.number;
  relay = quic_relay_new (number, 1, NULL);
  quic_client_init (&c, FALSE);
  quic_client_connect (&c, "127.0.0.1", quic_relay_port (relay));
  PF_REQUIRE (quic_end_wait (&c.end, &c.end.n_ready, 1));
  quic_relay_cut (relay); /* so that no close arrives */
  quic_host_clear (&h);
  quic_relay_free (relay);

  /* the client knows the relay's address: what is there now is the host */
  quic_host_init (&again);
  pf_quic_identity_unref (again.identity);
  pf_quic_identity_unref (again.config.tls.identity);
  again.identity = id;
  again.config.tls.identity = pf_quic_identity_ref (id);
  {
    PfQuicPath path;
    PfAddress to = { 0 };

    pf_quic_link_get_path (c.link, &path);
    to.at = path.remote;
    to.size = path.remote_size;
    quic_host_start (&again, "127.0.0.1", pf_address_port (&to));
  }
  pf_quic_link_send_datagram (c.link, bytes, sizeof bytes);
  PF_REQUIRE (quic_end_wait (&c.end, &c.end.n_closed, 1));
  PF_CHECK_INT (c.end.end.kind, ==, PF_QUIC_RESET);
  quic_client_clear (&c);
  quic_host_clear (&again);
}

/* With keep-alive 4 s and idle 8 s a peer that vanishes is noticed after 8 to
 * 12 s. */
static void
test_vanished (void)
{
  QuicRelay *relay;
  QuicClient c;
  QuicHost h;
  gint64 begin;
  gdouble s;

  quic_host_init (&h);
  quic_host_start (&h, "127.0.0.1", 0);
  relay = quic_relay_new (h.number, 0, NULL);
  quic_client_init (&c, FALSE);
  quic_client_connect (&c, "127.0.0.1", quic_relay_port (relay));
  PF_REQUIRE (quic_end_wait (&h.end, &h.end.n_ready, 1));
  PF_REQUIRE (quic_end_wait (&c.end, &c.end.n_ready, 1));
  begin = g_get_monotonic_time ();
  quic_relay_cut (relay);
  PF_REQUIRE (quic_end_wait_ms (&h.end, &h.end.n_closed, 1, 14000));
  s = (gdouble) (g_get_monotonic_time () - begin) / G_USEC_PER_SEC;
  pf_test_note ("%.1f s", s);
  PF_CHECK_INT (h.end.end.kind, ==, PF_QUIC_IDLE);
  PF_CHECK (s >= 7.9 && s <= 12.5);
  quic_client_clear (&c);
  quic_host_clear (&h);
  quic_relay_free (relay);
}

/* A tenth of all packets is lost: streams do not care. */
static RelayFate
lose_many (gboolean to_host, guint n)
{
  return n > 20 && (n * 2654435761u + to_host) % 10 == 0 ? RELAY_DROP
                                                         : RELAY_PASS;
}

static void
test_lossy (void)
{
  enum { N = 300000 };
  guint8 *bytes = g_malloc (N);
  QuicRelay *relay;
  QuicClient c;
  QuicHost h;
  GBytes *b;
  gint64 id;

  pf_test_random_bytes (bytes, N);
  b = g_bytes_new_take (bytes, N);
  quic_host_init (&h);
  quic_host_start (&h, "127.0.0.1", 0);
  relay = quic_relay_new (h.number, 2, lose_many);
  quic_client_init (&c, FALSE);
  quic_client_connect (&c, "127.0.0.1", quic_relay_port (relay));
  PF_REQUIRE (quic_end_wait (&c.end, &c.end.n_ready, 1));
  id = pf_quic_link_open (c.link, TRUE);
  PF_CHECK (pf_quic_link_send (c.link, id, b, TRUE));
  PF_REQUIRE (quic_end_wait_ms (&h.end, &h.end.n_fins, 1, 30000));
  PF_REQUIRE_UINT (quic_end_received (&h.end), ==, N);
  PF_CHECK_MEM (h.end.received->data, bytes, N);
  g_bytes_unref (b);
  quic_client_clear (&c);
  quic_host_clear (&h);
  quic_relay_free (relay);
}

int
main (int argc, char **argv)
{
  quic_pad (PAD);
  PF_TEST_ADD ("/line/two-packets", test_two_packets);
  PF_TEST_ADD ("/line/first-lost", test_first_lost);
  PF_TEST_ADD ("/line/second-lost", test_second_lost);
  PF_TEST_ADD ("/line/swapped", test_swapped);
  PF_TEST_ADD ("/line/retry", test_retry);
  PF_TEST_ADD ("/line/moved", test_moved);
  PF_TEST_ADD ("/line/restart", test_restart);
  PF_TEST_ADD ("/line/vanished", test_vanished);
  PF_TEST_ADD ("/line/lossy", test_lossy);
  return pf_test_run (argc, argv);
}
