/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * S20, S37: clients of GameStream's HTTP that are slow, silent, many, or send
 * what is no request. They end in time, and cost others nothing.
 */
#include "gs-http.h"
#include "gs-web.h"
#include "pf-test.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LOCAL "127.0.0.1"
#define OTHER "127.0.0.2"
#define REQUEST_MS 700
#define TRIES 50
#define BIG (4 * 1024 * 1024)

typedef struct {
  PfGsHttp *http;
  guint port;
  GTlsCertificate *tls;
  guint calls;
  gint stop; /* atomic */
} Host;

static void
on_call (PfGsCall *call, gpointer user)
{
  static const gchar xml[] =
      "<root status_code=\"200\"><paired>1</paired></root>";
  g_autofree gchar *big = NULL;
  Host *h = user;

  h->calls++;
  if (!g_str_equal (pf_gs_call_path (call), "/big")) {
    pf_gs_call_reply_xml (call, xml, sizeof xml - 1);
    return;
  }
  big = g_strnfill (BIG, 'x');
  pf_gs_call_reply_xml (call, big, BIG);
}

static void
start_host (Host *h)
{
  g_autofree gchar *cert = NULL, *key = NULL, *both = NULL;
  PfGsHttpConfig config = { .request_ms = REQUEST_MS };
  guint port;

  memset (h, 0, sizeof *h);
  both = gs_make_identity (GS_CERT_USUAL, "host", &cert, &key);
  h->tls = config.certificate = g_tls_certificate_new_from_pem (both, -1, NULL);
  PF_REQUIRE (h->tls);
  for (guint i = 0; i < TRIES && !h->http; i++) {
    h->port = 20000 + (guint) pf_test_random_below (10000);
    config.port = h->port;
    config.tls_port = h->port - 5;
    h->http = pf_gs_http_new (&config, on_call, h, &port, NULL);
  }
  PF_REQUIRE (h->http);
}

static void
stop_host (Host *h)
{
  pf_gs_http_free (h->http);
  g_object_unref (h->tls);
}

/* ---- Clients ------------------------------------------------------------ */

/* A test's client, in a thread while the host's loop runs here. */
typedef void (*Run) (Host *h);

typedef struct {
  Host *host;
  Run run;
  gint done;
} Away;

static gpointer
away_thread (gpointer data)
{
  Away *a = data;

  a->run (a->host);
  g_atomic_int_set (&a->done, 1);
  g_main_context_wakeup (NULL);
  return NULL;
}

static void
with_host (Run run)
{
  Host h;
  Away a = { &h, run, 0 };
  GThread *thread;

  start_host (&h);
  thread = g_thread_new ("client", away_thread, &a);
  while (!g_atomic_int_get (&a.done))
    g_main_context_iteration (NULL, TRUE);
  g_thread_join (thread);
  stop_host (&h);
}

static GSocketConnection *
reach (const Host *h, const gchar *from, gboolean tls)
{
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GInetAddress) ip = g_inet_address_new_from_string (from);
  g_autoptr (GSocketAddress) local = g_inet_socket_address_new (ip, 0);
  GSocketConnection *c;

  g_socket_client_set_local_address (client, local);
  g_socket_client_set_timeout (client, 20);
  c = g_socket_client_connect_to_host (
      client, LOCAL, (guint16) (tls ? h->port - 5 : h->port), NULL, NULL);
  PF_REQUIRE (c);
  return c;
}

static void
send_text (GSocketConnection *c, const void *bytes, gsize size)
{
  g_output_stream_write_all (g_io_stream_get_output_stream (G_IO_STREAM (c)),
      bytes, size, NULL, NULL, NULL);
}

/* Milliseconds until the host ends it; -1: it did not within so many. */
static gint64
ms_to_end (GSocketConnection *c, guint limit_ms)
{
  GSocket *socket = g_socket_connection_get_socket (c);
  const gint64 begin = g_get_monotonic_time ();
  gchar piece[4096];

  for (;;) {
    const gint64 spent = (g_get_monotonic_time () - begin) / 1000;

    if (spent > limit_ms)
      return -1;
    if (!g_socket_condition_timed_wait (socket, G_IO_IN | G_IO_HUP,
            (limit_ms - spent) * 1000 + 1, NULL, NULL))
      continue;
    if (g_socket_receive (socket, piece, sizeof piece, NULL, NULL) <= 0)
      return (g_get_monotonic_time () - begin) / 1000;
  }
}

/* An ordinary request of somebody else: milliseconds; -1: no answer. */
static gint64
ask (const Host *h, const gchar *from, gboolean tls)
{
  static const gchar request[] =
      "GET /x HTTP/1.1\r\nHost: host\r\nConnection: close\r\n\r\n";
  const gint64 begin = g_get_monotonic_time ();
  g_autoptr (GSocketConnection) c = reach (h, from, tls);
  g_autoptr (GIOStream) secure = NULL;
  GIOStream *stream = G_IO_STREAM (c);
  gchar answer[4096] = "";
  gsize n = 0;

  if (tls) {
    stream = secure = gs_secure (stream, NULL);
    if (!stream)
      return -1;
  }
  g_output_stream_write_all (g_io_stream_get_output_stream (stream), request,
      sizeof request - 1, NULL, NULL, NULL);
  g_input_stream_read_all (g_io_stream_get_input_stream (stream), answer,
      sizeof answer - 1, &n, NULL, NULL);
  return strstr (answer, "<paired>1") ? (g_get_monotonic_time () - begin) / 1000
                                      : -1;
}

/* ---- Slow --------------------------------------------------------------- */

/* A header, byte after byte: it has as long as any other. */
static void
run_slow_request (Host *h)
{
  static const gchar request[] = "GET /x HTTP/1.1\r\nHost: host\r\nX: ";
  g_autoptr (GSocketConnection) c = reach (h, LOCAL, FALSE);
  const gint64 begin = g_get_monotonic_time ();
  gint64 ms;
  guint i = 0;

  do {
    send_text (c, i < sizeof request - 1 ? request + i : "x", 1);
    i++;
    ms = ms_to_end (c, 20);
  } while (ms < 0 && g_get_monotonic_time () - begin < 10 * G_USEC_PER_SEC);
  ms = (g_get_monotonic_time () - begin) / 1000;
  pf_test_note ("ended after %lld ms", (long long) ms);
  PF_CHECK_INT (ms, >=, REQUEST_MS - 100);
  PF_CHECK_INT (ms, <, 5 * REQUEST_MS);
  PF_CHECK_INT (ask (h, LOCAL, FALSE), >=, 0);
}

static void
test_slow_request (void)
{
  with_host (run_slow_request);
}

/* One that asks for much and reads nothing. */
static void
run_slow_reader (Host *h)
{
  static const gchar request[] = "GET /big HTTP/1.1\r\nHost: host\r\n\r\n";
  g_autoptr (GSocketConnection) c = reach (h, LOCAL, FALSE);
  PfGsHttpStats stats;
  gint64 begin = g_get_monotonic_time ();

  send_text (c, request, sizeof request - 1);
  do {
    g_usleep (20000);
    pf_gs_http_get_stats (h->http, &stats);
  } while (
      stats.late == 0 && g_get_monotonic_time () - begin < 10 * G_USEC_PER_SEC);
  PF_CHECK_UINT (stats.late, ==, 1);
  PF_CHECK_INT (ask (h, LOCAL, FALSE), >=, 0);
}

static void
test_slow_reader (void)
{
  with_host (run_slow_reader);
}

/* Connections that say nothing, plain and with TLS. */
static void
run_silent (Host *h)
{
  for (guint tls = 0; tls < 2; tls++) {
    g_autoptr (GSocketConnection) c = reach (h, LOCAL, tls);
    const gint64 ms = ms_to_end (c, 20000);

    pf_test_note (
        "%s: ended after %lld ms", tls ? "TLS" : "plain", (long long) ms);
    PF_CHECK_INT (ms, >=, REQUEST_MS - 100);
    PF_CHECK_INT (ms, <, 12000);
  }
}

static void
test_silent (void)
{
  with_host (run_silent);
}

/* ---- Many --------------------------------------------------------------- */

/* Of one address there are so many, and no more; others come in. */
static void
run_many (Host *h)
{
  GSocketConnection *all[PF_GS_HTTP_OF_ADDRESS + 4];
  guint ended = 0;

  for (guint i = 0; i < G_N_ELEMENTS (all); i++)
    all[i] = reach (h, LOCAL, FALSE);
  for (guint i = PF_GS_HTTP_OF_ADDRESS; i < G_N_ELEMENTS (all); i++)
    ended += ms_to_end (all[i], 300) >= 0;
  PF_CHECK_UINT (ended, ==, G_N_ELEMENTS (all) - PF_GS_HTTP_OF_ADDRESS);
  PF_CHECK_INT (ask (h, OTHER, FALSE), >=, 0);
  for (guint i = 0; i < G_N_ELEMENTS (all); i++) {
    ms_to_end (all[i], 4 * REQUEST_MS);
    g_object_unref (all[i]);
  }
  PF_CHECK_INT (ask (h, LOCAL, FALSE), >=, 0); /* and all is as before */
}

static void
test_many (void)
{
  with_host (run_many);
}

/* The beginning of a ClientHello, again and again: threads of handshakes are
 * taken by that, but few of them by one address. */
static void
run_half_handshakes (Host *h)
{
  static const guint8 hello[] = { 0x16, 3, 1, 0x01, 0x00, 1, 0, 0, 0xfc, 3, 3 };
  GSocketConnection *all[PF_GS_HTTP_OF_ADDRESS];
  gint64 worst = 0;

  for (guint i = 0; i < G_N_ELEMENTS (all); i++) {
    all[i] = reach (h, LOCAL, TRUE);
    send_text (all[i], hello, sizeof hello);
  }
  for (guint i = 0; i < 10; i++) {
    const gint64 ms = ask (h, OTHER, TRUE);

    PF_CHECK_INT (ms, >=, 0);
    worst = MAX (worst, ms);
  }
  pf_test_note ("another client waited for %lld ms at most", (long long) worst);
  /* they end after 5 s: nobody waited for that */
  PF_CHECK_INT (worst, <, 4500);
  for (guint i = 0; i < G_N_ELEMENTS (all); i++)
    g_object_unref (all[i]);
}

static void
test_half_handshakes (void)
{
  with_host (run_half_handshakes);
}

/* ---- What is no request -------------------------------------------------- */

/* Whether the host has ended all of its connections, within so long. */
static gboolean
is_empty (const Host *h, guint limit_ms)
{
  const gint64 until = g_get_monotonic_time () + limit_ms * 1000;
  PfGsHttpStats stats;

  do {
    pf_gs_http_get_stats (h->http, &stats);
    if (stats.connections == 0)
      return TRUE;
    g_usleep (5000);
  } while (g_get_monotonic_time () < until);
  return FALSE;
}

/* Bytes that go out before the host ends it, or nothing more goes. */
static gsize
flood (GSocketConnection *c, const gchar *begin, const gchar *more, gsize limit)
{
  const gsize n = strlen (more);
  gsize sent = 0;

  g_socket_set_timeout (g_socket_connection_get_socket (c), 1);
  send_text (c, begin, strlen (begin));
  while (sent < limit && g_output_stream_write_all (
                             g_io_stream_get_output_stream (G_IO_STREAM (c)),
                             more, n, NULL, NULL, NULL))
    sent += n;
  return sent;
}

#define GET "GET /x HTTP/1.1\r\nHost: host\r\n"
#define LIMIT (64 * 1024 * 1024)

static void
run_floods (Host *h)
{
  static const gchar *const begins[] = {
    "POST /x HTTP/1.1\r\nHost: host\r\nContent-Length: 2147483648\r\n\r\n",
    "POST /x HTTP/1.1\r\nHost: host\r\nTransfer-Encoding: chunked\r\n\r\n",
    GET "X: ", "GET /", GET
  };
  g_autofree gchar *line = g_strnfill (0x400, 'x');
  g_autofree gchar *chunk = g_strconcat ("400\r\n", line, "\r\n", NULL);
  g_autofree gchar *header = g_strconcat ("X: ", line, "\r\n", NULL);
  const gchar *const mores[] = { line, chunk, line, line, header };

  for (guint i = 0; i < G_N_ELEMENTS (begins); i++) {
    g_autoptr (GSocketConnection) c = reach (h, LOCAL, FALSE);
    const gsize taken = flood (c, begins[i], mores[i], LIMIT);

    pf_test_note ("%u: %zu bytes", i, taken);
    PF_CHECK_UINT (taken, <, LIMIT);
    PF_CHECK (is_empty (h, REQUEST_MS));
    PF_CHECK_INT (ask (h, LOCAL, FALSE), >=, 0);
  }
}

static void
test_floods (void)
{
  with_host (run_floods);
}

static void
run_garbage (Host *h)
{
  static const gchar *const texts[] = { "\r\n\r\n", "GET\r\n\r\n",
    "GET / HTTP/9.9\r\n\r\n", "GET http://[::1 HTTP/1.1\r\n\r\n",
    "GET /%zz?%=%&&&==%00 HTTP/1.1\r\nHost: h\r\n\r\n",
    "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n",
    "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n"
    "\r\n",
    "GET / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 9\r\n"
    "\r\n",
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "GET / HTTP/1.1\r\n: x\r\n\r\n",
    "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "GET / HTTP/1.1\nHost: h\n\n",
    "GET /?uniqueid=\xff\xfe HTTP/1.1\r\nHost: h\r\n\r\n" };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++) {
    g_autoptr (GSocketConnection) c = reach (h, LOCAL, FALSE);

    send_text (c, texts[i], strlen (texts[i]));
    PF_CHECK_INT (ms_to_end (c, 5 * REQUEST_MS), >=, 0);
  }
  PF_CHECK_INT (ask (h, LOCAL, FALSE), >=, 0);
  PF_CHECK_INT (ask (h, LOCAL, TRUE), >=, 0);
}

static void
test_garbage (void)
{
  with_host (run_garbage);
}

int
main (int argc, char **argv)
{
  PF_TEST_ADD ("/nvhttp-limits/S20/slow-request", test_slow_request);
  PF_TEST_ADD ("/nvhttp-limits/S20/slow-reader", test_slow_reader);
  PF_TEST_ADD ("/nvhttp-limits/S20/silent", test_silent);
  PF_TEST_ADD ("/nvhttp-limits/S37/many", test_many);
  PF_TEST_ADD ("/nvhttp-limits/S37/half-handshakes", test_half_handshakes);
  PF_TEST_ADD ("/nvhttp-limits/S37/floods", test_floods);
  PF_TEST_ADD ("/nvhttp-limits/garbage", test_garbage);
  return pf_test_run (argc, argv);
}
