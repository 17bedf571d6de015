/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * One .pipeline file: a piece of launch text for one role, what it needs, and
 * which variables it has; or, with the role host-session or client-session,
 * the list of roles that make a pipeline. docs/pipelines.md is the reference.
 */
#ifndef PF_FRAGMENT_H
#define PF_FRAGMENT_H

#include "pf-values.h"

#define PF_FRAGMENT_SUFFIX ".pipeline"

/* One line of [launch], or one chain of [session]. */
typedef struct {
  gchar *name, *text;
  gchar **items;     /* a chain's roles and pad references */
  gboolean optional; /* a chain that may be left out */
} PfStage;

typedef struct {
  gchar *name, *path; /* the file's, without .pipeline; and all of it */
  gchar *role, *summary;
  guint rank;
  guint budget_ms;

  /* [requires]; NULL: no such requirement */
  gchar **elements, **gpus, **compositors, **codecs, **wires;
  gchar *probe;
  guint gst_min, gst_max; /* minor versions of GStreamer 1.x; 0: any */

  GPtrArray *variables; /* PfVariable */
  GPtrArray *stages;    /* PfStage */
} PfFragment;

/* OVERRIDES are paths of .conf files (may be NULL). NULL on failure. */
PfFragment *pf_fragment_load (
    const gchar *path, gchar **overrides, GError **error);
/* The same of text; PATH gives the name. */
PfFragment *pf_fragment_parse (
    const gchar *path, const gchar *text, GError **error);
void pf_fragment_free (PfFragment *fragment);

gboolean pf_fragment_is_session (const PfFragment *fragment);

/* The variable that it declares; NULL if none. */
const PfVariable *pf_fragment_variable (
    const PfFragment *fragment, const gchar *name);

/* Its launch text, joined and with all variables replaced. */
gchar *pf_fragment_expand (
    const PfFragment *fragment, const PfValues *values, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PfFragment, pf_fragment_free)

#endif /* PF_FRAGMENT_H */
