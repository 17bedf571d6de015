/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A linear map as the GFNI instructions want it: byte 7 - i is row i of the
 * bit matrix, that is, the source bits whose parity is bit i of the result.
 */
#ifndef PF_MAP_GFNI_H
#define PF_MAP_GFNI_H

#include <stdint.h>

static void
make_map (uint8_t *map, const uint8_t columns[8])
{
  for (unsigned i = 0; i < 8; i++) {
    uint8_t row = 0;

    for (unsigned b = 0; b < 8; b++)
      row = (uint8_t) (row | (columns[b] >> i & 1) << b);
    map[7 - i] = row;
  }
}

#endif /* PF_MAP_GFNI_H */
