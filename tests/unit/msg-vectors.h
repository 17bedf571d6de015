/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The messages of punktfunk/1 that real peers made: fields and bytes.
 */
#ifndef MSG_VECTORS_H
#define MSG_VECTORS_H

#include "crypto-vectors.h"
#include "pf-msg.h"

typedef struct {
  const char *name;  /* "Hello" */
  const char *since; /* which version made it */
  const PfJson *fields;
  Bytes bytes;
} MsgVector;

/* The next vector whose name begins so; *index is 0 at first. */
bool msg_vectors_next (const char *prefix, size_t *index, MsgVector *vector);

/* A number among the fields; leaves the test as failed if it is none. */
uint64_t msg_number (const PfJson *fields, const char *name);
int64_t msg_signed (const PfJson *fields, const char *name);

/* The same where it may be missing. */
uint64_t msg_number_or (
    const PfJson *fields, const char *name, uint64_t absent);

/* A text, "" for null. */
const char *msg_text (const PfJson *fields, const char *name);

PfMsgSpan msg_bytes (const PfJson *fields, const char *name);
PfMsgMode msg_mode (const PfJson *fields);
PfMsgHdr msg_hdr (const PfJson *hdr);

#endif /* MSG_VECTORS_H */
