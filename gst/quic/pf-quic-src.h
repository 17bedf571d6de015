/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The element pfquicsrc. */
#ifndef PF_QUIC_SRC_H
#define PF_QUIC_SRC_H

#include <gst/gst.h>

G_BEGIN_DECLS

#define PF_TYPE_QUIC_SRC (pf_quic_src_get_type ())
G_DECLARE_FINAL_TYPE (PfQuicSrc, pf_quic_src, PF, QUIC_SRC, GstElement)
GST_ELEMENT_REGISTER_DECLARE (pfquicsrc)

G_END_DECLS

#endif /* PF_QUIC_SRC_H */
