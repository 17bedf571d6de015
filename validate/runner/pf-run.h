/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * One run of one file: its pipeline, its actions one after another, and what
 * was found wrong. Actions are in pf-actions.c, what makes them happen in time
 * in pf-run.c.
 *
 * Thread-safety: the thread of the main loop.
 */
#ifndef PF_RUN_H
#define PF_RUN_H

#include "pf-issues.h"
#include "pf-monitors.h"
#include "pf-script.h"

typedef enum {
  PF_WAIT_NOTHING,
  PF_WAIT_STATE,   /* until the pipeline's state change is over */
  PF_WAIT_TIME,    /* of the system's clock, until wait_until */
  PF_WAIT_MESSAGE, /* of type wait_type */
  PF_WAIT_SIGNAL,
} PfWait;

typedef struct {
  PfScript *script;
  PfIssues *issues;
  PfMonitors *monitors;
  GstElement *pipeline;
  GMainLoop *loop;

  gboolean allow_errors, ignore_eos, handles_states;
  guint next; /* action */
  PfWait wait;
  gint64 wait_until;
  const gchar *wait_type;
  GObject *wait_object; /* ours */
  gulong wait_handler;
  gint signalled; /* atomic */
  gboolean over;
} PfRun;

/* Runs a file; TAP comments say what failed. */
gboolean pf_run_file (const gchar *path, guint timeout_s);

/* Something went wrong with the action that is executed. */
void pf_run_fail (PfRun *run, const gchar *id, const gchar *format, ...)
    G_GNUC_PRINTF (3, 4);

void pf_run_set_state (PfRun *run, GstState state);
void pf_run_end (PfRun *run);

/* What an action is called and what it may say. */
typedef struct {
  const gchar *name;
  void (*execute) (PfRun *run, const GstStructure *s);
  const gchar *const *fields; /* NULL: any */
} PfActionType;

const PfActionType *pf_action_find (const gchar *name);

/* Fields that every action may have. */
extern const gchar *const pf_action_fields[];

#endif /* PF_RUN_H */
