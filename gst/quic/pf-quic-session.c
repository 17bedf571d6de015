/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A session of punktfunk/1 on the host; see pf-quic-session.h. */
#define _GNU_SOURCE /* explicit_bzero */
#include "pf-quic-session.h"

#include <string.h>

#include "pf-peer.h"
#include "pf-quic-ceremony.h"
#include "pf-quic-hub.h"
#include "pf-socket.h"

#define NO_STREAM (-1)
#define MAX_DATAGRAM 2048

struct _PfQuicSession {
  gint refs; /* atomic */

  /* constant */
  PfQuicHub *hub; /* outlives the connection */
  PfQuicLink *link;
  guint id;
  PfQuicPeer peer;
  PfMsgHello hello; /* set before the offer is told */

  GMutex lock;
  GCond cond;
  /* lock */
  PfHostSession *host;
  gint64 control; /* the stream */
  gboolean allowed, granted, closed;
  PfQuicGrants grants;
  PfQuicSessionFuncs funcs;
  gpointer user;
  gboolean attached;
  GThread *telling; /* that is in one of the functions, or NULL */
  guint64 call_at;  /* 0: never */
  PfQuicCeremony *ceremony;
  GQueue events;  /* PfHostEvent, not told yet */
  gboolean poked; /* something changed; settle() is to look */
};

/* ---- Making ------------------------------------------------------------- */

static PfInstant
instant (void)
{
  const PfInstant now = { pf_quic_now (), (guint64) g_get_real_time () * 1000 };

  return now;
}

PfQuicSession *
pf_quic_session_new (
    PfQuicHub *hub, PfQuicLink *link, guint id, guint approval_ms)
{
  PfQuicSession *s = g_new0 (PfQuicSession, 1);
  PfHostConfig config = { 0 };
  PfQuicPath path;

  s->refs = 1;
  s->hub = hub;
  s->link = pf_quic_link_ref (link);
  s->id = id;
  s->control = NO_STREAM;
  g_mutex_init (&s->lock);
  g_cond_init (&s->cond);
  pf_quic_link_get_peer (link, &s->peer);
  pf_quic_link_get_path (link, &path);
  pf_peer_from_socket (&path.remote, &config.peer);
  config.approval_ns = approval_ms * PF_MS;
  if (pf_host_session_new (&config, instant (), &s->host) < 0) {
    pf_quic_session_unref (s);
    return NULL;
  }
  return s;
}

PfQuicSession *
pf_quic_session_ref (PfQuicSession *s)
{
  g_atomic_int_inc (&s->refs);
  return s;
}

static void
event_free (gpointer data)
{
  PfHostEvent *e = data;

  if (e->type == PF_HOST_PAIR)
    g_free ((gpointer) e->message);
  g_free (e);
}

void
pf_quic_session_unref (PfQuicSession *s)
{
  if (!s || !g_atomic_int_dec_and_test (&s->refs))
    return;
  pf_host_session_free (s->host);
  pf_quic_ceremony_free (s->ceremony);
  g_queue_clear_full (&s->events, event_free);
  g_clear_pointer (&s->peer.certificate, g_bytes_unref);
  pf_quic_link_unref (s->link);
  g_mutex_clear (&s->lock);
  g_cond_clear (&s->cond);
  g_free (s);
}

/* ---- Sending; call with lock -------------------------------------------- */

typedef struct {
  gsize size;
  guint8 bytes[];
} Wiped;

static void
wipe (gpointer data)
{
  Wiped *w = data;

  explicit_bzero (w->bytes, w->size);
  g_free (w);
}

/* The Welcome has keys: nothing is left of it when it arrived. */
static void
send_control (PfQuicSession *s, const PfMsgSpan *bytes)
{
  Wiped *w = g_malloc (sizeof *w + bytes->size);
  GBytes *b;

  w->size = bytes->size;
  memcpy (w->bytes, bytes->data, bytes->size);
  b = g_bytes_new_with_free_func (w->bytes, w->size, wipe, w);
  pf_quic_link_send (s->link, s->control, b, FALSE);
  g_bytes_unref (b);
}

static void
pump_output (PfQuicSession *s)
{
  PfOutput output;

  while (pf_host_session_output (s->host, instant (), &output))
    if (output.kind == PF_OUTPUT_STREAM && s->control != NO_STREAM)
      send_control (s, &output.bytes);
}

/* ---- Telling ------------------------------------------------------------ */

/* Whether there is somebody to be told, who is then waited for by detach. */
static gboolean
begin_telling (PfQuicSession *s, PfQuicSessionFuncs *funcs, gpointer *user)
{
  gboolean ok;

  g_mutex_lock (&s->lock);
  ok = s->attached;
  if (ok) {
    *funcs = s->funcs;
    *user = s->user;
    s->telling = g_thread_self ();
  }
  g_mutex_unlock (&s->lock);
  return ok;
}

static void
end_telling (PfQuicSession *s)
{
  g_mutex_lock (&s->lock);
  s->telling = NULL;
  g_cond_broadcast (&s->cond);
  g_mutex_unlock (&s->lock);
}

static void
tell_event (PfQuicSession *s, const PfHostEvent *e)
{
  PfQuicSessionFuncs funcs;
  gpointer user;

  switch (e->type) {
  case PF_HOST_OFFER:
    pf_quic_hub_offer (s->hub, s);
    return;
  case PF_HOST_PAIR:
    pf_quic_hub_pair (s->hub, s, e->message);
    return;
  case PF_HOST_CLOSE:
    pf_quic_link_close (s->link, e->close.code, e->close.text);
    return;
  case PF_HOST_STARTED:
    pf_quic_hub_started (s->hub, s);
    break;
  default:
    break;
  }
  if (!begin_telling (s, &funcs, &user))
    return;
  if (funcs.event)
    funcs.event (s, e, user);
  end_telling (s);
}

/* Events whose pointers would not live until they are told. Call with lock. */
static gboolean
keep_event (PfQuicSession *s, PfHostEvent *e)
{
  switch (e->type) {
  case PF_HOST_OFFER:
    s->hello = *e->hello;
    e->hello = &s->hello;
    return TRUE;
  case PF_HOST_MESSAGE:
  case PF_HOST_MIC:
    return FALSE;
  case PF_HOST_PAIR:
    e->message = g_memdup2 (e->message, sizeof *e->message);
    return TRUE;
  case PF_HOST_STARTED:
    e->start = NULL;
    return TRUE;
  default:
    return TRUE;
  }
}

/* An event with what it points to. */
typedef struct {
  PfHostEvent event; /* first */
  PfMsgRich rich;
  guint8 report[PF_HID_REPORT_MAX];
} RichEvent;

static PfHostEvent *
copy_rich (const PfHostEvent *e)
{
  RichEvent *copy = g_new0 (RichEvent, 1);

  copy->event = *e;
  copy->rich = *e->rich;
  copy->event.rich = &copy->rich;
  if (copy->rich.kind == PF_RICH_HID_REPORT) {
    PfMsgSpan *report = &copy->rich.hid_report.report;

    report->size = MIN (report->size, sizeof copy->report);
    memcpy (copy->report, report->data, report->size);
    report->data = copy->report;
  }
  return &copy->event;
}

/* Call with lock. */
static void
collect_events (PfQuicSession *s)
{
  PfHostEvent e;

  while (pf_host_session_event (s->host, instant (), &e))
    if (keep_event (s, &e))
      g_queue_push_tail (&s->events,
          e.type == PF_HOST_RICH ? copy_rich (&e) : g_memdup2 (&e, sizeof e));
}

/* When settle() has something to do. Call with lock, in which the timer is set
 * as well: nobody comes between. */
static void
set_timer (PfQuicSession *s)
{
  guint64 wake = pf_host_session_wake (s->host);

  if (s->call_at)
    wake = MIN (wake, s->call_at);
  if (s->events.length > 0 || s->poked)
    wake = 1;
  pf_quic_link_set_timer (s->link, wake == PF_NEVER ? 0 : wake);
}

/* In the connection's thread, after anything that may have come of it. */
static void
settle (PfQuicSession *s)
{
  GQueue events;
  PfHostEvent *e;

  g_mutex_lock (&s->lock);
  s->poked = FALSE;
  collect_events (s);
  pump_output (s);
  events = s->events;
  g_queue_init (&s->events);
  g_mutex_unlock (&s->lock);

  while ((e = g_queue_pop_head (&events))) {
    tell_event (s, e);
    event_free (e);
  }

  g_mutex_lock (&s->lock);
  set_timer (s);
  g_mutex_unlock (&s->lock);
}

/* Has settle() called soon, in the connection's thread. Call with lock. */
static void
poke (PfQuicSession *s)
{
  s->poked = TRUE;
  set_timer (s);
}

/* ---- What the connection tells ------------------------------------------ */

static void
on_stream (
    PfQuicLink *link, gint64 id, GBytes *bytes, gboolean fin, gpointer user)
{
  PfQuicSession *s = user;
  const guint8 *at = NULL;
  gboolean ours;
  gsize n = 0;

  if (bytes)
    at = g_bytes_get_data (bytes, &n);
  g_mutex_lock (&s->lock);
  if (s->control == NO_STREAM && ngtcp2_is_bidi_stream (id))
    s->control = id;
  ours = s->control == id;
  for (gsize left = n; ours && left > 0;) {
    const gsize used =
        pf_host_session_stream (s->host, at + (n - left), left, instant ());

    left -= used;
    collect_events (s);
    if (used == 0)
      break; /* it is closed */
  }
  if (ours && fin)
    pf_host_session_stream_end (s->host);
  g_mutex_unlock (&s->lock);
  if (n > 0)
    pf_quic_link_consume (link, id, n);
  if (!ours)
    pf_quic_link_reset (link, id, PF_STREAM_RESET_CANCELLED);
  settle (s);
}

static void
on_datagram (PfQuicLink *link, GBytes *bytes, gpointer user)
{
  PfQuicSession *s = user;
  gsize n;
  const guint8 *data = g_bytes_get_data (bytes, &n);

  (void) link;
  g_mutex_lock (&s->lock);
  pf_host_session_datagram (s->host, data, n, instant ());
  g_mutex_unlock (&s->lock);
  settle (s);
}

static void
on_timer (PfQuicLink *link, gpointer user)
{
  PfQuicSession *s = user;
  PfQuicSessionFuncs funcs;
  gpointer data;
  gboolean due;

  (void) link;
  g_mutex_lock (&s->lock);
  due = s->call_at && pf_quic_now () >= s->call_at;
  if (due)
    s->call_at = 0;
  g_mutex_unlock (&s->lock);
  if (due && begin_telling (s, &funcs, &data)) {
    if (funcs.call)
      funcs.call (s, data);
    end_telling (s);
  }
  settle (s);
}

static void
on_moved (PfQuicLink *link, gpointer user)
{
  PfQuicSession *s = user;
  PfPeerAddress peer;
  PfQuicPath path;

  pf_quic_link_get_path (link, &path);
  pf_peer_from_socket (&path.remote, &peer);
  g_mutex_lock (&s->lock);
  pf_host_session_peer_moved (s->host, &peer, instant ());
  g_mutex_unlock (&s->lock);
  settle (s);
}

static void
on_closed (PfQuicLink *link, const PfQuicEnd *end, gpointer user)
{
  PfQuicSession *s = user;
  PfQuicSessionFuncs funcs;
  gpointer data;

  (void) link;
  g_mutex_lock (&s->lock);
  s->closed = TRUE;
  g_mutex_unlock (&s->lock);
  if (begin_telling (s, &funcs, &data)) {
    if (funcs.closed)
      funcs.closed (s, end, data);
    end_telling (s);
  }
  pf_quic_hub_ended (s->hub, s, end); /* drops its reference */
}

/* The hub's ready function hands a link over to these. */
const PfQuicLinkFuncs pf_quic_session_funcs = {
  .stream = on_stream,
  .datagram = on_datagram,
  .timer = on_timer,
  .moved = on_moved,
  .closed = on_closed,
};

/* ---- For any thread ----------------------------------------------------- */

guint
pf_quic_session_id (const PfQuicSession *s)
{
  return s->id;
}

const PfMsgHello *
pf_quic_session_hello (const PfQuicSession *s)
{
  return &s->hello;
}

gboolean
pf_quic_session_is_anonymous (const PfQuicSession *s)
{
  return s->peer.anonymous;
}

const guint8 *
pf_quic_session_fingerprint (const PfQuicSession *s)
{
  return s->peer.fingerprint;
}

PfQuicLink *
pf_quic_session_link (PfQuicSession *s)
{
  return s->link;
}

void
pf_quic_session_path (PfQuicSession *s, PfQuicPath *path)
{
  pf_quic_link_get_path (s->link, path);
}

gchar *
pf_quic_session_peer (PfQuicSession *s)
{
  PfPeerAddress peer;
  PfAddress address;
  PfQuicPath path;

  pf_quic_link_get_path (s->link, &path);
  pf_peer_from_socket (&path.remote, &peer); /* IPv4 is no longer mapped */
  pf_peer_to_socket (&peer, &address.at, &address.size);
  return pf_address_to_string (&address);
}

gboolean
pf_quic_session_attach (
    PfQuicSession *s, const PfQuicSessionFuncs *funcs, gpointer user)
{
  gboolean ok;

  g_mutex_lock (&s->lock);
  ok = s->allowed && !s->attached && !s->closed;
  if (ok) {
    s->attached = TRUE;
    s->funcs = *funcs;
    s->user = user;
  }
  g_mutex_unlock (&s->lock);
  return ok;
}

void
pf_quic_session_detach (PfQuicSession *s)
{
  g_mutex_lock (&s->lock);
  s->attached = FALSE;
  s->call_at = 0;
  while (s->telling && s->telling != g_thread_self ())
    g_cond_wait (&s->cond, &s->lock);
  g_mutex_unlock (&s->lock);
}

void
pf_quic_session_call (PfQuicSession *s, guint64 at)
{
  g_mutex_lock (&s->lock);
  s->call_at = MAX (at, 1);
  poke (s);
  g_mutex_unlock (&s->lock);
}

void
pf_quic_session_close (PfQuicSession *s, PfCloseCode code, const gchar *text)
{
  g_mutex_lock (&s->lock);
  pf_host_session_close (s->host, code, text ? g_intern_string (text) : NULL);
  collect_events (s);
  poke (s);
  g_mutex_unlock (&s->lock);
}

PfQuicCeremony *
pf_quic_session_ceremony (PfQuicSession *s)
{
  PfQuicCeremony *ceremony;

  g_mutex_lock (&s->lock);
  if (!s->ceremony)
    s->ceremony = pf_quic_ceremony_new (
        s, pf_quic_identity_fingerprint (pf_quic_hub_identity (s->hub)));
  ceremony = s->ceremony;
  g_mutex_unlock (&s->lock);
  return ceremony;
}

int
pf_quic_session_pair_send (PfQuicSession *s, const PfMsgControl *control)
{
  int ret;

  g_mutex_lock (&s->lock);
  ret = pf_host_session_pair_send (s->host, control, instant ());
  pump_output (s);
  poke (s);
  g_mutex_unlock (&s->lock);
  return ret;
}

void
pf_quic_session_set_access (PfQuicSession *s, guint access, guint remaining_s)
{
  g_mutex_lock (&s->lock);
  pf_host_session_grant (s->host, access, remaining_s);
  pump_output (s);
  poke (s);
  g_mutex_unlock (&s->lock);
}

void
pf_quic_session_allow (PfQuicSession *s)
{
  g_mutex_lock (&s->lock);
  s->allowed = TRUE;
  g_mutex_unlock (&s->lock);
}

void
pf_quic_session_grant (PfQuicSession *s, const PfQuicGrants *grants)
{
  g_mutex_lock (&s->lock);
  s->allowed = s->granted = TRUE;
  s->grants = *grants;
  if (s->attached && s->call_at)
    s->call_at = 1;
  poke (s);
  g_mutex_unlock (&s->lock);
}

gboolean
pf_quic_session_get_grants (PfQuicSession *s, PfQuicGrants *grants)
{
  gboolean granted;

  g_mutex_lock (&s->lock);
  granted = s->granted;
  *grants = s->grants;
  g_mutex_unlock (&s->lock);
  return granted;
}

void
pf_quic_session_park (PfQuicSession *s)
{
  g_mutex_lock (&s->lock);
  pf_host_session_park (s->host, instant ());
  poke (s);
  g_mutex_unlock (&s->lock);
}

int
pf_quic_session_accept (
    PfQuicSession *s, const PfMsgWelcome *welcome, const PfMsgKeys *keys)
{
  int ret;

  g_mutex_lock (&s->lock);
  ret = pf_host_session_accept (s->host, welcome, keys, instant ());
  pump_output (s);
  poke (s);
  g_mutex_unlock (&s->lock);
  return ret;
}

void
pf_quic_session_punch (PfQuicSession *s, const struct sockaddr_storage *from,
    const guint8 *bytes, gsize n)
{
  PfPeerAddress address;

  pf_peer_from_socket (from, &address);
  g_mutex_lock (&s->lock);
  pf_host_session_punch (s->host, &address, bytes, n, instant ());
  poke (s);
  g_mutex_unlock (&s->lock);
}

void
pf_quic_session_reconfigured (PfQuicSession *s, gboolean accepted)
{
  g_mutex_lock (&s->lock);
  pf_host_session_reconfigured (s->host, accepted, instant ());
  poke (s);
  g_mutex_unlock (&s->lock);
}

void
pf_quic_session_keyframe_made (PfQuicSession *s, guint32 frame)
{
  g_mutex_lock (&s->lock);
  pf_host_session_keyframe_made (s->host, frame, instant ());
  g_mutex_unlock (&s->lock);
}

void
pf_quic_session_invalidated (PfQuicSession *s)
{
  g_mutex_lock (&s->lock);
  pf_host_session_invalidated (s->host, instant ());
  g_mutex_unlock (&s->lock);
}

void
pf_quic_session_set_invalidates (PfQuicSession *s, gboolean invalidates)
{
  g_mutex_lock (&s->lock);
  pf_host_session_set_invalidates (s->host, invalidates);
  g_mutex_unlock (&s->lock);
}

void
pf_quic_session_set_bitrates (
    PfQuicSession *s, guint default_kbps, guint max_kbps)
{
  g_mutex_lock (&s->lock);
  pf_host_session_set_bitrates (s->host, default_kbps, max_kbps);
  g_mutex_unlock (&s->lock);
}

void
pf_quic_session_probe_done (PfQuicSession *s, const PfMsgProbeResult *result)
{
  g_mutex_lock (&s->lock);
  pf_host_session_probe_done (s->host, result);
  poke (s);
  g_mutex_unlock (&s->lock);
}

int
pf_quic_session_send_datagram (PfQuicSession *s, const PfMsgDatagram *datagram)
{
  guint8 bytes[MAX_DATAGRAM];
  size_t n;
  const int ret = pf_msg_datagram_encode (datagram, bytes, sizeof bytes, &n);

  if (ret < 0)
    return ret;
  return pf_quic_link_send_datagram (s->link, bytes, n) ? 0 : PF_ERR_RANGE;
}

void
pf_quic_session_get_stats (PfQuicSession *s, PfHostStats *stats)
{
  g_mutex_lock (&s->lock);
  *stats = *pf_host_session_stats (s->host);
  g_mutex_unlock (&s->lock);
}
