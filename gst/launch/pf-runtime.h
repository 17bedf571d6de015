/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Where the sockets of a running program lie: a directory that is ours alone.
 */
#ifndef PF_RUNTIME_H
#define PF_RUNTIME_H

#include <glib.h>

/* TRUE if PATH is a directory (no link), belongs to this user and is closed to
 * all others. */
gboolean pf_runtime_is_private (const gchar *path);

/* $XDG_RUNTIME_DIR if it is private, else /run/user/UID if it is or may be made,
 * else /tmp/gst-punktfunk-UID; in it gst-punktfunk, which is returned. If
 * somebody else holds all these places there is a fresh one, whose name only
 * its maker knows. NULL with an error only if nothing can be made; with MAKE
 * unset if there is none. */
gchar *pf_runtime_dir (gboolean make, GError **error);

#endif /* PF_RUNTIME_H */
