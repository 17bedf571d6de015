/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Nonces of both wire protocols, and the counter that hands them out: upward
 * only, each once, and none any more when the last is gone. There is no way
 * to reset it; a stream that begins anew begins with a new key.
 */
#ifndef PF_NONCE_H
#define PF_NONCE_H

#include <stdbool.h>

#include "pf-error.h"

#define PF_NONCE_SIZE 12
#define PF_NONCE_LEGACY_SIZE 16
#define PF_NONCE_SALT_SIZE 4

/* Which stream of which protocol, and who seals it. Under one key all of them
 * differ in every nonce: the direction, the stream or both are part of it. */
typedef enum {
  PF_NONCE_PUNKTFUNK1_HOST = 1,       /* salt, top bit 0; u64BE sequence */
  PF_NONCE_PUNKTFUNK1_CLIENT,         /* salt, top bit 1; u64BE sequence */
  PF_NONCE_GAMESTREAM_VIDEO,          /* u64LE counter, 3 zero bytes, 'V' */
  PF_NONCE_GAMESTREAM_CONTROL_HOST,   /* u32LE, 6 zero bytes, 'H', 'C' */
  PF_NONCE_GAMESTREAM_CONTROL_CLIENT, /* u32LE, 6 zero bytes, 'C', 'C' */
  PF_NONCE_GAMESTREAM_RTSP_HOST,      /* u32LE, 6 zero bytes, 'H', 'R' */
  PF_NONCE_GAMESTREAM_RTSP_CLIENT,    /* u32LE, 6 zero bytes, 'C', 'R' */
} PfNonceScheme;

/* What a nonce is made from besides its sequence. SALT is for punktfunk/1 and
 * otherwise ignored. */
typedef struct {
  PfNonceScheme scheme;
  uint8_t salt[PF_NONCE_SALT_SIZE];
} PfNonceSource;

/*
 * The nonce of one sequence number; for a receiver, which takes the number
 * from the packet. Errors: PF_ERR_INVALID (no such scheme), PF_ERR_RANGE (the
 * scheme has no such number).
 */
int pf_nonce_make (const PfNonceSource *source, uint64_t sequence,
    uint8_t nonce[PF_NONCE_SIZE]);

/* GameStream's control encryption of old clients: one byte of the sequence and
 * 15 zero bytes. It repeats after 256 messages and both sides share it; that
 * lies in the format. */
void pf_nonce_make_legacy (
    uint32_t sequence, uint8_t nonce[PF_NONCE_LEGACY_SIZE]);

/*
 * The numbers of one key that have not been used. All fields are private.
 * Thread-safety: one thread per counter.
 */
typedef struct {
  PfNonceSource source;
  uint64_t next;
  uint64_t last; /* the greatest number there is */
  bool used_up;
} PfNonceCounter;

/* Begins at 0, with a key that nobody sealed with. Errors: PF_ERR_INVALID. */
int pf_nonce_counter_init (
    PfNonceCounter *counter, const PfNonceSource *source);

/* Takes the next number. Errors: PF_ERR_EXHAUSTED, from then on always. */
int pf_nonce_counter_take (
    PfNonceCounter *counter, uint64_t *sequence, uint8_t nonce[PF_NONCE_SIZE]);

/* Goes on at SEQUENCE, which must not lie below the next number. Errors:
 * PF_ERR_RANGE, PF_ERR_EXHAUSTED. */
int pf_nonce_counter_raise (PfNonceCounter *counter, uint64_t sequence);

#endif /* PF_NONCE_H */
