/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * GameStream's RTSP messages.
 */
#include "pf-gs-rtsp.h"

#include <string.h>

static const char *const methods[] = {
  [PF_GS_RTSP_OPTIONS] = "OPTIONS",
  [PF_GS_RTSP_DESCRIBE] = "DESCRIBE",
  [PF_GS_RTSP_SETUP] = "SETUP",
  [PF_GS_RTSP_ANNOUNCE] = "ANNOUNCE",
  [PF_GS_RTSP_PLAY] = "PLAY",
};

const char *
pf_gs_rtsp_method_name (PfGsRtspMethod method)
{
  return method >= PF_GS_RTSP_OPTIONS && method <= PF_GS_RTSP_PLAY
             ? methods[method]
             : "?";
}

const char *
pf_gs_rtsp_status_text (unsigned status)
{
  switch (status) {
  case 200:
    return "OK";
  case 400:
    return "Bad Request";
  case 403:
    return "Forbidden";
  case 404:
    return "Not Found";
  case 455:
    return "Method Not Valid in This State";
  case 500:
    return "Internal Server Error";
  case 501:
    return "Not Implemented";
  case 503:
    return "Service Unavailable";
  default:
    return "Error";
  }
}

/* ---- Reading ------------------------------------------------------------ */

/* Bytes up to and with the empty line; 0: it is not there. */
static size_t
head_size (const char *bytes, size_t size)
{
  for (size_t i = 1; i < size; i++)
    if (bytes[i] == '\n' &&
        (bytes[i - 1] == '\n' ||
            (i >= 2 && bytes[i - 1] == '\r' && bytes[i - 2] == '\n')))
      return i + 1;
  return 0;
}

/* Text as it should be: no control characters. */
static bool
is_clean (PfGsText line)
{
  for (size_t i = 0; i < line.size; i++) {
    const unsigned char c = (unsigned char) line.data[i];

    if ((c < 0x20 && c != '\t') || c == 0x7f)
      return false;
  }
  return true;
}

static int
parse_headers (PfGsText head, PfGsRtspMessage *m)
{
  PfGsText line, name;

  while (pf_gs_text_line (&head, &line)) {
    if (line.size == 0)
      return 0;
    if (m->n_headers == PF_GS_RTSP_HEADERS_MAX)
      return PF_ERR_RANGE;
    if (!is_clean (line) || !memchr (line.data, ':', line.size))
      return PF_ERR_INVALID;
    pf_gs_text_split (&line, ':', &name);
    name = pf_gs_text_trim (name);
    if (name.size == 0)
      return PF_ERR_INVALID;
    m->headers[m->n_headers].name = name;
    m->headers[m->n_headers++].value = pf_gs_text_trim (line);
  }
  return 0;
}

bool
pf_gs_rtsp_header (
    const PfGsRtspMessage *message, const char *name, PfGsText *value)
{
  for (unsigned i = 0; i < message->n_headers; i++)
    if (pf_gs_text_equal_nocase (message->headers[i].name, name)) {
      *value = message->headers[i].value;
      return true;
    }
  return false;
}

/* METHOD target RTSP/1.0 */
static int
parse_request_line (PfGsText line, PfGsRtspMessage *m)
{
  PfGsText method, version;

  if (!is_clean (line) || !pf_gs_text_split (&line, ' ', &method) ||
      !pf_gs_text_split (&line, ' ', &m->target) || m->target.size == 0 ||
      !pf_gs_text_split (&line, ' ', &version) || line.size > 0 ||
      !pf_gs_text_equal (version, "RTSP/1.0"))
    return PF_ERR_INVALID;
  m->method = PF_GS_RTSP_OTHER;
  for (int i = PF_GS_RTSP_OPTIONS; i <= PF_GS_RTSP_PLAY; i++)
    if (pf_gs_text_equal (method, methods[i]))
      m->method = (PfGsRtspMethod) i;
  return 0;
}

static int
parse_status_line (PfGsText line, PfGsRtspMessage *m)
{
  PfGsText version, code;

  if (!is_clean (line) || !pf_gs_text_split (&line, ' ', &version) ||
      !pf_gs_text_equal (version, "RTSP/1.0") ||
      !pf_gs_text_split (&line, ' ', &code) || line.size == 0 || code.size != 3)
    return PF_ERR_INVALID;
  return pf_gs_text_uint (code, &m->status);
}

static int
parse_head (PfGsText head, bool response, PfGsRtspMessage *m)
{
  PfGsText line, cseq;
  int ret;

  *m = (PfGsRtspMessage){ 0 };
  if (!pf_gs_text_line (&head, &line))
    return PF_ERR_INVALID;
  ret = response ? parse_status_line (line, m) : parse_request_line (line, m);
  if (ret == 0)
    ret = parse_headers (head, m);
  if (ret < 0)
    return ret;
  if (!pf_gs_rtsp_header (m, "CSeq", &cseq) ||
      pf_gs_text_uint (cseq, &m->cseq) < 0)
    return PF_ERR_INVALID;
  return 0;
}

int
pf_gs_rtsp_request_parse (
    const char *bytes, size_t size, PfGsRtspMessage *request)
{
  const size_t looked = size < PF_GS_RTSP_HEAD_MAX ? size : PF_GS_RTSP_HEAD_MAX;
  const size_t head = head_size (bytes, looked);
  PfGsRtspMessage m;
  PfGsText text;
  uint32_t length = 0;
  int ret;

  if (head == 0)
    return looked < PF_GS_RTSP_HEAD_MAX ? 0 : PF_ERR_RANGE;
  ret = parse_head ((PfGsText){ bytes, head }, false, &m);
  if (ret < 0)
    return ret;
  if (pf_gs_rtsp_header (&m, "Content-Length", &text)) {
    ret = pf_gs_text_uint (text, &length);
    if (ret < 0)
      return ret;
  }
  if (length > PF_GS_RTSP_SIZE_MAX - head)
    return PF_ERR_RANGE;
  if (size - head < length)
    return 0;
  m.payload = (PfGsText){ bytes + head, length };
  *request = m;
  return (int) (head + length);
}

int
pf_gs_rtsp_response_parse (
    const char *bytes, size_t size, PfGsRtspMessage *response)
{
  const size_t looked = size < PF_GS_RTSP_HEAD_MAX ? size : PF_GS_RTSP_HEAD_MAX;
  const size_t head = head_size (bytes, looked);
  PfGsRtspMessage m;
  int ret;

  if (size > PF_GS_RTSP_SIZE_MAX)
    return PF_ERR_RANGE;
  if (head == 0)
    return PF_ERR_INVALID;
  ret = parse_head ((PfGsText){ bytes, head }, true, &m);
  if (ret < 0)
    return ret;
  m.payload = (PfGsText){ bytes + head, size - head };
  *response = m;
  return 0;
}

/* ---- Writing ------------------------------------------------------------ */

void
pf_gs_rtsp_put_header (PfGsWriter *writer, const char *name, const char *value)
{
  pf_gs_put (writer, name);
  pf_gs_put (writer, ": ");
  pf_gs_put (writer, value);
  pf_gs_put (writer, "\r\n");
}

void
pf_gs_rtsp_put_header_uint (
    PfGsWriter *writer, const char *name, uint32_t value)
{
  pf_gs_put (writer, name);
  pf_gs_put (writer, ": ");
  pf_gs_put_uint (writer, value);
  pf_gs_put (writer, "\r\n");
}

void
pf_gs_rtsp_put_response (PfGsWriter *writer, unsigned status, uint32_t cseq)
{
  pf_gs_put (writer, "RTSP/1.0 ");
  pf_gs_put_uint (writer, status);
  pf_gs_put (writer, " ");
  pf_gs_put (writer, pf_gs_rtsp_status_text (status));
  pf_gs_put (writer, "\r\n");
  pf_gs_rtsp_put_header_uint (writer, "CSeq", cseq);
}

void
pf_gs_rtsp_put_request (
    PfGsWriter *writer, PfGsRtspMethod method, const char *target)
{
  pf_gs_put (writer, pf_gs_rtsp_method_name (method));
  pf_gs_put (writer, " ");
  pf_gs_put (writer, target);
  pf_gs_put (writer, " RTSP/1.0\r\n");
}

void
pf_gs_rtsp_put_payload (PfGsWriter *writer, PfGsText payload)
{
  pf_gs_put (writer, "\r\n");
  pf_gs_put_text (writer, payload);
}
