/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The host's side of GameStream's pairing. Some clients go on to the fourth
 * phase with a PIN that does not fit, so the check there is the one that
 * counts.
 */
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "pf-gs-pair-private.h"
#include "pf-wipe.h"

#define NEVER UINT64_MAX

struct PfGsPairHost {
  const PfGsCert *host;
  PfGsPairState state;
  uint64_t limit_ns;
  PfGsCert *client;
  struct {
    uint8_t salt[PF_GS_PAIR_SALT];
    uint8_t key[PF_GS_PAIR_BLOCK];
    uint8_t secret[PF_GS_PAIR_BLOCK];    /* ours */
    uint8_t challenge[PF_GS_PAIR_BLOCK]; /* ours */
    uint8_t proof[PF_GS_PAIR_HASH];      /* the client's, not yet checked */
  } s;
};

int
pf_gs_pair_host_new (const PfGsCert *host, uint64_t now_ns,
    const uint8_t random[PF_GS_PAIR_RANDOM], PfGsPairHost **pair)
{
  PfGsPairHost *p;

  if (!host || !random || !pair)
    return PF_ERR_INVALID;
  p = calloc (1, sizeof *p);
  if (!p)
    return PF_ERR_NO_MEMORY;
  p->host = host;
  p->limit_ns = now_ns + PF_GS_PAIR_STEP_NS;
  memcpy (p->s.secret, random, PF_GS_PAIR_BLOCK);
  memcpy (p->s.challenge, random + PF_GS_PAIR_BLOCK, PF_GS_PAIR_BLOCK);
  *pair = p;
  return 0;
}

void
pf_gs_pair_host_free (PfGsPairHost *pair)
{
  if (!pair)
    return;
  pf_gs_cert_free (pair->client);
  pf_wipe (&pair->s, sizeof pair->s);
  free (pair);
}

PfGsPairState
pf_gs_pair_host_state (const PfGsPairHost *pair)
{
  return pair->state;
}

uint64_t
pf_gs_pair_host_wake (const PfGsPairHost *pair)
{
  return pair->limit_ns;
}

const PfGsCert *
pf_gs_pair_host_client (const PfGsPairHost *pair)
{
  return pair->state == PF_GS_PAIR_PROVEN || pair->state == PF_GS_PAIR_DONE
             ? pair->client
             : NULL;
}

/* Nothing of it is of use any more. */
static int
fail (PfGsPairHost *p, int error)
{
  p->state = PF_GS_PAIR_FAILED;
  p->limit_ns = NEVER;
  pf_wipe (&p->s, sizeof p->s);
  pf_gs_cert_free (p->client);
  p->client = NULL;
  return error;
}

void
pf_gs_pair_host_tick (PfGsPairHost *pair, uint64_t now_ns)
{
  if (now_ns >= pair->limit_ns)
    fail (pair, 0);
}

/* Is this what is due? */
static bool
is_due (PfGsPairHost *p, PfGsPairState state, uint64_t now)
{
  pf_gs_pair_host_tick (p, now);
  return p->state == state;
}

static int
go_on (PfGsPairHost *p, int ret, PfGsPairState next, uint64_t limit_ns)
{
  if (ret < 0)
    return fail (p, ret);
  p->state = next;
  p->limit_ns = limit_ns;
  return 0;
}

int
pf_gs_pair_host_begin (
    PfGsPairHost *pair, PfGsText salt, PfGsText client_cert, uint64_t now_ns)
{
  PfGsPairHost *p = pair;
  int ret;

  if (!is_due (p, PF_GS_PAIR_NEW, now_ns))
    return fail (p, PF_ERR_INVALID);
  ret = pf_gs_pair_unhex (salt, p->s.salt, sizeof p->s.salt);
  if (ret == 0)
    ret = pf_gs_pair_unhex_cert (client_cert, &p->client);
  return go_on (p, ret, PF_GS_PAIR_AWAIT_PIN, now_ns + PF_GS_PAIR_PIN_NS);
}

int
pf_gs_pair_host_pin (PfGsPairHost *pair, const char *pin, size_t pin_size,
    uint64_t now_ns, char *out)
{
  PfGsPairHost *p = pair;
  int ret;

  if (!is_due (p, PF_GS_PAIR_AWAIT_PIN, now_ns) || pin_size != PF_GS_PAIR_PIN)
    return fail (p, PF_ERR_INVALID);
  for (unsigned i = 0; i < PF_GS_PAIR_PIN; i++)
    if (pin[i] < '0' || pin[i] > '9')
      return fail (p, PF_ERR_INVALID);
  ret = pf_gs_pair_key (p->s.salt, pin, p->s.key);
  if (ret == 0)
    pf_gs_pair_hex_cert (p->host, out);
  return go_on (
      p, ret, PF_GS_PAIR_AWAIT_CHALLENGE, now_ns + PF_GS_PAIR_STEP_NS);
}

int
pf_gs_pair_host_challenge (
    PfGsPairHost *pair, PfGsText challenge, uint64_t now_ns, char *out)
{
  PfGsPairHost *p = pair;
  uint8_t theirs[PF_GS_PAIR_BLOCK];
  uint8_t answer[PF_GS_PAIR_HASH + PF_GS_PAIR_BLOCK];
  int ret;

  if (!is_due (p, PF_GS_PAIR_AWAIT_CHALLENGE, now_ns))
    return fail (p, PF_ERR_INVALID);
  ret = pf_gs_pair_unhex (challenge, theirs, sizeof theirs);
  if (ret == 0)
    ret = pf_gs_pair_crypt (false, p->s.key, theirs, sizeof theirs);
  if (ret == 0)
    ret = pf_gs_pair_proof (theirs, p->host, p->s.secret, answer);
  memcpy (answer + PF_GS_PAIR_HASH, p->s.challenge, PF_GS_PAIR_BLOCK);
  if (ret == 0)
    ret = pf_gs_pair_crypt (true, p->s.key, answer, sizeof answer);
  if (ret == 0)
    pf_gs_pair_hex (answer, sizeof answer, out);
  pf_wipe (answer, sizeof answer);
  return go_on (p, ret, PF_GS_PAIR_AWAIT_RESPONSE, now_ns + PF_GS_PAIR_STEP_NS);
}

int
pf_gs_pair_host_response (
    PfGsPairHost *pair, PfGsText response, uint64_t now_ns, char *out)
{
  PfGsPairHost *p = pair;
  int ret;

  if (!is_due (p, PF_GS_PAIR_AWAIT_RESPONSE, now_ns))
    return fail (p, PF_ERR_INVALID);
  ret = pf_gs_pair_unhex (response, p->s.proof, sizeof p->s.proof);
  if (ret == 0)
    ret = pf_gs_pair_crypt (false, p->s.key, p->s.proof, sizeof p->s.proof);
  if (ret == 0)
    ret = pf_gs_pair_sign_secret (p->host, p->s.secret, out);
  return go_on (p, ret, PF_GS_PAIR_AWAIT_SECRET, now_ns + PF_GS_PAIR_STEP_NS);
}

int
pf_gs_pair_host_secret (PfGsPairHost *pair, PfGsText secret, uint64_t now_ns)
{
  PfGsPairHost *p = pair;
  uint8_t theirs[PF_GS_PAIR_BLOCK], proof[PF_GS_PAIR_HASH];
  int ret;

  if (!is_due (p, PF_GS_PAIR_AWAIT_SECRET, now_ns))
    return fail (p, PF_ERR_INVALID);
  ret = pf_gs_pair_verify_secret (p->client, secret, theirs);
  if (ret == 0)
    ret = pf_gs_pair_proof (p->s.challenge, p->client, theirs, proof);
  if (ret == 0 && CRYPTO_memcmp (proof, p->s.proof, sizeof proof) != 0)
    ret = PF_ERR_AUTH;
  ret = go_on (p, ret, PF_GS_PAIR_PROVEN, now_ns + PF_GS_PAIR_STEP_NS);
  if (ret == 0)
    pf_wipe (&p->s, sizeof p->s);
  return ret;
}

int
pf_gs_pair_host_confirm (
    PfGsPairHost *pair, const uint8_t *der, size_t der_size, uint64_t now_ns)
{
  PfGsPairHost *p = pair;

  if (!is_due (p, PF_GS_PAIR_PROVEN, now_ns))
    return fail (p, PF_ERR_INVALID);
  if (!pf_gs_cert_is (p->client, der, der_size))
    return fail (p, PF_ERR_AUTH);
  return go_on (p, 0, PF_GS_PAIR_DONE, NEVER);
}
