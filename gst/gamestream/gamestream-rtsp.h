/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Element gamestreamrtsp; see gamestream-rtsp.c. */
#ifndef GAMESTREAM_RTSP_H
#define GAMESTREAM_RTSP_H

#include <gst/gst.h>

G_BEGIN_DECLS

#define GAMESTREAM_TYPE_RTSP (gamestream_rtsp_get_type ())
G_DECLARE_FINAL_TYPE (
    GamestreamRtsp, gamestream_rtsp, GAMESTREAM, RTSP, GstElement)
GST_ELEMENT_REGISTER_DECLARE (gamestreamrtsp)

G_END_DECLS

#endif /* GAMESTREAM_RTSP_H */
