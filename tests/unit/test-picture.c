/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* pf-picture: numbers drawn and read at all sizes, and damage that is seen. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "pf-picture.h"
#include "pf-test.h"
#include "pf.h"

typedef struct {
  uint32_t width, height;
  size_t step, stride;
  uint8_t *bytes;
} Picture;

static void
picture_init (Picture *p, uint32_t width, uint32_t height, size_t step)
{
  p->width = width;
  p->height = height;
  p->step = step;
  p->stride = width * step + 12;
  p->bytes = malloc (p->stride * height);
  PF_REQUIRE (p->bytes != NULL);
  pf_test_random_bytes (p->bytes, p->stride * height);
}

static PfPictureArea
area_of (const Picture *p)
{
  PfPictureArea area = { 0, 0, 0, 0, 0 };

  PF_REQUIRE_INT (pf_picture_area (&area, p->width, p->height), ==, 0);
  return area;
}

/* Blocks of these two levels, each pixel off by up to noise. */
static void
draw (Picture *p, const PfPictureStamp *stamp, uint8_t dark, uint8_t light,
    unsigned noise)
{
  const PfPictureArea area = area_of (p);
  uint8_t bits[PF_PICTURE_BYTES];

  pf_picture_encode (stamp, bits);
  for (uint32_t y = 0; y < area.rows * area.block; y++)
    for (uint32_t x = 0; x < area.columns * area.block; x++) {
      const uint32_t i = y / area.block * area.columns + x / area.block;
      const bool on = bits[i / 8] & 0x80 >> i % 8;
      const int off = (int) pf_test_random_below (2 * noise + 1) - (int) noise;

      p->bytes[(area.y + y) * p->stride + (area.x + x) * p->step] =
          (uint8_t) ((on ? light : dark) + off);
    }
}

static int
read_stamp (const Picture *p, PfPictureStamp *stamp)
{
  return pf_picture_read (
      stamp, p->bytes, p->step, p->stride, p->width, p->height);
}

static PfPictureStamp
random_stamp (void)
{
  return (PfPictureStamp){ (uint32_t) pf_test_random (), pf_test_random () };
}

static void
test_sizes (void)
{
  static const uint32_t sizes[][2] = { { 136, 40 }, { 137, 41 }, { 320, 180 },
    { 480, 854 }, { 640, 360 }, { 853, 479 }, { 1280, 720 }, { 1919, 1079 },
    { 1920, 1080 }, { 3840, 2160 }, { 7680, 4320 }, { 4000, 100 } };

  for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
    for (size_t step = 1; step <= 4; step += 3) {
      const PfPictureStamp stamp = random_stamp ();
      PfPictureStamp got = { 0, 0 };
      PfPictureArea area;
      Picture p;

      picture_init (&p, sizes[i][0], sizes[i][1], step);
      area = area_of (&p);
      PF_CHECK_UINT (area.block, >=, 4);
      PF_CHECK_UINT (area.x + area.columns * area.block, <, p.width);
      PF_CHECK_UINT (area.y + area.rows * area.block, <, p.height);
      draw (&p, &stamp, 16, 235, 16);
      PF_CHECK_INT (read_stamp (&p, &got), ==, 0);
      PF_CHECK_UINT (got.number, ==, stamp.number);
      PF_CHECK_UINT (got.time_ns, ==, stamp.time_ns);
      free (p.bytes);
    }
}

static void
test_too_small (void)
{
  static const uint32_t sizes[][2] = { { 71, 40 }, { 136, 39 }, { 64, 64 },
    { 0, 0 }, { 1, 4320 } };
  PfPictureArea area = { 7, 7, 7, 7, 7 };

  for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
    PF_CHECK_INT (
        pf_picture_area (&area, sizes[i][0], sizes[i][1]), ==, PF_ERR_RANGE);
  PF_CHECK_UINT (area.block, ==, 7);
}

/* Portrait pictures have larger blocks in eight rows. */
static void
test_shapes (void)
{
  static const uint32_t rows[][4] = { { 640, 360, 16, 32 },
    { 480, 854, 16, 16 }, { 1080, 1920, 32, 16 }, { 1920, 1080, 32, 32 },
    { 1280, 720, 32, 32 }, { 854, 480, 16, 32 }, { 320, 180, 8, 32 } };

  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    PfPictureArea area;

    PF_CHECK_INT (pf_picture_area (&area, rows[i][0], rows[i][1]), ==, 0);
    PF_CHECK_UINT (area.block, ==, rows[i][2]);
    PF_CHECK_UINT (area.columns, ==, rows[i][3]);
    PF_CHECK_UINT (area.rows, ==, 128 / rows[i][3]);
  }
}

/* Weak contrast and much noise are read; edges may be anything. */
static void
test_bad_light (void)
{
  const PfPictureStamp stamp = random_stamp ();
  PfPictureStamp got = { 0, 0 };
  PfPictureArea area;
  Picture p;

  picture_init (&p, 640, 360, 1);
  draw (&p, &stamp, 100, 156, 60);
  PF_CHECK_INT (read_stamp (&p, &got), ==, 0);
  PF_CHECK_UINT (got.number, ==, stamp.number);

  draw (&p, &stamp, 16, 235, 0);
  area = area_of (&p);
  for (uint32_t y = 0; y < p.height; y++)
    for (uint32_t x = 0; x < p.width; x++)
      if ((x - area.x) % area.block < 3 || (y - area.y) % area.block < 3)
        p.bytes[y * p.stride + x] = (uint8_t) pf_test_random ();
  got.number = 0;
  PF_CHECK_INT (read_stamp (&p, &got), ==, 0);
  PF_CHECK_UINT (got.number, ==, stamp.number);
  free (p.bytes);
}

/* One block the wrong way, or two: never a wrong number. */
static void
test_damage (void)
{
  const PfPictureStamp stamp = random_stamp ();
  uint8_t bits[PF_PICTURE_BYTES], copy[PF_PICTURE_BYTES];
  PfPictureStamp got = { 1, 2 };

  pf_picture_encode (&stamp, bits);
  PF_CHECK_INT (pf_picture_decode (&got, bits), ==, 0);
  got = (PfPictureStamp){ 1, 2 };
  for (unsigned a = 0; a < 128; a++)
    for (unsigned b = 0; b < 128; b++) {
      memcpy (copy, bits, sizeof copy);
      copy[a / 8] ^= (uint8_t) (0x80 >> a % 8);
      if (b != a)
        copy[b / 8] ^= (uint8_t) (0x80 >> b % 8);
      PF_CHECK_INT (pf_picture_decode (&got, copy), ==, PF_ERR_INVALID);
    }
  PF_CHECK_UINT (got.number, ==, 1);
  PF_CHECK_UINT (got.time_ns, ==, 2);
}

/* A picture without one: at most as often as a checksum and a mark let by. */
static void
test_nothing (void)
{
  PfPictureStamp got;
  unsigned found = 0;
  Picture p;

  picture_init (&p, 320, 180, 1);
  memset (p.bytes, 0, p.stride * p.height);
  PF_CHECK_INT (read_stamp (&p, &got), ==, PF_ERR_INVALID);
  memset (p.bytes, 255, p.stride * p.height);
  PF_CHECK_INT (read_stamp (&p, &got), ==, PF_ERR_INVALID);
  free (p.bytes);
  for (unsigned i = 0; i < 100000; i++) {
    uint8_t bits[PF_PICTURE_BYTES];

    pf_test_random_bytes (bits, sizeof bits);
    found += pf_picture_decode (&got, bits) == 0;
  }
  PF_CHECK_UINT (found, ==, 0);
}

/* The form on the screen does not change unseen. */
static void
test_form (void)
{
  static const uint8_t expected[PF_PICTURE_BYTES] = { 0x50, 0x46, 0x01, 0x02,
    0x03, 0x04, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x34, 0x44 };
  const PfPictureStamp stamp = { 0x01020304, 0x1112131415161718 };
  uint8_t bits[PF_PICTURE_BYTES];

  pf_picture_encode (&stamp, bits);
  PF_CHECK_MEM (bits, expected, sizeof bits);
}

int
main (int argc, char **argv)
{
  PF_TEST_ADD ("/picture/form", test_form);
  PF_TEST_ADD ("/picture/sizes", test_sizes);
  PF_TEST_ADD ("/picture/shapes", test_shapes);
  PF_TEST_ADD ("/picture/too-small", test_too_small);
  PF_TEST_ADD ("/picture/bad-light", test_bad_light);
  PF_TEST_ADD ("/picture/damage", test_damage);
  PF_TEST_ADD ("/picture/nothing", test_nothing);
  return pf_test_run (argc, argv);
}
