/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * GameStream's audio packets as part of a fuzz target; fuzz-gs-audio.c says
 * how the bytes are read.
 */
#ifndef FUZZ_GS_AUDIO_H
#define FUZZ_GS_AUDIO_H

#include <stddef.h>
#include <stdint.h>

/* Aborts on the first broken promise of pf-gs-audio.h. Without OpenSSL there
 * is no such code, and this does nothing. */
void fuzz_gs_audio_run (const uint8_t *bytes, size_t n);

#endif /* FUZZ_GS_AUDIO_H */
