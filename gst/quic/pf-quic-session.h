/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A session of punktfunk/1 on the host: a QUIC connection and what is said on
 * it (pf-host-session.h). It belongs to a hub, which is told of the offer, and
 * then to the endpoint that was attached.
 *
 * Thread-safety: any thread. What is told comes in the connection's thread,
 * with no lock held.
 */
#ifndef PF_QUIC_SESSION_H
#define PF_QUIC_SESSION_H

#include "pf-host-session.h"
#include "pf-quic-link.h"

G_BEGIN_DECLS

typedef struct _PfQuicSession PfQuicSession;
typedef struct _PfQuicCeremony PfQuicCeremony;

typedef struct {
  /* Not the offer, pairing, or the close. Of events only what lies in the
   * structure itself is valid, and mic, until the function returns. */
  void (*event) (
      PfQuicSession *session, const PfHostEvent *event, gpointer user);
  /* As pf_quic_session_call() wished. */
  void (*call) (PfQuicSession *session, gpointer user);
  /* Comes last. */
  void (*closed) (PfQuicSession *session, const PfQuicEnd *end, gpointer user);
} PfQuicSessionFuncs;

PfQuicSession *pf_quic_session_ref (PfQuicSession *session);
void pf_quic_session_unref (PfQuicSession *session);

guint pf_quic_session_id (const PfQuicSession *session);

/* Valid as long as the session; after the offer. */
const PfMsgHello *pf_quic_session_hello (const PfQuicSession *session);
gboolean pf_quic_session_is_anonymous (const PfQuicSession *session);
const guint8 *pf_quic_session_fingerprint (const PfQuicSession *session);

/* "127.0.0.1:5000", to be freed. */
gchar *pf_quic_session_peer (PfQuicSession *session);
void pf_quic_session_path (PfQuicSession *session, PfQuicPath *path);
PfQuicLink *pf_quic_session_link (PfQuicSession *session);

/* What the owner of the hub grants; 0: as the video is. */
typedef struct {
  gboolean limited; /* access and expires_s are set; else all is allowed */
  guint access;     /* PF_GRANT_* */
  guint expires_s;  /* 0: never */
  guint8 codec;
  guint width, height, fps, bitrate_kbps;
  guint max_bitrate_kbps; /* that the client may ask for later */
  guint depth, chroma;    /* 8, 10; 420, 444 */
  gboolean hdr;
  guint channels;
} PfQuicGrants;

void pf_quic_session_grant (PfQuicSession *session, const PfQuicGrants *grants);

/* FALSE: nothing was granted yet. */
gboolean pf_quic_session_get_grants (
    PfQuicSession *session, PfQuicGrants *grants);

/* Its endpoint; FALSE if it has one, is closed, or is not allowed in. */
gboolean pf_quic_session_attach (
    PfQuicSession *session, const PfQuicSessionFuncs *funcs, gpointer user);

/* A barrier: nothing is told after it returns. */
void pf_quic_session_detach (PfQuicSession *session);

/* Has call() called at this time of pf_quic_now(), once. */
void pf_quic_session_call (PfQuicSession *session, guint64 at);

void pf_quic_session_close (
    PfQuicSession *session, PfCloseCode code, const gchar *text);

/* The PIN ceremony that it is, made at the first call; NULL if this build has
 * none. */
PfQuicCeremony *pf_quic_session_ceremony (PfQuicSession *session);
int pf_quic_session_pair_send (
    PfQuicSession *session, const PfMsgControl *control);

/* Other rights, from now on; remaining_s 0: for ever. */
void pf_quic_session_set_access (
    PfQuicSession *session, guint access, guint remaining_s);

/* See pf-host-session.h. */
int pf_quic_session_accept (
    PfQuicSession *session, const PfMsgWelcome *welcome, const PfMsgKeys *keys);
void pf_quic_session_punch (PfQuicSession *session,
    const struct sockaddr_storage *from, const guint8 *bytes, gsize n);
void pf_quic_session_reconfigured (PfQuicSession *session, gboolean accepted);
void pf_quic_session_keyframe_made (PfQuicSession *session, guint32 frame);
/* The encoder does without frames that it was told of. */
void pf_quic_session_invalidated (PfQuicSession *session);
void pf_quic_session_set_invalidates (
    PfQuicSession *session, gboolean invalidates);
void pf_quic_session_set_bitrates (
    PfQuicSession *session, guint default_kbps, guint max_kbps);
void pf_quic_session_probe_done (
    PfQuicSession *session, const PfMsgProbeResult *result);
int pf_quic_session_send_datagram (
    PfQuicSession *session, const PfMsgDatagram *datagram);

void pf_quic_session_get_stats (PfQuicSession *session, PfHostStats *stats);

G_END_DECLS

#endif /* PF_QUIC_SESSION_H */
