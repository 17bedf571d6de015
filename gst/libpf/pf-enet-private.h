/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What the parts of pf-enet share: pf-enet.c is the endpoint with its peers,
 * pf-enet-peer.c one connection, pf-enet-channel.c the order in which messages
 * are handed out, pf-enet-store.c the memory they wait in.
 */
#ifndef PF_ENET_PRIVATE_H
#define PF_ENET_PRIVATE_H

#include "pf-enet-wire.h"
#include "pf-enet.h"

enum {
  PF_ENET_BLOCK = 128,
  PF_ENET_BLOCKS = 1024,
  PF_ENET_ITEMS = 512,
  /* of both, what only messages may have that are next in their channel */
  PF_ENET_RESERVE = 4, /* one of so many */

  PF_ENET_WINDOW = 65536, /* bytes under way, not acknowledged */
  PF_ENET_WINDOW_MIN = 4096,
  PF_ENET_AHEAD = 4096 * 7, /* how far reliable numbers may run ahead */
  PF_ENET_GROUPS = 1024,    /* unsequenced ones that are remembered */
  PF_ENET_FRAGMENTS = 128,  /* of a message */
  PF_ENET_ACKS = 512,       /* that wait to be sent */
  PF_ENET_CHANNELS_USUAL = 48,
  PF_ENET_MTU_USUAL = 1200,
};

#define PF_ENET_RTT_FIRST (200 * PF_MS) /* until one was measured */
#define PF_ENET_RTO_MIN (20 * PF_MS)
#define PF_ENET_RTO_MAX (1000 * PF_MS)
#define PF_ENET_BACKOFF_MAX (250 * PF_MS)

/* ---- Memory ------------------------------------------------------------- */

typedef struct PfEnetBlock PfEnetBlock;
typedef struct PfEnetItem PfEnetItem;

struct PfEnetBlock {
  PfEnetBlock *next;
  uint8_t bytes[PF_ENET_BLOCK];
};

/* A command that waits, and the bytes of its message. */
struct PfEnetItem {
  PfEnetItem *next, *previous;
  PfEnetCommand command; /* its message.bytes are not valid, blocks are */
  PfEnetBlock *blocks;
  unsigned n_blocks;
  /* of one that was sent */
  uint64_t first_ns, sent_ns, rto_ns;
};

typedef struct {
  PfEnetItem *first, *last;
} PfEnetList;

typedef struct {
  PfEnetItem *free_items;
  PfEnetBlock *free_blocks;
  unsigned n_items, n_blocks;         /* free ones */
  unsigned fresh_items, fresh_blocks; /* from here on never used */
  PfEnetItem items[PF_ENET_ITEMS];
  PfEnetBlock blocks[PF_ENET_BLOCKS];
} PfEnetStore;

void pf_enet_store_init (PfEnetStore *store);
/* A copy of the command and its bytes, in no list; NULL without room. URGENT
 * ones may use the reserve. */
PfEnetItem *pf_enet_store_take (
    PfEnetStore *store, const PfEnetCommand *command, bool urgent);
void pf_enet_store_give (PfEnetStore *store, PfEnetItem *item);
/* Copies the message; OUT has room for it. */
void pf_enet_item_read (const PfEnetItem *item, uint8_t *out);

/* Before BEFORE; NULL: at the end. */
void pf_enet_list_insert (
    PfEnetList *list, PfEnetItem *before, PfEnetItem *item);
void pf_enet_list_remove (PfEnetList *list, PfEnetItem *item);

/* ---- Channels ----------------------------------------------------------- */

typedef struct {
  uint16_t out_reliable, out_unreliable; /* last numbers given */
  uint16_t in_reliable, in_unreliable;   /* last ones handed out */
  PfEnetList waiting;                    /* for earlier ones, in order */
} PfEnetChannel;

typedef enum {
  PF_ENET_TAKEN,
  PF_ENET_OLD,     /* had before: acknowledge it again */
  PF_ENET_NO_ROOM, /* or too far ahead: the peer is to send it again */
} PfEnetFate;

/* Puts a message where it belongs, and all that may be handed out now at the
 * end of READY. */
PfEnetFate pf_enet_channel_take (PfEnetChannel *channel, PfEnetStore *store,
    const PfEnetCommand *command, PfEnetList *ready);

/* How many items the first message of READY consists of. */
unsigned pf_enet_message_items (const PfEnetItem *first);

/* ---- Peers -------------------------------------------------------------- */

typedef enum {
  PF_ENET_EXPECTED,   /* by a host */
  PF_ENET_VERIFYING,  /* a host has answered CONNECT */
  PF_ENET_CONNECTING, /* a client has sent CONNECT */
  PF_ENET_RUNNING,
  PF_ENET_CLOSING, /* once all has arrived */
  PF_ENET_ENDED,
} PfEnetState;

typedef struct {
  uint8_t channel;
  uint16_t seq, time_ms;
} PfEnetAck;

struct PfEnetPeer {
  PfEnet *enet;
  unsigned index; /* the number by which the other side calls it */
  void *user;
  PfEnetState state;
  PfEnetInvite invite;
  PfPeerAddress address;
  uint16_t remote_id;
  uint8_t in_session, out_session; /* of datagrams that come, that go */
  uint32_t connect_id, data;
  uint32_t throttle[3];
  unsigned mtu, window, n_channels;
  uint64_t limit_ns; /* when this state is over */

  uint64_t rtt_ns, rtt_var_ns;
  bool measured;
  uint64_t heard_ns; /* when something came last */

  uint16_t control_seq; /* of commands outside of channels */
  uint16_t group_out;
  uint16_t group_in; /* the highest */
  uint8_t groups[PF_ENET_GROUPS / 8];

  PfEnetList queue; /* to be sent */
  PfEnetList sent;  /* not acknowledged; in the order of sending */
  PfEnetList ready; /* to be handed out */
  size_t in_transit;
  PfEnetAck acks[PF_ENET_ACKS];
  unsigned n_acks;

  bool tell_connected, tell_closed, goodbye, leave_taken;
  PfEnetReason reason;
  uint32_t close_data, goodbye_data;

  PfEnetStore in, out;
  PfEnetChannel channels[];
};

struct PfEnet {
  PfEnetConfig config;
  PfEnetStats stats;
  PfEnetPeer *peers[PF_ENET_PEERS_MAX];
  /* last sessions of each number, so that late datagrams are told apart */
  uint8_t in_sessions[PF_ENET_PEERS_MAX], out_sessions[PF_ENET_PEERS_MAX];
  unsigned turn; /* whose turn it is to send */
  uint8_t message[PF_ENET_MESSAGE_MAX];
  uint8_t datagram[PF_ENET_MTU_MAX];
};

int pf_enet_peer_new (PfEnet *enet, PfEnetPeer **peer);
/* Forgets a handshake that led nowhere. */
void pf_enet_peer_reset (PfEnetPeer *peer);

/* CONNECT of somebody who is expected. */
void pf_enet_peer_answer (PfEnetPeer *peer, const PfPeerAddress *from,
    const PfEnetConnect *connect, uint64_t now);
/* Commands of a datagram of its own. False: from a malformed one on they were
 * not looked at. */
bool pf_enet_peer_input (PfEnetPeer *peer, const PfEnetHeader *header,
    const uint8_t *bytes, size_t size, uint64_t now);

void pf_enet_peer_tick (PfEnetPeer *peer, uint64_t now);
uint64_t pf_enet_peer_wake (const PfEnetPeer *peer);
/* Size of the next datagram; 0: there is none. */
size_t pf_enet_peer_output (PfEnetPeer *peer, uint8_t *out, uint64_t now);

/* Puts a command for no channel into the queue. */
void pf_enet_peer_queue_control (PfEnetPeer *peer, PfEnetCommand *command);
void pf_enet_peer_end (PfEnetPeer *peer, PfEnetReason reason, uint32_t data);

#endif /* PF_ENET_PRIVATE_H */
