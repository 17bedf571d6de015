/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A network of one's own for a test program: nothing outside can be reached,
 * every port is free, and there is a loopback that knows multicast.
 *
 * Thread-safety: to be called before there are threads.
 */
#ifndef PF_NETNS_H
#define PF_NETNS_H

#include <stdbool.h>

/* The calling process moves there, with a mount namespace in which /run is
 * empty. An ordinary user becomes root in a user namespace. False, with a
 * note, where the system does not allow that. */
bool pf_netns_enter (void);

#endif /* PF_NETNS_H */
