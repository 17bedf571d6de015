/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * How channels of sound lie in an Opus packet: streams, coupled pairs, which
 * coded channel each speaker comes from, and the caps that say so.
 *
 * Speakers are in the order of both protocols, which is GStreamer's too: FL FR
 * FC LFE RL RR SL SR. Caps are those of stock elements (audio/x-opus with
 * channel-mapping-family 0 or 1), whose channel-mapping has Vorbis' order.
 *
 * Thread-safety: none of it has state.
 */
#ifndef PF_OPUS_LAYOUT_H
#define PF_OPUS_LAYOUT_H

#include <gst/gst.h>

G_BEGIN_DECLS

#define PF_OPUS_MAX_CHANNELS 8
#define PF_OPUS_RATE 48000

typedef struct {
  guint channels;                       /* 1, 2, 6, 8 */
  guint streams;                        /* Opus packets in one */
  guint coupled;                        /* of those, the first, in stereo */
  guint8 mapping[PF_OPUS_MAX_CHANNELS]; /* coded channel of each speaker */
} PfOpusLayout;

/* Normal: as many pairs as there are (1/1, 4/2, 5/3); high: no pair but in
 * stereo (1/1, 6/0, 8/0). The mapping is the identity. FALSE for another
 * number of channels. */
gboolean pf_opus_layout_init (
    PfOpusLayout *layout, guint channels, gboolean high);

/* As GameStream writes it: digits for channels, streams, coupled, and the
 * mapping: "642012345". FALSE if it is not, or if a coded channel would have
 * no speaker or two. */
gboolean pf_opus_layout_parse (PfOpusLayout *layout, const gchar *digits);

/* kbit/s that suit it. */
guint pf_opus_layout_bitrate (const PfOpusLayout *layout, gboolean high);

GstCaps *pf_opus_layout_to_caps (const PfOpusLayout *layout);

/* FALSE if caps are not Opus or of a layout that is not among the above. */
gboolean pf_opus_layout_from_caps (PfOpusLayout *layout, const GstCaps *caps);

/* Bits of GStreamer's speakers; 0 where caps need none. */
guint64 pf_opus_layout_channel_mask (const PfOpusLayout *layout);

G_END_DECLS

#endif /* PF_OPUS_LAYOUT_H */
