/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The client's side of GameStream's pairing.
 */
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "pf-gs-pair-private.h"
#include "pf-wipe.h"

typedef enum { AWAIT_CERT, AWAIT_RESPONSE, AWAIT_SECRET, PROVEN, FAILED } State;

struct PfGsPairClient {
  const PfGsCert *client;
  PfGsCert *host;
  State state;
  bool wrong_pin;
  struct {
    uint8_t salt[PF_GS_PAIR_SALT];
    uint8_t challenge[PF_GS_PAIR_BLOCK]; /* ours */
    uint8_t secret[PF_GS_PAIR_BLOCK];    /* ours */
    uint8_t key[PF_GS_PAIR_BLOCK];
    uint8_t proof[PF_GS_PAIR_HASH]; /* the host's, not yet checked */
  } s;
};

int
pf_gs_pair_client_new (const PfGsCert *client, const char pin[PF_GS_PAIR_PIN],
    const uint8_t random[PF_GS_PAIR_CLIENT_RANDOM], PfGsPairClient **pair)
{
  PfGsPairClient *p;
  int ret;

  if (!client || !pin || !random || !pair)
    return PF_ERR_INVALID;
  p = calloc (1, sizeof *p);
  if (!p)
    return PF_ERR_NO_MEMORY;
  p->client = client;
  memcpy (p->s.salt, random, 16);
  memcpy (p->s.challenge, random + 16, 16);
  memcpy (p->s.secret, random + 32, 16);
  ret = pf_gs_pair_key (p->s.salt, pin, p->s.key);
  if (ret < 0) {
    pf_gs_pair_client_free (p);
    return ret;
  }
  *pair = p;
  return 0;
}

void
pf_gs_pair_client_free (PfGsPairClient *pair)
{
  if (!pair)
    return;
  pf_gs_cert_free (pair->host);
  pf_wipe (&pair->s, sizeof pair->s);
  free (pair);
}

void
pf_gs_pair_client_salt (const PfGsPairClient *pair, char *out)
{
  pf_gs_pair_hex (pair->s.salt, sizeof pair->s.salt, out);
}

void
pf_gs_pair_client_cert (const PfGsPairClient *pair, char *out)
{
  pf_gs_pair_hex_cert (pair->client, out);
}

const PfGsCert *
pf_gs_pair_client_host (const PfGsPairClient *pair)
{
  return pair->state == PROVEN ? pair->host : NULL;
}

bool
pf_gs_pair_client_wrong_pin (const PfGsPairClient *pair)
{
  return pair->wrong_pin;
}

static int
go_on (PfGsPairClient *p, int ret, State next)
{
  p->state = ret < 0 ? FAILED : next;
  return ret;
}

int
pf_gs_pair_client_challenge (
    PfGsPairClient *pair, PfGsText plain_cert, char *out)
{
  PfGsPairClient *p = pair;
  uint8_t challenge[PF_GS_PAIR_BLOCK];
  int ret;

  if (p->state != AWAIT_CERT)
    return go_on (p, PF_ERR_INVALID, FAILED);
  memcpy (challenge, p->s.challenge, sizeof challenge);
  ret = pf_gs_pair_unhex_cert (plain_cert, &p->host);
  if (ret == 0)
    ret = pf_gs_pair_crypt (true, p->s.key, challenge, sizeof challenge);
  if (ret == 0)
    pf_gs_pair_hex (challenge, sizeof challenge, out);
  return go_on (p, ret, AWAIT_RESPONSE);
}

int
pf_gs_pair_client_response (
    PfGsPairClient *pair, PfGsText challenge_response, char *out)
{
  PfGsPairClient *p = pair;
  uint8_t bytes[PF_GS_PAIR_HASH + PF_GS_PAIR_BLOCK];
  uint8_t proof[PF_GS_PAIR_HASH];
  int ret;

  if (p->state != AWAIT_RESPONSE)
    return go_on (p, PF_ERR_INVALID, FAILED);
  ret = pf_gs_pair_unhex (challenge_response, bytes, sizeof bytes);
  if (ret == 0)
    ret = pf_gs_pair_crypt (false, p->s.key, bytes, sizeof bytes);
  if (ret < 0)
    return go_on (p, ret, FAILED);
  memcpy (p->s.proof, bytes, sizeof p->s.proof);
  ret =
      pf_gs_pair_proof (bytes + PF_GS_PAIR_HASH, p->client, p->s.secret, proof);
  if (ret == 0)
    ret = pf_gs_pair_crypt (true, p->s.key, proof, sizeof proof);
  if (ret == 0)
    pf_gs_pair_hex (proof, sizeof proof, out);
  pf_wipe (bytes, sizeof bytes);
  return go_on (p, ret, AWAIT_SECRET);
}

int
pf_gs_pair_client_secret (
    PfGsPairClient *pair, PfGsText pairing_secret, char *out)
{
  PfGsPairClient *p = pair;
  uint8_t theirs[PF_GS_PAIR_BLOCK], proof[PF_GS_PAIR_HASH];
  int ret;

  if (p->state != AWAIT_SECRET)
    return go_on (p, PF_ERR_INVALID, FAILED);
  ret = pf_gs_pair_verify_secret (p->host, pairing_secret, theirs);
  if (ret == 0)
    ret = pf_gs_pair_proof (p->s.challenge, p->host, theirs, proof);
  if (ret == 0 && CRYPTO_memcmp (proof, p->s.proof, sizeof proof) != 0) {
    p->wrong_pin = true;
    ret = PF_ERR_AUTH;
  }
  if (ret == 0)
    ret = pf_gs_pair_sign_secret (p->client, p->s.secret, out);
  return go_on (p, ret, PROVEN);
}
