/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * PfWire: what sets one packet format apart from another, as one table of
 * numbers and functions. Packetiser, sealer and reassembler know only this.
 *
 * A datagram is a row:
 *
 *   prefix | header | payload | suffix
 *
 * Prefix and suffix exist only when sealed; header and payload are then
 * ciphertext. Header and payload of a shard may lie in different memories
 * until the row is sealed. What is cut into payloads is the preamble of the
 * frame (0 or a few bytes), then the access unit, then zeros.
 *
 * Sending a frame:
 *   1. plan(): how many blocks, shards, parity; reserves frame and packet
 *      numbers. The first plan->preamble_size bytes of the payload are in it.
 *   2. per block, pf_wire_block(): copy the payload (pf_wire_payload()) and
 *      write headers() of the data shards: final, ready to seal and send.
 *   3. parity over rows of parity_header columns of header (parity_headers()
 *      writes them to scratch: the ones in step 2 may be sealed by now) and
 *      all columns of payload (pf_wire_shard_bytes(): from the access unit);
 *      encoding writes the same columns of the parity rows.
 *   4. headers() of the parity shards: fixes what encoding left there.
 *
 * Receiving: open() finds what to unseal, parse() checks and reads a header,
 * unwrap() finds the access unit in the payload of a whole frame.
 *
 * Thread-safety: the table and plans are constant; one thread per PfWireSender.
 */
#ifndef PF_WIRE_H
#define PF_WIRE_H

#include "pf-nonce.h"
#include "pf.h"

#include <stdbool.h>

#define PF_WIRE_TAG_SIZE 16
#define PF_WIRE_PREAMBLE_MAX 16
#define PF_WIRE_UNKNOWN UINT32_MAX

typedef struct PfWire PfWire;

/* What a frame is, in no format's own numbers. */
typedef enum {
  PF_WIRE_KEY = 1 << 0,       /* decoding can begin here */
  PF_WIRE_FILLER = 1 << 1,    /* of a speed test: no video */
  PF_WIRE_RECOVERED = 1 << 2, /* a wave of intra refresh ends here */
  PF_WIRE_ANCHOR = 1 << 3,    /* first after an invalidation, refers past it */
  PF_WIRE_CHUNKED = 1 << 4,   /* shards can be decoded one by one */
  PF_WIRE_REPEAT = 1 << 5,    /* the picture before, once more */
  PF_WIRE_CLOSE = 1 << 6,     /* ends a recovery */
} PfWireFlags;

/* Which shards of a frame with several blocks leave first. */
typedef enum {
  PF_WIRE_ORDER_DEFAULT, /* what the format prefers */
  PF_WIRE_ORDER_DATA,    /* data of all blocks, then all parity */
  PF_WIRE_ORDER_BLOCK,   /* block by block, data then parity */
} PfWireOrder;

/* What both ends agreed on. Zero means the format's own default, where it
 * has one. */
typedef struct {
  uint32_t shard_payload; /* payload bytes of every packet; must be set */
  uint32_t scheme;        /* PfFecScheme */
  uint32_t max_block;     /* data shards in a block */
  uint32_t percent;       /* parity at start, of data; bounds later ones */
  uint32_t order;         /* PfWireOrder */
  uint32_t max_frame;     /* bytes of an access unit a receiver accepts */
  bool filler_shared;     /* filler counts its frames together with video */
} PfWireConfig;

/* ---- Sending ------------------------------------------------------------ */

/* An access unit on its way out. */
typedef struct {
  size_t size;         /* bytes of the access unit; may be 0 */
  uint64_t pts_ns;     /* capture time, ns since 1970 */
  uint32_t rtp_time;   /* 90 kHz, monotonic; where the format has it */
  uint32_t latency_us; /* capture to now; 0 is unknown */
  uint32_t flags;      /* PfWireFlags */
  uint32_t percent;    /* parity for this frame */
  uint32_t min_parity; /* at least so many per block, if percent is not 0 */
} PfWireFrame;

/* How a frame is cut. All blocks but the last are alike. */
typedef struct {
  const PfWire *wire;
  PfWireFrame frame;
  uint32_t number;        /* of the frame */
  uint32_t first_packet;  /* number of the first packet sent */
  uint32_t shard_payload; /* S */
  uint32_t scheme;        /* PfFecScheme */
  uint32_t order;         /* PF_WIRE_ORDER_DATA or _BLOCK */
  uint32_t n_blocks;      /* at least 1 */
  uint32_t n_data;        /* of all blocks */
  uint32_t n_parity;      /* of all blocks */
  uint32_t block_data, block_parity, block_percent; /* all but the last */
  uint32_t last_data, last_parity, last_percent;
  uint32_t preamble_size;
  uint8_t preamble[PF_WIRE_PREAMBLE_MAX];
} PfWirePlan;

typedef struct {
  uint32_t index;
  uint32_t data, parity; /* shards; parity may be 0 */
  uint32_t percent;      /* as announced; a number of the format */
  uint32_t first_data;   /* data shards of the frame before this block */
  uint32_t first_parity; /* parity shards of the frame before this block */
} PfWireBlock;

/* Numbers of one stream on its way out. They may be set before the first
 * frame; afterwards only plan() moves them. */
typedef struct {
  const PfWire *wire;
  PfWireConfig config; /* defaults filled in */
  uint32_t frame;      /* number of the next frame */
  uint32_t filler;     /* number of the next filler frame */
  uint32_t packet;     /* number of the next packet */
} PfWireSender;

/* ---- Receiving ---------------------------------------------------------- */

/* Where things lie in a sealed datagram. */
typedef struct {
  uint64_t number; /* for the replay window; names the key, see key_shift */
  uint8_t nonce[PF_NONCE_SIZE];
  size_t aad, aad_size; /* offset and size */
  size_t body, body_size;
  size_t tag; /* offset; PF_WIRE_TAG_SIZE bytes */
} PfWireSealed;

/* A plain packet that passed all checks. */
typedef struct {
  uint32_t frame;      /* number of its frame, wrapping */
  uint32_t packet;     /* number of the packet, wrapping (see packet_bits) */
  uint32_t flags;      /* PfWireFlags, as far as the header tells */
  uint32_t user_flags; /* as they are on the wire */
  uint64_t pts_ns;     /* 0 where the format has none */
  uint32_t rtp_time;   /* 0 where the format has none */
  uint32_t epoch;      /* of the configuration; 0 where there is none */
  uint32_t block;
  uint32_t n_blocks; /* 0: not known yet */
  uint32_t data;     /* k of the block: 1 .. max_block */
  uint32_t parity;   /* m of the block */
  uint32_t index;    /* 0 .. k+m-1, data first */
  /* Where the block's data begin in the frame, and the frame's data shards
   * (an upper bound where the last block can be smaller): or
   * PF_WIRE_UNKNOWN. The block lies inside. */
  uint32_t first_data, n_data;
  uint32_t frame_size; /* bytes of the access unit, or PF_WIRE_UNKNOWN */
  size_t payload;      /* offset of the payload in the packet */
  size_t payload_size; /* 1 .. shard_payload; shorter: zeros follow */
} PfWireShard;

/* What the payload of a whole frame holds. */
typedef struct {
  size_t offset, size; /* of the access unit */
  uint32_t flags;      /* PfWireFlags, added to those of the headers */
  uint32_t latency_us;
} PfWireUnit;

/* ---- The table ---------------------------------------------------------- */

struct PfWire {
  const char *name; /* as in caps */

  uint16_t header_size;   /* bytes of plain header */
  uint16_t parity_header; /* of these, covered by parity: the first so many */
  uint16_t preamble_size; /* at most PF_WIRE_PREAMBLE_MAX */
  uint16_t seal_prefix;   /* bytes before the header when sealed */
  uint16_t seal_suffix;   /* and behind the payload */
  uint16_t seal_aad;      /* additional data: the first so many of the prefix */
  int16_t seal_tag;  /* offset of the tag in the prefix; -1: it is the suffix */
  uint8_t key_shift; /* number >> key_shift names the key; 63: one key */
  uint8_t packet_bits;  /* width of PfWireShard.packet */
  uint32_t first_frame; /* number of a stream's first frame */

  /*
   * Checks what was agreed on and fills in the defaults.
   * Errors: PF_ERR_INVALID, PF_ERR_RANGE.
   */
  int (*check) (PfWireConfig *config);

  /*
   * Plans a frame and takes its numbers from the sender; on failure none are
   * taken. More parity than the format or the agreement allows is cut down.
   * Errors: PF_ERR_INVALID, PF_ERR_RANGE (too large for the format).
   */
  int (*plan) (
      PfWireSender *sender, const PfWireFrame *frame, PfWirePlan *plan);

  /*
   * Writes the headers of shards first .. first+n-1 of a block (data before
   * parity), header_size bytes each, stride bytes apart. In the row of a
   * parity shard the first parity_header bytes are what encoding left.
   */
  void (*headers) (const PfWirePlan *plan, const PfWireBlock *block,
      uint32_t first, uint32_t n, uint8_t *rows, size_t stride);

  /* The first parity_header bytes of data shards' headers as the parity
   * covers them. NULL if parity_header is 0. */
  void (*parity_headers) (const PfWirePlan *plan, const PfWireBlock *block,
      uint32_t first, uint32_t n, uint8_t *rows, size_t stride);

  /*
   * Writes the prefix (but for a tag in it) of the packet that is sealed with
   * this number and nonce, both from its key's PfNonceCounter; header is its
   * plain header.
   */
  void (*seal) (uint64_t number, const uint8_t *nonce, const uint8_t *header,
      uint8_t *prefix);

  /*
   * Finds the parts of a sealed datagram; source is the sender's. reference
   * is the highest number accepted so far (0 before any).
   * Errors: PF_ERR_INVALID (no such datagram).
   */
  int (*open) (const PfNonceSource *source, uint64_t reference,
      const uint8_t *datagram, size_t size, PfWireSealed *sealed);

  /*
   * Checks a plain packet (header and payload, nothing behind) and reads its
   * header. Everything in *shard keeps what PfWireShard promises.
   * Errors: PF_ERR_INVALID (no such packet), PF_ERR_RANGE (outside what was
   * agreed on).
   */
  int (*parse) (const PfWireConfig *config, const uint8_t *packet, size_t size,
      PfWireShard *shard);

  /*
   * Finds the access unit in the payload of a whole frame of n_data shards.
   * shard is any packet of the frame that knew frame_size, else the last.
   * Errors: PF_ERR_INVALID (the frame contradicts itself).
   */
  int (*unwrap) (const PfWireConfig *config, const PfWireShard *shard,
      const uint8_t *payload, size_t size, PfWireUnit *unit);
};

/* Formats by their name in caps; NULL if there is none. */
const PfWire *pf_wire_find (const char *name);

extern const PfWire pf_wire_punktfunk1;
extern const PfWire pf_wire_gamestream;

/*
 * Errors: as check().
 */
int pf_wire_sender_init (
    PfWireSender *sender, const PfWire *wire, const PfWireConfig *config);

/*
 * Other terms from the next frame on; the numbers go on.
 * Errors: as check(); the old terms then stay.
 */
int pf_wire_sender_change (PfWireSender *sender, const PfWireConfig *config);

/* Block index, below n_blocks. */
static inline PfWireBlock
pf_wire_block (const PfWirePlan *plan, uint32_t index)
{
  const bool last = index + 1 == plan->n_blocks;

  return (PfWireBlock){
    .index = index,
    .data = last ? plan->last_data : plan->block_data,
    .parity = last ? plan->last_parity : plan->block_parity,
    .percent = last ? plan->last_percent : plan->block_percent,
    .first_data = index * plan->block_data,
    .first_parity = index * plan->block_parity,
  };
}

/* How many packets of the frame are sent before shard index of the block. */
static inline uint32_t
pf_wire_position (
    const PfWirePlan *plan, const PfWireBlock *block, uint32_t index)
{
  if (plan->order == PF_WIRE_ORDER_BLOCK)
    return block->first_data + block->first_parity + index;
  if (index < block->data)
    return block->first_data + index;
  return plan->n_data + block->first_parity + (index - block->data);
}

static inline uint32_t
pf_wire_n_packets (const PfWirePlan *plan)
{
  return plan->n_data + plan->n_parity;
}

/* Bytes of a datagram. */
static inline size_t
pf_wire_row_size (const PfWire *wire, uint32_t shard_payload, bool sealed)
{
  return (size_t) wire->header_size + shard_payload +
         (sealed ? wire->seal_prefix + wire->seal_suffix : 0);
}

/*
 * Copies the payload of the frame's data shards first .. first+n-1 to rows
 * that lie stride bytes apart, zeros behind the end.
 */
void pf_wire_payload (const PfWirePlan *plan, const uint8_t *unit,
    uint32_t first, uint32_t n, uint8_t *rows, size_t stride);

/*
 * The payload of one data shard of the frame: in the access unit where it
 * lies there whole, else (preamble, last shard) copied to scratch, which has
 * room for shard_payload bytes.
 */
const uint8_t *pf_wire_shard_bytes (const PfWirePlan *plan, const uint8_t *unit,
    uint32_t shard, uint8_t *scratch);

#endif /* PF_WIRE_H */
