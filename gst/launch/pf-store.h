/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Files that say whom to trust: JSON, 0600 in a directory of 0700, written
 * whole or not at all. What is read is measured before a parser sees it.
 */
#ifndef PF_STORE_H
#define PF_STORE_H

#include <json-glib/json-glib.h>

#define PF_STORE_SIZE_MAX (1024 * 1024)
#define PF_STORE_DEPTH_MAX 16

/* Whether text is of bearable size and depth; says nothing else about it. */
gboolean pf_store_is_bearable (const gchar *text, gsize size);

/* Text as a JSON object. NULL with an error that says what is wrong. */
JsonObject *pf_store_parse (const gchar *text, gsize size, GError **error);

/* The object in a file, which others lose access to if they had it. NULL
 * without an error if there is no file. */
JsonObject *pf_store_load (const gchar *path, GError **error);

/* Makes the directory too. After a failure, or if the machine stops in
 * between, the file is what it was. */
gboolean pf_store_save (const gchar *path, JsonObject *object, GError **error);

/* A name that a stranger gave, for terminals, logs and lists: nothing but what
 * is printed, no runs of blanks, no change of direction, at most 64 bytes. If
 * that leaves nothing, "device" and the fingerprint's beginning. */
gchar *pf_store_clean_name (const gchar *name, const gchar *fingerprint);

/* Lower case without colons; NULL if it is no fingerprint. */
gchar *pf_store_fingerprint (const gchar *text);

#endif /* PF_STORE_H */
