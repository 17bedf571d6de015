/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Error codes in words.
 */
#include "pf-error.h"

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
  case PF_ERR_AUTH:
    return "a packet is forged, damaged or sealed with another key";
  case PF_ERR_REPLAY:
    return "a packet was seen before or is too old";
  case PF_ERR_EXHAUSTED:
    return "the key has no unused nonce left";
  default:
    return "unknown error";
  }
}
