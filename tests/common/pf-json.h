/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A strict JSON reader (RFC 8259) for test vectors: whole document in memory,
 * bounded depth, no GLib. Refused besides what the grammar refuses: bad
 * UTF-8, lone surrogates, U+0000 in strings, equal names in one object.
 *
 * Values belong to their document and live as long. Every reader accepts a
 * NULL value and a value of another type, and says so by its result: a chain
 * of pf_json_member() needs one check at its end.
 */
#ifndef PF_JSON_H
#define PF_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum {
  PF_JSON_NULL = 1,
  PF_JSON_BOOL,
  PF_JSON_NUMBER,
  PF_JSON_STRING,
  PF_JSON_ARRAY,
  PF_JSON_OBJECT,
} PfJsonType;

typedef struct PfJsonDoc PfJsonDoc;
typedef struct PfJson PfJson;

/* NULL on failure; then ERROR (if not NULL) says where and why. */
PfJsonDoc *pf_json_parse (
    const char *text, size_t length, char *error, size_t error_size);
PfJsonDoc *pf_json_load (const char *path, char *error, size_t error_size);
void pf_json_free (PfJsonDoc *doc);
const PfJson *pf_json_root (const PfJsonDoc *doc);

/* 0 for NULL. */
PfJsonType pf_json_type (const PfJson *value);

/* NULL if OBJECT is no object or has no such member. */
const PfJson *pf_json_member (const PfJson *object, const char *name);

/* Elements of an array, members of an object; else 0. */
size_t pf_json_length (const PfJson *value);

/* An element of an array, a member's value of an object; NULL past the end.
 * Walking from 0 upward takes one step each. */
const PfJson *pf_json_at (const PfJson *value, size_t index);

/* First child and the one after; NULL at the end. */
const PfJson *pf_json_first (const PfJson *value);
const PfJson *pf_json_next (const PfJson *value);

/* Name under which a value is a member; NULL in an array or at the root. */
const char *pf_json_name (const PfJson *value);

/* NULL if it is no string. */
const char *pf_json_string (const PfJson *value);

/* False if it is no such value or does not fit; OUT is then untouched.
 * The integer readers take no fraction and no exponent. */
bool pf_json_bool (const PfJson *value, bool *out);
bool pf_json_int64 (const PfJson *value, int64_t *out);
bool pf_json_uint64 (const PfJson *value, uint64_t *out);
bool pf_json_double (const PfJson *value, double *out);

/* Bytes from a string of hexadecimal digit pairs. *OUT is malloc'ed, never
 * NULL on success, and the caller's to free. */
bool pf_json_hex (const PfJson *value, uint8_t **out, size_t *n);

#endif /* PF_JSON_H */
