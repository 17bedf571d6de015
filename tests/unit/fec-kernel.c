/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The forced kernel set: see fec-kernel.h.
 */
#include "fec-kernel.h"

#include <stdlib.h>
#include <string.h>

#include "pf-test.h"
#include "pf.h"

static const char *
forced (void)
{
  const char *name = getenv ("PF_FEC_CPU");

  return name != NULL && name[0] != 0 ? name : NULL;
}

static bool
can_run (const char *name)
{
  for (const char *const *set = pf_fec_kernels (); *set != NULL; set++)
    if (strcmp (*set, name) == 0)
      return true;
  return false;
}

static void
test_kernel (void)
{
  const char *const *sets = pf_fec_kernels ();
  const char *name = forced ();

  PF_REQUIRE (sets[0] != NULL);
  for (unsigned i = 0; sets[i] != NULL; i++) {
    pf_test_note ("can run %s", sets[i]);
    for (unsigned j = 0; j < i; j++)
      PF_CHECK (strcmp (sets[i], sets[j]) != 0);
    if (sets[i + 1] == NULL)
      PF_CHECK_STR (sets[i], "c");
  }
  if (name != NULL && !can_run (name)) {
    PfFecConfig config = PF_FEC_CONFIG_INIT;
    PfFec *fec = NULL;

    config.scheme = PF_FEC_GF8;
    config.data_shards = 4;
    config.parity_shards = 2;
    config.shard_size = 16;
    PF_CHECK_STR (pf_fec_kernel (), "none");
    PF_CHECK_INT (pf_fec_check (&config), ==, PF_OK);
    PF_CHECK_INT (pf_fec_new (&config, &fec), ==, PF_ERR_UNSUPPORTED);
    PF_CHECK (fec == NULL);
    if (!pf_test_failed ())
      pf_test_skip ("this processor cannot run the forced kernel set");
    return;
  }
  pf_test_note ("in use: %s", pf_fec_kernel ());
  PF_CHECK_STR (pf_fec_kernel (), name != NULL ? name : sets[0]);
}

void
fec_kernel_add_test_only (void)
{
  PF_TEST_ADD ("/fec/kernel", test_kernel);
}

bool
fec_kernel_add_test (void)
{
  fec_kernel_add_test_only ();
  return forced () == NULL || can_run (forced ());
}
