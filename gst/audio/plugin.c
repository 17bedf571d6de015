/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Plugin pfaudio: sound with little delay. */
#include "pf-opus-dec.h"
#include "pf-opus-enc.h"

static gboolean
plugin_init (GstPlugin *plugin)
{
  return GST_ELEMENT_REGISTER (pfopusenc, plugin) &&
         GST_ELEMENT_REGISTER (pfopusdec, plugin);
}

GST_PLUGIN_DEFINE (GST_VERSION_MAJOR, GST_VERSION_MINOR, pfaudio,
    "Opus sound with little delay", plugin_init, PACKAGE_VERSION, "MIT/X11",
    PACKAGE, "https://punktfunk.example")
