/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Caps of media, and what the messages of punktfunk/1 say of them.
 *
 * Thread-safety: none of it has state.
 */
#ifndef PF_QUIC_MEDIA_H
#define PF_QUIC_MEDIA_H

#include <gst/gst.h>

#include "pf-choice.h"

G_BEGIN_DECLS

/* PF_CODEC_* of video caps; 0: none of them. */
guint8 pf_quic_media_codec (const GstCaps *caps);

/* Caps of access units in byte-stream form, to be freed; NULL: no such
 * codec. */
GstCaps *pf_quic_media_caps (guint8 codec);

/* What can be offered with such video: one codec, of one depth. */
void pf_quic_media_abilities (const GstCaps *caps, PfHostAbilities *abilities);

/* Puts the size, rate, depth and colours of the video into a Welcome. */
void pf_quic_media_describe (const GstCaps *caps, PfMsgWelcome *welcome);

/* "h264", or NULL. */
const gchar *pf_quic_media_codec_name (guint8 codec);

/* Bits to "h264;h265;av1", to be freed. */
gchar *pf_quic_media_codec_names (guint8 codecs);

/* "h264;h265;av1" to bits; 0 if it names anything else. */
guint8 pf_quic_media_parse_codecs (const gchar *text);

/* Opus of so many channels, as the wire has it. */
GstCaps *pf_quic_media_opus_caps (guint channels);

G_END_DECLS

#endif /* PF_QUIC_MEDIA_H */
