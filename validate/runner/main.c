/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * pf-validate: runs .validatetest files and says in TAP how each went.
 */
#include "pf-run.h"

#include <stdio.h>

#define DEFAULT_TIMEOUT 30

int
main (int argc, char **argv)
{
  gint timeout = DEFAULT_TIMEOUT;
  gchar **files = NULL;
  const GOptionEntry entries[] = {
    { "timeout", 't', 0, G_OPTION_ARG_INT, &timeout,
        "A file that runs longer fails (30)", "SECONDS" },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &files, NULL,
        "FILE.validatetest..." },
    { NULL, 0, 0, G_OPTION_ARG_NONE, NULL, NULL, NULL },
  };
  GOptionContext *context = g_option_context_new (NULL);
  GError *error = NULL;
  guint failed = 0;
  gboolean ok;

  g_option_context_set_summary (context,
      "Runs pipelines by scripts as gst-validate-1.0 reads them, and watches\n"
      "the data on all pads. Output is TAP, one test for each file.\n"
      "Exit status: 0 all passed, 1 one failed, 2 wrong use.");
  g_option_context_add_main_entries (context, entries, NULL);
  g_option_context_add_group (context, gst_init_get_option_group ());
  ok = g_option_context_parse (context, &argc, &argv, &error);
  g_option_context_free (context);
  if (!ok || !files || timeout <= 0) {
    fprintf (stderr, "pf-validate: %s\n",
        error ? error->message : "name a file, and a time above 0; see --help");
    g_clear_error (&error);
    g_strfreev (files);
    return 2;
  }
  setvbuf (stdout, NULL, _IOLBF, 0);
  g_print ("1..%u\n", g_strv_length (files));
  for (guint i = 0; files[i]; i++) {
    gchar *name = g_path_get_basename (files[i]);

    ok = pf_run_file (files[i], (guint) timeout);
    failed += !ok;
    g_print ("%sok %u - %s\n", ok ? "" : "not ", i + 1, name);
    g_free (name);
  }
  g_strfreev (files);
  return failed ? 1 : 0;
}
