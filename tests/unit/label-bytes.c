/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The bytes of a label; see label-bytes.h.
 */
#include "label-bytes.h"

#include "pf-bytes.h"
#include "sha256.h"

#include <string.h>

void
label_bytes (const char *label, uint8_t *bytes, size_t size)
{
  for (uint64_t counter = 0; size > 0; counter++) {
    const size_t n = size < 32 ? size : 32;
    uint8_t be[8], digest[32];
    Sha256 sha;

    pf_put_be64 (be, counter);
    sha256_init (&sha);
    sha256_update (&sha, label, strlen (label));
    sha256_update (&sha, be, sizeof be);
    sha256_final (&sha, digest);
    memcpy (bytes, digest, n);
    bytes += n;
    size -= n;
  }
}
