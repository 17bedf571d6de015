/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A title while it runs: its prep steps, its program, and, whatever happens,
 * its undo steps. Words are handed to programs as they stand in the file of
 * titles; what clients say reaches them only as values in the environment.
 *
 * Thread-safety: the main thread.
 */
#ifndef PF_HOST_RUNNER_H
#define PF_HOST_RUNNER_H

#include "apps.h"
#include "journal.h"

#define PF_RUNNER_STEP_S 30 /* for each step */
#define PF_RUNNER_TERM_S 5  /* for a program to end when it is asked to */

typedef struct _PfRunner PfRunner;

/* Facts about the client, for the environment. */
typedef struct {
  const gchar *client;
  guint width, height, fps;
  gboolean hdr;
} PfRunnerFacts;

/* All is undone. REASON: why it ended by itself; NULL: pf_runner_stop(). The
 * runner is to be freed then, or later. */
typedef void (*PfRunnerEnded) (
    PfRunner *runner, const gchar *reason, gpointer user);

/* APP and JOURNAL stay the caller's. */
PfRunner *pf_runner_new (const PfApp *app, const PfRunnerFacts *facts,
    PfJournal *journal, PfRunnerEnded ended, gpointer user);

/* Ends the program, then undoes; returns at once. */
void pf_runner_stop (PfRunner *runner);

/* What is not undone yet is undone before it returns. */
void pf_runner_free (PfRunner *runner);

/* Runs one command to its end, not longer than PF_RUNNER_STEP_S; whether it
 * went well. */
gboolean pf_runner_run (
    gchar *const *argv, gchar *const *environment, const gchar *directory);

#endif /* PF_HOST_RUNNER_H */
