/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What the endpoint of a session answers a Hello with: by the video that there
 * is or what the hub's owner granted, and by its settings.
 *
 * Thread-safety: none of it has state.
 */
#ifndef PF_QUIC_WELCOME_H
#define PF_QUIC_WELCOME_H

#include "pf-quic-data.h"
#include "pf-quic-host-settings.h"
#include "pf-session.h"

G_BEGIN_DECLS

/* Caps of the video before it was packed; NULL: there is none yet. */
GstCaps *pf_quic_welcome_find_media (GstElement *host);

/* FALSE: the system has no random numbers. */
gboolean pf_quic_welcome_keys (PfMsgKeys *keys);

/* NULL, or why there is none. Without media all is granted. */
const gchar *pf_quic_welcome_make (GstElement *host,
    const PfQuicHostSettings *settings, PfQuicSession *session,
    const GstCaps *media, const PfQuicGrants *grants, const PfQuicData *data,
    PfMsgWelcome *welcome);

/* The key that both ends take. */
PfSecret *pf_quic_welcome_secret (
    const PfMsgWelcome *welcome, const PfMsgKeys *keys);

G_END_DECLS

#endif /* PF_QUIC_WELCOME_H */
