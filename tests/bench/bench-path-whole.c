/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Frames from one end to the other over loopback: one thread sends, one
 * receives. The time of a frame goes from the push into the first element
 * until the last one pushes it; both threads read one clock.
 */
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench-path-gst.h"
#include "bench-path.h"
#include "pf-count.h"

enum { WAIT_MS = 1000, ROOM = 65536, STAMP = 8 };

/* A frame's first bytes are its number. */
typedef struct {
  const PathCase *c;
  guint8 *payload;
  gchar *key_file;
  PathChain *sender, *receiver;
  GstClockTime pts;
  guint64 number;
  guint64 allocations; /* of pushes, in the sending thread */

  GMutex lock;
  GCond cond;
  /* lock */
  guint64 arrived;     /* frames */
  guint64 latest;      /* number of the last one */
  guint64 wrong;       /* other bytes */
  double arrived_at;   /* when, ns */
  GThread *far_thread; /* that receives */
  double far_cpu;      /* of it so far */
  guint64 far_allocations;
  gboolean compares;

  /* bare */
  GThread *thread;
  gboolean gso;
  int fd, far;
  guint n; /* packets of a frame */
  struct iovec *packets;
  guint8 *room;
  gint stop; /* atomic */
} Whole;

/* ---- Elements ----------------------------------------------------------- */

/* In the receiving thread. */
static void
frame_arrived (gpointer data, GstBuffer *buffer)
{
  const double now = path_now (), cpu = path_cpu ();
  const guint64 allocations = pf_count_here ().allocations;
  Whole *x = data;
  guint64 number = 0;
  GstMapInfo map;
  gboolean good = FALSE;

  if (gst_buffer_map (buffer, &map, GST_MAP_READ)) {
    if (map.size == x->c->bytes) {
      memcpy (&number, map.data, sizeof number);
      good = !x->compares || memcmp (map.data + STAMP, x->payload + STAMP,
                                 map.size - STAMP) == 0;
    }
    gst_buffer_unmap (buffer, &map);
  }
  gst_buffer_unref (buffer);
  g_mutex_lock (&x->lock);
  x->arrived++;
  x->latest = number;
  x->wrong += !good;
  x->arrived_at = now;
  /* not the decoder's own thread, which pushes what came too late */
  if (!x->far_thread) {
    x->far_thread = g_thread_self ();
    path_pin (1);
  }
  if (x->far_thread == g_thread_self ()) {
    x->far_cpu = cpu;
    x->far_allocations = allocations;
  }
  g_cond_broadcast (&x->cond);
  g_mutex_unlock (&x->lock);
}

static void
whole_free (gpointer data, PathFacts *facts)
{
  Whole *x = data;

  if (facts && x->sender && x->number > 0) {
    facts->wire_bytes = (double) path_chain_stat (x->sender, "sink", "bytes") /
                        (double) x->number;
    facts->payload_bytes = (double) x->c->bytes;
    facts->copies = path_chain_stat (x->sender, "enc", "copies") +
                    path_chain_stat (x->sender, "seal", "copies") +
                    path_chain_stat (x->sender, "sink", "copies") +
                    path_chain_stat (x->receiver, "open", "copies") +
                    path_chain_stat (x->receiver, "dec", "copies");
    facts->allocations = path_chain_stat (x->sender, "enc", "allocations") +
                         path_chain_stat (x->receiver, "src", "allocations");
  }
  path_chain_free (x->sender);
  path_chain_free (x->receiver);
  if (x->thread) {
    g_atomic_int_set (&x->stop, 1);
    g_thread_join (x->thread);
  }
  if (x->fd >= 0)
    close (x->fd);
  if (x->far >= 0)
    close (x->far);
  path_key_free (x->key_file);
  g_mutex_clear (&x->lock);
  g_cond_clear (&x->cond);
  g_free (x->packets);
  g_free (x->room);
  g_free (x->payload);
  g_free (x);
}

static Whole *
whole_new (const PathCase *c)
{
  Whole *x = g_new0 (Whole, 1);

  x->c = c;
  x->fd = x->far = -1;
  x->payload = path_noise (c->bytes);
  x->key_file = path_key_new ();
  x->compares = TRUE;
  g_mutex_init (&x->lock);
  g_cond_init (&x->cond);
  return x;
}

static guint
port_of (PathChain *chain)
{
  GstElement *e = gst_bin_get_by_name (GST_BIN (chain->bin), "src");
  guint port = 0;

  g_object_get (e, "port", &port, NULL);
  gst_object_unref (e);
  return port;
}

static gpointer
elements_new (const PathCase *c)
{
  Whole *x = whole_new (c);
  gchar *settings = path_enc_settings (c->wire, PATH_PERCENT);
  gchar *fields = path_fields (c->wire, TRUE);
  gchar *line = g_strdup_printf (
      "pfudpsrc name=src address=127.0.0.1 port=0 "
      "caps=\"application/x-pf-packet,%s\" ! pfaesgcm name=open mode=open "
      "key-file=%s ! pffecdec name=dec caps=\"" PATH_MEDIA
      "\" shard-payload=%u",
      fields, x->key_file, PATH_PAYLOAD);

  x->receiver = path_chain_new (line, NULL, frame_arrived, x);
  g_free (line);
  if (x->receiver) {
    line = g_strdup_printf (
        "pffecenc name=enc %s ! pfaesgcm name=seal key-file=%s ! "
        "pfudpsink name=sink host=127.0.0.1 port=%u pacing=off",
        settings, x->key_file, port_of (x->receiver));
    x->sender = path_chain_new (line, PATH_MEDIA, NULL, NULL);
    g_free (line);
  }
  g_free (fields);
  g_free (settings);
  if (!x->sender) {
    whole_free (x, NULL);
    return NULL;
  }
  return x;
}

/* Until so many frames arrived. Call with lock. */
static gboolean
await_unlocked (Whole *x, guint64 n)
{
  const gint64 until = g_get_monotonic_time () + WAIT_MS * 1000;

  while (x->arrived < n)
    if (!g_cond_wait_until (&x->cond, &x->lock, until))
      return FALSE;
  return TRUE;
}

/* The frame must not change while one of it may be on its way. */
static void
stamp (Whole *x)
{
  x->number++;
  memcpy (x->payload, &x->number, sizeof x->number);
}

static PathStatus
result (Whole *x, gboolean came, guint64 arrived, guint64 wrong)
{
  if (x->wrong != wrong)
    return PATH_WRONG;
  return came && x->latest == x->number && x->arrived == arrived + 1
             ? PATH_OK
             : PATH_LOST;
}

/* Parity comes behind the frame that did without: the next one waits until the
 * receiver has been through with it, as it would at any frame rate. */
static void
settle (Whole *x)
{
  const guint64 sent = path_chain_stat (x->sender, "sink", "packets");

  for (guint i = 0; i < 50; i++) {
    if (path_chain_stat (x->receiver, "open", "packets") >= sent)
      return;
    g_usleep (100);
  }
}

static PathStatus
elements_once (gpointer data, PathSample *s)
{
  Whole *x = data;
  double wall, cpu, far_cpu;
  guint64 before, wrong, allocations;
  PathStatus status;
  GstBuffer *frame;
  gboolean came;

  settle (x);
  stamp (x);
  frame = path_frame (x->payload, x->c->bytes, x->pts);
  x->pts += 16 * GST_MSECOND;
  g_mutex_lock (&x->lock);
  before = x->arrived;
  wrong = x->wrong;
  far_cpu = x->far_cpu;
  g_mutex_unlock (&x->lock);
  pf_count_await_send ();
  allocations = pf_count_here ().allocations;
  cpu = path_cpu ();
  wall = path_now ();
  if (gst_pad_push (x->sender->in, frame) != GST_FLOW_OK)
    return PATH_WRONG;
  s->cpu = path_cpu () - cpu;
  x->allocations += pf_count_here ().allocations - allocations;
  s->first = (double) pf_count_first_send () - wall;
  g_mutex_lock (&x->lock);
  came = await_unlocked (x, before + 1);
  s->wall = x->arrived_at - wall;
  s->far_cpu = x->far_cpu - far_cpu;
  status = result (x, came, before, wrong);
  g_mutex_unlock (&x->lock);
  return status;
}

/* ---- The same bytes without elements, parity or keys -------------------- */

/* Takes frames into one memory; the receiving thread. */
static gpointer
receive_frames (gpointer data)
{
  Whole *x = data;
  const gsize size = x->packets[0].iov_len;

  path_pin (1);
  while (!g_atomic_int_get (&x->stop)) {
    double now, cpu;
    gint64 begun = 0;
    guint got = 0, some;

    do {
      guint8 *to = x->room + got * size;

      some = x->gso ? path_receive_gro (x->far, to, ROOM, size, 100)
                    : path_receive_batch (x->far, to, size, x->n - got, 100);
      got += some;
      if (some > 0)
        begun = g_get_monotonic_time ();
    } while (got < x->n && !g_atomic_int_get (&x->stop) &&
             (got == 0 || g_get_monotonic_time () - begun < WAIT_MS * 500));
    if (got < x->n)
      continue;
    now = path_now ();
    cpu = path_cpu ();
    g_mutex_lock (&x->lock);
    x->arrived++;
    x->arrived_at = now;
    memcpy (&x->latest, x->room, sizeof x->latest);
    x->wrong +=
        memcmp (x->room + STAMP, x->payload + STAMP, x->c->bytes - STAMP) != 0;
    x->far_cpu = cpu;
    g_cond_broadcast (&x->cond);
    g_mutex_unlock (&x->lock);
  }
  return NULL;
}

static gpointer
bare_new (const PathCase *c, gboolean gso)
{
  Whole *x = whole_new (c);
  guint port = 0;

  x->gso = gso;
  x->n = (guint) ((c->bytes + PATH_PAYLOAD - 1) / PATH_PAYLOAD);
  x->room = g_malloc0 (x->n * PATH_PAYLOAD + ROOM);
  x->packets = g_new0 (struct iovec, x->n);
  x->payload = g_realloc (x->payload, x->n * PATH_PAYLOAD);
  memset (x->payload + c->bytes, 0, x->n * PATH_PAYLOAD - c->bytes);
  for (guint i = 0; i < x->n; i++)
    x->packets[i] =
        (struct iovec){ x->payload + i * PATH_PAYLOAD, PATH_PAYLOAD };
  x->far = path_socket (gso, &port);
  x->fd = path_socket (FALSE, NULL);
  if (x->far < 0 || x->fd < 0 || !path_connect (x->fd, port)) {
    whole_free (x, NULL);
    return NULL;
  }
  x->thread = g_thread_new ("bare", receive_frames, x);
  return x;
}

static gpointer
bare_gso_new (const PathCase *c)
{
  return bare_new (c, TRUE);
}

static gpointer
bare_batch_new (const PathCase *c)
{
  return bare_new (c, FALSE);
}

static PathStatus
bare_once (gpointer data, PathSample *s)
{
  Whole *x = data;
  double wall, cpu, far_cpu;
  guint64 before, wrong;
  PathStatus status;
  gboolean ok, came;

  stamp (x);
  g_mutex_lock (&x->lock);
  before = x->arrived;
  wrong = x->wrong;
  far_cpu = x->far_cpu;
  g_mutex_unlock (&x->lock);
  pf_count_await_send ();
  cpu = path_cpu ();
  wall = path_now ();
  ok = x->gso ? path_send_gso (x->fd, x->packets, x->n)
              : path_send_batch (x->fd, x->packets, x->n);
  s->cpu = path_cpu () - cpu;
  s->first = (double) pf_count_first_send () - wall;
  if (!ok)
    return PATH_WRONG;
  g_mutex_lock (&x->lock);
  came = await_unlocked (x, before + 1);
  s->wall = x->arrived_at - wall;
  s->far_cpu = x->far_cpu - far_cpu;
  status = result (x, came, before, wrong);
  g_mutex_unlock (&x->lock);
  return status;
}

const PathContender path_whole[] = {
  { "elements", elements_new, elements_once, whole_free },
  { "udp-gso", bare_gso_new, bare_once, whole_free },
  { "udp", bare_batch_new, bare_once, whole_free },
};
const guint path_n_whole = G_N_ELEMENTS (path_whole);

/* ---- At a rate ---------------------------------------------------------- */

#define MAX_LAG 2e6 /* ns that frames are sent behind their time, to catch up */

static void
sleep_until (double when)
{
  const guint64 ns = (guint64) when;
  const struct timespec t = { (time_t) (ns / 1000000000u),
    (long) (ns % 1000000000u) };

  clock_nanosleep (CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
}

static void
read_rate (Whole *x, guint64 sent, double took, PathRate *r)
{
  const guint64 received = path_chain_stat (x->receiver, "src", "packets");

  r->gbits = (double) sent * (double) x->c->bytes * 8 / took;
  r->packets = path_chain_stat (x->sender, "sink", "packets");
  r->unsent = path_chain_stat (x->sender, "sink", "dropped");
  r->overflows = path_chain_stat (x->receiver, "src", "lost");
  r->frames = sent;
  r->frames_lost = sent - x->arrived;
  r->missing = r->packets - received;
  /* an overflow is only told with the next packet that is received */
  r->missing -= MIN (r->missing, r->overflows);
}

void
path_rate_run (const PathSetup *setup, const PathCase *c, PathRate *r)
{
  const double interval = (double) c->bytes * 8 / c->n; /* ns */
  double begun, begun_at, cpu, far_cpu, took;
  guint64 sent = 0;
  PathSample first;
  Whole *x;

  memset (r, 0, sizeof *r);
  x = elements_new (c);
  if (!x)
    return;
  /* the first frame finds memory that no one has touched, and tables */
  r->ok = elements_once (x, &first) == PATH_OK;
  x->compares = FALSE;
  far_cpu = x->far_cpu;
  begun = begun_at = path_now ();
  cpu = path_cpu ();
  while (r->ok && path_now () - begun < setup->rate_s * 1e9) {
    const double due = begun_at + (double) sent * interval;

    if (path_now () < due)
      sleep_until (due);
    else if (path_now () > due + interval)
      r->frames_late++;
    /* an encoder that was held up does not send a burst afterwards */
    if (path_now () > due + MAX_LAG)
      begun_at += path_now () - due;
    r->ok = gst_pad_push (x->sender->in,
                path_frame (x->payload, c->bytes, x->pts)) == GST_FLOW_OK;
    x->pts += (GstClockTime) interval;
    sent++;
  }
  took = path_now () - begun;
  r->send_busy = (path_cpu () - cpu) / took;
  g_mutex_lock (&x->lock);
  await_unlocked (x, sent + 1);
  r->receive_busy = (x->far_cpu - far_cpu) / took;
  r->ok = r->ok && x->wrong == 0;
  g_mutex_unlock (&x->lock);
  settle (x);
  g_mutex_lock (&x->lock);
  read_rate (x, sent + 1, took, r);
  g_mutex_unlock (&x->lock);
  whole_free (x, NULL);
}

/* ---- Memory ------------------------------------------------------------- */

enum { WARM_UP = 50, FRAMES = 100 };

static gboolean
send_frames (Whole *x, guint n)
{
  gboolean ok = TRUE;
  PathSample s;

  for (guint i = 0; i < n && ok; i++)
    ok = elements_once (x, &s) == PATH_OK;
  return ok;
}

static GstPadProbeReturn
count_buffer (GstPad *pad, GstPadProbeInfo *info, gpointer n)
{
  (void) pad;
  (void) info;
  g_atomic_int_inc ((gint *) n);
  return GST_PAD_PROBE_OK;
}

/* Buffers a frame that leave an element, in a round of its own. */
static double
count_blocks (Whole *x, PathChain *chain, const gchar *element)
{
  GstElement *e = gst_bin_get_by_name (GST_BIN (chain->bin), element);
  GstPad *pad = gst_element_get_static_pad (e, "src");
  gint n = 0;
  gulong id = gst_pad_add_probe (
      pad, GST_PAD_PROBE_TYPE_BUFFER, count_buffer, &n, NULL);
  const gboolean ok = send_frames (x, FRAMES);

  gst_pad_remove_probe (pad, id);
  gst_object_unref (pad);
  gst_object_unref (e);
  return ok ? (double) g_atomic_int_get (&n) / FRAMES : 0;
}

void
path_memory_run (const PathCase *c, PathMemory *m)
{
  guint64 far, packets;
  Whole *x;

  memset (m, 0, sizeof *m);
  x = elements_new (c);
  if (!x)
    return;
  m->ok = pf_count_works () && send_frames (x, WARM_UP);
  packets = path_chain_stat (x->sender, "sink", "packets");
  far = x->far_allocations;
  x->allocations = 0;
  m->ok = m->ok && send_frames (x, FRAMES);
  m->send = (double) x->allocations / FRAMES;
  m->receive = (double) (x->far_allocations - far) / FRAMES;
  m->packets =
      (double) (path_chain_stat (x->sender, "sink", "packets") - packets) /
      FRAMES;
  m->send_blocks = count_blocks (x, x->sender, "enc");
  m->receive_blocks = count_blocks (x, x->receiver, "src");
  m->copies = 1 + (double) (path_chain_stat (x->sender, "enc", "copies") +
                            path_chain_stat (x->sender, "seal", "copies") +
                            path_chain_stat (x->sender, "sink", "copies")) /
                      (double) x->number;
  whole_free (x, NULL);
}
