/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * One client that is served: a pipeline, its messages and its end. Shares no
 * pointer with other sessions. All calls in the main thread.
 */
#ifndef PF_HOST_SERVED_H
#define PF_HOST_SERVED_H

#include "select.h"

#include <gst/gst.h>
#include <json-glib/json-glib.h>

typedef struct _PfServed PfServed;

/* Why it ended; ENCODER is the fragment whose encoder failed, or NULL. Called
 * once, last, from the main loop; the session is then to be freed. */
typedef void (*PfSessionEnded) (PfServed *session, const gchar *reason,
    const gchar *encoder, gpointer user);

/* The client wants it otherwise: WISH is its offer with another mode or bitrate.
 * To be answered with pf_served_change(). From the main loop. */
typedef void (*PfSessionWish) (
    PfServed *session, const PfOffer *wish, gpointer user);

/* Where a session's endpoint finds its server, and the ports that it may take
 * (0: it asks for none, or any will do). */
typedef struct {
  const gchar *server; /* name of the element */
  guint first_port, last_port;
} PfEndpoint;

/* Takes the grant. */
PfServed *pf_served_new (guint64 id, const PfEndpoint *endpoint,
    const PfOffer *offer, PfGrant *grant, PfSessionEnded ended, gpointer user,
    GError **error);
/* Builds nothing down: call in any state; what stops slowly goes on stopping
 * by itself. */
void pf_served_free (PfServed *session);

void pf_served_set_wish (PfServed *session, PfSessionWish wish);
/* What the wish may have; takes the grant. NULL: all stays as it is. */
void pf_served_change (PfServed *session, PfGrant *grant);

/* The client vanished: all waits for it to return for so long, then ENDED is
 * called. FALSE: it could not be known again. */
gboolean pf_served_keep (PfServed *session, guint ms);
/* Whether this offer is that client's, and what waits is what it wants. */
gboolean pf_served_is_of (const PfServed *session, const PfOffer *offer);
/* It goes on under the offer's number; what was granted. NULL: it cannot. */
const PfGrant *pf_served_return (PfServed *session, const PfOffer *offer);
gboolean pf_served_is_kept (const PfServed *session);

guint64 pf_served_id (const PfServed *session);
/* NULL: without a certificate. */
const gchar *pf_served_fingerprint (const PfServed *session);
/* Members of an object that is begun. */
void pf_served_to_json (PfServed *session, JsonBuilder *builder);

#endif /* PF_HOST_SERVED_H */
