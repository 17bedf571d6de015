/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Layouts as tables: what follows what in a message, and where it lies in the
 * structure that stands for it. Private to the pf-msg-*.c files.
 */
#ifndef PF_MSG_FIELDS_H
#define PF_MSG_FIELDS_H

#include "pf-msg-types.h"

typedef enum {
  PF_FIELD_NUMBER, /* size bytes, little-endian; also float */
  PF_FIELD_BYTES,  /* size bytes as they are */
  PF_FIELD_TEXT,   /* u8 length, UTF-8; size - 1 bytes at most */
  PF_FIELD_HDR,    /* PfMsgHdr, if there are so many bytes left */
} PfMsgFieldKind;

typedef struct {
  uint16_t offset; /* in the structure */
  uint16_t size;   /* there; of a number also on the wire */
  uint16_t flag;   /* HDR: offset of the bool that says it is there */
  uint16_t kind;   /* PfMsgFieldKind */
  uint32_t absent; /* value of a number that was left out */
} PfMsgField;

#define PF_FIELD_SIZE_(type, member) sizeof (((type *) 0)->member)

#define PF_NUMBER_OR(type, member, absent)                                     \
  {                                                                            \
    offsetof (type, member), PF_FIELD_SIZE_ (type, member), 0,                 \
        PF_FIELD_NUMBER, absent                                                \
  }
#define PF_NUMBER(type, member) PF_NUMBER_OR (type, member, 0)
#define PF_BYTES(type, member)                                                 \
  {                                                                            \
    offsetof (type, member), PF_FIELD_SIZE_ (type, member), 0, PF_FIELD_BYTES, \
        0                                                                      \
  }
#define PF_TEXT(type, member)                                                  \
  {                                                                            \
    offsetof (type, member), PF_FIELD_SIZE_ (type, member), 0, PF_FIELD_TEXT,  \
        0                                                                      \
  }
#define PF_HDR(type, member, flag)                                             \
  {                                                                            \
    offsetof (type, member), PF_MSG_HDR_SIZE, offsetof (type, flag),           \
        PF_FIELD_HDR, 0                                                        \
  }

/* ---- Layouts without anything optional: numbers and bytes --------------- */

size_t pf_msg_fields_size (const PfMsgField *fields, size_t n);

/* All fields; there is room. */
void pf_msg_fields_get (
    const PfMsgField *fields, size_t n, const uint8_t *bytes, void *structure);
void pf_msg_fields_put (
    const PfMsgField *fields, size_t n, const void *structure, uint8_t *bytes);

/* ---- Tails: each field may be the last ---------------------------------- */

/* Every field as if it was left out. */
void pf_msg_tail_absent (const PfMsgField *fields, size_t n, void *structure);

/* Reads fields as long as there are whole ones, the rest is as if it was left
 * out. How many fields were read; *used bytes. */
size_t pf_msg_tail_get (const PfMsgField *fields, size_t n,
    const uint8_t *bytes, size_t size, void *structure, size_t *used);

/* How many fields must be written: all up to the last that has not the value
 * of one left out. */
size_t pf_msg_tail_needed (
    const PfMsgField *fields, size_t n, const void *structure);

/* Writes n fields. Errors: PF_ERR_RANGE (no room), PF_ERR_INVALID (a text is
 * no UTF-8). */
int pf_msg_tail_put (const PfMsgField *fields, size_t n, const void *structure,
    uint8_t *bytes, size_t room, size_t *size);

/* ---- Parts -------------------------------------------------------------- */

/* Copies a text of n bytes with a 0 behind. False, and an empty text, if it
 * has more than max bytes, is no UTF-8 or contains U+0000. */
bool pf_msg_text_get (const uint8_t *bytes, size_t n, char *text, size_t max);

bool pf_msg_utf8_check (const uint8_t *bytes, size_t n);

void pf_msg_hdr_get (const uint8_t bytes[PF_MSG_HDR_SIZE], PfMsgHdr *hdr);
void pf_msg_hdr_put (const PfMsgHdr *hdr, uint8_t bytes[PF_MSG_HDR_SIZE]);

#endif /* PF_MSG_FIELDS_H */
