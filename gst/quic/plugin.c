/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Plugin pfquic: QUIC. */
#ifdef HAVE_PAIRING
#include "pf-quic-pair.h"
#endif
#include "pf-quic-server.h"
#include "pf-quic-sink.h"
#include "pf-quic-src.h"

static gboolean
plugin_init (GstPlugin *plugin)
{
#ifdef HAVE_PAIRING
  if (!GST_ELEMENT_REGISTER (pfquicpair, plugin))
    return FALSE;
#endif
  return GST_ELEMENT_REGISTER (pfquicserver, plugin) &&
         GST_ELEMENT_REGISTER (pfquicsink, plugin) &&
         GST_ELEMENT_REGISTER (pfquicsrc, plugin);
}

GST_PLUGIN_DEFINE (GST_VERSION_MAJOR, GST_VERSION_MINOR, pfquic,
    "Streams over QUIC", plugin_init, PACKAGE_VERSION, "MIT/X11", PACKAGE,
    "https://punktfunk.example")
