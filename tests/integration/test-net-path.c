/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Pacing over a path that takes bursts of a limited size only: a token bucket
 * (tbf) on the loopback of a network namespace of our own, or pf-forward. What
 * is sent at once does not fit, what is paced does, and pacing costs those
 * nothing who push, nor frames that fit anyway.
 */
#define _GNU_SOURCE
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "net-peer.h"
#include "pf-forwarder.h"
#include "pf-test.h"
#include "pf-thread.h"

#define MEDIA "video/x-h264,stream-format=(string)byte-stream,alignment=au"

enum { FPS = 60, FRAMES = 30, SLOW_FRAMES = 8, ATTEMPTS = 5 };

/* A sanitized sender, or one on an emulated machine, needs so much longer for a
 * burst that no path would mind: there streams go so many times slower, as far
 * as the schedule spreads frames. */
enum { AT_SPEED, SANITIZED, EMULATED, N_SPEEDS };

/* A stream, and the path that its frames are too large for. */
typedef struct {
  guint kbps;  /* that pacing is told */
  gsize frame; /* bytes of an access unit */
  guint path_kbps;
  guint bucket, queue; /* bytes */
  /* A bucket takes what was put together for one call whole or not at all:
   * up to 64 KiB, which is much for the slower path. */
  const gchar *settings;
  guint slowness[N_SPEEDS]; /* 0: nothing to be seen */
} Stream;

/* 1440p at 60 frames a second, 25 % parity on top, at 60 and 400 Mbit/s. The
 * burst of 128 KiB, or of a quarter of the frame, fits the bucket. What is over
 * it leaves at three times the rate told, or else over nine tenths of the time
 * until the next frame; the path can carry that on. */
static const Stream slow = { 60000, 60000000 / 8 / FPS, 240000, 139264, 8192,
  "gso=false", { 1, 16, 32 } };
static const Stream fast = { 0, 400000000 / 8 / FPS, 600000, 300000, 160000,
  "gso=true", { 1, 6, 0 } };

static guint
speed (void)
{
  if (getenv ("PF_TEST_EMULATED"))
    return EMULATED;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return SANITIZED;
#else
  return AT_SPEED;
#endif
}

static guint
slowness (const Stream *s)
{
  return s->slowness[speed ()];
}

/* As fast as can be judged here; whether it can. */
static gboolean
slow_down (Stream *s)
{
  if (slowness (s) == 0)
    return FALSE;
  s->kbps /= slowness (s);
  s->path_kbps /= slowness (s);
  return TRUE;
}

/* ---- The path ----------------------------------------------------------- */

static gboolean
write_file (const gchar *path, const gchar *text)
{
  FILE *f = fopen (path, "w");
  gboolean ok = f && fputs (text, f) >= 0;

  return f && fclose (f) == 0 && ok;
}

/* A namespace of our own, with a loopback that is up. Before any thread. */
static gboolean
enter_namespace (void)
{
  const uid_t uid = getuid ();
  struct ifreq request = { 0 };
  gchar map[64];
  int fd;

  if (unshare (CLONE_NEWNET) != 0) {
    if (unshare (CLONE_NEWUSER | CLONE_NEWNET) != 0)
      return FALSE;
    g_snprintf (map, sizeof map, "0 %u 1", (guint) uid);
    if (!write_file ("/proc/self/uid_map", map))
      return FALSE;
  }
  fd = socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0)
    return FALSE;
  g_strlcpy (request.ifr_name, "lo", sizeof request.ifr_name);
  if (ioctl (fd, SIOCGIFFLAGS, &request) == 0) {
    request.ifr_flags |= IFF_UP;
    if (ioctl (fd, SIOCSIFFLAGS, &request) == 0) {
      close (fd);
      return TRUE;
    }
  }
  close (fd);
  return FALSE;
}

static gboolean in_namespace;

/* Everything on loopback goes through the bucket. */
static gboolean
limit_loopback (const Stream *s)
{
  gchar *command = g_strdup_printf (
      "PATH=$PATH:/sbin:/usr/sbin; tc qdisc replace dev lo root tbf rate "
      "%ukbit burst %u limit %u 2>/dev/null",
      s->path_kbps, s->bucket, s->queue);
  const gboolean ok = in_namespace && system (command) == 0;

  g_free (command);
  return ok;
}

static void
free_loopback (void)
{
  if (in_namespace &&
      system ("PATH=$PATH:/sbin:/usr/sbin; tc qdisc del dev lo root "
              "2>/dev/null") != 0)
    pf_test_fail (__FILE__, __LINE__, "the bucket stays on the loopback");
}

/* ---- A stream over it --------------------------------------------------- */

/* The far end; a thread of its own empties the socket. */
typedef struct {
  Peer peer;
  GThread *thread;
  gint stop;      /* atomic */
  gint received;  /* atomic; packets */
  gint64 last_us; /* atomic by the count: when the last one came */
} Far;

static gpointer
receive_all (gpointer data)
{
  guint8 *bytes = g_malloc (65536);
  const struct timeval wait = { 0, 50000 };
  Far *far = data;

  setsockopt (far->peer.fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
  while (!g_atomic_int_get (&far->stop))
    if (peer_receive (&far->peer, bytes) > 0) {
      far->last_us = g_get_monotonic_time ();
      g_atomic_int_inc (&far->received);
    }
  g_free (bytes);
  return NULL;
}

static void
far_start (Far *far)
{
  memset (far, 0, sizeof *far);
  far->peer = peer_new (AF_INET);
  far->thread = g_thread_new ("far", receive_all, far);
}

static void
far_stop (Far *far)
{
  g_atomic_int_set (&far->stop, 1);
  g_thread_join (far->thread);
  close (far->peer.fd);
}

/* Until so many packets are there, or no more come. */
static guint
far_settle (Far *far, guint packets)
{
  gint before = -1;

  for (guint i = 0; i < 100; i++) {
    const gint now = g_atomic_int_get (&far->received);

    if ((guint) now >= packets || (i > 3 && now == before))
      break;
    before = now;
    g_usleep (50000);
  }
  return (guint) g_atomic_int_get (&far->received);
}

static GstHarness *
sender_new (const Stream *s, guint port, gboolean paced)
{
  gchar *line = g_strdup_printf (
      "pffecenc percentage=25 ! pfudpsink name=sink host=127.0.0.1 port=%u "
      "pacing=%s bitrate-kbps=%u %s",
      port, paced ? "schedule" : "off", s->kbps, s->settings);
  GstHarness *h = gst_harness_new_parse (line);

  gst_harness_set_src_caps_str (h, MEDIA);
  gst_harness_play (h);
  g_free (line);
  return h;
}

static guint64
sink_stat (GstHarness *h, const gchar *name)
{
  GstElement *sink = gst_bin_get_by_name (GST_BIN (h->element), "sink");
  GstStructure *stats;
  guint64 n = 0;

  g_object_get (sink, "stats", &stats, NULL);
  PF_CHECK (gst_structure_get_uint64 (stats, name, &n));
  gst_structure_free (stats);
  gst_object_unref (sink);
  return n;
}

static int
compare_times (const void *a, const void *b)
{
  const gint64 x = *(const gint64 *) a, y = *(const gint64 *) b;

  return (x > y) - (x < y);
}

static gint64
median (gint64 *times, guint n)
{
  qsort (times, n, sizeof *times, compare_times);
  return times[n / 2];
}

typedef struct {
  guint frames;
  guint64 sent, lost, waits;
  gint64 push_us; /* median: how long a push took */
} Outcome;

/* Frames one interval apart; after a late one the next is no sooner. */
static Outcome
stream (const Stream *s, guint port, Far *far, gboolean paced)
{
  GstHarness *h = sender_new (s, port, paced);
  const gint64 interval = (gint64) G_USEC_PER_SEC / FPS * slowness (s);
  gint64 due = g_get_monotonic_time ();
  const guint before = (guint) g_atomic_int_get (&far->received);
  guint8 *bytes = g_malloc0 (s->frame);
  gint64 took[FRAMES];
  Outcome o = { .frames = slowness (s) > 1 ? SLOW_FRAMES : FRAMES };

  for (guint i = 0; i < o.frames; i++) {
    GstBuffer *frame = gst_buffer_new_memdup (bytes, s->frame);
    const gint64 now = g_get_monotonic_time ();

    GST_BUFFER_PTS (frame) = i * interval * GST_USECOND;
    GST_BUFFER_DURATION (frame) = interval * GST_USECOND;
    if (due > now)
      g_usleep ((gulong) (due - now));
    took[i] = g_get_monotonic_time ();
    due = MAX (due, took[i]) + interval;
    PF_REQUIRE_INT (gst_harness_push (h, frame), ==, GST_FLOW_OK);
    took[i] = g_get_monotonic_time () - took[i];
  }
  gst_harness_push_event (h, gst_event_new_eos ());
  /* what found no room in the ring is lost as well */
  o.sent = sink_stat (h, "packets") + sink_stat (h, "dropped");
  o.waits = sink_stat (h, "waits");
  o.lost = o.sent - (far_settle (far, before + (guint) o.sent) - before);
  o.push_us = median (took, o.frames);
  gst_harness_teardown (h);
  g_free (bytes);
  return o;
}

static gpointer
ask_priority (gpointer data)
{
  *(PfThreadPriority *) data = pf_thread_raise ();
  return NULL;
}

/* What paced frames may lose: nothing. But a busy machine holds threads up for
 * longer than a bucket can forgive; real-time ones as well, if it is very busy,
 * and the forwarder is none. */
static guint64
forgiven (const Outcome *at_once, gboolean forwarder)
{
  PfThreadPriority priority;
  double load = 0;

  g_thread_join (g_thread_new ("ask", ask_priority, &priority));
  if (priority == PF_THREAD_REALTIME && !forwarder &&
      getloadavg (&load, 1) == 1 && load < 4 * g_get_num_processors ())
    return 0;
  return at_once->lost / 3;
}

/* The bucket may be empty yet when the machine held a frame up: one of some
 * attempts must be without loss. */
static void
check_path (const Stream *s, guint port, Far *far, gboolean forwarder)
{
  Outcome at_once = stream (s, port, far, FALSE), paced = { 0 };
  const guint64 may_lose = forgiven (&at_once, forwarder);
  guint attempts = 0;

  PF_CHECK_UINT (at_once.lost, >, 0);
  PF_CHECK_UINT (at_once.waits, ==, 0);
  do
    paced = stream (s, port, far, TRUE);
  while (paced.lost > may_lose && ++attempts < ATTEMPTS);
  printf ("# path of %u kbit/s: of %" G_GUINT64_FORMAT
          " packets at once %" G_GUINT64_FORMAT
          " were lost, paced %" G_GUINT64_FORMAT
          "; a push took %" G_GINT64_FORMAT " and %" G_GINT64_FORMAT
          " us; attempts without luck: %u\n",
      s->path_kbps, at_once.sent, at_once.lost, paced.lost, at_once.push_us,
      paced.push_us, attempts);
  PF_CHECK_UINT (paced.lost, <=, may_lose);
  PF_CHECK_UINT (paced.waits, >=, paced.frames / 2);
}

static void
check_bucket (const Stream *stream)
{
  Stream s = *stream;
  Far far;

  if (!slow_down (&s))
    return;
  if (!limit_loopback (&s))
    pf_test_skip ("no token bucket: no namespace of our own, or no tc");
  far_start (&far);
  check_path (&s, far.peer.port, &far, FALSE);
  far_stop (&far);
  free_loopback ();
}

static void
test_bucket_slow (void)
{
  check_bucket (&slow);
}

static void
test_bucket_fast (void)
{
  check_bucket (&fast);
}

/* The same at the slow rate through pf-forward, which any machine can run. */
static void
test_forwarder (void)
{
  const char *args[5] = { "--map", NULL, "--up", NULL, NULL };
  Stream s = slow;
  gchar *map, *spec;
  PfForwarder line;
  PfJsonDoc *stats;
  Far far;

  PF_REQUIRE (slow_down (&s));
  far_start (&far);
  args[1] = map = g_strdup_printf ("127.0.0.1:0=127.0.0.1:%u", far.peer.port);
  args[3] = spec = g_strdup_printf (
      "rate-kbps=%u,bucket=%u,queue=%u", s.path_kbps, s.bucket, s.queue);
  PF_REQUIRE (pf_forwarder_start (&line, getenv ("PF_FORWARD"), args));
  check_path (&s, pf_forwarder_port (&line, 0), &far, TRUE);
  stats = pf_forwarder_stop (&line);
  PF_CHECK (stats != NULL);
  pf_json_free (stats);
  far_stop (&far);
  g_free (spec);
  g_free (map);
}

/* ---- What pacing costs -------------------------------------------------- */

/* How often the calling thread gave its core up by itself, to wait. */
static glong
waits_of_thread (void)
{
  struct rusage usage;

  getrusage (RUSAGE_THREAD, &usage);
  return usage.ru_nvcsw;
}

/* Who pushes a frame that takes 90 ms to leave, in dozens of steps, waits for
 * none of them. */
static void
test_push_returns (void)
{
  enum { TIMES = 7 };
  const gsize frame = 2000 * 1408;
  const Stream s = { .frame = frame, .settings = "" };
  guint8 *bytes = g_malloc0 (frame);
  gint64 took[TIMES], gone[TIMES], waits[TIMES];
  Far far;

  far_start (&far);
  for (guint i = 0; i < TIMES; i++) {
    GstHarness *h = sender_new (&s, far.peer.port, TRUE);
    GstBuffer *buffer = gst_buffer_new_memdup (bytes, frame);
    const gint before = g_atomic_int_get (&far.received);

    GST_BUFFER_PTS (buffer) = 0;
    GST_BUFFER_DURATION (buffer) = 100 * GST_MSECOND;
    waits[i] = waits_of_thread ();
    took[i] = gone[i] = g_get_monotonic_time ();
    PF_CHECK_INT (gst_harness_push (h, buffer), ==, GST_FLOW_OK);
    took[i] = g_get_monotonic_time () - took[i];
    waits[i] = waits_of_thread () - waits[i];
    gst_harness_push_event (h, gst_event_new_eos ());
    PF_CHECK_UINT (sink_stat (h, "waits"), >, 15);
    far_settle (&far, (guint) before + (guint) sink_stat (h, "packets"));
    gone[i] = far.last_us - gone[i];
    gst_harness_teardown (h);
  }
  far_stop (&far);
  printf ("# a push took %" G_GINT64_FORMAT " us and waited %" G_GINT64_FORMAT
          " times, the frame took %" G_GINT64_FORMAT " us to leave\n",
      median (took, TIMES), median (waits, TIMES), median (gone, TIMES));
  PF_CHECK_INT (median (gone, TIMES), >, 60000);
  /* a lock that the pacer holds for a moment is no wait for pacing */
  PF_CHECK_INT (median (waits, TIMES), <=, 5);
  g_free (bytes);
}

/* The time until the last packet of a frame is there. */
static gint64
time_of_frame (GstHarness *h, Far *far, GstBuffer *buffer, guint packets)
{
  const gint before = g_atomic_int_get (&far->received);
  const gint64 begun = g_get_monotonic_time ();

  PF_REQUIRE_INT (gst_harness_push (h, buffer), ==, GST_FLOW_OK);
  while (g_atomic_int_get (&far->received) < before + (gint) packets &&
         g_get_monotonic_time () - begun < WAIT_MS * 1000)
    g_usleep (50);
  return far->last_us - begun;
}

/* A frame within the burst is not later than without pacing, but for the
 * hand-over to another thread. */
static void
test_burst_no_delay (void)
{
  enum { TIMES = 41 };
  const Stream s = { .kbps = 60000, .frame = 60 * 1408 - 64, .settings = "" };
  guint8 *bytes = g_malloc0 (s.frame);
  gint64 times[2][TIMES], middle[2];
  GstHarness *h[2];
  Far far;

  far_start (&far);
  for (guint j = 0; j < 2; j++)
    h[j] = sender_new (&s, far.peer.port, j == 1);
  for (guint i = 0; i < TIMES; i++)
    for (guint j = 0; j < 2; j++) {
      GstBuffer *buffer = gst_buffer_new_memdup (bytes, s.frame);

      GST_BUFFER_PTS (buffer) = i * GST_SECOND;
      GST_BUFFER_DURATION (buffer) = GST_SECOND;
      times[j][i] = time_of_frame (h[j], &far, buffer, 60 + 15);
    }
  for (guint j = 0; j < 2; j++)
    middle[j] = median (times[j], TIMES);
  printf ("# a frame of 75 packets is there after %" G_GINT64_FORMAT
          " us at once, %" G_GINT64_FORMAT " us paced\n",
      middle[0], middle[1]);
  PF_CHECK_UINT (sink_stat (h[1], "waits"), ==, 0);
  /* a step of the schedule would be 500 us and more */
  PF_CHECK_INT (middle[1], <, 2 * middle[0] + 5000);
  for (guint j = 0; j < 2; j++)
    gst_harness_teardown (h[j]);
  far_stop (&far);
  g_free (bytes);
}

int
main (int argc, char **argv)
{
  in_namespace = enter_namespace ();
  gst_init (NULL, NULL);
  PF_TEST_ADD ("/net-path/bucket-60", test_bucket_slow);
  PF_TEST_ADD ("/net-path/bucket-400", test_bucket_fast);
  PF_TEST_ADD ("/net-path/forwarder-60", test_forwarder);
  PF_TEST_ADD ("/net-path/push-returns", test_push_returns);
  PF_TEST_ADD ("/net-path/burst-no-delay", test_burst_no_delay);
  return pf_test_run (argc, argv);
}
