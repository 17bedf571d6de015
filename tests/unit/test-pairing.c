/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The PIN ceremony: bytes of real peers from both ends, wrong PINs, another
 * certificate between, and every order of messages but the one.
 */
#include <string.h>

#include "crypto-vectors.h"
#include "pf-pairing.h"
#include "pf-test.h"

static const uint8_t client_fp[32] = { 0xc1, 1 }, host_fp[32] = { 0x05, 2 };

typedef struct {
  PfPairing client, host;
  PfMsgControl request, challenge, proof, result;
} Ceremony;

static void
fill_random (uint8_t random[PF_SPAKE2_RANDOM])
{
  pf_test_random_bytes (random, PF_SPAKE2_RANDOM);
}

/* Up to the request that the client made. */
static void
begin (Ceremony *c, const char *pin)
{
  uint8_t random[PF_SPAKE2_RANDOM];

  memset (c, 0, sizeof *c);
  fill_random (random);
  pf_pairing_init (&c->client, client_fp, host_fp);
  pf_pairing_init (&c->host, client_fp, host_fp);
  PF_REQUIRE_INT (
      pf_pairing_client_start (&c->client, pin, "Deck", random, &c->request),
      ==, 0);
}

/* Up to the challenge. */
static void
answer (Ceremony *c, const char *pin)
{
  uint8_t random[PF_SPAKE2_RANDOM];

  fill_random (random);
  PF_REQUIRE_INT (
      pf_pairing_host_request (&c->host, &c->request.pair_request), ==, 0);
  PF_REQUIRE_INT (
      pf_pairing_host_challenge (&c->host, pin, random, &c->challenge), ==, 0);
}

static void
check_message (const PfMsgControl *control, const PfJson *expected)
{
  const Bytes want = crypto_vectors_hex (expected);
  uint8_t bytes[PF_MSG_CONTROL_MAX];
  size_t n = 0;

  PF_REQUIRE_INT (
      pf_msg_control_encode (control, bytes, sizeof bytes, &n), ==, 0);
  PF_REQUIRE_UINT (n, ==, want.size);
  PF_CHECK_MEM (bytes, want.data, n);
}

/* Scalars of the vectors are reduced already. */
static void
scalar_of (const PfJson *value, uint8_t random[PF_SPAKE2_RANDOM])
{
  const Bytes scalar = crypto_vectors_hex (value);

  PF_REQUIRE_UINT (scalar.size, ==, 32);
  memset (random, 0, PF_SPAKE2_RANDOM);
  memcpy (random, scalar.data, 32);
}

static void
check_vector (const PfJson *v)
{
  const Bytes client = crypto_vectors_hex (pf_json_member (v, "client_fp"));
  const Bytes host = crypto_vectors_hex (pf_json_member (v, "host_fp"));
  const Bytes key = crypto_vectors_hex (pf_json_member (v, "shared_key"));
  const char *pin = pf_json_string (pf_json_member (v, "pin"));
  uint8_t random[PF_SPAKE2_RANDOM], got[PF_SPAKE2_KEY];
  Ceremony c = { 0 };
  PfSpake2 spake;

  pf_pairing_init (&c.client, client.data, host.data);
  pf_pairing_init (&c.host, client.data, host.data);
  scalar_of (pf_json_member (v, "x_scalar_le"), random);
  PF_REQUIRE_INT (
      pf_pairing_client_start (&c.client, pin, "Deck", random, &c.request), ==,
      0);
  check_message (&c.request, pf_json_member (v, "PairRequest_name_Deck"));
  PF_REQUIRE_INT (
      pf_pairing_host_request (&c.host, &c.request.pair_request), ==, 0);
  scalar_of (pf_json_member (v, "y_scalar_le"), random);
  PF_REQUIRE_INT (pf_spake2_start (&spake, PF_SPAKE2_HOST,
                      (const uint8_t *) pin, strlen (pin), random),
      ==, 0);
  PF_CHECK_INT (pf_spake2_finish (&spake, c.request.pair_request.spake,
                    client.data, host.data, got),
      ==, 0);
  PF_CHECK_MEM (got, key.data, sizeof got);
  PF_REQUIRE_INT (
      pf_pairing_host_challenge (&c.host, pin, random, &c.challenge), ==, 0);
  check_message (&c.challenge, pf_json_member (v, "PairChallenge"));
  PF_REQUIRE_INT (pf_pairing_client_challenge (
                      &c.client, &c.challenge.pair_challenge, &c.proof),
      ==, 0);
  check_message (&c.proof, pf_json_member (v, "PairProof"));
  PF_CHECK_INT (pf_pairing_host_proof (&c.host, &c.proof.pair_proof), ==, 0);
  PF_CHECK_INT (pf_pairing_host_result (&c.host, true, &c.result), ==, 0);
  check_message (&c.result, pf_json_member (v, "PairResult_ok"));
  PF_CHECK_INT (
      pf_pairing_client_result (&c.client, &c.result.pair_result), ==, 0);
  PF_CHECK_INT (c.host.state, ==, PF_PAIRING_PAIRED);
  PF_CHECK_INT (c.client.state, ==, PF_PAIRING_PAIRED);
}

static void
test_vectors (void)
{
  const PfJson *vectors = pf_json_member (
      crypto_vectors_load ("punktfunk1/spake2.json"), "vectors");
  unsigned n = 0;

  for (const PfJson *v = pf_json_first (vectors); v; v = pf_json_next (v), n++)
    check_vector (v);
  PF_CHECK_UINT (n, ==, 5);
  crypto_vectors_clear ();
}

/* The client notices, and proves nothing. */
static void
test_wrong_pin (void)
{
  static const uint8_t zero[PF_MSG_CONFIRM_SIZE];
  Ceremony c;

  begin (&c, "1234");
  answer (&c, "1235");
  PF_CHECK_INT (pf_pairing_client_challenge (
                    &c.client, &c.challenge.pair_challenge, &c.proof),
      ==, PF_ERR_AUTH);
  PF_CHECK_MEM (c.proof.pair_proof.confirm, zero, sizeof zero);
  PF_CHECK_INT (c.client.state, ==, PF_PAIRING_FAILED);
}

/* A client that goes on all the same gets nowhere, and has no second try. */
static void
test_wrong_proof (void)
{
  PfMsgPairProof proof = { { 0 } };
  Ceremony c;

  begin (&c, "1234");
  answer (&c, "1234");
  PF_REQUIRE_INT (pf_pairing_client_challenge (
                      &c.client, &c.challenge.pair_challenge, &c.proof),
      ==, 0);
  proof = c.proof.pair_proof;
  proof.confirm[31] ^= 1;
  PF_CHECK_INT (pf_pairing_host_proof (&c.host, &proof), ==, PF_ERR_AUTH);
  PF_CHECK_INT (
      pf_pairing_host_proof (&c.host, &c.proof.pair_proof), ==, PF_ERR_INVALID);
  PF_CHECK_INT (
      pf_pairing_host_result (&c.host, true, &c.result), ==, PF_ERR_INVALID);
  PF_CHECK_INT (pf_pairing_host_result (&c.host, false, &c.result), ==, 0);
  PF_CHECK_INT (c.result.pair_result.ok, ==, 0);
  PF_CHECK_INT (pf_pairing_client_result (&c.client, &c.result.pair_result), ==,
      PF_ERR_AUTH);
}

/* S26: somebody between has another certificate on each side, and knows the
 * messages of both. */
static void
test_between (void)
{
  static const uint8_t between[32] = { 0xbe };
  Ceremony c;

  begin (&c, "1234");
  pf_pairing_init (&c.host, between, host_fp);
  answer (&c, "1234");
  PF_CHECK_INT (pf_pairing_client_challenge (
                    &c.client, &c.challenge.pair_challenge, &c.proof),
      ==, PF_ERR_AUTH);
  begin (&c, "1234");
  pf_pairing_init (&c.client, client_fp, between);
  {
    uint8_t random[PF_SPAKE2_RANDOM];

    fill_random (random);
    PF_REQUIRE_INT (
        pf_pairing_client_start (&c.client, "1234", "Deck", random, &c.request),
        ==, 0);
  }
  answer (&c, "1234");
  PF_CHECK_INT (pf_pairing_client_challenge (
                    &c.client, &c.challenge.pair_challenge, &c.proof),
      ==, PF_ERR_AUTH);
}

/* ---- Order --------------------------------------------------------------- */

enum { REQUEST, CHALLENGE, PROOF, RESULT, N_STEPS };

static int
host_step (Ceremony *c, PfPairing *p, int step)
{
  uint8_t random[PF_SPAKE2_RANDOM];
  PfMsgControl out;

  fill_random (random);
  switch (step) {
  case REQUEST:
    return pf_pairing_host_request (p, &c->request.pair_request);
  case CHALLENGE:
    return pf_pairing_host_challenge (p, "1234", random, &out);
  case PROOF:
    return pf_pairing_host_proof (p, &c->proof.pair_proof);
  default:
    return pf_pairing_host_result (p, true, &out);
  }
}

/* S4: all sequences of four steps. None but the one order leads anywhere, and
 * after a step out of turn nothing does. */
static void
test_order (void)
{
  Ceremony c;
  unsigned good = 0;

  begin (&c, "1234");
  answer (&c, "1234");
  PF_REQUIRE_INT (pf_pairing_client_challenge (
                      &c.client, &c.challenge.pair_challenge, &c.proof),
      ==, 0);
  for (int i = 0; i < 2 * N_STEPS * N_STEPS * N_STEPS * N_STEPS; i++) {
    const int steps[] = { i % 4, i / 4 % 4, i / 16 % 4, i / 64 % 4 };
    bool broken = false;
    PfPairing p;

    if (i >= 256) /* what a host expects that has asked nothing yet */
      memset (&c.proof.pair_proof, 0, sizeof c.proof.pair_proof);
    pf_pairing_init (&p, client_fp, host_fp);
    for (int k = 0; k < N_STEPS; k++) {
      /* a proof for another run is a wrong one: it ends there at the latest */
      const int ret = host_step (&c, &p, steps[k]);

      PF_CHECK (!(broken && ret == 0));
      PF_CHECK (!(ret == 0 && steps[k] != k));
      broken = broken || ret < 0;
    }
    PF_CHECK (p.state != PF_PAIRING_PAIRED);
    good += !broken;
  }
  PF_CHECK_UINT (good, ==, 0);
}

static void
test_client_order (void)
{
  uint8_t random[PF_SPAKE2_RANDOM];
  PfMsgPairResult ok = { 1 };
  PfMsgControl out;
  Ceremony c;

  fill_random (random);
  begin (&c, "1234");
  PF_CHECK_INT (pf_pairing_client_result (&c.client, &ok), ==, PF_ERR_INVALID);
  begin (&c, "1234");
  PF_CHECK_INT (
      pf_pairing_client_start (&c.client, "1234", "Deck", random, &out), ==,
      PF_ERR_INVALID);
  begin (&c, "1234");
  answer (&c, "1234");
  PF_CHECK_INT (pf_pairing_client_challenge (
                    &c.client, &c.challenge.pair_challenge, &out),
      ==, 0);
  PF_CHECK_INT (pf_pairing_client_challenge (
                    &c.client, &c.challenge.pair_challenge, &out),
      ==, PF_ERR_INVALID);
  PF_CHECK_INT (pf_pairing_client_result (&c.client, &ok), ==, PF_ERR_INVALID);
}

/* Messages that are no points, of small order, of the wrong side, or the other
 * side's own. */
static void
test_points (void)
{
  uint8_t random[PF_SPAKE2_RANDOM];
  Ceremony c;

  for (unsigned i = 0; i < 6; i++) {
    begin (&c, "1234");
    switch (i) {
    case 0:
      memset (c.request.pair_request.spake + 1, 0, 32);
      break;
    case 1: /* the neutral element */
      memset (c.request.pair_request.spake + 1, 0, 32);
      c.request.pair_request.spake[1] = 1;
      break;
    case 2:
      memset (c.request.pair_request.spake + 1, 0xff, 32);
      break;
    case 3:
      c.request.pair_request.spake[0] = 'B';
      break;
    case 4: /* y = 2: no point of the curve */
      memset (c.request.pair_request.spake + 1, 0, 32);
      c.request.pair_request.spake[1] = 2;
      break;
    default:
      c.request.pair_request.spake[0] = 0;
      break;
    }
    PF_CHECK_INT (pf_pairing_host_request (&c.host, &c.request.pair_request),
        ==, PF_ERR_INVALID);
    PF_CHECK_INT (c.host.state, ==, PF_PAIRING_FAILED);
  }
  /* the client's own message comes back */
  begin (&c, "1234");
  answer (&c, "1234");
  memcpy (c.challenge.pair_challenge.spake, c.request.pair_request.spake, 33);
  PF_CHECK_INT (pf_pairing_client_challenge (
                    &c.client, &c.challenge.pair_challenge, &c.proof),
      ==, PF_ERR_INVALID);
  /* no PIN, a name that is too long */
  fill_random (random);
  begin (&c, "1234");
  pf_pairing_host_request (&c.host, &c.request.pair_request);
  PF_CHECK_INT (pf_pairing_host_challenge (&c.host, "", random, &c.challenge),
      ==, PF_ERR_INVALID);
  pf_pairing_init (&c.client, client_fp, host_fp);
  PF_CHECK_INT (pf_pairing_client_start (&c.client, "1234",
                    "0123456789012345678901234567890123456789"
                    "0123456789012345678901234",
                    random, &c.request),
      ==, PF_ERR_INVALID);
}

static void
test_wiped (void)
{
  PfSpake2 zero;
  Ceremony c;

  memset (&zero, 0, sizeof zero);
  begin (&c, "1234");
  answer (&c, "1234");
  PF_REQUIRE_INT (pf_pairing_client_challenge (
                      &c.client, &c.challenge.pair_challenge, &c.proof),
      ==, 0);
  PF_CHECK_MEM (&c.client.spake, &zero, sizeof zero);
  PF_CHECK_INT (pf_pairing_host_proof (&c.host, &c.proof.pair_proof), ==, 0);
  PF_CHECK_MEM (&c.host.spake, &zero, sizeof zero);
  PF_CHECK_MEM (c.host.expected, &zero, sizeof c.host.expected);
  begin (&c, "1234");
  pf_pairing_clear (&c.client);
  PF_CHECK_MEM (&c.client.spake, &zero, sizeof zero);
  PF_CHECK_INT (c.client.state, ==, PF_PAIRING_STARTED);
}

int
main (int argc, char **argv)
{
  PF_TEST_ADD ("/pairing/vectors", test_vectors);
  PF_TEST_ADD ("/pairing/wrong-pin", test_wrong_pin);
  PF_TEST_ADD ("/pairing/wrong-proof", test_wrong_proof);
  PF_TEST_ADD ("/pairing/S26/between", test_between);
  PF_TEST_ADD ("/pairing/S4/order", test_order);
  PF_TEST_ADD ("/pairing/S4/client-order", test_client_order);
  PF_TEST_ADD ("/pairing/points", test_points);
  PF_TEST_ADD ("/pairing/wiped", test_wiped);
  return pf_test_run (argc, argv);
}
