/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The control stream: each message behind its length, u16.
 */
#ifndef PF_MSG_FRAME_H
#define PF_MSG_FRAME_H

#include "pf-msg-types.h"

#define PF_MSG_FRAME_HEADER 2

/* What a message says it is. */
typedef enum {
  PF_MSG_HANDSHAKE = 1, /* "PKF1": which one follows from the order */
  PF_MSG_TYPED,         /* "PKFc": a type byte follows */
  PF_MSG_UNKNOWN,
} PfMsgNamespace;

PfMsgNamespace pf_msg_namespace (const uint8_t *bytes, size_t size);

/* Writes the length in front of a message of at most PF_MSG_SIZE_MAX bytes;
 * the message begins PF_MSG_FRAME_HEADER behind frame. */
void pf_msg_frame_finish (uint8_t *frame, size_t message_size);

/*
 * Finds messages in a stream that comes in pieces. The memory is the
 * caller's; no message is longer than it.
 * Thread-safety: one thread per PfMsgReader.
 */
typedef struct {
  uint8_t *memory;
  size_t room;
  size_t filled; /* of header and message */
  size_t skip;   /* bytes left of a message that was too long */
  uint8_t header[PF_MSG_FRAME_HEADER];
} PfMsgReader;

void pf_msg_reader_init (PfMsgReader *reader, uint8_t *memory, size_t room);

/*
 * Takes bytes up to the end of the next message: 1 and *message, which is
 * valid until the next call, or 0 if it is not whole yet. *used of the bytes
 * were taken; the rest is to be given again.
 * Errors: PF_ERR_RANGE (a message that does not fit; the reader leaves it out
 * and can go on).
 */
int pf_msg_reader_take (PfMsgReader *reader, const uint8_t *bytes, size_t size,
    size_t *used, PfMsgSpan *message);

/* Has a message begun that is not whole? */
bool pf_msg_reader_is_partial (const PfMsgReader *reader);

#endif /* PF_MSG_FRAME_H */
