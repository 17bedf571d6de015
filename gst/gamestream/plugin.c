/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Plugin gamestream: the host's side of GameStream. */
#include "gamestream-rtsp.h"
#include "gamestream-server.h"

static gboolean
plugin_init (GstPlugin *plugin)
{
  return GST_ELEMENT_REGISTER (gamestreamserver, plugin) &&
         GST_ELEMENT_REGISTER (gamestreamrtsp, plugin);
}

GST_PLUGIN_DEFINE (GST_VERSION_MAJOR, GST_VERSION_MINOR, gamestream,
    "Streams to clients of GameStream", plugin_init, PACKAGE_VERSION, "MIT/X11",
    PACKAGE, "https://punktfunk.example")
