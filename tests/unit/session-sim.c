/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Two session machines and a network in virtual time.
 */
#include "session-sim.h"

#include <stdlib.h>
#include <string.h>

#include "pf-test.h"

#define EPOCH UINT64_C (1700000000000000000)

typedef enum { TO_HOST, TO_CLIENT, PUNCH, DATAGRAM } Way;

/* Something on its way, in the order of arrival. */
struct SimFlight {
  SimFlight *next;
  uint64_t when;
  Way way;
  PfPeerAddress from;
  size_t size;
  uint8_t bytes[];
};

PfInstant
sim_host_now (const Sim *sim)
{
  return (
      PfInstant){ 77 + sim->now, EPOCH + sim->now + (uint64_t) sim->skew_ns };
}

PfInstant
sim_client_now (const Sim *sim)
{
  return (PfInstant){ sim->now, EPOCH + sim->now };
}

void
sim_init (Sim *sim)
{
  static const uint8_t ip[4] = { 192, 0, 2, 7 };

  memset (sim, 0, sizeof *sim);
  sim->now = 1000 * PF_MS;
  sim->delay_ns = 5 * PF_MS;
  sim->client_address = pf_peer_address_v4 (ip, SIM_PORT);
  sim->host_config.peer = pf_peer_address_v4 (ip, 41414);
  sim->host_config.limits.codecs = PF_CODEC_H264 | PF_CODEC_HEVC;
  pf_msg_hello_init (&sim->client_config.hello);
  sim->client_config.hello.mode = (PfMsgMode){ 1280, 720, 60 };
  sim->client_config.hello.video_codecs = PF_CODEC_H264 | PF_CODEC_HEVC;
  sim->client_config.hello.video_caps = PF_VIDEO_PROBE_INDEX;
}

void
sim_start (Sim *sim)
{
  PF_REQUIRE_INT (
      pf_host_session_new (&sim->host_config, sim_host_now (sim), &sim->host),
      ==, 0);
  pf_host_session_set_invalidates (sim->host, true);
  PF_REQUIRE_INT (pf_client_session_new (
                      &sim->client_config, sim_client_now (sim), &sim->client),
      ==, 0);
}

void
sim_clear (Sim *sim)
{
  while (sim->flying) {
    SimFlight *f = sim->flying;

    sim->flying = f->next;
    free (f);
  }
  pf_host_session_free (sim->host);
  pf_client_session_free (sim->client);
  sim->host = NULL;
  sim->client = NULL;
}

/* ---- The network -------------------------------------------------------- */

static void
fly (Sim *sim, Way way, const uint8_t *bytes, size_t size)
{
  const bool back = way == TO_CLIENT && sim->back_delay_ns;
  SimFlight *f = malloc (sizeof *f + size), **at = &sim->flying;

  PF_REQUIRE (f != NULL);
  *f =
      (SimFlight){ NULL, sim->now + (back ? sim->back_delay_ns : sim->delay_ns),
        way, sim->client_address, size };
  memcpy (f->bytes, bytes, size);
  while (*at && (*at)->when <= f->when)
    at = &(*at)->next;
  f->next = *at;
  *at = f;
}

static bool
is_lost (const Sim *sim)
{
  return pf_test_random_below (100) < sim->loss_percent;
}

static void
send_stream (Sim *sim, Way way, const PfMsgSpan *bytes)
{
  size_t at = 0;

  if (way == TO_CLIENT && sim->deaf)
    return;
  while (at < bytes->size) {
    size_t n = bytes->size - at;

    if (sim->piece_max > 0 && n > 1)
      n = 1 + (size_t) pf_test_random_below (
                  n < sim->piece_max ? n : sim->piece_max);
    fly (sim, way, bytes->data + at, n);
    at += n;
  }
}

void
sim_datagram (Sim *sim, const PfMsgDatagram *datagram)
{
  uint8_t bytes[1500];
  size_t size;

  PF_REQUIRE_INT (
      pf_msg_datagram_encode (datagram, bytes, sizeof bytes, &size), ==, 0);
  if (!is_lost (sim))
    fly (sim, DATAGRAM, bytes, size);
}

/* ---- The two sides ------------------------------------------------------ */

void
sim_accept (Sim *sim)
{
  PfMsgWelcome w;

  PF_REQUIRE_INT (
      pf_choose_welcome (&sim->host_config.limits, &sim->hello, true, &w), ==,
      0);
  w.udp_port = SIM_UDP_PORT;
  pf_test_random_bytes (&sim->sent_keys, sizeof sim->sent_keys);
  PF_REQUIRE_INT (pf_host_session_accept (
                      sim->host, &w, &sim->sent_keys, sim_host_now (sim)),
      ==, 0);
}

static bool
run_host (Sim *sim)
{
  bool any = false;
  PfHostEvent e;
  PfOutput out;

  while (pf_host_session_event (sim->host, sim_host_now (sim), &e)) {
    PF_REQUIRE (sim->n_host_events < SIM_EVENTS_MAX);
    sim->host_times[sim->n_host_events] = sim->now;
    sim->host_events[sim->n_host_events++] = e;
    any = true;
    if (e.type == PF_HOST_OFFER)
      sim->hello = *e.hello;
    if (e.type == PF_HOST_STARTED)
      sim->start = *e.start;
    if (e.type == PF_HOST_OFFER && !sim->hold_offer)
      sim_accept (sim);
    if (e.type == PF_HOST_RECONFIGURE && !sim->hold_modes)
      pf_host_session_reconfigured (sim->host, true, sim_host_now (sim));
  }
  while (pf_host_session_output (sim->host, sim_host_now (sim), &out)) {
    any = true;
    PF_REQUIRE (out.kind == PF_OUTPUT_STREAM);
    send_stream (sim, TO_CLIENT, &out.bytes);
  }
  return any;
}

static bool
run_client (Sim *sim)
{
  bool any = false;
  PfClientEvent e;
  PfOutput out;

  while (pf_client_session_event (sim->client, sim_client_now (sim), &e)) {
    PF_REQUIRE (sim->n_client_events < SIM_EVENTS_MAX);
    sim->client_times[sim->n_client_events] = sim->now;
    sim->client_events[sim->n_client_events++] = e;
    any = true;
    if (e.type != PF_CLIENT_WELCOME)
      continue;
    sim->welcome = *e.welcome;
    sim->keys = *e.keys;
    PF_CHECK_INT (pf_client_session_start (sim->client,
                      sim->client_address.port, sim_client_now (sim)),
        ==, 0);
  }
  while (pf_client_session_output (sim->client, sim_client_now (sim), &out)) {
    any = true;
    if (out.kind == PF_OUTPUT_STREAM)
      send_stream (sim, TO_HOST, &out.bytes);
    else if (!sim->no_punches && !is_lost (sim))
      fly (sim, PUNCH, out.bytes.data, out.bytes.size);
  }
  return any;
}

/* Bytes in an allocation of exactly their size; all must be taken, with what
 * they caused fetched in between. */
static void
deliver_stream (Sim *sim, const SimFlight *f)
{
  size_t at = 0;

  while (at < f->size) {
    uint8_t *copy = malloc (f->size - at);
    size_t used;

    PF_REQUIRE (copy != NULL);
    memcpy (copy, f->bytes + at, f->size - at);
    used = f->way == TO_HOST ? pf_host_session_stream (sim->host, copy,
                                   f->size - at, sim_host_now (sim))
                             : pf_client_session_stream (sim->client, copy,
                                   f->size - at, sim_client_now (sim));
    free (copy);
    at += used;
    if (at < f->size)
      PF_REQUIRE (run_host (sim) || run_client (sim));
  }
}

static void
deliver (Sim *sim)
{
  SimFlight *f = sim->flying;

  sim->flying = f->next;
  switch (f->way) {
  case PUNCH:
    pf_host_session_punch (
        sim->host, &f->from, f->bytes, f->size, sim_host_now (sim));
    break;
  case DATAGRAM:
    pf_host_session_datagram (sim->host, f->bytes, f->size, sim_host_now (sim));
    break;
  default:
    deliver_stream (sim, f);
    break;
  }
  free (f);
}

void
sim_run (Sim *sim, uint64_t ns)
{
  const uint64_t end = sim->now + ns;
  unsigned idle = 0;

  while (run_host (sim) || run_client (sim))
    ;
  for (;;) {
    const uint64_t host = pf_host_session_wake (sim->host);
    uint64_t next = pf_earlier (pf_client_session_wake (sim->client), end);

    if (host != PF_NEVER)
      next = pf_earlier (next, host - 77);
    if (sim->flying)
      next = pf_earlier (next, sim->flying->when);
    /* a time to wake at that never passes would go on for ever */
    idle = next > sim->now ? 0 : idle + 1;
    PF_REQUIRE (idle < 10000);
    if (next > sim->now)
      sim->now = next;
    while (sim->flying && sim->flying->when <= sim->now) {
      deliver (sim);
      run_host (sim);
      run_client (sim);
    }
    while (run_host (sim) || run_client (sim))
      ;
    if (sim->now >= end && (!sim->flying || sim->flying->when > sim->now))
      return;
  }
}

/* ---- Looking back ------------------------------------------------------- */

size_t
sim_host_count (const Sim *sim, PfHostEventType type)
{
  size_t n = 0;

  for (size_t i = 0; i < sim->n_host_events; i++)
    n += sim->host_events[i].type == type;
  return n;
}

size_t
sim_client_count (const Sim *sim, PfClientEventType type)
{
  size_t n = 0;

  for (size_t i = 0; i < sim->n_client_events; i++)
    n += sim->client_events[i].type == type;
  return n;
}

const PfHostEvent *
sim_host_last (const Sim *sim, PfHostEventType type, uint64_t *when)
{
  for (size_t i = sim->n_host_events; i-- > 0;)
    if (sim->host_events[i].type == type) {
      if (when)
        *when = sim->host_times[i];
      return &sim->host_events[i];
    }
  return NULL;
}

const PfClientEvent *
sim_client_last (const Sim *sim, PfClientEventType type, uint64_t *when)
{
  for (size_t i = sim->n_client_events; i-- > 0;)
    if (sim->client_events[i].type == type) {
      if (when)
        *when = sim->client_times[i];
      return &sim->client_events[i];
    }
  return NULL;
}
