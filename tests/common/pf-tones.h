/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A tone for each channel of sound, and whether it is where it should be.
 * Samples are floats at 48 kHz, channels interleaved.
 */
#ifndef PF_TONES_H
#define PF_TONES_H

#include <stddef.h>

#define PF_TONES_RATE 48000

/* Far enough from one another, and whole numbers of them in 10 ms. */
double pf_tones_hertz (unsigned channel);

/* N samples of each channel, as they are from sample FROM on. */
void pf_tones_make (float *samples, size_t from, size_t n, unsigned channels);

/* By how many dB a channel's own tone exceeds that of another in it; N should
 * be a multiple of 10 ms. */
double pf_tones_apart (const float *samples, size_t n, unsigned channels,
    unsigned channel, unsigned other);

/* The least of these; fails the test for each that is below LEAST_DB. */
double pf_tones_check (
    const float *samples, size_t n, unsigned channels, double least_db);

#endif /* PF_TONES_H */
