/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Fuzz target for what a QUIC port makes of a datagram's first bytes. What it
 * says lies inside of the datagram, and ngtcp2 reads the same from it.
 */
#include <ngtcp2/ngtcp2.h>
#include <stdlib.h>
#include <string.h>

#include "pf-quic-demux.h"

#define CHECK(cond)                                                            \
  do {                                                                         \
    if (!(cond))                                                               \
      abort ();                                                                \
  } while (0)

static void
check_id (const uint8_t *bytes, size_t n, const guint8 *id, size_t size)
{
  CHECK (id >= bytes && size <= n && (size_t) (id - bytes) <= n - size);
}

static void
check_same (const PfQuicHead *h, const uint8_t *bytes, size_t n)
{
  ngtcp2_version_cid v;

  CHECK (ngtcp2_pkt_decode_version_cid (&v, bytes, n, PF_QUIC_OWN_CID) == 0);
  CHECK (v.version == h->version);
  CHECK (v.dcid == h->dcid && v.dcidlen == h->dcid_size);
  CHECK (v.scidlen == h->scid_size);
  if (h->kind != PF_QUIC_SHORT)
    CHECK (v.scid == h->scid);
}

int LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t n);

int
LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t n)
{
  /* memory of just this size, so that a byte too many is seen */
  uint8_t *copy = malloc (n ? n : 1);
  PfQuicHead h;

  if (n)
    memcpy (copy, bytes, n);
  pf_quic_classify (&h, copy, n);
  switch (h.kind) {
  case PF_QUIC_INITIAL:
  case PF_QUIC_LONG:
    check_id (copy, n, h.scid, h.scid_size);
    CHECK (h.dcid_size <= PF_QUIC_MAX_CID && h.scid_size <= PF_QUIC_MAX_CID);
    CHECK (copy[0] >= 0xc0 && h.version == PF_QUIC_VERSION_1);
    check_same (&h, copy, n);
    break;
  case PF_QUIC_SHORT:
    check_id (copy, n, h.dcid, h.dcid_size);
    CHECK (copy[0] >= 0x40 && copy[0] < 0x80);
    check_same (&h, copy, n);
    break;
  case PF_QUIC_OTHER_VERSION:
  case PF_QUIC_NEGOTIATION:
    check_id (copy, n, h.dcid, h.dcid_size);
    check_id (copy, n, h.scid, h.scid_size);
    CHECK (copy[0] >= 0x80);
    break;
  case PF_QUIC_MEDIA:
    CHECK (copy[0] < 0x40);
    break;
  case PF_QUIC_JUNK:
    break;
  }
  free (copy);
  return 0;
}
