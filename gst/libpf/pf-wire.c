/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What packet formats share: finding one by name, cutting the payload.
 */
#include "pf-wire.h"

#include <string.h>

static const PfWire *const formats[] = {
  &pf_wire_punktfunk1,
  &pf_wire_gamestream,
};

const PfWire *
pf_wire_find (const char *name)
{
  for (size_t i = 0; name && i < sizeof formats / sizeof *formats; i++)
    if (strcmp (formats[i]->name, name) == 0)
      return formats[i];
  return NULL;
}

int
pf_wire_sender_init (
    PfWireSender *sender, const PfWire *wire, const PfWireConfig *config)
{
  PfWireConfig checked;
  int ret;

  if (!sender || !wire || !config)
    return PF_ERR_INVALID;
  checked = *config;
  ret = wire->check (&checked);
  if (ret < 0)
    return ret;
  *sender = (PfWireSender){
    .wire = wire,
    .config = checked,
    .frame = wire->first_frame,
  };
  return 0;
}

int
pf_wire_sender_change (PfWireSender *sender, const PfWireConfig *config)
{
  PfWireConfig checked;
  int ret;

  if (!sender || !config)
    return PF_ERR_INVALID;
  checked = *config;
  ret = sender->wire->check (&checked);
  if (ret < 0)
    return ret;
  sender->config = checked;
  return 0;
}

/* Bytes from .. from+n-1 of preamble, access unit and endless zeros. */
static void
copy_stream (const PfWirePlan *plan, const uint8_t *unit, size_t from, size_t n,
    uint8_t *to)
{
  const size_t pre = plan->preamble_size, end = pre + plan->frame.size;
  size_t part;

  if (from < pre) {
    part = n < pre - from ? n : pre - from;
    memcpy (to, plan->preamble + from, part);
    from += part;
    to += part;
    n -= part;
  }
  if (n > 0 && from < end) {
    part = n < end - from ? n : end - from;
    memcpy (to, unit + (from - pre), part);
    to += part;
    n -= part;
  }
  if (n > 0)
    memset (to, 0, n);
}

void
pf_wire_payload (const PfWirePlan *plan, const uint8_t *unit, uint32_t first,
    uint32_t n, uint8_t *rows, size_t stride)
{
  const size_t size = plan->shard_payload;

  for (uint32_t i = 0; i < n; i++)
    copy_stream (
        plan, unit, (size_t) (first + i) * size, size, rows + i * stride);
}

const uint8_t *
pf_wire_shard_bytes (const PfWirePlan *plan, const uint8_t *unit,
    uint32_t shard, uint8_t *scratch)
{
  const size_t size = plan->shard_payload, from = shard * size;

  if (from >= plan->preamble_size &&
      from + size <= plan->preamble_size + plan->frame.size)
    return unit + (from - plan->preamble_size);
  copy_stream (plan, unit, from, size, scratch);
  return scratch;
}
