/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* C structures as GstStructures; see pf-fields.h. */
#include "pf-fields.h"

#include <math.h>
#include <string.h>

void
pf_fields_put (
    GstStructure *structure, const PfField *fields, guint n, gconstpointer from)
{
  for (guint i = 0; i < n; i++) {
    const gconstpointer at = (const guint8 *) from + fields[i].at;
    const gchar *name = fields[i].name;

    switch (fields[i].type) {
    case PF_FIELD_UINT:
      gst_structure_set (
          structure, name, G_TYPE_UINT, *(const guint *) at, NULL);
      break;
    case PF_FIELD_INT:
      gst_structure_set (structure, name, G_TYPE_INT, *(const gint *) at, NULL);
      break;
    case PF_FIELD_UINT64:
      gst_structure_set (
          structure, name, G_TYPE_UINT64, *(const guint64 *) at, NULL);
      break;
    case PF_FIELD_DOUBLE:
      gst_structure_set (
          structure, name, G_TYPE_DOUBLE, *(const gdouble *) at, NULL);
      break;
    case PF_FIELD_BOOLEAN:
      gst_structure_set (
          structure, name, G_TYPE_BOOLEAN, *(const gboolean *) at, NULL);
      break;
    case PF_FIELD_BOOL:
      gst_structure_set (structure, name, G_TYPE_BOOLEAN,
          *(const bool *) at ? TRUE : FALSE, NULL);
      break;
    }
  }
}

static gboolean
inside (const PfField *field, gdouble value)
{
  return value >= field->min && value <= field->max;
}

static gboolean
get_field (const GstStructure *structure, const PfField *field, gpointer at)
{
  const gchar *name = field->name;
  gboolean flag;

  switch (field->type) {
  case PF_FIELD_UINT:
    return gst_structure_get_uint (structure, name, at) &&
           inside (field, *(guint *) at);
  case PF_FIELD_INT:
    return gst_structure_get_int (structure, name, at) &&
           inside (field, *(gint *) at);
  case PF_FIELD_UINT64:
    return gst_structure_get_uint64 (structure, name, at) &&
           inside (field, (gdouble) * (guint64 *) at);
  case PF_FIELD_DOUBLE:
    return gst_structure_get_double (structure, name, at) &&
           isfinite (*(gdouble *) at) && inside (field, *(gdouble *) at);
  case PF_FIELD_BOOLEAN:
    return gst_structure_get_boolean (structure, name, at);
  case PF_FIELD_BOOL:
    if (!gst_structure_get_boolean (structure, name, &flag))
      return FALSE;
    *(bool *) at = flag;
    return TRUE;
  }
  return FALSE;
}

gboolean
pf_fields_get (const GstStructure *structure, const PfField *fields, guint n,
    gpointer to, gsize size)
{
  g_autofree guint8 *read = g_memdup2 (to, size);

  for (guint i = 0; i < n; i++) {
    if (fields[i].may_miss &&
        !gst_structure_has_field (structure, fields[i].name))
      continue;
    if (!get_field (structure, &fields[i], read + fields[i].at))
      return FALSE;
  }
  memcpy (to, read, size);
  return TRUE;
}
