/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Text of GameStream's RTSP and SDP: pieces of it, numbers in it, and a writer
 * into memory of a fixed size.
 */
#ifndef PF_GS_TEXT_H
#define PF_GS_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pf-error.h"

/* Characters somewhere else, with no 0 at their end. */
typedef struct {
  const char *data;
  size_t size;
} PfGsText;

/* Without blanks at both ends. */
PfGsText pf_gs_text_trim (PfGsText text);
bool pf_gs_text_equal (PfGsText text, const char *string);
/* Without regard to the case of ASCII letters. */
bool pf_gs_text_equal_nocase (PfGsText text, const char *string);

/* Takes what is before the first C from the front of *TEXT, and C; all if
 * there is none. False: the text is empty. */
bool pf_gs_text_split (PfGsText *text, char c, PfGsText *before);
/* A line without its end, LF or CRLF. */
bool pf_gs_text_line (PfGsText *text, PfGsText *line);

/* Decimal digits and nothing else. Errors: PF_ERR_INVALID, PF_ERR_RANGE. */
int pf_gs_text_uint (PfGsText text, uint32_t *value);
/* The same, or 0x and hexadecimal digits. */
int pf_gs_text_uint_any (PfGsText text, uint32_t *value);

/* Writes as long as there is room; whether there was is asked at the end. */
typedef struct {
  char *bytes;
  size_t room, size;
  bool full;
} PfGsWriter;

void pf_gs_put (PfGsWriter *writer, const char *string);
void pf_gs_put_text (PfGsWriter *writer, PfGsText text);
void pf_gs_put_uint (PfGsWriter *writer, uint32_t value);

#endif /* PF_GS_TEXT_H */
