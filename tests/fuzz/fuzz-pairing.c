/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Fuzz target for the PIN ceremony. An input is steps of a host, of a client
 * that is honest, and of one that is not: each a byte that says what happens,
 * and what it needs. Nobody may be paired who did not prove the PIN, a PIN
 * counts once, what has failed stays so.
 */
#include "fuzz-wire.h"

#include <string.h>

#include "pf-arming.h"
#include "pf-pairing.h"

enum { MAX_STEPS = 48 };

static const uint8_t client_fp[32] = { 0xc1 }, host_fp[32] = { 0x05 };

static struct {
  PfArming arming;
  PfPairing host, client;
  PfMsgControl request, challenge, proof;
  /* which ceremony of the host it is, and which the last challenge, and the
   * last proof of the client, were made in; 0: none */
  unsigned ceremony, asked, proved;
  bool same; /* the challenge was made of the client's PIN */
  char pin[PF_ARMING_PIN_MAX + 1];
  uint64_t now, last_take;
  unsigned armed, taken;
  uint8_t counter;
} w;

static void
fill (FuzzInput *in, uint8_t *to, size_t n)
{
  for (size_t i = 0; i < n; i++)
    to[i] = (uint8_t) fuzz_take8 (in);
}

static void
fill_random (uint8_t random[PF_SPAKE2_RANDOM])
{
  memset (random, 0, PF_SPAKE2_RANDOM);
  random[0] = ++w.counter;
  random[31] = 0x5a;
}

static void
begin_ceremony (void)
{
  pf_pairing_init (&w.host, client_fp, host_fp);
  w.ceremony++;
}

/* An honest client begins anew. */
static void
begin_client (FuzzInput *in)
{
  uint8_t random[PF_SPAKE2_RANDOM];
  char pin[5] = "0042";

  pin[3] = (char) ('0' + (uint8_t) fuzz_take8 (in) % 10);
  fill_random (random);
  pf_pairing_init (&w.client, client_fp, host_fp);
  FUZZ_CHECK (pf_pairing_client_start (
                  &w.client, pin, "Deck", random, &w.request) == 0);
  memcpy (w.pin, pin, sizeof pin);
}

static void
arm (FuzzInput *in)
{
  const uint8_t how = (uint8_t) fuzz_take8 (in);

  if (pf_arming_arm (
          &w.arming, "0042", how * 3u, how & 1 ? client_fp : NULL, w.now) == 0)
    w.armed++;
}

static void
take (void)
{
  uint8_t random[PF_SPAKE2_RANDOM];
  char pin[PF_ARMING_PIN_MAX + 1];

  if (pf_arming_take (&w.arming, client_fp, w.now, pin) != PF_CLOSE_DONE)
    return;
  FUZZ_CHECK (++w.taken <= w.armed);
  FUZZ_CHECK (w.taken == 1 || w.now - w.last_take >= PF_ARMING_GAP_NS);
  w.last_take = w.now;
  fill_random (random);
  if (pf_pairing_host_challenge (&w.host, pin, random, &w.challenge) < 0)
    return;
  w.same = strcmp (pin, w.pin) == 0;
  w.asked = w.ceremony;
}

static void
give_back (FuzzInput *in)
{
  if (!pf_arming_done (&w.arming, (uint8_t) fuzz_take8 (in) & 1, w.now))
    return;
  pf_arming_renew (&w.arming, "0043");
  w.armed++;
}

/* A message that may be anything. */
static void
forged (FuzzInput *in)
{
  uint8_t bytes[PF_MSG_CONTROL_MAX];
  const size_t size = (uint8_t) fuzz_take8 (in);
  PfMsgControl m, out;

  fill (in, bytes, size);
  if (pf_msg_control_decode (bytes, size, &m) < 0)
    return;
  if (m.type == PF_MSG_PAIR_REQUEST)
    pf_pairing_host_request (&w.host, &m.pair_request);
  else if (m.type == PF_MSG_PAIR_PROOF)
    FUZZ_CHECK (
        pf_pairing_host_proof (&w.host, &m.pair_proof) < 0 ||
        memcmp (&m.pair_proof, &w.proof.pair_proof, sizeof m.pair_proof) == 0);
  else if (m.type == PF_MSG_PAIR_CHALLENGE)
    FUZZ_CHECK (
        pf_pairing_client_challenge (&w.client, &m.pair_challenge, &out) < 0 ||
        memcmp (&m.pair_challenge, &w.challenge.pair_challenge,
            sizeof m.pair_challenge) == 0);
  else if (m.type == PF_MSG_PAIR_RESULT)
    pf_pairing_client_result (&w.client, &m.pair_result);
}

static void
step (FuzzInput *in)
{
  const PfPairingState before = w.host.state;
  PfMsgControl out;

  switch ((uint8_t) fuzz_take8 (in) % 10) {
  case 0:
    w.now += (uint64_t) (uint8_t) fuzz_take8 (in) * UINT64_C (100000000);
    return;
  case 1:
    arm (in);
    return;
  case 2:
    begin_client (in);
    return;
  case 3:
    begin_ceremony ();
    return;
  case 4:
    pf_pairing_host_request (&w.host, &w.request.pair_request);
    break;
  case 5:
    take ();
    break;
  case 6:
    if (pf_pairing_client_challenge (
            &w.client, &w.challenge.pair_challenge, &w.proof) < 0)
      break;
    FUZZ_CHECK (w.same);
    w.proved = w.asked;
    break;
  case 7:
    FUZZ_CHECK (pf_pairing_host_proof (&w.host, &w.proof.pair_proof) < 0 ||
                w.proved == w.ceremony);
    break;
  case 8:
    if (pf_pairing_host_result (&w.host, (uint8_t) fuzz_take8 (in) & 1, &out) ==
        0)
      pf_pairing_client_result (&w.client, &out.pair_result);
    give_back (in);
    break;
  default:
    forged (in);
    break;
  }
  FUZZ_CHECK (before != PF_PAIRING_FAILED || w.host.state == PF_PAIRING_FAILED);
  FUZZ_CHECK (w.host.state != PF_PAIRING_PAIRED ||
              before == PF_PAIRING_PAIRED || before == PF_PAIRING_PROVED);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  FuzzInput in = { data, size };

  memset (&w, 0, sizeof w);
  w.now = UINT64_C (100000000000);
  begin_ceremony ();
  pf_pairing_init (&w.client, client_fp, host_fp);
  for (unsigned i = 0; i < MAX_STEPS && in.n > 0; i++)
    step (&in);
  return 0;
}
