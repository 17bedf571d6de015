/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The element pfquicsink. */
#ifndef PF_QUIC_SINK_H
#define PF_QUIC_SINK_H

#include <gst/gst.h>

G_BEGIN_DECLS

#define PF_TYPE_QUIC_SINK (pf_quic_sink_get_type ())
G_DECLARE_FINAL_TYPE (PfQuicSink, pf_quic_sink, PF, QUIC_SINK, GstElement)
GST_ELEMENT_REGISTER_DECLARE (pfquicsink)

G_END_DECLS

#endif /* PF_QUIC_SINK_H */
