/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Element pfudpsink; see pf-udp-sink.c. */
#ifndef PF_UDP_SINK_H
#define PF_UDP_SINK_H

#include <gst/base/gstbasesink.h>

G_BEGIN_DECLS

#define PF_TYPE_UDP_SINK (pf_udp_sink_get_type ())
G_DECLARE_FINAL_TYPE (PfUdpSink, pf_udp_sink, PF, UDP_SINK, GstBaseSink)

GST_ELEMENT_REGISTER_DECLARE (pfudpsink)

G_END_DECLS

#endif /* PF_UDP_SINK_H */
