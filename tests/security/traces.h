/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What a secret may look like in a text: raw, swapped, in hexadecimal and
 * decimal numbers with anything between them, in base64.
 */
#ifndef TRACES_H
#define TRACES_H

#include <glib.h>

/* GBytes: parts of the secret in all forms. */
GPtrArray *pf_traces_of (const guint8 *secret, gsize size);

/* Marks the test as failed if one is there. */
void pf_traces_search (const gchar *where, const gchar *bytes, gsize size,
    const GPtrArray *traces);

#endif /* TRACES_H */
