/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Key files that know their lines; see pf-conf.h. */
#include "pf-conf.h"

#include <string.h>

/* Larger ones are no descriptions of pipelines. */
#define MAX_SIZE (64 * 1024)

GQuark
pf_launch_error_quark (void)
{
  return g_quark_from_static_string ("pf-launch-error-quark");
}

static void
entry_free (gpointer data)
{
  PfConfEntry *e = data;

  g_free (e->file);
  g_free (e->group);
  g_free (e->key);
  g_free (e->value);
  g_free (e);
}

void
pf_conf_free (PfConf *conf)
{
  if (!conf)
    return;
  g_ptr_array_unref (conf->entries);
  g_free (conf);
}

void
pf_conf_complain (
    const PfConfEntry *entry, GError **error, const gchar *format, ...)
{
  g_autofree gchar *why = NULL;
  va_list args;

  va_start (args, format);
  why = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (error, PF_LAUNCH_ERROR, PF_LAUNCH_ERROR_SYNTAX,
      "%s:%u: [%s] %s: %s", entry->file, entry->line, entry->group, entry->key,
      why);
}

static gint
find_index (const PfConf *conf, const gchar *group, const gchar *key)
{
  for (guint i = 0; i < conf->entries->len; i++) {
    const PfConfEntry *e = g_ptr_array_index (conf->entries, i);

    if (g_str_equal (e->group, group) && g_str_equal (e->key, key))
      return (gint) i;
  }
  return -1;
}

const PfConfEntry *
pf_conf_find (const PfConf *conf, const gchar *group, const gchar *key)
{
  const gint i = find_index (conf, group, key);

  return i < 0 ? NULL : g_ptr_array_index (conf->entries, i);
}

void
pf_conf_override (PfConf *conf, PfConf *over)
{
  while (over->entries->len > 0) {
    PfConfEntry *e = g_ptr_array_steal_index (over->entries, 0);
    const gint i = find_index (conf, e->group, e->key);

    if (i < 0) {
      g_ptr_array_add (conf->entries, e);
    } else {
      entry_free (g_ptr_array_index (conf->entries, i));
      conf->entries->pdata[i] = e;
    }
  }
  pf_conf_free (over);
}

/* ---- Reading ------------------------------------------------------------- */

typedef struct {
  PfConf *conf;
  const gchar *name;
  guint line;
  gchar *group;       /* NULL before the first */
  GHashTable *groups; /* those seen */
} Reader;

static gboolean
bad_line (const Reader *r, GError **error, const gchar *why, const gchar *what)
{
  g_set_error (error, PF_LAUNCH_ERROR, PF_LAUNCH_ERROR_SYNTAX, "%s:%u: %s%s",
      r->name, r->line, why, what);
  return FALSE;
}

static gboolean
is_name (const gchar *name)
{
  return *name &&
         name[strspn (name, "abcdefghijklmnopqrstuvwxyz0123456789-")] == '\0';
}

static gboolean
take_group (Reader *r, gchar *line, GError **error)
{
  const gsize n = strlen (line);

  if (n < 3 || line[n - 1] != ']')
    return bad_line (r, error, "no group: ", line);
  line[n - 1] = '\0';
  if (!is_name (line + 1))
    return bad_line (r, error, "not a name of a group: ", line + 1);
  if (!g_hash_table_add (r->groups, g_strdup (line + 1)))
    return bad_line (r, error, "group comes twice: ", line + 1);
  g_free (r->group);
  r->group = g_strdup (line + 1);
  return TRUE;
}

static gboolean
take_key (Reader *r, gchar *line, GError **error)
{
  gchar *equals = strchr (line, '=');
  PfConfEntry *e;

  if (!equals)
    return bad_line (r, error, "neither [group] nor key = value: ", line);
  if (!r->group)
    return bad_line (r, error, "a key before the first group: ", line);
  *equals = '\0';
  g_strchomp (line);
  if (!is_name (line))
    return bad_line (r, error, "not a name of a key: ", line);
  if (pf_conf_find (r->conf, r->group, line))
    return bad_line (r, error, "key comes twice in its group: ", line);
  e = g_new0 (PfConfEntry, 1);
  e->file = g_strdup (r->name);
  e->line = r->line;
  e->group = g_strdup (r->group);
  e->key = g_strdup (line);
  e->value = g_strdup (g_strstrip (equals + 1));
  g_ptr_array_add (r->conf->entries, e);
  return TRUE;
}

static gboolean
take_line (Reader *r, gchar *line, GError **error)
{
  g_strstrip (line);
  if (*line == '\0' || *line == '#')
    return TRUE;
  if (*line == '[')
    return take_group (r, line, error);
  return take_key (r, line, error);
}

PfConf *
pf_conf_parse (const gchar *name, const gchar *text, gsize size, GError **error)
{
  g_autoptr (PfConf) conf = g_new0 (PfConf, 1);
  g_autoptr (GHashTable) groups =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  Reader r = { .conf = conf, .name = name, .groups = groups };
  g_auto (GStrv) lines = NULL;
  g_autofree gchar *copy = NULL;
  gboolean good = TRUE;

  conf->entries = g_ptr_array_new_with_free_func (entry_free);
  if (size > MAX_SIZE || !g_utf8_validate (text, (gssize) size, NULL)) {
    g_set_error (error, PF_LAUNCH_ERROR, PF_LAUNCH_ERROR_SYNTAX,
        "%s: no key file: %s", name,
        size > MAX_SIZE ? "larger than 64 KiB" : "not UTF-8");
    return NULL;
  }
  copy = g_strndup (text, size);
  lines = g_strsplit (copy, "\n", -1);
  for (guint i = 0; lines[i] && good; i++) {
    r.line = i + 1;
    good = take_line (&r, lines[i], error);
  }
  g_free (r.group);
  return good ? g_steal_pointer (&conf) : NULL;
}

PfConf *
pf_conf_load (const gchar *path, GError **error)
{
  g_autoptr (GError) problem = NULL;
  g_autofree gchar *text = NULL;
  gsize size;

  if (!g_file_test (path, G_FILE_TEST_IS_REGULAR)) {
    g_set_error (error, PF_LAUNCH_ERROR, PF_LAUNCH_ERROR_FILE,
        "%s: there is no such file", path);
    return NULL;
  }
  if (!g_file_get_contents (path, &text, &size, &problem)) {
    g_set_error (error, PF_LAUNCH_ERROR, PF_LAUNCH_ERROR_FILE, "%s: %s", path,
        problem->message);
    return NULL;
  }
  return pf_conf_parse (path, text, size, error);
}
