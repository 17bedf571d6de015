/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Element gamestreamserver; see gamestream-server.c. */
#ifndef GAMESTREAM_SERVER_H
#define GAMESTREAM_SERVER_H

#include <gst/gst.h>

G_BEGIN_DECLS

#define GAMESTREAM_TYPE_SERVER (gamestream_server_get_type ())
G_DECLARE_FINAL_TYPE (
    GamestreamServer, gamestream_server, GAMESTREAM, SERVER, GstElement)
GST_ELEMENT_REGISTER_DECLARE (gamestreamserver)

G_END_DECLS

#endif /* GAMESTREAM_SERVER_H */
