/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The PIN ceremony of punktfunk/1: one side each. Messages go in and out; what
 * comes out of turn, twice or malformed ends it, and one that has ended stays
 * so.
 *
 *   client                          host
 *   client_start  PairRequest  -->  host_request
 *                 PairChallenge <-- host_challenge, once the PIN is known
 *   client_challenge PairProof -->  host_proof: PAIRED or FAILED
 *                 PairResult   <--  host_result, once it is stored
 *   client_result
 *
 * The client proves that it knows the PIN only to a host that has proved it
 * before.
 *
 * Thread-safety: one thread per PfPairing.
 */
#ifndef PF_PAIRING_H
#define PF_PAIRING_H

#include "pf-msg-control.h"
#include "pf-spake2.h"

#define PF_PAIRING_PIN_MAX 64 /* bytes; released ends have 4 digits */

typedef enum {
  PF_PAIRING_NEW,
  PF_PAIRING_REQUESTED, /* host: the PIN is to be found */
  PF_PAIRING_STARTED,   /* client: the challenge is to come */
  PF_PAIRING_ASKED,     /* host: the proof is to come */
  PF_PAIRING_PROVED,    /* both know the PIN; the result is to be told */
  PF_PAIRING_PAIRED,
  PF_PAIRING_FAILED,
} PfPairingState;

typedef struct {
  PfPairingState state;
  uint8_t client[PF_SPAKE2_FINGERPRINT], host[PF_SPAKE2_FINGERPRINT];
  uint8_t theirs[PF_SPAKE2_MESSAGE]; /* of the client */
  PfSpake2 spake;
  uint8_t expected[PF_MSG_CONFIRM_SIZE]; /* of the client, by the host */
} PfPairing;

/* Fingerprints: that of the certificate which the other side really showed,
 * and the own. */
void pf_pairing_init (PfPairing *pairing,
    const uint8_t client[PF_SPAKE2_FINGERPRINT],
    const uint8_t host[PF_SPAKE2_FINGERPRINT]);

/* Wipes all; what it became is kept. */
void pf_pairing_clear (PfPairing *pairing);

/* ---- The host ----------------------------------------------------------- */

/* A PairRequest came. No PIN is used up for a malformed one. Errors:
 * PF_ERR_INVALID. */
int pf_pairing_host_request (
    PfPairing *pairing, const PfMsgPairRequest *request);

/* The PIN is known; from now on it is used up. Errors: PF_ERR_INVALID. */
int pf_pairing_host_challenge (PfPairing *pairing, const char *pin,
    const uint8_t random[PF_SPAKE2_RANDOM], PfMsgControl *challenge);

/* Errors: PF_ERR_AUTH (another PIN, or somebody between), PF_ERR_INVALID (not
 * now). */
int pf_pairing_host_proof (PfPairing *pairing, const PfMsgPairProof *proof);

/* What is told: ok only of one that was proved. Errors: PF_ERR_INVALID. */
int pf_pairing_host_result (PfPairing *pairing, bool ok, PfMsgControl *result);

/* ---- The client --------------------------------------------------------- */

/* Errors: PF_ERR_INVALID. */
int pf_pairing_client_start (PfPairing *pairing, const char *pin,
    const char *name, const uint8_t random[PF_SPAKE2_RANDOM],
    PfMsgControl *request);

/* Errors: PF_ERR_AUTH (the host has another PIN, or somebody is between:
 * nothing is to be sent), PF_ERR_INVALID (malformed, or not now). */
int pf_pairing_client_challenge (PfPairing *pairing,
    const PfMsgPairChallenge *challenge, PfMsgControl *proof);

/* Errors: PF_ERR_AUTH (the host says no), PF_ERR_INVALID (not now). */
int pf_pairing_client_result (
    PfPairing *pairing, const PfMsgPairResult *result);

#endif /* PF_PAIRING_H */
