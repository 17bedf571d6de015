/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The text form of .validatetest files.
 */
#include "pf-script.h"

#include <string.h>

#define MAX_FILE (1024 * 1024)

G_DEFINE_QUARK (pf - script - error - quark, pf_script_error)

typedef struct {
  const gchar *path;
  GHashTable *vars;
  PfScript *script;
} Reader;

static void
action_free (gpointer data)
{
  PfAction *action = data;

  gst_structure_free (action->s);
  g_free (action);
}

void
pf_script_free (PfScript *self)
{
  if (!self)
    return;
  g_clear_pointer (&self->meta, gst_structure_free);
  g_ptr_array_unref (self->actions);
  g_free (self);
}

gboolean
pf_script_check_fields (
    const GstStructure *s, const gchar *const *known, GError **error)
{
  for (gint i = 0; i < gst_structure_n_fields (s); i++) {
    const gchar *name = gst_structure_nth_field_name (s, i);

    if (!g_strv_contains (known, name)) {
      g_set_error (error, PF_SCRIPT_ERROR, 0, "%s has no field %s",
          gst_structure_get_name (s), name);
      return FALSE;
    }
  }
  return TRUE;
}

static gboolean
add_structure (GPtrArray *to, const GValue *value)
{
  GstStructure *s = NULL;

  if (GST_VALUE_HOLDS_STRUCTURE (value))
    s = gst_structure_copy (gst_value_get_structure (value));
  else if (G_VALUE_HOLDS_STRING (value))
    s = gst_structure_from_string (g_value_get_string (value), NULL);
  if (s)
    g_ptr_array_add (to, s);
  return s != NULL;
}

GPtrArray *
pf_script_structures (const GstStructure *s, const gchar *field, GError **error)
{
  GPtrArray *list =
      g_ptr_array_new_with_free_func ((GDestroyNotify) gst_structure_free);
  const GValue *value = gst_structure_get_value (s, field);
  gboolean ok = TRUE;

  if (value && GST_VALUE_HOLDS_LIST (value))
    for (guint i = 0; i < gst_value_list_get_size (value) && ok; i++)
      ok = add_structure (list, gst_value_list_get_value (value, i));
  else if (value)
    ok = add_structure (list, value);
  if (ok)
    return list;
  g_set_error (
      error, PF_SCRIPT_ERROR, 0, "%s is not a list of structures", field);
  g_ptr_array_unref (list);
  return NULL;
}

gboolean
pf_script_time (const GstStructure *s, const gchar *field, GstClockTime *time,
    gboolean *valid)
{
  const GValue *value = gst_structure_get_value (s, field);
  gdouble seconds = -1;

  *valid = TRUE;
  if (!value)
    return FALSE;
  if (G_VALUE_HOLDS_UINT64 (value)) {
    *time = g_value_get_uint64 (value);
    return TRUE;
  }
  if (G_VALUE_HOLDS_DOUBLE (value))
    seconds = g_value_get_double (value);
  else if (G_VALUE_HOLDS_INT (value))
    seconds = g_value_get_int (value);
  *valid = seconds >= 0 && seconds < 1e6;
  if (*valid)
    *time = (GstClockTime) (seconds * GST_SECOND);
  return *valid;
}

/* ---- Variables ---------------------------------------------------------- */

/* $(NAME) by its value; NULL: there is no such variable. */
static gchar *
expand (Reader *r, const gchar *text, GError **error)
{
  GString *out = g_string_new (NULL);

  for (;;) {
    const gchar *begin = strstr (text, "$("), *end;
    const gchar *value;
    gchar *name;

    end = begin ? strchr (begin, ')') : NULL;
    if (!end)
      break;
    g_string_append_len (out, text, begin - text);
    name = g_strndup (begin + 2, (gsize) (end - begin - 2));
    value = g_hash_table_lookup (r->vars, name);
    if (!value) {
      g_set_error (
          error, PF_SCRIPT_ERROR, 0, "there is no variable $(%s)", name);
      g_free (name);
      g_string_free (out, TRUE);
      return NULL;
    }
    g_free (name);
    g_string_append (out, value);
    text = end + 1;
  }
  g_string_append (out, text);
  return g_string_free (out, FALSE);
}

typedef struct {
  Reader *r;
  GError **error;
} Expansion;

static gboolean expand_field (GQuark field, GValue *value, gpointer data);

static gboolean
expand_value (GValue *value, Expansion *x)
{
  gchar *text;

  if (G_VALUE_HOLDS_STRING (value)) {
    const gchar *from = g_value_get_string (value);

    if (from && !(text = expand (x->r, from, x->error)))
      return FALSE;
    if (from)
      g_value_take_string (value, text);
  } else if (GST_VALUE_HOLDS_LIST (value)) {
    for (guint i = 0; i < gst_value_list_get_size (value); i++)
      if (!expand_value ((GValue *) gst_value_list_get_value (value, i), x))
        return FALSE;
  } else if (GST_VALUE_HOLDS_STRUCTURE (value)) {
    GstStructure *s = gst_structure_copy (gst_value_get_structure (value));
    const gboolean ok = gst_structure_map_in_place (s, expand_field, x);

    g_value_take_boxed (value, s);
    return ok;
  }
  return TRUE;
}

static gboolean
expand_field (GQuark field, GValue *value, gpointer data)
{
  (void) field;
  return expand_value (value, data);
}

static gboolean
add_global (GQuark field, const GValue *value, gpointer data)
{
  GHashTable *vars = data;
  gchar *text = G_VALUE_HOLDS_STRING (value) ? g_value_dup_string (value)
                                             : gst_value_serialize (value);

  if (text)
    g_hash_table_replace (vars, g_strdup (g_quark_to_string (field)), text);
  return TRUE;
}

/* ---- Lines -------------------------------------------------------------- */

static gboolean
take_structure (Reader *r, const gchar *text, guint line, GError **error)
{
  Expansion x = { r, error };
  GstStructure *s = gst_structure_from_string (text, NULL);
  PfAction *action;

  if (!s) {
    g_set_error (error, PF_SCRIPT_ERROR, 0, "not a structure: %s", text);
    return FALSE;
  }
  if (!gst_structure_map_in_place (s, expand_field, &x)) {
    gst_structure_free (s);
    return FALSE;
  }
  if (!r->script->meta && gst_structure_has_name (s, "set-globals")) {
    gst_structure_foreach (s, add_global, r->vars);
    gst_structure_free (s);
    return TRUE;
  }
  if (!r->script->meta) {
    r->script->meta = s;
    if (gst_structure_has_name (s, "meta"))
      return TRUE;
    g_set_error (error, PF_SCRIPT_ERROR, 0, "%s comes before meta",
        gst_structure_get_name (s));
    return FALSE;
  }
  action = g_new0 (PfAction, 1);
  action->s = s;
  action->line = line;
  g_ptr_array_add (r->script->actions, action);
  return TRUE;
}

/* What gst-validate reads in another way than it looks. */
static gboolean
check_line (const gchar *line, GError **error)
{
  const gsize n = strlen (line);

  if (strchr (line, '#')) {
    g_set_error (error, PF_SCRIPT_ERROR, 0,
        "a comment needs a line of its own, and values cannot have a #");
    return FALSE;
  }
  if (strchr (line, ';')) {
    g_set_error (
        error, PF_SCRIPT_ERROR, 0, "what follows a semicolon would be dropped");
    return FALSE;
  }
  if (n && strchr (" \t\r", line[n - 1])) {
    g_set_error (error, PF_SCRIPT_ERROR, 0, "a blank at the end of a line");
    return FALSE;
  }
  return TRUE;
}

static gboolean
read_lines (Reader *r, gchar **lines, GError **error)
{
  GString *joined = g_string_new (NULL);
  guint first = 1;
  gboolean ok = TRUE;

  for (guint i = 0; lines[i] && ok; i++) {
    const gchar *line = lines[i];
    const gsize n = strlen (line);
    const gchar *text = line + strspn (line, " \t");

    if (*text == '#' || (!*text && !joined->len))
      continue;
    if (!joined->len)
      first = i + 1;
    ok = check_line (line, error);
    if (ok && !*text) {
      g_set_error (
          error, PF_SCRIPT_ERROR, 0, "a blank line inside of a structure");
      ok = FALSE;
    }
    if (!ok) {
      g_prefix_error (error, "%s:%u: ", r->path, i + 1);
      break;
    }
    g_string_append_len (joined, text, (gssize) (n - (gsize) (text - line)));
    if (n && strchr (",{[<\\", line[n - 1])) {
      if (line[n - 1] == '\\')
        g_string_truncate (joined, joined->len - 1);
      g_string_append_c (joined, ' ');
      continue;
    }
    ok = take_structure (r, joined->str, first, error);
    if (!ok)
      g_prefix_error (error, "%s:%u: ", r->path, first);
    g_string_truncate (joined, 0);
  }
  if (ok && joined->len) {
    g_set_error (error, PF_SCRIPT_ERROR, 0,
        "%s:%u: the file ends inside of a structure", r->path, first);
    ok = FALSE;
  }
  g_string_free (joined, TRUE);
  return ok;
}

static gchar *
test_name (const gchar *path)
{
  gchar *name = g_path_get_basename (path);
  gchar *dot = strrchr (name, '.');

  if (dot)
    *dot = '\0';
  return name;
}

PfScript *
pf_script_load (const gchar *path, const gchar *directory, GError **error)
{
  Reader r = { path, NULL, NULL };
  gchar *absolute = g_canonicalize_filename (path, NULL);
  gchar *text = NULL, **lines;
  gsize size;
  gboolean ok;

  r.script = g_new0 (PfScript, 1);
  r.script->actions = g_ptr_array_new_with_free_func (action_free);
  r.vars = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_hash_table_replace (
      r.vars, g_strdup ("test_dir"), g_path_get_dirname (absolute));
  g_hash_table_replace (r.vars, g_strdup ("test_name"), test_name (path));
  g_hash_table_replace (r.vars, g_strdup ("tmpdir"), g_strdup (directory));
  g_hash_table_replace (r.vars, g_strdup ("logsdir"), g_strdup (directory));
  ok = g_file_get_contents (path, &text, &size, error);
  if (ok && (size > MAX_FILE || strlen (text) != size ||
                !g_utf8_validate (text, (gssize) size, NULL))) {
    g_set_error (error, PF_SCRIPT_ERROR, 0, "%s is not text", path);
    ok = FALSE;
  }
  if (ok) {
    lines = g_strsplit (text, "\n", -1);
    ok = read_lines (&r, lines, error);
    g_strfreev (lines);
  }
  if (ok && !r.script->meta) {
    g_set_error (error, PF_SCRIPT_ERROR, 0, "%s has no meta", path);
    ok = FALSE;
  }
  g_free (text);
  g_free (absolute);
  g_hash_table_unref (r.vars);
  if (ok)
    return r.script;
  pf_script_free (r.script);
  return NULL;
}
