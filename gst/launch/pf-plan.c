/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A whole pipeline out of fragments; see pf-plan.h. */
#include "pf-plan.h"

#include <string.h>

static void
part_free (gpointer data)
{
  PfPart *part = data;

  g_free (part->role);
  g_free (part->text);
  g_free (part);
}

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
  g_ptr_array_unref (c->parts);
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
add_role (Maker *m, const gchar *role, PfChain *chain, GError **error)
{
  const PfChoice *choice = find_choice (m->plan, role);
  gchar *expanded;
  PfPart *part;

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
  if (!expanded)
    return FALSE;
  part = g_new0 (PfPart, 1);
  part->role = g_strdup (role);
  part->text = expanded;
  g_ptr_array_add (chain->parts, part);
  return TRUE;
}

/* Parts from one on up to another. */
static gchar *
join_parts (const PfChain *chain, guint from, guint to)
{
  GString *text = g_string_new (NULL);

  for (guint i = from; i < to; i++) {
    const PfPart *part = g_ptr_array_index (chain->parts, i);

    g_string_append_printf (text, "%s%s", i > from ? " ! " : "", part->text);
  }
  return g_string_free (text, FALSE);
}

static PfChain *
make_chain (Maker *m, const PfStage *stage, GError **error)
{
  PfChain *chain = g_new0 (PfChain, 1);
  gboolean good = TRUE;

  chain->name = g_strdup (stage->name);
  chain->parts = g_ptr_array_new_with_free_func (part_free);
  for (guint i = 0; stage->items[i] && good; i++) {
    const gchar *item = stage->items[i];

    if (strchr (item, '.')) {
      *(i == 0 ? &chain->first : &chain->last) = g_strdup (item);
      continue;
    }
    good = add_role (m, item, chain, error);
  }
  chain->text = join_parts (chain, 0, chain->parts->len);
  if (good)
    return chain;
  chain_free (chain);
  return NULL;
}

/* With the role's text left out, if the chain has it. */
static void
append_chain_without (GString *line, const PfChain *chain, guint at)
{
  g_autofree gchar *before = join_parts (chain, 0, at);
  g_autofree gchar *after = join_parts (chain, at + 1, chain->parts->len);

  g_string_append_printf (line, "%s%s%s%s   %s%s%s", line->len ? "   " : "",
      chain->first ? chain->first : "", chain->first ? " ! " : "", before,
      after, chain->last ? " ! " : "", chain->last ? chain->last : "");
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

static GstElement *
parse_pipeline (const gchar *line, GError **error)
{
  g_autoptr (GError) problem = NULL;
  GstElement *element =
      gst_parse_launch_full (line, NULL, GST_PARSE_FLAG_FATAL_ERRORS, &problem);

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
pf_plan_build (const PfPlan *plan, GError **error)
{
  return parse_pipeline (plan->line, error);
}

static gboolean
find_part (const PfChain *chain, const gchar *role, guint *at)
{
  for (*at = 0; *at < chain->parts->len; ++*at) {
    const PfPart *part = g_ptr_array_index (chain->parts, *at);

    if (g_str_equal (part->role, role))
      return TRUE;
  }
  return FALSE;
}

/* Between the two loose ends that it left. */
static gboolean
put_part (GstElement *pipeline, GstElement *part)
{
  g_autoptr (GstPad) before =
      gst_bin_find_unlinked_pad (GST_BIN (pipeline), GST_PAD_SRC);
  g_autoptr (GstPad) after =
      gst_bin_find_unlinked_pad (GST_BIN (pipeline), GST_PAD_SINK);
  g_autoptr (GstPad) sink = gst_element_get_static_pad (part, "sink");
  g_autoptr (GstPad) src = gst_element_get_static_pad (part, "src");

  gst_bin_add (GST_BIN (pipeline), part);
  return before && after && sink && src &&
         gst_pad_link (before, sink) == GST_PAD_LINK_OK &&
         gst_pad_link (src, after) == GST_PAD_LINK_OK;
}

GstElement *
pf_plan_build_apart (
    const PfPlan *plan, const gchar *role, GstElement **part, GError **error)
{
  g_autoptr (GString) line = g_string_new (NULL);
  g_autoptr (GstElement) pipeline = NULL;
  gboolean found = FALSE;

  for (guint i = 0; i < plan->chains->len; i++) {
    const PfChain *chain = g_ptr_array_index (plan->chains, i);
    guint at;

    if (!found && find_part (chain, role, &at)) {
      append_chain_without (line, chain, at);
      found = TRUE;
    } else {
      append_chain (line, chain);
    }
  }
  *part = found ? pf_plan_build_part (plan, role, error) : NULL;
  if (!*part)
    return NULL;
  pipeline = parse_pipeline (line->str, error);
  if (pipeline && put_part (pipeline, *part))
    return g_steal_pointer (&pipeline);
  if (pipeline)
    g_set_error (error, PF_LAUNCH_ERROR, PF_LAUNCH_ERROR_PARSE,
        "the pipeline has no place for %s", role);
  else
    gst_object_unref (*part);
  return NULL;
}

static GstElement *
parse_bin (const gchar *name, const gchar *text, GError **error)
{
  g_autoptr (GError) problem = NULL;
  GstElement *bin = gst_parse_bin_from_description_full (
      text, TRUE, NULL, GST_PARSE_FLAG_FATAL_ERRORS, &problem);

  if (!bin)
    g_set_error (error, PF_LAUNCH_ERROR, PF_LAUNCH_ERROR_PARSE,
        "GStreamer refuses the chain %s: %s", name, problem->message);
  return bin;
}

GstElement *
pf_plan_build_part (const PfPlan *plan, const gchar *role, GError **error)
{
  guint at;

  for (guint i = 0; i < plan->chains->len; i++) {
    const PfChain *chain = g_ptr_array_index (plan->chains, i);

    if (find_part (chain, role, &at)) {
      const PfPart *part = g_ptr_array_index (chain->parts, at);

      return parse_bin (role, part->text, error);
    }
  }
  g_set_error (error, PF_LAUNCH_ERROR, PF_LAUNCH_ERROR_NONE,
      "the session has no role %s", role);
  return NULL;
}

GstElement *
pf_chain_build (const PfChain *chain, GError **error)
{
  return parse_bin (chain->name, chain->text, error);
}
