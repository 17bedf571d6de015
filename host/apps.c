/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Titles that clients may start; see apps.h. */
#include "apps.h"

#include "pf-conf.h"

#include <string.h>

#define IMAGE_MAX (8 * 1024 * 1024)
#define TITLE_MAX 128

struct _PfApps {
  GPtrArray *list; /* PfApp */
};

static void
app_free (gpointer data)
{
  PfApp *a = data;

  g_free (a->name);
  g_free (a->title);
  g_strfreev (a->run);
  g_free (a->image);
  g_free (a->directory);
  g_strfreev (a->environment);
  for (guint i = 0; i < PF_APP_STEPS; i++) {
    g_strfreev (a->steps[i].prep);
    g_strfreev (a->steps[i].undo);
  }
  g_free (a);
}

/* FNV-1a */
static guint32
hash_of (const gchar *name, guint again)
{
  guint32 h = 2166136261u + again;

  for (; *name; name++)
    h = (h ^ (guint8) *name) * 16777619u;
  return (h & G_MAXINT32) ? h & G_MAXINT32 : 1;
}

static PfApp *
add (PfApps *apps, const gchar *name, const gchar *title)
{
  PfApp *a = g_new0 (PfApp, 1);
  guint again = 0;

  a->name = g_strdup (name);
  a->title = g_strdup (title);
  do {
    a->id = hash_of (name, again++);
  } while (pf_apps_find (apps, a->id));
  g_ptr_array_add (apps->list, a);
  return a;
}

static PfApp *
find_name (PfApps *apps, const gchar *name)
{
  for (guint i = 0; i < apps->list->len; i++) {
    PfApp *a = g_ptr_array_index (apps->list, i);

    if (g_str_equal (a->name, name))
      return a;
  }
  return NULL;
}

/* ---- Keys --------------------------------------------------------------- */

static gboolean
take_words (const PfConfEntry *e, gchar ***words, GError **error)
{
  g_autoptr (GError) problem = NULL;

  g_clear_pointer (words, g_strfreev);
  if (!*e->value)
    return TRUE; /* none */
  if (g_shell_parse_argv (e->value, NULL, words, &problem))
    return TRUE;
  pf_conf_complain (e, error, "%s", problem->message);
  return FALSE;
}

static gboolean
take_title (const PfConfEntry *e, PfApp *a, GError **error)
{
  const gsize n = strlen (e->value);

  if (n == 0 || n > TITLE_MAX || !g_utf8_validate (e->value, -1, NULL)) {
    pf_conf_complain (e, error, "has 1 to %d bytes of UTF-8", TITLE_MAX);
    return FALSE;
  }
  g_free (a->title);
  a->title = g_strdup (e->value);
  return TRUE;
}

static gboolean
take_environment (const PfConfEntry *e, PfApp *a, GError **error)
{
  if (!take_words (e, &a->environment, error))
    return FALSE;
  for (guint i = 0; a->environment && a->environment[i]; i++) {
    const gchar *equals = strchr (a->environment[i], '=');

    if (equals && equals != a->environment[i])
      continue;
    pf_conf_complain (e, error, "%s is not NAME=VALUE", a->environment[i]);
    return FALSE;
  }
  return TRUE;
}

static gboolean
take_path (const PfConfEntry *e, gchar **path, GError **error)
{
  if (!g_path_is_absolute (e->value)) {
    pf_conf_complain (e, error, "%s does not begin with a slash", e->value);
    return FALSE;
  }
  *path = g_strdup (e->value);
  return TRUE;
}

/* prep, undo, and prep-2 to undo-9. */
static gboolean
take_step (const PfConfEntry *e, PfApp *a, gboolean *known, GError **error)
{
  const gboolean is_prep = g_str_has_prefix (e->key, "prep");
  const gchar *number = e->key + 4;
  guint at = 1;

  *known = is_prep || g_str_has_prefix (e->key, "undo");
  if (*known && *number) {
    *known = number[0] == '-' && number[1] >= '2' && number[1] <= '9' &&
             number[2] == '\0';
    at = (guint) (number[1] - '0');
  }
  if (!*known)
    return TRUE;
  a->n_steps = MAX (a->n_steps, at);
  return take_words (
      e, is_prep ? &a->steps[at - 1].prep : &a->steps[at - 1].undo, error);
}

static gboolean
take_key (const PfConfEntry *e, PfApp *a, GError **error)
{
  gboolean known;

  if (g_str_equal (e->key, "title"))
    return take_title (e, a, error);
  if (g_str_equal (e->key, "run"))
    return take_words (e, &a->run, error);
  if (g_str_equal (e->key, "environment"))
    return take_environment (e, a, error);
  if (g_str_equal (e->key, "image"))
    return take_path (e, &a->image, error);
  if (g_str_equal (e->key, "directory"))
    return take_path (e, &a->directory, error);
  if (g_str_equal (e->key, "hdr")) {
    a->hdr = g_str_equal (e->value, "true");
    if (a->hdr || g_str_equal (e->value, "false"))
      return TRUE;
    pf_conf_complain (e, error, "is true or false");
    return FALSE;
  }
  if (!take_step (e, a, &known, error))
    return FALSE;
  if (!known)
    pf_conf_complain (e, error, "no such key");
  return known;
}

static gboolean
take_entry (PfApps *apps, const PfConfEntry *e, GError **error)
{
  PfApp *a = find_name (apps, e->group);

  if (!a && apps->list->len >= PF_APPS_MAX) {
    pf_conf_complain (e, error, "more than %d titles", PF_APPS_MAX);
    return FALSE;
  }
  return take_key (e, a ? a : add (apps, e->group, e->group), error);
}

/* ---- The whole ---------------------------------------------------------- */

static void
add_usual (PfApps *apps)
{
  g_autofree gchar *steam = g_find_program_in_path ("steam");
  const gchar *argv[] = { steam, "steam://open/bigpicture", NULL };

  add (apps, "desktop", "Desktop");
  if (steam)
    add (apps, "steam", "Steam Big Picture")->run = g_strdupv ((gchar **) argv);
}

PfApps *
pf_apps_load (const gchar *path, GError **error)
{
  PfApps *apps = g_new0 (PfApps, 1);
  g_autoptr (PfConf) conf = NULL;

  apps->list = g_ptr_array_new_with_free_func (app_free);
  if (!g_file_test (path, G_FILE_TEST_EXISTS)) {
    add_usual (apps);
    return apps;
  }
  conf = pf_conf_load (path, error);
  for (guint i = 0; conf && i < conf->entries->len; i++)
    if (!take_entry (apps, g_ptr_array_index (conf->entries, i), error)) {
      pf_apps_free (apps);
      return NULL;
    }
  if (!conf)
    g_clear_pointer (&apps, pf_apps_free);
  return apps;
}

void
pf_apps_free (PfApps *apps)
{
  if (!apps)
    return;
  g_ptr_array_unref (apps->list);
  g_free (apps);
}

guint
pf_apps_n (const PfApps *apps)
{
  return apps->list->len;
}

const PfApp *
pf_apps_at (const PfApps *apps, guint i)
{
  return g_ptr_array_index (apps->list, i);
}

const PfApp *
pf_apps_find (const PfApps *apps, guint32 id)
{
  for (guint i = 0; i < apps->list->len; i++) {
    const PfApp *a = g_ptr_array_index (apps->list, i);

    if (a->id == id)
      return a;
  }
  return NULL;
}

GBytes *
pf_app_image (const PfApp *app)
{
  static const guint8 magic[8] = { 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a,
    '\n' };
  g_autofree gchar *bytes = NULL;
  gsize size;

  if (!app->image || !g_file_get_contents (app->image, &bytes, &size, NULL) ||
      size > IMAGE_MAX || size < sizeof magic ||
      memcmp (bytes, magic, sizeof magic) != 0)
    return NULL;
  return g_bytes_new_take (g_steal_pointer (&bytes), size);
}
