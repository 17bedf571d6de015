/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * GameStream's answers over HTTP.
 */
#include "pf-gs-xml.h"

#include <string.h>

#include "pf-gs-sdp.h"

static const char *
escape_of (char c)
{
  switch (c) {
  case '&':
    return "&amp;";
  case '<':
    return "&lt;";
  case '>':
    return "&gt;";
  case '"':
    return "&quot;";
  case '\'':
    return "&apos;";
  default:
    /* control characters; bytes of UTF-8 are negative or above */
    return (unsigned char) c < 0x20 || c == 0x7f ? "?" : NULL;
  }
}

/* How many bytes of UTF-8 a character has here; 0: it is none. */
static size_t
character (const char *text)
{
  static const uint8_t leads[4] = { 0x00, 0xc0, 0xe0, 0xf0 };
  static const uint8_t masks[4] = { 0x80, 0xe0, 0xf0, 0xf8 };
  static const uint32_t least[4] = { 0, 0x80, 0x800, 0x10000 };
  const uint8_t *p = (const uint8_t *) text;
  unsigned n = 0;
  uint32_t code;

  while (n < 4 && (p[0] & masks[n]) != leads[n])
    n++;
  if (n == 4)
    return 0;
  code = p[0] & (uint8_t) ~masks[n];
  for (unsigned i = 1; i <= n; i++) {
    if ((p[i] & 0xc0) != 0x80)
      return 0;
    code = code << 6 | (p[i] & 0x3f);
  }
  if (code < least[n] || (code >= 0xd800 && code < 0xe000) || code > 0x10ffff ||
      (code & 0xfffe) == 0xfffe)
    return 0;
  return n + 1;
}

static void
put_escaped (PfGsWriter *w, const char *text)
{
  while (*text) {
    const char *escaped = escape_of (*text);
    size_t n = character (text);

    if (n == 0) {
      escaped = "?";
      n = 1;
    }
    if (escaped)
      pf_gs_put (w, escaped);
    else
      pf_gs_put_text (w, (PfGsText){ text, n });
    text += n;
  }
}

static void
put_tag (PfGsWriter *w, const char *before, const char *name)
{
  pf_gs_put (w, before);
  pf_gs_put (w, name);
  pf_gs_put (w, ">");
}

void
pf_gs_xml_begin (PfGsWriter *writer, unsigned status, const char *message)
{
  pf_gs_put (writer, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
                     "<root status_code=\"");
  pf_gs_put_uint (writer, status);
  if (message) {
    pf_gs_put (writer, "\" status_message=\"");
    put_escaped (writer, message);
  }
  pf_gs_put (writer, "\">");
}

void
pf_gs_xml_end (PfGsWriter *writer)
{
  pf_gs_put (writer, "</root>");
}

void
pf_gs_xml_text (PfGsWriter *writer, const char *name, const char *text)
{
  put_tag (writer, "<", name);
  put_escaped (writer, text);
  put_tag (writer, "</", name);
}

void
pf_gs_xml_uint (PfGsWriter *writer, const char *name, uint32_t value)
{
  put_tag (writer, "<", name);
  pf_gs_put_uint (writer, value);
  put_tag (writer, "</", name);
}

void
pf_gs_xml_server_info (PfGsWriter *writer, const PfGsServerInfo *info)
{
  const uint32_t app = info->paired ? info->app : 0;
  const char *mac = info->paired && info->mac ? info->mac : "00:00:00:00:00:00";
  const uint32_t hevc =
      info->codecs & (PF_GS_CODEC_HEVC | PF_GS_CODEC_HEVC_10) ? 1869449984 : 0;

  pf_gs_xml_begin (writer, 200, NULL);
  pf_gs_xml_text (writer, "hostname", info->hostname);
  /* the fourth number says that the newer messages are understood */
  pf_gs_xml_text (writer, "appversion", "7.1.431.-1");
  pf_gs_xml_text (writer, "GfeVersion", "3.23.0.74");
  pf_gs_xml_text (writer, "uniqueid", info->unique_id);
  pf_gs_xml_uint (writer, "HttpsPort", info->https_port);
  pf_gs_xml_uint (writer, "ExternalPort", info->http_port);
  pf_gs_xml_uint (writer, "MaxLumaPixelsHEVC", hevc);
  pf_gs_xml_text (writer, "mac", mac);
  /* clients pass over a loopback address, and would store one of IPv6 */
  pf_gs_xml_text (
      writer, "LocalIP", info->local_ip ? info->local_ip : "127.0.0.1");
  pf_gs_xml_uint (writer, "ServerCodecModeSupport", info->codecs);
  pf_gs_xml_uint (writer, "PairStatus", info->paired);
  pf_gs_xml_uint (writer, "currentgame", app);
  pf_gs_xml_text (
      writer, "state", app ? "SUNSHINE_SERVER_BUSY" : "SUNSHINE_SERVER_FREE");
  pf_gs_xml_end (writer);
}

void
pf_gs_xml_app (PfGsWriter *writer, uint32_t id, const char *title, bool hdr)
{
  pf_gs_put (writer, "<App>");
  pf_gs_xml_uint (writer, "IsHdrSupported", hdr);
  pf_gs_xml_text (writer, "AppTitle", title);
  pf_gs_xml_uint (writer, "ID", id);
  pf_gs_put (writer, "</App>");
}

void
pf_gs_xml_session (PfGsWriter *writer, bool resume, bool sealed,
    const char *address, uint16_t port)
{
  const bool v6 = strchr (address, ':') != NULL;

  pf_gs_xml_begin (writer, 200, NULL);
  pf_gs_put (writer, "<sessionUrl0>");
  pf_gs_put (writer, sealed ? "rtspenc://" : "rtsp://");
  pf_gs_put (writer, v6 ? "[" : "");
  put_escaped (writer, address);
  pf_gs_put (writer, v6 ? "]:" : ":");
  pf_gs_put_uint (writer, port);
  pf_gs_put (writer, "</sessionUrl0>");
  pf_gs_xml_uint (writer, resume ? "resume" : "gamesession", 1);
  pf_gs_xml_end (writer);
}
