/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Sealed RTSP messages (rtspenc://): a header of 24 bytes, then the whole
 * message, encrypted with the key of the launch.
 */
#ifndef PF_GS_RTSP_SEAL_H
#define PF_GS_RTSP_SEAL_H

#include "pf-aead.h"
#include "pf-gs-rtsp.h"

#define PF_GS_RTSP_SEAL_HEADER 24
#define PF_GS_KEY_SIZE 16

/* Thread-safety: one thread per PfGsRtspSeal. */
typedef struct PfGsRtspSeal PfGsRtspSeal;

/* HOST: which end this is. The key is only read. Errors: PF_ERR_INVALID,
 * PF_ERR_NO_MEMORY, PF_ERR_UNSUPPORTED. */
int pf_gs_rtsp_seal_new (
    bool host, const uint8_t key[PF_GS_KEY_SIZE], PfGsRtspSeal **seal);

/* Wipes the key. */
void pf_gs_rtsp_seal_free (PfGsRtspSeal *seal);

/* Does it begin like a sealed message? A plain one never does. */
static inline bool
pf_gs_rtsp_is_sealed (const uint8_t *bytes, size_t size)
{
  return size > 0 && (bytes[0] & 0x80);
}

/* How many bytes the whole message has; 0: not enough is there to know.
 * Errors: PF_ERR_INVALID (not sealed, or empty), PF_ERR_RANGE (longer than a
 * message may be). */
int pf_gs_rtsp_sealed_size (const uint8_t *bytes, size_t size);

/*
 * The plain text of a whole sealed message; PLAIN has room for
 * PF_GS_RTSP_SIZE_MAX. A host that expects several clients tries their keys.
 * Errors: PF_ERR_INVALID (bytes are missing or too many), PF_ERR_RANGE,
 * PF_ERR_AUTH, PF_ERR_REPLAY (the number was there), PF_ERR_UNSUPPORTED.
 */
int pf_gs_rtsp_open (PfGsRtspSeal *seal, const uint8_t *bytes, size_t size,
    char *plain, size_t *plain_size);

/* Seals a message; OUT has room for PF_GS_RTSP_SEAL_HEADER bytes more. Errors:
 * PF_ERR_RANGE (too long), PF_ERR_EXHAUSTED, PF_ERR_UNSUPPORTED. */
int pf_gs_rtsp_seal (PfGsRtspSeal *seal, const char *plain, size_t plain_size,
    uint8_t *out, size_t *size);

#endif /* PF_GS_RTSP_SEAL_H */
