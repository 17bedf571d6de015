/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* gst-launch-1.0 as a child; see pf-launch.h. */
#include "pf-launch.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct PfLaunch {
  GPid pid; /* 0 after it was waited for */
  gint status;
  gint out;
  GThread *reader;
  GMutex lock;
  GCond more;
  GString *text; /* lock */
  gboolean over; /* lock: nothing more will come */
};

static gpointer
read_all (gpointer data)
{
  PfLaunch *l = data;
  gchar bytes[4096];

  for (;;) {
    const gssize n = read (l->out, bytes, sizeof bytes);

    if (n < 0 && errno == EINTR)
      continue;
    g_mutex_lock (&l->lock);
    if (n > 0)
      g_string_append_len (l->text, bytes, n);
    else
      l->over = TRUE;
    g_cond_broadcast (&l->more);
    g_mutex_unlock (&l->lock);
    if (n <= 0)
      return NULL;
  }
}

static gchar **
make_environment (const gchar *const *settings)
{
  gchar **env = g_get_environ ();
  const gchar *preload = g_getenv ("PF_TEST_PRELOAD");

  env = g_environ_setenv (env, "GST_DEBUG_NO_COLOR", "1", TRUE);
  if (preload && *preload) {
    env = g_environ_setenv (env, "LD_PRELOAD", preload, TRUE);
    /* what the program itself leaves behind is not ours */
    env = g_environ_setenv (
        env, "LSAN_OPTIONS", "detect_leaks=0:exitcode=0", TRUE);
    env = g_environ_setenv (
        env, "ASAN_OPTIONS", "detect_leaks=0:strict_string_checks=1", TRUE);
    /* and tests/common/pf-tsan.c is not in it */
    env = g_environ_setenv (env, "TSAN_OPTIONS", "report_bugs=0", TRUE);
  }
  for (guint i = 0; settings && settings[i]; i++) {
    gchar **pair = g_strsplit (settings[i], "=", 2);

    env = g_environ_setenv (env, pair[0], pair[1], TRUE);
    g_strfreev (pair);
  }
  return env;
}

static gchar **
make_argv (const gchar *const *argv)
{
  GStrvBuilder *all = g_strv_builder_new ();
  gchar **ret;

  g_strv_builder_add (all, "gst-launch-1.0");
  g_strv_builder_addv (all, (const char **) argv);
  ret = g_strv_builder_end (all);
  g_strv_builder_unref (all);
  return ret;
}

PfLaunch *
pf_launch_start (const gchar *const *argv, const PfLaunchOptions *o)
{
  PfLaunch *l = g_new0 (PfLaunch, 1);
  gchar **all = make_argv (argv), **env = make_environment (o->settings);
  gint targets[8], ends[2] = { -1, -1 };
  GError *error = NULL;
  gboolean good;

  g_assert (o->n_fds <= G_N_ELEMENTS (targets));
  for (guint i = 0; i < o->n_fds; i++)
    targets[i] = 3 + (gint) i;
  good = pipe (ends) == 0 &&
         g_spawn_async_with_pipes_and_fds (o->directory,
             (const gchar *const *) all, (const gchar *const *) env,
             G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, -1,
             ends[1], ends[1], o->fds, targets, o->n_fds, &l->pid, NULL, NULL,
             NULL, &error);
  if (ends[1] >= 0)
    close (ends[1]);
  for (guint i = 0; i < o->n_fds; i++)
    close (o->fds[i]);
  g_strfreev (all);
  g_strfreev (env);
  if (!good) {
    g_printerr ("%s\n", error ? error->message : g_strerror (errno));
    g_clear_error (&error);
    if (ends[0] >= 0)
      close (ends[0]);
    g_free (l);
    return NULL;
  }
  l->out = ends[0];
  l->text = g_string_new (NULL);
  g_mutex_init (&l->lock);
  g_cond_init (&l->more);
  l->reader = g_thread_new ("output", read_all, l);
  return l;
}

GPid
pf_launch_pid (PfLaunch *l)
{
  return l->pid;
}

/* Call with the lock. */
static guint
count_unlocked (PfLaunch *l, const gchar *text)
{
  guint n = 0;

  for (const gchar *at = l->text->str; (at = strstr (at, text));
       at += strlen (text))
    n++;
  return n;
}

guint
pf_launch_count (PfLaunch *l, const gchar *text)
{
  guint n;

  g_mutex_lock (&l->lock);
  n = count_unlocked (l, text);
  g_mutex_unlock (&l->lock);
  return n;
}

gboolean
pf_launch_wait (PfLaunch *l, const gchar *text, guint n, guint ms)
{
  const gint64 end = g_get_monotonic_time () + ms * G_GINT64_CONSTANT (1000);
  gboolean have;

  g_mutex_lock (&l->lock);
  while (!(have = count_unlocked (l, text) >= n) && !l->over &&
         g_cond_wait_until (&l->more, &l->lock, end))
    ;
  g_mutex_unlock (&l->lock);
  return have;
}

void
pf_launch_interrupt (PfLaunch *l)
{
  if (l->pid)
    kill (l->pid, SIGINT);
}

gint
pf_launch_end (PfLaunch *l, guint ms)
{
  const gint64 end = g_get_monotonic_time () + ms * G_GINT64_CONSTANT (1000);

  if (!l->pid)
    return l->status;
  g_mutex_lock (&l->lock);
  while (!l->over && g_cond_wait_until (&l->more, &l->lock, end))
    ;
  if (!l->over)
    kill (l->pid, SIGKILL);
  g_mutex_unlock (&l->lock);
  while (waitpid (l->pid, &l->status, 0) < 0 && errno == EINTR)
    ;
  l->pid = 0;
  l->status = WIFEXITED (l->status) ? WEXITSTATUS (l->status) : -1;
  return l->status;
}

gchar *
pf_launch_output (PfLaunch *l)
{
  gchar *text;

  g_mutex_lock (&l->lock);
  text = g_strdup (l->text->str);
  g_mutex_unlock (&l->lock);
  return text;
}

void
pf_launch_free (PfLaunch *l)
{
  if (!l)
    return;
  pf_launch_end (l, 0);
  g_thread_join (l->reader);
  close (l->out);
  g_string_free (l->text, TRUE);
  g_mutex_clear (&l->lock);
  g_cond_clear (&l->more);
  g_free (l);
}
