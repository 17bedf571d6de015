/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Properties that are nothing but fields of a structure: a table says which.
 *
 * Thread-safety: with the lock of the structure.
 */
#ifndef PF_QUIC_FIELDS_H
#define PF_QUIC_FIELDS_H

#include <gst/gst.h>

G_BEGIN_DECLS

/* type: boolean, int, uint, uint64, enum (kept as guint) or string. */
typedef struct {
  guint id;
  GType type;
  gsize at;
} PfQuicField;

typedef struct {
  const PfQuicField *fields;
  guint n;
} PfQuicFields;

#define PF_QUIC_FIELDS(fields)                                                 \
  {                                                                            \
    (fields), G_N_ELEMENTS (fields)                                            \
  }

/* FALSE: the property is none of these. */
gboolean pf_quic_fields_set (
    const PfQuicFields *fields, gpointer of, guint id, const GValue *value);
gboolean pf_quic_fields_get (
    const PfQuicFields *fields, gconstpointer of, guint id, GValue *value);

/* Texts alone: a copy of the structure gets its own; they are freed. */
void pf_quic_fields_own (const PfQuicFields *fields, gpointer of);
void pf_quic_fields_clear (const PfQuicFields *fields, gpointer of);

G_END_DECLS

#endif /* PF_QUIC_FIELDS_H */
