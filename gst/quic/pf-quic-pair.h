/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef PF_QUIC_PAIR_H
#define PF_QUIC_PAIR_H

#include <gst/gst.h>

G_BEGIN_DECLS

#define PF_TYPE_QUIC_PAIR (pf_quic_pair_get_type ())
G_DECLARE_FINAL_TYPE (PfQuicPair, pf_quic_pair, PF, QUIC_PAIR, GstElement)

GST_ELEMENT_REGISTER_DECLARE (pfquicpair)

G_END_DECLS

#endif /* PF_QUIC_PAIR_H */
