/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A way for everybody; see pf-open-path.h. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* unshare */
#endif
#include "pf-open-path.h"
#include "pf-test.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

/* Copies the first directory of the path, from the top, that others may not
 * enter. False: there is none, or no path. */
static bool
find_closed (const char *path, char *closed, size_t size)
{
  const char *end = path;
  struct stat st;

  while ((end = strchr (end + 1, '/'))) {
    if ((size_t) (end - path) >= size)
      return false;
    memcpy (closed, path, (size_t) (end - path));
    closed[end - path] = '\0';
    if (stat (closed, &st) != 0)
      return false;
    if (!(st.st_mode & S_IXOTH))
      return true;
  }
  return false;
}

/* The directory one below the closed one stays, at its place. */
static bool
open_one (const char *path, const char *closed)
{
  const char *end = strchr (path + strlen (closed) + 1, '/');
  char kept[PATH_MAX], held[32];
  int fd;
  bool ok;

  if (!end || (size_t) (end - path) >= sizeof kept)
    return false;
  memcpy (kept, path, (size_t) (end - path));
  kept[end - path] = '\0';
  if (mount (kept, kept, NULL, MS_BIND | MS_REC, NULL) != 0)
    return false;
  fd = open (kept, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0)
    return false;
  snprintf (held, sizeof held, "/proc/self/fd/%d", fd);
  ok = mount ("none", closed, "tmpfs", 0, "mode=0755") == 0 &&
       mkdir (kept, 0755) == 0 &&
       mount (held, kept, NULL, MS_BIND | MS_REC, NULL) == 0;
  close (fd);
  return ok;
}

bool
pf_open_path (const char *path)
{
  char closed[PATH_MAX], before[PATH_MAX] = "";

  if (!find_closed (path, closed, sizeof closed))
    return true;
  if (geteuid () != 0 || unshare (CLONE_NEWNS) != 0)
    return false;
  if (mount ("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 &&
      errno != EINVAL) /* "/" of a chroot is no mount */
    return false;
  while (find_closed (path, closed, sizeof closed)) {
    if (strcmp (closed, before) == 0 || !open_one (path, closed))
      return false;
    snprintf (before, sizeof before, "%s", closed);
  }
  return true;
}

void
pf_open_path_or_skip (const char *path)
{
  if (geteuid () == 0 && !pf_open_path (path))
    pf_test_skip ("as root, from a place that only root can read, and no mount "
                  "namespace may be made");
}
