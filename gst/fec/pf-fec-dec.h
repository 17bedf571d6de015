/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Element pffecdec; see pf-fec-dec.c. */
#ifndef PF_FEC_DEC_H
#define PF_FEC_DEC_H

#include <gst/gst.h>

G_BEGIN_DECLS

#define PF_TYPE_FEC_DEC (pf_fec_dec_get_type ())
G_DECLARE_FINAL_TYPE (PfFecDec, pf_fec_dec, PF, FEC_DEC, GstElement)

GST_ELEMENT_REGISTER_DECLARE (pffecdec)

G_END_DECLS

#endif /* PF_FEC_DEC_H */
