/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A clone in a directory that only root can read, as /root is, for a test
 * whose programs go on as somebody else.
 *
 * Thread-safety: to be called before there are threads.
 */
#ifndef PF_OPEN_PATH_H
#define PF_OPEN_PATH_H

#include <stdbool.h>

/* Can everybody reach what lies at this absolute path? Where not, and where
 * the caller is root, the calling process moves to a mount namespace in which
 * they can: the closed directory holds nothing there but the way to the path.
 * False where that cannot be made. */
bool pf_open_path (const char *path);

/* The same for root's test of the program there, whose host becomes somebody who
 * must be able to read it; skips the test where it cannot be made. */
void pf_open_path_or_skip (const char *path);

#endif /* PF_OPEN_PATH_H */
