/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Plugin pfcrypto: registers its element. */
#include <gst/gst.h>

#include <openssl/crypto.h>

#include "pf-aes-gcm.h"

static gboolean
plugin_init (GstPlugin *plugin)
{
  /* OpenSSL reads its configuration at the first use, and loses what the thread
   * of that use keeps for itself; a streaming thread shall not be the one. */
  OPENSSL_init_crypto (OPENSSL_INIT_LOAD_CONFIG, NULL);
  return GST_ELEMENT_REGISTER (pfaesgcm, plugin);
}

GST_PLUGIN_DEFINE (GST_VERSION_MAJOR, GST_VERSION_MINOR, pfcrypto,
    "Sealing and opening of media packets", plugin_init, PACKAGE_VERSION,
    "MIT/X11", PACKAGE, "https://punktfunk.example")
