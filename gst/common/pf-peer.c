/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Addresses of libpf and of sockets; see pf-peer.h. */
#include "pf-peer.h"

#include <netinet/in.h>
#include <string.h>

void
pf_peer_from_socket (const struct sockaddr_storage *from, PfPeerAddress *to)
{
  if (from->ss_family == AF_INET6) {
    struct sockaddr_in6 a;

    memcpy (&a, from, sizeof a);
    *to = pf_peer_address_v6 (
        a.sin6_addr.s6_addr, ntohs (a.sin6_port), a.sin6_scope_id);
  } else {
    struct sockaddr_in a;

    memcpy (&a, from, sizeof a);
    *to =
        pf_peer_address_v4 ((const uint8_t *) &a.sin_addr, ntohs (a.sin_port));
  }
}

void
pf_peer_to_socket (
    const PfPeerAddress *from, struct sockaddr_storage *to, socklen_t *size)
{
  memset (to, 0, sizeof *to);
  if (pf_peer_address_is_v4 (from)) {
    struct sockaddr_in a = { 0 };

    a.sin_family = AF_INET;
    a.sin_port = htons (from->port);
    memcpy (&a.sin_addr, from->ip + 12, 4);
    memcpy (to, &a, sizeof a);
    *size = sizeof a;
  } else {
    struct sockaddr_in6 a = { 0 };

    a.sin6_family = AF_INET6;
    a.sin6_port = htons (from->port);
    a.sin6_scope_id = from->scope;
    memcpy (&a.sin6_addr, from->ip, 16);
    memcpy (to, &a, sizeof a);
    *size = sizeof a;
  }
}
