/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * QUIC between two ends over loopback: handshakes and who is let in, streams,
 * datagrams, keep-alive, ends.
 */
#include <string.h>

#include "pf-test.h"
#include "quic-pair.h"

static void
connect_pair (QuicHost *h, QuicClient *c, const gchar *address)
{
  quic_host_start (h, address, 0);
  quic_client_connect (c, address ? address : "127.0.0.1", h->number);
  PF_REQUIRE (quic_end_wait (&c->end, &c->end.n_ready, 1));
  PF_REQUIRE (quic_end_wait (&h->end, &h->end.n_ready, 1));
}

static void
check_peer (PfQuicLink *link, PfQuicIdentity *identity)
{
  PfQuicPeer peer;

  PF_REQUIRE (pf_quic_link_get_peer (link, &peer));
  PF_CHECK_INT (peer.anonymous, ==, identity == NULL);
  if (identity) {
    PF_CHECK_MEM (peer.fingerprint, pf_quic_identity_fingerprint (identity),
        PF_QUIC_FINGERPRINT);
    PF_CHECK (peer.certificate != NULL);
  }
  g_clear_pointer (&peer.certificate, g_bytes_unref);
}

static void
handshake_at (const gchar *address, gboolean anonymous)
{
  gchar alpn[PF_QUIC_MAX_ALPN + 1];
  QuicClient c;
  QuicHost h;

  quic_host_init (&h);
  quic_client_init (&c, anonymous);
  connect_pair (&h, &c, address);
  check_peer (h.end.link, c.identity);
  check_peer (c.link, h.identity);
  pf_quic_link_get_alpn (h.end.link, alpn);
  PF_CHECK_STR (alpn, "pkf1");
  quic_client_clear (&c);
  PF_CHECK (quic_end_wait (&h.end, &h.end.n_closed, 1));
  PF_CHECK_INT (h.end.end.kind, ==, PF_QUIC_PEER_CLOSED);
  quic_host_clear (&h);
}

static void
test_ipv4 (void)
{
  handshake_at ("127.0.0.1", FALSE);
}

static void
test_ipv6 (void)
{
  PfAddress a;
  PfSocket *s;

  if (!pf_address_resolve (&a, "::1", 0, AF_INET6, NULL) ||
      !(s = pf_socket_new (&a, NULL)))
    pf_test_skip ("no IPv6");
  pf_socket_free (s);
  handshake_at ("::1", FALSE);
}

/* A socket of both families, met by IPv4. */
static void
test_any_address (void)
{
  handshake_at (NULL, FALSE);
}

static void
test_anonymous (void)
{
  handshake_at ("127.0.0.1", TRUE);
}

static void
test_rsa_host (void)
{
  QuicClient c;
  QuicHost h;

  quic_host_init (&h);
  pf_quic_identity_unref (h.config.tls.identity);
  pf_quic_identity_unref (h.identity);
  h.identity = pf_quic_identity_new (PF_QUIC_KEY_RSA, NULL);
  h.config.tls.identity = pf_quic_identity_ref (h.identity);
  quic_client_init (&c, FALSE);
  c.config.tls.trust = PF_QUIC_TRUST_PIN;
  memcpy (c.config.tls.pin, pf_quic_identity_fingerprint (h.identity),
      PF_QUIC_FINGERPRINT);
  connect_pair (&h, &c, "127.0.0.1");
  quic_client_clear (&c);
  quic_host_clear (&h);
}

/* The client refuses the host: it says so by an alert, and the host never
 * takes the connection for one. */
static void
test_wrong_pin (void)
{
  QuicClient c;
  QuicHost h;

  quic_host_init (&h);
  quic_client_init (&c, FALSE);
  c.config.tls.trust = PF_QUIC_TRUST_PIN;
  memset (c.config.tls.pin, 0x55, PF_QUIC_FINGERPRINT);
  quic_host_start (&h, "127.0.0.1", 0);
  quic_client_connect (&c, "127.0.0.1", h.number);
  PF_REQUIRE (quic_end_wait (&c.end, &c.end.n_closed, 1));
  PF_CHECK_UINT (quic_end_count (&c.end, &c.end.n_ready), ==, 0);
  PF_CHECK_INT (c.end.end.kind, ==, PF_QUIC_ERROR);
  PF_CHECK_HEX (c.end.end.code, ==, 0x131); /* access_denied */
  quic_client_clear (&c);
  quic_host_stop (&h);
  PF_CHECK_UINT (quic_end_count (&h.end, &h.end.n_ready), ==, 0);
  quic_host_clear (&h);
}

static void
test_alpn_mismatch (void)
{
  QuicClient c;
  QuicHost h;

  quic_host_init (&h);
  quic_client_init (&c, FALSE);
  g_free (c.config.tls.alpn[0]);
  c.config.tls.alpn[0] = g_strdup ("pkf2");
  quic_host_start (&h, "127.0.0.1", 0);
  quic_client_connect (&c, "127.0.0.1", h.number);
  PF_REQUIRE (quic_end_wait (&c.end, &c.end.n_closed, 1));
  PF_CHECK_UINT (quic_end_count (&c.end, &c.end.n_ready), ==, 0);
  PF_CHECK_INT (c.end.end.kind, ==, PF_QUIC_PEER_ERROR);
  PF_CHECK_HEX (c.end.end.code, ==, 0x178); /* no_application_protocol */
  quic_client_clear (&c);
  quic_host_clear (&h);
}

/* Every client of pkf1 also offers more. */
static void
test_alpn_choice (void)
{
  gchar alpn[PF_QUIC_MAX_ALPN + 1];
  gchar *offer[] = { (gchar *) "pkf2", (gchar *) "pkf1", NULL };
  QuicClient c;
  QuicHost h;

  quic_host_init (&h);
  quic_client_init (&c, FALSE);
  g_strfreev (c.config.tls.alpn);
  c.config.tls.alpn = g_strdupv (offer);
  connect_pair (&h, &c, "127.0.0.1");
  pf_quic_link_get_alpn (c.link, alpn);
  PF_CHECK_STR (alpn, "pkf1");
  quic_client_clear (&c);
  quic_host_clear (&h);
}

/* ---- Streams and datagrams ---------------------------------------------- */

static GBytes *
random_bytes (gsize n)
{
  guint8 *bytes = g_malloc (n);

  pf_test_random_bytes (bytes, n);
  return g_bytes_new_take (bytes, n);
}

static void
check_echo (QuicClient *c, gsize n)
{
  GBytes *bytes = random_bytes (n);
  const gint64 id = pf_quic_link_open (c->link, TRUE);
  gsize size;

  PF_REQUIRE (id >= 0);
  g_byte_array_set_size (c->end.received, 0);
  PF_CHECK (pf_quic_link_send (c->link, id, bytes, TRUE));
  PF_CHECK (!pf_quic_link_send (c->link, id, bytes, FALSE)); /* it is done */
  PF_REQUIRE (quic_end_wait_bytes (&c->end, (guint) n));
  PF_REQUIRE_UINT (c->end.received->len, ==, n);
  PF_CHECK_MEM (c->end.received->data, g_bytes_get_data (bytes, &size), n);
  PF_CHECK (pf_quic_link_wait_room (
      c->link, 0, pf_quic_now () + QUIC_WAIT_MS * 1000000ull));
  g_bytes_unref (bytes);
}

static void
test_stream_echo (void)
{
  static const gsize sizes[] = { 1, 1200, 65537, 5000000 };
  QuicClient c;
  QuicHost h;

  quic_host_init (&h);
  h.end.echo = TRUE;
  quic_client_init (&c, FALSE);
  connect_pair (&h, &c, "127.0.0.1");
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++) {
    check_echo (&c, sizes[i]);
    PF_CHECK (quic_end_wait (&c.end, &c.end.n_fins, i + 1));
  }
  quic_client_clear (&c);
  quic_host_clear (&h);
}

/* Pieces of a byte: the end of a stream must not overtake them. */
static void
test_tiny_pieces (void)
{
  enum { N = 300 };
  guint8 expect[N];
  QuicClient c;
  QuicHost h;
  gint64 id;

  quic_host_init (&h);
  quic_client_init (&c, FALSE);
  connect_pair (&h, &c, "127.0.0.1");
  id = pf_quic_link_open (c.link, FALSE);
  PF_CHECK_INT (id, ==, -1); /* the host lets nobody open one-way streams */
  id = pf_quic_link_open (c.link, TRUE);
  PF_REQUIRE (id >= 0);
  for (guint i = 0; i < N; i++) {
    GBytes *b;

    expect[i] = (guint8) i;
    b = g_bytes_new (&expect[i], 1);
    PF_CHECK (pf_quic_link_send (c.link, id, b, i == N - 1));
    g_bytes_unref (b);
  }
  PF_REQUIRE (quic_end_wait (&h.end, &h.end.n_fins, 1));
  PF_REQUIRE_UINT (quic_end_received (&h.end), ==, N);
  PF_CHECK_MEM (h.end.received->data, expect, N);
  quic_client_clear (&c);
  quic_host_clear (&h);
}

/* Who does not read is not sent more than he allows. */
static void
test_backpressure (void)
{
  GBytes *bytes = random_bytes (1 << 20);
  QuicClient c;
  QuicHost h;
  gint64 id;

  quic_host_init (&h);
  h.end.consume = FALSE;
  quic_client_init (&c, FALSE);
  connect_pair (&h, &c, "127.0.0.1");
  id = pf_quic_link_open (c.link, TRUE);
  PF_CHECK (pf_quic_link_send (c.link, id, bytes, TRUE));
  PF_REQUIRE (quic_end_wait_bytes (&h.end, (guint) h.config.stream_window));
  PF_CHECK (
      !pf_quic_link_wait_room (c.link, 0, pf_quic_now () + 200 * 1000000ull));
  PF_CHECK_UINT (quic_end_received (&h.end), ==, h.config.stream_window);
  g_mutex_lock (&h.end.lock);
  h.end.consume = TRUE;
  g_mutex_unlock (&h.end.lock);
  pf_quic_link_consume (h.end.link, id, h.config.stream_window);
  PF_CHECK (quic_end_wait (&h.end, &h.end.n_fins, 1));
  PF_CHECK_UINT (quic_end_received (&h.end), ==, 1 << 20);
  g_bytes_unref (bytes);
  quic_client_clear (&c);
  quic_host_clear (&h);
}

static void
test_datagrams (void)
{
  enum { N = 16, SIZE = 1000 };
  QuicClient c;
  QuicHost h;

  quic_host_init (&h);
  h.end.echo = TRUE;
  quic_client_init (&c, FALSE);
  connect_pair (&h, &c, "127.0.0.1");
  for (guint i = 0; i < N; i++) {
    guint8 bytes[SIZE];

    memset (bytes, (int) i, sizeof bytes);
    PF_CHECK (pf_quic_link_send_datagram (c.link, bytes, sizeof bytes));
  }
  PF_REQUIRE (quic_end_wait_datagrams (&c.end, N));
  for (guint i = 0; i < N; i++) {
    GBytes *b = c.end.datagrams->pdata[i];

    PF_CHECK_UINT (g_bytes_get_size (b), ==, SIZE);
    PF_CHECK_INT (*(const guint8 *) g_bytes_get_data (b, NULL), ==, i);
  }
  quic_client_clear (&c);
  quic_host_clear (&h);
}

static void
test_datagram_sizes (void)
{
  guint8 bytes[2000] = { 0 };
  QuicClient c;
  QuicHost h;
  gsize most;

  quic_host_init (&h);
  quic_client_init (&c, FALSE);
  connect_pair (&h, &c, "127.0.0.1");
  most = pf_quic_link_max_datagram (c.link);
  PF_CHECK_UINT (most, >=, 1100);
  PF_CHECK (!pf_quic_link_send_datagram (c.link, bytes, sizeof bytes));
  PF_CHECK (pf_quic_link_send_datagram (c.link, bytes, most));
  PF_CHECK (quic_end_wait_datagrams (&h.end, 1));
  quic_client_clear (&c);
  quic_host_clear (&h);

  quic_host_init (&h);
  h.config.datagrams = FALSE;
  quic_client_init (&c, FALSE);
  connect_pair (&h, &c, "127.0.0.1");
  PF_CHECK_UINT (pf_quic_link_max_datagram (c.link), ==, 0);
  PF_CHECK (!pf_quic_link_send_datagram (c.link, bytes, 1));
  quic_client_clear (&c);
  quic_host_clear (&h);
}

/* ---- Time and ends ------------------------------------------------------ */

static void
test_keep_alive (void)
{
  QuicClient c;
  QuicHost h;

  quic_host_init (&h);
  h.config.idle_ms = 600;
  h.config.keep_alive_ms = 200;
  quic_client_init (&c, FALSE);
  c.config.idle_ms = 600;
  c.config.keep_alive_ms = 0;
  connect_pair (&h, &c, "127.0.0.1");
  PF_CHECK (!quic_end_wait_ms (&c.end, &c.end.n_closed, 1, 1500));
  PF_CHECK_UINT (quic_end_count (&h.end, &h.end.n_closed), ==, 0);
  quic_client_clear (&c);
  quic_host_clear (&h);
}

static void
test_idle (void)
{
  QuicClient c;
  QuicHost h;

  quic_host_init (&h);
  h.config.idle_ms = 500;
  h.config.keep_alive_ms = 0;
  quic_client_init (&c, FALSE);
  c.config.keep_alive_ms = 0;
  connect_pair (&h, &c, "127.0.0.1");
  PF_REQUIRE (quic_end_wait (&h.end, &h.end.n_closed, 1));
  PF_REQUIRE (quic_end_wait (&c.end, &c.end.n_closed, 1));
  PF_CHECK_INT (h.end.end.kind, ==, PF_QUIC_IDLE);
  PF_CHECK_INT (c.end.end.kind, ==, PF_QUIC_IDLE);
  quic_client_clear (&c);
  quic_host_clear (&h);
}

/* Nobody is there. */
static void
test_handshake_timeout (void)
{
  QuicClient c;
  PfAddress a;
  PfSocket *s;

  PF_REQUIRE (pf_address_resolve (&a, "127.0.0.1", 0, AF_INET, NULL));
  s = pf_socket_new (&a, NULL);
  PF_REQUIRE (s != NULL);
  pf_socket_local (s, &a);
  quic_client_init (&c, FALSE);
  c.config.handshake_ms = 400;
  quic_client_connect (&c, "127.0.0.1", pf_address_port (&a));
  PF_REQUIRE (quic_end_wait (&c.end, &c.end.n_closed, 1));
  PF_CHECK_INT (c.end.end.kind, ==, PF_QUIC_TIMEOUT);
  quic_client_clear (&c);
  pf_socket_free (s);
}

static void
test_close_codes (void)
{
  static const struct {
    guint64 code;
    const gchar *text, *seen;
  } ends[] = {
    { 0, "done", "done" },
    { 0x42, "another mode is active", "another mode is active" },
    { 0x67, "wire\n\033[31m version", "wire[31m version" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (ends); i++) {
    QuicClient c;
    QuicHost h;

    quic_host_init (&h);
    quic_client_init (&c, FALSE);
    connect_pair (&h, &c, "127.0.0.1");
    pf_quic_link_close (h.end.link, ends[i].code, ends[i].text);
    PF_REQUIRE (quic_end_wait (&c.end, &c.end.n_closed, 1));
    PF_CHECK_INT (c.end.end.kind, ==, PF_QUIC_PEER_CLOSED);
    PF_CHECK_HEX (c.end.end.code, ==, ends[i].code);
    PF_CHECK_STR (c.end.end.reason, ends[i].seen);
    PF_REQUIRE (quic_end_wait (&h.end, &h.end.n_closed, 1));
    PF_CHECK_INT (h.end.end.kind, ==, PF_QUIC_CLOSED);
    quic_client_clear (&c);
    quic_host_clear (&h);
  }
}

static void
test_timer (void)
{
  QuicClient c;
  QuicHost h;
  guint64 set;

  quic_host_init (&h);
  quic_client_init (&c, FALSE);
  connect_pair (&h, &c, "127.0.0.1");
  set = pf_quic_now ();
  pf_quic_link_set_timer (c.link, set + 50 * 1000000ull);
  PF_REQUIRE (quic_end_wait (&c.end, &c.end.n_timers, 1));
  PF_CHECK_UINT (pf_quic_now () - set, >=, 50 * 1000000ull);
  PF_CHECK (!quic_end_wait_ms (&c.end, &c.end.n_timers, 2, 100));
  quic_client_clear (&c);
  quic_host_clear (&h);
}

/* After stop nothing is told. */
static void
test_stop_is_a_barrier (void)
{
  guint8 byte = 1;
  QuicClient c;
  QuicHost h;
  guint n;

  quic_host_init (&h);
  quic_client_init (&c, FALSE);
  connect_pair (&h, &c, "127.0.0.1");
  pf_quic_link_stop (h.end.link, 7, "stop");
  PF_CHECK_UINT (quic_end_count (&h.end, &h.end.n_closed), ==, 1);
  n = h.end.datagrams->len;
  pf_quic_link_send_datagram (c.link, &byte, 1);
  PF_REQUIRE (quic_end_wait (&c.end, &c.end.n_closed, 1));
  PF_CHECK_INT (h.end.datagrams->len, ==, n);
  quic_client_clear (&c);
  quic_host_clear (&h);
}

static void
test_many_clients (void)
{
  enum { N = 8 };
  QuicClient c[N];
  QuicHost h;

  quic_host_init (&h);
  h.end.echo = TRUE;
  quic_host_start (&h, "127.0.0.1", 0);
  for (guint i = 0; i < N; i++) {
    quic_client_init (&c[i], FALSE);
    quic_client_connect (&c[i], "127.0.0.1", h.number);
  }
  for (guint i = 0; i < N; i++)
    PF_REQUIRE (quic_end_wait (&c[i].end, &c[i].end.n_ready, 1));
  for (guint i = 0; i < N; i++)
    check_echo (&c[i], 20000);
  for (guint i = 0; i < N; i++)
    quic_client_clear (&c[i]);
  quic_host_clear (&h);
}

/* What is not QUIC is told to who wants it. */
static void
count_media (const guint8 *bytes, gsize n, const PfAddress *from, gpointer user)
{
  QuicEnd *e = user;

  (void) from;
  g_mutex_lock (&e->lock);
  g_byte_array_append (e->received, bytes, (guint) n);
  g_cond_broadcast (&e->cond);
  g_mutex_unlock (&e->lock);
}

static void
test_media_beside (void)
{
  static const guint8 media[] = { 0x3f, 1, 2, 3 };
  const struct iovec packet = { (gpointer) media, sizeof media };
  QuicHost h;
  PfAddress any, to;
  PfSocket *s;

  quic_host_init (&h);
  quic_host_start (&h, "127.0.0.1", 0);
  pf_quic_port_set_media (h.port, count_media, &h.end);
  PF_REQUIRE (pf_address_resolve (&any, "127.0.0.1", 0, AF_INET, NULL));
  PF_REQUIRE (pf_address_resolve (&to, "127.0.0.1", h.number, AF_INET, NULL));
  s = pf_socket_new (&any, NULL);
  PF_CHECK_UINT (pf_socket_send (s, &to, &packet, 1, NULL), ==, 1);
  PF_CHECK (quic_end_wait_bytes (&h.end, sizeof media));
  pf_socket_free (s);
  quic_host_clear (&h);
}

int
main (int argc, char **argv)
{
  PF_TEST_ADD ("/quic/ipv4", test_ipv4);
  PF_TEST_ADD ("/quic/ipv6", test_ipv6);
  PF_TEST_ADD ("/quic/any-address", test_any_address);
  PF_TEST_ADD ("/quic/anonymous", test_anonymous);
  PF_TEST_ADD ("/quic/rsa-host", test_rsa_host);
  PF_TEST_ADD ("/quic/wrong-pin", test_wrong_pin);
  PF_TEST_ADD ("/quic/alpn-mismatch", test_alpn_mismatch);
  PF_TEST_ADD ("/quic/alpn-choice", test_alpn_choice);
  PF_TEST_ADD ("/quic/stream-echo", test_stream_echo);
  PF_TEST_ADD ("/quic/tiny-pieces", test_tiny_pieces);
  PF_TEST_ADD ("/quic/backpressure", test_backpressure);
  PF_TEST_ADD ("/quic/datagrams", test_datagrams);
  PF_TEST_ADD ("/quic/datagram-sizes", test_datagram_sizes);
  PF_TEST_ADD ("/quic/keep-alive", test_keep_alive);
  PF_TEST_ADD ("/quic/idle", test_idle);
  PF_TEST_ADD ("/quic/handshake-timeout", test_handshake_timeout);
  PF_TEST_ADD ("/quic/close-codes", test_close_codes);
  PF_TEST_ADD ("/quic/timer", test_timer);
  PF_TEST_ADD ("/quic/stop-is-a-barrier", test_stop_is_a_barrier);
  PF_TEST_ADD ("/quic/many-clients", test_many_clients);
  PF_TEST_ADD ("/quic/media-beside", test_media_beside);
  return pf_test_run (argc, argv);
}
