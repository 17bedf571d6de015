/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * HTTP as GameStream's clients speak it: one port with TLS, one without, each
 * over IPv4 and IPv6. What is said on them is somebody else's; here are
 * connections, their number, and how long they may take.
 *
 * A client that asks slowly, reads slowly or says nothing costs nobody else
 * anything: a connection is for one request, all of it is asynchronous, handshakes of TLS (which GIO makes in
 * threads of a pool) are few at a time and few of one address, and everything
 * has a time limit.
 *
 * Thread-safety: the main thread.
 */
#ifndef PF_HOST_GS_HTTP_H
#define PF_HOST_GS_HTTP_H

#include <gio/gio.h>

#include "pf-punch.h"

#define PF_GS_HTTP_CONNECTIONS 64
#define PF_GS_HTTP_OF_ADDRESS 16
#define PF_GS_HTTP_HANDSHAKES 8
#define PF_GS_HTTP_HANDSHAKES_OF_ADDRESS 2
#define PF_GS_HTTP_REQUEST_MS 10000 /* for a request, and for reading one */
#define PF_GS_HTTP_BODY_MAX 16384   /* no client sends any */

typedef struct _PfGsHttp PfGsHttp;

/* A request that is to be answered, once. */
typedef struct _PfGsCall PfGsCall;

typedef void (*PfGsHttpFunc) (PfGsCall *call, gpointer user);

typedef struct {
  const gchar *address;         /* NULL: every one */
  guint port, tls_port;         /* 0: none */
  GTlsCertificate *certificate; /* with its key */
  guint request_ms;             /* 0: PF_GS_HTTP_REQUEST_MS */
} PfGsHttpConfig;

typedef struct {
  guint connections; /* now */
  guint64 accepted, refused, late, requests;
} PfGsHttpStats;

/* NULL with an error of G_IO_ERROR; *PORT is then the one that cannot be
 * had, or 0. */
PfGsHttp *pf_gs_http_new (const PfGsHttpConfig *config, PfGsHttpFunc func,
    gpointer user, guint *port, GError **error);
void pf_gs_http_free (PfGsHttp *http);

void pf_gs_http_get_stats (const PfGsHttp *http, PfGsHttpStats *stats);

/* A connection that was made elsewhere, for tests: plain, or as if by TLS with
 * this certificate. */
void pf_gs_http_take (PfGsHttp *http, GIOStream *stream, GSocketAddress *local,
    GSocketAddress *remote, gboolean tls, GBytes *der);

/* ---- Requests ----------------------------------------------------------- */

/* Begins with a slash; is never the name of a file. */
const gchar *pf_gs_call_path (const PfGsCall *call);
/* NULL: it was not given. Decoded, UTF-8, without a 0 in it. */
const gchar *pf_gs_call_get (const PfGsCall *call, const gchar *name);
typedef void (*PfGsQueryFunc) (
    const gchar *name, const gchar *value, gpointer user);
void pf_gs_call_foreach (
    const PfGsCall *call, PfGsQueryFunc func, gpointer user);

gboolean pf_gs_call_is_tls (const PfGsCall *call);
/* The client's certificate, of which it has shown that it has the key; NULL:
 * none. In DER. */
const guint8 *pf_gs_call_der (const PfGsCall *call, gsize *size);
/* Its SHA-256, 64 digits of lower case; NULL: none. */
const gchar *pf_gs_call_fingerprint (const PfGsCall *call);
const PfPeerAddress *pf_gs_call_peer (const PfGsCall *call);
/* As text, without ports. */
const gchar *pf_gs_call_peer_text (const PfGsCall *call);
const gchar *pf_gs_call_local_text (const PfGsCall *call);
gboolean pf_gs_call_is_v4 (const PfGsCall *call);

/* The answer may take so long, at most. GONE: the client left, or the time is
 * over; then there is nothing to answer any more. */
void pf_gs_call_park (PfGsCall *call, guint seconds,
    void (*gone) (PfGsCall *call, gpointer user), gpointer user);

/* The answers. The call is not to be used after one. */
void pf_gs_call_reply_xml (PfGsCall *call, const gchar *xml, gsize size);
void pf_gs_call_reply_png (PfGsCall *call, GBytes *png);

#endif /* PF_HOST_GS_HTTP_H */
