/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Element pfudpsrc; see pf-udp-src.c. */
#ifndef PF_UDP_SRC_H
#define PF_UDP_SRC_H

#include <gst/base/gstpushsrc.h>

G_BEGIN_DECLS

#define PF_TYPE_UDP_SRC (pf_udp_src_get_type ())
G_DECLARE_FINAL_TYPE (PfUdpSrc, pf_udp_src, PF, UDP_SRC, GstPushSrc)

GST_ELEMENT_REGISTER_DECLARE (pfudpsrc)

G_END_DECLS

#endif /* PF_UDP_SRC_H */
