/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Runs a file: actions in time, messages, the end.
 */
#include "pf-run.h"

#define GST_USE_UNSTABLE_API
#include <glib/gstdio.h>
#include <gst/gsttracer.h>
#include <string.h>

#define TICK_MS 10

/* ---- Helpers ------------------------------------------------------------ */

static const PfAction *
current_action (PfRun *run)
{
  return run->next < run->script->actions->len
             ? run->script->actions->pdata[run->next]
             : NULL;
}

void
pf_run_fail (PfRun *run, const gchar *id, const gchar *format, ...)
{
  const PfAction *action = current_action (run);
  gchar *where = action ? g_strdup_printf ("line %u", action->line)
                        : g_strdup ("pipeline");
  gchar *details;
  va_list args;

  va_start (args, format);
  details = g_strdup_vprintf (format, args);
  va_end (args);
  pf_issues_report (run->issues, id, where, "%s", details);
  g_free (details);
  g_free (where);
}

void
pf_run_end (PfRun *run)
{
  g_atomic_int_set (&run->over, TRUE);
  g_main_loop_quit (run->loop);
}

void
pf_run_set_state (PfRun *run, GstState state)
{
  GstStateChangeReturn ret = gst_element_set_state (run->pipeline, state);

  if (ret == GST_STATE_CHANGE_FAILURE)
    pf_run_fail (run, "state::change-failure", "Failed to set state to %s",
        gst_element_state_get_name (state));
  if (state <= GST_STATE_READY)
    pf_monitors_reset (run->monitors);
  if (ret == GST_STATE_CHANGE_ASYNC)
    run->wait = PF_WAIT_STATE;
}

/* ---- Actions in time ---------------------------------------------------- */

static gboolean
is_type (const GstMessage *message, const gchar *type)
{
  return message && strcmp (GST_MESSAGE_TYPE_NAME (message), type) == 0;
}

static void
wait_is_over (PfRun *run)
{
  if (run->wait_object)
    g_signal_handler_disconnect (run->wait_object, run->wait_handler);
  g_clear_object (&run->wait_object);
  run->wait = PF_WAIT_NOTHING;
}

/* Does what was waited for hold? */
static gboolean
has_come (PfRun *run, const GstMessage *message)
{
  switch (run->wait) {
  case PF_WAIT_NOTHING:
    return TRUE;
  case PF_WAIT_STATE:
    return gst_element_get_state (run->pipeline, NULL, NULL, 0) !=
           GST_STATE_CHANGE_ASYNC;
  case PF_WAIT_TIME:
    return g_get_monotonic_time () >= run->wait_until;
  case PF_WAIT_MESSAGE:
    return is_type (message, run->wait_type);
  case PF_WAIT_SIGNAL:
    return g_atomic_int_get (&run->signalled) != 0;
  }
  return FALSE;
}

static gboolean
is_due (PfRun *run, const PfAction *action, const GstMessage *message)
{
  const gchar *type = gst_structure_get_string (action->s, "on-message");
  GstClockTime time;
  gboolean valid;
  gint64 position;

  if (type)
    return is_type (message, type);
  if (!pf_script_time (action->s, "playback-time", &time, &valid) ||
      GST_STATE (run->pipeline) < GST_STATE_PAUSED || is_type (message, "eos"))
    return TRUE;
  return gst_element_query_position (
             run->pipeline, GST_FORMAT_TIME, &position) &&
         position >= 0 && (GstClockTime) position >= time;
}

/* Executes what is due. The message counts for one step only. */
static void
step (PfRun *run, const GstMessage *message)
{
  while (!run->over && has_come (run, message)) {
    const PfAction *action = current_action (run);

    if (run->wait == PF_WAIT_MESSAGE)
      message = NULL;
    wait_is_over (run);
    if (!action || !is_due (run, action, message))
      return;
    if (gst_structure_has_field (action->s, "on-message"))
      message = NULL;
    pf_action_find (gst_structure_get_name (action->s))
        ->execute (run, action->s);
    run->next++;
  }
}

static gboolean
on_tick (gpointer data)
{
  step (data, NULL);
  return G_SOURCE_CONTINUE;
}

static gboolean
on_timeout (gpointer data)
{
  PfRun *run = data;

  pf_run_fail (run, "pf::time-out", "the time is up");
  pf_run_end (run);
  return G_SOURCE_CONTINUE;
}

/* ---- Messages ----------------------------------------------------------- */

/* A source that negotiates with elements that have stopped already says so. */
static gboolean
comes_of_stopping (const PfRun *run, const gchar *debug)
{
  return g_atomic_int_get (&run->over) && debug &&
         strstr (debug, "reason not-negotiated (-4)");
}

/* Any thread. Here no error is missed that comes when the run is over, while
 * the pipeline still stops. */
static void
on_posted_error (GstBus *bus, GstMessage *message, gpointer data)
{
  PfRun *run = data;
  GError *error = NULL;
  gchar *debug = NULL;

  (void) bus;
  gst_message_parse_error (message, &error, &debug);
  if (!comes_of_stopping (run, debug))
    pf_issues_report (run->issues, "runtime::error-on-bus",
        GST_MESSAGE_SRC_NAME (message), "Got error: %s -- Debug message: %s",
        error->message, debug);
  g_error_free (error);
  g_free (debug);
}

static void
on_error (PfRun *run, GstMessage *message)
{
  if (run->allow_errors) {
    /* a state change will not go on */
    if (run->wait == PF_WAIT_STATE) {
      wait_is_over (run);
      pf_run_fail (run, "scenario::execution-error",
          "an error came while the state was changing");
    }
    step (run, message);
  } else {
    pf_run_end (run);
  }
}

static void
on_eos (PfRun *run, GstMessage *message)
{
  const PfAction *action;

  step (run, message);
  action = current_action (run);
  if (run->over || run->ignore_eos)
    return;
  if (action && run->wait != PF_WAIT_NOTHING)
    return; /* what is waited for may come yet, else the time is up */
  if (action && !gst_structure_has_name (action->s, "stop"))
    pf_run_fail (run, "scenario::not-ended", "EOS came before this action");
  pf_run_end (run);
}

static void
on_state (PfRun *run, GstMessage *message)
{
  GstState state;

  gst_message_parse_state_changed (message, NULL, &state, NULL);
  if (GST_MESSAGE_SRC (message) == GST_OBJECT (run->pipeline) &&
      state == GST_STATE_PLAYING &&
      GST_STATE (run->pipeline) == GST_STATE_PLAYING)
    pf_monitors_check_latency (run->monitors);
}

static gboolean
on_message (GstBus *bus, GstMessage *message, gpointer data)
{
  PfRun *run = data;

  (void) bus;
  if (run->over)
    return G_SOURCE_CONTINUE;
  switch (GST_MESSAGE_TYPE (message)) {
  case GST_MESSAGE_ERROR:
    on_error (run, message);
    break;
  case GST_MESSAGE_EOS:
    on_eos (run, message);
    break;
  case GST_MESSAGE_LATENCY:
    gst_bin_recalculate_latency (GST_BIN (run->pipeline));
    step (run, message);
    break;
  case GST_MESSAGE_STATE_CHANGED:
    on_state (run, message);
    step (run, message);
    break;
  default:
    step (run, message);
    break;
  }
  return G_SOURCE_CONTINUE;
}

/* ---- Before the run ----------------------------------------------------- */

/* All of it is checked first: a wrong line at the end fails too. */
static gboolean
check_actions (PfRun *run)
{
  GError *error = NULL;

  for (run->next = 0; run->next < run->script->actions->len; run->next++) {
    const GstStructure *s = current_action (run)->s;
    const PfActionType *type = pf_action_find (gst_structure_get_name (s));
    GstStructure *own;
    GstClockTime time;
    gboolean valid, ok;

    if (!type) {
      pf_run_fail (run, "scenario::malformed", "unknown action %s",
          gst_structure_get_name (s));
      return FALSE;
    }
    pf_script_time (s, "playback-time", &time, &valid);
    if (!valid) {
      pf_run_fail (run, "scenario::malformed", "playback-time is not a time");
      return FALSE;
    }
    if (!type->fields)
      continue;
    own = gst_structure_copy (s);
    for (guint i = 0; pf_action_fields[i]; i++)
      gst_structure_remove_field (own, pf_action_fields[i]);
    ok = pf_script_check_fields (own, type->fields, &error);
    gst_structure_free (own);
    if (!ok) {
      pf_run_fail (run, "scenario::malformed", "%s", error->message);
      g_clear_error (&error);
      return FALSE;
    }
  }
  run->next = 0;
  return TRUE;
}

/* The one string of meta's args; NULL: it is something else. */
static const gchar *
launch_line (const GstStructure *meta)
{
  const GValue *args = gst_structure_get_value (meta, "args");

  if (args && GST_VALUE_HOLDS_LIST (args) &&
      gst_value_list_get_size (args) == 1)
    args = gst_value_list_get_value (args, 0);
  return args && G_VALUE_HOLDS_STRING (args) ? g_value_get_string (args) : NULL;
}

static gboolean
take_meta (PfRun *run, GError **error)
{
  static const gchar *const known[] = { "args", "allow-errors", "ignore-eos",
    "handles-states", "expected-issues", "summary", NULL };
  const GstStructure *meta = run->script->meta;
  GPtrArray *expected;
  gboolean ok = pf_script_check_fields (meta, known, error);

  gst_structure_get_boolean (meta, "allow-errors", &run->allow_errors);
  gst_structure_get_boolean (meta, "ignore-eos", &run->ignore_eos);
  gst_structure_get_boolean (meta, "handles-states", &run->handles_states);
  if (!ok ||
      !(expected = pf_script_structures (meta, "expected-issues", error)))
    return FALSE;
  for (guint i = 0; i < expected->len && ok; i++)
    ok = pf_issues_expect (run->issues, expected->pdata[i], error);
  g_ptr_array_unref (expected);
  return ok;
}

static gboolean
make_pipeline (PfRun *run, GError **error)
{
  const gchar *line = launch_line (run->script->meta);
  GstElement *top;

  if (!line) {
    g_set_error (
        error, PF_SCRIPT_ERROR, 0, "meta needs args = { \"one pipeline\" }");
    return FALSE;
  }
  top = gst_parse_launch_full (line, NULL, GST_PARSE_FLAG_FATAL_ERRORS, error);
  if (!top)
    return FALSE;
  if (GST_IS_PIPELINE (top)) {
    run->pipeline = gst_object_ref_sink (top);
  } else { /* a single element */
    run->pipeline = gst_object_ref_sink (gst_pipeline_new (NULL));
    gst_bin_add (GST_BIN (run->pipeline), top);
  }
  return TRUE;
}

/* ---- The run ------------------------------------------------------------ */

static void
play (PfRun *run, guint timeout_s)
{
  GstBus *bus = gst_element_get_bus (run->pipeline);
  guint tick, timeout;

  gst_bus_add_watch (bus, on_message, run);
  gst_bus_enable_sync_message_emission (bus);
  g_signal_connect (
      bus, "sync-message::error", G_CALLBACK (on_posted_error), run);
  tick = g_timeout_add (TICK_MS, on_tick, run);
  timeout = g_timeout_add_seconds (timeout_s, on_timeout, run);
  if (!run->handles_states) {
    /* not to be expected: gst-validate gives up here in any case */
    if (gst_element_set_state (run->pipeline, GST_STATE_PLAYING) ==
        GST_STATE_CHANGE_FAILURE) {
      pf_run_fail (run, "pf::not-playing", "the pipeline does not play");
      run->over = TRUE;
    } else {
      run->wait = PF_WAIT_STATE;
    }
  }
  if (!run->over)
    g_main_loop_run (run->loop);
  wait_is_over (run);
  g_source_remove (tick);
  g_source_remove (timeout);
  gst_bus_remove_watch (bus);
  gst_element_set_state (run->pipeline, GST_STATE_NULL);
  g_signal_handlers_disconnect_by_data (bus, run);
  gst_bus_disable_sync_message_emission (bus);
  gst_object_unref (bus);
}

/* ---- What is left ------------------------------------------------------- */

static void
on_log (GstDebugCategory *category, GstDebugLevel level, const gchar *file,
    const gchar *function, gint line, GObject *object, GstDebugMessage *message,
    gpointer run)
{
  const gchar *text = gst_debug_message_get (message);

  (void) level;
  (void) file;
  (void) function;
  (void) line;
  (void) object;
  if (strcmp (gst_debug_category_get_name (category), "GST_TRACER") == 0 &&
      g_str_has_prefix (text, "object-alive, "))
    pf_issues_report (((PfRun *) run)->issues, "pf::leak", "the run", "%s",
        text + strlen ("object-alive, "));
}

/* Where core's tracer for leaks runs (GST_TRACERS=leaks), what is left of the
 * pipeline is an issue each. The tracer can only log it. Threads on their way
 * out hold objects until they are gone. */
static void
check_leaks (PfRun *run)
{
  GList *tracers = gst_tracing_get_active_tracers ();

  if (tracers)
    gst_task_cleanup_all ();
  for (GList *t = tracers; t; t = t->next) {
    if (strcmp (G_OBJECT_TYPE_NAME (t->data), "GstLeaksTracer") != 0)
      continue;
    gst_debug_add_log_function (on_log, run, NULL);
    gst_debug_set_active (TRUE);
    gst_debug_set_threshold_for_name ("GST_TRACER", GST_LEVEL_TRACE);
    g_signal_emit_by_name (t->data, "log-live-objects");
    gst_debug_unset_threshold_for_name ("GST_TRACER");
    gst_debug_remove_log_function (on_log);
  }
  g_list_free_full (tracers, gst_object_unref);
}

/* Files of $(tmpdir); it has no folders. */
static void
remove_directory (const gchar *path)
{
  GDir *dir = g_dir_open (path, 0, NULL);
  const gchar *name;

  while (dir && (name = g_dir_read_name (dir))) {
    gchar *file = g_build_filename (path, name, NULL);

    g_unlink (file);
    g_free (file);
  }
  if (dir)
    g_dir_close (dir);
  g_rmdir (path);
}

gboolean
pf_run_file (const gchar *path, guint timeout_s)
{
  PfRun run = { 0 };
  GError *error = NULL;
  gchar *directory = g_dir_make_tmp ("pf-validate-XXXXXX", &error);
  gboolean passed;

  run.issues = pf_issues_new ();
  run.script = directory ? pf_script_load (path, directory, &error) : NULL;
  if (run.script && take_meta (&run, &error) && check_actions (&run) &&
      make_pipeline (&run, &error)) {
    run.loop = g_main_loop_new (NULL, FALSE);
    run.monitors = pf_monitors_new (GST_BIN (run.pipeline), run.issues);
    play (&run, timeout_s);
    pf_monitors_free (run.monitors);
    gst_clear_object (&run.pipeline);
    check_leaks (&run);
    pf_issues_finish (run.issues);
    g_main_loop_unref (run.loop);
  }
  if (error)
    pf_issues_report (
        run.issues, "scenario::malformed", path, "%s", error->message);
  passed = pf_issues_failures (run.issues) == 0;
  pf_issues_print (run.issues);
  g_clear_error (&error);
  gst_clear_object (&run.pipeline);
  pf_script_free (run.script);
  pf_issues_free (run.issues);
  if (directory)
    remove_directory (directory);
  g_free (directory);
  return passed;
}
