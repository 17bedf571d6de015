/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A session that loses packets; see loss-run.h. */
#include "loss-run.h"

#include <arpa/inet.h>
#include <gst/gst.h>
#include <math.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "pf-adapt.h"
#include "pf-block.h"
#include "pf-events.h"
#include "pf-forwarder.h"

#define FPS 60
#define HOST                                                                   \
  "videotestsrc is-live=true pattern=snow ! video/x-raw,format=I420,"          \
  "width=320,height=180,framerate=60/1 ! queue max-size-buffers=2 "            \
  "leaky=downstream ! x264enc tune=zerolatency speed-preset=ultrafast "        \
  "threads=1 pass=cbr bitrate=6000 key-int-max=2147483647 byte-stream=true "   \
  "option-string=scenecut=0 ! h264parse config-interval=-1 ! "                 \
  "video/x-h264,stream-format=byte-stream,alignment=au ! pffecenc name=fec ! " \
  "pfaesgcm ! pfquicsink name=end address=127.0.0.1 port=0 open=true "         \
  "data-port=%u percentage=%u adaptive=%s identity-dir=%s/host"
/* As large as x264's, nine packets and one of parity. */
#define STAND_IN                                                               \
  "fakesrc name=coder is-live=true sync=true format=time datarate=750000 "     \
  "sizetype=fixed sizemax=12500 filltype=zero ! capsfilter caps=\"video/"      \
  "x-h264,stream-format=byte-stream,alignment=au,width=320,height=180,"        \
  "framerate=60/1,profile=main\" ! pffecenc name=fec ! pfaesgcm ! "            \
  "pfquicsink name=end address=127.0.0.1 port=0 open=true data-port=%u "       \
  "percentage=%u adaptive=%s identity-dir=%s/host invalidates=true"
#define CLIENT                                                                 \
  "pfquicsrc name=end address=127.0.0.2 port=%d codecs=h264 ! pfaesgcm "       \
  "mode=open ! pffecdec name=fec ! fakesink sync=false async=false"
#define WAIT_US (20 * G_USEC_PER_SEC)
#define LOSS_US (60 * 1000) /* of a cause: a few frames */
#define WIRE_BYTES (20 + 8) /* of IPv4 and UDP, a packet */

/* What the stand-in knows of its frames, by number; more are on their way at no
 * time. */
#define N_KNOWN 1024

typedef struct {
  guint32 next;    /* number of its next frame */
  guint32 ahead;   /* of the wire's */
  gboolean key;    /* the next is to be one */
  gboolean anchor; /* the next is the first after an invalidation */
  guint32 refers[N_KNOWN];
  gboolean good[N_KNOWN]; /* whoever got it could show it */
} Coder;

typedef struct {
  GstElement *host, *client, *host_end, *client_end, *host_fec, *client_fec;
  PfForwarder control, media;
  gboolean forwarding;

  GMutex lock;
  GCond cond;
  /* lock */
  gboolean counting;
  gdouble q;     /* loss that frames are counted with */
  gboolean any;  /* a frame is being counted */
  guint32 frame; /* it */
  guint data, parity;
  GArray *chances; /* gdouble: that a frame is lost */
  guint64 data_packets, parity_packets, packet_bytes, frame_bytes;
  guint came;      /* frames at the client */
  guint64 last_ns; /* when the last of them was captured */
  gboolean frozen;
  guint64 frozen_ns;   /* the first that is not shown */
  guint lost;          /* frames, of this cause */
  GArray *standstills; /* guint: frames, per cause */
  GArray *shares;      /* gdouble: of these, per lost frame */
  Coder coder;
  gboolean refers;
  gboolean decodable[N_KNOWN]; /* by the client, the stand-in's */
  guint expected_percent, reports, astray;
} Run;

/* ---- Chances ------------------------------------------------------------ */

/* That more than m of n packets are lost. */
static gdouble
chance_of (guint n, guint m, gdouble q)
{
  gdouble p = pow (1 - q, n), sum = 0;

  for (guint i = 0; i <= m; i++) {
    sum += p;
    p *= (gdouble) (n - i) / (i + 1) * q / (1 - q);
  }
  return CLAMP (1 - sum, 0., 1.);
}

/* How many frames are lost: the chance of each number. */
static gdouble *
distribution_of (const GArray *chances)
{
  gdouble *d = g_new0 (gdouble, chances->len + 1);

  d[0] = 1;
  for (guint i = 0; i < chances->len; i++) {
    const gdouble p = g_array_index (chances, gdouble, i);

    for (guint n = i + 1; n > 0; n--)
      d[n] = d[n] * (1 - p) + d[n - 1] * p;
    d[0] *= 1 - p;
  }
  return d;
}

static void
bounds (const gdouble *d, guint n, gdouble outside, guint *low, guint *high)
{
  gdouble sum = 0;
  gboolean found = FALSE;

  for (guint i = 0; i <= n; i++) {
    sum += d[i];
    if (!found && sum > outside / 2) {
      *low = i;
      found = TRUE;
    }
    if (sum >= 1 - outside / 2) {
      *high = i;
      return;
    }
  }
  *high = n;
}

/* ---- What leaves the host ----------------------------------------------- */

/* Call with lock. */
static void
count_frame (Run *r)
{
  gdouble chance;

  if (r->any && r->counting) {
    chance = chance_of (r->data + r->parity, r->parity, r->q);
    g_array_append_val (r->chances, chance);
    g_cond_broadcast (&r->cond);
    r->data_packets += r->data;
    r->parity_packets += r->parity;
  }
  r->any = FALSE;
  r->data = r->parity = 0;
}

static GstPadProbeReturn
on_block (GstPad *pad, GstPadProbeInfo *info, gpointer user)
{
  const PfBlockMeta *m =
      pf_buffer_get_block_meta (GST_PAD_PROBE_INFO_BUFFER (info));
  Run *r = user;

  (void) pad;
  if (!m || (m->part & PF_BLOCK_FILLER))
    return GST_PAD_PROBE_OK;
  g_mutex_lock (&r->lock);
  if (!r->any || m->frame != r->frame)
    count_frame (r);
  r->any = TRUE;
  r->frame = m->frame;
  r->coder.ahead = r->coder.next - 1 - m->frame;
  *(m->part & PF_BLOCK_PARITY ? &r->parity : &r->data) += m->n;
  if (r->counting)
    r->packet_bytes += (guint64) m->n * (m->size + 24 + WIRE_BYTES);
  g_mutex_unlock (&r->lock);
  return GST_PAD_PROBE_OK;
}

static GstPadProbeReturn
on_access_unit (GstPad *pad, GstPadProbeInfo *info, gpointer user)
{
  Run *r = user;

  (void) pad;
  g_mutex_lock (&r->lock);
  if (r->counting)
    r->frame_bytes += gst_buffer_get_size (GST_PAD_PROBE_INFO_BUFFER (info));
  g_mutex_unlock (&r->lock);
  return GST_PAD_PROBE_OK;
}

/* A report: what came of the one before is in force by now. */
static GstPadProbeReturn
on_report (GstPad *pad, GstPadProbeInfo *info, gpointer user)
{
  GstStructure *stats;
  PfLossReport report;
  guint percent = 0, wanted;
  Run *r = user;

  (void) pad;
  if (!pf_event_parse_loss_report (GST_PAD_PROBE_INFO_EVENT (info), &report))
    return GST_PAD_PROBE_OK;
  g_object_get (r->host_fec, "stats", &stats, NULL);
  gst_structure_get_uint (stats, "percentage", &percent);
  gst_structure_free (stats);
  wanted = pf_adapt_percent (report.ppm);
  g_mutex_lock (&r->lock);
  r->astray += r->reports > 0 && percent != r->expected_percent;
  r->expected_percent = wanted >= percent ? wanted : percent - 1;
  r->reports++;
  g_mutex_unlock (&r->lock);
  return GST_PAD_PROBE_OK;
}

/* ---- The stand-in for an encoder ---------------------------------------- */

/* The newest frame that nothing is known against. Call with lock. */
static guint32
newest_good (const Coder *c)
{
  guint32 n = c->next;

  do
    n--;
  while (!c->good[n % N_KNOWN] && n + N_KNOWN > c->next);
  return n;
}

static GstPadProbeReturn
on_coded (GstPad *pad, GstPadProbeInfo *info, gpointer user)
{
  GstBuffer *buffer =
      gst_buffer_make_writable (GST_PAD_PROBE_INFO_BUFFER (info));
  Run *r = user;
  Coder *c = &r->coder;
  guint32 numbers[2];
  gboolean key;

  (void) pad;
  g_mutex_lock (&r->lock);
  key = c->key || c->next == 0;
  numbers[0] = c->next;
  numbers[1] = key ? c->next : newest_good (c);
  if (key) /* nothing refers past it */
    memset (c->good, 0, sizeof c->good);
  c->refers[c->next % N_KNOWN] = numbers[1];
  c->good[c->next % N_KNOWN] = TRUE;
  if (c->anchor && !key)
    pf_buffer_set_anchor (buffer);
  c->key = c->anchor = FALSE;
  c->next++;
  g_mutex_unlock (&r->lock);
  if (!key)
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT);
  gst_buffer_fill (buffer, 0, numbers, sizeof numbers);
  GST_PAD_PROBE_INFO_DATA (info) = buffer;
  return GST_PAD_PROBE_OK;
}

/* What is built on lost frames is no good either. Where the newest frame is not,
 * the one that does without them was sent before. Call with lock. */
static void
invalidate (Coder *c, const PfFrames *lost)
{
  const guint32 first = lost->first + c->ahead, last = lost->last + c->ahead;

  for (guint32 n = first; n != c->next; n++) {
    const guint32 to = c->refers[n % N_KNOWN];

    if (n - first <= last - first || (to != n && !c->good[to % N_KNOWN]))
      c->good[n % N_KNOWN] = FALSE;
  }
  c->anchor |= !c->good[(c->next - 1) % N_KNOWN];
}

static GstPadProbeReturn
on_wish (GstPad *pad, GstPadProbeInfo *info, gpointer user)
{
  GstEvent *event = GST_PAD_PROBE_INFO_EVENT (info);
  PfFrames lost;
  Run *r = user;

  (void) pad;
  g_mutex_lock (&r->lock);
  if (gst_event_has_name (event, "GstForceKeyUnit"))
    r->coder.key = TRUE;
  else if (pf_event_parse_invalidate_frames (event, &lost))
    invalidate (&r->coder, &lost);
  g_mutex_unlock (&r->lock);
  return GST_PAD_PROBE_OK;
}

/* Call with lock. */
static gboolean
decode (Run *r, GstBuffer *buffer)
{
  guint32 n[2] = { 0 };

  gst_buffer_extract (buffer, 0, n, sizeof n);
  r->decodable[n[0] % N_KNOWN] = n[0] == n[1] || r->decodable[n[1] % N_KNOWN];
  /* what lies between was lost */
  for (guint32 i = n[0] + 1; i != n[0] + N_KNOWN / 2; i++)
    r->decodable[i % N_KNOWN] = FALSE;
  return r->decodable[n[0] % N_KNOWN];
}

/* ---- What comes to the client ------------------------------------------- */

static GstPadProbeReturn
on_frame (GstPad *pad, GstPadProbeInfo *info, gpointer user)
{
  GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER (info);
  GstReferenceTimestampMeta *meta =
      gst_buffer_get_reference_timestamp_meta (buffer, NULL);
  gboolean good = !GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT);
  Run *r = user;

  (void) pad;
  if (!meta)
    return GST_PAD_PROBE_OK;
  g_mutex_lock (&r->lock);
  if (r->refers)
    good = decode (r, buffer);
  if (r->came > 0 && !r->frozen &&
      GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DISCONT)) {
    r->frozen = TRUE;
    r->frozen_ns = r->last_ns + GST_SECOND / FPS;
  }
  if (r->frozen && good) {
    const guint stood = (guint) gst_util_uint64_scale_round (
        meta->timestamp - r->frozen_ns, FPS, GST_SECOND);
    const gdouble share = (gdouble) stood / MAX (r->lost, 1);

    g_array_append_val (r->standstills, stood);
    g_array_append_val (r->shares, share);
    r->frozen = FALSE;
    r->lost = 0;
  }
  r->came++;
  r->last_ns = meta->timestamp;
  g_cond_broadcast (&r->cond);
  g_mutex_unlock (&r->lock);
  return GST_PAD_PROBE_OK;
}

static GstPadProbeReturn
on_loss (GstPad *pad, GstPadProbeInfo *info, gpointer user)
{
  PfFrames lost;
  Run *r = user;

  (void) pad;
  if (!pf_event_parse_frame_lost (GST_PAD_PROBE_INFO_EVENT (info), &lost))
    return GST_PAD_PROBE_OK;
  g_mutex_lock (&r->lock);
  r->lost += lost.last - lost.first + 1;
  g_mutex_unlock (&r->lock);
  return GST_PAD_PROBE_OK;
}

/* ---- Both ends ---------------------------------------------------------- */

static guint
free_port (void)
{
  struct sockaddr_in a = { .sin_family = AF_INET };
  socklen_t size = sizeof a;
  const int fd = socket (AF_INET, SOCK_DGRAM, 0);
  guint port = 0;

  a.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
  if (fd >= 0 && bind (fd, (struct sockaddr *) &a, size) == 0 &&
      getsockname (fd, (struct sockaddr *) &a, &size) == 0)
    port = ntohs (a.sin_port);
  if (fd >= 0)
    close (fd);
  return port;
}

static GstElement *
parse (const gchar *text)
{
  g_autoptr (GError) error = NULL;
  GstElement *pipeline =
      gst_parse_launch_full (text, NULL, GST_PARSE_FLAG_FATAL_ERRORS, &error);

  if (error)
    g_printerr ("%s\n", error->message);
  return pipeline ? gst_object_ref_sink (pipeline) : NULL;
}

static void
add_probe (GstElement *element, const gchar *name, GstPadProbeType type,
    GstPadProbeCallback callback, Run *r)
{
  g_autoptr (GstPad) pad = gst_element_get_static_pad (element, name);

  gst_pad_add_probe (pad, type, callback, r, NULL);
}

static gboolean
forward (PfForwarder *f, const gchar *program, guint port, const LossCase *c)
{
  g_autofree gchar *map =
      g_strdup_printf ("127.0.0.2:%u=127.0.0.1:%u", port, port);
  g_autofree gchar *both = g_strdup_printf ("delay-us=%u", c->delay_us);
  g_autofree gchar *seed = g_strdup_printf ("%u", c->seed);
  const char *const args[] = { "--map", map, "--both", both, "--seed", seed,
    "--seconds", "600", NULL };

  return pf_forwarder_start (f, program, args);
}

static gboolean
start_host (Run *r, const LossCase *c, const gchar *dir, guint data)
{
  const gchar *adaptive = c->adaptive ? "true" : "false";
  g_autofree gchar *text =
      c->refers ? g_strdup_printf (STAND_IN, data, c->percent, adaptive, dir)
                : g_strdup_printf (HOST, data, c->percent, adaptive, dir);
  g_autoptr (GstElement) coder = NULL;

  r->host = parse (text);
  if (!r->host)
    return FALSE;
  r->refers = c->refers;
  coder = gst_bin_get_by_name (GST_BIN (r->host), "coder");
  if (coder) {
    add_probe (coder, "src", GST_PAD_PROBE_TYPE_BUFFER, on_coded, r);
    add_probe (coder, "src", GST_PAD_PROBE_TYPE_EVENT_UPSTREAM, on_wish, r);
  }
  r->host_end = gst_bin_get_by_name (GST_BIN (r->host), "end");
  r->host_fec = gst_bin_get_by_name (GST_BIN (r->host), "fec");
  add_probe (r->host_fec, "src", GST_PAD_PROBE_TYPE_BUFFER, on_block, r);
  add_probe (r->host_fec, "sink", GST_PAD_PROBE_TYPE_BUFFER, on_access_unit, r);
  add_probe (
      r->host_fec, "src", GST_PAD_PROBE_TYPE_EVENT_UPSTREAM, on_report, r);
  return gst_element_set_state (r->host, GST_STATE_PLAYING) !=
         GST_STATE_CHANGE_FAILURE;
}

static gboolean
start_client (Run *r, gint port)
{
  g_autofree gchar *text = g_strdup_printf (CLIENT, port);

  r->client = parse (text);
  if (!r->client)
    return FALSE;
  r->client_end = gst_bin_get_by_name (GST_BIN (r->client), "end");
  r->client_fec = gst_bin_get_by_name (GST_BIN (r->client), "fec");
  add_probe (r->client_fec, "src", GST_PAD_PROBE_TYPE_BUFFER, on_frame, r);
  add_probe (
      r->client_fec, "sink", GST_PAD_PROBE_TYPE_EVENT_UPSTREAM, on_loss, r);
  return gst_element_set_state (r->client, GST_STATE_PLAYING) !=
         GST_STATE_CHANGE_FAILURE;
}

static gboolean
begin (Run *r, const LossCase *c, const gchar *dir, const gchar *program)
{
  const guint data = free_port ();
  gint port = 0;

  if (!start_host (r, c, dir, data))
    return FALSE;
  g_object_get (r->host_end, "port", &port, NULL);
  if (!forward (&r->control, program, (guint) port, c))
    return FALSE;
  if (!forward (&r->media, program, data, c)) {
    pf_json_free (pf_forwarder_stop (&r->control));
    return FALSE;
  }
  r->forwarding = TRUE;
  return start_client (r, port);
}

static void
stop (GstElement *pipeline)
{
  if (pipeline)
    gst_element_set_state (pipeline, GST_STATE_NULL);
}

static void
end (Run *r)
{
  stop (r->client);
  stop (r->host);
  if (r->forwarding) {
    pf_json_free (pf_forwarder_stop (&r->control));
    pf_json_free (pf_forwarder_stop (&r->media));
  }
  gst_clear_object (&r->host_end);
  gst_clear_object (&r->host_fec);
  gst_clear_object (&r->client_end);
  gst_clear_object (&r->client_fec);
  gst_clear_object (&r->host);
  gst_clear_object (&r->client);
  g_array_unref (r->chances);
  g_array_unref (r->standstills);
  g_array_unref (r->shares);
  g_mutex_clear (&r->lock);
  g_cond_clear (&r->cond);
}

/* ---- A run -------------------------------------------------------------- */

typedef gboolean (*Reached) (const Run *r, guint n);

static gboolean
has_sent (const Run *r, guint n)
{
  return r->chances->len >= n;
}

static gboolean
has_got (const Run *r, guint n)
{
  return r->came >= n;
}

/* A key frame came after what was lost. */
static gboolean
shows (const Run *r, guint n)
{
  (void) n;
  return !r->frozen;
}

static gboolean
wait_until (Run *r, Reached reached, guint n, const gchar *why, LossResult *out)
{
  const gint64 until = g_get_monotonic_time () + WAIT_US;
  gboolean ok;

  g_mutex_lock (&r->lock);
  while (!reached (r, n) && g_cond_wait_until (&r->cond, &r->lock, until))
    ;
  ok = reached (r, n);
  g_mutex_unlock (&r->lock);
  if (!ok)
    out->why = why;
  return ok;
}

/* So many more. */
static gboolean
wait_frames (Run *r, guint more, LossResult *out)
{
  guint least;

  g_mutex_lock (&r->lock);
  least = r->came + more;
  g_mutex_unlock (&r->lock);
  return wait_until (
      r, has_got, least, "frames do not come on a line that loses none", out);
}

static guint64
stat_of (GstElement *element, const gchar *name)
{
  g_autoptr (GstStructure) stats = NULL;
  guint64 value = 0;

  g_object_get (element, "stats", &stats, NULL);
  gst_structure_get_uint64 (stats, name, &value);
  return value;
}

static guint64
count_requests (Run *r)
{
  return stat_of (r->client_end, "keyframe-requests") +
         stat_of (r->client_end, "invalidations");
}

static gboolean
set_loss (Run *r, const LossCase *c, guint ppm, gboolean counting)
{
  g_autofree gchar *command =
      g_strdup_printf ("down drop=%u,delay-us=%u", ppm, c->delay_us);

  if (!pf_forwarder_command (&r->media, command))
    return FALSE;
  pf_json_free (pf_forwarder_stats (&r->media)); /* by then it is so */
  g_mutex_lock (&r->lock);
  r->any = FALSE;
  r->data = r->parity = 0;
  r->q = ppm / 1e6;
  r->counting = counting;
  g_mutex_unlock (&r->lock);
  return TRUE;
}

static gint
compare (gconstpointer a, gconstpointer b)
{
  const guint ua = *(const guint *) a, ub = *(const guint *) b;

  return (ua > ub) - (ua < ub);
}

static gint
compare_shares (gconstpointer a, gconstpointer b)
{
  const gdouble da = *(const gdouble *) a, db = *(const gdouble *) b;

  return (da > db) - (da < db);
}

/* Call with lock. */
static void
take_result (Run *r, LossResult *out)
{
  g_autofree gdouble *d = distribution_of (r->chances);
  const guint n = r->chances->len;

  out->frames = n;
  for (guint i = 0; i < n; i++)
    out->expected += g_array_index (r->chances, gdouble, i);
  bounds (d, n, .05, &out->low, &out->high);
  bounds (d, n, .001, &out->lowest, &out->highest);
  out->causes = r->standstills->len;
  g_array_sort (r->standstills, compare);
  g_array_sort (r->shares, compare_shares);
  for (guint i = 0; i < r->standstills->len; i++)
    out->frozen += g_array_index (r->standstills, guint, i);
  if (r->standstills->len)
    out->frozen_p50 =
        g_array_index (r->standstills, guint, r->standstills->len / 2);
  if (r->shares->len)
    out->each_p50 = g_array_index (r->shares, gdouble, r->shares->len / 2);
  out->parity = (gdouble) r->parity_packets / MAX (r->data_packets, 1);
  out->wire = (gdouble) r->packet_bytes / MAX (r->frame_bytes, 1) - 1;
  out->percent = r->expected_percent;
  out->reports = r->reports;
  out->astray = r->astray;
}

/* With a line that lost nothing so far. */
static gboolean
measure (Run *r, const LossCase *c, LossResult *out)
{
  const guint64 lost = stat_of (r->client_fec, "frames-lost");
  const guint64 requests = count_requests (r);
  const guint64 keys = stat_of (r->host_end, "key-frames");

  if (!set_loss (r, c, c->loss_ppm, TRUE) ||
      !wait_until (r, has_sent, c->seconds * FPS, "the host is slow", out) ||
      !set_loss (r, c, 0, FALSE) || !wait_frames (r, FPS / 2, out) ||
      !wait_until (r, shows, 0, "no key frame comes", out))
    return FALSE;
  out->lost = (guint) (stat_of (r->client_fec, "frames-lost") - lost);
  out->requests = (guint) (count_requests (r) - requests);
  out->key_frames = (guint) (stat_of (r->host_end, "key-frames") - keys);
  g_mutex_lock (&r->lock);
  take_result (r, out);
  g_mutex_unlock (&r->lock);
  if (stat_of (r->host_end, "dropped") > 0)
    out->why = "the host cannot keep up with its own frames";
  return !out->why;
}

static guint
count_causes (Run *r)
{
  guint n;

  g_mutex_lock (&r->lock);
  n = r->standstills->len;
  g_mutex_unlock (&r->lock);
  return n;
}

/* A line that loses all for a moment, again and again; a host that has no turn
 * in that moment loses nothing. */
static gboolean
measure_causes (Run *r, const LossCase *c, guint n, LossResult *out)
{
  const guint64 lost = stat_of (r->client_fec, "frames-lost");
  const guint64 requests = count_requests (r);
  const guint64 keys = stat_of (r->host_end, "key-frames");

  for (guint i = 0; i < 4 * n && count_causes (r) < n; i++) {
    if (!set_loss (r, c, 1000000, FALSE))
      return FALSE;
    g_usleep (LOSS_US);
    /* farther apart than key frames may be */
    if (!set_loss (r, c, 0, FALSE) || !wait_frames (r, FPS, out) ||
        !wait_until (r, shows, 0, "nothing comes that can be shown", out))
      return FALSE;
  }
  out->lost = (guint) (stat_of (r->client_fec, "frames-lost") - lost);
  out->requests = (guint) (count_requests (r) - requests);
  out->key_frames = (guint) (stat_of (r->host_end, "key-frames") - keys);
  g_mutex_lock (&r->lock);
  take_result (r, out);
  g_mutex_unlock (&r->lock);
  return TRUE;
}

static gboolean
run (const LossCase *c, guint causes, const gchar *dir,
    const gchar *forward_program, LossResult *result)
{
  Run r = { 0 };
  gboolean ok;

  memset (result, 0, sizeof *result);
  g_mutex_init (&r.lock);
  g_cond_init (&r.cond);
  r.chances = g_array_new (FALSE, FALSE, sizeof (gdouble));
  r.standstills = g_array_new (FALSE, FALSE, sizeof (guint));
  r.shares = g_array_new (FALSE, FALSE, sizeof (gdouble));
  ok = begin (&r, c, dir, forward_program) && wait_frames (&r, FPS, result) &&
       (causes ? measure_causes (&r, c, causes, result)
               : measure (&r, c, result));
  end (&r);
  if (!ok && !result->why)
    result->why = "there is no session";
  return ok;
}

gboolean
loss_run (const LossCase *c, const gchar *dir, const gchar *forward,
    LossResult *result)
{
  return run (c, 0, dir, forward, result);
}

gboolean
loss_causes (const LossCase *c, guint n, const gchar *dir, const gchar *forward,
    LossResult *result)
{
  return run (c, n, dir, forward, result);
}
