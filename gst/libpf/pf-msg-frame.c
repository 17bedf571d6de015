/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Framing of the control stream.
 */
#include "pf-msg-frame.h"

#include <string.h>

#include "pf-bytes.h"

PfMsgNamespace
pf_msg_namespace (const uint8_t *bytes, size_t size)
{
  if (size >= 4 && memcmp (bytes, "PKF1", 4) == 0)
    return PF_MSG_HANDSHAKE;
  if (size >= 5 && memcmp (bytes, "PKFc", 4) == 0)
    return PF_MSG_TYPED;
  return PF_MSG_UNKNOWN;
}

void
pf_msg_frame_finish (uint8_t *frame, size_t message_size)
{
  pf_put_le16 (frame, (uint16_t) message_size);
}

void
pf_msg_reader_init (PfMsgReader *reader, uint8_t *memory, size_t room)
{
  *reader = (PfMsgReader){ .memory = memory, .room = room };
}

/* Copies up to need bytes; what is still missing afterwards. */
static size_t
fill (uint8_t *to, size_t need, const uint8_t *bytes, size_t size, size_t *used)
{
  const size_t n = need < size - *used ? need : size - *used;

  if (n > 0)
    memcpy (to, bytes + *used, n);
  *used += n;
  return need - n;
}

static void
skip (PfMsgReader *r, size_t size, size_t *used)
{
  const size_t n = r->skip < size - *used ? r->skip : size - *used;

  r->skip -= n;
  *used += n;
}

/* The header: 1 if it is whole. */
static int
take_header (PfMsgReader *r, const uint8_t *bytes, size_t size, size_t *used)
{
  const size_t missing = fill (r->header + r->filled,
      PF_MSG_FRAME_HEADER - r->filled, bytes, size, used);

  r->filled = PF_MSG_FRAME_HEADER - missing;
  if (missing > 0)
    return 0;
  if (pf_get_le16 (r->header) <= r->room)
    return 1;
  r->skip = pf_get_le16 (r->header);
  r->filled = 0;
  return PF_ERR_RANGE;
}

int
pf_msg_reader_take (PfMsgReader *reader, const uint8_t *bytes, size_t size,
    size_t *used, PfMsgSpan *message)
{
  PfMsgReader *r = reader;
  size_t have, missing, length;
  int ret = 1;

  *used = 0;
  skip (r, size, used);
  if (r->skip > 0)
    return 0;
  if (r->filled < PF_MSG_FRAME_HEADER)
    ret = take_header (r, bytes, size, used);
  if (ret <= 0)
    return ret;
  length = pf_get_le16 (r->header);
  have = r->filled - PF_MSG_FRAME_HEADER;
  missing = fill (r->memory + have, length - have, bytes, size, used);
  r->filled = PF_MSG_FRAME_HEADER + length - missing;
  if (missing > 0)
    return 0;
  r->filled = 0;
  *message = (PfMsgSpan){ r->memory, length };
  return 1;
}

bool
pf_msg_reader_is_partial (const PfMsgReader *reader)
{
  return reader->filled > 0 || reader->skip > 0;
}
