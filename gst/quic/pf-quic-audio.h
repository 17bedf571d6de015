/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Sound in datagrams: numbered packets of Opus, each with the one before it for
 * clients that read those, so that a single loss is none.
 *
 * Thread-safety: with the lock of the owner.
 */
#ifndef PF_QUIC_AUDIO_H
#define PF_QUIC_AUDIO_H

#include <gst/gst.h>

#include "pf-msg-datagram.h"

G_BEGIN_DECLS

/* ---- The host ----------------------------------------------------------- */

typedef struct {
  guint32 seq;
  gboolean redundant;
  GBytes *previous; /* NULL: there is none */
} PfQuicAudioOut;

/* For another client. */
void pf_quic_audio_out_reset (PfQuicAudioOut *out, gboolean redundant);

/* What a datagram is to carry; spans point into packet and previous, which the
 * caller frees (NULL: there is none). */
void pf_quic_audio_out_next (PfQuicAudioOut *out, GBytes *packet,
    guint64 pts_ns, PfMsgDatagram *datagram, GBytes **previous);

/* ---- The client --------------------------------------------------------- */

typedef struct {
  GQueue packets; /* GstBuffer */
  guint32 next;   /* number that is expected */
  gboolean any;
  guint64 taken, lost, restored;
} PfQuicAudioIn;

/* FALSE: it came too late, or has nothing. */
gboolean pf_quic_audio_in_take (PfQuicAudioIn *in, const PfMsgAudio *audio);
void pf_quic_audio_in_clear (PfQuicAudioIn *in);

G_END_DECLS

#endif /* PF_QUIC_AUDIO_H */
