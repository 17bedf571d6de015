/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The order of messages in a channel. Reliable ones are numbered from 1, each
 * fragment has a number of its own; unreliable ones are numbered anew after
 * each reliable one, and all fragments of one share its number. An unreliable
 * message is handed out after the reliable one that was sent before it, and
 * never after a later one.
 */
#include "pf-enet-private.h"

static bool
is_reliable (const PfEnetCommand *c)
{
  return c->cmd == PF_ENET_CMD_RELIABLE || c->cmd == PF_ENET_CMD_FRAGMENT;
}

static bool
is_fragment (const PfEnetCommand *c)
{
  return c->cmd == PF_ENET_CMD_FRAGMENT ||
         c->cmd == PF_ENET_CMD_UNRELIABLE_FRAGMENT;
}

static uint16_t
unreliable_seq (const PfEnetCommand *c)
{
  return is_fragment (c) ? c->message.start : c->message.seq;
}

/* Reliable numbers from the last one handed out. */
static uint16_t
ahead (const PfEnetChannel *channel, const PfEnetCommand *c)
{
  return (uint16_t) (c->seq - channel->in_reliable);
}

/* Where a command stands in the channel: a number that grows. */
static uint64_t
place (const PfEnetChannel *channel, const PfEnetCommand *c)
{
  const uint64_t reliable = ahead (channel, c);
  uint16_t u;

  if (is_reliable (c))
    return reliable << 33;
  /* numbers behind another reliable one begin at 1 */
  u = unreliable_seq (c);
  if (reliable == 0)
    u = (uint16_t) (u - channel->in_unreliable);
  return reliable << 33 | UINT64_C (1) << 32 | (uint64_t) u << 8 |
         (is_fragment (c) ? c->message.number & 0xff : 0);
}

static bool
same_set (const PfEnetCommand *a, const PfEnetCommand *b)
{
  return a->cmd == b->cmd && a->message.start == b->message.start &&
         a->message.count == b->message.count &&
         a->message.total == b->message.total &&
         (is_reliable (a) || a->seq == b->seq);
}

/* How many items from this one on are one whole message; 0: not all there. */
static unsigned
whole (const PfEnetItem *first)
{
  const PfEnetCommand *c = &first->command;
  const PfEnetItem *item = first;
  uint32_t at = 0;

  if (!is_fragment (c))
    return 1;
  for (uint32_t i = 0; i < c->message.count; i++, item = item->next) {
    if (!item || !same_set (&item->command, c) ||
        item->command.message.number != i || item->command.message.offset != at)
      return 0;
    at += item->command.message.size;
  }
  return at == c->message.total ? c->message.count : 0;
}

unsigned
pf_enet_message_items (const PfEnetItem *first)
{
  return is_fragment (&first->command) ? first->command.message.count : 1;
}

/* The item behind a message of which perhaps not all is there. */
static PfEnetItem *
behind (const PfEnetItem *item)
{
  const PfEnetItem *next = item->next;

  if (is_fragment (&item->command))
    while (next && same_set (&next->command, &item->command))
      next = next->next;
  return (PfEnetItem *) next;
}

/* The first message that may be handed out; NULL: none. Unreliable ones that
 * are not whole are passed over. */
static PfEnetItem *
find_next (const PfEnetChannel *channel)
{
  PfEnetItem *item = channel->waiting.first;

  for (; item; item = behind (item)) {
    const uint16_t d = ahead (channel, &item->command);

    if (is_reliable (&item->command))
      return d == 1 && whole (item) > 0 ? item : NULL;
    if (d > 0)
      return NULL;
    if (whole (item) > 0)
      return item;
  }
  return NULL;
}

/* Hands out all that is due. */
static void
advance (PfEnetChannel *channel, PfEnetStore *store, PfEnetList *ready)
{
  PfEnetItem *next, *item;

  while ((next = find_next (channel)) != NULL) {
    const PfEnetCommand *c = &next->command;

    while ((item = channel->waiting.first) != next) {
      pf_enet_list_remove (&channel->waiting, item);
      pf_enet_store_give (store, item);
    }
    if (is_reliable (c)) {
      channel->in_reliable += (uint16_t) pf_enet_message_items (next);
      channel->in_unreliable = 0;
    } else {
      channel->in_unreliable = unreliable_seq (c);
    }
    for (unsigned n = pf_enet_message_items (next); n > 0; n--) {
      item = channel->waiting.first;
      pf_enet_list_remove (&channel->waiting, item);
      pf_enet_list_insert (ready, NULL, item);
    }
  }
}

static PfEnetFate
judge (const PfEnetChannel *channel, const PfEnetCommand *c)
{
  const uint16_t d = ahead (channel, c);

  if (d >= 0x8000 || (is_reliable (c) && d == 0))
    return PF_ENET_OLD;
  if (d > PF_ENET_AHEAD)
    return PF_ENET_NO_ROOM;
  if (!is_reliable (c) && d == 0 &&
      (int16_t) (unreliable_seq (c) - channel->in_unreliable) <= 0)
    return PF_ENET_OLD;
  return PF_ENET_TAKEN;
}

/* Does all that waits in the channel wait for this? */
static bool
is_urgent (const PfEnetChannel *channel, const PfEnetCommand *c)
{
  const uint16_t d = ahead (channel, c);

  if (is_reliable (c) && is_fragment (c))
    return (uint16_t) (c->message.start - channel->in_reliable) == 1;
  return is_reliable (c) ? d == 1 : d == 0;
}

PfEnetFate
pf_enet_channel_take (PfEnetChannel *channel, PfEnetStore *store,
    const PfEnetCommand *command, PfEnetList *ready)
{
  const PfEnetFate fate = judge (channel, command);
  const uint64_t where = place (channel, command);
  PfEnetItem *before = NULL, *after = channel->waiting.last, *item;

  if (fate != PF_ENET_TAKEN)
    return fate;
  while (after && place (channel, &after->command) > where) {
    before = after;
    after = after->previous;
  }
  if (after && place (channel, &after->command) == where)
    return PF_ENET_OLD;
  item = pf_enet_store_take (store, command, is_urgent (channel, command));
  if (!item)
    return PF_ENET_NO_ROOM;
  pf_enet_list_insert (&channel->waiting, before, item);
  advance (channel, store, ready);
  return PF_ENET_TAKEN;
}
