/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A C structure as fields of a GstStructure and back, by a table: for events
 * and queries that other programs can make too, so every field is checked.
 */
#ifndef PF_FIELDS_H
#define PF_FIELDS_H

#include <gst/gst.h>

#include <stdbool.h>

G_BEGIN_DECLS

typedef enum {
  PF_FIELD_UINT,    /* guint */
  PF_FIELD_INT,     /* gint */
  PF_FIELD_UINT64,  /* guint64 */
  PF_FIELD_DOUBLE,  /* gdouble, finite */
  PF_FIELD_BOOLEAN, /* gboolean */
  PF_FIELD_BOOL,    /* bool, travels as gboolean */
} PfFieldType;

typedef struct {
  const gchar *name;
  PfFieldType type;
  gsize at;          /* offset in the C structure */
  gdouble min, max;  /* of numbers, both allowed */
  gboolean may_miss; /* then the C structure keeps what it has */
} PfField;

#define PF_FIELD(type, kind, member, name, min, max)                           \
  {                                                                            \
    name, PF_FIELD_##kind, G_STRUCT_OFFSET (type, member), min, max, FALSE     \
  }
#define PF_FIELD_OPTIONAL(type, kind, member, name, min, max)                  \
  {                                                                            \
    name, PF_FIELD_##kind, G_STRUCT_OFFSET (type, member), min, max, TRUE      \
  }

void pf_fields_put (GstStructure *structure, const PfField *fields, guint n,
    gconstpointer from);

/* FALSE: a field is missing, has another type or lies outside its range; to
 * is untouched then. size: of what to points to. */
gboolean pf_fields_get (const GstStructure *structure, const PfField *fields,
    guint n, gpointer to, gsize size);

G_END_DECLS

#endif /* PF_FIELDS_H */
