/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * pf-host serve --gamestream as people start it: what it says, ports that are
 * taken, versions of TLS, PINs by pf-host pair, and what is found of secrets.
 */
#include "pf-test.h"
#include "serve-host.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define QUICK_US (2 * G_USEC_PER_SEC)

static guint
count (const gchar *text, const gchar *word)
{
  guint n = 0;

  while ((text = strstr (text, word))) {
    text += strlen (word);
    n++;
  }
  return n;
}

/* ---- What it says ------------------------------------------------------- */

/* Off unless asked for. */
static void
test_off (void)
{
  g_autofree gchar *log = NULL;
  GsAnswer a;
  GsWeb web;
  ServeHost h;

  serve_make_dir (&h);
  serve_start (&h, NULL);
  log = serve_read_log (&h);
  PF_CHECK_UINT (count (log, "Moonlight (GameStream): off\n"), ==, 1);
  PF_CHECK_UINT (count (log, "warning"), ==, 0);
  gs_web_init (&web, SERVE_LOCAL, h.base);
  a = gs_web_get (&web, FALSE, "/serverinfo");
  PF_CHECK_UINT (a.code, ==, 0);
  gs_answer_clear (&a);
  serve_stop (&h, FALSE);
  serve_remove_dir (&h);
}

/* S53: on, and warned about once. */
static void
test_warned (void)
{
  g_autofree gchar *log = NULL;
  ServeHost h;

  serve_make_dir (&h);
  serve_start (&h, "--gamestream");
  log = serve_read_log (&h);
  PF_CHECK_UINT (count (log, "Moonlight (GameStream): on"), ==, 1);
  PF_CHECK_UINT (count (log, "warning"), ==, 1);
  PF_CHECK_UINT (count (log, "can find out its PIN afterwards"), ==, 1);
  serve_stop (&h, FALSE);
  serve_remove_dir (&h);
}

/* A port that somebody has: the end within two seconds, and which it is. */
static void
test_taken (void)
{
  static const struct {
    gint offset;
    gboolean udp;
  } ports[] = { { -5, FALSE }, { 0, FALSE },
#ifdef HAVE_GAMESTREAM
    { 21, FALSE }, { 9, TRUE }, { 10, TRUE }, { 11, TRUE }
#endif
  };
  g_autoptr (GInetAddress) ip = g_inet_address_new_from_string (SERVE_LOCAL);

  for (guint i = 0; i < G_N_ELEMENTS (ports); i++) {
    g_autofree gchar *log = NULL, *number = NULL;
    g_autoptr (GSocketAddress) at = NULL;
    g_autoptr (GSocket) socket = g_socket_new (G_SOCKET_FAMILY_IPV4,
        ports[i].udp ? G_SOCKET_TYPE_DATAGRAM : G_SOCKET_TYPE_STREAM,
        G_SOCKET_PROTOCOL_DEFAULT, NULL);
    const gchar *said;
    gint64 begin;
    ServeHost h;

    serve_make_dir (&h);
    h.base = serve_find_base ();
    number = g_strdup_printf ("%d", (gint) h.base + ports[i].offset);
    at = g_inet_socket_address_new (
        ip, (guint16) ((gint) h.base + ports[i].offset));
    PF_REQUIRE (g_socket_bind (socket, at, FALSE, NULL));
    if (!ports[i].udp)
      PF_REQUIRE (g_socket_listen (socket, NULL));
    begin = g_get_monotonic_time ();
    serve_spawn (&h, "--gamestream");
    PF_CHECK (g_subprocess_wait (h.process, NULL, NULL));
    PF_CHECK_INT (g_get_monotonic_time () - begin, <, QUICK_US);
    PF_CHECK (g_subprocess_get_if_exited (h.process));
    PF_CHECK_INT (g_subprocess_get_exit_status (h.process), ==, 1);
    log = serve_read_log (&h);
    said = strstr (log, "pf-host:");
    pf_test_note ("%.*s", said ? (int) strcspn (said, "\n") : 0, said);
    PF_CHECK (strstr (log, number) != NULL);
    g_object_unref (h.process);
    serve_remove_dir (&h);
  }
}

/* ---- TLS ---------------------------------------------------------------- */

static gboolean
shakes_hands (guint port, int version)
{
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GSocketConnection) connection = g_socket_client_connect_to_host (
      client, SERVE_LOCAL, (guint16) port, NULL, NULL);
  SSL_CTX *ctx = SSL_CTX_new (TLS_client_method ());
  SSL *ssl = NULL;
  gboolean good;
  int fd;

  PF_REQUIRE (connection && ctx);
  PF_REQUIRE (SSL_CTX_set_cipher_list (ctx, "ALL:@SECLEVEL=0"));
  PF_REQUIRE (SSL_CTX_set_min_proto_version (ctx, version));
  PF_REQUIRE (SSL_CTX_set_max_proto_version (ctx, version));
  ssl = SSL_new (ctx);
  /* for GIO it never blocks */
  fd = g_socket_get_fd (g_socket_connection_get_socket (connection));
  PF_REQUIRE_INT (fcntl (fd, F_SETFL, 0), ==, 0);
  SSL_set_fd (ssl, fd);
  good = SSL_connect (ssl) == 1;
  SSL_free (ssl);
  SSL_CTX_free (ctx);
  return good;
}

/* 1.2 and 1.3, and none that is older. */
static void
test_versions (void)
{
  ServeHost h;

  signal (SIGPIPE, SIG_IGN);
  serve_make_dir (&h);
  serve_start (&h, "--gamestream");
  PF_CHECK (!shakes_hands (h.base - 5, TLS1_VERSION));
  PF_CHECK (!shakes_hands (h.base - 5, TLS1_1_VERSION));
  PF_CHECK (shakes_hands (h.base - 5, TLS1_2_VERSION));
  PF_CHECK (shakes_hands (h.base - 5, TLS1_3_VERSION));
  serve_stop (&h, FALSE);
  serve_remove_dir (&h);
}

/* ---- Pairing by people --------------------------------------------------- */

/* S11: the status is the ceremony's; S3: nothing is stored of a wrong PIN. */
static void
test_pin (void)
{
  g_autofree gchar *out = NULL;
  gboolean agreed;
  GsWeb web;
  ServeHost h;

  serve_make_dir (&h);
  serve_start (&h, "--gamestream");
  gs_web_init (&web, SERVE_LOCAL, h.base);
  gs_web_identify (&web, GS_CERT_USUAL, NULL);
  PF_CHECK_INT (
      serve_pair (&h, &web, "1234", "4321", GS_PHASE_CONFIRM, &agreed), ==, 1);
  PF_CHECK (!agreed);
  PF_CHECK (!g_file_test (h.store, G_FILE_TEST_EXISTS));
  PF_CHECK_INT (
      serve_pair (&h, &web, "1234", "1234", GS_PHASE_CONFIRM, &agreed), ==, 0);
  PF_CHECK (agreed);
  PF_CHECK (g_file_test (h.store, G_FILE_TEST_EXISTS));
  PF_CHECK_INT (serve_ask (&h, "list", NULL, &out), ==, 0);
  PF_CHECK (out && strstr (out, "by Moonlight") != NULL);
  serve_stop (&h, FALSE);
  gs_web_clear (&web);
  serve_remove_dir (&h);
}

/* S3: the host is killed after each phase. */
static void
test_killed (void)
{
  gboolean agreed;
  GsWeb web;
  ServeHost h;

  serve_make_dir (&h);
  for (GsPhase last = GS_PHASE_SALT; last < GS_PHASE_CONFIRM; last++) {
    serve_start (&h, "--gamestream");
    gs_web_init (&web, SERVE_LOCAL, h.base);
    gs_web_identify (&web, GS_CERT_USUAL, NULL);
    serve_pair (&h, &web, "1234", "1234", last, &agreed);
    PF_CHECK (agreed);
    serve_stop (&h, TRUE);
    PF_CHECK (!g_file_test (h.store, G_FILE_TEST_EXISTS));
    gs_web_clear (&web);
  }
  serve_start (&h, "--gamestream");
  gs_web_init (&web, SERVE_LOCAL, h.base);
  gs_web_identify (&web, GS_CERT_USUAL, NULL);
  PF_CHECK_INT (
      serve_pair (&h, &web, "1234", "1234", GS_PHASE_CONFIRM, &agreed), ==, 0);
  serve_stop (&h, TRUE);
  h.base = serve_find_base ();
  serve_spawn (&h, "--gamestream");
  serve_wait_ready (&h);
  web.port = h.base;
  {
    GsAnswer a = gs_web_get (&web, TRUE, "/serverinfo");

    PF_CHECK (gs_answer_is (&a, "PairStatus", "1"));
    gs_answer_clear (&a);
  }
  serve_stop (&h, FALSE);
  gs_web_clear (&web);
  serve_remove_dir (&h);
}

/* ---- Secrets ------------------------------------------------------------ */

#define SENTINEL_PIN "7351"
#define SENTINEL_KEY "5e11fa7e0badc0de5e11fa7e0badc0de"

static void
check_file (const gchar *path, const gchar *secret)
{
  g_autofree gchar *bytes = NULL;
  gsize size = 0;

  if (!g_file_get_contents (path, &bytes, &size, NULL))
    return;
  if (memmem (bytes, size, secret, strlen (secret)))
    pf_test_fail (__FILE__, __LINE__, "%s shows in %s", secret, path);
}

/* S10, S48: with everything logged that can be. */
static void
test_secrets (void)
{
  static const gchar *const proc[] = { "cmdline", "environ", "comm" };
  g_autofree gchar *log = NULL;
  gboolean agreed;
  GsAnswer a;
  GsWeb web;
  ServeHost h;

  serve_make_dir (&h);
  g_setenv ("G_MESSAGES_DEBUG", "all", TRUE);
  g_setenv ("GST_DEBUG", "*:4,gamestream*:9,pf*:9", TRUE);
  g_setenv ("GST_DEBUG_NO_COLOR", "1", TRUE);
  serve_start (&h, "--gamestream");
  gs_web_init (&web, SERVE_LOCAL, h.base);
  gs_web_identify (&web, GS_CERT_USUAL, NULL);
  PF_CHECK_INT (serve_pair (&h, &web, SENTINEL_PIN, SENTINEL_PIN,
                    GS_PHASE_CONFIRM, &agreed),
      ==, 0);
  a = gs_web_get (&web, TRUE, "/applist");
  {
    g_autofree gchar *id = gs_answer_element (&a, "ID");
    g_autofree gchar *path =
        g_strdup_printf ("/launch?appid=%s&mode=640x360x30&rikey=" SENTINEL_KEY
                         "&rikeyid=77777&corever=1",
            id);
    GsAnswer b = gs_web_get (&web, TRUE, path);

    pf_test_note ("%s", b.body ? strstr (b.body, "<root") : "no answer");
    PF_CHECK_UINT (b.code, ==, 200);
    gs_answer_clear (&b);
  }
  gs_answer_clear (&a);
  log = g_build_filename (h.dir, "log", NULL);
  for (guint i = 0; i < G_N_ELEMENTS (proc); i++) {
    g_autofree gchar *path = g_build_filename (
        "/proc", g_subprocess_get_identifier (h.process), proc[i], NULL);

    check_file (path, SENTINEL_KEY);
  }
  serve_stop (&h, FALSE);
  check_file (log, SENTINEL_KEY);
  check_file (log, "PIN " SENTINEL_PIN);
  check_file (log, "\"" SENTINEL_PIN "\"");
  check_file (log, "pin=" SENTINEL_PIN);
  check_file (log, "\t" SENTINEL_PIN);
  check_file (h.store, SENTINEL_PIN);
  gs_web_clear (&web);
  serve_remove_dir (&h);
}

int
main (int argc, char **argv)
{
  int status;

  PF_TEST_ADD ("/gs-serve/off", test_off);
  PF_TEST_ADD ("/gs-serve/S53/warned", test_warned);
  PF_TEST_ADD ("/gs-serve/taken", test_taken);
  PF_TEST_ADD ("/gs-serve/tls-versions", test_versions);
  PF_TEST_ADD ("/gs-serve/S11/pin", test_pin);
  PF_TEST_ADD ("/gs-serve/S3/killed", test_killed);
  PF_TEST_ADD ("/gs-serve/S10/secrets", test_secrets);
  serve_begin ();
  status = pf_test_run (argc, argv);
  serve_end ();
  return status;
}
