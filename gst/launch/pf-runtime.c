/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A directory that is ours alone; see pf-runtime.h. */
#include "pf-runtime.h"

#include "pf-conf.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define OWN "gst-punktfunk"

gboolean
pf_runtime_is_private (const gchar *path)
{
  struct stat st;

  return lstat (path, &st) == 0 && S_ISDIR (st.st_mode) &&
         st.st_uid == geteuid () && (st.st_mode & 077) == 0;
}

/* Whatever stood there before the look, it is private after it. */
static gboolean
have_private (const gchar *path, gboolean make)
{
  if (make && g_mkdir (path, 0700) < 0 && errno != EEXIST)
    return FALSE;
  return pf_runtime_is_private (path);
}

static gchar *
own_dir_in (const gchar *base, gboolean make)
{
  g_autofree gchar *own = g_build_filename (base, OWN, NULL);

  return have_private (own, make) ? g_steal_pointer (&own) : NULL;
}

gchar *
pf_runtime_dir (gboolean make, GError **error)
{
  const guint uid = geteuid ();
  g_autofree gchar *standard = g_strdup_printf ("/run/user/%u", uid);
  g_autofree gchar *temporary =
      g_strdup_printf ("%s/" OWN "-%u", g_get_tmp_dir (), uid);
  const gchar *const told = g_getenv ("XDG_RUNTIME_DIR");
  gchar *own = NULL;

  if (told && g_path_is_absolute (told) && pf_runtime_is_private (told))
    own = own_dir_in (told, make);
  if (!own && have_private (standard, make))
    own = own_dir_in (standard, make);
  if (!own && have_private (temporary, make))
    own = own_dir_in (temporary, make);
  if (!own && make)
    own = g_dir_make_tmp (OWN "-XXXXXX", error);
  if (!own && !make)
    g_set_error (error, PF_LAUNCH_ERROR, PF_LAUNCH_ERROR_FILE,
        "nothing of gst-punktfunk runs here for this user");
  return own;
}
