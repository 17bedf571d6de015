/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* All fragments, and the choice among them; see pf-catalog.h. */
#include "pf-catalog.h"

#include <string.h>

/* ---- Where they are ------------------------------------------------------ */

/* Whether this program runs from the build directory. */
static gboolean
is_uninstalled (void)
{
  g_autofree gchar *self = g_file_read_link ("/proc/self/exe", NULL);

  return self && g_str_has_prefix (self, PF_BUILD_ROOT "/");
}

gchar **
pf_catalog_dirs (const gchar *option)
{
  GPtrArray *dirs = g_ptr_array_new ();

  if (option)
    g_ptr_array_add (dirs, g_strdup (option));
  g_ptr_array_add (dirs, g_build_filename (g_get_user_config_dir (),
                             "gst-punktfunk", "pipelines", NULL));
  g_ptr_array_add (dirs,
      g_build_filename (PF_SYSCONFDIR, "gst-punktfunk", "pipelines", NULL));
  if (is_uninstalled ())
    g_ptr_array_add (
        dirs, g_build_filename (PF_SOURCE_ROOT, "pipelines", NULL));
  else
    g_ptr_array_add (dirs,
        g_build_filename (PF_DATADIR, "gst-punktfunk", "pipelines", NULL));
  g_ptr_array_add (dirs, NULL);
  return (gchar **) g_ptr_array_free (dirs, FALSE);
}

static gint
compare_text (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const gchar *const *) a, *(const gchar *const *) b);
}

/* Names in a directory that end so, sorted; an absent directory has none. */
static GPtrArray *
list_names (const gchar *dir_name, const gchar *suffix)
{
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GDir) dir = g_dir_open (dir_name, 0, NULL);
  const gchar *name;

  while (dir && (name = g_dir_read_name (dir)))
    if (name[0] != '.' && g_str_has_suffix (name, suffix))
      g_ptr_array_add (names, g_strdup (name));
  g_ptr_array_sort (names, compare_text);
  return names;
}

/* FILE.d/ *.conf of all directories, those of earlier directories last, so
 * that what wins among files wins among keys. */
static gchar **
find_overrides (gchar **dirs, const gchar *file)
{
  GPtrArray *paths = g_ptr_array_new ();

  for (guint i = g_strv_length (dirs); i-- > 0;) {
    g_autofree gchar *base = g_strconcat (file, ".d", NULL);
    g_autofree gchar *dir = g_build_filename (dirs[i], base, NULL);
    g_autoptr (GPtrArray) names = list_names (dir, ".conf");

    for (guint j = 0; j < names->len; j++)
      g_ptr_array_add (paths,
          g_build_filename (dir, (gchar *) g_ptr_array_index (names, j), NULL));
  }
  g_ptr_array_add (paths, NULL);
  return (gchar **) g_ptr_array_free (paths, FALSE);
}

/* ---- The catalog --------------------------------------------------------- */

void
pf_catalog_free (PfCatalog *catalog)
{
  if (!catalog)
    return;
  g_ptr_array_unref (catalog->fragments);
  g_strfreev (catalog->dirs);
  g_free (catalog);
}

const PfFragment *
pf_catalog_find (const PfCatalog *catalog, const gchar *name)
{
  for (guint i = 0; i < catalog->fragments->len; i++) {
    const PfFragment *f = g_ptr_array_index (catalog->fragments, i);

    if (g_str_equal (f->name, name))
      return f;
  }
  return NULL;
}

static gboolean
load_file (PfCatalog *catalog, const gchar *dir, const gchar *file,
    GHashTable *seen, GError **error)
{
  g_autofree gchar *path = g_build_filename (dir, file, NULL);
  g_auto (GStrv) overrides = NULL;
  PfFragment *f;

  if (!g_hash_table_add (seen, g_strdup (file)))
    return TRUE;
  overrides = find_overrides (catalog->dirs, file);
  f = pf_fragment_load (path, overrides, error);
  if (f)
    g_ptr_array_add (catalog->fragments, f);
  return f != NULL;
}

static gint
compare_names (gconstpointer a, gconstpointer b)
{
  const PfFragment *fa = *(PfFragment *const *) a;
  const PfFragment *fb = *(PfFragment *const *) b;

  return strcmp (fa->name, fb->name);
}

PfCatalog *
pf_catalog_load (gchar **dirs, GError **error)
{
  g_autoptr (PfCatalog) catalog = g_new0 (PfCatalog, 1);
  g_autoptr (GHashTable) seen =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  catalog->dirs = g_strdupv (dirs);
  catalog->fragments =
      g_ptr_array_new_with_free_func ((GDestroyNotify) pf_fragment_free);
  for (guint i = 0; dirs[i]; i++) {
    g_autoptr (GPtrArray) names = list_names (dirs[i], PF_FRAGMENT_SUFFIX);

    for (guint j = 0; j < names->len; j++)
      if (!load_file (
              catalog, dirs[i], g_ptr_array_index (names, j), seen, error))
        return NULL;
  }
  if (catalog->fragments->len == 0) {
    g_autofree gchar *all = g_strjoinv (", ", dirs);

    g_set_error (error, PF_LAUNCH_ERROR, PF_LAUNCH_ERROR_FILE,
        "there is no .pipeline file in any of %s", all);
    return NULL;
  }
  g_ptr_array_sort (catalog->fragments, compare_names);
  return g_steal_pointer (&catalog);
}

/* ---- The choice ---------------------------------------------------------- */

static void
candidate_free (gpointer data)
{
  PfCandidate *c = data;

  g_free (c->reason);
  g_free (c);
}

void
pf_choice_free (PfChoice *choice)
{
  if (!choice)
    return;
  g_free (choice->role);
  g_ptr_array_unref (choice->candidates);
  g_free (choice);
}

static gchar *
refuse_word (gchar **has, const gchar *wanted)
{
  g_autofree gchar *all = NULL;

  if (!has || !wanted || g_strv_contains ((const gchar *const *) has, wanted))
    return NULL;
  all = g_strjoinv (", ", has);
  return g_strdup_printf ("is for %s, not %s", all, wanted);
}

static gchar *
refuse_declared (const PfFragment *f, const PfValues *values)
{
  for (guint i = 0; i < f->variables->len; i++) {
    const PfVariable *v = g_ptr_array_index (f->variables, i);
    const gchar *value = pf_values_get (values, v->name);
    gchar *why = value ? pf_variable_refuse (v, value) : NULL;

    if (why)
      return why;
  }
  return NULL;
}

static gchar *
refuse_undeclared (const PfFragment *f, const PfValues *values)
{
  g_autofree gchar *role = g_strconcat (" ", f->role, " ", NULL);
  guint n;
  const PfKnownVariable *known = pf_known_variables (&n);

  for (guint i = 0; i < n; i++) {
    const gchar *value = pf_values_get (values, known[i].name);

    if (known[i].neutral && strstr (known[i].roles, role) && value &&
        !g_str_equal (value, known[i].neutral) &&
        !pf_fragment_variable (f, known[i].name))
      return g_strdup_printf ("does not know %s, so not %s = %s", known[i].name,
          known[i].name, value);
  }
  return NULL;
}

static gchar *
refuse (const PfFragment *f, const PfInventory *inventory, const PfWish *wish)
{
  const gchar *use =
      wish->use ? g_hash_table_lookup (wish->use, f->role) : NULL;
  const gchar *told =
      wish->refused ? g_hash_table_lookup (wish->refused, f->name) : NULL;
  gchar *why = refuse_word (f->wires, wish->wire);

  if (!why)
    why = pf_inventory_refuse (inventory, f);
  if (!why)
    why = refuse_declared (f, wish->values);
  if (!why)
    why = refuse_undeclared (f, wish->values);
  if (!why && told)
    why = g_strdup (told);
  if (!why && use && !g_str_equal (use, f->name))
    why = g_strdup_printf ("%s is asked for by name", use);
  if (!why && !use && f->rank == 0)
    why = g_strdup ("is used only when asked for by name");
  return why;
}

static gint
compare_candidates (gconstpointer a, gconstpointer b)
{
  const PfFragment *fa = (*(PfCandidate *const *) a)->fragment;
  const PfFragment *fb = (*(PfCandidate *const *) b)->fragment;

  if (fa->rank != fb->rank)
    return fa->rank > fb->rank ? -1 : 1;
  return strcmp (fa->name, fb->name);
}

/* What the machine really does is asked only of who would win. */
static gboolean
wins (PfCandidate *c, const PfInventory *inventory, const PfWish *wish)
{
  const PfFragment *f = c->fragment;

  if (!f->probe || !pf_inventory_is_system (inventory) ||
      (wish->opened && g_hash_table_contains (wish->opened, f->name)))
    return TRUE;
  c->reason = pf_inventory_probe (f, wish->values);
  if (!c->reason && wish->opened)
    g_hash_table_add (wish->opened, g_strdup (f->name));
  return !c->reason;
}

PfChoice *
pf_catalog_choose (const PfCatalog *catalog, const PfInventory *inventory,
    const gchar *role, const PfWish *wish)
{
  PfChoice *choice = g_new0 (PfChoice, 1);

  choice->role = g_strdup (role);
  choice->candidates = g_ptr_array_new_with_free_func (candidate_free);
  for (guint i = 0; i < catalog->fragments->len; i++) {
    const PfFragment *f = g_ptr_array_index (catalog->fragments, i);
    PfCandidate *c;

    if (!g_str_equal (f->role, role))
      continue;
    c = g_new0 (PfCandidate, 1);
    c->fragment = f;
    c->reason = refuse_word (f->codecs, wish->codec);
    c->other_codec = c->reason != NULL;
    if (!c->reason)
      c->reason = refuse (f, inventory, wish);
    g_ptr_array_add (choice->candidates, c);
  }
  g_ptr_array_sort (choice->candidates, compare_candidates);
  for (guint i = 0; i < choice->candidates->len; i++) {
    PfCandidate *c = g_ptr_array_index (choice->candidates, i);

    if (c->reason)
      continue;
    if (choice->chosen)
      c->reason = g_strdup_printf ("%s has %s", choice->chosen->name,
          choice->chosen->rank == c->fragment->rank
              ? "the same rank and comes first"
              : "a higher rank");
    else if (wins (c, inventory, wish))
      choice->chosen = c->fragment;
  }
  return choice;
}

void
pf_choice_print (const PfChoice *choice, GString *out)
{
  guint others = 0;

  g_string_append_printf (out, "%s\n", choice->role);
  if (choice->candidates->len == 0)
    g_string_append (out, "  - there is no fragment for this\n");
  for (guint i = 0; i < choice->candidates->len; i++) {
    const PfCandidate *c = g_ptr_array_index (choice->candidates, i);

    others += c->other_codec;
    if (!c->other_codec)
      g_string_append_printf (out, "  %s %-26s %5u  %s\n",
          c->reason ? "-" : "*", c->fragment->name, c->fragment->rank,
          c->reason ? c->reason : c->fragment->summary);
  }
  if (others)
    g_string_append_printf (out, "  - and %u for other codecs\n", others);
}
