/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Titles: the file of them, and their prep, program and undo, on every way out.
 */
#include "apps.h"
#include "journal.h"
#include "pf-test.h"
#include "runner.h"

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NOBODY 65534
#define WAIT_US (20 * G_USEC_PER_SEC)

typedef struct {
  gchar *dir, *log, *journal_file;
  PfApps *apps;
  PfJournal *journal;
  guint ended;
  gchar *reason;
} Desk;

/* ---- A desk ------------------------------------------------------------- */

static PfApps *
load (const Desk *d, const gchar *text, GError **error)
{
  g_autofree gchar *path = g_build_filename (d->dir, "apps.conf", NULL);

  PF_REQUIRE (g_file_set_contents (path, text, -1, NULL));
  return pf_apps_load (path, error);
}

/* Root undoes nothing. */
static void
be_root (gboolean root)
{
  if (getuid () == 0)
    PF_REQUIRE_INT (seteuid (root ? 0 : NOBODY), ==, 0);
}

static void
open_desk (Desk *d)
{
  memset (d, 0, sizeof *d);
  d->dir = g_dir_make_tmp ("pf-runner-XXXXXX", NULL);
  d->log = g_build_filename (d->dir, "log", NULL);
  d->journal_file = g_build_filename (d->dir, "undo.json", NULL);
  if (geteuid () == 0)
    PF_REQUIRE_INT (chown (d->dir, NOBODY, NOBODY), ==, 0);
  be_root (FALSE);
  d->journal = pf_journal_open (d->journal_file, NULL);
  PF_REQUIRE (d->journal);
}

static void
close_desk (Desk *d)
{
  static const gchar *const names[] = { "apps.conf", "log", "undo.json" };

  pf_journal_free (d->journal);
  pf_apps_free (d->apps);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autofree gchar *path = g_build_filename (d->dir, names[i], NULL);

    g_unlink (path);
  }
  PF_CHECK_INT (g_rmdir (d->dir), ==, 0);
  g_free (d->dir);
  g_free (d->log);
  g_free (d->journal_file);
  g_free (d->reason);
  be_root (TRUE);
}

/* LOG in a text of titles is the file that its steps write to. */
static const PfApp *
take_app (Desk *d, const gchar *text)
{
  g_auto (GStrv) pieces = g_strsplit (text, "LOG", -1);
  g_autofree gchar *whole = g_strjoinv (d->log, pieces);
  g_autoptr (GError) error = NULL;

  d->apps = load (d, whole, &error);
  if (error)
    pf_test_note ("%s", error->message);
  PF_REQUIRE (d->apps);
  return pf_apps_at (d->apps, 0);
}

static gchar *
read_log (const Desk *d)
{
  gchar *text = NULL;

  return g_file_get_contents (d->log, &text, NULL, NULL) ? text : g_strdup ("");
}

static void
on_ended (PfRunner *runner, const gchar *reason, gpointer user)
{
  Desk *d = user;

  (void) runner;
  d->ended++;
  g_free (d->reason);
  d->reason = g_strdup (reason);
}

static const PfRunnerFacts facts = { "$(touch x); `y` \"z\"", 1280, 720, 60,
  TRUE };

static PfRunner *
start (Desk *d, const gchar *text)
{
  return pf_runner_new (take_app (d, text), &facts, d->journal, on_ended, d);
}

static void
wait_ended (Desk *d)
{
  const gint64 until = g_get_monotonic_time () + WAIT_US;

  while (d->ended == 0 && g_get_monotonic_time () < until)
    if (!g_main_context_iteration (NULL, FALSE))
      g_usleep (2000);
  PF_REQUIRE_UINT (d->ended, ==, 1);
}

static void
wait_log (Desk *d, const gchar *text)
{
  const gint64 until = g_get_monotonic_time () + WAIT_US;

  while (g_get_monotonic_time () < until) {
    g_autofree gchar *log = read_log (d);

    if (strstr (log, text))
      return;
    if (!g_main_context_iteration (NULL, FALSE))
      g_usleep (2000);
  }
  PF_CHECK (!"the log has it");
}

static gboolean
is_owed (const Desk *d)
{
  return g_file_test (d->journal_file, G_FILE_TEST_EXISTS);
}

#define SAY(word) "/bin/sh -c 'echo " word " >> LOG'"
#define STEPS                                                                  \
  "prep = " SAY ("a") "\nundo = " SAY ("A") "\nprep-2 = " SAY (                \
      "b") "\nundo-2 = " SAY ("B") "\n"

/* ---- Tests -------------------------------------------------------------- */

/* Prep in order, the program, undo backwards. */
static void
test_quit (void)
{
  g_autofree gchar *log = NULL;
  struct stat st;
  PfRunner *r;
  Desk d;

  open_desk (&d);
  r = start (&d, "[game]\n" STEPS
                 "run = /bin/sh -c 'echo run >> LOG; sleep 100 & sleep 100'\n");
  wait_log (&d, "run\n");
  PF_REQUIRE_INT (stat (d.journal_file, &st), ==, 0);
  PF_CHECK_HEX (st.st_mode & 0777, ==, 0600);
  pf_runner_stop (r);
  wait_ended (&d);
  PF_CHECK_STR (d.reason, NULL);
  log = read_log (&d);
  PF_CHECK_STR (log, "a\nb\nrun\nB\nA\n");
  PF_CHECK (!is_owed (&d));
  pf_runner_free (r);
  close_desk (&d);
}

/* The program ends by itself; it takes its time to end; it never does. */
static void
test_ends (const void *data)
{
  const gchar *program = data;
  g_autofree gchar *text =
      g_strdup_printf ("[game]\n" STEPS "run = %s\n", program);
  const gboolean alone = strstr (program, "sleep") == NULL;
  g_autofree gchar *log = NULL;
  PfRunner *r;
  Desk d;

  open_desk (&d);
  r = start (&d, text);
  wait_log (&d, "run\n");
  if (!alone)
    pf_runner_stop (r);
  wait_ended (&d);
  PF_CHECK ((d.reason != NULL) == alone);
  log = read_log (&d);
  PF_CHECK_STR (log, "a\nb\nrun\nB\nA\n");
  PF_CHECK (!is_owed (&d));
  pf_runner_free (r);
  close_desk (&d);
}

/* A step that fails: no program, and what was begun is undone. */
static void
test_bad_step (const void *data)
{
  g_autofree gchar *text = g_strdup_printf (
      "[game]\nprep = " SAY ("a") "\nundo = " SAY (
          "A") "\nprep-2 = %s\n"
               "undo-2 = " SAY ("B") "\nprep-3 = " SAY ("c") "\nundo-3 = " SAY (
                   "C") "\nrun = " SAY ("run") "\n",
      (const gchar *) data);
  g_autofree gchar *log = NULL;
  PfRunner *r;
  Desk d;

  open_desk (&d);
  r = start (&d, text);
  wait_ended (&d);
  PF_CHECK (d.reason != NULL);
  log = read_log (&d);
  PF_CHECK_STR (log, "a\nB\nA\n");
  PF_CHECK (!is_owed (&d));
  pf_runner_free (r);
  close_desk (&d);
}

/* The host ends while it runs. */
static void
test_host_ends (void)
{
  g_autofree gchar *log = NULL;
  PfRunner *r;
  Desk d;

  open_desk (&d);
  r = start (&d, "[game]\n" STEPS "run = /bin/sh -c 'echo run >> LOG; "
                 "exec sleep 100'\n");
  wait_log (&d, "run\n");
  pf_runner_free (r);
  log = read_log (&d);
  PF_CHECK_STR (log, "a\nb\nrun\nB\nA\n");
  PF_CHECK (!is_owed (&d));
  close_desk (&d);
}

/* Another process with a title that is about to run: killed by itself. */
static void G_GNUC_NORETURN
be_killed (const gchar *dir)
{
  g_autofree gchar *apps = g_build_filename (dir, "apps.conf", NULL);
  Desk d = { .log = g_build_filename (dir, "log", NULL) };

  be_root (FALSE);
  d.journal_file = g_build_filename (dir, "undo.json", NULL);
  d.journal = pf_journal_open (d.journal_file, NULL);
  d.apps = pf_apps_load (apps, NULL);
  pf_runner_new (pf_apps_at (d.apps, 0), &facts, d.journal, on_ended, &d);
  for (;;) {
    g_autofree gchar *log = read_log (&d);

    if (strstr (log, "b\n"))
      kill (getpid (), SIGKILL);
    g_main_context_iteration (NULL, TRUE);
  }
}

/* The host is killed while it runs: the next one undoes, once. */
static void
test_killed (void)
{
  g_autofree gchar *log = NULL;
  g_autoptr (GSubprocessLauncher) launcher =
      g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_NONE);
  g_autoptr (GSubprocess) child = NULL;
  Desk d;

  open_desk (&d);
  take_app (&d, "[game]\n" STEPS "run = " SAY ("run") "\n");
  g_subprocess_launcher_setenv (launcher, "PF_TEST_BE_KILLED", d.dir, TRUE);
  be_root (TRUE); /* a program with two users looks for no libraries */
  child = g_subprocess_launcher_spawn (launcher, NULL, "/proc/self/exe", NULL);
  be_root (FALSE);
  PF_REQUIRE (child);
  PF_CHECK (g_subprocess_wait (child, NULL, NULL));
  PF_CHECK (g_subprocess_get_if_signaled (child));
  PF_CHECK (is_owed (&d));
  pf_journal_free (d.journal);
  d.journal = pf_journal_open (d.journal_file, NULL);
  PF_REQUIRE (d.journal);
  PF_CHECK_UINT (pf_journal_replay (d.journal), ==, 2);
  PF_CHECK_UINT (pf_journal_replay (d.journal), ==, 0);
  log = read_log (&d);
  PF_CHECK (g_str_has_suffix (log, "B\nA\n"));
  PF_CHECK (!is_owed (&d));
  close_desk (&d);
}

/* S54: root runs nothing out of a user's file. */
static void
test_root (void)
{
  g_autofree gchar *log = NULL;
  Desk d;

  if (getuid () != 0)
    pf_test_skip ("not root");
  open_desk (&d);
  take_app (&d, "[game]\nundo = " SAY ("A") "\n");
  PF_CHECK_UINT (
      pf_journal_add (d.journal, pf_apps_at (d.apps, 0)->steps[0].undo, NULL),
      ==, 1);
  be_root (TRUE);
  PF_CHECK_UINT (pf_journal_replay (d.journal), ==, 0);
  log = read_log (&d);
  PF_CHECK_STR (log, "");
  close_desk (&d);
}

/* S14, S43: words are words, and what a client says is a value in the
 * environment, and nothing in a command. */
static void
test_words (void)
{
  static const gchar text[] =
      "[game]\nenvironment = \"OWN=$HOME and $(id)\"\n"
      "run = /bin/sh -c 'printf \"%s|%s|%s|%s|%s\\n\" \"$PF_CLIENT_NAME\" "
      "\"$PF_CLIENT_WIDTH\" \"$PF_CLIENT_HDR\" \"$OWN\" \"$1\" >> LOG' x "
      "\"$(touch y);\"\n";
  g_autofree gchar *log = NULL;
  PfRunner *r;
  Desk d;

  open_desk (&d);
  r = start (&d, text);
  wait_ended (&d);
  log = read_log (&d);
  PF_CHECK_STR (log, "$(touch x); `y` \"z\"|1280|true|$HOME and $(id)|"
                     "$(touch y);\n");
  pf_runner_free (r);
  close_desk (&d);
}

/* ---- The file ----------------------------------------------------------- */

static void
test_file (void)
{
  static const gchar *const bad[] = { "[a]\nrun = 'x\n", "[a]\nimage = x.png\n",
    "[a]\ndirectory = x\n", "[a]\nenvironment = X\n", "[a]\nenvironment = =x\n",
    "[a]\nhdr = yes\n", "[a]\nprep-1 = x\n", "[a]\nprep-10 = x\n",
    "[a]\nnothing = x\n", "[a]\ntitle =\n", "x = y\n", "[a]\nrun = x\n[a]\n" };
  guint32 before;
  Desk d;

  open_desk (&d);
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autoptr (GError) error = NULL;

    PF_CHECK (!load (&d, bad[i], &error));
    PF_CHECK (error && strstr (error->message, "apps.conf") != NULL);
  }
  take_app (&d, "[one]\ntitle = One\nhdr = true\n[two]\nrun = x\n");
  PF_CHECK_UINT (pf_apps_n (d.apps), ==, 2);
  PF_CHECK (pf_apps_at (d.apps, 0)->hdr);
  before = pf_apps_at (d.apps, 1)->id;
  PF_CHECK_UINT (before, >, 0);
  PF_CHECK_UINT (before, <=, G_MAXINT32);
  pf_apps_free (d.apps);
  take_app (&d, "[two]\ntitle = Another name\n");
  PF_CHECK_UINT (pf_apps_at (d.apps, 0)->id, ==, before);
  close_desk (&d);
}

static void
note (const gchar *text)
{
  pf_test_note ("%.*s", (int) strcspn (text, "\n"), text);
}

int
main (int argc, char **argv)
{
  if (g_getenv ("PF_TEST_BE_KILLED"))
    be_killed (g_getenv ("PF_TEST_BE_KILLED"));
  g_set_print_handler (note);
  PF_TEST_ADD ("/runner/quit", test_quit);
  pf_test_add_data ("/runner/ends/alone", test_ends, SAY ("run"));
  pf_test_add_data ("/runner/ends/slowly", test_ends,
      "/bin/sh -c 'trap \"sleep 0.3; exit 0\" TERM; echo run >> LOG; "
      "while :; do sleep 0.1; done'");
  pf_test_add_data ("/runner/ends/never", test_ends,
      "/bin/sh -c 'trap \"\" TERM; echo run >> LOG; "
      "while :; do sleep 0.1; done'");
  pf_test_add_data ("/runner/bad-step/fails", test_bad_step, "/bin/false");
  pf_test_add_data (
      "/runner/bad-step/absent", test_bad_step, "/nowhere/program");
  PF_TEST_ADD ("/runner/host-ends", test_host_ends);
  PF_TEST_ADD ("/runner/killed", test_killed);
  PF_TEST_ADD ("/runner/S54/root", test_root);
  PF_TEST_ADD ("/runner/S14/words", test_words);
  PF_TEST_ADD ("/runner/file", test_file);
  return pf_test_run (argc, argv);
}
