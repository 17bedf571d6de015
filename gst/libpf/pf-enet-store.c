/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Where messages of a peer wait: a fixed number of items, and blocks for their
 * bytes. What comes too early may not use up all of it, so that there is
 * always room for the message that everything waits for.
 */
#include <string.h>

#include "pf-enet-private.h"

void
pf_enet_store_init (PfEnetStore *store)
{
  store->n_items = PF_ENET_ITEMS;
  store->n_blocks = PF_ENET_BLOCKS;
}

/* One that was given back, or one that nobody had yet: memory that is never
 * needed is never touched. */
static PfEnetItem *
take_item (PfEnetStore *store)
{
  PfEnetItem *item = store->free_items;

  if (!item)
    return &store->items[store->fresh_items++];
  store->free_items = item->next;
  return item;
}

static PfEnetBlock *
take_block (PfEnetStore *store)
{
  PfEnetBlock *b = store->free_blocks;

  if (!b)
    return &store->blocks[store->fresh_blocks++];
  store->free_blocks = b->next;
  return b;
}

static bool
has_message (const PfEnetCommand *command)
{
  return command->cmd >= PF_ENET_CMD_RELIABLE &&
         command->cmd != PF_ENET_CMD_BANDWIDTH &&
         command->cmd != PF_ENET_CMD_THROTTLE;
}

static void
fill (PfEnetStore *store, PfEnetItem *item, const uint8_t *bytes, size_t size)
{
  PfEnetBlock **end = &item->blocks;

  for (size_t at = 0; at < size; at += PF_ENET_BLOCK) {
    const size_t n = size - at < PF_ENET_BLOCK ? size - at : PF_ENET_BLOCK;
    PfEnetBlock *b = take_block (store);

    memcpy (b->bytes, bytes + at, n);
    b->next = NULL;
    *end = b;
    end = &b->next;
  }
}

PfEnetItem *
pf_enet_store_take (
    PfEnetStore *store, const PfEnetCommand *command, bool urgent)
{
  const size_t size = has_message (command) ? command->message.size : 0;
  const unsigned n = (unsigned) ((size + PF_ENET_BLOCK - 1) / PF_ENET_BLOCK);
  const unsigned items = urgent ? 0 : PF_ENET_ITEMS / PF_ENET_RESERVE;
  const unsigned blocks = urgent ? 0 : PF_ENET_BLOCKS / PF_ENET_RESERVE;
  PfEnetItem *item;

  if (store->n_items <= items || store->n_blocks < blocks + n)
    return NULL;
  item = take_item (store);
  store->n_items--;
  store->n_blocks -= n;
  *item = (PfEnetItem){ .command = *command, .n_blocks = n };
  if (size > 0) {
    fill (store, item, command->message.bytes, size);
    item->command.message.bytes = NULL;
  }
  return item;
}

void
pf_enet_store_give (PfEnetStore *store, PfEnetItem *item)
{
  PfEnetBlock *next;

  for (PfEnetBlock *b = item->blocks; b; b = next) {
    next = b->next;
    b->next = store->free_blocks;
    store->free_blocks = b;
  }
  store->n_blocks += item->n_blocks;
  store->n_items++;
  item->next = store->free_items;
  store->free_items = item;
}

void
pf_enet_item_read (const PfEnetItem *item, uint8_t *out)
{
  size_t left = item->command.message.size;

  for (const PfEnetBlock *b = item->blocks; b; b = b->next) {
    const size_t n = left < PF_ENET_BLOCK ? left : PF_ENET_BLOCK;

    memcpy (out, b->bytes, n);
    out += n;
    left -= n;
  }
}

/* ---- Lists -------------------------------------------------------------- */

void
pf_enet_list_insert (PfEnetList *list, PfEnetItem *before, PfEnetItem *item)
{
  item->next = before;
  item->previous = before ? before->previous : list->last;
  if (item->previous)
    item->previous->next = item;
  else
    list->first = item;
  if (before)
    before->previous = item;
  else
    list->last = item;
}

void
pf_enet_list_remove (PfEnetList *list, PfEnetItem *item)
{
  if (item->previous)
    item->previous->next = item->next;
  else
    list->first = item->next;
  if (item->next)
    item->next->previous = item->previous;
  else
    list->last = item->previous;
  item->next = item->previous = NULL;
}
