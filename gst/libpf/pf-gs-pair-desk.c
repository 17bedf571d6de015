/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * All pairings of a GameStream host. Those that ended leave their place when
 * another needs it.
 */
#include "pf-gs-pair-desk.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
  PfGsPairHost *pair; /* NULL: free */
  uint32_t id;
  PfPeerAddress peer;
  size_t name_size;
  char name[PF_GS_PAIR_NAME];
} Place;

struct PfGsPairDesk {
  const PfGsCert *host;
  uint32_t next_id;
  Place places[PF_GS_PAIR_DESK_MAX];
  char value[PF_GS_PAIR_TEXT + 1];
};

int
pf_gs_pair_desk_new (const PfGsCert *host, PfGsPairDesk **desk)
{
  PfGsPairDesk *d;

  if (!host || !desk)
    return PF_ERR_INVALID;
  d = calloc (1, sizeof *d);
  if (!d)
    return PF_ERR_NO_MEMORY;
  d->host = host;
  *desk = d;
  return 0;
}

static void
clear (Place *p)
{
  pf_gs_pair_host_free (p->pair);
  p->pair = NULL;
}

void
pf_gs_pair_desk_free (PfGsPairDesk *desk)
{
  if (!desk)
    return;
  for (unsigned i = 0; i < PF_GS_PAIR_DESK_MAX; i++)
    clear (&desk->places[i]);
  free (desk);
}

/* ---- Places ------------------------------------------------------------- */

static void
tick (PfGsPairDesk *d, uint64_t now)
{
  for (unsigned i = 0; i < PF_GS_PAIR_DESK_MAX; i++)
    if (d->places[i].pair)
      pf_gs_pair_host_tick (d->places[i].pair, now);
}

static Place *
find (PfGsPairDesk *d, const PfPeerAddress *peer, PfGsText name)
{
  for (unsigned i = 0; i < PF_GS_PAIR_DESK_MAX; i++) {
    Place *p = &d->places[i];

    if (p->pair && pf_peer_address_same_ip (&p->peer, peer) &&
        p->name_size == name.size &&
        memcmp (p->name, name.data, name.size) == 0)
      return p;
  }
  return NULL;
}

static Place *
find_id (const PfGsPairDesk *d, uint32_t id)
{
  for (unsigned i = 0; i < PF_GS_PAIR_DESK_MAX; i++)
    if (d->places[i].pair && d->places[i].id == id)
      return (Place *) &d->places[i];
  return NULL;
}

static bool
is_over (const Place *p)
{
  const PfGsPairState s =
      p->pair ? pf_gs_pair_host_state (p->pair) : PF_GS_PAIR_FAILED;

  return s == PF_GS_PAIR_FAILED || s == PF_GS_PAIR_DONE;
}

/* A place for a new pairing: the one of the same client, an empty one, or one
 * whose pairing is over. NULL: there are too many. */
static Place *
take_place (PfGsPairDesk *d, const PfGsPairRequest *r)
{
  Place *p = find (d, &r->peer, r->unique_id);

  for (unsigned i = 0; !p && i < PF_GS_PAIR_DESK_MAX; i++)
    if (!d->places[i].pair)
      p = &d->places[i];
  for (unsigned i = 0; !p && i < PF_GS_PAIR_DESK_MAX; i++)
    if (is_over (&d->places[i]))
      p = &d->places[i];
  return p;
}

/* ---- Answers ------------------------------------------------------------ */

static PfGsPairResult
refuse (PfGsWriter *w, unsigned status, const char *message)
{
  pf_gs_xml_begin (w, status, message);
  pf_gs_xml_uint (w, "paired", 0);
  pf_gs_xml_end (w);
  return PF_GS_PAIR_ANSWERED;
}

static PfGsPairResult
agree (PfGsWriter *w, const char *name, const char *value)
{
  pf_gs_xml_begin (w, 200, NULL);
  pf_gs_xml_uint (w, "paired", 1);
  if (name)
    pf_gs_xml_text (w, name, value);
  pf_gs_xml_end (w);
  return PF_GS_PAIR_ANSWERED;
}

/* ---- Phases ------------------------------------------------------------- */

static PfGsPairResult
begin (PfGsPairDesk *d, const PfGsPairRequest *r, uint64_t now, PfGsWriter *w,
    uint32_t *id)
{
  Place *p = take_place (d, r);

  if (!p)
    return refuse (w, 503, "Too many devices are being paired.");
  clear (p);
  if (pf_gs_pair_host_new (d->host, now, r->random, &p->pair) < 0)
    return refuse (w, 503, "The host cannot pair now.");
  *id = p->id = ++d->next_id;
  p->peer = r->peer;
  p->name_size = r->unique_id.size;
  memcpy (p->name, r->unique_id.data, r->unique_id.size);
  if (pf_gs_pair_host_begin (p->pair, r->salt, r->client_cert, now) < 0)
    return refuse (w, 400, "The request cannot be read.");
  return PF_GS_PAIR_PARKED;
}

/* The four that come after the PIN. */
static PfGsPairResult
go_on (PfGsPairDesk *d, Place *p, const PfGsPairRequest *r, uint64_t now,
    PfGsWriter *w, const PfGsCert **client)
{
  const char *name = NULL;
  bool confirm = false;
  int ret;

  if (r->challenge.size > 0) {
    name = "challengeresponse";
    ret = pf_gs_pair_host_challenge (p->pair, r->challenge, now, d->value);
  } else if (r->response.size > 0) {
    name = "pairingsecret";
    ret = pf_gs_pair_host_response (p->pair, r->response, now, d->value);
  } else if (r->secret.size > 0) {
    ret = pf_gs_pair_host_secret (p->pair, r->secret, now);
  } else if (pf_gs_text_equal (r->phrase, "pairchallenge") && r->der) {
    confirm = true;
    ret = pf_gs_pair_host_confirm (p->pair, r->der, r->der_size, now);
  } else {
    pf_gs_pair_desk_cancel (d, p->id);
    return refuse (w, 404, "No such request.");
  }
  if (ret == PF_ERR_AUTH)
    return refuse (w, 200, NULL);
  if (ret < 0)
    return refuse (w, 400, "The request is not due, or cannot be read.");
  agree (w, name, d->value);
  if (!confirm)
    return PF_GS_PAIR_ANSWERED;
  *client = pf_gs_pair_host_client (p->pair);
  return PF_GS_PAIR_STORE;
}

PfGsPairResult
pf_gs_pair_desk_request (PfGsPairDesk *desk, const PfGsPairRequest *request,
    uint64_t now_ns, PfGsWriter *writer, uint32_t *id, const PfGsCert **client)
{
  const PfGsPairRequest *r = request;
  Place *p;

  tick (desk, now_ns);
  *id = 0;
  *client = NULL;
  if (r->unique_id.size == 0 || r->unique_id.size > PF_GS_PAIR_NAME)
    return refuse (writer, 400, "The request names no client.");
  if (pf_gs_text_equal (r->phrase, "getservercert"))
    return begin (desk, r, now_ns, writer, id);
  p = find (desk, &r->peer, r->unique_id);
  if (!p || is_over (p))
    return refuse (writer, 400, "No such pairing goes on.");
  *id = p->id;
  return go_on (desk, p, r, now_ns, writer, client);
}

int
pf_gs_pair_desk_pin (PfGsPairDesk *desk, uint32_t id, PfGsText pin,
    uint64_t now_ns, PfGsWriter *writer)
{
  Place *p;
  int ret;

  tick (desk, now_ns);
  p = find_id (desk, id);
  if (!p || pf_gs_pair_host_state (p->pair) != PF_GS_PAIR_AWAIT_PIN)
    return PF_ERR_INVALID;
  ret = pf_gs_pair_host_pin (p->pair, pin.data, pin.size, now_ns, desk->value);
  if (ret < 0)
    refuse (writer, 400, "The PIN was refused.");
  else
    agree (writer, "plaincert", desk->value);
  return ret;
}

/* ---- Reading ------------------------------------------------------------ */

unsigned
pf_gs_pair_desk_waiting (
    PfGsPairDesk *desk, uint64_t now_ns, uint32_t ids[PF_GS_PAIR_DESK_MAX])
{
  unsigned n = 0;

  tick (desk, now_ns);
  for (unsigned i = 0; i < PF_GS_PAIR_DESK_MAX; i++)
    if (desk->places[i].pair &&
        pf_gs_pair_host_state (desk->places[i].pair) == PF_GS_PAIR_AWAIT_PIN)
      ids[n++] = desk->places[i].id;
  return n;
}

PfGsPairState
pf_gs_pair_desk_state (const PfGsPairDesk *desk, uint32_t id)
{
  const Place *p = find_id (desk, id);

  return p ? pf_gs_pair_host_state (p->pair) : PF_GS_PAIR_FAILED;
}

void
pf_gs_pair_desk_cancel (PfGsPairDesk *desk, uint32_t id)
{
  Place *p = find_id (desk, id);

  if (p)
    clear (p);
}

void
pf_gs_pair_desk_unpair (
    PfGsPairDesk *desk, const PfPeerAddress *peer, PfGsText unique_id)
{
  Place *p = find (desk, peer, unique_id);

  if (p)
    clear (p);
}

bool
pf_gs_pair_desk_may_confirm (
    PfGsPairDesk *desk, const uint8_t *der, size_t size, uint64_t now_ns)
{
  tick (desk, now_ns);
  for (unsigned i = 0; i < PF_GS_PAIR_DESK_MAX; i++) {
    const Place *p = &desk->places[i];

    if (p->pair && pf_gs_pair_host_state (p->pair) == PF_GS_PAIR_PROVEN &&
        pf_gs_cert_is (pf_gs_pair_host_client (p->pair), der, size))
      return true;
  }
  return false;
}
