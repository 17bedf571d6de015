/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Reads .validatetest files: a list of structures, the first of which is
 * "meta" ("set-globals" may come before it). Refused is what gst-validate
 * would read in another way than it looks: see docs/validate.md.
 */
#ifndef PF_SCRIPT_H
#define PF_SCRIPT_H

#include <gst/gst.h>

#define PF_SCRIPT_ERROR (pf_script_error_quark ())
GQuark pf_script_error_quark (void);

typedef struct {
  GstStructure *s;
  guint line;
} PfAction;

typedef struct {
  GstStructure *meta;
  GPtrArray *actions; /* of PfAction */
} PfScript;

/* The directory is what $(tmpdir) and $(logsdir) become. */
PfScript *pf_script_load (
    const gchar *path, const gchar *directory, GError **error);
void pf_script_free (PfScript *self);

/* Fails on a field that is not in the list, which ends with NULL. */
gboolean pf_script_check_fields (
    const GstStructure *s, const gchar *const *known, GError **error);

/* Structures given as strings or as such in a list; a plain string is a list
 * of one. Absent: an empty list. NULL: the field is something else. */
GPtrArray *pf_script_structures (
    const GstStructure *s, const gchar *field, GError **error);

/* Seconds as a number, or a time. FALSE: there is no such field, or it is
 * something else, and then *valid is FALSE. */
gboolean pf_script_time (const GstStructure *s, const gchar *field,
    GstClockTime *time, gboolean *valid);

#endif /* PF_SCRIPT_H */
