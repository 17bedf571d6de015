/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Media types between our elements: see docs/architecture.md.
 *
 * x-pf-block: buffers with PfBlockMeta, many packets in one memory.
 * x-pf-packet: one packet a buffer, for elements that know no blocks.
 */
#ifndef PF_CAPS_H
#define PF_CAPS_H

#define PF_CAPS_BLOCK "application/x-pf-block"
#define PF_CAPS_PACKET "application/x-pf-packet"

#define PF_CAPS_WIRES "{ punktfunk1, gamestream }"
#define PF_CAPS_FECS "{ none, gf8, gf16 }"

/* Fields after the media type; sealed is "true" or "false". */
#define PF_CAPS_FIELDS(sealed)                                                 \
  ", wire=(string)" PF_CAPS_WIRES ", fec=(string)" PF_CAPS_FECS                \
  ", sealed=(boolean)" sealed

/* Both forms of packets, plain or sealed. */
#define PF_CAPS_PACKETS(sealed)                                                \
  PF_CAPS_BLOCK PF_CAPS_FIELDS (sealed) "; " PF_CAPS_PACKET PF_CAPS_FIELDS (   \
      sealed)

#endif /* PF_CAPS_H */
