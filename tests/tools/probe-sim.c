/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The channel and the frames that go through it. */
#include "probe-sim.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "pf.h"

/* What a shard that did not arrive holds. */
#define JUNK 0xa5

typedef struct {
  unsigned k, n;
  size_t size, stride;
  uint8_t *sent, *got; /* arenas of n rows */
  uint8_t **sent_rows, **got_rows;
  const uint8_t **arrived; /* parity rows for decode; NULL when lost */
  uint8_t *present;
  double *encode_us, *decode_us;
  uint64_t random[2];
} Sim;

/* xorshift128+ */
static uint64_t
random_next (uint64_t state[2])
{
  uint64_t a = state[0], b = state[1];

  state[0] = b;
  a ^= a << 23;
  state[1] = a ^ b ^ (a >> 18) ^ (b >> 5);
  return state[1] + b;
}

static void
random_seed (uint64_t state[2], uint64_t seed)
{
  int i;

  for (i = 0; i < 2; i++) { /* splitmix64 */
    uint64_t z = seed += 0x9e3779b97f4a7c15u;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    state[i] = z ^ (z >> 31);
  }
  state[0] |= 1;
}

static bool
chance (Sim *s, double p)
{
  return (double) (random_next (s->random) >> 11) * 0x1p-53 < p;
}

static double
now_us (void)
{
  struct timespec t;

  clock_gettime (CLOCK_MONOTONIC, &t);
  return (double) t.tv_sec * 1e6 + (double) t.tv_nsec / 1e3;
}

static int
compare_doubles (const void *a, const void *b)
{
  double x = *(const double *) a, y = *(const double *) b;

  return (x > y) - (x < y);
}

/* Sorts. */
static double
median (double *values, unsigned n)
{
  if (n == 0)
    return 0;
  qsort (values, n, sizeof *values, compare_doubles);
  return n % 2 == 1 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

static void
sim_clear (Sim *s)
{
  free (s->sent);
  free (s->got);
  free (s->sent_rows);
  free (s->got_rows);
  free (s->arrived);
  free (s->present);
  free (s->encode_us);
  free (s->decode_us);
}

static int
sim_init (Sim *s, const ProbePoint *p)
{
  unsigned i;

  memset (s, 0, sizeof *s);
  s->k = p->data;
  s->n = p->data + p->parity;
  s->size = p->size;
  s->stride = (p->size + 63) / 64 * 64;
  if (s->stride % 4096 == 0)
    s->stride += 64;
  s->sent = calloc (s->n, s->stride);
  s->got = calloc (s->n, s->stride);
  s->sent_rows = calloc (s->n, sizeof *s->sent_rows);
  s->got_rows = calloc (s->n, sizeof *s->got_rows);
  s->arrived = calloc (p->parity, sizeof *s->arrived);
  s->present = calloc (s->n, 1);
  s->encode_us = calloc (p->frames, sizeof *s->encode_us);
  s->decode_us = calloc (p->frames, sizeof *s->decode_us);
  if (s->sent == NULL || s->got == NULL || s->sent_rows == NULL ||
      s->got_rows == NULL || s->arrived == NULL || s->present == NULL ||
      s->encode_us == NULL || s->decode_us == NULL) {
    sim_clear (s);
    return -1;
  }
  for (i = 0; i < s->n; i++) {
    s->sent_rows[i] = s->sent + i * s->stride;
    s->got_rows[i] = s->got + i * s->stride;
  }
  /* Points differ in what they lose even with one seed for all. */
  random_seed (s->random, p->seed ^ ((uint64_t) p->scheme << 56) ^
                              ((uint64_t) p->percent << 40) ^
                              (uint64_t) (p->loss * 1e9));
  return 0;
}

static void
fill (Sim *s)
{
  unsigned i;
  size_t b;

  /* The stride is a multiple of 8. */
  for (i = 0; i < s->k; i++)
    for (b = 0; b < s->size; b += 8) {
      uint64_t word = random_next (s->random);

      memcpy (s->sent_rows[i] + b, &word, 8);
    }
}

/* Decides what arrives and hands it over. Returns the number of lost data
 * rows; lost_parity is added up to *lost. */
static unsigned
transmit (Sim *s, const ProbeChannel *channel, unsigned *lost)
{
  bool bad = chance (s, channel->bad);
  unsigned lost_data = 0, i;

  *lost = 0;
  for (i = 0; i < s->n; i++) {
    bool gone = bad && chance (s, channel->bad_loss);

    s->present[i] = !gone;
    if (gone) {
      memset (s->got_rows[i], JUNK, s->size);
      lost_data += i < s->k;
      ++*lost;
    } else
      memcpy (s->got_rows[i], s->sent_rows[i], s->size);
    if (i >= s->k)
      s->arrived[i - s->k] = gone ? NULL : s->got_rows[i];
    bad = bad ? !chance (s, channel->bad_good) : chance (s, channel->good_bad);
  }
  return lost_data;
}

static bool
is_junk (const uint8_t *row, size_t size)
{
  while (size > 0)
    if (row[--size] != JUNK)
      return false;
  return true;
}

/* Lost data is there again if restored, and nothing else was written. */
static bool
verify (const Sim *s, bool restored)
{
  unsigned i;

  for (i = 0; i < s->n; i++)
    if (s->present[i] || (restored && i < s->k)
            ? memcmp (s->got_rows[i], s->sent_rows[i], s->size) != 0
            : !is_junk (s->got_rows[i], s->size))
      return false;
  return true;
}

static const char *
run_frames (Sim *s, PfFec *fec, const ProbePoint *p, ProbeResult *r)
{
  unsigned frame, lost, lost_data;
  double t0, t1;
  int rc;

  for (frame = 0; frame < p->frames; frame++) {
    fill (s);
    t0 = now_us ();
    rc = pf_fec_encode (
        fec, (const uint8_t *const *) s->sent_rows, s->sent_rows + s->k);
    s->encode_us[frame] = now_us () - t0;
    if (rc != PF_OK)
      return "encoding failed";

    lost_data = transmit (s, &p->channel, &lost);
    r->shards_sent += s->n;
    r->shards_lost += lost;
    t0 = now_us ();
    rc = pf_fec_decode (fec, s->got_rows, s->arrived, s->present);
    t1 = now_us ();

    if (lost > s->n - s->k) {
      if (rc != PF_ERR_NEED_MORE)
        return "decoding too few shards did not say so";
      r->unrecoverable++;
    } else if (rc != PF_OK)
      return "decoding failed though enough shards arrived";
    else if (lost_data > 0)
      s->decode_us[r->recovered++] = t1 - t0;
    else
      r->intact++;
    if (!verify (s, rc == PF_OK))
      return "wrong bytes after decoding";
  }
  return NULL;
}

const char *
probe_run (const ProbePoint *p, ProbeResult *result)
{
  PfFecConfig config = PF_FEC_CONFIG_INIT;
  ProbeResult r;
  PfFec *fec;
  Sim s;
  const char *wrong;
  int rc;

  memset (&r, 0, sizeof r);
  config.scheme = p->scheme;
  config.data_shards = p->data;
  config.parity_shards = p->parity;
  config.shard_size = p->size;
  rc = pf_fec_new (&config, &fec);
  if (rc != PF_OK)
    return pf_strerror (rc);
  if (sim_init (&s, p) != 0) {
    pf_fec_free (fec);
    return pf_strerror (PF_ERR_NO_MEMORY);
  }
  wrong = run_frames (&s, fec, p, &r);
  if (wrong == NULL) {
    r.encode_us = median (s.encode_us, p->frames);
    r.decode_us = median (s.decode_us, r.recovered);
    r.decode_us_worst = r.recovered > 0 ? s.decode_us[r.recovered - 1] : 0;
    r.binomial = probe_binomial_tail (s.n, p->parity, p->loss);
    r.expected = p->channel.memoryless
                     ? r.binomial
                     : probe_channel_tail (&p->channel, s.n, p->parity);
    probe_band (p->frames, r.expected, 0.95, &r.band_low, &r.band_high);
    *result = r;
  }
  sim_clear (&s);
  pf_fec_free (fec);
  return wrong;
}
