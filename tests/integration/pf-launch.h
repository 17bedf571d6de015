/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * gst-launch-1.0 as a child, as a person would run it: its output is read
 * while it runs, and every wait has an end. With sanitized plugins the
 * sanitizer's library is loaded before it (PF_TEST_PRELOAD).
 *
 * Thread-safety: one thread per PfLaunch.
 */
#ifndef PF_LAUNCH_H
#define PF_LAUNCH_H

#include <glib.h>

typedef struct PfLaunch PfLaunch;

typedef struct {
  const gchar *directory;       /* to run in */
  const gchar *const *settings; /* "NAME=VALUE" of the environment, or NULL */
  const gint *fds;              /* handed over as 3, 4, ... and closed here */
  guint n_fds;
} PfLaunchOptions;

/* ARGV begins with what follows the program's name. NULL: it cannot run. */
PfLaunch *pf_launch_start (
    const gchar *const *argv, const PfLaunchOptions *options);

GPid pf_launch_pid (PfLaunch *launch);

/* Whether TEXT has come N times; waits for it, not longer than MS, and not
 * when the child has ended. */
gboolean pf_launch_wait (
    PfLaunch *launch, const gchar *text, guint n, guint ms);

/* How often TEXT has come. */
guint pf_launch_count (PfLaunch *launch, const gchar *text);

/* As Ctrl-C does. */
void pf_launch_interrupt (PfLaunch *launch);

/* Waits for the end, kills after MS: the exit status, or -1. */
gint pf_launch_end (PfLaunch *launch, guint ms);

/* What it has written so far, on both outputs; to be freed. */
gchar *pf_launch_output (PfLaunch *launch);

/* Ends it if it still runs. */
void pf_launch_free (PfLaunch *launch);

#endif /* PF_LAUNCH_H */
