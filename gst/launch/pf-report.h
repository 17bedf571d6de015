/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* JSON of what the programs report. */
#ifndef PF_REPORT_H
#define PF_REPORT_H

#include <gst/gst.h>
#include <json-glib/json-glib.h>

void pf_report_add_uint (
    JsonBuilder *builder, const gchar *name, guint64 value);
void pf_report_add_double (
    JsonBuilder *builder, const gchar *name, gdouble value);
void pf_report_add_bool (
    JsonBuilder *builder, const gchar *name, gboolean value);
/* Nothing if VALUE is NULL. */
void pf_report_add_text (
    JsonBuilder *builder, const gchar *name, const gchar *value);
/* An object of a structure's numbers, truths and texts; the rest is left out. */
void pf_report_add_structure (JsonBuilder *builder, const GstStructure *s);

/* One line; ends the builder's use. */
gchar *pf_report_line (JsonBuilder *builder);

#endif /* PF_REPORT_H */
