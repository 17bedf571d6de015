/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What a run found wrong, held against what its file says it expects. An
 * issue that was expected does not fail the run; an expected one that never
 * came does.
 *
 * Thread-safety: all functions may be called from any thread.
 */
#ifndef PF_ISSUES_H
#define PF_ISSUES_H

#include <gst/gst.h>

typedef struct _PfIssues PfIssues;

PfIssues *pf_issues_new (void);
void pf_issues_free (PfIssues *self);

/* "expected-issue, issue-id=..., level=..., details=(regular expression),
 * detected-on=..., sometimes=..." */
gboolean pf_issues_expect (
    PfIssues *self, const GstStructure *expected, GError **error);

/* The ids are gst-validate's where it has one, else begin with pf::. */
void pf_issues_report (PfIssues *self, const gchar *id, const gchar *where,
    const gchar *format, ...) G_GNUC_PRINTF (4, 5);

/* Expected issues that did not come become issues. */
void pf_issues_finish (PfIssues *self);

guint pf_issues_failures (PfIssues *self);

/* TAP comment lines, those that fail the run marked "failed:". */
void pf_issues_print (PfIssues *self);

#endif /* PF_ISSUES_H */
