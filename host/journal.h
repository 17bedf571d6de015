/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What is still to be undone, on disk: steps that a title's start has made, so
 * that a host that was killed undoes them when it starts again. The file is
 * this user's alone, like the list of devices, and root runs nothing of it.
 *
 * Thread-safety: the main thread.
 */
#ifndef PF_HOST_JOURNAL_H
#define PF_HOST_JOURNAL_H

#include <glib.h>

typedef struct _PfJournal PfJournal;

/* NULL with an error if the file is there and cannot be understood. */
PfJournal *pf_journal_open (const gchar *path, GError **error);
void pf_journal_free (PfJournal *journal);

/* Before a step is made: how it is undone. A number for it; 0 with an error. */
guint pf_journal_add (PfJournal *journal, gchar *const *argv, GError **error);
/* It was undone. */
void pf_journal_remove (PfJournal *journal, guint number);

/* Undoes what is left of another life, the last step first; how many. */
guint pf_journal_replay (PfJournal *journal);

#endif /* PF_HOST_JOURNAL_H */
