/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Properties that are members of a structure; see pf-stats.h. */
#include "pf-stats.h"

gboolean
pf_member_set (gpointer object, gsize at, const GValue *value)
{
  gpointer member = (guint8 *) object + at;

  if (at == 0)
    return FALSE;
  switch (G_TYPE_FUNDAMENTAL (G_VALUE_TYPE (value))) {
  case G_TYPE_UINT:
    *(guint *) member = g_value_get_uint (value);
    return TRUE;
  case G_TYPE_INT:
    *(gint *) member = g_value_get_int (value);
    return TRUE;
  case G_TYPE_UINT64:
    *(guint64 *) member = g_value_get_uint64 (value);
    return TRUE;
  case G_TYPE_BOOLEAN:
    *(gboolean *) member = g_value_get_boolean (value);
    return TRUE;
  case G_TYPE_ENUM:
    *(gint *) member = g_value_get_enum (value);
    return TRUE;
  case G_TYPE_STRING:
    g_free (*(gchar **) member);
    *(gchar **) member = g_value_dup_string (value);
    return TRUE;
  case G_TYPE_BOXED:
    if (*(gpointer *) member)
      g_boxed_free (G_VALUE_TYPE (value), *(gpointer *) member);
    *(gpointer *) member = g_value_dup_boxed (value);
    return TRUE;
  default:
    return FALSE;
  }
}

gboolean
pf_member_get (gconstpointer object, gsize at, GValue *value)
{
  gconstpointer member = (const guint8 *) object + at;

  if (at == 0)
    return FALSE;
  switch (G_TYPE_FUNDAMENTAL (G_VALUE_TYPE (value))) {
  case G_TYPE_UINT:
    g_value_set_uint (value, *(const guint *) member);
    return TRUE;
  case G_TYPE_INT:
    g_value_set_int (value, *(const gint *) member);
    return TRUE;
  case G_TYPE_UINT64:
    g_value_set_uint64 (value, *(const guint64 *) member);
    return TRUE;
  case G_TYPE_BOOLEAN:
    g_value_set_boolean (value, *(const gboolean *) member);
    return TRUE;
  case G_TYPE_ENUM:
    g_value_set_enum (value, *(const gint *) member);
    return TRUE;
  case G_TYPE_STRING:
    g_value_set_string (value, *(gchar *const *) member);
    return TRUE;
  case G_TYPE_BOXED:
    g_value_set_boxed (value, *(const gconstpointer *) member);
    return TRUE;
  default:
    return FALSE;
  }
}

GParamSpec *
pf_counter_spec (const gchar *name, const gchar *nick, const gchar *blurb)
{
  return g_param_spec_uint64 (name, nick, blurb, 0, G_MAXUINT64, 0,
      G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
}

GParamSpec *
pf_stats_spec (void)
{
  return g_param_spec_boxed ("stats", "Statistics",
      "Counters since the last start; see the documentation",
      GST_TYPE_STRUCTURE, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
}
