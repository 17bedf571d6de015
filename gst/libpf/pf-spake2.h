/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * SPAKE2 in the Ed25519 group as released clients of punktfunk/1 have it (not
 * RFC 9382): both ends know a PIN, each sends one message, and both have the
 * same key if the PIN was the same. Who listens learns nothing about it, who
 * takes part can try one PIN.
 *
 * Thread-safety: one thread per PfSpake2.
 */
#ifndef PF_SPAKE2_H
#define PF_SPAKE2_H

#include <stddef.h>
#include <stdint.h>

#include "pf-error.h"

#define PF_SPAKE2_MESSAGE 33
#define PF_SPAKE2_RANDOM 64
#define PF_SPAKE2_KEY 32
#define PF_SPAKE2_FINGERPRINT 32

typedef enum {
  PF_SPAKE2_CLIENT, /* A */
  PF_SPAKE2_HOST,   /* B */
} PfSpake2Side;

typedef struct {
  PfSpake2Side side;
  uint8_t scalar[32];   /* secret */
  uint8_t password[32]; /* secret: its scalar */
  uint8_t hash[32];     /* secret: of the password */
  uint8_t message[PF_SPAKE2_MESSAGE];
} PfSpake2;

/*
 * Makes the own message. random is used up: never the same twice.
 * Errors: PF_ERR_INVALID, PF_ERR_UNSUPPORTED (the library does not start).
 */
int pf_spake2_start (PfSpake2 *spake, PfSpake2Side side, const uint8_t *pin,
    size_t pin_size, const uint8_t random[PF_SPAKE2_RANDOM]);

/* Whether this is a message of that side: its letter, and a point of the
 * group that is not of small order. Errors: PF_ERR_INVALID. */
int pf_spake2_check (
    PfSpake2Side side, const uint8_t message[PF_SPAKE2_MESSAGE]);

/* The key, with the other side's message and what both ends are: fingerprints
 * of their certificates. Errors: PF_ERR_INVALID. */
int pf_spake2_finish (const PfSpake2 *spake,
    const uint8_t message[PF_SPAKE2_MESSAGE],
    const uint8_t client[PF_SPAKE2_FINGERPRINT],
    const uint8_t host[PF_SPAKE2_FINGERPRINT], uint8_t key[PF_SPAKE2_KEY]);

void pf_spake2_wipe (PfSpake2 *spake);

#endif /* PF_SPAKE2_H */
