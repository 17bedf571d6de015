/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Error codes that only private functions return so far. They move to PfError
 * in pf.h with the first public function that returns them.
 */
#ifndef PF_ERROR_H
#define PF_ERROR_H

#include "pf.h"

enum {
  PF_ERR_AUTH = -6,      /* forged, damaged or sealed with another key */
  PF_ERR_REPLAY = -7,    /* seen before, or too old to know */
  PF_ERR_EXHAUSTED = -8, /* the key has no unused nonce left */
};

#endif /* PF_ERROR_H */
