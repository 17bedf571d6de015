/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Element pffecenc; see pf-fec-enc.c. */
#ifndef PF_FEC_ENC_H
#define PF_FEC_ENC_H

#include <gst/gst.h>

G_BEGIN_DECLS

#define PF_TYPE_FEC_ENC (pf_fec_enc_get_type ())
G_DECLARE_FINAL_TYPE (PfFecEnc, pf_fec_enc, PF, FEC_ENC, GstElement)

GST_ELEMENT_REGISTER_DECLARE (pffecenc)

G_END_DECLS

#endif /* PF_FEC_ENC_H */
