/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Sealing and opening of packets in place: AES-128-GCM and ChaCha20-Poly1305.
 * The cipher is looked up and the key expanded once per context; a packet
 * costs the nonce and its bytes. Nothing is allocated per packet.
 *
 * Senders use PfSealer, which owns the key and its counter, so that no nonce
 * can be used twice. PfAead itself takes any nonce; it is for opening and for
 * the few messages whose nonce stands elsewhere.
 */
#ifndef PF_AEAD_H
#define PF_AEAD_H

#include "pf-wipe.h"
#include "pf-wire.h"

#define PF_AEAD_TAG_SIZE 16
#define PF_AEAD_KEY_MAX 32

typedef enum {
  PF_AEAD_AES_128_GCM = 1,   /* key 16, nonce 12 */
  PF_AEAD_CHACHA20_POLY1305, /* key 32, nonce 12 */
  PF_AEAD_AES_128_GCM_IV16,  /* key 16, nonce 16: old GameStream control */
} PfAeadCipher;

typedef enum { PF_AEAD_SEAL = 1, PF_AEAD_OPEN } PfAeadDirection;

/* One piece of a packet; a packet may lie in several memories. */
typedef struct {
  uint8_t *data;
  size_t size; /* may be 0 */
} PfAeadSpan;

/* Bytes of all spans of a packet together. */
#define PF_AEAD_SIZE_MAX ((size_t) 1 << 24)

/* Bytes of a key of this cipher; 0 if there is no such cipher. */
size_t pf_aead_key_size (PfAeadCipher cipher);

/* Thread-safety: one thread per PfAead. */
typedef struct PfAead PfAead;

/*
 * A context for one direction and key. The caller's key is only read.
 * Errors: PF_ERR_INVALID (an argument is missing, the key has another size or
 * is all zero), PF_ERR_NO_MEMORY, PF_ERR_UNSUPPORTED (OpenSSL does not offer
 * the cipher here).
 */
int pf_aead_new (PfAeadCipher cipher, PfAeadDirection direction,
    const uint8_t *key, size_t key_size, PfAead **aead);

/* Wipes the key. */
void pf_aead_free (PfAead *aead);

/*
 * Encrypts the spans in place, in their order, and writes the tag. On failure
 * the spans are wiped, so that nothing plain can leave.
 * Errors: PF_ERR_INVALID (an argument is missing, or the context opens),
 * PF_ERR_RANGE (more than PF_AEAD_SIZE_MAX bytes), PF_ERR_UNSUPPORTED (OpenSSL
 * failed).
 */
int pf_aead_seal (PfAead *aead, const uint8_t *nonce, const uint8_t *aad,
    size_t aad_size, const PfAeadSpan *spans, size_t n_spans,
    uint8_t tag[PF_AEAD_TAG_SIZE]);

/*
 * Decrypts the spans in place. On failure they are wiped: no byte that did not
 * authenticate stays readable. A tag has exactly PF_AEAD_TAG_SIZE bytes.
 * Errors: PF_ERR_AUTH; PF_ERR_INVALID, PF_ERR_RANGE, PF_ERR_UNSUPPORTED as
 * above.
 */
int pf_aead_open (PfAead *aead, const uint8_t *nonce, const uint8_t *aad,
    size_t aad_size, const PfAeadSpan *spans, size_t n_spans,
    const uint8_t *tag, size_t tag_size);

/*
 * The one sender of a key: context and counter in one.
 * Thread-safety: one thread per PfSealer.
 */
typedef struct PfSealer PfSealer;

/* What a packet was sealed with: what its clear prefix needs. */
typedef struct {
  uint64_t sequence;
  uint8_t nonce[PF_NONCE_SIZE];
} PfSealed;

/*
 * Takes the key: it is wiped in the caller's memory on success, so that no
 * second sealer is made of it. GameStream's one key serves several streams;
 * there each stream has its own scheme and gets a copy.
 * Errors: as pf_aead_new(); PF_ERR_INVALID too for an unknown scheme.
 */
int pf_sealer_new (PfAeadCipher cipher, const PfNonceSource *source,
    uint8_t *key, size_t key_size, PfSealer **sealer);

void pf_sealer_free (PfSealer *sealer);

/*
 * Seals one packet under the next number. The number is gone whatever happens.
 * punktfunk/1 authenticates the 8 bytes of its sequence, GameStream nothing
 * beside the packet.
 * Errors: PF_ERR_EXHAUSTED; PF_ERR_INVALID, PF_ERR_RANGE, PF_ERR_UNSUPPORTED
 * as pf_aead_seal(). The spans are wiped on each.
 */
int pf_sealer_seal (PfSealer *sealer, const PfAeadSpan *spans, size_t n_spans,
    PfSealed *sealed, uint8_t tag[PF_AEAD_TAG_SIZE]);

/*
 * Seals one packet of a format under the next number: writes its prefix, and
 * the tag where the format has it. The spans are the packet, its header whole
 * in the first; suffix may be NULL if the format has none. PREFIX and SUFFIX
 * have the sizes of the table.
 * Errors: as pf_sealer_seal(); PF_ERR_INVALID too for a short first span.
 */
int pf_sealer_seal_packet (PfSealer *sealer, const PfWire *wire,
    uint8_t *prefix, const PfAeadSpan *spans, size_t n_spans, uint8_t *suffix);

/* Goes on at a higher number. Errors: PF_ERR_RANGE (it is a lower one),
 * PF_ERR_EXHAUSTED. */
int pf_sealer_raise (PfSealer *sealer, uint64_t sequence);

#endif /* PF_AEAD_H */
