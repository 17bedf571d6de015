/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* How long a frame takes; see measure.h. */
#include "measure.h"

#include "pf-report.h"

#include <stdlib.h>
#include <string.h>

/* Frames that are known, and of these on their way to the screen. */
#define KNOWN 64
#define ON_THE_WAY 16
/* Samples of a stage that are kept: twenty minutes at 60 a second. */
#define SAMPLES_MAX 72000
#define RECENT 60

static const gchar *const names[PF_N_STAGES] = { "captured", "encoded",
  "first-packet", "last-packet", "reassembled", "decoded", "presented" };

typedef struct {
  GstClockTime pts;
  guint64 captured;        /* by the host's clock; 0: not known */
  guint64 at[PF_N_STAGES]; /* Unix time by our clock; 0: not yet */
} Frame;

/* What the host told of a frame. */
typedef struct {
  guint64 captured, after_ns;
} Told;

/* Differences in microseconds. */
typedef struct {
  GArray *since_capture, *since_before;
  guint reported; /* samples that an interval's report has had */
} Series;

struct _PfMeasure {
  GMutex lock;
  gint64 offset_ns;
  Frame frames[KNOWN];
  guint next, settled; /* up to there all is in the series */
  Told told[KNOWN];
  guint next_told;
  Series series[PF_N_STAGES];
  PfCounts counts;
  guint width, height; /* of the last decoded picture */
  guint64 decoded_ns;  /* when that was */
  GArray *changes;     /* us between pictures of different sizes */
  guint32 last_number;
  gboolean have_number;
  gint64 begin_us, interval_us, first_us;
  guint64 interval_bytes;
};

PfMeasure *
pf_measure_new (void)
{
  PfMeasure *m = g_new0 (PfMeasure, 1);

  g_mutex_init (&m->lock);
  for (guint i = 0; i < PF_N_STAGES; i++) {
    m->series[i].since_capture = g_array_new (FALSE, FALSE, sizeof (gint));
    m->series[i].since_before = g_array_new (FALSE, FALSE, sizeof (gint));
  }
  for (guint i = 0; i < KNOWN; i++)
    m->frames[i].pts = GST_CLOCK_TIME_NONE;
  m->changes = g_array_new (FALSE, FALSE, sizeof (gint));
  return m;
}

void
pf_measure_free (PfMeasure *m)
{
  if (!m)
    return;
  for (guint i = 0; i < PF_N_STAGES; i++) {
    g_array_unref (m->series[i].since_capture);
    g_array_unref (m->series[i].since_before);
  }
  g_array_unref (m->changes);
  g_mutex_clear (&m->lock);
  g_free (m);
}

void
pf_measure_set_offset (PfMeasure *m, gint64 offset_ns)
{
  g_mutex_lock (&m->lock);
  m->offset_ns = offset_ns;
  g_mutex_unlock (&m->lock);
}

/* ---- Samples, call with the lock ------------------------------------------ */

static gint
difference_us (guint64 later, guint64 earlier)
{
  const gint64 us = ((gint64) later - (gint64) earlier) / 1000;

  return (gint) CLAMP (us, G_MININT, G_MAXINT);
}

static void
add_sample (PfMeasure *m, const Frame *f, PfMeasureStage stage)
{
  Series *s = &m->series[stage];
  gint since_capture = G_MININT, since_before;
  guint before = stage;

  if (s->since_before->len >= SAMPLES_MAX)
    return;
  while (before > 0 && !f->at[--before])
    ;
  if (!f->at[before] || before == stage)
    return;
  since_before = difference_us (f->at[stage], f->at[before]);
  if (f->at[PF_STAGE_CAPTURED])
    since_capture = difference_us (f->at[stage], f->at[PF_STAGE_CAPTURED]);
  g_array_append_val (s->since_before, since_before);
  if (since_capture != G_MININT)
    g_array_append_val (s->since_capture, since_capture);
}

/* Times of frames that are not among the newest go into the series: what is
 * told of one comes in any order. */
static void
settle (PfMeasure *m, guint keep)
{
  for (; m->next - m->settled > keep; m->settled++) {
    const Frame *f = &m->frames[m->settled % KNOWN];

    for (guint stage = 1; stage < PF_N_STAGES; stage++)
      if (f->at[stage])
        add_sample (m, f, stage);
  }
}

static void
set_encoded (Frame *f, const Told *told)
{
  f->at[PF_STAGE_ENCODED] = f->at[PF_STAGE_CAPTURED] + told->after_ns;
}

void
pf_measure_frame (PfMeasure *m, const PfArrival *a)
{
  Frame *f;

  g_mutex_lock (&m->lock);
  if (!m->begin_us)
    m->begin_us = m->interval_us = g_get_monotonic_time ();
  settle (m, ON_THE_WAY - 1);
  f = &m->frames[m->next++ % KNOWN];
  memset (f, 0, sizeof *f);
  f->pts = a->pts;
  f->captured = a->captured;
  if (a->captured)
    f->at[PF_STAGE_CAPTURED] = (guint64) ((gint64) a->captured - m->offset_ns);
  for (guint i = 0; i < KNOWN && a->captured; i++)
    if (m->told[i].captured == a->captured)
      set_encoded (f, &m->told[i]);
  f->at[PF_STAGE_FIRST_PACKET] = a->first;
  f->at[PF_STAGE_LAST_PACKET] = a->last;
  f->at[PF_STAGE_REASSEMBLED] = a->now;
  m->counts.frames++;
  m->counts.bytes += a->bytes;
  m->interval_bytes += a->bytes;
  g_mutex_unlock (&m->lock);
}

void
pf_measure_encoded (PfMeasure *m, guint64 captured, guint64 after_ns)
{
  const Told told = { captured, after_ns };

  if (captured == 0)
    return;
  g_mutex_lock (&m->lock);
  m->told[m->next_told++ % KNOWN] = told;
  for (guint i = m->settled; i != m->next; i++)
    if (m->frames[i % KNOWN].captured == captured)
      set_encoded (&m->frames[i % KNOWN], &told);
  g_mutex_unlock (&m->lock);
}

void
pf_measure_stage (
    PfMeasure *m, GstClockTime pts, PfMeasureStage stage, guint64 now_ns)
{
  g_mutex_lock (&m->lock);
  m->counts.presented += stage == PF_STAGE_PRESENTED;
  if (stage == PF_STAGE_PRESENTED && !m->first_us)
    m->first_us = g_get_monotonic_time ();
  for (guint i = m->settled; i != m->next; i++) {
    Frame *f = &m->frames[i % KNOWN];

    if (f->pts != pts || f->at[stage])
      continue;
    f->at[stage] = now_ns;
    break;
  }
  g_mutex_unlock (&m->lock);
}

void
pf_measure_size (PfMeasure *m, guint width, guint height, guint64 now_ns)
{
  g_mutex_lock (&m->lock);
  if (m->decoded_ns && (width != m->width || height != m->height) &&
      m->changes->len < SAMPLES_MAX) {
    const gint took = difference_us (now_ns, m->decoded_ns);

    g_array_append_val (m->changes, took);
  }
  m->width = width;
  m->height = height;
  m->decoded_ns = now_ns;
  g_mutex_unlock (&m->lock);
}

/* ---- Numbers -------------------------------------------------------------- */

void
pf_measure_number (PfMeasure *m, guint32 number)
{
  g_mutex_lock (&m->lock);
  if (m->have_number) {
    const gint32 step = (gint32) (number - m->last_number);

    if (step <= 0)
      m->counts.backwards++;
    else
      m->counts.missing += (guint64) step - 1;
    m->counts.verified += step == 1;
  } else {
    m->counts.verified++;
  }
  m->have_number = TRUE;
  m->last_number = number;
  g_mutex_unlock (&m->lock);
}

void
pf_measure_no_number (PfMeasure *m)
{
  g_mutex_lock (&m->lock);
  m->counts.unreadable++;
  g_mutex_unlock (&m->lock);
}

gint64
pf_measure_first_us (PfMeasure *m)
{
  gint64 first_us;

  g_mutex_lock (&m->lock);
  first_us = m->first_us;
  g_mutex_unlock (&m->lock);
  return first_us;
}

void
pf_measure_counts (PfMeasure *m, PfCounts *counts)
{
  g_mutex_lock (&m->lock);
  *counts = m->counts;
  g_mutex_unlock (&m->lock);
}

/* ---- Reports --------------------------------------------------------------- */

static int
compare_ints (const void *a, const void *b)
{
  const gint ia = *(const gint *) a, ib = *(const gint *) b;

  return (ia > ib) - (ia < ib);
}

gint
pf_measure_recent_us (PfMeasure *m, PfMeasureStage stage)
{
  gint recent[RECENT];
  const GArray *all;
  guint n;

  g_mutex_lock (&m->lock);
  all = m->series[stage].since_capture;
  n = MIN (all->len, RECENT);
  for (guint i = 0; i < n; i++)
    recent[i] = g_array_index (all, gint, all->len - n + i);
  g_mutex_unlock (&m->lock);
  qsort (recent, n, sizeof *recent, compare_ints);
  return n ? recent[n / 2] : 0;
}

static void
add_percentiles (
    JsonBuilder *b, const gchar *name, const GArray *samples, guint from)
{
  static const struct {
    const gchar *name;
    guint percent;
  } points[] = { { "p50", 50 }, { "p95", 95 }, { "p99", 99 },
    { "worst", 100 } };
  const guint n = samples->len > from ? samples->len - from : 0;
  g_autofree gint *sorted = NULL;

  if (n == 0)
    return;
  sorted = g_memdup2 (
      (const gint *) (gconstpointer) samples->data + from, n * sizeof *sorted);
  qsort (sorted, n, sizeof *sorted, compare_ints);
  json_builder_set_member_name (b, name);
  json_builder_begin_object (b);
  for (guint i = 0; i < G_N_ELEMENTS (points); i++) {
    json_builder_set_member_name (b, points[i].name);
    json_builder_add_int_value (
        b, sorted[MIN (n - 1, (guint64) n * points[i].percent / 100)]);
  }
  json_builder_end_object (b);
}

/* Call with the lock. */
static void
add_stages (PfMeasure *m, JsonBuilder *b, gboolean whole)
{
  json_builder_set_member_name (b, "stages-us");
  json_builder_begin_object (b);
  for (guint i = 1; i < PF_N_STAGES; i++) {
    Series *s = &m->series[i];
    const guint from = whole ? 0 : s->reported;

    json_builder_set_member_name (b, names[i]);
    json_builder_begin_object (b);
    add_percentiles (b, "since-capture", s->since_capture, from);
    add_percentiles (b, "since-before", s->since_before, from);
    json_builder_end_object (b);
    s->reported = s->since_before->len;
  }
  json_builder_end_object (b);
}

void
pf_measure_report (PfMeasure *m, JsonBuilder *b, gboolean whole)
{
  const gint64 now = g_get_monotonic_time ();
  gint64 since;

  g_mutex_lock (&m->lock);
  settle (m, whole ? 0 : ON_THE_WAY);
  since = whole ? m->begin_us : m->interval_us;
  pf_report_add_uint (b, "frames", m->counts.frames);
  pf_report_add_uint (b, "presented", m->counts.presented);
  pf_report_add_uint (b, "verified", m->counts.verified);
  pf_report_add_uint (b, "missing", m->counts.missing);
  pf_report_add_uint (b, "unreadable", m->counts.unreadable);
  pf_report_add_uint (b, "backwards", m->counts.backwards);
  if (since && now > since)
    pf_report_add_uint (b, "kbps",
        (whole ? m->counts.bytes : m->interval_bytes) * 8000 /
            (guint64) (now - since));
  add_stages (m, b, whole);
  if (whole && m->changes->len > 0) {
    pf_report_add_uint (b, "size-changes", m->changes->len);
    add_percentiles (b, "size-changes-us", m->changes, 0);
  }
  m->interval_us = m->begin_us ? now : 0;
  m->interval_bytes = 0;
  g_mutex_unlock (&m->lock);
}
