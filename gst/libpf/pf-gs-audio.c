/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * GameStream audio. Reed-Solomon works column by column, so one context over
 * the longest payload serves all lengths: rows are zero behind their end, and
 * so is parity.
 */
#include "pf-gs-audio.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "pf-bytes.h"

enum {
  DATA = PF_GS_AUDIO_DATA,
  PARITY = PF_GS_AUDIO_PARITY,
  ROWS = DATA + PARITY,
  ROW = PF_GS_AUDIO_PAYLOAD_MAX,

  RTP_TYPE = 0x80, /* version 2 */
  TYPE_DATA = 97,
  TYPE_PARITY = 127,

  /* Blocks a receiver holds; packets beyond are another stream or forged. */
  N_BLOCKS = 16,
  N_SEQUENCES = 65536,
  FAR_PACKETS = 8,
  DEADLINE_PACKETS = 6,
};

#define MS 1000000ull

struct PfGsAudioSender {
  PfFec *fec;
  PfCbc *cbc; /* NULL: not encrypted */
  uint32_t packet_ms, key_id;
  uint16_t sequence;
  uint32_t timestamp;
  size_t sizes[DATA]; /* of the block in the making */
  bool has_parity;    /* of the block just finished */
  uint16_t base_sequence;
  uint32_t base_timestamp;
  uint8_t rows[ROWS][ROW];
};

typedef struct {
  bool used;
  uint16_t base;
  uint32_t base_timestamp; /* known with any packet */
  size_t size;             /* of every payload */
  uint8_t present[ROWS];
  uint8_t restored[DATA];
  uint64_t since; /* when its first packet arrived */
  uint8_t rows[ROWS][ROW];
} Block;

struct PfGsAudioReceiver {
  PfFec *fec;
  PfCbc *cbc;
  uint32_t packet_ms, key_id;
  uint64_t deadline;
  PfGsAudioStats stats;
  bool started;
  uint16_t next; /* sequence of the next packet to hand out */
  uint16_t far;  /* a number outside the window */
  uint32_t n_far;
  uint32_t n_skipped; /* lost by a jump, to be told */
  uint16_t skipped;   /* the first of them */
  Block blocks[N_BLOCKS];
  uint8_t out[ROW];
};

/* What both ends need. */
static int
prepare (const PfGsAudioConfig *c, PfCbcDirection direction, PfFec **fec,
    PfCbc **cbc)
{
  PfFecConfig f = PF_FEC_CONFIG_INIT;
  int ret;

  f.scheme = PF_FEC_AUDIO;
  f.data_shards = DATA;
  f.parity_shards = PARITY;
  f.shard_size = ROW;
  ret = pf_fec_new (&f, fec);
  if (ret == 0 && c->encrypted)
    ret = pf_cbc_new (direction, c->key, cbc);
  return ret;
}

static int
check (const PfGsAudioConfig *c)
{
  if (!c)
    return PF_ERR_INVALID;
  return c->packet_ms < 1 || c->packet_ms > 120 ? PF_ERR_RANGE : 0;
}

/* ---- Sending ------------------------------------------------------------ */

int
pf_gs_audio_sender_new (const PfGsAudioConfig *config, uint16_t sequence,
    uint32_t timestamp_ms, PfGsAudioSender **sender)
{
  PfGsAudioSender *s;
  int ret = check (config);

  if (ret == 0 && (!sender || sequence % DATA))
    ret = PF_ERR_INVALID;
  if (ret < 0)
    return ret;
  s = calloc (1, sizeof *s);
  if (!s)
    return PF_ERR_NO_MEMORY;
  s->packet_ms = config->packet_ms;
  s->key_id = config->key_id;
  s->sequence = sequence;
  s->timestamp = timestamp_ms;
  ret = prepare (config, PF_CBC_ENCRYPT, &s->fec, &s->cbc);
  if (ret < 0) {
    pf_gs_audio_sender_free (s);
    return ret;
  }
  *sender = s;
  return 0;
}

void
pf_gs_audio_sender_free (PfGsAudioSender *sender)
{
  if (!sender)
    return;
  pf_fec_free (sender->fec);
  pf_cbc_free (sender->cbc);
  free (sender);
}

static void
put_rtp (uint8_t *out, uint8_t type, uint16_t sequence, uint32_t timestamp)
{
  out[0] = RTP_TYPE;
  out[1] = type;
  pf_put_be16 (out + 2, sequence);
  pf_put_be32 (out + 4, timestamp);
  pf_put_be32 (out + 8, 0); /* SSRC */
}

/* The fourth packet was made: parity, if all are of one length. */
static void
finish_block (PfGsAudioSender *s)
{
  const uint8_t *data[DATA];
  uint8_t *parity[PARITY];

  for (unsigned i = 0; i < DATA; i++) {
    if (s->sizes[i] != s->sizes[0])
      return;
    data[i] = s->rows[i];
  }
  for (unsigned i = 0; i < PARITY; i++)
    parity[i] = s->rows[DATA + i];
  s->has_parity = pf_fec_encode (s->fec, data, parity) == 0;
}

int
pf_gs_audio_send (PfGsAudioSender *s, const uint8_t *opus, size_t size,
    uint8_t *out, size_t *out_size)
{
  const unsigned i = s->sequence % DATA;
  uint8_t iv[PF_CBC_BLOCK];
  size_t n = size;
  int ret;

  if (!opus || !out || !out_size || size == 0)
    return PF_ERR_INVALID;
  if (size > ROW)
    return PF_ERR_RANGE;
  if (s->cbc)
    n = PF_CBC_SIZE (size);
  if (n > ROW)
    return PF_ERR_RANGE;
  if (s->cbc) {
    pf_cbc_audio_iv (s->key_id, s->sequence, iv);
    ret = pf_cbc_encrypt (s->cbc, iv, opus, size, s->rows[i]);
    if (ret < 0)
      return ret;
  } else {
    memcpy (s->rows[i], opus, size);
  }
  memset (s->rows[i] + n, 0, ROW - n);
  put_rtp (out, TYPE_DATA, s->sequence, s->timestamp);
  memcpy (out + PF_GS_AUDIO_HEADER, s->rows[i], n);
  *out_size = PF_GS_AUDIO_HEADER + n;
  s->sizes[i] = n;
  s->has_parity = false;
  if (i == 0) {
    s->base_sequence = s->sequence;
    s->base_timestamp = s->timestamp;
  }
  s->sequence++;
  s->timestamp += s->packet_ms;
  if (i + 1 == DATA)
    finish_block (s);
  return s->has_parity;
}

int
pf_gs_audio_parity (
    PfGsAudioSender *s, unsigned index, uint8_t *out, size_t *out_size)
{
  if (!s->has_parity || index >= PARITY || !out || !out_size)
    return PF_ERR_INVALID;
  put_rtp (out, TYPE_PARITY, (uint16_t) (s->base_sequence + DATA + index), 0);
  out[12] = (uint8_t) index;
  out[13] = TYPE_DATA;
  pf_put_be16 (out + 14, s->base_sequence);
  pf_put_be32 (out + 16, s->base_timestamp);
  pf_put_be32 (out + 20, 0); /* SSRC */
  memcpy (out + PF_GS_AUDIO_PARITY_HEADER, s->rows[DATA + index], s->sizes[0]);
  *out_size = PF_GS_AUDIO_PARITY_HEADER + s->sizes[0];
  return 0;
}

/* ---- Receiving ---------------------------------------------------------- */

typedef struct {
  uint16_t base, index; /* of the block; row in it */
  uint32_t base_timestamp;
  const uint8_t *payload;
  size_t size;
} Packet;

int
pf_gs_audio_receiver_new (const PfGsAudioConfig *config, uint64_t deadline_ns,
    PfGsAudioReceiver **receiver)
{
  PfGsAudioReceiver *r;
  int ret = check (config);

  if (ret == 0 && !receiver)
    ret = PF_ERR_INVALID;
  if (ret < 0)
    return ret;
  r = calloc (1, sizeof *r);
  if (!r)
    return PF_ERR_NO_MEMORY;
  r->packet_ms = config->packet_ms;
  r->key_id = config->key_id;
  r->deadline =
      deadline_ns ? deadline_ns : DEADLINE_PACKETS * config->packet_ms * MS;
  ret = prepare (config, PF_CBC_DECRYPT, &r->fec, &r->cbc);
  if (ret < 0) {
    pf_gs_audio_receiver_free (r);
    return ret;
  }
  *receiver = r;
  return 0;
}

void
pf_gs_audio_receiver_free (PfGsAudioReceiver *receiver)
{
  if (!receiver)
    return;
  pf_fec_free (receiver->fec);
  pf_cbc_free (receiver->cbc);
  OPENSSL_cleanse (receiver->out, sizeof receiver->out);
  free (receiver);
}

static bool
parse (const PfGsAudioReceiver *r, const uint8_t *d, size_t size, Packet *p)
{
  uint16_t sequence;

  if (!d || size <= PF_GS_AUDIO_HEADER || size > PF_GS_AUDIO_DATAGRAM_MAX ||
      d[0] != RTP_TYPE)
    return false;
  if (d[1] == TYPE_DATA) {
    sequence = pf_get_be16 (d + 2);
    p->index = sequence % DATA;
    p->base = (uint16_t) (sequence - p->index);
    p->base_timestamp = pf_get_be32 (d + 4) - p->index * r->packet_ms;
    p->payload = d + PF_GS_AUDIO_HEADER;
    p->size = size - PF_GS_AUDIO_HEADER;
  } else if (d[1] == TYPE_PARITY && size > PF_GS_AUDIO_PARITY_HEADER) {
    p->index = (uint16_t) (DATA + d[12]);
    p->base = pf_get_be16 (d + 14);
    p->base_timestamp = pf_get_be32 (d + 16);
    p->payload = d + PF_GS_AUDIO_PARITY_HEADER;
    p->size = size - PF_GS_AUDIO_PARITY_HEADER;
    if (d[12] >= PARITY || d[13] != TYPE_DATA || p->base % DATA)
      return false;
  } else {
    return false;
  }
  return p->size <= ROW && (!r->cbc || p->size % PF_CBC_BLOCK == 0);
}

static Block *
block_of (PfGsAudioReceiver *r, uint16_t sequence)
{
  return &r->blocks[sequence / DATA % N_BLOCKS];
}

/* The block of this sequence number if anything of it is there. */
static Block *
find_block (PfGsAudioReceiver *r, uint16_t sequence)
{
  Block *b = block_of (r, sequence);

  return b->used && b->base == (uint16_t) (sequence - sequence % DATA) ? b
                                                                       : NULL;
}

/* Blocks from the one that is due, around the circle of numbers. */
static uint16_t
ahead (const PfGsAudioReceiver *r, uint16_t base)
{
  return (uint16_t) (base - (r->next - r->next % DATA)) / DATA;
}

/* The numbers go on at BASE. */
static void
jump (PfGsAudioReceiver *r, uint16_t base)
{
  const uint16_t gap = (uint16_t) (base - r->next);

  for (unsigned i = 0; i < N_BLOCKS; i++)
    r->blocks[i].used = false;
  /* Backwards it is another stream: nothing is known to be lost. */
  if (gap < 0x8000) {
    if (r->n_skipped == 0)
      r->skipped = r->next;
    r->n_skipped += gap;
  }
  r->next = base;
  r->n_far = 0;
}

/* Is a number outside the window to be believed? */
static bool
believe (PfGsAudioReceiver *r, uint16_t base)
{
  const uint16_t off = (uint16_t) (base - r->far);

  r->n_far = r->n_far > 0 && off <= N_BLOCKS * DATA ? r->n_far + 1 : 1;
  r->far = base;
  return r->n_far >= FAR_PACKETS;
}

/* Restores what is missing of a block once four of its six are there. */
static void
restore (PfGsAudioReceiver *r, Block *b)
{
  uint8_t *data[DATA];
  const uint8_t *parity[PARITY];
  unsigned n = 0, n_data = 0;

  for (unsigned i = 0; i < ROWS; i++) {
    n += b->present[i];
    n_data += i < DATA ? b->present[i] : 0;
  }
  if (n < DATA || n_data == DATA)
    return;
  for (unsigned i = 0; i < DATA; i++)
    data[i] = b->rows[i];
  for (unsigned i = 0; i < PARITY; i++)
    parity[i] = b->rows[DATA + i];
  if (pf_fec_decode (r->fec, data, parity, b->present) < 0)
    return;
  for (unsigned i = 0; i < DATA; i++) {
    b->restored[i] = !b->present[i];
    b->present[i] = 1;
  }
}

static PfGsAudioFate
take (PfGsAudioReceiver *r, const Packet *p, uint64_t now)
{
  uint16_t a;
  Block *b;

  if (!r->started) {
    r->started = true;
    r->next = (uint16_t) (p->base + (p->index < DATA ? p->index : 0));
  }
  a = ahead (r, p->base);
  if (a >= N_BLOCKS) {
    if (N_SEQUENCES / DATA - a <= N_BLOCKS)
      return PF_GS_AUDIO_DROP_LATE;
    if (!believe (r, p->base))
      return PF_GS_AUDIO_DROP_FAR;
    jump (r, p->base);
  } else if (a == 0 && p->index < r->next % DATA) {
    return PF_GS_AUDIO_DROP_LATE;
  }
  r->n_far = 0;
  b = find_block (r, p->base);
  if (!b) {
    b = block_of (r, p->base);
    b->used = true;
    b->base = p->base;
    b->base_timestamp = p->base_timestamp;
    b->size = p->size;
    b->since = now;
    memset (b->present, 0, sizeof b->present);
    memset (b->restored, 0, sizeof b->restored);
  }
  if (b->present[p->index])
    return PF_GS_AUDIO_DROP_DUPLICATE;
  if (p->size != b->size || p->base_timestamp != b->base_timestamp)
    return PF_GS_AUDIO_DROP_CONFLICT;
  memcpy (b->rows[p->index], p->payload, p->size);
  memset (b->rows[p->index] + p->size, 0, ROW - p->size);
  b->present[p->index] = 1;
  restore (r, b);
  return PF_GS_AUDIO_TAKEN;
}

PfGsAudioFate
pf_gs_audio_push (
    PfGsAudioReceiver *r, const uint8_t *datagram, size_t size, uint64_t now_ns)
{
  PfGsAudioFate fate = PF_GS_AUDIO_DROP_INVALID;
  Packet p;

  if (parse (r, datagram, size, &p))
    fate = take (r, &p, now_ns);
  r->stats.fates[fate]++;
  return fate;
}

uint64_t
pf_gs_audio_wake (const PfGsAudioReceiver *r)
{
  uint64_t since = UINT64_MAX;
  const Block *b;

  if (r->n_skipped)
    return 0;
  if (!r->started)
    return UINT64_MAX;
  /* Something later is there: a later packet of the block or a later block. */
  for (unsigned i = 0; i < N_BLOCKS; i++) {
    const uint16_t base = (uint16_t) (r->next - r->next % DATA + i * DATA);

    b = &r->blocks[base / DATA % N_BLOCKS];
    if (!b->used || b->base != base)
      continue;
    if (i == 0) {
      bool later = false;

      if (b->present[r->next % DATA])
        return 0;
      for (unsigned k = r->next % DATA + 1u; k < ROWS; k++)
        later |= b->present[k];
      if (!later)
        continue;
    }
    if (b->since < since)
      since = b->since;
  }
  return since > UINT64_MAX - r->deadline ? UINT64_MAX : since + r->deadline;
}

/* The packet that is due, if it is there and intact. */
static bool
hand_out (PfGsAudioReceiver *r, PfGsAudioEvent *e)
{
  const unsigned i = r->next % DATA;
  const Block *b = find_block (r, r->next);
  uint8_t iv[PF_CBC_BLOCK];

  if (!b || !b->present[i])
    return false;
  e->timestamp_ms = b->base_timestamp + i * r->packet_ms;
  e->restored = b->restored[i];
  e->opus = b->rows[i];
  e->size = b->size;
  if (r->cbc) {
    pf_cbc_audio_iv (r->key_id, r->next, iv);
    if (pf_cbc_decrypt (r->cbc, iv, b->rows[i], b->size, r->out, &e->size) <
        0) {
      r->stats.damaged++;
      return false;
    }
    e->opus = r->out;
  }
  return true;
}

int
pf_gs_audio_next (PfGsAudioReceiver *r, uint64_t now_ns, PfGsAudioEvent *event)
{
  PfGsAudioEvent e = { 0 };

  if (r->n_skipped) {
    e.n_lost = r->n_skipped;
    e.sequence = r->skipped;
    r->n_skipped = 0;
    r->stats.lost += e.n_lost;
    *event = e;
    return 1;
  }
  if (pf_gs_audio_wake (r) > now_ns || !r->started)
    return 0;
  e.sequence = r->next;
  if (hand_out (r, &e)) {
    r->stats.packets++;
    r->stats.restored += e.restored;
  } else {
    e = (PfGsAudioEvent){ .n_lost = 1, .sequence = r->next };
    r->stats.lost++;
  }
  r->next++;
  if (r->next % DATA == 0) {
    Block *b = find_block (r, (uint16_t) (r->next - 1));

    if (b)
      b->used = false;
  }
  *event = e;
  return 1;
}

const PfGsAudioStats *
pf_gs_audio_stats (const PfGsAudioReceiver *receiver)
{
  return &receiver->stats;
}
