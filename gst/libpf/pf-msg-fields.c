/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Layouts as tables. A number of any width is moved through its own integer
 * type, so that the structure needs no particular order of bytes.
 */
#include "pf-msg-fields.h"

#include <string.h>

#include "pf-bytes.h"

/* ---- Numbers ------------------------------------------------------------ */

static void
number_get (const uint8_t *bytes, size_t size, void *number)
{
  const uint16_t v16 = size == 2 ? pf_get_le16 (bytes) : 0;
  const uint32_t v32 = size == 4 ? pf_get_le32 (bytes) : 0;
  const uint64_t v64 = size == 8 ? pf_get_le64 (bytes) : 0;

  switch (size) {
  case 1:
    memcpy (number, bytes, 1);
    break;
  case 2:
    memcpy (number, &v16, 2);
    break;
  case 4:
    memcpy (number, &v32, 4);
    break;
  default:
    memcpy (number, &v64, 8);
    break;
  }
}

/* The value of a number in a structure. */
static uint64_t
number_value (const void *number, size_t size)
{
  uint8_t v8;
  uint16_t v16;
  uint32_t v32;
  uint64_t v64;

  switch (size) {
  case 1:
    memcpy (&v8, number, 1);
    return v8;
  case 2:
    memcpy (&v16, number, 2);
    return v16;
  case 4:
    memcpy (&v32, number, 4);
    return v32;
  default:
    memcpy (&v64, number, 8);
    return v64;
  }
}

static void
value_put (uint64_t value, size_t size, uint8_t *bytes)
{
  for (size_t i = 0; i < size; i++)
    bytes[i] = (uint8_t) (value >> 8 * i);
}

/* ---- Layouts without anything optional ---------------------------------- */

size_t
pf_msg_fields_size (const PfMsgField *fields, size_t n)
{
  size_t size = 0;

  for (size_t i = 0; i < n; i++)
    size += fields[i].size;
  return size;
}

static const uint8_t *
const_member (const void *structure, const PfMsgField *field)
{
  return (const uint8_t *) structure + field->offset;
}

static uint8_t *
member (void *structure, const PfMsgField *field)
{
  return (uint8_t *) structure + field->offset;
}

void
pf_msg_fields_get (
    const PfMsgField *fields, size_t n, const uint8_t *bytes, void *structure)
{
  for (size_t i = 0; i < n; i++) {
    const PfMsgField *f = &fields[i];

    if (f->kind == PF_FIELD_BYTES)
      memcpy (member (structure, f), bytes, f->size);
    else
      number_get (bytes, f->size, member (structure, f));
    bytes += f->size;
  }
}

void
pf_msg_fields_put (
    const PfMsgField *fields, size_t n, const void *structure, uint8_t *bytes)
{
  for (size_t i = 0; i < n; i++) {
    const PfMsgField *f = &fields[i];

    if (f->kind == PF_FIELD_BYTES)
      memcpy (bytes, const_member (structure, f), f->size);
    else
      value_put (
          number_value (const_member (structure, f), f->size), f->size, bytes);
    bytes += f->size;
  }
}

/* ---- Parts -------------------------------------------------------------- */

/* Bytes of the character that begins here, 0 if none does. */
static size_t
utf8_length (const uint8_t *p, size_t n)
{
  const size_t need = p[0] < 0x80                   ? 1
                      : p[0] >= 0xc2 && p[0] < 0xe0 ? 2
                      : (p[0] & 0xf0) == 0xe0       ? 3
                      : p[0] >= 0xf0 && p[0] < 0xf5 ? 4
                                                    : 0;

  if (need > n)
    return 0;
  for (size_t i = 1; i < need; i++)
    if ((p[i] & 0xc0) != 0x80)
      return 0;
  /* longer than needed, surrogates, beyond U+10FFFF */
  if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] >= 0xa0) ||
      (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] >= 0x90))
    return 0;
  return need;
}

bool
pf_msg_utf8_check (const uint8_t *bytes, size_t n)
{
  while (n > 0) {
    const size_t length = utf8_length (bytes, n);

    if (length == 0)
      return false;
    bytes += length;
    n -= length;
  }
  return true;
}

bool
pf_msg_text_get (const uint8_t *bytes, size_t n, char *text, size_t max)
{
  text[0] = 0;
  if (n > max || !pf_msg_utf8_check (bytes, n) ||
      (n > 0 && memchr (bytes, 0, n)))
    return false;
  if (n > 0)
    memcpy (text, bytes, n);
  text[n] = 0;
  return true;
}

static const PfMsgField hdr_fields[] = {
  PF_NUMBER (PfMsgHdr, primaries[0][0]),
  PF_NUMBER (PfMsgHdr, primaries[0][1]),
  PF_NUMBER (PfMsgHdr, primaries[1][0]),
  PF_NUMBER (PfMsgHdr, primaries[1][1]),
  PF_NUMBER (PfMsgHdr, primaries[2][0]),
  PF_NUMBER (PfMsgHdr, primaries[2][1]),
  PF_NUMBER (PfMsgHdr, white[0]),
  PF_NUMBER (PfMsgHdr, white[1]),
  PF_NUMBER (PfMsgHdr, max_luminance),
  PF_NUMBER (PfMsgHdr, min_luminance),
  PF_NUMBER (PfMsgHdr, max_cll),
  PF_NUMBER (PfMsgHdr, max_fall),
};

#define N_HDR_FIELDS (sizeof hdr_fields / sizeof *hdr_fields)

void
pf_msg_hdr_get (const uint8_t bytes[PF_MSG_HDR_SIZE], PfMsgHdr *hdr)
{
  pf_msg_fields_get (hdr_fields, N_HDR_FIELDS, bytes, hdr);
}

void
pf_msg_hdr_put (const PfMsgHdr *hdr, uint8_t bytes[PF_MSG_HDR_SIZE])
{
  pf_msg_fields_put (hdr_fields, N_HDR_FIELDS, hdr, bytes);
}

/* ---- Tails -------------------------------------------------------------- */

static void
set_number (const PfMsgField *f, uint64_t value, void *structure)
{
  uint8_t bytes[8];

  value_put (value, f->size, bytes);
  number_get (bytes, f->size, member (structure, f));
}

static void
set_flag (const PfMsgField *f, bool value, void *structure)
{
  memcpy ((uint8_t *) structure + f->flag, &value, sizeof value);
}

static bool
flag (const PfMsgField *f, const void *structure)
{
  bool value;

  memcpy (&value, (const uint8_t *) structure + f->flag, sizeof value);
  return value;
}

static void
field_absent (const PfMsgField *f, void *structure)
{
  switch (f->kind) {
  case PF_FIELD_NUMBER:
    set_number (f, f->absent, structure);
    break;
  case PF_FIELD_HDR:
    memset (member (structure, f), 0, sizeof (PfMsgHdr));
    set_flag (f, false, structure);
    break;
  default:
    memset (member (structure, f), 0, f->size);
    break;
  }
}

void
pf_msg_tail_absent (const PfMsgField *fields, size_t n, void *structure)
{
  for (size_t i = 0; i < n; i++)
    field_absent (&fields[i], structure);
}

/* Reads one field; its bytes, or SIZE_MAX if it is not whole. */
static size_t
field_get (
    const PfMsgField *f, const uint8_t *bytes, size_t size, void *structure)
{
  if (f->kind == PF_FIELD_HDR) {
    PfMsgHdr hdr;

    if (size < PF_MSG_HDR_SIZE)
      return 0; /* what follows is something else */
    pf_msg_hdr_get (bytes, &hdr);
    memcpy (member (structure, f), &hdr, sizeof hdr);
    set_flag (f, true, structure);
    return PF_MSG_HDR_SIZE;
  }
  if (f->kind == PF_FIELD_TEXT) {
    if (size < 1 || size - 1 < bytes[0])
      return SIZE_MAX;
    pf_msg_text_get (bytes + 1, bytes[0], (char *) member (structure, f),
        (size_t) f->size - 1);
    return 1 + (size_t) bytes[0];
  }
  if (size < f->size)
    return SIZE_MAX;
  pf_msg_fields_get (f, 1, bytes, structure);
  return f->size;
}

size_t
pf_msg_tail_get (const PfMsgField *fields, size_t n, const uint8_t *bytes,
    size_t size, void *structure, size_t *used)
{
  size_t at = 0, i;

  pf_msg_tail_absent (fields, n, structure);
  for (i = 0; i < n; i++) {
    const size_t got = field_get (&fields[i], bytes + at, size - at, structure);

    if (got == SIZE_MAX)
      break;
    at += got;
  }
  *used = at;
  return i;
}

static bool
is_absent (const PfMsgField *f, const void *structure)
{
  switch (f->kind) {
  case PF_FIELD_NUMBER:
    return number_value (const_member (structure, f), f->size) == f->absent;
  case PF_FIELD_HDR:
    return !flag (f, structure);
  case PF_FIELD_TEXT:
    return *const_member (structure, f) == 0;
  default:
    return false;
  }
}

size_t
pf_msg_tail_needed (const PfMsgField *fields, size_t n, const void *structure)
{
  while (n > 0 && is_absent (&fields[n - 1], structure))
    n--;
  return n;
}

/* Bytes of a field; SIZE_MAX for a text that cannot be sent. */
static size_t
field_size (const PfMsgField *f, const void *structure)
{
  const uint8_t *text = const_member (structure, f);
  const uint8_t *end;

  if (f->kind == PF_FIELD_HDR)
    return flag (f, structure) ? PF_MSG_HDR_SIZE : 0;
  if (f->kind != PF_FIELD_TEXT)
    return f->size;
  end = memchr (text, 0, f->size);
  if (!end || !pf_msg_utf8_check (text, (size_t) (end - text)))
    return SIZE_MAX;
  return 1 + (size_t) (end - text);
}

static void
field_put (
    const PfMsgField *f, size_t size, const void *structure, uint8_t *bytes)
{
  PfMsgHdr hdr;

  switch (f->kind) {
  case PF_FIELD_TEXT:
    bytes[0] = (uint8_t) (size - 1);
    memcpy (bytes + 1, const_member (structure, f), size - 1);
    break;
  case PF_FIELD_HDR:
    memcpy (&hdr, const_member (structure, f), sizeof hdr);
    if (size > 0)
      pf_msg_hdr_put (&hdr, bytes);
    break;
  default:
    pf_msg_fields_put (f, 1, structure, bytes);
    break;
  }
}

int
pf_msg_tail_put (const PfMsgField *fields, size_t n, const void *structure,
    uint8_t *bytes, size_t room, size_t *size)
{
  size_t at = 0;

  for (size_t i = 0; i < n; i++) {
    const size_t need = field_size (&fields[i], structure);

    if (need == SIZE_MAX)
      return PF_ERR_INVALID;
    if (need > room - at)
      return PF_ERR_RANGE;
    field_put (&fields[i], need, structure, bytes + at);
    at += need;
  }
  *size = at;
  return 0;
}
