/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The host for GameStream's clients: who is paired, what they may start, and
 * the sessions that become of it. Requests come from gs-http, packets are the
 * element gamestreamserver's.
 *
 * Every client has a session of its own. What it started goes on when it
 * leaves, until it says so, or another one of its own takes the place.
 *
 * Thread-safety: the main thread.
 */
#ifndef PF_HOST_GAMESTREAM_H
#define PF_HOST_GAMESTREAM_H

#include "select.h"
#include "trust.h"

#include <json-glib/json-glib.h>

#define PF_GS_PORT 47989
/* From the port of HTTP. */
#define PF_GS_TLS_BELOW 5
#define PF_GS_VIDEO_ABOVE 9
#define PF_GS_CONTROL_ABOVE 10
#define PF_GS_AUDIO_ABOVE 11
#define PF_GS_RTSP_ABOVE 21

typedef struct {
  const gchar *address;  /* NULL: everywhere */
  guint port;            /* of HTTP; all others follow from it */
  const gchar *identity; /* directory of cert.pem and key.pem */
  const gchar *apps;     /* file */
  gboolean allow_plain;  /* media and control may be sent unencrypted */
  guint max_sessions;
  guint max_depth, max_chroma; /* 8 or 10, 420 or 444 */
  gboolean hdr;
} PfGsConfig;

typedef struct _PfGsHost PfGsHost;

/* Opens the ports. TRUST stays the caller's. NULL with an error that names the
 * port, if it is one. */
PfGsHost *pf_gs_host_new (
    const PfGsConfig *config, PfTrust *trust, GError **error);
void pf_gs_host_free (PfGsHost *host);

/* Answers from now on. SELECT stays the caller's. */
void pf_gs_host_start (PfGsHost *host, const PfSelect *select);

/* Its sessions cannot be: this build has no element for them. */
gboolean pf_gs_host_can_stream (const PfGsHost *host);

guint pf_gs_host_n_paired (const PfGsHost *host);

/* What a device may do has changed; code is not 0 if that is nothing. */
void pf_gs_host_access (PfGsHost *host, const gchar *fingerprint,
    guint32 grants, gint64 expires, guint code);

/* Members of an object that is begun, and elements of an array. */
void pf_gs_host_to_json (const PfGsHost *host, JsonBuilder *builder);
void pf_gs_host_sessions_to_json (const PfGsHost *host, JsonBuilder *builder);

#endif /* PF_HOST_GAMESTREAM_H */
