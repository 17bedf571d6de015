/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Which libpf this is.
 */
#include "pf.h"

#include "pf-config.h"

uint32_t
pf_abi_version (void)
{
  return PF_ABI_VERSION;
}

const char *
pf_version (void)
{
  return PF_VERSION;
}
