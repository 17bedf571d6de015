/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Error codes in words.
 */
#include "pf.h"

const char *
pf_strerror (int error)
{
  switch (error) {
  case PF_OK:
    return "success";
  case PF_ERR_INVALID:
    return "an argument is missing or contradicts another";
  case PF_ERR_RANGE:
    return "a count or a size is outside what the code allows";
  case PF_ERR_NO_MEMORY:
    return "out of memory";
  case PF_ERR_NEED_MORE:
    return "too few shards to restore the lost ones";
  case PF_ERR_UNSUPPORTED:
    return "not in this build or not on this processor";
  default:
    return "unknown error";
  }
}
