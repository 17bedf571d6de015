/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Addresses as libpf has them, and as sockets do. Those of libpf know IPv4 only
 * as such: never as IPv6.
 *
 * Thread-safety: none of it has state.
 */
#ifndef PF_PEER_H
#define PF_PEER_H

#include <sys/socket.h>

#include "pf-punch.h"

void pf_peer_from_socket (
    const struct sockaddr_storage *from, PfPeerAddress *to);
void pf_peer_to_socket (
    const PfPeerAddress *from, struct sockaddr_storage *to, socklen_t *size);

#endif /* PF_PEER_H */
