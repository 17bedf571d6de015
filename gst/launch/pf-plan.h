/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A whole pipeline: the session file names chains of roles, each role gets its
 * fragment, the texts are joined and parsed. Nothing but checked numbers and
 * words of lists has been put into the text; everything else is a property of
 * a named element, set after parsing.
 */
#ifndef PF_PLAN_H
#define PF_PLAN_H

#include "pf-catalog.h"

#include <gst/gst.h>

/* A role's launch text. */
typedef struct {
  gchar *role, *text;
} PfPart;

/* One chain: its launch text, and the pads of named elements at its ends. */
typedef struct {
  gchar *name, *text;
  GPtrArray *parts;    /* PfPart: what text is made of */
  gchar *first, *last; /* "ELEMENT.PAD"; NULL: none */
} PfChain;

typedef struct {
  PfChoice *session;
  GPtrArray *choices; /* PfChoice, in order of the chains, each role once */
  GPtrArray *chains;  /* PfChain, those that were not left out */
  GString *left_out;  /* lines about chains that were left out */
  gchar *line;        /* ready for gst-launch-1.0 */
  guint budget_ms;    /* of all fragments together */
} PfPlan;

/* ROLE is host-session or client-session. When a role that is needed has no
 * fragment the error says who was refused and why. Pass a place for
 * WHEN_FAILED to get, also then, the plan as far as it came. */
PfPlan *pf_plan_new (const PfCatalog *catalog, const PfInventory *inventory,
    const gchar *role, const PfWish *wish, PfPlan **when_failed,
    GError **error);
void pf_plan_free (PfPlan *plan);

/* The fragment for a role; NULL if the plan has none. */
const PfFragment *pf_plan_fragment (const PfPlan *plan, const gchar *role);

/* Everything about the choice, for people. */
gchar *pf_plan_explain (const PfPlan *plan);

/* The pipeline, in state NULL; NULL on failure, never half of one. */
GstElement *pf_plan_build (const PfPlan *plan, GError **error);

/* The same with the text of a role in a bin of its own, which has ghost pads
 * sink and src and can be exchanged. The bin belongs to the pipeline. */
GstElement *pf_plan_build_apart (
    const PfPlan *plan, const gchar *role, GstElement **part, GError **error);
/* Such a bin alone, to exchange it for. A floating reference. */
GstElement *pf_plan_build_part (
    const PfPlan *plan, const gchar *role, GError **error);

/* One chain as a bin, with ghost pads sink and src where its ends are open. */
GstElement *pf_chain_build (const PfChain *chain, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PfPlan, pf_plan_free)

#endif /* PF_PLAN_H */
