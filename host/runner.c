/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A title while it runs; see runner.h. */
#include "runner.h"

#include <gio/gio.h>
#include <signal.h>
#include <unistd.h>

typedef enum { PREPARING, RUNNING, ENDING, UNDOING, OVER } State;

struct _PfRunner {
  const PfApp *app;
  PfJournal *journal;
  gchar **environment;
  PfRunnerEnded ended;
  gpointer user;
  State state;
  guint step;                     /* that is made, or is to be */
  guint journal_of[PF_APP_STEPS]; /* numbers; 0: nothing to undo */
  GSubprocess *process;           /* of the step, or the program */
  GCancellable *cancel;           /* of waiting for it */
  pid_t group;                    /* of the program; 0: none */
  guint timer;
  gboolean stopped; /* by pf_runner_stop() */
  gchar *reason;
};

/* ---- Programs ----------------------------------------------------------- */

/* A group of its own, which can be ended as a whole. */
static void
child_setup (gpointer data)
{
  (void) data;
  setpgid (0, 0);
}

static GSubprocess *
spawn (gchar *const *argv, gchar *const *environment, const gchar *directory,
    GError **error)
{
  /* what they print is not the host's to say */
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (
      G_SUBPROCESS_FLAGS_STDOUT_SILENCE | G_SUBPROCESS_FLAGS_STDERR_SILENCE);

  if (environment)
    g_subprocess_launcher_set_environ (launcher, (gchar **) environment);
  if (directory)
    g_subprocess_launcher_set_cwd (launcher, directory);
  g_subprocess_launcher_set_child_setup (launcher, child_setup, NULL, NULL);
  return g_subprocess_launcher_spawnv (
      launcher, (const gchar *const *) argv, error);
}

static pid_t
group_of (GSubprocess *process)
{
  const gchar *id = g_subprocess_get_identifier (process);

  return id ? (pid_t) g_ascii_strtoll (id, NULL, 10) : 0;
}

typedef struct {
  GMainLoop *loop;
  gboolean good;
} Waited;

static void
on_waited (GObject *object, GAsyncResult *result, gpointer data)
{
  Waited *w = data;

  w->good =
      g_subprocess_wait_check_finish (G_SUBPROCESS (object), result, NULL);
  g_main_loop_quit (w->loop);
}

static gboolean
on_too_long (gpointer data)
{
  const pid_t *group = data;

  if (*group > 0)
    kill (-*group, SIGKILL);
  return G_SOURCE_REMOVE;
}

/* In a context of its own: nothing else of the host goes on meanwhile. */
gboolean
pf_runner_run (
    gchar *const *argv, gchar *const *environment, const gchar *directory)
{
  g_autoptr (GSubprocess) process = spawn (argv, environment, directory, NULL);
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (GMainLoop) loop = g_main_loop_new (context, FALSE);
  Waited waited = { loop, FALSE };
  pid_t group;
  GSource *timer;

  if (!process)
    return FALSE;
  group = group_of (process);
  g_main_context_push_thread_default (context);
  timer = g_timeout_source_new_seconds (PF_RUNNER_STEP_S);
  g_source_set_callback (timer, on_too_long, &group, NULL);
  g_source_attach (timer, context);
  g_subprocess_wait_check_async (process, NULL, on_waited, &waited);
  g_main_loop_run (loop);
  g_source_destroy (timer);
  g_source_unref (timer);
  g_main_context_pop_thread_default (context);
  return waited.good;
}

/* ---- Steps -------------------------------------------------------------- */

static void go_on (PfRunner *r);

static gboolean
on_step_late (gpointer data)
{
  PfRunner *r = data;

  r->timer = 0;
  if (r->process)
    kill (-group_of (r->process), SIGKILL);
  return G_SOURCE_REMOVE;
}

static void
on_step (GObject *object, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;
  PfRunner *r = data;
  const gboolean good =
      g_subprocess_wait_check_finish (G_SUBPROCESS (object), result, &error);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return; /* the runner is gone */
  g_clear_handle_id (&r->timer, g_source_remove);
  g_clear_object (&r->process);
  if (r->state == UNDOING) {
    pf_journal_remove (r->journal, r->journal_of[r->step]);
    r->journal_of[r->step] = 0;
  } else if (good) {
    r->step++;
  } else {
    g_free (r->reason);
    r->reason = g_strdup_printf ("a step before it failed: %s",
        error ? error->message : "it could not run");
    r->state = UNDOING;
  }
  go_on (r);
}

/* FALSE: it could not even begin. */
static gboolean
start_step (PfRunner *r, gchar *const *argv)
{
  g_autoptr (GError) error = NULL;

  r->process = spawn (argv, r->environment, r->app->directory, &error);
  if (!r->process) {
    g_print ("%s: %s\n", r->app->title, error->message);
    return FALSE;
  }
  r->timer = g_timeout_add_seconds (PF_RUNNER_STEP_S, on_step_late, r);
  g_subprocess_wait_check_async (r->process, r->cancel, on_step, r);
  return TRUE;
}

static void
fail (PfRunner *r, const gchar *reason)
{
  g_free (r->reason);
  r->reason = g_strdup (reason);
  r->state = UNDOING;
}

/* On disk first: a step that was begun is undone. */
static gboolean
note_undo (PfRunner *r, const PfAppStep *step)
{
  g_autoptr (GError) error = NULL;

  if (!step->undo)
    return TRUE;
  r->journal_of[r->step] = pf_journal_add (r->journal, step->undo, &error);
  if (r->journal_of[r->step])
    return TRUE;
  fail (r, error->message);
  return FALSE;
}

static void
prepare (PfRunner *r)
{
  while (r->state == PREPARING && r->step < r->app->n_steps) {
    const PfAppStep *step = &r->app->steps[r->step];

    if (!note_undo (r, step))
      return;
    if (!step->prep)
      r->step++;
    else if (start_step (r, step->prep))
      return;
    else
      fail (r, "a step before it could not run");
  }
}

static void
undo (PfRunner *r)
{
  for (guint i = PF_APP_STEPS; i > 0; i--) {
    if (!r->journal_of[i - 1])
      continue;
    r->step = i - 1;
    if (start_step (r, r->app->steps[i - 1].undo))
      return;
    pf_journal_remove (r->journal, r->journal_of[i - 1]);
    r->journal_of[i - 1] = 0;
  }
  r->state = OVER;
}

/* ---- The program -------------------------------------------------------- */

static void
on_program (GObject *object, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;
  PfRunner *r = data;

  g_subprocess_wait_finish (G_SUBPROCESS (object), result, &error);
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  g_clear_handle_id (&r->timer, g_source_remove);
  g_clear_object (&r->process);
  if (r->group > 0)
    kill (-r->group, SIGKILL); /* what it left behind */
  r->group = 0;
  if (r->state == RUNNING)
    fail (r, "it ended");
  r->state = UNDOING;
  go_on (r);
}

static void
start_program (PfRunner *r)
{
  g_autoptr (GError) error = NULL;

  r->state = RUNNING;
  if (!r->app->run)
    return;
  r->process = spawn (r->app->run, r->environment, r->app->directory, &error);
  if (!r->process) {
    fail (r, error->message);
    return;
  }
  r->group = group_of (r->process);
  g_subprocess_wait_async (r->process, r->cancel, on_program, r);
}

static gboolean
on_still_there (gpointer data)
{
  PfRunner *r = data;

  r->timer = 0;
  if (r->group > 0)
    kill (-r->group, SIGKILL);
  return G_SOURCE_REMOVE;
}

static void
end_program (PfRunner *r)
{
  r->state = ENDING;
  if (!r->process) {
    r->state = UNDOING;
    return;
  }
  kill (-r->group, SIGTERM);
  r->timer = g_timeout_add_seconds (PF_RUNNER_TERM_S, on_still_there, r);
}

/* ---- The whole ---------------------------------------------------------- */

static gboolean
tell (gpointer data)
{
  PfRunner *r = data;

  r->timer = 0;
  r->ended (r, r->stopped ? NULL : r->reason, r->user);
  return G_SOURCE_REMOVE;
}

static void
go_on (PfRunner *r)
{
  if (r->state == PREPARING)
    prepare (r);
  if (r->state == PREPARING && r->step == r->app->n_steps && !r->process)
    start_program (r);
  if (r->state == UNDOING)
    undo (r);
  if (r->state == OVER && !r->timer)
    r->timer = g_idle_add (tell, r);
}

void
pf_runner_stop (PfRunner *r)
{
  if (r->state == RUNNING)
    end_program (r);
  else if (r->state == PREPARING && r->process)
    kill (-group_of (r->process), SIGKILL); /* on_step() undoes */
  r->stopped = TRUE;
  go_on (r);
}

static gchar **
environment_of (const PfApp *app, const PfRunnerFacts *f)
{
  gchar **e = g_get_environ ();
  const struct {
    const gchar *name;
    gchar *value;
  } facts[] = {
    { "PF_CLIENT_NAME", g_strdup (f->client) },
    { "PF_CLIENT_WIDTH", g_strdup_printf ("%u", f->width) },
    { "PF_CLIENT_HEIGHT", g_strdup_printf ("%u", f->height) },
    { "PF_CLIENT_FPS", g_strdup_printf ("%u", f->fps) },
    { "PF_CLIENT_HDR", g_strdup (f->hdr ? "true" : "false") },
    { "PF_APP_NAME", g_strdup (app->name) },
  };

  for (guint i = 0; i < G_N_ELEMENTS (facts); i++) {
    e = g_environ_setenv (e, facts[i].name, facts[i].value, TRUE);
    g_free (facts[i].value);
  }
  for (guint i = 0; app->environment && app->environment[i]; i++) {
    g_auto (GStrv) pair = g_strsplit (app->environment[i], "=", 2);

    e = g_environ_setenv (e, pair[0], pair[1], TRUE);
  }
  return e;
}

PfRunner *
pf_runner_new (const PfApp *app, const PfRunnerFacts *facts, PfJournal *journal,
    PfRunnerEnded ended, gpointer user)
{
  PfRunner *r = g_new0 (PfRunner, 1);

  r->app = app;
  r->journal = journal;
  r->environment = environment_of (app, facts);
  r->ended = ended;
  r->user = user;
  r->cancel = g_cancellable_new ();
  go_on (r);
  return r;
}

/* As long as it takes a program to end, but not for ever. */
static void
end_now (PfRunner *r)
{
  const gint64 until =
      g_get_monotonic_time () + PF_RUNNER_TERM_S * G_USEC_PER_SEC;
  const pid_t group = r->process ? group_of (r->process) : 0;

  if (group <= 0)
    return;
  kill (-group, SIGTERM);
  while (kill (-group, 0) == 0 && g_get_monotonic_time () < until &&
         g_subprocess_get_identifier (r->process))
    g_usleep (10000);
  kill (-group, SIGKILL);
}

void
pf_runner_free (PfRunner *r)
{
  if (!r)
    return;
  g_cancellable_cancel (r->cancel);
  g_clear_handle_id (&r->timer, g_source_remove);
  end_now (r);
  for (guint i = PF_APP_STEPS; i > 0; i--)
    if (r->journal_of[i - 1]) {
      pf_runner_run (
          r->app->steps[i - 1].undo, r->environment, r->app->directory);
      pf_journal_remove (r->journal, r->journal_of[i - 1]);
    }
  g_clear_object (&r->process);
  g_object_unref (r->cancel);
  g_strfreev (r->environment);
  g_free (r->reason);
  g_free (r);
}
