/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What both ends of a punktfunk/1 session share: times that are passed in,
 * and messages on their way out.
 */
#ifndef PF_SESSION_IO_H
#define PF_SESSION_IO_H

#include "pf-msg.h"

#define PF_MS UINT64_C (1000000)
#define PF_NEVER UINT64_MAX

/* Now, by two clocks: limits count on the first, messages carry the second. */
typedef struct {
  uint64_t mono_ns; /* never goes back */
  uint64_t unix_ns; /* since 1970; may jump */
} PfInstant;

/* Something to send. Valid until the next call for the same session. */
typedef enum {
  PF_OUTPUT_STREAM = 1, /* on the control stream, in this order, all of it */
  PF_OUTPUT_PUNCH,      /* a datagram from the data socket */
} PfOutputKind;

typedef struct {
  PfOutputKind kind;
  PfMsgSpan bytes;
} PfOutput;

static inline uint64_t
pf_earlier (uint64_t a, uint64_t b)
{
  return a < b ? a : b;
}

/*
 * Messages that wait to be sent, each with its length in front. What was
 * taken out is wiped, since one of them has keys.
 * Thread-safety: one thread per PfMsgQueue.
 */
typedef struct {
  uint8_t *memory;
  size_t room;
  size_t taken; /* bytes from the start that were handed out last */
  size_t end;
} PfMsgQueue;

void pf_msg_queue_init (PfMsgQueue *queue, uint8_t *memory, size_t room);

/* Room for a message of at most so many bytes; NULL if there is none. It is
 * in the queue with pf_msg_queue_commit(). */
uint8_t *pf_msg_queue_reserve (PfMsgQueue *queue, size_t size);
void pf_msg_queue_commit (PfMsgQueue *queue, size_t size);

/* Errors: PF_ERR_EXHAUSTED (no room), PF_ERR_INVALID (not to be encoded). */
int pf_msg_queue_put (PfMsgQueue *queue, const PfMsgControl *control);

/* The next one, length and message; false if there is none. Valid until the
 * next call. */
bool pf_msg_queue_take (PfMsgQueue *queue, uint8_t **frame, size_t *size);

/* Nothing waits, nothing is left in memory. */
void pf_msg_queue_clear (PfMsgQueue *queue);

#endif /* PF_SESSION_IO_H */
