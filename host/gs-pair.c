/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* GameStream's pairing on this host; see gs-pair.h. */
#include "gs-pair.h"

#include "pf-gs-pair-desk.h"

#include <string.h>
#include <unistd.h>

#define TICK_MS 1000
#define SECONDS ((guint) (PF_GS_PAIR_PIN_NS / 1000000000u) + 2)

/* One that began, until it is told how it ended. */
typedef struct {
  guint32 id;
  gchar *name, *fingerprint, *peer;
  PfGsCall *call; /* parked until the PIN comes */
} Ceremony;

struct _PfGsPairing {
  PfGsPairDesk *desk;
  PfTrust *trust;
  PfDevices *devices;
  GList *ceremonies;
  guint tick;
};

static guint64
now_ns (void)
{
  return (guint64) g_get_monotonic_time () * 1000;
}

static PfGsText
text_of (const gchar *string)
{
  return (PfGsText){ string, string ? strlen (string) : 0 };
}

static PfGsText
param (PfGsCall *call, const gchar *name)
{
  return text_of (pf_gs_call_get (call, name));
}

/* ---- Ceremonies --------------------------------------------------------- */

static Ceremony *
find (PfGsPairing *p, guint32 id)
{
  for (GList *at = p->ceremonies; at; at = at->next)
    if (((Ceremony *) at->data)->id == id)
      return at->data;
  return NULL;
}

static Ceremony *
find_call (PfGsPairing *p, const PfGsCall *call)
{
  for (GList *at = p->ceremonies; at; at = at->next)
    if (((Ceremony *) at->data)->call == call)
      return at->data;
  return NULL;
}

static void
answer (PfGsCall *call, const PfGsWriter *w)
{
  pf_gs_call_reply_xml (call, w->bytes, w->size);
}

static void
refuse (PfGsCall *call, guint status, const gchar *message)
{
  gchar bytes[512];
  PfGsWriter w = { bytes, sizeof bytes, 0, false };

  pf_gs_xml_begin (&w, status, message);
  pf_gs_xml_uint (&w, "paired", 0);
  pf_gs_xml_end (&w);
  answer (call, &w);
}

/* Takes it off the list, and says how it ended. */
static void
end (PfGsPairing *p, Ceremony *c, gboolean kept, const gchar *reason)
{
  p->ceremonies = g_list_remove (p->ceremonies, c);
  if (c->call)
    refuse (c->call, 400, "The host did not take part.");
  pf_trust_guest_ended (p->trust, c->id, kept, reason);
  g_free (c->name);
  g_free (c->fingerprint);
  g_free (c->peer);
  g_free (c);
}

/* Ends what the desk has ended. */
static void
sweep (PfGsPairing *p, const gchar *reason)
{
  for (GList *at = p->ceremonies; at;) {
    Ceremony *c = at->data;

    at = at->next;
    if (pf_gs_pair_desk_state (p->desk, c->id) == PF_GS_PAIR_FAILED)
      end (p, c, FALSE, reason);
  }
  if (!p->ceremonies)
    g_clear_handle_id (&p->tick, g_source_remove);
}

static gboolean
on_tick (gpointer data)
{
  guint32 ids[PF_GS_PAIR_DESK_MAX];
  PfGsPairing *p = data;
  guint tick = p->tick;

  pf_gs_pair_desk_waiting (p->desk, now_ns (), ids);
  sweep (p, "nothing came in time");
  return p->tick == tick ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

/* ---- Begin -------------------------------------------------------------- */

/* The certificate that the client claims to be its own: hexadecimal digits of
 * its text. */
static gchar *
claimed_fingerprint (PfGsText digits)
{
  const gsize size = digits.size / 2;
  g_autofree gchar *pem = g_malloc (size + 1);
  gchar *fingerprint = NULL;
  PfGsCert *cert = NULL;
  const uint8_t *der;
  size_t der_size;

  for (gsize i = 0; i < size; i++)
    pem[i] = (gchar) (g_ascii_xdigit_value (digits.data[2 * i]) << 4 |
                      g_ascii_xdigit_value (digits.data[2 * i + 1]));
  if (pf_gs_cert_new (pem, size, NULL, 0, &cert) < 0)
    return NULL;
  der = pf_gs_cert_der (cert, &der_size);
  fingerprint = g_compute_checksum_for_data (G_CHECKSUM_SHA256, der, der_size);
  pf_gs_cert_free (cert);
  return fingerprint;
}

/* All stock clients call themselves the same. */
static gchar *
name_of (PfGsCall *call)
{
  const gchar *name = pf_gs_call_get (call, "devicename");

  if (name && *name && !g_str_equal (name, "roth"))
    return g_strdup (name);
  return g_strdup_printf ("Moonlight at %s", pf_gs_call_peer_text (call));
}

static void
on_gone (PfGsCall *call, gpointer user)
{
  PfGsPairing *p = user;
  Ceremony *c = find_call (p, call);

  if (!c)
    return;
  c->call = NULL;
  pf_gs_pair_desk_cancel (p->desk, c->id);
  sweep (p, "the client left");
}

static void
park (PfGsPairing *p, PfGsCall *call, guint32 id)
{
  const PfPeerAddress *peer = pf_gs_call_peer (call);
  gchar *fingerprint = claimed_fingerprint (param (call, "clientcert"));
  Ceremony *c;

  if (!fingerprint) {
    pf_gs_pair_desk_cancel (p->desk, id);
    refuse (call, 400, "The certificate cannot be read.");
    return;
  }
  c = g_new0 (Ceremony, 1);
  c->id = id;
  c->fingerprint = fingerprint;
  c->name = name_of (call);
  c->peer = g_strdup_printf (pf_gs_call_is_v4 (call) ? "%s:%u" : "[%s]:%u",
      pf_gs_call_peer_text (call), peer->port);
  c->call = call;
  p->ceremonies = g_list_append (p->ceremonies, c);
  pf_gs_call_park (call, SECONDS, on_gone, p);
  if (!p->tick)
    p->tick = g_timeout_add (TICK_MS, on_tick, p);
  pf_trust_guest_wait (p->trust, id, c->fingerprint, c->name, c->peer);
}

/* ---- The end ------------------------------------------------------------ */

/* Stored first, told then. */
static void
store (PfGsPairing *p, PfGsCall *call, guint32 id, const PfGsCert *client,
    const PfGsWriter *w)
{
  g_autoptr (GError) error = NULL;
  g_autofree gchar *fingerprint = NULL;
  Ceremony *c = find (p, id);
  gboolean kept = FALSE;
  const uint8_t *der;
  size_t size;

  der = pf_gs_cert_der (client, &size);
  fingerprint = g_compute_checksum_for_data (G_CHECKSUM_SHA256, der, size);
  if (!c || !pf_devices_add (p->devices, fingerprint, c->name, &kept, &error))
    refuse (call, 500, "The host could not store it.");
  else
    answer (call, w);
  if (c)
    end (p, c, kept, error ? error->message : NULL);
}

/* ---- Requests ----------------------------------------------------------- */

static void
fill (PfGsPairRequest *r, PfGsCall *call)
{
  memset (r, 0, sizeof *r);
  r->peer = *pf_gs_call_peer (call);
  r->unique_id = param (call, "uniqueid");
  r->phrase = param (call, "phrase");
  r->salt = param (call, "salt");
  r->client_cert = param (call, "clientcert");
  r->challenge = param (call, "clientchallenge");
  r->response = param (call, "serverchallengeresp");
  r->secret = param (call, "clientpairingsecret");
  if (pf_gs_call_is_tls (call))
    r->der = pf_gs_call_der (call, &r->der_size);
  if (getentropy (r->random, sizeof r->random) < 0)
    g_error ("no random numbers");
}

void
pf_gs_pairing_request (PfGsPairing *p, PfGsCall *call)
{
  g_autofree gchar *bytes = g_malloc (PF_GS_PAIR_ANSWER);
  PfGsWriter w = { bytes, PF_GS_PAIR_ANSWER, 0, false };
  const PfGsCert *client = NULL;
  PfGsPairRequest request;
  guint32 id = 0;

  fill (&request, call);
  switch (pf_gs_pair_desk_request (
      p->desk, &request, now_ns (), &w, &id, &client)) {
  case PF_GS_PAIR_PARKED:
    sweep (p, "the client began again");
    park (p, call, id);
    break;
  case PF_GS_PAIR_STORE:
    store (p, call, id, client, &w);
    break;
  case PF_GS_PAIR_ANSWERED:
  default:
    answer (call, &w);
    break;
  }
  explicit_bzero (&request, sizeof request);
  sweep (p, "the PIN was another one");
}

void
pf_gs_pairing_unpair (PfGsPairing *p, PfGsCall *call)
{
  gchar bytes[256];
  PfGsWriter w = { bytes, sizeof bytes, 0, false };

  pf_gs_pair_desk_unpair (
      p->desk, pf_gs_call_peer (call), param (call, "uniqueid"));
  pf_gs_xml_begin (&w, 200, NULL);
  pf_gs_xml_end (&w);
  answer (call, &w);
  sweep (p, "the client was given another PIN, or gave up");
}

gboolean
pf_gs_pairing_may_confirm (PfGsPairing *p, const guint8 *der, gsize size)
{
  return der && pf_gs_pair_desk_may_confirm (p->desk, der, size, now_ns ());
}

/* ---- What people do ------------------------------------------------------ */

static void
on_pin (gpointer user, guint32 id, const gchar *pin)
{
  g_autofree gchar *bytes = g_malloc (PF_GS_PAIR_ANSWER);
  PfGsWriter w = { bytes, PF_GS_PAIR_ANSWER, 0, false };
  PfGsPairing *p = user;
  Ceremony *c = find (p, id);

  if (!c)
    return;
  if (pf_gs_pair_desk_pin (p->desk, id, text_of (pin), now_ns (), &w) == 0) {
    PfGsCall *call = g_steal_pointer (&c->call);

    answer (call, &w);
    return;
  }
  pf_gs_pair_desk_cancel (p->desk, id);
  end (p, c, FALSE, "a PIN has four digits");
}

static void
on_dismiss (gpointer user, guint32 id)
{
  PfGsPairing *p = user;

  pf_gs_pair_desk_cancel (p->desk, id);
  sweep (p, "it was denied");
}

/* ---- Begin and end ------------------------------------------------------ */

PfGsPairing *
pf_gs_pairing_new (const PfGsCert *host, PfTrust *trust, PfDevices *devices)
{
  static const PfGuestFuncs funcs = { on_pin, on_dismiss };
  PfGsPairing *p = g_new0 (PfGsPairing, 1);

  if (pf_gs_pair_desk_new (host, &p->desk) < 0)
    g_error ("no memory");
  p->trust = trust;
  p->devices = devices;
  pf_trust_set_guests (trust, devices, &funcs, p);
  return p;
}

void
pf_gs_pairing_free (PfGsPairing *p)
{
  if (!p)
    return;
  while (p->ceremonies)
    end (p, p->ceremonies->data, FALSE, "the host ends");
  g_clear_handle_id (&p->tick, g_source_remove);
  pf_trust_set_guests (p->trust, NULL, NULL, NULL);
  pf_gs_pair_desk_free (p->desk);
  g_free (p);
}
