/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Shell to shell over a line that loses 5 % of all packets: live, 60 frames a
 * second, 600 frames. Three ways to carry them run side by side: udpsink and
 * udpsrc, pfudpsink and pfudpsrc, and with a tee behind the sealer. The
 * dropper stands behind the opener, where it can read which block a packet
 * belongs to: the frames lost are those of which a block lost more than its
 * parity, no more and no less. With as much parity as data none is lost.
 *
 * A machine that runs six of these at once stops each of them for longer than
 * a frame may take by default, so deadline-us is raised: to less than the 64
 * frames that may be on their way at once.
 *
 * What the elements counted is read from the dot file that gst-launch-1.0
 * writes when it goes down.
 */
#include <glib/gstdio.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../integration/pf-launch.h"
#include "pf-test.h"

#define FRAMES 600
#define WAIT_MS 100000
#define QUIET_MS 1000
#define CHAIN "last-message = chain"
#define PLAYING "Setting pipeline to PLAYING"

#define SOURCE                                                                 \
  "-e videotestsrc is-live=true num-buffers=600 ! "                            \
  "video/x-raw,width=320,height=240,framerate=60/1 ! "                         \
  "x264enc tune=zerolatency speed-preset=ultrafast ! h264parse ! pffecenc "
#define CAPS                                                                   \
  "application/x-pf-packet,wire=(string)punktfunk1,fec=(string)gf16,"          \
  "sealed=(boolean)true"

/* %u is the port. */
static const struct {
  const gchar *name, *receive, *send;
} ways[] = {
  { "udp", "udpsrc port=%u buffer-size=2000000 caps=\"" CAPS "\"",
      "udpsink host=127.0.0.1 port=%u" },
  { "pfudp", "pfudpsrc port=%u caps=\"" CAPS "\"",
      "pfudpsink host=127.0.0.1 port=%u" },
  { "tee", "udpsrc port=%u buffer-size=2000000 caps=\"" CAPS "\"",
      "tee name=t ! queue ! udpsink host=127.0.0.1 port=%u t. ! queue ! "
      "fakesink async=false" },
};

enum { N_WAYS = G_N_ELEMENTS (ways) };

typedef struct {
  const gchar *path, *fec;
  gboolean all; /* no frame may be lost */
} Case;

static const Case cases[] = {
  { "/loss/exact", "percentage=10", FALSE },
  { "/loss/none", "percentage=100 minimum-parity=6", TRUE },
};

typedef struct {
  const gchar *name;
  gchar *dots; /* directory */
  gchar *key;
  PfLaunch *receiver, *sender;
} Pair;

static gchar *dir;

static guint
free_port (void)
{
  struct sockaddr_in at = { .sin_family = AF_INET };
  socklen_t size = sizeof at;
  const gint fd = socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

  PF_REQUIRE_INT (bind (fd, (struct sockaddr *) &at, sizeof at), ==, 0);
  PF_REQUIRE_INT (getsockname (fd, (struct sockaddr *) &at, &size), ==, 0);
  close (fd);
  return ntohs (at.sin_port);
}

/* The line with the port at its %u. */
static gchar *
with_port (const gchar *line, guint port)
{
  gchar **parts = g_strsplit (line, "%u", 2);
  gchar *ret = g_strdup_printf ("%s%u%s", parts[0], port, parts[1]);

  g_strfreev (parts);
  return ret;
}

static PfLaunch *
start (const gchar *line, const gchar *dots)
{
  gchar *setting = g_strconcat ("GST_DEBUG_DUMP_DOT_DIR=", dots, NULL);
  const gchar *settings[] = { setting, NULL };
  const PfLaunchOptions options = { .directory = dir,
    .settings = dots ? settings : NULL };
  gchar **argv;
  PfLaunch *l;

  PF_REQUIRE (g_shell_parse_argv (line, NULL, &argv, NULL));
  l = pf_launch_start ((const gchar *const *) argv, &options);
  PF_REQUIRE (l != NULL);
  g_strfreev (argv);
  g_free (setting);
  return l;
}

static void
pair_start (Pair *p, const Case *c, guint way)
{
  const guint port = free_port ();
  gchar *receive = with_port (ways[way].receive, port);
  gchar *send = with_port (ways[way].send, port), *line;

  p->name = ways[way].name;
  p->dots = g_build_filename (dir, p->name, NULL);
  p->key = g_strdup_printf ("%s/%s.key", dir, p->name);
  PF_REQUIRE_INT (g_mkdir (p->dots, 0700), ==, 0);
  line = g_strdup_printf ("-v -e %s ! pfaesgcm mode=open key-file=%s ! "
                          "pftestdrop seed=%u loss-ppm=50000 ! "
                          "pffecdec deadline-us=800000 ! h264parse ! "
                          "avdec_h264 ! fakesink silent=false sync=false",
      receive, p->key, way + 1);
  p->receiver = start (line, p->dots);
  g_free (line);
  PF_REQUIRE (pf_launch_wait (p->receiver, PLAYING, 1, WAIT_MS));
  line = g_strdup_printf (
      SOURCE "%s ! pfaesgcm key-file=%s ! %s", c->fec, p->key, send);
  p->sender = start (line, NULL);
  g_free (line);
  g_free (receive);
  g_free (send);
}

/* The element's part of a dot file. */
static guint64
counted (const gchar *dot, const gchar *element, const gchar *name)
{
  const gchar *at = strstr (dot, element);
  const gchar *end = at ? strchr (at, '"') : NULL;
  gchar *what = g_strdup_printf ("\\n%s=", name);
  guint64 n = 0;

  at = at ? strstr (at, what) : NULL;
  if (at && at < end)
    n = g_ascii_strtoull (at + strlen (what), NULL, 10);
  g_free (what);
  return n; /* what has its default, 0, is not shown */
}

/* The dot file of the way down, which goes with the others. */
static gchar *
read_dots (const gchar *dots)
{
  GDir *listing = g_dir_open (dots, 0, NULL);
  const gchar *name;
  gchar *text = NULL;

  PF_REQUIRE (listing != NULL);
  while ((name = g_dir_read_name (listing))) {
    gchar *file = g_build_filename (dots, name, NULL);

    if (strstr (name, "PLAYING_PAUSED") && !text)
      PF_CHECK (g_file_get_contents (file, &text, NULL, NULL));
    g_unlink (file);
    g_free (file);
  }
  g_dir_close (listing);
  g_rmdir (dots);
  return text;
}

/* Nothing has come for a while. */
static void
wait_until_quiet (PfLaunch *l)
{
  while (pf_launch_wait (l, CHAIN, pf_launch_count (l, CHAIN) + 1, QUIET_MS))
    ;
}

static void
pair_check (Pair *p, const Case *c)
{
  guint64 frames, lost, expected, dropped, bad;
  guint shown;
  gchar *dot;

  wait_until_quiet (p->receiver);
  pf_launch_interrupt (p->receiver);
  PF_CHECK_INT (pf_launch_end (p->receiver, WAIT_MS), ==, 0);
  shown = pf_launch_count (p->receiver, CHAIN);
  dot = read_dots (p->dots);
  PF_REQUIRE (dot != NULL);
  frames = counted (dot, "PfFecDec\\n", "frames");
  lost = counted (dot, "PfFecDec\\n", "frames-lost");
  bad = counted (dot, "PfFecDec\\n", "dropped");
  expected = counted (dot, "PfTestDrop\\n", "expected-lost");
  dropped = counted (dot, "PfTestDrop\\n", "dropped");
  pf_test_note ("%s: %u packets lost; %u frames came, %u lost, %u expected; "
                "%u pictures",
      p->name, (guint) dropped, (guint) frames, (guint) lost, (guint) expected,
      shown);
  PF_CHECK_UINT (counted (dot, "PfTestDrop\\n", "frames"), ==, FRAMES);
  PF_CHECK_UINT (dropped, >, 30);
  PF_CHECK_UINT (frames + lost, ==, FRAMES);
  PF_CHECK_UINT (lost, ==, expected);
  PF_CHECK_UINT (bad, ==, 0);
  if (c->all) {
    PF_CHECK_UINT (frames, ==, FRAMES);
    PF_CHECK_UINT (shown, ==, FRAMES);
  } else {
    PF_CHECK_UINT (lost, >, 0);
  }
  g_free (dot);
}

static void
test_case (const void *data)
{
  const Case *c = data;
  Pair pairs[N_WAYS] = { 0 };

  if (g_getenv ("PF_TEST_EMULATED"))
    pf_test_skip ("live, and the emulation would be of this program alone");

  for (guint i = 0; i < N_WAYS; i++)
    pair_start (&pairs[i], c, i);
  for (guint i = 0; i < N_WAYS; i++)
    PF_CHECK_INT (pf_launch_end (pairs[i].sender, WAIT_MS), ==, 0);
  for (guint i = 0; i < N_WAYS; i++) {
    pair_check (&pairs[i], c);
    pf_launch_free (pairs[i].receiver);
    pf_launch_free (pairs[i].sender);
    g_unlink (pairs[i].key);
    g_free (pairs[i].key);
    g_free (pairs[i].dots);
  }
}

int
main (int argc, char **argv)
{
  int ret;

  dir = g_dir_make_tmp ("pf-loss-XXXXXX", NULL);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    pf_test_add_data (cases[i].path, test_case, &cases[i]);
  ret = pf_test_run (argc, argv);
  g_rmdir (dir);
  g_free (dir);
  return ret;
}
