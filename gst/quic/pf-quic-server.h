/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The element pfquicserver. */
#ifndef PF_QUIC_SERVER_H
#define PF_QUIC_SERVER_H

#include <gst/gst.h>

G_BEGIN_DECLS

#define PF_TYPE_QUIC_SERVER (pf_quic_server_get_type ())
G_DECLARE_FINAL_TYPE (PfQuicServer, pf_quic_server, PF, QUIC_SERVER, GstElement)
GST_ELEMENT_REGISTER_DECLARE (pfquicserver)

G_END_DECLS

#endif /* PF_QUIC_SERVER_H */
