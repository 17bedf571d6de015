/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/**
 * SECTION:element-pfvdisplaysrc
 * @title: pfvdisplaysrc
 *
 * A display that exists for a client: its picture out, its mode and input from
 * events.
 *
 * Out: raw video at the pace of the pipeline's clock. Buffers carry the time at
 * which the picture was taken as GstReferenceTimestampMeta (timestamp/x-unix),
 * and their number as offset. PfMode from downstream changes size and rate by
 * new caps.
 *
 * The back end test draws a moving picture with number and time in it, for
 * people and for machines. It has to be named.
 *
 * One thread waits, takes the picture and pushes it. Latency: none is added; a
 * picture leaves when it was taken.
 *
 * |[
 * gst-launch-1.0 pfvdisplaysrc backend=test width=1280 height=720 framerate=60/1 ! videoconvert ! autovideosink
 * ]|
 *
 * Since: 0.1
 */
#include "pf-vdisplay-src.h"

#include "backend.h"
#include "pf-events.h"

#include <string.h>

GST_DEBUG_CATEGORY_STATIC (pf_vdisplay_src_debug);
#define GST_CAT_DEFAULT pf_vdisplay_src_debug

#define DEFAULT_BACKEND "auto"
#define DEFAULT_WIDTH 1920
#define DEFAULT_HEIGHT 1080
#define DEFAULT_FPS_N 60
#define DEFAULT_FPS_D 1
#define DEFAULT_DISPLAY 0

#define MIN_SIZE 64
#define MAX_SIZE 16384
#define MAX_FPS 1000

enum {
  PROP_0,
  PROP_BACKEND,
  PROP_WIDTH,
  PROP_HEIGHT,
  PROP_FRAMERATE,
  PROP_DISPLAY,
  PROP_STATS,
  PROP_FRAMES,
  N_PROPS
};

static GParamSpec *props[N_PROPS];

typedef struct {
  guint width, height;
  gint fps_n, fps_d;
} Mode;

/* See the stats property. */
typedef struct {
  guint64 frames, skipped, rests;
  guint64 modes, refused_modes;
  guint64 inputs;
  guint64 take_ns; /* sum */
  guint worst_take_us, worst_late_us;
} Counters;

struct _PfVDisplaySrc {
  GstPushSrc parent;

  /* object lock */
  gchar *backend_name;
  guint display_number;
  Mode wish;
  const PfVDisplayBackend *backend; /* NULL: none yet */
  Counters n;
  GstStructure *last_input;
  GstClockID wait; /* of the streaming thread */
  gboolean unlocked;
  gboolean unwatched; /* nobody takes pictures */
  GCond watch_cond;

  /* set before PAUSED, then constant */
  PfVDisplay *display;

  /* streaming thread */
  GstVideoInfo info; /* of the pictures; finfo NULL: none yet */
  gboolean started;
  GstClockTime epoch;      /* running time of slot 0 */
  guint64 slot;            /* the next */
  GstClockTime not_before; /* end of the last picture of another mode */
};

static const PfVDisplayBackend *const backends[] = { &pf_vdisplay_test };

static GstStaticPadTemplate src_template =
    GST_STATIC_PAD_TEMPLATE ("src", GST_PAD_SRC, GST_PAD_ALWAYS,
        GST_STATIC_CAPS ("video/x-raw, format=(string){ I420, NV12, BGRx }, "
                         "width=(int)[ 64, 16384 ], height=(int)[ 64, 16384 ], "
                         "framerate=(fraction)[ 1/1, 1000/1 ]"));

G_DEFINE_FINAL_TYPE (PfVDisplaySrc, pf_vdisplay_src, GST_TYPE_PUSH_SRC)
GST_ELEMENT_REGISTER_DEFINE (
    pfvdisplaysrc, "pfvdisplaysrc", GST_RANK_NONE, PF_TYPE_VDISPLAY_SRC)

/* ---- Waiting ------------------------------------------------------------ */

static GstClock *
get_clock (PfVDisplaySrc *self)
{
  GstClock *clock = gst_element_get_clock (GST_ELEMENT (self));

  return clock ? clock : gst_system_clock_obtain ();
}

static GstClockTime
running_time (PfVDisplaySrc *self, GstClock *clock)
{
  const GstClockTime now = gst_clock_get_time (clock);
  const GstClockTime base = gst_element_get_base_time (GST_ELEMENT (self));

  return now > base ? now - base : 0;
}

static GstClockTime
slot_time (PfVDisplaySrc *self, guint64 slot)
{
  return self->epoch +
         gst_util_uint64_scale (slot,
             GST_SECOND * (guint64) GST_VIDEO_INFO_FPS_D (&self->info),
             (guint64) GST_VIDEO_INFO_FPS_N (&self->info));
}

/* Until the running time; FALSE if unlock() ended it. */
static gboolean
wait_until (PfVDisplaySrc *self, GstClock *clock, GstClockTime time)
{
  const GstClockTime base = gst_element_get_base_time (GST_ELEMENT (self));
  GstClockID id = gst_clock_new_single_shot_id (clock, base + time);
  gboolean unlocked;

  GST_OBJECT_LOCK (self);
  unlocked = self->unlocked;
  if (!unlocked)
    self->wait = id;
  GST_OBJECT_UNLOCK (self);
  if (!unlocked)
    gst_clock_id_wait (id, NULL);
  GST_OBJECT_LOCK (self);
  self->wait = NULL;
  unlocked = self->unlocked;
  GST_OBJECT_UNLOCK (self);
  gst_clock_id_unref (id);
  return !unlocked;
}

static gboolean
pf_vdisplay_src_unlock (GstBaseSrc *src)
{
  PfVDisplaySrc *self = PF_VDISPLAY_SRC (src);

  GST_OBJECT_LOCK (self);
  self->unlocked = TRUE;
  g_cond_broadcast (&self->watch_cond);
  if (self->wait)
    gst_clock_id_unschedule (self->wait);
  GST_OBJECT_UNLOCK (self);
  return TRUE;
}

static gboolean
pf_vdisplay_src_unlock_stop (GstBaseSrc *src)
{
  PfVDisplaySrc *self = PF_VDISPLAY_SRC (src);

  GST_OBJECT_LOCK (self);
  self->unlocked = FALSE;
  GST_OBJECT_UNLOCK (self);
  return TRUE;
}

/* While nobody looks. What comes after is a stream of pictures of its own;
 * FALSE if unlock() ended it. */
static gboolean
wait_for_watcher (PfVDisplaySrc *self)
{
  gboolean rested = FALSE, unlocked;

  GST_OBJECT_LOCK (self);
  while (self->unwatched && !self->unlocked) {
    self->n.rests += !rested;
    rested = TRUE;
    g_cond_wait (&self->watch_cond, GST_OBJECT_GET_LOCK (self));
  }
  unlocked = self->unlocked;
  GST_OBJECT_UNLOCK (self);
  if (rested && self->started) {
    self->not_before = slot_time (self, self->slot);
    self->started = FALSE;
  }
  return !unlocked;
}

/* The slot whose turn is next, after those that nobody could take: whole
 * frames are left out, none comes in a burst. */
static guint64
skip_slots (PfVDisplaySrc *self, GstClockTime now)
{
  guint64 skipped = 0;

  if (!self->started) {
    self->started = TRUE;
    self->epoch = MAX (now, self->not_before);
    self->slot = 0;
    return 0;
  }
  while (now >= slot_time (self, self->slot + 1)) {
    const GstClockTime behind = now - slot_time (self, self->slot + 1);
    const guint64 slots =
        1 + gst_util_uint64_scale (behind,
                (guint64) GST_VIDEO_INFO_FPS_N (&self->info),
                GST_SECOND * (guint64) GST_VIDEO_INFO_FPS_D (&self->info));

    self->slot += slots;
    skipped += slots;
  }
  return skipped;
}

/* ---- Pictures ----------------------------------------------------------- */

static void
add_unix_time (GstBuffer *buffer, guint64 time, GstClockTime duration)
{
  static GstStaticCaps caps = GST_STATIC_CAPS ("timestamp/x-unix");
  GstCaps *reference = gst_static_caps_get (&caps);

  gst_buffer_add_reference_timestamp_meta (buffer, reference, time, duration);
  gst_caps_unref (reference);
}

static void
count_frame (PfVDisplaySrc *self, guint64 skipped, GstClockTimeDiff late,
    GstClockTime took)
{
  GST_OBJECT_LOCK (self);
  self->n.frames++;
  self->n.skipped += skipped;
  self->n.take_ns += took;
  self->n.worst_take_us =
      MAX (self->n.worst_take_us, (guint) GST_TIME_AS_USECONDS (took));
  if (late > 0)
    self->n.worst_late_us =
        MAX (self->n.worst_late_us, (guint) GST_TIME_AS_USECONDS (late));
  GST_OBJECT_UNLOCK (self);
}

static GstFlowReturn
take_picture (PfVDisplaySrc *self, GstBuffer **buffer)
{
  GError *error = NULL;
  guint64 taken_at;

  *buffer = self->display->backend->take (self->display, &taken_at, &error);
  if (!*buffer) {
    GST_ELEMENT_ERROR (self, RESOURCE, READ,
        ("The display has no picture: %s", error->message), (NULL));
    g_clear_error (&error);
    return GST_FLOW_ERROR;
  }
  add_unix_time (*buffer, taken_at,
      slot_time (self, self->slot + 1) - slot_time (self, self->slot));
  return GST_FLOW_OK;
}

static GstFlowReturn
pf_vdisplay_src_create (GstPushSrc *src, GstBuffer **buffer)
{
  PfVDisplaySrc *self = PF_VDISPLAY_SRC (src);
  GstFlowReturn ret = GST_FLOW_FLUSHING;
  GstClockTimeDiff late;
  GstClockTime time;
  guint64 skipped;
  GstClock *clock;
  gint64 start;

  if (!wait_for_watcher (self))
    return ret;
  clock = get_clock (self);
  skipped = skip_slots (self, running_time (self, clock));
  time = slot_time (self, self->slot);
  if (wait_until (self, clock, time)) {
    late = GST_CLOCK_DIFF (time, running_time (self, clock));
    start = g_get_monotonic_time ();
    ret = take_picture (self, buffer);
    if (ret == GST_FLOW_OK) {
      count_frame (self, skipped, late,
          (GstClockTime) (g_get_monotonic_time () - start) * GST_USECOND);
      GST_BUFFER_PTS (*buffer) = time;
      GST_BUFFER_DURATION (*buffer) = slot_time (self, ++self->slot) - time;
    }
  }
  gst_object_unref (clock);
  return ret;
}

/* ---- Negotiation -------------------------------------------------------- */

static GstCaps *
pf_vdisplay_src_get_caps (GstBaseSrc *src, GstCaps *filter)
{
  PfVDisplaySrc *self = PF_VDISPLAY_SRC (src);
  const PfVDisplayBackend *backend;
  GstCaps *caps, *filtered;

  GST_OBJECT_LOCK (self);
  backend = self->backend;
  GST_OBJECT_UNLOCK (self);
  if (backend)
    caps = backend->get_caps ();
  else
    caps = gst_pad_get_pad_template_caps (GST_BASE_SRC_PAD (src));
  if (filter) {
    filtered = gst_caps_intersect_full (filter, caps, GST_CAPS_INTERSECT_FIRST);
    gst_caps_unref (caps);
    caps = filtered;
  }
  return caps;
}

/* As near to the wished mode as downstream lets us. */
static GstCaps *
pf_vdisplay_src_fixate (GstBaseSrc *src, GstCaps *caps)
{
  PfVDisplaySrc *self = PF_VDISPLAY_SRC (src);
  GstStructure *s;
  Mode wish;

  GST_OBJECT_LOCK (self);
  wish = self->wish;
  GST_OBJECT_UNLOCK (self);
  caps = gst_caps_make_writable (gst_caps_truncate (caps));
  s = gst_caps_get_structure (caps, 0);
  gst_structure_fixate_field_nearest_int (s, "width", (gint) wish.width);
  gst_structure_fixate_field_nearest_int (s, "height", (gint) wish.height);
  gst_structure_fixate_field_nearest_fraction (
      s, "framerate", wish.fps_n, wish.fps_d);
  return GST_BASE_SRC_CLASS (pf_vdisplay_src_parent_class)->fixate (src, caps);
}

/* TRUE if the pictures are not as wished. */
static gboolean
note_mode (PfVDisplaySrc *self, const GstVideoInfo *info, gboolean changed)
{
  gboolean refused;

  GST_OBJECT_LOCK (self);
  refused = self->wish.width != (guint) GST_VIDEO_INFO_WIDTH (info) ||
            self->wish.height != (guint) GST_VIDEO_INFO_HEIGHT (info);
  self->n.modes += changed;
  self->n.refused_modes += refused && changed;
  GST_OBJECT_UNLOCK (self);
  return refused;
}

static gboolean
pf_vdisplay_src_set_caps (GstBaseSrc *src, GstCaps *caps)
{
  PfVDisplaySrc *self = PF_VDISPLAY_SRC (src);
  GError *error = NULL;
  GstVideoInfo info;

  if (!gst_video_info_from_caps (&info, caps))
    return FALSE;
  if (!self->display->backend->set_format (self->display, &info, &error)) {
    GST_ELEMENT_ERROR (self, RESOURCE, SETTINGS,
        ("The display cannot have this mode: %s", error->message),
        ("%" GST_PTR_FORMAT, (gpointer) caps));
    g_clear_error (&error);
    return FALSE;
  }
  if (note_mode (self, &info, TRUE))
    GST_INFO_OBJECT (self, "downstream wants another size than was asked for");
  if (self->started)
    self->not_before = slot_time (self, self->slot);
  self->info = info;
  self->started = FALSE;
  gst_base_src_set_blocksize (src, (guint) GST_VIDEO_INFO_SIZE (&info));
  return TRUE;
}

/* Pictures are the back end's own memory. */
static gboolean
pf_vdisplay_src_decide_allocation (GstBaseSrc *src, GstQuery *query)
{
  (void) src;
  (void) query;
  return TRUE;
}

static gboolean
pf_vdisplay_src_query (GstBaseSrc *src, GstQuery *query)
{
  if (GST_QUERY_TYPE (query) == GST_QUERY_LATENCY) {
    gst_query_set_latency (query, TRUE, 0, GST_CLOCK_TIME_NONE);
    return TRUE;
  }
  return GST_BASE_SRC_CLASS (pf_vdisplay_src_parent_class)->query (src, query);
}

/* ---- Events ------------------------------------------------------------- */

static gboolean
is_possible (const PfMode *mode)
{
  return mode->width >= MIN_SIZE && mode->width <= MAX_SIZE &&
         mode->height >= MIN_SIZE && mode->height <= MAX_SIZE &&
         mode->fps >= 1 && mode->fps <= MAX_FPS;
}

static void
change_mode (PfVDisplaySrc *self, const PfMode *mode)
{
  const gboolean possible = is_possible (mode);
  gboolean ours;

  GST_OBJECT_LOCK (self);
  ours = mode->display == self->display_number;
  if (ours && possible)
    self->wish = (Mode){ mode->width, mode->height, (gint) mode->fps, 1 };
  else if (ours)
    self->n.refused_modes++;
  GST_OBJECT_UNLOCK (self);
  if (!ours)
    return;
  GST_INFO_OBJECT (self, "mode %ux%u@%u: %s", mode->width, mode->height,
      mode->fps, possible ? "taken" : "refused");
  if (possible)
    gst_pad_mark_reconfigure (GST_BASE_SRC_PAD (self));
}

static void
set_watched (PfVDisplaySrc *self, gboolean watched)
{
  GST_DEBUG_OBJECT (self, "watched: %d", watched);
  GST_OBJECT_LOCK (self);
  self->unwatched = !watched;
  g_cond_broadcast (&self->watch_cond);
  GST_OBJECT_UNLOCK (self);
}

/* What a person or a test can see of it; the test display takes no input. */
static void
note_input (PfVDisplaySrc *self, GstEvent *event, const PfInput *input)
{
  GstStructure *copy;

  GST_OBJECT_LOCK (self);
  if (input->display == self->display_number) {
    copy = gst_structure_copy (gst_event_get_structure (event));
    if (self->last_input)
      gst_structure_free (self->last_input);
    self->last_input = copy;
    self->n.inputs++;
  }
  GST_OBJECT_UNLOCK (self);
}

static gboolean
pf_vdisplay_src_event (GstBaseSrc *src, GstEvent *event)
{
  PfVDisplaySrc *self = PF_VDISPLAY_SRC (src);
  PfWatched watched;
  PfInput input;
  PfMode mode;

  if (pf_event_parse_watched (event, &watched)) {
    set_watched (self, watched.watched);
    return TRUE;
  }
  if (pf_event_parse_mode (event, &mode)) {
    change_mode (self, &mode);
    return TRUE;
  }
  if (pf_event_parse_input (event, &input)) {
    note_input (self, event, &input);
    return TRUE;
  }
  return GST_BASE_SRC_CLASS (pf_vdisplay_src_parent_class)->event (src, event);
}

/* ---- States ------------------------------------------------------------- */

static const PfVDisplayBackend *
find_backend (const gchar *name, GError **error)
{
  const gboolean any = g_str_equal (name, "auto");
  GString *names = g_string_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (backends); i++) {
    const PfVDisplayBackend *b = backends[i];

    g_string_append_printf (names, "%s%s", i ? ", " : "", b->name);
    if (!any && !g_str_equal (name, b->name))
      continue;
    if (any && (b->by_name_only || !b->available (NULL)))
      continue;
    g_string_free (names, TRUE);
    return any || b->available (error) ? b : NULL;
  }
  g_set_error (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_FOUND,
      any ? "no back end works here by itself; these can be named: %s"
          : "there is no such back end, there are: %s",
      names->str);
  g_string_free (names, TRUE);
  return NULL;
}

static gboolean
pf_vdisplay_src_start (GstBaseSrc *src)
{
  PfVDisplaySrc *self = PF_VDISPLAY_SRC (src);
  const PfVDisplayBackend *backend;
  GError *error = NULL;
  gchar *name;

  GST_OBJECT_LOCK (self);
  name = g_strdup (self->backend_name ? self->backend_name : DEFAULT_BACKEND);
  memset (&self->n, 0, sizeof self->n);
  self->unwatched = FALSE;
  g_clear_pointer (&self->last_input, gst_structure_free);
  GST_OBJECT_UNLOCK (self);
  self->started = FALSE;
  self->not_before = 0;
  backend = find_backend (name, &error);
  if (backend)
    self->display = backend->open (&error);
  if (!self->display) {
    GST_ELEMENT_ERROR (self, RESOURCE, NOT_FOUND,
        ("There is no virtual display (backend=%s): %s.", name, error->message),
        (NULL));
    g_clear_error (&error);
  }
  g_free (name);
  GST_OBJECT_LOCK (self);
  self->backend = self->display ? backend : NULL;
  GST_OBJECT_UNLOCK (self);
  return self->display != NULL;
}

static gboolean
pf_vdisplay_src_stop (GstBaseSrc *src)
{
  PfVDisplaySrc *self = PF_VDISPLAY_SRC (src);

  GST_OBJECT_LOCK (self);
  self->backend = NULL;
  GST_OBJECT_UNLOCK (self);
  if (self->display)
    self->display->backend->close (self->display);
  self->display = NULL;
  return TRUE;
}

/* ---- Properties --------------------------------------------------------- */

/* Call with the object lock. */
static GstStructure *
make_stats (PfVDisplaySrc *self)
{
  const Counters *n = &self->n;
  const guint64 mean = n->frames ? n->take_ns / n->frames / 1000 : 0;
  GstStructure *s = gst_structure_new ("application/x-pf-vdisplaysrc-stats",
      "frames", G_TYPE_UINT64, n->frames, "skipped", G_TYPE_UINT64, n->skipped,
      "rests", G_TYPE_UINT64, n->rests, "modes", G_TYPE_UINT64, n->modes,
      "refused-modes", G_TYPE_UINT64, n->refused_modes, "inputs", G_TYPE_UINT64,
      n->inputs, "mean-take-us", G_TYPE_UINT, (guint) mean, "worst-take-us",
      G_TYPE_UINT, n->worst_take_us, "worst-late-us", G_TYPE_UINT,
      n->worst_late_us, NULL);

  if (self->last_input)
    gst_structure_set (
        s, "last-input", GST_TYPE_STRUCTURE, self->last_input, NULL);
  return s;
}

static void
pf_vdisplay_src_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  PfVDisplaySrc *self = PF_VDISPLAY_SRC (object);

  GST_OBJECT_LOCK (self);
  switch (id) {
  case PROP_BACKEND:
    g_free (self->backend_name);
    self->backend_name = g_value_dup_string (value);
    break;
  case PROP_WIDTH:
    self->wish.width = g_value_get_uint (value);
    break;
  case PROP_HEIGHT:
    self->wish.height = g_value_get_uint (value);
    break;
  case PROP_FRAMERATE:
    self->wish.fps_n = gst_value_get_fraction_numerator (value);
    self->wish.fps_d = gst_value_get_fraction_denominator (value);
    break;
  case PROP_DISPLAY:
    self->display_number = g_value_get_uint (value);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    break;
  }
  GST_OBJECT_UNLOCK (self);
}

static void
pf_vdisplay_src_get_property (
    GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  PfVDisplaySrc *self = PF_VDISPLAY_SRC (object);

  GST_OBJECT_LOCK (self);
  switch (id) {
  case PROP_BACKEND:
    g_value_set_string (value, self->backend_name);
    break;
  case PROP_WIDTH:
    g_value_set_uint (value, self->wish.width);
    break;
  case PROP_HEIGHT:
    g_value_set_uint (value, self->wish.height);
    break;
  case PROP_FRAMERATE:
    gst_value_set_fraction (value, self->wish.fps_n, self->wish.fps_d);
    break;
  case PROP_DISPLAY:
    g_value_set_uint (value, self->display_number);
    break;
  case PROP_STATS:
    g_value_take_boxed (value, make_stats (self));
    break;
  case PROP_FRAMES:
    g_value_set_uint64 (value, self->n.frames);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    break;
  }
  GST_OBJECT_UNLOCK (self);
}

static void
pf_vdisplay_src_finalize (GObject *object)
{
  PfVDisplaySrc *self = PF_VDISPLAY_SRC (object);

  g_free (self->backend_name);
  g_clear_pointer (&self->last_input, gst_structure_free);
  g_cond_clear (&self->watch_cond);
  G_OBJECT_CLASS (pf_vdisplay_src_parent_class)->finalize (object);
}

static void
install_properties (GObjectClass *object_class)
{
  const GParamFlags rw = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS;
  const GParamFlags ready = rw | GST_PARAM_MUTABLE_READY;
  const GParamFlags ro = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  props[PROP_BACKEND] = g_param_spec_string ("backend", "Back end",
      "Where the display comes from: test, or auto for the best that works "
      "here",
      DEFAULT_BACKEND, ready);
  props[PROP_WIDTH] = g_param_spec_uint ("width", "Width",
      "Pixels, where downstream leaves a choice; follows PfMode", MIN_SIZE,
      MAX_SIZE, DEFAULT_WIDTH, ready);
  props[PROP_HEIGHT] = g_param_spec_uint ("height", "Height",
      "Pixels, where downstream leaves a choice; follows PfMode", MIN_SIZE,
      MAX_SIZE, DEFAULT_HEIGHT, ready);
  props[PROP_FRAMERATE] = gst_param_spec_fraction ("framerate", "Frame rate",
      "Pictures a second, where downstream leaves a choice; follows PfMode", 1,
      1, MAX_FPS, 1, DEFAULT_FPS_N, DEFAULT_FPS_D, ready);
  props[PROP_DISPLAY] = g_param_spec_uint ("display", "Display",
      "Number of the display: events for others are left alone", 0, G_MAXUINT,
      DEFAULT_DISPLAY, ready);
  /**
   * PfVDisplaySrc:stats:
   *
   * A structure application/x-pf-vdisplaysrc-stats, counted since READY:
   * frames, skipped (slots in which nobody took the picture), rests (times that
   * nobody watched), modes (that the
   * display had), refused-modes (impossible, or downstream wanted another
   * size), inputs: uint64; mean-take-us, worst-take-us (time to get a
   * picture), worst-late-us (after its slot): uint; last-input: the structure
   * of the last PfInput, if there was one.
   */
  props[PROP_STATS] = g_param_spec_boxed ("stats", "Statistics",
      "Counters since READY; see the documentation", GST_TYPE_STRUCTURE, ro);
  props[PROP_FRAMES] = g_param_spec_uint64 (
      "frames", "Frames", "Pictures pushed since READY", 0, G_MAXUINT64, 0, ro);
  g_object_class_install_properties (object_class, N_PROPS, props);
}

static void
pf_vdisplay_src_class_init (PfVDisplaySrcClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstBaseSrcClass *src_class = GST_BASE_SRC_CLASS (klass);

  GST_DEBUG_CATEGORY_INIT (
      pf_vdisplay_src_debug, "pfvdisplaysrc", 0, "virtual display");
  object_class->set_property = pf_vdisplay_src_set_property;
  object_class->get_property = pf_vdisplay_src_get_property;
  object_class->finalize = pf_vdisplay_src_finalize;
  src_class->start = GST_DEBUG_FUNCPTR (pf_vdisplay_src_start);
  src_class->stop = GST_DEBUG_FUNCPTR (pf_vdisplay_src_stop);
  src_class->unlock = GST_DEBUG_FUNCPTR (pf_vdisplay_src_unlock);
  src_class->unlock_stop = GST_DEBUG_FUNCPTR (pf_vdisplay_src_unlock_stop);
  src_class->get_caps = GST_DEBUG_FUNCPTR (pf_vdisplay_src_get_caps);
  src_class->fixate = GST_DEBUG_FUNCPTR (pf_vdisplay_src_fixate);
  src_class->set_caps = GST_DEBUG_FUNCPTR (pf_vdisplay_src_set_caps);
  src_class->decide_allocation =
      GST_DEBUG_FUNCPTR (pf_vdisplay_src_decide_allocation);
  src_class->query = GST_DEBUG_FUNCPTR (pf_vdisplay_src_query);
  src_class->event = GST_DEBUG_FUNCPTR (pf_vdisplay_src_event);
  GST_PUSH_SRC_CLASS (klass)->create =
      GST_DEBUG_FUNCPTR (pf_vdisplay_src_create);
  install_properties (object_class);
  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_set_static_metadata (element_class, "Virtual display",
      "Source/Video", "The picture of a display that exists for a client",
      "The gst-punktfunk developers");
}

static void
pf_vdisplay_src_init (PfVDisplaySrc *self)
{
  g_cond_init (&self->watch_cond);
  self->backend_name = g_strdup (DEFAULT_BACKEND);
  self->wish =
      (Mode){ DEFAULT_WIDTH, DEFAULT_HEIGHT, DEFAULT_FPS_N, DEFAULT_FPS_D };
  self->display_number = DEFAULT_DISPLAY;
  gst_base_src_set_live (GST_BASE_SRC (self), TRUE);
  gst_base_src_set_format (GST_BASE_SRC (self), GST_FORMAT_TIME);
}
