/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Writes docs/elements/NAME.inspect of all elements: ./pf inspect-snapshots.
 * With names it prints these instead. */
#include "inspect.h"

int
main (int argc, char **argv)
{
  GPtrArray *names;

  gst_init (NULL, NULL);
  if (argc > 2 && g_strcmp0 (argv[1], "--write") == 0) {
    names = inspect_factories ();
    for (guint i = 0; i < names->len; i++) {
      gchar *text = inspect_text (names->pdata[i]);
      gchar *path = inspect_path (argv[2], names->pdata[i]);
      GError *error = NULL;

      if (!text || !g_file_set_contents (path, text, -1, &error)) {
        g_printerr ("%s\n", error ? error->message : path);
        return 1;
      }
      g_print ("%s\n", path);
      g_free (text);
      g_free (path);
    }
    g_ptr_array_unref (names);
    return 0;
  }
  for (int i = 1; i < argc; i++) {
    gchar *text = inspect_text (argv[i]);

    if (!text)
      return 1;
    g_print ("%s", text);
    g_free (text);
  }
  return argc > 1 ? 0 : 2;
}
