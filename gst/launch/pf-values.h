/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What may be put into the text of a pipeline: numbers within a range, true
 * or false, and words out of a list. Nothing else is ever expanded: names,
 * paths, addresses and secrets are set as properties after parsing.
 */
#ifndef PF_VALUES_H
#define PF_VALUES_H

#include "pf-conf.h"

typedef enum {
  PF_VARIABLE_UINT,
  PF_VARIABLE_BOOL,
  PF_VARIABLE_CHOICE
} PfVarKind;

/* What a fragment says about one variable. */
typedef struct {
  gchar *name;
  PfVarKind kind;
  guint64 min, max; /* uint */
  gchar **choices;  /* choice */
  gchar *fallback;  /* NULL: a value must be given */
} PfVariable;

/* Of a key in [variables]; NULL on failure. */
PfVariable *pf_variable_new (const PfConfEntry *entry, GError **error);
void pf_variable_free (PfVariable *variable);
/* NULL if VALUE is one that this variable may have; else why not. */
gchar *pf_variable_refuse (const PfVariable *variable, const gchar *value);

/*
 * The variables whose meaning the programs know. A fragment that does not
 * declare one cannot do anything but its neutral value: a 10 bit picture never
 * goes through an encoder that says nothing about depth. What a fragment
 * declares without a default, and nobody sets, has the neutral value too.
 */
typedef struct {
  const gchar *name;
  const gchar *type;    /* as in a fragment: the widest range */
  const gchar *neutral; /* NULL: fragments need not know it */
  const gchar *roles;   /* where neutral counts, " encode decode " */
} PfKnownVariable;

const PfKnownVariable *pf_known_variable (const gchar *name);
const PfKnownVariable *pf_known_variables (guint *n);

/* Values by name. */
typedef struct _PfValues PfValues;

PfValues *pf_values_new (void);
PfValues *pf_values_copy (const PfValues *values);
void pf_values_free (PfValues *values);
/* Of a known variable: checked against its widest range. */
gboolean pf_values_set (
    PfValues *values, const gchar *name, const gchar *value, GError **error);
gboolean pf_values_set_uint (
    PfValues *values, const gchar *name, guint64 value, GError **error);
const gchar *pf_values_get (const PfValues *values, const gchar *name);
/* OTHERWISE if it is not set or is no number. */
guint64 pf_values_get_uint (
    const PfValues *values, const gchar *name, guint64 otherwise);

/* Text with ${name} replaced; VARIABLES are PfVariable. NULL on failure. */
gchar *pf_values_expand (const PfValues *values, GPtrArray *variables,
    const gchar *text, GError **error);
/* Checks the form of TEXT, and that VARIABLES has all that it names. */
gboolean pf_values_check_text (
    const PfConfEntry *entry, GPtrArray *variables, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PfVariable, pf_variable_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PfValues, pf_values_free)

#endif /* PF_VALUES_H */
