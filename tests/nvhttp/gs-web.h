/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * GameStream's HTTP from a client's side: an identity, requests one by one,
 * each on a connection of its own, and pairing phase by phase, so that a test
 * can stop or turn wrong anywhere. Everything blocks, and has a time limit.
 *
 * Thread-safety: one thread per GsWeb.
 */
#ifndef GS_WEB_H
#define GS_WEB_H

#include <gio/gio.h>

#include "pf-gs-pair.h"

#define GS_WEB_SECRET 16

typedef enum {
  GS_CERT_USUAL,
  GS_CERT_EXPIRED,
  GS_CERT_FUTURE,     /* not valid yet */
  GS_CERT_V2,         /* X.509 version 2, without extensions */
  GS_CERT_NO_SIGNING, /* a keyUsage that does not fit */
} GsCertKind;

typedef struct {
  const gchar *address; /* of the host */
  guint port;           /* of its HTTP */
  const gchar *name;    /* uniqueid */
  GTlsCertificate *tls; /* NULL: comes without one */
  PfGsCert *cert;       /* the same */
  gchar *fingerprint;
  PfGsPairClient *pairing;
  uint8_t secret[GS_WEB_SECRET]; /* of the pairing */
} GsWeb;

/* What came back. */
typedef struct {
  guint code; /* of HTTP; 0: there was no answer */
  gchar *head, *body;
  gsize size; /* of the body */
} GsAnswer;

void gs_web_init (GsWeb *web, const gchar *address, guint port);
/* With a certificate; SUBJECT NULL: the usual one. */
void gs_web_identify (GsWeb *web, GsCertKind kind, const gchar *subject);
void gs_web_clear (GsWeb *web);

/* The certificate and the key in one text, for TLS, and apart. */
gchar *gs_make_identity (
    GsCertKind kind, const gchar *subject, gchar **cert, gchar **key);

/* A connection, after the handshake if it is one with TLS; NULL: refused. */
GIOStream *gs_web_connect (const GsWeb *web, gboolean tls);

/* TLS on one that is there, with this certificate (may be NULL); NULL: refused.
 * Accepts any host. */
GIOStream *gs_secure (GIOStream *transport, GTlsCertificate *own);

/* PATH with its query; the usual parameters are added. */
GsAnswer gs_web_get (const GsWeb *web, gboolean tls, const gchar *path);
/* On a connection that is there and stays. */
GsAnswer gs_web_get_on (
    const GsWeb *web, GIOStream *stream, const gchar *path, gboolean last);
void gs_answer_clear (GsAnswer *answer);

/* status_code; 0: there is none. */
guint gs_answer_status (const GsAnswer *answer);
/* An element's text; NULL: there is none. To be freed. */
gchar *gs_answer_element (const GsAnswer *answer, const gchar *name);
gboolean gs_answer_is (
    const GsAnswer *answer, const gchar *name, const gchar *text);

/* ---- Pairing ------------------------------------------------------------ */

typedef enum {
  GS_PHASE_SALT = 1, /* waits for the PIN */
  GS_PHASE_CHALLENGE,
  GS_PHASE_RESPONSE,
  GS_PHASE_SECRET,
  GS_PHASE_CONFIRM,
} GsPhase;

/* All phases up to this one; whether the host agreed to all. IGNORE: goes on
 * although the host's answer shows that its PIN was another one. */
gboolean gs_web_pair (
    GsWeb *web, const gchar *pin, GsPhase last, gboolean ignore);

#endif /* GS_WEB_H */
