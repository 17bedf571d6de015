/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Vector files for the tests of sealing.
 */
#include "crypto-vectors.h"

#include <stdio.h>
#include <stdlib.h>

#include "pf-test.h"

typedef struct Held Held;

struct Held {
  Held *next;
  PfJsonDoc *doc;
  void *bytes;
};

static Held *held;

static void
hold (PfJsonDoc *doc, void *bytes)
{
  Held *h = malloc (sizeof *h);

  PF_REQUIRE (h != NULL);
  *h = (Held){ held, doc, bytes };
  held = h;
}

const PfJson *
crypto_vectors_load (const char *name)
{
  const char *dir = getenv ("PF_TEST_VECTORS");
  char path[4096], error[256];
  PfJsonDoc *doc;
  int n;

  if (!dir)
    pf_test_fail (__FILE__, __LINE__, "PF_TEST_VECTORS is not set");
  PF_REQUIRE (dir != NULL);
  n = snprintf (path, sizeof path, "%s/%s", dir, name);
  PF_REQUIRE (n > 0 && (size_t) n < sizeof path);
  doc = pf_json_load (path, error, sizeof error);
  if (!doc)
    pf_test_fail (__FILE__, __LINE__, "%s: %s", path, error);
  PF_REQUIRE (doc != NULL);
  hold (doc, NULL);
  return pf_json_root (doc);
}

Bytes
crypto_vectors_hex (const PfJson *value)
{
  Bytes b;

  PF_REQUIRE (pf_json_hex (value, &b.data, &b.size));
  hold (NULL, b.data);
  return b;
}

int64_t
crypto_vectors_int (const PfJson *value)
{
  int64_t n = 0;

  PF_REQUIRE (pf_json_int64 (value, &n));
  return n;
}

void
crypto_vectors_clear (void)
{
  while (held) {
    Held *next = held->next;

    if (held->doc)
      pf_json_free (held->doc);
    free (held->bytes);
    free (held);
    held = next;
  }
}
