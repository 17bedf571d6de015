/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What a machine has; see pf-inventory.h. */
#include "pf-inventory.h"

#include <gst/gst.h>
#include <string.h>

/* ---- This machine -------------------------------------------------------- */

static const gchar *
vendor_name (const gchar *id)
{
  static const gchar *const known[][2] = {
    { "0x10de", "nvidia" },
    { "0x1002", "amd" },
    { "0x8086", "intel" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (known); i++)
    if (g_str_equal (id, known[i][0]))
      return known[i][1];
  return "other";
}

static void
add_once (GPtrArray *list, const gchar *word)
{
  if (!g_ptr_array_find_with_equal_func (list, word, g_str_equal, NULL))
    g_ptr_array_add (list, g_strdup (word));
}

static gchar **
find_gpus (void)
{
  g_autoptr (GPtrArray) list = g_ptr_array_new ();
  g_autoptr (GDir) dir = g_dir_open ("/sys/class/drm", 0, NULL);
  const gchar *node;

  while (dir && (node = g_dir_read_name (dir))) {
    g_autofree gchar *path = NULL, *id = NULL;

    /* card0 and card0-HDMI-A-1 stand for the same devices and their outputs */
    if (!g_str_has_prefix (node, "render"))
      continue;
    path = g_build_filename ("/sys/class/drm", node, "device", "vendor", NULL);
    if (g_file_get_contents (path, &id, NULL, NULL))
      add_once (list, vendor_name (g_strstrip (id)));
    else
      add_once (list, "other");
  }
  /* The driver for computing only makes no render node. */
  if (g_file_test ("/dev/nvidiactl", G_FILE_TEST_EXISTS))
    add_once (list, "nvidia");
  g_ptr_array_add (list, NULL);
  return (gchar **) g_ptr_array_free (g_steal_pointer (&list), FALSE);
}

/* What the session says of itself; the first name of a list counts. */
static gchar *
find_compositor (void)
{
  static const gchar *const known[][2] = {
    { "KDE", "kwin" },
    { "GNOME", "mutter" },
    { "sway", "wlr" },
    { "wlroots", "wlr" },
    { "Hyprland", "wlr" },
    { "gamescope", "gamescope" },
  };
  const gchar *desktop = g_getenv ("XDG_CURRENT_DESKTOP");
  g_auto (GStrv) names = g_strsplit (desktop ? desktop : "", ":", -1);

  if (!g_getenv ("WAYLAND_DISPLAY"))
    return NULL;
  for (guint i = 0; names[i]; i++)
    for (guint j = 0; j < G_N_ELEMENTS (known); j++)
      if (g_ascii_strcasecmp (names[i], known[j][0]) == 0)
        return g_strdup (known[j][1]);
  return g_strdup ("other");
}

PfInventory *
pf_inventory_new_system (void)
{
  PfInventory *inventory = g_new0 (PfInventory, 1);
  guint major, minor, micro, nano;

  gst_version (&major, &minor, &micro, &nano);
  inventory->title = g_strdup ("this machine");
  inventory->gpus = find_gpus ();
  inventory->compositor = find_compositor ();
  inventory->gst_minor = minor;
  return inventory;
}

void
pf_inventory_free (PfInventory *inventory)
{
  if (!inventory)
    return;
  g_free (inventory->title);
  g_clear_pointer (&inventory->elements, g_hash_table_unref);
  g_strfreev (inventory->gpus);
  g_free (inventory->compositor);
  g_free (inventory);
}

gboolean
pf_inventory_is_system (const PfInventory *inventory)
{
  return !inventory->elements;
}

/* ---- A machine in a file ------------------------------------------------- */

static gchar **
split_list (const gchar *text)
{
  gchar **list = g_strsplit_set (text, "; ", -1);
  guint n = 0;

  for (guint i = 0; list[i]; i++) {
    if (*list[i])
      list[n++] = list[i];
    else
      g_free (list[i]);
  }
  list[n] = NULL;
  return list;
}

static gboolean
take_entry (PfInventory *inventory, const PfConfEntry *e, GError **error)
{
  if (!g_str_equal (e->group, "inventory")) {
    pf_conf_complain (e, error, "unknown group");
    return FALSE;
  }
  if (g_str_equal (e->key, "title")) {
    inventory->title = g_strdup (e->value);
  } else if (g_str_equal (e->key, "compositor")) {
    inventory->compositor = *e->value ? g_strdup (e->value) : NULL;
  } else if (g_str_equal (e->key, "gpu")) {
    inventory->gpus = split_list (e->value);
  } else if (g_str_equal (e->key, "elements")) {
    g_auto (GStrv) names = split_list (e->value);

    for (guint i = 0; names[i]; i++)
      g_hash_table_add (inventory->elements, g_strdup (names[i]));
  } else if (g_str_equal (e->key, "gstreamer")) {
    guint64 minor = 0;

    if (!g_str_has_prefix (e->value, "1.") ||
        !g_ascii_string_to_unsigned (e->value + 2, 10, 1, 999, &minor, NULL)) {
      pf_conf_complain (e, error, "%s is no version 1.MINOR", e->value);
      return FALSE;
    }
    inventory->gst_minor = (guint) minor;
  } else {
    pf_conf_complain (e, error, "unknown key");
    return FALSE;
  }
  return TRUE;
}

PfInventory *
pf_inventory_load (const gchar *path, GError **error)
{
  g_autoptr (PfConf) conf = pf_conf_load (path, error);
  g_autoptr (PfInventory) inventory = NULL;

  if (!conf)
    return NULL;
  inventory = g_new0 (PfInventory, 1);
  inventory->elements =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < conf->entries->len; i++)
    if (!take_entry (inventory, g_ptr_array_index (conf->entries, i), error))
      return NULL;
  if (!inventory->title)
    inventory->title = g_path_get_basename (path);
  if (!inventory->gpus)
    inventory->gpus = g_new0 (gchar *, 1);
  return g_steal_pointer (&inventory);
}

/* ---- Questions ----------------------------------------------------------- */

gboolean
pf_inventory_has_element (const PfInventory *inventory, const gchar *name)
{
  g_autoptr (GstElementFactory) factory = NULL;

  if (inventory->elements)
    return g_hash_table_contains (inventory->elements, name);
  factory = gst_element_factory_find (name);
  return factory != NULL;
}

static gchar *
refuse_elements (const PfInventory *inventory, gchar **names)
{
  g_autoptr (GString) missing = g_string_new (NULL);

  for (guint i = 0; names && names[i]; i++)
    if (!pf_inventory_has_element (inventory, names[i]))
      g_string_append_printf (
          missing, "%s%s", missing->len ? ", " : "", names[i]);
  return missing->len ? g_strdup_printf ("element %s is not here", missing->str)
                      : NULL;
}

static gchar *
refuse_gpu (const PfInventory *inventory, gchar **wanted)
{
  g_autofree gchar *any = NULL, *have = NULL;

  for (guint i = 0; wanted && wanted[i]; i++)
    if (g_strv_contains ((const gchar *const *) inventory->gpus, wanted[i]))
      return NULL;
  if (!wanted)
    return NULL;
  any = g_strjoinv (" or ", wanted);
  have = g_strjoinv (", ", inventory->gpus);
  return g_strdup_printf (
      "needs a GPU of %s; here is %s", any, *have ? have : "none");
}

static gchar *
refuse_compositor (const PfInventory *inventory, gchar **wanted)
{
  g_autofree gchar *any = NULL;

  if (!wanted ||
      (inventory->compositor && g_strv_contains ((const gchar *const *) wanted,
                                    inventory->compositor)))
    return NULL;
  any = g_strjoinv (" or ", wanted);
  return g_strdup_printf ("needs the compositor %s; here is %s", any,
      inventory->compositor ? inventory->compositor : "none");
}

static gchar *
refuse_version (const PfInventory *inventory, const PfFragment *f)
{
  if (f->gst_min && inventory->gst_minor < f->gst_min)
    return g_strdup_printf (
        "needs GStreamer 1.%u; here is 1.%u", f->gst_min, inventory->gst_minor);
  if (f->gst_max && inventory->gst_minor > f->gst_max)
    return g_strdup_printf ("is for GStreamer up to 1.%u; here is 1.%u",
        f->gst_max, inventory->gst_minor);
  return NULL;
}

gchar *
pf_inventory_refuse (const PfInventory *inventory, const PfFragment *f)
{
  gchar *why = refuse_version (inventory, f);

  if (!why)
    why = refuse_gpu (inventory, f->gpus);
  if (!why)
    why = refuse_compositor (inventory, f->compositors);
  if (!why)
    why = refuse_elements (inventory, f->elements);
  return why;
}

gchar *
pf_inventory_probe (const PfFragment *f, const PfValues *values)
{
  g_autoptr (GstElement) bin = NULL, element = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree gchar *text = pf_fragment_expand (f, values, &error);
  gchar *why = NULL;

  if (text)
    bin = gst_parse_bin_from_description_full (
        text, FALSE, NULL, GST_PARSE_FLAG_FATAL_ERRORS, &error);
  if (!bin)
    return g_strdup (error->message);
  gst_object_ref_sink (bin);
  element = gst_bin_get_by_name (GST_BIN (bin), f->probe);
  if (!element)
    return g_strdup_printf ("it has no element named %s", f->probe);
  if (gst_element_set_state (element, GST_STATE_READY) ==
      GST_STATE_CHANGE_FAILURE)
    why = g_strdup_printf ("its %s cannot be opened", f->probe);
  gst_element_set_state (element, GST_STATE_NULL);
  gst_element_set_state (bin, GST_STATE_NULL);
  return why;
}
