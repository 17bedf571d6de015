/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Plugin pfnet: packets over UDP. */
#include "pf-udp-sink.h"
#include "pf-udp-src.h"

static gboolean
plugin_init (GstPlugin *plugin)
{
  return GST_ELEMENT_REGISTER (pfudpsink, plugin) &&
         GST_ELEMENT_REGISTER (pfudpsrc, plugin);
}

GST_PLUGIN_DEFINE (GST_VERSION_MAJOR, GST_VERSION_MINOR, pfnet,
    "Packets over UDP, many a call", plugin_init, PACKAGE_VERSION, "MIT/X11",
    PACKAGE, "https://punktfunk.example")
