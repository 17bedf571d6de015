/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What a client must know of a session that nobody launched over HTTP: a file
 * of 0600, made anew for each session, in GKeyFile's form.
 *
 * Thread-safety: pure functions.
 */
#ifndef PF_GS_SESSION_FILE_H
#define PF_GS_SESSION_FILE_H

#include "pf-gs-hub.h"

G_BEGIN_DECLS

gboolean pf_gs_session_file_write (const gchar *path, guint rtsp_port,
    const PfGsHubLaunch *launch, const PfGsHostOffer *offer, GError **error);

G_END_DECLS

#endif /* PF_GS_SESSION_FILE_H */
