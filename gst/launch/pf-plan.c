/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A whole pipeline out of fragments; see pf-plan.h. */
#include "pf-plan.h"

#include <string.h>

static void
chain_free (gpointer data)
{
  PfChain *c = data;

  if (!c)
    return;
  g_free (c->name);
  g_free (c->text);
  g_free (c->first);
  g_free (c->last);
  g_free (c);
}

void
pf_plan_free (PfPlan *plan)
{
  if (!plan)
    return;
  pf_choice_free (plan->session);
  g_ptr_array_unref (plan->choices);
  g_ptr_array_unref (plan->chains);
  g_string_free (plan->left_out, TRUE);
  g_free (plan->line);
  g_free (plan);
}

static const PfChoice *
find_choice (const PfPlan *plan, const gchar *role)
{
  for (guint i = 0; i < plan->choices->len; i++) {
    const PfChoice *c = g_ptr_array_index (plan->choices, i);

    if (g_str_equal (c->role, role))
      return c;
  }
  return NULL;
}

const PfFragment *
pf_plan_fragment (const PfPlan *plan, const gchar *role)
{
  const PfChoice *c = find_choice (plan, role);

  return c ? c->chosen : NULL;
}

/* Why nobody was chosen, in one line: the reasons from the best on. */
static gchar *
why_none (const PfChoice *choice)
{
  g_autoptr (GString) out = g_string_new (NULL);

  for (guint i = 0; i < choice->candidates->len; i++) {
    const PfCandidate *c = g_ptr_array_index (choice->candidates, i);

    g_string_append_printf (
        out, "%s%s: %s", i ? "; " : "", c->fragment->name, c->reason);
  }
  if (!out->len)
    g_string_append (out, "there is no such fragment");
  return g_string_free (g_steal_pointer (&out), FALSE);
}

typedef struct {
  PfPlan *plan;
  const PfCatalog *catalog;
  const PfInventory *inventory;
  const PfWish *wish;
} Maker;

static gboolean
add_role (Maker *m, const gchar *role, GString *text, GError **error)
{
  const PfChoice *choice = find_choice (m->plan, role);
  g_autofree gchar *expanded = NULL;

  if (!choice) {
    PfChoice *fresh =
        pf_catalog_choose (m->catalog, m->inventory, role, m->wish);

    g_ptr_array_add (m->plan->choices, fresh);
    choice = fresh;
    if (choice->chosen)
      m->plan->budget_ms += choice->chosen->budget_ms;
  }
  if (!choice->chosen) {
    g_autofree gchar *why = why_none (choice);

    g_set_error (error, PF_LAUNCH_ERROR, PF_LAUNCH_ERROR_NONE,
        "nothing here can %s%s%s (%s)", role, m->wish->codec ? " " : "",
        m->wish->codec ? m->wish->codec : "", why);
    return FALSE;
  }
  expanded = pf_fragment_expand (choice->chosen, m->wish->values, error);
  if (expanded)
    g_string_append (text, expanded);
  return expanded != NULL;
}

static PfChain *
make_chain (Maker *m, const PfStage *stage, GError **error)
{
  g_autoptr (GString) text = g_string_new (NULL);
  PfChain *chain = g_new0 (PfChain, 1);
  gboolean good = TRUE;

  chain->name = g_strdup (stage->name);
  for (guint i = 0; stage->items[i] && good; i++) {
    const gchar *item = stage->items[i];

    if (strchr (item, '.')) {
      *(i == 0 ? &chain->first : &chain->last) = g_strdup (item);
      continue;
    }
    if (text->len)
      g_string_append (text, " ! ");
    good = add_role (m, item, text, error);
  }
  chain->text = g_strdup (text->str);
  if (good)
    return chain;
  chain_free (chain);
  return NULL;
}

static void
append_chain (GString *line, const PfChain *chain)
{
  if (line->len)
    g_string_append (line, "   ");
  g_string_append_printf (line, "%s%s%s%s%s", chain->first ? chain->first : "",
      chain->first ? " ! " : "", chain->text, chain->last ? " ! " : "",
      chain->last ? chain->last : "");
}

static gboolean
make_line (Maker *m, GError **error)
{
  const PfFragment *session = m->plan->session->chosen;
  g_autoptr (GString) line = g_string_new (NULL);

  if (!session) {
    g_autofree gchar *why = why_none (m->plan->session);

    g_set_error (error, PF_LAUNCH_ERROR, PF_LAUNCH_ERROR_NONE,
        "no session file fits (%s)", why);
    return FALSE;
  }
  for (guint i = 0; i < session->stages->len; i++) {
    const PfStage *stage = g_ptr_array_index (session->stages, i);
    g_autoptr (GError) problem = NULL;
    PfChain *chain = make_chain (m, stage, &problem);

    if (chain) {
      append_chain (line, chain);
      g_ptr_array_add (m->plan->chains, chain);
    } else if (stage->optional && g_error_matches (problem, PF_LAUNCH_ERROR,
                                      PF_LAUNCH_ERROR_NONE)) {
      g_string_append_printf (m->plan->left_out, "%s is left out: %s\n",
          stage->name, problem->message);
    } else {
      g_propagate_error (error, g_steal_pointer (&problem));
      return FALSE;
    }
  }
  m->plan->line = g_string_free (g_steal_pointer (&line), FALSE);
  return TRUE;
}

PfPlan *
pf_plan_new (const PfCatalog *catalog, const PfInventory *inventory,
    const gchar *role, const PfWish *wish, PfPlan **when_failed, GError **error)
{
  g_autoptr (PfPlan) plan = g_new0 (PfPlan, 1);
  Maker m = { plan, catalog, inventory, wish };

  plan->choices =
      g_ptr_array_new_with_free_func ((GDestroyNotify) pf_choice_free);
  plan->chains = g_ptr_array_new_with_free_func (chain_free);
  plan->left_out = g_string_new (NULL);
  plan->session = pf_catalog_choose (catalog, inventory, role, wish);
  if (make_line (&m, error))
    return g_steal_pointer (&plan);
  if (when_failed)
    *when_failed = g_steal_pointer (&plan);
  return NULL;
}

gchar *
pf_plan_explain (const PfPlan *plan)
{
  GString *out = g_string_new (NULL);

  pf_choice_print (plan->session, out);
  for (guint i = 0; i < plan->choices->len; i++)
    pf_choice_print (g_ptr_array_index (plan->choices, i), out);
  g_string_append (out, plan->left_out->str);
  g_string_append_printf (out, "latency budget: %u ms\n", plan->budget_ms);
  return g_string_free (out, FALSE);
}

GstElement *
pf_plan_build (const PfPlan *plan, GError **error)
{
  g_autoptr (GError) problem = NULL;
  GstElement *element = gst_parse_launch_full (
      plan->line, NULL, GST_PARSE_FLAG_FATAL_ERRORS, &problem);

  if (element && !problem && GST_IS_PIPELINE (element))
    return element;
  g_set_error (error, PF_LAUNCH_ERROR, PF_LAUNCH_ERROR_PARSE,
      "GStreamer refuses the pipeline: %s",
      problem ? problem->message : "it is a single element");
  if (element) {
    gst_object_ref_sink (element);
    gst_object_unref (element);
  }
  return NULL;
}

GstElement *
pf_chain_build (const PfChain *chain, GError **error)
{
  g_autoptr (GError) problem = NULL;
  GstElement *bin = gst_parse_bin_from_description_full (
      chain->text, TRUE, NULL, GST_PARSE_FLAG_FATAL_ERRORS, &problem);

  if (!bin)
    g_set_error (error, PF_LAUNCH_ERROR, PF_LAUNCH_ERROR_PARSE,
        "GStreamer refuses the chain %s: %s", chain->name, problem->message);
  return bin;
}
