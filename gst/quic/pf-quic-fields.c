/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Properties from a table; see pf-quic-fields.h. */
#include "pf-quic-fields.h"

static const PfQuicField *
find (const PfQuicFields *f, guint id)
{
  for (guint i = 0; i < f->n; i++)
    if (f->fields[i].id == id)
      return &f->fields[i];
  return NULL;
}

gboolean
pf_quic_fields_set (
    const PfQuicFields *f, gpointer of, guint id, const GValue *value)
{
  const PfQuicField *field = find (f, id);
  gpointer at;

  if (!field)
    return FALSE;
  at = (guint8 *) of + field->at;
  switch (field->type) {
  case G_TYPE_BOOLEAN:
    *(gboolean *) at = g_value_get_boolean (value);
    break;
  case G_TYPE_INT:
    *(gint *) at = g_value_get_int (value);
    break;
  case G_TYPE_UINT:
    *(guint *) at = g_value_get_uint (value);
    break;
  case G_TYPE_UINT64:
    *(guint64 *) at = g_value_get_uint64 (value);
    break;
  case G_TYPE_ENUM:
    *(guint *) at = (guint) g_value_get_enum (value);
    break;
  default:
    g_free (*(gchar **) at);
    *(gchar **) at = g_value_dup_string (value);
    break;
  }
  return TRUE;
}

gboolean
pf_quic_fields_get (
    const PfQuicFields *f, gconstpointer of, guint id, GValue *value)
{
  const PfQuicField *field = find (f, id);
  gconstpointer at;

  if (!field)
    return FALSE;
  at = (const guint8 *) of + field->at;
  switch (field->type) {
  case G_TYPE_BOOLEAN:
    g_value_set_boolean (value, *(const gboolean *) at);
    break;
  case G_TYPE_INT:
    g_value_set_int (value, *(const gint *) at);
    break;
  case G_TYPE_UINT:
    g_value_set_uint (value, *(const guint *) at);
    break;
  case G_TYPE_UINT64:
    g_value_set_uint64 (value, *(const guint64 *) at);
    break;
  case G_TYPE_ENUM:
    g_value_set_enum (value, (gint) * (const guint *) at);
    break;
  default:
    g_value_set_string (value, *(const gchar *const *) at);
    break;
  }
  return TRUE;
}

void
pf_quic_fields_own (const PfQuicFields *f, gpointer of)
{
  for (guint i = 0; i < f->n; i++) {
    gchar **text = (gpointer) ((guint8 *) of + f->fields[i].at);

    if (f->fields[i].type == G_TYPE_STRING)
      *text = g_strdup (*text);
  }
}

void
pf_quic_fields_clear (const PfQuicFields *f, gpointer of)
{
  for (guint i = 0; i < f->n; i++) {
    gchar **text = (gpointer) ((guint8 *) of + f->fields[i].at);

    if (f->fields[i].type == G_TYPE_STRING)
      g_clear_pointer (text, g_free);
  }
}
