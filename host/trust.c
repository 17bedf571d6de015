/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Who may come in; see trust.h. */
#include "trust.h"

#include "pf-conf.h"
#include "pf-store.h"

#include "pf-arming.h"

#include <string.h>

/* A ceremony in which a PIN has been used. */
typedef struct {
  guint64 id;
  gchar *fingerprint, *name, *peer;
  guint serial;    /* of the armed PIN; 0: digits that somebody typed */
  PfPairDone done; /* of who typed them */
  gpointer user;
} Ceremony;

typedef struct {
  PfPairDone done;
  gpointer user;
} Watcher;

/* Marks the numbers of guests among those of sessions. */
#define GUEST (G_GUINT64_CONSTANT (1) << 63)

struct _PfTrust {
  GstElement *server;
  PfDevices *guest_devices; /* NULL: no other protocol */
  PfGuestFuncs guest_funcs;
  gpointer guest_user;
  PfDevices *devices;
  gboolean open, ask; /* constant, as all below that authorize() reads */
  gchar **allow;
  PfTrustFuncs funcs;
  gpointer user;

  GQueue pending;    /* PfPending, oldest first */
  GList *ceremonies; /* Ceremony */
  guint last_number;

  PfArming arming;
  guint serial; /* of the PIN that is armed, or was last */
  guint window; /* source: its end */
  GList *watchers;
  /* how the PIN before the present one ended */
  PfPairOutcome last;
  gchar *last_texts[4];
};

static gboolean
set_error (GError **error, const gchar *what)
{
  g_set_error (error, PF_LAUNCH_ERROR, PF_LAUNCH_ERROR_VALUE, "%s", what);
  return FALSE;
}

static guint64
now_ns (void)
{
  return (guint64) g_get_monotonic_time () * 1000;
}

/* ---- The server ---------------------------------------------------------- */

static void
refuse (PfTrust *t, guint64 id, guint code)
{
  gboolean known = FALSE;

  if (id & GUEST)
    t->guest_funcs.dismiss (t->guest_user, (guint32) id);
  else if (id)
    g_signal_emit_by_name (t->server, "refuse", id, code, NULL, &known);
}

static gboolean
admit (PfTrust *t, guint64 id)
{
  gboolean known = FALSE;

  g_signal_emit_by_name (t->server, "answer", id, TRUE, &known);
  return known;
}

static gboolean
is_listed (gchar **allow, const gchar *fingerprint)
{
  for (guint i = 0; allow && allow[i]; i++) {
    g_autofree gchar *one = pf_store_fingerprint (allow[i]);

    if (g_strcmp0 (one, fingerprint) == 0)
      return TRUE;
  }
  return FALSE;
}

gint
pf_trust_authorize (PfTrust *t, const GstStructure *peer)
{
  const gchar *fingerprint = gst_structure_get_string (peer, "fingerprint");
  g_autoptr (PfDevice) device = NULL;

  if (t->open)
    return 1;
  if (!fingerprint)
    return 0;
  if (is_listed (t->allow, fingerprint))
    return 1;
  device = pf_devices_find (t->devices, fingerprint);
  return device && !pf_device_is_expired (device) ? 1 : 2;
}

guint
pf_trust_access (PfTrust *t, const gchar *fingerprint, gboolean launches,
    guint32 *grants, gint64 *expires)
{
  g_autoptr (PfDevice) device =
      fingerprint ? pf_devices_find (t->devices, fingerprint) : NULL;

  *grants = PF_MAY_ALL;
  *expires = 0;
  if (device && pf_device_is_expired (device) && !t->open)
    return PF_CODE_EXPIRED;
  if (device) {
    *grants = device->grants;
    *expires = device->expires;
  } else if (!t->open && !(fingerprint && is_listed (t->allow, fingerprint))) {
    return PF_CODE_DENIED; /* it was removed just now */
  }
  return launches && !(*grants & PF_MAY_LAUNCH) ? PF_CODE_LAUNCH : 0;
}

/* ---- Devices that wait --------------------------------------------------- */

static void
pending_free (gpointer data)
{
  PfPending *p = data;

  g_free (p->fingerprint);
  g_free (p->name);
  g_free (p->peer);
  g_free (p);
}

static void
tell_pending (PfTrust *t, const PfPending *p)
{
  if (t->funcs.pending)
    t->funcs.pending (t->user, p);
}

static void
drop (PfTrust *t, PfPending *p)
{
  g_queue_remove (&t->pending, p);
  pending_free (p);
  tell_pending (t, NULL);
}

/* Sends it away. */
static void
dismiss (PfTrust *t, PfPending *p, guint code)
{
  const guint64 knock = p->knock, ceremony = p->ceremony;

  drop (t, p);
  refuse (t, knock, code);
  refuse (t, ceremony, code);
}

/* The address without the port. */
static gsize
host_length (const gchar *peer)
{
  const gchar *colon = strrchr (peer, ':');

  return colon ? (gsize) (colon - peer) : strlen (peer);
}

static gboolean
is_same_host (const PfPending *p, const gchar *peer)
{
  const gsize n = host_length (peer);

  return host_length (p->peer) == n && strncmp (p->peer, peer, n) == 0;
}

/* Room for one more: who knocks from one address too often pushes only its own
 * knocks out. */
static void
make_room (PfTrust *t, const gchar *peer)
{
  PfPending *oldest = NULL;
  guint same = 0;

  for (GList *at = t->pending.head; at; at = at->next)
    if (is_same_host (at->data, peer)) {
      if (!oldest)
        oldest = at->data;
      same++;
    }
  if (same >= PF_TRUST_PENDING_ADDRESS)
    dismiss (t, oldest, PF_CODE_BUSY);
  else if (t->pending.length >= PF_TRUST_PENDING)
    dismiss (t, g_queue_peek_head (&t->pending), PF_CODE_BUSY);
}

static PfPending *
find_device (PfTrust *t, const gchar *fingerprint)
{
  for (GList *at = t->pending.head; at; at = at->next) {
    PfPending *p = at->data;

    if (!p->guest && g_str_equal (p->fingerprint, fingerprint))
      return p;
  }
  return NULL;
}

const PfPending *
pf_trust_find_pending (PfTrust *t, guint number)
{
  for (GList *at = t->pending.head; at; at = at->next)
    if (((PfPending *) at->data)->number == number)
      return at->data;
  return NULL;
}

const PfPending *
pf_trust_next_pending (PfTrust *t, guint after)
{
  for (GList *at = t->pending.head; at; at = at->next)
    if (((PfPending *) at->data)->number > after)
      return at->data;
  return NULL;
}

guint
pf_trust_n_pending (PfTrust *t)
{
  return t->pending.length;
}

static PfPending *
add_pending (PfTrust *t, const gchar *fingerprint, const gchar *peer)
{
  PfPending *p = g_new0 (PfPending, 1);

  p->number = ++t->last_number;
  p->fingerprint = g_strdup (fingerprint);
  p->since_us = g_get_monotonic_time ();
  p->peer = g_strdup (peer);
  g_queue_push_tail (&t->pending, p);
  return p;
}

/* A session of a device begins to wait: by its knock, or by its ceremony. The
 * newer one of a device takes the place of the older. */
static void
wait_for_people (PfTrust *t, const GstStructure *s, gboolean ceremony)
{
  const gchar *fingerprint = gst_structure_get_string (s, "fingerprint");
  const gchar *peer = gst_structure_get_string (s, "peer");
  PfPending *p = find_device (t, fingerprint);
  guint64 id = 0, *slot;

  gst_structure_get_uint64 (s, "id", &id);
  if (!p) {
    make_room (t, peer);
    p = add_pending (t, fingerprint, peer);
  }
  g_free (p->name);
  p->name =
      pf_store_clean_name (gst_structure_get_string (s, "name"), fingerprint);
  g_free (p->peer);
  p->peer = g_strdup (peer);
  slot = ceremony ? &p->ceremony : &p->knock;
  refuse (t, *slot, PF_CODE_SUPERSEDED);
  *slot = id;
  tell_pending (t, p);
}

static void
on_knock (PfTrust *t, const GstStructure *s)
{
  g_autoptr (PfDevice) device =
      pf_devices_find (t->devices, gst_structure_get_string (s, "fingerprint"));
  guint64 id = 0;

  gst_structure_get_uint64 (s, "id", &id);
  if (device && pf_device_is_expired (device))
    refuse (t, id, PF_CODE_EXPIRED);
  else if (device)
    admit (t, id); /* paired since it was asked about */
  else
    wait_for_people (t, s, FALSE);
}

/* ---- Outcomes ------------------------------------------------------------ */

static void
ceremony_free (Ceremony *c)
{
  g_free (c->fingerprint);
  g_free (c->name);
  g_free (c->peer);
  g_free (c);
}

/* Kept for who asks later. */
static void
remember (PfTrust *t, const PfPairOutcome *o)
{
  const gchar *const texts[] = { o->name, o->fingerprint, o->peer, o->reason };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++) {
    g_free (t->last_texts[i]);
    t->last_texts[i] = g_strdup (texts[i]);
  }
  t->last = *o;
  t->last.name = t->last_texts[0];
  t->last.fingerprint = t->last_texts[1];
  t->last.peer = t->last_texts[2];
  t->last.reason = t->last_texts[3];
  t->last.pin = NULL;
}

static void
tell_watchers (PfTrust *t, const PfPairOutcome *outcome)
{
  GList *watchers = g_steal_pointer (&t->watchers);

  remember (t, outcome);
  for (GList *at = watchers; at; at = at->next) {
    Watcher *w = at->data;

    w->done (w->user, outcome);
    g_free (w);
  }
  g_list_free (watchers);
}

static void
make_pin (gchar pin[PF_ARMING_PIN_MAX + 1])
{
  guint32 random = 0;

  if (getentropy (&random, sizeof random) < 0)
    g_error ("no random numbers");
  pf_arming_make_pin (random, pin);
  explicit_bzero (&random, sizeof random);
}

/* The armed PIN has been used; a fresh one may come instead. */
static void
settle_arming (PfTrust *t, PfPairOutcome *o)
{
  gchar pin[PF_ARMING_PIN_MAX + 1];

  if (pf_arming_done (&t->arming, o->paired, now_ns ())) {
    make_pin (pin);
    pf_arming_renew (&t->arming, pin);
    explicit_bzero (pin, sizeof pin);
    o->pin = t->arming.pin;
    o->serial = ++t->serial;
  } else {
    g_clear_handle_id (&t->window, g_source_remove);
  }
  tell_watchers (t, o);
}

/* Takes the ceremony off the list, and frees it. */
static void
finish (PfTrust *t, Ceremony *c, gboolean paired, gboolean kept,
    const gchar *reason)
{
  PfPairOutcome outcome = { .paired = paired,
    .name = c->name,
    .fingerprint = c->fingerprint,
    .peer = c->peer,
    .kept = kept,
    .reason = reason };

  t->ceremonies = g_list_remove (t->ceremonies, c);
  if (paired)
    g_print ("paired with %s (%.8s, %s)%s\n", c->name, c->fingerprint, c->peer,
        kept ? ", which keeps its rights" : "");
  else
    g_print ("pairing with %s (%.8s, %s) failed: %s\n", c->name, c->fingerprint,
        c->peer, reason);
  if (c->serial && c->serial == t->serial)
    settle_arming (t, &outcome);
  if (c->done)
    c->done (c->user, &outcome);
  ceremony_free (c);
}

/* ---- Ceremonies ---------------------------------------------------------- */

static Ceremony *
find_ceremony (PfTrust *t, guint64 id)
{
  for (GList *at = t->ceremonies; at; at = at->next)
    if (((Ceremony *) at->data)->id == id)
      return at->data;
  return NULL;
}

static Ceremony *
begin_ceremony (PfTrust *t, guint64 id, const gchar *fingerprint,
    const gchar *name, const gchar *peer)
{
  Ceremony *c = g_new0 (Ceremony, 1);

  c->id = id;
  c->fingerprint = g_strdup (fingerprint);
  c->name = pf_store_clean_name (name, fingerprint);
  c->peer = g_strdup (peer);
  t->ceremonies = g_list_prepend (t->ceremonies, c);
  return c;
}

/* The PIN goes to the client's challenge. */
static void
challenge (PfTrust *t, Ceremony *c, const gchar *pin)
{
  gboolean asked = FALSE;

  if (c->id & GUEST) {
    t->guest_funcs.pin (t->guest_user, (guint32) c->id, pin);
    return;
  }
  g_signal_emit_by_name (t->server, "pair", c->id, pin, &asked);
  if (!asked)
    finish (t, c, FALSE, FALSE, "the client left");
}

static void
on_pair_request (PfTrust *t, const GstStructure *s)
{
  const gchar *fingerprint = gst_structure_get_string (s, "fingerprint");
  guint8 device[PF_ARMING_DEVICE] = { 0 };
  gchar pin[PF_ARMING_PIN_MAX + 1];
  gboolean known = FALSE;
  PfCloseCode code;
  Ceremony *c;
  guint64 id = 0;

  gst_structure_get_uint64 (s, "id", &id);
  for (guint i = 0; i < sizeof device; i++)
    device[i] = (guint8) (g_ascii_xdigit_value (fingerprint[2 * i]) << 4 |
                          g_ascii_xdigit_value (fingerprint[2 * i + 1]));
  code = pf_arming_take (&t->arming, device, now_ns (), pin);
  if (code == PF_CLOSE_DONE) {
    c = begin_ceremony (t, id, fingerprint,
        gst_structure_get_string (s, "name"),
        gst_structure_get_string (s, "peer"));
    c->serial = t->serial;
    challenge (t, c, pin);
    explicit_bzero (pin, sizeof pin);
  } else if (code == PF_CLOSE_NOT_ARMED && t->ask) {
    g_signal_emit_by_name (t->server, "park", id, &known);
    wait_for_people (t, s, TRUE);
  } else {
    refuse (t, id, code);
  }
}

/* A device was paired: if it also knocked, it may come in. */
static void
admit_knock (PfTrust *t, const gchar *fingerprint)
{
  PfPending *p = find_device (t, fingerprint);
  guint64 id;

  if (!p)
    return;
  id = p->knock;
  refuse (t, p->ceremony, PF_CODE_SUPERSEDED);
  drop (t, p);
  if (id)
    admit (t, id);
}

/* The client knows the PIN: stored first, told then. */
static void
on_pair_proved (PfTrust *t, const GstStructure *s)
{
  g_autoptr (GError) error = NULL;
  gboolean stored = FALSE, kept = FALSE, told = FALSE;
  g_autofree gchar *fingerprint = NULL;
  guint64 id = 0;
  Ceremony *c;

  gst_structure_get_uint64 (s, "id", &id);
  c = find_ceremony (t, id);
  if (c)
    stored =
        pf_devices_add (t->devices, c->fingerprint, c->name, &kept, &error);
  g_signal_emit_by_name (t->server, "pair-result", id, stored, &told);
  if (!c)
    return;
  fingerprint = g_strdup (c->fingerprint);
  finish (t, c, stored, kept, error ? error->message : NULL);
  if (stored)
    admit_knock (t, fingerprint);
}

/* Nothing waits there any more. */
static void
forget_pending (PfTrust *t, guint64 id)
{
  for (GList *at = t->pending.head; at; at = at->next) {
    PfPending *p = at->data;

    if (p->knock != id && p->ceremony != id)
      continue;
    if (p->knock == id)
      p->knock = 0;
    else
      p->ceremony = 0;
    if (!p->knock && !p->ceremony)
      drop (t, p);
    return;
  }
}

static void
on_ended (PfTrust *t, const GstStructure *s)
{
  const gchar *reason = gst_structure_get_string (s, "reason");
  g_autofree gchar *why = NULL;
  gboolean by_peer = FALSE;
  guint64 id = 0;
  Ceremony *c;

  gst_structure_get_uint64 (s, "id", &id);
  gst_structure_get_boolean (s, "by-peer", &by_peer);
  if ((c = find_ceremony (t, id))) {
    why = by_peer ? g_strdup ("the client was given another PIN")
                  : g_strdup (reason ? reason : "it ended");
    finish (t, c, FALSE, FALSE, why);
  }
  forget_pending (t, id);
}

gboolean
pf_trust_message (PfTrust *t, const GstStructure *s)
{
  if (gst_structure_has_name (s, "PfSessionKnock"))
    on_knock (t, s);
  else if (gst_structure_has_name (s, "PfPairRequest"))
    on_pair_request (t, s);
  else if (gst_structure_has_name (s, "PfPairProved"))
    on_pair_proved (t, s);
  else if (gst_structure_has_name (s, "PfSessionEnded"))
    on_ended (t, s);
  else
    return FALSE;
  return !gst_structure_has_name (s, "PfSessionEnded");
}

/* ---- Another protocol ---------------------------------------------------- */

void
pf_trust_set_guests (
    PfTrust *t, PfDevices *devices, const PfGuestFuncs *funcs, gpointer user)
{
  t->guest_devices = devices;
  t->guest_user = user;
  if (funcs)
    t->guest_funcs = *funcs;
}

PfDevices *
pf_trust_guest_devices (PfTrust *t)
{
  return t->guest_devices;
}

/* Anybody can claim a fingerprint that he saw: nobody is replaced by that. */
void
pf_trust_guest_wait (PfTrust *t, guint32 id, const gchar *fingerprint,
    const gchar *name, const gchar *peer)
{
  PfPending *p;

  make_room (t, peer);
  p = add_pending (t, fingerprint, peer);
  p->name = pf_store_clean_name (name, fingerprint);
  p->ceremony = GUEST | id;
  p->guest = TRUE;
  tell_pending (t, p);
}

void
pf_trust_guest_ended (
    PfTrust *t, guint32 id, gboolean kept, const gchar *reason)
{
  Ceremony *c = find_ceremony (t, GUEST | id);

  if (c)
    finish (t, c, !reason, kept, reason);
  forget_pending (t, GUEST | id);
}

/* ---- What people do ------------------------------------------------------ */

static PfPending *
need_pending (PfTrust *t, guint number, GError **error)
{
  const PfPending *p = pf_trust_find_pending (t, number);

  if (!p)
    set_error (error, "nobody with that number waits");
  return (PfPending *) p;
}

gboolean
pf_trust_pair (PfTrust *t, guint number, const gchar *pin, PfPairDone done,
    gpointer user, GError **error)
{
  PfPending *p = need_pending (t, number, error);
  Ceremony *c;

  if (!p)
    return FALSE;
  if (!p->ceremony)
    return set_error (error, "that device shows no digits: approve or deny it");
  if (!pf_arming_is_pin (pin))
    return set_error (error, "a PIN has four digits");
  c = begin_ceremony (t, p->ceremony, p->fingerprint, p->name, p->peer);
  c->done = done;
  c->user = user;
  p->ceremony = 0;
  if (!p->knock)
    drop (t, p);
  challenge (t, c, pin);
  return TRUE;
}

gboolean
pf_trust_approve (PfTrust *t, guint number, GError **error)
{
  PfPending *p = need_pending (t, number, error);
  g_autofree gchar *fingerprint = NULL;
  gboolean kept;

  if (!p)
    return FALSE;
  if (!p->knock)
    return set_error (error, "that device wants to be paired by its digits");
  if (!pf_devices_add (t->devices, p->fingerprint, p->name, &kept, error))
    return FALSE;
  g_print ("%s (%.8s, %s) is approved\n", p->name, p->fingerprint, p->peer);
  fingerprint = g_strdup (p->fingerprint);
  admit_knock (t, fingerprint);
  return TRUE;
}

gboolean
pf_trust_deny (PfTrust *t, guint number, GError **error)
{
  PfPending *p = need_pending (t, number, error);

  if (!p)
    return FALSE;
  g_print ("%s (%.8s, %s) is denied\n", p->name, p->fingerprint, p->peer);
  dismiss (t, p, PF_CODE_DENIED);
  return TRUE;
}

static gboolean
on_window_over (gpointer data)
{
  PfTrust *t = data;
  const PfPairOutcome outcome = { .reason = "nobody came in time",
    .serial = t->serial };

  t->window = 0;
  pf_arming_disarm (&t->arming);
  tell_watchers (t, &outcome);
  return G_SOURCE_REMOVE;
}

guint
pf_trust_arm (PfTrust *t, const gchar *pin, guint seconds,
    const gchar *fingerprint, GError **error)
{
  const PfPairOutcome replaced = { .reason = "another PIN took its place" };
  g_autofree gchar *device = NULL;
  guint8 bytes[PF_ARMING_DEVICE];
  gchar made[PF_ARMING_PIN_MAX + 1];
  int ret;

  if (fingerprint && !(device = pf_store_fingerprint (fingerprint)))
    return set_error (error, "that is no fingerprint");
  for (guint i = 0; device && i < sizeof bytes; i++)
    bytes[i] = (guint8) (g_ascii_xdigit_value (device[2 * i]) << 4 |
                         g_ascii_xdigit_value (device[2 * i + 1]));
  if (!pin)
    make_pin (made);
  ret = pf_arming_arm (
      &t->arming, pin ? pin : made, seconds, device ? bytes : NULL, now_ns ());
  explicit_bzero (made, sizeof made);
  if (ret == PF_ERR_INVALID)
    return set_error (error, "a PIN has four digits");
  if (ret == PF_ERR_RANGE)
    return set_error (error, "a PIN counts for 15 to 600 seconds");
  if (ret < 0)
    return set_error (error, "too many wrong PINs: wait a minute");
  if (t->watchers)
    tell_watchers (t, &replaced);
  g_clear_handle_id (&t->window, g_source_remove);
  t->window = g_timeout_add_seconds (seconds, on_window_over, t);
  return ++t->serial;
}

void
pf_trust_disarm (PfTrust *t)
{
  const PfPairOutcome outcome = { .reason = "pairing was switched off" };

  pf_arming_disarm (&t->arming);
  g_clear_handle_id (&t->window, g_source_remove);
  tell_watchers (t, &outcome);
}

const gchar *
pf_trust_pin (PfTrust *t, guint *serial, guint *seconds)
{
  if (!pf_arming_is_open (&t->arming, now_ns ()) || !*t->arming.pin)
    return NULL;
  *serial = t->serial;
  *seconds = pf_arming_left (&t->arming, now_ns ());
  return t->arming.pin;
}

void
pf_trust_watch (PfTrust *t, guint serial, PfPairDone done, gpointer user)
{
  Watcher *w;

  if (serial != t->serial || !pf_arming_is_open (&t->arming, now_ns ())) {
    PfPairOutcome outcome = t->last;
    guint left;

    outcome.pin = pf_trust_pin (t, &outcome.serial, &left);
    done (user, &outcome);
    return;
  }
  w = g_new0 (Watcher, 1);
  w->done = done;
  w->user = user;
  t->watchers = g_list_prepend (t->watchers, w);
}

void
pf_trust_forget (PfTrust *t, gpointer user)
{
  for (GList *at = t->watchers; at;) {
    GList *next = at->next;

    if (((Watcher *) at->data)->user == user) {
      g_free (at->data);
      t->watchers = g_list_delete_link (t->watchers, at);
    }
    at = next;
  }
  for (GList *at = t->ceremonies; at; at = at->next) {
    Ceremony *c = at->data;

    if (c->user == user)
      c->done = NULL;
  }
}

/* The list that a device is on. */
static PfDevices *
list_of (PfTrust *t, const gchar *fingerprint)
{
  g_autoptr (PfDevice) guest =
      t->guest_devices ? pf_devices_find (t->guest_devices, fingerprint) : NULL;

  return guest ? t->guest_devices : t->devices;
}

PfDevice *
pf_trust_guess (PfTrust *t, const gchar *text, GError **error)
{
  PfDevice *d = pf_devices_guess (t->devices, text, error);

  if (d || !t->guest_devices)
    return d;
  g_clear_error (error);
  return pf_devices_guess (t->guest_devices, text, error);
}

gboolean
pf_trust_rename (
    PfTrust *t, const gchar *fingerprint, const gchar *name, GError **error)
{
  return pf_devices_rename (list_of (t, fingerprint), fingerprint, name, error);
}

gboolean
pf_trust_remove (PfTrust *t, const gchar *fingerprint, GError **error)
{
  if (!pf_devices_remove (list_of (t, fingerprint), fingerprint, error))
    return FALSE;
  if (t->funcs.access)
    t->funcs.access (t->user, fingerprint, 0, 0, PF_CODE_DENIED);
  return TRUE;
}

gboolean
pf_trust_grant (PfTrust *t, const gchar *fingerprint, guint32 grants,
    gint64 expires, GError **error)
{
  PfDevices *list = list_of (t, fingerprint);
  g_autoptr (PfDevice) device = NULL;

  if (!pf_devices_grant (list, fingerprint, grants, expires, error))
    return FALSE;
  device = pf_devices_find (list, fingerprint);
  if (t->funcs.access && device)
    t->funcs.access (t->user, fingerprint, grants, expires,
        pf_device_is_expired (device) ? PF_CODE_EXPIRED : 0);
  return TRUE;
}

/* ---- Begin and end ------------------------------------------------------- */

PfTrust *
pf_trust_new (const PfTrustConfig *config, const PfTrustFuncs *funcs,
    gpointer user, GError **error)
{
  PfDevices *devices = pf_devices_open (config->store, error);
  PfTrust *t;

  if (!devices)
    return NULL;
  t = g_new0 (PfTrust, 1);
  t->devices = devices;
  t->open = config->open;
  t->ask = config->ask;
  t->allow = g_strdupv (config->allow);
  t->funcs = *funcs;
  t->user = user;
  g_queue_init (&t->pending);
  return t;
}

void
pf_trust_set_server (PfTrust *t, GstElement *server)
{
  t->server = server;
}

PfDevices *
pf_trust_devices (PfTrust *t)
{
  return t->devices;
}

void
pf_trust_free (PfTrust *t)
{
  if (!t)
    return;
  g_clear_handle_id (&t->window, g_source_remove);
  pf_arming_disarm (&t->arming);
  g_list_free_full (t->watchers, g_free);
  g_list_free_full (t->ceremonies, (GDestroyNotify) ceremony_free);
  g_queue_clear_full (&t->pending, pending_free);
  for (guint i = 0; i < G_N_ELEMENTS (t->last_texts); i++)
    g_free (t->last_texts[i]);
  pf_devices_free (t->devices);
  g_strfreev (t->allow);
  g_free (t);
}
