/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What a client asks for, read out of its offer: the one place where numbers
 * of a stranger are bent into what the programs do.
 */
#ifndef PF_HOST_OFFER_H
#define PF_HOST_OFFER_H

#include <gst/gst.h>

#define PF_OFFER_CODECS 3

typedef struct {
  guint64 id;
  gchar *peer, *name, *fingerprint; /* fingerprint: NULL without certificate */
  guint width, height, fps;
  gchar **codecs;     /* that the client decodes */
  gchar *preferred;   /* NULL: none */
  guint bitrate_kbps; /* 0: the host's choice */
  guint depth, chroma, channels;
  guint audio_us;      /* of a packet of sound; 0: the host's choice */
  guint audio_kbps;    /* the same */
  gboolean high_audio; /* every channel by itself */
  gboolean hdr;
  gboolean launches; /* asks for a title to be started */
} PfOffer;

/* FALSE if it is no offer. Nothing in it can make the result invalid: sizes
 * are even, all numbers within their ranges, codecs are known ones. */
gboolean pf_offer_read (const GstStructure *s, PfOffer *offer);
/* Another mode for the same client; FALSE: it is none that an offer could
 * have, and the offer stays as it was. */
gboolean pf_offer_set_mode (
    PfOffer *offer, guint width, guint height, guint fps);
void pf_offer_clear (PfOffer *offer);

#endif /* PF_HOST_OFFER_H */
