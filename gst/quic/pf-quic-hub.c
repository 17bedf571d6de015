/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A host of punktfunk/1 without an element; see pf-quic-hub.h. */
#include "pf-quic-hub.h"

#include <string.h>

struct _PfQuicHub {
  gint refs; /* atomic */

  /* constant */
  PfQuicIdentity *identity;
  guint approval_ms;
  PfQuicPort *port;
  PfQuicHubFuncs funcs;
  gpointer user;

  GMutex lock;
  /* lock */
  GHashTable *sessions; /* id to PfQuicSession, a reference */
  guint last_id;
  gchar *name; /* registered by; with the registry's lock */
};

/* ---- Names -------------------------------------------------------------- */

static GMutex registry_lock;
static GHashTable *registry; /* name to PfQuicHub; registry_lock */

gboolean
pf_quic_hub_register (PfQuicHub *h, const gchar *name)
{
  gboolean ok;

  g_mutex_lock (&registry_lock);
  if (!registry)
    registry = g_hash_table_new (g_str_hash, g_str_equal);
  ok = !h->name && !g_hash_table_contains (registry, name);
  if (ok) {
    h->name = g_strdup (name);
    g_hash_table_insert (registry, h->name, h);
  }
  g_mutex_unlock (&registry_lock);
  return ok;
}

void
pf_quic_hub_unregister (PfQuicHub *h)
{
  g_mutex_lock (&registry_lock);
  if (h->name)
    g_hash_table_remove (registry, h->name);
  g_clear_pointer (&h->name, g_free);
  if (registry && g_hash_table_size (registry) == 0)
    g_clear_pointer (&registry, g_hash_table_unref);
  g_mutex_unlock (&registry_lock);
}

PfQuicHub *
pf_quic_hub_lookup (const gchar *name)
{
  PfQuicHub *h;

  g_mutex_lock (&registry_lock);
  h = registry ? g_hash_table_lookup (registry, name) : NULL;
  if (h)
    pf_quic_hub_ref (h);
  g_mutex_unlock (&registry_lock);
  return h;
}

/* ---- Sessions ----------------------------------------------------------- */

static void
on_ready (PfQuicLink *link, gpointer user)
{
  PfQuicHub *h = user;
  PfQuicSession *session;
  guint id;

  g_mutex_lock (&h->lock);
  id = ++h->last_id;
  g_mutex_unlock (&h->lock);
  session = pf_quic_session_new (h, link, id, h->approval_ms);
  if (!session) {
    pf_quic_link_close (link, PF_CLOSE_SETUP_FAILED, "out of memory");
    return;
  }
  g_mutex_lock (&h->lock);
  g_hash_table_insert (h->sessions, GUINT_TO_POINTER (id), session);
  g_mutex_unlock (&h->lock);
  pf_quic_link_set_funcs (link, &pf_quic_session_funcs, session);
  pf_quic_link_set_timer (link, 1); /* its limits begin to count */
}

static const PfQuicLinkFuncs link_funcs = { .ready = on_ready };

void
pf_quic_hub_offer (PfQuicHub *h, PfQuicSession *session)
{
  h->funcs.offer (h->user, session);
}

void
pf_quic_hub_pair (
    PfQuicHub *h, PfQuicSession *session, const PfMsgControl *message)
{
  if (h->funcs.pair)
    h->funcs.pair (h->user, session, message);
  else
    pf_quic_session_close (session, PF_CLOSE_NOT_ARMED, NULL);
}

void
pf_quic_hub_started (PfQuicHub *h, PfQuicSession *session)
{
  if (h->funcs.started)
    h->funcs.started (h->user, session);
}

void
pf_quic_hub_ended (PfQuicHub *h, PfQuicSession *session, const PfQuicEnd *end)
{
  if (h->funcs.ended)
    h->funcs.ended (h->user, session, end);
  g_mutex_lock (&h->lock);
  g_hash_table_steal (
      h->sessions, GUINT_TO_POINTER (pf_quic_session_id (session)));
  g_mutex_unlock (&h->lock);
  pf_quic_session_unref (session);
}

PfQuicSession *
pf_quic_hub_find (PfQuicHub *h, guint id)
{
  PfQuicSession *session;

  g_mutex_lock (&h->lock);
  session = g_hash_table_lookup (h->sessions, GUINT_TO_POINTER (id));
  if (session)
    pf_quic_session_ref (session);
  g_mutex_unlock (&h->lock);
  return session;
}

guint
pf_quic_hub_n_sessions (PfQuicHub *h)
{
  guint n;

  g_mutex_lock (&h->lock);
  n = g_hash_table_size (h->sessions);
  g_mutex_unlock (&h->lock);
  return n;
}

/* ---- Making ------------------------------------------------------------- */

static void
make_config (const PfQuicHubConfig *from, PfQuicConfig *to)
{
  static gchar *alpn[] = { (gchar *) PF_MSG_ALPN, NULL };

  pf_quic_config_init (to);
  to->tls.identity = pf_quic_identity_ref (from->identity);
  to->tls.alpn = g_strdupv (alpn);
  to->tls.key_log = g_strdup (from->key_log);
  to->qlog = g_strdup (from->qlog);
  to->idle_ms = from->idle_ms;
  to->keep_alive_ms = from->keep_alive_ms;
}

PfQuicHub *
pf_quic_hub_new (const PfQuicHubConfig *config, const PfQuicHubFuncs *funcs,
    gpointer user, GError **error)
{
  PfQuicHub *h = g_new0 (PfQuicHub, 1);
  PfQuicConfig quic;
  PfQuicLimits limits;

  h->refs = 1;
  h->identity = pf_quic_identity_ref (config->identity);
  h->approval_ms = config->approval_ms;
  h->funcs = *funcs;
  h->user = user;
  g_mutex_init (&h->lock);
  h->sessions = g_hash_table_new_full (
      NULL, NULL, NULL, (GDestroyNotify) pf_quic_session_unref);
  h->port = pf_quic_port_new (config->address, config->port, error);
  if (!h->port) {
    pf_quic_hub_unref (h);
    return NULL;
  }
  make_config (config, &quic);
  pf_quic_limits_init (&limits);
  if (config->max_sessions)
    limits.links = config->max_sessions;
  pf_quic_port_listen (h->port, &quic, &limits, &link_funcs, h);
  pf_quic_config_clear (&quic);
  return h;
}

PfQuicHub *
pf_quic_hub_ref (PfQuicHub *h)
{
  g_atomic_int_inc (&h->refs);
  return h;
}

void
pf_quic_hub_unref (PfQuicHub *h)
{
  if (!h || !g_atomic_int_dec_and_test (&h->refs))
    return;
  pf_quic_hub_stop (h);
  pf_quic_port_free (h->port);
  g_hash_table_unref (h->sessions);
  pf_quic_identity_unref (h->identity);
  g_mutex_clear (&h->lock);
  g_free (h);
}

void
pf_quic_hub_stop (PfQuicHub *h)
{
  pf_quic_hub_unregister (h);
  if (h->port)
    pf_quic_port_stop (h->port, PF_CLOSE_DONE, "done");
}

guint
pf_quic_hub_port (PfQuicHub *h)
{
  PfAddress local;

  pf_quic_port_local (h->port, &local);
  return pf_address_port (&local);
}

const PfQuicIdentity *
pf_quic_hub_identity (PfQuicHub *h)
{
  return h->identity;
}

void
pf_quic_hub_get_counters (PfQuicHub *h, PfQuicPortCounters *counters)
{
  pf_quic_port_get_counters (h->port, counters);
}
