/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Wishes and facts between elements; see pf-events.h. */
#include "pf-events.h"

#include "pf-fields.h"

#include <string.h>

/* What the fields of an event are, and where they go. */
typedef struct {
  const gchar *name;
  GstEventType type;
  const PfField *fields;
  guint n_fields;
  gsize size;
} Format;

#define FORMAT(Type, name, direction, fields)                                  \
  {                                                                            \
    name, GST_EVENT_CUSTOM_##direction, fields, G_N_ELEMENTS (fields),         \
        sizeof (Type)                                                          \
  }

static GstEvent *
make (const Format *format, gconstpointer from)
{
  GstStructure *s = gst_structure_new_empty (format->name);

  pf_fields_put (s, format->fields, format->n_fields, from);
  return gst_event_new_custom (format->type, s);
}

static const GstStructure *
structure_of (GstEvent *event, const gchar *name, GstEventType type)
{
  if (GST_EVENT_TYPE (event) != type || !gst_event_has_name (event, name))
    return NULL;
  return gst_event_get_structure (event);
}

static gboolean
parse (const Format *format, GstEvent *event, gpointer to)
{
  const GstStructure *s = structure_of (event, format->name, format->type);

  return s &&
         pf_fields_get (s, format->fields, format->n_fields, to, format->size);
}

/* The maker and the reader of an event that is all fields. */
#define DEFINE(Type, name, format)                                             \
  GstEvent *pf_event_new_##name (const Type *from)                             \
  {                                                                            \
    return make (&format, from);                                               \
  }                                                                            \
  gboolean pf_event_parse_##name (GstEvent *event, Type *to)                   \
  {                                                                            \
    Type read = { 0 };                                                         \
                                                                               \
    if (!parse (&format, event, &read))                                        \
      return FALSE;                                                            \
    *to = read;                                                                \
    return TRUE;                                                               \
  }

/* ---- The session --------------------------------------------------------- */

GstEvent *
pf_event_new_params_changed (gboolean upstream)
{
  return gst_event_new_custom (
      upstream ? GST_EVENT_CUSTOM_UPSTREAM : GST_EVENT_CUSTOM_DOWNSTREAM,
      gst_structure_new_empty (PF_EVENT_PARAMS_CHANGED));
}

gboolean
pf_event_is_params_changed (GstEvent *event)
{
  return structure_of (
             event, PF_EVENT_PARAMS_CHANGED, GST_EVENT_CUSTOM_UPSTREAM) ||
         structure_of (
             event, PF_EVENT_PARAMS_CHANGED, GST_EVENT_CUSTOM_DOWNSTREAM);
}

/* ---- Frames and packets -------------------------------------------------- */

static const PfField frames_fields[] = {
  PF_FIELD (PfFrames, UINT, first, "first", 0, G_MAXUINT32),
  PF_FIELD (PfFrames, UINT, last, "last", 0, G_MAXUINT32),
};

static const Format invalidate_frames =
    FORMAT (PfFrames, PF_EVENT_INVALIDATE_FRAMES, UPSTREAM, frames_fields);
static const Format frame_lost =
    FORMAT (PfFrames, PF_EVENT_FRAME_LOST, UPSTREAM, frames_fields);

DEFINE (PfFrames, invalidate_frames, invalidate_frames)
DEFINE (PfFrames, frame_lost, frame_lost)

#define TOTAL(member, name)                                                    \
  PF_FIELD_OPTIONAL (PfLossReport, UINT64, member, name, 0, G_MAXDOUBLE)
static const PfField loss_report_fields[] = {
  PF_FIELD (PfLossReport, UINT, ppm, "ppm", 0, 1000000),
  TOTAL (packets, "packets"),
  TOTAL (restored, "restored"),
  TOTAL (late, "late"),
  TOTAL (frames, "frames"),
  TOTAL (frames_lost, "frames-lost"),
};
#undef TOTAL

static const Format loss_report =
    FORMAT (PfLossReport, PF_EVENT_LOSS_REPORT, UPSTREAM, loss_report_fields);

DEFINE (PfLossReport, loss_report, loss_report)

/* ---- Speed test ---------------------------------------------------------- */

static const PfField probe_fields[] = {
  PF_FIELD (PfProbe, UINT, kbps, "kbps", 1, G_MAXUINT32),
  PF_FIELD (PfProbe, UINT, ms, "ms", 1, G_MAXUINT32),
};

static const Format probe =
    FORMAT (PfProbe, PF_EVENT_PROBE, UPSTREAM, probe_fields);

DEFINE (PfProbe, probe, probe)

static const PfField probe_done_fields[] = {
  PF_FIELD (PfProbeDone, UINT64, bytes, "bytes", 0, G_MAXDOUBLE),
  PF_FIELD (PfProbeDone, UINT, units, "units", 0, G_MAXUINT32),
  PF_FIELD (PfProbeDone, UINT, ms, "ms", 0, G_MAXUINT32),
  PF_FIELD (PfProbeDone, UINT, packets, "packets", 0, G_MAXUINT32),
  PF_FIELD (PfProbeDone, UINT, dropped, "dropped", 0, G_MAXUINT32),
};

static const Format probe_done =
    FORMAT (PfProbeDone, PF_EVENT_PROBE_DONE, DOWNSTREAM, probe_done_fields);

DEFINE (PfProbeDone, probe_done, probe_done)

/* ---- The display --------------------------------------------------------- */

#define DISPLAYS 15 /* the highest number */
#define PIXELS 65535

static const PfField mode_fields[] = {
  PF_FIELD (PfMode, UINT, display, "display", 0, DISPLAYS),
  PF_FIELD (PfMode, UINT, width, "width", 1, PIXELS),
  PF_FIELD (PfMode, UINT, height, "height", 1, PIXELS),
  PF_FIELD (PfMode, UINT, fps, "fps", 1, 1000),
};

static const Format mode =
    FORMAT (PfMode, PF_EVENT_MODE, UPSTREAM, mode_fields);

DEFINE (PfMode, mode, mode)

static const PfField watched_fields[] = {
  PF_FIELD (PfWatched, BOOLEAN, watched, "watched", 0, 1),
};

static const Format watched =
    FORMAT (PfWatched, PF_EVENT_WATCHED, UPSTREAM, watched_fields);

DEFINE (PfWatched, watched, watched)

#define VALUE(member, name, min, max)                                          \
  PF_FIELD_OPTIONAL (PfInput, DOUBLE, member, name, min, max)
static const PfField input_fields[] = {
  PF_FIELD (PfInput, UINT, display, "display", 0, DISPLAYS),
  PF_FIELD (PfInput, UINT, kind, "kind", 0, PF_N_INPUTS - 1),
  PF_FIELD_OPTIONAL (PfInput, UINT, code, "code", 0, 0x10ffff),
  PF_FIELD_OPTIONAL (PfInput, UINT, state, "state", 0, PF_N_INPUT_STATES - 1),
  VALUE (x, "x", -1e6, 1e6),
  VALUE (y, "y", -1e6, 1e6),
  VALUE (pressure, "pressure", 0, 1),
  VALUE (tilt_x, "tilt-x", -90, 90),
  VALUE (tilt_y, "tilt-y", -90, 90),
  PF_FIELD_OPTIONAL (PfInput, UINT, buttons, "buttons", 0, 3),
};
#undef VALUE

static const Format input_format =
    FORMAT (PfInput, PF_EVENT_INPUT, UPSTREAM, input_fields);

GstEvent *
pf_event_new_input (const PfInput *input)
{
  return make (&input_format, input);
}

static gboolean
is_share (gdouble value)
{
  return value >= 0 && value <= 1;
}

gboolean
pf_event_parse_input (GstEvent *event, PfInput *input)
{
  PfInput read = { 0 };

  if (!parse (&input_format, event, &read))
    return FALSE;
  switch (read.kind) {
  case PF_INPUT_KEY:
  case PF_INPUT_BUTTON:
    if (read.state > PF_INPUT_DOWN)
      return FALSE;
    break;
  case PF_INPUT_POINTER_ABS:
  case PF_INPUT_TOUCH:
  case PF_INPUT_PEN:
    if (!is_share (read.x) || !is_share (read.y))
      return FALSE;
    break;
  case PF_INPUT_TEXT:
    if (read.code == 0 || (read.code >= 0xd800 && read.code <= 0xdfff))
      return FALSE;
    break;
  default:
    break;
  }
  *input = read;
  return TRUE;
}

/* ---- Anchors ------------------------------------------------------------- */

/* Parsers and queues keep such metas; flags and metas of our own they need not.
 * The time in it means nothing. */
static GstStaticCaps anchor = GST_STATIC_CAPS ("timestamp/x-pf-anchor");

void
pf_buffer_set_anchor (GstBuffer *buffer)
{
  GstCaps *caps = gst_static_caps_get (&anchor);

  gst_buffer_add_reference_timestamp_meta (
      buffer, caps, 0, GST_CLOCK_TIME_NONE);
  gst_caps_unref (caps);
}

gboolean
pf_buffer_is_anchor (GstBuffer *buffer)
{
  GstCaps *caps = gst_static_caps_get (&anchor);
  const gboolean is =
      gst_buffer_get_reference_timestamp_meta (buffer, caps) != NULL;

  gst_caps_unref (caps);
  return is;
}

/* ---- The pointer --------------------------------------------------------- */

static const PfField cursor_fields[] = {
  PF_FIELD (PfCursor, UINT, display, "display", 0, DISPLAYS),
  PF_FIELD (PfCursor, UINT, serial, "serial", 0, G_MAXUINT32),
  PF_FIELD (PfCursor, BOOLEAN, visible, "visible", 0, 1),
  PF_FIELD (PfCursor, INT, x, "x", -PIXELS, PIXELS),
  PF_FIELD (PfCursor, INT, y, "y", -PIXELS, PIXELS),
  PF_FIELD (PfCursor, UINT, hot_x, "hot-x", 0, PF_CURSOR_SIZE_MAX),
  PF_FIELD (PfCursor, UINT, hot_y, "hot-y", 0, PF_CURSOR_SIZE_MAX),
  PF_FIELD (PfCursor, UINT, width, "width", 0, PF_CURSOR_SIZE_MAX),
  PF_FIELD (PfCursor, UINT, height, "height", 0, PF_CURSOR_SIZE_MAX),
};

static const Format cursor_format =
    FORMAT (PfCursor, PF_EVENT_CURSOR, DOWNSTREAM_OOB, cursor_fields);

GstEvent *
pf_event_new_cursor (const PfCursor *cursor)
{
  GstEvent *event = make (&cursor_format, cursor);

  if (cursor->picture)
    gst_structure_set (gst_event_writable_structure (event), "picture",
        GST_TYPE_BUFFER, cursor->picture, NULL);
  return event;
}

gboolean
pf_event_parse_cursor (GstEvent *event, PfCursor *cursor)
{
  PfCursor read = { 0 };
  const GValue *picture;
  gsize size;

  if (!parse (&cursor_format, event, &read))
    return FALSE;
  picture =
      gst_structure_get_value (gst_event_get_structure (event), "picture");
  if (picture && !GST_VALUE_HOLDS_BUFFER (picture))
    return FALSE;
  read.picture = picture ? gst_value_get_buffer (picture) : NULL;
  size = read.picture ? gst_buffer_get_size (read.picture) : 0;
  if (size != (gsize) 4 * read.width * read.height ||
      (read.width == 0) != (read.height == 0) ||
      (size > 0 && (read.hot_x >= read.width || read.hot_y >= read.height)))
    return FALSE;
  *cursor = read;
  return TRUE;
}

/* ---- Times of a frame ---------------------------------------------------- */

static const PfField host_timing_fields[] = {
  PF_FIELD (PfHostTiming, UINT64, captured, "captured", 0, G_MAXDOUBLE),
  PF_FIELD (PfHostTiming, BOOLEAN, stages, "stages", 0, 1),
  PF_FIELD (PfHostTiming, UINT, host_us, "host-us", 0, G_MAXUINT32),
  PF_FIELD (PfHostTiming, UINT, queue_us, "queue-us", 0, G_MAXUINT32),
  PF_FIELD (PfHostTiming, UINT, encode_us, "encode-us", 0, G_MAXUINT32),
  PF_FIELD (PfHostTiming, UINT, pace_us, "pace-us", 0, G_MAXUINT32),
};

static const Format host_timing = FORMAT (
    PfHostTiming, PF_EVENT_HOST_TIMING, DOWNSTREAM_OOB, host_timing_fields);

DEFINE (PfHostTiming, host_timing, host_timing)
