/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The FEC test programs run once per kernel set, forced by PF_FEC_CPU. A set
 * this processor cannot run makes the program skip; one it can run must
 * really be the one in use.
 */
#ifndef FEC_KERNEL_H
#define FEC_KERNEL_H

#include <stdbool.h>

/* Adds the test "/fec/kernel". False when it will skip: then the program
 * adds no other test. */
bool fec_kernel_add_test (void);

/* Only adds the test and calls nothing of the library. */
void fec_kernel_add_test_only (void);

#endif /* FEC_KERNEL_H */
