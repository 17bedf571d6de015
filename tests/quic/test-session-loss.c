/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Sessions of punktfunk/1 over a bad line: a forwarder stands between the ends
 * and loses what it is told to.
 */
#include <arpa/inet.h>
#include <glib/gstdio.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "pf-forwarder.h"
#include "pf-test.h"
#include "session-line.h"

#define BETWEEN "127.0.0.2"
#define CLIENT_VIA                                                             \
  "pfquicsrc name=end address=" BETWEEN " port=%u codecs=h264 ! " OPENER

/* What went up to the source, and when. */
typedef struct {
  GMutex lock;
  GCond cond;
  /* lock */
  guint releases, rests, wakes;
  gint64 rested_us, released_us;
} Heard;

typedef struct {
  Line host, client;
  PfForwarder line;
  Heard heard;
} Session;

static guint
free_port (void)
{
  struct sockaddr_in a = { .sin_family = AF_INET };
  socklen_t size = sizeof a;
  const int fd = socket (AF_INET, SOCK_DGRAM, 0);

  a.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
  PF_REQUIRE (fd >= 0 && bind (fd, (struct sockaddr *) &a, size) == 0 &&
              getsockname (fd, (struct sockaddr *) &a, &size) == 0);
  close (fd);
  return ntohs (a.sin_port);
}

static GstPadProbeReturn
on_event (GstPad *pad, GstPadProbeInfo *info, gpointer user)
{
  GstEvent *event = GST_PAD_PROBE_INFO_EVENT (info);
  PfWatched watched;
  PfInput input;
  Heard *h = user;

  (void) pad;
  g_mutex_lock (&h->lock);
  if (pf_event_parse_input (event, &input) && input.kind == PF_INPUT_RELEASE) {
    h->releases++;
    h->released_us = g_get_monotonic_time ();
  }
  if (pf_event_parse_watched (event, &watched)) {
    h->rests += !watched.watched;
    h->wakes += watched.watched;
    if (!watched.watched)
      h->rested_us = g_get_monotonic_time ();
  }
  g_cond_broadcast (&h->cond);
  g_mutex_unlock (&h->lock);
  return GST_PAD_PROBE_OK;
}

static gboolean
heard_wait (Heard *h, const guint *counter, guint least)
{
  const gint64 until = g_get_monotonic_time () + QUIC_WAIT_MS * 1000;
  gboolean ok;

  g_mutex_lock (&h->lock);
  while (*counter < least && g_cond_wait_until (&h->cond, &h->lock, until))
    ;
  ok = *counter >= least;
  g_mutex_unlock (&h->lock);
  return ok;
}

static void
session_begin (Session *s)
{
  const guint data = free_port ();
  gchar *settings = g_strdup_printf ("open=true data-port=%u", data);
  gchar *maps[2], *text;
  GstElement *encoder;
  GstPad *pad;
  guint port;

  memset (&s->heard, 0, sizeof s->heard);
  g_mutex_init (&s->heard.lock);
  g_cond_init (&s->heard.cond);
  port = line_play_host (&s->host, settings);
  encoder = gst_bin_get_by_name (GST_BIN (s->host.pipeline), "encoder");
  pad = gst_element_get_static_pad (encoder, "src");
  gst_pad_add_probe (
      pad, GST_PAD_PROBE_TYPE_EVENT_UPSTREAM, on_event, &s->heard, NULL);
  gst_object_unref (pad);
  gst_object_unref (encoder);
  maps[0] = g_strdup_printf (BETWEEN ":%u=127.0.0.1:%u", port, port);
  maps[1] = g_strdup_printf (BETWEEN ":%u=127.0.0.1:%u", data, data);
  {
    const char *const args[] = { "--map", maps[0], "--map", maps[1], NULL };

    PF_REQUIRE (pf_forwarder_start (&s->line, g_getenv ("PF_FORWARD"), args));
  }
  text = g_strdup_printf (CLIENT_VIA, port);
  line_init (&s->client, text);
  line_play (&s->client);
  line_check_frames (&s->client);
  g_free (text);
  g_free (maps[0]);
  g_free (maps[1]);
  g_free (settings);
}

static void
session_end (Session *s)
{
  line_clear (&s->client);
  line_clear (&s->host);
  pf_json_free (pf_forwarder_stop (&s->line));
  g_mutex_clear (&s->heard.lock);
  g_cond_clear (&s->heard.cond);
}

static void
set_drop (Session *s, guint ppm)
{
  static const gchar *const ways[] = { "up", "down" };

  for (guint i = 0; i < G_N_ELEMENTS (ways); i++) {
    gchar *command = g_strdup_printf ("%s drop=%u", ways[i], ppm);

    PF_REQUIRE (pf_forwarder_command (&s->line, command));
    g_free (command);
  }
  /* the answer comes when the commands have been taken */
  pf_json_free (pf_forwarder_stats (&s->line));
}

/* A line that is cut: within 3 s nothing is held and the source rests; with the
 * first that is heard again pictures go on, from a key frame. */
static void
test_silent (void)
{
  static Session s;
  gint64 cut;
  guint keys, frames;

  session_begin (&s);
  PF_CHECK_UINT (s.heard.rests, ==, 0);
  cut = g_get_monotonic_time ();
  set_drop (&s, 1000000);
  PF_REQUIRE (heard_wait (&s.heard, &s.heard.rests, 1));
  PF_CHECK (heard_wait (&s.heard, &s.heard.releases, 1));
  pf_test_note ("rests after %u ms, held keys after %u ms",
      (guint) (s.heard.rested_us - cut) / 1000,
      (guint) (s.heard.released_us - cut) / 1000);
  /* the last that was heard came before the cut */
  PF_CHECK_INT (s.heard.rested_us - cut, <=, 3000000);
  PF_CHECK_INT (s.heard.released_us - cut, <=, 3000000);
  g_mutex_lock (&s.host.lock);
  keys = s.host.key_units;
  g_mutex_unlock (&s.host.lock);
  set_drop (&s, 0);
  PF_CHECK (
      heard_wait (&s.heard, &s.heard.wakes, 2)); /* the first: its start */
  PF_CHECK (line_wait (&s.host, &s.host.key_units, keys + 1));
  g_mutex_lock (&s.client.lock);
  frames = s.client.frames;
  g_mutex_unlock (&s.client.lock);
  PF_CHECK (line_wait (&s.client, &s.client.frames, frames + 30));
  PF_CHECK_UINT (s.client.wrong, ==, 0);
  PF_CHECK (s.client.error == NULL);
  session_end (&s);
}

static void
remove_tree (const gchar *path)
{
  GDir *list = g_dir_open (path, 0, NULL);
  const gchar *name;

  while (list && (name = g_dir_read_name (list))) {
    gchar *file = g_build_filename (path, name, NULL);

    remove_tree (file);
    g_free (file);
  }
  g_clear_pointer (&list, g_dir_close);
  g_remove (path);
}

int
main (int argc, char **argv)
{
  int ret;

  gst_init (&argc, &argv);
  line_dir = g_dir_make_tmp ("pf-session-loss-XXXXXX", NULL);
  PF_TEST_ADD ("/session-loss/silent", test_silent);
  ret = pf_test_run (argc, argv);
  remove_tree (line_dir);
  g_free (line_dir);
  return ret;
}
