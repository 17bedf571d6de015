/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A key that cannot be printed; see pf-secret.h. */
#include "pf-secret.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct _PfSecret {
  gint refs; /* atomic */
  PfKey key;
};

G_DEFINE_BOXED_TYPE (PfSecret, pf_secret, pf_secret_ref, pf_secret_unref)

static gsize
room (void)
{
  const gsize page = (gsize) sysconf (_SC_PAGESIZE);

  return (sizeof (PfSecret) + page - 1) / page * page;
}

PfSecret *
pf_secret_new (const PfKey *key)
{
  /* pages of its own, so that advice about them touches nothing else */
  void *pages = mmap (NULL, room (), PROT_READ | PROT_WRITE,
      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  PfSecret *secret = pages;

  if (pages == MAP_FAILED)
    return NULL;
  /* what a kernel does not know is no reason to go without the key */
  (void) madvise (pages, room (), MADV_DONTDUMP);
  (void) madvise (pages, room (), MADV_WIPEONFORK);
  (void) mlock (pages, room ());
  secret->refs = 1;
  secret->key = *key;
  return secret;
}

PfSecret *
pf_secret_ref (PfSecret *secret)
{
  g_atomic_int_inc (&secret->refs);
  return secret;
}

void
pf_secret_unref (PfSecret *secret)
{
  if (!secret || !g_atomic_int_dec_and_test (&secret->refs))
    return;
  explicit_bzero (secret, sizeof *secret);
  munmap (secret, room ());
}

const PfKey *
pf_secret_key (const PfSecret *secret)
{
  return &secret->key;
}

gboolean
pf_secret_equal (const PfSecret *a, const PfSecret *b)
{
  guint8 differ;

  if (a == b || !a || !b)
    return a == b;
  differ = a->key.cipher != b->key.cipher;
  for (gsize i = 0; i < sizeof a->key.key; i++)
    differ |= a->key.key[i] ^ b->key.key[i];
  for (gsize i = 0; i < sizeof a->key.salt; i++)
    differ |= a->key.salt[i] ^ b->key.salt[i];
  return differ == 0;
}
