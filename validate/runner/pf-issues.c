/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What a run found wrong, and what of it was expected.
 */
#include "pf-issues.h"

#include "pf-script.h"

#include <string.h>

#define SHOWN_MAX 20 /* issues of one run, of each kind */

typedef struct {
  gchar *id, *level, *where; /* level and where may be NULL: any */
  GRegex *details;           /* NULL: any */
  gboolean sometimes;
  guint seen;
} Expected;

struct _PfIssues {
  GMutex lock;
  /* lock */
  GPtrArray *expected;
  GPtrArray *lines;
  guint failures, as_expected;
};

static void
expected_free (gpointer data)
{
  Expected *e = data;

  g_free (e->id);
  g_free (e->level);
  g_free (e->where);
  g_clear_pointer (&e->details, g_regex_unref);
  g_free (e);
}

PfIssues *
pf_issues_new (void)
{
  PfIssues *self = g_new0 (PfIssues, 1);

  g_mutex_init (&self->lock);
  self->expected = g_ptr_array_new_with_free_func (expected_free);
  self->lines = g_ptr_array_new_with_free_func (g_free);
  return self;
}

void
pf_issues_free (PfIssues *self)
{
  if (!self)
    return;
  g_ptr_array_unref (self->expected);
  g_ptr_array_unref (self->lines);
  g_mutex_clear (&self->lock);
  g_free (self);
}

gboolean
pf_issues_expect (PfIssues *self, const GstStructure *s, GError **error)
{
  static const gchar *const known[] = { "issue-id", "level", "details",
    "detected-on", "sometimes", NULL };
  const gchar *id = gst_structure_get_string (s, "issue-id");
  const gchar *details = gst_structure_get_string (s, "details");
  GRegex *regex = NULL;
  Expected *e;

  if (!gst_structure_has_name (s, "expected-issue") || !id) {
    g_set_error (error, PF_SCRIPT_ERROR, 0,
        "an expected issue is \"expected-issue, issue-id=...\"");
    return FALSE;
  }
  if (!pf_script_check_fields (s, known, error))
    return FALSE;
  if (details && !(regex = g_regex_new (details, 0, 0, error)))
    return FALSE;
  e = g_new0 (Expected, 1);
  e->id = g_strdup (id);
  e->level = g_strdup (gst_structure_get_string (s, "level"));
  e->where = g_strdup (gst_structure_get_string (s, "detected-on"));
  e->details = regex;
  gst_structure_get_boolean (s, "sometimes", &e->sometimes);
  g_mutex_lock (&self->lock);
  g_ptr_array_add (self->expected, e);
  g_mutex_unlock (&self->lock);
  return TRUE;
}

static gboolean
covers (const Expected *e, const gchar *id, const gchar *where,
    const gchar *details)
{
  return (e->sometimes || !e->seen) && strcmp (e->id, id) == 0 &&
         (!e->level || strcmp (e->level, "critical") == 0) &&
         (!e->where || strcmp (e->where, where) == 0) &&
         (!e->details || g_regex_match (e->details, details, 0, NULL));
}

/* Call with the lock. Line breaks would end the comment. */
static void
count_unlocked (PfIssues *self, gboolean expected, const gchar *mark,
    const gchar *id, const gchar *where, const gchar *details)
{
  guint *n = expected ? &self->as_expected : &self->failures;

  if ((*n)++ < SHOWN_MAX) {
    gchar *line =
        g_strdup_printf ("# %s %s on %s: %s", mark, id, where, details);

    g_ptr_array_add (self->lines, g_strdelimit (line, "\r\n", ' '));
  }
}

void
pf_issues_report (PfIssues *self, const gchar *id, const gchar *where,
    const gchar *format, ...)
{
  gboolean expected = FALSE;
  gchar *details;
  va_list args;

  va_start (args, format);
  details = g_strdup_vprintf (format, args);
  va_end (args);
  g_mutex_lock (&self->lock);
  for (guint i = 0; i < self->expected->len && !expected; i++) {
    Expected *e = self->expected->pdata[i];

    expected = covers (e, id, where, details);
    e->seen += expected;
  }
  count_unlocked (
      self, expected, expected ? "expected:" : "failed:", id, where, details);
  g_mutex_unlock (&self->lock);
  g_free (details);
}

void
pf_issues_finish (PfIssues *self)
{
  g_mutex_lock (&self->lock);
  for (guint i = 0; i < self->expected->len; i++) {
    const Expected *e = self->expected->pdata[i];

    if (!e->seen && !e->sometimes) {
      count_unlocked (self, FALSE, "failed: expected, but did not come:", e->id,
          e->where ? e->where : "any",
          e->details ? g_regex_get_pattern (e->details) : "anything");
    }
  }
  g_mutex_unlock (&self->lock);
}

guint
pf_issues_failures (PfIssues *self)
{
  guint failures;

  g_mutex_lock (&self->lock);
  failures = self->failures;
  g_mutex_unlock (&self->lock);
  return failures;
}

void
pf_issues_print (PfIssues *self)
{
  g_mutex_lock (&self->lock);
  for (guint i = 0; i < self->lines->len; i++)
    g_print ("%s\n", (const gchar *) self->lines->pdata[i]);
  g_print ("# %u issues failed, %u were as expected\n", self->failures,
      self->as_expected);
  g_mutex_unlock (&self->lock);
}
