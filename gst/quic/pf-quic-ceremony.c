/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The host's side of a PIN ceremony; see pf-quic-ceremony.h. */
#define _GNU_SOURCE /* explicit_bzero */
#include "pf-quic-ceremony.h"

#include <gnutls/crypto.h>
#include <string.h>

#ifdef HAVE_PAIRING

#include "pf-pairing.h"

struct _PfQuicCeremony {
  PfQuicSession *session; /* owns this */
  gchar name[PF_MSG_NAME_MAX + 1];
  GMutex lock;
  PfPairing pairing; /* lock */
};

gboolean
pf_quic_ceremony_is_possible (void)
{
  return TRUE;
}

PfQuicCeremony *
pf_quic_ceremony_new (PfQuicSession *session, const guint8 *host)
{
  PfQuicCeremony *c = g_new0 (PfQuicCeremony, 1);

  c->session = session;
  g_mutex_init (&c->lock);
  pf_pairing_init (&c->pairing, pf_quic_session_fingerprint (session), host);
  return c;
}

void
pf_quic_ceremony_free (PfQuicCeremony *c)
{
  if (!c)
    return;
  pf_pairing_clear (&c->pairing);
  g_mutex_clear (&c->lock);
  g_free (c);
}

const gchar *
pf_quic_ceremony_name (const PfQuicCeremony *c)
{
  return c->name;
}

/* Call with lock. */
static int
take (PfQuicCeremony *c, const PfMsgControl *m, PfMsgControl *answer)
{
  int ret = PF_ERR_INVALID;

  if (m->type == PF_MSG_PAIR_REQUEST) {
    ret = pf_pairing_host_request (&c->pairing, &m->pair_request);
    if (ret == 0)
      g_strlcpy (c->name, m->pair_request.name, sizeof c->name);
  } else if (m->type == PF_MSG_PAIR_PROOF) {
    ret = pf_pairing_host_proof (&c->pairing, &m->pair_proof);
  }
  if (ret == PF_ERR_AUTH)
    pf_pairing_host_result (&c->pairing, false, answer);
  return ret;
}

PfQuicCeremonyStep
pf_quic_ceremony_message (PfQuicCeremony *c, const PfMsgControl *message)
{
  PfMsgControl answer;
  int ret;

  g_mutex_lock (&c->lock);
  ret = take (c, message, &answer);
  g_mutex_unlock (&c->lock);
  if (ret == 0)
    return message->type == PF_MSG_PAIR_REQUEST ? PF_QUIC_CEREMONY_REQUESTED
                                                : PF_QUIC_CEREMONY_PROVED;
  if (ret == PF_ERR_AUTH) {
    pf_quic_session_pair_send (c->session, &answer);
    return PF_QUIC_CEREMONY_FAILED;
  }
  pf_quic_session_close (
      c->session, PF_CLOSE_ERROR, "a message of a pairing came out of turn");
  return PF_QUIC_CEREMONY_BROKEN;
}

gboolean
pf_quic_ceremony_pair (PfQuicCeremony *c, const gchar *pin)
{
  guint8 random[PF_SPAKE2_RANDOM];
  PfMsgControl challenge;
  int ret = -1;

  if (gnutls_rnd (GNUTLS_RND_KEY, random, sizeof random) == 0) {
    g_mutex_lock (&c->lock);
    ret = pf_pairing_host_challenge (&c->pairing, pin, random, &challenge);
    g_mutex_unlock (&c->lock);
  }
  explicit_bzero (random, sizeof random);
  if (ret == 0)
    ret = pf_quic_session_pair_send (c->session, &challenge);
  if (ret < 0)
    pf_quic_session_close (c->session, PF_CLOSE_ERROR, NULL);
  return ret == 0;
}

gboolean
pf_quic_ceremony_result (PfQuicCeremony *c, gboolean ok)
{
  PfMsgControl result;
  int ret;

  g_mutex_lock (&c->lock);
  ret = pf_pairing_host_result (&c->pairing, ok, &result);
  g_mutex_unlock (&c->lock);
  return ret == 0 && pf_quic_session_pair_send (c->session, &result) == 0;
}

#else /* without libsodium */

gboolean
pf_quic_ceremony_is_possible (void)
{
  return FALSE;
}

PfQuicCeremony *
pf_quic_ceremony_new (PfQuicSession *session, const guint8 *host)
{
  (void) session;
  (void) host;
  return NULL;
}

void
pf_quic_ceremony_free (PfQuicCeremony *c)
{
  (void) c;
}

PfQuicCeremonyStep
pf_quic_ceremony_message (PfQuicCeremony *c, const PfMsgControl *message)
{
  (void) c;
  (void) message;
  return PF_QUIC_CEREMONY_BROKEN;
}

const gchar *
pf_quic_ceremony_name (const PfQuicCeremony *c)
{
  (void) c;
  return "";
}

gboolean
pf_quic_ceremony_pair (PfQuicCeremony *c, const gchar *pin)
{
  (void) c;
  (void) pin;
  return FALSE;
}

gboolean
pf_quic_ceremony_result (PfQuicCeremony *c, gboolean ok)
{
  (void) c;
  (void) ok;
  return FALSE;
}

#endif
