/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Frame number and capture time as blocks of light and dark in a picture: what
 * the test display draws and what is read from decoded frames. They survive
 * chroma subsampling and coarse quantisation, and a checksum tells whether they
 * did.
 *
 * 128 blocks near the upper left corner, four rows of 32 or, where that makes
 * them larger, eight of 16. Light is 1, the first bit lies at the left end of
 * the first row: 0x5046, number (32 bits), time (64), CRC-16 of what is before
 * it; all most significant bit first.
 *
 * Thread-safety: none of it has state.
 */
#ifndef PF_PICTURE_H
#define PF_PICTURE_H

#include <stddef.h>
#include <stdint.h>

enum {
  PF_PICTURE_BITS = 128,
  PF_PICTURE_BYTES = PF_PICTURE_BITS / 8,
  PF_PICTURE_MAX_BLOCK = 32,
};

typedef struct {
  uint32_t number;
  uint64_t time_ns; /* Unix time */
} PfPictureStamp;

/* Where the blocks are, in pixels. Around them a block's width is dark. */
typedef struct {
  uint32_t x, y;          /* of the first block */
  uint32_t block;         /* edge */
  uint32_t columns, rows; /* blocks */
} PfPictureArea;

/* PF_ERR_RANGE if the picture is too small for them: both 136x40 and
 * 72x72 do not fit in. */
int pf_picture_area (PfPictureArea *area, uint32_t width, uint32_t height);

/* Bits in order, the first one is the highest of bytes[0]. */
void pf_picture_encode (
    const PfPictureStamp *stamp, uint8_t bytes[PF_PICTURE_BYTES]);

/* PF_ERR_INVALID if the checksum does not fit. */
int pf_picture_decode (
    PfPictureStamp *stamp, const uint8_t bytes[PF_PICTURE_BYTES]);

/* From luma samples of 8 bits, or others that light makes large: step is the
 * way from one to the next. PF_ERR_RANGE, PF_ERR_INVALID as above. */
int pf_picture_read (PfPictureStamp *stamp, const uint8_t *luma, size_t step,
    size_t stride, uint32_t width, uint32_t height);

#endif /* PF_PICTURE_H */
