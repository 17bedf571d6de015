/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef PF_OPUS_DEC_H
#define PF_OPUS_DEC_H

#include <gst/audio/gstaudiodecoder.h>

G_BEGIN_DECLS

#define PF_TYPE_OPUS_DEC (pf_opus_dec_get_type ())
G_DECLARE_FINAL_TYPE (PfOpusDec, pf_opus_dec, PF, OPUS_DEC, GstAudioDecoder)

GST_ELEMENT_REGISTER_DECLARE (pfopusdec)

G_END_DECLS

#endif /* PF_OPUS_DEC_H */
