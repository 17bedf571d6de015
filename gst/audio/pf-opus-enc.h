/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef PF_OPUS_ENC_H
#define PF_OPUS_ENC_H

#include <gst/audio/gstaudioencoder.h>

G_BEGIN_DECLS

#define PF_TYPE_OPUS_ENC (pf_opus_enc_get_type ())
G_DECLARE_FINAL_TYPE (PfOpusEnc, pf_opus_enc, PF, OPUS_ENC, GstAudioEncoder)

GST_ELEMENT_REGISTER_DECLARE (pfopusenc)

G_END_DECLS

#endif /* PF_OPUS_ENC_H */
