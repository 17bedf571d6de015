/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Tells what a datagram at a QUIC port is, from its first bytes: QUIC for a
 * connection of this id, or media that shares the port. Nothing in it is
 * trusted, and nothing but these bytes is looked at.
 */
#ifndef PF_QUIC_DEMUX_H
#define PF_QUIC_DEMUX_H

#include <glib.h>

G_BEGIN_DECLS

#define PF_QUIC_VERSION_1 1u
#define PF_QUIC_MAX_CID 20
#define PF_QUIC_OWN_CID 8 /* bytes of an id that a short header comes with */
#define PF_QUIC_MIN_INITIAL 1200

typedef enum {
  PF_QUIC_JUNK,
  PF_QUIC_MEDIA,         /* the two top bits are zero */
  PF_QUIC_SHORT,         /* of a connection that is set up */
  PF_QUIC_INITIAL,       /* may begin one */
  PF_QUIC_LONG,          /* of one that is being set up */
  PF_QUIC_NEGOTIATION,   /* lists versions */
  PF_QUIC_OTHER_VERSION, /* of QUIC, that we do not speak */
} PfQuicKind;

/* Ids point into the datagram. */
typedef struct {
  PfQuicKind kind;
  guint32 version; /* 0 with a short header */
  const guint8 *dcid, *scid;
  guint8 dcid_size, scid_size;
} PfQuicHead;

void pf_quic_classify (PfQuicHead *head, const guint8 *bytes, gsize n);

G_END_DECLS

#endif /* PF_QUIC_DEMUX_H */
