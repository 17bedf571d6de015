/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The sockets of pf-forward: clients send to a listening socket, each client
 * (address and port) gets a socket of its own toward the target.
 *
 * Thread-safety: one thread.
 */
#ifndef FORWARD_NET_H
#define FORWARD_NET_H

#include <sys/socket.h>

#include "forward-channel.h"

#define FORWARD_MAX_MAPS 128
#define FORWARD_MAX_FLOWS 1024

typedef struct {
  struct sockaddr_storage at;
  socklen_t size;
} ForwardAddress;

typedef struct ForwardNet ForwardNet;

typedef enum { FORWARD_UP, FORWARD_DOWN } ForwardDirection;

typedef struct {
  uint64_t flows, refused; /* the latter: packets of one client too many */
  uint64_t overflows;      /* packets that the kernel had no room for */
  uint64_t send_errors, receive_errors;
  uint64_t rebinds;
} ForwardNetCounters;

/* Numeric "1.2.3.4:5" or "[::1]:5"; with ports, "A-B" is a range. -1 if it is
 * not. */
int forward_address_parse (
    ForwardAddress *address, unsigned *ports, const char *text);
void forward_address_set_port (ForwardAddress *address, unsigned port);
unsigned forward_address_port (const ForwardAddress *address);
void forward_address_format (
    const ForwardAddress *address, char *text, size_t size);

/* NULL and errno on failure. */
ForwardNet *forward_net_new (uint64_t seed);
void forward_net_free (ForwardNet *net);

/* What sockets toward targets are bound to; a family each. */
void forward_net_set_from (ForwardNet *net, const ForwardAddress *from);

/* 0, or -1 and errno. *LISTEN gets the port that is used. */
int forward_net_add_map (
    ForwardNet *net, ForwardAddress *listen, const ForwardAddress *target);

void forward_net_set_spec (
    ForwardNet *net, ForwardDirection direction, const ForwardSpec *spec);

/* New ports toward the targets, as a NAT does it. */
void forward_net_rebind (ForwardNet *net);

/* To be readable when there is work; for poll(). */
int forward_net_fd (const ForwardNet *net);

/* Does what there is to do. 0, or -1 and errno. */
int forward_net_work (ForwardNet *net);

const ForwardCounters *forward_net_counters (
    const ForwardNet *net, ForwardDirection direction);
const ForwardNetCounters *forward_net_own_counters (const ForwardNet *net);

uint64_t forward_now (void); /* monotonic, ns */

#endif /* FORWARD_NET_H */
