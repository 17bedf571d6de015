/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Sessions of GameStream's clients: what each has started, and the pipeline
 * that it watches it through. Packets are the element gamestreamserver's.
 *
 * Thread-safety: the main thread.
 */
#ifndef PF_HOST_GS_SESSION_H
#define PF_HOST_GS_SESSION_H

#include "apps.h"
#include "select.h"

#include <json-glib/json-glib.h>

#include "pf-gs-launch.h"

typedef struct {
  const gchar *address; /* NULL: everywhere */
  guint port;           /* of HTTP */
  const gchar *journal; /* file of what is to be undone */
  gboolean allow_plain;
  guint max_sessions;
  guint max_depth, max_chroma; /* 8 or 10, 420 or 444 */
  gboolean hdr;
} PfGsSessionsConfig;

/* Who launches. */
typedef struct {
  const gchar *fingerprint, *name, *peer;
  guint32 grants; /* PF_MAY_* */
  gint64 expires; /* seconds since 1970; 0: never */
} PfGsWho;

typedef struct _PfGsSessions PfGsSessions;

/* Opens the ports of media, where there is an element for it. */
PfGsSessions *pf_gs_sessions_new (
    const PfGsSessionsConfig *config, GError **error);
gboolean pf_gs_sessions_can_stream (const PfGsSessions *sessions);
void pf_gs_sessions_free (PfGsSessions *sessions);

/* SELECT stays the caller's; tests encoders. */
void pf_gs_sessions_start (PfGsSessions *sessions, const PfSelect *select);

/* PF_GS_CODEC_*: what there are encoders for; 0: none. */
guint32 pf_gs_sessions_codecs (const PfGsSessions *sessions);
guint pf_gs_sessions_rtsp_port (const PfGsSessions *sessions);

/* What this client has started and not ended; 0: nothing. */
guint32 pf_gs_sessions_running (
    const PfGsSessions *sessions, const gchar *fingerprint);

/* APP NULL: what runs is resumed. A status_code, 200 if a session waits for
 * the client; MESSAGE is for the client's user, until the next call. */
guint pf_gs_sessions_launch (PfGsSessions *sessions, const PfGsWho *who,
    const PfApp *app, const PfGsLaunch *launch, const gchar **message);

typedef void (*PfGsCancelled) (gpointer user);

/* It ends: the session, and what was started. TRUE: at once; else DONE (may be
 * NULL) is called when all is undone. */
gboolean pf_gs_sessions_cancel (PfGsSessions *sessions,
    const gchar *fingerprint, PfGsCancelled done, gpointer user);
/* DONE is not called any more for this user. */
void pf_gs_sessions_forget (PfGsSessions *sessions, gpointer user);

/* Other rights from now on. */
void pf_gs_sessions_grant (PfGsSessions *sessions, const gchar *fingerprint,
    guint32 grants, gint64 expires);

guint pf_gs_sessions_n (const PfGsSessions *sessions);
/* Elements of an array. */
void pf_gs_sessions_to_json (
    const PfGsSessions *sessions, JsonBuilder *builder);

#endif /* PF_HOST_GS_SESSION_H */
