/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Variables of pipeline descriptions; see pf-values.h. */
#include "pf-values.h"

#include <string.h>

struct _PfValues {
  GHashTable *table;
};

#define VIDEO_ROLES " capture encode decode "
#define AUDIO_ROLES " audio-capture audio-encode audio-decode audio-present "

static const PfKnownVariable known[] = {
  { "width", "uint 16..16384", NULL, NULL },
  { "height", "uint 16..16384", NULL, NULL },
  { "fps", "uint 1..1000", NULL, NULL },
  { "feed-fps", "uint 1..1000", NULL, NULL },
  { "bitrate-kbps", "uint 500..8000000", NULL, NULL },
  { "vbv-kbit", "uint 1..8000000", NULL, NULL },
  { "depth", "choice 8|10", "8", VIDEO_ROLES },
  { "chroma", "choice 420|444", "420", VIDEO_ROLES },
  { "colorimetry", "choice bt601|bt709|bt2020|bt2100-pq|bt2100-hlg", "bt709",
      VIDEO_ROLES },
  { "hdr", "bool", "false", VIDEO_ROLES },
  { "channels", "choice 2|6|8", "2", AUDIO_ROLES },
  { "audio-kbps", "uint 16..2000", NULL, NULL },
  { "audio-frame-us", "choice 2500|5000|10000|20000", "5000", AUDIO_ROLES },
  { "audio-layout", "choice normal|high", "normal", AUDIO_ROLES },
};

const PfKnownVariable *
pf_known_variables (guint *n)
{
  *n = G_N_ELEMENTS (known);
  return known;
}

const PfKnownVariable *
pf_known_variable (const gchar *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (known); i++)
    if (g_str_equal (known[i].name, name))
      return &known[i];
  return NULL;
}

/* ---- Variables ----------------------------------------------------------- */

void
pf_variable_free (PfVariable *variable)
{
  if (!variable)
    return;
  g_free (variable->name);
  g_strfreev (variable->choices);
  g_free (variable->fallback);
  g_free (variable);
}

static gboolean
read_uint (const gchar *text, guint64 *out)
{
  return g_ascii_string_to_unsigned (text, 10, 0, G_MAXUINT64, out, NULL);
}

static gboolean
read_range (const gchar *text, PfVariable *v)
{
  const gchar *dots = strstr (text, "..");
  g_autofree gchar *low = NULL;

  if (!dots)
    return FALSE;
  low = g_strndup (text, (gsize) (dots - text));
  return read_uint (low, &v->min) && read_uint (dots + 2, &v->max) &&
         v->min <= v->max;
}

static gboolean
is_word (const gchar *word)
{
  return *word &&
         word[strspn (word, "abcdefghijklmnopqrstuvwxyz0123456789-")] == '\0';
}

static gboolean
read_choices (const gchar *text, PfVariable *v)
{
  v->choices = g_strsplit (text, "|", -1);
  for (guint i = 0; v->choices[i]; i++)
    if (!is_word (v->choices[i]))
      return FALSE;
  return v->choices[0] != NULL;
}

/* Fills in what TYPE ("uint 1..16", "bool", "choice a|b") says. */
static gboolean
read_type (const gchar *type, PfVariable *v)
{
  if (g_str_equal (type, "bool")) {
    v->kind = PF_VARIABLE_BOOL;
    return TRUE;
  }
  if (g_str_has_prefix (type, "uint ")) {
    v->kind = PF_VARIABLE_UINT;
    return read_range (type + strlen ("uint "), v);
  }
  if (g_str_has_prefix (type, "choice ")) {
    v->kind = PF_VARIABLE_CHOICE;
    return read_choices (type + strlen ("choice "), v);
  }
  return FALSE;
}

gchar *
pf_variable_refuse (const PfVariable *v, const gchar *value)
{
  g_autofree gchar *all = NULL;
  guint64 number;

  switch (v->kind) {
  case PF_VARIABLE_BOOL:
    if (g_str_equal (value, "true") || g_str_equal (value, "false"))
      return NULL;
    return g_strdup_printf ("%s %s is neither true nor false", v->name, value);
  case PF_VARIABLE_UINT:
    if (!read_uint (value, &number))
      return g_strdup_printf ("%s %s is no number", v->name, value);
    if (number >= v->min && number <= v->max)
      return NULL;
    return g_strdup_printf ("%s %s is outside %" G_GUINT64_FORMAT
                            "..%" G_GUINT64_FORMAT,
        v->name, value, v->min, v->max);
  case PF_VARIABLE_CHOICE:
  default:
    if (g_strv_contains ((const gchar *const *) v->choices, value))
      return NULL;
    all = g_strjoinv (", ", v->choices);
    return g_strdup_printf ("%s %s is none of %s", v->name, value, all);
  }
}

/* A known variable means the same everywhere. */
static gchar *
against_known (const PfVariable *v)
{
  const PfKnownVariable *k = pf_known_variable (v->name);
  g_autoptr (PfVariable) wide = NULL;
  g_autofree gchar *why = NULL;

  if (!k)
    return v->fallback ? NULL
                       : g_strdup ("the programs do not know this variable, so "
                                   "it needs a default (= VALUE)");
  wide = g_new0 (PfVariable, 1);
  wide->name = g_strdup (v->name);
  read_type (k->type, wide);
  if (wide->kind != v->kind)
    return g_strdup_printf ("this variable is %s", k->type);
  if (v->kind == PF_VARIABLE_UINT && (v->min < wide->min || v->max > wide->max))
    return g_strdup_printf ("this variable is within %s", k->type);
  for (guint i = 0; v->choices && v->choices[i] && !why; i++)
    why = pf_variable_refuse (wide, v->choices[i]);
  return g_steal_pointer (&why);
}

PfVariable *
pf_variable_new (const PfConfEntry *entry, GError **error)
{
  g_autoptr (PfVariable) v = g_new0 (PfVariable, 1);
  g_autofree gchar *type = g_strdup (entry->value);
  g_autofree gchar *why = NULL;
  gchar *equals = strchr (type, '=');

  v->name = g_strdup (entry->key);
  if (equals) {
    *equals = '\0';
    v->fallback = g_strdup (g_strstrip (equals + 1));
  }
  if (!read_type (g_strstrip (type), v)) {
    pf_conf_complain (entry, error,
        "%s is no type: uint MIN..MAX, bool or choice A|B, then = DEFAULT",
        type);
    return NULL;
  }
  if (v->fallback)
    why = pf_variable_refuse (v, v->fallback);
  if (!why)
    why = against_known (v);
  if (why) {
    pf_conf_complain (entry, error, "%s", why);
    return NULL;
  }
  return g_steal_pointer (&v);
}

/* ---- Values -------------------------------------------------------------- */

PfValues *
pf_values_new (void)
{
  PfValues *values = g_new0 (PfValues, 1);

  values->table =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  return values;
}

void
pf_values_free (PfValues *values)
{
  if (!values)
    return;
  g_hash_table_unref (values->table);
  g_free (values);
}

PfValues *
pf_values_copy (const PfValues *values)
{
  PfValues *copy = pf_values_new ();
  GHashTableIter iter;
  gpointer name, value;

  g_hash_table_iter_init (&iter, values->table);
  while (g_hash_table_iter_next (&iter, &name, &value))
    g_hash_table_replace (copy->table, g_strdup (name), g_strdup (value));
  return copy;
}

gboolean
pf_values_set (
    PfValues *values, const gchar *name, const gchar *value, GError **error)
{
  const PfKnownVariable *k = pf_known_variable (name);
  g_autoptr (PfVariable) v = g_new0 (PfVariable, 1);
  g_autofree gchar *why = NULL;

  v->name = g_strdup (name);
  if (k && read_type (k->type, v))
    why = pf_variable_refuse (v, value);
  else
    why = g_strdup_printf ("there is no variable %s", name);
  if (why) {
    g_set_error_literal (error, PF_LAUNCH_ERROR, PF_LAUNCH_ERROR_VALUE, why);
    return FALSE;
  }
  g_hash_table_replace (values->table, g_strdup (name), g_strdup (value));
  return TRUE;
}

gboolean
pf_values_set_uint (
    PfValues *values, const gchar *name, guint64 value, GError **error)
{
  g_autofree gchar *text = g_strdup_printf ("%" G_GUINT64_FORMAT, value);

  return pf_values_set (values, name, text, error);
}

const gchar *
pf_values_get (const PfValues *values, const gchar *name)
{
  return g_hash_table_lookup (values->table, name);
}

guint64
pf_values_get_uint (
    const PfValues *values, const gchar *name, guint64 otherwise)
{
  const gchar *text = pf_values_get (values, name);
  guint64 number;

  return text && read_uint (text, &number) ? number : otherwise;
}

/* ---- Text ---------------------------------------------------------------- */

static const PfVariable *
find_variable (GPtrArray *variables, const gchar *name)
{
  for (guint i = 0; i < variables->len; i++) {
    const PfVariable *v = g_ptr_array_index (variables, i);

    if (g_str_equal (v->name, name))
      return v;
  }
  return NULL;
}

/* The next ${NAME} at or behind TEXT: its start and what follows it. NULL if
 * there is none; NAME is NULL if it is not closed. */
static const gchar *
next_reference (const gchar *text, gchar **name, const gchar **rest)
{
  const gchar *start = strstr (text, "${");
  const gchar *end = start ? strchr (start, '}') : NULL;

  *name = NULL;
  if (end) {
    *name = g_strndup (start + 2, (gsize) (end - start - 2));
    *rest = end + 1;
  }
  return start;
}

gboolean
pf_values_check_text (
    const PfConfEntry *entry, GPtrArray *variables, GError **error)
{
  const gchar *at = entry->value;
  g_autofree gchar *name = NULL;

  while (next_reference (at, &name, &at)) {
    if (!name) {
      pf_conf_complain (entry, error, "${ is never closed");
      return FALSE;
    }
    if (!find_variable (variables, name)) {
      pf_conf_complain (
          entry, error, "unknown variable %s: [variables] has none", name);
      return FALSE;
    }
    g_clear_pointer (&name, g_free);
  }
  return TRUE;
}

/* The text of one variable; NULL with an error if it may not have it. */
static const gchar *
value_of (const PfValues *values, const PfVariable *v, GError **error)
{
  const PfKnownVariable *meaning = pf_known_variable (v->name);
  const gchar *value = pf_values_get (values, v->name);
  g_autofree gchar *why = NULL;

  if (!value)
    value = v->fallback;
  if (!value && meaning)
    value = meaning->neutral;
  if (!value)
    why = g_strdup_printf ("%s is not set", v->name);
  else
    why = pf_variable_refuse (v, value);
  if (!why)
    return value;
  g_set_error_literal (error, PF_LAUNCH_ERROR, PF_LAUNCH_ERROR_VALUE, why);
  return NULL;
}

gchar *
pf_values_expand (const PfValues *values, GPtrArray *variables,
    const gchar *text, GError **error)
{
  g_autoptr (GString) out = g_string_new (NULL);
  const gchar *at = text, *start, *rest = NULL;
  g_autofree gchar *name = NULL;

  while ((start = next_reference (at, &name, &rest))) {
    const PfVariable *v = name ? find_variable (variables, name) : NULL;
    const gchar *value = v ? value_of (values, v, error) : NULL;

    if (!v)
      g_set_error (error, PF_LAUNCH_ERROR, PF_LAUNCH_ERROR_SYNTAX,
          "unknown variable %s", name ? name : start);
    if (!value)
      return NULL;
    g_string_append_len (out, at, start - at);
    g_string_append (out, value);
    at = rest;
    g_clear_pointer (&name, g_free);
  }
  g_string_append (out, at);
  return g_string_free (g_steal_pointer (&out), FALSE);
}
