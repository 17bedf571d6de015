/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A client that was launched; see pf-gs-client.h. */
#include "pf-gs-client.h"

#include <string.h>

#include "pf-gs-private.h"
#include "pf-msg-types.h"

#define MAX_TELLS 512 /* then events are dropped */

typedef struct {
  PfGsTellKind kind;
  PfGsEvent event;
  PfGsCloseReason reason;
} Tell;

/* ---- What is to be told -------------------------------------------------- */

void
pf_gs_client_tell (PfGsClient *c, PfGsTellKind kind, const PfGsEvent *event,
    PfGsCloseReason reason)
{
  Tell *t;

  g_mutex_lock (&c->lock);
  if (kind == PF_GS_TELL_EVENT && c->tells.length >= MAX_TELLS) {
    c->overflowed = TRUE;
  } else if (kind != PF_GS_TELL_EVENT || c->attached) {
    t = g_new0 (Tell, 1);
    t->kind = kind;
    t->reason = reason;
    if (event)
      t->event = *event;
    g_queue_push_tail (&c->tells, t);
    c->over |= kind == PF_GS_TELL_ENDED;
    g_cond_broadcast (&c->cond);
  }
  g_mutex_unlock (&c->lock);
}

/* The functions of the endpoint, if it is attached; then end_telling() follows.
 * Call with lock. */
static gboolean
begin_telling (PfGsClient *c, PfGsClientFuncs *funcs, gpointer *user)
{
  if (!c->attached)
    return FALSE;
  c->telling = g_thread_self ();
  *funcs = c->funcs;
  *user = c->user;
  return TRUE;
}

static void
end_telling (PfGsClient *c)
{
  g_mutex_lock (&c->lock);
  c->telling = NULL;
  g_cond_broadcast (&c->cond);
  g_mutex_unlock (&c->lock);
}

/* NULL: something was dropped. */
static void
tell_event (PfGsClient *c, const PfGsEvent *event)
{
  PfGsClientFuncs funcs;
  gpointer user;
  gboolean attached;

  g_mutex_lock (&c->lock);
  attached = begin_telling (c, &funcs, &user);
  g_mutex_unlock (&c->lock);
  if (!attached)
    return;
  funcs.event (c, event, user);
  end_telling (c);
}

static void
tell_rights (PfGsClient *c)
{
  PfGsClientFuncs funcs;
  gpointer user;
  gboolean attached;

  g_mutex_lock (&c->lock);
  attached = begin_telling (c, &funcs, &user);
  g_mutex_unlock (&c->lock);
  if (!attached)
    return;
  funcs.rights (c, user);
  end_telling (c);
}

static void
tell_ended (PfGsClient *c, PfGsCloseReason reason)
{
  PfGsClientFuncs funcs;
  gpointer user;
  gboolean attached;

  g_mutex_lock (&c->lock);
  attached = begin_telling (c, &funcs, &user);
  g_mutex_unlock (&c->lock);
  if (attached) {
    funcs.closed (c, reason, user);
    g_mutex_lock (&c->lock);
    c->attached = FALSE;
    g_mutex_unlock (&c->lock);
    end_telling (c);
  }
  pf_gs_hub_ended (c->hub, c, reason);
}

static gpointer
client_thread (gpointer data)
{
  PfGsClient *c = data;
  PfGsHub *hub = c->hub;
  gboolean over = FALSE;

  while (!over) {
    gboolean overflowed = FALSE;
    Tell *t;

    g_mutex_lock (&c->lock);
    while (!(t = g_queue_pop_head (&c->tells)) && !c->overflowed)
      g_cond_wait (&c->cond, &c->lock);
    if (!t) {
      overflowed = c->overflowed;
      c->overflowed = FALSE;
    }
    g_mutex_unlock (&c->lock);
    if (overflowed)
      tell_event (c, NULL);
    else if (t->kind == PF_GS_TELL_EVENT)
      tell_event (c, &t->event);
    else if (t->kind == PF_GS_TELL_OFFER)
      pf_gs_hub_offer (hub, c);
    else if (t->kind == PF_GS_TELL_STARTED)
      pf_gs_hub_started (hub, c);
    else if (t->kind == PF_GS_TELL_RIGHTS)
      tell_rights (c);
    else
      over = TRUE;
    if (over)
      tell_ended (c, t->reason);
    g_free (t);
  }
  pf_gs_client_unref (c);
  pf_gs_hub_thread_ended (hub); /* the hub may be gone after this */
  return NULL;
}

/* ---- Making -------------------------------------------------------------- */

static void
fill_config (PfGsSessionConfig *config, const PfGsHubLaunch *launch)
{
  const PfKey *key = pf_secret_key (launch->key);

  *config = (PfGsSessionConfig){ .sealed_rtsp = launch->sealed_rtsp,
    .peer = launch->peer,
    .offer = launch->offer,
    .launch_ns = launch->patient ? PF_NEVER : 0 };
  memcpy (config->key, key->key, sizeof config->key);
}

PfGsClient *
pf_gs_client_new (PfGsHub *hub, guint id, const PfGsHubLaunch *launch)
{
  PfGsClient *c = g_new0 (PfGsClient, 1);
  PfGsSessionConfig config;
  GThread *thread;
  int ret;

  c->refs = 1;
  c->grants = PF_GRANT_ALL;
  c->hub = hub;
  c->id = id;
  c->peer = launch->peer;
  c->key = pf_secret_ref (launch->key);
  c->key_id = launch->key_id;
  g_mutex_init (&c->lock);
  g_cond_init (&c->cond);
  fill_config (&config, launch);
  ret = pf_gs_session_new (&config, pf_gs_now (), &c->session);
  pf_wipe (&config, sizeof config);
  thread = ret == 0 ? g_thread_try_new ("pf-gs-client", client_thread, c, NULL)
                    : NULL;
  if (!thread) {
    pf_gs_client_unref (c);
    return NULL;
  }
  pf_gs_client_ref (c); /* the thread's */
  g_thread_unref (thread);
  return c;
}

PfGsClient *
pf_gs_client_ref (PfGsClient *c)
{
  g_atomic_int_inc (&c->refs);
  return c;
}

void
pf_gs_client_unref (PfGsClient *c)
{
  if (!c || !g_atomic_int_dec_and_test (&c->refs))
    return;
  pf_gs_session_free (c->session);
  pf_secret_unref (c->key);
  g_queue_clear_full (&c->tells, g_free);
  g_mutex_clear (&c->lock);
  g_cond_clear (&c->cond);
  g_free (c);
}

/* ---- What it is ---------------------------------------------------------- */

const gchar *
pf_gs_close_text (PfGsCloseReason reason)
{
  switch (reason) {
  case PF_GS_CLOSE_BY_CLIENT:
    return "the client left";
  case PF_GS_CLOSE_BY_HOST:
    return "the host ended it";
  case PF_GS_CLOSE_EXPIRED:
    return "launched, but nothing more came";
  case PF_GS_CLOSE_INCOMPLETE:
    return "the client did not open all of its channels";
  case PF_GS_CLOSE_VANISHED:
    return "the client is not heard any more";
  default:
    return "unknown";
  }
}

guint
pf_gs_client_id (const PfGsClient *c)
{
  return c->id;
}

gchar *
pf_gs_client_peer (const PfGsClient *c)
{
  PfAddress address;
  g_autofree gchar *text = NULL;
  gchar *colon;

  pf_peer_to_socket (&c->peer, &address.at, &address.size);
  text = pf_address_to_string (&address);
  colon = strrchr (text, ':');
  if (colon)
    *colon = '\0';
  return g_steal_pointer (&text);
}

const PfGsAnnounce *
pf_gs_client_announce (const PfGsClient *c, gboolean *high_quality)
{
  if (high_quality)
    *high_quality = c->high_quality;
  return &c->announce;
}

PfSecret *
pf_gs_client_secret (const PfGsClient *c)
{
  return c->key;
}

guint32
pf_gs_client_key_id (const PfGsClient *c)
{
  return c->key_id;
}

gboolean
pf_gs_client_get_path (PfGsClient *c, PfGsStream stream, PfGsPath *path)
{
  pf_gs_hub_lock (c->hub);
  *path = c->paths[stream];
  pf_gs_hub_unlock (c->hub, NULL);
  return path->to.size > 0;
}

void
pf_gs_client_get_stats (PfGsClient *c, PfGsSessionStats *stats)
{
  pf_gs_hub_lock (c->hub);
  *stats = *pf_gs_session_stats (c->session);
  pf_gs_hub_unlock (c->hub, NULL);
}

guint64
pf_gs_client_rtt (PfGsClient *c)
{
  guint64 rtt;

  pf_gs_hub_lock (c->hub);
  rtt = c->enet ? pf_enet_rtt_ns (c->enet) : 0;
  pf_gs_hub_unlock (c->hub, NULL);
  return rtt;
}

/* ---- The owner of the hub ------------------------------------------------ */

gboolean
pf_gs_client_allow (PfGsClient *c)
{
  gboolean ok;

  pf_gs_hub_lock (c->hub);
  ok = c->conn && c->offered && !c->allowed;
  if (ok) {
    g_mutex_lock (&c->lock);
    c->allowed = TRUE;
    g_mutex_unlock (&c->lock);
    ok = pf_gs_hub_answer (c->hub, c, 200);
  }
  pf_gs_hub_unlock (c->hub, c);
  return ok;
}

gboolean
pf_gs_client_refuse (PfGsClient *c, guint status)
{
  gboolean ok;

  pf_gs_hub_lock (c->hub);
  ok = c->offered && !c->allowed && !c->ended;
  if (ok && c->conn)
    pf_gs_hub_answer (c->hub, c, status == 200 ? 500 : status);
  if (ok)
    pf_gs_session_close (c->session);
  pf_gs_hub_unlock (c->hub, c);
  return ok;
}

/* ---- The endpoint -------------------------------------------------------- */

/* What is known already. Call with the hub's lock. */
static void
tell_again (PfGsClient *c)
{
  static const PfGsEventType types[] = { PF_GS_EVENT_CONTROL,
    PF_GS_EVENT_VIDEO_TO, PF_GS_EVENT_AUDIO_TO };

  for (guint i = 0; i < G_N_ELEMENTS (types); i++) {
    const PfGsEvent event = { .type = types[i] };

    if (c->told[i])
      pf_gs_client_tell (c, PF_GS_TELL_EVENT, &event, 0);
  }
}

void
pf_gs_client_grant (PfGsClient *c, guint grants)
{
  if ((guint) g_atomic_int_get (&c->grants) == grants)
    return;
  g_atomic_int_set (&c->grants, (gint) grants);
  pf_gs_client_tell (c, PF_GS_TELL_RIGHTS, NULL, 0);
}

guint
pf_gs_client_grants (const PfGsClient *c)
{
  return (guint) g_atomic_int_get (&c->grants);
}

gboolean
pf_gs_client_attach (PfGsClient *c, const PfGsClientFuncs *funcs, gpointer user)
{
  gboolean ok;

  pf_gs_hub_lock (c->hub);
  g_mutex_lock (&c->lock);
  ok = c->offered && !c->attached && !c->over;
  if (ok) {
    c->attached = TRUE;
    c->funcs = *funcs;
    c->user = user;
  }
  g_mutex_unlock (&c->lock);
  if (ok)
    tell_again (c);
  pf_gs_hub_unlock (c->hub, NULL);
  return ok;
}

void
pf_gs_client_detach (PfGsClient *c)
{
  g_mutex_lock (&c->lock);
  c->attached = FALSE;
  while (c->telling && c->telling != g_thread_self ())
    g_cond_wait (&c->cond, &c->lock);
  g_mutex_unlock (&c->lock);
}

/* Call with the hub's lock. */
static gboolean
send_message (PfGsClient *c, const PfGsMsg *msg)
{
  guint8 bytes[PF_GS_CONTROL_MAX];
  size_t size;

  return c->enet && pf_gs_session_seal (c->session, msg, bytes, &size) == 0 &&
         pf_enet_send (c->enet, PF_GS_CHANNEL_GENERIC, PF_ENET_RELIABLE, bytes,
             size) == 0;
}

gboolean
pf_gs_client_send (PfGsClient *c, const PfGsMsg *msg)
{
  gboolean ok;

  pf_gs_hub_lock (c->hub);
  ok = send_message (c, msg);
  pf_gs_hub_unlock (c->hub, c);
  return ok;
}

void
pf_gs_client_close (PfGsClient *c, guint32 code)
{
  const PfGsMsg msg = { .kind = PF_GS_MSG_TERMINATION, .code = code };

  pf_gs_hub_lock (c->hub);
  if (code)
    send_message (c, &msg);
  pf_gs_session_close (c->session);
  pf_gs_hub_unlock (c->hub, c);
}

void
pf_gs_client_keyframe_sent (PfGsClient *c)
{
  pf_gs_hub_lock (c->hub);
  pf_gs_session_keyframe_sent (c->session, pf_gs_now ());
  pf_gs_hub_unlock (c->hub, c);
}
