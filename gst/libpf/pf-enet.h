/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * ENet 1.3, as much of it as GameStream's control stream needs: both ends of
 * a connection with channels, messages that are reliable, unreliable or
 * unsequenced, and fragments of them. No compression, no checksum, no limits
 * of bandwidth. It does no I/O: datagrams and times go in, events and
 * datagrams come out.
 *
 *   UDP socket   pf_enet_input (enet, &from, bytes, size, now)
 *   then         while (pf_enet_event (enet, now, &event)) ...
 *                while (pf_enet_output (enet, now, &datagram)) ...
 *
 * also after pf_enet_connect(), pf_enet_send() and the like, and when the
 * time of pf_enet_wake() has come. Events that nobody fetches keep memory,
 * and what has no room is dropped until the peer sends it again.
 *
 * Who may connect is said before: pf_enet_expect() makes a peer, with all the
 * memory that it will ever need, and a CONNECT that fits none of them is
 * dropped without an answer. So strangers cost nothing. A peer belongs to
 * the address that connected; what comes from another is dropped.
 *
 * Events of one peer: CONNECTED, its messages, CLOSED; nothing comes after
 * that. A peer lives until pf_enet_forget().
 *
 * Thread-safety: one thread per PfEnet and its peers.
 */
#ifndef PF_ENET_H
#define PF_ENET_H

#include "pf-punch.h"

#define PF_ENET_PEERS_MAX 64
#define PF_ENET_CHANNELS_MAX 255
#define PF_ENET_MTU_MIN 576
#define PF_ENET_MTU_MAX 1400
#define PF_ENET_MESSAGE_MAX 16384

#define PF_ENET_CONNECT_NS (10000 * PF_MS)
#define PF_ENET_TIMEOUT_NS (10000 * PF_MS)
#define PF_ENET_LINGER_NS (2000 * PF_MS)
#define PF_ENET_PING_NS (500 * PF_MS)

typedef struct PfEnet PfEnet;
typedef struct PfEnetPeer PfEnetPeer;

typedef struct {
  unsigned max_peers;    /* 1 .. PF_ENET_PEERS_MAX */
  unsigned max_channels; /* granted at most; 0: 48 */
  unsigned mtu;          /* of UDP payloads; 0: 1200 */
  uint64_t connect_ns;   /* for a handshake; 0: PF_ENET_CONNECT_NS */
  uint64_t timeout_ns;   /* without an answer; 0: PF_ENET_TIMEOUT_NS */
} PfEnetConfig;

/* Whom a peer is kept for: at least one of the two must be checked. */
typedef struct {
  bool check_data;
  uint32_t data; /* CONNECT has this number */
  bool check_ip;
  PfPeerAddress ip; /* it comes from here; any port */
} PfEnetInvite;

typedef enum {
  PF_ENET_RELIABLE = 1, /* arrives, in order within its channel */
  PF_ENET_UNRELIABLE,   /* may be lost; never after a later one */
  PF_ENET_UNSEQUENCED,  /* may be lost, in any order, never twice */
} PfEnetKind;

typedef enum {
  PF_ENET_CONNECTED = 1, /* address, n_channels, data */
  PF_ENET_MESSAGE,       /* channel, bytes, size */
  PF_ENET_CLOSED,        /* reason, data */
} PfEnetEventType;

typedef enum {
  PF_ENET_BY_PEER = 1, /* data is what it said */
  PF_ENET_BY_US,
  PF_ENET_TIMEOUT, /* no answer */
  PF_ENET_REFUSED, /* the host's answer to CONNECT was none */
} PfEnetReason;

typedef struct {
  PfEnetEventType type;
  PfEnetPeer *peer;
  uint32_t data;
  PfPeerAddress address;
  unsigned n_channels;
  PfEnetReason reason;
  unsigned channel;
  const uint8_t *bytes; /* until the next call */
  size_t size;          /* may be 0 */
} PfEnetEvent;

typedef struct {
  PfPeerAddress to;
  const uint8_t *bytes; /* until the next call */
  size_t size;
} PfEnetDatagram;

typedef struct {
  uint64_t datagrams_in, datagrams_out;
  uint64_t messages_in, messages_out;
  uint64_t strangers;  /* CONNECT that nobody waits for */
  uint64_t misplaced;  /* unknown peer, or its address or session is wrong */
  uint64_t malformed;  /* datagrams, dropped from the fault on */
  uint64_t duplicates; /* messages that were there, or come too late */
  uint64_t no_room;    /* messages, and acknowledgements */
  uint64_t resent;
} PfEnetStats;

/* Errors: PF_ERR_INVALID, PF_ERR_RANGE, PF_ERR_NO_MEMORY. */
int pf_enet_new (const PfEnetConfig *config, PfEnet **enet);

/* With all peers. Says nothing to them; they are let go of with
 * pf_enet_drop() before. */
void pf_enet_free (PfEnet *enet);

/* Makes a peer that may connect. Errors: PF_ERR_INVALID, PF_ERR_EXHAUSTED
 * (there are max_peers), PF_ERR_NO_MEMORY. */
int pf_enet_expect (
    PfEnet *enet, const PfEnetInvite *invite, PfEnetPeer **peer);

/* Connects to a host. CONNECT_ID is a random number. Errors: as above. */
int pf_enet_connect (PfEnet *enet, const PfPeerAddress *to, unsigned n_channels,
    uint32_t data, uint32_t connect_id, uint64_t now_ns, PfEnetPeer **peer);

void pf_enet_forget (PfEnetPeer *peer);

/* ---- In and out --------------------------------------------------------- */

void pf_enet_input (PfEnet *enet, const PfPeerAddress *from,
    const uint8_t *bytes, size_t size, uint64_t now_ns);

bool pf_enet_event (PfEnet *enet, uint64_t now_ns, PfEnetEvent *event);
bool pf_enet_output (PfEnet *enet, uint64_t now_ns, PfEnetDatagram *datagram);

/* When event() or output() have something even if nothing comes in;
 * PF_NEVER. */
uint64_t pf_enet_wake (const PfEnet *enet);

/* ---- A peer ------------------------------------------------------------- */

/* Errors: PF_ERR_INVALID (not connected, no such channel or kind),
 * PF_ERR_RANGE (longer than PF_ENET_MESSAGE_MAX, or unsequenced and longer
 * than a datagram), PF_ERR_EXHAUSTED (too much waits). */
int pf_enet_send (PfEnetPeer *peer, unsigned channel, PfEnetKind kind,
    const uint8_t *bytes, size_t size);

/* Says goodbye when all that was sent has arrived, or PF_ENET_LINGER_NS have
 * passed. */
void pf_enet_disconnect (PfEnetPeer *peer, uint32_t data, uint64_t now_ns);

/* Says goodbye once and is closed. */
void pf_enet_drop (PfEnetPeer *peer, uint32_t data);

/* The caller's own. */
void pf_enet_set_user (PfEnetPeer *peer, void *user);
void *pf_enet_user (const PfEnetPeer *peer);

/* 0 before anything was measured. */
uint64_t pf_enet_rtt_ns (const PfEnetPeer *peer);

/* Nothing sent waits for an acknowledgement or for being sent. */
bool pf_enet_is_idle (const PfEnetPeer *peer);

const PfEnetStats *pf_enet_stats (const PfEnet *enet);

#endif /* PF_ENET_H */
