/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * One direction of a bad network line: packets go in, some come out, later.
 * Time is an argument, in nanoseconds; nothing here reads a clock or a socket.
 *
 * In order: loss, duplication, reordering, a link of limited rate with a queue
 * that drops at its end, delay and jitter (which keep the order). Whether
 * packet i of a flow is lost, doubled or reordered depends on the seed, the
 * flow and i alone, not on other flows or on the time.
 *
 * Thread-safety: one thread per channel.
 */
#ifndef FORWARD_CHANNEL_H
#define FORWARD_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FORWARD_NEVER UINT64_MAX
#define FORWARD_MAX_HELD 64 /* packets of a flow kept for later ones */
#define FORWARD_MAX_BYTES (64u << 20) /* in a channel at a time */

/* What a line does to packets. All zero: nothing. */
typedef struct {
  uint64_t drop_ppm;
  uint64_t burst; /* mean length of a spell of loss; 0: each packet alone */
  uint64_t duplicate_ppm;
  uint64_t reorder_ppm;
  uint64_t reorder_gap; /* at most so many later packets go first */
  uint64_t reorder_us;  /* nor is a packet kept longer for them */
  uint64_t delay_us;
  uint64_t jitter_us; /* more delay, from 0 to this */
  uint64_t rate_kbps; /* 0: any */
  uint64_t bucket;    /* bytes that may go at once */
  uint64_t queue;     /* bytes that may wait */
  uint64_t drop_nth;  /* the packet of each flow with this number; from 1 */
  uint64_t swap_nth;  /* this one goes after the next */
} ForwardSpec;

/* "drop=30000,burst=4,delay-us=10000"; what is not named takes its default.
 * 0, or -1 and why. */
int forward_spec_parse (
    ForwardSpec *spec, const char *text, char *error, size_t error_size);

/* A line for each key. */
extern const char forward_spec_help[];

typedef struct {
  uint64_t received, received_bytes;
  uint64_t passed, passed_bytes;
  uint64_t lost;       /* by drop and drop-nth */
  uint64_t lost_queue; /* the link's queue was full */
  uint64_t lost_room;  /* FORWARD_MAX_BYTES */
  uint64_t duplicated;
  uint64_t reordered;
  uint64_t queue_peak; /* bytes */
  uint64_t late_us;    /* worst time by which a packet was taken too late */
} ForwardCounters;

typedef struct {
  void *owner; /* the caller's; of use to it alone */
  uint64_t due;
  uint64_t order;
  size_t size;
  uint8_t bytes[];
} ForwardPacket;

/* What a channel knows of a flow. */
typedef struct {
  uint64_t random[4]; /* loss, duplication, reordering, jitter */
  uint64_t n;         /* packets so far */
  bool started, bad;  /* in a spell of loss */
  struct {
    ForwardPacket *packet;
    uint64_t until;
    uint64_t gap;
    bool passed; /* by a later one */
  } held[FORWARD_MAX_HELD];
  size_t n_held;
} ForwardFlow;

typedef struct {
  ForwardSpec spec;
  ForwardCounters n;
  ForwardPacket **heap; /* by due, then order */
  size_t n_heap, room;
  uint64_t bytes;     /* in heap and held */
  uint64_t order;     /* of the next packet */
  uint64_t link_free; /* when the link would have sent all it took */
  uint64_t last_due;
} ForwardChannel;

void forward_flow_init (ForwardFlow *flow, uint64_t seed, uint64_t number);

/* Lets go of what the flow holds. */
void forward_flow_clear (ForwardFlow *flow, ForwardChannel *channel);

void forward_channel_init (ForwardChannel *channel, const ForwardSpec *spec);
void forward_channel_clear (ForwardChannel *channel);

/* Takes a copy. False if there is no memory. */
bool forward_channel_put (ForwardChannel *channel, ForwardFlow *flow,
    void *owner, uint64_t now, const void *bytes, size_t size);

/* What flow held too long goes on. */
void forward_channel_release (
    ForwardChannel *channel, ForwardFlow *flow, uint64_t now);

/* When the flow's next held packet is to be released. */
uint64_t forward_flow_next (const ForwardFlow *flow);

/* When the next packet is due. */
uint64_t forward_channel_next (const ForwardChannel *channel);

/* The next packet that is due, the caller's to free; NULL if there is none. */
ForwardPacket *forward_channel_take (ForwardChannel *channel, uint64_t now);

#endif /* FORWARD_CHANNEL_H */
