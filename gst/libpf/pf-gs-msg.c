/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Messages of GameStream's control stream. What is longer than known is read
 * as far as it is known.
 */
#include "pf-gs-msg.h"

#include <string.h>

#include "pf-bytes.h"

typedef struct {
  PfGsMsgKind kind;
  bool from_host;
  uint16_t type;
  uint16_t size;  /* as it is written */
  uint16_t least; /* that can be read */
} Row;

static const Row rows[] = {
  { PF_GS_MSG_IDR, false, 0x0302, 2, 0 },
  { PF_GS_MSG_START_B, false, 0x0307, 1, 0 },
  { PF_GS_MSG_PING, false, 0x0200, 8, 0 },
  { PF_GS_MSG_RFI, false, 0x0301, 24, 12 },
  { PF_GS_MSG_LTR_ACK, false, 0x0350, 8, 4 },
  { PF_GS_MSG_INPUT, false, 0x0206, 0, 8 },
  { PF_GS_MSG_FEC_STATUS, false, 0x5502, 21, 21 },
  { PF_GS_MSG_RUMBLE, true, 0x010b, 10, 10 },
  { PF_GS_MSG_TRIGGER_RUMBLE, true, 0x5500, 6, 6 },
  { PF_GS_MSG_MOTION_RATE, true, 0x5501, 5, 5 },
  { PF_GS_MSG_LED, true, 0x5502, 5, 5 },
  { PF_GS_MSG_TRIGGERS, true, 0x5503, 25, 25 },
  { PF_GS_MSG_HDR, true, 0x010e, 27, 1 },
  { PF_GS_MSG_TERMINATION, true, 0x0109, 4, 4 },
};

enum { N_ROWS = sizeof rows / sizeof *rows };

/* ---- Payloads ----------------------------------------------------------- */

static void
put_fec (uint8_t *p, const PfGsFecStatus *f)
{
  const uint16_t numbers[7] = { f->highest, f->contiguous, f->missing, f->data,
    f->parity, f->data_received, f->parity_received };

  pf_put_be32 (p, f->frame);
  for (int i = 0; i < 7; i++)
    pf_put_be16 (p + 4 + 2 * i, numbers[i]);
  p[18] = f->percent;
  p[19] = f->block;
  p[20] = f->n_blocks;
}

static void
get_fec (const uint8_t *p, PfGsFecStatus *f)
{
  uint16_t *const numbers[7] = { &f->highest, &f->contiguous, &f->missing,
    &f->data, &f->parity, &f->data_received, &f->parity_received };

  f->frame = pf_get_be32 (p);
  for (int i = 0; i < 7; i++)
    *numbers[i] = pf_get_be16 (p + 4 + 2 * i);
  f->percent = p[18];
  f->block = p[19];
  f->n_blocks = p[20];
}

static void
put_hdr (uint8_t *p, const PfGsHdr *h)
{
  const uint16_t numbers[13] = { h->red[0], h->red[1], h->green[0], h->green[1],
    h->blue[0], h->blue[1], h->white[0], h->white[1], h->max_luminance,
    h->min_luminance, h->max_cll, h->max_fall, h->max_full_frame };

  p[0] = h->enabled;
  for (int i = 0; i < 13; i++)
    pf_put_le16 (p + 1 + 2 * i, numbers[i]);
}

/* Old hosts send no more than the first byte. */
static void
get_hdr (const uint8_t *p, size_t size, PfGsHdr *h)
{
  uint16_t *const numbers[13] = { &h->red[0], &h->red[1], &h->green[0],
    &h->green[1], &h->blue[0], &h->blue[1], &h->white[0], &h->white[1],
    &h->max_luminance, &h->min_luminance, &h->max_cll, &h->max_fall,
    &h->max_full_frame };

  *h = (PfGsHdr){ .enabled = p[0] != 0 };
  for (int i = 0; i < 13 && size >= 27; i++)
    *numbers[i] = pf_get_le16 (p + 1 + 2 * i);
}

static void
put_triples (uint8_t *p, uint16_t a, uint16_t b, uint16_t c)
{
  pf_put_le16 (p, a);
  pf_put_le16 (p + 2, b);
  pf_put_le16 (p + 4, c);
}

static void
put_payload (uint8_t *p, const PfGsMsg *m)
{
  switch (m->kind) {
  case PF_GS_MSG_PING:
    pf_put_le16 (p, 4);
    break;
  case PF_GS_MSG_RFI:
    pf_put_le32 (p, m->rfi.first);
    pf_put_le32 (p + 8, m->rfi.last);
    break;
  case PF_GS_MSG_LTR_ACK:
    pf_put_le32 (p, m->frame);
    break;
  case PF_GS_MSG_INPUT:
    memcpy (p, m->input.data, m->input.size);
    break;
  case PF_GS_MSG_FEC_STATUS:
    put_fec (p, &m->fec);
    break;
  case PF_GS_MSG_RUMBLE:
    put_triples (p + 4, m->rumble.pad, m->rumble.low, m->rumble.high);
    break;
  case PF_GS_MSG_TRIGGER_RUMBLE:
    put_triples (p, m->trigger_rumble.pad, m->trigger_rumble.left,
        m->trigger_rumble.right);
    break;
  case PF_GS_MSG_MOTION_RATE:
    pf_put_le16 (p, m->motion_rate.pad);
    pf_put_le16 (p + 2, m->motion_rate.hz);
    p[4] = m->motion_rate.sensor;
    break;
  case PF_GS_MSG_LED:
    pf_put_le16 (p, m->led.pad);
    p[2] = m->led.red;
    p[3] = m->led.green;
    p[4] = m->led.blue;
    break;
  case PF_GS_MSG_TRIGGERS:
    pf_put_le16 (p, m->triggers.pad);
    p[2] = m->triggers.flags;
    p[3] = m->triggers.left_type;
    p[4] = m->triggers.right_type;
    memcpy (p + 5, m->triggers.left, 10);
    memcpy (p + 15, m->triggers.right, 10);
    break;
  case PF_GS_MSG_HDR:
    put_hdr (p, &m->hdr);
    break;
  case PF_GS_MSG_TERMINATION:
    pf_put_be32 (p, m->code);
    break;
  default:
    break;
  }
}

static void
get_payload (const uint8_t *p, size_t size, PfGsMsg *m)
{
  switch (m->kind) {
  case PF_GS_MSG_RFI:
    m->rfi.first = pf_get_le32 (p);
    m->rfi.last = pf_get_le32 (p + 8);
    break;
  case PF_GS_MSG_LTR_ACK:
    m->frame = pf_get_le32 (p);
    break;
  case PF_GS_MSG_INPUT:
    m->input = (PfMsgSpan){ p, size };
    break;
  case PF_GS_MSG_FEC_STATUS:
    get_fec (p, &m->fec);
    break;
  case PF_GS_MSG_RUMBLE:
    m->rumble.pad = pf_get_le16 (p + 4);
    m->rumble.low = pf_get_le16 (p + 6);
    m->rumble.high = pf_get_le16 (p + 8);
    break;
  case PF_GS_MSG_TRIGGER_RUMBLE:
    m->trigger_rumble.pad = pf_get_le16 (p);
    m->trigger_rumble.left = pf_get_le16 (p + 2);
    m->trigger_rumble.right = pf_get_le16 (p + 4);
    break;
  case PF_GS_MSG_MOTION_RATE:
    m->motion_rate.pad = pf_get_le16 (p);
    m->motion_rate.hz = pf_get_le16 (p + 2);
    m->motion_rate.sensor = p[4];
    break;
  case PF_GS_MSG_LED:
    m->led.pad = pf_get_le16 (p);
    m->led.red = p[2];
    m->led.green = p[3];
    m->led.blue = p[4];
    break;
  case PF_GS_MSG_TRIGGERS:
    m->triggers.pad = pf_get_le16 (p);
    m->triggers.flags = p[2];
    m->triggers.left_type = p[3];
    m->triggers.right_type = p[4];
    memcpy (m->triggers.left, p + 5, 10);
    memcpy (m->triggers.right, p + 15, 10);
    break;
  case PF_GS_MSG_HDR:
    get_hdr (p, size, &m->hdr);
    break;
  case PF_GS_MSG_TERMINATION:
    m->code = pf_get_be32 (p);
    break;
  default:
    break;
  }
}

/* ---- Messages ----------------------------------------------------------- */

int
pf_gs_msg_encode (const PfGsMsg *msg, uint8_t *bytes, size_t room, size_t *size)
{
  const Row *row = NULL;
  size_t n;

  for (unsigned i = 0; i < N_ROWS; i++)
    if (rows[i].kind == msg->kind)
      row = &rows[i];
  if (!row)
    return PF_ERR_INVALID;
  n = msg->kind == PF_GS_MSG_INPUT ? msg->input.size : row->size;
  if (n > PF_GS_MSG_MAX - PF_GS_MSG_HEADER || room < PF_GS_MSG_HEADER + n)
    return PF_ERR_RANGE;
  pf_put_le16 (bytes, row->type);
  pf_put_le16 (bytes + 2, (uint16_t) n);
  memset (bytes + PF_GS_MSG_HEADER, 0, n);
  put_payload (bytes + PF_GS_MSG_HEADER, msg);
  *size = PF_GS_MSG_HEADER + n;
  return 0;
}

int
pf_gs_msg_decode (
    const uint8_t *bytes, size_t size, bool from_host, PfGsMsg *msg)
{
  PfGsMsg m = { 0 };
  uint16_t type;
  size_t n;

  if (size < PF_GS_MSG_HEADER)
    return PF_ERR_INVALID;
  type = pf_get_le16 (bytes);
  n = pf_get_le16 (bytes + 2);
  if (n != size - PF_GS_MSG_HEADER)
    return PF_ERR_INVALID;
  for (unsigned i = 0; i < N_ROWS; i++) {
    if (rows[i].type != type || rows[i].from_host != from_host)
      continue;
    if (n < rows[i].least)
      return PF_ERR_INVALID;
    m.kind = rows[i].kind;
    get_payload (bytes + PF_GS_MSG_HEADER, n, &m);
    *msg = m;
    return 0;
  }
  return PF_ERR_UNSUPPORTED;
}
