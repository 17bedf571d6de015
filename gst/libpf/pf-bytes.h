/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Numbers in wire order, read and written byte by byte: no alignment, no
 * byte order of the machine, no packed structures. Compilers make one load or
 * store of each.
 */
#ifndef PF_BYTES_H
#define PF_BYTES_H

#include <stdint.h>

static inline uint16_t
pf_get_be16 (const uint8_t *p)
{
  return (uint16_t) (p[0] << 8 | p[1]);
}

static inline uint32_t
pf_get_be32 (const uint8_t *p)
{
  return (uint32_t) p[0] << 24 | (uint32_t) p[1] << 16 | (uint32_t) p[2] << 8 |
         p[3];
}

static inline uint64_t
pf_get_be64 (const uint8_t *p)
{
  return (uint64_t) pf_get_be32 (p) << 32 | pf_get_be32 (p + 4);
}

static inline uint16_t
pf_get_le16 (const uint8_t *p)
{
  return (uint16_t) (p[1] << 8 | p[0]);
}

static inline uint32_t
pf_get_le32 (const uint8_t *p)
{
  return (uint32_t) p[3] << 24 | (uint32_t) p[2] << 16 | (uint32_t) p[1] << 8 |
         p[0];
}

static inline uint64_t
pf_get_le64 (const uint8_t *p)
{
  return (uint64_t) pf_get_le32 (p + 4) << 32 | pf_get_le32 (p);
}

static inline void
pf_put_be16 (uint8_t *p, uint16_t v)
{
  p[0] = (uint8_t) (v >> 8);
  p[1] = (uint8_t) v;
}

static inline void
pf_put_be32 (uint8_t *p, uint32_t v)
{
  p[0] = (uint8_t) (v >> 24);
  p[1] = (uint8_t) (v >> 16);
  p[2] = (uint8_t) (v >> 8);
  p[3] = (uint8_t) v;
}

static inline void
pf_put_be64 (uint8_t *p, uint64_t v)
{
  pf_put_be32 (p, (uint32_t) (v >> 32));
  pf_put_be32 (p + 4, (uint32_t) v);
}

static inline void
pf_put_le16 (uint8_t *p, uint16_t v)
{
  p[0] = (uint8_t) v;
  p[1] = (uint8_t) (v >> 8);
}

static inline void
pf_put_le32 (uint8_t *p, uint32_t v)
{
  p[0] = (uint8_t) v;
  p[1] = (uint8_t) (v >> 8);
  p[2] = (uint8_t) (v >> 16);
  p[3] = (uint8_t) (v >> 24);
}

static inline void
pf_put_le64 (uint8_t *p, uint64_t v)
{
  pf_put_le32 (p, (uint32_t) v);
  pf_put_le32 (p + 4, (uint32_t) (v >> 32));
}

#endif /* PF_BYTES_H */
