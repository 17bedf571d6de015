/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The envelope of GameStream's control stream: each ENet message is sealed
 * with the key of the launch and has a number of its own, over all channels.
 * Version 2 is what every client of these years speaks; version 1 repeats its
 * nonces after 256 messages and is only for who has nothing else.
 */
#ifndef PF_GS_CONTROL_H
#define PF_GS_CONTROL_H

#include "pf-aead.h"
#include "pf-gs-msg.h"

#define PF_GS_CONTROL_HEADER 24
#define PF_GS_CONTROL_MAX (PF_GS_CONTROL_HEADER + PF_GS_MSG_MAX)
#define PF_GS_CONTROL_KEY 16

/* Thread-safety: one thread per PfGsControl. */
typedef struct PfGsControl PfGsControl;

typedef struct {
  uint64_t opened, sealed;
  uint64_t malformed; /* no envelope, or one inside another */
  uint64_t forged, replayed;
} PfGsControlStats;

/* HOST: which end this is. The key is only read. Errors: PF_ERR_INVALID,
 * PF_ERR_NO_MEMORY, PF_ERR_UNSUPPORTED. */
int pf_gs_control_new (bool host, bool version2,
    const uint8_t key[PF_GS_CONTROL_KEY], PfGsControl **control);

/* Wipes the key. */
void pf_gs_control_free (PfGsControl *control);

/*
 * The plain message of an ENet message, for pf_gs_msg_decode(); valid until
 * the next call. What comes plain is refused.
 * Errors: PF_ERR_INVALID, PF_ERR_AUTH, PF_ERR_REPLAY, PF_ERR_UNSUPPORTED
 * (OpenSSL failed).
 */
int pf_gs_control_open (PfGsControl *control, const uint8_t *bytes, size_t size,
    const uint8_t **plain, size_t *plain_size);

/* OUT has room for PF_GS_CONTROL_MAX bytes. Errors: PF_ERR_RANGE (longer than
 * a message may be), PF_ERR_EXHAUSTED, PF_ERR_UNSUPPORTED. */
int pf_gs_control_seal (PfGsControl *control, const uint8_t *plain,
    size_t plain_size, uint8_t *out, size_t *size);

const PfGsControlStats *pf_gs_control_stats (const PfGsControl *control);

#endif /* PF_GS_CONTROL_H */
