/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* One .pipeline file; see pf-fragment.h. */
#include "pf-fragment.h"

#include <string.h>

#define FORMAT "1"

static const gchar *const roles[] = { "audio-capture", "audio-decode",
  "audio-encode", "audio-present", "capture", "client-session", "crypt",
  "decode", "encode", "fec", "host-session", "open", "present", "receive",
  "reassemble", "send", NULL };

static void
stage_free (gpointer data)
{
  PfStage *s = data;

  g_free (s->name);
  g_free (s->text);
  g_strfreev (s->items);
  g_free (s);
}

void
pf_fragment_free (PfFragment *f)
{
  if (!f)
    return;
  g_free (f->name);
  g_free (f->path);
  g_free (f->role);
  g_free (f->summary);
  g_strfreev (f->elements);
  g_strfreev (f->gpus);
  g_strfreev (f->compositors);
  g_strfreev (f->codecs);
  g_strfreev (f->wires);
  g_free (f->probe);
  g_ptr_array_unref (f->variables);
  g_ptr_array_unref (f->stages);
  g_free (f);
}

gboolean
pf_fragment_is_session (const PfFragment *f)
{
  return g_str_has_suffix (f->role, "-session");
}

const PfVariable *
pf_fragment_variable (const PfFragment *f, const gchar *name)
{
  for (guint i = 0; i < f->variables->len; i++) {
    const PfVariable *v = g_ptr_array_index (f->variables, i);

    if (g_str_equal (v->name, name))
      return v;
  }
  return NULL;
}

/* ---- Keys ---------------------------------------------------------------- */

static gboolean
take_list (const PfConfEntry *e, gchar ***list, GError **error)
{
  *list = g_strsplit (e->value, ";", -1);
  for (guint i = 0; (*list)[i]; i++) {
    g_strstrip ((*list)[i]);
    if (*(*list)[i])
      continue;
    /* A list may end in a semicolon, as in other key files. */
    if (i > 0 && !(*list)[i + 1]) {
      g_clear_pointer (&(*list)[i], g_free);
      return TRUE;
    }
    pf_conf_complain (e, error, "an empty name in the list");
    return FALSE;
  }
  if (!**list)
    pf_conf_complain (e, error, "is empty");
  return **list != NULL;
}

static gboolean
take_text (const PfConfEntry *e, gchar **text, GError **error)
{
  if (!*e->value) {
    pf_conf_complain (e, error, "is empty");
    return FALSE;
  }
  *text = g_strdup (e->value);
  return TRUE;
}

static gboolean
take_uint (const PfConfEntry *e, guint max, guint *number, GError **error)
{
  guint64 value;

  if (!g_ascii_string_to_unsigned (e->value, 10, 0, max, &value, NULL)) {
    pf_conf_complain (e, error, "%s is no number from 0 to %u", e->value, max);
    return FALSE;
  }
  *number = (guint) value;
  return TRUE;
}

/* "1.22", or "1.22..1.24". */
static gboolean
take_versions (PfFragment *f, const PfConfEntry *e, GError **error)
{
  g_auto (GStrv) ends = g_strsplit (e->value, "..", 2);
  guint *const out[] = { &f->gst_min, &f->gst_max };

  for (guint i = 0; ends[i]; i++) {
    guint64 minor;

    if (!g_str_has_prefix (ends[i], "1.") ||
        !g_ascii_string_to_unsigned (ends[i] + 2, 10, 1, 999, &minor, NULL)) {
      pf_conf_complain (
          e, error, "%s is no version: 1.MINOR or 1.MINOR..1.MINOR", e->value);
      return FALSE;
    }
    *out[i] = (guint) minor;
  }
  return TRUE;
}

static gboolean
take_role (PfFragment *f, const PfConfEntry *e, GError **error)
{
  if (!g_strv_contains (roles, e->value)) {
    pf_conf_complain (e, error, "unknown role %s", e->value);
    return FALSE;
  }
  return take_text (e, &f->role, error);
}

static gboolean
unknown_key (const PfConfEntry *e, GError **error)
{
  pf_conf_complain (e, error, "unknown key");
  return FALSE;
}

static gboolean
take_pipeline (PfFragment *f, const PfConfEntry *e, GError **error)
{
  if (g_str_equal (e->key, "role"))
    return take_role (f, e, error);
  if (g_str_equal (e->key, "rank"))
    return take_uint (e, 10000, &f->rank, error);
  if (g_str_equal (e->key, "summary"))
    return take_text (e, &f->summary, error);
  if (!g_str_equal (e->key, "format"))
    return unknown_key (e, error);
  if (!g_str_equal (e->value, FORMAT)) {
    pf_conf_complain (
        e, error, "%s is not a format known here (%s is)", e->value, FORMAT);
    return FALSE;
  }
  return TRUE;
}

static gboolean
take_requires (PfFragment *f, const PfConfEntry *e, GError **error)
{
  const struct {
    const gchar *key;
    gchar ***list;
  } lists[] = {
    { "elements", &f->elements },
    { "gpu", &f->gpus },
    { "compositor", &f->compositors },
    { "codec", &f->codecs },
    { "wire", &f->wires },
  };

  for (guint i = 0; i < G_N_ELEMENTS (lists); i++)
    if (g_str_equal (e->key, lists[i].key))
      return take_list (e, lists[i].list, error);
  if (g_str_equal (e->key, "probe"))
    return take_text (e, &f->probe, error);
  if (g_str_equal (e->key, "gstreamer"))
    return take_versions (f, e, error);
  return unknown_key (e, error);
}

static gboolean
take_variable (PfFragment *f, const PfConfEntry *e, GError **error)
{
  PfVariable *v = pf_variable_new (e, error);

  if (v)
    g_ptr_array_add (f->variables, v);
  return v != NULL;
}

static gboolean
take_latency (PfFragment *f, const PfConfEntry *e, GError **error)
{
  if (!g_str_equal (e->key, "budget-ms"))
    return unknown_key (e, error);
  return take_uint (e, 10000, &f->budget_ms, error);
}

/* Stages are joined with " ! ", so they must not bring their own at the ends;
 * an empty one is left out, which lets an override drop it. */
static gboolean
take_launch (PfFragment *f, const PfConfEntry *e, GError **error)
{
  PfStage *s;

  if (!*e->value)
    return TRUE;
  if (e->value[0] == '!' || g_str_has_suffix (e->value, "!")) {
    pf_conf_complain (e, error, "a stage neither begins nor ends with !");
    return FALSE;
  }
  s = g_new0 (PfStage, 1);
  s->name = g_strdup (e->key);
  s->text = g_strdup (e->value);
  g_ptr_array_add (f->stages, s);
  return TRUE;
}

/* A chain is made of roles; its ends may be pads of named elements. */
static gboolean
take_chain (PfFragment *f, const PfConfEntry *e, GError **error)
{
  PfStage *s = g_new0 (PfStage, 1);
  guint n;

  s->name = g_strdup (e->key);
  s->text = g_strdup (e->value);
  g_ptr_array_add (f->stages, s);
  if (!take_list (e, &s->items, error))
    return FALSE;
  n = g_strv_length (s->items);
  for (guint i = 0; i < n; i++) {
    const gchar *item = s->items[i];
    const gboolean pad = strchr (item, '.') != NULL;

    if (pad && n > 1 && (i == 0 || i == n - 1) && !strpbrk (item, " !=\"'${}"))
      continue;
    if (!pad && g_strv_contains (roles, item) &&
        !g_str_has_suffix (item, "-session"))
      continue;
    pf_conf_complain (e, error,
        "%s is neither a role nor, at an end of the chain, ELEMENT.PAD", item);
    return FALSE;
  }
  return TRUE;
}

static gboolean
take_entry (PfFragment *f, const PfConfEntry *e, GError **error)
{
  static const struct {
    const gchar *group;
    gboolean (*take) (PfFragment *, const PfConfEntry *, GError **);
  } groups[] = {
    { "pipeline", take_pipeline },
    { "requires", take_requires },
    { "variables", take_variable },
    { "latency", take_latency },
    { "launch", take_launch },
    { "session", take_chain },
  };

  /* Read with the chains, which it names. */
  if (g_str_equal (e->group, "session") && g_str_equal (e->key, "optional"))
    return TRUE;
  for (guint i = 0; i < G_N_ELEMENTS (groups); i++)
    if (g_str_equal (e->group, groups[i].group))
      return groups[i].take (f, e, error);
  pf_conf_complain (e, error, "unknown group");
  return FALSE;
}

/* ---- The whole ----------------------------------------------------------- */

static gboolean
take_optional (PfFragment *f, const PfConf *conf, GError **error)
{
  const PfConfEntry *e = pf_conf_find (conf, "session", "optional");
  g_auto (GStrv) names = NULL;

  if (!e)
    return TRUE;
  if (!take_list (e, &names, error))
    return FALSE;
  for (guint i = 0; names[i]; i++) {
    gboolean found = FALSE;

    for (guint j = 0; j < f->stages->len; j++) {
      PfStage *s = g_ptr_array_index (f->stages, j);

      if (g_str_equal (s->name, names[i]))
        found = s->optional = TRUE;
    }
    if (!found) {
      pf_conf_complain (e, error, "there is no chain %s", names[i]);
      return FALSE;
    }
  }
  return TRUE;
}

/* GStreamer makes an element of bare caps in the middle of a line only; at
 * the seam of two fragments they would bind whichever way these fall. */
static gboolean
check_seams (const PfFragment *f, GError **error)
{
  for (guint i = 0; i < f->stages->len; i++) {
    const PfStage *s = g_ptr_array_index (f->stages, i);
    const gchar *last = g_strrstr (s->text, " ! ");
    const gchar *ends[] = { i == 0 ? s->text : NULL,
      i == f->stages->len - 1 ? (last ? last + 3 : s->text) : NULL };

    for (guint j = 0; j < G_N_ELEMENTS (ends); j++)
      if (ends[j] && memchr (ends[j], '/', strcspn (ends[j], " ,=("))) {
        g_set_error (error, PF_LAUNCH_ERROR, PF_LAUNCH_ERROR_SYNTAX,
            "%s: [launch] %s: must not begin or end in bare caps; write "
            "capsfilter caps=...",
            f->path, s->name);
        return FALSE;
      }
  }
  return TRUE;
}

static gboolean
check_whole (const PfFragment *f, const PfConf *conf, GError **error)
{
  const gboolean session = f->role && pf_fragment_is_session (f);
  const gchar *missing = NULL;

  if (!pf_conf_find (conf, "pipeline", "format"))
    missing = "[pipeline] format";
  else if (!f->role)
    missing = "[pipeline] role";
  else if (!pf_conf_find (conf, "pipeline", "rank"))
    missing = "[pipeline] rank";
  else if (!f->summary)
    missing = "[pipeline] summary";
  else if (f->stages->len == 0)
    missing = session ? "[session]" : "[launch]";
  if (missing) {
    g_set_error (error, PF_LAUNCH_ERROR, PF_LAUNCH_ERROR_SYNTAX,
        "%s: %s is missing", f->path, missing);
    return FALSE;
  }
  for (guint i = 0; i < conf->entries->len; i++) {
    const PfConfEntry *e = g_ptr_array_index (conf->entries, i);

    if (g_str_equal (e->group, session ? "launch" : "session")) {
      pf_conf_complain (e, error, "a %s has no such group", f->role);
      return FALSE;
    }
    if (g_str_equal (e->group, "launch") &&
        !pf_values_check_text (e, f->variables, error))
      return FALSE;
  }
  return session ? take_optional ((PfFragment *) f, conf, error)
                 : check_seams (f, error);
}

static gchar *
name_of (const gchar *path)
{
  gchar *name = g_path_get_basename (path);

  if (g_str_has_suffix (name, PF_FRAGMENT_SUFFIX))
    name[strlen (name) - strlen (PF_FRAGMENT_SUFFIX)] = '\0';
  return name;
}

static PfFragment *
from_conf (const gchar *path, const PfConf *conf, GError **error)
{
  g_autoptr (PfFragment) f = g_new0 (PfFragment, 1);

  f->path = g_strdup (path);
  f->name = name_of (path);
  f->variables =
      g_ptr_array_new_with_free_func ((GDestroyNotify) pf_variable_free);
  f->stages = g_ptr_array_new_with_free_func (stage_free);
  for (guint i = 0; i < conf->entries->len; i++)
    if (!take_entry (f, g_ptr_array_index (conf->entries, i), error))
      return NULL;
  return check_whole (f, conf, error) ? g_steal_pointer (&f) : NULL;
}

PfFragment *
pf_fragment_parse (const gchar *path, const gchar *text, GError **error)
{
  g_autoptr (PfConf) conf = pf_conf_parse (path, text, strlen (text), error);

  return conf ? from_conf (path, conf, error) : NULL;
}

PfFragment *
pf_fragment_load (const gchar *path, gchar **overrides, GError **error)
{
  g_autoptr (PfConf) conf = pf_conf_load (path, error);

  if (!conf)
    return NULL;
  for (guint i = 0; overrides && overrides[i]; i++) {
    PfConf *over = pf_conf_load (overrides[i], error);

    if (!over)
      return NULL;
    pf_conf_override (conf, over);
  }
  return from_conf (path, conf, error);
}

gchar *
pf_fragment_expand (const PfFragment *f, const PfValues *values, GError **error)
{
  g_autoptr (GString) out = g_string_new (NULL);

  for (guint i = 0; i < f->stages->len; i++) {
    const PfStage *s = g_ptr_array_index (f->stages, i);
    g_autofree gchar *text =
        pf_values_expand (values, f->variables, s->text, error);

    if (!text) {
      g_prefix_error (error, "%s: [launch] %s: ", f->path, s->name);
      return NULL;
    }
    if (out->len > 0)
      g_string_append (out, " ! ");
    g_string_append (out, text);
  }
  return g_string_free (g_steal_pointer (&out), FALSE);
}
