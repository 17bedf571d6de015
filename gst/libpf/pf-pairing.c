/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The PIN ceremony. A side is in one state, which one message leaves; any
 * other message ends the ceremony.
 */
#include "pf-pairing.h"

#include <sodium.h>
#include <string.h>

#include "pf-wipe.h"

static bool
is_pin (const char *pin)
{
  return pin[0] && strlen (pin) <= PF_PAIRING_PIN_MAX;
}

void
pf_pairing_init (PfPairing *pairing,
    const uint8_t client[PF_SPAKE2_FINGERPRINT],
    const uint8_t host[PF_SPAKE2_FINGERPRINT])
{
  *pairing = (PfPairing){ .state = PF_PAIRING_NEW };
  memcpy (pairing->client, client, sizeof pairing->client);
  memcpy (pairing->host, host, sizeof pairing->host);
}

void
pf_pairing_clear (PfPairing *pairing)
{
  const PfPairingState state = pairing->state;

  pf_wipe (pairing, sizeof *pairing);
  pairing->state = state;
}

/* It is over, one way or the other. */
static int
end (PfPairing *p, PfPairingState state, int ret)
{
  pf_wipe (&p->spake, sizeof p->spake);
  pf_wipe (p->expected, sizeof p->expected);
  p->state = state;
  return ret;
}

static int
fail (PfPairing *p, int error)
{
  return end (p, PF_PAIRING_FAILED, error);
}

static void
confirm (const PfPairing *p, const uint8_t key[PF_SPAKE2_KEY],
    const char *label, uint8_t out[PF_MSG_CONFIRM_SIZE])
{
  crypto_auth_hmacsha256_state state;

  crypto_auth_hmacsha256_init (&state, key, PF_SPAKE2_KEY);
  crypto_auth_hmacsha256_update (
      &state, (const uint8_t *) label, strlen (label));
  crypto_auth_hmacsha256_update (&state, p->client, sizeof p->client);
  crypto_auth_hmacsha256_update (&state, p->host, sizeof p->host);
  crypto_auth_hmacsha256_final (&state, out);
  pf_wipe (&state, sizeof state);
}

/* Both confirmations, of the host and of the client. */
static int
make_confirms (PfPairing *p, const uint8_t *theirs,
    uint8_t host[PF_MSG_CONFIRM_SIZE], uint8_t client[PF_MSG_CONFIRM_SIZE])
{
  uint8_t key[PF_SPAKE2_KEY];
  const int ret = pf_spake2_finish (&p->spake, theirs, p->client, p->host, key);

  if (ret == 0) {
    confirm (p, key, "punktfunk-pair-host", host);
    confirm (p, key, "punktfunk-pair-client", client);
  }
  pf_wipe (key, sizeof key);
  return ret;
}

/* ---- The host ----------------------------------------------------------- */

int
pf_pairing_host_request (PfPairing *pairing, const PfMsgPairRequest *request)
{
  if (pairing->state != PF_PAIRING_NEW ||
      pf_spake2_check (PF_SPAKE2_CLIENT, request->spake) < 0)
    return fail (pairing, PF_ERR_INVALID);
  memcpy (pairing->theirs, request->spake, sizeof pairing->theirs);
  pairing->state = PF_PAIRING_REQUESTED;
  return 0;
}

int
pf_pairing_host_challenge (PfPairing *pairing, const char *pin,
    const uint8_t random[PF_SPAKE2_RANDOM], PfMsgControl *challenge)
{
  PfMsgControl c = { .type = PF_MSG_PAIR_CHALLENGE };
  PfPairing *p = pairing;

  if (p->state != PF_PAIRING_REQUESTED || !is_pin (pin) ||
      pf_spake2_start (&p->spake, PF_SPAKE2_HOST, (const uint8_t *) pin,
          strlen (pin), random) < 0 ||
      make_confirms (p, p->theirs, c.pair_challenge.confirm, p->expected) < 0)
    return fail (p, PF_ERR_INVALID);
  memcpy (
      c.pair_challenge.spake, p->spake.message, sizeof c.pair_challenge.spake);
  p->state = PF_PAIRING_ASKED;
  *challenge = c;
  return 0;
}

int
pf_pairing_host_proof (PfPairing *pairing, const PfMsgPairProof *proof)
{
  if (pairing->state != PF_PAIRING_ASKED)
    return fail (pairing, PF_ERR_INVALID);
  if (sodium_memcmp (
          pairing->expected, proof->confirm, sizeof pairing->expected) != 0)
    return fail (pairing, PF_ERR_AUTH);
  return end (pairing, PF_PAIRING_PROVED, 0);
}

int
pf_pairing_host_result (PfPairing *pairing, bool ok, PfMsgControl *result)
{
  if (ok && pairing->state != PF_PAIRING_PROVED)
    return fail (pairing, PF_ERR_INVALID);
  *result = (PfMsgControl){ .type = PF_MSG_PAIR_RESULT, .pair_result.ok = ok };
  return end (pairing, ok ? PF_PAIRING_PAIRED : PF_PAIRING_FAILED, 0);
}

/* ---- The client --------------------------------------------------------- */

int
pf_pairing_client_start (PfPairing *pairing, const char *pin, const char *name,
    const uint8_t random[PF_SPAKE2_RANDOM], PfMsgControl *request)
{
  PfMsgControl c = { .type = PF_MSG_PAIR_REQUEST };
  PfPairing *p = pairing;
  const size_t n = strlen (name);

  if (p->state != PF_PAIRING_NEW || n > PF_MSG_NAME_MAX || !is_pin (pin) ||
      pf_spake2_start (&p->spake, PF_SPAKE2_CLIENT, (const uint8_t *) pin,
          strlen (pin), random) < 0)
    return fail (p, PF_ERR_INVALID);
  memcpy (c.pair_request.name, name, n);
  memcpy (c.pair_request.spake, p->spake.message, sizeof c.pair_request.spake);
  p->state = PF_PAIRING_STARTED;
  *request = c;
  return 0;
}

int
pf_pairing_client_challenge (PfPairing *pairing,
    const PfMsgPairChallenge *challenge, PfMsgControl *proof)
{
  PfMsgControl c = { .type = PF_MSG_PAIR_PROOF };
  uint8_t host[PF_MSG_CONFIRM_SIZE];
  PfPairing *p = pairing;
  int ret = 0;

  if (p->state != PF_PAIRING_STARTED ||
      make_confirms (p, challenge->spake, host, c.pair_proof.confirm) < 0)
    return fail (p, PF_ERR_INVALID);
  if (sodium_memcmp (host, challenge->confirm, sizeof host) != 0)
    ret = PF_ERR_AUTH;
  pf_wipe (host, sizeof host);
  if (ret == 0)
    *proof = c;
  pf_wipe (&c, sizeof c);
  return ret == 0 ? end (p, PF_PAIRING_PROVED, 0) : fail (p, ret);
}

int
pf_pairing_client_result (PfPairing *pairing, const PfMsgPairResult *result)
{
  if (pairing->state != PF_PAIRING_PROVED)
    return fail (pairing, PF_ERR_INVALID);
  if (result->ok != 1)
    return fail (pairing, PF_ERR_AUTH);
  return end (pairing, PF_PAIRING_PAIRED, 0);
}
