/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A display that is drawn here: colours, a box and a bar that move, and in each
 * picture its number and time, for machines (pf-picture.h) and for people.
 *
 * Pictures lie in memories that are used again when nobody else holds them.
 * Each remembers what it shows, so that only what differs is drawn. Downstream
 * sees them as read-only, so that nobody draws into them in place.
 */
#include "backend.h"

#include <string.h>
#include <time.h>

#include "painter.h"
#include "pf-picture.h"

#define MAX_KEPT 32 /* memories; more are drawn whole, used once */
#define LINES 3
#define LINE_LENGTH 24
#define STEPS 240 /* frames in which the box has gone its way */

/* What a picture shows. */
typedef struct {
  gboolean drawn;
  PfRect box, bar;
  guint8 code[PF_PICTURE_BYTES];
  gchar lines[LINES][LINE_LENGTH];
} Shown;

typedef struct {
  GstMemory *memory;
  guint8 *bytes; /* of the memory */
  Shown shown;
} Picture;

typedef struct {
  PfVDisplay parent;
  GstVideoInfo info;
  gboolean has_code;
  PfPictureArea area;
  guint32 scale;      /* of digits, in pixels */
  guint32 top;        /* where text begins */
  guint32 free_from;  /* where box and bar may be */
  guint32 number;     /* of the next picture */
  guint8 *background; /* a whole picture */
  Picture kept[MAX_KEPT];
  guint n_kept;
  PfColour light, dark, accent, second;
} TestDisplay;

#define SIZES                                                                  \
  "width=(int)[ 64, 16384 ], height=(int)[ 64, 16384 ], "                      \
  "framerate=(fraction)[ 1/1, 1000/1 ], pixel-aspect-ratio=(fraction)1/1, "    \
  "interlace-mode=(string)progressive"

static GstCaps *
test_get_caps (void)
{
  return gst_caps_from_string (
      "video/x-raw, format=(string){ I420, NV12 }, " SIZES
      ", colorimetry=(string){ bt709, bt601 }; "
      "video/x-raw, format=(string)BGRx, " SIZES);
}

static gboolean
test_available (GError **error)
{
  (void) error;
  return TRUE;
}

/* ---- Drawing ------------------------------------------------------------ */

static void
make_canvas (PfCanvas *canvas, const GstVideoInfo *info, guint8 *bytes)
{
  const GstVideoFormat format = GST_VIDEO_INFO_FORMAT (info);

  memset (canvas, 0, sizeof *canvas);
  canvas->format = format == GST_VIDEO_FORMAT_I420   ? PF_CANVAS_I420
                   : format == GST_VIDEO_FORMAT_NV12 ? PF_CANVAS_NV12
                                                     : PF_CANVAS_BGRX;
  canvas->width = (guint32) GST_VIDEO_INFO_WIDTH (info);
  canvas->height = (guint32) GST_VIDEO_INFO_HEIGHT (info);
  for (guint i = 0; i < GST_VIDEO_INFO_N_PLANES (info); i++) {
    canvas->planes[i] = bytes + GST_VIDEO_INFO_PLANE_OFFSET (info, i);
    canvas->strides[i] = (gsize) GST_VIDEO_INFO_PLANE_STRIDE (info, i);
  }
}

static PfColour
colour (const TestDisplay *d, guint8 r, guint8 g, guint8 b)
{
  gdouble kr = 0.2126, kb = 0.0722;

  if (GST_VIDEO_INFO_IS_YUV (&d->info))
    gst_video_color_matrix_get_Kr_Kb (d->info.colorimetry.matrix, &kr, &kb);
  return pf_colour (r, g, b, kr, kb);
}

/* What does not move: a gradient, bars of colour at its foot, and the dark
 * field that code and digits lie on. */
static void
draw_background (TestDisplay *d)
{
  static const guint8 bars[][3] = { { 255, 255, 255 }, { 255, 255, 0 },
    { 0, 255, 255 }, { 0, 255, 0 }, { 255, 0, 255 }, { 255, 0, 0 },
    { 0, 0, 255 }, { 0, 0, 0 } };
  const guint32 width = (guint32) GST_VIDEO_INFO_WIDTH (&d->info);
  const guint32 height = (guint32) GST_VIDEO_INFO_HEIGHT (&d->info);
  const guint32 foot = height - height / 12;
  PfCanvas canvas;

  make_canvas (&canvas, &d->info, d->background);
  for (guint32 y = 0; y < height; y += 2) {
    const guint8 shade = (guint8) (40 + 100 * (guint64) y / height);
    const PfColour c = colour (d, shade / 2, shade / 2, shade);

    pf_canvas_fill (&canvas, (PfRect){ 0, y, width, 2 }, &c);
  }
  for (guint32 i = 0; i < G_N_ELEMENTS (bars); i++) {
    const guint32 x = i * width / 8, end = (i + 1) * width / 8;
    const PfColour c = colour (d, bars[i][0], bars[i][1], bars[i][2]);

    pf_canvas_fill (&canvas, (PfRect){ x, foot, end - x, height - foot }, &c);
  }
  if (d->has_code)
    pf_canvas_fill (&canvas,
        (PfRect){ 0, 0, (d->area.columns + 2) * d->area.block,
            (d->area.rows + 2) * d->area.block },
        &d->dark);
}

static void
draw_code (TestDisplay *d, PfCanvas *canvas, Shown *shown, const guint8 *code)
{
  const guint32 block = d->area.block;

  for (guint32 i = 0; i < PF_PICTURE_BITS; i++) {
    const guint8 bit = (guint8) (0x80 >> i % 8);

    if (shown->drawn && !((shown->code[i / 8] ^ code[i / 8]) & bit))
      continue;
    pf_canvas_fill (canvas,
        (PfRect){ d->area.x + i % d->area.columns * block,
            d->area.y + i / d->area.columns * block, block, block },
        code[i / 8] & bit ? &d->light : &d->dark);
  }
  memcpy (shown->code, code, PF_PICTURE_BYTES);
}

static void
draw_lines (TestDisplay *d, PfCanvas *canvas, Shown *shown,
    gchar lines[LINES][LINE_LENGTH])
{
  for (guint32 line = 0; line < LINES; line++)
    for (guint32 i = 0; lines[line][i]; i++)
      if (!shown->drawn || shown->lines[line][i] != lines[line][i])
        pf_canvas_glyph (canvas, (1 + i * PF_GLYPH_WIDTH) * d->scale,
            d->top + line * PF_GLYPH_HEIGHT * d->scale, d->scale,
            lines[line][i], &d->light, &d->dark);
  memcpy (shown->lines, lines, sizeof shown->lines);
}

/* There and back again. */
static guint32
swing (guint32 step, guint32 steps, guint32 room)
{
  const guint32 phase = step % (2 * steps);

  return (guint32) ((guint64) room *
                    (phase < steps ? phase : 2 * steps - phase) / steps) &
         ~1u;
}

/* A box of checks and a bar, over the background. */
static void
draw_moving (TestDisplay *d, PfCanvas *canvas, Shown *shown)
{
  const guint32 width = canvas->width;
  const guint32 room = canvas->height - canvas->height / 12 - d->free_from;
  const guint32 edge = MIN (room, width) / 3 & ~7u, check = edge / 4 & ~1u;
  const PfRect bar = { swing (d->number, STEPS / 2, width - 8), d->free_from, 8,
    room };
  const PfRect box = { swing (d->number, STEPS, width - edge),
    d->free_from + swing (d->number, STEPS / 3, room - edge), edge, edge };
  PfCanvas background;

  if (room > canvas->height)
    return; /* there is none */
  if (shown->drawn) {
    make_canvas (&background, &d->info, d->background);
    pf_canvas_copy (canvas, &background, shown->bar);
    pf_canvas_copy (canvas, &background, shown->box);
  }
  pf_canvas_fill (canvas, bar, &d->light);
  for (guint32 i = 0; i < 16 && check > 0; i++)
    pf_canvas_fill (canvas,
        (PfRect){ box.x + i % 4 * check, box.y + i / 4 * check, check, check },
        (i + i / 4) % 2 ? &d->accent : &d->second);
  shown->bar = bar;
  shown->box = box;
}

static void
write_lines (const TestDisplay *d, guint64 now, gchar lines[LINES][LINE_LENGTH])
{
  const guint64 seconds = now / GST_SECOND;
  const GstVideoInfo *info = &d->info;

  memset (lines, 0, LINES * LINE_LENGTH);
  g_snprintf (lines[0], LINE_LENGTH, "%08u", d->number);
  g_snprintf (lines[1], LINE_LENGTH, "%02u:%02u:%02u.%03u",
      (guint) (seconds / 3600 % 24), (guint) (seconds / 60 % 60),
      (guint) (seconds % 60), (guint) (now / GST_MSECOND % 1000));
  g_snprintf (lines[2], LINE_LENGTH, "%dx%d@%d", GST_VIDEO_INFO_WIDTH (info),
      GST_VIDEO_INFO_HEIGHT (info),
      (GST_VIDEO_INFO_FPS_N (info) + GST_VIDEO_INFO_FPS_D (info) / 2) /
          GST_VIDEO_INFO_FPS_D (info));
}

static void
draw (TestDisplay *d, Picture *picture, guint64 now)
{
  const PfPictureStamp stamp = { d->number, now };
  gchar lines[LINES][LINE_LENGTH];
  guint8 code[PF_PICTURE_BYTES];
  PfCanvas canvas;

  make_canvas (&canvas, &d->info, picture->bytes);
  if (!picture->shown.drawn)
    memcpy (picture->bytes, d->background, GST_VIDEO_INFO_SIZE (&d->info));
  draw_moving (d, &canvas, &picture->shown);
  write_lines (d, now, lines);
  draw_lines (d, &canvas, &picture->shown, lines);
  if (d->has_code) {
    pf_picture_encode (&stamp, code);
    draw_code (d, &canvas, &picture->shown, code);
  }
  picture->shown.drawn = TRUE;
}

/* ---- Memory ------------------------------------------------------------- */

static void
make_picture (TestDisplay *d, Picture *picture)
{
  const gsize size = GST_VIDEO_INFO_SIZE (&d->info);
  /* readers of vectors may go a little beyond the end */
  guint8 *bytes = g_malloc (size + 64);

  memset (picture, 0, sizeof *picture);
  picture->bytes = bytes;
  picture->memory = gst_memory_new_wrapped (
      GST_MEMORY_FLAG_READONLY, bytes, size + 64, 0, size, bytes, g_free);
}

static void
forget_pictures (TestDisplay *d)
{
  while (d->n_kept > 0)
    gst_memory_unref (d->kept[--d->n_kept].memory);
  g_clear_pointer (&d->background, g_free);
}

/* One that nobody else has, or a new one; *once is where it is if it cannot be
 * kept. */
static Picture *
find_picture (TestDisplay *d, Picture *once)
{
  for (guint i = 0; i < d->n_kept; i++)
    if (GST_MINI_OBJECT_REFCOUNT_VALUE (d->kept[i].memory) == 1)
      return &d->kept[i];
  if (d->n_kept == MAX_KEPT) {
    make_picture (d, once);
    return once;
  }
  make_picture (d, &d->kept[d->n_kept]);
  return &d->kept[d->n_kept++];
}

/* ---- The back end ------------------------------------------------------- */

static PfVDisplay *
test_open (GError **error)
{
  TestDisplay *d = g_new0 (TestDisplay, 1);

  (void) error;
  d->parent.backend = &pf_vdisplay_test;
  gst_video_info_init (&d->info);
  return &d->parent;
}

static void
test_close (PfVDisplay *display)
{
  TestDisplay *d = (TestDisplay *) display;

  forget_pictures (d);
  g_free (d);
}

static gboolean
test_set_format (PfVDisplay *display, const GstVideoInfo *info, GError **error)
{
  TestDisplay *d = (TestDisplay *) display;
  const guint32 height = (guint32) GST_VIDEO_INFO_HEIGHT (info);

  (void) error;
  forget_pictures (d);
  d->info = *info;
  d->has_code = pf_picture_area (&d->area,
                    (guint32) GST_VIDEO_INFO_WIDTH (info), height) == 0;
  d->scale = d->has_code ? MAX (d->area.block / 4 & ~1u, 2) : 2;
  d->top = d->has_code ? (d->area.rows + 2) * d->area.block : 0;
  d->free_from = (d->top + LINES * PF_GLYPH_HEIGHT * d->scale + d->scale) & ~1u;
  d->light = colour (d, 255, 255, 255);
  d->dark = colour (d, 0, 0, 0);
  d->accent = colour (d, 255, 140, 0);
  d->second = colour (d, 0, 90, 160);
  d->background = g_malloc0 (GST_VIDEO_INFO_SIZE (info));
  draw_background (d);
  return TRUE;
}

static guint64
unix_time (void)
{
  struct timespec t;

  clock_gettime (CLOCK_REALTIME, &t);
  return (guint64) t.tv_sec * GST_SECOND + (guint64) t.tv_nsec;
}

static GstBuffer *
test_take (PfVDisplay *display, guint64 *taken_at, GError **error)
{
  TestDisplay *d = (TestDisplay *) display;
  Picture once, *picture = find_picture (d, &once);
  GstBuffer *buffer = gst_buffer_new ();

  (void) error;
  *taken_at = unix_time ();
  draw (d, picture, *taken_at);
  GST_BUFFER_OFFSET (buffer) = d->number++;
  GST_BUFFER_OFFSET_END (buffer) = d->number;
  gst_buffer_append_memory (buffer,
      picture == &once ? picture->memory : gst_memory_ref (picture->memory));
  return buffer;
}

const PfVDisplayBackend pf_vdisplay_test = {
  .name = "test",
  .by_name_only = TRUE,
  .available = test_available,
  .open = test_open,
  .close = test_close,
  .get_caps = test_get_caps,
  .set_format = test_set_format,
  .take = test_take,
};
