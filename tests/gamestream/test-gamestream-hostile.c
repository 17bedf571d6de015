/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Who may not: strangers at each port, with and without what only the client
 * was told; clients that announce nonsense; connections that never say
 * anything; floods; and clients that were let in and ask for too much. None of
 * it costs a running stream a frame.
 */
#include <arpa/inet.h>
#include <gst/video/video.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gs-stage.h"
#include "gs-viewer.h"
#include "pf-events.h"
#include "pf-test.h"

#define HOME "127.0.0.1"
#define ELSEWHERE "127.0.0.2"
#define H264 "video/x-h264,stream-format=byte-stream,alignment=au"
#define QUIET_MS 300 /* in which media would come, if they did */

static void
on_video (GsClient *client, const PfEvent *e, void *viewer)
{
  (void) client;
  if (e->type == PF_EVENT_FRAME)
    gs_viewer_video (viewer, e->unit, e->unit_size);
}

/* A stream that somebody else sees. */
typedef struct {
  GsStage s;
  GsClientConfig config;
  GsClient *client;
  GstElement *pipeline;
  GsViewer *viewer;
  guint64 id;
} Stream;

static void
stream_start (Stream *t, const gchar *settings)
{
  gs_stage_start (&t->s, "0.0.0.0", settings);
  t->s.address = HOME;
  t->viewer = gs_viewer_new (H264, NULL, FALSE);
  t->id = gs_stage_launch (&t->s, HOME, NULL, &t->config);
  PF_REQUIRE_UINT (t->id, !=, 0);
  t->config.video = on_video;
  t->config.user = t->viewer;
  t->client = gs_stage_connect (&t->s, &t->config, t->id, &t->pipeline, NULL);
  PF_REQUIRE (t->client != NULL);
  PF_CHECK (gs_viewer_wait (t->viewer, 10, GS_WAIT_MS));
}

/* It went on, and lost nothing. */
static void
stream_check (Stream *t)
{
  GsClientStats stats;
  GsViewed viewed;

  gs_viewer_get (t->viewer, &viewed);
  PF_CHECK (gs_viewer_wait (t->viewer, viewed.frames + 10, GS_WAIT_MS));
  gs_client_stats (t->client, &stats);
  gs_viewer_get (t->viewer, &viewed);
  PF_CHECK_UINT (stats.frames_lost, ==, 0);
  PF_CHECK_UINT (viewed.wrong, ==, 0);
  PF_CHECK (!stats.closed);
}

static void
stream_stop (Stream *t)
{
  gs_stage_drop (t->pipeline);
  gs_client_free (t->client);
  gs_viewer_free (t->viewer);
  gs_stage_stop (&t->s);
}

static int
udp_to (const gchar *from, guint port)
{
  struct sockaddr_in at = { .sin_family = AF_INET };
  const int fd = socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

  inet_pton (AF_INET, from, &at.sin_addr);
  PF_REQUIRE_INT (bind (fd, (struct sockaddr *) &at, sizeof at), ==, 0);
  inet_pton (AF_INET, HOME, &at.sin_addr);
  at.sin_port = htons ((guint16) port);
  PF_REQUIRE_INT (connect (fd, (struct sockaddr *) &at, sizeof at), ==, 0);
  return fd;
}

static gboolean
is_quiet (int fd, int ms)
{
  struct pollfd p = { fd, POLLIN, 0 };

  return poll (&p, 1, ms) == 0;
}

/* ---- Strangers (S15) ----------------------------------------------------- */

static void
ping_from (Stream *t, const gchar *from, PfGsStream stream,
    const gchar *payload, gsize size)
{
  const PfGsClientHandshake *h = gs_client_handshake (t->client);
  const int fd =
      udp_to (from, stream == PF_GS_VIDEO ? h->video_port : h->audio_port);
  guint8 bytes[20] = { [19] = 1 };

  memcpy (bytes, payload, MIN (size, strlen (payload)));
  for (guint i = 0; i < 3; i++)
    PF_CHECK_INT (send (fd, bytes, size, 0), ==, (gssize) size);
  PF_CHECK (is_quiet (fd, QUIET_MS));
  close (fd);
}

static void
test_pings (void)
{
  const gchar *payload;
  Stream t;

  stream_start (&t, NULL);
  payload = gs_client_handshake (t.client)->ping_payload;
  for (guint i = PF_GS_VIDEO; i <= PF_GS_AUDIO; i++) {
    ping_from (&t, ELSEWHERE, i, payload, 20);
    ping_from (&t, HOME, i, "0123456789ABCDEF", 20);
    ping_from (&t, HOME, i, "PING", 4);
  }
  PF_CHECK_UINT (gs_stage_counter (t.s.server, "strange-pings"), ==, 18);
  stream_check (&t);
  stream_stop (&t);
}

static void
test_control_strangers (void)
{
  GsClientConfig config;
  GsClientStats stats;
  GsClient *c;
  Stream t;

  stream_start (&t, NULL);
  /* all that the client was told, but from elsewhere */
  config = t.config;
  config.local = ELSEWHERE;
  config.video = NULL;
  c = gs_client_new (&config);
  *gs_client_handshake (c) = *gs_client_handshake (t.client);
  gs_client_start (c, GS_ALL);
  PF_CHECK (!gs_client_wait_connected (c, 2 * QUIET_MS));
  gs_client_stats (c, &stats);
  PF_CHECK_UINT (stats.packets + stats.audio_packets, ==, 0);
  gs_client_free (c);
  PF_CHECK_UINT (gs_stage_counter (t.s.server, "control-strangers"), >, 0);
  /* from the same address, without its number */
  config.local = NULL;
  c = gs_client_new (&config);
  *gs_client_handshake (c) = *gs_client_handshake (t.client);
  gs_client_handshake (c)->connect_data ^= 1;
  gs_client_start (c, GS_CONTROL);
  PF_CHECK (!gs_client_wait_connected (c, 2 * QUIET_MS));
  gs_client_free (c);
  PF_CHECK_UINT (gs_stage_counter (t.s.server, "control-refused"), >, 0);
  /* and a second time with it: there is one client */
  c = gs_client_new (&config);
  *gs_client_handshake (c) = *gs_client_handshake (t.client);
  gs_client_start (c, GS_CONTROL);
  PF_CHECK (!gs_client_wait_connected (c, 2 * QUIET_MS));
  gs_client_free (c);
  stream_check (&t);
  stream_stop (&t);
}

static void
test_rtsp_strangers (void)
{
  static const gchar request[] = "OPTIONS rtsp://h RTSP/1.0\r\nCSeq: 1\r\n\r\n";
  GsClientConfig config;
  gchar answer[64];
  GsClient *c;
  Stream t;
  int fd;

  stream_start (&t, NULL);
  config = t.config;
  config.local = ELSEWHERE;
  fd = gs_client_dial (&config);
  PF_REQUIRE (fd >= 0);
  PF_CHECK_UINT (gs_client_exchange (fd, request, sizeof request - 1, answer,
                     sizeof answer, GS_WAIT_MS),
      ==, 0);
  close (fd);
  PF_CHECK_UINT (gs_stage_counter (t.s.server, "rtsp-strangers"), ==, 1);
  /* plain where it is to be sealed, and sealed with another key */
  config.local = NULL;
  fd = gs_client_dial (&config);
  PF_CHECK_UINT (gs_client_exchange (fd, request, sizeof request - 1, answer,
                     sizeof answer, GS_WAIT_MS),
      ==, 0);
  close (fd);
  config.key[3] ^= 1;
  c = gs_client_new (&config);
  PF_CHECK_UINT (gs_client_shake (c, PF_GS_STEP_DONE), ==, 0);
  gs_client_free (c);
  PF_CHECK_UINT (gs_stage_counter (t.s.server, "rtsp-malformed"), ==, 2);
  stream_check (&t);
  stream_stop (&t);
}

/* What does not authenticate does nothing. */
static void
test_forged (void)
{
  guint8 bytes[64] = { 1, 0, 60, 0 };
  Stream t;

  stream_start (&t, NULL);
  for (guint i = 0; i < 200; i++) {
    pf_test_random_bytes (bytes + 4, sizeof bytes - 4);
    PF_CHECK (gs_client_send_raw (t.client, i % PF_GS_N_CHANNELS, bytes,
        i % 3 ? sizeof bytes : i % sizeof bytes));
  }
  stream_check (&t);
  stream_stop (&t);
}

/* ---- Nonsense (S16, S19, S21) -------------------------------------------- */

typedef struct {
  const gchar *what;
  gsize at;
  guint32 value;
  guint status;
  const gchar *offered; /* of status 200: a field of the offer, as it is then */
  guint as;
} Announced;

#define FIELD(name, value)                                                     \
  {                                                                            \
#name, G_STRUCT_OFFSET(PfGsAnnounce, name), value, 400, NULL, 0            \
  }
#define CLAMPED(name, value, offered, as)                                      \
  {                                                                            \
#name, G_STRUCT_OFFSET(PfGsAnnounce, name), value, 503, offered, as        \
  }

static const Announced announced[] = {
  FIELD (packet_size, 0),
  FIELD (packet_size, 15),
  FIELD (packet_size, 16),
  FIELD (packet_size, 17),
  FIELD (packet_size, 65536),
  FIELD (packet_size, G_MAXUINT32),
  FIELD (fps, 0),
  FIELD (fps, G_MAXUINT32),
  FIELD (width, 0),
  FIELD (width, 1 << 20),
  FIELD (height, 0),
  FIELD (height, G_MAXUINT32),
  FIELD (channels, 0),
  FIELD (channels, 3),
  FIELD (channels, 255),
  FIELD (audio_ms, 0),
  FIELD (audio_ms, 1000),
  FIELD (format, 3),
  FIELD (format, PF_GS_FORMAT_AV1), /* that is not offered */
  { "encryption", G_STRUCT_OFFSET (PfGsAnnounce, encryption), 0, 403, NULL, 0 },
  { "encryption", G_STRUCT_OFFSET (PfGsAnnounce, encryption), 6, 403, NULL, 0 },
  CLAMPED (slices, 0, "slices", 1),
  CLAMPED (slices, 65536, "slices", 32),
  CLAMPED (min_fec_packets, 100000, "min-parity", 64),
  CLAMPED (configured_kbps, G_MAXUINT32, "configured-kbps", 8000000),
};

static gpointer
shake (gpointer client)
{
  return GUINT_TO_POINTER (gs_client_shake (client, PF_GS_STEP_DONE));
}

/* What is refused is never offered; what has a bound is offered as that. */
static void
announce (GsStage *s, const Announced *a)
{
  GsClientConfig config;
  const guint64 id = gs_stage_launch (s, HOME, NULL, &config);
  GsClient *c = gs_client_new (&config);
  GstStructure *offer;
  GThread *thread;
  guint status, as = 0;
  gboolean ok;

  PF_CHECK_UINT (gs_client_shake (c, PF_GS_STEP_ANNOUNCE), ==, 200);
  G_STRUCT_MEMBER (guint32, &gs_client_handshake (c)->announce, a->at) =
      a->value;
  thread = g_thread_new ("shake", shake, c);
  if (a->offered) {
    offer = gs_stage_wait (s, "PfSessionOffer", id, GS_WAIT_MS);
    PF_CHECK (offer && gst_structure_get_uint (offer, a->offered, &as));
    PF_CHECK_UINT (as, ==, a->as);
    g_clear_pointer (&offer, gst_structure_free);
    g_signal_emit_by_name (s->server, "refuse", id, 503, NULL, &ok);
  }
  status = GPOINTER_TO_UINT (g_thread_join (thread));
  if (status != a->status)
    pf_test_fail (__FILE__, __LINE__, "%s %u: %u", a->what, a->value, status);
  PF_CHECK (!gs_stage_has (s, "PfSessionOffer", id));
  g_signal_emit_by_name (s->server, "close", id, 0, &ok);
  gs_client_free (c);
}

static void
test_announced (void)
{
  GsStage s;

  gs_stage_start (&s, HOME, "max-sessions=64");
  for (guint i = 0; i < G_N_ELEMENTS (announced); i++)
    announce (&s, &announced[i]);
  gs_stage_stop (&s);
}

/* ---- Crowds (S20, S37) --------------------------------------------------- */

#define CROWD 200

/* They hold their connections and say nothing, or one byte; others come
 * through all the same. */
static void
test_slow (void)
{
  GsClientConfig config;
  int fds[CROWD];
  guint open = 0;
  guint64 id;
  GsClient *c;
  Stream t;

  stream_start (&t, NULL);
  for (guint i = 0; i < CROWD; i++) {
    fds[i] = gs_client_dial (&t.config);
    PF_REQUIRE (fds[i] >= 0);
    if (i % 2)
      PF_CHECK_INT (send (fds[i], "\x80", 1, MSG_NOSIGNAL), >=, -1);
  }
  id = gs_stage_launch (&t.s, HOME, NULL, &config);
  c = gs_client_new (&config);
  PF_CHECK_UINT (gs_client_shake (c, PF_GS_STEP_ANNOUNCE), ==, 200);
  for (guint i = 0; i < CROWD; i++)
    open += is_quiet (fds[i], 0);
  PF_CHECK_UINT (open, <=, 8);
  PF_CHECK_UINT (gs_stage_counter (t.s.server, "rtsp-crowded"), >=, CROWD - 8);
  /* no time for who is slow, however little he says */
  for (guint i = 0; i < CROWD; i++) {
    gchar byte;

    if (is_quiet (fds[i], 0))
      PF_CHECK (!is_quiet (fds[i], 12000));
    PF_CHECK_INT (recv (fds[i], &byte, 1, 0), <=, 0);
    close (fds[i]);
  }
  PF_CHECK_INT (
      gs_stage_wait_ended (&t.s, id, GS_WAIT_MS), ==, PF_GS_CLOSE_EXPIRED);
  gs_client_free (c);
  stream_check (&t);
  stream_stop (&t);
}

/* In a child, so that the stream keeps the processor. */
static void
flood (const guint *ports, guint n, gint64 until)
{
  static const gchar *const from[] = { HOME, ELSEWHERE };
  guint8 bytes[1200];
  int fds[6];

  if (nice (19) < 0)
    _exit (1);
  for (guint i = 0; i < 2 * n; i++)
    fds[i] = udp_to (from[i % 2], ports[1 + i / 2]);
  while (g_get_monotonic_time () < until) {
    struct sockaddr_in at = { .sin_family = AF_INET,
      .sin_port = htons ((guint16) ports[0]) };
    const int tcp = socket (AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

    inet_pton (AF_INET, HOME, &at.sin_addr);
    if (connect (tcp, (struct sockaddr *) &at, sizeof at) == 0)
      _exit (1);
    for (guint i = 0; i < 2 * n; i++) {
      for (guint k = 0; k < sizeof bytes; k += 4)
        *(guint32 *) (bytes + k) = g_random_int ();
      (void) !send (fds[i], bytes, 1 + g_random_int () % 1199, MSG_DONTWAIT);
    }
    close (tcp);
  }
  _exit (0);
}

static void
test_flood (void)
{
  guint ports[4];
  int status = 1;
  Stream t;
  pid_t pid;

  stream_start (&t, NULL);
  g_object_get (t.s.server, "port", &ports[0], "video-port", &ports[1],
      "control-port", &ports[2], "audio-port", &ports[3], NULL);
  pid = fork ();
  if (pid == 0)
    flood (ports, 3, g_get_monotonic_time () + 3 * G_USEC_PER_SEC);
  PF_REQUIRE (pid > 0);
  waitpid (pid, &status, 0);
  stream_check (&t);
  pf_test_note ("%" G_GUINT64_FORMAT " connections, %" G_GUINT64_FORMAT
                " strange pings, %" G_GUINT64_FORMAT " strangers",
      gs_stage_counter (t.s.server, "rtsp-connections"),
      gs_stage_counter (t.s.server, "strange-pings"),
      gs_stage_counter (t.s.server, "control-strangers"));
  stream_stop (&t);
}

/* ---- Let in, and too much (S23, S38) -------------------------------------- */

/* A client that wants key frames, lost frames and gamepads all the time costs
 * itself what it asks for, but nobody else anything. */
static void
test_greedy (void)
{
  const PfGsMsg idr = { .kind = PF_GS_MSG_IDR };
  const PfGsMsg rfi = { .kind = PF_GS_MSG_RFI, .rfi = { 1, G_MAXUINT32 } };
  GstElement *pipeline, *sender;
  GsClientConfig config;
  gint64 began, took;
  guint64 id;
  GsClient *c;
  Stream t;

  stream_start (&t, NULL);
  id = gs_stage_launch (&t.s, HOME, NULL, &config);
  c = gs_stage_connect (&t.s, &config, id, &pipeline, NULL);
  PF_REQUIRE (c != NULL);
  sender = gst_bin_get_by_name (GST_BIN (pipeline), "sender");
  PF_CHECK (gs_client_wait_frames (c, 5, GS_WAIT_MS));
  began = g_get_monotonic_time ();
  for (guint i = 0; i < 2000; i++) {
    const PfGsInput pad = { .kind = PF_GS_INPUT_PAD,
      .pad = {
          .number = (guint8) (i % 16), .active = (guint16) (1 << i % 16) } };

    while (!gs_client_send (c, i % 2 ? &idr : &rfi))
      g_thread_yield (); /* ENet has its window */
    gs_client_send_input (c, &pad);
  }
  took = (g_get_monotonic_time () - began) / 1000;
  stream_check (&t);
  PF_CHECK_UINT (gs_stage_counter (sender, "keyframe-requests"), <=,
      (guint64) took / 100 + 20);
  gst_object_unref (sender);
  gs_stage_drop (pipeline);
  gs_client_free (c);
  stream_stop (&t);
}

typedef struct {
  GMutex lock;
  GCond cond;
  gboolean hold;
  guint n, n_release, n_up;
} Gate;

static GstPadProbeReturn
on_gate (GstPad *pad, GstPadProbeInfo *info, gpointer user)
{
  Gate *g = user;
  PfInput input;

  (void) pad;
  if (!pf_event_parse_input (GST_PAD_PROBE_INFO_EVENT (info), &input))
    return GST_PAD_PROBE_OK;
  g_mutex_lock (&g->lock);
  while (g->hold)
    g_cond_wait (&g->cond, &g->lock);
  g->n++;
  g->n_release += input.kind == PF_INPUT_RELEASE;
  g->n_up += input.kind == PF_INPUT_KEY && input.state == PF_INPUT_UP;
  g_cond_broadcast (&g->cond);
  g_mutex_unlock (&g->lock);
  return GST_PAD_PROBE_OK;
}

/* Where nobody takes what it sends, little of it is kept, and of what is lost
 * no key stays down. */
static void
test_held (void)
{
  GstElement *encoder;
  Gate gate = { .hold = TRUE };
  gint64 end;
  GstPad *pad;
  Stream t;

  g_mutex_init (&gate.lock);
  g_cond_init (&gate.cond);
  stream_start (&t, NULL);
  encoder = gst_bin_get_by_name (GST_BIN (t.pipeline), "encoder");
  pad = gst_element_get_static_pad (encoder, "src");
  gst_pad_add_probe (
      pad, GST_PAD_PROBE_TYPE_EVENT_UPSTREAM, on_gate, &gate, NULL);
  for (guint i = 0; i < 3000; i++) {
    const PfGsInput key = { .kind = i % 2 ? PF_GS_INPUT_KEY_UP
                                          : PF_GS_INPUT_KEY_DOWN,
      .key = { .key = (guint16) (0x41 + i / 2 % 20) } };

    while (!gs_client_send_input (t.client, &key))
      g_thread_yield ();
  }
  stream_check (&t);
  g_mutex_lock (&gate.lock);
  gate.hold = FALSE;
  g_cond_broadcast (&gate.cond);
  end = g_get_monotonic_time () + GS_WAIT_MS * 1000;
  while (gate.n_release == 0 && g_cond_wait_until (&gate.cond, &gate.lock, end))
    ;
  PF_CHECK_UINT (gate.n_release, ==, 1);
  PF_CHECK_UINT (gate.n, <=, 600);
  g_mutex_unlock (&gate.lock);
  stream_check (&t);
  gst_object_unref (pad);
  gst_object_unref (encoder);
  stream_stop (&t);
  g_mutex_clear (&gate.lock);
  g_cond_clear (&gate.cond);
}

int
main (int argc, char **argv)
{
  gst_init (NULL, NULL);
  PF_TEST_ADD ("/S15/pings", test_pings);
  PF_TEST_ADD ("/S15/control", test_control_strangers);
  PF_TEST_ADD ("/S15/rtsp", test_rtsp_strangers);
  PF_TEST_ADD ("/S15/forged", test_forged);
  PF_TEST_ADD ("/S19/announced", test_announced);
  PF_TEST_ADD ("/S20/slow", test_slow);
  PF_TEST_ADD ("/S37/flood", test_flood);
  PF_TEST_ADD ("/S38/greedy", test_greedy);
  PF_TEST_ADD ("/S23/held", test_held);
  return pf_test_run (argc, argv);
}
