/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Rectangles and text in a picture of 8 bits: I420, NV12 or BGRx. No
 * GStreamer, no memory of its own.
 *
 * Rectangles begin at even pixels; where the picture is odd they end at its
 * edge. What lies outside is left out.
 *
 * Thread-safety: one thread per canvas.
 */
#ifndef PF_PAINTER_H
#define PF_PAINTER_H

#include <stddef.h>
#include <stdint.h>

typedef enum {
  PF_CANVAS_I420,
  PF_CANVAS_NV12,
  PF_CANVAS_BGRX,
} PfCanvasFormat;

typedef struct {
  PfCanvasFormat format;
  uint32_t width, height;
  uint8_t *planes[3];
  size_t strides[3];
} PfCanvas;

typedef struct {
  uint32_t x, y, width, height;
} PfRect;

typedef struct {
  uint8_t r, g, b;
  uint8_t y, u, v;
} PfColour;

/* Limited range; kr and kb are the shares of red and blue in luma. */
PfColour pf_colour (uint8_t r, uint8_t g, uint8_t b, double kr, double kb);

void pf_canvas_fill (PfCanvas *canvas, PfRect rect, const PfColour *colour);

/* From one of the same size and format. */
void pf_canvas_copy (PfCanvas *canvas, const PfCanvas *from, PfRect rect);

/* A glyph of 6 x 8 dots, each scale pixels wide, light on dark; characters are
 * 0-9, A-Z and " .:@x/-%,"; others are blank. */
enum { PF_GLYPH_WIDTH = 6, PF_GLYPH_HEIGHT = 8 };
void pf_canvas_glyph (PfCanvas *canvas, uint32_t x, uint32_t y, uint32_t scale,
    char c, const PfColour *light, const PfColour *dark);

#endif /* PF_PAINTER_H */
