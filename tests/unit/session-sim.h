/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A host's and a client's session machine with a network between them, in
 * virtual time: the control stream arrives whole and in order but in pieces of
 * any size, punches and datagrams may be lost; all take their time.
 */
#ifndef SESSION_SIM_H
#define SESSION_SIM_H

#include "pf-client-session.h"
#include "pf-host-session.h"

enum { SIM_EVENTS_MAX = 4096, SIM_PORT = 50001, SIM_UDP_PORT = 48010 };

typedef struct SimFlight SimFlight;

typedef struct Sim Sim;

struct Sim {
  /* to be set before sim_start() */
  PfHostConfig host_config;
  PfClientConfig client_config;
  uint64_t delay_ns;      /* one way */
  uint64_t back_delay_ns; /* of the way back; 0: the same */
  unsigned loss_percent;  /* of punches and datagrams */
  size_t piece_max;       /* of the stream; 0: whole messages */
  int64_t skew_ns;        /* host's clock minus the client's */
  bool no_punches;        /* the way for them is blocked */
  bool hold_offer;        /* the host does not answer offers by itself */
  bool hold_modes;        /* nor wishes for modes */
  bool deaf;              /* nothing reaches the client */

  PfHostSession *host;
  PfClientSession *client;
  uint64_t now;

  /* what happened */
  PfHostEvent host_events[SIM_EVENTS_MAX];
  PfClientEvent client_events[SIM_EVENTS_MAX];
  uint64_t host_times[SIM_EVENTS_MAX], client_times[SIM_EVENTS_MAX];
  size_t n_host_events, n_client_events;
  PfMsgHello hello; /* of OFFER */
  PfMsgStart start; /* of STARTED */
  PfMsgWelcome welcome;
  PfMsgKeys keys, sent_keys;

  PfPeerAddress client_address; /* where its punches come from */
  SimFlight *flying;
};

PfInstant sim_host_now (const Sim *sim);
PfInstant sim_client_now (const Sim *sim);

/* A usual host and client. */
void sim_init (Sim *sim);
void sim_start (Sim *sim);
void sim_clear (Sim *sim);

/* Lets time pass; what either side has to say is said. */
void sim_run (Sim *sim, uint64_t ns);

/* Answers the offer as hosts do. */
void sim_accept (Sim *sim);

/* A datagram of the client's. */
void sim_datagram (Sim *sim, const PfMsgDatagram *datagram);

/* How many there were of a type, and the last one with its time. */
size_t sim_host_count (const Sim *sim, PfHostEventType type);
size_t sim_client_count (const Sim *sim, PfClientEventType type);
const PfHostEvent *sim_host_last (
    const Sim *sim, PfHostEventType type, uint64_t *when);
const PfClientEvent *sim_client_last (
    const Sim *sim, PfClientEventType type, uint64_t *when);

#endif /* SESSION_SIM_H */
