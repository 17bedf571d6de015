/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The ports of a GameStream host; see pf-gs-hub.h. */
#include "pf-gs-hub.h"

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <unistd.h>

#include "pf-gs-private.h"

#define VIDEO_BUFFER (4u << 20) /* to send */
#define PING_BUFFER (256u << 10)
#define ROOM 2048        /* for a datagram of a client */
#define MAX_DATAGRAMS 64 /* of a port in a row */
#define STOP_NS (500 * PF_MS)
#define ANSWER_NS (8000 * PF_MS) /* for the owner to judge an offer */

struct _PfGsHub {
  gint refs; /* atomic */

  /* constant */
  PfGsHubFuncs funcs;
  gpointer user;
  guint max_clients;
  guint ports[PF_GS_N_PORTS];
  PfSocket
      *sockets[PF_GS_N_PORTS]; /* not of RTSP; the hub's thread uses them */
  int family;                  /* of the sockets */
  int wake;                    /* eventfd */
  GThread *thread;

  GMutex lock;
  GCond cond; /* threads went */
  /* lock */
  PfEnet *enet;
  PfGsListener *listener;
  GHashTable *clients; /* id to PfGsClient, a reference */
  guint last_id;
  guint n_threads; /* of clients */
  guint64 control_strangers, strange_pings;
  guint64 stop_at; /* 0: not yet */
  gchar *name;     /* registered by; with the registry's lock */
};

guint64
pf_gs_now (void)
{
  return (guint64) g_get_monotonic_time () * 1000;
}

/* ---- Names -------------------------------------------------------------- */

static GMutex registry_lock;
static GHashTable *registry; /* name to PfGsHub; registry_lock */

gboolean
pf_gs_hub_register (PfGsHub *h, const gchar *name)
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
pf_gs_hub_unregister (PfGsHub *h)
{
  g_mutex_lock (&registry_lock);
  if (h->name)
    g_hash_table_remove (registry, h->name);
  g_clear_pointer (&h->name, g_free);
  if (registry && g_hash_table_size (registry) == 0)
    g_clear_pointer (&registry, g_hash_table_unref);
  g_mutex_unlock (&registry_lock);
}

PfGsHub *
pf_gs_hub_lookup (const gchar *name)
{
  PfGsHub *h;

  g_mutex_lock (&registry_lock);
  h = registry ? g_hash_table_lookup (registry, name) : NULL;
  if (h)
    pf_gs_hub_ref (h);
  g_mutex_unlock (&registry_lock);
  return h;
}

/* ---- Addresses ---------------------------------------------------------- */

static void
to_socket (const PfGsHub *h, const PfPeerAddress *from, PfAddress *to)
{
  pf_peer_to_socket (from, &to->at, &to->size);
  if (h->family == AF_INET6)
    pf_address_map (to);
}

static PfGsClient *
client_of_address (PfGsHub *h, const PfPeerAddress *address)
{
  GHashTableIter it;
  gpointer client;

  g_hash_table_iter_init (&it, h->clients);
  while (g_hash_table_iter_next (&it, NULL, &client))
    if (pf_peer_address_same_ip (&((PfGsClient *) client)->peer, address))
      return client;
  return NULL;
}

/* ---- What sessions say; all with lock ----------------------------------- */

static void
forget_enet (PfGsClient *c)
{
  if (!c->enet)
    return;
  pf_enet_forget (c->enet);
  c->enet = NULL;
  pf_gs_client_unref (c); /* the peer's */
}

static void
invite (PfGsHub *h, PfGsClient *c)
{
  PfEnetInvite whom;

  pf_gs_session_invite (c->session, &whom);
  if (pf_enet_expect (h->enet, &whom, &c->enet) < 0) {
    c->enet = NULL;
    pf_gs_session_close (c->session);
    return;
  }
  pf_enet_set_user (c->enet, pf_gs_client_ref (c));
}

/* Once all that the client uses is there. */
static void
note_told (PfGsClient *c, guint which)
{
  c->told[which] = TRUE;
  if (c->started || !c->told[0] || !c->told[1] || !c->told[2])
    return;
  c->started = TRUE;
  pf_gs_client_tell (c, PF_GS_TELL_STARTED, NULL, 0);
}

static void
end_client (PfGsClient *c, PfGsCloseReason reason)
{
  if (reason == PF_GS_CLOSE_BY_CLIENT && c->enet_lost)
    reason = PF_GS_CLOSE_VANISHED;
  c->ended = TRUE;
  if (c->conn)
    pf_gs_hub_answer (c->hub, c, 503);
  if (c->enet && !c->told[0])
    forget_enet (c);
  else if (c->enet) /* what was sent may arrive; CLOSED follows */
    pf_enet_disconnect (c->enet, 0, pf_gs_now ());
  pf_gs_client_tell (c, PF_GS_TELL_ENDED, NULL, reason);
}

static void
collect (PfGsHub *h, PfGsClient *c)
{
  PfGsEvent e;

  while (!c->ended && pf_gs_session_event (c->session, pf_gs_now (), &e)) {
    switch (e.type) {
    case PF_GS_EVENT_ANNOUNCED:
      invite (h, c);
      continue;
    case PF_GS_EVENT_CLOSE:
      end_client (c, e.reason);
      continue;
    case PF_GS_EVENT_CONTROL:
      note_told (c, 0);
      break;
    case PF_GS_EVENT_VIDEO_TO:
    case PF_GS_EVENT_AUDIO_TO:
      to_socket (h, &e.address,
          &c->paths[e.type == PF_GS_EVENT_VIDEO_TO ? PF_GS_VIDEO : PF_GS_AUDIO]
               .to);
      note_told (c, e.type == PF_GS_EVENT_VIDEO_TO ? 1 : 2);
      break;
    default:
      break;
    }
    pf_gs_client_tell (c, PF_GS_TELL_EVENT, &e, 0);
  }
}

/* ---- RTSP; all with lock ------------------------------------------------ */

static gboolean
on_expected (gpointer user, const PfPeerAddress *from)
{
  PfGsHub *h = user;
  GHashTableIter it;
  gpointer value;

  g_hash_table_iter_init (&it, h->clients);
  while (g_hash_table_iter_next (&it, NULL, &value)) {
    const PfGsClient *c = value;

    if (!c->ended && pf_peer_address_same_ip (&c->peer, from))
      return TRUE;
  }
  return FALSE;
}

/* A good ANNOUNCE is the owner's to answer. */
static void
take_request (
    PfGsHub *h, PfGsClient *c, PfGsConn *conn, guint status, guint64 now)
{
  bool high = false;
  const PfGsAnnounce *announce = pf_gs_session_announce (c->session, &high);

  if (c->conn) /* it asks again, by another connection */
    pf_gs_hub_answer (h, c, 503);
  c->conn = conn;
  if (status == 200 && announce && !c->offered) {
    c->offered = TRUE;
    c->announce = *announce;
    c->high_quality = high;
    c->answer_by = now + ANSWER_NS;
    pf_gs_client_tell (c, PF_GS_TELL_OFFER, NULL, 0);
    return;
  }
  pf_gs_hub_answer (h, c, status);
}

/* Whose request is it? More bytes are waited for while it can be somebody's. */
static int
on_request (gpointer user, PfGsConn *conn, const PfPeerAddress *from,
    const guint8 *bytes, gsize size)
{
  const guint64 now = pf_gs_now ();
  PfGsHub *h = user;
  GHashTableIter it;
  gpointer value;
  int ret = -1;

  g_hash_table_iter_init (&it, h->clients);
  while (g_hash_table_iter_next (&it, NULL, &value)) {
    PfGsClient *c = value;
    unsigned status = 0;
    int one;

    if (!pf_peer_address_same_ip (&c->peer, from) || c->ended)
      continue;
    one = pf_gs_session_rtsp (c->session, from, bytes, size, now, &status);
    if (one > 0) {
      take_request (h, c, conn, status, now);
      collect (h, c);
      return 1;
    }
    if (one == 0)
      ret = 0;
  }
  return ret;
}

static void
on_gone (gpointer user, PfGsConn *conn)
{
  PfGsHub *h = user;
  GHashTableIter it;
  gpointer c;

  g_hash_table_iter_init (&it, h->clients);
  while (g_hash_table_iter_next (&it, NULL, &c))
    if (((PfGsClient *) c)->conn == conn)
      ((PfGsClient *) c)->conn = NULL;
}

static const PfGsListenerFuncs listener_funcs = {
  .expected = on_expected,
  .request = on_request,
  .gone = on_gone,
};

gboolean
pf_gs_hub_answer (PfGsHub *h, PfGsClient *c, guint status)
{
  guint8 bytes[PF_GS_RTSP_SIZE_MAX];
  const guint64 now = pf_gs_now ();
  PfGsConn *conn = c->conn;
  size_t size = 0;
  gboolean ok;

  (void) h;
  c->conn = NULL;
  ok = conn &&
       pf_gs_session_rtsp_answer (c->session, status, now, bytes, &size) == 0;
  /* without an answer it is closed */
  if (conn)
    pf_gs_conn_answer (conn, bytes, ok ? size : 0, now);
  return ok;
}

/* ---- ENet and pings; all with lock -------------------------------------- */

static void
take_enet_events (PfGsHub *h, guint64 now)
{
  PfEnetEvent e;

  while (pf_enet_event (h->enet, now, &e)) {
    PfGsClient *c = pf_enet_user (e.peer);

    if (!c) {
      pf_enet_forget (e.peer);
      continue;
    }
    switch (e.type) {
    case PF_ENET_CONNECTED:
      pf_gs_session_connected (c->session, now);
      break;
    case PF_ENET_MESSAGE:
      pf_gs_session_message (c->session, e.bytes, e.size, now);
      break;
    default:
      c->enet_lost = e.reason == PF_ENET_TIMEOUT;
      forget_enet (c); /* the table has another reference */
      pf_gs_session_disconnected (c->session, now);
      if (!c->told[0] && !c->ended)
        invite (h, c); /* it may try again */
      break;
    }
    collect (h, c);
  }
}

static void
send_enet (PfGsHub *h, guint64 now)
{
  PfEnetDatagram d;

  while (pf_enet_output (h->enet, now, &d)) {
    const struct iovec packet = { (gpointer) d.bytes, d.size };
    PfGsClient *c = client_of_address (h, &d.to);
    PfAddress to;

    to_socket (h, &d.to, &to);
    pf_socket_send_from (h->sockets[PF_GS_PORT_CONTROL], &to,
        c && c->own.size ? &c->own : NULL, &packet, 1, NULL);
  }
}

static void
take_control (PfGsHub *h, const PfReceived *r, const guint8 *bytes, guint64 now)
{
  PfPeerAddress from;
  PfGsClient *c;

  pf_peer_from_socket (&r->from.at, &from);
  c = client_of_address (h, &from);
  if (!c) { /* a stranger costs no more than this */
    h->control_strangers++;
    return;
  }
  c->own = r->to;
  pf_enet_input (h->enet, &from, bytes, r->size, now);
  take_enet_events (h, now);
}

static void
take_ping (PfGsHub *h, PfGsStream stream, const PfReceived *r,
    const guint8 *bytes, guint64 now)
{
  PfPeerAddress from;
  GHashTableIter it;
  gpointer value;

  pf_peer_from_socket (&r->from.at, &from);
  g_hash_table_iter_init (&it, h->clients);
  while (g_hash_table_iter_next (&it, NULL, &value)) {
    PfGsClient *c = value;

    if (!pf_peer_address_same_ip (&c->peer, &from) || c->ended ||
        !pf_gs_session_ping (c->session, stream, &from, bytes, r->size, now))
      continue;
    c->paths[stream].from = r->to;
    collect (h, c);
    return;
  }
  h->strange_pings++;
}

static void
receive (PfGsHub *h, PfGsPort port, guint64 now)
{
  for (guint i = 0; i < MAX_DATAGRAMS; i++) {
    guint8 bytes[ROOM];
    PfReceived r;

    if (pf_socket_receive (h->sockets[port], bytes, sizeof bytes, &r) <= 0)
      return;
    if (port == PF_GS_PORT_CONTROL)
      take_control (h, &r, bytes, now);
    else
      take_ping (h, port == PF_GS_PORT_VIDEO ? PF_GS_VIDEO : PF_GS_AUDIO, &r,
          bytes, now);
  }
}

/* ---- The thread ---------------------------------------------------------- */

static gboolean
has_enet_peers (PfGsHub *h)
{
  GHashTableIter it;
  gpointer c;

  g_hash_table_iter_init (&it, h->clients);
  while (g_hash_table_iter_next (&it, NULL, &c))
    if (((PfGsClient *) c)->enet)
      return TRUE;
  return FALSE;
}

/* Until there is something to do without anything coming in. Call with lock. */
static guint64
next_wake (PfGsHub *h)
{
  guint64 at =
      pf_earlier (pf_enet_wake (h->enet), pf_gs_listener_wake (h->listener));
  GHashTableIter it;
  gpointer value;

  g_hash_table_iter_init (&it, h->clients);
  while (g_hash_table_iter_next (&it, NULL, &value)) {
    PfGsClient *c = value;

    if (!c->ended)
      at = pf_earlier (at, pf_gs_session_wake (c->session));
    if (c->conn)
      at = pf_earlier (at, c->answer_by);
  }
  return h->stop_at ? pf_earlier (at, h->stop_at) : at;
}

/* All that time brings about. Call with lock. */
static void
tick (PfGsHub *h, guint64 now)
{
  GHashTableIter it;
  gpointer value;

  take_enet_events (h, now);
  g_hash_table_iter_init (&it, h->clients);
  while (g_hash_table_iter_next (&it, NULL, &value)) {
    PfGsClient *c = value;

    if (c->conn && now >= c->answer_by) {
      pf_gs_hub_answer (h, c, 500);
      pf_gs_session_close (c->session);
    }
    collect (h, c);
    if (c->gone && !c->enet)
      g_hash_table_iter_remove (&it);
  }
  send_enet (h, now);
}

static void
wait_for (guint64 at, struct pollfd *polls, guint n)
{
  const guint64 now = pf_gs_now ();
  gint timeout = -1;

  if (at <= now)
    timeout = 0;
  else if (at != PF_NEVER)
    timeout = (gint) MIN ((at - now + PF_MS - 1) / PF_MS, G_MAXINT / 2);
  if (poll (polls, n, timeout) < 0)
    for (guint i = 0; i < n; i++)
      polls[i].revents = 0;
}

static void
clear_wake (PfGsHub *h)
{
  guint64 n;

  if (read (h->wake, &n, sizeof n) < 0)
    g_assert (errno == EAGAIN);
}

static gpointer
hub_thread (gpointer data)
{
  struct pollfd polls[PF_GS_LISTENER_POLLS + PF_GS_N_PORTS + 1];
  PfGsHub *h = data;

  g_mutex_lock (&h->lock);
  for (;;) {
    guint n = pf_gs_listener_polls (h->listener, polls, pf_gs_now ());
    const guint n_rtsp = n;
    guint64 at, now;

    for (guint i = PF_GS_PORT_VIDEO; i < PF_GS_N_PORTS; i++)
      polls[n++] = (struct pollfd){ pf_socket_fd (h->sockets[i]), POLLIN, 0 };
    polls[n++] = (struct pollfd){ h->wake, POLLIN, 0 };
    at = next_wake (h);
    if (h->stop_at && (!has_enet_peers (h) || pf_gs_now () >= h->stop_at))
      break;
    g_mutex_unlock (&h->lock);
    wait_for (at, polls, n);
    clear_wake (h);
    g_mutex_lock (&h->lock);
    now = pf_gs_now ();
    pf_gs_listener_serve (h->listener, polls, n_rtsp, now);
    for (guint i = PF_GS_PORT_VIDEO; i < PF_GS_N_PORTS; i++)
      if (polls[n_rtsp + i - PF_GS_PORT_VIDEO].revents)
        receive (h, i, now);
    tick (h, now);
  }
  g_mutex_unlock (&h->lock);
  return NULL;
}

void
pf_gs_hub_lock (PfGsHub *h)
{
  g_mutex_lock (&h->lock);
}

void
pf_gs_hub_unlock (PfGsHub *h, PfGsClient *c)
{
  const guint64 one = 1;

  if (c) {
    collect (h, c);
    if (write (h->wake, &one, sizeof one) < 0)
      g_assert (errno == EAGAIN); /* full, so awake already */
  }
  g_mutex_unlock (&h->lock);
}

/* ---- Clients ------------------------------------------------------------- */

/* What only client and host know: 64 bits as 16 digits, as clients want them,
 * and 32 more. */
static gboolean
fill_offer (PfGsHub *h, PfGsHostOffer *o)
{
  guint8 chance[PF_GS_PING_PAYLOAD / 2 + 4];

  if (getrandom (chance, sizeof chance, 0) != sizeof chance)
    return FALSE;
  for (guint i = 0; i < PF_GS_PING_PAYLOAD; i++)
    o->ping_payload[i] =
        "0123456789ABCDEF"[chance[i / 2] >> (i % 2 ? 0 : 4) & 15];
  o->ping_payload[PF_GS_PING_PAYLOAD] = '\0';
  memcpy (&o->connect_data, chance + PF_GS_PING_PAYLOAD / 2, 4);
  if (o->connect_data == 0) /* which old clients send */
    o->connect_data = 1;
  o->video_port = (uint16_t) h->ports[PF_GS_PORT_VIDEO];
  o->control_port = (uint16_t) h->ports[PF_GS_PORT_CONTROL];
  o->audio_port = (uint16_t) h->ports[PF_GS_PORT_AUDIO];
  return TRUE;
}

/* Call with lock. */
static guint
n_alive (PfGsHub *h)
{
  GHashTableIter it;
  gpointer c;
  guint n = 0;

  g_hash_table_iter_init (&it, h->clients);
  while (g_hash_table_iter_next (&it, NULL, &c))
    n += !((PfGsClient *) c)->ended;
  return n;
}

PfGsClient *
pf_gs_hub_launch (PfGsHub *h, const PfGsHubLaunch *launch, PfGsHostOffer *offer)
{
  PfGsHubLaunch l = *launch;
  PfGsClient *c = NULL;

  if (!fill_offer (h, &l.offer))
    return NULL;
  g_mutex_lock (&h->lock);
  if (!h->stop_at && n_alive (h) < h->max_clients)
    c = pf_gs_client_new (h, h->last_id + 1, &l);
  if (c) {
    h->last_id++;
    h->n_threads++;
    g_hash_table_insert (
        h->clients, GUINT_TO_POINTER (c->id), pf_gs_client_ref (c));
  }
  pf_gs_hub_unlock (h, c);
  if (c && offer)
    *offer = l.offer;
  return c;
}

PfGsClient *
pf_gs_hub_find (PfGsHub *h, guint id)
{
  PfGsClient *c;

  g_mutex_lock (&h->lock);
  c = g_hash_table_lookup (h->clients, GUINT_TO_POINTER (id));
  if (c)
    pf_gs_client_ref (c);
  g_mutex_unlock (&h->lock);
  return c;
}

guint
pf_gs_hub_n_clients (PfGsHub *h)
{
  guint n;

  g_mutex_lock (&h->lock);
  n = n_alive (h);
  g_mutex_unlock (&h->lock);
  return n;
}

void
pf_gs_hub_offer (PfGsHub *h, PfGsClient *c)
{
  h->funcs.offer (h->user, c);
}

void
pf_gs_hub_started (PfGsHub *h, PfGsClient *c)
{
  if (h->funcs.started)
    h->funcs.started (h->user, c);
}

void
pf_gs_hub_ended (PfGsHub *h, PfGsClient *c, PfGsCloseReason reason)
{
  if (h->funcs.ended)
    h->funcs.ended (h->user, c, reason);
  g_mutex_lock (&h->lock);
  c->gone = TRUE;
  pf_gs_hub_unlock (h, c);
}

void
pf_gs_hub_thread_ended (PfGsHub *h)
{
  g_mutex_lock (&h->lock);
  h->n_threads--;
  g_cond_broadcast (&h->cond);
  g_mutex_unlock (&h->lock);
}

PfSocket *
pf_gs_hub_open_socket (PfGsHub *h, PfGsStream stream)
{
  return pf_socket_dup (
      h->sockets[stream == PF_GS_VIDEO ? PF_GS_PORT_VIDEO : PF_GS_PORT_AUDIO]);
}

/* ---- Making -------------------------------------------------------------- */

static gboolean
resolve (
    PfGsHub *h, const gchar *address, guint port, PfAddress *at, GError **error)
{
  if (address && *address)
    return pf_address_resolve (
        at, address, port, h->family ? h->family : AF_UNSPEC, error);
  if (h->family == AF_INET)
    return pf_address_resolve (at, "0.0.0.0", port, AF_INET, error);
  return pf_address_resolve (at, "::", port, AF_INET6, error);
}

/* Of both families, if the system has them. */
static gboolean
choose_family (PfGsHub *h, const gchar *address, GError **error)
{
  PfAddress at;
  PfSocket *probe;

  if (address && *address) {
    if (!resolve (h, address, 0, &at, error))
      return FALSE;
    h->family = at.at.ss_family;
    return TRUE;
  }
  h->family = AF_INET6;
  probe = resolve (h, NULL, 0, &at, NULL) ? pf_socket_new (&at, NULL) : NULL;
  if (!probe)
    h->family = AF_INET;
  pf_socket_free (probe);
  return TRUE;
}

static gboolean
open_udp (PfGsHub *h, const gchar *address, PfGsPort port, guint number,
    GError **error)
{
  PfAddress at;

  if (!resolve (h, address, number, &at, error) ||
      !(h->sockets[port] = pf_socket_new (&at, error)))
    return FALSE;
  pf_socket_set_tell_local (h->sockets[port], TRUE);
  pf_socket_set_receive_buffer (h->sockets[port], PING_BUFFER);
  if (port == PF_GS_PORT_VIDEO)
    pf_socket_set_send_buffer (h->sockets[port], VIDEO_BUFFER);
  pf_socket_local (h->sockets[port], &at);
  h->ports[port] = pf_address_port (&at);
  return TRUE;
}

static gboolean
open_ports (PfGsHub *h, const PfGsHubConfig *c, GError **error)
{
  /* those that say goodbye need a little longer */
  const PfEnetConfig enet = { .max_peers = PF_ENET_PEERS_MAX };
  PfAddress at;

  if (!choose_family (h, c->address, error) ||
      !resolve (h, c->address, c->rtsp_port, &at, error))
    return FALSE;
  h->listener = pf_gs_listener_new (&at, &listener_funcs, h, error);
  if (!h->listener)
    return FALSE;
  h->ports[PF_GS_PORT_RTSP] = pf_gs_listener_port (h->listener);
  if (!open_udp (h, c->address, PF_GS_PORT_VIDEO, c->video_port, error) ||
      !open_udp (h, c->address, PF_GS_PORT_CONTROL, c->control_port, error) ||
      !open_udp (h, c->address, PF_GS_PORT_AUDIO, c->audio_port, error))
    return FALSE;
  if (pf_enet_new (&enet, &h->enet) == 0)
    return TRUE;
  g_set_error (
      error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_FAILED, "out of memory");
  return FALSE;
}

PfGsHub *
pf_gs_hub_new (const PfGsHubConfig *config, const PfGsHubFuncs *funcs,
    gpointer user, GError **error)
{
  PfGsHub *h = g_new0 (PfGsHub, 1);

  h->refs = 1;
  h->funcs = *funcs;
  h->user = user;
  h->max_clients = CLAMP (config->max_clients, 1, PF_ENET_PEERS_MAX);
  g_mutex_init (&h->lock);
  g_cond_init (&h->cond);
  h->clients = g_hash_table_new_full (
      NULL, NULL, NULL, (GDestroyNotify) pf_gs_client_unref);
  h->wake = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (h->wake < 0)
    g_set_error (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_FAILED,
        "no more descriptors");
  else if (open_ports (h, config, error))
    h->thread = g_thread_try_new ("pf-gs", hub_thread, h, error);
  if (!h->thread)
    g_clear_pointer (&h, pf_gs_hub_unref);
  return h;
}

PfGsHub *
pf_gs_hub_ref (PfGsHub *h)
{
  g_atomic_int_inc (&h->refs);
  return h;
}

void
pf_gs_hub_unref (PfGsHub *h)
{
  if (!h || !g_atomic_int_dec_and_test (&h->refs))
    return;
  pf_gs_hub_stop (h);
  for (guint i = 0; i < PF_GS_N_PORTS; i++)
    pf_socket_free (h->sockets[i]);
  if (h->wake >= 0)
    close (h->wake);
  g_hash_table_unref (h->clients);
  g_mutex_clear (&h->lock);
  g_cond_clear (&h->cond);
  g_free (h);
}

/* Call with lock. */
static void
close_all (PfGsHub *h)
{
  static const PfGsMsg bye = { .kind = PF_GS_MSG_TERMINATION,
    .code = PF_GS_END_GRACEFUL };
  GHashTableIter it;
  gpointer value;

  g_hash_table_iter_init (&it, h->clients);
  while (g_hash_table_iter_next (&it, NULL, &value)) {
    PfGsClient *c = value;
    guint8 bytes[PF_GS_CONTROL_MAX];
    size_t size;

    if (!c->ended && c->enet &&
        pf_gs_session_seal (c->session, &bye, bytes, &size) == 0)
      pf_enet_send (
          c->enet, PF_GS_CHANNEL_GENERIC, PF_ENET_RELIABLE, bytes, size);
    pf_gs_session_close (c->session);
    collect (h, c);
  }
}

void
pf_gs_hub_stop (PfGsHub *h)
{
  const guint64 one = 1;
  GHashTableIter it;
  GThread *thread;
  gpointer c;

  pf_gs_hub_unregister (h);
  g_mutex_lock (&h->lock);
  thread = h->thread;
  h->thread = NULL;
  if (thread) {
    close_all (h);
    h->stop_at = pf_gs_now () + STOP_NS;
    if (write (h->wake, &one, sizeof one) < 0)
      g_assert (errno == EAGAIN);
  }
  while (h->n_threads > 0)
    g_cond_wait (&h->cond, &h->lock);
  g_mutex_unlock (&h->lock);
  if (thread)
    g_thread_join (thread);
  /* endpoints may still have clients, but nobody speaks with those any more */
  g_mutex_lock (&h->lock);
  g_hash_table_iter_init (&it, h->clients);
  while (g_hash_table_iter_next (&it, NULL, &c))
    forget_enet (c);
  g_hash_table_remove_all (h->clients);
  g_clear_pointer (&h->listener, pf_gs_listener_free);
  g_clear_pointer (&h->enet, pf_enet_free);
  g_mutex_unlock (&h->lock);
}

guint
pf_gs_hub_port (PfGsHub *h, PfGsPort port)
{
  return h->ports[port];
}

void
pf_gs_hub_get_counters (PfGsHub *h, PfGsHubCounters *n)
{
  memset (n, 0, sizeof *n);
  g_mutex_lock (&h->lock);
  if (h->listener)
    pf_gs_listener_get_counters (h->listener, &n->rtsp);
  if (h->enet)
    n->enet = *pf_enet_stats (h->enet);
  if (h->sockets[PF_GS_PORT_CONTROL])
    n->control = *pf_socket_counters (h->sockets[PF_GS_PORT_CONTROL]);
  n->control_strangers = h->control_strangers;
  n->strange_pings = h->strange_pings;
  g_mutex_unlock (&h->lock);
}
