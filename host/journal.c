/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What is still to be undone, on disk; see journal.h. */
#include "journal.h"

#include "runner.h"

#include "pf-conf.h"
#include "pf-store.h"

#include <unistd.h>

#define STEPS "undo"
#define MAX_STEPS 1000
#define MAX_WORDS 256

struct _PfJournal {
  gchar *path;
  JsonObject *root;
  guint last; /* number given */
};

static JsonArray *
steps_of (JsonObject *root)
{
  JsonNode *node = json_object_get_member (root, STEPS);

  return node && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node)
                                              : NULL;
}

static JsonObject *
step_at (JsonArray *steps, guint i)
{
  JsonNode *node = json_array_get_element (steps, i);

  return JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
}

/* NULL: it is none. */
static gchar **
words_of (JsonObject *step)
{
  JsonNode *node = step ? json_object_get_member (step, "argv") : NULL;
  g_autoptr (GStrvBuilder) words = g_strv_builder_new ();
  JsonArray *list;

  if (!node || !JSON_NODE_HOLDS_ARRAY (node))
    return NULL;
  list = json_node_get_array (node);
  if (json_array_get_length (list) == 0 ||
      json_array_get_length (list) > MAX_WORDS)
    return NULL;
  for (guint i = 0; i < json_array_get_length (list); i++) {
    JsonNode *word = json_array_get_element (list, i);

    if (!JSON_NODE_HOLDS_VALUE (word) ||
        json_node_get_value_type (word) != G_TYPE_STRING)
      return NULL;
    g_strv_builder_add (words, json_node_get_string (word));
  }
  return g_strv_builder_end (words);
}

PfJournal *
pf_journal_open (const gchar *path, GError **error)
{
  GError *problem = NULL;
  JsonObject *root = pf_store_load (path, &problem);
  PfJournal *j;

  if (problem) {
    g_propagate_error (error, problem);
    return NULL;
  }
  j = g_new0 (PfJournal, 1);
  j->path = g_strdup (path);
  j->root = root ? root : json_object_new ();
  if (!steps_of (j->root))
    json_object_set_array_member (j->root, STEPS, json_array_new ());
  return j;
}

void
pf_journal_free (PfJournal *j)
{
  if (!j)
    return;
  json_object_unref (j->root);
  g_free (j->path);
  g_free (j);
}

/* An empty one is no file. */
static gboolean
save (PfJournal *j, GError **error)
{
  if (json_array_get_length (steps_of (j->root)) > 0)
    return pf_store_save (j->path, j->root, error);
  unlink (j->path);
  return TRUE;
}

guint
pf_journal_add (PfJournal *j, gchar *const *argv, GError **error)
{
  JsonArray *steps = steps_of (j->root);
  JsonObject *step = json_object_new ();
  JsonArray *words = json_array_new ();

  for (guint i = 0; argv[i]; i++)
    json_array_add_string_element (words, argv[i]);
  json_object_set_int_member (step, "number", ++j->last);
  json_object_set_array_member (step, "argv", words);
  json_array_add_object_element (steps, step);
  if (json_array_get_length (steps) <= MAX_STEPS && save (j, error))
    return j->last;
  if (error && !*error)
    g_set_error (error, PF_LAUNCH_ERROR, PF_LAUNCH_ERROR_VALUE,
        "more than %d steps are to be undone", MAX_STEPS);
  json_array_remove_element (steps, json_array_get_length (steps) - 1);
  return 0;
}

void
pf_journal_remove (PfJournal *j, guint number)
{
  JsonArray *steps = steps_of (j->root);
  g_autoptr (GError) error = NULL;

  for (guint i = json_array_get_length (steps); i > 0; i--) {
    JsonObject *step = step_at (steps, i - 1);

    if (step &&
        json_object_get_int_member_with_default (step, "number", 0) == number)
      json_array_remove_element (steps, i - 1);
  }
  if (!save (j, &error))
    g_printerr ("pf-host: %s\n", error->message);
}

guint
pf_journal_replay (PfJournal *j)
{
  JsonArray *steps = steps_of (j->root);
  guint n = 0;

  if (geteuid () == 0)
    return 0;
  for (guint i = json_array_get_length (steps); i > 0; i--) {
    g_auto (GStrv) argv = words_of (step_at (steps, i - 1));

    /* gone first: what kills the host again is not tried a third time */
    json_array_remove_element (steps, i - 1);
    save (j, NULL);
    if (argv)
      n += pf_runner_run (argv, NULL, NULL);
  }
  return n;
}
