/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Started as root, goes on as somebody else; see user.h. */
#include "user.h"

#include "pf-conf.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

static gboolean
set_error (GError **error, const gchar *what, const gchar *why)
{
  g_set_error (
      error, PF_LAUNCH_ERROR, PF_LAUNCH_ERROR_FILE, "%s: %s", what, why);
  return FALSE;
}

static gboolean
make_user (GError **error)
{
  const gchar *const argv[] = { "/usr/sbin/useradd", "--system", "--user-group",
    "--home-dir", PF_USER_HOME, "--create-home", "--shell", "/usr/sbin/nologin",
    PF_USER_NAME, NULL };
  g_autofree gchar *output = NULL;
  g_autoptr (GError) problem = NULL;
  gint status = 0;

  if (!g_spawn_sync (NULL, (gchar **) argv, NULL, G_SPAWN_DEFAULT, NULL, NULL,
          NULL, &output, &status, &problem) ||
      !g_spawn_check_wait_status (status, &problem))
    return set_error (error, "cannot make the user " PF_USER_NAME,
        output && *output ? g_strchomp (output) : problem->message);
  /* Its home holds the host's key. */
  g_chmod (PF_USER_HOME, 0700);
  return TRUE;
}

static const struct passwd *
find_user (const gchar *name, GError **error)
{
  const gchar *caller = g_getenv ("SUDO_USER");
  const struct passwd *user;

  if (!name && caller && !g_str_equal (caller, "root"))
    name = caller;
  if (!name) {
    name = PF_USER_NAME;
    if (!getpwnam (name) && !make_user (error))
      return NULL;
  }
  user = getpwnam (name);
  if (!user)
    set_error (error, name, "there is no such user");
  else if (user->pw_uid == 0)
    set_error (error, name, "is root, and nothing is served as root");
  else
    return user;
  return NULL;
}

/* What logind makes at a login; here there may have been none. */
static void
make_runtime_dir (const struct passwd *user)
{
  g_autofree gchar *path = g_strdup_printf ("/run/user/%u", user->pw_uid);
  struct stat st;

  if (g_mkdir_with_parents ("/run/user", 0755) < 0)
    return;
  if (g_mkdir (path, 0700) == 0 &&
      lchown (path, user->pw_uid, user->pw_gid) < 0)
    g_rmdir (path);
  if (lstat (path, &st) == 0 && S_ISDIR (st.st_mode) &&
      st.st_uid == user->pw_uid)
    g_setenv ("XDG_RUNTIME_DIR", path, TRUE);
}

static void
set_environment (const struct passwd *user)
{
  static const gchar *const roots[] = { "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME",
    "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME",
    "DBUS_SESSION_BUS_ADDRESS", "GST_REGISTRY" };

  for (guint i = 0; i < G_N_ELEMENTS (roots); i++)
    g_unsetenv (roots[i]);
  g_setenv ("HOME", user->pw_dir, TRUE);
  g_setenv ("USER", user->pw_name, TRUE);
  g_setenv ("LOGNAME", user->pw_name, TRUE);
}

/* Whether the user could start this program again, as the self-test of an
 * encoder does. */
static gboolean
can_read_self (const struct passwd *user, GError **error)
{
  g_autofree gchar *self = g_file_read_link ("/proc/self/exe", NULL);

  if (self && access (self, X_OK) == 0)
    return TRUE;
  g_set_error (error, PF_LAUNCH_ERROR, PF_LAUNCH_ERROR_FILE,
      "the user %s cannot read %s; use ./pf serve, install the programs, or "
      "move them to where everybody may read",
      user->pw_name, self ? self : "this program");
  return FALSE;
}

gboolean
pf_user_leave_root (const gchar *name, GError **error)
{
  const struct passwd *user;

  if (geteuid () != 0)
    return TRUE;
  user = find_user (name, error);
  if (!user)
    return FALSE;
  set_environment (user);
  make_runtime_dir (user);
  if (initgroups (user->pw_name, user->pw_gid) < 0 ||
      setresgid (user->pw_gid, user->pw_gid, user->pw_gid) < 0 ||
      setresuid (user->pw_uid, user->pw_uid, user->pw_uid) < 0)
    return set_error (error, "cannot become another user", g_strerror (errno));
  if (setuid (0) == 0 || geteuid () == 0)
    return set_error (error, "cannot become another user", "still root");
  prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  /* /proc/self belongs to root otherwise, and this program could not start
   * itself; core files are off by their limit. */
  prctl (PR_SET_DUMPABLE, 1, 0, 0, 0);
  return can_read_self (user, error);
}
