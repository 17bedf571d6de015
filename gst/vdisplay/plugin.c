/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Plugin pfvdisplay: displays that exist for a client. */
#include "pf-vdisplay-src.h"

static gboolean
plugin_init (GstPlugin *plugin)
{
  return GST_ELEMENT_REGISTER (pfvdisplaysrc, plugin);
}

GST_PLUGIN_DEFINE (GST_VERSION_MAJOR, GST_VERSION_MINOR, pfvdisplay,
    "Virtual displays", plugin_init, PACKAGE_VERSION, "MIT/X11", PACKAGE,
    "https://punktfunk.example")
