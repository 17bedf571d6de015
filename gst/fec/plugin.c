/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Plugin pffec: packets and their parity. */
#include "pf-fec-dec.h"
#include "pf-fec-enc.h"

static gboolean
plugin_init (GstPlugin *plugin)
{
  return GST_ELEMENT_REGISTER (pffecenc, plugin) &&
         GST_ELEMENT_REGISTER (pffecdec, plugin);
}

GST_PLUGIN_DEFINE (GST_VERSION_MAJOR, GST_VERSION_MINOR, pffec,
    "Packets with forward error correction", plugin_init, PACKAGE_VERSION,
    "MIT/X11", PACKAGE, "https://punktfunk.example")
