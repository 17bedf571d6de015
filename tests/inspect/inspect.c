/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What an element shows to the outside; see inspect.h. */
#include "inspect.h"

#include <string.h>

static const gchar *const for_tests[] = { "pfplant", "pftest", NULL };

static gint
compare (gconstpointer a, gconstpointer b)
{
  return strcmp (*(gchar *const *) a, *(gchar *const *) b);
}

GPtrArray *
inspect_factories (void)
{
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);
  GList *plugins = gst_registry_get_plugin_list (gst_registry_get ());

  for (GList *p = plugins; p; p = p->next) {
    const gchar *name = gst_plugin_get_name (p->data);
    GList *features;

    if (strcmp (gst_plugin_get_source (p->data), "gst-punktfunk") != 0 ||
        g_strv_contains (for_tests, name))
      continue;
    features =
        gst_registry_get_feature_list_by_plugin (gst_registry_get (), name);
    for (GList *f = features; f; f = f->next)
      if (GST_IS_ELEMENT_FACTORY (f->data))
        g_ptr_array_add (
            names, g_strdup (gst_plugin_feature_get_name (f->data)));
    gst_plugin_feature_list_free (features);
  }
  gst_plugin_list_free (plugins);
  g_ptr_array_sort (names, compare);
  return names;
}

gchar *
inspect_path (const gchar *top, const gchar *factory)
{
  return g_strdup_printf ("%s/docs/elements/%s.inspect", top, factory);
}

/* ---- Pads --------------------------------------------------------------- */

static gboolean
collect_field (GQuark id, const GValue *value, gpointer fields)
{
  gchar *text = gst_value_serialize (value);

  g_ptr_array_add (
      fields, g_strdup_printf ("%s: (%s) %s", g_quark_to_string (id),
                  G_VALUE_TYPE_NAME (value), text));
  g_free (text);
  return TRUE;
}

static void
print_caps (GString *s, GstCaps *caps)
{
  if (gst_caps_is_any (caps))
    g_string_append (s, "    ANY\n");
  for (guint i = 0; !gst_caps_is_any (caps) && i < gst_caps_get_size (caps);
       i++) {
    const GstStructure *structure = gst_caps_get_structure (caps, i);
    GstCapsFeatures *features = gst_caps_get_features (caps, i);
    GPtrArray *fields = g_ptr_array_new_with_free_func (g_free);
    gchar *text = gst_caps_features_to_string (features);

    g_string_append_printf (s, "    %s", gst_structure_get_name (structure));
    if (!gst_caps_features_is_equal (
            features, GST_CAPS_FEATURES_MEMORY_SYSTEM_MEMORY))
      g_string_append_printf (s, " (%s)", text);
    g_string_append_c (s, '\n');
    gst_structure_foreach (structure, collect_field, fields);
    g_ptr_array_sort (fields, compare);
    for (guint k = 0; k < fields->len; k++)
      g_string_append_printf (s, "      %s\n", (gchar *) fields->pdata[k]);
    g_ptr_array_unref (fields);
    g_free (text);
  }
}

static void
print_pads (GString *s, GstElement *e)
{
  static const gchar *const directions[] = { "?", "src", "sink" };
  static const gchar *const presences[] = { "always", "sometimes", "request" };
  GList *templates = g_list_copy (
      gst_element_class_get_pad_template_list (GST_ELEMENT_GET_CLASS (e)));
  GPtrArray *sorted = g_ptr_array_new_with_free_func (g_free);

  for (GList *t = templates; t; t = t->next) {
    GstPadTemplate *pad = t->data;
    GString *one = g_string_new (NULL);
    GstCaps *caps = gst_pad_template_get_caps (pad);

    g_string_append_printf (one, "  %s (%s, %s)\n",
        GST_PAD_TEMPLATE_NAME_TEMPLATE (pad),
        directions[GST_PAD_TEMPLATE_DIRECTION (pad)],
        presences[GST_PAD_TEMPLATE_PRESENCE (pad)]);
    print_caps (one, caps);
    gst_caps_unref (caps);
    g_ptr_array_add (sorted, g_string_free (one, FALSE));
  }
  g_ptr_array_sort (sorted, compare);
  g_string_append (s, "\npads\n");
  for (guint i = 0; i < sorted->len; i++)
    g_string_append (s, sorted->pdata[i]);
  g_ptr_array_unref (sorted);
  g_list_free (templates);
}

/* ---- Properties --------------------------------------------------------- */

static void
print_flags (GString *s, const GParamSpec *p)
{
  static const struct {
    guint flag;
    const gchar *name;
  } names[] = {
    { G_PARAM_READABLE, "readable" },
    { G_PARAM_WRITABLE, "writable" },
    { G_PARAM_CONSTRUCT, "construct" },
    { G_PARAM_CONSTRUCT_ONLY, "construct-only" },
    { G_PARAM_DEPRECATED, "deprecated" },
    { GST_PARAM_CONTROLLABLE, "controllable" },
    { GST_PARAM_MUTABLE_READY, "up to READY" },
    { GST_PARAM_MUTABLE_PAUSED, "up to PAUSED" },
    { GST_PARAM_MUTABLE_PLAYING, "up to PLAYING" },
  };
  const gchar *between = "";

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if ((p->flags & names[i].flag) == names[i].flag) {
      g_string_append_printf (s, "%s%s", between, names[i].name);
      between = ", ";
    }
}

static void
print_values (GString *s, GParamSpec *p)
{
  if (G_IS_PARAM_SPEC_ENUM (p)) {
    GEnumClass *c = G_PARAM_SPEC_ENUM (p)->enum_class;

    for (guint i = 0; i < c->n_values; i++)
      g_string_append_printf (s, "    %d %s: %s\n", c->values[i].value,
          c->values[i].value_nick, c->values[i].value_name);
  } else if (G_IS_PARAM_SPEC_FLAGS (p)) {
    GFlagsClass *c = G_PARAM_SPEC_FLAGS (p)->flags_class;

    for (guint i = 0; i < c->n_values; i++)
      g_string_append_printf (s, "    0x%x %s: %s\n", c->values[i].value,
          c->values[i].value_nick, c->values[i].value_name);
  }
}

static void
print_range (GString *s, GParamSpec *p)
{
  if (G_IS_PARAM_SPEC_INT (p))
    g_string_append_printf (s, ", %d to %d", G_PARAM_SPEC_INT (p)->minimum,
        G_PARAM_SPEC_INT (p)->maximum);
  else if (G_IS_PARAM_SPEC_UINT (p))
    g_string_append_printf (s, ", %u to %u", G_PARAM_SPEC_UINT (p)->minimum,
        G_PARAM_SPEC_UINT (p)->maximum);
  else if (G_IS_PARAM_SPEC_INT64 (p))
    g_string_append_printf (s, ", %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT,
        G_PARAM_SPEC_INT64 (p)->minimum, G_PARAM_SPEC_INT64 (p)->maximum);
  else if (G_IS_PARAM_SPEC_UINT64 (p))
    g_string_append_printf (s, ", %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT,
        G_PARAM_SPEC_UINT64 (p)->minimum, G_PARAM_SPEC_UINT64 (p)->maximum);
  else if (G_IS_PARAM_SPEC_DOUBLE (p))
    g_string_append_printf (s, ", %g to %g", G_PARAM_SPEC_DOUBLE (p)->minimum,
        G_PARAM_SPEC_DOUBLE (p)->maximum);
}

static void
print_property (GString *s, GParamSpec *p)
{
  GValue value = G_VALUE_INIT;
  gchar *text;

  g_string_append_printf (
      s, "  %s (%s): ", p->name, g_type_name (p->value_type));
  print_flags (s, p);
  if (p->flags & G_PARAM_WRITABLE) {
    g_value_init (&value, p->value_type);
    g_param_value_set_default (p, &value);
    text = gst_value_serialize (&value);
    g_string_append_printf (s, "; %s", text ? text : "unset");
    g_free (text);
    g_value_unset (&value);
    print_range (s, p);
  }
  g_string_append_printf (s, "\n    %s\n", g_param_spec_get_blurb (p));
  print_values (s, p);
}

static gint
compare_properties (gconstpointer a, gconstpointer b)
{
  return strcmp (
      (*(GParamSpec *const *) a)->name, (*(GParamSpec *const *) b)->name);
}

static void
print_properties (GString *s, GstElement *e)
{
  guint n;
  GParamSpec **all =
      g_object_class_list_properties (G_OBJECT_GET_CLASS (e), &n);

  qsort (all, n, sizeof *all, compare_properties);
  g_string_append (s, "\nproperties\n");
  for (guint i = 0; i < n; i++)
    if (all[i]->owner_type == G_OBJECT_TYPE (e))
      print_property (s, all[i]);
  g_free (all);
}

static void
print_signals (GString *s, GstElement *e)
{
  GPtrArray *lines = g_ptr_array_new_with_free_func (g_free);
  guint n, *ids = g_signal_list_ids (G_OBJECT_TYPE (e), &n);

  for (guint i = 0; i < n; i++) {
    GString *one = g_string_new (NULL);
    GSignalQuery q;

    g_signal_query (ids[i], &q);
    g_string_append_printf (one, "  %s (", q.signal_name);
    for (guint k = 0; k < q.n_params; k++)
      g_string_append_printf (one, "%s%s", k ? ", " : "",
          g_type_name (q.param_types[k] & ~G_SIGNAL_TYPE_STATIC_SCOPE));
    g_string_append_printf (one, "): %s%s\n",
        g_type_name (q.return_type & ~G_SIGNAL_TYPE_STATIC_SCOPE),
        q.signal_flags & G_SIGNAL_ACTION ? ", an action" : "");
    g_ptr_array_add (lines, g_string_free (one, FALSE));
  }
  g_ptr_array_sort (lines, compare);
  if (n > 0)
    g_string_append (s, "\nsignals\n");
  for (guint i = 0; i < lines->len; i++)
    g_string_append (s, lines->pdata[i]);
  g_ptr_array_unref (lines);
  g_free (ids);
}

gchar *
inspect_text (const gchar *name)
{
  static const gchar *const keys[] = { GST_ELEMENT_METADATA_LONGNAME,
    GST_ELEMENT_METADATA_KLASS, GST_ELEMENT_METADATA_DESCRIPTION,
    GST_ELEMENT_METADATA_AUTHOR };
  GstElementFactory *f = gst_element_factory_find (name);
  GstElement *e = f ? gst_element_factory_create (f, NULL) : NULL;
  GString *s = g_string_new (NULL);

  if (!e) {
    gst_clear_object (&f);
    g_string_free (s, TRUE);
    return NULL;
  }
  gst_object_ref_sink (e);
  g_string_append_printf (s, "%s: %s of %s, rank %u\n", name,
      G_OBJECT_TYPE_NAME (e), g_type_name (g_type_parent (G_OBJECT_TYPE (e))),
      gst_plugin_feature_get_rank (GST_PLUGIN_FEATURE (f)));
  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    g_string_append_printf (s, "  %s: %s\n", keys[i],
        gst_element_factory_get_metadata (f, keys[i]));
  print_pads (s, e);
  print_properties (s, e);
  print_signals (s, e);
  gst_object_unref (e);
  gst_object_unref (f);
  return g_string_free (s, FALSE);
}
