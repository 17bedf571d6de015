/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Rectangles and text; see painter.h. */
#include "painter.h"

#include <string.h>

/* ---- Colours ------------------------------------------------------------ */

static uint8_t
clamp (double v)
{
  return (uint8_t) (v < 0 ? 0 : v > 255 ? 255 : v + 0.5);
}

PfColour
pf_colour (uint8_t r, uint8_t g, uint8_t b, double kr, double kb)
{
  const double y = kr * r + (1 - kr - kb) * g + kb * b;
  PfColour c = { .r = r, .g = g, .b = b };

  c.y = clamp (16 + y * 219 / 255);
  c.u = clamp (128 + (b - y) / (2 * (1 - kb)) * 224 / 255);
  c.v = clamp (128 + (r - y) / (2 * (1 - kr)) * 224 / 255);
  return c;
}

/* ---- Rectangles --------------------------------------------------------- */

static PfRect
clip (const PfCanvas *canvas, PfRect r)
{
  r.x &= ~1u;
  r.y &= ~1u;
  if (r.x >= canvas->width || r.y >= canvas->height)
    return (PfRect){ 0, 0, 0, 0 };
  if (r.width > canvas->width - r.x)
    r.width = canvas->width - r.x;
  if (r.height > canvas->height - r.y)
    r.height = canvas->height - r.y;
  return r;
}

/* The same on a plane that has half as many samples each way. */
static PfRect
halve (PfRect r)
{
  return (PfRect){ r.x / 2, r.y / 2, (r.width + 1) / 2, (r.height + 1) / 2 };
}

static uint8_t *
at (const PfCanvas *canvas, unsigned plane, PfRect r, size_t size)
{
  return canvas->planes[plane] + r.y * canvas->strides[plane] + r.x * size;
}

/* Samples of one, two or four bytes. */
static void
fill_plane (PfCanvas *canvas, unsigned plane, PfRect r, const uint8_t *sample,
    size_t size)
{
  uint8_t *row = at (canvas, plane, r, size);
  const size_t stride = canvas->strides[plane], bytes = r.width * size;

  if (r.width == 0 || r.height == 0)
    return;
  if (size == 1)
    memset (row, sample[0], bytes);
  else
    for (size_t i = 0; i < bytes; i += size)
      memcpy (row + i, sample, size);
  for (uint32_t y = 1; y < r.height; y++)
    memcpy (row + y * stride, row, bytes);
}

void
pf_canvas_fill (PfCanvas *canvas, PfRect rect, const PfColour *c)
{
  const PfRect r = clip (canvas, rect), half = halve (r);
  const uint8_t bgrx[4] = { c->b, c->g, c->r, 0xff };
  const uint8_t uv[2] = { c->u, c->v };

  if (canvas->format == PF_CANVAS_BGRX) {
    fill_plane (canvas, 0, r, bgrx, 4);
    return;
  }
  fill_plane (canvas, 0, r, &c->y, 1);
  if (canvas->format == PF_CANVAS_NV12) {
    fill_plane (canvas, 1, half, uv, 2);
    return;
  }
  fill_plane (canvas, 1, half, &c->u, 1);
  fill_plane (canvas, 2, half, &c->v, 1);
}

static void
copy_plane (PfCanvas *canvas, const PfCanvas *from, unsigned plane, PfRect r,
    size_t size)
{
  uint8_t *to = at (canvas, plane, r, size);
  const uint8_t *row = at (from, plane, r, size);

  for (uint32_t y = 0; y < r.height; y++)
    memcpy (to + y * canvas->strides[plane], row + y * from->strides[plane],
        r.width * size);
}

void
pf_canvas_copy (PfCanvas *canvas, const PfCanvas *from, PfRect rect)
{
  const PfRect r = clip (canvas, rect), half = halve (r);

  switch (canvas->format) {
  case PF_CANVAS_BGRX:
    copy_plane (canvas, from, 0, r, 4);
    break;
  case PF_CANVAS_NV12:
    copy_plane (canvas, from, 0, r, 1);
    copy_plane (canvas, from, 1, half, 2);
    break;
  case PF_CANVAS_I420:
    copy_plane (canvas, from, 0, r, 1);
    copy_plane (canvas, from, 1, half, 1);
    copy_plane (canvas, from, 2, half, 1);
    break;
  }
}

/* ---- Glyphs ------------------------------------------------------------- */

/* Seven rows of five dots, the highest of five bits at the left. */
static const struct {
  char c;
  uint8_t rows[7];
} font[] = {
  { '0', { 0x0e, 0x11, 0x13, 0x15, 0x19, 0x11, 0x0e } },
  { '1', { 0x04, 0x0c, 0x04, 0x04, 0x04, 0x04, 0x0e } },
  { '2', { 0x0e, 0x11, 0x01, 0x06, 0x08, 0x10, 0x1f } },
  { '3', { 0x1f, 0x02, 0x04, 0x06, 0x01, 0x11, 0x0e } },
  { '4', { 0x02, 0x06, 0x0a, 0x12, 0x1f, 0x02, 0x02 } },
  { '5', { 0x1f, 0x10, 0x1e, 0x01, 0x01, 0x11, 0x0e } },
  { '6', { 0x06, 0x08, 0x10, 0x1e, 0x11, 0x11, 0x0e } },
  { '7', { 0x1f, 0x01, 0x02, 0x04, 0x08, 0x08, 0x08 } },
  { '8', { 0x0e, 0x11, 0x11, 0x0e, 0x11, 0x11, 0x0e } },
  { '9', { 0x0e, 0x11, 0x11, 0x0f, 0x01, 0x02, 0x0c } },
  { '.', { 0x00, 0x00, 0x00, 0x00, 0x00, 0x0c, 0x0c } },
  { ':', { 0x00, 0x0c, 0x0c, 0x00, 0x0c, 0x0c, 0x00 } },
  { '@', { 0x0e, 0x11, 0x17, 0x15, 0x17, 0x10, 0x0e } },
  { 'x', { 0x00, 0x00, 0x11, 0x0a, 0x04, 0x0a, 0x11 } },
  { '/', { 0x01, 0x01, 0x02, 0x04, 0x08, 0x10, 0x10 } },
  { '-', { 0x00, 0x00, 0x00, 0x1f, 0x00, 0x00, 0x00 } },
  { 'A', { 0x0e, 0x11, 0x11, 0x1f, 0x11, 0x11, 0x11 } },
  { 'B', { 0x1e, 0x11, 0x11, 0x1e, 0x11, 0x11, 0x1e } },
  { 'C', { 0x0e, 0x11, 0x10, 0x10, 0x10, 0x11, 0x0e } },
  { 'D', { 0x1e, 0x11, 0x11, 0x11, 0x11, 0x11, 0x1e } },
  { 'E', { 0x1f, 0x10, 0x10, 0x1e, 0x10, 0x10, 0x1f } },
  { 'F', { 0x1f, 0x10, 0x10, 0x1e, 0x10, 0x10, 0x10 } },
  { 'G', { 0x0e, 0x11, 0x10, 0x17, 0x11, 0x11, 0x0e } },
  { 'H', { 0x11, 0x11, 0x11, 0x1f, 0x11, 0x11, 0x11 } },
  { 'I', { 0x0e, 0x04, 0x04, 0x04, 0x04, 0x04, 0x0e } },
  { 'J', { 0x07, 0x02, 0x02, 0x02, 0x02, 0x12, 0x0c } },
  { 'K', { 0x11, 0x12, 0x14, 0x18, 0x14, 0x12, 0x11 } },
  { 'L', { 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x1f } },
  { 'M', { 0x11, 0x1b, 0x15, 0x15, 0x11, 0x11, 0x11 } },
  { 'N', { 0x11, 0x19, 0x15, 0x15, 0x13, 0x11, 0x11 } },
  { 'O', { 0x0e, 0x11, 0x11, 0x11, 0x11, 0x11, 0x0e } },
  { 'P', { 0x1e, 0x11, 0x11, 0x1e, 0x10, 0x10, 0x10 } },
  { 'Q', { 0x0e, 0x11, 0x11, 0x11, 0x15, 0x12, 0x0d } },
  { 'R', { 0x1e, 0x11, 0x11, 0x1e, 0x14, 0x12, 0x11 } },
  { 'S', { 0x0f, 0x10, 0x10, 0x0e, 0x01, 0x01, 0x1e } },
  { 'T', { 0x1f, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04 } },
  { 'U', { 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x0e } },
  { 'V', { 0x11, 0x11, 0x11, 0x11, 0x11, 0x0a, 0x04 } },
  { 'W', { 0x11, 0x11, 0x11, 0x15, 0x15, 0x1b, 0x11 } },
  { 'X', { 0x11, 0x11, 0x0a, 0x04, 0x0a, 0x11, 0x11 } },
  { 'Y', { 0x11, 0x11, 0x0a, 0x04, 0x04, 0x04, 0x04 } },
  { 'Z', { 0x1f, 0x01, 0x02, 0x04, 0x08, 0x10, 0x1f } },
  { '%', { 0x19, 0x19, 0x02, 0x04, 0x08, 0x13, 0x13 } },
  { ',', { 0x00, 0x00, 0x00, 0x00, 0x0c, 0x04, 0x08 } },
};

void
pf_canvas_glyph (PfCanvas *canvas, uint32_t x, uint32_t y, uint32_t scale,
    char c, const PfColour *light, const PfColour *dark)
{
  const PfRect whole = { x, y, PF_GLYPH_WIDTH * scale,
    PF_GLYPH_HEIGHT * scale };

  pf_canvas_fill (canvas, whole, dark);
  for (size_t i = 0; i < sizeof font / sizeof font[0]; i++) {
    if (font[i].c != c)
      continue;
    for (uint32_t row = 0; row < 7; row++)
      for (uint32_t column = 0; column < 5; column++)
        if (font[i].rows[row] & 0x10 >> column)
          pf_canvas_fill (canvas,
              (PfRect){ x + column * scale, y + row * scale, scale, scale },
              light);
  }
}
