/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What the command line asks of the host at a time: another mode, another
 * bitrate, a speed test.
 */
#ifndef PF_CLIENT_WISHES_H
#define PF_CLIENT_WISHES_H

#include <gst/gst.h>

typedef struct _PfWishes PfWishes;

/* "1920x1080@60:3", "20000:5" and "100000:800:5", NULL at the end; each list
 * may be NULL. The last number is seconds of the stream. NULL with an error. */
PfWishes *pf_wishes_new (
    gchar **modes, gchar **bitrates, gchar **tests, GError **error);
void pf_wishes_free (PfWishes *wishes);

/* Sends those whose time has come to the receiver. */
void pf_wishes_send (PfWishes *wishes, GstElement *receiver, guint64 stream_ms);

#endif /* PF_CLIENT_WISHES_H */
