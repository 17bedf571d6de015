/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * bench-loss: sessions over lines that lose 0 to 20 % of video's packets, with
 * parity that follows and with parity that stays; as a table (docs/loss.md).
 */
#include <glib/gstdio.h>
#include <gst/gst.h>

#include "loss-run.h"

static const guint losses_ppm[] = { 0, 5000, 10000, 20000, 50000, 100000,
  150000, 200000 };

static gint runs = 3, seconds = 8, delay_us = 5000, percent = 10, only = -1;
static gboolean fixed, refers;
static gchar *forward;

static const GOptionEntry entries[] = {
  { "runs", 0, 0, G_OPTION_ARG_INT, &runs, "Of each point (3)", "N" },
  { "seconds", 0, 0, G_OPTION_ARG_INT, &seconds, "Of each run (8)", "N" },
  { "delay", 0, 0, G_OPTION_ARG_INT, &delay_us, "One way, us (5000)", "N" },
  { "fixed", 0, 0, G_OPTION_ARG_NONE, &fixed, "Parity does not follow", NULL },
  { "invalidation", 0, 0, G_OPTION_ARG_NONE, &refers,
      "A stand-in that does without lost frames instead of x264", NULL },
  { "percent", 0, 0, G_OPTION_ARG_INT, &percent, "Parity at the start (10)",
      "N" },
  { "loss", 0, 0, G_OPTION_ARG_INT, &only, "One point only", "PPM" },
  { "forward", 0, 0, G_OPTION_ARG_FILENAME, &forward, "Path of pf-forward",
      "FILE" },
  { NULL, 0, 0, G_OPTION_ARG_NONE, NULL, NULL, NULL },
};

static void
remove_tree (const gchar *path)
{
  GDir *list = g_dir_open (path, 0, NULL);
  const gchar *name;

  while (list && (name = g_dir_read_name (list))) {
    g_autofree gchar *file = g_build_filename (path, name, NULL);

    remove_tree (file);
  }
  g_clear_pointer (&list, g_dir_close);
  g_remove (path);
}

static void
print_run (const LossCase *c, const LossResult *r)
{
  const gboolean inside = r->lost >= r->low && r->lost <= r->high;

  g_print (
      "| %.1f %% | %u %% | %u | %u | %.1f (%u to %u)%s | %.1f %% | %.1f %% "
      "| %u | %u | %u | %u | %.1f | %.1f |\n",
      c->loss_ppm / 1e4, fixed ? c->percent : r->percent, r->frames, r->lost,
      r->expected, r->low, r->high, inside ? "" : " outside", 100 * r->parity,
      100 * r->wire, r->causes, r->requests, r->key_frames, r->frozen_p50,
      r->each_p50, r->lost ? (gdouble) r->frozen / r->lost : 0.);
}

static gboolean
sweep (const gchar *dir)
{
  gboolean good = TRUE;
  guint n = 0, inside = 0, astray = 0, reports = 0;

  g_print ("| loss | parity at the end | frames | unrecoverable | expected (95 "
           "of 100 runs) | parity packets | wire overhead | causes | requests "
           "| key frames | frozen per cause, p50 | frozen per unrecoverable, "
           "p50 | mean |\n|---|---|---|---|---|---|---|---|---|---|---|---|"
           "---|\n");
  for (guint i = 0; i < G_N_ELEMENTS (losses_ppm); i++)
    for (gint j = 0; j < runs; j++) {
      const LossCase c = { losses_ppm[i], (guint) percent, !fixed, refers,
        (guint) delay_us, (guint) seconds, 100 * i + (guint) j + 1 };
      LossResult r;

      if (only >= 0 && c.loss_ppm != (guint) only)
        continue;
      if (!loss_run (&c, dir, forward, &r)) {
        g_printerr ("no result at %u ppm: %s\n", c.loss_ppm, r.why);
        good = FALSE;
        continue;
      }
      print_run (&c, &r);
      n++;
      inside += r.lost >= r.low && r.lost <= r.high;
      astray += r.astray;
      reports += r.reports;
    }
  g_print ("\n%u of %u runs inside the band; parity did not follow %u of %u "
           "reports\n",
      inside, n, fixed ? 0 : astray, fixed ? 0 : reports);
  return good;
}

int
main (int argc, char **argv)
{
  GOptionContext *context = g_option_context_new (NULL);
  g_autoptr (GError) error = NULL;
  gboolean good;
  gchar *dir;

  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error)) {
    g_printerr ("bench-loss: %s\n", error->message);
    g_option_context_free (context);
    return 2;
  }
  g_option_context_free (context);
  gst_init (NULL, NULL);
  if (!forward)
    forward = g_find_program_in_path ("pf-forward");
  dir = g_dir_make_tmp ("bench-loss-XXXXXX", NULL);
  good = dir && sweep (dir);
  if (dir)
    remove_tree (dir);
  g_free (dir);
  g_free (forward);
  return good ? 0 : 1;
}
