/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* PfSocket: ways to send, addresses. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "net-peer.h"
#include "pf-test.h"

/* ---- Sockets where the kernel does not segment --------------------------- */

static PfSocket *
socket_to (const Peer *peer)
{
  PfAddress a;
  PfSocket *s;

  PF_REQUIRE (pf_address_resolve (&a, "127.0.0.1", 0, AF_INET, NULL));
  s = pf_socket_new (&a, NULL);
  PF_REQUIRE (s != NULL);
  PF_REQUIRE (pf_address_resolve (&a, "127.0.0.1", peer->port, AF_INET, NULL));
  PF_REQUIRE (pf_socket_connect (s, &a, NULL));
  return s;
}

static guint
send_all (PfSocket *s, const Packets *p)
{
  struct iovec packets[ROWS];

  for (guint i = 0; i < p->n; i++)
    packets[i] = (struct iovec){ p->bytes[i], p->size[i] };
  return pf_socket_send (s, NULL, packets, p->n, NULL);
}

/* Without checksums the kernel refuses to segment: that is found out once,
 * and all packets leave all the same. */
static void
test_fallback (void)
{
  Packets *p = packets_new (ROWS, FALSE);
  Peer peer = peer_new (AF_INET);
  PfSocket *s = socket_to (&peer);
  const int on = 1;

  PF_REQUIRE_INT (
      setsockopt (pf_socket_fd (s), SOL_SOCKET, SO_NO_CHECK, &on, sizeof on),
      ==, 0);
  for (guint i = 0; i < 3; i++) {
    PF_CHECK_INT (send_all (s, p), ==, ROWS);
    expect_packets (&peer, p);
    PF_CHECK_INT (pf_socket_counters (s)->errors, ==, 1);
  }
  PF_CHECK_INT (pf_socket_counters (s)->gso_packets, ==, 0);
  PF_CHECK_INT (pf_socket_counters (s)->dropped, ==, 0);
  /* one refused, then three calls each time */
  PF_CHECK_INT (pf_socket_counters (s)->syscalls, ==, 1 + 3 * 3);
  pf_socket_free (s);
  close (peer.fd);
  packets_free (p);
}

static void
test_single (void)
{
  Packets *p = packets_new (ROWS, TRUE);
  Peer peer = peer_new (AF_INET);
  PfSocket *s = socket_to (&peer);

  pf_socket_set_path (s, PF_SOCKET_SINGLE);
  PF_CHECK_INT (send_all (s, p), ==, ROWS);
  expect_packets (&peer, p);
  PF_CHECK_INT (pf_socket_counters (s)->syscalls, ==, ROWS);
  pf_socket_free (s);
  close (peer.fd);
  packets_free (p);
}

/* One that no datagram can hold does not take the others with it. */
static void
test_too_large (void)
{
  guint8 *huge = g_malloc0 (70000);
  Packets *p = packets_new (2, FALSE);
  Peer peer = peer_new (AF_INET);
  PfSocket *s = socket_to (&peer);
  const struct iovec packets[3] = { { p->bytes[0], SIZE }, { huge, 70000 },
    { p->bytes[1], SIZE } };
  int error = 0;

  PF_CHECK_INT (pf_socket_send (s, NULL, packets, 3, &error), ==, 2);
  PF_CHECK_INT (error, ==, EMSGSIZE);
  PF_CHECK_INT (pf_socket_counters (s)->dropped, ==, 1);
  expect_packets (&peer, p);
  pf_socket_free (s);
  close (peer.fd);
  packets_free (p);
  g_free (huge);
}

static void
test_addresses (void)
{
  static const struct {
    const gchar *text, *back;
  } cases[] = {
    { "127.0.0.1:99", "127.0.0.1:99" }, { "127.0.0.1", "127.0.0.1:7" },
    { "[::1]:99", "[::1]:99" }, { "[::1]", "[::1]:7" }, { "::1", "[::1]:7" },
    { "127.0.0.1:", NULL }, { "127.0.0.1:0", NULL },
    { "127.0.0.1:65536", NULL }, { "127.0.0.1:9x", NULL }, { ":9", NULL },
    { "", NULL }, { "[]:9", NULL }, { "localhost", "127.0.0.1:7" },
    { "nowhere.LocalHost.:9", "127.0.0.1:9" }, /* asks nobody */
  };
  PfAddress a, b;

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    GError *error = NULL;
    const gboolean ok =
        pf_address_parse (&a, cases[i].text, 7, AF_UNSPEC, &error);
    gchar *back = ok ? pf_address_to_string (&a) : NULL;

    PF_CHECK_STR (back, cases[i].back);
    PF_CHECK (ok == (error == NULL));
    g_clear_error (&error);
    g_free (back);
  }
  PF_REQUIRE (pf_address_parse (&a, "127.0.0.1:5", 0, AF_INET, NULL));
  b = a;
  pf_address_map (&b);
  PF_CHECK (pf_address_matches (&a, &b));
  PF_REQUIRE (pf_address_parse (&b, "127.0.0.1", 0, AF_INET, NULL));
  PF_CHECK (pf_address_matches (&a, &b)); /* any port */
  PF_REQUIRE (pf_address_parse (&b, "127.0.0.1:6", 0, AF_INET, NULL));
  PF_CHECK (!pf_address_matches (&a, &b));
  PF_REQUIRE (pf_address_parse (&b, "127.0.0.2", 0, AF_INET, NULL));
  PF_CHECK (!pf_address_matches (&a, &b));
}

int
main (int argc, char **argv)
{
  gst_init (NULL, NULL);
  PF_TEST_ADD ("/net/addresses", test_addresses);
  PF_TEST_ADD ("/net/socket/fallback", test_fallback);
  PF_TEST_ADD ("/net/socket/single", test_single);
  PF_TEST_ADD ("/net/socket/too-large", test_too_large);
  return pf_test_run (argc, argv);
}
