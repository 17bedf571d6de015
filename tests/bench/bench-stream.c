/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * bench-stream: how long a frame takes from the encoder's buffer to the
 * reassembled one, through a whole session over loopback: packets, parity,
 * sealing, pacer, socket, opening, reassembly. Between two frames the same
 * bytes go there and back over bare UDP sockets. docs/bench.md says how to read
 * it.
 */
#include <glib/gstdio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench-common.h"
#include "bench-path-gst.h"
#include "bench-path.h"

enum { EXIT_WRONG = 1, EXIT_USAGE = 2 };
enum { PERCENT = 20, WAIT_MS = 2000, STAMP = 8, PONG_MS = 100, WARM_UP = 30 };

/* What a frame may take above half a round trip of bare UDP, ns. */
#define TARGET_P50 150e3
#define TARGET_P99 600e3

typedef struct {
  int runs, seconds, fps, bytes;
  gboolean json;
} Options;

typedef struct {
  const Options *o;
  gchar *dir; /* identities */
  guint8 *payload;
  PathChain *sender, *receiver;
  guint64 number;

  GMutex lock;
  GCond cond;
  /* lock */
  guint64 latest;    /* number of the last frame that arrived */
  double arrived_at; /* when, ns */
  guint64 wrong;     /* other bytes */

  /* bare */
  GThread *thread;
  gint stop; /* atomic */
  int near, far;
  guint n; /* packets */
  struct iovec *packets, *echo;
  guint8 *near_room, *far_room;
} Stream;

typedef struct {
  double p50, p99; /* ns */
} Times;

typedef struct {
  Times stream, bare;
  guint frames, lost, bare_lost;
} Run;

/* ---- A session ---------------------------------------------------------- */

static void
frame_arrived (gpointer data, GstBuffer *buffer)
{
  const double now = path_now ();
  Stream *x = data;
  guint64 number = 0;
  gboolean good = FALSE;
  GstMapInfo map;

  if (gst_buffer_map (buffer, &map, GST_MAP_READ)) {
    good = map.size == (gsize) x->o->bytes &&
           memcmp (map.data + STAMP, x->payload + STAMP, map.size - STAMP) == 0;
    if (good)
      memcpy (&number, map.data, sizeof number);
    gst_buffer_unmap (buffer, &map);
  }
  gst_buffer_unref (buffer);
  g_mutex_lock (&x->lock);
  x->wrong += !good;
  x->latest = number;
  x->arrived_at = now;
  g_cond_broadcast (&x->cond);
  g_mutex_unlock (&x->lock);
}

static guint
host_port (Stream *x)
{
  GstElement *e = gst_bin_get_by_name (GST_BIN (x->sender->bin), "sink");
  gint port = 0;

  g_object_get (e, "port", &port, NULL);
  gst_object_unref (e);
  return (guint) port;
}

/* Until the frame arrived, which tells when; 0 if it does not. */
static double
await (Stream *x, guint64 number, gint64 ms)
{
  const gint64 until = g_get_monotonic_time () + ms * 1000;
  double at = 0;

  g_mutex_lock (&x->lock);
  while (x->latest != number && g_cond_wait_until (&x->cond, &x->lock, until))
    ;
  if (x->latest == number)
    at = x->arrived_at;
  g_mutex_unlock (&x->lock);
  return at;
}

/* Nanoseconds until the frame was there; 0: it was lost. */
static double
send_frame (Stream *x, gint64 ms)
{
  double begun, arrived;

  x->number++;
  memcpy (x->payload, &x->number, sizeof x->number);
  begun = path_now ();
  if (gst_pad_push (x->sender->in,
          path_frame (x->payload, (gsize) x->o->bytes,
              x->number * GST_SECOND / (guint) x->o->fps)) != GST_FLOW_OK)
    return 0;
  arrived = await (x, x->number, ms);
  return arrived > begun ? arrived - begun : 0;
}

/* Both ends, and frames until one comes through. */
static gboolean
begin (Stream *x)
{
  const gint64 until = g_get_monotonic_time () + 10 * G_USEC_PER_SEC;
  gchar *media = g_strdup_printf (PATH_MEDIA
      ",width=1280,height=720,framerate=%d/1,profile=(string)main",
      x->o->fps);
  gchar *line = g_strdup_printf (
      "pffecenc name=enc ! pfaesgcm name=seal ! pfquicsink name=sink open=true "
      "address=127.0.0.1 port=0 identity-dir=%s/host percentage=%d "
      "adaptive=false",
      x->dir, PERCENT);

  x->sender = path_chain_new (line, media, NULL, NULL);
  g_free (line);
  g_free (media);
  if (!x->sender)
    return FALSE;
  line = g_strdup_printf (
      "pfquicsrc name=src address=127.0.0.1 port=%u codecs=h264 "
      "identity-dir=%s/client ! pfaesgcm name=open mode=open ! pffecdec "
      "name=dec caps=\"" PATH_MEDIA "\"",
      host_port (x), x->dir);
  x->receiver = path_chain_new (line, NULL, frame_arrived, x);
  g_free (line);
  while (x->receiver && g_get_monotonic_time () < until)
    if (send_frame (x, 20) > 0)
      return TRUE;
  return FALSE;
}

/* ---- Bare --------------------------------------------------------------- */

static gboolean
receive_all (int fd, guint8 *room, guint n, int wait_ms)
{
  guint got = 0, some = 1;

  while (got < n && some > 0) {
    some = path_receive_batch (
        fd, room + got * PATH_PAYLOAD, PATH_PAYLOAD, n - got, wait_ms);
    got += some;
  }
  return got == n;
}

/* Sends back what comes. */
static gpointer
echo (gpointer data)
{
  Stream *x = data;

  while (!g_atomic_int_get (&x->stop))
    if (receive_all (x->far, x->far_room, x->n, PONG_MS))
      path_send_batch (x->far, x->echo, x->n);
  return NULL;
}

static struct iovec *
cut (guint8 *bytes, guint n)
{
  struct iovec *packets = g_new0 (struct iovec, n);

  for (guint i = 0; i < n; i++)
    packets[i] = (struct iovec){ bytes + i * PATH_PAYLOAD, PATH_PAYLOAD };
  return packets;
}

static gboolean
begin_bare (Stream *x)
{
  guint near_port = 0, far_port = 0;

  x->n = ((guint) x->o->bytes + PATH_PAYLOAD - 1) / PATH_PAYLOAD;
  x->near_room = g_malloc0 (x->n * PATH_PAYLOAD);
  x->far_room = g_malloc0 (x->n * PATH_PAYLOAD);
  x->packets = cut (x->payload, x->n);
  x->echo = cut (x->far_room, x->n);
  x->near = path_socket (FALSE, &near_port);
  x->far = path_socket (FALSE, &far_port);
  if (x->near < 0 || x->far < 0 || !path_connect (x->near, far_port) ||
      !path_connect (x->far, near_port))
    return FALSE;
  x->thread = g_thread_new ("echo", echo, x);
  return TRUE;
}

/* Half a round trip, ns; 0: something was lost. */
static double
ping_pong (Stream *x)
{
  const double begun = path_now ();

  if (!path_send_batch (x->near, x->packets, x->n))
    return 0;
  if (receive_all (x->near, x->near_room, x->n, PONG_MS))
    return (path_now () - begun) / 2;
  g_usleep (2 * PONG_MS * 1000); /* what is left of it is let go */
  while (receive_all (x->near, x->near_room, 1, 0))
    ;
  return 0;
}

/* ---- Runs --------------------------------------------------------------- */

static void
sleep_until (double when)
{
  const guint64 ns = (guint64) when;
  const struct timespec t = { (time_t) (ns / 1000000000u),
    (long) (ns % 1000000000u) };

  clock_nanosleep (CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
}

static int
by_size (gconstpointer a, gconstpointer b)
{
  const double *x = a, *y = b;

  return (*x > *y) - (*x < *y);
}

static Times
times_of (GArray *samples)
{
  Times t = { 0, 0 };

  if (samples->len == 0)
    return t;
  g_array_sort (samples, by_size);
  t.p50 = g_array_index (samples, double, samples->len / 2);
  t.p99 = g_array_index (samples, double, samples->len * 99 / 100);
  return t;
}

/* A frame at its time, and half an interval later a round trip. */
static void
run (Stream *x, Run *r)
{
  const double interval = 1e9 / x->o->fps;
  const guint n = (guint) (x->o->seconds * x->o->fps);
  GArray *stream = g_array_sized_new (FALSE, FALSE, sizeof (double), n);
  GArray *bare = g_array_sized_new (FALSE, FALSE, sizeof (double), n);
  double due = path_now () + interval;

  *r = (Run){ .frames = n };
  for (guint i = 0; i < WARM_UP + n; i++) {
    double took, half;

    sleep_until (due);
    took = send_frame (x, WAIT_MS);
    sleep_until (due + interval / 2);
    half = ping_pong (x);
    due = MAX (due + interval, path_now ());
    if (i < WARM_UP)
      continue;
    r->lost += took == 0;
    r->bare_lost += half == 0;
    if (took > 0)
      g_array_append_val (stream, took);
    if (half > 0)
      g_array_append_val (bare, half);
  }
  r->stream = times_of (stream);
  r->bare = times_of (bare);
  g_array_unref (stream);
  g_array_unref (bare);
}

/* ---- Output ------------------------------------------------------------- */

static void
print_run (const Options *o, int i, const Run *r)
{
  if (o->json)
    printf ("%s\n    {\"stream-us\": {\"p50\": %.1f, \"p99\": %.1f}, "
            "\"ping-pong-us\": {\"p50\": %.1f, \"p99\": %.1f}, "
            "\"frames\": %u, \"lost\": %u}",
        i > 0 ? "," : "", r->stream.p50 / 1e3, r->stream.p99 / 1e3,
        r->bare.p50 / 1e3, r->bare.p99 / 1e3, r->frames, r->lost);
  else
    printf ("%3d %9.1f %9.1f %9.1f %9.1f %9.1f %9.1f %6u\n", i + 1,
        r->stream.p50 / 1e3, r->bare.p50 / 1e3,
        (r->stream.p50 - r->bare.p50) / 1e3, r->stream.p99 / 1e3,
        r->bare.p99 / 1e3, (r->stream.p99 - r->bare.p99) / 1e3, r->lost);
  fflush (stdout);
}

static void
print_begin (const Options *o)
{
  if (o->json)
    printf ("{\"bytes\": %d, \"fps\": %d, \"percent\": %d, \"load\": %.2f, "
            "\"runs\": [",
        o->bytes, o->fps, PERCENT, bench_load ());
  else
    printf ("Encoder buffer to reassembled buffer, a session over loopback: "
            "%d bytes, %d a second, sealed, %d %% parity; load %.2f\n"
            "Microseconds; above: what the session adds to half a bare round "
            "trip of the same bytes\n"
            "run       p50      bare     above       p99      bare     above   "
            "lost\n",
        o->bytes, o->fps, PERCENT, bench_load ());
}

static void
print_end (const Options *o, const Run *runs)
{
  double p50 = 1e18, p99 = 1e18;

  for (int i = 0; i < o->runs; i++) {
    p50 = MIN (p50, runs[i].stream.p50 - runs[i].bare.p50);
    p99 = MIN (p99, runs[i].stream.p99 - runs[i].bare.p99);
  }
  if (o->json)
    printf ("\n  ], \"best-above-us\": {\"p50\": %.1f, \"p99\": %.1f}}\n",
        p50 / 1e3, p99 / 1e3);
  else
    printf ("best of %d: p50 %.1f above (target %.0f: %s), p99 %.1f above "
            "(target %.0f: %s)\n",
        o->runs, p50 / 1e3, TARGET_P50 / 1e3,
        p50 <= TARGET_P50 ? "met" : "missed", p99 / 1e3, TARGET_P99 / 1e3,
        p99 <= TARGET_P99 ? "met" : "missed");
}

/* ---- Command line ------------------------------------------------------- */

static void
usage (FILE *to)
{
  fputs ("Usage: bench-stream [OPTION...]\n"
         "Times frames through a session over loopback beside bare UDP.\n"
         "\n"
         "  --runs N      1 to 99 (5)\n"
         "  --seconds N   of a run, 1 to 3600 (5)\n"
         "  --fps N       frames a second, 1 to 1000 (120)\n"
         "  --bytes N     of a frame, 64 to 1000000 (20000)\n"
         "  --json        JSON instead of a table\n"
         "\n"
         "Exit status: 0, 1 when frames were lost or came as other bytes, 2 "
         "for a\n"
         "wrong command line. A missed target is no failure.\n",
      to);
}

/* 0 to go on, 1 to end well, -1 for a wrong command line. */
static int
parse (Options *o, int argc, char **argv)
{
  const struct {
    const char *name;
    int min, max, *value;
  } numbers[] = {
    { "--runs", 1, BENCH_MAX_RUNS, &o->runs },
    { "--seconds", 1, 3600, &o->seconds },
    { "--fps", 1, 1000, &o->fps },
    { "--bytes", 64, 1000000, &o->bytes },
  };

  for (int i = 1; i < argc; i++) {
    const char *value = i + 1 < argc ? argv[i + 1] : NULL;
    gboolean known = FALSE;

    if (strcmp (argv[i], "--help") == 0 || strcmp (argv[i], "-h") == 0) {
      usage (stdout);
      return 1;
    }
    if (strcmp (argv[i], "--json") == 0) {
      o->json = TRUE;
      continue;
    }
    for (guint j = 0; j < G_N_ELEMENTS (numbers) && !known; j++) {
      known = strcmp (argv[i], numbers[j].name) == 0;
      if (known && bench_parse_int (value, numbers[j].min, numbers[j].max,
                       numbers[j].value) != 0) {
        fprintf (stderr, "bench-stream: %s: want a number from %d to %d\n",
            argv[i], numbers[j].min, numbers[j].max);
        return -1;
      }
    }
    if (!known) {
      fprintf (stderr, "bench-stream: %s: no such option; --help lists them\n",
          argv[i]);
      return -1;
    }
    i++;
  }
  return 0;
}

static void
clear (Stream *x)
{
  static const char *const files[] = { "host/cert.pem", "host/key.pem", "host",
    "client/cert.pem", "client/key.pem", "client", "." };

  path_chain_free (x->receiver);
  path_chain_free (x->sender);
  g_atomic_int_set (&x->stop, 1);
  if (x->thread)
    g_thread_join (x->thread);
  if (x->near >= 0)
    close (x->near);
  if (x->far >= 0)
    close (x->far);
  for (guint i = 0; x->dir && i < G_N_ELEMENTS (files); i++) {
    gchar *path = g_build_filename (x->dir, files[i], NULL);

    g_remove (path);
    g_free (path);
  }
  if (x->dir)
    g_rmdir (x->dir);
  g_free (x->dir);
  g_free (x->payload);
  g_free (x->packets);
  g_free (x->echo);
  g_free (x->near_room);
  g_free (x->far_room);
}

int
main (int argc, char **argv)
{
  static Run runs[BENCH_MAX_RUNS];
  Options o = { 5, 5, 120, 20000, FALSE };
  Stream x = { .o = &o, .near = -1, .far = -1 };
  gboolean ok;
  int status = parse (&o, argc, argv);

  if (status != 0)
    return status > 0 ? 0 : EXIT_USAGE;
  gst_init (NULL, NULL);
  g_mutex_init (&x.lock);
  g_cond_init (&x.cond);
  x.dir = g_dir_make_tmp ("pf-bench-XXXXXX", NULL);
  x.payload = path_noise ((gsize) o.bytes + PATH_PAYLOAD);
  ok = x.dir && begin (&x) && begin_bare (&x);
  if (!ok)
    fprintf (stderr, "bench-stream: no session came to be\n");
  if (ok)
    print_begin (&o);
  for (int i = 0; ok && i < o.runs; i++) {
    run (&x, &runs[i]);
    print_run (&o, i, &runs[i]);
  }
  if (ok)
    print_end (&o, runs);
  for (int i = 0; ok && i < o.runs; i++)
    status |= runs[i].lost > 0 ? EXIT_WRONG : 0;
  status |= !ok || x.wrong > 0 ? EXIT_WRONG : 0;
  clear (&x);
  return status;
}
