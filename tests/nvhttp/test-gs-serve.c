/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * pf-host serve --gamestream as people start it: what it says, ports that are
 * taken, versions of TLS, PINs by pf-host pair, and what is found of secrets.
 */
#include "gs-web.h"
#include "pf-open-path.h"
#include "pf-test.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define NOBODY 65534
#define LOCAL "127.0.0.1"
#define TRIES 20
#define QUICK_US (2 * G_USEC_PER_SEC)

typedef struct {
  gchar *dir, *identity, *store;
  GSubprocess *process;
  guint base;    /* port of HTTP */
  gchar port[8]; /* of punktfunk/1 */
} Host;

/* ---- The host ----------------------------------------------------------- */

static const gchar *
program (void)
{
  const gchar *path = g_getenv ("PF_HOST");

  PF_REQUIRE (path);
  return path;
}

/* Root's host becomes somebody who must be able to read it. */
static void
skip_unless_readable (void)
{
  if (geteuid () == 0 && !pf_open_path (program ()))
    pf_test_skip ("as root, from a place that only root can read, and no mount "
                  "namespace may be made");
}

static void
make_dir (Host *h)
{
  memset (h, 0, sizeof *h);
  skip_unless_readable ();
  h->dir = g_dir_make_tmp ("pf-serve-XXXXXX", NULL);
  h->identity = g_build_filename (h->dir, "host", NULL);
  h->store = g_build_filename (h->identity, "gamestream-paired.json", NULL);
  if (geteuid () == 0)
    PF_REQUIRE_INT (chown (h->dir, NOBODY, NOBODY), ==, 0);
}

static void
remove_dir (Host *h)
{
  const gchar *argv[] = { "/bin/rm", "-rf", h->dir, NULL };
  GSubprocess *rm = g_subprocess_newv (argv, G_SUBPROCESS_FLAGS_NONE, NULL);

  g_subprocess_wait (rm, NULL, NULL);
  g_object_unref (rm);
  g_free (h->dir);
  g_free (h->identity);
  g_free (h->store);
}

static gboolean
is_free (guint port, gboolean udp)
{
  g_autoptr (GInetAddress) ip = g_inet_address_new_from_string (LOCAL);
  g_autoptr (GSocketAddress) at =
      g_inet_socket_address_new (ip, (guint16) port);
  g_autoptr (GSocket) socket = g_socket_new (G_SOCKET_FAMILY_IPV4,
      udp ? G_SOCKET_TYPE_DATAGRAM : G_SOCKET_TYPE_STREAM,
      G_SOCKET_PROTOCOL_DEFAULT, NULL);

  return g_socket_bind (socket, at, TRUE, NULL);
}

/* All of its ports are free. */
static guint
find_base (void)
{
  for (guint i = 0; i < TRIES; i++) {
    const guint base = 20000 + (guint) pf_test_random_below (10000);

    if (is_free (base - 5, FALSE) && is_free (base, FALSE) &&
        is_free (base + 21, FALSE) && is_free (base + 9, TRUE) &&
        is_free (base + 10, TRUE) && is_free (base + 11, TRUE))
      return base;
  }
  PF_REQUIRE (!"there are free ports");
  return 0;
}

/* Both outputs in LOG of the directory, with one more option, or NULL. */
static void
spawn_host (Host *h, const gchar *option)
{
  g_autoptr (GSubprocessLauncher) launcher =
      g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDERR_MERGE);
  g_autofree gchar *base = g_strdup_printf ("%u", h->base);
  g_autofree gchar *log = g_build_filename (h->dir, "log", NULL);
  g_autofree gchar *cache = g_build_filename (h->dir, "cache", NULL);
  const gchar *argv[24] = { program (), "serve", "--source", "test",
    "--no-mdns", "--listen", LOCAL, "--port", "0", "--identity", h->identity,
    "--gamestream-port", base, "--pipelines", g_getenv ("PF_TEST_PIPELINES") };
  guint at = 15;

  if (option)
    argv[at++] = option;
  if (geteuid () == 0) {
    argv[at++] = "--user";
    argv[at++] = "nobody";
  }
  g_unlink (log);
  g_subprocess_launcher_set_stdout_file_path (launcher, log);
  g_subprocess_launcher_setenv (launcher, "XDG_CACHE_HOME", cache, TRUE);
  h->process = g_subprocess_launcher_spawnv (launcher, argv, NULL);
  PF_REQUIRE (h->process);
}

static gchar *
read_log (const Host *h)
{
  g_autofree gchar *path = g_build_filename (h->dir, "log", NULL);
  gchar *text = NULL;

  return g_file_get_contents (path, &text, NULL, NULL) ? text : g_strdup ("");
}

static void
wait_ready (Host *h)
{
  for (guint i = 0; i < 1800; i++) {
    g_autofree gchar *log = read_log (h);
    const gchar *at = strstr (log, "listens on UDP port ");

    if (strstr (log, "\nready\n")) {
      PF_REQUIRE_INT (
          sscanf (at, "listens on UDP port %7[0-9]", h->port), ==, 1);
      return;
    }
    if (!g_subprocess_get_identifier (h->process))
      pf_test_note ("%s", log);
    PF_REQUIRE (g_subprocess_get_identifier (h->process));
    g_usleep (50000);
  }
  PF_REQUIRE (!"the host is ready");
}

static void
start_host (Host *h, const gchar *option)
{
  h->base = find_base ();
  spawn_host (h, option);
  wait_ready (h);
}

static void
end_host (Host *h, gboolean kill)
{
  g_subprocess_send_signal (h->process, kill ? SIGKILL : SIGTERM);
  PF_CHECK (g_subprocess_wait (h->process, NULL, NULL));
  if (!kill) {
    PF_CHECK (g_subprocess_get_if_exited (h->process));
    PF_CHECK_INT (g_subprocess_get_exit_status (h->process), ==, 0);
  }
  g_clear_object (&h->process);
}

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
  Host h;

  make_dir (&h);
  start_host (&h, NULL);
  log = read_log (&h);
  PF_CHECK_UINT (count (log, "Moonlight (GameStream): off\n"), ==, 1);
  PF_CHECK_UINT (count (log, "warning"), ==, 0);
  gs_web_init (&web, LOCAL, h.base);
  a = gs_web_get (&web, FALSE, "/serverinfo");
  PF_CHECK_UINT (a.code, ==, 0);
  gs_answer_clear (&a);
  end_host (&h, FALSE);
  remove_dir (&h);
}

/* S53: on, and warned about once. */
static void
test_warned (void)
{
  g_autofree gchar *log = NULL;
  Host h;

  make_dir (&h);
  start_host (&h, "--gamestream");
  log = read_log (&h);
  PF_CHECK_UINT (count (log, "Moonlight (GameStream): on"), ==, 1);
  PF_CHECK_UINT (count (log, "warning"), ==, 1);
  PF_CHECK_UINT (count (log, "can find out its PIN afterwards"), ==, 1);
  end_host (&h, FALSE);
  remove_dir (&h);
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
  g_autoptr (GInetAddress) ip = g_inet_address_new_from_string (LOCAL);

  for (guint i = 0; i < G_N_ELEMENTS (ports); i++) {
    g_autofree gchar *log = NULL, *number = NULL;
    g_autoptr (GSocketAddress) at = NULL;
    g_autoptr (GSocket) socket = g_socket_new (G_SOCKET_FAMILY_IPV4,
        ports[i].udp ? G_SOCKET_TYPE_DATAGRAM : G_SOCKET_TYPE_STREAM,
        G_SOCKET_PROTOCOL_DEFAULT, NULL);
    gint64 begin;
    Host h;

    make_dir (&h);
    h.base = find_base ();
    number = g_strdup_printf ("%d", (gint) h.base + ports[i].offset);
    at = g_inet_socket_address_new (
        ip, (guint16) ((gint) h.base + ports[i].offset));
    PF_REQUIRE (g_socket_bind (socket, at, FALSE, NULL));
    if (!ports[i].udp)
      PF_REQUIRE (g_socket_listen (socket, NULL));
    begin = g_get_monotonic_time ();
    spawn_host (&h, "--gamestream");
    PF_CHECK (g_subprocess_wait (h.process, NULL, NULL));
    PF_CHECK_INT (g_get_monotonic_time () - begin, <, QUICK_US);
    PF_CHECK (g_subprocess_get_if_exited (h.process));
    PF_CHECK_INT (g_subprocess_get_exit_status (h.process), ==, 1);
    log = read_log (&h);
    pf_test_note ("%s", strstr (log, "pf-host:") ? strstr (log, "pf-host:")
                                                 : "it says nothing");
    PF_CHECK (strstr (log, number) != NULL);
    g_object_unref (h.process);
    remove_dir (&h);
  }
}

/* ---- TLS ---------------------------------------------------------------- */

static gboolean
shakes_hands (guint port, int version)
{
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GSocketConnection) connection = g_socket_client_connect_to_host (
      client, LOCAL, (guint16) port, NULL, NULL);
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
  Host h;

  signal (SIGPIPE, SIG_IGN);
  make_dir (&h);
  start_host (&h, "--gamestream");
  PF_CHECK (!shakes_hands (h.base - 5, TLS1_VERSION));
  PF_CHECK (!shakes_hands (h.base - 5, TLS1_1_VERSION));
  PF_CHECK (shakes_hands (h.base - 5, TLS1_2_VERSION));
  PF_CHECK (shakes_hands (h.base - 5, TLS1_3_VERSION));
  end_host (&h, FALSE);
  remove_dir (&h);
}

/* ---- Pairing by people --------------------------------------------------- */

typedef struct {
  GsWeb *web;
  const gchar *pin;
  GsPhase last;
} Pair;

static gpointer
run_pair (gpointer data)
{
  Pair *p = data;

  return GINT_TO_POINTER (gs_web_pair (p->web, p->pin, p->last, TRUE));
}

/* pf-host pair COMMAND: its status; what it printed, if that is wanted. */
static int
ask_host (const Host *h, const gchar *command, const gchar *input, gchar **out)
{
  const gchar *argv[] = { program (), "pair", command, "--port", h->port,
    NULL };
  g_autoptr (GSubprocess) process = g_subprocess_newv (argv,
      G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_MERGE |
          G_SUBPROCESS_FLAGS_STDIN_PIPE,
      NULL);
  g_autofree gchar *text = NULL;

  PF_REQUIRE (process);
  g_subprocess_communicate_utf8 (process, input, NULL, &text, NULL, NULL);
  if (out)
    *out = g_steal_pointer (&text);
  return g_subprocess_get_if_exited (process)
             ? g_subprocess_get_exit_status (process)
             : -1;
}

static void
wait_listed (const Host *h)
{
  for (guint i = 0; i < 200; i++) {
    g_autofree gchar *out = NULL;

    ask_host (h, "list", NULL, &out);
    if (out && strstr (out, "waits: "))
      return;
    g_usleep (50000);
  }
  PF_CHECK (!"a device waits");
}

/* The status of pf-host pair pin; whether the client was agreed with. */
static int
pair_host (const Host *h, GsWeb *web, const gchar *shown, const gchar *typed,
    GsPhase last, gboolean *agreed)
{
  Pair p = { web, shown, last };
  g_autofree gchar *line = g_strdup_printf ("%s\n", typed);
  GThread *client = g_thread_new ("client", run_pair, &p);
  int status;

  wait_listed (h);
  if (last < GS_PHASE_CONFIRM) {
    /* it answers when the ceremony is over: not here */
    const gchar *argv[] = { program (), "pair", "pin", "--port", h->port,
      NULL };
    g_autoptr (GSubprocess) process = g_subprocess_newv (argv,
        G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDERR_SILENCE,
        NULL);

    g_output_stream_write_all (g_subprocess_get_stdin_pipe (process), line,
        strlen (line), NULL, NULL, NULL);
    g_output_stream_close (g_subprocess_get_stdin_pipe (process), NULL, NULL);
    *agreed = GPOINTER_TO_INT (g_thread_join (client));
    g_subprocess_force_exit (process);
    g_subprocess_wait (process, NULL, NULL);
    return 0;
  }
  status = ask_host (h, "pin", line, NULL);
  *agreed = GPOINTER_TO_INT (g_thread_join (client));
  return status;
}

/* S11: the status is the ceremony's; S3: nothing is stored of a wrong PIN. */
static void
test_pin (void)
{
  g_autofree gchar *out = NULL;
  gboolean agreed;
  GsWeb web;
  Host h;

  make_dir (&h);
  start_host (&h, "--gamestream");
  gs_web_init (&web, LOCAL, h.base);
  gs_web_identify (&web, GS_CERT_USUAL, NULL);
  PF_CHECK_INT (
      pair_host (&h, &web, "1234", "4321", GS_PHASE_CONFIRM, &agreed), ==, 1);
  PF_CHECK (!agreed);
  PF_CHECK (!g_file_test (h.store, G_FILE_TEST_EXISTS));
  PF_CHECK_INT (
      pair_host (&h, &web, "1234", "1234", GS_PHASE_CONFIRM, &agreed), ==, 0);
  PF_CHECK (agreed);
  PF_CHECK (g_file_test (h.store, G_FILE_TEST_EXISTS));
  PF_CHECK_INT (ask_host (&h, "list", NULL, &out), ==, 0);
  PF_CHECK (out && strstr (out, "by Moonlight") != NULL);
  end_host (&h, FALSE);
  gs_web_clear (&web);
  remove_dir (&h);
}

/* S3: the host is killed after each phase. */
static void
test_killed (void)
{
  gboolean agreed;
  GsWeb web;
  Host h;

  make_dir (&h);
  for (GsPhase last = GS_PHASE_SALT; last < GS_PHASE_CONFIRM; last++) {
    start_host (&h, "--gamestream");
    gs_web_init (&web, LOCAL, h.base);
    gs_web_identify (&web, GS_CERT_USUAL, NULL);
    pair_host (&h, &web, "1234", "1234", last, &agreed);
    PF_CHECK (agreed);
    end_host (&h, TRUE);
    PF_CHECK (!g_file_test (h.store, G_FILE_TEST_EXISTS));
    gs_web_clear (&web);
  }
  start_host (&h, "--gamestream");
  gs_web_init (&web, LOCAL, h.base);
  gs_web_identify (&web, GS_CERT_USUAL, NULL);
  PF_CHECK_INT (
      pair_host (&h, &web, "1234", "1234", GS_PHASE_CONFIRM, &agreed), ==, 0);
  end_host (&h, TRUE);
  h.base = find_base ();
  spawn_host (&h, "--gamestream");
  wait_ready (&h);
  web.port = h.base;
  {
    GsAnswer a = gs_web_get (&web, TRUE, "/serverinfo");

    PF_CHECK (gs_answer_is (&a, "PairStatus", "1"));
    gs_answer_clear (&a);
  }
  end_host (&h, FALSE);
  gs_web_clear (&web);
  remove_dir (&h);
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
  Host h;

  make_dir (&h);
  g_setenv ("G_MESSAGES_DEBUG", "all", TRUE);
  g_setenv ("GST_DEBUG", "*:4,gamestream*:9,pf*:9", TRUE);
  g_setenv ("GST_DEBUG_NO_COLOR", "1", TRUE);
  start_host (&h, "--gamestream");
  gs_web_init (&web, LOCAL, h.base);
  gs_web_identify (&web, GS_CERT_USUAL, NULL);
  PF_CHECK_INT (pair_host (&h, &web, SENTINEL_PIN, SENTINEL_PIN,
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
  end_host (&h, FALSE);
  check_file (log, SENTINEL_KEY);
  check_file (log, "PIN " SENTINEL_PIN);
  check_file (log, "\"" SENTINEL_PIN "\"");
  check_file (log, "pin=" SENTINEL_PIN);
  check_file (log, "\t" SENTINEL_PIN);
  check_file (h.store, SENTINEL_PIN);
  gs_web_clear (&web);
  remove_dir (&h);
}

int
main (int argc, char **argv)
{
  PF_TEST_ADD ("/gs-serve/off", test_off);
  PF_TEST_ADD ("/gs-serve/S53/warned", test_warned);
  PF_TEST_ADD ("/gs-serve/taken", test_taken);
  PF_TEST_ADD ("/gs-serve/tls-versions", test_versions);
  PF_TEST_ADD ("/gs-serve/S11/pin", test_pin);
  PF_TEST_ADD ("/gs-serve/S3/killed", test_killed);
  PF_TEST_ADD ("/gs-serve/S10/secrets", test_secrets);
  return pf_test_run (argc, argv);
}
