/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Text of GameStream's RTSP and SDP. Bytes are compared as they are; the
 * locale has no say.
 */
#include "pf-gs-text.h"

#include <string.h>

static bool
is_blank (char c)
{
  return c == ' ' || c == '\t';
}

PfGsText
pf_gs_text_trim (PfGsText text)
{
  while (text.size > 0 && is_blank (text.data[0])) {
    text.data++;
    text.size--;
  }
  while (text.size > 0 && is_blank (text.data[text.size - 1]))
    text.size--;
  return text;
}

bool
pf_gs_text_equal (PfGsText text, const char *string)
{
  return text.size == strlen (string) &&
         memcmp (text.data, string, text.size) == 0;
}

static char
lower (char c)
{
  return c >= 'A' && c <= 'Z' ? (char) (c - 'A' + 'a') : c;
}

bool
pf_gs_text_equal_nocase (PfGsText text, const char *string)
{
  if (text.size != strlen (string))
    return false;
  for (size_t i = 0; i < text.size; i++)
    if (lower (text.data[i]) != lower (string[i]))
      return false;
  return true;
}

bool
pf_gs_text_split (PfGsText *text, char c, PfGsText *before)
{
  const char *at;

  if (text->size == 0)
    return false;
  at = memchr (text->data, c, text->size);
  before->data = text->data;
  before->size = at ? (size_t) (at - text->data) : text->size;
  text->data += before->size + (at != NULL);
  text->size -= before->size + (at != NULL);
  return true;
}

bool
pf_gs_text_line (PfGsText *text, PfGsText *line)
{
  if (!pf_gs_text_split (text, '\n', line))
    return false;
  if (line->size > 0 && line->data[line->size - 1] == '\r')
    line->size--;
  return true;
}

static int
digit_of (char c)
{
  if (c >= '0' && c <= '9')
    return c - '0';
  c = lower (c);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 99;
}

static int
parse_uint (PfGsText text, unsigned base, uint32_t *value)
{
  uint64_t v = 0;

  if (text.size == 0)
    return PF_ERR_INVALID;
  for (size_t i = 0; i < text.size; i++) {
    const unsigned digit = (unsigned) digit_of (text.data[i]);

    if (digit >= base)
      return PF_ERR_INVALID;
    if (v <= UINT32_MAX)
      v = v * base + digit;
  }
  if (v > UINT32_MAX)
    return PF_ERR_RANGE;
  *value = (uint32_t) v;
  return 0;
}

int
pf_gs_text_uint (PfGsText text, uint32_t *value)
{
  return parse_uint (text, 10, value);
}

int
pf_gs_text_uint_any (PfGsText text, uint32_t *value)
{
  if (text.size > 2 && text.data[0] == '0' && lower (text.data[1]) == 'x')
    return parse_uint ((PfGsText){ text.data + 2, text.size - 2 }, 16, value);
  return parse_uint (text, 10, value);
}

/* ---- Writing ------------------------------------------------------------ */

void
pf_gs_put_text (PfGsWriter *writer, PfGsText text)
{
  if (writer->full || text.size > writer->room - writer->size) {
    writer->full = true;
    return;
  }
  if (text.size > 0)
    memcpy (writer->bytes + writer->size, text.data, text.size);
  writer->size += text.size;
}

void
pf_gs_put (PfGsWriter *writer, const char *string)
{
  pf_gs_put_text (writer, (PfGsText){ string, strlen (string) });
}

void
pf_gs_put_uint (PfGsWriter *writer, uint32_t value)
{
  char digits[10];
  size_t at = sizeof digits;

  do {
    digits[--at] = (char) ('0' + value % 10);
    value /= 10;
  } while (value > 0);
  pf_gs_put_text (writer, (PfGsText){ digits + at, sizeof digits - at });
}
