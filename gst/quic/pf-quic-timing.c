/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Times of frames on the host; see pf-quic-timing.h. */
#include "pf-quic-timing.h"

#include <string.h>
#include <time.h>

#include "pf-media.h"

/* Frames on their way through the encoder, and from there to the wire. */
#define FRAMES 32
/* So many that are not known, and the encoder is looked for anew. */
#define PATIENCE 60

typedef struct {
  guint64 captured; /* 0: none. All: Unix time, ns */
  guint64 in, out;  /* of the encoder */
  guint64 first;    /* packet */
  GstClockTime pts; /* as it left the encoder */
  guint sent;       /* packets */
} Frame;

struct _PfQuicTiming {
  gint refs; /* atomic: the owner's, and one for each probe */
  GMutex lock;
  /* lock */
  Frame frames[FRAMES];
  guint next;
  GstPad *pads[2]; /* of the encoder, or NULL */
  gulong probes[2];
  gboolean looked;
  guint unknown; /* frames in a row */
};

guint64
pf_quic_timing_now (void)
{
  struct timespec t;

  clock_gettime (CLOCK_REALTIME, &t);
  return (guint64) t.tv_sec * GST_SECOND + (guint64) t.tv_nsec;
}

PfQuicTiming *
pf_quic_timing_new (void)
{
  PfQuicTiming *t = g_new0 (PfQuicTiming, 1);

  t->refs = 1;
  g_mutex_init (&t->lock);
  return t;
}

static void
timing_unref (gpointer data)
{
  PfQuicTiming *t = data;

  if (!g_atomic_int_dec_and_test (&t->refs))
    return;
  g_mutex_clear (&t->lock);
  g_free (t);
}

/* ---- The encoder -------------------------------------------------------- */

static guint64
captured_at (GstBuffer *buffer)
{
  static GstStaticCaps unix_caps = GST_STATIC_CAPS ("timestamp/x-unix");
  GstCaps *caps = gst_static_caps_get (&unix_caps);
  GstReferenceTimestampMeta *meta =
      gst_buffer_get_reference_timestamp_meta (buffer, caps);

  gst_caps_unref (caps);
  return meta ? meta->timestamp : 0;
}

static GstPadProbeReturn
on_raw (GstPad *pad, GstPadProbeInfo *info, gpointer user)
{
  const guint64 captured = captured_at (GST_PAD_PROBE_INFO_BUFFER (info));
  PfQuicTiming *t = user;

  (void) pad;
  if (captured) {
    g_mutex_lock (&t->lock);
    t->frames[t->next++ % FRAMES] = (Frame){ .captured = captured,
      .in = pf_quic_timing_now (),
      .pts = GST_CLOCK_TIME_NONE };
    g_mutex_unlock (&t->lock);
  }
  return GST_PAD_PROBE_OK;
}

static GstPadProbeReturn
on_coded (GstPad *pad, GstPadProbeInfo *info, gpointer user)
{
  GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER (info);
  const guint64 captured = captured_at (buffer), now = pf_quic_timing_now ();
  PfQuicTiming *t = user;

  (void) pad;
  g_mutex_lock (&t->lock);
  for (guint i = 0; captured && i < FRAMES; i++)
    if (t->frames[i].captured == captured && !t->frames[i].out) {
      t->frames[i].out = now;
      t->frames[i].pts = GST_BUFFER_PTS (buffer);
    }
  g_mutex_unlock (&t->lock);
  return GST_PAD_PROBE_OK;
}

static void
watch (PfQuicTiming *t, GstPad *pads[2])
{
  static const GstPadProbeCallback callbacks[2] = { on_raw, on_coded };
  gulong probes[2] = { 0 };

  for (guint i = 0; i < 2; i++) {
    if (!pads[i])
      continue;
    g_atomic_int_inc (&t->refs);
    probes[i] = gst_pad_add_probe (
        pads[i], GST_PAD_PROBE_TYPE_BUFFER, callbacks[i], t, timing_unref);
  }
  g_mutex_lock (&t->lock);
  memcpy (t->pads, pads, sizeof t->pads);
  memcpy (t->probes, probes, sizeof t->probes);
  g_mutex_unlock (&t->lock);
}

static void
watch_no_more (PfQuicTiming *t)
{
  GstPad *pads[2];
  gulong probes[2];

  g_mutex_lock (&t->lock);
  memcpy (pads, t->pads, sizeof pads);
  memcpy (probes, t->probes, sizeof probes);
  memset (t->pads, 0, sizeof t->pads);
  g_mutex_unlock (&t->lock);
  for (guint i = 0; i < 2; i++) {
    if (!pads[i])
      continue;
    gst_pad_remove_probe (pads[i], probes[i]);
    gst_object_unref (pads[i]);
  }
}

void
pf_quic_timing_look (PfQuicTiming *t, GstPad *sink)
{
  GstPad *pads[2];
  gboolean look;

  g_mutex_lock (&t->lock);
  look = !t->looked || t->unknown >= PATIENCE;
  t->looked = TRUE;
  if (look)
    t->unknown = 0;
  g_mutex_unlock (&t->lock);
  if (!look)
    return;
  watch_no_more (t);
  if (pf_media_find_encoder (sink, &pads[0], &pads[1]))
    watch (t, pads);
}

void
pf_quic_timing_free (PfQuicTiming *t)
{
  if (!t)
    return;
  watch_no_more (t);
  timing_unref (t);
}

/* ---- The wire ----------------------------------------------------------- */

static guint32
us_between (guint64 earlier, guint64 later)
{
  return later > earlier
             ? (guint32) MIN ((later - earlier) / GST_USECOND, G_MAXUINT32)
             : 0;
}

gboolean
pf_quic_timing_sent (PfQuicTiming *t, GstClockTime pts, guint n_frame, guint n,
    guint64 began, PfMsgHostTiming *told)
{
  const guint64 now = pf_quic_timing_now ();
  gboolean done = FALSE;
  Frame *f = NULL;

  g_mutex_lock (&t->lock);
  for (guint i = 0; i < FRAMES && !f; i++)
    if (t->frames[i].out && t->frames[i].pts == pts)
      f = &t->frames[i];
  t->unknown = f ? 0 : t->unknown + 1;
  if (f) {
    if (f->sent == 0)
      f->first = began;
    f->sent += n;
    done = f->sent == n_frame;
  }
  if (done)
    *told = (PfMsgHostTiming){ .version = 2,
      .pts_ns = f->captured,
      .host_us = us_between (f->captured, now),
      .queue_us = us_between (f->captured, f->in),
      .encode_us = us_between (f->in, f->out),
      .pace_us = us_between (f->first, now) };
  g_mutex_unlock (&t->lock);
  return done;
}
