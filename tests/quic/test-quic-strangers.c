/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What others may try with a session of punktfunk/1, and what it must not
 * show; each test is named after the security case that it is of.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../security/traces.h"
#include "pf-choice.h"
#include "pf-msg.h"
#include "pf-punch.h"
#include "pf-session.h"
#include "pf-test.h"
#include "quic-pair.h"
#include "quic-stage.h"

enum { FRAMES = 60, WAIT_MS = 15000 };

static gchar *place;

/* ---- S15: video goes to nobody else ------------------------------------- */

/* Somebody at another address, who was there first. */
typedef struct {
  gint fd;
  guint sent, received;
  gint stop; /* atomic */
} Stranger;

static struct sockaddr_in
ipv4 (guint32 address, guint port)
{
  struct sockaddr_in a = { .sin_family = AF_INET };

  a.sin_addr.s_addr = htonl (address);
  a.sin_port = htons ((guint16) port);
  return a;
}

/* A port of UDP that nobody has just now. */
static guint
free_port (void)
{
  struct sockaddr_in a = ipv4 (INADDR_LOOPBACK, 0);
  socklen_t n = sizeof a;
  const gint fd = socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

  PF_REQUIRE_INT (bind (fd, (struct sockaddr *) &a, sizeof a), ==, 0);
  PF_REQUIRE_INT (getsockname (fd, (struct sockaddr *) &a, &n), ==, 0);
  close (fd);
  return ntohs (a.sin_port);
}

static gpointer
punch (gpointer data)
{
  Stranger *s = data;
  gchar bytes[2048];

  while (!g_atomic_int_get (&s->stop)) {
    struct pollfd p = { s->fd, POLLIN, 0 };

    s->sent += send (s->fd, pf_punch_bytes, PF_PUNCH_SIZE, MSG_DONTWAIT) > 0;
    poll (&p, 1, 2);
    while (recv (s->fd, bytes, sizeof bytes, MSG_DONTWAIT) > 0)
      s->received++;
  }
  return NULL;
}

static void
test_s15_media (void)
{
  const guint port = free_port ();
  const struct sockaddr_in own = ipv4 (0x7f000009, 0),
                           to = ipv4 (INADDR_LOOPBACK, port);
  gchar *settings = g_strdup_printf ("data-port=%u", port);
  StageClient client;
  StageHost host;
  Stranger s = { 0 };
  GThread *thread;

  s.fd = socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  PF_REQUIRE_INT (bind (s.fd, (struct sockaddr *) &own, sizeof own), ==, 0);
  PF_REQUIRE_INT (connect (s.fd, (struct sockaddr *) &to, sizeof to), ==, 0);
  thread = g_thread_new ("stranger", punch, &s);
  stage_host_start (&host, "punched", place, 0, NULL);
  host.endpoint = settings;
  stage_client_start (&client, host.port, "width=320 height=180 fps=30");
  PF_CHECK (stage_client_wait (&client, FRAMES, WAIT_MS));
  stage_client_check (&client);
  g_atomic_int_set (&s.stop, 1);
  g_thread_join (thread);
  pf_test_note ("%u punches", s.sent);
  PF_CHECK_UINT (s.sent, >=, 100);
  PF_CHECK_UINT (s.received, ==, 0);
  stage_client_stop (&client);
  stage_host_stop (&host);
  close (s.fd);
  g_free (settings);
}

/* ---- S19, S38: numbers of a Hello --------------------------------------- */

typedef struct {
  guint32 width, height, hz, kbps;
  guint8 channels;
  guint16 shard;
  gboolean offered; /* to the launcher, within bounds */
} Numbers;

static const Numbers hellos[] = {
  { 0, 0, 0, 0, 2, 0, FALSE },
  { 1280, 720, 0, 0, 2, 0, FALSE },
  { 0, 720, 60, 0, 2, 0, FALSE },
  { 1, 1, 1, 1, 2, 0, FALSE },
  { 16384, 16384, 1000, 0, 2, 0, FALSE },
  { 7681, 4320, 60, 0, 2, 0, FALSE },
  { 7680, 4321, 60, 0, 2, 0, FALSE },
  { 7680, 4320, 481, 0, 2, 0, FALSE },
  { 0x80000000, 0x80000000, 60, 0, 2, 0, FALSE },
  { 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 255, 0xffff, FALSE },
  { 64, 64, 5, 1, 0, 1, TRUE },
  { 320, 180, 30, 0xffffffff, 255, 0xffff, TRUE },
  { 320, 180, 30, 499, 7, 15, TRUE },
};

static void
say_hello (PfQuicLink *link, const Numbers *n)
{
  guint8 bytes[2 + PF_MSG_HELLO_MAX];
  PfMsgHello m;
  gsize size;
  gint64 id;
  GBytes *b;

  pf_msg_hello_init (&m);
  m.mode.width = n->width;
  m.mode.height = n->height;
  m.mode.refresh_hz = n->hz;
  m.bitrate_kbps = n->kbps;
  m.audio_channels = n->channels;
  m.video_codecs = PF_CODEC_H264;
  m.max_shard_payload = n->shard;
  PF_REQUIRE_INT (
      pf_msg_hello_encode (&m, bytes + 2, sizeof bytes - 2, &size), ==, 0);
  bytes[0] = (guint8) size;
  bytes[1] = (guint8) (size >> 8);
  id = pf_quic_link_open (link, TRUE);
  PF_REQUIRE (id >= 0);
  b = g_bytes_new (bytes, size + 2);
  PF_CHECK (pf_quic_link_send (link, id, b, FALSE));
  g_bytes_unref (b);
}

static guint
number (const GstStructure *s, const gchar *field)
{
  guint value = G_MAXUINT;

  gst_structure_get_uint (s, field, &value);
  return value;
}

static void
check_offer (StageHost *h, const Numbers *n)
{
  guint kbps, channels;

  g_mutex_lock (&h->lock);
  PF_CHECK ((h->offer != NULL) == n->offered);
  if (h->offer) {
    kbps = number (h->offer, "bitrate-kbps");
    channels = number (h->offer, "channels");
    PF_CHECK_UINT (number (h->offer, "width"), ==, n->width);
    PF_CHECK (kbps == 0 ||
              (kbps >= PF_BITRATE_MIN_KBPS && kbps <= PF_BITRATE_MAX_KBPS));
    PF_CHECK (channels == 2 || channels == 6 || channels == 8);
  }
  g_clear_pointer (&h->offer, gst_structure_free);
  g_mutex_unlock (&h->lock);
}

/* An answer comes: a Welcome, or the end. */
static void
meet (StageHost *host, const Numbers *n)
{
  QuicClient c;

  quic_client_init (&c, FALSE);
  quic_client_connect (&c, "127.0.0.1", host->port);
  PF_REQUIRE (quic_end_wait (&c.end, &c.end.n_ready, 1));
  say_hello (c.link, n);
  if (n->offered) {
    PF_CHECK (quic_end_wait_bytes (&c.end, 60));
  } else {
    PF_CHECK (quic_end_wait (&c.end, &c.end.n_closed, 1));
    PF_CHECK_INT (c.end.end.kind, ==, PF_QUIC_PEER_CLOSED);
    PF_CHECK_HEX (c.end.end.code, ==, PF_CLOSE_SETUP_FAILED);
  }
  check_offer (host, n);
  quic_client_clear (&c);
}

static void
test_s19_hello (void)
{
  StageClient client;
  StageHost host;

  stage_host_start (&host, "greeted", place, 0, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (hellos); i++)
    meet (&host, &hellos[i]);
  /* and who asks for what can be is served */
  stage_client_start (&client, host.port, "width=320 height=180 fps=30");
  PF_CHECK (stage_client_wait (&client, 10, WAIT_MS));
  stage_client_stop (&client);
  stage_host_stop (&host);
}

/* ---- S23: who waits for an answer --------------------------------------- */

static gint
on_later (GstElement *server, const GstStructure *peer, gpointer user)
{
  (void) server;
  (void) peer;
  (void) user;
  return 2;
}

/* No more than max-sessions wait; whoever comes then is turned away at once,
 * and for those that went others may come. */
static void
test_s23_parked (void)
{
  static const Numbers usual = { 320, 180, 30, 0, 2, 0, TRUE };
  enum { MOST = 3 };
  QuicClient c[MOST + 1];
  StageHost host;

  stage_host_start (&host, "parked", place, 0, "max-sessions=3");
  g_signal_connect (host.server, "authorize", G_CALLBACK (on_later), NULL);
  for (guint i = 0; i <= MOST; i++) {
    quic_client_init (&c[i], FALSE);
    quic_client_connect (&c[i], "127.0.0.1", host.port);
    if (i < MOST) {
      PF_REQUIRE (quic_end_wait (&c[i].end, &c[i].end.n_ready, 1));
      say_hello (c[i].link, &usual);
    }
  }
  PF_CHECK (quic_end_wait (&c[MOST].end, &c[MOST].end.n_closed, 1));
  PF_CHECK_HEX (c[MOST].end.end.code, ==, 2); /* CONNECTION_REFUSED */
  for (guint i = 0; i <= MOST; i++)
    quic_client_clear (&c[i]);
  stage_host_stop (&host);
}

/* ---- S48: what shows ---------------------------------------------------- */

typedef struct {
  GMutex lock;
  GString *text; /* lock */
} Log;

static void
keep (GstDebugCategory *category, GstDebugLevel level, const gchar *file,
    const gchar *function, gint line, GObject *object, GstDebugMessage *message,
    gpointer user)
{
  const gchar *text = gst_debug_message_get (message); /* which may log */
  Log *log = user;

  (void) category;
  (void) level;
  (void) file;
  (void) function;
  (void) line;
  (void) object;
  g_mutex_lock (&log->lock);
  if (log->text->len < 256u << 20) {
    g_string_append (log->text, text);
    g_string_append_c (log->text, '\n');
  }
  g_mutex_unlock (&log->lock);
}

static void
add (GPtrArray *traces, const guint8 *secret, gsize n)
{
  GPtrArray *more = pf_traces_of (secret, n);

  for (guint i = 0; i < more->len; i++)
    g_ptr_array_add (traces, g_bytes_ref (more->pdata[i]));
  g_ptr_array_unref (more);
}

/* The media key, as pfaesgcm got it. */
static void
add_media_key (GPtrArray *traces, StageClient *c)
{
  GstElement *opener = gst_bin_get_by_name (GST_BIN (c->pipeline), "opener");
  GstPad *pad = gst_element_get_static_pad (opener, "sink");
  PfSessionParams params;

  pf_session_params_init (&params);
  PF_REQUIRE_INT (pf_session_ask (pad, TRUE, &params), ==, PF_SESSION_READY);
  PF_REQUIRE (params.secret != NULL);
  add (traces, pf_secret_key (params.secret)->key, 16);
  pf_session_params_clear (&params);
  gst_object_unref (pad);
  gst_object_unref (opener);
}

/* Secrets of TLS, from a key log that was asked for; and the host's own key,
 * the numbers of its PEM file. */
static void
add_file (GPtrArray *traces, const gchar *path, gboolean pem)
{
  gchar *text = NULL, **lines;
  guint n = 0;

  PF_REQUIRE (g_file_get_contents (path, &text, NULL, NULL));
  lines = g_strsplit (text, "\n", -1);
  for (guint i = 0; lines[i]; i++) {
    const gchar *word = strrchr (lines[i], ' ');

    if (pem && *lines[i] && *lines[i] != '-' && i > 2) {
      gsize size;
      guchar *bytes = g_base64_decode (lines[i], &size);

      add (traces, bytes, MIN (size, 30));
      g_free (bytes);
      n++;
    } else if (!pem && word && strlen (word + 1) >= 64) {
      guint8 bytes[32];

      for (guint k = 0; k < sizeof bytes; k++)
        bytes[k] = (guint8) (g_ascii_xdigit_value (word[1 + 2 * k]) << 4 |
                             g_ascii_xdigit_value (word[2 + 2 * k]));
      add (traces, bytes, sizeof bytes);
      n++;
    }
  }
  PF_CHECK_UINT (n, >=, 4);
  g_strfreev (lines);
  g_free (text);
}

static void
search_text (const gchar *where, gchar *text, const GPtrArray *traces)
{
  PF_CHECK (text && strlen (text) > 20);
  if (text)
    pf_traces_search (where, text, strlen (text), traces);
  g_free (text);
}

static void
search_stats (GstElement *e, const GPtrArray *traces)
{
  GstStructure *stats;

  g_object_get (e, "stats", &stats, NULL);
  search_text ("stats", gst_structure_to_string (stats), traces);
  gst_structure_free (stats);
}

static void
search_shown (StageClient *c, StageHost *h, const GPtrArray *traces)
{
  GHashTableIter i;
  gpointer pipeline;

  search_text ("a dot file of the client",
      gst_debug_bin_to_dot_data (
          GST_BIN (c->pipeline), GST_DEBUG_GRAPH_SHOW_VERBOSE),
      traces);
  search_stats (c->source, traces);
  search_stats (h->server, traces);
  g_mutex_lock (&h->lock);
  g_hash_table_iter_init (&i, h->sessions);
  while (g_hash_table_iter_next (&i, NULL, &pipeline))
    search_text ("a dot file of the host",
        gst_debug_bin_to_dot_data (
            GST_BIN (pipeline), GST_DEBUG_GRAPH_SHOW_VERBOSE),
        traces);
  g_mutex_unlock (&h->lock);
}

/* Everything that a session of both ends logs, at the highest level. */
static void
test_s48_session (void)
{
  gchar *keys = g_build_filename (place, "asked", NULL);
  gchar *unasked = g_build_filename (place, "unasked", NULL);
  gchar *own = g_build_filename (place, "key.pem", NULL);
  gchar *settings =
      g_strdup_printf ("width=160 height=96 fps=5 key-log-file=%s", keys);
  GPtrArray *traces =
      g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  StageClient client;
  guint client_frames;
  StageHost host;
  Log log;

  g_mutex_init (&log.lock);
  log.text = g_string_new (NULL);
  gst_debug_remove_log_function (gst_debug_log_default);
  gst_debug_add_log_function (keep, &log, NULL);
  gst_debug_set_active (TRUE);
  gst_debug_set_default_threshold (GST_LEVEL_MEMDUMP);
  stage_host_start (&host, "logged", place, 0, NULL);
  stage_client_start (&client, host.port, settings);
  PF_CHECK (stage_client_wait (&client, 3, 2 * WAIT_MS));
  add_media_key (traces, &client);
  search_shown (&client, &host, traces);
  client_frames = stage_client_frames (&client);
  stage_client_stop (&client);
  PF_CHECK (stage_host_wait_ended (&host, 1, WAIT_MS));
  stage_host_stop (&host);
  gst_debug_set_default_threshold (GST_LEVEL_NONE);
  gst_debug_remove_log_function (keep);
  add_file (traces, keys, FALSE);
  add_file (traces, own, TRUE);
  pf_test_note ("%u frames; %u traces in %.1f MB of log", client_frames,
      traces->len, (gdouble) log.text->len / 1e6);
  PF_CHECK_UINT (log.text->len, >, 100000);
  PF_CHECK (strstr (log.text->str, "opening with a new key") != NULL);
  pf_traces_search ("the log", log.text->str, log.text->len, traces);
  PF_CHECK (!g_file_test (unasked, G_FILE_TEST_EXISTS));
  g_ptr_array_unref (traces);
  g_string_free (log.text, TRUE);
  g_mutex_clear (&log.lock);
  g_free (settings);
  g_free (own);
  g_free (unasked);
  g_free (keys);
}

int
main (int argc, char **argv)
{
  gchar *unasked;
  int ret;

  place = stage_place_new ();
  unasked = g_build_filename (place, "unasked", NULL);
  g_setenv ("SSLKEYLOGFILE", unasked, TRUE);
  gst_init (&argc, &argv);
  PF_TEST_ADD ("/S15/media", test_s15_media);
  PF_TEST_ADD ("/S19/hello", test_s19_hello);
  PF_TEST_ADD ("/S23/parked", test_s23_parked);
  PF_TEST_ADD ("/S48/session", test_s48_session);
  ret = pf_test_run (argc, argv);
  g_free (unasked);
  stage_place_remove (place);
  return ret;
}
