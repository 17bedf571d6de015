/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* JSON of what the programs report; see pf-report.h. */
#include "pf-report.h"

void
pf_report_add_uint (JsonBuilder *b, const gchar *name, guint64 value)
{
  json_builder_set_member_name (b, name);
  json_builder_add_int_value (b, (gint64) MIN (value, G_MAXINT64));
}

void
pf_report_add_double (JsonBuilder *b, const gchar *name, gdouble value)
{
  json_builder_set_member_name (b, name);
  json_builder_add_double_value (b, value);
}

void
pf_report_add_bool (JsonBuilder *b, const gchar *name, gboolean value)
{
  json_builder_set_member_name (b, name);
  json_builder_add_boolean_value (b, value);
}

void
pf_report_add_text (JsonBuilder *b, const gchar *name, const gchar *value)
{
  if (!value)
    return;
  json_builder_set_member_name (b, name);
  json_builder_add_string_value (b, value);
}

static gboolean
add_field (GQuark field, const GValue *value, gpointer data)
{
  JsonBuilder *b = data;
  const gchar *name = g_quark_to_string (field);

  if (G_VALUE_HOLDS_UINT (value))
    pf_report_add_uint (b, name, g_value_get_uint (value));
  else if (G_VALUE_HOLDS_UINT64 (value))
    pf_report_add_uint (b, name, g_value_get_uint64 (value));
  else if (G_VALUE_HOLDS_BOOLEAN (value))
    pf_report_add_bool (b, name, g_value_get_boolean (value));
  else if (G_VALUE_HOLDS_DOUBLE (value))
    pf_report_add_double (b, name, g_value_get_double (value));
  else if (G_VALUE_HOLDS_STRING (value))
    pf_report_add_text (b, name, g_value_get_string (value));
  else if (G_VALUE_HOLDS_INT (value) || G_VALUE_HOLDS_INT64 (value)) {
    json_builder_set_member_name (b, name);
    json_builder_add_int_value (b, G_VALUE_HOLDS_INT (value)
                                       ? g_value_get_int (value)
                                       : g_value_get_int64 (value));
  }
  return TRUE;
}

void
pf_report_add_structure (JsonBuilder *b, const GstStructure *s)
{
  json_builder_begin_object (b);
  gst_structure_foreach (s, add_field, b);
  json_builder_end_object (b);
}

gchar *
pf_report_line (JsonBuilder *b)
{
  g_autoptr (JsonNode) root = json_builder_get_root (b);
  g_autoptr (JsonGenerator) generator = json_generator_new ();

  json_generator_set_root (generator, root);
  return json_generator_to_data (generator, NULL);
}
