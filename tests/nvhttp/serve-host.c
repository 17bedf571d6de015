/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* pf-host serve as a program; see serve-host.h. */
#include "serve-host.h"

#include "pf-open-path.h"
#include "pf-test.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define NOBODY 65534
#define TRIES 20

static gchar *cache;

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

void
serve_make_dir (ServeHost *h)
{
  memset (h, 0, sizeof *h);
  skip_unless_readable ();
  h->dir = g_dir_make_tmp ("pf-serve-XXXXXX", NULL);
  h->identity = g_build_filename (h->dir, "host", NULL);
  h->store = g_build_filename (h->identity, "gamestream-paired.json", NULL);
  if (geteuid () == 0)
    PF_REQUIRE_INT (chown (h->dir, NOBODY, NOBODY), ==, 0);
}

void
serve_begin (void)
{
  cache = g_dir_make_tmp ("pf-serve-cache-XXXXXX", NULL);
  if (geteuid () == 0)
    PF_REQUIRE_INT (chown (cache, NOBODY, NOBODY), ==, 0);
}

static void
remove_all (const gchar *dir)
{
  const gchar *argv[] = { "/bin/rm", "-rf", dir, NULL };
  g_autoptr (GSubprocess) rm =
      g_subprocess_newv (argv, G_SUBPROCESS_FLAGS_NONE, NULL);

  g_subprocess_wait (rm, NULL, NULL);
}

void
serve_end (void)
{
  remove_all (cache);
  g_free (cache);
}

void
serve_remove_dir (ServeHost *h)
{
  remove_all (h->dir);
  g_free (h->dir);
  g_free (h->identity);
  g_free (h->store);
}

static gboolean
is_free (guint port, gboolean udp)
{
  g_autoptr (GInetAddress) ip = g_inet_address_new_from_string (SERVE_LOCAL);
  g_autoptr (GSocketAddress) at =
      g_inet_socket_address_new (ip, (guint16) port);
  g_autoptr (GSocket) socket = g_socket_new (G_SOCKET_FAMILY_IPV4,
      udp ? G_SOCKET_TYPE_DATAGRAM : G_SOCKET_TYPE_STREAM,
      G_SOCKET_PROTOCOL_DEFAULT, NULL);

  return g_socket_bind (socket, at, TRUE, NULL);
}

/* All of its ports are free. */
guint
serve_find_base (void)
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
void
serve_spawn (ServeHost *h, const gchar *option)
{
  g_autoptr (GSubprocessLauncher) launcher =
      g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDERR_MERGE);
  g_autofree gchar *base = g_strdup_printf ("%u", h->base);
  g_autofree gchar *log = g_build_filename (h->dir, "log", NULL);
  const gchar *argv[24] = { program (), "serve", "--source", "test",
    "--no-mdns", "--listen", SERVE_LOCAL, "--port", "0", "--identity",
    h->identity, "--gamestream-port", base, "--pipelines",
    g_getenv ("PF_TEST_PIPELINES") };
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

gchar *
serve_read_log (const ServeHost *h)
{
  g_autofree gchar *path = g_build_filename (h->dir, "log", NULL);
  gchar *text = NULL;

  return g_file_get_contents (path, &text, NULL, NULL) ? text : g_strdup ("");
}

void
serve_wait_ready (ServeHost *h)
{
  for (guint i = 0; i < 1800; i++) {
    g_autofree gchar *log = serve_read_log (h);
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

void
serve_start (ServeHost *h, const gchar *option)
{
  h->base = serve_find_base ();
  serve_spawn (h, option);
  serve_wait_ready (h);
}

void
serve_stop (ServeHost *h, gboolean kill)
{
  g_subprocess_send_signal (h->process, kill ? SIGKILL : SIGTERM);
  PF_CHECK (g_subprocess_wait (h->process, NULL, NULL));
  if (!kill) {
    PF_CHECK (g_subprocess_get_if_exited (h->process));
    PF_CHECK_INT (g_subprocess_get_exit_status (h->process), ==, 0);
  }
  g_clear_object (&h->process);
}

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
int
serve_ask (
    const ServeHost *h, const gchar *command, const gchar *input, gchar **out)
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

static int
run_to_end (const gchar *const *argv)
{
  g_autoptr (GSubprocess) process =
      g_subprocess_newv (argv, G_SUBPROCESS_FLAGS_NONE, NULL);

  PF_REQUIRE (process && g_subprocess_wait (process, NULL, NULL));
  return g_subprocess_get_if_exited (process)
             ? g_subprocess_get_exit_status (process)
             : -1;
}

int
serve_remove (const ServeHost *h, const gchar *device)
{
  const gchar *argv[] = { program (), "pair", "remove", device, "--port",
    h->port, NULL };

  return run_to_end (argv);
}

int
serve_grant (const ServeHost *h, const gchar *device, const gchar *rights,
    const gchar *expiry)
{
  const gchar *argv[] = { program (), "pair", "grant", device, rights, expiry,
    "--port", h->port, NULL };

  return run_to_end (argv);
}

static void
wait_listed (const ServeHost *h)
{
  for (guint i = 0; i < 200; i++) {
    g_autofree gchar *out = NULL;

    serve_ask (h, "list", NULL, &out);
    if (out && strstr (out, "waits: "))
      return;
    g_usleep (50000);
  }
  PF_CHECK (!"a device waits");
}

/* The status of pf-host pair pin; whether the client was agreed with. */
int
serve_pair (const ServeHost *h, GsWeb *web, const gchar *shown,
    const gchar *typed, GsPhase last, gboolean *agreed)
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
  status = serve_ask (h, "pin", line, NULL);
  *agreed = GPOINTER_TO_INT (g_thread_join (client));
  return status;
}
