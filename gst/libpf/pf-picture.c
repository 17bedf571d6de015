/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Numbers in pictures; see pf-picture.h. */
#include "pf-picture.h"

#include "pf-bytes.h"
#include "pf.h"

#define MAGIC 0x5046 /* PF */

/* The largest block so that columns and the rim fit, and rows with room for
 * something else below them. */
static uint32_t
block_for (uint32_t columns, uint32_t rows, uint32_t width, uint32_t height)
{
  const uint32_t wide = width / (columns + 2), high = height / (2 * rows + 2);
  uint32_t block = wide < high ? wide : high;

  if (block > PF_PICTURE_MAX_BLOCK)
    block = PF_PICTURE_MAX_BLOCK;
  /* Encoders work in squares of 16 and 8. */
  return block & (block >= 16 ? ~15u : block >= 8 ? ~7u : ~1u);
}

int
pf_picture_area (PfPictureArea *area, uint32_t width, uint32_t height)
{
  const uint32_t flat = block_for (32, 4, width, height);
  const uint32_t tall = block_for (16, 8, width, height);
  const uint32_t block = tall > flat ? tall : flat;

  if (block < 4)
    return PF_ERR_RANGE;
  area->columns = tall > flat ? 16 : 32;
  area->rows = PF_PICTURE_BITS / area->columns;
  area->x = area->y = area->block = block;
  return PF_OK;
}

/* CRC-16 with the polynomial of CCITT, from 0xffff. */
static uint16_t
checksum (const uint8_t *bytes, size_t n)
{
  uint16_t crc = 0xffff;

  for (size_t i = 0; i < n; i++) {
    crc ^= (uint16_t) (bytes[i] << 8);
    for (int bit = 0; bit < 8; bit++)
      crc = (uint16_t) (crc & 0x8000 ? crc << 1 ^ 0x1021 : crc << 1);
  }
  return crc;
}

void
pf_picture_encode (const PfPictureStamp *stamp, uint8_t bytes[PF_PICTURE_BYTES])
{
  pf_put_be16 (bytes, MAGIC);
  pf_put_be32 (bytes + 2, stamp->number);
  pf_put_be64 (bytes + 6, stamp->time_ns);
  pf_put_be16 (bytes + 14, checksum (bytes, 14));
}

int
pf_picture_decode (PfPictureStamp *stamp, const uint8_t bytes[PF_PICTURE_BYTES])
{
  if (pf_get_be16 (bytes) != MAGIC ||
      pf_get_be16 (bytes + 14) != checksum (bytes, 14))
    return PF_ERR_INVALID;
  stamp->number = pf_get_be32 (bytes + 2);
  stamp->time_ns = pf_get_be64 (bytes + 6);
  return PF_OK;
}

/* Mean of the block's inner half each way: its edges have bled. */
static unsigned
brightness (const uint8_t *at, size_t step, size_t stride, uint32_t block)
{
  const uint32_t from = block / 4, to = block - block / 4;
  unsigned sum = 0;

  for (uint32_t y = from; y < to; y++)
    for (uint32_t x = from; x < to; x++)
      sum += at[y * stride + x * step];
  return sum / ((to - from) * (to - from));
}

int
pf_picture_read (PfPictureStamp *stamp, const uint8_t *luma, size_t step,
    size_t stride, uint32_t width, uint32_t height)
{
  uint8_t bytes[PF_PICTURE_BYTES] = { 0 };
  PfPictureArea area;
  int ret = pf_picture_area (&area, width, height);

  if (ret != PF_OK)
    return ret;
  for (uint32_t i = 0; i < PF_PICTURE_BITS; i++) {
    const size_t x = area.x + i % area.columns * area.block;
    const size_t y = area.y + i / area.columns * area.block;

    if (brightness (luma + y * stride + x * step, step, stride, area.block) >=
        128)
      bytes[i / 8] |= (uint8_t) (0x80 >> i % 8);
  }
  return pf_picture_decode (stamp, bytes);
}
