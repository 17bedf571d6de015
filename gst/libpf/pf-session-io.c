/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Messages that wait to be sent: one after the other in one memory, moved to
 * its start when the end is reached.
 */
#include "pf-session-io.h"

#include <string.h>

#include "pf-bytes.h"
#include "pf-wipe.h"

void
pf_msg_queue_init (PfMsgQueue *queue, uint8_t *memory, size_t room)
{
  *queue = (PfMsgQueue){ .memory = memory, .room = room };
}

/* What was handed out is not needed any more: gone, and the rest at the
 * start. */
static void
drop_taken (PfMsgQueue *q)
{
  const size_t left = q->end - q->taken;

  if (q->taken == 0)
    return;
  memmove (q->memory, q->memory + q->taken, left);
  pf_wipe (q->memory + left, q->taken);
  q->taken = 0;
  q->end = left;
}

uint8_t *
pf_msg_queue_reserve (PfMsgQueue *queue, size_t size)
{
  drop_taken (queue);
  if (size > PF_MSG_SIZE_MAX ||
      queue->room - queue->end < PF_MSG_FRAME_HEADER + size)
    return NULL;
  return queue->memory + queue->end + PF_MSG_FRAME_HEADER;
}

void
pf_msg_queue_commit (PfMsgQueue *queue, size_t size)
{
  pf_msg_frame_finish (queue->memory + queue->end, size);
  queue->end += PF_MSG_FRAME_HEADER + size;
}

int
pf_msg_queue_put (PfMsgQueue *queue, const PfMsgControl *control)
{
  uint8_t *bytes = pf_msg_queue_reserve (queue, PF_MSG_CONTROL_HEADER);
  size_t size;
  int ret;

  if (!bytes)
    return PF_ERR_EXHAUSTED;
  ret = pf_msg_control_encode (
      control, bytes, queue->room - queue->end - PF_MSG_FRAME_HEADER, &size);
  if (ret == PF_ERR_RANGE)
    return PF_ERR_EXHAUSTED;
  if (ret == 0)
    pf_msg_queue_commit (queue, size);
  return ret;
}

bool
pf_msg_queue_take (PfMsgQueue *queue, uint8_t **frame, size_t *size)
{
  drop_taken (queue);
  if (queue->end == 0)
    return false;
  *frame = queue->memory;
  *size = PF_MSG_FRAME_HEADER + (size_t) pf_get_le16 (queue->memory);
  queue->taken = *size;
  return true;
}

void
pf_msg_queue_clear (PfMsgQueue *queue)
{
  pf_wipe (queue->memory, queue->room);
  queue->taken = queue->end = 0;
}
