/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* pf-host pipelines: what would be chosen, and why. */
#include "options.h"

#include <string.h>

static gboolean
read_offer (const PfOptions *o, PfOffer *offer, GError **error)
{
  guint width = 1280, height = 720, fps = 60;
  g_autoptr (GstStructure) s = NULL;

  if (o->mode && !pf_mode_parse (o->mode, &width, &height, &fps)) {
    g_set_error (error, PF_LAUNCH_ERROR, PF_LAUNCH_ERROR_VALUE,
        "--mode %s: WIDTHxHEIGHT@HZ", o->mode);
    return FALSE;
  }
  s = gst_structure_new ("PfSessionOffer", "id", G_TYPE_UINT64,
      G_GUINT64_CONSTANT (0), "width", G_TYPE_UINT, width, "height",
      G_TYPE_UINT, height, "fps", G_TYPE_UINT, fps, "codecs", G_TYPE_STRING,
      o->codec ? o->codec : "h264;h265;av1", "depth", G_TYPE_UINT,
      (guint) o->depth, "chroma", G_TYPE_UINT, (guint) o->chroma, "channels",
      G_TYPE_UINT, (guint) o->channels, "hdr", G_TYPE_BOOLEAN, o->hdr,
      "bitrate-kbps", G_TYPE_UINT, (guint) MAX (o->bitrate, 0), NULL);
  pf_offer_read (s, offer);
  if (offer->codecs[0])
    return TRUE;
  g_set_error (error, PF_LAUNCH_ERROR, PF_LAUNCH_ERROR_VALUE,
      "--codec %s: h264, h265 or av1", o->codec);
  return FALSE;
}

/* explain (and list, which says less). */
static int
explain (PfSelect *s, const PfOptions *o)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (PfGrant) grant = NULL;
  PfOffer offer = { 0 };

  if (!read_offer (o, &offer, &error))
    return pf_fail ("%s", error->message);
  g_string_append_printf (text, "on %s, %ux%u at %u:\n", s->inventory->title,
      offer.width, offer.height, offer.fps);
  grant = pf_select (s, &offer, text, &error);
  g_print ("%s", text->str);
  pf_offer_clear (&offer);
  return grant ? 0 : pf_fail ("%s", error->message);
}

static int
print (PfSelect *s, const PfOptions *o)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (PfGrant) grant = NULL;
  PfOffer offer = { 0 };

  if (!read_offer (o, &offer, &error))
    return pf_fail ("%s", error->message);
  grant = pf_select (s, &offer, NULL, &error);
  pf_offer_clear (&offer);
  if (!grant)
    return pf_fail ("%s", error->message);
  g_print ("%s\n", grant->plan->line);
  return 0;
}

static gint
compare_roles (gconstpointer a, gconstpointer b)
{
  const PfFragment *fa = *(PfFragment *const *) a;
  const PfFragment *fb = *(PfFragment *const *) b;
  const gint order = strcmp (fa->role, fb->role);

  return order ? order : (gint) fb->rank - (gint) fa->rank;
}

static int
list (PfSelect *s)
{
  g_autoptr (GPtrArray) all =
      g_ptr_array_copy (s->catalog->fragments, NULL, NULL);

  g_ptr_array_set_free_func (all, NULL);
  g_ptr_array_sort (all, compare_roles);
  for (guint i = 0; i < all->len; i++) {
    const PfFragment *f = g_ptr_array_index (all, i);
    g_autofree gchar *why = pf_inventory_refuse (s->inventory, f);

    g_print ("%-15s %-26s %5u  %s%s%s\n", f->role, f->name, f->rank,
        why ? "(" : "", why ? why : f->summary, why ? ")" : "");
  }
  return 0;
}

/* One fragment, in this process, for pf-speeds; or all that there are. */
static int
measure (PfSelect *s, const gchar *name)
{
  g_autofree gchar *text = NULL;
  const PfFragment *f;
  PfSpeed speed;

  if (!name) {
    for (guint i = 0; i < s->catalog->fragments->len; i++) {
      f = g_ptr_array_index (s->catalog->fragments, i);
      text = pf_inventory_refuse (s->inventory, f);
      if (g_str_equal (f->role, "encode") && !text) {
        pf_speeds_forget (s->speeds, f->name);
        text = pf_speed_to_text (pf_speeds_get (s->speeds, f));
        g_print ("%-26s %s\n", f->name, text);
      }
      g_clear_pointer (&text, g_free);
    }
    return 0;
  }
  f = pf_catalog_find (s->catalog, name);
  if (!f || !g_str_equal (f->role, "encode"))
    return pf_fail ("there is no encoder %s", name);
  pf_speed_measure (f, &speed);
  text = pf_speed_to_text (&speed);
  g_print ("%s\n", text);
  pf_speed_clear (&speed);
  return 0;
}

int
pf_command_pipelines (const PfOptions *options, gchar **words)
{
  const gchar *what = words[0] ? words[0] : "list";
  g_autoptr (GError) error = NULL;
  PfSelect s = { 0 };
  int status = 2;

  if (!pf_select_open (&s, options, TRUE, &error))
    status = pf_fail ("%s", error->message);
  else if (g_str_equal (what, "list"))
    status = list (&s);
  else if (g_str_equal (what, "explain"))
    status = explain (&s, options);
  else if (g_str_equal (what, "print"))
    status = print (&s, options);
  else if (g_str_equal (what, "measure"))
    status = measure (&s, words[1]);
  else
    pf_fail ("pipelines %s: list, explain, print or measure", what);
  pf_select_close (&s);
  return status;
}
