/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Command lines of programs with commands. See pf-usage.h. */
#include "pf-usage.h"

#include <locale.h>
#include <stdlib.h>

/* Where the column of descriptions begins. */
#define COLUMN 26

static gboolean
takes_next (const PfUsage *usage, const gchar *word)
{
  for (guint i = 0; i < usage->n_options; i++) {
    const GOptionEntry *e = &usage->options[i].entry;

    if (e->arg == G_OPTION_ARG_NONE)
      continue;
    if (g_str_has_prefix (word, "--") && g_str_equal (word + 2, e->long_name))
      return TRUE;
    if (word[1] == e->short_name && e->short_name && !word[2])
      return TRUE;
  }
  return FALSE;
}

/* The place of the command that ARGV names by its first word that belongs to no
 * option, or -1. */
static gint
find_command (const PfUsage *usage, gchar **argv)
{
  guint a = 1;

  for (; argv[0] && argv[a] && argv[a][0] == '-'; a++)
    if (takes_next (usage, argv[a]) && argv[a + 1])
      a++;
  for (guint i = 0; argv[0] && argv[a] && i < usage->n_commands; i++)
    if (g_str_equal (argv[a], usage->commands[i].name))
      return (gint) i;
  return -1;
}

static gchar *
list_commands (const PfUsage *usage)
{
  GString *text = g_string_new ("Commands:");

  for (guint i = 0; i < usage->n_commands; i++) {
    const PfUsageCommand *c = &usage->commands[i];
    const gsize begin = text->len + 1;

    g_string_append_printf (text, "\n  %s%s%s", c->name, c->words ? " " : "",
        c->words ? c->words : "");
    if (text->len - begin >= COLUMN)
      g_string_append_printf (text, "\n%*s", COLUMN, "");
    else
      g_string_append_printf (
          text, "%*s", (int) (COLUMN - (text->len - begin)), "");
    g_string_append (text, c->what);
  }
  g_string_append (text, "\n\nCOMMAND --help tells of its options.");
  return g_string_free (text, FALSE);
}

static GOptionContext *
context_of_all (const PfUsage *usage)
{
  GOptionContext *context = g_option_context_new ("COMMAND");
  g_autofree gchar *list = list_commands (usage);

  g_option_context_set_summary (context, list);
  return context;
}

static GOptionContext *
context_of_one (const PfUsage *usage, guint command)
{
  const PfUsageCommand *c = &usage->commands[command];
  g_autofree gchar *words =
      g_strconcat (c->name, c->words ? " " : NULL, c->words, NULL);
  GOptionContext *context = g_option_context_new (words);
  g_autoptr (GArray) known = g_array_new (TRUE, TRUE, sizeof (GOptionEntry));
  g_autofree gchar *what = NULL;

  for (guint i = 0; i < usage->n_options; i++)
    if (usage->options[i].commands & 1u << command)
      g_array_append_val (known, usage->options[i].entry);
  g_option_context_add_main_entries (
      context, (const GOptionEntry *) (gconstpointer) known->data, NULL);
  what = g_strdup_printf ("%c%s.", g_ascii_toupper (c->what[0]), c->what + 1);
  g_option_context_set_summary (context, what);
  g_option_context_set_description (context, c->more);
  return context;
}

static gboolean
say_version (const gchar *name G_GNUC_UNUSED, const gchar *value G_GNUC_UNUSED,
    gpointer data G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  g_print ("%s (gst-punktfunk) %s\n", g_get_prgname (), PF_VERSION);
  exit (EXIT_SUCCESS);
}

/* An error of the command line tells where to read on. */
static void
say_where (const PfUsage *usage, gint command, GError **error)
{
  gchar *text = NULL;

  if (!error || !*error)
    return;
  text = g_strdup_printf ("%s; see %s%s%s --help", (*error)->message,
      g_get_prgname (), command < 0 ? "" : " ",
      command < 0 ? "" : usage->commands[command].name);
  g_free ((*error)->message);
  (*error)->message = text;
}

static gboolean
names_command (
    const PfUsage *usage, gint command, gchar **words, GError **error)
{
  if (words && command >= 0 &&
      g_str_equal (words[0], usage->commands[command].name))
    return TRUE;
  if (words)
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
        "there is no command %s", words[0]);
  else
    g_set_error_literal (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
        "a command is missing");
  say_where (usage, -1, error);
  return FALSE;
}

gboolean
pf_usage_parse (const PfUsage *usage, gint *command, int *argc, char ***argv,
    gchar ***words, GError **error)
{
  const GOptionEntry everywhere[] = {
    { "version", 0, G_OPTION_FLAG_NO_ARG, G_OPTION_ARG_CALLBACK,
        (gpointer) (guintptr) say_version, "Say which version this is", NULL },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_STRING_ARRAY, words, NULL, NULL },
    { NULL, 0, 0, G_OPTION_ARG_NONE, NULL, NULL, NULL },
  };
  g_autoptr (GOptionContext) context = NULL;

  *command = find_command (usage, *argv);
  /* For what is printed alone: numbers are read as C does. */
  setlocale (LC_CTYPE, "");
  context = *command < 0 ? context_of_all (usage)
                         : context_of_one (usage, (guint) *command);
  g_option_context_add_main_entries (context, everywhere, NULL);
  if (g_option_context_parse (context, argc, argv, error))
    return names_command (usage, *command, *words, error);
  say_where (usage, *command, error);
  return FALSE;
}
