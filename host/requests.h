/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What pf-host pair asks a running host over the local socket. A request is
 * words with tabs between; the answer is an object with "error" in it, or not.
 */
#ifndef PF_HOST_REQUESTS_H
#define PF_HOST_REQUESTS_H

#include "trust.h"

/* FALSE: the request is none of these, and is not answered. */
gboolean pf_requests_answer (
    PfTrust *trust, PfAdminCall *call, const gchar *request);

/* "90s", "30m", "8h", "7d" from now on, or "never": seconds since 1970, 0 for
 * never. */
gboolean pf_expiry_parse (const gchar *text, gint64 *expires);

#endif /* PF_HOST_REQUESTS_H */
