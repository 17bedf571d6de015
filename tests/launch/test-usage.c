/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Command lines of programs with commands. */
#include "pf-test.h"
#include "pf-usage.h"

#include <string.h>

typedef struct {
  gint command;
  gint number;
  gboolean flag;
  gchar *place;
  gchar **words;
  gchar *problem;
} Line;

static const PfUsageCommand commands[] = {
  { "go", "[WHERE]", "goes", NULL },
  { "stay", NULL, "stays", NULL },
};

static void
line_clear (Line *l)
{
  g_free (l->place);
  g_free (l->problem);
  g_strfreev (l->words);
}

/* TEXT as typed, without quotes. */
static gboolean
read_line (Line *l, const gchar *text)
{
  const PfUsageOption options[] = {
    { 1, { "number", 'n', 0, G_OPTION_ARG_INT, &l->number, "", "N" } },
    { 3, { "flag", 'f', 0, G_OPTION_ARG_NONE, &l->flag, "", NULL } },
    { 3, { "place", 0, 0, G_OPTION_ARG_STRING, &l->place, "", "P" } },
  };
  const PfUsage usage = { commands, 2, options, 3 };
  g_auto (GStrv) typed = g_strsplit (text, " ", -1);
  int argc = (int) g_strv_length (typed);
  g_autofree gchar **left =
      g_memdup2 (typed, sizeof *typed * (gsize) (argc + 1));
  gchar **argv = left;
  g_autoptr (GError) error = NULL;
  gboolean fine = FALSE;

  *l = (Line){ .command = -1 };
  fine = pf_usage_parse (&usage, &l->command, &argc, &argv, &l->words, &error);
  l->problem = error ? g_strdup (error->message) : NULL;
  return fine;
}

static void
test_command (void)
{
  static const struct {
    const gchar *text;
    gint command;
  } lines[] = {
    { "prog go", 0 },
    { "prog stay", 1 },
    { "prog --flag stay", 1 },
    { "prog --place go stay", 1 },
    { "prog -n 3 go stay", 0 },
    { "prog --place=stay go", 0 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (lines); i++) {
    Line l;

    PF_REQUIRE (read_line (&l, lines[i].text));
    PF_CHECK_INT (l.command, ==, lines[i].command);
    PF_CHECK_STR (l.words[0], commands[lines[i].command].name);
    line_clear (&l);
  }
}

static void
test_options (void)
{
  Line l;

  PF_REQUIRE (read_line (&l, "prog go -n 7 home --place there --flag"));
  PF_CHECK_INT (l.number, ==, 7);
  PF_CHECK (l.flag);
  PF_CHECK_STR (l.place, "there");
  PF_CHECK_UINT (g_strv_length (l.words), ==, 2);
  PF_CHECK_STR (l.words[1], "home");
  line_clear (&l);
}

static void
test_problems (void)
{
  static const struct {
    const gchar *text, *problem, *where;
  } lines[] = {
    { "prog", "a command is missing", "; see test-usage --help" },
    { "prog run", "no command run", "; see test-usage --help" },
    { "prog home go", "no command home", "; see test-usage --help" },
    { "prog --flag", "--flag", "; see test-usage --help" },
    { "prog stay -n 3", "-n", "; see test-usage stay --help" },
    { "prog go --number many", "many", "; see test-usage go --help" },
    { "prog go --place", "--place", "; see test-usage go --help" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (lines); i++) {
    Line l;

    PF_CHECK (!read_line (&l, lines[i].text));
    PF_REQUIRE (l.problem != NULL);
    PF_CHECK (strstr (l.problem, lines[i].problem));
    PF_CHECK (g_str_has_suffix (l.problem, lines[i].where));
    line_clear (&l);
  }
}

int
main (int argc, char **argv)
{
  g_set_prgname ("test-usage");
  PF_TEST_ADD ("/usage/command", test_command);
  PF_TEST_ADD ("/usage/options", test_options);
  PF_TEST_ADD ("/usage/problems", test_problems);
  return pf_test_run (argc, argv);
}
