/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What a datagram at a QUIC port is; see pf-quic-demux.h. */
#include "pf-quic-demux.h"

#include <string.h>

#define LONG_HEADER 0x80
#define FIXED_BIT 0x40
#define LONG_TYPE 0x30

/* An id with its length before it; where it ends, or 0. */
static gsize
take_id (
    const guint8 *bytes, gsize n, gsize at, const guint8 **id, guint8 *size)
{
  if (at >= n || bytes[at] > n - at - 1)
    return 0;
  *size = bytes[at];
  *id = bytes + at + 1;
  return at + 1 + *size;
}

static PfQuicKind
long_kind (const PfQuicHead *h, guint8 first)
{
  if (h->version == 0)
    return PF_QUIC_NEGOTIATION;
  if (h->version != PF_QUIC_VERSION_1)
    return PF_QUIC_OTHER_VERSION;
  if (!(first & FIXED_BIT) || h->dcid_size > PF_QUIC_MAX_CID ||
      h->scid_size > PF_QUIC_MAX_CID)
    return PF_QUIC_JUNK;
  return first & LONG_TYPE ? PF_QUIC_LONG : PF_QUIC_INITIAL;
}

static void
classify_long (PfQuicHead *h, const guint8 *bytes, gsize n)
{
  gsize at;

  if (n < 5)
    return;
  h->version = (guint32) bytes[1] << 24 | (guint32) bytes[2] << 16 |
               (guint32) bytes[3] << 8 | bytes[4];
  at = take_id (bytes, n, 5, &h->dcid, &h->dcid_size);
  if (at > 0 && take_id (bytes, n, at, &h->scid, &h->scid_size) > 0)
    h->kind = long_kind (h, bytes[0]);
}

void
pf_quic_classify (PfQuicHead *h, const guint8 *bytes, gsize n)
{
  memset (h, 0, sizeof *h);
  if (n == 0)
    return;
  if (bytes[0] & LONG_HEADER) {
    classify_long (h, bytes, n);
  } else if (!(bytes[0] & FIXED_BIT)) {
    h->kind = PF_QUIC_MEDIA;
  } else if (n > PF_QUIC_OWN_CID) {
    h->kind = PF_QUIC_SHORT;
    h->dcid = bytes + 1;
    h->dcid_size = PF_QUIC_OWN_CID;
  }
}
