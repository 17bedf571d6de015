/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A linear map for byte shuffles: the images of the 16 low nibbles, then of
 * the 16 high nibbles.
 */
#ifndef PF_MAP_NIBBLES_H
#define PF_MAP_NIBBLES_H

#include <stdint.h>

static void
make_map (uint8_t *map, const uint8_t columns[8])
{
  for (unsigned half = 0; half < 2; half++, map += 16, columns += 4) {
    map[0] = 0;
    for (unsigned b = 0; b < 4; b++)
      for (unsigned i = 0; i < 1u << b; i++)
        map[i + (1u << b)] = map[i] ^ columns[b];
  }
}

#endif /* PF_MAP_NIBBLES_H */
