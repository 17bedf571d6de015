/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Started as root, goes on as somebody else. */
#ifndef PF_HOST_USER_H
#define PF_HOST_USER_H

#include <glib.h>

/* Of a user that is made when there is no better one. */
#define PF_USER_NAME "punktfunk"
#define PF_USER_HOME "/var/lib/gst-punktfunk"

/* Does nothing unless this is root. Then: NAME, or who called sudo, or
 * PF_USER_NAME, which is made if it is not there. With its groups, home and
 * runtime directory, and no way back. Call before there are threads. */
gboolean pf_user_leave_root (const gchar *name, GError **error);

#endif /* PF_HOST_USER_H */
