/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The cases of bench-path, and what they are meant to reach. */
#include "bench-path.h"

#define KIB 1024u
#define US 1e3
#define MS 1e6

const PathCase path_cases[] = {
  { PATH_SEAL, "punktfunk1", 150, 0, { "openssl", 1.05, 60 } },
  { PATH_SEAL, "gamestream", 150, 0, { "openssl", 1.05, 60 } },
  { PATH_OPEN, "punktfunk1", 150, 0, { "openssl", 1.05, 60 } },
  { PATH_OPEN, "gamestream", 150, 0, { "openssl", 1.05, 60 } },
  { PATH_CUT, "punktfunk1", 0, 64 * KIB, { NULL, 0, 0 } },
  { PATH_CUT, "punktfunk1", 0, 1024 * KIB, { NULL, 0, 0 } },
  { PATH_CUT, "gamestream", 0, 64 * KIB, { NULL, 0, 0 } },
  { PATH_CUT, "gamestream", 0, 1024 * KIB, { NULL, 0, 0 } },
  { PATH_JOIN, "punktfunk1", 0, 1024 * KIB, { NULL, 0, 0 } },
  { PATH_JOIN, "gamestream", 0, 1024 * KIB, { NULL, 0, 0 } },
  { PATH_SEND, "punktfunk1", 150, 0, { "udpsink", 0.25, 0 } },
  { PATH_RECEIVE, "punktfunk1", 150, 0, { "recvmmsg", 0.2, 0 } },
  { PATH_WHOLE, "punktfunk1", 0, 16 * KIB, { NULL, 0, 0 } },
  { PATH_WHOLE, "punktfunk1", 0, 64 * KIB, { "udp-gso", 1, 80 * US } },
  { PATH_WHOLE, "punktfunk1", 0, 256 * KIB, { NULL, 0, 0 } },
  { PATH_WHOLE, "punktfunk1", 0, 1024 * KIB, { "", 0, 1.2 * MS } },
  { PATH_WHOLE, "punktfunk1", 0, 4096 * KIB, { NULL, 0, 0 } },
  { PATH_WHOLE, "gamestream", 0, 16 * KIB, { NULL, 0, 0 } },
  { PATH_WHOLE, "gamestream", 0, 64 * KIB, { "udp-gso", 1, 80 * US } },
  { PATH_WHOLE, "gamestream", 0, 256 * KIB, { NULL, 0, 0 } },
  { PATH_WHOLE, "gamestream", 0, 1024 * KIB, { "", 0, 4 * MS } },
  { PATH_WHOLE, "gamestream", 0, 4096 * KIB, { NULL, 0, 0 } },
  { PATH_MEMORY, "punktfunk1", 0, 1024 * KIB, { NULL, 0, 0 } },
  { PATH_MEMORY, "gamestream", 0, 1024 * KIB, { NULL, 0, 0 } },
  { PATH_RATE, "punktfunk1", 6, 256 * KIB, { NULL, 0, 0 } },
  { PATH_RATE, "punktfunk1", 12, 256 * KIB, { NULL, 0, 0 } },
};
const size_t path_n_cases = G_N_ELEMENTS (path_cases);

void
path_case_name (const PathCase *c, char name[PATH_NAME_SIZE])
{
  static const char *const ops[] = { "seal", "open", "cut", "join", "send",
    "receive", "whole", "rate", "memory" };
  const unsigned kib = (unsigned) (c->bytes / KIB);

  if (c->op == PATH_RATE)
    g_snprintf (name, PATH_NAME_SIZE, "rate-%s-%u-%u", c->wire, kib, c->n);
  else
    g_snprintf (name, PATH_NAME_SIZE, "%s-%s-%u", ops[c->op], c->wire,
        c->n ? c->n : kib);
}
