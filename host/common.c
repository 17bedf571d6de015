/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The catalog and the machine as the options say; see options.h. */
#include "options.h"

#include <stdio.h>
#include <string.h>

gboolean
pf_mode_parse (const gchar *text, guint *width, guint *height, guint *fps)
{
  guint w, h, f = *fps;
  int end = -1;

  if (sscanf (text, "%5ux%5u%n", &w, &h, &end) != 2 || end < 0)
    return FALSE;
  if (text[end] == '@') {
    const gchar *rate = text + end;

    end = -1;
    if (sscanf (rate, "@%4u%n", &f, &end) != 1 || end < 0 || rate[end])
      return FALSE;
  } else if (text[end]) {
    return FALSE;
  }
  if (w < 64 || w > 16384 || h < 64 || h > 16384 || f < 1 || f > 1000)
    return FALSE;
  *width = w;
  *height = h;
  *fps = f;
  return TRUE;
}

static gboolean
take_uses (PfSelect *s, gchar **uses, GError **error)
{
  s->use = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  for (guint i = 0; uses && uses[i]; i++) {
    g_auto (GStrv) pair = g_strsplit (uses[i], "=", 2);
    const PfFragment *f =
        pair[0] && pair[1] ? pf_catalog_find (s->catalog, pair[1]) : NULL;

    if (!f || !g_str_equal (f->role, pair[0])) {
      g_set_error (error, PF_LAUNCH_ERROR, PF_LAUNCH_ERROR_VALUE,
          "--use %s: ROLE=NAME, see pf-host pipelines list", uses[i]);
      return FALSE;
    }
    g_hash_table_replace (s->use, g_strdup (pair[0]), g_strdup (pair[1]));
  }
  return TRUE;
}

gboolean
pf_select_open (
    PfSelect *s, const PfOptions *o, gboolean measure, GError **error)
{
  g_auto (GStrv) dirs = pf_catalog_dirs (o->pipelines);
  g_autofree gchar *self = g_file_read_link ("/proc/self/exe", NULL);

  memset (s, 0, sizeof *s);
  s->wire = "punktfunk1";
  s->catalog = pf_catalog_load (dirs, error);
  if (!s->catalog || !take_uses (s, o->use, error))
    return FALSE;
  s->inventory = o->inventory ? pf_inventory_load (o->inventory, error)
                              : pf_inventory_new_system ();
  if (!s->inventory)
    return FALSE;
  if (o->source && !g_str_equal (o->source, "test")) {
    g_set_error (error, PF_LAUNCH_ERROR, PF_LAUNCH_ERROR_VALUE,
        "--source %s: test is the one source so far", o->source);
    return FALSE;
  }
  if (o->source) {
    g_free (s->inventory->compositor);
    s->inventory->compositor = g_strdup (o->source);
  }
  if (measure && pf_inventory_is_system (s->inventory)) {
    const gchar *command[] = { self, "pipelines", "measure", NULL, NULL, NULL };

    if (o->pipelines) {
      command[3] = "--pipelines";
      command[4] = o->pipelines;
    }
    s->speeds = pf_speeds_open (NULL, command);
  }
  return TRUE;
}

void
pf_select_close (PfSelect *s)
{
  pf_catalog_free (s->catalog);
  pf_inventory_free (s->inventory);
  pf_speeds_close (s->speeds);
  g_clear_pointer (&s->use, g_hash_table_unref);
  memset (s, 0, sizeof *s);
}
