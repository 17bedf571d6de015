/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Input bytes that vector files name by a label: SHA-256 of the label and a
 * counter (u64, big-endian, from 0), one digest after the other.
 */
#ifndef LABEL_BYTES_H
#define LABEL_BYTES_H

#include <stddef.h>
#include <stdint.h>

void label_bytes (const char *label, uint8_t *bytes, size_t size);

#endif /* LABEL_BYTES_H */
