/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * ENet's datagrams: a header, then commands back to back.
 */
#ifndef PF_ENET_WIRE_H
#define PF_ENET_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pf-error.h"

enum {
  PF_ENET_NO_PEER = 0xfff,
  PF_ENET_NO_SESSION = 0xff,
  PF_ENET_CHANNEL_NONE = 0xff, /* of what concerns the connection */

  PF_ENET_HEADER_MAX = 4,
  PF_ENET_COMMAND_MAX = 48, /* without the bytes of a message */

  PF_ENET_ACKNOWLEDGE_FLAG = 0x80,
  PF_ENET_UNSEQUENCED_FLAG = 0x40,
};

typedef enum {
  PF_ENET_CMD_ACK = 1,
  PF_ENET_CMD_CONNECT,
  PF_ENET_CMD_VERIFY_CONNECT,
  PF_ENET_CMD_DISCONNECT,
  PF_ENET_CMD_PING,
  PF_ENET_CMD_RELIABLE,
  PF_ENET_CMD_UNRELIABLE,
  PF_ENET_CMD_FRAGMENT,
  PF_ENET_CMD_UNSEQUENCED,
  PF_ENET_CMD_BANDWIDTH,
  PF_ENET_CMD_THROTTLE,
  PF_ENET_CMD_UNRELIABLE_FRAGMENT,
  PF_ENET_N_CMDS,
} PfEnetCmd;

typedef struct {
  uint16_t peer_id;
  uint8_t session;
  bool has_time;
  uint16_t time_ms;
} PfEnetHeader;

/* CONNECT and the answer to it, which has no data. */
typedef struct {
  uint16_t peer_id;
  uint8_t incoming_session, outgoing_session;
  uint32_t mtu, window, n_channels;
  uint32_t in_bandwidth, out_bandwidth;
  uint32_t throttle[3]; /* interval, acceleration, deceleration */
  uint32_t connect_id, data;
} PfEnetConnect;

typedef struct {
  uint8_t cmd;   /* PfEnetCmd */
  uint8_t flags; /* PF_ENET_*_FLAG */
  uint8_t channel;
  uint16_t seq; /* reliable sequence number */
  union {
    struct {
      uint16_t seq, time_ms;
    } ack;
    PfEnetConnect connect;
    uint32_t data; /* DISCONNECT */
    struct {
      uint16_t seq;   /* UNRELIABLE; UNSEQUENCED: group */
      uint16_t start; /* fragments, as all below */
      uint32_t count, number, total, offset;
      const uint8_t *bytes;
      uint16_t size;
    } message;
  };
} PfEnetCommand;

/* How many bytes the header has; PF_ERR_INVALID for what cannot be read. */
int pf_enet_header_decode (
    const uint8_t *bytes, size_t size, PfEnetHeader *header);
/* How many were written, at most PF_ENET_HEADER_MAX. */
size_t pf_enet_header_encode (const PfEnetHeader *header, uint8_t *bytes);

/* How many bytes the command has; PF_ERR_INVALID. */
int pf_enet_command_decode (
    const uint8_t *bytes, size_t size, PfEnetCommand *command);
/* Without the bytes of a message. At most PF_ENET_COMMAND_MAX are written. */
size_t pf_enet_command_encode (const PfEnetCommand *command, uint8_t *bytes);
/* How many that would be. */
size_t pf_enet_command_size (unsigned cmd);

#endif /* PF_ENET_WIRE_H */
