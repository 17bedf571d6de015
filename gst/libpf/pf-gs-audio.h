/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * GameStream's audio packets: each Opus packet encrypted (AES-128-CBC) or not,
 * then two parity packets for every four, over what was sent. Nothing is
 * allocated after the start.
 */
#ifndef PF_GS_AUDIO_H
#define PF_GS_AUDIO_H

#include <stdbool.h>

#include "pf-cbc.h"

#define PF_GS_AUDIO_DATAGRAM_MAX 1400
#define PF_GS_AUDIO_HEADER 12
#define PF_GS_AUDIO_PARITY_HEADER 24
#define PF_GS_AUDIO_PAYLOAD_MAX                                                \
  (PF_GS_AUDIO_DATAGRAM_MAX - PF_GS_AUDIO_PARITY_HEADER)

enum {
  PF_GS_AUDIO_DATA = 4, /* packets of a block */
  PF_GS_AUDIO_PARITY = 2,
};

/* What both ends agreed on. */
typedef struct {
  uint32_t packet_ms; /* 1 .. 120; GameStream has 5 and 10 */
  bool encrypted;     /* then the key counts */
  uint32_t key_id;    /* the launch parameter rikeyid, as 32 bits */
  uint8_t key[PF_CBC_KEY_SIZE];
} PfGsAudioConfig;

/* ---- Sending ------------------------------------------------------------ */

/* Thread-safety: one thread per PfGsAudioSender. */
typedef struct PfGsAudioSender PfGsAudioSender;

/* The stream begins at this sequence number and time; both 0 in GameStream.
 * Errors: PF_ERR_INVALID (also: no key, the number is no multiple of 4),
 * PF_ERR_RANGE, PF_ERR_NO_MEMORY, PF_ERR_UNSUPPORTED. */
int pf_gs_audio_sender_new (const PfGsAudioConfig *config, uint16_t sequence,
    uint32_t timestamp_ms, PfGsAudioSender **sender);

/* Wipes the key. */
void pf_gs_audio_sender_free (PfGsAudioSender *sender);

/*
 * Makes the datagram of one Opus packet; OUT has room for
 * PF_GS_AUDIO_DATAGRAM_MAX. 1 is returned when it was the fourth of a block
 * and parity is to follow, else 0. Where the four differ in length there is
 * no parity for them: encode with a constant bit rate.
 * Errors: PF_ERR_INVALID (empty), PF_ERR_RANGE (too large for a datagram),
 * PF_ERR_UNSUPPORTED (OpenSSL failed); no number is used then.
 */
int pf_gs_audio_send (PfGsAudioSender *sender, const uint8_t *opus, size_t size,
    uint8_t *out, size_t *out_size);

/* Parity datagram 0 or 1 of the block just finished. Errors: PF_ERR_INVALID
 * (there is none). */
int pf_gs_audio_parity (
    PfGsAudioSender *sender, unsigned index, uint8_t *out, size_t *out_size);

/* ---- Receiving ---------------------------------------------------------- */

/* Thread-safety: one thread per PfGsAudioReceiver. */
typedef struct PfGsAudioReceiver PfGsAudioReceiver;

typedef enum {
  PF_GS_AUDIO_TAKEN,
  PF_GS_AUDIO_DROP_INVALID,   /* no such packet */
  PF_GS_AUDIO_DROP_CONFLICT,  /* other length than the rest of its block */
  PF_GS_AUDIO_DROP_DUPLICATE, /* or not needed any more */
  PF_GS_AUDIO_DROP_LATE,
  PF_GS_AUDIO_DROP_FAR, /* number far off; taken if it goes on so */
  PF_GS_AUDIO_N_FATES,
} PfGsAudioFate;

typedef struct {
  uint32_t n_lost; /* 0: a packet, else so many from sequence on are lost */
  uint16_t sequence;
  uint32_t timestamp_ms;
  const uint8_t *opus; /* until the next call */
  size_t size;
  bool restored; /* by parity */
} PfGsAudioEvent;

typedef struct {
  uint64_t fates[PF_GS_AUDIO_N_FATES];
  uint64_t packets, restored, lost;
  uint64_t damaged; /* of the lost ones, did not decrypt */
} PfGsAudioStats;

/* DEADLINE_NS: how long a missing packet is waited for after a later one
 * arrived; 0 is 6 packets. Errors: as pf_gs_audio_sender_new(). */
int pf_gs_audio_receiver_new (const PfGsAudioConfig *config,
    uint64_t deadline_ns, PfGsAudioReceiver **receiver);

/* Wipes the key. */
void pf_gs_audio_receiver_free (PfGsAudioReceiver *receiver);

/* Time is any clock that never goes back, in ns. */
PfGsAudioFate pf_gs_audio_push (PfGsAudioReceiver *receiver,
    const uint8_t *datagram, size_t size, uint64_t now_ns);

/* The next packet or loss in order: 1 and *event, or 0 if there is nothing
 * yet. To be called until it returns 0. */
int pf_gs_audio_next (
    PfGsAudioReceiver *receiver, uint64_t now_ns, PfGsAudioEvent *event);

/* When next() will have something even if nothing arrives; UINT64_MAX: never.
 */
uint64_t pf_gs_audio_wake (const PfGsAudioReceiver *receiver);

const PfGsAudioStats *pf_gs_audio_stats (const PfGsAudioReceiver *receiver);

#endif /* PF_GS_AUDIO_H */
