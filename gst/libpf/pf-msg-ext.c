/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Extension blocks at the end of Welcome and Start: u16 size, then entries of
 * u16 tag, u16 size, value. Unknown tags are skipped by whoever reads them.
 */
#include "pf-msg-handshake.h"

#include <string.h>

#include "pf-bytes.h"

enum { ENTRY_HEADER = 4 };

bool
pf_msg_ext_next (
    const PfMsgSpan *entries, size_t *at, uint16_t *tag, PfMsgSpan *value)
{
  size_t left, size;
  const uint8_t *entry;

  if (*at > entries->size || entries->size - *at < ENTRY_HEADER)
    return false;
  entry = entries->data + *at;
  left = entries->size - *at - ENTRY_HEADER;
  size = pf_get_le16 (entry + 2);
  if (size > left)
    return false;
  *tag = pf_get_le16 (entry);
  *value = (PfMsgSpan){ entry + ENTRY_HEADER, size };
  *at += ENTRY_HEADER + size;
  return true;
}

int
pf_msg_ext_check (const PfMsgSpan *entries)
{
  uint16_t tags[PF_EXT_ENTRIES_MAX], tag;
  PfMsgSpan value;
  size_t at = 0, n = 0;

  if (entries->size > PF_EXT_SIZE_MAX)
    return PF_ERR_INVALID;
  while (pf_msg_ext_next (entries, &at, &tag, &value)) {
    if (n == PF_EXT_ENTRIES_MAX)
      return PF_ERR_INVALID;
    for (size_t i = 0; i < n; i++)
      if (tags[i] == tag)
        return PF_ERR_INVALID;
    tags[n++] = tag;
  }
  return at == entries->size ? 0 : PF_ERR_INVALID;
}

int
pf_msg_ext_add (uint8_t *entries, size_t room, size_t *size, uint16_t tag,
    const uint8_t *value, size_t value_size)
{
  if (value_size > UINT16_MAX || *size > room ||
      ENTRY_HEADER + value_size > room - *size)
    return PF_ERR_RANGE;
  pf_put_le16 (entries + *size, tag);
  pf_put_le16 (entries + *size + 2, (uint16_t) value_size);
  if (value_size > 0)
    memcpy (entries + *size + ENTRY_HEADER, value, value_size);
  *size += ENTRY_HEADER + value_size;
  return 0;
}
