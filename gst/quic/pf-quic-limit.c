/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Rates of what strangers may ask for; see pf-quic-limit.h. */
#include "pf-quic-limit.h"

#include <netinet/in.h>
#include <string.h>

#define RETRIES 5000
#define RESETS 100
#define SECOND NGTCP2_SECONDS

typedef struct {
  guint64 full_at; /* when it is full again */
} Bucket;

/* Addresses share slots: who meets another one in his shares its rate, and
 * which those are nobody outside can tell. */
struct _PfQuicLimit {
  guint rates[PF_QUIC_N_LIMITS]; /* a second */
  guint rate_address;
  Bucket buckets[PF_QUIC_N_LIMITS];
  Bucket addresses[PF_QUIC_LIMIT_ADDRESSES];
  guint64 seed;
};

PfQuicLimit *
pf_quic_limit_new (void)
{
  PfQuicLimit *l = g_new0 (PfQuicLimit, 1);

  l->rates[PF_QUIC_LIMIT_RETRY] = RETRIES;
  l->rates[PF_QUIC_LIMIT_RESET] = RESETS;
  l->seed = (guint64) g_random_int () << 32 | g_random_int ();
  return l;
}

void
pf_quic_limit_free (PfQuicLimit *l)
{
  g_free (l);
}

void
pf_quic_limit_set_rates (PfQuicLimit *l, const PfQuicLimits *limits)
{
  l->rates[PF_QUIC_LIMIT_UNPROVEN] = limits->rate_unproven;
  l->rates[PF_QUIC_LIMIT_ALL] = limits->rate;
  l->rate_address = limits->rate_address;
}

/* A bucket holds what a second brings. */
static gboolean
take (Bucket *b, guint rate)
{
  const guint64 now = pf_quic_now ();
  const guint64 from = MAX (b->full_at, now);

  if (rate == 0 || from + SECOND / rate > now + SECOND)
    return FALSE;
  b->full_at = from + SECOND / rate;
  return TRUE;
}

gboolean
pf_quic_limit_take (PfQuicLimit *l, PfQuicLimitKind kind)
{
  return take (&l->buckets[kind], l->rates[kind]);
}

static guint64
mix (guint64 hash, const guint8 *bytes, gsize n)
{
  for (gsize i = 0; i < n; i++) {
    hash = (hash ^ bytes[i]) * G_GUINT64_CONSTANT (0x100000001b3);
    hash ^= hash >> 29;
  }
  return hash;
}

/* All of an IPv4 address, mapped or not; of IPv6 the half that a network has,
 * since whoever has one has all in it. */
static guint64
hash_address (const PfQuicLimit *l, const struct sockaddr_storage *address)
{
  if (address->ss_family == AF_INET6) {
    struct sockaddr_in6 a;

    memcpy (&a, address, sizeof a);
    if (IN6_IS_ADDR_V4MAPPED (&a.sin6_addr))
      return mix (l->seed, a.sin6_addr.s6_addr + 12, 4);
    return mix (l->seed, a.sin6_addr.s6_addr, 8);
  } else {
    struct sockaddr_in a;

    memcpy (&a, address, sizeof a);
    return mix (l->seed, (const guint8 *) &a.sin_addr, 4);
  }
}

gboolean
pf_quic_limit_take_address (
    PfQuicLimit *l, const struct sockaddr_storage *address)
{
  const guint64 hash = hash_address (l, address);

  return take (&l->addresses[hash % PF_QUIC_LIMIT_ADDRESSES], l->rate_address);
}
