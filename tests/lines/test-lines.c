/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Every gst-launch-1.0 line of the documentation runs, frames come out at its
 * end, and core's tracer finds nothing that is left behind; see doc-lines.h for what is exchanged in them. A sender runs with
 * the receiver of the same port in the same file, and the other way round;
 * where there is none, with a plain one made here. One that listens begins. A receiver that punches
 * meets a host behind a relay of this program.
 */
#include <glib/gstdio.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <unistd.h>

#ifdef HAVE_GAMESTREAM
#include "../gamestream/gs-client.h"
#endif
#include "../integration/pf-launch.h"
#include "doc-lines.h"
#include "pf-test.h"

#define FRAMES 10
#define WAIT_MS 60000
#define CHAIN "last-message = chain"
#define PLAYING "Setting pipeline to PLAYING"
#define OPTIONS "-v -e"

#define CAPS                                                                   \
  "application/x-pf-packet,wire=(string)punktfunk1,fec=(string)gf16,"          \
  "sealed=(boolean)"

static gchar *dir;
static GPtrArray *lines; /* DocLine */

/* ---- The other end ------------------------------------------------------ */

/* The line of the same file, else of any, that goes with this one. */
static DocLine *
find_partner (const DocLine *line)
{
  const DocRole wanted = line->role == DOC_SENDER ? DOC_RECEIVER : DOC_SENDER;

  for (guint i = 0; !line->punches && line->port && i < lines->len; i++) {
    DocLine *l = lines->pdata[i];

    if (l->role == wanted && !l->punches && strcmp (l->file, line->file) == 0 &&
        g_strcmp0 (l->port, line->port) == 0 && l->sealed == line->sealed &&
        g_strcmp0 (l->key_file, line->key_file) == 0)
      return l;
  }
  return NULL;
}

/* One that goes with the line, to this port. */
static DocLine *
make_partner (const DocLine *line, const gchar *port)
{
  const gchar *key = line->key_file ? line->key_file : "none";
  gchar *text;
  DocLine *made;

  if (line->role == DOC_SENDER)
    text = g_strdup_printf ("udpsrc port=%s caps=\"" CAPS "%s\" ! pfaesgcm "
                            "mode=%s%s%s ! pffecdec ! h264parse ! avdec_h264 "
                            "! fakesink",
        port, line->sealed ? "true" : "false", line->sealed ? "open" : "none",
        line->sealed ? " key-file=" : "", line->sealed ? key : "");
  else
    text = g_strdup_printf ("videotestsrc is-live=true ! x264enc "
                            "tune=zerolatency ! h264parse ! pffecenc ! "
                            "pfaesgcm mode=%s%s%s ! udpsink host=127.0.0.1 "
                            "port=%s",
        line->sealed ? "seal" : "none", line->sealed ? " key-file=" : "",
        line->sealed ? key : "", port);
  made = doc_line_new ("made for it", 0, text);
  g_free (text);
  return made;
}

/* ---- A relay ------------------------------------------------------------ */

/* Stands where a receiver punches to; passes on to it what a sender sends. */
typedef struct {
  gint outside, inside; /* sockets: punched, and for the sender */
  gint over[2];         /* a pipe: closed at the end */
  guint inside_port;
  GThread *thread;
} Relay;

static gint
bind_to (guint *port)
{
  struct sockaddr_in at = { .sin_family = AF_INET };
  socklen_t size = sizeof at;
  const gint fd = socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

  at.sin_port = htons ((guint16) *port);
  at.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
  PF_REQUIRE_INT (bind (fd, (struct sockaddr *) &at, sizeof at), ==, 0);
  PF_REQUIRE_INT (getsockname (fd, (struct sockaddr *) &at, &size), ==, 0);
  *port = ntohs (at.sin_port);
  return fd;
}

static gpointer
pass_on (gpointer data)
{
  Relay *r = data;
  struct pollfd p[] = { { r->outside, POLLIN, 0 }, { r->inside, POLLIN, 0 },
    { r->over[0], POLLIN, 0 } };
  struct sockaddr_in to;
  gboolean punched = FALSE;
  gchar bytes[65536];

  while (poll (p, G_N_ELEMENTS (p), -1) >= 0 && !p[2].revents) {
    if (p[0].revents) {
      socklen_t size = sizeof to;

      if (recvfrom (r->outside, bytes, sizeof bytes, 0, (struct sockaddr *) &to,
              &size) >= 0)
        punched = TRUE;
    }
    if (p[1].revents) {
      const gssize n = recv (r->inside, bytes, sizeof bytes, 0);

      if (n >= 0 && punched)
        (void) !sendto (r->outside, bytes, (gsize) n, 0,
            (struct sockaddr *) &to, sizeof to);
    }
  }
  return NULL;
}

static void
relay_start (Relay *r, guint port)
{
  r->inside_port = 0;
  r->outside = bind_to (&port);
  r->inside = bind_to (&r->inside_port);
  PF_REQUIRE_INT (pipe (r->over), ==, 0);
  r->thread = g_thread_new ("relay", pass_on, r);
}

static void
relay_stop (Relay *r)
{
  close (r->over[1]);
  g_thread_join (r->thread);
  close (r->over[0]);
  close (r->outside);
  close (r->inside);
}

/* ---- Running ------------------------------------------------------------ */

static PfLaunch *
start (DocRun *run, const DocLine *line)
{
  static const gchar *const settings[] = { "GST_TRACERS=leaks",
    "GST_DEBUG=GST_TRACER:7", NULL };
  const PfLaunchOptions options = { .directory = dir, .settings = settings };
  gchar **argv = doc_run_argv (run, line, OPTIONS);
  gchar *text;
  PfLaunch *l;

  if (!argv) {
    pf_test_fail (__FILE__, __LINE__, "no shell reads this: %s", line->text);
    pf_test_abort ();
  }
  text = g_strjoinv (" ", argv);
  pf_test_note ("%s", text);
  l = pf_launch_start ((const gchar *const *) argv, &options);
  PF_REQUIRE (l != NULL);
  g_free (text);
  g_strfreev (argv);
  return l;
}

/* The end of what it said, where something failed. */
static void
show (const gchar *what, PfLaunch *l)
{
  gchar *text = pf_launch_output (l);
  gchar **said = g_strsplit (g_strchomp (text), "\n", -1);
  const guint n = g_strv_length (said);

  for (guint i = n > 12 ? n - 12 : 0; i < n; i++)
    pf_test_note ("%s: %.200s", what, said[i]);
  g_strfreev (said);
  g_free (text);
}

/* It ends well and leaves nothing; the tracer also logs its format. */
static void
check_end (PfLaunch *l, gboolean by_itself)
{
  static const gchar alive[] = "object-alive, type-name=(string)";

  if (!by_itself)
    pf_launch_interrupt (l);
  PF_CHECK_INT (pf_launch_end (l, WAIT_MS), ==, 0);
  PF_CHECK_UINT (
      pf_launch_count (l, "object-alive, type-name=(string)%s"), ==, 1);
  PF_CHECK_UINT (pf_launch_count (l, alive), ==, 1);
}

static void
run_alone (const DocLine *line)
{
  DocRun *run = doc_run_new (dir);
  PfLaunch *l = start (run, line);

  PF_CHECK (pf_launch_wait (l, CHAIN, FRAMES, WAIT_MS));
  check_end (l, FALSE);
  if (pf_test_failed ())
    show ("it", l);
  pf_launch_free (l);
  doc_run_free (run);
}

#ifdef HAVE_GAMESTREAM
/* A client that its session file lets in. */
static void
run_gamestream (const DocLine *line)
{
  GsClientConfig config = { .host = "127.0.0.1" };
  DocRun *run = doc_run_new (dir);
  gchar *file = doc_run_file (run, line->session_file);
  const int watch = gs_client_watch (dir);
  PfLaunch *l = start (run, line);
  GsClient *client = NULL;

  if (gs_client_wait_file (watch, file, WAIT_MS) &&
      gs_client_load (&config, file)) {
    client = gs_client_new (&config);
    PF_CHECK_UINT (gs_client_shake (client, PF_GS_STEP_DONE), ==, 200);
  }
  PF_CHECK (client != NULL);
  if (!pf_test_failed ()) {
    gs_client_start (client, GS_ALL);
    PF_CHECK (gs_client_wait_frames (client, FRAMES, WAIT_MS));
    PF_CHECK (gs_client_wait_audio (client, FRAMES, WAIT_MS));
  }
  gs_client_free (client);
  check_end (l, FALSE);
  if (pf_test_failed ())
    show ("it", l);
  pf_launch_free (l);
  close (watch);
  g_free (file);
  doc_run_free (run);
}
#endif

static void
run_pair (DocRun *run, const DocLine *receiver, const DocLine *sender)
{
  PfLaunch *r = NULL, *s = NULL;

  if (sender->listens) {
    s = start (run, sender);
    PF_CHECK (pf_launch_wait (s, PLAYING, 1, WAIT_MS));
  }
  r = start (run, receiver);
  PF_CHECK (pf_launch_wait (r, PLAYING, 1, WAIT_MS));
  if (!pf_test_failed ()) {
    if (!s)
      s = start (run, sender);
    PF_CHECK (pf_launch_wait (r, CHAIN, FRAMES, WAIT_MS));
    check_end (s, FALSE);
  }
  check_end (r, receiver->follows && s != NULL);
  if (pf_test_failed ()) {
    show ("receiver", r);
    if (s)
      show ("sender", s);
  }
  pf_launch_free (r);
  pf_launch_free (s);
}

static void
run_with_partner (const DocLine *line)
{
  DocRun *run = doc_run_new (dir);
  DocLine *partner = find_partner (line), *made = NULL;
  Relay relay;

  if (!partner) {
    gchar *port = g_strdup (line->port ? line->port : "5004");

    if (line->punches) {
      relay_start (&relay, doc_run_port (run, line->port));
      g_free (port);
      port = g_strdup_printf ("%u", relay.inside_port);
      /* a port of its own already */
      doc_run_keep_port (run, port);
    }
    partner = made = make_partner (line, port);
    g_free (port);
  }
  if (line->role == DOC_SENDER)
    run_pair (run, partner, line);
  else
    run_pair (run, line, partner);
  if (line->punches)
    relay_stop (&relay);
  if (made)
    doc_line_free (made);
  doc_run_free (run);
}

static void
empty_directory (void)
{
  GDir *listing = g_dir_open (dir, 0, NULL);
  const gchar *name;

  while (listing && (name = g_dir_read_name (listing))) {
    gchar *file = g_build_filename (dir, name, NULL);

    g_unlink (file);
    g_free (file);
  }
  if (listing)
    g_dir_close (listing);
}

static void
test_line (const void *data)
{
  const DocLine *line = data;

#ifdef HAVE_GAMESTREAM
  if (line->session_file)
    run_gamestream (line);
  else
#endif
      if (line->role == DOC_ALONE)
    run_alone (line);
  else
    run_with_partner (line);
  empty_directory ();
}

/* The lines are found: each kind of place that has some, has some. */
static void
test_found (void)
{
  static const gchar *const places[] = { "README.md", "docs/elements/",
    "gst/fec/", "gst/net/" };

  for (guint i = 0; i < G_N_ELEMENTS (places); i++) {
    guint n = 0;

    for (guint k = 0; k < lines->len; k++) {
      const DocLine *l = lines->pdata[k];

      n += g_str_has_prefix (l->file, places[i]);
    }
    PF_CHECK_UINT (n, >=, 2);
  }
}

int
main (int argc, char **argv)
{
  const gchar *top = g_getenv ("PF_TEST_TOP");
  GPtrArray *paths = g_ptr_array_new_with_free_func (g_free);
  int ret;

  if (!top) {
    g_printerr ("PF_TEST_TOP is not set\n");
    return 2;
  }
  dir = g_dir_make_tmp ("pf-lines-XXXXXX", NULL);
  lines = doc_lines_find (top);
  PF_TEST_ADD ("/lines/found", test_found);
  for (guint i = 0; i < lines->len; i++) {
    const DocLine *l = lines->pdata[i];
    gchar *path = g_strdup_printf ("/lines/%s:%u", l->file, l->number);

    g_ptr_array_add (paths, path);
    pf_test_add_data (path, test_line, l);
  }
  ret = pf_test_run (argc, argv);
  empty_directory ();
  g_rmdir (dir);
  g_ptr_array_unref (lines);
  g_ptr_array_unref (paths);
  g_free (dir);
  return ret;
}
