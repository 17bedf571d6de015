/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A bad network line; see forward-channel.h. */
#include "forward-channel.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MILLION 1000000
#define NS_PER_US UINT64_C (1000)

enum { RANDOM_LOSS, RANDOM_DUPLICATE, RANDOM_REORDER, RANDOM_JITTER };

/* ---- Spec --------------------------------------------------------------- */

static const ForwardSpec defaults = {
  .reorder_gap = 3,
  .reorder_us = 5000,
  .bucket = 15000,
  .queue = 262144,
};

#define KEY(name, field, low, high)                                            \
  {                                                                            \
    name, offsetof (ForwardSpec, field), low, high                             \
  }
static const struct {
  const char *name;
  size_t offset;
  uint64_t low, high;
} keys[] = {
  KEY ("drop", drop_ppm, 0, MILLION),
  KEY ("burst", burst, 0, MILLION),
  KEY ("duplicate", duplicate_ppm, 0, MILLION),
  KEY ("reorder", reorder_ppm, 0, MILLION),
  KEY ("reorder-gap", reorder_gap, 1, 1000),
  KEY ("reorder-us", reorder_us, 1, 10 * MILLION),
  KEY ("delay-us", delay_us, 0, 10 * MILLION),
  KEY ("jitter-us", jitter_us, 0, 10 * MILLION),
  KEY ("rate-kbps", rate_kbps, 0, 100 * MILLION),
  KEY ("bucket", bucket, 1, FORWARD_MAX_BYTES),
  KEY ("queue", queue, 0, FORWARD_MAX_BYTES),
  KEY ("drop-nth", drop_nth, 0, UINT64_MAX),
  KEY ("swap-nth", swap_nth, 0, UINT64_MAX),
};

const char forward_spec_help[] =
    "A SPEC is a list of KEY=NUMBER, separated by commas; \"none\" is empty:\n"
    "  drop         packets lost, of a million\n"
    "  burst        they are lost in spells of so many in the mean, while all\n"
    "               are lost; 0: each alone (0)\n"
    "  duplicate    packets that come twice, of a million\n"
    "  reorder      packets that come after later ones, of a million\n"
    "  reorder-gap  after at most so many later ones (3)\n"
    "  reorder-us   they wait no longer for them (5000)\n"
    "  delay-us     delay of all packets\n"
    "  jitter-us    more delay, from 0 to this; the order stays\n"
    "  rate-kbps    rate of the link, of payload bytes; 0: any\n"
    "  bucket       bytes it takes at once after a pause (15000)\n"
    "  queue        bytes that may wait for it, others are lost (262144)\n"
    "  drop-nth     packet of each flow that is lost, from 1\n"
    "  swap-nth     packet of each flow that comes after the next\n";

static int
parse_key (ForwardSpec *spec, const char *name, const char *value)
{
  for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
    unsigned long long n;
    uint64_t number;
    char *end;

    if (strcmp (keys[i].name, name) != 0)
      continue;
    if (*value < '0' || *value > '9')
      return -1;
    errno = 0;
    n = strtoull (value, &end, 10);
    if (errno != 0 || *end != '\0' || n < keys[i].low || n > keys[i].high)
      return -1;
    number = n;
    memcpy ((char *) spec + keys[i].offset, &number, sizeof number);
    return 0;
  }
  return -1;
}

int
forward_spec_parse (
    ForwardSpec *spec, const char *text, char *error, size_t error_size)
{
  ForwardSpec parsed = defaults;

  while (*text != '\0' && strcmp (text, "none") != 0) {
    size_t length = strcspn (text, ",");
    char pair[64], *value;

    snprintf (pair, sizeof pair, "%.*s", (int) length, text);
    value = strchr (pair, '=');
    if (value != NULL)
      *value++ = '\0';
    if (length >= sizeof pair || value == NULL ||
        parse_key (&parsed, pair, value) != 0) {
      snprintf (error, error_size, "%.*s: not a KEY=NUMBER that it can have",
          (int) length, text);
      return -1;
    }
    text += length;
    if (*text == ',')
      text++;
  }
  *spec = parsed;
  return 0;
}

/* ---- Random numbers ----------------------------------------------------- */

/* splitmix64 */
static uint64_t
random_next (uint64_t *state)
{
  uint64_t z = *state += 0x9e3779b97f4a7c15u;

  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

/* From 0 to 1, without 1. */
static double
random_part (uint64_t *state)
{
  return (double) (random_next (state) >> 11) * 0x1p-53;
}

static bool
chance (uint64_t *state, uint64_t ppm)
{
  return random_part (state) * MILLION < (double) ppm;
}

/* ---- Flows -------------------------------------------------------------- */

void
forward_flow_init (ForwardFlow *flow, uint64_t seed, uint64_t number)
{
  uint64_t mixed = seed;

  memset (flow, 0, sizeof *flow);
  mixed = random_next (&mixed) ^ number * 0xd6e8feb86659fd93u;
  for (size_t i = 0; i < 4; i++)
    flow->random[i] = random_next (&mixed);
}

uint64_t
forward_flow_next (const ForwardFlow *flow)
{
  uint64_t next = FORWARD_NEVER;

  for (size_t i = 0; i < flow->n_held; i++)
    if (flow->held[i].until < next)
      next = flow->held[i].until;
  return next;
}

static void
drop_packet (ForwardChannel *channel, ForwardPacket *packet)
{
  channel->bytes -= packet->size;
  free (packet);
}

void
forward_flow_clear (ForwardFlow *flow, ForwardChannel *channel)
{
  while (flow->n_held > 0)
    drop_packet (channel, flow->held[--flow->n_held].packet);
}

/* Gilbert-Elliott: in a bad spell all is lost; how often it turns bad follows
 * from the share that is to be lost. One number a packet in any case. */
static bool
is_lost (const ForwardSpec *spec, ForwardFlow *flow)
{
  const double share = (double) spec->drop_ppm / MILLION;
  const double draw = random_part (&flow->random[RANDOM_LOSS]);
  double leave;

  if (flow->n == spec->drop_nth)
    return true;
  if (spec->burst == 0 || share <= 0 || share >= 1)
    return draw < share;
  leave = 1.0 / (double) spec->burst;
  if (!flow->started)
    flow->bad = draw < share;
  else if (flow->bad)
    flow->bad = draw >= leave;
  else
    flow->bad = draw < leave * share / (1 - share);
  flow->started = true;
  return flow->bad;
}

/* ---- The heap ----------------------------------------------------------- */

static bool
earlier (const ForwardPacket *a, const ForwardPacket *b)
{
  return a->due != b->due ? a->due < b->due : a->order < b->order;
}

static void
swap (ForwardPacket **a, ForwardPacket **b)
{
  ForwardPacket *was = *a;

  *a = *b;
  *b = was;
}

static bool
heap_room (ForwardChannel *channel)
{
  const size_t room = channel->room ? 2 * channel->room : 256;
  ForwardPacket **heap;

  if (channel->n_heap < channel->room)
    return true;
  heap = realloc (channel->heap, room * sizeof *heap);
  if (heap == NULL)
    return false;
  channel->heap = heap;
  channel->room = room;
  return true;
}

/* Call after heap_room(). */
static void
heap_push (ForwardChannel *channel, ForwardPacket *packet)
{
  ForwardPacket **heap = channel->heap;
  size_t at = channel->n_heap++;

  heap[at] = packet;
  for (; at > 0 && earlier (heap[at], heap[(at - 1) / 2]); at = (at - 1) / 2)
    swap (&heap[at], &heap[(at - 1) / 2]);
}

static void
heap_sink (ForwardChannel *channel, size_t at)
{
  ForwardPacket **heap = channel->heap;

  for (;;) {
    size_t least = at;

    for (size_t child = 2 * at + 1; child <= 2 * at + 2; child++)
      if (child < channel->n_heap && earlier (heap[child], heap[least]))
        least = child;
    if (least == at)
      return;
    swap (&heap[at], &heap[least]);
    at = least;
  }
}

static ForwardPacket *
heap_pop (ForwardChannel *channel)
{
  ForwardPacket *first = channel->heap[0];

  channel->heap[0] = channel->heap[--channel->n_heap];
  heap_sink (channel, 0);
  return first;
}

/* ---- The channel -------------------------------------------------------- */

void
forward_channel_init (ForwardChannel *channel, const ForwardSpec *spec)
{
  memset (channel, 0, sizeof *channel);
  channel->spec = spec != NULL ? *spec : defaults;
}

void
forward_channel_clear (ForwardChannel *channel)
{
  while (channel->n_heap > 0)
    drop_packet (channel, channel->heap[--channel->n_heap]);
  free (channel->heap);
  channel->heap = NULL;
  channel->room = 0;
}

/* When the link has sent size more bytes: a bucket fills at the link's rate,
 * and a packet goes when it holds enough. FORWARD_NEVER if the queue is full. */
static uint64_t
link_departure (ForwardChannel *channel, uint64_t now, size_t size)
{
  const ForwardSpec *spec = &channel->spec;
  double ns_per_byte;
  uint64_t fill, took, waiting;

  if (spec->rate_kbps == 0)
    return now;
  ns_per_byte = 8e6 / (double) spec->rate_kbps;
  fill = (uint64_t) ((double) spec->bucket * ns_per_byte);
  took = (uint64_t) ((double) size * ns_per_byte);
  if (channel->link_free + fill < now)
    channel->link_free = now - fill;
  if (channel->link_free + took <= now) {
    channel->link_free += took;
    return now;
  }
  waiting =
      (uint64_t) ((double) (channel->link_free + took - now) / ns_per_byte);
  if (waiting > spec->queue)
    return FORWARD_NEVER;
  if (waiting > channel->n.queue_peak)
    channel->n.queue_peak = waiting;
  channel->link_free += took;
  return channel->link_free;
}

/* Through link and delay into the heap. */
static void
send_on (ForwardChannel *channel, ForwardFlow *flow, ForwardPacket *packet,
    uint64_t now)
{
  const ForwardSpec *spec = &channel->spec;
  const double jitter = random_part (&flow->random[RANDOM_JITTER]);
  uint64_t due = link_departure (channel, now, packet->size);

  if (due == FORWARD_NEVER || !heap_room (channel)) {
    if (due == FORWARD_NEVER)
      channel->n.lost_queue++;
    else
      channel->n.lost_room++;
    drop_packet (channel, packet);
    return;
  }
  due += spec->delay_us * NS_PER_US +
         (uint64_t) (jitter * (double) (spec->jitter_us * NS_PER_US));
  if (due < channel->last_due)
    due = channel->last_due;
  channel->last_due = due;
  packet->due = due;
  packet->order = channel->order++;
  heap_push (channel, packet);
}

static void
release_held (
    ForwardChannel *channel, ForwardFlow *flow, size_t i, uint64_t now)
{
  ForwardPacket *packet = flow->held[i].packet;

  channel->n.reordered += flow->held[i].passed;
  flow->n_held--;
  memmove (&flow->held[i], &flow->held[i + 1],
      (flow->n_held - i) * sizeof flow->held[0]);
  send_on (channel, flow, packet, now);
}

/* A later packet went on: those that waited for it follow. */
static void
count_gaps (ForwardChannel *channel, ForwardFlow *flow, uint64_t now)
{
  for (size_t i = 0; i < flow->n_held;) {
    flow->held[i].passed = true;
    if (--flow->held[i].gap > 0) {
      i++;
      continue;
    }
    release_held (channel, flow, i, now);
  }
}

void
forward_channel_release (
    ForwardChannel *channel, ForwardFlow *flow, uint64_t now)
{
  for (size_t i = 0; i < flow->n_held;)
    if (flow->held[i].until <= now)
      release_held (channel, flow, i, now);
    else
      i++;
}

/* The number of later packets that this one is to wait for. */
static uint64_t
choose_gap (const ForwardSpec *spec, ForwardFlow *flow)
{
  uint64_t *random = &flow->random[RANDOM_REORDER];
  const bool late = chance (random, spec->reorder_ppm);
  const uint64_t gap =
      1 + (uint64_t) (random_part (random) * (double) spec->reorder_gap);

  if (flow->n == spec->swap_nth)
    return 1;
  return late && flow->n_held < FORWARD_MAX_HELD ? gap : 0;
}

static bool
put_copy (ForwardChannel *channel, ForwardFlow *flow, void *owner, uint64_t now,
    const void *bytes, size_t size, uint64_t gap)
{
  ForwardPacket *packet;

  if (channel->bytes + size > FORWARD_MAX_BYTES) {
    channel->n.lost_room++;
    return true;
  }
  packet = malloc (sizeof *packet + size);
  if (packet == NULL)
    return false;
  packet->owner = owner;
  packet->size = size;
  memcpy (packet->bytes, bytes, size);
  channel->bytes += size;
  if (gap > 0 && flow->n_held < FORWARD_MAX_HELD) {
    flow->held[flow->n_held].packet = packet;
    flow->held[flow->n_held].gap = gap;
    flow->held[flow->n_held].passed = false;
    flow->held[flow->n_held++].until =
        now + channel->spec.reorder_us * NS_PER_US;
    return true;
  }
  send_on (channel, flow, packet, now);
  count_gaps (channel, flow, now);
  return true;
}

bool
forward_channel_put (ForwardChannel *channel, ForwardFlow *flow, void *owner,
    uint64_t now, const void *bytes, size_t size)
{
  const ForwardSpec *spec = &channel->spec;
  bool lost, twice;
  uint64_t gap;

  flow->n++;
  channel->n.received++;
  channel->n.received_bytes += size;
  lost = is_lost (spec, flow);
  twice = chance (&flow->random[RANDOM_DUPLICATE], spec->duplicate_ppm);
  gap = choose_gap (spec, flow);
  if (lost) {
    channel->n.lost++;
    return true;
  }
  if (!put_copy (channel, flow, owner, now, bytes, size, gap))
    return false;
  if (!twice)
    return true;
  channel->n.duplicated++;
  return put_copy (channel, flow, owner, now, bytes, size, 0);
}

uint64_t
forward_channel_next (const ForwardChannel *channel)
{
  return channel->n_heap > 0 ? channel->heap[0]->due : FORWARD_NEVER;
}

ForwardPacket *
forward_channel_take (ForwardChannel *channel, uint64_t now)
{
  ForwardPacket *packet;

  if (channel->n_heap == 0 || channel->heap[0]->due > now)
    return NULL;
  packet = heap_pop (channel);
  channel->bytes -= packet->size;
  channel->n.passed++;
  channel->n.passed_bytes += packet->size;
  if ((now - packet->due) / NS_PER_US > channel->n.late_us)
    channel->n.late_us = (now - packet->due) / NS_PER_US;
  return packet;
}
