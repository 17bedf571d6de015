/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Where the host sends video: the client's data socket sends "PFpunch1" again
 * and again, which opens the way through address translators and shows the
 * address on this side of them. Anybody can send that; only one from where the
 * QUIC connection comes from counts.
 */
#ifndef PF_PUNCH_H
#define PF_PUNCH_H

#include "pf-session-io.h"

#define PF_PUNCH_SIZE 8
#define PF_PUNCH_WAIT_NS (2500 * PF_MS)  /* then the port of Start will do */
#define PF_PUNCH_QUIET_NS (5000 * PF_MS) /* then another port may take over */

/* The client's schedule. */
#define PF_PUNCH_FAST_N 15
#define PF_PUNCH_FAST_NS (200 * PF_MS)
#define PF_PUNCH_SLOW_NS (2000 * PF_MS)

extern const uint8_t pf_punch_bytes[PF_PUNCH_SIZE];

typedef struct {
  uint8_t ip[16]; /* IPv6, or IPv4 as ::ffff:a.b.c.d */
  uint16_t port;
  uint32_t scope; /* of a link-local address; else 0 */
} PfPeerAddress;

PfPeerAddress pf_peer_address_v4 (const uint8_t ip[4], uint16_t port);
PfPeerAddress pf_peer_address_v6 (
    const uint8_t ip[16], uint16_t port, uint32_t scope);

bool pf_peer_address_is_v4 (const PfPeerAddress *address);
bool pf_peer_address_same_ip (const PfPeerAddress *a, const PfPeerAddress *b);
bool pf_peer_address_equal (const PfPeerAddress *a, const PfPeerAddress *b);

bool pf_punch_is (const uint8_t *bytes, size_t size);

/*
 * The rule: an observed address (NULL: none) counts if its IP is the peer's;
 * without one, after waiting, it is the peer's IP and the port of Start (0:
 * none). False: nowhere yet.
 */
bool pf_punch_destination (const PfPeerAddress *peer,
    const PfPeerAddress *observed, uint16_t start_port, bool waited,
    PfPeerAddress *destination);

/*
 * The host's side through a session. All fields are private but for those
 * that say otherwise.
 * Thread-safety: one thread per PfPunch.
 */
typedef struct {
  PfPeerAddress destination; /* may be read, when there is one */
  bool valid;                /* may be read: there is one */
  bool changed;              /* may be read and set to false */

  PfPeerAddress peer;
  PfPeerAddress seen; /* the last address observed from the peer's IP */
  bool any;           /* is there one? */
  bool started;
  uint16_t start_port;
  uint64_t seen_ns; /* when the destination itself punched last */
  bool observed;    /* it did: the destination is no guess */
  uint64_t due_ns;  /* when waiting is over */
} PfPunch;

void pf_punch_init (PfPunch *punch, const PfPeerAddress *peer);

/* The client said where it listens; punches before this count too. */
void pf_punch_start (PfPunch *punch, uint16_t start_port, uint64_t now_ns);

/* A datagram on the data socket. Later ones from another port of the peer
 * count when the one in use is quiet. */
void pf_punch_seen (PfPunch *punch, const PfPeerAddress *from,
    const uint8_t *bytes, size_t size, uint64_t now_ns);

/* QUIC has validated another address of the peer. */
void pf_punch_peer_moved (
    PfPunch *punch, const PfPeerAddress *peer, uint64_t now_ns);

void pf_punch_tick (PfPunch *punch, uint64_t now_ns);

static inline uint64_t
pf_punch_wake (const PfPunch *punch)
{
  return punch->due_ns;
}

#endif /* PF_PUNCH_H */
