/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What strangers and the environment may try with QUIC; each test is named
 * after the security case that it is of.
 */
#include <glib/gstdio.h>
#include <ngtcp2/ngtcp2_crypto_gnutls.h>
#include <string.h>
#include <sys/stat.h>

#include "pf-test.h"
#include "quic-pair.h"
#include "quic-relay.h"

static gchar *dir;

static gchar *
in_dir (const gchar *name)
{
  return g_build_filename (dir, name, NULL);
}

/* ---- Two connections without a network ---------------------------------- */

typedef struct {
  PfQuicConn *client, *host;
  PfQuicConfig client_config, host_config;
  PfQuicPath path; /* the same for both: nobody looks */
  guint n_ready;
  guint64 now;
} Bare;

static void
bare_ready (gpointer user)
{
  ((Bare *) user)->n_ready++;
}

static void
bare_stream (
    gpointer user, gint64 id, const guint8 *bytes, gsize n, gboolean fin)
{
  (void) user;
  (void) id;
  (void) bytes;
  (void) n;
  (void) fin;
}

static const PfQuicConnFuncs bare_funcs = {
  .ready = bare_ready,
  .stream = bare_stream,
};

static void
bare_init (Bare *b)
{
  static gchar *alpn[] = { (gchar *) "pkf1", NULL };
  PfAddress a;

  memset (b, 0, sizeof *b);
  b->now = NGTCP2_SECONDS;
  PF_REQUIRE (pf_address_resolve (&a, "127.0.0.1", 9, AF_INET, NULL));
  b->path.local = b->path.remote = a.at;
  b->path.local_size = b->path.remote_size = a.size;
  pf_quic_config_init (&b->client_config);
  pf_quic_config_init (&b->host_config);
  b->client_config.tls.alpn = g_strdupv (alpn);
  b->host_config.tls.alpn = g_strdupv (alpn);
  b->host_config.tls.identity = pf_quic_identity_new (PF_QUIC_KEY_ECDSA, NULL);
}

static gboolean
bare_connect (Bare *b)
{
  b->client = pf_quic_conn_connect (
      &b->client_config, &b->path, &bare_funcs, b, b->now, NULL);
  return b->client != NULL;
}

static void
bare_accept (Bare *b, const guint8 *packet, gsize size)
{
  PfQuicInitial initial = { 0 };
  ngtcp2_pkt_hd head;

  PF_REQUIRE_INT (ngtcp2_accept (&head, packet, size), ==, 0);
  initial.dcid = head.dcid;
  initial.scid = head.scid;
  initial.version = head.version;
  initial.own.datalen = PF_QUIC_CID;
  b->host = pf_quic_conn_accept (
      &b->host_config, &b->path, &initial, &bare_funcs, b, b->now, NULL);
  PF_REQUIRE (b->host != NULL);
}

static void
bare_pass (PfQuicConn *from, PfQuicConn *to, Bare *b, PfQuicBatch *batch)
{
  pf_quic_conn_expire (from, b->now);
  while (pf_quic_conn_write (from, batch, b->now))
    for (guint i = 0; i < batch->n; i++) {
      const struct iovec *p = &batch->packets[i];

      if (!to) {
        bare_accept (b, p->iov_base, p->iov_len);
        to = b->host;
      }
      pf_quic_conn_read (to, &b->path, p->iov_base, p->iov_len, b->now);
    }
}

/* Packets both ways for a second of a clock of their own. */
static void
bare_talk (Bare *b)
{
  PfQuicBatch *batch = g_new (PfQuicBatch, 1);

  for (guint round = 0; round < 200; round++) {
    bare_pass (b->client, b->host, b, batch);
    if (b->host)
      bare_pass (b->host, b->client, b, batch);
    b->now += 5 * NGTCP2_MILLISECONDS;
  }
  g_free (batch);
}

static void
bare_clear (Bare *b)
{
  pf_quic_conn_free (b->client);
  pf_quic_conn_free (b->host);
  pf_quic_config_clear (&b->client_config);
  pf_quic_config_clear (&b->host_config);
}

/* ---- S20: a handshake that never goes on -------------------------------- */

static RelayFate
only_one (gboolean to_host, guint n)
{
  return to_host && n > 0 ? RELAY_DROP : RELAY_PASS;
}

static void
test_s20_slow (void)
{
  QuicRelay *relay;
  QuicClient c;
  QuicHost h;
  gint64 until;

  quic_host_init (&h);
  h.config.handshake_ms = 500;
  quic_host_start (&h, "127.0.0.1", 0);
  relay = quic_relay_new (h.number, 0, only_one);
  quic_client_init (&c, FALSE);
  quic_client_connect (&c, "127.0.0.1", quic_relay_port (relay));
  until = g_get_monotonic_time () + 4 * G_USEC_PER_SEC;
  while (pf_quic_port_n_links (h.port) == 0 && g_get_monotonic_time () < until)
    g_usleep (1000);
  PF_CHECK_UINT (pf_quic_port_n_links (h.port), ==, 1);
  while (pf_quic_port_n_links (h.port) > 0 && g_get_monotonic_time () < until)
    g_usleep (1000);
  PF_CHECK_UINT (pf_quic_port_n_links (h.port), ==, 0);
  PF_CHECK_UINT (quic_end_count (&h.end, &h.end.n_ready), ==, 0);
  /* nobody ever knew of it */
  PF_CHECK_UINT (quic_end_count (&h.end, &h.end.n_closed), ==, 0);
  quic_client_clear (&c);
  quic_host_clear (&h);
  quic_relay_free (relay);
}

/* ---- S23: everything has a cap ------------------------------------------ */

static void
test_s23_connections (void)
{
  enum { MOST = 3 };
  QuicClient c[MOST + 1];
  QuicHost h;

  quic_host_init (&h);
  h.limits.links = MOST;
  quic_host_start (&h, "127.0.0.1", 0);
  for (guint i = 0; i <= MOST; i++) {
    quic_client_init (&c[i], FALSE);
    quic_client_connect (&c[i], "127.0.0.1", h.number);
    if (i < MOST)
      PF_REQUIRE (quic_end_wait (&c[i].end, &c[i].end.n_ready, 1));
  }
  PF_REQUIRE (quic_end_wait (&c[MOST].end, &c[MOST].end.n_closed, 1));
  PF_CHECK_INT (c[MOST].end.end.kind, ==, PF_QUIC_PEER_ERROR);
  PF_CHECK_HEX (c[MOST].end.end.code, ==, 2); /* CONNECTION_REFUSED */
  for (guint i = 0; i <= MOST; i++)
    quic_client_clear (&c[i]);
  quic_host_clear (&h);
}

/* A reader that does not read does not make the host keep more than the
 * window, however many streams there are. */
static void
test_s23_streams (void)
{
  guint8 *zeros = g_malloc0 (1 << 20);
  GBytes *bytes = g_bytes_new_take (zeros, 1 << 20);
  guint opened = 0;
  QuicClient c;
  QuicHost h;
  gint64 id;

  quic_host_init (&h);
  h.end.consume = FALSE;
  quic_host_start (&h, "127.0.0.1", 0);
  quic_client_init (&c, FALSE);
  quic_client_connect (&c, "127.0.0.1", h.number);
  PF_REQUIRE (quic_end_wait (&c.end, &c.end.n_ready, 1));
  while ((id = pf_quic_link_open (c.link, TRUE)) >= 0) {
    pf_quic_link_send (c.link, id, bytes, FALSE);
    opened++;
  }
  PF_CHECK_UINT (opened, ==, h.config.streams_bidi);
  PF_CHECK (quic_end_wait_bytes (&h.end, (guint) h.config.window));
  g_usleep (200000);
  PF_CHECK_UINT (quic_end_received (&h.end), ==, h.config.window);
  g_bytes_unref (bytes);
  quic_client_clear (&c);
  quic_host_clear (&h);
}

/* ---- S34: memory before anybody is known -------------------------------- */

static void
hello_of (guint size, gboolean fits)
{
  Bare b;

  bare_init (&b);
  quic_pad (size);
  PF_REQUIRE (bare_connect (&b));
  bare_talk (&b);
  if (fits) {
    PF_CHECK_UINT (b.n_ready, ==, 2);
  } else {
    PF_CHECK_UINT (b.n_ready, ==, 0);
    PF_CHECK_INT (pf_quic_conn_end (b.host)->kind, ==, PF_QUIC_ERROR);
    PF_CHECK_HEX (pf_quic_conn_end (b.host)->code, ==, 0x0d);
  }
  quic_pad (0);
  bare_clear (&b);
}

static void
test_s34_client_hello (void)
{
  hello_of (0, TRUE);
  hello_of (8000, TRUE);
  hello_of (15000, TRUE);
  hello_of (17000, FALSE);
  hello_of (40000, FALSE);
}

/* ---- S37: floods of first packets --------------------------------------- */

/* A first packet of somebody new. */
static GBytes *
first_packet (Bare *b)
{
  PfQuicBatch *batch = g_new (PfQuicBatch, 1);
  GBytes *bytes;

  PF_REQUIRE (bare_connect (b));
  PF_REQUIRE (pf_quic_conn_write (b->client, batch, b->now));
  bytes = g_bytes_new (batch->packets[0].iov_base, batch->packets[0].iov_len);
  g_clear_pointer (&b->client, pf_quic_conn_free);
  g_free (batch);
  return bytes;
}

static void
test_s37_flood (void)
{
  enum { N = 1000 };
  GBytes *packets[N];
  PfQuicPortCounters n;
  PfAddress any, to;
  PfSocket *attacker;
  QuicClient c;
  QuicHost h;
  gint64 begin;
  gdouble s;
  Bare b;

  bare_init (&b);
  for (guint i = 0; i < N; i++)
    packets[i] = first_packet (&b);
  quic_host_init (&h);
  h.end.echo = TRUE;
  quic_host_start (&h, "127.0.0.1", 0);
  quic_client_init (&c, FALSE);
  quic_client_connect (&c, "127.0.0.1", h.number);
  PF_REQUIRE (quic_end_wait (&c.end, &c.end.n_ready, 1));
  PF_REQUIRE (pf_address_resolve (&any, "127.0.0.2", 0, AF_INET, NULL));
  PF_REQUIRE (pf_address_resolve (&to, "127.0.0.1", h.number, AF_INET, NULL));
  attacker = pf_socket_new (&any, NULL);
  PF_REQUIRE (attacker != NULL);
  begin = g_get_monotonic_time ();
  for (guint i = 0; i < N; i++) {
    gsize size;
    const struct iovec packet = { (gpointer) g_bytes_get_data (
                                      packets[i], &size),
      g_bytes_get_size (packets[i]) };

    pf_socket_send (attacker, &to, &packet, 1, NULL);
    if (i % 20 == 0) {
      const guint8 mark = (guint8) i;

      pf_quic_link_send_datagram (c.link, &mark, 1);
      g_usleep (20000);
    }
  }
  s = (gdouble) (g_get_monotonic_time () - begin) / G_USEC_PER_SEC;
  /* who was there before goes on as if nothing was */
  PF_CHECK (quic_end_wait_datagrams (&c.end, N / 20));
  pf_quic_port_get_counters (h.port, &n);
  pf_test_note ("%.2f s: %" G_GUINT64_FORMAT " handshakes, %" G_GUINT64_FORMAT
                " retries",
      s, n.accepted - 1, n.retries);
  /* a bucket of one second, and what it gets meanwhile */
  PF_CHECK_UINT (n.accepted - 1, <=, h.limits.rate_unproven * (s + 1) + 1);
  PF_CHECK_UINT (n.retries, >=, N / 2);
  for (guint i = 0; i < N; i++)
    g_bytes_unref (packets[i]);
  pf_socket_free (attacker);
  quic_client_clear (&c);
  quic_host_clear (&h);
  bare_clear (&b);
}

/* ---- S39: nothing outlives a connection --------------------------------- */

static gnutls_datum_t ticket_key, session_data;
static gnutls_anti_replay_t anti_replay;

/* Nothing was seen before. */
static int
on_seen (void *user, time_t until, const gnutls_datum_t *id,
    const gnutls_datum_t *data)
{
  (void) user;
  (void) until;
  (void) id;
  (void) data;
  return 0;
}

/* GnuTLS would follow SSLKEYLOGFILE, which is set here. */
static int
no_key_log (
    gnutls_session_t session, const char *label, const gnutls_datum_t *secret)
{
  (void) session;
  (void) label;
  (void) secret;
  return 0;
}

/* A session that takes and offers all that TLS has: tickets, and data before
 * the handshake is over. */
static void
make_eager (PfQuicTls *tls)
{
  const gnutls_datum_t alpn = { (guchar *) "pkf1", 4 };
  gnutls_session_t s;

  gnutls_deinit (tls->session);
  PF_REQUIRE_INT (
      gnutls_init (&s, (tls->server ? GNUTLS_SERVER : GNUTLS_CLIENT) |
                           GNUTLS_ENABLE_EARLY_DATA |
                           GNUTLS_NO_END_OF_EARLY_DATA |
                           GNUTLS_NO_AUTO_SEND_TICKET),
      ==, 0);
  tls->session = s;
  gnutls_priority_set_direct (
      s, "NORMAL:-VERS-ALL:+VERS-TLS1.3:%DISABLE_TLS13_COMPAT_MODE", NULL);
  gnutls_credentials_set (s, GNUTLS_CRD_CERTIFICATE,
      tls->server ? pf_quic_identity_credentials (tls->config.identity)
                  : tls->own);
  gnutls_alpn_set_protocols (s, &alpn, 1, GNUTLS_ALPN_MANDATORY);
  if (tls->server)
    ngtcp2_crypto_gnutls_configure_server_session (s);
  else
    ngtcp2_crypto_gnutls_configure_client_session (s);
  gnutls_session_set_ptr (s, tls);
  gnutls_session_set_keylog_function (s, no_key_log);
}

static void
give_tickets (PfQuicTls *tls)
{
  gnutls_session_ticket_enable_server (tls->session, &ticket_key);
  gnutls_record_set_max_early_data_size (tls->session, 0xffffffff);
  gnutls_anti_replay_enable (tls->session, anti_replay);
}

static void
offer_ticket (PfQuicTls *tls)
{
  if (session_data.size)
    gnutls_session_set_data (
        tls->session, session_data.data, session_data.size);
}

static void
both_eager (PfQuicTls *tls)
{
  make_eager (tls);
  if (tls->server)
    give_tickets (tls);
  else
    offer_ticket (tls);
}

/* Toward the host as it is. */
static void
eager_client (PfQuicTls *tls)
{
  if (tls->server)
    return;
  make_eager (tls);
  offer_ticket (tls);
}

typedef struct {
  gboolean ticket, resumed, early;
} Kept;

static Kept
connect_with (void (*hook) (PfQuicTls *tls), gboolean send_ticket)
{
  gnutls_session_t session;
  Kept kept;
  Bare b;

  bare_init (&b);
  pf_quic_tls_made = hook;
  PF_REQUIRE (bare_connect (&b));
  bare_talk (&b);
  PF_CHECK_UINT (b.n_ready, ==, 2);
  if (send_ticket) {
    gnutls_session_ticket_send (pf_quic_conn_tls (b.host)->session, 1, 0);
    bare_talk (&b);
  }
  pf_quic_tls_made = NULL;
  session = pf_quic_conn_tls (b.client)->session;
  kept.ticket =
      (gnutls_session_get_flags (session) & GNUTLS_SFLAGS_SESSION_TICKET) != 0;
  kept.early =
      (gnutls_session_get_flags (session) & GNUTLS_SFLAGS_EARLY_DATA) != 0;
  kept.resumed = gnutls_session_is_resumed (session) != 0;
  if (kept.ticket && !session_data.size)
    gnutls_session_get_data2 (session, &session_data);
  bare_clear (&b);
  return kept;
}

/* Whoever takes tickets and offers early data with one gets neither from a
 * host: that he would is seen with another one first. */
static void
test_s39_tickets (void)
{
  Kept kept;

  PF_REQUIRE_INT (gnutls_session_ticket_key_generate (&ticket_key), ==, 0);
  PF_REQUIRE_INT (gnutls_anti_replay_init (&anti_replay), ==, 0);
  gnutls_anti_replay_set_add_function (anti_replay, on_seen);
  kept = connect_with (eager_client, FALSE);
  PF_CHECK (!kept.ticket);
  kept = connect_with (both_eager, TRUE);
  PF_REQUIRE (kept.ticket);
  PF_REQUIRE (session_data.size > 0);
  kept = connect_with (both_eager, FALSE);
  PF_CHECK (kept.resumed);
  PF_CHECK (kept.early);
  kept = connect_with (eager_client, FALSE);
  PF_CHECK (!kept.ticket);
  PF_CHECK (!kept.resumed);
  PF_CHECK (!kept.early);
  gnutls_free (session_data.data);
  gnutls_free (ticket_key.data);
  gnutls_anti_replay_deinit (anti_replay);
}

/* ---- S48: secrets ------------------------------------------------------- */

/* SSLKEYLOGFILE was set when the program began. */
static void
test_s48_key_log_unasked (void)
{
  gchar *file = in_dir ("unasked");
  Bare b;

  bare_init (&b);
  PF_REQUIRE (bare_connect (&b));
  bare_talk (&b);
  PF_REQUIRE_UINT (b.n_ready, ==, 2);
  bare_clear (&b);
  PF_CHECK (!g_file_test (file, G_FILE_TEST_EXISTS));
  g_free (file);
}

static void
test_s48_key_log (void)
{
  gchar *file = in_dir ("asked"), *text = NULL;
  struct stat st;
  Bare b;

  bare_init (&b);
  b.client_config.tls.key_log = g_strdup (file);
  PF_REQUIRE (bare_connect (&b));
  bare_talk (&b);
  PF_REQUIRE_UINT (b.n_ready, ==, 2);
  bare_clear (&b);
  PF_CHECK_INT (stat (file, &st), ==, 0);
  PF_CHECK_INT (st.st_mode & 0777, ==, 0600);
  PF_REQUIRE (g_file_get_contents (file, &text, NULL, NULL));
  PF_CHECK (strstr (text, "CLIENT_HANDSHAKE_TRAFFIC_SECRET ") != NULL);
  g_free (text);

  /* a file that others may read gets nothing */
  g_chmod (file, 0644);
  bare_init (&b);
  b.client_config.tls.key_log = g_strdup (file);
  PF_CHECK (!bare_connect (&b));
  bare_clear (&b);
  g_unlink (file);
  g_free (file);
}

/* What a connection did is also for its owner only, and without secrets. */
static void
test_s48_qlog (void)
{
  gchar *file = in_dir ("qlog"), *text = NULL;
  struct stat st;
  Bare b;

  bare_init (&b);
  b.client_config.qlog = g_strdup (file);
  PF_REQUIRE (bare_connect (&b));
  bare_talk (&b);
  PF_REQUIRE_UINT (b.n_ready, ==, 2);
  bare_clear (&b);
  PF_CHECK_INT (stat (file, &st), ==, 0);
  PF_CHECK_INT (st.st_mode & 0777, ==, 0600);
  PF_REQUIRE (g_file_get_contents (file, &text, NULL, NULL));
  PF_CHECK (strstr (text, "packet_sent") != NULL);
  PF_CHECK (strstr (text, "TRAFFIC_SECRET") == NULL);
  g_free (text);

  g_chmod (file, 0644);
  bare_init (&b);
  b.client_config.qlog = g_strdup (file);
  PF_CHECK (!bare_connect (&b));
  bare_clear (&b);
  g_unlink (file);
  g_free (file);
}

static void
test_s25_identity_files (void)
{
  gchar *place = in_dir ("identity"), *key, *cert;
  PfQuicIdentity *id, *again;
  GError *error = NULL;
  guint8 a[32], b[32];
  struct stat st;

  id = pf_quic_identity_open (place, PF_QUIC_KEY_RSA, NULL);
  PF_REQUIRE (id != NULL);
  key = g_build_filename (place, "key.pem", NULL);
  cert = g_build_filename (place, "cert.pem", NULL);
  PF_CHECK_INT (stat (place, &st), ==, 0);
  PF_CHECK_INT (st.st_mode & 0777, ==, 0700);
  PF_CHECK_INT (stat (key, &st), ==, 0);
  PF_CHECK_INT (st.st_mode & 0777, ==, 0600);
  again = pf_quic_identity_open (place, PF_QUIC_KEY_RSA, NULL);
  PF_REQUIRE (again != NULL);
  PF_CHECK_MEM (pf_quic_identity_fingerprint (id),
      pf_quic_identity_fingerprint (again), PF_QUIC_FINGERPRINT);
  pf_quic_identity_derive (id, "label", a);
  pf_quic_identity_derive (again, "label", b);
  PF_CHECK_MEM (a, b, 32);
  pf_quic_identity_derive (again, "other", b);
  PF_CHECK (memcmp (a, b, 32) != 0);
  pf_quic_identity_unref (again);
  pf_quic_identity_unref (id);

  g_chmod (key, 0640);
  id = pf_quic_identity_open (place, PF_QUIC_KEY_RSA, &error);
  PF_CHECK (!id);
  PF_CHECK (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED));
  g_clear_error (&error);
  g_unlink (key);
  g_unlink (cert);
  g_rmdir (place);
  g_free (key);
  g_free (cert);
  g_free (place);
}

int
main (int argc, char **argv)
{
  gchar *unasked;
  int ret;

  dir = g_dir_make_tmp ("pf-hostile-XXXXXX", NULL);
  unasked = in_dir ("unasked");
  g_setenv ("SSLKEYLOGFILE", unasked, TRUE);
  PF_TEST_ADD ("/S20/slow-handshake", test_s20_slow);
  PF_TEST_ADD ("/S23/connections", test_s23_connections);
  PF_TEST_ADD ("/S23/streams", test_s23_streams);
  PF_TEST_ADD ("/S25/identity-files", test_s25_identity_files);
  PF_TEST_ADD ("/S34/client-hello", test_s34_client_hello);
  PF_TEST_ADD ("/S37/flood", test_s37_flood);
  PF_TEST_ADD ("/S39/tickets", test_s39_tickets);
  PF_TEST_ADD ("/S48/key-log-unasked", test_s48_key_log_unasked);
  PF_TEST_ADD ("/S48/key-log", test_s48_key_log);
  PF_TEST_ADD ("/S48/qlog", test_s48_qlog);
  ret = pf_test_run (argc, argv);
  g_unlink (unasked);
  g_free (unasked);
  g_rmdir (dir);
  g_free (dir);
  return ret;
}
